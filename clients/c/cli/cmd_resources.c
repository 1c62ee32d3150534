#include "cli.h"

#include "base/pbwire.h"
#include "exit_codes.h"
#include "output.h"
#include "resource_types.h"
#include "schema/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Calls with a request made of JSON members. Takes the request.
static nrpc_code call(cli *c, const schema_method *method, json_t *request, nrpc_reply *reply)
{
    buffer bytes = {0};
    *reply = (nrpc_reply){0};
    nrpc_code code = json_value_to_wire(method->input, request, NULL, &bytes, &reply->status);
    if (!code)
        code = cli_call(c, method, bytes.data, bytes.size, FTZ_IDEMPOTENT, reply);
    buffer_fini(&bytes);
    json_decref(request);
    return code;
}

static void set_text(json_t *request, const char *name, const char *text)
{
    if (text)
        json_object_set_new(request, name, json_string(text));
}

// What a list's response says besides its elements.
typedef struct page_end {
    char *token; // of the next page; NULL if there is none
    uint64_t revision;
} page_end;

static page_end read_page_end(const schema_message *response, const nrpc_reply *reply)
{
    const schema_field *token =
        schema_message_field(response, "next_page_token", strlen("next_page_token"));
    const schema_field *revision = schema_message_field(response, "revision", strlen("revision"));
    page_end end = {0};
    pbwire_reader reader = pbwire_read(reply->payload, reply->payload_size);
    pbwire_field field;
    while (pbwire_next(&reader, &field)) {
        if (token && field.number == token->number && field.size) {
            free(end.token);
            end.token = strndup((const char *)field.data, field.size);
        } else if (revision && field.number == revision->number) {
            end.revision = field.value;
        }
    }
    return end;
}

static json_t *list_request(const cli *c, const char *parent, const char *token)
{
    const cli_options *o = &c->options;
    json_t *request = json_object();
    set_text(request, "parent", parent);
    set_text(request, "pageToken", token);
    set_text(request, "view", o->view);
    if (o->page_size)
        json_object_set_new(request, "pageSize", json_integer(o->page_size));
    if (o->show_deleted)
        json_object_set_new(request, "showDeleted", json_true());
    return request;
}

// What the rows do not say, behind them.
static void say_rest(const cli *c, const char *token, bool changed)
{
    fflush(stdout);
    if (token && cli_output(c) != OUTPUT_JSON) // which has it
        fprintf(stderr, "ftz: there is more: --all, or --page-token %s\n", token);
    if (changed)
        fputs("ftz: the registry was written to between two pages\n", stderr);
}

int run_resource_list(cli *c)
{
    const resource_type *type = c->resource;
    const schema_method *method = resource_method(cli_known(c), type, "List");
    char *parent = resource_parent(type, c->options.parent);
    char *token = c->options.page_token ? strdup(c->options.page_token) : NULL;
    uint64_t revision = 0;
    bool changed = false;
    listing rows;
    bool begun = false;
    nrpc_reply reply;
    nrpc_status status = {0};
    do {
        call(c, method, list_request(c, parent, token), &reply);
        if (reply.status.code) {
            nrpc_status_move(&status, &reply.status);
        } else {
            if (!begun)
                listing_begin(&rows, c, cli_output(c), listing_field(method->output));
            begun = true;
            listing_page(&rows, reply.payload, reply.payload_size, &status);
            page_end end = read_page_end(method->output, &reply);
            changed = changed || (revision && revision != end.revision);
            revision = end.revision;
            free(token);
            token = end.token;
        }
        nrpc_reply_fini(&reply);
    } while (!status.code && token && c->options.all);
    if (begun)
        listing_end(&rows, status.code != NRPC_OK, &status);
    if (!status.code)
        say_rest(c, token, changed);
    free(parent);
    free(token);
    return status.code ? cli_fail(c, &status) : cli_finish();
}

// The full names of what was typed; NULL when a mistake has been reported.
static json_t *full_names(cli *c)
{
    json_t *names = json_array();
    for (size_t i = 0; i < c->options.arg_count; i++) {
        bool needs_parent;
        char *name =
            resource_name(c->resource, c->options.parent, c->options.args[i], &needs_parent);
        if (!name) {
            cli_usage(c, "%s alone does not say where: add --parent %s/ID, or write ID/%s",
                      c->options.args[i], c->resource->parent, c->options.args[i]);
            json_decref(names);
            return NULL;
        }
        json_array_append_new(names, json_string(name));
        free(name);
    }
    return names;
}

static nrpc_code print_one(cli *c, const schema_method *method, const nrpc_reply *reply,
                           nrpc_status *status)
{
    return output_message(c, cli_output(c), method->output, reply->payload, reply->payload_size,
                          status);
}

static nrpc_code print_several(cli *c, const schema_method *method, const nrpc_reply *reply,
                               nrpc_status *status)
{
    listing rows;
    listing_begin(&rows, c, cli_output(c), listing_field(method->output));
    nrpc_code code = listing_page(&rows, reply->payload, reply->payload_size, status);
    nrpc_code ended = listing_end(&rows, code != NRPC_OK, status);
    return code ? code : ended;
}

int run_resource_get(cli *c)
{
    bool several = c->options.arg_count > 1;
    const schema_method *method =
        resource_method(cli_known(c), c->resource, several ? "BatchGet" : "Get");
    json_t *names = full_names(c), *request = json_object();
    if (!names) {
        json_decref(request);
        return EXIT_USAGE;
    }
    if (several)
        json_object_set(request, "names", names);
    else
        json_object_set(request, "name", json_array_get(names, 0));
    set_text(request, "view", c->options.view);
    nrpc_reply reply;
    nrpc_status status = {0};
    if (call(c, method, request, &reply))
        nrpc_status_move(&status, &reply.status);
    else
        (several ? print_several : print_one)(c, method, &reply, &status);
    nrpc_reply_fini(&reply);
    json_decref(names);
    return status.code ? cli_fail(c, &status) : cli_finish();
}
