// A closed-loop client: a number of connections, each with a number of requests in flight.
//
// usage: load bare|channel|req URL CONNECTIONS IN_FLIGHT SECONDS METHOD PAYLOAD_FILE
//        load capture URL METHOD PAYLOAD_FILE REPLY_FILE
//   bare     SP over NNG's byte streams and nothing else
//   channel  the client library (nrpc/client.h)
//   req      libnng's REQ socket, one socket a connection, one context a request in flight
//   capture  makes the call once and keeps the packed nrpc.v1.Reply
// PAYLOAD_FILE holds the packed request message. Prints one line, see samples.h.
#include "bench/samples.h"

#include "base/clock.h"
#include "nrpc/envelope.h"
#include "nrpc/sp.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/util/platform.h>
#include <nrpc/client.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 1 << 17, MAX_IN_FLIGHT = 1024, WARM_UP_MS = 500 };

static samples latencies;
static uint8_t *call_bytes, *payload; // the packed Call, and the request inside it
static size_t call_size, payload_size;
static const char *method;

static void check(int rv, const char *what)
{
    if (rv) {
        fprintf(stderr, "load: %s: %s\n", what, nng_strerror(rv));
        exit(1);
    }
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    uint8_t *data = malloc(BUFFER);
    *size = fread(data, 1, BUFFER, f);
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

typedef struct peer {
    nng_stream *stream;
    nng_aio *read, *write;
    pthread_mutex_t lock;
    uint8_t in[BUFFER];
    size_t in_size;
    bool greeted, busy;
    uint8_t *out, *writing;
    size_t out_size, writing_size, written;
    int64_t begun[MAX_IN_FLIGHT];
} peer;

static void submit(nng_aio *aio, void *data, size_t size, nng_stream *s,
                   void (*go)(nng_stream *, nng_aio *))
{
    nng_iov iov = {data, size};
    nng_aio_set_iov(aio, 1, &iov);
    go(s, aio);
}

static void flush(peer *p)
{
    if (p->busy || !p->out_size)
        return;
    uint8_t *data = p->writing;
    p->writing = p->out;
    p->writing_size = p->out_size;
    p->written = 0;
    p->out = data;
    p->out_size = 0;
    p->busy = true;
    submit(p->write, p->writing, p->writing_size, p->stream, nng_stream_send);
}

// `out` holds a request for every slot at most: allocated once.
static void send_request(peer *p, uint32_t slot, int64_t now)
{
    uint8_t *out = sp_put_prefix(p->out + p->out_size, SP_FRAMING_TCP, 4 + call_size);
    sp_put_u32(out, 0x80000000u | slot);
    memcpy(out + 4, call_bytes, call_size);
    p->out_size += 8 + 4 + call_size;
    p->begun[slot] = now;
}

static void on_write(void *arg)
{
    peer *p = arg;
    pthread_mutex_lock(&p->lock);
    if (!nng_aio_result(p->write)) {
        p->written += nng_aio_count(p->write);
        if (p->written < p->writing_size) {
            submit(p->write, p->writing + p->written, p->writing_size - p->written, p->stream,
                   nng_stream_send);
        } else {
            p->busy = false;
            flush(p);
        }
    }
    pthread_mutex_unlock(&p->lock);
}

static void on_read(void *arg)
{
    peer *p = arg;
    if (nng_aio_result(p->read))
        return;
    p->in_size += nng_aio_count(p->read);
    size_t at = 0;
    uint64_t length;
    pthread_mutex_lock(&p->lock);
    if (!p->greeted && p->in_size >= SP_HANDSHAKE_SIZE) {
        p->greeted = true;
        at = SP_HANDSHAKE_SIZE;
    }
    while (p->greeted &&
           sp_parse_prefix(p->in + at, p->in_size - at, SP_FRAMING_TCP, &length) == SP_DONE &&
           p->in_size - at - 8 >= length) {
        uint32_t slot = sp_get_u32(p->in + at + 8) & 0x7fffffffu;
        int64_t now = clock_now_ns();
        samples_add(&latencies, now - p->begun[slot]);
        send_request(p, slot, now);
        at += 8 + length;
    }
    flush(p);
    pthread_mutex_unlock(&p->lock);
    memmove(p->in, p->in + at, p->in_size - at);
    p->in_size -= at;
    submit(p->read, p->in + p->in_size, BUFFER - p->in_size, p->stream, nng_stream_recv);
}

static void start_bare(const char *url, unsigned in_flight)
{
    peer *p = calloc(1, sizeof *p);
    nng_stream_dialer *dialer;
    nng_aio *dial;
    check(nng_stream_dialer_alloc(&dialer, url), url);
    check(nng_aio_alloc(&dial, NULL, NULL), "aio");
    nng_stream_dialer_dial(dialer, dial);
    nng_aio_wait(dial);
    check(nng_aio_result(dial), url);
    p->stream = nng_aio_get_output(dial, 0);
    nng_aio_free(dial);
    pthread_mutex_init(&p->lock, NULL);
    check(nng_aio_alloc(&p->read, on_read, p), "aio");
    check(nng_aio_alloc(&p->write, on_write, p), "aio");
    p->out = malloc(SP_HANDSHAKE_SIZE + in_flight * (12 + call_size));
    p->writing = malloc(SP_HANDSHAKE_SIZE + in_flight * (12 + call_size));
    pthread_mutex_lock(&p->lock);
    sp_put_handshake(p->out, SP_REQ);
    p->out_size = SP_HANDSHAKE_SIZE;
    for (uint32_t i = 0; i < in_flight; i++)
        send_request(p, i, clock_now_ns());
    flush(p);
    pthread_mutex_unlock(&p->lock);
    submit(p->read, p->in, BUFFER, p->stream, nng_stream_recv);
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
    check(nng_msg_alloc(&msg, 0), "message");
    check(nng_msg_append(msg, call_bytes, call_size), "message");
    nng_aio_set_msg(c->aio, msg);
    c->sending = true;
    c->begun = clock_now_ns();
    nng_ctx_send(c->ctx, c->aio);
}

static void on_req(void *arg)
{
    context *c = arg;
    check(nng_aio_result(c->aio), "req");
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
    check(nng_req0_open(&s), "req");
    check(nng_socket_set_ms(s, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE), "resend");
    check(nng_dial(s, url, NULL, 0), url);
    for (unsigned i = 0; i < in_flight; i++) {
        context *c = calloc(1, sizeof *c);
        check(nng_ctx_open(&c->ctx, s), "context");
        check(nng_aio_alloc(&c->aio, on_req, c), "aio");
        request(c);
    }
}

// -------------------------------------------------------------------------------------------------

static int capture(const char *url, const char *reply_file)
{
    nng_socket s;
    nng_msg *msg;
    check(nng_req0_open(&s), "req");
    check(nng_dial(s, url, NULL, 0), url);
    check(nng_msg_alloc(&msg, 0), "message");
    check(nng_msg_append(msg, call_bytes, call_size), "message");
    check(nng_sendmsg(s, msg, 0), "send");
    check(nng_recvmsg(s, &msg, 0), "receive");
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
