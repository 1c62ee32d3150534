#include "registry/nameset.h"

#include <stdlib.h>
#include <string.h>

struct nameset_entry {
    const char *name; // NULL: free
    uint64_t hash;
};

// FNV-1a: names come from writers, who are trusted not to fight the table.
static uint64_t hash_of(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

static struct nameset_entry *slot(const nameset *set, const char *name, uint64_t hash)
{
    size_t i = hash & (set->capacity - 1);
    while (set->entries[i].name &&
           (set->entries[i].hash != hash || strcmp(set->entries[i].name, name) != 0))
        i = (i + 1) & (set->capacity - 1);
    return &set->entries[i];
}

static bool grow(nameset *set)
{
    nameset bigger = {.capacity = set->capacity ? set->capacity * 2 : 64, .count = set->count};
    bigger.entries = calloc(bigger.capacity, sizeof *bigger.entries);
    if (!bigger.entries)
        return false;
    for (size_t i = 0; i < set->capacity; i++) {
        const struct nameset_entry *e = &set->entries[i];
        if (e->name)
            *slot(&bigger, e->name, e->hash) = *e;
    }
    free(set->entries);
    *set = bigger;
    return true;
}

void nameset_fini(nameset *set)
{
    free(set->entries);
    *set = (nameset){0};
}

void nameset_clear(nameset *set)
{
    if (set->capacity)
        memset(set->entries, 0, set->capacity * sizeof *set->entries);
    set->count = 0;
}

bool nameset_add(nameset *set, const char *name, bool *added)
{
    if (set->count * 4 >= set->capacity * 3 && !grow(set))
        return false;
    uint64_t hash = hash_of(name);
    struct nameset_entry *e = slot(set, name, hash);
    *added = !e->name;
    if (*added) {
        *e = (struct nameset_entry){name, hash};
        set->count++;
    }
    return true;
}

bool nameset_has(const nameset *set, const char *name)
{
    return set->capacity && slot(set, name, hash_of(name))->name;
}
