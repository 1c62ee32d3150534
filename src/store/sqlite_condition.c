#include "store/sqlite.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// Conditions as SQL. A row is `r` of table resource; facts (sqlite.h) are read from `r` or from the
// `l` of table listing that led to it, so that a scan of an index need not look at the row.
// Elements are e1, e2 ..., the outermost first.
//
// No term of a condition may serve an index: which one is scanned, and from where, is decided in
// sqlite_plan.c. Hence the unary pluses.
//
// SQL's third value needs no care: a comparison with NULL is NULL, AND, OR and EXISTS of NULLs are
// true when they would be with false in their place, and NOT is written IS NOT TRUE.

// Values that stand in columns of their own, since people filter and order by them at scale.
static const struct {
    const char *type;
    const char *steps[2];
    sqlite_fact fact;
    const char *column;
} facts[] = {
    {"Event", {"type", NULL}, FACT_EVENT_TYPE, "event_type"},
    {"Event", {"date", "first"}, FACT_EVENT_FIRST, "event_first"},
    {"Event", {"date", "last"}, FACT_EVENT_LAST, "event_last"},
};

static bool __attribute__((unused)) is_word(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    return *text && !text[strspn(text, letters)];
}

static bool has_steps(const store_operand *o, const char *const *steps, size_t count)
{
    if (o->step_count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(o->steps[i], steps[i]) != 0)
            return false;
    return true;
}

sqlite_fact sqlite_fact_of(const char *type, const store_operand *o)
{
    if (o->source == STORE_COLUMN)
        return strcmp(o->steps[0], "name") == 0 ? FACT_NAME : FACT_NONE;
    if (o->source != STORE_DOCUMENT)
        return FACT_NONE;
    for (size_t i = 0; i < ARRAY_LEN(facts); i++)
        if (strcmp(facts[i].type, type) == 0 &&
            has_steps(o, facts[i].steps, facts[i].steps[1] ? 2 : 1))
            return facts[i].fact;
    return FACT_NONE;
}

const char *sqlite_fact_column(sqlite_fact fact)
{
    for (size_t i = 0; i < ARRAY_LEN(facts); i++)
        if (facts[i].fact == fact)
            return facts[i].column;
    return "name";
}

static void append_column(sqlite_text *t, const char *name)
{
    // 0 says that there is no such time.
    bool optional = strcmp(name, "delete_time_us") == 0 || strcmp(name, "purge_time_us") == 0;
    assert(is_word(name));
    buffer_printf(t->sql, optional ? "nullif(r.%s, 0)" : "r.%s", name);
    t->reads_rows = true;
}

static void append_path(sqlite_text *t, const store_operand *o)
{
    buffer_append_text(t->sql, "'$");
    for (size_t i = 0; i < o->step_count; i++) {
        assert(is_word(o->steps[i]));
        buffer_printf(t->sql, ".%s", o->steps[i]);
    }
    buffer_append_text(t->sql, "'");
}

static void append_root(sqlite_text *t, const store_operand *o)
{
    assert(o->source != STORE_ELEMENT || t->elements);
    if (o->source == STORE_ELEMENT) {
        buffer_printf(t->sql, "e%u.value", t->elements);
    } else {
        buffer_append_text(t->sql, "r.document");
        t->reads_rows = true;
    }
}

void sqlite_operand_sql(sqlite_text *t, const store_operand *o)
{
    sqlite_fact fact = sqlite_fact_of(t->type, o);
    if (fact) {
        buffer_printf(t->sql, "+%s.%s", t->facts, sqlite_fact_column(fact));
    } else if (o->source == STORE_COLUMN) {
        append_column(t, o->steps[0]);
    } else if (!o->step_count) {
        append_root(t, o);
    } else {
        buffer_append_text(t->sql, "(");
        append_root(t, o);
        buffer_append_text(t->sql, " ->> ");
        append_path(t, o);
        buffer_append_text(t->sql, ")");
    }
}

// How deep the parser of SQL must go, roughly.
static unsigned height(const store_condition *c)
{
    unsigned highest = 0;
    for (size_t i = 0; i < c->child_count; i++) {
        unsigned h = height(c->children[i]);
        highest = h > highest ? h : highest;
    }
    return highest + (c->operator== STORE_ANY ? 8 : 1);
}

// Children in the order they are written: the highest goes first, for SQLite's parser has a stack
// of a hundred places, on which everything left of a parenthesis waits.
static size_t highest_child(const store_condition *c)
{
    size_t found = 0;
    unsigned most = 0;
    for (size_t i = 0; i < c->child_count; i++) {
        unsigned h = height(c->children[i]);
        if (h > most) {
            most = h;
            found = i;
        }
    }
    return found;
}

static const store_condition *nth_child(const store_condition *c, size_t highest, size_t n)
{
    return c->children[n == 0 ? highest : n <= highest ? n - 1 : n];
}

// Where a condition is written, which says whether it needs parentheses. At the top are the root
// and the conjuncts of what is there.
typedef enum surroundings { AT_TOP, IN_PARENTHESES, IN_OR, IN_AND, IN_NOT } surroundings;

static void append(sqlite_text *t, const store_condition *c, surroundings in);

// In runs, and these in halves: the expression a AND b AND c ... is as deep as it is long, and
// SQLite takes none deeper than a thousand.
enum { RUN = 8 };

