#include "base/clock.h"
#include "base/pbwire.h"
#include "nrpc/channel_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_TIMEOUT_MS = 30000,
    MAX_TIMEOUT_MS = 600000,
    MIN_GRACE_MS = 20, // by which the server's own word on the deadline may be late
    MAX_GRACE_MS = 250,
    SILENCE_MS = 10000, // without a word from the server, when a deadline passes: dial anew
    ID_SIZE = 4,
};

#define NS_PER_MS INT64_C(1000000)
#define ID_BIT    UINT32_C(0x80000000)
#define CANCEL    "nrpc.v1.ControlService/Cancel"

static nrpc_code set_out_of_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
}

// --- places -------------------------------------------------------------------------------------

static void waiting_insert(nrpc_channel *ch, nrpc_client_call *call, bool first)
{
    call_list *list = &ch->waiting;
    call->next = first ? list->first : NULL;
    call->previous = first ? NULL : list->last;
    *(call->next ? &call->next->previous : &list->last) = call;
    *(call->previous ? &call->previous->next : &list->first) = call;
    ch->waiting_count++;
    call->state = CALL_WAITING;
}

static void waiting_remove(nrpc_channel *ch, nrpc_client_call *call)
{
    *(call->next ? &call->next->previous : &ch->waiting.last) = call->previous;
    *(call->previous ? &call->previous->next : &ch->waiting.first) = call->next;
    call->next = call->previous = NULL;
    ch->waiting_count--;
}

static uint32_t make_id(channel_conn *conn, uint32_t index)
{
    uint32_t mask = conn->channel->id_mask;
    return ID_BIT | (++conn->sequence * (mask + 1) | index);
}

static void table_insert(channel_conn *conn, nrpc_client_call *call)
{
    uint32_t index = conn->free_entry;
    conn_entry *entry = &conn->table[index];
    conn->free_entry = entry->next_free;
    entry->id = make_id(conn, index);
    entry->call = call;
    if (!conn->in_flight++) {
        conn->received_mark = conn->received;
        conn->mark_ns = clock_now_ns();
    }
    call->conn = conn;
    call->id = entry->id;
    call->state = CALL_SENT;
}

static void table_remove(channel_conn *conn, uint32_t id)
{
    uint32_t index = id & conn->channel->id_mask;
    conn_entry *entry = &conn->table[index];
    entry->call = NULL;
    entry->next_free = conn->free_entry;
    conn->free_entry = index;
    conn->in_flight--;
}

// With the lock: out of its place; false if it had ended.
static bool call_take(nrpc_client_call *call)
{
    switch ((call_state)atomic_load(&call->state)) {
    case CALL_NEW:
        break;
    case CALL_WAITING:
        waiting_remove(call->channel, call);
        break;
    case CALL_SENT:
        table_remove(call->conn, call->id);
        break;
    case CALL_ENDED:
        return false;
    }
    call->state = CALL_ENDED;
    return true;
}

static void call_list_push(call_list *list, nrpc_client_call *call)
{
    call->next = NULL;
    *(list->last ? &list->last->next : &list->first) = call;
    list->last = call;
}

void channel_take_lost(channel_conn *conn, call_list *lost)
{
    nrpc_channel *ch = conn->channel;
    int64_t now = clock_now_ns();
    for (uint32_t i = 0; conn->in_flight && i < ch->options.max_in_flight; i++) {
        nrpc_client_call *call = conn->table[i].call;
        if (!call)
            continue;
        if (call->idempotent && !call->retried && !ch->closing && now < call->due_ns) {
            table_remove(conn, call->id);
            call->retried = true;
            waiting_insert(ch, call, true);
        } else {
            call_take(call);
            call_list_push(lost, call);
        }
    }
}

void channel_take_waiting(nrpc_channel *ch, bool all, call_list *list)
{
    for (nrpc_client_call *call = ch->waiting.first, *next; call; call = next) {
        next = call->next;
        if (all || !call->wait_for_ready) {
            call_take(call);
            call_list_push(list, call);
        }
    }
}

