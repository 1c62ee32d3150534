// Whether a delegation of powers is in force on a day.
//
// It begins on its effective date; where that is not known, no earlier than the earliest of review,
// approval and issue (where none of these is known, the zone's first day), and no later than a
// source observed it. Partial dates are all the days they may mean. From the latest day it can have
// begun it is in force; before the earliest it is not; in between nobody knows.
//
// Amendments are gone through in their order. One that suspends, resumes or revokes has happened
// from the latest day its date can mean and not before the earliest; without a date, it may have
// happened on any day from the amendment before it on. As long as one of them may or may not have
// happened, what it would change is unknown.
//
// Pure functions over borrowed messages, any thread.
#ifndef REGISTRY_INFORCE_H
#define REGISTRY_INFORCE_H

#include "ftz/v1/query_service.pb-c.h"

#include <stdint.h>

typedef struct in_force {
    Ftz__V1__InForce state;
    const char *reason; // as FoundPower.reason
    int32_t earliest;   // day it can have begun; 0: not known
    int32_t latest;
} in_force;

// item: id of the item asked about, touched by amendments of its own too; NULL: the whole.
in_force in_force_on(const Ftz__V1__PowerDelegation *delegation, const char *item,
                     int32_t zone_first_day, int32_t day);

// Calls fn with the path of every date that the answer rests on. amendment: its id; else NULL.
typedef void (*in_force_path_fn)(void *context, const char *field, const char *amendment);
void in_force_paths(const Ftz__V1__PowerDelegation *delegation, int32_t day, in_force_path_fn fn,
                    void *context);

#endif
