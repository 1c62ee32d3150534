#include "nrpc/link.h"

#include "base/buffer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ_SIZE = 4096,      // of an idle link's read buffer
    KEEP_OUTPUT = 1 << 20, // larger output buffers are given back at once when empty
    REFUSAL_ROOM = 4 << 10,
};

struct link {
    nng_stream *stream;
    nng_aio *read_aio, *write_aio;
    link_config config;
    const link_ops *ops;
    void *owner;
    atomic_int refs;
    // Reads and writes that moved bytes: a sweep sees whether any did.
    atomic_uint read_marks, write_marks;

    // Of the reader: whoever holds the reading turn, that is the read callback, or the write
    // callback that ends a pause.
    buffer in; // framed bytes; those before in_next are done with
    size_t in_next;
    uint64_t skip;        // bytes left of an oversized message
    buffer wire;          // with a filter: bytes as they came
    size_t counted_input; // of this link in config.input
    size_t asked;         // room of the read under way
    bool filled;          // the last read used all its room
    atomic_bool greeted;
    atomic_bool mid_message;
    atomic_bool high; // a commit went past LINK_HIGH_WATER; cleared when looked at

    pthread_mutex_t lock; // all below
    buffer out;           // committed, waiting for the write under way to end
    buffer filter_out;    // with a filter: bytes of its own, in wire form, that go before `out`
    buffer writing;       // being written, from `written` on
    size_t written;
    size_t reserved;
    size_t counted; // of this link in config.output
    bool write_busy;
    bool read_busy;  // the reading turn is taken: a read is pending or its bytes are handled
    bool paused;     // the reading turn waits for writes
    bool in_message; // commits wait for the end of the read
    bool closed;
    bool told; // `closed` was called
    int error;

    unsigned seen_reads, seen_writes, stalled; // of the sweep
};

static void on_read(void *arg);
static void on_write(void *arg);

nrpc_code link_create(link_t **out, nng_stream *stream, const link_config *config,
                      const link_ops *ops, void *owner, nrpc_status *status)
{
    link_t *l = calloc(1, sizeof *l);
    if (!l) {
        nng_stream_free(stream);
        if (config->filter)
            config->filter->free(config->filter);
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    }
    l->stream = stream;
    l->config = *config;
    l->ops = ops;
    l->owner = owner;
    l->refs = 1;
    pthread_mutex_init(&l->lock, NULL);
    l->in.limit = config->max_message + SP_MAX_PREFIX + config->read_ahead + READ_SIZE;
    if (nng_aio_alloc(&l->read_aio, on_read, l) || nng_aio_alloc(&l->write_aio, on_write, l)) {
        l->closed = l->told = true;
        link_unref(l);
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    }
    *out = l;
    return NRPC_OK;
}

static size_t unwritten(const link_t *l)
{
    return l->out.size + l->filter_out.size + l->writing.size - l->written;
}

void link_ref(link_t *l)
{
    atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
}

