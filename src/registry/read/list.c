#include "base/arena.h"
#include "registry/filter/filter.h"
#include "registry/names.h"
#include "registry/read/read.h"
#include "registry/read/rows.h"
#include "registry/registry_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_MEMORY = 4 << 20 }; // of what a question is compiled to

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

// --- the question --------------------------------------------------------------------------------

// A question as the store takes it.
typedef struct list_plan {
    registry *r;
    const registry_list_request *request;
    arena memory;
    parent_name parent;
    store_query query;
    store_value keys[STORE_MAX_ORDERS]; // of the row to go on behind
    char after[NAME_MAX_SIZE + 1];
    buffer bound;  // what a page token is bound to: every argument but page_size
    buffer behind; // the payload of the token given
    size_t limit;  // rows of a page
} list_plan;

static void plan_fini(list_plan *q)
{
    buffer_fini(&q->bound);
    buffer_fini(&q->behind);
    arena_fini(&q->memory);
}

// Names every fault of the arguments at once.
static nrpc_code check_arguments(list_plan *q, nrpc_status *status)
{
    const registry_list_request *request = q->request;
    const resource_type *type = request->type;
    q->parent = (parent_name){.text = "", .all = true};
    if (type->parent_collection)
        name_parse_parent(type, request->parent, "parent", &q->parent, status);
    view_check(request->view, status);
    q->limit = page_limit(request->page_size, REGISTRY_DEFAULT_PAGE, REGISTRY_MAX_PAGE, "page_size",
                          status);
    const schema_message *message = schema_find_message(q->r->schema, type->message->name);
    nrpc_code filter = filter_compile(type, message, text_or_empty(request->filter), "filter",
                                      &q->memory, &q->query.condition, status);
    nrpc_code orders = filter_order(type, message, text_or_empty(request->order_by), "order_by",
                                    &q->memory, &q->query.orders, &q->query.order_count, status);
    return status->code ? status->code : filter ? filter : orders;
}

static nrpc_code bind(list_plan *q, nrpc_status *status)
{
    const registry_list_request *request = q->request;
    token_bind_text(&q->bound, "list");
    token_bind_text(&q->bound, request->type->singular);
    token_bind_text(&q->bound, q->parent.text);
    token_bind_text(&q->bound, request->filter);
    token_bind_text(&q->bound, request->order_by);
    token_bind_int(&q->bound, view_is_basic(request->view));
    token_bind_int(&q->bound, request->show_deleted);
    token_bind_int(&q->bound, request->include_total_size);
    return q->bound.failed ? rows_no_memory(status) : NRPC_OK;
}

static store_bytes bound_of(const list_plan *q)
{
    return (store_bytes){q->bound.data, q->bound.size};
}

// --- the place between two pages -----------------------------------------------------------------
//
// The payload of a token: of each order its value in the last row, then the row's name to the end.
//
//   'n'                 none
//   'i', 8 bytes        an integer, in the machine's order: a store does not travel
//   'r', 8 bytes        a real
//   't', text, NUL      text

static void put_place(const store_record *record, size_t orders, buffer *out)
{
    for (size_t i = 0; i < orders; i++) {
        const store_value *key = &record->keys[i];
        switch (key->kind) {
        case STORE_NULL:
            buffer_append_byte(out, 'n');
            break;
        case STORE_INTEGER:
            buffer_append_byte(out, 'i');
            buffer_append(out, &key->integer, sizeof key->integer);
            break;
        case STORE_REAL:
            buffer_append_byte(out, 'r');
            buffer_append(out, &key->real, sizeof key->real);
            break;
        case STORE_TEXT:
            buffer_append_byte(out, 't');
            buffer_append(out, key->text, strlen(key->text) + 1);
            break;
        }
    }
    buffer_append_text(out, record->name);
}

static bool take_bytes(const uint8_t **next, const uint8_t *end, void *out, size_t size)
{
    if ((size_t)(end - *next) < size)
        return false;
    memcpy(out, *next, size);
    *next += size;
    return true;
}

// Text is borrowed from the payload.
static bool take_key(const uint8_t **next, const uint8_t *end, store_value *out)
{
    const uint8_t *nul;
    if (*next == end)
        return false;
    switch (*(*next)++) {
    case 'n':
        out->kind = STORE_NULL;
        return true;
    case 'i':
        out->kind = STORE_INTEGER;
        return take_bytes(next, end, &out->integer, sizeof out->integer);
    case 'r':
        out->kind = STORE_REAL;
        return take_bytes(next, end, &out->real, sizeof out->real);
    case 't':
        nul = memchr(*next, 0, (size_t)(end - *next));
        out->kind = STORE_TEXT;
        out->text = (const char *)*next;
        *next = nul ? nul + 1 : end;
        return nul;
    default:
        return false;
    }
}

static bool take_place(list_plan *q)
{
    const uint8_t *next = q->behind.data, *end = next + q->behind.size;
    for (size_t i = 0; i < q->query.order_count; i++)
        if (!take_key(&next, end, &q->keys[i]))
            return false;
    size_t size = (size_t)(end - next);
    if (!size || size > NAME_MAX_SIZE)
        return false;
    memcpy(q->after, next, size);
    q->after[size] = '\0';
    q->query.after = q->after;
    q->query.after_keys = q->query.order_count ? q->keys : NULL;
    return true;
}

