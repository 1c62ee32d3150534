#include "support/rawsp.h"

#include "nrpc/envelope.h"
#include "nrpc/sp.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_ipc(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof sa.sun_path)
        return -1;
    strcpy(sa.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int connect_tcp(const char *address)
{
    char host[64];
    const char *colon = strrchr(address, ':');
    if (!colon || (size_t)(colon - address) >= sizeof host)
        return -1;
    snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    char *name = host;
    if (*name == '[') {
        name++;
        name[strcspn(name, "]")] = 0;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *ai;
    if (getaddrinfo(name, colon + 1, &hints, &ai))
        return -1;
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, ai->ai_addr, ai->ai_addrlen)) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(ai);
    return fd;
}

bool rawsp_connect(rawsp *r, const char *url)
{
    r->ipc = strncmp(url, "ipc://", 6) == 0;
    r->fd = r->ipc ? connect_ipc(url + 6) : connect_tcp(url + strlen("tcp://"));
    if (r->fd < 0)
        return false;
    struct timeval timeout = {RAWSP_TIMEOUT_MS / 1000, 0};
    setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(r->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    return true;
}

bool rawsp_open(rawsp *r, const char *url)
{
    uint8_t hello[SP_HANDSHAKE_SIZE];
    sp_put_handshake(hello, SP_REQ);
    if (!rawsp_connect(r, url))
        return false;
    if (rawsp_send(r, hello, sizeof hello) && rawsp_recv(r, hello, sizeof hello) &&
        sp_parse_handshake(hello, sizeof hello, SP_REP) == SP_DONE)
        return true;
    rawsp_close(r);
    return false;
}

void rawsp_close(rawsp *r)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
}

void rawsp_abort(rawsp *r)
{
    struct linger reset = {1, 0};
    setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    rawsp_close(r);
}

bool rawsp_send(rawsp *r, const void *data, size_t size)
{
    const uint8_t *p = data;
    while (size) {
        ssize_t n = send(r->fd, p, size, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        p += n;
        size -= (size_t)n;
    }
    return true;
}

bool rawsp_recv(rawsp *r, void *data, size_t size)
{
    return size == 0 || recv(r->fd, data, size, MSG_WAITALL) == (ssize_t)size;
}

bool rawsp_closed_by_peer(rawsp *r)
{
    uint8_t byte;
    ssize_t n = recv(r->fd, &byte, 1, 0);
    return n == 0 || (n < 0 && errno == ECONNRESET);
}

bool rawsp_send_frame(rawsp *r, const void *data, size_t size)
{
    uint8_t prefix[SP_MAX_PREFIX];
    sp_framing framing = r->ipc ? SP_FRAMING_IPC : SP_FRAMING_TCP;
    uint8_t *end = sp_put_prefix(prefix, framing, size);
    return rawsp_send(r, prefix, (size_t)(end - prefix)) && rawsp_send(r, data, size);
}

uint8_t *rawsp_recv_frame(rawsp *r, size_t *size)
{
    uint8_t prefix[SP_MAX_PREFIX];
    uint64_t length;
    sp_framing framing = r->ipc ? SP_FRAMING_IPC : SP_FRAMING_TCP;
    size_t prefix_size = sp_prefix_size(framing);
    if (!rawsp_recv(r, prefix, prefix_size) ||
        sp_parse_prefix(prefix, prefix_size, framing, &length) != SP_DONE || length > 1u << 30)
        return NULL;
    uint8_t *data = malloc(length + 1);
    if (data && !rawsp_recv(r, data, length)) {
        free(data);
        return NULL;
    }
    *size = length;
    return data;
}

bool rawsp_send_call(rawsp *r, uint32_t id, const char *method, const void *payload, size_t size,
                     uint32_t timeout_ms)
{
    envelope_call call = {
        .method = {method, strlen(method)}, .payload = {payload, size}, .timeout_ms = timeout_ms};
    size_t total = 4 + envelope_call_size(&call);
    uint8_t *bytes = malloc(total), *at;
    sp_put_u32(bytes, id | 0x80000000u);
    envelope_put_call(bytes + 4, &call, &at);
    if (size)
        memcpy(at, payload, size);
    bool ok = rawsp_send_frame(r, bytes, total);
    free(bytes);
    return ok;
}

int rawsp_recv_reply(rawsp *r, uint32_t *id, uint8_t **payload, size_t *size, char reason[64])
{
    size_t frame_size;
    uint8_t *frame = rawsp_recv_frame(r, &frame_size);
    if (!frame || frame_size < 4) {
        free(frame);
        return -1;
    }
    envelope_reply reply;
    nrpc_status status = {0};
    int code = (int)envelope_parse_reply(frame + 4, frame_size - 4, &reply, &status);
    if (id)
        *id = sp_get_u32(frame) & 0x7fffffffu;
    if (reason)
        snprintf(reason, 64, "%s", status.reason ? status.reason : "");
    if (payload) {
        *payload = malloc(reply.payload.size + 1);
        memcpy(*payload, reply.payload.data, reply.payload.size);
        *size = reply.payload.size;
    }
    nrpc_status_fini(&status);
    free(frame);
    return code;
}

int rawsp_call(rawsp *r, const char *method, const void *payload, size_t size, uint8_t **reply,
               size_t *reply_size, char reason[64])
{
    static uint32_t next_id;
    if (!rawsp_send_call(r, ++next_id, method, payload, size, 0))
        return -1;
    return rawsp_recv_reply(r, NULL, reply, reply_size, reason);
}
