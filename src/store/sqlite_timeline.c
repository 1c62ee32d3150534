#include "store/sqlite.h"

#include <limits.h>

// A timeline is a range of table moment, and up to two places before it: a day lies in the year
// that begins before it, and in the month, and in nothing longer.

typedef struct place {
    int32_t first;
    int precision;
} place;

typedef struct range {
    place low, high; // both within
} range;

enum { MAX_RANGES = 3 };

static bool before(place a, place b)
{
    return a.first != b.first ? a.first < b.first : a.precision < b.precision;
}

// In the order of time. Returns how many.
static size_t ranges_of(const store_timeline_query *q, range out[MAX_RANGES])
{
    size_t n = 0;
    int32_t to = q->to ? q->to : INT32_MAX;
    if (to < q->from)
        return 0;
    if (q->from) {
        place year = {q->from / 10000 * 10000 + 101, 0}, month = {q->from / 100 * 100 + 1, 1};
        if (year.first < q->from)
            out[n++] = (range){year, year};
        if (month.first < q->from)
            out[n++] = (range){month, month};
    }
    out[n++] = (range){{q->from, INT_MIN}, {to, INT_MAX}};
    return n;
}

bool sqlite_timeline_sql(buffer *sql, const store_timeline_query *q)
{
    buffer_append_text(sql, "SELECT first, last, precision, kind, path, id FROM moment"
                            " WHERE scope = ?1 AND (first, precision, kind, name, path) ");
    buffer_append_text(sql, q->descending
                                ? "< (?2, ?3, ?4, ?5, ?6) AND (first, precision) >= (?7, ?8)"
                                : "> (?2, ?3, ?4, ?5, ?6) AND (first, precision) <= (?7, ?8)");
    buffer_append_text(sql, " AND last >= ?9");
    for (size_t i = 0; i < q->kind_count; i++)
        buffer_printf(sql, "%s?%zu", i ? ", " : " AND kind IN (", 10 + i);
    buffer_append_text(sql, q->kind_count ? ")" : "");
    buffer_append_text(sql, q->descending ? " ORDER BY first DESC, precision DESC, kind DESC,"
                                            " name DESC, path DESC"
                                          : " ORDER BY first, precision, kind, name, path");
    return buffer_append_byte(sql, '\0') && !sql->failed;
}

static void bind(sqlite_binder *b, const store_timeline_query *q, const range *r)
{
    const store_moment *after = q->after;
    place start = q->descending ? r->high : r->low, end = q->descending ? r->low : r->high;
    if (after) {
        place last = {after->first, after->precision};
        if (q->descending ? before(start, last) : before(last, start))
            after = NULL; // this range is all behind it
    }
    sqlite_bind_text(b, q->scope);
    sqlite_bind_int(b, after ? after->first : start.first);
    sqlite_bind_int(b, after ? after->precision : start.precision);
    sqlite_bind_int(b, after ? after->kind : q->descending ? INT64_MAX : INT64_MIN);
    sqlite_bind_text(b, after ? q->after_name : "");
    sqlite_bind_text(b, after ? after->path : "");
    sqlite_bind_int(b, end.first);
    sqlite_bind_int(b, end.precision);
    sqlite_bind_int(b, q->from);
    for (size_t i = 0; i < q->kind_count; i++)
        sqlite_bind_int(b, q->kinds[i]);
}

typedef struct giving {
    const store_moment *moment;
    store_moment_fn fn;
    void *context;
} giving;

static bool give(void *arg, const store_record *record)
{
    const giving *g = arg;
    return g->fn(g->context, g->moment, record);
}

static nrpc_code read_range(sqlite_conn *conn, const char *sql, const store_timeline_query *q,
                            const range *r, store_moment_fn fn, void *context, bool *go_on,
                            nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_prepare_text(conn, sql, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    bind(&b, q, r);
    int rc = b.rc;
    while (!code && *go_on) {
        if (!rc)
            rc = sqlite3_step(stmt);
        if (rc == SQLITE_DONE)
            return NRPC_OK;
        store_moment m = {0};
        if (rc == SQLITE_ROW) {
            m.first = sqlite3_column_int(stmt, 0);
            m.last = sqlite3_column_int(stmt, 1);
            m.precision = sqlite3_column_int(stmt, 2);
            m.kind = sqlite3_column_int(stmt, 3);
            m.path = (const char *)sqlite3_column_text(stmt, 4);
            rc = m.path ? rc : SQLITE_NOMEM;
        }
        if (rc != SQLITE_ROW)
            return sqlite_fail(conn->db, conn->context, rc, status);
        giving g = {&m, fn, context};
        code = sqlite_give_row(conn, sqlite3_column_int64(stmt, 5), true, NULL, give, &g, go_on,
                               status);
        rc = SQLITE_OK;
    }
    return code;
}

nrpc_code sqlite_store_timeline(store *s, const store_context *c, const store_timeline_query *q,
                                store_moment_fn moment, void *context, int64_t *revision,
                                nrpc_status *status)
{
    sqlite_conn *conn;
    nrpc_code code = sqlite_read_take(s, c, 0, &conn, status);
    if (code)
        return code;
    range ranges[MAX_RANGES];
    size_t n = ranges_of(q, ranges);
    bool go_on = true;
    buffer sql = {0};
    code = sqlite_read_begin(conn, revision, status);
    if (!code && !sqlite_timeline_sql(&sql, q))
        code = sqlite_fail(NULL, NULL, SQLITE_NOMEM, status);
    for (size_t i = 0; i < n && !code && go_on; i++)
        code = read_range(conn, (const char *)sql.data, q, &ranges[q->descending ? n - 1 - i : i],
                          moment, context, &go_on, status);
    buffer_fini(&sql);
    sqlite_read_give(s, c, conn);
    return code;
}
