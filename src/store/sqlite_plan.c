#include "store/sqlite.h"

#include <assert.h>
#include <string.h>

// How a list with a condition or orders is read. SQLite has no statistics of ours and cannot tell
// a filter that leaves three rows from one that leaves a million, so the index is chosen here and
// SQLite is told (INDEXED BY).
//
// The order comes from an index if one has it; from wherever such an index is entered, the page is
// the next rows of it. What is behind a row then falls into segments, read one after another, each
// a range of the index. For the orders k1, k2 and the row (v1, v2, name):
//
//   k1 = v1 and k2 = v2, name behind
//   k1 = v1, k2 behind v2
//   k1 = v1, k2 has no value
//   k1 behind v1
//   k1 has no value
//
// Otherwise one statement reads all these segments and sorts them. So it does where few rows have
// the tokens, or lie between the dates, that the condition asks for: then it reads only those.

// --- choice --------------------------------------------------------------------------------------

// A conjunct of the condition with one of these operators (bits) on this fact, if there is one.
static const store_condition *conjunct(const store_query *q, const store_condition *c,
                                       sqlite_fact fact, unsigned operators)
{
    if (!c)
        return NULL;
    if (c->operator== STORE_AND) {
        const store_condition *found = NULL;
        for (size_t i = 0; i < c->child_count && !found; i++)
            found = conjunct(q, c->children[i], fact, operators);
        return found;
    }
    if (!(operators & 1U << c->operator))
        return NULL;
    if (c->operator== STORE_HAS_TOKEN)
        return c; // of no fact
    bool number = fact == FACT_EVENT_FIRST || fact == FACT_EVENT_LAST;
    bool matches = sqlite_fact_of(q->type, &c->operand) == fact &&
                   c->value.kind == (number ? STORE_INTEGER : STORE_TEXT);
    return matches ? c : NULL;
}

enum {
    BOUNDS_LOW = 1U << STORE_GT | 1U << STORE_GE | 1U << STORE_EQ,
    BOUNDS_HIGH = 1U << STORE_LT | 1U << STORE_LE | 1U << STORE_EQ,
};

// Sets which column is read in a range, and its bounds. No event ends before it begins.
static void lead(sqlite_plan *p, sqlite_index index, sqlite_fact fact)
{
    const store_query *q = p->q;
    p->index = index;
    p->lead = fact;
    p->low = conjunct(q, q->condition, fact, BOUNDS_LOW);
    p->high = conjunct(q, q->condition, fact, BOUNDS_HIGH);
    if (fact == FACT_EVENT_FIRST && !p->high)
        p->high = conjunct(q, q->condition, FACT_EVENT_LAST, BOUNDS_HIGH);
}

void sqlite_plan_by_order(const store_query *q, bool count, sqlite_plan *p)
{
    *p = (sqlite_plan){.q = q, .count = count, .orders = count ? 0 : q->order_count};
    assert(p->orders <= STORE_MAX_ORDERS);
    sqlite_fact first = p->orders ? sqlite_fact_of(q->type, &q->orders[0].operand) : FACT_NAME;
    switch (first) {
    case FACT_EVENT_TYPE:
        lead(p, INDEX_EVENT_TYPE, FACT_EVENT_TYPE);
        break;
    case FACT_EVENT_FIRST:
        lead(p, INDEX_EVENT_DATE, FACT_EVENT_FIRST);
        break;
    case FACT_NAME:
    case FACT_EVENT_LAST:
    case FACT_NONE:
        p->is = conjunct(q, q->condition, FACT_EVENT_TYPE, 1U << STORE_EQ);
        lead(p, p->is ? INDEX_EVENT_TYPE : INDEX_NAME, FACT_NAME);
    }
    p->ordered = first == p->lead;
    if (conjunct(q, q->condition, FACT_NONE, 1U << STORE_HAS_TOKEN))
        p->tokens = TOKENS_SET;
}

bool sqlite_plan_by_tokens(const sqlite_plan *p, sqlite_plan *out)
{
    *out = *p;
    out->index = INDEX_TOKENS;
    out->is = out->low = out->high = NULL;
    out->ordered = false;
    return p->tokens;
}

