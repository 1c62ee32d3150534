#include "cli.h"

#include "base/buffer.h"
#include "base/macros.h"
#include "commands.h"

#include <stdio.h>
#include <string.h>

// Every word that may come next, from the tables that also make --help. Each shell below gets them
// as a case on what was typed before: nothing, a command, or a command and its verb.

static void put_words(buffer *out, const char *const *words)
{
    for (; words && *words; words++)
        buffer_printf(out, " %s", *words);
}

static void put_commands(buffer *out, const command *list)
{
    for (; list->name; list++)
        buffer_printf(out, " %s", list->name);
}

static void put_long_options(buffer *out, const struct argp_option *options)
{
    for (; options && options->key; options++)
        buffer_printf(out, " --%s", options->name);
}

static void put_leaf(buffer *out, const char *name, const command *leaf)
{
    buffer_printf(out, "    '%s') next='", name);
    put_words(out, leaf->words);
    if (leaf->run == run_help)
        put_commands(out, commands);
    put_long_options(out, leaf->options);
    put_long_options(out, global_options);
    buffer_append_text(out, " --help' ;;\n");
}

// The case in the syntax bash and zsh share.
static void put_cases(buffer *out)
{
    buffer_append_text(out, "    '') next='");
    put_commands(out, commands);
    put_long_options(out, global_options);
    buffer_append_text(out, " --help --version' ;;\n");
    for (const command *c = commands; c->name; c++) {
        if (!c->verbs) {
            put_leaf(out, c->name, c);
            continue;
        }
        buffer_printf(out, "    '%s') next='", c->name);
        put_commands(out, c->verbs);
        buffer_append_text(out, " --help' ;;\n");
        for (const command *verb = c->verbs; verb->name; verb++) {
            char name[64];
            snprintf(name, sizeof(name), "%s %s", c->name, verb->name);
            put_leaf(out, name, verb);
        }
    }
}

// "-s|--server|-o|--output": the options that take a value.
static void put_value_options(buffer *out)
{
    const struct argp_option *const tables[] = {global_options, list_options, call_options};
    const char *bar = "";
    for (size_t t = 0; t < ARRAY_LEN(tables); t++)
        for (const struct argp_option *o = tables[t]; o->key; o++) {
            if (!o->arg)
                continue;
            buffer_printf(out, "%s--%s", bar, o->name);
            bar = "|";
            if (o->key < 0x80)
                buffer_printf(out, "|-%c", o->key);
        }
}

// What bash and zsh share, in the syntax of both. In: before, the words typed so far. Out: next,
// what may come now, and typed, the command and its verb.
static void put_posix(buffer *out)
{
    buffer_append_text(out, "  local typed='' next='' word value=''\n"
                            "  for word in \"${before[@]}\"; do\n"
                            "    if [ -n \"$value\" ]; then value=''; continue; fi\n"
                            "    case $word in\n"
                            "    ");
    put_value_options(out);
    buffer_append_text(out, ") value=$word ;;\n"
                            "    -*) ;;\n"
                            "    list|get) typed=\"${typed:+$typed }$word\" ;;\n"
                            "    *) [ -n \"$typed\" ] || typed=$word ;;\n"
                            "    esac\n"
                            "  done\n"
                            "  case $typed in\n");
    put_cases(out);
    buffer_append_text(out, "  esac\n"
                            "  case $value in\n"
                            "    -o|--output) next='");
    put_words(out, output_words);
    buffer_append_text(out, "' ;;\n    --view) next='");
    put_words(out, view_words);
    buffer_append_text(out, "' ;;\n    -*) next='' ;;\n  esac\n");
}

