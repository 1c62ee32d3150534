// Field paths, request templates, descriptions and suggestions.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "schema/describe.h"
#include "schema/fieldpath.h"
#include "schema/json.h"
#include "schema/suggest.h"
#include "schema/template.h"
#include "unit/schema_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void good_paths_lead_to_their_field(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *field;
        size_t count;
        bool element;
    } cases[] = {
        {"name", "name", 1, false},
        {"area_km2", "area_km2", 1, false},
        {"size_history", "size_history", 1, false},
        {"size_history.2019-08-06", "size_history", 2, true},
        {"size_history.2019-08-06.area_km2", "area_km2", 3, false},
        {"size_history.`a.b c`.area_km2", "area_km2", 3, false},
        {"sizes_by_name.x.seen.seconds", "seconds", 4, false},
        {"labels.-7", "labels", 2, true},
        {"codes", "codes", 1, false},
        {"inner.kind", "kind", 2, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fieldpath path;
        nrpc_status status = {0};
        if (fieldpath_resolve(fixture_type("Zone"), cases[i].path, &path, &status))
            fail_msg("%s: %s", cases[i].path, status.message);
        assert_string_equal(path.field->name, cases[i].field);
        assert_int_equal(path.count, cases[i].count);
        assert_int_equal(path.element, cases[i].element);
    }
    fieldpath path;
    assert_int_equal(fieldpath_resolve(fixture_type("Zone"), "size_history.`a.b`", &path, NULL), 0);
    assert_null(path.segments[1].field);
    assert_int_equal(path.segments[1].size, 3);
    assert_memory_equal(path.segments[1].text, "a.b", 3);
}

static void bad_paths_name_their_segment(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *segment;
        const char *suggestion;
    } cases[] = {
        {"", "\"\"", NULL},
        {"name.", "\"\"", NULL},
        {".name", "\"\"", NULL},
        {"size_history..area_km2", "\"\"", NULL},
        {"nmae", "\"nmae\"", "name"},
        {"areaKm2", "\"areaKm2\"", "area_km2"}, // JSON names do not stand in paths
        {"size_history.x.area_km", "\"area_km\"", "area_km2"},
        {"name.text", "\"text\"", NULL},
        {"names.0", "\"0\"", NULL}, // its elements have no id
        {"codes.0", "\"0\"", NULL},
        {"labels.x", "\"x\"", NULL},
        {"labels.1.text", "\"text\"", NULL},
        {"size_history.*", "\"*\"", NULL},
        {"size_history.`x", "\"x\"", NULL},
        {"size_history.``", "\"\"", NULL},
        {"size_history.`x`y", "\"x\"", NULL},
        {"`name`", "\"name\"", "name"},
        {"name\033", "\"name\\u001b\"", NULL},
        {"current.current", "\"current\"", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fieldpath path;
        nrpc_status status = {0};
        if (!fieldpath_resolve(fixture_type("Zone"), cases[i].path, &path, &status))
            fail_msg("%s is taken", cases[i].path);
        assert_int_equal(status.code, NRPC_INVALID_ARGUMENT);
        assert_string_equal(status.reason, "INVALID_FIELD_PATH");
        assert_string_equal(nrpc_status_get(&status, "segment"), cases[i].segment);
        if (cases[i].suggestion)
            assert_string_equal(nrpc_status_get(&status, "suggestion"), cases[i].suggestion);
        nrpc_status_fini(&status);
    }
}

static void a_path_has_a_bounded_number_of_segments(void **state)
{
    (void)state;
    buffer text = {0};
    for (int i = 0; i < FIELDPATH_MAX; i++)
        buffer_append_text(&text, i ? ".only" : "only");
    buffer_append_byte(&text, 0);
    fieldpath path;
    const schema_message *tree = fixture_type("Tree");
    assert_int_equal(fieldpath_resolve(tree, (const char *)text.data, &path, NULL), NRPC_OK);
    assert_int_equal(path.count, FIELDPATH_MAX);
    text.size--;
    buffer_append(&text, ".only", 6);
    assert_int_equal(fieldpath_resolve(tree, (const char *)text.data, &path, NULL),
                     NRPC_INVALID_ARGUMENT);
    buffer_fini(&text);
}

