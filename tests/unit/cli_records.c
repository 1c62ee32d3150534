// Files of records: lines and where they stand, what is written and in which order, what is made
// up.
#include "support/test.h"

#include "base/pbwire.h"
#include "descriptor_set.h"
#include "export_file.h"
#include "generate.h"
#include "import_plan.h"
#include "input.h"
#include "progress.h"
#include "record.h"
#include "record_spool.h"
#include "schema/json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static FILE *file_with(const char *text, size_t size)
{
    FILE *file = tmpfile();
    assert_int_equal(fwrite(text, 1, size, file), size);
    rewind(file);
    return file;
}

// --- lines --------------------------------------------------------------------------------------

static void lines_come_one_by_one(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":1}\n\n  \r\n{\"b\":2}\r\nlast";
    static const struct {
        size_t number;
        const char *text;
    } expected[] = {{1, "{\"a\":1}"}, {4, "{\"b\":2}\r"}, {5, "last"}};
    for (size_t head_size = 0; head_size < sizeof(text); head_size++) {
        FILE *file = file_with(text + head_size, sizeof(text) - 1 - head_size);
        buffer head = {0};
        buffer_append(&head, text, head_size);
        input_lines lines;
        input_lines_init(&lines, file, "f", &head);
        nrpc_status status = {0};
        const char *line;
        size_t size;
        for (size_t i = 0; i < 3; i++) {
            assert_true(input_lines_next(&lines, &line, &size, &status));
            assert_int_equal(lines.number, expected[i].number);
            assert_int_equal(size, strlen(expected[i].text));
            assert_memory_equal(line, expected[i].text, size);
        }
        assert_false(input_lines_next(&lines, &line, &size, &status));
        assert_int_equal(status.code, NRPC_OK);
        assert_int_equal(lines.consumed, sizeof(text) - 1);
        input_lines_fini(&lines);
        fclose(file);
    }
}

static void a_line_without_end_is_refused(void **state)
{
    (void)state;
    FILE *file = fopen("/dev/zero", "rb");
    buffer head = {0};
    input_lines lines;
    nrpc_status status = {0};
    const char *line;
    size_t size;
    input_lines_init(&lines, file, "zeros", &head);
    assert_false(input_lines_next(&lines, &line, &size, &status));
    assert_int_equal(status.code, NRPC_RESOURCE_EXHAUSTED);
    assert_string_equal(status.message, "zeros:1: the line is too long");
    nrpc_status_fini(&status);
    input_lines_fini(&lines);
    fclose(file);
}

static void lines_are_told_from_a_registry_by_how_they_begin(void **state)
{
    (void)state;
    import_plan plan;
    import_plan_init(&plan, pool);
    static const char *const lines[] = {
        "{\"zone\":{", " \n{ \"powerDelegation\" :", "{\"term\":{}}", "{\"power_delegation\":{}}"};
    static const char *const others[] = {"",        "{",
                                         "{\"",     "{\"zones\":[]}",
                                         "{\"zone", "[{\"zone\":{}}]",
                                         "{}",      "{\n  \"sources\": ["};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_true(import_is_lines(&plan, lines[i], strlen(lines[i])));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(import_is_lines(&plan, others[i], strlen(others[i])));
    import_plan_fini(&plan);
}

