// What the index of a record becomes in the file: rows of `listing` and `moment`, tokens in
// `search`.
//
// `places` of a row says which rows of `listing` (besides that of its own parent) and `moment` it
// has, as strings that each end in NUL:
//
//   L parent                       a listing
//   S scope                        moments stand in it; '' of all is not among them
//   M first,last,precision,kind,path
//
// Search tokens wait in the group until it commits: FTS5 writes a segment for every savepoint that
// it takes part in, and dozens of writers who share a commit would leave as many.
#include "store/sqlite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WAITING = 4 << 20 };

// --- listings and moments

static void put_place(buffer *out, char kind, const char *text)
{
    buffer_append_byte(out, (uint8_t)kind);
    buffer_append(out, text, strlen(text) + 1);
}

static void put_number(buffer *out, int64_t number)
{
    buffer_append_int(out, number);
    buffer_append_byte(out, ',');
}

bool sqlite_places_make(const store_record *record, buffer *out)
{
    const store_index *index = record->index;
    for (size_t i = 0; i < index->listing_count; i++) {
        if (strcmp(index->listings[i], record->parent))
            put_place(out, 'L', index->listings[i]);
    }
    if (!record->delete_time_us) {
        for (size_t i = 0; index->moment_count && i < index->scope_count; i++)
            put_place(out, 'S', index->scopes[i]);
        for (size_t i = 0; i < index->moment_count; i++) {
            const store_moment *m = &index->moments[i];
            buffer_append_byte(out, 'M');
            put_number(out, m->first);
            put_number(out, m->last);
            put_number(out, m->precision);
            put_number(out, m->kind);
            buffer_append(out, m->path, strlen(m->path) + 1);
        }
    }
    return !out->failed;
}

// The string at *next of kind `kind`, without it; NULL when there is none left. Moves *next.
static const char *next_place(store_bytes places, size_t *next, char kind)
{
    const char *data = places.data;
    while (*next < places.size) {
        const char *text = data + *next;
        const char *end = memchr(text, '\0', places.size - *next);
        if (!end)
            return NULL;
        *next = (size_t)(end - data) + 1;
        if (*text == kind)
            return text + 1;
    }
    return NULL;
}

static bool parse_moment(const char *text, store_moment *m)
{
    int path = 0;
    *m = (store_moment){0};
    if (sscanf(text, "%" SCNd32 ",%" SCNd32 ",%d,%d,%n", &m->first, &m->last, &m->precision,
               &m->kind, &path) != 4 ||
        !path)
        return false;
    m->path = text + path;
    return true;
}

// With id 0 it is no longer listed.
static nrpc_code write_listing(sqlite_tx *tx, const char *parent, const store_record *record,
                               int64_t id, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    int statement = id ? STATEMENT_LISTING_PUT : STATEMENT_LISTING_REMOVE;
    nrpc_code code = sqlite_tx_prepare(tx, statement, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, parent);
    sqlite_bind_text(&b, record->type);
    sqlite_bind_text(&b, record->name);
    if (id) {
        sqlite_bind_int(&b, record->delete_time_us);
        sqlite_bind_int(&b, id);
    }
    return sqlite_tx_step(tx, &b, status);
}

static nrpc_code write_moment(sqlite_tx *tx, const char *scope, const store_record *record,
                              int64_t id, const store_moment *m, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    int statement = id ? STATEMENT_MOMENT_PUT : STATEMENT_MOMENT_REMOVE;
    nrpc_code code = sqlite_tx_prepare(tx, statement, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, scope);
    sqlite_bind_int(&b, m->first);
    sqlite_bind_int(&b, m->precision);
    sqlite_bind_int(&b, m->kind);
    sqlite_bind_text(&b, record->name);
    sqlite_bind_text(&b, m->path);
    if (id) {
        sqlite_bind_int(&b, m->last);
        sqlite_bind_int(&b, id);
    }
    return sqlite_tx_step(tx, &b, status);
}

static nrpc_code write_moments(sqlite_tx *tx, const char *scope, const store_record *record,
                               int64_t id, store_bytes places, nrpc_status *status)
{
    nrpc_code code = NRPC_OK;
    size_t next = 0;
    for (const char *text; !code && (text = next_place(places, &next, 'M'));) {
        store_moment m;
        if (!parse_moment(text, &m))
            return sqlite_tx_broken(tx, SQLITE_CORRUPT, status);
        code = write_moment(tx, scope, record, id, &m, status);
    }
    return code;
}