static void append_children(sqlite_text *t, const store_condition *c, surroundings in,
                            size_t highest, size_t from, size_t count)
{
    bool and = c->operator== STORE_AND;
    size_t half = count / 2;
    if (count > RUN) {
        buffer_append_text(t->sql, "(");
        append_children(t, c, in, highest, from, half);
        buffer_append_text(t->sql, and? ") AND (" : ") OR (");
        append_children(t, c, in, highest, from + half, count - half);
        buffer_append_text(t->sql, ")");
        return;
    }
    for (size_t i = from; i < from + count; i++) {
        if (i > from)
            buffer_append_text(t->sql, and? " AND " : " OR ");
        append(t, nth_child(c, highest, i), !and? IN_OR : in == AT_TOP ? AT_TOP : IN_AND);
    }
}

static void append_junction(sqlite_text *t, const store_condition *c, surroundings in)
{
    bool and = c->operator== STORE_AND;
    bool closed = in == IN_NOT || (!and&&(in == IN_AND || in == AT_TOP));
    if (!c->child_count) {
        buffer_append_text(t->sql, and? "1" : "0");
    } else if (c->child_count == 1) {
        append(t, c->children[0], !and&&in == AT_TOP ? IN_AND : in);
    } else {
        size_t highest = highest_child(c), first = c->child_count > RUN ? 1 : c->child_count;
        buffer_append_text(t->sql, closed ? "(" : "");
        append_children(t, c, in, highest, 0, first);
        if (first < c->child_count) {
            buffer_append_text(t->sql, and? " AND (" : " OR (");
            append_children(t, c, in, highest, first, c->child_count - first);
            buffer_append_text(t->sql, ")");
        }
        buffer_append_text(t->sql, closed ? ")" : "");
    }
}

static void append_any(sqlite_text *t, const store_condition *c)
{
    buffer_append_text(t->sql, "EXISTS (SELECT 1 FROM json_each(");
    append_root(t, &c->operand);
    if (c->operand.step_count) {
        buffer_append_text(t->sql, ", ");
        append_path(t, &c->operand);
    }
    t->elements++;
    buffer_printf(t->sql, ") AS e%u WHERE ", t->elements);
    append(t, c->children[0], IN_PARENTHESES);
    buffer_append_text(t->sql, ")");
    t->elements--;
}

static void append(sqlite_text *t, const store_condition *c, surroundings in)
{
    static const char *const comparisons[] = {
        [STORE_EQ] = "=", [STORE_NE] = "<>", [STORE_LT] = "<",      [STORE_LE] = "<=",
        [STORE_GT] = ">", [STORE_GE] = ">=", [STORE_LIKE] = "GLOB",
    };

    switch (c->operator) {
    case STORE_AND:
    case STORE_OR:
        append_junction(t, c, in);
        break;
    case STORE_NOT:
        buffer_append_text(t->sql, "(");
        append(t, c->children[0], IN_NOT);
        buffer_append_text(t->sql, " IS NOT TRUE)");
        break;
    case STORE_ANY:
        append_any(t, c);
        break;
    case STORE_HAS_TOKEN:
        if (in == AT_TOP) // the plan sees to it, with all the others of these
            buffer_printf(t->sql, "(?%d IS NOT NULL)", ++t->parameters);
        else
            buffer_printf(t->sql, "(+%s.id IN (SELECT rowid FROM search WHERE search MATCH ?%d))",
                          t->facts, ++t->parameters);
        break;
    case STORE_PRESENT:
        buffer_append_text(t->sql, "(");
        sqlite_operand_sql(t, &c->operand);
        buffer_append_text(t->sql, " IS NOT NULL)");
        break;
    default:
        buffer_append_text(t->sql, "(");
        sqlite_operand_sql(t, &c->operand);
        buffer_printf(t->sql, " %s ?%d)", comparisons[c->operator], ++t->parameters);
    }
}

void sqlite_condition_sql(sqlite_text *t, const store_condition *c)
{
    append(t, c, AT_TOP);
}

// The pattern of GLOB, which is case-sensitive and has its wildcards escaped by brackets.
static char *glob(const char *text)
{
    char *pattern = malloc(3 * strlen(text) + 1), *to = pattern;
    if (!pattern)
        return NULL;
    for (; *text; text++) {
        if (*text == '*') {
            *to++ = '*';
            continue;
        }
        if (*text == '\\' && text[1])
            text++;
        bool special = strchr("*?[", *text);
        if (special)
            *to++ = '[';
        *to++ = *text;
        if (special)
            *to++ = ']';
    }
    *to = '\0';
    return pattern;
}

void sqlite_condition_bind(sqlite_binder *b, const store_condition *c)
{
    size_t highest = highest_child(c);
    for (size_t i = 0; i < c->child_count; i++)
        sqlite_condition_bind(b, nth_child(c, highest, i));
    switch (c->operator) {
    case STORE_AND:
    case STORE_OR:
    case STORE_NOT:
    case STORE_ANY:
    case STORE_PRESENT:
        break;
    case STORE_HAS_TOKEN:
        sqlite_bind_owned(b, sqlite_match_tokens(c));
        break;
    case STORE_LIKE:
        sqlite_bind_owned(b, glob(c->value.text));
        break;
    default:
        sqlite_bind_value(b, &c->value);
    }
}
