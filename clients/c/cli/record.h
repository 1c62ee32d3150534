// A packed resource: its name, and what of it the server sets.
// Pure functions, any thread.
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

#include "base/buffer.h"
#include "schema/schema.h"

#include <stdbool.h>

// The name, field 1; *size 0 if it has none. Borrowed from the record.
const char *record_name(const void *record, size_t record_size, size_t *size);
// Of a resource: uid, etag, revision and times.
bool record_is_server_set(const schema_field *field);
// Appends the record without what the server sets. False: out of memory.
bool record_put_own(buffer *out, const schema_message *type, const void *record, size_t size);

#endif
