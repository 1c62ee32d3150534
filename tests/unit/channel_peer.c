#include "channel_peer.h"

#include "base/clock.h"
#include "nrpc/sp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct guest {
    peer *p;
    int fd, index;
} guest;

static void *serve(void *arg)
{
    guest g = *(guest *)arg;
    free(arg);
    g.p->serve(g.p, g.fd, g.index);
    pthread_mutex_lock(&g.p->lock);
    close(g.fd);
    g.p->fds[g.index] = -1;
    pthread_mutex_unlock(&g.p->lock);
    return NULL;
}

static void *accept_all(void *arg)
{
    peer *p = arg;
    for (int index = 0; index < PEER_MAX_CONNECTIONS; index++) {
        int fd = accept(p->listener, NULL, NULL);
        if (fd < 0)
            break;
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        guest *g = malloc(sizeof *g);
        *g = (guest){p, fd, index};
        pthread_mutex_lock(&p->lock);
        p->fds[index] = fd;
        pthread_create(&p->threads[index], NULL, serve, g);
        pthread_mutex_unlock(&p->lock);
        atomic_fetch_add(&p->accepted, 1);
    }
    return NULL;
}

static int listen_at(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(*port)};
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&sa, sizeof sa) != 0 || listen(fd, 64) != 0)
        fail_msg("cannot listen: %s", strerror(errno));
    socklen_t size = sizeof sa;
    getsockname(fd, (struct sockaddr *)&sa, &size);
    *port = ntohs(sa.sin_port);
    return fd;
}

peer *peer_start(uint16_t port, peer_fn fn, void *context)
{
    peer *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->port = port;
    p->listener = listen_at(&p->port);
    p->serve = fn;
    p->context = context;
    snprintf(p->url, sizeof p->url, "tcp://127.0.0.1:%u", p->port);
    pthread_mutex_init(&p->lock, NULL);
    assert_int_equal(pthread_create(&p->thread, NULL, accept_all, p), 0);
    return p;
}

void peer_stop(peer *p)
{
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    close(p->listener);
    int n = atomic_load(&p->accepted);
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < n; i++)
        if (p->fds[i] >= 0)
            shutdown(p->fds[i], SHUT_RDWR);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < n; i++)
        pthread_join(p->threads[i], NULL);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

uint16_t peer_free_port(void)
{
    uint16_t port = 0;
    close(listen_at(&port));
    return port;
}

