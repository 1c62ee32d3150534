#include "ftzd/upkeep.h"

#include "base/clock.h"
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { PAUSE_S = 60 };

struct upkeep {
    registry *registry;
    registry_upkeep what;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_bool stop; // under the lock where the thread waits; else it cancels the store's work
};

static void work(upkeep *u)
{
    nrpc_status status = {0};
    registry_upkeep_result result;
    const store_context c = {
        .cancelled = &u->stop, .deadline_ns = CLOCK_NEVER, .actor = "", .request_id = ""};
    nrpc_code code =
        registry_maintain(u->registry, &c, clock_wall_us(), &u->what, &result, &status);
    if (code && !atomic_load(&u->stop)) {
        char quoted[LOG_QUOTE_SIZE];
        log_warn("upkeep failed", "code=%s error=%s", nrpc_code_name(code),
                 log_quote(status.message ? status.message : "", quoted));
    }
    if (result.purged)
        log_info("purged what was deleted long ago", "resources=%zu", result.purged);
    nrpc_status_fini(&status);
}

static void *run(void *context)
{
    upkeep *u = context;
    pthread_mutex_lock(&u->lock);
    while (!atomic_load(&u->stop)) {
        pthread_mutex_unlock(&u->lock);
        work(u);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += PAUSE_S;
        pthread_mutex_lock(&u->lock);
        while (!atomic_load(&u->stop) && !pthread_cond_timedwait(&u->wake, &u->lock, &until))
            ;
    }
    pthread_mutex_unlock(&u->lock);
    return NULL;
}

nrpc_code upkeep_start(upkeep **out, registry *r, const registry_upkeep *what, nrpc_status *status)
{
    upkeep *u = calloc(1, sizeof *u);
    if (!u)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                               "out of memory for upkeep");
    u->registry = r;
    u->what = *what;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&u->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&u->lock, NULL);
    if (pthread_create(&u->thread, NULL, run, u)) {
        pthread_cond_destroy(&u->wake);
        pthread_mutex_destroy(&u->lock);
        free(u);
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "NO_THREAD",
                               "no thread could be started for upkeep");
    }
    *out = u;
    return NRPC_OK;
}

void upkeep_stop(upkeep *u)
{
    if (!u)
        return;
    pthread_mutex_lock(&u->lock);
    atomic_store(&u->stop, true);
    pthread_cond_signal(&u->wake);
    pthread_mutex_unlock(&u->lock);
    pthread_join(u->thread, NULL);
    pthread_cond_destroy(&u->wake);
    pthread_mutex_destroy(&u->lock);
    free(u);
}
