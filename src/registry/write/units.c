#include "registry/write/units.h"

#include "base/macros.h"

#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool unit_is_currency(const char *text)
{
    static const char *const codes[] = {
        "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT",
        "BGN", "BHD", "BIF", "BMD", "BND", "BOB", "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BYR",
        "BZD", "CAD", "CDF", "CHE", "CHF", "CHW", "CLF", "CLP", "CNY", "COP", "COU", "CRC", "CUC",
        "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP",
        "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HRK", "HTG", "HUF",
        "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF",
        "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LTL", "LVL", "LYD",
        "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRO", "MRU", "MUR", "MVR", "MWK", "MXN",
        "MXV", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK",
        "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG",
        "SEK", "SGD", "SHP", "SLE", "SLL", "SOS", "SRD", "SSP", "STD", "STN", "SVC", "SYP", "SZL",
        "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "USN",
        "UYI", "UYU", "UYW", "UZS", "VED", "VEF", "VES", "VND", "VUV", "WST", "XAF", "XAG", "XAU",
        "XCD", "XCG", "XDR", "XOF", "XPD", "XPF", "XPT", "XSU", "XUA", "YER", "ZAR", "ZMW", "ZWG",
        "ZWL",
    };
    return bsearch(&text, codes, ARRAY_LEN(codes), sizeof *codes, by_text);
}

// --- UCUM ----------------------------------------------------------------------------------------

enum { MAX_UCUM = 64, MAX_DEPTH = 8 };

// With a prefix, or without.
static const char *const metric_atoms[] = {
    "m",   "s",   "g",  "rad", "K",   "C",      "cd",     "mol", "sr",  "Hz",  "N",
    "Pa",  "J",   "W",  "A",   "V",   "F",      "Ohm",    "S",   "Wb",  "Cel", "T",
    "H",   "lm",  "lx", "Bq",  "Gy",  "Sv",     "kat",    "l",   "L",   "ar",  "t",
    "bar", "u",   "eV", "pc",  "B",   "Np",     "bit",    "By",  "Bd",  "st",  "cal",
    "dyn", "erg", "P",  "St",  "Gal", "cal_th", "cal_IT", "tex", "[g]", "[c]", "[ly]",
};

static const char *const other_atoms[] = {
    "10*",      "10^",       "[pi]",      "%",         "[ppth]",    "[ppm]",    "[ppb]",
    "[pptr]",   "gon",       "deg",       "'",         "''",        "min",      "h",
    "d",        "a",         "a_t",       "a_j",       "a_g",       "wk",       "mo",
    "mo_s",     "mo_j",      "mo_g",      "AU",        "[Btu]",     "[Btu_IT]", "[in_i]",
    "[ft_i]",   "[yd_i]",    "[mi_i]",    "[fth_i]",   "[nmi_i]",   "[kn_i]",   "[sin_i]",
    "[sft_i]",  "[syd_i]",   "[cin_i]",   "[cft_i]",   "[cyd_i]",   "[bf_i]",   "[cr_i]",
    "[ft_us]",  "[mi_us]",   "[acr_us]",  "[acr_br]",  "[sct]",     "[twp]",    "[gal_us]",
    "[gal_br]", "[bbl_us]",  "[bu_us]",   "[qt_us]",   "[pt_us]",   "[foz_us]", "[lb_av]",
    "[oz_av]",  "[scwt_av]", "[lcwt_av]", "[ston_av]", "[lton_av]", "[oz_tr]",  "[lb_tr]",
    "[degF]",   "[HP]",      "bit_s",     "circ",      "sph",       "atm",      "att",
    "[psi]",    "[car_m]",   "[car_Au]",
};

static const char *const prefixes[] = {
    "Y", "Z", "E", "P", "T", "G", "M", "k", "h",  "da", "d",  "c",
    "m", "u", "n", "p", "f", "a", "z", "y", "Ki", "Mi", "Gi", "Ti",
};

static bool is_one_of(const char *text, size_t size, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(list[i]) == size && !memcmp(list[i], text, size))
            return true;
    return false;
}

static bool is_simple_unit(const char *text, size_t size)
{
    if (is_one_of(text, size, metric_atoms, ARRAY_LEN(metric_atoms)) ||
        is_one_of(text, size, other_atoms, ARRAY_LEN(other_atoms)))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        size_t n = strlen(prefixes[i]);
        if (n < size && !memcmp(text, prefixes[i], n) &&
            is_one_of(text + n, size - n, metric_atoms, ARRAY_LEN(metric_atoms)))
            return true;
    }
    return false;
}

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

// The bytes of a simple unit: up to an operator, a brace, a parenthesis or the exponent. Brackets
// hold whatever stands in them; of 10* and 10^ the digits belong to the atom.
static size_t unit_span(const char *text)
{
    if (!strncmp(text, "10*", 3) || !strncmp(text, "10^", 3))
        return 3;
    size_t n = 0;
    while (text[n] && !strchr("./(){}+-0123456789", text[n])) {
        if (text[n] == '[') {
            size_t inside = strcspn(text + n, "]");
            if (!text[n + inside])
                return 0;
            n += inside;
        }
        n++;
    }
    return n;
}

static bool read_annotation(const char **next)
{
    const char *c = *next + 1;
    while (*c > ' ' && *c < 127 && *c != '{' && *c != '}')
        c++;
    if (*c != '}')
        return false;
    *next = c + 1;
    return true;
}

static bool read_term(const char **next, unsigned depth);

static bool read_component(const char **next, unsigned depth)
{
    const char *c = *next;
    if (*c == '(') {
        *next = c + 1;
        if (depth == MAX_DEPTH || !read_term(next, depth + 1) || **next != ')')
            return false;
        ++*next;
        return true;
    }
    if (*c == '{')
        return read_annotation(next);
    size_t unit = unit_span(c);
    if (!unit) { // a factor
        size_t n = digits(c);
        *next = c + n;
        return n > 0;
    }
    if (!is_simple_unit(c, unit))
        return false;
    c += unit;
    if (*c == '+' || *c == '-') {
        if (!digits(++c))
            return false;
    }
    *next = c + digits(c);
    return **next != '{' || read_annotation(next);
}

static bool read_term(const char **next, unsigned depth)
{
    if (**next == '/')
        ++*next;
    if (!read_component(next, depth))
        return false;
    while (**next == '.' || **next == '/') {
        ++*next;
        if (!read_component(next, depth))
            return false;
    }
    return true;
}

bool unit_is_ucum(const char *text)
{
    const char *next = text;
    return strnlen(text, MAX_UCUM + 1) <= MAX_UCUM && read_term(&next, 0) && !*next;
}
