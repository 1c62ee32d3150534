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

static nrpc_code write_new_id(sqlite_conn *conn, nrpc_status *status)
{
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        return nrpc_status_set(status, NRPC_INTERNAL, "STORE_RANDOM",
                               "the system has no random bytes for the store's id: %s",
                               strerrordesc_np(errno));
    char sql[96];
    snprintf(sql, sizeof sql, "INSERT INTO meta (key, value) VALUES ('store_id', '%016llx')",
             (unsigned long long)random);
    return sqlite_exec(conn, sql, status);
}

static nrpc_code read_id(sqlite_conn *conn, char id[17], nrpc_status *status)
{
    CLEANUP(sqlite_finalize) sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(conn->db, "SELECT value FROM meta WHERE key = 'store_id'", -1,
                                &stmt, NULL);
    if (!rc)
        rc = sqlite3_step(stmt);
    const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    if (!text || strlen(text) != 16)
        return sqlite_fail(conn->db, conn->context,
                           rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, status);
    memcpy(id, text, 17);
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
        code = write_new_id(conn, status);
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

nrpc_code sqlite_migrate(sqlite_conn *conn, char id[17], int64_t *revision, nrpc_status *status)
{
    int64_t version = 0;
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
        code = read_id(conn, id, status);
    if (!code)
        code = sqlite_read_revision(conn, revision, status);
    return code;
}
