// Which fields an update changes, and what a resource must be to be written.
#include "registry_write_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    static world w;
    world_open(&w);
    do_writes(
        &w,
        "[{'create': {'resource': {'source': {'name': 'sources/s', 'title': 'S'}}}},"
        "{'create': {'resource': {'zone': {'name': 'zones/a', 'displayName': 'A', 'areaKm2': 3,"
        " 'wave': 2, 'kind': 'pilot', 'region': {'regionCode': 'CN', 'subdivisionCode': 'CN-XJ'},"
        " 'sizeHistory': [{'id': '2023', 'date': {'year': 2023}, 'areaKm2': 2, 'reason': 'r'},"
        " {'id': '2024-05', 'date': {'year': 2024, 'month': 5}, 'areaKm2': 3}],"
        " 'citations': [{'id': 'c', 'sources': ['sources/s'], 'verification':"
        " 'VERIFICATION_VERIFIED', 'stance': 'STANCE_SUPPORTS'}]}}}}]");
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

#define UPDATE(mask, fields)                                                                       \
    "[{'update': {'updateMask': '" mask "', 'resource': {'zone': {'name': 'zones/a'" fields "}}}}" \
    "]"

static Ftz__V1__Zone *update(world *w, const char *writes)
{
    do_writes(w, writes);
    Ftz__V1__Zone *zone = get_resource(w, "Zone", "zones/a");
    assert_non_null(zone);
    return zone;
}

static void fields_named_are_changed_and_the_unset_ones_cleared(void **state)
{
    Ftz__V1__Zone *zone =
        update(*state, UPDATE("areaKm2,wave,kind", ", 'areaKm2': 5, 'kind': 'new', 'stage': 2,"
                                                   " 'displayName': 'ignored'"));
    assert_true(zone->area_km2 == 5);
    assert_int_equal(zone->wave, 0);
    assert_string_equal(zone->kind, "new");
    assert_int_equal(zone->stage, 0);
    assert_string_equal(zone->display_name, "A");
    assert_int_equal(zone->n_size_history, 2);
    assert_int_equal(zone->n_citations, 1);
    drop(zone);
}

static void without_a_mask_every_field_that_is_set_is_changed(void **state)
{
    Ftz__V1__Zone *zone = update(*state, UPDATE("", ", 'areaKm2': 5, 'sizeHistory': [{'id': 'x',"
                                                    " 'date': {'year': 2020}}]"));
    assert_true(zone->area_km2 == 5);
    assert_int_equal(zone->wave, 2);
    assert_int_equal(zone->n_size_history, 1);
    assert_string_equal(zone->size_history[0]->id, "x");
    drop(zone);
}

static void a_star_replaces_everything(void **state)
{
    Ftz__V1__Zone *zone = update(*state, UPDATE("*", ", 'displayName': 'B'"));
    assert_string_equal(zone->display_name, "B");
    assert_int_equal(zone->wave, 0);
    assert_true(zone->area_km2 == 0);
    assert_null(zone->region);
    assert_int_equal(zone->n_size_history, 0);
    assert_int_equal(zone->n_citations, 0);
    assert_string_not_equal(zone->uid, "");
    drop(zone);
}

static void paths_go_into_messages_and_elements(void **state)
{
    world *w = *state;
    Ftz__V1__Zone *zone = update(
        w, UPDATE("region.subdivisionCode,sizeHistory.2023.areaKm2,plan.title",
                  ", 'region': {'regionCode': 'XX', 'subdivisionCode': 'CN-GD'}, 'sizeHistory':"
                  " [{'id': '2023', 'areaKm2': 7, 'reason': 'ignored'}], 'plan': {'title': 'P'}"));
    assert_string_equal(zone->region->region_code, "CN");
    assert_string_equal(zone->region->subdivision_code, "CN-GD");
    assert_true(zone->size_history[0]->area_km2 == 7);
    assert_string_equal(zone->size_history[0]->reason, "r");
    assert_int_equal(zone->size_history[0]->date->year, 2023);
    assert_string_equal(zone->plan->title, "P");
    drop(zone);
    // Cleared, where the request has them not.
    zone = update(w, UPDATE("region.subdivisionCode,sizeHistory.2023.reason,plan", ""));
    assert_string_equal(zone->region->region_code, "CN");
    assert_string_equal(zone->region->subdivision_code, "");
    assert_string_equal(zone->size_history[0]->reason, "");
    assert_null(zone->plan);
    drop(zone);
}

