#include "store/sqlite.h"

#include "base/clock.h"
#include "store/context.h"

#include <stdlib.h>
#include <string.h>

// One store_write_fn and what it has done so far. The phases below (begin, fn, commit) are apart so
// that several of these can share a commit.
typedef struct sqlite_tx {
    store_tx base;
    sqlite_conn *conn;
    int64_t index; // of the next change
    store_observer *observer;
    buffer names; // those changed, each with its NUL; only for an observer
    size_t name_count;
    int broken; // the SQLite error after which nothing may be committed
} sqlite_tx;

// A statement that failed half-way may have undone more than itself: even if the caller's fn goes
// on regardless, the transaction must not be committed.
static nrpc_code broken(sqlite_tx *tx, int rc, nrpc_status *status)
{
    tx->broken = tx->broken ? tx->broken : rc;
    return sqlite_fail(tx->conn->db, tx->conn->context, rc, status);
}

static nrpc_code step_once(sqlite_tx *tx, const sqlite_binder *b, nrpc_status *status)
{
    int rc = b->rc ? b->rc : sqlite3_step(b->stmt);
    return rc == SQLITE_DONE ? NRPC_OK : broken(tx, rc, status);
}

static nrpc_code prepare(sqlite_tx *tx, int statement, sqlite3_stmt **stmt, nrpc_status *status)
{
    nrpc_code code = sqlite_prepare(tx->conn, statement, stmt, status);
    if (code)
        tx->broken = tx->broken ? tx->broken : SQLITE_ERROR;
    return code;
}

nrpc_code sqlite_tx_get(store_tx *base, const char *name, store_row_fn row, void *context,
                        nrpc_status *status)
{
    sqlite_tx *tx = (sqlite_tx *)base;
    bool found;
    nrpc_code code = sqlite_get(tx->conn, name, 0, true, row, context, &found, status);
    if (code) {
        tx->broken = tx->broken ? tx->broken : SQLITE_ERROR;
        return code;
    }
    return found ? NRPC_OK : sqlite_not_found(name, status);
}

nrpc_code sqlite_tx_children(store_tx *base, const char *name, store_row_fn row, void *context,
                             nrpc_status *status)
{
    sqlite_tx *tx = (sqlite_tx *)base;
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = prepare(tx, STATEMENT_CHILDREN, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, name);
    for (int rc = b.rc;; rc = SQLITE_OK) {
        if (!rc)
            rc = sqlite3_step(stmt);
        store_record record;
        if (rc == SQLITE_DONE)
            return NRPC_OK;
        if (rc == SQLITE_ROW && !sqlite_row(stmt, &record))
            rc = SQLITE_NOMEM;
        if (rc != SQLITE_ROW)
            return broken(tx, rc, status);
        if (!row(context, &record))
            return NRPC_OK;
    }
}

static nrpc_code not_yet(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_UNIMPLEMENTED, "STORE_NOT_YET",
                           "the store cannot do this yet");
}

nrpc_code sqlite_tx_recall(store_tx *tx, const char *request_id, store_request_fn request,
                           void *context, bool *found, nrpc_status *status)
{
    (void)tx, (void)request_id, (void)request, (void)context, (void)found;
    return not_yet(status);
}

nrpc_code sqlite_tx_remember(store_tx *tx, const char *request_id, const store_request *request,
                             nrpc_status *status)
{
    (void)tx, (void)request_id, (void)request;
    return not_yet(status);
}

// The row's id and time of creation; *id 0 if there is none.
static nrpc_code find(sqlite_tx *tx, const char *name, int64_t *id, int64_t *create_time_us,
                      nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = prepare(tx, STATEMENT_FIND, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, name);
    int rc = b.rc ? b.rc : sqlite3_step(stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return broken(tx, rc, status);
    *id = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    *create_time_us = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 1) : 0;
    return NRPC_OK;
}

static void bind_names(sqlite_binder *b, const store_record *record)
{
    sqlite_bind_text(b, record->type);
    sqlite_bind_text(b, record->name);
    sqlite_bind_text(b, record->parent);
    sqlite_bind_text(b, record->uid);
}

