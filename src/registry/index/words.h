// Text cut into words, folded so that spellings which differ in case, diacritics, width or
// presentation meet. The rules of folding and cutting stand in words.c, on top.
//
// A cutter allocates nothing and borrows the text. Malformed UTF-8 ends it.
//
// Pure functions, any thread.
#ifndef REGISTRY_WORDS_H
#define REGISTRY_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WORD_MAX_POINTS = 64, // folded code points of a word; what is longer is cut there
    WORD_MAX_SIZE = 4 * WORD_MAX_POINTS,
};

typedef struct word {
    char text[WORD_MAX_SIZE + 1]; // folded UTF-8
    size_t size;
    size_t points;  // code points of text
    uint32_t first; // where it stands in the text as given: code points
    uint32_t end;   // behind the last; combining marks behind a letter belong to it
    bool ideograph; // one character of a script that is written without blanks
    bool joined;    // an ideograph that follows the ideograph before it
} word;

typedef struct word_cutter {
    const uint8_t *next;
    const uint8_t *end;
    uint32_t at;          // code points before `next`
    int32_t pending[32];  // folded code points of the last one read ...
    size_t taken, count;  // ... of which so many are used up
    bool after_ideograph; // only punctuation since
} word_cutter;

void word_cut(word_cutter *c, const char *text, size_t size);
// False at the end.
bool word_next(word_cutter *c, word *out);

#endif
