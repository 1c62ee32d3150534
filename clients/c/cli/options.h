// What may be written behind `ftz`: options, their values, and how argp reads them.
//
// Pure but for option_parser, which on a mistake reports it and ends the program with exit code 2,
// as argp does.
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <argp.h>
#include <nrpc/client.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef enum output_format {
    OUTPUT_UNSET,
    OUTPUT_TABLE,
    OUTPUT_JSON,
    OUTPUT_NDJSON,
    OUTPUT_CSV,
} output_format;

enum { OPTIONS_MAX_HEADERS = 64 };

typedef struct cli_options {
    const char *servers; // NULL: the default
    output_format output;
    uint32_t timeout_ms; // 0: the default
    bool no_color;
    nrpc_metadata headers[OPTIONS_MAX_HEADERS];
    size_t header_count;
    // of some commands
    const char *parent;
    const char *view; // an enum value's name
    const char *page_token;
    int32_t page_size;
    bool all;
    bool show_deleted;
    const char *data;
    bool dry_run;
    // what is no option
    char **args;
    size_t arg_count;
} cli_options;

// Of every command, of `list` of a resource, and so on: zero-terminated, for argp and completion.
extern const struct argp_option global_options[];
extern const struct argp_option list_options[]; // the first is --parent, here and in the next
extern const struct argp_option get_options[];
extern const struct argp_option call_options[];
extern const struct argp_option import_options[];
extern const char *const output_words[]; // NULL-terminated
extern const char *const view_words[];

// Reads argv into out. command_options may be NULL; name stands in messages, "ftz zones list".
// With stop_at_argument it ends at the first argument that is no option. Returns the index in argv
// of the first argument; options->args are all of them.
int options_parse(cli_options *out, const struct argp_option *command_options, const char *name,
                  const char *args_doc, const char *doc, bool stop_at_argument, int argc,
                  char **argv);
// Writes the help that --help prints.
void options_help(FILE *out, const struct argp_option *command_options, const char *name,
                  const char *args_doc, const char *doc);

// "500ms", "5s", "1.5m", or a number of seconds: 1 ms to 10 min. False for anything else.
bool parse_duration(const char *text, uint32_t *ms);
// "table", "json", "ndjson", "csv".
bool parse_output(const char *text, output_format *out);
// The candidate most like word, or NULL. candidates: NULL-terminated.
const char *suggest_word(const char *word, const char *const *candidates);

#endif
