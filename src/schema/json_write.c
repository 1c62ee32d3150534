// Wire bytes to JSON.
#include "base/macros.h"
#include "base/pbwire.h"
#include "base/utf8.h"
#include "schema/json.h"
#include "schema/json_text.h"
#include "schema/schema_private.h"
#include "schema/wirespan.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STACK_FIELDS = 32 };

typedef struct writer {
    buffer *out;
    nrpc_status *status;
    unsigned flags;
    unsigned depth;  // of messages
    unsigned indent; // of JSON
} writer;

static bool write_message(writer *w, const schema_message *type, const wirespans *in,
                          const json_path *path);

#define FAIL(reason, ...) (json_fail(w->status, path, reason, __VA_ARGS__), false)

static bool check_out(writer *w)
{
    return !w->out->failed || (json_fail_out(w->status, w->out), false);
}

static bool scan(writer *w, const schema_message *type, const wirespans *in, wirespan_slot *slots,
                 const json_path *path)
{
    return wirespan_scan(type, in, slots) ||
           FAIL("MALFORMED_MESSAGE", "the bytes are no %s", type->full_name);
}

static void put_line(writer *w)
{
    if (!(w->flags & JSON_WIRE_PRETTY))
        return;
    buffer_append_byte(w->out, '\n');
    for (unsigned i = 0; i < w->indent; i++)
        buffer_append(w->out, "  ", 2);
}

static void open_group(writer *w, uint8_t bracket)
{
    buffer_append_byte(w->out, bracket);
    w->indent++;
}

// Before each value of a group.
static void put_separator(writer *w, bool *first)
{
    if (!*first)
        buffer_append_byte(w->out, ',');
    *first = false;
    put_line(w);
}

static void close_group(writer *w, uint8_t bracket, bool empty)
{
    w->indent--;
    if (!empty)
        put_line(w);
    buffer_append_byte(w->out, bracket);
}

static void put_name(writer *w, const void *name, size_t size)
{
    json_put_string(w->out, name, size);
    buffer_append(w->out, ": ", w->flags & JSON_WIRE_PRETTY ? 2 : 1);
}

static bool write_string(writer *w, const uint8_t *text, size_t size, const json_path *path)
{
    if (size && memchr(text, 0, size))
        return FAIL("NUL_IN_STRING", "the string holds a NUL");
    if (!utf8_valid(text, size))
        return FAIL("INVALID_UTF8", "the string is not UTF-8");
    return json_put_string(w->out, text, size) || check_out(w);
}

static bool write_scalar(writer *w, const schema_field *f, const pbwire_field *v,
                         const json_path *path)
{
    char text[JSON_NUMBER_SIZE];
    double number;
    float single;
    uint32_t low = (uint32_t)v->value;
    uint64_t value = wirespan_number(f->type, v->value);
    switch (f->type) {
    case SCHEMA_DOUBLE:
        memcpy(&number, &v->value, sizeof number);
        if (!isfinite(number))
            return FAIL("OUT_OF_RANGE", "NaN and infinity have no JSON form here");
        json_format_double(number, text);
        buffer_append_text(w->out, text);
        break;
    case SCHEMA_FLOAT:
        memcpy(&single, &low, sizeof single);
        if (!isfinite(single))
            return FAIL("OUT_OF_RANGE", "NaN and infinity have no JSON form here");
        json_format_float(single, text);
        buffer_append_text(w->out, text);
        break;
    case SCHEMA_INT64:
    case SCHEMA_SFIXED64:
    case SCHEMA_SINT64:
        buffer_printf(w->out, "\"%" PRId64 "\"", (int64_t)value);
        break;
    case SCHEMA_UINT64:
    case SCHEMA_FIXED64:
        buffer_printf(w->out, "\"%" PRIu64 "\"", value);
        break;
    case SCHEMA_INT32:
    case SCHEMA_SFIXED32:
    case SCHEMA_SINT32:
        buffer_printf(w->out, "%" PRId64, (int64_t)value);
        break;
    case SCHEMA_UINT32:
    case SCHEMA_FIXED32:
        buffer_printf(w->out, "%" PRIu32, low);
        break;
    case SCHEMA_BOOL:
        buffer_append_text(w->out, value ? "true" : "false");
        break;
    case SCHEMA_ENUM: {
        const schema_enum_value *e = schema_enum_by_number(f->enumeration, (int32_t)value);
        if (e)
            buffer_printf(w->out, "\"%s\"", e->name);
        else
            buffer_printf(w->out, "%" PRId64, (int64_t)value);
        break;
    }
    case SCHEMA_STRING:
        return write_string(w, v->data, v->size, path);
    default:
        json_put_base64(w->out, v->data, v->size);
        break;
    }
    return check_out(w);
}

