// GetZoneProfile: a zone as it was on a day.
#include "query_support.h"

#include "registry/decimal.h"
#include "registry/query/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BASIC = 1 };

static nrpc_code draw(inquiry *i, const char *name, int day, int events, int view,
                      Ftz__V1__GetZoneProfileResponse *out)
{
    Ftz__V1__GetZoneProfileRequest request = FTZ__V1__GET_ZONE_PROFILE_REQUEST__INIT;
    request.name = (char *)(uintptr_t)name;
    request.date = day ? date_of(day) : NULL;
    request.event_limit = events;
    request.view = (Ftz__V1__ResourceView)view;
    return get_zone_profile(&i->question, &request, out, &i->status);
}

static const char *value_of(const Google__Type__Decimal *decimal)
{
    return decimal ? decimal->value : "-";
}

// "khorgos 9.23 kashgar 15.85": the areas and their shares.
static void assert_shares(const Ftz__V1__GetZoneProfileResponse *p, const char *expected)
{
    buffer text = {0};
    for (size_t i = 0; i < p->n_areas; i++) {
        const Ftz__V1__AreaShare *share = p->areas[i];
        assert_int_equal(share->counted, share->share_percent != NULL);
        buffer_printf(&text, "%s%s %s", i ? " " : "", strrchr(share->area->name, '/') + 1,
                      value_of(share->share_percent));
    }
    buffer_append_byte(&text, '\0');
    assert_string_equal((const char *)text.data, expected);
    buffer_fini(&text);
}

static void assert_counts(const Ftz__V1__GetZoneProfileResponse *p, const char *expected)
{
    buffer text = {0};
    for (size_t i = 0; i < p->n_event_counts; i++)
        buffer_printf(&text, "%s%s %d", i ? " " : "", p->event_counts[i]->keys[0],
                      (int)p->event_counts[i]->count);
    buffer_append_byte(&text, '\0');
    assert_string_equal((const char *)text.data, expected);
    buffer_fini(&text);
}

static void assert_latest(const Ftz__V1__GetZoneProfileResponse *p, const char *expected)
{
    char *ids[16];
    assert_true(p->n_latest_events <= ARRAY_LEN(ids));
    for (size_t i = 0; i < p->n_latest_events; i++)
        ids[i] = strrchr(p->latest_events[i]->name, '/') + 1;
    assert_texts(ids, p->n_latest_events, expected);
}

static void the_articles_zone_is_drawn_whole(void **state)
{
    inquiry i;
    Ftz__V1__GetZoneProfileResponse p;
    inquiry_init(&i, *state);
    assert_ok(draw(&i, "zones/cn-xinjiang", 20241231, 2, 0, &p), &i.status);
    assert_string_equal(p.zone->name, "zones/cn-xinjiang");
    assert_int_equal(p.zone->revision, 1);
    assert_true(p.area_km2 == 179.66);
    assert_shares(&p, "kashgar 15.85 khorgos 9.23 urumqi 74.92");
    assert_string_equal(value_of(p.areas_sum_km2), "179.66");
    assert_true(p.areas_complete);
    assert_counts(&p, "area_inauguration 1 cross_border_finance 1 first_of_kind 1 launch 1 "
                      "plan_release 1 power_delegation 1 signing 1");
    assert_latest(&p, "xj-e7 xj-e6");
    assert_int_equal(p.n_powers, 1);
    assert_int_equal(p.powers[0]->in_force, FTZ__V1__IN_FORCE__IN_FORCE_UNKNOWN);
    assert_true(p.n_sources >= 1);
    bool article = false;
    for (size_t k = 0; k < p.n_sources; k++) {
        assert_true(!k || strcmp(p.sources[k - 1]->name, p.sources[k]->name) < 0);
        article |= !strcmp(p.sources[k]->name, "sources/seed");
    }
    assert_true(article);
    assert_int_equal(number_of(p.date), 20241231);
    assert_int_equal(p.revision, 1);
    inquiry_fini(&i);
}

