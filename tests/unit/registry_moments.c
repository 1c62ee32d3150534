// The dates a resource puts into timelines, where they are shown, and which citations prove a
// field.
#include "registry_support.h"

#include "ftz/v1/query_service.pb-c.h"
#include "ftz/v1/resources.pb-c.h"
#include "registry/evidence.h"
#include "registry/index/moments.h"
#include "schema/json.h"

#include <stdlib.h>
#include <string.h>

#define KIND(name) FTZ__V1__TIMELINE_KIND__TIMELINE_KIND_##name

typedef struct made {
    arena memory;
    ProtobufCMessage *message;
    store_index index;
} made;

static void make(const world *w, const char *singular, const char *json, made *out)
{
    nrpc_status status = {0};
    const resource_type *type = type_named(w, singular);
    buffer packed = {0};
    assert_ok(json_to_wire(schema_find_message(registry_schema(w->registry), type->message->name),
                           json, strlen(json), &packed, &status),
              &status);
    memset(out, 0, sizeof *out);
    arena_init(&out->memory, NULL, 0, 1 << 20, NULL);
    out->message =
        protobuf_c_message_unpack(type->message, &out->memory.pb, packed.size, packed.data);
    assert_non_null(out->message);
    const char *name = *(char **)(void *)((char *)out->message + type->name_offset);
    assert_true(moments_make(type, name, out->message, &out->memory, &out->index));
    buffer_fini(&packed);
}

static void expect_moments(const made *m, size_t count, const store_moment *expected)
{
    assert_int_equal(m->index.moment_count, count);
    for (size_t i = 0; i < count; i++) {
        const store_moment *is = &m->index.moments[i], *want = &expected[i];
        assert_int_equal(is->first, want->first);
        assert_int_equal(is->last, want->last);
        assert_int_equal(is->precision, want->precision);
        assert_int_equal(is->kind, want->kind);
        assert_string_equal(is->path, want->path);
    }
}

static void expect_scopes(const made *m, const char *const *expected)
{
    size_t count = 0;
    for (; expected[count]; count++) {
        assert_true(count < m->index.scope_count);
        assert_string_equal(m->index.scopes[count], expected[count]);
    }
    assert_int_equal(m->index.scope_count, count);
}

static void a_zone_shows_its_decision_plan_launch_and_sizes(void **state)
{
    made m;
    make(*state, "Zone",
         "{\"name\": \"zones/z\", \"displayName\": \"Z\", \"approvalDate\": {\"year\": 2013},"
         "\"plan\": {\"documentDate\": {\"year\": 2013, \"month\": 9},"
         "           \"publicationDate\": {\"year\": 2013, \"month\": 9, \"day\": 27}},"
         "\"launchDate\": {\"year\": 2013, \"month\": 9, \"day\": 29},"
         "\"sizeHistory\": [{\"id\": \"a\", \"date\": {\"year\": 2013, \"month\": 9, \"day\": 29}},"
         "                  {\"id\": \"b\", \"date\": {\"year\": 2015, \"month\": 2}}]}",
         &m);
    expect_moments(&m, 6,
                   (store_moment[]){
                       {20130101, 20131231, 0, KIND(APPROVAL), "approval_date"},
                       {20130901, 20130930, 1, KIND(PLAN_DATED), "plan.document_date"},
                       {20130927, 20130927, 2, KIND(PLAN_PUBLISHED), "plan.publication_date"},
                       {20130929, 20130929, 2, KIND(LAUNCH), "launch_date"},
                       {20130929, 20130929, 2, KIND(SIZE), "size_history.a.date"},
                       {20150201, 20150228, 1, KIND(SIZE), "size_history.b.date"},
                   });
    expect_scopes(&m, (const char *const[]){"zones/z", NULL});
    arena_fini(&m.memory);
}

static void an_area_shows_when_it_joined_and_opened_also_below_itself(void **state)
{
    made m;
    make(*state, "Area",
         "{\"name\": \"zones/z/areas/a\", \"displayName\": \"A\","
         "\"addedDate\": {\"year\": 2019}, \"openingDate\": {\"year\": 2020}}",
         &m);
    expect_moments(&m, 2,
                   (store_moment[]){
                       {20200101, 20201231, 0, KIND(AREA_OPENED), "opening_date"},
                       {20190101, 20191231, 0, KIND(AREA_ADDED), "added_date"},
                   });
    expect_scopes(&m, (const char *const[]){"zones/z", "zones/z/areas/a", NULL});
    arena_fini(&m.memory);
}

