// Imports in chunks: order, repetition, limits, and what the commit does.
#include "registry_support.h"

#include "ftz/v1/registry.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char first_id[] = "11111111-1111-4111-8111-111111111111";
static const char second_id[] = "22222222-2222-4222-8222-222222222222";

// A zone record.
typedef struct zone_record {
    Ftz__V1__AnyResource any;
    Ftz__V1__Zone zone;
} zone_record;

static void make_zone(zone_record *r, const char *name, const char *display_name)
{
    ftz__v1__any_resource__init(&r->any);
    ftz__v1__zone__init(&r->zone);
    r->any.kind_case = FTZ__V1__ANY_RESOURCE__KIND_ZONE;
    r->any.zone = &r->zone;
    r->zone.name = (char *)(uintptr_t)name;
    r->zone.display_name = (char *)(uintptr_t)display_name;
}

static nrpc_code append_zone(world *w, const registry_import *i, int64_t sequence, const char *name,
                             const char *display_name, registry_import *out, nrpc_status *status)
{
    zone_record r;
    make_zone(&r, name, display_name);
    const ProtobufCMessage *records[] = {&r.any.base};
    return registry_import_append(w->registry, i->name, sequence, records, 1, out, status);
}

static registry_import create(world *w, const char *request_id, bool validate_only)
{
    nrpc_status status = {0};
    registry_import i;
    assert_ok(registry_import_create(w->registry, request_id, validate_only, &i, &status), &status);
    return i;
}

static void chunks_are_taken_in_order_and_once(void **state)
{
    (void)state;
    world w;
    nrpc_status status = {0};
    registry_import again, out;
    world_open(&w);
    registry_import i = create(&w, first_id, false);
    assert_int_equal(i.next_sequence, 1);
    assert_true(i.expire_time_us > 0);
    again = create(&w, first_id, false);
    assert_string_equal(i.name, again.name);
    again = create(&w, second_id, false);
    assert_string_not_equal(i.name, again.name);

    assert_true(append_zone(&w, &i, 2, "zones/a", "A", &out, &status));
    assert_string_equal(nrpc_status_get(&status, "next_sequence"), "1");
    assert_status(&status, NRPC_FAILED_PRECONDITION, "SEQUENCE_GAP");
    assert_true(append_zone(&w, &i, 0, "zones/a", "A", &out, &status));
    assert_violation(&status, "sequence", "OUT_OF_RANGE");
    nrpc_status_fini(&status);
    assert_true(registry_import_append(w.registry, i.name, 1, NULL, 0, &out, &status));
    assert_violation(&status, "records", "REQUIRED");
    nrpc_status_fini(&status);

    assert_true(append_zone(&w, &i, 1, "zones/a", "", &out, &status));
    assert_violation(&status, "records[0].zone.display_name", "REQUIRED");
    nrpc_status_fini(&status);
    // Not taken: the same number again, mended.
    assert_ok(append_zone(&w, &i, 1, "zones/a", "A", &out, &status), &status);
    assert_int_equal(out.next_sequence, 2);
    assert_int_equal(out.records, 1);
    // Sent again: not read.
    assert_ok(append_zone(&w, &i, 1, "zones/a", "A", &out, &status), &status);
    assert_int_equal(out.next_sequence, 2);
    assert_int_equal(out.records, 1);
    assert_true(append_zone(&w, &i, 2, "zones/a", "A", &out, &status));
    assert_violation(&status, "records[0].zone.name", "DUPLICATE_NAME");
    nrpc_status_fini(&status);
    assert_ok(append_zone(&w, &i, 2, "zones/b", "B", &out, &status), &status);

    store_context c = no_hurry;
    assert_ok(registry_import_commit(w.registry, &c, i.name, &out, &status), &status);
    assert_int_equal(out.created, 2);
    assert_int_equal(out.revision, 1);
    assert_int_equal(atomic_load(&w.store->revision), 1);
    registry_import twice;
    assert_ok(registry_import_commit(w.registry, &c, i.name, &twice, &status), &status);
    assert_int_equal(twice.created, 2);
    assert_int_equal(twice.revision, 1);
    assert_int_equal(atomic_load(&w.store->revision), 1);
    assert_true(append_zone(&w, &i, 3, "zones/c", "C", &out, &status));
    assert_status(&status, NRPC_FAILED_PRECONDITION, "IMPORT_COMMITTED");
    assert_ok(append_zone(&w, &i, 2, "zones/b", "B", &out, &status), &status);
    world_close(&w);
}