static const char zone_json[] =
    "{\"name\":\"zones/a\",\"sizeHistory\":[{\"id\":\"2019\",\"areaKm2\":1},{\"id\":\"2020\"}],"
    "\"sizesByName\":{\"x\":{\"areaKm2\":2,\"seen\":\"1970-01-01T00:00:05Z\"}},"
    "\"labels\":{\"-7\":\"\"},\"current\":{},\"codes\":[\"c\"]}";

static void paths_are_looked_up_in_wire_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        nrpc_code code;
        bool set;
        const char *segment;
    } cases[] = {
        {"name", NRPC_OK, true, NULL},
        {"area_km2", NRPC_OK, false, NULL},
        {"names", NRPC_OK, false, NULL},
        {"codes", NRPC_OK, true, NULL},
        {"current", NRPC_OK, true, NULL},
        {"current.area_km2", NRPC_OK, false, NULL},
        {"inner.kind", NRPC_OK, false, NULL},
        {"size_history.2019", NRPC_OK, true, NULL},
        {"size_history.2019.area_km2", NRPC_OK, true, NULL},
        {"size_history.2020.area_km2", NRPC_OK, false, NULL},
        {"size_history.2021.area_km2", NRPC_NOT_FOUND, false, "\"2021\""},
        {"size_history.201", NRPC_NOT_FOUND, false, "\"201\""},
        {"sizes_by_name.x.seen.seconds", NRPC_OK, true, NULL},
        {"sizes_by_name.x.seen.nanos", NRPC_OK, false, NULL},
        {"sizes_by_name.y", NRPC_NOT_FOUND, false, "\"y\""},
        {"labels.-7", NRPC_OK, true, NULL},
        {"labels.7", NRPC_NOT_FOUND, false, "\"7\""},
    };
    buffer wire = {0};
    const schema_message *zone = fixture_type("Zone");
    assert_int_equal(json_to_wire(zone, zone_json, strlen(zone_json), &wire, NULL), NRPC_OK);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fieldpath path;
        nrpc_status status = {0};
        bool set = true;
        assert_int_equal(fieldpath_resolve(zone, cases[i].path, &path, NULL), NRPC_OK);
        nrpc_code code = fieldpath_find(&path, wire.data, wire.size, &set, &status);
        if (code != cases[i].code || set != cases[i].set)
            fail_msg("%s: %s %d", cases[i].path, nrpc_code_name(code), set);
        if (code)
            assert_string_equal(nrpc_status_get(&status, "segment"), cases[i].segment);
        nrpc_status_fini(&status);
        // Cut anywhere: an answer or an error, and no read beyond.
        for (size_t n = 0; n < wire.size; n++) {
            uint8_t *cut = malloc(n ? n : 1);
            memcpy(cut, wire.data, n);
            code = fieldpath_find(&path, cut, n, &set, NULL);
            assert_true(code == NRPC_OK || code == NRPC_NOT_FOUND || code == NRPC_INVALID_ARGUMENT);
            free(cut);
        }
    }
    buffer_fini(&wire);
}

static void a_template_has_every_field_and_reads_back(void **state)
{
    (void)state;
    size_t count;
    const schema_symbol *all = schema_symbols(fixture_pool(), &count);
    size_t tried = 0;
    for (size_t i = 0; i < count; i++) {
        if (all[i].kind != SCHEMA_KIND_MESSAGE ||
            all[i].message->well_known == SCHEMA_UNSUPPORTED_JSON)
            continue;
        buffer text = {0}, wire = {0};
        nrpc_status status = {0};
        assert_int_equal(schema_template(all[i].message, &text, &status), NRPC_OK);
        if (json_to_wire(all[i].message, (const char *)text.data, text.size, &wire, &status))
            fail_msg("%s: %s", all[i].name, status.message);
        buffer_fini(&text);
        buffer_fini(&wire);
        tried++;
    }
    assert_true(tried > 20);
}