bool peer_send(int fd, const void *data, size_t size)
{
    const char *p = data;
    while (size) {
        ssize_t n = send(fd, p, size, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        p += n;
        size -= (size_t)n;
    }
    return true;
}

bool peer_recv(int fd, void *data, size_t size)
{
    return !size || recv(fd, data, size, MSG_WAITALL) == (ssize_t)size;
}

bool peer_greet(int fd)
{
    uint8_t hello[SP_HANDSHAKE_SIZE];
    sp_put_handshake(hello, SP_REP);
    if (!peer_send(fd, hello, sizeof hello) || !peer_recv(fd, hello, sizeof hello))
        return false;
    return sp_parse_handshake(hello, sizeof hello, SP_REQ) == SP_DONE;
}

bool peer_frame(int fd, const void *data, size_t size)
{
    uint8_t prefix[SP_MAX_PREFIX];
    uint8_t *end = sp_put_prefix(prefix, SP_FRAMING_TCP, size);
    return peer_send(fd, prefix, (size_t)(end - prefix)) && peer_send(fd, data, size);
}

void peer_linger(int fd)
{
    char scrap[4096];
    while (recv(fd, scrap, sizeof scrap, 0) > 0)
        ;
}

bool peer_next(peer *p, int fd, peer_call *out)
{
    uint8_t prefix[8];
    uint64_t size;
    if (!peer_recv(fd, prefix, sizeof prefix))
        return false;
    if (sp_parse_prefix(prefix, sizeof prefix, SP_FRAMING_TCP, &size) != SP_DONE || size < 4 ||
        size > 64 << 20)
        return false;
    *out = (peer_call){.bytes = malloc(size)};
    if (!peer_recv(fd, out->bytes, size) ||
        envelope_parse_call(out->bytes + 4, size - 4, &out->call, NULL)) {
        free(out->bytes);
        return false;
    }
    out->id = sp_get_u32(out->bytes);
    snprintf(out->method, sizeof out->method, "%.*s", (int)out->call.method.size,
             out->call.method.data);
    if (strcmp(out->method, "nrpc.v1.ControlService/Cancel") != 0)
        atomic_fetch_add(&p->calls, 1);
    return true;
}

void peer_call_free(peer_call *call)
{
    free(call->bytes);
    call->bytes = NULL;
}

bool peer_ok_with(int fd, uint32_t id, const void *payload, size_t size,
                  const envelope_entry *metadata, size_t count)
{
    size_t n = 4 + envelope_ok_size(size, metadata, count);
    uint8_t *bytes = malloc(n), *where;
    sp_put_u32(bytes, id);
    envelope_put_ok(bytes + 4, size, metadata, count, &where);
    if (size)
        memcpy(where, payload, size);
    bool sent = peer_frame(fd, bytes, n);
    free(bytes);
    return sent;
}

bool peer_ok(int fd, uint32_t id, const void *payload, size_t size)
{
    return peer_ok_with(fd, id, payload, size, NULL, 0);
}

bool peer_error(int fd, uint32_t id, nrpc_code code, const char *reason, const char *message)
{
    nrpc_status status = {0};
    nrpc_status_set(&status, code, reason, "%s", message);
    size_t size;
    uint8_t *reply = envelope_pack_error(&status, NULL, 0, &size);
    uint8_t *frame = malloc(size + 4);
    sp_put_u32(frame, id);
    memcpy(frame + 4, reply, size);
    bool sent = peer_frame(fd, frame, size + 4);
    free(frame);
    free(reply);
    nrpc_status_fini(&status);
    return sent;
}

void peer_echo(peer *p, int fd, int index)
{
    (void)index;
    if (!peer_greet(fd))
        return;
    peer_call c;
    while (peer_next(p, fd, &c)) {
        bool sent = peer_ok(fd, c.id, c.call.payload.data, c.call.payload.size);
        peer_call_free(&c);
        if (!sent)
            return;
    }
}

void peer_silent(peer *p, int fd, int index)
{
    (void)index;
    peer_call c;
    if (peer_greet(fd))
        while (peer_next(p, fd, &c))
            peer_call_free(&c);
}

// --- around the channel -------------------------------------------------------------------------

int64_t now_ms(void)
{
    return clock_now_ns() / 1000000;
}

nrpc_channel *open_channel(const char *urls, const nrpc_channel_options *options)
{
    nrpc_channel *channel = NULL;
    nrpc_status status = {0};
    assert_ok(nrpc_channel_open(&channel, urls, options, &status), &status);
    return channel;
}

void assert_echo(nrpc_channel *channel)
{
    nrpc_reply reply;
    nrpc_code code = nrpc_channel_call(channel, "t.Echo/Echo", "ping", 4, NULL, &reply);
    assert_ok(code, &reply.status);
    assert_int_equal(reply.payload_size, 4);
    assert_memory_equal(reply.payload, "ping", 4);
    nrpc_reply_fini(&reply);
}

int64_t assert_fails(nrpc_channel *channel, const nrpc_call_options *options, nrpc_code code,
                     const char *reason)
{
    int64_t start = now_ms();
    nrpc_reply reply;
    nrpc_code got = nrpc_channel_call(channel, "t.Echo/Echo", "ping", 4, options, &reply);
    int64_t took = now_ms() - start;
    if (got != code || !reply.status.reason || strcmp(reply.status.reason, reason) != 0)
        fail_msg("%s %s, not %s %s: %s", nrpc_code_name(got),
                 reply.status.reason ? reply.status.reason : "", nrpc_code_name(code), reason,
                 reply.status.message ? reply.status.message : "");
    assert_null(reply.memory);
    assert_int_equal(reply.payload_size, 0);
    if (code == NRPC_UNAVAILABLE) {
        assert_non_null(nrpc_status_get(&reply.status, "address"));
        assert_non_null(nrpc_status_get(&reply.status, "error"));
    }
    nrpc_reply_fini(&reply);
    return took;
}

void tally_init(tally *t)
{
    *t = (tally){.done = 0};
    pthread_mutex_init(&t->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&t->changed, &attr);
    pthread_condattr_destroy(&attr);
}

void tally_fini(tally *t)
{
    nrpc_reply_fini(&t->last);
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
}

void tally_add(nrpc_reply *reply, void *context)
{
    tally *t = context;
    pthread_mutex_lock(&t->lock);
    t->done++;
    t->codes[reply->status.code]++;
    nrpc_reply_fini(&t->last);
    (void)nrpc_reply_take(&t->last, reply);
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

void tally_wait(tally *t, int done)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 20;
    int rv = 0;
    pthread_mutex_lock(&t->lock);
    while (t->done < done && rv == 0)
        rv = pthread_cond_timedwait(&t->changed, &t->lock, &until);
    int have = t->done;
    pthread_mutex_unlock(&t->lock);
    assert_int_equal(have, done);
}
