// Replays the `server` cases of tests/conformance: a fake server that says what a case says, and
// the RPC client in C, which must make of it what the case expects.
#include "support/rawsp.h"
#include "support/test.h"

#include "integration/vectors.h"

#include "nrpc/sp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nrpc/client.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAIT_MS = 10000, BETWEEN_PIECES_US = 200 };

typedef struct fake {
    const vector_case *c;
    int listener;
    int stop[2]; // a pipe: its end ends the thread
    char url[128], path[108];
    pthread_t thread;
    rawsp peer;
    size_t next; // exchange
} fake;

// --- the fake server -----------------------------------------------------------------------------

static void listen_tcp(fake *f)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof sa;
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&sa, &size), 0);
    snprintf(f->url, sizeof f->url, "tcp://127.0.0.1:%d", ntohs(sa.sin_port));
}

static void listen_ipc(fake *f)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    snprintf(f->path, sizeof f->path, "/tmp/ftz-fake-%d", (int)getpid());
    unlink(f->path);
    strcpy(sa.sun_path, f->path);
    f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&sa, sizeof sa), 0);
    snprintf(f->url, sizeof f->url, "ipc://%s", f->path);
}

// False: time to end.
static bool wait_for(const fake *f, int fd)
{
    struct pollfd p[2] = {{fd, POLLIN, 0}, {f->stop[0], POLLIN, 0}};
    return poll(p, 2, WAIT_MS) > 0 && !p[1].revents;
}

static void say(fake *f, const json_t *step, const uint8_t *header, size_t header_size)
{
    const json_t *raw = json_object_get(step, "send"), *frame = json_object_get(step, "send_frame");
    const char *how = json_string_value(json_object_get(f->c->json, "split"));
    buffer bytes = {0}, out = {0};
    vector_bytes(raw ? raw : frame, header, header_size, &bytes);
    if (frame) {
        uint8_t prefix[SP_MAX_PREFIX];
        sp_framing framing = f->c->ipc ? SP_FRAMING_IPC : SP_FRAMING_TCP;
        buffer_append(&out, prefix, (size_t)(sp_put_prefix(prefix, framing, bytes.size) - prefix));
    }
    buffer_append(&out, bytes.data, bytes.size);
    for (size_t i = 0; how && i < out.size; i++) {
        rawsp_send(&f->peer, out.data + i, 1);
        usleep(BETWEEN_PIECES_US);
    }
    if (!how)
        rawsp_send(&f->peer, out.data, out.size); // the client may have hung up
    buffer_fini(&bytes);
    buffer_fini(&out);
}

// Plays one exchange. False: the connection is over.
static bool play(fake *f, const uint8_t *header, size_t header_size)
{
    const json_t *step, *one = json_array_get(json_object_get(f->c->json, "exchanges"), f->next++);
    size_t i;
    json_array_foreach(json_object_get(one, "steps"), i, step)
    {
        if (json_object_get(step, "close"))
            return false;
        say(f, step, header, header_size);
    }
    return true;
}

static void serve_connection(fake *f)
{
    const json_t *greeting = json_object_get(f->c->json, "greeting");
    uint8_t hello[SP_HANDSHAKE_SIZE];
    buffer greet = {0};
    sp_put_handshake(hello, SP_REP);
    if (greeting)
        vector_bytes(greeting, NULL, 0, &greet);
    else
        buffer_append(&greet, hello, sizeof hello);
    rawsp_send(&f->peer, greet.data, greet.size);
    bool fine = greet.size && rawsp_recv(&f->peer, hello, sizeof hello);
    buffer_fini(&greet);
    while (fine && wait_for(f, f->peer.fd)) {
        size_t size, header_size;
        uint8_t *frame = rawsp_recv_frame(&f->peer, &size);
        fine = frame && sp_parse_header(frame, size, &header_size) == SP_DONE &&
               play(f, frame, header_size);
        free(frame);
    }
}

static void *serve(void *context)
{
    fake *f = context;
    while (wait_for(f, f->listener)) {
        f->peer = (rawsp){.fd = accept(f->listener, NULL, NULL), .ipc = f->c->ipc};
        struct timeval timeout = {WAIT_MS / 1000, 0};
        setsockopt(f->peer.fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        serve_connection(f);
        rawsp_close(&f->peer);
    }
    return NULL;
}

// --- the client
// -----------------------------------------------------------------------------------

static void run_exchange(nrpc_channel *channel, const vector_case *c, const json_t *one)
{
    static const uint8_t request[] = {0x0a, 0x02, 'h', 'i'};
    const json_t *timeout = json_object_get(c->json, "timeout_ms");
    vector_keys(one, (const char *const[]){"steps", "expect", NULL});
    nrpc_call_options options = {.timeout_ms = 5000};
    if (timeout)
        options.timeout_ms = (uint32_t)json_integer_value(timeout);
    nrpc_reply reply;
    nrpc_channel_call(channel, "nrpc.v1.EchoService/Echo", request, sizeof request, &options,
                      &reply);
    vector_check(json_object_get(one, "expect"), &reply, NULL);
    nrpc_reply_fini(&reply);
}

static void run_case(void **state)
{
    const vector_case *c = *state;
    nrpc_status status = {0};
    nrpc_channel *channel;
    fake f = {.c = c};
    vector_keys(c->json, (const char *const[]){"name", "about", "transports", "split", "greeting",
                                               "timeout_ms", "exchanges", NULL});
    (c->ipc ? listen_ipc : listen_tcp)(&f);
    assert_int_equal(listen(f.listener, 8), 0);
    assert_int_equal(pipe(f.stop), 0);
    assert_int_equal(pthread_create(&f.thread, NULL, serve, &f), 0);
    assert_ok(nrpc_channel_open(&channel, f.url, NULL, &status), &status);
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(c->json, "exchanges"), i, one) run_exchange(channel, c, one);
    nrpc_channel_free(channel);
    close(f.stop[1]);
    pthread_join(f.thread, NULL);
    close(f.stop[0]);
    close(f.listener);
    if (c->ipc)
        unlink(f.path);
}

int main(void)
{
    vectors v;
    vectors_load(&v, (const char *const[]){"server", NULL}, false);
    struct CMUnitTest *tests = calloc(v.count, sizeof *tests);
    for (size_t i = 0; i < v.count; i++)
        tests[i] = (struct CMUnitTest){
            .name = v.cases[i].name, .test_func = run_case, .initial_state = &v.cases[i]};
    int failed = _cmocka_run_group_tests("conformance_client", tests, v.count, NULL, NULL);
    free(tests);
    vectors_free(&v);
    return failed;
}