static void add_line(import_plan *plan, const char *file, size_t line, const char *text,
                     nrpc_status *status)
{
    buffer packed = {0};
    import_plan_add_line(plan, file, line, text, strlen(text), &packed, status);
    buffer_fini(&packed);
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

static void paths_lead_back_to_lines(void **state)
{
    (void)state;
    static const char zone[] = "{\"zone\":{\"name\":\"zones/a\"}}", a[] = "a", b[] = "b";
    import_plan plan;
    nrpc_status status = {0};
    import_plan_init(&plan, pool);
    const char registry[] = "{\"zones\": [{\"name\": \"zones/a\"}]}";
    assert_ok(import_plan_add(&plan, "r", registry, strlen(registry), &status), &status);
    add_line(&plan, a, 1, zone, &status);
    add_line(&plan, a, 2, zone, &status);
    add_line(&plan, a, 5, zone, &status);
    add_line(&plan, b, 6, zone, &status);
    assert_int_equal(status.code, NRPC_OK);
    assert_int_equal(plan.run_count, 3);
    located(&plan, "records[0].zone.area_km2", "r: zones[0].areaKm2 (zones/a)");
    located(&plan, "records[1].zone.area_km2", "a:1: zone.areaKm2");
    located(&plan, "records[2].power_delegation.documents[1].document_date",
            "a:2: powerDelegation.documents[1].documentDate");
    located(&plan, "records[3]", "a:5");
    located(&plan, "records[4].zone", "b:6: zone");
    located(&plan, "records[5].zone", NULL);
    plan.base = 3; // three are committed
    located(&plan, "records[0].zone.name", "a:5: zone.name");
    located(&plan, "records[2].zone.name", NULL);
    import_plan_fini(&plan);
}

static void what_is_wrong_with_lines_is_told_by_their_number(void **state)
{
    (void)state;
    import_plan plan;
    nrpc_status status = {0};
    import_plan_init(&plan, pool);
    add_line(&plan, "f", 7, "{\"zone\":{\"areaKm2\":\"x\"}}", &status);
    add_line(&plan, "f", 8, "{}", &status);
    add_line(&plan, "f", 9, "{\"zone\":", &status);
    add_line(&plan, "f", 10, "{\"zone\":{},\"area\":{}}", &status);
    assert_int_equal(status.violation_count, 4);
    assert_string_equal(status.violations[0].field, "f:7: zone.areaKm2");
    assert_string_equal(status.violations[1].field, "f:8");
    assert_string_equal(status.violations[1].reason, "REQUIRED");
    assert_string_equal(status.violations[2].reason, "JSON_SYNTAX");
    assert_string_equal(status.violations[3].reason, "ONEOF_CONFLICT");
    nrpc_status_fini(&status);
    import_plan_fini(&plan);
}

// --- the spool ----------------------------------------------------------------------------------

static size_t make(const char *name, char *out)
{
    size_t size = strlen(name);
    return (size_t)(pbwire_put_bytes((uint8_t *)out, 1, name, size) - (uint8_t *)out);
}

static nrpc_code note(void *context, uint32_t group, const void *record, size_t size,
                      nrpc_status *status)
{
    size_t name_size;
    const char *name = record_name(record, size, &name_size);
    buffer_printf(context, "%u:%.*s%s ", group, (int)name_size, name,
                  size > name_size + 2 ? "*" : "");
    return status->code;
}

static void the_spool_gives_what_is_there_after_all_changes(void **state)
{
    (void)state;
    record_spool spool;
    nrpc_status status = {0};
    char bytes[64];
    buffer seen = {0};
    assert_ok(record_spool_init(&spool, &status), &status);
    static const char *const first[] = {"b", "d", "f"};
    for (size_t i = 0; i < 3; i++)
        record_spool_add(&spool, 2, bytes, make(first[i], bytes), &status);
    record_spool_add(&spool, 4, bytes, make("m", bytes), &status);
    static const struct {
        uint32_t group;
        const char *name;
        bool gone;
    } changes[] = {{2, "a", false}, {0, "b", true},  {2, "d", false}, {2, "e", false},
                   {2, "g", false}, {3, "k", false}, {4, "l", false}, {0, "m", true},
                   {1, "z", false}, {5, "q", false}, {0, "q", true},  {0, "none", true},
                   {0, "e", true},  {2, "e", false}};
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        size_t size = make(changes[i].name, bytes);
        bytes[size] = 0x10; // a second field: newer
        bytes[size + 1] = 1;
        record_spool_change(&spool, changes[i].group, changes[i].name,
                            changes[i].gone ? NULL : bytes, size + 2, &status);
    }
    assert_ok(record_spool_each(&spool, note, &seen, &status), &status);
    buffer_append_byte(&seen, '\0');
    assert_string_equal((const char *)seen.data, "1:z* 2:a* 2:d* 2:e* 2:f 2:g* 3:k* 4:l* ");
    buffer_fini(&seen);
    record_spool_fini(&spool);
}

static void an_unordered_spool_loses_nothing(void **state)
{
    (void)state;
    record_spool spool;
    nrpc_status status = {0};
    char bytes[64];
    buffer seen = {0};
    assert_ok(record_spool_init(&spool, &status), &status);
    static const char *const names[] = {"d", "a", "c"};
    for (size_t i = 0; i < 3; i++)
        record_spool_add(&spool, 1, bytes, make(names[i], bytes), &status);
    record_spool_change(&spool, 1, "a", bytes, make("a", bytes), &status);
    record_spool_change(&spool, 1, "b", bytes, make("b", bytes), &status);
    record_spool_change(&spool, 0, "c", NULL, 0, &status);
    assert_ok(record_spool_each(&spool, note, &seen, &status), &status);
    buffer_append_byte(&seen, '\0');
    assert_string_equal((const char *)seen.data, "1:a 1:b 1:d ");
    buffer_fini(&seen);
    record_spool_fini(&spool);
}

// --- what is written ----------------------------------------------------------------------------

static const schema_field *group(const char *name)
{
    return schema_message_field(schema_find_message(pool, "ftz.v1.Registry"), name, strlen(name));
}

