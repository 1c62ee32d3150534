#include "output.h"

#include "base/pbwire.h"
#include "schema/json.h"
#include "tree.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(buffer *text)
{
    fwrite(text->data, 1, text->size, stdout);
    buffer_clear(text);
}

void csv_put(buffer *out, const char *text, size_t size)
{
    bool quoted = false;
    for (size_t i = 0; i < size && !quoted; i++)
        quoted = strchr(",\"\r\n", text[i]) != NULL;
    if (!quoted) {
        buffer_append(out, text, size);
        return;
    }
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"')
            buffer_append_byte(out, '"');
        buffer_append_byte(out, (uint8_t)text[i]);
    }
    buffer_append_byte(out, '"');
}

static void put_row(listing *l, const json_t *object)
{
    buffer cell = {0}, line = {0};
    for (size_t i = 0; i < l->column_count; i++) {
        buffer_clear(&cell);
        column_put(&cell, &l->columns[i], object, l->format == OUTPUT_CSV);
        const char *text = cell.data ? (const char *)cell.data : "";
        if (l->format == OUTPUT_TABLE) {
            table_add(&l->table, text, cell.size);
        } else {
            buffer_append_text(&line, i ? "," : "");
            csv_put(&line, text, cell.size);
        }
    }
    if (l->format == OUTPUT_CSV) {
        buffer_append_text(&line, "\r\n");
        print(&line);
    }
    buffer_fini(&cell);
    buffer_fini(&line);
}

// --- a listing ----------------------------------------------------------------------------------

const schema_field *listing_field(const schema_message *response)
{
    const schema_field *found = NULL;
    for (size_t i = 0; i < response->field_count; i++) {
        const schema_field *field = &response->fields[i];
        if (!field->repeated || field->type != SCHEMA_MESSAGE || schema_field_is_map(field))
            continue;
        if (found)
            return NULL;
        found = field;
    }
    return found;
}

static void begin_table(listing *l)
{
    table_column columns[TABLE_MAX_COLUMNS];
    for (size_t i = 0; i < l->column_count; i++)
        columns[i] = (table_column){
            .title = l->columns[i].title,
            .right = l->columns[i].right,
            .whole = l->columns[i].segment != 0,
        };
    table_init(&l->table, columns, l->column_count);
}

static void begin_csv(const listing *l)
{
    buffer line = {0};
    for (size_t i = 0; i < l->column_count; i++)
        buffer_printf(&line, "%s%s", i ? "," : "", l->columns[i].title);
    buffer_append_text(&line, "\r\n");
    print(&line);
    buffer_fini(&line);
}

static void begin_columns(listing *l, const schema_message *type)
{
    if (l->format != OUTPUT_TABLE && l->format != OUTPUT_CSV)
        return;
    l->column_count = columns_of(type, l->format == OUTPUT_CSV, l->columns);
    if (l->format == OUTPUT_TABLE)
        begin_table(l);
    else
        begin_csv(l);
}

void listing_begin(listing *l, const cli *c, output_format format, const schema_field *field)
{
    *l = (listing){.c = c, .format = format, .field = field};
    begin_columns(l, field->message);
    if (format == OUTPUT_JSON)
        printf("{\n  \"%s\": [", field->json_name);
}

// The text stands two levels deep; a string in JSON holds no line end of its own.
static void print_indented(const buffer *json, const char *indent)
{
    for (size_t i = 0; i < json->size; i++) {
        putchar(json->data[i]);
        if (json->data[i] == '\n')
            fputs(indent, stdout);
    }
}

static void trim_newline(buffer *text)
{
    while (text->size && text->data[text->size - 1] == '\n')
        text->size--;
}

static nrpc_code put_item(listing *l, const void *data, size_t size, nrpc_status *status)
{
    const schema_message *type = l->field->message;
    if (l->format == OUTPUT_TABLE || l->format == OUTPUT_CSV) {
        json_t *object;
        nrpc_code code = wire_to_json_value(type, data, size, 0, &object, status);
        if (code)
            return code;
        put_row(l, object);
        json_decref(object);
        return NRPC_OK;
    }
    buffer json = {0};
    nrpc_code code = wire_to_json(type, data, size, l->format == OUTPUT_JSON ? JSON_WIRE_PRETTY : 0,
                                  &json, status);
    trim_newline(&json);
    if (!code && l->format == OUTPUT_JSON) {
        fputs(l->count ? ",\n    " : "\n    ", stdout);
        print_indented(&json, "    ");
    } else if (!code) {
        buffer_append_byte(&json, '\n');
        print(&json);
    }
    buffer_fini(&json);
    return code;
}

nrpc_code listing_page(listing *l, const void *data, size_t size, nrpc_status *status)
{
    pbwire_reader reader = pbwire_read(data, size);
    pbwire_field field;
    buffer_clear(&l->rest);
    for (;;) {
        const uint8_t *start = reader.next;
        if (!pbwire_next(&reader, &field))
            break;
        if (field.number != l->field->number || field.type != PBWIRE_BYTES) {
            buffer_append(&l->rest, start, (size_t)(reader.next - start));
            continue;
        }
        nrpc_code code = put_item(l, field.data, field.size, status);
        if (code)
            return code;
        l->count++;
    }
    if (!pbwire_done(&reader))
        return nrpc_status_set(status, NRPC_INTERNAL, "REPLY_MALFORMED",
                               "the server's answer is no %s", l->field->parent->full_name);
    return NRPC_OK;
}

