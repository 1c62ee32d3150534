// What text looks like on a terminal: columns that line up in any script, values cut or wrapped
// where there is no room, nothing that could steer the terminal.
#include "support/test.h"

#include "descriptor_set.h"
#include "output.h"
#include "schema/json.h"
#include "table.h"
#include "tree.h"
#include "width.h"

#include <string.h>

#define assert_buffer(b, expected)                                                                 \
    do {                                                                                           \
        buffer_append_byte(&(b), '\0');                                                            \
        assert_string_equal((const char *)(b).data, expected);                                     \
        buffer_fini(&(b));                                                                         \
    } while (0)

static void add(table *t, const char *text)
{
    table_add(t, text, strlen(text));
}

static const table_column columns[] = {
    {.title = "ID", .whole = true}, {.title = "NAME"}, {.title = "KM2", .right = true}};

static void fill(table *t)
{
    table_init(t, columns, 3);
    add(t, "a");
    add(t, "新疆自贸试验区");
    add(t, "179.66");
    add(t, "bb");
    add(t, "U\xCC\x88ru\xCC\x88mqi"); // combining marks
    add(t, "134.6");
    add(t, "ccc");
    add(t, "Khorgos");
    add(t, "");
}

static void columns_line_up_with_wide_and_combining_characters(void **state)
{
    (void)state;
    table t;
    buffer out = {0};
    fill(&t);
    assert_true(table_write(&t, 0, false, &out));
    assert_buffer(out, "ID   NAME               KM2\n"
                       "a    新疆自贸试验区  179.66\n"
                       "bb   U\xCC\x88ru\xCC\x88mqi           134.6\n"
                       "ccc  Khorgos\n");
    table_fini(&t);
}

static void wide_text_is_cut_to_the_terminal(void **state)
{
    (void)state;
    table t;
    buffer out = {0};
    fill(&t);
    assert_true(table_write(&t, 21, false, &out));
    // Half a wide character does not fit: its room stays blank.
    assert_buffer(out, "ID   NAME         KM2\n"
                       "a    新疆自…   179.66\n"
                       "bb   U\xCC\x88ru\xCC\x88mqi     134.6\n"
                       "ccc  Khorgos\n");
    table_fini(&t);
}

static void ids_are_cut_last(void **state)
{
    (void)state;
    table t;
    buffer out = {0};
    table_init(&t, columns, 2);
    add(&t, "a-long-identifier");
    add(&t, "a long name of it");
    assert_true(table_write(&t, 27, false, &out));
    assert_buffer(out, "ID                 NAME\n"
                       "a-long-identifier  a long …\n");
    out = (buffer){0};
    assert_true(table_write(&t, 16, false, &out));
    assert_buffer(out, "ID        NAME\n"
                       "a-long-…  a lon…\n");
    table_fini(&t);
}

static void columns_without_values_are_left_out(void **state)
{
    (void)state;
    table t;
    buffer out = {0};
    table_init(&t, columns, 3);
    add(&t, "a");
    add(&t, "");
    add(&t, "1");
    assert_true(table_write(&t, 0, true, &out));
    assert_buffer(out, "\033[1mID  KM2\033[0m\n"
                       "a     1\n");
    table_fini(&t);
}

static void an_empty_table_has_its_titles(void **state)
{
    (void)state;
    table t;
    buffer out = {0};
    table_init(&t, columns, 3);
    assert_true(table_write(&t, 0, false, &out));
    assert_buffer(out, "ID  NAME  KM2\n");
    table_fini(&t);
}

static void cells_cannot_steer_the_terminal(void **state)
{
    (void)state;
    table t;
    buffer out = {0};
    table_init(&t, columns, 1);
    add(&t, "a\033[2J\nb\xC2\x9B\xE2\x80\xAE\xFFz");
    assert_true(table_write(&t, 0, false, &out));
    assert_buffer(out, "ID\na\xEF\xBF\xBD[2J b\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\n");
    table_fini(&t);
}

static void text_wraps_between_words_and_between_ideographs(void **state)
{
    (void)state;
    buffer out = {0};
    const char *text = "one two three";
    text_put_wrapped(&out, text, strlen(text), 2, 2, 10);
    assert_buffer(out, "one two\n  three");
    out = (buffer){0};
    text = "新疆自贸";
    text_put_wrapped(&out, text, strlen(text), 0, 0, 4);
    assert_buffer(out, "新疆\n自贸");
}

