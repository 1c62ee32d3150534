#include "registry/read/changes.h"

#include "base/arena.h"
#include "base/pbwire.h"
#include "ftz/v1/common.pb-c.h"
#include "ftz/v1/registry.pb-c.h"
#include "ftz/v1/registry_service.pb-c.h"
#include "registry/body.h"
#include "registry/names.h"
#include "registry/read/rows.h"
#include "registry/read/token.h"
#include "registry/registry_private.h"
#include "schema/suggest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_LOOKED_AT = 20000, // changes a page steps over, matching or not
    MAX_HELD = 8 << 20,    // bytes of a page while it is made, about
    MAX_PREFIX = NAME_MAX_SIZE,
    RESOURCE_FIELD = 9, // of ftz.v1.Change
    BASIC = FTZ__V1__RESOURCE_VIEW__RESOURCE_VIEW_BASIC,
};

static nrpc_code no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for the changes");
}

// --- places --------------------------------------------------------------------------------------

void changes_format_since(const registry *r, change_place place, char out[CHANGES_SINCE_SIZE])
{
    if (place.index < 0)
        snprintf(out, CHANGES_SINCE_SIZE, "%s:%" PRId64, r->store->id, place.revision - 1);
    else
        snprintf(out, CHANGES_SINCE_SIZE, "%s:%" PRId64 ".%d", r->store->id, place.revision,
                 place.index);
}

static nrpc_code resync(const char *since, const char *why, nrpc_status *status)
{
    nrpc_status_set(status, NRPC_OUT_OF_RANGE, "RESYNC_REQUIRED",
                    "cannot go on from '%.64s': %s: list everything, and go on from the revision "
                    "which that reports",
                    since, why);
    return nrpc_status_add(status, "since", "%.64s", since);
}

static bool digits(const char **next, int64_t *out)
{
    const char *start = *next;
    for (*out = 0; **next >= '0' && **next <= '9'; (*next)++)
        if (__builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, **next - '0', out))
            return false;
    return *next > start;
}

static nrpc_code parse_since(const registry *r, const char *text, change_place *out,
                             nrpc_status *status)
{
    const char *colon = strchr(text, ':'), *next = colon ? colon + 1 : text;
    int64_t revision = 0, index = -1;
    bool good = colon && digits(&next, &revision) && revision < INT64_MAX;
    if (good && *next == '.') {
        next++;
        good = digits(&next, &index) && index <= INT32_MAX;
    }
    if (!good || *next)
        return name_violate(status, "since", "REVISION_MALFORMED", text,
                            "'%.64s' is no place to go on from; use next_since of an answer, or "
                            "metadata revision of a reply: STOREID:DECIMAL",
                            text);
    if ((size_t)(colon - text) != strlen(r->store->id) ||
        memcmp(text, r->store->id, (size_t)(colon - text)) != 0)
        return resync(text, "it is of another store", status);
    *out = index < 0 ? (change_place){revision + 1, -1} : (change_place){revision, (int)index};
    return NRPC_OK;
}

// --- what is asked for ---------------------------------------------------------------------------

static void parse_type(const registry *r, const char *text, size_t i, unsigned *types,
                       nrpc_status *status)
{
    suggestion near = suggest_begin(text, strlen(text));
    for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
        if (!strcmp(text, r->types[kind].singular)) {
            *types |= 1u << kind;
            return;
        }
        suggest_offer(&near, r->types[kind].singular);
    }
    char field[48];
    snprintf(field, sizeof field, "resource_types[%zu]", i);
    name_violate(status, field, "UNKNOWN_TYPE", text, "'%.64s' is no type of resource%s%s%s", text,
                 near.best ? "; did you mean '" : "", near.best ? near.best : "",
                 near.best ? "'?" : "");
}

