#include "cli.h"

#include "exit_codes.h"
#include "output.h"
#include "profile.h"
#include "request.h"
#include "schema/json.h"

#include <stdio.h>
#include <stdlib.h>

static nrpc_code print_page(cli *c, const schema_message *type, const nrpc_reply *reply,
                            nrpc_status *status)
{
    json_t *profile;
    if (wire_to_json_value(type, reply->payload, reply->payload_size, 0, &profile, status))
        return status->code;
    buffer out = {0};
    profile_put(&out, cli_known(c), profile, c->terminal.width, c->terminal.color);
    fwrite(out.data, 1, out.size, stdout);
    buffer_fini(&out);
    json_decref(profile);
    return NRPC_OK;
}

int run_profile(cli *c)
{
    const schema_method *method = request_method(c, "ftz.v1.QueryService/GetZoneProfile");
    json_t *request = json_object();
    char *zone = request_place(c->options.args[0]);
    request_set_text(request, "name", zone);
    request_set_count(request, "eventLimit", c->options.event_limit);
    request_set_text(request, "view", c->options.view);
    free(zone);
    if (!request_set_date(c, request, "date", c->options.date)) {
        json_decref(request);
        return EXIT_USAGE;
    }
    nrpc_reply reply;
    nrpc_status status = {0};
    if (request_call(c, method, request, FTZ_IDEMPOTENT, &reply))
        nrpc_status_move(&status, &reply.status);
    else if (cli_output(c) == OUTPUT_TABLE)
        print_page(c, method->output, &reply, &status);
    else
        output_message(c, cli_output(c), method->output, reply.payload, reply.payload_size,
                       &status);
    nrpc_reply_fini(&reply);
    json_decref(request);
    return status.code ? cli_fail(c, &status) : cli_finish();
}
