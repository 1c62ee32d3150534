// A link over a real socket: bytes in any portions, both framings, peers that misbehave or do not
// read, the filter seam, and being closed at every stage.
#include "nrpc/link.h"

#include "channel_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_MESSAGE = 1 << 20 };

// What owns a link, and how it behaves.
typedef struct end {
    link_t *link;
    atomic_int opened, messages, oversized, closed, error, refused;
    size_t reply_size;   // of each reply; 0: the message itself
    int close_at;        // message that closes the link: from inside
    int reject_at;       // message that is answered with false
    bool quiet;          // answers nothing
    bool keep_oversized; // oversized messages are skipped
    uint64_t oversized_size;
    uint32_t oversized_id;
    uint8_t got[256]; // the last message
    atomic_size_t got_size;
} end;

static void send_message(end *e, const void *data, size_t size)
{
    nrpc_code error;
    uint8_t *p = link_reserve(e->link, size, &error);
    if (!p) {
        atomic_fetch_add(&e->refused, 1);
        return;
    }
    if (data)
        memcpy(p, data, size);
    else
        memset(p, 'r', size);
    link_commit(e->link);
}

static void on_open(void *owner)
{
    atomic_fetch_add(&((end *)owner)->opened, 1);
}

static bool on_message(void *owner, const uint8_t *data, size_t size)
{
    end *e = owner;
    int number = atomic_load(&e->messages) + 1;
    if (number == e->reject_at)
        return false;
    if (size <= sizeof e->got)
        memcpy(e->got, data, size);
    atomic_store(&e->got_size, size);
    if (!e->quiet)
        send_message(e, e->reply_size ? NULL : data, e->reply_size ? e->reply_size : size);
    if (number == e->close_at)
        link_close(e->link);
    atomic_fetch_add(&e->messages, 1);
    return true;
}

static bool on_oversized(void *owner, const uint8_t *head, size_t head_size, uint64_t size)
{
    end *e = owner;
    if (head_size < 4)
        return false;
    e->oversized_id = sp_get_u32(head);
    e->oversized_size = size;
    atomic_fetch_add(&e->oversized, 1);
    return e->keep_oversized;
}

static void on_closed(void *owner, int error)
{
    end *e = owner;
    atomic_store(&e->error, error);
    atomic_fetch_add(&e->closed, 1);
}

static const link_ops ops = {on_open, on_message, on_oversized, on_closed};

static link_config config_of(uint16_t protocol)
{
    return (link_config){
        .protocol = protocol,
        .peer = protocol == SP_REP ? SP_REQ : SP_REP,
        .framing = SP_FRAMING_TCP,
        .max_message = MAX_MESSAGE,
        .max_output = 64 << 20,
    };
}

static bool eventually(atomic_int *value, int at_least)
{
    for (int i = 0; i < 4000 && atomic_load(value) < at_least; i++)
        usleep(2500);
    return atomic_load(value) >= at_least;
}

// --- both ends of a connection ------------------------------------------------------------------

typedef struct listener {
    nng_stream_listener *l;
    nng_aio *aio;
    int port;
} listener;

static void listener_open(listener *l)
{
    assert_int_equal(nng_stream_listener_alloc(&l->l, "tcp://127.0.0.1:0"), 0);
    assert_int_equal(nng_stream_listener_listen(l->l), 0);
    assert_int_equal(nng_stream_listener_get_int(l->l, NNG_OPT_TCP_BOUND_PORT, &l->port), 0);
    assert_int_equal(nng_aio_alloc(&l->aio, NULL, NULL), 0);
}

static void listener_close(listener *l)
{
    nng_stream_listener_free(l->l);
    nng_aio_free(l->aio);
}

