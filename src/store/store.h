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
// the order they came. A callback of a read holds a read connection of few: it must neither call
// the store nor wait.
// Errors: a status (nrpc/status.h, may be NULL) with reason STORE_*; DEADLINE_EXCEEDED and
// CANCELLED when the context says so, also while waiting for a turn or in the middle of a query.
// What the engine says about a failure stands in the status's metadata `detail` alone.
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

// Bytes somebody else owns.
typedef struct store_bytes {
    const void *data;
    size_t size;
} store_bytes;

// Under what circumstances a call is made. Everything is borrowed for the call.
typedef struct store_context {
    const atomic_bool *cancelled; // polled during long queries; may be NULL
    int64_t deadline_ns;          // clock_now_ns(); CLOCK_NEVER for none
    int64_t min_revision;   // answer from this revision or a later one; 0: any. Not reached in
                            // time: UNAVAILABLE, reason REVISION_NOT_REACHED
    const char *actor;      // who writes, for the change log; "" if unknown
    const char *request_id; // of a write; "" if none
} store_context;

// A row. Strings and bytes handed to a callback are borrowed until it returns.
typedef struct store_record {
    const char *type;   // "Zone": the resource type's singular name
    const char *name;   // "zones/cn-xinjiang/areas/khorgos", unique in the store
    const char *parent; // "zones/cn-xinjiang"; "" for a top-level resource
    const char *uid;    // UUIDv4; changes on re-creation
    store_bytes body;
    store_bytes extra;
    int64_t revision;       // of the last change
    int64_t create_time_us; // since the epoch
    int64_t update_time_us;
    int64_t delete_time_us; // 0: not deleted
    int64_t purge_time_us;  // 0: not deleted
} store_record;

// Which rows a list reads. Order is by name, bytewise.
typedef struct store_query {
    const char *type;   // required
    const char *parent; // NULL: any parent; else exactly this one
    const char *after;  // names greater than this one only; NULL: from the first
    bool show_deleted;
    bool with_extra; // read `extra` too; otherwise it comes empty
    // An SQL condition over the columns of table `resource` (named as the fields of store_record,
    // and `id`), made by the registry's filter compiler; each `?` is one of the values. NULL: none.
    // Never text from outside.
    const char *condition;
    const struct store_value *values;
    size_t value_count;
} store_query;

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

// Called for each row. Return false to stop; that is not an error.
typedef bool (*store_row_fn)(void *context, const store_record *record);

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

// What a write does, inside its transaction. It may be run again from the start when the store
// must retry, so it must have no effect outside tx but on *context it can redo. Any non-zero code
// rolls everything back and becomes the result of store_write.
typedef nrpc_code (*store_write_fn)(store_tx *tx, void *context, nrpc_status *status);

// Callbacks marked `must` are never NULL; `may` can be.
typedef struct store_ops {
    const char *scheme;      // must: "sqlite"
    void (*close)(store *s); // must
    nrpc_code (*get)(store *s, const store_context *c, const char *name, int64_t at_revision,
                     bool with_extra, store_row_fn row, void *context,
                     nrpc_status *status); // must
    nrpc_code (*get_many)(store *s, const store_context *c, const char *const *names, size_t count,
                          bool with_extra, store_row_fn row, void *context, int64_t *revision,
                          nrpc_status *status); // must
    nrpc_code (*list)(store *s, const store_context *c, const store_query *q, store_row_fn row,
                      void *context, int64_t *revision, nrpc_status *status); // must
    nrpc_code (*count)(store *s, const store_context *c, const store_query *q, int64_t *count,
                       nrpc_status *status); // must
    nrpc_code (*changes)(store *s, const store_context *c, int64_t after_revision, int after_index,
                         store_change_fn change, void *context,
                         nrpc_status *status); // must
    nrpc_code (*write)(store *s, const store_context *c, store_write_fn fn, void *context,
                       int64_t *revision, nrpc_status *status); // must
    nrpc_code (*tx_get)(store_tx *tx, const char *name, store_row_fn row, void *context,
                        nrpc_status *status); // must
    nrpc_code (*tx_put)(store_tx *tx, store_operation operation, const store_record *record,
                        nrpc_status *status); // must
    nrpc_code (*tx_exists_child)(store_tx *tx, const char *name, bool *exists,
                                 nrpc_status *status); // must
} store_ops;

