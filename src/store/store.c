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

nrpc_code store_snapshot_open(store *s, const store_context *c, store_snapshot **out,
                              int64_t *revision, nrpc_status *status)
{
    *out = NULL;
    return s->ops->snapshot_open(s, c, out, revision, status);
}

void store_snapshot_close(store *s, store_snapshot *snapshot)
{
    if (snapshot)
        s->ops->snapshot_close(snapshot);
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
                      int64_t *revision, nrpc_status *status)
{
    return s->ops->count(s, c, q, count, revision, status);
}

nrpc_code store_search(store *s, const store_context *c, const store_search_query *q,
                       store_row_fn row, void *context, int64_t *revision, nrpc_status *status)
{
    return s->ops->search(s, c, q, row, context, revision, status);
}

nrpc_code store_timeline(store *s, const store_context *c, const store_timeline_query *q,
                         store_moment_fn moment, void *context, int64_t *revision,
                         nrpc_status *status)
{
    return s->ops->timeline(s, c, q, moment, context, revision, status);
}

nrpc_code store_changes(store *s, const store_context *c, const store_changes_query *q,
                        store_change_fn change, void *context, int64_t *looked_at_revision,
                        int *looked_at_index, nrpc_status *status)
{
    return s->ops->changes(s, c, q, change, context, looked_at_revision, looked_at_index, status);
}

nrpc_code store_history(store *s, const store_context *c, const char *name, int64_t before_revision,
                        int before_index, store_change_fn change, void *context,
                        nrpc_status *status)
{
    return s->ops->history(s, c, name, before_revision, before_index, change, context, status);
}

nrpc_code store_expired(store *s, const store_context *c, int64_t now_us, size_t limit,
                        store_row_fn row, void *context, nrpc_status *status)
{
    return s->ops->expired(s, c, now_us, limit, row, context, status);
}

nrpc_code store_compact(store *s, const store_context *c, const store_retention *keep, size_t limit,
                        bool *more, nrpc_status *status)
{
    return s->ops->compact(s, c, keep, limit, more, status);
}

nrpc_code store_reindex(store *s, const store_context *c, int version, store_index_fn index,
                        void *context, nrpc_status *status)
{
    return s->ops->reindex(s, c, version, index, context, status);
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

nrpc_code store_tx_alive(store_tx *tx, const char *name, bool *alive, nrpc_status *status)
{
    return tx->store->ops->tx_alive(tx, name, alive, status);
}

nrpc_code store_tx_children(store_tx *tx, const char *name, store_row_fn row, void *context,
                            nrpc_status *status)
{
    return tx->store->ops->tx_children(tx, name, row, context, status);
}

nrpc_code store_tx_recall(store_tx *tx, const char *request_id, store_request_fn request,
                          void *context, bool *found, nrpc_status *status)
{
    return tx->store->ops->tx_recall(tx, request_id, request, context, found, status);
}

nrpc_code store_tx_remember(store_tx *tx, const char *request_id, const store_request *request,
                            nrpc_status *status)
{
    return tx->store->ops->tx_remember(tx, request_id, request, status);
}
