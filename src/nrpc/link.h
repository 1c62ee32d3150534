// One SP connection over one NNG stream: bytes in, messages out, and back.
//
// A link owns the stream, its two aios and its buffers. It does the handshake and the framing,
// takes in all complete messages of a read at once, writes all that is ready with one write, and
// stops reading while its peer does not read. It knows nothing of calls: what a message means is
// its owner's business (connection.c on the server, channel.c on the client).
//
//            link_start          handshake of the peer
//   created ------------> greeting ------------------> open
//                            |    bad bytes, end of     |  link_close, error,
//                            |    stream, link_close    |  end of stream
//                            +----------> closed <------+
//
// Reading. `message` runs on one thread at a time, in the order of the stream, with no lock held;
// the bytes are borrowed until it returns. When what is unwritten passes LINK_HIGH_WATER, or that
// of all links its bound, reading pauses until enough is written; only on a REP side, since a REQ
// side reads no more than it asked for. Writing. link_reserve .. link_commit brackets one message
// under the link's lock: reserve returns room in the output buffer, so a message is packed where it
// will be sent from. What is committed inside `message` goes out in one write when the read's last
// message has been handled.
//
// Threads: all functions from any thread. Callbacks come on NNG's task threads, or on the thread
// that calls link_commit or link_close; they must not block.
// Lifetime: a link counts its references. `closed` is called exactly once, after which no other
// callback begins. The owner drops its reference with link_unref; memory goes with the last one.
#ifndef NRPC_LINK_H
#define NRPC_LINK_H

#include "base/macros.h"
#include "nrpc/filter.h"
#include "nrpc/sp.h"

#include <nng/nng.h>
#include <nrpc/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINK_HIGH_WATER = 1 << 20,     // unwritten bytes at which reading pauses
    LINK_DISCARD_LIMIT = 64 << 20, // a longer message is not even skipped: close
};

typedef struct link link_t;

typedef struct link_ops {
    // The peer has greeted us. May be NULL.
    void (*open)(void *owner);
    // A complete message, SP header first. False: close.
    bool (*message)(void *owner, const uint8_t *data, size_t size);
    // The first bytes (at least an SP header's worth, or all) of a message longer than the limit;
    // the rest is skipped. False, or NULL: close.
    bool (*oversized)(void *owner, const uint8_t *head, size_t head_size, uint64_t size);
    // The link is closed. error: an NNG error number, NNG_ECONNSHUT when the peer went, NNG_EPROTO
    // when it did not speak our protocol, NNG_ECLOSED after link_close.
    void (*closed)(void *owner, int error);
} link_ops;

typedef struct link_config {
    uint16_t protocol; // ours: SP_REP or SP_REQ
    uint16_t peer;     // the only one accepted
    sp_framing framing;
    size_t read_ahead;       // a read buffer grows up to it when much comes at once
    size_t max_message;      // bytes of a message, SP header included
    size_t max_output;       // bound on unwritten bytes of this link
    atomic_size_t *input;    // bytes of all links' long messages, half received; may be NULL
    size_t max_total_input;  // bound on *input; beyond it a link that wants more is closed
    atomic_size_t *output;   // unwritten bytes of all links together; may be NULL
    size_t max_total_output; // bound on *output
    nrpc_filter *filter;     // taken; NULL: bytes as they are
} link_config;

// Takes stream, also when it fails. Nothing happens until link_start.
MUST_USE nrpc_code link_create(link_t **out, nng_stream *stream, const link_config *config,
                               const link_ops *ops, void *owner, nrpc_status *status);
// Sends our handshake and begins to read.
void link_start(link_t *link);
void link_ref(link_t *link);
void link_unref(link_t *link);

// Room for the message of `size` bytes that link_commit will send. Holds the link's lock until
// then. NULL, and no lock: *error is NRPC_UNAVAILABLE if the link is closed, or
// NRPC_RESOURCE_EXHAUSTED if a bound on unwritten bytes is reached.
uint8_t *link_reserve(link_t *link, size_t size, nrpc_code *error);
// The same for what says that something is refused: up to 4 KiB beyond the bounds. Who uses it
// bounds how many refusals can be owed at a time.
uint8_t *link_reserve_refusal(link_t *link, size_t size, nrpc_code *error);
void link_commit(link_t *link);

// No further reads; pending writes are dropped. `closed` follows. Idempotent.
void link_close(link_t *link);
// Bytes accepted and not yet written.
size_t link_unwritten(link_t *link);

// Whether the peer has greeted us.
bool link_is_open(link_t *link);
// A number that changes whenever bytes have been read or written.
unsigned link_marks(link_t *link);
// One look, from a sweep at fixed intervals. Gives back the output buffers of a link that was idle
// since the last. Returns how many sweeps in a row the peer has owed us its handshake, or has taken
// none of the bytes waiting for it, or has sent no byte of a message it began; 0 when it owes
// nothing.
unsigned link_sweep(link_t *link);

#endif
