// Aggregate: resources counted and summed, nothing twice.
#include "query_support.h"

#include "registry/query/aggregate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct ask {
    const char *parent, *type, *filter;
    const char *by[5], *sum[3];
    int day;
    int page_size;
    const char *token;
} ask;

static size_t count_texts(const char *const *texts, size_t max)
{
    size_t n = 0;
    while (n < max && texts[n])
        n++;
    return n;
}

static char *text_or_empty(const char *text)
{
    return (char *)(uintptr_t)(text ? text : "");
}

static nrpc_code run(inquiry *i, ask a, Ftz__V1__AggregateResponse *out)
{
    Ftz__V1__AggregateRequest request = FTZ__V1__AGGREGATE_REQUEST__INIT;
    request.parent = text_or_empty(a.parent);
    request.resource_type = text_or_empty(a.type);
    request.filter = text_or_empty(a.filter);
    request.group_by = (char **)(uintptr_t)a.by;
    request.n_group_by = count_texts(a.by, ARRAY_LEN(a.by));
    request.sum = (char **)(uintptr_t)a.sum;
    request.n_sum = count_texts(a.sum, ARRAY_LEN(a.sum));
    request.date = a.day ? date_of(a.day) : NULL;
    request.page_size = a.page_size;
    request.page_token = text_or_empty(a.token);
    return aggregate(&i->question, &request, out, &i->status);
}

// A line for each bucket, "key|key: count", and one for each sum,
// "  measure unit value summands/unknown/left_out bound verification".
static void describe(const Ftz__V1__AggregateResponse *page, buffer *out)
{
    for (size_t i = 0; i < page->n_buckets; i++) {
        const Ftz__V1__Bucket *b = page->buckets[i];
        for (size_t k = 0; k < b->n_keys; k++)
            buffer_printf(out, "%s%s", k ? "|" : "", b->keys[k]);
        buffer_printf(out, ": %d\n", (int)b->count);
        for (size_t k = 0; k < b->n_sums; k++) {
            const Ftz__V1__Sum *s = b->sums[k];
            buffer_printf(out, "  %s %s %s %d/%d/%d b%d v%d\n", s->measure, s->unit,
                          s->value ? s->value->value : "-", (int)s->summands, (int)s->unknown,
                          (int)s->left_out, (int)s->bound, (int)s->verification);
        }
    }
    assert_false(out->failed);
}

static void expect(const world *w, ask a, const char *expected)
{
    inquiry i;
    Ftz__V1__AggregateResponse page;
    buffer text = {0};
    inquiry_init(&i, w);
    assert_ok(run(&i, a, &page), &i.status);
    describe(&page, &text);
    buffer_append_byte(&text, '\0');
    assert_string_equal((const char *)text.data, expected);
    buffer_fini(&text);
    inquiry_fini(&i);
}

// --- the article's zone --------------------------------------------------------------------------

static void the_three_areas_add_up_to_the_zone_exactly(void **state)
{
    world *w = *state;
    expect(w, (ask){.type = "Area", .sum = {"area_km2"}},
           ": 3\n  area_km2 km2 179.66 3/0/0 b0 v1\n");
    expect(w, (ask){.type = "Zone", .sum = {"area_km2"}, .day = 20231101},
           ": 1\n  area_km2 km2 179.66 1/0/0 b0 v3\n");
    // On the day before it started it was there, its size was not.
    expect(w, (ask){.type = "Zone", .sum = {"area_km2"}, .day = 20231031},
           ": 1\n  area_km2 km2 - 0/1/0 b0 v0\n");
    expect(w, (ask){.type = "Zone", .sum = {"area_km2"}, .day = 20231020}, ": 0\n");
}

