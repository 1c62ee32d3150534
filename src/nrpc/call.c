#include "nrpc/server_internal.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "nrpc/wirewalk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_TIMEOUT_MS = 30000,
    MAX_TIMEOUT_MS = 600000,
    RETRY_MS = 50, // what we ask a refused caller to wait
    CHILD_LOOK_NS = 50000000,
};

// --- memory --------------------------------------------------------------------------------------

static void release_parts(nrpc_call *call)
{
    arena_fini(&call->memory);
    if (call->detached) {
        atomic_fetch_sub_explicit(&call->server->calls, 1, memory_order_release);
        connection_unref(call->conn);
    }
}

void call_free(nrpc_call *call)
{
    free(call);
}

void call_unref(nrpc_call *call)
{
    if (atomic_fetch_sub_explicit(&call->refs, 1, memory_order_acq_rel) != 1)
        return;
    release_parts(call);
    call_free(call);
}

static nrpc_call *create_call(connection *c, const uint8_t *header, size_t header_size)
{
    nrpc_call *call = c->spare;
    c->spare = NULL;
    if (!call && !(call = malloc(sizeof *call)))
        return NULL;
    // Everything but the first block of the arena.
    memset(call, 0, offsetof(nrpc_call, first_memory));
    call->server = c->server;
    call->conn = c;
    call->refs = 2; // the reader's and the handler's
    call->cancel_flag = &call->cancelled;
    call->header_size = header_size;
    memcpy(call->header, header, header_size);
    arena_init(&call->memory, call->first_memory, sizeof call->first_memory,
               c->server->options.max_call_memory, &c->server->memory);
    return call;
}

// The reader's reference. What only the reader knew of is kept for the next call.
static void reader_unref(connection *c, nrpc_call *call)
{
    if (atomic_load_explicit(&call->refs, memory_order_acquire) != 1) {
        call_unref(call);
        return;
    }
    bool keep = !call->detached && !c->spare;
    release_parts(call);
    if (keep)
        c->spare = call;
    else
        call_free(call);
}

// --- answering -----------------------------------------------------------------------------------

// A response of either kind.
typedef struct response {
    const ProtobufCMessage *message; // or
    const nrpc_slice *pieces;
    size_t count;
    size_t size;
} response;

static void put_response(const response *r, uint8_t *out)
{
    if (r->message) {
        protobuf_c_message_pack(r->message, out);
        return;
    }
    for (size_t i = 0; i < r->count; i++) {
        if (r->pieces[i].size)
            memcpy(out, r->pieces[i].data, r->pieces[i].size);
        out += r->pieces[i].size;
    }
}

static uint8_t *reserve(nrpc_call *call, size_t size, bool refusal, nrpc_code *error)
{
    if (call->child_ops) {
        uint8_t *p = call->child_ops->reserve(call->child_context, size);
        if (!p)
            *error = NRPC_RESOURCE_EXHAUSTED;
        return p;
    }
    size += call->header_size;
    uint8_t *p = refusal ? link_reserve_refusal(call->conn->link, size, error)
                         : link_reserve(call->conn->link, size, error);
    if (!p)
        return NULL;
    memcpy(p, call->header, call->header_size);
    return p + call->header_size;
}

static void commit(nrpc_call *call, size_t size)
{
    if (call->child_ops)
        call->child_ops->done(call->child_context, size);
    else
        link_commit(call->conn->link);
}

static void send_error(nrpc_call *call, const nrpc_status *status, const envelope_entry *metadata,
                       size_t count)
{
    size_t size = 0;
    nrpc_code error;
    uint8_t *bytes = envelope_pack_error(status, metadata, count, &size);
    uint8_t *p = bytes ? reserve(call, size, true, &error) : NULL;
    if (p) {
        memcpy(p, bytes, size);
        commit(call, size);
    } else if (call->child_ops) {
        commit(call, 0);
    }
    free(bytes);
}

// True for the one who may answer: from here the call is out of its connection's table, and its
// deadline cannot come.
static bool claim(nrpc_call *call)
{
    if (atomic_exchange_explicit(&call->answered, true, memory_order_acq_rel))
        return false;
    if (call->detached && !call->parent) {
        connection_untrack(call->conn, call);
        if (timer_cancel(call->server->timers, &call->deadline))
            call_unref(call);
    }
    return true;
}

// After the answer of whoever claimed the call is with the link: from here a drain may close it.
static void settle(nrpc_call *call)
{
    if (call->tracked)
        connection_answered(call->conn);
}

