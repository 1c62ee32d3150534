// ListTimeline: what happened, in order of time.
//
// Two entries tell of the same if they have the same date, as precise, and one is an event
//   of the zone, of the type that goes with the other's kind: approval with APPROVAL, plan_release
//     with PLAN_DATED and PLAN_PUBLISHED, launch with LAUNCH, expansion with SIZE; or an event that
//     the entry of size_history names;
//   that names the area, and is of type area_inauguration for AREA_OPENED, expansion for
//   AREA_ADDED; that names the delegation.
// This looks beyond the page and the kinds asked for.
#ifndef REGISTRY_TIMELINE_H
#define REGISTRY_TIMELINE_H

#include "ftz/v1/query_service.pb-c.h"
#include "registry/query/question.h"

enum {
    TIMELINE_DEFAULT_PAGE = 50,
    TIMELINE_MAX_PAGE = 1000,
    TIMELINE_MAX_TWINS = 1000, // events of one date in one zone that are looked at for twins
};

// One page. q: see question.h.
MUST_USE nrpc_code list_timeline(question *q, const Ftz__V1__ListTimelineRequest *request,
                                 Ftz__V1__ListTimelineResponse *out, nrpc_status *status);

#endif
