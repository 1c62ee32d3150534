// Replays the cases of tests/conformance against the real ftzd, over tcp and over ipc: `wire` with
// a plain socket, `call` through the RPC client.
//
// usage: conformance [slow]    slow: the cases that take seconds, and only these
#include "support/daemon.h"
#include "support/rawsp.h"
#include "support/test.h"

#include "integration/vectors.h"

#include "base/macros.h"
#include "descriptor_set.h"
#include "nrpc/envelope.h"
#include "nrpc/sp.h"
#include "schema/json.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { RECEIVE_SECONDS = 20, BETWEEN_PIECES_US = 200 };

static ftzd server;
static nrpc_channel *channels[2]; // tcp, ipc
static schema *pool;

// --- wire
// ------------------------------------------------------------------------------------------

typedef enum split { WHOLE, BYTES, CUT } split;

typedef struct wire {
    rawsp peer;
    bool greeted; // its handshake was read
    split split;
    size_t cut; // CUT: where the first bytes are cut
    bool cut_done;
    size_t longest; // of the first bytes sent: how many places to cut there are
} wire;

static void send_bytes(wire *w, const uint8_t *data, size_t size)
{
    size_t done = 0;
    if (!w->longest)
        w->longest = size;
    if (w->split == CUT && !w->cut_done && w->cut < size) {
        assert_true(rawsp_send(&w->peer, data, w->cut));
        usleep(BETWEEN_PIECES_US);
        done = w->cut;
        w->cut_done = true;
    }
    for (; w->split == BYTES && done < size; done++) {
        assert_true(rawsp_send(&w->peer, data + done, 1));
        usleep(BETWEEN_PIECES_US);
    }
    assert_true(rawsp_send(&w->peer, data + done, size - done));
}

static void put_frame(const wire *w, const json_t *message, buffer *out)
{
    uint8_t prefix[SP_MAX_PREFIX];
    buffer bytes = {0};
    vector_bytes(message, NULL, 0, &bytes);
    uint8_t *end = sp_put_prefix(prefix, w->peer.ipc ? SP_FRAMING_IPC : SP_FRAMING_TCP, bytes.size);
    buffer_append(out, prefix, (size_t)(end - prefix));
    buffer_append(out, bytes.data, bytes.size);
    buffer_fini(&bytes);
}

static void send_step(wire *w, const json_t *step)
{
    const json_t *raw = json_object_get(step, "send"), *frame = json_object_get(step, "send_frame"),
                 *together = json_object_get(step, "together"), *one;
    buffer bytes = {0};
    size_t i;
    if (raw)
        vector_bytes(raw, NULL, 0, &bytes);
    if (frame)
        put_frame(w, frame, &bytes);
    json_array_foreach(together, i, one) put_frame(w, json_object_get(one, "send_frame"), &bytes);
    if (bytes.size)
        send_bytes(w, bytes.data, bytes.size);
    buffer_fini(&bytes);
}

static void receive_bytes(wire *w, const json_t *expression)
{
    buffer expected = {0};
    vector_bytes(expression, NULL, 0, &expected);
    uint8_t *got = malloc(expected.size + 1);
    if (!rawsp_recv(&w->peer, got, expected.size))
        vector_fail("no %zu bytes came", expected.size);
    assert_memory_equal(got, expected.data, expected.size);
    w->greeted = true;
    free(got);
    buffer_fini(&expected);
}

static bool header_fits(const json_t *expect, const uint8_t *frame, size_t size, size_t *header)
{
    buffer bytes = {0};
    vector_bytes(json_object_get(expect, "header"), NULL, 0, &bytes);
    bool fits =
        *header == bytes.size && size >= bytes.size && memcmp(frame, bytes.data, bytes.size) == 0;
    buffer_fini(&bytes);
    return fits;
}

// One reply that fits one of the expectations, which is taken off the list.
static void receive_one(wire *w, json_t *expected)
{
    size_t size, header_size, i;
    uint8_t *frame = rawsp_recv_frame(&w->peer, &size);
    if (!frame)
        vector_fail("no reply came");
    if (sp_parse_header(frame, size, &header_size) != SP_DONE)
        vector_fail("the reply has no header");
    json_t *one;
    json_array_foreach(expected, i, one)
    {
        if (!header_fits(one, frame, size, &header_size))
            continue;
        nrpc_reply reply = {0};
        envelope_reply parsed;
        const json_t *max = json_object_get(one, "max_size");
        if (max && size > (size_t)json_integer_value(max))
            vector_fail("the reply has %zu bytes", size);
        reply.status.code =
            envelope_parse_reply(frame + header_size, size - header_size, &parsed, &reply.status);
        reply.payload = (const uint8_t *)parsed.payload.data;
        reply.payload_size = parsed.payload.size;
        vector_check(one, &reply, NULL);
        nrpc_status_fini(&reply.status);
        free(frame);
        json_array_remove(expected, i);
        return;
    }
    vector_fail("a reply with the header of no request: %02x%02x%02x%02x...", frame[0], frame[1],
                frame[2], frame[3]);
}

