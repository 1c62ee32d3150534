// Answers that come page by page: asked for one after the other, as far as --all and --limit say.
//
// The elements of a page are the response's field of number 1, in every method that has pages.
// Threads: one at a time.
#ifndef CLI_PAGES_H
#define CLI_PAGES_H

#include "cli.h"

#include <jansson.h>

// What the pages said besides their elements.
typedef struct pages {
    int64_t count;     // of elements
    char *token;       // of the page behind the last one asked for; NULL: there is none
    uint64_t revision; // of the last
    uint64_t total;
    bool changed; // the registry was written to in between
} pages;

typedef nrpc_code (*page_fn)(void *context, const nrpc_reply *reply, nrpc_status *status);

const schema_field *pages_field(const schema_method *method);
// Asks for one page after the other and hands each to `take`. request is borrowed; its pageSize and
// pageToken are set here. all: every page, whatever the options say. out is released with
// pages_fini in any case.
nrpc_code pages_walk(cli *c, const schema_method *method, json_t *request, bool all, page_fn take,
                     void *context, pages *out, nrpc_status *status);
void pages_fini(pages *p);

// Of a table: prints what the last response said besides its rows, behind them.
typedef void (*rest_fn)(const cli *c, const json_t *rest);

// Walks and prints, in the format asked for, and says on standard error what the rows do not.
// Takes the request. rest may be NULL. Returns the exit code; seen: NULL, or how many elements
// there were.
int pages_print(cli *c, const schema_method *method, json_t *request, bool all, rest_fn rest,
                int64_t *seen);
// On standard error, behind what was printed: that there is more, and how to get it.
void pages_say_rest(const cli *c, const pages *p);

#endif
