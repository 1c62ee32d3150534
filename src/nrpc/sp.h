// The Scalability Protocols on a byte stream, as REQ and REP speak them.
//
//   both sides, at once     00 53 50 00 | protocol, u16 BE | 00 00
//   a message on tcp                 length, u64 BE | that many bytes
//   a message on ipc        01     | length, u64 BE | that many bytes
//
//   a request's bytes       backtrace words, u32 BE, top bit clear (one a device it crossed)
//                           request id,      u32 BE, top bit set, among the first 8 words
//                           the Call
//   a reply's bytes         the same words | the Reply
//
// Parsers that never see a socket: bytes in; done, more needed, or bad out. No state, no
// allocation, any thread.
#ifndef NRPC_SP_H
#define NRPC_SP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SP_REQ = 0x0030, SP_REP = 0x0031 };
enum {
    SP_HANDSHAKE_SIZE = 8,
    SP_MAX_WORDS = 8, // backtrace and id together
    SP_MAX_HEADER = SP_MAX_WORDS * 4,
    SP_MAX_PREFIX = 9, // of a frame
};

typedef enum sp_framing { SP_FRAMING_TCP, SP_FRAMING_IPC } sp_framing;

typedef enum sp_result {
    SP_DONE, // parsed
    SP_MORE, // the bytes are too few to tell
    SP_DROP, // a message to ignore; the connection is fine
    SP_BAD,  // not this protocol: close
} sp_result;

void sp_put_handshake(uint8_t out[SP_HANDSHAKE_SIZE], uint16_t protocol);
// Whether in[0..size) is (the start of) the handshake of a peer that speaks `protocol`.
sp_result sp_parse_handshake(const uint8_t *in, size_t size, uint16_t protocol);

// Size of what stands before a message's bytes: 8 on tcp, 9 on ipc.
static inline size_t sp_prefix_size(sp_framing framing)
{
    return framing == SP_FRAMING_IPC ? 9 : 8;
}

// Writes sp_prefix_size bytes; returns the byte behind them.
uint8_t *sp_put_prefix(uint8_t *out, sp_framing framing, uint64_t length);
// SP_DONE: *length is what the prefix claims, not checked against any limit.
sp_result sp_parse_prefix(const uint8_t *in, size_t size, sp_framing framing, uint64_t *length);

// The header of a request or a reply. SP_DONE: its size is *header_size, id included. SP_MORE: the
// bytes end before an id came, which in a complete message means close. SP_DROP: eight words and
// no id.
sp_result sp_parse_header(const uint8_t *in, size_t size, size_t *header_size);

static inline uint32_t sp_get_u32(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static inline void sp_put_u32(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

#endif
