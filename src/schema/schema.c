#include "schema/schema.h"

#include "base/pbwire.h"
#include "schema/schema_private.h"
#include "schema/suggest.h"

#include <stdlib.h>
#include <string.h>

void schema_free(schema *pool)
{
    if (!pool)
        return;
    arena_fini(&pool->memory);
    free(pool);
}

int schema_name_compare(const char *a, size_t a_size, const char *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

const schema_symbol *schema_symbols(const schema *pool, size_t *count)
{
    *count = pool->symbol_count;
    return pool->symbols;
}

const schema_file *schema_files(const schema *pool, size_t *count)
{
    *count = pool->file_count;
    return pool->files;
}

static const schema_symbol *find_exact(const schema *pool, const char *name, size_t size)
{
    size_t low = 0, high = pool->symbol_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const schema_symbol *s = &pool->symbols[middle];
        int order = schema_name_compare(name, size, s->name, strlen(s->name));
        if (!order)
            return s;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const schema_symbol *schema_find_n(const schema *pool, const char *name, size_t size)
{
    if (size && name[0] == '.') {
        name++;
        size--;
    }
    const char *slash = size ? memchr(name, '/', size) : NULL;
    if (!slash)
        return find_exact(pool, name, size);
    char dotted[SCHEMA_MAX_NAME + 1];
    if (size > SCHEMA_MAX_NAME)
        return NULL;
    memcpy(dotted, name, size);
    dotted[slash - name] = '.';
    const schema_symbol *s = find_exact(pool, dotted, size);
    return s && s->kind == SCHEMA_KIND_METHOD &&
                   (size_t)(slash - name) == strlen(s->method->service->full_name)
               ? s
               : NULL;
}

const schema_symbol *schema_find(const schema *pool, const char *name)
{
    return schema_find_n(pool, name, strlen(name));
}

const schema_message *schema_find_message(const schema *pool, const char *name)
{
    const schema_symbol *s = schema_find(pool, name);
    return s && s->kind == SCHEMA_KIND_MESSAGE ? s->message : NULL;
}

const schema_enum *schema_find_enum(const schema *pool, const char *name)
{
    const schema_symbol *s = schema_find(pool, name);
    return s && s->kind == SCHEMA_KIND_ENUM ? s->enumeration : NULL;
}

const schema_service *schema_find_service(const schema *pool, const char *name)
{
    const schema_symbol *s = schema_find(pool, name);
    return s && s->kind == SCHEMA_KIND_SERVICE ? s->service : NULL;
}

const schema_method *schema_find_method(const schema *pool, const char *name)
{
    const schema_symbol *s = schema_find(pool, name);
    return s && s->kind == SCHEMA_KIND_METHOD ? s->method : NULL;
}

const char *schema_suggest(const schema *pool, const char *name)
{
    suggestion s = suggest_begin(name, strlen(name));
    for (size_t i = 0; i < pool->symbol_count; i++)
        suggest_offer(&s, pool->symbols[i].name);
    return s.best;
}

const schema_field *schema_message_field(const schema_message *message, const char *name,
                                         size_t size)
{
    size_t low = 0, high = message->name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct schema_name *n = &message->names[middle];
        int order = schema_name_compare(name, size, n->text, n->size);
        if (!order)
            return n->field;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const schema_field *schema_message_number(const schema_message *message, uint32_t number)
{
    // Most messages number their fields 1, 2, 3...
    if (number - 1 < message->field_count && message->fields[number - 1].number == number)
        return &message->fields[number - 1];
    size_t low = 0, high = message->field_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const schema_field *f = &message->fields[middle];
        if (f->number == number)
            return f;
        if (number < f->number)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const schema_enum_value *schema_enum_by_name(const schema_enum *type, const char *name, size_t size)
{
    size_t low = 0, high = type->value_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const schema_enum_value *v = type->by_name[middle];
        int order = schema_name_compare(name, size, v->name, strlen(v->name));
        if (!order)
            return v;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const schema_enum_value *schema_enum_by_number(const schema_enum *type, int32_t number)
{
    size_t low = 0, high = type->number_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const schema_enum_value *v = type->by_number[middle];
        if (v->number == number)
            return v;
        if (number < v->number)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

uint8_t schema_wire_type(schema_type type)
{
    switch (type) {
    case SCHEMA_DOUBLE:
    case SCHEMA_FIXED64:
    case SCHEMA_SFIXED64:
        return PBWIRE_FIXED64;
    case SCHEMA_FLOAT:
    case SCHEMA_FIXED32:
    case SCHEMA_SFIXED32:
        return PBWIRE_FIXED32;
    case SCHEMA_STRING:
    case SCHEMA_BYTES:
    case SCHEMA_MESSAGE:
        return PBWIRE_BYTES;
    default:
        return PBWIRE_VARINT;
    }
}

const char *schema_type_name(schema_type type)
{
    static const char *const names[] = {
        "",        "double",   "float",    "int64",  "uint64",  "int32", "fixed64",
        "fixed32", "bool",     "string",   "group",  "message", "bytes", "uint32",
        "enum",    "sfixed32", "sfixed64", "sint32", "sint64",
    };
    return names[type];
}
