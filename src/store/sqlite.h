// The SQLite store's own parts, shared by sqlite*.c and nobody else.
//
// One file in WAL mode. One connection writes, with synchronous=FULL; up to SQLITE_READERS others
// read, each call in one snapshot. A connection belongs to one thread from sqlite_pool_take to
// sqlite_pool_give. A lock file beside the database keeps a second server out.
//
// sqlite.c          the store_ops table, opening and closing
// sqlite_file.c     directory, lock file, whose file it is
// sqlite_migrate.c  bringing the schema up to date
// sqlite_conn.c     a connection: settings, statements, deadlines, what SQLite's errors mean
// sqlite_pool.c     who may use a connection
// sqlite_sql.c      SQL that never changes, and binding of values
// sqlite_read.c     reads by name; snapshots
// sqlite_condition.c  conditions as SQL
// sqlite_plan.c     how lists with conditions or orders are read
// sqlite_list.c     lists and counts
// sqlite_search.c   searches, and tokens as queries of FTS5
// sqlite_timeline.c timelines
// sqlite_log.c      the change log: reading it, and keeping it short
// sqlite_tx.c       what a write may do inside its transaction
// sqlite_index.c    listings, moments, search tokens
// sqlite_write.c    writers that share commits
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "base/buffer.h"
#include "store/store.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/queue.h>

enum {
    SQLITE_READERS = 8,
    SQLITE_APPLICATION_ID = 0x46545a31, // "FTZ1", at offset 68 of the file
    SQLITE_INDEX_BITS = 24,             // change.id is (revision << SQLITE_INDEX_BITS) + index
    SQLITE_RECENT = 16,                 // statements a connection remembers besides its own
    SQLITE_FEW_ROWS = 4096,             // so many are sorted rather than looked for among all
    SQLITE_MANY_ROWS = 65536,           // more are not read first to look for a page of them
};
#define SQLITE_MAX_INDEX    ((INT64_C(1) << SQLITE_INDEX_BITS) - 1)
#define SQLITE_MAX_REVISION (INT64_MAX >> SQLITE_INDEX_BITS)

// Statements without a condition; each connection prepares one when first needed and keeps it.
typedef enum sqlite_statement {
    STATEMENT_BEGIN,
    STATEMENT_BEGIN_WRITE,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_SAVEPOINT,
    STATEMENT_ROLLBACK_TO,
    STATEMENT_RELEASE,
    STATEMENT_META,
    STATEMENT_SET_META,
    STATEMENT_SET_REVISION,
    STATEMENT_GET, // + 1: with extra
    STATEMENT_GET_EXTRA,
    STATEMENT_ROW, // + 1: with extra
    STATEMENT_ROW_EXTRA,
    STATEMENT_GET_AT, // + 1: with extra
    STATEMENT_GET_AT_EXTRA,
    STATEMENT_SEARCH,
    STATEMENT_CHANGES,
    STATEMENT_CHANGE_AFTER,
    STATEMENT_CHANGES_OF,
    STATEMENT_EXPIRED,
    STATEMENT_FORGET,
    STATEMENT_NEXT_CHANGE,
    STATEMENT_LAST_CHANGE,
    STATEMENT_DROP_CHANGES,
    STATEMENT_ALIVE,
    STATEMENT_FIND,
    STATEMENT_CHILDREN,
    STATEMENT_INSERT,
    STATEMENT_UPDATE,
    STATEMENT_UPDATE_INDEXED,
    STATEMENT_DELETE,
    STATEMENT_NEXT,
    STATEMENT_LISTING_PUT,
    STATEMENT_LISTING_FACTS,
    STATEMENT_LISTING_REMOVE,
    STATEMENT_MOMENT_PUT,
    STATEMENT_MOMENT_REMOVE,
    STATEMENT_SEARCH_GET,
    STATEMENT_SEARCH_ADD,
    STATEMENT_SEARCH_REPLACE,
    STATEMENT_SEARCH_REMOVE,
    STATEMENT_RECALL,
    STATEMENT_REMEMBER,
    STATEMENT_LOG,
    STATEMENT_LIST,                        // + sqlite_query_shape
    STATEMENT_COUNT = STATEMENT_LIST + 16, // + sqlite_query_shape
    STATEMENTS = STATEMENT_COUNT + 16,
} sqlite_statement;

typedef struct sqlite_conn {
    sqlite3 *db;
    const store_context *context; // of the call under way; NULL: nothing may interrupt
    struct sqlite_conn *next;     // in the pool's list of idle ones
    sqlite3_stmt *statements[STATEMENTS];
    sqlite3_stmt *recent[SQLITE_RECENT]; // the last used first
} sqlite_conn;

