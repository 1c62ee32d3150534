// A resource on its way to the store: packed, checked (validate.h) and cut (body.h), and the names
// it refers to noted. Both ways to write, single resources (write.h) and imports (stage.h), begin
// with one.
//
// A draft owns its bytes. {0} is an empty one; made again, it uses its memory again.
// Threads: one at a time.
#ifndef REGISTRY_DRAFT_H
#define REGISTRY_DRAFT_H

#include "base/buffer.h"
#include "registry/names.h"
#include "registry/registry.h"

enum { DRAFT_MAX_RESOURCE = 1 << 20 }; // bytes, packed

typedef struct draft {
    const resource_type *type;
    resource_name name;
    buffer packed;
    buffer body, extra;
    buffer references; // name NUL path NUL, again and again; its parent has the path "name"
} draft;

void draft_fini(draft *d);

// INVALID_ARGUMENT with a violation for every fault, `prefix` before their paths; also
// RESOURCE_TOO_LARGE. Violations that the status holds already stay. d->name is set if the resource
// has a good one, in any case.
MUST_USE nrpc_code draft_make(draft *d, const registry *r, const resource_type *type,
                              const ProtobufCMessage *message, const char *prefix,
                              nrpc_status *status);

// Moves `faults` to a status that may have violations already: then the new ones are added.
nrpc_code draft_add_faults(nrpc_status *status, nrpc_status *faults);

#endif
