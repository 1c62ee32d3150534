// Call and Reply as bytes: golden, unknown, cut, too much, and errors that stay small.
#include "nrpc/envelope.h"

#include "base/pbwire.h"
#include "support/test.h"

#include <nrpc/v1/call.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE(text) ((envelope_slice){text, sizeof(text) - 1})

// method "a.B/C", payload "xy", timeout 300 ms, metadata k=v
static const char golden_call[] = "\x0a\x05"
                                  "a.B/C\x12\x02xy\x18\xac\x02\x22\x06\x0a\x01k\x12\x01v";
static const size_t golden_call_size = sizeof golden_call - 1;

// A copy of exactly this size, so that a byte read beyond it is found.
static uint8_t *exact(const void *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, data, size);
    return copy;
}

static nrpc_code parse_call(const void *data, size_t size, envelope_call *out, const char *reason)
{
    nrpc_status status = {0};
    uint8_t *copy = exact(data, size);
    nrpc_code code = envelope_parse_call(copy, size, out, &status);
    if (code) {
        assert_int_equal(code, NRPC_INVALID_ARGUMENT);
        assert_int_equal(status.code, code);
        assert_non_null(status.reason);
        if (reason)
            assert_string_equal(status.reason, reason);
    }
    nrpc_status_fini(&status);
    free(copy);
    return code;
}

static void assert_slice(envelope_slice s, const char *text)
{
    assert_int_equal(s.size, strlen(text));
    assert_memory_equal(s.data, text, s.size);
}

static void golden_call_is_read(void **state)
{
    (void)state;
    envelope_call c;
    nrpc_status status = {0};
    assert_ok(envelope_parse_call((const uint8_t *)golden_call, golden_call_size, &c, &status),
              &status);
    assert_slice(c.method, "a.B/C");
    assert_slice(c.payload, "xy");
    assert_int_equal(c.timeout_ms, 300);
    assert_int_equal(c.metadata_count, 1);
    assert_slice(c.metadata[0].key, "k");
    assert_slice(c.metadata[0].value, "v");
}

static void golden_call_is_written(void **state)
{
    (void)state;
    envelope_call c = {.method = SLICE("a.B/C"), .payload = SLICE("xy"), .timeout_ms = 300};
    c.metadata_count = 1;
    c.metadata[0] = (envelope_entry){SLICE("k"), SLICE("v")};
    assert_int_equal(envelope_call_size(&c), golden_call_size);
    uint8_t out[64], *payload;
    assert_ptr_equal(envelope_put_call(out, &c, &payload), out + golden_call_size);
    memcpy(payload, "xy", 2);
    assert_memory_equal(out, golden_call, golden_call_size);
}

static void the_empty_call_is_no_bytes(void **state)
{
    (void)state;
    envelope_call c;
    assert_int_equal(parse_call("", 0, &c, NULL), NRPC_OK);
    assert_int_equal(c.method.size + c.payload.size + c.timeout_ms + c.metadata_count, 0);
    assert_int_equal(envelope_call_size(&c), 0);
}

static void a_call_cut_anywhere_but_between_fields_is_refused(void **state)
{
    (void)state;
    static const size_t ends[] = {0, 7, 11, 14, 22}; // of fields
    for (size_t n = 0; n <= golden_call_size; n++) {
        bool whole = false;
        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
            whole |= n == ends[i];
        envelope_call c;
        assert_int_equal(parse_call(golden_call, n, &c, "CALL_MALFORMED"),
                         whole ? NRPC_OK : NRPC_INVALID_ARGUMENT);
    }
}

static void unknown_fields_of_every_type_are_skipped(void **state)
{
    (void)state;
    char bytes[128];
    size_t n = 0;
    static const char unknown[] = "\x28\x96\x01"               // 5: varint
                                  "\x31\1\2\3\4\5\6\7\x08"     // 6: fixed64
                                  "\x3a\x03zzz"                // 7: bytes
                                  "\x45\1\2\3\4"               // 8: fixed32
                                  "\xfa\xff\xff\xff\x0f\x01q"; // 536870911: bytes
    memcpy(bytes, unknown, sizeof unknown - 1);
    n += sizeof unknown - 1;
    memcpy(bytes + n, golden_call, golden_call_size);
    n += golden_call_size;
    memcpy(bytes + n, unknown, sizeof unknown - 1);
    n += sizeof unknown - 1;
    envelope_call c;
    assert_int_equal(parse_call(bytes, n, &c, NULL), NRPC_OK);
    assert_int_equal(c.timeout_ms, 300);
    assert_int_equal(c.metadata_count, 1);
}

