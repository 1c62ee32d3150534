#include "schema/describe.h"

#include "base/macros.h"
#include "schema/json_text.h"

#include <string.h>

static void put_indent(buffer *out, unsigned indent)
{
    for (unsigned i = 0; i < indent; i++)
        buffer_append(out, "  ", 2);
}

static void put_lines(buffer *out, const char *text, unsigned indent)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        put_indent(out, indent);
        buffer_append_text(out, n ? "// " : "//");
        buffer_append(out, text, n);
        buffer_append_byte(out, '\n');
        text += n + (text[n] == '\n');
    }
}

static void put_comment(buffer *out, const schema_comment *comment, unsigned indent)
{
    put_lines(out, comment->leading, indent);
    put_lines(out, comment->trailing, indent);
}

static const char *type_of(const schema_field *f)
{
    if (f->message)
        return f->message->full_name;
    return f->enumeration ? f->enumeration->full_name : schema_type_name(f->type);
}

// " [deprecated = true, (google.api.field_behavior) = REQUIRED]"
static void put_options(buffer *out, const schema_field *f)
{
    static const char *const behaviors[] = {
        NULL,        "OPTIONAL",       "REQUIRED",          "OUTPUT_ONLY", "INPUT_ONLY",
        "IMMUTABLE", "UNORDERED_LIST", "NON_EMPTY_DEFAULT", "IDENTIFIER",
    };
    const char *before = " [";
    if (f->deprecated) {
        buffer_printf(out, "%sdeprecated = true", before);
        before = ", ";
    }
    for (size_t i = 1; i < ARRAY_LEN(behaviors); i++) {
        if (!(f->behaviors >> i & 1))
            continue;
        buffer_printf(out, "%s(google.api.field_behavior) = %s", before, behaviors[i]);
        before = ", ";
    }
    if (before[0] == ',')
        buffer_append_byte(out, ']');
}

static void put_field(buffer *out, const schema_field *f, unsigned indent)
{
    put_comment(out, &f->comment, indent);
    put_indent(out, indent);
    if (schema_field_is_map(f)) {
        buffer_printf(out, "map<%s, %s> ", type_of(&f->message->fields[0]),
                      type_of(&f->message->fields[1]));
    } else {
        bool proto3 = f->parent->file->proto3;
        if (f->repeated)
            buffer_append_text(out, "repeated ");
        else if (f->required)
            buffer_append_text(out, "required ");
        else if (!f->oneof && f->presence && (!proto3 || !f->message))
            buffer_append_text(out, "optional ");
        buffer_printf(out, "%s ", type_of(f));
    }
    buffer_printf(out, "%s = %u", f->name, f->number);
    put_options(out, f);
    buffer_append_text(out, ";\n");
}

static void open_block(buffer *out, const char *keyword, const char *name, unsigned indent)
{
    put_indent(out, indent);
    buffer_printf(out, "%s %s {\n", keyword, name);
}

static void close_block(buffer *out, unsigned indent)
{
    put_indent(out, indent);
    buffer_append_text(out, "}\n");
}

static void put_deprecated(buffer *out, bool deprecated, unsigned indent)
{
    if (!deprecated)
        return;
    put_indent(out, indent);
    buffer_append_text(out, "option deprecated = true;\n");
}

static void put_enum(buffer *out, const schema_enum *type, const char *name, unsigned indent)
{
    put_comment(out, &type->comment, indent);
    open_block(out, "enum", name, indent);
    put_deprecated(out, type->deprecated, indent + 1);
    for (size_t i = 0; i < type->value_count; i++) {
        const schema_enum_value *v = &type->values[i];
        put_comment(out, &v->comment, indent + 1);
        put_indent(out, indent + 1);
        buffer_printf(out, "%s = %d%s;\n", v->name, v->number,
                      v->deprecated ? " [deprecated = true]" : "");
    }
    close_block(out, indent);
}

static void put_message(buffer *out, const schema_message *type, const char *name, unsigned indent)
{
    put_comment(out, &type->comment, indent);
    open_block(out, "message", name, indent);
    put_deprecated(out, type->deprecated, indent + 1);
    for (size_t i = 0; i < type->message_count; i++)
        if (!type->messages[i].map_entry)
            put_message(out, &type->messages[i], type->messages[i].name, indent + 1);
    for (size_t i = 0; i < type->enum_count; i++)
        put_enum(out, &type->enums[i], type->enums[i].name, indent + 1);
    const schema_oneof *open = NULL;
    for (size_t i = 0; i < type->field_count; i++) {
        const schema_field *f = type->declared[i];
        if (open && f->oneof != open)
            close_block(out, indent + 1);
        if (f->oneof && f->oneof != open) {
            put_comment(out, &f->oneof->comment, indent + 1);
            open_block(out, "oneof", f->oneof->name, indent + 1);
        }
        open = f->oneof;
        put_field(out, f, indent + (open ? 2 : 1));
    }
    if (open)
        close_block(out, indent + 1);
    close_block(out, indent);
}

static void put_method(buffer *out, const schema_method *m, unsigned indent)
{
    put_comment(out, &m->comment, indent);
    put_indent(out, indent);
    buffer_printf(out, "rpc %s(%s%s) returns (%s%s)%s\n", m->name,
                  m->client_streaming ? "stream " : "", m->input->full_name,
                  m->server_streaming ? "stream " : "", m->output->full_name,
                  m->deprecated ? " { option deprecated = true; }" : ";");
}

static void put_service(buffer *out, const schema_service *s)
{
    put_comment(out, &s->comment, 0);
    open_block(out, "service", s->full_name, 0);
    put_deprecated(out, s->deprecated, 1);
    for (size_t i = 0; i < s->method_count; i++)
        put_method(out, &s->methods[i], 1);
    close_block(out, 0);
}

nrpc_code schema_describe(const schema_symbol *symbol, buffer *out, nrpc_status *status)
{
    size_t before = out->size;
    switch (symbol->kind) {
    case SCHEMA_KIND_MESSAGE:
        put_message(out, symbol->message, symbol->message->full_name, 0);
        break;
    case SCHEMA_KIND_ENUM:
        put_enum(out, symbol->enumeration, symbol->enumeration->full_name, 0);
        break;
    case SCHEMA_KIND_SERVICE:
        put_service(out, symbol->service);
        break;
    case SCHEMA_KIND_METHOD:
        put_method(out, symbol->method, 0);
        break;
    }
    if (!out->failed)
        return NRPC_OK;
    out->size = before;
    return json_fail_out(status, out);
}
