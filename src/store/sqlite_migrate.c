#include "store/sqlite.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static nrpc_code read_int(sqlite_conn *conn, const char *sql, int64_t *value, nrpc_status *status)
{
    CLEANUP(sqlite_finalize) sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL);
    if (!rc)
        rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW)
        return sqlite_fail(conn->db, conn->context, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc,
                           status);
    *value = sqlite3_column_int64(stmt, 0);
    return NRPC_OK;
}

// Bytes nobody can guess, kept in hexadecimal or, with quotes "x'" and "'", as they are.
static nrpc_code write_random(sqlite_conn *conn, const char *key, size_t size, const char *quote,
                              nrpc_status *status)
{
    uint8_t random[16];
    char hex[2 * sizeof random + 1], sql[128];
    if (getrandom(random, size, 0) != (ssize_t)size)
        return nrpc_status_set(status, NRPC_INTERNAL, "STORE_RANDOM",
                               "the system has no random bytes for the store: %s",
                               strerrordesc_np(errno));
    for (size_t i = 0; i < size; i++)
        snprintf(hex + 2 * i, 3, "%02x", random[i]);
    snprintf(sql, sizeof sql, "INSERT INTO meta (key, value) VALUES ('%s', %s%s')", key, quote,
             hex);
    return sqlite_exec(conn, sql, status);
}

static nrpc_code read_bytes(sqlite_conn *conn, const char *sql, void *out, size_t size,
                            nrpc_status *status)
{
    CLEANUP(sqlite_finalize) sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL);
    if (!rc)
        rc = sqlite3_step(stmt);
    const void *bytes = rc == SQLITE_ROW ? sqlite3_column_blob(stmt, 0) : NULL;
    if (!bytes || (size_t)sqlite3_column_bytes(stmt, 0) != size)
        return sqlite_fail(conn->db, conn->context,
                           rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, status);
    memcpy(out, bytes, size);
    return NRPC_OK;
}

// Schema `version` - 1 becomes `version`, wholly or not at all.
static nrpc_code migrate_to(sqlite_conn *conn, int version, nrpc_status *status)
{
    char pragmas[96];
    snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             SQLITE_APPLICATION_ID, version);
    nrpc_code code = sqlite_exec(conn, "BEGIN IMMEDIATE", status);
    if (!code)
        code = sqlite_exec(conn, sqlite_migrations[version - 1], status);
    if (!code && version == 1)
        code = write_random(conn, "store_id", 8, "'", status);
    if (!code && version == 2)
        code = write_random(conn, "secret", 16, "x'", status);
    if (!code)
        code = sqlite_exec(conn, pragmas, status);
    if (!code)
        code = sqlite_exec(conn, "COMMIT", status);
    if (code) {
        nrpc_status_add(status, "migration", "%d", version);
        return code;
    }
    log_info("the store's schema was brought up to date", "version=%d", version);
    return NRPC_OK;
}

static nrpc_code use_wal(sqlite_conn *conn, nrpc_status *status)
{
    CLEANUP(sqlite_finalize) sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(conn->db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
    if (!rc)
        rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW)
        return sqlite_fail(conn->db, conn->context, rc, status);
    const char *mode = (const char *)sqlite3_column_text(stmt, 0);
    if (!mode || strcmp(mode, "wal") != 0)
        return nrpc_status_set(status, NRPC_FAILED_PRECONDITION, "STORE_NO_WAL",
                               "the file system under the store cannot hold a write-ahead log");
    return NRPC_OK;
}

nrpc_code sqlite_migrate(sqlite_conn *conn, store *s, nrpc_status *status)
{
    int64_t version = 0, revision = 0, horizon = 0;
    nrpc_code code = read_int(conn, "PRAGMA user_version", &version, status);
    if (code)
        return code;
    if (version > sqlite_migration_count) {
        nrpc_status_set(status, NRPC_FAILED_PRECONDITION, "STORE_NEWER_VERSION",
                        "the store has schema version %d; this program knows versions up to %d. "
                        "Use the newer program that wrote it",
                        (int)version, sqlite_migration_count);
        nrpc_status_add(status, "version", "%d", (int)version);
        nrpc_status_add(status, "known_version", "%d", sqlite_migration_count);
        return NRPC_FAILED_PRECONDITION;
    }
    if (version < 0)
        return sqlite_fail(conn->db, conn->context, SQLITE_CORRUPT, status);
    while (version < sqlite_migration_count && !code)
        code = migrate_to(conn, (int)++version, status);
    if (!code)
        code = use_wal(conn, status);
    if (!code)
        code = read_bytes(conn, "SELECT value FROM meta WHERE key = 'store_id'", s->id,
                          sizeof s->id - 1, status);
    if (!code)
        code = read_bytes(conn, "SELECT value FROM meta WHERE key = 'secret'", s->secret,
                          sizeof s->secret, status);
    if (!code)
        code = sqlite_read_revision(conn, &revision, status);
    if (!code)
        code = read_int(conn, "SELECT value FROM meta WHERE key = 'horizon'", &horizon, status);
    atomic_store(&s->revision, revision);
    atomic_store(&s->horizon, horizon);
    return code;
}
