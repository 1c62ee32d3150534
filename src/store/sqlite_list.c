#include "store/sqlite.h"

// --- without condition and orders: prepared once -------------------------------------------------

static nrpc_code prepare_plain(sqlite_conn *conn, const store_query *q, bool count,
                               sqlite3_stmt **stmt, nrpc_status *status)
{
    store_query shape = *q;
    if (count) {
        shape.after = NULL;
        shape.with_extra = false;
    }
    sqlite3_stmt **kept =
        &conn->statements[(count ? STATEMENT_COUNT : STATEMENT_LIST) + sqlite_query_shape(&shape)];
    if (!*kept) {
        buffer sql = {0};
        int rc = sqlite_query_sql(&sql, &shape, count)
                     ? sqlite3_prepare_v3(conn->db, (const char *)sql.data, -1,
                                          SQLITE_PREPARE_PERSISTENT, kept, NULL)
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
    return b.rc ? sqlite_fail(conn->db, conn->context, b.rc, status) : NRPC_OK;
}

static nrpc_code list_plain(sqlite_conn *conn, const store_query *q, store_row_fn row,
                            void *context, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = prepare_plain(conn, q, false, &stmt, status);
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

// --- by plan -------------------------------------------------------------------------------------

static nrpc_code prepare_planned(sqlite_conn *conn, const sqlite_plan *p, buffer *sql, bool written,
                                 sqlite3_stmt **stmt, nrpc_status *status)
{
    nrpc_code code = written ? sqlite_prepare_text(conn, (const char *)sql->data, stmt, status)
                             : sqlite_fail(NULL, NULL, SQLITE_NOMEM, status);
    buffer_fini(sql);
    if (code)
        return code;
    sqlite_binder b = {.stmt = *stmt};
    sqlite_plan_bind(p, &b);
    return b.rc ? sqlite_fail(conn->db, conn->context, b.rc, status) : NRPC_OK;
}

static nrpc_code number_of(sqlite_conn *conn, sqlite3_stmt *stmt, int64_t *number,
                           nrpc_status *status)
{
    int rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW)
        return sqlite_fail(conn->db, conn->context, rc, status);
    *number = sqlite3_column_int64(stmt, 0);
    return NRPC_OK;
}

// Whether the plan reaches more rows than this by its index.
static nrpc_code reaches_more(sqlite_conn *conn, const sqlite_plan *p, int than, bool *more,
                              nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    buffer sql = {0};
    bool written = sqlite_plan_probe_sql(p, than + 1, &sql);
    int64_t count = 0;
    nrpc_code code = prepare_planned(conn, p, &sql, written, &stmt, status);
    if (!code)
        code = number_of(conn, stmt, &count, status);
    *more = count > than;
    return code;
}

static nrpc_code choose(sqlite_conn *conn, const store_query *q, bool count, sqlite_plan *p,
                        nrpc_status *status)
{
    sqlite_plan other;
    nrpc_code code = NRPC_OK;
    sqlite_plan_by_order(q, count, p);
    bool all = count || !p->ordered; // whatever is reached must all be read
    bool many = false;
    if (sqlite_plan_by_tokens(p, &other)) {
        code = reaches_more(conn, &other, SQLITE_FEW_ROWS, &many, status);
        if (code || !many) {
            *p = other;
            return code;
        }
        code = reaches_more(conn, &other, SQLITE_MANY_ROWS, &many, status);
        if (many && !all)
            p->tokens = TOKENS_LOOKUP;
    }
    many = false;
    if (!code && sqlite_plan_by_date(p, &other)) {
        if (!all)
            code = reaches_more(conn, &other, SQLITE_FEW_ROWS, &many, status);
        if (!many)
            *p = other;
    }
    return code;
}

static store_value column_value(sqlite3_stmt *stmt, int column)
{
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        return (store_value){.kind = STORE_INTEGER, .integer = sqlite3_column_int64(stmt, column)};
    case SQLITE_FLOAT:
        return (store_value){.kind = STORE_REAL, .real = sqlite3_column_double(stmt, column)};
    case SQLITE_NULL:
        return (store_value){.kind = STORE_NULL};
    default:
        return (store_value){
            .kind = STORE_TEXT,
            .text = (const char *)sqlite3_column_text(stmt, column),
        };
    }
}

