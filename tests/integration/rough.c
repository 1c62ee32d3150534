// Peers that behave badly: they connect and hang up, at every point of a conversation and in great
// numbers. Afterwards the daemon serves as before and has kept nothing of them.
//
// usage: rough [COUNT]    how many aborted connections over each transport (5,000)
#include "support/daemon.h"
#include "support/rawsp.h"
#include "support/test.h"

#include "nrpc/sp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEED   FTZ_SOURCE_DIR "/data/xinjiang.json"
#define HEALTH "nrpc.v1.HealthService/Check"

enum {
    WARM_UP = 500,
    // The backlog of the listening socket is 128, and a full one costs a second of SYN
    // retransmission: after this many connects one is seen through.
    BURST = 64,
    ALLOWED_KB = 8 * 1024,
    SETTLE_MS = 15000,
};

static ftzd server;
static int wanted = 5000;

static int start(void **state)
{
    (void)state;
    // What was freed must not count as used: AddressSanitizer keeps it for long by default.
    const char *options = getenv("ASAN_OPTIONS");
    char more[512];
    snprintf(more, sizeof more, "%s%squarantine_size_mb=1:thread_local_quarantine_size_kb=64",
             options ? options : "", options ? ":" : "");
    setenv("ASAN_OPTIONS", more, 1);
    ftzd_init(&server);
    ftzd_start(&server, (const char *const[]){"--echo", "--seed", SEED, NULL});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    int code = ftzd_stop(&server);
    ftzd_fini(&server);
    return code;
}

static void assert_serves(const char *url)
{
    rawsp r;
    assert_true(rawsp_open(&r, url));
    assert_int_equal(rawsp_call(&r, HEALTH, "", 0, NULL, NULL, NULL), NRPC_OK);
    rawsp_close(&r);
}

// A conversation up to a request that waits: the handshake, then a call of Echo with a delay.
static size_t conversation(bool ipc, uint8_t out[128])
{
    static const char call[] = "\x80\0\0\1\x0a\x18nrpc.v1.EchoService/Echo\x12\x03\x10\xa0\x1f";
    size_t size = sizeof call - 1;
    sp_put_handshake(out, SP_REQ);
    uint8_t *end =
        sp_put_prefix(out + SP_HANDSHAKE_SIZE, ipc ? SP_FRAMING_IPC : SP_FRAMING_TCP, size);
    memcpy(end, call, size);
    return (size_t)(end - out) + size;
}

// Says the first `said` bytes and hangs up. Every second time with a reset, as after a crash.
static void hang_up_after(const char *url, size_t said, bool reset)
{
    rawsp r;
    uint8_t bytes[128];
    if (!rawsp_connect(&r, url))
        fail_msg("no connection to %s", url);
    conversation(r.ipc, bytes);
    if (said)
        rawsp_send(&r, bytes, said);
    if (reset)
        rawsp_abort(&r);
    else
        rawsp_close(&r);
}

static void hangs_up_everywhere(const char *url)
{
    uint8_t bytes[128];
    size_t size = conversation(strncmp(url, "ipc", 3) == 0, bytes);
    int files = ftzd_open_files(&server);
    for (size_t said = 0; said <= size; said++) {
        hang_up_after(url, said, true);
        hang_up_after(url, said, false);
        if (said % (BURST / 4) == 0)
            assert_serves(url);
    }
    assert_serves(url);
    for (int i = 0; i < SETTLE_MS && ftzd_open_files(&server) > files; i++)
        usleep(1000);
    assert_true(ftzd_open_files(&server) <= files);
}

static void peers_may_hang_up_at_every_byte_over_tcp(void **state)
{
    (void)state;
    hangs_up_everywhere(server.tcp);
}

static void peers_may_hang_up_at_every_byte_over_ipc(void **state)
{
    (void)state;
    hangs_up_everywhere(server.ipc);
}

static void flood(const char *url, int count)
{
    // Nothing, half a handshake, a whole one, half a request, a call in flight.
    static const size_t said[] = {0, 4, 8, 20};
    uint8_t bytes[128];
    size_t whole = conversation(strncmp(url, "ipc", 3) == 0, bytes);
    for (int i = 0; i < count; i++) {
        size_t kind = (size_t)i % 5;
        // A port is not free again for a minute after a close without reset: few of those.
        hang_up_after(url, kind < 4 ? said[kind] : whole, i % 8 != 0);
        if (i % BURST == BURST - 1)
            assert_serves(url);
    }
    assert_serves(url);
}

// What the daemon holds once its files are back, or after SETTLE_MS.
static long settled_memory(int files, long wanted_kb)
{
    long memory = 0;
    for (int i = 0; i < SETTLE_MS / 10; i++) {
        memory = ftzd_memory_kb(&server);
        if (ftzd_open_files(&server) <= files && memory <= wanted_kb)
            break;
        usleep(10000);
    }
    return memory;
}

static void survives_a_flood(const char *url)
{
    flood(url, WARM_UP);
    usleep(200000);
    int files = ftzd_open_files(&server);
    long memory = ftzd_memory_kb(&server), before;
    // The allocator keeps what the busiest moment needed, which on a loaded machine is more than in
    // the warm-up; what leaks comes again with every flood.
    int floods = 0;
    do {
        before = memory;
        flood(url, wanted);
        memory = settled_memory(files, before + ALLOWED_KB);
        print_message("%d connects: files %d -> %d, memory %ld -> %ld KiB\n", wanted, files,
                      ftzd_open_files(&server), before, memory);
    } while (memory > before + ALLOWED_KB && ++floods < 3);
    int left_files = ftzd_open_files(&server);
    assert_true(left_files > 0 && left_files <= files);
    assert_true(memory > 0 && memory <= before + ALLOWED_KB);
}

static void aborted_connects_leave_nothing_behind_over_tcp(void **state)
{
    (void)state;
    survives_a_flood(server.tcp);
}

static void aborted_connects_leave_nothing_behind_over_ipc(void **state)
{
    (void)state;
    survives_a_flood(server.ipc);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        wanted = atoi(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers_may_hang_up_at_every_byte_over_tcp),
        cmocka_unit_test(peers_may_hang_up_at_every_byte_over_ipc),
        cmocka_unit_test(aborted_connects_leave_nothing_behind_over_tcp),
        cmocka_unit_test(aborted_connects_leave_nothing_behind_over_ipc),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