static void a_path_that_ends_at_an_id_replaces_adds_or_removes_the_element(void **state)
{
    world *w = *state;
    Ftz__V1__Zone *zone =
        update(w, UPDATE("sizeHistory.2023,sizeHistory.2024-05,sizeHistory.new",
                         ", 'sizeHistory': [{'id': 'new', 'date': {'year': 2025}, 'areaKm2': 9},"
                         " {'id': '2023', 'date': {'year': 2022}}]"));
    assert_int_equal(zone->n_size_history, 2);
    assert_string_equal(zone->size_history[0]->id, "2023");
    assert_int_equal(zone->size_history[0]->date->year, 2022);
    assert_string_equal(zone->size_history[0]->reason, "");
    assert_string_equal(zone->size_history[1]->id, "new");
    assert_true(zone->size_history[1]->area_km2 == 9);
    drop(zone);
    // One that neither side has is a slip of the pen.
    refuse_field(w, UPDATE("sizeHistory.none", ""), "writes[0].update.update_mask.paths[0]",
                 "UNKNOWN_ID");
    refuse_field(w, UPDATE("wave,sizeHistory.none.areaKm2", ""),
                 "writes[0].update.update_mask.paths[1]", "UNKNOWN_ID");
    // An element that is made by one of its fields has all it must have, or is refused.
    refuse_field(w,
                 UPDATE("sizeHistory.part.areaKm2", ", 'sizeHistory': [{'id': 'part', 'areaKm2':"
                                                    " 1, 'date': {'year': 2020}}]"),
                 "writes[0].update.resource.zone.size_history[2].date", "REQUIRED");
}

static void unknown_paths_are_refused_with_what_may_have_been_meant(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    static const char writes[] =
        "[{'update': {'updateMask': 'areaKm2,displayNam,region.x,wave.y,sizeHistory.2023.z',"
        " 'resource': {'zone': {'name': 'zones/a'}}}}]";
    assert_null(try_writes(w, NULL, false, writes, &status));
    assert_int_equal(status.violation_count, 4);
    for (size_t i = 0; i < 4; i++) {
        char field[64];
        snprintf(field, sizeof field, "writes[0].update.update_mask.paths[%zu]", i + 1);
        assert_violation(&status, field, "PATH_MALFORMED");
    }
    assert_non_null(strstr(status.violations[0].description, "display_name"));
    nrpc_status_fini(&status);
    refuse_field(w, UPDATE("*,wave", ""), "writes[0].update.update_mask.paths[0]",
                 "PATH_MALFORMED");
}

static void a_mask_has_a_bounded_number_of_paths(void **state)
{
    world *w = *state;
    char *writes = malloc(16384), *end = writes;
    end += sprintf(end, "[{'update': {'updateMask': 'wave");
    for (int i = 0; i < 1000; i++)
        end += sprintf(end, ",wave");
    strcpy(end, "', 'resource': {'zone': {'name': 'zones/a'}}}}]");
    refuse_field(w, writes, "writes[0].update.update_mask", "TOO_MANY_PATHS");
    free(writes);
}

static void what_the_server_sets_is_ignored_in_masks_and_resources(void **state)
{
    world *w = *state;
    Ftz__V1__Zone *before = get_resource(w, "Zone", "zones/a");
    Ftz__V1__Zone *zone = update(
        w, UPDATE("name,uid,etag,revision,createTime,createTime.seconds,deleteTime,wave",
                  ", 'wave': 3, 'uid': 'x', 'revision': 99, 'createTime': '2001-01-01T00:00:00Z',"
                  " 'deleteTime': '2001-01-01T00:00:00Z'"));
    assert_int_equal(zone->wave, 3);
    assert_string_equal(zone->name, "zones/a");
    assert_string_equal(zone->uid, before->uid);
    assert_int_equal(zone->revision, before->revision + 1);
    assert_int_equal(zone->create_time->seconds, before->create_time->seconds);
    assert_null(zone->delete_time);
    drop(before);
    drop(zone);
}

static void an_update_that_changes_nothing_makes_no_revision(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    Ftz__V1__Zone *before = get_resource(w, "Zone", "zones/a");
    static const char *const writes[] = {
        UPDATE("wave", ", 'wave': 2"),
        UPDATE("uid", ""),
        UPDATE("", ""),
        UPDATE("region.kind,plan,plan.title", ""),
        UPDATE("sizeHistory.2023.areaKm2", ", 'sizeHistory': [{'id': '2023', 'areaKm2': 2}]"),
    };
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        Ftz__V1__BatchWriteResponse *done = try_writes(w, NULL, false, writes[i], &status);
        assert_ok(status.code, &status);
        assert_int_equal(done->revision, before->revision);
        assert_int_equal(done->results[0]->revision, before->revision);
        assert_string_equal(done->results[0]->etag, before->etag);
        drop(done);
    }
    assert_int_equal(newest_revision(w), before->revision);
    drop(before);
}

