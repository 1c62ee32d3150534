// A request to start from: JSON with every field of a message in it, each with a placeholder of
// its shape. It reads back through json_to_wire.
// Pure functions of an immutable schema, any thread.
#ifndef SCHEMA_TEMPLATE_H
#define SCHEMA_TEMPLATE_H

#include "base/buffer.h"
#include "schema/schema.h"

// Appends indented JSON. Left out: fields that are output only, and all members of a oneof but the
// first. A message within itself, too deep, or behind TEMPLATE_MAX_SIZE bytes is cut to {}.
// Errors: RESOURCE_EXHAUSTED, reason OUTPUT_TOO_LARGE.
enum { TEMPLATE_MAX_SIZE = 1 << 18, TEMPLATE_MAX_DEPTH = 12 };
nrpc_code schema_template(const schema_message *type, buffer *out, nrpc_status *status);

#endif
