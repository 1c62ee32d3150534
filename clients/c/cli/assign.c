#include "assign.h"

#include "request.h"
#include "schema/fieldpath.h"
#include "schema/suggest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *fail(const schema_field *field, const char *expected, const char *text,
                    nrpc_status *status)
{
    nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "WRONG_TYPE", "%s: expected %s, not \"%.200s\"",
                    field->name, expected, text);
    nrpc_status_add(status, "field", "%s", field->full_name);
    return NULL;
}

static json_t *number_of(const schema_field *field, const char *text, nrpc_status *status)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (json_is_number(value))
        return value;
    json_decref(value);
    return fail(field, "a number", text, status);
}

static json_t *truth_of(const schema_field *field, const char *text, nrpc_status *status)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0)
        return json_true();
    if (strcmp(text, "false") == 0 || strcmp(text, "no") == 0)
        return json_false();
    return fail(field, "yes or no", text, status);
}

// "ZONE_STAGE_OPERATING" of "operating": the prefix is that of the value for 0.
static json_t *enum_of(const schema_field *field, const char *text, nrpc_status *status)
{
    const schema_enum *type = field->enumeration;
    const schema_enum_value *zero = schema_enum_by_number(type, 0);
    const char *end = zero ? strstr(zero->name, "UNSPECIFIED") : NULL;
    size_t prefix = end ? (size_t)(end - zero->name) : 0;
    char typed[128];
    snprintf(typed, sizeof(typed), "%s", text);
    for (char *c = typed; *c; c++)
        *c = *c == ' ' || *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    suggestion near = suggest_begin(typed, strlen(typed));
    for (size_t i = 0; i < type->value_count; i++) {
        const char *name = type->values[i].name;
        const char *rest = strlen(name) > prefix ? name + prefix : name;
        if (strcmp(name, typed) == 0 || strcmp(rest, typed) == 0)
            return json_string(name);
        suggest_offer(&near, rest);
    }
    nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "UNKNOWN_ENUM_VALUE",
                    "%s: there is no \"%.100s\"%s%s%s", field->name, text,
                    near.best ? "; did you mean " : "", near.best ? near.best : "",
                    near.best ? "?" : "");
    return NULL;
}

static json_t *message_of(const schema_field *field, const char *text, nrpc_status *status)
{
    const char *type = field->message->full_name;
    if (strcmp(type, "google.type.Date") == 0 && text[0] != '{') {
        json_t *date = request_date(text);
        return date ? date : fail(field, "a date such as 2023-11-01", text, status);
    }
    if (strcmp(type, "google.type.Decimal") == 0 && text[0] != '{')
        return json_pack("{s:s}", "value", text);
    json_t *value = json_loads(text, 0, NULL);
    if (json_is_object(value))
        return value;
    json_decref(value);
    return fail(field, "a JSON object", text, status);
}

static json_t *one_of(const schema_field *field, const char *text, nrpc_status *status)
{
    switch (field->type) {
    case SCHEMA_STRING:
    case SCHEMA_BYTES: {
        json_t *value = json_string(text);
        return value ? value : fail(field, "text in UTF-8", text, status);
    }
    case SCHEMA_ENUM:
        return enum_of(field, text, status);
    case SCHEMA_BOOL:
        return truth_of(field, text, status);
    case SCHEMA_MESSAGE:
        return message_of(field, text, status);
    default:
        return number_of(field, text, status);
    }
}

// JSON, or items between commas.
static json_t *list_of(const schema_field *field, const char *text, nrpc_status *status)
{
    json_t *list = json_loads(text, 0, NULL);
    if (json_is_array(list))
        return list;
    json_decref(list);
    if (field->type == SCHEMA_MESSAGE || text[0] == '[')
        return fail(field, "a JSON list", text, status);
    list = json_array();
    while (*text && !status->code) {
        size_t size = strcspn(text, ",");
        char *item = strndup(text, size);
        json_t *value = item ? one_of(field, item, status) : NULL;
        if (value)
            json_array_append_new(list, value);
        free(item);
        text += size + (text[size] == ',');
    }
    if (!status->code)
        return list;
    json_decref(list);
    return NULL;
}

// The element of a list with this id, made if need be.
static json_t *element_of(json_t *list, const char *id, size_t size)
{
    size_t i;
    json_t *element;
    json_array_foreach(list, i, element)
    {
        const char *has = json_string_value(json_object_get(element, "id"));
        if (has && strlen(has) == size && memcmp(has, id, size) == 0)
            return element;
    }
    element = json_object();
    json_object_set_new(element, "id", json_stringn(id, size));
    json_array_append_new(list, element);
    return element;
}

static json_t *member_of(json_t *object, const schema_field *field)
{
    json_t *value = json_object_get(object, field->json_name);
    if (!value)
        value = json_object_get(object, field->name); // as --data may have it
    if (value)
        return value;
    value = field->repeated ? json_array() : json_object();
    json_object_set_new(object, field->json_name, value);
    return value;
}

static nrpc_code set_value(json_t *object, const schema_field *field, const char *text,
                           nrpc_status *status)
{
    json_t *value = (field->repeated ? list_of : one_of)(field, text, status);
    if (value) {
        if (strcmp(field->name, field->json_name) != 0)
            json_object_del(object, field->name); // as --data may have it
        json_object_set_new(object, field->json_name, value);
    }
    return status->code;
}

// A whole element of a list.
static nrpc_code set_element(json_t *element, const schema_field *field, const char *text,
                             nrpc_status *status)
{
    json_t *value = message_of(field, text, status);
    if (value)
        json_object_update(element, value);
    json_decref(value);
    return status->code;
}

nrpc_code assign_field(const schema_message *type, json_t *object, const char *assignment,
                       size_t *path_size, nrpc_status *status)
{
    *path_size = strcspn(assignment, "=");
    const char *text = assignment + *path_size;
    if (*text != '=' || !*path_size)
        return nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "INVALID_FIELD_PATH",
                               "--set is PATH=VALUE, not %.200s", assignment);
    text++;
    char *path = strndup(assignment, *path_size);
    fieldpath resolved;
    if (!path)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    if (!fieldpath_resolve(type, path, &resolved, status) && *text) {
        for (size_t i = 0; i < resolved.count; i++) {
            const fieldpath_segment *segment = &resolved.segments[i];
            const schema_field *field = segment->field;
            if (i + 1 == resolved.count) {
                set_value(object, field, text, status);
                break;
            }
            object = member_of(object, field);
            if (!field->repeated)
                continue;
            segment = &resolved.segments[++i];
            object = element_of(object, segment->text, segment->size);
            if (i + 1 == resolved.count)
                set_element(object, field, text, status);
        }
    }
    free(path);
    return status->code;
}
