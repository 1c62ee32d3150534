#include "bench/peer.h"

#include "nrpc/sp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void peer_check(int rv, const char *what)
{
    if (rv) {
        fprintf(stderr, "%s: %s\n", what, nng_strerror(rv));
        exit(1);
    }
}

static void submit(nng_aio *aio, void *data, size_t size, nng_stream *s,
                   void (*go)(nng_stream *, nng_aio *))
{
    nng_iov iov = {data, size};
    nng_aio_set_iov(aio, 1, &iov);
    go(s, aio);
}

static uint8_t *room(peer *p, size_t size)
{
    if (p->out_size + size > p->out_capacity) {
        p->out_capacity = (p->out_size + size) * 2;
        p->out = realloc(p->out, p->out_capacity);
        peer_check(p->out ? 0 : NNG_ENOMEM, "peer");
    }
    p->out_size += size;
    return p->out + p->out_size - size;
}

uint8_t *peer_room(peer *p, size_t size)
{
    return sp_put_prefix(room(p, 8 + size), SP_FRAMING_TCP, size);
}

static void flush(peer *p)
{
    if (p->busy || !p->out_size)
        return;
    uint8_t *data = p->writing;
    size_t capacity = p->writing_capacity;
    p->writing = p->out;
    p->writing_capacity = p->out_capacity;
    p->writing_size = p->out_size;
    p->written = 0;
    p->out = data;
    p->out_capacity = capacity;
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

static void read_more(peer *p)
{
    submit(p->read, p->in + p->in_size, PEER_BUFFER - p->in_size, p->stream, nng_stream_recv);
}

static void on_read(void *arg)
{
    peer *p = arg;
    if (nng_aio_result(p->read)) {
        nng_stream_close(p->stream); // what it held is left: a benchmark is short
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
        p->message(p, p->in + at + 8, (size_t)length);
        at += 8 + length;
    }
    flush(p);
    pthread_mutex_unlock(&p->lock);
    memmove(p->in, p->in + at, p->in_size - at);
    p->in_size -= at;
    read_more(p);
}

peer *peer_create(nng_stream *stream, uint16_t protocol,
                  void (*message)(peer *p, const uint8_t *data, size_t size), void *context)
{
    peer *p = calloc(1, sizeof *p);
    peer_check(p ? 0 : NNG_ENOMEM, "peer");
    p->stream = stream;
    p->message = message;
    p->context = context;
    pthread_mutex_init(&p->lock, NULL);
    peer_check(nng_aio_alloc(&p->read, on_read, p), "peer");
    peer_check(nng_aio_alloc(&p->write, on_write, p), "peer");
    pthread_mutex_lock(&p->lock);
    sp_put_handshake(room(p, SP_HANDSHAKE_SIZE), protocol);
    return p;
}

void peer_go(peer *p)
{
    flush(p);
    pthread_mutex_unlock(&p->lock);
    read_more(p);
}
