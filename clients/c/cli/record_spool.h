// Records in a temporary file, in the order they came, and what became of some of them since.
//
// An export reads a registry page by page while others write to it. The spool holds what the pages
// had, and an overlay has the changes made since the first of them; together they are the registry
// as it stood after the last change. Only the overlay lies in memory.
//
// Ownership: the spool owns its file, which has no name, and copies of all it is given.
// Threads: one at a time.
// Errors: UNKNOWN with reason REASON_FILE; RESOURCE_EXHAUSTED, reason OUT_OF_MEMORY.
#ifndef CLI_RECORD_SPOOL_H
#define CLI_RECORD_SPOOL_H

#include "base/buffer.h"

#include <nrpc/status.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct spool_change {
    char *name;
    uint32_t group;
    buffer record; // empty: it is no more
    bool written;
} spool_change;

typedef struct record_spool {
    FILE *file;
    int64_t count;
    spool_change *changes; // by name
    size_t change_count, change_capacity;
} record_spool;

nrpc_code record_spool_init(record_spool *s, nrpc_status *status);
void record_spool_fini(record_spool *s);

// group: of records that are written together, in ascending order; any numbers.
nrpc_code record_spool_add(record_spool *s, uint32_t group, const void *record, size_t size,
                           nrpc_status *status);
// What a name has become. record NULL: it was deleted.
nrpc_code record_spool_change(record_spool *s, uint32_t group, const char *name, const void *record,
                              size_t size, nrpc_status *status);

// Hands out every record that is left, groups one after the other, each in order of name if it was
// added so. Stops at the first failure of `take`.
typedef nrpc_code (*spool_fn)(void *context, uint32_t group, const void *record, size_t size,
                              nrpc_status *status);
nrpc_code record_spool_each(record_spool *s, spool_fn take, void *context, nrpc_status *status);

#endif
