// The proto3-JSON mapping, both ways, case by case.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "schema/json.h"
#include "unit/schema_fixture.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct json_case {
    const char *type;
    const char *in;
    const char *out; // NULL: the same as in
} json_case;

static char *through(const char *type, const char *in, unsigned flags)
{
    buffer wire = {0}, text = {0};
    nrpc_status status = {0};
    const schema_message *m = fixture_type(type);
    if (json_to_wire(m, in, strlen(in), &wire, &status))
        fail_msg("%s: %s", in, status.message);
    if (wire_to_json(m, wire.data, wire.size, flags, &text, &status))
        fail_msg("%s: back: %s", in, status.message);
    buffer_fini(&wire);
    return buffer_take(&text, NULL);
}

static void expect_through(const json_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const json_case *c = &cases[i];
        char *out = through(c->type, c->in, 0);
        assert_string_equal(out, c->out ? c->out : c->in);
        char *again = through(c->type, out, 0);
        assert_string_equal(again, out);
        free(again);
        free(out);
    }
}

static void scalars_read_and_print_alike(void **state)
{
    (void)state;
    static const json_case cases[] = {
        {"Scalars", "{}", NULL},
        {"Scalars", "{\"aDouble\":179.66}", NULL},
        {"Scalars", "{\"aDouble\":0.1}", NULL},
        {"Scalars", "{\"aDouble\":1e23}", "{\"aDouble\":1e+23}"},
        {"Scalars", "{\"aDouble\":5e-324}", NULL},
        {"Scalars", "{\"aDouble\":2.2250738585072014e-308}", NULL},
        {"Scalars", "{\"aDouble\":1.7976931348623157e308}",
         "{\"aDouble\":1.7976931348623157e+308}"},
        {"Scalars", "{\"aDouble\":0.30000000000000004}", NULL},
        {"Scalars", "{\"aDouble\":-0.0}", NULL},
        {"Scalars", "{\"aDouble\":0}", "{}"},
        {"Scalars", "{\"aDouble\":\"1.5e3\"}", "{\"aDouble\":1500}"},
        {"Scalars", "{\"aDouble\":100000000000000000000}", "{\"aDouble\":1e+20}"},
        {"Scalars", "{\"aDouble\":1e-400}", "{}"},
        {"Scalars", "{\"aFloat\":0.1}", NULL},
        {"Scalars", "{\"aFloat\":3.4028235e38}", "{\"aFloat\":3.4028235e+38}"},
        {"Scalars", "{\"aFloat\":1e-45}", NULL},
        {"Scalars", "{\"aFloat\":16777217}", "{\"aFloat\":16777216}"},
        {"Scalars", "{\"anInt64\":\"9223372036854775807\"}", NULL},
        {"Scalars", "{\"anInt64\":-9223372036854775808}", "{\"anInt64\":\"-9223372036854775808\"}"},
        {"Scalars", "{\"anInt64\":9007199254740993}", "{\"anInt64\":\"9007199254740993\"}"},
        {"Scalars", "{\"anInt64\":9007199254740993.0}", "{\"anInt64\":\"9007199254740993\"}"},
        {"Scalars", "{\"anInt64\":1e3}", "{\"anInt64\":\"1000\"}"},
        {"Scalars", "{\"anInt64\":\"1.5e1\"}", "{\"anInt64\":\"15\"}"},
        {"Scalars", "{\"anInt64\":\"120e-1\"}", "{\"anInt64\":\"12\"}"},
        {"Scalars", "{\"anInt64\":\"-0\"}", "{}"},
        {"Scalars", "{\"aUint64\":18446744073709551615}", "{\"aUint64\":\"18446744073709551615\"}"},
        {"Scalars", "{\"aUint64\":18446744073709551614.0}",
         "{\"aUint64\":\"18446744073709551614\"}"},
        {"Scalars", "{\"aUint64\":1.8446744073709551615e19}",
         "{\"aUint64\":\"18446744073709551615\"}"},
        {"Scalars", "{\"aUint64\":1e19}", "{\"aUint64\":\"10000000000000000000\"}"},
        {"Scalars", "{\"anInt32\":-2147483648}", NULL},
        {"Scalars", "{\"anInt32\":\"2147483647\"}", "{\"anInt32\":2147483647}"},
        {"Scalars", "{\"anInt32\":2.147483647e9}", "{\"anInt32\":2147483647}"},
        {"Scalars", "{\"aFixed64\":\"18446744073709551615\"}", NULL},
        {"Scalars", "{\"aFixed32\":4294967295}", NULL},
        {"Scalars", "{\"aBool\":true}", NULL},
        {"Scalars", "{\"aBool\":false}", "{}"},
        {"Scalars", "{\"aString\":\"\\u4e2d\\u56fd \\ud83d\\ude00\"}", "{\"aString\":\"中国 😀\"}"},
        {"Scalars", "{\"aString\":\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u007f\\u0085é\"}",
         "{\"aString\":\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u007f\\u0085é\"}"},
        {"Scalars", "{\"someBytes\":\"\"}", "{}"},
        {"Scalars", "{\"someBytes\":\"AQ==\"}", NULL},
        {"Scalars", "{\"someBytes\":\"AQ\"}", "{\"someBytes\":\"AQ==\"}"},
        {"Scalars", "{\"someBytes\":\"AQI=\"}", NULL},
        {"Scalars", "{\"someBytes\":\"AQID\"}", NULL},
        {"Scalars", "{\"someBytes\":\"-_\"}", "{\"someBytes\":\"+w==\"}"},
        {"Scalars", "{\"someBytes\":\"+/+/\"}", NULL},
        {"Scalars", "{\"aUint32\":4294967295}", NULL},
        {"Scalars", "{\"color\":\"COLOR_RED\"}", NULL},
        {"Scalars", "{\"color\":2}", "{\"color\":\"COLOR_GREEN\"}"},
        {"Scalars", "{\"color\":-1}", "{\"color\":\"COLOR_BELOW\"}"},
        {"Scalars", "{\"color\":77}", NULL},
        {"Scalars", "{\"color\":-2147483648}", NULL},
        {"Scalars", "{\"color\":\"COLOR_UNSPECIFIED\"}", "{}"},
        {"Scalars", "{\"anSfixed32\":-2147483648}", NULL},
        {"Scalars", "{\"anSfixed64\":\"-9223372036854775808\"}", NULL},
        {"Scalars", "{\"anSint32\":-2147483648}", NULL},
        {"Scalars", "{\"anSint64\":\"-9223372036854775808\"}", NULL},
        {"Scalars", "{\"anSint64\":\"9223372036854775807\"}", NULL},
        {"Scalars", "{\"a_double\":1.5,\"an_int64\":\"7\"}", "{\"aDouble\":1.5,\"anInt64\":\"7\"}"},
        {"Scalars", "{\"aString\":null,\"aDouble\":null}", "{}"},
        {"Scalars", " {\n\t\"aBool\" : true }\r\n", "{\"aBool\":true}"},
        {"Zone", "{\"renamed\":\"x\"}", "{\"somethingElse\":\"x\"}"},
    };
    expect_through(cases, ARRAY_LEN(cases));
}

