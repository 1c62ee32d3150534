#include "base/buffer.h"
#include "base/pbwire.h"

#include <ftz/client.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { UUID_SIZE = 37 };

struct ftz_import {
    ftz_client *client;
    char *name;
    int64_t sequence;     // of the next chunk
    buffer records;       // of it: fields AppendImportRequest.records, packed
    uint64_t first;       // number of its first record
    uint64_t count;       // of all records taken
};

enum { RECORDS_FIELD = 3 }; // AppendImportRequest.records

static bool make_uuid(char out[UUID_SIZE])
{
    uint8_t b[16];
    if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
        return false;
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    snprintf(out, UUID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    return true;
}

static nrpc_code out_of_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
}

static nrpc_code no_randomness(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_INTERNAL, "NO_RANDOMNESS",
                           "the system gives no random numbers for a request id");
}

ftz_import *ftz_import_begin(ftz_client *client, bool validate_only, nrpc_status *status)
{
    char uuid[UUID_SIZE];
    if (!make_uuid(uuid)) {
        no_randomness(status);
        return NULL;
    }
    Ftz__V1__CreateImportRequest request = FTZ__V1__CREATE_IMPORT_REQUEST__INIT;
    request.request_id = uuid;
    request.validate_only = validate_only;
    Ftz__V1__Import *made = (Ftz__V1__Import *)ftz_call_message(
        client, "ftz.v1.RegistryService/CreateImport", &request.base, &ftz__v1__import__descriptor,
        FTZ_IDEMPOTENT, status);
    if (!made)
        return NULL;
    ftz_import *import = calloc(1, sizeof(*import));
    char *name = strdup(made->name);
    ftz_free(made);
    if (!import || !name) {
        free(import);
        free(name);
        out_of_memory(status);
        return NULL;
    }
    *import = (ftz_import){.client = client, .name = name, .sequence = 1};
    return import;
}

// A chunk counts its own records; the caller counts all of them.
static void renumber(nrpc_status *status, uint64_t first)
{
    for (size_t i = 0; i < status->violation_count; i++) {
        nrpc_violation *violation = &status->violations[i];
        uint64_t number;
        int length = 0;
        char *field;
        if (violation->field &&
            sscanf(violation->field, "records[%" SCNu64 "]%n", &number, &length) == 1 && length &&
            asprintf(&field, "records[%" PRIu64 "]%s", first + number,
                     violation->field + length) >= 0) {
            free(violation->field);
            violation->field = field;
        }
    }
}

static nrpc_code send_chunk(ftz_import *import, nrpc_status *status)
{
    // The records are packed already, and a message may be put together from its parts.
    Ftz__V1__AppendImportRequest head = FTZ__V1__APPEND_IMPORT_REQUEST__INIT;
    head.name = import->name;
    head.sequence = import->sequence;
    size_t head_size = ftz__v1__append_import_request__get_packed_size(&head);
    uint8_t *room = buffer_reserve(&import->records, head_size);
    if (!room)
        return out_of_memory(status);
    import->records.size += ftz__v1__append_import_request__pack(&head, room);
    nrpc_reply reply;
    nrpc_code code = ftz_call(import->client, "ftz.v1.RegistryService/AppendImport",
                              import->records.data, import->records.size, FTZ_IDEMPOTENT, &reply);
    if (code) {
        renumber(&reply.status, import->first);
        if (status)
            nrpc_status_move(status, &reply.status);
    }
    nrpc_reply_fini(&reply);
    buffer_clear(&import->records);
    import->first = import->count;
    import->sequence++;
    return code;
}

nrpc_code ftz_import_add_packed(ftz_import *import, const void *record, size_t size,
                                nrpc_status *status)
{
    size_t field_size = pbwire_bytes_size(RECORDS_FIELD, size);
    if (import->records.size && import->records.size + field_size > FTZ_IMPORT_CHUNK_SIZE) {
        nrpc_code code = send_chunk(import, status);
        if (code)
            return code;
    }
    uint8_t *room = buffer_reserve(&import->records, field_size);
    if (!room)
        return out_of_memory(status);
    pbwire_put_bytes(room, RECORDS_FIELD, record, size);
    import->records.size += field_size;
    import->count++;
    return NRPC_OK;
}

nrpc_code ftz_import_add(ftz_import *import, const Ftz__V1__AnyResource *record,
                         nrpc_status *status)
{
    size_t size = ftz__v1__any_resource__get_packed_size(record);
    uint8_t *bytes = malloc(size ? size : 1);
    if (!bytes)
        return out_of_memory(status);
    ftz__v1__any_resource__pack(record, bytes);
    nrpc_code code = ftz_import_add_packed(import, bytes, size, status);
    free(bytes);
    return code;
}

Ftz__V1__Import *ftz_import_commit(ftz_import *import, nrpc_status *status)
{
    if (import->records.size && send_chunk(import, status))
        return NULL;
    char uuid[UUID_SIZE];
    if (!make_uuid(uuid)) {
        no_randomness(status);
        return NULL;
    }
    Ftz__V1__CommitImportRequest request = FTZ__V1__COMMIT_IMPORT_REQUEST__INIT;
    request.name = import->name;
    request.request_id = uuid;
    return (Ftz__V1__Import *)ftz_call_message(
        import->client, "ftz.v1.RegistryService/CommitImport", &request.base,
        &ftz__v1__import__descriptor, FTZ_IDEMPOTENT, status);
}

void ftz_import_free(ftz_import *import)
{
    if (!import)
        return;
    buffer_fini(&import->records);
    free(import->name);
    free(import);
}