static void an_update_may_create_and_then_ignores_the_mask(void **state)
{
    world *w = *state;
    do_writes(w, "[{'update': {'allowMissing': true, 'updateMask': 'wave', 'resource': {'zone':"
                 " {'name': 'zones/new', 'displayName': 'N', 'wave': 4, 'etag': '\\'x\\''}}}}]");
    Ftz__V1__Zone *zone = get_resource(w, "Zone", "zones/new");
    assert_string_equal(zone->display_name, "N");
    assert_int_equal(zone->wave, 4);
    drop(zone);
}

static void every_field_at_fault_is_named_at_once(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    assert_null(try_writes(
        w, NULL, false,
        "[{'create': {'resource': {'zone': {'name': 'zones/b', 'areaKm2': -1, 'kind': 'Bad "
        "Code'}}}},"
        " {'create': {'resource': {'event': {'name': 'zones/a/events/e', 'title': 'E', 'date':"
        " {'year': 2023, 'month': 2, 'day': 30}, 'areas': ['zones/a/areas/none'], 'parties':"
        " [{'id': 'p'}]}}}},"
        " {'update': {'resource': {'zone': {'name': 'zones/a', 'wave': -1}}}}]",
        &status));
    assert_violation(&status, "writes[0].create.resource.zone.display_name", "REQUIRED");
    assert_violation(&status, "writes[0].create.resource.zone.area_km2", "NEGATIVE");
    assert_violation(&status, "writes[0].create.resource.zone.kind", "CODE_MALFORMED");
    assert_violation(&status, "writes[1].create.resource.event.date", "DATE_INVALID");
    assert_violation(&status, "writes[1].create.resource.event.parties[0].display_name",
                     "REQUIRED");
    assert_violation(&status, "writes[2].update.resource.zone.wave", "NEGATIVE");
    assert_status(&status, NRPC_INVALID_ARGUMENT, "INVALID_FIELD");
    // Where a name is at fault, the rest is looked at too.
    assert_null(try_writes(
        w, "no", false, "[{'create': {'resource': {'zone': {'name': 'zones/B', 'areaKm2': -1}}}}]",
        &status));
    assert_violation(&status, "request_id", "FORMAT_MALFORMED");
    assert_violation(&status, "writes[0].create.resource.zone.name", "NAME_MALFORMED");
    assert_violation(&status, "writes[0].create.resource.zone.area_km2", "NEGATIVE");
    assert_int_equal(status.violation_count, 4);
    nrpc_status_fini(&status);
}

#define EVENT(more)                                                                                \
    "{'create': {'resource': {'event': {'name': 'zones/a/events/e', 'title': 'E', 'date': "        \
    "{'year': 2023}" more "}}}}"

static void what_is_referred_to_must_be_there(void **state)
{
    world *w = *state;
    refuse_field(w, "[" EVENT(", 'areas': ['zones/a/areas/x']") "]",
                 "writes[0].create.resource.event.areas[0]", "REFERENCE_NOT_FOUND");
    refuse_field(w,
                 UPDATE("citations.c.sources", ", 'citations': [{'id': 'c', 'sources':"
                                               " ['sources/none']}]"),
                 "writes[0].update.resource.zone.citations[0].sources[0]", "REFERENCE_NOT_FOUND");
    // Earlier in the batch it is there, later not yet, and what is deleted there not any more.
    static const char area[] =
        "{'create': {'resource': {'area': {'name': 'zones/a/areas/x', 'displayName': 'X'}}}}";
    char writes[1024];
    snprintf(writes, sizeof writes, "[%s, %s]", EVENT(", 'areas': ['zones/a/areas/x']"), area);
    refuse_field(w, writes, "writes[0].create.resource.event.areas[0]", "REFERENCE_NOT_FOUND");
    snprintf(writes, sizeof writes, "[%s, {'delete': {'name': 'zones/a/areas/x'}}, %s]", area,
             EVENT(", 'areas': ['zones/a/areas/x']"));
    refuse_field(w, writes, "writes[2].create.resource.event.areas[0]", "REFERENCE_NOT_FOUND");
    snprintf(writes, sizeof writes, "[%s, %s]", area, EVENT(", 'areas': ['zones/a/areas/x']"));
    do_writes(w, writes);
    // A resource may refer to itself.
    do_writes(w, "[{'create': {'resource': {'event': {'name': 'zones/a/events/f', 'title': 'F',"
                 " 'date': {'year': 2023}, 'relations': [{'id': 'r', 'resource':"
                 " 'zones/a/events/f'}]}}}}]");
}

