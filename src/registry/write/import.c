#include "registry/write/import.h"

#include "base/clock.h"
#include "ftz/v1/registry.pb-c.h"
#include "registry/names.h"
#include "registry/registry_private.h"
#include "registry/write/import_private.h"
#include "registry/write/repeat.h"
#include "registry/write/stage.h"
#include "registry/write/uuid.h"
#include "schema/json.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { MAX_REMEMBERED = 64 };

typedef enum import_state { IMPORT_OPEN, IMPORT_COMMITTED } import_state;

typedef struct import {
    struct import *next; // in the table, newest first
    import_state state;
    bool busy; // one step is under way; it alone may touch the rest
    bool validate_only;
    char request_id[UUID_SIZE];
    int64_t expire_ns;
    registry_import info;
    stage stage;
} import;

struct import_table {
    pthread_mutex_t lock; // held for moments only, never across the store
    import *first;
    unsigned open;
    unsigned max_open;
    int64_t expiry_ns;
    stage_budget budget;
};

static nrpc_code no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for an import");
}

nrpc_code import_table_create(import_table **out, const registry_options *options,
                              nrpc_status *status)
{
    import_table *t = calloc(1, sizeof *t);
    if (!t)
        return no_memory(status);
    pthread_mutex_init(&t->lock, NULL);
    t->max_open = options->max_imports;
    t->expiry_ns = (int64_t)options->import_expiry_ms * 1000000;
    t->budget.limit = options->max_import_bytes;
    *out = t;
    return NRPC_OK;
}

static void unlink_import(import_table *t, import **link)
{
    import *i = *link;
    *link = i->next;
    if (i->state == IMPORT_OPEN)
        t->open--;
    stage_fini(&i->stage);
    free(i);
}

void import_table_free(import_table *t)
{
    if (!t)
        return;
    while (t->first)
        unlink_import(t, &t->first);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

// Forgets what expired, and the oldest of the committed ones beyond their number.
static void sweep(import_table *t)
{
    int64_t now = clock_now_ns();
    unsigned committed = 0;
    for (import **link = &t->first; *link;) {
        import *i = *link;
        committed += i->state == IMPORT_COMMITTED;
        if (!i->busy &&
            (i->expire_ns <= now || (i->state == IMPORT_COMMITTED && committed > MAX_REMEMBERED)))
            unlink_import(t, link);
        else
            link = &i->next;
    }
}

static void touch(import_table *t, import *i)
{
    i->expire_ns = clock_now_ns() + t->expiry_ns;
    i->info.expire_time_us = clock_wall_us() + t->expiry_ns / 1000;
}

static nrpc_code busy(const char *name, nrpc_status *status)
{
    nrpc_status_set(status, NRPC_ABORTED, "IMPORT_BUSY",
                    "another step of %s is under way: ask again when it has ended", name);
    nrpc_status_add(status, "name", "%s", name);
    return nrpc_status_retry_after(status, 1000);
}

nrpc_code registry_import_create(registry *r, const char *request_id, bool validate_only,
                                 registry_import *out, nrpc_status *status)
{
    import_table *t = r->imports;
    uint64_t id[2];
    if (uuid_check_request_id(request_id, status))
        return status->code;
    // Whoever knows the name of an import may add to it.
    if (getrandom(id, sizeof id, 0) != (ssize_t)sizeof id)
        return nrpc_status_set(status, NRPC_INTERNAL, "NO_ENTROPY",
                               "the system gave no random bytes");
    nrpc_code code = NRPC_OK;
    pthread_mutex_lock(&t->lock);
    sweep(t);
    import *i = t->first;
    while (i && strcmp(i->request_id, request_id) != 0)
        i = i->next;
    if (i && i->busy) {
        code = busy(i->info.name, status);
    } else if (!i && t->open >= t->max_open) {
        nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "TOO_MANY_IMPORTS",
                        "%u imports are open already: wait until one has ended", t->max_open);
        nrpc_status_add(status, "limit", "%u", t->max_open);
        code = nrpc_status_retry_after(status, 5000);
    } else if (!i && !(i = calloc(1, sizeof *i))) {
        code = no_memory(status);
    } else if (!i->info.next_sequence) {
        snprintf(i->info.name, sizeof i->info.name, "imports/%016" PRIx64 "%016" PRIx64, id[0],
                 id[1]);
        memcpy(i->request_id, request_id, UUID_SIZE);
        i->info.next_sequence = 1;
        i->validate_only = validate_only;
        stage_init(&i->stage, r, &t->budget);
        i->next = t->first;
        t->first = i;
        t->open++;
    }
    if (!code) {
        touch(t, i);
        *out = i->info;
    }
    pthread_mutex_unlock(&t->lock);
    return code;
}

