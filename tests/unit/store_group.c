// Writers that share commits: who is answered what, and what a fault of one does to the others.
#include "unit/store_fixture.h"

#include "store/sqlite.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

// --- a queue of writers behind one that holds the store

typedef enum deed {
    PUT,       // creates its zone
    FAIL,      // ... and then thinks better of it
    LOOK,      // looks whether the zone `other` is there
    TAKEN,     // creates the zone `other`, which is refused
    LEAVE,     // its caller goes away before it creates its zone
    PUT_LARGE, // creates its zone with half a MiB
} deed;

typedef struct writer {
    store *s;
    deed deed;
    const char *name, *other;
    atomic_bool *release; // wait for it first
    atomic_int runs;
    bool saw;
    atomic_bool gone;
    nrpc_code code;
    nrpc_status status;
    int64_t revision, inside;
    pthread_t thread;
    bool untold; // does not say that it may fail behind a change
} writer;

static nrpc_code create(store_tx *tx, const char *name, size_t size, nrpc_status *status)
{
    static char large[1 << 19];
    sample r;
    sample_init(&r, name, name);
    if (size)
        r.record.body = (store_bytes){large, size};
    return store_tx_put(tx, STORE_CREATED, &r.record, status);
}

static nrpc_code do_deed(store_tx *tx, void *context, nrpc_status *status)
{
    writer *w = context;
    atomic_fetch_add(&w->runs, 1);
    w->inside = tx->revision;
    tx->may_undo = !w->untold;
    while (w->release && !atomic_load(w->release))
        pause_ms(1);
    nrpc_code code;
    switch (w->deed) {
    case PUT:
        return create(tx, w->name, 0, status);
    case FAIL:
        code = create(tx, w->name, 0, status);
        return code ? code : nrpc_status_set(status, NRPC_ABORTED, "CHANGED_MY_MIND", "no");
    case LOOK:
        w->saw = !store_tx_get(tx, w->other, remember_row, &(rows){0}, status);
        return NRPC_OK;
    case TAKEN:
        return create(tx, w->other, 0, status);
    case LEAVE:
        atomic_store(&w->gone, true);
        return create(tx, w->name, 0, status);
    case PUT_LARGE:
        return create(tx, w->name, 1 << 19, status);
    }
    return NRPC_INTERNAL;
}

static void *write_one(void *arg)
{
    writer *w = arg;
    store_context c = anytime;
    c.cancelled = &w->gone;
    w->code = store_write(w->s, &c, do_deed, w, &w->revision, &w->status);
    return NULL;
}

// Runs the first, which holds the store until all the others stand in the queue in this order.
static void run_together(store *s, writer *list, size_t count)
{
    atomic_bool release = false;
    const void *last = NULL;
    list[0].release = &release;
    for (size_t i = 0; i < count; i++) {
        list[i].s = s;
        pthread_create(&list[i].thread, NULL, write_one, &list[i]);
        if (i)
            await_writer(s, &last);
        while (!atomic_load(&list[0].runs))
            pause_ms(1);
    }
    atomic_store(&release, true);
    for (size_t i = 0; i < count; i++)
        pthread_join(list[i].thread, NULL);
}

static void expect_written(const writer *w, int64_t revision)
{
    rows r = {0};
    assert_int_equal(w->code, NRPC_OK);
    assert_int_equal(w->revision, revision);
    assert_int_equal(w->inside, revision);
    assert_ok(store_get(w->s, &anytime, w->name, 0, false, remember_row, &r, NULL));
    assert_int_equal(r.row[0].revision, revision);
}

static void expect_missing(store *s, const char *name)
{
    assert_int_equal(store_get(s, &anytime, name, 0, false, remember_row, &(rows){0}, NULL),
                     NRPC_NOT_FOUND);
}

static bool next_revision(void *context, const store_change *c)
{
    int64_t *last = context;
    assert_int_equal(c->revision, *last + 1);
    assert_int_equal(c->index, 0);
    *last = c->revision;
    return true;
}

