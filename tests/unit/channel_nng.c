// Interoperation with libnng's own REP socket, unmodified, over tcp and ipc.
#include "channel_peer.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct rep {
    nng_socket socket;
    pthread_t thread;
    char url[128];
    char folder[64];
} rep;

static void *answer(void *arg)
{
    rep *r = arg;
    nng_msg *request;
    while (nng_recvmsg(r->socket, &request, 0) == 0) {
        envelope_call call;
        nng_msg *reply;
        if (envelope_parse_call(nng_msg_body(request), nng_msg_len(request), &call, NULL) ||
            nng_msg_alloc(&reply, envelope_ok_size(call.payload.size, NULL, 0))) {
            nng_msg_free(request);
            continue;
        }
        uint8_t *payload;
        envelope_put_ok(nng_msg_body(reply), call.payload.size, NULL, 0, &payload);
        memcpy(payload, call.payload.data, call.payload.size);
        nng_msg_free(request);
        if (nng_sendmsg(r->socket, reply, 0) != 0)
            nng_msg_free(reply);
    }
    return NULL;
}

static void rep_start(rep *r, bool ipc)
{
    *r = (rep){.folder = "/tmp/channel_nng.XXXXXX"};
    assert_non_null(mkdtemp(r->folder));
    nng_listener listener;
    assert_int_equal(nng_rep0_open(&r->socket), 0);
    assert_int_equal(nng_socket_set_size(r->socket, NNG_OPT_RECVMAXSZ, 16 << 20), 0);
    if (ipc)
        snprintf(r->url, sizeof r->url, "ipc://%s/rep", r->folder);
    assert_int_equal(nng_listen(r->socket, ipc ? r->url : "tcp://127.0.0.1:0", &listener, 0), 0);
    if (!ipc) {
        int port = 0;
        assert_int_equal(nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port), 0);
        snprintf(r->url, sizeof r->url, "tcp://127.0.0.1:%d", port);
    }
    assert_int_equal(pthread_create(&r->thread, NULL, answer, r), 0);
}

static void rep_stop(rep *r)
{
    nng_close(r->socket);
    pthread_join(r->thread, NULL);
    rmdir(r->folder);
}

static void talk(bool ipc)
{
    rep r;
    rep_start(&r, ipc);
    // An ipc address may also be given as the bare path.
    nrpc_channel *ch = open_channel(ipc ? r.url + strlen("ipc://") : r.url,
                                    &(nrpc_channel_options){.connections = 2});
    for (int i = 0; i < 20; i++)
        assert_echo(ch);
    tally t;
    tally_init(&t);
    for (int i = 0; i < 500; i++)
        nrpc_channel_start(ch, "t.Echo/Echo", "x", 1, NULL, tally_add, &t, NULL);
    tally_wait(&t, 500);
    assert_int_equal(t.codes[NRPC_OK], 500);
    tally_fini(&t);
    size_t size = 3 << 20;
    uint8_t *big = malloc(size);
    memset(big, 'b', size);
    nrpc_reply reply;
    assert_ok(nrpc_channel_call(ch, "t.Echo/Echo", big, size, NULL, &reply), &reply.status);
    assert_int_equal(reply.payload_size, size);
    assert_memory_equal(reply.payload, big, size);
    nrpc_reply_fini(&reply);
    free(big);
    nrpc_channel_free(ch);
    rep_stop(&r);
}

static void nng_rep_over_tcp(void **state)
{
    (void)state;
    talk(false);
}

static void nng_rep_over_ipc(void **state)
{
    (void)state;
    talk(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nng_rep_over_tcp),
        cmocka_unit_test(nng_rep_over_ipc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
