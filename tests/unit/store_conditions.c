// Conditions: each operator, absence, lists, text that looks like something else, and a comparison
// of random ones with an evaluator of our own.
#include "unit/store_samples.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static rows list(store *s, const store_condition *c)
{
    rows r = {0};
    nrpc_status status = {0};
    int64_t revision = -1, count = -1;
    store_query q = {.type = "Event", .condition = c};
    assert_ok(store_list(s, &anytime, &q, remember_row, &r, &revision, &status) == 0
                  ? 0
                  : (puts(nrpc_status_get(&status, "detail")), 1));
    assert_ok(store_count(s, &anytime, &q, &count, &revision, NULL));
    assert_int_equal(count, r.count);
    // The same below a parent, which goes another way.
    rows below = {0};
    q.parent = "zones/z";
    assert_ok(store_list(s, &anytime, &q, remember_row, &below, &revision, NULL));
    assert_int_equal(below.count, r.count);
    assert_ok(store_count(s, &anytime, &q, &count, &revision, NULL));
    assert_int_equal(count, r.count);
    return r;
}

#define expect(condition, want)                                                                    \
    do {                                                                                           \
        rows found = list(s, condition);                                                           \
        assert_rows(&found, want);                                                                 \
    } while (0)

#define EVENT(id, document) put_document(s, "zones/z/events/" id, document)

static void comparisons_are_of_text_by_bytes_and_of_numbers_by_value(void **state)
{
    store *s = ((fixture *)*state)->s;
    EVENT("a", "{\"t\":\"B\",\"n\":9,\"r\":0.5,\"in\":{\"deep\":1}}");
    EVENT("b", "{\"t\":\"a\",\"n\":10,\"r\":1.5}");
    EVENT("c", "{\"t\":\"\xc3\xbc\",\"n\":-1,\"r\":2}");
    EVENT("d", "{}");
    expect(IS(DOCUMENT("t"), EQ, TEXT("a")), "b");
    expect(IS(DOCUMENT("t"), EQ, TEXT("A")), "");
    expect(IS(DOCUMENT("t"), NE, TEXT("a")), "a c");
    expect(IS(DOCUMENT("t"), LT, TEXT("a")), "a");
    expect(IS(DOCUMENT("t"), LE, TEXT("a")), "a b");
    expect(IS(DOCUMENT("t"), GT, TEXT("a")), "c");
    expect(IS(DOCUMENT("t"), GE, TEXT("a")), "b c");
    expect(IS(DOCUMENT("n"), EQ, NUMBER(9)), "a");
    expect(IS(DOCUMENT("n"), NE, NUMBER(9)), "b c");
    expect(IS(DOCUMENT("n"), LT, NUMBER(10)), "a c");
    expect(IS(DOCUMENT("n"), LE, NUMBER(10)), "a b c");
    expect(IS(DOCUMENT("n"), GT, NUMBER(-1)), "a b");
    expect(IS(DOCUMENT("n"), GE, NUMBER(10)), "b");
    expect(IS(DOCUMENT("n"), GT, REAL(9.5)), "b");
    expect(IS(DOCUMENT("r"), EQ, REAL(0.5)), "a");
    expect(IS(DOCUMENT("r"), GE, NUMBER(2)), "c");
    expect(IS(DOCUMENT("r"), EQ, NUMBER(2)), "c");
    expect(IS(DOCUMENT("in", "deep"), EQ, NUMBER(1)), "a");
    expect(IS(DOCUMENT("in", "other"), EQ, NUMBER(1)), "");
    expect(IS(DOCUMENT("t", "deep"), NE, NUMBER(1)), "");
    expect(IS(DOCUMENT("n"), EQ, {.kind = STORE_NULL}), "");
    expect(IS(DOCUMENT("n"), NE, {.kind = STORE_NULL}), "");
}

