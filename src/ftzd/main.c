// The daemon: opens the store, the registry and the server, in that order, serves until a signal,
// and closes them in reverse. The only place that names every part.
#include "base/log.h"
#include "base/macros.h"
#include "ftzd/options.h"
#include "ftzd/upkeep.h"
#include "registry/registry.h"
#include "registry/write/import.h"
#include "service/service.h"
#include "store/store.h"

#include "base/buffer.h"
#include "base/clock.h"

#include <errno.h>
#include <nrpc/server.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MAX_SEED_BYTES = 256 << 20, SHOWN_VIOLATIONS = 20 };

typedef struct daemon {
    options options;
    store *store;
    registry *registry;
    services *services;
    nrpc_server *server;
    upkeep *upkeep;
    atomic_bool drained;
} daemon_t;

// Says why on standard error, as a person would want to read it.
static int fail(const char *doing, nrpc_status *status)
{
    fprintf(stderr, "ftzd: %s: %s (%s", doing, status->message ? status->message : "failed",
            nrpc_code_name(status->code));
    fprintf(stderr, status->reason ? ", %s)\n" : ")\n", status->reason);
    for (size_t i = 0; i < status->violation_count; i++) {
        if (i == SHOWN_VIOLATIONS) {
            fprintf(stderr, "  ... and %zu more\n", status->violation_count - i);
            break;
        }
        const nrpc_violation *v = &status->violations[i];
        fprintf(stderr, "  %s: %s (%s)\n", v->field, v->description, v->reason);
    }
    nrpc_status_fini(status);
    return EXIT_FAILURE;
}

static nrpc_code read_seed(const char *path, buffer *out, nrpc_status *status)
{
    enum { PIECE = 1 << 16 };
    FILE *f = fopen(path, "rb");
    if (!f)
        return nrpc_status_set(status, NRPC_NOT_FOUND, "FILE_NOT_READ", "cannot read %s: %s", path,
                               strerror(errno));
    size_t n;
    do {
        uint8_t *p = buffer_reserve(out, PIECE);
        n = p ? fread(p, 1, PIECE, f) : 0;
        out->size += n;
    } while (n);
    if (out->failed)
        nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "FILE_TOO_LARGE",
                        "%s is larger than %d bytes: import it with ftz import", path,
                        MAX_SEED_BYTES);
    else if (ferror(f))
        nrpc_status_set(status, NRPC_UNAVAILABLE, "FILE_NOT_READ", "cannot read %s: %s", path,
                        strerror(errno));
    fclose(f);
    return status->code;
}

static nrpc_code import_seed(daemon_t *d, const char *path, nrpc_status *status)
{
    buffer text = {.limit = MAX_SEED_BYTES};
    registry_import result;
    store_context context = {.deadline_ns = CLOCK_NEVER, .actor = "seed", .request_id = ""};
    nrpc_code code = read_seed(path, &text, status);
    if (!code)
        code = registry_import_json(d->registry, &context, path, (const char *)text.data, text.size,
                                    &result, status);
    if (!code)
        printf("seeded from %s: %lld created, %lld updated, %lld unchanged\n", path,
               (long long)result.created, (long long)result.updated, (long long)result.unchanged);
    buffer_fini(&text);
    return code;
}

static nrpc_code listen_everywhere(daemon_t *d, nrpc_status *status)
{
    size_t bound = 0;
    for (size_t i = 0; i < d->options.listen_count; i++) {
        const char *url = d->options.listen[i];
        if (nrpc_server_listen(d->server, url, status)) {
            // Of the defaults the first must be had; a host may lack IPv6, or the folder of the
            // socket. An address in use means another server.
            bool optional =
                d->options.default_listen && i > 0 && strcmp(status->reason, "ADDRESS_IN_USE") != 0;
            if (!optional)
                return status->code;
            char quoted[LOG_QUOTE_SIZE];
            log_warn("does not serve a default address", "address=%s error=%s", url,
                     log_quote(status->message, quoted));
            nrpc_status_fini(status);
            continue;
        }
        printf("listening on %s\n", nrpc_server_address(d->server, bound++));
    }
    return NRPC_OK;
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static const char *start(daemon_t *d, nrpc_status *status)
{
    const options *o = &d->options;
    if (store_open(o->store, &d->store, status))
        return "cannot open the store";
    registry_options registry_opts;
    registry_options_init(&registry_opts);
    registry_opts.cache_bytes = o->cache_bytes;
    if (registry_open(&d->registry, d->store, &registry_opts, status))
        return "cannot open the registry";
    for (size_t i = 0; i < o->seed_count; i++)
        if (import_seed(d, o->seeds[i], status))
            return "cannot import a seed";
    nrpc_server_options server_opts;
    nrpc_server_options_init(&server_opts);
    server_opts.pool_threads = o->threads;
    service_options service_opts = {.allow_anonymous_writes = o->allow_anonymous_writes,
                                    .echo = o->echo};
    if (nrpc_server_create(&d->server, &server_opts, status) ||
        service_add_all(&d->services, d->server, d->registry, &service_opts, status))
        return "cannot start the server";
    if (listen_everywhere(d, status))
        return "cannot serve";
    if (upkeep_start(&d->upkeep, d->registry, &o->upkeep, status))
        return "cannot look after the registry";
    printf("serving registry %s at revision %lld from %s\n", registry_store_id(d->registry),
           (long long)atomic_load(&d->store->revision), o->store);
    return NULL;
}

static void stop(daemon_t *d)
{
    upkeep_stop(d->upkeep);
    nrpc_server_free(d->server);
    service_free(d->services);
    registry_close(d->registry);
    store_close(d->store);
}

static void *drain(void *arg)
{
    daemon_t *d = arg;
    service_drain(d->services);
    if (!nrpc_server_drain(d->server, d->options.drain_ms))
        log_warn("stopped with connections cut", NULL);
    atomic_store(&d->drained, true);
    kill(getpid(), SIGUSR1); // wakes the wait below
    return NULL;
}

// Until the first signal; then until all is answered, or the second.
static void serve(daemon_t *d, const sigset_t *signals)
{
    int signal;
    sigset_t stop_signals = *signals;
    sigdelset(&stop_signals, SIGUSR1);
    sigwait(&stop_signals, &signal);
    log_info("stopping", "signal=%s", sigabbrev_np(signal));
    pthread_t thread;
    if (pthread_create(&thread, NULL, drain, d)) {
        drain(d);
        return;
    }
    do
        sigwait(signals, &signal);
    while (signal == SIGUSR1 && !atomic_load(&d->drained));
    if (signal != SIGUSR1)
        _exit(EXIT_SUCCESS);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    static daemon_t d; // holds what lives as long as the process
    options_parse(&d.options, argc, argv);
    log_set_level(d.options.verbose ? LOG_DEBUG : LOG_INFO);
    setvbuf(stdout, NULL, _IOLBF, 0);
    raise_file_limit();
    // Before any thread starts, so that all of them leave these to sigwait.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);

    nrpc_status status = {0};
    const char *failed = start(&d, &status);
    if (failed) {
        int code = fail(failed, &status);
        stop(&d);
        return code;
    }
    printf("ready\n");
    serve(&d, &signals);
    stop(&d);
    return EXIT_SUCCESS;
}
