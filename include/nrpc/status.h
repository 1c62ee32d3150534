// The outcome of a call: one of gRPC's seventeen codes and, when it is not OK, why.
//
// A status is a value its user owns: set to {0} (OK) or by nrpc_status_init, filled by the
// functions below, released by nrpc_status_fini. On the wire it is nrpc.v1.Status with google.rpc
// details: ErrorInfo (reason, domain, metadata), BadRequest (violations), RetryInfo and
// ResourceInfo (AIP-193). A server and its client see the same fields.
//
// Functions that can fail take the status last and return its code, NRPC_OK being 0:
//
//     if (registry_get(registry, name, &row, status))
//         return status->code;
//
// nrpc_status_set, _violate and the functions that add accept a NULL status and do nothing; set and
// violate then still return their code, the others UNKNOWN. They allocate; when memory has run out
// the code stays right and the text may be missing.
// Threads: one at a time. No thread-local state.
#ifndef NRPC_STATUS_H
#define NRPC_STATUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// gRPC's codes, numbers and names (grpc/doc/statuscodes.md).
typedef enum nrpc_code {
    NRPC_OK = 0,
    NRPC_CANCELLED = 1,
    NRPC_UNKNOWN = 2,
    NRPC_INVALID_ARGUMENT = 3,
    NRPC_DEADLINE_EXCEEDED = 4,
    NRPC_NOT_FOUND = 5,
    NRPC_ALREADY_EXISTS = 6,
    NRPC_PERMISSION_DENIED = 7,
    NRPC_RESOURCE_EXHAUSTED = 8,
    NRPC_FAILED_PRECONDITION = 9,
    NRPC_ABORTED = 10,
    NRPC_OUT_OF_RANGE = 11,
    NRPC_UNIMPLEMENTED = 12,
    NRPC_INTERNAL = 13,
    NRPC_UNAVAILABLE = 14,
    NRPC_DATA_LOSS = 15,
    NRPC_UNAUTHENTICATED = 16,
} nrpc_code;

typedef struct nrpc_status_entry {
    char *key;
    char *value;
} nrpc_status_entry;

typedef struct nrpc_violation {
    char *field;       // path as in JSON paths of proto names: "zone.names[0].text"
    char *reason;      // UPPER_SNAKE, may be empty
    char *description; // a sentence for a person
} nrpc_violation;

typedef struct nrpc_status {
    nrpc_code code;
    char *message;               // a sentence for a developer; NULL if OK
    char *reason;                // ErrorInfo.reason, UPPER_SNAKE; NULL if none
    char *domain;                // ErrorInfo.domain; NULL with no reason
    nrpc_status_entry *metadata; // ErrorInfo.metadata: every variable of the message
    size_t metadata_count;
    nrpc_violation *violations; // BadRequest
    size_t violation_count;
    int64_t retry_after_ms; // RetryInfo; 0 if none
    char *resource_type;    // ResourceInfo; NULL if none
    char *resource_name;
} nrpc_status;

void nrpc_status_init(nrpc_status *status);
void nrpc_status_fini(nrpc_status *status);
// Moves from `from`, which becomes OK; what `to` held is released.
void nrpc_status_move(nrpc_status *to, nrpc_status *from);

// Replaces whatever the status said. reason: a constant in UPPER_SNAKE. The domain is "ftz".
nrpc_code nrpc_status_set(nrpc_status *status, nrpc_code code, const char *reason,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));
// These add to a status that was set, and return its code.
nrpc_code nrpc_status_add(nrpc_status *status, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// An INVALID_ARGUMENT (or other) status names each bad field. With no message set yet, sets the
// code INVALID_ARGUMENT, the reason INVALID_FIELD and this violation as the message. At most 100
// are kept.
nrpc_code nrpc_status_violate(nrpc_status *status, const char *field, const char *reason,
                              const char *format, ...) __attribute__((format(printf, 4, 5)));
nrpc_code nrpc_status_retry_after(nrpc_status *status, int64_t ms);
nrpc_code nrpc_status_resource(nrpc_status *status, const char *type, const char *name);

// ErrorInfo metadata by key; NULL if there is none.
const char *nrpc_status_get(const nrpc_status *status, const char *key);

// "NOT_FOUND". An unknown code reads as "UNKNOWN".
const char *nrpc_code_name(nrpc_code code);
// True and *code if name is one of the seventeen.
int nrpc_code_from_name(const char *name, nrpc_code *code);

#ifdef __cplusplus
}
#endif

#endif
