// The change log: read from a place, filtered, looked back through, and kept short.
#include "unit/store_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define ZONE "zones/a"
#define AREA "zones/a/areas/x"

// "1.0 C zones/a" for each change, one behind the other.
typedef struct told {
    size_t stop_at, count;
    char text[2048];
} told;

static bool tell(void *context, const store_change *c)
{
    told *t = context;
    size_t n = strlen(t->text);
    snprintf(t->text + n, sizeof t->text - n, "%s%lld.%d %c %s", n ? ", " : "",
             (long long)c->revision, c->index, "-CUDNP"[c->operation], c -> record -> name);
    return ++t->count != t->stop_at;
}

typedef struct place {
    int64_t revision;
    int index;
} place;

static place expect_changes(store *s, store_changes_query q, size_t stop_at, const char *want)
{
    told t = {.stop_at = stop_at};
    place p;
    q.name_prefix = q.name_prefix ? q.name_prefix : "";
    assert_ok(store_changes(s, &anytime, &q, tell, &t, &p.revision, &p.index, NULL));
    assert_string_equal(t.text, want);
    return p;
}

static void expect_place(place p, int64_t revision, int index)
{
    assert_int_equal(p.revision, revision);
    assert_int_equal(p.index, index);
}

static void expect_history(store *s, const char *name, int64_t before, int index, size_t stop_at,
                           const char *want)
{
    told t = {.stop_at = stop_at};
    assert_ok(store_history(s, &anytime, name, before, index, tell, &t, NULL));
    assert_string_equal(t.text, want);
}

static void expect_body(store *s, const char *name, int64_t at, const char *want)
{
    rows r = {0};
    nrpc_code code = store_get(s, &anytime, name, at, false, remember_row, &r, NULL);
    assert_int_equal(code, want ? NRPC_OK : NRPC_NOT_FOUND);
    if (want)
        assert_string_equal(r.row[0].body, want);
}

static void expect_not_kept(store *s, const char *name, int64_t at)
{
    nrpc_status status = {0};
    (void)!store_get(s, &anytime, name, at, false, remember_row, &(rows){0}, &status);
    expect_failure(&status, NRPC_OUT_OF_RANGE, "REVISION_NOT_KEPT");
}

static void expect_resync(store *s, int64_t revision, int index)
{
    nrpc_status status = {0};
    place p;
    store_changes_query q = {.after_revision = revision, .after_index = index, .name_prefix = ""};
    (void)!store_changes(s, &anytime, &q, tell, &(told){0}, &p.revision, &p.index, &status);
    expect_failure(&status, NRPC_OUT_OF_RANGE, "RESYNC_REQUIRED");
}

static nrpc_code put_pair(store_tx *tx, void *context, nrpc_status *status)
{
    const char *const *names = context;
    for (int i = 0; i < 2; i++) {
        sample r;
        sample_init(&r, names[i], "x");
        nrpc_code code = store_tx_put(tx, STORE_CREATED, &r.record, status);
        if (code)
            return code;
    }
    return NRPC_OK;
}

static void fill(store *s)
{
    put(s, STORE_CREATED, ZONE, "1");       // 1
    put(s, STORE_CREATED, AREA, "2");       // 2
    put(s, STORE_CREATED, "zones/ab", "3"); // 3
    static const char *const pair[] = {"zones/a/areas/y", "zones/b"};
    int64_t revision;
    assert_ok(store_write(s, &anytime, put_pair, (void *)pair, &revision, NULL)); // 4
    put(s, STORE_UPDATED, ZONE, "5");                                             // 5
}

// --- reading

