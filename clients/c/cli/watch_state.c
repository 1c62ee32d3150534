#include "watch_state.h"

#include "base/buffer.h"
#include "exit_codes.h"
#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_STATE = 4096 };

nrpc_code watch_state_read(const char *path, char **since, nrpc_status *status)
{
    buffer text = {.limit = 32 * MAX_STATE};
    *since = NULL;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return NRPC_OK;
    if (!input_read(path, &text, status)) {
        while (text.size && strchr("\r\n ", text.data[text.size - 1]))
            text.size--;
        if (!text.size || text.size > MAX_STATE || memchr(text.data, '\n', text.size))
            nrpc_status_set(status, NRPC_UNKNOWN, REASON_FILE,
                            "%s is no state of a watch: it must hold one line", path);
        else
            *since = strndup((const char *)text.data, text.size);
    }
    buffer_fini(&text);
    return status->code;
}

static nrpc_code fail(const char *path, nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_UNKNOWN, REASON_FILE, "cannot write %s: %s", path,
                           strerror(errno));
}

nrpc_code watch_state_write(const char *path, const char *since, nrpc_status *status)
{
    char *part;
    if (asprintf(&part, "%s.part", path) < 0)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    FILE *file = fopen(part, "w");
    bool written =
        file && fprintf(file, "%s\n", since) > 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (file && fclose(file) != 0)
        written = false;
    if (!written || rename(part, path) != 0)
        fail(path, status);
    free(part);
    return status->code;
}