static void receive_replies(wire *w, const json_t *one, const json_t *several)
{
    json_t *left = several ? json_copy((json_t *)(uintptr_t)several) : json_array();
    if (one)
        json_array_append(left, (json_t *)(uintptr_t)one);
    while (json_array_size(left))
        receive_one(w, left);
    json_decref(left);
}

// The server may have greeted before it hung up; a reset may have taken that away.
static void expect_closed(wire *w)
{
    uint8_t byte;
    for (size_t extra = w->greeted ? 0 : SP_HANDSHAKE_SIZE;; extra--) {
        ssize_t n = recv(w->peer.fd, &byte, 1, 0);
        if (n == 0 || (n < 0 && errno == ECONNRESET))
            return;
        if (n < 0)
            vector_fail("the connection was not closed: %s", strerror(errno));
        if (!extra)
            vector_fail("a byte %02x came instead of the end", byte);
    }
}

static void run_step(wire *w, const json_t *step)
{
    vector_keys(step,
                (const char *const[]){"send", "send_frame", "together", "receive", "receive_frame",
                                      "receive_frames", "end", "closed", NULL});
    const json_t *bytes = json_object_get(step, "receive"),
                 *one = json_object_get(step, "receive_frame"),
                 *several = json_object_get(step, "receive_frames");
    send_step(w, step);
    if (bytes)
        receive_bytes(w, bytes);
    if (one || several)
        receive_replies(w, one, several);
    if (json_object_get(step, "end"))
        assert_int_equal(shutdown(w->peer.fd, SHUT_WR), 0);
    if (json_object_get(step, "closed"))
        expect_closed(w);
}

