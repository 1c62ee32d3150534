#include "store/sqlite.h"

#include "store/context.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    PROGRESS_STEPS = 1000, // virtual machine steps between two looks at the context
    BUSY_TRIES = 5000,     // of a millisecond each
    RETRY_AFTER_MS = 100,
};

static int on_progress(void *arg)
{
    const sqlite_conn *conn = arg;
    return conn->context && store_context_over(conn->context);
}

// Only a tool working on the file beside the server, or recovery at opening, makes anybody wait.
static int on_busy(void *arg, int tries)
{
    const sqlite_conn *conn = arg;
    if (tries >= BUSY_TRIES || (conn->context && store_context_over(conn->context)))
        return 0;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return 1;
}

nrpc_code sqlite_conn_open(const char *path, bool writer, sqlite_conn **out, nrpc_status *status)
{
    static const char common[] = "PRAGMA trusted_schema = OFF;"
                                 "PRAGMA cell_size_check = ON;"
                                 "PRAGMA cache_size = -8192;"; // KiB
    // The log is copied into the file every 16 MB; grown beyond 64 by one large import, it is cut
    // back afterwards.
    static const char writing[] = "PRAGMA synchronous = FULL;"
                                  "PRAGMA wal_autocheckpoint = 4000;"
                                  "PRAGMA journal_size_limit = 67108864;";
    static const char reading[] = "PRAGMA query_only = ON;";

    *out = NULL;
    sqlite_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return sqlite_fail(NULL, NULL, SQLITE_NOMEM, status);
    int rc = sqlite3_open_v2(path, &conn->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    nrpc_code code = rc ? sqlite_fail(conn->db, NULL, rc, status) : NRPC_OK;
    if (!code) {
        sqlite3_extended_result_codes(conn->db, 1);
        sqlite3_db_config(conn->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_busy_handler(conn->db, on_busy, conn);
        sqlite3_progress_handler(conn->db, PROGRESS_STEPS, on_progress, conn);
        code = sqlite_exec(conn, common, status);
    }
    if (!code)
        code = sqlite_exec(conn, writer ? writing : reading, status);
    if (code) {
        sqlite_conn_close(conn);
        return code;
    }
    *out = conn;
    return NRPC_OK;
}

void sqlite_conn_close(sqlite_conn *conn)
{
    for (size_t i = 0; i < ARRAY_LEN(conn->statements); i++)
        sqlite3_finalize(conn->statements[i]);
    for (size_t i = 0; i < ARRAY_LEN(conn->recent); i++)
        sqlite3_finalize(conn->recent[i]);
    sqlite3_close(conn->db);
    free(conn);
}

nrpc_code sqlite_fail(sqlite3 *db, const store_context *c, int rc, nrpc_status *status)
{
    static const struct {
        int rc; // extended, or primary for all its extensions
        nrpc_code code;
        const char *reason;
        const char *message;
    } meanings[] = {
        {SQLITE_IOERR_NOMEM, NRPC_RESOURCE_EXHAUSTED, "STORE_MEMORY",
         "the store has run out of memory"},
        {SQLITE_NOMEM, NRPC_RESOURCE_EXHAUSTED, "STORE_MEMORY", "the store has run out of memory"},
        {SQLITE_FULL, NRPC_RESOURCE_EXHAUSTED, "STORE_FULL", "the store's disk is full"},
        {SQLITE_TOOBIG, NRPC_RESOURCE_EXHAUSTED, "STORE_TOO_BIG",
         "the record is larger than the store takes"},
        {SQLITE_BUSY, NRPC_UNAVAILABLE, "STORE_BUSY", "another program holds the store's file"},
        {SQLITE_LOCKED, NRPC_UNAVAILABLE, "STORE_BUSY", "another program holds the store's file"},
        {SQLITE_CORRUPT, NRPC_DATA_LOSS, "STORE_CORRUPT", "the store's file is damaged"},
        {SQLITE_NOTADB, NRPC_DATA_LOSS, "STORE_CORRUPT", "the store's file is damaged"},
        {SQLITE_IOERR, NRPC_INTERNAL, "STORE_IO", "the store's disk failed"},
        {SQLITE_CANTOPEN, NRPC_UNAVAILABLE, "STORE_CANNOT_OPEN",
         "the store's file cannot be opened"},
        {SQLITE_READONLY, NRPC_FAILED_PRECONDITION, "STORE_READ_ONLY",
         "the store's file cannot be written"},
    };

    // A call that has run out of time while it waited for a lock is late, not unlucky.
    int primary = rc & 0xff;
    if (c && (primary == SQLITE_INTERRUPT || primary == SQLITE_BUSY)) {
        nrpc_code over = store_context_check(c, status);
        if (over)
            return over;
    }
    nrpc_code code = NRPC_INTERNAL;
    const char *reason = "STORE_ERROR", *message = "the store failed";
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        if (meanings[i].rc == rc || meanings[i].rc == primary) {
            code = meanings[i].code;
            reason = meanings[i].reason;
            message = meanings[i].message;
            break;
        }
    }
    nrpc_status_set(status, code, reason, "%s", message);
    nrpc_status_add(status, "sqlite_code", "%d", rc);
    // What SQLite remembers may be of an earlier call.
    bool remembered = db && sqlite3_extended_errcode(db) == rc;
    nrpc_status_add(status, "detail", "%s", remembered ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
    if (code == NRPC_UNAVAILABLE)
        nrpc_status_retry_after(status, RETRY_AFTER_MS);
    return code;
}

nrpc_code sqlite_exec(sqlite_conn *conn, const char *sql, nrpc_status *status)
{
    int rc = sqlite3_exec(conn->db, sql, NULL, NULL, NULL);
    return rc ? sqlite_fail(conn->db, conn->context, rc, status) : NRPC_OK;
}

nrpc_code sqlite_prepare(sqlite_conn *conn, int statement, sqlite3_stmt **stmt, nrpc_status *status)
{
    sqlite3_stmt **kept = &conn->statements[statement];
    if (!*kept) {
        int rc = sqlite3_prepare_v3(conn->db, sqlite_sql(statement), -1, SQLITE_PREPARE_PERSISTENT,
                                    kept, NULL);
        if (rc)
            return sqlite_fail(conn->db, conn->context, rc, status);
    }
    *stmt = *kept;
    return NRPC_OK;
}

nrpc_code sqlite_prepare_text(sqlite_conn *conn, const char *sql, sqlite3_stmt **stmt,
                              nrpc_status *status)
{
    size_t last = ARRAY_LEN(conn->recent) - 1, at = 0;
    while (at < last && conn->recent[at] && strcmp(sqlite3_sql(conn->recent[at]), sql) != 0)
        at++;
    sqlite3_stmt *found = conn->recent[at];
    if (!found || strcmp(sqlite3_sql(found), sql) != 0) {
        int rc = sqlite3_prepare_v2(conn->db, sql, -1, &found, NULL);
        if (rc)
            return sqlite_fail(conn->db, conn->context, rc, status);
        sqlite3_finalize(conn->recent[at]);
    }
    memmove(&conn->recent[1], &conn->recent[0], at * sizeof conn->recent[0]);
    conn->recent[0] = found;
    *stmt = found;
    return NRPC_OK;
}

nrpc_code sqlite_run(sqlite_conn *conn, int statement, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_prepare(conn, statement, &stmt, status);
    if (code)
        return code;
    int rc = sqlite3_step(stmt);
    return rc == SQLITE_DONE ? NRPC_OK : sqlite_fail(conn->db, conn->context, rc, status);
}

nrpc_code sqlite_read_meta(sqlite_conn *conn, const char *key, int64_t *value, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_prepare(conn, STATEMENT_META, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, key);
    int rc = b.rc ? b.rc : sqlite3_step(stmt);
    if (rc != SQLITE_ROW)
        return sqlite_fail(conn->db, conn->context, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc,
                           status);
    *value = sqlite3_column_int64(stmt, 0);
    return NRPC_OK;
}

nrpc_code sqlite_write_meta(sqlite_conn *conn, const char *key, int64_t value, nrpc_status *status)
{
    CLEANUP(sqlite_reset) sqlite3_stmt *stmt = NULL;
    nrpc_code code = sqlite_prepare(conn, STATEMENT_SET_META, &stmt, status);
    if (code)
        return code;
    sqlite_binder b = {.stmt = stmt};
    sqlite_bind_text(&b, key);
    sqlite_bind_int(&b, value);
    int rc = b.rc ? b.rc : sqlite3_step(stmt);
    return rc == SQLITE_DONE ? NRPC_OK : sqlite_fail(conn->db, conn->context, rc, status);
}

nrpc_code sqlite_read_revision(sqlite_conn *conn, int64_t *revision, nrpc_status *status)
{
    return sqlite_read_meta(conn, "revision", revision, status);
}

void sqlite_reset(sqlite3_stmt **stmt)
{
    sqlite3_reset(*stmt);
}

void sqlite_finalize(sqlite3_stmt **stmt)
{
    sqlite3_finalize(*stmt);
}
