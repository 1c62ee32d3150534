// Lists: order, paging, interruption, and the plans SQLite makes of them.
#include "unit/store_fixture.h"

#include "store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static rows list(store *s, const store_query *q, size_t stop_at)
{
    rows r = {.stop_at = stop_at};
    int64_t revision = -1;
    assert_ok(store_list(s, &anytime, q, remember_row, &r, &revision, NULL));
    assert_int_equal(revision, atomic_load(&s->revision));
    return r;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b); // as unsigned bytes
}

static void names_of_any_bytes_page_in_byte_order(void **state)
{
    store *s = ((fixture *)*state)->s;
    static const char *const ids[] = {
        "b",
        "a",
        "B",
        "a-",
        "a/",
        "a0",
        "\xc3\xbc",
        "u\xcc\x88",
        "乌鲁木齐",
        "霍尔果斯",
        "😀",
        "\xff\xfe",
        "\x01",
        "~",
        "'; DROP--",
        "%_",
        "a\x80",
        "zzzzzzzzzzzzzzzzzzzz",
        "\xed\xa0\x80",
        " ",
        "\"",
        "\n",
        "é",
        "A",
    };
    char *names[ARRAY_LEN(ids)];
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        assert_true(asprintf(&names[i], "zones/%s", ids[i]) > 0);
        put(s, STORE_CREATED, names[i], "x");
    }
    qsort(names, ARRAY_LEN(names), sizeof names[0], by_bytes);
    for (size_t page = 1; page <= ARRAY_LEN(ids) + 1; page++) {
        char after[256] = "";
        size_t seen = 0;
        for (;;) {
            rows r = list(s, &(store_query){.type = "Zone", .after = *after ? after : NULL}, page);
            for (size_t i = 0; i < r.count; i++)
                assert_string_equal(r.row[i].name, names[seen++]);
            if (r.count < page)
                break;
            strcpy(after, r.row[r.count - 1].name);
        }
        assert_int_equal(seen, ARRAY_LEN(ids));
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        free(names[i]);
}

static void fill(store *s)
{
    put(s, STORE_CREATED, "zones/a", "10");
    put(s, STORE_CREATED, "zones/a/areas/x", "1");
    put(s, STORE_CREATED, "zones/a/areas/y", "2");
    put(s, STORE_CREATED, "zones/a-b", "20");
    put(s, STORE_CREATED, "zones/a-b/areas/x", "3");
    put(s, STORE_CREATED, "zones/b", "30");
    put(s, STORE_DELETED, "zones/a/areas/y", "2");
}

static void expect_names(const rows *r, const char *want)
{
    char got[1024] = "";
    for (size_t i = 0; i < r->count; i++) {
        strcat(got, i ? " " : "");
        strcat(got, r->row[i].name);
    }
    assert_string_equal(got, want);
}

static void lists_hold_type_parent_and_deletion_apart(void **state)
{
    store *s = ((fixture *)*state)->s;
    fill(s);
    static const struct {
        store_query q;
        const char *want;
        int64_t count;
    } cases[] = {
        {{.type = "Zone"}, "zones/a zones/a-b zones/b", 3},
        {{.type = "Zone", .parent = ""}, "zones/a zones/a-b zones/b", 3},
        {{.type = "Area"}, "zones/a-b/areas/x zones/a/areas/x", 2},
        {{.type = "Area", .show_deleted = true},
         "zones/a-b/areas/x zones/a/areas/x zones/a/areas/y",
         3},
        {{.type = "Area", .parent = "zones/a"}, "zones/a/areas/x", 1},
        {{.type = "Area", .parent = "zones/a", .show_deleted = true},
         "zones/a/areas/x zones/a/areas/y",
         2},
        {{.type = "Area", .parent = "zones/a", .show_deleted = true, .after = "zones/a/areas/x"},
         "zones/a/areas/y",
         2},
        {{.type = "Area", .after = "zones/a-b/areas/x", .with_extra = true}, "zones/a/areas/x", 2},
        {{.type = "Area", .parent = "zones/b"}, "", 0},
        {{.type = "Nothing"}, "", 0},
        {{.type = "area"}, "", 0},
    };
    for (int again = 0; again < 2; again++) { // the second time from kept statements
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
            rows r = list(s, &cases[i].q, 0);
            expect_names(&r, cases[i].want);
            for (size_t k = 0; k < r.count; k++)
                assert_int_equal(r.row[k].extra[0], cases[i].q.with_extra ? '+' : '\0');
            int64_t n = -1, revision = -1;
            assert_ok(store_count(s, &anytime, &cases[i].q, &n, &revision, NULL));
            assert_int_equal(n, cases[i].count);
            assert_int_equal(revision, 7);
        }
    }
}

// --- interruption

