#include "registry/check/check.h"

#include "base/pbwire.h"
#include "ftz/v1/registry_service.pb-c.h"
#include "ftz/v1/resources.pb-c.h"
#include "registry/check/doubts.h"
#include "registry/names.h"
#include "registry/read/rows.h"
#include "registry/read/token.h"
#include "registry/registry_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BATCH_ROWS = 64,
    BATCH_BYTES = 1 << 20,       // a batch ends behind the row that reaches it
    MAX_BATCH_MEMORY = 64 << 20, // of a batch unpacked
    MAX_LOOKUPS = 1000,          // names asked for at once
};

// The kinds that are judged, in the order in which a zone's are.
static const resource_kind phases[] = {RESOURCE_ZONE, RESOURCE_AREA, RESOURCE_EVENT,
                                       RESOURCE_POWER_DELEGATION};

// Where a check stands: behind `name` in its phase, and behind so many doubts of the next resource.
typedef struct place {
    char zone[NAME_MAX_SIZE + 1]; // "": before the first
    char name[NAME_MAX_SIZE + 1]; // "": before the first of the phase
    uint8_t phase;
    uint32_t doubts;
} place;

typedef struct row {
    const char *name;
    const ProtobufCMessage *message;
} row;

typedef struct other {
    const char *name;
    doubt_other is;
} other;

typedef struct checking {
    registry *r;
    const store_context *c; // with the snapshot
    const registry_check_request *request;
    const char *only; // the zone asked for; NULL: all
    buffer *rows;
    size_t end; // of rows
    size_t limit, count, looked;
    buffer bound; // what a page token is bound to
    place at;
    bool more, too_large, no_memory;

    arena zone_memory;
    const ProtobufCMessage *zone; // the one of `at`; NULL: to be read

    arena memory; // of the batch
    row batch[BATCH_ROWS];
    size_t batch_count, batch_bytes;
    other *others; // by name
    size_t other_count, other_room;
    uint32_t doubts; // of the resource that is judged, so far
} checking;

static nrpc_code no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for a check");
}

// --- the request ---------------------------------------------------------------------------------

static nrpc_code check_request(checking *k, nrpc_status *status)
{
    const registry_check_request *q = k->request;
    parent_name parent = {.all = true};
    if (*q->parent)
        name_parse_parent(&k->r->types[RESOURCE_AREA], q->parent, "parent", &parent, status);
    k->only = parent.all ? NULL : q->parent;
    k->limit = page_limit(q->page_size, CHECK_DEFAULT_PAGE, CHECK_MAX_PAGE, "page_size", status);
    return status->code;
}

// The payload of a page token: zone and name, each with its NUL, phase, doubts in four bytes.
static nrpc_code read_token(checking *k, nrpc_status *status)
{
    buffer payload = {0};
    token_bind_text(&k->bound, "ftz.v1.RegistryService/CheckData");
    token_bind_text(&k->bound, k->only);
    if (k->bound.failed)
        return no_memory(status);
    if (!*k->request->page_token)
        return NRPC_OK;
    store_bytes bound = {k->bound.data, k->bound.size};
    if (!token_parse(k->r->store, bound, k->request->page_token, &payload, status)) {
        const char *text = (const char *)payload.data;
        int n = snprintf(k->at.zone, sizeof k->at.zone, "%s", text) + 1;
        n += snprintf(k->at.name, sizeof k->at.name, "%s", text + n) + 1;
        k->at.phase = payload.data[n++];
        memcpy(&k->at.doubts, payload.data + n, sizeof k->at.doubts);
    }
    buffer_fini(&payload);
    return status->code;
}

static bool write_token(const checking *k, buffer *out)
{
    buffer payload = {0};
    buffer_append(&payload, k->at.zone, strlen(k->at.zone) + 1);
    buffer_append(&payload, k->at.name, strlen(k->at.name) + 1);
    buffer_append_byte(&payload, k->at.phase);
    buffer_append(&payload, &k->at.doubts, sizeof k->at.doubts);
    bool made =
        !payload.failed && token_make(k->r->store, (store_bytes){k->bound.data, k->bound.size},
                                      (store_bytes){payload.data, payload.size}, out);
    buffer_fini(&payload);
    return made;
}

// --- resources -----------------------------------------------------------------------------------

