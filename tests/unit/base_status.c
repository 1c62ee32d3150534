// A status says what happened, keeps what it was given, and never needs memory to keep its code.
#include "support/test.h"

#include <stdio.h>
#include <string.h>

static void codes_have_the_names_and_numbers_of_grpc(void **state)
{
    (void)state;
    static const char *const names[] = {
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    };
    for (int i = 0; i < 17; i++) {
        nrpc_code code;
        assert_string_equal(nrpc_code_name((nrpc_code)i), names[i]);
        assert_true(nrpc_code_from_name(names[i], &code));
        assert_int_equal(code, i);
    }
    nrpc_code code;
    assert_string_equal(nrpc_code_name((nrpc_code)17), "UNKNOWN");
    assert_string_equal(nrpc_code_name((nrpc_code)-1), "UNKNOWN");
    assert_false(nrpc_code_from_name("ok", &code));
}

// "é" is two bytes.
static void half_a_character_is_left_out(void **state)
{
    (void)state;
    nrpc_status s = {0};
    nrpc_status_set(&s, NRPC_NOT_FOUND, "NAME", "no '%.4s', nor '%.3s'", "x\xc3\xa9\xc3\xa9",
                    "x\xc3\xa9");
    assert_string_equal(s.message, "no 'x\xc3\xa9', nor 'x\xc3\xa9'");
    nrpc_status_add(&s, "name", "%.2s", "x\xc3\xa9");
    assert_string_equal(nrpc_status_get(&s, "name"), "x");
    nrpc_status_violate(&s, "names[\xc3]", "NAME", "%.1s", "\xc3\xa9");
    assert_string_equal(s.violations[0].field, "names[]");
    assert_string_equal(s.violations[0].description, "");
    nrpc_status_fini(&s);
}

static void setting_replaces_and_adding_adds(void **state)
{
    (void)state;
    nrpc_status s = {0};
    nrpc_status_set(&s, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND", "no %s", "zone");
    nrpc_status_add(&s, "name", "%s", "zones/x");
    nrpc_status_resource(&s, "Zone", "zones/x");
    assert_int_equal(nrpc_status_retry_after(&s, 50), NRPC_NOT_FOUND);
    assert_string_equal(s.message, "no zone");
    assert_string_equal(s.reason, "RESOURCE_NOT_FOUND");
    assert_string_equal(s.domain, "ftz");
    assert_string_equal(nrpc_status_get(&s, "name"), "zones/x");
    assert_null(nrpc_status_get(&s, "other"));
    // The old text may be an argument of the new one.
    nrpc_status_set(&s, NRPC_INTERNAL, NULL, "wrapped: %s", s.message);
    assert_string_equal(s.message, "wrapped: no zone");
    assert_null(s.reason);
    assert_int_equal(s.metadata_count, 0);
    assert_null(s.resource_name);
    assert_int_equal(s.retry_after_ms, 0);
    nrpc_status_fini(&s);
    assert_int_equal(s.code, NRPC_OK);
}

static void violations_gather_and_the_first_is_the_message(void **state)
{
    (void)state;
    nrpc_status s = {0};
    for (int i = 0; i < 150; i++) {
        char field[16];
        snprintf(field, sizeof field, "names[%d]", i);
        assert_int_equal(nrpc_status_violate(&s, field, "EMPTY", "must not be empty"),
                         NRPC_INVALID_ARGUMENT);
    }
    assert_string_equal(s.reason, "INVALID_FIELD");
    assert_string_equal(s.message, "names[0]: must not be empty");
    assert_int_equal(s.violation_count, 100); // and no more
    assert_string_equal(s.violations[99].field, "names[99]");
    nrpc_status moved = {0};
    nrpc_status_set(&moved, NRPC_ABORTED, "OLD", "old");
    nrpc_status_move(&moved, &s);
    assert_int_equal(s.code, NRPC_OK);
    assert_int_equal(moved.violation_count, 100);
    nrpc_status_fini(&moved);
}

static void no_status_is_no_matter(void **state)
{
    (void)state;
    assert_int_equal(nrpc_status_set(NULL, NRPC_ABORTED, "X", "x"), NRPC_ABORTED);
    assert_int_not_equal(nrpc_status_violate(NULL, "f", "X", "x"), NRPC_OK);
    assert_int_not_equal(nrpc_status_add(NULL, "k", "v"), NRPC_OK);
    nrpc_status_fini(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_the_names_and_numbers_of_grpc),
        cmocka_unit_test(half_a_character_is_left_out),
        cmocka_unit_test(setting_replaces_and_adding_adds),
        cmocka_unit_test(violations_gather_and_the_first_is_the_message),
        cmocka_unit_test(no_status_is_no_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
