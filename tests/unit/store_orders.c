// Orders: pages of any order are those of a sorted list, stand still while others write, and are
// read from an index where there is one.
#include "unit/store_samples.h"

#include "store/sqlite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const type[] = {"type"}, *const first_day[] = {"date", "first"},
                         *const last_day[] = {"date", "last"}, *const number[] = {"n"},
                         *const name[] = {"name"};
#define EVENT_TYPE                                                                                 \
    {                                                                                              \
        .source = STORE_DOCUMENT, .steps = type, .step_count = 1                                   \
    }
#define EVENT_FIRST                                                                                \
    {                                                                                              \
        .source = STORE_DOCUMENT, .steps = first_day, .step_count = 2                              \
    }
#define EVENT_LAST                                                                                 \
    {                                                                                              \
        .source = STORE_DOCUMENT, .steps = last_day, .step_count = 2                               \
    }
#define EVENT_N                                                                                    \
    {                                                                                              \
        .source = STORE_DOCUMENT, .steps = number, .step_count = 1                                 \
    }
#define EVENT_NAME                                                                                 \
    {                                                                                              \
        .source = STORE_COLUMN, .steps = name, .step_count = 1                                     \
    }

static const store_order by_date[] = {{EVENT_FIRST, false}, {EVENT_LAST, true}};
static const store_order newest[] = {{EVENT_FIRST, true}, {EVENT_LAST, false}};

// The order of the names that pages bring, and the place where the next one goes on.
typedef struct reading {
    const store_query *q;
    size_t page, in_page, count;
    char names[512][64];
    char texts[STORE_MAX_ORDERS][64];
    store_value keys[STORE_MAX_ORDERS];
} reading;

static bool read_row(void *context, const store_record *record)
{
    reading *r = context;
    assert_true(r->count < ARRAY_LEN(r->names));
    snprintf(r->names[r->count++], sizeof r->names[0], "%s", record->name);
    assert_true(!record->keys == !r->q->order_count);
    for (size_t i = 0; i < r->q->order_count; i++) {
        r->keys[i] = record->keys[i];
        if (r->keys[i].kind == STORE_TEXT) {
            snprintf(r->texts[i], sizeof r->texts[i], "%s", record->keys[i].text);
            r->keys[i].text = r->texts[i];
        }
    }
    return ++r->in_page < r->page;
}

// False: that was the last page.
static bool read_page(store *s, reading *r)
{
    store_query q = *r->q;
    int64_t revision;
    if (r->count) {
        q.after = r->names[r->count - 1];
        q.after_keys = r->keys;
    }
    r->in_page = 0;
    assert_ok(store_list(s, &anytime, &q, read_row, r, &revision, NULL));
    return r->in_page == r->page;
}

static reading read_all(store *s, const store_query *q, size_t page)
{
    reading r = {.q = q, .page = page};
    while (read_page(s, &r))
        continue;
    return r;
}

// --- against a sort of our own

typedef struct event {
    char name[64], document[160];
    store_value kind, first, last, number; // STORE_NULL: it has none
    bool joint;
} event;

enum { EVENTS = 150 };
static event events[EVENTS];

static uint64_t seed = 7;

static unsigned pick(unsigned n)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(seed >> 33) % n;
}

static void append_member(event *e, const char *member)
{
    strcat(strcat(e->document, e->document[1] ? "," : ""), member);
}

static void make_events(store *s)
{
    static const char *const types[] = {"launch", "plan", "signing", "Z"};
    static indexed records[EVENTS];
    for (int i = 0; i < EVENTS; i++) {
        event *e = &events[i];
        *e = (event){.document = "{", .joint = !pick(4)};
        // Neither in the order of the names nor in that of anything else.
        snprintf(e->name, sizeof e->name, "zones/%c/events/e%03d", "ab"[pick(2)], i * 77 % EVENTS);
        char member[96];
        if (pick(5)) {
            e->kind = (store_value)TEXT(types[pick(ARRAY_LEN(types))]);
            snprintf(member, sizeof member, "\"type\":\"%s\"", e->kind.text);
            append_member(e, member);
        }
        if (pick(5)) {
            int first = 20200101 + (int)pick(5) * 100, last = first + (int)pick(3) * 15;
            e->first = (store_value)NUMBER(first);
            e->last = (store_value)NUMBER(last);
            snprintf(member, sizeof member, "\"date\":{\"first\":%d,\"last\":%d}", first, last);
            append_member(e, member);
        }
        if (pick(3)) {
            int n = (int)pick(4) - 1;
            e->number = (store_value)NUMBER(n);
            snprintf(member, sizeof member, "\"n\":%d", n);
            append_member(e, member);
        }
        strcat(e->document, "}");
        indexed_init(&records[i], e->name, e->document);
        if (e->joint)
            indexed_place(&records[i], e->name[6] == 'a' ? "zones/b" : "zones/a");
    }
    put_all(s, STORE_CREATED, records, EVENTS);
}

