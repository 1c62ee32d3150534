#include "registry/names.h"

#include "schema/suggest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

bool name_is_id(const char *text, size_t size)
{
    if (size < 1 || size > NAME_MAX_ID || !(lower(text[0]) || digit(text[0])))
        return false;
    for (size_t i = 1; i < size; i++)
        if (!lower(text[i]) && !digit(text[i]) && text[i] != '_' && text[i] != '-')
            return false;
    return true;
}

bool name_is_code(const char *text, size_t size)
{
    return name_is_id(text, size) && lower(text[0]) && !memchr(text, '-', size);
}

nrpc_code name_violate(nrpc_status *status, const char *field, const char *reason,
                       const char *value, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text;
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    bool first = !status->code;
    nrpc_status_violate(status, field, reason, "%s", text ? text : "");
    free(text);
    if (first) {
        nrpc_status_add(status, "field", "%s", field);
        nrpc_status_add(status, "violation", "%s", reason);
        if (value)
            nrpc_status_add(status, "value", "%.256s", value);
    }
    return status->code;
}

enum { MAX_SEGMENTS = 5 };

typedef struct segments {
    const char *text[MAX_SEGMENTS];
    size_t size[MAX_SEGMENTS];
    size_t count; // MAX_SEGMENTS: that many or more
} segments;

static segments split(const char *text, size_t size)
{
    segments s = {0};
    const char *end = text + size;
    while (s.count < MAX_SEGMENTS) {
        const char *slash = memchr(text, '/', (size_t)(end - text));
        s.text[s.count] = text;
        s.size[s.count++] = (size_t)((slash ? slash : end) - text);
        if (!slash)
            break;
        text = slash + 1;
    }
    return s;
}

static bool is(const segments *s, size_t i, const char *word)
{
    return s->size[i] == strlen(word) && !memcmp(s->text[i], word, s->size[i]);
}

static bool id_of(const resource_type *type, const segments *s, size_t i)
{
    return type->id_is_code ? name_is_code(s->text[i], s->size[i])
                            : name_is_id(s->text[i], s->size[i]);
}

// The position of the first segment that does not fit; SIZE_MAX if all do.
static size_t misfit(const resource_type *type, const segments *s)
{
    size_t i = 0, expected = type->parent_collection ? 4 : 2;
    if (type->parent_collection) {
        if (s->count < 1 || !is(s, 0, type->parent_collection))
            return 0;
        if (s->count < 2 || !id_of(type, s, 1))
            return 1;
        i = 2;
    }
    if (s->count <= i || !is(s, i, type->collection))
        return i;
    if (s->count <= i + 1 || !id_of(type, s, i + 1))
        return i + 1;
    return s->count > expected ? expected : SIZE_MAX;
}

// The same text with its collections mended, if they are near to those of the type.
static bool mended(const resource_type *type, const segments *s, char *out, size_t size)
{
    const char *words[2] = {type->collection, NULL};
    if (type->parent_collection) {
        words[0] = type->parent_collection;
        words[1] = type->collection;
    }
    size_t expected = words[1] ? 4 : 2;
    if (s->count != expected)
        return false;
    for (size_t i = 0; i < expected; i += 2) {
        suggestion found = suggest_begin(s->text[i], s->size[i]);
        suggest_offer(&found, words[i / 2]);
        if ((!found.best && !is(s, i, words[i / 2])) || !id_of(type, s, i + 1))
            return false;
    }
    if (words[1])
        snprintf(out, size, "%s/%.*s/%s/%.*s", words[0], (int)s->size[1], s->text[1], words[1],
                 (int)s->size[3], s->text[3]);
    else
        snprintf(out, size, "%s/%.*s", words[0], (int)s->size[1], s->text[1]);
    return true;
}

static const char *id_rule(const resource_type *type)
{
    return type->id_is_code ? "[a-z][a-z0-9_]{0,62}" : "[a-z0-9][a-z0-9_-]{0,62}";
}

static nrpc_code refuse(const resource_type *type, const char *text, const segments *s,
                        const char *field, nrpc_status *status)
{
    char guess[2 * NAME_MAX_SIZE] = "";
    bool near = mended(type, s, guess, sizeof guess);
    bool first = !status->code;
    if (!*text)
        name_violate(status, field, "REQUIRED", text, "is required: the name of a %s, %s",
                     type->noun, type->pattern);
    else
        name_violate(status, field, "NAME_MALFORMED", text,
                     "'%.256s' is not the name of a %s: %s, with ids of the form %s%s%s%s", text,
                     type->noun, type->pattern, id_rule(type), near ? "; did you mean '" : "",
                     guess, near ? "'?" : "");
    if (first) {
        nrpc_status_add(status, "expected", "%s", type->pattern);
        if (near)
            nrpc_status_add(status, "suggestion", "%s", guess);
    }
    return status->code;
}

