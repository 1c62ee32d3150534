// The life of the daemon: what it says, what it keeps, how it ends, and whom it lets write.
#include "support/daemon.h"
#include "support/rawsp.h"
#include "support/test.h"

#include "base/clock.h"

#include <ftz/v1/registry_service.pb-c.h>
#include <ftz/v1/resources.pb-c.h>
#include <ftz/v1/zone_service.pb-c.h>
#include <nrpc/v1/echo.pb-c.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEED FTZ_SOURCE_DIR "/data/xinjiang.json"

static int prepare(void **state)
{
    ftzd *d = malloc(sizeof *d);
    ftzd_init(d);
    *state = d;
    return 0;
}

static int clean(void **state)
{
    ftzd_fini(*state);
    free(*state);
    return 0;
}

static void start(ftzd *d, const char *option)
{
    ftzd_start(d, (const char *const[]){"--seed", SEED, option, NULL});
}

// --- help for questions
// -------------------------------------------------------------------------------

static int zone_count(const ftzd *d)
{
    rawsp r;
    uint8_t *payload;
    size_t size;
    assert_true(rawsp_open(&r, d->tcp));
    assert_int_equal(rawsp_call(&r, "ftz.v1.ZoneService/ListZones", "", 0, &payload, &size, NULL),
                     NRPC_OK);
    Ftz__V1__ListZonesResponse *list = ftz__v1__list_zones_response__unpack(NULL, size, payload);
    assert_non_null(list);
    int count = (int)list->n_zones;
    ftz__v1__list_zones_response__free_unpacked(list, NULL);
    free(payload);
    rawsp_close(&r);
    return count;
}

// The code that beginning an import ends with.
static int try_to_write(const char *url, char reason[64])
{
    rawsp r;
    uint8_t request[64];
    Ftz__V1__CreateImportRequest message = FTZ__V1__CREATE_IMPORT_REQUEST__INIT;
    message.request_id = (char *)(uintptr_t) "5f2b8d0a-9a53-4a0e-9d0f-0d8a4c0f6c01";
    size_t size = ftz__v1__create_import_request__pack(&message, request);
    assert_true(rawsp_open(&r, url));
    int code =
        rawsp_call(&r, "ftz.v1.RegistryService/CreateImport", request, size, NULL, NULL, reason);
    rawsp_close(&r);
    return code;
}

static void send_slow_call(rawsp *r, uint32_t delay_ms)
{
    uint8_t request[64];
    Nrpc__V1__EchoRequest message = NRPC__V1__ECHO_REQUEST__INIT;
    message.delay_ms = delay_ms;
    size_t size = nrpc__v1__echo_request__pack(&message, request);
    assert_true(rawsp_send_call(r, 1, "nrpc.v1.EchoService/Echo", request, size, 0));
    usleep(100000); // it has arrived
}

static void assert_says(const char *text, const char *what)
{
    if (!strstr(text, what))
        fail_msg("it does not say \"%s\" but: %s", what, text);
}

// --- starting
// -----------------------------------------------------------------------------------------

static void it_prints_its_addresses_and_then_ready(void **state)
{
    ftzd *d = *state;
    start(d, NULL);
    assert_says(d->output, "listening on tcp://127.0.0.1:");
    assert_says(d->output, "listening on ipc:///");
    assert_says(d->output, "\nready\n");
    assert_null(strstr(d->tcp, ":0\n"));
    assert_int_equal(zone_count(d), 1);
    assert_int_equal(ftzd_stop(d), 0);
    assert_int_not_equal(access(d->ipc + strlen("ipc://"), F_OK), 0); // the socket is gone
}

static void a_restart_keeps_the_data_and_the_stores_id(void **state)
{
    ftzd *d = *state;
    char id[64];
    start(d, NULL);
    strcpy(id, d->store_id);
    assert_true(strlen(id) >= 16);
    assert_int_equal(ftzd_stop(d), 0);
    ftzd_start(d, NULL);
    assert_string_equal(d->store_id, id);
    assert_int_equal(zone_count(d), 1);
    // And when it had no time to say goodbye.
    ftzd_signal(d, SIGKILL);
    assert_int_equal(ftzd_wait(d), 128 + SIGKILL);
    ftzd_start(d, NULL);
    assert_string_equal(d->store_id, id);
    assert_int_equal(zone_count(d), 1);
    assert_int_equal(ftzd_stop(d), 0);
}

