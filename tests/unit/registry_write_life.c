// The life of a resource: created, deleted, brought back; and what a parent has to do with it.
#include "registry_write_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    static world w;
    world_open(&w);
    do_writes(&w, "[{'create': {'resource': {'zone': {'name': 'zones/a', 'displayName': 'A'}}}}]");
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

#define CREATE_AREA(name)                                                                          \
    "{'create': {'resource': {'area': {'name': '" name "', 'displayName': 'X'}}}}"
#define DELETE(name) "{'delete': {'name': '" name "'}}"

static void what_is_created_can_be_got(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    Ftz__V1__BatchWriteResponse *done =
        try_writes(w, NULL, false, "[" CREATE_AREA("zones/a/areas/x") "]", &status);
    assert_ok(status.code, &status);
    assert_int_equal(done->revision, 2);
    Ftz__V1__Area *area = get_resource(w, "Area", "zones/a/areas/x");
    assert_non_null(area);
    assert_string_equal(area->display_name, "X");
    assert_int_equal(area->revision, 2);
    assert_string_equal(area->etag, done->results[0]->etag);
    assert_string_equal(done->results[0]->name, "zones/a/areas/x");
    assert_int_equal(done->results[0]->revision, 2);
    assert_int_equal(strlen(area->uid), 36);
    assert_true(area->create_time->seconds == area->update_time->seconds &&
                area->create_time->nanos == area->update_time->nanos);
    drop(area);
    drop(done);
}

static void a_name_is_taken_once_by_the_deleted_too(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    do_writes(w, "[" CREATE_AREA("zones/a/areas/x") "]");
    assert_null(try_writes(w, NULL, false, "[" CREATE_AREA("zones/a/areas/x") "]", &status));
    assert_violation(&status, "writes[0].create.resource.area.name", "RESOURCE_EXISTS");
    assert_string_equal(nrpc_status_get(&status, "deleted"), "false");
    assert_string_equal(status.resource_type, "ftz.v1.Area");
    assert_status(&status, NRPC_ALREADY_EXISTS, "RESOURCE_EXISTS");
    do_writes(w, "[" DELETE("zones/a/areas/x") "]");
    assert_null(try_writes(w, NULL, false, "[" CREATE_AREA("zones/a/areas/x") "]", &status));
    assert_string_equal(nrpc_status_get(&status, "deleted"), "true");
    assert_status(&status, NRPC_ALREADY_EXISTS, "RESOURCE_EXISTS");
}

static void a_child_needs_a_parent_that_is_there(void **state)
{
    world *w = *state;
    refuse_writes(w, "[" CREATE_AREA("zones/b/areas/x") "]", NRPC_NOT_FOUND, "PARENT_NOT_FOUND");
    // Made in the same batch, it is.
    do_writes(w, "[{'create': {'resource': {'zone': {'name': 'zones/b', 'displayName': 'B'}}}}, "
                 "" CREATE_AREA("zones/b/areas/x") "]");
    do_writes(w, "[" DELETE("zones/b/areas/x") ", " DELETE("zones/b") "]");
    refuse_writes(w, "[" CREATE_AREA("zones/b/areas/y") "]", NRPC_FAILED_PRECONDITION,
                  "PARENT_DELETED");
    refuse_writes(w, "[{'undelete': {'name': 'zones/b/areas/x'}}]", NRPC_FAILED_PRECONDITION,
                  "PARENT_DELETED");
    refuse_writes(w,
                  "[{'update': {'allowMissing': true, 'resource': {'area': {'name': "
                  "'zones/c/areas/x', 'displayName': 'X'}}}}]",
                  NRPC_NOT_FOUND, "PARENT_NOT_FOUND");
    do_writes(w, "[{'undelete': {'name': 'zones/b'}}, {'undelete': {'name': 'zones/b/areas/x'}}]");
}

