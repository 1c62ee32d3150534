// The filter language of AIP-160 and the orders of AIP-132, compiled to conditions and orders of
// the store. docs/filters.md tells the language to people; filter.c has the grammar on top.
//
// Everything is checked against the schema of the resource: names of fields, types of values, names
// of enum values, operators that make sense. Nothing is evaluated here.
//
// Threads: pure functions of an immutable schema.
// Errors: INVALID_ARGUMENT with a violation at `field` for each fault of a well-formed text, or for
// the first of its form. Reasons FILTER_SYNTAX, FILTER_TOO_LONG, FILTER_TOO_DEEP, UNKNOWN_FIELD,
// UNKNOWN_ENUM_VALUE, UNKNOWN_FUNCTION, WRONG_TYPE, WRONG_OPERATOR, OUT_OF_RANGE, REPEATED_FIELD,
// NOT_FILTERABLE; the description says at which character (code points, from 1), what is wrong, and
// what may have been meant; metadata `position`, `value` (what stands there) and, where there is
// one, `suggestion` are those of the first. RESOURCE_EXHAUSTED, reason OUT_OF_MEMORY.
#ifndef REGISTRY_FILTER_H
#define REGISTRY_FILTER_H

#include "base/arena.h"
#include "registry/type.h"
#include "schema/schema.h"
#include "store/store.h"

enum {
    FILTER_MAX_SIZE = 8192, // bytes
    FILTER_MAX_DEPTH = 32,  // of parentheses, NOT and any()
    FILTER_MAX_TERMS = 256, // restrictions
};

// *out is NULL for an empty filter; otherwise it lives in `memory`. message: the schema of
// type->message.
MUST_USE nrpc_code filter_compile(const resource_type *type, const schema_message *message,
                                  const char *text, const char *field, arena *memory,
                                  const store_condition **out, nrpc_status *status);

// At most STORE_MAX_ORDERS. An order that ends in `name` needs nothing behind it. Reasons also
// NOT_ORDERABLE, DUPLICATE_FIELD, TOO_MANY_FIELDS.
MUST_USE nrpc_code filter_order(const resource_type *type, const schema_message *message,
                                const char *text, const char *field, arena *memory,
                                const store_order **out, size_t *count, nrpc_status *status);

#endif