nrpc_code changes_query_init(const registry *r, const changes_request *q, changes_query *out,
                             nrpc_status *status)
{
    *out = (changes_query){.place = {-1, -1}, // the oldest kept
                           .filter.name_prefix = q->name_prefix,
                           .include_resources = q->include_resources,
                           .view = q->view,
                           .max_size = q->max_size,
                           .row_field = q->row_field};
    out->limit =
        page_limit(q->page_size, CHANGES_DEFAULT_PAGE, CHANGES_MAX_PAGE, "page_size", status);
    view_check(q->view, status);
    for (size_t i = 0; i < q->resource_type_count; i++)
        parse_type(r, q->resource_types[i], i, &out->filter.types, status);
    if (strlen(q->name_prefix) > MAX_PREFIX)
        name_violate(status, "name_prefix", "TOO_LONG", q->name_prefix,
                     "has more than %d characters, as no name has", MAX_PREFIX);
    if (*q->since && !status->code)
        parse_since(r, q->since, &out->place, status);
    return status->code;
}

bool changes_match(const registry *r, const changes_filter *filter, const char *name)
{
    if (strncmp(name, filter->name_prefix, strlen(filter->name_prefix)) != 0)
        return false;
    if (!filter->types)
        return true;
    const resource_type *type = name_type(r->types, name);
    return type && filter->types >> type->kind & 1;
}

// --- changes held while a page is made -----------------------------------------------------------

typedef struct held_change {
    struct held_change *next;
    const resource_type *type;
    store_change change; // all but `record`
    store_record record; // all but `index` and `keys`
} held_change;

typedef struct page_maker {
    registry *r;
    arena memory;
    held_change *first, **last;
    size_t count, limit;
    bool no_memory;
    bool more;
} page_maker;

static const char *keep_text(page_maker *p, const char *text)
{
    return arena_strndup(&p->memory, text, strlen(text));
}

static store_bytes keep_bytes(page_maker *p, store_bytes b)
{
    return (store_bytes){arena_strndup(&p->memory, b.size ? b.data : "", b.size), b.size};
}

static held_change *hold(page_maker *p, const store_change *change)
{
    const store_record *from = change->record;
    held_change *h = arena_zalloc(&p->memory, sizeof *h);
    if (!h)
        return NULL;
    h->type = name_type(p->r->types, from->name);
    h->change = *change;
    h->change.record = NULL;
    h->change.actor = keep_text(p, change->actor);
    h->change.request_id = keep_text(p, change->request_id);
    h->record = *from;
    h->record.type = NULL;
    h->record.parent = NULL;
    h->record.name = keep_text(p, from->name);
    h->record.uid = keep_text(p, from->uid ? from->uid : "");
    h->record.body = keep_bytes(p, from->body);
    h->record.extra = keep_bytes(p, from->extra);
    return p->memory.exhausted ? NULL : h;
}

static bool take(void *context, const store_change *change)
{
    page_maker *p = context;
    if (p->count == p->limit || (p->count && p->memory.used > MAX_HELD)) {
        p->more = true;
        return false;
    }
    held_change *h = hold(p, change);
    if (!h) {
        p->no_memory = true;
        return false;
    }
    *p->last = h;
    p->last = &h->next;
    p->count++;
    return true;
}

static void page_maker_init(page_maker *p, registry *r, size_t limit)
{
    *p = (page_maker){.r = r, .limit = limit};
    p->last = &p->first;
    arena_init(&p->memory, NULL, 0, 4 * (size_t)MAX_HELD, NULL);
}

static void page_maker_fini(page_maker *p)
{
    arena_fini(&p->memory);
}

// --- which fields differ -------------------------------------------------------------------------

// All that a record says of one top-level field, in the order it says it.
static bool collect_field(store_bytes part, uint32_t number, buffer *out)
{
    pbwire_reader reader = pbwire_read(part.data, part.size);
    pbwire_field f;
    const uint8_t *start = reader.next;
    while (pbwire_next(&reader, &f)) {
        if (f.number == number)
            buffer_append(out, start, (size_t)(reader.next - start));
        start = reader.next;
    }
    return !out->failed;
}

