#include "registry/query/powers.h"

#include "registry/evidence.h"
#include "registry/query/asof.h"
#include "registry/query/inforce.h"
#include "registry/registry_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IN_FORCE(name) FTZ__V1__IN_FORCE__IN_FORCE_##name
#define RECEIVER(name) FTZ__V1__RECEIVER_KIND__RECEIVER_KIND_##name

enum { MAX_DELEGATIONS = 100000 }; // of a zone

// --- one delegation ------------------------------------------------------------------------------

typedef struct judging {
    const power_search *search;
    const Ftz__V1__PowerDelegation *delegation;
    int32_t zone_first_day;
    const bool *reaches; // for each receiver
} judging;

typedef struct judgement {
    bool found;
    bool reached;
    in_force force;
    power_match match;
    bool *receivers; // which reach the place
} judgement;

static bool names_area(const power_search *s, const Ftz__V1__Receiver *r)
{
    for (size_t i = 0; i < r->n_areas; i++)
        for (size_t j = 0; j < s->area_count; j++)
            if (!strcmp(r->areas[i], s->areas[j]))
                return true;
    return s->area_count == 0 && r->n_areas > 0;
}

static bool receiver_reaches(const power_search *s, const Ftz__V1__Receiver *r)
{
    return r->kind == RECEIVER(ZONE) || r->kind == RECEIVER(ALL_AREAS) || names_area(s, r) ||
           (r->kind == RECEIVER(UNSPECIFIED) && !s->area_count);
}

static bool item_reaches(const judging *j, const Ftz__V1__PowerItem *item)
{
    const Ftz__V1__PowerDelegation *d = j->delegation;
    for (size_t i = 0; i < d->n_receivers; i++)
        for (size_t k = 0; k < item->n_receivers; k++)
            if (j->reaches[i] && !strcmp(d->receivers[i]->id, item->receivers[k]))
                return true;
    return item->n_receivers == 0;
}

static in_force item_force(const judging *j, size_t item)
{
    return in_force_on(j->delegation, j->delegation->items[item]->id, j->zone_first_day,
                       j->search->day);
}

static bool wanted(const power_search *s, int state)
{
    return state == IN_FORCE(YES) || (state == IN_FORCE(UNKNOWN) && !s->exclude_unknown);
}

static bool offers_item(void *context, size_t item)
{
    const judging *j = context;
    return item_reaches(j, j->delegation->items[item]) &&
           wanted(j->search, item_force(j, item).state);
}

// The best of the items' states becomes that of the answer; those that are less are left out of it.
static void keep_best_items(const judging *j, judgement *out)
{
    power_match *m = &out->match;
    size_t kept = 0;
    out->force = item_force(j, m->items[0]);
    for (size_t i = 1; i < m->item_count; i++) {
        in_force f = item_force(j, m->items[i]);
        if (f.state < out->force.state)
            out->force = f;
    }
    for (size_t i = 0; i < m->item_count; i++)
        if (item_force(j, m->items[i]).state == out->force.state)
            m->items[kept++] = m->items[i];
    m->item_count = kept;
}

// False: no memory.
static bool judge(const power_search *s, const Ftz__V1__PowerDelegation *d, int32_t zone_first_day,
                  arena *memory, judgement *out)
{
    *out = (judgement){.receivers = arena_zalloc(memory, d->n_receivers + 1)};
    judging j = {s, d, zone_first_day, out->receivers};
    bool inside = false; // one of the receivers that reach the place is of the zone
    if (!out->receivers)
        return false;
    for (size_t i = 0; i < d->n_receivers; i++) {
        out->receivers[i] = receiver_reaches(s, d->receivers[i]);
        out->reached |= out->receivers[i];
        inside |= out->receivers[i] && d->receivers[i]->kind != RECEIVER(OUTSIDE);
    }
    if (!out->reached || (s->exclude_outside && !inside))
        return true;
    if (!power_matcher_try(&s->matcher, d, offers_item, &j, memory, &out->match))
        return false;
    if (!out->match.matches)
        return true;
    out->force = in_force_on(d, NULL, zone_first_day, s->day);
    if (out->match.item_count)
        keep_best_items(&j, out);
    out->found = wanted(s, out->force.state);
    return true;
}