static void refuse_too_large(nrpc_call *call, size_t size, size_t limit)
{
    nrpc_status status = {0};
    nrpc_status_set(&status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                    "the response is %zu bytes long; the limit is %zu: ask for less", size, limit);
    nrpc_status_add(&status, "size", "%zu", size);
    nrpc_status_add(&status, "limit", "%zu", limit);
    send_error(call, &status, call->reply_metadata, call->reply_metadata_count);
    nrpc_status_fini(&status);
}

static void refuse_no_room(nrpc_call *call)
{
    nrpc_status status = {0};
    nrpc_status_set(&status, NRPC_RESOURCE_EXHAUSTED, "OUTPUT_FULL",
                    "too many replies are waiting to be read");
    nrpc_status_retry_after(&status, RETRY_MS);
    send_error(call, &status, NULL, 0);
    nrpc_status_fini(&status);
}

static void note_draining(nrpc_call *call)
{
    if (atomic_load_explicit(&call->server->draining, memory_order_relaxed) && !call->parent)
        nrpc_call_add_metadata(call, "draining", "1");
}

static void answer(nrpc_call *call, const response *r)
{
    if (claim(call)) {
        note_draining(call);
        size_t size = envelope_ok_size(r->size, call->reply_metadata, call->reply_metadata_count);
        size_t limit = nrpc_call_max_response(call);
        nrpc_code error = NRPC_OK;
        if (r->size > limit) {
            refuse_too_large(call, r->size, limit);
        } else {
            uint8_t *p = reserve(call, size, false, &error), *payload;
            if (p) {
                envelope_put_ok(p, r->size, call->reply_metadata, call->reply_metadata_count,
                                &payload);
                put_response(r, payload);
                commit(call, size);
            } else if (error == NRPC_RESOURCE_EXHAUSTED) {
                refuse_no_room(call);
            }
        }
        settle(call);
    }
    call_unref(call);
}

size_t nrpc_call_max_response(const nrpc_call *call)
{
    size_t overhead = SP_MAX_HEADER + 16;
    for (size_t i = 0; i < MAX_REPLY_METADATA; i++)
        overhead += 160; // an entry of ours at its longest
    size_t limit = call->server->options.max_message_size;
    return limit > overhead ? limit - overhead : 0;
}

void nrpc_call_reply(nrpc_call *call, const ProtobufCMessage *message)
{
    response r = {.message = message, .size = protobuf_c_message_get_packed_size(message)};
    answer(call, &r);
}

void nrpc_call_reply_bytes(nrpc_call *call, const nrpc_slice *pieces, size_t count)
{
    response r = {.pieces = pieces, .count = count};
    for (size_t i = 0; i < count; i++)
        r.size += pieces[i].size;
    answer(call, &r);
}

void nrpc_call_fail(nrpc_call *call, const nrpc_status *status)
{
    assert(status->code != NRPC_OK);
    if (claim(call)) {
        note_draining(call);
        send_error(call, status, call->reply_metadata, call->reply_metadata_count);
        settle(call);
    }
    call_unref(call);
}

void nrpc_call_add_metadata(nrpc_call *call, const char *key, const char *value)
{
    if (call->reply_metadata_count == MAX_REPLY_METADATA)
        return;
    size_t key_size = strlen(key), value_size = strlen(value);
    char *k = arena_strndup(&call->memory, key, key_size);
    char *v = arena_strndup(&call->memory, value, value_size);
    if (k && v)
        call->reply_metadata[call->reply_metadata_count++] =
            (envelope_entry){{k, key_size}, {v, value_size}};
}

// --- the end of waiting --------------------------------------------------------------------------

static void wake(nrpc_call *call)
{
    void (*resume)(nrpc_call *, void *) = call->resume;
    resume(call, call->resume_context);
    call_unref(call); // the sleep timer's
}

static void on_wake(timer *t);

// A cancel reaches the outermost call only; one inside it looks again from time to time.
static int64_t next_look(const nrpc_call *call)
{
    int64_t look = clock_now_ns() + CHILD_LOOK_NS;
    return call->parent && look < call->wake_ns ? look : call->wake_ns;
}

static void on_wake(timer *t)
{
    nrpc_call *call = CONTAINER_OF(t, nrpc_call, sleep);
    if (call->parent && !atomic_load(call->cancel_flag) && clock_now_ns() < call->wake_ns)
        timer_start(call->server->timers, t, next_look(call), on_wake);
    else
        wake(call);
}

void call_cancel(nrpc_call *call)
{
    atomic_store(&call->cancelled, true);
    if (timer_cancel(call->server->timers, &call->sleep))
        wake(call);
}

