#include "registry/write/held.h"

#include <string.h>

static bool copy_bytes(arena *memory, store_bytes from, store_bytes *to)
{
    void *data = arena_alloc(memory, from.size + 1);
    if (!data)
        return false;
    if (from.size)
        memcpy(data, from.data, from.size);
    *to = (store_bytes){data, from.size};
    return true;
}

bool held_row(void *context, const store_record *row)
{
    held *h = context;
    store_record *r = &h->record;
    *r = *row;
    r->type = arena_strndup(h->memory, row->type, strlen(row->type));
    r->name = arena_strndup(h->memory, row->name, strlen(row->name));
    r->parent = arena_strndup(h->memory, row->parent, strlen(row->parent));
    r->uid = arena_strndup(h->memory, row->uid, strlen(row->uid));
    r->index = NULL;
    r->keys = NULL;
    h->found = true;
    h->no_memory = !r->type || !r->name || !r->parent || !r->uid ||
                   !copy_bytes(h->memory, row->body, &r->body) ||
                   !copy_bytes(h->memory, row->extra, &r->extra);
    return false;
}
