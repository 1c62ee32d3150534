#include "options.h"

#include "base/macros.h"
#include "exit_codes.h"
#include "option_keys.h"
#include "schema/suggest.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

bool parse_count(const char *text, int64_t min, int64_t max, int64_t *out)
{
    static const struct {
        const char *name;
        int64_t times;
    } units[] = {{"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}};
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || text[0] < '0' || text[0] > '9')
        return false;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (strcmp(end, units[i].name) == 0 && value <= max / units[i].times &&
            value * units[i].times >= min) {
            *out = value * units[i].times;
            return true;
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

static void take_form(cli_options *o, const char *text, struct argp_state *state)
{
    for (const char *const *word = form_words; *word; word++)
        if (strcmp(text, *word) == 0)
            o->format = *word;
    if (!o->format)
        argp_error(state, "no such form: %s (json, jsonl)", text);
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

// Everything that needs no look of its own.
typedef enum take {
    TAKE_TEXT,
    TAKE_FLAG,
    TAKE_COUNT,
    TAKE_LIST,
} take;

typedef struct binding {
    int key;
    take how;
    size_t offset; // in cli_options
    int64_t min, max;
} binding;

enum { MANY = 1000000000, MAX_PAGE_SIZE = 1000, MAX_EVENTS = 10000000, MAX_ZONES = 100000 };

#define AT(member) offsetof(cli_options, member)

static const binding bindings[] = {
    {'s', TAKE_TEXT, AT(servers), 0, 0},
    {'d', TAKE_TEXT, AT(data), 0, 0},
    {KEY_NO_COLOR, TAKE_FLAG, AT(no_color), 0, 0},
    {KEY_PARENT, TAKE_TEXT, AT(parent), 0, 0},
    {KEY_FILTER, TAKE_TEXT, AT(filter), 0, 0},
    {KEY_ORDER_BY, TAKE_TEXT, AT(order_by), 0, 0},
    {KEY_ALL, TAKE_FLAG, AT(all), 0, 0},
    {KEY_LIMIT, TAKE_COUNT, AT(limit), 1, MANY},
    {KEY_TOTAL, TAKE_FLAG, AT(total), 0, 0},
    {KEY_PAGE_SIZE, TAKE_COUNT, AT(page_size), 1, MAX_PAGE_SIZE},
    {KEY_PAGE_TOKEN, TAKE_TEXT, AT(page_token), 0, 0},
    {KEY_SHOW_DELETED, TAKE_FLAG, AT(show_deleted), 0, 0},
    {KEY_TYPE, TAKE_LIST, AT(types), 0, 0},
    {KEY_KIND, TAKE_LIST, AT(kinds), 0, 0},
    {KEY_SUBJECT, TAKE_LIST, AT(subjects), 0, 0},
    {KEY_LANGUAGE, TAKE_TEXT, AT(language), 0, 0},
    {KEY_DATE, TAKE_TEXT, AT(date), 0, 0},
    {KEY_FROM, TAKE_TEXT, AT(from), 0, 0},
    {KEY_TO, TAKE_TEXT, AT(to), 0, 0},
    {KEY_TEXT, TAKE_TEXT, AT(text), 0, 0},
    {KEY_BY, TAKE_TEXT, AT(by), 0, 0},
    {KEY_SUM, TAKE_TEXT, AT(sum), 0, 0},
    {KEY_EVENT_LIMIT, TAKE_COUNT, AT(event_limit), 1, MAX_PAGE_SIZE},
    {KEY_DESC, TAKE_FLAG, AT(descending), 0, 0},
    {KEY_EXCLUDE_UNKNOWN, TAKE_FLAG, AT(exclude_unknown), 0, 0},
    {KEY_EXCLUDE_OUTSIDE, TAKE_FLAG, AT(exclude_outside), 0, 0},
    {KEY_FAIL, TAKE_FLAG, AT(fail), 0, 0},
    {KEY_SET, TAKE_LIST, AT(sets), 0, 0},
    {KEY_MASK, TAKE_TEXT, AT(mask), 0, 0},
    {KEY_ETAG, TAKE_TEXT, AT(etag), 0, 0},
    {KEY_REQUEST_ID, TAKE_TEXT, AT(request_id), 0, 0},
    {KEY_FORCE, TAKE_FLAG, AT(force), 0, 0},
    {KEY_ALLOW_MISSING, TAKE_FLAG, AT(allow_missing), 0, 0},
    {KEY_VALIDATE_ONLY, TAKE_FLAG, AT(validate_only), 0, 0},
    {KEY_DRY_RUN, TAKE_FLAG, AT(dry_run), 0, 0},
    {KEY_BATCH, TAKE_COUNT, AT(batch), 1, MANY},
    {KEY_SERVER_FIELDS, TAKE_FLAG, AT(server_fields), 0, 0},
    {KEY_EVENTS, TAKE_COUNT, AT(events), 1, MAX_EVENTS},
    {KEY_ZONES, TAKE_COUNT, AT(zones), 1, MAX_ZONES},
    {KEY_SEED, TAKE_COUNT, AT(seed), 1, INT64_MAX},
    {KEY_SINCE, TAKE_TEXT, AT(since), 0, 0},
    {KEY_PREFIX, TAKE_TEXT, AT(prefix), 0, 0},
    {KEY_STATE, TAKE_TEXT, AT(state), 0, 0},
    {KEY_FULL, TAKE_FLAG, AT(full), 0, 0},
    {KEY_BOOKMARKS, TAKE_FLAG, AT(bookmarks), 0, 0},
    {KEY_ONCE, TAKE_FLAG, AT(once), 0, 0},
};

typedef struct parse {
    cli_options *options;
    const struct argp_option *known; // all that may be given
    bool stop_at_argument;
    int first; // argument's index
} parse;

static const char *option_name(const struct argp_state *state, int key)
{
    const struct argp_option *o = ((const parse *)state->input)->known;
    while (o->key != key)
        o++;
    return o->name;
}

// True if the key is bound.
static bool take_bound(cli_options *o, int key, const char *text, struct argp_state *state)
{
    const binding *b = bindings;
    for (; b < bindings + ARRAY_LEN(bindings) && b->key != key; b++)
        ;
    if (b == bindings + ARRAY_LEN(bindings))
        return false;
    void *member = (char *)o + b->offset;
    option_list *list = member;
    switch (b->how) {
    case TAKE_TEXT:
        *(const char **)member = text;
        break;
    case TAKE_FLAG:
        *(bool *)member = true;
        break;
    case TAKE_COUNT:
        if (!parse_count(text, b->min, b->max, member))
            argp_error(state, "--%s is %" PRId64 " to %" PRId64 ", not %s", option_name(state, key),
                       b->min, b->max, text);
        break;
    case TAKE_LIST:
        if (list->count == OPTIONS_MAX_LIST)
            argp_error(state, "at most %d times --%s", OPTIONS_MAX_LIST, option_name(state, key));
        list->items[list->count++] = text;
        break;
    }
    return true;
}

static error_t take_option(int key, char *text, struct argp_state *state)
{
    parse *p = state->input;
    cli_options *o = p->options;
    switch (key) {
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
    case KEY_VIEW:
        take_view(o, text, state);
        break;
    case KEY_FORMAT:
        take_form(o, text, state);
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
        return take_bound(o, key, text, state) ? 0 : ARGP_ERR_UNKNOWN;
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

enum { MAX_OPTIONS = 48 };

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
    parse p = {.options = out, .known = all, .stop_at_argument = stop_at_argument, .first = argc};
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
