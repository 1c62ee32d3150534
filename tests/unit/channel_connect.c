// Reaching a server: several addresses, none, one that comes back, one that asks us to leave.
#include "channel_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void urls_are_validated(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ",",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:",
        "tcp://127.0.0.1:0",
        "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:99999999999999999999",
        "tcp://127.0.0.1:80x",
        "tcp://:80",
        "tcp://[::1:80",
        "tcp://[]:80",
        "tcp://[::1]80",
        "tcp://[::1]",
        "tcp://::1:80",
        "tcp://a b:80",
        "tcp://a/b:80",
        "tcp://",
        "ipc://",
        "ipc://relative",
        "relative/path",
        "http://localhost:80",
        "tls+tcp://localhost:80",
        "tcp://127.0.0.1:80,",
        "tcp://127.0.0.1:80,,tcp://127.0.0.1:81",
        "ipc:///a/path/that/is/much/too/long/for/a/unix/socket/"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "/1,/2,/3,/4,/5,/6,/7,/8,/9,/10,/11,/12,/13,/14,/15,/16,/17",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nrpc_channel *ch = NULL;
        nrpc_status status = {0};
        if (nrpc_channel_open(&ch, bad[i], NULL, &status) != NRPC_INVALID_ARGUMENT)
            fail_msg("accepted: %s", bad[i]);
        assert_string_equal(status.reason, "INVALID_ADDRESS");
        assert_non_null(nrpc_status_get(&status, "address"));
        assert_null(ch);
        nrpc_status_fini(&status);
    }
    static const char *const good[] = {
        "tcp://127.0.0.1:17966",
        "tcp://[::1]:1",
        "tcp://localhost:65535",
        "tcp://a-b_c.example:80",
        "ipc:///tmp/x.sock",
        "/tmp/x.sock",
        " tcp://127.0.0.1:80 , /tmp/x.sock ",
        "/1,/2,/3,/4,/5,/6,/7,/8,/9,/10,/11,/12,/13,/14,/15,/16",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        nrpc_channel_free(open_channel(good[i], NULL));
}

