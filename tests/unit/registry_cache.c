// The cache: what it keeps, what it throws out, and that nobody ever reads a stale answer.
#include "registry_support.h"

#include "base/clock.h"
#include "ftz/v1/resources.pb-c.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static store_record record_of(const char *name, int64_t revision, const void *body, size_t size)
{
    return (store_record){.type = "Zone",
                          .name = name,
                          .parent = "",
                          .uid = "u",
                          .body = {body, size},
                          .revision = revision,
                          .create_time_us = 1};
}

static bool put(cache *c, const resource_type *type, const char *name, int64_t revision,
                const void *body, size_t size)
{
    cache_ticket ticket = cache_take_ticket(c, name, strlen(name));
    store_record record = record_of(name, revision, body, size);
    cache_entry *e = cache_entry_create(c, type, "0123456789abcdef", &record);
    assert_non_null(e);
    cache_insert(c, e, ticket);
    bool kept = e->cached;
    cache_entry_unref(e);
    return kept;
}

static bool holds(cache *c, const char *name)
{
    cache_entry *e = cache_lookup(c, name, strlen(name));
    cache_entry_unref(e);
    return e;
}

static void a_write_throws_out_its_names_and_voids_tickets(void **state)
{
    const resource_type *zone = type_named(*state, "Zone");
    nrpc_status status = {0};
    cache *c;
    assert_ok(cache_create(&c, 1 << 20, &status), &status);
    store_observer *o = cache_observer(c);
    const char *names[] = {"zones/a"};
    assert_true(put(c, zone, "zones/a", 1, "x", 1));
    assert_true(holds(c, "zones/a"));
    cache_ticket before = cache_take_ticket(c, "zones/a", 7);
    cache_entry *held = cache_lookup(c, "zones/a", 7);
    uint64_t generation = cache_generation(c);
    assert_int_equal(generation & 1, 0);

    o->begin(o, names, 1);
    assert_int_equal(cache_generation(c) & 1, 1);
    assert_false(holds(c, "zones/a"));
    assert_false(put(c, zone, "zones/a", 1, "x", 1)); // ticket taken during the write
    assert_int_equal(held->data[0], 'x');             // a reader's reference lives on
    cache_entry_unref(held);
    cache_ticket during = cache_take_ticket(c, "zones/a", 7);
    o->end(o, names, 1, true);
    assert_int_equal(cache_generation(c), generation + 2);

    store_record record = record_of("zones/a", 1, "x", 1);
    cache_entry *stale = cache_entry_create(c, zone, "0123456789abcdef", &record);
    cache_insert(c, stale, before);
    cache_insert(c, stale, during);
    assert_false(holds(c, "zones/a"));
    cache_entry_unref(stale);
    assert_true(put(c, zone, "zones/a", 2, "y", 1));
    assert_true(put(c, zone, "zones/a", 2, "y", 1)); // replaces
    cache_stats stats;
    cache_get_stats(c, &stats);
    assert_int_equal(stats.entries, 1);
    cache_free(c);
}

static void the_cache_stays_within_its_bytes_and_keeps_what_is_used(void **state)
{
    const resource_type *zone = type_named(*state, "Zone");
    nrpc_status status = {0};
    cache *c;
    cache_stats stats;
    static uint8_t body[2000];
    assert_ok(cache_create(&c, 1 << 20, &status), &status);
    assert_true(put(c, zone, "zones/hot", 1, body, sizeof body));
    for (int i = 0; i < 5000; i++) {
        char name[32];
        snprintf(name, sizeof name, "zones/z%d", i);
        assert_true(put(c, zone, name, 1, body, sizeof body));
        assert_true(holds(c, "zones/hot"));
        cache_get_stats(c, &stats);
        assert_true(stats.bytes <= 1 << 20);
    }
    assert_true(stats.entries > 300);
    uint8_t *large = calloc(1, 1 << 20);
    assert_false(put(c, zone, "zones/large", 1, large, 1 << 20));
    free(large);
    cache_free(c);
    assert_ok(cache_create(&c, 0, &status), &status);
    assert_false(put(c, zone, "zones/a", 1, "x", 1));
    cache_free(c);
}

// --- readers against a writer
// -----------------------------------------------------------------------

enum { ZONES = 8, WRITES = 60, READERS = 3 };

typedef struct race {
    world w;
    atomic_llong acknowledged; // value that every zone has at least
    atomic_bool done;
    atomic_llong reads, hits, batches;
} race;

