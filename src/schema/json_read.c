// JSON to wire bytes.
#include "base/macros.h"
#include "base/pbwire.h"
#include "base/utf8.h"
#include "schema/json.h"
#include "schema/json_text.h"
#include "schema/schema_private.h"
#include "schema/suggest.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STACK_FIELDS = 64 };

typedef struct reader {
    buffer *out;
    nrpc_status *status;
    unsigned depth;
} reader;

static bool read_message(reader *r, const schema_message *type, const json_t *value,
                         const json_path *path);

#define FAIL(reason, ...) (json_fail(r->status, path, reason, __VA_ARGS__), false)

static bool check_out(reader *r)
{
    return !r->out->failed || (json_fail_out(r->status, r->out), false);
}

static bool put_varint(reader *r, uint64_t value)
{
    uint8_t *p = buffer_reserve(r->out, PBWIRE_MAX_VARINT);
    if (!p)
        return check_out(r);
    r->out->size = (size_t)(pbwire_put_varint(p, value) - r->out->data);
    return true;
}

static bool put_tag(reader *r, uint32_t number, uint8_t wire_type)
{
    return put_varint(r, (uint64_t)number << 3 | wire_type);
}

static bool put_bytes(reader *r, uint32_t number, const void *data, size_t size)
{
    return put_tag(r, number, PBWIRE_BYTES) && put_varint(r, size) &&
           (buffer_append(r->out, data, size) || check_out(r));
}

static bool put_fixed(reader *r, uint64_t value, size_t width)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    return buffer_append(r->out, bytes, width) || check_out(r);
}

// A run of bytes whose length is known only when it is written: one byte is left for the length,
// and the run moves when that is not enough.
static bool begin_run(reader *r, size_t *start)
{
    *start = r->out->size + 1;
    return buffer_append_byte(r->out, 0) || check_out(r);
}

static bool end_run(reader *r, size_t start)
{
    size_t size = r->out->size - start, extra = pbwire_varint_size(size) - 1;
    if (extra) {
        if (!buffer_reserve(r->out, extra))
            return check_out(r);
        memmove(r->out->data + start + extra, r->out->data + start, size);
        r->out->size += extra;
    }
    pbwire_put_varint(r->out->data + start - 1, size);
    return true;
}

// A string that is a number kept by json_parse.
static bool is_kept_number(const json_t *value)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value), digits;
    bool real;
    return size > 1 && !*text && json_number_length(text + 1, size - 1, &digits, &real) == size - 1;
}

static const char *kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return is_kept_number(value) ? "a number" : "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_NULL:
        return "null";
    default:
        return "a boolean";
    }
}

// The text of a number that came as a string, whether written so or kept so by json_parse.
static const char *number_text(const json_t *value, size_t *size)
{
    const char *text = json_string_value(value);
    *size = json_string_length(value);
    if (is_kept_number(value)) {
        text++;
        --*size;
    }
    return text;
}

static bool read_integer(reader *r, const char *type, const json_t *value, int64_t min,
                         uint64_t max, uint64_t *out, const json_path *path)
{
    bool negative = false;
    uint64_t magnitude = 0;
    json_number result = JSON_NUMBER_OK;
    if (json_is_integer(value)) {
        json_int_t n = json_integer_value(value);
        negative = n < 0;
        magnitude = negative ? 0 - (uint64_t)n : (uint64_t)n;
    } else if (json_is_real(value)) {
        double n = json_real_value(value);
        negative = n < 0;
        if (!(fabs(n) < 18446744073709551616.0))
            result = JSON_NUMBER_RANGE;
        else if (n != trunc(n))
            result = JSON_NUMBER_FRACTION;
        else
            magnitude = (uint64_t)fabs(n);
    } else if (json_is_string(value)) {
        size_t size;
        const char *text = number_text(value, &size);
        result = json_number_integer(text, size, &negative, &magnitude);
    } else {
        return FAIL("WRONG_TYPE", "expected an integer (%s), found %s", type, kind_of(value));
    }
    if (result == JSON_NUMBER_BAD)
        return FAIL("WRONG_TYPE", "expected an integer (%s), found other text", type);
    if (result == JSON_NUMBER_FRACTION)
        return FAIL("OUT_OF_RANGE", "expected an integer (%s), found a fraction", type);
    uint64_t lowest = min < 0 ? 0 - (uint64_t)min : 0;
    if (result == JSON_NUMBER_RANGE || magnitude > (negative ? lowest : max))
        return FAIL("OUT_OF_RANGE", "%s holds %lld to %llu", type, (long long)min,
                    (unsigned long long)max);
    *out = negative ? 0 - magnitude : magnitude;
    return true;
}

