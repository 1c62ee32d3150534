// Queries from the command line against a server in this process: what is asked, and how answers
// look; and fields as --set has them.
#include "support/test.h"

#include "assign.h"
#include "descriptor_set.h"
#include "profile.h"
#include "request.h"
#include "resource_types.h"
#include "schema/json.h"

#include <ftz/v1/query_service.pb-c.h>
#include <nrpc/server.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { OUT_SIZE = 8192 };

// Between the test and the handlers, which a command in a process of its own has called.
static pthread_mutex_t meeting = PTHREAD_MUTEX_INITIALIZER;

// Answers every method of QueryService with JSON that a test has set, and keeps what was asked.
typedef struct fixture {
    nrpc_server *server;
    schema *pool;
    const char *answer;
    char *asked; // JSON of the last request
} fixture;

static void answer(nrpc_call *call, const ProtobufCMessage *request, void *context,
                   const ProtobufCMessageDescriptor *response)
{
    fixture *f = context;
    nrpc_status status = {0};
    uint8_t bytes[4096];
    buffer json = {0}, packed = {0};
    size_t size = protobuf_c_message_pack(request, bytes);
    wire_to_json(schema_find_message(f->pool, request->descriptor->name), bytes, size, 0, &json,
                 &status);
    pthread_mutex_lock(&meeting);
    free(f->asked);
    f->asked = buffer_take(&json, NULL);
    if (json_to_wire(schema_find_message(f->pool, response->name), f->answer, strlen(f->answer),
                     &packed, &status)) {
        nrpc_call_fail(call, &status);
    } else {
        ProtobufCMessage *message =
            protobuf_c_message_unpack(response, NULL, packed.size, packed.data);
        nrpc_call_reply(call, message);
        protobuf_c_message_free_unpacked(message, NULL);
    }
    pthread_mutex_unlock(&meeting);
    nrpc_status_fini(&status);
    buffer_fini(&packed);
    buffer_fini(&json);
}

#define ANSWER(name, response)                                                                     \
    static void name(nrpc_call *call, const ProtobufCMessage *request, void *context)              \
    {                                                                                              \
        answer(call, request, context, &response);                                                 \
    }

ANSWER(on_search, ftz__v1__search_response__descriptor)
ANSWER(on_timeline, ftz__v1__list_timeline_response__descriptor)
ANSWER(on_powers, ftz__v1__find_powers_response__descriptor)
ANSWER(on_aggregate, ftz__v1__aggregate_response__descriptor)
ANSWER(on_profile, ftz__v1__get_zone_profile_response__descriptor)

static int start(void **state)
{
    static const nrpc_method methods[] = {{"Search", on_search, NRPC_METHOD_QUICK},
                                          {"ListTimeline", on_timeline, NRPC_METHOD_QUICK},
                                          {"FindPowers", on_powers, NRPC_METHOD_QUICK},
                                          {"Aggregate", on_aggregate, NRPC_METHOD_QUICK},
                                          {"GetZoneProfile", on_profile, NRPC_METHOD_QUICK}};
    fixture *f = calloc(1, sizeof(*f));
    nrpc_server_options options;
    nrpc_status status = {0};
    assert_ok(schema_load(ftz_descriptor_set_data(), ftz_descriptor_set_size(), &f->pool, &status),
              &status);
    nrpc_server_options_init(&options);
    assert_ok(nrpc_server_create(&f->server, &options, &status), &status);
    assert_ok(nrpc_server_add_service(f->server, &ftz__v1__query_service__descriptor, methods, 5, f,
                                      &status),
              &status);
    assert_ok(nrpc_server_listen(f->server, "tcp://127.0.0.1:0", &status), &status);
    f->answer = "{}";
    *state = f;
    return 0;
}

static int stop(void **state)
{
    fixture *f = *state;
    nrpc_server_free(f->server);
    schema_free(f->pool);
    free(f->asked);
    free(f);
    return 0;
}

// What one side has written the other sees.
static void meet(void)
{
    pthread_mutex_lock(&meeting);
    pthread_mutex_unlock(&meeting);
}

