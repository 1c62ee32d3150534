// What the store keeps beside a record for queries: when it appears, when it goes, and how it is
// made anew. Looks into the file, so that no query can hide what is there.
#include "unit/store_fixture.h"

#include "store/sqlite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define EVENT "zones/a/events/e"

// The first column of the rows, joined by blanks.
static const char *look(const fixture *f, const char *sql)
{
    static char text[4096];
    sqlite3 *db;
    sqlite3_stmt *stmt;
    size_t n = 0;
    text[0] = '\0';
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? " " : "",
                              sqlite3_column_text(stmt, 0));
    assert_int_equal(rc, SQLITE_DONE);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return text;
}

static void execute(const fixture *f, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static const char LISTINGS[] =
    "SELECT parent FROM listing WHERE name = '" EVENT "' ORDER BY parent";
static const char MOMENTS[] =
    "SELECT scope || '|' || first || '-' || last || '.' || precision || '.' || kind || '.' || path"
    " FROM moment ORDER BY scope, first";
static const char FOUND[] = "SELECT rowid FROM search('c3:\"\xe5\x8d\x97\"')";
static const char TOKENS[] = "SELECT c0 || ',' || c1 || ',' || c2 || ',' || c3 || ',' || c4"
                             " FROM search";

static const store_moment dates[] = {
    {.first = 20230101, .last = 20231231, .precision = 0, .kind = 2, .path = "announce_date"},
    {.first = 20231101, .last = 20231101, .precision = 2, .kind = 1, .path = "date"},
};
static const char *const zones[] = {"zones/a", "zones/b"};

static store_index an_index(void)
{
    return (store_index){
        .document = {"{\"x\":1}", 7},
        .search =
            {{"event", 5}, {"launch day", 10}, {"", 0}, {"\xe5\x8d\x97 x", 5}, {"lau aun", 7}},
        .listings = zones,
        .listing_count = 2,
        .scopes = zones,
        .scope_count = 2,
        .moments = dates,
        .moment_count = 2,
    };
}

typedef struct indexed_put {
    store_operation operation;
    const char *name;
    const store_index *index;
    bool fail;
    size_t repeat;
} indexed_put;

static nrpc_code put_indexed(store_tx *tx, void *context, nrpc_status *status)
{
    const indexed_put *p = context;
    sample r;
    sample_init(&r, p->name, "body");
    r.record.type = "Event";
    r.record.index = p->index;
    nrpc_code code = store_tx_put(tx, p->operation, &r.record, status);
    for (size_t i = 0; i < p->repeat && !code; i++)
        code = store_tx_put(tx, STORE_UPDATED, &r.record, status);
    if (!code && p->fail)
        return nrpc_status_set(status, NRPC_ABORTED, "CHANGED_MY_MIND", "no");
    return code;
}

static void write_indexed(store *s, store_operation operation, const store_index *index)
{
    int64_t revision;
    assert_ok(store_write(s, &anytime, put_indexed,
                          &(indexed_put){operation, EVENT, index, .fail = false}, &revision, NULL));
}

static void expect_whole_index(const fixture *f)
{
    assert_string_equal(look(f, LISTINGS), "zones/a zones/b");
    assert_string_equal(look(f, MOMENTS), "|20230101-20231231.0.2.announce_date "
                                          "|20231101-20231101.2.1.date "
                                          "zones/a|20230101-20231231.0.2.announce_date "
                                          "zones/a|20231101-20231101.2.1.date "
                                          "zones/b|20230101-20231231.0.2.announce_date "
                                          "zones/b|20231101-20231101.2.1.date");
    assert_string_equal(look(f, FOUND), "1");
    assert_string_equal(look(f, TOKENS), "event,launch day,,\xe5\x8d\x97 x,lau aun");
    assert_string_equal(look(f, "SELECT document FROM resource"), "{\"x\":1}");
}

static void expect_deleted_index(const fixture *f, bool kept)
{
    assert_string_equal(look(f, LISTINGS), kept ? "zones/a zones/b" : "");
    assert_string_equal(look(f, "SELECT count(*) FROM listing WHERE delete_time_us > 0"),
                        kept ? "2" : "0");
    assert_string_equal(look(f, MOMENTS), "");
    assert_string_equal(look(f, FOUND), "");
    assert_string_equal(look(f, TOKENS), "");
}

static void an_index_comes_and_goes_with_its_record(void **state)
{
    fixture *f = *state;
    store_index index = an_index();
    write_indexed(f->s, STORE_CREATED, &index);
    expect_whole_index(f);
    rows r = {0};
    int64_t revision;
    assert_ok(store_list(f->s, &anytime, &(store_query){.type = "Event", .parent = "zones/b"},
                         remember_row, &r, &revision, NULL));
    assert_int_equal(r.count, 1);
    assert_string_equal(r.row[0].parent, "zones/a");

    write_indexed(f->s, STORE_UPDATED, &index);
    expect_whole_index(f);
    write_indexed(f->s, STORE_DELETED, &index);
    expect_deleted_index(f, true);
    write_indexed(f->s, STORE_UNDELETED, &index);
    expect_whole_index(f);
    write_indexed(f->s, STORE_DELETED, &index);
    write_indexed(f->s, STORE_PURGED, NULL);
    expect_deleted_index(f, false);
    write_indexed(f->s, STORE_CREATED, &index);
    expect_whole_index(f);
    write_indexed(f->s, STORE_PURGED, NULL);
    expect_deleted_index(f, false);
}

static void an_update_replaces_what_became_different(void **state)
{
    fixture *f = *state;
    store_index index = an_index();
    write_indexed(f->s, STORE_CREATED, &index);
    static const store_moment other = {20240201, 20240229, 1, 1, "date"};
    static const char *const far[] = {"zones/c"};
    store_index next = {
        .document = {"{}", 2},
        .search = {{"new", 3}},
        .listings = far,
        .listing_count = 1,
        .scopes = far,
        .scope_count = 1,
        .moments = &other,
        .moment_count = 1,
    };
    write_indexed(f->s, STORE_UPDATED, &next);
    assert_string_equal(look(f, LISTINGS), "zones/a zones/c");
    assert_string_equal(look(f, MOMENTS), "|20240201-20240229.1.1.date "
                                          "zones/c|20240201-20240229.1.1.date");
    assert_string_equal(look(f, FOUND), "");
    assert_string_equal(look(f, TOKENS), "new,,,,");
    write_indexed(f->s, STORE_UPDATED, NULL);
    assert_string_equal(look(f, LISTINGS), "zones/a");
    assert_string_equal(look(f, MOMENTS), "");
    assert_string_equal(look(f, TOKENS), "");
    write_indexed(f->s, STORE_UPDATED, &index);
    expect_whole_index(f);
}

static void equal_tokens_are_not_written_again(void **state)
{
    fixture *f = *state;
    static const char structure[] = "SELECT hex(block) FROM search_data ORDER BY id";
    store_index index = an_index();
    write_indexed(f->s, STORE_CREATED, &index);
    char before[4096];
    strcpy(before, look(f, structure));
    write_indexed(f->s, STORE_UPDATED, &index);
    assert_string_equal(look(f, structure), before);
    index.search[0] = (store_bytes){"evenu", 5};
    write_indexed(f->s, STORE_UPDATED, &index);
    assert_string_not_equal(look(f, structure), before);
}

// Filters of a list below a parent look at the listing's own columns.
static void the_facts_of_a_listing_follow_the_record(void **state)
{
    static const char told[] = "SELECT event_type || '.' || event_first || '.' || event_last"
                               " FROM listing ORDER BY parent";
    static const char launch[] =
        "{\"type\":\"launch\",\"date\":{\"first\":20230101,\"last\":20231231}}";
    static const char policy[] =
        "{\"type\":\"policy\",\"date\":{\"first\":20230101,\"last\":20231231}}";
    fixture *f = *state;
    store_index index = an_index();
    index.document = (store_bytes){launch, sizeof launch - 1};
    write_indexed(f->s, STORE_CREATED, &index);
    assert_string_equal(look(f, told), "launch.20230101.20231231 launch.20230101.20231231");
    index.document = (store_bytes){policy, sizeof policy - 1};
    write_indexed(f->s, STORE_UPDATED, &index);
    assert_string_equal(look(f, told), "policy.20230101.20231231 policy.20230101.20231231");
    index.document = (store_bytes){"{}", 2};
    write_indexed(f->s, STORE_UPDATED, &index);
    assert_string_equal(look(f, "SELECT count(*) FROM listing WHERE event_type IS NULL"
                                " AND event_first IS NULL AND event_last IS NULL"),
                        "2");
}

// --- among others in a commit

typedef struct holder {
    store *s;
    atomic_bool held, release;
} holder;

static nrpc_code hold(store_tx *tx, void *context, nrpc_status *status)
{
    holder *h = context;
    atomic_store(&h->held, true);
    while (!atomic_load(&h->release))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    store_index index = an_index();
    return put_indexed(tx, &(indexed_put){STORE_CREATED, EVENT, &index, .fail = false}, status);
}

static void *write_holding(void *arg)
{
    holder *h = arg;
    int64_t revision;
    assert_ok(store_write(h->s, &anytime, hold, h, &revision, NULL));
    return NULL;
}

typedef struct late_put {
    store *s;
    indexed_put put;
    nrpc_code code;
    pthread_t thread;
} late_put;

static void *write_late(void *arg)
{
    late_put *l = arg;
    int64_t revision;
    l->code = store_write(l->s, &anytime, put_indexed, &l->put, &revision, NULL);
    return NULL;
}

// Some of them with more tokens than are kept waiting.
static void the_tokens_of_a_failed_write_are_not_found(void **state)
{
    static char many[600000];
    fixture *f = *state;
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = i % 8 ? (char)('a' + i / 8 % 26) : ' ';
    store_index large = {.document = {"{}", 2}, .search = {{many, sizeof many}}};
    store_index lost = {.document = {"{}", 2}, .search = {{"lost", 4}}};
    store_index kept = {.document = {"{}", 2}, .search = {{"kept", 4}}};
    const void *last = NULL;
    holder h = {.s = f->s};
    pthread_t thread;
    pthread_create(&thread, NULL, write_holding, &h);
    while (!atomic_load(&h.held))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    late_put late[] = {
        {.put = {STORE_CREATED, "zones/1", &lost, .fail = true}},
        {.put = {STORE_CREATED, "zones/2", &kept, .fail = false}},
        {.put = {STORE_CREATED, "zones/3", &large, .fail = true, .repeat = 20}},
        {.put = {STORE_CREATED, "zones/4", &large, .repeat = 20}},
        {.put = {STORE_UPDATED, EVENT, &kept, .fail = false}},
        {.put = {STORE_CREATED, "zones/6", &lost, .fail = true}},
    };
    for (size_t i = 0; i < ARRAY_LEN(late); i++) {
        late[i].s = f->s;
        pthread_create(&late[i].thread, NULL, write_late, &late[i]);
        await_writer(f->s, &last);
    }
    atomic_store(&h.release, true);
    pthread_join(thread, NULL);
    for (size_t i = 0; i < ARRAY_LEN(late); i++) {
        pthread_join(late[i].thread, NULL);
        assert_int_equal(late[i].code, late[i].put.fail ? NRPC_ABORTED : NRPC_OK);
    }
    assert_string_equal(look(f, "SELECT name FROM search JOIN resource ON id = search.rowid"
                                " WHERE search MATCH 'kept' ORDER BY name"),
                        "zones/2 " EVENT);
    assert_string_equal(look(f, "SELECT rowid FROM search('lost')"), "");
    assert_string_equal(look(f, "SELECT name FROM search JOIN resource ON id = search.rowid"
                                " WHERE search MATCH 'aaaaaaa'"),
                        "zones/4");
    assert_string_equal(look(f, "SELECT count(*) FROM search"), "3");
    execute(f, "INSERT INTO search (search) VALUES ('integrity-check')");
}

// --- from an older file

static void make_old_file(fixture *f)
{
    store_close(f->s);
    f->s = NULL;
    assert_int_equal(unlink(f->path), 0);
    execute(f, "PRAGMA journal_mode = WAL");
    execute(f, sqlite_migrations[0]);
    char head[128];
    snprintf(head, sizeof head, "PRAGMA application_id = %d; PRAGMA user_version = 1",
             SQLITE_APPLICATION_ID);
    execute(f, head);
    execute(f,
            "INSERT INTO meta VALUES ('store_id', '0123456789abcdef');"
            "UPDATE meta SET value = 3 WHERE key = 'revision';"
            "INSERT INTO resource VALUES"
            " (1, 'Zone', 'zones/a', '', 'u', 1, 10, 10, 0, 0, x'61', x'62'),"
            " (2, 'Event', 'zones/a/events/e', 'zones/a', 'u', 2, 10, 10, 0, 0, x'63', x'64'),"
            " (3, 'Event', 'zones/a/events/gone', 'zones/a', 'u', 3, 10, 10, 30, 40, x'65', x'');"
            "INSERT INTO change (id, operation, time_us, actor, request_id, type, name, parent,"
            " uid, create_time_us, update_time_us, delete_time_us, purge_time_us, body, extra)"
            " SELECT revision << 24, 1, 10, 'old', '', type, name, parent, uid, create_time_us,"
            " update_time_us, delete_time_us, purge_time_us, body, extra FROM resource");
    assert_ok(store_open(f->url, &f->s, NULL));
}

static bool tell_name(void *context, const store_change *c)
{
    strcat(context, c->record->name);
    strcat(context, " ");
    return true;
}

static void an_older_file_is_taken_over(void **state)
{
    fixture *f = *state;
    make_old_file(f);
    assert_string_equal(f->s->id, "0123456789abcdef");
    assert_int_equal(atomic_load(&f->s->revision), 3);
    assert_int_equal(atomic_load(&f->s->horizon), 0);
    rows r = {0};
    int64_t revision;
    store_query q = {.type = "Event", .parent = "zones/a", .with_extra = true};
    assert_ok(store_list(f->s, &anytime, &q, remember_row, &r, &revision, NULL));
    assert_int_equal(r.count, 1);
    assert_string_equal(r.row[0].extra, "d");
    q.show_deleted = true;
    assert_ok(store_list(f->s, &anytime, &q, remember_row, &r, &revision, NULL));
    assert_int_equal(r.count, 3);
    char names[256] = "";
    changes_after(f->s, 0, -1, tell_name, names);
    assert_string_equal(names, "zones/a zones/a/events/e zones/a/events/gone ");
    assert_int_equal(put(f->s, STORE_UPDATED, "zones/a", "new"), 4);
    // The log of the old file counts: two of its three changes are to stay.
    bool more;
    store_retention keep = {.newest = 3, .newer_than_us = INT64_MAX};
    assert_ok(store_compact(f->s, &anytime, &keep, 10, &more, NULL));
    assert_int_equal(atomic_load(&f->s->horizon), 1);
    r.count = 0;
    assert_ok(store_expired(f->s, &anytime, 40, 9, remember_row, &r, NULL));
    assert_int_equal(r.count, 1);
}

static void the_secret_is_as_lasting_as_the_id(void **state)
{
    static const char zero[16];
    fixture *f = *state;
    for (int old = 0; old < 2; old++) {
        char secret[16];
        if (old)
            make_old_file(f);
        memcpy(secret, f->s->secret, sizeof secret);
        assert_memory_not_equal(secret, zero, sizeof secret);
        fixture_reopen(f);
        assert_memory_equal(f->s->secret, secret, sizeof secret);
        store *other;
        assert_ok(store_open(fixture_url(f, "other.db"), &other, NULL));
        assert_memory_not_equal(other->secret, secret, sizeof secret);
        store_close(other);
    }
}

typedef struct maker {
    store_index index;
    size_t calls, fail_at;
} maker;

static const store_index *make(void *context, const store_record *record)
{
    maker *m = context;
    if (++m->calls == m->fail_at)
        return NULL;
    m->index = strcmp(record->type, "Event") ? (store_index){.document = {"{}", 2}} : an_index();
    return &m->index;
}

static void every_record_is_indexed_anew_once_a_version(void **state)
{
    fixture *f = *state;
    make_old_file(f);
    maker m = {0};
    assert_ok(store_reindex(f->s, &anytime, 7, make, &m, NULL));
    assert_int_equal(m.calls, 3);
    assert_string_equal(look(f, LISTINGS), "zones/a zones/b");
    assert_string_equal(look(f, "SELECT count(*) FROM listing"), "5"); // the deleted one's too
    assert_string_equal(look(f, "SELECT DISTINCT id FROM moment"), "2");
    assert_string_equal(look(f, FOUND), "2");
    assert_string_equal(look(f, "SELECT document FROM resource"), "{} {\"x\":1} {\"x\":1}");
    assert_int_equal(atomic_load(&f->s->revision), 3);
    fixture_reopen(f);
    assert_ok(store_reindex(f->s, &anytime, 7, make, &m, NULL));
    assert_int_equal(m.calls, 3);
    assert_ok(store_reindex(f->s, &anytime, 8, make, &m, NULL));
    assert_int_equal(m.calls, 6);
    // The deleted one gets its tokens when it comes back.
    store_index index = an_index();
    int64_t revision;
    indexed_put back = {STORE_UNDELETED, "zones/a/events/gone", &index, .fail = false};
    assert_ok(store_write(f->s, &anytime, put_indexed, &back, &revision, NULL));
    assert_string_equal(look(f, FOUND), "2 3");
}

static nrpc_code put_many(store_tx *tx, void *context, nrpc_status *status)
{
    (void)context;
    for (int i = 0; i < 600; i++) {
        char name[64];
        snprintf(name, sizeof name, "zones/a/events/n%d", i);
        store_index none = {.document = {"{}", 2}};
        nrpc_code code =
            put_indexed(tx, &(indexed_put){STORE_CREATED, name, &none, .fail = false}, status);
        if (code)
            return code;
    }
    return NRPC_OK;
}

static void an_indexing_cut_short_is_done_over(void **state)
{
    fixture *f = *state;
    int64_t revision;
    assert_ok(store_write(f->s, &anytime, put_many, NULL, &revision, NULL));
    maker m = {.fail_at = 400};
    nrpc_status status = {0};
    (void)!store_reindex(f->s, &anytime, 7, make, &m, &status);
    expect_failure(&status, NRPC_INTERNAL, "STORE_INDEX");
    m = (maker){0};
    assert_ok(store_reindex(f->s, &anytime, 7, make, &m, NULL));
    assert_int_equal(m.calls, 600);
    assert_string_equal(look(f, "SELECT count(*) FROM search"), "600");
    assert_string_equal(look(f, "SELECT count(*) FROM moment"), "3600");
    assert_string_equal(look(f, "SELECT count(*) FROM listing"), "1200");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_index_comes_and_goes_with_its_record),
        CASE(an_update_replaces_what_became_different),
        CASE(the_facts_of_a_listing_follow_the_record),
        CASE(equal_tokens_are_not_written_again),
        CASE(the_tokens_of_a_failed_write_are_not_found),
        CASE(an_older_file_is_taken_over),
        CASE(the_secret_is_as_lasting_as_the_id),
        CASE(every_record_is_indexed_anew_once_a_version),
        CASE(an_indexing_cut_short_is_done_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
