#include "registry/query/aggregate.h"

#include "ftz/v1/resources.pb-c.h"
#include "registry/filter/filter.h"
#include "registry/query/asof.h"
#include "registry/read/token.h"
#include "registry/registry_private.h"
#include "schema/suggest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- founding days -------------------------------------------------------------------------------

typedef struct founding {
    const char *zone;
    int32_t day;
} founding;

typedef struct foundings {
    question *question;
    founding *list; // by zone
    size_t count, capacity;
    scratch scratch;
    bool failed;
} foundings;

static bool read_founding(void *context, const store_record *record)
{
    foundings *f = context;
    arena *memory = f->question->memory;
    scratch_reset(&f->scratch);
    const Ftz__V1__Zone *zone =
        question_unpack(f->question, RESOURCE_ZONE, record, &f->scratch.memory);
    if (zone && f->count == f->capacity) {
        size_t capacity = f->capacity ? 2 * f->capacity : 64;
        founding *more = arena_alloc(memory, capacity * sizeof *more);
        if (more && f->count)
            memcpy(more, f->list, f->count * sizeof *more);
        f->list = more;
        f->capacity = more ? capacity : 0;
    }
    const char *name = arena_strndup(memory, record->name, strlen(record->name));
    f->failed = !zone || !f->list || !name;
    if (f->failed)
        return false;
    f->list[f->count++] = (founding){name, asof_founding_day(zone)};
    return true;
}

// Rows come by name: the list is in order.
static nrpc_code read_foundings(foundings *f, nrpc_status *status)
{
    question *q = f->question;
    store_query query = {.type = "Zone"};
    int64_t revision;
    scratch_init(&f->scratch);
    nrpc_code code =
        store_list(q->registry->store, &q->context, &query, read_founding, f, &revision, status);
    scratch_fini(&f->scratch);
    return !code && f->failed ? question_no_memory(status) : code;
}

static int by_zone(const void *zone, const void *entry)
{
    return strcmp(zone, ((const founding *)entry)->zone);
}

static int32_t founding_day(const foundings *f, const char *zone)
{
    const founding *found =
        f->count ? bsearch(zone, f->list, f->count, sizeof *f->list, by_zone) : NULL;
    return found ? found->day : 0;
}

// --- resources -----------------------------------------------------------------------------------

typedef struct run {
    question *question;
    const aggregation *plan;
    tally *tally;
    foundings foundings;
    int64_t resource;
    scratch scratch;
    bool failed;
    const group_key *too_long; // whose value is no key
} run;

static bool is_there(const run *r, const store_record *record, const ProtobufCMessage *message)
{
    const summing *s = &r->plan->summing;
    if (!s->day)
        return true;
    if (s->type->kind == RESOURCE_ZONE)
        return asof_has_zone((const Ftz__V1__Zone *)message, s->day);
    return asof_has_area((const Ftz__V1__Area *)message,
                         founding_day(&r->foundings, record->parent), s->day);
}

static bool count_in(run *r, const char *const *keys, const ProtobufCMessage *message)
{
    tally_group *g = tally_group_of(r->tally, keys);
    if (!g)
        return false;
    g->count++;
    return summing_add(&r->plan->summing, r->tally, g, r->resource, message, &r->scratch.memory);
}

// Every combination of the values, one of each key.
static bool count_in_all(run *r, const group_values *values, const ProtobufCMessage *message)
{
    const aggregation *plan = r->plan;
    size_t at[GROUPING_MAX_KEYS] = {0};
    const char *keys[GROUPING_MAX_KEYS];
    for (;;) {
        for (size_t i = 0; i < plan->key_count; i++)
            keys[i] = values[i].list[at[i]];
        if (!count_in(r, keys, message))
            return false;
        size_t i = plan->key_count;
        while (i > 0 && ++at[i - 1] == values[i - 1].count)
            at[--i] = 0;
        if (i == 0)
            return true;
    }
}

static bool count_row(void *context, const store_record *record)
{
    run *r = context;
    const aggregation *plan = r->plan;
    const resource_type *type = plan->summing.type;
    group_values values[GROUPING_MAX_KEYS];
    scratch_reset(&r->scratch);
    arena *memory = &r->scratch.memory;
    const ProtobufCMessage *message = question_unpack(r->question, type->kind, record, memory);
    r->failed = !message;
    if (message && !is_there(r, record, message))
        return true;
    r->resource++;
    for (size_t i = 0; !r->failed && i < plan->key_count; i++) {
        r->failed = !grouping_values(&plan->keys[i], type, record->name, plan->zone, message,
                                     memory, &values[i]);
        for (size_t k = 0; !r->failed && k < values[i].count; k++)
            if (strlen(values[i].list[k]) > GROUPING_MAX_KEY)
                r->too_long = &plan->keys[i];
    }
    if (r->too_long || r->failed)
        return false;
    r->failed = !count_in_all(r, values, message);
    return !r->failed;
}

