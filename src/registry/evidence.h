// Proof: which citations of a resource speak for a field, how well it is founded, and whether
// anybody says otherwise.
//
// A field is named by a path as citations write it: "size_history.2019-08-06.area_km2". What
// supports it are the SUPPORTS citations at the nearest level that has any: its own path, that of
// the message or list it stands in, and so on up to the empty path, which is the record as a whole;
// and besides those the ones below it, which speak for a part of it ("date.year" for "date").
// Citations that contradict or correct dispute it if they are about it or a part of it.
//
// Pure functions over borrowed messages, any thread.
#ifndef REGISTRY_EVIDENCE_H
#define REGISTRY_EVIDENCE_H

#include "ftz/v1/common.pb-c.h"

#include <stdbool.h>
#include <stddef.h>

// The citations of a resource of any type; *count is 0 where the type has none.
Ftz__V1__Citation *const *evidence_citations(const ProtobufCMessage *message, size_t *count);

// The weakest verification of what supports the path; UNSPECIFIED if nothing does. used: one for
// each citation, set to true for those that support it; NULL if it does not matter.
Ftz__V1__Verification evidence_of(Ftz__V1__Citation *const *citations, size_t count,
                                  const char *path, bool *used);
bool evidence_disputes(Ftz__V1__Citation *const *citations, size_t count, const char *path);

// VERIFIED is stronger than COMPUTED, that than UNVERIFIED, and this than UNSPECIFIED.
Ftz__V1__Verification evidence_weaker(Ftz__V1__Verification a, Ftz__V1__Verification b);

#endif
