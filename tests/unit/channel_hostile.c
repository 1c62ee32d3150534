// A server that breaks the rules, in every way one connection allows.
#include "channel_peer.h"

#include "base/pbwire.h"
#include "nrpc/sp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// What the peer does with its first connection; later ones are honest.
typedef bool (*trick_fn)(int fd, uint32_t id);

static void play_trick(peer *p, int fd, int index)
{
    peer_call c;
    if (index || !p->context) {
        peer_echo(p, fd, index);
        return;
    }
    if (!peer_greet(fd))
        return;
    trick_fn trick = *(trick_fn *)p->context;
    while (peer_next(p, fd, &c)) {
        bool first = atomic_load(&p->calls) == 1;
        bool go_on =
            first ? trick(fd, c.id) : peer_ok(fd, c.id, c.call.payload.data, c.call.payload.size);
        peer_call_free(&c);
        if (!go_on)
            return;
    }
}

static void play(trick_fn trick, nrpc_code code, const char *reason, int connections)
{
    peer *p = peer_start(0, play_trick, &trick);
    nrpc_channel *ch = open_channel(p->url, NULL);
    if (code)
        assert_fails(ch, NULL, code, reason);
    else
        assert_echo(ch);
    for (int i = 0; i < 5; i++)
        assert_echo(ch);
    assert_int_equal(atomic_load(&p->accepted), connections);
    nrpc_channel_free(ch);
    peer_stop(p);
}

static bool reply_to_others_first(int fd, uint32_t id)
{
    return peer_ok(fd, id ^ 1, "evil", 4) && peer_ok(fd, id ^ 0x40000000u, "evil", 4) &&
           peer_ok(fd, 0xffffffffu, "evil", 4) && peer_ok(fd, 0x80000000u, "evil", 4) &&
           peer_ok(fd, id, "ping", 4);
}

static bool reply_twice(int fd, uint32_t id)
{
    return peer_ok(fd, id, "ping", 4) && peer_ok(fd, id, "evil", 4) && peer_ok(fd, id, "evil", 4);
}

static bool reply_with_a_backtrace_first(int fd, uint32_t id)
{
    uint8_t m[12] = {0, 0, 0, 1};
    sp_put_u32(m + 4, id);
    uint8_t words[40] = {0}; // eight words and no id
    return peer_frame(fd, m, 8) && peer_frame(fd, words, sizeof words) &&
           peer_ok(fd, id, "ping", 4);
}

static void replies_nobody_asked_for_are_ignored(void **state)
{
    (void)state;
    play(reply_to_others_first, NRPC_OK, NULL, 1);
    play(reply_twice, NRPC_OK, NULL, 1);
    play(reply_with_a_backtrace_first, NRPC_OK, NULL, 1);
}

static bool reply_without_header(int fd, uint32_t id)
{
    (void)id;
    peer_frame(fd, "\0\0\0", 3);
    peer_linger(fd);
    return false;
}

static bool reply_empty(int fd, uint32_t id)
{
    (void)id;
    peer_frame(fd, "", 0);
    peer_linger(fd);
    return false;
}

static bool frame_beyond_all_bounds(int fd, uint32_t id)
{
    (void)id;
    peer_send(fd, "\xff\xff\xff\xff\xff\xff\xff\xe0", 8);
    peer_linger(fd);
    return false;
}

static void broken_framing_closes_the_connection(void **state)
{
    (void)state;
    play(reply_without_header, NRPC_UNAVAILABLE, "PROTOCOL_ERROR", 2);
    play(reply_empty, NRPC_UNAVAILABLE, "PROTOCOL_ERROR", 2);
    play(frame_beyond_all_bounds, NRPC_UNAVAILABLE, "PROTOCOL_ERROR", 2);
}

static bool truncated_frame(int fd, uint32_t id)
{
    uint8_t m[16] = {0, 0, 0, 0, 0, 0, 0, 100};
    sp_put_u32(m + 8, id);
    peer_send(fd, m, sizeof m);
    return false;
}

static bool hang_up(int fd, uint32_t id)
{
    (void)fd;
    (void)id;
    return false;
}

static bool reset(int fd, uint32_t id)
{
    (void)id;
    struct linger l = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    return false;
}

static void hanging_up_loses_the_call(void **state)
{
    (void)state;
    play(truncated_frame, NRPC_UNAVAILABLE, "CONNECTION_LOST", 2);
    play(hang_up, NRPC_UNAVAILABLE, "CONNECTION_LOST", 2);
    play(reset, NRPC_UNAVAILABLE, "CONNECTION_LOST", 2);
}

