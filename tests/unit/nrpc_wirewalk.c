// What the wire walk refuses, with which reason, and at which path.
#include "nrpc/wirewalk.h"

#include "base/pbwire.h"
#include "support/test.h"

#include <google/protobuf/descriptor.pb-c.h>
#include <nrpc/v1/call.pb-c.h>
#include <nrpc/v1/echo.pb-c.h>
#include <stdlib.h>
#include <string.h>

#define FILE_TYPE (&google__protobuf__file_descriptor_proto__descriptor)

// A copy of exactly this size, so that a byte read beyond it is found.
static nrpc_code check(const ProtobufCMessageDescriptor *type, const void *data, size_t size,
                       nrpc_status *status)
{
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size)
        memcpy(copy, data, size);
    nrpc_code code = wirewalk_check(type, copy, size, status);
    if (!code) { // what passes, protobuf-c takes
        ProtobufCMessage *m = protobuf_c_message_unpack(type, NULL, size, copy);
        assert_non_null(m);
        protobuf_c_message_free_unpacked(m, NULL);
    }
    free(copy);
    return code;
}

static void refused(const ProtobufCMessageDescriptor *type, const void *data, size_t size,
                    const char *reason, const char *path)
{
    nrpc_status status = {0};
    assert_int_equal(check(type, data, size, &status), NRPC_INVALID_ARGUMENT);
    assert_int_equal(status.code, NRPC_INVALID_ARGUMENT);
    assert_string_equal(status.reason, reason);
    assert_int_equal(status.violation_count, 1);
    assert_string_equal(status.violations[0].field, path);
    assert_string_equal(status.violations[0].reason, reason);
    assert_string_equal(nrpc_status_get(&status, "field"), path);
    nrpc_status_fini(&status);
}

#define REFUSED(type, text, reason, path) refused(type, text, sizeof(text) - 1, reason, path)

static void accepted(const ProtobufCMessageDescriptor *type, const void *data, size_t size)
{
    nrpc_status status = {0};
    assert_ok(check(type, data, size, &status), &status);
}

#define ACCEPTED(type, text) accepted(type, text, sizeof(text) - 1)

static void sound_messages_pass(void **state)
{
    (void)state;
    ACCEPTED(FILE_TYPE, "");
    ACCEPTED(FILE_TYPE, "\x0a\x03\xe4\xb8\xad");                     // name: one Chinese character
    ACCEPTED(FILE_TYPE, "\x1a\x01\x61\x1a\x01\x62\x50\x01\x50\x02"); // repeated text and ints
    ACCEPTED(FILE_TYPE, "\x52\x03\x01\x02\x03");                     // the ints packed
    ACCEPTED(FILE_TYPE, "\x22\x07\x0a\x01Z\x12\x02\x18\x07");        // a message in a message
    ACCEPTED(FILE_TYPE, "\xfa\xff\xff\xff\x0f\x01\xff"); // unknown bytes may be anything
}

static void text_must_be_utf8(void **state)
{
    (void)state;
    REFUSED(FILE_TYPE, "\x0a\x02\xc3\x28", "INVALID_UTF8", "name");
    REFUSED(FILE_TYPE, "\x0a\x02\xc0\xaf", "INVALID_UTF8", "name");         // overlong
    REFUSED(FILE_TYPE, "\x0a\x03\xed\xa0\x80", "INVALID_UTF8", "name");     // a surrogate
    REFUSED(FILE_TYPE, "\x0a\x04\xf4\x90\x80\x80", "INVALID_UTF8", "name"); // above U+10FFFF
    REFUSED(FILE_TYPE, "\x0a\x02\xe4\xb8", "INVALID_UTF8", "name");         // cut
    REFUSED(FILE_TYPE, "\x1a\x01\x61\x1a\x01\x62\x1a\x01\xff", "INVALID_UTF8", "dependency[2]");
    // Messages, second: fields, first: name.
    REFUSED(FILE_TYPE, "\x22\x00\x22\x05\x12\x03\x0a\x01\xff", "INVALID_UTF8",
            "message_type[1].field[0].name");
}

static void text_must_not_hold_nul(void **state)
{
    (void)state;
    REFUSED(FILE_TYPE,
            "\x0a\x03"
            "a\0b",
            "NUL_IN_TEXT", "name");
    REFUSED(FILE_TYPE, "\x22\x04\x12\x02\x0a\x00\x22\x03\x0a\x01\0", "NUL_IN_TEXT",
            "message_type[1].name");
    ACCEPTED(&nrpc__v1__call__descriptor, "\x12\x03"
                                          "a\0b"); // bytes may
}

