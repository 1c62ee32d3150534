// What queries look at: the index of a resource, made from its packed bytes whenever it is written.
//
//   document.h   the values that filters and orders compare, as JSON
//   tokens.h     the tokens that Search finds it by
//   moments.h    the dates that timelines show
//   listings     the zones that list it besides its own: those of a joint event
//
// INDEX_VERSION grows with every change to what any of them makes of the same resource: a store
// with an older one is indexed anew when the registry opens it.
//
// Threads: an index_maker belongs to one thread at a time.
#ifndef REGISTRY_INDEX_H
#define REGISTRY_INDEX_H

#include "base/arena.h"
#include "base/buffer.h"
#include "registry/type.h"
#include "schema/schema.h"
#include "store/store.h"

enum { INDEX_VERSION = 2 };

typedef struct index_maker {
    const resource_type *types;
    const schema_message *messages[RESOURCE_KINDS];
    arena memory; // what the last index points to
    buffer document;
} index_maker;

void index_maker_init(index_maker *m, const resource_type *types, const schema *pool);
void index_maker_fini(index_maker *m);

// name: of the resource. body and extra: its packed bytes as the store keeps them (body.h). The
// result is borrowed from the maker until the next call; NULL: no memory.
MUST_USE const store_index *index_make(index_maker *m, const resource_type *type, const char *name,
                                       store_bytes body, store_bytes extra);
// The same where the message is at hand, unpacked: the result borrows from it too.
MUST_USE const store_index *index_make_of(index_maker *m, const resource_type *type,
                                          const char *name, const ProtobufCMessage *message,
                                          store_bytes body, store_bytes extra);
// A copy of its own in one allocation, of *size bytes; the caller frees it. NULL: no memory.
MUST_USE store_index *index_copy(const store_index *index, size_t *size);

#endif