static void malformed_calls_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } bad[] = {
        {"\x08\x01", 2},                                      // method as varint
        {"\x10\x01", 2},                                      // payload as varint
        {"\x1a\x01x", 3},                                     // timeout as bytes
        {"\x20\x01", 2},                                      // metadata as varint
        {"\x0a\x02\xc3\x28", 4},                              // method not UTF-8
        {"\x22\x02\x08\x01", 4},                              // key as varint
        {"\x22\x01\x0a", 3},                                  // entry cut
        {"\x0b", 1},                                          // group
        {"\x00", 1},                                          // field 0
        {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}, // a length beyond everything
        {"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11}, // a varint above 64 bits
        {"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        envelope_call c;
        assert_int_equal(parse_call(bad[i].bytes, bad[i].size, &c, "CALL_MALFORMED"),
                         NRPC_INVALID_ARGUMENT);
    }
}

static void the_last_of_a_field_given_twice_counts(void **state)
{
    (void)state;
    envelope_call c;
    nrpc_status status = {0};
    static const char twice[] = "\x0a\x01"
                                "a\x18\x01\x0a\x01"
                                "b\x18\x02";
    assert_ok(envelope_parse_call((const uint8_t *)twice, sizeof twice - 1, &c, &status), &status);
    assert_slice(c.method, "b");
    assert_int_equal(c.timeout_ms, 2);
}

static size_t put_entries(uint8_t *out, size_t count, const char *key, size_t value_size)
{
    uint8_t *p = out;
    for (size_t i = 0; i < count; i++) {
        size_t body = pbwire_bytes_size(1, strlen(key)) + pbwire_bytes_size(2, value_size);
        p = pbwire_put_tag(p, 4, PBWIRE_BYTES);
        p = pbwire_put_varint(p, body);
        p = pbwire_put_bytes(p, 1, key, strlen(key));
        p = pbwire_put_tag(p, 2, PBWIRE_BYTES);
        p = pbwire_put_varint(p, value_size);
        memset(p, 'v', value_size);
        p += value_size;
    }
    return (size_t)(p - out);
}

static void metadata_limits_hold_exactly(void **state)
{
    (void)state;
    static uint8_t bytes[20000];
    envelope_call c;
    assert_int_equal(parse_call(bytes, put_entries(bytes, 64, "k", 1), &c, NULL), NRPC_OK);
    assert_int_equal(c.metadata_count, 64);
    assert_int_equal(parse_call(bytes, put_entries(bytes, 65, "k", 1), &c, "METADATA_INVALID"),
                     NRPC_INVALID_ARGUMENT);
    assert_int_equal(parse_call(bytes, put_entries(bytes, 1, "k", 8191), &c, NULL), NRPC_OK);
    assert_int_equal(parse_call(bytes, put_entries(bytes, 1, "k", 8192), &c, "METADATA_INVALID"),
                     NRPC_INVALID_ARGUMENT);
    assert_int_equal(parse_call(bytes, put_entries(bytes, 2, "k", 4095), &c, NULL), NRPC_OK);
    assert_int_equal(parse_call(bytes, put_entries(bytes, 2, "k", 4096), &c, "METADATA_INVALID"),
                     NRPC_INVALID_ARGUMENT);
    assert_int_equal(parse_call(bytes, put_entries(bytes, 1, "K", 1), &c, "METADATA_INVALID"),
                     NRPC_INVALID_ARGUMENT);
}

static void metadata_keys_and_values_are_checked(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool in_key =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
        bool in_value = i >= 0x20 && i <= 0x7e;
        assert_int_equal(envelope_metadata_valid((envelope_slice){&c, 1}, SLICE("v")), in_key);
        assert_int_equal(envelope_metadata_valid(SLICE("k"), (envelope_slice){&c, 1}), in_value);
        assert_true(envelope_metadata_valid(SLICE("k-bin"), (envelope_slice){&c, 1}));
        assert_int_equal(envelope_metadata_valid(SLICE("bin"), (envelope_slice){&c, 1}), in_value);
    }
    assert_false(envelope_metadata_valid(SLICE(""), SLICE("v")));
    assert_true(envelope_metadata_valid(SLICE("k"), SLICE("")));
}

