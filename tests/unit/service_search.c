// Search and CheckData over the real server.
#include "service_support.h"

#include "ftz/v1/query_service.pb-c.h"
#include "ftz/v1/registry_service.pb-c.h"

#include <stdio.h>
#include <string.h>

static const char check_method[] = "ftz.v1.RegistryService/CheckData";

static void doubts_come_page_by_page_with_their_revision(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Ftz__V1__CheckDataRequest request = FTZ__V1__CHECK_DATA_REQUEST__INIT;
    static const char doubtful[] = "{\"zones\": [{\"name\": \"zones/x\", \"displayName\": \"X\","
                                   " \"kind\": \"nothing\", \"areaKm2\": 1}]}";
    registry_import result;
    assert_ok(registry_import_json(s->w.registry, &no_hurry, "doubtful", doubtful,
                                   sizeof doubtful - 1, &result, &status),
              &status);
    char parent[] = "zones/x";
    request.parent = parent;
    request.page_size = 1;
    Ftz__V1__CheckDataResponse *answer = ask(s->tcp, check_method, &request.base,
                                             &ftz__v1__check_data_response__descriptor, &status);
    assert_ok(status.code, &status);
    assert_int_equal(answer->n_doubts, 1);
    assert_string_equal(answer->doubts[0]->code, "UNKNOWN_CODE");
    assert_string_equal(answer->doubts[0]->resource, "zones/x");
    assert_string_equal(answer->doubts[0]->path, "kind");
    assert_int_equal(answer->revision, 2);
    assert_true(*answer->next_page_token);
    request.page_token = answer->next_page_token;
    Ftz__V1__CheckDataResponse *rest = ask(s->ipc, check_method, &request.base,
                                           &ftz__v1__check_data_response__descriptor, &status);
    assert_ok(status.code, &status);
    assert_int_equal(rest->n_doubts, 1);
    assert_string_equal(rest->doubts[0]->code, "NO_SOURCE");
    assert_string_equal(rest->next_page_token, "");
    drop(rest);
    drop(answer);
}

static void a_check_of_an_unknown_zone_is_not_found(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Ftz__V1__CheckDataRequest request = FTZ__V1__CHECK_DATA_REQUEST__INIT;
    char parent[] = "zones/none";
    request.parent = parent;
    assert_null(ask(s->tcp, check_method, &request.base, &ftz__v1__check_data_response__descriptor,
                    &status));
    assert_string_equal(status.resource_name, "zones/none");
    assert_status(&status, NRPC_NOT_FOUND, "PARENT_NOT_FOUND");
}

static const char search_method[] = "ftz.v1.QueryService/Search";

static Ftz__V1__SearchResponse *search(nrpc_channel *channel, Ftz__V1__SearchRequest *request)
{
    nrpc_status status = {0};
    Ftz__V1__SearchResponse *answer =
        ask(channel, search_method, &request->base, &ftz__v1__search_response__descriptor, &status);
    assert_ok(status.code, &status);
    assert_non_null(answer);
    assert_true(answer->revision > 0);
    return answer;
}

static void a_place_is_found_and_shown(void **state)
{
    site *s = *state;
    Ftz__V1__SearchRequest request = FTZ__V1__SEARCH_REQUEST__INIT;
    char query[] = "Huoerguosi", language[] = "zh-Latn";
    request.query = query;
    request.language_code = language;
    request.view = FTZ__V1__RESOURCE_VIEW__RESOURCE_VIEW_BASIC;
    Ftz__V1__SearchResponse *answer = search(s->tcp, &request);
    assert_true(answer->n_results > 0);
    const Ftz__V1__SearchResult *first = answer->results[0];
    assert_int_equal(first->resource->kind_case, FTZ__V1__ANY_RESOURCE__KIND_AREA);
    assert_string_equal(first->resource->area->name, "zones/cn-xinjiang/areas/khorgos");
    assert_int_equal(first->resource->area->n_citations, 0);
    assert_string_equal(first->path, "names.zh-pinyin");
    assert_string_equal(first->fragment, "Huoerguosi");
    assert_int_equal(first->n_match_offsets, 2);
    assert_int_equal(first->match_offsets[1], 10);
    assert_true(first->score == 1);
    drop(answer);
}

static void results_come_page_by_page(void **state)
{
    site *s = *state;
    Ftz__V1__SearchRequest request = FTZ__V1__SEARCH_REQUEST__INIT;
    char query[] = "khorgos", parent[] = "zones/cn-xinjiang", event[] = "Event";
    char *types[] = {event};
    request.query = query;
    request.parent = parent;
    request.resource_types = types;
    request.n_resource_types = 1;
    Ftz__V1__SearchResponse *whole = search(s->tcp, &request);
    assert_true(whole->n_results > 2);
    assert_string_equal(whole->next_page_token, "");
    request.page_size = 2;
    Ftz__V1__SearchResponse *page = search(s->ipc, &request);
    for (size_t i = 0;;) {
        for (size_t j = 0; j < page->n_results; j++, i++) {
            assert_true(i < whole->n_results);
            assert_string_equal(page->results[j]->resource->event->name,
                                whole->results[i]->resource->event->name);
        }
        if (!*page->next_page_token) {
            assert_int_equal(i, whole->n_results);
            break;
        }
        request.page_token = page->next_page_token;
        Ftz__V1__SearchResponse *next = search(s->ipc, &request);
        drop(page);
        page = next;
    }
    drop(page);
    drop(whole);
}

static void a_question_without_words_is_refused(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Ftz__V1__SearchRequest request = FTZ__V1__SEARCH_REQUEST__INIT;
    char query[] = "?!";
    request.query = query;
    assert_null(
        ask(s->tcp, search_method, &request.base, &ftz__v1__search_response__descriptor, &status));
    assert_int_equal(status.code, NRPC_INVALID_ARGUMENT);
    assert_violation(&status, "query", "NO_WORD");
    nrpc_status_fini(&status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_is_found_and_shown),
        cmocka_unit_test(results_come_page_by_page),
        cmocka_unit_test(a_question_without_words_is_refused),
        cmocka_unit_test(doubts_come_page_by_page_with_their_revision),
        cmocka_unit_test(a_check_of_an_unknown_zone_is_not_found),
    };
    return cmocka_run_group_tests(tests, site_setup, site_teardown);
}
