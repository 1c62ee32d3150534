// A synthetic registry: seeded, of any size, and like a real one where it matters for load.
//
// Zones have areas whose sizes add up to theirs, delegations, and events in the order of time; how
// many events a zone has falls off as 1/rank. Events have types, dates (some of them partial),
// quantities, parties, documents and citations; some are joint, some part of another. Everything
// has names in Latin script and in Chinese, and passes the registry's validation. A record refers
// only to records before it, so that the stream may be imported in several transactions.
//
// Same specification, same bytes, on every machine. Memory does not grow with the size.
// Threads: any; pure but for the file written to.
#ifndef CLI_GENERATE_H
#define CLI_GENERATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct generate_spec {
    int64_t events;
    int64_t zones; // 0: what suits the events
    uint64_t seed;
    bool lines; // an ftz.v1.AnyResource a line; else one ftz.v1.Registry
} generate_spec;

// Told now and then how many records have been written. False: stop.
typedef bool (*generate_fn)(void *context, int64_t records);

// How many zones there will be.
int64_t generate_zones(const generate_spec *spec);
// False if the file took no more, or `told` said so. told may be NULL. records: how many were
// written; may be NULL.
bool generate_write(const generate_spec *spec, FILE *out, generate_fn told, void *context,
                    int64_t *records);

#endif