static const struct {
    store_operand operand;
    size_t member;
} fields[] = {
    {EVENT_TYPE, offsetof(event, kind)},
    {EVENT_FIRST, offsetof(event, first)},
    {EVENT_LAST, offsetof(event, last)},
    {EVENT_N, offsetof(event, number)},
    {EVENT_NAME, SIZE_MAX},
};

static const store_query *sorting;
static size_t sorting_fields[STORE_MAX_ORDERS];

static store_value value_of(const event *e, size_t field)
{
    if (fields[field].member == SIZE_MAX)
        return (store_value)TEXT(e->name);
    return *(const store_value *)(const void *)((const char *)e + fields[field].member);
}

static int by_orders(const void *left, const void *right)
{
    const event *a = *(event *const *)left, *b = *(event *const *)right;
    for (size_t i = 0; i < sorting->order_count; i++) {
        store_value x = value_of(a, sorting_fields[i]), y = value_of(b, sorting_fields[i]);
        if (!x.kind || !y.kind) {
            if (!x.kind != !y.kind)
                return !x.kind - !y.kind;
            continue;
        }
        int order = x.kind == STORE_TEXT ? strcmp(x.text, y.text)
                                         : (x.integer > y.integer) - (x.integer < y.integer);
        if (order)
            return sorting->orders[i].descending ? -order : order;
    }
    return strcmp(a->name, b->name);
}

// Only those of a type, or of some days, or all.
static bool wanted(const event *e, int filter)
{
    bool typed = e->kind.kind && strcmp(e->kind.text, "signing") == 0;
    bool dated = e->first.kind && e->first.integer >= 20200201 && e->last.integer <= 20200420;
    return filter == 0 || (filter == 1 && typed) || (filter == 2 && dated) ||
           (filter == 3 && typed && dated);
}

static bool below(const event *e, const char *parent)
{
    return !parent || e->joint || strncmp(e->name, parent, strlen(parent)) == 0;
}

static void expect_order(store *s, const store_query *q, int filter, size_t page)
{
    event *want[EVENTS];
    size_t count = 0;
    for (int i = 0; i < EVENTS; i++)
        if (wanted(&events[i], filter) && below(&events[i], q->parent))
            want[count++] = &events[i];
    sorting = q;
    qsort(want, count, sizeof want[0], by_orders);
    reading r = read_all(s, q, page);
    for (size_t i = 0; i < r.count && i < count; i++)
        assert_string_equal(r.names[i], want[i]->name);
    assert_int_equal(r.count, count);
    int64_t n, revision;
    assert_ok(store_count(s, &anytime, q, &n, &revision, NULL));
    assert_int_equal(n, count);
}

static void pages_of_any_order_are_those_of_a_sorted_list(void **state)
{
    store *s = ((fixture *)*state)->s;
    make_events(s);
    const store_condition *typed = IS(EVENT_TYPE, EQ, TEXT("signing"));
    const store_condition *dated =
        ALL(IS(EVENT_FIRST, GE, NUMBER(20200201)), IS(EVENT_LAST, LE, NUMBER(20200420)));
    const store_condition *filters[] = {NULL, typed, dated, ALL(dated, typed)};
    static const char *const parents[] = {NULL, "zones/a", "zones/b"};
    for (int round = 0; round < 250; round++) {
        store_order orders[3];
        store_query q = {.type = "Event", .orders = orders};
        q.order_count = pick(4);
        for (size_t i = 0; i < q.order_count; i++) {
            size_t field = pick(ARRAY_LEN(fields));
            orders[i] = (store_order){fields[field].operand, pick(2)};
            sorting_fields[i] = field;
        }
        int filter = (int)pick(ARRAY_LEN(filters));
        q.condition = filters[filter];
        q.parent = parents[pick(ARRAY_LEN(parents))];
        expect_order(s, &q, filter, 1 + pick(40));
    }
}

// --- others write meanwhile

