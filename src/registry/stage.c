#include "registry/stage.h"

#include "registry/body.h"
#include "registry/registry_private.h"
#include "registry/validate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { MAX_RESOURCE = 1 << 20, UID_SIZE = 37 };

// One allocation: the strings and bytes lie behind the structure.
struct stage_record {
    const resource_type *type;
    size_t size; // of the whole allocation
    const char *name, *parent, *origin;
    store_bytes body, extra;
    store_bytes references; // name NUL path NUL, again and again
    char uid[UID_SIZE];     // if it is new
};

void stage_init(stage *s, registry *r, stage_budget *budget)
{
    *s = (stage){.registry = r, .budget = budget};
}

void stage_truncate(stage *s, size_t count)
{
    size_t freed = 0;
    for (size_t i = count; i < s->count; i++) {
        freed += s->records[i]->size;
        free(s->records[i]);
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

static bool make_uid(char out[UID_SIZE])
{
    uint8_t b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        return false;
    b[6] = (b[6] & 0x0f) | 0x40; // RFC 9562: version 4, variant 10
    b[8] = (b[8] & 0x3f) | 0x80;
    snprintf(out, UID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
    return true;
}

static bool note_reference(void *context, const char *name, const char *path)
{
    buffer *references = context;
    return buffer_append(references, name, strlen(name) + 1) &&
           buffer_append(references, path, strlen(path) + 1);
}

static char *put(char **next, const void *data, size_t size)
{
    char *at = *next;
    if (size)
        memcpy(at, data, size);
    *next += size;
    return at;
}

static struct stage_record *make_record(const resource_type *type, const resource_name *name,
                                        const char *origin, const buffer *body, const buffer *extra,
                                        const buffer *references)
{
    size_t origin_size = strlen(origin) + 1;
    size_t size = sizeof(struct stage_record) + name->size + 1 + name->parent_size + 1 +
                  origin_size + body->size + extra->size + references->size;
    struct stage_record *r = malloc(size);
    if (!r)
        return NULL;
    char *next = (char *)(r + 1);
    *r = (struct stage_record){.type = type, .size = size};
    r->name = put(&next, name->text, name->size + 1);
    r->parent = put(&next, name->text, name->parent_size);
    *next++ = '\0';
    r->origin = put(&next, origin, origin_size);
    r->body = (store_bytes){put(&next, body->data, body->size), body->size};
    r->extra = (store_bytes){put(&next, extra->data, extra->size), extra->size};
    r->references = (store_bytes){put(&next, references->data, references->size), references->size};
    if (make_uid(r->uid))
        return r;
    free(r);
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

typedef struct scratch {
    uint8_t *packed;
    buffer body, extra, references;
} scratch;

static void scratch_fini(scratch *x)
{
    free(x->packed);
    buffer_fini(&x->body);
    buffer_fini(&x->extra);
    buffer_fini(&x->references);
}

nrpc_code stage_add(stage *s, const resource_type *type, const ProtobufCMessage *message,
                    const char *prefix, const char *origin, nrpc_status *status)
{
    CLEANUP(scratch_fini) scratch x = {0};
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size > MAX_RESOURCE) {
        char text[24];
        snprintf(text, sizeof text, "%zu", size);
        return name_violate(status, prefix, "RESOURCE_TOO_LARGE", text,
                            "has %zu bytes; a resource may have %d", size, MAX_RESOURCE);
    }
    x.packed = malloc(size + 1);
    if (!x.packed)
        return no_memory(status);
    protobuf_c_message_pack(message, x.packed);

    resource_name name;
    nrpc_status faults = {0};
    nrpc_code code = validate_resource(s->registry->validator, type, message, x.packed, size,
                                       prefix, note_reference, &x.references, &name, &faults);
    if (*name.text && nameset_has(&s->names, name.text)) {
        char field[256];
        snprintf(field, sizeof field, "%s.name", prefix);
        code = name_violate(&faults, field, "DUPLICATE_NAME", name.text,
                            "'%s' stands in this import already", name.text);
    }
    if (code) {
        // Violations of records before this one stay.
        if (!status->code)
            nrpc_status_move(status, &faults);
        for (size_t i = 0; i < faults.violation_count; i++)
            nrpc_status_violate(status, faults.violations[i].field, faults.violations[i].reason,
                                "%s", faults.violations[i].description);
        nrpc_status_fini(&faults);
        return status->code;
    }
    if (!body_split(type, x.packed, size, &x.body, &x.extra))
        return no_memory(status);
    struct stage_record *record =
        make_record(type, &name, origin, &x.body, &x.extra, &x.references);
    if (!record)
        return no_memory(status);
    code = keep(s, record, status);
    if (code)
        free(record);
    return code;
}

// --- the transaction
// -----------------------------------------------------------------------------------

typedef struct writing {
    stage *stage;
    bool dry;
    stage_counts *counts;
    nameset known; // names found in the store
} writing;

typedef struct held {
    const struct stage_record *record;
    bool same, deleted;
    char uid[UID_SIZE];
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
                           .extra = r->extra};
    return store_tx_put(tx, operation, &record, status);
}

static bool look_alive(void *context, const store_record *row)
{
    *(bool *)context = row->delete_time_us == 0;
    return false;
}

static nrpc_code check_references(writing *w, store_tx *tx, const struct stage_record *r,
                                  nrpc_status *faults, nrpc_status *status)
{
    const char *next = r->references.data, *end = next + r->references.size;
    while (next < end) {
        const char *name = next, *path = name + strlen(name) + 1;
        next = path + strlen(path) + 1;
        if (nameset_has(&w->stage->names, name) || nameset_has(&w->known, name))
            continue;
        bool alive = false, added;
        nrpc_status why = {0};
        nrpc_code code = store_tx_get(tx, name, look_alive, &alive, &why);
        if (code && code != NRPC_NOT_FOUND) {
            nrpc_status_move(status, &why);
            return code;
        }
        nrpc_status_fini(&why);
        if (alive && !nameset_add(&w->known, name, &added))
            return no_memory(status);
        if (alive)
            continue;
        char field[1280];
        snprintf(field, sizeof field, "%s.%s", r->origin, path);
        bool first = !faults->code;
        name_violate(faults, field,
                     strcmp(path, "name") ? "REFERENCE_NOT_FOUND" : "PARENT_NOT_FOUND", name,
                     "'%s' %s '%s', which stands neither in the registry nor in this import",
                     r->name, strcmp(path, "name") ? "refers to" : "lies in", name);
        if (first)
            nrpc_status_add(faults, "name", "%s", r->name);
    }
    return NRPC_OK;
}

static nrpc_code write_all(store_tx *tx, void *context, nrpc_status *status)
{
    writing *w = context;
    *w->counts = (stage_counts){0};
    nameset_clear(&w->known);
    nrpc_status faults = {0};
    for (size_t i = 0; i < w->stage->count; i++) {
        if (check_references(w, tx, w->stage->records[i], &faults, status)) {
            nrpc_status_fini(&faults);
            return status->code;
        }
    }
    if (faults.code) {
        nrpc_status_move(status, &faults);
        return status->code;
    }
    for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
        for (size_t i = 0; i < w->stage->count; i++) {
            const struct stage_record *r = w->stage->records[i];
            if ((int)r->type->kind == kind && write_record(w, tx, r, status))
                return status->code;
        }
    }
    return NRPC_OK;
}

nrpc_code stage_write(stage *s, const store_context *c, bool dry, stage_counts *out,
                      nrpc_status *status)
{
    writing w = {.stage = s, .dry = dry, .counts = out};
    int64_t revision = 0;
    nrpc_code code = store_write(s->registry->store, c, write_all, &w, &revision, status);
    out->revision = revision;
    nameset_fini(&w.known);
    return code;
}
