#include "lib/request_id.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

nrpc_code request_id_make(char out[REQUEST_ID_SIZE], nrpc_status *status)
{
    uint8_t b[16];
    if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
        return nrpc_status_set(status, NRPC_INTERNAL, "NO_RANDOMNESS",
                               "the system gives no random numbers for a request id");
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    snprintf(out, REQUEST_ID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    return NRPC_OK;
}