typedef struct writer {
    store *s;
    atomic_bool stop;
} writer;

// Events that come, change their date and go, on days all over the list.
static void *write_between(void *arg)
{
    writer *w = arg;
    for (int i = 0; !atomic_load(&w->stop); i++) {
        char id[64], document[96];
        snprintf(id, sizeof id, "zones/z/events/x%03d", i % 40);
        snprintf(document, sizeof document, "{\"date\":{\"first\":%d,\"last\":%d}}",
                 20200000 + i * 37 % 400, 20200000 + i * 37 % 400);
        indexed r;
        indexed_init(&r, id, document);
        put_indexed(w->s,
                    i / 40 % 3 == 0   ? (i < 120 ? STORE_CREATED : STORE_UNDELETED)
                    : i / 40 % 3 == 1 ? STORE_UPDATED
                                      : STORE_DELETED,
                    &r);
    }
    return NULL;
}

static void pages_miss_nothing_that_stands_and_bring_nothing_twice(void **state)
{
    store *s = ((fixture *)*state)->s;
    enum { STANDING = 200 };
    static indexed records[STANDING];
    static char documents[STANDING][96];
    for (int i = 0; i < STANDING; i++) {
        char id[64];
        snprintf(id, sizeof id, "zones/z/events/s%03d", i);
        snprintf(documents[i], sizeof documents[i], "{\"date\":{\"first\":%d,\"last\":%d}}",
                 20200000 + i * 7 % 400, 20200000 + i * 7 % 400);
        indexed_init(&records[i], id, documents[i]);
    }
    put_all(s, STORE_CREATED, records, STANDING);
    writer w = {.s = s};
    pthread_t thread;
    pthread_create(&thread, NULL, write_between, &w);
    const store_query queries[] = {
        {.type = "Event"},
        {.type = "Event", .orders = by_date, .order_count = 2},
        {.type = "Event", .orders = newest, .order_count = 2, .parent = "zones/z"},
    };
    for (int round = 0; round < 12; round++) {
        reading r = read_all(s, &queries[round % 3], 7);
        int seen[STANDING] = {0};
        for (size_t i = 0; i < r.count; i++) {
            int n = -1;
            if (sscanf(r.names[i], "zones/z/events/s%d", &n) == 1)
                seen[n]++;
        }
        for (int i = 0; i < STANDING; i++)
            assert_int_equal(seen[i], 1);
    }
    atomic_store(&w.stop, true);
    pthread_join(thread, NULL);
}

static void lists_and_counts_of_a_snapshot_see_what_it_saw(void **state)
{
    store *s = ((fixture *)*state)->s;
    put_document(s, "zones/z/events/a", "{\"n\":1}");
    store_snapshot *snapshot;
    int64_t opened, revision, n;
    assert_ok(store_snapshot_open(s, &anytime, &snapshot, &opened, NULL));
    put_document(s, "zones/z/events/b", "{\"n\":1}");
    store_context c = anytime;
    c.snapshot = snapshot;
    const store_query queries[] = {
        {.type = "Event"},
        {.type = "Event", .parent = "zones/z"},
        {.type = "Event", .condition = PRESENT(EVENT_N)},
        {.type = "Event", .parent = "zones/z", .orders = newest, .order_count = 2},
    };
    for (size_t i = 0; i < 2 * ARRAY_LEN(queries); i++) {
        const store_context *now = i % 2 ? &anytime : &c;
        rows r = {0};
        assert_ok(store_list(s, now, &queries[i / 2], remember_row, &r, &revision, NULL));
        assert_rows(&r, i % 2 ? "a b" : "a");
        assert_int_equal(revision, opened + (int)(i % 2));
        assert_ok(store_count(s, now, &queries[i / 2], &n, &revision, NULL));
        assert_int_equal(n, 1 + i % 2);
        assert_int_equal(revision, opened + (int)(i % 2));
    }
    rows got = {0};
    nrpc_status status = {0};
    static const char *const names[] = {"zones/z/events/b", "zones/z/events/a"};
    assert_ok(store_get_many(s, &c, names, 2, false, remember_row, &got, &revision, NULL));
    assert_true(got.row[0].missing && !got.row[1].missing);
    (void)!store_get(s, &c, names[0], 0, false, remember_row, &got, &status);
    expect_failure(&status, NRPC_NOT_FOUND, "RESOURCE_NOT_FOUND");
    c.min_revision = opened + 1;
    (void)!store_list(s, &c, &queries[0], remember_row, &got, &revision, &status);
    expect_failure(&status, NRPC_UNAVAILABLE, "REVISION_NOT_REACHED");
    store_snapshot_close(s, snapshot);
}

