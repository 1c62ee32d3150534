#include "registry/read/read.h"

#include "registry/names.h"
#include "registry/read/rows.h"
#include "registry/registry_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

// --- one ---------------------------------------------------------------------------------------

void registry_result_fini(registry_result *result)
{
    cache_entry_unref(result->entry);
    *result = (registry_result){0};
}

// newest: the registry's newest revision, read before the entry was. The entry may be newer: a
// commit becomes visible a little before the revision moves.
static void give(registry_result *out, cache_entry *e, int view, int64_t newest)
{
    const uint8_t *data = e->data;
    out->entry = e;
    out->revision = later(newest, e->revision);
    if (view_is_basic(view)) {
        out->pieces[0] = (store_bytes){data, e->body_size};
        out->pieces[1] = (store_bytes){data + e->body_size + e->extra_size, e->tail_size};
        out->count = 2;
    } else {
        out->pieces[0] = (store_bytes){data, (size_t)e->body_size + e->extra_size + e->tail_size};
        out->count = 1;
    }
}

bool registry_get_cached(registry *r, const resource_type *type, const char *name, int view,
                         int64_t min_revision, registry_result *out)
{
    int64_t newest = atomic_load(&r->store->revision);
    if (newest < min_revision || !view_is_known(view))
        return false;
    cache_entry *e = cache_lookup(r->cache, name, strlen(name));
    if (!e)
        return false;
    if (e->type != type) {
        cache_entry_unref(e);
        return false;
    }
    give(out, e, view, newest);
    return true;
}

typedef struct fetch {
    registry *r;
    const resource_type *type;
    cache_entry *entry;
} fetch;

static bool fetch_row(void *context, const store_record *record)
{
    fetch *f = context;
    f->entry = cache_entry_create(f->r->cache, f->type, f->r->store->id, record);
    return false;
}

static nrpc_code not_found(const resource_name *name, int64_t revision, nrpc_status *status)
{
    if (revision) {
        nrpc_status_set(status, NRPC_NOT_FOUND, "REVISION_NOT_FOUND",
                        "there was no %s '%s' at revision %" PRId64, name->type->noun, name->text,
                        revision);
        nrpc_status_add(status, "revision", "%" PRId64, revision);
    } else {
        nrpc_status_set(status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND", "there is no %s '%s'",
                        name->type->noun, name->text);
    }
    nrpc_status_add(status, "type", "%s", name->type->singular);
    nrpc_status_add(status, "name", "%s", name->text);
    return nrpc_status_resource(status, name->type->message->name, name->text);
}

nrpc_code registry_get(registry *r, const store_context *c, const resource_type *type,
                       const char *text, int view, registry_result *out, nrpc_status *status)
{
    resource_name name;
    if (name_parse(type, text, "name", true, &name, status) || view_check(view, status))
        return status->code;
    if (!name.revision && registry_get_cached(r, type, text, view, c->min_revision, out))
        return NRPC_OK;
    int64_t newest = atomic_load(&r->store->revision);
    cache_ticket ticket = cache_take_ticket(r->cache, name.text, name.size);
    fetch f = {.r = r, .type = type};
    nrpc_code code = store_get(r->store, c, name.text, name.revision, true, fetch_row, &f, status);
    if (code == NRPC_NOT_FOUND)
        return not_found(&name, name.revision, status);
    if (!code && !f.entry)
        code = rows_no_memory(status);
    if (code)
        return code;
    if (!name.revision)
        cache_insert(r->cache, f.entry, ticket);
    // The store waited for min_revision; what it then showed is no older.
    give(out, f.entry, view, name.revision ? newest : later(newest, c->min_revision));
    return NRPC_OK;
}

// --- rows ----------------------------------------------------------------------------------------

static row_fit append_entry(buffer *out, size_t end, uint32_t field, cache_entry *e, int view)
{
    registry_result result;
    give(&result, e, view, 0);
    return row_append(out, end, field, result.pieces, result.count);
}

// --- many by name
// ----------------------------------------------------------------------------------

static nrpc_code check_batch(const registry_batch_request *q, nrpc_status *status)
{
    char field[32];
    parent_name parent = {.all = true};
    bool bound = q->type->parent_collection && q->parent && *q->parent;
    if (bound)
        name_parse_parent(q->type, q->parent, "parent", &parent, status);
    view_check(q->view, status);
    if (q->name_count < 1 || q->name_count > REGISTRY_MAX_BATCH) {
        char count[24];
        snprintf(count, sizeof count, "%zu", q->name_count);
        return name_violate(status, "names", "COUNT_OUT_OF_RANGE", count,
                            "1 to %d names are allowed, %zu were given", REGISTRY_MAX_BATCH,
                            q->name_count);
    }
    for (size_t i = 0; i < q->name_count; i++) {
        resource_name name;
        snprintf(field, sizeof field, "names[%zu]", i);
        if (name_parse(q->type, q->names[i], field, false, &name, status) || parent.all)
            continue;
        if (name.parent_size != strlen(q->parent) ||
            memcmp(name.text, q->parent, name.parent_size) != 0)
            name_violate(status, field, "PARENT_MISMATCH", q->names[i],
                         "'%s' does not lie in parent '%s'", q->names[i], q->parent);
    }
    return status->code;
}