static void events_are_counted_by_type_and_year(void **state)
{
    world *w = *state;
    expect(w, (ask){.parent = "zones/cn-xinjiang", .type = "Event", .by = {"year"}},
           "2023: 4\n2024: 3\n");
    expect(w,
           (ask){.parent = "zones/-",
                 .type = "Event",
                 .filter = "areas:\"zones/cn-xinjiang/areas/khorgos\"",
                 .by = {"type", "month"}},
           "area_inauguration|2023-12: 1\ncross_border_finance|2024-08: 1\nsigning|2023-12: 1\n");
    expect(w, (ask){.type = "Event", .filter = "type = signing", .sum = {"quantities"}},
           ": 1\n  contract_value CNY 20950000000 1/0/0 b0 v1\n"
           "  signing_companies company 26 1/0/0 b0 v1\n");
}

// --- sizes ---------------------------------------------------------------------------------------

#define PROOF(word)                                                                                \
    "'citations': [{'id': 'c', 'verification': 'VERIFICATION_" word "',"                           \
    "               'stance': 'STANCE_SUPPORTS', 'sources': ['sources/s'],"                        \
    "               'derivation': ''}]"
#define SOURCE                     "'sources': [{'name': 'sources/s', 'title': 'S'}]"
#define DATE(y, m, d)              "{'year': " #y ", 'month': " #m ", 'day': " #d "}"
#define SIZE(id, date, size, more) "{'id': '" id "', 'date': " date ", 'areaKm2': " size more "}"

// clang-format off
static const char sizes[] =
    "{" SOURCE ","
    "'zones': ["
    "  {'name': 'zones/a', 'displayName': 'A', 'approvalDate': " DATE(2013, 8, 17) ","
    "   'areaKm2': 240.22, 'wave': 1, 'sizeHistory': ["
    SIZE("s1", DATE(2013, 9, 29), "28.78", "") ","
    SIZE("s2", DATE(2014, 12, 28), "120.72", "") ","
    SIZE("s3", "{'year': 2019, 'month': 8}", "240.22", "") "], " PROOF("VERIFIED") "},"
    "  {'name': 'zones/b', 'displayName': 'B', 'approvalDate': {'year': 2020}, 'areaKm2': 0.1,"
    "   'wave': 10, " PROOF("UNVERIFIED") "},"
    "  {'name': 'zones/c', 'displayName': 'C', 'areaKm2': 0.2, 'wave': 2}],"
    "'areas': ["
    "  {'name': 'zones/a/areas/founding', 'displayName': 'F', 'areaKm2': 28.78, " PROOF("VERIFIED") "},"
    "  {'name': 'zones/a/areas/inside', 'displayName': 'I', 'areaKm2': 10,"
    "   'parentArea': 'zones/a/areas/founding', " PROOF("VERIFIED") "},"
    "  {'name': 'zones/a/areas/later', 'displayName': 'L', 'areaKm2': 91.94,"
    "   'addedDate': " DATE(2014, 12, 28) ", " PROOF("UNVERIFIED") "},"
    "  {'name': 'zones/a/areas/unsized', 'displayName': 'U',"
    "   'addedDate': " DATE(2019, 8, 6) ", " PROOF("VERIFIED") "}]}";
// clang-format on

static void a_zone_measures_what_it_did_on_the_day(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    world_import(&w, sizes);
    static const struct {
        int day;
        const char *expected;
    } cases[] = {
        // Approved, without a size; c has no date at all, and is counted on every day.
        {20130817, ": 2\n  area_km2 km2 - 0/2/0 b0 v0\n"},
        {20130816, ": 1\n  area_km2 km2 - 0/1/0 b0 v0\n"},
        {20130929, ": 2\n  area_km2 km2 28.78 1/1/0 b0 v1\n"},
        {20141227, ": 2\n  area_km2 km2 28.78 1/1/0 b0 v1\n"},
        {20141228, ": 2\n  area_km2 km2 120.72 1/1/0 b0 v1\n"},
        // Some day of August 2019 it grew: on the days of that month nobody knows.
        {20190731, ": 2\n  area_km2 km2 120.72 1/1/0 b0 v1\n"},
        {20190801, ": 2\n  area_km2 km2 - 0/2/0 b0 v0\n"},
        {20190831, ": 2\n  area_km2 km2 240.22 1/1/0 b0 v1\n"},
        // b may have been approved on this day of 2020.
        {20200101, ": 3\n  area_km2 km2 240.22 1/2/0 b0 v1\n"},
        // From today on the sizes of b and c, which have no history, are what they are today.
        {20991231, ": 3\n  area_km2 km2 240.52 3/0/0 b0 v0\n"},
        {0, ": 3\n  area_km2 km2 240.52 3/0/0 b0 v0\n"},
    };
    for (size_t k = 0; k < ARRAY_LEN(cases); k++)
        expect(&w, (ask){.type = "Zone", .sum = {"area_km2"}, .day = cases[k].day},
               cases[k].expected);
    expect(&w, (ask){.parent = "zones/b", .type = "Zone", .sum = {"area_km2"}},
           ": 1\n  area_km2 km2 0.1 1/0/0 b0 v2\n");
    world_close(&w);
}

