// Search tokens: how text is cut so that it is found again, whatever its script and spelling.
//
//   column 0   whole names, folded to one token each
//   column 1   words of names
//   column 2   words of titles and display names
//   column 3   words of descriptions and other prose
//   column 4   trigrams of the words of names, and what a search is narrowed by: type and zone
//
// The rules of folding and cutting stand in tokens.c, on top.
//
// Pure functions, any thread.
#ifndef REGISTRY_TOKENS_H
#define REGISTRY_TOKENS_H

#include "base/arena.h"
#include "registry/type.h"
#include "store/store.h"

// Fills index->search for a resource, in the arena's memory. message: unpacked, whole.
MUST_USE bool tokens_make(const resource_type *type, const char *name,
                          const ProtobufCMessage *message, arena *memory, store_index *index);

#endif
