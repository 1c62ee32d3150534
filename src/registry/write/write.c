#include "registry/write/write.h"

#include "base/pbwire.h"
#include "ftz/v1/registry_service.pb-c.h"
#include "registry/body.h"
#include "registry/registry_private.h"
#include "registry/write/operation.h"
#include "registry/write/repeat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What is remembered of a request: one of these, and behind it the name of the resource, or the
// packed results.
enum { ANSWER_NOTHING = 'n', ANSWER_RESOURCE = 'r', ANSWER_RESULTS = 'l' };

typedef struct writing {
    const registry_write_request *request;
    const store_context *context;
    resource_name *names; // of the operations
    operation_worker worker;
    repeat repeat;
    buffer answer;     // as it goes out
    buffer remembered; // as it is kept

    // What came of the transaction.
    bool tried; // undone, as it was only a trial
} writing;

static nrpc_code no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for a write");
}

static bool append_bytes(buffer *out, uint32_t field, const void *data, size_t size)
{
    uint8_t *end = buffer_reserve(out, pbwire_bytes_size(field, size));
    if (end)
        out->size = (size_t)(pbwire_put_bytes(end, field, data, size) - out->data);
    return end;
}

// The same request packs to the same bytes, in whatever order its sender packed them.
static nrpc_code init_repeat(const registry *r, writing *w, nrpc_status *status)
{
    const registry_write_request *q = w->request;
    CLEANUP(buffer_fini) buffer b = {0};
    size_t size = protobuf_c_message_get_packed_size(q->message);
    buffer_append(&b, q->method, strlen(q->method) + 1);
    uint8_t *end = buffer_reserve(&b, size + 1);
    if (b.failed)
        return no_memory(status);
    b.size += protobuf_c_message_pack(q->message, end);
    repeat_init(&w->repeat, r->store, w->context->request_id, (store_bytes){b.data, b.size});
    return NRPC_OK;
}

// --- answers -------------------------------------------------------------------------------------

static bool append_resource(const registry *r, const resource_type *type,
                            const store_record *record, buffer *out)
{
    uint8_t tail[BODY_MAX_TAIL];
    size_t size = body_tail(type, r->store->id, record, tail);
    return buffer_append(out, record->body.data, record->body.size) &&
           buffer_append(out, record->extra.data, record->extra.size) &&
           buffer_append(out, tail, size);
}

static bool append_result(const registry *r, const char *name, const store_record *record,
                          buffer *out)
{
    char etag[BODY_ETAG_SIZE] = "";
    uint8_t packed[NAME_MAX_SIZE + BODY_ETAG_SIZE + 3 * PBWIRE_MAX_VARINT], *end = packed;
    end = pbwire_put_bytes(end, 1, name, strlen(name));
    if (record->revision) {
        body_etag(r->store->id, record->uid, record->revision, etag);
        end = pbwire_put_bytes(end, 2, etag, strlen(etag));
        end = pbwire_put_tag(end, 3, PBWIRE_VARINT);
        end = pbwire_put_varint(end, (uint64_t)record->revision);
    }
    return append_bytes(out, 1, packed, (size_t)(end - packed));
}

// What the operation applied last adds to the answer.
static bool note_answer(writing *w, const resource_name *name)
{
    const operation_worker *done = &w->worker;
    store_record record = done->record;
    if (w->request->validate_only && done->changed) {
        if (record.uid == done->uid) {
            record.uid = "";
            record.create_time_us = 0;
        }
        record.revision = record.update_time_us = 0;
    }
    if (w->request->many)
        return append_result(done->r, name->text, &record, &w->answer);
    if (!done->there)
        return buffer_append_byte(&w->remembered, ANSWER_NOTHING);
    return append_resource(done->r, done->type, &record, &w->answer) &&
           buffer_append_byte(&w->remembered, ANSWER_RESOURCE) &&
           buffer_append_text(&w->remembered, name->text);
}

// --- repetition ----------------------------------------------------------------------------------

static nrpc_code remember(writing *w, store_tx *tx, nrpc_status *status)
{
    if (w->request->many && (!buffer_append_byte(&w->remembered, ANSWER_RESULTS) ||
                             !buffer_append(&w->remembered, w->answer.data, w->answer.size)))
        return no_memory(status);
    return repeat_remember(&w->repeat, tx, (store_bytes){w->remembered.data, w->remembered.size},
                           status);
}