static size_t run_wire_once(const vector_case *c, split how, size_t cut)
{
    wire w = {.split = how, .cut = cut};
    const json_t *step;
    size_t i;
    const json_t *greet = json_object_get(c->json, "greet");
    assert_true(rawsp_connect(&w.peer, c->ipc ? server.ipc : server.tcp));
    struct timeval timeout = {RECEIVE_SECONDS, 0};
    setsockopt(w.peer.fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(w.peer.fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (!json_is_false(greet)) {
        uint8_t hello[SP_HANDSHAKE_SIZE];
        sp_put_handshake(hello, SP_REQ);
        assert_true(rawsp_send(&w.peer, hello, sizeof hello));
        assert_true(rawsp_recv(&w.peer, hello, sizeof hello));
        w.greeted = true;
    }
    json_array_foreach(json_object_get(c->json, "steps"), i, step) run_step(&w, step);
    rawsp_close(&w.peer);
    return w.longest;
}

static void run_wire(const vector_case *c)
{
    vector_keys(c->json, (const char *const[]){"name", "about", "transports", "greet", "split",
                                               "seconds", "steps", NULL});
    const char *how = json_string_value(json_object_get(c->json, "split"));
    if (!how || strcmp(how, "bytes") == 0) {
        run_wire_once(c, how ? BYTES : WHOLE, 0);
    } else if (strcmp(how, "cuts") == 0) {
        size_t places = 2;
        for (size_t cut = 1; cut < places; cut++)
            places = run_wire_once(c, CUT, cut);
    } else {
        vector_fail("nobody knows the split \"%s\"", how);
    }
}

// --- call
// ------------------------------------------------------------------------------------------

// "${x}" anywhere in the text becomes what was saved as x.
static json_t *fill_text(const json_t *value, const json_t *saved)
{
    buffer out = {0};
    const char *at = json_string_value(value), *start;
    while ((start = strstr(at, "${"))) {
        const char *end = strchr(start, '}');
        assert_non_null(end);
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(end - start - 2), start + 2);
        const char *text = json_string_value(json_object_get(saved, name));
        if (!text)
            vector_fail("nothing was saved as %s", name);
        buffer_append(&out, at, (size_t)(start - at));
        buffer_append_text(&out, text);
        at = end + 1;
    }
    buffer_append_text(&out, at);
    json_t *filled = json_stringn((const char *)out.data, out.size);
    buffer_fini(&out);
    return filled ? filled : json_string("");
}

static json_t *fill(const json_t *value, const json_t *saved)
{
    const char *key;
    json_t *one, *out;
    size_t i;
    if (json_is_string(value) && json_string_length(value))
        return fill_text(value, saved);
    if (json_is_object(value)) {
        out = json_object();
        json_object_foreach((json_t *)(uintptr_t)value, key, one)
            json_object_set_new(out, key, fill(one, saved));
        return out;
    }
    if (json_is_array(value)) {
        out = json_array();
        json_array_foreach(value, i, one) json_array_append_new(out, fill(one, saved));
        return out;
    }
    return json_incref((json_t *)(uintptr_t)value);
}

static void pack_request(const json_t *call, const schema_method *method, buffer *out)
{
    nrpc_status status = {0};
    const json_t *payload = json_object_get(call, "payload"),
                 *request = json_object_get(call, "request");
    if (payload)
        vector_bytes(payload, NULL, 0, out);
    else if (request && !method)
        vector_fail("there is no such method: its request must be given as payload");
    else if (request)
        assert_ok(json_value_to_wire(method->input, request, NULL, out, &status), &status);
}

// save: {"x": "member of the reply"}, or "@key" for an entry of its metadata.
static void save_from(const json_t *save, const nrpc_reply *reply, const json_t *got, json_t *saved)
{
    const char *key;
    json_t *from;
    json_object_foreach((json_t *)(uintptr_t)save, key, from)
    {
        const char *name = json_string_value(from);
        const char *text = name[0] == '@' ? nrpc_reply_metadata(reply, name + 1, NULL)
                                          : json_string_value(json_object_get(got, name));
        if (!text)
            vector_fail("the reply has no %s to save", name);
        json_object_set_new(saved, key, json_string(text));
    }
}

static void run_one_call(const json_t *call, bool ipc, json_t *saved)
{
    vector_keys(call, (const char *const[]){"method", "request", "payload", "timeout_ms",
                                            "metadata", "save", "expect", NULL});
    json_t *filled = fill(call, saved), *entry;
    const char *name = json_string_value(json_object_get(filled, "method"));
    const schema_method *method = schema_find_method(pool, name);
    buffer request = {0};
    pack_request(filled, method, &request);
    nrpc_metadata metadata[4];
    nrpc_call_options options = {.metadata = metadata};
    options.timeout_ms = (uint32_t)json_integer_value(json_object_get(filled, "timeout_ms"));
    size_t i;
    json_array_foreach(json_object_get(filled, "metadata"), i, entry)
    {
        assert_true(i < ARRAY_LEN(metadata));
        metadata[options.metadata_count++] = (nrpc_metadata){
            .key = json_string_value(json_object_get(entry, "key")),
            .value = json_string_value(json_object_get(entry, "value")),
        };
    }
    nrpc_reply reply;
    nrpc_channel_call(channels[ipc], name, request.data, request.size, &options, &reply);
    json_t *got =
        vector_check(json_object_get(filled, "expect"), &reply, method ? method->output : NULL);
    save_from(json_object_get(filled, "save"), &reply, got, saved);
    json_decref(got);
    nrpc_reply_fini(&reply);
    buffer_fini(&request);
    json_decref(filled);
}

static void run_call(const vector_case *c)
{
    vector_keys(c->json, (const char *const[]){"name", "about", "transports", "calls", NULL});
    json_t *saved = json_object(), *call;
    size_t i;
    json_array_foreach(json_object_get(c->json, "calls"), i, call)
        run_one_call(call, c->ipc, saved);
    json_decref(saved);
}

// --- all of them
// -------------------------------------------------------------------------------------

static void run_case(void **state)
{
    const vector_case *c = *state;
    if (json_object_get(c->json, "steps"))
        run_wire(c);
    else
        run_call(c);
}

static int start(void **state)
{
    nrpc_status status = {0};
    (void)state;
    ftzd_init(&server);
    ftzd_start(&server, (const char *const[]){"--echo", "--seed",
                                              FTZ_SOURCE_DIR "/data/xinjiang.json", NULL});
    assert_ok(schema_load(ftz_descriptor_set_data(), ftz_descriptor_set_size(), &pool, &status),
              &status);
    assert_ok(nrpc_channel_open(&channels[0], server.tcp, NULL, &status), &status);
    assert_ok(nrpc_channel_open(&channels[1], server.ipc, NULL, &status), &status);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    nrpc_channel_free(channels[0]);
    nrpc_channel_free(channels[1]);
    schema_free(pool);
    int code = ftzd_stop(&server);
    ftzd_fini(&server);
    return code;
}

int main(int argc, char **argv)
{
    vectors v;
    vectors_load(&v, (const char *const[]){"wire", "call", NULL},
                 argc > 1 && strcmp(argv[1], "slow") == 0);
    struct CMUnitTest *tests = calloc(v.count, sizeof *tests);
    for (size_t i = 0; i < v.count; i++)
        tests[i] = (struct CMUnitTest){
            .name = v.cases[i].name, .test_func = run_case, .initial_state = &v.cases[i]};
    int failed = _cmocka_run_group_tests("conformance", tests, v.count, start, stop);
    free(tests);
    vectors_free(&v);
    return failed;
}
