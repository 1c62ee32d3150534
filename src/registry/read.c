#include "registry/read.h"

#include "base/pbwire.h"
#include "ftz/v1/common.pb-c.h"
#include "registry/body.h"
#include "registry/names.h"
#include "registry/registry_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { BASIC = FTZ__V1__RESOURCE_VIEW__RESOURCE_VIEW_BASIC };

static bool known_view(int view)
{
    return view >= 0 && view <= FTZ__V1__RESOURCE_VIEW__RESOURCE_VIEW_FULL;
}

static nrpc_code check_view(int view, nrpc_status *status)
{
    if (known_view(view))
        return NRPC_OK;
    char text[16];
    snprintf(text, sizeof text, "%d", view);
    return name_violate(status, "view", "UNKNOWN_ENUM_VALUE", text,
                        "%d is no ResourceView; use RESOURCE_VIEW_BASIC or RESOURCE_VIEW_FULL",
                        view);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static nrpc_code no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for the answer");
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
    if (view == BASIC) {
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
    if (newest < min_revision || !known_view(view))
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
    if (name_parse(type, text, "name", true, &name, status) || check_view(view, status))
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
        code = no_memory(status);
    if (code)
        return code;
    if (!name.revision)
        cache_insert(r->cache, f.entry, ticket);
    // The store waited for min_revision; what it then showed is no older.
    give(out, f.entry, view, name.revision ? newest : later(newest, c->min_revision));
    return NRPC_OK;
}

// --- rows ----------------------------------------------------------------------------------------

typedef enum row_fit { ROW_FITS, ROW_TOO_MUCH, ROW_NO_MEMORY } row_fit;

// One element of a repeated message field, its pieces one behind the other.
static row_fit append_row(buffer *out, size_t end, uint32_t field, const store_bytes *pieces,
                          size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += pieces[i].size;
    size_t whole = pbwire_bytes_size(field, size);
    if (out->size > end || whole > end - out->size)
        return ROW_TOO_MUCH;
    uint8_t *next = buffer_reserve(out, whole);
    if (!next)
        return ROW_NO_MEMORY;
    next = pbwire_put_tag(next, field, PBWIRE_BYTES);
    next = pbwire_put_varint(next, size);
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].size)
            memcpy(next, pieces[i].data, pieces[i].size);
        next += pieces[i].size;
    }
    out->size += whole;
    return ROW_FITS;
}

static row_fit append_record(buffer *out, size_t end, uint32_t field, const resource_type *type,
                             const char store_id[17], int view, const store_record *record)
{
    uint8_t tail[BODY_MAX_TAIL];
    size_t tail_size = body_tail(type, store_id, record, tail);
    store_bytes pieces[3] = {
        record->body, view == BASIC ? (store_bytes){0} : record->extra, {tail, tail_size}};
    return append_row(out, end, field, pieces, ARRAY_LEN(pieces));
}

static row_fit append_entry(buffer *out, size_t end, uint32_t field, cache_entry *e, int view)
{
    registry_result result;
    give(&result, e, view, 0);
    return append_row(out, end, field, result.pieces, result.count);
}

static nrpc_code too_large(const char *field, const char *what, size_t fit, size_t max_size,
                           nrpc_status *status)
{
    nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                    "the answer would exceed the message limit: %zu bytes are left for it, and %s "
                    "of %zu fits",
                    max_size, what, fit);
    nrpc_status_add(status, "limit", "%zu", max_size);
    return nrpc_status_add(status, field, "%zu", fit);
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
    check_view(q->view, status);
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
        b->last =
            append_record(b->out, b->end, q->row_field, q->type, b->r->store->id, q->view, record);
        if (b->last == ROW_FITS)
            b->fit++;
        if (q->view != BASIC) {
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
        return no_memory(status);
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
    nrpc_code code = store_get_many(r->store, c, q->names, q->name_count, q->view != BASIC,
                                    batch_row, &b, revision, status);
    free(tickets);
    if (!code && missing.code)
        nrpc_status_move(status, &missing), code = status->code;
    else if (!code && b.last == ROW_TOO_MUCH)
        code = too_large("names", "a batch", b.fit, q->max_size, status);
    else if (!code && b.last == ROW_NO_MEMORY)
        code = no_memory(status);
    nrpc_status_fini(&missing);
    if (code)
        out->size = start;
    return code;
}