bool sqlite_plan_by_date(const sqlite_plan *p, sqlite_plan *out)
{
    *out = *p;
    lead(out, INDEX_EVENT_DATE, FACT_EVENT_FIRST);
    out->is = NULL;
    out->ordered = false;
    return p->index != INDEX_EVENT_DATE && (out->low || out->high);
}

// Which order is by name, and so leaves nothing to those behind it; p->orders if none is.
static size_t order_by_name(const sqlite_plan *p)
{
    size_t i = 0;
    while (i < p->orders && sqlite_fact_of(p->q->type, &p->q->orders[i].operand) != FACT_NAME)
        i++;
    return i;
}

size_t sqlite_plan_segments(const sqlite_plan *p, sqlite_segment out[SQLITE_MAX_SEGMENTS])
{
    bool after = p->q->after && !p->count;
    size_t n = 0, by_name = order_by_name(p), depth = p->orders > 0;
    if (after)
        depth = by_name < p->orders ? by_name + 1 : p->orders;
    if (!p->orders || (after && by_name == p->orders))
        out[n++] = (sqlite_segment){p->orders, SEGMENT_NAMES};
    while (depth-- > 0) {
        if (after && p->q->after_keys[depth].kind == STORE_NULL)
            continue;
        out[n++] = (sqlite_segment){depth, SEGMENT_BEHIND};
        bool valued = depth == by_name || (!depth && p->ordered && (p->low || p->high));
        if (!valued)
            out[n++] = (sqlite_segment){depth, SEGMENT_NO_VALUE};
    }
    return n;
}

// --- text ----------------------------------------------------------------------------------------

// These parameters have always the same numbers. Behind them come the orders' values, then the
// condition's.
enum {
    PARAMETER_PARENT = 1,
    PARAMETER_AFTER,
    PARAMETER_LOW,
    PARAMETER_HIGH,
    PARAMETER_IS,
    PARAMETER_TOKENS,
};

static int key_parameter(size_t order)
{
    return PARAMETER_TOKENS + 1 + (int)order;
}

static void append_key(sqlite_text *t, const sqlite_plan *p, size_t order)
{
    const store_operand *o = &p->q->orders[order].operand;
    sqlite_fact fact = sqlite_fact_of(p->q->type, o);
    if (fact)
        buffer_printf(t->sql, "%s.%s", t->facts, sqlite_fact_column(fact));
    else
        sqlite_operand_sql(t, o);
}

static void append_low(sqlite_text *t, const sqlite_plan *p)
{
    const char *column = sqlite_fact_column(p->lead);
    if (p->low)
        buffer_printf(t->sql, " AND %s.%s >= ?%d", t->facts, column, PARAMETER_LOW);
    else if (p->ordered && p->lead == FACT_EVENT_TYPE)
        buffer_printf(t->sql, " AND %s.%s >= ''", t->facts, column); // above NULL
    else if (p->ordered && p->lead == FACT_EVENT_FIRST)
        buffer_printf(t->sql, " AND %s.%s >= 0", t->facts, column);
}

static void append_high(sqlite_text *t, const sqlite_plan *p)
{
    if (p->high)
        buffer_printf(t->sql, " AND %s.%s <= ?%d", t->facts, sqlite_fact_column(p->lead),
                      PARAMETER_HIGH);
}

// One range has one bound on each side, or SQLite might enter it at the worse of two.
static void append_behind(sqlite_text *t, const sqlite_plan *p, size_t order)
{
    bool after = p->q->after, descending = p->q->orders[order].descending;
    if (after) {
        buffer_append_text(t->sql, " AND ");
        append_key(t, p, order);
        buffer_printf(t->sql, " %s ?%d", descending ? "<" : ">", key_parameter(order));
    }
    if (order || !p->ordered)
        return;
    if (!after || descending)
        append_low(t, p);
    if (!after || !descending)
        append_high(t, p);
}

static void append_equal(sqlite_text *t, const sqlite_plan *p, size_t order)
{
    buffer_append_text(t->sql, " AND ");
    append_key(t, p, order);
    if (p->q->after_keys[order].kind == STORE_NULL)
        buffer_append_text(t->sql, " IS NULL");
    else
        buffer_printf(t->sql, " = ?%d", key_parameter(order));
}

