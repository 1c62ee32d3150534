// What schema_load makes of a descriptor set, and what it refuses.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/pbwire.h"
#include "descriptor_set.h"
#include "unit/schema_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void names_types_and_numbers_of_fields(void **state)
{
    (void)state;
    const schema_message *m = fixture_type("Scalars");
    assert_string_equal(m->name, "Scalars");
    assert_string_equal(m->comment.leading, "One field of every scalar type.");
    assert_int_equal(m->field_count, 16);
    for (size_t i = 1; i < m->field_count; i++)
        assert_true(m->fields[i - 1].number < m->fields[i].number);
    const schema_field *f = schema_message_number(m, 14);
    assert_string_equal(f->name, "color");
    assert_string_equal(f->full_name, "schema.test.Scalars.color");
    assert_int_equal(f->type, SCHEMA_ENUM);
    assert_string_equal(f->enumeration->full_name, "schema.test.Color");
    assert_null(schema_message_number(m, 10));
    assert_null(schema_message_number(m, 19));
    assert_null(schema_message_number(m, 0));
}

static void fields_are_found_by_both_names(void **state)
{
    (void)state;
    const schema_message *zone = fixture_type("Zone");
    const schema_field *f = schema_message_field(zone, "size_history", 12);
    assert_non_null(f);
    assert_ptr_equal(f, schema_message_field(zone, "sizeHistory", 11));
    assert_true(f->repeated && !schema_field_is_map(f));
    assert_string_equal(f->message->full_name, "schema.test.Size");
    assert_string_equal(schema_message_field(zone, "renamed", 7)->json_name, "somethingElse");
    assert_non_null(schema_message_field(zone, "somethingElse", 13));
    assert_null(schema_message_field(zone, "sizehistory", 11));
    assert_null(schema_message_field(zone, "", 0));
    assert_true(schema_field_is_map(schema_message_field(zone, "labels", 6)));
}

static void comments_stand_where_they_were_written(void **state)
{
    (void)state;
    const schema_message *zone = fixture_type("Zone");
    const schema_field *name = schema_message_field(zone, "name", 4);
    assert_string_equal(name->comment.leading, "Leading comment.");
    assert_string_equal(name->comment.trailing, "Trailing comment.");
    const schema_enum *color = schema_find_enum(fixture_pool(), "schema.test.Color");
    assert_string_equal(color->comment.leading, "A colour.\n\nOf two paragraphs.");
    assert_string_equal(color->values[0].comment.leading, "Nothing said.");
    assert_string_equal(color->values[3].comment.trailing, "Less than nothing.");
    const schema_message *choice = fixture_type("Choice");
    assert_string_equal(choice->oneofs[0].comment.leading, "What was chosen.");
    const schema_method *get =
        schema_find_method(fixture_pool(), "schema.test.ZoneService/GetZone");
    assert_string_equal(get->comment.leading, "Finds one.");
    assert_string_equal(get->service->comment.leading, "Serves zones.");
}

static void field_behavior_and_deprecation_are_read(void **state)
{
    (void)state;
    const schema_message *zone = fixture_type("Zone");
    assert_int_equal(schema_message_field(zone, "name", 4)->behaviors, SCHEMA_IDENTIFIER);
    assert_int_equal(schema_message_field(zone, "names", 5)->behaviors, SCHEMA_REQUIRED);
    assert_int_equal(schema_message_field(zone, "area_km2", 8)->behaviors,
                     SCHEMA_OUTPUT_ONLY | SCHEMA_IMMUTABLE);
    assert_int_equal(schema_message_field(zone, "codes", 5)->behaviors, 0);
    assert_true(schema_message_field(zone, "old", 3)->deprecated);
    assert_false(schema_message_field(zone, "name", 4)->deprecated);
    assert_true(schema_find_enum(fixture_pool(), "schema.test.Color")->values[2].deprecated);
    assert_true(
        schema_find_method(fixture_pool(), "schema.test.ZoneService.WatchZones")->deprecated);
}

