#include "store/sqlite.h"

#include "store/context.h"

static store_bytes column_bytes(sqlite3_stmt *stmt, int column)
{
    const void *data = sqlite3_column_blob(stmt, column);
    return (store_bytes){data, (size_t)sqlite3_column_bytes(stmt, column)};
}

static const char *column_text(sqlite3_stmt *stmt, int column)
{
    return (const char *)sqlite3_column_text(stmt, column);
}

bool sqlite_row(sqlite3_stmt *stmt, store_record *record)
{
    *record = (store_record){
        .type = column_text(stmt, COLUMN_TYPE),
        .name = column_text(stmt, COLUMN_NAME),
        .parent = column_text(stmt, COLUMN_PARENT),
        .uid = column_text(stmt, COLUMN_UID),
        .body = column_bytes(stmt, COLUMN_BODY),
        .extra = column_bytes(stmt, COLUMN_EXTRA),
        .revision = sqlite3_column_int64(stmt, COLUMN_REVISION),
        .create_time_us = sqlite3_column_int64(stmt, COLUMN_CREATE_TIME),
        .update_time_us = sqlite3_column_int64(stmt, COLUMN_UPDATE_TIME),
        .delete_time_us = sqlite3_column_int64(stmt, COLUMN_DELETE_TIME),
        .purge_time_us = sqlite3_column_int64(stmt, COLUMN_PURGE_TIME),
    };
    return record->type && record->name && record->parent && record->uid;
}

// Whatever is visible to this process is visible to a snapshot taken from now on. Nobody but this
// process moves the revision, so there is nothing to wait for.
static nrpc_code check_revision(store *s, int64_t wanted, nrpc_status *status)
{
    int64_t newest = atomic_load(&s->revision);
    if (wanted <= newest)
        return NRPC_OK;
    nrpc_status_set(status, NRPC_UNAVAILABLE, "REVISION_NOT_REACHED",
                    "revision %lld is not reached yet; the newest one is %lld", (long long)wanted,
                    (long long)newest);
    nrpc_status_add(status, "wanted_revision", "%lld", (long long)wanted);
    nrpc_status_add(status, "revision", "%lld", (long long)newest);
    return NRPC_UNAVAILABLE;
}

static nrpc_code take(store *s, const store_context *c, sqlite_conn **conn, nrpc_status *status)
{
    nrpc_code code = check_revision(s, c->min_revision, status);
    return code ? code : sqlite_pool_take(&((sqlite_store *)s)->readers, c, conn, status);
}

static void give(store *s, sqlite_conn *conn)
{
    sqlite_pool_give(&((sqlite_store *)s)->readers, conn);
}

// Everything up to `give` sees the store at *revision.
static nrpc_code begin(sqlite_conn *conn, int64_t *revision, nrpc_status *status)
{
    nrpc_code code = sqlite_run(conn, STATEMENT_BEGIN, status);
    return code ? code : sqlite_read_revision(conn, revision, status);
}

