#include "options.h"

#include "base/macros.h"
#include "exit_codes.h"
#include "schema/suggest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_TIMEOUT = 0x100,
    KEY_HEADER,
    KEY_NO_COLOR,
    KEY_PARENT,
    KEY_ALL,
    KEY_PAGE_SIZE,
    KEY_PAGE_TOKEN,
    KEY_VIEW,
    KEY_SHOW_DELETED,
    KEY_DRY_RUN,
};

const char *const output_words[] = {"table", "json", "ndjson", "csv", NULL};
const char *const view_words[] = {"basic", "full", NULL};

const struct argp_option global_options[] = {
    {"server", 's', "URL[,URL...]", 0,
     "Where the server is: tcp://HOST:PORT or ipc:///PATH. Default: FTZ_SERVER, else "
     "$XDG_RUNTIME_DIR/ftz.sock if it is there, else tcp://127.0.0.1:17966",
     90},
    {"output", 'o', "FORMAT", 0,
     "table, json, ndjson or csv. Default: table on a terminal, json elsewhere", 90},
    {"timeout", KEY_TIMEOUT, "DURATION", 0, "Of each call: 500ms, 5s, 2m. Default: 30s", 90},
    {"header", KEY_HEADER, "KEY=VALUE", 0, "Send this along with each call; may be repeated", 90},
    {"no-color", KEY_NO_COLOR, NULL, 0, "No colour; NO_COLOR=1 does the same", 90},
    {0},
};

const struct argp_option list_options[] = {
    {"parent", KEY_PARENT, "NAME", 0, "List only what lies below it. Default: everything", 0},
    {"all", KEY_ALL, NULL, 0, "Every page, not just the first", 0},
    {"page-size", KEY_PAGE_SIZE, "N", 0, "At most N in a page, 1 to 1000. Default: 50", 0},
    {"page-token", KEY_PAGE_TOKEN, "TOKEN", 0, "Go on where the page before ended", 0},
    {"view", KEY_VIEW, "VIEW", 0, "basic: without citations and remarks; full (default)", 0},
    {"show-deleted", KEY_SHOW_DELETED, NULL, 0, "Deleted ones too", 0},
    {0},
};

const struct argp_option get_options[] = {
    {"parent", KEY_PARENT, "NAME", 0, "What short ids lie below", 0},
    {"view", KEY_VIEW, "VIEW", 0, "basic: without citations and remarks; full (default)", 0},
    {0},
};

const struct argp_option call_options[] = {
    {"data", 'd', "JSON|@FILE|-", 0,
     "The request as JSON, in a file, or on standard input. Default: {}", 0},
    {0},
};

const struct argp_option import_options[] = {
    {"dry-run", KEY_DRY_RUN, NULL, 0, "Check and count, write nothing", 0},
    {0},
};

const char *suggest_word(const char *word, const char *const *candidates)
{
    suggestion s = suggest_begin(word, strlen(word));
    for (; *candidates; candidates++)
        suggest_offer(&s, *candidates);
    return s.best;
}

bool parse_output(const char *text, output_format *out)
{
    static const output_format formats[] = {OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_NDJSON, OUTPUT_CSV};
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (strcmp(text, output_words[i]) == 0) {
            *out = formats[i];
            return true;
        }
    return false;
}

bool parse_duration(const char *text, uint32_t *ms)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}};
    if (!strchr("0123456789.", text[0]) || strspn(text, "0123456789.") == 0)
        return false; // strtod would take more
    char *end;
    double value = strtod(text, &end);
    if (end != text + strspn(text, "0123456789."))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        double result = round(value * units[i].ms);
        if (strcmp(end, units[i].name) == 0) {
            if (!(result >= 1 && result <= 600000))
                return false;
            *ms = (uint32_t)result;
            return true;
        }
    }
    return false;
}

static void take_output(cli_options *o, const char *text, struct argp_state *state)
{
    if (parse_output(text, &o->output))
        return;
    const char *near = suggest_word(text, output_words);
    argp_error(state, "no such output format: %s%s%s%s", text, near ? "; did you mean " : "",
               near ? near : " (table, json, ndjson, csv)", near ? "?" : "");
}

static void take_view(cli_options *o, const char *text, struct argp_state *state)
{
    if (strcmp(text, "basic") == 0)
        o->view = "RESOURCE_VIEW_BASIC";
    else if (strcmp(text, "full") == 0)
        o->view = "RESOURCE_VIEW_FULL";
    else
        argp_error(state, "no such view: %s (basic, full)", text);
}

static void take_header(cli_options *o, char *text, struct argp_state *state)
{
    char *equals = strchr(text, '=');
    if (!equals || equals == text)
        argp_error(state, "a header is KEY=VALUE, not %s", text);
    if (o->header_count == OPTIONS_MAX_HEADERS)
        argp_error(state, "at most %d headers", OPTIONS_MAX_HEADERS);
    *equals = '\0';
    o->headers[o->header_count++] = (nrpc_metadata){.key = text, .value = equals + 1};
}

static void take_page_size(cli_options *o, const char *text, struct argp_state *state)
{
    char *end;
    errno = 0;
    long size = strtol(text, &end, 10);
    if (errno || *end || end == text || size < 1 || size > 1000)
        argp_error(state, "a page size is 1 to 1000, not %s", text);
    o->page_size = (int32_t)size;
}

