// The moments of a resource: the dates that it states and timelines show (ftz.v1.TimelineKind says
// which), and the zones and areas below which they are shown.
//
// Pure functions, any thread.
#ifndef REGISTRY_MOMENTS_H
#define REGISTRY_MOMENTS_H

#include "base/arena.h"
#include "registry/type.h"
#include "store/store.h"

// Fills index->moments and index->scopes for a resource, in the arena's memory. message: unpacked,
// whole.
MUST_USE bool moments_make(const resource_type *type, const char *name,
                           const ProtobufCMessage *message, arena *memory, store_index *index);

#endif
