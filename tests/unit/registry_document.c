// The document of a resource: what conditions and orders compare, made from its packed bytes.
#include "registry/index/document.h"

#include "base/macros.h"
#include "descriptor_set.h"
#include "registry/body.h"
#include "schema/json.h"
#include "schema_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const resource_type no_resource;

static char *document_of(const resource_type *type, const schema_message *message,
                         const buffer *body, const buffer *extra)
{
    buffer out = {0};
    store_bytes pieces[] = {{body->data, body->size}, {0}};
    if (extra)
        pieces[1] = (store_bytes){extra->data, extra->size};
    assert_true(document_make(type, message, pieces[0], pieces[1], &out));
    return buffer_take(&out, NULL);
}

static void expect_json(const char *message, const char *json, const char *document)
{
    buffer wire = {0};
    nrpc_status status = {0};
    if (json_to_wire(fixture_type(message), json, strlen(json), &wire, &status))
        fail_msg("%s", status.message);
    char *made = document_of(&no_resource, fixture_type(message), &wire, NULL);
    assert_string_equal(made, document);
    free(made);
    buffer_fini(&wire);
}

static void expect_hex(const char *message, const char *hex, const char *document)
{
    buffer wire = {0};
    put_hex(&wire, hex);
    char *made = document_of(&no_resource, fixture_type(message), &wire, NULL);
    assert_string_equal(made, document);
    free(made);
    buffer_fini(&wire);
}

static void every_scalar_is_written_as_conditions_compare_it(void **state)
{
    (void)state;
    expect_json(
        "Scalars",
        "{\"aDouble\": 179.66, \"aFloat\": 0.1, \"anInt64\": \"-9223372036854775808\","
        " \"aUint64\": \"18446744073709551615\", \"anInt32\": -5, \"aFixed64\": \"7\","
        " \"aFixed32\": 8, \"aBool\": true, \"aString\": \"\\\"喀\\u0001\","
        " \"someBytes\": \"AAAA\", \"aUint32\": 4294967295, \"color\": \"COLOR_BELOW\","
        " \"anSfixed32\": -1, \"anSfixed64\": \"-2\", \"anSint32\": -3, \"anSint64\": \"-4\"}",
        "{\"a_double\":179.66,\"a_float\":0.1,\"an_int64\":-9223372036854775808,"
        "\"a_uint64\":18446744073709551615,\"an_int32\":-5,\"a_fixed64\":7,\"a_fixed32\":8,"
        "\"a_bool\":1,\"a_string\":\"\\\"喀\\u0001\",\"a_uint32\":4294967295,\"color\":-1,"
        "\"an_sfixed32\":-1,\"an_sfixed64\":-2,\"an_sint32\":-3,\"an_sint64\":-4}");
}

static void what_is_unset_is_left_out(void **state)
{
    (void)state;
    expect_hex("Scalars", "", "{}");
    // Defaults that stand in the bytes all the same: a_double, an_int64, a_bool, a_string, color.
    expect_hex("Scalars", "09 0000000000000000 18 00 40 00 4a 00 70 00", "{}");
    expect_json("Lists", "{\"strings\": [\"\", \"b\"], \"flags\": [false], \"chunks\": [\"AA==\"]}",
                "{\"strings\":[\"b\"]}");
    // An empty message is there; an empty packed run is not.
    expect_hex("Lists", "32 00 12 00", "{\"scalars\":[{}]}");
}

static void lists_are_arrays_packed_or_not(void **state)
{
    (void)state;
    expect_hex("Lists", "12 03 01 02 03 10 04 12 01 05", "{\"ints\":[1,2,3,4,5]}");
    expect_hex("Lists", "38 01 38 02 3a 01 03", "{\"loose\":[-1,1,-2]}");
    expect_hex("Lists", "48 01", "{}"); // another wire type than the schema's
    expect_hex("Lists", "4a 08 01000000 02000000", "{\"words\":[1,2]}");
}

static void repeated_occurrences_merge(void **state)
{
    (void)state;
    expect_hex("Scalars", "28 05 28 06", "{\"an_int32\":6}");
    expect_hex("Scalars", "28 05 28 00", "{}");
    // Tree.only twice: its ids replace each other, its branches join.
    expect_hex("Tree", "1a 08 0a 01 61 12 03 0a 01 62 1a 08 0a 01 63 12 03 0a 01 64",
               "{\"only\":{\"id\":\"c\",\"branches\":[{\"id\":\"b\"},{\"id\":\"d\"}]}}");
    // Of a oneof the last member counts.
    expect_hex("Choice", "0a 01 61 10 05", "{\"number\":5}");
    expect_hex("Choice", "10 05 0a 01 61", "{\"text\":\"a\"}");
}

static void body_and_extra_are_one_message(void **state)
{
    (void)state;
    buffer body = {0}, extra = {0};
    put_hex(&body, "0a 01 61 1a 03 0a 01 62");
    put_hex(&extra, "1a 05 12 03 0a 01 63 12 03 0a 01 64");
    char *made = document_of(&no_resource, fixture_type("Tree"), &body, &extra);
    assert_string_equal(made, "{\"id\":\"a\",\"branches\":[{\"id\":\"d\"}],"
                              "\"only\":{\"id\":\"b\",\"branches\":[{\"id\":\"c\"}]}}");
    free(made);
    buffer_fini(&body);
    buffer_fini(&extra);
}

