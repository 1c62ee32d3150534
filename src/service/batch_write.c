#include "base/buffer.h"
#include "ftz/v1/registry_service.pb-c.h"
#include "registry/write/write.h"
#include "service/service_private.h"

void service_batch_write(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    const services *s = context;
    const Ftz__V1__BatchWriteRequest *request = (const Ftz__V1__BatchWriteRequest *)message;
    nrpc_status status = {0};
    store_context c;
    buffer out = {0};
    int64_t revision;
    if (service_check_write(s, call, &status) ||
        service_context(s, call, request->request_id, &c, &status) ||
        registry_batch_write(s->registry, &c, message, &out, &revision, &status)) {
        service_fail(call, &status);
    } else {
        service_note_revision(s, call, revision);
        nrpc_call_reply_bytes(call, &(nrpc_slice){out.data, out.size}, 1);
    }
    buffer_fini(&out);
}
