#include "registry/check/doubts_private.h"

#include "ftz/v1/resources.pb-c.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- sizes ---------------------------------------------------------------------------------------

// Half of the last digit that is stated: 134.6 may be 134.55 or 134.65.
static double tolerance_of(double number)
{
    char text[DOUBT_NUMBER_SIZE];
    doubt_format_number(number, text);
    const char *point = strchr(text, '.');
    return strchr(text, 'e') ? 0 : 0.5 * pow(10, point ? -(double)strlen(point + 1) : 0);
}

// Rounding of the doubles themselves, far below any digit stated.
static bool differs(double a, double b, double tolerance)
{
    return fabs(a - b) > tolerance + 1e-9 * (fabs(a) + fabs(b));
}

void doubt_areas_init(doubt_areas *areas)
{
    *areas = (doubt_areas){0};
    decimal_sum_init(&areas->sum);
}

void doubt_areas_fini(doubt_areas *areas)
{
    decimal_sum_fini(&areas->sum);
}

void doubt_areas_add(doubt_areas *areas, const ProtobufCMessage *message)
{
    const Ftz__V1__Area *area = (const Ftz__V1__Area *)message;
    char text[DOUBT_NUMBER_SIZE];
    if (*area->parent_area)
        return;
    areas->count++;
    doubt_format_number(area->area_km2, text);
    if (area->area_km2 == 0 || !decimal_sum_add(&areas->sum, text, strlen(text)))
        areas->unknown++;
    else
        areas->tolerance += tolerance_of(area->area_km2);
}

// --- Zone ----------------------------------------------------------------------------------------

static void check_areas(doubt_walk *w, const Ftz__V1__Zone *zone, const doubt_areas *areas)
{
    char sum[DECIMAL_TEXT_SIZE], held[DOUBT_NUMBER_SIZE];
    if (zone->stated_area_count && zone->stated_area_count != areas->count)
        doubt_report(w, "AREA_COUNT_DIFFERS", "stated_area_count",
                     "%" PRId32 " areas are stated, and the registry has %" PRId64,
                     zone->stated_area_count, areas->count);
    if (zone->area_km2 == 0 || areas->count == areas->unknown ||
        !decimal_sum_format(&areas->sum, sum))
        return;
    double total = strtod(sum, NULL);
    // What is missing can only make it more.
    bool complete = !areas->unknown && areas->count >= zone->stated_area_count;
    if (!differs(total, zone->area_km2, areas->tolerance + tolerance_of(zone->area_km2)) ||
        (!complete && total < zone->area_km2))
        return;
    doubt_format_number(zone->area_km2, held);
    doubt_report(w, "AREAS_DO_NOT_ADD_UP", "area_km2",
                 "the zone measures %s km2, and %s%" PRId64 " area%s that lie in no other %s km2",
                 held, areas->unknown ? "already " : "its ", areas->count - areas->unknown,
                 areas->count - areas->unknown == 1 ? "" : "s", sum);
}

static void check_size_step(doubt_walk *w, const Ftz__V1__SizeChange *before,
                            const Ftz__V1__SizeChange *after)
{
    char path[DOUBT_MAX_PATH], a[DATE_TEXT_SIZE], b[DATE_TEXT_SIZE];
    char from[DOUBT_NUMBER_SIZE], added[DOUBT_NUMBER_SIZE], to[DOUBT_NUMBER_SIZE];
    if (doubt_is_later(before->date, after->date)) {
        doubt_format_date(before->date, a);
        doubt_format_date(after->date, b);
        snprintf(path, sizeof path, "size_history.%s.date", after->id);
        doubt_report(w, "DATES_OUT_OF_ORDER", path,
                     "%s comes behind %s, though the oldest size stands first", b, a);
    }
    if (before->area_km2 == 0 || after->area_km2 == 0 || after->added_km2 == 0)
        return;
    double tolerance = tolerance_of(before->area_km2) + tolerance_of(after->area_km2) +
                       tolerance_of(after->added_km2);
    if (!differs(before->area_km2 + after->added_km2, after->area_km2, tolerance))
        return;
    doubt_format_number(before->area_km2, from);
    doubt_format_number(after->added_km2, added);
    doubt_format_number(after->area_km2, to);
    snprintf(path, sizeof path, "size_history.%s.area_km2", after->id);
    doubt_report(w, "SIZE_HISTORY_MISMATCH", path, "%s km2 before and %s km2 added do not make %s",
                 from, added, to);
}

