#include "registry/write/validate.h"

#include "ftz/v1/common.pb-c.h"
#include "google/type/date.pb-c.h"
#include "google/type/decimal.pb-c.h"
#include "registry/date.h"
#include "registry/member.h"
#include "registry/write/units.h"
#include "schema/fieldpath.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

enum {
    MAX_PATH = 1024,
    MAX_PATHS = 2000, // paths looked up in one resource: each costs a walk over its bytes
    MAX_DECIMAL_DIGITS = 28,
};

// --- rules by field ------------------------------------------------------------------------------

typedef enum rule_kind {
    RULE_CODE,      // a code of some vocabulary
    RULE_REFERENCE, // the name of a resource; kinds: of which types
    RULE_SIBLING,   // the id of another element of the same list
    RULE_ROOT_ID,   // the id of an element of the resource's list `list`
    RULE_LANGUAGE,
    RULE_REGION,
    RULE_SUBDIVISION,
    RULE_SHA256,
    RULE_UNIT,
    RULE_PATH_MAYBE, // of a field that may be unset
    RULE_PATH,       // of a field; its elements exist
} rule_kind;

#define KIND(kind) (1u << RESOURCE_##kind)
enum { ANY_KIND = (1 << RESOURCE_KINDS) - 1 };

typedef struct rule {
    const char *field;
    rule_kind kind;
    unsigned kinds;
    const char *list;
} rule;

static const rule rules[] = {
    {"ftz.v1.Zone.kind", RULE_CODE, 0, NULL},
    {"ftz.v1.KindChange.kind", RULE_CODE, 0, NULL},
    {"ftz.v1.Area.kind", RULE_CODE, 0, NULL},
    {"ftz.v1.InnerPart.kind", RULE_CODE, 0, NULL},
    {"ftz.v1.Event.type", RULE_CODE, 0, NULL},
    {"ftz.v1.Region.kind", RULE_CODE, 0, NULL},
    {"ftz.v1.Tag.code", RULE_CODE, 0, NULL},
    {"ftz.v1.Industry.code", RULE_CODE, 0, NULL},
    {"ftz.v1.Quantity.measure", RULE_CODE, 0, NULL},
    {"ftz.v1.Quantity.unit", RULE_UNIT, 0, NULL},
    {"ftz.v1.Party.role", RULE_CODE, 0, NULL},
    {"ftz.v1.Identifier.kind", RULE_CODE, 0, NULL},
    {"ftz.v1.Relation.kind", RULE_CODE, 0, NULL},
    {"ftz.v1.Citation.sources", RULE_REFERENCE, KIND(SOURCE), NULL},
    {"ftz.v1.SizeChange.event", RULE_REFERENCE, KIND(EVENT), NULL},
    {"ftz.v1.Place.area", RULE_REFERENCE, KIND(AREA), NULL},
    {"ftz.v1.Quantity.area", RULE_REFERENCE, KIND(AREA), NULL},
    {"ftz.v1.Area.parent_area", RULE_REFERENCE, KIND(AREA), NULL},
    {"ftz.v1.Event.zones", RULE_REFERENCE, KIND(ZONE), NULL},
    {"ftz.v1.Event.areas", RULE_REFERENCE, KIND(AREA), NULL},
    {"ftz.v1.Event.part_of", RULE_REFERENCE, KIND(EVENT), NULL},
    {"ftz.v1.Event.power_delegations", RULE_REFERENCE, KIND(POWER_DELEGATION), NULL},
    {"ftz.v1.Receiver.areas", RULE_REFERENCE, KIND(AREA), NULL},
    {"ftz.v1.Relation.resource", RULE_REFERENCE, ANY_KIND, NULL},
    {"ftz.v1.Remark.resources", RULE_REFERENCE, ANY_KIND, NULL},
    {"ftz.v1.Quantity.part_of", RULE_SIBLING, 0, NULL},
    {"ftz.v1.Quantity.restates", RULE_SIBLING, 0, NULL},
    {"ftz.v1.InnerPart.overlaps", RULE_SIBLING, 0, NULL},
    {"ftz.v1.PowerItem.receivers", RULE_ROOT_ID, 0, "receivers"},
    {"ftz.v1.Amendment.items", RULE_ROOT_ID, 0, "items"},
    {"ftz.v1.Name.language_code", RULE_LANGUAGE, 0, NULL},
    {"ftz.v1.Source.language_code", RULE_LANGUAGE, 0, NULL},
    {"ftz.v1.Region.region_code", RULE_REGION, 0, NULL},
    {"ftz.v1.Party.region_code", RULE_REGION, 0, NULL},
    {"ftz.v1.Region.subdivision_code", RULE_SUBDIVISION, 0, NULL},
    {"ftz.v1.Source.sha256", RULE_SHA256, 0, NULL},
    {"ftz.v1.Citation.path", RULE_PATH, 0, NULL},
    {"ftz.v1.Remark.paths", RULE_PATH_MAYBE, 0, NULL},
};