// --- the answer ----------------------------------------------------------------------------------

typedef struct proving {
    Ftz__V1__Citation *const *citations;
    size_t count;
    bool *used;
} proving;

// The path is made of the parts that are not "".
static void prove(proving *p, const char *list, const char *id, const char *field)
{
    char path[256];
    int size = snprintf(path, sizeof path, "%s%s%s%s%s", list, *list ? "." : "", id,
                        *id && *field ? "." : "", field);
    if (size > 0 && (size_t)size < sizeof path)
        evidence_of(p->citations, p->count, path, p->used);
}

static void prove_date(void *context, const char *field, const char *amendment)
{
    if (amendment)
        prove(context, "amendments", amendment, field);
    else
        prove(context, "", "", field);
}

// False: no memory.
static bool add_evidence(const Ftz__V1__PowerDelegation *d, const judgement *j, int32_t day,
                         arena *memory, Ftz__V1__FoundPower *out)
{
    proving p = {d->citations, d->n_citations, arena_zalloc(memory, d->n_citations + 1)};
    out->evidence = arena_alloc(memory, (d->n_citations + 1) * sizeof *out->evidence);
    if (!p.used || !out->evidence)
        return false;
    in_force_paths(d, day, prove_date, &p);
    for (size_t i = 0; i < d->n_receivers; i++)
        if (j->receivers[i])
            prove(&p, "receivers", d->receivers[i]->id, "");
    for (size_t i = 0; i < d->n_citations; i++) {
        if (!p.used[i])
            continue;
        Ftz__V1__Verification v = d->citations[i]->verification;
        out->verification = out->n_evidence ? evidence_weaker(out->verification, v) : v;
        out->evidence[out->n_evidence++] = d->citations[i]->id;
    }
    return true;
}

static Ftz__V1__FoundPower *make_power(const question *q, Ftz__V1__PowerDelegation *d,
                                       const judgement *j, int32_t day)
{
    arena *memory = q->memory;
    Ftz__V1__FoundPower *out = arena_alloc(memory, sizeof *out);
    if (!out)
        return NULL;
    ftz__v1__found_power__init(out);
    out->power_delegation = d;
    out->in_force = j->force.state;
    out->reason = (char *)(uintptr_t)j->force.reason;
    out->earliest_start = question_date(q, j->force.earliest);
    out->latest_start = question_date(q, j->force.latest);
    out->match = j->match.level;
    out->items = arena_alloc(memory, (j->match.item_count + 1) * sizeof *out->items);
    out->receivers = arena_alloc(memory, (d->n_receivers + 1) * sizeof *out->receivers);
    if (!out->items || !out->receivers || !add_evidence(d, j, day, memory, out))
        return NULL;
    for (size_t i = 0; i < j->match.item_count; i++)
        out->items[out->n_items++] = d->items[j->match.items[i]]->id;
    for (size_t i = 0; i < d->n_receivers; i++)
        if (j->receivers[i])
            out->receivers[out->n_receivers++] = d->receivers[i]->id;
    return memory->exhausted ? NULL : out;
}

// --- all of a zone -------------------------------------------------------------------------------

static int compare_keys(const void *left, const void *right)
{
    const power_key *a = left, *b = right;
    if (a->in_force != b->in_force)
        return a->in_force < b->in_force ? -1 : 1;
    if (a->match != b->match)
        return a->match < b->match ? -1 : 1;
    return strcmp(a->name, b->name);
}

typedef struct gathering {
    question *question;
    const power_search *search;
    int32_t zone_first_day;
    const power_key *after;
    scratch scratch;
    power_key *keys;
    size_t count, capacity;
    powers_found *out;
    bool failed, too_many;
} gathering;