static bool field_differs(const store_record *a, const store_record *b, uint32_t number,
                          bool *differs)
{
    buffer x = {0}, y = {0};
    bool good = collect_field(a->body, number, &x) && collect_field(a->extra, number, &x) &&
                collect_field(b->body, number, &y) && collect_field(b->extra, number, &y);
    *differs = x.size != y.size || (x.size && memcmp(x.data, y.data, x.size) != 0);
    buffer_fini(&x);
    buffer_fini(&y);
    return good;
}

typedef struct comparison {
    const held_change *now;
    uint64_t fields; // bit n: field n differs
    bool no_memory;
} comparison;

static bool compare(void *context, const store_change *before)
{
    comparison *c = context;
    const ProtobufCMessageDescriptor *d = c->now->type->message;
    for (unsigned i = 0; i < d->n_fields; i++) {
        bool differs = false;
        if (d->fields[i].id >= RESOURCE_MAX_FIELD ||
            c->now->type->server_set >> d->fields[i].id & 1)
            continue;
        c->no_memory |= !field_differs(before->record, &c->now->record, d->fields[i].id, &differs);
        if (differs)
            c->fields |= UINT64_C(1) << d->fields[i].id;
    }
    return false;
}

static nrpc_code find_changed(registry *r, const store_context *c, const held_change *h,
                              Ftz__V1__Change *out, arena *memory, nrpc_status *status)
{
    comparison cmp = {.now = h};
    if (h->change.operation != STORE_UPDATED || !h->type)
        return NRPC_OK;
    nrpc_code code = store_history(r->store, c, h->record.name, h->change.revision, h->change.index,
                                   compare, &cmp, status);
    if (code)
        return code;
    const ProtobufCMessageDescriptor *d = h->type->message;
    out->changed_fields = arena_alloc(memory, d->n_fields * sizeof *out->changed_fields);
    if (cmp.no_memory || !out->changed_fields)
        return no_memory(status);
    for (unsigned i = 0; i < d->n_fields; i++)
        if (d->fields[i].id < RESOURCE_MAX_FIELD && cmp.fields >> d->fields[i].id & 1)
            out->changed_fields[out->n_changed_fields++] = (char *)(uintptr_t)d->fields[i].name;
    return NRPC_OK;
}

// --- rows ----------------------------------------------------------------------------------------

static uint32_t record_field(const resource_type *type)
{
    return protobuf_c_message_descriptor_get_field_by_name(&ftz__v1__any_resource__descriptor,
                                                           type->record)
        ->id;
}

// The Change's head packed, then its resource as stored. *fits: whether it went in below `end`.
static bool append_change(const registry *r, const held_change *h, const Ftz__V1__Change *head,
                          bool with_resource, int view, uint32_t row_field, size_t end,
                          buffer *rows, bool *fits)
{
    uint8_t tail[BODY_MAX_TAIL];
    store_bytes pieces[3] = {{0}};
    size_t resource = 0, any = 0, whole = protobuf_c_message_get_packed_size(&head->base);
    if (with_resource) {
        pieces[0] = h->record.body;
        pieces[1] = view == BASIC ? (store_bytes){0} : h->record.extra;
        pieces[2] = (store_bytes){tail, body_tail(h->type, r->store->id, &h->record, tail)};
        resource = pieces[0].size + pieces[1].size + pieces[2].size;
        any = pbwire_bytes_size(record_field(h->type), resource);
        whole += pbwire_bytes_size(RESOURCE_FIELD, any);
    }
    size_t row = pbwire_bytes_size(row_field, whole);
    *fits = rows->size <= end && row <= end - rows->size;
    uint8_t *next = *fits ? buffer_reserve(rows, row) : NULL;
    if (!next)
        return !*fits;
    next = pbwire_put_tag(next, row_field, PBWIRE_BYTES);
    next = pbwire_put_varint(next, whole);
    next += protobuf_c_message_pack(&head->base, next);
    if (with_resource) {
        next = pbwire_put_tag(next, RESOURCE_FIELD, PBWIRE_BYTES);
        next = pbwire_put_varint(next, any);
        next = pbwire_put_tag(next, record_field(h->type), PBWIRE_BYTES);
        next = pbwire_put_varint(next, resource);
        for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
            if (pieces[i].size)
                memcpy(next, pieces[i].data, pieces[i].size);
            next += pieces[i].size;
        }
    }
    rows->size += row;
    return true;
}

