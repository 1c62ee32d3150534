// The RPC server: SP REP on any number of addresses, methods from protobuf-c service descriptors.
//
//     nrpc_server_options options;
//     nrpc_server_options_init(&options);
//     nrpc_server_create(&server, &options, &st);
//     nrpc_server_add_service(server, &demo__greeter__descriptor, greeter_methods, 1, NULL, &st);
//     nrpc_server_listen(server, "tcp://127.0.0.1:0", &st);
//     ...
//     nrpc_server_drain(server, 10000);
//     nrpc_server_free(server);
//
// It owns: sockets, connections, framing, calls and their memory, deadlines, the worker pool. It
// leaves to its handlers: what a method means and who may call it. Nothing here knows the services.
//
// A call's life
//
//   read ----> checked, unpacked ----> [QUICK: handler on the reading thread]
//                     |                            |  nrpc_call_detach
//                     +--> queued --> handler on a pool thread --> ... --> answered --> freed
//
// A handler answers each call exactly once, with nrpc_call_reply, nrpc_call_reply_bytes or
// nrpc_call_fail, now or later, from any thread; after that the call must not be touched. When its
// deadline passes, or it is cancelled, the runtime answers for it at once; the handler still owns
// the call and must still answer, to no effect.
//
// Threads: unless said otherwise a function may be called from any thread.
#ifndef NRPC_SERVER_H
#define NRPC_SERVER_H

#include <nrpc/status.h>
#include <protobuf-c/protobuf-c.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nrpc_server nrpc_server;
typedef struct nrpc_call nrpc_call;
struct arena; // base/arena.h

typedef struct nrpc_slice {
    const void *data;
    size_t size;
} nrpc_slice;

// --- the server --------------------------------------------------------------------------------

typedef struct nrpc_server_options {
    size_t max_message_size;          // of a frame, SP header included; bytes
    size_t max_connections;           // beyond it new connections are closed at once
    size_t max_calls_per_connection;  // detached or queued; beyond it RESOURCE_EXHAUSTED
    size_t max_calls;                 // the same of all connections
    size_t max_queued_calls;          // waiting for each pool; beyond it RESOURCE_EXHAUSTED
    size_t max_output_per_connection; // unwritten bytes
    size_t max_output;                // of all connections
    size_t max_input;                 // bytes of half-received long messages, of all connections
    size_t max_call_memory;           // of a call's arena
    size_t max_memory;                // of all arenas
    unsigned pool_threads;
    unsigned turn_threads;         // for NRPC_METHOD_TAKES_TURNS
    unsigned handshake_timeout_ms; // both in whole seconds, rounded up
    unsigned stall_timeout_ms;     // without a byte of a message begun, or taken of those waiting
} nrpc_server_options;

// Defaults: 4 MiB messages, 100,000 connections, 1,024 calls each and 65,536 in all, 4,096 queued,
// 16 MiB and 256 MiB of output, 256 MiB of input, 8 MiB and 512 MiB of memory, 4 threads and 64
// for turns, 10 s, 30 s.
void nrpc_server_options_init(nrpc_server_options *options);

nrpc_code nrpc_server_create(nrpc_server **out, const nrpc_server_options *options,
                             nrpc_status *status);
// Stops at once whatever still runs (see nrpc_server_drain) and frees. NULL is allowed.
void nrpc_server_free(nrpc_server *server);

// url: tcp://HOST:PORT (port 0: any free one; [::1] for IPv6), ipc:///PATH. Connections are taken
// from now on, so services are added first. UNAVAILABLE, reason ADDRESS_IN_USE or LISTEN_FAILED;
// INVALID_ARGUMENT for a URL of another kind. From one thread, before others make files: the umask
// is changed meanwhile, so that a Unix socket is its owner's alone.
nrpc_code nrpc_server_listen(nrpc_server *server, const char *url, nrpc_status *status);
// The i-th address as bound, ports filled in; NULL beyond the last. Borrowed from the server.
const char *nrpc_server_address(const nrpc_server *server, size_t i);

// Graceful stop: closes the listeners, answers new calls UNAVAILABLE (reason DRAINING), lets calls
// in flight end and their replies be written and taken, then closes. After timeout_ms what remains
// is cut. Returns when all is closed and every handler has answered its call: one that does not
// look at nrpc_call_cancelled is waited for. True if nothing was cut.
bool nrpc_server_drain(nrpc_server *server, unsigned timeout_ms);
bool nrpc_server_is_draining(const nrpc_server *server);

// --- methods -----------------------------------------------------------------------------------

// request is unpacked in the call's memory and lives as long as the call. context is the service's.
typedef void (*nrpc_handler)(nrpc_call *call, const ProtobufCMessage *request, void *context);

enum {
    // The handler never blocks and answers from memory: it runs on the thread that read the call.
    // It answers before it returns, or calls nrpc_call_detach or nrpc_call_run_on_pool.
    NRPC_METHOD_QUICK = 1,
    // The answer may be a long wait: not allowed inside a batch.
    NRPC_METHOD_WAITS = 2,
    // Must stand alone, not inside a batch: the batch itself.
    NRPC_METHOD_NO_BATCH = 4,
    // The handler mostly waits for others of its kind, as writers do for a commit that they share:
    // it runs on threads kept for those, so that they hold up nobody else.
    NRPC_METHOD_TAKES_TURNS = 8,
};

typedef struct nrpc_method {
    const char *name; // "GetZone", as in the descriptor
    nrpc_handler handler;
    unsigned flags;
} nrpc_method;

