// The declaration of a symbol as text for a person: .proto as its author would see it, with the
// comments, full type names (each can be described in turn) and field behaviour.
// Pure functions of an immutable schema, any thread.
#ifndef SCHEMA_DESCRIBE_H
#define SCHEMA_DESCRIBE_H

#include "base/buffer.h"
#include "schema/schema.h"

// Appends lines of UTF-8 without control characters, the last with its newline.
// Errors: RESOURCE_EXHAUSTED, reason OUTPUT_TOO_LARGE.
nrpc_code schema_describe(const schema_symbol *symbol, buffer *out, nrpc_status *status);

#endif
