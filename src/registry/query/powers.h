// FindPowers: the delegations that reach a zone or area on a day. What each part of an answer means
// stands in query_service.proto; being in force in inforce.h, matching in power_match.h.
//
// Reach. Receivers that are the zone, or all its areas, reach every area. AREA and OUTSIDE
// receivers reach the areas they name and those that lie inside them; so does one whose kind is not
// stated. A zone is reached by whoever reaches any part of it.
//
// Where amendments touch single items, a delegation is as much in force as the best of its items
// that match, and the items named are those that are so.
#ifndef REGISTRY_POWERS_H
#define REGISTRY_POWERS_H

#include "ftz/v1/query_service.pb-c.h"
#include "registry/query/power_match.h"
#include "registry/query/question.h"

enum { POWERS_DEFAULT_PAGE = 50, POWERS_MAX_PAGE = 1000 };

// One page. q: see question.h.
MUST_USE nrpc_code find_powers(question *q, const Ftz__V1__FindPowersRequest *request,
                               Ftz__V1__FindPowersResponse *out, nrpc_status *status);

// --- for answers that hold powers among other things ---------------------------------------------

typedef struct power_search {
    const Ftz__V1__Zone *zone;
    const char *
        *areas; // the area asked about and those it lies in, innermost first; NULL: the zone
    size_t area_count;
    int32_t day;
    power_matcher matcher;
    bool exclude_unknown;
    bool exclude_outside;
} power_search;

// Where a page ended.
typedef struct power_key {
    int in_force, match;
    const char *name;
} power_key;

typedef struct powers_found {
    Ftz__V1__FoundPower **powers; // in q->memory, in order
    size_t count;
    bool more;      // behind them
    bool any_reach; // whether any delegation reaches the place, on whatever day and about whatever
} powers_found;

// Up to `limit` powers behind `after` (NULL: from the start). q: open.
MUST_USE nrpc_code powers_search(question *q, const power_search *s, const power_key *after,
                                 size_t limit, powers_found *out, nrpc_status *status);

#endif
