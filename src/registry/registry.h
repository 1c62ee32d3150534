// The registry: free-trade zones and what belongs to them, over a store.
//
// It owns: the resource types, the schema pool, the cache of packed answers, imports under way. It
// borrows the store, and is its observer. What can be done with it stands in read.h (get, batch
// get, list), write.h, import.h, search.h, changes.h and their like.
//
// Threads: any, for everything but open and close.
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include "base/macros.h"
#include "registry/cache.h"
#include "registry/type.h"
#include "schema/schema.h"
#include "store/store.h"

typedef struct registry registry;

typedef struct registry_options {
    size_t cache_bytes;        // of packed answers; 0: no cache
    size_t max_import_bytes;   // staged by all imports together
    unsigned max_imports;      // open at a time
    unsigned import_expiry_ms; // an import that nobody touched for so long is forgotten
} registry_options;

// Defaults: 64 MiB, 256 MiB, 16, ten minutes.
void registry_options_init(registry_options *options);

// s is borrowed until registry_close, and must not have been written through before. options: NULL
// for the defaults. INTERNAL, reason SCHEMA_MISMATCH, if program and embedded schema disagree.
MUST_USE nrpc_code registry_open(registry **out, store *s, const registry_options *options,
                                 nrpc_status *status);
// No call may be under way. NULL is allowed. The store stays open.
void registry_close(registry *r);

// Borrowed for the registry's life.
const resource_type *registry_types(const registry *r); // RESOURCE_KINDS of them
const schema *registry_schema(const registry *r);
const char *registry_store_id(const registry *r);
void registry_cache_stats(const registry *r, cache_stats *out);

// Told of every commit, when its changes are visible and before its writers are answered, on one of
// their threads: it must not block. Set before the first write, or NULL.
typedef void (*registry_listener)(void *context, const char *const *names, size_t count,
                                  int64_t revision);
void registry_listen(registry *r, registry_listener listener, void *context);
// The newest revision visible to readers.
int64_t registry_revision(const registry *r);

// Revisions as they travel: "STOREID:DECIMAL".
enum { REGISTRY_REVISION_SIZE = 40 };
void registry_format_revision(const registry *r, int64_t revision,
                              char out[REGISTRY_REVISION_SIZE]);
// INVALID_ARGUMENT, reason REVISION_MALFORMED; FAILED_PRECONDITION, reason STORE_MISMATCH.
MUST_USE nrpc_code registry_parse_revision(const registry *r, const char *text, size_t size,
                                           int64_t *out, nrpc_status *status);

#endif
