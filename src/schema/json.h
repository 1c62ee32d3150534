// The proto3-JSON mapping (protobuf.dev/programming-guides/json), straight between wire bytes and
// JSON text, driven by a schema.
//
// In: proto names and JSON names of fields; enum names and numbers; 64-bit integers as numbers or
// strings, exact to the last digit; null means absent. Refused, each with the path of the field:
// unknown fields (with a suggestion), the same field twice, two members of one oneof, null in a
// list or map, NaN and infinity, NUL in a string, a value out of its type's range.
// Out: JSON names, enum names where there is one, 64-bit integers as strings, the shortest digits
// that give the same double back. Unknown wire fields are dropped; repeated occurrences are merged
// as protobuf demands. Control characters, DEL and C1 are escaped, so output may go to a terminal.
// google.protobuf.Timestamp, Duration, FieldMask and Any have their own forms; Struct, Value,
// ListValue and the wrappers are refused with reason UNSUPPORTED_TYPE.
//
// Same JSON values, same bytes: wire fields are written by number, maps by key, defaults left out.
//
// Ownership: out is the caller's; results are appended, and what it held stays when a call fails.
// Threads: pure functions of an immutable schema.
// Errors: INVALID_ARGUMENT with a reason below, one violation whose field is the path as written
// ("zones[0].names[2].languageCode"), and metadata; RESOURCE_EXHAUSTED with reason OUTPUT_TOO_LARGE
// when `out` reaches its limit or memory has run out.
//   reading   JSON_SYNTAX (the message has line and column), DUPLICATE_KEY, UNKNOWN_FIELD,
//             DUPLICATE_FIELD, ONEOF_CONFLICT, UNKNOWN_ENUM_VALUE, INVALID_BASE64
//   both      WRONG_TYPE, OUT_OF_RANGE, INVALID_FORMAT, INVALID_UTF8, NUL_IN_STRING, TOO_DEEP,
//             UNKNOWN_TYPE, UNSUPPORTED_TYPE
//   writing   MALFORMED_MESSAGE
#ifndef SCHEMA_JSON_H
#define SCHEMA_JSON_H

#include "base/buffer.h"
#include "schema/schema.h"

#include <jansson.h>

enum { JSON_WIRE_MAX_DEPTH = 100 }; // of messages within messages

enum {
    JSON_WIRE_PRETTY = 1 << 0,   // indented by two, one value a line
    JSON_WIRE_DEFAULTS = 1 << 1, // fields without presence even at their default
};

// Wire bytes of one message from one JSON object.
nrpc_code json_to_wire(const schema_message *type, const char *text, size_t size, buffer *out,
                       nrpc_status *status);

// JSON text as a value for json_value_to_wire; the caller owns it. Numbers that neither a double
// nor an int64 holds exactly are kept as strings "\0" + digits, and any string may hold a NUL:
// json_value_to_wire knows both.
nrpc_code json_parse(const char *text, size_t size, json_t **out, nrpc_status *status);

// As json_to_wire for a value already parsed. path_prefix: where the value stands in its document
// ("zones[3]"), put before the paths of errors; may be NULL.
nrpc_code json_value_to_wire(const schema_message *type, const json_t *value,
                             const char *path_prefix, buffer *out, nrpc_status *status);

// JSON text of one message. The bytes may be anything.
nrpc_code wire_to_json(const schema_message *type, const void *data, size_t size, unsigned flags,
                       buffer *out, nrpc_status *status);

// The same as a value; the caller owns it. Its doubles are those of the message.
nrpc_code wire_to_json_value(const schema_message *type, const void *data, size_t size,
                             unsigned flags, json_t **out, nrpc_status *status);

#endif