static void nested_areas_are_left_out_and_those_of_later_are_not_there(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    world_import(&w, sizes);
    expect(&w, (ask){.type = "Area", .sum = {"area_km2"}},
           ": 4\n  area_km2 km2 120.72 2/1/1 b0 v2\n");
    expect(&w, (ask){.type = "Area", .sum = {"area_km2"}, .day = 20130928}, ": 0\n");
    expect(&w, (ask){.parent = "zones/a", .type = "Area", .sum = {"area_km2"}, .day = 20130929},
           ": 2\n  area_km2 km2 28.78 1/0/1 b0 v1\n");
    expect(&w, (ask){.type = "Area", .by = {"parent_area"}, .sum = {"area_km2"}, .day = 20190806},
           ": 3\n  area_km2 km2 120.72 2/1/0 b0 v2\n"
           "zones/a/areas/founding: 1\n  area_km2 km2 - 0/0/1 b0 v0\n");
    world_close(&w);
}

static void numbers_are_ordered_as_numbers(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    world_import(&w, sizes);
    expect(&w, (ask){.type = "Zone", .by = {"wave"}}, "1: 1\n2: 1\n10: 1\n");
    expect(&w, (ask){.type = "Zone", .by = {"area_km2"}}, "0.1: 1\n0.2: 1\n240.22: 1\n");
    expect(&w, (ask){.type = "Zone", .by = {"approval_date.year", "zone"}},
           "|zones/c: 1\n2013|zones/a: 1\n2020|zones/b: 1\n");
    world_close(&w);
}

// --- quantities ----------------------------------------------------------------------------------

#define Q(id, value, nature, more)                                                                 \
    "{'id': '" id "', 'measure': 'm', 'unit': 't', 'value': {'value': '" value                     \
    "'}, 'nature': 'QUANTITY_NATURE_" nature "'" more "}"
#define EVENT(zone, id, quantities, more)                                                          \
    "{'name': 'zones/" zone "/events/" id                                                          \
    "', 'title': 'E', 'date': " DATE(2022, 6, 30) ", 'quantities': [" quantities "]" more "}"
#define TWO_ZONES                                                                                  \
    SOURCE ", 'zones': [{'name': 'zones/y', 'displayName': 'Y'},"                                  \
           "            {'name': 'zones/z', 'displayName': 'Z'}],"
#define SPAN(from, to) ", 'periodStart': " from ", 'periodEnd': " to

