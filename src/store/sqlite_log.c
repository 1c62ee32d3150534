#include "store/sqlite.h"

static nrpc_code not_yet(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_UNIMPLEMENTED, "STORE_NOT_YET",
                           "the store cannot do this yet");
}

static bool is_change(sqlite3_stmt *stmt, store_record *record, store_change *change)
{
    int64_t id = sqlite3_column_int64(stmt, COLUMN_ID);
    *change = (store_change){
        .revision = id >> SQLITE_INDEX_BITS,
        .index = (int)(id & SQLITE_MAX_INDEX),
        .operation = (store_operation)sqlite3_column_int(stmt, COLUMN_OPERATION),
        .record = record,
        .time_us = sqlite3_column_int64(stmt, COLUMN_TIME),
        .actor = (const char *)sqlite3_column_text(stmt, COLUMN_ACTOR),
        .request_id = (const char *)sqlite3_column_text(stmt, COLUMN_REQUEST_ID),
    };
    return sqlite_row(stmt, record) && change->actor && change->request_id;
}

static nrpc_code read_changes(sqlite_conn *conn, int64_t after_id, int64_t newest,
                              const store_changes_query *q, store_change_fn change, void *context,
                              int64_t *looked_at_revision, int *looked_at_index,
                              nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_prepare(conn, STATEMENT_CHANGES, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, after_id);
    size_t count = 0;
    for (int rc = b.rc;; rc = SQLITE_OK) {
        if (!rc)
            rc = sqlite3_step(stmt);
        if (rc == SQLITE_DONE) {
            *looked_at_revision = newest + 1;
            *looked_at_index = -1;
            return NRPC_OK;
        }
        store_record record;
        store_change one;
        if (rc == SQLITE_ROW && !is_change(stmt, &record, &one))
            rc = SQLITE_NOMEM;
        if (rc != SQLITE_ROW)
            return sqlite_fail(conn->db, conn->context, rc, status);
        *looked_at_revision = one.revision;
        *looked_at_index = one.index;
        if (!change(context, &one) || ++count == q->limit)
            return NRPC_OK;
    }
}

nrpc_code sqlite_store_changes(store *s, const store_context *c, const store_changes_query *q,
                               store_change_fn change, void *context, int64_t *looked_at_revision,
                               int *looked_at_index, nrpc_status *status)
{
    sqlite_conn *conn;
    int64_t newest;
    nrpc_code code = sqlite_read_take(s, c, 0, &conn, status);
    if (code)
        return code;
    code = sqlite_read_begin(conn, &newest, status);
    // Both numbers may come from a stranger's page token.
    int64_t revision = q->after_revision < 0 ? 0 : q->after_revision;
    int64_t index = q->after_index < -1                 ? -1
                    : q->after_index > SQLITE_MAX_INDEX ? SQLITE_MAX_INDEX
                                                        : q->after_index;
    if (revision > SQLITE_MAX_REVISION)
        revision = SQLITE_MAX_REVISION;
    if (!code)
        code = read_changes(conn, (revision << SQLITE_INDEX_BITS) + index, newest, q, change,
                            context, looked_at_revision, looked_at_index, status);
    sqlite_read_give(s, c, conn);
    return code;
}

nrpc_code sqlite_store_history(store *s, const store_context *c, const char *name,
                               int64_t before_revision, int before_index, store_change_fn change,
                               void *context, nrpc_status *status)
{
    (void)s, (void)c, (void)name, (void)before_revision, (void)before_index;
    (void)change, (void)context;
    return not_yet(status);
}

nrpc_code sqlite_store_expired(store *s, const store_context *c, int64_t now_us, size_t limit,
                               store_row_fn row, void *context, nrpc_status *status)
{
    (void)s, (void)c, (void)now_us, (void)limit, (void)row, (void)context;
    return not_yet(status);
}

nrpc_code sqlite_store_compact(store *s, const store_context *c, const store_retention *keep,
                               size_t limit, bool *more, nrpc_status *status)
{
    (void)s, (void)c, (void)keep, (void)limit, (void)more;
    return not_yet(status);
}

nrpc_code sqlite_store_reindex(store *s, const store_context *c, int version, store_index_fn index,
                               void *context, nrpc_status *status)
{
    (void)s, (void)c, (void)version, (void)index, (void)context;
    return not_yet(status);
}
