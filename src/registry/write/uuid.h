// UUIDs (RFC 9562): made for uids of resources, expected as ids of requests.
// Any thread.
#ifndef REGISTRY_UUID_H
#define REGISTRY_UUID_H

#include "base/macros.h"

#include <nrpc/status.h>
#include <stdbool.h>

enum { UUID_SIZE = 37 }; // as text, with its NUL

// A random one, version 4. False: the system gave no random bytes.
MUST_USE bool uuid_make(char out[UUID_SIZE]);

// INVALID_ARGUMENT with a violation at request_id, reason REQUIRED or FORMAT_MALFORMED, if this is
// no UUID in its usual form.
nrpc_code uuid_check_request_id(const char *text, nrpc_status *status);

#endif
