#include "base/clock.h"
#include "nrpc/channel_internal.h"

#include <nng/supplemental/util/platform.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_MESSAGE_SIZE = 4 << 20,
    DEFAULT_IN_FLIGHT = 1024,
    DEFAULT_BACKOFF_MIN_MS = 50,
    DEFAULT_BACKOFF_MAX_MS = 5000,
    DEFAULT_CONNECT_TIMEOUT_MS = 10000,
    MAX_CONNECTIONS = 64,
    MAX_IN_FLIGHT = 65536,
    OUTPUT_MESSAGES = 4,    // of the largest size may wait to be written to one connection
    READ_AHEAD = 128 << 10, // replies are long, and connections few
};

#define NS_PER_MS INT64_C(1000000)

// --- alarms: one timer a slot -------------------------------------------------------------------

static void on_alarm(timer *t);

static void set_alarm(channel_slot *slot, int64_t due_ns)
{
    slot->alarm_ns = due_ns;
    // One that can no longer be cancelled is about to fire: it will see alarm_ns and start again.
    if (slot->alarm_set && timer_cancel(slot->channel->wheel, &slot->alarm))
        slot->alarm_set = false;
    if (!slot->alarm_set && due_ns != CLOCK_NEVER) {
        slot->alarm_set = true;
        timer_start(slot->channel->wheel, &slot->alarm, due_ns, on_alarm);
    }
}

static void set_state(channel_slot *slot, slot_state state)
{
    slot->channel->idle_slots += (state == SLOT_IDLE) - (size_t)(slot->state == SLOT_IDLE);
    slot->state = state;
}

// --- connecting ---------------------------------------------------------------------------------

static int64_t connect_due(const nrpc_channel *ch)
{
    return clock_now_ns() + ch->options.connect_timeout_ms * NS_PER_MS;
}

static void dial(channel_slot *slot)
{
    nrpc_channel *ch = slot->channel;
    set_state(slot, SLOT_DIALING);
    ch->busy++;
    set_alarm(slot, connect_due(ch));
    nng_stream_dialer_dial(slot->dialers[slot->address], slot->aio);
}

void channel_dial_idle(nrpc_channel *ch)
{
    for (size_t i = 0; ch->idle_slots && !ch->closing && i < ch->options.connections; i++)
        if (ch->slots[i].state == SLOT_IDLE)
            dial(&ch->slots[i]);
}

bool channel_is_connecting(const nrpc_channel *ch)
{
    for (size_t i = 0; i < ch->options.connections; i++)
        if (ch->slots[i].state == SLOT_DIALING || ch->slots[i].state == SLOT_GREETING)
            return true;
    return false;
}

static bool any_open(const nrpc_channel *ch)
{
    for (size_t i = 0; i < ch->options.connections; i++)
        if (ch->slots[i].state == SLOT_OPEN)
            return true;
    return false;
}

int64_t channel_pause_ms(const nrpc_channel *ch)
{
    int64_t due = CLOCK_NEVER;
    for (size_t i = 0; i < ch->options.connections; i++)
        if (ch->slots[i].state == SLOT_PAUSED && ch->slots[i].alarm_ns < due)
            due = ch->slots[i].alarm_ns;
    int64_t now = clock_now_ns();
    return due == CLOCK_NEVER ? 0 : due <= now ? 1 : (due - now) / NS_PER_MS + 1;
}

static void pause_slot(channel_slot *slot)
{
    const nrpc_channel_options *o = &slot->channel->options;
    unsigned doublings = slot->failed_attempts < 16 ? slot->failed_attempts : 16;
    int64_t ms = (int64_t)o->backoff_min_ms << doublings;
    if (ms > o->backoff_max_ms)
        ms = o->backoff_max_ms;
    int64_t ns = ms * NS_PER_MS;
    slot->failed_attempts++;
    slot->failed_addresses = 0;
    set_state(slot, SLOT_PAUSED);
    // Half of it random, so that many clients of one server do not come back at once.
    set_alarm(slot, clock_now_ns() + ns / 2 + ns / 2 * (nng_random() & 1023) / 1024);
}

