#include "nrpc/v1/control.pb-c.h"
#include "service/service_private.h"

static void cancel(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    const Nrpc__V1__CancelRequest *request = (const Nrpc__V1__CancelRequest *)message;
    Nrpc__V1__CancelResponse response = NRPC__V1__CANCEL_RESPONSE__INIT;
    (void)context;
    nrpc_call_cancel_sibling(call, request->id); // none to cancel: it has ended, which is as good
    nrpc_call_reply(call, &response.base);
}

static const nrpc_method methods[] = {{"Cancel", cancel, NRPC_METHOD_QUICK}};

nrpc_code service_add_control(services *s, nrpc_status *status)
{
    return nrpc_server_add_service(s->server, &nrpc__v1__control_service__descriptor, methods,
                                   ARRAY_LEN(methods), s, status);
}
