// Searches: clauses over columns, pages by id, what is found of changed and deleted records.
#include "unit/store_samples.h"

#include <stdio.h>

enum { ANYWHERE = 31 };

static rows search(store *s, const store_search_query *q, size_t stop_at)
{
    rows r = {.stop_at = stop_at};
    int64_t revision = -1;
    assert_ok(store_search(s, &anytime, q, remember_row, &r, &revision, NULL));
    assert_int_equal(revision, atomic_load(&s->revision));
    return r;
}

#define TOKENS(...)                                                                                \
    .tokens = (const char *const[]){__VA_ARGS__},                                                  \
    .token_count = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#define CLAUSE(mask, ...)                                                                          \
    {                                                                                              \
        .columns = mask, TOKENS(__VA_ARGS__)                                                       \
    }
#define MUST(...)                                                                                  \
    .must = (const store_clause[]){__VA_ARGS__},                                                   \
    .must_count = sizeof((const store_clause[]){__VA_ARGS__}) / sizeof(store_clause)

#define expect(want, ...)                                                                          \
    do {                                                                                           \
        rows found = search(s, &(const store_search_query){__VA_ARGS__}, 0);                       \
        assert_rows(&found, want);                                                                 \
    } while (0)

static void add(store *s, const char *id, const char *names, const char *title, const char *prose)
{
    char name[64];
    snprintf(name, sizeof name, "zones/z/events/%s", id);
    indexed r;
    indexed_init(&r, name, "{}");
    indexed_words(&r, 0, names);
    indexed_words(&r, 2, title);
    indexed_words(&r, 3, prose);
    put_indexed(s, STORE_CREATED, &r);
}

static void fill(store *s)
{
    add(s, "a", "urumqi 乌鲁木齐", "opening day", "");
    add(s, "b", "", "urumqi day", "opening");
    add(s, "c", "kashi", "", "urumqi kashi");
    add(s, "d", "乌鲁木齐", "", "day");
}

static void all_tokens_of_each_clause_must_stand_in_its_columns(void **state)
{
    store *s = ((fixture *)*state)->s;
    fill(s);
    expect("a b c", MUST(CLAUSE(ANYWHERE, "urumqi")));
    expect("a", MUST(CLAUSE(1, "urumqi")));
    expect("b", MUST(CLAUSE(4, "urumqi")));
    expect("b c", MUST(CLAUSE(4 | 8, "urumqi")));
    expect("a b", MUST(CLAUSE(ANYWHERE, "urumqi", "opening")));
    expect("a", MUST(CLAUSE(1, "urumqi"), CLAUSE(4, "opening")));
    expect("", MUST(CLAUSE(1, "urumqi", "opening")));
    expect("a d", MUST(CLAUSE(ANYWHERE, "乌鲁木齐")));
    expect("", MUST(CLAUSE(ANYWHERE, "乌鲁")));
    expect("", MUST(CLAUSE(ANYWHERE, "urumq")));
    expect("", MUST(CLAUSE(0, "urumqi")));
    expect("a b c", MUST(CLAUSE(~0U, "urumqi")));
}

static void records_with_all_of_must_not_are_left_out(void **state)
{
    store *s = ((fixture *)*state)->s;
    fill(s);
    const store_clause opening = CLAUSE(ANYWHERE, "opening"), title = CLAUSE(4, "opening"),
                       both = CLAUSE(ANYWHERE, "urumqi", "kashi"), none = {.columns = ANYWHERE},
                       impossible = CLAUSE(ANYWHERE, "opening", "\"");
    expect("c", MUST(CLAUSE(ANYWHERE, "urumqi")), .must_not = &opening);
    expect("b c", MUST(CLAUSE(ANYWHERE, "urumqi")), .must_not = &title);
    expect("a b", MUST(CLAUSE(ANYWHERE, "urumqi")), .must_not = &both);
    expect("d", MUST(CLAUSE(ANYWHERE, "day"), CLAUSE(1, "乌鲁木齐")), .must_not = &opening);
    expect("a b c", MUST(CLAUSE(ANYWHERE, "urumqi")), .must_not = &impossible);
    expect("", MUST(CLAUSE(ANYWHERE, "urumqi")), .must_not = &none); // all of none stand anywhere
    expect("", .must_not = &opening);
}

