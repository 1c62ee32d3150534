#include "registry/query/grouping.h"

#include "ftz/v1/resources.pb-c.h"
#include "google/type/decimal.pb-c.h"
#include "registry/date.h"
#include "registry/names.h"
#include "schema/json_text.h"
#include "schema/suggest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- what was asked ------------------------------------------------------------------------------

static void unknown_field(const ProtobufCMessageDescriptor *message, const char *text, size_t size,
                          const char *field, bool top, nrpc_status *status)
{
    static const char *const words[] = {"zone", "year", "month"};
    suggestion near = suggest_begin(text, size);
    for (size_t i = 0; top && i < ARRAY_LEN(words); i++)
        suggest_offer(&near, words[i]);
    for (unsigned i = 0; i < message->n_fields; i++)
        suggest_offer(&near, message->fields[i].name);
    bool first = !status->code;
    char cut[257];
    snprintf(cut, sizeof cut, "%.*s", (int)(size < 256 ? size : 256), text);
    name_violate(status, field, "UNKNOWN_FIELD", cut, "%s has no field '%s'%s%s%s",
                 message->short_name, cut, near.best ? "; did you mean '" : "",
                 near.best ? near.best : "", near.best ? "'?" : "");
    if (first && near.best)
        nrpc_status_add(status, "suggestion", "%s", near.best);
}

static void not_groupable(const char *path, const char *field, const char *why, nrpc_status *status)
{
    name_violate(status, field, "NOT_GROUPABLE", path,
                 "'%.256s' cannot be grouped by: %s. Give a field that holds a code, text, number, "
                 "enum value or name",
                 path, why);
}

// Why no groups can be made of the field's values; NULL if they can.
static const char *unfit(const resource_type *type, const ProtobufCFieldDescriptor *f, size_t depth)
{
    if (depth == 1 && f->id < RESOURCE_MAX_FIELD && type->server_set & UINT64_C(1) << f->id)
        return "the registry sets it, for each resource another";
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return f->descriptor == &google__type__decimal__descriptor ? "it is a quantity"
                                                                   : "it holds other fields";
    case PROTOBUF_C_TYPE_BOOL:
        return "it is true or false";
    case PROTOBUF_C_TYPE_BYTES:
        return "it holds bytes";
    default:
        return NULL;
    }
}

static bool is_open(const ProtobufCFieldDescriptor *f)
{
    return f->type == PROTOBUF_C_TYPE_MESSAGE &&
           f->descriptor != &google__type__decimal__descriptor;
}

static void parse_path(const resource_type *type, const char *path, const char *field,
                       group_key *out, nrpc_status *status)
{
    const ProtobufCMessageDescriptor *message = type->message;
    const char *next = path;
    *out = (group_key){.by = GROUP_BY_PATH};
    for (;;) {
        char name[64];
        size_t size = strcspn(next, ".");
        snprintf(name, sizeof name, "%.*s", (int)(size < 63 ? size : 63), next);
        const ProtobufCFieldDescriptor *f =
            size < sizeof name ? protobuf_c_message_descriptor_get_field_by_name(message, name)
                               : NULL;
        if (!f) {
            unknown_field(message, next, size, field, out->depth == 0, status);
            return;
        }
        out->steps[out->depth++] = f;
        next += size;
        if (!*next || !is_open(f) || out->depth == GROUPING_MAX_DEPTH)
            break;
        message = f->descriptor;
        next++;
    }
    const ProtobufCFieldDescriptor *last = out->steps[out->depth - 1];
    const char *why =
        *next ? "it goes deeper than there are fields" : unfit(type, last, out->depth);
    if (why)
        not_groupable(path, field, why, status);
    out->numeric = last->type != PROTOBUF_C_TYPE_STRING && last->type != PROTOBUF_C_TYPE_ENUM;
    out->extra = type->extra & UINT64_C(1) << out->steps[0]->id;
}

void grouping_parse(const resource_type *type, char *const *paths, size_t count, const char *field,
                    group_key out[GROUPING_MAX_KEYS], nrpc_status *status)
{
    static const char *const words[] = {
        [GROUP_BY_ZONE] = "zone", [GROUP_BY_YEAR] = "year", [GROUP_BY_MONTH] = "month"};
    char at[32], number[24];
    if (count > GROUPING_MAX_KEYS) {
        snprintf(number, sizeof number, "%zu", count);
        name_violate(status, field, "COUNT_OUT_OF_RANGE", number,
                     "at most %d are allowed, %zu were given", GROUPING_MAX_KEYS, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        snprintf(at, sizeof at, "%s[%zu]", field, i);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(paths[i], paths[k])) {
                name_violate(status, at, "DUPLICATE_FIELD", paths[i], "'%.256s' is given twice",
                             paths[i]);
                break;
            }
        size_t word = 0;
        while (word < ARRAY_LEN(words) && strcmp(paths[i], words[word]) != 0)
            word++;
        if (word < ARRAY_LEN(words))
            out[i] = (group_key){.by = (group_by)word};
        else
            parse_path(type, paths[i], at, &out[i], status);
    }
}

// --- values --------------------------------------------------------------------------------------

typedef struct gathering {
    arena *memory;
    group_values *out;
    size_t capacity;
    bool failed;
} gathering;

