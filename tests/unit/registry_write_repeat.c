// Writes that are sent again, that are only tried, and that many make at once.
#include "registry_write_support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char first_id[] = "11111111-1111-4111-8111-111111111111";

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

static registry_operation update_of(const ProtobufCMessage *zone, const world *w)
{
    return (registry_operation){.action = REGISTRY_UPDATE,
                                .place = "",
                                .type = type_named(w, "Zone"),
                                .resource = zone,
                                .resource_field = "zone"};
}

// One operation, answered with the resource.
static nrpc_code write_one(world *w, const char *request_id, const registry_operation *op,
                           bool validate_only, buffer *out, int64_t *revision, nrpc_status *status)
{
    static const Google__Protobuf__FieldMask nothing = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    registry_write_request q = {.method = "test",
                                .message = op->resource ? op->resource : &nothing.base,
                                .operations = op,
                                .count = 1,
                                .validate_only = validate_only};
    store_context c = no_hurry;
    c.request_id = request_id;
    buffer_clear(out);
    return registry_write(w->registry, &c, &q, out, revision, status);
}

static void a_repeat_gets_the_first_answer_also_after_reopening(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    buffer first = {0}, again = {0};
    int64_t revision, repeated;
    Ftz__V1__Zone *zone =
        from_json(w, &ftz__v1__zone__descriptor, "{'name': 'zones/a', 'wave': 5}");
    registry_operation op = update_of(&zone->base, w);
    assert_ok(write_one(w, first_id, &op, false, &first, &revision, &status), &status);
    // Changed since, deleted, and whatever else.
    do_writes(w, "[{'update': {'resource': {'zone': {'name': 'zones/a', 'wave': 6}}}}]");
    int64_t newest = do_writes(w, "[{'delete': {'name': 'zones/a'}}]");
    for (int i = 0; i < 2; i++) {
        assert_ok(write_one(w, first_id, &op, false, &again, &repeated, &status), &status);
        assert_int_equal(repeated, revision);
        assert_int_equal(again.size, first.size);
        assert_memory_equal(again.data, first.data, first.size);
        assert_int_equal(newest_revision(w), newest);
        world_reopen(w);
        op.type = type_named(w, "Zone");
    }
    Ftz__V1__Zone *answer = ftz__v1__zone__unpack(NULL, first.size, first.data);
    assert_non_null(answer);
    assert_int_equal(answer->wave, 5);
    assert_int_equal(answer->revision, revision);
    assert_string_equal(answer->display_name, "A");
    drop(answer);
    drop(zone);
    buffer_fini(&first);
    buffer_fini(&again);
}

static void a_repeated_batch_gets_the_first_results(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    static const char writes[] =
        "[{'create': {'resource': {'zone': {'name': 'zones/b', 'displayName': 'B'}}}},"
        " {'delete': {'name': 'zones/none', 'allowMissing': true}}]";
    Ftz__V1__BatchWriteResponse *first = try_writes(w, first_id, false, writes, &status);
    assert_ok(status.code, &status);
    do_writes(w, "[{'delete': {'name': 'zones/b'}}]");
    world_reopen(w);
    Ftz__V1__BatchWriteResponse *again = try_writes(w, first_id, false, writes, &status);
    assert_ok(status.code, &status);
    assert_int_equal(again->revision, first->revision);
    assert_string_equal(again->results[0]->etag, first->results[0]->etag);
    assert_int_equal(again->results[0]->revision, first->results[0]->revision);
    assert_string_equal(again->results[1]->name, "zones/none");
    assert_string_equal(again->results[1]->etag, "");
    drop(first);
    drop(again);
}

static void an_answer_without_a_change_is_repeated_too(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    buffer first = {0}, again = {0};
    int64_t revision, repeated;
    Ftz__V1__Zone *zone =
        from_json(w, &ftz__v1__zone__descriptor, "{'name': 'zones/a', 'displayName': 'A'}");
    registry_operation op = update_of(&zone->base, w);
    assert_ok(write_one(w, first_id, &op, false, &first, &revision, &status), &status);
    assert_int_equal(revision, 1);
    do_writes(w, "[{'update': {'resource': {'zone': {'name': 'zones/a', 'displayName': 'B'}}}}]");
    assert_ok(write_one(w, first_id, &op, false, &again, &repeated, &status), &status);
    assert_int_equal(repeated, 1);
    assert_int_equal(again.size, first.size);
    assert_memory_equal(again.data, first.data, first.size);
    assert_int_equal(newest_revision(w), 2);
    registry_operation none = {.action = REGISTRY_DELETE,
                               .place = "",
                               .type = type_named(w, "Zone"),
                               .name = "zones/none",
                               .etag = "",
                               .allow_missing = true};
    const char *id = new_request_id();
    assert_ok(write_one(w, id, &none, false, &first, &revision, &status), &status);
    assert_int_equal(first.size, 0);
    do_writes(w, "[{'create': {'resource': {'zone': {'name': 'zones/none', 'displayName':"
                 " 'N'}}}}]");
    assert_ok(write_one(w, id, &none, false, &again, &repeated, &status), &status);
    assert_int_equal(again.size, 0);
    assert_int_equal(repeated, revision);
    drop(zone);
    buffer_fini(&first);
    buffer_fini(&again);
}

