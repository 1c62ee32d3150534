// The filter language as a table: what each filter compiles to, and what is wrong with each that
// does not.
#include "base/buffer.h"
#include "base/macros.h"
#include "descriptor_set.h"
#include "registry/filter/filter.h"
#include "registry/index/tokens.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static schema *pool;
static resource_type types[RESOURCE_KINDS];

static int load(void **state)
{
    (void)state;
    nrpc_status status = {0};
    assert_int_equal(resource_types_init(types, &status), NRPC_OK);
    assert_int_equal(
        schema_load(ftz_descriptor_set_data(), ftz_descriptor_set_size(), &pool, &status), NRPC_OK);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    schema_free(pool);
    return 0;
}

static const schema_message *message_of(resource_kind kind)
{
    return schema_find_message(pool, types[kind].message->name);
}

// --- conditions as text
// ----------------------------------------------------------------------------

static void show_operand(const store_operand *o, buffer *out)
{
    static const char *const sources[] = {
        [STORE_COLUMN] = "#", [STORE_DOCUMENT] = "", [STORE_ELEMENT] = "@"};
    buffer_append_text(out, sources[o->source]);
    for (size_t i = 0; i < o->step_count; i++)
        buffer_printf(out, "%s%s", i ? "." : "", o->steps[i]);
}

static void show_value(const store_value *v, buffer *out)
{
    if (v->kind == STORE_INTEGER)
        buffer_printf(out, "%lld", (long long)v->integer);
    else if (v->kind == STORE_REAL)
        buffer_printf(out, "%gr", v->real);
    else if (v->kind == STORE_TEXT)
        buffer_printf(out, "'%s'", v->text);
}

// Conditions in brackets: [kind = 'x'], [AND a b], #column, @member of an element.
static void show(const store_condition *c, buffer *out)
{
    static const char *const operators[] = {[STORE_AND] = "AND",         [STORE_OR] = "OR",
                                            [STORE_NOT] = "NOT",         [STORE_EQ] = "=",
                                            [STORE_NE] = "!=",           [STORE_LT] = "<",
                                            [STORE_LE] = "<=",           [STORE_GT] = ">",
                                            [STORE_GE] = ">=",           [STORE_LIKE] = "~",
                                            [STORE_PRESENT] = "present", [STORE_ANY] = "ANY",
                                            [STORE_HAS_TOKEN] = "token"};
    switch (c->operator) {
    case STORE_HAS_TOKEN:
        assert_int_equal(c->columns, TOKENS_WORDS);
        buffer_append_text(out, "[word ");
        show_value(&c->value, out);
        break;
    case STORE_AND:
    case STORE_OR:
    case STORE_NOT:
    case STORE_ANY:
        buffer_printf(out, "[%s", operators[c->operator]);
        if (c->operator== STORE_ANY) {
            buffer_append_text(out, " ");
            show_operand(&c->operand, out);
        }
        for (size_t i = 0; i < c->child_count; i++) {
            buffer_append_text(out, " ");
            show(c->children[i], out);
        }
        break;
    default:
        buffer_append_text(out, "[");
        show_operand(&c->operand, out);
        buffer_printf(out, " %s", operators[c->operator]);
        if (c->operator!= STORE_PRESENT) {
            buffer_append_text(out, " ");
            show_value(&c->value, out);
        }
    }
    buffer_append_text(out, "]");
}

static char *compiled(resource_kind kind, const char *filter)
{
    arena memory;
    nrpc_status status = {0};
    const store_condition *condition;
    buffer out = {0};
    arena_init(&memory, NULL, 0, 8 << 20, NULL);
    if (filter_compile(&types[kind], message_of(kind), filter, "filter", &memory, &condition,
                       &status))
        fail_msg("%s\n  %s", filter, status.message);
    if (condition)
        show(condition, &out);
    arena_fini(&memory);
    return buffer_take(&out, NULL);
}

typedef struct match {
    const char *filter, *condition;
} match;

static void expect(resource_kind kind, const match *cases, size_t count)
{
    int wrong = 0;
    for (size_t i = 0; i < count; i++) {
        char *made = compiled(kind, cases[i].filter);
        if (strcmp(made, cases[i].condition) != 0) {
            print_error("%s\n  is       %s\n  expected %s\n", cases[i].filter, made,
                        cases[i].condition);
            wrong++;
        }
        free(made);
    }
    assert_int_equal(wrong, 0);
}

typedef struct fault {
    const char *filter, *reason;
    int position;
    const char *suggestion; // NULL: none
} fault;

typedef nrpc_code (*compile_fn)(resource_kind kind, const char *text, arena *memory,
                                nrpc_status *status);

static nrpc_code compile(resource_kind kind, const char *text, arena *memory, nrpc_status *status)
{
    const store_condition *condition;
    nrpc_code code =
        filter_compile(&types[kind], message_of(kind), text, "filter", memory, &condition, status);
    if (code)
        assert_null(condition);
    return code;
}

