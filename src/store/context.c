#include "store/context.h"

#include "base/clock.h"

static bool is_cancelled(const store_context *c)
{
    return c->cancelled && atomic_load_explicit(c->cancelled, memory_order_relaxed);
}

static bool is_late(const store_context *c)
{
    return c->deadline_ns != CLOCK_NEVER && clock_now_ns() >= c->deadline_ns;
}

bool store_context_over(const store_context *c)
{
    return is_cancelled(c) || is_late(c);
}

int64_t store_context_next_look(const store_context *c)
{
    enum { POLL_NS = 10000000 };
    if (!c->cancelled && c->deadline_ns == CLOCK_NEVER)
        return CLOCK_NEVER;
    int64_t poll = clock_now_ns() + POLL_NS;
    if (is_late(c))
        return poll;
    return c->cancelled && poll < c->deadline_ns ? poll : c->deadline_ns;
}

nrpc_code store_context_check(const store_context *c, nrpc_status *status)
{
    if (is_cancelled(c))
        return nrpc_status_set(status, NRPC_CANCELLED, "CANCELLED", "the caller has gone");
    if (is_late(c))
        return nrpc_status_set(status, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED",
                               "the deadline passed in the store");
    return NRPC_OK;
}
