// ListChanges and ListRevisions over a real server: nothing missed, nothing twice, waits that cost
// no thread.
#include "service_support.h"

#include "base/clock.h"
#include "ftz/v1/registry_service.pb-c.h"
#include "ftz/v1/zone_service.pb-c.h"
#include "nrpc/v1/batch.pb-c.h"
#include "registry/write/import.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char LIST[] = "ftz.v1.RegistryService/ListChanges";
static const char REVISIONS[] = "ftz.v1.RegistryService/ListRevisions";

enum { SEEDED = 62 }; // records of data/xinjiang.json

// Writes a source with this title; returns the revision it made.
static int64_t write_source(site *s, const char *id, const char *title)
{
    char text[256];
    nrpc_status status = {0};
    registry_import result;
    int size = snprintf(text, sizeof text,
                        "{\"sources\":[{\"name\":\"sources/%s\",\"title\":\"%s\",\"kind\":"
                        "\"SOURCE_KIND_NEWS\"}]}",
                        id, title);
    assert_ok(registry_import_json(s->w.registry, &no_hurry, "test", text, (size_t)size, &result,
                                   &status),
              &status);
    return result.revision;
}

static Ftz__V1__ListChangesResponse *list(site *s, const Ftz__V1__ListChangesRequest *request,
                                          nrpc_status *status)
{
    return ask(s->tcp, LIST, &request->base, &ftz__v1__list_changes_response__descriptor, status);
}

static void since_now(site *s, char out[REGISTRY_REVISION_SIZE])
{
    registry_format_revision(s->w.registry, registry_revision(s->w.registry), out);
}

static void every_change_comes_once_in_order_whatever_the_page(void **state)
{
    site *s = *state;
    int sizes[] = {1, 7, 61, 62, 1000};
    for (size_t n = 0; n < ARRAY_LEN(sizes); n++) {
        Ftz__V1__ListChangesRequest request = FTZ__V1__LIST_CHANGES_REQUEST__INIT;
        char since[128] = "";
        int64_t revision = 0;
        int index = -1, count = 0;
        bool more = true;
        request.page_size = sizes[n];
        while (more) {
            nrpc_status status = {0};
            request.since = since;
            Ftz__V1__ListChangesResponse *page = list(s, &request, &status);
            assert_ok(status.code, &status);
            for (size_t i = 0; i < page->n_changes; i++) {
                const Ftz__V1__Change *c = page->changes[i];
                assert_true(c->revision > revision ||
                            (c->revision == revision && c->index > index));
                revision = c->revision;
                index = c->index;
                assert_null(c->resource);
                count++;
            }
            more = page->more;
            snprintf(since, sizeof since, "%s", page->next_since);
            drop(page);
        }
        assert_true(count >= SEEDED);
        assert_int_equal(revision, registry_revision(s->w.registry));
        char expected[REGISTRY_REVISION_SIZE];
        since_now(s, expected);
        assert_string_equal(since, expected);
    }
}

static void changes_are_chosen_by_name_and_type_and_say_who_and_what(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    char since[REGISTRY_REVISION_SIZE];
    since_now(s, since);
    int64_t first = write_source(s, "chosen", "One");
    write_source(s, "chosen-not", "Two");
    int64_t last = write_source(s, "chosen", "Three");
    Ftz__V1__ListChangesRequest request = FTZ__V1__LIST_CHANGES_REQUEST__INIT;
    request.since = since;
    request.name_prefix = (char *)"sources/chosen";
    request.include_resources = true;
    Ftz__V1__ListChangesResponse *page = list(s, &request, &status);
    assert_ok(status.code, &status);
    assert_int_equal(page->n_changes, 3);
    const Ftz__V1__Change *c = page->changes[0], *u = page->changes[2];
    assert_int_equal(c->revision, first);
    assert_int_equal(c->type, FTZ__V1__CHANGE_TYPE__CHANGE_TYPE_CREATED);
    assert_string_equal(c->name, "sources/chosen");
    assert_string_equal(c->request_id, no_hurry.request_id);
    assert_string_equal(c->actor, no_hurry.actor);
    assert_int_equal(c->n_changed_fields, 0);
    assert_int_equal(c->resource->kind_case, FTZ__V1__ANY_RESOURCE__KIND_SOURCE);
    assert_string_equal(c->resource->source->title, "One");
    assert_string_equal(c->resource->source->etag, c->etag);
    assert_int_equal(c->resource->source->revision, first);
    assert_int_equal(u->revision, last);
    assert_int_equal(u->type, FTZ__V1__CHANGE_TYPE__CHANGE_TYPE_UPDATED);
    assert_int_equal(u->n_changed_fields, 1);
    assert_string_equal(u->changed_fields[0], "title");
    drop(page);

    char *zones[] = {(char *)"Zone"};
    request.name_prefix = (char *)"";
    request.resource_types = zones;
    request.n_resource_types = 1;
    page = list(s, &request, &status);
    assert_ok(status.code, &status);
    assert_int_equal(page->n_changes, 0);
    assert_false(page->more);
    char expected[REGISTRY_REVISION_SIZE];
    since_now(s, expected);
    assert_string_equal(page->next_since, expected); // moved on over what did not match
    drop(page);
}