static void changes_are_those_of_a_prefix_and_of_types(void **state)
{
    store *s = ((fixture *)*state)->s;
    fill(s);
    static const char *const types[] = {"Zone", "Area"};
    expect_changes(s, (store_changes_query){.name_prefix = "zones/a/"}, 0,
                   "2.0 C zones/a/areas/x, 4.0 C zones/a/areas/y");
    expect_changes(s, (store_changes_query){.name_prefix = ZONE, .after_index = -1}, 0,
                   "1.0 C zones/a, 2.0 C zones/a/areas/x, 3.0 C zones/ab, 4.0 C zones/a/areas/y, "
                   "5.0 U zones/a");
    expect_changes(s, (store_changes_query){.name_prefix = "zones/a%"}, 0, "");
    expect_changes(s, (store_changes_query){.types = 2, .type_names = types}, 0,
                   "2.0 C zones/a/areas/x, 4.0 C zones/a/areas/y");
    expect_changes(s, (store_changes_query){.types = 1, .type_names = types, .name_prefix = ZONE},
                   0, "1.0 C zones/a, 3.0 C zones/ab, 5.0 U zones/a");
    expect_changes(s, (store_changes_query){.types = 3, .type_names = types}, 2,
                   "1.0 C zones/a, 2.0 C zones/a/areas/x");
}

static void the_place_looked_at_is_where_to_go_on(void **state)
{
    store *s = ((fixture *)*state)->s;
    fill(s);
    expect_place(expect_changes(s, (store_changes_query){.after_index = -1}, 1, "1.0 C zones/a"), 1,
                 0);
    expect_place(
        expect_changes(s, (store_changes_query){.name_prefix = "zones/none", .limit = 2}, 0, ""), 2,
        0);
    expect_place(expect_changes(s, (store_changes_query){3, 0, .limit = 2}, 0,
                                "4.0 C zones/a/areas/y, 4.1 C zones/b"),
                 4, 1);
    expect_place(expect_changes(s, (store_changes_query){4, 0, .limit = 5}, 0,
                                "4.1 C zones/b, 5.0 U zones/a"),
                 6, -1);
    expect_place(expect_changes(s, (store_changes_query){6, -1, .limit = 0}, 0, ""), 6, -1);
    // From place to place, one at a time, nothing is lost or comes twice.
    place p = {0, -1};
    size_t seen = 0;
    while (p.revision < 6) {
        told t = {0};
        store_changes_query q = {p.revision, p.index, .name_prefix = "zones/a", .limit = 1};
        assert_ok(store_changes(s, &anytime, &q, tell, &t, &p.revision, &p.index, NULL));
        seen += t.count;
    }
    assert_int_equal(seen, 5);
}

static void a_revision_to_come_is_refused(void **state)
{
    store *s = ((fixture *)*state)->s;
    fill(s);
    expect_resync(s, 6, 0);
    expect_resync(s, 7, -1);
    expect_resync(s, INT64_MAX, -1);
    expect_changes(s, (store_changes_query){5, INT32_MAX, .limit = 0}, 0, "");
}

static void history_goes_back_from_the_newest_change(void **state)
{
    store *s = ((fixture *)*state)->s;
    fill(s);
    put(s, STORE_DELETED, ZONE, "6");
    put(s, STORE_PURGED, ZONE, "");
    put(s, STORE_CREATED, ZONE, "8");
    expect_history(s, ZONE, INT64_MAX, 0, 0,
                   "8.0 C zones/a, 7.0 P zones/a, 6.0 D zones/a, 5.0 U zones/a, 1.0 C zones/a");
    expect_history(s, ZONE, INT64_MAX, 0, 2, "8.0 C zones/a, 7.0 P zones/a");
    expect_history(s, ZONE, 7, 0, 0, "6.0 D zones/a, 5.0 U zones/a, 1.0 C zones/a");
    expect_history(s, ZONE, 7, 1, 1, "7.0 P zones/a");
    expect_history(s, ZONE, 1, 0, 0, "");
    expect_history(s, ZONE, -5, 0, 0, "");
    expect_history(s, "zones/none", INT64_MAX, 0, 0, "");
}

static nrpc_code delete_until(store_tx *tx, void *context, nrpc_status *status)
{
    const sample *r = context;
    return store_tx_put(tx, STORE_DELETED, &r->record, status);
}

