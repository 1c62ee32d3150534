// The RPC client: calls over one logical server that is reachable at one or several addresses.
//
//     nrpc_channel *channel;
//     nrpc_status status = {0};
//     if (nrpc_channel_open(&channel, "tcp://127.0.0.1:17966", NULL, &status))
//         return status.code;
//     nrpc_reply reply;
//     if (nrpc_channel_call(channel, "demo.Greeter/Hello", bytes, size, NULL, &reply) == NRPC_OK)
//         use(reply.payload, reply.payload_size);
//     nrpc_reply_fini(&reply);
//     nrpc_channel_free(channel);
//
// A channel owns its connections, its calls in flight and one timer thread. It dials when a call
// needs it, keeps many calls in flight on few connections, and dials again when one is lost.
//
// Where a call goes
//   - To the open connection with the fewest calls in flight.
//   - With none open it waits for the dial under way. When that has failed at every address the
//     call ends UNAVAILABLE; so do calls during the pause before the next attempt (50 ms, doubling
//     up to 5 s, with jitter; RetryInfo says how long). With wait_for_ready it waits instead, until
//     its deadline.
//   - A connection starts at the first address, goes to the next when one fails or says that it is
//     draining, and stays where it works.
//   - A call that was sent is never sent again, unless it is `idempotent`: then once, on another
//     connection, within its deadline.
//
// How a call ends: with what the server replied, or with one of
//   UNAVAILABLE         CONNECTION_REFUSED, HOST_UNREACHABLE, ADDRESS_UNRESOLVED, CONNECT_TIMEOUT,
//                       CONNECT_DENIED, CONNECT_FAILED   nobody could be reached
//                       HANDSHAKE_FAILED   it is no SP REP server, or silent for 10 s
//                       CONNECTION_LOST    hung up with the call in flight
//                       PROTOCOL_ERROR     the server broke the protocol with the call in flight
//   DEADLINE_EXCEEDED   DEADLINE_EXCEEDED  here, shortly after the deadline, so that the server's
//                                          own answer wins if it comes
//   CANCELLED           CANCELLED, CHANNEL_CLOSED
//   RESOURCE_EXHAUSTED  MESSAGE_TOO_LARGE  the request or the reply
//                       TOO_MANY_CALLS     max_in_flight reached on every connection, or as many
//                                          calls waiting for one
//                       OUTPUT_FULL        the server does not take what was sent
//                       OUT_OF_MEMORY
//   INVALID_ARGUMENT    METADATA_INVALID
//   INTERNAL            REPLY_MALFORMED    this reply is no nrpc.v1.Reply; the connection lives on
// Reasons of UNAVAILABLE come with metadata `address` and `error`.
//
// Threads: every function from any thread, nrpc_channel_free and nrpc_channel_call not from inside
// a completion callback.
#ifndef NRPC_CLIENT_H
#define NRPC_CLIENT_H

#include <nrpc/status.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nrpc_channel nrpc_channel;

// An entry beside a request or reply. key: [a-z0-9_.-]+. value: printable ASCII, or any bytes if
// the key ends in "-bin". In a reply value is followed by a NUL that value_size does not count. In
// a request value_size 0 means: up to the NUL.
typedef struct nrpc_metadata {
    const char *key;
    const char *value;
    size_t value_size;
} nrpc_metadata;

// --- what came back -----------------------------------------------------------------------------

// payload and metadata stay valid until nrpc_reply_fini; inside a completion callback only until it
// returns (nrpc_reply_take keeps them longer). There is no payload unless the status is OK.
typedef struct nrpc_reply {
    nrpc_status status;
    const uint8_t *payload;
    size_t payload_size;
    const nrpc_metadata *metadata;
    size_t metadata_count;
    void *memory; // what payload and metadata lie in, if this reply owns it
} nrpc_reply;

// Releases everything, {0} and a reply that was released included.
void nrpc_reply_fini(nrpc_reply *reply);
// Moves `from` to `to`, whose old value is not looked at; what was borrowed is copied. When memory
// has run out *to says RESOURCE_EXHAUSTED. Returns to->status.code.
nrpc_code nrpc_reply_take(nrpc_reply *to, nrpc_reply *from);
// The first entry of that key, or NULL. size may be NULL.
const char *nrpc_reply_metadata(const nrpc_reply *reply, const char *key, size_t *size);
// The payload as a message, checked for everything that protobuf-c does not look at (UTF-8, NUL in
// text, depth, count). The caller frees it with protobuf_c_message_free_unpacked. A reply that is
// not OK: its code, *status untouched, as the reply has it. INTERNAL, reason REPLY_MALFORMED, for a
// payload that is no such message.
nrpc_code nrpc_reply_unpack(const nrpc_reply *reply, const ProtobufCMessageDescriptor *type,
                            ProtobufCMessage **message, nrpc_status *status);

