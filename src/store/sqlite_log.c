// The change log: reading it, what is due to be purged, and dropping what need not be kept.
//
// Two numbers in `meta` move through the log, behind one another. 'horizon' is a revision: readers
// may count on all changes of later ones, and, of each name, on the newest change not later.
// 'compacted' is the id of a change not behind the horizon: up to there the log has been looked
// through, and of each name only the newest change is left.
#include "store/sqlite.h"

#include "store/context.h"

// The last id a change of this revision, or a place in it, can have.
static int64_t end_of(int64_t revision)
{
    return revision > SQLITE_MAX_REVISION ? INT64_MAX
                                          : (revision << SQLITE_INDEX_BITS) + SQLITE_MAX_INDEX;
}

// The id of a place in the log, whatever a stranger made of it.
static int64_t id_of(int64_t revision, int64_t index)
{
    if (revision < 0)
        return -1;
    if (revision > SQLITE_MAX_REVISION)
        return INT64_MAX;
    index = index < -1 ? -1 : index > SQLITE_MAX_INDEX ? SQLITE_MAX_INDEX : index;
    return (revision << SQLITE_INDEX_BITS) + index;
}

static bool read_change(sqlite3_stmt *stmt, store_record *record, store_change *change)
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

// Calls change for each row of a bound statement. *last: the id of the one it stopped at; left
// alone if it never did.
static nrpc_code each_change(sqlite_conn *conn, const sqlite_binder *b, store_change_fn change,
                             void *context, int64_t *last, nrpc_status *status)
{
    for (int rc = b->rc;; rc = SQLITE_OK) {
        if (!rc)
            rc = sqlite3_step(b->stmt);
        if (rc == SQLITE_DONE)
            return NRPC_OK;
        store_record record;
        store_change one;
        if (rc == SQLITE_ROW && !read_change(b->stmt, &record, &one))
            rc = SQLITE_NOMEM;
        if (rc != SQLITE_ROW)
            return sqlite_fail(conn->db, conn->context, rc, status);
        if (!change(context, &one)) {
            *last = sqlite3_column_int64(b->stmt, COLUMN_ID);
            return NRPC_OK;
        }
    }
}

// --- changes

// The id of the change q->limit places behind after_id, up to which to look; INT64_MAX if there are
// fewer.
static nrpc_code find_bound(sqlite_conn *conn, int64_t after_id, size_t limit, int64_t *bound,
                            nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    *bound = INT64_MAX;
    if (!limit)
        return NRPC_OK;
    nrpc_code code = sqlite_prepare(conn, STATEMENT_CHANGE_AFTER, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, after_id);
    sqlite_bind_int(&b, limit > INT64_MAX ? INT64_MAX : (int64_t)limit - 1);
    int rc = b.rc ? b.rc : sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *bound = sqlite3_column_int64(stmt, 0);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? NRPC_OK
                                                 : sqlite_fail(conn->db, conn->context, rc, status);
}

// The types asked for, each between blanks; nothing for any.
static bool join_types(const store_changes_query *q, buffer *out)
{
    for (int i = 0; i < 32 && q->types >> i; i++) {
        if (q->types >> i & 1)
            buffer_printf(out, " %s ", q->type_names[i]);
    }
    return buffer_append_byte(out, '\0');
}

static nrpc_code select_changes(sqlite_conn *conn, int64_t after_id, int64_t *looked_at,
                                const store_changes_query *q, store_change_fn change, void *context,
                                nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    CLEANUP(buffer_fini) buffer types = {0};
    if (!join_types(q, &types))
        return sqlite_fail(NULL, NULL, SQLITE_NOMEM, status);
    nrpc_code code = find_bound(conn, after_id, q->limit, looked_at, status);
    if (!code)
        code = sqlite_prepare(conn, STATEMENT_CHANGES, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, after_id);
    sqlite_bind_int(&b, *looked_at);
    sqlite_bind_text(&b, q->name_prefix);
    sqlite_bind_text(&b, (const char *)types.data);
    return each_change(conn, &b, change, context, looked_at, status);
}

static nrpc_code resync_required(int64_t wanted, int64_t newest, int64_t horizon,
                                 nrpc_status *status)
{
    nrpc_status_set(status, NRPC_OUT_OF_RANGE, "RESYNC_REQUIRED",
                    "the changes behind revision %lld are not all there: those kept begin behind "
                    "revision %lld, and the newest is %lld",
                    (long long)wanted, (long long)horizon, (long long)newest);
    nrpc_status_add(status, "wanted_revision", "%lld", (long long)wanted);
    nrpc_status_add(status, "horizon", "%lld", (long long)horizon);
    return nrpc_status_add(status, "revision", "%lld", (long long)newest);
}

