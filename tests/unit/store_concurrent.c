// Many threads on one store: snapshots, waiting, turns.
#include "unit/store_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

// --- one snapshot a read

typedef struct interrupted_list {
    store *s;
    rows rows;
} interrupted_list;

static void *commit_meanwhile(void *arg)
{
    store *s = arg;
    put(s, STORE_UPDATED, "zones/b", "new");
    put(s, STORE_UPDATED, "zones/c", "new");
    put(s, STORE_CREATED, "zones/d", "new");
    return NULL;
}

static bool write_after_the_first(void *context, const store_record *record)
{
    interrupted_list *l = context;
    remember_row(&l->rows, record);
    if (l->rows.count == 1) {
        pthread_t writer;
        pthread_create(&writer, NULL, commit_meanwhile, l->s);
        pthread_join(writer, NULL); // readers do not hold up writers either
    }
    return true;
}

static void a_list_does_not_see_what_commits_meanwhile(void **state)
{
    store *s = ((fixture *)*state)->s;
    put(s, STORE_CREATED, "zones/a", "old");
    put(s, STORE_CREATED, "zones/b", "old");
    put(s, STORE_CREATED, "zones/c", "old");
    interrupted_list l = {.s = s};
    int64_t revision;
    assert_ok(store_list(s, &anytime, &(store_query){.type = "Zone"}, write_after_the_first, &l,
                         &revision, NULL));
    assert_int_equal(revision, 3);
    assert_int_equal(l.rows.count, 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(l.rows.row[i].body, "old");

    const char *names[] = {"zones/a", "zones/b"};
    rows r = {0};
    assert_ok(store_get_many(s, &anytime, names, 2, false, remember_row, &r, &revision, NULL));
    assert_int_equal(revision, 6);
    assert_string_equal(r.row[1].body, "new");
}

// --- readers and writers at once

enum { READERS = 4, WRITERS = 2, ROUNDS = 150 };

typedef struct playground {
    store *s;
    atomic_bool done;
    atomic_int reads;
} playground;

static nrpc_code advance_both(store_tx *tx, void *context, nrpc_status *status)
{
    (void)context;
    rows r = {0};
    nrpc_code code = store_tx_get(tx, "zones/left", remember_row, &r, status);
    if (code)
        return code;
    char next[32];
    snprintf(next, sizeof next, "%d", atoi(r.row[0].body) + 1);
    sample left, right;
    sample_init(&left, "zones/left", next);
    sample_init(&right, "zones/right", next);
    code = store_tx_put(tx, STORE_UPDATED, &left.record, status);
    return code ? code : store_tx_put(tx, STORE_UPDATED, &right.record, status);
}

static void *keep_writing(void *arg)
{
    playground *p = arg;
    int64_t last = 0, revision = 0;
    for (int i = 0; i < ROUNDS; i++) {
        assert_ok(store_write(p->s, &anytime, advance_both, NULL, &revision, NULL));
        assert_true(revision > last);
        assert_true(atomic_load(&p->s->revision) >= revision);
        last = revision;
    }
    return NULL;
}

static void *keep_reading(void *arg)
{
    playground *p = arg;
    int64_t last = 0;
    for (int i = 0; !atomic_load(&p->done); i++) {
        store_context c = anytime;
        c.min_revision = atomic_load(&p->s->revision);
        rows r = {0};
        int64_t revision = 0;
        const char *names[] = {"zones/left", "zones/right"};
        if (i % 2)
            assert_ok(store_get_many(p->s, &c, names, 2, true, remember_row, &r, &revision, NULL));
        else
            assert_ok(store_list(p->s, &c, &(store_query){.type = "Zone"}, remember_row, &r,
                                 &revision, NULL));
        assert_int_equal(r.count, 2);
        assert_string_equal(r.row[0].body, r.row[1].body);
        assert_int_equal(r.row[0].revision, r.row[1].revision);
        assert_int_equal(r.row[0].revision, revision); // every write moves both
        assert_int_equal(atoi(r.row[0].body), revision - 2);
        assert_true(revision >= last && revision >= c.min_revision);
        last = revision;
        atomic_fetch_add(&p->reads, 1);
    }
    return NULL;
}

static void readers_always_see_whole_transactions(void **state)
{
    playground p = {.s = ((fixture *)*state)->s};
    put(p.s, STORE_CREATED, "zones/left", "0");
    put(p.s, STORE_CREATED, "zones/right", "0");
    assert_int_equal(atomic_load(&p.s->revision), 2);
    int64_t revision;
    assert_ok(store_write(p.s, &anytime, advance_both, NULL, &revision, NULL));
    pthread_t readers[READERS], writers[WRITERS];
    for (int i = 0; i < READERS; i++)
        pthread_create(&readers[i], NULL, keep_reading, &p);
    for (int i = 0; i < WRITERS; i++)
        pthread_create(&writers[i], NULL, keep_writing, &p);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    atomic_store(&p.done, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    assert_int_equal(atomic_load(&p.s->revision), 3 + WRITERS * ROUNDS);
    assert_true(atomic_load(&p.reads) >= READERS);
}

// --- waiting

typedef struct hold {
    store *s;
    atomic_int held;
    atomic_bool release;
    atomic_int order;
} hold;

static nrpc_code hold_the_writer(store_tx *tx, void *context, nrpc_status *status)
{
    (void)tx, (void)status;
    hold *h = context;
    atomic_fetch_add(&h->held, 1);
    while (!atomic_load(&h->release))
        pause_ms(1);
    return NRPC_OK;
}

static void *write_holding(void *arg)
{
    hold *h = arg;
    int64_t revision;
    assert_ok(store_write(h->s, &anytime, hold_the_writer, h, &revision, NULL));
    return NULL;
}

static bool hold_the_reader(void *context, const store_record *record)
{
    (void)record;
    (void)!hold_the_writer(NULL, context, NULL);
    return false;
}

static void *read_holding(void *arg)
{
    hold *h = arg;
    assert_ok(store_get(h->s, &anytime, "zones/a", 0, false, hold_the_reader, h, NULL));
    return NULL;
}

static void *cancel_soon(void *arg)
{
    pause_ms(50);
    atomic_store((atomic_bool *)arg, true);
    return NULL;
}

static void waiting_ends_with_the_deadline_or_the_caller(void **state)
{
    enum { HOLDERS = 9 }; // eight read connections and the writing one
    hold h = {.s = ((fixture *)*state)->s};
    put(h.s, STORE_CREATED, "zones/a", "x");
    pthread_t holders[HOLDERS], canceller;
    for (int i = 0; i < HOLDERS; i++)
        pthread_create(&holders[i], NULL, i ? read_holding : write_holding, &h);
    while (atomic_load(&h.held) < HOLDERS)
        pause_ms(1);

    nrpc_status status = {0};
    int64_t revision;
    for (int i = 0; i < 2; i++) {
        store_context late = anytime;
        late.deadline_ns = clock_now_ns() + 30000000;
        atomic_bool cancelled = false;
        store_context gone = anytime;
        gone.cancelled = &cancelled;
        pthread_create(&canceller, NULL, cancel_soon, &cancelled);
        if (i) {
            (void)!store_write(h.s, &late, advance_both, NULL, &revision, &status);
            expect_failure(&status, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED");
            (void)!store_write(h.s, &gone, advance_both, NULL, &revision, &status);
        } else {
            (void)!store_get(h.s, &late, "zones/a", 0, false, remember_row, &(rows){0}, &status);
            expect_failure(&status, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED");
            (void)!store_get(h.s, &gone, "zones/a", 0, false, remember_row, &(rows){0}, &status);
        }
        expect_failure(&status, NRPC_CANCELLED, "CANCELLED");
        pthread_join(canceller, NULL);
    }
    atomic_store(&h.release, true);
    for (int i = 0; i < HOLDERS; i++)
        pthread_join(holders[i], NULL);
    assert_int_equal(put(h.s, STORE_UPDATED, "zones/a", "y"), 2);
    assert_ok(store_get(h.s, &anytime, "zones/a", 0, false, remember_row, &(rows){0}, NULL));
}

static nrpc_code look_on(store_tx *tx, void *context, nrpc_status *status)
{
    nrpc_code code = store_tx_get(tx, "zones/a", remember_row, &(rows){0}, status);
    atomic_store((atomic_bool *)context, true);
    return code ? code : store_tx_get(tx, "zones/a", remember_row, &(rows){0}, status);
}

static void a_write_that_only_looks_ends_with_its_caller_too(void **state)
{
    store *s = ((fixture *)*state)->s;
    atomic_bool cancelled = false;
    store_context gone = anytime;
    nrpc_status status = {0};
    int64_t revision;
    gone.cancelled = &cancelled;
    put(s, STORE_CREATED, "zones/a", "x");
    (void)!store_write(s, &gone, look_on, &cancelled, &revision, &status);
    expect_failure(&status, NRPC_CANCELLED, "CANCELLED");
    assert_int_equal(put(s, STORE_UPDATED, "zones/a", "y"), 2);
}

typedef struct queuer {
    hold *h;
    int place;
    pthread_t thread;
} queuer;

static nrpc_code take_place(store_tx *tx, void *context, nrpc_status *status)
{
    (void)tx, (void)status;
    queuer *q = context;
    q->place = atomic_fetch_add(&q->h->order, 1);
    return NRPC_OK;
}

static void *write_in_turn(void *arg)
{
    queuer *q = arg;
    int64_t revision;
    assert_ok(store_write(q->h->s, &anytime, take_place, q, &revision, NULL));
    return NULL;
}

static void writers_are_served_in_the_order_they_came(void **state)
{
    enum { QUEUERS = 5 };
    hold h = {.s = ((fixture *)*state)->s};
    pthread_t holder;
    pthread_create(&holder, NULL, write_holding, &h);
    while (!atomic_load(&h.held))
        pause_ms(1);
    queuer q[QUEUERS];
    const void *last = NULL;
    for (int i = 0; i < QUEUERS; i++) {
        q[i] = (queuer){.h = &h};
        pthread_create(&q[i].thread, NULL, write_in_turn, &q[i]);
        await_writer(h.s, &last);
    }
    atomic_store(&h.release, true);
    pthread_join(holder, NULL);
    for (int i = 0; i < QUEUERS; i++) {
        pthread_join(q[i].thread, NULL);
        assert_int_equal(q[i].place, i);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_list_does_not_see_what_commits_meanwhile),
        CASE(readers_always_see_whole_transactions),
        CASE(waiting_ends_with_the_deadline_or_the_caller),
        CASE(a_write_that_only_looks_ends_with_its_caller_too),
        CASE(writers_are_served_in_the_order_they_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