// --- the channel --------------------------------------------------------------------------------

// {0} is the default of each.
typedef struct nrpc_channel_options {
    unsigned connections;        // 1 by default, at most 64
    unsigned max_in_flight;      // calls on one connection; 1,024, at most 65,536
    size_t max_message_size;     // of a frame, both ways, the 4 bytes of SP header included; 4 MiB
    unsigned backoff_min_ms;     // 50
    unsigned backoff_max_ms;     // 5,000
    unsigned connect_timeout_ms; // to reach an address and shake hands; 10,000
    bool connect;                // dial now, in the background, rather than with the first call
    // Sent with every call that has no entry of the same key. Copied.
    const nrpc_metadata *metadata;
    size_t metadata_count;
} nrpc_channel_options;

// urls: one or several, separated by commas, of
//   tcp://HOST:PORT       a name, an IPv4 address, or an IPv6 address in brackets
//   ipc:///PATH, /PATH    a Unix socket
// Nobody is asked yet. options may be NULL. INVALID_ARGUMENT, reason INVALID_ADDRESS (metadata:
// address), INVALID_OPTION or METADATA_INVALID; RESOURCE_EXHAUSTED.
nrpc_code nrpc_channel_open(nrpc_channel **out, const char *urls,
                            const nrpc_channel_options *options, nrpc_status *status);
// Ends the calls that are still in flight as CANCELLED, closes, and returns when no callback runs
// or will run. No other function may be using the channel. NULL is allowed.
void nrpc_channel_free(nrpc_channel *channel);

// {0} is the default of each.
typedef struct nrpc_call_options {
    uint32_t timeout_ms;           // 0: 30,000; at most 600,000
    bool wait_for_ready;           // wait for a server rather than fail
    bool idempotent;               // may be sent twice
    const nrpc_metadata *metadata; // borrowed for the function called
    size_t metadata_count;
} nrpc_call_options;

// Calls and waits. method: "package.Service/Method". request: the packed message. *reply is written
// in every case, its old value is not looked at; the caller releases it. options may be NULL.
// Returns reply->status.code.
nrpc_code nrpc_channel_call(nrpc_channel *channel, const char *method, const void *request,
                            size_t size, const nrpc_call_options *options, nrpc_reply *reply);
// The same; the message is packed where it is sent from.
nrpc_code nrpc_channel_call_message(nrpc_channel *channel, const char *method,
                                    const ProtobufCMessage *request,
                                    const nrpc_call_options *options, nrpc_reply *reply);

// --- asynchronous calls -------------------------------------------------------------------------

// A handle on a call that was started, for those who want to cancel it.
typedef struct nrpc_client_call nrpc_client_call;

// Runs exactly once for each call started, on a thread of the runtime or, before
// nrpc_channel_start, nrpc_client_call_cancel or nrpc_channel_free has returned, on the thread that
// is in it. No lock is held: it may start and cancel calls, but must not block. What it leaves in
// *reply is released when it returns.
typedef void (*nrpc_reply_fn)(nrpc_reply *reply, void *context);

// The request is copied or sent before this returns. call: NULL, or receives a handle that the
// caller releases with nrpc_client_call_unref, before nrpc_channel_free or after it.
void nrpc_channel_start(nrpc_channel *channel, const char *method, const void *request, size_t size,
                        const nrpc_call_options *options, nrpc_reply_fn done, void *context,
                        nrpc_client_call **call);
void nrpc_channel_start_message(nrpc_channel *channel, const char *method,
                                const ProtobufCMessage *request, const nrpc_call_options *options,
                                nrpc_reply_fn done, void *context, nrpc_client_call **call);

// Ends the call as CANCELLED at once and asks the server to give it up. Does nothing if the call
// has ended.
void nrpc_client_call_cancel(nrpc_client_call *call);
void nrpc_client_call_unref(nrpc_client_call *call);

#ifdef __cplusplus
}
#endif

#endif
