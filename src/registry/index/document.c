#include "registry/index/document.h"

#include "base/utf8.h"
#include "registry/date.h"
#include "registry/decimal.h"
#include "schema/json_text.h"
#include "schema/wirespan.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { MAX_FIELDS = 64, MAX_DEPTH = 64 };

typedef struct writer {
    buffer *out;
    uint64_t left_out; // fields of the root, by number
    unsigned depth;
} writer;

static bool put_message(writer *w, const schema_message *type, const wirespans *in);

// What becomes of a value: a document leaves out what is unset, and all of it fails with one part.
typedef enum outcome { FAILED, UNSET, WRITTEN } outcome;

static outcome written(const writer *w)
{
    return w->out->failed ? FAILED : WRITTEN;
}

static outcome put_real(writer *w, double value, bool single)
{
    char text[JSON_NUMBER_SIZE];
    if (!isfinite(value))
        return FAILED;
    if (value == 0)
        return UNSET;
    if (single)
        json_format_float((float)value, text);
    else
        json_format_double(value, text);
    buffer_append_text(w->out, text);
    return written(w);
}

static outcome put_string(writer *w, const uint8_t *text, size_t size)
{
    if (!size)
        return UNSET;
    if (memchr(text, 0, size) || !utf8_valid(text, size))
        return FAILED;
    json_put_string(w->out, text, size);
    return written(w);
}

static outcome put_scalar(writer *w, const schema_field *f, const pbwire_field *v)
{
    double real;
    float single;
    uint32_t low = (uint32_t)v->value;
    uint64_t value = wirespan_number(f->type, v->value);
    switch (f->type) {
    case SCHEMA_STRING:
        return put_string(w, v->data, v->size);
    case SCHEMA_BYTES:
        return UNSET;
    case SCHEMA_DOUBLE:
        memcpy(&real, &v->value, sizeof real);
        return put_real(w, real, false);
    case SCHEMA_FLOAT:
        memcpy(&single, &low, sizeof single);
        return put_real(w, (double)single, true);
    case SCHEMA_UINT64:
    case SCHEMA_FIXED64:
        if (value)
            buffer_printf(w->out, "%" PRIu64, value);
        break;
    default:
        if (value)
            buffer_append_int(w->out, (int64_t)value);
        break;
    }
    return value ? written(w) : UNSET;
}

static bool is_named(const schema_message *type, const char *name)
{
    return !strcmp(type->full_name, name);
}

// What stands before a member's value.
static void put_name(writer *w, char before, const char *name)
{
    buffer_append_byte(w->out, (uint8_t)before);
    buffer_append_byte(w->out, '"');
    buffer_append_text(w->out, name);
    buffer_append(w->out, "\":", 2);
}

static void put_part(writer *w, char before, const char *name, int32_t value)
{
    put_name(w, before, name);
    buffer_append_int(w->out, value);
}

static outcome put_date(writer *w, const schema_message *type, const wirespans *in)
{
    enum { YEAR, MONTH, DAY, PARTS };
    static const char *const names[PARTS] = {"year", "month", "day"};
    wirespan_slot slots[MAX_FIELDS];
    int32_t parts[PARTS] = {0};
    memset(slots, 0, type->field_count * sizeof *slots);
    if (!wirespan_scan(type, in, slots))
        return FAILED;
    for (int i = 0; i < PARTS; i++) {
        const schema_field *f = schema_message_field(type, names[i], strlen(names[i]));
        if (f && slots[f->index].count)
            parts[i] = (int32_t)(uint32_t)slots[f->index].last.value;
    }
    Google__Type__Date date = GOOGLE__TYPE__DATE__INIT;
    date_span span;
    date.year = parts[YEAR];
    date.month = parts[MONTH];
    date.day = parts[DAY];
    if (!date_span_of(&date, &span))
        return UNSET;
    put_part(w, '{', "first", span.first);
    put_part(w, ',', "last", span.last);
    for (int i = 0; i < PARTS; i++)
        if (parts[i])
            put_part(w, ',', names[i], parts[i]);
    buffer_append_byte(w->out, '}');
    return written(w);
}

static outcome put_decimal(writer *w, const schema_message *type, const wirespans *in)
{
    wirespan_slot slots[MAX_FIELDS];
    char key[DECIMAL_KEY_SIZE];
    memset(slots, 0, type->field_count * sizeof *slots);
    const schema_field *f = schema_message_field(type, "value", strlen("value"));
    if (!f || !wirespan_scan(type, in, slots))
        return FAILED;
    const wirespan_slot *value = &slots[f->index];
    if (!value->count || !decimal_key((const char *)value->last.data, value->last.size, key))
        return UNSET;
    buffer_append_byte(w->out, '"');
    buffer_append_text(w->out, key);
    buffer_append_byte(w->out, '"');
    return written(w);
}

