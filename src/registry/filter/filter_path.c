#include "base/macros.h"
#include "registry/filter/filter_private.h"
#include "registry/names.h"
#include "schema/suggest.h"

#include <string.h>

bool filter_step(filter_job *job, store_operand *operand, const char *name)
{
    const char **steps = arena_alloc(job->memory, (operand->step_count + 1) * sizeof *steps);
    if (!steps)
        return false;
    for (size_t i = 0; i < operand->step_count; i++)
        steps[i] = operand->steps[i];
    steps[operand->step_count++] = name;
    operand->steps = steps;
    return true;
}

static const schema_field *proto_field(const schema_message *message, const char *name, size_t size)
{
    const schema_field *f = schema_message_field(message, name, size);
    return f && strlen(f->name) == size && !memcmp(f->name, name, size) ? f : NULL;
}

static const char *near_field(const schema_message *message, const char *name, size_t size)
{
    const schema_field *json = schema_message_field(message, name, size);
    if (json)
        return json->name;
    suggestion s = suggest_begin(name, size);
    for (size_t i = 0; i < message->field_count; i++)
        suggest_offer(&s, message->fields[i].name);
    return s.best;
}

const schema_field *filter_find_field(filter_job *job, const schema_message *message,
                                      const char *name, size_t size, filter_span where)
{
    const schema_field *f = proto_field(message, name, size);
    if (!f)
        filter_fault(job, where, "UNKNOWN_FIELD", near_field(message, name, size),
                     "%s has no field '%.*s'", message->name, (int)(size < 256 ? size : 256), name);
    return f;
}

static bool is_named(const schema_message *message, const char *name)
{
    return !strcmp(message->full_name, name);
}

filter_type filter_type_of(const schema_field *field)
{
    switch (field->type) {
    case SCHEMA_STRING:
        return FILTER_STRING_VALUE;
    case SCHEMA_BOOL:
        return FILTER_BOOLEAN;
    case SCHEMA_ENUM:
        return FILTER_ENUM;
    case SCHEMA_DOUBLE:
    case SCHEMA_FLOAT:
        return FILTER_REAL;
    case SCHEMA_BYTES:
        return FILTER_OPAQUE;
    case SCHEMA_MESSAGE:
        return is_named(field->message, "google.type.Date")      ? FILTER_DATE
               : is_named(field->message, "google.type.Decimal") ? FILTER_DECIMAL
                                                                 : FILTER_MESSAGE;
    default:
        return FILTER_INTEGER;
    }
}

const char *filter_type_noun(filter_type type)
{
    static const char *const nouns[] = {
        [FILTER_STRING_VALUE] = "text",
        [FILTER_INTEGER] = "a whole number",
        [FILTER_REAL] = "a number",
        [FILTER_BOOLEAN] = "true or false",
        [FILTER_ENUM] = "an enum",
        [FILTER_DATE] = "a date",
        [FILTER_DECIMAL] = "a decimal number",
        [FILTER_TIME] = "a time",
        [FILTER_MESSAGE] = "a message",
        [FILTER_OPAQUE] = "opaque",
    };
    return nouns[type];
}

// The registry's own fields are columns of the store.
static const struct column {
    const char *field, *column; // NULL: kept nowhere
    filter_type type;
} columns[] = {
    {"name", "name", FILTER_STRING_VALUE},
    {"uid", "uid", FILTER_STRING_VALUE},
    {"etag", NULL, FILTER_OPAQUE},
    {"revision", "revision", FILTER_INTEGER},
    {"create_time", "create_time_us", FILTER_TIME},
    {"update_time", "update_time_us", FILTER_TIME},
    {"delete_time", "delete_time_us", FILTER_TIME},
    {"purge_time", "purge_time_us", FILTER_TIME},
};

static const struct column *column_of(const char *field)
{
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        if (!strcmp(columns[i].field, field))
            return &columns[i];
    return NULL;
}

// From a list, which *t names, to its elements: one if the segment is an id, else any. *used: it
// is an id.
static bool cross(filter_job *job, filter_target *t, const filter_segment *segment, bool *used)
{
    const schema_field *list = t->field;
    const char *text = segment->text.text;
    size_t size = segment->text.size;
    if (!list->message) {
        return filter_fault(job, segment->where, "UNKNOWN_FIELD", NULL,
                            "the elements of '%s' have no fields", list->name);
    }
    // A quoted segment is an id, even where a field is called so.
    *used = segment->text.quoted || !proto_field(list->message, text, size);
    const char *near = near_field(list->message, text, size);
    if (*used && !name_is_id(text, size))
        return filter_fault(job, segment->where, "UNKNOWN_FIELD", near,
                            "'%.256s' is neither a field of %s nor the id of an element", text,
                            list->message->name);
    if (*used && !segment->text.quoted && near)
        return filter_fault(job, segment->where, "UNKNOWN_FIELD", near,
                            "%s has no field '%s' (an id that reads like a field stands in "
                            "quotes)",
                            list->message->name, text);
    t->hops[t->hop_count++] = (filter_hop){t->operand, *used ? text : NULL};
    t->open |= !*used;
    t->operand = (store_operand){.source = STORE_ELEMENT};
    t->list = false;
    t->type = filter_type_of(list);
    t->message = list->message;
    if (*used)
        t->field = NULL;
    return true;
}

static bool is_leaf(const filter_target *t)
{
    return t->type != FILTER_MESSAGE && t->type != FILTER_DATE;
}

// One step further: to the field of this name.
static bool descend(filter_job *job, filter_target *t, const filter_segment *segment)
{
    const schema_message *message = t->message;
    const schema_field *f =
        filter_find_field(job, message, segment->text.text, segment->text.size, segment->where);
    if (!f || !filter_step(job, &t->operand, f->name))
        return false;
    t->field = f;
    t->list = f->repeated;
    t->type = filter_type_of(f);
    t->message = f->message;
    return true;
}

bool filter_resolve(filter_job *job, const filter_scope *scope, const filter_path *path,
                    filter_target *out)
{
    *out = (filter_target){.type = FILTER_MESSAGE, .message = scope->message};
    out->operand.source = scope->type ? STORE_DOCUMENT : STORE_ELEMENT;
    if (!scope->message)
        return filter_fault(job, path->where, "UNKNOWN_FIELD", NULL,
                            "the elements of '%s' have no fields; compare them as \"value\" or "
                            "NOT \"value\"",
                            scope->list->name);
    for (size_t i = 0; i < path->count; i++) {
        const filter_segment *segment = &path->segments[i];
        bool is_id = false;
        if (out->list) {
            out->outer = (filter_span){path->where.at, path->segments[i - 1].where.end};
            if (!cross(job, out, segment, &is_id))
                return false;
        }
        if (is_id)
            continue;
        if (is_leaf(out))
            return filter_fault(job, segment->where, "UNKNOWN_FIELD", NULL,
                                "'%s' is %s and has no fields", out->field->name,
                                filter_type_noun(out->type));
        if (!descend(job, out, segment))
            return false;
        const struct column *column = scope->type && i == 0 ? column_of(out->field->name) : NULL;
        if (column) {
            out->type = column->type;
            out->operand = (store_operand){.source = STORE_COLUMN};
            if (column->column && !filter_step(job, &out->operand, column->column))
                return false;
        }
    }
    return true;
}