static bool oversized(int fd, uint32_t id)
{
    size_t size = (4 << 20) + 1;
    uint8_t *m = calloc(1, size);
    sp_put_u32(m, id);
    bool sent = peer_frame(fd, m, size);
    free(m);
    return sent;
}

static void a_reply_above_the_limit_fails_its_call_only(void **state)
{
    (void)state;
    play(oversized, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", 1);
}

static bool garbage(int fd, uint32_t id)
{
    uint8_t m[64];
    memset(m, 0xff, sizeof m);
    sp_put_u32(m, id);
    return peer_frame(fd, m, sizeof m);
}

// A reply whose status is these bytes.
static bool status_bytes(int fd, uint32_t id, const void *data, size_t size)
{
    uint8_t *m = malloc(size + 32);
    sp_put_u32(m, id);
    uint8_t *end = pbwire_put_bytes(m + 4, 1, data, size);
    bool sent = peer_frame(fd, m, (size_t)(end - m));
    free(m);
    return sent;
}

static bool status_with_nul(int fd, uint32_t id)
{
    return status_bytes(fd, id,
                        "\x08\x05\x12\x03"
                        "a\0b",
                        7);
}

static bool status_not_utf8(int fd, uint32_t id)
{
    return status_bytes(fd, id, "\x08\x05\x12\x02\xc3\x28", 6);
}

static bool status_of_unknown_fields(int fd, uint32_t id)
{
    size_t size = 2 << 20;
    uint8_t *m = malloc(size);
    for (size_t i = 0; i < size; i += 2) {
        m[i] = 15 << 3; // each would cost protobuf-c an allocation
        m[i + 1] = 1;
    }
    bool sent = status_bytes(fd, id, m, size);
    free(m);
    return sent;
}

static void a_malformed_reply_fails_its_call_only(void **state)
{
    (void)state;
    play(garbage, NRPC_INTERNAL, "REPLY_MALFORMED", 1);
    play(status_with_nul, NRPC_INTERNAL, "REPLY_MALFORMED", 1);
    play(status_not_utf8, NRPC_INTERNAL, "REPLY_MALFORMED", 1);
    play(status_of_unknown_fields, NRPC_INTERNAL, "REPLY_MALFORMED", 1);
}

static bool unknown_code(int fd, uint32_t id)
{
    nrpc_status status = {0};
    nrpc_status_set(&status, (nrpc_code)99, "ODD", "what is 99?");
    size_t size;
    uint8_t *reply = envelope_pack_error(&status, NULL, 0, &size);
    uint8_t *m = malloc(size + 4);
    sp_put_u32(m, id);
    memcpy(m + 4, reply, size);
    bool sent = peer_frame(fd, m, size + 4);
    free(m);
    free(reply);
    nrpc_status_fini(&status);
    return sent;
}

static void an_unknown_code_reads_as_unknown(void **state)
{
    (void)state;
    play(unknown_code, NRPC_UNKNOWN, "ODD", 1);
}

static bool byte_by_byte(int fd, uint32_t id)
{
    uint8_t m[32] = {0, 0, 0, 0, 0, 0, 0, 10};
    sp_put_u32(m + 8, id);
    memcpy(m + 12, "\x12\x04ping", 6);
    for (size_t i = 0; i < 18; i++) {
        if (!peer_send(fd, m + i, 1))
            return false;
        usleep(500);
    }
    return true;
}

static void a_reply_may_come_byte_by_byte(void **state)
{
    (void)state;
    play(byte_by_byte, NRPC_OK, NULL, 1);
}

// --- handshakes ---------------------------------------------------------------------------------

typedef struct greeting {
    const char *bytes;
    size_t size;
} greeting;

static void greet_with(peer *p, int fd, int index)
{
    (void)index;
    const greeting *g = p->context;
    if (peer_send(fd, g->bytes, g->size) && g->size)
        peer_linger(fd);
}

static void a_wrong_handshake_says_so(void **state)
{
    (void)state;
    static const greeting bad[] = {
        {"HTTP/1.1 400 Bad Request\r\n\r\n", 28},
        {"\0SP\0\0\x30\0\0", 8}, // a REQ
        {"\0SP\0\0\x10\0\0", 8}, // a PAIR
        {"\0SP\1\0\x31\0\0", 8},
        {"\0SP\0\0\x31\0\1", 8},
        {"\xff", 1},
        {"", 0}, // hangs up at once
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        peer *p = peer_start(0, greet_with, (void *)&bad[i]);
        nrpc_channel *ch = open_channel(p->url, NULL);
        assert_in_range(assert_fails(ch, NULL, NRPC_UNAVAILABLE, "HANDSHAKE_FAILED"), 0, 1500);
        nrpc_channel_free(ch);
        peer_stop(p);
    }
}

static void a_silent_handshake_times_out(void **state)
{
    (void)state;
    static const greeting half = {"\0SP\0", 4};
    peer *p = peer_start(0, greet_with, (void *)&half);
    nrpc_channel *ch = open_channel(p->url, &(nrpc_channel_options){.connect_timeout_ms = 200});
    int64_t took = assert_fails(ch, NULL, NRPC_UNAVAILABLE, "HANDSHAKE_FAILED");
    assert_in_range(took, 200, 2000);
    nrpc_channel_free(ch);
    peer_stop(p);
}

// --- a server that does not read ----------------------------------------------------------------

static void never_read(peer *p, int fd, int index)
{
    (void)index;
    atomic_int *stop = p->context;
    if (peer_greet(fd))
        while (!atomic_load(stop))
            usleep(10000);
}

static void what_a_server_does_not_take_is_bounded(void **state)
{
    (void)state;
    atomic_int stop = 0;
    peer *p = peer_start(0, never_read, &stop);
    nrpc_channel *ch = open_channel(p->url, &(nrpc_channel_options){.max_message_size = 1 << 20});
    tally t;
    tally_init(&t);
    uint8_t *big = calloc(1, 1 << 19);
    int started = 0;
    nrpc_call_options o = {.timeout_ms = 1000};
    for (; started < 200; started++)
        nrpc_channel_start(ch, "t.Echo/Echo", big, 1 << 19, &o, tally_add, &t, NULL);
    tally_wait(&t, started);
    assert_true(t.codes[NRPC_RESOURCE_EXHAUSTED] > 0);
    assert_true(t.codes[NRPC_DEADLINE_EXCEEDED] > 0);
    assert_int_equal(t.codes[NRPC_RESOURCE_EXHAUSTED] + t.codes[NRPC_DEADLINE_EXCEEDED], started);
    // Small ones find no room either, however many come.
    bool full = false;
    o.timeout_ms = 20;
    for (int round = 0; round < 60 && !full; round++, started += 500) {
        int before = t.codes[NRPC_RESOURCE_EXHAUSTED];
        for (int i = 0; i < 500; i++)
            nrpc_channel_start(ch, "t.Echo/Echo", big, 4000, &o, tally_add, &t, NULL);
        tally_wait(&t, started + 500);
        full = t.codes[NRPC_RESOURCE_EXHAUSTED] - before == 500;
    }
    assert_true(full);
    assert_string_equal(t.last.status.reason, "OUTPUT_FULL");
    free(big);
    tally_fini(&t);
    nrpc_channel_free(ch);
    atomic_store(&stop, 1);
    peer_stop(p);
}

// Reads a request, then sends many large replies before it reads the next one: a client that
// stopped reading while it has requests to write would wait for it for ever.
static void write_before_reading(peer *p, int fd, int index)
{
    (void)index;
    size_t size = 1 << 20;
    uint8_t *big = calloc(1, size);
    peer_call c;
    if (peer_greet(fd)) {
        while (peer_next(p, fd, &c)) {
            bool sent = true;
            for (int i = 0; sent && i < 8; i++)
                sent = peer_ok(fd, c.id ^ (i < 7 ? 0x40000000u : 0), big, size);
            peer_call_free(&c);
            if (!sent)
                break;
        }
    }
    free(big);
}

static void both_sides_may_have_much_to_write(void **state)
{
    (void)state;
    peer *p = peer_start(0, write_before_reading, NULL);
    nrpc_channel *ch = open_channel(p->url, NULL);
    assert_non_null(ch);
    tally t;
    tally_init(&t);
    size_t size = 1 << 20;
    uint8_t *big = calloc(1, size);
    for (int i = 0; i < 12; i++)
        nrpc_channel_start(ch, "t.Echo/Echo", big, size, NULL, tally_add, &t, NULL);
    tally_wait(&t, 12);
    assert_int_equal(t.codes[NRPC_OK], 12);
    free(big);
    tally_fini(&t);
    nrpc_channel_free(ch);
    peer_stop(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_nobody_asked_for_are_ignored),
        cmocka_unit_test(broken_framing_closes_the_connection),
        cmocka_unit_test(hanging_up_loses_the_call),
        cmocka_unit_test(a_reply_above_the_limit_fails_its_call_only),
        cmocka_unit_test(a_malformed_reply_fails_its_call_only),
        cmocka_unit_test(an_unknown_code_reads_as_unknown),
        cmocka_unit_test(a_reply_may_come_byte_by_byte),
        cmocka_unit_test(a_wrong_handshake_says_so),
        cmocka_unit_test(a_silent_handshake_times_out),
        cmocka_unit_test(what_a_server_does_not_take_is_bounded),
        cmocka_unit_test(both_sides_may_have_much_to_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
