// The services: joins RPC methods to the registry, and answers what is asked about the server.
//
//   ftz.v1   the six resource services, over the table of types (resources.h); RegistryService
//            (registry.c); questions across types (query.c)
//   nrpc.v1  health, reflection, batch, control, echo: a file each
//
// Who may write: a peer on a Unix socket that runs as the server's own user or as root; anybody, if
// allow_anonymous_writes says so. Everybody else gets PERMISSION_DENIED (access.c).
//
// Lifetime: the services live from service_add_all to service_free, which comes after
// nrpc_server_free and before registry_close.
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "base/macros.h"
#include "registry/registry.h"

#include <nrpc/server.h>

typedef struct services services;

typedef struct service_options {
    bool allow_anonymous_writes; // for networks where everyone who can connect is trusted
    bool echo;                   // offer nrpc.v1.EchoService
} service_options;

// Before the first nrpc_server_listen. server and registry are borrowed.
MUST_USE nrpc_code service_add_all(services **out, nrpc_server *server, registry *r,
                                   const service_options *options, nrpc_status *status);
// Before nrpc_server_drain: ends the waits of ListChanges, each with the answer it has.
void service_drain(services *s);
// NULL is allowed.
void service_free(services *s);

#endif
