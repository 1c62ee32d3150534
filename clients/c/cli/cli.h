// What the parts of the command line share: one run of the program.
//
// A run belongs to the main thread. It opens the client and loads descriptors when a command first
// needs them, and cli_fini ends both.
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "options.h"
#include "schema/schema.h"

#include <ftz/client.h>

typedef struct terminal {
    bool output;  // standard output is one
    bool errors;  // standard error is one
    size_t width; // columns of standard output; 0: not a terminal, no limit
    bool color;   // of standard output
    bool error_color;
} terminal;

typedef struct cli {
    cli_options options;
    terminal terminal;
    const struct command *command;
    const struct resource_type *resource; // of `ftz zones ...`; NULL for other commands
    ftz_client *client;                   // NULL until cli_client
    schema *known;                        // NULL until cli_known
    schema *served;                       // NULL until cli_served
} cli;

// Looks at the terminal; options are parsed already.
void cli_init(cli *c);
void cli_fini(cli *c);

// The format asked for, or what suits: table on a terminal, JSON elsewhere.
output_format cli_output(const cli *c);

// Opens the client with the first use. Errors: those of ftz_client_open.
nrpc_code cli_client(cli *c, nrpc_status *status);
// The definitions this program was built with. They are known to load.
const schema *cli_known(cli *c);
// The definitions that the server has, asked for once a run. Borrowed. NULL on failure.
const schema *cli_served(cli *c, nrpc_status *status);
// A symbol by its full name, or by the end of it if only one has it ("ZoneService.GetZone");
// what the program does not know it asks the server for. In *served where it was found, if not
// NULL. NULL: NOT_FOUND with reason UNKNOWN_SYMBOL, or why the server could not be asked.
const schema_symbol *cli_symbol(cli *c, const char *name, nrpc_status *status);

// Calls with packed bytes, as ftz_call.
nrpc_code cli_call(cli *c, const schema_method *method, const void *request, size_t size,
                   unsigned flags, nrpc_reply *reply);

// Reports the status on standard error, releases it, and returns its exit code.
int cli_fail(cli *c, nrpc_status *status);
// Reports a mistake in what was typed; returns the exit code of that.
int cli_usage(const cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Flushes standard output. The exit code: 0, or that of a failed write.
int cli_finish(void);

// The commands; each returns the exit code.
int run_resource_list(cli *c);
int run_resource_get(cli *c);
int run_resource_create(cli *c);
int run_resource_update(cli *c);
int run_resource_edit(cli *c);
int run_resource_delete(cli *c);
int run_resource_undelete(cli *c);
int run_call(cli *c);
int run_list(cli *c);
int run_describe(cli *c);
int run_import(cli *c);
int run_export(cli *c);
int run_generate(cli *c);
int run_search(cli *c);
int run_timeline(cli *c);
int run_profile(cli *c);
int run_powers(cli *c);
int run_aggregate(cli *c);
int run_check(cli *c);
int run_watch(cli *c);
int run_history(cli *c);
int run_health(cli *c);
int run_completion(cli *c);
int run_version(cli *c);
int run_help(cli *c);

#endif
