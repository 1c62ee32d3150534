// The C library follows a real server through restarts: nothing missed, nothing twice.
#include "base/macros.h"
#include "support/daemon.h"
#include "support/test.h"

#include <ftz/watch.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct place {
    ftzd server;
    ftz_client *client; // over the Unix socket, whose path stays the same
} place;

static void start(place *p)
{
    ftzd_start(&p->server, (const char *const[]){NULL});
}

static int prepare(void **state)
{
    place *p = calloc(1, sizeof *p);
    nrpc_status status = {0};
    ftzd_init(&p->server);
    start(p);
    assert_int_equal(ftz_client_open(&p->client, p->server.ipc, NULL, &status), NRPC_OK);
    *state = p;
    return 0;
}

static int clean(void **state)
{
    place *p = *state;
    ftz_client_close(p->client);
    ftzd_fini(&p->server);
    free(p);
    return 0;
}

static void write_sources(place *p, int from, int count)
{
    nrpc_status status = {0};
    ftz_import *import = ftz_import_begin(p->client, false, &status);
    assert_non_null(import);
    for (int i = from; i < from + count; i++) {
        char name[32], title[32];
        Ftz__V1__Source source = FTZ__V1__SOURCE__INIT;
        Ftz__V1__AnyResource record = FTZ__V1__ANY_RESOURCE__INIT;
        snprintf(name, sizeof name, "sources/s%04d", i);
        snprintf(title, sizeof title, "Source %d", i);
        source.name = name;
        source.title = title;
        record.kind_case = FTZ__V1__ANY_RESOURCE__KIND_SOURCE;
        record.source = &source;
        assert_int_equal(ftz_import_add(import, &record, &status), NRPC_OK);
    }
    Ftz__V1__Import *done = ftz_import_commit(import, &status);
    assert_non_null(done);
    ftz_free(done);
    ftz_import_free(import);
}

static void expect_source(const Ftz__V1__Change *change, int i)
{
    char name[32];
    assert_non_null(change);
    snprintf(name, sizeof name, "sources/s%04d", i);
    assert_string_equal(change->name, name);
}

static void a_watch_goes_on_through_a_restart(void **state)
{
    place *p = *state;
    nrpc_status status = {0};
    ftz_watch *watch = ftz_watch_open(p->client, NULL, &status);
    assert_non_null(watch);
    write_sources(p, 0, 150);
    for (int i = 0; i < 150; i++)
        expect_source(ftz_watch_next(watch, &status), i);
    assert_int_equal(ftzd_stop(&p->server), 0);
    start(p);
    write_sources(p, 150, 3);
    for (int i = 150; i < 153; i++)
        expect_source(ftz_watch_next(watch, &status), i);
    assert_int_equal(status.code, NRPC_OK);
    ftz_watch_close(watch);
}

static void another_watch_resumes_behind_any_change(void **state)
{
    place *p = *state;
    nrpc_status status = {0};
    char since[128] = "";
    write_sources(p, 0, 20); // one revision
    for (int i = 0; i < 20; i++) {
        ftz_watch_options options = {
            .since = since, .stop_at_end = true, .name_prefix = "sources/"};
        ftz_watch *watch = ftz_watch_open(p->client, &options, &status);
        expect_source(ftz_watch_next(watch, &status), i);
        snprintf(since, sizeof since, "%s", ftz_watch_since(watch));
        ftz_watch_close(watch);
    }
    ftz_watch *watch = ftz_watch_open(
        p->client, &(ftz_watch_options){.since = since, .stop_at_end = true}, &status);
    assert_null(ftz_watch_next(watch, &status));
    assert_int_equal(status.code, NRPC_OK);
    ftz_watch_close(watch);
}

static void another_stores_place_needs_a_resync(void **state)
{
    place *p = *state;
    nrpc_status status = {0};
    ftz_watch *watch =
        ftz_watch_open(p->client, &(ftz_watch_options){.since = "0123456789abcdef:1"}, &status);
    assert_null(ftz_watch_next(watch, &status));
    assert_int_equal(status.code, NRPC_OUT_OF_RANGE);
    assert_string_equal(status.reason, "RESYNC_REQUIRED");
    nrpc_status_fini(&status);
    ftz_watch_close(watch);
}

static void *cancel_soon(void *watch)
{
    usleep(100000);
    ftz_watch_cancel(watch);
    return NULL;
}

static void a_watch_is_cancelled_while_it_waits_or_its_server_is_away(void **state)
{
    place *p = *state;
    for (int away = 0; away < 2; away++) {
        nrpc_status status = {0};
        pthread_t thread;
        ftz_watch *watch = ftz_watch_open(p->client, NULL, &status);
        pthread_create(&thread, NULL, cancel_soon, watch);
        assert_null(ftz_watch_next(watch, &status));
        assert_int_equal(status.code, NRPC_CANCELLED);
        nrpc_status_fini(&status);
        pthread_join(thread, NULL);
        assert_null(ftz_watch_next(watch, &status));
        nrpc_status_fini(&status);
        ftz_watch_close(watch);
        if (!away)
            assert_int_equal(ftzd_stop(&p->server), 0);
    }
}

static void a_cancelled_watch_tells_nothing_more(void **state)
{
    place *p = *state;
    nrpc_status status = {0};
    write_sources(p, 0, 5);
    ftz_watch *watch = ftz_watch_open(p->client, NULL, &status);
    expect_source(ftz_watch_next(watch, &status), 0);
    assert_int_equal(ftz_watch_pending(watch), 4);
    ftz_watch_cancel(watch);
    assert_null(ftz_watch_next(watch, &status));
    assert_int_equal(status.code, NRPC_CANCELLED);
    nrpc_status_fini(&status);
    ftz_watch_close(watch);
}

static void a_watch_may_be_cancelled_by_many(void **state)
{
    place *p = *state;
    for (int round = 0; round < 20; round++) {
        nrpc_status status = {0};
        pthread_t threads[4];
        ftz_watch *watch = ftz_watch_open(p->client, NULL, &status);
        for (size_t i = 0; i < ARRAY_LEN(threads); i++)
            pthread_create(&threads[i], NULL, cancel_soon, watch);
        assert_null(ftz_watch_next(watch, &status));
        assert_int_equal(status.code, NRPC_CANCELLED);
        nrpc_status_fini(&status);
        for (size_t i = 0; i < ARRAY_LEN(threads); i++)
            pthread_join(threads[i], NULL);
        ftz_watch_close(watch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_watch_goes_on_through_a_restart, prepare, clean),
        cmocka_unit_test_setup_teardown(another_watch_resumes_behind_any_change, prepare, clean),
        cmocka_unit_test_setup_teardown(another_stores_place_needs_a_resync, prepare, clean),
        cmocka_unit_test_setup_teardown(a_cancelled_watch_tells_nothing_more, prepare, clean),
        cmocka_unit_test_setup_teardown(a_watch_may_be_cancelled_by_many, prepare, clean),
        cmocka_unit_test_setup_teardown(a_watch_is_cancelled_while_it_waits_or_its_server_is_away,
                                        prepare, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
