// Those who wait for the next change: calls that hold no thread.
//
//   looked, found nothing --feed_wait--> waiting --commit that matches, or time--> ready
//                                           ^                                        |
//                                           +---- looked again, found nothing <------+
//
// A commit wakes those whose filter its names meet. They are looked after on the worker pool by a
// few jobs, one after another, however many there are.
//
// Threads: any.
#ifndef SERVICE_FEED_H
#define SERVICE_FEED_H

#include "base/macros.h"
#include "registry/read/changes.h"

#include <nrpc/server.h>
#include <sys/queue.h>

typedef struct feed feed;

// A call that waits; it lies in the call's arena.
typedef struct feed_waiter {
    nrpc_call *call;
    changes_filter filter; // borrowed from the request
    // On a worker: asks again, and answers or calls feed_wait.
    void (*look)(struct feed_waiter *w);
    // The feed's own.
    feed *feed;
    TAILQ_ENTRY(feed_waiter) link;
    bool waiting, woken;
} feed_waiter;

MUST_USE nrpc_code feed_create(feed **out, nrpc_server *server, registry *r, nrpc_status *status);
// The server must be gone. NULL is allowed.
void feed_free(feed *f);
// Wakes all, and lets nobody wait any more.
void feed_close(feed *f);

// Waits for a change behind `seen` that the waiter's filter meets, for delay_ms at most; then look
// follows, and the waiter is the feed's until it does. False: there is something new already, or
// nobody may wait any more; the waiter stays the caller's. w->call is detached.
bool feed_wait(feed *f, feed_waiter *w, int64_t seen, unsigned delay_ms);
bool feed_is_closed(feed *f);

#endif
