// Writers share commits: whoever stands first in the queue leads. It runs its own fn and then, one
// after the other, those of the writers behind it, all in one transaction; commits that once; and
// answers all of them. The next one in the queue leads the next commit.
//
//   WAITING --leader takes it--> TAKEN --committed, or failed--> DONE
//      ^                           |
//      +--- the transaction broke -+
//
// A writer that waits may leave the queue; one that is taken may not: its fn may be running. A fn
// that fails is undone alone: the first change of a writer behind others makes a savepoint. Those
// who saw changes of others that were then not committed get the error of the commit, even if they
// changed nothing: what they would answer would not be true.
#include "store/sqlite.h"

#include "base/clock.h"
#include "store/context.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_GROUP = 64 };

typedef enum writer_state { WRITER_WAITING, WRITER_TAKEN, WRITER_DONE } writer_state;

struct sqlite_writer {
    TAILQ_ENTRY(sqlite_writer) link; // of the queue, then of the group
    pthread_cond_t changed;
    writer_state state; // guarded by the queue's lock
    const store_context *context;
    store_write_fn fn;
    void *fn_context;
    nrpc_status *status;
    int64_t revision;
    nrpc_code code;
    bool depends; // on changes not yet committed, its own or others'
};

// --- one transaction

static nrpc_code begin(sqlite_group *g, const store_context *c, nrpc_status *status)
{
    g->conn->context = c;
    nrpc_code code = sqlite_run(g->conn, STATEMENT_BEGIN_WRITE, status);
    // From the file, not from memory: it is the file that must have no hole.
    return code ? code : sqlite_read_revision(g->conn, &g->revision, status);
}

// What the observer is told, an array over g->names.
static const char **collect_names(const sqlite_group *g)
{
    const char **names = malloc((g->name_count + 1) * sizeof *names);
    const char *next = (const char *)g->names.data;
    for (size_t i = 0; names && i < g->name_count; i++) {
        names[i] = next;
        next += strlen(next) + 1;
    }
    return names;
}

// What belongs into the transaction besides what its writers did.
static nrpc_code finish(sqlite_group *g, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_search_apply(g, 0, status);
    if (code || !g->changes)
        return code;
    code = sqlite_prepare(g->conn, STATEMENT_SET_REVISION, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, g->revision);
    sqlite_bind_int(&b, g->changes);
    int rc = b.rc ? b.rc : sqlite3_step(stmt);
    return rc == SQLITE_DONE ? NRPC_OK : sqlite_fail(g->conn->db, NULL, rc, status);
}

static nrpc_code commit(sqlite_group *g, store *s, nrpc_status *status)
{
    // SQLite may ask whether to interrupt when COMMIT is already done; the answer must be no, or a
    // durable write would be called cancelled.
    g->conn->context = NULL;
    nrpc_code code = finish(g, status);
    if (code)
        return code;
    store_observer *observer = g->name_count ? g->observer : NULL;
    const char **names = observer ? collect_names(g) : NULL;
    if (observer && !names)
        return sqlite_fail(NULL, NULL, SQLITE_NOMEM, status);
    if (observer)
        observer->begin(observer, names, g->name_count);
    code = sqlite_run(g->conn, STATEMENT_COMMIT, status);
    if (code && !sqlite3_get_autocommit(g->conn->db) &&
        sqlite_run(g->conn, STATEMENT_ROLLBACK, NULL))
        nrpc_status_add(status, "rollback", "failed");
    if (observer)
        observer->end(observer, names, g->name_count, !code);
    if (code)
        nrpc_status_add(status, "phase", "commit");
    else
        atomic_store(&s->revision, g->revision);
    if (!code && observer && observer->moved)
        observer->moved(observer, names, g->name_count, g->revision);
    free(names);
    return code;
}

// --- one writer of it