static bool read_double(reader *r, const char *type, const json_t *value, double *out,
                        const json_path *path)
{
    if (json_is_number(value)) {
        *out = json_number_value(value);
        return isfinite(*out) || FAIL("OUT_OF_RANGE", "infinity is not accepted");
    }
    if (!json_is_string(value))
        return FAIL("WRONG_TYPE", "expected a number (%s), found %s", type, kind_of(value));
    size_t size;
    const char *text = number_text(value, &size);
    json_number result = json_number_double(text, size, out);
    if (result == JSON_NUMBER_RANGE)
        return FAIL("OUT_OF_RANGE", "the number is too large for a %s", type);
    static const char *const refused[] = {"NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (size == strlen(refused[i]) && memcmp(text, refused[i], size) == 0)
            return FAIL("OUT_OF_RANGE", "%s is not accepted", refused[i]);
    return result == JSON_NUMBER_OK ||
           FAIL("WRONG_TYPE", "expected a number (%s), found other text", type);
}

static bool check_string(reader *r, const char *text, size_t size, const json_path *path)
{
    if (size && memchr(text, 0, size))
        return FAIL("NUL_IN_STRING", "a string may not hold a NUL");
    return utf8_valid(text, size) || FAIL("INVALID_UTF8", "the string is not UTF-8");
}

static bool read_enum(reader *r, const schema_enum *type, const json_t *value, uint64_t *out,
                      const json_path *path)
{
    if (!json_is_string(value) || is_kept_number(value))
        return read_integer(r, "an enum's number", value, INT32_MIN, INT32_MAX, out, path);
    const char *name = json_string_value(value);
    size_t size = json_string_length(value);
    const schema_enum_value *v = schema_enum_by_name(type, name, size);
    if (v) {
        *out = (uint64_t)(int64_t)v->number;
        return true;
    }
    suggestion s = suggest_begin(name, size);
    for (size_t i = 0; i < type->value_count; i++)
        suggest_offer(&s, type->values[i].name);
    char shown[JSON_QUOTE_SIZE];
    json_fail(r->status, path, "UNKNOWN_ENUM_VALUE", "%s is no value of %s%s%s%s",
              json_quote(name, size, shown), type->full_name, s.best ? "; did you mean \"" : "",
              s.best ? s.best : "", s.best ? "\"?" : "");
    if (s.best)
        nrpc_status_add(r->status, "suggestion", "%s", s.best);
    return false;
}

// One scalar, with its tag (strings and bytes always) or as an element of a packed list.
// skip_default: write nothing if it is the type's default.
static bool read_scalar(reader *r, const schema_field *f, const json_t *value, bool tagged,
                        bool skip_default, const json_path *path)
{
    uint64_t bits = 0;
    double number;
    size_t size;
    const char *name = schema_type_name(f->type);
    bool ok = true;
    switch (f->type) {
    case SCHEMA_DOUBLE:
        ok = read_double(r, name, value, &number, path);
        if (ok)
            memcpy(&bits, &number, sizeof bits);
        break;
    case SCHEMA_FLOAT:
        ok = read_double(r, name, value, &number, path);
        if (ok) {
            // Whatever would round to infinity lies beyond half a step above the largest float.
            if (fabs(number) >= (double)FLT_MAX + 0x1p103)
                return FAIL("OUT_OF_RANGE", "the number is too large for a float");
            float single = (float)number;
            uint32_t low;
            memcpy(&low, &single, sizeof low);
            bits = low;
        }
        break;
    case SCHEMA_INT64:
    case SCHEMA_SFIXED64:
    case SCHEMA_SINT64:
        ok = read_integer(r, name, value, INT64_MIN, INT64_MAX, &bits, path);
        break;
    case SCHEMA_UINT64:
    case SCHEMA_FIXED64:
        ok = read_integer(r, name, value, 0, UINT64_MAX, &bits, path);
        break;
    case SCHEMA_INT32:
    case SCHEMA_SFIXED32:
    case SCHEMA_SINT32:
        ok = read_integer(r, name, value, INT32_MIN, INT32_MAX, &bits, path);
        break;
    case SCHEMA_UINT32:
    case SCHEMA_FIXED32:
        ok = read_integer(r, name, value, 0, UINT32_MAX, &bits, path);
        break;
    case SCHEMA_BOOL:
        if (!json_is_boolean(value))
            return FAIL("WRONG_TYPE", "expected true or false, found %s", kind_of(value));
        bits = json_is_true(value);
        break;
    case SCHEMA_ENUM:
        ok = read_enum(r, f->enumeration, value, &bits, path);
        break;
    default: // string, bytes
        if (!json_is_string(value) || is_kept_number(value))
            return FAIL("WRONG_TYPE", "expected a %sstring, found %s",
                        f->type == SCHEMA_BYTES ? "base64 " : "", kind_of(value));
        size = json_string_length(value);
        if (f->type == SCHEMA_STRING) {
            const char *text = json_string_value(value);
            return check_string(r, text, size, path) &&
                   ((skip_default && !size) || put_bytes(r, f->number, text, size));
        }
        if (skip_default && !size)
            return true;
        size_t start;
        if (!put_tag(r, f->number, PBWIRE_BYTES) || !begin_run(r, &start))
            return false;
        if (!json_take_base64(json_string_value(value), size, r->out))
            return check_out(r) && FAIL("INVALID_BASE64", "the string is not base64");
        return end_run(r, start);
    }
    if (!ok || (skip_default && !bits))
        return ok;
    uint8_t wire_type = schema_wire_type(f->type);
    if (tagged && !put_tag(r, f->number, wire_type))
        return false;
    if (f->type == SCHEMA_SINT32 || f->type == SCHEMA_SINT64)
        bits = bits << 1 ^ (0 - (bits >> 63)); // zigzag
    if (wire_type == PBWIRE_VARINT)
        return put_varint(r, bits);
    return put_fixed(r, bits, wire_type == PBWIRE_FIXED64 ? 8 : 4);
}

// A tagged value: scalar or message.
static bool read_single(reader *r, const schema_field *f, const json_t *value, bool skip_default,
                        const json_path *path)
{
    size_t start;
    if (f->type != SCHEMA_MESSAGE)
        return read_scalar(r, f, value, true, skip_default, path);
    return put_tag(r, f->number, PBWIRE_BYTES) && begin_run(r, &start) &&
           read_message(r, f->message, value, path) && end_run(r, start);
}

static bool read_list(reader *r, const schema_field *f, const json_t *value, const json_path *path)
{
    size_t start = 0, n = json_array_size(value);
    if (!json_is_array(value))
        return FAIL("WRONG_TYPE", "expected an array, found %s", kind_of(value));
    if (f->packed && n && (!put_tag(r, f->number, PBWIRE_BYTES) || !begin_run(r, &start)))
        return false;
    for (size_t i = 0; i < n; i++) {
        const json_path element = {.up = path, .index = i};
        const json_t *item = json_array_get(value, i);
        if (!(f->packed ? read_scalar(r, f, item, false, false, &element)
                        : read_single(r, f, item, false, &element)))
            return false;
    }
    return !f->packed || !n || end_run(r, start);
}

// An entry of a map before it is written: enough to sort.
typedef struct map_item {
    const char *key;
    size_t key_size;
    uint64_t bits; // of a number, negative ones in two's complement
    bool is_signed;
    const json_t *value;
} map_item;

static int compare_items(const void *a, const void *b)
{
    const map_item *x = a, *y = b;
    if (x->bits != y->bits)
        return (x->is_signed ? (int64_t)x->bits < (int64_t)y->bits : x->bits < y->bits) ? -1 : 1;
    return schema_name_compare(x->key, x->key_size, y->key, y->key_size);
}

static void free_items(map_item **items)
{
    free(*items);
}

static bool read_key(reader *r, const schema_field *key, map_item *item, const json_path *path)
{
    if (key->type == SCHEMA_STRING)
        return check_string(r, item->key, item->key_size, path);
    if (key->type == SCHEMA_BOOL) {
        item->bits = item->key_size == 4 && memcmp(item->key, "true", 4) == 0;
        return item->bits || (item->key_size == 5 && memcmp(item->key, "false", 5) == 0) ||
               FAIL("WRONG_TYPE", "expected the key true or false");
    }
    bool negative, is64 = key->type == SCHEMA_INT64 || key->type == SCHEMA_UINT64 ||
                          key->type == SCHEMA_SINT64 || key->type == SCHEMA_FIXED64 ||
                          key->type == SCHEMA_SFIXED64;
    bool is_unsigned = key->type == SCHEMA_UINT32 || key->type == SCHEMA_UINT64 ||
                       key->type == SCHEMA_FIXED32 || key->type == SCHEMA_FIXED64;
    item->is_signed = !is_unsigned;
    uint64_t magnitude, top = is64 ? UINT64_MAX : UINT32_MAX;
    json_number result = json_number_integer(item->key, item->key_size, &negative, &magnitude);
    if (result == JSON_NUMBER_BAD || result == JSON_NUMBER_FRACTION)
        return FAIL("WRONG_TYPE", "expected an integer (%s) as key", schema_type_name(key->type));
    uint64_t lowest = is_unsigned ? 0 : top / 2 + 1;
    if (result == JSON_NUMBER_RANGE || magnitude > (negative      ? lowest
                                                    : is_unsigned ? top
                                                                  : top / 2))
        return FAIL("OUT_OF_RANGE", "the key is out of the range of %s",
                    schema_type_name(key->type));
    item->bits = negative ? 0 - magnitude : magnitude;
    return true;
}

// Keys and values of maps are always written, as every protobuf library does.
static bool put_key(reader *r, const schema_field *key, const map_item *item)
{
    if (key->type == SCHEMA_STRING)
        return put_bytes(r, key->number, item->key, item->key_size);
    uint8_t wire_type = schema_wire_type(key->type);
    uint64_t bits = item->bits;
    if (key->type == SCHEMA_SINT32 || key->type == SCHEMA_SINT64)
        bits = bits << 1 ^ (0 - (bits >> 63));
    if (!put_tag(r, key->number, wire_type))
        return false;
    return wire_type == PBWIRE_VARINT ? put_varint(r, bits)
                                      : put_fixed(r, bits, wire_type == PBWIRE_FIXED64 ? 8 : 4);
}

static bool read_map(reader *r, const schema_field *f, const json_t *value, const json_path *path)
{
    const schema_field *key = &f->message->fields[0], *mapped = &f->message->fields[1];
    if (!json_is_object(value))
        return FAIL("WRONG_TYPE", "expected an object, found %s", kind_of(value));
    size_t count = json_object_size(value), n = 0;
    CLEANUP(free_items) map_item *items = calloc(count + 1, sizeof *items);
    if (!items)
        return json_fail_out(r->status, r->out), false;
    json_t *object = (json_t *)value; // jansson's iterators are not for const
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
        const char *text = json_object_iter_key(i);
        items[n] =
            (map_item){.key = text, .key_size = strlen(text), .value = json_object_iter_value(i)};
        const json_path at = {.up = path, .key = text, .key_size = items[n].key_size};
        if (!read_key(r, key, &items[n], &at))
            return false;
        if (key->type != SCHEMA_STRING)
            items[n].key_size = 0; // "1" and "1.0" are one key
        n++;
    }
    qsort(items, n, sizeof *items, compare_items);
    for (size_t i = 0; i < n; i++) {
        const json_path at = {.up = path, .key = items[i].key, .key_size = strlen(items[i].key)};
        size_t start;
        if (i && compare_items(&items[i - 1], &items[i]) == 0) {
            path = &at;
            return FAIL("DUPLICATE_KEY", "the map has this key twice");
        }
        if (!put_tag(r, f->number, PBWIRE_BYTES) || !begin_run(r, &start) ||
            !put_key(r, key, &items[i]) || !read_single(r, mapped, items[i].value, false, &at) ||
            !end_run(r, start))
            return false;
    }
    return true;
}

