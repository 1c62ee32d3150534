// SP framing over bytes: handshakes, prefixes and headers, whole, cut at every point, and wrong.
#include "nrpc/sp.h"

#include "support/test.h"

#include <string.h>

static void handshake_is_eight_known_bytes(void **state)
{
    (void)state;
    uint8_t h[SP_HANDSHAKE_SIZE];
    sp_put_handshake(h, SP_REQ);
    assert_memory_equal(h, "\0SP\0\0\x30\0\0", 8);
    sp_put_handshake(h, SP_REP);
    assert_memory_equal(h, "\0SP\0\0\x31\0\0", 8);
}

static void handshake_cut_anywhere_needs_more(void **state)
{
    (void)state;
    uint8_t h[SP_HANDSHAKE_SIZE + 1] = {0};
    sp_put_handshake(h, SP_REP);
    for (size_t n = 0; n < SP_HANDSHAKE_SIZE; n++)
        assert_int_equal(sp_parse_handshake(h, n, SP_REP), SP_MORE);
    assert_int_equal(sp_parse_handshake(h, SP_HANDSHAKE_SIZE, SP_REP), SP_DONE);
    assert_int_equal(sp_parse_handshake(h, SP_HANDSHAKE_SIZE + 1, SP_REP), SP_DONE);
}

static void handshake_with_any_bit_wrong_is_bad_at_once(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 64; bit++) {
        uint8_t h[SP_HANDSHAKE_SIZE];
        sp_put_handshake(h, SP_REQ);
        h[bit / 8] ^= (uint8_t)(1 << bit % 8);
        for (size_t n = bit / 8 + 1; n <= SP_HANDSHAKE_SIZE; n++)
            assert_int_equal(sp_parse_handshake(h, n, SP_REQ), SP_BAD);
        assert_int_equal(sp_parse_handshake(h, bit / 8, SP_REQ), SP_MORE);
    }
}

static void prefix_round_trips(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {
        0, 1, 255, 256, 4194304, UINT64_C(0x0102030405060708), UINT64_MAX};
    for (int framing = SP_FRAMING_TCP; framing <= SP_FRAMING_IPC; framing++) {
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            uint8_t out[SP_MAX_PREFIX];
            size_t size = (size_t)(sp_put_prefix(out, (sp_framing)framing, lengths[i]) - out);
            assert_int_equal(size, sp_prefix_size((sp_framing)framing));
            uint64_t length = 7;
            for (size_t n = 0; n < size; n++)
                assert_int_equal(sp_parse_prefix(out, n, (sp_framing)framing, &length), SP_MORE);
            assert_int_equal(sp_parse_prefix(out, size, (sp_framing)framing, &length), SP_DONE);
            assert_true(length == lengths[i]);
        }
    }
}

static void prefix_bytes_are_as_specified(void **state)
{
    (void)state;
    uint8_t out[SP_MAX_PREFIX];
    sp_put_prefix(out, SP_FRAMING_TCP, 0x010203);
    assert_memory_equal(out, "\0\0\0\0\0\1\2\3", 8);
    sp_put_prefix(out, SP_FRAMING_IPC, 0x010203);
    assert_memory_equal(out, "\1\0\0\0\0\0\1\2\3", 9);
}

static void ipc_message_of_another_type_is_bad(void **state)
{
    (void)state;
    uint64_t length;
    for (int type = 0; type < 256; type++) {
        uint8_t in[9] = {(uint8_t)type};
        sp_result want = type == 1 ? SP_DONE : SP_BAD;
        assert_int_equal(sp_parse_prefix(in, 9, SP_FRAMING_IPC, &length), want);
        if (type != 1)
            assert_int_equal(sp_parse_prefix(in, 1, SP_FRAMING_IPC, &length), SP_BAD);
    }
}

static void header_ends_at_the_first_word_with_the_top_bit(void **state)
{
    (void)state;
    for (size_t words = 1; words <= SP_MAX_WORDS; words++) {
        uint8_t in[SP_MAX_HEADER + 8];
        memset(in, 0x7f, sizeof in);
        in[(words - 1) * 4] = 0x80;
        size_t size = 99;
        for (size_t n = 0; n < words * 4; n++)
            assert_int_equal(sp_parse_header(in, n, &size), SP_MORE);
        for (size_t n = words * 4; n <= sizeof in; n++) {
            assert_int_equal(sp_parse_header(in, n, &size), SP_DONE);
            assert_int_equal(size, words * 4);
        }
    }
}

static void eight_words_and_no_id_are_dropped(void **state)
{
    (void)state;
    uint8_t in[SP_MAX_HEADER + 4] = {0};
    in[SP_MAX_HEADER] = 0x80; // the ninth does not count
    size_t size;
    assert_int_equal(sp_parse_header(in, SP_MAX_HEADER, &size), SP_DROP);
    assert_int_equal(sp_parse_header(in, sizeof in, &size), SP_DROP);
    assert_int_equal(sp_parse_header(in, SP_MAX_HEADER - 1, &size), SP_MORE);
}

static void words_are_big_endian(void **state)
{
    (void)state;
    uint8_t out[4];
    sp_put_u32(out, 0x80010203u);
    assert_memory_equal(out, "\x80\1\2\3", 4);
    assert_true(sp_get_u32(out) == 0x80010203u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshake_is_eight_known_bytes),
        cmocka_unit_test(handshake_cut_anywhere_needs_more),
        cmocka_unit_test(handshake_with_any_bit_wrong_is_bad_at_once),
        cmocka_unit_test(prefix_round_trips),
        cmocka_unit_test(prefix_bytes_are_as_specified),
        cmocka_unit_test(ipc_message_of_another_type_is_bad),
        cmocka_unit_test(header_ends_at_the_first_word_with_the_top_bit),
        cmocka_unit_test(eight_words_and_no_id_are_dropped),
        cmocka_unit_test(words_are_big_endian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
