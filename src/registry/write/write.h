// Writing resources: create, update, delete and undelete, one by one or many in one transaction,
// as the services in proto/ftz/v1 promise. Imports have a way of their own (import.h).
//
// A request is a list of operations that see each other in their order: all are done in one
// revision, or none. An operation that changes nothing writes nothing.
//
// Repetition. What a request answered is remembered by the context's request_id for
// STORE_REQUEST_KEPT_S: a repeat gets the same answer, rebuilt from the change log. Failures and
// trials (validate_only) are not remembered.
//
// A trial runs in a transaction that is undone. Its answer lacks what only a write can give: etag
// and revision of what would change, its time, and the uid of what would be new.
//
// Faults in fields are INVALID_ARGUMENT with every violation, those that need the store among them
// (REFERENCE_NOT_FOUND). The other errors name the first operation that failed, by a violation too:
//   NOT_FOUND            RESOURCE_NOT_FOUND, RESOURCE_DELETED (of a deletion), PARENT_NOT_FOUND
//   ALREADY_EXISTS       RESOURCE_EXISTS (metadata deleted), RESOURCE_NOT_DELETED,
//                        REQUEST_ID_REUSED
//   FAILED_PRECONDITION  RESOURCE_DELETED (of an update), PARENT_DELETED, HAS_CHILDREN
//   ABORTED              ETAG_MISMATCH
//
// Threads: any.
#ifndef REGISTRY_WRITE_H
#define REGISTRY_WRITE_H

#include "base/buffer.h"
#include "registry/registry.h"

enum { REGISTRY_MAX_WRITES = 1000 };

// How long a deleted resource can be brought back.
#define REGISTRY_DELETED_KEPT_US (INT64_C(30) * 24 * 60 * 60 * 1000000)

typedef enum registry_action {
    REGISTRY_CREATE,
    REGISTRY_UPDATE,
    REGISTRY_DELETE,
    REGISTRY_UNDELETE,
} registry_action;

// Everything is borrowed for the call.
typedef struct registry_operation {
    registry_action action;
    const char *place; // what stands before its fields in violations: "writes[2].create", or ""
    const resource_type *type; // NULL, of a deletion or undeletion: whatever its name says

    // Create and update.
    const ProtobufCMessage *resource; // NULL: it was not given
    const char *resource_field;       // "area", "resource.area"

    // Create. id NULL: the resource's own name says where.
    const char *parent; // of a type with parents
    const char *id;
    const char *id_field; // "area_id"

    // Update.
    const char *const *mask_paths;
    size_t mask_count;

    bool allow_missing; // update, delete

    // Delete and undelete.
    const char *name;
    const char *etag;
    bool force;
} registry_operation;

typedef struct registry_write_request {
    const char *method;              // full name; with `message` what a repeat must ask for again
    const ProtobufCMessage *message; // the request as it came
    const registry_operation *operations;
    size_t count;
    bool many; // answer with ftz.v1.WriteResults, field 1 of a BatchWriteResponse each; false:
               // with the one resource, in full
    bool validate_only;
} registry_write_request;

// Appends the answer, packed, to out; of a deletion of what was missing it is empty. *revision: the
// one the write got, or found if it had nothing to change; of a repeat the first one's.
MUST_USE nrpc_code registry_write(registry *r, const store_context *c,
                                  const registry_write_request *request, buffer *out,
                                  int64_t *revision, nrpc_status *status);

// message: an ftz.v1.BatchWriteRequest; appends the BatchWriteResponse.
MUST_USE nrpc_code registry_batch_write(registry *r, const store_context *c,
                                        const ProtobufCMessage *message, buffer *out,
                                        int64_t *revision, nrpc_status *status);

#endif