// --- replies ------------------------------------------------------------------------------------

static void golden_ok_reply(void **state)
{
    (void)state;
    envelope_entry revision = {SLICE("revision"), SLICE("s:1")};
    static const char golden[] = "\x12\x02xy\x1a\x0f\x0a\x08revision\x12\x03s:1";
    size_t size = sizeof golden - 1;
    assert_int_equal(envelope_ok_size(2, &revision, 1), size);
    uint8_t out[64], *payload;
    assert_ptr_equal(envelope_put_ok(out, 2, &revision, 1, &payload), out + size);
    memcpy(payload, "xy", 2);
    assert_memory_equal(out, golden, size);
    envelope_reply r;
    nrpc_status status = {0};
    assert_int_equal(envelope_parse_reply(out, size, &r, &status), NRPC_OK);
    assert_slice(r.payload, "xy");
    assert_int_equal(r.metadata_count, 1);
    assert_slice(r.metadata[0].value, "s:1");
    assert_int_equal(envelope_ok_size(0, NULL, 0), 0);
    assert_int_equal(envelope_parse_reply(out, 0, &r, &status), NRPC_OK);
    assert_int_equal(r.payload.size, 0);
}

static nrpc_status rich_status(void)
{
    nrpc_status s = {0};
    nrpc_status_set(&s, NRPC_NOT_FOUND, "ZONE_NOT_FOUND", "zone %s not found", "zones/x");
    nrpc_status_add(&s, "zone", "zones/x");
    nrpc_status_violate(&s, "name", "UNKNOWN_ZONE", "no zone of that name");
    nrpc_status_retry_after(&s, 1500);
    nrpc_status_resource(&s, "ftz.v1.Zone", "zones/x");
    return s;
}

static void an_error_arrives_with_all_details(void **state)
{
    (void)state;
    nrpc_status s = rich_status(), got = {0};
    envelope_entry entry = {SLICE("revision"), SLICE("s:1")};
    size_t size;
    uint8_t *bytes = envelope_pack_error(&s, &entry, 1, &size);
    envelope_reply r;
    assert_int_equal(envelope_parse_reply(bytes, size, &r, &got), NRPC_NOT_FOUND);
    assert_string_equal(got.message, "zone zones/x not found");
    assert_string_equal(got.reason, "ZONE_NOT_FOUND");
    assert_string_equal(got.domain, "ftz");
    assert_string_equal(nrpc_status_get(&got, "zone"), "zones/x");
    assert_int_equal(got.violation_count, 1);
    assert_string_equal(got.violations[0].field, "name");
    assert_string_equal(got.violations[0].reason, "UNKNOWN_ZONE");
    assert_string_equal(got.violations[0].description, "no zone of that name");
    assert_int_equal(got.retry_after_ms, 1500);
    assert_string_equal(got.resource_type, "ftz.v1.Zone");
    assert_string_equal(got.resource_name, "zones/x");
    assert_int_equal(r.metadata_count, 1);
    nrpc_status_fini(&got);
    nrpc_status_fini(&s);
    free(bytes);
}

static void an_error_reply_cut_anywhere_is_harmless(void **state)
{
    (void)state;
    nrpc_status s = rich_status();
    size_t size;
    uint8_t *bytes = envelope_pack_error(&s, NULL, 0, &size);
    for (size_t n = 0; n < size; n++) {
        uint8_t *copy = exact(bytes, n);
        envelope_reply r;
        nrpc_status got = {0};
        nrpc_code code = envelope_parse_reply(copy, n, &r, &got);
        assert_int_equal(code, n ? NRPC_INTERNAL : NRPC_OK);
        if (n)
            assert_string_equal(got.reason, "REPLY_MALFORMED");
        nrpc_status_fini(&got);
        free(copy);
    }
    // Any byte wrong: whatever it means, nothing breaks.
    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            uint8_t *copy = exact(bytes, size);
            copy[i] ^= (uint8_t)(1 << bit);
            envelope_reply r;
            nrpc_status got = {0};
            nrpc_code code = envelope_parse_reply(copy, size, &r, &got);
            assert_int_equal(code, got.code);
            nrpc_status_fini(&got);
            free(copy);
        }
    }
    nrpc_status_fini(&s);
    free(bytes);
}

