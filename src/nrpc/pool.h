// A bounded pool of threads for work that may block.
//
// Jobs are embedded in their owners' structures and run in the order they came. The queue has a
// bound; submitting to a full one fails at once and the caller says so to whoever asked.
// Threads: pool_submit from any thread.
#ifndef NRPC_POOL_H
#define NRPC_POOL_H

#include "base/macros.h"

#include <nrpc/server.h>

typedef struct pool pool;
typedef nrpc_job pool_job;

MUST_USE nrpc_code pool_create(pool **out, unsigned threads, size_t max_queued,
                               nrpc_status *status);
// Runs what is queued, then joins. No submission may follow. NULL is allowed.
void pool_free(pool *p);
// False when the queue is full.
MUST_USE bool pool_submit(pool *p, pool_job *job, void (*run)(pool_job *job));

#endif
