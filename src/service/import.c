#include "registry/write/import.h"

#include "ftz/v1/registry_service.pb-c.h"
#include "service/service_private.h"

static void reply_import(services *s, nrpc_call *call, const registry_import *info)
{
    Ftz__V1__Import message = FTZ__V1__IMPORT__INIT;
    Google__Protobuf__Timestamp expire = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    expire.seconds = info->expire_time_us / 1000000;
    expire.nanos = (int32_t)(info->expire_time_us % 1000000 * 1000);
    message.name = (char *)(uintptr_t)info->name;
    message.next_sequence = info->next_sequence;
    message.records = info->records;
    message.created = info->created;
    message.updated = info->updated;
    message.unchanged = info->unchanged;
    message.revision = info->revision;
    message.expire_time = &expire;
    if (info->revision)
        service_note_revision(s, call, info->revision);
    nrpc_call_reply(call, &message.base);
}

void service_create_import(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    services *s = context;
    const Ftz__V1__CreateImportRequest *request = (const Ftz__V1__CreateImportRequest *)message;
    nrpc_status status = {0};
    registry_import info;
    if (service_check_write(s, call, &status) ||
        registry_import_create(s->registry, request->request_id, request->validate_only, &info,
                               &status))
        service_fail(call, &status);
    else
        reply_import(s, call, &info);
}

void service_append_import(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    services *s = context;
    const Ftz__V1__AppendImportRequest *request = (const Ftz__V1__AppendImportRequest *)message;
    nrpc_status status = {0};
    registry_import info;
    if (service_check_write(s, call, &status) ||
        registry_import_append(s->registry, request->name, request->sequence,
                               (const ProtobufCMessage *const *)(void *)request->records,
                               request->n_records, &info, &status))
        service_fail(call, &status);
    else
        reply_import(s, call, &info);
}

void service_commit_import(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    services *s = context;
    const Ftz__V1__CommitImportRequest *request = (const Ftz__V1__CommitImportRequest *)message;
    nrpc_status status = {0};
    store_context c;
    registry_import info;
    if (service_check_write(s, call, &status) ||
        service_context(s, call, request->request_id, &c, &status) ||
        registry_import_commit(s->registry, &c, request->name, &info, &status))
        service_fail(call, &status);
    else
        reply_import(s, call, &info);
}