// An address did not work: on to the next, or a pause if none did. With the lock.
static void address_failed(channel_slot *slot, channel_fault_kind kind, int error,
                           call_list *failed)
{
    nrpc_channel *ch = slot->channel;
    ch->fault = (channel_fault){kind, error, &ch->addresses[slot->address]};
    slot->address = (slot->address + 1) % ch->address_count;
    if (ch->closing) {
        set_state(slot, SLOT_IDLE);
        set_alarm(slot, CLOCK_NEVER);
    } else if (++slot->failed_addresses < ch->address_count) {
        dial(slot);
    } else {
        pause_slot(slot);
        if (!any_open(ch) && !channel_is_connecting(ch))
            channel_take_waiting(ch, false, failed);
    }
}

static void end_failed(nrpc_channel *ch, call_list *failed)
{
    if (!failed->first)
        return;
    pthread_mutex_lock(&ch->lock);
    channel_fault fault = ch->fault;
    int64_t retry_ms = channel_pause_ms(ch);
    pthread_mutex_unlock(&ch->lock);
    channel_end_list(failed, &fault, retry_ms);
}

// With the lock, which it releases: one of what channel_free waits for is over.
static void not_busy_and_unlock(nrpc_channel *ch)
{
    if (!--ch->busy)
        pthread_cond_broadcast(&ch->quiet);
    pthread_mutex_unlock(&ch->lock);
}

// --- connections --------------------------------------------------------------------------------

void channel_conn_ref(channel_conn *conn)
{
    atomic_fetch_add_explicit(&conn->refs, 1, memory_order_relaxed);
}

void channel_conn_unref(channel_conn *conn)
{
    if (atomic_fetch_sub_explicit(&conn->refs, 1, memory_order_acq_rel) != 1)
        return;
    link_unref(conn->link);
    free(conn);
}

static void on_open(void *owner)
{
    channel_conn *conn = owner;
    nrpc_channel *ch = conn->channel;
    pthread_mutex_lock(&ch->lock);
    if (conn->slot->conn == conn && !conn->closing) {
        channel_slot *slot = conn->slot;
        conn->open = true;
        set_state(slot, SLOT_OPEN);
        set_alarm(slot, CLOCK_NEVER);
        slot->failed_attempts = 0;
        slot->failed_addresses = 0;
    }
    channel_unlock_and_settle(ch, NULL);
}

static void on_closed(void *owner, int error)
{
    channel_conn *conn = owner;
    nrpc_channel *ch = conn->channel;
    channel_slot *slot = conn->slot;
    call_list lost = {0}, failed = {0};
    channel_fault fault = {error == NNG_EPROTO ? CHANNEL_FAULT_PROTOCOL : CHANNEL_FAULT_LOST, error,
                           conn->address};
    pthread_mutex_lock(&ch->lock);
    if (slot->conn == conn) {
        slot->conn = NULL;
        if (!conn->open) {
            address_failed(slot, CHANNEL_FAULT_HANDSHAKE, conn->timed_out ? NNG_ETIMEDOUT : error,
                           &failed);
        } else {
            set_state(slot, SLOT_IDLE);
            set_alarm(slot, CLOCK_NEVER);
        }
    }
    channel_take_lost(conn, &lost);
    *(conn->previous ? &conn->previous->next : &ch->conns) = conn->next;
    if (conn->next)
        conn->next->previous = conn->previous;
    if (ch->waiting.first)
        channel_dial_idle(ch);
    channel_unlock_and_settle(ch, NULL);
    channel_end_list(&lost, &fault, 0);
    end_failed(ch, &failed);
    pthread_mutex_lock(&ch->lock);
    not_busy_and_unlock(ch);
    channel_conn_unref(conn);
}

static const link_ops ops = {on_open, channel_on_message, channel_on_oversized, on_closed};

static nrpc_code conn_create(channel_slot *slot, nng_stream *stream, channel_conn **out)
{
    nrpc_channel *ch = slot->channel;
    uint32_t entries = ch->options.max_in_flight;
    channel_conn *conn = calloc(1, sizeof *conn + entries * sizeof conn->table[0]);
    if (!conn) {
        nng_stream_free(stream);
        return NRPC_RESOURCE_EXHAUSTED;
    }
    conn->channel = ch;
    conn->slot = slot;
    conn->address = &ch->addresses[slot->address];
    conn->refs = 1;
    for (uint32_t i = 0; i < entries; i++)
        conn->table[i].next_free = i + 1;
    link_config config = {
        .protocol = SP_REQ,
        .peer = SP_REP,
        .framing = conn->address->framing,
        .read_ahead = READ_AHEAD,
        .max_message = ch->options.max_message_size,
        .max_output = (ch->options.max_message_size + SP_MAX_PREFIX) * OUTPUT_MESSAGES,
    };
    nrpc_code code = link_create(&conn->link, stream, &config, &ops, conn, NULL);
    if (code)
        free(conn);
    else
        *out = conn;
    return code;
}