nrpc_code sqlite_not_found(const char *name, nrpc_status *status)
{
    nrpc_status_set(status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND", "%s does not exist", name);
    nrpc_status_add(status, "name", "%s", name);
    return NRPC_NOT_FOUND;
}

nrpc_code sqlite_get(sqlite_conn *conn, const char *name, int64_t at_revision, bool with_extra,
                     store_row_fn row, void *context, bool *found, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    int statement = (at_revision ? STATEMENT_GET_AT : STATEMENT_GET) + with_extra;
    nrpc_code code = sqlite_prepare(conn, statement, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, name);
    if (at_revision)
        sqlite_bind_int(&b, (at_revision << SQLITE_INDEX_BITS) + SQLITE_MAX_INDEX);
    int rc = b.rc ? b.rc : sqlite3_step(stmt);
    *found = rc == SQLITE_ROW &&
             !(at_revision && sqlite3_column_int(stmt, COLUMN_OPERATION) == STORE_PURGED);
    if (rc == SQLITE_ROW) {
        store_record record;
        if (!sqlite_row(stmt, &record))
            return sqlite_fail(conn->db, conn->context, SQLITE_NOMEM, status);
        if (*found)
            row(context, &record);
    }
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? NRPC_OK
                                                 : sqlite_fail(conn->db, conn->context, rc, status);
}

nrpc_code sqlite_store_get(store *s, const store_context *c, const char *name, int64_t at_revision,
                           bool with_extra, store_row_fn row, void *context, nrpc_status *status)
{
    sqlite_conn *conn;
    nrpc_code code = check_revision(s, at_revision, status);
    if (!code)
        code = take(s, c, &conn, status);
    if (code)
        return code;
    bool found = false;
    code = at_revision < 0
               ? NRPC_OK // there was nothing then
               : sqlite_get(conn, name, at_revision, with_extra, row, context, &found, status);
    give(s, conn);
    return code || found ? code : sqlite_not_found(name, status);
}

typedef struct peek {
    store_row_fn row;
    void *context;
    bool go_on;
} peek;

static bool note_answer(void *arg, const store_record *record)
{
    peek *p = arg;
    p->go_on = p->row(p->context, record);
    return p->go_on;
}

nrpc_code sqlite_store_get_many(store *s, const store_context *c, const char *const *names,
                                size_t count, bool with_extra, store_row_fn row, void *context,
                                int64_t *revision, nrpc_status *status)
{
    sqlite_conn *conn;
    nrpc_code code = take(s, c, &conn, status);
    if (code)
        return code;
    code = begin(conn, revision, status);
    peek p = {.row = row, .context = context, .go_on = true};
    for (size_t i = 0; i < count && !code && p.go_on; i++) {
        bool found;
        code = sqlite_get(conn, names[i], 0, with_extra, note_answer, &p, &found, status);
        if (!code && !found)
            note_answer(&p, NULL);
    }
    give(s, conn);
    return code;
}

// The statement of a query, bound. The connection keeps those without a condition; *owned is what
// the caller must finalize.
static nrpc_code prepare_query(sqlite_conn *conn, const store_query *q, bool count,
                               sqlite3_stmt **stmt, sqlite3_stmt **owned, nrpc_status *status)
{
    store_query shape = *q;
    if (count) {
        shape.after = NULL;
        shape.with_extra = false;
    }
    sqlite3_stmt **kept = owned;
    unsigned flags = 0;
    if (!q->condition) {
        kept = &conn->statements[(count ? STATEMENT_COUNT : STATEMENT_LIST) +
                                 sqlite_query_shape(&shape)];
        flags = SQLITE_PREPARE_PERSISTENT;
    }
    if (!*kept) {
        buffer sql = {0};
        int rc = sqlite_query_sql(&sql, &shape, count)
                     ? sqlite3_prepare_v3(conn->db, (const char *)sql.data, -1, flags, kept, NULL)
                     : SQLITE_NOMEM;
        buffer_fini(&sql);
        if (rc)
            return sqlite_fail(conn->db, conn->context, rc, status);
    }
    *stmt = *kept;

    sqlite_binder b = {.stmt = *stmt};
    sqlite_bind_text(&b, q->type);
    if (q->parent)
        sqlite_bind_text(&b, q->parent);
    if (shape.after)
        sqlite_bind_text(&b, shape.after);
    for (size_t i = 0; q->condition && i < q->value_count; i++)
        sqlite_bind_value(&b, &q->values[i]);
    if (!b.rc && sqlite3_bind_parameter_count(*stmt) != b.index)
        b.rc = SQLITE_RANGE;
    return b.rc ? sqlite_fail(conn->db, conn->context, b.rc, status) : NRPC_OK;
}

static nrpc_code list_rows(sqlite_conn *conn, const store_query *q, store_row_fn row, void *context,
                           nrpc_status *status)
{
    CLEANUP(sqlite_finalize) sqlite3_stmt *owned = NULL;
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = prepare_query(conn, q, false, &stmt, &owned, status);
    if (code)
        return code;
    for (;;) {
        int rc = sqlite3_step(stmt);
        if (rc == SQLITE_DONE)
            return NRPC_OK;
        store_record record;
        if (rc == SQLITE_ROW && !sqlite_row(stmt, &record))
            rc = SQLITE_NOMEM;
        if (rc != SQLITE_ROW)
            return sqlite_fail(conn->db, conn->context, rc, status);
        if (!row(context, &record))
            return NRPC_OK;
    }
}

nrpc_code sqlite_store_list(store *s, const store_context *c, const store_query *q,
                            store_row_fn row, void *context, int64_t *revision, nrpc_status *status)
{
    sqlite_conn *conn;
    nrpc_code code = take(s, c, &conn, status);
    if (code)
        return code;
    code = begin(conn, revision, status);
    if (!code)
        code = list_rows(conn, q, row, context, status);
    give(s, conn);
    return code;
}

static nrpc_code count_rows(sqlite_conn *conn, const store_query *q, int64_t *count,
                            nrpc_status *status)
{
    CLEANUP(sqlite_finalize) sqlite3_stmt *owned = NULL;
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = prepare_query(conn, q, true, &stmt, &owned, status);
    if (code)
        return code;
    int rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW)
        return sqlite_fail(conn->db, conn->context, rc, status);
    *count = sqlite3_column_int64(stmt, 0);
    return NRPC_OK;
}

