// What of a resource is added up, and what is left out: the rules of Sum in query_service.proto.
//
// Sizes. Those of zones, and of areas that lie in no other. As of a day: what the zone then
// measured. Quantities. OCCASION and PERIOD ones that have a measure and neither are part of nor
// restate another. The days of a PERIOD one are those it can mean at most; without a beginning, all
// before its end; without an end, all up to the event's day. In the order in which resources are
// read, the first of several that overlap in a zone counts. The lower end of a range counts, as "at
// least". Counts of powers. Those whose scope is BATCH.
//
// Threads: one at a time, as the tally.
#ifndef REGISTRY_SUMMING_H
#define REGISTRY_SUMMING_H

#include "registry/query/tally.h"
#include "registry/type.h"

enum { SUM_AREA_KM2 = 1, SUM_QUANTITIES = 2, SUM_ITEM_COUNT = 4 }; // bits

// By the names that requests use. Checks that resources of the type have it, and reports all
// faults.
void summing_parse(const resource_type *type, char *const *names, size_t count, const char *field,
                   unsigned *sums, nrpc_status *status);

typedef struct summing {
    const resource_type *type;
    unsigned sums;
    int32_t day; // as of which zones are measured; 0: as their fields say
    int32_t today;
} summing;

// Adds what the resource states to the sums of the group. number: another for each resource. False:
// the tally is full or memory has run out.
MUST_USE bool summing_add(const summing *s, tally *t, tally_group *g, int64_t number,
                          const ProtobufCMessage *message, arena *memory);

#endif
