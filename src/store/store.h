// Where resources are kept: a table of functions, and thin wrappers over it.
//
// A store keeps resources as packed protobuf bytes under their names and knows nothing of what the
// bytes mean. It owns: the rows, the change log, the revision counter, the store's id, and the
// visibility of all of them. It leaves to the registry: names, validation, filters, views, etags.
//
// A resource is a record {type, name, parent, uid, body, extra, revision, times}. `body` is the
// packed BASIC view; body followed by `extra` is the packed FULL view (protobuf messages may be
// concatenated). Neither holds revision, etag or times: those are columns, and the registry appends
// them on the way out.
//
// Revisions. Every committed transaction that changes something gets the next revision, starting
// at 1; its changes are numbered from 0 by `index`. Each change is logged in the same transaction
// with the record as it became (or none, for a purge), who made it and when. A revision is visible
// to readers as a whole or not at all, and never before it is durable.
//
// Threads: every function may be called from any thread. Reads never wait for a write. Calls may
// block on disk or network: never call from a thread that must not. Writes run one at a time, in
// the order they came; those that wait together are run by one of the waiting threads, so what a
// write does must not ask which thread it is on. A callback of a read holds a read connection of
// few: it must neither call the store nor wait. Errors: a status (nrpc/status.h, may be NULL) with
// reason STORE_*; DEADLINE_EXCEEDED and CANCELLED when the context says so, also while waiting for
// a turn or in the middle of a query. What the engine says about a failure stands in the status's
// metadata `detail` alone.
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "base/macros.h"

#include <nrpc/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct store store;
typedef struct store_tx store_tx;
typedef struct store_snapshot store_snapshot;

// Bytes somebody else owns.
typedef struct store_bytes {
    const void *data;
    size_t size;
} store_bytes;

// Under what circumstances a call is made. Everything is borrowed for the call.
typedef struct store_context {
    const atomic_bool *cancelled; // polled during long queries; may be NULL
    int64_t deadline_ns;          // clock_now_ns(); CLOCK_NEVER for none
    int64_t min_revision;     // answer from this revision or a later one; 0: any. Not reached in
                              // time: UNAVAILABLE, reason REVISION_NOT_REACHED
    const char *actor;        // who writes, for the change log; "" if unknown
    const char *request_id;   // of a write; "" if none
    store_snapshot *snapshot; // reads see this one; NULL: each the newest
} store_context;

// A date at which something is said of a resource, for timelines.
typedef struct store_moment {
    int32_t first;    // yyyymmdd of the earliest day it can mean
    int32_t last;     // of the latest
    int precision;    // 0 year, 1 month, 2 day: at the same first day, the coarser comes first
    int kind;         // ftz.v1.TimelineKind
    const char *path; // of the field it stands in
} store_moment;

enum { STORE_SEARCH_COLUMNS = 5 };

// What queries look at instead of the bytes: made by the registry whenever a record is written
// (registry/index/index.h), kept by the store beside it. The search tokens and moments of a deleted
// record are not found.
typedef struct store_index {
    store_bytes document; // JSON: the values that conditions compare, see registry/index/document.h
    // Tokens for store_search, joined by blanks. A token has no blank and no ASCII character but
    // letters and digits.
    store_bytes search[STORE_SEARCH_COLUMNS];
    const char *const *listings; // parents that list it besides its own
    size_t listing_count;
    const char *const *scopes; // what its moments are found below; "" (all) is not among them
    size_t scope_count;
    const store_moment *moments;
    size_t moment_count;
} store_index;

// A row. Strings and bytes handed to a callback are borrowed until it returns.
typedef struct store_record {
    int64_t id;         // of the row, ascending in the order of creation; set by the store
    const char *type;   // "Zone": the resource type's singular name
    const char *name;   // "zones/cn-xinjiang/areas/khorgos", unique in the store
    const char *parent; // "zones/cn-xinjiang"; "" for a top-level resource
    const char *uid;    // UUIDv4; changes on re-creation
    store_bytes body;
    store_bytes extra;
    int64_t revision;       // of the last change
    int64_t create_time_us; // since the epoch
    int64_t update_time_us;
    int64_t delete_time_us;   // 0: not deleted
    int64_t purge_time_us;    // 0: not deleted
    const store_index *index; // of a record to be written; NULL: an empty one, and in callbacks
    const struct store_value *keys; // in the rows of a list: the values of its orders
} store_record;

typedef enum store_value_kind {
    STORE_NULL,
    STORE_INTEGER,
    STORE_REAL,
    STORE_TEXT
} store_value_kind;

