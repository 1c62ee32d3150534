// Bytes from a file or from standard input: all of it, or line by line.
//
// Errors: UNKNOWN with reason REASON_FILE (exit_codes.h), which says why; RESOURCE_EXHAUSTED,
// reason INPUT_TOO_LARGE, where more comes than there is room for. Threads: one at a time.
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "base/buffer.h"

#include <nrpc/status.h>
#include <stdio.h>

// path "-": standard input. NULL on failure.
FILE *input_open(const char *path, nrpc_status *status);
void input_close(FILE *file);
// Appends all that is left. path is for the error.
nrpc_code input_take(FILE *file, const char *path, buffer *out, nrpc_status *status);
// Opens, appends the whole file, closes.
nrpc_code input_read(const char *path, buffer *out, nrpc_status *status);

// What an option says: text itself, @FILE, or - for standard input.
nrpc_code input_argument(const char *argument, buffer *out, nrpc_status *status);

enum { INPUT_MAX_LINE = 16 << 20 };

// Lines of a file in bounded memory. Owns its buffer, borrows file and path.
typedef struct input_lines {
    FILE *file;
    const char *path;
    buffer bytes;
    size_t at;       // of the next line
    size_t consumed; // bytes of the file up to there
    size_t number;   // of the line handed out last, from 1
    bool ended;      // nothing more comes from the file
} input_lines;

// bytes: what has been read of the file already; taken.
void input_lines_init(input_lines *lines, FILE *file, const char *path, buffer *bytes);
void input_lines_fini(input_lines *lines);
// The next line that is not blank, without its end; borrowed until the next call. False at the end
// of the file and on failure, which status tells apart.
bool input_lines_next(input_lines *lines, const char **text, size_t *size, nrpc_status *status);

#endif