static nrpc_code keep(sqlite_group *g, sqlite_tx *tx, nrpc_status *status)
{
    if (tx->savepoint) {
        nrpc_code code = sqlite_run(tx->conn, STATEMENT_RELEASE, status);
        if (code)
            return code;
    }
    if (g->search_applied) {
        buffer_consume(&g->search, g->search_applied);
        g->search_applied = 0;
    }
    g->dirty = g->dirty || tx->dirty;
    g->changes += tx->index;
    if (tx->index)
        g->revision++;
    return NRPC_OK;
}

// False: nothing is left of the whole transaction.
static bool undo(sqlite_group *g, const sqlite_tx *tx, size_t names_size, size_t name_count)
{
    g->names.size = names_size;
    g->name_count = name_count;
    g->search.size = tx->search_start;
    g->search_applied = 0;
    if (!tx->dirty)
        return true;
    if (!tx->savepoint) // nobody before it changed anything
        return !sqlite_run(tx->conn, STATEMENT_ROLLBACK, NULL);
    return !sqlite_run(tx->conn, STATEMENT_ROLLBACK_TO, NULL) &&
           !sqlite_run(tx->conn, STATEMENT_RELEASE, NULL);
}

static nrpc_code call(sqlite_tx *tx, const sqlite_writer *w, nrpc_status *status)
{
    if (tx->base.revision >= SQLITE_MAX_REVISION)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "STORE_REVISIONS",
                               "the store has used up its revisions");
    nrpc_code code = w->fn(&tx->base, w->fn_context, status);
    if (code)
        return code;
    nrpc_status_fini(status); // of a lookup that found nothing, which fn took well
    if (tx->broken)
        return sqlite_tx_broken(tx, tx->broken, status);
    return tx->dirty ? store_context_check(w->context, status) : NRPC_OK;
}

// False: the transaction broke, with all that was in it.
static bool run(sqlite_group *g, store *s, sqlite_writer *w)
{
    size_t names_size = g->names.size, name_count = g->name_count;
    sqlite_tx tx = {
        .base = {.store = s,
                 .context = w->context,
                 .revision = g->revision + 1,
                 .time_us = clock_wall_us()},
        .conn = g->conn,
        .group = g,
        .search_start = g->search.size,
    };
    g->conn->context = w->context;
    w->code = store_context_check(w->context, w->status);
    if (!w->code)
        w->code = call(&tx, w, w->status);
    g->conn->context = NULL;
    if (!w->code)
        w->code = keep(g, &tx, w->status);
    bool whole = !sqlite3_get_autocommit(g->conn->db);
    if (w->code && !(undo(g, &tx, names_size, name_count) && whole))
        return false;
    w->revision = g->revision;
    w->depends = g->dirty;
    return true;
}

// --- the queue

void sqlite_queue_init(sqlite_queue *q)
{
    *q = (sqlite_queue){0};
    pthread_mutex_init(&q->lock, NULL);
    TAILQ_INIT(&q->waiting);
}

void sqlite_queue_fini(sqlite_queue *q)
{
    pthread_mutex_destroy(&q->lock);
}

static sqlite_writer *take_next(sqlite_queue *q)
{
    pthread_mutex_lock(&q->lock);
    sqlite_writer *w = TAILQ_FIRST(&q->waiting);
    if (w) {
        TAILQ_REMOVE(&q->waiting, w, link);
        w->state = WRITER_TAKEN;
    }
    pthread_mutex_unlock(&q->lock);
    return w;
}

static void fail_alike(sqlite_writer *w, const nrpc_status *why)
{
    nrpc_status_fini(w->status);
    w->code = nrpc_status_set(w->status, why->code, why->reason, "%s", why->message);
    for (size_t i = 0; i < why->metadata_count; i++)
        nrpc_status_add(w->status, why->metadata[i].key, "%s", why->metadata[i].value);
    if (why->retry_after_ms)
        nrpc_status_retry_after(w->status, why->retry_after_ms);
}

