// What the files of this folder share.
#ifndef SERVICE_PRIVATE_H
#define SERVICE_PRIVATE_H

#include "service/feed.h"
#include "service/service.h"

struct services {
    nrpc_server *server;
    registry *registry;
    service_options options;
    struct resource_service *resources;
    struct reflection *reflection;
    feed *feed;
};

// Each adds its services to s->server.
MUST_USE nrpc_code service_add_resources(services *s, nrpc_status *status);
MUST_USE nrpc_code service_add_registry(services *s, nrpc_status *status);
MUST_USE nrpc_code service_add_query(services *s, nrpc_status *status);
MUST_USE nrpc_code service_add_health(services *s, nrpc_status *status);
MUST_USE nrpc_code service_add_reflection(services *s, nrpc_status *status);
MUST_USE nrpc_code service_add_batch(services *s, nrpc_status *status);
MUST_USE nrpc_code service_add_control(services *s, nrpc_status *status);
MUST_USE nrpc_code service_add_echo(services *s, nrpc_status *status);
// Release what the services above own; the server must be gone.
void service_free_resources(services *s);
void service_free_reflection(services *s);

// The handlers of RegistryService, whose table is in registry.c.
void service_batch_write(nrpc_call *call, const ProtobufCMessage *message, void *context);
void service_list_changes(nrpc_call *call, const ProtobufCMessage *message, void *context);
void service_list_revisions(nrpc_call *call, const ProtobufCMessage *message, void *context);
void service_check_data(nrpc_call *call, const ProtobufCMessage *message, void *context);
void service_create_import(nrpc_call *call, const ProtobufCMessage *message, void *context);
void service_append_import(nrpc_call *call, const ProtobufCMessage *message, void *context);
void service_commit_import(nrpc_call *call, const ProtobufCMessage *message, void *context);
// And of QueryService (search.c).
void service_search(nrpc_call *call, const ProtobufCMessage *message, void *context);

// PERMISSION_DENIED, reason WRITES_NOT_ALLOWED, if this caller may not write.
MUST_USE nrpc_code service_check_write(const services *s, const nrpc_call *call,
                                       nrpc_status *status);

// The circumstances of a call for the store; `revision` of its metadata becomes min_revision.
MUST_USE nrpc_code service_context(const services *s, const nrpc_call *call, const char *request_id,
                                   store_context *out, nrpc_status *status);
// Says in the reply which revision it was read or written at.
void service_note_revision(const services *s, nrpc_call *call, int64_t revision);

// Answers with the status and releases it.
void service_fail(nrpc_call *call, nrpc_status *status);
// The same for a call that was cancelled or whose deadline has passed while the handler waited.
void service_fail_over(nrpc_call *call);

#endif
