// Private to generate: text made fast. JSON is written piece by piece into a buffer before the
// file; all words come from constant tables, so nothing needs escapes.
#ifndef CLI_GENERATE_TEXT_H
#define CLI_GENERATE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// --- chance -------------------------------------------------------------------------------------

typedef struct chance {
    uint64_t state;
} chance;

// A stream of its own for each thing there is.
chance chance_of(uint64_t seed, uint64_t kind, uint64_t a, uint64_t b);

static inline uint64_t chance_next(chance *c) // splitmix64
{
    uint64_t z = c->state += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
}

// 0 to n - 1; n below 2^32.
static inline uint32_t chance_below(chance *c, uint32_t n)
{
    return (uint32_t)((chance_next(c) >> 32) * n >> 32);
}

static inline bool chance_percent(chance *c, uint32_t percent)
{
    return chance_below(c, 100) < percent;
}

// --- output -------------------------------------------------------------------------------------

enum { TEXT_ROOM = 1 << 16 };

typedef struct text_out {
    FILE *file;
    size_t size;
    bool failed;
    char bytes[TEXT_ROOM];
} text_out;

void text_flush(text_out *t);

static inline void text_put(text_out *t, const char *text, size_t size)
{
    if (size > sizeof(t->bytes) - t->size)
        text_flush(t);
    memcpy(t->bytes + t->size, text, size);
    t->size += size;
}

// A constant.
#define PUT(t, text) text_put(t, text, sizeof(text) - 1)

static inline void text_put_text(text_out *t, const char *text)
{
    text_put(t, text, strlen(text));
}

// In digits, with zeros in front up to so many.
void text_put_number(text_out *t, uint64_t value, unsigned digits);
// 12345 as 123.45; no zeros at the end.
void text_put_hundredths(text_out *t, uint64_t value);

// --- days ---------------------------------------------------------------------------------------

typedef struct day {
    unsigned year, month, day; // month and day 0: not known
} day;

// Days since 1970-01-01.
day day_of(int32_t number);
int32_t day_number(day d);
// {"year":2024,"month":1,"day":5}
void text_put_date(text_out *t, day d);

// --- names --------------------------------------------------------------------------------------

// A place with a name of two or three syllables, the same in every script.
typedef struct place_name {
    char latin[24];   // "Haiyun"
    char toned[40];   // "Hǎiyún"
    char chinese[16]; // "海云"
} place_name;

// Different numbers have different names, up to about two million of them.
place_name place_of(uint64_t seed, uint64_t number);

#endif
