#include "registry/write/uuid.h"

#include "registry/names.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

bool uuid_make(char out[UUID_SIZE])
{
    uint8_t b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        return false;
    b[6] = (b[6] & 0x0f) | 0x40; // version 4, variant 10
    b[8] = (b[8] & 0x3f) | 0x80;
    snprintf(out, UUID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
    return true;
}

static bool is_uuid(const char *text)
{
    if (strnlen(text, UUID_SIZE) != UUID_SIZE - 1)
        return false;
    for (size_t i = 0; i < UUID_SIZE - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !strchr("0123456789abcdefABCDEF", text[i]))
            return false;
    }
    return true;
}

nrpc_code uuid_check_request_id(const char *text, nrpc_status *status)
{
    if (is_uuid(text))
        return NRPC_OK;
    return name_violate(status, "request_id", *text ? "FORMAT_MALFORMED" : "REQUIRED", text,
                        "'%.64s' is no UUID of 36 characters", text);
}