static char *template_of(const char *type)
{
    buffer text = {0};
    assert_int_equal(schema_template(fixture_type(type), &text, NULL), NRPC_OK);
    return buffer_take(&text, NULL);
}

static void a_template_cuts_recursion_and_picks_of_a_oneof(void **state)
{
    (void)state;
    char *text = template_of("Tree");
    assert_string_equal(text, "{\n"
                              "  \"id\": \"\",\n"
                              "  \"branches\": [],\n"
                              "  \"only\": {},\n"
                              "  \"named\": {\n"
                              "    \"key\": {}\n"
                              "  }\n"
                              "}");
    free(text);
    text = template_of("Choice");
    assert_string_equal(text, "{\n  \"text\": \"\",\n  \"maybe\": 0,\n  \"perhaps\": \"\"\n}");
    free(text);
    text = template_of("Zone");
    assert_null(strstr(text, "\"areaKm2\": 0,\n  \"sizeHistory\"")); // output only
    assert_non_null(strstr(text, "\"kind\": \"KIND_UNSPECIFIED\""));
    assert_non_null(strstr(text, "\"seen\": \"1970-01-01T00:00:00Z\""));
    free(text);
}

// Every message holds ten of the next: written out, the first would have 10^20 fields.
static void a_template_does_not_explode(void **state)
{
    (void)state;
    buffer set = {0}, file = {0};
    put_text(&file, 1, "a");
    put_text(&file, 12, "proto3");
    for (int i = 0; i < 20; i++) {
        buffer message = {0};
        char name[16], target[16];
        snprintf(name, sizeof name, "M%d", i);
        snprintf(target, sizeof target, ".M%d", i + 1);
        put_text(&message, 1, name);
        for (unsigned n = 1; i < 19 && n <= 10; n++) {
            buffer field = {0};
            snprintf(name, sizeof name, "f%u", n);
            put_text(&field, 1, name);
            put_number(&field, 3, n);
            put_number(&field, 5, SCHEMA_MESSAGE);
            put_text(&field, 6, target);
            put_buffer(&message, 2, &field);
            buffer_fini(&field);
        }
        put_buffer(&file, 4, &message);
        buffer_fini(&message);
    }
    put_buffer(&set, 1, &file);
    schema *pool;
    buffer text = {0}, wire = {0};
    assert_int_equal(schema_load(set.data, set.size, &pool, NULL), NRPC_OK);
    const schema_message *first = schema_find_message(pool, "M0");
    assert_int_equal(schema_template(first, &text, NULL), NRPC_OK);
    assert_true(text.size > TEMPLATE_MAX_SIZE && text.size < TEMPLATE_MAX_SIZE + 8192);
    assert_int_equal(json_to_wire(first, (const char *)text.data, text.size, &wire, NULL), NRPC_OK);
    schema_free(pool);
    buffer_fini(&set);
    buffer_fini(&file);
    buffer_fini(&text);
    buffer_fini(&wire);
}

static void expect_description(const char *name, const char *expected)
{
    buffer text = {0};
    const schema_symbol *s = schema_find(fixture_pool(), name);
    assert_non_null(s);
    assert_int_equal(schema_describe(s, &text, NULL), NRPC_OK);
    char *shown = buffer_take(&text, NULL);
    assert_string_equal(shown, expected);
    free(shown);
}

