// Writers of all kinds, upkeep and followers at once: whoever follows the changes, and lists anew
// where they are no longer kept, has the registry as it is.
#include "registry_write_support.h"

#include "base/clock.h"
#include "ftz/v1/area_service.pb-c.h"
#include "ftz/v1/zone_service.pb-c.h"
#include "registry/read/changes.h"
#include "registry/write/maintain.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WRITERS = 6, WRITES = 150, AREAS = 8, FOLLOWERS = 2 };

#define ZONE "zones/a"
#define DAY  REGISTRY_MIN_CHANGES_KEPT_US

typedef struct crowd {
    world w;
    atomic_bool written; // all writers are through
    atomic_int done, resyncs;
} crowd;

typedef struct member {
    crowd *c;
    unsigned seed;
} member;

static void choose_write(unsigned *seed, char out[512])
{
    int area = rand_r(seed) % AREAS;
    switch (rand_r(seed) % 40) {
    case 0:
        sprintf(out, "[{'delete': {'name': '" ZONE "', 'force': true}}]");
        break;
    case 1:
    case 2:
    case 3:
        sprintf(out,
                "[{'update': {'allowMissing': true, 'resource': {'zone': {'name': '" ZONE
                "', 'displayName': 'Z', 'wave': %d}}}}]",
                1 + rand_r(seed) % 3);
        break;
    case 4:
    case 5:
    case 6:
        sprintf(out, "[{'undelete': {'name': '" ZONE "'}}]");
        break;
    case 7:
    case 8:
    case 9:
    case 10:
        sprintf(out, "[{'delete': {'name': '" ZONE "/areas/x%d'}}]", area);
        break;
    case 11:
    case 12:
    case 13:
        sprintf(out, "[{'undelete': {'name': '" ZONE "/areas/x%d'}}]", area);
        break;
    default:
        sprintf(out,
                "[{'update': {'allowMissing': true, 'resource': {'area': {'name': '" ZONE
                "/areas/x%d', 'displayName': 'A', 'areaKm2': %d}}}},"
                " {'update': {'allowMissing': true, 'resource': {'area': {'name': '" ZONE
                "/areas/x%d', 'displayName': 'A', 'areaKm2': %d}}}}]",
                area, 1 + rand_r(seed) % 4, (area + 1) % AREAS, 1 + rand_r(seed) % 4);
        break;
    }
}

static Ftz__V1__BatchWriteResponse *write_as(crowd *c, const char *id, bool trial,
                                             const char *write)
{
    nrpc_status status = {0};
    Ftz__V1__BatchWriteResponse *response = try_writes(&c->w, id, trial, write, &status);
    if (status.code != NRPC_NOT_FOUND && status.code != NRPC_ALREADY_EXISTS &&
        status.code != NRPC_FAILED_PRECONDITION)
        assert_ok(status.code, &status);
    nrpc_status_fini(&status);
    return response;
}

static void *write_much(void *arg)
{
    member *m = arg;
    for (int i = 0; i < WRITES; i++) {
        char write[512];
        const char *id = new_request_id();
        choose_write(&m->seed, write);
        bool trial = rand_r(&m->seed) % 5 == 0;
        Ftz__V1__BatchWriteResponse *first = write_as(m->c, id, trial, write);
        if (first && !trial && rand_r(&m->seed) % 3 == 0) {
            Ftz__V1__BatchWriteResponse *again = write_as(m->c, id, false, write);
            assert_non_null(again);
            assert_int_equal(again->revision, first->revision);
            for (size_t n = 0; n < first->n_results; n++)
                assert_string_equal(again->results[n]->etag, first->results[n]->etag);
            drop(again);
        }
        drop(first);
    }
    if (atomic_fetch_add(&m->c->done, 1) + 1 == WRITERS)
        atomic_store(&m->c->written, true);
    return NULL;
}

