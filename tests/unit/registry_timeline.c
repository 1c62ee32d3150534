// ListTimeline: what happened, in order of time.
#include "query_support.h"

#include "registry/query/timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND(name)         FTZ__V1__TIMELINE_KIND__TIMELINE_KIND_##name
#define VERIFICATION(name) FTZ__V1__VERIFICATION__VERIFICATION_##name

typedef struct ask {
    const char *parent;
    int from, to;
    Ftz__V1__TimelineKind kinds[4];
    bool descending;
    int page_size;
    const char *token;
} ask;

static nrpc_code list(inquiry *i, ask a, Ftz__V1__ListTimelineResponse *out)
{
    Ftz__V1__ListTimelineRequest request = FTZ__V1__LIST_TIMELINE_REQUEST__INIT;
    request.parent = (char *)(uintptr_t)a.parent;
    request.start_date = a.from ? date_of(a.from) : NULL;
    request.end_date = a.to ? date_of(a.to) : NULL;
    request.kinds = a.kinds;
    while (request.n_kinds < ARRAY_LEN(a.kinds) && a.kinds[request.n_kinds])
        request.n_kinds++;
    request.descending = a.descending;
    request.page_size = a.page_size;
    request.page_token = (char *)(uintptr_t)(a.token ? a.token : "");
    return list_timeline(&i->question, &request, out, &i->status);
}

// "20231101 4 cn-xinjiang launch_date": date, kind, last segment of the name, path; a line each.
static void describe(const Ftz__V1__ListTimelineResponse *page, buffer *out)
{
    for (size_t i = 0; i < page->n_entries; i++) {
        const Ftz__V1__TimelineEntry *e = page->entries[i];
        assert_true(buffer_printf(out, "%d %d %s %s\n", number_of(e->date), (int)e->kind,
                                  strrchr(e->resource, '/') + 1, e->path));
    }
}

static void expect(const world *w, ask a, const char *expected)
{
    inquiry i;
    Ftz__V1__ListTimelineResponse page;
    buffer text = {0};
    inquiry_init(&i, w);
    assert_ok(list(&i, a, &page), &i.status);
    describe(&page, &text);
    buffer_append_byte(&text, '\0');
    assert_string_equal((const char *)text.data, expected);
    buffer_fini(&text);
    inquiry_fini(&i);
}

static const Ftz__V1__TimelineEntry *entry_of(const Ftz__V1__ListTimelineResponse *page,
                                              const char *id, int kind)
{
    for (size_t i = 0; i < page->n_entries; i++)
        if (!strcmp(strrchr(page->entries[i]->resource, '/') + 1, id) &&
            (int)page->entries[i]->kind == kind)
            return page->entries[i];
    fail_msg("no entry of %s with kind %d", id, kind);
    return NULL;
}

// --- the article's zone --------------------------------------------------------------------------

static void the_article_is_told_in_order(void **state)
{
    world *w = *state;
    expect(w, (ask){.parent = "zones/cn-xinjiang"},
           "20231021 2 cn-xinjiang plan.document_date\n"
           "20231021 7 xj-e1 date\n"
           "20231031 3 cn-xinjiang plan.publication_date\n"
           "20231101 4 cn-xinjiang launch_date\n"
           "20231101 5 cn-xinjiang size_history.2023-11-01.date\n"
           "20231101 7 xj-e2 date\n"
           "20231111 6 kashgar opening_date\n"
           "20231205 6 khorgos opening_date\n"
           "20231205 7 xj-e3 date\n"
           "20231205 7 xj-e4 date\n"
           "20240624 7 xj-e5 date\n"
           "20240809 7 xj-e6 date\n"
           "20241115 7 xj-e7 date\n"
           "20241115 9 xj-d2 review_date\n");
    expect(w, (ask){.parent = "zones/cn-xinjiang/areas/khorgos"},
           "20231205 6 khorgos opening_date\n"
           "20231205 7 xj-e3 date\n"
           "20231205 7 xj-e4 date\n"
           "20240809 7 xj-e6 date\n");
    expect(w, (ask){.parent = "zones/-", .from = 20240000, .kinds = {KIND(EVENT)}},
           "20240624 7 xj-e5 date\n20240809 7 xj-e6 date\n20241115 7 xj-e7 date\n");
    expect(w, (ask){.parent = "zones/-", .from = 20240600, .to = 20240800, .descending = true},
           "20240809 7 xj-e6 date\n20240624 7 xj-e5 date\n");
}

