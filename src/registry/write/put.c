#include "registry/write/put.h"

#include "registry/registry_private.h"
#include "registry/write/write.h"

#include <string.h>

void putter_init(putter *p, const registry *r)
{
    *p = (putter){0};
    index_maker_init(&p->index, r->types, r->schema);
}

void putter_fini(putter *p)
{
    index_maker_fini(&p->index);
    nameset_fini(&p->alive);
}

void putter_forget(putter *p)
{
    nameset_clear(&p->alive);
}

static nrpc_code no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for writing a resource");
}

nrpc_code put_check_references(putter *p, store_tx *tx, store_bytes references, const nameset *also,
                               put_missing_fn missing, void *context, nrpc_status *status)
{
    if (!references.size)
        return NRPC_OK;
    const char *next = references.data, *end = next + references.size;
    while (next < end) {
        const char *name = next, *path = name + strlen(name) + 1;
        next = path + strlen(path) + 1;
        if (nameset_has(&p->alive, name) || (also && nameset_has(also, name)))
            continue;
        bool alive, added;
        nrpc_code code = store_tx_alive(tx, name, &alive, status);
        if (code)
            return code;
        if (alive && !nameset_add(&p->alive, name, &added))
            return no_memory(status);
        if (!alive && !missing(context, name, path))
            return NRPC_OK;
    }
    return NRPC_OK;
}

nrpc_code put_record(putter *p, store_tx *tx, store_operation operation, const resource_type *type,
                     const store_record *record, nrpc_status *status)
{
    store_record whole = *record;
    if (!whole.index)
        whole.index = index_make(&p->index, type, record->name, record->body, record->extra);
    if (!whole.index)
        return no_memory(status);
    return store_tx_put(tx, operation, &whole, status);
}

nrpc_code put_again(putter *p, store_tx *tx, store_operation operation, const resource_type *type,
                    store_record *record, nrpc_status *status)
{
    bool deleted = operation == STORE_DELETED;
    record->revision = tx->revision;
    record->update_time_us = tx->time_us;
    record->delete_time_us = deleted ? tx->time_us : 0;
    record->purge_time_us = deleted ? tx->time_us + REGISTRY_DELETED_KEPT_US : 0;
    return put_record(p, tx, operation, type, record, status);
}
