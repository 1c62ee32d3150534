#include "base/macros.h"
#include "registry/filter/filter_private.h"

#include <string.h>

typedef struct parser {
    filter_job *job;
    filter_token token;
    filter_place place; // of terms
    unsigned depth;
} parser;

static filter_node *parse_expression(parser *p);

static bool advance_to(parser *p, filter_place place)
{
    return filter_lex(p->job, p->token.where.end, place, &p->token);
}

static bool advance(parser *p)
{
    return advance_to(p, p->place);
}

static bool at_word(const parser *p, const char *word)
{
    return filter_is_word(p->job, &p->token, word);
}

static bool at_keyword(const parser *p)
{
    return at_word(p, "AND") || at_word(p, "OR") || at_word(p, "NOT");
}

static bool at_value(const parser *p)
{
    return p->token.kind == FILTER_TEXT || p->token.kind == FILTER_STRING;
}

// What was expected is not there. Returns NULL.
static filter_node *missing(parser *p, const char *what)
{
    filter_span where = p->token.where;
    if (p->token.kind == FILTER_END)
        filter_fault(p->job, where, "FILTER_SYNTAX", NULL, "%s is missing at the end", what);
    else
        filter_fault(p->job, where, "FILTER_SYNTAX", NULL, "%s is missing before '%.*s'", what,
                     (int)(where.end - where.at), p->job->text + where.at);
    return NULL;
}

static filter_node *new_node(parser *p, filter_kind kind, size_t at)
{
    filter_node *node = arena_zalloc(p->job->memory, sizeof *node);
    if (node) {
        node->kind = kind;
        node->where = (filter_span){at, at};
    }
    return node;
}

// A chain of nodes under construction.
typedef struct chain {
    filter_node *first, *last;
    size_t count;
} chain;

static bool append(chain *c, filter_node *node)
{
    if (!node)
        return false;
    if (c->last)
        c->last->next = node;
    else
        c->first = node;
    c->last = node;
    c->count++;
    return true;
}

// The node of a chain; that of a single one is itself.
static filter_node *join(parser *p, filter_kind kind, const chain *c)
{
    if (c->count == 1)
        return c->first;
    filter_node *node = new_node(p, kind, c->first->where.at);
    if (!node)
        return NULL;
    node->where.end = c->last->where.end;
    node->first = c->first;
    node->count = c->count;
    return node;
}

static bool enter(parser *p)
{
    if (p->depth == FILTER_MAX_DEPTH)
        return filter_fault(p->job, p->token.where, "FILTER_TOO_DEEP", NULL,
                            "parentheses, NOT and any() may lie %d deep, and here begins one more",
                            FILTER_MAX_DEPTH);
    p->depth++;
    return true;
}

static filter_node *parse_composite(parser *p)
{
    filter_span open = p->token.where;
    if (!enter(p) || !advance(p))
        return NULL;
    filter_node *node = parse_expression(p);
    if (!node)
        return NULL;
    if (p->token.kind != FILTER_CLOSE) {
        if (p->token.kind == FILTER_END)
            filter_fault(p->job, open, "FILTER_SYNTAX", NULL, "this '(' is not closed");
        else
            missing(p, "')'");
        return NULL;
    }
    p->depth--;
    return node;
}

bool filter_parse_path(filter_job *job, filter_token *token, filter_path *out)
{
    filter_segment segments[FILTER_MAX_SEGMENTS];
    size_t count = 0;
    for (;;) {
        if (count == FILTER_MAX_SEGMENTS)
            return filter_fault(job, token->where, "FILTER_TOO_DEEP", NULL,
                                "a path has at most %d segments", FILTER_MAX_SEGMENTS);
        segments[count++] = (filter_segment){token->where, token->text};
        if (!filter_lex(job, token->where.end, FILTER_TERM, token))
            return false;
        if (token->kind != FILTER_DOT || token->blank_before)
            break;
        filter_span dot = token->where;
        if (!filter_lex(job, token->where.end, FILTER_TERM, token))
            return false;
        if ((token->kind != FILTER_TEXT && token->kind != FILTER_STRING) || token->blank_before)
            return filter_fault(job, dot, "FILTER_SYNTAX", NULL,
                                "behind this '.' the name of a field is missing");
    }
    filter_segment *kept = arena_alloc(job->memory, count * sizeof *kept);
    if (!kept)
        return false;
    memcpy(kept, segments, count * sizeof *kept);
    *out = (filter_path){kept, count, {segments[0].where.at, segments[count - 1].where.end}};
    return true;
}

