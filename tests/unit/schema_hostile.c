// Bytes and texts made to hurt: nothing crashes, and what costs much is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "schema/describe.h"
#include "schema/json.h"
#include "unit/schema_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const types[] = {"Scalars", "Lists", "Maps", "Choice", "Known", "Tree", "Zones"};

typedef struct random_bits {
    uint64_t state;
} random_bits;

static uint32_t next(random_bits *r)
{
    r->state = r->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(r->state >> 33);
}

// Printed, read and printed again: what was printed once must read back to the same text.
static void print_anything(const schema_message *type, const uint8_t *data, size_t size,
                           size_t *printed)
{
    nrpc_status status = {0};
    buffer text = {0}, wire = {0}, again = {0};
    if (wire_to_json(type, data, size, 0, &text, &status) == NRPC_OK) {
        ++*printed;
        if (json_to_wire(type, (const char *)text.data, text.size, &wire, &status))
            fail_msg("%.*s: %s", (int)text.size, (const char *)text.data, status.message);
        assert_int_equal(wire_to_json(type, wire.data, wire.size, 0, &again, &status), NRPC_OK);
        assert_int_equal(again.size, text.size);
        assert_memory_equal(again.data, text.data, text.size);
    } else {
        assert_non_null(status.reason);
        assert_int_equal(text.size, 0);
    }
    nrpc_status_fini(&status);
    buffer_fini(&text);
    buffer_fini(&wire);
    buffer_fini(&again);
}

static void random_bytes_print_or_are_refused(void **state)
{
    (void)state;
    random_bits r = {7};
    size_t printed = 0;
    for (int i = 0; i < 40000; i++) {
        size_t size = next(&r) % 40;
        uint8_t *data = malloc(size ? size : 1);
        for (size_t j = 0; j < size; j++)
            // Small bytes more often: tags and lengths that fit.
            data[j] = (uint8_t)(next(&r) % 3 ? next(&r) % 40 : next(&r));
        print_anything(fixture_type(types[(size_t)i % ARRAY_LEN(types)]), data, size, &printed);
        free(data);
    }
    assert_true(printed > 1000);
}

// Fields of known numbers with values of any shape.
static void put_random_message(buffer *out, const schema_message *type, random_bits *r,
                               unsigned depth)
{
    unsigned n = next(r) % 6;
    for (unsigned i = 0; type->field_count && i < n; i++) {
        const schema_field *f = &type->fields[next(r) % type->field_count];
        buffer inner = {0};
        switch (f->type) {
        case SCHEMA_MESSAGE:
            if (depth)
                put_random_message(&inner, f->message, r, depth - 1);
            put_buffer(out, f->number, &inner);
            break;
        case SCHEMA_STRING:
        case SCHEMA_BYTES:
            put_text(out, f->number, next(r) % 2 ? "a_b" : "中");
            break;
        default:
            if (next(r) % 4) {
                put_number(out, f->number, next(r) % 2 ? next(r) % 4 : (uint64_t)0 - next(r));
            } else {
                put_hex(&inner, next(r) % 2 ? "00000000 0000f03f" : "01020300");
                put_buffer(out, f->number, &inner);
            }
        }
        buffer_fini(&inner);
    }
}

static void random_messages_read_back(void **state)
{
    (void)state;
    random_bits r = {11};
    size_t printed = 0;
    for (int i = 0; i < 20000; i++) {
        buffer wire = {0};
        const schema_message *type = fixture_type(types[(size_t)i % ARRAY_LEN(types)]);
        put_random_message(&wire, type, &r, 4);
        print_anything(type, wire.data, wire.size, &printed);
        buffer_fini(&wire);
    }
    assert_true(printed > 10000);
}

