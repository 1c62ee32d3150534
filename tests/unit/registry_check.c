// What the registry finds doubtful though it is valid.
#include "registry_support.h"

#include "ftz/v1/registry_service.pb-c.h"
#include "registry/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 4 << 20 };

static void import(world *w, const char *json)
{
    nrpc_status status = {0};
    registry_import result;
    assert_ok(registry_import_json(w->registry, &no_hurry, "records", json, strlen(json), &result,
                                   &status),
              &status);
}

static Ftz__V1__CheckDataResponse *check(world *w, registry_check_request q)
{
    nrpc_status status = {0};
    buffer rows = {0}, token = {0};
    int64_t revision = 0;
    q.row_field = 1;
    q.max_size = q.max_size ? q.max_size : ROOM;
    q.page_token = q.page_token ? q.page_token : "";
    assert_ok(registry_check(w->registry, &no_hurry, &q, &rows, &token, &revision, &status),
              &status);
    assert_true(revision > 0);
    Ftz__V1__CheckDataResponse *answer =
        ftz__v1__check_data_response__unpack(NULL, rows.size, rows.data);
    assert_non_null(answer);
    if (token.size) {
        answer->next_page_token = strdup((const char *)token.data);
    }
    buffer_fini(&rows);
    buffer_fini(&token);
    return answer;
}

static void append_lines(buffer *out, const Ftz__V1__CheckDataResponse *answer)
{
    for (size_t i = 0; i < answer->n_doubts; i++) {
        const Ftz__V1__Doubt *d = answer->doubts[i];
        buffer_printf(out, "%s %s %s: %s\n", d->code, d->resource, d->path, d->message);
    }
}

// All doubts as lines, page by page.
static char *lines_of(world *w, const char *parent, int32_t page_size)
{
    buffer out = {0};
    char *token = strdup("");
    do {
        Ftz__V1__CheckDataResponse *answer =
            check(w, (registry_check_request){
                         .parent = parent, .page_size = page_size, .page_token = token});
        assert_true(!page_size || answer->n_doubts <= (size_t)page_size);
        append_lines(&out, answer);
        free(token);
        token = strdup(answer->next_page_token);
        ftz__v1__check_data_response__free_unpacked(answer, NULL);
    } while (*token);
    free(token);
    char *text = buffer_take(&out, NULL);
    return text ? text : strdup("");
}

#define CITED                                                                                      \
    "\"citations\": [{\"id\": \"all\", \"sources\": [\"sources/seed\"],"                           \
    " \"verification\": \"VERIFICATION_VERIFIED\", \"stance\": \"STANCE_SUPPORTS\"}]"
#define DATE(y, m, d) "{\"year\": " #y ", \"month\": " #m ", \"day\": " #d "}"

static const char base[] =
    "{\"sources\": [{\"name\": \"sources/seed\", \"title\": \"Seed\"}], \"terms\": ["
    "{\"name\": \"vocabularies/positioning/terms/border_port\", \"displayName\": \"port\"},"
    "{\"name\": \"vocabularies/event_types/terms/launch\", \"displayName\": \"launch\"}]}";

static int bare_setup(void **state)
{
    world *w = malloc(sizeof *w);
    world_open(w);
    import(w, base);
    *state = w;
    return 0;
}

// What nobody has read in a source is all that is doubtful in it.
static void the_articles_data_hold_together(void **state)
{
    char *text = lines_of(*state, "", 0), *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        print_message("%s\n", line);
        assert_memory_equal(line, "NO_SOURCE ", 10);
        assert_non_null(strstr(line, "unverified"));
    }
    free(text);
}