static void put_bash(buffer *out)
{
    buffer_append_text(out, "# ftz completion for bash\n"
                            "_ftz() {\n"
                            "  local current=${COMP_WORDS[COMP_CWORD]}\n"
                            "  local before=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n");
    put_posix(out);
    buffer_append_text(out, "  COMPREPLY=($(compgen -W \"$next\" -- \"$current\"))\n"
                            "  if [ \"$typed\" = import ]; then\n"
                            "    COMPREPLY+=($(compgen -f -- \"$current\"))\n"
                            "  fi\n"
                            "}\n"
                            "complete -F _ftz ftz\n");
}

static void put_zsh(buffer *out)
{
    buffer_append_text(out, "#compdef ftz\n"
                            "_ftz() {\n"
                            "  local before=(\"${(@)words[2,CURRENT-1]}\")\n");
    put_posix(out);
    buffer_append_text(out,
                       "  compadd -- ${=next}\n"
                       "  if [ \"$typed\" = import ]; then _files; fi\n"
                       "}\n"
                       "if [ \"$funcstack[1]\" = _ftz ]; then _ftz; else compdef _ftz ftz; fi\n");
}

// Text between single quotes of fish.
static void put_quoted(buffer *out, const char *text)
{
    buffer_append_byte(out, '\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            buffer_append_byte(out, '\\');
        buffer_append_byte(out, (uint8_t)*text);
    }
    buffer_append_text(out, "'\n");
}

static void put_fish_options(buffer *out, const char *condition, const struct argp_option *options)
{
    for (; options && options->key; options++) {
        buffer_printf(out, "complete -c ftz%s%s%s -l %s", condition ? " -n '" : "",
                      condition ? condition : "", condition ? "'" : "", options->name);
        if (options->key < 0x80)
            buffer_printf(out, " -s %c", options->key);
        if (strcmp(options->name, "output") == 0 || strcmp(options->name, "view") == 0) {
            buffer_append_text(out, " -x -a '");
            put_words(out, strcmp(options->name, "view") == 0 ? view_words : output_words);
            buffer_append_byte(out, '\'');
        } else if (options->arg) {
            buffer_append_text(out, " -x");
        }
        buffer_append_text(out, " -d ");
        put_quoted(out, options->doc);
    }
}

static void put_fish(buffer *out)
{
    buffer_append_text(out, "# ftz completion for fish\ncomplete -c ftz -f\n");
    put_fish_options(out, NULL, global_options);
    for (const command *c = commands; c->name; c++) {
        char condition[128];
        buffer_printf(out, "complete -c ftz -n __fish_use_subcommand -a %s -d ", c->name);
        put_quoted(out, c->summary);
        for (const command *verb = c->verbs; verb && verb->name; verb++) {
            buffer_printf(out,
                          "complete -c ftz -n '__fish_seen_subcommand_from %s; and not "
                          "__fish_seen_subcommand_from list get' -a %s -d ",
                          c->name, verb->name);
            put_quoted(out, verb->summary);
            snprintf(condition, sizeof(condition),
                     "__fish_seen_subcommand_from %s; and __fish_seen_subcommand_from %s", c->name,
                     verb->name);
            put_fish_options(out, condition, verb->options);
        }
        snprintf(condition, sizeof(condition), "__fish_seen_subcommand_from %s", c->name);
        put_fish_options(out, condition, c->options);
        if (c->words) {
            buffer_printf(out, "complete -c ftz -n '%s' -a '", condition);
            put_words(out, c->words);
            buffer_append_text(out, "'\n");
        }
        if (c->run == run_import)
            buffer_printf(out, "complete -c ftz -n '%s' -F\n", condition);
    }
}

int run_completion(cli *c)
{
    const char *shell = c->options.args[0];
    buffer out = {0};
    if (strcmp(shell, "bash") == 0)
        put_bash(&out);
    else if (strcmp(shell, "zsh") == 0)
        put_zsh(&out);
    else if (strcmp(shell, "fish") == 0)
        put_fish(&out);
    else
        return cli_usage(c, "no completion for %s (bash, zsh, fish)", shell);
    fwrite(out.data, 1, out.size, stdout);
    buffer_fini(&out);
    return cli_finish();
}