void link_unref(link_t *l)
{
    if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
        return;
    // No operation is pending: each holds a reference. We may be inside a callback of either aio,
    // so both are freed from NNG's own thread.
    nng_stream_free(l->stream);
    if (l->read_aio)
        nng_aio_reap(l->read_aio);
    if (l->write_aio)
        nng_aio_reap(l->write_aio);
    if (l->config.filter)
        l->config.filter->free(l->config.filter);
    buffer_fini(&l->in);
    buffer_fini(&l->filter_out);
    buffer_fini(&l->wire);
    buffer_fini(&l->out);
    buffer_fini(&l->writing);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

// --- writing -----------------------------------------------------------------------------------

static void close_locked(link_t *l, int error)
{
    if (l->closed)
        return;
    l->closed = true;
    l->error = error;
    nng_stream_close(l->stream); // ends both aios; nothing is submitted from here on
}

// Brings the count of all links up to date: once a read or write, not once a message, since all
// links share it. After `closed` it is not touched: it may go with the owner.
static void count_output(link_t *l)
{
    size_t now = l->told ? 0 : unwritten(l);
    if (l->config.output && now != l->counted)
        atomic_fetch_add_explicit(l->config.output, now - l->counted, memory_order_relaxed);
    l->counted = now;
}

// Brings the count of all links' input up to date: what a long message needs beyond what a link
// may always hold. By whoever has the reading turn, or at the end.
static void count_input(link_t *l, size_t capacity)
{
    size_t now = capacity > l->config.read_ahead * 2 ? capacity : 0;
    if (l->config.input && now != l->counted_input)
        atomic_fetch_add_explicit(l->config.input, now - l->counted_input, memory_order_relaxed);
    l->counted_input = now;
}

// Calls `closed` once neither side is active. Entered with the lock, left without it.
static void tell_if_closed_and_unlock(link_t *l)
{
    bool tell = l->closed && !l->told && !l->read_busy && !l->write_busy && !l->in_message;
    if (tell) {
        l->told = true;
        count_input(l, 0);
    }
    if (!l->in_message)
        count_output(l);
    int error = l->error;
    pthread_mutex_unlock(&l->lock);
    if (tell)
        l->ops->closed(l->owner, error);
}

static void submit_write(link_t *l)
{
    nng_iov iov = {l->writing.data + l->written, l->writing.size - l->written};
    nng_aio_set_iov(l->write_aio, 1, &iov);
    nng_stream_send(l->stream, l->write_aio);
}

static bool encode(link_t *l)
{
    buffer wire = l->filter_out;
    l->filter_out = l->writing;
    buffer_clear(&l->filter_out);
    l->writing = wire;
    bool ok = !l->out.size ||
              l->config.filter->encode(l->config.filter, l->out.data, l->out.size, &l->writing);
    buffer_clear(&l->out);
    return ok;
}

static void write_if_ready(link_t *l)
{
    if (l->write_busy || l->closed || !(l->out.size + l->filter_out.size))
        return;
    l->written = 0;
    if (l->config.filter) {
        if (!encode(l)) {
            close_locked(l, NNG_ECRYPTO);
            return;
        }
        if (!l->writing.size)
            return; // the filter keeps it for now
    } else {
        buffer empty = l->writing;
        l->writing = l->out;
        l->out = empty;
    }
    l->write_busy = true;
    link_ref(l);
    submit_write(l);
}

static void read_on(link_t *l);

static void on_write(void *arg)
{
    link_t *l = arg;
    bool resume = false;
    pthread_mutex_lock(&l->lock);
    int error = nng_aio_result(l->write_aio);
    size_t n = error ? 0 : nng_aio_count(l->write_aio);
    l->written += n;
    if (n)
        atomic_fetch_add_explicit(&l->write_marks, 1, memory_order_relaxed);
    if (error)
        close_locked(l, error);
    if (!l->closed && l->written < l->writing.size) {
        submit_write(l);
        count_output(l);
        pthread_mutex_unlock(&l->lock);
        return;
    }
    l->write_busy = false;
    if (!l->closed) {
        buffer_clear(&l->writing);
        l->written = 0;
        if (l->writing.capacity > KEEP_OUTPUT)
            buffer_fini(&l->writing);
        if (!l->in_message)
            write_if_ready(l);
    }
    if (l->paused && (l->closed || unwritten(l) <= LINK_HIGH_WATER / 2)) {
        l->paused = false;
        if (!l->closed) {
            l->read_busy = resume = true;
            link_ref(l); // of the reading turn
        }
    }
    tell_if_closed_and_unlock(l);
    if (resume)
        read_on(l);
    link_unref(l);
}

static uint8_t *reserve(link_t *l, size_t size, bool refusal, nrpc_code *error)
{
    size_t prefix = sp_prefix_size(l->config.framing);
    pthread_mutex_lock(&l->lock);
    if (l->closed) {
        pthread_mutex_unlock(&l->lock);
        *error = NRPC_UNAVAILABLE;
        return NULL;
    }
    size_t room = size + prefix, waiting = unwritten(l);
    size_t total =
        l->config.output ? atomic_load_explicit(l->config.output, memory_order_relaxed) : 0;
    bool fits = room <= l->config.max_output && waiting <= l->config.max_output - room &&
                (!l->config.output || (room <= l->config.max_total_output &&
                                       total <= l->config.max_total_output - room));
    fits = fits || (refusal && room <= REFUSAL_ROOM);
    uint8_t *p = fits ? buffer_reserve(&l->out, room) : NULL;
    if (!p) {
        l->out.failed = false;
        pthread_mutex_unlock(&l->lock);
        *error = NRPC_RESOURCE_EXHAUSTED;
        return NULL;
    }
    l->reserved = room;
    return sp_put_prefix(p, l->config.framing, size);
}

uint8_t *link_reserve(link_t *l, size_t size, nrpc_code *error)
{
    return reserve(l, size, false, error);
}

uint8_t *link_reserve_refusal(link_t *l, size_t size, nrpc_code *error)
{
    return reserve(l, size, true, error);
}

// Whether too much is unwritten to take in more: here, or, with some of it here, in all.
static bool is_high(const link_t *l, size_t limit)
{
    size_t waiting = unwritten(l);
    return waiting > limit || (waiting && l->config.output &&
                               atomic_load_explicit(l->config.output, memory_order_relaxed) >
                                   l->config.max_total_output);
}

void link_commit(link_t *l)
{
    l->out.size += l->reserved;
    if (is_high(l, LINK_HIGH_WATER))
        atomic_store_explicit(&l->high, true, memory_order_relaxed);
    if (!l->in_message)
        write_if_ready(l);
    tell_if_closed_and_unlock(l);
}

size_t link_unwritten(link_t *l)
{
    pthread_mutex_lock(&l->lock);
    size_t n = unwritten(l);
    pthread_mutex_unlock(&l->lock);
    return n;
}

// --- reading -----------------------------------------------------------------------------------

// What to do once the bytes at hand are used up.
typedef enum read_next { READ_MORE, READ_PAUSE, READ_CLOSE } read_next;

static bool past_high_water(link_t *l)
{
    // Two sides that both wait for the other to read would wait for ever.
    if (l->config.protocol == SP_REQ)
        return false;
    if (!atomic_load_explicit(&l->high, memory_order_relaxed))
        return false;
    atomic_store_explicit(&l->high, false, memory_order_relaxed);
    pthread_mutex_lock(&l->lock);
    write_if_ready(l);
    count_output(l);
    bool high = is_high(l, LINK_HIGH_WATER);
    pthread_mutex_unlock(&l->lock);
    return high;
}

// Handles one message, or part of one. False: the bytes at hand are used up, see *next.
static bool take_message(link_t *l, read_next *next)
{
    const uint8_t *p = l->in.data + l->in_next;
    size_t n = l->in.size - l->in_next;
    if (l->skip) {
        size_t gone = l->skip < n ? (size_t)l->skip : n;
        l->skip -= gone;
        l->in_next += gone;
        return !l->skip;
    }
    if (!atomic_load_explicit(&l->greeted, memory_order_relaxed)) {
        sp_result r = sp_parse_handshake(p, n, l->config.peer);
        if (r == SP_BAD)
            *next = READ_CLOSE;
        if (r != SP_DONE)
            return false;
        l->in_next += SP_HANDSHAKE_SIZE;
        atomic_store_explicit(&l->greeted, true, memory_order_relaxed);
        if (l->ops->open)
            l->ops->open(l->owner);
        return true;
    }
    uint64_t length;
    size_t prefix = sp_prefix_size(l->config.framing);
    sp_result r = sp_parse_prefix(p, n, l->config.framing, &length);
    if (r == SP_BAD)
        *next = READ_CLOSE;
    if (r != SP_DONE)
        return false;
    if (length > l->config.max_message) {
        size_t head = n - prefix;
        if (length > LINK_DISCARD_LIMIT || !l->ops->oversized) {
            *next = READ_CLOSE;
            return false;
        }
        if (head < SP_MAX_HEADER)
            return false; // the limit is larger than a header
        if (head > length)
            head = (size_t)length;
        if (!l->ops->oversized(l->owner, p + prefix, head, length)) {
            *next = READ_CLOSE;
            return false;
        }
        l->skip = length;
        l->in_next += prefix;
        return true;
    }
    if (n - prefix < length)
        return false;
    if (!l->ops->message(l->owner, p + prefix, (size_t)length)) {
        *next = READ_CLOSE;
        return false;
    }
    l->in_next += prefix + (size_t)length;
    return true;
}

static read_next take_messages(link_t *l)
{
    read_next next = READ_MORE;
    while (l->in_next < l->in.size && take_message(l, &next)) {
        if (past_high_water(l)) {
            next = READ_PAUSE;
            break;
        }
    }
    if (next == READ_MORE) {
        if (l->in_next) // the start of a long message would be moved onto itself
            buffer_consume(&l->in, l->in_next);
        l->in_next = 0;
        if (!l->in.size && l->in.capacity > l->config.read_ahead * 2) {
            buffer_fini(&l->in);
            count_input(l, 0);
        }
    }
    atomic_store_explicit(&l->mid_message, l->in.size > 0 || l->skip > 0, memory_order_relaxed);
    return next;
}

// Submits a read into free room. With the lock held and the link not closed.
static bool submit_read(link_t *l)
{
    buffer *b = l->config.filter ? &l->wire : &l->in;
    size_t room = b->capacity - b->size;
    if (room < READ_SIZE / 4 || (l->filled && b->capacity < l->config.read_ahead)) {
        size_t want = b->capacity < READ_SIZE ? READ_SIZE : b->capacity * 2 - b->size;
        if (b->limit && want > b->limit - b->size)
            want = b->limit - b->size;
        if (!buffer_reserve(b, want))
            return false;
        count_input(l, l->in.capacity);
        if (l->counted_input && l->config.input &&
            atomic_load_explicit(l->config.input, memory_order_relaxed) > l->config.max_total_input)
            return false;
        room = b->capacity - b->size;
    }
    l->asked = room;
    nng_iov iov = {b->data + b->size, room};
    nng_aio_set_iov(l->read_aio, 1, &iov);
    nng_stream_recv(l->stream, l->read_aio);
    return true;
}

// The reading turn: handles what is at hand, then reads, pauses or closes. Called with a reference
// and read_busy, without the lock.
static void read_on(link_t *l)
{
    pthread_mutex_lock(&l->lock);
    while (!l->closed) {
        l->in_message = true;
        pthread_mutex_unlock(&l->lock);
        read_next next = take_messages(l);
        pthread_mutex_lock(&l->lock);
        l->in_message = false;
        write_if_ready(l);
        if (next == READ_CLOSE) {
            close_locked(l, NNG_EPROTO);
        } else if (next == READ_PAUSE) {
            // While a write is under way: its end takes the turn up again.
            if (l->write_busy && is_high(l, LINK_HIGH_WATER / 2)) {
                l->paused = true;
                break;
            }
        } else if (!l->closed) {
            if (submit_read(l)) {
                count_output(l);
                pthread_mutex_unlock(&l->lock);
                return; // the turn and its reference go to on_read
            }
            close_locked(l, NNG_ENOMEM);
        }
    }
    l->read_busy = false;
    tell_if_closed_and_unlock(l);
    link_unref(l);
}

static bool decode(link_t *l, size_t n)
{
    buffer reply = {0};
    l->wire.size += n;
    bool ok =
        l->config.filter->decode(l->config.filter, l->wire.data, l->wire.size, &l->in, &reply);
    buffer_clear(&l->wire);
    if (ok && reply.size) {
        pthread_mutex_lock(&l->lock);
        ok = buffer_append(&l->filter_out, reply.data, reply.size);
        pthread_mutex_unlock(&l->lock);
    }
    buffer_fini(&reply);
    return ok;
}

static void on_read(void *arg)
{
    link_t *l = arg;
    int error = nng_aio_result(l->read_aio);
    size_t n = error ? 0 : nng_aio_count(l->read_aio);
    if (n)
        atomic_fetch_add_explicit(&l->read_marks, 1, memory_order_relaxed);
    l->filled = n == l->asked;
    if (!error && l->config.filter) {
        if (!decode(l, n))
            error = NNG_EPROTO;
    } else {
        l->in.size += n;
    }
    if (error) {
        pthread_mutex_lock(&l->lock);
        close_locked(l, error);
        pthread_mutex_unlock(&l->lock);
    }
    read_on(l);
}

// --- life --------------------------------------------------------------------------------------

void link_start(link_t *l)
{
    uint8_t hello[SP_HANDSHAKE_SIZE];
    sp_put_handshake(hello, l->config.protocol);
    pthread_mutex_lock(&l->lock);
    if (l->closed) { // before it began
        tell_if_closed_and_unlock(l);
        return;
    }
    bool ok = buffer_append(&l->out, hello, sizeof hello);
    write_if_ready(l);
    if (ok && submit_read(l)) {
        l->read_busy = true;
        link_ref(l);
    } else {
        close_locked(l, NNG_ENOMEM);
    }
    tell_if_closed_and_unlock(l);
}

void link_close(link_t *l)
{
    pthread_mutex_lock(&l->lock);
    close_locked(l, NNG_ECLOSED);
    tell_if_closed_and_unlock(l);
}

bool link_is_open(link_t *l)
{
    return atomic_load_explicit(&l->greeted, memory_order_relaxed);
}

unsigned link_marks(link_t *l)
{
    return atomic_load_explicit(&l->read_marks, memory_order_relaxed) +
           atomic_load_explicit(&l->write_marks, memory_order_relaxed);
}

unsigned link_sweep(link_t *l)
{
    pthread_mutex_lock(&l->lock);
    unsigned reads = atomic_load_explicit(&l->read_marks, memory_order_relaxed);
    unsigned writes = atomic_load_explicit(&l->write_marks, memory_order_relaxed);
    bool half_sent = atomic_load_explicit(&l->mid_message, memory_order_relaxed);
    bool stuck = l->write_busy ? writes == l->seen_writes : half_sent && reads == l->seen_reads;
    l->stalled = stuck || !link_is_open(l) ? l->stalled + 1 : 0;
    if (writes == l->seen_writes && !l->write_busy && !l->out.size && !l->closed) {
        buffer_fini(&l->out);
        buffer_fini(&l->writing);
        l->written = 0;
    }
    l->seen_reads = reads;
    l->seen_writes = writes;
    unsigned stalled = l->stalled;
    pthread_mutex_unlock(&l->lock);
    return stalled;
}
