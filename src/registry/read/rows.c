#include "registry/read/rows.h"

#include "base/pbwire.h"
#include "ftz/v1/common.pb-c.h"
#include "registry/body.h"
#include "registry/names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool view_is_known(int view)
{
    return view >= 0 && view <= FTZ__V1__RESOURCE_VIEW__RESOURCE_VIEW_FULL;
}

nrpc_code view_check(int view, nrpc_status *status)
{
    if (view_is_known(view))
        return NRPC_OK;
    char text[16];
    snprintf(text, sizeof text, "%d", view);
    return name_violate(status, "view", "UNKNOWN_ENUM_VALUE", text,
                        "%d is no ResourceView; use RESOURCE_VIEW_BASIC or RESOURCE_VIEW_FULL",
                        view);
}

size_t page_limit(int32_t asked, size_t standard, size_t most, const char *field,
                  nrpc_status *status)
{
    if (asked < 0) {
        char text[16];
        snprintf(text, sizeof text, "%" PRId32, asked);
        name_violate(status, field, "NEGATIVE", text, "is %" PRId32 "; use 1 to %zu, or 0 for %zu",
                     asked, most, standard);
    }
    return asked <= 0 ? standard : (size_t)asked > most ? most : (size_t)asked;
}

bool view_is_basic(int view)
{
    return view == FTZ__V1__RESOURCE_VIEW__RESOURCE_VIEW_BASIC;
}

row_fit row_append(buffer *out, size_t end, uint32_t field, const store_bytes *pieces, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += pieces[i].size;
    size_t whole = pbwire_bytes_size(field, size);
    if (out->size > end || whole > end - out->size)
        return ROW_TOO_MUCH;
    uint8_t *next = buffer_reserve(out, whole);
    if (!next)
        return ROW_NO_MEMORY;
    next = pbwire_put_tag(next, field, PBWIRE_BYTES);
    next = pbwire_put_varint(next, size);
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].size)
            memcpy(next, pieces[i].data, pieces[i].size);
        next += pieces[i].size;
    }
    out->size += whole;
    return ROW_FITS;
}

row_fit row_append_record(buffer *out, size_t end, uint32_t field, const resource_type *type,
                          const char store_id[17], int view, const store_record *record)
{
    uint8_t tail[BODY_MAX_TAIL];
    size_t tail_size = body_tail(type, store_id, record, tail);
    store_bytes pieces[3] = {
        record->body, view_is_basic(view) ? (store_bytes){0} : record->extra, {tail, tail_size}};
    return row_append(out, end, field, pieces, ARRAY_LEN(pieces));
}

nrpc_code rows_no_memory(nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for the answer");
}

nrpc_code rows_too_large(const char *field, const char *what, size_t fit, size_t max_size,
                         nrpc_status *status)
{
    nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                    "the answer would exceed the message limit: %zu bytes are left for it, and %s "
                    "of %zu fits",
                    max_size, what, fit);
    nrpc_status_add(status, "limit", "%zu", max_size);
    return nrpc_status_add(status, field, "%zu", fit);
}
