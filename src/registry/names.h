// Resource names: "zones/cn-xinjiang/areas/khorgos", perhaps with "@17" behind it.
//
//   name       collection/id, or parent-collection/parent-id/collection/id
//   id         [a-z0-9][a-z0-9_-]{0,62}; of vocabularies and terms [a-z][a-z0-9_]{0,62}
//   parent     parent-collection/parent-id; "-" as its id stands for all
//
// Pure functions over borrowed text, any thread. Errors are INVALID_ARGUMENT with a violation at
// the field given, reason NAME_MALFORMED, saying the form expected and, where one is near, the name
// that may have been meant.
#ifndef REGISTRY_NAMES_H
#define REGISTRY_NAMES_H

#include "registry/type.h"

enum { NAME_MAX_ID = 63, NAME_MAX_SIZE = 200 };

typedef struct resource_name {
    const resource_type *type;
    char text[NAME_MAX_SIZE + 1]; // without the revision
    size_t size;
    size_t parent_size; // the parent is this many leading bytes of text; 0: none
    int64_t revision;   // behind "@"; 0: none
} resource_name;

typedef struct parent_name {
    const char *text; // as given
    bool all;         // "zones/-"
} parent_name;

// A name of this type. with_revision: whether "@N" may follow.
MUST_USE nrpc_code name_parse(const resource_type *type, const char *text, const char *field,
                              bool with_revision, resource_name *out, nrpc_status *status);
// A name of any type whose bit (1 << kind) is in `kinds`, without revision.
MUST_USE nrpc_code name_parse_any(const resource_type *types, unsigned kinds, const char *text,
                                  const char *field, resource_name *out, nrpc_status *status);
// The parent of resources of this type, which must not be a top-level one.
nrpc_code name_parse_parent(const resource_type *type, const char *text, const char *field,
                            parent_name *out, nrpc_status *status);

// The type of the resource that has this name; NULL if no resource can have it.
const resource_type *name_type(const resource_type *types, const char *text);

bool name_is_id(const char *text, size_t size);
bool name_is_code(const char *text, size_t size);

// A violation with its variables in the metadata of the first error of the status.
nrpc_code name_violate(nrpc_status *status, const char *field, const char *reason,
                       const char *value, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
