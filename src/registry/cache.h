// Packed answers in memory, by resource name.
//
// An entry is one resource as body, extra and tail (body.h): both views are slices of it. Entries
// are counted references: a reply is copied out of one without holding a lock, and an entry that is
// thrown out lives on until its last user lets go.
//
// Never stale. The cache is the store's observer: before a transaction commits, the names it
// touches leave the cache, and until it has ended nobody can insert them again. A reader who wants
// to insert takes a ticket first, then reads the store; the ticket is void if a write to that name
// began after it was taken or was under way then. So an entry that is found is the newest
// committed state of its name, and stays so until a write to it begins.
//
//   reader   ticket .... store read .... insert: ticket still good?
//   writer            begin (throw out, void tickets) .. commit .. end
//
// 16 shards, each with a lock, a hash table and a clock hand. A lookup costs one hash, one lock and
// one comparison, and allocates nothing. The bytes of all entries stay below the limit: each shard
// has a sixteenth of it, and throws out what was not used since the hand last passed.
//
// Threads: everything may be called from any thread; begin and end of the observer one at a time.
#ifndef REGISTRY_CACHE_H
#define REGISTRY_CACHE_H

#include "base/macros.h"
#include "registry/type.h"
#include "store/store.h"

#include <stdatomic.h>

typedef struct cache cache;

typedef struct cache_entry {
    // Constant once made.
    const resource_type *type;
    int64_t revision;
    uint64_t hash;
    uint32_t name_size, body_size, extra_size, tail_size;
    const uint8_t *data; // body, extra, tail
    const char *name;
    // The cache's own.
    atomic_uint refs;
    struct cache_entry *chain;                   // in its bucket
    struct cache_entry *clock_next, *clock_prev; // ring of its shard
    bool used, cached;
} cache_entry;

// limit: bytes of all entries, 0: nothing is kept.
MUST_USE nrpc_code cache_create(cache **out, size_t limit, nrpc_status *status);
void cache_free(cache *c);
// To be hung into the store.
store_observer *cache_observer(cache *c);

// A reference, or NULL. The caller gives it back with cache_entry_unref.
cache_entry *cache_lookup(cache *c, const char *name, size_t size);
// A new entry outside the cache, with one reference; NULL when memory has run out.
cache_entry *cache_entry_create(cache *c, const resource_type *type, const char store_id[17],
                                const store_record *record);
void cache_entry_unref(cache_entry *e);

typedef uint64_t cache_ticket;

// To be taken before the store is read.
cache_ticket cache_take_ticket(cache *c, const char *name, size_t size);
// Keeps the entry (adding a reference) unless the ticket is void. An entry of that name already
// there is replaced.
void cache_insert(cache *c, cache_entry *e, cache_ticket ticket);

// A number that is odd while a write commits and grows with every write. Lookups between two equal
// even readings saw one snapshot.
uint64_t cache_generation(cache *c);

typedef struct cache_stats {
    size_t entries, bytes;
    uint64_t hits, misses;
} cache_stats;

void cache_get_stats(cache *c, cache_stats *out);

#endif
