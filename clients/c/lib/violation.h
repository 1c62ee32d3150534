// A violation's field under another name, as chunks, imports and files number their records.
// Private to libftz and the command line.
#ifndef LIB_VIOLATION_H
#define LIB_VIOLATION_H

#include <nrpc/status.h>

// Takes the new name, from malloc. The status's message and metadata follow where they repeat the
// old one.
void violation_rename(nrpc_status *status, size_t index, char *field);

#endif
