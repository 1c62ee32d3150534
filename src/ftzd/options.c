#include "ftzd/options.h"

#include "base/macros.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *argp_program_version = "ftzd " FTZ_VERSION;

enum { USAGE_STATUS = 2 };
enum {
    KEY_ANONYMOUS = 0x100,
    KEY_ECHO,
    KEY_THREADS,
    KEY_CACHE,
    KEY_DRAIN,
    KEY_KEEP_DAYS,
    KEY_KEEP
};

static const struct argp_option argp_options[] = {
    {"listen", 'l', "URL", 0,
     "Serve on this address; may be given again. tcp://HOST:PORT (port 0: "
     "any free one) or ipc:///PATH. Default: tcp://127.0.0.1:17966, the "
     "same on [::1], and $XDG_RUNTIME_DIR/ftz.sock",
     1},
    {"store", 's', "URL", 0,
     "Where the registry is kept: sqlite:PATH. Created if it is not there. "
     "Default: sqlite:$XDG_DATA_HOME/ftz/registry.db",
     1},
    {"seed", 'S', "FILE", 0,
     "Import this file (proto3 JSON of ftz.v1.Registry) before serving; may "
     "be given again. What is there already and equal stays as it is",
     1},
    {"allow-anonymous-writes", KEY_ANONYMOUS, NULL, 0,
     "Let anybody who can connect write. Otherwise only a Unix-socket peer with this server's own "
     "user id, or root, may",
     2},
    {"echo", KEY_ECHO, NULL, 0, "Serve nrpc.v1.EchoService, for tests and measurements", 2},
    {"threads", KEY_THREADS, "N", 0, "Worker threads for reads that may block (default 4)", 3},
    {"cache-mb", KEY_CACHE, "N", 0,
     "Memory for answers ready to send, in MiB; 0: none (default 64)", 3},
    {"keep-changes-days", KEY_KEEP_DAYS, "N", 0,
     "Keep changes made in the last N days, for who follows them or looks back (default 90)", 3},
    {"keep-changes", KEY_KEEP, "N", 0,
     "Keep as many of the newest changes, however old; and always each resource's newest "
     "(default 1000000)",
     3},
    {"drain-ms", KEY_DRAIN, "N", 0,
     "How long calls in flight may take to end after SIGTERM "
     "(default 10000)",
     3},
    {"verbose", 'v', NULL, 0, "Log more", 3},
    {0},
};

static const char doc[] =
    "A registry server for free-trade zones: zones, areas, events and delegated powers, as typed "
    "answers to RPC calls over the Scalability Protocols' REQ/REP."
    "\vIt prints one line for each address it serves, then \"ready\"; log lines go to standard "
    "error. SIGINT or SIGTERM ends it cleanly; a second one at once.\n\n"
    "Examples:\n"
    "  ftzd --seed data/xinjiang.json\n"
    "  ftzd --listen tcp://0.0.0.0:17966 --store sqlite:/var/lib/ftz/registry.db\n"
    "  ftz -s tcp://127.0.0.1:17966 zones list\n\n"
    "Exit status: 0 ended by a signal, 1 could not start or go on, 2 wrong usage.";

static unsigned number(struct argp_state *state, const char *what, const char *arg, unsigned min,
                       unsigned max)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(arg, &end, 10);
    if (errno || end == arg || *end || *arg == '-' || n < min || n > max)
        argp_error(state, "%s is a number from %u to %u, not '%s'", what, min, max, arg);
    return (unsigned)n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 'l':
        if (o->listen_count == OPTIONS_MAX_LISTEN)
            argp_error(state, "at most %d addresses", OPTIONS_MAX_LISTEN);
        o->listen[o->listen_count++] = arg;
        return 0;
    case 's':
        o->store = arg;
        return 0;
    case 'S':
        if (o->seed_count == OPTIONS_MAX_SEED)
            argp_error(state, "at most %d seeds", OPTIONS_MAX_SEED);
        o->seeds[o->seed_count++] = arg;
        return 0;
    case KEY_ANONYMOUS:
        o->allow_anonymous_writes = true;
        return 0;
    case KEY_ECHO:
        o->echo = true;
        return 0;
    case KEY_THREADS:
        o->threads = number(state, "--threads", arg, 1, 256);
        return 0;
    case KEY_CACHE:
        o->cache_bytes = (size_t)number(state, "--cache-mb", arg, 0, 1 << 20) << 20;
        return 0;
    case KEY_DRAIN:
        o->drain_ms = number(state, "--drain-ms", arg, 0, 3600000);
        return 0;
    case KEY_KEEP_DAYS:
        o->upkeep.changes_kept_us =
            number(state, "--keep-changes-days", arg, 1, 36500) * REGISTRY_MIN_CHANGES_KEPT_US;
        return 0;
    case KEY_KEEP:
        o->upkeep.changes_kept = number(state, "--keep-changes", arg, 0, UINT_MAX);
        return 0;
    case 'v':
        o->verbose = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static char *join(const char *scheme, const char *folder, const char *file)
{
    char *out;
    if (asprintf(&out, "%s%s/%s", scheme, folder, file) < 0)
        abort();
    return out;
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

// XDG Base Directory Specification.
static const char *default_store(void)
{
    const char *data = environment("XDG_DATA_HOME");
    if (data)
        return join("sqlite:", data, "ftz/registry.db");
    const char *home = environment("HOME");
    return join("sqlite:", home ? home : ".", ".local/share/ftz/registry.db");
}

void options_parse(options *o, int argc, char **argv)
{
    static const struct argp argp = {argp_options, parse, NULL, doc, NULL, NULL, NULL};
    *o = (options){.threads = 4, .cache_bytes = 64 << 20, .drain_ms = 10000};
    registry_upkeep_init(&o->upkeep);
    argp_err_exit_status = USAGE_STATUS;
    argp_parse(&argp, argc, argv, 0, NULL, o);
    if (!o->store)
        o->store = default_store();
    if (!o->listen_count) {
        o->default_listen = true;
        o->listen[o->listen_count++] = "tcp://127.0.0.1:17966";
        o->listen[o->listen_count++] = "tcp://[::1]:17966";
        const char *runtime = environment("XDG_RUNTIME_DIR");
        if (runtime)
            o->listen[o->listen_count++] = join("ipc://", runtime, "ftz.sock");
    }
}
