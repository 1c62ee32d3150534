// Bytes from a file or from standard input.
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "base/buffer.h"

#include <nrpc/status.h>

// Appends the whole file; path "-": standard input. Errors: UNKNOWN with reason REASON_FILE
// (exit_codes.h), which says why; RESOURCE_EXHAUSTED when out reaches its limit.
nrpc_code input_read(const char *path, buffer *out, nrpc_status *status);

#endif
