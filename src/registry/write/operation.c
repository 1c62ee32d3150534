#include "registry/write/operation.h"

#include "registry/body.h"
#include "registry/registry_private.h"
#include "registry/write/children.h"
#include "registry/write/held.h"
#include "registry/write/mask.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MEMORY = 64 << 20 };

void operation_worker_init(operation_worker *w, registry *r)
{
    *w = (operation_worker){.r = r};
    putter_init(&w->put, r);
    arena_init(&w->memory, NULL, 0, MAX_MEMORY, NULL);
}

void operation_worker_fini(operation_worker *w)
{
    putter_fini(&w->put);
    draft_fini(&w->draft);
    arena_fini(&w->memory);
    nameset_fini(&w->failed);
}

void operation_begin(operation_worker *w)
{
    nameset_clear(&w->failed);
}

static void forget(operation_worker *w)
{
    arena_fini(&w->memory);
    arena_init(&w->memory, NULL, 0, MAX_MEMORY, NULL);
    putter_forget(&w->put);
    w->there = w->changed = false;
    w->record = (store_record){0};
}

static nrpc_code no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for a write");
}

static const char *text_field(const ProtobufCMessage *m, uint32_t number)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field(m->descriptor, number);
    const char *text = *(const char *const *)(const void *)((const char *)m + f->offset);
    return text ? text : "";
}

// --- drafts --------------------------------------------------------------------------------------

// The resource of a creation, under the name it is to have.
static const ProtobufCMessage *named(operation_worker *w, const registry_operation *op,
                                     const char *name)
{
    ProtobufCMessage *m = arena_alloc(&w->memory, op->type->message->sizeof_message);
    if (m) {
        memcpy(m, op->resource, op->type->message->sizeof_message);
        *(const char **)(void *)((char *)m + op->type->name_offset) = name;
    }
    return m;
}

static nrpc_code draft_new(operation_worker *w, const registry_operation *op, const char *name,
                           nrpc_status *status)
{
    char field[OPERATION_FIELD_SIZE];
    const ProtobufCMessage *m = named(w, op, name);
    w->ready = false;
    return m ? draft_make(&w->draft, w->r, op->type, m,
                          operation_place_field(op, op->resource_field, field), status)
             : no_memory(status);
}

void operation_check_fields(operation_worker *w, const registry_operation *op,
                            const resource_name *name, nrpc_status *status)
{
    if (op->action != REGISTRY_CREATE || !op->resource)
        return;
    // A name that is at fault itself must not stand for a fault of the resource.
    char stand_in[NAME_MAX_SIZE];
    snprintf(stand_in, sizeof stand_in, "%s%s%s/x",
             op->type->parent_collection ? op->type->parent_collection : "",
             op->type->parent_collection ? "/x/" : "", op->type->collection);
    forget(w);
    (void)draft_new(w, op, *name->text ? name->text : stand_in, status);
}

static nrpc_code draft_merged(operation_worker *w, const registry_operation *op,
                              const store_record *now, nrpc_status *status)
{
    char field[OPERATION_FIELD_SIZE];
    size_t size = now->body.size + now->extra.size;
    w->ready = false;
    uint8_t *whole = arena_alloc(&w->memory, size + 1);
    if (!whole)
        return no_memory(status);
    if (now->body.size)
        memcpy(whole, now->body.data, now->body.size);
    if (now->extra.size)
        memcpy(whole + now->body.size, now->extra.data, now->extra.size);
    ProtobufCMessage *into =
        protobuf_c_message_unpack(op->type->message, &w->memory.pb, size, whole);
    if (!into)
        return no_memory(status);
    mask m = {op->mask_paths, op->mask_count, operation_place_field(op, "update_mask", field)};
    if (mask_apply(op->type, w->r->messages[op->type->kind], &m, op->resource, into, &w->memory,
                   status))
        return status->code;
    return draft_make(&w->draft, w->r, op->type, into,
                      operation_place_field(op, op->resource_field, field), status);
}

// --- what the store holds ------------------------------------------------------------------------

// A lookup that finds nothing is no error.
static nrpc_code after_look(nrpc_code code, const held *h, nrpc_status *why, nrpc_status *status)
{
    if (code && code != NRPC_NOT_FOUND) {
        nrpc_status_move(status, why);
        return code;
    }
    nrpc_status_fini(why);
    return h->no_memory ? no_memory(status) : NRPC_OK;
}