static nrpc_code changes(sqlite_conn *conn, const store_changes_query *q, store_change_fn change,
                         void *context, int64_t *looked_at_revision, int *looked_at_index,
                         nrpc_status *status)
{
    int64_t newest, horizon, looked_at;
    nrpc_code code = sqlite_read_begin(conn, &newest, status);
    if (!code)
        code = sqlite_read_meta(conn, "horizon", &horizon, status);
    if (code)
        return code;
    int64_t after_id =
        q->after_revision < 0 ? end_of(horizon) : id_of(q->after_revision, q->after_index);
    if ((horizon && after_id < end_of(horizon)) || after_id > end_of(newest))
        return resync_required(q->after_revision, newest, horizon, status);
    code = select_changes(conn, after_id, &looked_at, q, change, context, status);
    if (code)
        return code;
    bool all = looked_at == INT64_MAX;
    *looked_at_revision = all ? newest + 1 : looked_at >> SQLITE_INDEX_BITS;
    *looked_at_index = all ? -1 : (int)(looked_at & SQLITE_MAX_INDEX);
    return NRPC_OK;
}

nrpc_code sqlite_store_changes(store *s, const store_context *c, const store_changes_query *q,
                               store_change_fn change, void *context, int64_t *looked_at_revision,
                               int *looked_at_index, nrpc_status *status)
{
    sqlite_conn *conn;
    nrpc_code code = sqlite_read_take(s, c, 0, &conn, status);
    if (code)
        return code;
    code = changes(conn, q, change, context, looked_at_revision, looked_at_index, status);
    sqlite_read_give(s, c, conn);
    return code;
}

// --- history

static nrpc_code history(sqlite_conn *conn, const char *name, int64_t before_id,
                         store_change_fn change, void *context, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    int64_t newest, horizon, last;
    nrpc_code code = sqlite_read_begin(conn, &newest, status);
    if (!code)
        code = sqlite_read_meta(conn, "horizon", &horizon, status);
    if (!code)
        code = sqlite_prepare(conn, STATEMENT_CHANGES_OF, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, name);
    sqlite_bind_int(&b, before_id);
    sqlite_bind_int(&b, end_of(horizon));
    sqlite_bind_int(&b, STORE_PURGED);
    return each_change(conn, &b, change, context, &last, status);
}

nrpc_code sqlite_store_history(store *s, const store_context *c, const char *name,
                               int64_t before_revision, int before_index, store_change_fn change,
                               void *context, nrpc_status *status)
{
    sqlite_conn *conn;
    nrpc_code code = sqlite_read_take(s, c, 0, &conn, status);
    if (code)
        return code;
    code = history(conn, name, id_of(before_revision, before_index), change, context, status);
    sqlite_read_give(s, c, conn);
    return code;
}

// --- what is due

