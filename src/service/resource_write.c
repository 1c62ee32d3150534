#include "service/resources.h"

#include "base/buffer.h"
#include "registry/write/write.h"

#include <google/protobuf/field_mask.pb-c.h>
#include <stdio.h>

static const ProtobufCMessage *message_at(const ProtobufCMessage *m, size_t offset)
{
    return *(const ProtobufCMessage *const *)(const void *)((const char *)m + offset);
}

static void write_one(nrpc_call *call, const struct resource_service *rs, const write_fields *f,
                      const ProtobufCMessage *request, const registry_operation *op)
{
    const services *s = rs->all;
    nrpc_status status = {0};
    store_context c;
    buffer out = {0};
    int64_t revision;
    registry_write_request q = {
        .method = nrpc_call_method(call),
        .message = request,
        .operations = op,
        .count = 1,
        .validate_only = resource_number(request, f->validate_only),
    };
    if (service_check_write(s, call, &status) ||
        service_context(s, call, resource_text(request, f->request_id), &c, &status) ||
        registry_write(s->registry, &c, &q, &out, &revision, &status)) {
        service_fail(call, &status);
    } else {
        service_note_revision(s, call, revision);
        nrpc_call_reply_bytes(call, &(nrpc_slice){out.data, out.size}, 1);
    }
    buffer_fini(&out);
}

void resource_create(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    const struct resource_service *rs = context;
    const write_fields *f = &rs->create;
    registry_operation op = {
        .action = REGISTRY_CREATE,
        .place = "",
        .type = rs->type,
        .resource = message_at(request, f->resource),
        .resource_field = rs->type->record,
        .parent = resource_text(request, f->parent),
        .id = resource_text(request, f->id),
        .id_field = rs->id_field,
    };
    write_one(call, rs, f, request, &op);
}

void resource_update(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    const struct resource_service *rs = context;
    const write_fields *f = &rs->update;
    const Google__Protobuf__FieldMask *mask =
        (const Google__Protobuf__FieldMask *)message_at(request, f->update_mask);
    registry_operation op = {
        .action = REGISTRY_UPDATE,
        .place = "",
        .type = rs->type,
        .resource = message_at(request, f->resource),
        .resource_field = rs->type->record,
        .mask_paths = mask ? (const char *const *)mask->paths : NULL,
        .mask_count = mask ? mask->n_paths : 0,
        .allow_missing = resource_number(request, f->allow_missing),
    };
    write_one(call, rs, f, request, &op);
}

void resource_delete(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    const struct resource_service *rs = context;
    const write_fields *f = &rs->delete;
    registry_operation op = {
        .action = REGISTRY_DELETE,
        .place = "",
        .type = rs->type,
        .name = resource_text(request, f->name),
        .etag = resource_text(request, f->etag),
        .force = resource_number(request, f->force),
        .allow_missing = resource_number(request, f->allow_missing),
    };
    write_one(call, rs, f, request, &op);
}

void resource_undelete(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    const struct resource_service *rs = context;
    const write_fields *f = &rs->undelete;
    registry_operation op = {
        .action = REGISTRY_UNDELETE,
        .place = "",
        .type = rs->type,
        .name = resource_text(request, f->name),
        .etag = resource_text(request, f->etag),
    };
    write_one(call, rs, f, request, &op);
}

nrpc_code resource_write_look_up(struct resource_service *rs,
                                 const ProtobufCMethodDescriptor *const *found, nrpc_status *status)
{
    static const ProtobufCType TEXT = PROTOBUF_C_TYPE_STRING, BOOL = PROTOBUF_C_TYPE_BOOL,
                               MESSAGE = PROTOBUF_C_TYPE_MESSAGE;
    write_fields *c = &rs->create, *u = &rs->update, *d = &rs->delete, *n = &rs->undelete;
    const char *record = rs->type->record;
    bool top = !rs->type->parent_collection;
    snprintf(rs->id_field, sizeof rs->id_field, "%s_id", record);
    const resource_wanted create[] = {
        {.name = "parent", .type = TEXT, .optional = top, .offset = &c->parent},
        {.name = rs->id_field, .type = TEXT, .offset = &c->id},
        {.name = record, .type = MESSAGE, .offset = &c->resource},
        {.name = "request_id", .type = TEXT, .offset = &c->request_id},
        {.name = "validate_only", .type = BOOL, .offset = &c->validate_only},
    };
    const resource_wanted update[] = {
        {.name = record, .type = MESSAGE, .offset = &u->resource},
        {.name = "update_mask", .type = MESSAGE, .offset = &u->update_mask},
        {.name = "allow_missing", .type = BOOL, .offset = &u->allow_missing},
        {.name = "request_id", .type = TEXT, .offset = &u->request_id},
        {.name = "validate_only", .type = BOOL, .offset = &u->validate_only},
    };
    const resource_wanted delete[] = {
        {.name = "name", .type = TEXT, .offset = &d->name},
        {.name = "etag", .type = TEXT, .offset = &d->etag},
        {.name = "force", .type = BOOL, .optional = true, .offset = &d->force},
        {.name = "allow_missing", .type = BOOL, .offset = &d->allow_missing},
        {.name = "request_id", .type = TEXT, .offset = &d->request_id},
        {.name = "validate_only", .type = BOOL, .offset = &d->validate_only},
    };
    const resource_wanted undelete[] = {
        {.name = "name", .type = TEXT, .offset = &n->name},
        {.name = "etag", .type = TEXT, .offset = &n->etag},
        {.name = "request_id", .type = TEXT, .offset = &n->request_id},
        {.name = "validate_only", .type = BOOL, .offset = &n->validate_only},
    };
    (void)(resource_look_up(found[0]->input, create, ARRAY_LEN(create), status) ||
           resource_look_up(found[1]->input, update, ARRAY_LEN(update), status) ||
           resource_look_up(found[2]->input, delete, ARRAY_LEN(delete), status) ||
           resource_look_up(found[3]->input, undelete, ARRAY_LEN(undelete), status));
    for (size_t i = 0; i < RESOURCE_METHODS - RESOURCE_FIRST_WRITE && !status->code; i++)
        if (found[i]->output != rs->type->message)
            nrpc_status_set(status, NRPC_INTERNAL, "SCHEMA_MISMATCH", "%s does not answer with %s",
                            found[i]->name, rs->type->message->name);
    return status->code;
}