static const ProtobufCMessage *unpack(const resource_type *type, const store_record *record,
                                      arena *memory)
{
    size_t size = record->body.size + record->extra.size;
    uint8_t *whole = arena_alloc(memory, size + 1);
    if (!whole)
        return NULL;
    if (record->body.size)
        memcpy(whole, record->body.data, record->body.size);
    if (record->extra.size)
        memcpy(whole + record->body.size, record->extra.data, record->extra.size);
    return protobuf_c_message_unpack(type->message, &memory->pb, size, whole);
}

static bool take_zone(void *context, const store_record *record)
{
    checking *k = context;
    if (record->delete_time_us)
        return false;
    k->zone = unpack(&k->r->types[RESOURCE_ZONE], record, &k->zone_memory);
    k->no_memory = !k->zone;
    snprintf(k->at.zone, sizeof k->at.zone, "%s", record->name);
    return false;
}

static nrpc_code zone_missing(const char *name, nrpc_status *status)
{
    nrpc_status_set(status, NRPC_NOT_FOUND, "PARENT_NOT_FOUND",
                    "there is no '%s' that could be checked", name);
    nrpc_status_add(status, "parent", "%s", name);
    return nrpc_status_resource(status, "ftz.v1.Zone", name);
}

// The zone that is worked on, or, if it is done or gone meanwhile, the next. None left: k->zone
// stays NULL.
static nrpc_code load_zone(checking *k, nrpc_status *status)
{
    store *s = k->r->store;
    arena_fini(&k->zone_memory);
    arena_init(&k->zone_memory, NULL, 0, MAX_BATCH_MEMORY, NULL);
    k->zone = NULL;
    const char *name = k->only ? k->only : k->at.zone;
    bool begun = k->at.phase < ARRAY_LEN(phases) && *name;
    if (begun) {
        nrpc_code code = store_get(s, k->c, name, 0, true, take_zone, k, status);
        if (code && code != NRPC_NOT_FOUND)
            return code;
        if (!k->zone && !k->no_memory && k->only)
            return zone_missing(name, status);
        nrpc_status_fini(status);
    }
    if (k->zone || k->no_memory || k->only)
        return k->no_memory ? no_memory(status) : NRPC_OK;
    int64_t revision;
    store_query query = {.type = k->r->types[RESOURCE_ZONE].singular,
                         .after = *k->at.zone ? k->at.zone : NULL,
                         .with_extra = true};
    k->at.phase = 0;
    k->at.name[0] = '\0';
    k->at.doubts = 0;
    nrpc_code code = store_list(s, k->c, &query, take_zone, k, &revision, status);
    return !code && k->no_memory ? no_memory(status) : code;
}

typedef struct adding {
    checking *k;
    doubt_areas *areas;
} adding;

static bool add_area(void *context, const store_record *record)
{
    adding *a = context;
    arena memory;
    arena_init(&memory, NULL, 0, MAX_BATCH_MEMORY, NULL);
    const ProtobufCMessage *area = unpack(&a->k->r->types[RESOURCE_AREA], record, &memory);
    if (area)
        doubt_areas_add(a->areas, area);
    a->k->no_memory |= !area;
    arena_fini(&memory);
    return area;
}

static bool take_row(void *context, const store_record *record)
{
    checking *k = context;
    // What else is listed below the zone is a joint event, and judged with the zone it lies in.
    if (strcmp(record->parent, k->at.zone) != 0)
        return true;
    row *next = &k->batch[k->batch_count];
    next->name = arena_strndup(&k->memory, record->name, strlen(record->name));
    next->message = unpack(&k->r->types[phases[k->at.phase]], record, &k->memory);
    k->no_memory = !next->name || !next->message;
    k->batch_bytes += record->body.size + record->extra.size;
    k->batch_count += !k->no_memory;
    return !k->no_memory && k->batch_count < BATCH_ROWS && k->batch_bytes < BATCH_BYTES;
}

// --- what others are -----------------------------------------------------------------------------

static int by_name(const void *a, const void *b)
{
    return strcmp(((const other *)a)->name, ((const other *)b)->name);
}

