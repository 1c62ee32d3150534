// "Did you mean ...?": the candidate most like what was written.
// Pure functions, any thread; the names are borrowed.
#ifndef SCHEMA_SUGGEST_H
#define SCHEMA_SUGGEST_H

#include <stddef.h>

typedef struct suggestion {
    const char *written;
    size_t size;
    const char *best; // NULL while no candidate was near enough
    size_t distance;
} suggestion;

suggestion suggest_begin(const char *written, size_t size);
// Insertions, deletions, replacements and swaps of neighbours are counted, letters of the other
// case are not; more than a third of the written bytes is too far.
void suggest_offer(suggestion *s, const char *candidate);

#endif
