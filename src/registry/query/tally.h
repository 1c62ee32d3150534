// Groups with exact sums: what Aggregate counts and adds up.
//
// A group is found by its keys, a sum within it by measure and unit. Memory grows with the number
// of groups, sums and periods; each has a limit, beyond which the tally is `full`. Other functions
// then answer NULL or false, as they do where memory has run out (`failed`).
//
// Ownership: a tally borrows the arena, and holds heap besides: end it with tally_fini.
// Threads: one at a time.
#ifndef REGISTRY_TALLY_H
#define REGISTRY_TALLY_H

#include "base/arena.h"
#include "ftz/v1/query_service.pb-c.h"
#include "registry/decimal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TALLY_MAX_GROUPS = 100000,
    TALLY_MAX_SUMS = 100000,
    TALLY_MAX_PERIODS = 200000, // of quantities that came about over time
    TALLY_MAX_KEYS = 4,
};

typedef struct tally_sum {
    const char *measure, *unit;
    decimal_sum total;
    int64_t summands;
    int64_t stated; // resources that state the number, added or not
    int64_t left_out;
    int bound;        // ftz.v1.Bound, the loosest
    int verification; // ftz.v1.Verification, the weakest
    int64_t last;     // the last resource that stated it
    struct tally_sum *next;
} tally_sum;

typedef struct tally_group {
    const char *keys[TALLY_MAX_KEYS];
    int64_t count;
    tally_sum *sums;
} tally_group;

typedef struct tally_table {
    struct tally_slot *slots;
    size_t size, count; // size: a power of two, or 0
} tally_table;

typedef struct tally {
    arena *memory;
    const uint8_t *secret; // 16 bytes that nobody outside knows
    size_t key_count;
    bool numeric[TALLY_MAX_KEYS]; // these keys are numbers, and ordered so
    tally_table groups, sums, periods;
    tally_group **list; // every group; in order after tally_sort
    size_t capacity;
    size_t period_count;
    bool full, failed;
} tally;

void tally_init(tally *t, arena *memory, const uint8_t secret[16], size_t key_count);
void tally_fini(tally *t);

// The group of these keys (key_count of them), made if there is none yet.
tally_group *tally_group_of(tally *t, const char *const *keys);
// The sum, made if there is none yet.
tally_sum *tally_sum_of(tally *t, tally_group *g, const char *measure, const char *unit);

// Notes that the resource with this number states it.
void tally_state(tally_sum *s, int64_t resource);
// Adds a number, as exact as it is proven. False if the text is none: then it is left out.
bool tally_add(tally_sum *s, const char *number, int bound, int verification);

// Whether none of the zones has claimed any of these days for the sum yet; if so, all do now.
bool tally_claim(tally *t, const tally_sum *s, char *const *zones, size_t zone_count, int32_t first,
                 int32_t last);

// Orders t->list by keys.
void tally_sort(tally *t);
// < 0 if the group comes before these keys, 0 if it has them.
int tally_compare(const tally *t, const tally_group *g, const char *const *keys);
// The group as a message in the arena, its sums by measure and unit. NULL: no memory.
Ftz__V1__Bucket *tally_bucket(const tally *t, const tally_group *g);

// The looser of two bounds; of two that look to different sides: about.
int tally_looser(int a, int b);

#endif
