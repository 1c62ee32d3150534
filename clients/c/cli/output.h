// What a command prints: one message, or many rows, in the format asked for.
//
// All of it goes to standard output through stdio; whether that worked is cli_finish's to say.
// Threads: one at a time. Errors: those of wire_to_json.
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/buffer.h"
#include "cli.h"
#include "columns.h"
#include "table.h"

#include <jansson.h>

// One message from its wire bytes: a tree, JSON, a line of JSON, or titles and a row.
nrpc_code output_message(const cli *c, output_format format, const schema_message *type,
                         const void *data, size_t size, nrpc_status *status);

// Messages of one type, one after the other, from any number of responses.
typedef struct listing {
    const cli *c;
    output_format format;
    const schema_field *field; // of the response, that holds them
    column columns[COLUMNS_MAX];
    size_t column_count;
    table table;
    size_t count;
    buffer rest; // other fields of the last response
} listing;

// The field of a response that makes it a list: its only repeated message. NULL: it is none.
const schema_field *listing_field(const schema_message *response);
void listing_begin(listing *l, const cli *c, output_format format, const schema_field *field);
// Takes the wire bytes of a response.
nrpc_code listing_page(listing *l, const void *data, size_t size, nrpc_status *status);
// Prints what is due at the end, unless failed, and releases.
nrpc_code listing_end(listing *l, bool failed, nrpc_status *status);

// Rows that are no messages: objects of strings with these keys, in JSON under `name`.
void output_rows(const cli *c, const char *name, const char *const *keys, size_t key_count,
                 const json_t *rows);

// A field as RFC 4180 wants it: in quotes if it needs them.
void csv_put(buffer *out, const char *text, size_t size);

#endif