void call_cancel_with(nrpc_call *call, const nrpc_status *status)
{
    // Not by the handler: the reply's metadata and the arena are not ours to touch.
    if (claim(call)) {
        send_error(call, status, NULL, 0);
        settle(call);
    }
    call_cancel(call);
}

static void on_deadline(timer *t)
{
    nrpc_call *call = CONTAINER_OF(t, nrpc_call, deadline);
    nrpc_status status = {0};
    nrpc_status_set(&status, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED",
                    "the deadline passed before %s was answered", call->method->name);
    nrpc_status_add(&status, "method", "%s", call->method->name);
    call_cancel_with(call, &status);
    nrpc_status_fini(&status);
    call_unref(call);
}

void nrpc_call_sleep(nrpc_call *call, unsigned delay_ms, void (*resume)(nrpc_call *, void *),
                     void *context)
{
    int64_t due = clock_now_ns() + delay_ms * INT64_C(1000000);
    call->wake_ns = due < call->deadline_ns ? due : call->deadline_ns;
    call->resume = resume;
    call->resume_context = context;
    atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed); // ours, while we look again
    timer_start(call->server->timers, &call->sleep, next_look(call), on_wake);
    if (atomic_load(call->cancel_flag))
        nrpc_call_wake(call);
    call_unref(call);
}

void nrpc_call_wake(nrpc_call *call)
{
    if (!timer_cancel(call->server->timers, &call->sleep))
        return;
    call->wake_ns = clock_now_ns();
    timer_start(call->server->timers, &call->sleep, call->wake_ns, on_wake);
}

bool nrpc_call_cancel_sibling(nrpc_call *call, uint32_t id)
{
    uint8_t header[SP_MAX_HEADER];
    // The same way back through the same devices, another id.
    memcpy(header, call->header, call->header_size);
    sp_put_u32(header + call->header_size - 4, id | 0x80000000u);
    nrpc_call *other = connection_find(call->conn, header, call->header_size);
    if (!other)
        return false;
    const nrpc_call *outermost = call;
    while (outermost->parent)
        outermost = outermost->parent;
    bool self = other == outermost;
    if (!self) {
        nrpc_status status = {0};
        nrpc_status_set(&status, NRPC_CANCELLED, "CANCELLED", "the caller cancelled the call");
        call_cancel_with(other, &status);
        nrpc_status_fini(&status);
    }
    call_unref(other);
    return !self;
}

// --- going on elsewhere --------------------------------------------------------------------------

static void refuse_overload(nrpc_call *call, const char *reason, const char *what, size_t limit)
{
    nrpc_status status = {0};
    nrpc_status_set(&status, NRPC_RESOURCE_EXHAUSTED, reason, "%s (%zu); try again shortly", what,
                    limit);
    nrpc_status_add(&status, "limit", "%zu", limit);
    nrpc_status_retry_after(&status, RETRY_MS);
    nrpc_call_fail(call, &status);
    nrpc_status_fini(&status);
}

bool nrpc_call_detach(nrpc_call *call)
{
    if (call->detached)
        return true;
    if (call->parent) { // its outermost call is in the table, and has the timer
        call->detached = true;
        connection_ref(call->conn);
        atomic_fetch_add_explicit(&call->server->calls, 1, memory_order_relaxed);
        return true;
    }
    // Before it is in the table: whoever finds it there must see a detached call.
    call->detached = true;
    connection_ref(call->conn);
    atomic_fetch_add_explicit(&call->server->calls, 1, memory_order_relaxed);
    size_t all = atomic_load_explicit(&call->server->calls, memory_order_relaxed);
    if (all > call->server->options.max_calls) {
        refuse_overload(call, "SERVER_FULL", "too many calls are in flight on this server",
                        call->server->options.max_calls);
        return false;
    }
    if (!connection_track(call->conn, call)) {
        refuse_overload(call, "TOO_MANY_CALLS", "too many calls are in flight on this connection",
                        call->server->options.max_calls_per_connection);
        return false;
    }
    atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
    timer_start(call->server->timers, &call->deadline, call->deadline_ns, on_deadline);
    // Answered in between, by a cancel: the timer was not there to be taken back.
    if (atomic_load(&call->answered) && timer_cancel(call->server->timers, &call->deadline))
        call_unref(call);
    return true;
}

