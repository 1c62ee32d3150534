// What a store_write_fn may do: each function here works for one writer of a group.
#include "store/sqlite.h"

#include "store/context.h"

#include <string.h>

// --- shared by all that write

// A statement that failed half-way may have undone more than itself: even if the caller's fn goes
// on regardless, what it did must not be committed.
nrpc_code sqlite_tx_broken(sqlite_tx *tx, int rc, nrpc_status *status)
{
    tx->broken = tx->broken ? tx->broken : rc;
    return sqlite_fail(tx->conn->db, tx->conn->context, rc, status);
}

nrpc_code sqlite_tx_prepare(sqlite_tx *tx, int statement, sqlite3_stmt **stmt, nrpc_status *status)
{
    nrpc_code code = sqlite_prepare(tx->conn, statement, stmt, status);
    if (code)
        tx->broken = tx->broken ? tx->broken : SQLITE_ERROR;
    return code;
}

nrpc_code sqlite_tx_step(sqlite_tx *tx, const sqlite_binder *b, nrpc_status *status)
{
    int rc = b->rc ? b->rc : sqlite3_step(b->stmt);
    return rc == SQLITE_DONE ? NRPC_OK : sqlite_tx_broken(tx, rc, status);
}

nrpc_code sqlite_tx_change_begin(sqlite_tx *tx, nrpc_status *status)
{
    nrpc_code code = store_context_check(tx->base.context, status);
    if (code)
        return code;
    tx->conn->context = NULL;
    if (!tx->dirty && tx->group->dirty && tx->base.may_undo) {
        code = sqlite_run(tx->conn, STATEMENT_SAVEPOINT, status);
        if (code) {
            tx->broken = tx->broken ? tx->broken : SQLITE_ERROR;
            return code;
        }
        tx->savepoint = true;
    }
    tx->dirty = true;
    return NRPC_OK;
}

void sqlite_tx_change_end(sqlite_tx *tx)
{
    tx->conn->context = tx->base.context;
}

// --- looking

nrpc_code sqlite_tx_get(store_tx *base, const char *name, store_row_fn row, void *context,
                        nrpc_status *status)
{
    sqlite_tx *tx = (sqlite_tx *)base;
    bool found;
    // What fn does between two lookups may take long, too.
    nrpc_code code = store_context_check(base->context, status);
    if (code)
        return code;
    code = sqlite_get(tx->conn, name, 0, true, row, context, &found, status);
    if (code) {
        tx->broken = tx->broken ? tx->broken : SQLITE_ERROR;
        return code;
    }
    return found ? NRPC_OK : sqlite_not_found(name, status);
}

nrpc_code sqlite_tx_alive(store_tx *base, const char *name, bool *alive, nrpc_status *status)
{
    sqlite_tx *tx = (sqlite_tx *)base;
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    *alive = false;
    nrpc_code code = store_context_check(base->context, status);
    if (!code)
        code = sqlite_tx_prepare(tx, STATEMENT_ALIVE, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, name);
    int rc = b.rc ? b.rc : sqlite3_step(stmt);
    *alive = rc == SQLITE_ROW && sqlite3_column_int64(stmt, 0) == 0;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? NRPC_OK : sqlite_tx_broken(tx, rc, status);
}

nrpc_code sqlite_tx_children(store_tx *base, const char *name, store_row_fn row, void *context,
                             nrpc_status *status)
{
    sqlite_tx *tx = (sqlite_tx *)base;
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_tx_prepare(tx, STATEMENT_CHILDREN, &stmt, status);
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
            return sqlite_tx_broken(tx, rc, status);
        if (!row(context, &record))
            return NRPC_OK;
    }
}

// --- changing

// A row as it is before a change; the bytes live until the statement that found it is reset.
typedef struct stored {
    int64_t id; // 0: there is none
    int64_t create_time_us, delete_time_us, purge_time_us;
    store_bytes document, places;
} stored;

static nrpc_code find(sqlite_tx *tx, const char *name, sqlite3_stmt **stmt, stored *out,
                      nrpc_status *status)
{
    *out = (stored){0};
    nrpc_code code = sqlite_tx_prepare(tx, STATEMENT_FIND, stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = *stmt};
    sqlite_bind_text(&b, name);
    int rc = b.rc ? b.rc : sqlite3_step(*stmt);
    if (rc == SQLITE_DONE)
        return NRPC_OK;
    if (rc != SQLITE_ROW)
        return sqlite_tx_broken(tx, rc, status);
    *out = (stored){
        .id = sqlite3_column_int64(*stmt, 0),
        .create_time_us = sqlite3_column_int64(*stmt, 1),
        .delete_time_us = sqlite3_column_int64(*stmt, 2),
        .purge_time_us = sqlite3_column_int64(*stmt, 3),
        .document = {sqlite3_column_text(*stmt, 4), (size_t)sqlite3_column_bytes(*stmt, 4)},
        .places = {sqlite3_column_blob(*stmt, 5), (size_t)sqlite3_column_bytes(*stmt, 5)},
    };
    return NRPC_OK;
}

