#include "nrpc/timer.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLOTS = 1024, TICK_NS = 4000000 };

struct timer_wheel {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    timer *slots[SLOTS];
    int64_t tick;      // all slots up to and including this tick's have been looked at
    int64_t wake_tick; // when the thread means to look next
    size_t count;
    bool stopping;
};

static int64_t tick_of(int64_t ns)
{
    return ns / TICK_NS + (ns % TICK_NS > 0); // up: never early
}

static void unlink_timer(timer_wheel *w, timer *t)
{
    *t->link = t->next;
    if (t->next)
        t->next->link = t->link;
    t->link = NULL;
    w->count--;
}

// The first tick after `tick` whose slot is not empty. What is found may be due in a later round;
// the thread then goes back to sleep.
static int64_t next_tick(const timer_wheel *w)
{
    for (int64_t t = w->tick + 1; t <= w->tick + SLOTS; t++)
        if (w->slots[t % SLOTS])
            return t;
    return INT64_MAX;
}

static void fire_due(timer_wheel *w)
{
    int64_t now = clock_now_ns() / TICK_NS;
    if (now - w->tick > SLOTS)
        w->tick = now - SLOTS; // one round sees every slot
    while (w->tick < now) {
        int64_t tick = ++w->tick; // first: a timer started while we fire goes behind it
        timer *due = NULL;
        for (timer *t = w->slots[tick % SLOTS], *next; t; t = next) {
            next = t->next;
            if (tick_of(t->due_ns) <= now) {
                unlink_timer(w, t);
                t->next = due;
                due = t;
            }
        }
        // Fired one at a time without the lock: cancel of one already taken returns false.
        while (due) {
            timer *t = due;
            due = t->next;
            pthread_mutex_unlock(&w->lock);
            t->fire(t);
            pthread_mutex_lock(&w->lock);
        }
    }
}

static void *run(void *arg)
{
    timer_wheel *w = arg;
    pthread_mutex_lock(&w->lock);
    while (!w->stopping) {
        fire_due(w);
        w->wake_tick = w->count ? next_tick(w) : INT64_MAX;
        if (w->stopping)
            break;
        if (w->wake_tick == INT64_MAX) {
            pthread_cond_wait(&w->changed, &w->lock);
            continue;
        }
        int64_t ns = w->wake_tick * TICK_NS;
        if (ns <= clock_now_ns())
            continue;
        struct timespec until = {ns / 1000000000, ns % 1000000000};
        pthread_cond_timedwait(&w->changed, &w->lock, &until);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

nrpc_code timer_wheel_create(timer_wheel **out, nrpc_status *status)
{
    timer_wheel *w = calloc(1, sizeof *w);
    if (!w)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&w->lock, NULL);
    w->tick = clock_now_ns() / TICK_NS;
    w->wake_tick = INT64_MAX;
    int rv = pthread_create(&w->thread, NULL, run, w);
    if (rv) {
        pthread_cond_destroy(&w->changed);
        pthread_mutex_destroy(&w->lock);
        free(w);
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "NO_THREAD",
                               "cannot start the timer thread: %s", strerror(rv));
    }
    *out = w;
    return NRPC_OK;
}

void timer_wheel_free(timer_wheel *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void timer_start(timer_wheel *w, timer *t, int64_t due_ns, void (*fire)(timer *t))
{
    pthread_mutex_lock(&w->lock);
    int64_t tick = tick_of(due_ns);
    if (tick <= w->tick)
        tick = w->tick + 1;
    t->due_ns = due_ns;
    t->fire = fire;
    timer **slot = &w->slots[tick % SLOTS];
    t->next = *slot;
    t->link = slot;
    if (t->next)
        t->next->link = &t->next;
    *slot = t;
    w->count++;
    if (tick < w->wake_tick)
        pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

bool timer_cancel(timer_wheel *w, timer *t)
{
    pthread_mutex_lock(&w->lock);
    bool set = t->link != NULL;
    if (set)
        unlink_timer(w, t);
    pthread_mutex_unlock(&w->lock);
    return set;
}