typedef struct bound_rule {
    const schema_field *field;
    const rule *rule;
} bound_rule;

struct validator {
    const resource_type *types;
    const schema_message *messages[RESOURCE_KINDS];
    bound_rule rules[ARRAY_LEN(rules)]; // by address of the field
};

static int by_field(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)((const bound_rule *)a)->field;
    uintptr_t y = (uintptr_t)((const bound_rule *)b)->field;
    return (x > y) - (x < y);
}

static nrpc_code mismatch(const char *what, nrpc_status *status)
{
    nrpc_status_set(status, NRPC_INTERNAL, "SCHEMA_MISMATCH", "the schema has no %s", what);
    return nrpc_status_add(status, "symbol", "%s", what);
}

nrpc_code validator_create(validator **out, const resource_type *types, const schema *pool,
                           nrpc_status *status)
{
    validator *v = calloc(1, sizeof *v);
    if (!v)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                               "out of memory for the rules");
    nrpc_code code = NRPC_OK;
    v->types = types;
    for (int kind = 0; kind < RESOURCE_KINDS && !code; kind++) {
        v->messages[kind] = schema_find_message(pool, types[kind].message->name);
        if (!v->messages[kind])
            code = mismatch(types[kind].message->name, status);
    }
    for (size_t i = 0; i < ARRAY_LEN(rules) && !code; i++) {
        char message[128];
        const char *dot = strrchr(rules[i].field, '.');
        snprintf(message, sizeof message, "%.*s", (int)(dot - rules[i].field), rules[i].field);
        const schema_message *m = schema_find_message(pool, message);
        v->rules[i].rule = &rules[i];
        v->rules[i].field = m ? schema_message_field(m, dot + 1, strlen(dot + 1)) : NULL;
        if (!v->rules[i].field)
            code = mismatch(rules[i].field, status);
    }
    if (code) {
        free(v);
        return code;
    }
    qsort(v->rules, ARRAY_LEN(v->rules), sizeof *v->rules, by_field);
    *out = v;
    return NRPC_OK;
}

void validator_free(validator *v)
{
    free(v);
}

static const rule *rule_of(const validator *v, const schema_field *field)
{
    bound_rule key = {.field = field};
    const bound_rule *found =
        bsearch(&key, v->rules, ARRAY_LEN(v->rules), sizeof *v->rules, by_field);
    return found ? found->rule : NULL;
}

// --- the walk
// --------------------------------------------------------------------------------------

typedef struct id_list {
    const char **ids; // sorted, without empty ones
    size_t count;
} id_list;

typedef struct walk {
    const validator *v;
    const resource_type *type;
    const ProtobufCMessage *root;
    const schema_message *root_schema;
    const void *packed;
    size_t packed_size;
    validate_reference_fn reference;
    void *context;
    nrpc_status *status;
    size_t paths_looked_up;
    bool no_memory;
    id_list root_ids[RESOURCE_MAX_FIELD]; // made when first asked for
    bool root_ids_made[RESOURCE_MAX_FIELD];
    size_t prefix_size; // of path
    size_t path_size;
    char path[MAX_PATH];
} walk;

static void push_text(walk *w, const char *text)
{
    size_t size = strlen(text), room = sizeof w->path - 1 - w->path_size;
    size = size < room ? size : room;
    memcpy(w->path + w->path_size, text, size);
    w->path_size += size;
    w->path[w->path_size] = '\0';
}

// Returns what pop takes back.
static size_t push_field(walk *w, const char *name)
{
    size_t before = w->path_size;
    if (before)
        push_text(w, ".");
    push_text(w, name);
    return before;
}

