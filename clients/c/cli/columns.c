#include "columns.h"

#include "base/macros.h"
#include "resource_types.h"
#include "value.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

typedef struct message_columns {
    const char *message;
    resource_column columns[RESOURCE_MAX_COLUMNS];
} message_columns;

// Of messages that are no resources.
static const message_columns tables[] = {
    {"ftz.v1.SearchResult",
     {{"TYPE", "resource.*", 0},
      {"NAME", "resource.*.name", 0},
      {"SCORE", "score", 0},
      {"FIELD", "path", 0},
      {"MATCH", "fragment", 0}}},
    {"ftz.v1.TimelineEntry",
     {{"DATE", "date", 0},
      {"KIND", "kind", 0},
      {"TITLE", "title", 0},
      {"RESOURCE", "resource", 0},
      {"FIELD", "path", 0},
      {"DISPUTED", "disputed", 0}}},
    {"ftz.v1.FoundPower",
     {{"IN FORCE", "in_force", 0},
      {"EARLIEST", "earliest_start", 0},
      {"LATEST", "latest_start", 0},
      {"MATCH", "match", 0},
      {"REASON", "reason", 0},
      {"NAME", "power_delegation.name", 0},
      {"TITLE", "power_delegation.display_name", 0}}},
    {"ftz.v1.Change",
     {{"REVISION", "revision", 0},
      {"TIME", "change_time", 0},
      {"CHANGE", "type", 0},
      {"NAME", "name", 0},
      {"ACTOR", "actor", 0},
      {"FIELDS", "changed_fields", 0}}},
    {"ftz.v1.Doubt",
     {{"CODE", "code", 0},
      {"RESOURCE", "resource", 0},
      {"FIELD", "path", 0},
      {"MESSAGE", "message", 0}}},
};

static const resource_column *table_of(const schema_message *type)
{
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        if (strcmp(tables[i].message, type->full_name) == 0)
            return tables[i].columns;
    const resource_type *resource = resource_type_of(type->full_name);
    return resource ? resource->columns : NULL;
}

// The field a step of a path names; `*`: the member that the object has, or any if there is none.
static const schema_field *step(const schema_message *type, const char *path, size_t size,
                                const json_t *object)
{
    if (size != 1 || *path != '*')
        return schema_message_field(type, path, size);
    void *member = json_object_iter((json_t *)object); // only read
    const char *key = member ? json_object_iter_key(member) : NULL;
    return key ? schema_message_field(type, key, strlen(key)) : &type->fields[0];
}

static const schema_field *last_field(const schema_message *type, const char *path)
{
    for (;;) {
        size_t size = strcspn(path, ".");
        const schema_field *field = step(type, path, size, NULL);
        if (!field || !path[size])
            return field;
        if (!field->message)
            return NULL;
        type = field->message;
        path += size + 1;
    }
}

static bool ends_with_member(const char *path)
{
    return path[strlen(path) - 1] == '*';
}

static bool add(column *c, const schema_message *type, const char *title, const char *path,
                int segment, bool csv)
{
    const schema_field *field = last_field(type, path);
    if (!field)
        return false;
    *c = (column){.type = type, .path = path, .segment = segment};
    c->right = value_is_number(field) && !ends_with_member(path);
    snprintf(c->title, sizeof(c->title), "%s", title);
    for (char *letter = c->title; csv && *letter; letter++)
        *letter = *letter == ' ' ? '_' : (char)tolower((unsigned char)*letter);
    return true;
}

static bool has_code(const schema_field *field)
{
    return field->message && schema_message_field(field->message, "code", strlen("code"));
}

// What fits a cell: phrases, and lists of codes. JSON has everything.
static bool fits_cell(const schema_field *field)
{
    return value_is_short(field) || (field->repeated && has_code(field));
}

static size_t all_columns(const schema_message *type, size_t limit, column *out)
{
    size_t count = 0;
    for (size_t i = 0; i < type->field_count && count < limit; i++) {
        const schema_field *field = type->declared[i];
        if (fits_cell(field) && add(&out[count], type, field->name, field->name, 0, false))
            count++;
    }
    return count;
}

size_t columns_of(const schema_message *type, bool csv, column out[COLUMNS_MAX])
{
    const resource_column *chosen = table_of(type);
    if (!chosen || (csv && resource_type_of(type->full_name)))
        return all_columns(type, csv ? COLUMNS_MAX : RESOURCE_MAX_COLUMNS, out);
    size_t count = 0;
    for (size_t i = 0; i < RESOURCE_MAX_COLUMNS && chosen[i].field; i++)
        if (add(&out[count], type, chosen[i].title, chosen[i].field, chosen[i].segment, csv))
            count++;
    return count;
}

// "khorgos" of "zones/cn-xinjiang/areas/khorgos" is segment 4.
static void put_segment(buffer *out, const uint8_t *text, size_t size, int segment)
{
    const uint8_t *end = text + size;
    for (int i = 1; i < segment; i++) {
        const uint8_t *slash = memchr(text, '/', (size_t)(end - text));
        if (!slash)
            break;
        text = slash + 1;
    }
    const uint8_t *slash = memchr(text, '/', (size_t)(end - text));
    buffer_append(out, text, (size_t)((slash ? slash : end) - text));
}

void column_put(buffer *out, const column *c, const json_t *object, bool plain)
{
    const schema_message *type = c->type;
    const char *path = c->path;
    for (;;) {
        size_t size = strcspn(path, ".");
        const schema_field *field = step(type, path, size, object);
        const json_t *value = field ? value_of(object, field) : NULL;
        if (!value)
            return;
        if (path[size]) {
            type = field->message;
            object = value;
            path += size + 1;
        } else if (*path == '*') {
            buffer_append_text(out, field->name);
            return;
        } else if (c->segment) {
            put_segment(out, (const uint8_t *)json_string_value(value), json_string_length(value),
                        c->segment);
            return;
        } else {
            (plain ? value_put_plain : value_put_codes)(out, field, value);
            return;
        }
    }
}
