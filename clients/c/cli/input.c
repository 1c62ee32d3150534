#include "input.h"

#include "exit_codes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { STEP_SIZE = 64 * 1024 };

static nrpc_code fail(nrpc_status *status, const char *path)
{
    nrpc_status_set(status, NRPC_UNKNOWN, REASON_FILE, "cannot read %s: %s", path, strerror(errno));
    return nrpc_status_add(status, "file", "%s", path);
}

nrpc_code input_read(const char *path, buffer *out, nrpc_status *status)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (!file)
        return fail(status, path);
    nrpc_code code = NRPC_OK;
    for (;;) {
        uint8_t *room = buffer_reserve(out, STEP_SIZE);
        if (!room) {
            code = nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "INPUT_TOO_LARGE",
                                   "%s is too large", standard ? "the input" : path);
            break;
        }
        size_t count = fread(room, 1, STEP_SIZE, file);
        out->size += count;
        if (count < STEP_SIZE) {
            if (ferror(file))
                code = fail(status, path);
            break;
        }
    }
    if (!standard)
        fclose(file);
    return code;
}
