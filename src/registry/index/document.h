// The document of a resource: its values as conditions compare them, as JSON for the store.
//
// Members have the names of the .proto file. What is unset is left out, and so are the fields that
// are the registry's own (they are columns).
//
//   message            object; google.type.Date and Decimal excepted
//   repeated           array; never empty
//   string             string
//   number             number: integers in digits, doubles with the fewest digits that read back
//   bool               1; left out if false
//   enum               its number
//   bytes              left out
//   Decimal            string: its key (decimal.h), which compares as the number does
//   Date               {"first": 20231101, "last": 20231130, "year": 2023, "month": 11}: the days
//                      it may mean (date.h), and its parts, where they are known
//
// Pure functions, any thread.
#ifndef REGISTRY_DOCUMENT_H
#define REGISTRY_DOCUMENT_H

#include "base/buffer.h"
#include "registry/type.h"
#include "schema/schema.h"
#include "store/store.h"

// Appends the JSON of the packed message body + extra. False: no memory, or malformed bytes.
MUST_USE bool document_make(const resource_type *type, const schema_message *message,
                            store_bytes body, store_bytes extra, buffer *out);

#endif
