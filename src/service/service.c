#include "service/service.h"

#include "base/clock.h"
#include "service/service_private.h"

#include <stdlib.h>
#include <string.h>

nrpc_code service_add_all(services **out, nrpc_server *server, registry *r,
                          const service_options *options, nrpc_status *status)
{
    services *s = calloc(1, sizeof *s);
    if (!s)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                               "out of memory for the services");
    s->server = server;
    s->registry = r;
    s->options = *options;
    if (feed_create(&s->feed, server, r, status) || service_add_resources(s, status) ||
        service_add_registry(s, status) || service_add_query(s, status) ||
        service_add_health(s, status) || service_add_reflection(s, status) ||
        service_add_batch(s, status) || service_add_control(s, status) ||
        (options->echo && service_add_echo(s, status))) {
        service_free(s);
        return status->code;
    }
    *out = s;
    return NRPC_OK;
}

void service_free(services *s)
{
    if (!s)
        return;
    service_free_resources(s);
    service_free_reflection(s);
    feed_free(s->feed);
    free(s);
}

void service_drain(services *s)
{
    feed_close(s->feed);
}

nrpc_code service_context(const services *s, const nrpc_call *call, const char *request_id,
                          store_context *out, nrpc_status *status)
{
    *out = (store_context){
        .cancelled = nrpc_call_cancelled(call),
        .deadline_ns = nrpc_call_deadline_ns(call),
        .actor = nrpc_call_identity(call),
        .request_id = request_id,
    };
    size_t size;
    const char *revision = nrpc_call_metadata(call, "revision", &size);
    return revision
               ? registry_parse_revision(s->registry, revision, size, &out->min_revision, status)
               : NRPC_OK;
}

void service_note_revision(const services *s, nrpc_call *call, int64_t revision)
{
    char text[REGISTRY_REVISION_SIZE];
    registry_format_revision(s->registry, revision, text);
    nrpc_call_add_metadata(call, "revision", text);
}

void service_fail(nrpc_call *call, nrpc_status *status)
{
    nrpc_call_fail(call, status);
    nrpc_status_fini(status);
}

void service_fail_over(nrpc_call *call)
{
    nrpc_status status = {0};
    if (clock_now_ns() >= nrpc_call_deadline_ns(call))
        nrpc_status_set(&status, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED",
                        "the deadline passed before the answer was ready");
    else
        nrpc_status_set(&status, NRPC_CANCELLED, "CALL_CANCELLED", "the call was cancelled");
    service_fail(call, &status);
}