static Ftz__V1__ChangeType change_type(store_operation operation)
{
    static const Ftz__V1__ChangeType types[] = {
        [STORE_CREATED] = FTZ__V1__CHANGE_TYPE__CHANGE_TYPE_CREATED,
        [STORE_UPDATED] = FTZ__V1__CHANGE_TYPE__CHANGE_TYPE_UPDATED,
        [STORE_DELETED] = FTZ__V1__CHANGE_TYPE__CHANGE_TYPE_DELETED,
        [STORE_UNDELETED] = FTZ__V1__CHANGE_TYPE__CHANGE_TYPE_UNDELETED,
        [STORE_PURGED] = FTZ__V1__CHANGE_TYPE__CHANGE_TYPE_PURGED,
    };
    return types[operation];
}

// How a page is written out.
typedef struct row_style {
    bool with_resource;
    int view;
    uint32_t row_field;
    size_t end;
} row_style;

static nrpc_code write_row(page_maker *p, const store_context *c, const held_change *h,
                           const row_style *style, buffer *rows, bool *fits, nrpc_status *status)
{
    Ftz__V1__Change head = FTZ__V1__CHANGE__INIT;
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    char etag[BODY_ETAG_SIZE];
    bool purged = h->change.operation == STORE_PURGED;
    time.seconds = h->change.time_us / 1000000;
    time.nanos = (int32_t)(h->change.time_us % 1000000 * 1000);
    head.revision = h->change.revision;
    head.index = h->change.index;
    head.type = change_type(h->change.operation);
    head.name = (char *)(uintptr_t)h->record.name;
    head.change_time = &time;
    head.actor = (char *)(uintptr_t)h->change.actor;
    head.request_id = (char *)(uintptr_t)h->change.request_id;
    if (!purged) {
        body_etag(p->r->store->id, h->record.uid, h->change.revision, etag);
        head.etag = etag;
    }
    if (find_changed(p->r, c, h, &head, &p->memory, status))
        return status->code;
    return append_change(p->r, h, &head, style->with_resource && !purged && h->type, style->view,
                         style->row_field, style->end, rows, fits)
               ? NRPC_OK
               : no_memory(status);
}

static nrpc_code too_large(const char *name, size_t max_size, nrpc_status *status)
{
    nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                    "the change of %s alone exceeds the message limit: %zu bytes are left for it; "
                    "ask without include_resources",
                    name, max_size);
    nrpc_status_add(status, "limit", "%zu", max_size);
    return nrpc_status_add(status, "name", "%s", name);
}

// Writes what is held; *written of them fitted.
static nrpc_code write_rows(page_maker *p, const store_context *c, row_style style, size_t max_size,
                            buffer *rows, const held_change **last_written, size_t *written,
                            nrpc_status *status)
{
    size_t start = rows->size;
    style.end = start + max_size;
    *last_written = NULL;
    *written = 0;
    for (const held_change *h = p->first; h; h = h->next) {
        bool fits;
        nrpc_code code = write_row(p, c, h, &style, rows, &fits, status);
        if (!code && !fits && !*written)
            code = too_large(h->record.name, max_size, status);
        if (code) {
            rows->size = start;
            return code;
        }
        if (!fits) {
            p->more = true;
            break;
        }
        *last_written = h;
        ++*written;
    }
    return NRPC_OK;
}

// --- pages ---------------------------------------------------------------------------------------