static void options_are_validated(void **state)
{
    (void)state;
    static const nrpc_channel_options bad[] = {
        {.connections = 65},
        {.max_in_flight = 65537},
        {.max_message_size = 31},
        {.max_message_size = SIZE_MAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nrpc_channel *ch = NULL;
        nrpc_status status = {0};
        assert_int_equal(nrpc_channel_open(&ch, "/tmp/x", &bad[i], &status), NRPC_INVALID_ARGUMENT);
        assert_string_equal(status.reason, "INVALID_OPTION");
        nrpc_status_fini(&status);
    }
}

static nrpc_channel *channel_to_nobody(const nrpc_channel_options *options)
{
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", peer_free_port());
    return open_channel(url, options);
}

static void nobody_listening_fails_fast(void **state)
{
    (void)state;
    nrpc_channel *ch = channel_to_nobody(NULL);
    for (int i = 0; i < 5; i++) // the first by dialing, others perhaps in the pause after it
        assert_in_range(assert_fails(ch, NULL, NRPC_UNAVAILABLE, "CONNECTION_REFUSED"), 0, 1500);
    nrpc_channel_free(ch);
    ch = channel_to_nobody(&(nrpc_channel_options){.connections = 8});
    for (int i = 0; i < 5; i++)
        assert_in_range(assert_fails(ch, NULL, NRPC_UNAVAILABLE, "CONNECTION_REFUSED"), 0, 1500);
    nrpc_channel_free(ch);
    ch = open_channel("ipc:///nonexistent/ftz.sock", NULL);
    assert_in_range(assert_fails(ch, NULL, NRPC_UNAVAILABLE, "CONNECTION_REFUSED"), 0, 1500);
    nrpc_channel_free(ch);
}

static void during_the_pause_calls_fail_at_once_with_a_time_to_retry(void **state)
{
    (void)state;
    nrpc_channel *ch = channel_to_nobody(
        &(nrpc_channel_options){.backoff_min_ms = 20000, .backoff_max_ms = 20000});
    assert_fails(ch, NULL, NRPC_UNAVAILABLE, "CONNECTION_REFUSED");
    nrpc_reply reply;
    int64_t start = now_ms();
    assert_int_equal(nrpc_channel_call(ch, "t.Echo/Echo", "", 0, NULL, &reply), NRPC_UNAVAILABLE);
    assert_in_range(now_ms() - start, 0, 500);
    assert_in_range(reply.status.retry_after_ms, 1, 20000);
    nrpc_reply_fini(&reply);
    nrpc_channel_free(ch);
}

static void wait_for_ready_waits_until_the_deadline(void **state)
{
    (void)state;
    nrpc_channel *ch = channel_to_nobody(NULL);
    nrpc_call_options o = {.timeout_ms = 400, .wait_for_ready = true};
    int64_t took = assert_fails(ch, &o, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED");
    assert_in_range(took, 400, 3000);
    nrpc_channel_free(ch);
}

static void many_wait_for_a_server_that_comes_late(void **state)
{
    (void)state;
    uint16_t port = peer_free_port();
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
    nrpc_channel *ch = open_channel(url, &(nrpc_channel_options){.connections = 3});
    tally t;
    tally_init(&t);
    nrpc_call_options o = {.wait_for_ready = true};
    for (int i = 0; i < 500; i++)
        nrpc_channel_start(ch, "t.Echo/Echo", "x", 1, &o, tally_add, &t, NULL);
    usleep(200000);
    assert_int_equal(t.done, 0);
    peer *p = peer_start(port, peer_echo, NULL);
    tally_wait(&t, 500);
    assert_int_equal(t.codes[NRPC_OK], 500);
    tally_fini(&t);
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void the_next_address_serves_when_the_first_refuses(void **state)
{
    (void)state;
    peer *p = peer_start(0, peer_echo, NULL);
    char urls[256];
    snprintf(urls, sizeof urls, "tcp://127.0.0.1:%u,ipc:///nonexistent/x,%s", peer_free_port(),
             p->url);
    nrpc_channel *ch = open_channel(urls, NULL);
    for (int i = 0; i < 10; i++)
        assert_echo(ch);
    assert_int_equal(atomic_load(&p->accepted), 1); // and it stays there
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void another_address_takes_over_from_a_lost_server(void **state)
{
    (void)state;
    peer *a = peer_start(0, peer_echo, NULL), *b = peer_start(0, peer_echo, NULL);
    char urls[256];
    snprintf(urls, sizeof urls, "%s,%s", a->url, b->url);
    nrpc_channel *ch = open_channel(urls, NULL);
    assert_echo(ch);
    assert_int_equal(atomic_load(&a->accepted), 1);
    peer_stop(a);
    usleep(50000); // until the end of the stream is seen
    for (int i = 0; i < 10; i++)
        assert_echo(ch);
    assert_int_equal(atomic_load(&b->accepted), 1);
    nrpc_channel_free(ch);
    peer_stop(b);
}

static void it_connects_again_when_the_server_is_back(void **state)
{
    (void)state;
    peer *p = peer_start(0, peer_echo, NULL);
    uint16_t port = p->port;
    nrpc_channel *ch = open_channel(p->url, NULL);
    for (int round = 0; round < 3; round++) {
        assert_echo(ch);
        peer_stop(p);
        usleep(50000);
        assert_fails(ch, NULL, NRPC_UNAVAILABLE, "CONNECTION_REFUSED");
        p = peer_start(port, peer_echo, NULL);
        nrpc_call_options o = {.wait_for_ready = true};
        nrpc_reply reply;
        assert_ok(nrpc_channel_call(ch, "t.Echo/Echo", "x", 1, &o, &reply), &reply.status);
        nrpc_reply_fini(&reply);
    }
    nrpc_channel_free(ch);
    peer_stop(p);
}

// The first connection takes a call and hangs up; later ones answer.
static void hang_up_once(peer *p, int fd, int index)
{
    peer_call c;
    if (index) {
        peer_echo(p, fd, index);
    } else if (peer_greet(fd) && peer_next(p, fd, &c)) {
        peer_call_free(&c);
    }
}

static void a_lost_call_is_not_sent_again(void **state)
{
    (void)state;
    peer *p = peer_start(0, hang_up_once, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    assert_fails(ch, NULL, NRPC_UNAVAILABLE, "CONNECTION_LOST");
    assert_int_equal(atomic_load(&p->calls), 1);
    assert_echo(ch);
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void an_idempotent_call_is_sent_once_more(void **state)
{
    (void)state;
    peer *p = peer_start(0, hang_up_once, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    nrpc_call_options o = {.idempotent = true};
    nrpc_reply reply;
    assert_ok(nrpc_channel_call(ch, "t.Echo/Echo", "abc", 3, &o, &reply), &reply.status);
    assert_memory_equal(reply.payload, "abc", 3);
    nrpc_reply_fini(&reply);
    assert_int_equal(atomic_load(&p->calls), 2);
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void hang_up_always(peer *p, int fd, int index)
{
    (void)index;
    peer_call c;
    if (peer_greet(fd) && peer_next(p, fd, &c))
        peer_call_free(&c);
}

static void but_not_twice(void **state)
{
    (void)state;
    peer *p = peer_start(0, hang_up_always, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    nrpc_call_options o = {.idempotent = true};
    assert_fails(ch, &o, NRPC_UNAVAILABLE, "CONNECTION_LOST");
    assert_int_equal(atomic_load(&p->calls), 2);
    nrpc_channel_free(ch);
    peer_stop(p);
}

// Every reply says draining. A call "slow" is answered only after another came on this server.
static void drain(peer *p, int fd, int index)
{
    (void)index;
    peer_call c;
    uint32_t slow = 0;
    envelope_entry draining = {{"draining", 8}, {"1", 1}};
    if (!peer_greet(fd))
        return;
    while (peer_next(p, fd, &c)) {
        if (c.call.payload.size == 4 && memcmp(c.call.payload.data, "slow", 4) == 0) {
            slow = c.id;
        } else {
            peer_ok_with(fd, c.id, c.call.payload.data, c.call.payload.size, &draining, 1);
            usleep(100000);
            if (slow)
                peer_ok(fd, slow, "done", 4);
        }
        peer_call_free(&c);
    }
}

static void a_draining_server_gets_no_further_calls(void **state)
{
    (void)state;
    peer *a = peer_start(0, drain, NULL), *b = peer_start(0, peer_echo, NULL);
    char urls[256];
    snprintf(urls, sizeof urls, "%s,%s", a->url, b->url);
    nrpc_channel *ch = open_channel(urls, NULL);
    tally t;
    tally_init(&t);
    nrpc_channel_start(ch, "t.Echo/Echo", "slow", 4, NULL, tally_add, &t, NULL);
    for (int i = 0; i < 500 && !atomic_load(&a->calls); i++)
        usleep(10000);
    assert_echo(ch); // answered by a, which says that it is draining
    for (int i = 0; i < 10; i++)
        assert_echo(ch);
    assert_int_equal(atomic_load(&a->calls), 2);
    assert_int_equal(atomic_load(&b->calls), 10);
    tally_wait(&t, 1); // what was in flight there ends there
    assert_int_equal(t.codes[NRPC_OK], 1);
    assert_memory_equal(t.last.payload, "done", 4);
    tally_fini(&t);
    nrpc_channel_free(ch);
    peer_stop(a);
    peer_stop(b);
}

static void drain_fast(peer *p, int fd, int index)
{
    (void)index;
    peer_call c;
    envelope_entry draining = {{"draining", 8}, {"1", 1}};
    if (!peer_greet(fd))
        return;
    while (peer_next(p, fd, &c)) {
        peer_ok_with(fd, c.id, c.call.payload.data, c.call.payload.size, &draining, 1);
        peer_call_free(&c);
    }
}

static void when_all_are_draining_calls_do_not_reconnect_each_time(void **state)
{
    (void)state;
    peer *p = peer_start(0, drain_fast, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    for (int i = 0; i < 50; i++)
        assert_echo(ch);
    assert_int_equal(atomic_load(&p->calls), 50);
    assert_in_range(atomic_load(&p->accepted), 2, 10);
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void a_server_that_vanished_is_left_after_ten_seconds(void **state)
{
    (void)state;
    peer *a = peer_start(0, peer_silent, NULL), *b = peer_start(0, peer_echo, NULL);
    char urls[256];
    snprintf(urls, sizeof urls, "%s,%s", a->url, b->url);
    nrpc_channel *ch = open_channel(urls, NULL);
    tally t;
    tally_init(&t);
    nrpc_call_options o = {.timeout_ms = 100};
    assert_fails(ch, &o, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"); // too soon to tell
    o.timeout_ms = 10000;
    nrpc_channel_start(ch, "t.Echo/Echo", "x", 1, &o, tally_add, &t, NULL);
    tally_wait(&t, 1);
    assert_int_equal(t.codes[NRPC_DEADLINE_EXCEEDED], 1);
    assert_echo(ch);
    assert_int_equal(atomic_load(&a->accepted), 1);
    tally_fini(&t);
    nrpc_channel_free(ch);
    peer_stop(a);
    peer_stop(b);
}

static void greet_late(peer *p, int fd, int index)
{
    usleep(300000);
    peer_echo(p, fd, index);
}

static void calls_wait_for_a_slow_handshake_within_their_deadline(void **state)
{
    (void)state;
    peer *p = peer_start(0, greet_late, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    nrpc_call_options o = {.timeout_ms = 100};
    assert_in_range(assert_fails(ch, &o, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"), 100, 290);
    assert_echo(ch);
    assert_int_equal(atomic_load(&p->accepted), 1);
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void freeing_while_dialing_or_greeting_is_clean(void **state)
{
    (void)state;
    peer *p = peer_start(0, greet_late, NULL);
    for (int i = 0; i < 40; i++) {
        nrpc_channel *ch =
            open_channel(p->url, &(nrpc_channel_options){.connections = 2, .connect = true});
        usleep((useconds_t)i * 50);
        nrpc_channel_free(ch);
    }
    peer_stop(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_validated),
        cmocka_unit_test(options_are_validated),
        cmocka_unit_test(nobody_listening_fails_fast),
        cmocka_unit_test(during_the_pause_calls_fail_at_once_with_a_time_to_retry),
        cmocka_unit_test(wait_for_ready_waits_until_the_deadline),
        cmocka_unit_test(many_wait_for_a_server_that_comes_late),
        cmocka_unit_test(the_next_address_serves_when_the_first_refuses),
        cmocka_unit_test(another_address_takes_over_from_a_lost_server),
        cmocka_unit_test(it_connects_again_when_the_server_is_back),
        cmocka_unit_test(a_lost_call_is_not_sent_again),
        cmocka_unit_test(an_idempotent_call_is_sent_once_more),
        cmocka_unit_test(but_not_twice),
        cmocka_unit_test(a_draining_server_gets_no_further_calls),
        cmocka_unit_test(when_all_are_draining_calls_do_not_reconnect_each_time),
        cmocka_unit_test(a_server_that_vanished_is_left_after_ten_seconds),
        cmocka_unit_test(calls_wait_for_a_slow_handshake_within_their_deadline),
        cmocka_unit_test(freeing_while_dialing_or_greeting_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
