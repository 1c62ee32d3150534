// The records of files in the proto3-JSON form of ftz.v1.Registry: each packed for the import, and
// where in which file it stands.
//
// Ownership: the plan keeps the files' JSON and the packed records; names of files are borrowed.
// Threads: one at a time.
#ifndef CLI_IMPORT_PLAN_H
#define CLI_IMPORT_PLAN_H

#include "base/buffer.h"
#include "schema/schema.h"

#include <jansson.h>

typedef struct import_file {
    const char *name;
    json_t *root;
} import_file;

typedef struct import_record {
    size_t file;
    const schema_field *group; // of ftz.v1.Registry: "zones"
    const char *key;           // the group as the file writes it
    size_t index;              // in the group
    size_t offset, size;       // of its packed ftz.v1.AnyResource in `packed`
} import_record;

typedef struct import_plan {
    const schema_message *registry, *any; // ftz.v1.Registry, ftz.v1.AnyResource
    import_file *files;
    size_t file_count;
    import_record *records;
    size_t record_count, record_capacity;
    buffer packed;
} import_plan;

void import_plan_init(import_plan *plan, const schema *pool);
void import_plan_fini(import_plan *plan);

// Takes the records of a file. Everything wrong with them becomes a violation of *status, whose
// field is "FILE: zones[3].names[2].text"; records of several files may be checked into the same
// status. Returns status->code.
nrpc_code import_plan_add(import_plan *plan, const char *file, const char *text, size_t size,
                          nrpc_status *status);

// Where the file has what a server calls "records[117].zone.area_km2":
// "FILE: zones[3].areaKm2 (zones/cn-xinjiang)", fields as the file writes them. The caller frees
// it. NULL if the path is of another kind, or memory has run out.
char *import_plan_locate(const import_plan *plan, const char *path);
// Puts import_plan_locate for the fields of all violations that it knows.
void import_plan_locate_all(const import_plan *plan, nrpc_status *status);

#endif
