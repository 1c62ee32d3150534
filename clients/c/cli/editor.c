#include "editor.h"

#include "exit_codes.h"
#include "input.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_TEXT = 64 << 20 };
extern char **environ;

static nrpc_code fail(nrpc_status *status, const char *what, const char *path)
{
    return nrpc_status_set(status, NRPC_UNKNOWN, REASON_FILE, "cannot %s %s: %s", what, path,
                           strerror(errno));
}

nrpc_code editor_open(editor *e, const char *suffix, nrpc_status *status)
{
    const char *directory = getenv("TMPDIR");
    if (asprintf(&e->path, "%s/ftz-edit-XXXXXX%s", directory && *directory ? directory : "/tmp",
                 suffix) < 0) {
        e->path = NULL;
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    }
    int fd = mkstemps(e->path, (int)strlen(suffix));
    if (fd >= 0) {
        close(fd);
        return NRPC_OK;
    }
    fail(status, "make", e->path);
    free(e->path);
    e->path = NULL;
    return status->code;
}

static nrpc_code write_file(const char *path, const buffer *text, nrpc_status *status)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return fail(status, "write", path);
    bool written = fwrite(text->data, 1, text->size, file) == text->size;
    return fclose(file) == 0 && written ? NRPC_OK : fail(status, "write", path);
}

static const char *command(void)
{
    const char *visual = getenv("VISUAL"), *plain = getenv("EDITOR");
    return visual && *visual ? visual : plain && *plain ? plain : "vi";
}

// The command may have arguments of its own, so a shell runs it. Ctrl-C is the editor's meanwhile.
static nrpc_code run(const char *path, nrpc_status *status)
{
    char *line;
    if (asprintf(&line, "%s \"$1\"", command()) < 0)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    char *argv[] = {(char *)"sh", (char *)"-c", line, (char *)"sh", (char *)path, NULL};
    pid_t child;
    int ended = 0;
    void (*interrupt)(int) = signal(SIGINT, SIG_IGN);
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    errno = posix_spawn(&child, "/bin/sh", NULL, &attributes, argv, environ);
    bool started = errno == 0;
    while (started && waitpid(child, &ended, 0) < 0 && errno == EINTR)
        ;
    posix_spawnattr_destroy(&attributes);
    signal(SIGINT, interrupt);
    free(line);
    if (!started)
        return fail(status, "start", command());
    if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0)
        return NRPC_OK;
    return nrpc_status_set(status, NRPC_UNKNOWN, REASON_FILE,
                           "the editor, %s, failed; your text is kept in %s", command(), path);
}

nrpc_code editor_run(const editor *e, buffer *text, nrpc_status *status)
{
    if (write_file(e->path, text, status) || run(e->path, status))
        return status->code;
    buffer edited = {.limit = MAX_TEXT};
    if (input_read(e->path, &edited, status)) {
        buffer_fini(&edited);
        return status->code;
    }
    buffer_fini(text);
    *text = edited;
    return NRPC_OK;
}

void editor_discard(const editor *e)
{
    unlink(e->path);
}

void editor_close(editor *e)
{
    free(e->path);
    e->path = NULL;
}