// The slot is in the hands of this callback as long as it is DIALING.
static void on_dialed(void *arg)
{
    channel_slot *slot = arg;
    nrpc_channel *ch = slot->channel;
    call_list failed = {0};
    channel_conn *conn = NULL;
    int error = nng_aio_result(slot->aio);
    if (!error && conn_create(slot, nng_aio_get_output(slot->aio, 0), &conn))
        error = NNG_ENOMEM;
    pthread_mutex_lock(&ch->lock);
    if (conn) {
        slot->conn = conn;
        conn->next = ch->conns;
        if (conn->next)
            conn->next->previous = conn;
        ch->conns = conn;
        ch->busy++;
        conn->closing = ch->closing;
        channel_conn_ref(conn);
        set_state(slot, SLOT_GREETING);
        set_alarm(slot, connect_due(ch));
    } else {
        address_failed(slot, CHANNEL_FAULT_DIAL, error, &failed);
    }
    bool close = ch->closing;
    pthread_mutex_unlock(&ch->lock);
    if (conn) {
        if (close)
            link_close(conn->link);
        else
            link_start(conn->link);
        channel_conn_unref(conn);
    }
    end_failed(ch, &failed);
    pthread_mutex_lock(&ch->lock);
    not_busy_and_unlock(ch);
}

static void on_alarm(timer *t)
{
    channel_slot *slot = CONTAINER_OF(t, channel_slot, alarm);
    nrpc_channel *ch = slot->channel;
    channel_conn *conn = NULL;
    pthread_mutex_lock(&ch->lock);
    slot->alarm_set = false;
    if (slot->alarm_ns == CLOCK_NEVER || ch->closing) {
        pthread_mutex_unlock(&ch->lock);
        return;
    }
    if (slot->alarm_ns > clock_now_ns()) {
        set_alarm(slot, slot->alarm_ns);
    } else if (slot->state == SLOT_DIALING) {
        nng_aio_abort(slot->aio, NNG_ETIMEDOUT);
    } else if (slot->state == SLOT_GREETING) {
        conn = slot->conn;
        conn->timed_out = conn->closing = true;
        channel_conn_ref(conn);
    } else if (slot->state == SLOT_PAUSED) {
        if (ch->waiting.first)
            dial(slot);
        else
            set_state(slot, SLOT_IDLE);
    }
    pthread_mutex_unlock(&ch->lock);
    if (conn) {
        link_close(conn->link);
        channel_conn_unref(conn);
    }
}

// --- which connection ---------------------------------------------------------------------------

channel_conn *channel_pick(nrpc_channel *ch)
{
    channel_conn *best = NULL;
    size_t n = ch->options.connections, first = ch->next_slot;
    ch->next_slot = first + 1 < n ? first + 1 : 0;
    for (size_t i = 0; i < n; i++) {
        const channel_slot *slot = &ch->slots[first + i < n ? first + i : first + i - n];
        if (slot->state == SLOT_OPEN && slot->conn->in_flight < ch->options.max_in_flight &&
            (!best || slot->conn->in_flight < best->in_flight))
            best = slot->conn;
    }
    return best;
}

void channel_retire(channel_conn *conn, bool move)
{
    channel_slot *slot = conn->slot;
    conn->retired = true;
    if (slot->conn != conn)
        return;
    slot->conn = NULL;
    set_state(slot, SLOT_IDLE);
    set_alarm(slot, CLOCK_NEVER);
    if (move)
        slot->address = (slot->address + 1) % conn->channel->address_count;
}

void channel_drain(channel_conn *conn)
{
    channel_slot *slot = conn->slot;
    if (conn->retired)
        return;
    // When all are draining, once a second at each is enough.
    int64_t now = clock_now_ns();
    if (now - slot->moved_ns >= 1000 * NS_PER_MS || !slot->moved_ns) {
        slot->moved_ns = now;
        slot->moves = 0;
    }
    if (slot->moves++ < conn->channel->address_count)
        channel_retire(conn, true);
}