// The common head of every implementation's own structure.
struct store {
    const store_ops *ops;
    char id[17];                   // 16 hex digits; constant while open, renewed by a restore
    atomic_int_least64_t revision; // newest one visible to readers
    // Told after each commit and before it is acknowledged or `revision` moves; see cache.h of the
    // registry. Set once, before the first write.
    struct store_observer *observer;
};

struct store_tx {
    store *store;
    const store_context *context;
    int64_t revision; // the one this transaction will get
    int64_t time_us;  // the one time of all its changes
};

// Learns which names a transaction touches: `begin` before it commits, `end` after, whether it
// committed or not. Both on the writing thread. Between them nobody may remember what they read of
// these names.
typedef struct store_observer {
    void (*begin)(struct store_observer *self, const char *const *names, size_t count);
    void (*end)(struct store_observer *self, const char *const *names, size_t count,
                bool committed);
} store_observer;

// url: "sqlite:PATH", "sqlite::memory:" is refused (readers need a file). Creates what is missing,
// applies migrations. FAILED_PRECONDITION if the file is not ours (reason STORE_FOREIGN_FILE), is
// from a newer version (STORE_NEWER_VERSION), is open in another server (STORE_IN_USE) or cannot be
// opened (STORE_CANNOT_OPEN); DATA_LOSS, STORE_CORRUPT, if it is damaged.
MUST_USE nrpc_code store_open(const char *url, store **out, nrpc_status *status);
// No call may be under way. NULL is allowed.
void store_close(store *s);

// The record of this name, deleted ones too. at_revision 0: as it is now; else as it was at that
// revision, which is also a min_revision. NOT_FOUND, reason RESOURCE_NOT_FOUND.
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
                               int64_t *count, nrpc_status *status);
// Changes behind (after_revision, after_index), ascending, until `change` returns false. Use
// after_index -1 for "behind the whole of the revision before".
MUST_USE nrpc_code store_changes(store *s, const store_context *c, int64_t after_revision,
                                 int after_index, store_change_fn change, void *context,
                                 nrpc_status *status);
// Runs fn in one transaction. On NRPC_OK the changes are durable and visible to every later read,
// and the status is cleared of what lookups inside fn left there. *revision: the one it got, or
// the newest before it if fn changed nothing. Nothing is committed for a caller who has gone.
MUST_USE nrpc_code store_write(store *s, const store_context *c, store_write_fn fn, void *context,
                               int64_t *revision, nrpc_status *status);

// Inside a store_write_fn. tx_get sees the transaction's own changes; NOT_FOUND as store_get.
MUST_USE nrpc_code store_tx_get(store_tx *tx, const char *name, store_row_fn row, void *context,
                                nrpc_status *status);
// Writes the record and logs the change. The revision is the transaction's. Times that are 0 are
// set by the store: update_time always, create_time on STORE_CREATED (else it stays as it was),
// delete_time on STORE_DELETED. STORE_PURGED removes the row. ALREADY_EXISTS, reason
// RESOURCE_EXISTS, when a name is created twice, though deleted; NOT_FOUND when one that does not
// exist is changed; after these fn may go on.
MUST_USE nrpc_code store_tx_put(store_tx *tx, store_operation operation, const store_record *record,
                                nrpc_status *status);
// Whether an undeleted record has this name as its parent.
MUST_USE nrpc_code store_tx_exists_child(store_tx *tx, const char *name, bool *exists,
                                         nrpc_status *status);

#endif
