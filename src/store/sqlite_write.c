// Writers share commits: whoever stands first in the queue leads. It runs its own fn and then, one
// after the other, those of the writers behind it, all in one transaction; commits that once; and
// answers all of them. The next one in the queue leads the next commit.
//
//   WAITING ---a leader takes it---> TAKEN ---committed, or failed---> DONE
//    |   ^                           |   ^
//    |   +--the transaction broke----+   |
//    +--first in line, nobody leads--> LEADING (takes itself first)
//
// A writer that waits may leave the queue; one that is taken may not: its fn may be running. Each
// waits at a semaphore of its own, so that those who are answered do not meet at the queue's lock.
// A fn that fails is undone alone: by a savepoint before its first change behind others, if it said
// that it may fail after one; else by undoing everything and running the others once more.
// Those who saw changes of others that were then not committed get the error of the commit, even if
// they changed nothing: what they would answer would not be true.
#include "store/sqlite.h"

#include "base/clock.h"
#include "store/context.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_GROUP = 64 };

typedef enum writer_state {
    WRITER_WAITING,
    WRITER_LEADING,
    WRITER_TAKEN,
    WRITER_DONE
} writer_state;

struct sqlite_writer {
    TAILQ_ENTRY(sqlite_writer) link; // of the queue, then of the group
    sem_t turn;                 // posted by whoever makes it lead, and by whoever is done with it
    _Atomic writer_state state; // changed under the queue's lock, but for DONE
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
    if (!tx->savepoint) // with it go the changes of those before it, if there are any
        return !sqlite_run(tx->conn, STATEMENT_ROLLBACK, NULL) && !g->dirty;
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

// Takes all that wait, up to `most`, in their order.
static void take_waiting(sqlite_queue *q, struct sqlite_writers *taken, int most)
{
    sqlite_writer *w;
    pthread_mutex_lock(&q->lock);
    for (int i = 0; i < most && (w = TAILQ_FIRST(&q->waiting)); i++) {
        TAILQ_REMOVE(&q->waiting, w, link);
        TAILQ_INSERT_TAIL(taken, w, link);
        w->state = WRITER_TAKEN;
    }
    pthread_mutex_unlock(&q->lock);
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

// Answers them. A writer may be gone as soon as it is told.
static void settle(struct sqlite_writers *ran, const sqlite_writer *leader)
{
    for (sqlite_writer *w; (w = TAILQ_FIRST(ran));) {
        TAILQ_REMOVE(ran, w, link);
        bool other = w != leader;
        w->state = WRITER_DONE;
        if (other)
            sem_post(&w->turn);
    }
}

static void put_back(sqlite_queue *q, struct sqlite_writers *writers)
{
    pthread_mutex_lock(&q->lock);
    for (sqlite_writer *w; (w = TAILQ_LAST(writers, sqlite_writers));) {
        TAILQ_REMOVE(writers, w, link);
        TAILQ_INSERT_HEAD(&q->waiting, w, link);
        w->state = WRITER_WAITING;
    }
    pthread_mutex_unlock(&q->lock);
}

// Runs writers in one transaction until no more stand in the queue. Those that are through are in
// `ran`; those to be run once more, because another one's fault took the transaction with it, or
// not run at all, in `again`.
static void run_group(sqlite_group *g, store *s, sqlite_queue *q, struct sqlite_writers *ran,
                      struct sqlite_writers *again)
{
    struct sqlite_writers taken = TAILQ_HEAD_INITIALIZER(taken);
    bool whole = true;
    for (int count = 0; whole && count < MAX_GROUP; count++) {
        if (TAILQ_EMPTY(&taken))
            take_waiting(q, &taken, MAX_GROUP - count);
        sqlite_writer *w = TAILQ_FIRST(&taken);
        if (!w)
            break;
        TAILQ_REMOVE(&taken, w, link);
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
    TAILQ_CONCAT(again, &taken, link);
}

// Afterwards self is done, or waits again.
static void lead(sqlite_store *s, sqlite_writer *self)
{
    struct sqlite_writers ran = TAILQ_HEAD_INITIALIZER(ran);
    struct sqlite_writers again = TAILQ_HEAD_INITIALIZER(again);
    sqlite_group g = {.observer = s->base.observer};
    nrpc_status why = {0};
    self->code = sqlite_pool_take(&s->writer, self->context, &g.conn, self->status);
    if (self->code) {
        take_waiting(&s->queue, &ran, 1); // itself
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
    put_back(&s->queue, &again);
    settle(&ran, self);
}

// The first in the queue leads next. True: that is self, who is not told.
static bool hand_over(sqlite_queue *q, const sqlite_writer *self)
{
    sqlite_writer *first = TAILQ_FIRST(&q->waiting);
    q->leading = first;
    if (!first)
        return false;
    first->state = WRITER_LEADING;
    if (first != self)
        sem_post(&first->turn);
    return first == self;
}

// False: nothing was told in time; the caller may have gone.
static bool wait_for_turn(sqlite_writer *w)
{
    int64_t until = store_context_next_look(w->context);
    int rv;
    do {
        struct timespec t = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
        rv = until == CLOCK_NEVER ? sem_wait(&w->turn)
                                  : sem_clockwait(&w->turn, CLOCK_MONOTONIC, &t);
    } while (rv && errno == EINTR);
    return !rv;
}

// True: it waits no more, as its caller has gone.
static bool leave(sqlite_queue *q, sqlite_writer *w)
{
    pthread_mutex_lock(&q->lock);
    bool leaves = w->state == WRITER_WAITING;
    if (leaves)
        TAILQ_REMOVE(&q->waiting, w, link);
    pthread_mutex_unlock(&q->lock);
    return leaves;
}

// Until it is done, or its caller has gone. What another writer made of its state counts only when
// that one's post has been taken: nobody is then in the midst of one, and its memory may go.
static void stand_in_line(sqlite_store *s, sqlite_writer *self)
{
    sqlite_queue *q = &s->queue;
    pthread_mutex_lock(&q->lock);
    TAILQ_INSERT_TAIL(&q->waiting, self, link);
    bool leads = !q->leading && hand_over(q, self);
    pthread_mutex_unlock(&q->lock);
    for (;;) {
        if (!leads && !wait_for_turn(self)) {
            if (store_context_over(self->context) && leave(q, self)) {
                self->code = store_context_check(self->context, self->status);
                return;
            }
            continue;
        }
        if (self->state == WRITER_DONE)
            return;
        lead(s, self);
        bool done = self->state == WRITER_DONE; // by itself: nobody else can have run it
        pthread_mutex_lock(&q->lock);
        leads = hand_over(q, self);
        pthread_mutex_unlock(&q->lock);
        if (done)
            return;
    }
}

nrpc_code sqlite_store_write(store *base, const store_context *c, store_write_fn fn, void *context,
                             int64_t *revision, nrpc_status *status)
{
    sqlite_writer self = {.context = c, .fn = fn, .fn_context = context, .status = status};
    sem_init(&self.turn, 0, 0);
    self.code = store_context_check(c, status);
    if (!self.code)
        stand_in_line((sqlite_store *)base, &self);
    sem_destroy(&self.turn);
    *revision = self.code ? atomic_load(&base->revision) : self.revision;
    return self.code;
}