static void what_is_not_there_is_neither_equal_nor_different(void **state)
{
    store *s = ((fixture *)*state)->s;
    EVENT("a", "{\"n\":1}");
    EVENT("b", "{\"n\":2}");
    EVENT("c", "{}");
    expect(NOT(IS(DOCUMENT("n"), EQ, NUMBER(1))), "b c");
    expect(NOT(IS(DOCUMENT("n"), NE, NUMBER(1))), "a c");
    expect(NOT(NOT(IS(DOCUMENT("n"), NE, NUMBER(1)))), "b");
    expect(NOT(ALL(IS(DOCUMENT("n"), GE, NUMBER(1)), IS(DOCUMENT("m"), EQ, NUMBER(1)))), "a b c");
    expect(NOT(SOME(IS(DOCUMENT("n"), EQ, NUMBER(1)), IS(DOCUMENT("m"), EQ, NUMBER(1)))), "b c");
    expect(PRESENT(DOCUMENT("n")), "a b");
    expect(NOT(PRESENT(DOCUMENT("n"))), "c");
    expect(CONDITION(.operator= STORE_AND), "a b c");
    expect(CONDITION(.operator= STORE_OR), "");
    expect(NOT(CONDITION(.operator= STORE_OR)), "a b c");
    expect(ALL(IS(DOCUMENT("n"), EQ, NUMBER(1))), "a");
    expect(SOME(IS(DOCUMENT("n"), EQ, NUMBER(1)), IS(DOCUMENT("n"), EQ, NUMBER(2)),
                IS(DOCUMENT("n"), EQ, NUMBER(3))),
           "a b");
}

static void columns_compare_too_and_times_of_zero_are_not_there(void **state)
{
    store *s = ((fixture *)*state)->s;
    EVENT("a", "{}");
    EVENT("b", "{}");
    expect(IS(COLUMN("name"), EQ, TEXT("zones/z/events/b")), "b");
    expect(IS(COLUMN("name"), GT, TEXT("zones/z/events/a")), "b");
    expect(IS(COLUMN("name"), LIKE, TEXT("*/events/a")), "a");
    expect(IS(COLUMN("uid"), EQ, TEXT("00000000-0000-4000-8000-000000000001")), "a b");
    expect(IS(COLUMN("revision"), EQ, NUMBER(2)), "b");
    expect(IS(COLUMN("create_time_us"), GT, NUMBER(0)), "a b");
    expect(IS(COLUMN("delete_time_us"), LT, NUMBER(INT64_MAX)), "");
    expect(PRESENT(COLUMN("purge_time_us")), "");
    indexed gone;
    indexed_init(&gone, "zones/z/events/a", "{}");
    gone.sample.record.purge_time_us = 17;
    put_indexed(s, STORE_DELETED, &gone);
    rows r = {0};
    int64_t revision;
    store_query q = {
        .type = "Event", .show_deleted = true, .condition = PRESENT(COLUMN("purge_time_us"))};
    assert_ok(store_list(s, &anytime, &q, remember_row, &r, &revision, NULL));
    assert_rows(&r, "a");
}