static int dial_raw(const listener *l)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)l->port)};
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    struct timeval patience = {10, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static nng_stream *accept_one(listener *l)
{
    nng_stream_listener_accept(l->l, l->aio);
    nng_aio_wait(l->aio);
    assert_int_equal(nng_aio_result(l->aio), 0);
    return nng_aio_get_output(l->aio, 0);
}

static void end_create(end *e, nng_stream *stream, const link_config *config)
{
    nrpc_status status = {0};
    assert_ok(link_create(&e->link, stream, config, &ops, e, &status), &status);
}

static void end_free(end *e)
{
    link_close(e->link);
    assert_true(eventually(&e->closed, 1));
    assert_int_equal(atomic_load(&e->closed), 1);
    link_unref(e->link);
}

// A link that serves, and a plain socket at its other end.
typedef struct fixture {
    listener l;
    end e;
    int fd;
} fixture;

static void open_with(fixture *f, const link_config *config)
{
    listener_open(&f->l);
    f->fd = dial_raw(&f->l);
    end_create(&f->e, accept_one(&f->l), config);
}

static void open_and_start(fixture *f)
{
    link_config config = config_of(SP_REP);
    open_with(f, &config);
    link_start(f->e.link);
}

static void fixture_free(fixture *f)
{
    close(f->fd);
    end_free(&f->e);
    listener_close(&f->l);
}

static const uint8_t hello[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};

static void expect_hello(int fd)
{
    uint8_t got[8];
    assert_true(peer_recv(fd, got, 8));
    assert_memory_equal(got, "\0SP\0\0\x31\0\0", 8);
}

static void expect_frame(int fd, const void *data, size_t size)
{
    uint8_t got[300];
    assert_true(peer_recv(fd, got, 8 + size));
    uint64_t length;
    assert_int_equal(sp_parse_prefix(got, 8, SP_FRAMING_TCP, &length), SP_DONE);
    assert_int_equal(length, size);
    assert_memory_equal(got + 8, data, size);
}

static void expect_end(int fd)
{
    char byte;
    assert_true(recv(fd, &byte, 1, 0) <= 0);
}

// --- bytes in any portions ----------------------------------------------------------------------

// A handshake and three messages of 4, 20 and 0 bytes.
static size_t three_messages(uint8_t *out)
{
    uint8_t *p = out;
    memcpy(p, hello, 8);
    p = sp_put_prefix(p + 8, SP_FRAMING_TCP, 4);
    memcpy(p, "\x80\0\0\1", 4);
    p = sp_put_prefix(p + 4, SP_FRAMING_TCP, 20);
    memcpy(p, "\x80\0\0\2 twenty bytes...", 20);
    p = sp_put_prefix(p + 20, SP_FRAMING_TCP, 0);
    return (size_t)(p - out);
}

static void expect_three(fixture *f)
{
    expect_hello(f->fd);
    expect_frame(f->fd, "\x80\0\0\1", 4);
    expect_frame(f->fd, "\x80\0\0\2 twenty bytes...", 20);
    expect_frame(f->fd, "", 0);
    assert_true(eventually(&f->e.messages, 3));
    assert_int_equal(atomic_load(&f->e.opened), 1);
    assert_true(link_is_open(f->e.link));
}

static void messages_come_a_byte_at_a_time(void **state)
{
    (void)state;
    uint8_t bytes[128];
    size_t size = three_messages(bytes);
    fixture f = {0};
    open_and_start(&f);
    for (size_t i = 0; i < size; i++) {
        assert_true(peer_send(f.fd, bytes + i, 1));
        usleep(300);
    }
    expect_three(&f);
    fixture_free(&f);
}

static void messages_come_in_two_parts_split_anywhere(void **state)
{
    (void)state;
    uint8_t bytes[128];
    size_t size = three_messages(bytes);
    for (size_t cut = 0; cut <= size; cut++) {
        fixture f = {0};
        open_and_start(&f);
        assert_true(peer_send(f.fd, bytes, cut));
        usleep(2000);
        assert_true(peer_send(f.fd, bytes + cut, size - cut));
        expect_three(&f);
        fixture_free(&f);
    }
}

static void large_messages_pass_whole(void **state)
{
    (void)state;
    fixture f = {0};
    open_and_start(&f);
    assert_true(peer_send(f.fd, hello, 8));
    expect_hello(f.fd);
    uint8_t *big = malloc(MAX_MESSAGE), *back = malloc(MAX_MESSAGE + 8);
    for (size_t i = 0; i < MAX_MESSAGE; i++)
        big[i] = (uint8_t)(i * 31 + i / 255);
    for (int i = 0; i < 5; i++) {
        size_t size = MAX_MESSAGE - (size_t)i * 1000; // the limit is inclusive
        assert_true(peer_frame(f.fd, big, size));
        assert_true(peer_recv(f.fd, back, size + 8));
        assert_memory_equal(back + 8, big, size);
    }
    free(big);
    free(back);
    fixture_free(&f);
}

static void ipc_framing_has_its_type_byte(void **state)
{
    (void)state;
    fixture f = {0};
    link_config config = config_of(SP_REP);
    config.framing = SP_FRAMING_IPC;
    open_with(&f, &config);
    link_start(f.e.link);
    static const char in[] = "\0SP\0\0\x30\0\0\1\0\0\0\0\0\0\0\4\x80\0\0\7";
    for (size_t i = 0; i < sizeof in - 1; i++) {
        assert_true(peer_send(f.fd, in + i, 1));
        usleep(300);
    }
    expect_hello(f.fd);
    uint8_t got[13];
    assert_true(peer_recv(f.fd, got, 13));
    assert_memory_equal(got, "\1\0\0\0\0\0\0\0\4\x80\0\0\7", 13);
    assert_true(peer_send(f.fd, "\2\0\0\0\0\0\0\0\4", 9)); // another type
    assert_true(eventually(&f.e.closed, 1));
    assert_int_equal(atomic_load(&f.e.error), NNG_EPROTO);
    fixture_free(&f);
}

// --- peers that break the rules -----------------------------------------------------------------

static void a_wrong_handshake_closes(void **state)
{
    (void)state;
    static const char bad[][9] = {
        "\0SP\0\0\x31\0\0", "\0SP\0\0\x10\0\0", "\0SP\1\0\x30\0\0", "\0SP\0\0\x30\1\0",
        "\0SP\0\0\x30\0\1", "GET / HT",         "\0SQ\0\0\x30\0\0",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fixture f = {0};
        open_and_start(&f);
        assert_true(peer_send(f.fd, bad[i], 8));
        assert_true(eventually(&f.e.closed, 1));
        assert_int_equal(atomic_load(&f.e.error), NNG_EPROTO);
        assert_int_equal(atomic_load(&f.e.opened), 0);
        assert_false(link_is_open(f.e.link));
        fixture_free(&f);
    }
}

static void the_end_of_the_stream_is_told(void **state)
{
    (void)state;
    for (size_t sent = 0; sent <= 8 + 8 + 2; sent++) { // within the handshake, prefix, message
        uint8_t bytes[128];
        three_messages(bytes);
        fixture f = {0};
        open_and_start(&f);
        assert_true(peer_send(f.fd, bytes, sent));
        shutdown(f.fd, SHUT_WR);
        assert_true(eventually(&f.e.closed, 1));
        assert_int_equal(atomic_load(&f.e.error), NNG_ECONNSHUT);
        assert_int_equal(atomic_load(&f.e.messages), 0);
        fixture_free(&f);
    }
}

static void send_zeros(int fd, size_t size)
{
    static const char zeros[65536];
    while (size) {
        size_t n = size < sizeof zeros ? size : sizeof zeros;
        assert_true(peer_send(fd, zeros, n));
        size -= n;
    }
}

static void an_oversized_message_is_skipped(void **state)
{
    (void)state;
    static const size_t sizes[] = {MAX_MESSAGE + 1, MAX_MESSAGE + 100000, 32 << 20};
    fixture f = {0};
    open_and_start(&f);
    f.e.keep_oversized = true;
    assert_true(peer_send(f.fd, hello, 8));
    expect_hello(f.fd);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t head[12];
        sp_put_prefix(head, SP_FRAMING_TCP, sizes[i]);
        sp_put_u32(head + 8, 0x80000009u);
        assert_true(peer_send(f.fd, head, 6));
        usleep(2000);
        assert_true(peer_send(f.fd, head + 6, 6));
        send_zeros(f.fd, sizes[i] - 4);
        assert_true(peer_frame(f.fd, "\x80\0\0\1", 4)); // the next one is fine
        expect_frame(f.fd, "\x80\0\0\1", 4);
        assert_int_equal(atomic_load(&f.e.oversized), (int)i + 1);
        assert_int_equal(f.e.oversized_size, sizes[i]);
        assert_int_equal(f.e.oversized_id, 0x80000009u);
    }
    fixture_free(&f);
}