// One zone of every sort of trouble, beside one that is sound.
static const char troubled[] =
    "{\"zones\": ["
    "{\"name\": \"zones/a\", \"displayName\": \"A\", \"kind\": \"no_such_kind\","
    " \"areaKm2\": 120.5, \"statedAreaCount\": 3,"
    " \"sizeHistory\": [{\"id\": \"one\", \"date\": " DATE(
        2019, 8,
        6) ", \"areaKm2\": 100},"
           "  {\"id\": \"two\", \"date\": " DATE(
               2018, 1,
               1) ", \"areaKm2\": 119.9, \"addedKm2\": 10}],"
                  " \"approvalDate\": " DATE(2019, 9, 1) ", \"launchDate\": " DATE(
                      2019, 8,
                      30) ","
                          " \"plan\": {\"title\": \"Plan\", \"documentDate\": {\"year\": 2019, "
                          "\"month\": 8}},"
                          " \"positioning\": [{\"id\": \"x\", \"code\": \"border_port\"},"
                          "  {\"id\": \"y\", \"code\": \"moon_port\"}]," CITED "},"
                          "{\"name\": \"zones/b\", \"displayName\": \"B\", \"areaKm2\": "
                          "179.66," CITED "}"
                          "], \"areas\": ["
                          "{\"name\": \"zones/a/areas/big\", \"displayName\": \"Big\", "
                          "\"areaKm2\": 100.1,"
                          " \"parts\": [{\"id\": \"p\", \"displayName\": \"P\", \"areaKm2\": "
                          "100.4}]," CITED "},"
                          "{\"name\": \"zones/a/areas/inner\", \"displayName\": \"Inner\", "
                          "\"areaKm2\": 101,"
                          " \"parentArea\": \"zones/a/areas/big\"," CITED "},"
                          "{\"name\": \"zones/a/areas/other\", \"displayName\": \"Other\", "
                          "\"areaKm2\": 20.65," CITED "},"
                          "{\"name\": \"zones/b/areas/b1\", \"displayName\": \"B1\", \"areaKm2\": "
                          "134.6," CITED "},"
                          "{\"name\": \"zones/b/areas/b2\", \"displayName\": \"B2\", \"areaKm2\": "
                          "45.06," CITED "}"
                          "], \"events\": ["
                          "{\"name\": \"zones/a/events/early\", \"title\": \"Early\", \"type\": "
                          "\"launch\","
                          " \"date\": " DATE(
                              2019, 7,
                              31) ", \"endDate\": {\"year\": 2019, \"month\": 6},"
                                  " \"zones\": [\"zones/b\"],"
                                  " \"quantities\": [{\"id\": \"all\", \"value\": {\"value\": "
                                  "\"10\"}, \"unit\": \"t\"},"
                                  "  {\"id\": \"some\", \"value\": {\"value\": \"10.5\"}, "
                                  "\"unit\": \"t\", \"partOf\": \"all\"},"
                                  "  {\"id\": \"same\", \"value\": {\"value\": \"10.0\"}, "
                                  "\"unit\": \"t\", \"restates\": \"all\"},"
                                  "  {\"id\": \"half\", \"value\": {\"value\": \"5\"}, \"unit\": "
                                  "\"t\", \"restates\": \"all\"}],"
                                  " \"citations\": [{\"id\": \"date\", \"path\": \"date\", "
                                  "\"verification\":"
                                  "   \"VERIFICATION_UNVERIFIED\", \"stance\": "
                                  "\"STANCE_SUPPORTS\"},"
                                  "  {\"id\": \"q\", \"path\": \"quantities\", \"sources\": "
                                  "[\"sources/seed\"], \"verification\":"
                                  "   \"VERIFICATION_VERIFIED\", \"stance\": \"STANCE_SUPPORTS\"},"
                                  "  {\"id\": \"z\", \"path\": \"zones\", \"sources\": "
                                  "[\"sources/seed\"], \"verification\":"
                                  "   \"VERIFICATION_VERIFIED\", \"stance\": \"STANCE_SUPPORTS\"},"
                                  "  {\"id\": \"more\", \"path\": \"quantities.all.value\", "
                                  "\"sources\": [\"sources/seed\"],"
                                  "   \"verification\": \"VERIFICATION_VERIFIED\", \"stance\": "
                                  "\"STANCE_CONTRADICTS\","
                                  "   \"statedValue\": {\"number\": {\"value\": \"12\"}}}]},"
                                  "{\"name\": \"zones/a/events/partial\", \"title\": \"Partial\", "
                                  "\"date\": {\"year\": 2019},"
                                  " \"effectiveDate\": {\"year\": 2019}}"
                                  "], \"powerDelegations\": ["
                                  "{\"name\": \"zones/a/powerDelegations/d\", \"displayName\": "
                                  "\"D\","
                                  " \"reviewDate\": " DATE(2020, 1, 5) ", \"effectiveDate\": " DATE(
                                      2020, 1, 1) ","
                                                  " \"amendments\": [{\"id\": \"m\", \"kind\": "
                                                  "\"AMENDMENT_KIND_REVOKED\","
                                                  "  \"effectiveDate\": " DATE(
                                                      2019, 12,
                                                      31) "}],"
                                                          " \"itemCount\": 3, \"itemCountScope\": "
                                                          "\"COUNT_SCOPE_BATCH\","
                                                          " \"items\": [{\"id\": \"i\", \"title\": "
                                                          "\"I\", \"subjects\":"
                                                          "   [{\"id\": \"s\", \"code\": "
                                                          "\"no_such_subject\"}]},"
                                                          "  {\"id\": \"j\", \"title\": \"J\", "
                                                          "\"excluded\": true}]," CITED "}"
                                                          "]}";

