// Search tokens: how text is cut so that it is found again, whatever its script and spelling.
//
//   column 0   whole names, folded to one token each; and the resource's id
//   column 1   words of names
//   column 2   words of names, of titles, and of the names of what a resource mentions
//   column 3   words of anything
//   column 4   trigrams of the words of names, and what a search is narrowed by: type and zone
//
// No two columns share a token: a word that stands in a million descriptions costs nothing where
// names are looked for.
//
// Which fields are names, titles and prose: texts.c. What a word is: words.c. The forms of tokens
// stand in tokens.c, on top.
//
// Pure functions, any thread.
#ifndef REGISTRY_TOKENS_H
#define REGISTRY_TOKENS_H

#include "base/arena.h"
#include "registry/type.h"
#include "store/store.h"

// Columns, as bits.
enum {
    TOKENS_WHOLE = 1 << 0,
    TOKENS_NAMES = 1 << 1,
    TOKENS_TITLES = 1 << 2,
    TOKENS_WORDS = 1 << 3,
    TOKENS_PARTS = 1 << 4,
};

// Fills index->search for a resource, in the arena's memory. message: unpacked, whole.
MUST_USE bool tokens_make(const resource_type *type, const char *name,
                          const ProtobufCMessage *message, arena *memory, store_index *index);

typedef struct token_list {
    const char *const *tokens;
    size_t count;
} token_list;

// The tokens that must all stand in the column for a record to hold all words of the text there.
// column: TOKENS_NAMES, TOKENS_TITLES or TOKENS_WORDS. None: the text has no word. False: no
// memory.
MUST_USE bool tokens_of_query(unsigned column, const char *text, size_t size, arena *memory,
                              token_list *out);
// The one that stands in column 0 if a name reads like the text; NULL where there is no word.
MUST_USE bool tokens_of_name(const char *text, size_t size, arena *memory, const char **out);
// Those of column 4 that stand there for a word of a name that has this word in it. None: the word
// is too short.
MUST_USE bool tokens_of_part(const char *text, size_t size, arena *memory, token_list *out);
// Those of column 4 that every resource of a type has, and every one of a zone ("zones/cn-hainan"):
// the zone itself, what lies in it, and joint events.
MUST_USE bool tokens_of_type(const resource_type *type, arena *memory, const char **out);
MUST_USE bool tokens_of_zone(const char *zone, arena *memory, const char **out);

#endif