static void a_deleted_resource_is_kept_for_thirty_days_and_comes_back_as_it_was(void **state)
{
    world *w = *state;
    do_writes(w, "[" CREATE_AREA("zones/a/areas/x") "]");
    Ftz__V1__Area *before = get_resource(w, "Area", "zones/a/areas/x");
    int64_t revision = do_writes(w, "[" DELETE("zones/a/areas/x") "]");
    Ftz__V1__Area *deleted = get_resource(w, "Area", "zones/a/areas/x");
    assert_non_null(deleted->delete_time);
    assert_int_equal(deleted->purge_time->seconds - deleted->delete_time->seconds,
                     30 * 24 * 60 * 60);
    assert_int_equal(deleted->revision, revision);
    assert_string_not_equal(deleted->etag, before->etag);
    refuse_writes(w, "[" DELETE("zones/a/areas/x") "]", NRPC_NOT_FOUND, "RESOURCE_DELETED");
    refuse_writes(w,
                  "[{'update': {'resource': {'area': {'name': 'zones/a/areas/x', 'displayName': "
                  "'Y'}}}}]",
                  NRPC_FAILED_PRECONDITION, "RESOURCE_DELETED");
    do_writes(w, "[{'undelete': {'name': 'zones/a/areas/x'}}]");
    Ftz__V1__Area *after = get_resource(w, "Area", "zones/a/areas/x");
    assert_null(after->delete_time);
    assert_null(after->purge_time);
    assert_string_equal(after->uid, before->uid);
    assert_string_equal(after->display_name, before->display_name);
    assert_int_equal(after->create_time->seconds, before->create_time->seconds);
    assert_int_equal(after->create_time->nanos, before->create_time->nanos);
    refuse_writes(w, "[{'undelete': {'name': 'zones/a/areas/x'}}]", NRPC_ALREADY_EXISTS,
                  "RESOURCE_NOT_DELETED");
    drop(before);
    drop(deleted);
    drop(after);
}

