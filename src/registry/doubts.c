// The doubts that fields raise wherever they stand: codes without a term, names of nothing, dates
// out of order, facts without proof, claims against them. Those about one type are in
// doubts_facts.c.
#include "registry/doubts.h"

#include "ftz/v1/resources.pb-c.h"
#include "registry/doubts_private.h"
#include "registry/evidence.h"
#include "registry/names.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- tables --------------------------------------------------------------------------------------

#define OF(message) &ftz__v1__##message##__descriptor

// Fields that hold the code of a term, and in which vocabulary; or the name of a resource.
typedef struct lookup {
    const ProtobufCMessageDescriptor *message;
    const char *field;
    const char *vocabulary; // NULL: it is a name
} lookup;

static const lookup lookups[] = {
    {OF(zone), "kind", "zone_kinds"},
    {OF(kind_change), "kind", "zone_kinds"},
    {OF(area), "kind", "area_kinds"},
    {OF(inner_part), "kind", "part_kinds"},
    {OF(event), "type", "event_types"},
    {OF(region), "kind", "region_kinds"},
    {OF(industry), "code", "industries"},
    {OF(quantity), "measure", "measures"},
    {OF(party), "role", "party_roles"},
    {OF(identifier), "kind", "identifier_kinds"},
    {OF(relation), "kind", "relations"},
    {OF(size_change), "event", NULL},
    {OF(place), "area", NULL},
    {OF(quantity), "area", NULL},
    {OF(area), "parent_area", NULL},
    {OF(event), "zones", NULL},
    {OF(event), "areas", NULL},
    {OF(event), "part_of", NULL},
    {OF(event), "power_delegations", NULL},
    {OF(receiver), "areas", NULL},
    {OF(relation), "resource", NULL},
    {OF(remark), "resources", NULL},
    {OF(citation), "sources", NULL},
};

// Dates of which the first cannot come after the second.
typedef struct order {
    const ProtobufCMessageDescriptor *message;
    const char *first, *second;
} order;

static const order orders[] = {
    {OF(zone), "approval_date", "launch_date"},
    {OF(event), "date", "end_date"},
    {OF(event), "date", "effective_date"},
    {OF(power_delegation), "review_date", "approval_date"},
    {OF(power_delegation), "review_date", "issue_date"},
    {OF(power_delegation), "review_date", "effective_date"},
    {OF(power_delegation), "approval_date", "issue_date"},
    {OF(power_delegation), "approval_date", "effective_date"},
    {OF(power_delegation), "approval_date", "observed_date"},
    {OF(power_delegation), "issue_date", "effective_date"},
    {OF(document), "document_date", "publication_date"},
    {OF(document), "document_date", "effective_date"},
    {OF(name), "start_date", "end_date"},
    {OF(quantity), "period_start", "period_end"},
};

// Fields that state no fact of the world, or one in our own words.
static const char *const unfounded[] = {
    "name",        "display_name", "title",      "description",     "citations",
    "remarks",     "uid",          "etag",       "revision",        "create_time",
    "update_time", "delete_time",  "purge_time", "industries_open", "focus_industries_open",
};

// --- members -------------------------------------------------------------------------------------

static const void *member(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return (const char *)m + f->offset;
}

static size_t count_of(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return *(const size_t *)((const char *)m + f->quantifier_offset);
}

static const ProtobufCMessage *message_of(const ProtobufCMessage *m,
                                          const ProtobufCFieldDescriptor *f)
{
    return *(const ProtobufCMessage *const *)member(m, f);
}

static const ProtobufCMessage *element_of(const ProtobufCMessage *m,
                                          const ProtobufCFieldDescriptor *f, size_t i)
{
    return (*(const ProtobufCMessage *const *const *)member(m, f))[i];
}

static const char *text_of(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    const char *text = *(const char *const *)member(m, f);
    return text ? text : "";
}

static const ProtobufCFieldDescriptor *field_named(const ProtobufCMessage *m, const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);
}

static const char *id_of(const ProtobufCMessage *m)
{
    const ProtobufCFieldDescriptor *id = field_named(m, "id");
    return id && id->type == PROTOBUF_C_TYPE_STRING ? text_of(m, id) : "";
}

static const Google__Type__Date *date_of(const ProtobufCMessage *m, const char *name)
{
    return (const Google__Type__Date *)message_of(m, field_named(m, name));
}

static bool is_date(const ProtobufCFieldDescriptor *f)
{
    return f->type == PROTOBUF_C_TYPE_MESSAGE && f->descriptor == &google__type__date__descriptor;
}

