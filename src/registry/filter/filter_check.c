#include "base/macros.h"
#include "registry/filter/filter_private.h"
#include "registry/index/tokens.h"

#include <string.h>

// Puts a condition of what a path leads to under the lists that the path crosses.
static const store_condition *wrap(filter_job *job, const filter_hop *hops, size_t count,
                                   const store_condition *condition)
{
    while (condition && count--) {
        const filter_hop *hop = &hops[count];
        if (hop->id) {
            store_operand id = {.source = STORE_ELEMENT};
            store_value value = {.kind = STORE_TEXT, .text = hop->id};
            if (!filter_step(job, &id, "id"))
                return NULL;
            const store_condition *chosen = filter_leaf(job, STORE_EQ, id, value);
            condition = filter_group(job, STORE_AND,
                                     (const store_condition *const[]){chosen, condition}, 2);
        }
        const store_condition **child = arena_alloc(job->memory, sizeof *child);
        if (!child)
            return NULL;
        *child = condition;
        condition = filter_keep(job, (store_condition){.operator= STORE_ANY,
                                                       .operand = hop->list,
                                                       .children = child,
                                                       .child_count = 1});
    }
    return condition;
}

// `f:*`
static const store_condition *present(filter_job *job, const filter_target *t)
{
    if (!t->operand.step_count) // the element itself: who looks at it has found it
        return filter_group(job, STORE_AND, NULL, 0);
    return filter_leaf(job, STORE_PRESENT, t->operand, (store_value){.kind = STORE_NULL});
}

// What may be meant by another comparator than `:` on a path that crosses a list.
static const char *instead(filter_job *job, const filter_target *t, const filter_node *restriction)
{
    const filter_node *literal = restriction->first;
    if (literal->kind != FILTER_LITERAL)
        return NULL;
    filter_span path = restriction->path.where;
    const char *whole = filter_copy(job, path), *value = filter_copy(job, literal->where);
    const char *outer = filter_copy(job, t->outer);
    filter_span rest = {t->outer.end + 1, literal->where.end};
    if (!whole || !value || !outer)
        return NULL;
    if (restriction->comparator == FILTER_EQ)
        return arena_printf(job->memory, "%s:%s", whole, value);
    if (t->list)
        return restriction->comparator == FILTER_NE
                   ? arena_printf(job->memory, "-%s:%s", whole, value)
                   : NULL;
    return arena_printf(job->memory, "any(%s, (%.*s))", outer, (int)(rest.end - rest.at),
                        job->text + rest.at);
}

// The messages' own `:`, which asks for one of their fields.
static const store_condition *has_field(filter_job *job, filter_target *t,
                                        const filter_node *literal)
{
    const filter_text *l = &literal->literal;
    const schema_field *f = filter_find_field(job, t->message, l->text, l->size, literal->where);
    if (!f || !filter_step(job, &t->operand, f->name))
        return NULL;
    t->type = filter_type_of(f);
    return present(job, t);
}

// `list:value`: an element that is it, or that has it as its id.
static const store_condition *has_element(filter_job *job, filter_target *t,
                                          const filter_node *restriction,
                                          const filter_node *literal)
{
    filter_comparison c = {.type = t->type,
                           .field = t->field,
                           .operand = {.source = STORE_ELEMENT},
                           .comparator = FILTER_HAS,
                           .path = restriction->path.where};
    if (t->type == FILTER_MESSAGE) {
        c.type = FILTER_STRING_VALUE;
        c.field = filter_find_field(job, t->message, "id", 2, literal->where);
        if (!c.field || !filter_step(job, &c.operand, "id"))
            return NULL;
    }
    const filter_hop hop = {.list = t->operand};
    return wrap(job, &hop, 1, filter_compare(job, &c, literal));
}

static const store_condition *check_value(filter_job *job, const filter_target *found,
                                          const filter_node *restriction,
                                          const filter_node *literal)
{
    filter_target t = *found;
    bool has = restriction->comparator == FILTER_HAS;
    const filter_text *l = &literal->literal;
    bool star = !l->quoted && !strcmp(l->text, "*") && l->pattern;
    const store_condition *condition;
    const filter_comparison c = {.type = t.type,
                                 .field = t.field,
                                 .operand = t.operand,
                                 .comparator = restriction->comparator,
                                 .path = restriction->path.where};
    if (has && star)
        condition = present(job, &t);
    else if (t.list)
        condition = has_element(job, &t, restriction, literal);
    else if (t.type == FILTER_MESSAGE && !has) {
        filter_fault(job, restriction->where, "WRONG_OPERATOR",
                     arena_printf(job->memory, "%s:*", filter_copy(job, restriction->path.where)),
                     "'%s' is a message: compare one of its fields",
                     filter_copy(job, restriction->path.where));
        return NULL;
    } else if (t.type == FILTER_MESSAGE)
        condition = has_field(job, &t, literal);
    else
        condition = filter_compare(job, &c, literal);
    return wrap(job, t.hops, t.hop_count, condition);
}

