#include "nrpc/server_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <nng/transport/ipc/ipc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    SWEEP_MS = 1000,
    ACCEPT_PAUSE_MS = 100, // after accept failed: at the limit of open files it fails at once
    DRAIN_LOOK_MS = 5,
    MIN_MESSAGE_SIZE = 4096, // errors fit
};

struct listener {
    nrpc_server *server;
    nng_stream_listener *stream_listener;
    nng_aio *aio;
    nrpc_transport transport;
    char *url; // as bound
    timer pause;
    bool failing; // said so already
    bool closed;  // under server.lock: no accept may be submitted
    bool active;  // an accept or a pause is under way
    listener *next;
};

void nrpc_server_options_init(nrpc_server_options *o)
{
    *o = (nrpc_server_options){
        .max_message_size = 4 << 20,
        .max_connections = 100000,
        .max_calls_per_connection = 1024,
        .max_queued_calls = 4096,
        .max_output_per_connection = 16 << 20,
        .max_output = 256 << 20,
        .max_input = 256 << 20,
        .max_calls = 65536,
        .max_call_memory = 8 << 20,
        .max_memory = 512 << 20,
        .pool_threads = 4,
        .turn_threads = 64,
        .handshake_timeout_ms = 10000,
        .stall_timeout_ms = 30000,
    };
}

// --- connections ---------------------------------------------------------------------------------

bool server_add_connection(nrpc_server *s, connection *c)
{
    pthread_mutex_lock(&s->lock);
    bool room = s->connection_count < s->options.max_connections && !s->full;
    if (room) {
        c->next = s->connections;
        c->prev = &s->connections;
        if (c->next)
            c->next->prev = &c->next;
        s->connections = c;
        s->connection_count++;
    }
    pthread_mutex_unlock(&s->lock);
    return room;
}