static bool read_field(reader *r, const schema_field *f, const json_t *value, const json_path *path)
{
    if (schema_field_is_map(f))
        return read_map(r, f, value, path);
    if (f->repeated)
        return read_list(r, f, value, path);
    return read_single(r, f, value, !f->presence, path);
}

static bool unknown_field(reader *r, const schema_message *type, const char *key,
                          const json_path *path)
{
    suggestion s = suggest_begin(key, strlen(key));
    for (size_t i = 0; i < type->field_count; i++) {
        suggest_offer(&s, type->fields[i].json_name);
        suggest_offer(&s, type->fields[i].name);
    }
    json_fail(r->status, path, "UNKNOWN_FIELD", "%s has no such field%s%s%s", type->full_name,
              s.best ? "; did you mean \"" : "", s.best ? s.best : "", s.best ? "\"?" : "");
    nrpc_status_add(r->status, "type", "%s", type->full_name);
    if (s.best)
        nrpc_status_add(r->status, "suggestion", "%s", s.best);
    return false;
}

// A value waiting for its turn by field number, and the name it came by.
typedef struct member {
    const char *key;
    const json_t *value;
} member;

static bool gather(reader *r, const schema_message *type, const json_t *value, bool in_any,
                   member *members, const json_path *up)
{
    json_t *object = (json_t *)value;
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
        const char *key = json_object_iter_key(i);
        const json_path step = {.up = up, .name = key}, *path = &step;
        if (in_any && strcmp(key, "@type") == 0)
            continue;
        if (!utf8_valid(key, strlen(key)))
            return FAIL("INVALID_UTF8", "the name is not UTF-8");
        const schema_field *f = schema_message_field(type, key, strlen(key));
        if (!f)
            return unknown_field(r, type, key, path);
        member *m = &members[f->index];
        if (m->key)
            return FAIL("DUPLICATE_FIELD", "the field is also given as \"%s\"", m->key);
        m->key = key;
        if (json_is_null(json_object_iter_value(i)))
            continue;
        m->value = json_object_iter_value(i);
        if (!f->oneof)
            continue;
        for (size_t j = 0; j < type->field_count; j++)
            if (j != f->index && members[j].value && type->fields[j].oneof == f->oneof)
                return FAIL("ONEOF_CONFLICT", "only one of %s may be given; \"%s\" is given too",
                            f->oneof->name, members[j].key);
    }
    return true;
}