static nrpc_code expired(sqlite_conn *conn, int64_t now_us, size_t limit, store_row_fn row,
                         void *context, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_prepare(conn, STATEMENT_EXPIRED, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, now_us);
    sqlite_bind_int(&b, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
    for (int rc = b.rc;; rc = SQLITE_OK) {
        if (!rc)
            rc = sqlite3_step(stmt);
        store_record record;
        if (rc == SQLITE_DONE)
            return NRPC_OK;
        if (rc == SQLITE_ROW && !sqlite_row(stmt, &record))
            rc = SQLITE_NOMEM;
        if (rc != SQLITE_ROW)
            return sqlite_fail(conn->db, conn->context, rc, status);
        if (!row(context, &record))
            return NRPC_OK;
    }
}

nrpc_code sqlite_store_expired(store *s, const store_context *c, int64_t now_us, size_t limit,
                               store_row_fn row, void *context, nrpc_status *status)
{
    sqlite_conn *conn;
    nrpc_code code = sqlite_read_take(s, c, 0, &conn, status);
    if (code)
        return code;
    code = expired(conn, now_us, limit, row, context, status);
    sqlite_read_give(s, c, conn);
    return code;
}

// --- keeping it short

typedef struct compaction {
    const store_retention *keep;
    size_t limit;
    size_t looked_at; // rows, of the log and of requests
    bool done;
    int64_t horizon;
    int64_t compacted;
    int64_t logged; // changes behind the horizon
} compaction;

static nrpc_code forget_requests(sqlite_tx *tx, compaction *k, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_tx_prepare(tx, STATEMENT_FORGET, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, tx->base.time_us - STORE_REQUEST_KEPT_S * INT64_C(1000000));
    sqlite_bind_int(&b, k->limit > INT64_MAX ? INT64_MAX : (int64_t)k->limit);
    code = sqlite_tx_step(tx, &b, status);
    k->looked_at += (size_t)sqlite3_changes(tx->conn->db);
    return code;
}

// The change behind `after`, *id 0 if there is none. Name and statement are good until it is reset.
typedef struct next_change {
    int64_t id, time_us;
    store_operation operation;
    const char *name;
} next_change;

static nrpc_code find_next(sqlite_tx *tx, int64_t after, sqlite3_stmt **stmt, next_change *out,
                           nrpc_status *status)
{
    *out = (next_change){0};
    nrpc_code code = sqlite_tx_prepare(tx, STATEMENT_NEXT_CHANGE, stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = *stmt};
    sqlite_bind_int(&b, after);
    int rc = b.rc ? b.rc : sqlite3_step(*stmt);
    if (rc == SQLITE_DONE)
        return NRPC_OK;
    *out = (next_change){
        .id = sqlite3_column_int64(*stmt, 0),
        .time_us = sqlite3_column_int64(*stmt, 1),
        .operation = (store_operation)sqlite3_column_int(*stmt, 2),
        .name = (const char *)sqlite3_column_text(*stmt, 3),
    };
    if (rc == SQLITE_ROW && !out->name)
        rc = SQLITE_NOMEM;
    return rc == SQLITE_ROW ? NRPC_OK : sqlite_tx_broken(tx, rc, status);
}

static nrpc_code count_changes(sqlite_tx *tx, int64_t revision, int64_t *count, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_tx_prepare(tx, STATEMENT_LAST_CHANGE, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, end_of(revision));
    int rc = b.rc ? b.rc : sqlite3_step(stmt);
    if (rc != SQLITE_ROW)
        return sqlite_tx_broken(tx, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, status);
    *count = (sqlite3_column_int64(stmt, 0) & SQLITE_MAX_INDEX) + 1;
    return NRPC_OK;
}

// Moves the horizon by one revision, if that may go.
static nrpc_code move_horizon(sqlite_tx *tx, compaction *k, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    next_change next;
    int64_t count = 0;
    nrpc_code code = find_next(tx, end_of(k->horizon), &stmt, &next, status);
    k->done = !next.id || next.time_us >= k->keep->newer_than_us;
    if (code || k->done)
        return code;
    int64_t revision = next.id >> SQLITE_INDEX_BITS;
    code = count_changes(tx, revision, &count, status);
    k->done = !code && k->logged - count < k->keep->newest;
    if (code || k->done)
        return code;
    k->horizon = revision;
    k->logged -= count;
    k->looked_at++;
    return NRPC_OK;
}

// Drops what the next change before the horizon made superfluous: those of its name before it, and
// itself if it says that nothing is left.
static nrpc_code drop_superseded(sqlite_tx *tx, compaction *k, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *found = NULL;
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    next_change next;
    nrpc_code code = find_next(tx, k->compacted, &found, &next, status);
    if (code)
        return code;
    if (!next.id || next.id > end_of(k->horizon)) {
        k->compacted = end_of(k->horizon);
        return NRPC_OK;
    }
    k->compacted = next.id;
    k->looked_at++;
    code = sqlite_tx_prepare(tx, STATEMENT_DROP_CHANGES, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, next.name);
    sqlite_bind_int(&b, next.operation == STORE_PURGED ? next.id : next.id - 1);
    return sqlite_tx_step(tx, &b, status);
}

static nrpc_code drop_changes(sqlite_tx *tx, compaction *k, nrpc_status *status)
{
    sqlite_conn *conn = tx->conn;
    nrpc_code code = sqlite_read_meta(conn, "horizon", &k->horizon, status);
    if (!code)
        code = sqlite_read_meta(conn, "compacted", &k->compacted, status);
    if (!code)
        code = sqlite_read_meta(conn, "logged", &k->logged, status);
    // What earlier writers of the same commit logged is not counted there yet.
    k->logged += tx->group->changes;
    compaction before = *k;
    while (!code && !k->done && k->looked_at < k->limit) {
        bool behind = k->horizon && k->compacted < end_of(k->horizon);
        code = behind ? drop_superseded(tx, k, status) : move_horizon(tx, k, status);
    }
    if (!code && k->horizon != before.horizon)
        code = sqlite_write_meta(conn, "horizon", k->horizon, status);
    if (!code && k->compacted != before.compacted)
        code = sqlite_write_meta(conn, "compacted", k->compacted, status);
    if (!code && k->logged != before.logged)
        code = sqlite_write_meta(conn, "logged", k->logged - tx->group->changes, status);
    return code;
}

static nrpc_code compact(store_tx *base, void *context, nrpc_status *status)
{
    sqlite_tx *tx = (sqlite_tx *)base;
    compaction *k = context;
    k->looked_at = 0;
    k->done = false;
    nrpc_code code = sqlite_tx_change_begin(tx, status);
    if (!code)
        code = forget_requests(tx, k, status);
    if (!code)
        code = drop_changes(tx, k, status);
    sqlite_tx_change_end(tx);
    return code;
}

nrpc_code sqlite_store_compact(store *s, const store_context *c, const store_retention *keep,
                               size_t limit, bool *more, nrpc_status *status)
{
    compaction k = {.keep = keep, .limit = limit ? limit : 1};
    int64_t revision;
    nrpc_code code = sqlite_store_write(s, c, compact, &k, &revision, status);
    if (code)
        return code;
    *more = !k.done;
    int64_t known = atomic_load(&s->horizon);
    while (known < k.horizon && !atomic_compare_exchange_weak(&s->horizon, &known, k.horizon))
        ;
    return NRPC_OK;
}
