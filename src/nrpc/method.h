// Which handler answers which method: a table by full name, filled before the server listens and
// only read after. Any thread may look up.
#ifndef NRPC_METHOD_H
#define NRPC_METHOD_H

#include "base/macros.h"

#include <nrpc/server.h>

typedef struct method {
    char *name; // "ftz.v1.ZoneService/GetZone"
    size_t name_size;
    uint32_t hash;
    const ProtobufCMethodDescriptor *descriptor;
    nrpc_handler handler; // NULL: declared, served by nobody
    unsigned flags;
    void *context;
} method;

typedef struct method_table {
    method *methods;
    size_t count, capacity;
    uint32_t *slots; // index + 1, open addressing, a power of two of them
    size_t slot_count;
} method_table;

void method_table_fini(method_table *t);
MUST_USE nrpc_code method_table_add(method_table *t, const ProtobufCServiceDescriptor *service,
                                    const nrpc_method *handlers, size_t count, void *context,
                                    nrpc_status *status);
// NULL if no service declares it.
const method *method_table_find(const method_table *t, const char *name, size_t size);

#endif
