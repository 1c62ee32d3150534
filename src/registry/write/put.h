// Putting resources into the store, inside a transaction: with their index (index.h), and not
// before the names they refer to are there. The one place that calls store_tx_put for a resource.
//
// A putter is used in one transaction after another, by one thread at a time.
#ifndef REGISTRY_PUT_H
#define REGISTRY_PUT_H

#include "registry/index/index.h"
#include "registry/nameset.h"
#include "registry/registry.h"

typedef struct putter {
    index_maker index;
    nameset alive; // names found in the store
} putter;

void putter_init(putter *p, const registry *r);
void putter_fini(putter *p);
// Forgets which names were found: to be called before a new transaction, after a deletion, and
// before the references looked at go away, from which the names are borrowed.
void putter_forget(putter *p);

// False: enough.
typedef bool (*put_missing_fn)(void *context, const char *name, const char *path);

// Calls `missing` for every one of these references (as a draft notes them) that is neither in the
// store, undeleted, nor in `also`, which may be NULL.
MUST_USE nrpc_code put_check_references(putter *p, store_tx *tx, store_bytes references,
                                        const nameset *also, put_missing_fn missing, void *context,
                                        nrpc_status *status);

// Writes the record. Its `index` is made if there is none.
MUST_USE nrpc_code put_record(putter *p, store_tx *tx, store_operation operation,
                              const resource_type *type, const store_record *record,
                              nrpc_status *status);

// Deletes, or brings back, a record that was read in the transaction: its bytes stay as they are.
// Its revision and times become those of now.
MUST_USE nrpc_code put_again(putter *p, store_tx *tx, store_operation operation,
                             const resource_type *type, store_record *record, nrpc_status *status);

#endif
