// A status as a person or a program reads it. Pure functions; text from a server is made safe for a
// terminal.
#ifndef CLI_ERRORS_H
#define CLI_ERRORS_H

#include "base/buffer.h"

#include <nrpc/status.h>
#include <stdbool.h>

struct resource_type;

// "ftz: NOT_FOUND: zone ... does not exist (RESOURCE_NOT_FOUND)", a line for each violation, and
// the hint, if there is one.
void error_put_text(buffer *out, const nrpc_status *status, const char *hint, bool color);
// One line of JSON: google.rpc.Status with its details.
void error_put_json(buffer *out, const nrpc_status *status);
// What to do about it; NULL where nothing can be said. resource: of the command, or NULL.
const char *error_hint(const nrpc_status *status, const struct resource_type *resource);

#endif