// As if a month passed between any two rounds.
static void *look_after(void *arg)
{
    crowd *c = arg;
    const registry_upkeep upkeep = {.changes_kept_us = DAY, .changes_kept = 8};
    while (!atomic_load(&c->written)) {
        nrpc_status status = {0};
        registry_upkeep_result result;
        assert_ok(registry_maintain(c->w.registry, &no_hurry, clock_wall_us() + 31 * DAY, &upkeep,
                                    &result, &status),
                  &status);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return NULL;
}

// What a follower knows: the etag of each resource, "" where there is none.
typedef struct known {
    char etag[AREAS + 1][32];
    change_place place;
    int64_t revision; // of the change seen last, and
    int index;        // its index; -1 after listing anew
} known;

static char *etag_of(known *k, const char *name)
{
    int area = AREAS;
    (void)sscanf(name, ZONE "/areas/x%d", &area);
    return k->etag[area];
}

static bool list_type(known *k, crowd *c, const char *type, int64_t *revision)
{
    nrpc_status status = {0};
    buffer rows = {0};
    registry_page page = {0};
    const registry_list_request request = {.type = type_named(&c->w, type),
                                           .parent = strcmp(type, "Area") ? "" : "zones/-",
                                           .page_size = 100,
                                           .page_token = "",
                                           .filter = "",
                                           .order_by = "",
                                           .show_deleted = true,
                                           .row_field = 1,
                                           .max_size = 1 << 20};
    store_context context = no_hurry;
    assert_ok(registry_list(c->w.registry, &context, &request, &rows, &page, &status), &status);
    if (!strcmp(type, "Area")) {
        Ftz__V1__ListAreasResponse *r =
            ftz__v1__list_areas_response__unpack(NULL, rows.size, rows.data);
        for (size_t i = 0; i < r->n_areas; i++)
            strcpy(etag_of(k, r->areas[i]->name), r->areas[i]->etag);
        drop(r);
    } else {
        Ftz__V1__ListZonesResponse *r =
            ftz__v1__list_zones_response__unpack(NULL, rows.size, rows.data);
        for (size_t i = 0; i < r->n_zones; i++)
            strcpy(etag_of(k, r->zones[i]->name), r->zones[i]->etag);
        drop(r);
    }
    bool same = !*revision || *revision == page.revision;
    *revision = page.revision;
    registry_page_fini(&page);
    buffer_fini(&rows);
    return same;
}

static void list_anew(known *k, crowd *c)
{
    int64_t revision;
    do {
        revision = 0;
        *k = (known){0};
        (void)list_type(k, c, "Zone", &revision);
    } while (!list_type(k, c, "Area", &revision));
    k->place = (change_place){revision + 1, -1};
    k->revision = revision;
    k->index = -1;
}

// False: there was nothing new.
static bool follow(known *k, crowd *c, bool *resync)
{
    nrpc_status status = {0};
    buffer rows = {0};
    changes_page page;
    char since[CHANGES_SINCE_SIZE];
    changes_format_since(c->w.registry, k->place, since);
    const changes_request request = {
        .since = since, .name_prefix = "", .page_size = 7, .max_size = 1 << 20, .row_field = 1};
    changes_query query;
    assert_ok(changes_query_init(c->w.registry, &request, &query, &status), &status);
    nrpc_code code = registry_changes(c->w.registry, &no_hurry, &query, &rows, &page, &status);
    *resync = code == NRPC_OUT_OF_RANGE;
    if (*resync) {
        assert_status(&status, NRPC_OUT_OF_RANGE, "RESYNC_REQUIRED");
        buffer_fini(&rows);
        return true;
    }
    assert_ok(code, &status);
    Ftz__V1__ListChangesResponse *r =
        ftz__v1__list_changes_response__unpack(NULL, rows.size, rows.data);
    for (size_t i = 0; i < r->n_changes; i++) {
        const Ftz__V1__Change *change = r->changes[i];
        if (change->revision == k->revision)
            assert_int_equal(change->index, k->index + 1);
        else
            assert_true(change->revision == k->revision + 1 && change->index == 0);
        k->revision = change->revision;
        k->index = change->index;
        strcpy(etag_of(k, change->name), change->etag);
    }
    size_t count = r->n_changes;
    drop(r);
    buffer_fini(&rows);
    k->place = query.place;
    return count || page.more;
}

static void *follow_all(void *arg)
{
    member *m = arg;
    crowd *c = m->c;
    known k, now;
    bool resync, last = false;
    list_anew(&k, c);
    while (!last) {
        last = atomic_load(&c->written);
        while (follow(&k, c, &resync)) {
            if (resync) {
                atomic_fetch_add(&c->resyncs, 1);
                list_anew(&k, c);
            }
        }
        nanosleep(&(struct timespec){.tv_nsec = (long)(m->seed % 8) * 5000000}, NULL);
        m->seed++;
    }
    // Upkeep may have had the last word.
    do {
        list_anew(&now, c);
        while (follow(&k, c, &resync))
            if (resync)
                list_anew(&k, c);
    } while (now.place.revision != k.place.revision);
    for (int i = 0; i <= AREAS; i++)
        assert_string_equal(k.etag[i], now.etag[i]);
    return NULL;
}

static void who_follows_has_the_registry_as_it_is(void **state)
{
    (void)state;
    static crowd c;
    pthread_t threads[WRITERS + FOLLOWERS + 1];
    member members[WRITERS + FOLLOWERS];
    world_open(&c.w);
    do_writes(&c.w,
              "[{'create': {'resource': {'zone': {'name': '" ZONE "', 'displayName': 'Z'}}}}]");
    for (unsigned i = 0; i < WRITERS + FOLLOWERS; i++) {
        members[i] = (member){&c, 7919 * (i + 1)};
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < WRITERS ? write_much : follow_all, &members[i]),
            0);
    }
    assert_int_equal(pthread_create(&threads[WRITERS + FOLLOWERS], NULL, look_after, &c), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    print_message("%d revisions, %d times listed anew\n", (int)newest_revision(&c.w),
                  atomic_load(&c.resyncs));
    world_close(&c.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_follows_has_the_registry_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
