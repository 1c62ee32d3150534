#include "store/sqlite.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum { SAVEPOINT_SPILL = 1 << 20 };

// Counting every allocation takes a lock all readers would share. What savepoints must be able to
// undo need not go through a temporary file, which it does from 64 KiB on; but SQLite allocates as
// much as may stay in memory at once, for every statement that it may have to undo. Refused,
// harmlessly, if somebody used SQLite before us.
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, SAVEPOINT_SPILL);
}

// The next start then finds everything in the one file, and nothing to recover.
static void checkpoint(sqlite_store *s)
{
    static const store_context unhurried = {.deadline_ns = CLOCK_NEVER};
    sqlite_conn *conn;
    if (sqlite_pool_take(&s->writer, &unhurried, &conn, NULL))
        return;
    int rc = sqlite3_wal_checkpoint_v2(conn->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (rc)
        log_warn("the store closes without a checkpoint; the next start makes up for it",
                 "sqlite_error=%d", rc);
    sqlite_pool_give(&s->writer, conn);
}

static void sqlite_store_close(store *base)
{
    sqlite_store *s = (sqlite_store *)base;
    sqlite_pool_fini(&s->readers);
    if (s->writer.open)
        checkpoint(s);
    sqlite_pool_fini(&s->writer);
    sqlite_queue_fini(&s->queue);
    sqlite_file_release(s->lock_fd);
    free(s->path);
    free(s);
}

static const store_ops ops = {
    .scheme = "sqlite",
    .close = sqlite_store_close,
    .snapshot_open = sqlite_snapshot_open,
    .snapshot_close = sqlite_snapshot_close,
    .get = sqlite_store_get,
    .get_many = sqlite_store_get_many,
    .list = sqlite_store_list,
    .count = sqlite_store_count,
    .search = sqlite_store_search,
    .timeline = sqlite_store_timeline,
    .changes = sqlite_store_changes,
    .history = sqlite_store_history,
    .expired = sqlite_store_expired,
    .compact = sqlite_store_compact,
    .reindex = sqlite_store_reindex,
    .write = sqlite_store_write,
    .tx_get = sqlite_tx_get,
    .tx_alive = sqlite_tx_alive,
    .tx_children = sqlite_tx_children,
    .tx_put = sqlite_tx_put,
    .tx_recall = sqlite_tx_recall,
    .tx_remember = sqlite_tx_remember,
};

nrpc_code sqlite_store_open(const char *path, store **out, nrpc_status *status)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static const store_context unhurried = {.deadline_ns = CLOCK_NEVER};

    if (!*path || strcmp(path, ":memory:") == 0)
        return nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "STORE_URL",
                               "a store needs a file: sqlite:PATH");
    pthread_once(&once, configure);
    sqlite_store *s = calloc(1, sizeof *s);
    if (!s)
        return sqlite_fail(NULL, NULL, SQLITE_NOMEM, status);
    s->base.ops = &ops;
    nrpc_code code = sqlite_file_claim(path, &s->path, &s->lock_fd, status);
    sqlite_pool_init(&s->readers, s->path, false, SQLITE_READERS);
    sqlite_pool_init(&s->writer, s->path, true, 1);
    sqlite_queue_init(&s->queue);
    sqlite_conn *conn;
    if (!code && !(code = sqlite_pool_take(&s->writer, &unhurried, &conn, status))) {
        code = sqlite_migrate(conn, &s->base, status);
        sqlite_pool_give(&s->writer, conn);
    }
    if (code) {
        nrpc_status_add(status, "path", "%s", s->path ? s->path : path);
        sqlite_store_close(&s->base);
        return code;
    }
    *out = &s->base;
    return NRPC_OK;
}