nrpc_code sqlite_places_write(sqlite_tx *tx, const store_record *record, int64_t id,
                              store_bytes places, nrpc_status *status)
{
    nrpc_code code = write_listing(tx, record->parent, record, id, status);
    const char *text;
    for (size_t next = 0; !code && (text = next_place(places, &next, 'L'));)
        code = write_listing(tx, text, record, id, status);
    if (!code)
        code = write_moments(tx, "", record, id, places, status);
    for (size_t next = 0; !code && (text = next_place(places, &next, 'S'));)
        code = write_moments(tx, text, record, id, places, status);
    return code;
}

static nrpc_code tell_listing(sqlite_tx *tx, const char *parent, const store_record *record,
                              int64_t id, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_tx_prepare(tx, STATEMENT_LISTING_FACTS, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, parent);
    sqlite_bind_text(&b, record->type);
    sqlite_bind_text(&b, record->name);
    sqlite_bind_int(&b, id);
    return sqlite_tx_step(tx, &b, status);
}

nrpc_code sqlite_places_tell(sqlite_tx *tx, const store_record *record, int64_t id,
                             store_bytes places, nrpc_status *status)
{
    nrpc_code code = tell_listing(tx, record->parent, record, id, status);
    const char *text;
    for (size_t next = 0; !code && (text = next_place(places, &next, 'L'));)
        code = tell_listing(tx, text, record, id, status);
    return code;
}

// --- search

// A change that waits, followed by the columns' bytes.
typedef struct waiting {
    int64_t id;
    sqlite_search_change_kind change;
    size_t sizes[STORE_SEARCH_COLUMNS];
} waiting;

static nrpc_code run_once(sqlite_conn *conn, const sqlite_binder *b, nrpc_status *status)
{
    int rc = b->rc ? b->rc : sqlite3_step(b->stmt);
    return rc == SQLITE_DONE ? NRPC_OK : sqlite_fail(conn->db, conn->context, rc, status);
}

