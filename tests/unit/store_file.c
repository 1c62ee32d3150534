// The file: who may open it, what is refused, what survives.
#include "unit/store_fixture.h"

#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static nrpc_code put_large(store_tx *tx, void *context, nrpc_status *status)
{
    static char body[100000];
    sample r;
    sample_init(&r, context, "x");
    r.record.body = (store_bytes){body, sizeof body};
    return store_tx_put(tx, STORE_CREATED, &r.record, status);
}

static void expect_refused(const char *url, nrpc_code code, const char *reason)
{
    nrpc_status status = {0};
    store *s = (store *)&status;
    assert_int_equal(store_open(url, &s, &status), code);
    assert_null(s);
    expect_failure(&status, code, reason);
}

static void close_store(fixture *f)
{
    store_close(f->s);
    f->s = NULL;
}

static void only_urls_of_files_are_taken(void **state)
{
    (void)state;
    expect_refused("sqlite::memory:", NRPC_INVALID_ARGUMENT, "STORE_URL");
    expect_refused("sqlite:", NRPC_INVALID_ARGUMENT, "STORE_URL");
    expect_refused("mysql://x", NRPC_INVALID_ARGUMENT, "STORE_URL");
    expect_refused("", NRPC_INVALID_ARGUMENT, "STORE_URL");
    expect_refused("/tmp/x.db", NRPC_INVALID_ARGUMENT, "STORE_URL");
}

static void directories_and_file_are_made_for_the_server_alone(void **state)
{
    fixture *f = *state;
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);

    char path[256];
    store *s;
    assert_ok(store_open(fixture_url(f, "a/b//c.db"), &s, NULL));
    put(s, STORE_CREATED, "zones/a", "x");
    snprintf(path, sizeof path, "%s/a/b/c.db-wal", f->directory);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    store_close(s);
    static const char *const made[] = {"a/b/c.db", "a/b/c.db.lock", "a/b", "a"};
    for (size_t i = 0; i < ARRAY_LEN(made); i++) {
        snprintf(path, sizeof path, "%s/%s", f->directory, made[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, i < 2 ? 0600 : 0700);
        assert_int_equal(remove(path), 0); // and nothing else is left in there
    }
    expect_refused(fixture_url(f, "data.db/c.db"), NRPC_FAILED_PRECONDITION, "STORE_CANNOT_OPEN");
    expect_refused(fixture_url(f, ""), NRPC_FAILED_PRECONDITION, "STORE_CANNOT_OPEN");
}

static void reopening_keeps_everything_and_the_id(void **state)
{
    fixture *f = *state;
    char id[17];
    strcpy(id, f->s->id);
    assert_int_equal(strspn(id, "0123456789abcdef"), 16);
    put(f->s, STORE_CREATED, "zones/a", "x");
    put(f->s, STORE_UPDATED, "zones/a", "y");
    fixture_reopen(f);
    assert_string_equal(f->s->id, id);
    assert_int_equal(atomic_load(&f->s->revision), 2);
    rows r = {0};
    assert_ok(store_get(f->s, &anytime, "zones/a", 0, true, remember_row, &r, NULL));
    assert_string_equal(r.row[0].body, "y");
    assert_ok(store_get(f->s, &anytime, "zones/a", 1, true, remember_row, &r, NULL));
    assert_string_equal(r.row[1].body, "x");
    assert_int_equal(put(f->s, STORE_UPDATED, "zones/a", "z"), 3);

    store *other;
    assert_ok(store_open(fixture_url(f, "other.db"), &other, NULL));
    assert_string_not_equal(other->id, id);
    store_close(other);
}

static void closing_leaves_one_whole_file(void **state)
{
    fixture *f = *state;
    put(f->s, STORE_CREATED, "zones/a", "x");
    close_store(f);
    char path[256];
    snprintf(path, sizeof path, "%s-wal", f->path);
    assert_int_equal(access(path, F_OK), -1);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "ok");
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

// --- one server at a time

static void expect_in_use(const char *url, pid_t holder)
{
    nrpc_status status = {0};
    store *s;
    char pid[16];
    snprintf(pid, sizeof pid, "%d", holder);
    assert_int_equal(store_open(url, &s, &status), NRPC_FAILED_PRECONDITION);
    assert_non_null(strstr(status.message, pid));
    assert_string_equal(nrpc_status_get(&status, "pid"), pid);
    expect_failure(&status, NRPC_FAILED_PRECONDITION, "STORE_IN_USE");
}

