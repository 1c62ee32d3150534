// UTF-8 as The Unicode Standard, table 3-7: no overlong forms, no surrogates, nothing above
// U+10FFFF. Pure functions.
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The number of leading bytes that are valid; equals size when all are. A sequence cut off at the
// end is not valid.
size_t utf8_valid_prefix(const void *text, size_t size);

static inline bool utf8_valid(const void *text, size_t size)
{
    return utf8_valid_prefix(text, size) == size;
}

#endif