static void wildcards_match_runs_and_all_else_is_literal(void **state)
{
    store *s = ((fixture *)*state)->s;
    EVENT("a", "{\"t\":\"100% [done]?\"}");
    EVENT("b", "{\"t\":\"a*b\"}");
    EVENT("c", "{\"t\":\"a\\\\b\"}");
    EVENT("d", "{\"t\":\"A_b\"}");
    EVENT("e", "{\"t\":\"喀什\"}");
    EVENT("f", "{\"t\":\"a^-]\"}");
    static const struct {
        const char *pattern, *want;
    } cases[] = {
        {"*", "a b c d e f"}, {"a*", "b c f"},       {"*b", "b c d"},     {"A*b", "d"},
        {"*%*", "a"},         {"100% [done]?", "a"}, {"100% [done]", ""}, {"*[*", "a"},
        {"[a*", ""},          {"*?", "a"},           {"?*", ""},          {"a\\*b", "b"},
        {"a\\\\b", "c"},      {"a\\b", ""},          {"*\\", ""},         {"*\\b", "b c d"},
        {"a_b", ""},          {"A_b", "d"},          {"喀*", "e"},        {"*什", "e"},
        {"*喀*什*", "e"},     {"a^-]", "f"},         {"[^a]*", ""},       {"", ""},
        {"**a**", "b c f"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        rows r = list(s, IS(DOCUMENT("t"), LIKE, TEXT(cases[i].pattern)));
        if (strcmp(short_names(&r), cases[i].want) != 0)
            fail_msg("%s: %s, not %s", cases[i].pattern, short_names(&r), cases[i].want);
    }
    // As long as a filter can make it, and every character in brackets.
    char *longest = malloc(8193);
    memset(longest, '[', 8192);
    longest[8192] = '\0';
    expect(IS(DOCUMENT("t"), LIKE, TEXT(longest)), "");
    free(longest);
}

static void any_speaks_of_one_element_at_a_time(void **state)
{
    store *s = ((fixture *)*state)->s;
    EVENT("a", "{\"q\":[{\"u\":\"CNY\",\"v\":1},{\"u\":\"USD\",\"v\":2}],\"tags\":[\"x\",\"y\"]}");
    EVENT("b", "{\"q\":[{\"u\":\"CNY\",\"v\":2}],\"in\":{\"list\":[3,4]}}");
    EVENT("c", "{\"q\":[{\"u\":\"USD\",\"parts\":[{\"v\":7},{\"v\":8}],\"tags\":[\"z\"]}]}");
    EVENT("d", "{}");
    const store_condition *cny = IS(ELEMENT("u"), EQ, TEXT("CNY"));
    const store_condition *two = IS(ELEMENT("v"), EQ, NUMBER(2));
    expect(ANY(DOCUMENT("q"), ALL(cny, two)), "b");
    expect(ALL(ANY(DOCUMENT("q"), cny), ANY(DOCUMENT("q"), two)), "a b");
    expect(ANY(DOCUMENT("q"), NOT(cny)), "a c");
    expect(NOT(ANY(DOCUMENT("q"), cny)), "c d");
    expect(ANY(DOCUMENT("q"), IS(ELEMENT("v"), NE, NUMBER(1))), "a b");
    expect(ANY(DOCUMENT("q"), PRESENT(ELEMENT("v"))), "a b");
    expect(ANY(DOCUMENT("q"), CONDITION(.operator= STORE_AND)), "a b c");
    expect(ANY(DOCUMENT("tags"), IS(ITSELF, EQ, TEXT("y"))), "a");
    expect(ANY(DOCUMENT("tags"), IS(ITSELF, LIKE, TEXT("*"))), "a");
    expect(ANY(DOCUMENT("tags"), PRESENT(ITSELF)), "a");
    expect(ANY(DOCUMENT("in", "list"), IS(ITSELF, GT, NUMBER(3))), "b");
    expect(ANY(DOCUMENT("q"), ANY(ELEMENT("parts"), IS(ELEMENT("v"), EQ, NUMBER(8)))), "c");
    expect(ANY(DOCUMENT("q"), ALL(IS(ELEMENT("u"), EQ, TEXT("USD")),
                                  ANY(ELEMENT("tags"), IS(ITSELF, EQ, TEXT("z"))),
                                  ANY(ELEMENT("parts"), IS(ELEMENT("v"), EQ, NUMBER(7))))),
           "c");
    expect(PRESENT(DOCUMENT("q")), "a b c");
    expect(PRESENT(DOCUMENT("in")), "b");
    // The record's own fields are still in sight.
    expect(ANY(DOCUMENT("q"), ALL(two, PRESENT(DOCUMENT("tags")))), "a");
}

static void tokens_are_found_in_the_columns_asked_for(void **state)
{
    store *s = ((fixture *)*state)->s;
    indexed r;
    indexed_init(&r, "zones/z/events/a", "{\"n\":1}");
    indexed_words(&r, 0, "kashi 喀什");
    indexed_words(&r, 2, "opening day");
    put_indexed(s, STORE_CREATED, &r);
    indexed_init(&r, "zones/z/events/b", "{\"n\":2}");
    indexed_words(&r, 3, "kashi or day");
    put_indexed(s, STORE_CREATED, &r);
    EVENT("c", "{}");
    expect(TOKEN(31, "kashi"), "a b");
    expect(TOKEN(1, "kashi"), "a");
    expect(TOKEN(1 << 3, "kashi"), "b");
    expect(TOKEN(1 << 2 | 1 << 3, "day"), "a b");
    expect(TOKEN(31, "喀什"), "a");
    expect(TOKEN(31, "喀"), "");
    expect(TOKEN(31, "kash"), "");
    expect(TOKEN(0, "kashi"), "");
    expect(NOT(TOKEN(31, "kashi")), "c");
    expect(SOME(TOKEN(31, "opening")), "a");
    expect(ALL(ALL(TOKEN(31, "kashi")), TOKEN(8, "or"), TOKEN(8, "day")), "b");
    expect(ALL(TOKEN(31, "kashi"), TOKEN(31, "nowhere")), "");
    expect(ALL(TOKEN(31, "kashi"), NOT(TOKEN(31, "opening"))), "b");
    expect(SOME(TOKEN(31, "opening"), IS(DOCUMENT("n"), EQ, NUMBER(2))), "a b");
    // What would mean something to FTS5 if it were not quoted, and could not be a token.
    static const char *const hostile[] = {
        "",      "\"",     "kashi\" OR \"day", "kash*", "kashi OR day", "NOT", "c0:kashi", "{c0}",
        "(",     "kashi)", "^kashi",           "-",     "kashi day",    "\\",  "'",        "\x01",
        "\x7f*", "NEAR",   "kashi + day",      "?1",    "\n",           "AND", "day\"",    "day;",
    };
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        expect(TOKEN(31, hostile[i]), "");
        expect(NOT(TOKEN(31, hostile[i])), "a b c");
    }
}

