// What was acknowledged stays: servers killed with SIGKILL while several threads of them write.
//
//   store_kill [ROUNDS]      kills that often
//   store_kill write PATH    writes a little, saying when it begins and when it is answered;
//                            store_durable.py watches it from outside
#include "unit/store_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 4 };

static int rounds = 10;

// The nth write of a thread: a new zone with a token of its own, the thread's last one, and the
// request.
typedef struct nth_write {
    int thread;
    int64_t n;
    bool first; // the thread has no last one yet
} nth_write;

typedef struct acknowledged {
    int64_t thread, n, revision;
} acknowledged;

static void name_of(char out[64], const char *kind, int64_t thread, int64_t n)
{
    snprintf(out, 64, "zones/%s%lld-%lld", kind, (long long)thread, (long long)n);
}

static nrpc_code write_nth(store_tx *tx, void *context, nrpc_status *status)
{
    const nth_write *w = context;
    char name[64], last_name[64], body[32], token[32];
    snprintf(body, sizeof body, "%lld", (long long)w->n);
    int size = snprintf(token, sizeof token, "t%dn%lld", w->thread, (long long)w->n);
    name_of(name, "n", w->thread, w->n);
    name_of(last_name, "last", w->thread, 0);
    sample fresh, last;
    sample_init(&fresh, name, body);
    sample_init(&last, last_name, body);
    store_index index = {.document = {"{}", 2}, .search = {{token, (size_t)size}}};
    fresh.record.index = &index;
    nrpc_code code = store_tx_put(tx, STORE_CREATED, &fresh.record, status);
    if (!code)
        code = store_tx_put(tx, w->first ? STORE_CREATED : STORE_UPDATED, &last.record, status);
    if (code)
        return code;
    return store_tx_remember(tx, name, &(store_request){.answer = {body, strlen(body)}}, status);
}

typedef struct writing {
    store *s;
    int thread;
    int acknowledge;
} writing;

static int64_t last_of(store *s, int thread)
{
    char name[64];
    rows r = {0};
    name_of(name, "last", thread, 0);
    nrpc_code code = store_get(s, &anytime, name, 0, false, remember_row, &r, NULL);
    return code ? 0 : atoll(r.row[0].body);
}

static void *write_until_killed(void *arg)
{
    const writing *w = arg;
    for (int64_t n = last_of(w->s, w->thread) + 1;; n++) {
        acknowledged a = {.thread = w->thread, .n = n};
        nth_write nth = {w->thread, n, n == 1};
        if (store_write(w->s, &anytime, write_nth, &nth, &a.revision, NULL))
            _exit(2);
        if (write(w->acknowledge, &a, sizeof a) != sizeof a) // whole: shorter than PIPE_BUF
            _exit(3);
    }
    return NULL;
}

static void be_killed(const char *url, int acknowledge)
{
    static writing all[THREADS];
    pthread_t thread;
    store *s;
    if (store_open(url, &s, NULL))
        _exit(1);
    for (int i = 0; i < THREADS; i++) {
        all[i] = (writing){s, i, acknowledge};
        pthread_create(&thread, NULL, write_until_killed, &all[i]);
    }
    for (;;)
        pause();
}

// --- afterwards

typedef struct hole_finder {
    int64_t revision;
    int index;
} hole_finder;

static bool next_in_line(void *context, const store_change *c)
{
    hole_finder *h = context;
    bool second = h->index == 0;
    assert_int_equal(c->revision, second ? h->revision : h->revision + 1);
    assert_int_equal(c->index, second ? 1 : 0);
    h->revision = c->revision;
    h->index = c->index;
    return true;
}

static void recalled(void *context, const store_request *request)
{
    *(int64_t *)context = request->revision;
}

static nrpc_code recall(store_tx *tx, void *context, nrpc_status *status)
{
    const acknowledged *a = context;
    char name[64];
    int64_t revision = 0;
    bool found;
    name_of(name, "n", a->thread, a->n);
    nrpc_code code = store_tx_recall(tx, name, recalled, &revision, &found, status);
    assert_true(found);
    assert_int_equal(revision, a->revision);
    return code;
}

