#include "registry/write/draft.h"

#include "registry/body.h"
#include "registry/registry_private.h"
#include "registry/write/validate.h"

#include <stdio.h>
#include <string.h>

void draft_fini(draft *d)
{
    buffer_fini(&d->packed);
    buffer_fini(&d->body);
    buffer_fini(&d->extra);
    buffer_fini(&d->references);
}

static nrpc_code no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for a resource");
}

static bool note_reference(void *context, const char *name, const char *path)
{
    buffer *references = context;
    return buffer_append(references, name, strlen(name) + 1) &&
           buffer_append(references, path, strlen(path) + 1);
}

nrpc_code draft_add_faults(nrpc_status *status, nrpc_status *faults)
{
    if (!status->code || faults->code != NRPC_INVALID_ARGUMENT) {
        nrpc_status_move(status, faults);
        return status->code;
    }
    for (size_t i = 0; i < faults->violation_count; i++)
        nrpc_status_violate(status, faults->violations[i].field, faults->violations[i].reason, "%s",
                            faults->violations[i].description);
    nrpc_status_fini(faults);
    return status->code;
}

nrpc_code draft_make(draft *d, const registry *r, const resource_type *type,
                     const ProtobufCMessage *message, const char *prefix, nrpc_status *status)
{
    d->type = type;
    d->name = (resource_name){0};
    buffer_clear(&d->packed);
    buffer_clear(&d->body);
    buffer_clear(&d->extra);
    buffer_clear(&d->references);
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size > DRAFT_MAX_RESOURCE) {
        char text[24];
        snprintf(text, sizeof text, "%zu", size);
        return name_violate(status, prefix, "RESOURCE_TOO_LARGE", text,
                            "has %zu bytes; a resource may have %d", size, DRAFT_MAX_RESOURCE);
    }
    uint8_t *out = buffer_reserve(&d->packed, size + 1);
    if (!out)
        return no_memory(status);
    d->packed.size = protobuf_c_message_pack(message, out);
    nrpc_status faults = {0};
    if (validate_resource(r->validator, type, message, d->packed.data, d->packed.size, prefix,
                          note_reference, &d->references, &d->name, &faults))
        return draft_add_faults(status, &faults);
    if (!body_split(type, d->packed.data, d->packed.size, &d->body, &d->extra))
        return no_memory(status);
    return NRPC_OK;
}