static void only_what_may_be_added_is(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    // clang-format off
    world_import(&w, "{" TWO_ZONES "'events': ["
        EVENT("z", "e1",
            Q("a", "0.1", "OCCASION", "") "," Q("b", "0.2", "OCCASION", "") ","
            Q("part", "0.05", "OCCASION", ", 'partOf': 'a'") ","
            Q("again", "100", "OCCASION", ", 'restates': 'a'") ","
            Q("sum", "7", "CUMULATIVE", "") "," Q("level", "7", "STOCK", "") ","
            Q("plan", "7", "PLAN", "") "," Q("ratio", "7", "RATIO", "") ","
            Q("what", "7", "UNSPECIFIED", "") ","
            "{'id': 'none', 'value': {'value': '3'}, 'nature': 'QUANTITY_NATURE_OCCASION'}",
            ", " PROOF("VERIFIED")) ","
        EVENT("z", "e2", Q("a", "-0.05", "OCCASION", ", 'bound': 'BOUND_MORE_THAN'"), "") ","
        EVENT("z", "e3", "", "") "]}");
    // clang-format on
    // 0.1 + 0.2 - 0.05; seven are left out; one event does not state it.
    expect(&w, (ask){.type = "Event", .sum = {"quantities"}},
           ": 3\n    - 0/2/1 b0 v0\n  m t 0.25 3/1/7 b2 v0\n");
    expect(&w,
           (ask){.type = "Event",
                 .filter = "quantities.bound:BOUND_MORE_THAN",
                 .by = {"quantities.bound"}},
           "BOUND_MORE_THAN: 1\n");
    world_close(&w);
}

static void periods_that_overlap_in_a_zone_count_once(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    // clang-format off
    world_import(&w, "{" TWO_ZONES "'events': ["
        EVENT("y", "other", Q("a", "1000", "PERIOD", SPAN("{'year': 2021}", "{'year': 2021}")), "") ","
        EVENT("z", "a-year", Q("a", "1", "PERIOD", SPAN("{'year': 2021}", "{'year': 2021}")), "") ","
        EVENT("z", "b-within", Q("a", "10", "PERIOD",
            SPAN("{'year': 2021, 'month': 3}", "{'year': 2021, 'month': 4}")), "") ","
        EVENT("z", "c-touches", Q("a", "100", "PERIOD",
            SPAN(DATE(2021, 12, 31), "{'year': 2022, 'month': 1}")), "") ","
        EVENT("z", "d-behind", Q("a", "2", "PERIOD",
            SPAN("{'year': 2022, 'month': 1}", "{'year': 2022, 'month': 2}")), "") ","
        EVENT("z", "e-before", Q("a", "4", "PERIOD", SPAN("{'year': 2019}", "{'year': 2020}")), "") ","
        EVENT("z", "f-open", Q("a", "8", "PERIOD", ", 'periodStart': {'year': 2022, 'month': 3}"), "") ","
        EVENT("z", "g-ever", Q("a", "16", "PERIOD", ", 'periodEnd': {'year': 2018}"), "") ","
        EVENT("z", "h-ever", Q("a", "32", "PERIOD", ", 'periodEnd': {'year': 2017}"), "") ","
        EVENT("z", "i-day", Q("a", "64", "OCCASION", ""), "") "]}");
    // clang-format on
    expect(&w, (ask){.type = "Event", .by = {"zone"}, .sum = {"quantities"}},
           "zones/y: 1\n  m t 1000 1/0/0 b0 v0\nzones/z: 9\n  m t 95 6/0/3 b0 v0\n");
    expect(&w, (ask){.type = "Event", .sum = {"quantities"}}, ": 10\n  m t 1095 7/0/3 b0 v0\n");
    world_close(&w);
}

static void a_joint_event_counts_in_each_zone_but_once_in_all(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    // clang-format off
    world_import(&w, "{" TWO_ZONES "'events': ["
        EVENT("y", "joint", Q("a", "5", "PERIOD", SPAN("{'year': 2021}", "{'year': 2021}")),
              ", 'zones': ['zones/z']") ","
        EVENT("z", "own", Q("a", "7", "PERIOD", SPAN("{'year': 2021}", "{'year': 2021}")), "") "]}");
    // clang-format on
    expect(&w, (ask){.type = "Event", .by = {"zone"}, .sum = {"quantities"}},
           "zones/y: 1\n  m t 5 1/0/0 b0 v0\nzones/z: 2\n  m t 5 1/0/1 b0 v0\n");
    expect(&w, (ask){.type = "Event", .sum = {"quantities"}}, ": 2\n  m t 5 1/0/1 b0 v0\n");
    expect(&w, (ask){.parent = "zones/z", .type = "Event", .by = {"zone"}}, "zones/z: 2\n");
    expect(&w, (ask){.parent = "zones/y", .type = "Event"}, ": 1\n");
    world_close(&w);
}