static nrpc_code too_long(const run *r, nrpc_status *status)
{
    char field[32], number[16];
    snprintf(field, sizeof field, "group_by[%zu]", (size_t)(r->too_long - r->plan->keys));
    snprintf(number, sizeof number, "%d", GROUPING_MAX_KEY);
    return name_violate(status, field, "KEY_TOO_LONG", number,
                        "has values longer than %d bytes: group by what is shorter",
                        GROUPING_MAX_KEY);
}

static nrpc_code too_many(nrpc_status *status)
{
    nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "TOO_MANY_GROUPS",
                    "there are more than %d groups, %d sums in them, or %d periods in these: group "
                    "by less, or filter",
                    TALLY_MAX_GROUPS, TALLY_MAX_SUMS, TALLY_MAX_PERIODS);
    return nrpc_status_add(status, "limit", "%d", TALLY_MAX_GROUPS);
}

static nrpc_code run_failure(const run *r, nrpc_status *status)
{
    return r->too_long      ? too_long(r, status)
           : r->tally->full ? too_many(status)
           : r->failed      ? question_no_memory(status)
                            : NRPC_OK;
}

static bool needs_extra(const aggregation *a)
{
    bool extra = a->summing.sums != 0; // the citations
    for (size_t i = 0; i < a->key_count; i++)
        extra |= a->keys[i].extra;
    return extra;
}

nrpc_code aggregate_run(question *q, const aggregation *a, tally *out, nrpc_status *status)
{
    run r = {.question = q, .plan = a, .tally = out, .foundings.question = q};
    const resource_type *type = a->summing.type;
    bool zones = type->kind == RESOURCE_ZONE;
    static const char *const name[] = {"name"};
    const store_condition is_zone = {
        .operator= STORE_EQ,
        .operand = {.source = STORE_COLUMN, .steps = name, .step_count = 1},
        .value = {.kind = STORE_TEXT, .text = a->zone}};
    const store_condition *both[] = {&is_zone, a->condition};
    const store_condition narrowed = {
        .operator= STORE_AND, .children = both, .child_count = a->condition ? 2 : 1};
    store_query query = {.type = type->singular,
                         .parent = zones ? NULL : a->zone,
                         .with_extra = needs_extra(a),
                         .condition = zones && a->zone ? &narrowed : a->condition};
    tally_init(out, q->memory, (const uint8_t *)q->registry->store->secret, a->key_count);
    for (size_t i = 0; i < a->key_count; i++)
        out->numeric[i] = a->keys[i].numeric;
    // Without keys there is one group, though nothing be in it.
    if (!a->key_count && !tally_group_of(out, NULL))
        return question_no_memory(status);
    if (a->summing.day && !zones && read_foundings(&r.foundings, status))
        return status->code;
    int64_t revision;
    scratch_init(&r.scratch);
    nrpc_code code =
        store_list(q->registry->store, &q->context, &query, count_row, &r, &revision, status);
    scratch_fini(&r.scratch);
    if (!code)
        code = run_failure(&r, status);
    if (!code)
        tally_sort(out);
    return code;
}

// --- what was asked ------------------------------------------------------------------------------

typedef struct asked {
    aggregation plan;
    size_t limit;
    const char *after[GROUPING_MAX_KEYS];
    bool goes_on; // behind `after`
} asked;

static const resource_type *check_type(question *q, const char *name, nrpc_status *status)
{
    suggestion near = suggest_begin(name, strlen(name));
    for (int kind = RESOURCE_ZONE; kind <= RESOURCE_POWER_DELEGATION; kind++) {
        const resource_type *type = question_type(q, (resource_kind)kind);
        if (!strcmp(type->singular, name))
            return type;
        suggest_offer(&near, type->singular);
    }
    bool first = !status->code;
    name_violate(status, "resource_type", *name ? "UNKNOWN_TYPE" : "REQUIRED", name,
                 "'%.256s' cannot be aggregated: Zone, Area, Event or PowerDelegation can%s%s%s",
                 name, near.best ? "; did you mean '" : "", near.best ? near.best : "",
                 near.best ? "'?" : "");
    if (first && near.best)
        nrpc_status_add(status, "suggestion", "%s", near.best);
    return NULL;
}

static void check_parent(question *q, const char *parent, asked *a, nrpc_status *status)
{
    resource_name name;
    if (!*parent || !strcmp(parent, "zones/-") ||
        name_parse(question_type(q, RESOURCE_ZONE), parent, "parent", false, &name, status))
        return;
    a->plan.zone = parent;
}

static void check_date(const Ftz__V1__AggregateRequest *request, const resource_type *type,
                       asked *a, nrpc_status *status)
{
    date_span day;
    a->plan.summing.today = date_today().first;
    if (!request->date || question_day(request->date, "date", &day, status))
        return;
    a->plan.summing.day = day.first;
    if (type->kind != RESOURCE_ZONE && type->kind != RESOURCE_AREA)
        name_violate(status, "date", "NOT_APPLICABLE", type->singular,
                     "only zones and areas are counted as of a day; narrow %ss by a filter",
                     type->noun);
}

