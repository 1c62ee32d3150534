// Entries that tell of the same. What an event may tell of has its name in the event, so it is read
// by name, for all entries at once. Which events tell of something else is asked of the store, for
// the date in question alone, where they stand side by side.
#include "registry/query/timeline.h"
#include "registry/query/timeline_entry.h"

#include "registry/index/moments.h"
#include "registry/registry_private.h"

#include <stdlib.h>
#include <string.h>

#define KIND(name) FTZ__V1__TIMELINE_KIND__TIMELINE_KIND_##name

static bool pairs(int kind, const char *event_type)
{
    static const struct {
        int kind;
        const char *type;
    } table[] = {
        {KIND(APPROVAL), "approval"},
        {KIND(PLAN_DATED), "plan_release"},
        {KIND(PLAN_PUBLISHED), "plan_release"},
        {KIND(LAUNCH), "launch"},
        {KIND(SIZE), "expansion"},
        {KIND(AREA_OPENED), "area_inauguration"},
        {KIND(AREA_ADDED), "expansion"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i].kind == kind && !strcmp(table[i].type, event_type))
            return true;
    return false;
}

static bool has(char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

static bool lies_in(const char *name, const char *zone)
{
    size_t size = strlen(zone);
    return !strncmp(name, zone, size) && name[size] == '/';
}

static bool same_date(const store_moment *a, const store_moment *b)
{
    return a->first == b->first && a->precision == b->precision;
}

static bool tells_of(const timeline_entry *event, const timeline_entry *other)
{
    if (!same_date(&event->moment, &other->moment))
        return false;
    switch (other->kind) {
    case RESOURCE_ZONE:
        return !strcmp(other->event, event->name) ||
               (pairs(other->moment.kind, event->type) &&
                (lies_in(event->name, other->name) ||
                 has(event->zones, event->zone_count, other->name)));
    case RESOURCE_AREA:
        return pairs(other->moment.kind, event->type) &&
               has(event->areas, event->area_count, other->name);
    case RESOURCE_POWER_DELEGATION:
        return has(event->delegations, event->delegation_count, other->name);
    default:
        return false;
    }
}

static bool add_twin(timeline_entry *e, const char *name, arena *memory)
{
    Ftz__V1__TimelineEntry *m = &e->message;
    if (has(m->same_as, m->n_same_as, name))
        return true;
    char **more = arena_alloc(memory, (m->n_same_as + 1) * sizeof *more);
    char *copy = arena_strndup(memory, name, strlen(name));
    if (!more || !copy)
        return false;
    if (m->n_same_as)
        memcpy(more, m->same_as, m->n_same_as * sizeof *more);
    more[m->n_same_as++] = copy;
    m->same_as = more;
    return true;
}

typedef struct looking {
    question *question;
    timeline_entry *entries;
    size_t count;
    timeline_entry *entry; // whose events are looked for
    size_t seen;
    scratch scratch;
    bool failed;
} looking;

// --- what events tell of -------------------------------------------------------------------------

static bool is_event(const timeline_entry *e)
{
    return e->moment.kind == KIND(EVENT);
}

static bool try_moments(looking *l, resource_kind kind, const char *name,
                        const ProtobufCMessage *resource)
{
    store_index index = {0};
    if (!moments_make(question_type(l->question, kind), name, resource, &l->scratch.memory, &index))
        return false;
    for (size_t m = 0; m < index.moment_count; m++) {
        timeline_entry other;
        if (!timeline_entry_know(&index.moments[m], name, kind, resource, &l->scratch.memory,
                                 &other))
            return false;
        for (size_t i = 0; i < l->count; i++)
            if (is_event(&l->entries[i]) && tells_of(&l->entries[i], &other) &&
                !add_twin(&l->entries[i], name, l->question->memory))
                return false;
    }
    return true;
}

static bool try_record(void *context, const store_record *record)
{
    looking *l = context;
    if (!record || record->delete_time_us)
        return true;
    for (int kind = RESOURCE_ZONE; kind <= RESOURCE_POWER_DELEGATION; kind++) {
        if (strcmp(question_type(l->question, (resource_kind)kind)->singular, record->type) != 0)
            continue;
        scratch_reset(&l->scratch);
        const ProtobufCMessage *resource =
            question_unpack(l->question, (resource_kind)kind, record, &l->scratch.memory);
        l->failed = !resource || !try_moments(l, (resource_kind)kind, record->name, resource);
    }
    return !l->failed;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t add_names(const char **out, size_t count, char *const *names, size_t name_count)
{
    for (size_t i = 0; i < name_count; i++)
        out[count + i] = names[i];
    return count + name_count;
}

// The names of everything that the events may tell of, each once.
static const char **collect(looking *l, size_t *count)
{
    arena *memory = l->question->memory;
    size_t room = 1, all = 0;
    for (size_t i = 0; i < l->count; i++)
        room += 1 + l->entries[i].zone_count + l->entries[i].area_count +
                l->entries[i].delegation_count;
    const char **names = arena_alloc(memory, room * sizeof *names);
    *count = 0;
    for (size_t i = 0; names && i < l->count; i++) {
        const timeline_entry *e = &l->entries[i];
        if (!is_event(e))
            continue;
        const char *behind = strstr(e->name, "/events/");
        char *zone = arena_strndup(memory, e->name, (size_t)(behind - e->name));
        if (!zone)
            return NULL;
        names[all++] = zone;
        all = add_names(names, all, e->zones, e->zone_count);
        all = add_names(names, all, e->areas, e->area_count);
        all = add_names(names, all, e->delegations, e->delegation_count);
    }
    if (names && all)
        qsort(names, all, sizeof *names, by_text);
    for (size_t i = 0; names && i < all; i++)
        if (!*count || strcmp(names[*count - 1], names[i]) != 0)
            names[(*count)++] = names[i];
    return names;
}

static nrpc_code find_told(looking *l, nrpc_status *status)
{
    question *q = l->question;
    size_t count;
    const char **names = collect(l, &count);
    int64_t revision;
    if (!names)
        return question_no_memory(status);
    return count ? store_get_many(q->registry->store, &q->context, names, count, true, try_record,
                                  l, &revision, status)
                 : NRPC_OK;
}

// --- which events tell of the others -------------------------------------------------------------

static bool try_event(void *context, const store_moment *moment, const store_record *record)
{
    looking *l = context;
    timeline_entry event;
    if (!same_date(moment, &l->entry->moment) || l->seen++ == TIMELINE_MAX_TWINS)
        return false;
    scratch_reset(&l->scratch);
    const ProtobufCMessage *resource =
        question_unpack(l->question, RESOURCE_EVENT, record, &l->scratch.memory);
    l->failed =
        !resource ||
        !timeline_entry_know(moment, record->name, RESOURCE_EVENT, resource, &l->scratch.memory,
                             &event) ||
        (tells_of(&event, l->entry) && !add_twin(l->entry, record->name, l->question->memory));
    return !l->failed;
}

static nrpc_code find_telling(looking *l, timeline_entry *e, nrpc_status *status)
{
    question *q = l->question;
    const char *behind = strchr(e->name + strlen("zones/"), '/');
    char *zone =
        arena_strndup(q->memory, e->name, behind ? (size_t)(behind - e->name) : strlen(e->name));
    if (!zone)
        return question_no_memory(status);
    // From before the first moment of an event with this date, until the date is another.
    static const int kinds[] = {KIND(EVENT)};
    store_moment before = e->moment;
    before.kind = 0;
    before.path = "";
    store_timeline_query query = {.scope = zone,
                                  .kinds = kinds,
                                  .kind_count = ARRAY_LEN(kinds),
                                  .after = &before,
                                  .after_name = ""};
    int64_t revision;
    l->entry = e;
    l->seen = 0;
    return store_timeline(q->registry->store, &q->context, &query, try_event, l, &revision, status);
}

nrpc_code timeline_find_twins(question *q, timeline_entry *entries, size_t count,
                              nrpc_status *status)
{
    looking l = {.question = q, .entries = entries, .count = count};
    scratch_init(&l.scratch);
    nrpc_code code = find_told(&l, status);
    for (size_t i = 0; i < count && !code && !l.failed; i++)
        if (entries[i].kind != RESOURCE_EVENT)
            code = find_telling(&l, &entries[i], status);
    scratch_fini(&l.scratch);
    return !code && l.failed ? question_no_memory(status) : code;
}
