// Exact decimal numbers: an order-preserving key for stores, and sums.
//
// Text is as google.type.Decimal has it, and as filters write numbers: [+-]digits[.digits][e[+-]N].
// At most DECIMAL_MAX_DIGITS significant digits, the first of them no more than that many places
// before or behind the point.
//
// Threads: pure functions; a decimal_sum belongs to one thread at a time.
#ifndef REGISTRY_DECIMAL_H
#define REGISTRY_DECIMAL_H

#include <gmp.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    DECIMAL_MAX_DIGITS = 28,
    DECIMAL_KEY_SIZE = 1 + 3 + DECIMAL_MAX_DIGITS + 2, // with its NUL
    DECIMAL_TEXT_SIZE = 96,                            // of a sum, with its NUL
};

// Keys compare bytewise as the numbers do: equal numbers have equal keys ("1.50", "1.5").
//   '1', exponent + 500 in three digits, digits      0.digits x 10^exponent
//   '1', "000"                                       zero
//   '0', the nines' complement of the above, ':'     below zero
// False if the text is no such number.
bool decimal_key(const char *text, size_t size, char out[DECIMAL_KEY_SIZE]);

// A sum of any number of decimals, exact.
typedef struct decimal_sum {
    mpz_t scaled; // the sum times 10^(2 * DECIMAL_MAX_DIGITS)
} decimal_sum;

void decimal_sum_init(decimal_sum *s);
void decimal_sum_fini(decimal_sum *s);
bool decimal_sum_add(decimal_sum *s, const char *text, size_t size);
// 1234.5: no exponent, no zeros that say nothing. False if it is longer than that.
bool decimal_sum_format(const decimal_sum *s, char out[DECIMAL_TEXT_SIZE]);
// part in percent of whole, rounded half up to two digits behind the point, in the same form.
// Neither may be below zero, nor whole be zero: then false.
bool decimal_sum_percent(const decimal_sum *part, const decimal_sum *whole,
                         char out[DECIMAL_TEXT_SIZE]);

#endif