static filter_node *parse_any(parser *p, const filter_path *name)
{
    filter_node *node = new_node(p, FILTER_ANY, name->where.at);
    filter_place place = p->place;
    if (!node || !enter(p) || !filter_count_term(p->job, name->where) ||
        !advance_to(p, FILTER_TERM))
        return NULL;
    if (!at_value(p))
        return missing(p, "the list that any() looks at");
    if (!filter_parse_path(p->job, &p->token, &node->path))
        return NULL;
    if (p->token.kind != FILTER_COMMA)
        return missing(p, "',' and a condition in parentheses: any(list, (condition))");
    p->place = FILTER_TERM;
    if (!advance(p))
        return NULL;
    if (p->token.kind != FILTER_OPEN)
        return missing(p, "'(' around the condition: any(list, (condition))");
    filter_node *child = parse_composite(p);
    if (!child || !advance(p))
        return NULL;
    if (p->token.kind != FILTER_CLOSE)
        return missing(p, "the ')' of any()");
    node->first = child;
    node->count = 1;
    node->where.end = p->token.where.end;
    p->place = place;
    p->depth--;
    if (!advance(p))
        return NULL;
    if (p->token.kind == FILTER_COMPARATOR) {
        filter_fault(p->job, p->token.where, "WRONG_OPERATOR", NULL,
                     "any() is a condition by itself and not compared");
        return NULL;
    }
    return node;
}

// name: of a function, at whose "(" the parser stands.
static filter_node *parse_function(parser *p, const filter_path *name)
{
    if (name->count == 1 && !strcmp(name->segments[0].text.text, "any"))
        return parse_any(p, name);
    filter_fault(p->job, name->where, "UNKNOWN_FUNCTION", "any",
                 "there is no function '%.*s'; the only one is any(list, (condition))",
                 (int)(name->where.end - name->where.at), p->job->text + name->where.at);
    return NULL;
}

static filter_node *parse_literal(parser *p)
{
    if (at_keyword(p))
        return missing(p, "a value (a keyword that is meant as one stands in quotes)");
    filter_node *node = new_node(p, FILTER_LITERAL, p->token.where.at);
    if (!node || !filter_count_term(p->job, p->token.where))
        return NULL;
    node->where = p->token.where;
    node->literal = p->token.text;
    return advance(p) ? node : NULL;
}

// The argument of a restriction, behind its comparator.
static filter_node *parse_argument(parser *p)
{
    if (!advance_to(p, FILTER_ARGUMENT))
        return NULL;
    if (p->token.kind != FILTER_OPEN)
        return at_value(p) ? parse_literal(p) : missing(p, "a value");
    filter_place place = p->place;
    p->place = FILTER_GROUP;
    filter_node *node = parse_composite(p);
    p->place = place;
    return node && advance(p) ? node : NULL;
}