// --- the end ------------------------------------------------------------------------------------

void nrpc_client_call_unref(nrpc_client_call *call)
{
    if (!call || atomic_fetch_sub_explicit(&call->refs, 1, memory_order_acq_rel) != 1)
        return;
    free(call->kept);
    free(call);
}

static void call_ref(nrpc_client_call *call)
{
    atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
}

// Of a call that was taken out of its place.
static void call_end(nrpc_client_call *call, nrpc_reply *reply)
{
    if (timer_cancel(call->channel->wheel, &call->deadline))
        nrpc_client_call_unref(call); // the timer's
    call->done(reply, call->context);
    nrpc_reply_fini(reply);
    nrpc_client_call_unref(call);
}

void channel_end_list(call_list *list, const channel_fault *fault, int64_t retry_ms)
{
    for (nrpc_client_call *call = list->first, *next; call; call = next) {
        next = call->next;
        nrpc_reply reply = {0};
        if (fault)
            channel_fault_status(fault, &reply.status);
        else
            nrpc_status_set(&reply.status, NRPC_CANCELLED, "CHANNEL_CLOSED",
                            "the channel was closed");
        if (retry_ms)
            nrpc_status_retry_after(&reply.status, retry_ms);
        call_end(call, &reply);
    }
    *list = (call_list){0};
}

static void on_deadline(timer *t)
{
    nrpc_client_call *call = CONTAINER_OF(t, nrpc_client_call, deadline);
    nrpc_channel *ch = call->channel;
    channel_conn *conn = NULL;
    pthread_mutex_lock(&ch->lock);
    bool sent = call->state == CALL_SENT;
    if (!call_take(call)) {
        pthread_mutex_unlock(&ch->lock);
        nrpc_client_call_unref(call);
        return;
    }
    nrpc_reply reply = {0};
    nrpc_status_set(&reply.status, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED",
                    "the call was not answered within %u ms", call->timeout_ms);
    nrpc_status_add(&reply.status, "timeout_ms", "%u", call->timeout_ms);
    if (sent) {
        conn = call->conn;
        nrpc_status_add(&reply.status, "address", "%s", conn->address->url);
        // A peer that vanished without a word is not seen by TCP for a quarter of an hour.
        int64_t now = clock_now_ns();
        if (conn->received != conn->received_mark) {
            conn->received_mark = conn->received;
            conn->mark_ns = now;
        } else if (now - conn->mark_ns >= SILENCE_MS * NS_PER_MS && !conn->retired) {
            channel_retire(conn, true);
        }
    }
    channel_unlock_and_settle(ch, conn);
    call_end(call, &reply);
    nrpc_client_call_unref(call); // the timer's
}

// --- sending ------------------------------------------------------------------------------------

static void put_id(uint8_t **out, uint32_t id)
{
    sp_put_u32(*out, id);
    *out += ID_SIZE;
}

static nrpc_code send_kept(channel_conn *conn, uint32_t id, const nrpc_client_call *call)
{
    int64_t left_ns = call->due_ns - clock_now_ns();
    uint32_t left_ms = left_ns > 0 ? (uint32_t)((left_ns + NS_PER_MS - 1) / NS_PER_MS) : 1;
    nrpc_code error;
    size_t timeout_size = 1 + pbwire_varint_size(left_ms);
    uint8_t *p = link_reserve(conn->link, ID_SIZE + call->kept_size + timeout_size, &error);
    if (!p)
        return error;
    put_id(&p, id);
    memcpy(p, call->kept, call->kept_size);
    p = pbwire_put_tag(p + call->kept_size, 3, PBWIRE_VARINT);
    pbwire_put_varint(p, left_ms);
    link_commit(conn->link);
    return NRPC_OK;
}

