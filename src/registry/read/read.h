// Reading resources: one by name, many by name, page by page.
//
// Answers are packed bytes as they go out, never unpacked: stored body (and, for the FULL view,
// extra) with the registry's own fields behind it. Every answer says which revision it was read
// at; min_revision of the context asks for no older one.
//
// view: a ResourceView number from a request; UNSPECIFIED is FULL, an unknown one INVALID_ARGUMENT.
// Threads: any. All but registry_get_cached may block in the store.
#ifndef REGISTRY_READ_H
#define REGISTRY_READ_H

#include "base/buffer.h"
#include "registry/read/token.h"
#include "registry/registry.h"

typedef struct registry_result {
    store_bytes pieces[3]; // the packed resource, to be written one behind the other
    size_t count;
    int64_t revision;   // of the registry when it was read
    cache_entry *entry; // keeps the pieces alive
} registry_result;

// Zeroed is valid.
void registry_result_fini(registry_result *result);

// The answer if it is in memory. Never blocks and allocates nothing. False says only that
// registry_get must be asked: the name may be wrong, too.
bool registry_get_cached(registry *r, const resource_type *type, const char *name, int view,
                         int64_t min_revision, registry_result *out);

// name: also with "@revision". NOT_FOUND, reason RESOURCE_NOT_FOUND or REVISION_NOT_FOUND.
MUST_USE nrpc_code registry_get(registry *r, const store_context *c, const resource_type *type,
                                const char *name, int view, registry_result *out,
                                nrpc_status *status);

enum { REGISTRY_MAX_BATCH = 1000 };

typedef struct registry_batch_request {
    const resource_type *type;
    const char *parent; // "" or NULL: anywhere
    const char *const *names;
    size_t name_count;
    int view;
    uint32_t row_field; // number of the response's repeated field
    size_t max_size;    // of out, in bytes
} registry_batch_request;

// Appends one element a name to out, in the order of the names, all from one snapshot. NOT_FOUND
// names those that are missing; RESOURCE_EXHAUSTED, reason MESSAGE_TOO_LARGE, says how many fit.
MUST_USE nrpc_code registry_batch_get(registry *r, const store_context *c,
                                      const registry_batch_request *request, buffer *out,
                                      int64_t *revision, nrpc_status *status);

enum { REGISTRY_DEFAULT_PAGE = 50, REGISTRY_MAX_PAGE = 1000 };

typedef struct registry_list_request {
    const resource_type *type;
    const char *parent; // of a type with parents
    int32_t page_size;
    const char *page_token;
    const char *filter;
    const char *order_by;
    int view;
    bool show_deleted;
    bool include_total_size;
    uint32_t row_field;
    size_t max_size; // of the rows, in bytes; the page ends early where it would be passed
} registry_list_request;

typedef struct registry_page {
    buffer next_page_token; // text; empty: this was the last
    int64_t total_size;
    int64_t revision;
} registry_page;

// Zeroed is valid.
void registry_page_fini(registry_page *page);

// Appends a page of rows to `rows` and makes *page, also when it fails. filter and order_by as
// filter.h has them. Rows, total and revision are of one snapshot. INVALID_ARGUMENT, also with
// reason PAGE_TOKEN_MISMATCH; NOT_FOUND for a parent that does not exist; RESOURCE_EXHAUSTED,
// reason MESSAGE_TOO_LARGE, if not even one row fits, or ORDER_VALUE_TOO_LONG, if the list cannot
// go on behind the last one.
MUST_USE nrpc_code registry_list(registry *r, const store_context *c,
                                 const registry_list_request *request, buffer *rows,
                                 registry_page *page, nrpc_status *status);

#endif
