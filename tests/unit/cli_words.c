// What is typed and what is said back: durations, formats, names, addresses, exit codes, errors.
#include "support/test.h"

#include "commands.h"
#include "errors.h"
#include "exit_codes.h"
#include "options.h"
#include "resource_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void durations_have_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t ms;
    } good[] = {{"500ms", 500}, {"5s", 5000},    {"1.5s", 1500}, {"2m", 120000},
                {"3", 3000},    {"10m", 600000}, {"1ms", 1},     {".5s", 500}};
    static const char *const bad[] = {"",    "s",   "5y",  "0",      "0ms",   "11m",
                                      "1h",  "-5s", "+5s", "inf",    "0x10s", "1e3s",
                                      "5 s", "5ss", ".",   "1.2.3s", " 5s",   "nan"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint32_t ms = 0;
        assert_true(parse_duration(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint32_t ms = 7;
        if (parse_duration(bad[i], &ms))
            fail_msg("\"%s\" was taken for %u ms", bad[i], ms);
        assert_int_equal(ms, 7);
    }
}

static void counts_may_have_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t count;
    } good[] = {{"1", 1}, {"1000", 1000}, {"50k", 50000}, {"10M", 10000000}};
    static const char *const bad[] = {
        "", "0", "-1", "+1", " 1", "1 ", "1K", "11M", "k", "1.5k", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t count = 0;
        assert_true(parse_count(good[i].text, 1, 10000000, &count));
        assert_int_equal(count, good[i].count);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t count = 7;
        assert_false(parse_count(bad[i], 1, 10000000, &count));
        assert_int_equal(count, 7);
    }
}

static void output_formats_are_four(void **state)
{
    (void)state;
    output_format format;
    assert_true(parse_output("table", &format) && format == OUTPUT_TABLE);
    assert_true(parse_output("json", &format) && format == OUTPUT_JSON);
    assert_true(parse_output("ndjson", &format) && format == OUTPUT_NDJSON);
    assert_true(parse_output("csv", &format) && format == OUTPUT_CSV);
    assert_false(parse_output("jsn", &format));
    assert_string_equal(suggest_word("jsn", output_words), "json");
    assert_null(suggest_word("xyzzy", output_words));
}

static void mistyped_commands_are_guessed(void **state)
{
    (void)state;
    assert_string_equal(command_suggest(commands, "zone"), "zones");
    assert_string_equal(command_suggest(commands, "improt"), "import");
    assert_null(command_suggest(commands, "frobnicate"));
    assert_null(command_find(commands, "zone"));
    assert_non_null(command_find(commands, "zones"));
}

static void name_is(resource_type const *type, const char *parent, const char *typed,
                    const char *expected)
{
    bool needs_parent;
    char *name = resource_name(type, parent, typed, &needs_parent);
    assert_non_null(name);
    assert_string_equal(name, expected);
    assert_false(needs_parent);
    free(name);
}

static void short_ids_become_names(void **state)
{
    (void)state;
    const resource_type *zones = &resource_types[RESOURCE_ZONES];
    const resource_type *areas = &resource_types[RESOURCE_AREAS];
    name_is(zones, NULL, "cn-xinjiang", "zones/cn-xinjiang");
    name_is(zones, NULL, "zones/cn-xinjiang@17", "zones/cn-xinjiang@17");
    name_is(areas, "zones/cn-xinjiang", "khorgos", "zones/cn-xinjiang/areas/khorgos");
    name_is(areas, "cn-xinjiang", "khorgos@3", "zones/cn-xinjiang/areas/khorgos@3");
    name_is(areas, NULL, "cn-xinjiang/khorgos", "zones/cn-xinjiang/areas/khorgos");
    name_is(areas, "zones/other", "zones/a/areas/b", "zones/a/areas/b");
    name_is(&resource_types[RESOURCE_DELEGATIONS], NULL, "a/d", "zones/a/powerDelegations/d");
    name_is(&resource_types[RESOURCE_TERMS], "industries", "finance",
            "vocabularies/industries/terms/finance");
    bool needs_parent;
    assert_null(resource_name(areas, NULL, "khorgos", &needs_parent));
    assert_true(needs_parent);
}

static void parent_is(int type, const char *typed, const char *expected)
{
    char *parent = resource_parent(&resource_types[type], typed);
    assert_string_equal(parent, expected);
    free(parent);
}

static void without_a_parent_lists_are_of_everything(void **state)
{
    (void)state;
    parent_is(RESOURCE_AREAS, NULL, "zones/-");
    parent_is(RESOURCE_AREAS, "cn-xinjiang", "zones/cn-xinjiang");
    parent_is(RESOURCE_AREAS, "zones/-", "zones/-");
    parent_is(RESOURCE_TERMS, NULL, "vocabularies/-");
    assert_null(resource_parent(&resource_types[RESOURCE_ZONES], NULL));
}

static void servers_are(const char *given, const char *expected)
{
    char *servers = ftz_servers(given);
    assert_string_equal(servers, expected);
    free(servers);
}