typedef struct sqlite_waiter sqlite_waiter;

typedef struct sqlite_pool {
    const char *path; // borrowed
    bool writer;
    int limit;
    pthread_mutex_t lock; // guards what follows
    int open;             // connections that exist or are promised
    sqlite_conn *idle;
    TAILQ_HEAD(sqlite_waiters, sqlite_waiter) waiters; // first come, first served
} sqlite_pool;

typedef struct sqlite_writer sqlite_writer;
TAILQ_HEAD(sqlite_writers, sqlite_writer);

// Those who want to write, in the order they came.
typedef struct sqlite_queue {
    pthread_mutex_t lock; // guards what follows
    bool leading;         // somebody has the writing connection
    struct sqlite_writers waiting;
} sqlite_queue;

typedef struct sqlite_store {
    store base;
    char *path; // absolute, without symbolic links
    int lock_fd;
    sqlite_pool readers;
    sqlite_pool writer; // of one, taken by who leads
    sqlite_queue queue;
} sqlite_store;

// What one commit makes durable.
typedef struct sqlite_group {
    sqlite_conn *conn;
    store_observer *observer;
    int64_t revision; // the newest, the group's own among them
    int64_t changes;  // logged by the group
    bool dirty;       // there is something to commit
    buffer names;     // those changed, each with its NUL; only for an observer
    size_t name_count;
    buffer search;         // what is yet to be written to the search index: sqlite_index.c
    size_t search_applied; // so much of it was written by the transaction under way, see there
} sqlite_group;

// What one store_write_fn has done so far.
typedef struct sqlite_tx {
    store_tx base;
    sqlite_conn *conn;
    sqlite_group *group;
    int64_t index;  // of the next change
    bool dirty;     // it changed something, if only what it remembers
    bool savepoint; // ... behind others who did: this is where it began
    int broken;     // the SQLite error after which it must not be committed
    size_t search_start;
} sqlite_tx;

// sqlite.c
MUST_USE nrpc_code sqlite_store_open(const char *path, store **out, nrpc_status *status);

// sqlite_file.c
// Makes missing directories and the file, takes the lock and looks whose file it is. *path and
// *lock_fd become the caller's, on failure too (NULL and -1 if there is none).
MUST_USE nrpc_code sqlite_file_claim(const char *given, char **path, int *lock_fd,
                                     nrpc_status *status);
void sqlite_file_release(int lock_fd);

// sqlite_migrate.c
extern const char *const sqlite_migrations[]; // generated from migrations/*.sql
extern const int sqlite_migration_count;      // the newest schema version this program knows
// Brings the schema up to date, turns WAL on and reads what the file says about itself.
MUST_USE nrpc_code sqlite_migrate(sqlite_conn *conn, store *s, nrpc_status *status);

// sqlite_conn.c
MUST_USE nrpc_code sqlite_conn_open(const char *path, bool writer, sqlite_conn **out,
                                    nrpc_status *status);
void sqlite_conn_close(sqlite_conn *conn);
// What an SQLite result code means to a caller; db may be NULL. Returns the status's code.
nrpc_code sqlite_fail(sqlite3 *db, const store_context *c, int rc, nrpc_status *status);
// Runs SQL without parameters.
MUST_USE nrpc_code sqlite_exec(sqlite_conn *conn, const char *sql, nrpc_status *status);
// The connection's own prepared statement, reset. Borrowed from the connection.
MUST_USE nrpc_code sqlite_prepare(sqlite_conn *conn, int statement, sqlite3_stmt **stmt,
                                  nrpc_status *status);
// The prepared statement of this text, reset; remembered if it is among those used last. Borrowed
// until the next call.
MUST_USE nrpc_code sqlite_prepare_text(sqlite_conn *conn, const char *sql, sqlite3_stmt **stmt,
                                       nrpc_status *status);
// Runs a statement without parameters or rows.
MUST_USE nrpc_code sqlite_run(sqlite_conn *conn, int statement, nrpc_status *status);
// A number of the file about itself, as it is in the snapshot of the transaction under way.
MUST_USE nrpc_code sqlite_read_meta(sqlite_conn *conn, const char *key, int64_t *value,
                                    nrpc_status *status);
MUST_USE nrpc_code sqlite_write_meta(sqlite_conn *conn, const char *key, int64_t value,
                                     nrpc_status *status);
MUST_USE nrpc_code sqlite_read_revision(sqlite_conn *conn, int64_t *revision, nrpc_status *status);
// As sqlite3_reset and sqlite3_finalize, for CLEANUP.
void sqlite_reset(sqlite3_stmt **stmt);
void sqlite_finalize(sqlite3_stmt **stmt);

