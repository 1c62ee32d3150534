#include "cli.h"

#include "base/buffer.h"
#include "input.h"
#include "output.h"
#include "schema/json.h"

#include <stdio.h>
#include <string.h>

enum { MAX_REQUEST_JSON = 64 << 20 };

static nrpc_code read_request(const cli *c, const schema_message *type, buffer *out,
                              nrpc_status *status)
{
    const char *data = c->options.data ? c->options.data : "{}";
    buffer text = {.limit = MAX_REQUEST_JSON};
    nrpc_code code = input_argument(data, &text, status);
    if (!code)
        code = json_to_wire(type, (const char *)text.data, text.size, out, status);
    buffer_fini(&text);
    return code;
}

static nrpc_code print_reply(const cli *c, output_format format, const schema_message *type,
                             const nrpc_reply *reply, nrpc_status *status)
{
    const schema_field *field = listing_field(type);
    if (!field || format == OUTPUT_JSON)
        return output_message(c, format, type, reply->payload, reply->payload_size, status);
    listing rows;
    listing_begin(&rows, c, format, field);
    nrpc_code code = listing_page(&rows, reply->payload, reply->payload_size, status);
    nrpc_code ended = listing_end(&rows, code != NRPC_OK, status);
    return code ? code : ended;
}

int run_call(cli *c)
{
    nrpc_status status = {0};
    const schema_symbol *symbol = cli_symbol(c, c->options.args[0], &status);
    if (!symbol)
        return cli_fail(c, &status);
    if (symbol->kind != SCHEMA_KIND_METHOD)
        return cli_usage(c, "%s is no method; `ftz describe %s` shows what it is", symbol->name,
                         symbol->name);
    const schema_method *method = symbol->method;
    output_format format = c->options.output ? c->options.output : OUTPUT_JSON;
    buffer request = {0};
    nrpc_reply reply = {0};
    if (!read_request(c, method->input, &request, &status)) {
        if (cli_call(c, method, request.data, request.size, 0, &reply))
            nrpc_status_move(&status, &reply.status);
        else
            print_reply(c, format, method->output, &reply, &status);
    }
    nrpc_reply_fini(&reply);
    buffer_fini(&request);
    return status.code ? cli_fail(c, &status) : cli_finish();
}

int run_health(cli *c)
{
    nrpc_status status = {0};
    const char *service = c->options.arg_count ? c->options.args[0] : NULL;
    bool serving = false;
    if (cli_client(c, &status) || ftz_health(c->client, service, &serving, &status))
        return cli_fail(c, &status);
    if (!serving) {
        nrpc_status_set(&status, NRPC_UNAVAILABLE, "NOT_SERVING", "%s takes no calls at present",
                        service ? service : "the server");
        return cli_fail(c, &status);
    }
    if (cli_output(c) == OUTPUT_TABLE)
        printf("%s at %s takes calls\n", service ? service : "the server",
               ftz_client_servers(c->client));
    else if (cli_output(c) == OUTPUT_CSV)
        fputs("status\r\nSERVING_STATUS_SERVING\r\n", stdout);
    else
        puts(cli_output(c) == OUTPUT_JSON ? "{\n  \"status\": \"SERVING_STATUS_SERVING\"\n}"
                                          : "{\"status\":\"SERVING_STATUS_SERVING\"}");
    return cli_finish();
}