static void presence_packing_and_oneofs(void **state)
{
    (void)state;
    const schema_message *choice = fixture_type("Choice");
    assert_int_equal(choice->oneof_count, 1);
    const schema_field *text = schema_message_field(choice, "text", 4);
    assert_ptr_equal(text->oneof, &choice->oneofs[0]);
    assert_true(text->presence);
    const schema_field *maybe = schema_message_field(choice, "maybe", 5);
    assert_null(maybe->oneof);
    assert_true(maybe->presence);
    const schema_message *lists = fixture_type("Lists");
    assert_true(schema_message_field(lists, "ints", 4)->packed);
    assert_false(schema_message_field(lists, "loose", 5)->packed);
    assert_false(schema_message_field(lists, "strings", 7)->packed);
    assert_false(schema_message_field(fixture_type("Scalars"), "an_int32", 8)->presence);
    assert_true(schema_message_field(fixture_type("Zone"), "current", 7)->presence);
}

static void symbols_are_found_in_every_spelling(void **state)
{
    (void)state;
    const schema *pool = fixture_pool();
    assert_int_equal(schema_find(pool, "schema.test.Zone")->kind, SCHEMA_KIND_MESSAGE);
    assert_int_equal(schema_find(pool, ".schema.test.Zone.Inner.Kind")->kind, SCHEMA_KIND_ENUM);
    assert_int_equal(schema_find(pool, "schema.test.ZoneService")->kind, SCHEMA_KIND_SERVICE);
    const schema_method *watch = schema_find_method(pool, "schema.test.ZoneService.WatchZones");
    assert_ptr_equal(watch, schema_find_method(pool, "schema.test.ZoneService/WatchZones"));
    assert_true(watch->client_streaming && watch->server_streaming);
    assert_string_equal(watch->input->full_name, "schema.test.Name");
    assert_string_equal(watch->output->full_name, "schema.test.Zone");
    assert_null(schema_find(pool, "schema.test/ZoneService"));
    assert_null(schema_find(pool, "schema.test.Maps.TextsEntry"));
    assert_null(schema_find(pool, ""));
    assert_null(schema_find(pool, "."));
    assert_null(schema_find_message(pool, "schema.test.Color"));
    assert_string_equal(schema_suggest(pool, "schema.test.Zonne"), "schema.test.Zone");
    assert_null(schema_suggest(pool, "something entirely else"));
    size_t count;
    const schema_symbol *all = schema_symbols(pool, &count);
    for (size_t i = 1; i < count; i++)
        assert_true(strcmp(all[i - 1].name, all[i].name) < 0);
}

static void enum_values_by_name_and_number(void **state)
{
    (void)state;
    const schema_enum *alias = schema_find_enum(fixture_pool(), "schema.test.Alias");
    assert_string_equal(schema_enum_by_number(alias, 1)->name, "ALIAS_ONE");
    assert_int_equal(schema_enum_by_name(alias, "ALIAS_EINS", 10)->number, 1);
    assert_null(schema_enum_by_number(alias, 2));
    const schema_enum *color = schema_find_enum(fixture_pool(), "schema.test.Color");
    assert_string_equal(schema_enum_by_number(color, -1)->name, "COLOR_BELOW");
    assert_null(schema_enum_by_name(color, "COLOR_RE", 8));
}

static void the_servers_own_set_loads(void **state)
{
    (void)state;
    schema *pool;
    nrpc_status status = {0};
    if (schema_load(ftz_descriptor_set_data(), ftz_descriptor_set_size(), &pool, &status))
        fail_msg("%s", status.message);
    assert_non_null(schema_find_message(pool, "ftz.v1.Zone"));
    schema_free(pool);
}

// The bytes of the test's own file within the set.
static pbwire_field own_file(const uint8_t *set, size_t size)
{
    pbwire_reader r = pbwire_read(set, size);
    pbwire_field f, last = {0};
    while (pbwire_next(&r, &f))
        last = f; // protoc puts a file behind its imports
    return last;
}