static nrpc_code put_many(store_tx *tx, void *context, nrpc_status *status)
{
    (void)context;
    nrpc_code code = NRPC_OK;
    for (int i = 0; i < 1000 && !code; i++) {
        char name[32];
        snprintf(name, sizeof name, "zones/z%03d", i);
        sample r;
        sample_init(&r, name, "x");
        code = store_tx_put(tx, STORE_CREATED, &r.record, status);
    }
    return code;
}

typedef struct interruption {
    store_context c;
    atomic_bool cancelled;
    int rows;
} interruption;

static bool wait_until_late(void *context, const store_record *record)
{
    (void)record;
    interruption *i = context;
    while (clock_now_ns() < i->c.deadline_ns)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    i->rows++;
    return true;
}

static bool leave(void *context, const store_record *record)
{
    (void)record;
    interruption *i = context;
    atomic_store(&i->cancelled, true);
    i->rows++;
    return true;
}

static void a_deadline_stops_a_long_query(void **state)
{
    store *s = ((fixture *)*state)->s;
    nrpc_status status = {0};
    int64_t n;
    assert_ok(store_write(s, &anytime, put_many, NULL, &n, NULL));
    interruption i = {.c = anytime};
    i.c.deadline_ns = clock_now_ns() + 20000000;
    (void)!store_list(s, &i.c, &(store_query){.type = "Zone"}, wait_until_late, &i, &n, &status);
    expect_failure(&status, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED");
    assert_in_range(i.rows, 1, 999);
    (void)!store_count(s, &i.c, &(store_query){.type = "Zone"}, &n, &n, &status);
    expect_failure(&status, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED");
    assert_int_equal(list(s, &(store_query){.type = "Zone"}, 3).count, 3); // nothing left behind
}

static void cancelling_stops_a_long_query(void **state)
{
    store *s = ((fixture *)*state)->s;
    nrpc_status status = {0};
    int64_t n;
    assert_ok(store_write(s, &anytime, put_many, NULL, &n, NULL));
    interruption i = {.c = anytime};
    i.c.cancelled = &i.cancelled;
    (void)!store_list(s, &i.c, &(store_query){.type = "Zone"}, leave, &i, &n, &status);
    expect_failure(&status, NRPC_CANCELLED, "CANCELLED");
    assert_in_range(i.rows, 1, 999);
    (void)!store_get(s, &i.c, "zones/a", 0, true, remember_row, &(rows){0}, &status);
    expect_failure(&status, NRPC_CANCELLED, "CANCELLED");
}

// --- plans

static void expect_plan(sqlite3 *db, const char *sql, int max_steps)
{
    char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &stmt, NULL), SQLITE_OK);
    int steps = 0;
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *detail = (const char *)sqlite3_column_text(stmt, 3);
        bool scans = strstr(detail, "SCAN") && !strstr(detail, "VIRTUAL TABLE INDEX");
        if (scans || strstr(detail, "TEMP B-TREE"))
            fail_msg("%s\n  %s", sql, detail);
        steps++;
    }
    sqlite3_finalize(stmt);
    sqlite3_free(explain);
    assert_in_range(steps, 0, max_steps);
}

// As misleading as statistics get: nearly all rows of one type below one parent.
static const char lopsided[] =
    "ANALYZE;"
    "UPDATE sqlite_stat1 SET stat = '1000000 1000000 1 1' WHERE idx = 'resource_by_type';"
    "UPDATE sqlite_stat1 SET stat = '1000000 1000000 1000000 1' WHERE tbl = 'listing';"
    "UPDATE sqlite_stat1 SET stat = '1000000 1' WHERE idx = 'resource_by_name'";

static void every_statement_goes_straight_to_its_rows(void **state)
{
    fixture *f = *state;
    fill(f->s);
    for (int analyzed = 0; analyzed < 2; analyzed++) {
        sqlite3 *db;
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        for (int i = STATEMENT_META; i < STATEMENT_LIST; i++)
            expect_plan(db, sqlite_sql(i), 3);
        for (int shape = 0; shape < 16; shape++) {
            store_query q = {
                .type = "Zone",
                .parent = shape & 1 ? "" : NULL,
                .after = shape & 2 ? "" : NULL,
                .show_deleted = shape & 4,
                .with_extra = shape & 8,
            };
            assert_int_equal(sqlite_query_shape(&q), shape);
            for (int count = 0; count < 2; count++) {
                buffer sql = {0};
                assert_true(sqlite_query_sql(&sql, &q, count));
                expect_plan(db, (const char *)sql.data, q.parent && !count ? 2 : 1);
                buffer_fini(&sql);
            }
        }
        if (!analyzed)
            assert_int_equal(sqlite3_exec(db, lopsided, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(names_of_any_bytes_page_in_byte_order),
        CASE(lists_hold_type_parent_and_deletion_apart),
        CASE(a_deadline_stops_a_long_query),
        CASE(cancelling_stops_a_long_query),
        CASE(every_statement_goes_straight_to_its_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