// Whether a member of a oneof is the one that is set; true of all others.
static bool is_chosen(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return !(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
           *(const uint32_t *)((const char *)m + f->quantifier_offset) == f->id;
}

static bool is_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return count_of(m, f) > 0;
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        return *text_of(m, f);
    case PROTOBUF_C_TYPE_MESSAGE:
        return message_of(m, f);
    case PROTOBUF_C_TYPE_DOUBLE:
        return *(const double *)member(m, f) != 0;
    default: // enums, booleans and numbers of 32 bits
        return *(const int32_t *)member(m, f) != 0;
    }
}

// --- reports -------------------------------------------------------------------------------------

void doubt_report(doubt_walk *w, const char *code, const char *path, const char *format, ...)
{
    char whole[DOUBT_MAX_PATH + 128], text[DOUBT_MAX_MESSAGE];
    va_list args;
    if (w->stopped || !w->world)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(whole, sizeof whole, "%s%s%s", w->path, *w->path && *path ? "." : "", path);
    w->stopped = !w->doubt(w->context, code, whole, text);
}

bool doubt_is_later(const Google__Type__Date *first, const Google__Type__Date *second)
{
    date_span a, b;
    return date_span_of(first, &a) && date_span_of(second, &b) && a.first > b.last;
}

void doubt_format_date(const Google__Type__Date *date, char out[DATE_TEXT_SIZE])
{
    date_span span;
    out[0] = '\0';
    if (date_span_of(date, &span))
        date_format(&span, out);
}

void doubt_format_number(double number, char out[DOUBT_NUMBER_SIZE])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, DOUBT_NUMBER_SIZE, "%.*g", digits, number);
        if (strtod(out, NULL) == number)
            return;
    }
}

// --- codes and names -----------------------------------------------------------------------------

static doubt_other look_up(doubt_walk *w, const char *name)
{
    if (w->world)
        return w->world->look_up(w->world->context, name);
    w->stopped = w->stopped || !w->name(w->context, name);
    return (doubt_other){.exists = true};
}

static void check_code(doubt_walk *w, const char *vocabulary, const char *code)
{
    char name[NAME_MAX_SIZE + 1];
    if (!*code ||
        snprintf(name, sizeof name, "vocabularies/%s/terms/%s", vocabulary, code) > NAME_MAX_SIZE)
        return;
    if (!look_up(w, name).exists)
        doubt_report(w, "UNKNOWN_CODE", "", "the code '%s' has no term in vocabulary %s", code,
                     vocabulary);
}

static void check_reference(doubt_walk *w, const char *name)
{
    if (*name && !look_up(w, name).exists)
        doubt_report(w, "DANGLING_REFERENCE", "", "'%s' does not exist, or is deleted", name);
}

static void check_text(doubt_walk *w, const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    if (m->descriptor == &ftz__v1__tag__descriptor && !strcmp(f->name, "code")) {
        check_code(w, w->vocabulary, text_of(m, f));
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(lookups); i++) {
        if (lookups[i].message != m->descriptor || strcmp(lookups[i].field, f->name) != 0)
            continue;
        bool list = f->label == PROTOBUF_C_LABEL_REPEATED;
        size_t count = list ? count_of(m, f) : 1;
        for (size_t j = 0; j < count && !w->stopped; j++) {
            const char *text =
                list ? (*(const char *const *const *)member(m, f))[j] : text_of(m, f);
            if (lookups[i].vocabulary)
                check_code(w, lookups[i].vocabulary, text);
            else
                check_reference(w, text);
        }
    }
}

// --- dates ---------------------------------------------------------------------------------------

static void check_orders(doubt_walk *w, const ProtobufCMessage *m)
{
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        const order *o = &orders[i];
        if (o->message != m->descriptor)
            continue;
        const Google__Type__Date *first = date_of(m, o->first), *second = date_of(m, o->second);
        if (doubt_is_later(first, second)) {
            char a[DATE_TEXT_SIZE], b[DATE_TEXT_SIZE];
            doubt_format_date(first, a);
            doubt_format_date(second, b);
            doubt_report(w, "DATES_OUT_OF_ORDER", o->second, "%s is %s, and %s before it, %s",
                         o->first, a, o->second, b);
        }
    }
}

// --- the walk ------------------------------------------------------------------------------------

static void push(doubt_walk *w, const char *segment)
{
    size_t room = sizeof w->path - w->path_size;
    int n = snprintf(w->path + w->path_size, room, "%s%s", w->path_size ? "." : "", segment);
    w->path_size += (size_t)n < room ? (size_t)n : room - 1;
}