static void free_spans(wirespan **list)
{
    free(*list);
}

// A field's one value; with no occurrence, its default.
static bool write_single(writer *w, const schema_field *f, const wirespan_slot *seen,
                         const wirespans *in, const json_path *path)
{
    static const uint8_t nothing[1];
    if (f->type != SCHEMA_MESSAGE) {
        const pbwire_field unset = {.data = nothing};
        return write_scalar(w, f, seen->count ? &seen->last : &unset, path);
    }
    wirespan one = {seen->last.data, seen->last.size};
    if (seen->count <= 1)
        return write_message(w, f->message, &(wirespans){&one, seen->count}, path);
    CLEANUP(free_spans) wirespan *pieces = calloc(seen->count, sizeof *pieces);
    if (!pieces)
        return json_fail_out(w->status, w->out), false;
    wirespan_reader o = wirespan_read(f, seen, in);
    pbwire_field v;
    size_t n = 0;
    while (wirespan_next(&o, &v))
        pieces[n++] = (wirespan){v.data, v.size};
    return write_message(w, f->message, &(wirespans){pieces, n}, path);
}

static bool write_element(writer *w, const schema_field *f, const pbwire_field *v, bool *first,
                          size_t *index, const json_path *up)
{
    const json_path path = {.up = up, .index = (*index)++};
    put_separator(w, first);
    if (f->type != SCHEMA_MESSAGE)
        return write_scalar(w, f, v, &path);
    const wirespan one = {v->data, v->size};
    return write_message(w, f->message, &(wirespans){&one, 1}, &path);
}

static bool write_list(writer *w, const schema_field *f, const wirespan_slot *seen,
                       const wirespans *in, const json_path *path)
{
    bool first = true;
    size_t index = 0;
    open_group(w, '[');
    pbwire_field v;
    wirespan_reader o = wirespan_read(f, seen, in);
    while (wirespan_next(&o, &v)) {
        if (!wirespan_is_packed(f, &v)) {
            if (!write_element(w, f, &v, &first, &index, path))
                return false;
            continue;
        }
        pbwire_reader run = pbwire_read(v.data, v.size);
        pbwire_field element = {0};
        while (run.next < run.end) {
            if (!wirespan_next_packed(&run, f->type, &element))
                return FAIL("MALFORMED_MESSAGE", "a packed list is cut off");
            if (!write_element(w, f, &element, &first, &index, path))
                return false;
        }
    }
    close_group(w, ']', first);
    return check_out(w);
}

// An entry of a map before it is written: enough to sort.
typedef struct map_item {
    const uint8_t *key;
    size_t key_size;
    uint64_t bits; // of a number, negative ones in two's complement
    bool is_signed;
    size_t position;
    wirespan entry;
} map_item;

static int compare_keys(const map_item *x, const map_item *y)
{
    if (x->bits != y->bits)
        return (x->is_signed ? (int64_t)x->bits < (int64_t)y->bits : x->bits < y->bits) ? -1 : 1;
    return schema_name_compare((const char *)x->key, x->key_size, (const char *)y->key,
                               y->key_size);
}

static int compare_items(const void *a, const void *b)
{
    const map_item *x = a, *y = b;
    int order = compare_keys(x, y);
    return order ? order : (x->position > y->position) - (x->position < y->position);
}

