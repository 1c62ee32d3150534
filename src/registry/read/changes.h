// What changed: the change log as ListChanges and ListRevisions answer it.
//
// A place in the log travels as `since`: "STOREID:REVISION" is behind the whole of that revision,
// "STOREID:REVISION.INDEX" behind one change inside it.
//
// Answers are packed ftz.v1.Change messages around stored bytes, which are never unpacked.
//
// Threads: any; reading may block in the store.
#ifndef REGISTRY_CHANGES_H
#define REGISTRY_CHANGES_H

#include "base/buffer.h"
#include "registry/registry.h"

enum {
    CHANGES_DEFAULT_PAGE = 100,
    CHANGES_MAX_PAGE = 1000,
    CHANGES_SINCE_SIZE = 64,
};

// A place between two changes: behind (revision, index); index -1 stands for the end of the
// revision before. A negative revision stands for the oldest change kept.
typedef struct change_place {
    int64_t revision;
    int index;
} change_place;

// Which changes somebody asks for.
typedef struct changes_filter {
    const char *name_prefix; // borrowed
    unsigned types;          // bit n: resource_kind n; 0: any
} changes_filter;

typedef struct changes_request {
    const char *since;
    const char *name_prefix;
    const char *const *resource_types;
    size_t resource_type_count;
    int32_t page_size;
    bool include_resources;
    int view;
    size_t max_size;    // of the rows, in bytes; the page ends early where it would be passed
    uint32_t row_field; // number of the response's repeated field
} changes_request;

// A request that has been looked through, to be asked once or many times.
typedef struct changes_query {
    change_place place; // moves on with every page
    changes_filter filter;
    size_t limit;
    bool include_resources;
    int view;
    size_t max_size;
    uint32_t row_field;
} changes_query;

// INVALID_ARGUMENT names every field at fault; OUT_OF_RANGE, reason RESYNC_REQUIRED, for the since
// of another store. *out borrows from request.
MUST_USE nrpc_code changes_query_init(const registry *r, const changes_request *request,
                                      changes_query *out, nrpc_status *status);

typedef struct changes_page {
    size_t count;     // of rows
    bool more;        // there is more already
    int64_t revision; // of the registry when it was read
} changes_page;

// Appends the next page of rows and moves q->place behind it, also over what does not match.
// OUT_OF_RANGE, reason RESYNC_REQUIRED, if changes in between are no longer kept.
MUST_USE nrpc_code registry_changes(registry *r, const store_context *c, changes_query *q,
                                    buffer *rows, changes_page *page, nrpc_status *status);

void changes_format_since(const registry *r, change_place place, char out[CHANGES_SINCE_SIZE]);

// Whether a change of this name is one of those asked for. For those who wait: cheap.
bool changes_match(const registry *r, const changes_filter *filter, const char *name);

typedef struct revisions_request {
    const char *name;
    int32_t page_size;
    const char *page_token;
    int view;
    size_t max_size;
    uint32_t row_field;
} revisions_request;

// Appends a page of Changes of one resource, newest first; next_page_token gets a token with its
// NUL, or stays empty. NOT_FOUND, reason RESOURCE_NOT_FOUND.
MUST_USE nrpc_code registry_revisions(registry *r, const store_context *c,
                                      const revisions_request *request, buffer *rows,
                                      buffer *next_page_token, nrpc_status *status);

#endif
