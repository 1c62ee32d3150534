// The protobuf wire format, one field at a time, over memory.
//
// A field is a tag varint (number << 3 | wire type) and a value:
//
//   wire type   value
//   0 varint    base-128, least significant group first, at most 10 bytes
//   1 fixed64   8 bytes, little-endian
//   2 bytes     varint length, then that many bytes
//   3, 4        group start and end: proto2 only, refused
//   5 fixed32   4 bytes, little-endian
//
// Pure functions, no allocation; what a field points to is borrowed from the input.
#ifndef BASE_PBWIRE_H
#define BASE_PBWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { PBWIRE_VARINT = 0, PBWIRE_FIXED64 = 1, PBWIRE_BYTES = 2, PBWIRE_FIXED32 = 5 };
enum { PBWIRE_MAX_VARINT = 10 };

typedef struct pbwire_reader {
    const uint8_t *next;
    const uint8_t *end;
} pbwire_reader;

typedef struct pbwire_field {
    uint32_t number; // 1 .. 2^29-1
    uint8_t type;
    uint64_t value;      // varint, fixed32 or fixed64
    const uint8_t *data; // of PBWIRE_BYTES
    size_t size;
} pbwire_field;

static inline pbwire_reader pbwire_read(const void *data, size_t size)
{
    const uint8_t *p = (const uint8_t *)data;
    return (pbwire_reader){p, p ? p + size : p};
}

static inline bool pbwire_varint(pbwire_reader *r, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && r->next < r->end; shift += 7) {
        uint8_t byte = *r->next++;
        if (shift == 63 && byte > 1)
            return false; // more than 64 bits
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

// The next field. False at the end of the input, and where it is malformed: tell the two apart by
// pbwire_done.
static inline bool pbwire_next(pbwire_reader *r, pbwire_field *f)
{
    uint64_t tag;
    if (r->next == r->end)
        return false;
    const uint8_t *start = r->next;
    if (!pbwire_varint(r, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
        goto bad;
    f->number = (uint32_t)(tag >> 3);
    f->type = tag & 7;
    f->data = NULL;
    f->size = 0;
    switch (f->type) {
    case PBWIRE_VARINT:
        if (!pbwire_varint(r, &f->value))
            goto bad;
        return true;
    case PBWIRE_FIXED64:
        if (r->end - r->next < 8)
            goto bad;
        f->value = 0;
        for (int i = 7; i >= 0; i--)
            f->value = f->value << 8 | r->next[i];
        r->next += 8;
        return true;
    case PBWIRE_FIXED32:
        if (r->end - r->next < 4)
            goto bad;
        f->value = 0;
        for (int i = 3; i >= 0; i--)
            f->value = f->value << 8 | r->next[i];
        r->next += 4;
        return true;
    case PBWIRE_BYTES:
        if (!pbwire_varint(r, &f->value) || f->value > (uint64_t)(r->end - r->next))
            goto bad;
        f->data = r->next;
        f->size = (size_t)f->value;
        r->next += f->size;
        return true;
    default:
        break;
    }
bad:
    r->next = start; // not at the end: pbwire_done tells malformed from finished
    return false;
}

// True if everything was read: false after pbwire_next returned false on malformed input.
static inline bool pbwire_done(const pbwire_reader *r)
{
    return r->next == r->end;
}

static inline size_t pbwire_varint_size(uint64_t value)
{
    size_t n = 1;
    while (value >= 0x80) {
        value >>= 7;
        n++;
    }
    return n;
}

// Each writer returns the byte behind what it wrote; the caller has made room.
static inline uint8_t *pbwire_put_varint(uint8_t *out, uint64_t value)
{
    while (value >= 0x80) {
        *out++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *out++ = (uint8_t)value;
    return out;
}

static inline uint8_t *pbwire_put_tag(uint8_t *out, uint32_t number, uint8_t type)
{
    return pbwire_put_varint(out, (uint64_t)number << 3 | type);
}

static inline size_t pbwire_bytes_size(uint32_t number, size_t size)
{
    return pbwire_varint_size((uint64_t)number << 3) + pbwire_varint_size(size) + size;
}

static inline uint8_t *pbwire_put_bytes(uint8_t *out, uint32_t number, const void *data,
                                        size_t size)
{
    out = pbwire_put_tag(out, number, PBWIRE_BYTES);
    out = pbwire_put_varint(out, size);
    if (size)
        memcpy(out, data, size);
    return out + size;
}

#endif