static void an_oversized_message_may_close(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        fixture f = {0};
        open_and_start(&f);
        f.e.keep_oversized = way != 0; // asked, and it said no
        uint64_t size = way == 0   ? MAX_MESSAGE + 1
                        : way == 1 ? (uint64_t)LINK_DISCARD_LIMIT + 1
                                   : UINT64_MAX - 31;
        uint8_t head[8 + 8 + 64] = {0};
        memcpy(head, hello, 8);
        sp_put_prefix(head + 8, SP_FRAMING_TCP, size);
        assert_true(peer_send(f.fd, head, sizeof head));
        assert_true(eventually(&f.e.closed, 1));
        assert_int_equal(atomic_load(&f.e.error), NNG_EPROTO);
        assert_int_equal(atomic_load(&f.e.oversized), way == 0);
        fixture_free(&f);
    }
}

// --- a peer that does not read ------------------------------------------------------------------

static void reading_pauses_while_the_peer_does_not_read(void **state)
{
    (void)state;
    enum { REQUESTS = 400, REPLY = 128 << 10 };
    fixture f = {0};
    atomic_size_t total = 0;
    link_config config = config_of(SP_REP);
    config.output = &total;
    config.max_total_output = 64 << 20;
    open_with(&f, &config);
    f.e.reply_size = REPLY;
    link_start(f.e.link);
    assert_true(peer_send(f.fd, hello, 8));
    for (int i = 0; i < REQUESTS; i++)
        assert_true(peer_frame(f.fd, "\x80\0\0\1", 4));
    int before = -1;
    for (int same = 0; same < 20; usleep(20000)) { // until nothing more is handled
        int now = atomic_load(&f.e.messages);
        same = now == before ? same + 1 : 0;
        before = now;
    }
    assert_true(before < REQUESTS);
    assert_in_range(link_unwritten(f.e.link), 1, LINK_HIGH_WATER + 2 * REPLY);
    assert_true(atomic_load(&total) == link_unwritten(f.e.link));
    expect_hello(f.fd);
    uint8_t *reply = malloc(REPLY + 8);
    for (int i = 0; i < REQUESTS; i++)
        assert_true(peer_recv(f.fd, reply, REPLY + 8));
    free(reply);
    assert_true(eventually(&f.e.messages, REQUESTS));
    assert_int_equal(atomic_load(&f.e.refused), 0);
    for (int i = 0; i < 1000 && atomic_load(&total); i++)
        usleep(2000);
    assert_int_equal(atomic_load(&total), 0);
    fixture_free(&f);
}

