#include "base/macros.h"
#include "schema/json.h"
#include "schema/json_text.h"

#include <stdlib.h>
#include <string.h>

// jansson holds a number as int64 or double. Those that would lose digits are handed to it as
// strings; the mark in front cannot stand in a string that is accepted anywhere.
#define MARK "\"\\u0000"
enum { MARK_SIZE = sizeof MARK - 1, ADDED = MARK_SIZE + 1 };
enum { SAFE_REAL_DIGITS = 15, SAFE_INTEGER_DIGITS = 18 };

// End of the string that begins at i, or size.
static size_t skip_string(const char *text, size_t size, size_t i)
{
    for (i++; i < size && text[i] != '"'; i++)
        if (text[i] == '\\')
            i++;
    return i < size ? i + 1 : size;
}

// Copies text to out with marks, if it needs any; starts gets the offsets of what was marked.
static bool mark_numbers(const char *text, size_t size, buffer *out, buffer *starts)
{
    size_t done = 0, i = 0;
    while (i < size) {
        if (text[i] == '"') {
            i = skip_string(text, size, i);
            continue;
        }
        if (text[i] != '-' && (text[i] < '0' || text[i] > '9')) {
            i++;
            continue;
        }
        size_t digits;
        bool real;
        size_t n = json_number_length(text + i, size - i, &digits, &real);
        if (!n) { // jansson will say what is wrong with it
            while (i < size && (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')))
                i++;
            continue;
        }
        if (digits > (real ? SAFE_REAL_DIGITS : SAFE_INTEGER_DIGITS)) {
            buffer_append(out, text + done, i - done);
            buffer_append(starts, &i, sizeof i);
            buffer_append(out, MARK, MARK_SIZE);
            buffer_append(out, text + i, n);
            buffer_append_byte(out, '"');
            done = i + n;
        }
        i += n;
    }
    if (done)
        buffer_append(out, text + done, size - done);
    return !out->failed && !starts->failed;
}

// What an offset in the marked text was in the original.
static size_t unmarked(size_t offset, const buffer *starts)
{
    const size_t *start = (const size_t *)(const void *)starts->data;
    size_t n = starts->size / sizeof *start, before = 0;
    while (before < n && start[before] + before * ADDED < offset)
        before++;
    size_t shift = before * ADDED;
    return offset > shift ? offset - shift : 0;
}

static nrpc_code syntax_error(const char *text, size_t size, size_t offset,
                              const json_error_t *error, nrpc_status *status)
{
    size_t line = 1, column = 0;
    for (size_t i = 0; i < offset && i < size; i++) {
        if (text[i] == '\n') {
            line++;
            column = 0;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            column++;
        }
    }
    char what[JSON_ERROR_TEXT_LENGTH];
    size_t n = 0;
    for (const char *p = error->text; *p && n + 1 < sizeof what; p++)
        what[n++] = *p < 0x20 || *p > 0x7E ? '?' : *p; // quotes the input, which may be anything
    what[n] = 0;
    const char *reason = "JSON_SYNTAX";
    if (json_error_code(error) == json_error_duplicate_key)
        reason = "DUPLICATE_KEY";
    else if (json_error_code(error) == json_error_numeric_overflow)
        reason = "OUT_OF_RANGE";
    else if (json_error_code(error) == json_error_stack_overflow)
        reason = "TOO_DEEP";
    nrpc_status_set(status, NRPC_INVALID_ARGUMENT, reason, "JSON, line %zu, column %zu: %s", line,
                    column, what);
    nrpc_status_add(status, "line", "%zu", line);
    nrpc_status_add(status, "column", "%zu", column);
    return NRPC_INVALID_ARGUMENT;
}

nrpc_code json_parse(const char *text, size_t size, json_t **out, nrpc_status *status)
{
    CLEANUP(buffer_fini) buffer marked = {0};
    CLEANUP(buffer_fini) buffer starts = {0};
    *out = NULL;
    if (!mark_numbers(text, size, &marked, &starts))
        return json_fail_out(status, &marked);
    json_error_t error;
    *out =
        json_loadb(marked.size ? (const char *)marked.data : text, marked.size ? marked.size : size,
                   JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    if (*out)
        return NRPC_OK;
    if (json_error_code(&error) == json_error_out_of_memory)
        return json_fail_out(status, &marked);
    size_t offset = error.position < 0 ? 0 : (size_t)error.position;
    return syntax_error(text, size, unmarked(offset, &starts), &error, status);
}
