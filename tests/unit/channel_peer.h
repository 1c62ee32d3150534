// A server made of plain sockets, for what no honest server does, and helpers around a channel.
//
// Each connection is served by a thread of its own that runs the test's function and hangs up when
// it returns. Nothing here asserts on those threads: functions return false when the socket is
// gone.
#ifndef TESTS_CHANNEL_PEER_H
#define TESTS_CHANNEL_PEER_H

#include "nrpc/envelope.h"
#include "support/test.h"

#include <nrpc/client.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct peer peer;
// index: of the connection, from 0 on.
typedef void (*peer_fn)(peer *p, int fd, int index);

enum { PEER_MAX_CONNECTIONS = 256 };

struct peer {
    char url[64];
    uint16_t port;
    void *context;
    peer_fn serve;
    int listener;
    pthread_t thread;
    pthread_mutex_t lock;
    int fds[PEER_MAX_CONNECTIONS]; // -1: closed
    pthread_t threads[PEER_MAX_CONNECTIONS];
    atomic_int accepted;
    atomic_int calls; // read by peer_next, cancels not included
};

// port 0: any. Fails the test when it cannot listen.
peer *peer_start(uint16_t port, peer_fn serve, void *context);
// Hangs up on everybody and waits for the threads.
void peer_stop(peer *p);
// A port that nobody listens on.
uint16_t peer_free_port(void);

bool peer_send(int fd, const void *data, size_t size);
bool peer_recv(int fd, void *data, size_t size);
// Handshakes, ours and theirs.
bool peer_greet(int fd);
bool peer_frame(int fd, const void *data, size_t size);
// Keeps the connection open, reading and ignoring, until the client or peer_stop ends it.
void peer_linger(int fd);

typedef struct peer_call {
    uint32_t id;
    uint8_t *bytes; // of the frame
    envelope_call call;
    char method[64];
} peer_call;

// The next call; free it with peer_call_free.
bool peer_next(peer *p, int fd, peer_call *out);
void peer_call_free(peer_call *call);
bool peer_ok(int fd, uint32_t id, const void *payload, size_t size);
bool peer_ok_with(int fd, uint32_t id, const void *payload, size_t size,
                  const envelope_entry *metadata, size_t count);
bool peer_error(int fd, uint32_t id, nrpc_code code, const char *reason, const char *message);
// Answers each call with its own payload until the connection ends.
void peer_echo(peer *p, int fd, int index);
// Shakes hands and never answers.
void peer_silent(peer *p, int fd, int index);

// --- around the channel -------------------------------------------------------------------------

int64_t now_ms(void);
nrpc_channel *open_channel(const char *urls, const nrpc_channel_options *options);
// Echoes "ping"; fails the test if that does not work.
void assert_echo(nrpc_channel *channel);
// A call that must fail with this; returns how long it took.
int64_t assert_fails(nrpc_channel *channel, const nrpc_call_options *options, nrpc_code code,
                     const char *reason);

// Counts completions of asynchronous calls.
typedef struct tally {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done;
    int codes[17];
    nrpc_reply last;
} tally;

void tally_init(tally *t);
void tally_fini(tally *t);
void tally_add(nrpc_reply *reply, void *context); // an nrpc_reply_fn
// Fails the test if that takes more than 20 s.
void tally_wait(tally *t, int done);

#endif