static void bind_asked(const Ftz__V1__AggregateRequest *request, const asked *a, buffer *bound)
{
    token_bind_text(bound, "Aggregate");
    token_bind_text(bound, a->plan.zone);
    token_bind_text(bound, request->resource_type);
    token_bind_text(bound, request->filter);
    token_bind_int(bound, (int64_t)request->n_group_by);
    for (size_t i = 0; i < request->n_group_by; i++)
        token_bind_text(bound, request->group_by[i]);
    token_bind_int(bound, (int64_t)request->n_sum);
    for (size_t i = 0; i < request->n_sum; i++)
        token_bind_text(bound, request->sum[i]);
    token_bind_int(bound, a->plan.summing.day);
}

// A payload is the keys of the last group, a NUL behind each.
static nrpc_code take_token(question *q, const Ftz__V1__AggregateRequest *request, asked *a,
                            nrpc_status *status)
{
    buffer bound = {0};
    char *payload;
    size_t size;
    if (!*request->page_token)
        return NRPC_OK;
    bind_asked(request, a, &bound);
    if (question_take_token(q, &bound, request->page_token, &payload, &size, status))
        return status->code;
    const char *end = payload + size;
    for (size_t i = 0; i < a->plan.key_count; i++) {
        a->after[i] = payload;
        payload += payload < end ? strlen(payload) + 1 : 0;
    }
    a->goes_on = true;
    return NRPC_OK;
}

static nrpc_code make_token(question *q, const Ftz__V1__AggregateRequest *request, const asked *a,
                            const Ftz__V1__Bucket *last, char **out, nrpc_status *status)
{
    buffer bound = {0}, payload = {0};
    bind_asked(request, a, &bound);
    for (size_t i = 0; i < last->n_keys; i++)
        buffer_append(&payload, last->keys[i], strlen(last->keys[i]) + 1);
    return question_make_token(q, &bound, &payload, out, status);
}

static nrpc_code check(question *q, const Ftz__V1__AggregateRequest *request, asked *a,
                       nrpc_status *status)
{
    *a = (asked){0};
    aggregation *plan = &a->plan;
    const resource_type *type = check_type(q, request->resource_type, status);
    check_parent(q, request->parent, a, status);
    a->limit = page_limit(request->page_size, AGGREGATE_DEFAULT_PAGE, AGGREGATE_MAX_PAGE,
                          "page_size", status);
    if (!type)
        return status->code;
    plan->summing.type = type;
    plan->key_count = request->n_group_by;
    check_date(request, type, a, status);
    grouping_parse(type, request->group_by, request->n_group_by, "group_by", plan->keys, status);
    summing_parse(type, request->sum, request->n_sum, "sum", &plan->summing.sums, status);
    if (filter_compile(type, schema_find_message(q->registry->schema, type->message->name),
                       request->filter, "filter", q->memory, &plan->condition, status) ||
        status->code)
        return status->code;
    return take_token(q, request, a, status);
}

// --- a page --------------------------------------------------------------------------------------

static size_t position(const tally *t, const asked *a)
{
    size_t low = 0, high = t->groups.count;
    while (a->goes_on && low < high) {
        size_t middle = low + (high - low) / 2;
        if (tally_compare(t, t->list[middle], a->after) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static nrpc_code answer(question *q, const Ftz__V1__AggregateRequest *request, const asked *a,
                        const tally *t, Ftz__V1__AggregateResponse *out, nrpc_status *status)
{
    size_t start = position(t, a), left = t->groups.count - start, fit;
    size_t count = left < a->limit ? left : a->limit;
    out->buckets = arena_alloc(q->memory, (count + 1) * sizeof *out->buckets);
    if (!out->buckets)
        return question_no_memory(status);
    for (size_t i = 0; i < count; i++)
        if (!(out->buckets[i] = tally_bucket(t, t->list[start + i])))
            return question_no_memory(status);
    if (question_fit(q->max_size, (ProtobufCMessage *const *)(void *)out->buckets, count, &fit,
                     status))
        return status->code;
    out->n_buckets = fit;
    out->revision = q->revision;
    return fit < left
               ? make_token(q, request, a, out->buckets[fit - 1], &out->next_page_token, status)
               : NRPC_OK;
}

static nrpc_code check_zone(question *q, const asked *a, nrpc_status *status)
{
    void *zone;
    return a->plan.zone ? question_get(q, RESOURCE_ZONE, a->plan.zone, &zone, status) : NRPC_OK;
}

nrpc_code aggregate(question *q, const Ftz__V1__AggregateRequest *request,
                    Ftz__V1__AggregateResponse *out, nrpc_status *status)
{
    asked a;
    ftz__v1__aggregate_response__init(out);
    if (check(q, request, &a, status) || question_open(q, status))
        return status->code;
    if (!check_zone(q, &a, status)) {
        tally t = {0};
        if (!aggregate_run(q, &a.plan, &t, status))
            answer(q, request, &a, &t, out, status);
        tally_fini(&t);
    }
    question_close(q);
    return status->code;
}
