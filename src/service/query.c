// QueryService: questions that are answered with messages, not with stored bytes.
#include "service/service_private.h"

#include "ftz/v1/query_service.pb-c.h"
#include "registry/powers.h"

enum { ANSWER_MEMORY = 64 << 20 }; // of one question

typedef struct asking {
    question question;
    arena memory;
    nrpc_status status;
} asking;

// False: it has been answered.
static bool begin(asking *a, services *s, nrpc_call *call)
{
    *a = (asking){.question = {.registry = s->registry,
                               .memory = &a->memory,
                               .max_size = nrpc_call_max_response(call)}};
    arena_init(&a->memory, NULL, 0, ANSWER_MEMORY, NULL);
    if (!service_context(s, call, "", &a->question.context, &a->status))
        return true;
    service_fail(call, &a->status);
    return false;
}

static void end(asking *a, services *s, nrpc_call *call, const ProtobufCMessage *answer)
{
    if (a->status.code) {
        service_fail(call, &a->status);
    } else {
        service_note_revision(s, call, a->question.revision);
        nrpc_call_reply(call, answer);
    }
    arena_fini(&a->memory);
}

static void answer_powers(nrpc_call *call, const ProtobufCMessage *request, void *context)
{
    asking a;
    Ftz__V1__FindPowersResponse answer;
    if (!begin(&a, context, call))
        return;
    a.status.code =
        find_powers(&a.question, (const Ftz__V1__FindPowersRequest *)request, &answer, &a.status);
    end(&a, context, call, &answer.base);
}

static const nrpc_method methods[] = {
    {"FindPowers", answer_powers, 0},
    {"Search", service_search, 0},
};

nrpc_code service_add_query(services *s, nrpc_status *status)
{
    return nrpc_server_add_service(s->server, &ftz__v1__query_service__descriptor, methods,
                                   ARRAY_LEN(methods), s, status);
}
