// The method: what was asked, its pages, and what nobody knows.
#include "registry/query/powers.h"

#include "registry/read/token.h"
#include "registry/registry_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NESTING = 16 }; // of areas in areas

// --- what was asked ------------------------------------------------------------------------------

typedef struct asked {
    resource_name place;
    date_span day;
    size_t limit;
    power_key after; // name NULL: from the start
} asked;

static void check_codes(const Ftz__V1__FindPowersRequest *request, nrpc_status *status)
{
    char field[40], count[24];
    if (request->n_subject_codes > POWER_MATCH_MAX_CODES) {
        snprintf(count, sizeof count, "%zu", request->n_subject_codes);
        name_violate(status, "subject_codes", "COUNT_OUT_OF_RANGE", count,
                     "at most %d codes are allowed, %zu were given", POWER_MATCH_MAX_CODES,
                     request->n_subject_codes);
        return;
    }
    for (size_t i = 0; i < request->n_subject_codes; i++) {
        const char *code = request->subject_codes[i];
        snprintf(field, sizeof field, "subject_codes[%zu]", i);
        if (!name_is_code(code, strlen(code)))
            name_violate(status, field, "CODE_MALFORMED", code,
                         "'%.256s' is no code: [a-z][a-z0-9_]{0,62}, the last segment of "
                         "vocabularies/subjects/terms/{code}",
                         code);
    }
}

static void check_text(const char *text, nrpc_status *status)
{
    if (strlen(text) > POWER_MATCH_MAX_TEXT)
        name_violate(status, "text", "TOO_LONG", text, "is %zu bytes long; at most %d are allowed",
                     strlen(text), POWER_MATCH_MAX_TEXT);
    else if (*text && !power_match_has_words(text))
        name_violate(status, "text", "NO_WORDS", text, "'%.256s' has no word in it", text);
}

// All that must stay the same from page to page. The day is not among it: if none was asked for,
// that of the first page is in the token.
static void bind_asked(const Ftz__V1__FindPowersRequest *request, buffer *bound)
{
    token_bind_text(bound, "FindPowers");
    token_bind_text(bound, request->resource);
    token_bind_int(bound, request->date ? request->date->year : 0);
    token_bind_int(bound, request->date ? request->date->month : 0);
    token_bind_int(bound, request->date ? request->date->day : 0);
    token_bind_int(bound, (int64_t)request->n_subject_codes);
    for (size_t i = 0; i < request->n_subject_codes; i++)
        token_bind_text(bound, request->subject_codes[i]);
    token_bind_text(bound, request->text);
    token_bind_int(bound, request->exclude_unknown);
    token_bind_int(bound, request->exclude_outside_receivers);
}

// A payload reads "20241115 1 3 name".
static nrpc_code take_token(question *q, const Ftz__V1__FindPowersRequest *request, asked *a,
                            nrpc_status *status)
{
    buffer bound = {0};
    char *payload;
    size_t size;
    int32_t day;
    int name = 0;
    if (!*request->page_token)
        return NRPC_OK;
    bind_asked(request, &bound);
    if (question_take_token(q, &bound, request->page_token, &payload, &size, status))
        return status->code;
    if (sscanf(payload, "%" SCNd32 " %d %d %n", &day, &a->after.in_force, &a->after.match, &name) ==
        3) {
        a->after.name = payload + name;
        a->day = (date_span){day, day, DATE_DAY};
    }
    return NRPC_OK;
}

static nrpc_code make_token(question *q, const Ftz__V1__FindPowersRequest *request, int32_t day,
                            const Ftz__V1__FoundPower *last, char **out, nrpc_status *status)
{
    buffer bound = {0}, payload = {0};
    bind_asked(request, &bound);
    buffer_printf(&payload, "%" PRId32 " %d %d %s", day, (int)last->in_force, (int)last->match,
                  last->power_delegation->name);
    return question_make_token(q, &bound, &payload, out, status);
}