static nrpc_code parse_token(list_plan *q, nrpc_status *status)
{
    const char *token = text_or_empty(q->request->page_token);
    if (!*token)
        return NRPC_OK;
    nrpc_code code = token_parse(q->r->store, bound_of(q), token, &q->behind, status);
    if (!code && (!q->behind.size || !take_place(q)))
        code = nrpc_status_set(status, NRPC_INTERNAL, "PAGE_TOKEN_MALFORMED",
                               "the page token holds no place in the list");
    return code;
}

// --- the answer ----------------------------------------------------------------------------------

typedef struct listing {
    const list_plan *plan;
    buffer *rows;
    size_t end;
    size_t count;
    row_fit last;
    bool more;
    buffer place; // of the last row taken, or of the first that is too large
} listing;

static bool list_row(void *context, const store_record *record)
{
    listing *l = context;
    const list_plan *q = l->plan;
    const registry_list_request *request = q->request;
    if (l->count == q->limit) {
        l->more = true;
        return false;
    }
    l->last = row_append_record(l->rows, l->end, request->row_field, request->type, q->r->store->id,
                                request->view, record);
    l->more = l->last != ROW_FITS;
    if (l->more && l->count)
        return false;
    l->count += !l->more;
    buffer_clear(&l->place);
    put_place(record, q->query.order_count, &l->place);
    if (l->place.failed)
        l->last = ROW_NO_MEMORY;
    return l->last == ROW_FITS;
}

static bool row_exists(void *context, const store_record *record)
{
    (void)context;
    (void)record;
    return false;
}

static nrpc_code check_parent(const list_plan *q, const store_context *c, nrpc_status *status)
{
    const resource_type *type = q->request->type;
    const char *parent = q->parent.text;
    if (q->parent.all || !type->parent_is_resource)
        return NRPC_OK;
    cache_entry *e = cache_lookup(q->r->cache, parent, strlen(parent));
    cache_entry_unref(e);
    if (e)
        return NRPC_OK;
    nrpc_code code = store_get(q->r->store, c, parent, 0, false, row_exists, NULL, status);
    if (code != NRPC_NOT_FOUND)
        return code;
    nrpc_status_set(status, NRPC_NOT_FOUND, "PARENT_NOT_FOUND",
                    "there is no '%s' whose %s could be listed", parent, type->collection);
    nrpc_status_add(status, "parent", "%s", parent);
    nrpc_status_add(status, "collection", "%s", type->collection);
    return nrpc_status_resource(status, "ftz.v1.Zone", parent);
}

// Rows and, if asked for, their number, from one snapshot.
static nrpc_code read(const list_plan *q, const store_context *c, listing *l, registry_page *page,
                      nrpc_status *status)
{
    store *s = q->r->store;
    store_context same = *c;
    nrpc_code code = NRPC_OK;
    if (q->request->include_total_size)
        code = store_snapshot_open(s, c, &same.snapshot, &page->revision, status);
    if (!code && same.snapshot)
        code = store_count(s, &same, &q->query, &page->total_size, &page->revision, status);
    if (!code)
        code = store_list(s, &same, &q->query, list_row, l, &page->revision, status);
    if (same.snapshot != c->snapshot)
        store_snapshot_close(s, same.snapshot);
    return code;
}

static nrpc_code give_token(const list_plan *q, const listing *l, registry_page *page,
                            nrpc_status *status)
{
    if (!l->more)
        return NRPC_OK;
    if (l->place.size > TOKEN_MAX_PAYLOAD) {
        nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "ORDER_VALUE_TOO_LONG",
                        "the text that the list is ordered by is too long to go on behind it: "
                        "order by a shorter field");
        nrpc_status_add(status, "order_by", "%.256s", q->request->order_by);
        return nrpc_status_add(status, "limit", "%d", TOKEN_MAX_PAYLOAD);
    }
    return token_make(q->r->store, bound_of(q), (store_bytes){l->place.data, l->place.size},
                      &page->next_page_token)
               ? NRPC_OK
               : rows_no_memory(status);
}

static nrpc_code answer(const list_plan *q, const store_context *c, buffer *rows,
                        registry_page *page, nrpc_status *status)
{
    size_t start = rows->size;
    listing l = {.plan = q, .rows = rows, .end = start + q->request->max_size};
    nrpc_code code = read(q, c, &l, page, status);
    if (!code && l.last == ROW_NO_MEMORY)
        code = rows_no_memory(status);
    if (!code && l.last == ROW_TOO_MUCH && !l.count) {
        const char *name = (const char *)l.place.data;
        rows_too_large("rows", "a page", 0, q->request->max_size, status);
        code = nrpc_status_add(status, "name", "%.*s", (int)l.place.size, name);
    }
    if (!code)
        code = give_token(q, &l, page, status);
    if (code)
        rows->size = start;
    buffer_fini(&l.place);
    return code;
}

void registry_page_fini(registry_page *page)
{
    buffer_fini(&page->next_page_token);
}

nrpc_code registry_list(registry *r, const store_context *c, const registry_list_request *request,
                        buffer *rows, registry_page *page, nrpc_status *status)
{
    list_plan q = {.r = r, .request = request};
    *page = (registry_page){0};
    arena_init(&q.memory, NULL, 0, MAX_MEMORY, NULL);
    nrpc_code code = check_arguments(&q, status);
    if (!code)
        code = bind(&q, status);
    if (!code)
        code = check_parent(&q, c, status);
    q.query.type = request->type->singular;
    q.query.parent = q.parent.all ? NULL : q.parent.text;
    q.query.show_deleted = request->show_deleted;
    q.query.with_extra = !view_is_basic(request->view);
    if (!code)
        code = parse_token(&q, status);
    if (!code)
        code = answer(&q, c, rows, page, status);
    plan_fini(&q);
    return code;
}
