#include "schema/fieldpath.h"

#include "base/pbwire.h"
#include "schema/json_text.h"
#include "schema/suggest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static nrpc_code refuse(nrpc_status *status, const char *path, const char *text, size_t size,
                        const char *near, const char *what)
{
    char whole[JSON_QUOTE_SIZE], segment[JSON_QUOTE_SIZE];
    json_quote(path, strlen(path), whole);
    json_quote(text, size, segment);
    nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "INVALID_FIELD_PATH",
                    "field path %s: segment %s %s%s%s%s", whole, segment, what,
                    near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    nrpc_status_add(status, "path", "%s", whole);
    nrpc_status_add(status, "segment", "%s", segment);
    if (near)
        nrpc_status_add(status, "suggestion", "%s", near);
    return NRPC_INVALID_ARGUMENT;
}

static bool is_plain(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    return size > 0;
}

// The segment at text, and in *next what follows its dot, NULL at the end. False if malformed;
// then the segment holds what is wrong.
static bool split(const char *text, fieldpath_segment *segment, bool *quoted, const char **next)
{
    *quoted = text[0] == '`';
    size_t n = *quoted ? strcspn(text + 1, "`") : strcspn(text, ".");
    *segment = (fieldpath_segment){.text = text + *quoted, .size = n};
    const char *end = text + *quoted + n;
    if (*quoted && (!n || *end++ != '`'))
        return false;
    if (!*quoted && !is_plain(text, n))
        return false;
    *next = *end == '.' ? end + 1 : NULL;
    return !*end || *end == '.';
}

// proto names only: JSON names do not stand in paths.
static const schema_field *field_named(const schema_message *type, const fieldpath_segment *s)
{
    const schema_field *f = schema_message_field(type, s->text, s->size);
    return f && strlen(f->name) == s->size && memcmp(f->name, s->text, s->size) == 0 ? f : NULL;
}

static const schema_field *id_of(const schema_message *type)
{
    const schema_field *id = schema_message_field(type, "id", 2);
    return id && id->type == SCHEMA_STRING && !id->repeated ? id : NULL;
}

// Whether text is as a map's key is printed, so that each key has one path.
static bool is_key(const schema_field *key, const fieldpath_segment *s)
{
    bool negative;
    uint64_t magnitude;
    if (key->type == SCHEMA_STRING)
        return true;
    if (key->type == SCHEMA_BOOL)
        return (s->size == 4 && memcmp(s->text, "true", 4) == 0) ||
               (s->size == 5 && memcmp(s->text, "false", 5) == 0);
    return strspn(s->text, "-0123456789") >= s->size &&
           json_number_integer(s->text, s->size, &negative, &magnitude) == JSON_NUMBER_OK;
}

nrpc_code fieldpath_resolve(const schema_message *type, const char *path, fieldpath *out,
                            nrpc_status *status)
{
    *out = (fieldpath){0};
    for (const char *next = path; next;) {
        fieldpath_segment *s = &out->segments[out->count];
        const schema_field *list = out->field && !out->element && out->field->repeated
                                       ? out->field
                                       : NULL; // this segment names an element of it
        fieldpath_segment read;
        bool quoted;
        if (!split(next, &read, &quoted, &next))
            return refuse(status, path, read.text, read.size, NULL,
                          read.size ? "is malformed" : "is empty");
        if (out->count == FIELDPATH_MAX)
            return refuse(status, path, read.text, read.size, NULL, "is one too many");
        if (!type)
            return refuse(status, path, read.text, read.size, NULL,
                          list ? "would name an element of a list that has no ids"
                               : "stands behind a field that is no message");
        *s = read;
        out->count++;
        out->element = list != NULL;
        if (list && type->map_entry) {
            const schema_field *mapped = &type->fields[1];
            if (!is_key(&type->fields[0], s))
                return refuse(status, path, s->text, s->size, NULL, "is no key of the map");
            type = mapped->message;
            continue;
        }
        if (list) {
            if (!id_of(type))
                return refuse(status, path, s->text, s->size, NULL,
                              "would name an element of a list whose elements have no id");
            continue;
        }
        s->field = quoted ? NULL : field_named(type, s);
        if (!s->field) {
            char what[SCHEMA_MAX_NAME + 32];
            suggestion near = suggest_begin(s->text, s->size);
            for (size_t i = 0; i < type->field_count; i++)
                suggest_offer(&near, type->fields[i].name);
            snprintf(what, sizeof what, "is no field of %s", type->full_name);
            return refuse(status, path, s->text, s->size, near.best, what);
        }
        out->field = s->field;
        type = s->field->message;
    }
    return NRPC_OK;
}

enum found { MALFORMED, NO_ELEMENT, UNSET, SET };

typedef struct finder {
    const fieldpath *path;
    size_t deepest; // the element furthest down the path that was looked for in vain
} finder;

static enum found better(enum found a, enum found b)
{
    if (a == MALFORMED || b == MALFORMED)
        return MALFORMED;
    return a > b ? a : b;
}

// The last occurrence of a field in a message. False if the message is malformed.
static bool last_of(const uint8_t *data, size_t size, const schema_field *field, pbwire_field *out)
{
    static const uint8_t nothing[1];
    pbwire_reader r = pbwire_read(data, size);
    pbwire_field f;
    *out = (pbwire_field){.data = nothing};
    while (pbwire_next(&r, &f))
        if (f.number == field->number && f.type == schema_wire_type(field->type))
            *out = f;
    return pbwire_done(&r);
}