static void check_sizes(doubt_walk *w, const Ftz__V1__Zone *zone)
{
    const Ftz__V1__SizeChange *last = NULL;
    date_span today = date_today(), day;
    for (size_t i = 0; i < zone->n_size_history; i++) {
        const Ftz__V1__SizeChange *change = zone->size_history[i];
        if (i)
            check_size_step(w, zone->size_history[i - 1], change);
        if (change->area_km2 != 0 && date_span_of(change->date, &day) && day.first <= today.last)
            last = change;
    }
    if (!last || zone->area_km2 == 0)
        return;
    double a = tolerance_of(last->area_km2), b = tolerance_of(zone->area_km2);
    if (!differs(last->area_km2, zone->area_km2, a > b ? a : b))
        return;
    char held[DOUBT_NUMBER_SIZE], latest[DOUBT_NUMBER_SIZE], date[DATE_TEXT_SIZE];
    doubt_format_number(zone->area_km2, held);
    doubt_format_number(last->area_km2, latest);
    doubt_format_date(last->date, date);
    doubt_report(w, "SIZE_HISTORY_MISMATCH", "area_km2",
                 "today's size is %s km2, and the last of its history, of %s, %s km2", held, date,
                 latest);
}

void doubt_zone(doubt_walk *w, const ProtobufCMessage *message)
{
    const Ftz__V1__Zone *zone = (const Ftz__V1__Zone *)message;
    if (w->world->areas)
        check_areas(w, zone, w->world->areas);
    check_sizes(w, zone);
    for (size_t i = 1; i < zone->n_kind_history; i++) {
        const Ftz__V1__KindChange *before = zone->kind_history[i - 1];
        const Ftz__V1__KindChange *after = zone->kind_history[i];
        if (doubt_is_later(before->start_date, after->start_date)) {
            char path[DOUBT_MAX_PATH], a[DATE_TEXT_SIZE], b[DATE_TEXT_SIZE];
            doubt_format_date(before->start_date, a);
            doubt_format_date(after->start_date, b);
            snprintf(path, sizeof path, "kind_history.%s.start_date", after->id);
            doubt_report(w, "DATES_OUT_OF_ORDER", path,
                         "%s comes behind %s, though the oldest kind stands first", b, a);
        }
    }
}

bool doubt_zone_begin(const ProtobufCMessage *message, date_span *out, const char **path)
{
    const Ftz__V1__Zone *zone = (const Ftz__V1__Zone *)message;
    const struct {
        const char *path;
        const Google__Type__Date *date;
    } dates[] = {
        {"approval_date", zone->approval_date},
        {"plan.document_date", zone->plan ? zone->plan->document_date : NULL},
        {"plan.publication_date", zone->plan ? zone->plan->publication_date : NULL},
    };
    *path = NULL;
    for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
        date_span span;
        if (date_span_of(dates[i].date, &span) && (!*path || span.first < out->first)) {
            *out = span;
            *path = dates[i].path;
        }
    }
    return *path;
}

// --- Area ----------------------------------------------------------------------------------------

static void check_inside(doubt_walk *w, const char *path, double inner, double outer,
                         const char *what)
{
    char a[DOUBT_NUMBER_SIZE], b[DOUBT_NUMBER_SIZE];
    if (inner == 0 || outer == 0 || inner <= outer ||
        !differs(inner, outer, tolerance_of(inner) + tolerance_of(outer)))
        return;
    doubt_format_number(inner, a);
    doubt_format_number(outer, b);
    doubt_report(w, "CLAIMS_CONFLICT", path, "it measures %s km2, and %s in which it lies %s km2",
                 a, what, b);
}

void doubt_area(doubt_walk *w, const ProtobufCMessage *message)
{
    const Ftz__V1__Area *area = (const Ftz__V1__Area *)message;
    char path[DOUBT_MAX_PATH];
    for (size_t i = 0; i < area->n_parts; i++) {
        snprintf(path, sizeof path, "parts.%s.area_km2", area->parts[i]->id);
        check_inside(w, path, area->parts[i]->area_km2, area->area_km2, "the area");
    }
    if (*area->parent_area)
        check_inside(w, "area_km2", area->area_km2,
                     w->world->look_up(w->world->context, area->parent_area).area_km2,
                     area->parent_area);
}

// --- quantities ----------------------------------------------------------------------------------

static const Ftz__V1__Quantity *quantity_of(Ftz__V1__Quantity *const *list, size_t count,
                                            const char *id)
{
    for (size_t i = 0; *id && i < count; i++)
        if (!strcmp(list[i]->id, id))
            return list[i];
    return NULL;
}