static uint8_t *put_call(uint8_t *p, const envelope_call *e, const ProtobufCMessage *message)
{
    uint8_t *payload, *end = envelope_put_call(p, e, &payload);
    if (message)
        protobuf_c_message_pack(message, payload);
    else if (e->payload.size)
        memcpy(payload, e->payload.data, e->payload.size);
    return end;
}

static nrpc_code send_new(channel_conn *conn, uint32_t id, const envelope_call *e,
                          const ProtobufCMessage *message, size_t size)
{
    nrpc_code error;
    uint8_t *p = link_reserve(conn->link, ID_SIZE + size, &error);
    if (!p)
        return error;
    put_id(&p, id);
    put_call(p, e, message);
    link_commit(conn->link);
    return NRPC_OK;
}

// What becomes of a call that conn did not take. True: it is in the caller's hands again, NEW;
// otherwise it has ended, here or elsewhere. Drops the reference to conn.
static bool call_not_sent(nrpc_client_call *call, channel_conn *conn, uint32_t id, nrpc_code error)
{
    nrpc_channel *ch = call->channel;
    bool again = false, ended = false;
    pthread_mutex_lock(&ch->lock);
    if (error == NRPC_UNAVAILABLE)
        channel_retire(conn, false); // it has closed, and will say so
    if (call->state == CALL_SENT && call->conn == conn && call->id == id) {
        if (error == NRPC_UNAVAILABLE) {
            table_remove(conn, id);
            call->state = CALL_NEW;
            again = true;
        } else {
            ended = call_take(call);
        }
    }
    channel_unlock_and_close(ch, conn);
    if (ended) {
        nrpc_reply reply = {0};
        nrpc_status_set(&reply.status, error, "OUTPUT_FULL", "%s does not take what was sent to it",
                        conn->address->url);
        nrpc_status_add(&reply.status, "address", "%s", conn->address->url);
        call_end(call, &reply);
    }
    channel_conn_unref(conn);
    return again;
}

// With the lock: into conn's table. The caller sends it, and drops the reference to conn.
static uint32_t assign(nrpc_client_call *call, channel_conn *conn)
{
    table_insert(conn, call);
    channel_conn_ref(conn);
    return call->id;
}

void channel_send_waiting(nrpc_channel *ch)
{
    for (;;) {
        pthread_mutex_lock(&ch->lock);
        nrpc_client_call *call = ch->waiting.first;
        channel_conn *conn = call ? channel_pick(ch) : NULL;
        if (!conn) {
            if (call)
                channel_dial_idle(ch);
            pthread_mutex_unlock(&ch->lock);
            return;
        }
        waiting_remove(ch, call);
        uint32_t id = assign(call, conn);
        call_ref(call);
        pthread_mutex_unlock(&ch->lock);
        nrpc_code error = send_kept(conn, id, call);
        if (!error) {
            channel_conn_unref(conn);
        } else if (call_not_sent(call, conn, id, error)) {
            pthread_mutex_lock(&ch->lock);
            if (call->state == CALL_NEW) // nobody ended it meanwhile
                waiting_insert(ch, call, true);
            pthread_mutex_unlock(&ch->lock);
        }
        nrpc_client_call_unref(call);
    }
}

typedef enum placement {
    PLACE_SENT,
    PLACE_WAITING,
    PLACE_KEEP,
    PLACE_REFUSED,
    PLACE_ENDED
} placement;