static size_t push_index(walk *w, size_t i)
{
    char digits[24], *next = digits + sizeof digits - 1;
    size_t before = w->path_size;
    *next = '\0';
    *--next = ']';
    do
        *--next = (char)('0' + i % 10);
    while (i /= 10);
    *--next = '[';
    push_text(w, next);
    return before;
}

static void pop(walk *w, size_t before)
{
    w->path_size = before;
    w->path[before] = '\0';
}

#define FAULT(w, reason, value, ...)                                                               \
    ((void)name_violate((w)->status, (w)->path, reason, value, __VA_ARGS__))

static const char *relative_path(const walk *w)
{
    size_t skip = w->prefix_size;
    return w->path + skip + (w->path[skip] == '.');
}

static const void *member(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return (const char *)m + f->offset;
}

static const void *member_named(const ProtobufCMessage *m, const char *name)
{
    return member(m, protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name));
}

static const char *text_of(const void *at)
{
    const char *text = *(const char *const *)at;
    return text ? text : "";
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static id_list make_ids(walk *w, ProtobufCMessage *const *elements, size_t n)
{
    id_list list = {0};
    if (!n)
        return list;
    list.ids = malloc(n * sizeof *list.ids);
    if (!list.ids) {
        w->no_memory = true;
        return list;
    }
    for (size_t i = 0; i < n; i++) {
        const char *id = text_of(member_named(elements[i], "id"));
        if (*id)
            list.ids[list.count++] = id;
    }
    qsort(list.ids, list.count, sizeof *list.ids, by_text);
    return list;
}

// The first entry with this id. *twice: the next has it as well.
static bool has_id(const id_list *list, const char *id, bool *twice)
{
    const char **found =
        list->count ? bsearch(&id, list->ids, list->count, sizeof id, by_text) : NULL;
    if (found && twice)
        *twice = (found > list->ids && !strcmp(found[-1], id)) ||
                 (found + 1 < list->ids + list->count && !strcmp(found[1], id));
    return found;
}

static const id_list *root_ids(walk *w, const char *name)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field_by_name(w->root->descriptor, name);
    if (!w->root_ids_made[f->id]) {
        size_t n = *(const size_t *)((const char *)w->root + f->quantifier_offset);
        w->root_ids[f->id] = make_ids(w, *(ProtobufCMessage *const *const *)member(w->root, f), n);
        w->root_ids_made[f->id] = true;
    }
    return &w->root_ids[f->id];
}

// --- values
// ----------------------------------------------------------------------------------------

static bool all_of(const char *text, size_t size, const char *allowed)
{
    return strspn(text, allowed) >= size;
}

#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static bool is_language(const char *text)
{
    for (size_t part = 0;; part++) {
        size_t size = strcspn(text, "-");
        if (size < (part ? 1 : 2) || size > 8 ||
            !all_of(text, size, part ? UPPER LOWER DIGITS : UPPER LOWER))
            return false;
        if (!text[size])
            return true;
        text += size + 1;
    }
}

static bool is_subdivision(const char *text)
{
    size_t size = strlen(text);
    return size >= 4 && size <= 6 && all_of(text, 2, UPPER) && text[2] == '-' &&
           all_of(text + 3, size - 3, UPPER DIGITS);
}

static bool is_nfc(const char *text)
{
    // Nothing below U+0300, which is CC 80, changes in form C, nor from U+4000 to U+9FFF, whose
    // first bytes are E4 to E9: hexagrams and unified ideographs.
    bool plain = true;
    for (const char *c = text; plain && *c; c++)
        plain = (uint8_t)*c < 0xCC || ((uint8_t)*c >= 0xE4 && (uint8_t)*c <= 0xE9);
    if (plain)
        return true;
    size_t size = strlen(text), normal_size;
    uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)text, size, NULL, &normal_size);
    bool same = !normal || (normal_size == size && !memcmp(normal, text, size));
    free(normal);
    return same;
}

static void check_date(walk *w, const Google__Type__Date *d)
{
    char text[48];
    date_span span;
    if (date_span_of(d, &span))
        return;
    snprintf(text, sizeof text, "%" PRId32 "-%" PRId32 "-%" PRId32, d->year, d->month, d->day);
    if (d->year < 1 || d->year > 9999)
        FAULT(w, "DATE_INVALID", text, "%s is no date: the year is 1 to 9999", text);
    else if (d->month < 0 || d->month > 12)
        FAULT(w, "DATE_INVALID", text, "%s is no date: the month is 1 to 12, or 0 if not known",
              text);
    else if (d->day && !d->month)
        FAULT(w, "DATE_INVALID", text, "%s has a day but no month", text);
    else
        FAULT(w, "DATE_INVALID", text, "%s is not in the calendar", text);
}