static void free_members(member **members)
{
    free(*members);
}

static bool read_fields(reader *r, const schema_message *type, const json_t *value, bool in_any,
                        const json_path *path)
{
    member few[STACK_FIELDS] = {0}, *members = few;
    CLEANUP(free_members) member *many = NULL;
    if (!json_is_object(value))
        return FAIL("WRONG_TYPE", "expected an object (%s), found %s", type->full_name,
                    kind_of(value));
    if (type->field_count > STACK_FIELDS) {
        members = many = calloc(type->field_count, sizeof *many);
        if (!many)
            return json_fail_out(r->status, r->out), false;
    }
    if (!gather(r, type, value, in_any, members, path))
        return false;
    for (size_t i = 0; i < type->field_count; i++) {
        const json_path step = {.up = path, .name = members[i].key};
        if (members[i].value && !read_field(r, &type->fields[i], members[i].value, &step))
            return false;
    }
    return true;
}

static bool put_time(reader *r, int64_t seconds, int32_t nanos)
{
    enum { SECONDS = 1, NANOS = 2 }; // of Timestamp and Duration
    if (seconds && (!put_tag(r, SECONDS, PBWIRE_VARINT) || !put_varint(r, (uint64_t)seconds)))
        return false;
    return !nanos || (put_tag(r, NANOS, PBWIRE_VARINT) && put_varint(r, (uint64_t)(int64_t)nanos));
}

