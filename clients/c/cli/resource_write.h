// The standard methods that write: their requests, made for any resource from the descriptors.
//
// Threads: one at a time.
#ifndef CLI_RESOURCE_WRITE_H
#define CLI_RESOURCE_WRITE_H

#include "base/buffer.h"
#include "cli.h"
#include "resource_types.h"

#include <jansson.h>

const schema_message *write_message(cli *c);

// Update: a resource with its name, and the paths to change, which may be empty. Takes neither.
// Every repeat with the same request_id is safe.
nrpc_code write_update(cli *c, json_t *resource, const json_t *paths, const char *request_id,
                       nrpc_reply *reply);

// Says what has been done, on standard output: a line in a table, else the resource.
nrpc_code write_print(cli *c, const char *done, const nrpc_reply *reply, nrpc_status *status);

#endif