static void check_decimal(walk *w, const Google__Type__Decimal *d)
{
    const char *text = d->value, *next = text + (*text == '-');
    size_t whole = strspn(next, DIGITS), fraction = 0;
    bool good = whole > 0 && (whole == 1 || *next != '0');
    next += whole;
    if (good && *next == '.') {
        fraction = strspn(next + 1, DIGITS);
        good = fraction > 0;
        next += 1 + fraction;
    }
    if (!good || *next || whole + fraction > MAX_DECIMAL_DIGITS)
        FAULT(w, "DECIMAL_INVALID", text,
              "'%.64s' is no decimal number: digits, at most %d, with '-' before and a fraction "
              "behind '.' where needed, without exponent or leading zeros",
              text, MAX_DECIMAL_DIGITS);
}

static void check_path(walk *w, const char *text, bool must_exist)
{
    if (++w->paths_looked_up > MAX_PATHS) {
        if (w->paths_looked_up == MAX_PATHS + 1)
            FAULT(w, "TOO_MANY_PATHS", NULL, "a resource has at most %d paths", MAX_PATHS);
        return;
    }
    fieldpath path;
    nrpc_status why = {0};
    bool set;
    if (fieldpath_resolve(w->root_schema, text, &path, &why)) {
        FAULT(w, "PATH_MALFORMED", text, "%s", why.message ? why.message : "is not a path");
    } else if (fieldpath_find(&path, w->packed, w->packed_size, &set, &why) && must_exist) {
        FAULT(w, "PATH_NOT_FOUND", text, "%s", why.message ? why.message : "leads nowhere");
    }
    nrpc_status_fini(&why);
}

static void check_reference(walk *w, const rule *law, const char *text)
{
    resource_name name;
    nrpc_status why = {0};
    if (name_parse_any(w->v->types, law->kinds, text, w->path, &name, &why))
        FAULT(w, "NAME_MALFORMED", text, "%s",
              why.violation_count ? why.violations[0].description : "is not a name");
    else if (!w->reference(w->context, text, relative_path(w)))
        w->no_memory = true;
    nrpc_status_fini(&why);
}

static void check_unit(walk *w, const char *text)
{
    char term[NAME_MAX_SIZE + 1];
    if (unit_is_currency(text) || unit_is_ucum(text))
        return;
    if (!name_is_code(text, strlen(text))) {
        FAULT(w, "UNIT_UNKNOWN", text,
              "'%.64s' is no ISO 4217 code of a currency (CNY), no UCUM code of a unit of measure "
              "(km2, t, %%) and no code of a term of vocabularies/counts",
              text);
        return;
    }
    snprintf(term, sizeof term, "vocabularies/counts/terms/%s", text);
    if (!w->reference(w->context, term, relative_path(w)))
        w->no_memory = true;
}

static void check_rule(walk *w, const rule *law, const char *text, const char *own_id,
                       const id_list *siblings)
{
    switch (law->kind) {
    case RULE_CODE:
        if (!name_is_code(text, strlen(text)))
            FAULT(w, "CODE_MALFORMED", text, "'%.64s' is no code: [a-z][a-z0-9_]{0,62}", text);
        break;
    case RULE_REFERENCE:
        check_reference(w, law, text);
        break;
    case RULE_SIBLING:
        if (!siblings || !has_id(siblings, text, NULL))
            FAULT(w, "UNKNOWN_ID", text, "no element of the same list has the id '%.64s'", text);
        else if (!strcmp(text, own_id))
            FAULT(w, "UNKNOWN_ID", text, "'%.64s' is this element itself", text);
        break;
    case RULE_ROOT_ID:
        if (!has_id(root_ids(w, law->list), text, NULL))
            FAULT(w, "UNKNOWN_ID", text, "no element of %s has the id '%.64s'", law->list, text);
        break;
    case RULE_LANGUAGE:
        if (!is_language(text))
            FAULT(w, "TAG_MALFORMED", text, "'%.64s' is no BCP 47 tag, such as en or zh-Hans",
                  text);
        break;
    case RULE_REGION:
        if (strlen(text) != 2 || !all_of(text, 2, UPPER))
            FAULT(w, "FORMAT_MALFORMED", text, "'%.64s' is no ISO 3166-1 alpha-2 code", text);
        break;
    case RULE_SUBDIVISION:
        if (!is_subdivision(text))
            FAULT(w, "FORMAT_MALFORMED", text, "'%.64s' is no ISO 3166-2 code, such as CN-XJ",
                  text);
        break;
    case RULE_SHA256:
        if (strlen(text) != 64 || !all_of(text, 64, DIGITS "abcdef"))
            FAULT(w, "FORMAT_MALFORMED", text,
                  "'%.80s' is no SHA-256 digest: 64 lower-case hexadecimal digits", text);
        break;
    case RULE_UNIT:
        check_unit(w, text);
        break;
    case RULE_PATH:
        check_path(w, text, true);
        break;
    case RULE_PATH_MAYBE:
        check_path(w, text, false);
        break;
    }
}

