// UTF-8, the protobuf wire format, time stamps and log values, at their edges.
#include "support/test.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/pbwire.h"
#include "base/utf8.h"

#include <string.h>

static void utf8_takes_every_code_point_and_nothing_else(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x110010; c++) {
        uint8_t s[4];
        size_t n;
        if (c < 0x80) {
            s[0] = (uint8_t)c;
            n = 1;
        } else if (c < 0x800) {
            s[0] = (uint8_t)(0xC0 | c >> 6);
            s[1] = (uint8_t)(0x80 | (c & 0x3F));
            n = 2;
        } else if (c < 0x10000) {
            s[0] = (uint8_t)(0xE0 | c >> 12);
            s[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
            s[2] = (uint8_t)(0x80 | (c & 0x3F));
            n = 3;
        } else {
            s[0] = (uint8_t)(0xF0 | c >> 18);
            s[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
            s[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
            s[3] = (uint8_t)(0x80 | (c & 0x3F));
            n = 4;
        }
        bool good = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
        assert_int_equal(utf8_valid(s, n), good);
        for (size_t cut = 1; cut < n; cut++)
            assert_false(utf8_valid(s, cut));
    }
}

static void utf8_says_where_it_goes_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size, prefix;
    } cases[] = {
        {"", 0, 0},
        {"plain ascii, longer than a word", 31, 31},
        {"\xC0\x80", 2, 0},                   // overlong NUL
        {"\xE0\x80\x80", 3, 0},               // overlong
        {"\xF0\x80\x80\x80", 4, 0},           // overlong
        {"\xED\xA0\x80", 3, 0},               // a surrogate
        {"\xF4\x90\x80\x80", 4, 0},           // beyond U+10FFFF
        {"\x80", 1, 0},                       // a continuation alone
        {"abcdefgh\xFF", 9, 8},               // behind a whole word
        {"\xE5\x96\x80 and \xE5\x96", 10, 8}, // cut at the end
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(utf8_valid_prefix(cases[i].text, cases[i].size), cases[i].prefix);
}

static void varints_come_back_as_they_went(void **state)
{
    (void)state;
    static const uint64_t values[] = {0,     1,          127,         128,        16383,
                                      16384, UINT32_MAX, 1ull << 35u, 1ull << 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        uint8_t bytes[PBWIRE_MAX_VARINT];
        size_t n = (size_t)(pbwire_put_varint(bytes, values[i]) - bytes);
        assert_int_equal(n, pbwire_varint_size(values[i]));
        pbwire_reader r = pbwire_read(bytes, n);
        uint64_t value;
        assert_true(pbwire_varint(&r, &value) && pbwire_done(&r));
        assert_true(value == values[i]);
        for (size_t cut = 0; cut < n; cut++) {
            r = pbwire_read(bytes, cut);
            assert_false(pbwire_varint(&r, &value));
        }
    }
    uint8_t too_large[11];
    memset(too_large, 0xFF, sizeof too_large);
    uint64_t value;
    pbwire_reader r = pbwire_read(too_large, sizeof too_large);
    assert_false(pbwire_varint(&r, &value));
    too_large[9] = 2; // a 65th bit
    r = pbwire_read(too_large, 10);
    assert_false(pbwire_varint(&r, &value));
}

static void fields_are_read_and_malformed_ones_told_from_the_end(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        int fields; // -1: malformed
    } cases[] = {
        {"", 0, 0},
        {"\x08\x96\x01\x12\x02hi", 7, 2},
        {"\x0D\x01\x02\x03\x04\x11\x01\x02\x03\x04\x05\x06\x07\x08", 14, 2},
        {"\x08", 1, -1},       // no value
        {"\x12\x05hi", 4, -1}, // longer than what is there
        {"\x00\x01", 2, -1},   // field 0
        {"\x0B\x0C", 2, -1},   // a group
        {"\x0E", 1, -1},       // no such wire type
        {"\x0D\x01\x02\x03", 4, -1},
        {"\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11, -1}, // a length that wraps
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pbwire_reader r = pbwire_read(cases[i].bytes, cases[i].size);
        pbwire_field f;
        int fields = 0;
        while (pbwire_next(&r, &f))
            fields++;
        assert_int_equal(pbwire_done(&r) ? fields : -1, cases[i].fields);
    }
    uint8_t out[16];
    uint8_t *end = pbwire_put_bytes(out, 2, "hi", 2);
    assert_int_equal(end - out, pbwire_bytes_size(2, 2));
    assert_memory_equal(out, "\x12\x02hi", 4);
}

static void stamps_are_rfc3339(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {1698796800000001, "2023-11-01T00:00:00.000001Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {253402300799999999, "9999-12-31T23:59:59.999999Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CLOCK_RFC3339_SIZE];
        clock_format_rfc3339(cases[i].us, text);
        assert_string_equal(text, cases[i].text);
    }
    int64_t before = clock_now_ns();
    assert_true(clock_now_ns() >= before);
}

static void log_values_cannot_break_their_line(void **state)
{
    (void)state;
    char out[LOG_QUOTE_SIZE], longer[1000];
    assert_string_equal(log_quote("a \"b\" \\ c\n\x1b", out), "\"a \\\"b\\\" \\\\ c\\x0a\\x1b\"");
    memset(longer, '\n', sizeof longer);
    longer[sizeof longer - 1] = 0;
    assert_in_range(strlen(log_quote(longer, out)), 200, LOG_QUOTE_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_takes_every_code_point_and_nothing_else),
        cmocka_unit_test(utf8_says_where_it_goes_wrong),
        cmocka_unit_test(varints_come_back_as_they_went),
        cmocka_unit_test(fields_are_read_and_malformed_ones_told_from_the_end),
        cmocka_unit_test(stamps_are_rfc3339),
        cmocka_unit_test(log_values_cannot_break_their_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