static void a_joint_event_is_shown_once_in_every_zone_and_area_it_names(void **state)
{
    made m;
    make(*state, "Event",
         "{\"name\": \"zones/z/events/e\", \"title\": \"E\", \"date\": {\"year\": 2021},"
         "\"effectiveDate\": {\"year\": 2021, \"month\": 5},"
         "\"zones\": [\"zones/y\", \"zones/z\", \"zones/y\"], \"areas\": [\"zones/y/areas/a\"]}",
         &m);
    expect_moments(&m, 2,
                   (store_moment[]){
                       {20210101, 20211231, 0, KIND(EVENT), "date"},
                       {20210501, 20210531, 1, KIND(EVENT_EFFECTIVE), "effective_date"},
                   });
    expect_scopes(&m, (const char *const[]){"zones/y", "zones/y/areas/a", "zones/z", NULL});
    arena_fini(&m.memory);
    // The same day again is no second moment.
    make(*state, "Event",
         "{\"name\": \"zones/z/events/e\", \"title\": \"E\", \"date\": {\"year\": 2021},"
         "\"effectiveDate\": {\"year\": 2021}}",
         &m);
    expect_moments(&m, 1, (store_moment[]){{20210101, 20211231, 0, KIND(EVENT), "date"}});
    arena_fini(&m.memory);
}

static void a_delegation_shows_its_first_known_decision_its_effect_and_its_changes(void **state)
{
    made m;
    make(*state, "PowerDelegation",
         "{\"name\": \"zones/z/powerDelegations/d\", \"displayName\": \"D\","
         "\"receivers\": [{\"id\": \"r\", \"kind\": \"RECEIVER_KIND_AREA\","
         "                 \"areas\": [\"zones/z/areas/a\", \"zones/z/areas/b\"]},"
         "                {\"id\": \"o\", \"kind\": \"RECEIVER_KIND_OUTSIDE\","
         "                 \"areas\": [\"zones/z/areas/b\"]}],"
         "\"approvalDate\": {\"year\": 2020}, \"issueDate\": {\"year\": 2019},"
         "\"effectiveDate\": {\"year\": 2021},"
         "\"amendments\": [{\"id\": \"x\", \"kind\": \"AMENDMENT_KIND_SUSPENDED\"},"
         "                 {\"id\": \"y\", \"kind\": \"AMENDMENT_KIND_REVOKED\","
         "                  \"effectiveDate\": {\"year\": 2023, \"month\": 1, \"day\": 2}}]}",
         &m);
    expect_moments(
        &m, 3,
        (store_moment[]){
            {20200101, 20201231, 0, KIND(DELEGATION_DECIDED), "approval_date"},
            {20210101, 20211231, 0, KIND(DELEGATION_EFFECTIVE), "effective_date"},
            {20230102, 20230102, 2, KIND(DELEGATION_AMENDED), "amendments.y.effective_date"},
        });
    expect_scopes(&m, (const char *const[]){"zones/z", "zones/z/areas/a", "zones/z/areas/b", NULL});
    arena_fini(&m.memory);
}

static void sources_and_terms_have_no_moments(void **state)
{
    made m;
    make(*state, "Source",
         "{\"name\": \"sources/s\", \"title\": \"S\", \"accessDate\": {\"year\": 2020}}", &m);
    assert_int_equal(m.index.moment_count, 0);
    assert_int_equal(m.index.scope_count, 0);
    arena_fini(&m.memory);
}

// --- evidence ------------------------------------------------------------------------------------

#define PROOF(id, path, verification, stance)                                                      \
    "{\"id\": \"" id "\", \"path\": \"" path "\", \"verification\": \"VERIFICATION_" verification  \
    "\", \"stance\": \"STANCE_" stance "\"}"

