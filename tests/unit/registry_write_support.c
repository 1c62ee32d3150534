#include "registry_write_support.h"

#include "registry/write/uuid.h"
#include "schema/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *new_request_id(void)
{
    static _Thread_local char ids[100][UUID_SIZE];
    static _Thread_local size_t next;
    char *id = ids[next++ % ARRAY_LEN(ids)];
    assert_true(uuid_make(id));
    return id;
}

void drop(void *message)
{
    if (message)
        protobuf_c_message_free_unpacked(message, NULL);
}

void *from_json(const world *w, const ProtobufCMessageDescriptor *type, const char *json)
{
    nrpc_status status = {0};
    buffer wire = {0};
    char *text = strdup(json);
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    assert_ok(json_to_wire(schema_find_message(registry_schema(w->registry), type->name), text,
                           strlen(text), &wire, &status),
              &status);
    void *message = protobuf_c_message_unpack(type, NULL, wire.size, wire.data);
    assert_non_null(message);
    buffer_fini(&wire);
    free(text);
    return message;
}

Ftz__V1__BatchWriteResponse *try_writes(world *w, const char *request_id, bool validate_only,
                                        const char *writes, nrpc_status *status)
{
    char *json;
    assert_true(asprintf(&json, "{'writes': %s, 'requestId': '%s', 'validateOnly': %s}", writes,
                         request_id ? request_id : new_request_id(),
                         validate_only ? "true" : "false") > 0);
    Ftz__V1__BatchWriteRequest *request =
        from_json(w, &ftz__v1__batch_write_request__descriptor, json);
    store_context c = no_hurry;
    buffer out = {0};
    int64_t revision = -1;
    Ftz__V1__BatchWriteResponse *response = NULL;
    c.request_id = request->request_id;
    if (!registry_batch_write(w->registry, &c, &request->base, &out, &revision, status)) {
        response = ftz__v1__batch_write_response__unpack(NULL, out.size, out.data);
        assert_non_null(response);
        assert_int_equal(response->revision, revision);
        assert_int_equal(response->n_results, request->n_writes);
    } else {
        assert_int_equal(out.size, 0);
    }
    buffer_fini(&out);
    drop(request);
    free(json);
    return response;
}

int64_t do_writes(world *w, const char *writes)
{
    nrpc_status status = {0};
    Ftz__V1__BatchWriteResponse *response = try_writes(w, NULL, false, writes, &status);
    assert_ok(status.code, &status);
    int64_t revision = response->revision;
    drop(response);
    return revision;
}

void refuse_writes(world *w, const char *writes, nrpc_code code, const char *reason)
{
    nrpc_status status = {0};
    int64_t before = newest_revision(w);
    assert_null(try_writes(w, NULL, false, writes, &status));
    assert_true(status.violation_count > 0);
    assert_status(&status, code, reason);
    assert_int_equal(newest_revision(w), before);
}

void refuse_field(world *w, const char *writes, const char *field, const char *reason)
{
    nrpc_status status = {0};
    int64_t before = newest_revision(w);
    assert_null(try_writes(w, NULL, false, writes, &status));
    assert_violation(&status, field, reason);
    assert_status(&status, NRPC_INVALID_ARGUMENT, "INVALID_FIELD");
    assert_int_equal(newest_revision(w), before);
}

void *get_resource(world *w, const char *type, const char *name)
{
    nrpc_status status = {0};
    registry_result result = {0};
    const resource_type *t = type_named(w, type);
    if (registry_get(w->registry, &no_hurry, t, name, 0, &result, &status)) {
        assert_int_equal(status.code, NRPC_NOT_FOUND);
        nrpc_status_fini(&status);
        return NULL;
    }
    size_t size;
    uint8_t *bytes = result_bytes(&result, &size);
    void *message = protobuf_c_message_unpack(t->message, NULL, size, bytes);
    assert_non_null(message);
    registry_result_fini(&result);
    free(bytes);
    return message;
}

int64_t newest_revision(const world *w)
{
    return atomic_load(&w->store->revision);
}