static void run_job(pool_job *job)
{
    nrpc_call *call = CONTAINER_OF(job, nrpc_call, job);
    nrpc_status status = {0};
    if (atomic_load(call->cancel_flag))
        nrpc_status_set(&status, NRPC_CANCELLED, "CANCELLED", "the caller is gone");
    else if (clock_now_ns() >= call->deadline_ns)
        nrpc_status_set(&status, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED",
                        "the deadline passed while %s waited for a worker", call->method->name);
    if (status.code) {
        nrpc_call_fail(call, &status);
        nrpc_status_fini(&status);
        return;
    }
    call->pool_handler(call, call->request, call->method->context);
}

void nrpc_call_run_on_pool(nrpc_call *call, nrpc_handler handler)
{
    if (!nrpc_call_detach(call))
        return;
    call->pool_handler = handler;
    bool turns = call->method->flags & NRPC_METHOD_TAKES_TURNS;
    pool *p = turns ? call->server->turn_takers : call->server->workers;
    if (!pool_submit(p, &call->job, run_job))
        refuse_overload(call, "QUEUE_FULL", "too many calls are waiting for a worker",
                        call->server->options.max_queued_calls);
}

// --- beginning -----------------------------------------------------------------------------------

static void fail_with(nrpc_call *call, nrpc_status *status)
{
    nrpc_call_fail(call, status);
    nrpc_status_fini(status);
}

static bool copy_metadata(nrpc_call *call, const envelope_call *in)
{
    envelope_entry *list = arena_alloc(&call->memory, in->metadata_count * sizeof *list);
    if (!list)
        return false;
    for (size_t i = 0; i < in->metadata_count; i++) {
        envelope_slice key = in->metadata[i].key, value = in->metadata[i].value;
        list[i].key = (envelope_slice){arena_strndup(&call->memory, key.data, key.size), key.size};
        list[i].value =
            (envelope_slice){arena_strndup(&call->memory, value.data, value.size), value.size};
        if (!list[i].key.data || !list[i].value.data)
            return false;
    }
    call->metadata = list;
    call->metadata_count = in->metadata_count;
    return true;
}

static nrpc_code out_of_call_memory(const nrpc_call *call, nrpc_status *status)
{
    size_t limit = call->server->options.max_call_memory;
    nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "CALL_MEMORY",
                    "the request needs more memory than a call may use (%zu bytes), or than is "
                    "free now",
                    limit);
    nrpc_status_add(status, "limit", "%zu", limit);
    return nrpc_status_retry_after(status, RETRY_MS);
}

static nrpc_code no_such_method(envelope_slice name, bool declared, nrpc_status *status)
{
    int shown = (int)utf8_valid_prefix(name.data, name.size > 200 ? 200 : name.size);
    if (!declared)
        nrpc_status_set(status, NRPC_UNIMPLEMENTED, "METHOD_NOT_FOUND",
                        "no service here has the method \"%.*s\"; a method is named "
                        "package.Service/Method",
                        shown, name.data);
    else
        nrpc_status_set(status, NRPC_UNIMPLEMENTED, "METHOD_NOT_SERVED",
                        "%.*s is declared, but this server does not serve it", shown, name.data);
    return nrpc_status_add(status, "method", "%.*s", shown, name.data);
}

// Fills the call from its envelope; the request is checked and unpacked.
static nrpc_code prepare(nrpc_call *call, const envelope_call *in, nrpc_status *status)
{
    call->method = method_table_find(&call->server->methods, in->method.data, in->method.size);
    if (!call->method || !call->method->handler)
        return no_such_method(in->method, call->method != NULL, status);
    uint32_t timeout_ms = in->timeout_ms ? in->timeout_ms : DEFAULT_TIMEOUT_MS;
    if (timeout_ms > MAX_TIMEOUT_MS)
        timeout_ms = MAX_TIMEOUT_MS;
    call->deadline_ns = clock_now_ns() + timeout_ms * INT64_C(1000000);
    if (in->metadata_count && !copy_metadata(call, in))
        return out_of_call_memory(call, status);
    const ProtobufCMessageDescriptor *type = call->method->descriptor->input;
    const uint8_t *data = (const uint8_t *)in->payload.data;
    if (wirewalk_check(type, data, in->payload.size, status))
        return status->code;
    call->request = protobuf_c_message_unpack(type, &call->memory.pb, in->payload.size, data);
    if (call->request)
        return NRPC_OK;
    if (call->memory.exhausted)
        return out_of_call_memory(call, status);
    return nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "MESSAGE_MALFORMED",
                           "the payload is not a %s", type->name);
}

static void start(nrpc_call *call)
{
    if (!(call->method->flags & NRPC_METHOD_QUICK)) {
        nrpc_call_run_on_pool(call, call->method->handler);
        return;
    }
    call->method->handler(call, call->request, call->method->context);
}