static void bind_content(sqlite_binder *b, const store_record *record)
{
    sqlite_bind_int(b, record->create_time_us);
    sqlite_bind_int(b, record->update_time_us);
    sqlite_bind_int(b, record->delete_time_us);
    sqlite_bind_int(b, record->purge_time_us);
    sqlite_bind_bytes(b, record->body);
    sqlite_bind_bytes(b, record->extra);
}

// id 0: a new row.
static nrpc_code write_row(sqlite_tx *tx, const store_record *record, int64_t id,
                           nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = prepare(tx, id ? STATEMENT_UPDATE : STATEMENT_INSERT, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    bind_names(&b, record);
    sqlite_bind_int(&b, tx->base.revision);
    bind_content(&b, record);
    if (id)
        sqlite_bind_int(&b, id);
    return step_once(tx, &b, status);
}

static nrpc_code delete_row(sqlite_tx *tx, int64_t id, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = prepare(tx, STATEMENT_DELETE, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, id);
    return step_once(tx, &b, status);
}

// Lists the row below its parent, or, with id 0, no longer.
static nrpc_code write_listing(sqlite_tx *tx, const store_record *record, int64_t id,
                               nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code =
        prepare(tx, id ? STATEMENT_LISTING_PUT : STATEMENT_LISTING_REMOVE, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, record->parent);
    sqlite_bind_text(&b, record->type);
    sqlite_bind_text(&b, record->name);
    if (id) {
        sqlite_bind_int(&b, record->delete_time_us);
        sqlite_bind_int(&b, id);
    }
    return step_once(tx, &b, status);
}

static nrpc_code log_change(sqlite_tx *tx, store_operation operation, const store_record *record,
                            nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = prepare(tx, STATEMENT_LOG, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    bind_names(&b, record);
    bind_content(&b, record);
    sqlite_bind_int(&b, operation);
    sqlite_bind_int(&b, (tx->base.revision << SQLITE_INDEX_BITS) + tx->index);
    sqlite_bind_int(&b, tx->base.time_us);
    sqlite_bind_text(&b, tx->base.context->actor);
    sqlite_bind_text(&b, tx->base.context->request_id);
    code = step_once(tx, &b, status);
    if (!code)
        tx->index++;
    return code;
}

static nrpc_code remember_name(sqlite_tx *tx, const char *name, nrpc_status *status)
{
    if (!tx->observer)
        return NRPC_OK;
    if (!buffer_append(&tx->names, name, strlen(name) + 1))
        return broken(tx, SQLITE_NOMEM, status);
    tx->name_count++;
    return NRPC_OK;
}

static nrpc_code already_exists(const char *name, nrpc_status *status)
{
    nrpc_status_set(status, NRPC_ALREADY_EXISTS, "RESOURCE_EXISTS", "%s exists already", name);
    nrpc_status_add(status, "name", "%s", name);
    return NRPC_ALREADY_EXISTS;
}

nrpc_code sqlite_tx_put(store_tx *base, store_operation operation, const store_record *record,
                        nrpc_status *status)
{
    sqlite_tx *tx = (sqlite_tx *)base;
    int64_t id = 0, created_us = 0;
    nrpc_code code = find(tx, record->name, &id, &created_us, status);
    if (code)
        return code;
    if (operation == STORE_CREATED && id)
        return already_exists(record->name, status);
    if (operation != STORE_CREATED && !id)
        return sqlite_not_found(record->name, status);
    if (tx->index > SQLITE_MAX_INDEX)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "STORE_TRANSACTION_TOO_LARGE",
                               "one transaction holds at most %lld changes",
                               (long long)SQLITE_MAX_INDEX + 1);
    code = remember_name(tx, record->name, status);
    if (code)
        return code;

    if (operation == STORE_PURGED) {
        store_record gone = {.type = record->type, .name = record->name, .parent = record->parent};
        code = delete_row(tx, id, status);
        if (!code)
            code = write_listing(tx, record, 0, status);
        return code ? code : log_change(tx, operation, &gone, status);
    }
    store_record full = *record;
    if (!full.create_time_us)
        full.create_time_us = operation == STORE_CREATED ? base->time_us : created_us;
    if (!full.update_time_us)
        full.update_time_us = base->time_us;
    if (!full.delete_time_us && operation == STORE_DELETED)
        full.delete_time_us = base->time_us;
    code = write_row(tx, &full, id, status);
    if (!code)
        code = write_listing(tx, &full, id ? id : sqlite3_last_insert_rowid(tx->conn->db), status);
    return code ? code : log_change(tx, operation, &full, status);
}

static nrpc_code begin(sqlite_tx *tx, nrpc_status *status)
{
    nrpc_code code = sqlite_run(tx->conn, STATEMENT_BEGIN_WRITE, status);
    if (code)
        return code;
    // From the file, not from memory: it is the file that must have no hole.
    int64_t newest;
    code = sqlite_read_revision(tx->conn, &newest, status);
    if (code)
        return code;
    if (newest >= SQLITE_MAX_REVISION - 1)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "STORE_REVISIONS",
                               "the store has used up its revisions");
    tx->base.revision = newest + 1;
    tx->base.time_us = clock_wall_us();
    return NRPC_OK;
}