static void before_its_start_it_had_neither_size_nor_areas(void **state)
{
    inquiry i;
    Ftz__V1__GetZoneProfileResponse p;
    inquiry_init(&i, *state);
    assert_ok(draw(&i, "zones/cn-xinjiang", 20231031, 0, 0, &p), &i.status);
    assert_true(p.area_km2 == 0);
    assert_int_equal(p.n_areas, 0);
    assert_null(p.areas_sum_km2);
    assert_false(p.areas_complete);
    assert_counts(&p, "plan_release 1");
    assert_latest(&p, "xj-e1");
    assert_int_equal(p.n_powers, 0);
    inquiry_fini(&i);
}

static void the_basic_view_leaves_out_proof_but_not_its_sources(void **state)
{
    inquiry i;
    Ftz__V1__GetZoneProfileResponse p;
    inquiry_init(&i, *state);
    assert_ok(draw(&i, "zones/cn-xinjiang", 20241231, 1000, BASIC, &p), &i.status);
    assert_int_equal(p.zone->n_citations, 0);
    assert_int_equal(p.zone->n_remarks, 0);
    assert_int_equal(p.areas[0]->area->n_citations, 0);
    assert_int_equal(p.latest_events[0]->n_citations, 0);
    assert_int_equal(p.powers[0]->power_delegation->n_citations, 0);
    assert_true(p.powers[0]->n_evidence > 0);
    assert_true(p.n_sources > 0);
    assert_int_equal(p.n_latest_events, 7);
    inquiry_fini(&i);
}

// clang-format off
static const char partial[] =
    "{'zones': [{'name': 'zones/z', 'displayName': 'Z', 'sizeHistory': ["
    "    {'id': 'a', 'date': {'year': 2020, 'month': 1, 'day': 1}, 'areaKm2': 3},"
    "    {'id': 'b', 'date': {'year': 2022}, 'areaKm2': 6}]},"
    "  {'name': 'zones/y', 'displayName': 'Y'}],"
    "'areas': ["
    "  {'name': 'zones/z/areas/a', 'displayName': 'A', 'areaKm2': 1},"
    "  {'name': 'zones/z/areas/b', 'displayName': 'B', 'areaKm2': 2},"
    "  {'name': 'zones/z/areas/in-b', 'displayName': 'I', 'areaKm2': 2,"
    "   'parentArea': 'zones/z/areas/b'},"
    "  {'name': 'zones/z/areas/new', 'displayName': 'N', 'addedDate': {'year': 2022}},"
    "  {'name': 'zones/y/areas/y', 'displayName': 'Y', 'areaKm2': 1}],"
    "'events': ["
    "  {'name': 'zones/z/events/day', 'title': 'E', 'type': 't',"
    "   'date': {'year': 2021, 'month': 5, 'day': 2}},"
    "  {'name': 'zones/z/events/month', 'title': 'E', 'date': {'year': 2021, 'month': 5}},"
    "  {'name': 'zones/z/events/year', 'title': 'E', 'type': 't', 'date': {'year': 2021}},"
    "  {'name': 'zones/y/events/joint', 'title': 'E', 'type': 't', 'zones': ['zones/z'],"
    "   'date': {'year': 2021, 'month': 5, 'day': 1}}]}";
// clang-format on

static void what_may_not_have_happened_yet_does_not_count(void **state)
{
    (void)state;
    world w;
    inquiry i;
    Ftz__V1__GetZoneProfileResponse p;
    world_open(&w);
    world_import(&w, partial);
    inquiry_init(&i, &w);
    assert_ok(draw(&i, "zones/z", 20210530, 0, 0, &p), &i.status);
    assert_counts(&p, "t 2");
    assert_latest(&p, "day joint");
    assert_true(p.area_km2 == 3);
    assert_shares(&p, "a 33.33 b 66.67 in-b -");
    assert_string_equal(value_of(p.areas_sum_km2), "3");
    assert_true(p.areas_complete);
    inquiry_reset(&i);
    assert_ok(draw(&i, "zones/z", 20210531, 0, 0, &p), &i.status);
    assert_counts(&p, " 1 t 2");
    assert_latest(&p, "day joint month");
    // In 2022 it grew by an area of which the size is not known, on a day that nobody knows.
    inquiry_reset(&i);
    assert_ok(draw(&i, "zones/z", 20220601, 0, 0, &p), &i.status);
    assert_counts(&p, " 1 t 3");
    assert_true(p.area_km2 == 0);
    assert_shares(&p, "a 33.33 b 66.67 in-b - new -");
    assert_false(p.areas_complete);
    inquiry_fini(&i);
    world_close(&w);
}