static void wire_bytes_cut_anywhere_print_or_are_refused(void **state)
{
    (void)state;
    static const char json[] =
        "{\"zones\":[{\"name\":\"zones/a\",\"names\":[{\"text\":\"中国\"}],\"areaKm2\":179.66,"
        "\"sizesByName\":{\"x\":{\"areaKm2\":1,\"seen\":\"2023-11-01T08:00:00.123Z\"}},"
        "\"labels\":{\"-1\":\"y\"},\"codes\":[\"\",\"z\"],\"inner\":{}}]}";
    buffer wire = {0};
    size_t printed = 0;
    assert_int_equal(json_to_wire(fixture_type("Zones"), json, strlen(json), &wire, NULL), NRPC_OK);
    for (size_t n = 0; n <= wire.size; n++) {
        uint8_t *cut = malloc(n ? n : 1);
        memcpy(cut, wire.data, n);
        print_anything(fixture_type("Zones"), cut, n, &printed);
        for (size_t t = 0; t < ARRAY_LEN(types); t++)
            print_anything(fixture_type(types[t]), cut, n, &printed);
        free(cut);
    }
    buffer_fini(&wire);
}

static nrpc_code read_text(const char *type, const char *text, size_t size, char reason[64])
{
    buffer wire = {0};
    nrpc_status status = {0};
    nrpc_code code = json_to_wire(fixture_type(type), text, size, &wire, &status);
    snprintf(reason, 64, "%s", status.reason ? status.reason : "");
    nrpc_status_fini(&status);
    buffer_fini(&wire);
    return code;
}

static char *repeat(const char *a, const char *middle, const char *b, size_t times)
{
    buffer text = {0};
    for (size_t i = 0; i < times; i++)
        buffer_append_text(&text, a);
    buffer_append_text(&text, middle);
    for (size_t i = 0; i < times; i++)
        buffer_append_text(&text, b);
    return buffer_take(&text, NULL);
}

static void json_nested_too_deep_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *open;
        const char *close;
        size_t times;
        nrpc_code code;
    } cases[] = {
        {"{\"only\":", "}", 99, NRPC_OK}, // and the {} in the middle
        {"{\"only\":", "}", 100, NRPC_INVALID_ARGUMENT},
        {"{\"branches\":[", "]}", 99, NRPC_OK},
        {"{\"branches\":[", "]}", 100, NRPC_INVALID_ARGUMENT},
        {"{\"only\":", "}", 1000000, NRPC_INVALID_ARGUMENT},
        {"[", "]", 1000000, NRPC_INVALID_ARGUMENT},
        {"[", "", 1000000, NRPC_INVALID_ARGUMENT},
        {"{\"a\":", "", 1000000, NRPC_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char reason[64];
        char *text = repeat(cases[i].open, "{}", cases[i].close, cases[i].times);
        assert_int_equal(read_text("Tree", text, strlen(text), reason), cases[i].code);
        if (cases[i].code)
            assert_string_equal(reason, "TOO_DEEP");
        free(text);
    }
}

static void anys_nested_too_deep_are_refused(void **state)
{
    (void)state;
    char reason[64];
    char *text = repeat("{\"@type\":\"x/google.protobuf.Any\",\"value\":", "{}", "}", 200);
    buffer outer = {0};
    buffer_printf(&outer, "{\"any\":%s}", text);
    assert_int_equal(read_text("Known", (const char *)outer.data, outer.size, reason),
                     NRPC_INVALID_ARGUMENT);
    assert_string_equal(reason, "TOO_DEEP");
    buffer_fini(&outer);
    free(text);
}

static void wire_nested_too_deep_is_refused(void **state)
{
    (void)state;
    const schema_message *tree = fixture_type("Tree");
    buffer inner = {0};
    for (int i = 0; i < 3000; i++) {
        buffer outer = {0}, text = {0};
        put_buffer(&outer, 3, &inner);
        buffer_fini(&inner);
        inner = outer;
        nrpc_status status = {0};
        nrpc_code code = wire_to_json(tree, inner.data, inner.size, 0, &text, &status);
        assert_int_equal(code, i < 99 ? NRPC_OK : NRPC_INVALID_ARGUMENT);
        if (code)
            assert_string_equal(status.reason, "TOO_DEEP");
        nrpc_status_fini(&status);
        buffer_fini(&text);
    }
    buffer_fini(&inner);
}

