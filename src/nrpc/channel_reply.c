#include "base/macros.h"
#include "nrpc/wirewalk.h"

#include <nrpc/client.h>
#include <stdlib.h>
#include <string.h>

void nrpc_reply_fini(nrpc_reply *reply)
{
    if (!reply)
        return;
    nrpc_status_fini(&reply->status);
    free(reply->memory);
    *reply = (nrpc_reply){0};
}

nrpc_code nrpc_reply_take(nrpc_reply *to, nrpc_reply *from)
{
    *to = *from;
    *from = (nrpc_reply){0};
    if (to->memory || (!to->payload_size && !to->metadata_count))
        return to->status.code;
    size_t size = to->metadata_count * sizeof *to->metadata + to->payload_size;
    for (size_t i = 0; i < to->metadata_count; i++)
        size += strlen(to->metadata[i].key) + to->metadata[i].value_size + 2;
    char *memory = malloc(size);
    if (!memory) {
        nrpc_status status = to->status;
        *to = (nrpc_reply){.status = status};
        return nrpc_status_set(&to->status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                               "out of memory");
    }
    nrpc_metadata *entries = (nrpc_metadata *)(void *)memory;
    char *next = memory + to->metadata_count * sizeof *entries;
    for (size_t i = 0; i < to->metadata_count; i++) {
        const nrpc_metadata *entry = &to->metadata[i];
        size_t key_size = strlen(entry->key) + 1;
        entries[i] = (nrpc_metadata){next, next + key_size, entry->value_size};
        memcpy(next, entry->key, key_size);
        memcpy(next + key_size, entry->value, entry->value_size + 1);
        next += key_size + entry->value_size + 1;
    }
    if (to->payload_size)
        memcpy(next, to->payload, to->payload_size);
    to->payload = (const uint8_t *)next;
    to->metadata = entries;
    to->memory = memory;
    return to->status.code;
}

const char *nrpc_reply_metadata(const nrpc_reply *reply, const char *key, size_t *size)
{
    for (size_t i = 0; i < reply->metadata_count; i++) {
        if (strcmp(reply->metadata[i].key, key) == 0) {
            if (size)
                *size = reply->metadata[i].value_size;
            return reply->metadata[i].value;
        }
    }
    return NULL;
}

nrpc_code nrpc_reply_unpack(const nrpc_reply *reply, const ProtobufCMessageDescriptor *type,
                            ProtobufCMessage **message, nrpc_status *status)
{
    *message = NULL;
    if (reply->status.code)
        return reply->status.code;
    nrpc_status why CLEANUP(nrpc_status_fini) = {0};
    if (!wirewalk_check(type, reply->payload, reply->payload_size, &why))
        *message = protobuf_c_message_unpack(type, NULL, reply->payload_size, reply->payload);
    if (*message)
        return NRPC_OK;
    const char *text = why.message ? why.message : "it cannot be unpacked";
    nrpc_status_set(status, NRPC_INTERNAL, "REPLY_MALFORMED",
                    "the response is not the %s that it should be: %s", type->name, text);
    nrpc_status_add(status, "type", "%s", type->name);
    nrpc_status_add(status, "error", "%s", text);
    return NRPC_INTERNAL;
}