// --- what it costs

static void fill(store *s, int count)
{
    indexed *records = calloc((size_t)count, sizeof *records);
    char(*documents)[128] = calloc((size_t)count, sizeof *documents);
    for (int i = 0; i < count; i++) {
        char id[64];
        int day = 20200101 + i * 31 % 12 * 100 + i * 17 % 28;
        snprintf(id, sizeof id, "zones/z/events/e%05d", i * 7919 % count);
        snprintf(documents[i], sizeof documents[i],
                 "{\"type\":\"%s\",\"date\":{\"first\":%d,\"last\":%d},\"n\":%d}",
                 i % 3 ? "signing" : "launch", day, day, i);
        indexed_init(&records[i], id, documents[i]);
        indexed_words(&records[i], 2, i == 471 ? "common rare" : "common");
    }
    put_all(s, STORE_CREATED, records, (size_t)count);
    free(documents);
    free(records);
}

// Asks for the plan of each statement that the page takes. sorts: the most that it may sort.
static void expect_plan(sqlite3 *db, const sqlite_plan *p, const char *index, const char *sorts)
{
    sqlite_segment segments[SQLITE_MAX_SEGMENTS];
    size_t n = p->ordered ? sqlite_plan_segments(p, segments) : 1;
    for (size_t i = 0; i < n; i++) {
        buffer sql = {0};
        buffer_append_text(&sql, "EXPLAIN QUERY PLAN ");
        assert_true(sqlite_plan_sql(p, p->ordered ? &segments[i] : NULL, &sql));
        sqlite3_stmt *stmt;
        if (sqlite3_prepare_v2(db, (const char *)sql.data, -1, &stmt, NULL))
            fail_msg("%s\n  %s", (const char *)sql.data, sqlite3_errmsg(db));
        for (int row = 0; sqlite3_step(stmt) == SQLITE_ROW; row++) {
            const char *detail = (const char *)sqlite3_column_text(stmt, 3);
            bool wrong = strstr(detail, "SCAN") ||
                         (strstr(detail, "TEMP B-TREE") && !(sorts && strstr(detail, sorts))) ||
                         (!row && !strstr(detail, index));
            if (wrong)
                fail_msg("%s\n  %s", (const char *)sql.data, detail);
        }
        sqlite3_finalize(stmt);
        buffer_fini(&sql);
    }
}

static void the_orders_people_use_are_read_from_an_index(void **state)
{
    fixture *f = *state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    const store_condition *signing = IS(EVENT_TYPE, EQ, TEXT("signing"));
    const store_condition *days =
        ALL(IS(EVENT_FIRST, GE, NUMBER(1)), IS(EVENT_LAST, LE, NUMBER(2)));
    static const store_order by_type[] = {{EVENT_TYPE, false}};
    static const store_order last_name[] = {{EVENT_NAME, true}};
    static const store_value keys[] = {NUMBER(20200101), NUMBER(20200131)};
    static const store_value text_key[] = {TEXT("x")};
    const struct {
        store_query q;
        const char *all, *below, *sorts;
    } cases[] = {
        {{.condition = signing}, "resource_event_by_type", "listing_event_by_type", NULL},
        {{.condition = ALL(days, signing)},
         "resource_event_by_type",
         "listing_event_by_type",
         NULL},
        {{.condition = PRESENT(EVENT_N)},
         "resource_by_type (type=? AND name>?)",
         "PRIMARY KEY (parent=? AND type=? AND name>?)",
         NULL},
        {{.orders = by_date, .order_count = 2, .after_keys = keys},
         "resource_event_by_date",
         "listing_event_by_date",
         NULL},
        {{.orders = by_date, .order_count = 2, .after_keys = keys, .condition = ALL(days, signing)},
         "resource_event_by_date",
         "listing_event_by_date",
         NULL},
        // Within one day the index has the names the other way round.
        {{.orders = newest, .order_count = 2, .after_keys = keys},
         "resource_event_by_date",
         "listing_event_by_date",
         "RIGHT PART"},
        {{.orders = by_type, .order_count = 1, .after_keys = text_key},
         "resource_event_by_type",
         "listing_event_by_type",
         NULL},
        {{.orders = last_name, .order_count = 1, .after_keys = text_key},
         "resource_by_type",
         "PRIMARY KEY",
         NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int shape = 0; shape < 8; shape++) {
            store_query q = cases[i].q;
            q.type = "Event";
            q.parent = shape & 1 ? "zones/z" : NULL;
            q.after = "zones/z/events/e";
            q.show_deleted = shape & 2;
            q.with_extra = shape & 4;
            sqlite_plan p;
            sqlite_plan_by_order(&q, false, &p);
            assert_true(p.ordered);
            expect_plan(db, &p, q.parent ? cases[i].below : cases[i].all, cases[i].sorts);
            if (!q.order_count)
                continue;
            q.after = NULL;
            sqlite_plan_by_order(&q, false, &p);
            expect_plan(db, &p, q.parent ? cases[i].below : cases[i].all, cases[i].sorts);
        }
    }
    sqlite3_close(db);
}

