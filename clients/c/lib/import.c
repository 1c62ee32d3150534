#include "base/buffer.h"
#include "base/pbwire.h"
#include "lib/call.h"
#include "lib/request_id.h"
#include "lib/violation.h"

#include <ftz/client.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ftz_import {
    ftz_client *client;
    char *name;
    size_t chunks;    // sent; the next one has this number and one
    buffer records;   // of the next: fields AppendImportRequest.records, packed
    uint64_t *firsts; // of each chunk, the number of its first record
    uint64_t count;   // of all records taken

    pthread_mutex_t lock; // guards what follows
    pthread_cond_t answered;
    bool under_way; // a chunk was sent and has no answer yet
    nrpc_reply reply;
};

enum { RECORDS_FIELD = 3 }; // AppendImportRequest.records

static nrpc_code out_of_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
}

ftz_import *ftz_import_begin(ftz_client *client, bool validate_only, nrpc_status *status)
{
    char id[REQUEST_ID_SIZE];
    if (request_id_make(id, status))
        return NULL;
    Ftz__V1__CreateImportRequest request = FTZ__V1__CREATE_IMPORT_REQUEST__INIT;
    request.request_id = id;
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
    *import = (ftz_import){.client = client, .name = name};
    pthread_mutex_init(&import->lock, NULL);
    pthread_cond_init(&import->answered, NULL);
    return import;
}

// A chunk counts its own records and the server counts chunks from 1; the caller counts all
// records: "records[2].zone" of the chunk just sent, "chunks[3].records[2].zone" at the commit.
static void renumber(const ftz_import *import, nrpc_status *status)
{
    for (size_t i = 0; i < status->violation_count; i++) {
        const char *path = status->violations[i].field;
        uint64_t chunk = import->chunks, number;
        int length = 0;
        char *field;
        if (path && sscanf(path, "chunks[%" SCNu64 "].%n", &chunk, &length) == 1)
            path += length;
        length = 0;
        if (path && chunk >= 1 && chunk <= import->chunks &&
            sscanf(path, "records[%" SCNu64 "]%n", &number, &length) == 1 && length &&
            asprintf(&field, "records[%" PRIu64 "]%s", import->firsts[chunk - 1] + number,
                     path + length) >= 0)
            violation_rename(status, i, field);
    }
}

static void on_answer(nrpc_reply *reply, void *context)
{
    ftz_import *import = context;
    pthread_mutex_lock(&import->lock);
    nrpc_reply_take(&import->reply, reply);
    import->under_way = false;
    pthread_cond_signal(&import->answered);
    pthread_mutex_unlock(&import->lock);
}

// The outcome of the chunk under way, if there is one.
static nrpc_code wait_for_chunk(ftz_import *import, nrpc_status *status)
{
    pthread_mutex_lock(&import->lock);
    while (import->under_way)
        pthread_cond_wait(&import->answered, &import->lock);
    pthread_mutex_unlock(&import->lock);
    nrpc_code code = import->reply.status.code;
    if (code) {
        renumber(import, &import->reply.status);
        if (status)
            nrpc_status_move(status, &import->reply.status);
    }
    nrpc_reply_fini(&import->reply);
    return code;
}

// Sends the chunk that is full, and does not wait for its answer: that comes with the next one.
static nrpc_code send_chunk(ftz_import *import, nrpc_status *status)
{
    // The records are packed already, and a message may be put together from its parts.
    Ftz__V1__AppendImportRequest head = FTZ__V1__APPEND_IMPORT_REQUEST__INIT;
    nrpc_code code = wait_for_chunk(import, status);
    if (code)
        return code;
    head.name = import->name;
    head.sequence = (int64_t)import->chunks + 1;
    size_t head_size = ftz__v1__append_import_request__get_packed_size(&head);
    uint8_t *room = buffer_reserve(&import->records, head_size);
    uint64_t *firsts =
        room ? reallocarray(import->firsts, import->chunks + 2, sizeof(*firsts)) : NULL;
    if (!firsts)
        return out_of_memory(status);
    import->firsts = firsts;
    if (!import->chunks)
        firsts[0] = 0;
    import->records.size += ftz__v1__append_import_request__pack(&head, room);
    import->chunks++;
    import->firsts[import->chunks] = import->count; // of the one after it
    import->under_way = true;
    nrpc_call_options options = client_call_options(import->client, FTZ_IDEMPOTENT);
    nrpc_channel_start(ftz_client_channel(import->client), "ftz.v1.RegistryService/AppendImport",
                       import->records.data, import->records.size, &options, on_answer, import,
                       NULL);
    buffer_clear(&import->records); // they are sent, or copied
    return NRPC_OK;
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
    if ((import->records.size && send_chunk(import, status)) || wait_for_chunk(import, status))
        return NULL;
    char id[REQUEST_ID_SIZE];
    if (request_id_make(id, status))
        return NULL;
    Ftz__V1__CommitImportRequest request = FTZ__V1__COMMIT_IMPORT_REQUEST__INIT;
    request.name = import->name;
    request.request_id = id;
    nrpc_status own = {0};
    Ftz__V1__Import *done = (Ftz__V1__Import *)ftz_call_message(
        import->client, "ftz.v1.RegistryService/CommitImport", &request.base,
        &ftz__v1__import__descriptor, FTZ_IDEMPOTENT, &own);
    if (!done)
        renumber(import, &own);
    if (!done && status)
        nrpc_status_move(status, &own);
    nrpc_status_fini(&own);
    return done;
}

void ftz_import_free(ftz_import *import)
{
    if (!import)
        return;
    wait_for_chunk(import, NULL);
    buffer_fini(&import->records);
    pthread_cond_destroy(&import->answered);
    pthread_mutex_destroy(&import->lock);
    free(import->firsts);
    free(import->name);
    free(import);
}