// One change each.
static void expect_no_hole(store *s, int64_t newest)
{
    int64_t last = 0;
    assert_int_equal(atomic_load(&s->revision), newest);
    changes_after(s, 0, -1, next_revision, &last);
    assert_int_equal(last, newest);
}

typedef struct spy {
    store_observer observer;
    store *s;
    int commits, lost, moves;
    size_t names;
} spy;

static void spy_begin(store_observer *self, const char *const *names, size_t count)
{
    (void)names;
    CONTAINER_OF(self, spy, observer)->names += count;
}

static void spy_end(store_observer *self, const char *const *names, size_t count, bool committed)
{
    (void)names, (void)count;
    spy *p = CONTAINER_OF(self, spy, observer);
    p->commits += committed;
    p->lost += !committed;
}

static void spy_moved(store_observer *self, const char *const *names, size_t count,
                      int64_t revision)
{
    (void)names, (void)count;
    spy *p = CONTAINER_OF(self, spy, observer);
    assert_int_equal(atomic_load(&p->s->revision), revision);
    p->moves++;
}

static void watch(spy *p, store *s)
{
    *p = (spy){.observer = {spy_begin, spy_end, spy_moved}, .s = s};
    s->observer = &p->observer;
}

static void writers_that_wait_share_a_commit(void **state)
{
    enum { COUNT = 5 };
    store *s = ((fixture *)*state)->s;
    spy p;
    watch(&p, s);
    writer list[COUNT] = {{.name = "zones/0"},
                          {.name = "zones/1"},
                          {.name = "zones/2"},
                          {.name = "zones/3"},
                          {.name = "zones/4"}};
    run_together(s, list, COUNT);
    for (int i = 0; i < COUNT; i++)
        expect_written(&list[i], i + 1);
    assert_int_equal(p.commits, 1);
    assert_int_equal(p.moves, 1);
    assert_int_equal(p.names, COUNT);
    expect_no_hole(s, COUNT);
}

static void a_writer_sees_those_before_it_and_takes_no_revision_for_looking(void **state)
{
    store *s = ((fixture *)*state)->s;
    writer list[] = {{.name = "zones/0"},
                     {.deed = LOOK, .other = "zones/0"},
                     {.deed = LOOK, .other = "zones/2"},
                     {.name = "zones/2"}};
    run_together(s, list, ARRAY_LEN(list));
    expect_written(&list[0], 1);
    assert_true(list[1].saw);
    assert_int_equal(list[1].revision, 1);
    assert_false(list[2].saw);
    assert_int_equal(list[2].status.code, NRPC_OK);
    expect_written(&list[3], 2);
}

static void a_fault_of_one_undoes_that_one_alone(void **state)
{
    store *s = ((fixture *)*state)->s;
    spy p;
    watch(&p, s);
    writer list[] = {{.name = "zones/0"},
                     {.deed = FAIL, .name = "zones/1"},
                     {.name = "zones/2"},
                     {.deed = TAKEN, .other = "zones/2"},
                     {.deed = LEAVE, .name = "zones/4"},
                     {.name = "zones/5"},
                     {.deed = LOOK, .other = "zones/1"}};
    run_together(s, list, ARRAY_LEN(list));
    expect_written(&list[0], 1);
    expect_failure(&list[1].status, NRPC_ABORTED, "CHANGED_MY_MIND");
    expect_written(&list[2], 2);
    expect_failure(&list[3].status, NRPC_ALREADY_EXISTS, "RESOURCE_EXISTS");
    expect_failure(&list[4].status, NRPC_CANCELLED, "CANCELLED");
    expect_written(&list[5], 3);
    assert_false(list[6].saw);
    expect_missing(s, "zones/1");
    expect_missing(s, "zones/4");
    expect_no_hole(s, 3);
    assert_int_equal(p.commits, 1);
    assert_int_equal(p.names, 3);
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        assert_int_equal(list[i].runs, 1);
}