typedef struct store_value {
    store_value_kind kind;
    int64_t integer;
    double real;
    const char *text;
} store_value;

// --- conditions ----------------------------------------------------------------------------------
//
// A condition is a tree over the columns and the document of a row. The registry's filter compiler
// makes it (registry/filter/filter.h); each store renders it as SQL of its own dialect, every value
// a bound parameter. Names of columns and steps come from the schema, never from outside.
//
// Two-valued: a comparison with what is not there is false, and so is its opposite operator; NOT of
// it is true. A value is of the kind that its operand has. delete_time_us and purge_time_us are not
// there while they are 0.

// Where a value stands.
typedef enum store_source {
    STORE_COLUMN,   // column of the row: "name", "uid", "revision", "create_time_us" ...
    STORE_DOCUMENT, // in the document, from its root
    STORE_ELEMENT,  // in the element of the innermost STORE_ANY around, from its root
} store_source;

typedef struct store_operand {
    store_source source;
    const char *const *steps; // names of members, outermost first; of a column its name alone. No
                              // steps: the element itself
    size_t step_count;
} store_operand;

typedef enum store_operator {
    STORE_AND,       // children; true if there are none
    STORE_OR,        // children; false if there are none
    STORE_NOT,       // one child
    STORE_EQ,        // operand, value
    STORE_NE,        //
    STORE_LT,        //
    STORE_LE,        //
    STORE_GT,        //
    STORE_GE,        //
    STORE_LIKE,      // operand, value: text in which `*` stands for any run and `\\` before a
                     // character for that character
    STORE_PRESENT,   // operand: it is there
    STORE_ANY,       // operand, a list; one child: true of at least one element
    STORE_HAS_TOKEN, // value: a token of the record's search columns whose bits are in `columns`
} store_operator;

typedef struct store_condition {
    store_operator operator;
    const struct store_condition *const *children;
    size_t child_count;
    store_operand operand;
    store_value value;
    unsigned columns;
} store_condition;

typedef struct store_order {
    store_operand operand; // not of STORE_ELEMENT
    bool descending;
} store_order;

enum { STORE_MAX_ORDERS = 8 };

// Which rows a list reads: by the orders, one after another, what has no value last in each; then
// by name, bytewise.
typedef struct store_query {
    const char *type;              // required
    const char *parent;            // NULL: any parent; else listed below this one
    const char *after;             // only rows behind the one of this name ...
    const store_value *after_keys; // ... which had these values of the orders. NULL: no orders
    bool show_deleted;
    bool with_extra;                  // read `extra` too; otherwise it comes empty
    const store_condition *condition; // NULL: none
    const store_order *orders;
    size_t order_count;
} store_query;

// Called for each row. Return false to stop; that is not an error.
typedef bool (*store_row_fn)(void *context, const store_record *record);

// Which records a search finds: undeleted ones in which all of each `must` clause's tokens stand,
// each in any of the clause's columns, and not all of the `must_not` clause's. At least one token
// must.
typedef struct store_clause {
    unsigned columns; // bit n: column n
    const char *const *tokens;
    size_t token_count;
} store_clause;

typedef struct store_search_query {
    const store_clause *must;
    size_t must_count;
    const store_clause *must_not; // NULL: none
    int64_t after_id;             // only rows with a larger id
    bool with_extra;
} store_search_query;

// Moments of a timeline, in the order of (first, precision, kind, name, path), or backwards.
typedef struct store_timeline_query {
    const char *scope; // "": all
    int32_t from, to;  // only moments that touch these days, yyyymmdd; 0: open
    const int *kinds;  // only these
    size_t kind_count; // 0: any
    bool descending;
    const store_moment *after; // only moments behind this one of ...
    const char *after_name;    // ... this record. NULL: from the start
} store_timeline_query;

typedef bool (*store_moment_fn)(void *context, const store_moment *moment,
                                const store_record *record);

typedef enum store_operation {
    STORE_CREATED = 1,
    STORE_UPDATED = 2,
    STORE_DELETED = 3,
    STORE_UNDELETED = 4,
    STORE_PURGED = 5,
} store_operation;

typedef struct store_change {
    int64_t revision;
    int index;
    store_operation operation;
    const store_record *record; // as it became; of a purge only type, name and parent
    int64_t time_us;
    const char *actor;
    const char *request_id;
} store_change;

typedef bool (*store_change_fn)(void *context, const store_change *change);