static void unwritten_bytes_have_bounds(void **state)
{
    (void)state;
    fixture f = {0};
    atomic_size_t total = 0;
    link_config config = config_of(SP_REP);
    config.max_output = 1 << 20;
    config.output = &total;
    config.max_total_output = 1 << 19;
    open_with(&f, &config);
    link_start(f.e.link);
    expect_hello(f.fd);
    for (int i = 0; i < 1000 && atomic_load(&total); i++)
        usleep(2000);
    send_message(&f.e, NULL, 1 << 20);
    assert_int_equal(atomic_load(&f.e.refused), 1); // more than the link's bound, with its prefix
    send_message(&f.e, NULL, (1 << 19) + 1);
    assert_int_equal(atomic_load(&f.e.refused), 2); // more than all links'
    nrpc_code error = NRPC_OK;
    atomic_store(&total, 1 << 19);
    assert_null(link_reserve(f.e.link, 5000, &error));
    assert_int_equal(error, NRPC_RESOURCE_EXHAUSTED);
    assert_null(link_reserve(f.e.link, 4000, &error));
    assert_non_null(link_reserve_refusal(f.e.link, 4000, &error)); // a refusal can still be said
    link_commit(f.e.link);
    link_close(f.e.link);
    assert_null(link_reserve(f.e.link, 1, &error));
    assert_int_equal(error, NRPC_UNAVAILABLE);
    assert_true(eventually(&f.e.closed, 1));
    assert_int_equal(atomic_load(&total), 1 << 19);
    fixture_free(&f);

    f = (fixture){0};
    config = config_of(SP_REQ);
    config.max_output = 100;
    open_with(&f, &config);
    assert_null(link_reserve(f.e.link, 100, &error));
    assert_int_equal(error, NRPC_RESOURCE_EXHAUSTED);
    fixture_free(&f);
}

