#include "registry/query/profile.h"

#include "registry/evidence.h"
#include "registry/query/aggregate.h"
#include "registry/query/asof.h"
#include "registry/query/powers.h"
#include "registry/registry_private.h"
#include "schema/json_text.h"

#include <stdlib.h>
#include <string.h>

typedef struct profile {
    question *question;
    Ftz__V1__GetZoneProfileResponse *out;
    int32_t day, today;
    bool basic;
    size_t event_limit;
    bool failed, too_many;
} profile;

// --- areas ---------------------------------------------------------------------------------------

static bool read_area(void *context, const store_record *record)
{
    profile *p = context;
    arena *memory = p->question->memory;
    Ftz__V1__Area *area = question_unpack(p->question, RESOURCE_AREA, record, memory);
    p->failed = !area;
    if (!area || !asof_has_area(area, asof_founding_day(p->out->zone), p->day))
        return area != NULL;
    p->too_many = p->out->n_areas == PROFILE_MAX_AREAS;
    if (p->too_many)
        return false;
    Ftz__V1__AreaShare *share = arena_alloc(memory, sizeof *share);
    p->failed = !share;
    if (!share)
        return false;
    ftz__v1__area_share__init(share);
    share->area = area;
    share->counted = area->area_km2 > 0 && !*area->parent_area;
    p->out->areas[p->out->n_areas++] = share;
    return true;
}

static bool take_size(decimal_sum *sum, double size)
{
    char text[JSON_NUMBER_SIZE];
    json_format_double(size, text);
    return decimal_sum_add(sum, text, strlen(text));
}

static Google__Type__Decimal *decimal_of(const char *text, arena *memory)
{
    Google__Type__Decimal *out = arena_alloc(memory, sizeof *out);
    if (!out)
        return NULL;
    google__type__decimal__init(out);
    out->value = arena_strndup(memory, text, strlen(text));
    return out->value ? out : NULL;
}

static void add_up(profile *p)
{
    Ftz__V1__GetZoneProfileResponse *out = p->out;
    char text[DECIMAL_TEXT_SIZE];
    decimal_sum sum, part;
    size_t counted = 0;
    decimal_sum_init(&sum);
    out->areas_complete = out->n_areas > 0;
    for (size_t i = 0; i < out->n_areas; i++) {
        Ftz__V1__AreaShare *share = out->areas[i];
        out->areas_complete &= share->counted || *share->area->parent_area;
        share->counted = share->counted && take_size(&sum, share->area->area_km2);
        counted += share->counted;
    }
    for (size_t i = 0; counted && i < out->n_areas; i++) {
        Ftz__V1__AreaShare *share = out->areas[i];
        decimal_sum_init(&part);
        if (share->counted && take_size(&part, share->area->area_km2) &&
            decimal_sum_percent(&part, &sum, text))
            share->share_percent = decimal_of(text, p->question->memory);
        decimal_sum_fini(&part);
    }
    if (counted && decimal_sum_format(&sum, text))
        out->areas_sum_km2 = decimal_of(text, p->question->memory);
    decimal_sum_fini(&sum);
}

static nrpc_code add_areas(profile *p, nrpc_status *status)
{
    question *q = p->question;
    store_query query = {.type = "Area", .parent = p->out->zone->name, .with_extra = true};
    int64_t revision;
    p->out->areas = arena_alloc(q->memory, PROFILE_MAX_AREAS * sizeof *p->out->areas);
    if (!p->out->areas)
        return question_no_memory(status);
    nrpc_code code =
        store_list(q->registry->store, &q->context, &query, read_area, p, &revision, status);
    if (!code && p->too_many) {
        nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "TOO_MANY_AREAS",
                        "the zone has more than %d areas: list them", PROFILE_MAX_AREAS);
        code = nrpc_status_add(status, "limit", "%d", PROFILE_MAX_AREAS);
    }
    if (!code && p->failed)
        code = question_no_memory(status);
    if (!code)
        add_up(p);
    return code;
}

// --- events --------------------------------------------------------------------------------------