static bool note_name(void *context, const char *name)
{
    checking *k = context;
    if (k->other_count == k->other_room) {
        size_t room = k->other_room ? 2 * k->other_room : 256;
        other *grown = realloc(k->others, room * sizeof *grown);
        if (!grown)
            return false;
        k->others = grown;
        k->other_room = room;
    }
    // A term's name is made up for the call.
    char *copy = arena_strndup(&k->memory, name, strlen(name));
    if (!copy)
        return false;
    k->others[k->other_count++] = (other){.name = copy};
    return true;
}

typedef struct looking {
    checking *k;
    other *next;
} looking;

static bool note_other(void *context, const store_record *record)
{
    looking *l = context;
    const resource_type *area = &l->k->r->types[RESOURCE_AREA];
    other *o = l->next++;
    o->is.exists = record && !record->delete_time_us;
    if (o->is.exists && !strcmp(record->type, area->singular)) {
        const ProtobufCMessage *message = unpack(area, record, &l->k->memory);
        if (message)
            o->is.area_km2 = ((const Ftz__V1__Area *)message)->area_km2;
        l->k->no_memory |= !message;
    }
    return true;
}

static nrpc_code look_up_all(checking *k, nrpc_status *status)
{
    const resource_type *type = &k->r->types[phases[k->at.phase]];
    k->other_count = 0;
    for (size_t i = 0; i < k->batch_count; i++)
        if (!doubt_names(type, k->batch[i].message, note_name, k))
            return no_memory(status);
    if (k->other_count)
        qsort(k->others, k->other_count, sizeof *k->others, by_name);
    size_t count = 0;
    for (size_t i = 0; i < k->other_count; i++)
        if (!i || by_name(&k->others[i], &k->others[count - 1]))
            k->others[count++] = k->others[i];
    k->other_count = count;
    const char *names[MAX_LOOKUPS];
    for (size_t done = 0; done < count;) {
        int64_t revision;
        looking l = {k, &k->others[done]};
        size_t n = count - done < MAX_LOOKUPS ? count - done : MAX_LOOKUPS;
        for (size_t i = 0; i < n; i++)
            names[i] = k->others[done + i].name;
        if (store_get_many(k->r->store, k->c, names, n, false, note_other, &l, &revision, status))
            return status->code;
        done += n;
    }
    return k->no_memory ? no_memory(status) : NRPC_OK;
}

static doubt_other known_other(void *context, const char *name)
{
    const checking *k = context;
    other key = {.name = name};
    const other *found =
        k->other_count ? bsearch(&key, k->others, k->other_count, sizeof key, by_name) : NULL;
    return found ? found->is : (doubt_other){0};
}

// --- judging -------------------------------------------------------------------------------------

typedef struct judging {
    checking *k;
    const char *name;
} judging;

static bool append_doubt(void *context, const char *code, const char *path, const char *message)
{
    const judging *j = context;
    checking *k = j->k;
    if (k->doubts++ < k->at.doubts)
        return true; // on a page before
    Ftz__V1__Doubt doubt = FTZ__V1__DOUBT__INIT;
    doubt.code = (char *)(uintptr_t)code;
    doubt.resource = (char *)(uintptr_t)j->name;
    doubt.path = (char *)(uintptr_t)path;
    doubt.message = (char *)(uintptr_t)message;
    size_t size = protobuf_c_message_get_packed_size(&doubt.base);
    size_t whole = pbwire_bytes_size(k->request->row_field, size);
    k->too_large = k->rows->size > k->end || whole > k->end - k->rows->size;
    if (k->count == k->limit || k->too_large) {
        k->more = true;
        return false;
    }
    uint8_t *next = buffer_reserve(k->rows, whole);
    if (!next) {
        k->no_memory = true;
        return false;
    }
    next = pbwire_put_varint(pbwire_put_tag(next, k->request->row_field, PBWIRE_BYTES), size);
    protobuf_c_message_pack(&doubt.base, next);
    k->rows->size += whole;
    k->count++;
    k->at.doubts++;
    return true;
}