static void the_nearest_citation_proves_a_field_and_those_below_weaken_it(void **state)
{
    made m;
    make(*state, "Event",
         "{\"name\": \"zones/z/events/e\", \"title\": \"E\", \"date\": {\"year\": 2021},"
         "\"citations\": [" PROOF("whole", "", "COMPUTED", "SUPPORTS") "," PROOF(
             "list", "quantities", "VERIFIED",
             "SUPPORTS") "," PROOF("one", "quantities.a", "UNVERIFIED",
                                   "SUPPORTS") "," PROOF("date", "date", "VERIFIED",
                                                         "SUPPORTS") "," PROOF("year", "date.year",
                                                                               "UNVERIFIED",
                                                                               "SUPPORTS") "]}",
         &m);
    const Ftz__V1__Event *event = (const Ftz__V1__Event *)m.message;
    const struct {
        const char *path;
        int verification;
        const char *used; // one letter for each citation
    } cases[] = {
        {"title", FTZ__V1__VERIFICATION__VERIFICATION_COMPUTED, "x----"},
        {"quantities.a.value", FTZ__V1__VERIFICATION__VERIFICATION_UNVERIFIED, "--x--"},
        {"quantities.`a`.value", FTZ__V1__VERIFICATION__VERIFICATION_UNVERIFIED, "--x--"},
        {"quantities.aa.value", FTZ__V1__VERIFICATION__VERIFICATION_VERIFIED, "-x---"},
        {"date", FTZ__V1__VERIFICATION__VERIFICATION_UNVERIFIED, "---xx"},
        {"date.month", FTZ__V1__VERIFICATION__VERIFICATION_VERIFIED, "---x-"},
        {"data", FTZ__V1__VERIFICATION__VERIFICATION_COMPUTED, "x----"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool used[5] = {0};
        assert_int_equal(evidence_of(event->citations, event->n_citations, cases[i].path, used),
                         cases[i].verification);
        for (size_t j = 0; j < ARRAY_LEN(used); j++)
            assert_int_equal(used[j], cases[i].used[j] == 'x');
    }
    assert_int_equal(evidence_of(event->citations + 1, 1, "title", NULL),
                     FTZ__V1__VERIFICATION__VERIFICATION_UNSPECIFIED);
    arena_fini(&m.memory);
}

static void a_field_is_disputed_by_what_denies_it_or_a_part_of_it_alone(void **state)
{
    made m;
    make(*state, "Event",
         "{\"name\": \"zones/z/events/e\", \"title\": \"E\", \"date\": {\"year\": 2021},"
         "\"citations\": [" PROOF("whole", "title", "VERIFIED", "CONTRADICTS") "," PROOF(
             "year", "date.year", "VERIFIED", "CORRECTS") "]}",
         &m);
    const Ftz__V1__Event *event = (const Ftz__V1__Event *)m.message;
    assert_true(evidence_disputes(event->citations, event->n_citations, "title"));
    assert_true(evidence_disputes(event->citations, event->n_citations, "date"));
    assert_true(evidence_disputes(event->citations, event->n_citations, "date.year"));
    assert_false(evidence_disputes(event->citations, event->n_citations, "date.month"));
    assert_false(evidence_disputes(event->citations, event->n_citations, "effective_date"));
    assert_int_equal(evidence_of(event->citations, event->n_citations, "date", NULL),
                     FTZ__V1__VERIFICATION__VERIFICATION_UNSPECIFIED);
    arena_fini(&m.memory);
}

static int setup(void **state)
{
    world *w = malloc(sizeof *w);
    world_open(w);
    *state = w;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zone_shows_its_decision_plan_launch_and_sizes),
        cmocka_unit_test(an_area_shows_when_it_joined_and_opened_also_below_itself),
        cmocka_unit_test(a_joint_event_is_shown_once_in_every_zone_and_area_it_names),
        cmocka_unit_test(a_delegation_shows_its_first_known_decision_its_effect_and_its_changes),
        cmocka_unit_test(sources_and_terms_have_no_moments),
        cmocka_unit_test(the_nearest_citation_proves_a_field_and_those_below_weaken_it),
        cmocka_unit_test(a_field_is_disputed_by_what_denies_it_or_a_part_of_it_alone),
    };
    return cmocka_run_group_tests(tests, setup, world_teardown);
}