static void append_segment(sqlite_text *t, const sqlite_plan *p, const sqlite_segment *s)
{
    for (size_t i = 0; i < s->depth; i++)
        append_equal(t, p, i);
    switch (s->kind) {
    case SEGMENT_BEHIND:
        append_behind(t, p, s->depth);
        break;
    case SEGMENT_NO_VALUE:
        buffer_append_text(t->sql, " AND ");
        append_key(t, p, s->depth);
        buffer_append_text(t->sql, " IS NULL");
        break;
    case SEGMENT_NAMES:
        if (p->q->after && !p->count)
            buffer_printf(t->sql, " AND %s.name > ?%d", t->facts, PARAMETER_AFTER);
        else if (p->ordered)
            append_low(t, p);
        if (p->ordered && !p->orders)
            append_high(t, p);
    }
}

// What a statement that sorts looks through: all segments, or all there is.
static void append_segments(sqlite_text *t, const sqlite_plan *p)
{
    append_low(t, p);
    append_high(t, p);
    if (!p->q->after || p->count)
        return;
    sqlite_segment segments[SQLITE_MAX_SEGMENTS];
    size_t n = sqlite_plan_segments(p, segments);
    for (size_t i = 0; i < n; i++) {
        buffer_append_text(t->sql, i ? ") OR (1" : " AND ((1");
        append_segment(t, p, &segments[i]);
    }
    buffer_append_text(t->sql, "))");
}

static void append_tokens(sqlite_text *t, const sqlite_plan *p)
{
    static const char match[] = "search WHERE search MATCH";
    if (p->index == INDEX_TOKENS)
        buffer_printf(t->sql, " AND r.id IN (SELECT rowid FROM %s ?%d)", match, PARAMETER_TOKENS);
    else if (p->tokens == TOKENS_SET)
        buffer_printf(t->sql, " AND +%s.id IN (SELECT rowid FROM %s ?%d)", t->facts, match,
                      PARAMETER_TOKENS);
    else if (p->tokens == TOKENS_LOOKUP)
        buffer_printf(t->sql, " AND EXISTS (SELECT 1 FROM %s ?%d AND rowid = %s.id)", match,
                      PARAMETER_TOKENS, t->facts);
}