static void an_id_stands_for_one_request_only(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    Ftz__V1__BatchWriteResponse *done =
        try_writes(w, first_id, false,
                   "[{'update': {'resource': {'zone': {'name': 'zones/a', 'wave': 1}}}}]", &status);
    assert_ok(status.code, &status);
    drop(done);
    assert_null(try_writes(w, first_id, false,
                           "[{'update': {'resource': {'zone': {'name': 'zones/a', 'wave': 2}}}}]",
                           &status));
    assert_violation(&status, "request_id", "REQUEST_ID_REUSED");
    assert_status(&status, NRPC_ALREADY_EXISTS, "REQUEST_ID_REUSED");
    // What failed was not answered: its id is free.
    const char *id = new_request_id();
    assert_null(try_writes(w, id, false, "[{'delete': {'name': 'zones/none'}}]", &status));
    nrpc_status_fini(&status);
    done = try_writes(w, id, false, "[{'delete': {'name': 'zones/a'}}]", &status);
    assert_ok(status.code, &status);
    drop(done);
}

static void a_request_without_a_good_id_is_refused(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    static const char writes[] = "[{'delete': {'name': 'zones/a'}}]";
    assert_null(try_writes(w, "", false, writes, &status));
    assert_violation(&status, "request_id", "REQUIRED");
    nrpc_status_fini(&status);
    assert_null(try_writes(w, "11111111-1111-4111-8111-11111111111", false, writes, &status));
    assert_violation(&status, "request_id", "FORMAT_MALFORMED");
    nrpc_status_fini(&status);
    assert_null(try_writes(w, "", true, writes, &status));
    assert_violation(&status, "request_id", "REQUIRED");
    nrpc_status_fini(&status);
}

static void a_trial_answers_as_the_write_would_and_writes_nothing(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    buffer out = {0};
    int64_t revision;
    Ftz__V1__Zone *zone =
        from_json(w, &ftz__v1__zone__descriptor, "{'name': 'zones/a', 'wave': 5}");
    registry_operation op = update_of(&zone->base, w);
    assert_ok(write_one(w, first_id, &op, true, &out, &revision, &status), &status);
    assert_int_equal(revision, 1);
    Ftz__V1__Zone *answer = ftz__v1__zone__unpack(NULL, out.size, out.data);
    assert_non_null(answer);
    assert_int_equal(answer->wave, 5);
    assert_string_equal(answer->display_name, "A");
    assert_int_equal(strlen(answer->uid), 36);
    assert_string_equal(answer->etag, "");
    assert_int_equal(answer->revision, 0);
    assert_null(answer->update_time);
    assert_non_null(answer->create_time);
    drop(answer);
    Ftz__V1__Zone *now = get_resource(w, "Zone", "zones/a");
    assert_int_equal(now->wave, 0);
    drop(now);
    // Nothing was remembered: the same id may write.
    assert_ok(write_one(w, first_id, &op, false, &out, &revision, &status), &status);
    assert_int_equal(revision, 2);
    // A trial whose id was used is a trial still.
    assert_ok(write_one(w, first_id, &op, true, &out, &revision, &status), &status);
    assert_int_equal(revision, 2);

    // The writes of a batch see each other in a trial too, and fail as they would.
    Ftz__V1__BatchWriteResponse *done = try_writes(
        w, NULL, true,
        "[{'create': {'resource': {'zone': {'name': 'zones/b', 'displayName': 'B'}}}},"
        " {'create': {'resource': {'area': {'name': 'zones/b/areas/x', 'displayName': 'X'}}}}]",
        &status);
    assert_ok(status.code, &status);
    assert_string_equal(done->results[1]->name, "zones/b/areas/x");
    assert_string_equal(done->results[1]->etag, "");
    assert_int_equal(done->results[1]->revision, 0);
    assert_int_equal(done->revision, 2);
    drop(done);
    assert_null(get_resource(w, "Zone", "zones/b"));
    assert_null(try_writes(w, NULL, true, "[{'delete': {'name': 'zones/none'}}]", &status));
    assert_status(&status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
    drop(zone);
    buffer_fini(&out);
}

// --- many at once --------------------------------------------------------------------------------

enum { WRITERS = 8, ROUNDS = 20 };

typedef struct contest {
    world *w;
    pthread_barrier_t barrier;
    char etag[64];
    atomic_int won, lost, wrong;
} contest;

static void *contend(void *context)
{
    contest *c = context;
    Ftz__V1__Zone zone = FTZ__V1__ZONE__INIT;
    zone.name = (char *)"zones/a";
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&c->barrier); // the etag of the round is set
        nrpc_status status = {0};
        buffer out = {0};
        int64_t revision;
        char id[37];
        registry_operation op = update_of(&zone.base, c->w);
        memcpy(id, new_request_id(), sizeof id);
        zone.etag = c->etag;
        zone.wave = round + 1;
        // Each has a text of its own, so that none changes nothing.
        zone.location_text = id;
        if (!write_one(c->w, id, &op, false, &out, &revision, &status))
            atomic_fetch_add(&c->won, 1);
        else if (status.code == NRPC_ABORTED && !strcmp(status.reason, "ETAG_MISMATCH"))
            atomic_fetch_add(&c->lost, 1);
        else
            atomic_fetch_add(&c->wrong, 1);
        nrpc_status_fini(&status);
        buffer_fini(&out);
        pthread_barrier_wait(&c->barrier);
    }
    return NULL;
}

