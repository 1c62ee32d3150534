#include "unit/store_samples.h"

#include <stdio.h>

void indexed_init(indexed *r, const char *name, const char *document)
{
    *r = (indexed){0};
    sample_init(&r->sample, name, "x");
    if (strstr(name, "/events/"))
        r->sample.record.type = "Event";
    r->index.document = (store_bytes){document, strlen(document)};
    r->index.listings = r->listings;
    r->index.scopes = r->scopes;
}

void indexed_place(indexed *r, const char *parent)
{
    if (strcmp(parent, r->sample.parent) != 0)
        r->listings[r->index.listing_count++] = parent;
    r->scopes[r->index.scope_count++] = parent;
}

void indexed_words(indexed *r, int column, const char *tokens)
{
    r->index.search[column] = (store_bytes){tokens, strlen(tokens)};
}

typedef struct batch {
    store_operation operation;
    const indexed *records;
    size_t count;
} batch;

static nrpc_code write_batch(store_tx *tx, void *context, nrpc_status *status)
{
    const batch *b = context;
    nrpc_code code = NRPC_OK;
    for (size_t i = 0; i < b->count && !code; i++) {
        // Where the records are now, which may not be where they were made.
        const indexed *r = &b->records[i];
        store_index index = r->index;
        index.listings = r->listings;
        index.scopes = r->scopes;
        store_record record = r->sample.record;
        record.name = r->sample.name;
        record.parent = r->sample.parent;
        record.body.data = r->sample.body;
        record.extra.data = r->sample.extra;
        record.index = &index;
        code = store_tx_put(tx, b->operation, &record, status);
    }
    return code;
}

void put_all(store *s, store_operation operation, const indexed *r, size_t count)
{
    batch b = {operation, r, count};
    int64_t revision;
    assert_ok(store_write(s, &anytime, write_batch, &b, &revision, NULL));
}

int64_t put_indexed(store *s, store_operation operation, const indexed *r)
{
    batch b = {operation, r, 1};
    int64_t revision = -1;
    assert_ok(store_write(s, &anytime, write_batch, &b, &revision, NULL));
    return revision;
}

void put_document(store *s, const char *name, const char *document)
{
    indexed r;
    indexed_init(&r, name, document);
    put_indexed(s, STORE_CREATED, &r);
}

const char *short_names(const rows *r)
{
    static char text[4096];
    size_t size = 0;
    text[0] = '\0';
    for (size_t i = 0; i < r->count; i++) {
        const char *end = strrchr(r->row[i].name, '/');
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%s", i ? " " : "",
                                 end ? end + 1 : r->row[i].name);
        assert_true(size < sizeof text);
    }
    return text;
}