void call_receive(connection *c, const uint8_t *header, size_t header_size, const uint8_t *data,
                  size_t size)
{
    nrpc_call *same = connection_find(c, header, header_size);
    if (same) { // a resend of what is being worked on
        call_unref(same);
        return;
    }
    nrpc_call *call = create_call(c, header, header_size);
    if (!call)
        return; // not even memory to say so: the caller's deadline tells it
    nrpc_status status = {0};
    envelope_call in;
    if (atomic_load_explicit(&c->server->draining, memory_order_relaxed)) {
        nrpc_status_set(&status, NRPC_UNAVAILABLE, "DRAINING",
                        "the server is stopping: try another, or again later");
        nrpc_status_retry_after(&status, RETRY_MS);
        fail_with(call, &status);
    } else if (envelope_parse_call(data, size, &in, &status) || prepare(call, &in, &status)) {
        fail_with(call, &status);
    } else {
        start(call);
        if (!call->detached && !atomic_load_explicit(&call->answered, memory_order_relaxed)) {
            assert(!"a QUICK handler returned without an answer");
            nrpc_status_set(&status, NRPC_INTERNAL, "NO_ANSWER", "%s did not answer",
                            call->method->name);
            fail_with(call, &status);
        }
    }
    reader_unref(c, call);
}

void call_refuse(connection *c, const uint8_t *header, size_t header_size,
                 const nrpc_status *status)
{
    nrpc_call *call = create_call(c, header, header_size);
    if (!call)
        return;
    nrpc_call_fail(call, status);
    reader_unref(c, call);
}

void nrpc_call_start_child(nrpc_call *parent, const void *call_bytes, size_t size,
                           const nrpc_child_ops *child_ops, void *context)
{
    nrpc_call *call = malloc(sizeof *call);
    if (!call) {
        child_ops->done(context, 0);
        return;
    }
    memset(call, 0, offsetof(nrpc_call, first_memory));
    call->server = parent->server;
    call->conn = parent->conn;
    call->parent = parent;
    call->refs = 2;
    call->cancel_flag = parent->cancel_flag;
    call->child_ops = child_ops;
    call->child_context = context;
    call->header_size = parent->header_size;
    memcpy(call->header, parent->header, parent->header_size);
    arena_init(&call->memory, call->first_memory, sizeof call->first_memory,
               call->server->options.max_call_memory, &call->server->memory);
    nrpc_status status = {0};
    envelope_call in;
    if (envelope_parse_call(call_bytes, size, &in, &status) || prepare(call, &in, &status)) {
        fail_with(call, &status);
    } else if (call->method->flags & (NRPC_METHOD_WAITS | NRPC_METHOD_NO_BATCH)) {
        nrpc_status_set(&status, NRPC_INVALID_ARGUMENT, "NOT_IN_BATCH",
                        "%s cannot be part of a batch", call->method->name);
        nrpc_status_add(&status, "method", "%s", call->method->name);
        fail_with(call, &status);
    } else {
        if (call->deadline_ns > parent->deadline_ns)
            call->deadline_ns = parent->deadline_ns;
        if (!call->metadata_count) { // a batch's metadata holds for what has none of its own
            call->metadata = parent->metadata;
            call->metadata_count = parent->metadata_count;
        }
        start(call);
    }
    call_unref(call);
}

// --- what a call is ------------------------------------------------------------------------------

const nrpc_peer *nrpc_call_peer(const nrpc_call *call)
{
    return &call->conn->peer;
}

const char *nrpc_call_identity(const nrpc_call *call)
{
    return call->conn->identity;
}

const char *nrpc_call_method(const nrpc_call *call)
{
    return call->method->name;
}

const char *nrpc_call_metadata(const nrpc_call *call, const char *key, size_t *size)
{
    for (size_t i = 0; i < call->metadata_count; i++) {
        if (strcmp(call->metadata[i].key.data, key) == 0) {
            if (size)
                *size = call->metadata[i].value.size;
            return call->metadata[i].value.data;
        }
    }
    return NULL;
}

int64_t nrpc_call_deadline_ns(const nrpc_call *call)
{
    return call->deadline_ns;
}

const atomic_bool *nrpc_call_cancelled(const nrpc_call *call)
{
    return call->cancel_flag;
}

struct arena *nrpc_call_arena(nrpc_call *call)
{
    return &call->memory;
}

nrpc_server *nrpc_call_server(const nrpc_call *call)
{
    return call->server;
}