static void a_wire_type_must_fit_its_field(void **state)
{
    (void)state;
    REFUSED(FILE_TYPE, "\x08\x01", "MESSAGE_MALFORMED", "name");              // text as varint
    REFUSED(FILE_TYPE, "\x20\x01", "MESSAGE_MALFORMED", "message_type[0]");   // message as varint
    REFUSED(FILE_TYPE, "\x1d\1\2\3\4", "MESSAGE_MALFORMED", "dependency[0]"); // text as fixed32
    REFUSED(FILE_TYPE, "\x51\1\2\3\4\5\6\7\x08", "MESSAGE_MALFORMED", "public_dependency[0]");
    REFUSED(&nrpc__v1__echo_request__descriptor, "\x12\x01\x01", "MESSAGE_MALFORMED", "delay_ms");
}

static void packed_values_must_be_whole(void **state)
{
    (void)state;
    REFUSED(FILE_TYPE, "\x52\x02\x01\x80", "MESSAGE_MALFORMED", "public_dependency[0]");
    REFUSED(FILE_TYPE, "\x52\x0b\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "MESSAGE_MALFORMED",
            "public_dependency[0]");
}

static void bytes_that_are_no_message_are_refused_at_their_place(void **state)
{
    (void)state;
    REFUSED(FILE_TYPE, "\x0a", "MESSAGE_MALFORMED", "");
    REFUSED(FILE_TYPE,
            "\x0a\x05"
            "ab",
            "MESSAGE_MALFORMED", "");
    REFUSED(FILE_TYPE, "\x00\x01", "MESSAGE_MALFORMED", "");
    REFUSED(FILE_TYPE, "\x0b\x0c", "MESSAGE_MALFORMED", ""); // a group
    REFUSED(FILE_TYPE, "\x0e", "MESSAGE_MALFORMED", "");     // wire type 6
    REFUSED(FILE_TYPE, "\x22\x01\x0a", "MESSAGE_MALFORMED", "message_type[0]");
    REFUSED(FILE_TYPE, "\x22\x00\x22\x03\x12\x01\x0a", "MESSAGE_MALFORMED",
            "message_type[1].field[0]");
}

// message_type[0].nested_type[0]... so that `depth` messages lie within the file.
static uint8_t *nest(size_t depth, size_t *size)
{
    uint8_t *bytes = malloc(8 * depth + 8), *p = bytes + 8 * depth + 8, *end = p;
    for (size_t i = depth; i-- > 0;) {
        uint8_t head[8];
        uint8_t *h = pbwire_put_tag(head, i ? 3 : 4, PBWIRE_BYTES);
        h = pbwire_put_varint(h, (uint64_t)(end - p));
        p -= h - head;
        memcpy(p, head, (size_t)(h - head));
    }
    *size = (size_t)(end - p);
    memmove(bytes, p, *size);
    return bytes;
}

static void nesting_has_a_bound(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = nest(WIREWALK_MAX_DEPTH - 1, &size);
    accepted(FILE_TYPE, bytes, size);
    free(bytes);
    bytes = nest(WIREWALK_MAX_DEPTH, &size);
    nrpc_status status = {0};
    assert_int_equal(check(FILE_TYPE, bytes, size, &status), NRPC_INVALID_ARGUMENT);
    assert_string_equal(status.reason, "TOO_DEEP");
    nrpc_status_fini(&status);
    free(bytes);
    bytes = nest(200000, &size); // and the walk itself does not go that deep
    assert_int_equal(check(FILE_TYPE, bytes, size, NULL), NRPC_INVALID_ARGUMENT);
    free(bytes);
}

// n times these bytes.
static void repeat(const char *unit, size_t unit_size, size_t n, const char *reason,
                   const char *path)
{
    uint8_t *bytes = malloc(unit_size * n);
    for (size_t i = 0; i < n; i++)
        memcpy(bytes + i * unit_size, unit, unit_size);
    if (reason)
        refused(FILE_TYPE, bytes, unit_size * n, reason, path);
    else
        accepted(FILE_TYPE, bytes, unit_size * n);
    free(bytes);
}

