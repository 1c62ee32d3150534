#include "registry/cache.h"

#include "registry/body.h"
#include "registry/siphash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SHARDS = 16, SLOTS = 64, FIRST_BUCKETS = 64 };

// Tickets are counted in slots, each shared by many names: a write voids a few tickets more than it
// must, and no list of names is kept.
typedef struct slot {
    uint32_t begun, ended; // writes; equal when none is under way
} slot;

typedef struct shard {
    pthread_mutex_t lock;
    cache_entry **buckets;
    size_t bucket_count; // a power of two
    size_t entry_count;
    size_t bytes;
    cache_entry *hand;
    slot slots[SLOTS];
    uint64_t hits, misses;
} __attribute__((aligned(64))) shard;

struct cache {
    shard shards[SHARDS];
    store_observer observer;
    size_t shard_limit;
    uint8_t key[16];
    atomic_uint_least64_t generation;
};

static const cache_ticket VOID_TICKET = UINT64_MAX;

static uint64_t hash_name(const cache *c, const char *name, size_t size)
{
    return siphash(c->key, name, size);
}

// Three independent parts of the hash.
static shard *shard_of(cache *c, uint64_t hash)
{
    return &c->shards[hash & (SHARDS - 1)];
}

static slot *slot_of(shard *s, uint64_t hash)
{
    return &s->slots[(hash >> 4) & (SLOTS - 1)];
}

static cache_entry **bucket_of(shard *s, uint64_t hash)
{
    return &s->buckets[(hash >> 16) & (s->bucket_count - 1)];
}

static size_t cost(const cache_entry *e)
{
    return sizeof *e + e->name_size + 1 + (size_t)e->body_size + e->extra_size + e->tail_size;
}

static cache_entry **find(shard *s, uint64_t hash, const char *name, size_t size)
{
    cache_entry **link = bucket_of(s, hash);
    while (*link && !((*link)->hash == hash && (*link)->name_size == size &&
                      !memcmp((*link)->name, name, size)))
        link = &(*link)->chain;
    return link;
}

static void drop(shard *s, cache_entry **link)
{
    cache_entry *e = *link;
    *link = e->chain;
    if (s->hand == e)
        s->hand = e->clock_next == e ? NULL : e->clock_next;
    e->clock_prev->clock_next = e->clock_next;
    e->clock_next->clock_prev = e->clock_prev;
    s->entry_count--;
    s->bytes -= cost(e);
    e->cached = false;
    cache_entry_unref(e);
}

static void drop_name(shard *s, uint64_t hash, const char *name, size_t size)
{
    cache_entry **link = find(s, hash, name, size);
    if (*link)
        drop(s, link);
}

static void observer_begin(store_observer *self, const char *const *names, size_t count)
{
    cache *c = CONTAINER_OF(self, cache, observer);
    atomic_fetch_add(&c->generation, 1);
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(names[i]);
        uint64_t hash = hash_name(c, names[i], size);
        shard *s = shard_of(c, hash);
        pthread_mutex_lock(&s->lock);
        slot_of(s, hash)->begun++;
        drop_name(s, hash, names[i], size);
        pthread_mutex_unlock(&s->lock);
    }
}

static void observer_end(store_observer *self, const char *const *names, size_t count,
                         bool committed)
{
    cache *c = CONTAINER_OF(self, cache, observer);
    (void)committed; // what was thrown out for nothing is read again
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = hash_name(c, names[i], strlen(names[i]));
        shard *s = shard_of(c, hash);
        pthread_mutex_lock(&s->lock);
        slot_of(s, hash)->ended++;
        pthread_mutex_unlock(&s->lock);
    }
    atomic_fetch_add(&c->generation, 1);
}

nrpc_code cache_create(cache **out, size_t limit, nrpc_status *status)
{
    size_t size = (sizeof(cache) + 63) / 64 * 64;
    cache *c = aligned_alloc(64, size);
    if (!c)
        goto no_memory;
    memset(c, 0, size);
    c->observer = (store_observer){.begin = observer_begin, .end = observer_end};
    c->shard_limit = limit / SHARDS;
    // A known key would let a caller choose names that share a bucket.
    if (getrandom(c->key, sizeof c->key, 0) != (ssize_t)sizeof c->key) {
        free(c);
        return nrpc_status_set(status, NRPC_INTERNAL, "NO_ENTROPY",
                               "the system gave no random bytes");
    }
    for (int i = 0; i < SHARDS; i++) {
        shard *s = &c->shards[i];
        pthread_mutex_init(&s->lock, NULL);
        s->bucket_count = FIRST_BUCKETS;
        s->buckets = calloc(FIRST_BUCKETS, sizeof *s->buckets);
        if (!s->buckets) {
            for (int j = 0; j < i; j++)
                free(c->shards[j].buckets);
            free(c);
            goto no_memory;
        }
    }
    *out = c;
    return NRPC_OK;
no_memory:
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for the cache");
}

void cache_free(cache *c)
{
    if (!c)
        return;
    for (int i = 0; i < SHARDS; i++) {
        shard *s = &c->shards[i];
        while (s->hand)
            drop(s, find(s, s->hand->hash, s->hand->name, s->hand->name_size));
        free(s->buckets);
        pthread_mutex_destroy(&s->lock);
    }
    free(c);
}

