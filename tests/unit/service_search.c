// Search and CheckData over the real server.
#include "service_support.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubts_come_page_by_page_with_their_revision),
        cmocka_unit_test(a_check_of_an_unknown_zone_is_not_found),
    };
    return cmocka_run_group_tests(tests, site_setup, site_teardown);
}
