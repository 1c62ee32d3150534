// order_by: paths, each perhaps with `desc` behind it, parted by commas (AIP-132).
#include "registry/filter/filter_private.h"

#include <string.h>

typedef struct orders {
    filter_job *job;
    const filter_scope *scope;
    store_order *list; // STORE_MAX_ORDERS of them
    size_t count;
} orders;

static bool same_operand(const store_operand *a, const store_operand *b)
{
    if (a->source != b->source || a->step_count != b->step_count)
        return false;
    for (size_t i = 0; i < a->step_count; i++)
        if (strcmp(a->steps[i], b->steps[i]) != 0)
            return false;
    return true;
}

static bool add(orders *o, const store_operand *operand, bool descending, filter_span where)
{
    for (size_t i = 0; i < o->count; i++)
        if (same_operand(&o->list[i].operand, operand))
            return filter_fault(o->job, where, "DUPLICATE_FIELD", NULL,
                                "'%s' is ordered by already", filter_copy(o->job, where));
    if (o->count == STORE_MAX_ORDERS)
        return filter_fault(o->job, where, "TOO_MANY_FIELDS", NULL,
                            "at most %d fields are ordered by; a date counts twice",
                            STORE_MAX_ORDERS);
    o->list[o->count++] = (store_order){*operand, descending};
    return true;
}

// By the first day that it may mean; where that is the same, the coarser date, which has the later
// last day, comes first.
static bool add_date(orders *o, const store_operand *date, bool descending, filter_span where)
{
    store_operand first = *date, last = *date;
    return filter_step(o->job, &first, "first") && filter_step(o->job, &last, "last") &&
           add(o, &first, descending, where) && add(o, &last, !descending, where);
}

static bool add_path(orders *o, const filter_path *path, bool descending)
{
    filter_target t;
    if (!filter_resolve(o->job, o->scope, path, &t))
        return false;
    if (t.list || t.hop_count)
        return filter_fault(o->job, path->where, "NOT_ORDERABLE", NULL,
                            "'%s' lies in a list, and a resource may have many of it",
                            filter_copy(o->job, path->where));
    switch (t.type) {
    case FILTER_MESSAGE:
    case FILTER_OPAQUE:
        return filter_fault(o->job, path->where, "NOT_ORDERABLE", NULL, "'%s' is %s without order",
                            filter_copy(o->job, path->where), filter_type_noun(t.type));
    case FILTER_BOOLEAN:
        return filter_fault(o->job, path->where, "NOT_ORDERABLE", NULL,
                            "'%s' is true or false: filter by it",
                            filter_copy(o->job, path->where));
    case FILTER_DATE:
        return add_date(o, &t.operand, descending, path->where);
    default:
        return add(o, &t.operand, descending, path->where);
    }
}

static bool wrong_token(filter_job *job, const filter_token *token, const char *expected)
{
    if (token->kind == FILTER_END)
        return filter_fault(job, token->where, "FILTER_SYNTAX", NULL, "%s is missing at the end",
                            expected);
    const char *meant = NULL;
    if (token->kind == FILTER_TEXT && token->text.size <= 10)
        meant = !strcasecmp(token->text.text, "desc") || !strcasecmp(token->text.text, "descending")
                    ? "desc"
                    : NULL;
    bool asc = token->kind == FILTER_TEXT && !strncasecmp(token->text.text, "asc", 3);
    return filter_fault(job, token->where, "FILTER_SYNTAX", meant,
                        "%s is expected, and here stands '%.*s'%s", expected,
                        (int)(token->where.end - token->where.at), job->text + token->where.at,
                        asc ? ", which goes without saying" : "");
}

static bool parse(orders *o)
{
    filter_job *job = o->job;
    filter_token token;
    if (!filter_lex(job, 0, FILTER_TERM, &token))
        return false;
    if (token.kind == FILTER_END)
        return true;
    for (;;) {
        filter_path path;
        if (token.kind != FILTER_TEXT)
            return wrong_token(job, &token, "the name of a field");
        if (!filter_parse_path(job, &token, &path))
            return false;
        bool descending = filter_is_word(job, &token, "desc");
        if (descending && !filter_lex(job, token.where.end, FILTER_TERM, &token))
            return false;
        if (!add_path(o, &path, descending))
            return false;
        if (token.kind == FILTER_END)
            return true;
        if (token.kind != FILTER_COMMA)
            return wrong_token(job, &token, descending ? "','" : "',' or 'desc'");
        if (!filter_lex(job, token.where.end, FILTER_TERM, &token))
            return false;
    }
}

static bool by_name(const store_order *order)
{
    return order->operand.source == STORE_COLUMN && !strcmp(order->operand.steps[0], "name");
}

nrpc_code filter_order(const resource_type *type, const schema_message *message, const char *text,
                       const char *field, arena *memory, const store_order **out, size_t *count,
                       nrpc_status *status)
{
    filter_job job;
    *out = NULL;
    *count = 0;
    bool good = filter_begin(&job, text, field, memory, status);
    const filter_scope scope = {.type = type, .message = message};
    orders o = {.job = &job, .scope = &scope};
    if (good) {
        o.list = arena_alloc(memory, STORE_MAX_ORDERS * sizeof *o.list);
        good = o.list && parse(&o);
    }
    nrpc_code code = filter_end(&job, good);
    if (code)
        return code;
    // The store ends every order by the name.
    for (size_t i = 0; i < o.count; i++)
        if (by_name(&o.list[i]))
            o.count = o.list[i].descending ? i + 1 : i;
    *out = o.list;
    *count = o.count;
    return NRPC_OK;
}