static void free_items(map_item **items)
{
    free(*items);
}

static bool is_signed(schema_type type)
{
    return type == SCHEMA_INT32 || type == SCHEMA_INT64 || type == SCHEMA_SINT32 ||
           type == SCHEMA_SINT64 || type == SCHEMA_SFIXED32 || type == SCHEMA_SFIXED64;
}

static void put_number_key(writer *w, schema_type type, uint64_t bits)
{
    if (type == SCHEMA_BOOL)
        buffer_append_text(w->out, bits ? "\"true\"" : "\"false\"");
    else if (is_signed(type))
        buffer_printf(w->out, "\"%" PRId64 "\"", (int64_t)bits);
    else
        buffer_printf(w->out, "\"%" PRIu64 "\"", bits);
    buffer_append(w->out, ": ", w->flags & JSON_WIRE_PRETTY ? 2 : 1);
}

static bool write_map(writer *w, const schema_field *f, const wirespan_slot *map_slot,
                      const wirespans *in, const json_path *path)
{
    static const uint8_t nothing[1];
    const schema_message *type = f->message;
    const schema_field *key = &type->fields[0];
    CLEANUP(free_items) map_item *items = calloc(map_slot->count + 1, sizeof *items);
    if (!items)
        return json_fail_out(w->status, w->out), false;
    pbwire_field v;
    wirespan_reader o = wirespan_read(f, map_slot, in);
    size_t n = 0;
    for (; wirespan_next(&o, &v); n++) {
        wirespan_slot slots[2] = {0};
        map_item *item = &items[n];
        *item = (map_item){.key = nothing,
                           .is_signed = is_signed(key->type),
                           .position = n,
                           .entry = {v.data, v.size}};
        if (!scan(w, type, &(wirespans){&item->entry, 1}, slots, path))
            return false;
        if (key->type != SCHEMA_STRING) {
            item->bits = wirespan_number(key->type, slots[0].last.value);
        } else if (slots[0].count) {
            item->key = slots[0].last.data;
            item->key_size = slots[0].last.size;
        }
    }
    qsort(items, n, sizeof *items, compare_items);
    bool first = true;
    open_group(w, '{');
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && compare_keys(&items[i], &items[i + 1]) == 0)
            continue; // the last of equal keys wins
        put_separator(w, &first);
        size_t key_start = w->out->size;
        if (key->type == SCHEMA_STRING) {
            if (!write_string(w, items[i].key, items[i].key_size, path))
                return false;
            buffer_append(w->out, ": ", w->flags & JSON_WIRE_PRETTY ? 2 : 1);
        } else {
            put_number_key(w, key->type, items[i].bits);
        }
        if (!check_out(w))
            return false;
        wirespan_slot slots[2] = {0};
        wirespans entry = {&items[i].entry, 1};
        char shown[JSON_NUMBER_SIZE]; // the digits of a number, between the quotes
        json_path at = {
            .up = path, .key = (const char *)items[i].key, .key_size = items[i].key_size};
        if (key->type != SCHEMA_STRING) {
            const char *written = (const char *)w->out->data + key_start + 1;
            at.key_size = strcspn(written, "\"");
            memcpy(shown, written, at.key_size);
            at.key = shown;
        }
        if (!scan(w, type, &entry, slots, &at) ||
            !write_single(w, &type->fields[1], &slots[1], &entry, &at))
            return false;
    }
    close_group(w, '}', first);
    return check_out(w);
}

// Whether a field is shown at all.
static bool is_shown(const writer *w, const schema_field *f, const wirespan_slot *seen)
{
    if (f->presence)
        return seen->count > 0;
    if (w->flags & JSON_WIRE_DEFAULTS)
        return true;
    if (!seen->count || schema_field_is_map(f))
        return seen->count > 0;
    if (!f->repeated)
        return seen->last.type == PBWIRE_BYTES ? seen->last.size > 0
                                               : wirespan_number(f->type, seen->last.value) != 0;
    return seen->count > 1 || schema_wire_type(f->type) == PBWIRE_BYTES ||
           seen->last.type != PBWIRE_BYTES || seen->last.size > 0; // an empty packed run
}

