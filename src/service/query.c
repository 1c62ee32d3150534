// QueryService: questions that are answered with messages, not with stored bytes.
#include "service/service_private.h"

#include "ftz/v1/query_service.pb-c.h"
#include "registry/query/aggregate.h"
#include "registry/query/powers.h"
#include "registry/query/profile.h"
#include "registry/query/timeline.h"

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

// answer: NULL if there is only the status.
static void end(asking *a, services *s, nrpc_call *call, const ProtobufCMessage *answer)
{
    if (answer) {
        service_note_revision(s, call, a->question.revision);
        nrpc_call_reply(call, answer);
    } else {
        service_fail(call, &a->status);
    }
    arena_fini(&a->memory);
}

// A handler: the function that answers, and the messages it answers with.
#define HANDLER(handler, function, Request, Response)                                              \
    static void handler(nrpc_call *call, const ProtobufCMessage *request, void *context)           \
    {                                                                                              \
        asking a;                                                                                  \
        Response answer;                                                                           \
        if (begin(&a, context, call))                                                              \
            end(&a, context, call,                                                                 \
                function(&a.question, (const Request *)request, &answer, &a.status)                \
                    ? NULL                                                                         \
                    : &answer.base);                                                               \
    }

HANDLER(answer_powers, find_powers, Ftz__V1__FindPowersRequest, Ftz__V1__FindPowersResponse)
HANDLER(answer_aggregate, aggregate, Ftz__V1__AggregateRequest, Ftz__V1__AggregateResponse)
HANDLER(answer_timeline, list_timeline, Ftz__V1__ListTimelineRequest, Ftz__V1__ListTimelineResponse)
HANDLER(answer_profile, get_zone_profile, Ftz__V1__GetZoneProfileRequest,
        Ftz__V1__GetZoneProfileResponse)

static const nrpc_method methods[] = {
    {"FindPowers", answer_powers, 0},     {"Aggregate", answer_aggregate, 0},
    {"ListTimeline", answer_timeline, 0}, {"GetZoneProfile", answer_profile, 0},
    {"Search", service_search, 0},
};

nrpc_code service_add_query(services *s, nrpc_status *status)
{
    return nrpc_server_add_service(s->server, &ftz__v1__query_service__descriptor, methods,
                                   ARRAY_LEN(methods), s, status);
}
