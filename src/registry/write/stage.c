#include "registry/write/stage.h"

#include "registry/registry_private.h"
#include "registry/write/draft.h"
#include "registry/write/put.h"
#include "registry/write/uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// One allocation, but for the index: the strings and bytes lie behind the structure.
struct stage_record {
    const resource_type *type;
    size_t size; // of all of it
    store_index *index;
    const char *name, *parent, *origin;
    store_bytes body, extra;
    store_bytes references; // name NUL path NUL, again and again
    char uid[UUID_SIZE];    // if it is new
};

void stage_init(stage *s, registry *r, stage_budget *budget)
{
    *s = (stage){.registry = r, .budget = budget};
    index_maker_init(&s->maker, r->types, r->schema);
}

static void free_record(struct stage_record *r)
{
    free(r->index);
    free(r);
}

void stage_truncate(stage *s, size_t count)
{
    size_t freed = 0;
    for (size_t i = count; i < s->count; i++) {
        freed += s->records[i]->size;
        free_record(s->records[i]);
    }
    if (count < s->count) {
        s->count = count;
        s->bytes -= freed;
        atomic_fetch_sub(&s->budget->used, freed);
        nameset_clear(&s->names);
        bool added;
        for (size_t i = 0; i < count; i++)
            if (!nameset_add(&s->names, s->records[i]->name, &added))
                abort(); // it was larger before
    }
}

void stage_fini(stage *s)
{
    stage_truncate(s, 0);
    index_maker_fini(&s->maker);
    nameset_fini(&s->names);
    free(s->records);
    s->records = NULL;
    s->capacity = 0;
}

static nrpc_code no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for a record");
}

static char *pack_in(char **next, const void *data, size_t size)
{
    char *at = *next;
    if (size)
        memcpy(at, data, size);
    *next += size;
    return at;
}

static bool add_index(index_maker *maker, struct stage_record *r, const ProtobufCMessage *message)
{
    size_t size = 0;
    const store_index *made = index_make_of(maker, r->type, r->name, message, r->body, r->extra);
    r->index = made ? index_copy(made, &size) : NULL;
    r->size += size;
    return r->index;
}

static struct stage_record *make_record(index_maker *maker, const draft *d,
                                        const ProtobufCMessage *message, const char *origin)
{
    const resource_name *name = &d->name;
    size_t origin_size = strlen(origin) + 1;
    size_t size = sizeof(struct stage_record) + name->size + 1 + name->parent_size + 1 +
                  origin_size + d->body.size + d->extra.size + d->references.size;
    struct stage_record *r = malloc(size);
    if (!r)
        return NULL;
    char *next = (char *)(r + 1);
    *r = (struct stage_record){.type = d->type, .size = size};
    r->name = pack_in(&next, name->text, name->size + 1);
    r->parent = pack_in(&next, name->text, name->parent_size);
    *next++ = '\0';
    r->origin = pack_in(&next, origin, origin_size);
    r->body = (store_bytes){pack_in(&next, d->body.data, d->body.size), d->body.size};
    r->extra = (store_bytes){pack_in(&next, d->extra.data, d->extra.size), d->extra.size};
    r->references =
        (store_bytes){pack_in(&next, d->references.data, d->references.size), d->references.size};
    if (uuid_make(r->uid) && add_index(maker, r, message))
        return r;
    free_record(r);
    return NULL;
}

static nrpc_code charge(stage *s, size_t size, nrpc_status *status)
{
    size_t before = atomic_fetch_add(&s->budget->used, size);
    if (size <= s->budget->limit && before <= s->budget->limit - size)
        return NRPC_OK;
    atomic_fetch_sub(&s->budget->used, size);
    nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "IMPORT_TOO_LARGE",
                    "imports under way may hold %zu bytes together: commit in smaller parts, or "
                    "wait for others to end",
                    s->budget->limit);
    nrpc_status_add(status, "limit", "%zu", s->budget->limit);
    return nrpc_status_retry_after(status, 1000);
}

static nrpc_code keep(stage *s, struct stage_record *record, nrpc_status *status)
{
    if (s->count == s->capacity) {
        size_t capacity = s->capacity ? s->capacity * 2 : 64;
        void *records = realloc(s->records, capacity * sizeof *s->records);
        if (!records)
            return no_memory(status);
        s->records = records;
        s->capacity = capacity;
    }
    if (charge(s, record->size, status))
        return status->code;
    bool added;
    if (!nameset_add(&s->names, record->name, &added)) {
        atomic_fetch_sub(&s->budget->used, record->size);
        return no_memory(status);
    }
    s->records[s->count++] = record;
    s->bytes += record->size;
    return NRPC_OK;
}