static void descriptions_read_like_the_source(void **state)
{
    (void)state;
    expect_description("schema.test.Color", "// A colour.\n"
                                            "//\n"
                                            "// Of two paragraphs.\n"
                                            "enum schema.test.Color {\n"
                                            "  // Nothing said.\n"
                                            "  COLOR_UNSPECIFIED = 0;\n"
                                            "  COLOR_RED = 1;\n"
                                            "  COLOR_GREEN = 2 [deprecated = true];\n"
                                            "  // Less than nothing.\n"
                                            "  COLOR_BELOW = -1;\n"
                                            "}\n");
    expect_description("schema.test.Choice", "message schema.test.Choice {\n"
                                             "  // What was chosen.\n"
                                             "  oneof choice {\n"
                                             "    // As text.\n"
                                             "    string text = 1;\n"
                                             "    int32 number = 2;\n"
                                             "    schema.test.Scalars scalars = 3;\n"
                                             "    google.protobuf.Timestamp time = 4;\n"
                                             "  }\n"
                                             "  optional int32 maybe = 5;\n"
                                             "  optional string perhaps = 6;\n"
                                             "}\n");
    expect_description("schema.test.ZoneService",
                       "// Serves zones.\n"
                       "service schema.test.ZoneService {\n"
                       "  // Finds one.\n"
                       "  rpc GetZone(schema.test.Name) returns (schema.test.Zone);\n"
                       "  rpc WatchZones(stream schema.test.Name) returns (stream schema.test.Zone)"
                       " { option deprecated = true; }\n"
                       "}\n");
    expect_description("schema.test.ZoneService/GetZone",
                       "// Finds one.\n"
                       "rpc GetZone(schema.test.Name) returns (schema.test.Zone);\n");
    expect_description(
        "schema.test.Zone",
        "message schema.test.Zone {\n"
        "  message Inner {\n"
        "    enum Kind {\n"
        "      KIND_UNSPECIFIED = 0;\n"
        "    }\n"
        "    schema.test.Zone.Inner.Kind kind = 1;\n"
        "  }\n"
        "  // Leading comment.\n"
        "  // Trailing comment.\n"
        "  string name = 1 [(google.api.field_behavior) = IDENTIFIER];\n"
        "  repeated schema.test.Name names = 2 [(google.api.field_behavior) = REQUIRED];\n"
        "  double area_km2 = 3 [(google.api.field_behavior) = OUTPUT_ONLY, "
        "(google.api.field_behavior) = IMMUTABLE];\n"
        "  repeated schema.test.Size size_history = 4;\n"
        "  map<string, schema.test.Size> sizes_by_name = 5;\n"
        "  map<int32, string> labels = 6;\n"
        "  schema.test.Size current = 7;\n"
        "  repeated string codes = 8;\n"
        "  string old = 9 [deprecated = true];\n"
        "  string renamed = 10;\n"
        "  schema.test.Zone.Inner inner = 11;\n"
        "}\n");
}

static void suggestions_are_near_or_none(void **state)
{
    (void)state;
    static const struct {
        const char *written;
        const char *best;
    } cases[] = {
        {"nmae", "name"},
        {"Name", "name"},
        {"languagecode", "languageCode"},
        {"langageCode", "languageCode"},
        {"id", "id"},
        {"zzz", NULL},
        {"", NULL},
        {"x", NULL},
        {"completely_different", NULL},
    };
    static const char *const names[] = {"name", "languageCode", "id"};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        suggestion s = suggest_begin(cases[i].written, strlen(cases[i].written));
        for (size_t j = 0; j < ARRAY_LEN(names); j++)
            suggest_offer(&s, names[j]);
        if (cases[i].best)
            assert_string_equal(s.best, cases[i].best);
        else
            assert_null(s.best);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_paths_lead_to_their_field),
        cmocka_unit_test(bad_paths_name_their_segment),
        cmocka_unit_test(a_path_has_a_bounded_number_of_segments),
        cmocka_unit_test(paths_are_looked_up_in_wire_bytes),
        cmocka_unit_test(a_template_has_every_field_and_reads_back),
        cmocka_unit_test(a_template_cuts_recursion_and_picks_of_a_oneof),
        cmocka_unit_test(a_template_does_not_explode),
        cmocka_unit_test(descriptions_read_like_the_source),
        cmocka_unit_test(suggestions_are_near_or_none),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
