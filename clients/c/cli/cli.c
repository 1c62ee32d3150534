#include "cli.h"

#include "base/buffer.h"
#include "commands.h"
#include "descriptor_set.h"
#include "errors.h"
#include "exit_codes.h"
#include "schema/suggest.h"

#include <errno.h>
#include <nrpc/v1/reflection.pb-c.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void cli_init(cli *c)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    bool color =
        !c->options.no_color && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
    terminal *t = &c->terminal;
    t->output = isatty(STDOUT_FILENO);
    t->errors = isatty(STDERR_FILENO);
    t->color = t->output && color;
    t->error_color = t->errors && color;
    struct winsize size;
    if (t->output)
        t->width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

void cli_fini(cli *c)
{
    ftz_client_close(c->client);
    schema_free(c->known);
    schema_free(c->served);
}

output_format cli_output(const cli *c)
{
    if (c->options.output != OUTPUT_UNSET)
        return c->options.output;
    return c->terminal.output ? OUTPUT_TABLE : OUTPUT_JSON;
}

nrpc_code cli_client(cli *c, nrpc_status *status)
{
    if (c->client)
        return NRPC_OK;
    ftz_client_options options = {
        .timeout_ms = c->options.timeout_ms,
        .metadata = c->options.headers,
        .metadata_count = c->options.header_count,
    };
    return ftz_client_open(&c->client, c->options.servers, &options, status);
}

const schema *cli_known(cli *c)
{
    if (!c->known &&
        schema_load(ftz_descriptor_set_data(), ftz_descriptor_set_size(), &c->known, NULL))
        abort(); // out of memory, or built wrong
    return c->known;
}

static nrpc_code load_served(cli *c, const nrpc_reply *reply, nrpc_status *status)
{
    ProtobufCMessage *message;
    const nrpc_code code = nrpc_reply_unpack(
        reply, &nrpc__v1__get_file_descriptor_set_response__descriptor, &message, status);
    if (code)
        return code;
    const ProtobufCBinaryData *set =
        &((Nrpc__V1__GetFileDescriptorSetResponse *)message)->file_descriptor_set;
    nrpc_code loaded = schema_load(set->data, set->len, &c->served, status);
    protobuf_c_message_free_unpacked(message, NULL);
    return loaded;
}

const schema *cli_served(cli *c, nrpc_status *status)
{
    if (c->served || cli_client(c, status))
        return c->served;
    nrpc_reply reply;
    if (ftz_call(c->client, "nrpc.v1.ReflectionService/GetFileDescriptorSet", NULL, 0,
                 FTZ_IDEMPOTENT, &reply))
        nrpc_status_move(status, &reply.status);
    else
        load_served(c, &reply, status);
    nrpc_reply_fini(&reply);
    return c->served;
}

static bool ends_with_name(const char *full, const char *name, size_t size)
{
    size_t full_size = strlen(full);
    if (full_size <= size || full[full_size - size - 1] != '.')
        return false;
    full += full_size - size;
    for (size_t i = 0; i < size; i++)
        if (full[i] != name[i] && !(full[i] == '.' && name[i] == '/'))
            return false;
    return true;
}

// By the full name, or the only one with this end.
static const schema_symbol *find_symbol(const schema *pool, const char *name)
{
    const schema_symbol *found = schema_find(pool, name);
    size_t count, size = strlen(name);
    const schema_symbol *symbols = schema_symbols(pool, &count);
    bool exact = found != NULL;
    for (size_t i = 0; !exact && i < count; i++)
        if (ends_with_name(symbols[i].name, name, size)) {
            if (found)
                return NULL;
            found = &symbols[i];
        }
    return found;
}

// As many names from the end of a full name as were typed.
static const char *tail(const char *full, size_t names)
{
    const char *at = full + strlen(full);
    while (at > full && (at[-1] != '.' || --names))
        at--;
    return at;
}

static const char *suggest_symbol(const schema *pool, const char *name)
{
    char typed[256];
    size_t names = 1, count;
    snprintf(typed, sizeof(typed), "%s", name);
    for (char *c = typed; *c; c++)
        if (*c == '/' || *c == '.') {
            *c = '.';
            names++;
        }
    suggestion s = suggest_begin(typed, strlen(typed));
    const schema_symbol *symbols = schema_symbols(pool, &count), *best = NULL;
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        suggest_offer(&s, tail(symbols[i].name, names));
        if (s.best != nearest)
            best = &symbols[i];
        nearest = s.best;
    }
    return best ? best->name : NULL;
}

const schema_symbol *cli_symbol(cli *c, const char *name, nrpc_status *status)
{
    const schema_symbol *found = find_symbol(cli_known(c), name);
    if (found)
        return found;
    const schema *served = cli_served(c, status);
    if (served && (found = find_symbol(served, name)))
        return found;
    if (!served && exit_code(status) != EXIT_UNREACHABLE)
        return NULL;
    const char *near = suggest_symbol(served ? served : cli_known(c), name);
    if (!served && !near)
        return NULL; // why nobody could be asked says more
    nrpc_status_set(status, NRPC_NOT_FOUND, "UNKNOWN_SYMBOL", "nothing is called \"%s\"%s%s%s%s",
                    name, near ? "; did you mean " : "", near ? near : "", near ? "?" : "",
                    served ? "" : " (no server could be asked)");
    nrpc_status_add(status, "symbol", "%s", name);
    return NULL;
}

nrpc_code cli_call(cli *c, const schema_method *method, const void *request, size_t size,
                   unsigned flags, nrpc_reply *reply)
{
    *reply = (nrpc_reply){0};
    if (cli_client(c, &reply->status))
        return reply->status.code;
    buffer name = {0};
    buffer_printf(&name, "%s/%s", method->service->full_name, method->name);
    buffer_append_byte(&name, '\0');
    nrpc_code code =
        name.failed ? nrpc_status_set(&reply->status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                                      "out of memory")
                    : ftz_call(c->client, (const char *)name.data, request, size, flags, reply);
    buffer_fini(&name);
    return code;
}

int cli_fail(cli *c, nrpc_status *status)
{
    buffer text = {0};
    if (c->options.output == OUTPUT_JSON || c->options.output == OUTPUT_NDJSON)
        error_put_json(&text, status);
    else
        error_put_text(&text, status, error_hint(status, c->resource), c->terminal.error_color);
    fflush(stdout); // what came before the failure stands before it
    fwrite(text.data, 1, text.size, stderr);
    buffer_fini(&text);
    int code = exit_code(status);
    nrpc_status_fini(status);
    return code;
}

int cli_usage(const cli *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("ftz: ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nnext step: see `ftz help %s`\n", c->command->name);
    return EXIT_USAGE;
}

int cli_finish(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_SUCCESS;
    if (errno == EPIPE)
        return EXIT_PIPE;
    fprintf(stderr, "ftz: cannot write the output: %s\n", strerror(errno));
    return EXIT_LOCAL;
}
