#include "store/sqlite.h"

#include "base/clock.h"
#include "store/context.h"

#include <time.h>

// Somebody in the queue. What comes free goes to the first of it by name, so that a caller who
// comes again and again cannot pass the others.
struct sqlite_waiter {
    TAILQ_ENTRY(sqlite_waiter) link;
    pthread_cond_t granted_cond;
    bool granted;
    sqlite_conn *conn; // once granted; NULL: open your own
};

void sqlite_pool_init(sqlite_pool *pool, const char *path, bool writer, int limit)
{
    *pool = (sqlite_pool){.path = path, .writer = writer, .limit = limit};
    pthread_mutex_init(&pool->lock, NULL);
    TAILQ_INIT(&pool->waiters);
}

void sqlite_pool_fini(sqlite_pool *pool)
{
    while (pool->idle) {
        sqlite_conn *conn = pool->idle;
        pool->idle = conn->next;
        sqlite_conn_close(conn);
    }
    pthread_mutex_destroy(&pool->lock);
}

// Passes on a connection, or with NULL the right to open one.
static void hand_over(sqlite_pool *pool, sqlite_conn *conn)
{
    pthread_mutex_lock(&pool->lock);
    sqlite_waiter *first = TAILQ_FIRST(&pool->waiters);
    if (first) {
        TAILQ_REMOVE(&pool->waiters, first, link);
        first->granted = true;
        first->conn = conn;
        pthread_cond_signal(&first->granted_cond);
    } else if (conn) {
        conn->next = pool->idle;
        pool->idle = conn;
    } else {
        pool->open--;
    }
    pthread_mutex_unlock(&pool->lock);
}

static void init_cond(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void wait_a_while(sqlite_pool *pool, sqlite_waiter *self, const store_context *c)
{
    int64_t until = store_context_next_look(c);
    struct timespec t = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
    if (until == CLOCK_NEVER)
        pthread_cond_wait(&self->granted_cond, &pool->lock);
    else
        pthread_cond_timedwait(&self->granted_cond, &pool->lock, &t);
}

// Called with the lock held.
static nrpc_code queue(sqlite_pool *pool, const store_context *c, sqlite_conn **conn,
                       nrpc_status *status)
{
    sqlite_waiter self = {0};
    init_cond(&self.granted_cond);
    nrpc_code code = NRPC_OK;
    TAILQ_INSERT_TAIL(&pool->waiters, &self, link);
    while (!self.granted && !(code = store_context_check(c, status)))
        wait_a_while(pool, &self, c);
    if (self.granted)
        *conn = self.conn;
    else
        TAILQ_REMOVE(&pool->waiters, &self, link);
    pthread_cond_destroy(&self.granted_cond);
    return code;
}

nrpc_code sqlite_pool_take(sqlite_pool *pool, const store_context *c, sqlite_conn **conn,
                           nrpc_status *status)
{
    *conn = NULL;
    nrpc_code code = store_context_check(c, status);
    if (code)
        return code;
    pthread_mutex_lock(&pool->lock);
    if (pool->idle) {
        *conn = pool->idle;
        pool->idle = (*conn)->next;
    } else if (pool->open < pool->limit) {
        pool->open++;
    } else {
        code = queue(pool, c, conn, status);
    }
    pthread_mutex_unlock(&pool->lock);
    if (code)
        return code;
    if (!*conn) {
        code = sqlite_conn_open(pool->path, pool->writer, conn, status);
        if (code) {
            hand_over(pool, NULL);
            return code;
        }
    }
    (*conn)->context = c;
    return NRPC_OK;
}

void sqlite_pool_give(sqlite_pool *pool, sqlite_conn *conn)
{
    conn->context = NULL; // the rollback must come through
    if (!sqlite3_get_autocommit(conn->db) && sqlite_run(conn, STATEMENT_ROLLBACK, NULL) &&
        !sqlite3_get_autocommit(conn->db)) {
        sqlite_conn_close(conn);
        conn = NULL;
    }
    hand_over(pool, conn);
}
