#include "lib/call.h"

#include <ftz/client.h>
#include <nrpc/v1/health.pb-c.h>
#include <stdlib.h>

struct ftz_client {
    nrpc_channel *channel;
    char *servers;
    uint32_t timeout_ms;
    bool wait_for_ready;
};

nrpc_code ftz_client_open(ftz_client **out, const char *servers, const ftz_client_options *options,
                          nrpc_status *status)
{
    static const ftz_client_options defaults;
    if (!options)
        options = &defaults;
    *out = NULL;
    ftz_client *client = calloc(1, sizeof(*client));
    char *urls = ftz_servers(servers);
    if (!client || !urls) {
        free(client);
        free(urls);
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    }
    *client = (ftz_client){
        .servers = urls,
        .timeout_ms = options->timeout_ms,
        .wait_for_ready = options->wait_for_ready,
    };
    nrpc_channel_options channel_options = {
        .metadata = options->metadata,
        .metadata_count = options->metadata_count,
    };
    nrpc_code code = nrpc_channel_open(&client->channel, urls, &channel_options, status);
    if (code)
        ftz_client_close(client);
    else
        *out = client;
    return code;
}

void ftz_client_close(ftz_client *client)
{
    if (!client)
        return;
    nrpc_channel_free(client->channel);
    free(client->servers);
    free(client);
}

const char *ftz_client_servers(const ftz_client *client)
{
    return client->servers;
}

nrpc_channel *ftz_client_channel(ftz_client *client)
{
    return client->channel;
}

void ftz_free(void *message)
{
    if (message)
        protobuf_c_message_free_unpacked(message, NULL);
}

nrpc_call_options client_call_options(const ftz_client *client, unsigned flags)
{
    return (nrpc_call_options){
        .timeout_ms = client->timeout_ms,
        .wait_for_ready = client->wait_for_ready,
        .idempotent = flags & FTZ_IDEMPOTENT,
    };
}

nrpc_code ftz_call(ftz_client *client, const char *method, const void *request, size_t size,
                   unsigned flags, nrpc_reply *reply)
{
    nrpc_call_options options = client_call_options(client, flags);
    return nrpc_channel_call(client->channel, method, request, size, &options, reply);
}

ProtobufCMessage *ftz_call_message(ftz_client *client, const char *method,
                                   const ProtobufCMessage *request,
                                   const ProtobufCMessageDescriptor *response, unsigned flags,
                                   nrpc_status *status)
{
    nrpc_call_options options = client_call_options(client, flags);
    nrpc_reply reply;
    ProtobufCMessage *message = NULL;
    if (nrpc_channel_call_message(client->channel, method, request, &options, &reply)) {
        if (status)
            nrpc_status_move(status, &reply.status);
    } else if (nrpc_reply_unpack(&reply, response, &message, status)) {
        message = NULL;
    }
    nrpc_reply_fini(&reply);
    return message;
}

nrpc_code ftz_health(ftz_client *client, const char *service, bool *serving, nrpc_status *status)
{
    Nrpc__V1__CheckRequest request = NRPC__V1__CHECK_REQUEST__INIT;
    if (service)
        request.service = (char *)service; // read only
    nrpc_status own = {0};
    Nrpc__V1__CheckResponse *response = (Nrpc__V1__CheckResponse *)ftz_call_message(
        client, "nrpc.v1.HealthService/Check", &request.base, &nrpc__v1__check_response__descriptor,
        FTZ_IDEMPOTENT, &own);
    nrpc_code code = own.code;
    if (response)
        *serving = response->status == NRPC__V1__SERVING_STATUS__SERVING_STATUS_SERVING;
    else if (status)
        nrpc_status_move(status, &own);
    nrpc_status_fini(&own);
    ftz_free(response);
    return code;
}
