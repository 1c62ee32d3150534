// What the server promises to whoever speaks SP to it, and to its handlers.
#include "support/rawsp.h"
#include "support/test.h"

#include "base/arena.h"
#include "base/clock.h"
#include "nrpc/sp.h"

#include <nng/nng.h>
#include <nrpc/server.h>
#include <nrpc/v1/control.pb-c.h>
#include <nrpc/v1/echo.pb-c.h>
#include <nrpc/v1/health.pb-c.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ECHO "nrpc.v1.EchoService/Echo"

// The echo handler does what the first letter of its data says.
enum { QUICK = 'q', POOL = 'p', LATER = 'l', SLEEP = 's', HOLD = 'h', FAIL = 'f', BIG = 'b' };

typedef struct fixture {
    nrpc_server *server;
    char ipc[64];
    atomic_int running, cancelled;
} fixture;

static void reply_with(nrpc_call *call, const ProtobufCMessage *request)
{
    Nrpc__V1__EchoResponse response = NRPC__V1__ECHO_RESPONSE__INIT;
    response.data = ((const Nrpc__V1__EchoRequest *)request)->data;
    nrpc_call_reply(call, &response.base);
}

static void on_pool(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    (void)context;
    reply_with(call, request);
}

// Blocks a pool thread until it is told to stop.
static void hold(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    fixture *f = context;
    atomic_fetch_add(&f->running, 1);
    while (!atomic_load(nrpc_call_cancelled(call)))
        usleep(1000);
    atomic_fetch_add(&f->cancelled, 1);
    reply_with(call, request); // too late, to no effect
}

typedef struct later {
    nrpc_call *call;
    const ProtobufCMessage *request;
} later;

static void *reply_later(void *arg)
{
    later *l = arg;
    usleep(20000);
    reply_with(l->call, l->request);
    free(l);
    return NULL;
}

static void resumed(nrpc_call *call, void *context)
{
    reply_with(call, context);
}

static void echo(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    const Nrpc__V1__EchoRequest *r = (const Nrpc__V1__EchoRequest *)request;
    nrpc_status status = {0};
    switch (r->data.len ? r->data.data[0] : QUICK) {
    case POOL:
        nrpc_call_run_on_pool(call, on_pool);
        return;
    case HOLD:
        nrpc_call_run_on_pool(call, hold);
        return;
    case LATER: {
        later *l = malloc(sizeof *l);
        pthread_t thread;
        *l = (later){call, request};
        if (!nrpc_call_detach(call)) {
            free(l);
            return;
        }
        pthread_create(&thread, NULL, reply_later, l);
        pthread_detach(thread);
        return;
    }
    case SLEEP:
        if (nrpc_call_detach(call))
            nrpc_call_sleep(call, r->delay_ms, resumed, (void *)(uintptr_t)request);
        return;
    case FAIL:
        nrpc_status_set(&status, NRPC_NOT_FOUND, "NO_SUCH_THING", "there is no such thing");
        nrpc_call_fail(call, &status);
        nrpc_status_fini(&status);
        return;
    case BIG: {
        Nrpc__V1__EchoResponse response = NRPC__V1__ECHO_RESPONSE__INIT;
        response.data.len = r->reply_size;
        response.data.data = calloc(1, r->reply_size);
        nrpc_call_reply(call, &response.base);
        free(response.data.data);
        return;
    }
    default:
        (void)context;
        reply_with(call, request);
    }
}

static const nrpc_method echo_methods[] = {{"Echo", echo, NRPC_METHOD_QUICK}};

static const nrpc_method health_methods[] = {{"Check", hold, NRPC_METHOD_TAKES_TURNS}};

static void cancel(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    (void)context;
    nrpc_call_cancel_sibling(call, ((const Nrpc__V1__CancelRequest *)request)->id);
    Nrpc__V1__CancelResponse response = NRPC__V1__CANCEL_RESPONSE__INIT;
    nrpc_call_reply(call, &response.base);
}

static const nrpc_method control_methods[] = {{"Cancel", cancel, NRPC_METHOD_QUICK}};

