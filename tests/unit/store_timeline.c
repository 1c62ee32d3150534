// Timelines: order, pages both ways, days, kinds and scopes, against a sort of our own.
#include "unit/store_samples.h"

#include "store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>

// A moment, and whose.
typedef struct entry {
    store_moment moment;
    char name[64], path[16];
    bool in_b;
} entry;

enum { RECORDS = 60, MOMENTS = 3 };
static entry entries[RECORDS * MOMENTS];

static uint64_t seed = 99;

static unsigned pick(unsigned n)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(seed >> 33) % n;
}

static void random_moment(store_moment *m)
{
    int year = 2019 + (int)pick(3), month = 1 + (int)pick(2) * 11, day = 1 + (int)pick(2) * 29;
    m->precision = (int)pick(3);
    m->kind = 1 + (int)pick(3);
    month = m->precision ? month : 1;
    m->first = year * 10000 + month * 100 + (m->precision == 2 ? day : 1);
    m->last = m->precision == 2   ? m->first
              : m->precision == 1 ? year * 10000 + month * 100 + 31
                                  : year * 10000 + 1231;
}

static void make_moments(store *s)
{
    static indexed records[RECORDS];
    static store_moment moments[RECORDS][MOMENTS];
    for (int i = 0; i < RECORDS; i++) {
        char name[64];
        snprintf(name, sizeof name, "zones/a/events/e%02d", i * 37 % RECORDS);
        indexed_init(&records[i], name, "{}");
        indexed_place(&records[i], "zones/a");
        bool in_b = pick(3) == 0;
        if (in_b)
            indexed_place(&records[i], "zones/b");
        for (int k = 0; k < MOMENTS; k++) {
            entry *e = &entries[i * MOMENTS + k];
            *e = (entry){.in_b = in_b};
            snprintf(e->name, sizeof e->name, "%s", name);
            snprintf(e->path, sizeof e->path, "date%d", k);
            random_moment(&e->moment);
            e->moment.path = e->path;
            moments[i][k] = e->moment;
        }
        records[i].index.moments = moments[i];
        records[i].index.moment_count = MOMENTS;
    }
    put_all(s, STORE_CREATED, records, RECORDS);
}

static int by_time(const void *left, const void *right)
{
    const entry *a = *(entry *const *)left, *b = *(entry *const *)right;
    if (a->moment.first != b->moment.first)
        return a->moment.first - b->moment.first;
    if (a->moment.precision != b->moment.precision)
        return a->moment.precision - b->moment.precision;
    if (a->moment.kind != b->moment.kind)
        return a->moment.kind - b->moment.kind;
    int order = strcmp(a->name, b->name);
    return order ? order : strcmp(a->path, b->path);
}

static int backwards(const void *left, const void *right)
{
    return by_time(right, left);
}

static bool wanted(const store_timeline_query *q, const entry *e)
{
    if (q->to && q->to < q->from)
        return false; // no days
    bool kind = !q->kind_count;
    for (size_t i = 0; i < q->kind_count; i++)
        kind = kind || q->kinds[i] == e->moment.kind;
    return kind && (!q->from || e->moment.last >= q->from) &&
           (!q->to || e->moment.first <= q->to) && (strcmp(q->scope, "zones/b") != 0 || e->in_b) &&
           strcmp(q->scope, "zones/c") != 0;
}

typedef struct reading {
    size_t page, in_page, count;
    entry seen[RECORDS * MOMENTS + 1];
} reading;

static bool read_moment(void *context, const store_moment *m, const store_record *record)
{
    reading *r = context;
    assert_true(r->count < ARRAY_LEN(r->seen));
    entry *e = &r->seen[r->count++];
    e->moment = *m;
    snprintf(e->name, sizeof e->name, "%s", record->name);
    snprintf(e->path, sizeof e->path, "%s", m->path);
    e->moment.path = e->path;
    assert_string_equal(record->type, "Event");
    assert_memory_equal(record->body.data, "x", 1);
    assert_memory_equal(record->extra.data, "+x", 2);
    return ++r->in_page < r->page;
}

