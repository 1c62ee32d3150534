// The grammar, which is that of AIP-160:
//
//   filter       [expression]
//   expression   factor {[AND] factor}         factors side by side are a conjunction too
//   factor       term {OR term}                OR binds tighter than AND
//   term         [NOT | "-"] simple
//   simple       "(" expression ")"  |  restriction  |  any
//   restriction  path [comparator argument]    a path alone is a literal, looked for as words
//   path         value {"." value}
//   comparator   "=" "!=" "<" "<=" ">" ">=" ":"
//   argument     value  |  "(" expression ")"  of literals alone
//   any          "any" "(" path "," "(" expression ")" ")"
//   value        a bare word, or a string in '...' or "..."
//
// A `\` takes the character behind it as it is. Words that stand side by side are parted by blanks.
#include "base/utf8.h"
#include "registry/filter/filter_private.h"
#include "registry/names.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FAULTS = 8, MAX_SHOWN = 60 };

bool filter_begin(filter_job *job, const char *text, const char *field, arena *memory,
                  nrpc_status *status)
{
    *job = (filter_job){
        .text = text, .size = strlen(text), .field = field, .memory = memory, .status = status};
    size_t good =
        utf8_valid_prefix(text, job->size < FILTER_MAX_SIZE ? job->size : FILTER_MAX_SIZE);
    if (job->size > FILTER_MAX_SIZE)
        return filter_fault(job, (filter_span){good, good}, "FILTER_TOO_LONG", NULL,
                            "only %d bytes are allowed, and there are %zu", FILTER_MAX_SIZE,
                            job->size);
    if (good < job->size)
        return filter_fault(job, (filter_span){good, good}, "FILTER_SYNTAX", NULL,
                            "what begins here is no UTF-8");
    return true;
}

nrpc_code filter_end(filter_job *job, bool good)
{
    if (job->faults)
        return NRPC_INVALID_ARGUMENT;
    if (good)
        return NRPC_OK;
    return nrpc_status_set(job->status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                           "out of memory for '%s'", job->field);
}

// Characters are code points, and the first is 1.
static size_t position_of(const filter_job *job, size_t at)
{
    size_t position = 1;
    for (size_t i = 0; i < at && i < job->size; i++)
        position += ((uint8_t)job->text[i] & 0xC0) != 0x80;
    return position;
}

bool filter_fault(filter_job *job, filter_span where, const char *reason, const char *suggestion,
                  const char *format, ...)
{
    if (job->faults++ >= MAX_FAULTS)
        return false;
    va_list args;
    va_start(args, format);
    char *text;
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    char found[MAX_SHOWN + 1];
    size_t size = where.end - where.at;
    size = utf8_valid_prefix(job->text + where.at, size < MAX_SHOWN ? size : MAX_SHOWN);
    snprintf(found, sizeof found, "%.*s", (int)size, job->text + where.at);
    bool first = !job->status->code;
    size_t position = position_of(job, where.at);
    name_violate(job->status, job->field, reason, found, "at character %zu: %s%s%s%s", position,
                 text ? text : "", suggestion ? "; did you mean '" : "",
                 suggestion ? suggestion : "", suggestion ? "'?" : "");
    free(text);
    if (first) {
        nrpc_status_add(job->status, "position", "%zu", position);
        if (suggestion)
            nrpc_status_add(job->status, "suggestion", "%s", suggestion);
    }
    return false;
}

bool filter_count_term(filter_job *job, filter_span where)
{
    if (++job->terms <= FILTER_MAX_TERMS)
        return true;
    return filter_fault(job, where, "FILTER_TOO_LONG", NULL,
                        "only %d comparisons and words are allowed, and here begins one more",
                        FILTER_MAX_TERMS);
}

const char *filter_copy(filter_job *job, filter_span where)
{
    return arena_strndup(job->memory, job->text + where.at, where.end - where.at);
}

nrpc_code filter_compile(const resource_type *type, const schema_message *message, const char *text,
                         const char *field, arena *memory, const store_condition **out,
                         nrpc_status *status)
{
    filter_job job;
    filter_token token;
    *out = NULL;
    if (!filter_begin(&job, text, field, memory, status) ||
        !filter_lex(&job, 0, FILTER_TERM, &token))
        return filter_end(&job, false);
    if (token.kind == FILTER_END)
        return NRPC_OK;
    const filter_scope scope = {.type = type, .message = message};
    const filter_node *tree = filter_parse(&job);
    const store_condition *condition = tree ? filter_check(&job, &scope, tree) : NULL;
    nrpc_code code = filter_end(&job, condition);
    if (!code)
        *out = condition;
    return code;
}