static void settle(sqlite_queue *q, struct sqlite_writers *ran, writer_state state)
{
    pthread_mutex_lock(&q->lock);
    for (sqlite_writer *w; (w = TAILQ_LAST(ran, sqlite_writers));) {
        TAILQ_REMOVE(ran, w, link);
        if (state == WRITER_WAITING)
            TAILQ_INSERT_HEAD(&q->waiting, w, link);
        w->state = state;
        pthread_cond_signal(&w->changed);
    }
    pthread_mutex_unlock(&q->lock);
}

// Runs writers in one transaction until no more stand in the queue. Those that are through are in
// `ran`; those to be run once more, because another one's fault took the transaction with it, in
// `again`.
static void run_group(sqlite_group *g, store *s, sqlite_queue *q, struct sqlite_writers *ran,
                      struct sqlite_writers *again)
{
    bool whole = true;
    sqlite_writer *w;
    for (int count = 0; whole && count < MAX_GROUP && (w = take_next(q)); count++) {
        nrpc_status_fini(w->status); // of the time before
        if (sqlite3_get_autocommit(g->conn->db))
            w->code = begin(g, w->context, w->status);
        whole = !w->code && run(g, s, w);
        if (!whole && g->dirty) {
            TAILQ_CONCAT(again, ran, link);
            g->dirty = false;
        }
        TAILQ_INSERT_TAIL(ran, w, link);
    }
}

static void lead(sqlite_store *s, sqlite_writer *self)
{
    struct sqlite_writers ran = TAILQ_HEAD_INITIALIZER(ran);
    struct sqlite_writers again = TAILQ_HEAD_INITIALIZER(again);
    sqlite_group g = {.observer = s->base.observer};
    nrpc_status why = {0};
    self->code = sqlite_pool_take(&s->writer, self->context, &g.conn, self->status);
    if (self->code) {
        sqlite_writer *w = take_next(&s->queue); // itself
        TAILQ_INSERT_TAIL(&ran, w, link);
    } else {
        run_group(&g, &s->base, &s->queue, &ran, &again);
        if (g.dirty && commit(&g, &s->base, &why)) {
            sqlite_writer *w;
            TAILQ_FOREACH(w, &ran, link)
            if (w->depends)
                fail_alike(w, &why);
        }
        sqlite_pool_give(&s->writer, g.conn); // rolls back whatever was not committed
    }
    nrpc_status_fini(&why);
    buffer_fini(&g.names);
    buffer_fini(&g.search);
    settle(&s->queue, &again, WRITER_WAITING);
    settle(&s->queue, &ran, WRITER_DONE);
}

static void wake_first(sqlite_queue *q)
{
    sqlite_writer *first = TAILQ_FIRST(&q->waiting);
    if (first && !q->leading)
        pthread_cond_signal(&first->changed);
}

nrpc_code sqlite_store_write(store *base, const store_context *c, store_write_fn fn, void *context,
                             int64_t *revision, nrpc_status *status)
{
    sqlite_store *s = (sqlite_store *)base;
    sqlite_queue *q = &s->queue;
    sqlite_writer self = {.context = c, .fn = fn, .fn_context = context, .status = status};
    sqlite_cond_init(&self.changed);
    pthread_mutex_lock(&q->lock);
    TAILQ_INSERT_TAIL(&q->waiting, &self, link);
    while (self.state != WRITER_DONE) {
        if (!q->leading && TAILQ_FIRST(&q->waiting) == &self) {
            q->leading = true;
            pthread_mutex_unlock(&q->lock);
            lead(s, &self);
            pthread_mutex_lock(&q->lock);
            q->leading = false;
            wake_first(q);
        } else if (self.state == WRITER_TAKEN) {
            pthread_cond_wait(&self.changed, &q->lock);
        } else if (!(self.code = store_context_check(c, status))) {
            sqlite_cond_wait(&self.changed, &q->lock, c);
        } else {
            TAILQ_REMOVE(&q->waiting, &self, link);
            self.state = WRITER_DONE;
            wake_first(q);
        }
    }
    pthread_mutex_unlock(&q->lock);
    pthread_cond_destroy(&self.changed);
    *revision = self.code ? atomic_load(&base->revision) : self.revision;
    return self.code;
}