void server_remove_connection(nrpc_server *s, connection *c)
{
    pthread_mutex_lock(&s->lock);
    if (c->prev) {
        *c->prev = c->next;
        if (c->next)
            c->next->prev = c->prev;
        c->prev = NULL;
        s->connection_count--;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
}

// Connections that pass the test, each with a reference for the caller, as an array to free.
static connection **pick(nrpc_server *s, bool (*test)(connection *c), size_t *count)
{
    *count = 0;
    pthread_mutex_lock(&s->lock);
    connection **list = malloc((s->connection_count + 1) * sizeof *list);
    for (connection *c = list ? s->connections : NULL; c; c = c->next) {
        if (test(c)) {
            connection_ref(c);
            list[(*count)++] = c;
        }
    }
    pthread_mutex_unlock(&s->lock);
    return list;
}

// Closing calls back into the lists, so it happens without their lock.
static size_t close_those(nrpc_server *s, bool (*test)(connection *c))
{
    size_t count;
    connection **list = pick(s, test, &count);
    for (size_t i = 0; i < count; i++) {
        link_close(list[i]->link);
        connection_unref(list[i]);
    }
    free(list);
    return count;
}

static bool any(connection *c)
{
    (void)c;
    return true;
}

static bool is_stalled(connection *c)
{
    const nrpc_server_options *o = &c->server->options;
    unsigned sweeps = link_sweep(c->link);
    unsigned limit = link_is_open(c->link) ? o->stall_timeout_ms : o->handshake_timeout_ms;
    return sweeps > limit / SWEEP_MS;
}

static void on_sweep(timer *t)
{
    nrpc_server *s = CONTAINER_OF(t, nrpc_server, sweep);
    size_t closed = close_those(s, is_stalled);
    if (closed)
        log_debug("closed connections that stalled", "count=%zu", closed);
    pthread_mutex_lock(&s->lock);
    s->sweeping = !s->stopped;
    if (s->sweeping)
        timer_start(s->timers, &s->sweep, clock_now_ns() + SWEEP_MS * INT64_C(1000000), on_sweep);
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

// --- listeners -----------------------------------------------------------------------------------

// With server.lock.
static void accept_next(listener *l)
{
    l->active = !l->closed;
    if (l->active)
        nng_stream_listener_accept(l->stream_listener, l->aio);
    else
        pthread_cond_broadcast(&l->server->changed);
}

static void on_pause_over(timer *t)
{
    listener *l = CONTAINER_OF(t, listener, pause);
    nrpc_server *s = l->server;
    pthread_mutex_lock(&s->lock);
    accept_next(l);
    pthread_mutex_unlock(&s->lock);
}

// Said once when it begins and once when it ends.
static void note_accept(bool failing, bool was_failing, int rv)
{
    char quoted[LOG_QUOTE_SIZE];
    if (failing && !was_failing)
        log_warn("cannot accept connections; trying again", "error=%s",
                 log_quote(nng_strerror(rv), quoted));
    else if (!failing && was_failing && !rv)
        log_info("accepts connections again", NULL);
}

static void on_accept(void *arg)
{
    listener *l = arg;
    nrpc_server *s = l->server;
    int rv = nng_aio_result(l->aio);
    if (!rv)
        connection_open(s, nng_aio_get_output(l->aio, 0), l->transport);
    // What concerns one peer only is no reason to pause.
    bool pause = rv && rv != NNG_ECLOSED && rv != NNG_ECONNABORTED && rv != NNG_ECONNRESET;
    pthread_mutex_lock(&s->lock);
    bool was_failing = l->failing;
    l->failing = pause;
    if (pause && !l->closed)
        timer_start(s->timers, &l->pause, clock_now_ns() + ACCEPT_PAUSE_MS * INT64_C(1000000),
                    on_pause_over);
    else
        accept_next(l);
    pthread_mutex_unlock(&s->lock);
    note_accept(pause, was_failing, rv);
}

static void listener_free(listener *l)
{
    if (l->stream_listener)
        nng_stream_listener_free(l->stream_listener);
    if (l->aio)
        nng_aio_free(l->aio);
    free(l->url);
    free(l);
}

static nrpc_code listen_failed(const char *url, int rv, nrpc_status *status)
{
    nrpc_status_set(status, rv == NNG_EADDRINVAL ? NRPC_INVALID_ARGUMENT : NRPC_UNAVAILABLE,
                    rv == NNG_EADDRINUSE ? "ADDRESS_IN_USE" : "LISTEN_FAILED",
                    "cannot listen on %s: %s", url, nng_strerror(rv));
    nrpc_status_add(status, "address", "%s", url);
    return nrpc_status_add(status, "error", "%s", nng_strerror(rv));
}

static char *bound_url(listener *l, const char *url)
{
    int port;
    const char *colon = strrchr(url, ':');
    char *out;
    if (l->transport == NRPC_TRANSPORT_TCP &&
        !nng_stream_listener_get_int(l->stream_listener, NNG_OPT_TCP_BOUND_PORT, &port))
        return asprintf(&out, "%.*s:%d", (int)(colon - url), url, port) < 0 ? NULL : out;
    return strdup(url);
}

static bool is_tcp_with_port(const char *url)
{
    const char *colon = strrchr(url, ':');
    return strncmp(url, "tcp://", 6) == 0 && colon > url + 5 && colon[1] && !strpbrk(colon, "]/");
}

nrpc_code nrpc_server_listen(nrpc_server *s, const char *url, nrpc_status *status)
{
    bool ipc = strncmp(url, "ipc://", 6) == 0;
    if (!ipc && !is_tcp_with_port(url)) {
        nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "ADDRESS_INVALID",
                        "cannot listen on %s: an address is tcp://HOST:PORT or ipc:///PATH", url);
        return nrpc_status_add(status, "address", "%s", url);
    }
    listener *l = calloc(1, sizeof *l);
    if (!l)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    l->server = s;
    l->transport = ipc ? NRPC_TRANSPORT_IPC : NRPC_TRANSPORT_TCP;
    // The socket is made before its permissions can be set, so they come from the mask.
    mode_t mask = umask(0077);
    int rv = nng_stream_listener_alloc(&l->stream_listener, url);
    if (!rv && !ipc) // so that the kernel finds out about peers that vanished
        rv = nng_stream_listener_set_bool(l->stream_listener, NNG_OPT_TCP_KEEPALIVE, true);
    if (!rv)
        rv = nng_stream_listener_listen(l->stream_listener);
    umask(mask);
    if (!rv)
        rv = nng_aio_alloc(&l->aio, on_accept, l);
    if (!rv && !(l->url = bound_url(l, url)))
        rv = NNG_ENOMEM;
    if (rv) {
        listener_free(l);
        return listen_failed(url, rv, status);
    }
    pthread_mutex_lock(&s->lock);
    listener **last = &s->listeners;
    while (*last)
        last = &(*last)->next;
    *last = l;
    if (!s->sweeping) {
        s->sweeping = true;
        timer_start(s->timers, &s->sweep, clock_now_ns() + SWEEP_MS * INT64_C(1000000), on_sweep);
    }
    accept_next(l);
    pthread_mutex_unlock(&s->lock);
    return NRPC_OK;
}

const char *nrpc_server_address(const nrpc_server *s, size_t i)
{
    const listener *l = s->listeners;
    while (l && i--)
        l = l->next;
    return l ? l->url : NULL;
}

static bool listeners_busy(const nrpc_server *s)
{
    for (const listener *l = s->listeners; l; l = l->next)
        if (l->active)
            return true;
    return false;
}

static void wait_a_little(nrpc_server *s)
{
    struct timespec until;
    int64_t ns = clock_now_ns() + DRAIN_LOOK_MS * INT64_C(1000000);
    until = (struct timespec){ns / 1000000000, ns % 1000000000};
    pthread_cond_timedwait(&s->changed, &s->lock, &until);
}

static void close_listeners(nrpc_server *s)
{
    pthread_mutex_lock(&s->lock);
    for (listener *l = s->listeners; l; l = l->next) {
        if (l->closed)
            continue;
        l->closed = true;
        if (timer_cancel(s->timers, &l->pause))
            l->active = false;
        nng_stream_listener_close(l->stream_listener);
    }
    while (listeners_busy(s))
        wait_a_little(s);
    pthread_mutex_unlock(&s->lock);
}

// --- life ----------------------------------------------------------------------------------------

nrpc_code nrpc_server_create(nrpc_server **out, const nrpc_server_options *options,
                             nrpc_status *status)
{
    if (!options->pool_threads || !options->turn_threads ||
        options->max_message_size < MIN_MESSAGE_SIZE) {
        nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "INVALID_OPTION",
                        "a server needs a thread, and messages of %d bytes", MIN_MESSAGE_SIZE);
        return NRPC_INVALID_ARGUMENT;
    }
    nrpc_server *s = calloc(1, sizeof *s);
    if (!s)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    s->options = *options;
    s->memory.limit = options->max_memory;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &attr);
    pthread_condattr_destroy(&attr);
    nrpc_code code = timer_wheel_create(&s->timers, status);
    if (!code)
        code = pool_create(&s->workers, options->pool_threads, options->max_queued_calls, status);
    if (!code)
        code =
            pool_create(&s->turn_takers, options->turn_threads, options->max_queued_calls, status);
    if (code) {
        nrpc_server_free(s);
        return code;
    }
    *out = s;
    return NRPC_OK;
}

