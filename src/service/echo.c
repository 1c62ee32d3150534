#include "base/arena.h"
#include "base/clock.h"
#include "base/pbwire.h"
#include "nrpc/v1/echo.pb-c.h"
#include "service/service_private.h"

enum { DATA_FIELD = 1, MAX_HEAD = 1 + PBWIRE_MAX_VARINT };

static void answer(nrpc_call *call, void *context)
{
    static const uint8_t zeros[65536];
    const Nrpc__V1__EchoRequest *request = context;
    size_t size = request->reply_size ? request->reply_size : request->data.len;
    size_t room = nrpc_call_max_response(call);
    if (size && pbwire_bytes_size(DATA_FIELD, size) > room) {
        nrpc_status status = {0};
        nrpc_status_set(&status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                        "a reply of %zu bytes exceeds the message limit; %zu are left for it", size,
                        room);
        nrpc_status_add(&status, "size", "%zu", size);
        nrpc_status_add(&status, "limit", "%zu", room);
        service_fail(call, &status);
        return;
    }
    size_t copied = size < request->data.len ? size : request->data.len;
    size_t padding = size - copied;
    size_t count = 2 + (padding + sizeof zeros - 1) / sizeof zeros;
    nrpc_slice *pieces = arena_alloc(nrpc_call_arena(call), count * sizeof *pieces);
    if (!pieces) {
        nrpc_status status = {0};
        nrpc_status_set(&status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                        "out of memory for the reply");
        service_fail(call, &status);
        return;
    }
    uint8_t head[MAX_HEAD], *end = head;
    if (size) {
        end = pbwire_put_tag(end, DATA_FIELD, PBWIRE_BYTES);
        end = pbwire_put_varint(end, size);
    }
    pieces[0] = (nrpc_slice){head, (size_t)(end - head)};
    pieces[1] = (nrpc_slice){request->data.data, copied};
    for (size_t i = 2; i < count; i++) {
        pieces[i] = (nrpc_slice){zeros, padding < sizeof zeros ? padding : sizeof zeros};
        padding -= pieces[i].size;
    }
    nrpc_call_reply_bytes(call, pieces, count);
}

static void answer_after_delay(nrpc_call *call, void *context)
{
    // The wait ends early where the deadline does.
    if (atomic_load(nrpc_call_cancelled(call)) || clock_now_ns() >= nrpc_call_deadline_ns(call))
        service_fail_over(call);
    else
        answer(call, context);
}

static void echo(nrpc_call *call, const ProtobufCMessage *message, void *context)
{
    const Nrpc__V1__EchoRequest *request = (const Nrpc__V1__EchoRequest *)message;
    (void)context;
    if (!request->delay_ms)
        answer(call, (void *)(uintptr_t)request);
    else if (nrpc_call_detach(call))
        nrpc_call_sleep(call, request->delay_ms, answer_after_delay, (void *)(uintptr_t)request);
}

static const nrpc_method methods[] = {{"Echo", echo, NRPC_METHOD_QUICK}};

nrpc_code service_add_echo(services *s, nrpc_status *status)
{
    return nrpc_server_add_service(s->server, &nrpc__v1__echo_service__descriptor, methods,
                                   ARRAY_LEN(methods), s, status);
}