static void a_seed_imported_again_changes_nothing(void **state)
{
    ftzd *d = *state;
    start(d, NULL);
    assert_says(d->output, " 82 created, 0 updated, 0 unchanged");
    assert_says(d->output, "at revision 1 ");
    assert_int_equal(ftzd_stop(d), 0);
    start(d, NULL);
    assert_says(d->output, " 0 created, 0 updated, 82 unchanged");
    assert_says(d->output, "at revision 1 ");
    assert_int_equal(ftzd_stop(d), 0);
}

static void a_bad_seed_is_refused_with_its_path(void **state)
{
    ftzd *d = *state;
    char seed[128], store[128], errors[4096];
    snprintf(seed, sizeof seed, "%s/seed.json", d->dir);
    snprintf(store, sizeof store, "sqlite:%s/registry.db", d->dir);
    FILE *f = fopen(seed, "w");
    fputs("{\"zones\": [{\"name\": \"zones/x\", \"displayName\": \"X\", \"areaKm2\": \"big\"}]}",
          f);
    fclose(f);
    const char *const args[] = {"--store",           store, "--seed", seed, "--listen",
                                "tcp://127.0.0.1:0", NULL};
    assert_int_equal(run_ftzd(args, NULL, 0, errors, sizeof errors), 1);
    assert_says(errors, "zones[0].areaKm2");
    f = fopen(seed, "w");
    fputs("{\"zones\": [", f);
    fclose(f);
    assert_int_equal(run_ftzd(args, NULL, 0, errors, sizeof errors), 1);
    assert_says(errors, "JSON_SYNTAX");
    unlink(seed);
    assert_int_equal(run_ftzd(args, NULL, 0, errors, sizeof errors), 1);
    assert_says(errors, "seed.json");
}

static void a_second_daemon_on_the_same_file_is_refused(void **state)
{
    ftzd *d = *state;
    char store[128], errors[4096];
    start(d, NULL);
    snprintf(store, sizeof store, "sqlite:%s/registry.db", d->dir);
    const char *const args[] = {"--store", store, "--listen", "tcp://127.0.0.1:0", NULL};
    assert_int_equal(run_ftzd(args, NULL, 0, errors, sizeof errors), 1);
    assert_says(errors, "registry.db");
    assert_int_equal(zone_count(d), 1); // the first one does not mind
    assert_int_equal(ftzd_stop(d), 0);
}

static void an_address_in_use_is_named(void **state)
{
    ftzd *d = *state;
    char errors[4096], store[128];
    start(d, NULL);
    snprintf(store, sizeof store, "sqlite:%s/second.db", d->dir);
    const char *const urls[] = {d->tcp, d->ipc};
    for (size_t i = 0; i < 2; i++) {
        const char *const args[] = {"--store", store, "--listen", urls[i], NULL};
        assert_int_equal(run_ftzd(args, NULL, 0, errors, sizeof errors), 1);
        assert_says(errors, urls[i]);
        assert_says(errors, "ADDRESS_IN_USE");
    }
    assert_int_equal(zone_count(d), 1);
    assert_int_equal(try_to_write(d->ipc, NULL), NRPC_OK); // its socket was left alone
    assert_int_equal(ftzd_stop(d), 0);
}

