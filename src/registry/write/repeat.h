// Requests that come again (AIP-155): what a write answered is remembered with it, in its own
// transaction, and its repetition gets that once more, also after a restart.
//
// Threads: one at a time, inside a store_write_fn.
#ifndef REGISTRY_REPEAT_H
#define REGISTRY_REPEAT_H

#include "base/buffer.h"
#include "store/store.h"

typedef struct repeat {
    const char *request_id; // borrowed
    uint64_t fingerprint;   // of what is asked
    // Of the first time, if there was one.
    bool found;
    int64_t revision;
    buffer answer;
} repeat;

// what: the request, in a form that is the same each time it comes.
void repeat_init(repeat *x, const store *s, const char *request_id, store_bytes what);
void repeat_fini(repeat *x);

// Looks whether it was answered before. ALREADY_EXISTS, reason REQUEST_ID_REUSED, if the request_id
// stands for something else.
MUST_USE nrpc_code repeat_recall(repeat *x, store_tx *tx, nrpc_status *status);
MUST_USE nrpc_code repeat_remember(const repeat *x, store_tx *tx, store_bytes answer,
                                   nrpc_status *status);

#endif