static bool same_text(const fieldpath_segment *s, const void *text, size_t size)
{
    return s->size == size && memcmp(s->text, text, size) == 0;
}

// Whether the value of an id or key field is what the segment says.
static bool matches(const fieldpath_segment *s, const schema_field *key, const pbwire_field *v)
{
    char text[JSON_NUMBER_SIZE];
    uint64_t zigzag = v->value >> 1 ^ (0 - (v->value & 1));
    switch (key->type) {
    case SCHEMA_STRING:
        return same_text(s, v->data, v->size);
    case SCHEMA_BOOL:
        snprintf(text, sizeof text, "%s", v->value ? "true" : "false");
        break;
    case SCHEMA_UINT64:
    case SCHEMA_FIXED64:
        snprintf(text, sizeof text, "%" PRIu64, v->value);
        break;
    case SCHEMA_UINT32:
    case SCHEMA_FIXED32:
        snprintf(text, sizeof text, "%" PRIu32, (uint32_t)v->value);
        break;
    case SCHEMA_INT64:
    case SCHEMA_SFIXED64:
        snprintf(text, sizeof text, "%" PRId64, (int64_t)v->value);
        break;
    case SCHEMA_SINT64:
        snprintf(text, sizeof text, "%" PRId64, (int64_t)zigzag);
        break;
    case SCHEMA_SINT32:
        snprintf(text, sizeof text, "%" PRId32, (int32_t)(uint32_t)zigzag);
        break;
    default: // int32, sfixed32
        snprintf(text, sizeof text, "%" PRId32, (int32_t)(uint32_t)v->value);
        break;
    }
    return same_text(s, text, strlen(text));
}

// Whether this value alone makes its field set.
static enum found set_by(const schema_field *field, const pbwire_field *v)
{
    bool empty = v->type == PBWIRE_BYTES ? !v->size : !v->value;
    if (field->presence)
        return SET;
    if (field->repeated) // of numbers, an empty packed run adds nothing
        return schema_wire_type(field->type) != PBWIRE_BYTES && v->type == PBWIRE_BYTES && empty
                   ? UNSET
                   : SET;
    return empty ? UNSET : SET;
}

// What the segments from `at` on find in a message.
static enum found find(finder *w, size_t at, const uint8_t *data, size_t size)
{
    const fieldpath *path = w->path;
    const schema_field *field = path->segments[at].field;
    uint8_t wire_type = schema_wire_type(field->type);
    bool element = at + 1 < path->count && field->repeated;
    size_t behind = at + 1 + element; // the next field
    enum found result = element ? NO_ELEMENT : UNSET;
    pbwire_reader r = pbwire_read(data, size);
    pbwire_field f, id;
    while (pbwire_next(&r, &f)) {
        if (f.number != field->number ||
            (f.type != wire_type && !(field->repeated && f.type == PBWIRE_BYTES)))
            continue;
        enum found here;
        if (element) {
            bool map = field->message->map_entry;
            const schema_field *key = map ? &field->message->fields[0] : id_of(field->message);
            if (!last_of(f.data, f.size, key, &id))
                return MALFORMED;
            if (!matches(&path->segments[at + 1], key, &id))
                continue;
            here = SET;
            if (behind < path->count) {
                pbwire_field inner = f;
                if (map && !last_of(f.data, f.size, &field->message->fields[1], &inner))
                    return MALFORMED;
                here = find(w, behind, inner.data, inner.size);
            }
        } else if (behind < path->count) {
            here = find(w, behind, f.data, f.size);
        } else {
            here = set_by(field, &f);
        }
        // Submessages merge and lists add up, but the last scalar wins.
        result =
            behind == path->count && !element && !field->repeated ? here : better(result, here);
        if (result == MALFORMED)
            return MALFORMED;
    }
    if (!pbwire_done(&r))
        return MALFORMED;
    if (element && result == NO_ELEMENT && at + 1 > w->deepest)
        w->deepest = at + 1;
    return result;
}

nrpc_code fieldpath_find(const fieldpath *path, const void *data, size_t size, bool *set,
                         nrpc_status *status)
{
    finder w = {.path = path};
    const schema_message *type = path->segments[0].field->parent;
    enum found found = find(&w, 0, data, size);
    *set = found == SET;
    if (found == MALFORMED)
        return nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "MALFORMED_MESSAGE",
                               "the bytes are no %s", type->full_name);
    if (found != NO_ELEMENT)
        return NRPC_OK;
    const fieldpath_segment *s = &path->segments[w.deepest];
    const char *start = path->segments[0].text;
    char segment[JSON_QUOTE_SIZE], until[JSON_QUOTE_SIZE];
    json_quote(s->text, s->size, segment);
    json_quote(start, (size_t)(s->text + s->size - start), until);
    nrpc_status_set(status, NRPC_NOT_FOUND, "ELEMENT_NOT_FOUND", "%s: no element is called %s",
                    until, segment);
    nrpc_status_add(status, "path", "%s", until);
    nrpc_status_add(status, "segment", "%s", segment);
    return NRPC_NOT_FOUND;
}