static void texts_with_any_byte_changed_never_crash(void **state)
{
    (void)state;
    char text[] =
        "{\"zones\":[{\"name\":\"a\\u00e9\",\"areaKm2\":12345678901234567.5e-3,\"labels\":"
        "{\"-1\":\"y\"},\"current\":{\"seen\":\"2023-11-01T08:00:00.5+08:00\"}}]}";
    char reason[64];
    random_bits r = {3};
    for (int i = 0; i < 20000; i++) {
        size_t at = next(&r) % (sizeof text - 1);
        char kept = text[at];
        text[at] = (char)next(&r);
        // The exact bytes on the heap, so that a read beyond them is seen.
        size_t size = next(&r) % 4 ? sizeof text - 1 : next(&r) % sizeof text;
        char *copy = malloc(size ? size : 1);
        memcpy(copy, text, size);
        read_text("Zones", copy, size, reason);
        free(copy);
        text[at] = kept;
    }
}

static void long_numbers_and_names_cost_little(void **state)
{
    (void)state;
    char reason[64];
    char *digits = repeat("1", "", "0", 500000);
    buffer text = {0};
    buffer_printf(&text, "{\"anInt64\":%s}", digits);
    assert_int_equal(read_text("Scalars", (const char *)text.data, text.size, reason),
                     NRPC_INVALID_ARGUMENT);
    assert_string_equal(reason, "OUT_OF_RANGE");
    buffer_clear(&text);
    buffer_printf(&text, "{\"aDouble\":0.%s}", digits);
    read_text("Scalars", (const char *)text.data, text.size, reason);
    buffer_clear(&text);
    buffer_printf(&text, "{\"%s\":1}", digits);
    nrpc_status status = {0};
    buffer wire = {0};
    assert_int_equal(
        json_to_wire(fixture_type("Scalars"), (const char *)text.data, text.size, &wire, &status),
        NRPC_INVALID_ARGUMENT);
    assert_string_equal(status.reason, "UNKNOWN_FIELD");
    nrpc_status_fini(&status);
    free(digits);
    buffer_fini(&text);
    buffer_fini(&wire);
}

static void comments_carry_no_control_characters(void **state)
{
    (void)state;
    buffer set = {0}, file = {0}, message = {0}, info = {0}, location = {0}, path = {0};
    put_text(&file, 1, "a");
    put_text(&file, 12, "proto3");
    put_text(&message, 1, "M");
    put_buffer(&file, 4, &message);
    put_hex(&path, "04 00");
    put_buffer(&location, 1, &path);
    put_text(&location, 3, " red \033[31m\xC2\x9B\x7F\r\n  two\n\n");
    put_buffer(&info, 1, &location);
    put_buffer(&file, 9, &info);
    put_buffer(&set, 1, &file);
    schema *pool;
    buffer text = {0};
    assert_int_equal(schema_load(set.data, set.size, &pool, NULL), NRPC_OK);
    assert_int_equal(schema_describe(schema_find(pool, "M"), &text, NULL), NRPC_OK);
    char *shown = buffer_take(&text, NULL);
    assert_string_equal(shown, "// red [31m\n//  two\nmessage M {\n}\n");
    free(shown);
    schema_free(pool);
    buffer *all[] = {&set, &file, &message, &info, &location, &path};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        buffer_fini(all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_bytes_print_or_are_refused),
        cmocka_unit_test(random_messages_read_back),
        cmocka_unit_test(wire_bytes_cut_anywhere_print_or_are_refused),
        cmocka_unit_test(json_nested_too_deep_is_refused),
        cmocka_unit_test(anys_nested_too_deep_are_refused),
        cmocka_unit_test(wire_nested_too_deep_is_refused),
        cmocka_unit_test(texts_with_any_byte_changed_never_crash),
        cmocka_unit_test(long_numbers_and_names_cost_little),
        cmocka_unit_test(comments_carry_no_control_characters),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
