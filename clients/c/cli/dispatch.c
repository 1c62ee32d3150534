#include "dispatch.h"

#include "commands.h"
#include "exit_codes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int unknown_command(const char *kind, const char *name, const command *list)
{
    const char *near = command_suggest(list, name);
    fprintf(stderr, "ftz: there is no %s %s", kind, name);
    if (near)
        fprintf(stderr, "; did you mean %s?", near);
    fputs("\nnext step: see `ftz --help`\n", stderr);
    return EXIT_USAGE;
}

static int wrong_count(const command *leaf, const char *name)
{
    fprintf(stderr, "ftz: usage: %s%s%s\nnext step: see `%s --help`\n", name, leaf->args ? " " : "",
            leaf->args ? leaf->args : "", name);
    return EXIT_USAGE;
}

static int run(cli *c, const command *chosen, const command *verb, int argc, char **argv)
{
    const command *leaf = verb ? verb : chosen;
    char name[64];
    snprintf(name, sizeof(name), "ftz %s%s%s", chosen->name, verb ? " " : "",
             verb ? verb->name : "");
    buffer doc = {0};
    command_put_doc(&doc, chosen, verb);
    options_parse(&c->options, leaf->options, name, leaf->args, (const char *)doc.data, false, argc,
                  argv);
    buffer_fini(&doc);
    if (c->options.arg_count < leaf->min_args || c->options.arg_count > leaf->max_args)
        return wrong_count(leaf, name);
    c->command = chosen;
    c->resource = chosen->resource;
    cli_init(c);
    int code = leaf->run(c);
    cli_fini(c);
    return code;
}

// Options may stand before the command, between it and its verb, and behind.
static int next_word(cli *c, const char *name, const char *args, const char *doc, int argc,
                     char **argv)
{
    return options_parse(&c->options, NULL, name, args, doc, true, argc, argv);
}

static int run_verb(cli *c, const command *chosen, int argc, char **argv)
{
    buffer doc = {0}, verbs = {0};
    char name[64];
    snprintf(name, sizeof(name), "ftz %s", chosen->name);
    command_put_group_doc(&doc, chosen);
    command_put_verbs(&verbs, chosen);
    int first = next_word(c, name, (const char *)verbs.data, (const char *)doc.data, argc, argv);
    buffer_fini(&doc);
    buffer_fini(&verbs);
    if (first == argc) {
        command_print_help(stderr, chosen, NULL);
        return EXIT_USAGE;
    }
    const command *verb = command_find(chosen->verbs, argv[first]);
    if (!verb)
        return unknown_command("verb", argv[first], chosen->verbs);
    return run(c, chosen, verb, argc - first, argv + first);
}

int dispatch(int argc, char **argv)
{
    cli c = {0};
    buffer doc = {0};
    setenv("ARGP_HELP_FMT", "no-dup-args-note", 0); // the user's own wins
    argp_program_version = "ftz " FTZ_VERSION;
    commands_put_doc(&doc);
    int first = next_word(&c, "ftz", "COMMAND [ARGUMENT...]", (const char *)doc.data, argc, argv);
    buffer_fini(&doc);
    if (first == argc) {
        command_print_help(stderr, NULL, NULL);
        return EXIT_USAGE;
    }
    const command *chosen = command_find(commands, argv[first]);
    if (!chosen)
        return unknown_command("command", argv[first], commands);
    if (chosen->verbs)
        return run_verb(&c, chosen, argc - first, argv + first);
    return run(&c, chosen, NULL, argc - first, argv + first);
}

int run_version(cli *c)
{
    (void)c;
    puts(argp_program_version);
    return cli_finish();
}

int run_help(cli *c)
{
    const command *chosen = NULL;
    const command *verb = NULL;
    if (c->options.arg_count > 0) {
        chosen = command_find(commands, c->options.args[0]);
        if (!chosen)
            return unknown_command("command", c->options.args[0], commands);
    }
    if (c->options.arg_count > 1) {
        verb = chosen->verbs ? command_find(chosen->verbs, c->options.args[1]) : NULL;
        if (!verb)
            return unknown_command("verb", c->options.args[1],
                                   chosen->verbs ? chosen->verbs : commands);
    }
    command_print_help(stdout, chosen, verb);
    return cli_finish();
}
