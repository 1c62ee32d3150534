#include "nrpc/sp.h"

#include <string.h>

void sp_put_handshake(uint8_t out[SP_HANDSHAKE_SIZE], uint16_t protocol)
{
    memcpy(out, "\0SP\0", 4);
    out[4] = (uint8_t)(protocol >> 8);
    out[5] = (uint8_t)protocol;
    out[6] = out[7] = 0;
}

sp_result sp_parse_handshake(const uint8_t *in, size_t size, uint16_t protocol)
{
    uint8_t want[SP_HANDSHAKE_SIZE];
    sp_put_handshake(want, protocol);
    size_t n = size < SP_HANDSHAKE_SIZE ? size : SP_HANDSHAKE_SIZE;
    if (n && memcmp(in, want, n) != 0)
        return SP_BAD;
    return size < SP_HANDSHAKE_SIZE ? SP_MORE : SP_DONE;
}

uint8_t *sp_put_prefix(uint8_t *out, sp_framing framing, uint64_t length)
{
    if (framing == SP_FRAMING_IPC)
        *out++ = 1;
    for (int i = 7; i >= 0; i--) {
        out[i] = (uint8_t)length;
        length >>= 8;
    }
    return out + 8;
}

sp_result sp_parse_prefix(const uint8_t *in, size_t size, sp_framing framing, uint64_t *length)
{
    if (framing == SP_FRAMING_IPC) {
        if (!size)
            return SP_MORE;
        if (in[0] != 1)
            return SP_BAD;
        in++;
        size--;
    }
    if (size < 8)
        return SP_MORE;
    *length = (uint64_t)sp_get_u32(in) << 32 | sp_get_u32(in + 4);
    return SP_DONE;
}

sp_result sp_parse_header(const uint8_t *in, size_t size, size_t *header_size)
{
    for (size_t word = 0; word < SP_MAX_WORDS; word++) {
        if (size < (word + 1) * 4)
            return SP_MORE;
        if (in[word * 4] & 0x80) {
            *header_size = (word + 1) * 4;
            return SP_DONE;
        }
    }
    return SP_DROP;
}
