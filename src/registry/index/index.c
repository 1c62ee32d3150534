#include "registry/index/index.h"

#include "ftz/v1/resources.pb-c.h"
#include "registry/index/document.h"
#include "registry/index/moments.h"
#include "registry/index/tokens.h"

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

const store_index *index_make(index_maker *m, const resource_type *type, const char *name,
                              store_bytes body, store_bytes extra)
{
    arena_fini(&m->memory);
    arena_init(&m->memory, NULL, 0, MAX_MEMORY, NULL);
    buffer_clear(&m->document);
    size_t size = body.size + extra.size;
    uint8_t *whole = arena_alloc(&m->memory, size + 1);
    store_index *index = arena_zalloc(&m->memory, sizeof *index);
    if (!whole || !index ||
        !document_make(type, m->messages[type->kind], body, extra, &m->document))
        return NULL;
    if (body.size)
        memcpy(whole, body.data, body.size);
    if (extra.size)
        memcpy(whole + body.size, extra.data, extra.size);
    const ProtobufCMessage *message =
        protobuf_c_message_unpack(type->message, &m->memory.pb, size, whole);
    if (!message || !tokens_make(type, name, message, &m->memory, index) ||
        !moments_make(type, name, message, &m->memory, index))
        return NULL;
    index->document = (store_bytes){m->document.data, m->document.size};
    add_listings(message, index);
    return index;
}