// sqlite_pool.c
void sqlite_pool_init(sqlite_pool *pool, const char *path, bool writer, int limit);
// Closes the connections; all must have been given back.
void sqlite_pool_fini(sqlite_pool *pool);
// A connection working for c. Waits for one no longer than c allows.
MUST_USE nrpc_code sqlite_pool_take(sqlite_pool *pool, const store_context *c, sqlite_conn **conn,
                                    nrpc_status *status);
// Gives it back; a transaction still open is rolled back.
void sqlite_pool_give(sqlite_pool *pool, sqlite_conn *conn);

// sqlite_sql.c
// Rows start with these columns, in this order.
typedef enum sqlite_column {
    COLUMN_TYPE,
    COLUMN_NAME,
    COLUMN_PARENT,
    COLUMN_UID,
    COLUMN_REVISION,
    COLUMN_CREATE_TIME,
    COLUMN_UPDATE_TIME,
    COLUMN_DELETE_TIME,
    COLUMN_PURGE_TIME,
    COLUMN_BODY,
    COLUMN_EXTRA,
    COLUMN_RESOURCE_ID, // 0 in the change log
    // Of the change log only:
    COLUMN_OPERATION,
    COLUMN_ID,
    COLUMN_TIME,
    COLUMN_ACTOR,
    COLUMN_REQUEST_ID,
} sqlite_column;

// Of a statement below STATEMENT_LIST.
const char *sqlite_sql(int statement);
// Which of the 16 shapes a query without condition has.
int sqlite_query_shape(const store_query *q);
// The SQL of such a list or its count. Parameters in order: type, parent if any, after (of a list).
// False when memory has run out.
bool sqlite_query_sql(buffer *sql, const store_query *q, bool count);

// Binding parameters 1, 2, ... What is bound is borrowed until the statement is bound anew; rc is
// the first failure.
typedef struct sqlite_binder {
    sqlite3_stmt *stmt;
    int index;
    int rc;
} sqlite_binder;
void sqlite_bind_text(sqlite_binder *b, const char *text); // NULL is ""
void sqlite_bind_int(sqlite_binder *b, int64_t value);
void sqlite_bind_bytes(sqlite_binder *b, store_bytes bytes);
void sqlite_bind_chars(sqlite_binder *b, store_bytes text);
void sqlite_bind_value(sqlite_binder *b, const store_value *value);
void sqlite_bind_owned(sqlite_binder *b, char *text); // frees it; NULL: memory has run out

// sqlite_read.c
// The row a statement stands on, borrowed until it moves. False when memory has run out.
MUST_USE bool sqlite_row(sqlite3_stmt *stmt, store_record *record);
// Looks one name up and calls row if it exists.
MUST_USE nrpc_code sqlite_get(sqlite_conn *conn, const char *name, int64_t at_revision,
                              bool with_extra, store_row_fn row, void *context, bool *found,
                              nrpc_status *status);
// Calls row for the row of this id, with these keys. *go_on: what it answered. There must be one.
MUST_USE nrpc_code sqlite_give_row(sqlite_conn *conn, int64_t id, bool with_extra,
                                   const store_value *keys, store_row_fn row, void *context,
                                   bool *go_on, nrpc_status *status);
nrpc_code sqlite_not_found(const char *name, nrpc_status *status);
nrpc_code sqlite_store_get(store *s, const store_context *c, const char *name, int64_t at_revision,
                           bool with_extra, store_row_fn row, void *context, nrpc_status *status);
nrpc_code sqlite_store_get_many(store *s, const store_context *c, const char *const *names,
                                size_t count, bool with_extra, store_row_fn row, void *context,
                                int64_t *revision, nrpc_status *status);
nrpc_code sqlite_snapshot_open(store *s, const store_context *c, store_snapshot **out,
                               int64_t *revision, nrpc_status *status);
void sqlite_snapshot_close(store_snapshot *snapshot);
// A reading connection for c, that of its snapshot if it has one. Neither older than
// c->min_revision nor than `wanted`.
MUST_USE nrpc_code sqlite_read_take(store *s, const store_context *c, int64_t wanted,
                                    sqlite_conn **conn, nrpc_status *status);
// Everything from here up to sqlite_read_give sees the store at *revision.
MUST_USE nrpc_code sqlite_read_begin(sqlite_conn *conn, int64_t *revision, nrpc_status *status);
void sqlite_read_give(store *s, const store_context *c, sqlite_conn *conn);