static void places_that_cannot_be_gone_on_from_are_refused(void **state)
{
    site *s = *state;
    const struct {
        const char *since;
        nrpc_code code;
        const char *reason;
    } cases[] = {
        {"0123456789abcdef:1", NRPC_OUT_OF_RANGE, "RESYNC_REQUIRED"},
        {"17", NRPC_INVALID_ARGUMENT, NULL},
        {":", NRPC_INVALID_ARGUMENT, NULL},
        {"x:9999999999999999999", NRPC_INVALID_ARGUMENT, NULL},
        {"x:1.", NRPC_INVALID_ARGUMENT, NULL},
        {"x:1.99999999999", NRPC_INVALID_ARGUMENT, NULL},
        {"x:-1", NRPC_INVALID_ARGUMENT, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        nrpc_status status = {0};
        Ftz__V1__ListChangesRequest request = FTZ__V1__LIST_CHANGES_REQUEST__INIT;
        request.since = (char *)(uintptr_t)cases[i].since;
        assert_null(list(s, &request, &status));
        assert_int_equal(status.code, cases[i].code);
        if (cases[i].reason)
            assert_string_equal(status.reason, cases[i].reason);
        else
            assert_violation(&status, "since", "REVISION_MALFORMED");
        nrpc_status_fini(&status);
    }
    // A revision that has not come: of a copy of this store that was further on.
    char since[REGISTRY_REVISION_SIZE];
    registry_format_revision(s->w.registry, registry_revision(s->w.registry) + 1, since);
    nrpc_status status = {0};
    Ftz__V1__ListChangesRequest request = FTZ__V1__LIST_CHANGES_REQUEST__INIT;
    request.since = since;
    assert_null(list(s, &request, &status));
    assert_status(&status, NRPC_OUT_OF_RANGE, "RESYNC_REQUIRED");
}

static void every_fault_of_a_request_is_named(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    char *types[] = {(char *)"Zone", (char *)"zones"};
    Ftz__V1__ListChangesRequest request = FTZ__V1__LIST_CHANGES_REQUEST__INIT;
    request.page_size = -1;
    request.resource_types = types;
    request.n_resource_types = 2;
    request.view = (Ftz__V1__ResourceView)9;
    assert_null(list(s, &request, &status));
    assert_int_equal(status.code, NRPC_INVALID_ARGUMENT);
    assert_violation(&status, "page_size", "NEGATIVE");
    assert_violation(&status, "resource_types[1]", "UNKNOWN_TYPE");
    assert_violation(&status, "view", "UNKNOWN_ENUM_VALUE");
    nrpc_status_fini(&status);
}

// --- waiting -------------------------------------------------------------------------------------

typedef struct waits {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    size_t done, with_change, wrong;
} waits;

#define NO_WAITS                                                                                   \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0                               \
    }

static void note_end(nrpc_reply *reply, void *context)
{
    waits *w = context;
    ProtobufCMessage *message = NULL;
    nrpc_status status = {0};
    nrpc_code code =
        nrpc_reply_unpack(reply, &ftz__v1__list_changes_response__descriptor, &message, &status);
    const Ftz__V1__ListChangesResponse *page = (const Ftz__V1__ListChangesResponse *)message;
    pthread_mutex_lock(&w->lock);
    w->done++;
    if (code || page->n_changes > 1)
        w->wrong++;
    else
        w->with_change += page->n_changes;
    pthread_cond_signal(&w->ended);
    pthread_mutex_unlock(&w->lock);
    if (message)
        drop(message);
    nrpc_status_fini(&status);
}

static void wait_for_all(waits *w, size_t count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 50; // far beyond any wait here
    int rv = 0;
    pthread_mutex_lock(&w->lock);
    while (w->done < count && !rv)
        rv = pthread_cond_timedwait(&w->ended, &w->lock, &until);
    pthread_mutex_unlock(&w->lock);
    assert_int_equal(rv, 0);
}

