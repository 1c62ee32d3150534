#include "registry/index/index.h"

#include "ftz/v1/resources.pb-c.h"
#include "registry/index/document.h"
#include "registry/index/moments.h"
#include "registry/index/tokens.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_MEMORY = 64 << 20 };

void index_maker_init(index_maker *m, const resource_type *types, const schema *pool)
{
    *m = (index_maker){.types = types};
    for (int kind = 0; kind < RESOURCE_KINDS; kind++)
        m->messages[kind] = schema_find_message(pool, types[kind].message->name);
    arena_init(&m->memory, NULL, 0, MAX_MEMORY, NULL);
}

void index_maker_fini(index_maker *m)
{
    buffer_fini(&m->document);
    arena_fini(&m->memory);
}

// A joint event is listed by every zone that takes part.
static void add_listings(const ProtobufCMessage *message, store_index *index)
{
    if (message->descriptor != &ftz__v1__event__descriptor)
        return;
    const Ftz__V1__Event *event = (const Ftz__V1__Event *)message;
    index->listings = (const char *const *)event->zones;
    index->listing_count = event->n_zones;
}

static void forget(index_maker *m)
{
    arena_fini(&m->memory);
    arena_init(&m->memory, NULL, 0, MAX_MEMORY, NULL);
    buffer_clear(&m->document);
}

static const store_index *make(index_maker *m, const resource_type *type, const char *name,
                               const ProtobufCMessage *message, store_bytes body, store_bytes extra)
{
    store_index *index = arena_zalloc(&m->memory, sizeof *index);
    if (!index || !document_make(type, m->messages[type->kind], body, extra, &m->document) ||
        !tokens_make(type, name, message, &m->memory, index) ||
        !moments_make(type, name, message, &m->memory, index))
        return NULL;
    index->document = (store_bytes){m->document.data, m->document.size};
    add_listings(message, index);
    return index;
}

const store_index *index_make_of(index_maker *m, const resource_type *type, const char *name,
                                 const ProtobufCMessage *message, store_bytes body,
                                 store_bytes extra)
{
    forget(m);
    return make(m, type, name, message, body, extra);
}

const store_index *index_make(index_maker *m, const resource_type *type, const char *name,
                              store_bytes body, store_bytes extra)
{
    forget(m);
    size_t size = body.size + extra.size;
    uint8_t *whole = arena_alloc(&m->memory, size + 1);
    if (!whole)
        return NULL;
    if (body.size)
        memcpy(whole, body.data, body.size);
    if (extra.size)
        memcpy(whole + body.size, extra.data, extra.size);
    const ProtobufCMessage *message =
        protobuf_c_message_unpack(type->message, &m->memory.pb, size, whole);
    return message ? make(m, type, name, message, body, extra) : NULL;
}

// Measures if there is no memory yet, else copies into it. What needs alignment comes first.
typedef struct copier {
    char *next;
    size_t size;
} copier;

static void *take(copier *c, const void *data, size_t size)
{
    char *at = c->next;
    c->size += size;
    if (!at)
        return NULL;
    if (size)
        memcpy(at, data, size);
    c->next += size;
    return at;
}

static store_bytes take_bytes(copier *c, store_bytes b)
{
    return (store_bytes){take(c, b.data, b.size), b.size};
}

static void take_texts(copier *c, const char **copies, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *text = take(c, texts[i], strlen(texts[i]) + 1);
        if (copies)
            copies[i] = text;
    }
}

static store_index *copy(copier *c, const store_index *from)
{
    store_index *to = take(c, from, sizeof *from);
    store_moment *moments = take(c, from->moments, from->moment_count * sizeof *moments);
    const char **listings = take(c, from->listings, from->listing_count * sizeof *listings);
    const char **scopes = take(c, from->scopes, from->scope_count * sizeof *scopes);
    store_bytes document = take_bytes(c, from->document), search[STORE_SEARCH_COLUMNS];
    for (int i = 0; i < STORE_SEARCH_COLUMNS; i++)
        search[i] = take_bytes(c, from->search[i]);
    take_texts(c, listings, from->listings, from->listing_count);
    take_texts(c, scopes, from->scopes, from->scope_count);
    for (size_t i = 0; i < from->moment_count; i++) {
        char *path = take(c, from->moments[i].path, strlen(from->moments[i].path) + 1);
        if (moments)
            moments[i].path = path;
    }
    if (!to)
        return NULL;
    to->moments = moments;
    to->listings = listings;
    to->scopes = scopes;
    to->document = document;
    memcpy(to->search, search, sizeof search);
    return to;
}

store_index *index_copy(const store_index *index, size_t *size)
{
    copier c = {0};
    copy(&c, index);
    *size = c.size;
    c.next = malloc(c.size);
    return c.next ? copy(&c, index) : NULL;
}