static nrpc_code look(operation_worker *w, store_tx *tx, const char *name, held *h,
                      nrpc_status *status)
{
    nrpc_status why = {0};
    *h = (held){.memory = &w->memory};
    return after_look(store_tx_get(tx, name, held_row, h, &why), h, &why, status);
}

void operation_ahead(operation_worker *w, const store_context *c, const registry_operation *op,
                     const resource_name *name)
{
    nrpc_status status = {0}, why = {0};
    nrpc_code code = NRPC_OK;
    held h = {.memory = &w->memory};
    if (op->action != REGISTRY_CREATE && op->action != REGISTRY_UPDATE)
        return;
    forget(w);
    if (op->action == REGISTRY_UPDATE)
        code = after_look(store_get(w->r->store, c, name->text, 0, true, held_row, &h, &why), &h,
                          &why, &status);
    if (!code && h.found)
        code = draft_merged(w, op, &h.record, &status);
    else if (!code)
        code = draft_new(w, op, name->text, &status);
    if (!code) {
        w->ready_index = index_make(&w->put.index, op->type, name->text,
                                    (store_bytes){w->draft.body.data, w->draft.body.size},
                                    (store_bytes){w->draft.extra.data, w->draft.extra.size});
        w->ready_revision = h.found ? h.record.revision : 0;
        w->ready = w->ready_index != NULL;
    }
    nrpc_status_fini(&status);
}

// --- inside the transaction ----------------------------------------------------------------------

static nrpc_code refuse(const char *field, const resource_type *type, const char *name,
                        nrpc_code code, const char *reason, nrpc_status *status, const char *format,
                        ...) __attribute__((format(printf, 7, 8)));

static nrpc_code refuse(const char *field, const resource_type *type, const char *name,
                        nrpc_code code, const char *reason, nrpc_status *status, const char *format,
                        ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    const char *said = text ? text : "is refused";
    nrpc_status_set(status, code, reason, "%s", said);
    nrpc_status_add(status, "type", "%s", type->singular);
    nrpc_status_add(status, "name", "%s", name);
    nrpc_status_resource(status, type->message->name, name);
    nrpc_status_violate(status, field, reason, "%s", said);
    free(text);
    return code;
}

static nrpc_code not_found(const registry_operation *op, const resource_name *name,
                           nrpc_status *status)
{
    char field[OPERATION_FIELD_SIZE];
    return refuse(operation_name_field(op, field), name->type, name->text, NRPC_NOT_FOUND,
                  "RESOURCE_NOT_FOUND", status, "there is no %s '%s'", name->type->noun,
                  name->text);
}

static nrpc_code check_etag(const operation_worker *w, const resource_name *name, const held *h,
                            const char *field, const char *etag, nrpc_status *status)
{
    char now[BODY_ETAG_SIZE];
    body_etag(w->r->store->id, h->record.uid, h->record.revision, now);
    if (!*etag || !strcmp(etag, now))
        return NRPC_OK;
    refuse(field, name->type, name->text, NRPC_ABORTED, "ETAG_MISMATCH", status,
           "%s has been changed: its etag is %s, not %.64s; get it again and decide anew",
           name->text, now, etag);
    nrpc_status_add(status, "etag", "%s", now);
    return nrpc_status_add(status, "asked_etag", "%.64s", etag);
}

static nrpc_code check_parent(operation_worker *w, store_tx *tx, const registry_operation *op,
                              const resource_name *name, nrpc_code missing, nrpc_status *status)
{
    const resource_type *type = resource_parent_type(w->r->types, name->type);
    char parent[NAME_MAX_SIZE + 1], field[OPERATION_FIELD_SIZE];
    held h;
    if (!type)
        return NRPC_OK;
    snprintf(parent, sizeof parent, "%.*s", (int)name->parent_size, name->text);
    if (look(w, tx, parent, &h, status))
        return status->code;
    if (h.found && !h.record.delete_time_us)
        return NRPC_OK;
    if (op->id)
        operation_place_field(op, "parent", field);
    else
        operation_name_field(op, field);
    bool found = h.found;
    nrpc_code code = found ? NRPC_FAILED_PRECONDITION : missing;
    refuse(field, type, parent, code,
           code == NRPC_NOT_FOUND ? "PARENT_NOT_FOUND" : "PARENT_DELETED", status,
           "the %s '%s' that '%s' lies in %s", type->noun, parent, name->text,
           found ? "is deleted" : "does not exist");
    return nrpc_status_add(status, "child", "%s", name->text);
}

typedef struct missing {
    const registry_operation *op;
    const char *self;
    nrpc_status *status;
} missing;

