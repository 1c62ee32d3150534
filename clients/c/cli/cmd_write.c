#include "cli.h"

#include "assign.h"
#include "base/pbwire.h"
#include "exit_codes.h"
#include "input.h"
#include "output.h"
#include "record.h"
#include "request.h"
#include "resource_types.h"
#include "resource_write.h"
#include "schema/json.h"
#include "value.h"
#include "width.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RESOURCE_JSON = 64 << 20 };

const schema_message *write_message(cli *c)
{
    return schema_find_message(cli_known(c), c->resource->message);
}

static nrpc_code out_of_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
}

// --- what is to be written ----------------------------------------------------------------------

// The JSON of --data, or an empty object.
static json_t *read_data(const cli *c, nrpc_status *status)
{
    buffer text = {.limit = MAX_RESOURCE_JSON};
    json_t *object = NULL;
    if (!c->options.data)
        return json_object();
    if (!input_argument(c->options.data, &text, status))
        json_parse((const char *)text.data, text.size, &object, status);
    buffer_fini(&text);
    if (object && !json_is_object(object)) {
        json_decref(object);
        object = NULL;
        nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "WRONG_TYPE",
                        "--data must be a JSON object, of %s", c->resource->message);
    }
    return object;
}

static bool has_path(const json_t *paths, const char *path, size_t size)
{
    size_t i;
    const json_t *one;
    json_array_foreach(paths, i, one)
    {
        if (json_string_length(one) == size && memcmp(json_string_value(one), path, size) == 0)
            return true;
    }
    return false;
}

static void add_data_paths(const schema_message *type, json_t *object, json_t *paths)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        const schema_field *field = schema_message_field(type, key, strlen(key));
        if (field && strcmp(field->name, "name") != 0 && !record_is_server_set(field))
            json_array_append_new(paths, json_string(field->name));
    }
}

// Applies every --set. What --data has whole needs no path of its own.
static nrpc_code take_sets(const cli *c, const schema_message *type, json_t *object, json_t *paths,
                           nrpc_status *status)
{
    const option_list *sets = &c->options.sets;
    json_t *whole = json_copy(paths);
    for (size_t i = 0; i < sets->count && !status->code; i++) {
        size_t size, first = strcspn(sets->items[i], ".=");
        if (!assign_field(type, object, sets->items[i], &size, status) &&
            !has_path(whole, sets->items[i], first) && !has_path(paths, sets->items[i], size))
            json_array_append_new(paths, json_stringn(sets->items[i], size));
    }
    json_decref(whole);
    return status->code;
}

