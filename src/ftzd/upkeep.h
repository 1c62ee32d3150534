// A thread that does what a registry needs done from time to time (registry/write/maintain.h): at
// once, and every minute from then on. What fails is logged, and tried again the next time.
#ifndef FTZD_UPKEEP_H
#define FTZD_UPKEEP_H

#include "registry/write/maintain.h"

typedef struct upkeep upkeep;

// r is borrowed until upkeep_stop. RESOURCE_EXHAUSTED, reason NO_THREAD.
MUST_USE nrpc_code upkeep_start(upkeep **out, registry *r, const registry_upkeep *what,
                                nrpc_status *status);
// Ends work that is under way. NULL is allowed.
void upkeep_stop(upkeep *u);

#endif