static int start_with(void **state, const nrpc_server_options *options)
{
    fixture *f = calloc(1, sizeof *f);
    snprintf(f->ipc, sizeof f->ipc, "ipc:///tmp/nrpc-server-test-%d", (int)getpid());
    nrpc_status status = {0};
    assert_ok(nrpc_server_create(&f->server, options, &status), &status);
    assert_ok(nrpc_server_add_service(f->server, &nrpc__v1__echo_service__descriptor, echo_methods,
                                      1, f, &status),
              &status);
    assert_ok(nrpc_server_add_service(f->server, &nrpc__v1__control_service__descriptor,
                                      control_methods, 1, f, &status),
              &status);
    assert_ok(nrpc_server_add_service(f->server, &nrpc__v1__health_service__descriptor,
                                      health_methods, 1, f, &status),
              &status);
    assert_ok(nrpc_server_listen(f->server, "tcp://127.0.0.1:0", &status), &status);
    assert_ok(nrpc_server_listen(f->server, "tcp://[::1]:0", &status), &status);
    assert_ok(nrpc_server_listen(f->server, f->ipc, &status), &status);
    *state = f;
    return 0;
}

static int start(void **state)
{
    nrpc_server_options options;
    nrpc_server_options_init(&options);
    return start_with(state, &options);
}

static int start_small(void **state)
{
    nrpc_server_options options;
    nrpc_server_options_init(&options);
    options.max_message_size = 65536;
    options.max_calls_per_connection = 8;
    options.max_queued_calls = 4;
    options.pool_threads = 1;
    options.turn_threads = 2;
    options.max_call_memory = 32768;
    return start_with(state, &options);
}

static int start_tight(void **state)
{
    nrpc_server_options options;
    nrpc_server_options_init(&options);
    options.max_calls = 4;
    options.max_input = 300000;
    options.stall_timeout_ms = 1000;
    return start_with(state, &options);
}

static int stop(void **state)
{
    fixture *f = *state;
    nrpc_server_free(f->server);
    free(f);
    return 0;
}

static uint8_t *pack_echo(const char *data, uint32_t delay_ms, uint32_t reply_size, size_t *size)
{
    Nrpc__V1__EchoRequest request = NRPC__V1__ECHO_REQUEST__INIT;
    request.data.data = (uint8_t *)(uintptr_t)data;
    request.data.len = strlen(data);
    request.delay_ms = delay_ms;
    request.reply_size = reply_size;
    uint8_t *bytes = malloc(nrpc__v1__echo_request__get_packed_size(&request) + 1);
    *size = nrpc__v1__echo_request__pack(&request, bytes);
    return bytes;
}

static void send_echo(rawsp *r, uint32_t id, const char *data, uint32_t delay_ms,
                      uint32_t timeout_ms)
{
    size_t size;
    uint8_t *bytes = pack_echo(data, delay_ms, 0, &size);
    assert_true(rawsp_send_call(r, id, ECHO, bytes, size, timeout_ms));
    free(bytes);
}

static uint32_t expect_reply(rawsp *r, int code, const char *reason)
{
    uint32_t id;
    char got[64];
    assert_int_equal(rawsp_recv_reply(r, &id, NULL, NULL, got), code);
    assert_string_equal(got, reason);
    return id;
}

static void answers_on_every_listener(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; nrpc_server_address(f->server, i); i++) {
        rawsp r;
        assert_true(rawsp_open(&r, nrpc_server_address(f->server, i)));
        send_echo(&r, 7, "quick", 0, 0);
        assert_int_equal(expect_reply(&r, NRPC_OK, ""), 7);
        rawsp_close(&r);
    }
}

static void answers_from_pool_thread_and_timer(void **state)
{
    fixture *f = *state;
    rawsp r;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    static const char *const kinds[] = {"pool", "later", "sleep"};
    for (size_t i = 0; i < 3; i++) {
        send_echo(&r, (uint32_t)i, kinds[i], 10, 0);
        assert_int_equal(expect_reply(&r, NRPC_OK, ""), i);
    }
    rawsp_close(&r);
}