// sqlite_condition.c
// What is in columns of indices, or can be told from them.
typedef enum sqlite_fact {
    FACT_NONE,
    FACT_NAME,
    FACT_EVENT_TYPE,
    FACT_EVENT_FIRST,
    FACT_EVENT_LAST,
} sqlite_fact;
// The fact that the operand is in rows of this type.
sqlite_fact sqlite_fact_of(const char *type, const store_operand *operand);
const char *sqlite_fact_column(sqlite_fact fact);

// SQL being written.
typedef struct sqlite_text {
    buffer *sql;
    const char *type;  // of the rows
    const char *facts; // the table whose columns the facts are
    int parameters;    // numbers given to parameters so far
    unsigned elements; // how many STORE_ANY are around
    bool reads_rows;   // something but facts was asked of a row
} sqlite_text;
// A condition that is true, or else false or NULL; tokens that it asks for in conjuncts, or itself,
// are left to the plan. Its values are the next parameters. It may be as deep as the compiler of
// filters lets it be, and as wide as memory allows.
void sqlite_condition_sql(sqlite_text *t, const store_condition *condition);
void sqlite_operand_sql(sqlite_text *t, const store_operand *operand);
void sqlite_condition_bind(sqlite_binder *b, const store_condition *condition);

// sqlite_plan.c
typedef enum sqlite_index {
    INDEX_NAME,       // all of the type (and parent), by name
    INDEX_EVENT_TYPE, // by event_type, then name
    INDEX_EVENT_DATE, // by event_first, the latest event_last first, then name
    INDEX_TOKENS,     // those with the tokens, by id
} sqlite_index;

// How rows with all the tokens that are conjuncts of the condition are found.
typedef enum sqlite_tokens {
    TOKENS_NONE,  // there are none
    TOKENS_SET,   // their ids are all read first
    TOKENS_LOOKUP // each row is looked up: where so many have them that few need be
} sqlite_tokens;

typedef struct sqlite_plan {
    const store_query *q;
    bool count;
    size_t orders;      // of q, 0 for a count
    sqlite_index index; // what is read
    bool ordered;       // segment by segment, in order; otherwise all at once, to be sorted
    sqlite_fact lead;   // what is read in a range, and between which of the condition's values
    const store_condition *low, *high; // may be NULL
    const store_condition *is;         // the event_type; may be NULL
    sqlite_tokens tokens;
} sqlite_plan;

typedef struct sqlite_segment {
    size_t depth; // this many orders have the values of the row to go on behind
    enum {
        SEGMENT_NAMES,   // all have; the name is behind
        SEGMENT_BEHIND,  // the next order's value is behind
        SEGMENT_NO_VALUE // the next order has no value
    } kind;
} sqlite_segment;
enum { SQLITE_MAX_SEGMENTS = 2 * STORE_MAX_ORDERS + 1 };

// The plan that has the rows in order, if there is an index of that order.
void sqlite_plan_by_order(const store_query *q, bool count, sqlite_plan *plan);
// Those that pay if they reach few rows: by tokens, by dates. False: the condition asks for none.
bool sqlite_plan_by_tokens(const sqlite_plan *plan, sqlite_plan *out);
bool sqlite_plan_by_date(const sqlite_plan *plan, sqlite_plan *out);
// What an ordered plan reads, one after another. Returns how many.
size_t sqlite_plan_segments(const sqlite_plan *plan, sqlite_segment out[SQLITE_MAX_SEGMENTS]);
// Rows of a segment (NULL: of all), in order: the orders' values, name, id. Of a count, the number.
// False when memory has run out.
bool sqlite_plan_sql(const sqlite_plan *plan, const sqlite_segment *segment, buffer *sql);
// How many rows the plan reaches by its index, up to limit.
bool sqlite_plan_probe_sql(const sqlite_plan *plan, int limit, buffer *sql);
// Binds the parameters of any of these.
void sqlite_plan_bind(const sqlite_plan *plan, sqlite_binder *b);

// sqlite_list.c
nrpc_code sqlite_store_list(store *s, const store_context *c, const store_query *q,
                            store_row_fn row, void *context, int64_t *revision,
                            nrpc_status *status);
nrpc_code sqlite_store_count(store *s, const store_context *c, const store_query *q, int64_t *count,
                             int64_t *revision, nrpc_status *status);

// sqlite_search.c
// The FTS5 query of all tokens that the condition asks for itself or in conjuncts, on the heap;
// NULL: memory has run out.
char *sqlite_match_tokens(const store_condition *condition);
nrpc_code sqlite_store_search(store *s, const store_context *c, const store_search_query *q,
                              store_row_fn row, void *context, int64_t *revision,
                              nrpc_status *status);