static void what_fts5_would_take_for_syntax_is_found_nowhere(void **state)
{
    store *s = ((fixture *)*state)->s;
    fill(s);
    static const char *const hostile[] = {
        "\"",
        "urumqi\" OR \"kashi",
        "\"a\" OR b*",
        "urum*",
        "c0:urumqi",
        "{c0}: urumqi",
        "^urumqi",
        "urumqi OR kashi",
        "(urumqi)",
        ")",
        "",
        "urumqi AND",
        "urumqi day",
        "NEAR(urumqi day)",
        "-urumqi",
        "\\",
        "\x01",
        "\x7f",
        "urumqi\n",
        "'",
        "?1",
        ";",
        "urumqi\t",
        "+",
    };
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        const store_clause not = CLAUSE(ANYWHERE, hostile[i]);
        expect("", MUST(CLAUSE(ANYWHERE, hostile[i])));
        expect("", MUST(CLAUSE(ANYWHERE, "urumqi", hostile[i])));
        expect("a b c", MUST(CLAUSE(ANYWHERE, "urumqi")), .must_not = &not );
    }
    // Words of FTS5 are found where they stand.
    add(s, "e", "", "not and or near", "");
    expect("e", MUST(CLAUSE(ANYWHERE, "not", "and", "or", "near")));
    expect("", MUST(CLAUSE(ANYWHERE, "NOT", "x")));
}

static void pages_go_on_behind_an_id(void **state)
{
    store *s = ((fixture *)*state)->s;
    static indexed records[50];
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        char name[64];
        snprintf(name, sizeof name, "zones/z/events/%02zu", i * 17 % ARRAY_LEN(records));
        indexed_init(&records[i], name, "{}");
        indexed_words(&records[i], 1, i % 2 ? "common odd" : "common");
    }
    put_all(s, STORE_CREATED, records, ARRAY_LEN(records));
    store_search_query q = {MUST(CLAUSE(2, "common"))};
    for (size_t page = 1; page <= ARRAY_LEN(records) + 1; page += 6) {
        size_t seen = 0;
        q.after_id = 0;
        for (;;) {
            rows r = search(s, &q, page);
            for (size_t i = 0; i < r.count; i++) {
                assert_string_equal(r.row[i].name, records[seen++].sample.name);
                assert_true(r.row[i].id > q.after_id);
                q.after_id = r.row[i].id;
            }
            if (r.count < page)
                break;
        }
        assert_int_equal(seen, ARRAY_LEN(records));
    }
}

static void a_record_is_found_by_what_it_says_now(void **state)
{
    store *s = ((fixture *)*state)->s;
    fill(s);
    indexed r;
    indexed_init(&r, "zones/z/events/a", "{}");
    indexed_words(&r, 2, "renamed");
    put_indexed(s, STORE_UPDATED, &r);
    expect("b c", MUST(CLAUSE(ANYWHERE, "urumqi")));
    expect("a", MUST(CLAUSE(ANYWHERE, "renamed")));
    put_indexed(s, STORE_DELETED, &r);
    expect("", MUST(CLAUSE(ANYWHERE, "renamed")));
    put_indexed(s, STORE_UNDELETED, &r);
    expect("a", MUST(CLAUSE(ANYWHERE, "renamed")));
    put_indexed(s, STORE_DELETED, &r);
    put_indexed(s, STORE_PURGED, &r);
    expect("", MUST(CLAUSE(ANYWHERE, "renamed")));
}

static void a_search_brings_rows_as_a_list_does_and_sees_its_snapshot(void **state)
{
    store *s = ((fixture *)*state)->s;
    fill(s);
    store_search_query q = {MUST(CLAUSE(ANYWHERE, "kashi")), .with_extra = true};
    rows r = search(s, &q, 0);
    assert_int_equal(r.count, 1);
    assert_string_equal(r.row[0].type, "Event");
    assert_string_equal(r.row[0].parent, "zones/z");
    assert_string_equal(r.row[0].body, "x");
    assert_string_equal(r.row[0].extra, "+x");
    q.with_extra = false;
    assert_string_equal(search(s, &q, 0).row[0].extra, "");

    store_snapshot *snapshot;
    int64_t revision;
    assert_ok(store_snapshot_open(s, &anytime, &snapshot, &revision, NULL));
    add(s, "e", "kashi", "", "");
    store_context c = anytime;
    c.snapshot = snapshot;
    rows then = {0};
    int64_t seen;
    assert_ok(store_search(s, &c, &q, remember_row, &then, &seen, NULL));
    assert_int_equal(seen, revision);
    assert_rows(&then, "c");
    store_snapshot_close(s, snapshot);
    expect("c e", MUST(CLAUSE(ANYWHERE, "kashi")));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(all_tokens_of_each_clause_must_stand_in_its_columns),
        CASE(records_with_all_of_must_not_are_left_out),
        CASE(what_fts5_would_take_for_syntax_is_found_nowhere),
        CASE(pages_go_on_behind_an_id),
        CASE(a_record_is_found_by_what_it_says_now),
        CASE(a_search_brings_rows_as_a_list_does_and_sees_its_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
