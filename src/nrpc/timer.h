// Timers on one thread: a hashed wheel of 1,024 slots, 4 ms each.
//
// Starting and cancelling cost a lock and a list move, whatever the number of timers. A timer
// fires on the wheel's thread, never early and normally within 8 ms of its time; its function must
// not block. The thread sleeps without wake-ups while no timer is set.
//
// Owns: the thread and the wheel. The timers are embedded in their owners' structures, which must
// live until the timer has fired or timer_cancel has returned true.
// Threads: start and cancel from any thread, also from inside a timer's function.
#ifndef NRPC_TIMER_H
#define NRPC_TIMER_H

#include "base/macros.h"

#include <nrpc/status.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct timer_wheel timer_wheel;
typedef struct timer timer;

struct timer {
    timer *next, **link; // link is NULL while not in a slot
    int64_t due_ns;
    void (*fire)(timer *t);
};

MUST_USE nrpc_code timer_wheel_create(timer_wheel **out, nrpc_status *status);
// Joins the thread; timers still set never fire.
void timer_wheel_free(timer_wheel *wheel);

// t must not be set. due_ns: clock_now_ns() time; one in the past fires at once.
void timer_start(timer_wheel *wheel, timer *t, int64_t due_ns, void (*fire)(timer *t));
// True: it was set and will not fire. False: it was not set, has fired, or is about to: then it
// must neither be started again nor freed before its function has begun.
bool timer_cancel(timer_wheel *wheel, timer *t);

#endif