// With the lock: finds a place for a NEW call. PLACE_KEEP: it has to wait, and what it says must be
// kept for that first.
static placement place(nrpc_client_call *call, channel_conn **conn, nrpc_status *status)
{
    nrpc_channel *ch = call->channel;
    if (call->state == CALL_ENDED)
        return PLACE_ENDED; // its deadline
    if (ch->closing) {
        nrpc_status_set(status, NRPC_CANCELLED, "CHANNEL_CLOSED", "the channel was closed");
        return PLACE_REFUSED;
    }
    channel_dial_idle(ch);
    *conn = channel_pick(ch);
    if (*conn) {
        assign(call, *conn);
        return PLACE_SENT;
    }
    bool full = false;
    for (size_t i = 0; i < ch->options.connections; i++)
        full |= ch->slots[i].state == SLOT_OPEN;
    size_t limit = (size_t)ch->options.connections * ch->options.max_in_flight;
    if (full || ch->waiting_count >= limit) {
        nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "TOO_MANY_CALLS",
                        "%zu calls are under way already", limit);
        nrpc_status_add(status, "limit", "%zu", limit);
        return PLACE_REFUSED;
    }
    if (!call->wait_for_ready && !channel_is_connecting(ch)) {
        channel_fault_status(&ch->fault, status);
        nrpc_status_retry_after(status, channel_pause_ms(ch));
        return PLACE_REFUSED;
    }
    if (!call->kept)
        return PLACE_KEEP;
    waiting_insert(ch, call, false);
    return PLACE_WAITING;
}

static bool keep(nrpc_client_call *call, const envelope_call *e, const ProtobufCMessage *message)
{
    envelope_call untimed; // not a copy of all the entries that are not there
    untimed.method = e->method;
    untimed.payload = e->payload;
    untimed.timeout_ms = 0;
    untimed.metadata_count = e->metadata_count;
    memcpy(untimed.metadata, e->metadata, e->metadata_count * sizeof e->metadata[0]);
    call->kept_size = envelope_call_size(&untimed);
    call->kept = malloc(call->kept_size ? call->kept_size : 1);
    if (!call->kept)
        return false;
    put_call(call->kept, &untimed, message);
    return true;
}

// A call whose deadline is set: to wherever there is a place for it.
static void send_call(nrpc_client_call *call, const envelope_call *e,
                      const ProtobufCMessage *message, size_t size)
{
    nrpc_channel *ch = call->channel;
    for (;;) {
        channel_conn *conn = NULL;
        nrpc_reply reply = {0};
        pthread_mutex_lock(&ch->lock);
        placement where = place(call, &conn, &reply.status);
        uint32_t id = call->id;
        if (where == PLACE_REFUSED && !call_take(call))
            where = PLACE_ENDED;
        pthread_mutex_unlock(&ch->lock);
        nrpc_code error;
        switch (where) {
        case PLACE_SENT:
            error = send_new(conn, id, e, message, size);
            if (!error)
                channel_conn_unref(conn);
            else if (call_not_sent(call, conn, id, error))
                continue;
            return;
        case PLACE_KEEP:
            if (keep(call, e, message))
                continue;
            pthread_mutex_lock(&ch->lock);
            bool taken = call_take(call);
            pthread_mutex_unlock(&ch->lock);
            if (taken) {
                set_out_of_memory(&reply.status);
                call_end(call, &reply);
            }
            return;
        case PLACE_REFUSED:
            call_end(call, &reply);
            return;
        case PLACE_WAITING:
        case PLACE_ENDED:
            return;
        }
    }
}

// --- starting -----------------------------------------------------------------------------------

static bool has_key(const envelope_call *e, envelope_slice key)
{
    for (size_t i = 0; i < e->metadata_count; i++)
        if (e->metadata[i].key.size == key.size &&
            memcmp(e->metadata[i].key.data, key.data, key.size) == 0)
            return true;
    return false;
}

