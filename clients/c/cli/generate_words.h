// Private to generate: the words that records are made of. Constant data.
#ifndef CLI_GENERATE_WORDS_H
#define CLI_GENERATE_WORDS_H

#include <stddef.h>

typedef struct coded_word {
    const char *code, *english, *chinese, *group;
} coded_word;

typedef struct vocabulary {
    const char *name;
    const coded_word *words;
    size_t count;
} vocabulary;

extern const vocabulary vocabularies[];
extern const size_t vocabulary_count;

enum { INDUSTRIES = 20, POSITIONINGS = 8, SUBJECTS = 8, EVENT_TYPES = 9 };
extern const coded_word industries[INDUSTRIES];
extern const coded_word positionings[POSITIONINGS];
extern const coded_word subjects[SUBJECTS];

// What an event of a type is like. In a title {a} is an area, {z} a zone, {i} an industry, {n} a
// number, {p} a party.
typedef struct event_type {
    const char *code;
    unsigned weight; // of a hundred
    const char *titles[3];
    const char *chinese;
    const char *measure; // of its first quantity; NULL: it has none
    const char *unit;
    const char *nature;
    unsigned most;      // of the first quantity
    const char *amount; // measure of a second one, in CNY; NULL: none
} event_type;

extern const event_type event_types[EVENT_TYPES];

enum { PARTIES = 12 };
typedef struct party_word {
    const char *english, *chinese, *role;
} party_word;
extern const party_word parties[PARTIES];

#endif