static void pop(doubt_walk *w, size_t size)
{
    w->path_size = size;
    w->path[size] = '\0';
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the messages of a resource nest
static void walk_message(doubt_walk *w, const ProtobufCMessage *m)
{
    check_orders(w, m);
    for (unsigned i = 0; i < m->descriptor->n_fields && !w->stopped; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        size_t before = w->path_size;
        if (!is_chosen(m, f))
            continue;
        push(w, f->name);
        if (f->type == PROTOBUF_C_TYPE_STRING) {
            check_text(w, m, f);
        } else if (f->type == PROTOBUF_C_TYPE_MESSAGE && f->label == PROTOBUF_C_LABEL_REPEATED) {
            w->vocabulary = !strcmp(f->name, "positioning") ? "positioning" : "subjects";
            for (size_t j = 0; j < count_of(m, f) && !w->stopped; j++) {
                size_t list = w->path_size;
                const ProtobufCMessage *element = element_of(m, f, j);
                push(w, id_of(element));
                walk_message(w, element);
                pop(w, list);
            }
        } else if (f->type == PROTOBUF_C_TYPE_MESSAGE && message_of(m, f)) {
            walk_message(w, message_of(m, f));
        }
        pop(w, before);
    }
}

// --- proof ---------------------------------------------------------------------------------------

typedef struct proof {
    Ftz__V1__Citation *const *citations;
    size_t count;
    bool *used; // one for each
} proof;

#define VERIFICATION(name) FTZ__V1__VERIFICATION__VERIFICATION_##name

static void check_proof(doubt_walk *w, const proof *p, const char *path)
{
    memset(p->used, 0, p->count * sizeof *p->used);
    Ftz__V1__Verification weakest = evidence_of(p->citations, p->count, path, p->used);
    if (weakest == VERIFICATION(UNSPECIFIED)) {
        doubt_report(w, "NO_SOURCE", path, "no citation says where this is from");
    } else if (weakest == VERIFICATION(UNVERIFIED)) {
        bool better = false;
        for (size_t i = 0; i < p->count; i++)
            better |= p->used[i] && p->citations[i]->verification != VERIFICATION(UNVERIFIED);
        if (!better)
            doubt_report(w, "NO_SOURCE", path,
                         "it is cited, but nobody has read it in a source: the citation is "
                         "unverified");
    }
}

static bool is_founded(const char *field)
{
    for (size_t i = 0; i < ARRAY_LEN(unfounded); i++)
        if (!strcmp(unfounded[i], field))
            return false;
    return true;
}

// Names made for the registry stand in no source.
static bool needs_no_proof(const ProtobufCMessage *element)
{
    return element->descriptor == &ftz__v1__name__descriptor &&
           ((const Ftz__V1__Name *)element)->kind == FTZ__V1__NAME_KIND__NAME_KIND_TRANSLATION;
}

static void check_proofs(doubt_walk *w, const ProtobufCMessage *m)
{
    const ProtobufCFieldDescriptor *citations = field_named(m, "citations");
    if (!citations)
        return;
    proof p = {.citations = *(Ftz__V1__Citation *const *const *)member(m, citations),
               .count = count_of(m, citations)};
    if (!p.count) {
        doubt_report(w, "NO_SOURCE", "", "no citation says where any of this is from");
        return;
    }
    p.used = calloc(p.count, sizeof *p.used);
    for (unsigned i = 0; p.used && i < m->descriptor->n_fields && !w->stopped; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        if (!is_founded(f->name) || !is_set(m, f))
            continue;
        if (f->type != PROTOBUF_C_TYPE_MESSAGE || f->label != PROTOBUF_C_LABEL_REPEATED) {
            check_proof(w, &p, f->name);
            continue;
        }
        for (size_t j = 0; j < count_of(m, f) && !w->stopped; j++) {
            const ProtobufCMessage *element = element_of(m, f, j);
            char path[DOUBT_MAX_PATH];
            snprintf(path, sizeof path, "%s.%s", f->name, id_of(element));
            if (!needs_no_proof(element))
                check_proof(w, &p, path);
        }
    }
    free(p.used);
}

// --- claims --------------------------------------------------------------------------------------

enum { VALUE_SIZE = 160 };

static void format_value(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                         char out[VALUE_SIZE])
{
    char number[DOUBT_NUMBER_SIZE], date[DATE_TEXT_SIZE];
    out[0] = '\0';
    if (f->label == PROTOBUF_C_LABEL_REPEATED || !is_set(m, f))
        return;
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        snprintf(out, VALUE_SIZE, "'%.120s'", text_of(m, f));
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        doubt_format_number(*(const double *)member(m, f), number);
        snprintf(out, VALUE_SIZE, "%s", number);
        break;
    case PROTOBUF_C_TYPE_INT32:
        snprintf(out, VALUE_SIZE, "%" PRId32, *(const int32_t *)member(m, f));
        break;
    case PROTOBUF_C_TYPE_ENUM: {
        const ProtobufCEnumValue *value =
            protobuf_c_enum_descriptor_get_value(f->descriptor, *(const int *)member(m, f));
        snprintf(out, VALUE_SIZE, "%s", value ? value->name : "");
        break;
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        if (is_date(f)) {
            doubt_format_date((const Google__Type__Date *)message_of(m, f), date);
            snprintf(out, VALUE_SIZE, "%s", date);
        } else if (f->descriptor == &google__type__decimal__descriptor) {
            const Google__Type__Decimal *d = (const Google__Type__Decimal *)message_of(m, f);
            snprintf(out, VALUE_SIZE, "%.120s", d->value);
        }
        break;
    default:
        break;
    }
}

static bool is_segment(const char *path, size_t size, const char *name)
{
    return strlen(name) == size && !strncmp(path, name, size);
}

// The value at a path, as text; "" where it is no single value, or is not set.
static void value_at(const ProtobufCMessage *m, const char *path, char out[VALUE_SIZE])
{
    out[0] = '\0';
    while (m) {
        size_t size = strcspn(path, ".");
        const ProtobufCFieldDescriptor *f = NULL;
        for (unsigned i = 0; i < m->descriptor->n_fields && !f; i++)
            if (is_segment(path, size, m->descriptor->fields[i].name))
                f = &m->descriptor->fields[i];
        if (!f || !is_chosen(m, f))
            return;
        path += size;
        if (!*path) {
            format_value(m, f, out);
            return;
        }
        path++;
        if (f->type != PROTOBUF_C_TYPE_MESSAGE)
            return;
        if (f->label != PROTOBUF_C_LABEL_REPEATED) {
            m = message_of(m, f);
            continue;
        }
        size_t count = count_of(m, f);
        const ProtobufCMessage *found = NULL;
        path += *path == '`';
        size = strcspn(path, ".`");
        for (size_t i = 0; i < count && !found; i++)
            if (is_segment(path, size, id_of(element_of(m, f, i))))
                found = element_of(m, f, i);
        path += size;
        path += *path == '`';
        m = *path ? found : NULL;
        path += *path == '.';
    }
}

static void check_claims(doubt_walk *w, const ProtobufCMessage *m)
{
    const ProtobufCFieldDescriptor *f = field_named(m, "citations");
    for (size_t i = 0; f && i < count_of(m, f) && !w->stopped; i++) {
        const Ftz__V1__Citation *c = (const Ftz__V1__Citation *)element_of(m, f, i);
        if (c->stance != FTZ__V1__STANCE__STANCE_CONTRADICTS || !c->stated_value)
            continue;
        char held[VALUE_SIZE], stated[VALUE_SIZE] = "";
        value_at(m, c->path, held);
        for (unsigned j = 0; j < c->stated_value->base.descriptor->n_fields; j++) {
            const ProtobufCFieldDescriptor *kind = &c->stated_value->base.descriptor->fields[j];
            if (kind->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
                is_chosen(&c->stated_value->base, kind))
                format_value(&c->stated_value->base, kind, stated);
        }
        doubt_report(w, "CLAIMS_CONFLICT", c->path, "held is %s; %s%s says %s (citation %s)",
                     *held ? held : "something else", c->n_sources ? c->sources[0] : "somebody",
                     c->n_sources > 1 ? " and others" : "", stated, c->id);
    }
}

// --- all of it -----------------------------------------------------------------------------------

bool doubt_names(const resource_type *type, const ProtobufCMessage *message, doubt_name_fn name,
                 void *context)
{
    (void)type;
    doubt_walk w = {.name = name, .context = context};
    walk_message(&w, message);
    return !w.stopped;
}

bool doubts_of(const resource_type *type, const ProtobufCMessage *message, const doubt_world *world,
               doubt_fn doubt, void *context)
{
    static void (*const facts[RESOURCE_KINDS])(doubt_walk *, const ProtobufCMessage *) = {
        [RESOURCE_ZONE] = doubt_zone,
        [RESOURCE_AREA] = doubt_area,
        [RESOURCE_EVENT] = doubt_event,
        [RESOURCE_POWER_DELEGATION] = doubt_power_delegation,
    };
    doubt_walk w = {.world = world, .doubt = doubt, .context = context};
    if (facts[type->kind])
        facts[type->kind](&w, message);
    walk_message(&w, message);
    check_claims(&w, message);
    check_proofs(&w, message);
    return !w.stopped;
}