static void free_slots(wirespan_slot **slots)
{
    free(*slots);
}

// The members of an ordinary message; first tells whether any stand before them.
static bool write_members(writer *w, const schema_message *type, const wirespans *in, bool *first,
                          const json_path *up)
{
    wirespan_slot few[STACK_FIELDS], *slots = few;
    CLEANUP(free_slots) wirespan_slot *many = NULL;
    if (type->field_count > STACK_FIELDS) {
        slots = many = calloc(type->field_count, sizeof *many);
        if (!many)
            return json_fail_out(w->status, w->out), false;
    } else {
        memset(few, 0, type->field_count * sizeof *few);
    }
    if (!scan(w, type, in, slots, up))
        return false;
    for (size_t i = 0; i < type->field_count; i++) {
        const schema_field *f = &type->fields[i];
        const json_path path = {.up = up, .name = f->json_name};
        if (!is_shown(w, f, &slots[i]))
            continue;
        put_separator(w, first);
        put_name(w, f->json_name, strlen(f->json_name));
        bool ok = schema_field_is_map(f) ? write_map(w, f, &slots[i], in, &path)
                  : f->repeated          ? write_list(w, f, &slots[i], in, &path)
                                         : write_single(w, f, &slots[i], in, &path);
        if (!ok)
            return false;
    }
    return true;
}

// The last occurrences of fields 1 and 2, for the messages that have their own form. Zero and
// empty if missing; those not of the wire type given are passed over.
static bool take_two(writer *w, const schema_message *type, const wirespans *in, uint8_t first_type,
                     pbwire_field *first, uint8_t second_type, pbwire_field *second,
                     const json_path *path)
{
    static const uint8_t nothing[1];
    *first = *second = (pbwire_field){.data = nothing};
    for (size_t s = 0; s < in->count; s++) {
        pbwire_reader r = pbwire_read(in->at[s].data, in->at[s].size);
        pbwire_field f;
        while (pbwire_next(&r, &f)) {
            if (f.number == 1 && f.type == first_type)
                *first = f;
            else if (f.number == 2 && f.type == second_type)
                *second = f;
        }
        if (!pbwire_done(&r))
            return FAIL("MALFORMED_MESSAGE", "the bytes are no %s", type->full_name);
    }
    return true;
}

static bool write_time(writer *w, const schema_message *type, const wirespans *in,
                       const json_path *path)
{
    pbwire_field seconds, nanos;
    char text[JSON_TIME_SIZE];
    if (!take_two(w, type, in, PBWIRE_VARINT, &seconds, PBWIRE_VARINT, &nanos, path))
        return false;
    int32_t n = (int32_t)(uint32_t)nanos.value;
    if (!(type->well_known == SCHEMA_TIMESTAMP
              ? json_format_timestamp((int64_t)seconds.value, n, text)
              : json_format_duration((int64_t)seconds.value, n, text)))
        return FAIL("OUT_OF_RANGE", "the %s is out of range",
                    type->well_known == SCHEMA_TIMESTAMP ? "time" : "duration");
    return buffer_printf(w->out, "\"%s\"", text) || check_out(w);
}

static bool write_field_mask(writer *w, const schema_message *type, const wirespans *in,
                             const json_path *path)
{
    CLEANUP(buffer_fini) buffer text = {.limit = w->out->limit};
    enum { PATHS = 1 };
    bool first = true;
    for (size_t s = 0; s < in->count; s++) {
        pbwire_reader r = pbwire_read(in->at[s].data, in->at[s].size);
        pbwire_field f;
        while (pbwire_next(&r, &f)) {
            if (f.number != PATHS || f.type != PBWIRE_BYTES)
                continue;
            if (!first)
                buffer_append_byte(&text, ',');
            first = false;
            if (!json_put_camel(&text, (const char *)f.data, f.size))
                return FAIL("INVALID_FORMAT", "a path of the mask has no JSON form");
        }
        if (!pbwire_done(&r))
            return FAIL("MALFORMED_MESSAGE", "the bytes are no %s", type->full_name);
    }
    if (text.failed)
        return json_fail_out(w->status, w->out), false;
    return write_string(w, text.data ? text.data : (const uint8_t *)"", text.size, path);
}