void channel_unlock_and_close(nrpc_channel *ch, channel_conn *conn)
{
    bool close = conn && conn->retired && !conn->in_flight && !conn->closing;
    if (close) {
        conn->closing = true;
        channel_conn_ref(conn);
    }
    pthread_mutex_unlock(&ch->lock);
    if (close) {
        link_close(conn->link);
        channel_conn_unref(conn);
    }
}

void channel_unlock_and_settle(nrpc_channel *ch, channel_conn *conn)
{
    bool waiting = ch->waiting.first != NULL;
    channel_unlock_and_close(ch, conn);
    if (waiting)
        channel_send_waiting(ch);
}

// --- life ---------------------------------------------------------------------------------------

static nrpc_code take_options(nrpc_channel *ch, const nrpc_channel_options *given,
                              nrpc_status *status)
{
    nrpc_channel_options o = given ? *given : (nrpc_channel_options){0};
    o.connections = o.connections ? o.connections : 1;
    o.max_in_flight = o.max_in_flight ? o.max_in_flight : DEFAULT_IN_FLIGHT;
    o.max_message_size = o.max_message_size ? o.max_message_size : DEFAULT_MESSAGE_SIZE;
    o.backoff_min_ms = o.backoff_min_ms ? o.backoff_min_ms : DEFAULT_BACKOFF_MIN_MS;
    o.backoff_max_ms = o.backoff_max_ms ? o.backoff_max_ms : DEFAULT_BACKOFF_MAX_MS;
    o.connect_timeout_ms = o.connect_timeout_ms ? o.connect_timeout_ms : DEFAULT_CONNECT_TIMEOUT_MS;
    ch->options = o;
    const char *wrong = o.connections > MAX_CONNECTIONS      ? "connections is above 64"
                        : o.max_in_flight > MAX_IN_FLIGHT    ? "max_in_flight is above 65536"
                        : o.max_message_size < SP_MAX_HEADER ? "max_message_size is below 32"
                        : o.max_message_size > SIZE_MAX / 16 ? "max_message_size is too large"
                                                             : NULL;
    if (wrong)
        return nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "INVALID_OPTION", "%s", wrong);
    // One index beyond the table stays free, for messages that are no call of the table.
    ch->id_mask = 1;
    while (ch->id_mask < o.max_in_flight)
        ch->id_mask = ch->id_mask << 1 | 1;
    return NRPC_OK;
}

static nrpc_code copy_metadata(nrpc_channel *ch, nrpc_status *status)
{
    nrpc_channel_options *o = &ch->options;
    size_t count = o->metadata_count, size = count * sizeof *o->metadata, text_size = 0;
    if (count > ENVELOPE_MAX_METADATA)
        return nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "METADATA_INVALID",
                               "more than %d metadata entries", ENVELOPE_MAX_METADATA);
    for (size_t i = 0; i < count; i++) {
        const nrpc_metadata *m = &o->metadata[i];
        envelope_slice key = {m->key, strlen(m->key)};
        envelope_slice value = {m->value, m->value_size ? m->value_size : strlen(m->value)};
        if (!envelope_metadata_valid(key, value)) {
            nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "METADATA_INVALID",
                            "metadata entry %zu is not valid", i);
            return nrpc_status_add(status, "index", "%zu", i);
        }
        text_size += key.size + value.size;
        size += key.size + value.size + 2;
    }
    if (text_size > ENVELOPE_MAX_METADATA_BYTES)
        return nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "METADATA_INVALID",
                               "more than %d bytes of metadata", ENVELOPE_MAX_METADATA_BYTES);
    if (!count)
        return NRPC_OK;
    ch->metadata = malloc(size);
    if (!ch->metadata)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    char *next = (char *)(ch->metadata + count);
    for (size_t i = 0; i < count; i++) {
        const nrpc_metadata *m = &o->metadata[i];
        size_t key_size = strlen(m->key) + 1;
        size_t value_size = m->value_size ? m->value_size : strlen(m->value);
        ch->metadata[i] = (nrpc_metadata){next, next + key_size, value_size};
        memcpy(next, m->key, key_size);
        memcpy(next + key_size, m->value, value_size);
        next[key_size + value_size] = 0;
        next += key_size + value_size + 1;
    }
    o->metadata = ch->metadata;
    return NRPC_OK;
}