static void an_unknown_import_and_bad_ids_are_refused(void **state)
{
    (void)state;
    world w;
    nrpc_status status = {0};
    registry_import out, none = {.name = "imports/none"};
    world_open(&w);
    assert_true(registry_import_create(w.registry, "", false, &out, &status));
    assert_violation(&status, "request_id", "REQUIRED");
    nrpc_status_fini(&status);
    assert_true(registry_import_create(w.registry, "11111111-1111-4111-8111-11111111111g", false,
                                       &out, &status));
    assert_violation(&status, "request_id", "FORMAT_MALFORMED");
    nrpc_status_fini(&status);
    assert_true(append_zone(&w, &none, 1, "zones/a", "A", &out, &status));
    assert_status(&status, NRPC_NOT_FOUND, "IMPORT_NOT_FOUND");
    store_context c = no_hurry;
    assert_true(registry_import_commit(w.registry, &c, none.name, &out, &status));
    assert_status(&status, NRPC_NOT_FOUND, "IMPORT_NOT_FOUND");
    c.request_id = "";
    assert_true(registry_import_commit(w.registry, &c, none.name, &out, &status));
    assert_violation(&status, "request_id", "REQUIRED");
    nrpc_status_fini(&status);
    registry_import i = create(&w, first_id, false);
    Ftz__V1__AnyResource empty = FTZ__V1__ANY_RESOURCE__INIT;
    const ProtobufCMessage *records[] = {&empty.base};
    assert_true(registry_import_append(w.registry, i.name, 1, records, 1, &out, &status));
    assert_violation(&status, "records[0]", "REQUIRED");
    nrpc_status_fini(&status);
    world_close(&w);
}