// Whether the row has just these tokens. *found: there is one.
static nrpc_code compare(sqlite_conn *conn, int64_t id, const store_bytes columns[], bool *found,
                         bool *same, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    *found = *same = false;
    nrpc_code code = sqlite_prepare(conn, STATEMENT_SEARCH_GET, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, id);
    int rc = b.rc ? b.rc : sqlite3_step(stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return sqlite_fail(conn->db, conn->context, rc, status);
    *found = *same = rc == SQLITE_ROW;
    for (int i = 0; *same && i < STORE_SEARCH_COLUMNS; i++) {
        const void *text = sqlite3_column_text(stmt, i);
        size_t size = (size_t)sqlite3_column_bytes(stmt, i);
        *same = size == columns[i].size && (!size || !memcmp(text, columns[i].data, size));
    }
    return NRPC_OK;
}

static nrpc_code apply(sqlite_conn *conn, const waiting *w, const store_bytes columns[],
                       nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    bool empty = true, found = w->change == SQLITE_SEARCH_REMOVE, same = false;
    for (int i = 0; i < STORE_SEARCH_COLUMNS; i++)
        empty = empty && !columns[i].size;
    nrpc_code code = NRPC_OK;
    if (w->change == SQLITE_SEARCH_REPLACE)
        code = compare(conn, w->id, columns, &found, &same, status);
    if (code || same || (empty && !found))
        return code;
    int statement = empty   ? STATEMENT_SEARCH_REMOVE
                    : found ? STATEMENT_SEARCH_REPLACE
                            : STATEMENT_SEARCH_ADD;
    code = sqlite_prepare(conn, statement, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, w->id);
    for (int i = 0; !empty && i < STORE_SEARCH_COLUMNS; i++)
        sqlite_bind_chars(&b, columns[i]);
    return run_once(conn, &b, status);
}

nrpc_code sqlite_search_apply(sqlite_group *g, size_t from, nrpc_status *status)
{
    nrpc_code code = NRPC_OK;
    while (!code && from < g->search.size) {
        waiting w;
        store_bytes columns[STORE_SEARCH_COLUMNS];
        memcpy(&w, g->search.data + from, sizeof w);
        from += sizeof w;
        for (int i = 0; i < STORE_SEARCH_COLUMNS; i++) {
            columns[i] = (store_bytes){g->search.data + from, w.sizes[i]};
            from += w.sizes[i];
        }
        code = apply(g->conn, &w, columns, status);
    }
    return code;
}

// A transaction too large to wait writes its tokens itself, behind those that waited before it. If
// it is undone so are they: they stay in the buffer until it has come through.
static nrpc_code relieve(sqlite_tx *tx, nrpc_status *status)
{
    sqlite_group *g = tx->group;
    nrpc_code code = sqlite_search_apply(g, g->search_applied, status);
    if (code) {
        tx->broken = tx->broken ? tx->broken : SQLITE_ERROR;
        return code;
    }
    g->search.size = g->search_applied = tx->search_start;
    return NRPC_OK;
}

nrpc_code sqlite_search_change(sqlite_tx *tx, int64_t id, sqlite_search_change_kind change,
                               const store_index *index, nrpc_status *status)
{
    buffer *b = &tx->group->search;
    if (change == SQLITE_SEARCH_REMOVE)
        index = NULL;
    waiting w = {.id = id, .change = change};
    for (int i = 0; index && i < STORE_SEARCH_COLUMNS; i++)
        w.sizes[i] = index->search[i].size;
    buffer_append(b, &w, sizeof w);
    for (int i = 0; index && i < STORE_SEARCH_COLUMNS; i++)
        buffer_append(b, index->search[i].data, index->search[i].size);
    if (b->failed)
        return sqlite_tx_broken(tx, SQLITE_NOMEM, status);
    return b->size - tx->search_start > MAX_WAITING ? relieve(tx, status) : NRPC_OK;
}

// --- anew

typedef struct renewal {
    int version;
    store_index_fn index;
    void *context;
    int64_t after; // the last row renewed by batches before
    int64_t last;  // ... by this one
    bool done;
} renewal;

enum { BATCH = 256 };

static nrpc_code cannot_index(const char *name, nrpc_status *status)
{
    nrpc_status_set(status, NRPC_INTERNAL, "STORE_INDEX", "the index of %s could not be made",
                    name);
    return nrpc_status_add(status, "name", "%s", name);
}

// The row behind r->last.
static nrpc_code renew_next(sqlite_tx *tx, renewal *r, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    store_record record;
    nrpc_code code = sqlite_tx_prepare(tx, STATEMENT_NEXT, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, r->last);
    int rc = b.rc ? b.rc : sqlite3_step(stmt);
    if (rc == SQLITE_DONE) {
        r->done = true;
        return NRPC_OK;
    }
    if (rc == SQLITE_ROW && !sqlite_row(stmt, &record))
        rc = SQLITE_NOMEM;
    if (rc != SQLITE_ROW)
        return sqlite_tx_broken(tx, rc, status);
    record.index = r->index(r->context, &record);
    if (!record.index)
        return cannot_index(record.name, status);
    r->last = record.id;
    return sqlite_tx_index(tx, &record, status);
}

static nrpc_code renew_batch(store_tx *base, void *context, nrpc_status *status)
{
    sqlite_tx *tx = (sqlite_tx *)base;
    renewal *r = context;
    r->last = r->after;
    r->done = false;
    nrpc_code code = NRPC_OK;
    for (int i = 0; i < BATCH && !code && !r->done; i++)
        code = renew_next(tx, r, status);
    if (!code && r->done)
        code = sqlite_tx_change_begin(tx, status);
    if (!code && r->done)
        code = sqlite_write_meta(tx->conn, "index_version", r->version, status);
    sqlite_tx_change_end(tx);
    return code;
}

nrpc_code sqlite_store_reindex(store *s, const store_context *c, int version, store_index_fn index,
                               void *context, nrpc_status *status)
{
    sqlite_conn *conn;
    int64_t made = 0, revision;
    nrpc_code code = sqlite_read_take(s, c, 0, &conn, status);
    if (code)
        return code;
    code = sqlite_read_meta(conn, "index_version", &made, status);
    sqlite_read_give(s, c, conn);
    renewal r = {.version = version, .index = index, .context = context, .done = made == version};
    while (!code && !r.done) {
        code = sqlite_store_write(s, c, renew_batch, &r, &revision, status);
        r.after = r.last;
    }
    return code;
}