static bool note_missing(void *context, const char *name, const char *path)
{
    missing *m = context;
    char field[OPERATION_FIELD_SIZE * 4], prefix[OPERATION_FIELD_SIZE];
    if (!strcmp(path, "name") || !strcmp(name, m->self))
        return true; // the parent was looked at before
    snprintf(field, sizeof field, "%s.%s",
             operation_place_field(m->op, m->op->resource_field, prefix), path);
    name_violate(m->status, field, "REFERENCE_NOT_FOUND", name,
                 "refers to '%s', which is not in the registry", name);
    return true;
}

// Writes the draft, after a look at what it refers to.
static nrpc_code put_draft(operation_worker *w, store_tx *tx, const registry_operation *op,
                           store_operation operation, store_record *record, nrpc_status *status)
{
    const draft *d = &w->draft;
    missing m = {.op = op, .self = record->name, .status = status};
    if (put_check_references(&w->put, tx, (store_bytes){d->references.data, d->references.size},
                             &w->failed, note_missing, &m, status) ||
        status->code)
        return status->code;
    record->body = (store_bytes){d->body.data, d->body.size};
    record->extra = (store_bytes){d->extra.data, d->extra.size};
    record->revision = tx->revision;
    record->update_time_us = tx->time_us;
    record->index = w->ready ? w->ready_index : NULL;
    w->ready = false; // another index may be made in its place
    nrpc_code code = put_record(&w->put, tx, operation, d->type, record, status);
    record->index = NULL;
    w->record = *record;
    w->there = w->changed = !code;
    return code;
}

static nrpc_code put_new(operation_worker *w, store_tx *tx, const registry_operation *op,
                         const resource_name *name, nrpc_status *status)
{
    if (check_parent(w, tx, op, name, NRPC_NOT_FOUND, status))
        return status->code;
    if (!(w->ready && !w->ready_revision) && draft_new(w, op, name->text, status))
        return status->code;
    const char *parent = arena_strndup(&w->memory, name->text, name->parent_size);
    if (!parent || !uuid_make(w->uid))
        return no_memory(status);
    store_record record = {.type = op->type->singular,
                           .name = name->text,
                           .parent = parent,
                           .uid = w->uid,
                           .create_time_us = tx->time_us};
    return put_draft(w, tx, op, STORE_CREATED, &record, status);
}

static nrpc_code create_one(operation_worker *w, store_tx *tx, const registry_operation *op,
                            const resource_name *name, const held *h, nrpc_status *status)
{
    char field[OPERATION_FIELD_SIZE];
    if (!h->found)
        return put_new(w, tx, op, name, status);
    bool deleted = h->record.delete_time_us != 0;
    refuse(operation_name_field(op, field), name->type, name->text, NRPC_ALREADY_EXISTS,
           "RESOURCE_EXISTS", status,
           deleted ? "there is a deleted %s '%s': undelete it, or choose another id"
                   : "there is a %s '%s' already",
           name->type->noun, name->text);
    return nrpc_status_add(status, "deleted", "%s", deleted ? "true" : "false");
}

static bool same_bytes(store_bytes a, const buffer *b)
{
    return a.size == b->size && (!a.size || !memcmp(a.data, b->data, a.size));
}

static nrpc_code update_one(operation_worker *w, store_tx *tx, const registry_operation *op,
                            const resource_name *name, const held *h, nrpc_status *status)
{
    char field[OPERATION_FIELD_SIZE];
    if (!h->found && op->allow_missing)
        return put_new(w, tx, op, name, status);
    if (!h->found)
        return not_found(op, name, status);
    if (h->record.delete_time_us)
        return refuse(operation_name_field(op, field), name->type, name->text,
                      NRPC_FAILED_PRECONDITION, "RESOURCE_DELETED", status,
                      "the %s '%s' is deleted: undelete it first", name->type->noun, name->text);
    if (check_etag(w, name, h, operation_resource_field(op, "etag", field),
                   text_field(op->resource, op->type->etag), status))
        return status->code;
    if (!(w->ready && w->ready_revision == h->record.revision) &&
        draft_merged(w, op, &h->record, status))
        return status->code;
    if (same_bytes(h->record.body, &w->draft.body) &&
        same_bytes(h->record.extra, &w->draft.extra)) {
        w->record = h->record;
        w->there = true;
        return NRPC_OK;
    }
    store_record record = h->record;
    return put_draft(w, tx, op, STORE_UPDATED, &record, status);
}