// All from memory, if that is one snapshot. False: ask the store; out is as it was.
static bool batch_cached(registry *r, const store_context *c, const registry_batch_request *q,
                         buffer *out, int64_t *revision)
{
    size_t start = out->size;
    uint64_t generation = cache_generation(r->cache);
    int64_t newest = atomic_load(&r->store->revision);
    if (generation & 1 || newest < c->min_revision)
        return false;
    bool good = true;
    for (size_t i = 0; i < q->name_count && good; i++) {
        cache_entry *e = cache_lookup(r->cache, q->names[i], strlen(q->names[i]));
        if (!e)
            good = false;
        else
            newest = later(newest, e->revision);
        // An answer too large is refused on the other way, which knows the words for it.
        if (good && append_entry(out, start + q->max_size, q->row_field, e, q->view) != ROW_FITS)
            good = false;
        cache_entry_unref(e);
    }
    if (good && cache_generation(r->cache) == generation) {
        *revision = newest;
        return true;
    }
    out->size = start;
    out->failed = false;
    return false;
}

typedef struct batch {
    registry *r;
    const registry_batch_request *request;
    const cache_ticket *tickets;
    buffer *out;
    size_t end;
    size_t done, fit;
    row_fit last;
    nrpc_status *status; // of what is missing
} batch;

static void batch_missing(batch *b)
{
    const registry_batch_request *q = b->request;
    const char *name = q->names[b->done];
    char field[32];
    snprintf(field, sizeof field, "names[%zu]", b->done);
    if (!b->status->code) {
        nrpc_status_set(b->status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND", "there is no %s '%s'",
                        q->type->noun, name);
        nrpc_status_add(b->status, "type", "%s", q->type->singular);
        nrpc_status_add(b->status, "name", "%s", name);
        nrpc_status_resource(b->status, q->type->message->name, name);
    }
    nrpc_status_violate(b->status, field, "RESOURCE_NOT_FOUND", "there is no %s '%s'",
                        q->type->noun, name);
}

static bool batch_row(void *context, const store_record *record)
{
    batch *b = context;
    const registry_batch_request *q = b->request;
    if (!record) {
        batch_missing(b);
    } else if (b->last == ROW_FITS) {
        b->last = row_append_record(b->out, b->end, q->row_field, q->type, b->r->store->id, q->view,
                                    record);
        if (b->last == ROW_FITS)
            b->fit++;
        if (!view_is_basic(q->view)) {
            cache_entry *e = cache_entry_create(b->r->cache, q->type, b->r->store->id, record);
            if (e)
                cache_insert(b->r->cache, e, b->tickets[b->done]);
            cache_entry_unref(e);
        }
    }
    b->done++;
    return true;
}

nrpc_code registry_batch_get(registry *r, const store_context *c, const registry_batch_request *q,
                             buffer *out, int64_t *revision, nrpc_status *status)
{
    if (check_batch(q, status))
        return status->code;
    if (batch_cached(r, c, q, out, revision))
        return NRPC_OK;
    cache_ticket *tickets = malloc(q->name_count * sizeof *tickets);
    if (!tickets)
        return rows_no_memory(status);
    for (size_t i = 0; i < q->name_count; i++)
        tickets[i] = cache_take_ticket(r->cache, q->names[i], strlen(q->names[i]));
    nrpc_status missing = {0};
    size_t start = out->size;
    batch b = {.r = r,
               .request = q,
               .tickets = tickets,
               .out = out,
               .end = start + q->max_size,
               .status = &missing};
    nrpc_code code = store_get_many(r->store, c, q->names, q->name_count, !view_is_basic(q->view),
                                    batch_row, &b, revision, status);
    free(tickets);
    if (!code && missing.code)
        nrpc_status_move(status, &missing), code = status->code;
    else if (!code && b.last == ROW_TOO_MUCH)
        code = rows_too_large("names", "a batch", b.fit, q->max_size, status);
    else if (!code && b.last == ROW_NO_MEMORY)
        code = rows_no_memory(status);
    nrpc_status_fini(&missing);
    if (code)
        out->size = start;
    return code;
}