// Where a value stands.
typedef struct place {
    const schema_field *field;
    const rule *rule;
    bool element;            // of a list
    const char *own_id;      // of the message it belongs to
    const id_list *siblings; // of that message
} place;

static void check_id(walk *w, const char *text, bool in_list, const id_list *siblings)
{
    bool twice = false;
    if (!in_list) {
        if (*text)
            FAULT(w, "UNEXPECTED_ID", text, "only elements of lists have an id");
    } else if (!*text) {
        FAULT(w, "REQUIRED", "", "every element of a list needs an id");
    } else if (!name_is_id(text, strlen(text))) {
        FAULT(w, "ID_MALFORMED", text, "'%.64s' is no id: [a-z0-9][a-z0-9_-]{0,62}", text);
    } else if (has_id(siblings, text, &twice) && twice) {
        FAULT(w, "DUPLICATE_ID", text, "two elements of the list have the id '%.64s'", text);
    }
}

static void check_text(walk *w, const place *at, const char *text)
{
    if (!*text) {
        if (at->element || at->field->behaviors & SCHEMA_REQUIRED)
            FAULT(w, "REQUIRED", "", at->element ? "is empty" : "is required");
        return;
    }
    if (at->rule)
        check_rule(w, at->rule, text, at->own_id, at->siblings);
    if (!is_nfc(text))
        FAULT(w, "NOT_NFC", NULL, "is not in Unicode normalization form C");
}

static void check_enum(walk *w, const place *at, int32_t number)
{
    char text[16];
    if (number && schema_enum_by_number(at->field->enumeration, number))
        return;
    snprintf(text, sizeof text, "%" PRId32, number);
    if (number)
        FAULT(w, "UNKNOWN_ENUM_VALUE", text, "%" PRId32 " is no value of %s", number,
              at->field->enumeration->full_name);
    else if (at->field->behaviors & SCHEMA_REQUIRED)
        FAULT(w, "REQUIRED", text, "is required: a value of %s other than %s",
              at->field->enumeration->full_name,
              schema_enum_by_number(at->field->enumeration, 0)->name);
}

static void check_number(walk *w, const place *at, double value)
{
    char text[32];
    if (isfinite(value) && value > 0)
        return;
    snprintf(text, sizeof text, "%.17g", value);
    if (!isfinite(value))
        FAULT(w, "NOT_FINITE", text, "%s is not a finite number", text);
    else if (value < 0)
        FAULT(w, "NEGATIVE", text, "%s is negative", text);
    else if (value == 0 && !at->element && at->field->behaviors & SCHEMA_REQUIRED)
        FAULT(w, "REQUIRED", text, "is required");
}

static void check_message(walk *w, const ProtobufCMessage *m, const schema_message *type,
                          bool in_list, const id_list *siblings);

static void check_value(walk *w, const place *at, const ProtobufCFieldDescriptor *f,
                        const void *value, const id_list *list)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        check_text(w, at, text_of(value));
        break;
    case PROTOBUF_C_TYPE_ENUM:
        check_enum(w, at, *(const int32_t *)value);
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        check_number(w, at, *(const int32_t *)value);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        check_number(w, at, (double)*(const int64_t *)value);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        check_number(w, at, *(const float *)value);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        check_number(w, at, *(const double *)value);
        break;
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *m = *(const ProtobufCMessage *const *)value;
        if (m)
            check_message(w, m, at->field->message, at->element, list);
        else if (at->field->behaviors & SCHEMA_REQUIRED)
            FAULT(w, "REQUIRED", "", "is required");
        break;
    }
    default: // booleans and unsigned numbers hold nothing to check
        break;
    }
}

