// The table of commands: what they are called, what they take, how they teach. Dispatch, --help and
// completion are made from it. Constant data.
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "base/buffer.h"
#include "cli.h"

typedef struct command {
    const char *name;
    const char *args; // "METHOD"; NULL: none
    unsigned min_args, max_args;
    const char *summary;
    const char *details;               // how, and examples; may be NULL
    const struct argp_option *options; // its own; may be NULL
    const char *const *words;          // what its first argument may be, for completion
    bool takes_files;                  // as arguments, for completion
    int (*run)(cli *c);
    const struct command *verbs;          // instead of run: `list`, `get` ...; ended by a zero
    const struct resource_type *resource; // that the verbs are about
} command;

extern const command commands[]; // ended by a zero

// NULL if there is none of this name.
const command *command_find(const command *list, const char *name);
// The name most like this one; NULL if none is near.
const char *command_suggest(const command *list, const char *name);

// The text of --help before and behind the options, parted by \v as argp wants it. verb: NULL for
// commands without.
void command_put_doc(buffer *out, const command *c, const command *verb);
// What stands behind `ftz zones`: "list|get|... [ARGUMENT...]".
void command_put_verbs(buffer *out, const command *c);
// The same for `ftz zones` without its verb, and for `ftz` alone.
void command_put_group_doc(buffer *out, const command *c);
void commands_put_doc(buffer *out);
// The texts of --help for `ftz`, `ftz zones`, `ftz zones list`: writes it.
void command_print_help(FILE *out, const command *c, const command *verb);

#endif
