// One end of SP over an NNG byte stream on tcp and nothing else: no limits, no time-outs, no close.
// What the floors of a benchmark are made of.
//
// Whole messages are handed to `message` in the order they came, with the peer's lock held; what it
// writes into peer_room leaves with one write when the read has been handled.
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <nng/nng.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PEER_BUFFER = 1 << 17 };

typedef struct peer peer;

struct peer {
    nng_stream *stream;
    nng_aio *read, *write;
    pthread_mutex_t lock;
    uint8_t in[PEER_BUFFER];
    size_t in_size;
    bool greeted, busy;
    uint8_t *out, *writing;
    size_t out_size, out_capacity, writing_size, writing_capacity, written;
    void (*message)(peer *p, const uint8_t *data, size_t size);
    void *context;
};

// Greets as `protocol` and reads. With the lock held, so that the caller may add first messages
// before peer_go.
peer *peer_create(nng_stream *stream, uint16_t protocol,
                  void (*message)(peer *p, const uint8_t *data, size_t size), void *context);
void peer_go(peer *p);
// Room for a message of that size behind what waits to be written, its prefix in place.
uint8_t *peer_room(peer *p, size_t size);
// Ends the program with a word when rv is not 0.
void peer_check(int rv, const char *what);

#endif
