#include "nrpc/method.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void method_table_fini(method_table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->methods[i].name);
    free(t->methods);
    free(t->slots);
    *t = (method_table){0};
}

static uint32_t hash_of(const char *name, size_t size)
{
    uint32_t h = 2166136261u; // FNV-1a; names are ours, so nobody can make them collide
    for (size_t i = 0; i < size; i++)
        h = (h ^ (uint8_t)name[i]) * 16777619u;
    return h;
}

static nrpc_code out_of_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
}

static bool rebuild_slots(method_table *t)
{
    size_t n = 64;
    while (n < t->count * 4)
        n *= 2;
    uint32_t *slots = calloc(n, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < t->count; i++) {
        size_t at = t->methods[i].hash & (n - 1);
        while (slots[at])
            at = (at + 1) & (n - 1);
        slots[at] = (uint32_t)i + 1;
    }
    free(t->slots);
    t->slots = slots;
    t->slot_count = n;
    return true;
}

static const nrpc_method *handler_of(const nrpc_method *handlers, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(handlers[i].name, name) == 0)
            return &handlers[i];
    return NULL;
}

nrpc_code method_table_add(method_table *t, const ProtobufCServiceDescriptor *service,
                           const nrpc_method *handlers, size_t count, void *context,
                           nrpc_status *status)
{
    for (size_t i = 0; i < count; i++) {
        if (!protobuf_c_service_descriptor_get_method_by_name(service, handlers[i].name)) {
            nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "NO_SUCH_METHOD",
                            "service %s has no method %s", service->name, handlers[i].name);
            nrpc_status_add(status, "service", "%s", service->name);
            return nrpc_status_add(status, "method", "%s", handlers[i].name);
        }
    }
    if (t->count + service->n_methods > t->capacity) {
        size_t capacity = (t->count + service->n_methods) * 2;
        method *methods = realloc(t->methods, capacity * sizeof *methods);
        if (!methods)
            return out_of_memory(status);
        t->methods = methods;
        t->capacity = capacity;
    }
    for (unsigned i = 0; i < service->n_methods; i++) {
        const ProtobufCMethodDescriptor *d = &service->methods[i];
        const nrpc_method *handler = handler_of(handlers, count, d->name);
        method m = {.descriptor = d, .context = context};
        int n = asprintf(&m.name, "%s/%s", service->name, d->name);
        if (n < 0)
            return out_of_memory(status);
        m.name_size = (size_t)n;
        m.hash = hash_of(m.name, m.name_size);
        if (handler) {
            m.handler = handler->handler;
            m.flags = handler->flags;
        }
        t->methods[t->count++] = m;
    }
    return rebuild_slots(t) ? NRPC_OK : out_of_memory(status);
}

const method *method_table_find(const method_table *t, const char *name, size_t size)
{
    if (!t->slot_count)
        return NULL;
    uint32_t hash = hash_of(name, size);
    for (size_t at = hash & (t->slot_count - 1); t->slots[at];
         at = (at + 1) & (t->slot_count - 1)) {
        const method *m = &t->methods[t->slots[at] - 1];
        if (m->hash == hash && m->name_size == size && memcmp(m->name, name, size) == 0)
            return m;
    }
    return NULL;
}
