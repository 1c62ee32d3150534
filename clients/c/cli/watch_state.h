// Where a watch has come to, kept in a file: one line, replaced as a whole.
//
// Threads: one at a time. Errors: UNKNOWN with reason REASON_FILE.
#ifndef CLI_WATCH_STATE_H
#define CLI_WATCH_STATE_H

#include <nrpc/status.h>

// *since: what the file holds, the caller's to free; NULL, if there is no such file.
nrpc_code watch_state_read(const char *path, char **since, nrpc_status *status);
nrpc_code watch_state_write(const char *path, const char *since, nrpc_status *status);

#endif
