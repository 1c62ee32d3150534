// ReflectionService, from the bytes of the FileDescriptorSet that is linked in: files are handed
// out as they stand there, comments and all.
#include "base/arena.h"
#include "base/pbwire.h"
#include "descriptor_set.h"
#include "nrpc/v1/reflection.pb-c.h"
#include "schema/schema.h"
#include "service/service_private.h"

#include <stdlib.h>
#include <string.h>

enum { SET_FILE = 1, RESPONSE_SET = 1, MAX_HEAD = 1 + PBWIRE_MAX_VARINT };

struct reflection {
    const schema_file *files; // of the registry's schema, in the order of the set
    size_t count;
    nrpc_slice *bytes; // of each file as an element of the set, with tag and length
};

static void list_services(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    const services *s = context;
    Nrpc__V1__ListServicesResponse response = NRPC__V1__LIST_SERVICES_RESPONSE__INIT;
    size_t count = 0;
    (void)message;
    while (nrpc_server_service(s->server, count))
        count++;
    char **names = arena_alloc(nrpc_call_arena(call), count * sizeof *names);
    if (!names) {
        nrpc_status status = {0};
        nrpc_status_set(&status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                        "out of memory for the reply");
        service_fail(call, &status);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char *name = (char *)(uintptr_t)nrpc_server_service(s->server, i)->name;
        size_t at = i;
        for (; at && strcmp(names[at - 1], name) > 0; at--)
            names[at] = names[at - 1];
        names[at] = name;
    }
    response.n_services = count;
    response.services = names;
    nrpc_call_reply(call, &response.base);
}

static const schema_file *file_of_symbol(const schema_symbol *symbol)
{
    switch (symbol->kind) {
    case SCHEMA_KIND_MESSAGE:
        return symbol->message->file;
    case SCHEMA_KIND_ENUM:
        return symbol->enumeration->file;
    case SCHEMA_KIND_SERVICE:
        return symbol->service->file;
    case SCHEMA_KIND_METHOD:
        return symbol->method->service->file;
    }
    return NULL;
}

// An enum's values stand beside it, not in it: "ftz.v1.STANCE_SUPPORTS".
static const schema_file *file_of_enum_value(const schema *pool, const char *scope,
                                             size_t scope_size, const char *name)
{
    size_t count;
    const schema_symbol *symbols = schema_symbols(pool, &count);
    for (size_t i = 0; i < count; i++) {
        if (symbols[i].kind != SCHEMA_KIND_ENUM)
            continue;
        const schema_enum *e = symbols[i].enumeration;
        const char *dot = strrchr(e->full_name, '.');
        size_t size = dot ? (size_t)(dot - e->full_name) : 0;
        if (size == scope_size && !memcmp(e->full_name, scope, size) &&
            schema_enum_by_name(e, name, strlen(name)))
            return e->file;
    }
    return NULL;
}

static const schema_file *find_file(const schema *pool, const char *name)
{
    const char *dot = strrchr(name, '.');
    size_t size = dot ? (size_t)(dot - name) : 0;
    const schema_symbol *symbol = schema_find(pool, name);
    if (symbol)
        return file_of_symbol(symbol);
    symbol = schema_find_n(pool, name, size);
    if (symbol && symbol->kind == SCHEMA_KIND_MESSAGE &&
        schema_message_field(symbol->message, dot + 1, strlen(dot + 1)))
        return symbol->message->file;
    return dot ? file_of_enum_value(pool, name, size, dot + 1) : NULL;
}

// wanted[i]: file i is asked for, or imported by one that is. Files stand behind what they import.
static void close_over_imports(const struct reflection *r, bool *wanted)
{
    for (size_t i = r->count; i-- > 0;) {
        for (size_t j = 0; wanted[i] && j < r->files[i].import_count; j++)
            for (size_t k = 0; k < i; k++)
                if (!strcmp(r->files[k].name, r->files[i].imports[j]))
                    wanted[k] = true;
    }
}

static void reply_set(nrpc_call *call, nrpc_slice *pieces, size_t count)
{
    size_t size = 0;
    for (size_t i = 1; i < count; i++)
        size += pieces[i].size;
    uint8_t head[MAX_HEAD], *end = pbwire_put_tag(head, RESPONSE_SET, PBWIRE_BYTES);
    end = pbwire_put_varint(end, size);
    pieces[0] = (nrpc_slice){head, (size_t)(end - head)};
    nrpc_call_reply_bytes(call, pieces, count);
}

static void get_set(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    const services *s = context;
    const struct reflection *r = s->reflection;
    const Nrpc__V1__GetFileDescriptorSetRequest *request =
        (const Nrpc__V1__GetFileDescriptorSetRequest *)message;
    const char *symbol = request->symbol;
    nrpc_status status = {0};
    if (!*symbol) {
        nrpc_slice whole[2] = {{NULL, 0}, {ftz_descriptor_set_data(), ftz_descriptor_set_size()}};
        reply_set(call, whole, ARRAY_LEN(whole));
        return;
    }
    const schema *pool = registry_schema(s->registry);
    const schema_file *file = *symbol == '.' ? NULL : find_file(pool, symbol);
    if (!file) {
        const char *near = schema_suggest(pool, symbol);
        nrpc_status_set(&status, NRPC_NOT_FOUND, "SYMBOL_NOT_FOUND",
                        "nothing here is called '%.256s'%s%s%s", symbol,
                        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        nrpc_status_add(&status, "symbol", "%.256s", symbol);
        if (near)
            nrpc_status_add(&status, "suggestion", "%s", near);
        service_fail(call, &status);
        return;
    }
    bool *wanted = arena_zalloc(nrpc_call_arena(call), r->count * sizeof *wanted);
    nrpc_slice *pieces = arena_alloc(nrpc_call_arena(call), (r->count + 1) * sizeof *pieces);
    if (!wanted || !pieces) {
        nrpc_status_set(&status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                        "out of memory for the reply");
        service_fail(call, &status);
        return;
    }
    wanted[file - r->files] = true;
    close_over_imports(r, wanted);
    size_t count = 1;
    for (size_t i = 0; i < r->count; i++)
        if (wanted[i])
            pieces[count++] = r->bytes[i];
    reply_set(call, pieces, count);
}

static const nrpc_method methods[] = {
    {"ListServices", list_services, NRPC_METHOD_QUICK},
    {"GetFileDescriptorSet", get_set, NRPC_METHOD_QUICK},
};

nrpc_code service_add_reflection(services *s, nrpc_status *status)
{
    struct reflection *r = calloc(1, sizeof *r);
    s->reflection = r;
    if (r)
        r->files = schema_files(registry_schema(s->registry), &r->count);
    if (!r || !(r->bytes = calloc(r->count, sizeof *r->bytes)))
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                               "out of memory for reflection");
    pbwire_reader reader = pbwire_read(ftz_descriptor_set_data(), ftz_descriptor_set_size());
    pbwire_field f;
    size_t count = 0;
    for (const uint8_t *start = reader.next; pbwire_next(&reader, &f); start = reader.next)
        if (f.number == SET_FILE && count < r->count)
            r->bytes[count++] = (nrpc_slice){start, (size_t)(reader.next - start)};
    if (count != r->count)
        return nrpc_status_set(status, NRPC_INTERNAL, "SCHEMA_MISMATCH",
                               "the embedded descriptor set and its pool disagree");
    return nrpc_server_add_service(s->server, &nrpc__v1__reflection_service__descriptor, methods,
                                   ARRAY_LEN(methods), s, status);
}

void service_free_reflection(services *s)
{
    if (s->reflection)
        free(s->reflection->bytes);
    free(s->reflection);
}