static void what_is_to_be_purged_comes_by_its_time(void **state)
{
    store *s = ((fixture *)*state)->s;
    fill(s);
    static const struct {
        const char *name;
        int64_t purge;
    } deleted[] = {{"zones/ab", 300}, {AREA, 100}, {"zones/b", 200}};
    int64_t revision;
    for (size_t i = 0; i < ARRAY_LEN(deleted); i++) {
        sample r;
        sample_init(&r, deleted[i].name, "x");
        r.record.purge_time_us = deleted[i].purge;
        assert_ok(store_write(s, &anytime, delete_until, &r, &revision, NULL));
    }
    rows r = {0};
    assert_ok(store_expired(s, &anytime, 99, 10, remember_row, &r, NULL));
    assert_int_equal(r.count, 0);
    assert_ok(store_expired(s, &anytime, 200, 10, remember_row, &r, NULL));
    assert_int_equal(r.count, 2);
    assert_string_equal(r.row[0].name, AREA);
    assert_string_equal(r.row[0].type, "Area");
    assert_string_equal(r.row[1].name, "zones/b");
    r.count = 0;
    assert_ok(store_expired(s, &anytime, INT64_MAX, 1, remember_row, &r, NULL));
    assert_int_equal(r.count, 1);
    put(s, STORE_UNDELETED, AREA, "x");
    put(s, STORE_PURGED, "zones/b", "");
    r.count = 0;
    assert_ok(store_expired(s, &anytime, INT64_MAX, 10, remember_row, &r, NULL));
    assert_int_equal(r.count, 1);
    assert_string_equal(r.row[0].name, "zones/ab");
}

// --- keeping it short

static int compact(store *s, int64_t newest, int64_t newer_than_us, size_t limit)
{
    store_retention keep = {.newest = newest, .newer_than_us = newer_than_us};
    int rounds = 0;
    for (bool more = true; more; rounds++) {
        int64_t before = atomic_load(&s->horizon);
        assert_ok(store_compact(s, &anytime, &keep, limit, &more, NULL));
        assert_true(atomic_load(&s->horizon) >= before);
        assert_true(rounds < 1000);
    }
    return rounds;
}

static int64_t count_logged(const fixture *f)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM change", -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return n;
}

static void compaction_keeps_as_many_as_it_is_told(void **state)
{
    fixture *f = *state;
    store *s = f->s;
    fill(s); // six changes in five revisions
    compact(s, 6, INT64_MAX, 100);
    assert_int_equal(atomic_load(&s->horizon), 0);
    compact(s, 3, INT64_MAX, 100); // 3.0 and older would leave 4.0, 4.1, 5.0
    assert_int_equal(atomic_load(&s->horizon), 3);
    compact(s, 2, INT64_MAX, 100); // revision 4 goes whole or not at all
    assert_int_equal(atomic_load(&s->horizon), 3);
    put(s, STORE_UPDATED, AREA, "6");
    compact(s, 2, INT64_MAX, 100);
    assert_int_equal(atomic_load(&s->horizon), 4);
    compact(s, 0, INT64_MAX, 100);
    assert_int_equal(atomic_load(&s->horizon), 6);
    assert_int_equal(count_logged(f), 5); // one of each name
    fixture_reopen(f);
    assert_int_equal(atomic_load(&f->s->horizon), 6);
    put(f->s, STORE_UPDATED, AREA, "7");
    compact(f->s, 1, INT64_MAX, 100);
    assert_int_equal(atomic_load(&f->s->horizon), 6);
    expect_changes(f->s, (store_changes_query){7, -1, .limit = 0}, 0, "7.0 U zones/a/areas/x");
}

static void compaction_keeps_what_is_young(void **state)
{
    store *s = ((fixture *)*state)->s;
    put(s, STORE_CREATED, ZONE, "1");
    put(s, STORE_UPDATED, ZONE, "2");
    int64_t now = clock_wall_us() + 1;
    while (clock_wall_us() <= now)
        ;
    put(s, STORE_UPDATED, ZONE, "3");
    compact(s, 0, 0, 100);
    assert_int_equal(atomic_load(&s->horizon), 0);
    compact(s, 0, now, 100);
    assert_int_equal(atomic_load(&s->horizon), 2);
}

