// Units of quantities: ISO 4217 codes of currencies, and UCUM codes of units of measure.
//
// UCUM (case-sensitive): atoms with metric prefixes where they take them, exponents, '.', '/',
// parentheses, whole numbers as factors, and annotations in braces. The grammar is whole; of the
// atoms those of the SI, of trade, land, transport, energy and computing are known, not those of
// clinical laboratories.
//
// Pure functions, any thread.
#ifndef REGISTRY_UNITS_H
#define REGISTRY_UNITS_H

#include <stdbool.h>

// A code in force, or withdrawn since 2013, when the first zone was founded.
bool unit_is_currency(const char *text);
// Up to 64 bytes.
bool unit_is_ucum(const char *text);

#endif