static void a_fault_nobody_was_told_of_costs_the_others_a_run_and_nothing_else(void **state)
{
    store *s = ((fixture *)*state)->s;
    writer list[] = {{.name = "zones/0", .untold = true},
                     {.deed = FAIL, .name = "zones/1", .untold = true},
                     {.name = "zones/2", .untold = true}};
    run_together(s, list, ARRAY_LEN(list));
    expect_written(&list[0], 1);
    expect_failure(&list[1].status, NRPC_ABORTED, "CHANGED_MY_MIND");
    expect_written(&list[2], 2);
    expect_missing(s, "zones/1");
    expect_no_hole(s, 2);
    assert_int_equal(list[0].runs, 2);
    assert_int_equal(list[1].runs, 1);
}

static void a_fault_of_the_first_leaves_the_others_their_turn(void **state)
{
    store *s = ((fixture *)*state)->s;
    writer list[] = {{.deed = FAIL, .name = "zones/0"},
                     {.deed = FAIL, .name = "zones/1"},
                     {.name = "zones/2"},
                     {.deed = FAIL, .name = "zones/3"}};
    run_together(s, list, ARRAY_LEN(list));
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        if (i == 2)
            continue;
        expect_failure(&list[i].status, NRPC_ABORTED, "CHANGED_MY_MIND");
        expect_missing(s, list[i].name);
    }
    expect_written(&list[2], 1);
    expect_no_hole(s, 1);
    fixture_reopen(*state);
    expect_no_hole(((fixture *)*state)->s, 1);
}

// A full disk makes SQLite drop the whole transaction, not only the statement.
static void those_whose_transaction_another_one_broke_are_run_again(void **state)
{
    store *s = ((fixture *)*state)->s;
    put(s, STORE_CREATED, "zones/before", "x");
    sqlite3 *db = ((sqlite_store *)s)->writer.idle->db;
    assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count = 90", NULL, NULL, NULL), SQLITE_OK);
    writer list[] = {{.name = "zones/0"},
                     {.deed = LOOK, .other = "zones/before"},
                     {.deed = PUT_LARGE, .name = "zones/2"},
                     {.name = "zones/3"}};
    run_together(s, list, ARRAY_LEN(list));
    expect_written(&list[0], 2);
    assert_int_equal(list[0].runs, 2);
    assert_true(list[1].saw);
    assert_int_equal(list[1].runs, 2);
    expect_failure(&list[2].status, NRPC_RESOURCE_EXHAUSTED, "STORE_FULL");
    assert_int_equal(list[2].runs, 1);
    expect_written(&list[3], 3);
    expect_missing(s, "zones/2");
    expect_no_hole(s, 3);
}

// --- a commit that fails

// In a process of its own, because a limit on file sizes holds for everything in it.
static void commit_against_a_wall(const char *url)
{
    store *s;
    assert_ok(store_open(url, &s, NULL));
    spy p;
    watch(&p, s);
    put(s, STORE_CREATED, "zones/before", "x");
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit, wall;
    getrlimit(RLIMIT_FSIZE, &limit);
    wall = (struct rlimit){300000, limit.rlim_max};
    setrlimit(RLIMIT_FSIZE, &wall);
    writer list[] = {{.deed = LOOK, .other = "zones/before"},
                     {.deed = TAKEN, .other = "zones/before"},
                     {.name = "zones/2"},
                     {.deed = PUT_LARGE, .name = "zones/3"},
                     {.deed = LOOK, .other = "zones/2"},
                     {.deed = TAKEN, .other = "zones/2"}};
    run_together(s, list, ARRAY_LEN(list));
    assert_int_equal(list[0].code, NRPC_OK); // what it saw is true
    expect_failure(&list[1].status, NRPC_ALREADY_EXISTS, "RESOURCE_EXISTS");
    for (size_t i = 2; i < ARRAY_LEN(list); i++) {
        assert_int_equal(list[i].revision, 1);
        assert_string_equal(nrpc_status_get(&list[i].status, "phase"), "commit");
        assert_non_null(nrpc_status_get(&list[i].status, "detail"));
        expect_failure(&list[i].status, NRPC_INTERNAL, "STORE_IO");
    }
    assert_int_equal(p.commits, 1);
    assert_int_equal(p.lost, 1);
    expect_missing(s, "zones/2");
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_int_equal(put(s, STORE_CREATED, "zones/2", "x"), 2);
    expect_no_hole(s, 2);
    store_close(s);
}