static void csv_quotes_what_needs_it(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"a,b", "\"a,b\""},
        {"a\"b", "\"a\"\"b\""},
        {"a\nb", "\"a\nb\""},
        {"a\rb", "\"a\rb\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        buffer out = {0};
        csv_put(&out, cases[i].in, strlen(cases[i].in));
        assert_buffer(out, cases[i].out);
    }
}

static void tree_is(const char *type_name, const char *json, size_t width, const char *expected)
{
    schema *pool;
    nrpc_status status = {0};
    buffer wire = {0}, out = {0};
    json_t *object;
    assert_ok(schema_load(ftz_descriptor_set_data(), ftz_descriptor_set_size(), &pool, &status),
              &status);
    const schema_message *type = schema_find_message(pool, type_name);
    assert_ok(json_to_wire(type, json, strlen(json), &wire, &status), &status);
    assert_ok(wire_to_json_value(type, wire.data, wire.size, 0, &object, &status), &status);
    static const char *const folded[] = {"remarks", NULL};
    tree_write(type, object, width, false, folded, &out);
    assert_buffer(out, expected);
    json_decref(object);
    buffer_fini(&wire);
    schema_free(pool);
}

static void a_resource_reads_as_a_page(void **state)
{
    (void)state;
    tree_is("ftz.v1.Zone",
            "{\"name\": \"zones/x\", \"areaKm2\": 179.66, \"stage\": \"ZONE_STAGE_OPERATING\","
            " \"launchDate\": {\"year\": 2023, \"month\": 11, \"day\": 1},"
            " \"approvalDate\": {\"year\": 2023},"
            " \"names\": [{\"id\": \"zh\", \"text\": \"新疆\", \"languageCode\": \"zh\","
            " \"kind\": \"NAME_KIND_OFFICIAL\"}],"
            " \"plan\": {\"title\": \"Plan\", \"issuers\": [{\"id\": \"a\","
            " \"displayName\": \"Council\"}]}, \"remarks\": [{\"id\": \"a\"}, {\"id\": \"b\"}]}",
            0,
            "name:          zones/x\n"
            "names:\n"
            "  - 新疆 (zh, official)\n"
            "stage:         operating\n"
            "area_km2:      179.66\n"
            "approval_date: 2023\n"
            "plan:\n"
            "  title: Plan\n"
            "  issuers:\n"
            "    - id:           a\n"
            "      display_name: Council\n"
            "launch_date:   2023-11-01\n"
            "remarks:       2, shown with --view full\n");
}

static void a_quantity_reads_as_a_phrase(void **state)
{
    (void)state;
    tree_is("ftz.v1.Event",
            "{\"quantities\": [{\"id\": \"v\", \"measure\": \"contract_value\","
            " \"value\": {\"value\": \"20950000000\"}, \"unit\": \"CNY\","
            " \"bound\": \"BOUND_MORE_THAN\", \"asStated\": \"20.95 billion yuan\"}],"
            " \"areas\": [\"zones/x/areas/a\", \"zones/x/areas/b\"]}",
            0,
            "areas:\n"
            "  - zones/x/areas/a\n"
            "  - zones/x/areas/b\n"
            "quantities:\n"
            "  - more than 20950000000 CNY (contract_value)\n"
            "    as_stated: 20.95 billion yuan\n");
}

static void long_text_goes_on_below_itself(void **state)
{
    (void)state;
    tree_is("ftz.v1.Term",
            "{\"name\": \"n\", \"definition\": \"Builds on working together with the neighbour"
            " across the border.\"}",
            60,
            "name:       n\n"
            "definition: Builds on working together with the neighbour\n"
            "            across the border.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_line_up_with_wide_and_combining_characters),
        cmocka_unit_test(wide_text_is_cut_to_the_terminal),
        cmocka_unit_test(ids_are_cut_last),
        cmocka_unit_test(columns_without_values_are_left_out),
        cmocka_unit_test(an_empty_table_has_its_titles),
        cmocka_unit_test(cells_cannot_steer_the_terminal),
        cmocka_unit_test(text_wraps_between_words_and_between_ideographs),
        cmocka_unit_test(csv_quotes_what_needs_it),
        cmocka_unit_test(a_resource_reads_as_a_page),
        cmocka_unit_test(a_quantity_reads_as_a_phrase),
        cmocka_unit_test(long_text_goes_on_below_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