static void faults_and_limits_are_said(void **state)
{
    inquiry i;
    Ftz__V1__GetZoneProfileResponse p;
    inquiry_init(&i, *state);
    draw(&i, "zones/cn-xinjiang/areas/khorgos", 20240200, -1, 7, &p);
    assert_violation(&i.status, "name", "NAME_MALFORMED");
    assert_violation(&i.status, "date", "NOT_A_DAY");
    assert_violation(&i.status, "event_limit", "NEGATIVE");
    assert_violation(&i.status, "view", "UNKNOWN_ENUM_VALUE");
    nrpc_status_fini(&i.status);
    draw(&i, "zones/nowhere", 0, 0, 0, &p);
    assert_status(&i.status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
    i.question.max_size = 4096;
    draw(&i, "zones/cn-xinjiang", 0, 0, 0, &p);
    assert_status(&i.status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE");
    inquiry_fini(&i);
}

static void a_profile_too_large_for_its_memory_says_so(void **state)
{
    size_t refused = 0, limit = 4096;
    for (nrpc_code code = NRPC_UNKNOWN; code; limit += 4096) {
        inquiry i;
        Ftz__V1__GetZoneProfileResponse p;
        inquiry_init(&i, *state);
        arena_fini(&i.memory);
        arena_init(&i.memory, NULL, 0, limit, NULL);
        code = draw(&i, "zones/cn-xinjiang", 20250101, 0, 0, &p);
        if (code)
            assert_string_equal(i.status.reason, "ANSWER_MEMORY");
        refused += code != NRPC_OK;
        inquiry_fini(&i);
        assert_true(limit < 16 << 20);
    }
    assert_true(refused > 10);
}

static void percents_are_rounded_to_two_digits(void **state)
{
    (void)state;
    static const struct {
        const char *part, *whole, *expected; // NULL: refused
    } cases[] = {
        {"134.6", "179.66", "74.92"}, {"1", "3", "33.33"}, {"2", "3", "66.67"},
        {"1", "8", "12.5"},           {"1", "1", "100"},   {"0", "5", "0"},
        {"1", "20000", "0.01"},       {"1", "20001", "0"}, {"3", "2", "150"},
        {"1e-20", "3e-20", "33.33"},  {"1", "0", NULL},    {"-1", "3", NULL},
        {"12.345", "100", "12.35"},   {"0.07", "7", "1"},
    };
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        decimal_sum part, whole;
        char text[DECIMAL_TEXT_SIZE];
        decimal_sum_init(&part);
        decimal_sum_init(&whole);
        assert_true(decimal_sum_add(&part, cases[k].part, strlen(cases[k].part)));
        assert_true(decimal_sum_add(&whole, cases[k].whole, strlen(cases[k].whole)));
        bool good = decimal_sum_percent(&part, &whole, text);
        assert_int_equal(good, cases[k].expected != NULL);
        if (good)
            assert_string_equal(text, cases[k].expected);
        decimal_sum_fini(&whole);
        decimal_sum_fini(&part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_articles_zone_is_drawn_whole),
        cmocka_unit_test(before_its_start_it_had_neither_size_nor_areas),
        cmocka_unit_test(the_basic_view_leaves_out_proof_but_not_its_sources),
        cmocka_unit_test(what_may_not_have_happened_yet_does_not_count),
        cmocka_unit_test(faults_and_limits_are_said),
        cmocka_unit_test(a_profile_too_large_for_its_memory_says_so),
        cmocka_unit_test(percents_are_rounded_to_two_digits),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
