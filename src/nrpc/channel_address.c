#include "nrpc/channel_address.h"

#include <nng/nng.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum { MAX_HOST = 255 };

static nrpc_code invalid(nrpc_status *status, const char *text, size_t size, const char *what)
{
    nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "INVALID_ADDRESS",
                    "%.*s: %s; an address is tcp://HOST:PORT, ipc:///PATH or /PATH", (int)size,
                    text, what);
    return nrpc_status_add(status, "address", "%.*s", (int)size, text);
}

// NULL if the text behind tcp:// is HOST:PORT.
static const char *tcp_mistake(const char *text, size_t size)
{
    const char *end = text + size, *host = text, *host_end, *port;
    if (size && *text == '[') {
        host++;
        host_end = memchr(host, ']', (size_t)(end - host));
        if (!host_end)
            return "the bracket is not closed";
        port = host_end + 1;
    } else {
        host_end = memchr(text, ':', size);
        if (!host_end)
            return "the port is missing";
        port = host_end;
    }
    if (host_end == host)
        return "the host is missing";
    if (host_end - host > MAX_HOST)
        return "the host is too long";
    bool bracket = *text == '[';
    for (const char *c = host; c < host_end; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
              *c == '.' || (!bracket && (*c == '-' || *c == '_')) || (bracket && *c == ':')))
            return "the host has a character that no host has";
    if (port == end || *port != ':')
        return "the port is missing";
    unsigned number = 0;
    for (const char *c = ++port; c < end; c++) {
        if (*c < '0' || *c > '9')
            return "the port is no number";
        number = number * 10 + (unsigned)(*c - '0');
        if (number > 65535)
            return "the port is above 65535";
    }
    return number ? NULL : "the port must be 1 to 65535";
}

static nrpc_code parse_one(const char *text, size_t size, channel_address *out, nrpc_status *status)
{
    const char *path = NULL;
    const char *mistake = NULL;
    if (size >= 6 && memcmp(text, "tcp://", 6) == 0)
        mistake = tcp_mistake(text + 6, size - 6);
    else if (size >= 6 && memcmp(text, "ipc://", 6) == 0)
        path = text + 6;
    else if (size && *text == '/')
        path = text;
    else
        mistake = size ? "not a kind of address known here" : "empty";
    if (path) {
        size_t path_size = size - (size_t)(path - text);
        if (!path_size || *path != '/')
            mistake = "the path must be absolute";
        else if (path_size >= sizeof((struct sockaddr_un *)0)->sun_path)
            mistake = "the path is longer than a Unix socket's may be";
    }
    if (mistake)
        return invalid(status, text, size, mistake);
    out->framing = path ? SP_FRAMING_IPC : SP_FRAMING_TCP;
    if (asprintf(&out->url, "%s%.*s", path == text ? "ipc://" : "", (int)size, text) < 0) {
        out->url = NULL;
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    }
    return NRPC_OK;
}

nrpc_code channel_addresses_parse(const char *urls, channel_address **out, size_t *count,
                                  nrpc_status *status)
{
    channel_address *list = calloc(CHANNEL_MAX_ADDRESSES, sizeof *list);
    if (!list)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    nrpc_code code = NRPC_OK;
    size_t n = 0;
    for (const char *text = urls, *end; !code; text = end + 1) {
        end = strchrnul(text, ',');
        const char *first = text + strspn(text, " \t");
        size_t size = first < end ? (size_t)(end - first) : 0;
        while (size && (first[size - 1] == ' ' || first[size - 1] == '\t'))
            size--;
        if (n == CHANNEL_MAX_ADDRESSES) {
            code = invalid(status, first, size, "one address more than 16");
            break;
        }
        code = parse_one(first, size, &list[n], status);
        if (!code)
            n++;
        if (!*end)
            break;
    }
    if (code) {
        channel_addresses_free(list, n);
        return code;
    }
    *out = list;
    *count = n;
    return NRPC_OK;
}

void channel_addresses_free(channel_address *addresses, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(addresses[i].url);
    free(addresses);
}

static const char *dial_reason(int error)
{
    switch (error) {
    case NNG_ECONNREFUSED:
        return "CONNECTION_REFUSED";
    case NNG_EUNREACHABLE:
        return "HOST_UNREACHABLE";
    case NNG_EADDRINVAL:
        return "ADDRESS_UNRESOLVED";
    case NNG_ETIMEDOUT:
        return "CONNECT_TIMEOUT";
    case NNG_EPERM:
        return "CONNECT_DENIED";
    default:
        return "CONNECT_FAILED";
    }
}

nrpc_code channel_fault_status(const channel_fault *fault, nrpc_status *status)
{
    const char *url = fault->address->url;
    const char *error = nng_strerror(fault->error);
    switch (fault->kind) {
    case CHANNEL_FAULT_DIAL:
        nrpc_status_set(status, NRPC_UNAVAILABLE, dial_reason(fault->error),
                        "cannot connect to %s: %s", url, error);
        break;
    case CHANNEL_FAULT_HANDSHAKE:
        nrpc_status_set(status, NRPC_UNAVAILABLE, "HANDSHAKE_FAILED",
                        "%s does not answer as an SP REP server: %s", url, error);
        break;
    case CHANNEL_FAULT_PROTOCOL:
        nrpc_status_set(status, NRPC_UNAVAILABLE, "PROTOCOL_ERROR",
                        "%s broke the protocol with the call in flight: %s", url, error);
        break;
    case CHANNEL_FAULT_LOST:
        nrpc_status_set(status, NRPC_UNAVAILABLE, "CONNECTION_LOST",
                        "the connection to %s was lost with the call in flight: %s", url, error);
        break;
    }
    nrpc_status_add(status, "address", "%s", url);
    return nrpc_status_add(status, "error", "%s", error);
}