static void bounds_and_proofs_are_the_worst_of_what_was_added(void **state)
{
    (void)state;
    enum { EXACT, ABOUT, MORE_THAN, AT_LEAST, NEARLY, UP_TO };
    static const int cases[][3] = {
        {EXACT, EXACT, EXACT},           {EXACT, ABOUT, ABOUT},    {MORE_THAN, EXACT, MORE_THAN},
        {MORE_THAN, AT_LEAST, AT_LEAST}, {NEARLY, UP_TO, UP_TO},   {MORE_THAN, NEARLY, ABOUT},
        {AT_LEAST, UP_TO, ABOUT},        {ABOUT, AT_LEAST, ABOUT}, {77, EXACT, ABOUT},
    };
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        assert_int_equal(tally_looser(cases[k][0], cases[k][1]), cases[k][2]);
        assert_int_equal(tally_looser(cases[k][1], cases[k][0]), cases[k][2]);
    }
    world w;
    world_open(&w);
    // clang-format off
    world_import(&w, "{" TWO_ZONES "'events': ["
        EVENT("z", "e1", Q("a", "1", "OCCASION", ", 'maxValue': {'value': '3'}"),
              ", " PROOF("VERIFIED")) ","
        EVENT("z", "e2", Q("a", "1", "OCCASION", ""), ", " PROOF("UNVERIFIED")) "]}");
    // clang-format on
    expect(&w, (ask){.type = "Event", .sum = {"quantities"}}, ": 2\n  m t 2 2/0/0 b3 v2\n");
    world_close(&w);
}

static void only_counts_of_batches_add_up(void **state)
{
    (void)state;
    world w;
    world_open(&w);
#define DELEGATION(id, count, scope)                                                               \
    "{'name': 'zones/z/powerDelegations/" id "', 'displayName': 'D', 'itemCount': " count          \
    ", 'itemCountScope': 'COUNT_SCOPE_" scope "', 'subjects': [{'id': 'x', 'code': 'x'},"          \
    " {'id': 'y', 'code': 'y'}, {'id': 'x2', 'code': 'x'}], " PROOF("VERIFIED") "}"
    world_import(&w, "{" TWO_ZONES "'powerDelegations': [" DELEGATION("a", "29", "BATCH") "," //
                 DELEGATION("b", "26", "BATCH") ","                                           //
                 DELEGATION("c", "303", "RUNNING_TOTAL") ","                                  //
                 DELEGATION("d", "0", "BATCH") "]}");
    expect(&w, (ask){.type = "PowerDelegation", .sum = {"item_count"}},
           ": 4\n  item_count  55 2/1/1 b0 v1\n");
    // A resource counts once for each value of a list, and each value once.
    expect(&w, (ask){.type = "PowerDelegation", .by = {"subjects.code", "item_count_scope"}},
           "x|COUNT_SCOPE_BATCH: 3\nx|COUNT_SCOPE_RUNNING_TOTAL: 1\n"
           "y|COUNT_SCOPE_BATCH: 3\ny|COUNT_SCOPE_RUNNING_TOTAL: 1\n");
    world_close(&w);
}

// --- pages and faults ----------------------------------------------------------------------------