static bool has_id_field(const schema_message *m)
{
    return m && schema_message_field(m, "id", 2);
}

static void check_list(walk *w, place at, const ProtobufCMessage *m,
                       const ProtobufCFieldDescriptor *f)
{
    size_t n = *(const size_t *)((const char *)m + f->quantifier_offset);
    const char *elements = *(const char *const *)member(m, f);
    if (!n && at.field->behaviors & SCHEMA_REQUIRED)
        FAULT(w, "REQUIRED", "", "needs at least one element");
    id_list ids = {0};
    if (has_id_field(at.field->message))
        ids = make_ids(w, (ProtobufCMessage *const *)(const void *)elements, n);
    at.element = true;
    for (size_t i = 0; i < n; i++) {
        size_t before = push_index(w, i);
        check_value(w, &at, f, elements + i * member_value_size(f->type), &ids);
        pop(w, before);
    }
    free(ids.ids);
}

static void check_field(walk *w, const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                        const schema_field *field, bool in_list, const id_list *siblings)
{
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
        *(const uint32_t *)((const char *)m + f->quantifier_offset) != f->id)
        return;
    size_t before = push_field(w, field->name);
    place at = {.field = field, .rule = rule_of(w->v, field), .siblings = siblings, .own_id = ""};
    bool is_id = !strcmp(field->name, "id") && f->type == PROTOBUF_C_TYPE_STRING;
    if (at.rule && at.rule->kind == RULE_SIBLING && has_id_field(field->parent))
        at.own_id = text_of(member_named(m, "id"));
    if (is_id)
        check_id(w, text_of(member(m, f)), in_list, siblings);
    else if (f->label == PROTOBUF_C_LABEL_REPEATED)
        check_list(w, at, m, f);
    else
        check_value(w, &at, f, member(m, f), NULL);
    pop(w, before);
}

// --- what one message means as a whole
// ---------------------------------------------------------------

static void check_stated_value(walk *w, const Ftz__V1__StatedValue *value)
{
    if (value->kind_case == FTZ__V1__STATED_VALUE__KIND__NOT_SET)
        FAULT(w, "REQUIRED", "", "needs one of text, number and date");
    if (value->bound && value->kind_case != FTZ__V1__STATED_VALUE__KIND_NUMBER)
        FAULT(w, "STATED_VALUE_MISMATCH", NULL, "has a bound, but is not a number");
}

static bool is_message(const schema_field *f, const char *name)
{
    return f->message && !strcmp(f->message->full_name, name);
}

// What a stated value of this field must be.
static Ftz__V1__StatedValue__KindCase stated_as(const fieldpath *path)
{
    const schema_field *f = path->field;
    bool list = f->repeated && !path->element;
    if (!list && is_message(f, "google.type.Date"))
        return FTZ__V1__STATED_VALUE__KIND_DATE;
    if (!list && is_message(f, "google.type.Decimal"))
        return FTZ__V1__STATED_VALUE__KIND_NUMBER;
    if (f->message || f->type == SCHEMA_STRING || f->type == SCHEMA_ENUM || f->type == SCHEMA_BOOL)
        return FTZ__V1__STATED_VALUE__KIND_TEXT;
    return FTZ__V1__STATED_VALUE__KIND_NUMBER;
}

static void check_stated_kind(walk *w, const Ftz__V1__Citation *c)
{
    static const char *const names[] = {"none", "text", "number", "date"};
    fieldpath path;
    size_t before = push_field(w, "stated_value");
    if (!*c->path) {
        FAULT(w, "STATED_VALUE_MISMATCH", NULL, "needs a path that names one field");
    } else if (!fieldpath_resolve(w->root_schema, c->path, &path, NULL)) {
        unsigned is = c->stated_value->kind_case, wanted = stated_as(&path);
        if (is != FTZ__V1__STATED_VALUE__KIND__NOT_SET && is != wanted)
            FAULT(w, "STATED_VALUE_MISMATCH", c->path, "is %s, but '%s' is stated as %s",
                  is < ARRAY_LEN(names) ? names[is] : "unknown", c->path, names[wanted]);
    }
    pop(w, before);
}