nrpc_code sqlite_store_count(store *s, const store_context *c, const store_query *q, int64_t *count,
                             nrpc_status *status)
{
    sqlite_conn *conn;
    nrpc_code code = take(s, c, &conn, status);
    if (code)
        return code;
    code = count_rows(conn, q, count, status);
    give(s, conn);
    return code;
}

static nrpc_code read_changes(sqlite_conn *conn, int64_t after_id, store_change_fn change,
                              void *context, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_prepare(conn, STATEMENT_CHANGES, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, after_id);
    for (int rc = b.rc;;) {
        if (!rc)
            rc = sqlite3_step(stmt);
        if (rc == SQLITE_DONE)
            return NRPC_OK;
        store_record record;
        if (rc == SQLITE_ROW && !sqlite_row(stmt, &record))
            rc = SQLITE_NOMEM;
        if (rc != SQLITE_ROW)
            return sqlite_fail(conn->db, conn->context, rc, status);
        int64_t id = sqlite3_column_int64(stmt, COLUMN_ID);
        store_change one = {
            .revision = id >> SQLITE_INDEX_BITS,
            .index = (int)(id & SQLITE_MAX_INDEX),
            .operation = (store_operation)sqlite3_column_int(stmt, COLUMN_OPERATION),
            .record = &record,
            .time_us = sqlite3_column_int64(stmt, COLUMN_TIME),
            .actor = column_text(stmt, COLUMN_ACTOR),
            .request_id = column_text(stmt, COLUMN_REQUEST_ID),
        };
        if (!one.actor || !one.request_id)
            return sqlite_fail(conn->db, conn->context, SQLITE_NOMEM, status);
        if (!change(context, &one))
            return NRPC_OK;
        rc = SQLITE_OK;
    }
}

nrpc_code sqlite_store_changes(store *s, const store_context *c, int64_t after_revision,
                               int after_index, store_change_fn change, void *context,
                               nrpc_status *status)
{
    sqlite_conn *conn;
    nrpc_code code = take(s, c, &conn, status);
    if (code)
        return code;
    // Both numbers may come from a stranger's page token.
    int64_t revision = after_revision < 0 ? 0 : after_revision;
    int64_t index = after_index < -1 ? -1 : after_index;
    if (revision < SQLITE_MAX_REVISION) {
        index = index > SQLITE_MAX_INDEX ? SQLITE_MAX_INDEX : index;
        code = read_changes(conn, (revision << SQLITE_INDEX_BITS) + index, change, context, status);
    }
    give(s, conn);
    return code;
}
