// How a resource answers words that were searched for: whether it does, in which field best, and
// where in its text.
//
// A search_words is made once for a question and borrowed by every match; it lives in an arena.
// Pure functions; any thread.
#ifndef REGISTRY_MATCH_H
#define REGISTRY_MATCH_H

#include "base/arena.h"
#include "base/macros.h"
#include "registry/index/texts.h"

enum {
    SEARCH_MAX_POINTS = 256, // code points of a question
    SEARCH_MAX_WORDS = 16,   // of it; a run of ideographs is one
    MATCH_MAX_POINTS = 160,  // code points of a fragment
    MATCH_MAX_RANGES = 32,   // places marked in it
    MATCH_MAX_PATH = 512,
};

// The better comes first.
typedef enum search_tier {
    SEARCH_WHOLE,  // a name, or the id, reads like the question
    SEARCH_NAMES,  // its words stand in names
    SEARCH_TITLES, // in names and titles
    SEARCH_PROSE,  // anywhere
    SEARCH_PARTS,  // they are parts of words of names, or characters of names and titles in order
    SEARCH_TIERS,
} search_tier;

// One word of the question, or one run of ideographs.
typedef struct search_word {
    const char *text; // folded
    size_t size;
    size_t points;
    bool run;
} search_word;

typedef struct search_words {
    search_word words[SEARCH_MAX_WORDS];
    size_t count;
    const char *whole; // all of it, one behind the other
    const char *language_code;
} search_words;

typedef enum search_fault {
    SEARCH_GOOD,
    SEARCH_NO_WORD,
    SEARCH_TOO_LONG,
    SEARCH_TOO_MANY_WORDS,
    SEARCH_NO_MEMORY,
} search_fault;

MUST_USE search_fault search_words_make(const char *question, const char *language_code,
                                        arena *memory, search_words *out);

typedef struct search_match {
    char path[MATCH_MAX_PATH];
    const char *fragment; // of the text, which the message or the name keeps alive
    size_t fragment_size;
    int32_t offsets[2 * MATCH_MAX_RANGES]; // in code points of the fragment
    size_t offset_count;
} search_match;

typedef enum match_result { MATCH_FOUND, MATCH_NONE, MATCH_NO_MEMORY } match_result;

// The best field by which the resource, which the store found in this tier, answers. NONE: it does
// not after all, or stands in SEARCH_WHOLE already. name: of the resource; borrowed.
MUST_USE match_result search_match_resource(const search_words *words, search_tier tier,
                                            const resource_type *type, const char *name,
                                            const ProtobufCMessage *message, search_match *out);

#endif
