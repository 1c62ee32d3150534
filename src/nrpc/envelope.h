// nrpc.v1.Call and nrpc.v1.Reply (proto/nrpc/v1/call.proto) as bytes.
//
// The envelope is read and written by hand, so that a payload is never copied into a message and
// back: a call is read as slices of the bytes that came, a reply is written around a payload that
// is packed where it will be sent from.
//
//   Call    1 method   2 payload   3 timeout_ms   4 metadata
//   Reply   1 status   2 payload   3 metadata           Metadata  1 key   2 value
//   Status  1 code     2 message   3 details (google.protobuf.Any)
//
// Pure functions, any thread.
#ifndef NRPC_ENVELOPE_H
#define NRPC_ENVELOPE_H

#include "base/macros.h"

#include <nrpc/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ENVELOPE_MAX_METADATA = 64,         // entries
    ENVELOPE_MAX_METADATA_BYTES = 8192, // keys and values together
};

typedef struct envelope_slice {
    const char *data;
    size_t size;
} envelope_slice;

typedef struct envelope_entry {
    envelope_slice key, value;
} envelope_entry;

// A Call; all slices borrow from the bytes it was read from.
typedef struct envelope_call {
    envelope_slice method;
    envelope_slice payload;
    uint32_t timeout_ms;
    size_t metadata_count;
    envelope_entry metadata[ENVELOPE_MAX_METADATA];
} envelope_call;

// INVALID_ARGUMENT, reason CALL_MALFORMED or METADATA_INVALID, saying what and where. The entries
// beyond metadata_count stay unset.
MUST_USE nrpc_code envelope_parse_call(const uint8_t *data, size_t size, envelope_call *out,
                                       nrpc_status *status);
// Whether this may travel as metadata: key [a-z0-9_.-]+, value printable ASCII unless the key ends
// in "-bin".
bool envelope_metadata_valid(envelope_slice key, envelope_slice value);

// A Call, packed: its size, and its bytes, of which the payload is left for the caller to write at
// *payload (payload_size bytes). Returns the byte behind the Call.
size_t envelope_call_size(const envelope_call *call);
uint8_t *envelope_put_call(uint8_t *out, const envelope_call *call, uint8_t **payload);

// An OK Reply around a payload of that size, as envelope_put_call.
size_t envelope_ok_size(size_t payload_size, const envelope_entry *metadata, size_t count);
uint8_t *envelope_put_ok(uint8_t *out, size_t payload_size, const envelope_entry *metadata,
                         size_t count, uint8_t **payload);

// A Reply that carries a status other than OK, in memory of its own (free); NULL when memory has
// run out. Kept below 4 KiB by leaving out violations and metadata that do not fit.
uint8_t *envelope_pack_error(const nrpc_status *status, const envelope_entry *metadata,
                             size_t count, size_t *size);

typedef struct envelope_reply {
    envelope_slice payload; // borrows from the bytes
    size_t metadata_count;
    envelope_entry metadata[ENVELOPE_MAX_METADATA];
} envelope_reply;

// What a peer answered. *status becomes the Reply's own (an unknown code reads as UNKNOWN), or
// INTERNAL, reason REPLY_MALFORMED, if the bytes are no Reply. Returns status->code.
MUST_USE nrpc_code envelope_parse_reply(const uint8_t *data, size_t size, envelope_reply *out,
                                        nrpc_status *status);

#endif
