// Records on their way into the store: checked, cut and indexed one by one, as they come, then
// written in one transaction.
//
// A stage owns copies of everything it needs. Its bytes are bounded by a budget that several
// stages share.
// Threads: one at a time; the budget any.
#ifndef REGISTRY_STAGE_H
#define REGISTRY_STAGE_H

#include "base/buffer.h"
#include "registry/index/index.h"
#include "registry/nameset.h"
#include "registry/registry.h"

typedef struct stage_budget {
    atomic_size_t used;
    size_t limit;
} stage_budget;

typedef struct stage {
    registry *registry;
    stage_budget *budget;
    struct stage_record **records;
    size_t count, capacity;
    size_t bytes; // of all records, charged to the budget
    nameset names;
    index_maker maker;
} stage;

typedef struct stage_counts {
    int64_t created, updated, unchanged;
    int64_t revision;
} stage_counts;

void stage_init(stage *s, registry *r, stage_budget *budget);
void stage_fini(stage *s);

// Adds a resource. Faults become violations with `prefix` before their paths, also DUPLICATE_NAME
// for one that the stage has already. origin: how the errors of stage_write call the record; may
// be the same. RESOURCE_EXHAUSTED, reason IMPORT_TOO_LARGE.
MUST_USE nrpc_code stage_add(stage *s, const resource_type *type, const ProtobufCMessage *message,
                             const char *prefix, const char *origin, nrpc_status *status);
// Forgets all records from the count-th on.
void stage_truncate(stage *s, size_t count);

// Writes all, or nothing: sources and terms first, parents before children. A record that stands in
// the store just so is left alone; one that is deleted there comes back (STORE_UNDELETED) under its
// old uid and counts as updated. INVALID_ARGUMENT, with violations PARENT_NOT_FOUND and
// REFERENCE_NOT_FOUND, if a name referred to is neither in the store (undeleted) nor in the stage.
// dry: checks and counts, but writes nothing. The stage keeps its records. written: what else
// belongs into the transaction, behind the records; may be NULL.
typedef nrpc_code (*stage_written_fn)(store_tx *tx, void *context, const stage_counts *counts,
                                      nrpc_status *status);
MUST_USE nrpc_code stage_write(stage *s, const store_context *c, bool dry, stage_counts *out,
                               stage_written_fn written, void *context, nrpc_status *status);

#endif