// A path without a comparator: what was written, as one literal.
static bool make_literal(parser *p, filter_node *node)
{
    static const struct {
        const char *written, *meant;
    } foreign[] = {{"and", "AND"}, {"or", "OR"}, {"not", "NOT"}, {"&&", "AND"}, {"||", "OR"}};
    const filter_path *path = &node->path;
    node->kind = FILTER_LITERAL;
    node->literal = path->segments[0].text;
    for (size_t i = 0; i < ARRAY_LEN(foreign) && path->count == 1 && !node->literal.quoted; i++)
        if (!strcmp(node->literal.text, foreign[i].written))
            return filter_fault(p->job, path->where, "FILTER_SYNTAX", foreign[i].meant,
                                "'%s' as a word to look for stands in quotes", foreign[i].written);
    for (size_t i = 1; i < path->count; i++) {
        const filter_text *more = &path->segments[i].text;
        const char *text = arena_printf(p->job->memory, "%s.%s", node->literal.text, more->text);
        if (!text)
            return false;
        node->literal.text = text;
        node->literal.size += 1 + more->size;
        node->literal.pattern = node->literal.pattern || more->pattern ? text : NULL;
        node->literal.quoted |= more->quoted;
    }
    return filter_count_term(p->job, path->where);
}

static filter_node *parse_restriction(parser *p)
{
    filter_node *node = new_node(p, FILTER_RESTRICTION, p->token.where.at);
    if (!node || !filter_parse_path(p->job, &p->token, &node->path))
        return NULL;
    node->where = node->path.where;
    if (p->token.kind == FILTER_OPEN && !p->token.blank_before)
        return parse_function(p, &node->path);
    if (p->token.kind != FILTER_COMPARATOR)
        return make_literal(p, node) ? node : NULL;
    node->comparator = p->token.comparator;
    node->first = parse_argument(p);
    if (!node->first)
        return NULL;
    node->count = 1;
    node->where.end = node->first->where.end;
    return node;
}

static filter_node *parse_simple(parser *p)
{
    if (p->token.kind == FILTER_OPEN) {
        filter_node *node = parse_composite(p);
        return node && advance(p) ? node : NULL;
    }
    if (!at_value(p) || at_keyword(p))
        return missing(p, p->place == FILTER_GROUP ? "a value" : "a condition");
    return p->place == FILTER_GROUP ? parse_literal(p) : parse_restriction(p);
}

static filter_node *parse_term(parser *p)
{
    bool minus = p->token.kind == FILTER_MINUS;
    if (!minus && !at_word(p, "NOT"))
        return parse_simple(p);
    filter_node *node = new_node(p, FILTER_NOT, p->token.where.at);
    if (!node || !enter(p) || !advance(p))
        return NULL;
    if (minus && p->token.blank_before)
        return missing(p, "what '-' negates, right behind it,");
    node->first = parse_simple(p);
    if (!node->first)
        return NULL;
    p->depth--;
    node->count = 1;
    node->where.end = node->first->where.end;
    return node;
}

static filter_node *parse_factor(parser *p)
{
    chain terms = {0};
    do
        if ((terms.count && !advance(p)) || !append(&terms, parse_term(p)))
            return NULL;
    while (at_word(p, "OR"));
    return join(p, FILTER_OR, &terms);
}

static filter_node *parse_expression(parser *p)
{
    chain factors = {0};
    for (;;) {
        if (!append(&factors, parse_factor(p)))
            return NULL;
        if (at_word(p, "AND")) {
            if (!advance(p))
                return NULL;
            continue;
        }
        if (p->token.kind == FILTER_END || p->token.kind == FILTER_CLOSE ||
            p->token.kind == FILTER_COMMA)
            return join(p, FILTER_AND, &factors);
        if (p->token.kind == FILTER_COMPARATOR) {
            if (p->place == FILTER_GROUP)
                filter_fault(p->job, p->token.where, "FILTER_SYNTAX", NULL,
                             "behind a comparator, parentheses hold values only");
            else
                missing(p, "the path of one field");
            return NULL;
        }
        if (!p->token.blank_before)
            return missing(p, "a blank");
    }
}

filter_node *filter_parse(filter_job *job)
{
    parser p = {.job = job, .place = FILTER_TERM};
    if (!advance(&p))
        return NULL;
    filter_node *node = parse_expression(&p);
    if (node && p.token.kind != FILTER_END) {
        filter_fault(job, p.token.where, "FILTER_SYNTAX", NULL, "nothing opened what '%c' ends",
                     job->text[p.token.where.at]);
        return NULL;
    }
    return node;
}