static const char doubts[] =
    "AREA_COUNT_DIFFERS zones/a stated_area_count: 3 areas are stated, and the registry has 2\n"
    "AREAS_DO_NOT_ADD_UP zones/a area_km2: the zone measures 120.5 km2, and its 2 areas that lie "
    "in "
    "no other 120.75 km2\n"
    "DATES_OUT_OF_ORDER zones/a size_history.two.date: 2018-01-01 comes behind 2019-08-06, though "
    "the oldest size stands first\n"
    "SIZE_HISTORY_MISMATCH zones/a size_history.two.area_km2: 100 km2 before and 10 km2 added do "
    "not make 119.9\n"
    "SIZE_HISTORY_MISMATCH zones/a area_km2: today's size is 120.5 km2, and the last of its "
    "history, of 2018-01-01, 119.9 km2\n"
    "DATES_OUT_OF_ORDER zones/a launch_date: approval_date is 2019-09-01, and launch_date before "
    "it, 2019-08-30\n"
    "UNKNOWN_CODE zones/a kind: the code 'no_such_kind' has no term in vocabulary zone_kinds\n"
    "UNKNOWN_CODE zones/a positioning.y.code: the code 'moon_port' has no term in vocabulary "
    "positioning\n"
    "CLAIMS_CONFLICT zones/a/areas/big parts.p.area_km2: it measures 100.4 km2, and the area in "
    "which it lies 100.1 km2\n"
    "CLAIMS_CONFLICT zones/a/areas/inner area_km2: it measures 101 km2, and zones/a/areas/big in "
    "which it lies 100.1 km2\n"
    "CLAIMS_CONFLICT zones/a/events/early quantities.some.value: 10.5 is more than all, of which "
    "it "
    "is a part: 10\n"
    "CLAIMS_CONFLICT zones/a/events/early quantities.half.value: 5 restates all in the same unit, "
    "which says 10\n"
    "EVENT_BEFORE_PLAN zones/a/events/early date: it is dated 2019-07-31, before the zone was "
    "decided on: its plan.document_date is 2019-08\n"
    "DATES_OUT_OF_ORDER zones/a/events/early end_date: date is 2019-07-31, and end_date before it, "
    "2019-06\n"
    "CLAIMS_CONFLICT zones/a/events/early quantities.all.value: held is 10; sources/seed says 12 "
    "(citation more)\n"
    "NO_SOURCE zones/a/events/early type: no citation says where this is from\n"
    "NO_SOURCE zones/a/events/early date: it is cited, but nobody has read it in a source: the "
    "citation is unverified\n"
    "NO_SOURCE zones/a/events/early end_date: no citation says where this is from\n"
    "NO_SOURCE zones/a/events/partial : no citation says where any of this is from\n"
    "ITEM_COUNT_DIFFERS zones/a/powerDelegations/d item_count: 3 are stated, and 1 are listed\n"
    "DATES_OUT_OF_ORDER zones/a/powerDelegations/d amendments.m.effective_date: it is amended on "
    "2019-12-31, before it begins: its effective_date is 2020-01-01\n"
    "DATES_OUT_OF_ORDER zones/a/powerDelegations/d effective_date: review_date is 2020-01-05, and "
    "effective_date before it, 2020-01-01\n"
    "UNKNOWN_CODE zones/a/powerDelegations/d items.i.subjects.s.code: the code 'no_such_subject' "
    "has no term in vocabulary subjects\n";

static void every_sort_of_doubt_is_reported_with_its_values(void **state)
{
    world *w = *state;
    import(w, troubled);
    char *text = lines_of(w, "", 0);
    assert_string_equal(text, doubts);
    free(text);
}

