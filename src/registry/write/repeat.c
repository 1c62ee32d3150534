#include "registry/write/repeat.h"

#include "registry/siphash.h"

void repeat_init(repeat *x, const store *s, const char *request_id, store_bytes what)
{
    *x = (repeat){.request_id = request_id,
                  .fingerprint = siphash((const uint8_t *)s->secret, what.data, what.size)};
}

void repeat_fini(repeat *x)
{
    buffer_fini(&x->answer);
}

typedef struct recalled {
    repeat *repeat;
    uint64_t fingerprint;
} recalled;

static void take(void *context, const store_request *request)
{
    recalled *m = context;
    m->fingerprint = request->fingerprint;
    m->repeat->revision = request->revision;
    buffer_append(&m->repeat->answer, request->answer.data, request->answer.size);
}

nrpc_code repeat_recall(repeat *x, store_tx *tx, nrpc_status *status)
{
    recalled m = {.repeat = x};
    buffer_clear(&x->answer);
    nrpc_code code = store_tx_recall(tx, x->request_id, take, &m, &x->found, status);
    if (code || !x->found)
        return code;
    if (x->answer.failed)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                               "out of memory for an answer");
    if (m.fingerprint == x->fingerprint)
        return NRPC_OK;
    x->found = false;
    nrpc_status_set(status, NRPC_ALREADY_EXISTS, "REQUEST_ID_REUSED",
                    "request_id %s stands for another write, answered before: take a new one",
                    x->request_id);
    nrpc_status_violate(status, "request_id", "REQUEST_ID_REUSED", "stands for another write");
    return nrpc_status_add(status, "request_id", "%s", x->request_id);
}

nrpc_code repeat_remember(const repeat *x, store_tx *tx, store_bytes answer, nrpc_status *status)
{
    store_request request = {.fingerprint = x->fingerprint, .answer = answer};
    return store_tx_remember(tx, x->request_id, &request, status);
}
