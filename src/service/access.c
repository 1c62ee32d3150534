#include "service/service_private.h"

#include <inttypes.h>
#include <unistd.h>

nrpc_code service_check_write(const services *s, const nrpc_call *call, nrpc_status *status)
{
    const nrpc_peer *peer = nrpc_call_peer(call);
    if (s->options.allow_anonymous_writes ||
        (peer->has_uid && (peer->uid == 0 || peer->uid == geteuid())))
        return NRPC_OK;
    nrpc_status_set(status, NRPC_PERMISSION_DENIED, "WRITES_NOT_ALLOWED",
                    "%s from %s may not write: write through the server's Unix socket as its own "
                    "user, or start the server with --allow-anonymous-writes",
                    nrpc_call_identity(call), peer->address);
    nrpc_status_add(status, "identity", "%s", nrpc_call_identity(call));
    nrpc_status_add(status, "peer", "%s", peer->address);
    return nrpc_status_add(status, "method", "%s", nrpc_call_method(call));
}