static void many_requests_in_one_write_all_get_their_reply(void **state)
{
    fixture *f = *state;
    rawsp r;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    enum { N = 2000 };
    static bool seen[N];
    memset(seen, 0, sizeof seen);
    for (uint32_t i = 0; i < N; i++)
        send_echo(&r, i, i % 10 ? "quick" : "pool", 0, 0);
    for (uint32_t i = 0; i < N; i++) {
        uint32_t id = expect_reply(&r, NRPC_OK, "");
        assert_true(id < N && !seen[id]);
        seen[id] = true;
    }
    rawsp_close(&r);
}

static void a_slow_call_does_not_hold_up_the_next(void **state)
{
    fixture *f = *state;
    rawsp r;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    send_echo(&r, 1, "sleep", 200, 0);
    send_echo(&r, 2, "quick", 0, 0);
    assert_int_equal(expect_reply(&r, NRPC_OK, ""), 2);
    assert_int_equal(expect_reply(&r, NRPC_OK, ""), 1);
    rawsp_close(&r);
}

static void calls_that_take_turns_hold_up_no_other(void **state)
{
    fixture *f = *state;
    rawsp r;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    for (uint32_t i = 1; i <= 3; i++)
        assert_true(rawsp_send_call(&r, i, "nrpc.v1.HealthService/Check", NULL, 0, 0));
    while (atomic_load(&f->running) < 2) // two run, one waits
        usleep(1000);
    send_echo(&r, 4, "pool", 0, 0);
    assert_int_equal(expect_reply(&r, NRPC_OK, ""), 4);
    assert_int_equal(atomic_load(&f->running), 2);
    rawsp_close(&r);
}

static void backtrace_words_come_back_byte_for_byte(void **state)
{
    fixture *f = *state;
    rawsp r;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    // Two devices on the way, an id, and an empty Call: UNIMPLEMENTED.
    uint8_t request[] = {0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 0x80, 0, 0, 9}, *reply;
    size_t size;
    assert_true(rawsp_send_frame(&r, request, sizeof request));
    assert_non_null(reply = rawsp_recv_frame(&r, &size));
    assert_true(size > sizeof request);
    assert_memory_equal(reply, request, sizeof request);
    free(reply);
    // Eight words without an id: dropped, and the connection lives on.
    uint8_t drop[32] = {0};
    assert_true(rawsp_send_frame(&r, drop, sizeof drop));
    send_echo(&r, 3, "quick", 0, 0);
    assert_int_equal(expect_reply(&r, NRPC_OK, ""), 3);
    // The bytes end before an id came: closed.
    assert_true(rawsp_send_frame(&r, drop, 8));
    assert_true(rawsp_closed_by_peer(&r));
    rawsp_close(&r);
}

static void a_bad_handshake_is_closed(void **state)
{
    fixture *f = *state;
    static const char *const bad[] = {"GET / HT", "\0SP\0\0\x31\0\0", "\0SP\0\0\x30\0\1",
                                      "\0SP\1\0\x30\0\0"};
    for (size_t i = 0; i < 4; i++) {
        rawsp r;
        uint8_t hello[8];
        assert_true(rawsp_connect(&r, nrpc_server_address(f->server, i % 3)));
        assert_true(rawsp_send(&r, bad[i], 8));
        // What the server greeted us with may be lost in the reset.
        if (rawsp_recv(&r, hello, 8))
            assert_true(rawsp_closed_by_peer(&r));
        rawsp_close(&r);
    }
}