static void a_sweep_sees_who_owes_something(void **state)
{
    (void)state;
    fixture f = {0};
    open_and_start(&f);
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(link_sweep(f.e.link), i); // its handshake
    assert_true(peer_send(f.fd, hello, 8));
    expect_hello(f.fd);
    assert_true(eventually(&f.e.opened, 1));
    usleep(20000);
    for (int i = 0; i < 3; i++)
        assert_int_equal(link_sweep(f.e.link), 0);
    assert_true(peer_send(f.fd, "\0\0\0", 3)); // a message begun
    usleep(20000);
    link_sweep(f.e.link); // sees the bytes that came
    assert_int_equal(link_sweep(f.e.link), 1);
    assert_int_equal(link_sweep(f.e.link), 2);
    assert_true(peer_send(f.fd, "\0", 1));
    usleep(20000);
    assert_int_equal(link_sweep(f.e.link), 0);
    assert_true(peer_send(f.fd, "\0\0\0\4\x80\0\0\1", 8));
    expect_frame(f.fd, "\x80\0\0\1", 4);
    usleep(20000);
    link_sweep(f.e.link);
    assert_int_equal(link_sweep(f.e.link), 0);
    f.e.reply_size = 32 << 20; // it will not be taken
    assert_true(peer_frame(f.fd, "\x80\0\0\1", 4));
    assert_true(eventually(&f.e.messages, 2));
    usleep(100000);
    link_sweep(f.e.link);
    assert_int_equal(link_sweep(f.e.link), 1);
    assert_int_equal(link_sweep(f.e.link), 2);
    fixture_free(&f);
}

// --- the filter ---------------------------------------------------------------------------------

// XOR with a key that the sender tells first and the receiver acknowledges: what a handshake needs
// of the seam. On the wire all is in pairs of bytes, what it is and its value, so that the wire
// form is longer than the plain one and reads end in the middle of it.
enum { PAIR_KEY = 'k', PAIR_DATA = 'd', PAIR_ACK = 'a' };

typedef struct xor_filter {
    nrpc_filter base;
    uint8_t key, peer_key;
    bool key_sent, key_seen;
    int half; // of a pair: its first byte, or -1
    atomic_int *acks, *freed;
} xor_filter;

static bool xor_decode(nrpc_filter *self, const uint8_t *wire, size_t size, buffer *plain,
                       buffer *reply)
{
    xor_filter *x = (xor_filter *)(void *)self;
    for (size_t i = 0; i < size; i++) {
        if (x->half < 0) {
            x->half = wire[i];
            continue;
        }
        int kind = x->half;
        x->half = -1;
        if (kind == PAIR_KEY && !x->key_seen) {
            x->key_seen = true;
            x->peer_key = wire[i];
            buffer_append_byte(reply, PAIR_ACK);
            buffer_append_byte(reply, wire[i]);
        } else if (kind == PAIR_DATA && x->key_seen) {
            buffer_append_byte(plain, wire[i] ^ x->peer_key);
        } else if (kind == PAIR_ACK && wire[i] == x->key) {
            atomic_fetch_add(x->acks, 1);
        } else {
            return false;
        }
    }
    return !plain->failed && !reply->failed;
}

static bool xor_encode(nrpc_filter *self, const uint8_t *plain, size_t size, buffer *wire)
{
    xor_filter *x = (xor_filter *)(void *)self;
    if (!x->key_sent) {
        buffer_append_byte(wire, PAIR_KEY);
        buffer_append_byte(wire, x->key);
        x->key_sent = true;
    }
    for (size_t i = 0; i < size; i++) {
        buffer_append_byte(wire, PAIR_DATA);
        buffer_append_byte(wire, plain[i] ^ x->key);
    }
    return !wire->failed;
}