static const reading *read_all(store *s, store_timeline_query q, size_t page)
{
    static reading r;
    r = (reading){.page = page};
    do {
        int64_t revision;
        if (r.count) {
            q.after = &r.seen[r.count - 1].moment;
            q.after_name = r.seen[r.count - 1].name;
        }
        r.in_page = 0;
        assert_ok(store_timeline(s, &anytime, &q, read_moment, &r, &revision, NULL));
        assert_int_equal(revision, atomic_load(&s->revision));
    } while (r.in_page == page);
    return &r;
}

static void expect_timeline(store *s, const store_timeline_query *q, size_t page)
{
    entry *want[RECORDS * MOMENTS];
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(entries); i++)
        if (wanted(q, &entries[i]))
            want[count++] = &entries[i];
    qsort(want, count, sizeof want[0], q->descending ? backwards : by_time);
    const reading *r = read_all(s, *q, page);
    assert_int_equal(r->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(r->seen[i].name, want[i]->name);
        assert_string_equal(r->seen[i].path, want[i]->path);
        assert_int_equal(r->seen[i].moment.first, want[i]->moment.first);
        assert_int_equal(r->seen[i].moment.last, want[i]->moment.last);
        assert_int_equal(r->seen[i].moment.precision, want[i]->moment.precision);
        assert_int_equal(r->seen[i].moment.kind, want[i]->moment.kind);
    }
}

static void pages_either_way_are_those_of_a_sorted_list(void **state)
{
    store *s = ((fixture *)*state)->s;
    make_moments(s);
    static const char *const scopes[] = {"", "zones/a", "zones/b", "zones/c"};
    static const int32_t days[] = {0,        20190101, 20190102, 20191201, 20191215, 20200101,
                                   20201231, 20211231, 20211130, 20300101, 20181231};
    static const int kinds[] = {2, 3, 7};
    for (int round = 0; round < 400; round++) {
        store_timeline_query q = {
            .scope = scopes[pick(ARRAY_LEN(scopes))],
            .from = days[pick(ARRAY_LEN(days))],
            .to = days[pick(ARRAY_LEN(days))],
            .kinds = kinds,
            .kind_count = pick(4),
            .descending = pick(2),
        };
        expect_timeline(s, &q, 1 + pick(60));
    }
}

static void a_day_lies_in_its_month_and_year(void **state)
{
    store *s = ((fixture *)*state)->s;
    static const store_moment moments[] = {
        {20230101, 20231231, 0, 1, "year"},  {20230101, 20230131, 1, 1, "january"},
        {20231101, 20231130, 1, 1, "month"}, {20231101, 20231101, 2, 1, "first"},
        {20231115, 20231115, 2, 1, "day"},   {20240101, 20241231, 0, 1, "next"},
    };
    indexed r;
    indexed_init(&r, "zones/z/events/e", "{}");
    r.index.moments = moments;
    r.index.moment_count = ARRAY_LEN(moments);
    put_indexed(s, STORE_CREATED, &r);
    static const struct {
        int32_t from, to;
        const char *want;
    } cases[] = {
        {0, 0, "year january month first day next"},
        {20231115, 20231115, "year month day"},
        {20231101, 20231101, "year month first"},
        {20231102, 20231114, "year month"},
        {20230101, 20230101, "year january"},
        {20230301, 20230301, "year"},
        {20231116, 0, "year month next"},
        {0, 20230101, "year january"},
        {0, 20221231, ""},
        {20240301, 0, "next"},
        {20250101, 0, ""},
        {20231116, 20231115, ""},
    };
    for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
        const reading *read = read_all(
            s,
            (store_timeline_query){
                .scope = "", .from = cases[i / 2].from, .to = cases[i / 2].to, .descending = i % 2},
            2);
        char got[128] = "";
        for (size_t k = 0; k < read->count; k++) {
            strcat(got, k ? " " : "");
            strcat(got, read->seen[i % 2 ? read->count - 1 - k : k].path);
        }
        assert_string_equal(got, cases[i / 2].want);
    }
}