static nrpc_code check(question *q, const Ftz__V1__FindPowersRequest *request, asked *a,
                       nrpc_status *status)
{
    *a = (asked){0};
    question_day(request->date, "date", &a->day, status);
    check_codes(request, status);
    check_text(request->text, status);
    a->limit =
        page_limit(request->page_size, POWERS_DEFAULT_PAGE, POWERS_MAX_PAGE, "page_size", status);
    if (name_parse_any(q->registry->types, 1u << RESOURCE_ZONE | 1u << RESOURCE_AREA,
                       request->resource, "resource", &a->place, status) ||
        status->code)
        return status->code;
    return take_token(q, request, a, status);
}

// --- the place -----------------------------------------------------------------------------------

static nrpc_code take_area(question *q, const char *name, power_search *s, nrpc_status *status)
{
    Ftz__V1__Area *area;
    s->areas = arena_alloc(q->memory, MAX_NESTING * sizeof *s->areas);
    if (!s->areas)
        return question_no_memory(status);
    // The area asked about must exist; those around it are taken as far as they do.
    if (question_get(q, RESOURCE_AREA, name, (void **)&area, status))
        return status->code;
    s->areas[s->area_count++] = area->name;
    while (*area->parent_area && s->area_count < MAX_NESTING) {
        nrpc_status around = {0};
        s->areas[s->area_count++] = area->parent_area;
        nrpc_code code = question_get(q, RESOURCE_AREA, area->parent_area, (void **)&area, &around);
        if (code && code != NRPC_NOT_FOUND)
            nrpc_status_move(status, &around);
        nrpc_status_fini(&around);
        if (code)
            return code == NRPC_NOT_FOUND ? NRPC_OK : code;
    }
    return NRPC_OK;
}

static nrpc_code take_place(question *q, const resource_name *place, power_search *s,
                            nrpc_status *status)
{
    bool area = place->type->kind == RESOURCE_AREA;
    char *zone = arena_strndup(q->memory, place->text, area ? place->parent_size : place->size);
    if (!zone)
        return question_no_memory(status);
    if (area && take_area(q, place->text, s, status))
        return status->code;
    return question_get(q, RESOURCE_ZONE, zone, (void **)&s->zone, status);
}

// --- gaps ----------------------------------------------------------------------------------------

static Ftz__V1__Remark *add_gap(question *q, Ftz__V1__FindPowersResponse *out)
{
    Ftz__V1__Remark *gap = arena_alloc(q->memory, sizeof *gap);
    if (!gap)
        return NULL;
    ftz__v1__remark__init(gap);
    gap->kind = FTZ__V1__REMARK_KIND__REMARK_KIND_GAP;
    out->gaps[out->n_gaps++] = gap;
    return gap;
}

static void add_none_recorded(question *q, const char *place, Ftz__V1__FindPowersResponse *out)
{
    Ftz__V1__Remark *gap = add_gap(q, out);
    if (!gap)
        return;
    gap->id = (char *)(uintptr_t) "no-delegation";
    gap->text = arena_printf(q->memory,
                             "No delegation of powers that reaches %s is recorded. That does not "
                             "show that there is none.",
                             place);
    gap->resources = arena_alloc(q->memory, sizeof *gap->resources);
    if (gap->resources)
        gap->resources[gap->n_resources++] = arena_strndup(q->memory, place, strlen(place));
}

static void add_lists_missing(question *q, Ftz__V1__FindPowersResponse *out)
{
    size_t missing = 0;
    for (size_t i = 0; i < out->n_powers; i++)
        missing += !out->powers[i]->power_delegation->n_items;
    Ftz__V1__Remark *gap = missing ? add_gap(q, out) : NULL;
    if (!gap)
        return;
    gap->id = (char *)(uintptr_t) "no-items";
    gap->text =
        arena_printf(q->memory,
                     "Of %zu of the delegations found the list of powers is not known: what "
                     "exactly they hold cannot be told.",
                     missing);
    gap->resources = arena_alloc(q->memory, missing * sizeof *gap->resources);
    for (size_t i = 0; gap->resources && i < out->n_powers; i++)
        if (!out->powers[i]->power_delegation->n_items)
            gap->resources[gap->n_resources++] = out->powers[i]->power_delegation->name;
}

