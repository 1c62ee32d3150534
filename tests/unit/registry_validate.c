// Each rule on what a resource must be, broken once: the fault is named by path and reason.
#include "registry_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE     "\"sources\":[{\"name\":\"sources/s\",\"title\":\"S\"}],"
#define ZONE(more) "{" SOURCE "\"zones\":[{\"name\":\"zones/z\",\"displayName\":\"Z\"" more "}]}"
#define EVENT(more)                                                                                \
    "{" SOURCE "\"zones\":[{\"name\":\"zones/z\",\"displayName\":\"Z\"}],"                         \
    "\"events\":[{\"name\":\"zones/z/events/e\",\"title\":\"E\",\"date\":{\"year\":2024}" more     \
    "}]}"
#define POWERS(more)                                                                               \
    "{\"zones\":[{\"name\":\"zones/z\",\"displayName\":\"Z\"}],"                                   \
    "\"powerDelegations\":[{\"name\":\"zones/z/powerDelegations/p\",\"displayName\":\"P\"" more    \
    "}]}"
#define CITE(more)   ZONE(",\"citations\":[{\"id\":\"c\"," more "}]")
#define SAID         "\"verification\":1,\"stance\":1,\"sources\":[\"sources/s\"]"
#define OTHER(value) "\"verification\":1,\"stance\":2,\"sources\":[\"sources/s\"]," value

