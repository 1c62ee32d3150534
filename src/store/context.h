// What every implementation of a store does with a store_context.
#ifndef STORE_CONTEXT_H
#define STORE_CONTEXT_H

#include "store/store.h"

// Whether the caller has gone or its deadline has passed.
bool store_context_over(const store_context *c);
// Until when a wait may last before it is to be looked at again; CLOCK_NEVER: as long as it takes.
// A little in the future even if it is over, for those who may not leave yet.
int64_t store_context_next_look(const store_context *c);
// The same as a status: CANCELLED or DEADLINE_EXCEEDED, else NRPC_OK.
MUST_USE nrpc_code store_context_check(const store_context *c, nrpc_status *status);

#endif
