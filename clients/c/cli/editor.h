// The user's editor on a temporary file: $VISUAL, else $EDITOR, else vi.
//
// Threads: one at a time. Errors: UNKNOWN with reason REASON_FILE.
#ifndef CLI_EDITOR_H
#define CLI_EDITOR_H

#include "base/buffer.h"

#include <nrpc/status.h>

typedef struct editor {
    char *path; // of the file; NULL: none
} editor;

// suffix: of the file's name, for the editor to tell what it is.
nrpc_code editor_open(editor *e, const char *suffix, nrpc_status *status);
// Writes the text to the file, waits for the editor, and reads it back.
nrpc_code editor_run(const editor *e, buffer *text, nrpc_status *status);
// Removes the file.
void editor_discard(const editor *e);
// The file stays where it is.
void editor_close(editor *e);

#endif