static void xor_free(nrpc_filter *self)
{
    xor_filter *x = (xor_filter *)(void *)self;
    atomic_fetch_add(x->freed, 1);
    free(x);
}

static nrpc_filter *xor_create(uint8_t key, atomic_int *acks, atomic_int *freed)
{
    xor_filter *x = calloc(1, sizeof *x);
    x->base = (nrpc_filter){xor_decode, xor_encode, xor_free};
    x->key = key;
    x->half = -1;
    x->acks = acks;
    x->freed = freed;
    return &x->base;
}

static nng_stream *dial_stream(const listener *l)
{
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%d", l->port);
    nng_stream_dialer *d;
    nng_aio *aio;
    assert_int_equal(nng_stream_dialer_alloc(&d, url), 0);
    assert_int_equal(nng_aio_alloc(&aio, NULL, NULL), 0);
    nng_stream_dialer_dial(d, aio);
    nng_aio_wait(aio);
    assert_int_equal(nng_aio_result(aio), 0);
    nng_stream *stream = nng_aio_get_output(aio, 0);
    nng_aio_free(aio);
    nng_stream_dialer_free(d);
    return stream;
}

static void two_links_talk_through_filters(void **state)
{
    (void)state;
    enum { MESSAGES = 300 };
    listener l;
    listener_open(&l);
    atomic_int acks = 0, freed = 0;
    atomic_size_t total = 0;
    end client = {.quiet = true}, server = {0};
    link_config config = config_of(SP_REQ);
    config.filter = xor_create(0x23, &acks, &freed);
    end_create(&client, dial_stream(&l), &config);
    config = config_of(SP_REP);
    config.filter = xor_create(0xd1, &acks, &freed);
    config.output = &total;
    config.max_total_output = 64 << 20;
    end_create(&server, accept_one(&l), &config);
    link_start(client.link);
    link_start(server.link);
    assert_true(eventually(&client.opened, 1));
    assert_true(eventually(&server.opened, 1));
    for (int i = 0; i < MESSAGES; i++) {
        uint8_t m[64];
        memset(m, i % 100, sizeof m);
        sp_put_u32(m, 0x80000000u | (uint32_t)i);
        send_message(&client, m, 4 + (size_t)i % 60);
    }
    assert_true(eventually(&client.messages, MESSAGES));
    assert_int_equal(atomic_load(&server.messages), MESSAGES);
    assert_int_equal(atomic_load(&acks), 2);
    assert_int_equal(atomic_load(&client.got_size), 4 + (MESSAGES - 1) % 60);
    assert_int_equal(sp_get_u32(client.got), 0x80000000u | (MESSAGES - 1));
    assert_int_equal(client.got[4], (MESSAGES - 1) % 100);
    for (int i = 0; i < 1000 && atomic_load(&total); i++)
        usleep(2000);
    assert_int_equal(atomic_load(&total), 0);
    end_free(&client);
    assert_true(eventually(&server.closed, 1));
    end_free(&server);
    assert_true(eventually(&freed, 2));
    listener_close(&l);
}

static void a_filter_that_refuses_closes(void **state)
{
    (void)state;
    fixture f = {0};
    atomic_int acks = 0, freed = 0;
    link_config config = config_of(SP_REP);
    config.filter = xor_create(9, &acks, &freed);
    open_with(&f, &config);
    link_start(f.e.link);
    assert_true(peer_send(f.fd,
                          "k\0d\0dSdPd\0d\0d\x30" // a key that changes nothing
                          "d\0d\0",
                          18));
    assert_true(eventually(&f.e.opened, 1));
    assert_true(peer_send(f.fd, "zz", 2));
    assert_true(eventually(&f.e.closed, 1));
    assert_int_equal(atomic_load(&f.e.error), NNG_EPROTO);
    fixture_free(&f);
    assert_true(eventually(&freed, 1));
}

// --- closing at every stage ---------------------------------------------------------------------