static const struct {
    const char *text, *field, *reason;
} faults[] = {
    // Names and required fields.
    {"{\"zones\":[{\"displayName\":\"Z\"}]}", "zones[0].name", "REQUIRED"},
    {"{\"zones\":[{\"name\":\"zones/Z\",\"displayName\":\"Z\"}]}", "zones[0].name",
     "NAME_MALFORMED"},
    {"{\"zones\":[{\"name\":\"zones/z@1\",\"displayName\":\"Z\"}]}", "zones[0].name",
     "REVISION_NOT_ALLOWED"},
    {"{\"zones\":[{\"name\":\"zones/z\"}]}", "zones[0].display_name", "REQUIRED"},
    {"{\"terms\":[{\"name\":\"vocabularies/v/terms/a-b\",\"displayName\":\"T\"}]}", "terms[0].name",
     "NAME_MALFORMED"},
    {"{\"events\":[{\"name\":\"zones/z/events/e\",\"title\":\"E\"}]}", "events[0].date",
     "REQUIRED"},
    {EVENT(",\"relations\":[{\"id\":\"r\"}]"), "events[0].relations[0].resource", "REQUIRED"},
    {EVENT(",\"quantities\":[{\"id\":\"q\"}]"), "events[0].quantities[0].value", "REQUIRED"},
    {EVENT(",\"zones\":[\"\"]"), "events[0].zones[0]", "REQUIRED"},
    {POWERS(",\"amendments\":[{\"id\":\"a\"}]"), "power_delegations[0].amendments[0].kind",
     "REQUIRED"},
    {POWERS(",\"delegators\":[{\"id\":\"a\"}]"), "power_delegations[0].delegators[0].party",
     "REQUIRED"},
    // Ids of elements.
    {ZONE(",\"names\":[{\"text\":\"Z\"}]"), "zones[0].names[0].id", "REQUIRED"},
    {ZONE(",\"names\":[{\"id\":\"En\",\"text\":\"Z\"}]"), "zones[0].names[0].id", "ID_MALFORMED"},
    {ZONE(",\"names\":[{\"id\":\"a\",\"text\":\"Z\"},{\"id\":\"b\",\"text\":\"Z\"},"
          "{\"id\":\"a\",\"text\":\"Z\"}]"),
     "zones[0].names[2].id", "DUPLICATE_ID"},
    {ZONE(",\"region\":{\"id\":\"r\",\"regionCode\":\"CN\"}"), "zones[0].region.id",
     "UNEXPECTED_ID"},
    {EVENT(",\"parties\":[{\"displayName\":\"P\"}]"), "events[0].parties[0].id", "REQUIRED"},
    {EVENT(",\"quantities\":[{\"id\":\"q\",\"value\":{\"value\":\"1\"},\"partOf\":\"x\"}]"),
     "events[0].quantities[0].part_of", "UNKNOWN_ID"},
    {EVENT(",\"quantities\":[{\"id\":\"q\",\"value\":{\"value\":\"1\"},\"restates\":\"q\"}]"),
     "events[0].quantities[0].restates", "UNKNOWN_ID"},
    {POWERS(",\"items\":[{\"id\":\"i\",\"title\":\"I\",\"receivers\":[\"r\"]}]"),
     "power_delegations[0].items[0].receivers[0]", "UNKNOWN_ID"},
    {POWERS(",\"amendments\":[{\"id\":\"a\",\"kind\":1,\"items\":[\"x\"]}]"),
     "power_delegations[0].amendments[0].items[0]", "UNKNOWN_ID"},
    // Dates.
    {ZONE(",\"launchDate\":{}"), "zones[0].launch_date", "DATE_INVALID"},
    {ZONE(",\"launchDate\":{\"year\":10000}"), "zones[0].launch_date", "DATE_INVALID"},
    {ZONE(",\"launchDate\":{\"year\":2024,\"month\":13}"), "zones[0].launch_date", "DATE_INVALID"},
    {ZONE(",\"launchDate\":{\"year\":2024,\"day\":1}"), "zones[0].launch_date", "DATE_INVALID"},
    {ZONE(",\"launchDate\":{\"year\":2023,\"month\":2,\"day\":29}"), "zones[0].launch_date",
     "DATE_INVALID"},
    {ZONE(",\"launchDate\":{\"year\":1900,\"month\":2,\"day\":29}"), "zones[0].launch_date",
     "DATE_INVALID"},
    {ZONE(",\"launchDate\":{\"year\":2024,\"month\":4,\"day\":31}"), "zones[0].launch_date",
     "DATE_INVALID"},
    {ZONE(",\"launchDate\":{\"year\":2024,\"month\":4,\"day\":-1}"), "zones[0].launch_date",
     "DATE_INVALID"},
    {EVENT(",\"meeting\":{\"date\":{\"month\":2}}"), "events[0].meeting.date", "DATE_INVALID"},
// Numbers.
#define QUANTITY(value)                                                                            \
    EVENT(",\"quantities\":[{\"id\":\"q\",\"value\":{\"value\":\"" value "\"}}]")
    {QUANTITY(""), "events[0].quantities[0].value", "DECIMAL_INVALID"},
    {QUANTITY("1e3"), "events[0].quantities[0].value", "DECIMAL_INVALID"},
    {QUANTITY("+1"), "events[0].quantities[0].value", "DECIMAL_INVALID"},
    {QUANTITY("01"), "events[0].quantities[0].value", "DECIMAL_INVALID"},
    {QUANTITY(".5"), "events[0].quantities[0].value", "DECIMAL_INVALID"},
    {QUANTITY("1."), "events[0].quantities[0].value", "DECIMAL_INVALID"},
    {QUANTITY("1,000"), "events[0].quantities[0].value", "DECIMAL_INVALID"},
    {QUANTITY("12345678901234567890123456789"), "events[0].quantities[0].value", "DECIMAL_INVALID"},
    {ZONE(",\"areaKm2\":-1"), "zones[0].area_km2", "NEGATIVE"},
    {ZONE(",\"wave\":-1"), "zones[0].wave", "NEGATIVE"},
    {ZONE(",\"sizeHistory\":[{\"id\":\"a\",\"date\":{\"year\":2024},\"addedKm2\":-0.5}]"),
     "zones[0].size_history[0].added_km2", "NEGATIVE"},
    // Enums, codes and formats.
    {ZONE(",\"stage\":99"), "zones[0].stage", "UNKNOWN_ENUM_VALUE"},
    {ZONE(",\"remarks\":[{\"id\":\"r\",\"text\":\"T\"}]"), "zones[0].remarks[0].kind", "REQUIRED"},
    {ZONE(",\"kind\":\"pilot-zone\""), "zones[0].kind", "CODE_MALFORMED"},
    {ZONE(",\"positioning\":[{\"id\":\"p\",\"code\":\"9x\"}]"), "zones[0].positioning[0].code",
     "CODE_MALFORMED"},
    {ZONE(",\"names\":[{\"id\":\"a\",\"text\":\"Z\",\"languageCode\":\"e\"}]"),
     "zones[0].names[0].language_code", "TAG_MALFORMED"},
    {ZONE(",\"names\":[{\"id\":\"a\",\"text\":\"Z\",\"languageCode\":\"zh_Hans\"}]"),
     "zones[0].names[0].language_code", "TAG_MALFORMED"},
    {ZONE(",\"names\":[{\"id\":\"a\",\"text\":\"e\\u0301\"}]"), "zones[0].names[0].text",
     "NOT_NFC"},
    {ZONE(",\"region\":{\"regionCode\":\"cn\"}"), "zones[0].region.region_code",
     "FORMAT_MALFORMED"},
    {ZONE(",\"region\":{\"subdivisionCode\":\"XJ\"}"), "zones[0].region.subdivision_code",
     "FORMAT_MALFORMED"},
    {"{\"sources\":[{\"name\":\"sources/s\",\"title\":\"S\",\"sha256\":\"AB\"}]}",
     "sources[0].sha256", "FORMAT_MALFORMED"},
    // References.
    {EVENT(",\"zones\":[\"zones/z/areas/a\"]"), "events[0].zones[0]", "NAME_MALFORMED"},
    {EVENT(",\"partOf\":\"e\""), "events[0].part_of", "NAME_MALFORMED"},
    {EVENT(",\"relations\":[{\"id\":\"r\",\"resource\":\"things/x\"}]"),
     "events[0].relations[0].resource", "NAME_MALFORMED"},
    {EVENT(",\"zones\":[\"zones/none\"]"), "events[0].zones[0]", "REFERENCE_NOT_FOUND"},
    {EVENT(",\"places\":[{\"id\":\"p\",\"displayName\":\"P\",\"area\":\"zones/z/areas/none\"}]"),
     "events[0].places[0].area", "REFERENCE_NOT_FOUND"},
    {"{\"areas\":[{\"name\":\"zones/none/areas/a\",\"displayName\":\"A\"}]}", "areas[0].name",
     "PARENT_NOT_FOUND"},
    {CITE("\"verification\":1,\"stance\":1,\"sources\":[\"sources/none\"]"),
     "zones[0].citations[0].sources[0]", "REFERENCE_NOT_FOUND"},
    // Citations.
    {CITE(SAID ",\"path\":\"area\""), "zones[0].citations[0].path", "PATH_MALFORMED"},
    {CITE(SAID ",\"path\":\"names.en\""), "zones[0].citations[0].path", "PATH_NOT_FOUND"},
    {CITE("\"stance\":1,\"sources\":[\"sources/s\"]"), "zones[0].citations[0].verification",
     "REQUIRED"},
    {CITE("\"verification\":1,\"sources\":[\"sources/s\"]"), "zones[0].citations[0].stance",
     "REQUIRED"},
    {CITE("\"verification\":1,\"stance\":1"), "zones[0].citations[0].sources", "REQUIRED"},
    {CITE(SAID ",\"derivation\":\"1 + 1\""), "zones[0].citations[0].derivation",
     "CITATION_INCONSISTENT"},
    {CITE(SAID ",\"path\":\"kind\",\"statedValue\":{\"text\":\"x\"}"),
     "zones[0].citations[0].stated_value", "CITATION_INCONSISTENT"},
    {CITE(OTHER("\"path\":\"kind\"")), "zones[0].citations[0].stated_value", "REQUIRED"},
    {CITE(OTHER("\"path\":\"kind\",\"statedValue\":{}")), "zones[0].citations[0].stated_value",
     "REQUIRED"},
    {CITE(OTHER("\"statedValue\":{\"text\":\"x\"}")), "zones[0].citations[0].stated_value",
     "STATED_VALUE_MISMATCH"},
    {CITE(OTHER("\"path\":\"area_km2\",\"statedValue\":{\"text\":\"x\"}")),
     "zones[0].citations[0].stated_value", "STATED_VALUE_MISMATCH"},
    {CITE(OTHER("\"path\":\"launch_date\",\"statedValue\":{\"text\":\"x\"}")),
     "zones[0].citations[0].stated_value", "STATED_VALUE_MISMATCH"},
    {CITE(OTHER("\"path\":\"kind\",\"statedValue\":{\"date\":{\"year\":2024}}")),
     "zones[0].citations[0].stated_value", "STATED_VALUE_MISMATCH"},
    {CITE(OTHER("\"path\":\"kind\",\"statedValue\":{\"text\":\"x\",\"bound\":1}")),
     "zones[0].citations[0].stated_value", "STATED_VALUE_MISMATCH"},
    {CITE(OTHER("\"path\":\"area_km2\",\"statedValue\":{\"number\":{\"value\":\"x\"}}")),
     "zones[0].citations[0].stated_value.number", "DECIMAL_INVALID"},
    {ZONE(",\"remarks\":[{\"id\":\"r\",\"kind\":1,\"text\":\"T\",\"paths\":[\"nothing\"]}]"),
     "zones[0].remarks[0].paths[0]", "PATH_MALFORMED"},
    // Twice in one import.
    {"{\"zones\":[{\"name\":\"zones/z\",\"displayName\":\"Z\"},"
     "{\"name\":\"zones/z\",\"displayName\":\"Z\"}]}",
     "zones[1].name", "DUPLICATE_NAME"},
};

