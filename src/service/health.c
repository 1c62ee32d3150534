#include "nrpc/v1/health.pb-c.h"
#include "service/service_private.h"

#include <string.h>

static bool serves(const nrpc_server *server, const char *name)
{
    const ProtobufCServiceDescriptor *d;
    for (size_t i = 0; (d = nrpc_server_service(server, i)); i++)
        if (!strcmp(d->name, name))
            return true;
    return false;
}

static void check(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    const services *s = context;
    const Nrpc__V1__CheckRequest *request = (const Nrpc__V1__CheckRequest *)message;
    if (*request->service && !serves(s->server, request->service)) {
        nrpc_status status = {0};
        nrpc_status_set(&status, NRPC_NOT_FOUND, "SERVICE_NOT_FOUND",
                        "there is no service '%.256s' here", request->service);
        nrpc_status_add(&status, "service", "%.256s", request->service);
        service_fail(call, &status);
        return;
    }
    Nrpc__V1__CheckResponse response = NRPC__V1__CHECK_RESPONSE__INIT;
    response.status = nrpc_server_is_draining(s->server)
                          ? NRPC__V1__SERVING_STATUS__SERVING_STATUS_NOT_SERVING
                          : NRPC__V1__SERVING_STATUS__SERVING_STATUS_SERVING;
    nrpc_call_reply(call, &response.base);
}

static const nrpc_method methods[] = {{"Check", check, NRPC_METHOD_QUICK}};

nrpc_code service_add_health(services *s, nrpc_status *status)
{
    return nrpc_server_add_service(s->server, &nrpc__v1__health_service__descriptor, methods,
                                   ARRAY_LEN(methods), s, status);
}