// sqlite_timeline.c
// The SQL of one of the ranges that a timeline is. False when memory has run out.
bool sqlite_timeline_sql(buffer *sql, const store_timeline_query *q);
nrpc_code sqlite_store_timeline(store *s, const store_context *c, const store_timeline_query *q,
                                store_moment_fn moment, void *context, int64_t *revision,
                                nrpc_status *status);

// sqlite_log.c
nrpc_code sqlite_store_changes(store *s, const store_context *c, const store_changes_query *q,
                               store_change_fn change, void *context, int64_t *looked_at_revision,
                               int *looked_at_index, nrpc_status *status);
nrpc_code sqlite_store_history(store *s, const store_context *c, const char *name,
                               int64_t before_revision, int before_index, store_change_fn change,
                               void *context, nrpc_status *status);
nrpc_code sqlite_store_expired(store *s, const store_context *c, int64_t now_us, size_t limit,
                               store_row_fn row, void *context, nrpc_status *status);
nrpc_code sqlite_store_compact(store *s, const store_context *c, const store_retention *keep,
                               size_t limit, bool *more, nrpc_status *status);

// sqlite_index.c
// Appends what the row of a record with an index has in `listing` and `moment`.
MUST_USE bool sqlite_places_make(const store_record *record, buffer *out);
// Writes it there for the row of this id, the listing below its parent included; id 0 takes it out.
MUST_USE nrpc_code sqlite_places_write(sqlite_tx *tx, const store_record *record, int64_t id,
                                       store_bytes places, nrpc_status *status);
// Where the row and its places stay, but its facts may differ.
MUST_USE nrpc_code sqlite_places_tell(sqlite_tx *tx, const store_record *record, int64_t id,
                                      store_bytes places, nrpc_status *status);
typedef enum sqlite_search_change_kind {
    SQLITE_SEARCH_ADD,     // there is none of this id
    SQLITE_SEARCH_REPLACE, // there may be
    SQLITE_SEARCH_REMOVE,
} sqlite_search_change_kind;
MUST_USE nrpc_code sqlite_search_change(sqlite_tx *tx, int64_t id, sqlite_search_change_kind change,
                                        const store_index *index, nrpc_status *status);
// Writes what waits in the group, from this byte on.
MUST_USE nrpc_code sqlite_search_apply(sqlite_group *g, size_t from, nrpc_status *status);
nrpc_code sqlite_store_reindex(store *s, const store_context *c, int version, store_index_fn index,
                               void *context, nrpc_status *status);

// sqlite_write.c
void sqlite_queue_init(sqlite_queue *q);
void sqlite_queue_fini(sqlite_queue *q);
nrpc_code sqlite_store_write(store *s, const store_context *c, store_write_fn fn, void *context,
                             int64_t *revision, nrpc_status *status);

// sqlite_tx.c
// Before and after something is changed: refuses a caller who has gone, and lets nothing interrupt
// in between, for SQLite would roll back everybody's changes.
MUST_USE nrpc_code sqlite_tx_change_begin(sqlite_tx *tx, nrpc_status *status);
void sqlite_tx_change_end(sqlite_tx *tx);
// As sqlite_fail and sqlite_prepare, after which nothing of this transaction is committed. One step
// of a statement without rows.
nrpc_code sqlite_tx_broken(sqlite_tx *tx, int rc, nrpc_status *status);
MUST_USE nrpc_code sqlite_tx_prepare(sqlite_tx *tx, int statement, sqlite3_stmt **stmt,
                                     nrpc_status *status);
MUST_USE nrpc_code sqlite_tx_step(sqlite_tx *tx, const sqlite_binder *b, nrpc_status *status);
// Renews the index of a stored record, which has its new one; no change of the log.
MUST_USE nrpc_code sqlite_tx_index(sqlite_tx *tx, const store_record *record, nrpc_status *status);
nrpc_code sqlite_tx_get(store_tx *tx, const char *name, store_row_fn row, void *context,
                        nrpc_status *status);
nrpc_code sqlite_tx_put(store_tx *tx, store_operation operation, const store_record *record,
                        nrpc_status *status);
nrpc_code sqlite_tx_alive(store_tx *tx, const char *name, bool *alive, nrpc_status *status);
nrpc_code sqlite_tx_children(store_tx *tx, const char *name, store_row_fn row, void *context,
                             nrpc_status *status);
nrpc_code sqlite_tx_recall(store_tx *tx, const char *request_id, store_request_fn request,
                           void *context, bool *found, nrpc_status *status);
nrpc_code sqlite_tx_remember(store_tx *tx, const char *request_id, const store_request *request,
                             nrpc_status *status);

#endif