static void hostile_values_are_just_text(void **state)
{
    store *s = ((fixture *)*state)->s;
    static const char *const texts[] = {
        "'; DROP TABLE resource; --",
        "\"",
        "\\",
        "%",
        "?",
        "?1",
        ":a",
        "$.t",
        "{}",
        "[]",
        "null",
        "1",
        "\x01\x02\x1f",
        "a\nb",
        "*",
        "' OR 1=1 --",
        "\xf0\x9f\x98\x80",
        "NULL",
        " ",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char name[64];
        snprintf(name, sizeof name, "zones/z/events/%02zu", i);
        json_t *document = json_pack("{s:s, s:[s]}", "t", texts[i], "l", texts[i]);
        char *text = json_dumps(document, 0);
        put_document(s, name, text);
        free(text);
        json_decref(document);
    }
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char want[4];
        snprintf(want, sizeof want, "%02zu", i);
        expect(IS(DOCUMENT("t"), EQ, TEXT(texts[i])), want);
        expect(ANY(DOCUMENT("l"), IS(ITSELF, EQ, TEXT(texts[i]))), want);
    }
}

// AND of (OR of (AND of ...)), the inner one last, and NOT of every other one if asked for.
static const store_condition *nest(int levels, bool negated, const store_operand *operand)
{
    static store_condition memory[64 * 4];
    static const store_condition *children[64 * 4];
    const store_condition *last = IS(DOCUMENT("n"), EQ, NUMBER(1));
    memory[0] = *last;
    memory[0].operand = *operand;
    last = &memory[0];
    for (int i = 1; i <= levels; i++) {
        store_condition *leaf = &memory[3 * i], *junction = leaf + 1, *not = leaf + 2;
        *leaf = (store_condition){
            .operator= STORE_NE, .operand = *operand, .value = NUMBER(i % 2 ? 1 : 0)};
        children[3 * i] = leaf;
        children[3 * i + 1] = last;
        *junction = (store_condition){.operator= i % 2 ? STORE_OR : STORE_AND,
                                      .children = &children[3 * i],
                                      .child_count = 2};
        children[3 * i + 2] = junction;
        *not = (store_condition){
            .operator= STORE_NOT, .children = &children[3 * i + 2], .child_count = 1};
        last = negated && i % 4 > 1 ? not : junction;
    }
    return last;
}

static void deep_and_wide_conditions_are_answered(void **state)
{
    store *s = ((fixture *)*state)->s;
    EVENT("a", "{\"n\":1}");
    // As many tokens as a filter of 8 KB can hold.
    enum { WIDE = 2800 };
    static store_condition leaves[WIDE];
    static const store_condition *children[WIDE];
    const store_operand n = DOCUMENT("n");
    for (int i = 0; i < WIDE; i++) {
        leaves[i] = (store_condition){.operator= STORE_NE, .operand = n, .value = NUMBER(2 + i)};
        children[i] = &leaves[i];
    }
    store_condition wide = {.operator= STORE_AND, .children = children, .child_count = WIDE};
    expect(&wide, "a");
    wide.operator= STORE_OR;
    expect(&wide, "a");
    // Parentheses 32 deep hold 64 levels of AND and OR, or 32 with NOT between them.
    for (int levels = 1; levels <= 96; levels++) {
        const store_condition *c =
            levels > 64 ? nest(levels - 64, true, &n) : nest(levels, false, &n);
        bool holds = list(s, c).count;
        assert_int_equal(list(s, NOT(c)).count, !holds);
    }
    // Both.
    for (int i = 0; i < 60; i++) {
        leaves[i * 40] = (store_condition){.operator= i % 2 ? STORE_OR : STORE_AND,
                                           .children = &children[i * 40 + 1],
                                           .child_count = 40};
    }
    expect(&leaves[0], "a");
    for (int i = 0; i < WIDE; i++)
        leaves[i] = *TOKEN(31, "word");
    indexed r;
    indexed_init(&r, "zones/z/events/b", "{}");
    indexed_words(&r, 3, "word");
    put_indexed(s, STORE_CREATED, &r);
    expect(&wide, "b");
    wide.operator= STORE_AND;
    expect(&wide, "b");
    leaves[WIDE / 2] = *TOKEN(31, "other");
    expect(&wide, "");
}

