#include "schema/suggest.h"

#include <ctype.h>
#include <string.h>

enum { MAX_LENGTH = 120 };

static int lower(char c)
{
    return tolower((unsigned char)c);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

// Optimal string alignment distance; both texts hold at most MAX_LENGTH bytes.
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows[3][MAX_LENGTH + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= m; j++)
        last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t replaced = last[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            row[j] = least(replaced, least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[m];
}

suggestion suggest_begin(const char *written, size_t size)
{
    return (suggestion){written, size, NULL, size < 3 ? 2 : size / 3 + 1};
}

void suggest_offer(suggestion *s, const char *candidate)
{
    size_t n = strlen(candidate);
    size_t gap = n > s->size ? n - s->size : s->size - n;
    if (n > MAX_LENGTH || s->size > MAX_LENGTH || gap >= s->distance)
        return;
    size_t d = distance(s->written, s->size, candidate, n);
    if (d < s->distance && d < n) {
        s->distance = d;
        s->best = candidate;
    }
}
