#include "store/store.h"

#include "store/sqlite.h"

#include <string.h>

nrpc_code store_open(const char *url, store **out, nrpc_status *status)
{
    static const struct {
        const char *prefix;
        nrpc_code (*open)(const char *rest, store **out, nrpc_status *status);
    } schemes[] = {{"sqlite:", sqlite_store_open}};

    *out = NULL;
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        size_t n = strlen(schemes[i].prefix);
        if (strncmp(url, schemes[i].prefix, n) == 0)
            return schemes[i].open(url + n, out, status);
    }
    nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "STORE_URL",
                    "\"%s\" names no store; a store is sqlite:PATH", url);
    nrpc_status_add(status, "url", "%s", url);
    return NRPC_INVALID_ARGUMENT;
}

void store_close(store *s)
{
    if (s)
        s->ops->close(s);
}

nrpc_code store_get(store *s, const store_context *c, const char *name, int64_t at_revision,
                    bool with_extra, store_row_fn row, void *context, nrpc_status *status)
{
    return s->ops->get(s, c, name, at_revision, with_extra, row, context, status);
}

nrpc_code store_get_many(store *s, const store_context *c, const char *const *names, size_t count,
                         bool with_extra, store_row_fn row, void *context, int64_t *revision,
                         nrpc_status *status)
{
    return s->ops->get_many(s, c, names, count, with_extra, row, context, revision, status);
}

nrpc_code store_list(store *s, const store_context *c, const store_query *q, store_row_fn row,
                     void *context, int64_t *revision, nrpc_status *status)
{
    return s->ops->list(s, c, q, row, context, revision, status);
}

nrpc_code store_count(store *s, const store_context *c, const store_query *q, int64_t *count,
                      nrpc_status *status)
{
    return s->ops->count(s, c, q, count, status);
}

nrpc_code store_changes(store *s, const store_context *c, int64_t after_revision, int after_index,
                        store_change_fn change, void *context, nrpc_status *status)
{
    return s->ops->changes(s, c, after_revision, after_index, change, context, status);
}

nrpc_code store_write(store *s, const store_context *c, store_write_fn fn, void *context,
                      int64_t *revision, nrpc_status *status)
{
    return s->ops->write(s, c, fn, context, revision, status);
}

nrpc_code store_tx_get(store_tx *tx, const char *name, store_row_fn row, void *context,
                       nrpc_status *status)
{
    return tx->store->ops->tx_get(tx, name, row, context, status);
}

nrpc_code store_tx_put(store_tx *tx, store_operation operation, const store_record *record,
                       nrpc_status *status)
{
    return tx->store->ops->tx_put(tx, operation, record, status);
}

nrpc_code store_tx_exists_child(store_tx *tx, const char *name, bool *exists, nrpc_status *status)
{
    return tx->store->ops->tx_exists_child(tx, name, exists, status);
}