static void entries_say_what_they_are_how_well_proven_and_what_tells_the_same(void **state)
{
    inquiry i;
    Ftz__V1__ListTimelineResponse page;
    inquiry_init(&i, *state);
    assert_ok(list(&i, (ask){.parent = "zones/cn-xinjiang"}, &page), &i.status);
    assert_int_equal(page.revision, 1);
    static const struct {
        const char *id;
        int kind;
        const char *title, *same_as;
        int verification;
        bool disputed;
    } cases[] = {
        {"cn-xinjiang", KIND(PLAN_DATED), "Plan of Xinjiang Free-Trade Zone dated",
         "zones/cn-xinjiang/events/xj-e1", VERIFICATION(VERIFIED), false},
        {"xj-e1", KIND(EVENT), "State Council releases the zone's comprehensive plan",
         "zones/cn-xinjiang", VERIFICATION(VERIFIED), false},
        {"cn-xinjiang", KIND(LAUNCH), "Xinjiang Free-Trade Zone launched",
         "zones/cn-xinjiang/events/xj-e2", VERIFICATION(VERIFIED), false},
        // The entry of its sizes names the event.
        {"cn-xinjiang", KIND(SIZE), "Xinjiang Free-Trade Zone measures 179.66 km2",
         "zones/cn-xinjiang/events/xj-e2", VERIFICATION(COMPUTED), false},
        {"xj-e2", KIND(EVENT), "The zone opens", "zones/cn-xinjiang", VERIFICATION(VERIFIED),
         false},
        {"khorgos", KIND(AREA_OPENED), "Khorgos Area opened", "zones/cn-xinjiang/events/xj-e3",
         VERIFICATION(VERIFIED), false},
        {"xj-e3", KIND(EVENT), "Khorgos Area inaugurated", "zones/cn-xinjiang/areas/khorgos",
         VERIFICATION(VERIFIED), false},
        // The same day and place, but nobody's opening; its day was worked out.
        {"xj-e4", KIND(EVENT), "26 firms sign contracts", "", VERIFICATION(COMPUTED), false},
        // The print has a stray year.
        {"xj-d2", KIND(DELEGATION_DECIDED),
         "Second batch of powers of the autonomous region: reviewed",
         "zones/cn-xinjiang/events/xj-e7", VERIFICATION(VERIFIED), true},
        {"xj-e7", KIND(EVENT), "Second batch of delegated powers approved",
         "zones/cn-xinjiang/powerDelegations/xj-d2", VERIFICATION(VERIFIED), false},
    };
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        const Ftz__V1__TimelineEntry *e = entry_of(&page, cases[k].id, cases[k].kind);
        assert_string_equal(e->title, cases[k].title);
        assert_texts(e->same_as, e->n_same_as, cases[k].same_as);
        assert_int_equal((int)e->verification, cases[k].verification);
        if (strcmp(cases[k].id, "xj-e7") != 0)
            assert_int_equal(e->disputed, cases[k].disputed);
    }
    // What tells the same is found though it is not asked for, and on another page.
    inquiry_reset(&i);
    assert_ok(list(&i,
                   (ask){.parent = "zones/cn-xinjiang", .kinds = {KIND(LAUNCH)}, .page_size = 1},
                   &page),
              &i.status);
    assert_int_equal(page.n_entries, 1);
    assert_texts(page.entries[0]->same_as, page.entries[0]->n_same_as,
                 "zones/cn-xinjiang/events/xj-e2");
    inquiry_fini(&i);
}

// --- partial dates, joint events, areas ----------------------------------------------------------

#define PROOF                                                                                      \
    "'citations': [{'id': 'c', 'verification': 'VERIFICATION_UNVERIFIED',"                         \
    "               'stance': 'STANCE_SUPPORTS'}]"
#define EVENT_OF(zone, id, date, more)                                                             \
    "{'name': 'zones/" zone "/events/" id "', 'title': '" id "', 'date': {" date "}" more          \
    ", " PROOF "}"

// clang-format off
static const char two_zones[] =
    "{'zones': ["
    "  {'name': 'zones/y', 'displayName': 'Y', " PROOF "},"
    "  {'name': 'zones/z', 'displayName': 'Z', 'launchDate': {'year': 2020, 'month': 5},"
    "   'sizeHistory': [{'id': 's', 'date': {'year': 2021}, 'areaKm2': 12.5}], " PROOF "}],"
    "'areas': [{'name': 'zones/z/areas/a', 'displayName': 'A',"
    "           'addedDate': {'year': 2021}, " PROOF "},"
    "          {'name': 'zones/z/areas/b', 'displayName': 'B',"
    "           'addedDate': {'year': 2021}, " PROOF "}],"
    "'events': ["
    EVENT_OF("z", "day", "'year': 2020, 'month': 5, 'day': 1", "") ","
    EVENT_OF("z", "month", "'year': 2020, 'month': 5", ", 'type': 'launch'") ","
    EVENT_OF("z", "year", "'year': 2020", "") ","
    EVENT_OF("z", "later", "'year': 2020, 'month': 5, 'day': 31",
             ", 'type': 'launch', 'effectiveDate': {'year': 2020, 'month': 6, 'day': 1}") ","
    EVENT_OF("z", "grows", "'year': 2021", ", 'type': 'expansion', 'areas': ['zones/z/areas/a']") ","
    EVENT_OF("y", "joint", "'year': 2020, 'month': 5", ", 'type': 'launch', 'zones': ['zones/z']")
    "],"
    "'powerDelegations': ["
    "  {'name': 'zones/z/powerDelegations/of-a', 'displayName': 'P',"
    "   'receivers': [{'id': 'r', 'party': {'displayName': 'R'}, 'kind': 'RECEIVER_KIND_AREA',"
    "                  'areas': ['zones/z/areas/a']}],"
    "   'effectiveDate': {'year': 2022, 'month': 1, 'day': 1},"
    "   'amendments': [{'id': 'm', 'kind': 'AMENDMENT_KIND_REVOKED',"
    "                   'effectiveDate': {'year': 2023, 'month': 2, 'day': 2}}], " PROOF "}]}";