static void of_writers_with_the_same_etag_exactly_one_wins(void **state)
{
    contest c = {.w = *state};
    pthread_t threads[WRITERS];
    pthread_barrier_init(&c.barrier, NULL, WRITERS + 1);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, contend, &c), 0);
    for (int round = 0; round < ROUNDS; round++) {
        Ftz__V1__Zone *zone = get_resource(c.w, "Zone", "zones/a");
        snprintf(c.etag, sizeof c.etag, "%s", zone->etag);
        drop(zone);
        pthread_barrier_wait(&c.barrier);
        pthread_barrier_wait(&c.barrier);
        assert_int_equal(atomic_load(&c.won), round + 1);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&c.won), ROUNDS);
    assert_int_equal(atomic_load(&c.lost), ROUNDS * (WRITERS - 1));
    assert_int_equal(atomic_load(&c.wrong), 0);
    assert_int_equal(newest_revision(c.w), 1 + ROUNDS);
    pthread_barrier_destroy(&c.barrier);
}

static void *add_to_own_field(void *context)
{
    static atomic_int next;
    world *w = context;
    int me = atomic_fetch_add(&next, 1);
    static const char *const fields[] = {"kind", "location_text", "positioning_text", "wave"};
    const char *paths[] = {fields[me % 4]};
    for (int round = 1; round <= ROUNDS; round++) {
        nrpc_status status = {0};
        buffer out = {0};
        int64_t revision;
        char id[37], text[16];
        Ftz__V1__Zone zone = FTZ__V1__ZONE__INIT;
        zone.name = (char *)"zones/a";
        snprintf(text, sizeof text, "v%d", round);
        zone.kind = zone.location_text = zone.positioning_text = text;
        zone.wave = round;
        registry_operation op = update_of(&zone.base, w);
        op.mask_paths = paths;
        op.mask_count = 1;
        memcpy(id, new_request_id(), sizeof id);
        assert_ok(write_one(w, id, &op, false, &out, &revision, &status), &status);
        // A reader that names the revision sees this write, or a later one of the same field.
        store_context c = no_hurry;
        registry_result result = {0};
        c.min_revision = revision;
        assert_ok(
            registry_get(w->registry, &c, type_named(w, "Zone"), "zones/a", 0, &result, &status),
            &status);
        assert_true(result.revision >= revision);
        size_t size;
        uint8_t *bytes = result_bytes(&result, &size);
        Ftz__V1__Zone *seen = ftz__v1__zone__unpack(NULL, size, bytes);
        assert_non_null(seen);
        assert_true(seen->revision >= revision);
        if (me % 4 == 3)
            assert_int_equal(seen->wave, round);
        drop(seen);
        free(bytes);
        registry_result_fini(&result);
        buffer_fini(&out);
    }
    return NULL;
}

static void writers_of_different_fields_lose_nothing_of_each_other(void **state)
{
    world *w = *state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_to_own_field, w), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    Ftz__V1__Zone *zone = get_resource(w, "Zone", "zones/a");
    char last[16];
    snprintf(last, sizeof last, "v%d", ROUNDS);
    assert_string_equal(zone->kind, last);
    assert_string_equal(zone->location_text, last);
    assert_string_equal(zone->positioning_text, last);
    assert_int_equal(zone->wave, ROUNDS);
    assert_string_equal(zone->display_name, "A");
    assert_int_equal(newest_revision(w), 1 + 4 * ROUNDS);
    drop(zone);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_repeat_gets_the_first_answer_also_after_reopening),
        TEST(a_repeated_batch_gets_the_first_results),
        TEST(an_answer_without_a_change_is_repeated_too),
        TEST(an_id_stands_for_one_request_only),
        TEST(a_request_without_a_good_id_is_refused),
        TEST(a_trial_answers_as_the_write_would_and_writes_nothing),
        TEST(of_writers_with_the_same_etag_exactly_one_wins),
        TEST(writers_of_different_fields_lose_nothing_of_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
