#include "store/sqlite.h"

#include <string.h>

enum { ALL_COLUMNS = (1U << STORE_SEARCH_COLUMNS) - 1 };

// A text that is no token stands nowhere; nothing else is ever quoted.
static bool is_token(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < 0x80 && !strchr(letters, *p))
            return false;
    return *text;
}

// The FTS5 expression of all these tokens, each in any of the columns. False: nothing has them.
static bool append_clause(buffer *out, unsigned columns, const char *const *tokens, size_t count)
{
    columns &= ALL_COLUMNS;
    for (size_t i = 0; i < count; i++)
        if (!columns || !is_token(tokens[i]))
            return false;
    if (columns != ALL_COLUMNS) {
        buffer_append_text(out, "{");
        for (int i = 0; i < STORE_SEARCH_COLUMNS; i++)
            if (columns & 1U << i)
                buffer_printf(out, " c%d", i);
        buffer_append_text(out, "}: ");
    }
    buffer_append_text(out, "(");
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "%s\"%s\"", i ? " AND " : "", tokens[i]);
    buffer_append_text(out, ")");
    return true;
}

static bool append_tokens(buffer *out, const store_condition *c)
{
    if (c->operator== STORE_HAS_TOKEN) {
        buffer_append_text(out, out->size ? " AND " : "");
        return append_clause(out, c->columns, &c->value.text, 1);
    }
    for (size_t i = 0; c->operator== STORE_AND && i<c->child_count; i++)
        if (!append_tokens(out, c->children[i]))
            return false;
    return true;
}

char *sqlite_match_tokens(const store_condition *c)
{
    buffer query = {0};
    if (!append_tokens(&query, c)) {
        buffer_clear(&query);
        buffer_append_text(&query, "\"\""); // finds nothing
    }
    buffer_append_byte(&query, '\0');
    return buffer_take(&query, NULL);
}

// False: there are no such records.
static bool append_query(buffer *out, const store_search_query *q)
{
    const store_clause *not = q->must_not;
    bool some = false;
    buffer_append_text(out, "(");
    for (size_t i = 0; i < q->must_count; i++) {
        const store_clause *c = &q->must[i];
        if (!c->token_count)
            continue;
        buffer_append_text(out, some ? " AND " : "");
        if (!append_clause(out, c->columns, c->tokens, c->token_count))
            return false;
        some = true;
    }
    buffer_append_text(out, ")");
    if (!some || (not &&!not ->token_count))
        return false;
    size_t end = out->size;
    buffer_append_text(out, " NOT ");
    if (!not || !append_clause(out, not ->columns, not ->tokens, not ->token_count))
        out->size = end;
    return true;
}

static nrpc_code search_rows(sqlite_conn *conn, const store_search_query *q, const char *match,
                             store_row_fn row, void *context, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_prepare(conn, STATEMENT_SEARCH, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, match);
    sqlite_bind_int(&b, q->after_id);
    int rc = b.rc;
    for (bool go_on = true; !code && go_on;) {
        if (!rc)
            rc = sqlite3_step(stmt);
        if (rc == SQLITE_DONE)
            return NRPC_OK;
        if (rc != SQLITE_ROW)
            return sqlite_fail(conn->db, conn->context, rc, status);
        code = sqlite_give_row(conn, sqlite3_column_int64(stmt, 0), q->with_extra, NULL, row,
                               context, &go_on, status);
        rc = SQLITE_OK;
    }
    return code;
}

nrpc_code sqlite_store_search(store *s, const store_context *c, const store_search_query *q,
                              store_row_fn row, void *context, int64_t *revision,
                              nrpc_status *status)
{
    sqlite_conn *conn;
    nrpc_code code = sqlite_read_take(s, c, 0, &conn, status);
    if (code)
        return code;
    buffer match = {0};
    code = sqlite_read_begin(conn, revision, status);
    if (!code && append_query(&match, q)) {
        buffer_append_byte(&match, '\0');
        code = match.failed ? sqlite_fail(NULL, NULL, SQLITE_NOMEM, status)
                            : search_rows(conn, q, (const char *)match.data, row, context, status);
    }
    buffer_fini(&match);
    sqlite_read_give(s, c, conn);
    return code;
}
