// Files to import: which records they hold, what is wrong with them, and where in which file the
// record is that the server speaks of.
#include "support/test.h"

#include "base/pbwire.h"
#include "descriptor_set.h"
#include "import_plan.h"

#include <stdlib.h>
#include <string.h>

static schema *pool;

static int load(void **state)
{
    (void)state;
    return schema_load(ftz_descriptor_set_data(), ftz_descriptor_set_size(), &pool, NULL);
}

static int unload(void **state)
{
    (void)state;
    schema_free(pool);
    return 0;
}

static nrpc_code add(import_plan *plan, const char *file, const char *text, nrpc_status *status)
{
    return import_plan_add(plan, file, text, strlen(text), status);
}

static const char first[] = "{\"zones\": [{\"name\": \"zones/a\", \"displayName\": \"A\"},"
                            " {\"name\": \"zones/b\", \"names\": [{\"id\": \"x\","
                            " \"language_code\": \"zh\"}]}]}";
static const char second[] = "{\"power_delegations\": [{\"name\": \"zones/a/powerDelegations/d\"}],"
                             " \"terms\": null}";

static void records_are_packed_as_any_resource(void **state)
{
    (void)state;
    import_plan plan;
    nrpc_status status = {0};
    import_plan_init(&plan, pool);
    assert_ok(add(&plan, "one.json", first, &status), &status);
    assert_ok(add(&plan, "two.json", second, &status), &status);
    assert_int_equal(plan.record_count, 3);
    static const struct {
        uint32_t member;
        const char *name;
    } expected[] = {{1, "zones/a"}, {1, "zones/b"}, {4, "zones/a/powerDelegations/d"}};
    for (size_t i = 0; i < 3; i++) {
        pbwire_field any = {0}, name = {0};
        pbwire_reader reader =
            pbwire_read(plan.packed.data + plan.records[i].offset, plan.records[i].size);
        assert_true(pbwire_next(&reader, &any));
        assert_true(pbwire_done(&reader));
        assert_int_equal(any.number, expected[i].member);
        reader = pbwire_read(any.data, any.size);
        assert_true(pbwire_next(&reader, &name));
        assert_int_equal(name.number, 1);
        assert_memory_equal(name.data, expected[i].name, strlen(expected[i].name));
    }
    import_plan_fini(&plan);
}

static void located(const import_plan *plan, const char *path, const char *expected)
{
    char *got = import_plan_locate(plan, path);
    if (expected)
        assert_string_equal(got, expected);
    else
        assert_null(got);
    free(got);
}

static void paths_lead_back_to_the_files(void **state)
{
    (void)state;
    import_plan plan;
    nrpc_status status = {0};
    import_plan_init(&plan, pool);
    assert_ok(add(&plan, "one.json", first, &status), &status);
    assert_ok(add(&plan, "two.json", second, &status), &status);
    // As the file spells them; as JSON does where it has none.
    located(&plan, "records[0].zone.display_name", "one.json: zones[0].displayName (zones/a)");
    located(&plan, "records[1].zone.names[0].language_code",
            "one.json: zones[1].names[0].language_code (zones/b)");
    located(&plan, "records[1].zone.area_km2", "one.json: zones[1].areaKm2 (zones/b)");
    located(&plan, "records[1].zone.names[7].language_code",
            "one.json: zones[1].names[7].languageCode (zones/b)");
    located(&plan, "records[2].power_delegation.meeting.chair.display_name",
            "two.json: power_delegations[0].meeting.chair.displayName "
            "(zones/a/powerDelegations/d)");
    located(&plan, "records[0]", "one.json: zones[0] (zones/a)");
    located(&plan, "records[0].zone.no_such[1].field",
            "one.json: zones[0].no_such[1].field "
            "(zones/a)");
    located(&plan, "records[3].zone.name", NULL);
    located(&plan, "records[-1].zone.name", NULL);
    located(&plan, "records[99999999999999999999999].zone", NULL);
    located(&plan, "request_id", NULL);
    import_plan_fini(&plan);
}

static void everything_wrong_is_told_at_once(void **state)
{
    (void)state;
    import_plan plan;
    nrpc_status status = {0};
    import_plan_init(&plan, pool);
    assert_int_equal(add(&plan, "a.json",
                         "{\"zones\": [{\"name\": \"zones/a\", \"areaKm2\": \"x\"},"
                         " {\"displayNam\": \"B\"}], \"area\": [], \"events\": 3}",
                         &status),
                     NRPC_INVALID_ARGUMENT);
    assert_int_equal(add(&plan, "b.json", "[1]", &status), NRPC_INVALID_ARGUMENT);
    assert_int_equal(add(&plan, "c.json", "{\"zones\": [", &status), NRPC_INVALID_ARGUMENT);
    static const struct {
        const char *field, *reason;
    } expected[] = {
        {"a.json: zones[0].areaKm2", "WRONG_TYPE"},
        {"a.json: zones[1].displayNam", "UNKNOWN_FIELD"},
        {"a.json: area", "UNKNOWN_FIELD"},
        {"a.json: events", "WRONG_TYPE"},
        {"b.json: ", "WRONG_TYPE"},
    };
    assert_int_equal(status.violation_count, 6);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_string_equal(status.violations[i].field, expected[i].field);
        assert_string_equal(status.violations[i].reason, expected[i].reason);
    }
    assert_string_equal(status.violations[5].reason, "JSON_SYNTAX");
    assert_non_null(strstr(status.violations[2].description, "areas"));
    nrpc_status_fini(&status);
    import_plan_fini(&plan);
}

static void a_servers_violations_are_renamed_everywhere(void **state)
{
    (void)state;
    import_plan plan;
    nrpc_status status = {0}, failure = {0};
    import_plan_init(&plan, pool);
    assert_ok(add(&plan, "one.json", first, &status), &status);
    nrpc_status_violate(&failure, "records[1].zone.display_name", "REQUIRED", "is required");
    nrpc_status_add(&failure, "field", "records[1].zone.display_name");
    import_plan_locate_all(&plan, &failure);
    assert_string_equal(failure.violations[0].field, "one.json: zones[1].displayName (zones/b)");
    assert_string_equal(failure.message, "one.json: zones[1].displayName (zones/b): is required");
    assert_string_equal(nrpc_status_get(&failure, "field"),
                        "one.json: zones[1].displayName (zones/b)");
    nrpc_status_fini(&failure);
    import_plan_fini(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_packed_as_any_resource),
        cmocka_unit_test(paths_lead_back_to_the_files),
        cmocka_unit_test(everything_wrong_is_told_at_once),
        cmocka_unit_test(a_servers_violations_are_renamed_everywhere),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