static void moments_follow_their_record(void **state)
{
    store *s = ((fixture *)*state)->s;
    store_moment moment = {20230101, 20230101, 2, 1, "date"};
    indexed r;
    indexed_init(&r, "zones/a/events/e", "{}");
    indexed_place(&r, "zones/a");
    r.index.moments = &moment;
    r.index.moment_count = 1;
    put_indexed(s, STORE_CREATED, &r);
    const store_timeline_query in_a = {.scope = "zones/a"}, in_b = {.scope = "zones/b"};
    assert_int_equal(read_all(s, in_a, 9)->count, 1);
    assert_int_equal(read_all(s, in_b, 9)->count, 0);
    moment.first = moment.last = 20240101;
    indexed_place(&r, "zones/b");
    put_indexed(s, STORE_UPDATED, &r);
    assert_int_equal(read_all(s, in_a, 9)->count, 1);
    assert_int_equal(read_all(s, in_a, 9)->seen[0].moment.first, 20240101);
    assert_int_equal(read_all(s, in_b, 9)->count, 1);
    put_indexed(s, STORE_DELETED, &r);
    assert_int_equal(read_all(s, in_b, 9)->count, 0);
    put_indexed(s, STORE_UNDELETED, &r);
    assert_int_equal(read_all(s, in_b, 9)->count, 1);
}

static void a_timeline_sees_its_snapshot(void **state)
{
    store *s = ((fixture *)*state)->s;
    make_moments(s);
    store_snapshot *snapshot;
    int64_t opened, revision;
    assert_ok(store_snapshot_open(s, &anytime, &snapshot, &opened, NULL));
    static const store_moment moment = {20000101, 20000101, 2, 1, "date"};
    indexed r;
    indexed_init(&r, "zones/a/events/new", "{}");
    r.index.moments = &moment;
    r.index.moment_count = 1;
    put_indexed(s, STORE_CREATED, &r);
    store_context c = anytime;
    c.snapshot = snapshot;
    static reading then;
    then = (reading){.page = 1};
    const store_timeline_query q = {.scope = ""};
    assert_ok(store_timeline(s, &c, &q, read_moment, &then, &revision, NULL));
    assert_int_equal(revision, opened);
    assert_true(then.seen[0].moment.first > 20000101);
    store_snapshot_close(s, snapshot);
    assert_int_equal(read_all(s, q, 1)->seen[0].moment.first, 20000101);
}

static void a_page_is_a_range_of_the_index(void **state)
{
    fixture *f = *state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    static const int kinds[] = {1, 2};
    for (int shape = 0; shape < 4; shape++) {
        store_timeline_query q = {.kinds = kinds, .kind_count = shape & 1 ? 2 : 0};
        q.descending = shape & 2;
        buffer sql = {0};
        buffer_append_text(&sql, "EXPLAIN QUERY PLAN ");
        assert_true(sqlite_timeline_sql(&sql, &q));
        sqlite3_stmt *stmt;
        assert_int_equal(sqlite3_prepare_v2(db, (const char *)sql.data, -1, &stmt, NULL),
                         SQLITE_OK);
        assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
        const char *want = q.descending ? "(scope=? AND (first,precision)>(?,?) AND "
                                          "(first,precision,kind,name,path)<(?,?,?,?,?))"
                                        : "(scope=? AND (first,precision,kind,name,path)>"
                                          "(?,?,?,?,?) AND (first,precision)<(?,?))";
        const char *got = (const char *)sqlite3_column_text(stmt, 3);
        if (!strstr(got, want))
            fail_msg("%s", got);
        assert_int_equal(sqlite3_step(stmt), SQLITE_DONE); // and nothing is sorted
        sqlite3_finalize(stmt);
        buffer_fini(&sql);
    }
    sqlite3_close(db);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(pages_either_way_are_those_of_a_sorted_list),
        CASE(a_day_lies_in_its_month_and_year),
        CASE(moments_follow_their_record),
        CASE(a_timeline_sees_its_snapshot),
        CASE(a_page_is_a_range_of_the_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
