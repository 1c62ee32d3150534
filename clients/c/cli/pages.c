#include "pages.h"

#include "base/pbwire.h"
#include "output.h"
#include "request.h"
#include "schema/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FULL_PAGE = 1000 };

static uint32_t number_of(const schema_message *type, const char *name)
{
    const schema_field *field = schema_message_field(type, name, strlen(name));
    return field ? field->number : 0; // which no field has
}

const schema_field *pages_field(const schema_method *method)
{
    return schema_message_number(method->output, 1);
}

static bool take_end(pages *p, const schema_message *response, const nrpc_reply *reply)
{
    uint32_t token = number_of(response, "next_page_token");
    uint32_t revision = number_of(response, "revision"), total = number_of(response, "total_size");
    uint64_t read_at = 0;
    pbwire_reader reader = pbwire_read(reply->payload, reply->payload_size);
    pbwire_field field;
    free(p->token);
    p->token = NULL;
    while (pbwire_next(&reader, &field)) {
        if (field.number == 1) {
            p->count++;
        } else if (field.number == token && field.size) {
            free(p->token);
            p->token = strndup((const char *)field.data, field.size);
            if (!p->token)
                return false;
        } else if (field.number == revision) {
            read_at = field.value;
        } else if (field.number == total) {
            p->total = field.value;
        }
    }
    p->changed = p->changed || (p->revision && p->revision != read_at);
    p->revision = read_at;
    return true;
}

// 0: the server's own size.
static int64_t next_size(const cli_options *o, bool all, int64_t seen)
{
    int64_t left = o->limit && !all ? o->limit - seen : INT64_MAX;
    int64_t size = o->page_size ? o->page_size : all || o->all || o->limit ? FULL_PAGE : 0;
    return left < size ? left : size;
}

nrpc_code pages_walk(cli *c, const schema_method *method, json_t *request, bool all, page_fn take,
                     void *context, pages *out, nrpc_status *status)
{
    const cli_options *o = &c->options;
    *out = (pages){0};
    request_set_text(request, "pageToken", o->page_token);
    do {
        nrpc_reply reply;
        request_set_count(request, "pageSize", next_size(o, all, out->count));
        request_set_text(request, "pageToken", out->token);
        if (request_call(c, method, request, FTZ_IDEMPOTENT, &reply))
            nrpc_status_move(status, &reply.status);
        else if (!take_end(out, method->output, &reply))
            nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
        else
            take(context, &reply, status);
        nrpc_reply_fini(&reply);
    } while (!status->code && out->token && (all || o->all || (o->limit && out->count < o->limit)));
    return status->code;
}

void pages_fini(pages *p)
{
    free(p->token);
}

void pages_say_rest(const cli *c, const pages *p)
{
    fflush(stdout);
    bool json = cli_output(c) == OUTPUT_JSON; // which has it
    if (c->options.total && !json)
        fprintf(stderr, "ftz: %" PRIu64 " in all\n", p->total);
    if (p->token && !json && !c->options.limit)
        fprintf(stderr, "ftz: there is more: --all, or --page-token %s\n", p->token);
    if (p->changed)
        fputs("ftz: the registry was written to between two pages\n", stderr);
}

typedef struct printing {
    listing rows;
    const cli *c;
    const schema_field *field;
    bool begun;
} printing;

static nrpc_code print_page(void *context, const nrpc_reply *reply, nrpc_status *status)
{
    printing *p = context;
    if (!p->begun)
        listing_begin(&p->rows, p->c, cli_output(p->c), p->field);
    p->begun = true;
    return listing_page(&p->rows, reply->payload, reply->payload_size, status);
}

// What listing_page kept of the last response.
static json_t *take_rest(const printing *p, const schema_message *response, nrpc_status *status)
{
    json_t *object = NULL;
    wire_to_json_value(response, p->rows.rest.data, p->rows.rest.size, 0, &object, status);
    return object;
}

int pages_print(cli *c, const schema_method *method, json_t *request, bool all, rest_fn rest,
                int64_t *seen)
{
    printing p = {.c = c, .field = pages_field(method)};
    json_t *said = NULL;
    pages end;
    nrpc_status status = {0};
    pages_walk(c, method, request, all, print_page, &p, &end, &status);
    if (!status.code && rest && cli_output(c) == OUTPUT_TABLE)
        said = take_rest(&p, method->output, &status);
    if (p.begun)
        listing_end(&p.rows, status.code != NRPC_OK, &status);
    if (said)
        rest(c, said);
    if (!status.code)
        pages_say_rest(c, &end);
    if (seen)
        *seen = end.count;
    pages_fini(&end);
    json_decref(said);
    json_decref(request);
    return status.code ? cli_fail(c, &status) : cli_finish();
}