// --- page by page
// ------------------------------------------------------------------------------------

typedef struct listing {
    registry *r;
    const registry_list_request *request;
    buffer *rows;
    size_t end;
    size_t limit; // rows of a page
    size_t count;
    row_fit last;
    bool more;
    char name[NAME_MAX_SIZE + 1]; // of the last row taken
} listing;

static bool list_row(void *context, const store_record *record)
{
    listing *l = context;
    const registry_list_request *q = l->request;
    if (l->count == l->limit) {
        l->more = true;
        return false;
    }
    l->last =
        append_record(l->rows, l->end, q->row_field, q->type, l->r->store->id, q->view, record);
    if (l->last != ROW_FITS) {
        l->more = true;
        if (!l->count)
            snprintf(l->name, sizeof l->name, "%s", record->name);
        return false;
    }
    l->count++;
    snprintf(l->name, sizeof l->name, "%s", record->name);
    return true;
}

static bool row_exists(void *context, const store_record *record)
{
    (void)context;
    (void)record;
    return false;
}

void registry_page_fini(registry_page *page)
{
    buffer_fini(&page->next_page_token);
}

// What a page token is bound to: every argument but page_size.
static nrpc_code bind_list(const registry_list_request *q, const char *parent, buffer *bound,
                           nrpc_status *status)
{
    token_bind_text(bound, "list");
    token_bind_text(bound, q->type->singular);
    token_bind_text(bound, parent);
    token_bind_text(bound, q->filter);
    token_bind_text(bound, q->order_by);
    token_bind_int(bound, q->view == BASIC);
    token_bind_int(bound, q->show_deleted);
    token_bind_int(bound, q->include_total_size);
    return bound->failed ? no_memory(status) : NRPC_OK;
}

static nrpc_code parse_token(registry *r, const registry_list_request *q, const buffer *bound,
                             char after[NAME_MAX_SIZE + 1], nrpc_status *status)
{
    buffer name = {0};
    nrpc_code code = NRPC_OK;
    if (*q->page_token)
        code = token_parse(r->store, (store_bytes){bound->data, bound->size}, q->page_token, &name,
                           status);
    if (!code && name.size > NAME_MAX_SIZE)
        code = nrpc_status_set(status, NRPC_INTERNAL, "PAGE_TOKEN_MALFORMED",
                               "the page token holds no name");
    if (!code && name.size)
        memcpy(after, name.data, name.size);
    after[code ? 0 : name.size] = '\0';
    buffer_fini(&name);
    return code;
}

static nrpc_code check_list(const registry_list_request *q, parent_name *parent,
                            nrpc_status *status)
{
    *parent = (parent_name){.text = "", .all = true};
    if (q->type->parent_collection)
        name_parse_parent(q->type, q->parent, "parent", parent, status);
    check_view(q->view, status);
    if (q->page_size < 0) {
        char size[16];
        snprintf(size, sizeof size, "%" PRId32, q->page_size);
        name_violate(status, "page_size", "NEGATIVE", size,
                     "is %" PRId32 "; use 1 to %d, or 0 for %d", q->page_size, REGISTRY_MAX_PAGE,
                     REGISTRY_DEFAULT_PAGE);
    }
    if (status->code)
        return status->code;
    if (*q->filter) {
        nrpc_status_set(status, NRPC_UNIMPLEMENTED, "FILTER_NOT_SUPPORTED",
                        "this server has no filters yet: leave 'filter' empty and select from the "
                        "whole list");
        nrpc_status_violate(status, "filter", "FILTER_NOT_SUPPORTED", "must be empty");
        return nrpc_status_add(status, "filter", "%.256s", q->filter);
    }
    if (*q->order_by && strcmp(q->order_by, "name")) {
        nrpc_status_set(status, NRPC_UNIMPLEMENTED, "ORDER_BY_NOT_SUPPORTED",
                        "this server lists by name only: leave 'order_by' empty");
        nrpc_status_violate(status, "order_by", "ORDER_BY_NOT_SUPPORTED",
                            "must be empty or 'name'");
        return nrpc_status_add(status, "order_by", "%.256s", q->order_by);
    }
    return NRPC_OK;
}