static void a_file_cut_at_any_byte_is_refused_or_whole(void **state)
{
    (void)state;
    size_t size;
    uint8_t *all = fixture_read(SCHEMA_TEST_SET, &size);
    pbwire_field file = own_file(all, size);
    size_t whole = 0;
    for (size_t n = 0; n < file.size; n++) {
        // Of the exact size, so that a read beyond it is seen.
        uint8_t *cut = malloc(pbwire_bytes_size(1, n));
        size_t cut_size = (size_t)(pbwire_put_bytes(cut, 1, file.data, n) - cut);
        schema *pool;
        nrpc_status status = {0};
        if (schema_load(cut, cut_size, &pool, &status) == NRPC_OK)
            whole++;
        else
            assert_non_null(status.reason);
        schema_free(pool);
        nrpc_status_fini(&status);
        free(cut);
    }
    assert_int_equal(whole, 2); // behind its name and its package; then imports are missing
    free(all);
}

static void a_set_with_any_byte_changed_never_crashes(void **state)
{
    (void)state;
    size_t size;
    uint8_t *all = fixture_read(SCHEMA_TEST_SET, &size);
    pbwire_field file = own_file(all, size);
    uint32_t seed = 1;
    for (int i = 0; i < 1000; i++) {
        schema *pool;
        seed = seed * 1664525 + 1013904223;
        size_t at = (size_t)(file.data - all) + (seed >> 4) % file.size;
        uint8_t kept = all[at];
        all[at] = (uint8_t)(seed >> 24);
        if (schema_load(all, size, &pool, NULL) == NRPC_OK)
            schema_free(pool);
        all[at] = kept;
    }
    free(all);
}

// Hand-made files: package "p", and what a test adds.
static buffer file_of(const char *name)
{
    buffer b = {0};
    put_text(&b, 1, name);
    put_text(&b, 2, "p");
    put_text(&b, 12, "proto3");
    return b;
}

static void add_message(buffer *file, const char *name, const buffer *field)
{
    buffer m = {0};
    put_text(&m, 1, name);
    if (field)
        put_buffer(&m, 2, field);
    put_buffer(file, 4, &m);
    buffer_fini(&m);
}

static buffer field_of(const char *name, unsigned number, schema_type type, const char *target)
{
    buffer f = {0};
    put_text(&f, 1, name);
    put_number(&f, 3, number);
    put_number(&f, 4, 1);
    put_number(&f, 5, type);
    if (target)
        put_text(&f, 6, target);
    return f;
}

static void expect_refused(buffer *files, size_t count, nrpc_code code, const char *reason)
{
    buffer set = {0};
    for (size_t i = 0; i < count; i++) {
        put_buffer(&set, 1, &files[i]);
        buffer_fini(&files[i]);
    }
    schema *pool;
    nrpc_status status = {0};
    assert_int_equal(schema_load(set.data, set.size, &pool, &status), code);
    assert_null(pool);
    assert_string_equal(status.reason, reason);
    assert_true(strlen(status.message) > 0);
    nrpc_status_fini(&status);
    buffer_fini(&set);
}

static void a_symbol_declared_twice_is_refused(void **state)
{
    (void)state;
    buffer files[] = {file_of("a"), file_of("b")};
    add_message(&files[0], "M", NULL);
    add_message(&files[1], "M", NULL);
    expect_refused(files, 2, NRPC_INVALID_ARGUMENT, "DUPLICATE_SYMBOL");
    buffer same[] = {file_of("a"), file_of("a")};
    expect_refused(same, 2, NRPC_INVALID_ARGUMENT, "DUPLICATE_SYMBOL");
}