static void wrong_usage_exits_with_2(void **state)
{
    (void)state;
    static const char *const wrong[][4] = {
        {"--nope"},         {"--threads", "0"}, {"--threads", "many"}, {"--cache-mb", "-1"},
        {"--drain-ms", ""}, {"--listen"},       {"argument"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char errors[4096];
        assert_int_equal(run_ftzd(wrong[i], NULL, 0, errors, sizeof errors), 2);
        assert_true(strlen(errors) > 10);
    }
}

static void help_and_version_exit_with_0(void **state)
{
    (void)state;
    char out[16384];
    assert_int_equal(run_ftzd((const char *const[]){"--help", NULL}, out, sizeof out, NULL, 0), 0);
    assert_says(out, "--allow-anonymous-writes");
    assert_int_equal(run_ftzd((const char *const[]){"--version", NULL}, out, sizeof out, NULL, 0),
                     0);
    assert_says(out, "ftzd ");
}

static void an_address_of_another_kind_is_refused(void **state)
{
    ftzd *d = *state;
    char errors[4096], store[128];
    snprintf(store, sizeof store, "sqlite:%s/registry.db", d->dir);
    const char *const args[] = {"--store", store, "--listen", "http://127.0.0.1:80", NULL};
    assert_int_equal(run_ftzd(args, NULL, 0, errors, sizeof errors), 1);
    assert_says(errors, "http://127.0.0.1:80");
}

// --- ending
// -------------------------------------------------------------------------------------------

static void a_call_in_flight_may_end_after_sigterm(void **state)
{
    ftzd *d = *state;
    start(d, "--echo");
    rawsp r, other;
    assert_true(rawsp_open(&r, d->tcp));
    assert_true(rawsp_open(&other, d->tcp)); // idle: closed at once
    send_slow_call(&r, 1000);
    int64_t begin = clock_now_ns();
    ftzd_signal(d, SIGTERM);
    assert_true(rawsp_closed_by_peer(&other));
    rawsp_close(&other);
    assert_int_equal(rawsp_recv_reply(&r, NULL, NULL, NULL, NULL), NRPC_OK);
    assert_true(clock_now_ns() - begin > 500 * INT64_C(1000000));
    assert_true(rawsp_closed_by_peer(&r));
    rawsp_close(&r);
    assert_int_equal(ftzd_wait(d), 0);
}

static void a_call_that_takes_too_long_is_cut(void **state)
{
    ftzd *d = *state;
    ftzd_start(d, (const char *const[]){"--echo", "--drain-ms", "200", NULL});
    rawsp r;
    assert_true(rawsp_open(&r, d->tcp));
    send_slow_call(&r, 20000);
    int64_t begin = clock_now_ns();
    ftzd_signal(d, SIGTERM);
    assert_int_equal(ftzd_wait(d), 0);
    assert_true(clock_now_ns() - begin < 5000 * INT64_C(1000000));
    rawsp_close(&r);
}

static void a_second_signal_ends_it_at_once(void **state)
{
    ftzd *d = *state;
    start(d, "--echo");
    rawsp r;
    assert_true(rawsp_open(&r, d->tcp));
    send_slow_call(&r, 20000);
    int64_t begin = clock_now_ns();
    ftzd_signal(d, SIGTERM);
    usleep(200000);
    ftzd_signal(d, SIGINT);
    assert_int_equal(ftzd_wait(d), 0);
    assert_true(clock_now_ns() - begin < 3000 * INT64_C(1000000));
    rawsp_close(&r);
}

static void sigint_ends_it_too(void **state)
{
    ftzd *d = *state;
    start(d, NULL);
    ftzd_signal(d, SIGINT);
    assert_int_equal(ftzd_wait(d), 0);
}

// --- writing
// ------------------------------------------------------------------------------------------

static void writes_are_for_the_unix_socket(void **state)
{
    ftzd *d = *state;
    char reason[64];
    start(d, NULL);
    assert_int_equal(try_to_write(d->tcp, reason), NRPC_PERMISSION_DENIED);
    assert_string_equal(reason, "WRITES_NOT_ALLOWED");
    assert_int_equal(try_to_write(d->ipc, NULL), NRPC_OK);
    assert_int_equal(ftzd_stop(d), 0);
}

static void anonymous_writes_can_be_allowed(void **state)
{
    ftzd *d = *state;
    start(d, "--allow-anonymous-writes");
    assert_int_equal(try_to_write(d->tcp, NULL), NRPC_OK);
    assert_int_equal(try_to_write(d->ipc, NULL), NRPC_OK);
    assert_int_equal(ftzd_stop(d), 0);
}

static void echo_is_off_unless_asked_for(void **state)
{
    ftzd *d = *state;
    rawsp r;
    char reason[64];
    start(d, NULL);
    assert_true(rawsp_open(&r, d->tcp));
    assert_int_equal(rawsp_call(&r, "nrpc.v1.EchoService/Echo", "", 0, NULL, NULL, reason),
                     NRPC_UNIMPLEMENTED);
    rawsp_close(&r);
    assert_int_equal(ftzd_stop(d), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, prepare, clean)
    const struct CMUnitTest tests[] = {
        TEST(it_prints_its_addresses_and_then_ready),
        TEST(a_restart_keeps_the_data_and_the_stores_id),
        TEST(a_seed_imported_again_changes_nothing),
        TEST(a_bad_seed_is_refused_with_its_path),
        TEST(a_second_daemon_on_the_same_file_is_refused),
        TEST(an_address_in_use_is_named),
        TEST(wrong_usage_exits_with_2),
        TEST(help_and_version_exit_with_0),
        TEST(an_address_of_another_kind_is_refused),
        TEST(a_call_in_flight_may_end_after_sigterm),
        TEST(a_call_that_takes_too_long_is_cut),
        TEST(a_second_signal_ends_it_at_once),
        TEST(sigint_ends_it_too),
        TEST(writes_are_for_the_unix_socket),
        TEST(anonymous_writes_can_be_allowed),
        TEST(echo_is_off_unless_asked_for),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