static bool read_field_mask(reader *r, const char *text, size_t size, const json_path *path)
{
    enum { PATHS = 1 };
    if (!check_string(r, text, size, path))
        return false;
    for (size_t at = 0; at < size; at++) { // at: begin of a path, then its end
        const char *comma = memchr(text + at, ',', size - at);
        size_t n = comma ? (size_t)(comma - text) - at : size - at, start;
        if (!put_tag(r, PATHS, PBWIRE_BYTES) || !begin_run(r, &start))
            return false;
        if (!json_put_snake(r->out, text + at, n) || (comma && at + n + 1 == size))
            return check_out(r) &&
                   FAIL("INVALID_FORMAT", "expected field paths in lowerCamelCase with commas "
                                          "between, as in \"displayName,areaKm2\"");
        if (!end_run(r, start))
            return false;
        at += n;
    }
    return check_out(r);
}

static bool read_any(reader *r, const schema *pool, const json_t *value, const json_path *path)
{
    enum { TYPE_URL = 1, VALUE = 2 };
    if (!json_is_object(value))
        return FAIL("WRONG_TYPE", "expected an object with \"@type\", found %s", kind_of(value));
    const json_t *url = json_object_get(value, "@type");
    if (!url && json_object_size(value) == 0)
        return true;
    const json_path type_step = {.up = path, .name = "@type"}, *up = path;
    path = &type_step;
    if (!json_is_string(url))
        return FAIL("WRONG_TYPE", "expected the type of the message, as in "
                                  "\"type.googleapis.com/google.type.Date\"");
    const char *text = json_string_value(url);
    size_t size = json_string_length(url), start;
    if (!check_string(r, text, size, path))
        return false;
    const schema_message *type = json_any_type(pool, text, size);
    if (!type)
        return FAIL("UNKNOWN_TYPE", "no message type is known by this name");
    path = up;
    if (!put_bytes(r, TYPE_URL, text, size))
        return false;
    size_t before = r->out->size;
    if (!put_tag(r, VALUE, PBWIRE_BYTES) || !begin_run(r, &start))
        return false;
    if (type->well_known == SCHEMA_ORDINARY) {
        if (!read_fields(r, type, value, true, path))
            return false;
    } else {
        const json_t *inner = json_object_get(value, "value");
        if (!inner || json_object_size(value) != 2)
            return FAIL("INVALID_FORMAT", "%s in an Any is given by \"@type\" and \"value\" alone",
                        type->full_name);
        const json_path step = {.up = path, .name = "value"};
        if (!read_message(r, type, inner, &step))
            return false;
    }
    if (r->out->size == start) {
        r->out->size = before; // an empty value is left out
        return true;
    }
    return end_run(r, start);
}