static int run_ftz(const fixture *f, const char *arguments, char out[OUT_SIZE])
{
    char command[1024];
    meet();
    snprintf(command, sizeof(command), "%s -s %s %s 2>&1", FTZ_COMMAND,
             nrpc_server_address(f->server, 0), arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    out[fread(out, 1, OUT_SIZE - 1, pipe)] = '\0';
    int result = pclose(pipe);
    meet();
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

// What a command line asks.
static void asks(fixture *f, const char *arguments, const char *request)
{
    char out[OUT_SIZE];
    if (run_ftz(f, arguments, out) != 0)
        fail_msg("%s: %s", arguments, out);
    assert_string_equal(f->asked, request);
}

// How an answer looks.
static void shows(fixture *f, const char *arguments, const char *json, const char *expected)
{
    char out[OUT_SIZE];
    f->answer = json;
    assert_int_equal(run_ftz(f, arguments, out), 0);
    assert_string_equal(out, expected);
}

static void refused(const fixture *f, const char *arguments, const char *says)
{
    char out[OUT_SIZE];
    assert_int_equal(run_ftz(f, arguments, out), 2);
    if (!strstr(out, says))
        fail_msg("%s says: %s", arguments, out);
}

static void a_search_joins_its_words(void **state)
{
    fixture *f = *state;
    asks(f, "search Khorgos 'free trade' --type areas --type Event --type powerdelegation",
         "{\"query\":\"Khorgos free trade\",\"resourceTypes\":[\"Area\",\"Event\","
         "\"PowerDelegation\"]}");
    asks(f, "search 喀 --parent cn-xinjiang --language zh-Hans --limit 3",
         "{\"query\":\"喀\",\"parent\":\"zones/cn-xinjiang\",\"languageCode\":\"zh-Hans\","
         "\"pageSize\":3}");
    refused(f, "search x --type Aera", "did you mean Area?");
    refused(f, "search", "usage: ftz search WORDS...");
    shows(f, "search x -o table",
          "{\"results\":[{\"resource\":{\"area\":{\"name\":\"zones/a/areas/b\"}},"
          "\"path\":\"names.zh\",\"fragment\":\"喀什\",\"score\":0.5},"
          "{\"resource\":{\"powerDelegation\":{\"name\":\"zones/a/powerDelegations/d\"}},"
          "\"path\":\"display_name\",\"fragment\":\"x\",\"score\":0.25}],\"revision\":\"7\"}",
          "TYPE              NAME                        SCORE  FIELD         MATCH\n"
          "area              zones/a/areas/b               0.5  names.zh      喀什\n"
          "power_delegation  zones/a/powerDelegations/d   0.25  display_name  x\n");
    shows(f, "search x -o csv",
          "{\"results\":[{\"resource\":{\"term\":{\"name\":\"vocabularies/v/terms/t\"}},"
          "\"fragment\":\"a, b\",\"score\":1}]}",
          "type,name,score,field,match\r\nterm,vocabularies/v/terms/t,1,,\"a, b\"\r\n");
}

static void a_timeline_has_a_span_and_kinds(void **state)
{
    fixture *f = *state;
    asks(f, "timeline cn-xinjiang --from 2023 --to 2023-11-01 --kind launch --kind area-opened",
         "{\"parent\":\"zones/cn-xinjiang\",\"startDate\":{\"year\":2023},"
         "\"endDate\":{\"year\":2023,\"month\":11,\"day\":1},"
         "\"kinds\":[\"TIMELINE_KIND_LAUNCH\",\"TIMELINE_KIND_AREA_OPENED\"]}");
    asks(f, "timeline cn-xinjiang/khorgos --desc",
         "{\"parent\":\"zones/cn-xinjiang/areas/khorgos\",\"descending\":true}");
    asks(f, "timeline -- -", "{\"parent\":\"zones/-\"}");
    asks(f, "timeline zones/-", "{\"parent\":\"zones/-\"}");
    refused(f, "timeline x --kind lunch", "did you mean launch?");
    refused(f, "timeline x --from 2023-13", "2023-13 is no date");
    refused(f, "timeline x --to yesterday", "is no date");
    shows(
        f, "timeline x -o table",
        "{\"entries\":[{\"date\":{\"year\":2023,\"month\":10},\"kind\":\"TIMELINE_KIND_APPROVAL\","
        "\"resource\":\"zones/x\",\"path\":\"approval_date\",\"title\":\"approved\","
        "\"disputed\":true}]}",
        "DATE     KIND      TITLE     RESOURCE  FIELD          DISPUTED\n"
        "2023-10  approval  approved  zones/x   approval_date  yes\n");
}

static void powers_are_shown_with_what_nobody_knows(void **state)
{
    fixture *f = *state;
    asks(f,
         "powers cn-x/a --date 2024-06-01 --subject land --subject trade --text 'land use' "
         "--exclude-unknown --exclude-outside",
         "{\"resource\":\"zones/cn-x/areas/a\",\"date\":{\"year\":2024,\"month\":6,\"day\":1},"
         "\"subjectCodes\":[\"land\",\"trade\"],\"text\":\"land use\",\"excludeUnknown\":true,"
         "\"excludeOutsideReceivers\":true}");
    shows(f, "powers x -o table",
          "{\"powers\":[{\"powerDelegation\":{\"name\":\"zones/x/powerDelegations/d\","
          "\"displayName\":\"First\"},\"inForce\":\"IN_FORCE_UNKNOWN\",\"reason\":"
          "\"EFFECT_UNKNOWN\",\"earliestStart\":{\"year\":2024}}],"
          "\"gaps\":[{\"text\":\"the list is missing\"},{\"text\":\"and\\u001b this\"}]}",
          "IN FORCE  EARLIEST  REASON          NAME                        TITLE\n"
          "unknown   2024      EFFECT_UNKNOWN  zones/x/powerDelegations/d  First\n"
          "\nnot known:\n  - the list is missing\n  - and\xEF\xBF\xBD this\n");
}

static void sums_are_rows(void **state)
{
    fixture *f = *state;
    static const char buckets[] =
        "{\"buckets\":[{\"keys\":[\"zones/a\",\"2023\"],\"count\":\"3\",\"sums\":["
        "{\"measure\":\"trade\",\"unit\":\"CNY\",\"value\":{\"value\":\"1250.5\"},"
        "\"summands\":\"2\",\"leftOut\":\"1\"},{\"measure\":\"firms\",\"value\":{\"value\":"
        "\"8\"},\"summands\":\"1\",\"unknown\":\"2\"}]},"
        "{\"keys\":[\"zones/b\",\"\"],\"count\":\"1\"}]}";
    asks(f,
         "aggregate events --by zone,year --sum quantities --filter 'type=\"x\"' --date 2024-01-01",
         "{\"resourceType\":\"Event\",\"filter\":\"type=\\\"x\\\"\",\"groupBy\":[\"zone\","
         "\"year\"],\"sum\":[\"quantities\"],\"date\":{\"year\":2024,\"month\":1,\"day\":1}}");
    refused(f, "aggregate evens", "did you mean Event?");
    shows(f, "aggregate Event --by zone,year --sum quantities -o table", buckets,
          "ZONE     YEAR  COUNT  MEASURE  SUM     UNIT  ADDED  UNKNOWN  LEFT_OUT\n"
          "zones/a  2023  3      trade    1250.5  CNY   2               1\n"
          "zones/a  2023  3      firms    8             1      2\n"
          "zones/b        1\n");
    shows(f, "aggregate Event --by zone,year -o csv", buckets,
          "zone,year,count\r\nzones/a,2023,3\r\nzones/a,2023,3\r\nzones/b,,1\r\n");
}

static void a_profile_is_a_page(void **state)
{
    fixture *f = *state;
    asks(f, "profile cn-x --date 2020-02-29 --events 3 --view basic",
         "{\"name\":\"zones/cn-x\",\"date\":{\"year\":2020,\"month\":2,\"day\":29},"
         "\"eventLimit\":3,\"view\":\"RESOURCE_VIEW_BASIC\"}");
    shows(
        f, "profile cn-x -o table",
        "{\"zone\":{\"name\":\"zones/x\",\"displayName\":\"X\",\"stage\":\"ZONE_STAGE_OPERATING\","
        "\"names\":[{\"text\":\"s\"},{\"text\":\"新\",\"kind\":\"NAME_KIND_OFFICIAL\"}]},"
        "\"areaKm2\":30.5,\"date\":{\"year\":2024,\"month\":1,\"day\":2},\"areas\":["
        "{\"area\":{\"displayName\":\"喀什 Area\",\"areaKm2\":20.5},\"sharePercent\":{\"value\":"
        "\"66.67\"},\"counted\":true},{\"area\":{\"displayName\":\"Inner\",\"areaKm2\":1,"
        "\"parentArea\":\"zones/x/areas/k\"}}],\"areasSumKm2\":{\"value\":\"20.5\"},"
        "\"eventCounts\":[{\"keys\":[\"signing\"],\"count\":\"2\"}],"
        "\"latestEvents\":[{\"date\":{\"year\":2023},\"type\":\"signing\",\"title\":\"T\"}],"
        "\"powers\":[{\"inForce\":\"IN_FORCE_YES\",\"latestStart\":{\"year\":2022},"
        "\"powerDelegation\":{\"displayName\":\"First\"}}],\"sources\":[{\"name\":\"s\"}]}",
        "X  新\nzones/x on 2024-01-02\n\n"
        "  size       30.5 km2\n  stage      operating\n\n"
        "Areas, km2\n"
        "  喀什 Area                              20.5  66.67 %  ████████████████\n"
        "  Inner                                     1  lies in zones/x/areas/k\n"
        "  together                               20.5  without those whose size is not known\n"
        "\nEvents\n  signing 2\n"
        "  2023        signing               T\n"
        "\nPowers in force\n  yes       by 2022                First\n"
        "\n1 source, shown with -o json\n");
}

static void dates_are_whole_or_partial(void **state)
{
    (void)state;
    static const struct {
        const char *text, *json;
    } good[] = {{"2023", "{\"year\": 2023}"},
                {"2023-11", "{\"year\": 2023, \"month\": 11}"},
                {"2023-11-01", "{\"year\": 2023, \"month\": 11, \"day\": 1}"}};
    static const char *const bad[] = {"",         "0000",       "23",         "2023-",   "2023-1",
                                      "2023-00",  "2023-13",    "2023-11-00", "+023",    "2023/11",
                                      "20231101", "2023-11-32", " 2023",      "2023-1a", "today "};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        json_t *date = request_date(good[i].text);
        char *text = json_dumps(date, 0);
        assert_string_equal(text, good[i].json);
        free(text);
        json_decref(date);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_null(request_date(bad[i]));
    json_t *today = request_date("today");
    assert_int_equal(json_object_size(today), 3);
    json_decref(today);
}

static void types_are_known_by_any_of_their_names(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        int type;
    } good[] = {{"Zone", RESOURCE_ZONES},
                {"zones", RESOURCE_ZONES},
                {"AREA", RESOURCE_AREAS},
                {"delegations", RESOURCE_DELEGATIONS},
                {"delegation", RESOURCE_DELEGATIONS},
                {"powerDelegations", RESOURCE_DELEGATIONS},
                {"term", RESOURCE_TERMS}};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_ptr_equal(resource_type_typed(good[i].typed), &resource_types[good[i].type]);
    static const char *const bad[] = {"", "z", "zoness", "Registry"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_null(resource_type_typed(bad[i]));
    assert_ptr_equal(resource_type_of_name("zones/a/areas/b"), &resource_types[RESOURCE_AREAS]);
    assert_ptr_equal(resource_type_of_name("zones/a"), &resource_types[RESOURCE_ZONES]);
    assert_ptr_equal(resource_type_of_name("vocabularies/v/terms/t"),
                     &resource_types[RESOURCE_TERMS]);
    static const char *const none[] = {
        "",   "zones", "zones/", "areas/b", "zones/a/areas/b/c", "zones/a/terms/t", "a/b/areas/c",
        "x/a"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_null(resource_type_of_name(none[i]));
}

static void fields_are_set_by_path(void **state)
{
    const fixture *f = *state;
    static const struct {
        const char *type, *assignment, *json;
    } good[] = {
        {"Area", "area_km2=12.5", "{\"areaKm2\":12.5}"},
        {"Area", "seat=a=b", "{\"seat\":\"a=b\"}"},
        {"Area", "seat=", "{}"},
        {"Area", "added_date=2023-11", "{\"addedDate\":{\"year\":2023,\"month\":11}}"},
        {"Area", "focus_industries_open=yes", "{\"focusIndustriesOpen\":true}"},
        {"Zone", "stage=operating", "{\"stage\":\"ZONE_STAGE_OPERATING\"}"},
        {"Zone", "stage=ZONE_STAGE_MERGED", "{\"stage\":\"ZONE_STAGE_MERGED\"}"},
        {"Zone", "plan.title=P", "{\"plan\":{\"title\":\"P\"}}"},
        {"Zone", "names.zh.text=新", "{\"names\":[{\"id\":\"zh\",\"text\":\"新\"}]}"},
        {"Zone", "names.zh={\"text\":\"x\"}", "{\"names\":[{\"id\":\"zh\",\"text\":\"x\"}]}"},
        {"Zone", "names.zh=", "{}"},
        {"Event", "areas=zones/a/areas/b,zones/a/areas/c",
         "{\"areas\":[\"zones/a/areas/b\",\"zones/a/areas/c\"]}"},
        {"Event", "areas=[\"zones/a/areas/b\"]", "{\"areas\":[\"zones/a/areas/b\"]}"},
        {"Event", "quantities.q.value=1.50",
         "{\"quantities\":[{\"id\":\"q\",\"value\":{\"value\":\"1.50\"}}]}"},
    };
    static const struct {
        const char *type, *assignment, *reason;
    } bad[] = {
        {"Area", "area_km2=x", "WRONG_TYPE"},
        {"Area", "area_km=1", "INVALID_FIELD_PATH"},
        {"Area", "area_km2", "INVALID_FIELD_PATH"},
        {"Area", "=1", "INVALID_FIELD_PATH"},
        {"Zone", "stage=opening", "UNKNOWN_ENUM_VALUE"},
        {"Zone", "plan=x", "WRONG_TYPE"},
        {"Zone", "names=x", "WRONG_TYPE"},
        {"Zone", "names.zh=[]", "WRONG_TYPE"},
        {"Zone", "launch_date=soon", "WRONG_TYPE"},
        {"Area", "focus_industries_open=1", "WRONG_TYPE"},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char name[64];
        size_t size;
        nrpc_status status = {0};
        json_t *object = json_object();
        snprintf(name, sizeof(name), "ftz.v1.%s", good[i].type);
        assert_ok(assign_field(schema_find_message(f->pool, name), object, good[i].assignment,
                               &size, &status),
                  &status);
        assert_int_equal(size, strcspn(good[i].assignment, "="));
        char *text = json_dumps(object, JSON_COMPACT);
        assert_string_equal(text, good[i].json);
        free(text);
        json_decref(object);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char name[64];
        size_t size;
        nrpc_status status = {0};
        json_t *object = json_object();
        snprintf(name, sizeof(name), "ftz.v1.%s", bad[i].type);
        assert_int_equal(assign_field(schema_find_message(f->pool, name), object, bad[i].assignment,
                                      &size, &status),
                         NRPC_INVALID_ARGUMENT);
        assert_string_equal(status.reason, bad[i].reason);
        nrpc_status_fini(&status);
        json_decref(object);
    }
}

static void an_element_is_set_piece_by_piece(void **state)
{
    const fixture *f = *state;
    const schema_message *zone = schema_find_message(f->pool, "ftz.v1.Zone");
    static const char *const sets[] = {"names.a.text=A", "names.b.text=B", "names.a.kind=short",
                                       "names.a.text=AA"};
    json_t *object = json_object();
    nrpc_status status = {0};
    size_t size;
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
        assert_ok(assign_field(zone, object, sets[i], &size, &status), &status);
    char *text = json_dumps(object, JSON_COMPACT);
    assert_string_equal(text, "{\"names\":[{\"id\":\"a\",\"text\":\"AA\",\"kind\":"
                              "\"NAME_KIND_SHORT\"},{\"id\":\"b\",\"text\":\"B\"}]}");
    free(text);
    json_decref(object);
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(a_search_joins_its_words),
        WITH_SERVER(a_timeline_has_a_span_and_kinds),
        WITH_SERVER(powers_are_shown_with_what_nobody_knows),
        WITH_SERVER(sums_are_rows),
        WITH_SERVER(a_profile_is_a_page),
        cmocka_unit_test(dates_are_whole_or_partial),
        cmocka_unit_test(types_are_known_by_any_of_their_names),
        WITH_SERVER(fields_are_set_by_path),
        WITH_SERVER(an_element_is_set_piece_by_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
