// Calls over a healthy connection: what goes out, what comes back, many at once, and their end.
#include "channel_peer.h"

#include <nrpc/v1/control.pb-c.h>
#include <nrpc/v1/health.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void a_call_returns_the_payload(void **state)
{
    (void)state;
    peer *p = peer_start(0, peer_echo, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    for (int i = 0; i < 50; i++)
        assert_echo(ch);
    assert_int_equal(atomic_load(&p->accepted), 1);
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void opening_does_not_dial_unless_asked(void **state)
{
    (void)state;
    peer *p = peer_start(0, peer_echo, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    usleep(50000);
    assert_int_equal(atomic_load(&p->accepted), 0);
    nrpc_channel_free(ch);
    ch = open_channel(p->url, &(nrpc_channel_options){.connect = true, .connections = 3});
    for (int i = 0; i < 200 && atomic_load(&p->accepted) < 3; i++)
        usleep(10000);
    assert_int_equal(atomic_load(&p->accepted), 3);
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void empty_request_and_empty_reply(void **state)
{
    (void)state;
    peer *p = peer_start(0, peer_echo, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    nrpc_reply reply;
    assert_ok(nrpc_channel_call(ch, "t.Echo/Echo", NULL, 0, NULL, &reply), &reply.status);
    assert_int_equal(reply.payload_size, 0);
    nrpc_reply_fini(&reply);
    nrpc_reply_fini(&reply); // a second time does nothing
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void messages_are_packed_and_unpacked(void **state)
{
    (void)state;
    peer *p = peer_start(0, peer_echo, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    Nrpc__V1__CheckRequest request = NRPC__V1__CHECK_REQUEST__INIT;
    request.service = (char *)"ftz.v1.ZoneService";
    nrpc_reply reply;
    nrpc_code code = nrpc_channel_call_message(ch, "t.Echo/Echo", &request.base, NULL, &reply);
    assert_ok(code, &reply.status);
    ProtobufCMessage *message;
    nrpc_status status = {0};
    assert_ok(nrpc_reply_unpack(&reply, &nrpc__v1__check_request__descriptor, &message, &status),
              &status);
    assert_string_equal(((Nrpc__V1__CheckRequest *)message)->service, request.service);
    protobuf_c_message_free_unpacked(message, NULL);
    // Text in this field is a varint in that message.
    assert_int_equal(
        nrpc_reply_unpack(&reply, &nrpc__v1__cancel_request__descriptor, &message, &status),
        NRPC_INTERNAL);
    assert_string_equal(status.reason, "REPLY_MALFORMED");
    assert_null(message);
    nrpc_status_fini(&status);
    nrpc_reply_fini(&reply);
    nrpc_channel_free(ch);
    peer_stop(p);
}

// Answers with the timeout and all metadata of the call, as text.
static void describe_call(peer *p, int fd, int index)
{
    (void)index;
    peer_call c;
    if (!peer_greet(fd))
        return;
    while (peer_next(p, fd, &c)) {
        char text[4096];
        int n = snprintf(text, sizeof text, "%u", c.call.timeout_ms);
        for (size_t i = 0; i < c.call.metadata_count; i++) {
            const envelope_entry *e = &c.call.metadata[i];
            n += snprintf(text + n, sizeof text - (size_t)n, " %.*s=%.*s", (int)e->key.size,
                          e->key.data, (int)e->value.size, e->value.data);
        }
        envelope_entry back[] = {{{"revision", 8}, {"s:42", 4}}, {{"x-bin", 5}, {"\0\1", 2}}};
        peer_ok_with(fd, c.id, text, (size_t)n, back, 2);
        peer_call_free(&c);
    }
}

static void assert_described(nrpc_channel *ch, const nrpc_call_options *o, const char *want)
{
    nrpc_reply reply;
    assert_ok(nrpc_channel_call(ch, "t.Echo/Echo", "x", 1, o, &reply), &reply.status);
    char text[4096];
    snprintf(text, sizeof text, "%.*s", (int)reply.payload_size, (const char *)reply.payload);
    assert_string_equal(text, want);
    size_t size;
    assert_string_equal(nrpc_reply_metadata(&reply, "revision", &size), "s:42");
    assert_int_equal(size, 4);
    assert_memory_equal(nrpc_reply_metadata(&reply, "x-bin", &size), "\0\1", 2);
    assert_int_equal(size, 2);
    assert_null(nrpc_reply_metadata(&reply, "none", NULL));
    nrpc_reply_fini(&reply);
}

static void timeout_and_metadata_travel(void **state)
{
    (void)state;
    peer *p = peer_start(0, describe_call, NULL);
    nrpc_metadata defaults[] = {{"authorization", "Bearer a", 0}, {"x-request-id", "d", 0}};
    nrpc_channel *ch =
        open_channel(p->url, &(nrpc_channel_options){.metadata = defaults, .metadata_count = 2});
    nrpc_metadata own[] = {{"x-request-id", "own", 3}, {"b-bin", "z", 1}};
    nrpc_call_options o = {.timeout_ms = 5000, .metadata = own, .metadata_count = 2};
    nrpc_reply first; // it waits for the connection, and says what is left
    assert_ok(nrpc_channel_call(ch, "t.Echo/Echo", "x", 1, NULL, &first), &first.status);
    nrpc_reply_fini(&first);
    assert_described(ch, NULL, "30000 authorization=Bearer a x-request-id=d");
    assert_described(ch, &o, "5000 x-request-id=own b-bin=z authorization=Bearer a");
    o = (nrpc_call_options){.timeout_ms = UINT32_MAX};
    assert_described(ch, &o, "600000 authorization=Bearer a x-request-id=d");
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void a_call_that_waited_sends_the_time_left(void **state)
{
    (void)state;
    uint16_t port = peer_free_port();
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
    nrpc_channel *ch = open_channel(url, NULL);
    tally t;
    tally_init(&t);
    nrpc_call_options o = {.timeout_ms = 10000, .wait_for_ready = true};
    nrpc_channel_start(ch, "t.Echo/Echo", "x", 1, &o, tally_add, &t, NULL);
    usleep(300000);
    peer *p = peer_start(port, describe_call, NULL);
    tally_wait(&t, 1);
    assert_int_equal(t.codes[NRPC_OK], 1);
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)t.last.payload_size, (const char *)t.last.payload);
    int left = atoi(text);
    assert_in_range(left, 1000, 9700);
    tally_fini(&t);
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void bad_metadata_is_refused_here(void **state)
{
    (void)state;
    peer *p = peer_start(0, peer_echo, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    static char big[9000];
    memset(big, 'a', sizeof big - 1);
    const nrpc_metadata bad[] = {
        {"Upper", "x", 0},    {"", "x", 0},  {"k", "line\nbreak", 0},
        {"k", "\xc3\xa9", 0}, {"k", big, 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nrpc_call_options o = {.metadata = &bad[i], .metadata_count = 1};
        assert_fails(ch, &o, NRPC_INVALID_ARGUMENT, "METADATA_INVALID");
        nrpc_channel_options co = {.metadata = &bad[i], .metadata_count = 1};
        nrpc_channel *none = NULL;
        nrpc_status status = {0};
        assert_int_equal(nrpc_channel_open(&none, p->url, &co, &status), NRPC_INVALID_ARGUMENT);
        assert_string_equal(status.reason, "METADATA_INVALID");
        assert_null(none);
        nrpc_status_fini(&status);
    }
    nrpc_metadata many[65];
    for (int i = 0; i < 65; i++)
        many[i] = (nrpc_metadata){"k", "v", 0};
    nrpc_call_options o = {.metadata = many, .metadata_count = 65};
    assert_fails(ch, &o, NRPC_INVALID_ARGUMENT, "METADATA_INVALID");
    o.metadata_count = 64;
    nrpc_reply reply;
    assert_ok(nrpc_channel_call(ch, "t.Echo/Echo", "x", 1, &o, &reply), &reply.status);
    nrpc_reply_fini(&reply);
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void refuse(peer *p, int fd, int index)
{
    (void)index;
    peer_call c;
    if (!peer_greet(fd))
        return;
    while (peer_next(p, fd, &c)) {
        peer_error(fd, c.id, NRPC_NOT_FOUND, "ZONE_NOT_FOUND", "no such zone");
        peer_call_free(&c);
    }
}

static void errors_of_the_server_arrive_whole(void **state)
{
    (void)state;
    peer *p = peer_start(0, refuse, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    nrpc_reply reply;
    assert_int_equal(nrpc_channel_call(ch, "t.Echo/Echo", "x", 1, NULL, &reply), NRPC_NOT_FOUND);
    assert_string_equal(reply.status.reason, "ZONE_NOT_FOUND");
    assert_string_equal(reply.status.domain, "ftz");
    assert_string_equal(reply.status.message, "no such zone");
    ProtobufCMessage *message;
    assert_int_equal(
        nrpc_reply_unpack(&reply, &nrpc__v1__check_request__descriptor, &message, NULL),
        NRPC_NOT_FOUND);
    nrpc_reply_fini(&reply);
    nrpc_channel_free(ch);
    peer_stop(p);
}

enum { MANY = 1000 };

static void answer_in_reverse(peer *p, int fd, int index)
{
    (void)index;
    if (!peer_greet(fd))
        return;
    peer_call *calls = calloc(MANY, sizeof *calls);
    int n = 0;
    while (n < MANY && peer_next(p, fd, &calls[n]))
        n++;
    for (int i = n; i-- > 0;) {
        peer_ok(fd, calls[i].id, calls[i].call.payload.data, calls[i].call.payload.size);
        peer_call_free(&calls[i]);
    }
    free(calls);
    peer_linger(fd);
}

typedef struct numbered {
    tally *t;
    int number;
    bool right;
} numbered;

static void check_number(nrpc_reply *reply, void *context)
{
    numbered *n = context;
    n->right = reply->payload_size == sizeof n->number &&
               memcmp(reply->payload, &n->number, sizeof n->number) == 0;
    tally_add(reply, n->t);
}

static void a_thousand_in_flight_answered_in_reverse(void **state)
{
    (void)state;
    peer *p = peer_start(0, answer_in_reverse, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    tally t;
    tally_init(&t);
    numbered *n = calloc(MANY, sizeof *n);
    for (int i = 0; i < MANY; i++) {
        n[i] = (numbered){&t, i, false};
        nrpc_channel_start(ch, "t.Echo/Echo", &n[i].number, sizeof n[i].number, NULL, check_number,
                           &n[i], NULL);
    }
    tally_wait(&t, MANY);
    assert_int_equal(t.codes[NRPC_OK], MANY);
    for (int i = 0; i < MANY; i++)
        assert_true(n[i].right);
    free(n);
    tally_fini(&t);
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void calls_spread_over_connections(void **state)
{
    (void)state;
    peer *p = peer_start(0, peer_echo, NULL);
    nrpc_channel *ch = open_channel(p->url, &(nrpc_channel_options){.connections = 4});
    tally t;
    tally_init(&t);
    for (int i = 0; i < 2000; i++) {
        nrpc_channel_start(ch, "t.Echo/Echo", "x", 1, NULL, tally_add, &t, NULL);
        if (i % 100 == 99)
            tally_wait(&t, i + 1);
    }
    assert_int_equal(t.codes[NRPC_OK], 2000);
    assert_int_equal(atomic_load(&p->accepted), 4);
    tally_fini(&t);
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void *call_in_a_row(void *arg)
{
    for (int i = 0; i < 200; i++) {
        nrpc_reply reply;
        if (nrpc_channel_call(arg, "t.Echo/Echo", "x", 1, NULL, &reply))
            return (void *)1;
        nrpc_reply_fini(&reply);
    }
    return NULL;
}

static void many_threads_share_a_channel(void **state)
{
    (void)state;
    peer *p = peer_start(0, peer_echo, NULL);
    nrpc_channel *ch = open_channel(p->url, &(nrpc_channel_options){.connections = 2});
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, call_in_a_row, ch);
    for (int i = 0; i < 8; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void beyond_max_in_flight_is_refused(void **state)
{
    (void)state;
    peer *p = peer_start(0, peer_silent, NULL);
    nrpc_channel *ch = open_channel(p->url, &(nrpc_channel_options){.max_in_flight = 10});
    tally t;
    tally_init(&t);
    for (int i = 0; i < 10; i++)
        nrpc_channel_start(ch, "t.Echo/Echo", "x", 1, NULL, tally_add, &t, NULL);
    assert_fails(ch, NULL, NRPC_RESOURCE_EXHAUSTED, "TOO_MANY_CALLS"); // they wait
    for (int i = 0; i < 500 && atomic_load(&p->calls) < 10; i++)
        usleep(10000);
    assert_int_equal(atomic_load(&p->calls), 10);
    assert_fails(ch, NULL, NRPC_RESOURCE_EXHAUSTED, "TOO_MANY_CALLS"); // they are in flight
    nrpc_channel_free(ch);
    tally_wait(&t, 10);
    assert_int_equal(t.codes[NRPC_CANCELLED], 10);
    assert_string_equal(t.last.status.reason, "CHANNEL_CLOSED");
    tally_fini(&t);
    peer_stop(p);
}

static void three_mebibytes_each_way(void **state)
{
    (void)state;
    peer *p = peer_start(0, peer_echo, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    size_t size = 3 << 20;
    uint8_t *big = malloc(size);
    for (size_t i = 0; i < size; i++)
        big[i] = (uint8_t)(i * 7 + i / 251);
    for (int i = 0; i < 3; i++) {
        nrpc_reply reply;
        assert_ok(nrpc_channel_call(ch, "t.Echo/Echo", big, size, NULL, &reply), &reply.status);
        assert_int_equal(reply.payload_size, size);
        assert_memory_equal(reply.payload, big, size);
        nrpc_reply_fini(&reply);
    }
    nrpc_reply reply;
    assert_int_equal(nrpc_channel_call(ch, "t.Echo/Echo", big, 4 << 20, NULL, &reply),
                     NRPC_RESOURCE_EXHAUSTED);
    assert_string_equal(reply.status.reason, "MESSAGE_TOO_LARGE");
    nrpc_reply_fini(&reply);
    free(big);
    assert_echo(ch);
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void the_deadline_holds_against_a_silent_server(void **state)
{
    (void)state;
    peer *p = peer_start(0, peer_silent, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    nrpc_call_options o = {.timeout_ms = 100};
    int64_t took = assert_fails(ch, &o, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED");
    assert_in_range(took, 100, 2000);
    nrpc_channel_free(ch);
    peer_stop(p);
}

static void answer_at_the_deadline(peer *p, int fd, int index)
{
    (void)index;
    peer_call c;
    if (!peer_greet(fd))
        return;
    while (peer_next(p, fd, &c)) {
        usleep(c.call.timeout_ms * 1000);
        peer_error(fd, c.id, NRPC_DEADLINE_EXCEEDED, "SERVER_SAID_SO", "too late");
        peer_call_free(&c);
    }
}

static void the_servers_word_on_the_deadline_wins(void **state)
{
    (void)state;
    peer *p = peer_start(0, answer_at_the_deadline, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    nrpc_call_options o = {.timeout_ms = 1600}; // of which an eighth is grace
    assert_fails(ch, &o, NRPC_DEADLINE_EXCEEDED, "SERVER_SAID_SO");
    nrpc_channel_free(ch);
    peer_stop(p);
}

typedef struct cancel_seen {
    atomic_uint call_id, cancelled_id;
} cancel_seen;

static void watch_for_cancel(peer *p, int fd, int index)
{
    (void)index;
    cancel_seen *seen = p->context;
    peer_call c;
    if (!peer_greet(fd))
        return;
    while (peer_next(p, fd, &c)) {
        if (strcmp(c.method, "nrpc.v1.ControlService/Cancel") == 0) {
            Nrpc__V1__CancelRequest *r = nrpc__v1__cancel_request__unpack(
                NULL, c.call.payload.size, (const uint8_t *)c.call.payload.data);
            peer_ok(fd, c.id, NULL, 0);
            peer_error(fd, r->id, NRPC_CANCELLED, "CANCELLED", "as asked"); // too late: ignored
            atomic_store(&seen->cancelled_id, r->id);
            nrpc__v1__cancel_request__free_unpacked(r, NULL);
        } else if (strcmp(c.method, "t.Echo/Echo") == 0) {
            peer_ok(fd, c.id, c.call.payload.data, c.call.payload.size);
        } else {
            atomic_store(&seen->call_id, c.id);
        }
        peer_call_free(&c);
    }
}

static void cancel_ends_the_call_and_tells_the_server(void **state)
{
    (void)state;
    cancel_seen seen = {0};
    peer *p = peer_start(0, watch_for_cancel, &seen);
    nrpc_channel *ch = open_channel(p->url, NULL);
    tally t;
    tally_init(&t);
    nrpc_client_call *call;
    nrpc_channel_start(ch, "t.Echo/Wait", "x", 1, NULL, tally_add, &t, &call);
    for (int i = 0; i < 500 && !atomic_load(&seen.call_id); i++)
        usleep(10000);
    nrpc_client_call_cancel(call);
    assert_int_equal(t.done, 1); // before cancel returned
    assert_int_equal(t.codes[NRPC_CANCELLED], 1);
    nrpc_client_call_cancel(call); // again: nothing
    for (int i = 0; i < 500 && !atomic_load(&seen.cancelled_id); i++)
        usleep(10000);
    assert_int_equal(atomic_load(&seen.cancelled_id), atomic_load(&seen.call_id));
    assert_true(atomic_load(&seen.call_id) & 0x80000000u);
    assert_echo(ch); // the replies to the cancelled call and to the cancel harm nobody
    assert_int_equal(t.done, 1);
    nrpc_channel_free(ch);
    nrpc_client_call_cancel(call); // after the channel: nothing
    nrpc_client_call_unref(call);
    tally_fini(&t);
    peer_stop(p);
}

static void a_waiting_call_can_be_cancelled(void **state)
{
    (void)state;
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", peer_free_port());
    nrpc_channel *ch = open_channel(url, NULL);
    tally t;
    tally_init(&t);
    nrpc_call_options o = {.wait_for_ready = true};
    nrpc_client_call *call[3];
    for (int i = 0; i < 3; i++)
        nrpc_channel_start(ch, "t.Echo/Echo", "x", 1, &o, tally_add, &t, &call[i]);
    static const int order[] = {1, 0, 2};
    for (int i = 0; i < 3; i++) {
        nrpc_client_call_cancel(call[order[i]]);
        assert_int_equal(t.codes[NRPC_CANCELLED], i + 1);
        nrpc_client_call_unref(call[order[i]]);
    }
    nrpc_channel_free(ch);
    tally_fini(&t);
}

typedef struct chain {
    nrpc_channel *channel;
    tally *t;
    int left;
} chain;

static void start_next(nrpc_reply *reply, void *context)
{
    chain *c = context;
    if (c->left-- > 0 && !reply->status.code)
        nrpc_channel_start(c->channel, "t.Echo/Echo", "x", 1, NULL, start_next, c, NULL);
    else
        tally_add(reply, c->t);
}

static void a_callback_may_start_the_next_call(void **state)
{
    (void)state;
    peer *p = peer_start(0, peer_echo, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    tally t;
    tally_init(&t);
    chain chains[8];
    for (int i = 0; i < 8; i++) {
        chains[i] = (chain){ch, &t, 100};
        nrpc_channel_start(ch, "t.Echo/Echo", "x", 1, NULL, start_next, &chains[i], NULL);
    }
    tally_wait(&t, 8);
    assert_int_equal(t.codes[NRPC_OK], 8);
    assert_int_equal(atomic_load(&p->calls), 808);
    nrpc_channel_free(ch);
    tally_fini(&t);
    peer_stop(p);
}

static void freeing_ends_chains_of_calls(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        peer *p = peer_start(0, peer_echo, NULL);
        nrpc_channel *ch = open_channel(p->url, &(nrpc_channel_options){.connections = 2});
        tally t;
        tally_init(&t);
        chain chains[8];
        for (int i = 0; i < 8; i++) {
            chains[i] = (chain){ch, &t, INT32_MAX};
            nrpc_channel_start(ch, "t.Echo/Echo", "x", 1, NULL, start_next, &chains[i], NULL);
        }
        usleep((useconds_t)round * 700);
        nrpc_channel_free(ch);
        assert_int_equal(t.done, 8);
        tally_fini(&t);
        peer_stop(p);
    }
}

static void freeing_null_is_allowed(void **state)
{
    (void)state;
    nrpc_channel_free(NULL);
    nrpc_client_call_unref(NULL);
    nrpc_client_call_cancel(NULL);
    nrpc_reply_fini(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_returns_the_payload),
        cmocka_unit_test(opening_does_not_dial_unless_asked),
        cmocka_unit_test(empty_request_and_empty_reply),
        cmocka_unit_test(messages_are_packed_and_unpacked),
        cmocka_unit_test(timeout_and_metadata_travel),
        cmocka_unit_test(a_call_that_waited_sends_the_time_left),
        cmocka_unit_test(bad_metadata_is_refused_here),
        cmocka_unit_test(errors_of_the_server_arrive_whole),
        cmocka_unit_test(a_thousand_in_flight_answered_in_reverse),
        cmocka_unit_test(calls_spread_over_connections),
        cmocka_unit_test(many_threads_share_a_channel),
        cmocka_unit_test(beyond_max_in_flight_is_refused),
        cmocka_unit_test(three_mebibytes_each_way),
        cmocka_unit_test(the_deadline_holds_against_a_silent_server),
        cmocka_unit_test(the_servers_word_on_the_deadline_wins),
        cmocka_unit_test(cancel_ends_the_call_and_tells_the_server),
        cmocka_unit_test(a_waiting_call_can_be_cancelled),
        cmocka_unit_test(a_callback_may_start_the_next_call),
        cmocka_unit_test(freeing_ends_chains_of_calls),
        cmocka_unit_test(freeing_null_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