// Behind the elements what else the last response says: "nextPageToken", "revision".
static nrpc_code end_json(listing *l, nrpc_status *status)
{
    buffer json = {0};
    nrpc_code code =
        wire_to_json(l->field->parent, l->rest.data, l->rest.size, JSON_WIRE_PRETTY, &json, status);
    trim_newline(&json);
    fputs(l->count ? "\n  ]" : "]", stdout);
    if (!code && json.size > 3) { // more than {}
        putchar(',');
        fwrite(json.data + 1, 1, json.size - 2, stdout); // without braces
        fputs("}\n", stdout);
    } else {
        fputs("\n}\n", stdout);
    }
    buffer_fini(&json);
    return code;
}

nrpc_code listing_end(listing *l, bool failed, nrpc_status *status)
{
    nrpc_code code = NRPC_OK;
    if (l->format == OUTPUT_JSON && !failed) {
        code = end_json(l, status);
    } else if (l->format == OUTPUT_TABLE && !failed) {
        buffer text = {0};
        if (!table_write(&l->table, l->c->terminal.width, l->c->terminal.color, &text))
            code =
                nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
        print(&text);
        buffer_fini(&text);
    }
    table_fini(&l->table);
    buffer_fini(&l->rest);
    return code;
}

// --- one message --------------------------------------------------------------------------------

static nrpc_code print_object(const cli *c, output_format format, const schema_message *type,
                              const void *data, size_t size, nrpc_status *status)
{
    // What proves the rest and is several times as long.
    static const char *const proof[] = {"citations", "remarks", NULL};
    json_t *object;
    nrpc_code code = wire_to_json_value(type, data, size, 0, &object, status);
    if (code)
        return code;
    if (format == OUTPUT_TABLE) {
        buffer text = {0};
        tree_write(type, object, c->terminal.width, c->terminal.color,
                   c->resource && !c->options.view ? proof : NULL, &text);
        print(&text);
        buffer_fini(&text);
    } else {
        listing l = {.c = c, .format = OUTPUT_CSV};
        begin_columns(&l, type);
        put_row(&l, object);
    }
    json_decref(object);
    return NRPC_OK;
}

nrpc_code output_message(const cli *c, output_format format, const schema_message *type,
                         const void *data, size_t size, nrpc_status *status)
{
    if (format == OUTPUT_TABLE || format == OUTPUT_CSV)
        return print_object(c, format, type, data, size, status);
    buffer json = {0};
    nrpc_code code =
        wire_to_json(type, data, size, format == OUTPUT_JSON ? JSON_WIRE_PRETTY : 0, &json, status);
    trim_newline(&json);
    buffer_append_byte(&json, '\n');
    if (!code)
        print(&json);
    buffer_fini(&json);
    return code;
}

// --- rows ---------------------------------------------------------------------------------------

static const char *cell_of(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

static void print_row_table(const cli *c, const char *const *keys, size_t key_count,
                            const json_t *rows)
{
    char titles[TABLE_MAX_COLUMNS][32];
    table_column columns[TABLE_MAX_COLUMNS] = {0};
    table t;
    buffer text = {0};
    for (size_t i = 0; i < key_count; i++) {
        snprintf(titles[i], sizeof(titles[i]), "%s", keys[i]);
        for (char *letter = titles[i]; *letter; letter++)
            *letter = (char)toupper((unsigned char)*letter);
        columns[i].title = titles[i];
    }
    table_init(&t, columns, key_count);
    size_t r;
    const json_t *row;
    json_array_foreach(rows, r, row)
    {
        for (size_t i = 0; i < key_count; i++)
            table_add(&t, cell_of(row, keys[i]), strlen(cell_of(row, keys[i])));
    }
    table_write(&t, c->terminal.width, c->terminal.color, &text);
    print(&text);
    buffer_fini(&text);
    table_fini(&t);
}

static void print_row_csv(const char *const *keys, size_t key_count, const json_t *rows)
{
    buffer text = {0};
    for (size_t i = 0; i < key_count; i++)
        buffer_printf(&text, "%s%s", i ? "," : "", keys[i]);
    size_t r;
    const json_t *row;
    json_array_foreach(rows, r, row)
    {
        buffer_append_text(&text, "\r\n");
        for (size_t i = 0; i < key_count; i++) {
            buffer_append_text(&text, i ? "," : "");
            csv_put(&text, cell_of(row, keys[i]), strlen(cell_of(row, keys[i])));
        }
    }
    buffer_append_text(&text, "\r\n");
    print(&text);
    buffer_fini(&text);
}

void output_rows(const cli *c, const char *name, const char *const *keys, size_t key_count,
                 const json_t *rows)
{
    size_t i;
    const json_t *row;
    json_t *root;
    switch (cli_output(c)) {
    case OUTPUT_TABLE:
        print_row_table(c, keys, key_count, rows);
        break;
    case OUTPUT_CSV:
        print_row_csv(keys, key_count, rows);
        break;
    case OUTPUT_NDJSON:
        json_array_foreach(rows, i, row)
        {
            json_dumpf(row, stdout, JSON_COMPACT);
            putchar('\n');
        }
        break;
    default:
        root = json_pack("{s:O}", name, rows);
        json_dumpf(root, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(root);
        break;
    }
}