static bool same_bytes(store_bytes a, store_bytes b)
{
    return a.size == b.size && (!a.size || memcmp(a.data, b.data, a.size) == 0);
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

static nrpc_code insert_row(sqlite_tx *tx, const store_record *record, store_bytes places,
                            int64_t *id, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_tx_prepare(tx, STATEMENT_INSERT, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    bind_names(&b, record);
    sqlite_bind_int(&b, tx->base.revision);
    bind_content(&b, record);
    sqlite_bind_chars(&b, record->index->document);
    sqlite_bind_bytes(&b, places);
    code = sqlite_tx_step(tx, &b, status);
    *id = sqlite3_last_insert_rowid(tx->conn->db);
    return code;
}

// The columns that no index of the table knows.
static nrpc_code update_content(sqlite_tx *tx, const store_record *record, int64_t id,
                                nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_tx_prepare(tx, STATEMENT_UPDATE, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, id);
    sqlite_bind_text(&b, record->uid);
    sqlite_bind_int(&b, tx->base.revision);
    sqlite_bind_int(&b, record->create_time_us);
    sqlite_bind_int(&b, record->update_time_us);
    sqlite_bind_bytes(&b, record->body);
    sqlite_bind_bytes(&b, record->extra);
    return sqlite_tx_step(tx, &b, status);
}

static nrpc_code update_indexed(sqlite_tx *tx, const store_record *record, int64_t id,
                                store_bytes places, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_tx_prepare(tx, STATEMENT_UPDATE_INDEXED, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, id);
    sqlite_bind_int(&b, record->delete_time_us);
    sqlite_bind_int(&b, record->purge_time_us);
    sqlite_bind_chars(&b, record->index->document);
    sqlite_bind_bytes(&b, places);
    return sqlite_tx_step(tx, &b, status);
}

static nrpc_code update_index(sqlite_tx *tx, const store_record *record, const stored *old,
                              store_bytes places, nrpc_status *status)
{
    bool moved = !same_bytes(old->places, places);
    bool deleted = old->delete_time_us != record->delete_time_us;
    bool told = !same_bytes(old->document, record->index->document);
    nrpc_code code = NRPC_OK;
    if (moved || deleted || told || old->purge_time_us != record->purge_time_us)
        code = update_indexed(tx, record, old->id, places, status);
    if (!code && moved)
        code = sqlite_places_write(tx, record, 0, old->places, status);
    if (!code && (moved || deleted))
        code = sqlite_places_write(tx, record, old->id, places, status);
    else if (!code && told)
        code = sqlite_places_tell(tx, record, old->id, places, status);
    sqlite_search_change_kind change =
        record->delete_time_us ? SQLITE_SEARCH_REMOVE : SQLITE_SEARCH_REPLACE;
    return code ? code : sqlite_search_change(tx, old->id, change, record->index, status);
}

static nrpc_code write_row(sqlite_tx *tx, const store_record *record, const stored *old,
                           nrpc_status *status)
{
    CLEANUP(buffer_fini) buffer made = {0};
    if (!sqlite_places_make(record, &made))
        return sqlite_tx_broken(tx, SQLITE_NOMEM, status);
    store_bytes places = {made.data, made.size};
    if (old->id) {
        nrpc_code code = update_content(tx, record, old->id, status);
        return code ? code : update_index(tx, record, old, places, status);
    }
    int64_t id;
    nrpc_code code = insert_row(tx, record, places, &id, status);
    if (!code)
        code = sqlite_places_write(tx, record, id, places, status);
    if (!code && !record->delete_time_us)
        code = sqlite_search_change(tx, id, SQLITE_SEARCH_ADD, record->index, status);
    return code;
}

static nrpc_code purge_row(sqlite_tx *tx, const store_record *record, const stored *old,
                           nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_places_write(tx, record, 0, old->places, status);
    if (!code)
        code = sqlite_search_change(tx, old->id, SQLITE_SEARCH_REMOVE, NULL, status);
    if (!code)
        code = sqlite_tx_prepare(tx, STATEMENT_DELETE, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_int(&b, old->id);
    return sqlite_tx_step(tx, &b, status);
}

static nrpc_code log_change(sqlite_tx *tx, store_operation operation, const store_record *record,
                            nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_tx_prepare(tx, STATEMENT_LOG, &stmt, status);
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
    code = sqlite_tx_step(tx, &b, status);
    if (!code)
        tx->index++;
    return code;
}

static nrpc_code remember_name(sqlite_tx *tx, const char *name, nrpc_status *status)
{
    sqlite_group *g = tx->group;
    if (!g->observer)
        return NRPC_OK;
    if (!buffer_append(&g->names, name, strlen(name) + 1))
        return sqlite_tx_broken(tx, SQLITE_NOMEM, status);
    g->name_count++;
    return NRPC_OK;
}

static nrpc_code already_exists(const char *name, nrpc_status *status)
{
    nrpc_status_set(status, NRPC_ALREADY_EXISTS, "RESOURCE_EXISTS", "%s exists already", name);
    nrpc_status_add(status, "name", "%s", name);
    return NRPC_ALREADY_EXISTS;
}

static nrpc_code change(sqlite_tx *tx, store_operation operation, const store_record *record,
                        const stored *old, nrpc_status *status)
{
    static const store_index none = {.document = {"{}", 2}};
    nrpc_code code = remember_name(tx, record->name, status);
    if (code)
        return code;
    if (operation == STORE_PURGED) {
        store_record gone = {.type = record->type, .name = record->name, .parent = record->parent};
        code = purge_row(tx, record, old, status);
        return code ? code : log_change(tx, operation, &gone, status);
    }
    store_record full = *record;
    if (!full.index)
        full.index = &none;
    if (!full.create_time_us)
        full.create_time_us = operation == STORE_CREATED ? tx->base.time_us : old->create_time_us;
    if (!full.update_time_us)
        full.update_time_us = tx->base.time_us;
    if (!full.delete_time_us && operation == STORE_DELETED)
        full.delete_time_us = tx->base.time_us;
    code = write_row(tx, &full, old, status);
    return code ? code : log_change(tx, operation, &full, status);
}

nrpc_code sqlite_tx_put(store_tx *base, store_operation operation, const store_record *record,
                        nrpc_status *status)
{
    sqlite_tx *tx = (sqlite_tx *)base;
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    stored old;
    nrpc_code code = find(tx, record->name, &stmt, &old, status);
    if (code)
        return code;
    if (operation == STORE_CREATED && old.id)
        return already_exists(record->name, status);
    if (operation != STORE_CREATED && !old.id)
        return sqlite_not_found(record->name, status);
    if (tx->index > SQLITE_MAX_INDEX)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "STORE_TRANSACTION_TOO_LARGE",
                               "one transaction holds at most %lld changes",
                               (long long)SQLITE_MAX_INDEX + 1);
    code = sqlite_tx_change_begin(tx, status);
    if (!code)
        code = change(tx, operation, record, &old, status);
    sqlite_tx_change_end(tx);
    return code;
}

nrpc_code sqlite_tx_index(sqlite_tx *tx, const store_record *record, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    CLEANUP(buffer_fini) buffer made = {0};
    stored old;
    nrpc_code code = find(tx, record->name, &stmt, &old, status);
    if (!code && !sqlite_places_make(record, &made))
        code = sqlite_tx_broken(tx, SQLITE_NOMEM, status);
    if (!code)
        code = sqlite_tx_change_begin(tx, status);
    if (!code)
        code = update_index(tx, record, &old, (store_bytes){made.data, made.size}, status);
    sqlite_tx_change_end(tx);
    return code;
}

// --- requests

nrpc_code sqlite_tx_recall(store_tx *base, const char *request_id, store_request_fn request,
                           void *context, bool *found, nrpc_status *status)
{
    sqlite_tx *tx = (sqlite_tx *)base;
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    *found = false;
    nrpc_code code = sqlite_tx_prepare(tx, STATEMENT_RECALL, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, request_id);
    sqlite_bind_int(&b, base->time_us - STORE_REQUEST_KEPT_S * INT64_C(1000000));
    int rc = b.rc ? b.rc : sqlite3_step(stmt);
    if (rc == SQLITE_DONE)
        return NRPC_OK;
    if (rc != SQLITE_ROW)
        return sqlite_tx_broken(tx, rc, status);
    store_request r = {
        .fingerprint = (uint64_t)sqlite3_column_int64(stmt, 0),
        .revision = sqlite3_column_int64(stmt, 1),
        .time_us = sqlite3_column_int64(stmt, 2),
        .answer = {sqlite3_column_blob(stmt, 3), (size_t)sqlite3_column_bytes(stmt, 3)},
    };
    *found = true;
    request(context, &r);
    return NRPC_OK;
}

static nrpc_code remember(sqlite_tx *tx, const char *request_id, const store_request *request,
                          nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_tx_prepare(tx, STATEMENT_REMEMBER, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, request_id);
    sqlite_bind_int(&b, (int64_t)request->fingerprint);
    sqlite_bind_int(&b, request->revision ? request->revision
                        : tx->index       ? tx->base.revision
                                          : tx->group->revision);
    sqlite_bind_int(&b, tx->base.time_us);
    sqlite_bind_bytes(&b, request->answer);
    return sqlite_tx_step(tx, &b, status);
}

nrpc_code sqlite_tx_remember(store_tx *base, const char *request_id, const store_request *request,
                             nrpc_status *status)
{
    sqlite_tx *tx = (sqlite_tx *)base;
    nrpc_code code = sqlite_tx_change_begin(tx, status);
    if (!code)
        code = remember(tx, request_id, request, status);
    sqlite_tx_change_end(tx);
    return code;
}