static void a_resource_has_spans_for_dates_and_keys_for_decimals(void **state)
{
    (void)state;
    schema *pool;
    nrpc_status status = {0};
    resource_type types[RESOURCE_KINDS];
    assert_int_equal(resource_types_init(types, &status), NRPC_OK);
    assert_int_equal(
        schema_load(ftz_descriptor_set_data(), ftz_descriptor_set_size(), &pool, &status), NRPC_OK);
    const resource_type *type = &types[RESOURCE_EVENT];
    const schema_message *message = schema_find_message(pool, type->message->name);
    static const char json[] =
        "{\"name\": \"zones/a/events/b\", \"title\": \"t\", \"date\": {\"year\": 2024, \"month\": "
        "2},"
        " \"endDate\": {\"year\": 2024}, \"publicationDate\": {\"year\": 2023, \"month\": 2,"
        " \"day\": 29}, \"quantities\": [{\"id\": \"x\", \"value\": {\"value\": \"1.50\"}},"
        " {\"id\": \"y\", \"value\": {\"value\": \"\"}}], \"uid\": \"u\","
        " \"etag\": \"e\", \"revision\": \"7\", \"createTime\": \"2024-01-01T00:00:00Z\","
        " \"remarks\": [{\"id\": \"r\", \"kind\": \"REMARK_KIND_GAP\"}]}";
    buffer wire = {0}, body = {0}, extra = {0};
    if (json_to_wire(message, json, strlen(json), &wire, &status))
        fail_msg("%s", status.message);
    assert_true(body_split(type, wire.data, wire.size, &body, &extra));
    assert_true(extra.size > 0);
    char *made = document_of(type, message, &body, &extra);
    assert_string_equal(made,
                        "{\"title\":\"t\","
                        "\"date\":{\"first\":20240201,\"last\":20240229,\"year\":2024,\"month\":2},"
                        "\"end_date\":{\"first\":20240101,\"last\":20241231,\"year\":2024},"
                        "\"quantities\":[{\"id\":\"x\",\"value\":\"150115\"},{\"id\":\"y\"}],"
                        "\"remarks\":[{\"id\":\"r\",\"kind\":3}]}");
    free(made);
    // The registry's own fields are left out also where they stand in the bytes.
    char *whole = document_of(type, message, &wire, NULL);
    assert_null(strstr(whole, "uid"));
    assert_null(strstr(whole, "create_time"));
    assert_null(strstr(whole, "\"name\""));
    free(whole);
    buffer_fini(&wire);
    buffer_fini(&body);
    buffer_fini(&extra);
    schema_free(pool);
}

static void malformed_bytes_fail_and_leave_the_buffer_as_it_was(void **state)
{
    (void)state;
    static const struct {
        const char *message, *hex;
    } cases[] = {
        {"Scalars", "28"},                  // a tag without value
        {"Scalars", "4a 05 61"},            // a string cut off
        {"Scalars", "4a 01 ff"},            // no UTF-8
        {"Scalars", "4a 02 61 00"},         // NUL
        {"Scalars", "09 000000000000f07f"}, // infinity
        {"Tree", "12 02 0a 05"},            // inside an element
        {"Lists", "12 02 01 80"},           // a packed run cut off
        {"Lists", "4a 03 010203"},          //
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buffer wire = {0}, out = {0};
        put_hex(&wire, cases[i].hex);
        buffer_append_text(&out, "before");
        assert_false(document_make(&no_resource, fixture_type(cases[i].message),
                                   (store_bytes){wire.data, wire.size}, (store_bytes){0}, &out));
        assert_int_equal(out.size, strlen("before"));
        buffer_fini(&out);
        buffer_fini(&wire);
    }
}

static void messages_are_read_only_so_deep(void **state)
{
    (void)state;
    buffer wire = {0}, out = {0};
    for (int i = 0; i < 100; i++) {
        buffer outer = {0};
        put_buffer(&outer, 3, &wire); // Tree.only
        buffer_fini(&wire);
        wire = outer;
    }
    assert_false(document_make(&no_resource, fixture_type("Tree"),
                               (store_bytes){wire.data, wire.size}, (store_bytes){0}, &out));
    buffer_fini(&wire);
    buffer_fini(&out);
}

static void a_full_buffer_is_no_document(void **state)
{
    (void)state;
    buffer wire = {0};
    put_hex(&wire, "0a 01 61 12 03 0a 01 62 1a 03 0a 01 63");
    char *whole = document_of(&no_resource, fixture_type("Tree"), &wire, NULL);
    for (size_t limit = 1; limit <= strlen(whole); limit++) {
        buffer out = {.limit = limit};
        assert_int_equal(document_make(&no_resource, fixture_type("Tree"),
                                       (store_bytes){wire.data, wire.size}, (store_bytes){0}, &out),
                         limit == strlen(whole));
        buffer_fini(&out);
    }
    free(whole);
    buffer_fini(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scalar_is_written_as_conditions_compare_it),
        cmocka_unit_test(what_is_unset_is_left_out),
        cmocka_unit_test(lists_are_arrays_packed_or_not),
        cmocka_unit_test(repeated_occurrences_merge),
        cmocka_unit_test(body_and_extra_are_one_message),
        cmocka_unit_test(a_resource_has_spans_for_dates_and_keys_for_decimals),
        cmocka_unit_test(malformed_bytes_fail_and_leave_the_buffer_as_it_was),
        cmocka_unit_test(messages_are_read_only_so_deep),
        cmocka_unit_test(a_full_buffer_is_no_document),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