static bool is_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static void expect_faults(compile_fn fn, resource_kind kind, const char *field, const fault *cases,
                          size_t count)
{
    int wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const fault *f = &cases[i];
        arena memory;
        nrpc_status status = {0};
        arena_init(&memory, NULL, 0, 8 << 20, NULL);
        nrpc_code code = fn(kind, f->filter, &memory, &status);
        const char *position = nrpc_status_get(&status, "position");
        const char *suggestion = nrpc_status_get(&status, "suggestion");
        bool good = code == NRPC_INVALID_ARGUMENT && status.violation_count > 0 &&
                    is_text(status.violations[0].field, field) &&
                    is_text(status.violations[0].reason, f->reason) && position &&
                    atoi(position) == f->position && is_text(suggestion, f->suggestion);
        if (!good) {
            print_error("%s\n  %s %s at %s, suggests %s\n  %s\n", f->filter, nrpc_code_name(code),
                        status.violation_count ? status.violations[0].reason : "-", position,
                        suggestion, status.message);
            wrong++;
        }
        nrpc_status_fini(&status);
        arena_fini(&memory);
    }
    assert_int_equal(wrong, 0);
}

// --- matches
// ---------------------------------------------------------------------------------------

static void operators_bind_as_the_standard_says(void **state)
{
    (void)state;
    static const match cases[] = {
        {"", ""},
        {" \t\n", ""},
        {"wave = 1", "[wave = 1]"},
        {"wave=1", "[wave = 1]"},
        {"(wave = 1)", "[wave = 1]"},
        {"((wave = 1))", "[wave = 1]"},
        {"wave = 1 AND wave = 2 OR wave = 3", "[AND [wave = 1] [OR [wave = 2] [wave = 3]]]"},
        {"wave = 1 OR wave = 2 AND wave = 3", "[AND [OR [wave = 1] [wave = 2]] [wave = 3]]"},
        {"(wave = 1 AND wave = 2) OR wave = 3", "[OR [AND [wave = 1] [wave = 2]] [wave = 3]]"},
        {"wave = 1 wave = 2", "[AND [wave = 1] [wave = 2]]"},
        {"wave = 1 wave = 2 OR wave = 3", "[AND [wave = 1] [OR [wave = 2] [wave = 3]]]"},
        {"wave = 1 wave = 2 AND wave = 3", "[AND [wave = 1] [wave = 2] [wave = 3]]"},
        {"NOT wave = 1 OR wave = 2", "[OR [NOT [wave = 1]] [wave = 2]]"},
        {"NOT wave = 1 AND -wave = 2", "[AND [NOT [wave = 1]] [NOT [wave = 2]]]"},
        {"NOT (wave = 1 OR wave = 2)", "[NOT [OR [wave = 1] [wave = 2]]]"},
        {"NOT(wave = 1)OR(wave = 2)", "[OR [NOT [wave = 1]] [wave = 2]]"},
        {"-(wave = 1 wave = 2)", "[NOT [AND [wave = 1] [wave = 2]]]"},
        {"NOT (NOT wave = 1)", "[NOT [NOT [wave = 1]]]"},
        {"wave\n=\t1\xc2\xa0"
         "AND\xe3\x80\x80wave = 2",
         "[AND [wave = 1] [wave = 2]]"},
    };
    expect(RESOURCE_ZONE, cases, ARRAY_LEN(cases));
}

static void every_comparator_compares_every_type_it_fits(void **state)
{
    (void)state;
    static const match cases[] = {
        {"kind = a", "[kind = 'a']"},
        {"kind != a", "[kind != 'a']"},
        {"kind < a", "[kind < 'a']"},
        {"kind <= a", "[kind <= 'a']"},
        {"kind > a", "[kind > 'a']"},
        {"kind >= a", "[kind >= 'a']"},
        {"kind:a", "[kind = 'a']"},
        {"wave < -5", "[wave < -5]"},
        {"wave >= 1.5e3", "[wave >= 1500]"},
        {"wave = 9223372036854775807", "[wave = 9223372036854775807]"},
        {"area_km2 > 179.66", "[area_km2 > 179.66r]"},
        {"area_km2 <= 2.997e9", "[area_km2 <= 2.997e+09r]"},
        {"area_km2 = -1E-2", "[area_km2 = -0.01r]"},
        {"area_km2:120", "[area_km2 = 120r]"},
        {"stage = ZONE_STAGE_OPERATING", "[stage = 2]"},
        {"stage != 'ZONE_STAGE_OPERATING'", "[stage != 2]"},
        {"stage:ZONE_STAGE_CLOSED", "[stage = 4]"},
        {"revision > 17", "[#revision > 17]"},
        {"uid = x", "[#uid = 'x']"},
        {"name = zones/cn-xinjiang", "[#name = 'zones/cn-xinjiang']"},
        {"name = \"zones/cn-*\"", "[#name ~ 'zones/cn-*']"},
        {"region.subdivision_code = CN-XJ", "[region.subdivision_code = 'CN-XJ']"},
        {"plan.document_date = 2023", "[AND [plan.document_date.first >= 20230101] "
                                      "[plan.document_date.last <= 20231231]]"},
    };
    expect(RESOURCE_ZONE, cases, ARRAY_LEN(cases));
}

