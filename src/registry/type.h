// The resource types, as one table. Every standard method is written once over it: a new type is a
// message, a row in type.c, and a service.
//
// A row says what cannot be read from the message; the numbers of the fields that every resource
// has (name, uid, etag, ...) are looked up by name in its descriptor when a registry is opened.
//
// Threads: constant after resource_types_init.
#ifndef REGISTRY_TYPE_H
#define REGISTRY_TYPE_H

#include "base/macros.h"

#include <nrpc/status.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum resource_kind {
    RESOURCE_SOURCE,
    RESOURCE_TERM,
    RESOURCE_ZONE,
    RESOURCE_AREA,
    RESOURCE_EVENT,
    RESOURCE_POWER_DELEGATION,
    RESOURCE_KINDS,
} resource_kind;

enum { RESOURCE_MAX_FIELD = 64 }; // numbers of top-level fields are below it

typedef struct resource_type {
    resource_kind kind;            // also the order in which an import writes: parents first
    const char *singular;          // "PowerDelegation": the type in the store and in ResourceInfo
    const char *plural;            // "PowerDelegations": in method names
    const char *noun;              // "power delegation": in messages to people
    const char *pattern;           // "zones/{zone}/powerDelegations/{power_delegation}"
    const char *collection;        // "powerDelegations"
    const char *parent_collection; // "zones"; NULL for a top-level resource
    bool parent_is_resource;       // a vocabulary is not: it is only its terms
    bool id_is_code;               // ids are codes: a letter first, no hyphens
    const char *group;             // its field in ftz.v1.Registry and in list responses
    const char *record;            // its case in ftz.v1.AnyResource
    const ProtobufCMessageDescriptor *message;
    const char *const *extra_names; // fields that the BASIC view leaves out, NULL-terminated

    // From the descriptor.
    uint64_t extra;      // bit n: field n is left out of the BASIC view
    uint64_t server_set; // bit n: field n is the registry's own, never stored in a body
    uint32_t uid, etag, revision, create_time, update_time, delete_time, purge_time;
    size_t name_offset; // of the `name` member in the unpacked message
} resource_type;

// Fills out[RESOURCE_KINDS]. INTERNAL, reason SCHEMA_MISMATCH, if a message lacks a field that
// every resource must have.
MUST_USE nrpc_code resource_types_init(resource_type *out, nrpc_status *status);

// The type of the resource that an unpacked ftz.v1.AnyResource holds, and the resource. NULL: it
// holds none, or one that is not known here.
const resource_type *resource_type_of_record(const resource_type *types,
                                             const ProtobufCMessage *record,
                                             const ProtobufCMessage **message);
// What its resources lie in; NULL: nothing, or no resource.
const resource_type *resource_parent_type(const resource_type *types, const resource_type *type);
// NULL: there is none of that singular name.
const resource_type *resource_type_named(const resource_type *types, const char *singular);

#endif