static void a_type_that_is_not_there_is_refused(void **state)
{
    (void)state;
    static const char *const targets[] = {".p.Missing", "M", ".p.M.x", "."};
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        buffer file = file_of("a"), field = field_of("x", 1, SCHEMA_MESSAGE, targets[i]);
        add_message(&file, "M", &field);
        buffer_fini(&field);
        expect_refused(&file, 1, NRPC_INVALID_ARGUMENT, "UNRESOLVED_SYMBOL");
    }
    buffer file = file_of("a"), field = field_of("x", 1, SCHEMA_ENUM, ".p.M");
    add_message(&file, "M", &field);
    buffer_fini(&field);
    expect_refused(&file, 1, NRPC_INVALID_ARGUMENT, "UNRESOLVED_SYMBOL");
}

static void imports_that_are_missing_or_cyclic_are_refused(void **state)
{
    (void)state;
    buffer missing = file_of("a");
    put_text(&missing, 3, "b");
    expect_refused(&missing, 1, NRPC_INVALID_ARGUMENT, "MISSING_IMPORT");
    buffer cycle[] = {file_of("a"), file_of("b"), file_of("c")};
    put_text(&cycle[0], 3, "b");
    put_text(&cycle[1], 3, "c");
    put_text(&cycle[2], 3, "a");
    expect_refused(cycle, 3, NRPC_INVALID_ARGUMENT, "IMPORT_CYCLE");
    buffer self = file_of("a");
    put_text(&self, 3, "a");
    expect_refused(&self, 1, NRPC_INVALID_ARGUMENT, "IMPORT_CYCLE");
}

static void fields_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned number;
        unsigned type;
        const char *reason;
    } cases[] = {
        {"x", 0, SCHEMA_INT32, "MALFORMED_DESCRIPTOR"},
        {"x", 1u << 29, SCHEMA_INT32, "MALFORMED_DESCRIPTOR"},
        {"x", 1, 0, "MALFORMED_DESCRIPTOR"},
        {"x", 1, 19, "MALFORMED_DESCRIPTOR"},
        {"x", 1, 10, "UNSUPPORTED_DESCRIPTOR"},
        {"x.y", 1, SCHEMA_INT32, "MALFORMED_DESCRIPTOR"},
        {"", 1, SCHEMA_INT32, "MALFORMED_DESCRIPTOR"},
        {"1x", 1, SCHEMA_INT32, "MALFORMED_DESCRIPTOR"},
        {"x\033[31m", 1, SCHEMA_INT32, "MALFORMED_DESCRIPTOR"},
        {"x\xff", 1, SCHEMA_INT32, "MALFORMED_DESCRIPTOR"},
        {"x", 1, SCHEMA_MESSAGE, "MALFORMED_DESCRIPTOR"}, // with no type name
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buffer file = file_of("a");
        buffer field = field_of(cases[i].name, cases[i].number, (schema_type)cases[i].type, NULL);
        add_message(&file, "M", &field);
        buffer_fini(&field);
        expect_refused(&file, 1, NRPC_INVALID_ARGUMENT, cases[i].reason);
    }
}

static void two_fields_of_one_number_or_name_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned number;
        const char *reason;
    } second[] = {{"y", 1, "MALFORMED_DESCRIPTOR"},
                  {"x", 2, "DUPLICATE_SYMBOL"},
                  {"fooBar", 2, "DUPLICATE_SYMBOL"}}; // the JSON name of foo_bar
    for (size_t i = 0; i < ARRAY_LEN(second); i++) {
        buffer file = file_of("a"), m = {0};
        buffer a = field_of(i == 2 ? "foo_bar" : "x", 1, SCHEMA_INT32, NULL);
        buffer b = field_of(second[i].name, second[i].number, SCHEMA_INT32, NULL);
        put_text(&m, 1, "M");
        put_buffer(&m, 2, &a);
        put_buffer(&m, 2, &b);
        put_buffer(&file, 4, &m);
        buffer_fini(&a);
        buffer_fini(&b);
        buffer_fini(&m);
        expect_refused(&file, 1, NRPC_INVALID_ARGUMENT, second[i].reason);
    }
}

