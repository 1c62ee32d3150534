// Search: resources of any type by their names, in any script and spelling, and by words.
//
// What is asked goes through the tiers of match.h, best first; in each the store is asked for the
// records that have the tokens, and each record is held against the words once more, which finds
// the field to show. Within a tier zones come first, then areas, power delegations, events, terms
// and sources, each in the order of creation. A page looks at SEARCH_MAX_LOOKED records at most, so
// it may end early.
//
// Threads: any; may block in the store. A page is read from one snapshot.
#ifndef REGISTRY_SEARCH_H
#define REGISTRY_SEARCH_H

#include "base/buffer.h"
#include "registry/registry.h"

enum { SEARCH_DEFAULT_PAGE = 20, SEARCH_MAX_PAGE = 100, SEARCH_MAX_LOOKED = 1000 };

typedef struct registry_search_request {
    const char *query;
    const char *const *resource_types;
    size_t type_count;
    const char *parent; // "" or "zones/-": everything
    const char *language_code;
    int view;
    int32_t page_size;
    const char *page_token;
    uint32_t row_field; // number of the response's list of ftz.v1.SearchResult
    size_t max_size;    // of the rows, in bytes; the page ends early where it would be passed
} registry_search_request;

// Appends a page of rows; *next_page_token gets text, or stays empty if this was the last.
// INVALID_ARGUMENT, with violations REQUIRED, NO_WORD, QUERY_TOO_LONG or TOO_MANY_WORDS at query,
// UNKNOWN_TYPE, NAME_MALFORMED, UNKNOWN_ENUM_VALUE, NEGATIVE, PAGE_TOKEN_MISMATCH; NOT_FOUND for a
// parent that does not exist; RESOURCE_EXHAUSTED, reason MESSAGE_TOO_LARGE, if not even one row
// fits.
MUST_USE nrpc_code registry_search(registry *r, const store_context *c,
                                   const registry_search_request *request, buffer *rows,
                                   buffer *next_page_token, int64_t *revision, nrpc_status *status);

#endif