static nrpc_code count_events(profile *p, nrpc_status *status)
{
    static const char *const last_day[] = {"date", "last"};
    static char type[] = "type";
    char *const by[] = {type};
    question *q = p->question;
    const resource_type *events = question_type(q, RESOURCE_EVENT);
    const store_condition happened = {
        .operator= STORE_LE,
        .operand = {.source = STORE_DOCUMENT, .steps = last_day, .step_count = 2},
        .value = {.kind = STORE_INTEGER, .integer = p->day}};
    aggregation a = {.summing.type = events,
                     .zone = p->out->zone->name,
                     .condition = &happened,
                     .key_count = ARRAY_LEN(by)};
    tally t = {0};
    grouping_parse(events, by, ARRAY_LEN(by), "event_counts", a.keys, status);
    if (!status->code && !aggregate_run(q, &a, &t, status)) {
        p->out->event_counts =
            arena_alloc(q->memory, (t.groups.count + 1) * sizeof *p->out->event_counts);
        for (size_t i = 0; p->out->event_counts && i < t.groups.count; i++) {
            Ftz__V1__Bucket *bucket = tally_bucket(&t, t.list[i]);
            if (bucket)
                p->out->event_counts[p->out->n_event_counts++] = bucket;
        }
        if (q->memory->exhausted)
            question_no_memory(status);
    }
    tally_fini(&t);
    return status->code;
}

static bool read_event(void *context, const store_moment *moment, const store_record *record)
{
    profile *p = context;
    if (p->out->n_latest_events == p->event_limit)
        return false;
    if (moment->last > p->day)
        return true;
    Ftz__V1__Event *event =
        question_unpack(p->question, RESOURCE_EVENT, record, p->question->memory);
    p->failed = !event;
    if (event)
        p->out->latest_events[p->out->n_latest_events++] = event;
    return event != NULL;
}

static nrpc_code add_latest_events(profile *p, nrpc_status *status)
{
    static const int kinds[] = {FTZ__V1__TIMELINE_KIND__TIMELINE_KIND_EVENT};
    question *q = p->question;
    store_timeline_query query = {.scope = p->out->zone->name,
                                  .to = p->day,
                                  .kinds = kinds,
                                  .kind_count = ARRAY_LEN(kinds),
                                  .descending = true};
    int64_t revision;
    p->out->latest_events = arena_alloc(q->memory, p->event_limit * sizeof *p->out->latest_events);
    if (!p->out->latest_events)
        return question_no_memory(status);
    nrpc_code code =
        store_timeline(q->registry->store, &q->context, &query, read_event, p, &revision, status);
    return !code && p->failed ? question_no_memory(status) : code;
}

// --- powers --------------------------------------------------------------------------------------

static nrpc_code add_powers(profile *p, nrpc_status *status)
{
    question *q = p->question;
    power_search search = {.zone = p->out->zone, .day = p->day};
    powers_found found;
    if (power_matcher_init(&search.matcher, q, NULL, 0, "", status) ||
        powers_search(q, &search, NULL, POWERS_MAX_PAGE, &found, status))
        return status->code;
    p->out->powers = found.powers;
    p->out->n_powers = found.count;
    return NRPC_OK;
}

// --- sources -------------------------------------------------------------------------------------

typedef struct source_names {
    const char **list;
    size_t count;
} source_names;

static size_t count_sources(const ProtobufCMessage *message)
{
    size_t citations, sources = 0;
    Ftz__V1__Citation *const *list = evidence_citations(message, &citations);
    for (size_t i = 0; i < citations; i++)
        sources += list[i]->n_sources;
    return sources;
}