static void any_revision_from_the_horizon_on_reads_as_it_was(void **state)
{
    for (size_t limit = 1; limit < 20; limit += 6) {
        void *own;
        assert_int_equal(fixture_setup(&own), 0);
        fixture *f = own;
        store *s = f->s;
        put(s, STORE_CREATED, ZONE, "1");
        put(s, STORE_CREATED, AREA, "2");
        put(s, STORE_UPDATED, ZONE, "3");
        put(s, STORE_PURGED, AREA, "");
        put(s, STORE_CREATED, "zones/q", "5");
        put(s, STORE_UPDATED, ZONE, "6");
        put(s, STORE_UPDATED, ZONE, "7");
        assert_int_equal(count_logged(f), 7);
        compact(s, 2, INT64_MAX, limit);
        assert_int_equal(atomic_load(&s->horizon), 5);
        assert_int_equal(count_logged(f), 4); // 3, 5, 6, 7
        expect_body(s, ZONE, 5, "3");
        expect_body(s, ZONE, 6, "6");
        expect_body(s, ZONE, 0, "7");
        expect_body(s, AREA, 5, NULL);
        expect_body(s, "zones/q", 7, "5");
        expect_not_kept(s, ZONE, 4);
        expect_not_kept(s, "zones/none", 1);
        expect_body(s, "zones/none", 5, NULL);
        expect_history(s, ZONE, INT64_MAX, 0, 0, "7.0 U zones/a, 6.0 U zones/a, 3.0 U zones/a");
        expect_history(s, ZONE, 6, 0, 0, "3.0 U zones/a");
        expect_history(s, ZONE, 3, 0, 0, "");
        expect_history(s, "zones/q", INT64_MAX, 0, 0, "5.0 C zones/q");
        expect_history(s, AREA, INT64_MAX, 0, 0, "");
        expect_resync(s, 0, -1);
        expect_place(
            expect_changes(s, (store_changes_query){-1, -1, .limit = 1}, 0, "6.0 U zones/a"), 6, 0);
        expect_resync(s, 5, -1);
        expect_resync(s, 5, 0);
        expect_changes(s, (store_changes_query){6, -1, .limit = 0}, 0,
                       "6.0 U zones/a, 7.0 U zones/a");
        expect_changes(s, (store_changes_query){5, INT32_MAX, .limit = 0}, 0,
                       "6.0 U zones/a, 7.0 U zones/a");
        fixture_teardown(&own);
    }
    (void)state;
}

static void compaction_goes_in_small_steps(void **state)
{
    store *s = ((fixture *)*state)->s;
    for (int i = 0; i < 40; i++)
        put(s, i ? STORE_UPDATED : STORE_CREATED, ZONE, "x");
    assert_in_range(compact(s, 0, INT64_MAX, 8), 8, 20);
    assert_int_equal(atomic_load(&s->horizon), 40);
    assert_int_equal(count_logged(*state), 1);
    assert_int_equal(compact(s, 0, INT64_MAX, 8), 1); // nothing left to do
    expect_changes(s, (store_changes_query){41, -1, .limit = 0}, 0, "");
}

// --- requests

typedef struct request_test {
    bool found, change, fail;
    uint64_t fingerprint;
    int64_t revision, time_us, fixed_revision;
    char answer[32];
} request_test;

static void keep_request(void *context, const store_request *r)
{
    request_test *t = context;
    t->fingerprint = r->fingerprint;
    t->revision = r->revision;
    t->time_us = r->time_us;
    snprintf(t->answer, sizeof t->answer, "%.*s", (int)r->answer.size,
             (const char *)r->answer.data);
}

