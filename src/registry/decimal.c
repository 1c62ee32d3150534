#include "registry/decimal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BIAS = 500, SCALE = 2 * DECIMAL_MAX_DIGITS, MAX_EXPONENT_DIGITS = 4 };

// 0.digits x 10^exponent; count 0 is zero.
typedef struct parts {
    bool negative;
    int exponent;
    int count;
    char digits[DECIMAL_MAX_DIGITS + 1];
} parts;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Takes one digit that stands `place` places before the point (0 and below: behind it).
static bool take_digit(parts *p, char digit, int *zeros, int place)
{
    if (digit == '0') {
        *zeros += p->count > 0;
        return true;
    }
    if (!p->count)
        p->exponent = place;
    if (p->count + *zeros + 1 > DECIMAL_MAX_DIGITS)
        return false;
    memset(p->digits + p->count, '0', (size_t)*zeros);
    p->count += *zeros;
    *zeros = 0;
    p->digits[p->count++] = digit;
    return true;
}

static bool take_exponent(const char **next, const char *end, int *out)
{
    bool negative = false;
    int value = 0, digits = 0;
    if (*next < end && (**next == '-' || **next == '+'))
        negative = *(*next)++ == '-';
    for (; *next < end && is_digit(**next); (*next)++) {
        if (++digits > MAX_EXPONENT_DIGITS)
            return false;
        value = value * 10 + (**next - '0');
    }
    *out = negative ? -value : value;
    return digits > 0;
}

static bool parse(const char *text, size_t size, parts *p)
{
    const char *next = text, *end = text + size;
    *p = (parts){0};
    if (next < end && (*next == '-' || *next == '+'))
        p->negative = *next++ == '-';
    const char *whole = next;
    while (next < end && is_digit(*next))
        next++;
    int place = (int)(next - whole), zeros = 0, exponent = 0;
    if (!place || size > 4096)
        return false;
    for (const char *c = whole; c < next; c++, place--)
        if (!take_digit(p, *c, &zeros, place))
            return false;
    if (next < end && *next == '.') {
        const char *fraction = ++next;
        for (; next < end && is_digit(*next); next++, place--)
            if (!take_digit(p, *next, &zeros, place))
                return false;
        if (next == fraction)
            return false;
    }
    if (next < end && (*next == 'e' || *next == 'E')) {
        next++;
        if (!take_exponent(&next, end, &exponent))
            return false;
    }
    if (next != end)
        return false;
    p->negative &= p->count > 0;
    if (p->count)
        p->exponent += exponent;
    return p->exponent <= DECIMAL_MAX_DIGITS && p->exponent >= -DECIMAL_MAX_DIGITS;
}

bool decimal_key(const char *text, size_t size, char out[DECIMAL_KEY_SIZE])
{
    parts p;
    if (!parse(text, size, &p))
        return false;
    char *next = out;
    *next++ = p.negative ? '0' : '1';
    next += snprintf(next, 4, "%03d", p.count ? p.exponent + BIAS : 0);
    memcpy(next, p.digits, (size_t)p.count);
    next += p.count;
    if (p.negative) {
        for (char *c = out + 1; c < next; c++)
            *c = (char)('9' - (*c - '0'));
        *next++ = ':';
    }
    *next = '\0';
    return true;
}

void decimal_sum_init(decimal_sum *s)
{
    mpz_init(s->scaled);
}

void decimal_sum_fini(decimal_sum *s)
{
    mpz_clear(s->scaled);
}

bool decimal_sum_add(decimal_sum *s, const char *text, size_t size)
{
    parts p;
    if (!parse(text, size, &p))
        return false;
    if (!p.count)
        return true;
    p.digits[p.count] = '\0';
    mpz_t value, power;
    mpz_init_set_str(value, p.digits, 10);
    mpz_init(power);
    mpz_ui_pow_ui(power, 10, (unsigned long)(SCALE + p.exponent - p.count));
    mpz_mul(value, value, power);
    if (p.negative)
        mpz_sub(s->scaled, s->scaled, value);
    else
        mpz_add(s->scaled, s->scaled, value);
    mpz_clear(power);
    mpz_clear(value);
    return true;
}

bool decimal_sum_format(const decimal_sum *s, char out[DECIMAL_TEXT_SIZE])
{
    char digits[2 * DECIMAL_TEXT_SIZE];
    if (mpz_sizeinbase(s->scaled, 10) + 2 > sizeof digits)
        return false;
    mpz_get_str(digits, 10, s->scaled);
    bool negative = *digits == '-';
    const char *text = digits + negative;
    size_t size = strlen(text);
    int whole = (int)size - SCALE; // digits before the point
    while (size && text[size - 1] == '0' && (int)size > (whole > 0 ? whole : 0))
        size--;
    int n = snprintf(out, DECIMAL_TEXT_SIZE, "%s%.*s", negative ? "-" : "", whole > 0 ? whole : 1,
                     whole > 0 ? text : "0");
    int fraction = whole > 0 ? (int)size - whole : (int)size;
    if (fraction > 0 && n < DECIMAL_TEXT_SIZE)
        n += snprintf(out + n, (size_t)(DECIMAL_TEXT_SIZE - n), ".%.*s%.*s", whole < 0 ? -whole : 0,
                      "00000000000000000000000000000000000000000000000000000000", fraction,
                      text + (whole > 0 ? whole : 0));
    return n < DECIMAL_TEXT_SIZE;
}

bool decimal_sum_percent(const decimal_sum *part, const decimal_sum *whole,
                         char out[DECIMAL_TEXT_SIZE])
{
    if (mpz_sgn(part->scaled) < 0 || mpz_sgn(whole->scaled) <= 0)
        return false;
    decimal_sum percent;
    mpz_t unit;
    decimal_sum_init(&percent);
    mpz_init(unit);
    // Hundredths of a percent, rounded: (part * 10^4 + whole / 2) / whole.
    mpz_mul_ui(percent.scaled, part->scaled, 2 * 10000);
    mpz_add(percent.scaled, percent.scaled, whole->scaled);
    mpz_mul_ui(unit, whole->scaled, 2);
    mpz_fdiv_q(percent.scaled, percent.scaled, unit);
    mpz_ui_pow_ui(unit, 10, SCALE - 2);
    mpz_mul(percent.scaled, percent.scaled, unit);
    bool good = decimal_sum_format(&percent, out);
    mpz_clear(unit);
    decimal_sum_fini(&percent);
    return good;
}
