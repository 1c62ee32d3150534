#include "registry/query/timeline.h"

#include "registry/query/timeline_entry.h"
#include "registry/read/token.h"
#include "registry/registry_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_KIND = 1, LAST_KIND = FTZ__V1__TIMELINE_KIND__TIMELINE_KIND_AREA_ADDED };
static_assert(LAST_KIND == 12, "kinds are numbered from 1 without a hole");

// --- what was asked ------------------------------------------------------------------------------

typedef struct asked {
    store_timeline_query query;
    char scope[NAME_MAX_SIZE + 1];
    resource_kind place; // if scope is not ""
    int kinds[LAST_KIND];
    size_t limit;
    store_moment after;
} asked;

static void check_kinds(const Ftz__V1__ListTimelineRequest *request, asked *a, nrpc_status *status)
{
    char field[32], text[16];
    for (size_t i = 0; i < request->n_kinds; i++) {
        int kind = (int)request->kinds[i];
        bool known = kind >= FIRST_KIND && kind <= LAST_KIND, again = false;
        for (size_t k = 0; k < a->query.kind_count; k++)
            again |= a->kinds[k] == kind;
        if (known && !again)
            a->kinds[a->query.kind_count++] = kind;
        if (known)
            continue;
        snprintf(field, sizeof field, "kinds[%zu]", i);
        snprintf(text, sizeof text, "%d", kind);
        name_violate(status, field, "UNKNOWN_ENUM_VALUE", text, "%d is no kind of a TimelineEntry",
                     kind);
    }
    a->query.kinds = a->kinds;
}

static void check_date(const Google__Type__Date *date, const char *field, date_span *out,
                       nrpc_status *status)
{
    *out = (date_span){0};
    if (!date || date_span_of(date, out))
        return;
    char text[48];
    snprintf(text, sizeof text, "%" PRId32 "-%" PRId32 "-%" PRId32, date->year, date->month,
             date->day);
    name_violate(status, field, "NOT_A_DATE", text, "%s is no date of the calendar", text);
}

static void check_range(const Ftz__V1__ListTimelineRequest *request, asked *a, nrpc_status *status)
{
    date_span start, end;
    char text[DATE_TEXT_SIZE];
    check_date(request->start_date, "start_date", &start, status);
    check_date(request->end_date, "end_date", &end, status);
    a->query.from = start.first;
    a->query.to = end.last;
    if (!start.first || !end.last || start.first <= end.last)
        return;
    date_format(&end, text);
    name_violate(status, "end_date", "BEFORE_START", text, "is before start_date");
}

static nrpc_code check_parent(question *q, const char *parent, asked *a, nrpc_status *status)
{
    resource_name name;
    a->query.scope = a->scope;
    if (!strcmp(parent, "zones/-"))
        return status->code;
    if (name_parse_any(q->registry->types, 1u << RESOURCE_ZONE | 1u << RESOURCE_AREA, parent,
                       "parent", &name, status))
        return status->code;
    memcpy(a->scope, name.text, name.size + 1);
    a->place = name.type->kind;
    return status->code;
}

static void bind_asked(const Ftz__V1__ListTimelineRequest *request, const asked *a, buffer *bound)
{
    token_bind_text(bound, "ListTimeline");
    token_bind_text(bound, a->scope);
    token_bind_int(bound, a->query.from);
    token_bind_int(bound, a->query.to);
    token_bind_int(bound, (int64_t)request->n_kinds);
    for (size_t i = 0; i < request->n_kinds; i++)
        token_bind_int(bound, (int64_t)request->kinds[i]);
    token_bind_int(bound, request->descending);
}

// A payload reads "20231101 2 4 zones/cn-xinjiang launch_date".
static nrpc_code take_token(question *q, const Ftz__V1__ListTimelineRequest *request, asked *a,
                            nrpc_status *status)
{
    buffer bound = {0};
    char *payload;
    size_t size;
    int name = 0;
    if (!*request->page_token)
        return NRPC_OK;
    bind_asked(request, a, &bound);
    if (question_take_token(q, &bound, request->page_token, &payload, &size, status))
        return status->code;
    char *path = sscanf(payload, "%" SCNd32 " %d %d %n", &a->after.first, &a->after.precision,
                        &a->after.kind, &name) == 3
                     ? strchr(payload + name, ' ')
                     : NULL;
    if (path) {
        *path = '\0';
        a->after.path = path + 1;
        a->query.after = &a->after;
        a->query.after_name = payload + name;
    }
    return NRPC_OK;
}

