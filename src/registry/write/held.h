// A record as the store holds it, copied out of the callback it is lent to.
#ifndef REGISTRY_HELD_H
#define REGISTRY_HELD_H

#include "base/arena.h"
#include "store/store.h"

typedef struct held {
    arena *memory; // of what record points to
    store_record record;
    bool found, no_memory;
} held;

// A store_row_fn: context is a held with its memory set.
bool held_row(void *context, const store_record *row);

#endif