static char *read_back(const char *path)
{
    buffer text = {0};
    nrpc_status status = {0};
    assert_ok(input_read(path, &text, &status), &status);
    return buffer_take(&text, NULL);
}

static void write_two(const char *path, bool lines, bool server_fields, bool commit)
{
    export_file file;
    nrpc_status status = {0};
    buffer packed = {0};
    assert_ok(export_file_open(&file, pool, path, lines, server_fields, &status), &status);
    static const char *const zones[] = {"{\"name\":\"zones/a\",\"uid\":\"u\",\"etag\":\"e\"}",
                                        "{\"name\":\"zones/b\",\"revision\":\"3\"}"};
    for (size_t i = 0; i < 2; i++) {
        buffer_clear(&packed);
        json_to_wire(group("zones")->message, zones[i], strlen(zones[i]), &packed, &status);
        export_file_add(&file, group("zones"), packed.data, packed.size, &status);
    }
    if (commit)
        assert_ok(export_file_commit(&file, &status), &status);
    export_file_fini(&file);
    buffer_fini(&packed);
}

static void a_file_has_what_the_server_does_not_set(void **state)
{
    (void)state;
    char directory[] = "/tmp/ftz-records-XXXXXX", path[64];
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/f", directory);
    static const struct {
        bool lines, server_fields;
        const char *expected;
    } cases[] = {
        {true, false, "{\"zone\":{\"name\":\"zones/a\"}}\n{\"zone\":{\"name\":\"zones/b\"}}\n"},
        {true, true,
         "{\"zone\":{\"name\":\"zones/a\",\"uid\":\"u\",\"etag\":\"e\"}}\n"
         "{\"zone\":{\"name\":\"zones/b\",\"revision\":\"3\"}}\n"},
        {false, false,
         "{\n  \"zones\": [\n    {\n      \"name\": \"zones/a\"\n    },\n"
         "    {\n      \"name\": \"zones/b\"\n    }\n  ]\n}\n"},
    };
    for (size_t i = 0; i < 3; i++) {
        write_two(path, cases[i].lines, cases[i].server_fields, true);
        char *text = read_back(path);
        assert_string_equal(text, cases[i].expected);
        free(text);
    }
    write_two(path, true, false, false); // without commit the old one stays
    char *text = read_back(path);
    assert_string_equal(text, cases[2].expected);
    free(text);
    unlink(path);
    assert_int_equal(rmdir(directory), 0); // and nothing else is left
}

static void an_empty_registry_is_an_empty_object(void **state)
{
    (void)state;
    char path[] = "/tmp/ftz-records-XXXXXX";
    close(mkstemp(path));
    export_file file;
    nrpc_status status = {0};
    assert_ok(export_file_open(&file, pool, path, false, false, &status), &status);
    assert_ok(export_file_commit(&file, &status), &status);
    export_file_fini(&file);
    char *text = read_back(path);
    assert_string_equal(text, "{}\n");
    free(text);
    unlink(path);
}

static void a_full_disk_is_an_error(void **state)
{
    (void)state;
    export_file file;
    nrpc_status status = {0};
    assert_ok(export_file_open(&file, pool, "/dev/full", true, false, &status), &status);
    assert_ok(export_file_add(&file, group("zones"), "", 0, &status), &status);
    assert_int_equal(export_file_commit(&file, &status), NRPC_UNKNOWN);
    assert_non_null(strstr(status.message, "No space left"));
    nrpc_status_fini(&status);
    export_file_fini(&file);
}

// --- progress -----------------------------------------------------------------------------------