static void pages_of_any_size_give_the_same_doubts(void **state)
{
    world *w = *state;
    import(w, troubled);
    for (int size = 1; size <= 25; size++) {
        char *text = lines_of(w, "zones/-", size);
        assert_string_equal(text, doubts);
        free(text);
    }
}

static void one_zone_is_checked_alone(void **state)
{
    world *w = *state;
    import(w, troubled);
    char *text = lines_of(w, "zones/a", 3);
    assert_string_equal(text, doubts);
    free(text);
    text = lines_of(w, "zones/b", 0);
    assert_string_equal(text, "");
    free(text);
}

static void what_is_not_recorded_is_no_contradiction(void **state)
{
    world *w = *state;
    // Areas without a size, or fewer than stated: a sum below the zone's size says nothing.
    import(w, "{\"zones\": [{\"name\": \"zones/c\", \"displayName\": \"C\", \"areaKm2\": 120,"
              " \"statedAreaCount\": 2," CITED "}], \"areas\": ["
              "{\"name\": \"zones/c/areas/a\", \"displayName\": \"A\", \"areaKm2\": 50," CITED "},"
              "{\"name\": \"zones/c/areas/b\", \"displayName\": \"B\"," CITED "}]}");
    char *text = lines_of(w, "zones/c", 0);
    assert_string_equal(text, "");
    free(text);
    // A sum above it does.
    import(w,
           "{\"areas\": ["
           "{\"name\": \"zones/c/areas/a\", \"displayName\": \"A\", \"areaKm2\": 122," CITED "}]}");
    text = lines_of(w, "zones/c", 0);
    assert_string_equal(text, "AREAS_DO_NOT_ADD_UP zones/c area_km2: the zone measures 120 km2, "
                              "and already 1 area that lie in no other 122 km2\n");
    free(text);
}

typedef struct deletion {
    const char *name;
    store_record record;
    char *type, *parent, *uid;
    buffer body, extra;
} deletion;

static bool keep_record(void *context, const store_record *record)
{
    deletion *d = context;
    d->record = *record;
    d->record.type = d->type = strdup(record->type);
    d->record.name = d->name;
    d->record.parent = d->parent = strdup(record->parent);
    d->record.uid = d->uid = strdup(record->uid);
    buffer_append(&d->body, record->body.data, record->body.size);
    buffer_append(&d->extra, record->extra.data, record->extra.size);
    d->record.body = (store_bytes){d->body.data, d->body.size};
    d->record.extra = (store_bytes){d->extra.data, d->extra.size};
    return false;
}

static nrpc_code delete_record(store_tx *tx, void *context, nrpc_status *status)
{
    static const store_index empty = {.document = {"{}", 2}};
    deletion *d = context;
    d->record.index = &empty;
    return store_tx_put(tx, STORE_DELETED, &d->record, status);
}

static void remove_resource(world *w, const char *name)
{
    nrpc_status status = {0};
    int64_t revision;
    deletion d = {.name = name};
    assert_ok(store_get(w->store, &no_hurry, name, 0, true, keep_record, &d, &status), &status);
    assert_ok(store_write(w->store, &no_hurry, delete_record, &d, &revision, &status), &status);
    free(d.type);
    free(d.parent);
    free(d.uid);
    buffer_fini(&d.body);
    buffer_fini(&d.extra);
}

static void references_to_deleted_resources_dangle(void **state)
{
    world *w = *state;
    import(w,
           "{\"zones\": [{\"name\": \"zones/cn-xinjiang\", \"displayName\": \"Z\"," CITED "}],"
           " \"areas\": [{\"name\": \"zones/cn-xinjiang/areas/kept\", \"displayName\": \"K\"," CITED
           "}, {\"name\": \"zones/cn-xinjiang/areas/gone\", \"displayName\": \"Gone\"," CITED
           "}], \"events\": [{\"name\": \"zones/cn-xinjiang/events/left\", \"title\": \"L\","
           " \"date\": {\"year\": 2024},"
           " \"areas\": [\"zones/cn-xinjiang/areas/kept\", \"zones/cn-xinjiang/areas/gone\"]," CITED
           "}]}");
    remove_resource(w, "zones/cn-xinjiang/areas/gone");
    char *text = lines_of(w, "zones/cn-xinjiang", 0);
    assert_string_equal(text, "DANGLING_REFERENCE zones/cn-xinjiang/events/left areas: "
                              "'zones/cn-xinjiang/areas/gone' does not exist, or is deleted\n");
    free(text);
}

