// What is done from time to time: purging what was deleted long ago, cutting the change log.
#include "registry_write_support.h"

#include "base/clock.h"
#include "registry/read/changes.h"
#include "registry/write/maintain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_US (INT64_C(24) * 60 * 60 * 1000000)

static int setup(void **state)
{
    static world w;
    world_open(&w);
    do_writes(&w, "[{'create': {'resource': {'zone': {'name': 'zones/a', 'displayName': 'A'}}}},"
                  " {'create': {'resource': {'area': {'name': 'zones/a/areas/x', 'displayName':"
                  " 'X'}}}}]");
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

static registry_upkeep_result maintain_as(world *w, int64_t now_us, const registry_upkeep *upkeep)
{
    nrpc_status status = {0};
    registry_upkeep_result result;
    store_context c = {.deadline_ns = CLOCK_NEVER, .actor = "", .request_id = ""};
    assert_ok(registry_maintain(w->registry, &c, now_us, upkeep, &result, &status), &status);
    return result;
}

static registry_upkeep_result maintain(world *w, int64_t now_us)
{
    registry_upkeep upkeep;
    registry_upkeep_init(&upkeep);
    return maintain_as(w, now_us, &upkeep);
}

typedef struct seen {
    size_t purged;
    char actor[16];
} seen;

static bool look(void *context, const store_change *change)
{
    seen *s = context;
    if (change->operation == STORE_PURGED) {
        s->purged++;
        snprintf(s->actor, sizeof s->actor, "%s", change->actor);
    }
    return true;
}

static seen read_purges(world *w)
{
    seen s = {0};
    nrpc_status status = {0};
    store_changes_query q = {.after_index = -1, .name_prefix = ""};
    int64_t revision;
    int index;
    assert_ok(store_changes(w->store, &no_hurry, &q, look, &s, &revision, &index, &status),
              &status);
    return s;
}

static void what_was_deleted_thirty_days_ago_is_purged(void **state)
{
    world *w = *state;
    int64_t before = do_writes(w, "[{'delete': {'name': 'zones/a', 'force': true}}]");
    Ftz__V1__Zone *zone = get_resource(w, "Zone", "zones/a");
    int64_t purge_us = zone->purge_time->seconds * 1000000 + zone->purge_time->nanos / 1000;
    drop(zone);
    assert_int_equal(maintain(w, purge_us - 1).purged, 0);
    assert_int_equal(newest_revision(w), before);
    assert_int_equal(maintain(w, purge_us).purged, 2);
    assert_null(get_resource(w, "Zone", "zones/a"));
    assert_null(get_resource(w, "Area", "zones/a/areas/x"));
    seen s = read_purges(w);
    assert_int_equal(s.purged, 2);
    assert_string_equal(s.actor, "purge");
    // As it was, it can still be got; and the name is free.
    zone = get_resource(w, "Zone", "zones/a@1");
    assert_string_equal(zone->display_name, "A");
    do_writes(w, "[{'create': {'resource': {'zone': {'name': 'zones/a', 'displayName': 'B'}}}}]");
    Ftz__V1__Zone *again = get_resource(w, "Zone", "zones/a");
    assert_string_not_equal(again->uid, zone->uid);
    drop(zone);
    drop(again);
}

static void what_came_back_or_was_never_deleted_stays(void **state)
{
    world *w = *state;
    do_writes(w, "[{'delete': {'name': 'zones/a/areas/x'}}]");
    do_writes(w, "[{'undelete': {'name': 'zones/a/areas/x'}}]");
    int64_t before = newest_revision(w);
    assert_int_equal(maintain(w, clock_wall_us() + 1000 * DAY_US).purged, 0);
    assert_int_equal(newest_revision(w), before);
    drop(get_resource(w, "Area", "zones/a/areas/x"));
}

static void more_than_one_portion_is_purged_whole(void **state)
{
    world *w = *state;
    enum { AREAS = 600 };
    char *writes = malloc(AREAS * 128), *end = writes;
    for (int i = 0; i < AREAS; i++)
        end += sprintf(end,
                       "%c{'create': {'resource': {'area': {'name': 'zones/a/areas/a%d', "
                       "'displayName': 'X'}}}}",
                       i ? ',' : '[', i);
    strcpy(end, "]");
    do_writes(w, writes);
    free(writes);
    do_writes(w, "[{'delete': {'name': 'zones/a', 'force': true}}]");
    assert_int_equal(maintain(w, clock_wall_us() + 31 * DAY_US).purged, AREAS + 2);
}

static void changes_are_dropped_beyond_both_bounds(void **state)
{
    world *w = *state;
    for (int i = 0; i < 20; i++) {
        char writes[128];
        snprintf(writes, sizeof writes,
                 "[{'update': {'resource': {'zone': {'name': 'zones/a', 'wave': %d}}}}]", i + 1);
        do_writes(w, writes);
    }
    int64_t later = clock_wall_us() + 2 * DAY_US;
    maintain_as(w, later, &(registry_upkeep){.changes_kept_us = 3 * DAY_US, .changes_kept = 1});
    Ftz__V1__Zone *zone = get_resource(w, "Zone", "zones/a@5");
    assert_int_equal(zone->wave, 4);
    drop(zone);
    maintain_as(w, later, &(registry_upkeep){.changes_kept_us = DAY_US, .changes_kept = 1000});
    zone = get_resource(w, "Zone", "zones/a@5");
    assert_int_equal(zone->wave, 4);
    drop(zone);
    maintain_as(w, later, &(registry_upkeep){.changes_kept_us = DAY_US, .changes_kept = 2});
    nrpc_status status = {0};
    registry_result result = {0};
    assert_int_equal(registry_get(w->registry, &no_hurry, type_named(w, "Zone"), "zones/a@5", 0,
                                  &result, &status),
                     NRPC_OUT_OF_RANGE);
    assert_status(&status, NRPC_OUT_OF_RANGE, "REVISION_NOT_KEPT");
    zone = get_resource(w, "Zone", "zones/a@20");
    assert_int_equal(zone->wave, 19);
    drop(zone);
    zone = get_resource(w, "Zone", "zones/a");
    assert_int_equal(zone->wave, 20);
    drop(zone);
}

// Its last change was dropped from what ListChanges tells, but it is there.
static void what_has_not_changed_for_long_keeps_its_newest_revision(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    buffer rows = {0}, token = {0};
    do_writes(w, "[{'update': {'resource': {'zone': {'name': 'zones/a', 'wave': 1}}}}]");
    maintain_as(w, clock_wall_us() + 2 * DAY_US, &(registry_upkeep){.changes_kept_us = DAY_US});
    revisions_request request = {
        .name = "zones/a/areas/x", .page_token = "", .max_size = 1 << 20, .row_field = 1};
    assert_ok(registry_revisions(w->registry, &no_hurry, &request, &rows, &token, &status),
              &status);
    Ftz__V1__ListRevisionsResponse *page =
        ftz__v1__list_revisions_response__unpack(NULL, rows.size, rows.data);
    assert_int_equal(page->n_revisions, 1);
    assert_int_equal(page->revisions[0]->revision, 1);
    assert_string_equal(page->revisions[0]->resource->area->display_name, "X");
    assert_int_equal(token.size, 0);
    drop(page);
    buffer_fini(&rows);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_was_deleted_thirty_days_ago_is_purged),
        TEST(what_came_back_or_was_never_deleted_stays),
        TEST(more_than_one_portion_is_purged_whole),
        TEST(changes_are_dropped_beyond_both_bounds),
        TEST(what_has_not_changed_for_long_keeps_its_newest_revision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