static nrpc_code ask(store_tx *tx, void *context, nrpc_status *status)
{
    request_test *t = context;
    nrpc_code code = store_tx_recall(tx, "id", keep_request, t, &t->found, status);
    if (code || t->found)
        return code;
    sample r;
    sample_init(&r, ZONE, "x");
    if (t->change)
        assert_ok(store_tx_put(tx, STORE_CREATED, &r.record, status));
    store_request request = {
        .fingerprint = UINT64_MAX, .revision = t->fixed_revision, .answer = {"answer", 6}};
    code = store_tx_remember(tx, "id", &request, status);
    if (!code)
        assert_ok(store_tx_recall(tx, "id", keep_request, t, &(bool){0}, status));
    if (!code && t->fail)
        return nrpc_status_set(status, NRPC_ABORTED, "CHANGED_MY_MIND", "no");
    return code;
}

static void a_request_is_remembered_with_its_write(void **state)
{
    fixture *f = *state;
    int64_t revision;
    request_test t = {.change = true, .fail = true};
    assert_int_equal(store_write(f->s, &anytime, ask, &t, &revision, NULL), NRPC_ABORTED);
    t = (request_test){.change = true};
    assert_ok(store_write(f->s, &anytime, ask, &t, &revision, NULL));
    assert_false(t.found); // the one that failed left nothing
    assert_int_equal(revision, 1);
    fixture_reopen(f);
    t = (request_test){.change = true};
    assert_ok(store_write(f->s, &anytime, ask, &t, &revision, NULL));
    assert_true(t.found);
    assert_true(t.fingerprint == UINT64_MAX);
    assert_int_equal(t.revision, 1);
    assert_string_equal(t.answer, "answer");
    assert_true(t.time_us <= clock_wall_us() && t.time_us > clock_wall_us() - 60000000);
    assert_int_equal(atomic_load(&f->s->revision), 1);
}

static void a_request_that_changed_nothing_is_remembered_too(void **state)
{
    fixture *f = *state;
    put(f->s, STORE_CREATED, "zones/b", "x");
    int64_t revision;
    request_test t = {0};
    assert_ok(store_write(f->s, &anytime, ask, &t, &revision, NULL));
    assert_int_equal(revision, 1);
    fixture_reopen(f);
    assert_ok(store_write(f->s, &anytime, ask, &t, &revision, NULL));
    assert_true(t.found);
    assert_int_equal(t.revision, 1);
    assert_int_equal(atomic_load(&f->s->revision), 1);
}

static void execute(const fixture *f, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_request_is_forgotten_when_its_time_is_over(void **state)
{
    fixture *f = *state;
    int64_t revision;
    request_test t = {0};
    assert_ok(store_write(f->s, &anytime, ask, &t, &revision, NULL));
    compact(f->s, 0, INT64_MAX, 10);
    t = (request_test){0};
    assert_ok(store_write(f->s, &anytime, ask, &t, &revision, NULL));
    assert_true(t.found);
    char older[128];
    snprintf(older, sizeof older, "UPDATE request SET time_us = time_us - %d000000",
             STORE_REQUEST_KEPT_S + 1);
    execute(f, older);
    t = (request_test){.fixed_revision = 77};
    assert_ok(store_write(f->s, &anytime, ask, &t, &revision, NULL));
    assert_false(t.found); // also before it is cleared away
    assert_int_equal(t.revision, 77);
    execute(f, older);
    compact(f->s, 0, INT64_MAX, 10);
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT 1 FROM request", -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(changes_are_those_of_a_prefix_and_of_types),
        CASE(the_place_looked_at_is_where_to_go_on),
        CASE(a_revision_to_come_is_refused),
        CASE(history_goes_back_from_the_newest_change),
        CASE(what_is_to_be_purged_comes_by_its_time),
        CASE(compaction_keeps_as_many_as_it_is_told),
        CASE(compaction_keeps_what_is_young),
        cmocka_unit_test(any_revision_from_the_horizon_on_reads_as_it_was),
        CASE(compaction_goes_in_small_steps),
        CASE(a_request_is_remembered_with_its_write),
        CASE(a_request_that_changed_nothing_is_remembered_too),
        CASE(a_request_is_forgotten_when_its_time_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
