#include "cli.h"

#include "base/buffer.h"
#include "commands.h"

#include <stdio.h>
#include <string.h>

enum { MAX_OPTIONS = 128 };

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

// Every option there is, each name once.
typedef void (*option_fn)(buffer *out, const struct argp_option *option);

typedef struct option_set {
    const struct argp_option *options[MAX_OPTIONS];
    size_t count;
} option_set;

static void collect(option_set *set, const struct argp_option *options)
{
    for (; options && options->key; options++) {
        size_t i = 0;
        while (i < set->count && strcmp(set->options[i]->name, options->name) != 0)
            i++;
        if (i == set->count && i < MAX_OPTIONS)
            set->options[set->count++] = options;
    }
}

static void for_every_option(buffer *out, option_fn put)
{
    option_set set = {0};
    collect(&set, global_options);
    for (const command *c = commands; c->name; c++) {
        collect(&set, c->options);
        for (const command *verb = c->verbs; verb && verb->name; verb++)
            collect(&set, verb->options);
    }
    for (size_t i = 0; i < set.count; i++)
        put(out, set.options[i]);
}

// "|--output|-o", of an option that takes a value.
static void put_pattern(buffer *out, const struct argp_option *o)
{
    if (!o->arg)
        return;
    buffer_printf(out, "|--%s", o->name);
    if (o->key < 0x80)
        buffer_printf(out, "|-%c", o->key);
}

// What its value may be, where that is known.
static void put_value_words(buffer *out, const struct argp_option *o)
{
    const char *const *words = option_words(o);
    if (!words)
        return;
    buffer_printf(out, "    --%s", o->name);
    if (o->key < 0x80)
        buffer_printf(out, "|-%c", o->key);
    buffer_append_text(out, ") next='");
    put_words(out, words);
    buffer_append_text(out, "' ;;\n");
}

// "'zones list'|'zones get'...": commands and their verbs.
static void put_verb_pattern(buffer *out)
{
    const char *bar = "";
    for (const command *c = commands; c->name; c++)
        for (const command *verb = c->verbs; verb && verb->name; verb++) {
            buffer_printf(out, "%s'%s %s'", bar, c->name, verb->name);
            bar = "|";
        }
}

// "import|export": the commands that take files.
static void put_file_commands(buffer *out)
{
    const char *bar = "";
    for (const command *c = commands; c->name; c++)
        if (c->takes_files) {
            buffer_printf(out, "%s%s", bar, c->name);
            bar = "|";
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
                            "    ''");
    for_every_option(out, put_pattern);
    buffer_append_text(out, ") value=$word ;;\n"
                            "    -*) ;;\n"
                            "    *)\n"
                            "      if [ -z \"$typed\" ]; then typed=$word; continue; fi\n"
                            "      case \"$typed $word\" in\n"
                            "      ");
    put_verb_pattern(out);
    buffer_append_text(out, ") typed=\"$typed $word\" ;;\n"
                            "      esac ;;\n"
                            "    esac\n"
                            "  done\n"
                            "  case $typed in\n");
    put_cases(out);
    buffer_append_text(out, "  esac\n"
                            "  case $value in\n");
    for_every_option(out, put_value_words);
    buffer_append_text(out, "    -*) next='' ;;\n  esac\n");
}

static void put_bash(buffer *out)
{
    buffer_append_text(out, "# ftz completion for bash\n"
                            "_ftz() {\n"
                            "  local current=${COMP_WORDS[COMP_CWORD]}\n"
                            "  local before=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n");
    put_posix(out);
    buffer_append_text(out, "  COMPREPLY=($(compgen -W \"$next\" -- \"$current\"))\n"
                            "  case $typed in\n"
                            "  ");
    put_file_commands(out);
    buffer_append_text(out, ") COMPREPLY+=($(compgen -f -- \"$current\")) ;;\n"
                            "  esac\n"
                            "}\n"
                            "complete -F _ftz ftz\n");
}

static void put_zsh(buffer *out)
{
    buffer_append_text(out, "#compdef ftz\n"
                            "_ftz() {\n"
                            "  local before=(\"${(@)words[2,CURRENT-1]}\")\n");
    put_posix(out);
    buffer_append_text(out, "  compadd -- ${=next}\n"
                            "  case $typed in\n"
                            "  ");
    put_file_commands(out);
    buffer_append_text(out,
                       ") _files ;;\n"
                       "  esac\n"
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
        if (option_words(options)) {
            buffer_append_text(out, " -x -a '");
            put_words(out, option_words(options));
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
                          "__fish_seen_subcommand_from",
                          c->name);
            put_commands(out, c->verbs);
            buffer_printf(out, "' -a %s -d ", verb->name);
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
        if (c->takes_files)
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
