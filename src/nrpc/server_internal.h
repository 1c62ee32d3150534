// What server.c, connection.c and call.c share. Nothing else includes it.
//
// References. A server outlives its connections, a connection its calls: a detached call holds its
// connection; a connection is on the server's list until its link has closed.
// Locks, always taken in this order: server.lock, connection.lock; a link's lock is innermost and
// never held while calling out.
#ifndef NRPC_SERVER_INTERNAL_H
#define NRPC_SERVER_INTERNAL_H

#include "base/arena.h"
#include "nrpc/envelope.h"
#include "nrpc/link.h"
#include "nrpc/method.h"
#include "nrpc/pool.h"
#include "nrpc/timer.h"

#include <nrpc/server.h>
#include <pthread.h>

typedef struct connection connection;
typedef struct listener listener;

enum { MAX_REPLY_METADATA = 4, CALL_BUCKETS = 64, CALL_FIRST_MEMORY = 3072 };

struct nrpc_server {
    nrpc_server_options options;
    method_table methods;
    const ProtobufCServiceDescriptor **services;
    size_t service_count;
    timer_wheel *timers;
    pool *workers;
    pool *turn_takers;
    arena_budget memory;
    atomic_size_t output; // unwritten bytes of all connections
    atomic_size_t input;  // of half-received long messages
    atomic_bool draining;
    atomic_size_t calls; // detached calls not yet freed

    pthread_mutex_t lock;
    pthread_cond_t changed; // a connection or listener has gone
    listener *listeners;
    connection *connections;
    size_t connection_count;
    timer sweep;
    bool sweeping;
    bool full;    // takes no further connections
    bool stopped; // sweeps no more
};

// --- calls (call.c) ------------------------------------------------------------------------------

// Where a call is, and where it may go:
//
//   on the reading thread -> detached -> answered -> freed
//                |                          ^
//                +--------------------------+
struct nrpc_call {
    nrpc_server *server;
    connection *conn;
    const method *method;
    const ProtobufCMessage *request;
    arena memory;
    int64_t deadline_ns;
    atomic_int refs;      // the handler, the reader, the connection's table, each timer
    atomic_bool answered; // set once, by whoever sends the reply
    atomic_bool cancelled;
    const atomic_bool *cancel_flag; // own, or that of the outermost call
    bool detached;
    bool tracked; // counted among its connection's calls, until it is answered
    uint8_t header[SP_MAX_HEADER];
    size_t header_size;
    nrpc_call *bucket_next, **bucket_link; // in the connection's table
    timer deadline;
    timer sleep;
    int64_t wake_ns;
    void (*resume)(nrpc_call *, void *);
    void *resume_context;
    pool_job job;
    nrpc_handler pool_handler;
    const envelope_entry *metadata; // of the request, NUL-terminated copies
    size_t metadata_count;
    envelope_entry reply_metadata[MAX_REPLY_METADATA];
    size_t reply_metadata_count;
    const nrpc_child_ops *child_ops; // of a call inside a batch
    void *child_context;
    nrpc_call *parent;
    _Alignas(16) char first_memory[CALL_FIRST_MEMORY];
};

// A request's bytes, behind the SP header. Runs or queues it; any outcome is answered.
void call_receive(connection *c, const uint8_t *header, size_t header_size, const uint8_t *data,
                  size_t size);
// Answers a request that never became a call.
void call_refuse(connection *c, const uint8_t *header, size_t header_size,
                 const nrpc_status *status);
void call_free(nrpc_call *call);
void call_unref(nrpc_call *call);
// Sets the cancel flag and wakes what waits. The handler still answers.
void call_cancel(nrpc_call *call);
// As call_cancel, and answers the caller with this status.
void call_cancel_with(nrpc_call *call, const nrpc_status *status);

// --- connections (connection.c) ------------------------------------------------------------------

struct connection {
    nrpc_server *server;
    link_t *link;
    nrpc_peer peer;
    char identity[32];
    atomic_int refs;
    nrpc_call *spare;         // of the reading thread
    connection *next, **prev; // under server.lock

    pthread_mutex_t lock;    // all below: the calls in flight, by SP header
    nrpc_call **buckets;     // NULL until the first
    atomic_size_t in_flight; // tracked and not yet answered
    bool closed;

    unsigned drain_marks; // of the thread that drains: the link's marks, and since when
    int64_t drain_quiet_ns;
};

// Takes stream.
void connection_open(nrpc_server *server, nng_stream *stream, nrpc_transport transport);
void connection_ref(connection *c);
void connection_unref(connection *c);
// Puts a call among those in flight. False: too many.
bool connection_track(connection *c, nrpc_call *call);
// Takes it out of the table, so that its id is free before its reply leaves. It still counts.
void connection_untrack(connection *c, nrpc_call *call);
// Its reply is with the link, or will never be.
void connection_answered(connection *c);
// A call in flight with this header, with a reference for the caller; NULL.
nrpc_call *connection_find(connection *c, const uint8_t *header, size_t header_size);
// Nothing in flight, nothing unwritten, and for a while nothing read or written. For the thread
// that drains.
bool connection_idle(connection *c);

// --- the server's lists (server.c) ---------------------------------------------------------------

// False: the server has as many as it may, or is stopping.
bool server_add_connection(nrpc_server *server, connection *c);
void server_remove_connection(nrpc_server *server, connection *c);

#endif