static nrpc_code judge(checking *k, const doubt_areas *areas, nrpc_status *status)
{
    const resource_type *type = &k->r->types[phases[k->at.phase]];
    doubt_world world = {.look_up = known_other, .context = k, .areas = areas, .zone = k->zone};
    if (look_up_all(k, status))
        return status->code;
    for (size_t i = 0; i < k->batch_count; i++) {
        judging j = {k, k->batch[i].name};
        k->doubts = 0;
        if (!doubts_of(type, k->batch[i].message, &world, append_doubt, &j))
            return k->no_memory ? no_memory(status) : NRPC_OK;
        snprintf(k->at.name, sizeof k->at.name, "%s", k->batch[i].name);
        k->at.doubts = 0;
        if (++k->looked == CHECK_MAX_LOOKED) {
            k->more = true;
            break;
        }
    }
    return NRPC_OK;
}

static nrpc_code judge_zone(checking *k, nrpc_status *status)
{
    doubt_areas areas;
    adding a = {k, &areas};
    int64_t revision;
    store_query query = {.type = k->r->types[RESOURCE_AREA].singular, .parent = k->at.zone};
    doubt_areas_init(&areas);
    nrpc_code code = store_list(k->r->store, k->c, &query, add_area, &a, &revision, status);
    if (!code && k->no_memory)
        code = no_memory(status);
    if (!code) {
        k->batch[0] = (row){k->at.zone, k->zone};
        k->batch_count = 1;
        code = judge(k, &areas, status);
    }
    doubt_areas_fini(&areas);
    return code;
}

// The next batch of the phase. *done: there is none.
static nrpc_code judge_batch(checking *k, bool *done, nrpc_status *status)
{
    int64_t revision;
    store_query query = {.type = k->r->types[phases[k->at.phase]].singular,
                         .parent = k->at.zone,
                         .after = *k->at.name ? k->at.name : NULL,
                         .with_extra = true};
    k->batch_count = k->batch_bytes = 0;
    nrpc_code code = store_list(k->r->store, k->c, &query, take_row, k, &revision, status);
    if (!code && k->no_memory)
        code = no_memory(status);
    *done = !k->batch_count;
    return code || *done ? code : judge(k, NULL, status);
}

// All of the phase that is under way, or as much as fits.
static nrpc_code judge_phase(checking *k, nrpc_status *status)
{
    bool done = false;
    nrpc_code code = NRPC_OK;
    while (!code && !done && !k->more) {
        arena_init(&k->memory, NULL, 0, MAX_BATCH_MEMORY, NULL);
        if (phases[k->at.phase] == RESOURCE_ZONE) {
            code = *k->at.name ? NRPC_OK : judge_zone(k, status);
            done = true;
        } else {
            code = judge_batch(k, &done, status);
        }
        arena_fini(&k->memory);
    }
    if (!code && !k->more) {
        k->at.phase++;
        k->at.name[0] = '\0';
    }
    return code;
}

static nrpc_code judge_all(checking *k, nrpc_status *status)
{
    for (;;) {
        if (load_zone(k, status) || !k->zone)
            return status->code;
        while (k->at.phase < ARRAY_LEN(phases))
            if (judge_phase(k, status) || k->more)
                return status->code;
        if (k->only)
            return NRPC_OK;
    }
}

nrpc_code registry_check(registry *r, const store_context *c, const registry_check_request *q,
                         buffer *rows, buffer *next_page_token, int64_t *revision,
                         nrpc_status *status)
{
    size_t start = rows->size;
    store_context at = *c;
    checking *k = calloc(1, sizeof *k);
    if (!k)
        return no_memory(status);
    k->r = r;
    k->c = &at;
    k->request = q;
    k->rows = rows;
    k->end = start + q->max_size;
    arena_init(&k->zone_memory, NULL, 0, 0, NULL);
    nrpc_code code = check_request(k, status);
    if (!code)
        code = read_token(k, status);
    if (!code)
        code = store_snapshot_open(r->store, c, &at.snapshot, revision, status);
    if (!code)
        code = judge_all(k, status);
    store_snapshot_close(r->store, at.snapshot);
    if (!code && k->too_large && !k->count) {
        nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                        "the answer would exceed the message limit: %zu bytes are left for it, and "
                        "not even one doubt fits",
                        q->max_size);
        code = nrpc_status_add(status, "limit", "%zu", q->max_size);
    }
    if (!code && k->more && !write_token(k, next_page_token))
        code = no_memory(status);
    if (code)
        rows->size = start;
    arena_fini(&k->zone_memory);
    buffer_fini(&k->bound);
    free(k->others);
    free(k);
    return code;
}