static bool parse_revision(const char *text, int64_t *out)
{
    if (text[0] < '1' || text[0] > '9')
        return false;
    int64_t value = 0;
    for (; *text; text++) {
        if (!digit(*text) || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *text - '0', &value))
            return false;
    }
    *out = value;
    return true;
}

static void fill(const resource_type *type, const char *text, size_t size, const segments *s,
                 resource_name *out)
{
    out->type = type;
    out->size = size;
    out->revision = 0;
    out->parent_size = type->parent_collection ? (size_t)(s->text[1] + s->size[1] - s->text[0]) : 0;
    memcpy(out->text, text, size);
    out->text[size] = '\0';
}

const resource_type *name_type(const resource_type *types, const char *text)
{
    size_t size = strlen(text);
    segments s = split(text, size);
    for (int kind = 0; kind < RESOURCE_KINDS && size <= NAME_MAX_SIZE; kind++)
        if (misfit(&types[kind], &s) == SIZE_MAX)
            return &types[kind];
    return NULL;
}

nrpc_code name_parse(const resource_type *type, const char *text, const char *field,
                     bool with_revision, resource_name *out, nrpc_status *status)
{
    const char *at = strchr(text, '@');
    size_t size = at ? (size_t)(at - text) : strlen(text);
    segments s = split(text, size);
    if (size > NAME_MAX_SIZE || misfit(type, &s) != SIZE_MAX)
        return refuse(type, text, &s, field, status);
    fill(type, text, size, &s, out);
    if (!at)
        return NRPC_OK;
    if (!with_revision)
        return name_violate(status, field, "REVISION_NOT_ALLOWED", text,
                            "'%.256s' has a revision, which is not allowed here", text);
    if (!parse_revision(at + 1, &out->revision))
        return name_violate(status, field, "REVISION_MALFORMED", text,
                            "'%.256s': behind '@' a revision is expected, a decimal number from 1 "
                            "on",
                            text);
    return NRPC_OK;
}

nrpc_code name_parse_any(const resource_type *types, unsigned kinds, const char *text,
                         const char *field, resource_name *out, nrpc_status *status)
{
    size_t size = strlen(text);
    segments s = split(text, size);
    const resource_type *only = NULL, *nearest = NULL;
    char guess[2 * NAME_MAX_SIZE];
    size_t count = 0;
    for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
        const resource_type *type = &types[kind];
        if (!(kinds & 1u << kind))
            continue;
        if (size <= NAME_MAX_SIZE && misfit(type, &s) == SIZE_MAX) {
            fill(type, text, size, &s, out);
            return NRPC_OK;
        }
        only = type;
        count++;
        if (!nearest && mended(type, &s, guess, sizeof guess))
            nearest = type;
    }
    if (count == 1 || nearest)
        return refuse(nearest ? nearest : only, text, &s, field, status);
    return name_violate(status, field, "NAME_MALFORMED", text,
                        "'%.256s' is not the name of a resource, such as zones/{zone} or "
                        "zones/{zone}/events/{event}",
                        text);
}

nrpc_code name_parse_parent(const resource_type *type, const char *text, const char *field,
                            parent_name *out, nrpc_status *status)
{
    size_t size = strlen(text);
    segments s = split(text, size);
    out->text = text;
    out->all = s.count == 2 && s.size[1] == 1 && *s.text[1] == '-';
    if (s.count == 2 && is(&s, 0, type->parent_collection) && (out->all || id_of(type, &s, 1)))
        return NRPC_OK;
    bool first = !status->code;
    if (!size)
        name_violate(status, field, "REQUIRED", text, "is required: %s/{id}, or %s/- for all",
                     type->parent_collection, type->parent_collection);
    else
        name_violate(status, field, "NAME_MALFORMED", text,
                     "'%.256s' is not the parent of %s: %s/{id} with an id of the form %s, or %s/- "
                     "for all",
                     text, type->collection, type->parent_collection, id_rule(type),
                     type->parent_collection);
    if (first)
        nrpc_status_add(status, "expected", "%s/{id}", type->parent_collection);
    return status->code;
}
