// FindPowers: who may do what, where, on which day, and what nobody knows.
#include "query_support.h"

#include "registry/query/inforce.h"
#include "registry/query/powers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IN_FORCE(name)     FTZ__V1__IN_FORCE__IN_FORCE_##name
#define MATCH(name)        FTZ__V1__POWER_MATCH__POWER_MATCH_##name
#define VERIFICATION(name) FTZ__V1__VERIFICATION__VERIFICATION_##name

typedef struct ask {
    const char *resource;
    int day;
    const char *codes[3];
    const char *text;
    bool exclude_unknown, exclude_outside;
    int page_size;
    const char *token;
} ask;

static nrpc_code find(inquiry *i, ask a, Ftz__V1__FindPowersResponse *out)
{
    Ftz__V1__FindPowersRequest request = FTZ__V1__FIND_POWERS_REQUEST__INIT;
    request.resource = (char *)(uintptr_t)a.resource;
    request.date = a.day ? date_of(a.day) : NULL;
    request.subject_codes = (char **)(uintptr_t)a.codes;
    while (request.n_subject_codes < ARRAY_LEN(a.codes) && a.codes[request.n_subject_codes])
        request.n_subject_codes++;
    request.text = (char *)(uintptr_t)(a.text ? a.text : "");
    request.exclude_unknown = a.exclude_unknown;
    request.exclude_outside_receivers = a.exclude_outside;
    request.page_size = a.page_size;
    request.page_token = (char *)(uintptr_t)(a.token ? a.token : "");
    return find_powers(&i->question, &request, out, &i->status);
}

// "d1+ d2?": the ids of the delegations found, in order; + in force, ? unknown, and the level of
// the match.
static void expect(const world *w, ask a, const char *expected)
{
    inquiry i;
    Ftz__V1__FindPowersResponse found;
    buffer text = {0};
    inquiry_init(&i, w);
    assert_ok(find(&i, a, &found), &i.status);
    for (size_t k = 0; k < found.n_powers; k++) {
        const Ftz__V1__FoundPower *p = found.powers[k];
        static const char levels[] = {'-', 'i', 's', 'g', 'n'};
        assert_true(p->in_force == IN_FORCE(YES) || p->in_force == IN_FORCE(UNKNOWN));
        buffer_printf(&text, "%s%s%c%c", k ? " " : "", strrchr(p->power_delegation->name, '/') + 1,
                      p->in_force == IN_FORCE(YES) ? '+' : '?', levels[p->match]);
    }
    buffer_append_byte(&text, '\0');
    if (strcmp((const char *)text.data, expected) != 0)
        fail_msg("%s on %d: found '%s', expected '%s'", a.resource, a.day, (char *)text.data,
                 expected);
    buffer_fini(&text);
    inquiry_fini(&i);
}

// --- the article's delegation --------------------------------------------------------------------

static void the_second_batch_of_xinjiang_is_unknown_from_its_approval_on(void **state)
{
    world *w = *state;
    inquiry i;
    Ftz__V1__FindPowersResponse found;
    expect(w, (ask){.resource = "zones/cn-xinjiang", .day = 20241114}, "");
    expect(w, (ask){.resource = "zones/cn-xinjiang", .day = 20241115}, "xj-d2?-");
    expect(w, (ask){.resource = "zones/cn-xinjiang/areas/khorgos", .day = 20991231}, "xj-d2?-");
    expect(w, (ask){.resource = "zones/cn-xinjiang", .day = 20241115, .exclude_unknown = true}, "");

    inquiry_init(&i, w);
    assert_ok(
        find(&i, (ask){.resource = "zones/cn-xinjiang/areas/kashgar", .day = 20250101}, &found),
        &i.status);
    assert_int_equal(found.n_powers, 1);
    assert_int_equal(number_of(found.date), 20250101);
    assert_int_equal(found.revision, 1);
    const Ftz__V1__FoundPower *p = found.powers[0];
    assert_string_equal(p->reason, "EFFECT_UNKNOWN");
    assert_int_equal(number_of(p->earliest_start), 20241115);
    assert_null(p->latest_start);
    assert_texts(p->receivers, p->n_receivers, "zone");
    // The day and the receiver are proven by the article as a whole.
    assert_texts(p->evidence, p->n_evidence, "article");
    assert_int_equal(p->verification, VERIFICATION(VERIFIED));
    assert_string_equal(p->power_delegation->effect, "");
    assert_int_equal(p->power_delegation->revision, 1);
    // What nobody knows: the list, and what the delegation itself remarks.
    assert_int_equal(found.n_gaps, 2);
    assert_string_equal(found.gaps[0]->id, "no-items");
    assert_string_equal(found.gaps[1]->id, "xj-d2-first-batch");
    assert_texts(found.gaps[1]->resources, found.gaps[1]->n_resources,
                 "zones/cn-xinjiang/powerDelegations/xj-d2");
    inquiry_fini(&i);
}