static bool add_key(gathering *g, const power_key *key)
{
    if (g->count == g->capacity) {
        size_t capacity = g->capacity ? 2 * g->capacity : 64;
        power_key *more = arena_alloc(g->question->memory, capacity * sizeof *more);
        if (!more)
            return false;
        if (g->count)
            memcpy(more, g->keys, g->count * sizeof *more);
        g->keys = more;
        g->capacity = capacity;
    }
    g->keys[g->count] = *key;
    g->keys[g->count].name = arena_strndup(g->question->memory, key->name, strlen(key->name));
    return g->keys[g->count++].name != NULL;
}

static bool gather_row(void *context, const store_record *record)
{
    gathering *g = context;
    judgement j;
    scratch_reset(&g->scratch);
    const Ftz__V1__PowerDelegation *d =
        question_unpack(g->question, RESOURCE_POWER_DELEGATION, record, &g->scratch.memory);
    g->failed = !d || !judge(g->search, d, g->zone_first_day, &g->scratch.memory, &j);
    if (g->failed)
        return false;
    g->out->any_reach |= j.reached;
    power_key key = {(int)j.force.state, (int)j.match.level, record->name};
    if (!j.found || (g->after && compare_keys(&key, g->after) <= 0))
        return true;
    g->too_many = g->count == MAX_DELEGATIONS;
    g->failed = !g->too_many && !add_key(g, &key);
    return !g->too_many && !g->failed;
}

static bool answer_row(void *context, const store_record *record)
{
    gathering *g = context;
    arena *memory = g->question->memory;
    judgement j;
    if (!record) // of one snapshot: cannot be
        return true;
    Ftz__V1__PowerDelegation *d =
        question_unpack(g->question, RESOURCE_POWER_DELEGATION, record, memory);
    Ftz__V1__FoundPower *power = NULL;
    if (d && judge(g->search, d, g->zone_first_day, memory, &j))
        power = make_power(g->question, d, &j, g->search->day);
    g->failed = !power;
    if (power)
        g->out->powers[g->out->count++] = power;
    return power != NULL;
}

static nrpc_code too_many(nrpc_status *status)
{
    nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "TOO_MANY_POWERS",
                    "more than %d delegations answer: ask for an area, a subject or words",
                    MAX_DELEGATIONS);
    return nrpc_status_add(status, "limit", "%d", MAX_DELEGATIONS);
}

static nrpc_code answer(gathering *g, size_t limit, nrpc_status *status)
{
    question *q = g->question;
    size_t count = g->count < limit ? g->count : limit;
    const char **names = arena_alloc(q->memory, (count + 1) * sizeof *names);
    g->out->powers = arena_alloc(q->memory, (count + 1) * sizeof *g->out->powers);
    if (!names || !g->out->powers)
        return question_no_memory(status);
    if (g->count)
        qsort(g->keys, g->count, sizeof *g->keys, compare_keys);
    for (size_t i = 0; i < count; i++)
        names[i] = g->keys[i].name;
    g->out->more = g->count > count;
    int64_t revision;
    nrpc_code code = count ? store_get_many(q->registry->store, &q->context, names, count, true,
                                            answer_row, g, &revision, status)
                           : NRPC_OK;
    return !code && g->failed ? question_no_memory(status) : code;
}

nrpc_code powers_search(question *q, const power_search *s, const power_key *after, size_t limit,
                        powers_found *out, nrpc_status *status)
{
    *out = (powers_found){0};
    gathering g = {.question = q,
                   .search = s,
                   .zone_first_day = asof_first_day(s->zone),
                   .after = after,
                   .out = out};
    store_query query = {.type = "PowerDelegation", .parent = s->zone->name, .with_extra = true};
    int64_t revision;
    scratch_init(&g.scratch);
    nrpc_code code =
        store_list(q->registry->store, &q->context, &query, gather_row, &g, &revision, status);
    scratch_fini(&g.scratch);
    if (!code && g.too_many)
        code = too_many(status);
    if (!code && g.failed)
        code = question_no_memory(status);
    return code ? code : answer(&g, limit, status);
}
