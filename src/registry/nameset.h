// A set of names. The names are borrowed.
// Threads: one at a time.
#ifndef REGISTRY_NAMESET_H
#define REGISTRY_NAMESET_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nameset {
    struct nameset_entry *entries; // open addressing, a power of two
    size_t capacity;
    size_t count;
} nameset;

void nameset_fini(nameset *set);
// False: no memory. *added is false if the name was there already.
MUST_USE bool nameset_add(nameset *set, const char *name, bool *added);
bool nameset_has(const nameset *set, const char *name);
void nameset_clear(nameset *set);

#endif