static bool write_any(writer *w, const schema_message *type, const wirespans *in,
                      const json_path *path)
{
    pbwire_field url, value;
    bool first = true;
    if (!take_two(w, type, in, PBWIRE_BYTES, &url, PBWIRE_BYTES, &value, path))
        return false;
    open_group(w, '{');
    if (url.size || value.size) {
        const json_path at = {.up = path, .name = "@type"}, *up = path;
        put_separator(w, &first);
        put_name(w, "@type", sizeof "@type" - 1);
        path = &at;
        if (!write_string(w, url.data, url.size, path))
            return false;
        const schema_message *inner =
            json_any_type(type->file->pool, (const char *)url.data, url.size);
        if (!inner)
            return FAIL("UNKNOWN_TYPE", "no message type is known by this name");
        path = up;
        const wirespan one = {value.data, value.size};
        const wirespans held = {&one, 1};
        if (inner->well_known == SCHEMA_ORDINARY) {
            if (!write_members(w, inner, &held, &first, path))
                return false;
        } else {
            const json_path step = {.up = path, .name = "value"};
            put_separator(w, &first);
            put_name(w, "value", sizeof "value" - 1);
            if (!write_message(w, inner, &held, &step))
                return false;
        }
    }
    close_group(w, '}', first);
    return check_out(w);
}

static bool write_ordinary(writer *w, const schema_message *type, const wirespans *in,
                           const json_path *path)
{
    bool first = true;
    open_group(w, '{');
    if (!write_members(w, type, in, &first, path))
        return false;
    close_group(w, '}', first);
    return check_out(w);
}

static bool write_message(writer *w, const schema_message *type, const wirespans *in,
                          const json_path *path)
{
    bool ok = false;
    if (w->depth == JSON_WIRE_MAX_DEPTH)
        return FAIL("TOO_DEEP", "messages are nested deeper than %d", JSON_WIRE_MAX_DEPTH);
    w->depth++;
    switch (type->well_known) {
    case SCHEMA_ORDINARY:
        ok = write_ordinary(w, type, in, path);
        break;
    case SCHEMA_TIMESTAMP:
    case SCHEMA_DURATION:
        ok = write_time(w, type, in, path);
        break;
    case SCHEMA_FIELD_MASK:
        ok = write_field_mask(w, type, in, path);
        break;
    case SCHEMA_ANY:
        ok = write_any(w, type, in, path);
        break;
    case SCHEMA_UNSUPPORTED_JSON:
        ok = FAIL("UNSUPPORTED_TYPE", "the JSON form of %s is not supported", type->full_name);
        break;
    }
    w->depth--;
    return ok;
}

nrpc_code wire_to_json(const schema_message *type, const void *data, size_t size, unsigned flags,
                       buffer *out, nrpc_status *status)
{
    nrpc_status own = {0};
    const json_path root = {.name = ""};
    writer w = {.out = out, .status = status ? status : &own, .flags = flags};
    const wirespan all = {data, size};
    size_t before = out->size;
    if (write_message(&w, type, &(wirespans){&all, 1}, &root))
        return NRPC_OK;
    nrpc_code code = w.status->code;
    out->size = before;
    nrpc_status_fini(&own);
    return code;
}

nrpc_code wire_to_json_value(const schema_message *type, const void *data, size_t size,
                             unsigned flags, json_t **out, nrpc_status *status)
{
    CLEANUP(buffer_fini) buffer text = {0};
    *out = NULL;
    nrpc_code code = wire_to_json(type, data, size, flags & ~JSON_WIRE_PRETTY, &text, status);
    if (code)
        return code;
    *out = json_loadb((const char *)text.data, text.size, JSON_DECODE_ANY, NULL);
    return *out ? NRPC_OK : json_fail_out(status, &text);
}