static void check_citation(walk *w, const Ftz__V1__Citation *c)
{
    bool other = c->stance == FTZ__V1__STANCE__STANCE_CONTRADICTS ||
                 c->stance == FTZ__V1__STANCE__STANCE_CORRECTS;
    bool computed = c->verification == FTZ__V1__VERIFICATION__VERIFICATION_COMPUTED;
    if (!c->n_sources && c->verification == FTZ__V1__VERIFICATION__VERIFICATION_VERIFIED) {
        size_t before = push_field(w, "sources");
        FAULT(w, "REQUIRED", "", "may be empty only where verification is UNVERIFIED or COMPUTED");
        pop(w, before);
    }
    if (*c->derivation && !computed) {
        size_t before = push_field(w, "derivation");
        FAULT(w, "CITATION_INCONSISTENT", NULL, "is for COMPUTED statements only");
        pop(w, before);
    }
    if (other != (c->stated_value != NULL)) {
        size_t before = push_field(w, "stated_value");
        FAULT(w, other ? "REQUIRED" : "CITATION_INCONSISTENT", NULL,
              other ? "is required where the stance is CONTRADICTS or CORRECTS"
                    : "is only for the stances CONTRADICTS and CORRECTS");
        pop(w, before);
    }
    if (c->stated_value)
        check_stated_kind(w, c);
}

static void check_message(walk *w, const ProtobufCMessage *m, const schema_message *type,
                          bool in_list, const id_list *siblings)
{
    const ProtobufCMessageDescriptor *d = m->descriptor;
    for (unsigned i = 0; i < m->n_unknown_fields; i++) {
        char number[16];
        snprintf(number, sizeof number, "%" PRIu32, m->unknown_fields[i].tag);
        FAULT(w, "UNKNOWN_FIELD", number, "%s has no field %s that this server knows",
              type->full_name, number);
    }
    if (d == &google__type__date__descriptor) {
        check_date(w, (const Google__Type__Date *)m);
        return;
    }
    if (d == &google__type__decimal__descriptor) {
        check_decimal(w, (const Google__Type__Decimal *)m);
        return;
    }
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        const schema_field *field = schema_message_number(type, f->id);
        bool own = m == w->root && f->id < RESOURCE_MAX_FIELD && w->type->server_set >> f->id & 1;
        if (field && !own && !(field->behaviors & (SCHEMA_OUTPUT_ONLY | SCHEMA_IDENTIFIER)))
            check_field(w, m, f, field, in_list, siblings);
    }
    if (d == &ftz__v1__citation__descriptor)
        check_citation(w, (const Ftz__V1__Citation *)m);
    else if (d == &ftz__v1__stated_value__descriptor)
        check_stated_value(w, (const Ftz__V1__StatedValue *)m);
}

nrpc_code validate_resource(const validator *v, const resource_type *type,
                            const ProtobufCMessage *message, const void *packed, size_t size,
                            const char *prefix, validate_reference_fn reference, void *context,
                            resource_name *name, nrpc_status *status)
{
    walk *w = calloc(1, sizeof *w);
    if (!w)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                               "out of memory for checking a resource");
    w->v = v;
    w->type = type;
    w->root = message;
    w->root_schema = v->messages[type->kind];
    w->packed = packed;
    w->packed_size = size;
    w->reference = reference;
    w->context = context;
    w->status = status;
    push_text(w, prefix);
    w->prefix_size = w->path_size;
    size_t before = push_field(w, "name");
    const char *text = text_of((const char *)message + type->name_offset);
    *name = (resource_name){0};
    nrpc_status why = {0};
    if (name_parse(type, text, w->path, false, name, &why)) {
        FAULT(w, why.violation_count ? why.violations[0].reason : "NAME_MALFORMED", text, "%s",
              why.violation_count ? why.violations[0].description : "is not a name");
    } else if (type->parent_is_resource) {
        char parent[NAME_MAX_SIZE + 1];
        snprintf(parent, sizeof parent, "%.*s", (int)name->parent_size, name->text);
        w->no_memory |= !reference(context, parent, "name");
    }
    nrpc_status_fini(&why);
    pop(w, before);
    check_message(w, message, w->root_schema, false, NULL);
    for (size_t i = 0; i < RESOURCE_MAX_FIELD; i++)
        free(w->root_ids[i].ids);
    bool no_memory = w->no_memory;
    free(w);
    if (no_memory)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                               "out of memory for checking a resource");
    return status->code;
}
