// Where a moment is shown: in the timeline of the zone in the resource's name; of further zones
// that an event names; of an area itself; and of areas that an event, or a receiver of powers,
// names. What concerns a zone as a whole stands in the zone's timeline alone, not in that of each
// area.
#include "registry/index/moments.h"

#include "ftz/v1/query_service.pb-c.h"
#include "ftz/v1/resources.pb-c.h"
#include "registry/date.h"

#include <stdlib.h>
#include <string.h>

#define KIND(name) FTZ__V1__TIMELINE_KIND__TIMELINE_KIND_##name

typedef struct maker {
    arena *memory;
    store_moment *moments;
    const char **scopes;
    size_t moment_count, scope_count;
    bool failed;
} maker;

// path: lives as long as the index.
static void add(maker *m, int kind, const char *path, const Google__Type__Date *date)
{
    date_span span;
    if (!date_span_of(date, &span))
        return;
    if (!path) {
        m->failed = true;
        return;
    }
    m->moments[m->moment_count++] = (store_moment){
        .first = span.first,
        .last = span.last,
        .precision = span.precision,
        .kind = kind,
        .path = path,
    };
}

static void add_scope(maker *m, const char *scope)
{
    if (*scope)
        m->scopes[m->scope_count++] = scope;
}

// Room for so many of each; what the name itself is shown below comes on top.
static bool reserve(maker *m, size_t moments, size_t scopes)
{
    m->moments = arena_alloc(m->memory, (moments + 1) * sizeof *m->moments);
    m->scopes = arena_alloc(m->memory, (scopes + 2) * sizeof *m->scopes);
    m->failed = !m->moments || !m->scopes;
    return !m->failed;
}

static void add_own_scopes(maker *m, const char *name)
{
    const char *id = strchr(name, '/');
    const char *end = id ? strchr(id + 1, '/') : NULL;
    const char *zone = end ? arena_strndup(m->memory, name, (size_t)(end - name)) : name;
    if (zone)
        add_scope(m, zone);
    else
        m->failed = true;
}

static void make_zone(maker *m, const char *name, const Ftz__V1__Zone *zone)
{
    if (!reserve(m, 4 + zone->n_size_history, 0))
        return;
    add_own_scopes(m, name);
    add(m, KIND(APPROVAL), "approval_date", zone->approval_date);
    if (zone->plan) {
        add(m, KIND(PLAN_DATED), "plan.document_date", zone->plan->document_date);
        add(m, KIND(PLAN_PUBLISHED), "plan.publication_date", zone->plan->publication_date);
    }
    add(m, KIND(LAUNCH), "launch_date", zone->launch_date);
    for (size_t i = 0; i < zone->n_size_history; i++) {
        const Ftz__V1__SizeChange *change = zone->size_history[i];
        add(m, KIND(SIZE), arena_printf(m->memory, "size_history.%s.date", change->id),
            change->date);
    }
}

static void make_area(maker *m, const char *name, const Ftz__V1__Area *area)
{
    if (!reserve(m, 2, 1))
        return;
    add_own_scopes(m, name);
    add_scope(m, name);
    add(m, KIND(AREA_OPENED), "opening_date", area->opening_date);
    add(m, KIND(AREA_ADDED), "added_date", area->added_date);
}

static bool same_date(const Google__Type__Date *a, const Google__Type__Date *b)
{
    return a && b && a->year == b->year && a->month == b->month && a->day == b->day;
}

static void make_event(maker *m, const char *name, const Ftz__V1__Event *event)
{
    if (!reserve(m, 2, event->n_zones + event->n_areas))
        return;
    add_own_scopes(m, name);
    for (size_t i = 0; i < event->n_zones; i++)
        add_scope(m, event->zones[i]);
    for (size_t i = 0; i < event->n_areas; i++)
        add_scope(m, event->areas[i]);
    add(m, KIND(EVENT), "date", event->date);
    if (!same_date(event->date, event->effective_date))
        add(m, KIND(EVENT_EFFECTIVE), "effective_date", event->effective_date);
}

static void make_delegation(maker *m, const char *name, const Ftz__V1__PowerDelegation *delegation)
{
    size_t areas = 0;
    for (size_t i = 0; i < delegation->n_receivers; i++)
        areas += delegation->receivers[i]->n_areas;
    if (!reserve(m, 2 + delegation->n_amendments, areas))
        return;
    add_own_scopes(m, name);
    for (size_t i = 0; i < delegation->n_receivers; i++)
        for (size_t j = 0; j < delegation->receivers[i]->n_areas; j++)
            add_scope(m, delegation->receivers[i]->areas[j]);
    if (delegation->review_date)
        add(m, KIND(DELEGATION_DECIDED), "review_date", delegation->review_date);
    else if (delegation->approval_date)
        add(m, KIND(DELEGATION_DECIDED), "approval_date", delegation->approval_date);
    else
        add(m, KIND(DELEGATION_DECIDED), "issue_date", delegation->issue_date);
    add(m, KIND(DELEGATION_EFFECTIVE), "effective_date", delegation->effective_date);
    for (size_t i = 0; i < delegation->n_amendments; i++) {
        const Ftz__V1__Amendment *amendment = delegation->amendments[i];
        add(m, KIND(DELEGATION_AMENDED),
            arena_printf(m->memory, "amendments.%s.effective_date", amendment->id),
            amendment->effective_date);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t sort_scopes(maker *m)
{
    size_t count = 0;
    if (m->scope_count)
        qsort(m->scopes, m->scope_count, sizeof *m->scopes, by_text);
    for (size_t i = 0; i < m->scope_count; i++)
        if (!count || strcmp(m->scopes[count - 1], m->scopes[i]) != 0)
            m->scopes[count++] = m->scopes[i];
    return count;
}

bool moments_make(const resource_type *type, const char *name, const ProtobufCMessage *message,
                  arena *memory, store_index *index)
{
    maker m = {.memory = memory};
    switch (type->kind) {
    case RESOURCE_ZONE:
        make_zone(&m, name, (const Ftz__V1__Zone *)message);
        break;
    case RESOURCE_AREA:
        make_area(&m, name, (const Ftz__V1__Area *)message);
        break;
    case RESOURCE_EVENT:
        make_event(&m, name, (const Ftz__V1__Event *)message);
        break;
    case RESOURCE_POWER_DELEGATION:
        make_delegation(&m, name, (const Ftz__V1__PowerDelegation *)message);
        break;
    default:
        return true;
    }
    index->moments = m.moments;
    index->moment_count = m.moment_count;
    index->scopes = m.scopes;
    index->scope_count = sort_scopes(&m);
    return !m.failed;
}
