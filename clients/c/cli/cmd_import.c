#include "cli.h"

#include "import_plan.h"
#include "input.h"
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRESS_STEP = 64 }; // records
static const size_t max_file_size = (size_t)1 << 30;

static nrpc_code read_files(const cli *c, import_plan *plan, nrpc_status *status)
{
    for (size_t i = 0; i < c->options.arg_count; i++) {
        const char *file = c->options.args[i];
        buffer text = {.limit = max_file_size};
        nrpc_status failure = {0};
        if (input_read(file, &text, &failure)) {
            nrpc_status_fini(status);
            nrpc_status_move(status, &failure);
            buffer_fini(&text);
            break;
        }
        import_plan_add(plan, strcmp(file, "-") == 0 ? "standard input" : file,
                        (const char *)text.data, text.size, status);
        buffer_fini(&text);
    }
    if (!status->code && !plan->record_count)
        nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "NO_RECORDS", "no file holds a record");
    return status->code;
}

static void show_progress(const cli *c, size_t done, size_t all)
{
    if (c->terminal.errors && (done % PROGRESS_STEP == 0 || done == all))
        fprintf(stderr, "\r%zu of %zu records%s", done, all, done == all ? "\r\033[K" : "");
}

static Ftz__V1__Import *send_records(cli *c, const import_plan *plan, nrpc_status *status)
{
    ftz_import *import = ftz_import_begin(c->client, c->options.dry_run, status);
    if (!import)
        return NULL;
    Ftz__V1__Import *result = NULL;
    for (size_t i = 0; i < plan->record_count && !status->code; i++) {
        const import_record *record = &plan->records[i];
        ftz_import_add_packed(import, plan->packed.data + record->offset, record->size, status);
        show_progress(c, i + 1, plan->record_count);
    }
    if (!status->code)
        result = ftz_import_commit(import, status);
    if (status->code && c->terminal.errors)
        fputs("\r\033[K", stderr);
    ftz_import_free(import);
    return result;
}

static nrpc_code print_result(cli *c, const Ftz__V1__Import *result, nrpc_status *status)
{
    if (cli_output(c) == OUTPUT_TABLE) {
        printf("%screated %" PRId64 ", updated %" PRId64 ", unchanged %" PRId64
               "; revision %" PRId64 "\n",
               c->options.dry_run ? "nothing written; would have " : "", result->created,
               result->updated, result->unchanged, result->revision);
        return NRPC_OK;
    }
    size_t size = ftz__v1__import__get_packed_size(result);
    uint8_t *bytes = malloc(size ? size : 1);
    if (!bytes)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    ftz__v1__import__pack(result, bytes);
    output_message(c, cli_output(c), schema_find_message(cli_known(c), "ftz.v1.Import"), bytes,
                   size, status);
    free(bytes);
    return status->code;
}

int run_import(cli *c)
{
    nrpc_status status = {0};
    import_plan plan;
    import_plan_init(&plan, cli_known(c));
    Ftz__V1__Import *result = NULL;
    if (!read_files(c, &plan, &status) && !cli_client(c, &status))
        result = send_records(c, &plan, &status);
    if (status.code)
        import_plan_locate_all(&plan, &status);
    else
        print_result(c, result, &status);
    ftz_free(result);
    import_plan_fini(&plan);
    return status.code ? cli_fail(c, &status) : cli_finish();
}
