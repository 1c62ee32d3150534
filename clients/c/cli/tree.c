#include "tree.h"

#include "value.h"
#include "width.h"

#include <stdlib.h>
#include <string.h>

enum { STEP = 2, WIDEST = 100, NARROWEST = 40 };

typedef struct writer {
    buffer *out;
    size_t width;
    bool color;
    const char *const *folded;
} writer;

static void put_fields(writer *w, const schema_message *type, const json_t *object, size_t indent,
                       bool below_headline, bool started);

static void put_indent(writer *w, size_t indent)
{
    buffer_printf(w->out, "%*s", (int)indent, "");
}

static void put_label(writer *w, const char *name)
{
    buffer_printf(w->out, w->color ? "\033[36m%s:\033[0m" : "%s:", name);
}

// Text that starts in this column, and its line's end.
static void put_text(writer *w, const buffer *text, size_t column)
{
    buffer safe = {0};
    text_put_safe(&safe, (const char *)text->data, text->size);
    size_t width = w->width && w->width < column + NARROWEST ? column + NARROWEST : w->width;
    text_put_wrapped(w->out, (const char *)safe.data, safe.size, column, column, width);
    buffer_append_byte(w->out, '\n');
    buffer_fini(&safe);
}

static void put_value_line(writer *w, const schema_field *field, const json_t *value, size_t column)
{
    buffer text = {0};
    value_put(&text, field, value);
    put_text(w, &text, column);
    buffer_fini(&text);
}

// A list's element that is a message: its headline behind the dash, the rest below it.
static void put_element(writer *w, const schema_field *field, const json_t *element, size_t indent)
{
    put_indent(w, indent);
    buffer_append_text(w->out, "- ");
    buffer text = {0};
    bool headline = value_put_headline(&text, field->message, element);
    if (headline)
        put_text(w, &text, indent + STEP);
    buffer_fini(&text);
    if (headline || json_object_size(element))
        put_fields(w, field->message, element, indent + STEP, headline, !headline);
    else
        buffer_append_byte(w->out, '\n');
}

static void put_list(writer *w, const schema_field *field, const json_t *list, size_t indent)
{
    size_t i;
    const json_t *element;
    buffer_append_byte(w->out, '\n');
    json_array_foreach(list, i, element)
    {
        if (field->message && !value_is_short(field)) {
            put_element(w, field, element, indent);
            continue;
        }
        put_indent(w, indent);
        buffer_append_text(w->out, "- ");
        put_value_line(w, field, element, indent + STEP);
    }
}

static void put_map(writer *w, const schema_field *field, const json_t *map, size_t indent)
{
    const schema_field *type = &field->message->fields[1];
    const char *key;
    json_t *value;
    buffer_append_byte(w->out, '\n');
    json_object_foreach((json_t *)map, key, value) // iteration takes no const
    {
        put_indent(w, indent);
        buffer safe = {0};
        text_put_safe(&safe, key, strlen(key));
        buffer_append_byte(&safe, '\0');
        put_label(w, safe.data ? (const char *)safe.data : "");
        buffer_fini(&safe);
        if (type->type == SCHEMA_MESSAGE && !value_is_short(type)) {
            buffer_append_byte(w->out, '\n');
            put_fields(w, type->message, value, indent + STEP, false, false);
        } else {
            buffer_append_byte(w->out, ' ');
            put_value_line(w, type, value, indent + strlen(key) + 2);
        }
    }
}

static bool is_folded(const writer *w, const schema_field *field, size_t indent)
{
    for (const char *const *name = w->folded; name && *name && indent == 0; name++)
        if (strcmp(*name, field->name) == 0)
            return true;
    return false;
}

static void put_padding(writer *w, const schema_field *field, size_t indent, size_t column)
{
    size_t end = indent + strlen(field->name) + 1;
    put_indent(w, column > end ? column - end : 1);
}

static void put_field(writer *w, const schema_field *field, const json_t *value, size_t indent,
                      size_t column)
{
    put_label(w, field->name);
    if (is_folded(w, field, indent)) {
        put_padding(w, field, indent, column);
        buffer_printf(w->out, "%zu, shown with --view full\n", json_array_size(value));
        return;
    }
    if (schema_field_is_map(field)) {
        put_map(w, field, value, indent + STEP);
        return;
    }
    if (field->repeated && json_array_size(value) == 1 && field->type != SCHEMA_MESSAGE)
        value = json_array_get(value, 0);
    if (json_is_array(value)) {
        put_list(w, field, value, indent + STEP);
        return;
    }
    buffer text = {0};
    bool in_line = value_is_short(field) || field->type == SCHEMA_BYTES || !json_is_object(value);
    if (in_line)
        value_put(&text, field, value);
    else
        value_put_headline(&text, field->message, value);
    if (text.size) {
        size_t label = indent + strlen(field->name) + 1;
        put_padding(w, field, indent, column);
        put_text(w, &text, column > label ? column : label + 1);
    } else {
        buffer_append_byte(w->out, '\n');
    }
    if (!in_line)
        put_fields(w, field->message, value, indent + STEP, text.size > 0, false);
    buffer_fini(&text);
}

// An element's id says nothing where its headline does.
static bool is_shown(const schema_field *field, const json_t *object, bool below_headline)
{
    return value_of(object, field) &&
           !(below_headline && (value_in_headline(field) || strcmp(field->name, "id") == 0));
}

static bool is_in_line(const schema_field *field)
{
    return value_is_short(field) || (!field->repeated && field->type == SCHEMA_MESSAGE &&
                                     value_has_headline(field->message));
}

// started: the first field goes on in a line that is there already.
static void put_fields(writer *w, const schema_message *type, const json_t *object, size_t indent,
                       bool below_headline, bool started)
{
    if (!json_is_object(object) || type->well_known == SCHEMA_ANY) {
        buffer text = {0};
        char *json = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY);
        buffer_append_text(&text, json ? json : "");
        free(json);
        if (!started)
            put_indent(w, indent);
        put_text(w, &text, indent);
        buffer_fini(&text);
        return;
    }
    size_t widest = 0;
    for (size_t i = 0; i < type->field_count; i++) {
        const schema_field *field = type->declared[i];
        size_t size = strlen(field->name);
        if (is_shown(field, object, below_headline) && is_in_line(field) && size > widest)
            widest = size;
    }
    for (size_t i = 0; i < type->field_count; i++) {
        const schema_field *field = type->declared[i];
        if (!is_shown(field, object, below_headline))
            continue;
        if (!started)
            put_indent(w, indent);
        started = false;
        put_field(w, field, value_of(object, field), indent, indent + widest + 2);
    }
    if (started)
        buffer_append_byte(w->out, '\n');
}

void tree_write(const schema_message *type, const json_t *object, size_t width, bool color,
                const char *const *folded, buffer *out)
{
    writer w = {out, width > WIDEST ? WIDEST : width, color, folded};
    put_fields(&w, type, object, 0, false, false);
}
