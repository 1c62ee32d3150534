// A growing run of bytes on the heap.
//
// Owns its memory; `data` moves when it grows. Zero-initialised is empty and valid.
// Growth is by doubling and stops at `limit` (0: none). An append that cannot be done returns
// false, leaves the contents alone and sets `failed`, so that a writer may append many times and
// look once at the end.
// Threads: one at a time.
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit;
    bool failed;
} buffer;

void buffer_fini(buffer *b);
// Forgets the bytes, keeps the memory.
void buffer_clear(buffer *b);
// Room for n more bytes behind the last; NULL if that cannot be had. Becomes part of the buffer
// when `size` is raised by the caller.
uint8_t *buffer_reserve(buffer *b, size_t n);
bool buffer_append(buffer *b, const void *data, size_t n);
bool buffer_append_byte(buffer *b, uint8_t byte);
bool buffer_append_text(buffer *b, const char *text);
// In decimal digits; far cheaper than buffer_printf.
bool buffer_append_int(buffer *b, int64_t number);
bool buffer_printf(buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Drops the first n bytes.
void buffer_consume(buffer *b, size_t n);
// Hands the bytes over, NUL-terminated for convenience; the buffer is empty after. NULL if failed
// or out of memory. The caller frees it.
char *buffer_take(buffer *b, size_t *size);

#endif
