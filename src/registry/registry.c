#include "registry/registry.h"

#include "base/clock.h"
#include "descriptor_set.h"
#include "registry/index/index.h"
#include "registry/registry_private.h"
#include "registry/write/import_private.h"
#include "registry/write/validate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void registry_options_init(registry_options *options)
{
    *options = (registry_options){
        .cache_bytes = 64u << 20,
        .max_import_bytes = 256u << 20,
        .max_imports = 16,
        .import_expiry_ms = 10 * 60 * 1000,
    };
}

static void observe_begin(store_observer *self, const char *const *names, size_t count)
{
    store_observer *cached = cache_observer(CONTAINER_OF(self, registry, observer)->cache);
    cached->begin(cached, names, count);
}

static void observe_end(store_observer *self, const char *const *names, size_t count,
                        bool committed)
{
    store_observer *cached = cache_observer(CONTAINER_OF(self, registry, observer)->cache);
    cached->end(cached, names, count, committed);
}

static void observe_moved(store_observer *self, const char *const *names, size_t count,
                          int64_t revision)
{
    registry *r = CONTAINER_OF(self, registry, observer);
    if (r->listener)
        r->listener(r->listener_context, names, count, revision);
}

static const store_index *renew_index(void *context, const store_record *record)
{
    index_maker *m = context;
    const resource_type *type = resource_type_named(m->types, record->type);
    return type ? index_make(m, type, record->name, record->body, record->extra) : NULL;
}

// Brings the index of a store that an older program wrote up to date.
static nrpc_code reindex(registry *r, nrpc_status *status)
{
    const store_context c = {.deadline_ns = CLOCK_NEVER, .actor = "", .request_id = ""};
    index_maker m;
    index_maker_init(&m, r->types, r->schema);
    nrpc_code code = store_reindex(r->store, &c, INDEX_VERSION, renew_index, &m, status);
    index_maker_fini(&m);
    return code;
}

nrpc_code registry_open(registry **out, store *s, const registry_options *options,
                        nrpc_status *status)
{
    registry *r = calloc(1, sizeof *r);
    if (!r)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                               "out of memory for the registry");
    r->store = s;
    if (options)
        r->options = *options;
    else
        registry_options_init(&r->options);
    nrpc_code code = resource_types_init(r->types, status);
    if (!code)
        code =
            schema_load(ftz_descriptor_set_data(), ftz_descriptor_set_size(), &r->schema, status);
    for (int kind = 0; !code && kind < RESOURCE_KINDS; kind++)
        r->messages[kind] = schema_find_message(r->schema, r->types[kind].message->name);
    if (!code)
        code = validator_create(&r->validator, r->types, r->schema, status);
    if (!code)
        code = import_table_create(&r->imports, &r->options, status);
    if (!code)
        code = cache_create(&r->cache, r->options.cache_bytes, status);
    if (!code)
        code = reindex(r, status);
    if (code) {
        registry_close(r);
        return code;
    }
    r->observer = (store_observer){observe_begin, observe_end, observe_moved};
    s->observer = &r->observer;
    *out = r;
    return NRPC_OK;
}

void registry_close(registry *r)
{
    if (!r)
        return;
    if (r->store->observer == &r->observer)
        r->store->observer = NULL;
    cache_free(r->cache);
    import_table_free(r->imports);
    validator_free(r->validator);
    schema_free(r->schema);
    free(r);
}

void registry_listen(registry *r, registry_listener listener, void *context)
{
    r->listener = listener;
    r->listener_context = context;
}

int64_t registry_revision(const registry *r)
{
    return atomic_load(&r->store->revision);
}

const resource_type *registry_types(const registry *r)
{
    return r->types;
}

const schema *registry_schema(const registry *r)
{
    return r->schema;
}

const char *registry_store_id(const registry *r)
{
    return r->store->id;
}

void registry_cache_stats(const registry *r, cache_stats *out)
{
    cache_get_stats(r->cache, out);
}

void registry_format_revision(const registry *r, int64_t revision, char out[REGISTRY_REVISION_SIZE])
{
    char digits[20], *next = digits + sizeof digits;
    uint64_t rest = (uint64_t)revision;
    do
        *--next = (char)('0' + rest % 10);
    while (rest /= 10);
    size_t id_size = strlen(r->store->id), size = (size_t)(digits + sizeof digits - next);
    memcpy(out, r->store->id, id_size);
    out[id_size] = ':';
    memcpy(out + id_size + 1, next, size);
    out[id_size + 1 + size] = '\0';
}

nrpc_code registry_parse_revision(const registry *r, const char *text, size_t size, int64_t *out,
                                  nrpc_status *status)
{
    const char *colon = memchr(text, ':', size);
    size_t id_size = colon ? (size_t)(colon - text) : 0;
    size_t digits = colon ? size - id_size - 1 : 0;
    int64_t value = 0;
    bool bad = id_size < 1 || id_size > 64 || digits < 1 || digits > 19;
    for (size_t i = 0; !bad && i < digits; i++)
        bad = colon[1 + i] < '0' || colon[1 + i] > '9' ||
              __builtin_mul_overflow(value, 10, &value) ||
              __builtin_add_overflow(value, colon[1 + i] - '0', &value);
    if (bad) {
        nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "REVISION_MALFORMED",
                        "metadata 'revision' is '%.*s'; expected STOREID:DECIMAL, as a reply "
                        "carries it",
                        (int)(size < 128 ? size : 128), text);
        return nrpc_status_add(status, "revision", "%.*s", (int)(size < 128 ? size : 128), text);
    }
    if (id_size != strlen(r->store->id) || memcmp(text, r->store->id, id_size)) {
        nrpc_status_set(status, NRPC_FAILED_PRECONDITION, "STORE_MISMATCH",
                        "metadata 'revision' is of store %.*s, but this server reads store %s: "
                        "forget the revision and ask again",
                        (int)id_size, text, r->store->id);
        nrpc_status_add(status, "store", "%s", r->store->id);
        return nrpc_status_add(status, "asked_store", "%.*s", (int)id_size, text);
    }
    *out = value;
    return NRPC_OK;
}