static void a_literal_is_a_word_or_a_string(void **state)
{
    (void)state;
    static const match cases[] = {
        {"kind = \"a b\"", "[kind = 'a b']"},
        {"kind = 'a \"b\"'", "[kind = 'a \"b\"']"},
        {"kind = \"a\\\"b\\\\c\"", "[kind = 'a\"b\\c']"},
        {"kind = 'it\\'s'", "[kind = 'it's']"},
        {"kind = a\\ b", "[kind = 'a b']"},
        {"kind = \"\"", "[kind = '']"},
        {"kind = 喀什", "[kind = '喀什']"},
        {"plan.uri = https://example.org/a.b?c:d", "[plan.uri = 'https://example.org/a.b?c:d']"},
        {"kind = -a.b:c", "[kind = '-a.b:c']"},
        {"kind = Hi!", "[kind = 'Hi!']"},
        {"kind = true", "[kind = 'true']"},
        {"kind = 1", "[kind = '1']"},
        {"kind = \"null\"", "[kind = 'null']"},
        {"kind = \"AND\"", "[kind = 'AND']"},
        // Text is kept in form C, so that is what it is compared in.
        {"kind = \"U\xcc\x88rumqi\"", "[kind = '\xc3\x9crumqi']"},
    };
    expect(RESOURCE_ZONE, cases, ARRAY_LEN(cases));
}

static void a_star_in_an_equality_stands_for_any_text(void **state)
{
    (void)state;
    static const match cases[] = {
        {"kind = a*", "[kind ~ 'a*']"},
        {"kind = \"*a\"", "[kind ~ '*a']"},
        {"kind:a*b*c", "[kind ~ 'a*b*c']"},
        {"kind = *", "[kind ~ '*']"},
        {"kind != \"a*\"", "[AND [kind present] [NOT [kind ~ 'a*']]]"},
        {"kind = \"a\\*\"", "[kind = 'a*']"},
        {"kind = \"a\\*b*\"", "[kind ~ 'a\\*b*']"},
        {"kind = \"\\\\*\"", "[kind ~ '\\\\*']"},
        {"kind < \"a*\"", "[kind < 'a*']"},
        {"kind:*", "[kind present]"},
        {"kind:\"*\"", "[kind ~ '*']"},
    };
    expect(RESOURCE_ZONE, cases, ARRAY_LEN(cases));
}

static void dates_and_times_are_compared_as_spans(void **state)
{
    (void)state;
    static const match cases[] = {
        {"launch_date = 2023-11-01",
         "[AND [launch_date.first >= 20231101] [launch_date.last <= 20231101]]"},
        {"launch_date:\"2023-11\"",
         "[AND [launch_date.first >= 20231101] [launch_date.last <= 20231130]]"},
        {"launch_date != 2023",
         "[OR [launch_date.last < 20230101] [launch_date.first > 20231231]]"},
        {"launch_date < 2024-02", "[launch_date.last < 20240201]"},
        {"launch_date <= 2024-02", "[launch_date.last <= 20240229]"},
        {"launch_date > 2024-02", "[launch_date.first > 20240229]"},
        {"launch_date >= 2024-02", "[launch_date.first >= 20240201]"},
        {"launch_date:*", "[launch_date present]"},
        {"launch_date.year = 2023", "[launch_date.year = 2023]"},
        {"-launch_date.day:*", "[NOT [launch_date.day present]]"},
        {"create_time > 2024-01-01T00:00:00Z", "[#create_time_us > 1704067200000000]"},
        {"create_time <= \"2024-01-01T08:00:00.5+08:00\"", "[#create_time_us <= 1704067200500000]"},
        {"update_time < 2024-01-01T00:00:00.0000005Z", "[#update_time_us <= 1704067200000000]"},
        {"update_time >= 2024-01-01T00:00:00.0000005Z", "[#update_time_us > 1704067200000000]"},
        {"update_time = 2024-01-01T00:00:00.0000005Z", "[OR]"},
        {"update_time != 2024-01-01T00:00:00.0000005Z", "[#update_time_us present]"},
        {"delete_time:*", "[#delete_time_us present]"},
        {"delete_time != 2024-01-01T00:00:00Z", "[#delete_time_us != 1704067200000000]"},
    };
    expect(RESOURCE_ZONE, cases, ARRAY_LEN(cases));
}

static void booleans_are_false_where_they_are_unset(void **state)
{
    (void)state;
    static const match cases[] = {
        {"focus_industries_open = true", "[focus_industries_open = 1]"},
        {"focus_industries_open = false", "[NOT [focus_industries_open = 1]]"},
        {"focus_industries_open != true", "[NOT [focus_industries_open = 1]]"},
        {"focus_industries_open != false", "[focus_industries_open = 1]"},
        {"focus_industries_open:*", "[focus_industries_open present]"},
        {"focus_industries.open_ended:false", "[ANY focus_industries [NOT [@open_ended = 1]]]"},
    };
    expect(RESOURCE_AREA, cases, ARRAY_LEN(cases));
}

static void has_looks_into_lists_and_messages(void **state)
{
    (void)state;
    static const match cases[] = {
        {"areas:*", "[areas present]"},
        {"areas:\"zones/a/areas/b\"", "[ANY areas [@ = 'zones/a/areas/b']]"},
        {"areas:*/khorgos", "[ANY areas [@ ~ '*/khorgos']]"},
        {"quantities:*", "[quantities present]"},
        {"quantities:firms", "[ANY quantities [@id = 'firms']]"},
        {"quantities.unit:CNY", "[ANY quantities [@unit = 'CNY']]"},
        {"quantities.value:*", "[ANY quantities [@value present]]"},
        {"quantities.value:20950000000", "[ANY quantities [@value = '15112095']]"},
        {"quantities.period_start:2024", "[ANY quantities [AND [@period_start.first >= 20240101] "
                                         "[@period_start.last <= 20241231]]]"},
        {"documents.issuers.names.text:x",
         "[ANY documents [ANY @issuers [ANY @names [@text = 'x']]]]"},
        {"documents.issuers:x", "[ANY documents [ANY @issuers [@id = 'x']]]"},
        {"meeting:*", "[meeting present]"},
        {"meeting:chair", "[meeting.chair present]"},
        {"meeting.chair:*", "[meeting.chair present]"},
        {"meeting.body.names.kind:NAME_KIND_OFFICIAL", "[ANY meeting.body.names [@kind = 1]]"},
    };
    expect(RESOURCE_EVENT, cases, ARRAY_LEN(cases));
}

