// RegistryService.BatchWrite as a list of operations.
#include "base/pbwire.h"
#include "ftz/v1/registry_service.pb-c.h"
#include "registry/names.h"
#include "registry/registry_private.h"
#include "registry/write/write.h"

#include <stdio.h>
#include <stdlib.h>

enum { PLACE_SIZE = 48, RESOURCE_FIELD_SIZE = 48 };

typedef struct batch_operation {
    char place[PLACE_SIZE];
    char resource_field[RESOURCE_FIELD_SIZE];
} batch_operation;

static nrpc_code no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for a write");
}

static void take_resource(const registry *r, const Ftz__V1__AnyResource *any, batch_operation *b,
                          registry_operation *op)
{
    if (any)
        op->type = resource_type_of_record(r->types, &any->base, &op->resource);
    snprintf(b->resource_field, sizeof b->resource_field, "resource%s%s", op->type ? "." : "",
             op->type ? op->type->record : "");
    op->resource_field = b->resource_field;
}

static void take_write(const registry *r, const Ftz__V1__WriteOperation *write, size_t i,
                       batch_operation *b, registry_operation *op, nrpc_status *status)
{
    const char *action = NULL;
    *op = (registry_operation){.place = b->place};
    switch (write->operation_case) {
    case FTZ__V1__WRITE_OPERATION__OPERATION_CREATE:
        action = "create";
        op->action = REGISTRY_CREATE;
        take_resource(r, write->create->resource, b, op);
        break;
    case FTZ__V1__WRITE_OPERATION__OPERATION_UPDATE:
        action = "update";
        op->action = REGISTRY_UPDATE;
        op->allow_missing = write->update->allow_missing;
        take_resource(r, write->update->resource, b, op);
        if (write->update->update_mask) {
            op->mask_paths = (const char *const *)write->update->update_mask->paths;
            op->mask_count = write->update->update_mask->n_paths;
        }
        break;
    case FTZ__V1__WRITE_OPERATION__OPERATION_DELETE:
        action = "delete";
        op->action = REGISTRY_DELETE;
        op->name = write->delete_->name;
        op->etag = write->delete_->etag;
        op->force = write->delete_->force;
        op->allow_missing = write->delete_->allow_missing;
        break;
    case FTZ__V1__WRITE_OPERATION__OPERATION_UNDELETE:
        action = "undelete";
        op->action = REGISTRY_UNDELETE;
        op->name = write->undelete->name;
        op->etag = write->undelete->etag;
        break;
    default:
        break;
    }
    snprintf(b->place, sizeof b->place, "writes[%zu]%s%s", i, action ? "." : "",
             action ? action : "");
    if (!action)
        name_violate(status, b->place, "REQUIRED", "",
                     "needs one of create, update, delete and undelete");
}

nrpc_code registry_batch_write(registry *r, const store_context *c, const ProtobufCMessage *message,
                               buffer *out, int64_t *revision, nrpc_status *status)
{
    const Ftz__V1__BatchWriteRequest *request = (const Ftz__V1__BatchWriteRequest *)message;
    size_t count = request->n_writes;
    if (count < 1 || count > REGISTRY_MAX_WRITES) {
        char text[24];
        snprintf(text, sizeof text, "%zu", count);
        return name_violate(status, "writes", "COUNT_OUT_OF_RANGE", text,
                            "1 to %d writes are allowed, %zu were given", REGISTRY_MAX_WRITES,
                            count);
    }
    registry_operation *operations = calloc(count, sizeof *operations);
    batch_operation *places = calloc(count, sizeof *places);
    nrpc_code code = operations && places ? NRPC_OK : no_memory(status);
    for (size_t i = 0; i < count && !code; i++)
        take_write(r, request->writes[i], i, &places[i], &operations[i], status);
    if (!code && !status->code) {
        registry_write_request q = {.method = "ftz.v1.RegistryService/BatchWrite",
                                    .message = message,
                                    .operations = operations,
                                    .count = count,
                                    .many = true,
                                    .validate_only = request->validate_only};
        code = registry_write(r, c, &q, out, revision, status);
        uint8_t *end = code ? NULL : buffer_reserve(out, 2 * PBWIRE_MAX_VARINT);
        if (end && *revision) {
            end = pbwire_put_tag(end, 2, PBWIRE_VARINT);
            out->size = (size_t)(pbwire_put_varint(end, (uint64_t)*revision) - out->data);
        }
        if (!code && !end)
            code = no_memory(status);
    }
    free(operations);
    free(places);
    return status->code;
}