// The resource of --data and --set, and what of it they name.
static json_t *read_resource(cli *c, json_t *paths, nrpc_status *status)
{
    const schema_message *type = write_message(c);
    json_t *object = read_data(c, status);
    if (!object)
        return NULL;
    add_data_paths(type, object, paths);
    if (take_sets(c, type, object, paths, status)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

// --- requests -----------------------------------------------------------------------------------

// The field of a request that holds the resource, or the id of the new one.
static const schema_field *resource_field(const schema_method *method, const schema_message *type)
{
    for (size_t i = 0; i < method->input->field_count; i++)
        if (method->input->fields[i].message == type)
            return &method->input->fields[i];
    return NULL;
}

static const schema_field *id_field(const schema_method *method)
{
    for (size_t i = 0; i < method->input->field_count; i++) {
        const schema_field *field = &method->input->fields[i];
        size_t size = strlen(field->name);
        if (size > 3 && strcmp(field->name + size - 3, "_id") == 0 &&
            strcmp(field->name, "request_id") != 0)
            return field;
    }
    return NULL;
}

// The resource as it is checked here, so that faults are told by the paths of --data.
static nrpc_code check_resource(cli *c, const json_t *resource, nrpc_status *status)
{
    buffer packed = {0};
    nrpc_code code = json_value_to_wire(write_message(c), resource, NULL, &packed, status);
    buffer_fini(&packed);
    return code;
}

static json_t *begin_request(const cli *c, nrpc_status *status)
{
    char id[REQUEST_ID_SIZE];
    json_t *request = json_object();
    if (!request_make_id(c, id, status))
        request_set_text(request, "requestId", id);
    request_set_flag(request, "validateOnly", c->options.validate_only);
    return request;
}

// FieldMask.paths: ids in a path would not survive its JSON.
static bool put_mask(buffer *out, const schema_field *mask, const json_t *paths)
{
    buffer inner = {0};
    size_t i;
    const json_t *path;
    json_array_foreach(paths, i, path)
    {
        size_t size = json_string_length(path);
        uint8_t *room = buffer_reserve(&inner, pbwire_bytes_size(1, size));
        if (room)
            inner.size =
                (size_t)(pbwire_put_bytes(room, 1, json_string_value(path), size) - inner.data);
    }
    uint8_t *room = buffer_reserve(out, pbwire_bytes_size(mask->number, inner.size));
    bool done = room && !inner.failed;
    if (done)
        out->size =
            (size_t)(pbwire_put_bytes(room, mask->number, inner.data, inner.size) - out->data);
    buffer_fini(&inner);
    return done;
}

nrpc_code write_update(cli *c, json_t *resource, const json_t *paths, const char *request_id,
                       nrpc_reply *reply)
{
    const schema_method *method = resource_method(cli_known(c), c->resource, "Update");
    const schema_field *mask =
        schema_message_field(method->input, "update_mask", strlen("update_mask"));
    json_t *request = json_object();
    buffer bytes = {0};
    *reply = (nrpc_reply){0};
    json_object_set(request, resource_field(method, write_message(c))->json_name, resource);
    request_set_text(request, "requestId", request_id);
    request_set_flag(request, "validateOnly", c->options.validate_only);
    request_set_flag(request, "allowMissing", c->options.allow_missing);
    if (!json_value_to_wire(method->input, request, NULL, &bytes, &reply->status)) {
        if (json_array_size(paths) && !put_mask(&bytes, mask, paths))
            out_of_memory(&reply->status);
        else
            cli_call(c, method, bytes.data, bytes.size, FTZ_IDEMPOTENT, reply);
    }
    buffer_fini(&bytes);
    json_decref(request);
    return reply->status.code;
}

// --- what has been written ----------------------------------------------------------------------

static void print_field(buffer *line, const schema_message *type, const json_t *object,
                        const char *before, const char *name)
{
    const schema_field *field = schema_message_field(type, name, strlen(name));
    const json_t *value = value_of(object, field);
    buffer text = {0};
    if (!value)
        return;
    value_put(&text, field, value);
    buffer_append_text(line, before);
    text_put_safe(line, (const char *)text.data, text.size);
    buffer_fini(&text);
}

nrpc_code write_print(cli *c, const char *done, const nrpc_reply *reply, nrpc_status *status)
{
    const schema_message *type = write_message(c);
    json_t *object;
    if (cli_output(c) != OUTPUT_TABLE)
        return output_message(c, cli_output(c), type, reply->payload, reply->payload_size, status);
    if (wire_to_json_value(type, reply->payload, reply->payload_size, 0, &object, status))
        return status->code;
    buffer line = {0};
    buffer_append_text(&line, done);
    print_field(&line, type, object, " ", "name");
    if (!reply->payload_size)
        buffer_append_text(&line, " nothing: there is none");
    if (!c->options.validate_only) {
        print_field(&line, type, object, ", revision ", "revision");
        print_field(&line, type, object, ", etag ", "etag");
        print_field(&line, type, object, ", can be undeleted until ", "purge_time");
    }
    printf("%.*s\n", (int)line.size, (const char *)line.data);
    buffer_fini(&line);
    json_decref(object);
    return NRPC_OK;
}

// What has been done, or would have been.
static const char *done(const cli *c, const char *what, const char *would)
{
    return c->options.validate_only ? would : what;
}

static int end(cli *c, json_t *request, nrpc_reply *reply, const char *what, nrpc_status *status)
{
    if (!status->code && reply->status.code)
        nrpc_status_move(status, &reply->status);
    if (!status->code)
        write_print(c, what, reply, status);
    nrpc_reply_fini(reply);
    json_decref(request);
    return status->code ? cli_fail(c, status) : cli_finish();
}

// --- the verbs ----------------------------------------------------------------------------------

// zones/x/areas/y: in zones/x, y.
static void set_new_name(const schema_method *method, json_t *request, const char *name)
{
    const char *id = strrchr(name, '/');
    const char *collection = memrchr(name, '/', (size_t)(id - name));
    if (collection)
        json_object_set_new(request, "parent", json_stringn(name, (size_t)(collection - name)));
    request_set_text(request, id_field(method)->json_name, id + 1);
}

int run_resource_create(cli *c)
{
    const schema_method *method = resource_method(cli_known(c), c->resource, "Create");
    nrpc_status status = {0};
    nrpc_reply reply = {0};
    char *name = resource_typed_name(c, c->options.args[0]);
    if (!name)
        return EXIT_USAGE;
    json_t *paths = json_array(), *request = begin_request(c, &status);
    json_t *resource = status.code ? NULL : read_resource(c, paths, &status);
    if (resource && !check_resource(c, resource, &status)) {
        set_new_name(method, request, name);
        json_object_set(request, resource_field(method, write_message(c))->json_name, resource);
        request_call(c, method, request, FTZ_IDEMPOTENT, &reply);
    }
    json_decref(resource);
    json_decref(paths);
    free(name);
    return end(c, request, &reply, done(c, "created", "could create"), &status);
}

int run_resource_update(cli *c)
{
    nrpc_status status = {0};
    nrpc_reply reply = {0};
    char id[REQUEST_ID_SIZE], *name = resource_typed_name(c, c->options.args[0]);
    if (!name)
        return EXIT_USAGE;
    if (!c->options.data && !c->options.sets.count && !c->options.mask) {
        free(name);
        return cli_usage(c, "nothing to change: give --set PATH=VALUE, or --data JSON");
    }
    json_t *paths = json_array(), *resource = read_resource(c, paths, &status);
    if (resource && !request_make_id(c, id, &status) && !check_resource(c, resource, &status)) {
        json_t *request = json_object();
        if (c->options.mask)
            request_set_words(request, "paths", c->options.mask);
        else
            json_object_set(request, "paths", paths);
        request_set_text(resource, "name", name);
        request_set_etag(resource, c->options.etag);
        write_update(c, resource, json_object_get(request, "paths"), id, &reply);
        json_decref(request);
    }
    json_decref(paths);
    free(name);
    return end(c, resource, &reply, done(c, "updated", "could update"), &status);
}

static int remove_or_restore(cli *c, const char *verb, const char *typed, const char *what)
{
    const schema_method *method = resource_method(cli_known(c), c->resource, verb);
    nrpc_status status = {0};
    nrpc_reply reply = {0};
    char *name = resource_typed_name(c, typed);
    if (!name)
        return EXIT_USAGE;
    json_t *request = begin_request(c, &status);
    request_set_text(request, "name", name);
    request_set_etag(request, c->options.etag);
    request_set_flag(request, "force", c->options.force);
    request_set_flag(request, "allowMissing", c->options.allow_missing);
    if (!status.code)
        request_call(c, method, request, FTZ_IDEMPOTENT, &reply);
    free(name);
    return end(c, request, &reply, what, &status);
}

static int for_each_name(cli *c, const char *verb, const char *what)
{
    const cli_options *o = &c->options;
    if (o->arg_count > 1 && (o->etag || o->request_id))
        return cli_usage(c, "--etag and --request-id are for one at a time");
    for (size_t i = 0; i < o->arg_count; i++) {
        int code = remove_or_restore(c, verb, o->args[i], what);
        if (code)
            return code;
    }
    return EXIT_SUCCESS;
}

int run_resource_delete(cli *c)
{
    return for_each_name(c, "Delete", done(c, "deleted", "could delete"));
}

int run_resource_undelete(cli *c)
{
    return for_each_name(c, "Undelete", done(c, "undeleted", "could undelete"));
}