static void an_element_is_named_by_its_id(void **state)
{
    (void)state;
    static const match cases[] = {
        {"size_history.2023-11-01.area_km2 > 100",
         "[ANY size_history [AND [@id = '2023-11-01'] [@area_km2 > 100r]]]"},
        {"size_history.\"reason\".reason != a",
         "[ANY size_history [AND [@id = 'reason'] [@reason != 'a']]]"},
        {"size_history.2023-11-01:*", "[ANY size_history [AND [@id = '2023-11-01'] [AND]]]"},
        {"size_history.2023-11-01:reason",
         "[ANY size_history [AND [@id = '2023-11-01'] [@reason present]]]"},
        {"names.zh.start_date.year >= 2000",
         "[ANY names [AND [@id = 'zh'] [@start_date.year >= 2000]]]"},
    };
    expect(RESOURCE_ZONE, cases, ARRAY_LEN(cases));
}

static void any_holds_a_condition_for_one_element(void **state)
{
    (void)state;
    static const match cases[] = {
        {"any(quantities, (unit = CNY AND value > 1e9))",
         "[ANY quantities [AND [@unit = 'CNY'] [@value > '15101']]]"},
        {"any( quantities ,(NOT unit = CNY) )", "[ANY quantities [NOT [@unit = 'CNY']]]"},
        {"-any(areas, (\"a\" OR b*))", "[NOT [ANY areas [OR [@ = 'a'] [@ ~ 'b*']]]]"},
        {"any(documents, (number:* any(issuers, (role = issuer names.text:x))))",
         "[ANY documents [AND [@number present] [ANY @issuers [AND [@role = 'issuer'] "
         "[ANY @names [@text = 'x']]]]]]"},
        {"any(meeting.chair.names, (text = x))", "[ANY meeting.chair.names [@text = 'x']]"},
        {"any(documents.issuers, (role = x))", "[ANY documents [ANY @issuers [@role = 'x']]]"},
        {"any(documents.plan.issuers, (role = x))",
         "[ANY documents [AND [@id = 'plan'] [ANY @issuers [@role = 'x']]]]"},
        {"type = x OR any(quantities, (unit = y)) title = z",
         "[AND [OR [type = 'x'] [ANY quantities [@unit = 'y']]] [title = 'z']]"},
    };
    expect(RESOURCE_EVENT, cases, ARRAY_LEN(cases));
}

static void an_argument_may_be_values_in_parentheses(void **state)
{
    (void)state;
    static const match cases[] = {
        {"type = (a OR b)", "[OR [type = 'a'] [type = 'b']]"},
        {"type != (a AND b)", "[AND [type != 'a'] [type != 'b']]"},
        {"type = (a* -ab OR -\"ac\")",
         "[AND [type ~ 'a*'] [OR [NOT [type = 'ab']] [NOT [type = 'ac']]]]"},
        {"quantities.unit:(CNY AND NOT USD)",
         "[AND [ANY quantities [@unit = 'CNY']] [NOT [ANY quantities [@unit = 'USD']]]]"},
        {"quantities:(a OR *)", "[OR [ANY quantities [@id = 'a']] [quantities present]]"},
        {"date.year > (-5 OR -5.0)", "[OR [date.year > -5] [date.year > -5]]"},
        {"type = (a.b:c)", "[type = 'a.b:c']"},
        {"type = ((a)) title = b", "[AND [type = 'a'] [title = 'b']]"},
    };
    expect(RESOURCE_EVENT, cases, ARRAY_LEN(cases));
}

static void words_alone_are_looked_for_as_search_does(void **state)
{
    (void)state;
    static const match cases[] = {
        {"Khorgos", "[word 'khorgos']"},
        {"Khorgos border", "[AND [word 'khorgos'] [word 'border']]"},
        {"\"Khorgos border\"", "[AND [word 'border'] [word 'khorgos']]"},
        {"Khorgos OR NOT Kashgar", "[OR [word 'khorgos'] [NOT [word 'kashgar']]]"},
        {"-Khorgos wave = 1", "[AND [NOT [word 'khorgos']] [wave = 1]]"},
        {"true", "[word 'true']"},
    };
    expect(RESOURCE_ZONE, cases, ARRAY_LEN(cases));
}

// --- faults
// ----------------------------------------------------------------------------------------