static void progress_tells_rate_and_time_left(void **state)
{
    (void)state;
    static const struct {
        int64_t records;
        double seconds, fraction;
        const char *expected;
    } cases[] = {
        {0, 0, -1, "0 records"},
        {999, 0.1, 0.5, "999 records"},
        {1234567, 10, -1, "1,234,567 records, 123,456/s"},
        {1000, 10, 0.5, "1,000 records, 100/s, 10 s left"},
        {1000, 10, 0.01, "1,000 records, 100/s, 17 min left"},
        {1000, 10, 1, "1,000 records, 100/s"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        buffer out = {0};
        progress_put(&out, cases[i].records, cases[i].seconds, cases[i].fraction);
        buffer_append_byte(&out, '\0');
        assert_string_equal((const char *)out.data, cases[i].expected);
        buffer_fini(&out);
    }
}

// --- what is made up ----------------------------------------------------------------------------

static char *generated(const generate_spec *spec, size_t *size)
{
    char *text;
    FILE *out = open_memstream(&text, size);
    assert_true(generate_write(spec, out, NULL, NULL, NULL));
    fclose(out);
    return text;
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    generate_spec spec = {.events = 500, .seed = 7, .lines = true};
    size_t size, again_size, other_size;
    char *text = generated(&spec, &size), *again = generated(&spec, &again_size);
    spec.seed = 8;
    char *other = generated(&spec, &other_size);
    assert_int_equal(size, again_size);
    assert_memory_equal(text, again, size);
    assert_true(size != other_size || memcmp(text, other, size) != 0);
    free(text);
    free(again);
    free(other);
}

// Field by field is checked by a server, in tests/integration; here that each line is a record that
// speaks only of names before it.
static void generated_records_refer_to_those_before(void **state)
{
    (void)state;
    const schema_message *any = schema_find_message(pool, "ftz.v1.AnyResource");
    generate_spec spec = {.events = 2000, .zones = 12, .seed = 3, .lines = true};
    size_t size;
    char *text = generated(&spec, &size);
    json_t *seen = json_object();
    int64_t events = 0;
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        buffer packed = {0};
        nrpc_status status = {0};
        assert_ok(json_to_wire(any, line, (size_t)(end - line), &packed, &status), &status);
        buffer_fini(&packed);
        events += strncmp(line, "{\"event\":", 9) == 0;
        const char *name = NULL;
        for (char *at = line; at < end; at++) {
            if (*at != '"' || (strncmp(at, "\"zones/", 7) && strncmp(at, "\"sources/", 9)))
                continue;
            size_t length = strcspn(at + 1, "\"");
            if (!name) { // the first is its own
                name = at + 1;
                assert_null(json_object_getn(seen, name, length));
                json_object_setn_new(seen, name, length, json_true());
            } else if (!json_object_getn(seen, at + 1, length)) {
                fail_msg("%.*s comes before what it refers to: %.*s", 60, line, (int)length,
                         at + 1);
            }
            at += length;
        }
    }
    assert_int_equal(events, 2000);
    json_decref(seen);
    free(text);
}

static uint64_t hundredths(const json_t *object)
{
    return (uint64_t)(json_number_value(json_object_get(object, "areaKm2")) * 100 + 0.5);
}

static void generated_areas_add_up_to_their_zone(void **state)
{
    (void)state;
    generate_spec spec = {.events = 10, .zones = 40, .seed = 5};
    size_t size, i, n;
    char *text = generated(&spec, &size);
    json_t *root = json_loadb(text, size, 0, NULL), *zone, *area;
    assert_non_null(root);
    assert_int_equal(json_array_size(json_object_get(root, "zones")), 40);
    json_array_foreach(json_object_get(root, "zones"), i, zone)
    {
        uint64_t sum = 0;
        char prefix[64];
        snprintf(prefix, sizeof(prefix), "%s/", json_string_value(json_object_get(zone, "name")));
        json_array_foreach(json_object_get(root, "areas"), n, area)
        {
            const char *name = json_string_value(json_object_get(area, "name"));
            if (strncmp(name, prefix, strlen(prefix)) == 0 && !json_object_get(area, "parentArea"))
                sum += hundredths(area);
        }
        assert_int_equal(sum, hundredths(zone));
    }
    json_decref(root);
    free(text);
}

static void the_first_zone_has_the_most_events(void **state)
{
    (void)state;
    generate_spec spec = {.events = 10000, .zones = 20, .seed = 5};
    size_t size, i;
    int64_t of_first = 0, of_tenth = 0;
    char *text = generated(&spec, &size);
    json_t *root = json_loadb(text, size, 0, NULL), *event;
    json_array_foreach(json_object_get(root, "events"), i, event)
    {
        const char *name = json_string_value(json_object_get(event, "name"));
        of_first += strncmp(name, "zones/syn-00001/", 16) == 0;
        of_tenth += strncmp(name, "zones/syn-00010/", 16) == 0;
    }
    assert_int_equal(json_array_size(json_object_get(root, "events")), 10000);
    assert_in_range(of_first, of_tenth * 9, of_tenth * 11);
    json_decref(root);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_one_by_one),
        cmocka_unit_test(a_line_without_end_is_refused),
        cmocka_unit_test(lines_are_told_from_a_registry_by_how_they_begin),
        cmocka_unit_test(paths_lead_back_to_lines),
        cmocka_unit_test(what_is_wrong_with_lines_is_told_by_their_number),
        cmocka_unit_test(the_spool_gives_what_is_there_after_all_changes),
        cmocka_unit_test(an_unordered_spool_loses_nothing),
        cmocka_unit_test(a_file_has_what_the_server_does_not_set),
        cmocka_unit_test(an_empty_registry_is_an_empty_object),
        cmocka_unit_test(a_full_disk_is_an_error),
        cmocka_unit_test(progress_tells_rate_and_time_left),
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(generated_records_refer_to_those_before),
        cmocka_unit_test(generated_areas_add_up_to_their_zone),
        cmocka_unit_test(the_first_zone_has_the_most_events),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