static void expect_there(store *s, acknowledged *a)
{
    char name[64];
    rows r = {0};
    int64_t revision;
    name_of(name, "n", a->thread, a->n);
    assert_ok(store_get(s, &anytime, name, 0, false, remember_row, &r, NULL));
    assert_int_equal(r.row[0].revision, a->revision);
    assert_int_equal(atoll(r.row[0].body), a->n);
    assert_true(last_of(s, (int)a->thread) >= a->n);
    assert_ok(store_write(s, &anytime, recall, a, &revision, NULL));
}

static int64_t ask(const fixture *f, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return n;
}

// A row, its listing, its tokens and its line in the log come together or not at all.
static void expect_consistent(const fixture *f)
{
    store *s = f->s;
    int64_t newest = atomic_load(&s->revision), count, revision, started = 0;
    hole_finder h = {.index = 1};
    changes_after(s, 0, -1, next_in_line, &h);
    assert_int_equal(h.revision, newest);
    assert_int_equal(h.index, 1);
    int64_t sum = 0;
    for (int i = 0; i < THREADS; i++) {
        sum += last_of(s, i);
        started += last_of(s, i) > 0;
    }
    assert_int_equal(sum, newest);
    assert_ok(store_count(s, &anytime, &(store_query){.type = "Zone", .parent = ""}, &count,
                          &revision, NULL));
    assert_int_equal(count, newest + started);
    assert_int_equal(ask(f, "SELECT count(*) FROM search"), newest);
    assert_int_equal(ask(f, "SELECT count(*) FROM request"), newest);
    assert_int_equal(ask(f, "SELECT value FROM meta WHERE key = 'logged'"), 2 * newest);
    assert_int_equal(ask(f, "SELECT count(*) FROM search WHERE search MATCH 't0n1'"),
                     last_of(s, 0) > 0);
}

static void kill_dash_nine_loses_nothing_acknowledged(void **state)
{
    static acknowledged list[100000];
    fixture *f = *state;
    store_close(f->s);
    f->s = NULL;
    unsigned seed = (unsigned)clock_wall_us();
    print_message("seed %u\n", seed);
    for (int round = 0; round < rounds; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        if (!child)
            be_killed(f->url, pipes[1]);
        close(pipes[1]);
        size_t count = 0;
        assert_int_equal(read(pipes[0], &list[count++], sizeof *list), sizeof *list);
        nanosleep(&(struct timespec){.tv_nsec = rand_r(&seed) % 40 * 1000000}, NULL);
        kill(child, SIGKILL);
        while (count < ARRAY_LEN(list) &&
               read(pipes[0], &list[count], sizeof *list) == sizeof *list)
            count++;
        close(pipes[0]);
        int how;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how));

        assert_ok(store_open(f->url, &f->s, NULL));
        for (size_t i = 0; i < count; i++)
            expect_there(f->s, &list[i]);
        expect_consistent(f);
        store_close(f->s);
        f->s = NULL;
    }
    assert_int_equal(ask(f, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

// --- for store_durable.py

static void say(const char *what)
{
    if (write(STDOUT_FILENO, what, strlen(what)) < 0)
        abort();
}

static void *write_and_say(void *arg)
{
    const writing *w = arg;
    for (int64_t n = 1; n <= 10; n++) {
        int64_t revision;
        nth_write nth = {w->thread, n, n == 1};
        say("begin\n");
        if (store_write(w->s, &anytime, write_nth, &nth, &revision, NULL))
            abort();
        say("answered\n");
    }
    return NULL;
}

static int write_a_little(const char *path)
{
    char url[512];
    pthread_t threads[THREADS];
    writing all[THREADS];
    store *s;
    snprintf(url, sizeof url, "sqlite:%s", path);
    if (store_open(url, &s, NULL))
        return 1;
    for (int i = 0; i < THREADS; i++) {
        all[i] = (writing){.s = s, .thread = i};
        pthread_create(&threads[i], NULL, write_and_say, &all[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    store_close(s);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kill_dash_nine_loses_nothing_acknowledged, fixture_setup,
                                        fixture_teardown),
    };
    if (argc == 3 && !strcmp(argv[1], "write"))
        return write_a_little(argv[2]);
    if (argc == 2)
        rounds = atoi(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