static void closed_before_it_was_started(void **state)
{
    (void)state;
    fixture f = {0};
    link_config config = config_of(SP_REP);
    open_with(&f, &config);
    link_close(f.e.link);
    assert_int_equal(atomic_load(&f.e.closed), 1);
    assert_int_equal(atomic_load(&f.e.error), NNG_ECLOSED);
    link_start(f.e.link); // to no effect
    link_close(f.e.link);
    assert_int_equal(atomic_load(&f.e.closed), 1);
    expect_end(f.fd);
    fixture_free(&f);
}

static void closed_by_its_owner_at_any_moment(void **state)
{
    (void)state;
    uint8_t bytes[128];
    size_t size = three_messages(bytes);
    for (size_t sent = 0; sent <= size; sent++) {
        for (int wait = 0; wait < 2; wait++) {
            fixture f = {0};
            open_and_start(&f);
            assert_true(peer_send(f.fd, bytes, sent));
            if (wait)
                usleep(500);
            link_close(f.e.link);
            assert_true(eventually(&f.e.closed, 1));
            assert_int_equal(atomic_load(&f.e.error), NNG_ECLOSED);
            fixture_free(&f);
        }
    }
}

static void closed_from_inside_a_message(void **state)
{
    (void)state;
    uint8_t bytes[128];
    size_t size = three_messages(bytes);
    for (int at = 1; at <= 3; at++) {
        fixture f = {0};
        link_config config = config_of(SP_REP);
        open_with(&f, &config);
        f.e.close_at = at;
        link_start(f.e.link);
        assert_true(peer_send(f.fd, bytes, size));
        assert_true(eventually(&f.e.closed, 1));
        assert_int_equal(atomic_load(&f.e.error), NNG_ECLOSED);
        fixture_free(&f);

        f = (fixture){0};
        open_with(&f, &config);
        f.e.reject_at = at;
        link_start(f.e.link);
        assert_true(peer_send(f.fd, bytes, size));
        assert_true(eventually(&f.e.closed, 1));
        assert_int_equal(atomic_load(&f.e.error), NNG_EPROTO);
        assert_int_equal(atomic_load(&f.e.messages), at - 1);
        fixture_free(&f);
    }
}

static void closed_while_paused(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        fixture f = {0};
        link_config config = config_of(SP_REP);
        open_with(&f, &config);
        f.e.reply_size = 8 << 20;
        link_start(f.e.link);
        assert_true(peer_send(f.fd, hello, 8));
        for (int i = 0; i < 5; i++)
            assert_true(peer_frame(f.fd, "\x80\0\0\1", 4));
        assert_true(eventually(&f.e.messages, 1));
        usleep(50000);
        assert_int_equal(atomic_load(&f.e.messages), 1);
        if (way == 0) {
            link_close(f.e.link);
        } else {
            struct linger l = {1, 0};
            setsockopt(f.fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
            close(f.fd); // the write under way sees the reset
            f.fd = -1;
        }
        assert_true(eventually(&f.e.closed, 1));
        fixture_free(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_a_byte_at_a_time),
        cmocka_unit_test(messages_come_in_two_parts_split_anywhere),
        cmocka_unit_test(large_messages_pass_whole),
        cmocka_unit_test(ipc_framing_has_its_type_byte),
        cmocka_unit_test(a_wrong_handshake_closes),
        cmocka_unit_test(the_end_of_the_stream_is_told),
        cmocka_unit_test(an_oversized_message_is_skipped),
        cmocka_unit_test(an_oversized_message_may_close),
        cmocka_unit_test(reading_pauses_while_the_peer_does_not_read),
        cmocka_unit_test(unwritten_bytes_have_bounds),
        cmocka_unit_test(a_sweep_sees_who_owes_something),
        cmocka_unit_test(two_links_talk_through_filters),
        cmocka_unit_test(a_filter_that_refuses_closes),
        cmocka_unit_test(closed_before_it_was_started),
        cmocka_unit_test(closed_by_its_owner_at_any_moment),
        cmocka_unit_test(closed_from_inside_a_message),
        cmocka_unit_test(closed_while_paused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
