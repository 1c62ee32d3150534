// Ids of requests, by which a write may be sent again and is done once (AIP-155).
// Private to libftz and the command line. Any thread.
#ifndef LIB_REQUEST_ID_H
#define LIB_REQUEST_ID_H

#include <nrpc/status.h>

enum { REQUEST_ID_SIZE = 37 };

// A new UUIDv4. INTERNAL, reason NO_RANDOMNESS.
nrpc_code request_id_make(char out[REQUEST_ID_SIZE], nrpc_status *status);

#endif
