#include "lib/standard.h"

#include <stdio.h>
#include <stdlib.h>

static const standard_type types[] = {
    [FTZ_ZONE] = {&ftz__v1__zone_service__descriptor, "Zone", "Zones", "zone", NULL},
    [FTZ_AREA] = {&ftz__v1__area_service__descriptor, "Area", "Areas", "area", "zones/-"},
    [FTZ_EVENT] = {&ftz__v1__event_service__descriptor, "Event", "Events", "event", "zones/-"},
    [FTZ_POWER_DELEGATION] = {&ftz__v1__power_delegation_service__descriptor, "PowerDelegation",
                              "PowerDelegations", "power_delegation", "zones/-"},
    [FTZ_SOURCE] = {&ftz__v1__source_service__descriptor, "Source", "Sources", "source", NULL},
    [FTZ_TERM] = {&ftz__v1__term_service__descriptor, "Term", "Terms", "term", "vocabularies/-"},
};

const standard_type *standard_type_of(ftz_type type)
{
    return &types[type];
}

nrpc_code standard_no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
}

nrpc_code standard_begin(standard_request *r, const standard_type *type, const char *verb,
                         const char *noun, nrpc_status *status)
{
    char name[STANDARD_METHOD_SIZE];
    snprintf(name, sizeof(name), "%s%s", verb, noun);
    r->method = protobuf_c_service_descriptor_get_method_by_name(type->service, name);
    r->message = calloc(1, r->method->input->sizeof_message);
    if (!r->message)
        return standard_no_memory(status);
    protobuf_c_message_init(r->method->input, r->message);
    snprintf(r->method_name, sizeof(r->method_name), "%s/%.100s", type->service->name, name);
    return NRPC_OK;
}

ProtobufCMessage *standard_send(standard_request *r, ftz_client *client, nrpc_status *status)
{
    ProtobufCMessage *response = ftz_call_message(client, r->method_name, r->message,
                                                  r->method->output, FTZ_IDEMPOTENT, status);
    free(r->message);
    return response;
}

void *standard_member(const ProtobufCMessage *message, const char *field_name, size_t **count)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, field_name);
    if (!field)
        return NULL;
    if (count)
        *count = (size_t *)(void *)((char *)message + field->quantifier_offset);
    return (char *)message + field->offset;
}

void standard_set_text(standard_request *r, const char *field_name, const char *text)
{
    const char **member = standard_member(r->message, field_name, NULL);
    if (member && text)
        *member = text;
}

void standard_set_bool(standard_request *r, const char *field_name, bool value)
{
    protobuf_c_boolean *member = standard_member(r->message, field_name, NULL);
    if (member)
        *member = value;
}

void standard_set_message(standard_request *r, const char *field_name, const void *message)
{
    const void **member = standard_member(r->message, field_name, NULL);
    if (member && message)
        *member = message;
}