static void bad_syntax_is_told_with_its_place(void **state)
{
    (void)state;
    static const fault cases[] = {
        {"wave = ", "FILTER_SYNTAX", 8, NULL},
        {"wave =", "FILTER_SYNTAX", 7, NULL},
        {"= 1", "FILTER_SYNTAX", 1, NULL},
        {"wave = 1 AND", "FILTER_SYNTAX", 13, NULL},
        {"wave = 1 OR ", "FILTER_SYNTAX", 13, NULL},
        {"AND wave = 1", "FILTER_SYNTAX", 1, NULL},
        {"wave = 1 AND OR wave = 2", "FILTER_SYNTAX", 14, NULL},
        {"NOT", "FILTER_SYNTAX", 4, NULL},
        {"NOT NOT wave = 1", "FILTER_SYNTAX", 5, NULL},
        {"- wave = 1", "FILTER_SYNTAX", 3, NULL},
        {"(wave = 1", "FILTER_SYNTAX", 1, NULL},
        {"wave = 1)", "FILTER_SYNTAX", 9, NULL},
        {"()", "FILTER_SYNTAX", 2, NULL},
        {"wave = 1, wave = 2", "FILTER_SYNTAX", 9, NULL},
        {"(wave = 1)(wave = 2)", "FILTER_SYNTAX", 11, NULL},
        {"kind = \"a\"b", "FILTER_SYNTAX", 11, NULL},
        {"kind = \"喀什", "FILTER_SYNTAX", 8, NULL},
        {"喀什 AND kind = 'x", "FILTER_SYNTAX", 15, NULL},
        {"kind = a\\", "FILTER_SYNTAX", 9, NULL},
        {"region.", "FILTER_SYNTAX", 7, NULL},
        {"region. kind = a", "FILTER_SYNTAX", 7, NULL},
        {".kind = a", "FILTER_SYNTAX", 1, NULL},
        {"kind = a = b", "FILTER_SYNTAX", 10, NULL},
        {"(kind) = a", "FILTER_SYNTAX", 8, NULL},
        {"kind == a", "FILTER_SYNTAX", 6, "="},
        {"wave => 1", "FILTER_SYNTAX", 6, ">="},
        {"wave =< 1", "FILTER_SYNTAX", 6, "<="},
        {"wave <> 1", "FILTER_SYNTAX", 6, "!="},
        {"!wave = 1", "FILTER_SYNTAX", 1, "NOT"},
        {"wave = 1 and wave = 2", "FILTER_SYNTAX", 10, "AND"},
        {"wave = 1 || wave = 2", "FILTER_SYNTAX", 10, "OR"},
        {"wave = 1 && wave = 2", "FILTER_SYNTAX", 10, "AND"},
        {"kind = AND", "FILTER_SYNTAX", 8, NULL},
        {"kind = (a = b)", "FILTER_SYNTAX", 11, NULL},
        {"kind = (a", "FILTER_SYNTAX", 8, NULL},
        {"kind = ()", "FILTER_SYNTAX", 9, NULL},
        {"any(names)", "FILTER_SYNTAX", 10, NULL},
        {"any(names, kind:*)", "FILTER_SYNTAX", 12, NULL},
        {"any(names, (kind:*)", "FILTER_SYNTAX", 20, NULL},
        {"any((kind:*))", "FILTER_SYNTAX", 5, NULL},
        {"any(names, (kind:*)) = true", "WRONG_OPERATOR", 22, NULL},
        {"all(names, (kind:*))", "UNKNOWN_FUNCTION", 1, "any"},
        {"math.mem('30mb')", "UNKNOWN_FUNCTION", 1, "any"},
        {"kind = any(names)", "FILTER_SYNTAX", 11, NULL},
        {"...", "FILTER_SYNTAX", 1, NULL},
        {"\"...\"", "FILTER_SYNTAX", 1, NULL},
        {"kind = \xff", "FILTER_SYNTAX", 8, NULL},
        {"喀\xe5\x96", "FILTER_SYNTAX", 2, NULL},
    };
    expect_faults(compile, RESOURCE_ZONE, "filter", cases, ARRAY_LEN(cases));
}

static void unknown_names_are_told_with_a_suggestion(void **state)
{
    (void)state;
    static const fault cases[] = {
        {"area_kmm2 > 5", "UNKNOWN_FIELD", 1, "area_km2"},
        {"areaKm2 > 5", "UNKNOWN_FIELD", 1, "area_km2"},
        {"wave = 1 AND Stage = ZONE_STAGE_OPERATING", "UNKNOWN_FIELD", 14, "stage"},
        {"nonsense = 5", "UNKNOWN_FIELD", 1, NULL},
        {"region.knid = a", "UNKNOWN_FIELD", 8, "kind"},
        {"region.regionCode = a", "UNKNOWN_FIELD", 8, "region_code"},
        {"plan:numbr", "UNKNOWN_FIELD", 6, "number"},
        {"names.txet:a", "UNKNOWN_FIELD", 7, "text"},
        {"names.languageCode:a", "UNKNOWN_FIELD", 7, "language_code"},
        {"names.Nonsense:a", "UNKNOWN_FIELD", 7, NULL},
        {"names.text.more:a", "UNKNOWN_FIELD", 12, NULL},
        {"kind.more = a", "UNKNOWN_FIELD", 6, NULL},
        {"create_time.seconds = 1", "UNKNOWN_FIELD", 13, NULL},
        {"5 < wave", "UNKNOWN_FIELD", 1, NULL},
        {"stage = ZONE_STAGE_OPERATNG", "UNKNOWN_ENUM_VALUE", 9, "ZONE_STAGE_OPERATING"},
        {"stage = OPERATING", "UNKNOWN_ENUM_VALUE", 9, "ZONE_STAGE_OPERATING"},
        {"stage = operating", "UNKNOWN_ENUM_VALUE", 9, "ZONE_STAGE_OPERATING"},
        {"stage = 2", "UNKNOWN_ENUM_VALUE", 9, NULL},
        {"any(namees, (kind:*))", "UNKNOWN_FIELD", 5, "names"},
        {"any(names, (knd:*))", "UNKNOWN_FIELD", 13, "kind"},
        {"any(names, (wave = 1))", "UNKNOWN_FIELD", 13, NULL},
    };
    expect_faults(compile, RESOURCE_ZONE, "filter", cases, ARRAY_LEN(cases));
}