static void a_zone_deleted_between_pages_is_passed_over(void **state)
{
    world *w = *state;
    import(w, troubled);
    import(w, "{\"zones\": [{\"name\": \"zones/d\", \"displayName\": \"D\", \"kind\": \"x\"}]}");
    Ftz__V1__CheckDataResponse *first =
        check(w, (registry_check_request){.parent = "", .page_size = 2});
    assert_int_equal(first->n_doubts, 2);
    remove_resource(w, "zones/a");
    Ftz__V1__CheckDataResponse *rest =
        check(w, (registry_check_request){.parent = "", .page_token = first->next_page_token});
    assert_string_equal(rest->doubts[0]->resource, "zones/d");
    ftz__v1__check_data_response__free_unpacked(first, NULL);
    ftz__v1__check_data_response__free_unpacked(rest, NULL);
}

static void assert_refused(world *w, registry_check_request q, nrpc_code code, const char *reason,
                           const char *field, const char *violation)
{
    nrpc_status status = {0};
    buffer rows = {0}, token = {0};
    int64_t revision;
    q.row_field = 1;
    q.page_token = q.page_token ? q.page_token : "";
    assert_int_equal(registry_check(w->registry, &no_hurry, &q, &rows, &token, &revision, &status),
                     code);
    if (field)
        assert_violation(&status, field, violation);
    if (reason)
        assert_status(&status, code, reason);
    nrpc_status_fini(&status);
    assert_int_equal(rows.size, 0);
    buffer_fini(&rows);
    buffer_fini(&token);
}

static void bad_requests_are_refused(void **state)
{
    world *w = *state;
    import(w, troubled);
    assert_refused(w, (registry_check_request){.parent = "zones/", .max_size = ROOM},
                   NRPC_INVALID_ARGUMENT, NULL, "parent", "NAME_MALFORMED");
    assert_refused(w, (registry_check_request){.parent = "", .page_size = -1, .max_size = ROOM},
                   NRPC_INVALID_ARGUMENT, NULL, "page_size", "NEGATIVE");
    assert_refused(w, (registry_check_request){.parent = "zones/none", .max_size = ROOM},
                   NRPC_NOT_FOUND, "PARENT_NOT_FOUND", NULL, NULL);
    assert_refused(w, (registry_check_request){.parent = "", .page_token = "x", .max_size = ROOM},
                   NRPC_INVALID_ARGUMENT, "PAGE_TOKEN_MISMATCH", NULL, NULL);
    assert_refused(w, (registry_check_request){.parent = "", .max_size = 10},
                   NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", NULL, NULL);
    Ftz__V1__CheckDataResponse *first =
        check(w, (registry_check_request){.parent = "zones/a", .page_size = 2});
    assert_refused(w,
                   (registry_check_request){
                       .parent = "zones/b", .page_token = first->next_page_token, .max_size = ROOM},
                   NRPC_INVALID_ARGUMENT, "PAGE_TOKEN_MISMATCH", NULL, NULL);
    ftz__v1__check_data_response__free_unpacked(first, NULL);
}

static void a_page_ends_where_the_message_would_be_too_large(void **state)
{
    world *w = *state;
    import(w, troubled);
    Ftz__V1__CheckDataResponse *answer =
        check(w, (registry_check_request){.parent = "", .max_size = 400});
    assert_in_range(answer->n_doubts, 1, 5);
    assert_true(*answer->next_page_token);
    ftz__v1__check_data_response__free_unpacked(answer, NULL);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, bare_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_articles_data_hold_together, world_setup,
                                        world_teardown),
        EACH(every_sort_of_doubt_is_reported_with_its_values),
        EACH(pages_of_any_size_give_the_same_doubts),
        EACH(one_zone_is_checked_alone),
        EACH(what_is_not_recorded_is_no_contradiction),
        EACH(references_to_deleted_resources_dangle),
        EACH(a_zone_deleted_between_pages_is_passed_over),
        EACH(bad_requests_are_refused),
        EACH(a_page_ends_where_the_message_would_be_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
