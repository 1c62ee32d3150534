// GetZoneProfile: a zone as it was on a day.
//
// Events are those that surely had happened by the day: one of which only the year is known counts
// from the year's end on.
#ifndef REGISTRY_PROFILE_H
#define REGISTRY_PROFILE_H

#include "ftz/v1/query_service.pb-c.h"
#include "registry/query/question.h"

enum {
    PROFILE_DEFAULT_EVENTS = 5,
    PROFILE_MAX_EVENTS = 1000,
    PROFILE_MAX_AREAS = 10000,
};

// q: see question.h. A profile has no pages: RESOURCE_EXHAUSTED, reason MESSAGE_TOO_LARGE, says
// that it takes fewer events, or the BASIC view.
MUST_USE nrpc_code get_zone_profile(question *q, const Ftz__V1__GetZoneProfileRequest *request,
                                    Ftz__V1__GetZoneProfileResponse *out, nrpc_status *status);

#endif
