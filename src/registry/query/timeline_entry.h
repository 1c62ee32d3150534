// What timelines know of an entry: the moment, the message, and what decides which others tell of
// the same.
//
// Lifetime: everything in the memory given.
#ifndef REGISTRY_TIMELINE_ENTRY_H
#define REGISTRY_TIMELINE_ENTRY_H

#include "ftz/v1/query_service.pb-c.h"
#include "registry/query/question.h"

typedef struct timeline_entry {
    store_moment moment;
    const char *name; // of the resource
    resource_kind kind;
    const char *event; // that an entry of size_history names; "" if none
    // Of an event:
    const char *type;
    char **zones, **areas, **delegations;
    size_t zone_count, area_count, delegation_count;
    // Of an entry of an answer:
    Ftz__V1__TimelineEntry message;
} timeline_entry;

// A moment of a resource, without a message. False: no memory.
MUST_USE bool timeline_entry_know(const store_moment *moment, const char *name, resource_kind kind,
                                  const ProtobufCMessage *resource, arena *memory,
                                  timeline_entry *out);
// With a message, in q->memory, from what the store hands to a callback. memory: for the resource
// while it is looked at.
MUST_USE bool timeline_entry_make(const question *q, const store_moment *moment,
                                  const store_record *record, arena *memory, timeline_entry *out);

// Fills same_as of the messages (timeline.h says by which rule). q: open.
MUST_USE nrpc_code timeline_find_twins(question *q, timeline_entry *entries, size_t count,
                                       nrpc_status *status);

#endif