static void lists_maps_and_oneofs_read_and_print_alike(void **state)
{
    (void)state;
    static const json_case cases[] = {
        {"Lists", "{\"doubles\":[0,1.5,-0.0]}", NULL},
        {"Lists", "{\"ints\":[0,-1,2147483647]}", NULL},
        {"Lists", "{\"strings\":[\"\",\"a\",\"\"]}", NULL},
        {"Lists", "{\"chunks\":[\"\",\"AQ==\"]}", NULL},
        {"Lists", "{\"colors\":[\"COLOR_UNSPECIFIED\",\"COLOR_RED\",9]}", NULL},
        {"Lists", "{\"scalars\":[{},{\"aBool\":true},{}]}", NULL},
        {"Lists", "{\"loose\":[\"-1\",\"0\"],\"flags\":[true,false],\"words\":[0,1]}", NULL},
        {"Lists", "{\"ints\":[]}", "{}"},
        {"Lists", "{\"ints\":null}", "{}"},
        {"Maps", "{\"texts\":{\"b\":\"2\",\"a\":\"\",\"\":\"0\"}}",
         "{\"texts\":{\"\":\"0\",\"a\":\"\",\"b\":\"2\"}}"},
        {"Maps", "{\"texts\":{}}", "{}"},
        {"Maps", "{\"byInt\":{\"-1\":{},\"0\":{},\"7\":{\"aBool\":true}}}", NULL},
        {"Maps", "{\"byBool\":{\"true\":\"1\",\"false\":\"0\"}}",
         "{\"byBool\":{\"false\":\"0\",\"true\":\"1\"}}"},
        {"Maps", "{\"byUint64\":{\"18446744073709551615\":\"COLOR_RED\"}}", NULL},
        {"Maps", "{\"bySint64\":{\"-9223372036854775808\":0.5}}", NULL},
        {"Maps", "{\"byFixed32\":{\"4294967295\":\"AQ==\"}}", NULL},
        {"Choice", "{\"text\":\"\"}", NULL},
        {"Choice", "{\"number\":0}", NULL},
        {"Choice", "{\"scalars\":{}}", NULL},
        {"Choice", "{\"text\":null,\"number\":3}", "{\"number\":3}"},
        {"Choice", "{\"time\":\"1970-01-01T00:00:00Z\"}", NULL},
        {"Choice", "{\"maybe\":0,\"perhaps\":\"\"}", NULL},
        {"Tree", "{\"branches\":[{\"only\":{\"id\":\"x\"}}],\"named\":{\"a\":{\"id\":\"a\"}}}",
         NULL},
    };
    expect_through(cases, ARRAY_LEN(cases));
}

