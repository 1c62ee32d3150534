// One operation of a write (write.h) inside its transaction.
//
//   operation_name     before the transaction: what it is about; faults of form (operation_name.c)
//   operation_ahead    before the transaction: as much of the work as can be done there
//   operation_apply    inside it
//
// Private to write.c. Threads: one at a time.
#ifndef REGISTRY_OPERATION_H
#define REGISTRY_OPERATION_H

#include "base/arena.h"
#include "registry/write/draft.h"
#include "registry/write/put.h"
#include "registry/write/uuid.h"
#include "registry/write/write.h"

typedef struct operation_worker {
    registry *r;
    putter put;
    draft draft;
    arena memory;   // of the operation under way
    nameset failed; // resources with faults, which others need not be blamed for

    // What was made ahead: the draft, if the resource still has that revision; 0: does not exist.
    bool ready;
    int64_t ready_revision;
    const store_index *ready_index;

    // What became of the operation that was applied last.
    bool there;                // its resource exists
    bool changed;              // by it
    const resource_type *type; //
    store_record record;       // of the resource as it is now; borrowed until the next one
    char uid[UUID_SIZE];       // of a new one
} operation_worker;

void operation_worker_init(operation_worker *w, registry *r);
void operation_worker_fini(operation_worker *w);

enum { OPERATION_FIELD_SIZE = 256 };

// How violations call a field of the operation, one of its resource, and the one that says which
// resource it is.
const char *operation_place_field(const registry_operation *op, const char *field,
                                  char out[OPERATION_FIELD_SIZE]);
const char *operation_resource_field(const registry_operation *op, const char *field,
                                     char out[OPERATION_FIELD_SIZE]);
const char *operation_name_field(const registry_operation *op, char out[OPERATION_FIELD_SIZE]);

// The name of the resource. Violations of everything that can be seen without the store, but for
// the resource's own fields.
nrpc_code operation_name(const registry *r, const registry_operation *op, resource_name *name,
                         nrpc_status *status);
// The violations of the fields of a resource that is to be created.
void operation_check_fields(operation_worker *w, const registry_operation *op,
                            const resource_name *name, nrpc_status *status);
// Reads, merges, checks and indexes outside of the transaction, where others can do the same at the
// same time. What goes wrong is left to the transaction to find.
void operation_ahead(operation_worker *w, const store_context *c, const registry_operation *op,
                     const resource_name *name);
// Before the first of a transaction.
void operation_begin(operation_worker *w);
// Violations are added to those that status has; other errors replace them only if there are none.
MUST_USE nrpc_code operation_apply(operation_worker *w, store_tx *tx, const registry_operation *op,
                                   const resource_name *name, nrpc_status *status);

#endif