static void values_of_the_wrong_type_are_refused(void **state)
{
    (void)state;
    static const fault cases[] = {
        {"wave = x", "WRONG_TYPE", 8, NULL},
        {"wave = \"1\"", "WRONG_TYPE", 8, NULL},
        {"wave = 1.5", "WRONG_TYPE", 8, NULL},
        {"wave = *", "WRONG_TYPE", 8, NULL},
        {"wave = 1*", "WRONG_TYPE", 8, NULL},
        {"wave = 9223372036854775808", "OUT_OF_RANGE", 8, NULL},
        {"area_km2 > big", "WRONG_TYPE", 12, NULL},
        {"area_km2 > 1e999", "OUT_OF_RANGE", 12, NULL},
        {"area_km2 > NaN", "WRONG_TYPE", 12, NULL},
        {"launch_date > 2024-13-01", "WRONG_TYPE", 15, NULL},
        {"launch_date > 2024-02-30", "WRONG_TYPE", 15, NULL},
        {"launch_date > 2024-1-5", "WRONG_TYPE", 15, NULL},
        {"launch_date > yesterday", "WRONG_TYPE", 15, NULL},
        {"launch_date > approval_date", "WRONG_TYPE", 15, NULL},
        {"create_time > 2024-01-05", "WRONG_TYPE", 15, "2024-01-05T00:00:00Z"},
        {"create_time > 2024", "WRONG_TYPE", 15, NULL},
        {"create_time > 2024-01-05T00:00:00", "WRONG_TYPE", 15, NULL},
        {"kind = null", "WRONG_TYPE", 8, "-kind:*"},
        {"plan = null", "WRONG_OPERATOR", 1, "plan:*"},
        {"plan = x", "WRONG_OPERATOR", 1, "plan:*"},
        {"stage > ZONE_STAGE_APPROVED", "WRONG_OPERATOR", 1, NULL},
        {"etag = x", "NOT_FILTERABLE", 1, NULL},
        {"etag:*", "NOT_FILTERABLE", 1, NULL},
        {"Kashg*", "WRONG_OPERATOR", 1, NULL},
        {"any(plan, (number:*))", "WRONG_TYPE", 5, NULL},
        {"any(names, (Kashgar))", "WRONG_OPERATOR", 13, "id = Kashgar"},
    };
    expect_faults(compile, RESOURCE_ZONE, "filter", cases, ARRAY_LEN(cases));
    static const fault of_areas[] = {
        {"focus_industries_open = yes", "WRONG_TYPE", 25, NULL},
        {"focus_industries_open = \"true\"", "WRONG_TYPE", 25, NULL},
        {"focus_industries_open > false", "WRONG_OPERATOR", 1, NULL},
    };
    expect_faults(compile, RESOURCE_AREA, "filter", of_areas, ARRAY_LEN(of_areas));
}

static void comparisons_of_lists_are_refused_with_what_to_write(void **state)
{
    (void)state;
    static const fault cases[] = {
        {"areas = x", "REPEATED_FIELD", 1, "areas:x"},
        {"areas != x", "REPEATED_FIELD", 1, "-areas:x"},
        {"areas < x", "REPEATED_FIELD", 1, NULL},
        {"type = a AND quantities.unit = CNY", "REPEATED_FIELD", 14, "quantities.unit:CNY"},
        {"quantities.value > 5", "REPEATED_FIELD", 1, "any(quantities, (value > 5))"},
        {"documents.issuers.role != 'a b'", "REPEATED_FIELD", 1,
         "any(documents.issuers, (role != 'a b'))"},
        {"quantities.value > (5 OR 6)", "REPEATED_FIELD", 1, NULL},
        {"quantities = firms", "REPEATED_FIELD", 1, "quantities:firms"},
        {"any(documents, (issuers.role = a))", "REPEATED_FIELD", 17, "issuers.role:a"},
        {"any(areas, (id = a))", "UNKNOWN_FIELD", 13, NULL},
        {"areas.id:a", "UNKNOWN_FIELD", 7, NULL},
        {"quantities.value.value:5", "UNKNOWN_FIELD", 18, NULL},
        {"quantities.value:x", "WRONG_TYPE", 18, NULL},
        {"quantities.value:\"5\"", "WRONG_TYPE", 18, NULL},
        {"quantities.value:12345678901234567890123456789", "WRONG_TYPE", 18, NULL},
    };
    expect_faults(compile, RESOURCE_EVENT, "filter", cases, ARRAY_LEN(cases));
}

