// Single records, transactions, the change log.
#include "unit/store_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define ZONE "zones/cn-xinjiang"
#define AREA "zones/cn-xinjiang/areas/khorgos"

static rows get(store *s, const char *name, int64_t at, bool with_extra)
{
    rows r = {0};
    assert_ok(store_get(s, &anytime, name, at, with_extra, remember_row, &r, NULL));
    assert_int_equal(r.count, 1);
    return r;
}

static void expect_missing(store *s, const char *name, int64_t at)
{
    rows r = {0};
    nrpc_status status = {0};
    (void)!store_get(s, &anytime, name, at, true, remember_row, &r, &status);
    assert_int_equal(r.count, 0);
    assert_string_equal(nrpc_status_get(&status, "name"), name);
    expect_failure(&status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
}

static void what_was_put_is_got(void **state)
{
    store *s = ((fixture *)*state)->s;
    int64_t before = clock_wall_us();
    assert_int_equal(put(s, STORE_CREATED, AREA, "body"), 1);
    int64_t after = clock_wall_us();
    rows r = get(s, AREA, 0, true);
    assert_string_equal(r.row[0].name, AREA);
    assert_string_equal(r.row[0].type, "Area");
    assert_string_equal(r.row[0].parent, ZONE);
    assert_string_equal(r.row[0].uid, "00000000-0000-4000-8000-000000000001");
    assert_string_equal(r.row[0].body, "body");
    assert_string_equal(r.row[0].extra, "+body");
    assert_int_equal(r.row[0].revision, 1);
    assert_in_range(r.row[0].create_us, before, after);
    assert_int_equal(r.row[0].update_us, r.row[0].create_us);
    assert_int_equal(r.row[0].delete_us, 0);
    assert_int_equal(r.row[0].purge_us, 0);
    r = get(s, AREA, 0, false);
    assert_string_equal(r.row[0].body, "body");
    assert_string_equal(r.row[0].extra, "");
    expect_missing(s, ZONE, 0);
    assert_int_equal(atomic_load(&s->revision), 1);
}

static void an_update_keeps_the_time_of_creation(void **state)
{
    store *s = ((fixture *)*state)->s;
    put(s, STORE_CREATED, ZONE, "one");
    rows first = get(s, ZONE, 0, true);
    assert_int_equal(put(s, STORE_UPDATED, ZONE, "two"), 2);
    rows second = get(s, ZONE, 0, true);
    assert_string_equal(second.row[0].body, "two");
    assert_int_equal(second.row[0].create_us, first.row[0].create_us);
    assert_true(second.row[0].update_us >= first.row[0].update_us);
    assert_int_equal(second.row[0].revision, 2);
    // The log says the same.
    rows logged = get(s, ZONE, 2, true);
    assert_int_equal(logged.row[0].create_us, first.row[0].create_us);
}

static void a_record_can_be_read_as_it_was(void **state)
{
    store *s = ((fixture *)*state)->s;
    put(s, STORE_CREATED, ZONE, "one");     // 1
    put(s, STORE_CREATED, AREA, "area");    // 2
    put(s, STORE_UPDATED, ZONE, "two");     // 3
    put(s, STORE_DELETED, ZONE, "two");     // 4
    put(s, STORE_UNDELETED, ZONE, "three"); // 5
    put(s, STORE_PURGED, ZONE, "");         // 6
    put(s, STORE_CREATED, ZONE, "four");    // 7
    static const char *const bodies[] = {0, "one", "one", "two", "two", "three", 0, "four"};
    for (int at = 1; at <= 7; at++) {
        if (!bodies[at]) {
            expect_missing(s, ZONE, at);
            continue;
        }
        rows r = get(s, ZONE, at, false);
        assert_string_equal(r.row[0].body, bodies[at]);
        assert_string_equal(r.row[0].extra, "");
        assert_int_equal(r.row[0].delete_us != 0, at == 4);
        assert_int_equal(r.row[0].revision, at == 2 ? 1 : at);
    }
    assert_string_equal(get(s, ZONE, 5, true).row[0].extra, "+three");
    expect_missing(s, AREA, 1);
    expect_missing(s, AREA, -1);
    expect_missing(s, AREA, INT64_MIN);
    nrpc_status status = {0};
    (void)!store_get(s, &anytime, ZONE, 8, true, remember_row, &(rows){0}, &status);
    expect_failure(&status, NRPC_UNAVAILABLE, "REVISION_NOT_REACHED");
    (void)!store_get(s, &anytime, ZONE, INT64_MAX, true, remember_row, &(rows){0}, &status);
    expect_failure(&status, NRPC_UNAVAILABLE, "REVISION_NOT_REACHED");
}

static void deleted_records_stay_until_purged(void **state)
{
    store *s = ((fixture *)*state)->s;
    put(s, STORE_CREATED, ZONE, "x");
    put(s, STORE_DELETED, ZONE, "x");
    rows r = get(s, ZONE, 0, true);
    assert_true(r.row[0].delete_us > 0);
    assert_string_equal(r.row[0].body, "x");
    put(s, STORE_PURGED, ZONE, "");
    expect_missing(s, ZONE, 0);
}

static void many_are_answered_in_the_order_asked(void **state)
{
    store *s = ((fixture *)*state)->s;
    put(s, STORE_CREATED, ZONE, "z");
    put(s, STORE_CREATED, AREA, "a");
    const char *names[] = {"zones/none", AREA, ZONE, AREA, "zones/no", ZONE};
    rows r = {0};
    int64_t revision = 0;
    assert_ok(store_get_many(s, &anytime, names, 6, true, remember_row, &r, &revision, NULL));
    assert_int_equal(revision, 2);
    assert_int_equal(r.count, 6);
    assert_true(r.row[0].missing && r.row[4].missing);
    assert_string_equal(r.row[1].body, "a");
    assert_string_equal(r.row[2].body, "z");
    assert_string_equal(r.row[3].extra, "+a");
    assert_string_equal(r.row[5].body, "z");
    r = (rows){.stop_at = 2};
    assert_ok(store_get_many(s, &anytime, names, 6, true, remember_row, &r, &revision, NULL));
    assert_int_equal(r.count, 2);
    r = (rows){.stop_at = 1};
    assert_ok(store_get_many(s, &anytime, names, 6, true, remember_row, &r, &revision, NULL));
    assert_int_equal(r.count, 1);
}

static void min_revision_is_answered_at_once(void **state)
{
    store *s = ((fixture *)*state)->s;
    put(s, STORE_CREATED, ZONE, "z");
    store_context c = anytime;
    c.min_revision = 1;
    assert_ok(store_get(s, &c, ZONE, 0, true, remember_row, &(rows){0}, NULL));
    c.min_revision = 2;
    nrpc_status status = {0};
    (void)!store_get(s, &c, ZONE, 0, true, remember_row, &(rows){0}, &status);
    assert_string_equal(nrpc_status_get(&status, "revision"), "1");
    expect_failure(&status, NRPC_UNAVAILABLE, "REVISION_NOT_REACHED");
    int64_t n;
    (void)!store_count(s, &c, &(store_query){.type = "Zone"}, &n, &n, &status);
    expect_failure(&status, NRPC_UNAVAILABLE, "REVISION_NOT_REACHED");
}

// --- transactions

typedef struct script {
    nrpc_code end;
    bool change;
} script;

static size_t children(store_tx *tx)
{
    rows r = {0};
    assert_ok(store_tx_children(tx, ZONE, remember_row, &r, NULL));
    for (size_t i = 0; i < r.count; i++)
        assert_string_equal(r.row[i].parent, ZONE);
    return r.count;
}

static nrpc_code run_script(store_tx *tx, void *context, nrpc_status *status)
{
    const script *sc = context;
    sample zone, area;
    sample_init(&zone, ZONE, "z");
    sample_init(&area, AREA, "a");
    if (sc->change) {
        assert_int_equal(tx->revision, atomic_load(&tx->store->revision) + 1);
        assert_ok(store_tx_put(tx, STORE_CREATED, &zone.record, status));
        assert_int_equal(children(tx), 0);
        assert_ok(store_tx_put(tx, STORE_CREATED, &area.record, status));
        assert_int_equal(children(tx), 1);
        rows r = {0};
        assert_ok(store_tx_get(tx, AREA, remember_row, &r, status));
        assert_string_equal(r.row[0].body, "a");
        assert_string_equal(r.row[0].extra, "+a");
        assert_int_equal(r.row[0].revision, tx->revision);
        assert_int_equal(r.row[0].create_us, tx->time_us);
        assert_ok(store_tx_put(tx, STORE_DELETED, &area.record, status));
        assert_int_equal(children(tx), 0);
    }
    assert_int_equal(store_tx_get(tx, "zones/none", remember_row, &(rows){0}, status),
                     NRPC_NOT_FOUND);
    if (sc->end)
        return nrpc_status_set(status, sc->end, "CHANGED_MY_MIND", "no");
    return NRPC_OK;
}

static bool count_change(void *context, const store_change *change)
{
    (void)change;
    ++*(int *)context;
    return true;
}

static void a_transaction_sees_itself_and_commits_whole(void **state)
{
    store *s = ((fixture *)*state)->s;
    nrpc_status status = {0};
    int64_t revision = 0;
    assert_ok(store_write(s, &anytime, run_script, &(script){.change = true}, &revision, &status));
    assert_int_equal(status.code, NRPC_OK); // not what a lookup inside left there
    assert_null(status.message);
    assert_int_equal(revision, 1);
    int n = 0;
    changes_after(s, 0, -1, count_change, &n);
    assert_int_equal(n, 3);
}

static void a_failed_transaction_leaves_nothing(void **state)
{
    fixture *f = *state;
    nrpc_status status = {0};
    int64_t revision = 0;
    assert_int_equal(
        store_write(f->s, &anytime, run_script, &(script){NRPC_ABORTED, true}, &revision, &status),
        NRPC_ABORTED);
    expect_failure(&status, NRPC_ABORTED, "CHANGED_MY_MIND");
    for (int i = 0; i < 2; i++) {
        expect_missing(f->s, ZONE, 0);
        int n = 0;
        changes_after(f->s, 0, -1, count_change, &n);
        assert_int_equal(n, 0);
        assert_int_equal(atomic_load(&f->s->revision), 0);
        fixture_reopen(f);
    }
    assert_int_equal(put(f->s, STORE_CREATED, ZONE, "z"), 1);
}

static void a_transaction_without_changes_burns_no_revision(void **state)
{
    store *s = ((fixture *)*state)->s;
    put(s, STORE_CREATED, ZONE, "z");
    int64_t revision = 0;
    assert_ok(store_write(s, &anytime, run_script, &(script){0}, &revision, NULL));
    assert_int_equal(revision, 1);
    assert_int_equal(put(s, STORE_UPDATED, ZONE, "y"), 2);
}

static nrpc_code misuse(store_tx *tx, void *context, nrpc_status *status)
{
    (void)context;
    sample zone, area;
    sample_init(&zone, ZONE, "again");
    sample_init(&area, AREA, "a");
    assert_int_equal(store_tx_put(tx, STORE_CREATED, &zone.record, status), NRPC_ALREADY_EXISTS);
    expect_failure(status, NRPC_ALREADY_EXISTS, "RESOURCE_EXISTS");
    for (store_operation o = STORE_UPDATED; o <= STORE_PURGED; o++) {
        (void)!store_tx_put(tx, o, &area.record, status);
        expect_failure(status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
    }
    return store_tx_put(tx, STORE_CREATED, &area.record, status);
}

static void creating_twice_and_changing_nothing_are_refused(void **state)
{
    store *s = ((fixture *)*state)->s;
    put(s, STORE_CREATED, ZONE, "z");
    nrpc_status status = {0};
    int64_t revision;
    assert_ok(store_write(s, &anytime, misuse, NULL, &revision, &status));
    assert_string_equal(get(s, ZONE, 0, true).row[0].body, "z");
    int n = 0;
    changes_after(s, 0, -1, count_change, &n);
    assert_int_equal(n, 2); // refused puts are not logged
}

static nrpc_code put_and_leave(store_tx *tx, void *context, nrpc_status *status)
{
    atomic_bool *cancelled = context;
    sample zone;
    sample_init(&zone, ZONE, "late");
    nrpc_code code = store_tx_put(tx, STORE_CREATED, &zone.record, status);
    atomic_store(cancelled, true);
    return code;
}

static void a_write_whose_caller_has_gone_is_not_committed(void **state)
{
    store *s = ((fixture *)*state)->s;
    atomic_bool cancelled = false;
    store_context c = anytime;
    c.cancelled = &cancelled;
    nrpc_status status = {0};
    int64_t revision;
    (void)!store_write(s, &c, put_and_leave, &cancelled, &revision, &status);
    expect_failure(&status, NRPC_CANCELLED, "CANCELLED");
    expect_missing(s, ZONE, 0);
}

// --- the change log

typedef struct log {
    int count, stop_at;
    struct {
        int64_t revision, time_us;
        int index;
        store_operation operation;
        char name[64], body[64], extra[64], actor[32], request_id[32], uid[64], type[32],
            parent[64];
    } entry[64];
} log;

static bool remember_change(void *context, const store_change *c)
{
    log *l = context;
    assert_true(l->count < (int)ARRAY_LEN(l->entry));
    typeof(l->entry[0]) *e = &l->entry[l->count++];
    e->revision = c->revision;
    e->index = c->index;
    e->operation = c->operation;
    e->time_us = c->time_us;
    snprintf(e->name, sizeof e->name, "%s", c->record->name);
    snprintf(e->type, sizeof e->type, "%s", c->record->type);
    snprintf(e->parent, sizeof e->parent, "%s", c->record->parent);
    snprintf(e->uid, sizeof e->uid, "%s", c->record->uid);
    snprintf(e->body, sizeof e->body, "%.*s", (int)c->record->body.size,
             c->record->body.size ? (const char *)c->record->body.data : "");
    snprintf(e->extra, sizeof e->extra, "%.*s", (int)c->record->extra.size,
             c->record->extra.size ? (const char *)c->record->extra.data : "");
    snprintf(e->actor, sizeof e->actor, "%s", c->actor);
    snprintf(e->request_id, sizeof e->request_id, "%s", c->request_id);
    assert_int_equal(c->record->revision, c->revision);
    return l->count != l->stop_at;
}

static nrpc_code several(store_tx *tx, void *context, nrpc_status *status)
{
    (void)context;
    for (int i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "zones/n%d", 9 - i);
        sample r;
        sample_init(&r, name, "n");
        nrpc_code code = store_tx_put(tx, STORE_CREATED, &r.record, status);
        if (code)
            return code;
    }
    // The same name twice in one transaction: the later one is what it became.
    sample r;
    sample_init(&r, "zones/n9", "m");
    return store_tx_put(tx, STORE_UPDATED, &r.record, status);
}

static void the_log_has_every_change_in_order(void **state)
{
    store *s = ((fixture *)*state)->s;
    put(s, STORE_CREATED, ZONE, "z");
    int64_t revision;
    store_context c = anytime;
    c.actor = "ana";
    c.request_id = "q-7";
    int64_t before = clock_wall_us();
    assert_ok(store_write(s, &c, several, NULL, &revision, NULL));
    put(s, STORE_PURGED, ZONE, "");
    log all = {0};
    changes_after(s, 0, -1, remember_change, &all);
    assert_int_equal(all.count, 6);
    static const struct {
        int64_t revision;
        int index;
        store_operation operation;
        const char *name, *body;
    } want[] = {
        {1, 0, STORE_CREATED, ZONE, "z"},       {2, 0, STORE_CREATED, "zones/n9", "n"},
        {2, 1, STORE_CREATED, "zones/n8", "n"}, {2, 2, STORE_CREATED, "zones/n7", "n"},
        {2, 3, STORE_UPDATED, "zones/n9", "m"}, {3, 0, STORE_PURGED, ZONE, ""},
    };
    for (int i = 0; i < 6; i++) {
        assert_int_equal(all.entry[i].revision, want[i].revision);
        assert_int_equal(all.entry[i].index, want[i].index);
        assert_int_equal(all.entry[i].operation, want[i].operation);
        assert_string_equal(all.entry[i].name, want[i].name);
        assert_string_equal(all.entry[i].body, want[i].body);
        assert_string_equal(all.entry[i].type, "Zone");
    }
    assert_string_equal(all.entry[0].actor, "tester");
    assert_string_equal(all.entry[0].extra, "+z");
    assert_string_equal(all.entry[2].actor, "ana");
    assert_string_equal(all.entry[2].request_id, "q-7");
    assert_true(all.entry[1].time_us >= before);
    assert_int_equal(all.entry[1].time_us, all.entry[4].time_us);
    assert_string_equal(all.entry[5].uid, ""); // of a purge only the name is told
    assert_string_equal(get(s, "zones/n9", 2, false).row[0].body, "m");
}

static void the_log_can_be_read_from_anywhere(void **state)
{
    store *s = ((fixture *)*state)->s;
    put(s, STORE_CREATED, ZONE, "z");
    int64_t revision;
    assert_ok(store_write(s, &anytime, several, NULL, &revision, NULL));
    put(s, STORE_UPDATED, ZONE, "y");
    static const struct {
        int64_t after;
        int index;
        int count;
        int64_t revision;
        int first;
    } from[] = {
        {1, -1, 6, 1, 0},        {1, 0, 5, 2, 0}, {2, -1, 5, 2, 0}, {2, 1, 3, 2, 2},
        {2, 3, 1, 3, 0},         {3, 0, 0, 0, 0}, {4, -1, 0, 0, 0}, {INT64_MIN, INT32_MIN, 6, 1, 0},
        {1, INT32_MAX, 5, 2, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(from); i++) {
        log l = {0};
        changes_after(s, from[i].after, from[i].index, remember_change, &l);
        assert_int_equal(l.count, from[i].count);
        if (l.count) {
            assert_int_equal(l.entry[0].revision, from[i].revision);
            assert_int_equal(l.entry[0].index, from[i].first);
        }
    }
    log l = {.stop_at = 2};
    changes_after(s, 0, -1, remember_change, &l);
    assert_int_equal(l.count, 2);
}

// --- the observer

typedef struct spy {
    store_observer observer;
    store *s;
    char seen[512];
} spy;

static void note(spy *p, const char *what, const char *const *names, size_t count)
{
    size_t n = strlen(p->seen);
    n += (size_t)snprintf(p->seen + n, sizeof p->seen - n, "%s@%d", what,
                          (int)atomic_load(&p->s->revision));
    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(p->seen + n, sizeof p->seen - n, " %s", names[i]);
    snprintf(p->seen + n, sizeof p->seen - n, ";");
}

static bool exists(store *s, const char *name)
{
    return store_get(s, &anytime, name, 0, false, remember_row, &(rows){0}, NULL) == NRPC_OK;
}

static void spy_begin(store_observer *self, const char *const *names, size_t count)
{
    spy *p = CONTAINER_OF(self, spy, observer);
    note(p, exists(p->s, names[0]) ? "begin too late" : "begin", names, count);
}

// Whoever was told of a revision may ask for it, though it has not moved yet.
static bool answers_what_it_told(store *s, const char *name)
{
    store_context c = anytime;
    int64_t count;
    assert_ok(
        store_count(s, &anytime, &(store_query){.type = "Zone"}, &count, &c.min_revision, NULL));
    bool good = store_get(s, &c, name, 0, false, remember_row, &(rows){0}, NULL) == NRPC_OK;
    c.min_revision++;
    return good &&
           store_get(s, &c, name, 0, false, remember_row, &(rows){0}, NULL) == NRPC_UNAVAILABLE;
}

static void spy_end(store_observer *self, const char *const *names, size_t count, bool committed)
{
    spy *p = CONTAINER_OF(self, spy, observer);
    assert_true(!committed || answers_what_it_told(p->s, names[0]));
    note(p, committed ? exists(p->s, names[0]) ? "committed" : "end too early" : "lost", names,
         count);
}

static void spy_moved(store_observer *self, const char *const *names, size_t count,
                      int64_t revision)
{
    spy *p = CONTAINER_OF(self, spy, observer);
    assert_int_equal(revision, atomic_load(&p->s->revision));
    note(p, "moved", names, count);
}

static void the_observer_is_told_around_the_commit(void **state)
{
    store *s = ((fixture *)*state)->s;
    spy p = {.observer = {spy_begin, spy_end, spy_moved}, .s = s};
    s->observer = &p.observer;
    int64_t revision;
    assert_ok(store_write(s, &anytime, several, NULL, &revision, NULL));
    assert_string_equal(p.seen, "begin@0 zones/n9 zones/n8 zones/n7 zones/n9;"
                                "committed@0 zones/n9 zones/n8 zones/n7 zones/n9;"
                                "moved@1 zones/n9 zones/n8 zones/n7 zones/n9;");
    p.seen[0] = '\0';
    (void)!store_write(s, &anytime, run_script, &(script){NRPC_ABORTED, true}, &revision, NULL);
    assert_ok(store_write(s, &anytime, run_script, &(script){0}, &revision, NULL));
    assert_string_equal(p.seen, ""); // nothing was about to be committed
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_was_put_is_got),
        CASE(an_update_keeps_the_time_of_creation),
        CASE(a_record_can_be_read_as_it_was),
        CASE(deleted_records_stay_until_purged),
        CASE(many_are_answered_in_the_order_asked),
        CASE(min_revision_is_answered_at_once),
        CASE(a_transaction_sees_itself_and_commits_whole),
        CASE(a_failed_transaction_leaves_nothing),
        CASE(a_transaction_without_changes_burns_no_revision),
        CASE(creating_twice_and_changing_nothing_are_refused),
        CASE(a_write_whose_caller_has_gone_is_not_committed),
        CASE(the_log_has_every_change_in_order),
        CASE(the_log_can_be_read_from_anywhere),
        CASE(the_observer_is_told_around_the_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
