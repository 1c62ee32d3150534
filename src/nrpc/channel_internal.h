// The inside of a channel: what its connections (channel.c) and its calls (channel_call.c) share.
//
// A slot is a place for one connection, `connections` of them a channel:
//
//            a call comes                 connected              greeted
//   IDLE ------------------> DIALING ------------------> GREETING -------> OPEN
//    ^                        |   ^                          |               |
//    |   pause over,          |   | next address             |               |
//    |   nobody waits         v   |                          |               |
//    +---------- PAUSED <---- failed <-----------------------+               |
//    |             | pause over, a call waits: DIALING                       |
//    +-----------------------------------------------------------------------+
//                    lost, or retired: takes no new calls, ends with its last
//
// A call is in one place, and whoever takes it out of there (under the lock) ends it:
//
//   NEW ------> WAITING (list of the channel) ------> SENT (table of a connection) ------> ENDED
//
// One lock guards all of it. It is never held while a callback runs, nor while a link is used: a
// link may call back on the thread that uses it.
#ifndef NRPC_CHANNEL_INTERNAL_H
#define NRPC_CHANNEL_INTERNAL_H

#include "nrpc/channel_address.h"
#include "nrpc/envelope.h"
#include "nrpc/link.h"
#include "nrpc/timer.h"

#include <nng/nng.h>
#include <nrpc/client.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct channel_conn channel_conn;
typedef struct channel_slot channel_slot;

typedef enum call_state { CALL_NEW, CALL_WAITING, CALL_SENT, CALL_ENDED } call_state;

struct nrpc_client_call {
    nrpc_channel *channel; // not to be touched once ENDED
    nrpc_reply_fn done;
    void *context;
    atomic_int refs; // of who ends it, of the timer, of the handle
    timer deadline;
    int64_t due_ns;
    uint32_t timeout_ms;
    bool wait_for_ready;
    bool idempotent;
    uint8_t *kept; // the Call without its timeout, of a call that may be sent later or again
    size_t kept_size;

    atomic_int state; // a call_state; this and all below: written under the channel's lock
    bool retried;
    channel_conn *conn; // of SENT
    uint32_t id;
    nrpc_client_call *next, *previous; // of WAITING; next: of a list that is about to end
};

// Calls taken out of their place, to be ended alike once the lock is free.
typedef struct call_list {
    nrpc_client_call *first, *last;
} call_list;

typedef struct conn_entry {
    nrpc_client_call *call;
    uint32_t id;
    uint32_t next_free;
} conn_entry;

struct channel_conn {
    nrpc_channel *channel;
    channel_slot *slot;
    link_t *link;
    const channel_address *address;
    atomic_int refs; // of the link until it has closed, and of who uses it without the lock

    // Under the channel's lock.
    channel_conn *next, *previous; // of all that are not closed
    bool open;
    bool retired;
    bool closing;   // link_close was or is being called
    bool timed_out; // the handshake took too long
    uint32_t in_flight;
    uint32_t sequence; // of request ids
    uint32_t free_entry;
    uint64_t received;      // messages
    uint64_t received_mark; // `received` when the silence was last looked at
    int64_t mark_ns;
    conn_entry table[]; // max_in_flight; a request id's low bits are its index
};

typedef enum slot_state {
    SLOT_IDLE,
    SLOT_DIALING,
    SLOT_GREETING,
    SLOT_OPEN,
    SLOT_PAUSED
} slot_state;

struct channel_slot {
    nrpc_channel *channel;
    nng_aio *aio; // of the dial
    nng_stream_dialer *dialers[CHANNEL_MAX_ADDRESSES];
    timer alarm; // of a dial, a handshake, or a pause

    // Under the channel's lock.
    slot_state state;
    channel_conn *conn; // of GREETING and OPEN
    size_t address;
    size_t failed_addresses;  // since one worked, in this attempt
    unsigned failed_attempts; // in a row
    bool alarm_set;
    int64_t alarm_ns; // CLOCK_NEVER: the alarm is to do nothing
    int64_t moved_ns; // start of the second in which `moves` are counted
    size_t moves;     // for draining
};

struct nrpc_channel {
    nrpc_channel_options options;
    channel_address *addresses;
    size_t address_count;
    nrpc_metadata *metadata; // defaults; one block with their text
    uint32_t id_mask;        // the bits of a request id that are an index
    timer_wheel *wheel;

    pthread_mutex_t lock; // all below
    pthread_cond_t quiet;
    bool closing;
    size_t busy; // dials under way and connections not closed
    size_t idle_slots;
    size_t next_slot;
    channel_conn *conns;
    call_list waiting;
    size_t waiting_count;
    channel_fault fault; // the latest
    channel_slot slots[];
};

// --- channel.c: where calls go ------------------------------------------------------------------

void channel_conn_ref(channel_conn *conn);
void channel_conn_unref(channel_conn *conn);
// With the lock: starts to dial wherever nothing is under way.
void channel_dial_idle(nrpc_channel *channel);
// With the lock: the connection for one more call, or NULL.
channel_conn *channel_pick(nrpc_channel *channel);
// With the lock: whether a call may hope for a connection soon.
bool channel_is_connecting(const nrpc_channel *channel);
// With the lock: milliseconds until the next attempt to connect, 0 if none is planned.
int64_t channel_pause_ms(const nrpc_channel *channel);
// With the lock: no further calls to conn; with `move`, its slot goes on at the next address.
void channel_retire(channel_conn *conn, bool move);
// With the lock: conn's server asks us to go elsewhere.
void channel_drain(channel_conn *conn);
// Releases the lock; closes conn if it is retired and its last call has left.
void channel_unlock_and_close(nrpc_channel *channel, channel_conn *conn);
// The same (conn may be NULL), and sends calls that wait for the room there is now.
void channel_unlock_and_settle(nrpc_channel *channel, channel_conn *conn);

// --- channel_call.c: a call's life --------------------------------------------------------------

// With the lock: moves everything in flight on conn to `lost`, but what is to be sent again to the
// head of the calls waiting.
void channel_take_lost(channel_conn *conn, call_list *lost);
// With the lock: moves the waiting calls to `list`, of those that wait for a server only if `all`.
void channel_take_waiting(nrpc_channel *channel, bool all, call_list *list);
// Without the lock. Ends each UNAVAILABLE for that fault, or with fault NULL CANCELLED, reason
// CHANNEL_CLOSED; retry_ms: RetryInfo.
void channel_end_list(call_list *list, const channel_fault *fault, int64_t retry_ms);
// Without the lock: sends waiting calls as long as there is room.
void channel_send_waiting(nrpc_channel *channel);
// The link's callbacks; owner: a channel_conn.
bool channel_on_message(void *owner, const uint8_t *data, size_t size);
bool channel_on_oversized(void *owner, const uint8_t *head, size_t head_size, uint64_t size);

#endif
