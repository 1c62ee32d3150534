// CheckData: what is doubtful in the registry, resource by resource (doubts.h).
//
// Zone by zone, by name: the zone, its areas, its events, its power delegations, each by name.
// Sources and terms are not judged, only looked up. Memory holds a batch of resources at a time. A
// page looks at CHECK_MAX_LOOKED resources at most, so it may have fewer doubts than asked for, or
// none, and not be the last.
//
// Threads: any; may block in the store. A page is read from one snapshot.
#ifndef REGISTRY_CHECK_H
#define REGISTRY_CHECK_H

#include "base/buffer.h"
#include "registry/registry.h"

enum { CHECK_DEFAULT_PAGE = 100, CHECK_MAX_PAGE = 1000, CHECK_MAX_LOOKED = 10000 };

typedef struct registry_check_request {
    const char *parent; // "" or "zones/-": everything
    int32_t page_size;
    const char *page_token;
    uint32_t row_field; // number of the response's list of ftz.v1.Doubt
    size_t max_size;    // of the rows, in bytes; the page ends early where it would be passed
} registry_check_request;

// Appends a page of rows; *next_page_token gets text, or stays empty if this was the last.
// INVALID_ARGUMENT, also with reason PAGE_TOKEN_MISMATCH; NOT_FOUND for a parent that does not
// exist; RESOURCE_EXHAUSTED, reason MESSAGE_TOO_LARGE, if not even one row fits.
MUST_USE nrpc_code registry_check(registry *r, const store_context *c,
                                  const registry_check_request *request, buffer *rows,
                                  buffer *next_page_token, int64_t *revision, nrpc_status *status);

#endif
