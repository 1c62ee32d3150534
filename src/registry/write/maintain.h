// What a registry needs done from time to time: deleted resources whose time is over go for good,
// and the change log is cut to what is to be kept.
//
// Threads: any; one at a time is enough. Each step is a short transaction, so that writers wait for
// one of them at most.
#ifndef REGISTRY_MAINTAIN_H
#define REGISTRY_MAINTAIN_H

#include "registry/registry.h"

// A day: what a repeated request was answered is read from the changes of the last one.
#define REGISTRY_MIN_CHANGES_KEPT_US (INT64_C(24) * 60 * 60 * 1000000)

typedef struct registry_upkeep {
    int64_t changes_kept_us; // changes younger than this stay, and
    int64_t changes_kept;    // so many of the newest, however old
} registry_upkeep;

// Defaults: 90 days, a million.
void registry_upkeep_init(registry_upkeep *upkeep);

typedef struct registry_upkeep_result {
    size_t purged;  // resources
    size_t compact; // transactions that dropped something
} registry_upkeep_result;

// now_us: wall time. *c is that of the caller, whose cancel flag and deadline end the work between
// two steps or within one; actor and request id are set here: changes are made by "purge".
MUST_USE nrpc_code registry_maintain(registry *r, const store_context *c, int64_t now_us,
                                     const registry_upkeep *upkeep, registry_upkeep_result *out,
                                     nrpc_status *status);

#endif
