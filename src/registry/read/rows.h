// Rows of an answer: resources as elements of a repeated field, packed as they go out, in the view
// asked for and within the bytes that are left.
//
// Private to the registry; pure functions, any thread.
#ifndef REGISTRY_ROWS_H
#define REGISTRY_ROWS_H

#include "base/buffer.h"
#include "registry/type.h"
#include "store/store.h"

// A ResourceView number from a request.
bool view_is_known(int view);
bool view_is_basic(int view);
// INVALID_ARGUMENT with a violation at `view`.
nrpc_code view_check(int view, nrpc_status *status);
// How many elements a page may have: `standard` where 0 was asked for, `most` where more was. A
// negative number is a violation at the field.
size_t page_limit(int32_t asked, size_t standard, size_t most, const char *field,
                  nrpc_status *status);

typedef enum row_fit { ROW_FITS, ROW_TOO_MUCH, ROW_NO_MEMORY } row_fit;

// One element of field `field`, its pieces one behind the other. end: what out->size may become.
row_fit row_append(buffer *out, size_t end, uint32_t field, const store_bytes *pieces,
                   size_t count);
row_fit row_append_record(buffer *out, size_t end, uint32_t field, const resource_type *type,
                          const char store_id[17], int view, const store_record *record);

nrpc_code rows_no_memory(nrpc_status *status);
// RESOURCE_EXHAUSTED, reason MESSAGE_TOO_LARGE. field: what to ask for less of; fit: how much of
// `what` would have gone into max_size bytes.
nrpc_code rows_too_large(const char *field, const char *what, size_t fit, size_t max_size,
                         nrpc_status *status);

#endif