static nrpc_code check_childless(operation_worker *w, store_tx *tx, const registry_operation *op,
                                 const resource_name *name, nrpc_status *status)
{
    children_tally t;
    char field[OPERATION_FIELD_SIZE], said[256] = "";
    nrpc_code code = children_count(w->r->types, tx, name->text, &t, status);
    if (code || !t.all)
        return code;
    for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
        size_t used = strlen(said), n = t.of_kind[kind];
        if (n)
            snprintf(said + used, sizeof said - used, "%s%zu %s%s", used ? ", " : "", n,
                     w->r->types[kind].noun, n == 1 ? "" : "s");
    }
    refuse(operation_name_field(op, field), name->type, name->text, NRPC_FAILED_PRECONDITION,
           "HAS_CHILDREN", status, "the %s '%s' has %s%s: delete them first, or with `force`",
           name->type->noun, name->text, t.all < CHILDREN_MAX_COUNTED ? "" : "at least ", said);
    for (int kind = 0; kind < RESOURCE_KINDS; kind++)
        if (t.of_kind[kind])
            nrpc_status_add(status, w->r->types[kind].group, "%zu", t.of_kind[kind]);
    return status->code;
}

static nrpc_code delete_one(operation_worker *w, store_tx *tx, const registry_operation *op,
                            const resource_name *name, const held *h, nrpc_status *status)
{
    char field[OPERATION_FIELD_SIZE];
    bool gone = !h->found || h->record.delete_time_us;
    if (gone && op->allow_missing) {
        w->record = h->record;
        w->there = h->found;
        return NRPC_OK;
    }
    if (!h->found)
        return not_found(op, name, status);
    if (gone)
        return refuse(operation_name_field(op, field), name->type, name->text, NRPC_NOT_FOUND,
                      "RESOURCE_DELETED", status, "the %s '%s' is deleted already",
                      name->type->noun, name->text);
    if (check_etag(w, name, h, operation_place_field(op, "etag", field), op->etag, status))
        return status->code;
    nrpc_code code = op->force ? children_delete(w->r->types, &w->put, tx, name->text, status)
                               : check_childless(w, tx, op, name, status);
    if (code)
        return code;
    w->record = h->record;
    code = put_again(&w->put, tx, STORE_DELETED, name->type, &w->record, status);
    w->there = w->changed = !code;
    return code;
}

static nrpc_code undelete_one(operation_worker *w, store_tx *tx, const registry_operation *op,
                              const resource_name *name, const held *h, nrpc_status *status)
{
    char field[OPERATION_FIELD_SIZE];
    if (!h->found)
        return not_found(op, name, status);
    if (!h->record.delete_time_us)
        return refuse(operation_name_field(op, field), name->type, name->text, NRPC_ALREADY_EXISTS,
                      "RESOURCE_NOT_DELETED", status, "the %s '%s' is not deleted",
                      name->type->noun, name->text);
    if (check_etag(w, name, h, operation_place_field(op, "etag", field), op->etag, status) ||
        check_parent(w, tx, op, name, NRPC_FAILED_PRECONDITION, status))
        return status->code;
    w->record = h->record;
    nrpc_code code = put_again(&w->put, tx, STORE_UNDELETED, name->type, &w->record, status);
    w->there = w->changed = !code;
    return code;
}

static nrpc_code apply(operation_worker *w, store_tx *tx, const registry_operation *op,
                       const resource_name *name, nrpc_status *status)
{
    held h;
    if (look(w, tx, name->text, &h, status))
        return status->code;
    switch (op->action) {
    case REGISTRY_CREATE:
        return create_one(w, tx, op, name, &h, status);
    case REGISTRY_UPDATE:
        return update_one(w, tx, op, name, &h, status);
    case REGISTRY_DELETE:
        return delete_one(w, tx, op, name, &h, status);
    default:
        return undelete_one(w, tx, op, name, &h, status);
    }
}

nrpc_code operation_apply(operation_worker *w, store_tx *tx, const registry_operation *op,
                          const resource_name *name, nrpc_status *status)
{
    nrpc_status own = {0};
    forget(w);
    w->type = name->type;
    nrpc_code code = apply(w, tx, op, name, &own);
    bool added;
    if (code == NRPC_INVALID_ARGUMENT && !nameset_add(&w->failed, name->text, &added))
        code = no_memory(&own);
    if (code && (code == NRPC_INVALID_ARGUMENT || !status->code))
        draft_add_faults(status, &own);
    nrpc_status_fini(&own);
    return code;
}