// The import, marked busy. give_back ends that.
static nrpc_code take(import_table *t, const char *name, import **out, nrpc_status *status)
{
    nrpc_code code = NRPC_OK;
    pthread_mutex_lock(&t->lock);
    sweep(t);
    import *i = t->first;
    while (i && strcmp(i->info.name, name) != 0)
        i = i->next;
    if (!i) {
        nrpc_status_set(status, NRPC_NOT_FOUND, "IMPORT_NOT_FOUND",
                        "there is no import '%.64s' (any more): create one and send all again",
                        name);
        nrpc_status_add(status, "name", "%.64s", name);
        code = nrpc_status_resource(status, "ftz.v1.Import", name);
    } else if (i->busy) {
        code = busy(i->info.name, status);
    } else {
        i->busy = true;
        *out = i;
    }
    pthread_mutex_unlock(&t->lock);
    return code;
}

static void give_back(import_table *t, import *i, registry_import *out)
{
    pthread_mutex_lock(&t->lock);
    touch(t, i);
    i->busy = false;
    *out = i->info;
    pthread_mutex_unlock(&t->lock);
}

static nrpc_code add_chunk(registry *r, import *i, int64_t sequence,
                           const ProtobufCMessage *const *records, size_t count,
                           nrpc_status *status)
{
    size_t before = i->stage.count;
    for (size_t n = 0; n < count; n++) {
        char prefix[64], origin[96];
        const ProtobufCMessage *message = NULL;
        const resource_type *type = resource_type_of_record(r->types, records[n], &message);
        snprintf(prefix, sizeof prefix, "records[%zu]%s%s", n, type ? "." : "",
                 type ? type->record : "");
        snprintf(origin, sizeof origin, "chunks[%" PRId64 "].%s", sequence, prefix);
        if (!type)
            name_violate(status, prefix, "REQUIRED", "", "holds no resource this server knows");
        else if (stage_add(&i->stage, type, message, prefix, origin, status) &&
                 status->code != NRPC_INVALID_ARGUMENT)
            break; // no fault of the records: no use in looking on
    }
    if (status->code)
        stage_truncate(&i->stage, before);
    return status->code;
}

nrpc_code registry_import_append(registry *r, const char *name, int64_t sequence,
                                 const ProtobufCMessage *const *records, size_t count,
                                 registry_import *out, nrpc_status *status)
{
    if (sequence < 1)
        name_violate(status, "sequence", "OUT_OF_RANGE", NULL,
                     "is %" PRId64 "; chunks are numbered from 1", sequence);
    if (!count)
        name_violate(status, "records", "REQUIRED", "", "needs at least one element");
    import *i;
    if (status->code || take(r->imports, name, &i, status))
        return status->code;
    if (sequence >= i->info.next_sequence) {
        if (i->state == IMPORT_COMMITTED) {
            nrpc_status_set(status, NRPC_FAILED_PRECONDITION, "IMPORT_COMMITTED",
                            "%s has been committed: create another import", name);
            nrpc_status_add(status, "name", "%s", name);
        } else if (sequence > i->info.next_sequence) {
            nrpc_status_set(status, NRPC_FAILED_PRECONDITION, "SEQUENCE_GAP",
                            "chunk %" PRId64 " came, but %s expects chunk %" PRId64, sequence, name,
                            i->info.next_sequence);
            nrpc_status_add(status, "name", "%s", name);
            nrpc_status_add(status, "sequence", "%" PRId64, sequence);
            nrpc_status_add(status, "next_sequence", "%" PRId64, i->info.next_sequence);
        } else if (!add_chunk(r, i, sequence, records, count, status)) {
            i->info.next_sequence++;
            i->info.records = (int64_t)i->stage.count;
        }
    }
    give_back(r->imports, i, out);
    return status->code;
}

// --- committed once, asked for again
// ----------------------------------------------------------------

enum { ANSWER_SIZE = 96 }; // the counts of an import, in digits

typedef struct committing {
    repeat repeat;
    const import *import; // NULL: it is not in memory
} committing;

static nrpc_code remember_commit(store_tx *tx, void *context, const stage_counts *counts,
                                 nrpc_status *status)
{
    committing *x = context;
    char text[ANSWER_SIZE];
    // The same import is committed once; this finds out whether the id stands for another.
    if (repeat_recall(&x->repeat, tx, status))
        return status->code;
    int size =
        snprintf(text, sizeof text, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
                 x->import->info.next_sequence, x->import->info.records, counts->created,
                 counts->updated, counts->unchanged);
    return repeat_remember(&x->repeat, tx, (store_bytes){text, (size_t)size}, status);
}

static nrpc_code recall_commit(store_tx *tx, void *context, nrpc_status *status)
{
    committing *x = context;
    return repeat_recall(&x->repeat, tx, status);
}