// --- against an evaluator of our own

static uint64_t seed = 20231101;

static unsigned pick(unsigned n)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(seed >> 33) % n;
}

static const char *const words[] = {"a", "ab", "b*", "B", "喀", "", "a?[c]", "\\"};
static const char *const numbers[] = {"n", "m"}, *const texts[] = {"t", "type"};

static json_t *random_object(int depth)
{
    json_t *o = json_object();
    for (int i = 0; i < 2; i++) {
        if (pick(2))
            json_object_set_new(
                o, numbers[i], pick(4) ? json_integer((int)pick(5) - 1) : json_real(pick(4) / 2.0));
        if (pick(2))
            json_object_set_new(o, texts[i], json_string(words[pick(ARRAY_LEN(words))]));
    }
    if (depth && pick(2)) {
        json_t *list = json_array();
        for (unsigned n = 1 + pick(3); n-- > 0;)
            json_array_append_new(list, random_object(depth - 1));
        json_object_set_new(o, "list", list);
    }
    if (pick(2)) {
        json_t *list = json_array();
        for (unsigned n = 1 + pick(3); n-- > 0;)
            json_array_append_new(list, json_string(words[pick(ARRAY_LEN(words))]));
        json_object_set_new(o, "tags", list);
    }
    if (depth && pick(2))
        json_object_set_new(o, "in", random_object(0));
    if (depth == 2 && pick(3)) {
        int first = 20200101 + (int)pick(4) * 100;
        json_object_set_new(
            o, "date", json_pack("{s:i, s:i}", "first", first, "last", first + (pick(2) ? 30 : 0)));
    }
    return o;
}

// Conditions of one test, given back together.
typedef struct pool {
    store_condition conditions[64];
    const store_condition *children[128];
    const char *steps[128];
    size_t condition_count, child_count, step_count;
} pool;

static void set_operand(pool *p, store_condition *c, int depth, const char *a, const char *b)
{
    c->operand.source = depth ? STORE_ELEMENT : STORE_DOCUMENT;
    c->operand.steps = &p->steps[p->step_count];
    p->steps[p->step_count++] = a;
    if (b)
        p->steps[p->step_count++] = b;
    c->operand.step_count = b ? 2 : 1;
}

static void random_leaf(pool *p, store_condition *c, int depth)
{
    const char *in = pick(4) ? NULL : "in";
    if (!depth && !pick(5)) {
        set_operand(p, c, 0, "date", pick(2) ? "first" : "last");
        c->operator=(store_operator)(STORE_EQ + pick(6));
        c->value = (store_value)NUMBER(20200101 + (int)pick(4) * 100 + (pick(2) ? 30 : 0));
        return;
    }
    const char *field = (pick(2) ? numbers : texts)[pick(2)];
    bool text = field[0] == 't';
    set_operand(p, c, depth, in ? in : field, in ? field : NULL);
    c->operator=(store_operator)(STORE_EQ + pick(text ? 7 : 6));
    if (!pick(6))
        c->operator= STORE_PRESENT;
    else if (text)
        c->value = (store_value)TEXT(words[pick(ARRAY_LEN(words))]);
    else if (pick(2))
        c->value = (store_value)NUMBER((int)pick(5) - 1);
    else
        c->value = (store_value)REAL(pick(4) / 2.0);
}

static const store_condition *random_condition(pool *p, int levels, int depth)
{
    store_condition *c = &p->conditions[p->condition_count++];
    *c = (store_condition){0};
    switch (levels ? pick(6) : 5) {
    case 0:
    case 1:
    case 2: {
        c->operator= pick(3) ? STORE_AND : STORE_OR;
        c->child_count = 1 + pick(3);
        break;
    }
    case 3:
        c->operator= STORE_NOT;
        c->child_count = 1;
        break;
    case 4:
        c->operator= STORE_ANY;
        c->child_count = 1;
        if (depth < 2 && pick(2)) {
            set_operand(p, c, depth, "list", NULL);
            depth++;
            break;
        }
        set_operand(p, c, depth, "tags", NULL);
        store_condition *tag = &p->conditions[p->condition_count++];
        *tag = (store_condition){
            .operator=(store_operator)(STORE_EQ + pick(7)),
            .operand = ITSELF,
            .value = TEXT(words[pick(ARRAY_LEN(words))]),
        };
        c->children = &p->children[p->child_count];
        p->children[p->child_count++] = tag;
        return c;
    default:
        random_leaf(p, c, depth);
        return c;
    }
    c->children = &p->children[p->child_count];
    size_t first = p->child_count;
    p->child_count += c->child_count;
    for (size_t i = 0; i < c->child_count; i++)
        p->children[first + i] = random_condition(p, levels - 1, depth);
    return c;
}