static void elements_have_a_bound(void **state)
{
    (void)state;
    const size_t max = WIREWALK_MAX_ELEMENTS;
    const char *reason = "TOO_MANY_ELEMENTS";
    repeat("\x22\x00", 2, max, NULL, NULL); // empty submessages
    repeat("\x22\x00", 2, max + 1, reason, "message_type[100000]");
    repeat("\x1a\x00", 2, max, NULL, NULL); // empty texts
    repeat("\x1a\x00", 2, max + 1, reason, "dependency[100000]");
    repeat("\x50\x01", 2, max, NULL, NULL); // ints
    repeat("\x50\x01", 2, max + 1, reason, "public_dependency[100000]");
    repeat("\x42\x00", 2, max + 1, reason, "options"); // a message that is merged
    repeat("\xf8\x07\x01", 3, max, NULL, NULL);        // unknown fields
    repeat("\xf8\x07\x01", 3, max + 1, reason, "");
    repeat("\x0a\x00", 2, max + FILE_TYPE->n_fields, NULL, NULL); // one field given again
    repeat("\x0a\x00", 2, max + FILE_TYPE->n_fields + 1, reason, "name");
    uint8_t *packed = malloc(max + 16);
    uint8_t *p = pbwire_put_varint(pbwire_put_tag(packed, 10, PBWIRE_BYTES), max + 1);
    memset(p, 1, max + 1);
    refused(FILE_TYPE, packed, (size_t)(p - packed) + max + 1, reason, "public_dependency[0]");
    free(packed);
}

static void elements_are_counted_over_the_whole_message(void **state)
{
    (void)state;
    // 1,001 messages of 100 empty fields each: neither is much alone.
    enum { OUTER = 1001, INNER = 100 };
    size_t unit = 3 + INNER * 2;
    uint8_t *bytes = malloc(unit * OUTER), *p = bytes;
    for (int i = 0; i < OUTER; i++) {
        p = pbwire_put_varint(pbwire_put_tag(p, 4, PBWIRE_BYTES), INNER * 2);
        for (int k = 0; k < INNER; k++) {
            *p++ = 0x12;
            *p++ = 0;
        }
    }
    nrpc_status status = {0};
    assert_int_equal(check(FILE_TYPE, bytes, (size_t)(p - bytes), &status), NRPC_INVALID_ARGUMENT);
    assert_string_equal(status.reason, "TOO_MANY_ELEMENTS");
    nrpc_status_fini(&status);
    free(bytes);
}

static void a_real_descriptor_cut_or_changed_anywhere_is_harmless(void **state)
{
    (void)state;
    Google__Protobuf__FileDescriptorProto file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
    Google__Protobuf__DescriptorProto message = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    Google__Protobuf__FieldDescriptorProto field = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__INIT;
    Google__Protobuf__DescriptorProto *messages = &message;
    Google__Protobuf__FieldDescriptorProto *fields = &field;
    file.name = (char *)"a.proto";
    file.n_message_type = 1;
    file.message_type = &messages;
    message.name = (char *)"\xe5\x8c\xba";
    message.n_field = 1;
    message.field = &fields;
    field.name = (char *)"f";
    field.has_number = 1;
    field.number = 7;
    uint8_t bytes[128];
    size_t size = google__protobuf__file_descriptor_proto__pack(&file, bytes);
    accepted(FILE_TYPE, bytes, size);
    for (size_t n = 0; n < size; n++)
        (void)!check(FILE_TYPE, bytes, n, NULL);
    for (size_t i = 0; i < size; i++) {
        for (int value = 0; value < 256; value++) {
            uint8_t old = bytes[i];
            bytes[i] = (uint8_t)value;
            (void)!check(FILE_TYPE, bytes, size, NULL);
            bytes[i] = old;
        }
    }
}

static void random_bytes_never_harm(void **state)
{
    (void)state;
    static const uint8_t likely[] = {0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x3a, 0x42, 0x52,
                                     0x50, 0x01, 0x02, 0x04, 0x08, 0x00, 0x80, 0xff};
    uint32_t seed = 4711;
    for (int round = 0; round < 50000; round++) {
        uint8_t bytes[96];
        size_t size = (size_t)round % sizeof bytes;
        for (size_t i = 0; i < size; i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[i] = seed >> 30 ? likely[seed >> 16 & 15] : (uint8_t)(seed >> 16);
        }
        (void)!check(FILE_TYPE, bytes, size, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_messages_pass),
        cmocka_unit_test(text_must_be_utf8),
        cmocka_unit_test(text_must_not_hold_nul),
        cmocka_unit_test(a_wire_type_must_fit_its_field),
        cmocka_unit_test(packed_values_must_be_whole),
        cmocka_unit_test(bytes_that_are_no_message_are_refused_at_their_place),
        cmocka_unit_test(nesting_has_a_bound),
        cmocka_unit_test(elements_have_a_bound),
        cmocka_unit_test(elements_are_counted_over_the_whole_message),
        cmocka_unit_test(a_real_descriptor_cut_or_changed_anywhere_is_harmless),
        cmocka_unit_test(random_bytes_never_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