static nrpc_code make_token(question *q, const Ftz__V1__ListTimelineRequest *request,
                            const asked *a, const timeline_entry *last, char **out,
                            nrpc_status *status)
{
    buffer bound = {0}, payload = {0};
    bind_asked(request, a, &bound);
    buffer_printf(&payload, "%" PRId32 " %d %d %s %s", last->moment.first, last->moment.precision,
                  last->moment.kind, last->name, last->moment.path);
    return question_make_token(q, &bound, &payload, out, status);
}

static nrpc_code check(question *q, const Ftz__V1__ListTimelineRequest *request, asked *a,
                       nrpc_status *status)
{
    *a = (asked){.query.descending = request->descending};
    check_kinds(request, a, status);
    check_range(request, a, status);
    a->limit = page_limit(request->page_size, TIMELINE_DEFAULT_PAGE, TIMELINE_MAX_PAGE, "page_size",
                          status);
    if (check_parent(q, request->parent, a, status))
        return status->code;
    return take_token(q, request, a, status);
}

// --- a page --------------------------------------------------------------------------------------

typedef struct page {
    question *question;
    timeline_entry *entries;
    size_t count, limit;
    bool more, failed;
    scratch scratch;
} page;

static bool take_moment(void *context, const store_moment *moment, const store_record *record)
{
    page *p = context;
    p->more = p->count == p->limit;
    if (p->more)
        return false;
    scratch_reset(&p->scratch);
    p->failed = !timeline_entry_make(p->question, moment, record, &p->scratch.memory,
                                     &p->entries[p->count]);
    p->count += !p->failed;
    return !p->failed;
}

static nrpc_code read_page(page *p, const asked *a, nrpc_status *status)
{
    question *q = p->question;
    int64_t revision;
    p->entries = arena_alloc(q->memory, p->limit * sizeof *p->entries);
    if (!p->entries)
        return question_no_memory(status);
    scratch_init(&p->scratch);
    nrpc_code code = store_timeline(q->registry->store, &q->context, &a->query, take_moment, p,
                                    &revision, status);
    scratch_fini(&p->scratch);
    return !code && p->failed ? question_no_memory(status) : code;
}

static nrpc_code answer(question *q, const Ftz__V1__ListTimelineRequest *request, const asked *a,
                        page *p, Ftz__V1__ListTimelineResponse *out, nrpc_status *status)
{
    size_t fit;
    out->entries = arena_alloc(q->memory, (p->count + 1) * sizeof *out->entries);
    if (!out->entries)
        return question_no_memory(status);
    for (size_t i = 0; i < p->count; i++)
        out->entries[i] = &p->entries[i].message;
    if (question_fit(q->max_size, (ProtobufCMessage *const *)(void *)out->entries, p->count, &fit,
                     status))
        return status->code;
    out->n_entries = fit;
    out->revision = q->revision;
    if (!fit || (fit == p->count && !p->more))
        return NRPC_OK;
    return make_token(q, request, a, &p->entries[fit - 1], &out->next_page_token, status);
}

static nrpc_code check_place(question *q, const asked *a, nrpc_status *status)
{
    void *place;
    return *a->scope ? question_get(q, a->place, a->scope, &place, status) : NRPC_OK;
}

nrpc_code list_timeline(question *q, const Ftz__V1__ListTimelineRequest *request,
                        Ftz__V1__ListTimelineResponse *out, nrpc_status *status)
{
    asked a;
    page p = {.question = q};
    ftz__v1__list_timeline_response__init(out);
    if (check(q, request, &a, status) || question_open(q, status))
        return status->code;
    p.limit = a.limit;
    if (!check_place(q, &a, status) && !read_page(&p, &a, status) &&
        !timeline_find_twins(q, p.entries, p.count, status))
        answer(q, request, &a, &p, out, status);
    question_close(q);
    return status->code;
}