static void start_wait(nrpc_channel *channel, const char *since, const char *prefix, int seconds,
                       waits *w)
{
    Ftz__V1__ListChangesRequest request = FTZ__V1__LIST_CHANGES_REQUEST__INIT;
    Google__Protobuf__Duration wait = GOOGLE__PROTOBUF__DURATION__INIT;
    wait.seconds = seconds;
    request.since = (char *)(uintptr_t)since;
    request.name_prefix = (char *)(uintptr_t)prefix;
    request.wait = &wait;
    nrpc_channel_start_message(channel, LIST, &request.base,
                               &(nrpc_call_options){.timeout_ms = 60000}, note_end, w, NULL);
}

static void a_wait_ends_with_the_change_it_is_for_and_no_other(void **state)
{
    site *s = *state;
    static waits mine = NO_WAITS, other = NO_WAITS; // a failed test may leave before they end
    char since[REGISTRY_REVISION_SIZE];
    since_now(s, since);
    start_wait(s->tcp, since, "sources/awaited", 30, &mine);
    start_wait(s->tcp, since, "sources/never", 2, &other);
    usleep(50000); // both wait by now, most likely; the promise holds if they do not yet
    write_source(s, "unasked", "Nobody waits for it");
    write_source(s, "awaited", "At last");
    wait_for_all(&mine, 1);
    assert_int_equal(mine.with_change, 1);
    wait_for_all(&other, 1);
    assert_int_equal(other.with_change, 0);
    assert_int_equal(mine.wrong + other.wrong, 0);
}

static void thousands_wait_and_each_gets_the_change_once(void **state)
{
    site *s = *state;
    enum { WAITING = 2000, CONNECTIONS = 4 };
    static waits w = NO_WAITS;
    nrpc_channel *channels[CONNECTIONS];
    nrpc_status status = {0};
    char since[REGISTRY_REVISION_SIZE];
    since_now(s, since);
    for (int i = 0; i < CONNECTIONS; i++)
        assert_ok(nrpc_channel_open(&channels[i], nrpc_server_address(s->server, 0), NULL, &status),
                  &status);
    for (int i = 0; i < WAITING; i++)
        start_wait(channels[i % CONNECTIONS], since, "sources/crowd", 30, &w);
    // Others are answered meanwhile: no thread is held.
    for (int i = 0; i < 20; i++) {
        Ftz__V1__GetZoneRequest get = FTZ__V1__GET_ZONE_REQUEST__INIT;
        get.name = (char *)"zones/cn-xinjiang@1";
        drop(ask(s->tcp, "ftz.v1.ZoneService/GetZone", &get.base, &ftz__v1__zone__descriptor,
                 &status));
        assert_ok(status.code, &status);
    }
    write_source(s, "crowd", "For all");
    wait_for_all(&w, WAITING);
    assert_int_equal(w.wrong, 0);
    assert_int_equal(w.with_change, WAITING);
    for (int i = 0; i < CONNECTIONS; i++)
        nrpc_channel_free(channels[i]);
}

static void a_wait_ends_empty_when_its_time_is_over(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    char since[REGISTRY_REVISION_SIZE];
    Ftz__V1__ListChangesRequest request = FTZ__V1__LIST_CHANGES_REQUEST__INIT;
    Google__Protobuf__Duration wait = GOOGLE__PROTOBUF__DURATION__INIT;
    since_now(s, since);
    request.since = since;
    request.wait = &wait;
    wait.nanos = 30000000;
    int64_t before = clock_now_ns();
    Ftz__V1__ListChangesResponse *page = list(s, &request, &status);
    assert_ok(status.code, &status);
    assert_true(clock_now_ns() - before >= 30000000);
    assert_int_equal(page->n_changes, 0);
    assert_string_equal(page->next_since, since);
    drop(page);
    // No longer than the call's own deadline, which is not passed.
    wait.seconds = 30;
    page = ask_with(s->tcp, LIST, &request.base, &ftz__v1__list_changes_response__descriptor,
                    &(nrpc_call_options){.timeout_ms = 400}, &status);
    assert_ok(status.code, &status);
    drop(page);
    wait.seconds = -1;
    assert_null(list(s, &request, &status));
    assert_violation(&status, "wait", "OUT_OF_RANGE");
    nrpc_status_fini(&status);
}

static void a_server_that_stops_ends_the_waits(void **state)
{
    (void)state;
    site s;
    site_open(&s, &(service_options){0});
    static waits w = NO_WAITS;
    char since[REGISTRY_REVISION_SIZE];
    since_now(&s, since);
    for (int i = 0; i < 10; i++)
        start_wait(s.tcp, since, "", 30, &w);
    // What is answered behind them on the same connection: they have been read.
    nrpc_status status = {0};
    Ftz__V1__GetZoneRequest get = FTZ__V1__GET_ZONE_REQUEST__INIT;
    get.name = (char *)"zones/cn-xinjiang";
    drop(ask(s.tcp, "ftz.v1.ZoneService/GetZone", &get.base, &ftz__v1__zone__descriptor, &status));
    assert_ok(status.code, &status);
    service_drain(s.services);
    assert_true(nrpc_server_drain(s.server, 20000));
    wait_for_all(&w, 10);
    assert_int_equal(w.with_change, 0);
    assert_int_equal(w.wrong, 0);
    site_close(&s);
}

