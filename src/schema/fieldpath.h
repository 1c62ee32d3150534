// Field paths as AIP-161 means them, of proto names: "size_history.2019-08-06.area_km2".
//
// Segments are joined by dots. A field's name goes on into its message; behind a repeated message
// comes the `id` of one element, as if it were a map, and behind a map a key. An id or key with
// other characters than letters, digits, '-' and '_' stands in backquotes. A repeated scalar, and
// every list and map, can only be named as a whole.
//
// Ownership: a fieldpath holds no memory; it borrows the path's text and the schema.
// Threads: pure functions.
#ifndef SCHEMA_FIELDPATH_H
#define SCHEMA_FIELDPATH_H

#include "schema/schema.h"

enum { FIELDPATH_MAX = 32 }; // segments

typedef struct fieldpath_segment {
    const schema_field *field; // NULL: text is the id or key of an element of the field before
    const char *text;          // without backquotes, not NUL-terminated
    size_t size;
} fieldpath_segment;

typedef struct fieldpath {
    fieldpath_segment segments[FIELDPATH_MAX];
    size_t count;
    const schema_field *field; // the last that is named
    bool element;              // the path names an element of it, not it as a whole
} fieldpath;

// Errors: INVALID_ARGUMENT, reason INVALID_FIELD_PATH; the message and metadata "segment" say
// which segment, "suggestion" is there when a field's name is nearly right.
nrpc_code fieldpath_resolve(const schema_message *type, const char *path, fieldpath *out,
                            nrpc_status *status);

// Looks the path up in a message's wire bytes. *set: whether what it names is there (a scalar
// without presence: is not its default). Errors: NOT_FOUND with reason ELEMENT_NOT_FOUND where no
// element has the id or key, which metadata "segment" and "path" (up to it) tell; INVALID_ARGUMENT
// with reason MALFORMED_MESSAGE.
nrpc_code fieldpath_find(const fieldpath *path, const void *data, size_t size, bool *set,
                         nrpc_status *status);

#endif