static void well_known_types_have_their_own_forms(void **state)
{
    (void)state;
    static const json_case cases[] = {
        {"Known", "{\"time\":\"0001-01-01T00:00:00Z\"}", NULL},
        {"Known", "{\"time\":\"9999-12-31T23:59:59.999999999Z\"}", NULL},
        {"Known", "{\"time\":\"2024-02-29T12:00:00.5Z\"}",
         "{\"time\":\"2024-02-29T12:00:00.500Z\"}"},
        {"Known", "{\"time\":\"2023-11-01T08:00:00+08:00\"}",
         "{\"time\":\"2023-11-01T00:00:00Z\"}"},
        {"Known", "{\"time\":\"1969-12-31T23:30:00-00:30\"}",
         "{\"time\":\"1970-01-01T00:00:00Z\"}"},
        {"Known", "{\"time\":\"1969-12-31T23:59:59.000001Z\"}", NULL},
        {"Known", "{\"time\":\"1900-03-01T00:00:00Z\"}", NULL},
        {"Known", "{\"time\":\"2000-12-31T00:00:00.000000001Z\"}", NULL},
        {"Known", "{\"duration\":\"0s\"}", NULL},
        {"Known", "{\"duration\":\"-0.5s\"}", "{\"duration\":\"-0.500s\"}"},
        {"Known", "{\"duration\":\"3.000001s\"}", NULL},
        {"Known", "{\"duration\":\"315576000000s\"}", NULL},
        {"Known", "{\"duration\":\"-315576000000.999999999s\"}", NULL},
        {"Known", "{\"mask\":\"areaKm2,sizeHistory.2019-08-06.areaKm2\"}", NULL},
        {"Known", "{\"mask\":\"\"}", NULL},
        {"Known", "{\"any\":{}}", NULL},
        {"Known",
         "{\"any\":{\"aBool\":true,\"@type\":\"type.googleapis.com/schema.test.Scalars\"}}",
         "{\"any\":{\"@type\":\"type.googleapis.com/schema.test.Scalars\",\"aBool\":true}}"},
        {"Known", "{\"any\":{\"@type\":\"x/schema.test.Scalars\"}}", NULL},
        {"Known", "{\"any\":{\"@type\":\"x/google.protobuf.Duration\",\"value\":\"1.500s\"}}",
         NULL},
        {"Known", "{\"any\":{\"@type\":\"x/google.protobuf.Duration\",\"value\":\"0s\"}}", NULL},
        {"Known",
         "{\"any\":{\"@type\":\"x/google.protobuf.Any\",\"value\":"
         "{\"@type\":\"x/schema.test.Name\",\"text\":\"a\"}}}",
         NULL},
        {"Known",
         "{\"anys\":[{},{\"@type\":\"x/schema.test.Name\"}],"
         "\"times\":[\"1970-01-01T00:00:00Z\"]}",
         NULL},
    };
    expect_through(cases, ARRAY_LEN(cases));
}

typedef struct refusal {
    const char *type;
    const char *in;
    const char *path;
    const char *reason;
    const char *part; // of the message; NULL: any
} refusal;

static void expect_refused(const refusal *c)
{
    buffer wire = {0};
    nrpc_status status = {0};
    buffer_append(&wire, "kept", 4);
    nrpc_code code = json_to_wire(fixture_type(c->type), c->in, strlen(c->in), &wire, &status);
    if (code != NRPC_INVALID_ARGUMENT || strcmp(status.reason, c->reason) != 0)
        fail_msg("%s: %s %s", c->in, nrpc_code_name(code), status.reason ? status.reason : "");
    if (c->path) {
        assert_int_equal(status.violation_count, 1);
        assert_string_equal(status.violations[0].field, c->path);
        assert_string_equal(status.violations[0].reason, c->reason);
    }
    if (c->part && !strstr(status.message, c->part))
        fail_msg("%s: %s", c->in, status.message);
    assert_int_equal(wire.size, 4); // nothing half written
    nrpc_status_fini(&status);
    buffer_fini(&wire);
}

