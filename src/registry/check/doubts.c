// The doubts that fields raise wherever they stand: codes without a term, names of nothing, dates
// out of order, facts without proof, claims against them. Those about one type are in
// doubts_facts.c.
#include "registry/check/doubts.h"

#include "ftz/v1/resources.pb-c.h"
#include "registry/check/doubts_private.h"
#include "registry/evidence.h"
#include "registry/member.h"
#include "registry/names.h"
#include "registry/write/units.h"

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
        check_code(w, w->vocabulary, member_text(m, f));
        return;
    }
    if (m->descriptor == &ftz__v1__quantity__descriptor && !strcmp(f->name, "unit")) {
        const char *unit = member_text(m, f);
        if (!unit_is_currency(unit) && !unit_is_ucum(unit))
            check_code(w, "counts", unit);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(lookups); i++) {
        if (lookups[i].message != m->descriptor || strcmp(lookups[i].field, f->name) != 0)
            continue;
        bool list = f->label == PROTOBUF_C_LABEL_REPEATED;
        size_t count = list ? member_count(m, f) : 1;
        for (size_t j = 0; j < count && !w->stopped; j++) {
            const char *text =
                list ? (*(const char *const *const *)member_at(m, f))[j] : member_text(m, f);
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
        const Google__Type__Date *first = member_date(m, o->first),
                                 *second = member_date(m, o->second);
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
        if (!member_is_chosen(m, f))
            continue;
        push(w, f->name);
        if (f->type == PROTOBUF_C_TYPE_STRING) {
            check_text(w, m, f);
        } else if (f->type == PROTOBUF_C_TYPE_MESSAGE && f->label == PROTOBUF_C_LABEL_REPEATED) {
            w->vocabulary = !strcmp(f->name, "positioning") ? "positioning" : "subjects";
            for (size_t j = 0; j < member_count(m, f) && !w->stopped; j++) {
                size_t list = w->path_size;
                const ProtobufCMessage *element = member_element(m, f, j);
                push(w, member_id(element));
                walk_message(w, element);
                pop(w, list);
            }
        } else if (f->type == PROTOBUF_C_TYPE_MESSAGE && member_message(m, f)) {
            walk_message(w, member_message(m, f));
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
    const ProtobufCFieldDescriptor *citations = member_field(m, "citations");
    if (!citations)
        return;
    proof p = {.citations = *(Ftz__V1__Citation *const *const *)member_at(m, citations),
               .count = member_count(m, citations)};
    if (!p.count) {
        doubt_report(w, "NO_SOURCE", "", "no citation says where any of this is from");
        return;
    }
    p.used = calloc(p.count, sizeof *p.used);
    for (unsigned i = 0; p.used && i < m->descriptor->n_fields && !w->stopped; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        if (!is_founded(f->name) || !member_is_set(m, f))
            continue;
        if (f->type != PROTOBUF_C_TYPE_MESSAGE || f->label != PROTOBUF_C_LABEL_REPEATED) {
            check_proof(w, &p, f->name);
            continue;
        }
        for (size_t j = 0; j < member_count(m, f) && !w->stopped; j++) {
            const ProtobufCMessage *element = member_element(m, f, j);
            char path[DOUBT_MAX_PATH];
            snprintf(path, sizeof path, "%s.%s", f->name, member_id(element));
            if (!needs_no_proof(element))
                check_proof(w, &p, path);
        }
    }
    free(p.used);
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
    doubt_claims(&w, message);
    check_proofs(&w, message);
    return !w.stopped;
}
