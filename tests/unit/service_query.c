// QueryService over the real server: each method from the wire to the wire.
#include "query_support.h"
#include "service_support.h"

#include "ftz/v1/query_service.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char zone_name[] = "zones/cn-xinjiang";
static char khorgos[] = "zones/cn-xinjiang/areas/khorgos";

static void powers_are_found_for_a_day_or_today(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Ftz__V1__FindPowersRequest request = FTZ__V1__FIND_POWERS_REQUEST__INIT;
    request.resource = khorgos;
    request.date = date_of(20250101);
    Ftz__V1__FindPowersResponse *answer =
        ask(s->tcp, "ftz.v1.QueryService/FindPowers", &request.base,
            &ftz__v1__find_powers_response__descriptor, &status);
    assert_ok(status.code, &status);
    assert_int_equal(answer->n_powers, 1);
    assert_string_equal(answer->powers[0]->reason, "EFFECT_UNKNOWN");
    assert_string_equal(answer->powers[0]->power_delegation->name,
                        "zones/cn-xinjiang/powerDelegations/xj-d2");
    assert_int_equal(answer->powers[0]->power_delegation->item_count, 29);
    assert_true(answer->n_gaps >= 1);
    assert_string_equal(answer->next_page_token, "");
    drop(answer);
    // Without a date it is today.
    request.date = NULL;
    answer = ask(s->ipc, "ftz.v1.QueryService/FindPowers", &request.base,
                 &ftz__v1__find_powers_response__descriptor, &status);
    assert_ok(status.code, &status);
    date_span today = date_today();
    assert_true(number_of(answer->date) == today.first ||
                number_of(answer->date) + 1 == today.first);
    drop(answer);
}

static void a_timeline_is_listed_page_by_page(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Ftz__V1__ListTimelineRequest request = FTZ__V1__LIST_TIMELINE_REQUEST__INIT;
    char token[1000] = "";
    size_t entries = 0, pages = 0;
    int last = 0;
    request.parent = zone_name;
    request.page_size = 4;
    do {
        request.page_token = token;
        Ftz__V1__ListTimelineResponse *page =
            ask(s->tcp, "ftz.v1.QueryService/ListTimeline", &request.base,
                &ftz__v1__list_timeline_response__descriptor, &status);
        assert_ok(status.code, &status);
        for (size_t i = 0; i < page->n_entries; i++) {
            assert_true(number_of(page->entries[i]->date) >= last);
            last = number_of(page->entries[i]->date);
        }
        entries += page->n_entries;
        assert_int_equal(page->revision, 1);
        snprintf(token, sizeof token, "%s", page->next_page_token);
        drop(page);
        pages++;
    } while (*token && pages < 10);
    assert_int_equal(entries, 14);
    assert_int_equal(pages, 4);
}

static void sums_are_exact_on_the_wire(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Ftz__V1__AggregateRequest request = FTZ__V1__AGGREGATE_REQUEST__INIT;
    char type[] = "Area", size[] = "area_km2", *sum[] = {size};
    request.parent = zone_name;
    request.resource_type = type;
    request.sum = sum;
    request.n_sum = 1;
    Ftz__V1__AggregateResponse *answer = ask(s->tcp, "ftz.v1.QueryService/Aggregate", &request.base,
                                             &ftz__v1__aggregate_response__descriptor, &status);
    assert_ok(status.code, &status);
    assert_int_equal(answer->n_buckets, 1);
    assert_string_equal(answer->buckets[0]->sums[0]->value->value, "179.66");
    drop(answer);
}

static void a_profile_is_drawn_and_carries_its_revision(void **state)
{
    site *s = *state;
    Ftz__V1__GetZoneProfileRequest request = FTZ__V1__GET_ZONE_PROFILE_REQUEST__INIT;
    char expected[REGISTRY_REVISION_SIZE];
    nrpc_reply reply;
    request.name = zone_name;
    nrpc_channel_call_message(s->tcp, "ftz.v1.QueryService/GetZoneProfile", &request.base, NULL,
                              &reply);
    assert_ok(reply.status.code, &reply.status);
    registry_format_revision(s->w.registry, 1, expected);
    assert_string_equal(nrpc_reply_metadata(&reply, "revision", NULL), expected);
    Ftz__V1__GetZoneProfileResponse *profile =
        ftz__v1__get_zone_profile_response__unpack(NULL, reply.payload_size, reply.payload);
    assert_non_null(profile);
    assert_true(profile->area_km2 == 179.66);
    assert_int_equal(profile->n_areas, 3);
    assert_int_equal(profile->n_latest_events, 5);
    drop(profile);
    nrpc_reply_fini(&reply);
}

static void faults_reach_the_caller_with_their_fields(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Ftz__V1__AggregateRequest request = FTZ__V1__AGGREGATE_REQUEST__INIT;
    char type[] = "Evnt";
    request.resource_type = type;
    request.page_size = -1;
    assert_null(ask(s->tcp, "ftz.v1.QueryService/Aggregate", &request.base,
                    &ftz__v1__aggregate_response__descriptor, &status));
    assert_violation(&status, "resource_type", "UNKNOWN_TYPE");
    assert_violation(&status, "page_size", "NEGATIVE");
    nrpc_status_fini(&status);
    // An older revision than was asked for is no answer.
    char ahead[REGISTRY_REVISION_SIZE];
    registry_format_revision(s->w.registry, 99, ahead);
    nrpc_metadata entry = {"revision", ahead, 0};
    nrpc_call_options options = {.metadata = &entry, .metadata_count = 1};
    Ftz__V1__ListTimelineRequest timeline = FTZ__V1__LIST_TIMELINE_REQUEST__INIT;
    timeline.parent = zone_name;
    assert_null(ask_with(s->tcp, "ftz.v1.QueryService/ListTimeline", &timeline.base,
                         &ftz__v1__list_timeline_response__descriptor, &options, &status));
    assert_status(&status, NRPC_UNAVAILABLE, "REVISION_NOT_REACHED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_are_found_for_a_day_or_today),
        cmocka_unit_test(a_timeline_is_listed_page_by_page),
        cmocka_unit_test(sums_are_exact_on_the_wire),
        cmocka_unit_test(a_profile_is_drawn_and_carries_its_revision),
        cmocka_unit_test(faults_reach_the_caller_with_their_fields),
    };
    return cmocka_run_group_tests(tests, site_setup, site_teardown);
}
