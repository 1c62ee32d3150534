// Floors to measure beside: a server that answers every request with the same bytes.
//
// usage: echo_server stream|rep URL REPLY_FILE
//   stream  SP over NNG's byte streams, no limits, no timeouts, no calls
//   rep     libnng's REP socket with 64 contexts
#include "nrpc/sp.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 1 << 17, CONTEXTS = 64 };

static uint8_t *reply;
static size_t reply_size;

static void check(int rv, const char *what)
{
    if (rv) {
        fprintf(stderr, "echo_server: %s: %s\n", what, nng_strerror(rv));
        exit(1);
    }
}

// --- stream --------------------------------------------------------------------------------------

typedef struct peer {
    nng_stream *stream;
    nng_aio *read, *write;
    pthread_mutex_t lock;
    uint8_t in[BUFFER];
    size_t in_size;
    bool greeted, busy;
    uint8_t *out, *writing;
    size_t out_size, out_room, writing_size, writing_room, written;
} peer;

static void submit(nng_aio *aio, void *data, size_t size, nng_stream *s,
                   void (*go)(nng_stream *, nng_aio *))
{
    nng_iov iov = {data, size};
    nng_aio_set_iov(aio, 1, &iov);
    go(s, aio);
}

static uint8_t *room_for(peer *p, size_t size)
{
    if (p->out_size + size > p->out_room) {
        p->out_room = (p->out_size + size) * 2;
        p->out = realloc(p->out, p->out_room);
    }
    p->out_size += size;
    return p->out + p->out_size - size;
}

static void flush(peer *p)
{
    if (p->busy || !p->out_size)
        return;
    uint8_t *data = p->writing;
    size_t room = p->writing_room;
    p->writing = p->out;
    p->writing_room = p->out_room;
    p->writing_size = p->out_size;
    p->written = 0;
    p->out = data;
    p->out_room = room;
    p->out_size = 0;
    p->busy = true;
    submit(p->write, p->writing, p->writing_size, p->stream, nng_stream_send);
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
    if (nng_aio_result(p->read)) {
        nng_stream_close(p->stream); // what it held is left: a bench is short
        return;
    }
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
        uint8_t *out =
            sp_put_prefix(room_for(p, 8 + 4 + reply_size), SP_FRAMING_TCP, 4 + reply_size);
        memcpy(out, p->in + at + 8, 4);
        memcpy(out + 4, reply, reply_size);
        at += 8 + length;
    }
    flush(p);
    pthread_mutex_unlock(&p->lock);
    memmove(p->in, p->in + at, p->in_size - at);
    p->in_size -= at;
    submit(p->read, p->in + p->in_size, BUFFER - p->in_size, p->stream, nng_stream_recv);
}

static nng_stream_listener *listener;
static nng_aio *accept_aio;

static void on_accept(void *arg)
{
    (void)arg;
    if (!nng_aio_result(accept_aio)) {
        peer *p = calloc(1, sizeof *p);
        p->stream = nng_aio_get_output(accept_aio, 0);
        pthread_mutex_init(&p->lock, NULL);
        check(nng_aio_alloc(&p->read, on_read, p), "aio");
        check(nng_aio_alloc(&p->write, on_write, p), "aio");
        pthread_mutex_lock(&p->lock);
        sp_put_handshake(room_for(p, SP_HANDSHAKE_SIZE), SP_REP);
        flush(p);
        pthread_mutex_unlock(&p->lock);
        submit(p->read, p->in, BUFFER, p->stream, nng_stream_recv);
    }
    nng_stream_listener_accept(listener, accept_aio);
}

static void serve_stream(const char *url)
{
    check(nng_stream_listener_alloc(&listener, url), url);
    check(nng_stream_listener_listen(listener), url);
    check(nng_aio_alloc(&accept_aio, on_accept, NULL), "aio");
    nng_stream_listener_accept(listener, accept_aio);
}

// --- rep -----------------------------------------------------------------------------------------

typedef struct context {
    nng_ctx ctx;
    nng_aio *aio;
    bool receiving;
} context;

static void on_rep(void *arg)
{
    context *c = arg;
    int rv = nng_aio_result(c->aio);
    if (rv == NNG_ECLOSED)
        return;
    if (c->receiving && !rv) {
        nng_msg *msg = nng_aio_get_msg(c->aio);
        nng_msg_clear(msg);
        nng_msg_append(msg, reply, reply_size);
        nng_aio_set_msg(c->aio, msg);
        c->receiving = false;
        nng_ctx_send(c->ctx, c->aio);
        return;
    }
    c->receiving = true;
    nng_ctx_recv(c->ctx, c->aio);
}

static void serve_rep(const char *url)
{
    static context contexts[CONTEXTS];
    nng_socket s;
    check(nng_rep0_open(&s), "rep");
    check(nng_socket_set_size(s, NNG_OPT_RECVMAXSZ, 4 << 20), "limit");
    check(nng_listen(s, url, NULL, 0), url);
    for (int i = 0; i < CONTEXTS; i++) {
        check(nng_ctx_open(&contexts[i].ctx, s), "context");
        check(nng_aio_alloc(&contexts[i].aio, on_rep, &contexts[i]), "aio");
        contexts[i].receiving = true;
        nng_ctx_recv(contexts[i].ctx, contexts[i].aio);
    }
}

int main(int argc, char **argv)
{
    FILE *f = argc == 4 ? fopen(argv[3], "rb") : NULL;
    if (!f) {
        fprintf(stderr, "usage: echo_server stream|rep URL REPLY_FILE\n");
        return 2;
    }
    reply = malloc(BUFFER);
    reply_size = fread(reply, 1, BUFFER, f);
    fclose(f);
    if (strcmp(argv[1], "rep") == 0)
        serve_rep(argv[2]);
    else
        serve_stream(argv[2]);
    printf("ready\n");
    fflush(stdout);
    pause();
}
