#include "cli.h"

#include "base/buffer.h"
#include "base/utf8.h"
#include "output.h"
#include "schema/describe.h"
#include "schema/template.h"

#include <nrpc/v1/reflection.pb-c.h>
#include <stdio.h>
#include <string.h>

// The first sentence of a comment.
static json_t *first_sentence(const char *comment)
{
    char text[256];
    size_t size = 0;
    for (; comment[size] && size < sizeof(text) - 1; size++) {
        text[size] = comment[size] == '\n' ? ' ' : comment[size];
        if (comment[size] == '.' && strchr(" \n", comment[size + 1])) // or the end
            break;
    }
    return json_stringn(text, utf8_valid_prefix(text, size)); // may end within a character
}

static int list_methods(cli *c, const char *name)
{
    nrpc_status status = {0};
    const schema_symbol *symbol = cli_symbol(c, name, &status);
    if (!symbol)
        return cli_fail(c, &status);
    if (symbol->kind != SCHEMA_KIND_SERVICE)
        return cli_usage(c, "%s is no service; `ftz describe %s` shows what it is", symbol->name,
                         symbol->name);
    static const char *const keys[] = {"method", "request", "response", "summary"};
    json_t *rows = json_array();
    for (size_t i = 0; i < symbol->service->method_count; i++) {
        const schema_method *m = &symbol->service->methods[i];
        json_array_append_new(rows, json_pack("{s:s,s:s,s:s,s:o}", "method", m->name, "request",
                                              m->input->full_name, "response", m->output->full_name,
                                              "summary", first_sentence(m->comment.leading)));
    }
    output_rows(c, "methods", keys, 4, rows);
    json_decref(rows);
    return cli_finish();
}

static int list_services(cli *c)
{
    nrpc_status status = {0};
    const schema *served = cli_served(c, &status);
    if (!served)
        return cli_fail(c, &status);
    Nrpc__V1__ListServicesRequest request = NRPC__V1__LIST_SERVICES_REQUEST__INIT;
    Nrpc__V1__ListServicesResponse *response = (Nrpc__V1__ListServicesResponse *)ftz_call_message(
        c->client, "nrpc.v1.ReflectionService/ListServices", &request.base,
        &nrpc__v1__list_services_response__descriptor, FTZ_IDEMPOTENT, &status);
    if (!response)
        return cli_fail(c, &status);
    static const char *const keys[] = {"service", "summary"};
    json_t *rows = json_array();
    for (size_t i = 0; i < response->n_services; i++) {
        const schema_service *service = schema_find_service(served, response->services[i]);
        json_array_append_new(rows,
                              json_pack("{s:s,s:o}", "service", response->services[i], "summary",
                                        first_sentence(service ? service->comment.leading : "")));
    }
    output_rows(c, "services", keys, 2, rows);
    json_decref(rows);
    ftz_free(response);
    return cli_finish();
}

int run_list(cli *c)
{
    return c->options.arg_count ? list_methods(c, c->options.args[0]) : list_services(c);
}

static nrpc_code put_template(const schema_method *method, buffer *out, nrpc_status *status)
{
    buffer_printf(out, "\nA request to start from:\n\nftz call %s/%s -d '",
                  method->service->full_name, method->name);
    nrpc_code code = schema_template(method->input, out, status);
    while (out->size && out->data[out->size - 1] == '\n')
        out->size--;
    buffer_append_text(out, "'\n");
    return code;
}

int run_describe(cli *c)
{
    nrpc_status status = {0};
    const schema_symbol *symbol = cli_symbol(c, c->options.args[0], &status);
    if (!symbol)
        return cli_fail(c, &status);
    buffer text = {0};
    if (!schema_describe(symbol, &text, &status) && symbol->kind == SCHEMA_KIND_METHOD)
        put_template(symbol->method, &text, &status);
    if (!status.code)
        fwrite(text.data, 1, text.size, stdout);
    buffer_fini(&text);
    return status.code ? cli_fail(c, &status) : cli_finish();
}