// Every zone gets the same wave in one transaction, so a snapshot has one wave only.
static void write_wave(race *r, int wave)
{
    buffer text = {0};
    nrpc_status status = {0};
    registry_import out;
    buffer_append_text(&text, "{\"zones\":[");
    for (int z = 0; z < ZONES; z++)
        buffer_printf(&text, "%s{\"name\":\"zones/z%d\",\"displayName\":\"Z\",\"wave\":%d}",
                      z ? "," : "", z, wave);
    buffer_append_text(&text, "]}");
    assert_ok(registry_import_json(r->w.registry, &no_hurry, "f", (char *)text.data, text.size,
                                   &out, &status),
              &status);
    assert_int_equal(out.revision, wave);
    buffer_fini(&text);
    atomic_store(&r->acknowledged, wave);
}

static void *read_on(void *context)
{
    race *r = context;
    const resource_type *zone = type_named(&r->w, "Zone");
    unsigned seed = (unsigned)(uintptr_t)pthread_self();
    while (!atomic_load(&r->done)) {
        nrpc_status status = {0};
        char names[ZONES][16];
        const char *list[ZONES];
        int64_t at_least = atomic_load(&r->acknowledged);
        for (int z = 0; z < ZONES; z++) {
            snprintf(names[z], sizeof names[z], "zones/z%d", z);
            list[z] = names[z];
        }
        registry_result result = {0};
        const char *name = names[rand_r(&seed) % ZONES];
        if (registry_get_cached(r->w.registry, zone, name, 0, 0, &result))
            atomic_fetch_add(&r->hits, 1);
        else if (registry_get(r->w.registry, &no_hurry, zone, name, 0, &result, &status))
            abort();
        size_t size;
        uint8_t *bytes = result_bytes(&result, &size);
        Ftz__V1__Zone *z = ftz__v1__zone__unpack(NULL, size, bytes);
        free(bytes);
        if (z->wave < at_least || z->revision != z->wave || result.revision < z->revision)
            abort(); // stale, torn, or claims to be older than it is
        ftz__v1__zone__free_unpacked(z, NULL);
        registry_result_fini(&result);
        atomic_fetch_add(&r->reads, 1);

        registry_batch_request request = {
            .type = zone, .names = list, .name_count = ZONES, .row_field = 1, .max_size = 1 << 20};
        buffer rows = {0};
        int64_t revision, wave = 0;
        at_least = atomic_load(&r->acknowledged);
        if (registry_batch_get(r->w.registry, &no_hurry, &request, &rows, &revision, &status))
            abort();
        for (size_t at = 0; at < rows.size;) { // elements are shorter than 128 bytes
            size_t length = rows.data[at + 1], head = 2;
            if (length > 127) {
                length = (length & 127) | (size_t)rows.data[at + 2] << 7;
                head = 3;
            }
            z = ftz__v1__zone__unpack(NULL, length, rows.data + at + head);
            if (!z || (wave && z->wave != wave))
                abort(); // two revisions in one answer
            wave = z->wave;
            ftz__v1__zone__free_unpacked(z, NULL);
            at += head + length;
        }
        if (wave < at_least || revision < wave)
            abort();
        buffer_fini(&rows);
        atomic_fetch_add(&r->batches, 1);
    }
    return NULL;
}

static void no_reader_ever_sees_a_stale_answer(void **state)
{
    (void)state;
    race *r = calloc(1, sizeof *r);
    pthread_t readers[READERS];
    world_open(&r->w);
    write_wave(r, 1);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_on, r), 0);
    for (int wave = 2; wave <= WRITES; wave++) {
        write_wave(r, wave);
        // Let the cache fill: a hit is what this test is about.
        long long hits = atomic_load(&r->hits);
        int64_t until = clock_now_ns() + INT64_C(2000000000);
        while (atomic_load(&r->hits) < hits + 5 && clock_now_ns() < until)
            sched_yield();
    }
    atomic_store(&r->done, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    assert_true(atomic_load(&r->hits) >= WRITES);
    assert_true(atomic_load(&r->batches) > 0);
    world_close(&r->w);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_throws_out_its_names_and_voids_tickets),
        cmocka_unit_test(the_cache_stays_within_its_bytes_and_keeps_what_is_used),
        cmocka_unit_test(no_reader_ever_sees_a_stale_answer),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