static void every_error_has_its_code_and_reason(void **state)
{
    fixture *f = *state;
    rawsp r;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    static const struct {
        const char *method, *payload;
        size_t size;
        int code;
        const char *reason;
    } cases[] = {
        {ECHO,
         "\x0a\x01"
         "f",
         3, NRPC_NOT_FOUND, "NO_SUCH_THING"},
        {"", "", 0, NRPC_UNIMPLEMENTED, "METHOD_NOT_FOUND"},
        {"/" ECHO, "", 0, NRPC_UNIMPLEMENTED, "METHOD_NOT_FOUND"},
        {"nrpc.v1.EchoService", "", 0, NRPC_UNIMPLEMENTED, "METHOD_NOT_FOUND"},
        {"nrpc.v1.EchoService/Nope", "", 0, NRPC_UNIMPLEMENTED, "METHOD_NOT_FOUND"},
        {ECHO,
         "\x0a\x05"
         "f",
         3, NRPC_INVALID_ARGUMENT, "MESSAGE_MALFORMED"},
        {ECHO, "\x08\x05", 2, NRPC_INVALID_ARGUMENT, "MESSAGE_MALFORMED"},
        {ECHO, "\xff", 1, NRPC_INVALID_ARGUMENT, "MESSAGE_MALFORMED"},
        {"\xff\xfe", "", 0, NRPC_INVALID_ARGUMENT, "CALL_MALFORMED"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(rawsp_send_call(&r, 5, cases[i].method, cases[i].payload, cases[i].size, 0));
        expect_reply(&r, cases[i].code, cases[i].reason);
    }
    uint8_t garbage[] = {0x80, 0, 0, 1, 0xff, 0xff, 0xff};
    assert_true(rawsp_send_frame(&r, garbage, sizeof garbage));
    expect_reply(&r, NRPC_INVALID_ARGUMENT, "CALL_MALFORMED");
    rawsp_close(&r);
}

static void a_deadline_is_answered_in_time_and_stops_the_work(void **state)
{
    fixture *f = *state;
    rawsp r;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    int64_t begin = clock_now_ns();
    send_echo(&r, 1, "hold", 0, 50);
    expect_reply(&r, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED");
    assert_true(clock_now_ns() - begin >= 50000000);
    for (int i = 0; i < 1000 && !atomic_load(&f->cancelled); i++)
        usleep(1000);
    assert_int_equal(atomic_load(&f->cancelled), 1);
    rawsp_close(&r);
}

static void cancel_ends_a_call_on_the_same_connection_only(void **state)
{
    fixture *f = *state;
    rawsp r, other;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    assert_true(rawsp_open(&other, nrpc_server_address(f->server, 0)));
    send_echo(&r, 1, "sleep", 60000, 0);
    uint8_t request[] = {0x08, 0x81, 0x80, 0x80, 0x80, 0x08}; // id: 0x80000001
    assert_true(rawsp_send_call(&other, 2, "nrpc.v1.ControlService/Cancel", request, 6, 0));
    assert_int_equal(expect_reply(&other, NRPC_OK, ""), 2);
    assert_true(rawsp_send_call(&r, 2, "nrpc.v1.ControlService/Cancel", request, 6, 0));
    assert_int_equal(expect_reply(&r, NRPC_CANCELLED, "CANCELLED"), 1);
    assert_int_equal(expect_reply(&r, NRPC_OK, ""), 2);
    rawsp_close(&other);
    rawsp_close(&r);
}

static void hanging_up_stops_the_work(void **state)
{
    fixture *f = *state;
    rawsp r;
    assert_true(rawsp_open(&r, f->ipc));
    send_echo(&r, 1, "hold", 0, 0);
    while (!atomic_load(&f->running))
        usleep(1000);
    rawsp_close(&r);
    for (int i = 0; i < 5000 && !atomic_load(&f->cancelled); i++)
        usleep(1000);
    assert_int_equal(atomic_load(&f->cancelled), 1);
}

static void a_resend_of_a_call_in_flight_is_ignored(void **state)
{
    fixture *f = *state;
    rawsp r;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    send_echo(&r, 1, "sleep", 100, 0);
    send_echo(&r, 1, "sleep", 100, 0);
    send_echo(&r, 2, "sleep", 300, 0);
    assert_int_equal(expect_reply(&r, NRPC_OK, ""), 1);
    assert_int_equal(expect_reply(&r, NRPC_OK, ""), 2);
    rawsp_close(&r);
}

static void a_request_beyond_the_limit_is_refused_and_skipped(void **state)
{
    fixture *f = *state;
    rawsp r;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    size_t size = 300000;
    uint8_t *big = calloc(1, size);
    big[0] = 0x80;
    big[3] = 4;
    assert_true(rawsp_send_frame(&r, big, size));
    assert_int_equal(expect_reply(&r, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE"), 4);
    // Exactly at the limit is read: it is no Call.
    memset(big + 4, 0xff, size - 4);
    assert_true(rawsp_send_frame(&r, big, 65536));
    assert_int_equal(expect_reply(&r, NRPC_INVALID_ARGUMENT, "CALL_MALFORMED"), 4);
    free(big);
    // Beyond what is worth skipping: closed before anything is allocated.
    uint8_t prefix[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xe0};
    assert_true(rawsp_send(&r, prefix, 8));
    assert_true(rawsp_closed_by_peer(&r));
    rawsp_close(&r);
}

static void a_reply_beyond_the_limit_is_refused(void **state)
{
    fixture *f = *state;
    rawsp r;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    size_t size;
    uint8_t *bytes = pack_echo("big", 0, 65536, &size);
    assert_true(rawsp_send_call(&r, 1, ECHO, bytes, size, 0));
    expect_reply(&r, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE");
    free(bytes);
    rawsp_close(&r);
}

static void too_many_calls_in_flight_are_refused_at_once(void **state)
{
    fixture *f = *state;
    rawsp r;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    for (uint32_t i = 0; i < 8; i++)
        send_echo(&r, i, "sleep", 300, 0);
    send_echo(&r, 8, "sleep", 300, 0);
    assert_int_equal(expect_reply(&r, NRPC_RESOURCE_EXHAUSTED, "TOO_MANY_CALLS"), 8);
    send_echo(&r, 9, "quick", 0, 0); // what needs no place is still answered
    assert_int_equal(expect_reply(&r, NRPC_OK, ""), 9);
    for (uint32_t i = 0; i < 8; i++)
        expect_reply(&r, NRPC_OK, "");
    rawsp_close(&r);
}

static void a_full_queue_is_refused_at_once(void **state)
{
    fixture *f = *state;
    rawsp r;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    send_echo(&r, 0, "hold", 0, 1000);
    while (!atomic_load(&f->running))
        usleep(1000);
    for (uint32_t i = 1; i <= 5; i++)
        send_echo(&r, i, "pool", 0, 5000);
    assert_int_equal(expect_reply(&r, NRPC_RESOURCE_EXHAUSTED, "QUEUE_FULL"), 5);
    assert_int_equal(expect_reply(&r, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"), 0);
    for (int i = 0; i < 4; i++)
        expect_reply(&r, NRPC_OK, "");
    rawsp_close(&r);
}

static void a_request_that_unpacks_too_large_is_refused(void **state)
{
    fixture *f = *state;
    rawsp r;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    size_t size = 64000;
    uint8_t *payload = calloc(1, size);
    payload[0] = 0x0a; // data, 63,996 bytes
    payload[1] = 0xfc, payload[2] = 0xf3, payload[3] = 0x03;
    assert_true(rawsp_send_call(&r, 1, ECHO, payload, size, 0));
    expect_reply(&r, NRPC_RESOURCE_EXHAUSTED, "CALL_MEMORY");
    free(payload);
    rawsp_close(&r);
}

static void a_reader_that_does_not_read_is_paused(void **state)
{
    fixture *f = *state;
    rawsp r, other;
    size_t size;
    uint8_t *bytes = pack_echo("big", 0, 1 << 20, &size);
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    // 200 MiB of replies asked for, none read. The requests themselves are small.
    for (uint32_t i = 0; i < 200; i++)
        assert_true(rawsp_send_call(&r, i, ECHO, bytes, size, 0));
    // Others are not held up.
    assert_true(rawsp_open(&other, nrpc_server_address(f->server, 0)));
    send_echo(&other, 1, "quick", 0, 0);
    assert_int_equal(expect_reply(&other, NRPC_OK, ""), 1);
    rawsp_close(&other);
    // Nothing is lost when the reader comes back.
    for (uint32_t i = 0; i < 200; i++)
        assert_int_equal(expect_reply(&r, NRPC_OK, ""), i);
    free(bytes);
    rawsp_close(&r);
}

static void drain_answers_what_is_in_flight(void **state)
{
    fixture *f = *state;
    rawsp r, late;
    char address[128];
    snprintf(address, sizeof address, "%s", nrpc_server_address(f->server, 0));
    assert_true(rawsp_open(&r, address));
    send_echo(&r, 1, "sleep", 200, 0);
    send_echo(&r, 2, "quick", 0, 0); // its reply shows that both were read
    assert_int_equal(expect_reply(&r, NRPC_OK, ""), 2);
    assert_true(nrpc_server_drain(f->server, 5000));
    assert_int_equal(expect_reply(&r, NRPC_OK, ""), 1);
    assert_true(rawsp_closed_by_peer(&r));
    rawsp_close(&r);
    assert_false(rawsp_connect(&late, address));
}

static void aborted_connects_leave_the_listener_alive(void **state)
{
    fixture *f = *state;
    for (size_t l = 0; l < 3; l++) {
        const char *address = nrpc_server_address(f->server, l);
        for (int i = 0; i < 2000; i++) {
            rawsp r;
            assert_true(rawsp_connect(&r, address));
            if (i % 4 == 1)
                rawsp_send(&r, "\0SP\0", 4);
            if (i % 2)
                rawsp_abort(&r);
            else
                rawsp_close(&r);
            // The backlog is 128: what does not fit there waits a second for its next try.
            if (i % 64 == 0) {
                assert_true(rawsp_open(&r, address));
                rawsp_close(&r);
            }
        }
        rawsp r;
        assert_true(rawsp_open(&r, address));
        send_echo(&r, 1, "quick", 0, 0);
        assert_int_equal(expect_reply(&r, NRPC_OK, ""), 1);
        rawsp_close(&r);
    }
}

static void *drain_in_background(void *arg)
{
    fixture *f = arg;
    return (void *)(uintptr_t)nrpc_server_drain(f->server, 10000);
}

static void drain_loses_no_reply_of_a_client_that_goes_on_sending(void **state)
{
    fixture *f = *state;
    rawsp r;
    pthread_t thread;
    size_t size, reply_size;
    uint8_t *bytes = pack_echo("big", 0, 900000, &size), *reply;
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    assert_true(rawsp_send_call(&r, 1, ECHO, bytes, size, 0));
    free(bytes);
    usleep(50000); // the kernel has what it takes of the reply
    assert_int_equal(pthread_create(&thread, NULL, drain_in_background, f), 0);
    for (uint32_t i = 2; i < 12; i++) {
        usleep(10000);
        send_echo(&r, i, "quick", 0, 0);
    }
    assert_int_equal(rawsp_recv_reply(&r, NULL, &reply, &reply_size, NULL), NRPC_OK);
    assert_true(reply_size > 900000);
    free(reply);
    for (uint32_t i = 2; i < 12; i++) {
        char reason[64];
        int code = rawsp_recv_reply(&r, NULL, NULL, NULL, reason);
        assert_true(code == NRPC_OK || (code == NRPC_UNAVAILABLE && !strcmp(reason, "DRAINING")));
    }
    void *clean;
    pthread_join(thread, &clean);
    assert_true(clean != NULL);
    rawsp_close(&r);
}

static void who_sends_but_does_not_read_is_closed(void **state)
{
    fixture *f = *state;
    rawsp r;
    size_t size;
    uint8_t *bytes = pack_echo("big", 0, 1 << 20, &size);
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    bool alive = true;
    for (int i = 0; i < 200 && alive; i++) { // a request every 50 ms for 10 s at most
        alive = rawsp_send_call(&r, (uint32_t)i, ECHO, bytes, size, 0);
        usleep(50000);
    }
    free(bytes);
    assert_false(alive);
    rawsp_close(&r);
}

static void half_sent_messages_have_a_bound_in_all(void **state)
{
    fixture *f = *state;
    enum { N = 8 };
    rawsp r[N], other;
    static uint8_t half[100000];
    uint8_t prefix[8] = {0, 0, 0, 0, 0, 0x20, 0, 0}; // of 2 MiB
    for (int i = 0; i < N; i++) {
        assert_true(rawsp_open(&r[i], nrpc_server_address(f->server, 0)));
        // The later ones may be closed while they send.
        if (rawsp_send(&r[i], prefix, 8))
            rawsp_send(&r[i], half, sizeof half);
    }
    assert_true(rawsp_closed_by_peer(&r[N - 1]));
    assert_true(rawsp_open(&other, nrpc_server_address(f->server, 0)));
    send_echo(&other, 1, "quick", 0, 0); // short ones are not touched by it
    assert_int_equal(expect_reply(&other, NRPC_OK, ""), 1);
    rawsp_close(&other);
    for (int i = 0; i < N; i++)
        rawsp_close(&r[i]);
}

static void too_many_calls_in_all_are_refused_at_once(void **state)
{
    fixture *f = *state;
    rawsp r[8];
    int refused = 0;
    for (uint32_t i = 0; i < 8; i++) {
        assert_true(rawsp_open(&r[i], nrpc_server_address(f->server, 0)));
        send_echo(&r[i], 1, "sleep", 300, 0);
    }
    for (uint32_t i = 0; i < 8; i++) {
        char reason[64];
        int code = rawsp_recv_reply(&r[i], NULL, NULL, NULL, reason);
        refused += code == NRPC_RESOURCE_EXHAUSTED && !strcmp(reason, "SERVER_FULL");
        rawsp_close(&r[i]);
    }
    assert_int_equal(refused, 4);
}

static void an_error_is_valid_utf8_whatever_it_quotes(void **state)
{
    fixture *f = *state;
    rawsp r;
    char method[256];
    memset(method, 'a', 199);
    strcpy(method + 199, "\xc3\xa9 and more"); // cut in the middle of a character
    assert_true(rawsp_open(&r, nrpc_server_address(f->server, 0)));
    assert_true(rawsp_send_call(&r, 1, method, "", 0, 0));
    // A reason at all: details that are not UTF-8 are dropped by whoever reads them.
    expect_reply(&r, NRPC_UNIMPLEMENTED, "METHOD_NOT_FOUND");
    rawsp_close(&r);
}

static void bad_addresses_are_refused_with_reasons(void **state)
{
    fixture *f = *state;
    nrpc_status status = {0};
    static const char *const bad[] = {"udp://127.0.0.1:1", "tcp://127.0.0.1", "tcp://[::1]",
                                      "tcp://127.0.0.1:",  "127.0.0.1:80",    ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(nrpc_server_listen(f->server, bad[i], &status), NRPC_INVALID_ARGUMENT);
        assert_string_equal(status.reason, "ADDRESS_INVALID");
    }
    assert_int_equal(nrpc_server_listen(f->server, nrpc_server_address(f->server, 0), &status),
                     NRPC_UNAVAILABLE);
    assert_string_equal(status.reason, "ADDRESS_IN_USE");
    nrpc_status_fini(&status);
}

int main(void)
{
#define WITH(start_fn, test) cmocka_unit_test_setup_teardown(test, start_fn, stop)
    const struct CMUnitTest tests[] = {
        WITH(start, answers_on_every_listener),
        WITH(start, answers_from_pool_thread_and_timer),
        WITH(start, many_requests_in_one_write_all_get_their_reply),
        WITH(start, a_slow_call_does_not_hold_up_the_next),
        WITH(start, backtrace_words_come_back_byte_for_byte),
        WITH(start, a_bad_handshake_is_closed),
        WITH(start, every_error_has_its_code_and_reason),
        WITH(start, a_deadline_is_answered_in_time_and_stops_the_work),
        WITH(start, cancel_ends_a_call_on_the_same_connection_only),
        WITH(start, hanging_up_stops_the_work),
        WITH(start, a_resend_of_a_call_in_flight_is_ignored),
        WITH(start_small, a_request_beyond_the_limit_is_refused_and_skipped),
        WITH(start_small, a_reply_beyond_the_limit_is_refused),
        WITH(start_small, too_many_calls_in_flight_are_refused_at_once),
        WITH(start_small, a_full_queue_is_refused_at_once),
        WITH(start_small, calls_that_take_turns_hold_up_no_other),
        WITH(start_small, a_request_that_unpacks_too_large_is_refused),
        WITH(start, a_reader_that_does_not_read_is_paused),
        WITH(start, drain_answers_what_is_in_flight),
        WITH(start, drain_loses_no_reply_of_a_client_that_goes_on_sending),
        WITH(start_tight, who_sends_but_does_not_read_is_closed),
        WITH(start_tight, half_sent_messages_have_a_bound_in_all),
        WITH(start_tight, too_many_calls_in_all_are_refused_at_once),
        WITH(start, an_error_is_valid_utf8_whatever_it_quotes),
        WITH(start, aborted_connects_leave_the_listener_alive),
        WITH(start, bad_addresses_are_refused_with_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
