// Floors to measure beside: a server that answers every request with the same bytes.
//
// usage: echo_server stream|rep URL REPLY_FILE
//   stream  SP over NNG's byte streams, no limits, no timeouts, no calls
//   rep     libnng's REP socket with 64 contexts
#include "bench/peer.h"

#include "nrpc/sp.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONTEXTS = 64 };

static uint8_t *reply;
static size_t reply_size;

// --- stream --------------------------------------------------------------------------------------

static void on_request(peer *p, const uint8_t *data, size_t size)
{
    (void)size;
    uint8_t *out = peer_room(p, 4 + reply_size);
    memcpy(out, data, 4); // the id
    memcpy(out + 4, reply, reply_size);
}

static nng_stream_listener *listener;
static nng_aio *accept_aio;

static void on_accept(void *arg)
{
    (void)arg;
    if (!nng_aio_result(accept_aio))
        peer_go(peer_create(nng_aio_get_output(accept_aio, 0), SP_REP, on_request, NULL));
    nng_stream_listener_accept(listener, accept_aio);
}

static void serve_stream(const char *url)
{
    peer_check(nng_stream_listener_alloc(&listener, url), url);
    peer_check(nng_stream_listener_listen(listener), url);
    peer_check(nng_aio_alloc(&accept_aio, on_accept, NULL), "aio");
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
    peer_check(nng_rep0_open(&s), "rep");
    peer_check(nng_socket_set_size(s, NNG_OPT_RECVMAXSZ, 4 << 20), "limit");
    peer_check(nng_listen(s, url, NULL, 0), url);
    for (int i = 0; i < CONTEXTS; i++) {
        peer_check(nng_ctx_open(&contexts[i].ctx, s), "context");
        peer_check(nng_aio_alloc(&contexts[i].aio, on_rep, &contexts[i]), "aio");
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
    reply = malloc(PEER_BUFFER);
    reply_size = fread(reply, 1, PEER_BUFFER, f);
    fclose(f);
    if (strcmp(argv[1], "rep") == 0)
        serve_rep(argv[2]);
    else
        serve_stream(argv[2]);
    printf("ready\n");
    fflush(stdout);
    pause();
}
