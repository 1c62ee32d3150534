// What the daemon does by itself: it purges what was deleted long ago, and ends cleanly meanwhile.
#include "support/daemon.h"
#include "support/rawsp.h"
#include "support/test.h"

#include "base/clock.h"
#include "store/store.h"

#include <ftz/v1/zone_service.pb-c.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ZONES = 1000, SECONDS = 10 };

// Zones of which each but the last was deleted and its time is over.
static nrpc_code write_zones(store_tx *tx, void *context, nrpc_status *status)
{
    (void)context;
    for (int i = 0; i < ZONES; i++) {
        char name[32], body[64];
        snprintf(name, sizeof name, "zones/z%d", i);
        int size = snprintf(body, sizeof body, "\n%c%s\x12\x01Z", (char)strlen(name), name);
        store_index index = {.document = {"{}", 2}};
        store_record record = {.type = "Zone",
                               .name = name,
                               .parent = "",
                               .uid = "",
                               .body = {body, (size_t)size},
                               .index = &index};
        nrpc_code code = store_tx_put(tx, STORE_CREATED, &record, status);
        record.delete_time_us = 1;
        record.purge_time_us = 2;
        if (!code && i < ZONES - 1)
            code = store_tx_put(tx, STORE_DELETED, &record, status);
        if (code)
            return code;
    }
    return NRPC_OK;
}

static void fill(const ftzd *d)
{
    char url[128];
    store *s;
    nrpc_status status = {0};
    int64_t revision;
    const store_context c = {.deadline_ns = CLOCK_NEVER, .actor = "test", .request_id = ""};
    snprintf(url, sizeof url, "sqlite:%s/registry.db", d->dir);
    assert_int_equal(store_open(url, &s, &status), NRPC_OK);
    assert_int_equal(store_write(s, &c, write_zones, NULL, &revision, &status), NRPC_OK);
    store_close(s);
}

static int get_zone(const ftzd *d, const char *name)
{
    rawsp r;
    uint8_t request[64];
    Ftz__V1__GetZoneRequest message = FTZ__V1__GET_ZONE_REQUEST__INIT;
    message.name = (char *)(uintptr_t)name;
    size_t size = ftz__v1__get_zone_request__pack(&message, request);
    assert_true(rawsp_open(&r, d->tcp));
    int code = rawsp_call(&r, "ftz.v1.ZoneService/GetZone", request, size, NULL, NULL, NULL);
    rawsp_close(&r);
    return code;
}

static void what_was_deleted_long_ago_is_purged_at_start(void **state)
{
    (void)state;
    ftzd d;
    ftzd_init(&d);
    fill(&d);
    ftzd_start(&d, (const char *const[]){"--keep-changes-days", "1", "--keep-changes", "10", NULL});
    for (int i = 0; i < SECONDS * 100 && get_zone(&d, "zones/z998") != NRPC_NOT_FOUND; i++)
        usleep(10000);
    assert_int_equal(get_zone(&d, "zones/z998"), NRPC_NOT_FOUND);
    assert_int_equal(get_zone(&d, "zones/z999"), NRPC_OK);
    assert_int_equal(ftzd_stop(&d), 0);
    ftzd_fini(&d);
}

static void it_can_be_stopped_in_the_middle_of_it(void **state)
{
    (void)state;
    ftzd d;
    ftzd_init(&d);
    fill(&d);
    for (int i = 0; i < 5; i++) {
        ftzd_start(&d, (const char *const[]){NULL});
        assert_int_equal(get_zone(&d, "zones/z999"), NRPC_OK);
        assert_int_equal(ftzd_stop(&d), 0);
    }
    ftzd_fini(&d);
}

static void a_day_of_changes_is_kept_at_least(void **state)
{
    (void)state;
    char err[1024];
    assert_int_equal(
        run_ftzd((const char *const[]){"--keep-changes-days", "0", NULL}, NULL, 0, err, sizeof err),
        2);
    assert_non_null(strstr(err, "--keep-changes-days is a number from 1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_deleted_long_ago_is_purged_at_start),
        cmocka_unit_test(it_can_be_stopped_in_the_middle_of_it),
        cmocka_unit_test(a_day_of_changes_is_kept_at_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