static nrpc_code check_parent(registry *r, const store_context *c, const registry_list_request *q,
                              const parent_name *parent, nrpc_status *status)
{
    if (parent->all || !q->type->parent_is_resource)
        return NRPC_OK;
    cache_entry *e = cache_lookup(r->cache, parent->text, strlen(parent->text));
    cache_entry_unref(e);
    if (e)
        return NRPC_OK;
    nrpc_code code = store_get(r->store, c, parent->text, 0, false, row_exists, NULL, status);
    if (code != NRPC_NOT_FOUND)
        return code;
    nrpc_status_set(status, NRPC_NOT_FOUND, "PARENT_NOT_FOUND",
                    "there is no '%s' whose %s could be listed", parent->text, q->type->collection);
    nrpc_status_add(status, "parent", "%s", parent->text);
    nrpc_status_add(status, "collection", "%s", q->type->collection);
    return nrpc_status_resource(status, "ftz.v1.Zone", parent->text);
}

enum { MAX_COUNT_TRIES = 8 };

static nrpc_code list_page(registry *r, const store_context *c, const registry_list_request *q,
                           const char *parent, const buffer *bound, buffer *rows,
                           registry_page *page, nrpc_status *status)
{
    char after[NAME_MAX_SIZE + 1];
    if (parse_token(r, q, bound, after, status))
        return status->code;
    size_t limit = q->page_size == 0                  ? REGISTRY_DEFAULT_PAGE
                   : q->page_size > REGISTRY_MAX_PAGE ? REGISTRY_MAX_PAGE
                                                      : (size_t)q->page_size;
    store_query query = {.type = q->type->singular,
                         .parent = parent,
                         .after = *after ? after : NULL,
                         .show_deleted = q->show_deleted,
                         .with_extra = q->view != BASIC};
    size_t start = rows->size;
    listing l;
    // The count is a read of its own: it belongs to the page if no write came between.
    for (int tries = 0;; tries++) {
        int64_t counted = 0;
        l = (listing){
            .r = r, .request = q, .rows = rows, .end = start + q->max_size, .limit = limit};
        rows->size = start;
        nrpc_code code = q->include_total_size
                             ? store_count(r->store, c, &query, &page->total_size, &counted, status)
                             : NRPC_OK;
        if (!code)
            code = store_list(r->store, c, &query, list_row, &l, &page->revision, status);
        if (!code && q->include_total_size && page->revision != counted) {
            if (tries < MAX_COUNT_TRIES)
                continue;
            nrpc_status_set(status, NRPC_ABORTED, "SNAPSHOT_CHANGED",
                            "the registry changed while the list was counted, %d times over: ask "
                            "again, or without include_total_size",
                            tries);
            nrpc_status_add(status, "tries", "%d", tries);
            code = nrpc_status_retry_after(status, 100);
        }
        if (!code && l.last == ROW_NO_MEMORY)
            code = no_memory(status);
        if (!code && l.last == ROW_TOO_MUCH && !l.count) {
            too_large("rows", "a page", 0, q->max_size, status);
            code = nrpc_status_add(status, "name", "%s", l.name);
        }
        if (code) {
            rows->size = start;
            return code;
        }
        break;
    }
    if (l.more && !token_make(r->store, (store_bytes){bound->data, bound->size},
                              (store_bytes){l.name, strlen(l.name)}, &page->next_page_token)) {
        rows->size = start;
        return no_memory(status);
    }
    return NRPC_OK;
}

nrpc_code registry_list(registry *r, const store_context *c, const registry_list_request *q,
                        buffer *rows, registry_page *page, nrpc_status *status)
{
    parent_name parent;
    buffer bound = {0};
    *page = (registry_page){0};
    if (check_list(q, &parent, status))
        return status->code;
    nrpc_code code = bind_list(q, parent.text, &bound, status);
    if (!code)
        code = check_parent(r, c, q, &parent, status);
    if (!code)
        code = list_page(r, c, q, parent.all ? NULL : parent.text, &bound, rows, page, status);
    buffer_fini(&bound);
    return code;
}