static void append_where(sqlite_text *t, const sqlite_plan *p, const sqlite_segment *segment)
{
    // A literal: SQLite must see that the rows are those of a partial index.
    assert(!p->q->type[strspn(p->q->type, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")]);
    buffer_printf(t->sql, " WHERE %s.type = '%s'", t->facts, p->q->type);
    if (p->q->parent)
        buffer_printf(t->sql, " AND l.parent = ?%d", PARAMETER_PARENT);
    if (p->is)
        buffer_printf(t->sql, " AND %s.event_type = ?%d", t->facts, PARAMETER_IS);
    append_tokens(t, p);
    if (segment)
        append_segment(t, p, segment);
    else
        append_segments(t, p);
    if (!p->q->show_deleted)
        buffer_printf(t->sql, " AND %s.delete_time_us = 0", t->facts);
    if (p->q->condition) {
        buffer_append_text(t->sql, " AND ");
        sqlite_condition_sql(t, p->q->condition);
    }
}

static void append_from(buffer *sql, const sqlite_plan *p, bool reads_rows)
{
    static const char *const of_all[] = {
        [INDEX_NAME] = "INDEXED BY resource_by_type",
        [INDEX_EVENT_TYPE] = "INDEXED BY resource_event_by_type",
        [INDEX_EVENT_DATE] = "INDEXED BY resource_event_by_date",
        [INDEX_TOKENS] = "NOT INDEXED", // but by id
    };
    static const char *const of_parent[] = {
        [INDEX_NAME] = "NOT INDEXED", // but by its primary key
        [INDEX_EVENT_TYPE] = "INDEXED BY listing_event_by_type",
        [INDEX_EVENT_DATE] = "INDEXED BY listing_event_by_date",
    };
    if (!p->q->parent) {
        buffer_printf(sql, " FROM resource AS r %s", of_all[p->index]);
    } else if (p->index == INDEX_TOKENS) {
        buffer_printf(sql,
                      " FROM resource AS r %s CROSS JOIN listing AS l"
                      " ON l.type = r.type AND l.name = r.name",
                      of_all[p->index]);
    } else {
        buffer_printf(sql, " FROM listing AS l %s", of_parent[p->index]);
        if (reads_rows)
            buffer_append_text(sql, " CROSS JOIN resource AS r ON r.id = l.id");
    }
}

// By the orders that the segment leaves open, then by name.
static void append_order(buffer *sql, const sqlite_plan *p, const sqlite_segment *segment)
{
    size_t from = segment ? segment->depth + (segment->kind == SEGMENT_NO_VALUE) : 0;
    size_t by_name = order_by_name(p);
    buffer_append_text(sql, " ORDER BY ");
    for (size_t i = from; i < p->orders && i <= by_name; i++) {
        bool valued = i == by_name || (segment && segment->kind == SEGMENT_BEHIND && i == from);
        buffer_printf(sql, "%s%zu%s", i == from ? "" : ", ", i + 1,
                      p->q->orders[i].descending ? " DESC"
                      : valued                   ? ""
                                                 : " NULLS LAST");
    }
    if (by_name == p->orders)
        buffer_printf(sql, "%s%zu", from < p->orders ? ", " : "", p->orders + 1);
}

bool sqlite_plan_sql(const sqlite_plan *p, const sqlite_segment *segment, buffer *sql)
{
    buffer where = {0};
    sqlite_text t = {
        .sql = sql,
        .type = p->q->type,
        .facts = p->q->parent ? "l" : "r",
        .parameters = key_parameter(p->orders) - 1,
    };
    buffer_append_text(sql, "SELECT ");
    for (size_t i = 0; i < p->orders; i++) {
        append_key(&t, p, i);
        buffer_append_text(sql, ", ");
    }
    if (p->count)
        buffer_append_text(sql, "count(*)");
    else
        buffer_printf(sql, "%s.name, %s.id", t.facts, t.facts);
    t.sql = &where;
    append_where(&t, p, segment);
    append_from(sql, p, t.reads_rows);
    buffer_append(sql, where.data, where.size);
    if (!p->count)
        append_order(sql, p, segment);
    bool done = buffer_append_byte(sql, '\0') && !sql->failed && !where.failed;
    buffer_fini(&where);
    return done;
}

bool sqlite_plan_probe_sql(const sqlite_plan *p, int limit, buffer *sql)
{
    buffer_append_text(sql, "SELECT count(*) FROM (SELECT 1");
    if (p->index == INDEX_TOKENS) {
        buffer_printf(sql, " FROM search WHERE search MATCH ?%d", PARAMETER_TOKENS);
    } else {
        sqlite_plan bare = *p;
        store_query q = {.type = p->q->type, .parent = p->q->parent, .show_deleted = true};
        bare.q = &q;
        bare.orders = 0;
        bare.tokens = TOKENS_NONE;
        append_from(sql, &bare, false);
        sqlite_text t = {.sql = sql, .type = q.type, .facts = q.parent ? "l" : "r"};
        append_where(&t, &bare, NULL);
    }
    buffer_printf(sql, " LIMIT %d)", limit);
    return buffer_append_byte(sql, '\0') && !sql->failed;
}

// --- values --------------------------------------------------------------------------------------

// A parameter that this statement need not have.
static void bind_if_there(sqlite_binder *b, const store_value *value)
{
    if (b->index < sqlite3_bind_parameter_count(b->stmt))
        sqlite_bind_value(b, value);
    else
        b->index++;
}

static void bind_text_if_there(sqlite_binder *b, const char *text)
{
    bind_if_there(b, &(store_value){.kind = text ? STORE_TEXT : STORE_NULL, .text = text});
}

void sqlite_plan_bind(const sqlite_plan *p, sqlite_binder *b)
{
    static const store_value nothing = {.kind = STORE_NULL};

    bind_text_if_there(b, p->q->parent);
    bind_text_if_there(b, p->q->after);
    bind_if_there(b, p->low ? &p->low->value : &nothing);
    bind_if_there(b, p->high ? &p->high->value : &nothing);
    bind_if_there(b, p->is ? &p->is->value : &nothing);
    if (p->tokens && b->index < sqlite3_bind_parameter_count(b->stmt))
        sqlite_bind_owned(b, sqlite_match_tokens(p->q->condition));
    else
        bind_if_there(b, &nothing);
    for (size_t i = 0; i < p->orders; i++)
        bind_if_there(b, p->q->after_keys ? &p->q->after_keys[i] : &nothing);
    if (p->q->condition && b->index < sqlite3_bind_parameter_count(b->stmt))
        sqlite_condition_bind(b, p->q->condition);
}
