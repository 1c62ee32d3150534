#include "registry/query/timeline_entry.h"

#include "registry/evidence.h"
#include "schema/json_text.h"

#include <string.h>

#define KIND(name)      FTZ__V1__TIMELINE_KIND__TIMELINE_KIND_##name
#define AMENDMENT(name) FTZ__V1__AMENDMENT_KIND__AMENDMENT_KIND_##name

// The element whose id stands between the first two points of the path.
static bool is_element(const char *path, const char *id)
{
    const char *start = strchr(path, '.');
    size_t size = strlen(id);
    return start && !strncmp(start + 1, id, size) && start[1 + size] == '.';
}

static const Ftz__V1__SizeChange *size_change(const Ftz__V1__Zone *zone, const char *path)
{
    for (size_t i = 0; i < zone->n_size_history; i++)
        if (is_element(path, zone->size_history[i]->id))
            return zone->size_history[i];
    return NULL;
}

// --- titles --------------------------------------------------------------------------------------

static char *zone_title(const Ftz__V1__Zone *zone, const store_moment *moment, arena *memory)
{
    const char *name = zone->display_name;
    const Ftz__V1__SizeChange *change;
    char size[JSON_NUMBER_SIZE];
    switch (moment->kind) {
    case KIND(APPROVAL):
        return arena_printf(memory, "%s approved", name);
    case KIND(PLAN_DATED):
        return arena_printf(memory, "Plan of %s dated", name);
    case KIND(PLAN_PUBLISHED):
        return arena_printf(memory, "Plan of %s published", name);
    case KIND(LAUNCH):
        return arena_printf(memory, "%s launched", name);
    default:
        change = size_change(zone, moment->path);
        if (!change || change->area_km2 <= 0)
            return arena_printf(memory, "%s changes its size", name);
        json_format_double(change->area_km2, size);
        return arena_printf(memory, "%s measures %s km2", name, size);
    }
}

static const char *amendment_word(const Ftz__V1__PowerDelegation *d, const char *path)
{
    for (size_t i = 0; i < d->n_amendments; i++) {
        if (!is_element(path, d->amendments[i]->id))
            continue;
        switch (d->amendments[i]->kind) {
        case AMENDMENT(SUSPENDED):
            return "suspended";
        case AMENDMENT(RESUMED):
            return "resumed";
        case AMENDMENT(REVOKED):
            return "revoked";
        default:
            break;
        }
    }
    return "amended";
}

static char *delegation_title(const Ftz__V1__PowerDelegation *d, const store_moment *moment,
                              arena *memory)
{
    const char *word = moment->kind == KIND(DELEGATION_EFFECTIVE) ? "in force"
                       : moment->kind == KIND(DELEGATION_AMENDED) ? amendment_word(d, moment->path)
                       : !strcmp(moment->path, "review_date")     ? "reviewed"
                       : !strcmp(moment->path, "approval_date")   ? "approved"
                                                                  : "issued";
    return arena_printf(memory, "%s: %s", d->display_name, word);
}

static char *event_title(const Ftz__V1__Event *event, const store_moment *moment, arena *memory)
{
    if (moment->kind == KIND(EVENT_EFFECTIVE))
        return arena_printf(memory, "%s: in effect", event->title);
    return arena_strndup(memory, event->title, strlen(event->title));
}

static char *area_title(const Ftz__V1__Area *area, const store_moment *moment, arena *memory)
{
    return arena_printf(memory, "%s %s", area->display_name,
                        moment->kind == KIND(AREA_OPENED) ? "opened" : "joined the zone");
}

static char *title_of(resource_kind kind, const ProtobufCMessage *resource,
                      const store_moment *moment, arena *memory)
{
    switch (kind) {
    case RESOURCE_ZONE:
        return zone_title((const Ftz__V1__Zone *)resource, moment, memory);
    case RESOURCE_AREA:
        return area_title((const Ftz__V1__Area *)resource, moment, memory);
    case RESOURCE_EVENT:
        return event_title((const Ftz__V1__Event *)resource, moment, memory);
    default:
        return delegation_title((const Ftz__V1__PowerDelegation *)resource, moment, memory);
    }
}

// --- entries -------------------------------------------------------------------------------------

static char **copy_texts(char *const *texts, size_t count, arena *memory)
{
    char **out = arena_alloc(memory, (count + 1) * sizeof *out);
    for (size_t i = 0; out && i < count; i++)
        if (!(out[i] = arena_strndup(memory, texts[i], strlen(texts[i]))))
            return NULL;
    return out;
}

static bool know_event(const Ftz__V1__Event *event, arena *memory, timeline_entry *out)
{
    out->type = arena_strndup(memory, event->type, strlen(event->type));
    out->zones = copy_texts(event->zones, event->n_zones, memory);
    out->areas = copy_texts(event->areas, event->n_areas, memory);
    out->delegations = copy_texts(event->power_delegations, event->n_power_delegations, memory);
    out->zone_count = event->n_zones;
    out->area_count = event->n_areas;
    out->delegation_count = event->n_power_delegations;
    return out->type && out->zones && out->areas && out->delegations;
}

bool timeline_entry_know(const store_moment *moment, const char *name, resource_kind kind,
                         const ProtobufCMessage *resource, arena *memory, timeline_entry *out)
{
    *out = (timeline_entry){.moment = *moment, .kind = kind, .event = "", .type = ""};
    out->name = arena_strndup(memory, name, strlen(name));
    out->moment.path = arena_strndup(memory, moment->path, strlen(moment->path));
    if (!out->name || !out->moment.path)
        return false;
    if (kind == RESOURCE_EVENT)
        return know_event((const Ftz__V1__Event *)resource, memory, out);
    if (moment->kind != KIND(SIZE))
        return true;
    const Ftz__V1__SizeChange *change = size_change((const Ftz__V1__Zone *)resource, moment->path);
    if (change)
        out->event = arena_strndup(memory, change->event, strlen(change->event));
    return out->event != NULL;
}

static bool say(const ProtobufCMessage *resource, arena *memory, timeline_entry *e)
{
    Ftz__V1__TimelineEntry *m = &e->message;
    size_t count;
    Ftz__V1__Citation *const *citations = evidence_citations(resource, &count);
    ftz__v1__timeline_entry__init(m);
    m->date = arena_alloc(memory, sizeof *m->date);
    m->title = title_of(e->kind, resource, &e->moment, memory);
    if (!m->date || !m->title)
        return false;
    google__type__date__init(m->date);
    date_set(&(date_span){e->moment.first, e->moment.last, (date_precision)e->moment.precision},
             m->date);
    m->kind = (Ftz__V1__TimelineKind)e->moment.kind;
    m->resource = (char *)(uintptr_t)e->name;
    m->path = (char *)(uintptr_t)e->moment.path;
    m->verification = evidence_of(citations, count, e->moment.path, NULL);
    m->disputed = evidence_disputes(citations, count, e->moment.path);
    return true;
}

bool timeline_entry_make(const question *q, const store_moment *moment, const store_record *record,
                         arena *memory, timeline_entry *out)
{
    for (int kind = RESOURCE_ZONE; kind <= RESOURCE_POWER_DELEGATION; kind++) {
        if (strcmp(question_type(q, (resource_kind)kind)->singular, record->type) != 0)
            continue;
        const ProtobufCMessage *resource = question_unpack(q, (resource_kind)kind, record, memory);
        return resource &&
               timeline_entry_know(moment, record->name, (resource_kind)kind, resource, q->memory,
                                   out) &&
               say(resource, q->memory, out);
    }
    return false;
}