static nrpc_code list_segment(sqlite_conn *conn, const sqlite_plan *p,
                              const sqlite_segment *segment, store_row_fn row, void *context,
                              bool *go_on, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    buffer sql = {0};
    bool written = sqlite_plan_sql(p, segment, &sql);
    nrpc_code code = prepare_planned(conn, p, &sql, written, &stmt, status);
    while (!code && *go_on) {
        int rc = sqlite3_step(stmt);
        if (rc == SQLITE_DONE)
            return NRPC_OK;
        store_value keys[STORE_MAX_ORDERS];
        for (size_t i = 0; rc == SQLITE_ROW && i < p->orders; i++) {
            keys[i] = column_value(stmt, (int)i);
            if (keys[i].kind == STORE_TEXT && !keys[i].text)
                rc = SQLITE_NOMEM;
        }
        if (rc != SQLITE_ROW)
            return sqlite_fail(conn->db, conn->context, rc, status);
        // Only now is the whole row read, so that a sorter never holds one.
        code =
            sqlite_give_row(conn, sqlite3_column_int64(stmt, (int)p->orders + 1), p->q->with_extra,
                            p->orders ? keys : NULL, row, context, go_on, status);
    }
    return code;
}

static nrpc_code list_planned(sqlite_conn *conn, const store_query *q, store_row_fn row,
                              void *context, nrpc_status *status)
{
    sqlite_plan p;
    bool go_on = true;
    nrpc_code code = choose(conn, q, false, &p, status);
    if (code)
        return code;
    if (!p.ordered)
        return list_segment(conn, &p, NULL, row, context, &go_on, status);
    sqlite_segment segments[SQLITE_MAX_SEGMENTS];
    size_t n = sqlite_plan_segments(&p, segments);
    for (size_t i = 0; i < n && !code && go_on; i++)
        code = list_segment(conn, &p, &segments[i], row, context, &go_on, status);
    return code;
}

static nrpc_code count_rows(sqlite_conn *conn, const store_query *q, int64_t *count,
                            nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code;
    if (q->condition) {
        sqlite_plan p;
        buffer sql = {0};
        code = choose(conn, q, true, &p, status);
        if (code)
            return code;
        bool written = sqlite_plan_sql(&p, NULL, &sql);
        code = prepare_planned(conn, &p, &sql, written, &stmt, status);
    } else {
        code = prepare_plain(conn, q, true, &stmt, status);
    }
    return code ? code : number_of(conn, stmt, count, status);
}

nrpc_code sqlite_store_list(store *s, const store_context *c, const store_query *q,
                            store_row_fn row, void *context, int64_t *revision, nrpc_status *status)
{
    sqlite_conn *conn;
    nrpc_code code = sqlite_read_take(s, c, 0, &conn, status);
    if (code)
        return code;
    code = sqlite_read_begin(conn, revision, status);
    if (!code)
        code = (q->condition || q->order_count ? list_planned : list_plain)(conn, q, row, context,
                                                                            status);
    sqlite_read_give(s, c, conn);
    return code;
}

nrpc_code sqlite_store_count(store *s, const store_context *c, const store_query *q, int64_t *count,
                             int64_t *revision, nrpc_status *status)
{
    sqlite_conn *conn;
    nrpc_code code = sqlite_read_take(s, c, 0, &conn, status);
    if (code)
        return code;
    code = sqlite_read_begin(conn, revision, status);
    if (!code)
        code = count_rows(conn, q, count, status);
    sqlite_read_give(s, c, conn);
    return code;
}