// Steps that SQLite's machine makes for a page of 50 behind this row.
static int steps_of(sqlite3 *db, const store_query *q, size_t wanted_rows)
{
    sqlite_plan p;
    sqlite_segment segments[SQLITE_MAX_SEGMENTS];
    sqlite_plan_by_order(q, false, &p);
    assert_true(p.ordered);
    int steps = 0;
    size_t n = sqlite_plan_segments(&p, segments), seen = 0;
    for (size_t i = 0; i < n && seen < wanted_rows; i++) {
        buffer sql = {0};
        assert_true(sqlite_plan_sql(&p, &segments[i], &sql));
        sqlite_binder b = {0};
        assert_int_equal(sqlite3_prepare_v2(db, (const char *)sql.data, -1, &b.stmt, NULL),
                         SQLITE_OK);
        sqlite_plan_bind(&p, &b);
        assert_int_equal(b.rc, SQLITE_OK);
        while (seen < wanted_rows && sqlite3_step(b.stmt) == SQLITE_ROW)
            seen++;
        steps += sqlite3_stmt_status(b.stmt, SQLITE_STMTSTATUS_VM_STEP, 0);
        sqlite3_finalize(b.stmt);
        buffer_fini(&sql);
    }
    assert_int_equal(seen, wanted_rows);
    return steps;
}

static void a_far_page_costs_what_the_first_does(void **state)
{
    fixture *f = *state;
    fill(f->s, 1500);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    static const store_value day[] = {NUMBER(20200928), NUMBER(20200928)};
    const store_condition *days =
        ALL(IS(EVENT_FIRST, GE, NUMBER(20200101)), IS(EVENT_LAST, LE, NUMBER(20201231)));
    const store_condition *signing = IS(EVENT_TYPE, EQ, TEXT("signing"));
    const struct {
        store_query q;
        const char *after;
    } cases[] = {
        {{.condition = days}, "zones/z/events/e01200"},
        {{.condition = signing}, "zones/z/events/e01200"},
        {{.orders = by_date, .order_count = 2}, "zones/z/events/e01200"},
        {{.orders = by_date, .order_count = 2, .condition = days}, "zones/z/events/e01200"},
        {{.orders = newest, .order_count = 2}, "zones/z/events/e00100"},
        {{.orders = newest, .order_count = 2, .condition = days}, "zones/z/events/e00100"},
    };
    for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
        store_query q = cases[i / 2].q;
        q.type = "Event";
        q.parent = i % 2 ? "zones/z" : NULL;
        int first = steps_of(db, &q, 50);
        q.after = cases[i / 2].after;
        q.after_keys = q.orders ? day : NULL;
        int far = steps_of(db, &q, 50);
        assert_in_range(first, 50, 4000);
        assert_in_range(far, 50, 2 * first + 1000);
    }
    sqlite3_close(db);
}

