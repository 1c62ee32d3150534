#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_fini(buffer *b)
{
    free(b->data);
    *b = (buffer){.limit = b->limit};
}

void buffer_clear(buffer *b)
{
    b->size = 0;
    b->failed = false;
}

uint8_t *buffer_reserve(buffer *b, size_t n)
{
    size_t limit = b->limit ? b->limit : SIZE_MAX / 2;
    if (b->failed || b->size > limit || n > limit - b->size) {
        b->failed = true;
        return NULL;
    }
    if (b->data && n <= b->capacity - b->size)
        return b->data + b->size;
    size_t capacity = b->capacity < 32 ? 64 : b->capacity * 2;
    if (capacity < b->size + n)
        capacity = b->size + n;
    uint8_t *data = realloc(b->data, capacity);
    if (!data) {
        b->failed = true;
        return NULL;
    }
    b->data = data;
    b->capacity = capacity;
    return data + b->size;
}

bool buffer_append(buffer *b, const void *data, size_t n)
{
    uint8_t *p = buffer_reserve(b, n);
    if (!p)
        return false;
    if (n)
        memcpy(p, data, n);
    b->size += n;
    return true;
}

bool buffer_append_byte(buffer *b, uint8_t byte)
{
    return buffer_append(b, &byte, 1);
}

bool buffer_append_text(buffer *b, const char *text)
{
    return buffer_append(b, text, strlen(text));
}

bool buffer_append_int(buffer *b, int64_t number)
{
    char digits[20], *next = digits + sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do
        *--next = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        *--next = '-';
    return buffer_append(b, next, (size_t)(digits + sizeof digits - next));
}

bool buffer_printf(buffer *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    uint8_t *p = n < 0 ? NULL : buffer_reserve(b, (size_t)n + 1);
    if (p) {
        vsnprintf((char *)p, (size_t)n + 1, format, again);
        b->size += (size_t)n;
    }
    va_end(again);
    va_end(args);
    return p != NULL;
}

void buffer_consume(buffer *b, size_t n)
{
    b->size -= n;
    if (b->size)
        memmove(b->data, b->data + n, b->size);
}

char *buffer_take(buffer *b, size_t *size)
{
    uint8_t *end = b->failed ? NULL : buffer_reserve(b, 1);
    if (!end)
        return NULL;
    *end = 0;
    char *data = (char *)b->data;
    if (size)
        *size = b->size;
    *b = (buffer){.limit = b->limit};
    return data;
}
