#include "value.h"

#include "base/macros.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What a message is in a phrase: main fields, with blanks between them, and others in parentheses
// behind them.
typedef struct headline {
    const char *type;
    const char *main[4];
    const char *others[5];
} headline;

static const headline headlines[] = {
    {"google.type.Decimal", {"value"}, {0}},
    {"ftz.v1.Name", {"text"}, {"language_code", "kind", "start_date", "end_date"}},
    {"ftz.v1.Tag", {"label"}, {"code"}},
    {"ftz.v1.Industry", {"label"}, {"code", "tier"}},
    {"ftz.v1.Quantity", {"bound", "value", "unit"}, {"label", "measure", "nature"}},
    {"ftz.v1.Citation", {"path", "stance"}, {"locator", "verification"}},
    {"ftz.v1.Remark", {"text"}, {"kind", "locator"}},
    {"ftz.v1.Identifier", {"value"}, {"kind"}},
    {"ftz.v1.Relation", {"resource"}, {"kind", "label"}},
    {"ftz.v1.StatedValue", {"bound", "text", "number", "date"}, {0}},
};

static const headline *find_headline(const schema_message *type)
{
    for (size_t i = 0; i < ARRAY_LEN(headlines); i++)
        if (strcmp(headlines[i].type, type->full_name) == 0)
            return &headlines[i];
    return NULL;
}

const json_t *value_of(const json_t *object, const schema_field *field)
{
    return json_object_get(object, field->json_name);
}

static bool is_date(const schema_message *type)
{
    return strcmp(type->full_name, "google.type.Date") == 0;
}

static bool is_scalar_message(const schema_message *type)
{
    return is_date(type) || type->well_known == SCHEMA_TIMESTAMP ||
           type->well_known == SCHEMA_DURATION || type->well_known == SCHEMA_FIELD_MASK;
}

bool value_has_headline(const schema_message *type)
{
    return find_headline(type) != NULL;
}

bool value_is_short(const schema_field *field)
{
    if (field->type != SCHEMA_MESSAGE)
        return field->type != SCHEMA_BYTES;
    return is_scalar_message(field->message) ||
           strcmp(field->message->full_name, "google.type.Decimal") == 0;
}

bool value_is_number(const schema_field *field)
{
    if (field->repeated)
        return false;
    if (field->type == SCHEMA_MESSAGE)
        return strcmp(field->message->full_name, "google.type.Decimal") == 0;
    return field->type != SCHEMA_STRING && field->type != SCHEMA_BYTES &&
           field->type != SCHEMA_ENUM && field->type != SCHEMA_BOOL;
}

// The shortest digits that give the same double back.
static void put_real(buffer *out, double value)
{
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buffer_append_text(out, text);
}

static void put_date(buffer *out, const json_t *date)
{
    long long year = json_integer_value(json_object_get(date, "year"));
    long long month = json_integer_value(json_object_get(date, "month"));
    long long day = json_integer_value(json_object_get(date, "day"));
    if (year)
        buffer_printf(out, "%04lld", year);
    else
        buffer_append_text(out, "--");
    if (month)
        buffer_printf(out, "-%02lld", month);
    if (month && day)
        buffer_printf(out, "-%02lld", day);
}

// "NAME_KIND_OFFICIAL" of NameKind: "official".
static void put_enum(buffer *out, const schema_enum *type, const char *name)
{
    const char *rest = name;
    for (const char *t = type->name; *t && rest; t++) {
        if (t != type->name && isupper((unsigned char)*t) && *rest == '_')
            rest++;
        rest = toupper((unsigned char)*t) == *rest ? rest + 1 : NULL;
    }
    if (!rest || *rest != '_' || !rest[1])
        rest = name;
    else
        rest++;
    for (; *rest; rest++)
        buffer_append_byte(out, *rest == '_' ? ' ' : (uint8_t)tolower((unsigned char)*rest));
}

static void put_json(buffer *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    buffer_append_text(out, text ? text : "");
    free(text);
}

// As value.h: value_put, value_put_codes, value_put_plain.
typedef enum style { PHRASE, CODES, PLAIN } style;

static void put_one(buffer *out, const schema_field *field, const json_t *value, style how)
{
    bool plain = how == PLAIN;
    if (json_is_string(value) && field->type == SCHEMA_ENUM && !plain)
        put_enum(out, field->enumeration, json_string_value(value));
    else if (json_is_string(value))
        buffer_append(out, json_string_value(value), json_string_length(value));
    else if (json_is_real(value))
        put_real(out, json_real_value(value));
    else if (json_is_boolean(value))
        buffer_append_text(out, json_is_true(value) ? (plain ? "true" : "yes")
                                                    : (plain ? "false" : "no"));
    else if (field->type == SCHEMA_MESSAGE && is_date(field->message))
        put_date(out, value);
    else if (field->type != SCHEMA_MESSAGE)
        put_json(out, value);
    else if (how != PHRASE && json_is_string(json_object_get(value, "code")))
        buffer_append_text(out, json_string_value(json_object_get(value, "code")));
    else if (!value_put_headline(out, field->message, value))
        put_json(out, value);
}

static void put_all(buffer *out, const schema_field *field, const json_t *value, style how)
{
    if (!json_is_array(value)) {
        put_one(out, field, value, how);
        return;
    }
    size_t i;
    const json_t *element;
    json_array_foreach(value, i, element)
    {
        if (i)
            buffer_append_text(out, how == PLAIN ? "; " : ", ");
        put_one(out, field, element, how);
    }
}

void value_put(buffer *out, const schema_field *field, const json_t *value)
{
    put_all(out, field, value, PHRASE);
}

void value_put_codes(buffer *out, const schema_field *field, const json_t *value)
{
    put_all(out, field, value, CODES);
}

void value_put_plain(buffer *out, const schema_field *field, const json_t *value)
{
    put_all(out, field, value, PLAIN);
}

static size_t put_fields(buffer *out, const schema_message *type, const json_t *object,
                         const char *const *names, size_t count, const char *before,
                         const char *between)
{
    size_t written = 0;
    for (size_t i = 0; i < count && names[i]; i++) {
        const schema_field *field = schema_message_field(type, names[i], strlen(names[i]));
        const json_t *value = field ? value_of(object, field) : NULL;
        if (!value)
            continue;
        buffer_append_text(out, written++ ? between : before);
        value_put(out, field, value);
    }
    return written;
}

bool value_put_headline(buffer *out, const schema_message *type, const json_t *object)
{
    const headline *h = find_headline(type);
    if (!h)
        return false;
    if (put_fields(out, type, object, h->main, ARRAY_LEN(h->main), "", " "))
        return put_fields(out, type, object, h->others, ARRAY_LEN(h->others), " (", ", ") == 0 ||
               buffer_append_byte(out, ')');
    return put_fields(out, type, object, h->others, ARRAY_LEN(h->others), "", ", ") > 0;
}

static bool has_name(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count && names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

bool value_in_headline(const schema_field *field)
{
    const headline *h = find_headline(field->parent);
    return h && (has_name(h->main, ARRAY_LEN(h->main), field->name) ||
                 has_name(h->others, ARRAY_LEN(h->others), field->name));
}