static void a_failed_commit_fails_all_who_depend_on_it(void **state)
{
    fixture *f = *state;
    store_close(f->s);
    f->s = NULL;
    pid_t child = fork();
    if (!child) {
        commit_against_a_wall(f->url);
        _exit(0);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    assert_ok(store_open(f->url, &f->s, NULL));
    expect_no_hole(f->s, 2);
}

// --- all at once

enum { WRITERS = 8, ROUNDS = 60, READERS = 3 };

typedef struct crowd {
    store *s;
    int number;
    atomic_bool *done;
    pthread_t thread;
} crowd;

// Every third write is thought better of.
static void *write_and_look(void *arg)
{
    const crowd *c = arg;
    int64_t last = 0;
    for (int i = 0; i < ROUNDS; i++) {
        char name[64];
        snprintf(name, sizeof name, "zones/w%d-%d", c->number, i);
        writer w = {.s = c->s, .name = name, .deed = i % 3 == 2 ? FAIL : PUT};
        write_one(&w);
        store_context after = anytime;
        after.min_revision = w.revision;
        rows r = {0};
        nrpc_code code = store_get(c->s, &after, name, 0, false, remember_row, &r, NULL);
        if (w.deed == FAIL) {
            assert_int_equal(w.code, NRPC_ABORTED);
            assert_int_equal(code, NRPC_NOT_FOUND);
            nrpc_status_fini(&w.status);
            continue;
        }
        assert_int_equal(w.code, NRPC_OK);
        assert_int_equal(code, NRPC_OK);
        assert_int_equal(r.row[0].revision, w.revision);
        assert_true(w.revision > last);
        last = w.revision;
    }
    return NULL;
}

static void *look_all_the_time(void *arg)
{
    const crowd *c = arg;
    int64_t last = 0, last_count = 0;
    while (!atomic_load(c->done)) {
        store_context after = anytime;
        after.min_revision = atomic_load(&c->s->revision);
        int64_t count, revision;
        assert_ok(
            store_count(c->s, &after, &(store_query){.type = "Zone"}, &count, &revision, NULL));
        assert_true(revision >= after.min_revision && revision >= last);
        assert_int_equal(count, revision); // one change each, whole commits or nothing
        assert_true(count >= last_count);
        last = revision;
        last_count = count;
    }
    return NULL;
}

static void a_crowd_of_writers_loses_nothing_and_readers_see_no_older_state(void **state)
{
    store *s = ((fixture *)*state)->s;
    spy p;
    watch(&p, s);
    atomic_bool done = false;
    crowd all[WRITERS + READERS];
    for (int i = 0; i < WRITERS + READERS; i++) {
        all[i] = (crowd){.s = s, .number = i, .done = &done};
        pthread_create(&all[i].thread, NULL, i < WRITERS ? write_and_look : look_all_the_time,
                       &all[i]);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(all[i].thread, NULL);
    atomic_store(&done, true);
    for (int i = WRITERS; i < WRITERS + READERS; i++)
        pthread_join(all[i].thread, NULL);
    expect_no_hole(s, WRITERS * ROUNDS * 2 / 3);
    assert_int_equal(p.names, WRITERS * ROUNDS * 2 / 3);
    assert_int_equal(p.moves, p.commits);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(writers_that_wait_share_a_commit),
        CASE(a_writer_sees_those_before_it_and_takes_no_revision_for_looking),
        CASE(a_fault_of_one_undoes_that_one_alone),
        CASE(a_fault_nobody_was_told_of_costs_the_others_a_run_and_nothing_else),
        CASE(a_fault_of_the_first_leaves_the_others_their_turn),
        CASE(those_whose_transaction_another_one_broke_are_run_again),
        CASE(a_failed_commit_fails_all_who_depend_on_it),
        CASE(a_crowd_of_writers_loses_nothing_and_readers_see_no_older_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
