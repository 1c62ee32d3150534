// BatchService.Run: the calls one after another, each as a child of the batch, their replies
// gathered into one response as they come.
//
// A child may be done before nrpc_call_start_child returns, or later on another thread. Whichever
// of the two comes second goes on with the next one, in a loop: no recursion, however many calls
// are answered at once.
#include "base/buffer.h"
#include "base/pbwire.h"
#include "nrpc/v1/batch.pb-c.h"
#include "service/service_private.h"

#include <stdlib.h>

enum {
    MAX_CALLS = 1000,
    REPLIES_FIELD = 1,
    // Kept free for each call still to come, so that each can at least say why it has no answer.
    SHORT_REPLY = 256,
};

typedef struct run {
    nrpc_call *call;
    const Nrpc__V1__RunRequest *request;
    size_t next;         // the call under way
    buffer packed;       // its bytes
    buffer replies;      // the response so far
    size_t head;         // bytes before the reply under way: tag and length
    unsigned attempts;   // of the reply under way to find room
    bool reserved;       // it found some; an OK reply without payload has no bytes at all
    bool no_room;        // not even its error fitted
    atomic_bool halfway; // of the starter and `done` one has passed
} run;

static void go_on(run *r);

static uint8_t *reserve(void *context, size_t size)
{
    run *r = context;
    size_t left = r->request->n_calls - r->next - 1 + (r->attempts++ == 0);
    size_t whole = pbwire_bytes_size(REPLIES_FIELD, size);
    size_t limit = nrpc_call_max_response(r->call);
    size_t kept = left * SHORT_REPLY;
    r->reserved = false;
    if (r->replies.size + kept > limit || whole > limit - kept - r->replies.size)
        return NULL;
    uint8_t *start = buffer_reserve(&r->replies, whole), *next = start;
    if (!start)
        return NULL;
    next = pbwire_put_tag(next, REPLIES_FIELD, PBWIRE_BYTES);
    next = pbwire_put_varint(next, size);
    r->head = (size_t)(next - start);
    r->reserved = true;
    return next;
}

static void done(void *context, size_t size)
{
    run *r = context;
    if (r->reserved)
        r->replies.size += r->head + size;
    else
        r->no_room = true;
    if (atomic_exchange(&r->halfway, true))
        go_on(r);
}

static const nrpc_child_ops child_ops = {reserve, done};

static void finish(run *r)
{
    nrpc_call *call = r->call;
    nrpc_status status = {0};
    if (atomic_load(nrpc_call_cancelled(call))) {
        service_fail_over(call);
    } else if (r->no_room || r->packed.failed) {
        nrpc_status_set(&status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                        "the replies of %zu calls exceed the message limit: send fewer at once",
                        r->request->n_calls);
        nrpc_status_add(&status, "calls", "%zu", r->request->n_calls);
        service_fail(call, &status);
    } else {
        nrpc_call_reply_bytes(call, &(nrpc_slice){r->replies.data, r->replies.size}, 1);
    }
    buffer_fini(&r->packed);
    buffer_fini(&r->replies);
    free(r);
}

static bool pack_next(run *r)
{
    const ProtobufCMessage *call = &r->request->calls[r->next]->base;
    size_t size = protobuf_c_message_get_packed_size(call);
    buffer_clear(&r->packed);
    uint8_t *out = buffer_reserve(&r->packed, size);
    if (out)
        r->packed.size = protobuf_c_message_pack(call, out);
    return out;
}

// Starts the calls from r->next on until one is not done at once.
static void start(run *r)
{
    while (r->next < r->request->n_calls && !r->no_room &&
           !atomic_load(nrpc_call_cancelled(r->call)) && pack_next(r)) {
        r->attempts = 0;
        r->reserved = false;
        atomic_store(&r->halfway, false);
        nrpc_call_start_child(r->call, r->packed.data, r->packed.size, &child_ops, r);
        if (!atomic_exchange(&r->halfway, true))
            return; // `done` goes on, and may have freed r
        r->next++;
    }
    finish(r);
}

static void go_on(run *r)
{
    r->next++;
    start(r);
}

static void handle(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    const Nrpc__V1__RunRequest *request = (const Nrpc__V1__RunRequest *)message;
    nrpc_status status = {0};
    (void)context;
    if (request->n_calls > MAX_CALLS) {
        nrpc_status_violate(&status, "calls", "COUNT_OUT_OF_RANGE",
                            "at most %d calls are allowed, %zu were given", MAX_CALLS,
                            request->n_calls);
        nrpc_status_add(&status, "calls", "%zu", request->n_calls);
        service_fail(call, &status);
        return;
    }
    run *r = calloc(1, sizeof *r);
    if (!r) {
        nrpc_status_set(&status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                        "out of memory for the batch");
        service_fail(call, &status);
        return;
    }
    r->call = call;
    r->request = request;
    start(r);
}

// On the pool: a thousand calls from memory are a long time for those behind them on a connection.
static const nrpc_method methods[] = {{"Run", handle, NRPC_METHOD_NO_BATCH}};

nrpc_code service_add_batch(services *s, nrpc_status *status)
{
    return nrpc_server_add_service(s->server, &nrpc__v1__batch_service__descriptor, methods,
                                   ARRAY_LEN(methods), s, status);
}