store_observer *cache_observer(cache *c)
{
    return &c->observer;
}

cache_entry *cache_lookup(cache *c, const char *name, size_t size)
{
    uint64_t hash = hash_name(c, name, size);
    shard *s = shard_of(c, hash);
    pthread_mutex_lock(&s->lock);
    cache_entry *e = *find(s, hash, name, size);
    if (e) {
        e->used = true;
        atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
        s->hits++;
    } else {
        s->misses++;
    }
    pthread_mutex_unlock(&s->lock);
    return e;
}

cache_entry *cache_entry_create(cache *c, const resource_type *type, const char store_id[17],
                                const store_record *record)
{
    uint8_t tail[BODY_MAX_TAIL];
    size_t tail_size = body_tail(type, store_id, record, tail);
    size_t name_size = strlen(record->name);
    size_t data_size = record->body.size + record->extra.size + tail_size;
    if (record->body.size > UINT32_MAX || record->extra.size > UINT32_MAX)
        return NULL;
    cache_entry *e = malloc(sizeof *e + data_size + name_size + 1);
    if (!e)
        return NULL;
    uint8_t *data = (uint8_t *)(e + 1), *next = data;
    char *name = (char *)data + data_size;
    *e = (cache_entry){
        .type = type,
        .revision = record->revision,
        .hash = hash_name(c, record->name, name_size),
        .name_size = (uint32_t)name_size,
        .body_size = (uint32_t)record->body.size,
        .extra_size = (uint32_t)record->extra.size,
        .tail_size = (uint32_t)tail_size,
        .data = data,
        .name = name,
        .refs = 1,
    };
    if (record->body.size)
        memcpy(next, record->body.data, record->body.size);
    next += record->body.size;
    if (record->extra.size)
        memcpy(next, record->extra.data, record->extra.size);
    next += record->extra.size;
    memcpy(next, tail, tail_size);
    memcpy(name, record->name, name_size + 1);
    return e;
}

void cache_entry_unref(cache_entry *e)
{
    if (e && atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) == 1)
        free(e);
}

cache_ticket cache_take_ticket(cache *c, const char *name, size_t size)
{
    uint64_t hash = hash_name(c, name, size);
    shard *s = shard_of(c, hash);
    pthread_mutex_lock(&s->lock);
    const slot *at = slot_of(s, hash);
    cache_ticket ticket = at->begun == at->ended ? at->begun : VOID_TICKET;
    pthread_mutex_unlock(&s->lock);
    return ticket;
}

static void grow(shard *s)
{
    size_t count = s->bucket_count * 2;
    cache_entry **buckets = calloc(count, sizeof *buckets);
    if (!buckets)
        return; // longer chains are no harm
    cache_entry **old = s->buckets;
    size_t old_count = s->bucket_count;
    s->buckets = buckets;
    s->bucket_count = count;
    for (size_t i = 0; i < old_count; i++) {
        for (cache_entry *e = old[i], *next; e; e = next) {
            next = e->chain;
            cache_entry **bucket = bucket_of(s, e->hash);
            e->chain = *bucket;
            *bucket = e;
        }
    }
    free(old);
}

static void make_room(shard *s, size_t bytes, size_t limit)
{
    while (s->hand && s->bytes + bytes > limit) {
        cache_entry *e = s->hand;
        s->hand = e->clock_next;
        if (e->used)
            e->used = false;
        else
            drop(s, find(s, e->hash, e->name, e->name_size));
    }
}

void cache_insert(cache *c, cache_entry *e, cache_ticket ticket)
{
    if (ticket == VOID_TICKET || cost(e) > c->shard_limit)
        return;
    shard *s = shard_of(c, e->hash);
    pthread_mutex_lock(&s->lock);
    const slot *at = slot_of(s, e->hash);
    if (at->begun == at->ended && at->begun == ticket && !e->cached) {
        drop_name(s, e->hash, e->name, e->name_size);
        make_room(s, cost(e), c->shard_limit);
        if (s->entry_count >= s->bucket_count)
            grow(s);
        cache_entry **bucket = bucket_of(s, e->hash);
        e->chain = *bucket;
        *bucket = e;
        // Just behind the hand: the last to be looked at.
        if (s->hand) {
            e->clock_next = s->hand;
            e->clock_prev = s->hand->clock_prev;
            e->clock_prev->clock_next = e;
            s->hand->clock_prev = e;
        } else {
            e->clock_next = e->clock_prev = s->hand = e;
        }
        e->used = false;
        e->cached = true;
        atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
        s->entry_count++;
        s->bytes += cost(e);
    }
    pthread_mutex_unlock(&s->lock);
}

uint64_t cache_generation(cache *c)
{
    return atomic_load(&c->generation);
}

void cache_get_stats(cache *c, cache_stats *out)
{
    *out = (cache_stats){0};
    for (int i = 0; i < SHARDS; i++) {
        shard *s = &c->shards[i];
        pthread_mutex_lock(&s->lock);
        out->entries += s->entry_count;
        out->bytes += s->bytes;
        out->hits += s->hits;
        out->misses += s->misses;
        pthread_mutex_unlock(&s->lock);
    }
}
