// Many threads, servers that come, drain and hang up at random: every call ends exactly once.
#include "channel_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 1500, SERVERS = 3 };

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

// Answers, forgets, says it is draining, or hangs up.
static void moody(peer *p, int fd, int index)
{
    uint32_t seed = (uint32_t)index * 7919 + p->port;
    envelope_entry draining = {{"draining", 8}, {"1", 1}};
    peer_call c;
    if (next_random(&seed) % 10 == 0 || !peer_greet(fd))
        return;
    if (index > PEER_MAX_CONNECTIONS / 2) { // it runs out of places for connections
        peer_silent(p, fd, index);
        return;
    }
    for (bool open = true; open && peer_next(p, fd, &c); peer_call_free(&c)) {
        uint32_t dice = next_random(&seed) % 200;
        if (dice == 0)
            open = false;
        else if (dice == 1)
            open = peer_ok_with(fd, c.id, "x", 1, &draining, 1);
        else if (dice > 10)
            open = peer_ok(fd, c.id, c.call.payload.data, c.call.payload.size);
    }
}

typedef struct worker {
    nrpc_channel *channel;
    uint32_t seed;
    tally t;
    int started;
} worker;

static void *work(void *arg)
{
    worker *w = arg;
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t dice = next_random(&w->seed);
        nrpc_call_options o = {
            .timeout_ms = 1 + dice % 50,
            .idempotent = dice & 0x100,
            .wait_for_ready = dice & 0x200,
        };
        nrpc_client_call *call;
        nrpc_channel_start(w->channel, "t.Echo/Echo", "x", 1, &o, tally_add, &w->t, &call);
        w->started++;
        if (dice & 0x400)
            nrpc_client_call_cancel(call);
        nrpc_client_call_unref(call);
        if (dice % 16 == 0) {
            nrpc_reply reply;
            (void)nrpc_channel_call(w->channel, "t.Echo/Echo", "x", 1, &o, &reply);
            nrpc_reply_fini(&reply);
        }
    }
    return NULL;
}

static void every_call_ends_exactly_once(void **state)
{
    (void)state;
    peer *servers[SERVERS];
    char urls[256] = "";
    for (int i = 0; i < SERVERS; i++) {
        servers[i] = peer_start(0, moody, NULL);
        snprintf(urls + strlen(urls), sizeof urls - strlen(urls), "%s%s", i ? "," : "",
                 servers[i]->url);
    }
    nrpc_channel *ch = open_channel(
        urls,
        &(nrpc_channel_options){.connections = 3, .max_in_flight = 200, .backoff_max_ms = 60});
    worker workers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.channel = ch, .seed = (uint32_t)i + 1};
        tally_init(&workers[i].t);
        pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    nrpc_channel_free(ch); // ends what is still in flight
    int ok = 0;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].t.done, workers[i].started);
        ok += workers[i].t.codes[NRPC_OK];
        tally_fini(&workers[i].t);
    }
    assert_true(ok > 0);
    for (int i = 0; i < SERVERS; i++)
        peer_stop(servers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_ends_exactly_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
