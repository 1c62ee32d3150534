#include "registry/body.h"

#include "base/pbwire.h"
#include "registry/siphash.h"

#include <stdio.h>

bool body_split(const resource_type *type, const void *data, size_t size, buffer *body,
                buffer *extra)
{
    pbwire_reader r = pbwire_read(data, size);
    pbwire_field f;
    const uint8_t *start = r.next;
    while (pbwire_next(&r, &f)) {
        uint64_t bit = f.number < RESOURCE_MAX_FIELD ? UINT64_C(1) << f.number : 0;
        if (!(type->server_set & bit))
            buffer_append(type->extra & bit ? extra : body, start, (size_t)(r.next - start));
        start = r.next;
    }
    return pbwire_done(&r) && !body->failed && !extra->failed;
}

enum { MAX_UID = 64 };

void body_etag(const char store_id[17], const char *uid, int64_t revision, char out[BODY_ETAG_SIZE])
{
    uint8_t input[MAX_UID + 8], *end = input;
    size_t size = strnlen(uid, MAX_UID);
    memcpy(end, uid, size);
    end += size;
    for (int i = 0; i < 8; i++)
        *end++ = (uint8_t)((uint64_t)revision >> (8 * i));
    static const char digits[] = "0123456789abcdef";
    uint64_t hash = siphash((const uint8_t *)store_id, input, (size_t)(end - input));
    out[0] = out[17] = '"';
    out[18] = '\0';
    for (int i = 16; i > 0; i--, hash >>= 4)
        out[i] = digits[hash & 15];
}

// google.protobuf.Timestamp: seconds = 1, nanos = 2, floor division so that nanos is never
// negative.
static uint8_t *put_time(uint8_t *out, uint32_t number, int64_t us)
{
    if (!us)
        return out;
    int64_t seconds = us / 1000000, rest = us % 1000000;
    if (rest < 0) {
        seconds--;
        rest += 1000000;
    }
    uint8_t time[24], *end = time;
    if (seconds) {
        end = pbwire_put_tag(end, 1, PBWIRE_VARINT);
        end = pbwire_put_varint(end, (uint64_t)seconds);
    }
    if (rest) {
        end = pbwire_put_tag(end, 2, PBWIRE_VARINT);
        end = pbwire_put_varint(end, (uint64_t)rest * 1000);
    }
    return pbwire_put_bytes(out, number, time, (size_t)(end - time));
}

size_t body_tail(const resource_type *type, const char store_id[17], const store_record *record,
                 uint8_t out[BODY_MAX_TAIL])
{
    uint8_t *end = out;
    if (*record->uid)
        end = pbwire_put_bytes(end, type->uid, record->uid, strnlen(record->uid, MAX_UID));
    if (record->revision) {
        char etag[BODY_ETAG_SIZE];
        body_etag(store_id, record->uid, record->revision, etag);
        end = pbwire_put_bytes(end, type->etag, etag, BODY_ETAG_SIZE - 1);
        end = pbwire_put_tag(end, type->revision, PBWIRE_VARINT);
        end = pbwire_put_varint(end, (uint64_t)record->revision);
    }
    end = put_time(end, type->create_time, record->create_time_us);
    end = put_time(end, type->update_time, record->update_time_us);
    end = put_time(end, type->delete_time, record->delete_time_us);
    end = put_time(end, type->purge_time, record->purge_time_us);
    return (size_t)(end - out);
}
