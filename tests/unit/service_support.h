// A server with every service over a world (registry_support.h), with the article's data, and
// channels to it.
#ifndef TESTS_SERVICE_SUPPORT_H
#define TESTS_SERVICE_SUPPORT_H

#include "registry_support.h"

#include "service/service.h"

#include <nrpc/client.h>

typedef struct site {
    world w;
    nrpc_server *server;
    services *services;
    nrpc_channel *tcp, *ipc; // anonymous; may write
} site;

void site_open(site *s, const service_options *options);
void site_close(site *s);

// cmocka setup and teardown: *state is a site, with the echo service.
int site_setup(void **state);
int site_teardown(void **state);

// The response, or NULL with *status as the server replied. options may be NULL in ask_with.
void *ask_with(nrpc_channel *channel, const char *method, const ProtobufCMessage *request,
               const ProtobufCMessageDescriptor *type, const nrpc_call_options *options,
               nrpc_status *status);
void *ask(nrpc_channel *channel, const char *method, const ProtobufCMessage *request,
          const ProtobufCMessageDescriptor *type, nrpc_status *status);
// Releases a response.
void drop(void *message);

#endif