static nrpc_code create_slots(nrpc_channel *ch, nrpc_status *status)
{
    for (size_t i = 0; i < ch->options.connections; i++) {
        channel_slot *slot = &ch->slots[i];
        slot->channel = ch;
        slot->alarm_ns = CLOCK_NEVER;
        ch->idle_slots++;
        int error = nng_aio_alloc(&slot->aio, on_dialed, slot);
        for (size_t k = 0; !error && k < ch->address_count; k++)
            error = nng_stream_dialer_alloc(&slot->dialers[k], ch->addresses[k].url);
        if (error == NNG_ENOMEM)
            return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                                   "out of memory");
        if (error) {
            nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "INVALID_ADDRESS",
                            "an address cannot be used: %s", nng_strerror(error));
            return nrpc_status_add(status, "error", "%s", nng_strerror(error));
        }
    }
    return NRPC_OK;
}

static void destroy(nrpc_channel *ch)
{
    timer_wheel_free(ch->wheel); // first: what its thread runs uses the rest
    for (size_t i = 0; i < ch->options.connections; i++) {
        for (size_t k = 0; k < ch->address_count; k++)
            if (ch->slots[i].dialers[k])
                nng_stream_dialer_free(ch->slots[i].dialers[k]);
        nng_aio_free(ch->slots[i].aio);
    }
    channel_addresses_free(ch->addresses, ch->address_count);
    free(ch->metadata);
    pthread_cond_destroy(&ch->quiet);
    pthread_mutex_destroy(&ch->lock);
    free(ch);
}

nrpc_code nrpc_channel_open(nrpc_channel **out, const char *urls,
                            const nrpc_channel_options *options, nrpc_status *status)
{
    unsigned connections = options && options->connections ? options->connections : 1;
    if (connections > MAX_CONNECTIONS)
        connections = MAX_CONNECTIONS; // refused below
    nrpc_channel *ch = calloc(1, sizeof *ch + connections * sizeof ch->slots[0]);
    if (!ch)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    pthread_mutex_init(&ch->lock, NULL);
    pthread_cond_init(&ch->quiet, NULL);
    nrpc_code code = take_options(ch, options, status);
    if (code)
        ch->options.connections = connections;
    if (!code)
        code = copy_metadata(ch, status);
    if (!code)
        code = channel_addresses_parse(urls, &ch->addresses, &ch->address_count, status);
    if (!code)
        code = timer_wheel_create(&ch->wheel, status);
    if (!code)
        code = create_slots(ch, status);
    if (code) {
        destroy(ch);
        return code;
    }
    ch->fault.address = ch->addresses;
    if (ch->options.connect) {
        pthread_mutex_lock(&ch->lock);
        channel_dial_idle(ch);
        pthread_mutex_unlock(&ch->lock);
    }
    *out = ch;
    return NRPC_OK;
}

// A connection that nobody closes yet, with a reference; NULL when there is none left.
static channel_conn *next_to_close(nrpc_channel *ch)
{
    for (channel_conn *conn = ch->conns; conn; conn = conn->next) {
        if (!conn->closing) {
            conn->closing = true;
            channel_conn_ref(conn);
            return conn;
        }
    }
    return NULL;
}

void nrpc_channel_free(nrpc_channel *ch)
{
    if (!ch)
        return;
    call_list ended = {0};
    pthread_mutex_lock(&ch->lock);
    ch->closing = true;
    channel_take_waiting(ch, true, &ended);
    for (channel_conn *conn = ch->conns; conn; conn = conn->next)
        channel_take_lost(conn, &ended);
    for (size_t i = 0; i < ch->options.connections; i++)
        if (ch->slots[i].state == SLOT_DIALING)
            nng_aio_abort(ch->slots[i].aio, NNG_ECLOSED);
    for (channel_conn *conn; (conn = next_to_close(ch)) != NULL;) {
        pthread_mutex_unlock(&ch->lock);
        link_close(conn->link);
        channel_conn_unref(conn);
        pthread_mutex_lock(&ch->lock);
    }
    pthread_mutex_unlock(&ch->lock);
    channel_end_list(&ended, NULL, 0);
    pthread_mutex_lock(&ch->lock);
    while (ch->busy)
        pthread_cond_wait(&ch->quiet, &ch->lock);
    pthread_mutex_unlock(&ch->lock);
    destroy(ch);
}
