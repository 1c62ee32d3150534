// Where a channel may dial, and how it names what goes wrong there.
//
// Pure, any thread; channel_addresses_parse allocates what channel_addresses_free releases.
#ifndef NRPC_CHANNEL_ADDRESS_H
#define NRPC_CHANNEL_ADDRESS_H

#include "base/macros.h"
#include "nrpc/sp.h"

#include <nrpc/status.h>
#include <stddef.h>

enum { CHANNEL_MAX_ADDRESSES = 16 };

typedef struct channel_address {
    char *url; // as NNG takes it
    sp_framing framing;
} channel_address;

// The addresses in a list separated by commas. INVALID_ARGUMENT, reason INVALID_ADDRESS.
MUST_USE nrpc_code channel_addresses_parse(const char *urls, channel_address **out, size_t *count,
                                           nrpc_status *status);
void channel_addresses_free(channel_address *addresses, size_t count);

// Why a server could not be reached or was lost.
typedef enum channel_fault_kind {
    CHANNEL_FAULT_DIAL,      // the reason depends on the error
    CHANNEL_FAULT_HANDSHAKE, // error: NNG_ETIMEDOUT when the server was silent
    CHANNEL_FAULT_LOST,
    CHANNEL_FAULT_PROTOCOL,
} channel_fault_kind;

typedef struct channel_fault {
    channel_fault_kind kind;
    int error; // NNG's
    const channel_address *address;
} channel_fault;

// UNAVAILABLE with the reasons of nrpc/client.h.
nrpc_code channel_fault_status(const channel_fault *fault, nrpc_status *status);

#endif
