// An unmodified libnng REQ socket is a client like any other, and every client gets the same bytes.
#include "support/daemon.h"
#include "support/rawsp.h"
#include "support/test.h"

#include "nrpc/envelope.h"

#include <ftz/v1/resources.pb-c.h>
#include <ftz/v1/zone_service.pb-c.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/util/platform.h>
#include <nrpc/client.h>
#include <nrpc/v1/echo.pb-c.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GET_ZONE "ftz.v1.ZoneService/GetZone"
#define ECHO     "nrpc.v1.EchoService/Echo"
#define SEED     FTZ_SOURCE_DIR "/data/xinjiang.json"

enum { TIMEOUT_MS = 20000, CONTEXTS = 32 };

static ftzd server;
static const char *const arguments[] = {"--echo", "--seed", SEED, NULL};

static int start(void **state)
{
    (void)state;
    ftzd_init(&server);
    ftzd_start(&server, arguments);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    int code = ftzd_stop(&server);
    ftzd_fini(&server);
    return code;
}

static nng_socket dial(const char *url)
{
    nng_socket socket;
    assert_int_equal(nng_req0_open(&socket), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, TIMEOUT_MS), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, TIMEOUT_MS), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, 20), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, 100), 0);
    assert_int_equal(nng_dial(socket, url, NULL, 0), 0);
    return socket;
}

static nng_msg *call_message(const char *method, const void *payload, size_t size)
{
    envelope_call call = {.method = {method, strlen(method)}, .payload = {payload, size}};
    nng_msg *msg;
    uint8_t *at;
    assert_int_equal(nng_msg_alloc(&msg, envelope_call_size(&call)), 0);
    envelope_put_call(nng_msg_body(msg), &call, &at);
    memcpy(at, payload, size);
    return msg;
}

// The payload of an OK reply, borrowed from the message.
static envelope_slice payload_of(nng_msg *msg)
{
    nrpc_status status = {0};
    envelope_reply reply;
    assert_ok(envelope_parse_reply(nng_msg_body(msg), nng_msg_len(msg), &reply, &status), &status);
    return reply.payload;
}

static size_t pack_get_zone(uint8_t out[64])
{
    Ftz__V1__GetZoneRequest request = FTZ__V1__GET_ZONE_REQUEST__INIT;
    request.name = (char *)(uintptr_t) "zones/cn-xinjiang";
    return ftz__v1__get_zone_request__pack(&request, out);
}

static nng_msg *ask(nng_socket socket, const char *method, const void *payload, size_t size)
{
    nng_msg *reply;
    assert_int_equal(nng_sendmsg(socket, call_message(method, payload, size), 0), 0);
    assert_int_equal(nng_recvmsg(socket, &reply, 0), 0);
    return reply;
}

static void asks_for_a_zone(const char *url)
{
    uint8_t request[64];
    nng_socket socket = dial(url);
    nng_msg *reply = ask(socket, GET_ZONE, request, pack_get_zone(request));
    envelope_slice payload = payload_of(reply);
    Ftz__V1__Zone *zone = ftz__v1__zone__unpack(NULL, payload.size, (const uint8_t *)payload.data);
    assert_non_null(zone);
    assert_string_equal(zone->display_name, "Xinjiang Free-Trade Zone");
    assert_true(zone->area_km2 == 179.66);
    ftz__v1__zone__free_unpacked(zone, NULL);
    nng_msg_free(reply);
    nng_close(socket);
}

static void a_req_socket_gets_a_zone_over_tcp(void **state)
{
    (void)state;
    asks_for_a_zone(server.tcp);
}

static void a_req_socket_gets_a_zone_over_ipc(void **state)
{
    (void)state;
    asks_for_a_zone(server.ipc);
}

static size_t pack_echo(const char *data, uint32_t delay_ms, uint8_t out[64])
{
    Nrpc__V1__EchoRequest request = NRPC__V1__ECHO_REQUEST__INIT;
    request.data = (ProtobufCBinaryData){strlen(data), (uint8_t *)(uintptr_t)data};
    request.delay_ms = delay_ms;
    return nrpc__v1__echo_request__pack(&request, out);
}

static void assert_echo(nng_msg *reply, const char *data)
{
    envelope_slice payload = payload_of(reply);
    assert_int_equal(payload.size, strlen(data) + 2);
    assert_memory_equal(payload.data + 2, data, strlen(data));
}

// Each context asks something else, slow ones first: each gets its own answer.
static void contexts_in_parallel(const char *url)
{
    nng_socket socket = dial(url);
    nng_ctx contexts[CONTEXTS];
    nng_aio *aios[CONTEXTS];
    char data[32];
    uint8_t request[64];
    for (int i = 0; i < CONTEXTS; i++) {
        snprintf(data, sizeof data, "context %d", i);
        size_t size = pack_echo(data, (uint32_t)(CONTEXTS - i) * 5, request);
        assert_int_equal(nng_ctx_open(&contexts[i], socket), 0);
        assert_int_equal(nng_aio_alloc(&aios[i], NULL, NULL), 0);
        nng_aio_set_timeout(aios[i], TIMEOUT_MS);
        nng_aio_set_msg(aios[i], call_message(ECHO, request, size));
        nng_ctx_send(contexts[i], aios[i]);
    }
    for (int i = 0; i < CONTEXTS; i++) {
        nng_aio_wait(aios[i]);
        assert_int_equal(nng_aio_result(aios[i]), 0);
        nng_ctx_recv(contexts[i], aios[i]);
    }
    for (int i = 0; i < CONTEXTS; i++) {
        snprintf(data, sizeof data, "context %d", i);
        nng_aio_wait(aios[i]);
        assert_int_equal(nng_aio_result(aios[i]), 0);
        assert_echo(nng_aio_get_msg(aios[i]), data);
        nng_msg_free(nng_aio_get_msg(aios[i]));
        nng_ctx_close(contexts[i]);
        nng_aio_free(aios[i]);
    }
    nng_close(socket);
}