static void the_server_is_found_in_order(void **state)
{
    (void)state;
    char directory[] = "/tmp/ftz-cli-XXXXXX", expected[256];
    assert_non_null(mkdtemp(directory));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/ftz.sock", directory);
    snprintf(expected, sizeof(expected), "ipc://%s,tcp://127.0.0.1:17966", address.sun_path);

    unsetenv("FTZ_SERVER");
    unsetenv("XDG_RUNTIME_DIR");
    servers_are(NULL, "tcp://127.0.0.1:17966");
    setenv("XDG_RUNTIME_DIR", directory, 1);
    servers_are(NULL, "tcp://127.0.0.1:17966"); // no socket there
    FILE *file = fopen(address.sun_path, "w");
    fclose(file);
    servers_are(NULL, "tcp://127.0.0.1:17966"); // no socket, but a file
    unlink(address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    servers_are(NULL, expected);
    servers_are("", expected);
    setenv("FTZ_SERVER", "", 1);
    servers_are(NULL, expected);
    setenv("FTZ_SERVER", "tcp://h:1", 1);
    servers_are(NULL, "tcp://h:1");
    servers_are("tcp://a:2,tcp://b:3", "tcp://a:2,tcp://b:3");

    close(fd);
    unlink(address.sun_path);
    rmdir(directory);
}

static int code_of(nrpc_code code, const char *reason)
{
    nrpc_status status = {0};
    nrpc_status_set(&status, code, reason, "text");
    int result = exit_code(&status);
    nrpc_status_fini(&status);
    return result;
}

static void exit_codes_differ(void **state)
{
    (void)state;
    assert_int_equal(exit_code(&(nrpc_status){0}), 0);
    for (int code = 1; code <= NRPC_UNAUTHENTICATED; code++)
        assert_int_equal(code_of((nrpc_code)code, "ANY"), 10 + code);
    assert_int_equal(code_of((nrpc_code)99, "ANY"), 12);
    assert_int_equal(code_of(NRPC_UNAVAILABLE, "CONNECTION_REFUSED"), 3);
    assert_int_equal(code_of(NRPC_UNAVAILABLE, "HANDSHAKE_FAILED"), 3);
    assert_int_equal(code_of(NRPC_UNAVAILABLE, "CONNECTION_LOST"), 24);
    assert_int_equal(code_of(NRPC_INTERNAL, "CONNECTION_REFUSED"), 23);
    assert_int_equal(code_of(NRPC_INVALID_ARGUMENT, "INVALID_ADDRESS"), 2);
    assert_int_equal(code_of(NRPC_UNKNOWN, REASON_FILE), 1);
}

static void text_is(const nrpc_status *status, const char *hint, const char *expected)
{
    buffer out = {0};
    error_put_text(&out, status, hint, false);
    buffer_append_byte(&out, '\0');
    assert_string_equal((const char *)out.data, expected);
    buffer_fini(&out);
}

static void errors_say_code_reason_and_next_step(void **state)
{
    (void)state;
    nrpc_status status = {0};
    nrpc_status_set(&status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND", "there is no \033zone");
    text_is(&status, error_hint(&status, &resource_types[RESOURCE_ZONES]),
            "ftz: NOT_FOUND: there is no \xEF\xBF\xBDzone (RESOURCE_NOT_FOUND)\n"
            "next step: `ftz zones list` shows what there is\n");
    nrpc_status_fini(&status);

    nrpc_status_violate(&status, "a.b", "REQUIRED", "is required");
    text_is(&status, NULL, "ftz: INVALID_ARGUMENT: a.b: is required (REQUIRED)\n");
    nrpc_status_violate(&status, "c", "WRONG_TYPE", "is no number");
    text_is(&status, NULL,
            "ftz: INVALID_ARGUMENT: 2 things are wrong (INVALID_FIELD)\n"
            "  a.b: is required (REQUIRED)\n"
            "  c: is no number (WRONG_TYPE)\n");
    nrpc_status_fini(&status);
}

static void errors_as_json_are_one_line(void **state)
{
    (void)state;
    nrpc_status status = {0};
    buffer out = {0};
    nrpc_status_violate(&status, "a", "REQUIRED", "is required");
    nrpc_status_retry_after(&status, 1500);
    error_put_json(&out, &status);
    buffer_append_byte(&out, '\0');
    assert_string_equal(
        (const char *)out.data,
        "{\"code\":3,\"status\":\"INVALID_ARGUMENT\",\"message\":\"a: is required\",\"details\":["
        "{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"INVALID_FIELD\","
        "\"domain\":\"ftz\",\"metadata\":{}},"
        "{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\",\"fieldViolations\":["
        "{\"field\":\"a\",\"description\":\"is required\",\"reason\":\"REQUIRED\"}]},"
        "{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"1.500s\"}]}\n");
    buffer_fini(&out);
    nrpc_status_fini(&status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(counts_may_have_a_unit),
        cmocka_unit_test(output_formats_are_four),
        cmocka_unit_test(mistyped_commands_are_guessed),
        cmocka_unit_test(short_ids_become_names),
        cmocka_unit_test(without_a_parent_lists_are_of_everything),
        cmocka_unit_test(the_server_is_found_in_order),
        cmocka_unit_test(exit_codes_differ),
        cmocka_unit_test(errors_say_code_reason_and_next_step),
        cmocka_unit_test(errors_as_json_are_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