static void few_rows_and_many_are_found_alike(void **state)
{
    enum { MANY = SQLITE_FEW_ROWS + 4, ONE_DAY = 49 };
    store *s = ((fixture *)*state)->s;
    fill(s, MANY);
    static const store_order by_number[] = {{EVENT_N, true}};
    const store_condition *one_day =
        ALL(IS(EVENT_FIRST, GE, NUMBER(20200101)), IS(EVENT_LAST, LE, NUMBER(20200101)));
    const struct {
        const store_condition *condition;
        int64_t count;
    } cases[] = {
        {TOKEN(31, "rare"), 1},
        {TOKEN(31, "common"), MANY},
        {ALL(TOKEN(31, "common"), one_day), ONE_DAY},
        {one_day, ONE_DAY},
        {IS(EVENT_FIRST, GE, NUMBER(20200101)), MANY},
        {ALL(TOKEN(31, "rare"), IS(EVENT_FIRST, GE, NUMBER(20200101))), 1},
        {IS(EVENT_NAME, LE, TEXT("zones/z/events/e00009")), 10},
        {IS(EVENT_NAME, EQ, TEXT("zones/z/events/e00009")), 1},
        {ALL(IS(EVENT_NAME, GE, TEXT("zones/z/events/e00003")),
             IS(EVENT_NAME, LT, TEXT("zones/z/events/e00009"))),
         6},
    };
    for (size_t i = 0; i < 4 * ARRAY_LEN(cases); i++) {
        store_query q = {.type = "Event", .condition = cases[i / 4].condition};
        q.parent = i % 2 ? "zones/z" : NULL;
        q.orders = by_number;
        q.order_count = i / 2 % 2;
        int64_t n, revision;
        assert_ok(store_count(s, &anytime, &q, &n, &revision, NULL));
        assert_int_equal(n, cases[i / 4].count);
        reading r = {.q = &q, .page = 20};
        while (r.count < 200 && read_page(s, &r))
            continue;
        assert_int_equal(r.count, n < 200 ? n : 200);
        for (size_t k = 1; k < r.count && !q.order_count; k++)
            assert_true(strcmp(r.names[k - 1], r.names[k]) < 0);
    }
}

static size_t run(sqlite3 *db, const sqlite_plan *p, const sqlite_segment *segment, int64_t *ids)
{
    buffer sql = {0};
    assert_true(sqlite_plan_sql(p, segment, &sql));
    sqlite_binder b = {0};
    if (sqlite3_prepare_v2(db, (const char *)sql.data, -1, &b.stmt, NULL))
        fail_msg("%s\n  %s", (const char *)sql.data, sqlite3_errmsg(db));
    sqlite_plan_bind(p, &b);
    assert_int_equal(b.rc, SQLITE_OK);
    size_t n = 0;
    while (sqlite3_step(b.stmt) == SQLITE_ROW)
        ids[n++] = sqlite3_column_int64(b.stmt, (int)p->orders + 1);
    sqlite3_finalize(b.stmt);
    buffer_fini(&sql);
    return n;
}

// Which of the ways is taken depends on the number of rows; all must lead to the same ones.
static void tokens_are_found_alike_in_every_way(void **state)
{
    enum { COUNT = 500 };
    fixture *f = *state;
    fill(f->s, COUNT);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    const store_condition *c = ALL(TOKEN(31, "common"), IS(EVENT_TYPE, EQ, TEXT("launch")));
    for (int shape = 0; shape < 4; shape++) {
        store_query q = {.type = "Event", .condition = c, .orders = by_date};
        q.parent = shape & 1 ? "zones/z" : NULL;
        q.order_count = shape & 2 ? 2 : 0;
        int64_t set[COUNT], lookup[COUNT], few[COUNT];
        sqlite_segment segments[SQLITE_MAX_SEGMENTS];
        sqlite_plan p, by_tokens;
        sqlite_plan_by_order(&q, false, &p);
        assert_int_equal(p.tokens, TOKENS_SET);
        assert_true(p.ordered);
        sqlite_plan_segments(&p, segments);
        assert_int_equal(run(db, &p, &segments[0], set), COUNT / 3 + 1);
        p.tokens = TOKENS_LOOKUP;
        assert_int_equal(run(db, &p, &segments[0], lookup), COUNT / 3 + 1);
        assert_true(sqlite_plan_by_tokens(&p, &by_tokens));
        assert_int_equal(run(db, &by_tokens, NULL, few), COUNT / 3 + 1);
        assert_memory_equal(set, lookup, (COUNT / 3 + 1) * sizeof set[0]);
        assert_memory_equal(set, few, (COUNT / 3 + 1) * sizeof set[0]);
    }
    sqlite3_close(db);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(pages_of_any_order_are_those_of_a_sorted_list),
        CASE(pages_miss_nothing_that_stands_and_bring_nothing_twice),
        CASE(lists_and_counts_of_a_snapshot_see_what_it_saw),
        CASE(the_orders_people_use_are_read_from_an_index),
        CASE(a_far_page_costs_what_the_first_does),
        CASE(few_rows_and_many_are_found_alike),
        CASE(tokens_are_found_alike_in_every_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
