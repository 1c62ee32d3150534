#include "registry/query/asof.h"

#include "registry/date.h"

static void take_earlier(int32_t *day, const Google__Type__Date *date)
{
    date_span span;
    if (date_span_of(date, &span) && (!*day || span.first < *day))
        *day = span.first;
}

static int32_t first_size(const Ftz__V1__Zone *zone)
{
    int32_t day = 0;
    for (size_t i = 0; i < zone->n_size_history; i++)
        take_earlier(&day, zone->size_history[i]->date);
    return day;
}

int32_t asof_first_day(const Ftz__V1__Zone *zone)
{
    int32_t day = first_size(zone);
    take_earlier(&day, zone->approval_date);
    take_earlier(&day, zone->launch_date);
    if (zone->plan) {
        take_earlier(&day, zone->plan->document_date);
        take_earlier(&day, zone->plan->publication_date);
        take_earlier(&day, zone->plan->effective_date);
    }
    return day;
}

int32_t asof_founding_day(const Ftz__V1__Zone *zone)
{
    int32_t day = first_size(zone);
    return day ? day : asof_first_day(zone);
}

bool asof_has_zone(const Ftz__V1__Zone *zone, int32_t day)
{
    int32_t first = 0;
    take_earlier(&first, zone->approval_date);
    return (first ? first : asof_first_day(zone)) <= day;
}

bool asof_has_area(const Ftz__V1__Area *area, int32_t founding_day, int32_t day)
{
    int32_t first = 0;
    take_earlier(&first, area->added_date);
    return (first ? first : founding_day) <= day;
}

double asof_size(const Ftz__V1__Zone *zone, int32_t day, int32_t today,
                 const Ftz__V1__SizeChange **change)
{
    date_span span, latest = {0};
    *change = NULL;
    for (size_t i = 0; i < zone->n_size_history; i++) {
        if (!date_span_of(zone->size_history[i]->date, &span) || span.first > day)
            continue;
        if (span.last >= latest.last) {
            latest = span;
            *change = zone->size_history[i];
        }
    }
    if (!zone->n_size_history)
        return day >= today ? zone->area_km2 : 0;
    return *change && latest.last <= day ? (*change)->area_km2 : 0;
}