// --- being in force ------------------------------------------------------------------------------

typedef struct stage {
    Ftz__V1__PowerDelegation d;
    Ftz__V1__Amendment amendments[3], *list[3];
    char *items[3];
} stage;

static void set_stage(stage *s, int review, int issue, int effective, int observed)
{
    ftz__v1__power_delegation__init(&s->d);
    s->d.review_date = review ? date_of(review) : NULL;
    s->d.issue_date = issue ? date_of(issue) : NULL;
    s->d.effective_date = effective ? date_of(effective) : NULL;
    s->d.observed_date = observed ? date_of(observed) : NULL;
    s->d.amendments = s->list;
}

static void amend(stage *s, int kind, int date, const char *item)
{
    size_t n = s->d.n_amendments++;
    Ftz__V1__Amendment *a = s->list[n] = &s->amendments[n];
    ftz__v1__amendment__init(a);
    a->id = (char *)(uintptr_t) "a";
    a->kind = (Ftz__V1__AmendmentKind)kind;
    a->effective_date = date ? date_of(date) : NULL;
    s->items[n] = (char *)(uintptr_t)item;
    a->items = &s->items[n];
    a->n_items = item != NULL;
}

static void a_delegation_is_in_force_as_far_as_its_dates_tell(void **state)
{
    (void)state;
    enum { ZONE = 20130929 };
    static const struct {
        int review, issue, effective, observed; // partial where month or day is 00
        int day;
        int force;
        const char *reason;
        int earliest, latest;
    } cases[] = {
        // A whole effective date settles it.
        {20200101, 0, 20210501, 0, 20210430, IN_FORCE(NO), "", 20210501, 20210501},
        {20200101, 0, 20210501, 0, 20210501, IN_FORCE(YES), "EFFECTIVE", 20210501, 20210501},
        // A partial one: all its days.
        {0, 0, 20210500, 0, 20210430, IN_FORCE(NO), "", 20210501, 20210531},
        {0, 0, 20210500, 0, 20210501, IN_FORCE(UNKNOWN), "EFFECT_DATE_PARTIAL", 20210501, 20210531},
        {0, 0, 20210500, 0, 20210530, IN_FORCE(UNKNOWN), "EFFECT_DATE_PARTIAL", 20210501, 20210531},
        {0, 0, 20210500, 0, 20210531, IN_FORCE(YES), "EFFECTIVE", 20210501, 20210531},
        // Somebody saw it within the span.
        {0, 0, 20210000, 20210310, 20210309, IN_FORCE(UNKNOWN), "EFFECT_DATE_PARTIAL", 20210101,
         20210310},
        {0, 0, 20210000, 20210310, 20210310, IN_FORCE(YES), "OBSERVED", 20210101, 20210310},
        {0, 0, 20210000, 20210310, 20211231, IN_FORCE(YES), "EFFECTIVE", 20210101, 20210310},
        // Decided: from the earliest of the decisions on nobody knows ...
        {20200300, 20200215, 0, 0, 20200214, IN_FORCE(NO), "", 20200215, 0},
        {20200300, 20200215, 0, 0, 20200215, IN_FORCE(UNKNOWN), "EFFECT_UNKNOWN", 20200215, 0},
        {20200300, 0, 0, 0, 20200301, IN_FORCE(UNKNOWN), "EFFECT_UNKNOWN", 20200301, 0},
        {20200000, 0, 0, 0, 20191231, IN_FORCE(NO), "", 20200101, 0},
        // ... until a source saw it in use.
        {20200300, 0, 0, 20201231, 20201230, IN_FORCE(UNKNOWN), "EFFECT_UNKNOWN", 20200301,
         20201231},
        {20200300, 0, 0, 20201231, 20201231, IN_FORCE(YES), "OBSERVED", 20200301, 20201231},
        {0, 0, 0, 20201200, 20201230, IN_FORCE(UNKNOWN), "EFFECT_UNKNOWN", ZONE, 20201231},
        {0, 0, 0, 20201200, 20201231, IN_FORCE(YES), "OBSERVED", ZONE, 20201231},
        // Seen before it was decided: the eye is believed.
        {20200300, 0, 0, 20190101, 20190101, IN_FORCE(YES), "OBSERVED", 20190101, 20190101},
        // No date at all: not before the zone.
        {0, 0, 0, 0, 20130928, IN_FORCE(NO), "", ZONE, 0},
        {0, 0, 0, 0, 20130929, IN_FORCE(UNKNOWN), "NO_DATE", ZONE, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        stage s = {0};
        set_stage(&s, cases[i].review, cases[i].issue, cases[i].effective, cases[i].observed);
        in_force f = in_force_on(&s.d, NULL, ZONE, cases[i].day);
        if ((int)f.state != cases[i].force || strcmp(f.reason, cases[i].reason) != 0 ||
            f.earliest != cases[i].earliest || f.latest != cases[i].latest)
            fail_msg("case %zu: %d '%s' %d..%d", i, f.state, f.reason, f.earliest, f.latest);
    }
}

static void amendments_end_rest_and_resume_it(void **state)
{
    (void)state;
    enum { AMENDED = 1, SUSPENDED, RESUMED, REVOKED };
    static const struct {
        struct {
            int kind, date;
            const char *item;
        } amendments[3];
        const char *item;
        int day;
        int force;
        const char *reason;
    } cases[] = {
        {{{AMENDED, 20220101, NULL}}, NULL, 20230101, IN_FORCE(YES), "EFFECTIVE"},
        {{{REVOKED, 20220301, NULL}}, NULL, 20220228, IN_FORCE(YES), "EFFECTIVE"},
        {{{REVOKED, 20220301, NULL}}, NULL, 20220301, IN_FORCE(NO), ""},
        {{{REVOKED, 20220300, NULL}}, NULL, 20220301, IN_FORCE(UNKNOWN), "AMENDMENT_DATE_UNKNOWN"},
        {{{REVOKED, 20220300, NULL}}, NULL, 20220331, IN_FORCE(NO), ""},
        {{{REVOKED, 0, NULL}}, NULL, 20210501, IN_FORCE(UNKNOWN), "AMENDMENT_DATE_UNKNOWN"},
        {{{SUSPENDED, 20220301, NULL}}, NULL, 20220301, IN_FORCE(NO), ""},
        {{{SUSPENDED, 20220301, NULL}, {RESUMED, 20220501, NULL}},
         NULL,
         20220430,
         IN_FORCE(NO),
         ""},
        {{{SUSPENDED, 20220301, NULL}, {RESUMED, 20220501, NULL}},
         NULL,
         20220501,
         IN_FORCE(YES),
         "EFFECTIVE"},
        {{{SUSPENDED, 20220301, NULL}, {RESUMED, 20220500, NULL}},
         NULL,
         20220502,
         IN_FORCE(UNKNOWN),
         "SUSPENDED"},
        // When it was put to rest is unknown, but it was before it was resumed.
        {{{SUSPENDED, 0, NULL}, {RESUMED, 20220501, NULL}},
         NULL,
         20220430,
         IN_FORCE(UNKNOWN),
         "AMENDMENT_DATE_UNKNOWN"},
        {{{SUSPENDED, 0, NULL}, {RESUMED, 20220501, NULL}},
         NULL,
         20220501,
         IN_FORCE(YES),
         "EFFECTIVE"},
        // Not before the one before it.
        {{{AMENDED, 20220301, NULL}, {REVOKED, 0, NULL}},
         NULL,
         20220228,
         IN_FORCE(YES),
         "EFFECTIVE"},
        {{{REVOKED, 20220301, NULL}, {RESUMED, 20220501, NULL}}, NULL, 20230101, IN_FORCE(NO), ""},
        // Of items: those alone.
        {{{REVOKED, 20220301, "x"}}, NULL, 20230101, IN_FORCE(YES), "EFFECTIVE"},
        {{{REVOKED, 20220301, "x"}}, "y", 20230101, IN_FORCE(YES), "EFFECTIVE"},
        {{{REVOKED, 20220301, "x"}}, "x", 20230101, IN_FORCE(NO), ""},
        {{{REVOKED, 20220301, NULL}}, "x", 20230101, IN_FORCE(NO), ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        stage s = {0};
        set_stage(&s, 0, 0, 20210501, 0);
        for (size_t k = 0; k < 3 && cases[i].amendments[k].kind; k++)
            amend(&s, cases[i].amendments[k].kind, cases[i].amendments[k].date,
                  cases[i].amendments[k].item);
        in_force f = in_force_on(&s.d, cases[i].item, 0, cases[i].day);
        if ((int)f.state != cases[i].force || strcmp(f.reason, cases[i].reason) != 0)
            fail_msg("case %zu: %d '%s'", i, f.state, f.reason);
    }
}

// --- reach ---------------------------------------------------------------------------------------

#define ZONE_Z                                                                                     \
    "'zones': [{'name': 'zones/z', 'displayName': 'Z',"                                            \
    "           'approvalDate': {'year': 2010, 'month': 1, 'day': 1}}],"
#define PROOF                                                                                      \
    "'citations': [{'id': 'c', 'verification': 'VERIFICATION_UNVERIFIED',"                         \
    "               'stance': 'STANCE_SUPPORTS'}]"
#define AREA_OF_Z(id, more)                                                                        \
    "{'name': 'zones/z/areas/" id "', 'displayName': '" id "'" more ", " PROOF "}"
// In force since 2020; `more` begins with a comma or is empty.
#define DELEGATION(id, receivers, more)                                                            \
    "{'name': 'zones/z/powerDelegations/" id "', 'displayName': 'Powers " id                       \
    "', 'effectiveDate': {'year': 2020, 'month': 1, 'day': 1}, 'receivers': [" receivers "]" more  \
    ", " PROOF "}"
#define TO_ZONE "{'id': 'z', 'party': {'displayName': 'Z'}, 'kind': 'RECEIVER_KIND_ZONE'}"
#define TO_NOWHERE(kind)                                                                           \
    "{'id': 'r', 'party': {'displayName': 'R'}, 'kind': 'RECEIVER_KIND_" kind "'}"
#define TO(id, kind, area)                                                                         \
    "{'id': '" id "', 'party': {'displayName': '" id "'}, 'kind': 'RECEIVER_KIND_" kind            \
    "', 'areas': ['zones/z/areas/" area "']}"

static void powers_reach_what_their_receivers_reach(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    // clang-format off
    world_import(&w,
        "{" ZONE_Z
        "'areas': [" AREA_OF_Z("a", "") "," AREA_OF_Z("b", "") ","
        AREA_OF_Z("inner", ", 'parentArea': 'zones/z/areas/a'") "],"
        "'powerDelegations': ["
        DELEGATION("zone", TO_ZONE, "") ","
        DELEGATION("all", TO_NOWHERE("ALL_AREAS"), "") ","
        DELEGATION("a", TO("r", "AREA", "a"), "") ","
        DELEGATION("inner", TO("r", "AREA", "inner"), "") ","
        DELEGATION("out", TO("r", "OUTSIDE", "b"), "") ","
        DELEGATION("mixed", TO("r", "OUTSIDE", "b") "," TO_ZONE, "") ","
        DELEGATION("away", TO_NOWHERE("OUTSIDE"), "") "]}");
    // clang-format on
    expect(&w, (ask){.resource = "zones/z", .day = 20210101},
           "a+- all+- inner+- mixed+- out+- zone+-");
    expect(&w, (ask){.resource = "zones/z/areas/a", .day = 20210101}, "a+- all+- mixed+- zone+-");
    expect(&w, (ask){.resource = "zones/z/areas/inner", .day = 20210101},
           "a+- all+- inner+- mixed+- zone+-");
    expect(&w, (ask){.resource = "zones/z/areas/b", .day = 20210101}, "all+- mixed+- out+- zone+-");
    expect(&w, (ask){.resource = "zones/z/areas/b", .day = 20210101, .exclude_outside = true},
           "all+- mixed+- zone+-");
    inquiry i;
    Ftz__V1__FindPowersResponse found;
    inquiry_init(&i, &w);
    assert_ok(find(&i, (ask){.resource = "zones/z/areas/b", .day = 20210101}, &found), &i.status);
    assert_texts(found.powers[1]->receivers, found.powers[1]->n_receivers, "r z");
    assert_int_equal(found.powers[1]->verification, VERIFICATION(UNVERIFIED));
    inquiry_fini(&i);
    world_close(&w);
}

static void that_nothing_is_recorded_is_said_and_a_missing_place_is_an_error(void **state)
{
    (void)state;
    world w;
    inquiry i;
    Ftz__V1__FindPowersResponse found;
    world_open(&w);
    world_import(&w, "{" ZONE_Z "'areas': [" AREA_OF_Z("a", "") "]}");
    inquiry_init(&i, &w);
    assert_ok(find(&i, (ask){.resource = "zones/z/areas/a", .day = 20210101}, &found), &i.status);
    assert_int_equal(found.n_powers, 0);
    assert_int_equal(found.n_gaps, 1);
    assert_string_equal(found.gaps[0]->id, "no-delegation");
    assert_int_equal(found.gaps[0]->kind, FTZ__V1__REMARK_KIND__REMARK_KIND_GAP);
    assert_texts(found.gaps[0]->resources, found.gaps[0]->n_resources, "zones/z/areas/a");
    find(&i, (ask){.resource = "zones/y", .day = 20210101}, &found);
    assert_status(&i.status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
    find(&i, (ask){.resource = "zones/z/areas/b", .day = 20210101}, &found);
    assert_status(&i.status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
    inquiry_fini(&i);
    world_close(&w);
}

// --- matching ------------------------------------------------------------------------------------

#define SUBJECT(code, name, more)                                                                  \
    "{'name': 'vocabularies/subjects/terms/" code "', 'displayName': '" name "'" more "}"
#define ITEM(id, title, more) "{'id': '" id "', 'title': '" title "'" more "}"
#define ABOUT(code)           "'subjects': [{'id': '" code "', 'code': '" code "'}]"
#define EXCEPT(code)          "'exclusions': [{'id': '" code "', 'code': '" code "'}]"

// clang-format off
static const char matching[] =
    "{" ZONE_Z
    "'areas': [" AREA_OF_Z("a", "") "," AREA_OF_Z("b", "") "],"
    "'terms': ["
    SUBJECT("land", "land administration",
            ", 'names': [{'id': 'zh', 'text': '土地管理', 'languageCode': 'zh-Hans'}]") ","
    SUBJECT("shipping", "shipping filings", "") ","
    SUBJECT("everything", "economic management", ", 'openEnded': true") "],"
    "'powerDelegations': ["
    DELEGATION("listed", TO("ra", "AREA", "a") "," TO("rb", "AREA", "b"),
        ", 'itemCount': 3, 'items': ["
        ITEM("i1", "Approval of land use", ", " ABOUT("land")) ","
        ITEM("i2", "Filing of ships", ", " ABOUT("shipping") ", 'receivers': ['rb']") ","
        ITEM("i3", "Land surveys", ", " ABOUT("land")) "],"
        "'amendments': [{'id': 'm', 'kind': 'AMENDMENT_KIND_REVOKED', 'items': ['i3'],"
        "                'effectiveDate': {'year': 2022, 'month': 1, 'day': 1}}]") ","
    DELEGATION("subject", TO_ZONE, ", " ABOUT("land")) ","
    DELEGATION("broad", TO_ZONE, ", " ABOUT("everything")) ","
    DELEGATION("silent", TO_ZONE, "") ","
    DELEGATION("other", TO_ZONE, ", " ABOUT("shipping")) ","
    DELEGATION("negative", TO_ZONE,
        ", 'mode': 'DELEGATION_MODE_NEGATIVE_LIST', " ABOUT("everything") ", "
        EXCEPT("shipping")) "]}";
// clang-format on

static void subjects_and_words_find_items_before_subjects_before_maybes(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    world_import(&w, matching);
    expect(&w, (ask){.resource = "zones/z", .day = 20210101, .codes = {"land"}, .text = ""},
           "listed+i subject+s broad+g silent+g negative+n");
    expect(&w, (ask){.resource = "zones/z", .day = 20210101, .codes = {"shipping"}},
           "listed+i other+s broad+g silent+g");
    expect(&w, (ask){.resource = "zones/z/areas/a", .day = 20210101, .codes = {"shipping"}},
           "other+s broad+g silent+g");
    expect(&w, (ask){.resource = "zones/z", .day = 20210101, .codes = {"land", "shipping"}},
           "listed+i other+s subject+s broad+g silent+g negative+n");
    expect(&w, (ask){.resource = "zones/z", .day = 20210101, .text = "LAND  use"},
           "listed+i broad+g silent+g negative+n");
    expect(&w, (ask){.resource = "zones/z", .day = 20210101, .text = "land"},
           "listed+i subject+s broad+g silent+g negative+n");
    // By the names of the term, also those that are written without blanks.
    expect(&w, (ask){.resource = "zones/z", .day = 20210101, .text = "administration"},
           "listed+i subject+s broad+g silent+g negative+n");
    expect(&w, (ask){.resource = "zones/z", .day = 20210101, .text = "地管"},
           "listed+i subject+s broad+g silent+g negative+n");
    expect(&w, (ask){.resource = "zones/z", .day = 20210101, .text = "economic"},
           "broad+s negative+s silent+g");
    // Words match whole; what is excluded is not handed over.
    expect(&w, (ask){.resource = "zones/z", .day = 20210101, .text = "ship"},
           "broad+g silent+g negative+n");
    expect(&w, (ask){.resource = "zones/z", .day = 20210101, .text = "filings"},
           "listed+i other+s broad+g silent+g");
    // Both must be answered to.
    expect(&w, (ask){.resource = "zones/z", .day = 20210101, .codes = {"land"}, .text = "surveys"},
           "listed+i broad+g silent+g negative+n");
    world_close(&w);
}

static void items_are_named_as_far_as_they_reach_the_place_and_are_in_force(void **state)
{
    (void)state;
    world w;
    inquiry i;
    Ftz__V1__FindPowersResponse found;
    world_open(&w);
    world_import(&w, matching);
    inquiry_init(&i, &w);
    static const struct {
        const char *place, *items;
        int day;
    } cases[] = {
        {"zones/z", "i1 i3", 20211231},
        {"zones/z", "i1", 20220101},
        {"zones/z/areas/a", "i1 i3", 20211231},
    };
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        inquiry_reset(&i);
        assert_ok(find(&i,
                       (ask){.resource = cases[k].place, .day = cases[k].day, .codes = {"land"}},
                       &found),
                  &i.status);
        assert_texts(found.powers[0]->items, found.powers[0]->n_items, cases[k].items);
    }
    inquiry_fini(&i);
    // All that was asked for has been taken back: nothing of the list is left, and no maybe.
    expect(&w, (ask){.resource = "zones/z", .day = 20220101, .text = "surveys"},
           "broad+g silent+g negative+n");
    world_close(&w);
}

// --- pages ---------------------------------------------------------------------------------------

static void pages_join_to_the_whole_answer_for_the_day_of_the_first(void **state)
{
    (void)state;
    world w;
    inquiry i;
    Ftz__V1__FindPowersResponse found;
    world_open(&w);
    world_import(&w, matching);
    inquiry_init(&i, &w);
    char token[400] = "", seen[200] = "";
    int pages = 0;
    do {
        inquiry_reset(&i);
        ask a = {.resource = "zones/z", .codes = {"land"}, .page_size = 2, .token = token};
        assert_ok(find(&i, a, &found), &i.status);
        for (size_t k = 0; k < found.n_powers; k++) {
            strcat(seen, strrchr(found.powers[k]->power_delegation->name, '/'));
        }
        snprintf(token, sizeof token, "%s", found.next_page_token);
        pages++;
    } while (*token && pages < 10);
    assert_int_equal(pages, 3);
    assert_string_equal(seen, "/listed/subject/broad/silent/negative");

    // A token belongs to its question.
    inquiry_reset(&i);
    assert_ok(find(&i, (ask){.resource = "zones/z", .day = 20210101, .page_size = 1}, &found),
              &i.status);
    snprintf(token, sizeof token, "%s", found.next_page_token);
    const ask others[] = {
        {.resource = "zones/z", .day = 20210102, .token = token},
        {.resource = "zones/z/areas/a", .day = 20210101, .token = token},
        {.resource = "zones/z", .day = 20210101, .codes = {"land"}, .token = token},
        {.resource = "zones/z", .day = 20210101, .text = "land", .token = token},
        {.resource = "zones/z", .day = 20210101, .exclude_unknown = true, .token = token},
        {.resource = "zones/z", .day = 20210101, .exclude_outside = true, .token = token}};
    for (size_t k = 0; k < ARRAY_LEN(others); k++) {
        find(&i, others[k], &found);
        assert_status(&i.status, NRPC_INVALID_ARGUMENT, "PAGE_TOKEN_MISMATCH");
    }
    // It ends early where the message would be too long.
    inquiry_reset(&i);
    i.question.max_size = 18 << 10;
    assert_ok(find(&i, (ask){.resource = "zones/z", .day = 20210101}, &found), &i.status);
    assert_true(found.n_powers > 0 && found.n_powers < 6);
    assert_true(*found.next_page_token);
    i.question.max_size = 100;
    find(&i, (ask){.resource = "zones/z", .day = 20210101}, &found);
    assert_status(&i.status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE");
    inquiry_fini(&i);
    world_close(&w);
}

static void every_field_at_fault_is_named(void **state)
{
    inquiry i;
    Ftz__V1__FindPowersResponse found;
    inquiry_init(&i, *state);
    find(&i,
         (ask){.resource = "zones/cn-xinjiang/events/e",
               .day = 20240200,
               .codes = {"Land"},
               .text = "...",
               .page_size = -1},
         &found);
    assert_violation(&i.status, "resource", "NAME_MALFORMED");
    assert_violation(&i.status, "date", "NOT_A_DAY");
    assert_violation(&i.status, "subject_codes[0]", "CODE_MALFORMED");
    assert_violation(&i.status, "text", "NO_WORDS");
    assert_violation(&i.status, "page_size", "NEGATIVE");
    assert_int_equal(i.status.code, NRPC_INVALID_ARGUMENT);
    inquiry_fini(&i);
}

static void a_question_too_large_for_its_memory_says_so(void **state)
{
    inquiry i;
    Ftz__V1__FindPowersResponse found;
    int refused = 0;
    for (size_t limit = 4096; limit < (1 << 20); limit *= 2) {
        inquiry_init(&i, *state);
        arena_fini(&i.memory);
        arena_init(&i.memory, NULL, 0, limit, NULL);
        nrpc_code code = find(
            &i, (ask){.resource = "zones/cn-xinjiang", .day = 20250101, .codes = {"land"}}, &found);
        if (code)
            assert_string_equal(i.status.reason, "ANSWER_MEMORY");
        refused += code != NRPC_OK;
        inquiry_fini(&i);
    }
    assert_true(refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_batch_of_xinjiang_is_unknown_from_its_approval_on),
        cmocka_unit_test(a_delegation_is_in_force_as_far_as_its_dates_tell),
        cmocka_unit_test(amendments_end_rest_and_resume_it),
        cmocka_unit_test(powers_reach_what_their_receivers_reach),
        cmocka_unit_test(that_nothing_is_recorded_is_said_and_a_missing_place_is_an_error),
        cmocka_unit_test(subjects_and_words_find_items_before_subjects_before_maybes),
        cmocka_unit_test(items_are_named_as_far_as_they_reach_the_place_and_are_in_force),
        cmocka_unit_test(pages_join_to_the_whole_answer_for_the_day_of_the_first),
        cmocka_unit_test(every_field_at_fault_is_named),
        cmocka_unit_test(a_question_too_large_for_its_memory_says_so),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
