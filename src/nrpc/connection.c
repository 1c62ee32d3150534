#include "nrpc/server_internal.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <nng/transport/ipc/ipc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ_AHEAD = 16 << 10, // requests are short, and idle connections many
    DRAIN_QUIET_NS = 200000000,
};

void connection_ref(connection *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
}

void connection_unref(connection *c)
{
    if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    link_unref(c->link);
    if (c->spare)
        call_free(c->spare);
    free(c->buckets);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

// --- calls in flight -----------------------------------------------------------------------------

static size_t bucket_of(const uint8_t *header, size_t header_size)
{
    // The id is the last word, counted up by its client: neighbours fall into different buckets.
    return sp_get_u32(header + header_size - 4) % CALL_BUCKETS;
}

bool connection_track(connection *c, nrpc_call *call)
{
    pthread_mutex_lock(&c->lock);
    bool room = c->in_flight < c->server->options.max_calls_per_connection;
    if (room && !c->buckets)
        room = (c->buckets = calloc(CALL_BUCKETS, sizeof *c->buckets)) != NULL;
    bool closed = c->closed;
    if (room && !closed) {
        nrpc_call **bucket = &c->buckets[bucket_of(call->header, call->header_size)];
        call->bucket_next = *bucket;
        call->bucket_link = bucket;
        if (*bucket)
            (*bucket)->bucket_link = &call->bucket_next;
        *bucket = call;
        c->in_flight++;
        call->tracked = true;
        atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&c->lock);
    if (closed)
        call_cancel(call);
    return room;
}

// With the lock. True: it was in the table; the table's reference is the caller's now.
static bool take_out(nrpc_call *call)
{
    if (!call->bucket_link)
        return false;
    *call->bucket_link = call->bucket_next;
    if (call->bucket_next)
        call->bucket_next->bucket_link = call->bucket_link;
    call->bucket_link = NULL;
    return true;
}

void connection_untrack(connection *c, nrpc_call *call)
{
    pthread_mutex_lock(&c->lock);
    bool was = take_out(call);
    pthread_mutex_unlock(&c->lock);
    if (was)
        call_unref(call);
}

nrpc_call *connection_find(connection *c, const uint8_t *header, size_t header_size)
{
    nrpc_call *found = NULL;
    // Only the reading thread puts calls in. Who asks is that thread, or was handed its call by it.
    if (!atomic_load_explicit(&c->in_flight, memory_order_relaxed))
        return NULL;
    pthread_mutex_lock(&c->lock);
    for (found = c->buckets[bucket_of(header, header_size)]; found; found = found->bucket_next)
        if (found->header_size == header_size && !memcmp(found->header, header, header_size))
            break;
    if (found)
        atomic_fetch_add_explicit(&found->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&c->lock);
    return found;
}

static void cancel_all(connection *c)
{
    for (size_t i = 0; i < CALL_BUCKETS; i++) {
        for (;;) {
            pthread_mutex_lock(&c->lock);
            nrpc_call *call = c->buckets ? c->buckets[i] : NULL;
            if (call)
                take_out(call);
            pthread_mutex_unlock(&c->lock);
            if (!call)
                break;
            call_cancel(call);
            call_unref(call);
        }
    }
}

void connection_answered(connection *c)
{
    atomic_fetch_sub_explicit(&c->in_flight, 1, memory_order_acq_rel);
}

// What the kernel has taken may be on its way yet, and a close with unread input resets the
// connection and loses it: so we read on until the peer has been quiet for a while.
bool connection_idle(connection *c)
{
    bool idle =
        !atomic_load_explicit(&c->in_flight, memory_order_acquire) && !link_unwritten(c->link);
    unsigned marks = link_marks(c->link);
    int64_t now = clock_now_ns();
    if (!idle || marks != c->drain_marks || !c->drain_quiet_ns) {
        c->drain_marks = marks;
        c->drain_quiet_ns = now;
        return false;
    }
    return now - c->drain_quiet_ns >= DRAIN_QUIET_NS;
}

// --- what the link tells -------------------------------------------------------------------------

static bool on_message(void *owner, const uint8_t *data, size_t size)
{
    connection *c = owner;
    size_t header_size;
    switch (sp_parse_header(data, size, &header_size)) {
    case SP_DONE:
        call_receive(c, data, header_size, data + header_size, size - header_size);
        return true;
    case SP_DROP:
        return true;
    default:
        return false;
    }
}

static bool on_oversized(void *owner, const uint8_t *head, size_t head_size, uint64_t size)
{
    connection *c = owner;
    size_t header_size, limit = c->server->options.max_message_size;
    switch (sp_parse_header(head, head_size, &header_size)) {
    case SP_DONE:
        break;
    case SP_DROP:
        return true;
    default:
        return false;
    }
    nrpc_status status = {0};
    nrpc_status_set(&status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                    "the request is %llu bytes long; the limit is %zu", (unsigned long long)size,
                    limit);
    nrpc_status_add(&status, "size", "%llu", (unsigned long long)size);
    nrpc_status_add(&status, "limit", "%zu", limit);
    call_refuse(c, head, header_size, &status);
    nrpc_status_fini(&status);
    return true;
}

static void on_closed(void *owner, int error)
{
    (void)error;
    connection *c = owner;
    pthread_mutex_lock(&c->lock);
    c->closed = true;
    pthread_mutex_unlock(&c->lock);
    cancel_all(c);
    server_remove_connection(c->server, c);
    connection_unref(c);
}

static const link_ops ops = {
    .message = on_message,
    .oversized = on_oversized,
    .closed = on_closed,
};

// --- birth ---------------------------------------------------------------------------------------

static void learn_peer(connection *c, nng_stream *stream, nrpc_transport transport)
{
    nrpc_peer *peer = &c->peer;
    peer->transport = transport;
    strcpy(c->identity, "anonymous");
    nng_sockaddr sa;
    if (transport == NRPC_TRANSPORT_IPC) {
        strcpy(peer->address, "unix");
        peer->has_uid = !nng_stream_get_uint64(stream, NNG_OPT_IPC_PEER_UID, &peer->uid);
        if (peer->has_uid)
            snprintf(c->identity, sizeof c->identity, "uid:%llu", (unsigned long long)peer->uid);
        return;
    }
    char host[INET6_ADDRSTRLEN] = "?";
    if (nng_stream_get_addr(stream, NNG_OPT_REMADDR, &sa))
        return;
    if (sa.s_family == NNG_AF_INET) {
        inet_ntop(AF_INET, &sa.s_in.sa_addr, host, sizeof host);
        snprintf(peer->address, sizeof peer->address, "%s:%u", host, ntohs(sa.s_in.sa_port));
    } else if (sa.s_family == NNG_AF_INET6) {
        struct in6_addr a;
        memcpy(&a, sa.s_in6.sa_addr, sizeof a);
        inet_ntop(AF_INET6, &a, host, sizeof host);
        snprintf(peer->address, sizeof peer->address, "[%s]:%u", host, ntohs(sa.s_in6.sa_port));
    }
}

void connection_open(nrpc_server *server, nng_stream *stream, nrpc_transport transport)
{
    connection *c = calloc(1, sizeof *c);
    if (!c) {
        nng_stream_free(stream);
        return;
    }
    c->server = server;
    c->refs = 1; // the list's, until on_closed
    pthread_mutex_init(&c->lock, NULL);
    learn_peer(c, stream, transport);
    link_config config = {
        .protocol = SP_REP,
        .peer = SP_REQ,
        .framing = transport == NRPC_TRANSPORT_IPC ? SP_FRAMING_IPC : SP_FRAMING_TCP,
        .read_ahead = READ_AHEAD,
        .max_message = server->options.max_message_size,
        .input = &server->input,
        .max_total_input = server->options.max_input,
        .max_output = server->options.max_output_per_connection,
        .output = &server->output,
        .max_total_output = server->options.max_output,
    };
    if (link_create(&c->link, stream, &config, &ops, c, NULL)) {
        connection_unref(c);
        return;
    }
    connection_ref(c); // a drain may close it while we are here
    if (server_add_connection(server, c))
        link_start(c->link);
    else
        link_close(c->link); // never started: nothing follows but on_closed
    connection_unref(c);
}
