#include "unit/store_fixture.h"

#include "store/sqlite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

const store_context anytime = {.deadline_ns = CLOCK_NEVER, .actor = "tester", .request_id = "r-1"};

int fixture_setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    strcpy(f->directory, "/tmp/ftz-store-XXXXXX");
    if (!mkdtemp(f->directory))
        return -1;
    snprintf(f->path, sizeof f->path, "%s/data.db", f->directory);
    snprintf(f->url, sizeof f->url, "sqlite:%s", f->path);
    *state = f;
    return store_open(f->url, &f->s, NULL);
}

int fixture_teardown(void **state)
{
    fixture *f = *state;
    store_close(f->s);
    DIR *d = opendir(f->directory);
    for (struct dirent *e; (e = readdir(d));) {
        char name[512];
        snprintf(name, sizeof name, "%s/%s", f->directory, e->d_name);
        if (e->d_name[0] != '.' && unlink(name))
            rmdir(name);
    }
    closedir(d);
    rmdir(f->directory);
    free(f);
    return 0;
}

void fixture_reopen(fixture *f)
{
    store_close(f->s);
    assert_ok(store_open(f->url, &f->s, NULL));
}

const char *fixture_url(fixture *f, const char *file)
{
    static char url[256];
    snprintf(url, sizeof url, "sqlite:%s/%s", f->directory, file);
    return url;
}

void await_writer(store *s, const void **last)
{
    sqlite_queue *q = &((sqlite_store *)s)->queue;
    for (const void *was = *last; was == *last;) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        pthread_mutex_lock(&q->lock);
        *last = TAILQ_EMPTY(&q->waiting) ? NULL : TAILQ_LAST(&q->waiting, sqlite_writers);
        pthread_mutex_unlock(&q->lock);
    }
}

void expect_failure(nrpc_status *status, nrpc_code code, const char *reason)
{
    assert_string_equal(nrpc_code_name(status->code), nrpc_code_name(code));
    assert_non_null(status->reason);
    assert_string_equal(status->reason, reason);
    assert_non_null(status->message);
    nrpc_status_fini(status);
}

static void cut(char *text, char at)
{
    char *p = strrchr(text, at);
    if (p)
        *p = '\0';
    else
        *text = '\0';
}

void sample_init(sample *r, const char *name, const char *body)
{
    snprintf(r->name, sizeof r->name, "%s", name);
    snprintf(r->parent, sizeof r->parent, "%s", name);
    cut(r->parent, '/');
    cut(r->parent, '/');
    snprintf(r->body, sizeof r->body, "%s", body);
    snprintf(r->extra, sizeof r->extra, "+%s", body);
    r->record = (store_record){
        .type = strstr(name, "/areas/") ? "Area" : "Zone",
        .name = r->name,
        .parent = r->parent,
        .uid = "00000000-0000-4000-8000-000000000001",
        .body = {r->body, strlen(r->body)},
        .extra = {r->extra, strlen(r->extra)},
    };
}

typedef struct one_change {
    store_operation operation;
    const store_record *record;
} one_change;

static nrpc_code write_one(store_tx *tx, void *context, nrpc_status *status)
{
    const one_change *c = context;
    return store_tx_put(tx, c->operation, c->record, status);
}

int64_t put(store *s, store_operation operation, const char *name, const char *body)
{
    sample r;
    sample_init(&r, name, body);
    one_change change = {operation, &r.record};
    int64_t revision = -1;
    assert_ok(store_write(s, &anytime, write_one, &change, &revision, NULL));
    return revision;
}

void changes_after(store *s, int64_t after_revision, int after_index, store_change_fn change,
                   void *context)
{
    store_changes_query q = {
        .after_revision = after_revision, .after_index = after_index, .name_prefix = ""};
    int64_t revision;
    int index;
    assert_ok(store_changes(s, &anytime, &q, change, context, &revision, &index, NULL));
}

static void copy(char *to, size_t size, store_bytes from)
{
    assert_true(from.size < size);
    if (from.size)
        memcpy(to, from.data, from.size);
    to[from.size] = '\0';
}

bool remember_row(void *context, const store_record *record)
{
    rows *all = context;
    assert_true(all->count < ARRAY_LEN(all->row));
    typeof(all->row[0]) *row = &all->row[all->count++];
    row->missing = !record;
    if (record) {
        snprintf(row->name, sizeof row->name, "%s", record->name);
        snprintf(row->type, sizeof row->type, "%s", record->type);
        snprintf(row->parent, sizeof row->parent, "%s", record->parent);
        snprintf(row->uid, sizeof row->uid, "%s", record->uid);
        copy(row->body, sizeof row->body, record->body);
        copy(row->extra, sizeof row->extra, record->extra);
        row->id = record->id;
        row->revision = record->revision;
        row->create_us = record->create_time_us;
        row->update_us = record->update_time_us;
        row->delete_us = record->delete_time_us;
        row->purge_us = record->purge_time_us;
    }
    return all->count != all->stop_at;
}