static void what_is_wrong_is_named_with_its_path(void **state)
{
    (void)state;
    static const refusal cases[] = {
        {"Zones", "{\"zones\":[{\"names\":[{},{},{\"languageCod\":\"zh\"}]}]}",
         "zones[0].names[2].languageCod", "UNKNOWN_FIELD", "did you mean \"languageCode\"?"},
        {"Zones", "{\"zones\":[{\"names\":[{},{},{\"languageCode\":7}]}]}",
         "zones[0].names[2].languageCode", "WRONG_TYPE", "expected a string, found a number"},
        {"Zones", "{\"zones\":[{\"names\":[{},{\"language_code\":{}}]}]}",
         "zones[0].names[1].language_code", "WRONG_TYPE", "found an object"},
        {"Zones", "{\"zones\":{}}", "zones", "WRONG_TYPE", "expected an array"},
        {"Zones", "{\"zones\":[null]}", "zones[0]", "WRONG_TYPE", "found null"},
        {"Zones", "[]", "", "WRONG_TYPE", "expected an object"},
        {"Zones", "null", "", "WRONG_TYPE", NULL},
        {"Zone", "{\"area_km2\":1,\"areaKm2\":1}", "areaKm2", "DUPLICATE_FIELD", "area_km2"},
        {"Zone", "{\"area_km2\":null,\"areaKm2\":1}", "areaKm2", "DUPLICATE_FIELD", NULL},
        {"Zone", "{\"sizesByName\":{\"a b\":{\"id\":3}}}", "sizesByName[\"a b\"].id", "WRONG_TYPE",
         NULL},
        {"Zone", "{\"labels\":{\"x\":\"\"}}", "labels[\"x\"]", "WRONG_TYPE", "as key"},
        {"Zone", "{\"labels\":{\"1\":\"\",\"1.0\":\"\"}}", NULL, "DUPLICATE_KEY", NULL},
        {"Zone", "{\"labels\":{\"2147483648\":\"\"}}", "labels[\"2147483648\"]", "OUT_OF_RANGE",
         NULL},
        {"Zone", "{\"labels\":{\"1\":null}}", "labels[\"1\"]", "WRONG_TYPE", "found null"},
        {"Zone", "{\"\\u001b[31m\":1}", "\"\\u001b[31m\"", "UNKNOWN_FIELD", NULL},
        {"Maps", "{\"byBool\":{\"True\":\"1\"}}", "byBool[\"True\"]", "WRONG_TYPE", NULL},
        {"Choice", "{\"text\":\"\",\"number\":1}", "number", "ONEOF_CONFLICT", "\"text\""},
        {"Scalars", "{\"anInt32\":2147483648}", "anInt32", "OUT_OF_RANGE",
         "-2147483648 to 2147483647"},
        {"Scalars", "{\"anInt32\":-2147483649}", "anInt32", "OUT_OF_RANGE", NULL},
        {"Scalars", "{\"anInt32\":1.5}", "anInt32", "OUT_OF_RANGE", "fraction"},
        {"Scalars", "{\"anInt32\":1e-1}", "anInt32", "OUT_OF_RANGE", "fraction"},
        {"Scalars", "{\"anInt32\":\"\"}", "anInt32", "WRONG_TYPE", NULL},
        {"Scalars", "{\"anInt32\":\" 1\"}", "anInt32", "WRONG_TYPE", NULL},
        {"Scalars", "{\"anInt32\":\"0x1\"}", "anInt32", "WRONG_TYPE", NULL},
        {"Scalars", "{\"anInt32\":\"01\"}", "anInt32", "WRONG_TYPE", NULL},
        {"Scalars", "{\"anInt32\":true}", "anInt32", "WRONG_TYPE", NULL},
        {"Scalars", "{\"aUint32\":-1}", "aUint32", "OUT_OF_RANGE", "0 to 4294967295"},
        {"Scalars", "{\"anInt64\":9223372036854775808}", "anInt64", "OUT_OF_RANGE", NULL},
        {"Scalars", "{\"anInt64\":\"9223372036854775808\"}", "anInt64", "OUT_OF_RANGE", NULL},
        {"Scalars", "{\"anInt64\":\"-9223372036854775809\"}", "anInt64", "OUT_OF_RANGE", NULL},
        {"Scalars", "{\"anInt64\":1e300}", "anInt64", "OUT_OF_RANGE", NULL},
        {"Scalars", "{\"anInt64\":\"1e99999999999999999999\"}", "anInt64", "OUT_OF_RANGE", NULL},
        {"Scalars", "{\"aUint64\":18446744073709551616}", "aUint64", "OUT_OF_RANGE", NULL},
        {"Scalars", "{\"aUint64\":-1}", "aUint64", "OUT_OF_RANGE", NULL},
        {"Scalars", "{\"aFloat\":3.4028236e38}", "aFloat", "OUT_OF_RANGE", NULL},
        {"Scalars", "{\"aDouble\":\"NaN\"}", "aDouble", "OUT_OF_RANGE", "NaN"},
        {"Scalars", "{\"aDouble\":\"-Infinity\"}", "aDouble", "OUT_OF_RANGE", NULL},
        {"Scalars", "{\"aDouble\":\"1e400\"}", "aDouble", "OUT_OF_RANGE", NULL},
        {"Scalars", "{\"aDouble\":\"1.\"}", "aDouble", "WRONG_TYPE", NULL},
        {"Scalars", "{\"aDouble\":\"0x1p3\"}", "aDouble", "WRONG_TYPE", NULL},
        {"Scalars", "{\"aDouble\":1e400}", NULL, "OUT_OF_RANGE", "line 1"},
        {"Scalars", "{\"aBool\":\"true\"}", "aBool", "WRONG_TYPE", NULL},
        {"Scalars", "{\"aBool\":1}", "aBool", "WRONG_TYPE", NULL},
        {"Scalars", "{\"aString\":12345678901234567890}", "aString", "WRONG_TYPE",
         "found a number"},
        {"Scalars", "{\"aString\":\"a\\u0000b\"}", "aString", "NUL_IN_STRING", NULL},
        {"Scalars", "{\"aString\":\"\\u0000\"}", "aString", "NUL_IN_STRING", NULL},
        {"Scalars", "{\"someBytes\":\"A\"}", "someBytes", "INVALID_BASE64", NULL},
        {"Scalars", "{\"someBytes\":\"AQ=\"}", "someBytes", "INVALID_BASE64", NULL},
        {"Scalars", "{\"someBytes\":\"A Q=\"}", "someBytes", "INVALID_BASE64", NULL},
        {"Scalars", "{\"someBytes\":\"====\"}", "someBytes", "INVALID_BASE64", NULL},
        {"Scalars", "{\"someBytes\":\"AQ\\u0000=\"}", "someBytes", "INVALID_BASE64", NULL},
        {"Scalars", "{\"color\":\"COLOR_REDD\"}", "color", "UNKNOWN_ENUM_VALUE",
         "did you mean \"COLOR_RED\"?"},
        {"Scalars", "{\"color\":\"1\"}", "color", "UNKNOWN_ENUM_VALUE", NULL},
        {"Scalars", "{\"color\":2147483648}", "color", "OUT_OF_RANGE", NULL},
        {"Known", "{\"time\":0}", "time", "WRONG_TYPE", NULL},
        {"Known", "{\"time\":\"2023-02-29T00:00:00Z\"}", "time", "INVALID_FORMAT", NULL},
        {"Known", "{\"time\":\"2023-01-01t00:00:00z\"}", "time", "INVALID_FORMAT", NULL},
        {"Known", "{\"time\":\"2023-01-01T00:00:00\"}", "time", "INVALID_FORMAT", NULL},
        {"Known", "{\"time\":\"2023-01-01T24:00:00Z\"}", "time", "INVALID_FORMAT", NULL},
        {"Known", "{\"time\":\"2023-01-01T00:00:60Z\"}", "time", "INVALID_FORMAT", NULL},
        {"Known", "{\"time\":\"2023-01-01T00:00:00.Z\"}", "time", "INVALID_FORMAT", NULL},
        {"Known", "{\"time\":\"2023-01-01T00:00:00.1234567890Z\"}", "time", "INVALID_FORMAT", NULL},
        {"Known", "{\"time\":\"0001-01-01T00:00:00+00:01\"}", "time", "INVALID_FORMAT", NULL},
        {"Known", "{\"time\":\"0000-01-01T00:00:00Z\"}", "time", "INVALID_FORMAT", NULL},
        {"Known", "{\"time\":\"2023-01-01T00:00:00Zx\"}", "time", "INVALID_FORMAT", NULL},
        {"Known", "{\"duration\":\"315576000001s\"}", "duration", "INVALID_FORMAT", NULL},
        {"Known", "{\"duration\":\"99999999999999999999s\"}", "duration", "INVALID_FORMAT", NULL},
        {"Known", "{\"duration\":\"1\"}", "duration", "INVALID_FORMAT", NULL},
        {"Known", "{\"duration\":\"s\"}", "duration", "INVALID_FORMAT", NULL},
        {"Known", "{\"duration\":\"1.s\"}", "duration", "INVALID_FORMAT", NULL},
        {"Known", "{\"duration\":\"\"}", "duration", "INVALID_FORMAT", NULL},
        {"Known", "{\"mask\":\"area_km2\"}", "mask", "INVALID_FORMAT", NULL},
        {"Known", "{\"mask\":\"a,\"}", "mask", "INVALID_FORMAT", NULL},
        {"Known", "{\"mask\":\",a\"}", "mask", "INVALID_FORMAT", NULL},
        {"Known", "{\"any\":{\"a\":1}}", "any.@type", "WRONG_TYPE", NULL},
        {"Known", "{\"any\":{\"@type\":\"x/no.Such\"}}", "any.@type", "UNKNOWN_TYPE", NULL},
        {"Known", "{\"any\":{\"@type\":\"schema.test.Name\"}}", "any.@type", "UNKNOWN_TYPE", NULL},
        {"Known", "{\"any\":{\"@type\":\"x/schema.test.Name\",\"txt\":1}}", "any.txt",
         "UNKNOWN_FIELD", "did you mean \"text\"?"},
        {"Known", "{\"any\":{\"@type\":\"x/google.protobuf.Duration\",\"seconds\":1}}", "any",
         "INVALID_FORMAT", NULL},
        {"Known", "{\"structure\":{}}", "structure", "UNSUPPORTED_TYPE", "google.protobuf.Struct"},
        {"Known", "{\"boxed\":1}", "boxed", "UNSUPPORTED_TYPE", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_refused(&cases[i]);
}

static void syntax_errors_tell_line_and_column(void **state)
{
    (void)state;
    static const refusal cases[] = {
        {"Zone", "", NULL, "JSON_SYNTAX", "line 1, column 0"},
        {"Zone", "{", NULL, "JSON_SYNTAX", "line 1, column 1"},
        {"Zone", "{\n  \"name\": ,\n}", NULL, "JSON_SYNTAX", "line 2, column 11"},
        {"Zone", "{} x", NULL, "JSON_SYNTAX", "line 1"},
        {"Zone", "{\"name\":\"é\",}", NULL, "JSON_SYNTAX", "column 13"},
        {"Zone", "{\"name\":\"a\",\"name\":\"b\"}", NULL, "DUPLICATE_KEY", "line 1"},
        {"Zone", "{\"name\":\"\xff\"}", NULL, "JSON_SYNTAX", NULL},
        {"Zone", "{\"name\":\"\\ud800\"}", NULL, "JSON_SYNTAX", NULL},
        {"Zone", "{\"areaKm2\":NaN}", NULL, "JSON_SYNTAX", NULL},
        {"Zone", "{\"areaKm2\":01}", NULL, "JSON_SYNTAX", NULL},
        {"Zone", "{\"areaKm2\":+1}", NULL, "JSON_SYNTAX", NULL},
        // Numbers that are kept as text on the way do not move the place.
        {"Zone", "{\"areaKm2\":123456789012345678901,\n\"a\":1234567890123456.5, ]", NULL,
         "JSON_SYNTAX", "line 2, column 25"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_refused(&cases[i]);
}

static void a_prefix_stands_before_every_path(void **state)
{
    (void)state;
    nrpc_status status = {0};
    buffer wire = {0};
    json_t *value = json_pack("{s:[{s:i}]}", "names", "text", 1);
    assert_int_equal(json_value_to_wire(fixture_type("Zone"), value, "zones[3]", &wire, &status),
                     NRPC_INVALID_ARGUMENT);
    assert_string_equal(status.violations[0].field, "zones[3].names[0].text");
    nrpc_status_fini(&status);
    assert_int_equal(json_value_to_wire(fixture_type("Zone"), value, "zones[3]", &wire, NULL),
                     NRPC_INVALID_ARGUMENT);
    json_decref(value);
    buffer_fini(&wire);
}

static void expect_wire(const char *type, const char *hex, const char *json)
{
    buffer wire = {0}, text = {0};
    nrpc_status status = {0};
    put_hex(&wire, hex);
    if (wire_to_json(fixture_type(type), wire.data, wire.size, 0, &text, &status))
        fail_msg("%s: %s", hex, status.message);
    char *out = buffer_take(&text, NULL);
    assert_string_equal(out, json);
    free(out);
    buffer_fini(&wire);
}

static void repeated_occurrences_are_merged(void **state)
{
    (void)state;
    expect_wire("Scalars", "28 01 28 02", "{\"anInt32\":2}");
    expect_wire("Scalars", "28 02 28 00", "{}");
    expect_wire("Lists", "12 02 01 02 10 03 12 01 04", "{\"ints\":[1,2,3,4]}");
    expect_wire("Lists", "38 01 3a 02 03 05", "{\"loose\":[\"-1\",\"-2\",\"-3\"]}");
    expect_wire("Lists", "4a 08 01000000 02000000 4d 03000000", "{\"words\":[1,2,3]}");
    expect_wire("Lists", "12 00", "{}");
    // Interleaved with another field.
    expect_wire("Lists", "10 01 40 01 10 02 40 00", "{\"ints\":[1,2],\"flags\":[true,false]}");
    // Submessages: only{id "a"}, only{branches{}}, only{branches{id "b"}}.
    expect_wire("Tree", "1a 03 0a0161 1a 02 1200 1a 05 1203 0a0162",
                "{\"only\":{\"id\":\"a\",\"branches\":[{},{\"id\":\"b\"}]}}");
    // Two levels of pieces: only{only{id "a"}}, only{only{id "b"} id "c"}.
    expect_wire("Tree", "1a 05 1a03 0a0161 1a 08 1a03 0a0162 0a0163",
                "{\"only\":{\"id\":\"c\",\"only\":{\"id\":\"b\"}}}");
    // The last of a oneof wins and begins anew.
    expect_wire("Choice", "0a 01 61 10 05", "{\"number\":5}");
    expect_wire("Choice", "1a 02 2801 10 05 1a 02 4001", "{\"scalars\":{\"aBool\":true}}");
    expect_wire("Maps", "0a 06 0a0161 120131 0a 06 0a0161 120132", "{\"texts\":{\"a\":\"2\"}}");
    expect_wire("Maps", "0a 00 0a 03 120131", "{\"texts\":{\"\":\"1\"}}");
    expect_wire("Maps", "12 02 0807", "{\"byInt\":{\"7\":{}}}");
    expect_wire("Known", "0a 02 0801 0a 05 10 80ade204", "{\"time\":\"1970-01-01T00:00:01.010Z\"}");
}

static void unknown_fields_are_dropped(void **state)
{
    (void)state;
    expect_wire("Name", "f8 07 01 0a 01 61 fd0700000000", "{\"text\":\"a\"}");
    expect_wire("Name", "08 01 0a 01 61", "{\"text\":\"a\"}"); // a number where text belongs
}

static void expect_unprintable(const char *type, const char *hex, const char *path,
                               const char *reason)
{
    buffer wire = {0}, text = {0};
    nrpc_status status = {0};
    put_hex(&wire, hex);
    if (!wire_to_json(fixture_type(type), wire.data, wire.size, 0, &text, &status))
        fail_msg("%s is printed", hex);
    assert_string_equal(status.reason, reason);
    assert_string_equal(status.violations[0].field, path);
    assert_int_equal(text.size, 0);
    nrpc_status_fini(&status);
    buffer_fini(&wire);
    buffer_fini(&text);
}

static void what_cannot_be_printed_is_refused(void **state)
{
    (void)state;
    expect_unprintable("Name", "0a", "", "MALFORMED_MESSAGE");
    expect_unprintable("Zones", "0a 03 12 02 0a", "zones[0]", "MALFORMED_MESSAGE");
    expect_unprintable("Zones", "0a 04 12 02 0a05", "zones[0].names[0]", "MALFORMED_MESSAGE");
    expect_unprintable("Name", "0a 01 ff", "text", "INVALID_UTF8");
    expect_unprintable("Name", "0a 01 00", "text", "NUL_IN_STRING");
    expect_unprintable("Name", "0b 0c", "", "MALFORMED_MESSAGE"); // a group
    expect_unprintable("Scalars", "09 000000000000f87f", "aDouble", "OUT_OF_RANGE");
    expect_unprintable("Scalars", "09 000000000000f0ff", "aDouble", "OUT_OF_RANGE");
    expect_unprintable("Scalars", "15 0000807f", "aFloat", "OUT_OF_RANGE");
    expect_unprintable("Lists", "4a 03 010000", "words", "MALFORMED_MESSAGE");
    expect_unprintable("Lists", "12 02 0180", "ints", "MALFORMED_MESSAGE");
    expect_unprintable("Maps", "0a 05 0a0161 1280", "texts", "MALFORMED_MESSAGE");
    expect_unprintable("Maps", "12 06 0807 1202 0a05", "byInt[\"7\"]", "MALFORMED_MESSAGE");
    expect_unprintable("Known", "0a 07 08 8083d1ffaf07", "time", "OUT_OF_RANGE");
    expect_unprintable("Known", "0a 0b 10 ffffffffffffffffff01", "time", "OUT_OF_RANGE");
    expect_unprintable("Known", "12 0d 0801 10 ffffffffffffffffff01", "duration", "OUT_OF_RANGE");
    expect_unprintable("Known", "1a 03 0a0141", "mask", "INVALID_FORMAT");
    expect_unprintable("Known", "1a 05 0a03 615f31", "mask", "INVALID_FORMAT");
    expect_unprintable("Known", "22 05 0a03 782f79", "any.@type", "UNKNOWN_TYPE");
    expect_unprintable("Known", "22 03 120101", "any.@type", "UNKNOWN_TYPE");
    expect_unprintable("Known", "2a 00", "structure", "UNSUPPORTED_TYPE");
}

static void equal_values_give_equal_bytes(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"{\"name\":\"a\",\"areaKm2\":1}", "{\"area_km2\":1.0,\"name\":\"a\"}"},
        {"{\"labels\":{\"1\":\"a\",\"2\":\"b\"}}", "{\"labels\":{\"2\":\"b\",\"1\":\"a\"}}"},
        {"{\"sizesByName\":{\"x\":{},\"y\":{}}}", "{\"sizesByName\":{\"y\":{},\"x\":{}}}"},
        {"{\"names\":[],\"name\":\"\"}", "{}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        buffer a = {0}, b = {0};
        const schema_message *zone = fixture_type("Zone");
        assert_int_equal(json_to_wire(zone, pairs[i][0], strlen(pairs[i][0]), &a, NULL), NRPC_OK);
        assert_int_equal(json_to_wire(zone, pairs[i][1], strlen(pairs[i][1]), &b, NULL), NRPC_OK);
        assert_int_equal(a.size, b.size);
        assert_true(!a.size || memcmp(a.data, b.data, a.size) == 0);
        buffer_fini(&a);
        buffer_fini(&b);
    }
}

static void expect_bytes(const char *type, const char *json, const char *hex)
{
    buffer wire = {0}, expected = {0};
    put_hex(&expected, hex);
    assert_int_equal(json_to_wire(fixture_type(type), json, strlen(json), &wire, NULL), NRPC_OK);
    assert_int_equal(wire.size, expected.size);
    assert_memory_equal(wire.data, expected.data, wire.size);
    buffer_fini(&wire);
    buffer_fini(&expected);
}

static void bytes_are_those_of_protobuf(void **state)
{
    (void)state;
    expect_bytes("Scalars", "{\"anInt32\":-1}", "28 ffffffffffffffffff01");
    expect_bytes("Scalars", "{\"anSint32\":-1,\"anInt64\":150}", "18 9601 8801 01");
    expect_bytes("Scalars", "{\"aDouble\":1,\"aFloat\":-2}", "09 000000000000f03f 15 000000c0");
    expect_bytes("Lists", "{\"ints\":[3,270,86942],\"loose\":[1,-1]}",
                 "12 06 03 8e02 9ea705 38 02 38 01");
    expect_bytes("Maps", "{\"texts\":{\"a\":\"\"},\"byInt\":{\"0\":{}}}",
                 "0a 05 0a0161 1200 12 04 0800 1200");
    expect_bytes("Choice", "{\"text\":\"\",\"maybe\":0}", "0a 00 28 00");
    expect_bytes("Known", "{\"mask\":\"areaKm2\",\"duration\":\"-1.5s\"}",
                 "12 16 08 ffffffffffffffffff01 10 80b6ca91feffffffff01"
                 "1a 0a 0a 08 617265615f6b6d32");
    // Longer than one byte of length can say.
    char json[512] = "{\"name\":\"", hex[1024] = "0a c801";
    size_t n = strlen(json), h = strlen(hex);
    for (int i = 0; i < 200; i++) {
        json[n++] = 'a';
        memcpy(hex + h, "61", 3);
        h += 2;
    }
    memcpy(json + n, "\"}", 3);
    expect_bytes("Zone", json, hex);
    char outer[600], whole[1100];
    snprintf(outer, sizeof outer, "{\"zones\":[%s]}", json);
    snprintf(whole, sizeof whole, "0a cb01 %s", hex);
    expect_bytes("Zones", outer, whole);
}

static void pretty_and_defaults(void **state)
{
    (void)state;
    char *text =
        through("Zone", "{\"name\":\"a\",\"names\":[{\"text\":\"b\"},{}],\"labels\":{\"1\":\"x\"}}",
                JSON_WIRE_PRETTY);
    assert_string_equal(text, "{\n"
                              "  \"name\": \"a\",\n"
                              "  \"names\": [\n"
                              "    {\n"
                              "      \"text\": \"b\"\n"
                              "    },\n"
                              "    {}\n"
                              "  ],\n"
                              "  \"labels\": {\n"
                              "    \"1\": \"x\"\n"
                              "  }\n"
                              "}");
    free(text);
    text = through("Choice", "{}", JSON_WIRE_DEFAULTS);
    assert_string_equal(text, "{}"); // all have presence
    free(text);
    text = through("Tree", "{}", JSON_WIRE_DEFAULTS);
    assert_string_equal(text, "{\"id\":\"\",\"branches\":[],\"named\":{}}");
    free(text);
    text = through("Scalars", "{}", JSON_WIRE_DEFAULTS);
    assert_string_equal(text, "{\"aDouble\":0,\"aFloat\":0,\"anInt64\":\"0\",\"aUint64\":\"0\","
                              "\"anInt32\":0,\"aFixed64\":\"0\",\"aFixed32\":0,\"aBool\":false,"
                              "\"aString\":\"\",\"someBytes\":\"\",\"aUint32\":0,"
                              "\"color\":\"COLOR_UNSPECIFIED\",\"anSfixed32\":0,"
                              "\"anSfixed64\":\"0\",\"anSint32\":0,\"anSint64\":\"0\"}");
    free(text);
}

static void a_value_holds_the_same_doubles(void **state)
{
    (void)state;
    buffer wire = {0};
    json_t *value;
    put_hex(&wire, "19 85eb51b81e756640"); // 179.66
    assert_int_equal(wire_to_json_value(fixture_type("Zone"), wire.data, wire.size,
                                        JSON_WIRE_PRETTY, &value, NULL),
                     NRPC_OK);
    assert_true(json_real_value(json_object_get(value, "areaKm2")) == 179.66);
    json_decref(value);
    buffer_fini(&wire);
}

static void an_output_limit_is_an_error_of_its_own(void **state)
{
    (void)state;
    static const char json[] = "{\"name\":\"a name that is longer than the limit, and longer than "
                               "the bytes that a buffer takes at first\"}";
    nrpc_status status = {0};
    buffer wire = {.limit = 20}, text = {.limit = 20}, free_wire = {0};
    const schema_message *zone = fixture_type("Zone");
    assert_int_equal(json_to_wire(zone, json, strlen(json), &wire, &status),
                     NRPC_RESOURCE_EXHAUSTED);
    assert_string_equal(status.reason, "OUTPUT_TOO_LARGE");
    assert_int_equal(json_to_wire(zone, json, strlen(json), &free_wire, NULL), NRPC_OK);
    assert_int_equal(wire_to_json(zone, free_wire.data, free_wire.size, 0, &text, &status),
                     NRPC_RESOURCE_EXHAUSTED);
    nrpc_status_fini(&status);
    buffer_fini(&wire);
    buffer_fini(&text);
    buffer_fini(&free_wire);
}

static void a_locale_with_a_comma_changes_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
    bool found = false;
    for (size_t i = 0; !found && i < ARRAY_LEN(names); i++)
        found = setlocale(LC_NUMERIC, names[i]) != NULL;
    if (!found)
        skip();
    static const json_case cases[] = {{"Scalars", "{\"aDouble\":\"179.66\",\"aFloat\":0.1}",
                                       "{\"aDouble\":179.66,\"aFloat\":0.1}"}};
    expect_through(cases, 1);
    setlocale(LC_NUMERIC, "C");
}

static void random_doubles_come_back_bit_by_bit(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t bits = seed ^ seed >> 29;
        double number;
        memcpy(&number, &bits, sizeof number);
        if (!isfinite(number) || number == 0)
            continue;
        buffer wire = {0}, text = {0}, back = {0};
        uint8_t *p = buffer_reserve(&wire, 9);
        p[0] = 9;
        memcpy(p + 1, &bits, 8);
        wire.size = 9;
        const schema_message *m = fixture_type("Scalars");
        assert_int_equal(wire_to_json(m, wire.data, wire.size, 0, &text, NULL), NRPC_OK);
        assert_int_equal(json_to_wire(m, (const char *)text.data, text.size, &back, NULL), NRPC_OK);
        assert_int_equal(back.size, 9);
        assert_memory_equal(back.data, wire.data, 9);
        buffer_fini(&wire);
        buffer_fini(&text);
        buffer_fini(&back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_read_and_print_alike),
        cmocka_unit_test(lists_maps_and_oneofs_read_and_print_alike),
        cmocka_unit_test(well_known_types_have_their_own_forms),
        cmocka_unit_test(what_is_wrong_is_named_with_its_path),
        cmocka_unit_test(syntax_errors_tell_line_and_column),
        cmocka_unit_test(a_prefix_stands_before_every_path),
        cmocka_unit_test(repeated_occurrences_are_merged),
        cmocka_unit_test(unknown_fields_are_dropped),
        cmocka_unit_test(what_cannot_be_printed_is_refused),
        cmocka_unit_test(equal_values_give_equal_bytes),
        cmocka_unit_test(bytes_are_those_of_protobuf),
        cmocka_unit_test(pretty_and_defaults),
        cmocka_unit_test(a_value_holds_the_same_doubles),
        cmocka_unit_test(an_output_limit_is_an_error_of_its_own),
        cmocka_unit_test(a_locale_with_a_comma_changes_nothing),
        cmocka_unit_test(random_doubles_come_back_bit_by_bit),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