nrpc_code stage_add(stage *s, const resource_type *type, const ProtobufCMessage *message,
                    const char *prefix, const char *origin, nrpc_status *status)
{
    CLEANUP(draft_fini) draft d = {0};
    nrpc_code code = draft_make(&d, s->registry, type, message, prefix, status);
    if (*d.name.text && nameset_has(&s->names, d.name.text)) {
        char field[256];
        snprintf(field, sizeof field, "%s.name", prefix);
        code = name_violate(status, field, "DUPLICATE_NAME", d.name.text,
                            "'%s' stands in this import already", d.name.text);
    }
    if (code)
        return code;
    struct stage_record *record = make_record(&s->maker, &d, message, origin);
    if (!record)
        return no_memory(status);
    code = keep(s, record, status);
    if (code)
        free_record(record);
    return code;
}

// --- the transaction
// -----------------------------------------------------------------------------------

typedef struct writing {
    stage *stage;
    bool dry;
    stage_counts *counts;
    putter put;
    const struct stage_record *record; // whose references are looked at
    nrpc_status faults;
    stage_written_fn written;
    void *written_context;
} writing;

typedef struct held {
    const struct stage_record *record;
    bool same, deleted;
    char uid[UUID_SIZE];
    int64_t create_time_us;
} held;

static bool same_bytes(store_bytes a, store_bytes b)
{
    return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size));
}

static bool look(void *context, const store_record *row)
{
    held *h = context;
    h->deleted = row->delete_time_us != 0;
    h->same = !h->deleted && same_bytes(row->body, h->record->body) &&
              same_bytes(row->extra, h->record->extra);
    snprintf(h->uid, sizeof h->uid, "%s", row->uid);
    h->create_time_us = row->create_time_us;
    return false;
}

static nrpc_code write_record(writing *w, store_tx *tx, const struct stage_record *r,
                              nrpc_status *status)
{
    held h = {.record = r};
    nrpc_status why = {0};
    nrpc_code code = store_tx_get(tx, r->name, look, &h, &why);
    if (code && code != NRPC_NOT_FOUND) {
        nrpc_status_move(status, &why);
        return code;
    }
    nrpc_status_fini(&why);
    if (!code && h.same) {
        w->counts->unchanged++;
        return NRPC_OK;
    }
    store_operation operation = code ? STORE_CREATED : h.deleted ? STORE_UNDELETED : STORE_UPDATED;
    if (operation == STORE_CREATED)
        w->counts->created++;
    else
        w->counts->updated++;
    if (w->dry)
        return NRPC_OK;
    store_record record = {.type = r->type->singular,
                           .name = r->name,
                           .parent = r->parent,
                           .uid = operation == STORE_CREATED ? r->uid : h.uid,
                           .body = r->body,
                           .extra = r->extra,
                           .create_time_us = h.create_time_us,
                           .index = r->index};
    return put_record(&w->put, tx, operation, r->type, &record, status);
}

static bool note_missing(void *context, const char *name, const char *path)
{
    writing *w = context;
    const struct stage_record *r = w->record;
    bool parent = !strcmp(path, "name"), first = !w->faults.code;
    char field[1280];
    snprintf(field, sizeof field, "%s.%s", r->origin, path);
    name_violate(&w->faults, field, parent ? "PARENT_NOT_FOUND" : "REFERENCE_NOT_FOUND", name,
                 "'%s' %s '%s', which stands neither in the registry nor in this import", r->name,
                 parent ? "lies in" : "refers to", name);
    if (first)
        nrpc_status_add(&w->faults, "name", "%s", r->name);
    return true;
}

static nrpc_code write_all(store_tx *tx, void *context, nrpc_status *status)
{
    writing *w = context;
    *w->counts = (stage_counts){0};
    putter_forget(&w->put);
    nrpc_status_fini(&w->faults);
    for (size_t i = 0; i < w->stage->count; i++) {
        w->record = w->stage->records[i];
        if (put_check_references(&w->put, tx, w->record->references, &w->stage->names, note_missing,
                                 w, status))
            return status->code;
    }
    if (w->faults.code) {
        nrpc_status_move(status, &w->faults);
        return status->code;
    }
    for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
        for (size_t i = 0; i < w->stage->count; i++) {
            const struct stage_record *r = w->stage->records[i];
            if ((int)r->type->kind == kind && write_record(w, tx, r, status))
                return status->code;
        }
    }
    return w->written && !w->dry ? w->written(tx, w->written_context, w->counts, status) : NRPC_OK;
}

nrpc_code stage_write(stage *s, const store_context *c, bool dry, stage_counts *out,
                      stage_written_fn written, void *context, nrpc_status *status)
{
    writing w = {
        .stage = s, .dry = dry, .counts = out, .written = written, .written_context = context};
    int64_t revision = 0;
    putter_init(&w.put, s->registry);
    nrpc_code code = store_write(s->registry->store, c, write_all, &w, &revision, status);
    out->revision = revision;
    putter_fini(&w.put);
    nrpc_status_fini(&w.faults);
    return code;
}