static void pages_join_to_the_whole(void **state)
{
    inquiry i;
    Ftz__V1__AggregateResponse page;
    buffer whole = {0}, joined = {0};
    char token[6000] = "";
    inquiry_init(&i, *state);
    ask a = {.type = "Area",
             .by = {"focus_industries.code", "zone", "name", "focus_industries.tier"}};
    assert_ok(run(&i, a, &page), &i.status);
    size_t buckets = page.n_buckets, seen = 0, pages = 0;
    assert_true(buckets > 10);
    describe(&page, &whole);
    a.page_size = 4;
    do {
        inquiry_reset(&i);
        a.token = token;
        assert_ok(run(&i, a, &page), &i.status);
        assert_true(page.n_buckets > 0 && page.n_buckets <= 4);
        describe(&page, &joined);
        seen += page.n_buckets;
        snprintf(token, sizeof token, "%s", page.next_page_token);
        pages++;
    } while (*token && pages < 100);
    assert_int_equal(seen, buckets);
    assert_int_equal(joined.size, whole.size);
    assert_memory_equal(joined.data, whole.data, whole.size);
    inquiry_reset(&i);
    a.token = NULL;
    assert_ok(run(&i, a, &page), &i.status);
    snprintf(token, sizeof token, "%s", page.next_page_token);
    const ask others[] = {
        {.type = "Zone", .by = {"name"}, .token = token},
        {.type = "Area", .by = {"name"}, .token = token},
        {.type = "Area",
         .parent = "zones/cn-xinjiang",
         .by = {a.by[0], a.by[1], a.by[2], a.by[3]},
         .token = token},
        {.type = "Area",
         .filter = "area_km2 > 1",
         .by = {a.by[0], a.by[1], a.by[2], a.by[3]},
         .token = token},
    };
    for (size_t k = 0; k < ARRAY_LEN(others); k++) {
        run(&i, others[k], &page);
        assert_status(&i.status, NRPC_INVALID_ARGUMENT, "PAGE_TOKEN_MISMATCH");
    }
    buffer_fini(&joined);
    buffer_fini(&whole);
    inquiry_fini(&i);
}

static void faults_are_named_with_what_may_have_been_meant(void **state)
{
    inquiry i;
    Ftz__V1__AggregateResponse page;
    inquiry_init(&i, *state);
    static const struct {
        ask a;
        const char *field, *reason, *suggestion;
    } cases[] = {
        {{.type = "Areas"}, "resource_type", "UNKNOWN_TYPE", "Area"},
        {{.type = ""}, "resource_type", "REQUIRED", NULL},
        {{.type = "Source"}, "resource_type", "UNKNOWN_TYPE", NULL},
        {{.type = "Area", .parent = "zone/x"}, "parent", "NAME_MALFORMED", NULL},
        {{.type = "Area", .by = {"focus_industry.code"}},
         "group_by[0]",
         "UNKNOWN_FIELD",
         "focus_industries"},
        {{.type = "Area", .by = {"yaer"}}, "group_by[0]", "UNKNOWN_FIELD", "year"},
        {{.type = "Area", .by = {"kind", "focus_industries.cod"}},
         "group_by[1]",
         "UNKNOWN_FIELD",
         "code"},
        {{.type = "Area", .by = {"focus_industries"}}, "group_by[0]", "NOT_GROUPABLE", NULL},
        {{.type = "Area", .by = {"kind.x"}}, "group_by[0]", "NOT_GROUPABLE", NULL},
        {{.type = "Area", .by = {"focus_industries_open"}}, "group_by[0]", "NOT_GROUPABLE", NULL},
        {{.type = "Area", .by = {"uid"}}, "group_by[0]", "NOT_GROUPABLE", NULL},
        {{.type = "Event", .by = {"quantities.value"}}, "group_by[0]", "NOT_GROUPABLE", NULL},
        {{.type = "Area", .by = {"kind", "kind"}}, "group_by[1]", "DUPLICATE_FIELD", NULL},
        {{.type = "Area", .by = {"kind", "group", "seat", "name", "year"}},
         "group_by",
         "COUNT_OUT_OF_RANGE",
         NULL},
        {{.type = "Area", .sum = {"area_km"}}, "sum[0]", "NOT_SUMMABLE", "area_km2"},
        {{.type = "Area", .sum = {"quantities"}}, "sum[0]", "NOT_SUMMABLE", NULL},
        {{.type = "Event", .day = 20240101}, "date", "NOT_APPLICABLE", NULL},
        {{.type = "Zone", .day = 20240100}, "date", "NOT_A_DAY", NULL},
        {{.type = "Zone", .page_size = -2}, "page_size", "NEGATIVE", NULL},
        {{.type = "Zone", .filter = "area_km2 >"}, "filter", "FILTER_SYNTAX", NULL},
    };
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        run(&i, cases[k].a, &page);
        assert_violation(&i.status, cases[k].field, cases[k].reason);
        assert_int_equal(i.status.code, NRPC_INVALID_ARGUMENT);
        if (cases[k].suggestion)
            assert_string_equal(nrpc_status_get(&i.status, "suggestion"), cases[k].suggestion);
        nrpc_status_fini(&i.status);
    }
    run(&i, (ask){.type = "Area", .parent = "zones/nowhere"}, &page);
    assert_status(&i.status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
    inquiry_fini(&i);
}

