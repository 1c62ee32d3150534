#include "support/daemon.h"

#include "support/test.h"

#include "base/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGS = 32, START_MS = 30000, END_MS = 20000 };

void ftzd_init(ftzd *d)
{
    *d = (ftzd){.out = -1};
    strcpy(d->dir, "/tmp/ftz-test-XXXXXX");
    assert_non_null(mkdtemp(d->dir));
}

void ftzd_fini(ftzd *d)
{
    if (d->pid) {
        kill(d->pid, SIGKILL);
        waitpid(d->pid, NULL, 0);
        d->pid = 0;
    }
    if (d->out > 0)
        close(d->out);
    d->out = -1;
    if (!d->dir[0])
        return;
    DIR *dir = opendir(d->dir);
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        char path[384];
        snprintf(path, sizeof path, "%s/%s", d->dir, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(d->dir);
    d->dir[0] = 0;
}

// In the child, between fork and exec.
static void become(const char *const *argv, int out, int err)
{
    // Not even a test that is killed leaves a process behind.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == 1)
        _exit(127);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void first_line(const char *text, const char *prefix, char *out, size_t size)
{
    const char *at = strstr(text, prefix);
    out[0] = 0;
    if (at) {
        at += strlen(prefix);
        snprintf(out, size, "%.*s", (int)strcspn(at, " \n"), at);
    }
}

static void show_errors(const ftzd *d)
{
    char path[96], line[1024];
    snprintf(path, sizeof path, "%s/stderr", d->dir);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        fprintf(stderr, "ftzd: %s", line);
    if (f)
        fclose(f);
}

void ftzd_start(ftzd *d, const char *const *args)
{
    char ipc[128], store[128], path[96];
    snprintf(ipc, sizeof ipc, "ipc://%s/ftz.sock", d->dir);
    snprintf(store, sizeof store, "sqlite:%s/registry.db", d->dir);
    snprintf(path, sizeof path, "%s/stderr", d->dir);
    const char *argv[MAX_ARGS] = {FTZD,      "--listen", "tcp://127.0.0.1:0", "--listen", ipc,
                                  "--store", store};
    size_t count = 7;
    for (; args && *args && count < MAX_ARGS - 1; args++)
        argv[count++] = *args;
    assert_int_equal(d->pid, 0);
    if (d->out > 0)
        close(d->out);
    int pipe_ends[2];
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    int err = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(err >= 0);
    d->pid = fork();
    assert_true(d->pid >= 0);
    if (d->pid == 0)
        become(argv, pipe_ends[1], err);
    close(pipe_ends[1]);
    close(err);
    d->out = pipe_ends[0];
    size_t size = 0;
    int64_t until = clock_now_ns() + START_MS * INT64_C(1000000);
    d->output[0] = 0;
    while (!strstr(d->output, "\nready\n")) {
        struct pollfd p = {d->out, POLLIN, 0};
        ssize_t n = 0;
        if (clock_now_ns() < until && poll(&p, 1, 1000) == 0)
            continue;
        if (clock_now_ns() < until && size < sizeof d->output - 1)
            n = read(d->out, d->output + size, sizeof d->output - 1 - size);
        if (n <= 0) {
            show_errors(d);
            fail_msg("ftzd did not become ready; it said: %s", d->output);
        }
        d->output[size += (size_t)n] = 0;
    }
    first_line(d->output, "listening on tcp:", d->tcp + 4, sizeof d->tcp - 4);
    memcpy(d->tcp, "tcp:", 4);
    first_line(d->output, "listening on ipc:", d->ipc + 4, sizeof d->ipc - 4);
    memcpy(d->ipc, "ipc:", 4);
    first_line(d->output, "serving registry ", d->store_id, sizeof d->store_id);
}

void ftzd_signal(ftzd *d, int signal)
{
    assert_true(d->pid > 0);
    assert_int_equal(kill(d->pid, signal), 0);
}

static int exit_code_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int ftzd_wait(ftzd *d)
{
    int status = 0;
    int64_t until = clock_now_ns() + END_MS * INT64_C(1000000);
    pid_t ended;
    while (!(ended = waitpid(d->pid, &status, WNOHANG))) {
        if (clock_now_ns() > until) {
            show_errors(d);
            fail_msg("ftzd (process %d) did not end", (int)d->pid);
        }
        usleep(5000);
    }
    assert_int_equal(ended, d->pid);
    d->pid = 0;
    return exit_code_of(status);
}

int ftzd_stop(ftzd *d)
{
    ftzd_signal(d, SIGTERM);
    int code = ftzd_wait(d);
    if (code)
        show_errors(d);
    return code;
}

static void read_all(FILE *f, char *out, size_t size)
{
    rewind(f);
    if (out)
        out[fread(out, 1, size - 1, f)] = 0;
    fclose(f);
}

int run_program(const char *const *argv, char *out, size_t out_size, char *err, size_t err_size)
{
    FILE *out_file = tmpfile(), *err_file = tmpfile();
    assert_true(out_file && err_file);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        become(argv, fileno(out_file), fileno(err_file));
    ftzd waited = {.pid = pid};
    int code = ftzd_wait(&waited);
    read_all(out_file, out, out_size);
    read_all(err_file, err, err_size);
    return code;
}

int run_ftzd(const char *const *args, char *out, size_t out_size, char *err, size_t err_size)
{
    const char *argv[MAX_ARGS] = {FTZD};
    for (size_t count = 1; *args && count < MAX_ARGS - 1; args++)
        argv[count++] = *args;
    return run_program(argv, out, out_size, err, err_size);
}

long ftzd_memory_kb(const ftzd *d)
{
    char path[64], line[256];
    long kb = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)d->pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %ld", &kb) == 1)
            break;
    if (f)
        fclose(f);
    return kb;
}

int ftzd_open_files(const ftzd *d)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)d->pid);
    DIR *dir = opendir(path);
    if (!dir)
        return -1;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2; // . and ..
}