static void independent_faults_are_told_together(void **state)
{
    (void)state;
    arena memory;
    nrpc_status status = {0};
    arena_init(&memory, NULL, 0, 8 << 20, NULL);
    assert_int_equal(compile(RESOURCE_ZONE, "nonsense = 1 AND (wave = x OR stage = y) -kind:a",
                             &memory, &status),
                     NRPC_INVALID_ARGUMENT);
    assert_int_equal(status.violation_count, 3);
    assert_string_equal(status.violations[0].reason, "UNKNOWN_FIELD");
    assert_string_equal(status.violations[1].reason, "WRONG_TYPE");
    assert_string_equal(status.violations[2].reason, "UNKNOWN_ENUM_VALUE");
    assert_string_equal(status.violations[1].description,
                        "at character 26: 'wave' is compared with a whole number, without quotes, "
                        "and x is none");
    nrpc_status_fini(&status);
    arena_fini(&memory);
}

// `count` times `part`, between two ends.
static char *repeated(const char *before, const char *part, size_t count, const char *after)
{
    buffer b = {0};
    buffer_append_text(&b, before);
    for (size_t i = 0; i < count; i++)
        buffer_append_text(&b, part);
    buffer_append_text(&b, after);
    return buffer_take(&b, NULL);
}

static char *nested(const char *open, size_t depth, const char *inner, const char *close)
{
    buffer b = {0};
    for (size_t i = 0; i < depth; i++)
        buffer_append_text(&b, open);
    buffer_append_text(&b, inner);
    for (size_t i = 0; i < depth; i++)
        buffer_append_text(&b, close);
    return buffer_take(&b, NULL);
}

static void expect_bound(resource_kind kind, char *good, char *bad, const char *reason)
{
    free(compiled(kind, good));
    arena memory;
    nrpc_status status = {0};
    arena_init(&memory, NULL, 0, 8 << 20, NULL);
    assert_int_equal(compile(kind, bad, &memory, &status), NRPC_INVALID_ARGUMENT);
    assert_string_equal(status.violations[0].reason, reason);
    assert_non_null(nrpc_status_get(&status, "position"));
    nrpc_status_fini(&status);
    arena_fini(&memory);
    free(good);
    free(bad);
}

static void size_depth_and_number_are_bounded(void **state)
{
    (void)state;
    expect_bound(RESOURCE_ZONE, repeated("kind = ", "a", FILTER_MAX_SIZE - 7, ""),
                 repeated("kind = ", "a", FILTER_MAX_SIZE - 6, ""), "FILTER_TOO_LONG");
    expect_bound(RESOURCE_ZONE, nested("(", FILTER_MAX_DEPTH, "wave = 1", ")"),
                 nested("(", FILTER_MAX_DEPTH + 1, "wave = 1", ")"), "FILTER_TOO_DEEP");
    expect_bound(RESOURCE_ZONE, nested("NOT (", FILTER_MAX_DEPTH / 2, "wave = 1", ")"),
                 nested("-(", FILTER_MAX_DEPTH / 2 + 1, "wave = 1", ")"), "FILTER_TOO_DEEP");
    expect_bound(RESOURCE_ZONE, repeated("wave = 0", " wave = 1", FILTER_MAX_TERMS - 1, ""),
                 repeated("wave = 0", " wave = 1", FILTER_MAX_TERMS, ""), "FILTER_TOO_LONG");
    expect_bound(RESOURCE_ZONE, repeated("wave = (0", " OR 1", FILTER_MAX_TERMS - 1, ")"),
                 repeated("wave = (0", " OR 1", FILTER_MAX_TERMS, ")"), "FILTER_TOO_LONG");
    expect_bound(RESOURCE_ZONE, repeated("region", ".region", 0, ":*"),
                 repeated("region", ".region", 40, ":*"), "FILTER_TOO_DEEP");
    // Words of one string are as many as they would be apart.
    buffer words = {0};
    buffer_append_text(&words, "\"");
    for (int i = 0; i <= FILTER_MAX_TERMS; i++)
        buffer_printf(&words, "w%d ", i);
    buffer_append_text(&words, "\"");
    expect_bound(RESOURCE_ZONE, strdup("wave = 1"), buffer_take(&words, NULL), "FILTER_TOO_LONG");
    // Nothing that is refused late may have cost the stack first.
    expect_bound(RESOURCE_ZONE, strdup("wave = 1"), nested("(", FILTER_MAX_SIZE / 2, "", ""),
                 "FILTER_TOO_DEEP");
    expect_bound(RESOURCE_ZONE, strdup("wave = 1"), nested("any(names,(", 700, "", ""),
                 "FILTER_TOO_DEEP");
}

static void memory_that_runs_out_is_no_bad_filter(void **state)
{
    (void)state;
    static const char filter[] = "any(quantities, (unit = CNY OR value > 5)) date > 2024 -x";
    bool done = false;
    for (size_t limit = 0; !done; limit += 64) {
        assert_true(limit < 1 << 20);
        arena memory;
        nrpc_status status = {0};
        // Nothing is handed out beyond the first block.
        void *first = aligned_alloc(16, limit + 16);
        arena_init(&memory, first, limit, 0, NULL);
        nrpc_code code = compile(RESOURCE_EVENT, filter, &memory, &status);
        done = !code;
        if (code)
            assert_int_equal(code, NRPC_RESOURCE_EXHAUSTED);
        nrpc_status_fini(&status);
        arena_fini(&memory);
        free(first);
    }
}

// --- orders
// ----------------------------------------------------------------------------------------