nrpc_code nrpc_server_add_service(nrpc_server *s, const ProtobufCServiceDescriptor *descriptor,
                                  const nrpc_method *methods, size_t method_count, void *context,
                                  nrpc_status *status)
{
    const ProtobufCServiceDescriptor **services =
        realloc(s->services, (s->service_count + 1) * sizeof *services);
    if (!services)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    s->services = services;
    nrpc_code code =
        method_table_add(&s->methods, descriptor, methods, method_count, context, status);
    if (!code)
        services[s->service_count++] = descriptor;
    return code;
}

const ProtobufCServiceDescriptor *nrpc_server_service(const nrpc_server *s, size_t i)
{
    return i < s->service_count ? s->services[i] : NULL;
}

bool nrpc_server_submit(nrpc_server *server, nrpc_job *job, void (*run)(nrpc_job *job))
{
    return pool_submit(server->workers, job, run);
}

bool nrpc_server_is_draining(const nrpc_server *s)
{
    return atomic_load_explicit(&s->draining, memory_order_relaxed);
}

bool nrpc_server_drain(nrpc_server *s, unsigned timeout_ms)
{
    int64_t until = clock_now_ns() + timeout_ms * INT64_C(1000000);
    atomic_store(&s->draining, true);
    close_listeners(s);
    for (;;) {
        close_those(s, connection_idle);
        pthread_mutex_lock(&s->lock);
        s->full = true; // what was accepted and not yet added is turned away
        size_t left = s->connection_count;
        if (left && clock_now_ns() < until)
            wait_a_little(s);
        pthread_mutex_unlock(&s->lock);
        if (!left || clock_now_ns() >= until)
            break;
    }
    bool clean = true, left;
    do {
        if (close_those(s, any))
            clean = false;
        pthread_mutex_lock(&s->lock);
        s->stopped = true;
        left = s->connection_count || atomic_load_explicit(&s->calls, memory_order_acquire);
        if (left)
            wait_a_little(s);
        pthread_mutex_unlock(&s->lock);
    } while (left);
    return clean;
}

void nrpc_server_free(nrpc_server *s)
{
    if (!s)
        return;
    if (s->workers)
        nrpc_server_drain(s, 0);
    pool_free(s->workers);
    pool_free(s->turn_takers);
    if (s->timers && !timer_cancel(s->timers, &s->sweep)) {
        pthread_mutex_lock(&s->lock); // it is running, and ends because we are stopped
        while (s->sweeping)
            wait_a_little(s);
        pthread_mutex_unlock(&s->lock);
    }
    timer_wheel_free(s->timers);
    while (s->listeners) {
        listener *l = s->listeners;
        s->listeners = l->next;
        listener_free(l);
    }
    method_table_fini(&s->methods);
    free(s->services);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