static bool like(const char *text, const char *pattern)
{
    if (*pattern == '*')
        return like(text, pattern + 1) || (*text && like(text + 1, pattern));
    if (*pattern == '\\' && pattern[1])
        pattern++;
    return *pattern == *text && (!*text || like(text + 1, pattern + 1));
}

static const json_t *walk(const store_operand *o, const json_t *root, const json_t *element)
{
    const json_t *at = o->source == STORE_ELEMENT ? element : root;
    for (size_t i = 0; i < o->step_count && at; i++)
        at = json_object_get(at, o->steps[i]);
    return at;
}

static bool holds(const store_condition *c, const json_t *root, const json_t *element)
{
    const json_t *at = c->operator>= STORE_EQ ? walk(&c->operand, root, element) : NULL;
    int order;
    size_t count = 0;
    switch (c->operator) {
    case STORE_AND:
    case STORE_OR:
        for (size_t i = 0; i < c->child_count; i++)
            count += holds(c->children[i], root, element);
        return c->operator== STORE_AND ? count == c->child_count : count> 0;
    case STORE_NOT:
        return !holds(c->children[0], root, element);
    case STORE_PRESENT:
        return at;
    case STORE_ANY:
        for (size_t i = 0; i < json_array_size(at); i++)
            if (holds(c->children[0], root, json_array_get(at, i)))
                return true;
        return false;
    default:
        break;
    }
    if (!at)
        return false;
    if (c->operator== STORE_LIKE)
        return like(json_string_value(at), c->value.text);
    if (c->value.kind == STORE_TEXT) {
        order = strcmp(json_string_value(at), c->value.text);
    } else {
        double a = json_number_value(at),
               b = c->value.kind == STORE_REAL ? c->value.real : (double)c->value.integer;
        order = (a > b) - (a < b);
    }
    switch (c->operator) {
    case STORE_EQ:
        return order == 0;
    case STORE_NE:
        return order != 0;
    case STORE_LT:
        return order < 0;
    case STORE_LE:
        return order <= 0;
    case STORE_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

static void random_conditions_hold_where_a_naive_evaluator_says_so(void **state)
{
    store *s = ((fixture *)*state)->s;
    enum { RECORDS = 48, CONDITIONS = 1500 };
    json_t *documents[RECORDS];
    for (int i = 0; i < RECORDS; i++) {
        char name[64];
        snprintf(name, sizeof name, "zones/z/events/%02d", i);
        documents[i] = random_object(2);
        char *text = json_dumps(documents[i], JSON_REAL_PRECISION(17));
        put_document(s, name, text);
        free(text);
    }
    size_t matches = 0;
    for (int n = 0; n < CONDITIONS; n++) {
        static pool p;
        p.condition_count = p.child_count = p.step_count = 0;
        uint64_t from = seed;
        const store_condition *c = random_condition(&p, 3, 0);
        char want[RECORDS * 4] = "";
        for (int i = 0; i < RECORDS; i++) {
            if (holds(c, documents[i], NULL)) {
                char one[8];
                snprintf(one, sizeof one, "%s%02d", *want ? " " : "", i);
                strcat(want, one);
                matches++;
            }
        }
        rows r = list(s, c);
        if (strcmp(short_names(&r), want) != 0)
            fail_msg("condition of seed %llu: %s, not %s", (unsigned long long)from,
                     short_names(&r), want);
    }
    assert_in_range(matches, CONDITIONS, CONDITIONS * (RECORDS - 8));
    for (int i = 0; i < RECORDS; i++)
        json_decref(documents[i]);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(comparisons_are_of_text_by_bytes_and_of_numbers_by_value),
        CASE(what_is_not_there_is_neither_equal_nor_different),
        CASE(columns_compare_too_and_times_of_zero_are_not_there),
        CASE(wildcards_match_runs_and_all_else_is_literal),
        CASE(any_speaks_of_one_element_at_a_time),
        CASE(tokens_are_found_in_the_columns_asked_for),
        CASE(hostile_values_are_just_text),
        CASE(deep_and_wide_conditions_are_answered),
        CASE(random_conditions_hold_where_a_naive_evaluator_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