// Which changes are read.
typedef struct store_changes_query {
    int64_t after_revision;  // behind (after_revision, after_index); negative: behind nothing, from
                             // the oldest change kept
    int after_index;         // -1: from the first change behind the revision before
    const char *name_prefix; // "": any name
    unsigned types;          // bit n: the n-th of type_names; 0: any
    const char *const *type_names;
    size_t limit; // changes looked at, matching or not; 0: no limit
} store_changes_query;

// What a write answered, so that its repetition is answered the same.
typedef struct store_request {
    uint64_t fingerprint; // of what was asked
    int64_t revision;     // of the answer
    int64_t time_us;      // when
    store_bytes answer;   // the registry's own
} store_request;

// How much of the change log is kept. A change goes when it is older than both bounds allow; of
// each resource the newest change before the horizon stays, so that it can be read at any later
// revision.
typedef struct store_retention {
    int64_t newer_than_us; // wall time; changes made since then stay
    int64_t newest;        // as many changes stay, however old
} store_retention;

typedef void (*store_request_fn)(void *context, const store_request *request);

// What a write does, inside its transaction, while its caller waits in store_write; not always on
// the caller's thread. It sees what writes before it did, though that may not be committed yet. It
// may be run again from the start when the store must retry, so it must have no effect outside tx
// but on *context it can redo. Any non-zero code undoes what it did and becomes the result of
// store_write.
typedef nrpc_code (*store_write_fn)(store_tx *tx, void *context, nrpc_status *status);

// Makes the index of a stored record anew. Borrowed until the next call.
typedef const store_index *(*store_index_fn)(void *context, const store_record *record);

// Callbacks marked `must` are never NULL; `may` can be.
typedef struct store_ops {
    const char *scheme;      // must: "sqlite"
    void (*close)(store *s); // must
    nrpc_code (*snapshot_open)(store *s, const store_context *c, store_snapshot **out,
                               int64_t *revision, nrpc_status *status); // must
    void (*snapshot_close)(store_snapshot *snapshot);                   // must
    nrpc_code (*get)(store *s, const store_context *c, const char *name, int64_t at_revision,
                     bool with_extra, store_row_fn row, void *context,
                     nrpc_status *status); // must
    nrpc_code (*get_many)(store *s, const store_context *c, const char *const *names, size_t count,
                          bool with_extra, store_row_fn row, void *context, int64_t *revision,
                          nrpc_status *status); // must
    nrpc_code (*list)(store *s, const store_context *c, const store_query *q, store_row_fn row,
                      void *context, int64_t *revision, nrpc_status *status); // must
    nrpc_code (*count)(store *s, const store_context *c, const store_query *q, int64_t *count,
                       int64_t *revision, nrpc_status *status); // must
    nrpc_code (*search)(store *s, const store_context *c, const store_search_query *q,
                        store_row_fn row, void *context, int64_t *revision,
                        nrpc_status *status); // must
    nrpc_code (*timeline)(store *s, const store_context *c, const store_timeline_query *q,
                          store_moment_fn moment, void *context, int64_t *revision,
                          nrpc_status *status); // must
    nrpc_code (*changes)(store *s, const store_context *c, const store_changes_query *q,
                         store_change_fn change, void *context, int64_t *looked_at_revision,
                         int *looked_at_index, nrpc_status *status); // must
    nrpc_code (*history)(store *s, const store_context *c, const char *name,
                         int64_t before_revision, int before_index, store_change_fn change,
                         void *context, nrpc_status *status); // must
    nrpc_code (*expired)(store *s, const store_context *c, int64_t now_us, size_t limit,
                         store_row_fn row, void *context, nrpc_status *status); // must
    nrpc_code (*compact)(store *s, const store_context *c, const store_retention *keep,
                         size_t limit, bool *more, nrpc_status *status); // must
    nrpc_code (*reindex)(store *s, const store_context *c, int version, store_index_fn index,
                         void *context, nrpc_status *status); // must
    nrpc_code (*write)(store *s, const store_context *c, store_write_fn fn, void *context,
                       int64_t *revision, nrpc_status *status); // must
    nrpc_code (*tx_get)(store_tx *tx, const char *name, store_row_fn row, void *context,
                        nrpc_status *status);                                                // must
    nrpc_code (*tx_alive)(store_tx *tx, const char *name, bool *alive, nrpc_status *status); // must
    nrpc_code (*tx_children)(store_tx *tx, const char *name, store_row_fn row, void *context,
                             nrpc_status *status); // must
    nrpc_code (*tx_put)(store_tx *tx, store_operation operation, const store_record *record,
                        nrpc_status *status); // must
    nrpc_code (*tx_recall)(store_tx *tx, const char *request_id, store_request_fn request,
                           void *context, bool *found, nrpc_status *status); // must
    nrpc_code (*tx_remember)(store_tx *tx, const char *request_id, const store_request *request,
                             nrpc_status *status); // must
} store_ops;

