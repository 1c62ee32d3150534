#include "store/sqlite.h"

#include "store/context.h"

#include <stdlib.h>

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
        .id = sqlite3_column_int64(stmt, COLUMN_RESOURCE_ID),
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

struct store_snapshot {
    store *store;
    sqlite_conn *conn; // with a transaction begun
    int64_t revision;
};

// Nobody but this process moves the revision, so there is nothing to wait for.
static nrpc_code check_revision(int64_t newest, int64_t wanted, nrpc_status *status)
{
    if (wanted <= newest)
        return NRPC_OK;
    nrpc_status_set(status, NRPC_UNAVAILABLE, "REVISION_NOT_REACHED",
                    "revision %lld is not reached yet; the newest one is %lld", (long long)wanted,
                    (long long)newest);
    nrpc_status_add(status, "wanted_revision", "%lld", (long long)wanted);
    nrpc_status_add(status, "revision", "%lld", (long long)newest);
    return NRPC_UNAVAILABLE;
}

// The file has a commit a little before the revision moves, and who read it there may have told.
static nrpc_code take_reader(sqlite_store *s, const store_context *c, int64_t wanted,
                             sqlite_conn **conn, nrpc_status *status)
{
    nrpc_code code = sqlite_pool_take(&s->readers, c, conn, status);
    if (code || wanted <= atomic_load(&s->base.revision))
        return code;
    int64_t newest;
    code = sqlite_read_begin(*conn, &newest, status);
    if (!code)
        code = check_revision(newest, wanted, status);
    if (code)
        sqlite_pool_give(&s->readers, *conn);
    return code;
}

nrpc_code sqlite_read_take(store *s, const store_context *c, int64_t wanted, sqlite_conn **conn,
                           nrpc_status *status)
{
    wanted = wanted > c->min_revision ? wanted : c->min_revision;
    if (!c->snapshot)
        return take_reader((sqlite_store *)s, c, wanted, conn, status);
    nrpc_code code = check_revision(c->snapshot->revision, wanted, status);
    if (!code)
        code = store_context_check(c, status);
    *conn = c->snapshot->conn;
    (*conn)->context = code ? NULL : c;
    return code;
}

nrpc_code sqlite_read_begin(sqlite_conn *conn, int64_t *revision, nrpc_status *status)
{
    nrpc_code code = NRPC_OK;
    if (sqlite3_get_autocommit(conn->db)) // not in a snapshot
        code = sqlite_run(conn, STATEMENT_BEGIN, status);
    return code ? code : sqlite_read_revision(conn, revision, status);
}

void sqlite_read_give(store *s, const store_context *c, sqlite_conn *conn)
{
    if (c->snapshot)
        conn->context = NULL;
    else
        sqlite_pool_give(&((sqlite_store *)s)->readers, conn);
}

nrpc_code sqlite_snapshot_open(store *s, const store_context *c, store_snapshot **out,
                               int64_t *revision, nrpc_status *status)
{
    store_snapshot *snapshot = malloc(sizeof *snapshot);
    if (!snapshot)
        return sqlite_fail(NULL, NULL, SQLITE_NOMEM, status);
    store_context own = *c;
    own.snapshot = NULL;
    sqlite_conn *conn;
    nrpc_code code = sqlite_read_take(s, &own, 0, &conn, status);
    if (code) {
        free(snapshot);
        return code;
    }
    code = sqlite_read_begin(conn, revision, status);
    if (code) {
        sqlite_read_give(s, &own, conn);
        free(snapshot);
        return code;
    }
    conn->context = NULL;
    *snapshot = (store_snapshot){.store = s, .conn = conn, .revision = *revision};
    *out = snapshot;
    return NRPC_OK;
}

void sqlite_snapshot_close(store_snapshot *snapshot)
{
    sqlite_pool_give(&((sqlite_store *)snapshot->store)->readers, snapshot->conn);
    free(snapshot);
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

// Of revisions before the horizon some changes may be gone. Whoever is told so sees what a reader
// of the log would see in the same snapshot.
static nrpc_code check_kept(sqlite_conn *conn, int64_t revision, nrpc_status *status)
{
    int64_t newest, horizon;
    nrpc_code code = sqlite_read_begin(conn, &newest, status);
    if (!code)
        code = sqlite_read_meta(conn, "horizon", &horizon, status);
    if (code || revision >= horizon)
        return code;
    nrpc_status_set(status, NRPC_OUT_OF_RANGE, "REVISION_NOT_KEPT",
                    "what was at revision %lld is no longer kept; the oldest one is %lld",
                    (long long)revision, (long long)horizon);
    nrpc_status_add(status, "wanted_revision", "%lld", (long long)revision);
    return nrpc_status_add(status, "horizon", "%lld", (long long)horizon);
}

nrpc_code sqlite_store_get(store *s, const store_context *c, const char *name, int64_t at_revision,
                           bool with_extra, store_row_fn row, void *context, nrpc_status *status)
{
    sqlite_conn *conn;
    nrpc_code code = sqlite_read_take(s, c, at_revision, &conn, status);
    if (code)
        return code;
    bool found = false;
    if (at_revision > 0)
        code = check_kept(conn, at_revision, status);
    if (!code && at_revision >= 0) // before that there was nothing
        code = sqlite_get(conn, name, at_revision, with_extra, row, context, &found, status);
    sqlite_read_give(s, c, conn);
    return code || found ? code : sqlite_not_found(name, status);
}

nrpc_code sqlite_give_row(sqlite_conn *conn, int64_t id, bool with_extra, const store_value *keys,
                          store_row_fn row, void *context, bool *go_on, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_prepare(conn, STATEMENT_ROW + with_extra, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, id);
    int rc = b.rc ? b.rc : sqlite3_step(stmt);
    store_record record;
    if (rc == SQLITE_ROW && !sqlite_row(stmt, &record))
        rc = SQLITE_NOMEM;
    if (rc != SQLITE_ROW)
        return sqlite_fail(conn->db, conn->context, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc,
                           status);
    record.keys = keys;
    *go_on = row(context, &record);
    return NRPC_OK;
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
    nrpc_code code = sqlite_read_take(s, c, 0, &conn, status);
    if (code)
        return code;
    code = sqlite_read_begin(conn, revision, status);
    peek p = {.row = row, .context = context, .go_on = true};
    for (size_t i = 0; i < count && !code && p.go_on; i++) {
        bool found;
        code = sqlite_get(conn, names[i], 0, with_extra, note_answer, &p, &found, status);
        if (!code && !found)
            note_answer(&p, NULL);
    }
    sqlite_read_give(s, c, conn);
    return code;
}
