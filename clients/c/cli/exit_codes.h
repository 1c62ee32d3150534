// What the program ends with. The one place that says so, for the code and for --help.
#ifndef CLI_EXIT_CODES_H
#define CLI_EXIT_CODES_H

#include <nrpc/status.h>

enum {
    EXIT_LOCAL = 1,       // a file could not be read, or the output not written
    EXIT_USAGE = 2,       // the command line makes no sense
    EXIT_UNREACHABLE = 3, // no server could be reached
    EXIT_DOUBTS = 4,      // of `ftz check --fail`: there are some
    EXIT_STATUS = 10,     // plus the code of the status that a call ended with
    EXIT_PIPE = 141,      // nobody reads the output any more: as if killed by SIGPIPE
};

// For a text file that could not be read or written; not a reason servers use.
#define REASON_FILE "FILE_ERROR"

int exit_code(const nrpc_status *status);
// The table for --help: a line each.
extern const char exit_codes_help[];

#endif