static void who_refers_to_something_faulty_is_not_blamed_for_it(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    assert_null(try_writes(w, NULL, false,
                           "[{'create': {'resource': {'area': {'name': 'zones/a/areas/x'}}}},"
                           "" EVENT(", 'areas': ['zones/a/areas/x']") "]",
                           &status));
    assert_violation(&status, "writes[0].create.resource.area.display_name", "REQUIRED");
    assert_int_equal(status.violation_count, 1);
    nrpc_status_fini(&status);
}

static void a_unit_is_a_currency_a_measure_or_a_term_of_counts(void **state)
{
    world *w = *state;
#define QUANTITY(unit)                                                                             \
    "[" EVENT(", 'quantities': [{'id': 'q', 'value': {'value': '1'}, 'unit': '" unit "'}]") "]"
    static const char field[] = "writes[0].create.resource.event.quantities[0].unit";
    refuse_field(w, QUANTITY("furlongs per fortnight"), field, "UNIT_UNKNOWN");
    refuse_field(w, QUANTITY("company"), field, "REFERENCE_NOT_FOUND");
    do_writes(w, "[{'create': {'resource': {'term': {'name': 'vocabularies/counts/terms/company',"
                 " 'displayName': 'company'}}}}]");
    do_writes(w, QUANTITY("company"));
    do_writes(w, "[{'update': {'resource': {'event': {'name': 'zones/a/events/e', 'quantities':"
                 " [{'id': 'q', 'value': {'value': '1'}, 'unit': 'CNY'}, {'id': 'k', 'value':"
                 " {'value': '1'}, 'unit': 'km2'}]}}}}]");
}

static void an_etag_that_has_changed_is_refused(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    Ftz__V1__Zone *zone = get_resource(w, "Zone", "zones/a");
    char hex[17], writes[512];
    snprintf(hex, sizeof hex, "%.16s", zone->etag + 1);
    snprintf(writes, sizeof writes,
             "[{'update': {'resource': {'zone': {'name': 'zones/a', 'wave': 7, 'etag': "
             "'\\\"%s\\\"'}}}}]",
             hex);
    do_writes(w, writes);
    assert_null(try_writes(w, NULL, false, writes, &status));
    assert_violation(&status, "writes[0].update.resource.zone.etag", "ETAG_MISMATCH");
    assert_string_equal(nrpc_status_get(&status, "asked_etag"), zone->etag);
    assert_string_not_equal(nrpc_status_get(&status, "etag"), zone->etag);
    assert_status(&status, NRPC_ABORTED, "ETAG_MISMATCH");
    snprintf(writes, sizeof writes, "[{'delete': {'name': 'zones/a', 'etag': '\\\"%s\\\"'}}]", hex);
    refuse_writes(w, writes, NRPC_ABORTED, "ETAG_MISMATCH");
    drop(zone);
    zone = get_resource(w, "Zone", "zones/a");
    snprintf(writes, sizeof writes, "[{'delete': {'name': 'zones/a', 'etag': '\\\"%.16s\\\"'}}]",
             zone->etag + 1);
    do_writes(w, writes);
    refuse_writes(w, "[{'undelete': {'name': 'zones/a', 'etag': 'old'}}]", NRPC_ABORTED,
                  "ETAG_MISMATCH");
    drop(zone);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(fields_named_are_changed_and_the_unset_ones_cleared),
        TEST(without_a_mask_every_field_that_is_set_is_changed),
        TEST(a_star_replaces_everything),
        TEST(paths_go_into_messages_and_elements),
        TEST(a_path_that_ends_at_an_id_replaces_adds_or_removes_the_element),
        TEST(unknown_paths_are_refused_with_what_may_have_been_meant),
        TEST(a_mask_has_a_bounded_number_of_paths),
        TEST(what_the_server_sets_is_ignored_in_masks_and_resources),
        TEST(an_update_that_changes_nothing_makes_no_revision),
        TEST(an_update_may_create_and_then_ignores_the_mask),
        TEST(every_field_at_fault_is_named_at_once),
        TEST(what_is_referred_to_must_be_there),
        TEST(who_refers_to_something_faulty_is_not_blamed_for_it),
        TEST(a_unit_is_a_currency_a_measure_or_a_term_of_counts),
        TEST(an_etag_that_has_changed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
