// What a zone and its areas were on a day, as far as their dates tell.
//
// Days are numbers as in date.h; 0 is no day. A date that may mean days on both sides of the day
// asked about makes a size unknown; it does not leave a zone or area out.
//
// Pure functions, any thread.
#ifndef REGISTRY_ASOF_H
#define REGISTRY_ASOF_H

#include "ftz/v1/resources.pb-c.h"

#include <stdbool.h>
#include <stdint.h>

// The first day that any date of the zone can mean: of its approval, plan, launch and sizes.
int32_t asof_first_day(const Ftz__V1__Zone *zone);
// The first day that its areas can be of: that of its first size; else its first day.
int32_t asof_founding_day(const Ftz__V1__Zone *zone);

// Whether the zone was there: not if its approval (where that is not known, its first day) is
// surely later.
bool asof_has_zone(const Ftz__V1__Zone *zone, int32_t day);
// Whether the area was part of its zone: not if it surely joined later. Without added_date it
// joined on the founding day (0: not known) of its zone.
bool asof_has_area(const Ftz__V1__Area *area, int32_t founding_day, int32_t day);

// Its size in km2; 0: not known, or not there yet. *change: the entry of size_history that says it;
// NULL where that is empty and `area_km2`, today's, answers from today on.
double asof_size(const Ftz__V1__Zone *zone, int32_t day, int32_t today,
                 const Ftz__V1__SizeChange **change);

#endif