static void take_sources(source_names *names, const ProtobufCMessage *message)
{
    size_t citations;
    Ftz__V1__Citation *const *list = evidence_citations(message, &citations);
    for (size_t i = 0; i < citations; i++)
        for (size_t k = 0; k < list[i]->n_sources; k++)
            names->list[names->count++] = list[i]->sources[k];
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Every resource of the answer that has citations, one after another; NULL behind the last.
static const ProtobufCMessage *cited(const Ftz__V1__GetZoneProfileResponse *out, size_t i)
{
    if (i == 0)
        return &out->zone->base;
    if (--i < out->n_areas)
        return &out->areas[i]->area->base;
    i -= out->n_areas;
    if (i < out->n_latest_events)
        return &out->latest_events[i]->base;
    i -= out->n_latest_events;
    return i < out->n_powers ? &out->powers[i]->power_delegation->base : NULL;
}

static bool read_source(void *context, const store_record *record)
{
    profile *p = context;
    if (!record || record->delete_time_us)
        return true;
    Ftz__V1__Source *source =
        question_unpack(p->question, RESOURCE_SOURCE, record, p->question->memory);
    p->failed = !source;
    if (source)
        p->out->sources[p->out->n_sources++] = source;
    return source != NULL;
}

static nrpc_code add_sources(profile *p, nrpc_status *status)
{
    question *q = p->question;
    source_names names = {0};
    const ProtobufCMessage *message;
    size_t room = 1, count = 0;
    for (size_t i = 0; (message = cited(p->out, i)); i++)
        room += count_sources(message);
    names.list = arena_alloc(q->memory, room * sizeof *names.list);
    if (!names.list)
        return question_no_memory(status);
    for (size_t i = 0; (message = cited(p->out, i)); i++)
        take_sources(&names, message);
    if (names.count)
        qsort(names.list, names.count, sizeof *names.list, by_text);
    for (size_t i = 0; i < names.count; i++)
        if (!count || strcmp(names.list[count - 1], names.list[i]) != 0)
            names.list[count++] = names.list[i];
    p->out->sources = arena_alloc(q->memory, (count + 1) * sizeof *p->out->sources);
    if (!p->out->sources)
        return question_no_memory(status);
    int64_t revision;
    nrpc_code code = count ? store_get_many(q->registry->store, &q->context, names.list, count,
                                            true, read_source, p, &revision, status)
                           : NRPC_OK;
    return !code && p->failed ? question_no_memory(status) : code;
}

// --- all -----------------------------------------------------------------------------------------

static void make_basic(profile *p)
{
    const Ftz__V1__GetZoneProfileResponse *out = p->out;
    const resource_type *types = p->question->registry->types;
    question_make_basic(&types[RESOURCE_ZONE], &out->zone->base);
    for (size_t i = 0; i < out->n_areas; i++)
        question_make_basic(&types[RESOURCE_AREA], &out->areas[i]->area->base);
    for (size_t i = 0; i < out->n_latest_events; i++)
        question_make_basic(&types[RESOURCE_EVENT], &out->latest_events[i]->base);
    for (size_t i = 0; i < out->n_powers; i++)
        question_make_basic(&types[RESOURCE_POWER_DELEGATION],
                            &out->powers[i]->power_delegation->base);
}

static nrpc_code draw(profile *p, const char *name, nrpc_status *status)
{
    question *q = p->question;
    Ftz__V1__GetZoneProfileResponse *out = p->out;
    const Ftz__V1__SizeChange *change;
    if (question_get(q, RESOURCE_ZONE, name, (void **)&out->zone, status))
        return status->code;
    out->area_km2 = asof_size(out->zone, p->day, p->today, &change);
    out->date = question_date(q, p->day);
    out->revision = q->revision;
    if (add_areas(p, status) || count_events(p, status) || add_latest_events(p, status) ||
        add_powers(p, status) || add_sources(p, status))
        return status->code;
    if (p->basic)
        make_basic(p);
    if (q->memory->exhausted)
        return question_no_memory(status);
    size_t size = protobuf_c_message_get_packed_size(&out->base);
    if (size <= q->max_size)
        return NRPC_OK;
    nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                    "the profile is %zu bytes long, the limit is %zu: ask for fewer events, or for "
                    "the BASIC view",
                    size, q->max_size);
    nrpc_status_add(status, "size", "%zu", size);
    return nrpc_status_add(status, "limit", "%zu", q->max_size);
}

nrpc_code get_zone_profile(question *q, const Ftz__V1__GetZoneProfileRequest *request,
                           Ftz__V1__GetZoneProfileResponse *out, nrpc_status *status)
{
    resource_name name;
    date_span day;
    profile p = {.question = q,
                 .out = out,
                 .today = date_today().first,
                 .basic = request->view == FTZ__V1__RESOURCE_VIEW__RESOURCE_VIEW_BASIC};
    ftz__v1__get_zone_profile_response__init(out);
    question_day(request->date, "date", &day, status);
    view_check((int)request->view, status);
    p.event_limit = page_limit(request->event_limit, PROFILE_DEFAULT_EVENTS, PROFILE_MAX_EVENTS,
                               "event_limit", status);
    if (name_parse(question_type(q, RESOURCE_ZONE), request->name, "name", false, &name, status) ||
        status->code || question_open(q, status))
        return status->code;
    p.day = day.first;
    draw(&p, name.text, status);
    question_close(q);
    return status->code;
}
