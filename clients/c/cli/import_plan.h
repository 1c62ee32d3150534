// The records of files to import, each packed as ftz.v1.AnyResource, and where in which file it
// stands. A file is the proto3-JSON of one ftz.v1.Registry, or JSON Lines: an ftz.v1.AnyResource a
// line.
//
// Ownership: the plan keeps the JSON and the packed records of Registry files; of lines only where
// runs of them begin. Names of files are borrowed.
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

// Lines without a blank one between them.
typedef struct import_run {
    const char *file;
    size_t line;   // of the first
    size_t number; // of its record in the plan, behind those of Registry files
} import_run;

typedef struct import_plan {
    const schema_message *registry, *any; // ftz.v1.Registry, ftz.v1.AnyResource
    import_file *files;
    size_t file_count;
    import_record *records;
    size_t record_count, record_capacity;
    buffer packed;
    import_run *runs;
    size_t run_count;
    size_t line_count; // records from lines
    size_t base;       // number in the plan of the first record of the import under way
} import_plan;

void import_plan_init(import_plan *plan, const schema *pool);
void import_plan_fini(import_plan *plan);

// Takes the records of a file. Everything wrong with them becomes a violation of *status, whose
// field is "FILE: zones[3].names[2].text"; records of several files may be checked into the same
// status. Returns status->code.
nrpc_code import_plan_add(import_plan *plan, const char *file, const char *text, size_t size,
                          nrpc_status *status);

// Whether a file that begins so is JSON Lines.
bool import_is_lines(const import_plan *plan, const char *text, size_t size);
// Takes the record of a line: appends its packed ftz.v1.AnyResource to out. What is wrong becomes
// violations, whose field is "FILE:117: zone.names[2].text". To be called behind import_plan_add.
nrpc_code import_plan_add_line(import_plan *plan, const char *file, size_t line, const char *text,
                               size_t size, buffer *out, nrpc_status *status);

// Where the file has what a server calls "records[117].zone.area_km2":
// "FILE: zones[3].areaKm2 (zones/cn-xinjiang)", fields as the file writes them, or
// "FILE:118: zone.areaKm2" of a line. The caller frees it. NULL if the path is of another kind, or
// memory has run out.
char *import_plan_locate(const import_plan *plan, const char *path);
// Puts import_plan_locate for the fields of all violations that it knows.
void import_plan_locate_all(const import_plan *plan, nrpc_status *status);

#endif
