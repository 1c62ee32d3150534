// The standard methods of every resource type, written once: the requests of the six services have
// fields of the same names, whose places are looked up in their descriptors at start.
//
//   resources.c        Get, BatchGet, List; the table of methods
//   resource_write.c   Create, Update, Delete, Undelete
//
// Private to these two.
#ifndef SERVICE_RESOURCES_H
#define SERVICE_RESOURCES_H

#include "service/service_private.h"

enum { RESOURCE_FIRST_WRITE = 3, RESOURCE_METHODS = 7, RESOURCE_MAX_METHOD_NAME = 48 };
enum { NO_FIELD = 0 }; // every message begins with its ProtobufCMessage: no field stands there

typedef struct get_fields {
    size_t name, view;
} get_fields;

typedef struct batch_fields {
    size_t parent, names, name_count, view;
    uint32_t rows; // number in the response
} batch_fields;

typedef struct list_fields {
    size_t parent, page_size, page_token, filter, order_by, view, show_deleted, include_total_size;
    uint32_t rows, next_page_token, total_size, revision;
} list_fields;

// Of all four kinds of writes; each has some.
typedef struct write_fields {
    size_t parent, id, resource, update_mask, name, etag, force, allow_missing, request_id,
        validate_only;
} write_fields;

struct resource_service {
    services *all;
    const resource_type *type;
    get_fields get;
    batch_fields batch;
    list_fields list;
    write_fields create, update, delete, undelete;
    char id_field[RESOURCE_MAX_METHOD_NAME]; // "power_delegation_id"
    nrpc_method methods[RESOURCE_METHODS];
    char names[RESOURCE_METHODS][RESOURCE_MAX_METHOD_NAME];
};

static inline const char *resource_text(const ProtobufCMessage *m, size_t offset)
{
    return offset == NO_FIELD ? "" : *(const char *const *)(const void *)((const char *)m + offset);
}

static inline int32_t resource_number(const ProtobufCMessage *m, size_t offset)
{
    return offset == NO_FIELD ? 0 : *(const int32_t *)(const void *)((const char *)m + offset);
}

typedef struct resource_wanted {
    const char *name;
    ProtobufCType type;
    bool repeated;
    bool optional;
    size_t *offset;   // may be NULL
    size_t *count;    // of a repeated field; may be NULL
    uint32_t *number; // may be NULL
} resource_wanted;

// INTERNAL, reason SCHEMA_MISMATCH, if one is not there.
MUST_USE nrpc_code resource_look_up(const ProtobufCMessageDescriptor *m,
                                    const resource_wanted *fields, size_t count,
                                    nrpc_status *status);

// found: the methods Create, Update, Delete and Undelete.
MUST_USE nrpc_code resource_write_look_up(struct resource_service *rs,
                                          const ProtobufCMethodDescriptor *const *found,
                                          nrpc_status *status);
void resource_create(nrpc_call *call, const ProtobufCMessage *request, void *context);
void resource_update(nrpc_call *call, const ProtobufCMessage *request, void *context);
void resource_delete(nrpc_call *call, const ProtobufCMessage *request, void *context);
void resource_undelete(nrpc_call *call, const ProtobufCMessage *request, void *context);

#endif