// What the commit answered before a restart, or before it left memory.
static nrpc_code answer_again(registry *r, const store_context *c, const char *name, committing *x,
                              registry_import *out, nrpc_status *missing, nrpc_status *status)
{
    int64_t revision;
    nrpc_code code = store_write(r->store, c, recall_commit, x, &revision, status);
    if (code)
        return code;
    if (!x->repeat.found) {
        nrpc_status_move(status, missing);
        return status->code;
    }
    *out = (registry_import){.revision = x->repeat.revision, .expire_time_us = clock_wall_us()};
    snprintf(out->name, sizeof out->name, "%s", name);
    buffer_append_byte(&x->repeat.answer, '\0');
    if (x->repeat.answer.failed)
        return no_memory(status);
    // Nobody but remember_commit can have written it.
    sscanf((const char *)x->repeat.answer.data,
           "%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &out->next_sequence,
           &out->records, &out->created, &out->updated, &out->unchanged);
    return NRPC_OK;
}

static void take_counts(registry_import *info, const stage_counts *counts)
{
    info->created = counts->created;
    info->updated = counts->updated;
    info->unchanged = counts->unchanged;
    info->revision = counts->revision;
}

static nrpc_code commit(registry *r, const store_context *c, import *i, committing *x,
                        registry_import *out, nrpc_status *status)
{
    import_table *t = r->imports;
    stage_counts counts;
    x->import = i;
    if (i->state == IMPORT_OPEN &&
        !stage_write(&i->stage, c, i->validate_only, &counts, remember_commit, x, status)) {
        take_counts(&i->info, &counts);
        stage_fini(&i->stage);
        pthread_mutex_lock(&t->lock);
        i->state = IMPORT_COMMITTED;
        t->open--;
        pthread_mutex_unlock(&t->lock);
    }
    give_back(t, i, out);
    return status->code;
}

nrpc_code registry_import_commit(registry *r, const store_context *c, const char *name,
                                 registry_import *out, nrpc_status *status)
{
    nrpc_status missing = {0};
    committing x = {0};
    import *i;
    if (uuid_check_request_id(c->request_id, status))
        return status->code;
    repeat_init(&x.repeat, r->store, c->request_id, (store_bytes){name, strlen(name)});
    nrpc_code code = take(r->imports, name, &i, &missing);
    if (!code)
        code = commit(r, c, i, &x, out, status);
    else if (code == NRPC_NOT_FOUND)
        code = answer_again(r, c, name, &x, out, &missing, status);
    else
        nrpc_status_move(status, &missing);
    nrpc_status_fini(&missing);
    repeat_fini(&x.repeat);
    return code;
}

// --- files
// -----------------------------------------------------------------------------------------

static nrpc_code add_file(registry *r, stage *s, const ProtobufCMessage *file, nrpc_status *status)
{
    for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
        const resource_type *type = &r->types[kind];
        const ProtobufCFieldDescriptor *f =
            protobuf_c_message_descriptor_get_field_by_name(file->descriptor, type->group);
        const char *base = (const char *)file;
        size_t count = *(const size_t *)(base + f->quantifier_offset);
        ProtobufCMessage *const *messages = *(ProtobufCMessage *const *const *)(base + f->offset);
        for (size_t n = 0; n < count; n++) {
            char prefix[64];
            snprintf(prefix, sizeof prefix, "%s[%zu]", type->group, n);
            if (stage_add(s, type, messages[n], prefix, prefix, status) &&
                status->code != NRPC_INVALID_ARGUMENT)
                return status->code;
        }
    }
    return status->code;
}

static nrpc_code read_file(registry *r, stage *s, const char *text, size_t size,
                           nrpc_status *status)
{
    const ProtobufCMessageDescriptor *d = &ftz__v1__registry__descriptor;
    buffer wire = {0};
    nrpc_code code =
        json_to_wire(schema_find_message(r->schema, d->name), text, size, &wire, status);
    ProtobufCMessage *file = NULL;
    if (!code) {
        file = protobuf_c_message_unpack(d, NULL, wire.size, wire.data);
        code = file ? add_file(r, s, file, status) : no_memory(status);
    }
    if (file)
        protobuf_c_message_free_unpacked(file, NULL);
    buffer_fini(&wire);
    return code;
}

static nrpc_code name_file(const char *label, nrpc_status *status)
{
    char *message;
    if (asprintf(&message, "%s: %s", label, status->message ? status->message : "") >= 0) {
        free(status->message);
        status->message = message;
    }
    return nrpc_status_add(status, "file", "%s", label);
}

nrpc_code registry_import_json(registry *r, const store_context *c, const char *label,
                               const char *text, size_t size, registry_import *out,
                               nrpc_status *status)
{
    // A file is read at start, or by the operator's hand: the budget of the RPC is not its limit.
    stage_budget budget = {.limit = SIZE_MAX};
    stage s;
    stage_counts counts;
    *out = (registry_import){0};
    stage_init(&s, r, &budget);
    nrpc_code code = read_file(r, &s, text, size, status);
    out->records = (int64_t)s.count;
    if (!code)
        code = stage_write(&s, c, false, &counts, NULL, NULL, status);
    if (!code)
        take_counts(out, &counts);
    else
        code = name_file(label, status);
    stage_fini(&s);
    return code;
}
