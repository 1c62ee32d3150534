#include "cli.h"

#include "editor.h"
#include "exit_codes.h"
#include "record.h"
#include "request.h"
#include "resource_types.h"
#include "resource_write.h"
#include "schema/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A resource as it stands, and the text of it that is being edited.
typedef struct editing {
    cli *c;
    const schema_message *type;
    const char *name;
    buffer own;  // the resource as it was got, packed, without what the server sets
    char *etag;  // of it
    buffer text; // JSON
    editor editor;
} editing;

static nrpc_code get(editing *e, nrpc_status *status)
{
    nrpc_reply reply;
    json_t *request = json_pack("{s:s}", "name", e->name), *object = NULL;
    if (request_call(e->c, resource_method(cli_known(e->c), e->c->resource, "Get"), request,
                     FTZ_IDEMPOTENT, &reply)) {
        nrpc_status_move(status, &reply.status);
    } else if (!wire_to_json_value(e->type, reply.payload, reply.payload_size, 0, &object,
                                   status)) {
        const char *etag = json_string_value(json_object_get(object, "etag"));
        free(e->etag);
        e->etag = etag ? strdup(etag) : NULL;
        buffer_clear(&e->own);
        if (!record_put_own(&e->own, e->type, reply.payload, reply.payload_size))
            nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    }
    json_decref(object);
    json_decref(request);
    nrpc_reply_fini(&reply);
    return status->code;
}

static nrpc_code put_text(const editing *e, const buffer *packed, buffer *text, nrpc_status *status)
{
    buffer_clear(text);
    return wire_to_json(e->type, packed->data, packed->size, JSON_WIRE_PRETTY, text, status);
}

// The resource of the edited text, and the fields in which it differs from `own`.
static nrpc_code compare(const editing *e, json_t **edited, json_t *paths, nrpc_status *status)
{
    buffer packed = {0}, own = {0};
    json_t *before = NULL;
    *edited = NULL;
    if (json_to_wire(e->type, (const char *)e->text.data, e->text.size, &packed, status))
        goto out;
    record_put_own(&own, e->type, packed.data, packed.size);
    if (wire_to_json_value(e->type, e->own.data, e->own.size, 0, &before, status) ||
        wire_to_json_value(e->type, own.data, own.size, 0, edited, status))
        goto out;
    for (size_t i = 0; i < e->type->field_count; i++) {
        const schema_field *field = &e->type->fields[i];
        json_t *old = json_object_get(before, field->json_name);
        json_t *new = json_object_get(*edited, field->json_name);
        if (old == new || (old && new &&json_equal(old, new)))
            continue;
        if (strcmp(field->name, "name") == 0) {
            nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "NAME_CHANGED",
                            "the name stays %s: it is what others refer to", e->name);
            break;
        }
        json_array_append_new(paths, json_string(field->name));
    }
out:
    json_decref(before);
    buffer_fini(&packed);
    buffer_fini(&own);
    return status->code;
}

typedef enum outcome { WRITTEN, UNCHANGED, FAILED } outcome;

static outcome send_text(editing *e, nrpc_status *status)
{
    char id[REQUEST_ID_SIZE];
    nrpc_reply reply = {0};
    json_t *edited, *paths = json_array();
    outcome result = FAILED;
    if (!compare(e, &edited, paths, status) && !json_array_size(paths)) {
        result = UNCHANGED;
    } else if (!status->code && !request_make_id(e->c, id, status)) {
        request_set_text(edited, "etag", e->etag);
        if (write_update(e->c, edited, paths, id, &reply))
            nrpc_status_move(status, &reply.status);
        else if (!write_print(e->c, e->c->options.validate_only ? "could update" : "updated",
                              &reply, status))
            result = WRITTEN;
    }
    nrpc_reply_fini(&reply);
    json_decref(edited);
    json_decref(paths);
    return result;
}

// Somebody else was faster: what was edited goes on top of what they wrote.
static nrpc_code rebase(editing *e, nrpc_status *status)
{
    json_t *edited = NULL, *paths = json_array(), *current = NULL, *path;
    buffer packed = {0};
    size_t i;
    if (compare(e, &edited, paths, status) || get(e, status) ||
        wire_to_json_value(e->type, e->own.data, e->own.size, 0, &current, status))
        goto out;
    json_array_foreach(paths, i, path)
    {
        const schema_field *field =
            schema_message_field(e->type, json_string_value(path), json_string_length(path));
        json_t *value = json_object_get(edited, field->json_name);
        if (value)
            json_object_set(current, field->json_name, value);
        else
            json_object_del(current, field->json_name);
    }
    if (!json_value_to_wire(e->type, current, NULL, &packed, status))
        put_text(e, &packed, &e->text, status);
out:
    json_decref(edited);
    json_decref(paths);
    json_decref(current);
    buffer_fini(&packed);
    return status->code;
}

static bool asks_again(void)
{
    char answer[16];
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return false;
    fputs("edit again? [Y/n] ", stderr);
    return fgets(answer, sizeof(answer), stdin) && answer[0] != 'n' && answer[0] != 'N';
}

// Editor, server, and again as long as the user wants to. Returns the exit code.
static int edit(editing *e)
{
    nrpc_status status = {0};
    for (;;) {
        if (editor_run(&e->editor, &e->text, &status))
            return cli_fail(e->c, &status);
        switch (send_text(e, &status)) {
        case WRITTEN:
            editor_discard(&e->editor);
            return cli_finish();
        case UNCHANGED:
            editor_discard(&e->editor);
            fputs("ftz: nothing changed\n", stderr);
            return EXIT_SUCCESS;
        case FAILED:
            break;
        }
        bool outdated = status.code == NRPC_ABORTED;
        int code = cli_fail(e->c, &status);
        if (!asks_again()) {
            fprintf(stderr, "ftz: your text is kept in %s\n", e->editor.path);
            return code;
        }
        if (outdated && rebase(e, &status)) {
            code = cli_fail(e->c, &status);
            fprintf(stderr, "ftz: your text is kept in %s\n", e->editor.path);
            return code;
        }
    }
}

int run_resource_edit(cli *c)
{
    nrpc_status status = {0};
    char *name = resource_typed_name(c, c->options.args[0]);
    if (!name)
        return EXIT_USAGE;
    editing e = {.c = c, .type = write_message(c), .name = name};
    int code;
    if (get(&e, &status) || put_text(&e, &e.own, &e.text, &status) ||
        editor_open(&e.editor, ".json", &status))
        code = cli_fail(c, &status);
    else
        code = edit(&e);
    editor_close(&e.editor);
    buffer_fini(&e.own);
    buffer_fini(&e.text);
    free(e.etag);
    free(name);
    return code;
}