// clang-format on

static void coarser_dates_come_first_and_touch_every_day_they_may_mean(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    world_import(&w, two_zones);
    expect(&w, (ask){.parent = "zones/z", .to = 20201231},
           "20200000 7 year date\n"
           "20200500 4 z launch_date\n"
           "20200500 7 joint date\n"
           "20200500 7 month date\n"
           "20200501 7 day date\n"
           "20200531 7 later date\n"
           "20200601 8 later effective_date\n");
    // A day in May, and a day in June: the year may mean either.
    expect(&w, (ask){.parent = "zones/z", .from = 20200515, .to = 20200515},
           "20200000 7 year date\n20200500 4 z launch_date\n20200500 7 joint date\n"
           "20200500 7 month date\n");
    expect(&w, (ask){.parent = "zones/z", .from = 20200600, .to = 20200000},
           "20200000 7 year date\n20200601 8 later effective_date\n");
    expect(&w, (ask){.parent = "zones/y"}, "20200500 7 joint date\n");
    world_close(&w);
}

static void an_area_has_what_names_it(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    world_import(&w, two_zones);
    expect(&w, (ask){.parent = "zones/z/areas/a"},
           "20210000 7 grows date\n"
           "20210000 12 a added_date\n"
           "20220101 10 of-a effective_date\n"
           "20230202 11 of-a amendments.m.effective_date\n");
    expect(&w, (ask){.parent = "zones/z/areas/b"}, "20210000 12 b added_date\n");
    inquiry i;
    Ftz__V1__ListTimelineResponse page;
    inquiry_init(&i, &w);
    assert_ok(list(&i, (ask){.parent = "zones/z/areas/a"}, &page), &i.status);
    assert_string_equal(page.entries[1]->title, "A joined the zone");
    assert_string_equal(page.entries[2]->title, "P: in force");
    assert_string_equal(page.entries[3]->title, "P: revoked");
    inquiry_fini(&i);
    world_close(&w);
}

static void the_same_is_told_by_dates_that_are_equally_precise(void **state)
{
    (void)state;
    world w;
    inquiry i;
    Ftz__V1__ListTimelineResponse page;
    world_open(&w);
    world_import(&w, two_zones);
    inquiry_init(&i, &w);
    assert_ok(list(&i, (ask){.parent = "zones/z"}, &page), &i.status);
    const Ftz__V1__TimelineEntry *launch = entry_of(&page, "z", KIND(LAUNCH));
    assert_texts(launch->same_as, launch->n_same_as, "zones/y/events/joint zones/z/events/month");
    const Ftz__V1__TimelineEntry *joint = entry_of(&page, "joint", KIND(EVENT));
    assert_texts(joint->same_as, joint->n_same_as, "zones/z");
    assert_int_equal(entry_of(&page, "later", KIND(EVENT))->n_same_as, 0);
    const Ftz__V1__TimelineEntry *grows = entry_of(&page, "grows", KIND(EVENT));
    assert_texts(grows->same_as, grows->n_same_as, "zones/z zones/z/areas/a");
    assert_int_equal(entry_of(&page, "b", KIND(AREA_ADDED))->n_same_as, 0);
    inquiry_fini(&i);
    world_close(&w);
}

// --- pages ---------------------------------------------------------------------------------------

