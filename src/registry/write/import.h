// Importing resources: in numbered chunks over the RPC, or a whole JSON file at start.
//
//   create ----> append 1, 2, 3 ... ----> commit ----> remembered ----> forgotten
//      \______________\______________________________________________/^
//                      nobody touched it for import_expiry_ms
//
// Chunks are checked and kept in memory, within max_import_bytes of all imports together; the
// commit writes them in one transaction (stage.h says how). A committed import keeps its result,
// but no records, until it expires, so that a step that is sent again is answered the same; at most
// 64 are kept so, the oldest goes first. Imports that expired are swept away whenever any import is
// touched. A commit that is sent again with its request_id is answered the same for
// STORE_REQUEST_KEPT_S, also after a restart (repeat.h).
//
// Faults: those of a chunk by their place in the request, "records[2].zone.area_km2"; those that
// only the commit finds with the chunk before, "chunks[1].records[2].zone.name" for chunk number 1;
// those of a file by their place in it, "areas[2].area_km2".
//
// Threads: any. A step of an import while another of it is under way is ABORTED, reason
// IMPORT_BUSY.
#ifndef REGISTRY_IMPORT_H
#define REGISTRY_IMPORT_H

#include "registry/registry.h"

enum { REGISTRY_IMPORT_NAME_SIZE = 44 }; // "imports/" and a UUID

// As ftz.v1.Import.
typedef struct registry_import {
    char name[REGISTRY_IMPORT_NAME_SIZE + 1];
    int64_t next_sequence;
    int64_t records;
    int64_t created, updated, unchanged;
    int64_t expire_time_us;
    int64_t revision;
} registry_import;

// The same request_id again gets the same import. INVALID_ARGUMENT if it is no UUID;
// RESOURCE_EXHAUSTED, reason TOO_MANY_IMPORTS.
MUST_USE nrpc_code registry_import_create(registry *r, const char *request_id, bool validate_only,
                                          registry_import *out, nrpc_status *status);
// records: ftz.v1.AnyResource messages. INVALID_ARGUMENT for faults in them: the chunk is not
// taken. A sequence below the next one has been taken already and is not read. NOT_FOUND, reason
// IMPORT_NOT_FOUND; FAILED_PRECONDITION, reason SEQUENCE_GAP (metadata next_sequence) or
// IMPORT_COMMITTED; RESOURCE_EXHAUSTED, reason IMPORT_TOO_LARGE.
MUST_USE nrpc_code registry_import_append(registry *r, const char *name, int64_t sequence,
                                          const ProtobufCMessage *const *records, size_t count,
                                          registry_import *out, nrpc_status *status);
// The context's request_id must be a UUID. After an error the import stays open. ALREADY_EXISTS,
// reason REQUEST_ID_REUSED.
MUST_USE nrpc_code registry_import_commit(registry *r, const store_context *c, const char *name,
                                          registry_import *out, nrpc_status *status);

// text: proto3-JSON of one ftz.v1.Registry. label: how errors call it, its file name. Reads,
// checks and writes it in one go; out->name and expiry stay empty. INVALID_ARGUMENT with every
// fault, the label in the message and in metadata `file`.
MUST_USE nrpc_code registry_import_json(registry *r, const store_context *c, const char *label,
                                        const char *text, size_t size, registry_import *out,
                                        nrpc_status *status);

#endif
