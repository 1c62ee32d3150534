// Aggregate: resources counted and summed by groups. What the sums hold stands in summing.h, what
// groups can be made of in grouping.h.
//
// Every page reads all resources that are asked about, one after another; memory holds the groups.
// RESOURCE_EXHAUSTED, reason TOO_MANY_GROUPS, if these pass the limits of tally.h.
//
// An event in which several zones take part counts in each of them; without groups by zone, once.
#ifndef REGISTRY_AGGREGATE_H
#define REGISTRY_AGGREGATE_H

#include "ftz/v1/query_service.pb-c.h"
#include "registry/query/grouping.h"
#include "registry/query/question.h"
#include "registry/query/summing.h"
#include "registry/query/tally.h"

enum { AGGREGATE_DEFAULT_PAGE = 50, AGGREGATE_MAX_PAGE = 1000 };

// One page. q: see question.h.
MUST_USE nrpc_code aggregate(question *q, const Ftz__V1__AggregateRequest *request,
                             Ftz__V1__AggregateResponse *out, nrpc_status *status);

// --- for answers that hold counts among other things ---------------------------------------------

typedef struct aggregation {
    summing summing;  // its day also says which zones and areas are counted
    const char *zone; // NULL: of all zones
    const store_condition *condition;
    group_key keys[GROUPING_MAX_KEYS];
    size_t key_count;
} aggregation;

// Fills the tally, ordered. q: open. out: to be ended by the caller in any case.
MUST_USE nrpc_code aggregate_run(question *q, const aggregation *a, tally *out,
                                 nrpc_status *status);

#endif
