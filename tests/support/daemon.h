// The real ftzd as a child process, for tests that talk to it from outside.
//
// Each has a directory of its own below /tmp, with the store and the Unix socket, and listens on
// free ports. It dies with the test program, however that ends. Failures to start fail the test.
// Threads: the one that started it, and no other.
#ifndef TESTS_DAEMON_H
#define TESTS_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct ftzd {
    pid_t pid; // 0: not running
    char dir[64];
    char tcp[64], ipc[128]; // addresses as it printed them
    char store_id[64];      // as it printed it
    char output[8192];      // what it has printed, up to "ready"
    int out;                // the pipe that its standard output ends in
} ftzd;

// Makes the directory, and with it the URLs below.
void ftzd_init(ftzd *d);
// Ends the daemon if it runs, and removes the directory. Zeroed is valid.
void ftzd_fini(ftzd *d);

// Runs `ftzd --listen tcp://127.0.0.1:0 --listen ipc://DIR/ftz.sock --store sqlite:DIR/registry.db`
// and these arguments (NULL-terminated), and returns when it is ready. May be called again after it
// has ended: the directory stays.
void ftzd_start(ftzd *d, const char *const *args);
// SIGTERM, and the exit code; what it wrote to standard error is shown if that is not 0.
int ftzd_stop(ftzd *d);
void ftzd_signal(ftzd *d, int signal);
// Waits for its end: the exit code, or 128 + the signal. Fails the test after 20 seconds.
int ftzd_wait(ftzd *d);

// A program from start to end: the exit code. argv is NULL-terminated. out and err receive what it
// printed, cut to their size; either may be NULL.
int run_program(const char *const *argv, char *out, size_t out_size, char *err, size_t err_size);
// The same for ftzd with these arguments.
int run_ftzd(const char *const *args, char *out, size_t out_size, char *err, size_t err_size);

// Of the running daemon: resident memory and open files; -1 if it cannot be known.
long ftzd_memory_kb(const ftzd *d);
int ftzd_open_files(const ftzd *d);

#endif