static void pages_join_to_the_whole_either_way(void **state)
{
    world *w = *state;
    for (int descending = 0; descending < 2; descending++) {
        inquiry i;
        Ftz__V1__ListTimelineResponse page;
        buffer whole = {0}, joined = {0};
        char token[1000] = "";
        inquiry_init(&i, w);
        ask a = {.parent = "zones/cn-xinjiang", .descending = descending};
        assert_ok(list(&i, a, &page), &i.status);
        assert_int_equal(page.n_entries, 14);
        assert_string_equal(page.next_page_token, "");
        describe(&page, &whole);
        a.page_size = 5;
        size_t pages = 0;
        do {
            inquiry_reset(&i);
            a.token = token;
            assert_ok(list(&i, a, &page), &i.status);
            describe(&page, &joined);
            snprintf(token, sizeof token, "%s", page.next_page_token);
            pages++;
        } while (*token && pages < 10);
        assert_int_equal(pages, 3);
        assert_int_equal(joined.size, whole.size);
        assert_memory_equal(joined.data, whole.data, whole.size);
        buffer_fini(&joined);
        buffer_fini(&whole);
        inquiry_fini(&i);
    }
}

static void a_token_belongs_to_its_question_and_pages_end_where_the_message_does(void **state)
{
    inquiry i;
    Ftz__V1__ListTimelineResponse page;
    char token[1000];
    inquiry_init(&i, *state);
    assert_ok(list(&i, (ask){.parent = "zones/cn-xinjiang", .page_size = 1}, &page), &i.status);
    snprintf(token, sizeof token, "%s", page.next_page_token);
    const ask others[] = {
        {.parent = "zones/-", .token = token},
        {.parent = "zones/cn-xinjiang", .from = 20200000, .token = token},
        {.parent = "zones/cn-xinjiang", .to = 20300000, .token = token},
        {.parent = "zones/cn-xinjiang", .kinds = {KIND(EVENT)}, .token = token},
        {.parent = "zones/cn-xinjiang", .descending = true, .token = token},
    };
    for (size_t k = 0; k < ARRAY_LEN(others); k++) {
        list(&i, others[k], &page);
        assert_status(&i.status, NRPC_INVALID_ARGUMENT, "PAGE_TOKEN_MISMATCH");
    }
    inquiry_reset(&i);
    i.question.max_size = 9 << 10;
    assert_ok(list(&i, (ask){.parent = "zones/cn-xinjiang"}, &page), &i.status);
    assert_true(page.n_entries > 0 && page.n_entries < 14);
    assert_true(*page.next_page_token);
    inquiry_fini(&i);
}

static void every_field_at_fault_is_named(void **state)
{
    inquiry i;
    Ftz__V1__ListTimelineResponse page;
    inquiry_init(&i, *state);
    list(&i,
         (ask){.parent = "zone/x",
               .from = 20241300,
               .to = 20230230,
               .kinds = {KIND(EVENT), (Ftz__V1__TimelineKind)99},
               .page_size = -1},
         &page);
    assert_violation(&i.status, "parent", "NAME_MALFORMED");
    assert_violation(&i.status, "start_date", "NOT_A_DATE");
    assert_violation(&i.status, "end_date", "NOT_A_DATE");
    assert_violation(&i.status, "kinds[1]", "UNKNOWN_ENUM_VALUE");
    assert_violation(&i.status, "page_size", "NEGATIVE");
    nrpc_status_fini(&i.status);
    list(&i, (ask){.parent = "zones/-", .from = 20240600, .to = 20240500}, &page);
    assert_violation(&i.status, "end_date", "BEFORE_START");
    nrpc_status_fini(&i.status);
    list(&i, (ask){.parent = "zones/cn-nowhere"}, &page);
    assert_status(&i.status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
    inquiry_fini(&i);
}

static void a_timeline_too_large_for_its_memory_says_so(void **state)
{
    size_t refused = 0, limit = 4096;
    for (nrpc_code code = NRPC_UNKNOWN; code; limit += 1024) {
        inquiry i;
        Ftz__V1__ListTimelineResponse page;
        inquiry_init(&i, *state);
        arena_fini(&i.memory);
        arena_init(&i.memory, NULL, 0, limit, NULL);
        code = list(&i, (ask){.parent = "zones/cn-xinjiang", .page_size = 10}, &page);
        if (code)
            assert_string_equal(i.status.reason, "ANSWER_MEMORY");
        refused += code != NRPC_OK;
        inquiry_fini(&i);
        assert_true(limit < 1 << 20);
    }
    assert_true(refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_article_is_told_in_order),
        cmocka_unit_test(entries_say_what_they_are_how_well_proven_and_what_tells_the_same),
        cmocka_unit_test(coarser_dates_come_first_and_touch_every_day_they_may_mean),
        cmocka_unit_test(an_area_has_what_names_it),
        cmocka_unit_test(the_same_is_told_by_dates_that_are_equally_precise),
        cmocka_unit_test(pages_join_to_the_whole_either_way),
        cmocka_unit_test(a_token_belongs_to_its_question_and_pages_end_where_the_message_does),
        cmocka_unit_test(every_field_at_fault_is_named),
        cmocka_unit_test(a_timeline_too_large_for_its_memory_says_so),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
