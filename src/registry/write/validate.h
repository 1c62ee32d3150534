// What a resource must be before it is written.
//
// One walk over the unpacked message beside its schema checks what the .proto files say of fields
// in general: REQUIRED (field_behavior), enum values known, elements of lists with unique ids, real
// calendar dates, canonical decimals, numbers finite and not negative, text in Unicode
// normalization form C, no fields this server does not know. Rules that a field's type does not
// show (codes, names of resources, paths ...) are a table from field to rule in validate.c. Fields
// that are OUTPUT_ONLY, and etag, are not looked at: writes ignore them.
//
// What needs other resources is not decided here: each name that the resource refers to is handed
// to the caller, with its parent (path "name") and the terms that units are codes of.
//
// Every fault is named, up to the 100 violations of a status: field is the path in proto names with
// positions ("citations[3].path"), reason one of REQUIRED, NAME_MALFORMED, REVISION_NOT_ALLOWED,
// ID_MALFORMED, DUPLICATE_ID, UNEXPECTED_ID, UNKNOWN_ID, CODE_MALFORMED, TAG_MALFORMED,
// FORMAT_MALFORMED, UNIT_UNKNOWN, PATH_MALFORMED, PATH_NOT_FOUND, TOO_MANY_PATHS, DATE_INVALID,
// DECIMAL_INVALID, NEGATIVE, NOT_FINITE, UNKNOWN_ENUM_VALUE, UNKNOWN_FIELD, NOT_NFC,
// CITATION_INCONSISTENT, STATED_VALUE_MISMATCH.
//
// Threads: a validator is constant; any threads may use it at once.
#ifndef REGISTRY_VALIDATE_H
#define REGISTRY_VALIDATE_H

#include "registry/names.h"
#include "schema/schema.h"

typedef struct validator validator;

// types and pool are borrowed. INTERNAL, reason SCHEMA_MISMATCH, if a rule names a field that the
// pool does not have.
MUST_USE nrpc_code validator_create(validator **out, const resource_type *types, const schema *pool,
                                    nrpc_status *status);
void validator_free(validator *v);

// path: of the field that refers to `name`, without the prefix; both are borrowed for the call.
// False: no memory to note it.
typedef bool (*validate_reference_fn)(void *context, const char *name, const char *path);

// packed: the same message as bytes. prefix: what stands before every path ("records[2].zone"), or
// "". *name is set if the resource has a good one.
MUST_USE nrpc_code validate_resource(const validator *v, const resource_type *type,
                                     const ProtobufCMessage *message, const void *packed,
                                     size_t size, const char *prefix,
                                     validate_reference_fn reference, void *context,
                                     resource_name *name, nrpc_status *status);

#endif