static nrpc_code add_metadata(envelope_call *e, const nrpc_metadata *list, size_t count,
                              bool defaults, nrpc_status *status)
{
    size_t bytes = 0;
    for (size_t i = 0; i < e->metadata_count; i++)
        bytes += e->metadata[i].key.size + e->metadata[i].value.size;
    for (size_t i = 0; i < count; i++) {
        const nrpc_metadata *m = &list[i];
        envelope_entry entry = {{m->key, strlen(m->key)},
                                {m->value, m->value_size ? m->value_size : strlen(m->value)}};
        if (defaults && has_key(e, entry.key))
            continue;
        bytes += entry.key.size + entry.value.size;
        if (e->metadata_count == ENVELOPE_MAX_METADATA || bytes > ENVELOPE_MAX_METADATA_BYTES)
            return nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "METADATA_INVALID",
                                   "more metadata than %d entries or %d bytes",
                                   ENVELOPE_MAX_METADATA, ENVELOPE_MAX_METADATA_BYTES);
        if (!defaults && !envelope_metadata_valid(entry.key, entry.value)) {
            nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "METADATA_INVALID",
                            "metadata entry %zu: a key is made of [a-z0-9_.-], a value of "
                            "printable ASCII unless its key ends in -bin",
                            i);
            return nrpc_status_add(status, "index", "%zu", i);
        }
        e->metadata[e->metadata_count++] = entry;
    }
    return NRPC_OK;
}

static nrpc_code describe(const nrpc_channel *ch, const nrpc_call_options *o, envelope_call *e,
                          size_t *size, nrpc_status *status)
{
    if (o && add_metadata(e, o->metadata, o->metadata_count, false, status))
        return status->code;
    if (add_metadata(e, ch->metadata, ch->options.metadata_count, true, status))
        return status->code;
    *size = envelope_call_size(e);
    size_t limit = ch->options.max_message_size;
    if (*size <= limit - ID_SIZE)
        return NRPC_OK;
    nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                    "a request of %zu bytes is above the limit of %zu", *size + ID_SIZE, limit);
    nrpc_status_add(status, "size", "%zu", *size + ID_SIZE);
    return nrpc_status_add(status, "limit", "%zu", limit);
}

static void start(nrpc_channel *ch, const char *method, envelope_slice payload,
                  const ProtobufCMessage *message, const nrpc_call_options *o, nrpc_reply_fn done,
                  void *context, nrpc_client_call **handle)
{
    nrpc_client_call *call = malloc(sizeof *call);
    if (handle)
        *handle = call;
    nrpc_reply reply = {0};
    if (!call) {
        set_out_of_memory(&reply.status);
        done(&reply, context);
        nrpc_reply_fini(&reply);
        return;
    }
    *call = (nrpc_client_call){.channel = ch, .done = done, .context = context};
    call->refs = 2; // of who ends it, and ours: the handle
    uint32_t asked_ms = o ? o->timeout_ms : 0;
    call->timeout_ms = asked_ms == 0               ? DEFAULT_TIMEOUT_MS
                       : asked_ms > MAX_TIMEOUT_MS ? MAX_TIMEOUT_MS
                                                   : asked_ms;
    call->wait_for_ready = o && o->wait_for_ready;
    call->idempotent = o && o->idempotent;

    envelope_call e; // its unused entries stay unset: they are 2 KiB
    e.method = (envelope_slice){method, strlen(method)};
    e.payload = payload;
    e.timeout_ms = call->timeout_ms;
    e.metadata_count = 0;
    size_t size = 0;
    nrpc_code code = describe(ch, o, &e, &size, &reply.status);
    if (!code && call->idempotent && !keep(call, &e, message))
        code = set_out_of_memory(&reply.status);
    if (code) {
        call->state = CALL_ENDED;
        call_end(call, &reply);
    } else {
        uint32_t grace_ms = call->timeout_ms / 8;
        grace_ms = grace_ms < MIN_GRACE_MS   ? MIN_GRACE_MS
                   : grace_ms > MAX_GRACE_MS ? MAX_GRACE_MS
                                             : grace_ms;
        call->due_ns = clock_now_ns() + call->timeout_ms * NS_PER_MS;
        call_ref(call); // the timer's
        timer_start(ch->wheel, &call->deadline, call->due_ns + grace_ms * NS_PER_MS, on_deadline);
        send_call(call, &e, message, size);
    }
    if (!handle)
        nrpc_client_call_unref(call);
}

