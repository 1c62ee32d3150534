// Which units are currencies, and which are UCUM.
#include "base/macros.h"
#include "registry/write/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void currencies_are_known_by_their_codes(void **state)
{
    static const char *const good[] = {"AED", "CNY", "EUR", "HRK", "KZT", "USD", "XDR", "ZWL"};
    static const char *const bad[] = {"", "cny", "CN", "CNYX", "RMB", "XXX", "AAA", "ZZZ"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(unit_is_currency(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(unit_is_currency(bad[i]));
}

static void units_of_measure_follow_the_grammar_of_ucum(void **state)
{
    static const char *const good[] = {
        "m",         "km",      "km2",      "m3",      "t",     "kt",    "Mt",      "%",
        "h",         "d",       "a",        "har",     "ar",    "W",     "GW",      "kW.h",
        "MW.h/a",    "t/a",     "km/h",     "/a",      "1/a",   "100.t", "m.s-2",   "m.s+2",
        "kg/(m.s2)", "{TEU}",   "10*4.t",   "10*4",    "10*-3", "10^6",  "t{coal}", "m2{floor}",
        "{TEU}/a",   "[nmi_i]", "[acr_us]", "[lb_av]", "GiBy",  "kBd",   "Cel",     "[degF]",
        "eV",        "dar",     "dam",      "((m))",   "L",     "mL",    "u",
    };
    static const char *const bad[] = {
        "",
        "k",
        "mm ",
        " m",
        "m ",
        "km²",
        "k%",
        "kh",
        "ka",
        "ha",
        "m/",
        "m.",
        ".m",
        "m//s",
        "m..s",
        "(m",
        "m)",
        "()",
        "m-",
        "m2-3",
        "m^2",
        "company",
        "item",
        "percent",
        "TEU",
        "tons",
        "hectare",
        "[nmi_i",
        "nmi_i]",
        "[none]",
        "{TEU",
        "TEU}",
        "{a{b}}",
        "{a b}",
        "k[nmi_i]",
        "M",
        "kg2m",
        "((((((((((m))))))))))",
        "m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        if (!unit_is_ucum(good[i]))
            fail_msg("'%s' is UCUM", good[i]);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (unit_is_ucum(bad[i]))
            fail_msg("'%s' is not UCUM", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(currencies_are_known_by_their_codes),
        cmocka_unit_test(units_of_measure_follow_the_grammar_of_ucum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