// Less than, equal to or more than 0, as the numbers compare; 0 where one is none.
static int compare(const Google__Type__Decimal *a, const Google__Type__Decimal *b)
{
    char x[DECIMAL_KEY_SIZE], y[DECIMAL_KEY_SIZE];
    if (!a || !b || !decimal_key(a->value, strlen(a->value), x) ||
        !decimal_key(b->value, strlen(b->value), y))
        return 0;
    return strcmp(x, y);
}

static void check_quantities(doubt_walk *w, const char *list_name, Ftz__V1__Quantity *const *list,
                             size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Ftz__V1__Quantity *q = list[i];
        const Ftz__V1__Quantity *whole = quantity_of(list, count, q->part_of);
        const Ftz__V1__Quantity *same = quantity_of(list, count, q->restates);
        char path[DOUBT_MAX_PATH];
        snprintf(path, sizeof path, "%s.%s.value", list_name, q->id);
        if (whole && !strcmp(whole->unit, q->unit) && !strcmp(whole->measure, q->measure) &&
            compare(q->value, whole->max_value ? whole->max_value : whole->value) > 0)
            doubt_report(w, "CLAIMS_CONFLICT", path,
                         "%s is more than %s, of which it is a part: %s", q->value->value,
                         whole->id, whole->value->value);
        if (same && !strcmp(same->unit, q->unit) && compare(q->value, same->value))
            doubt_report(w, "CLAIMS_CONFLICT", path,
                         "%s restates %s in the same unit, which says %s", q->value->value,
                         same->id, same->value->value);
    }
}

// --- Event ---------------------------------------------------------------------------------------

void doubt_event(doubt_walk *w, const ProtobufCMessage *message)
{
    const Ftz__V1__Event *event = (const Ftz__V1__Event *)message;
    date_span begin, day;
    const char *path;
    check_quantities(w, "quantities", event->quantities, event->n_quantities);
    if (!w->world->zone || !doubt_zone_begin(w->world->zone, &begin, &path) ||
        !date_span_of(event->date, &day) || day.last >= begin.first)
        return;
    char a[DATE_TEXT_SIZE], b[DATE_TEXT_SIZE];
    date_format(&day, a);
    date_format(&begin, b);
    doubt_report(w, "EVENT_BEFORE_PLAN", "date",
                 "it is dated %s, before the zone was decided on: its %s is %s", a, path, b);
}

// --- PowerDelegation -----------------------------------------------------------------------------

static void check_item_count(doubt_walk *w, const Ftz__V1__PowerDelegation *d)
{
    int64_t listed = 0, excluded = 0;
    for (size_t i = 0; i < d->n_items; i++)
        *(d->items[i]->excluded ? &excluded : &listed) += 1;
    bool exclusions = d->item_count_scope == FTZ__V1__COUNT_SCOPE__COUNT_SCOPE_EXCLUSIONS;
    bool batch = d->item_count_scope == FTZ__V1__COUNT_SCOPE__COUNT_SCOPE_BATCH;
    int64_t count = exclusions ? excluded : listed;
    if (!d->item_count || !d->n_items || !(exclusions || batch) || d->item_count == count)
        return;
    doubt_report(w, "ITEM_COUNT_DIFFERS", "item_count",
                 "%" PRId32 " are stated, and %" PRId64 " are listed", d->item_count, count);
}

void doubt_power_delegation(doubt_walk *w, const ProtobufCMessage *message)
{
    const Ftz__V1__PowerDelegation *d = (const Ftz__V1__PowerDelegation *)message;
    // The first of these that is known is the first day it can have begun.
    const struct {
        const char *name;
        const Google__Type__Date *date;
    } starts[] = {{"effective_date", d->effective_date},
                  {"review_date", d->review_date},
                  {"approval_date", d->approval_date},
                  {"issue_date", d->issue_date}};
    date_span span;
    check_quantities(w, "counts", d->counts, d->n_counts);
    check_item_count(w, d);
    size_t start = 0;
    while (start < ARRAY_LEN(starts) && !date_span_of(starts[start].date, &span))
        start++;
    if (start == ARRAY_LEN(starts))
        return;
    for (size_t i = 0; i < d->n_amendments; i++) {
        const Ftz__V1__Amendment *a = d->amendments[i];
        char path[DOUBT_MAX_PATH], day[DATE_TEXT_SIZE], begun[DATE_TEXT_SIZE];
        if (!doubt_is_later(starts[start].date, a->effective_date))
            continue;
        doubt_format_date(a->effective_date, day);
        date_format(&span, begun);
        snprintf(path, sizeof path, "amendments.%s.effective_date", a->id);
        doubt_report(w, "DATES_OUT_OF_ORDER", path,
                     "it is amended on %s, before it begins: its %s is %s", day, starts[start].name,
                     begun);
    }
}
