#include "service/feed.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    JOBS = 2,        // workers that look after those who are ready
    TURN = 64,       // waiters a job sees to before it lets other work pass
    MAX_NAMES = 256, // of a commit: beyond that everybody looks for himself
    RETRY_MS = 20,   // until a full pool is tried again
};

typedef TAILQ_HEAD(waiter_list, feed_waiter) waiter_list;

typedef struct feed_job {
    nrpc_job base;
    feed *feed;
    bool busy;
} feed_job;

struct feed {
    nrpc_server *server;
    registry *registry;
    pthread_mutex_t lock; // guards what follows
    waiter_list waiting;
    waiter_list ready;
    feed_job jobs[JOBS];
    bool closed;
};

static void run_job(nrpc_job *base);

// Called with the lock held. False: somebody is ready, and nobody will come.
static bool employ(feed *f)
{
    bool busy = false;
    for (int i = 0; i < JOBS && !TAILQ_EMPTY(&f->ready); i++) {
        busy |= f->jobs[i].busy;
        if (f->jobs[i].busy)
            continue;
        f->jobs[i].busy = nrpc_server_submit(f->server, &f->jobs[i].base, run_job);
        return f->jobs[i].busy || busy;
    }
    return true;
}

static void run_job(nrpc_job *base)
{
    feed_job *job = CONTAINER_OF(base, feed_job, base);
    feed *f = job->feed;
    pthread_mutex_lock(&f->lock);
    for (int turn = 0; !TAILQ_EMPTY(&f->ready); turn++) {
        if (turn == TURN) {
            turn = 0;
            if (nrpc_server_submit(f->server, base, run_job)) {
                pthread_mutex_unlock(&f->lock);
                return;
            }
        }
        feed_waiter *w = TAILQ_FIRST(&f->ready);
        TAILQ_REMOVE(&f->ready, w, link);
        pthread_mutex_unlock(&f->lock);
        w->look(w);
        pthread_mutex_lock(&f->lock);
    }
    job->busy = false;
    pthread_mutex_unlock(&f->lock);
}

static void resume(nrpc_call *call, void *context)
{
    feed_waiter *w = context;
    feed *f = w->feed;
    pthread_mutex_lock(&f->lock);
    if (w->waiting)
        TAILQ_REMOVE(&f->waiting, w, link);
    w->waiting = false;
    TAILQ_INSERT_TAIL(&f->ready, w, link);
    if (!employ(f)) {
        TAILQ_REMOVE(&f->ready, w, link);
        // In no list: a commit need not wake it, it looks soon enough.
        nrpc_call_sleep(call, RETRY_MS, resume, w);
    }
    pthread_mutex_unlock(&f->lock);
}

static bool meets(const feed *f, const feed_waiter *w, const char *const *names, size_t count)
{
    if (count > MAX_NAMES)
        return true;
    for (size_t i = 0; i < count; i++)
        if (changes_match(f->registry, &w->filter, names[i]))
            return true;
    return false;
}

static void on_commit(void *context, const char *const *names, size_t count, int64_t revision)
{
    feed *f = context;
    (void)revision;
    pthread_mutex_lock(&f->lock);
    feed_waiter *w;
    // While a waiter is in the list its resume has not had the lock: the call is there.
    TAILQ_FOREACH(w, &f->waiting, link)
    {
        if (!w->woken && meets(f, w, names, count)) {
            w->woken = true;
            nrpc_call_wake(w->call);
        }
    }
    pthread_mutex_unlock(&f->lock);
}

bool feed_wait(feed *f, feed_waiter *w, int64_t seen, unsigned delay_ms)
{
    pthread_mutex_lock(&f->lock);
    // on_commit comes after the revision has moved: what is not seen here will be told there.
    bool waits = !f->closed && registry_revision(f->registry) <= seen;
    if (waits) {
        w->feed = f;
        w->waiting = true;
        w->woken = false;
        TAILQ_INSERT_TAIL(&f->waiting, w, link);
        nrpc_call_sleep(w->call, delay_ms, resume, w);
    }
    pthread_mutex_unlock(&f->lock);
    return waits;
}

bool feed_is_closed(feed *f)
{
    pthread_mutex_lock(&f->lock);
    bool closed = f->closed;
    pthread_mutex_unlock(&f->lock);
    return closed;
}

void feed_close(feed *f)
{
    pthread_mutex_lock(&f->lock);
    f->closed = true;
    feed_waiter *w;
    TAILQ_FOREACH(w, &f->waiting, link)
    nrpc_call_wake(w->call);
    pthread_mutex_unlock(&f->lock);
}

nrpc_code feed_create(feed **out, nrpc_server *server, registry *r, nrpc_status *status)
{
    feed *f = calloc(1, sizeof *f);
    if (!f)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                               "out of memory for the change feed");
    f->server = server;
    f->registry = r;
    pthread_mutex_init(&f->lock, NULL);
    TAILQ_INIT(&f->waiting);
    TAILQ_INIT(&f->ready);
    for (int i = 0; i < JOBS; i++)
        f->jobs[i].feed = f;
    registry_listen(r, on_commit, f);
    *out = f;
    return NRPC_OK;
}

void feed_free(feed *f)
{
    if (!f)
        return;
    registry_listen(f->registry, NULL, NULL);
    pthread_mutex_destroy(&f->lock);
    free(f);
}