static nrpc_code set_revision(sqlite_tx *tx, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = prepare(tx, STATEMENT_SET_REVISION, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, tx->base.revision);
    return step_once(tx, &b, status);
}

// What the observer is told, an array over tx->names; *names stays NULL without observer.
static nrpc_code collect_names(sqlite_tx *tx, const char ***names, nrpc_status *status)
{
    if (!tx->observer)
        return NRPC_OK;
    *names = malloc(tx->name_count * sizeof **names);
    if (!*names)
        return broken(tx, SQLITE_NOMEM, status);
    const char *next = (const char *)tx->names.data;
    for (size_t i = 0; i < tx->name_count; i++) {
        (*names)[i] = next;
        next += strlen(next) + 1;
    }
    return NRPC_OK;
}

static nrpc_code commit(sqlite_tx *tx, nrpc_status *status)
{
    const char **names = NULL;
    store_observer *observer = tx->observer;
    nrpc_code code = set_revision(tx, status);
    if (!code)
        code = store_context_check(tx->base.context, status);
    if (!code)
        code = collect_names(tx, &names, status);
    if (code)
        return code;
    // SQLite may ask whether to interrupt when COMMIT is already done; from here on the answer
    // must be no, or a durable write would be called cancelled.
    tx->conn->context = NULL;
    if (observer)
        observer->begin(observer, names, tx->name_count);
    code = sqlite_run(tx->conn, STATEMENT_COMMIT, status);
    if (code && !sqlite3_get_autocommit(tx->conn->db) &&
        sqlite_run(tx->conn, STATEMENT_ROLLBACK, NULL))
        nrpc_status_add(status, "rollback", "failed");
    if (observer)
        observer->end(observer, names, tx->name_count, !code);
    if (code)
        nrpc_status_add(status, "phase", "commit");
    else
        atomic_store(&tx->base.store->revision, tx->base.revision);
    if (!code && observer && observer->moved)
        observer->moved(observer, names, tx->name_count, tx->base.revision);
    free(names);
    return code;
}

nrpc_code sqlite_store_write(store *s, const store_context *c, store_write_fn fn, void *context,
                             int64_t *revision, nrpc_status *status)
{
    sqlite_pool *pool = &((sqlite_store *)s)->writer;
    sqlite_tx tx = {.base = {.store = s, .context = c}, .observer = s->observer};
    nrpc_code code = sqlite_pool_take(pool, c, &tx.conn, status);
    if (code)
        return code;
    code = begin(&tx, status);
    if (!code)
        code = fn(&tx.base, context, status);
    if (!code)
        nrpc_status_fini(status); // of a lookup that found nothing, which fn took well
    if (!code && tx.broken)
        code = broken(&tx, tx.broken, status);
    if (!code && tx.index)
        code = commit(&tx, status);
    // Under the write lock still, so that a write without changes does not report another's.
    *revision = atomic_load(&s->revision);
    sqlite_pool_give(pool, tx.conn); // rolls back whatever was not committed
    buffer_fini(&tx.names);
    return code;
}
