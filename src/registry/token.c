#include "registry/token.h"

#include "registry/siphash.h"

#include <stdio.h>
#include <string.h>

enum { VERSION = 1, TAG = 8, HEAD = 1 + TAG, MAX_RAW = HEAD + NAME_MAX_SIZE };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static uint64_t tag(const char store_id[17], const token_query *query, const char *last)
{
    // No part holds a newline, so no two queries read the same.
    char text[3 * NAME_MAX_SIZE];
    int size = snprintf(text, sizeof text, "%d\n%s\n%s\n%d\n%d\n%s", VERSION, query->type->singular,
                        query->parent, query->view, query->show_deleted, last);
    return siphash((const uint8_t *)store_id, text, (size_t)size);
}

void token_make(const char store_id[17], const token_query *query, const char *last,
                char out[TOKEN_SIZE])
{
    uint8_t raw[MAX_RAW + 2] = {VERSION};
    uint64_t value = tag(store_id, query, last);
    for (int i = 0; i < TAG; i++)
        raw[1 + i] = (uint8_t)(value >> (8 * i));
    size_t size = HEAD + strlen(last);
    memcpy(raw + HEAD, last, size - HEAD);
    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = (uint32_t)raw[i] << 16 | (uint32_t)raw[i + 1] << 8 | raw[i + 2];
        for (size_t j = 0; j < 4 && i + j <= size; j++)
            *out++ = alphabet[bits >> (18 - 6 * j) & 63];
    }
    *out = '\0';
}

bool token_parse(const char store_id[17], const token_query *query, const char *token,
                 char last[NAME_MAX_SIZE + 1])
{
    uint8_t raw[MAX_RAW + 3];
    size_t size = 0, length = strlen(token);
    uint32_t bits = 0;
    if (length >= TOKEN_SIZE)
        return false;
    for (size_t i = 0; i < length; i++) {
        const char *at = strchr(alphabet, token[i]);
        if (!at)
            return false;
        bits = bits << 6 | (uint32_t)(at - alphabet);
        if (i % 4)
            raw[size++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    if (size <= HEAD || size > MAX_RAW || raw[0] != VERSION || memchr(raw + HEAD, 0, size - HEAD))
        return false;
    memcpy(last, raw + HEAD, size - HEAD);
    last[size - HEAD] = '\0';
    // Writing it again settles both the tag and the one way to spell it.
    char again[TOKEN_SIZE];
    token_make(store_id, query, last, again);
    return !strcmp(again, token);
}