// The common head of every implementation's own structure.
struct store {
    const store_ops *ops;
    char id[17];                   // 16 hex digits; constant while open, renewed by a restore
    char secret[16];               // random, never leaves the store: page tokens are keyed by it
    atomic_int_least64_t revision; // newest one visible to readers
    atomic_int_least64_t horizon;  // changes of later revisions are all kept; 0: all are
    // Told after each commit and before it is acknowledged or `revision` moves; see cache.h of the
    // registry. Set once, before the first write.
    struct store_observer *observer;
};

struct store_tx {
    store *store;
    const store_context *context;
    int64_t revision; // the one this transaction will get
    int64_t time_us;  // the one time of all its changes
    bool may_undo;    // fn sets it before its first change, if it may well fail behind one: its
                      // undoing then costs no other write that shares the commit
};

// Learns which names a commit touches, of one write or of several: `begin` before it, `end` after,
// whether it came through or not. All on one thread, the same for all three. Between begin and end
// nobody may remember what they read of these names.
typedef struct store_observer {
    void (*begin)(struct store_observer *self, const char *const *names, size_t count);
    void (*end)(struct store_observer *self, const char *const *names, size_t count,
                bool committed);
    // After `end` of a commit, when `revision` has moved and before the writers are answered: the
    // changes are visible now. May be NULL. Must not block.
    void (*moved)(struct store_observer *self, const char *const *names, size_t count,
                  int64_t revision);
} store_observer;

// url: "sqlite:PATH", "sqlite::memory:" is refused (readers need a file). Creates what is missing,
// applies migrations. FAILED_PRECONDITION if the file is not ours (reason STORE_FOREIGN_FILE), is
// from a newer version (STORE_NEWER_VERSION), is open in another server (STORE_IN_USE) or cannot be
// opened (STORE_CANNOT_OPEN); DATA_LOSS, STORE_CORRUPT, if it is damaged.
MUST_USE nrpc_code store_open(const char *url, store **out, nrpc_status *status);
// No call may be under way. NULL is allowed.
void store_close(store *s);

// One state of the store for several reads: put it into their context. It holds a read connection
// of few, and keeps old states from being cleared away: close it soon. One thread at a time.
MUST_USE nrpc_code store_snapshot_open(store *s, const store_context *c, store_snapshot **out,
                                       int64_t *revision, nrpc_status *status);
// NULL is allowed.
void store_snapshot_close(store *s, store_snapshot *snapshot);

// The record of this name, deleted ones too. at_revision 0: as it is now; else as it was at that
// revision, which is also a min_revision. NOT_FOUND, reason RESOURCE_NOT_FOUND; OUT_OF_RANGE,
// reason REVISION_NOT_KEPT, for a revision before the horizon.
MUST_USE nrpc_code store_get(store *s, const store_context *c, const char *name,
                             int64_t at_revision, bool with_extra, store_row_fn row, void *context,
                             nrpc_status *status);
// Records of these names from one snapshot, in the order asked; `row` is called with NULL for a
// name that does not exist. *revision: the snapshot's.
MUST_USE nrpc_code store_get_many(store *s, const store_context *c, const char *const *names,
                                  size_t count, bool with_extra, store_row_fn row, void *context,
                                  int64_t *revision, nrpc_status *status);
// Rows of q until they end or `row` returns false, from one snapshot whose revision is *revision.
MUST_USE nrpc_code store_list(store *s, const store_context *c, const store_query *q,
                              store_row_fn row, void *context, int64_t *revision,
                              nrpc_status *status);
// How many rows q has; `after` is ignored.
MUST_USE nrpc_code store_count(store *s, const store_context *c, const store_query *q,
                               int64_t *count, int64_t *revision, nrpc_status *status);
// Rows of q, ascending by id, until they end or `row` returns false.
MUST_USE nrpc_code store_search(store *s, const store_context *c, const store_search_query *q,
                                store_row_fn row, void *context, int64_t *revision,
                                nrpc_status *status);
