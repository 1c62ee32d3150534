#include "registry/write/children.h"

#include "registry/write/held.h"

#include <stdlib.h>

enum { AT_ONCE = 256, BYTES_AT_ONCE = 4 << 20, MAX_MEMORY = 16 << 20 };

static bool count_child(void *context, const store_record *row)
{
    children_tally *t = context;
    const resource_type *type = resource_type_named(t->types, row->type);
    if (type)
        t->of_kind[type->kind]++;
    return ++t->all < CHILDREN_MAX_COUNTED;
}

nrpc_code children_count(const resource_type *types, store_tx *tx, const char *name,
                         children_tally *out, nrpc_status *status)
{
    *out = (children_tally){.types = types};
    return store_tx_children(tx, name, count_child, out, status);
}

typedef struct portion {
    arena memory;
    store_record records[AT_ONCE];
    size_t count, bytes;
    bool no_memory;
} portion;

static bool take_child(void *context, const store_record *row)
{
    portion *p = context;
    held h = {.memory = &p->memory};
    held_row(&h, row);
    p->no_memory = h.no_memory;
    p->records[p->count++] = h.record;
    p->bytes += row->body.size + row->extra.size;
    return !p->no_memory && p->count < AT_ONCE && p->bytes < BYTES_AT_ONCE;
}

static nrpc_code no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for deleting");
}

static nrpc_code delete_portion(const resource_type *types, putter *put, store_tx *tx,
                                const char *name, portion *p, nrpc_status *status)
{
    p->count = p->bytes = 0;
    p->no_memory = false;
    arena_init(&p->memory, NULL, 0, MAX_MEMORY, NULL);
    nrpc_code code = store_tx_children(tx, name, take_child, p, status);
    if (!code && p->no_memory)
        code = no_memory(status);
    for (size_t i = 0; i < p->count && !code; i++) {
        const resource_type *type = resource_type_named(types, p->records[i].type);
        code = type ? put_again(put, tx, STORE_DELETED, type, &p->records[i], status)
                    : nrpc_status_set(status, NRPC_DATA_LOSS, "STORE_CORRUPT",
                                      "%s is of a type that is not known", p->records[i].name);
    }
    arena_fini(&p->memory);
    return code;
}

nrpc_code children_delete(const resource_type *types, putter *put, store_tx *tx, const char *name,
                          nrpc_status *status)
{
    portion *p = malloc(sizeof *p);
    if (!p)
        return no_memory(status);
    nrpc_code code;
    do
        code = delete_portion(types, put, tx, name, p, status);
    while (!code && p->count);
    free(p);
    return code;
}