// Where a node stands. The argument of a restriction is a tree of literals, each compared with what
// the restriction names.
typedef struct checker {
    const filter_scope *scope;
    const filter_target *target; // of an argument; NULL outside
    const filter_node *restriction;
} checker;

static const store_condition *check(filter_job *job, const checker *c, const filter_node *node);

static const store_condition *check_restriction(filter_job *job, const filter_scope *scope,
                                                const filter_node *node)
{
    filter_target t;
    if (!filter_resolve(job, scope, &node->path, &t))
        return NULL;
    if (t.type == FILTER_OPAQUE) {
        filter_fault(job, node->path.where, "NOT_FILTERABLE", NULL, "'%s' cannot be compared",
                     t.field->name);
        return NULL;
    }
    if ((t.open || t.list) && node->comparator != FILTER_HAS) {
        filter_fault(job, node->where, "REPEATED_FIELD", instead(job, &t, node),
                     "'%s' has many elements: ask for one by ':', or by any()",
                     filter_copy(job, t.list ? node->path.where : t.outer));
        return NULL;
    }
    return check(job, &(checker){scope, &t, node}, node->first);
}

// The words of a literal are looked for in what search looks at.
static const store_condition *check_words(filter_job *job, const filter_node *literal)
{
    const filter_text *l = &literal->literal;
    token_list found;
    if (l->pattern) {
        filter_fault(job, literal->where, "WRONG_OPERATOR", NULL,
                     "a word alone finds whole words; '*' has its place behind '=' and ':'");
        return NULL;
    }
    if (!tokens_of_query(TOKENS_WORDS, l->text, l->size, job->memory, &found))
        return NULL;
    if (!found.count) {
        filter_fault(job, literal->where, "FILTER_SYNTAX", NULL, "there is no word to look for");
        return NULL;
    }
    const store_condition **children = arena_alloc(job->memory, found.count * sizeof *children);
    if (!children)
        return NULL;
    for (size_t i = 0; i < found.count; i++) {
        store_condition *child = arena_zalloc(job->memory, sizeof *child);
        if (!child || (i && !filter_count_term(job, literal->where)))
            return NULL;
        child->operator= STORE_HAS_TOKEN;
        child->value = (store_value){.kind = STORE_TEXT, .text = found.tokens[i]};
        child->columns = TOKENS_WORDS;
        children[i] = child;
    }
    return found.count == 1 ? children[0] : filter_group(job, STORE_AND, children, found.count);
}

static const store_condition *check_literal(filter_job *job, const filter_scope *scope,
                                            const filter_node *literal)
{
    if (!scope->list)
        return check_words(job, literal);
    if (scope->message) {
        filter_fault(job, literal->where, "WRONG_OPERATOR",
                     arena_printf(job->memory, "id = %s", filter_copy(job, literal->where)),
                     "within any(), a field of the element is compared");
        return NULL;
    }
    const filter_comparison c = {.type = filter_type_of(scope->list),
                                 .field = scope->list,
                                 .operand = {.source = STORE_ELEMENT},
                                 .comparator = FILTER_EQ,
                                 .path = literal->where};
    return filter_compare(job, &c, literal);
}

static const store_condition *check_any(filter_job *job, const filter_scope *scope,
                                        const filter_node *node)
{
    filter_target t;
    if (!filter_resolve(job, scope, &node->path, &t))
        return NULL;
    if (!t.list) {
        filter_fault(job, node->path.where, "WRONG_TYPE", NULL,
                     "any() looks at lists, and '%s' is "
                     "none",
                     filter_copy(job, node->path.where));
        return NULL;
    }
    const filter_scope inner = {.message = t.type == FILTER_MESSAGE ? t.message : NULL,
                                .list = t.field};
    const filter_hop hop = {.list = t.operand};
    return wrap(job, t.hops, t.hop_count,
                wrap(job, &hop, 1, filter_check(job, &inner, node->first)));
}

static const store_condition *check(filter_job *job, const checker *c, const filter_node *node)
{
    static const store_operator operators[] = {
        [FILTER_AND] = STORE_AND, [FILTER_OR] = STORE_OR, [FILTER_NOT] = STORE_NOT};
    switch (node->kind) {
    case FILTER_LITERAL:
        return c->target ? check_value(job, c->target, c->restriction, node)
                         : check_literal(job, c->scope, node);
    case FILTER_RESTRICTION:
        return check_restriction(job, c->scope, node);
    case FILTER_ANY:
        return check_any(job, c->scope, node);
    default:
        break;
    }
    const store_condition **children = arena_alloc(job->memory, node->count * sizeof *children);
    if (!children)
        return NULL;
    size_t count = 0;
    for (const filter_node *child = node->first; child; child = child->next)
        children[count++] = check(job, c, child);
    return filter_group(job, operators[node->kind], children, count);
}

const store_condition *filter_check(filter_job *job, const filter_scope *scope,
                                    const filter_node *tree)
{
    return check(job, &(checker){.scope = scope}, tree);
}