static void add(gathering *g, const char *value)
{
    if (!value) {
        g->failed = true;
        return;
    }
    if (!*value)
        return;
    if (g->out->count == g->capacity) {
        size_t capacity = g->capacity ? 2 * g->capacity : 4;
        const char **more = arena_alloc(g->memory, capacity * sizeof *more);
        if (!more) {
            g->failed = true;
            return;
        }
        if (g->out->count)
            memcpy(more, g->out->list, g->out->count * sizeof *more);
        g->out->list = more;
        g->capacity = capacity;
    }
    g->out->list[g->out->count++] = value;
}

static const char *double_text(double value, arena *memory)
{
    char text[JSON_NUMBER_SIZE];
    if (value == 0)
        return "";
    json_format_double(value, text);
    return arena_strndup(memory, text, strlen(text));
}

static const char *enum_text(const ProtobufCFieldDescriptor *f, int value, arena *memory)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(f->descriptor, value);
    return !value ? "" : known ? known->name : arena_printf(memory, "%d", value);
}

static const char *integer_text(int64_t value, arena *memory)
{
    return value ? arena_printf(memory, "%" PRId64, value) : "";
}

static void add_scalar(gathering *g, const ProtobufCFieldDescriptor *f, const void *at)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        add(g, *(const char *const *)at);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        add(g, enum_text(f, *(const int *)at, g->memory));
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        add(g, double_text(*(const double *)at, g->memory));
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        add(g, double_text((double)*(const float *)at, g->memory));
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        add(g, integer_text(*(const uint32_t *)at, g->memory));
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        add(g, integer_text(*(const int32_t *)at, g->memory));
        break;
    default:
        add(g, integer_text(*(const int64_t *)at, g->memory));
        break;
    }
}

static size_t size_of(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return 8;
    default:
        return 4;
    }
}

static void gather(gathering *g, const ProtobufCFieldDescriptor *const *steps, size_t depth,
                   const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *f = steps[0];
    const char *at = (const char *)message + f->offset;
    size_t count = 1;
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        count = *(const size_t *)(const void *)((const char *)message + f->quantifier_offset);
        at = *(const char *const *)(const void *)at;
    } else if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
               *(const uint32_t *)(const void *)((const char *)message + f->quantifier_offset) !=
                   f->id) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const void *element = at + i * size_of(f);
        if (depth == 1) {
            add_scalar(g, f, element);
            continue;
        }
        const ProtobufCMessage *inner = *(const ProtobufCMessage *const *)element;
        if (inner)
            gather(g, steps + 1, depth - 1, inner);
    }
}

// The date by which a resource belongs to a year.
static const Google__Type__Date *date_in(const resource_type *type, const ProtobufCMessage *message)
{
    switch (type->kind) {
    case RESOURCE_ZONE:
        return ((const Ftz__V1__Zone *)message)->launch_date;
    case RESOURCE_AREA:
        return ((const Ftz__V1__Area *)message)->opening_date;
    case RESOURCE_EVENT:
        return ((const Ftz__V1__Event *)message)->date;
    case RESOURCE_POWER_DELEGATION:
        return ((const Ftz__V1__PowerDelegation *)message)->approval_date;
    default:
        return NULL;
    }
}

static void add_date(gathering *g, const Google__Type__Date *date, date_precision precision)
{
    date_span span;
    char text[DATE_TEXT_SIZE];
    if (!date_span_of(date, &span) || span.precision < precision)
        return;
    span.precision = precision;
    date_format(&span, text);
    add(g, arena_strndup(g->memory, text, strlen(text)));
}

static void add_zones(gathering *g, const resource_type *type, const char *name, const char *zone,
                      const ProtobufCMessage *message)
{
    if (zone) {
        add(g, zone);
        return;
    }
    const char *id = strchr(name, '/'), *end = id ? strchr(id + 1, '/') : NULL;
    add(g, arena_strndup(g->memory, name, end ? (size_t)(end - name) : strlen(name)));
    const Ftz__V1__Event *event = (const Ftz__V1__Event *)message;
    for (size_t i = 0; type->kind == RESOURCE_EVENT && i < event->n_zones; i++)
        add(g, event->zones[i]);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void keep_each_once(group_values *v)
{
    size_t count = 0;
    if (v->count > 1)
        qsort(v->list, v->count, sizeof *v->list, by_text);
    for (size_t i = 0; i < v->count; i++)
        if (!count || strcmp(v->list[count - 1], v->list[i]) != 0)
            v->list[count++] = v->list[i];
    v->count = count;
}

bool grouping_values(const group_key *key, const resource_type *type, const char *name,
                     const char *zone, const ProtobufCMessage *message, arena *memory,
                     group_values *out)
{
    static const char *nothing[] = {""};
    gathering g = {.memory = memory, .out = out};
    *out = (group_values){0};
    switch (key->by) {
    case GROUP_BY_ZONE:
        add_zones(&g, type, name, zone, message);
        break;
    case GROUP_BY_YEAR:
        add_date(&g, date_in(type, message), DATE_YEAR);
        break;
    case GROUP_BY_MONTH:
        add_date(&g, date_in(type, message), DATE_MONTH);
        break;
    case GROUP_BY_PATH:
        gather(&g, key->steps, key->depth, message);
        break;
    }
    keep_each_once(out);
    if (!out->count)
        *out = (group_values){nothing, 1};
    return !g.failed;
}
