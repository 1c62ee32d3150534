#include "service_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void site_open(site *s, const service_options *options)
{
    nrpc_status status = {0};
    nrpc_server_options server_options;
    char ipc[128];
    memset(s, 0, sizeof *s);
    world_open(&s->w);
    world_seed(&s->w);
    nrpc_server_options_init(&server_options);
    server_options.max_message_size = 512 << 10;
    assert_ok(nrpc_server_create(&s->server, &server_options, &status), &status);
    assert_ok(service_add_all(&s->services, s->server, s->w.registry, options, &status), &status);
    snprintf(ipc, sizeof ipc, "ipc://%s/socket", s->w.directory);
    assert_ok(nrpc_server_listen(s->server, "tcp://127.0.0.1:0", &status), &status);
    assert_ok(nrpc_server_listen(s->server, ipc, &status), &status);
    assert_ok(nrpc_channel_open(&s->tcp, nrpc_server_address(s->server, 0), NULL, &status),
              &status);
    assert_ok(nrpc_channel_open(&s->ipc, ipc, NULL, &status), &status);
}

void site_close(site *s)
{
    nrpc_channel_free(s->tcp);
    nrpc_channel_free(s->ipc);
    nrpc_server_free(s->server);
    service_free(s->services);
    world_close(&s->w);
}

int site_setup(void **state)
{
    site *s = malloc(sizeof *s);
    site_open(s, &(service_options){.echo = true});
    *state = s;
    return 0;
}

int site_teardown(void **state)
{
    site_close(*state);
    free(*state);
    return 0;
}

// The response, or NULL with *status as the server replied.
void *ask_with(nrpc_channel *channel, const char *method, const ProtobufCMessage *request,
               const ProtobufCMessageDescriptor *type, const nrpc_call_options *options,
               nrpc_status *status)
{
    nrpc_reply reply;
    ProtobufCMessage *message = NULL;
    nrpc_channel_call_message(channel, method, request, options, &reply);
    if (!reply.status.code)
        assert_ok(nrpc_reply_unpack(&reply, type, &message, status), status);
    nrpc_status_move(status, &reply.status);
    nrpc_reply_fini(&reply);
    return message;
}

void *ask(nrpc_channel *channel, const char *method, const ProtobufCMessage *request,
          const ProtobufCMessageDescriptor *type, nrpc_status *status)
{
    return ask_with(channel, method, request, type, NULL, status);
}

void drop(void *message)
{
    protobuf_c_message_free_unpacked(message, NULL);
}
