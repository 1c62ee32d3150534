#include "width.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unigbrk.h>
#include <unilbrk.h>
#include <unistr.h>
#include <uniwidth.h>

static const char encoding[] = "UTF-8";

size_t text_width(const char *text, size_t size)
{
    int width = u8_width((const uint8_t *)text, size, encoding);
    return width < 0 ? 0 : (size_t)width;
}

size_t text_fit(const char *text, size_t size, size_t columns)
{
    const uint8_t *start = (const uint8_t *)text, *end = start + size, *at = start;
    size_t used = 0;
    while (at < end) {
        const uint8_t *next = u8_grapheme_next(at, end);
        used += text_width((const char *)at, (size_t)(next - at));
        if (used > columns)
            break;
        at = next;
    }
    return (size_t)(at - start);
}

static bool turns_direction(ucs4_t c)
{
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E ||
           c == 0x200F || c == 0x061C;
}

void text_put_safe(buffer *out, const char *text, size_t size)
{
    const uint8_t *at = (const uint8_t *)text, *end = at + size;
    while (at < end) {
        ucs4_t c;
        int length = u8_mbtouc(&c, at, (size_t)(end - at));
        if (c == '\n' || c == '\t' || c == '\r' || c == 0x2028 || c == 0x2029)
            buffer_append_byte(out, ' ');
        else if (c < 0x20 || (c >= 0x7F && c < 0xA0) || turns_direction(c) || c == 0xFFFD)
            buffer_append_text(out, "\xEF\xBF\xBD");
        else
            buffer_append(out, at, (size_t)length);
        at += length;
    }
}

void text_put_wrapped(buffer *out, const char *text, size_t size, size_t first, size_t indent,
                      size_t columns)
{
    char *breaks = columns > indent ? malloc(size ? size : 1) : NULL;
    if (!breaks) {
        buffer_append(out, text, size);
        return;
    }
    u8_width_linebreaks((const uint8_t *)text, size, (int)(columns - indent),
                        (int)(first > indent ? first - indent : 0), 0, NULL, encoding, breaks);
    for (size_t i = 0; i < size; i++) {
        if (breaks[i] == UC_BREAK_POSSIBLE || breaks[i] == UC_BREAK_MANDATORY) {
            while (out->size && out->data[out->size - 1] == ' ')
                out->size--;
            buffer_printf(out, "\n%*s", (int)indent, "");
        }
        buffer_append_byte(out, (uint8_t)text[i]);
    }
    free(breaks);
}
