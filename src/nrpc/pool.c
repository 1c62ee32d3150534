#include "nrpc/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work;
    pool_job *first, **last;
    size_t queued, max_queued;
    bool stopping;
    unsigned thread_count;
    pthread_t threads[];
};

static void *work(void *arg)
{
    pool *p = arg;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->first && !p->stopping)
            pthread_cond_wait(&p->work, &p->lock);
        pool_job *job = p->first;
        if (!job)
            break;
        p->first = job->next;
        if (!p->first)
            p->last = &p->first;
        p->queued--;
        pthread_mutex_unlock(&p->lock);
        job->run(job);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

nrpc_code pool_create(pool **out, unsigned threads, size_t max_queued, nrpc_status *status)
{
    pool *p = calloc(1, sizeof *p + threads * sizeof p->threads[0]);
    if (!p)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    p->last = &p->first;
    p->max_queued = max_queued;
    for (; p->thread_count < threads; p->thread_count++) {
        int rv = pthread_create(&p->threads[p->thread_count], NULL, work, p);
        if (rv) {
            pool_free(p);
            return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "NO_THREAD",
                                   "cannot start a worker thread: %s", strerror(rv));
        }
    }
    *out = p;
    return NRPC_OK;
}

void pool_free(pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->thread_count; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

bool pool_submit(pool *p, pool_job *job, void (*run)(pool_job *job))
{
    job->next = NULL;
    job->run = run;
    pthread_mutex_lock(&p->lock);
    bool room = p->queued < p->max_queued;
    if (room) {
        *p->last = job;
        p->last = &job->next;
        p->queued++;
        pthread_cond_signal(&p->work);
    }
    pthread_mutex_unlock(&p->lock);
    return room;
}