static void what_is_not_there_is_named(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    assert_null(try_writes(w, NULL, false, "[" DELETE("zones/none") "]", &status));
    assert_violation(&status, "writes[0].delete.name", "RESOURCE_NOT_FOUND");
    assert_string_equal(status.resource_name, "zones/none");
    assert_status(&status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
    refuse_writes(w, "[{'undelete': {'name': 'zones/none'}}]", NRPC_NOT_FOUND,
                  "RESOURCE_NOT_FOUND");
    refuse_writes(w, "[{'update': {'resource': {'zone': {'name': 'zones/none'}}}}]", NRPC_NOT_FOUND,
                  "RESOURCE_NOT_FOUND");
}

static void a_deletion_may_allow_that_nothing_is_there(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    int64_t before = newest_revision(w);
    Ftz__V1__BatchWriteResponse *done = try_writes(
        w, NULL, false, "[{'delete': {'name': 'zones/none', 'allowMissing': true}}]", &status);
    assert_ok(status.code, &status);
    assert_string_equal(done->results[0]->name, "zones/none");
    assert_string_equal(done->results[0]->etag, "");
    assert_int_equal(done->results[0]->revision, 0);
    assert_int_equal(done->revision, before);
    drop(done);
    int64_t deleted = do_writes(w, "[" DELETE("zones/a") "]");
    done = try_writes(w, NULL, false, "[{'delete': {'name': 'zones/a', 'allowMissing': true}}]",
                      &status);
    assert_ok(status.code, &status);
    assert_int_equal(done->results[0]->revision, deleted);
    assert_string_not_equal(done->results[0]->etag, "");
    assert_int_equal(newest_revision(w), deleted);
    drop(done);
}

static void a_zone_with_children_goes_only_by_force_and_takes_them_along(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    do_writes(w, "[" CREATE_AREA("zones/a/areas/x") ", " CREATE_AREA(
                     "zones/a/areas/y") ", "
                                        "{'create': {'resource': {'event': {'name': "
                                        "'zones/a/events/e', 'title': 'E', "
                                        "'date': {'year': 2023}}}}}]");
    assert_null(try_writes(w, NULL, false, "[" DELETE("zones/a") "]", &status));
    assert_string_equal(nrpc_status_get(&status, "areas"), "2");
    assert_string_equal(nrpc_status_get(&status, "events"), "1");
    assert_null(nrpc_status_get(&status, "power_delegations"));
    assert_non_null(strstr(status.message, "2 areas, 1 event"));
    assert_status(&status, NRPC_FAILED_PRECONDITION, "HAS_CHILDREN");
    int64_t revision = do_writes(w, "[{'delete': {'name': 'zones/a', 'force': true}}]");
    Ftz__V1__Area *area = get_resource(w, "Area", "zones/a/areas/y");
    Ftz__V1__Zone *zone = get_resource(w, "Zone", "zones/a");
    assert_non_null(area->delete_time);
    assert_int_equal(area->revision, revision);
    assert_int_equal(zone->revision, revision);
    assert_int_equal(area->purge_time->seconds, zone->purge_time->seconds);
    drop(area);
    drop(zone);
    // Undeleted, a zone is without them; they come back one by one.
    do_writes(w, "[{'undelete': {'name': 'zones/a'}}, {'undelete': {'name': 'zones/a/areas/x'}}]");
    area = get_resource(w, "Area", "zones/a/areas/y");
    assert_non_null(area->delete_time);
    drop(area);
}

static void more_children_than_fit_one_portion_are_all_deleted(void **state)
{
    world *w = *state;
    enum { CHILDREN = 600 };
    char writes[CHILDREN * 128] = "[", *end = writes + 1;
    for (int i = 0; i < CHILDREN; i++)
        end += sprintf(end,
                       "%s{'create': {'resource': {'area': {'name': 'zones/a/areas/a%d', "
                       "'displayName': 'X'}}}}",
                       i ? ", " : "", i);
    strcpy(end, "]");
    do_writes(w, writes);
    do_writes(w, "[{'delete': {'name': 'zones/a', 'force': true}}]");
    store_query q = {.type = "Area", .parent = "zones/a"};
    nrpc_status status = {0};
    int64_t count = -1, revision;
    assert_ok(store_count(w->store, &no_hurry, &q, &count, &revision, &status), &status);
    assert_int_equal(count, 0);
    q.show_deleted = true;
    assert_ok(store_count(w->store, &no_hurry, &q, &count, &revision, &status), &status);
    assert_int_equal(count, CHILDREN);
}

static void a_batch_is_done_whole_or_not_at_all(void **state)
{
    world *w = *state;
    refuse_writes(w, "[" CREATE_AREA("zones/a/areas/x") ", " DELETE("zones/none") "]",
                  NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
    assert_null(get_resource(w, "Area", "zones/a/areas/x"));
    int64_t revision =
        do_writes(w, "[" CREATE_AREA("zones/a/areas/x") ", " CREATE_AREA("zones/a/areas/y") "]");
    Ftz__V1__Area *x = get_resource(w, "Area", "zones/a/areas/x");
    Ftz__V1__Area *y = get_resource(w, "Area", "zones/a/areas/y");
    assert_int_equal(x->revision, revision);
    assert_int_equal(y->revision, revision);
    drop(x);
    drop(y);
}

static void the_writes_of_a_batch_see_each_other(void **state)
{
    world *w = *state;
    int64_t revision = do_writes(
        w,
        "[" CREATE_AREA(
            "zones/a/areas/x") ", "
                               "{'update': {'resource': {'area': {'name': 'zones/a/areas/x', "
                               "'areaKm2': 4}}}}, "
                               "" DELETE(
                                   "zones/a/areas/x") ", {'undelete': {'name': "
                                                      "'zones/a/areas/x'}}, "
                                                      "{'update': {'resource': {'area': {'name': "
                                                      "'zones/a/areas/x', 'group': 'g'}}}}]");
    Ftz__V1__Area *area = get_resource(w, "Area", "zones/a/areas/x");
    assert_true(area->area_km2 == 4);
    assert_string_equal(area->group, "g");
    assert_string_equal(area->display_name, "X");
    assert_null(area->delete_time);
    assert_int_equal(area->revision, revision);
    drop(area);
    // As it was at that revision is as it was at its end.
    char at[64];
    snprintf(at, sizeof at, "zones/a/areas/x@%lld", (long long)revision);
    area = get_resource(w, "Area", at);
    assert_string_equal(area->group, "g");
    drop(area);
}

static void a_batch_has_a_bounded_number_of_good_writes(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    assert_null(try_writes(w, NULL, false, "[]", &status));
    assert_violation(&status, "writes", "COUNT_OUT_OF_RANGE");
    nrpc_status_fini(&status);
    char *many = malloc(1001 * 64), *end = many;
    for (int i = 0; i < 1001; i++)
        end += sprintf(end, "%c{'delete': {'name': 'zones/x'}}", i ? ',' : '[');
    strcpy(end, "]");
    assert_null(try_writes(w, NULL, false, many, &status));
    assert_violation(&status, "writes", "COUNT_OUT_OF_RANGE");
    nrpc_status_fini(&status);
    free(many);
    assert_null(
        try_writes(w, NULL, false, "[{}, {'create': {}}, {'update': {'resource': {}}}]", &status));
    assert_violation(&status, "writes[0]", "REQUIRED");
    nrpc_status_fini(&status);
    assert_null(
        try_writes(w, NULL, false, "[{'create': {}}, {'update': {'resource': {}}}]", &status));
    assert_violation(&status, "writes[0].create.resource", "REQUIRED");
    assert_violation(&status, "writes[1].update.resource", "REQUIRED");
    nrpc_status_fini(&status);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_created_can_be_got),
        TEST(a_name_is_taken_once_by_the_deleted_too),
        TEST(a_child_needs_a_parent_that_is_there),
        TEST(a_deleted_resource_is_kept_for_thirty_days_and_comes_back_as_it_was),
        TEST(what_is_not_there_is_named),
        TEST(a_deletion_may_allow_that_nothing_is_there),
        TEST(a_zone_with_children_goes_only_by_force_and_takes_them_along),
        TEST(more_children_than_fit_one_portion_are_all_deleted),
        TEST(a_batch_is_done_whole_or_not_at_all),
        TEST(the_writes_of_a_batch_see_each_other),
        TEST(a_batch_has_a_bounded_number_of_good_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
