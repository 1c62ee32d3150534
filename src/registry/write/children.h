// What lies in a resource, inside a transaction.
#ifndef REGISTRY_CHILDREN_H
#define REGISTRY_CHILDREN_H

#include "registry/write/put.h"

enum { CHILDREN_MAX_COUNTED = 10000 };

typedef struct children_tally {
    const resource_type *types;
    size_t of_kind[RESOURCE_KINDS];
    size_t all; // CHILDREN_MAX_COUNTED: that many or more
} children_tally;

// Counts the undeleted ones.
MUST_USE nrpc_code children_count(const resource_type *types, store_tx *tx, const char *name,
                                  children_tally *out, nrpc_status *status);
// Deletes them all, in portions: a zone may have more events than memory holds.
MUST_USE nrpc_code children_delete(const resource_type *types, putter *p, store_tx *tx,
                                   const char *name, nrpc_status *status);

#endif
