// Writes in JSON, for tests of what they do.
#ifndef TESTS_REGISTRY_WRITE_SUPPORT_H
#define TESTS_REGISTRY_WRITE_SUPPORT_H

#include "ftz/v1/registry_service.pb-c.h"
#include "registry/write/write.h"
#include "registry_support.h"

// A new UUID each time. Borrowed until the hundredth call from here on the same thread.
const char *new_request_id(void);

// The message that this proto3-JSON says. Ended with drop.
void *from_json(const world *w, const ProtobufCMessageDescriptor *type, const char *json);
void drop(void *message);

// Does these writes, a JSON array of WriteOperation, with single quotes for double ones. The
// response is dropped by the caller; NULL on failure. request_id NULL: a new one.
Ftz__V1__BatchWriteResponse *try_writes(world *w, const char *request_id, bool validate_only,
                                        const char *writes, nrpc_status *status);
// The same, which must succeed. Returns the revision.
int64_t do_writes(world *w, const char *writes);
// The same, which must fail so.
void refuse_writes(world *w, const char *writes, nrpc_code code, const char *reason);
// The same for a fault in a field.
void refuse_field(world *w, const char *writes, const char *field, const char *reason);

// The resource, in full; NULL if there is none.
void *get_resource(world *w, const char *type, const char *name);
int64_t newest_revision(const world *w);

#endif
