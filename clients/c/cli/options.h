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

enum { OPTIONS_MAX_HEADERS = 64, OPTIONS_MAX_LIST = 64 };

// An option that may be repeated.
typedef struct option_list {
    const char *items[OPTIONS_MAX_LIST];
    size_t count;
} option_list;

typedef struct cli_options {
    const char *servers; // NULL: the default
    output_format output;
    uint32_t timeout_ms; // 0: the default
    bool no_color;
    nrpc_metadata headers[OPTIONS_MAX_HEADERS];
    size_t header_count;
    // of what is read in pages
    const char *parent;
    const char *filter;
    const char *order_by;
    const char *view; // an enum value's name
    const char *page_token;
    int64_t page_size; // 0: the default, here and below
    int64_t limit;
    bool all;
    bool show_deleted;
    bool total;
    // of queries
    option_list types;
    option_list kinds;
    option_list subjects;
    const char *language;
    const char *date;
    const char *from, *to;
    const char *text;
    const char *by, *sum;
    int64_t event_limit;
    bool descending;
    bool exclude_unknown;
    bool exclude_outside;
    bool fail;
    // of writes
    const char *data;
    option_list sets;
    const char *mask;
    const char *etag;
    const char *request_id;
    bool force;
    bool allow_missing;
    bool validate_only;
    // of import, export, generate, watch
    bool dry_run;
    int64_t batch;
    const char *format; // one of form_words
    bool server_fields;
    int64_t events, zones, seed;
    const char *since;
    const char *prefix;
    const char *state;
    bool full;
    bool bookmarks;
    bool once;
    // what is no option
    char **args;
    size_t arg_count;
} cli_options;

// Of every command, of `list` of a resource, and so on: zero-terminated, for argp and completion.
// Those of a resource's verbs begin with --parent, which resources without a parent do not have.
extern const struct argp_option global_options[];
extern const struct argp_option list_options[];
extern const struct argp_option get_options[];
extern const struct argp_option create_options[];
extern const struct argp_option update_options[];
extern const struct argp_option edit_options[];
extern const struct argp_option delete_options[];
extern const struct argp_option delete_tree_options[]; // of what others lie in: no --parent
extern const struct argp_option undelete_options[];
extern const struct argp_option history_options[];
extern const struct argp_option call_options[];
extern const struct argp_option import_options[];
extern const struct argp_option export_options[];
extern const struct argp_option generate_options[];
extern const struct argp_option search_options[];
extern const struct argp_option timeline_options[];
extern const struct argp_option profile_options[];
extern const struct argp_option powers_options[];
extern const struct argp_option aggregate_options[];
extern const struct argp_option check_options[];
extern const struct argp_option watch_options[];
extern const char *const output_words[]; // NULL-terminated
extern const char *const view_words[];
extern const char *const form_words[]; // of a file of records
extern const char *const type_words[]; // of resources: "Zone"
extern const char *const timeline_kind_words[];

// The words an option's value is one of; NULL if it may be anything.
const char *const *option_words(const struct argp_option *option);

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
// A whole number in digits, perhaps with k, M or G behind it, from min to max.
bool parse_count(const char *text, int64_t min, int64_t max, int64_t *out);
// The candidate most like word, or NULL. candidates: NULL-terminated.
const char *suggest_word(const char *word, const char *const *candidates);

#endif