static outcome put_submessage(writer *w, const schema_message *type, const wirespans *in)
{
    if (type->field_count > MAX_FIELDS || w->depth == MAX_DEPTH)
        return FAILED;
    if (is_named(type, "google.type.Date"))
        return put_date(w, type, in);
    if (is_named(type, "google.type.Decimal"))
        return put_decimal(w, type, in);
    w->depth++;
    bool good = put_message(w, type, in);
    w->depth--;
    return good ? WRITTEN : FAILED;
}

static void free_spans(wirespan **list)
{
    free(*list);
}

static outcome put_single(writer *w, const schema_field *f, const wirespan_slot *seen,
                          const wirespans *in)
{
    if (f->type != SCHEMA_MESSAGE)
        return put_scalar(w, f, &seen->last);
    wirespan one = {seen->last.data, seen->last.size};
    if (seen->count == 1)
        return put_submessage(w, f->message, &(wirespans){&one, 1});
    CLEANUP(free_spans) wirespan *pieces = calloc(seen->count, sizeof *pieces);
    if (!pieces)
        return FAILED;
    wirespan_reader r = wirespan_read(f, seen, in);
    pbwire_field v;
    size_t n = 0;
    while (wirespan_next(&r, &v))
        pieces[n++] = (wirespan){v.data, v.size};
    return put_submessage(w, f->message, &(wirespans){pieces, n});
}

static bool put_element(writer *w, const schema_field *f, const pbwire_field *v, size_t *count)
{
    size_t start = w->out->size;
    buffer_append_byte(w->out, *count ? ',' : '[');
    wirespan one = {v->data, v->size};
    outcome o = f->type == SCHEMA_MESSAGE ? put_submessage(w, f->message, &(wirespans){&one, 1})
                                          : put_scalar(w, f, v);
    if (o == WRITTEN)
        (*count)++;
    else
        w->out->size = start;
    return o != FAILED;
}

static outcome put_list(writer *w, const schema_field *f, const wirespan_slot *seen,
                        const wirespans *in)
{
    wirespan_reader r = wirespan_read(f, seen, in);
    pbwire_field v;
    size_t count = 0;
    while (wirespan_next(&r, &v)) {
        if (!wirespan_is_packed(f, &v)) {
            if (!put_element(w, f, &v, &count))
                return FAILED;
            continue;
        }
        pbwire_reader run = pbwire_read(v.data, v.size);
        pbwire_field element = {0};
        while (run.next < run.end)
            if (!wirespan_next_packed(&run, f->type, &element) ||
                !put_element(w, f, &element, &count))
                return FAILED;
    }
    if (!count)
        return UNSET;
    buffer_append_byte(w->out, ']');
    return written(w);
}

static bool is_left_out(const writer *w, const schema_field *f)
{
    return w->depth == 0 && f->number < RESOURCE_MAX_FIELD && w->left_out >> f->number & 1;
}

static bool put_message(writer *w, const schema_message *type, const wirespans *in)
{
    wirespan_slot slots[MAX_FIELDS];
    memset(slots, 0, type->field_count * sizeof *slots);
    if (!wirespan_scan(type, in, slots))
        return false;
    char before = '{';
    for (size_t i = 0; i < type->field_count; i++) {
        const schema_field *f = &type->fields[i];
        size_t start = w->out->size;
        if (!slots[i].count || is_left_out(w, f))
            continue;
        // Names of the schema need no escapes.
        put_name(w, before, f->name);
        outcome o = f->repeated ? put_list(w, f, &slots[i], in) : put_single(w, f, &slots[i], in);
        if (o == FAILED)
            return false;
        if (o == UNSET)
            w->out->size = start;
        else
            before = ',';
    }
    if (before == '{')
        buffer_append_byte(w->out, '{');
    return buffer_append_byte(w->out, '}') && !w->out->failed;
}

bool document_make(const resource_type *type, const schema_message *message, store_bytes body,
                   store_bytes extra, buffer *out)
{
    const wirespan pieces[] = {{body.data, body.size}, {extra.data, extra.size}};
    const schema_field *name = schema_message_field(message, "name", strlen("name"));
    writer w = {.out = out, .left_out = type->server_set};
    size_t start = out->size;
    if (name && name->number < RESOURCE_MAX_FIELD)
        w.left_out |= UINT64_C(1) << name->number;
    if (message->field_count <= MAX_FIELDS &&
        put_message(&w, message, &(wirespans){pieces, ARRAY_LEN(pieces)}))
        return true;
    out->size = start;
    return false;
}