static void a_map_entry_of_the_wrong_shape_is_refused(void **state)
{
    (void)state;
    buffer file = file_of("a"), m = {0}, entry = {0}, options = {0};
    put_number(&options, 7, 1);
    put_text(&entry, 1, "E");
    put_buffer(&entry, 7, &options);
    put_text(&m, 1, "M");
    put_buffer(&m, 3, &entry);
    put_buffer(&file, 4, &m);
    buffer_fini(&options);
    buffer_fini(&entry);
    buffer_fini(&m);
    expect_refused(&file, 1, NRPC_INVALID_ARGUMENT, "MALFORMED_DESCRIPTOR");
}

static void messages_nested_too_deep_are_refused(void **state)
{
    (void)state;
    buffer inner = {0};
    put_text(&inner, 1, "M");
    for (int i = 0; i < 100000 && inner.size < 1000000; i++) {
        buffer outer = {0};
        put_text(&outer, 1, "M");
        put_buffer(&outer, 3, &inner);
        buffer_fini(&inner);
        inner = outer;
        if (i > 2000)
            break;
    }
    buffer file = file_of("a");
    put_buffer(&file, 4, &inner);
    buffer_fini(&inner);
    expect_refused(&file, 1, NRPC_INVALID_ARGUMENT, "MALFORMED_DESCRIPTOR");
}

static void a_syntax_of_the_future_is_refused(void **state)
{
    (void)state;
    buffer file = file_of("a");
    put_text(&file, 12, "editions");
    expect_refused(&file, 1, NRPC_INVALID_ARGUMENT, "UNSUPPORTED_DESCRIPTOR");
}

static void a_small_set_that_needs_much_memory_is_refused(void **state)
{
    (void)state;
    buffer file = file_of("a");
    for (int i = 0; i < 400000; i++) {
        char name[16];
        snprintf(name, sizeof name, "M%d", i);
        add_message(&file, name, NULL);
    }
    expect_refused(&file, 1, NRPC_RESOURCE_EXHAUSTED, "DESCRIPTOR_TOO_LARGE");
}

static void an_empty_set_is_an_empty_pool(void **state)
{
    (void)state;
    schema *pool;
    size_t count;
    assert_int_equal(schema_load("", 0, &pool, NULL), NRPC_OK);
    schema_symbols(pool, &count);
    assert_int_equal(count, 0);
    assert_null(schema_find(pool, "a.b"));
    schema_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_types_and_numbers_of_fields),
        cmocka_unit_test(fields_are_found_by_both_names),
        cmocka_unit_test(comments_stand_where_they_were_written),
        cmocka_unit_test(field_behavior_and_deprecation_are_read),
        cmocka_unit_test(presence_packing_and_oneofs),
        cmocka_unit_test(symbols_are_found_in_every_spelling),
        cmocka_unit_test(enum_values_by_name_and_number),
        cmocka_unit_test(the_servers_own_set_loads),
        cmocka_unit_test(a_file_cut_at_any_byte_is_refused_or_whole),
        cmocka_unit_test(a_set_with_any_byte_changed_never_crashes),
        cmocka_unit_test(a_symbol_declared_twice_is_refused),
        cmocka_unit_test(a_type_that_is_not_there_is_refused),
        cmocka_unit_test(imports_that_are_missing_or_cyclic_are_refused),
        cmocka_unit_test(fields_that_make_no_sense_are_refused),
        cmocka_unit_test(two_fields_of_one_number_or_name_are_refused),
        cmocka_unit_test(a_map_entry_of_the_wrong_shape_is_refused),
        cmocka_unit_test(messages_nested_too_deep_are_refused),
        cmocka_unit_test(a_syntax_of_the_future_is_refused),
        cmocka_unit_test(a_small_set_that_needs_much_memory_is_refused),
        cmocka_unit_test(an_empty_set_is_an_empty_pool),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
