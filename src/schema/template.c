#include "schema/template.h"

#include "schema/json_text.h"

#include <string.h>

// The messages being written, innermost first.
typedef struct level {
    const struct level *up;
    const schema_message *type;
    unsigned depth;
} level;

typedef struct writer {
    buffer *out;
    size_t end; // of what may be written, cuts apart
} writer;

static void put_message(writer *w, const schema_message *type, const level *up, unsigned indent);

static void put_line(writer *w, unsigned indent)
{
    buffer_append_byte(w->out, '\n');
    for (unsigned i = 0; i < indent; i++)
        buffer_append(w->out, "  ", 2);
}

static bool is_cut(const writer *w, const schema_message *type, const level *up)
{
    if (w->out->size > w->end || (up && up->depth == TEMPLATE_MAX_DEPTH))
        return true;
    for (; up; up = up->up)
        if (up->type == type)
            return true;
    return false;
}

static bool is_integer_of_64_bits(schema_type type)
{
    return type == SCHEMA_INT64 || type == SCHEMA_UINT64 || type == SCHEMA_SINT64 ||
           type == SCHEMA_FIXED64 || type == SCHEMA_SFIXED64;
}

static void put_value(writer *w, const schema_field *f, const level *up, unsigned indent)
{
    if (f->type == SCHEMA_MESSAGE)
        put_message(w, f->message, up, indent);
    else if (f->type == SCHEMA_ENUM)
        buffer_printf(w->out, "\"%s\"", f->enumeration->values[0].name);
    else if (f->type == SCHEMA_STRING || f->type == SCHEMA_BYTES)
        buffer_append_text(w->out, "\"\"");
    else if (f->type == SCHEMA_BOOL)
        buffer_append_text(w->out, "false");
    else
        buffer_append_text(w->out, is_integer_of_64_bits(f->type) ? "\"0\"" : "0");
}

static void put_map(writer *w, const schema_field *f, const level *up, unsigned indent)
{
    schema_type key = f->message->fields[0].type;
    buffer_append_byte(w->out, '{');
    put_line(w, indent + 1);
    buffer_append_text(w->out, key == SCHEMA_STRING ? "\"key\": "
                               : key == SCHEMA_BOOL ? "\"false\": "
                                                    : "\"0\": ");
    put_value(w, &f->message->fields[1], up, indent + 1);
    put_line(w, indent);
    buffer_append_byte(w->out, '}');
}

static void put_list(writer *w, const schema_field *f, const level *up, unsigned indent)
{
    buffer_append_byte(w->out, '[');
    if (!f->message || !is_cut(w, f->message, up)) {
        put_line(w, indent + 1);
        put_value(w, f, up, indent + 1);
        put_line(w, indent);
    }
    buffer_append_byte(w->out, ']');
}

static bool is_left_out(const schema_field *f)
{
    if (f->behaviors & SCHEMA_OUTPUT_ONLY)
        return true;
    if (f->message && f->message->well_known == SCHEMA_UNSUPPORTED_JSON)
        return true;
    const schema_message *parent = f->parent;
    for (size_t i = 0; f->oneof && i < parent->field_count; i++) // not the first
        if (parent->declared[i]->oneof == f->oneof)
            return parent->declared[i] != f;
    return false;
}

static void put_message(writer *w, const schema_message *type, const level *up, unsigned indent)
{
    const level here = {up, type, up ? up->depth + 1 : 1};
    switch (type->well_known) {
    case SCHEMA_TIMESTAMP:
        buffer_append_text(w->out, "\"1970-01-01T00:00:00Z\"");
        return;
    case SCHEMA_DURATION:
        buffer_append_text(w->out, "\"0s\"");
        return;
    case SCHEMA_FIELD_MASK:
        buffer_append_text(w->out, "\"\"");
        return;
    case SCHEMA_ORDINARY:
        break;
    default:
        buffer_append_text(w->out, "{}");
        return;
    }
    if (is_cut(w, type, up)) {
        buffer_append_text(w->out, "{}");
        return;
    }
    bool first = true;
    buffer_append_byte(w->out, '{');
    for (size_t i = 0; i < type->field_count; i++) {
        const schema_field *f = type->declared[i];
        if (is_left_out(f) || (!first && w->out->size > w->end))
            continue;
        if (!first)
            buffer_append_byte(w->out, ',');
        first = false;
        put_line(w, indent + 1);
        json_put_string(w->out, f->json_name, strlen(f->json_name));
        buffer_append(w->out, ": ", 2);
        if (schema_field_is_map(f))
            put_map(w, f, &here, indent + 1);
        else if (f->repeated)
            put_list(w, f, &here, indent + 1);
        else
            put_value(w, f, &here, indent + 1);
    }
    if (!first)
        put_line(w, indent);
    buffer_append_byte(w->out, '}');
}

nrpc_code schema_template(const schema_message *type, buffer *out, nrpc_status *status)
{
    size_t before = out->size;
    writer w = {out, before + TEMPLATE_MAX_SIZE};
    put_message(&w, type, NULL, 0);
    if (!out->failed)
        return NRPC_OK;
    out->size = before;
    return json_fail_out(status, out);
}