typedef struct parse {
    cli_options *options;
    bool stop_at_argument;
    int first; // argument's index
} parse;

static error_t take_option(int key, char *text, struct argp_state *state)
{
    parse *p = state->input;
    cli_options *o = p->options;
    switch (key) {
    case 's':
        o->servers = text;
        break;
    case 'o':
        take_output(o, text, state);
        break;
    case KEY_TIMEOUT:
        if (!parse_duration(text, &o->timeout_ms))
            argp_error(state, "a timeout is 1ms to 10m, as in 500ms, 5s, 2m; not %s", text);
        break;
    case KEY_HEADER:
        take_header(o, text, state);
        break;
    case KEY_NO_COLOR:
        o->no_color = true;
        break;
    case KEY_PARENT:
        o->parent = text;
        break;
    case KEY_ALL:
        o->all = true;
        break;
    case KEY_PAGE_SIZE:
        take_page_size(o, text, state);
        break;
    case KEY_PAGE_TOKEN:
        o->page_token = text;
        break;
    case KEY_VIEW:
        take_view(o, text, state);
        break;
    case KEY_SHOW_DELETED:
        o->show_deleted = true;
        break;
    case 'd':
        o->data = text;
        break;
    case KEY_DRY_RUN:
        o->dry_run = true;
        break;
    case ARGP_KEY_ARG:
        if (!p->stop_at_argument)
            return ARGP_ERR_UNKNOWN; // taken by ARGP_KEY_ARGS
        p->first = state->next - 1;
        state->next = state->argc;
        break;
    case ARGP_KEY_ARGS:
        o->args = state->argv + state->next;
        o->arg_count = (size_t)(state->argc - state->next);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_option *find_long(const struct argp_option *options, const char *name,
                                           size_t size, suggestion *near)
{
    for (; options && options->key; options++) {
        suggest_offer(near, options->name);
        if (strncmp(options->name, name, size) == 0)
            return options;
    }
    return NULL;
}

static bool takes_next_word(const struct argp_option *options, char key)
{
    for (; options && options->key; options++)
        if (options->key == key)
            return options->arg != NULL;
    return false;
}

// argp says only that an option is unknown. This looks first, and says which was meant.
static void check_long_options(const struct argp_option *command_options, const char *name,
                               bool stop_at_argument, int argc, char **argv)
{
    static const struct argp_option of_argp[] = {
        {"help", '?', NULL, 0, NULL, 0},
        {"usage", 'u', NULL, 0, NULL, 0},
        {"version", 'V', NULL, 0, NULL, 0},
        {0},
    };
    const struct argp_option *const tables[] = {command_options, global_options, of_argp};
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *word = argv[i];
        if (word[0] != '-' || word[1] == '\0') {
            if (stop_at_argument)
                return;
            continue;
        }
        if (word[1] != '-') {
            if (word[2] == '\0' && (takes_next_word(command_options, word[1]) ||
                                    takes_next_word(global_options, word[1])))
                i++;
            continue;
        }
        size_t size = strcspn(word + 2, "=");
        suggestion near = suggest_begin(word + 2, size);
        const struct argp_option *found = NULL;
        for (size_t t = 0; t < ARRAY_LEN(tables) && !found; t++)
            found = find_long(tables[t], word + 2, size, &near);
        if (!found && near.best) {
            fprintf(stderr, "%s: there is no --%.*s; did you mean --%s?\n", name, (int)size,
                    word + 2, near.best);
            exit(EXIT_USAGE);
        }
        if (found && found->arg && word[2 + size] == '\0')
            i++;
    }
}

enum { MAX_OPTIONS = 32 };

// The command's own options, then those of every command under a heading.
static struct argp make_argp(struct argp_option all[MAX_OPTIONS],
                             const struct argp_option *command_options, const char *args_doc,
                             const char *doc)
{
    size_t count = 0;
    for (; command_options && command_options->key; command_options++)
        all[count++] = *command_options;
    all[count++] = (struct argp_option){.doc = "Options of every command:", .group = 90};
    for (const struct argp_option *o = global_options; o->key; o++)
        all[count++] = *o;
    all[count] = (struct argp_option){0};
    return (struct argp){.options = all, .parser = take_option, .args_doc = args_doc, .doc = doc};
}

int options_parse(cli_options *out, const struct argp_option *command_options, const char *name,
                  const char *args_doc, const char *doc, bool stop_at_argument, int argc,
                  char **argv)
{
    check_long_options(command_options, name, stop_at_argument, argc, argv);
    struct argp_option all[MAX_OPTIONS];
    struct argp argp = make_argp(all, command_options, args_doc, doc);
    parse p = {.options = out, .stop_at_argument = stop_at_argument, .first = argc};
    argp_err_exit_status = EXIT_USAGE;
    argv[0] = (char *)name; // only read
    argp_parse(&argp, argc, argv, stop_at_argument ? ARGP_IN_ORDER : 0, NULL, &p);
    return p.first;
}

void options_help(FILE *out, const struct argp_option *command_options, const char *name,
                  const char *args_doc, const char *doc)
{
    struct argp_option all[MAX_OPTIONS];
    struct argp argp = make_argp(all, command_options, args_doc, doc);
    argp_help(&argp, out, ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC, (char *)name);
}