static void a_wait_may_be_cancelled(void **state)
{
    site *s = *state;
    static waits w = NO_WAITS;
    nrpc_channel *channel;
    nrpc_status status = {0};
    char since[REGISTRY_REVISION_SIZE];
    since_now(s, since);
    assert_ok(nrpc_channel_open(&channel, nrpc_server_address(s->server, 0), NULL, &status),
              &status);
    for (int i = 0; i < 50; i++)
        start_wait(channel, since, "", 30, &w);
    usleep(50000);
    nrpc_channel_free(channel); // hangs up on all of them
    wait_for_all(&w, 50);
    assert_int_equal(w.wrong, 50);
    write_source(s, "after-cancel", "Nobody is there to be woken");
}

static void a_wait_is_not_for_batches(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    Nrpc__V1__Call call = NRPC__V1__CALL__INIT, *calls[] = {&call};
    Nrpc__V1__RunRequest request = NRPC__V1__RUN_REQUEST__INIT;
    call.method = (char *)(uintptr_t)LIST;
    request.calls = calls;
    request.n_calls = 1;
    Nrpc__V1__RunResponse *response = ask(s->tcp, "nrpc.v1.BatchService/Run", &request.base,
                                          &nrpc__v1__run_response__descriptor, &status);
    assert_ok(status.code, &status);
    assert_int_equal(response->replies[0]->status->code, NRPC_INVALID_ARGUMENT);
    drop(response);
}

// --- looking back --------------------------------------------------------------------------------

static void revisions_tell_what_a_resource_was_and_who_changed_what(void **state)
{
    site *s = *state;
    nrpc_status status = {0};
    int64_t made[3];
    made[0] = write_source(s, "history", "First");
    made[1] = write_source(s, "history", "Second");
    made[2] = write_source(s, "history", "Third");
    Ftz__V1__ListRevisionsRequest request = FTZ__V1__LIST_REVISIONS_REQUEST__INIT;
    static const char *const titles[] = {"First", "Second", "Third"};
    char token[256] = "";
    request.name = (char *)"sources/history";
    request.page_size = 2;
    int left = 3;
    do {
        request.page_token = token;
        Ftz__V1__ListRevisionsResponse *page =
            ask(s->tcp, REVISIONS, &request.base, &ftz__v1__list_revisions_response__descriptor,
                &status);
        assert_ok(status.code, &status);
        for (size_t i = 0; i < page->n_revisions; i++) {
            const Ftz__V1__Change *c = page->revisions[i];
            left--;
            assert_int_equal(c->revision, made[left]);
            assert_string_equal(c->resource->source->title, titles[left]);
            assert_int_equal(c->n_changed_fields, left ? 1 : 0);
        }
        snprintf(token, sizeof token, "%s", page->next_page_token);
        drop(page);
    } while (*token);
    assert_int_equal(left, 0);

    request.page_token = (char *)"AAAA";
    assert_null(ask(s->tcp, REVISIONS, &request.base, &ftz__v1__list_revisions_response__descriptor,
                    &status));
    assert_status(&status, NRPC_INVALID_ARGUMENT, "PAGE_TOKEN_MISMATCH");
    request.page_token = (char *)"";
    request.name = (char *)"sources/never-was";
    assert_null(ask(s->tcp, REVISIONS, &request.base, &ftz__v1__list_revisions_response__descriptor,
                    &status));
    assert_status(&status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_comes_once_in_order_whatever_the_page),
        cmocka_unit_test(changes_are_chosen_by_name_and_type_and_say_who_and_what),
        cmocka_unit_test(places_that_cannot_be_gone_on_from_are_refused),
        cmocka_unit_test(every_fault_of_a_request_is_named),
        cmocka_unit_test(a_wait_ends_with_the_change_it_is_for_and_no_other),
        cmocka_unit_test(thousands_wait_and_each_gets_the_change_once),
        cmocka_unit_test(a_wait_ends_empty_when_its_time_is_over),
        cmocka_unit_test(a_server_that_stops_ends_the_waits),
        cmocka_unit_test(a_wait_may_be_cancelled),
        cmocka_unit_test(a_wait_is_not_for_batches),
        cmocka_unit_test(revisions_tell_what_a_resource_was_and_who_changed_what),
    };
    return cmocka_run_group_tests(tests, site_setup, site_teardown);
}