static void a_second_server_is_refused(void **state)
{
    fixture *f = *state;
    expect_in_use(f->url, getpid());
    char link[256];
    snprintf(link, sizeof link, "%s/link.db", f->directory);
    assert_int_equal(symlink("data.db", link), 0);
    expect_in_use(fixture_url(f, "link.db"), getpid()); // another spelling of the same file
    expect_in_use(fixture_url(f, "./data.db"), getpid());
    pid_t holder = getpid(), child = fork();
    if (!child) {
        expect_in_use(f->url, holder);
        _exit(0);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    put(f->s, STORE_CREATED, "zones/a", "x"); // and the first one is none the worse
    fixture_reopen(f);
}

static void a_killed_server_leaves_no_lock(void **state)
{
    fixture *f = *state;
    close_store(f);
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (!child) {
        store *s;
        char ok = store_open(f->url, &s, NULL) == NRPC_OK;
        (void)!write(ready[1], &ok, 1);
        pause();
    }
    char ok = 0;
    assert_int_equal(read(ready[0], &ok, 1), 1);
    assert_int_equal(ok, 1);
    expect_in_use(f->url, child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ready[0]);
    close(ready[1]);
    assert_ok(store_open(f->url, &f->s, NULL));
}

static void a_tool_holding_the_file_makes_writers_wait(void **state)
{
    fixture *f = *state;
    put(f->s, STORE_CREATED, "zones/a", "x");
    sqlite3 *tool;
    assert_int_equal(sqlite3_open(f->path, &tool), SQLITE_OK);
    assert_int_equal(sqlite3_exec(tool, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    store_context c = anytime;
    c.deadline_ns = clock_now_ns() + 50000000;
    nrpc_status status = {0};
    int64_t revision;
    static char name[] = "zones/b";
    (void)!store_write(f->s, &c, put_large, name, &revision, &status);
    expect_failure(&status, NRPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED");
    assert_ok(store_get(f->s, &anytime, "zones/a", 0, true, remember_row, &(rows){0}, NULL));
    assert_int_equal(sqlite3_close(tool), SQLITE_OK);
    assert_int_equal(put(f->s, STORE_CREATED, "zones/b", "x"), 2);
}

// --- files that are not to be touched

static void make_database(const char *url, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(url + strlen("sqlite:"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_newer_file_is_refused(void **state)
{
    fixture *f = *state;
    close_store(f);
    make_database(f->url, "PRAGMA user_version = 1000");
    nrpc_status status = {0};
    assert_int_equal(store_open(f->url, &f->s, &status), NRPC_FAILED_PRECONDITION);
    assert_string_equal(nrpc_status_get(&status, "version"), "1000");
    assert_string_equal(nrpc_status_get(&status, "path"), f->path);
    expect_failure(&status, NRPC_FAILED_PRECONDITION, "STORE_NEWER_VERSION");
    make_database(f->url, "PRAGMA user_version = -1");
    expect_refused(f->url, NRPC_DATA_LOSS, "STORE_CORRUPT");
    char current[64];
    snprintf(current, sizeof current, "PRAGMA user_version = %d", sqlite_migration_count);
    make_database(f->url, current);
    assert_ok(store_open(f->url, &f->s, NULL));
}

static void write_file(const char *url, const void *bytes, size_t size)
{
    FILE *file = fopen(url + strlen("sqlite:"), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void foreign_files_are_refused_untouched(void **state)
{
    fixture *f = *state;
    const char *url = fixture_url(f, "foreign.db");
    make_database(url, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
    expect_refused(url, NRPC_FAILED_PRECONDITION, "STORE_FOREIGN_FILE");
    make_database(url, "PRAGMA application_id = 1; SELECT x FROM t");
    expect_refused(url, NRPC_FAILED_PRECONDITION, "STORE_FOREIGN_FILE");

    static const char text[] = "Dear diary, this is no database, and long enough to be sure that "
                               "nobody takes it for one, header or no header: one hundred bytes.";
    write_file(url, text, sizeof text);
    expect_refused(url, NRPC_FAILED_PRECONDITION, "STORE_FOREIGN_FILE");
    write_file(url, "x", 1);
    expect_refused(url, NRPC_FAILED_PRECONDITION, "STORE_FOREIGN_FILE");
    struct stat st;
    assert_int_equal(stat(url + strlen("sqlite:"), &st), 0);
    assert_int_equal(st.st_size, 1);

    assert_int_equal(remove(url + strlen("sqlite:")), 0);
    assert_int_equal(mkfifo(url + strlen("sqlite:"), 0600), 0);
    expect_refused(url, NRPC_FAILED_PRECONDITION, "STORE_FOREIGN_FILE");
    assert_int_equal(remove(url + strlen("sqlite:")), 0);

    // An empty file is what a server killed in its first moment leaves.
    write_file(url, "", 0);
    store *s;
    assert_ok(store_open(url, &s, NULL));
    store_close(s);
}

static void a_truncated_file_is_refused(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 50; i++) {
        char name[32];
        snprintf(name, sizeof name, "zones/%d", i);
        put(f->s, STORE_CREATED, name, "a body of some length, so that the file has some pages");
    }
    close_store(f);
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(truncate(f->path, st.st_size / 2), 0);
    expect_refused(f->url, NRPC_DATA_LOSS, "STORE_CORRUPT");
    assert_int_equal(truncate(f->path, 99), 0);
    expect_refused(f->url, NRPC_FAILED_PRECONDITION, "STORE_FOREIGN_FILE");
}

static void damaged_pages_are_reported_not_believed(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 50; i++) {
        char name[32];
        snprintf(name, sizeof name, "zones/%d", i);
        put(f->s, STORE_CREATED, name, "a body");
    }
    close_store(f);
    // Everything behind the schema's page.
    FILE *file = fopen(f->path, "r+b");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    fseek(file, 4096, SEEK_SET);
    for (long i = 4096; i < size; i++)
        fputc(0xa5, file);
    fclose(file);
    expect_refused(f->url, NRPC_DATA_LOSS, "STORE_CORRUPT");
}

static void damage_in_a_table_fails_its_readers(void **state)
{
    fixture *f = *state;
    put(f->s, STORE_CREATED, "zones/a", "a body");
    close_store(f);
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'resource'", -1,
                           &stmt, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    long page = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    FILE *file = fopen(f->path, "r+b");
    fseek(file, (page - 1) * 4096, SEEK_SET);
    for (int i = 0; i < 4096; i++)
        fputc(0xa5, file);
    fclose(file);

    assert_ok(store_open(f->url, &f->s, NULL));
    nrpc_status status = {0};
    int64_t revision;
    (void)!store_get(f->s, &anytime, "zones/a", 0, true, remember_row, &(rows){0}, &status);
    expect_failure(&status, NRPC_DATA_LOSS, "STORE_CORRUPT");
    (void)!store_list(f->s, &anytime, &(store_query){.type = "Zone"}, remember_row, &(rows){0},
                      &revision, &status);
    assert_non_null(nrpc_status_get(&status, "detail"));
    expect_failure(&status, NRPC_DATA_LOSS, "STORE_CORRUPT");
}

// --- a disk that fails

typedef struct verdict {
    store_observer observer;
    int begun, lost;
} verdict;

static void verdict_begin(store_observer *self, const char *const *names, size_t count)
{
    (void)names, (void)count;
    CONTAINER_OF(self, verdict, observer)->begun++;
}

static void verdict_end(store_observer *self, const char *const *names, size_t count,
                        bool committed)
{
    (void)names, (void)count;
    CONTAINER_OF(self, verdict, observer)->lost += !committed;
}

// In a process of its own, because a limit on file sizes holds for everything in it.
static void write_against_a_wall(fixture *f)
{
    store *s;
    assert_ok(store_open(f->url, &s, NULL));
    verdict v = {.observer = {.begin = verdict_begin, .end = verdict_end}};
    s->observer = &v.observer;
    put(s, STORE_CREATED, "zones/before", "x");
    static char name[] = "zones/lost";
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit, wall;
    getrlimit(RLIMIT_FSIZE, &limit);
    wall = (struct rlimit){150000, limit.rlim_max};
    setrlimit(RLIMIT_FSIZE, &wall);
    nrpc_status status = {0};
    int64_t revision;
    (void)!store_write(s, &anytime, put_large, name, &revision, &status);
    assert_string_equal(nrpc_status_get(&status, "phase"), "commit");
    expect_failure(&status, NRPC_INTERNAL, "STORE_IO");
    assert_int_equal(v.begun, 2);
    assert_int_equal(v.lost, 1);
    assert_int_equal(atomic_load(&s->revision), 1);
    assert_int_equal(store_get(s, &anytime, "zones/lost", 0, false, remember_row, &(rows){0}, NULL),
                     NRPC_NOT_FOUND);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_int_equal(put(s, STORE_CREATED, "zones/after", "x"), 2);
    store_close(s);
}

static void a_commit_the_disk_refuses_leaves_nothing(void **state)
{
    fixture *f = *state;
    close_store(f);
    pid_t child = fork();
    if (!child) {
        write_against_a_wall(f);
        _exit(0);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    assert_ok(store_open(f->url, &f->s, NULL));
    assert_int_equal(atomic_load(&f->s->revision), 2);
    assert_int_equal(
        store_get(f->s, &anytime, "zones/lost", 0, false, remember_row, &(rows){0}, NULL),
        NRPC_NOT_FOUND);
    assert_ok(store_get(f->s, &anytime, "zones/after", 0, false, remember_row, &(rows){0}, NULL));
}

static void errors_of_sqlite_have_one_meaning_each(void **state)
{
    (void)state;
    static const struct {
        int rc;
        nrpc_code code;
        const char *reason;
    } meanings[] = {
        {SQLITE_FULL, NRPC_RESOURCE_EXHAUSTED, "STORE_FULL"},
        {SQLITE_NOMEM, NRPC_RESOURCE_EXHAUSTED, "STORE_MEMORY"},
        {SQLITE_IOERR_NOMEM, NRPC_RESOURCE_EXHAUSTED, "STORE_MEMORY"},
        {SQLITE_BUSY, NRPC_UNAVAILABLE, "STORE_BUSY"},
        {SQLITE_BUSY_RECOVERY, NRPC_UNAVAILABLE, "STORE_BUSY"},
        {SQLITE_LOCKED, NRPC_UNAVAILABLE, "STORE_BUSY"},
        {SQLITE_CORRUPT_INDEX, NRPC_DATA_LOSS, "STORE_CORRUPT"},
        {SQLITE_NOTADB, NRPC_DATA_LOSS, "STORE_CORRUPT"},
        {SQLITE_IOERR_FSYNC, NRPC_INTERNAL, "STORE_IO"},
        {SQLITE_CANTOPEN, NRPC_UNAVAILABLE, "STORE_CANNOT_OPEN"},
        {SQLITE_READONLY_DBMOVED, NRPC_FAILED_PRECONDITION, "STORE_READ_ONLY"},
        {SQLITE_INTERRUPT, NRPC_INTERNAL, "STORE_ERROR"}, // nobody asked for it
        {SQLITE_CONSTRAINT, NRPC_INTERNAL, "STORE_ERROR"},
    };
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        nrpc_status status = {0};
        assert_int_equal(sqlite_fail(NULL, &anytime, meanings[i].rc, &status), meanings[i].code);
        assert_int_equal(status.retry_after_ms != 0, meanings[i].code == NRPC_UNAVAILABLE);
        expect_failure(&status, meanings[i].code, meanings[i].reason);
    }
    store_context late = {.deadline_ns = 1};
    assert_int_equal(sqlite_fail(NULL, &late, SQLITE_INTERRUPT, NULL), NRPC_DEADLINE_EXCEEDED);
    assert_int_equal(sqlite_fail(NULL, &late, SQLITE_BUSY, NULL), NRPC_DEADLINE_EXCEEDED);
    assert_int_equal(sqlite_fail(NULL, &late, SQLITE_FULL, NULL), NRPC_RESOURCE_EXHAUSTED);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_urls_of_files_are_taken),
        CASE(directories_and_file_are_made_for_the_server_alone),
        CASE(reopening_keeps_everything_and_the_id),
        CASE(closing_leaves_one_whole_file),
        CASE(a_second_server_is_refused),
        CASE(a_killed_server_leaves_no_lock),
        CASE(a_tool_holding_the_file_makes_writers_wait),
        CASE(a_newer_file_is_refused),
        CASE(foreign_files_are_refused_untouched),
        CASE(a_truncated_file_is_refused),
        CASE(damaged_pages_are_reported_not_believed),
        CASE(damage_in_a_table_fails_its_readers),
        CASE(a_commit_the_disk_refuses_leaves_nothing),
        cmocka_unit_test(errors_of_sqlite_have_one_meaning_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