typedef struct rebuilding {
    const registry *r;
    buffer *out;
    bool no_memory;
} rebuilding;

static bool rebuild_row(void *context, const store_record *record)
{
    rebuilding *b = context;
    const resource_type *type = resource_type_named(b->r->types, record->type);
    b->no_memory = !type || !append_resource(b->r, type, record, b->out);
    return false;
}

// The answer that was given the first time.
static nrpc_code answer_again(registry *r, writing *w, nrpc_status *status)
{
    const buffer *kept = &w->repeat.answer;
    int kind = kept->size ? kept->data[0] : 0;
    if (kind == ANSWER_RESULTS)
        return buffer_append(&w->answer, kept->data + 1, kept->size - 1) ? NRPC_OK
                                                                         : no_memory(status);
    if (kind != ANSWER_RESOURCE)
        return NRPC_OK;
    char name[NAME_MAX_SIZE + 1];
    rebuilding b = {.r = r, .out = &w->answer};
    snprintf(name, sizeof name, "%.*s", (int)(kept->size - 1), (const char *)kept->data + 1);
    nrpc_code code =
        store_get(r->store, w->context, name, w->repeat.revision, true, rebuild_row, &b, status);
    return !code && b.no_memory ? no_memory(status) : code;
}

// --- the transaction -----------------------------------------------------------------------------

static nrpc_code write_all(store_tx *tx, void *context, nrpc_status *status)
{
    writing *w = context;
    const registry_write_request *q = w->request;
    buffer_clear(&w->answer);
    buffer_clear(&w->remembered);
    w->tried = false;
    tx->may_undo = q->validate_only || q->count > 1;
    operation_begin(&w->worker);
    if (!q->validate_only && (repeat_recall(&w->repeat, tx, status) || w->repeat.found))
        return status->code;
    nrpc_status_fini(status);
    for (size_t i = 0; i < q->count; i++) {
        nrpc_code code = operation_apply(&w->worker, tx, &q->operations[i], &w->names[i], status);
        if (code && code != NRPC_INVALID_ARGUMENT)
            break;
        if (!code && !note_answer(w, &w->names[i]))
            return no_memory(status);
    }
    if (status->code)
        return status->code;
    if (!q->validate_only)
        return remember(w, tx, status);
    w->tried = true;
    return nrpc_status_set(status, NRPC_ABORTED, "ONLY_TRIED", "nothing is to be written");
}

static nrpc_code check(registry *r, writing *w, nrpc_status *status)
{
    const registry_write_request *q = w->request;
    uuid_check_request_id(w->context->request_id, status);
    for (size_t i = 0; i < q->count; i++)
        operation_name(r, &q->operations[i], &w->names[i], status);
    for (size_t i = 0; i < q->count && status->code; i++)
        operation_check_fields(&w->worker, &q->operations[i], &w->names[i], status);
    return status->code;
}

static nrpc_code run(registry *r, writing *w, int64_t *revision, nrpc_status *status)
{
    const registry_write_request *q = w->request;
    if (check(r, w, status) || init_repeat(r, w, status))
        return status->code;
    if (q->count == 1)
        operation_ahead(&w->worker, w->context, &q->operations[0], &w->names[0]);
    nrpc_code code = store_write(r->store, w->context, write_all, w, revision, status);
    if (w->tried && code == NRPC_ABORTED) {
        nrpc_status_fini(status);
        *revision = atomic_load(&r->store->revision);
        return NRPC_OK;
    }
    if (code || !w->repeat.found)
        return code;
    *revision = w->repeat.revision;
    return answer_again(r, w, status);
}

nrpc_code registry_write(registry *r, const store_context *c, const registry_write_request *request,
                         buffer *out, int64_t *revision, nrpc_status *status)
{
    writing w = {.request = request, .context = c};
    w.names = calloc(request->count, sizeof *w.names);
    if (!w.names)
        return no_memory(status);
    operation_worker_init(&w.worker, r);
    nrpc_code code = run(r, &w, revision, status);
    if (!code && !buffer_append(out, w.answer.data, w.answer.size))
        code = no_memory(status);
    operation_worker_fini(&w.worker);
    buffer_fini(&w.answer);
    buffer_fini(&w.remembered);
    repeat_fini(&w.repeat);
    free(w.names);
    return code;
}
