// Requests of the standard methods, put together field by field: the six services have methods and
// fields of the same names, so everything is read from the descriptors.
// Private to libftz.
#ifndef LIB_STANDARD_H
#define LIB_STANDARD_H

#include <ftz/client.h>

typedef struct standard_type {
    const ProtobufCServiceDescriptor *service;
    const char *singular, *plural; // in the names of methods
    const char *record;            // in the names of fields
    const char *any_parent;        // NULL: lies in nothing
} standard_type;

const standard_type *standard_type_of(ftz_type type);

enum { STANDARD_METHOD_SIZE = 128 };

// A request under construction. What it points to is borrowed, so it is never freed as a message.
typedef struct standard_request {
    char method_name[STANDARD_METHOD_SIZE];
    const ProtobufCMethodDescriptor *method;
    ProtobufCMessage *message;
} standard_request;

// verb and noun: "Get", "Zone". RESOURCE_EXHAUSTED: no memory; there is nothing to release then.
nrpc_code standard_begin(standard_request *r, const standard_type *type, const char *verb,
                         const char *noun, nrpc_status *status);
// Sends and releases it. All of them may be sent twice: reads, and writes with a request id.
ProtobufCMessage *standard_send(standard_request *r, ftz_client *client, nrpc_status *status);

// The place of a field, and of its count if it is repeated (count may be NULL). NULL: there is
// none.
void *standard_member(const ProtobufCMessage *message, const char *field_name, size_t **count);
// Does nothing for NULL, nor if there is no such field.
void standard_set_text(standard_request *r, const char *field_name, const char *text);
void standard_set_bool(standard_request *r, const char *field_name, bool value);
void standard_set_message(standard_request *r, const char *field_name, const void *message);

nrpc_code standard_no_memory(nrpc_status *status);

#endif