void nrpc_channel_start(nrpc_channel *ch, const char *method, const void *request, size_t size,
                        const nrpc_call_options *options, nrpc_reply_fn done, void *context,
                        nrpc_client_call **call)
{
    start(ch, method, (envelope_slice){request, size}, NULL, options, done, context, call);
}

void nrpc_channel_start_message(nrpc_channel *ch, const char *method,
                                const ProtobufCMessage *request, const nrpc_call_options *options,
                                nrpc_reply_fn done, void *context, nrpc_client_call **call)
{
    envelope_slice payload = {NULL, protobuf_c_message_get_packed_size(request)};
    start(ch, method, payload, request, options, done, context, call);
}

void nrpc_client_call_cancel(nrpc_client_call *call)
{
    if (!call || atomic_load(&call->state) == CALL_ENDED)
        return; // the channel may be gone
    nrpc_channel *ch = call->channel;
    channel_conn *conn = NULL;
    uint32_t id = 0, cancel_id = 0;
    pthread_mutex_lock(&ch->lock);
    bool sent = call->state == CALL_SENT;
    bool taken = call_take(call);
    if (taken && sent) {
        conn = call->conn;
        channel_conn_ref(conn);
        id = call->id;
        cancel_id = make_id(conn, ch->id_mask);
    }
    pthread_mutex_unlock(&ch->lock);
    if (!taken)
        return;
    if (conn) {
        uint8_t request[1 + PBWIRE_MAX_VARINT];
        uint8_t *end = pbwire_put_varint(pbwire_put_tag(request, 1, PBWIRE_VARINT), id);
        envelope_call e;
        e.method = (envelope_slice){CANCEL, sizeof CANCEL - 1};
        e.payload = (envelope_slice){(const char *)request, (size_t)(end - request)};
        e.timeout_ms = 0;
        e.metadata_count = 0;
        // If it cannot be sent the connection has other troubles; the call has ended here anyway.
        (void)send_new(conn, cancel_id, &e, NULL, envelope_call_size(&e));
        pthread_mutex_lock(&ch->lock);
        channel_unlock_and_settle(ch, conn);
        channel_conn_unref(conn);
    }
    nrpc_reply reply = {0};
    nrpc_status_set(&reply.status, NRPC_CANCELLED, "CANCELLED", "the caller cancelled the call");
    call_end(call, &reply);
}

// --- replies ------------------------------------------------------------------------------------

// The call that `id` names on conn, taken out of the table; NULL if there is none, as for a reply
// that comes too late, twice, or unasked.
static nrpc_client_call *take_by_id(channel_conn *conn, uint32_t id)
{
    nrpc_channel *ch = conn->channel;
    uint32_t index = id & ch->id_mask;
    nrpc_client_call *call = NULL;
    pthread_mutex_lock(&ch->lock);
    conn->received++;
    if (index < ch->options.max_in_flight && conn->table[index].id == id)
        call = conn->table[index].call;
    if (!call) {
        pthread_mutex_unlock(&ch->lock);
        return NULL;
    }
    call_take(call);
    channel_unlock_and_settle(ch, conn);
    return call;
}

// Metadata with its text made into strings; text has room for all that an envelope may carry.
static void read_metadata(const envelope_reply *e, nrpc_metadata *out, char *text)
{
    for (size_t i = 0; i < e->metadata_count; i++) {
        const envelope_entry *entry = &e->metadata[i];
        memcpy(text, entry->key.data, entry->key.size);
        text[entry->key.size] = 0;
        out[i].key = text;
        text += entry->key.size + 1;
        if (entry->value.size)
            memcpy(text, entry->value.data, entry->value.size);
        text[entry->value.size] = 0;
        out[i].value = text;
        out[i].value_size = entry->value.size;
        text += entry->value.size + 1;
    }
}