// Moments of q with their records (and `extra`), until they end or `moment` returns false.
MUST_USE nrpc_code store_timeline(store *s, const store_context *c, const store_timeline_query *q,
                                  store_moment_fn moment, void *context, int64_t *revision,
                                  nrpc_status *status);
// Changes of q, ascending, until `change` returns false or q->limit were looked at. The place of
// the last one looked at, matching or not, is in *looked_at_*: the one to go on behind; if nothing
// was left, the newest revision as a whole (index -1 of the next one). OUT_OF_RANGE, reason
// RESYNC_REQUIRED, if changes behind q->after_revision are no longer kept or it has not come yet.
MUST_USE nrpc_code store_changes(store *s, const store_context *c, const store_changes_query *q,
                                 store_change_fn change, void *context, int64_t *looked_at_revision,
                                 int *looked_at_index, nrpc_status *status);
// Changes of one name, newest first, before (before_revision, before_index), until `change` returns
// false. INT64_MAX, 0: from the newest. The last is that which made what was at the horizon, if it
// was there; those before are left out.
MUST_USE nrpc_code store_history(store *s, const store_context *c, const char *name,
                                 int64_t before_revision, int before_index, store_change_fn change,
                                 void *context, nrpc_status *status);
// Deleted records whose purge time is not after now_us, up to limit. Only names and types are sure
// to be set.
MUST_USE nrpc_code store_expired(store *s, const store_context *c, int64_t now_us, size_t limit,
                                 store_row_fn row, void *context, nrpc_status *status);
// Drops changes that need not be kept, and requests remembered for longer than
// STORE_REQUEST_KEPT_S, up to about limit rows in one short transaction; moves the horizon. *more:
// there are some left.
MUST_USE nrpc_code store_compact(store *s, const store_context *c, const store_retention *keep,
                                 size_t limit, bool *more, nrpc_status *status);
// Renews the index of every record, unless it was made by this version of the index already. In
// several transactions; no revision. To be called before anything else is asked.
MUST_USE nrpc_code store_reindex(store *s, const store_context *c, int version,
                                 store_index_fn index, void *context, nrpc_status *status);
// Runs fn in one transaction. On NRPC_OK the changes are durable and visible to every later read,
// and the status is cleared of what lookups inside fn left there. *revision: the one it got, or
// the newest before it if fn changed nothing. Nothing is committed for a caller who has gone.
// Writes that wait for their turn together share one commit; each has its own revision, and a fault
// of one undoes that one alone. If the commit fails, all that depended on it fail alike, those too
// that changed nothing but came behind a change.
MUST_USE nrpc_code store_write(store *s, const store_context *c, store_write_fn fn, void *context,
                               int64_t *revision, nrpc_status *status);

enum { STORE_REQUEST_KEPT_S = 24 * 60 * 60 };

// Inside a store_write_fn. tx_get sees the transaction's own changes; NOT_FOUND as store_get.
MUST_USE nrpc_code store_tx_get(store_tx *tx, const char *name, store_row_fn row, void *context,
                                nrpc_status *status);
// Whether there is an undeleted record of this name. Far cheaper than to get it.
MUST_USE nrpc_code store_tx_alive(store_tx *tx, const char *name, bool *alive, nrpc_status *status);
// Undeleted records whose parent this name is, by type and name, with `extra`.
MUST_USE nrpc_code store_tx_children(store_tx *tx, const char *name, store_row_fn row,
                                     void *context, nrpc_status *status);
// Writes the record and logs the change. The revision is the transaction's. Times that are 0 are
// set by the store: update_time always, create_time on STORE_CREATED (else it stays as it was),
// delete_time on STORE_DELETED. STORE_PURGED removes the row. ALREADY_EXISTS, reason
// RESOURCE_EXISTS, when a name is created twice, though deleted; NOT_FOUND when one that does not
// exist is changed; after these fn may go on. A name keeps its type and parent until it is purged.
MUST_USE nrpc_code store_tx_put(store_tx *tx, store_operation operation, const store_record *record,
                                nrpc_status *status);
// What was remembered of this request, if it is still kept. request_id must not be "".
MUST_USE nrpc_code store_tx_recall(store_tx *tx, const char *request_id, store_request_fn request,
                                   void *context, bool *found, nrpc_status *status);
// Remembers it, in the place of what was; time_us and, if 0, revision are set by the store: that of
// the transaction, or the newest one if it has changed nothing so far.
MUST_USE nrpc_code store_tx_remember(store_tx *tx, const char *request_id,
                                     const store_request *request, nrpc_status *status);

#endif