nrpc_code registry_changes(registry *r, const store_context *c, changes_query *q, buffer *rows,
                           changes_page *page, nrpc_status *status)
{
    const char *type_names[RESOURCE_KINDS];
    for (int kind = 0; kind < RESOURCE_KINDS; kind++)
        type_names[kind] = r->types[kind].singular;
    store_changes_query query = {.after_revision = q->place.revision,
                                 .after_index = q->place.index,
                                 .name_prefix = q->filter.name_prefix,
                                 .types = q->filter.types,
                                 .type_names = type_names,
                                 .limit = MAX_LOOKED_AT};
    page_maker p;
    page_maker_init(&p, r, q->limit);
    *page = (changes_page){.revision = atomic_load(&r->store->revision)};
    change_place end = q->place;
    const held_change *last = NULL;
    nrpc_code code =
        store_changes(r->store, c, &query, take, &p, &end.revision, &end.index, status);
    if (!code && p.no_memory)
        code = no_memory(status);
    if (!code)
        code = write_rows(&p, c, (row_style){q->include_resources, q->view, q->row_field, 0},
                          q->max_size, rows, &last, &page->count, status);
    if (!code) {
        // The store's end is good only if all that it handed out was taken.
        if (p.more && last)
            end = (change_place){last->change.revision, last->change.index};
        q->place = end;
        page->more = p.more || end.index >= 0;
    }
    page_maker_fini(&p);
    return code;
}

static nrpc_code parse_revisions(registry *r, const revisions_request *q, buffer *bound,
                                 change_place *before, nrpc_status *status)
{
    resource_name name;
    buffer payload = {0};
    view_check(q->view, status);
    if (name_parse_any(r->types, (1u << RESOURCE_KINDS) - 1, q->name, "name", &name, status) ||
        status->code)
        return status->code;
    token_bind_text(bound, "ListRevisions");
    token_bind_text(bound, q->name);
    token_bind_int(bound, q->view);
    if (bound->failed)
        return no_memory(status);
    if (!*q->page_token)
        return NRPC_OK;
    if (!token_parse(r->store, (store_bytes){bound->data, bound->size}, q->page_token, &payload,
                     status)) {
        buffer_append_byte(&payload, '\0');
        // Nobody else can have made it.
        if (payload.failed)
            no_memory(status);
        else
            sscanf((const char *)payload.data, "%" SCNd64 ".%d", &before->revision, &before->index);
    }
    buffer_fini(&payload);
    return status->code;
}

static nrpc_code never_was(const char *name, nrpc_status *status)
{
    nrpc_status_set(status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND", "there never was a '%s'", name);
    return nrpc_status_add(status, "name", "%s", name);
}

nrpc_code registry_revisions(registry *r, const store_context *c, const revisions_request *q,
                             buffer *rows, buffer *next_page_token, nrpc_status *status)
{
    buffer bound = {0};
    change_place before = {INT64_MAX, 0};
    size_t limit = page_limit(q->page_size, 50, CHANGES_MAX_PAGE, "page_size", status), written = 0;
    page_maker p;
    const held_change *last = NULL;
    page_maker_init(&p, r, limit);
    nrpc_code code = parse_revisions(r, q, &bound, &before, status);
    if (!code)
        code = store_history(r->store, c, q->name, before.revision, before.index, take, &p, status);
    if (!code && p.no_memory)
        code = no_memory(status);
    if (!code && !p.count && !*q->page_token)
        code = never_was(q->name, status);
    if (!code)
        code = write_rows(&p, c, (row_style){true, q->view, q->row_field, 0}, q->max_size, rows,
                          &last, &written, status);
    if (!code && p.more && last) {
        char payload[48];
        int size = snprintf(payload, sizeof payload, "%" PRId64 ".%d", last->change.revision,
                            last->change.index);
        if (!token_make(r->store, (store_bytes){bound.data, bound.size},
                        (store_bytes){payload, (size_t)size}, next_page_token))
            code = no_memory(status);
    }
    page_maker_fini(&p);
    buffer_fini(&bound);
    return code;
}
