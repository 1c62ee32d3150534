#include "cli.h"

#include "exit_codes.h"
#include "output.h"
#include "pages.h"
#include "request.h"
#include "resource_types.h"

#include <stdlib.h>

int run_resource_list(cli *c)
{
    const cli_options *o = &c->options;
    char *parent = resource_parent(c->resource, o->parent);
    json_t *request = json_object();
    request_set_text(request, "parent", parent);
    request_set_text(request, "filter", o->filter);
    request_set_text(request, "orderBy", o->order_by);
    request_set_text(request, "view", o->view);
    request_set_flag(request, "showDeleted", o->show_deleted);
    request_set_flag(request, "includeTotalSize", o->total);
    free(parent);
    return pages_print(c, resource_method(cli_known(c), c->resource, "List"), request, false, NULL,
                       NULL);
}

char *resource_typed_name(const cli *c, const char *typed)
{
    bool needs_parent;
    char *name = resource_name(c->resource, c->options.parent, typed, &needs_parent);
    if (!name)
        cli_usage(c, "%s alone does not say where: add --parent %s/ID, or write ID/%s", typed,
                  c->resource->parent, typed);
    return name;
}

// NULL when a mistake has been reported.
static json_t *full_names(const cli *c)
{
    json_t *names = json_array();
    for (size_t i = 0; i < c->options.arg_count; i++) {
        char *name = resource_typed_name(c, c->options.args[i]);
        if (!name) {
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
    request_set_text(request, "view", c->options.view);
    nrpc_reply reply;
    nrpc_status status = {0};
    if (request_call(c, method, request, FTZ_IDEMPOTENT, &reply))
        nrpc_status_move(&status, &reply.status);
    else
        (several ? print_several : print_one)(c, method, &reply, &status);
    nrpc_reply_fini(&reply);
    json_decref(request);
    json_decref(names);
    return status.code ? cli_fail(c, &status) : cli_finish();
}