static void a_failed_commit_writes_nothing_and_can_be_mended(void **state)
{
    (void)state;
    world w;
    nrpc_status status = {0};
    registry_import out;
    store_context c = no_hurry;
    world_open(&w);
    registry_import i = create(&w, first_id, false);
    assert_ok(append_zone(&w, &i, 1, "zones/a", "A", &out, &status), &status);
    Ftz__V1__AnyResource any = FTZ__V1__ANY_RESOURCE__INIT;
    Ftz__V1__Area area = FTZ__V1__AREA__INIT;
    any.kind_case = FTZ__V1__ANY_RESOURCE__KIND_AREA;
    any.area = &area;
    area.name = (char *)"zones/b/areas/x";
    area.display_name = (char *)"X";
    const ProtobufCMessage *records[] = {&any.base};
    assert_ok(registry_import_append(w.registry, i.name, 2, records, 1, &out, &status), &status);
    assert_true(registry_import_commit(w.registry, &c, i.name, &out, &status));
    assert_violation(&status, "chunks[2].records[0].area.name", "PARENT_NOT_FOUND");
    assert_int_equal(status.code, NRPC_INVALID_ARGUMENT);
    nrpc_status_fini(&status);
    assert_int_equal(atomic_load(&w.store->revision), 0);
    registry_result result;
    assert_true(
        registry_get(w.registry, &c, type_named(&w, "Zone"), "zones/a", 0, &result, &status));
    assert_status(&status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
    assert_ok(append_zone(&w, &i, 3, "zones/b", "B", &out, &status), &status);
    assert_ok(registry_import_commit(w.registry, &c, i.name, &out, &status), &status);
    assert_int_equal(out.created, 3);
    world_close(&w);
}

static void a_trial_counts_and_writes_nothing(void **state)
{
    (void)state;
    world w;
    nrpc_status status = {0};
    registry_import out;
    world_open(&w);
    registry_import i = create(&w, first_id, true);
    assert_ok(append_zone(&w, &i, 1, "zones/a", "A", &out, &status), &status);
    assert_ok(registry_import_commit(w.registry, &no_hurry, i.name, &out, &status), &status);
    assert_int_equal(out.created, 1);
    assert_int_equal(out.revision, 0);
    assert_int_equal(atomic_load(&w.store->revision), 0);
    world_close(&w);
}

static void an_update_keeps_the_uid_and_leaves_the_rest_alone(void **state)
{
    (void)state;
    world w;
    nrpc_status status = {0};
    registry_import out;
    const char *first = "{\"zones\":[{\"name\":\"zones/a\",\"displayName\":\"A\"},"
                        "{\"name\":\"zones/b\",\"displayName\":\"B\"}]}";
    const char *second = "{\"zones\":[{\"name\":\"zones/a\",\"displayName\":\"A\"},"
                         "{\"name\":\"zones/b\",\"displayName\":\"New\"},"
                         "{\"name\":\"zones/c\",\"displayName\":\"C\"}]}";
    world_open(&w);
    assert_ok(registry_import_json(w.registry, &no_hurry, "f", first, strlen(first), &out, &status),
              &status);
    assert_ok(
        registry_import_json(w.registry, &no_hurry, "f", second, strlen(second), &out, &status),
        &status);
    assert_int_equal(out.created, 1);
    assert_int_equal(out.updated, 1);
    assert_int_equal(out.unchanged, 1);
    assert_int_equal(out.revision, 2);
    Ftz__V1__Zone *zones[4];
    static const char *const names[] = {"zones/a", "zones/b", "zones/b@1", "zones/c"};
    for (size_t i = 0; i < 4; i++) {
        registry_result result = {0};
        size_t size;
        assert_ok(registry_get(w.registry, &no_hurry, type_named(&w, "Zone"), names[i], 0, &result,
                               &status),
                  &status);
        uint8_t *bytes = result_bytes(&result, &size);
        registry_result_fini(&result);
        zones[i] = ftz__v1__zone__unpack(NULL, size, bytes);
        assert_non_null(zones[i]);
        free(bytes);
    }
    assert_int_equal(zones[0]->revision, 1);
    assert_int_equal(zones[1]->revision, 2);
    assert_string_equal(zones[1]->display_name, "New");
    assert_int_equal(zones[2]->revision, 1);
    assert_string_equal(zones[2]->display_name, "B");
    assert_string_equal(zones[1]->uid, zones[2]->uid);
    assert_string_not_equal(zones[1]->etag, zones[2]->etag);
    assert_string_not_equal(zones[1]->uid, zones[3]->uid);
    assert_true(zones[1]->create_time->seconds == zones[2]->create_time->seconds &&
                zones[1]->create_time->nanos == zones[2]->create_time->nanos);
    for (size_t i = 0; i < 4; i++)
        ftz__v1__zone__free_unpacked(zones[i], NULL);
    world_close(&w);
}

static nrpc_code delete_zone(store_tx *tx, void *context, nrpc_status *status)
{
    const store_record record = {.type = "Zone",
                                 .name = "zones/a",
                                 .parent = "",
                                 .uid = context,
                                 .body = {"\n\x07zones/a\x12\x01"
                                          "A",
                                          12}};
    return store_tx_put(tx, STORE_DELETED, &record, status);
}

static void a_deleted_resource_in_the_way_comes_back_and_counts_as_updated(void **state)
{
    (void)state;
    world w;
    nrpc_status status = {0};
    registry_import out;
    int64_t revision;
    const char *zone = "{\"zones\":[{\"name\":\"zones/a\",\"displayName\":\"A\"}]}";
    const char *area = "{\"areas\":[{\"name\":\"zones/a/areas/x\",\"displayName\":\"X\"}]}";
    world_open(&w);
    assert_ok(registry_import_json(w.registry, &no_hurry, "f", zone, strlen(zone), &out, &status),
              &status);
    assert_ok(store_write(w.store, &no_hurry, delete_zone, (void *)"old-uid", &revision, &status),
              &status);
    // Nothing can be put into what is deleted.
    assert_true(
        registry_import_json(w.registry, &no_hurry, "f", area, strlen(area), &out, &status));
    assert_violation(&status, "areas[0].name", "PARENT_NOT_FOUND");
    nrpc_status_fini(&status);
    assert_ok(registry_import_json(w.registry, &no_hurry, "f", zone, strlen(zone), &out, &status),
              &status);
    assert_int_equal(out.updated, 1);
    assert_int_equal(out.revision, 3);
    registry_result result = {0};
    size_t size;
    assert_ok(
        registry_get(w.registry, &no_hurry, type_named(&w, "Zone"), "zones/a", 0, &result, &status),
        &status);
    uint8_t *bytes = result_bytes(&result, &size);
    registry_result_fini(&result);
    Ftz__V1__Zone *z = ftz__v1__zone__unpack(NULL, size, bytes);
    free(bytes);
    assert_non_null(z);
    assert_null(z->delete_time);
    assert_string_equal(z->uid, "old-uid");
    ftz__v1__zone__free_unpacked(z, NULL);
    world_close(&w);
}

static void imports_are_limited_in_number_and_size_and_expire(void **state)
{
    (void)state;
    world w;
    nrpc_status status = {0};
    registry_import out;
    registry_options options;
    registry_options_init(&options);
    options.max_imports = 2;
    options.max_import_bytes = 2500;
    options.import_expiry_ms = 200;
    world_open_with(&w, &options);
    registry_import one = create(&w, first_id, false), two = create(&w, second_id, false);
    assert_true(registry_import_create(w.registry, "33333333-3333-4333-8333-333333333333", false,
                                       &out, &status));
    assert_true(status.retry_after_ms > 0);
    assert_status(&status, NRPC_RESOURCE_EXHAUSTED, "TOO_MANY_IMPORTS");
    char text[6000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_true(append_zone(&w, &one, 1, "zones/a", text, &out, &status));
    assert_status(&status, NRPC_RESOURCE_EXHAUSTED, "IMPORT_TOO_LARGE");
    assert_ok(append_zone(&w, &one, 1, "zones/a", text + 5500, &out, &status), &status);
    // The bytes of all imports count together.
    assert_true(append_zone(&w, &two, 1, "zones/b", text + 5500, &out, &status));
    assert_status(&status, NRPC_RESOURCE_EXHAUSTED, "IMPORT_TOO_LARGE");
    usleep(300 * 1000);
    assert_true(append_zone(&w, &two, 1, "zones/b", "B", &out, &status));
    assert_status(&status, NRPC_NOT_FOUND, "IMPORT_NOT_FOUND");
    registry_import three = create(&w, "33333333-3333-4333-8333-333333333333", false);
    assert_ok(append_zone(&w, &three, 1, "zones/b", text + 5500, &out, &status), &status);
    world_close(&w);
}

static void committed_imports_do_not_keep_others_out(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    for (int n = 0; n < 100; n++) {
        nrpc_status status = {0};
        char id[40];
        registry_import out;
        snprintf(id, sizeof id, "%08d-0000-4000-8000-000000000000", n);
        registry_import i = create(&w, id, false);
        assert_ok(append_zone(&w, &i, 1, "zones/a", "A", &out, &status), &status);
        store_context c = no_hurry;
        c.request_id = id;
        assert_ok(registry_import_commit(w.registry, &c, i.name, &out, &status), &status);
        assert_int_equal(out.revision, 1);
        assert_int_equal(out.unchanged, n ? 1 : 0);
    }
    world_close(&w);
}

static void a_commit_is_repeated_after_a_restart(void **state)
{
    (void)state;
    world w;
    nrpc_status status = {0};
    registry_import first, again;
    world_open(&w);
    registry_import i = create(&w, first_id, false);
    assert_ok(append_zone(&w, &i, 1, "zones/a", "A", &first, &status), &status);
    assert_ok(append_zone(&w, &i, 2, "zones/b", "B", &first, &status), &status);
    assert_ok(registry_import_commit(w.registry, &no_hurry, i.name, &first, &status), &status);
    world_reopen(&w);
    assert_ok(registry_import_commit(w.registry, &no_hurry, i.name, &again, &status), &status);
    assert_string_equal(again.name, first.name);
    assert_int_equal(again.revision, first.revision);
    assert_int_equal(again.next_sequence, 3);
    assert_int_equal(again.records, 2);
    assert_int_equal(again.created, 2);
    assert_int_equal(again.updated + again.unchanged, 0);
    assert_int_equal(atomic_load(&w.store->revision), first.revision);

    // The id stands for that import and no other, whether that one is known or not.
    registry_import other = create(&w, second_id, false);
    assert_ok(append_zone(&w, &other, 1, "zones/c", "C", &again, &status), &status);
    assert_true(registry_import_commit(w.registry, &no_hurry, other.name, &again, &status));
    assert_status(&status, NRPC_ALREADY_EXISTS, "REQUEST_ID_REUSED");
    assert_true(registry_import_commit(w.registry, &no_hurry, "imports/none", &again, &status));
    assert_status(&status, NRPC_ALREADY_EXISTS, "REQUEST_ID_REUSED");
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_is_repeated_after_a_restart),
        cmocka_unit_test(chunks_are_taken_in_order_and_once),
        cmocka_unit_test(an_unknown_import_and_bad_ids_are_refused),
        cmocka_unit_test(a_failed_commit_writes_nothing_and_can_be_mended),
        cmocka_unit_test(a_trial_counts_and_writes_nothing),
        cmocka_unit_test(an_update_keeps_the_uid_and_leaves_the_rest_alone),
        cmocka_unit_test(a_deleted_resource_in_the_way_comes_back_and_counts_as_updated),
        cmocka_unit_test(imports_are_limited_in_number_and_size_and_expire),
        cmocka_unit_test(committed_imports_do_not_keep_others_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
