// The seam between a stream and its framing: where bytes may be turned into other bytes.
//
// Plain tcp and ipc have no filter. One that encrypts implements this table; the link calls it and
// knows nothing of what it does.
//
// A filter belongs to one link. `decode` runs on the reading side, `encode` under the
// link's write lock; the two sides may run at the same time on different threads.
#ifndef NRPC_FILTER_H
#define NRPC_FILTER_H

#include "base/buffer.h"

#include <stdbool.h>

typedef struct nrpc_filter nrpc_filter;

struct nrpc_filter {
    // Bytes from the stream: appends what they mean to `plain`. May append bytes of its own for
    // the peer to `reply` (a handshake's next flight). False: not to be trusted, close.
    bool (*decode)(nrpc_filter *self, const uint8_t *wire, size_t size, buffer *plain,
                   buffer *reply);
    // Bytes for the peer: appends their wire form. False: close.
    bool (*encode)(nrpc_filter *self, const uint8_t *plain, size_t size, buffer *wire);
    void (*free)(nrpc_filter *self);
};

#endif
