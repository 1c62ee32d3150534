// A file of records as it is written: one ftz.v1.Registry, or JSON Lines of ftz.v1.AnyResource.
//
// It appears under its name only when it is whole. Ownership: the path is borrowed.
// Threads: one at a time. Errors: UNKNOWN with reason REASON_FILE.
#ifndef CLI_EXPORT_FILE_H
#define CLI_EXPORT_FILE_H

#include "base/buffer.h"
#include "schema/schema.h"

#include <nrpc/status.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct export_file {
    FILE *out;
    const char *path; // NULL: standard output
    char *part;       // written to, and then renamed; NULL: out is what was asked for
    bool lines;
    bool server_fields;
    const schema_message *registry, *any;
    const schema_field *group; // of the Registry, begun; NULL: none yet
    int64_t count;
    buffer record, json;
} export_file;

// path NULL or "-": standard output.
nrpc_code export_file_open(export_file *f, const schema *pool, const char *path, bool lines,
                           bool server_fields, nrpc_status *status);
// A packed resource of a group of ftz.v1.Registry; groups come one after the other.
nrpc_code export_file_add(export_file *f, const schema_field *group, const void *record,
                          size_t size, nrpc_status *status);
// Ends the file and gives it its name.
nrpc_code export_file_commit(export_file *f, nrpc_status *status);
// Without a commit nothing is left behind.
void export_file_fini(export_file *f);

#endif