// A remark of a delegation, with its name first among the resources it is about.
static void add_remarked(question *q, const Ftz__V1__PowerDelegation *d,
                         const Ftz__V1__Remark *remark, Ftz__V1__FindPowersResponse *out)
{
    Ftz__V1__Remark *gap = add_gap(q, out);
    if (!gap)
        return;
    *gap = *remark;
    gap->id = arena_printf(q->memory, "%s-%s", strrchr(d->name, '/') + 1, remark->id);
    gap->resources = arena_alloc(q->memory, (remark->n_resources + 1) * sizeof *gap->resources);
    gap->n_resources = 0;
    if (!gap->resources)
        return;
    gap->resources[gap->n_resources++] = d->name;
    for (size_t i = 0; i < remark->n_resources; i++)
        gap->resources[gap->n_resources++] = remark->resources[i];
}

static nrpc_code add_gaps(question *q, const char *place, bool any_reach,
                          Ftz__V1__FindPowersResponse *out, nrpc_status *status)
{
    size_t count = 2;
    for (size_t i = 0; i < out->n_powers; i++)
        count += out->powers[i]->power_delegation->n_remarks;
    out->gaps = arena_alloc(q->memory, count * sizeof *out->gaps);
    if (!out->gaps)
        return question_no_memory(status);
    if (!any_reach)
        add_none_recorded(q, place, out);
    add_lists_missing(q, out);
    for (size_t i = 0; i < out->n_powers; i++) {
        const Ftz__V1__PowerDelegation *d = out->powers[i]->power_delegation;
        for (size_t k = 0; k < d->n_remarks; k++)
            if (d->remarks[k]->kind == FTZ__V1__REMARK_KIND__REMARK_KIND_GAP)
                add_remarked(q, d, d->remarks[k], out);
    }
    return q->memory->exhausted ? question_no_memory(status) : NRPC_OK;
}

// --- all -----------------------------------------------------------------------------------------

static nrpc_code find(question *q, const Ftz__V1__FindPowersRequest *request, const asked *a,
                      Ftz__V1__FindPowersResponse *out, nrpc_status *status)
{
    power_search search = {.day = a->day.first,
                           .exclude_unknown = request->exclude_unknown,
                           .exclude_outside = request->exclude_outside_receivers};
    powers_found found;
    if (take_place(q, &a->place, &search, status) ||
        power_matcher_init(&search.matcher, q, request->subject_codes, request->n_subject_codes,
                           request->text, status) ||
        powers_search(q, &search, a->after.name ? &a->after : NULL, a->limit, &found, status))
        return status->code;
    // The other half is for gaps, which repeat remarks of the powers.
    size_t fit;
    if (question_fit(q->max_size / 2, (ProtobufCMessage *const *)(void *)found.powers, found.count,
                     &fit, status))
        return status->code;
    out->powers = found.powers;
    out->n_powers = fit;
    out->date = question_date(q, a->day.first);
    out->revision = q->revision;
    if (fit && (fit < found.count || found.more) &&
        make_token(q, request, a->day.first, found.powers[fit - 1], &out->next_page_token, status))
        return status->code;
    return add_gaps(q, a->place.text, found.any_reach, out, status);
}

nrpc_code find_powers(question *q, const Ftz__V1__FindPowersRequest *request,
                      Ftz__V1__FindPowersResponse *out, nrpc_status *status)
{
    asked a;
    ftz__v1__find_powers_response__init(out);
    if (check(q, request, &a, status) || question_open(q, status))
        return status->code;
    nrpc_code code = find(q, request, &a, out, status);
    question_close(q);
    return code;
}