static void assert_small(const nrpc_status *s, const envelope_entry *metadata, size_t count)
{
    size_t size = 0;
    uint8_t *bytes = envelope_pack_error(s, metadata, count, &size);
    assert_non_null(bytes);
    assert_true(size < 4096);
    envelope_reply r;
    nrpc_status got = {0};
    assert_int_equal(envelope_parse_reply(bytes, size, &r, &got), s->code);
    assert_string_equal(got.reason, s->reason);
    nrpc_status_fini(&got);
    free(bytes);
}

static void errors_stay_below_four_kibibytes(void **state)
{
    (void)state;
    static char big[100000];
    memset(big, 'x', sizeof big - 1);
    nrpc_status s = {0};
    nrpc_status_set(&s, NRPC_INVALID_ARGUMENT, "BIG", "%s", big);
    assert_small(&s, NULL, 0);
    nrpc_status_add(&s, "big", "%s", big);
    assert_small(&s, NULL, 0);
    for (int i = 0; i < 100; i++)
        nrpc_status_violate(&s, "a.field.with.a.path", "REASON", "%.200s", big);
    assert_small(&s, NULL, 0);
    nrpc_status_violate(&s, big, "REASON", "%s", big);
    nrpc_status_resource(&s, "type", big);
    assert_small(&s, NULL, 0);
    envelope_entry entry = {SLICE("k"), {big, 8000}};
    assert_small(&s, &entry, 1);
    nrpc_status_fini(&s);
}

static void a_message_cut_short_stays_utf8(void **state)
{
    (void)state;
    static char text[9001];
    for (size_t i = 0; i < 9000; i += 3)
        memcpy(text + i, "\xe4\xb8\xad", 3);
    nrpc_status s = {0}, got = {0};
    nrpc_status_set(&s, NRPC_ABORTED, "X", "%s", text);
    size_t size;
    uint8_t *bytes = envelope_pack_error(&s, NULL, 0, &size);
    envelope_reply r;
    assert_int_equal(envelope_parse_reply(bytes, size, &r, &got), NRPC_ABORTED);
    assert_int_equal(strlen(got.message) % 3, 0);
    assert_true(strlen(got.message) > 0);
    nrpc_status_fini(&got);
    nrpc_status_fini(&s);
    free(bytes);
}

// A Reply whose Status has this code and this one detail.
static nrpc_code parse_detail(const char *type_url, const void *value, size_t size,
                              nrpc_status *got)
{
    Nrpc__V1__Status status = NRPC__V1__STATUS__INIT;
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT, *list = &any;
    uint8_t *copy = exact(value, size);
    any.type_url = (char *)type_url;
    any.value = (ProtobufCBinaryData){size, copy};
    status.code = NRPC_ABORTED;
    status.n_details = 1;
    status.details = &list;
    size_t body = nrpc__v1__status__get_packed_size(&status);
    uint8_t *bytes = malloc(body + 16);
    uint8_t *p = pbwire_put_varint(pbwire_put_tag(bytes, 1, PBWIRE_BYTES), body);
    p += nrpc__v1__status__pack(&status, p);
    envelope_reply r;
    nrpc_code code = envelope_parse_reply(bytes, (size_t)(p - bytes), &r, got);
    free(bytes);
    free(copy);
    return code;
}

