// How a delegation of powers answers to the subjects and words asked for.
//
// Words are compared folded (words.h) and whole; characters of a script without blanks as a run.
// All words asked for must stand in one text: the title and subjects of an item; or one subject,
// the name, or what is counted of a delegation. A subject's texts are its label, its code, and the
// names of its Term. Where subjects and words are asked for, both must be answered to.
//
// A list of items that is known and complete settles the matter: what is not on it is not among the
// powers, however broad the subject. A subject is broad if its Term is open-ended.
//
// Ownership: a matcher borrows the codes and lives in the question's memory.
// Threads: one at a time; the subjects are read when it is made.
#ifndef REGISTRY_POWER_MATCH_H
#define REGISTRY_POWER_MATCH_H

#include "ftz/v1/query_service.pb-c.h"
#include "registry/query/question.h"

enum {
    POWER_MATCH_MAX_TEXT = 1000, // bytes of the words asked for
    POWER_MATCH_MAX_CODES = 100,
    POWER_MATCH_MAX_SUBJECTS = 10000, // terms of the vocabulary that are read
};

typedef struct subject_term subject_term;

typedef struct power_matcher {
    char *const *codes;
    size_t code_count;
    const char **words;  // folded; NULL-terminated; NULL: none are asked for
    subject_term *terms; // by code
    size_t term_count;
} power_matcher;

// Whether `text` has a word in it.
bool power_match_has_words(const char *text);

// q: open. Reads the terms of vocabulary subjects if anything is asked for.
MUST_USE nrpc_code power_matcher_init(power_matcher *m, question *q, char *const *codes,
                                      size_t code_count, const char *text, nrpc_status *status);

typedef struct power_match {
    bool matches;
    Ftz__V1__PowerMatch level; // UNSPECIFIED if nothing was asked for
    size_t *items;             // positions of the items that match, in `memory`
    size_t item_count;
} power_match;

// Whether the item at a position is to be had here, as far as its receivers and its being in
// force go.
typedef bool (*power_item_fn)(void *context, size_t item);

// False: no memory.
MUST_USE bool power_matcher_try(const power_matcher *m, const Ftz__V1__PowerDelegation *delegation,
                                power_item_fn offers, void *context, arena *memory,
                                power_match *out);

#endif