static bool asks_to_move(const nrpc_reply *reply)
{
    const char *draining = nrpc_reply_metadata(reply, "draining", NULL);
    return draining && strcmp(draining, "1") == 0;
}

bool channel_on_message(void *owner, const uint8_t *data, size_t size)
{
    channel_conn *conn = owner;
    size_t header;
    switch (sp_parse_header(data, size, &header)) {
    case SP_DONE:
        break;
    case SP_DROP:
        return true;
    default:
        return false;
    }
    if (header != ID_SIZE)
        return true; // no request of ours crossed a device
    nrpc_client_call *call = take_by_id(conn, sp_get_u32(data));
    if (!call)
        return true;
    envelope_reply e;
    nrpc_reply reply = {0};
    if (!envelope_parse_reply(data + header, size - header, &e, &reply.status)) {
        reply.payload = (const uint8_t *)e.payload.data;
        reply.payload_size = e.payload.size;
    }
    if (!e.metadata_count) {
        call_end(call, &reply);
        return true;
    }
    nrpc_metadata metadata[ENVELOPE_MAX_METADATA];
    char text[ENVELOPE_MAX_METADATA_BYTES + 2 * ENVELOPE_MAX_METADATA];
    read_metadata(&e, metadata, text);
    reply.metadata = metadata;
    reply.metadata_count = e.metadata_count;
    if (asks_to_move(&reply)) {
        pthread_mutex_lock(&conn->channel->lock);
        channel_drain(conn);
        channel_unlock_and_settle(conn->channel, conn);
    }
    call_end(call, &reply);
    return true;
}

bool channel_on_oversized(void *owner, const uint8_t *head, size_t head_size, uint64_t size)
{
    channel_conn *conn = owner;
    size_t header;
    if (sp_parse_header(head, head_size, &header) != SP_DONE || header != ID_SIZE)
        return false;
    nrpc_client_call *call = take_by_id(conn, sp_get_u32(head));
    if (!call)
        return true;
    nrpc_reply reply = {0};
    size_t limit = conn->channel->options.max_message_size;
    nrpc_status_set(&reply.status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                    "a reply of %llu bytes is above the limit of %zu", (unsigned long long)size,
                    limit);
    nrpc_status_add(&reply.status, "size", "%llu", (unsigned long long)size);
    nrpc_status_add(&reply.status, "limit", "%zu", limit);
    call_end(call, &reply);
    return true;
}

// --- calls that wait for their answer -----------------------------------------------------------

typedef struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ended;
    nrpc_reply *reply;
} waiter;

static void wake(nrpc_reply *reply, void *context)
{
    waiter *w = context;
    pthread_mutex_lock(&w->lock);
    (void)nrpc_reply_take(w->reply, reply);
    w->ended = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static nrpc_code call_and_wait(nrpc_channel *ch, const char *method, envelope_slice payload,
                               const ProtobufCMessage *message, const nrpc_call_options *options,
                               nrpc_reply *reply)
{
    waiter w = {
        .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .reply = reply};
    start(ch, method, payload, message, options, wake, &w, NULL);
    pthread_mutex_lock(&w.lock);
    while (!w.ended)
        pthread_cond_wait(&w.changed, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_cond_destroy(&w.changed);
    pthread_mutex_destroy(&w.lock);
    return reply->status.code;
}

nrpc_code nrpc_channel_call(nrpc_channel *ch, const char *method, const void *request, size_t size,
                            const nrpc_call_options *options, nrpc_reply *reply)
{
    return call_and_wait(ch, method, (envelope_slice){request, size}, NULL, options, reply);
}

nrpc_code nrpc_channel_call_message(nrpc_channel *ch, const char *method,
                                    const ProtobufCMessage *request,
                                    const nrpc_call_options *options, nrpc_reply *reply)
{
    envelope_slice payload = {NULL, protobuf_c_message_get_packed_size(request)};
    return call_and_wait(ch, method, payload, request, options, reply);
}