static void details_that_cannot_be_trusted_are_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *url, *value;
        size_t size;
    } bad[] = {
        {"type.googleapis.com/google.rpc.ErrorInfo",
         "\x0a\x03"
         "A\0B",
         5},
        {"type.googleapis.com/google.rpc.ErrorInfo", "\x0a\x02\xc3\x28", 4},
        {"type.googleapis.com/google.rpc.ErrorInfo", "\xff\xff", 2},
        {"type.googleapis.com/google.rpc.BadRequest", "\x0a\x05\x0a\x03x\0y", 7},
        {"type.googleapis.com/google.rpc.ResourceInfo", "\x0a\x01\0", 3},
        {"type.googleapis.com/google.rpc.RetryInfo",
         "\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff"
         "\xff\x01",
         13},                                                                                // -1 s
        {"type.googleapis.com/google.rpc.RetryInfo", "\x0a\x06\x10\x80\x94\xeb\xdc\x07", 8}, // ns
        {"type.googleapis.com/google.rpc.Unknown", "\x0a\x01x", 3},
        {"google.rpc.ErrorInfo", "\x0a\x01x", 3}, // no slash: not a type URL
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nrpc_status got = {0};
        assert_int_equal(parse_detail(bad[i].url, bad[i].value, bad[i].size, &got), NRPC_ABORTED);
        assert_null(got.reason);
        assert_int_equal(got.violation_count, 0);
        assert_true(got.retry_after_ms == 0);
        assert_null(got.resource_name);
        nrpc_status_fini(&got);
    }
}

static void too_much_reply_metadata_is_not_shown(void **state)
{
    (void)state;
    static uint8_t bytes[300000];
    size_t size = put_entries(bytes, 60, "k", 4000);
    for (size_t i = 0; i < size;) { // the same field, number 3
        bytes[i] = 3 << 3 | PBWIRE_BYTES;
        pbwire_reader r = pbwire_read(bytes + i, size - i);
        pbwire_field f;
        assert_true(pbwire_next(&r, &f));
        i = (size_t)(r.next - bytes);
    }
    envelope_reply r;
    nrpc_status status = {0};
    assert_int_equal(envelope_parse_reply(bytes, size, &r, &status), NRPC_OK);
    assert_int_equal(r.metadata_count, 2);
    static const char upper[] = "\x1a\x06\x0a\x01K\x12\x01v\x1a\x06\x0a\x01k\x12\x01v";
    assert_int_equal(envelope_parse_reply((const uint8_t *)upper, sizeof upper - 1, &r, &status),
                     NRPC_OK);
    assert_int_equal(r.metadata_count, 1);
    assert_slice(r.metadata[0].key, "k");
}

static void random_bytes_never_harm(void **state)
{
    (void)state;
    uint32_t seed = 12345;
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[64];
        size_t size = (size_t)round % sizeof bytes;
        for (size_t i = 0; i < size; i++) {
            seed = seed * 1664525 + 1013904223;
            // Often a tag of the envelope, so that the walk goes further than the first byte.
            bytes[i] = seed >> 31 ? (uint8_t)(seed >> 16)
                                  : (uint8_t[]){0x0a, 0x12, 0x1a, 0x22, 1, 2, 3, 8}[seed >> 16 & 7];
        }
        uint8_t *copy = exact(bytes, size);
        envelope_call c;
        (void)!envelope_parse_call(copy, size, &c, NULL);
        envelope_reply r;
        nrpc_status status = {0};
        (void)!envelope_parse_reply(copy, size, &r, &status);
        nrpc_status_fini(&status);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_call_is_read),
        cmocka_unit_test(golden_call_is_written),
        cmocka_unit_test(the_empty_call_is_no_bytes),
        cmocka_unit_test(a_call_cut_anywhere_but_between_fields_is_refused),
        cmocka_unit_test(unknown_fields_of_every_type_are_skipped),
        cmocka_unit_test(malformed_calls_are_refused),
        cmocka_unit_test(the_last_of_a_field_given_twice_counts),
        cmocka_unit_test(metadata_limits_hold_exactly),
        cmocka_unit_test(metadata_keys_and_values_are_checked),
        cmocka_unit_test(golden_ok_reply),
        cmocka_unit_test(an_error_arrives_with_all_details),
        cmocka_unit_test(an_error_reply_cut_anywhere_is_harmless),
        cmocka_unit_test(errors_stay_below_four_kibibytes),
        cmocka_unit_test(a_message_cut_short_stays_utf8),
        cmocka_unit_test(details_that_cannot_be_trusted_are_left_out),
        cmocka_unit_test(too_much_reply_metadata_is_not_shown),
        cmocka_unit_test(random_bytes_never_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