static void contexts_ask_in_parallel_over_tcp(void **state)
{
    (void)state;
    contexts_in_parallel(server.tcp);
}

static void contexts_ask_in_parallel_over_ipc(void **state)
{
    (void)state;
    contexts_in_parallel(server.ipc);
}

static void a_req_socket_resends_after_a_reconnect(void **state)
{
    (void)state;
    uint8_t request[64];
    nng_socket socket = dial(server.ipc);
    nng_msg *reply;
    size_t size = pack_echo("again", 500, request);
    assert_int_equal(nng_sendmsg(socket, call_message(ECHO, request, size), 0), 0);
    nng_msleep(100); // it is being worked on
    ftzd_signal(&server, SIGKILL);
    assert_int_equal(ftzd_wait(&server), 128 + SIGKILL);
    ftzd_start(&server, arguments); // the same path
    assert_int_equal(nng_recvmsg(socket, &reply, 0), 0);
    assert_echo(reply, "again");
    nng_msg_free(reply);
    nng_close(socket);
}

// --- the same bytes
// ----------------------------------------------------------------------------------

static char *to_hex(const void *data, size_t size)
{
    char *hex = calloc(size + 1, 2);
    for (size_t i = 0; i < size; i++)
        sprintf(hex + 2 * i, "%02x", ((const uint8_t *)data)[i]);
    return hex;
}

static char *zone_by_c_client(const char *url)
{
    uint8_t request[64];
    nrpc_channel *channel;
    nrpc_status status = {0};
    nrpc_reply reply;
    assert_ok(nrpc_channel_open(&channel, url, NULL, &status), &status);
    size_t size = pack_get_zone(request);
    assert_ok(nrpc_channel_call(channel, GET_ZONE, request, size, NULL, &reply), &reply.status);
    char *hex = to_hex(reply.payload, reply.payload_size);
    nrpc_reply_fini(&reply);
    nrpc_channel_free(channel);
    return hex;
}

static char *zone_by_req_socket(const char *url)
{
    uint8_t request[64];
    nng_socket socket = dial(url);
    nng_msg *reply = ask(socket, GET_ZONE, request, pack_get_zone(request));
    envelope_slice payload = payload_of(reply);
    char *hex = to_hex(payload.data, payload.size);
    nng_msg_free(reply);
    nng_close(socket);
    return hex;
}

static char *zone_by_plain_socket(const char *url)
{
    uint8_t request[64], *payload;
    size_t size;
    rawsp r;
    char reason[64];
    assert_true(rawsp_open(&r, url));
    int code = rawsp_call(&r, GET_ZONE, request, pack_get_zone(request), &payload, &size, reason);
    assert_int_equal(code, NRPC_OK);
    char *hex = to_hex(payload, size);
    free(payload);
    rawsp_close(&r);
    return hex;
}

// Python's socket and protobuf, nothing of ours.
static char *zone_by_python(const char *url)
{
    enum { ROOM = 1 << 20 };
    char *hex = malloc(ROOM), errors[4096];
    const char *const argv[] = {"/usr/bin/python3", FTZ_SOURCE_DIR "/tests/integration/get_zone.py",
                                url, NULL};
    if (run_program(argv, hex, ROOM, errors, sizeof errors))
        fail_msg("%s", errors);
    hex[strcspn(hex, "\n")] = 0;
    return hex;
}

static void every_client_gets_the_same_bytes(void **state)
{
    (void)state;
    typedef char *(*ask_fn)(const char *url);
    static const ask_fn clients[] = {zone_by_req_socket, zone_by_plain_socket, zone_by_python};
    const char *const urls[] = {server.tcp, server.ipc};
    char *first = zone_by_c_client(server.tcp);
    assert_true(strlen(first) > 2000);
    for (size_t u = 0; u < 2; u++)
        for (size_t i = 0; i < 3; i++) {
            char *other = clients[i](urls[u]);
            assert_string_equal(other, first);
            free(other);
        }
    free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_req_socket_gets_a_zone_over_tcp),
        cmocka_unit_test(a_req_socket_gets_a_zone_over_ipc),
        cmocka_unit_test(contexts_ask_in_parallel_over_tcp),
        cmocka_unit_test(contexts_ask_in_parallel_over_ipc),
        cmocka_unit_test(every_client_gets_the_same_bytes),
        cmocka_unit_test(a_req_socket_resends_after_a_reconnect),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