static bool read_well_known(reader *r, const schema_message *type, const json_t *value,
                            const json_path *path)
{
    int64_t seconds;
    int32_t nanos;
    if (type->well_known == SCHEMA_ANY)
        return read_any(r, type->file->pool, value, path);
    if (type->well_known == SCHEMA_UNSUPPORTED_JSON)
        return FAIL("UNSUPPORTED_TYPE", "the JSON form of %s is not supported", type->full_name);
    if (!json_is_string(value))
        return FAIL("WRONG_TYPE", "expected a string (%s), found %s", type->full_name,
                    kind_of(value));
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);
    switch (type->well_known) {
    case SCHEMA_TIMESTAMP:
        if (!json_take_timestamp(text, size, &seconds, &nanos))
            return FAIL("INVALID_FORMAT", "expected a time of the years 1 to 9999, as in "
                                          "\"2023-11-01T08:00:00Z\" or with an offset \"+08:00\"");
        return put_time(r, seconds, nanos);
    case SCHEMA_DURATION:
        if (!json_take_duration(text, size, &seconds, &nanos))
            return FAIL("INVALID_FORMAT", "expected seconds of up to 10000 years, as in \"1.5s\"");
        return put_time(r, seconds, nanos);
    default:
        return read_field_mask(r, text, size, path);
    }
}

static bool read_message(reader *r, const schema_message *type, const json_t *value,
                         const json_path *path)
{
    if (r->depth == JSON_WIRE_MAX_DEPTH)
        return FAIL("TOO_DEEP", "messages are nested deeper than %d", JSON_WIRE_MAX_DEPTH);
    r->depth++;
    bool ok = type->well_known == SCHEMA_ORDINARY ? read_fields(r, type, value, false, path)
                                                  : read_well_known(r, type, value, path);
    r->depth--;
    return ok;
}

nrpc_code json_value_to_wire(const schema_message *type, const json_t *value,
                             const char *path_prefix, buffer *out, nrpc_status *status)
{
    nrpc_status own = {0};
    const json_path root = {.name = path_prefix ? path_prefix : ""};
    reader r = {.out = out, .status = status ? status : &own};
    size_t before = out->size;
    if (read_message(&r, type, value, &root))
        return NRPC_OK;
    nrpc_code code = r.status->code;
    out->size = before;
    nrpc_status_fini(&own);
    return code;
}

nrpc_code json_to_wire(const schema_message *type, const char *text, size_t size, buffer *out,
                       nrpc_status *status)
{
    json_t *value;
    nrpc_code code = json_parse(text, size, &value, status);
    if (code)
        return code;
    code = json_value_to_wire(type, value, NULL, out, status);
    json_decref(value);
    return code;
}
