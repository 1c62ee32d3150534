// The forms of single values in JSON, and the path at which one stands. Of json.h's own making; the
// registry writes its documents and reads its filters in the same forms.
// Pure functions, except where a buffer or status is given. No allocation.
#ifndef SCHEMA_JSON_TEXT_H
#define SCHEMA_JSON_TEXT_H

#include "base/buffer.h"
#include "schema/schema.h"

// Where a value stands: a chain of steps from the innermost to the root, kept on the C stack.
typedef struct json_path {
    const struct json_path *up; // NULL: the root, whose name is a prefix, perhaps ""
    const char *name;           // of a field; NULL: an element
    const char *key;            // of a map, with no name; NULL: a list's element
    size_t key_size;
    size_t index; // of a list
} json_path;

// Sets the status: message and violation tell the path. Returns its code.
nrpc_code json_fail(nrpc_status *status, const json_path *path, const char *reason,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
// What somebody wrote, quoted, escaped and cut for a message. Returns out.
enum { JSON_QUOTE_SIZE = 640 };
const char *json_quote(const char *text, size_t size, char out[JSON_QUOTE_SIZE]);
// The status of a buffer that took no more.
nrpc_code json_fail_out(nrpc_status *status, const buffer *out);

enum { JSON_NUMBER_SIZE = 32, JSON_TIME_SIZE = 48 };

typedef enum json_number {
    JSON_NUMBER_OK,
    JSON_NUMBER_BAD,      // not of JSON's grammar
    JSON_NUMBER_FRACTION, // not an integer
    JSON_NUMBER_RANGE,
} json_number;

// Length of the JSON number at the front of text; 0 if there is none. digits: of its mantissa;
// real: it has a fraction or an exponent.
size_t json_number_length(const char *text, size_t size, size_t *digits, bool *real);
// An exact integer, also from "1.5e3".
json_number json_number_integer(const char *text, size_t size, bool *negative, uint64_t *magnitude);
json_number json_number_double(const char *text, size_t size, double *out);

// The fewest digits that give the same value back; the value is finite.
void json_format_double(double value, char out[JSON_NUMBER_SIZE]);
void json_format_float(float value, char out[JSON_NUMBER_SIZE]);

// A quoted, escaped string; text is UTF-8.
bool json_put_string(buffer *out, const void *text, size_t size);
// Standard alphabet, padded, quoted.
bool json_put_base64(buffer *out, const uint8_t *data, size_t size);
// Standard or URL-safe, padded or not. False if it is neither, or out is full (see out->failed).
bool json_take_base64(const char *text, size_t size, buffer *out);

bool json_take_timestamp(const char *text, size_t size, int64_t *seconds, int32_t *nanos);
bool json_format_timestamp(int64_t seconds, int32_t nanos, char out[JSON_TIME_SIZE]);
bool json_take_duration(const char *text, size_t size, int64_t *seconds, int32_t *nanos);
bool json_format_duration(int64_t seconds, int32_t nanos, char out[JSON_TIME_SIZE]);

// Paths of a field mask: snake_case to lowerCamelCase and back. False if the way back would not
// give the same.
bool json_put_camel(buffer *out, const char *text, size_t size);
bool json_put_snake(buffer *out, const char *text, size_t size);

// The type of an Any, by what stands behind the last slash; NULL if the pool has none.
const schema_message *json_any_type(const schema *pool, const char *url, size_t size);

#endif