static void groups_too_large_for_their_memory_say_so(void **state)
{
    size_t refused = 0, limit = 256;
    for (nrpc_code code = NRPC_UNKNOWN; code; limit += 256) {
        inquiry i;
        Ftz__V1__AggregateResponse page;
        inquiry_init(&i, *state);
        arena_fini(&i.memory);
        arena_init(&i.memory, NULL, 0, limit, NULL);
        code = run(&i,
                   (ask){.type = "Event",
                         .filter = "date >= 2020",
                         .by = {"name", "type", "year", "month"},
                         .sum = {"quantities"}},
                   &page);
        if (code)
            assert_int_equal(i.status.code, NRPC_RESOURCE_EXHAUSTED);
        refused += code != NRPC_OK;
        inquiry_fini(&i);
        assert_true(limit < 1 << 20);
    }
    assert_true(refused > 0);
}

static void a_tally_has_limits(void **state)
{
    (void)state;
    arena memory;
    tally t;
    static const uint8_t secret[16] = {1, 2, 3};
    arena_init(&memory, NULL, 0, 64 << 20, NULL);
    tally_init(&t, &memory, secret, 1);
    char text[16];
    const char *key = text;
    for (int i = 0; i < TALLY_MAX_GROUPS; i++) {
        snprintf(text, sizeof text, "%d", i);
        tally_group *g = tally_group_of(&t, &key);
        assert_non_null(g);
        assert_ptr_equal(tally_group_of(&t, &key), g);
    }
    assert_false(t.full);
    key = "one more";
    assert_null(tally_group_of(&t, &key));
    assert_true(t.full && !t.failed);
    tally_fini(&t);
    arena_fini(&memory);

    // Memory that runs out is another matter.
    arena_init(&memory, NULL, 0, 64 << 10, NULL);
    tally_init(&t, &memory, secret, 1);
    key = text;
    int i = 0;
    do
        snprintf(text, sizeof text, "%d", i++);
    while (tally_group_of(&t, &key) && i < 100000);
    assert_true(i < 100000 && t.failed && !t.full);
    tally_fini(&t);
    arena_fini(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_areas_add_up_to_the_zone_exactly),
        cmocka_unit_test(events_are_counted_by_type_and_year),
        cmocka_unit_test(a_zone_measures_what_it_did_on_the_day),
        cmocka_unit_test(nested_areas_are_left_out_and_those_of_later_are_not_there),
        cmocka_unit_test(numbers_are_ordered_as_numbers),
        cmocka_unit_test(only_what_may_be_added_is),
        cmocka_unit_test(periods_that_overlap_in_a_zone_count_once),
        cmocka_unit_test(a_joint_event_counts_in_each_zone_but_once_in_all),
        cmocka_unit_test(bounds_and_proofs_are_the_worst_of_what_was_added),
        cmocka_unit_test(only_counts_of_batches_add_up),
        cmocka_unit_test(pages_join_to_the_whole),
        cmocka_unit_test(faults_are_named_with_what_may_have_been_meant),
        cmocka_unit_test(groups_too_large_for_their_memory_say_so),
        cmocka_unit_test(a_tally_has_limits),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
