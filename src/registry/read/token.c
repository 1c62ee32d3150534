#include "registry/read/token.h"

#include "registry/siphash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 2, TAG = 8, HEAD = 1 + TAG };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// False: no memory.
static bool tag(const store *s, store_bytes bound, store_bytes payload, uint8_t out[TAG])
{
    buffer input = {0};
    buffer_append_byte(&input, VERSION);
    buffer_printf(&input, "%zu\n", payload.size);
    buffer_append(&input, payload.data, payload.size);
    buffer_append(&input, bound.data, bound.size);
    bool good = !input.failed;
    uint64_t value = good ? siphash((const uint8_t *)s->secret, input.data, input.size) : 0;
    for (int i = 0; i < TAG; i++)
        out[i] = (uint8_t)(value >> (8 * i));
    buffer_fini(&input);
    return good;
}

bool token_make(const store *s, store_bytes bound, store_bytes payload, buffer *out)
{
    uint8_t raw[HEAD + TOKEN_MAX_PAYLOAD + 2] = {VERSION};
    if (payload.size > TOKEN_MAX_PAYLOAD || !tag(s, bound, payload, raw + 1))
        return false;
    if (payload.size)
        memcpy(raw + HEAD, payload.data, payload.size);
    size_t size = HEAD + payload.size;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = (uint32_t)raw[i] << 16 | (uint32_t)raw[i + 1] << 8 | raw[i + 2];
        for (size_t j = 0; j < 4 && i + j <= size; j++)
            buffer_append_byte(out, (uint8_t)alphabet[bits >> (18 - 6 * j) & 63]);
    }
    if (!buffer_append_byte(out, '\0') || out->failed)
        return false;
    out->size--;
    return true;
}

static nrpc_code mismatch(const char *token, nrpc_status *status)
{
    nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "PAGE_TOKEN_MISMATCH",
                    "page_token does not belong to this query: start again without it, and "
                    "change nothing but page_size from page to page");
    nrpc_status_violate(status, "page_token", "PAGE_TOKEN_MISMATCH",
                        "is not a token of this query");
    return nrpc_status_add(status, "page_token", "%.320s", token);
}

nrpc_code token_parse(const store *s, store_bytes bound, const char *token, buffer *payload,
                      nrpc_status *status)
{
    uint8_t raw[HEAD + TOKEN_MAX_PAYLOAD + 3];
    size_t size = 0, length = strlen(token), start = payload->size;
    uint32_t bits = 0;
    if (length >= TOKEN_MAX_SIZE)
        return mismatch(token, status);
    for (size_t i = 0; i < length; i++) {
        const char *at = strchr(alphabet, token[i]);
        if (!at)
            return mismatch(token, status);
        bits = bits << 6 | (uint32_t)(at - alphabet);
        if (i % 4)
            raw[size++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    if (size < HEAD || size > HEAD + TOKEN_MAX_PAYLOAD || raw[0] != VERSION)
        return mismatch(token, status);
    // Writing it again settles both the tag and the one way to spell it.
    store_bytes found = {raw + HEAD, size - HEAD};
    buffer again = {0};
    bool made = token_make(s, bound, found, &again);
    bool same = made && !strcmp((const char *)again.data, token);
    buffer_fini(&again);
    if (made && !same)
        return mismatch(token, status);
    if (!made || !buffer_append(payload, found.data, found.size)) {
        payload->size = start;
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                               "out of memory for a page token");
    }
    return NRPC_OK;
}

void token_bind_text(buffer *bound, const char *text)
{
    size_t size = text ? strlen(text) : 0;
    buffer_printf(bound, "%zu:", size);
    buffer_append(bound, text, size);
}

void token_bind_int(buffer *bound, int64_t number)
{
    buffer_printf(bound, "i%" PRId64 ";", number);
}