// Before the first nrpc_server_listen. Methods of the descriptor that are not in the table answer
// UNIMPLEMENTED; a name in the table that the descriptor lacks is INVALID_ARGUMENT. descriptor,
// methods and context are borrowed for the server's life.
nrpc_code nrpc_server_add_service(nrpc_server *server, const ProtobufCServiceDescriptor *descriptor,
                                  const nrpc_method *methods, size_t method_count, void *context,
                                  nrpc_status *status);
// The i-th service in the order added; NULL beyond the last.
const ProtobufCServiceDescriptor *nrpc_server_service(const nrpc_server *server, size_t i);

// --- what a call is ------------------------------------------------------------------------------

typedef enum nrpc_transport { NRPC_TRANSPORT_TCP, NRPC_TRANSPORT_IPC } nrpc_transport;

typedef struct nrpc_peer {
    nrpc_transport transport;
    char address[64]; // "127.0.0.1:40312", "[::1]:40312", "unix"
    bool has_uid;     // of a Unix socket's other end
    uint64_t uid;
} nrpc_peer;

const nrpc_peer *nrpc_call_peer(const nrpc_call *call);
// Who calls, as far as is known: "uid:0", "anonymous".
const char *nrpc_call_identity(const nrpc_call *call);
// Full name, "ftz.v1.ZoneService/GetZone".
const char *nrpc_call_method(const nrpc_call *call);
// The first entry of that key; *size without the NUL that follows. NULL: none.
const char *nrpc_call_metadata(const nrpc_call *call, const char *key, size_t *size);
// clock_now_ns() at which the caller no longer waits.
int64_t nrpc_call_deadline_ns(const nrpc_call *call);
// Set when the caller is gone, has cancelled, or the deadline has passed: stop working. May be
// polled through the pointer, which is valid until the call is answered by its handler.
const atomic_bool *nrpc_call_cancelled(const nrpc_call *call);
// Memory that lives as long as the call. Belongs to whichever thread handles the call.
struct arena *nrpc_call_arena(nrpc_call *call);
nrpc_server *nrpc_call_server(const nrpc_call *call);

// --- going on elsewhere --------------------------------------------------------------------------

// A QUICK handler that will answer later says so before it returns. False: too many calls of this
// connection are in flight; the call has been answered RESOURCE_EXHAUSTED, do not touch it.
bool nrpc_call_detach(nrpc_call *call);
// A QUICK handler that finds it must block: runs handler(call, request, context) on the pool. When
// the pool's queue is full the call is answered RESOURCE_EXHAUSTED. Return at once after it.
void nrpc_call_run_on_pool(nrpc_call *call, nrpc_handler handler);
// Runs resume(call, context) after delay_ms on the timer thread (it must not block), or earlier,
// when the call is cancelled; then nrpc_call_cancelled says so. Never before this returns on its
// own thread. The call must be detached or on the pool; one such wait at a time. A call that sleeps
// costs its memory, no thread.
void nrpc_call_sleep(nrpc_call *call, unsigned delay_ms, void (*resume)(nrpc_call *, void *),
                     void *context);

// Ends such a sleep now: resume follows on the timer thread. Nothing happens if the call does not
// sleep, or resume is about to run. The caller sees to it that resume has not answered the call
// yet.
void nrpc_call_wake(nrpc_call *call);

// Work that belongs to no call, on the pool. The job is its owner's, and must live until run is
// called with it. False: the queue is full.
typedef struct nrpc_job {
    struct nrpc_job *next;
    void (*run)(struct nrpc_job *job);
} nrpc_job;
bool nrpc_server_submit(nrpc_server *server, nrpc_job *job, void (*run)(nrpc_job *job));

// --- answering ---------------------------------------------------------------------------------

// An entry of the Reply, copied; before the answer. key and value as wire metadata must be.
void nrpc_call_add_metadata(nrpc_call *call, const char *key, const char *value);
// message may lie anywhere; it is packed before this returns.
void nrpc_call_reply(nrpc_call *call, const ProtobufCMessage *message);
// The packed response in pieces that are written one behind the other.
void nrpc_call_reply_bytes(nrpc_call *call, const nrpc_slice *pieces, size_t count);
// status stays the caller's. An OK status is a bug.
void nrpc_call_fail(nrpc_call *call, const nrpc_status *status);
// The largest response that fits the reply of this call, in bytes.
size_t nrpc_call_max_response(const nrpc_call *call);

// --- calls within calls, and about calls ---------------------------------------------------------

// How a call started by a batch delivers its packed nrpc.v1.Reply: `reserve` gives room for size
// bytes, or NULL if there is none (the reply is then retried as a short RESOURCE_EXHAUSTED error);
// `done` says that they are there. Without a successful `reserve` before it, `done` with size 0
// says that not even an error fitted; with one, that the reply is empty: OK, an empty response.
typedef struct nrpc_child_ops {
    uint8_t *(*reserve)(void *context, size_t size);
    void (*done)(void *context, size_t size);
} nrpc_child_ops;

// Runs the packed nrpc.v1.Call as part of parent: same peer, identity and cancel flag, a deadline
// no later than the parent's. `done` comes before this returns or later, from any thread. The bytes
// must stay until then. A method that is marked WAITS or NO_BATCH answers INVALID_ARGUMENT.
void nrpc_call_start_child(nrpc_call *parent, const void *call_bytes, size_t size,
                           const nrpc_child_ops *ops, void *context);

// Cancels the call with this SP request id on the same connection as `call`. False: there is none.
bool nrpc_call_cancel_sibling(nrpc_call *call, uint32_t id);

#endif
