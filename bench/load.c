// A closed-loop client: a number of connections, each with a number of requests in flight.
//
// usage: load bare|channel|req URL CONNECTIONS IN_FLIGHT SECONDS METHOD PAYLOAD_FILE
//        load capture URL METHOD PAYLOAD_FILE REPLY_FILE
//   bare     SP over NNG's byte streams and nothing else
//   channel  the client library (nrpc/client.h)
//   req      libnng's REQ socket, one socket a connection, one context a request in flight
//   capture  makes the call once and keeps the packed nrpc.v1.Reply
// PAYLOAD_FILE holds the packed request message. Prints one line, see samples.h.
#include "bench/peer.h"
#include "bench/samples.h"

#include "base/clock.h"
#include "nrpc/envelope.h"
#include "nrpc/sp.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/util/platform.h>
#include <nrpc/client.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { MAX_IN_FLIGHT = 1024, WARM_UP_MS = 500 };

static samples latencies;
static uint8_t *call_bytes, *payload; // the packed Call, and the request inside it
static size_t call_size, payload_size;
static const char *method;

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    uint8_t *data = malloc(PEER_BUFFER);
    *size = fread(data, 1, PEER_BUFFER, f);
    fclose(f);
    return data;
}

static void build_call(const char *payload_file)
{
    payload = read_file(payload_file, &payload_size);
    envelope_call call = {.method = {method, strlen(method)},
                          .payload = {(const char *)payload, payload_size}};
    call_size = envelope_call_size(&call);
    call_bytes = malloc(call_size + 1);
    uint8_t *at;
    envelope_put_call(call_bytes, &call, &at);
    memcpy(at, payload, payload_size);
}

// --- bare ----------------------------------------------------------------------------------------

// Of a connection: when each request in flight was made, by its slot, which is its id.
static void send_request(peer *p, uint32_t slot, int64_t now)
{
    uint8_t *out = peer_room(p, 4 + call_size);
    sp_put_u32(out, 0x80000000u | slot);
    memcpy(out + 4, call_bytes, call_size);
    ((int64_t *)p->context)[slot] = now;
}

static void on_answer(peer *p, const uint8_t *data, size_t size)
{
    (void)size;
    uint32_t slot = sp_get_u32(data) & 0x7fffffffu;
    int64_t now = clock_now_ns();
    samples_add(&latencies, now - ((int64_t *)p->context)[slot]);
    send_request(p, slot, now);
}

static void start_bare(const char *url, unsigned in_flight)
{
    nng_stream_dialer *dialer;
    nng_aio *dial;
    peer_check(nng_stream_dialer_alloc(&dialer, url), url);
    peer_check(nng_aio_alloc(&dial, NULL, NULL), "aio");
    nng_stream_dialer_dial(dialer, dial);
    nng_aio_wait(dial);
    peer_check(nng_aio_result(dial), url);
    int64_t *begun = calloc(in_flight, sizeof *begun);
    peer *p = peer_create(nng_aio_get_output(dial, 0), SP_REQ, on_answer, begun);
    nng_aio_free(dial);
    for (uint32_t i = 0; i < in_flight; i++)
        send_request(p, i, clock_now_ns());
    peer_go(p);
}

// --- channel -------------------------------------------------------------------------------------

typedef struct slot {
    nrpc_channel *channel;
    int64_t begun;
} slot;

static void fail(const nrpc_status *status)
{
    fprintf(stderr, "load: %s: %s\n", nrpc_code_name(status->code),
            status->message ? status->message : "");
    exit(1);
}

static void call_again(slot *s);

static void on_reply(nrpc_reply *reply, void *context)
{
    slot *s = context;
    if (reply->status.code)
        fail(&reply->status);
    samples_add(&latencies, clock_now_ns() - s->begun);
    call_again(s);
}

static void call_again(slot *s)
{
    s->begun = clock_now_ns();
    nrpc_channel_start(s->channel, method, payload, payload_size, NULL, on_reply, s, NULL);
}

static void start_channel(const char *url, unsigned in_flight)
{
    nrpc_channel *channel;
    nrpc_status status = {0};
    if (nrpc_channel_open(&channel, url, NULL, &status))
        fail(&status);
    for (unsigned i = 0; i < in_flight; i++) {
        slot *s = calloc(1, sizeof *s);
        s->channel = channel;
        call_again(s);
    }
}