static const char *const good[] = {
    ZONE(""),
    ZONE(",\"launchDate\":{\"year\":2024,\"month\":2,\"day\":29}"),
    ZONE(",\"launchDate\":{\"year\":2000,\"month\":2,\"day\":29}"),
    ZONE(",\"launchDate\":{\"year\":2024,\"month\":2}"),
    ZONE(",\"launchDate\":{\"year\":1}"),
    ZONE(",\"uid\":\"mine\",\"etag\":\"x\",\"revision\":\"-7\",\"createTime\":"
         "\"2020-01-01T00:00:00Z\""),
    ZONE(",\"remarks\":[{\"id\":\"r\",\"kind\":1,\"text\":\"T\",\"paths\":[\"area_km2\"]}]"),
    QUANTITY("0"),
    QUANTITY("-0.5"),
    QUANTITY("134.60"),
    QUANTITY("1234567890123456789012345678"),
    CITE("\"verification\":2,\"stance\":1"),
    CITE("\"verification\":3,\"stance\":1,\"derivation\":\"1 + 1\""),
    CITE(OTHER("\"path\":\"area_km2\",\"statedValue\":{\"number\":{\"value\":\"1\"},\"bound\":1}")),
    CITE(OTHER("\"path\":\"stage\",\"statedValue\":{\"text\":\"OPERATING\"}")),
    EVENT(",\"zones\":[\"zones/z\"],\"partOf\":\"zones/z/events/e\""),
    EVENT(",\"quantities\":[{\"id\":\"a\",\"value\":{\"value\":\"1\"}},"
          "{\"id\":\"b\",\"value\":{\"value\":\"1\"},\"partOf\":\"a\"}]"),
    POWERS(",\"receivers\":[{\"id\":\"r\",\"party\":{\"displayName\":\"R\"}}],"
           "\"items\":[{\"id\":\"i\",\"title\":\"I\",\"receivers\":[\"r\"]}]"),
};