static nrpc_code order(resource_kind kind, const char *text, arena *memory, nrpc_status *status)
{
    const store_order *orders;
    size_t count;
    return filter_order(&types[kind], message_of(kind), text, "order_by", memory, &orders, &count,
                        status);
}

static void orders_are_read_as_the_standard_says(void **state)
{
    (void)state;
    static const match cases[] = {
        {"", ""},
        {"  ", ""},
        {"name", ""},
        {"wave", "wave"},
        {" wave  desc ,kind ", "wave desc, kind"},
        {"wave,kind desc", "wave, kind desc"},
        {"name desc", "#name desc"},
        {"wave, name, kind", "wave"},
        {"wave, name desc, kind", "wave, #name desc"},
        {"launch_date", "launch_date.first, launch_date.last desc"},
        {"launch_date desc", "launch_date.first desc, launch_date.last"},
        {"launch_date.year", "launch_date.year"},
        {"region.subdivision_code, area_km2 desc", "region.subdivision_code, area_km2 desc"},
        {"update_time desc, revision", "#update_time_us desc, #revision"},
        {"stage", "stage"},
        {"plan.document_date, launch_date, approval_date, wave, kind",
         "plan.document_date.first, plan.document_date.last desc, launch_date.first, "
         "launch_date.last desc, approval_date.first, approval_date.last desc, wave, kind"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        arena memory;
        nrpc_status status = {0};
        const store_order *orders;
        size_t count;
        buffer out = {0};
        arena_init(&memory, NULL, 0, 8 << 20, NULL);
        if (filter_order(&types[RESOURCE_ZONE], message_of(RESOURCE_ZONE), cases[i].filter,
                         "order_by", &memory, &orders, &count, &status))
            fail_msg("%s: %s", cases[i].filter, status.message);
        for (size_t j = 0; j < count; j++) {
            buffer_append_text(&out, j ? ", " : "");
            show_operand(&orders[j].operand, &out);
            buffer_append_text(&out, orders[j].descending ? " desc" : "");
        }
        char *made = buffer_take(&out, NULL);
        assert_string_equal(made, cases[i].condition);
        free(made);
        arena_fini(&memory);
    }
}

static void bad_orders_are_told_with_place_and_suggestion(void **state)
{
    (void)state;
    static const fault cases[] = {
        {"wav", "UNKNOWN_FIELD", 1, "wave"},
        {"wave, areaKm2", "UNKNOWN_FIELD", 7, "area_km2"},
        {"wave desc kind", "FILTER_SYNTAX", 11, NULL},
        {"wave DESC", "FILTER_SYNTAX", 6, "desc"},
        {"wave asc", "FILTER_SYNTAX", 6, NULL},
        {"wave,", "FILTER_SYNTAX", 6, NULL},
        {",wave", "FILTER_SYNTAX", 1, NULL},
        {"wave = 1", "FILTER_SYNTAX", 6, NULL},
        {"-wave", "FILTER_SYNTAX", 1, NULL},
        {"wave, kind, wave desc", "DUPLICATE_FIELD", 13, NULL},
        {"region", "NOT_ORDERABLE", 1, NULL},
        {"names", "NOT_ORDERABLE", 1, NULL},
        {"names.text", "NOT_ORDERABLE", 1, NULL},
        {"size_history.2023-11-01.area_km2", "NOT_ORDERABLE", 1, NULL},
        {"etag", "NOT_ORDERABLE", 1, NULL},
        {"plan.document_date, launch_date, approval_date, wave, kind, stage", "TOO_MANY_FIELDS", 61,
         NULL},
    };
    expect_faults(order, RESOURCE_ZONE, "order_by", cases, ARRAY_LEN(cases));
    static const fault of_areas[] = {{"focus_industries_open", "NOT_ORDERABLE", 1, NULL}};
    expect_faults(order, RESOURCE_AREA, "order_by", of_areas, ARRAY_LEN(of_areas));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_bind_as_the_standard_says),
        cmocka_unit_test(every_comparator_compares_every_type_it_fits),
        cmocka_unit_test(a_literal_is_a_word_or_a_string),
        cmocka_unit_test(a_star_in_an_equality_stands_for_any_text),
        cmocka_unit_test(dates_and_times_are_compared_as_spans),
        cmocka_unit_test(booleans_are_false_where_they_are_unset),
        cmocka_unit_test(has_looks_into_lists_and_messages),
        cmocka_unit_test(an_element_is_named_by_its_id),
        cmocka_unit_test(any_holds_a_condition_for_one_element),
        cmocka_unit_test(an_argument_may_be_values_in_parentheses),
        cmocka_unit_test(words_alone_are_looked_for_as_search_does),
        cmocka_unit_test(bad_syntax_is_told_with_its_place),
        cmocka_unit_test(unknown_names_are_told_with_a_suggestion),
        cmocka_unit_test(values_of_the_wrong_type_are_refused),
        cmocka_unit_test(comparisons_of_lists_are_refused_with_what_to_write),
        cmocka_unit_test(independent_faults_are_told_together),
        cmocka_unit_test(size_depth_and_number_are_bounded),
        cmocka_unit_test(memory_that_runs_out_is_no_bad_filter),
        cmocka_unit_test(orders_are_read_as_the_standard_says),
        cmocka_unit_test(bad_orders_are_told_with_place_and_suggestion),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