// --- req -----------------------------------------------------------------------------------------

typedef struct context {
    nng_ctx ctx;
    nng_aio *aio;
    bool sending;
    int64_t begun;
} context;

static void request(context *c)
{
    nng_msg *msg;
    peer_check(nng_msg_alloc(&msg, 0), "message");
    peer_check(nng_msg_append(msg, call_bytes, call_size), "message");
    nng_aio_set_msg(c->aio, msg);
    c->sending = true;
    c->begun = clock_now_ns();
    nng_ctx_send(c->ctx, c->aio);
}

static void on_req(void *arg)
{
    context *c = arg;
    peer_check(nng_aio_result(c->aio), "req");
    if (c->sending) {
        c->sending = false;
        nng_ctx_recv(c->ctx, c->aio);
        return;
    }
    nng_msg_free(nng_aio_get_msg(c->aio));
    samples_add(&latencies, clock_now_ns() - c->begun);
    request(c);
}

static void start_req(const char *url, unsigned in_flight)
{
    nng_socket s;
    peer_check(nng_req0_open(&s), "req");
    peer_check(nng_socket_set_ms(s, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE), "resend");
    peer_check(nng_dial(s, url, NULL, 0), url);
    for (unsigned i = 0; i < in_flight; i++) {
        context *c = calloc(1, sizeof *c);
        peer_check(nng_ctx_open(&c->ctx, s), "context");
        peer_check(nng_aio_alloc(&c->aio, on_req, c), "aio");
        request(c);
    }
}

// -------------------------------------------------------------------------------------------------

static int capture(const char *url, const char *reply_file)
{
    nng_socket s;
    nng_msg *msg;
    peer_check(nng_req0_open(&s), "req");
    peer_check(nng_dial(s, url, NULL, 0), url);
    peer_check(nng_msg_alloc(&msg, 0), "message");
    peer_check(nng_msg_append(msg, call_bytes, call_size), "message");
    peer_check(nng_sendmsg(s, msg, 0), "send");
    peer_check(nng_recvmsg(s, &msg, 0), "receive");
    FILE *f = fopen(reply_file, "wb");
    if (!f || fwrite(nng_msg_body(msg), 1, nng_msg_len(msg), f) != nng_msg_len(msg) || fclose(f)) {
        perror(reply_file);
        return 1;
    }
    printf("request_bytes=%zu reply_bytes=%zu\n", call_size, nng_msg_len(msg));
    nng_msg_free(msg);
    nng_close(s);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "capture") == 0) {
        method = argv[3];
        build_call(argv[4]);
        return capture(argv[2], argv[5]);
    }
    unsigned connections = argc == 8 ? (unsigned)atoi(argv[3]) : 0;
    unsigned in_flight = argc == 8 ? (unsigned)atoi(argv[4]) : 0;
    double seconds = argc == 8 ? atof(argv[5]) : 0;
    if (!connections || !in_flight || in_flight > MAX_IN_FLIGHT || seconds <= 0 || seconds > 600) {
        fprintf(stderr, "usage: load bare|channel|req URL CONNECTIONS IN_FLIGHT SECONDS METHOD "
                        "PAYLOAD_FILE\n");
        return 2;
    }
    method = argv[6];
    build_call(argv[7]);
    latencies.ns = malloc(SAMPLES_MAX * sizeof *latencies.ns);
    for (unsigned i = 0; i < connections; i++) {
        if (strcmp(argv[1], "bare") == 0)
            start_bare(argv[2], in_flight);
        else if (strcmp(argv[1], "channel") == 0)
            start_channel(argv[2], in_flight);
        else
            start_req(argv[2], in_flight);
    }
    nng_msleep(WARM_UP_MS);
    int64_t begin = clock_now_ns();
    atomic_store(&latencies.on, true);
    nng_msleep((nng_duration)(seconds * 1000));
    atomic_store(&latencies.on, false);
    int64_t end = clock_now_ns();
    samples_print(&latencies, (double)(end - begin) / 1e9);
    fflush(stdout);
    _exit(0); // with requests in flight: there is nothing to tidy up
}