static nrpc_code import_text(world *w, const char *text, nrpc_status *status)
{
    registry_import result;
    return registry_import_json(w->registry, &no_hurry, "file.json", text, strlen(text), &result,
                                status);
}

static void each_broken_rule_is_named_by_path(void **state)
{
    (void)state;
    world w;
    world_open(&w);
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        nrpc_status status = {0};
        assert_int_equal(import_text(&w, faults[i].text, &status), NRPC_INVALID_ARGUMENT);
        assert_violation(&status, faults[i].field, faults[i].reason);
        // Of two elements with one id, both are at fault.
        if (status.violation_count != (strcmp(faults[i].reason, "DUPLICATE_ID") ? 1 : 2))
            fail_msg("%zu violations in %s", status.violation_count, faults[i].text);
        assert_string_equal(nrpc_status_get(&status, "file"), "file.json");
        assert_string_equal(nrpc_status_get(&status, "field"), status.violations[0].field);
        assert_non_null(strstr(status.message, "file.json: "));
        nrpc_status_fini(&status);
    }
    assert_int_equal(atomic_load(&w.store->revision), 0);
    world_close(&w);
}

static void what_keeps_the_rules_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        world w;
        nrpc_status status = {0};
        world_open(&w);
        assert_ok(import_text(&w, good[i], &status), &status);
        world_close(&w);
    }
}

static void all_faults_are_named_at_once(void **state)
{
    (void)state;
    world w;
    nrpc_status status = {0};
    world_open(&w);
    assert_int_equal(import_text(&w,
                                 "{\"zones\":[{\"name\":\"zones/z\",\"areaKm2\":-1,\"wave\":-2},"
                                 "{\"name\":\"zone/y\",\"displayName\":\"Y\",\"stage\":77}]}",
                                 &status),
                     NRPC_INVALID_ARGUMENT);
    assert_int_equal(status.violation_count, 5);
    assert_violation(&status, "zones[0].display_name", "REQUIRED");
    assert_violation(&status, "zones[0].area_km2", "NEGATIVE");
    assert_violation(&status, "zones[0].wave", "NEGATIVE");
    assert_violation(&status, "zones[1].name", "NAME_MALFORMED");
    assert_violation(&status, "zones[1].stage", "UNKNOWN_ENUM_VALUE");
    nrpc_status_fini(&status);
    world_close(&w);
}

static void bad_json_names_file_and_field(void **state)
{
    (void)state;
    world w;
    nrpc_status status = {0};
    world_open(&w);
    assert_int_equal(import_text(&w, "{\"zones\":[{\"nam\":\"x\"}]}", &status),
                     NRPC_INVALID_ARGUMENT);
    assert_int_equal(status.violation_count, 1);
    assert_string_equal(status.violations[0].field, "zones[0].nam");
    assert_non_null(strstr(status.message, "file.json: "));
    assert_status(&status, NRPC_INVALID_ARGUMENT, "UNKNOWN_FIELD");
    assert_int_equal(import_text(&w, "{\"zones\":", &status), NRPC_INVALID_ARGUMENT);
    assert_status(&status, NRPC_INVALID_ARGUMENT, "JSON_SYNTAX");
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_broken_rule_is_named_by_path),
        cmocka_unit_test(what_keeps_the_rules_is_taken),
        cmocka_unit_test(all_faults_are_named_at_once),
        cmocka_unit_test(bad_json_names_file_and_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
