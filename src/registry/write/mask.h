// Field masks of updates (AIP-134, AIP-161): which fields of a resource a request changes.
//
// A path is one of schema/fieldpath.h, elements of lists by their `id`. What it names is made equal
// to what the request's message has there; unset there: cleared. A path that ends at an id
// replaces, adds or removes that element. `*`, alone, stands for every field. No paths: every field
// of the message that is set.
//
// Paths to `name`, to OUTPUT_ONLY fields and to `etag` are well-formed and change nothing, also
// below `*`, so that one mask serves for reading and for writing (AIP-161, AIP-203).
//
// Faults are violations at "FIELD.paths[i]" with reason PATH_MALFORMED, with the name that may have
// been meant, UNKNOWN_ID, if neither side has the element, or TOO_MANY_PATHS.
//
// Pure functions, any thread.
#ifndef REGISTRY_MASK_H
#define REGISTRY_MASK_H

#include "base/arena.h"
#include "registry/type.h"
#include "schema/schema.h"

enum { MASK_MAX_PATHS = 1000 };

typedef struct mask {
    const char *const *paths;
    size_t count;
    const char *field; // how violations call it: "update_mask"
} mask;

nrpc_code mask_check(const schema_message *message, const mask *m, nrpc_status *status);

// Changes `into`, an unpacked resource in `memory`, as the mask and `from` say; parts of `from` are
// shared afterwards, not copied. The mask was checked. RESOURCE_EXHAUSTED: no memory; `into` is
// then of no more use.
MUST_USE nrpc_code mask_apply(const resource_type *type, const schema_message *message,
                              const mask *m, const ProtobufCMessage *from, ProtobufCMessage *into,
                              arena *memory, nrpc_status *status);

#endif
