// Random filters and orders over random resources: what List answers is what the plain model of the
// language (filter_model.h) says, on pages of any size.
//
// FTZ_FILTER_SEED repeats a run, FTZ_FILTER_ROUNDS makes it longer.
#include "filter_model.h"
#include "registry/body.h"
#include "registry/index/index.h"
#include "registry_support.h"
#include "schema/json.h"

#include "base/clock.h"
#include "base/pbwire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDS = 60, ROUNDS = 60, MAX_ORDERS = 3 };

static uint64_t seed;

static size_t choose(size_t n)
{
    seed += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t x = seed;
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return (size_t)((x ^ x >> 31) % n);
}

#define ONE_OF(list) ((list)[choose(ARRAY_LEN(list))])

static const char *const texts[] = {"a",   "b",   "ab",  "ba",   "A",    "aab", "喀", "喀什",
                                    "a*b", "a?b", "[a]", "a\\b", "it's", "a b", "\"", "10"};
static const char *const ids[] = {"x1", "y1", "2023-11-01"};
static const double reals[] = {1, 2.5, 179.66, -3, 0.1, 1e9};
static const char *const decimals[] = {"1",   "1.0",         "-2.5", "1000",
                                       "1e3", "20950000000", "0.5",  "-3"};
static const int64_t times[] = {1700000000000000, 1700000000000001, 1700000000999999,
                                1700000001000000};

// --- resources
// -------------------------------------------------------------------------------------

static json_t *random_message(const schema_message *type, unsigned depth);

static json_t *random_date(void)
{
    json_t *date = json_object();
    int month = (int)choose(4), day = month ? (int)choose(3) : 0;
    json_object_set_new(date, "year", json_integer(2023 + (int)choose(2)));
    if (month)
        json_object_set_new(date, "month", json_integer(month));
    if (day)
        json_object_set_new(date, "day", json_integer(day));
    return date;
}

static json_t *random_value(const schema_field *f, unsigned depth)
{
    switch (model_type_of(f)) {
    case MODEL_TEXT:
        return json_string(ONE_OF(texts));
    case MODEL_INTEGER:
        return json_integer((json_int_t)choose(5) - 1);
    case MODEL_REAL:
        return json_real(ONE_OF(reals));
    case MODEL_BOOLEAN:
        return json_boolean(choose(2));
    case MODEL_ENUM:
        return json_string(f->enumeration->values[choose(f->enumeration->value_count)].name);
    case MODEL_DATE:
        return random_date();
    case MODEL_DECIMAL:
        return json_pack("{ss}", "value", ONE_OF(decimals));
    default:
        return random_message(f->message, depth + 1);
    }
}

static json_t *random_list(const schema_field *f, unsigned depth)
{
    json_t *list = json_array();
    size_t count = 1 + choose(3);
    for (size_t i = 0; i < count; i++) {
        json_t *element = random_value(f, depth);
        if (model_type_of(f) == MODEL_MESSAGE)
            json_object_set_new(element, "id", json_string(ids[i]));
        json_array_append_new(list, element);
    }
    return list;
}

static bool is_own(const schema_field *f)
{
    return f->number >= 40 || !strcmp(f->name, "name");
}

static json_t *random_message(const schema_message *type, unsigned depth)
{
    json_t *message = json_object();
    for (size_t i = 0; i < type->field_count; i++) {
        const schema_field *f = &type->fields[i];
        bool deep = model_type_of(f) == MODEL_MESSAGE || f->repeated;
        if ((depth == 0 && is_own(f)) || choose(10) < 4 + depth || (deep && depth > 2) || f->oneof)
            continue;
        json_object_set_new(message, f->name,
                            f->repeated ? random_list(f, depth) : random_value(f, depth));
    }
    return message;
}

// --- a registry of them
// ------------------------------------------------------------------------------

typedef struct sample {
    char name[64];
    json_t *value;
    bool deleted;
} sample;

typedef struct samples {
    const resource_type *type;
    const schema_message *message;
    sample list[RECORDS];
} samples;

typedef struct writing {
    samples *samples;
    index_maker *maker;
    size_t at;
} writing;

static void name_sample(samples *s, size_t i)
{
    // Not in the order of creation.
    unsigned n = (unsigned)(i * 37 % RECORDS);
    if (s->type->parent_collection)
        snprintf(s->list[i].name, sizeof s->list[i].name, "zones/z%u/%s/r%u", n % 7,
                 s->type->collection, n);
    else
        snprintf(s->list[i].name, sizeof s->list[i].name, "%s/r%u", s->type->collection, n);
}

static nrpc_code write_sample(store_tx *tx, void *context, nrpc_status *status)
{
    writing *w = context;
    samples *s = w->samples;
    sample *one = &s->list[w->at];
    buffer wire = {0}, body = {0}, extra = {0};
    char *text = json_dumps(one->value, 0), uid[40], parent[64];
    assert_int_equal(json_to_wire(s->message, text, strlen(text), &wire, status), NRPC_OK);
    uint8_t named[128], *end = pbwire_put_bytes(named, 1, one->name, strlen(one->name));
    assert_true(buffer_append(&body, named, (size_t)(end - named)));
    assert_true(body_split(s->type, wire.data, wire.size, &body, &extra));
    snprintf(uid, sizeof uid, "%08zx-0000-4000-8000-000000000000", choose(1u << 30));
    snprintf(parent, sizeof parent, "%s", s->type->parent_collection ? one->name : "");
    if (*parent)
        *strchr(strchr(parent, '/') + 1, '/') = '\0';
    store_record record = {.type = s->type->singular,
                           .name = one->name,
                           .parent = parent,
                           .uid = uid,
                           .body = {body.data, body.size},
                           .extra = {extra.data, extra.size},
                           .create_time_us = ONE_OF(times)};
    record.index = index_make(w->maker, s->type, one->name, record.body, record.extra);
    assert_non_null(record.index);
    nrpc_code code = store_tx_put(tx, STORE_CREATED, &record, status);
    one->deleted = choose(8) == 0;
    if (!code && one->deleted) {
        record.delete_time_us = ONE_OF(times);
        record.purge_time_us = record.delete_time_us + 1;
        code = store_tx_put(tx, STORE_DELETED, &record, status);
        json_object_set_new(one->value, "delete_time", json_integer(record.delete_time_us));
    }
    json_object_set_new(one->value, "name", json_string(one->name));
    json_object_set_new(one->value, "create_time", json_integer(record.create_time_us));
    json_object_set_new(one->value, "revision", json_integer(tx->revision));
    free(text);
    buffer_fini(&wire);
    buffer_fini(&body);
    buffer_fini(&extra);
    return code;
}

static void write_samples(world *w, samples *s, const char *singular)
{
    nrpc_status status = {0};
    index_maker maker;
    int64_t revision;
    s->type = type_named(w, singular);
    s->message = schema_find_message(registry_schema(w->registry), s->type->message->name);
    index_maker_init(&maker, registry_types(w->registry), registry_schema(w->registry));
    for (size_t i = 0; i < RECORDS; i++) {
        writing one = {s, &maker, i};
        name_sample(s, i);
        s->list[i].value = random_message(s->message, 0);
        assert_ok(store_write(w->store, &no_hurry, write_sample, &one, &revision, &status),
                  &status);
    }
    index_maker_fini(&maker);
}

// --- filters
// -----------------------------------------------------------------------------------------

static bool is_named(const schema_field *f, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(f->name, names[i]))
            return true;
    return false;
}

// A field that a path may go on with; NULL where there is none.
static const schema_field *random_field(const schema_message *type, bool root)
{
    static const char *const known[] = {"name", "revision", "create_time", "delete_time"};
    for (int tries = 0; tries < 50; tries++) {
        const schema_field *f = &type->fields[choose(type->field_count)];
        if (f->oneof || (root && is_own(f) && !is_named(f, known, ARRAY_LEN(known))))
            continue;
        return f;
    }
    return NULL;
}

// A path from a resource or an element. *open: it crosses a list without choosing an element.
// stop_at_list: to end at a list, for any().
static bool random_path(const schema_message *type, bool root, bool stop_at_list, model_path *out,
                        bool *open)
{
    *out = (model_path){0};
    *open = false;
    for (;;) {
        const schema_field *f = random_field(type, root && !out->count);
        if (!f || out->count == MODEL_MAX_PATH)
            return false;
        model_segment *s = &out->segments[out->count++];
        *s = (model_segment){.field = f};
        bool message = model_type_of(f) == MODEL_MESSAGE;
        bool date = model_type_of(f) == MODEL_DATE && !f->repeated;
        if (f->repeated) {
            if (choose(3) == 0 || (!message && !date)) {
                *open = true;
                return true;
            }
            if (choose(2))
                s->id = ONE_OF(ids);
            else
                *open = true;
            if (s->id && !stop_at_list && choose(6) == 0)
                return true;
        } else if (!stop_at_list && (!message || choose(6) == 0) && (!date || choose(3))) {
            return true;
        }
        if (!message && !date)
            return false;
        type = f->message;
    }
}

static void random_pattern(char out[MODEL_MAX_TEXT])
{
    static const char *const parts[] = {"a", "b", "\1", "\1", "A", "喀", "?", "[", "*", "\\"};
    *out = '\0';
    for (size_t n = 1 + choose(4); n; n--)
        strcat(out, ONE_OF(parts));
}

static void random_text(char out[MODEL_MAX_TEXT])
{
    if (choose(3) == 0)
        random_pattern(out);
    else
        snprintf(out, MODEL_MAX_TEXT, "%s", ONE_OF(texts));
}

static void random_literal(model *m, const schema_field *f, bool element)
{
    size_t size = sizeof m->text;
    switch (model_type_of(f)) {
    case MODEL_TEXT:
        random_text(m->text);
        if (strchr("<>", *m->op))
            for (char *c = m->text; *c; c++)
                *c = *c == '\1' ? 'b' : *c;
        break;
    case MODEL_INTEGER:
        snprintf(m->text, size, "%d", (int)choose(7) - 1);
        if (choose(3) == 0) {
            static const char *const years[] = {"2023", "2024", "2.024e3", "20230"};
            snprintf(m->text, size, "%s", ONE_OF(years));
        }
        break;
    case MODEL_REAL:
        snprintf(m->text, size, choose(2) ? "%.17g" : "%.17e", ONE_OF(reals));
        break;
    case MODEL_BOOLEAN:
        snprintf(m->text, size, "%s", choose(2) ? "true" : "false");
        break;
    case MODEL_ENUM:
        snprintf(m->text, size, "%s",
                 f->enumeration->values[choose(f->enumeration->value_count)].name);
        break;
    case MODEL_DATE: {
        int n = snprintf(m->text, size, "%d", 2022 + (int)choose(4));
        if (choose(3))
            n += snprintf(m->text + n, size - (size_t)n, "-%02d", 1 + (int)choose(4));
        if (n == 7 && choose(2))
            snprintf(m->text + n, size - (size_t)n, "-%02d", 1 + (int)choose(3));
        break;
    }
    case MODEL_DECIMAL:
        snprintf(m->text, size, "%s", ONE_OF(decimals));
        break;
    case MODEL_TIME:
        m->time_us = ONE_OF(times);
        break;
    case MODEL_MESSAGE: {
        // A list has elements by their ids; a message has fields.
        const schema_field *has = random_field(f->message, false);
        if (f->repeated && !element)
            snprintf(m->text, size, "%s",
                     choose(3) ? ONE_OF(ids)
                               : "\1"
                                 "1");
        else if (has)
            snprintf(m->text, size, "%s", has->name);
        break;
    }
    }
}

static model *new_model(model_kind kind)
{
    model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->kind = kind;
    return m;
}

static model *random_comparison(const schema_message *type, bool root)
{
    static const char *const all[] = {"=", "!=", "<", "<=", ">", ">=", ":"};
    static const char *const equal[] = {"=", "!=", ":"};
    model *m = new_model(MODEL_IS);
    bool open;
    while (!random_path(type, root, false, &m->path, &open))
        ;
    const model_segment *last = &m->path.segments[m->path.count - 1];
    model_type compared = model_type_of(last->field);
    bool equality = compared == MODEL_ENUM || compared == MODEL_BOOLEAN;
    m->op = open || compared == MODEL_MESSAGE ? ":" : equality ? ONE_OF(equal) : ONE_OF(all);
    m->present = *m->op == ':' && choose(3) == 0;
    random_literal(m, last->field, last->id);
    return m;
}

static model *random_group(const schema_message *type, bool root)
{
    model *first = random_comparison(type, root);
    if (first->present || choose(5))
        return first;
    model *m = new_model(MODEL_OR);
    m->grouped = true;
    m->count = 2;
    m->children[0] = first;
    m->children[1] = new_model(MODEL_IS);
    *m->children[1] = *first;
    const model_segment *last = &first->path.segments[first->path.count - 1];
    random_literal(m->children[1], last->field, last->id);
    return m;
}

// type: NULL in a list of texts.
static model *random_filter(const schema_message *type, bool root, unsigned depth)
{
    size_t kind = depth < 3 ? choose(8) : 7;
    bool open;
    if (kind < 4) {
        model *m = new_model(kind < 2 ? MODEL_AND : MODEL_OR);
        m->count = 2 + choose(MODEL_MAX_CHILDREN - 1);
        for (size_t i = 0; i < m->count; i++)
            m->children[i] = random_filter(type, root, depth + 1);
        return m;
    }
    if (kind == 4) {
        model *m = new_model(MODEL_NOT);
        m->count = 1;
        m->children[0] = random_filter(type, root, depth + 1);
        return m;
    }
    if (!type) {
        model *m = new_model(MODEL_IS);
        m->op = "";
        random_text(m->text);
        return m;
    }
    model_path path;
    if (kind == 5 && random_path(type, root, true, &path, &open)) {
        const schema_field *list = path.segments[path.count - 1].field;
        bool of_messages = model_type_of(list) == MODEL_MESSAGE;
        if (list->repeated && !path.segments[path.count - 1].id &&
            (of_messages || model_type_of(list) == MODEL_TEXT)) {
            model *m = new_model(MODEL_ANY);
            m->path = path;
            m->count = 1;
            m->children[0] = random_filter(of_messages ? list->message : NULL, false, depth + 1);
            return m;
        }
    }
    return random_group(type, root);
}

// --- orders
// ------------------------------------------------------------------------------------------

typedef struct orders {
    model_path paths[MAX_ORDERS];
    bool descending[MAX_ORDERS];
    size_t count;
    const sample *samples;
} orders;

static bool is_orderable(const model_path *path)
{
    model_type type = model_type_of(path->segments[path->count - 1].field);
    for (size_t i = 0; i < path->count; i++)
        if (path->segments[i].field->repeated)
            return false;
    return type != MODEL_MESSAGE && type != MODEL_BOOLEAN;
}

static bool same_path(const model_path *a, const model_path *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->segments[i].field != b->segments[i].field)
            return false;
    return true;
}

static void random_orders(const schema_message *type, orders *o, buffer *text)
{
    size_t wanted = choose(MAX_ORDERS + 1);
    o->count = 0;
    while (o->count < wanted) {
        model_path *path = &o->paths[o->count];
        bool open, again = false;
        if (!random_path(type, true, false, path, &open) || !is_orderable(path))
            continue;
        for (size_t i = 0; i < o->count; i++)
            again |= same_path(path, &o->paths[i]);
        if (again)
            continue;
        o->descending[o->count] = choose(2);
        buffer_append_text(text, o->count ? ", " : "");
        model_print_path(path, text);
        buffer_append_text(text, o->descending[o->count] ? " desc" : "");
        o->count++;
    }
}

static int by_orders(const void *a, const void *b, void *context)
{
    const orders *o = context;
    const sample *x = *(const sample *const *)a, *y = *(const sample *const *)b;
    for (size_t i = 0; i < o->count; i++) {
        int order = model_compare(&o->paths[i], o->descending[i], x->value, y->value);
        if (order)
            return order;
    }
    return strcmp(x->name, y->name);
}

// --- the comparison
// --------------------------------------------------------------------------------

typedef struct asking {
    world *world;
    samples *samples;
    const char *filter;
    const char *order_by;
    bool show_deleted;
    int view;
} asking;

// The names of all pages together, one a line. *total: what the first page says.
static char *names_listed(const asking *a, int32_t page_size, int64_t *total)
{
    buffer names = {0}, rows = {0}, token = {0};
    do {
        nrpc_status status = {0};
        registry_page page;
        assert_true(buffer_append_byte(&token, '\0'));
        const registry_list_request request = {
            .type = a->samples->type,
            .parent = a->samples->type->parent_collection ? "zones/-" : "",
            .page_size = page_size,
            .page_token = (const char *)token.data,
            .filter = a->filter,
            .order_by = a->order_by,
            .view = a->view,
            .show_deleted = a->show_deleted,
            .include_total_size = true,
            .row_field = 1,
            .max_size = 8u << 20,
        };
        buffer_clear(&rows);
        if (registry_list(a->world->registry, &no_hurry, &request, &rows, &page, &status))
            fail_msg("%s\n  order by %s\n  %s", a->filter, a->order_by, status.message);
        *total = page.total_size;
        pbwire_reader r = pbwire_read(rows.data, rows.size);
        pbwire_field row, field;
        while (pbwire_next(&r, &row)) {
            pbwire_reader inside = pbwire_read(row.data, row.size);
            while (pbwire_next(&inside, &field))
                if (field.number == 1 && field.type == PBWIRE_BYTES)
                    buffer_printf(&names, "%.*s\n", (int)field.size, (const char *)field.data);
        }
        buffer_clear(&token);
        buffer_append(&token, page.next_page_token.data, page.next_page_token.size);
        registry_page_fini(&page);
    } while (token.size);
    buffer_fini(&rows);
    buffer_fini(&token);
    return buffer_take(&names, NULL);
}

static char *names_expected(const asking *a, const model *filter, orders *o, int64_t *total)
{
    const sample *matching[RECORDS];
    size_t count = 0;
    buffer names = {0};
    for (size_t i = 0; i < RECORDS; i++) {
        const sample *s = &a->samples->list[i];
        if ((a->show_deleted || !s->deleted) && (!filter || model_holds(filter, s->value)))
            matching[count++] = s;
    }
    qsort_r(matching, count, sizeof *matching, by_orders, o);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&names, "%s\n", matching[i]->name);
    *total = (int64_t)count;
    return buffer_take(&names, NULL);
}

// The first line in which they differ, with the resources it names.
static void print_difference(const samples *s, char *listed, char *expected)
{
    const char *lines[2] = {"", ""};
    do
        for (int i = 0; i < 2; i++)
            lines[i] = strsep(i ? &expected : &listed, "\n");
    while (lines[0] && lines[1] && !strcmp(lines[0], lines[1]));
    for (int i = 0; i < 2; i++) {
        print_error("%s %s\n", i ? "expected" : "listed", lines[i] ? lines[i] : "no more");
        for (size_t j = 0; j < RECORDS; j++)
            if (lines[i] && !strcmp(s->list[j].name, lines[i])) {
                char *text = json_dumps(s->list[j].value, JSON_INDENT(1));
                print_error("%s\n", text);
                free(text);
            }
    }
}

static void compare(const asking *a, const model *filter, orders *o, int32_t page_size)
{
    int64_t total, expected_total;
    char *listed = names_listed(a, page_size, &total);
    char *expected = names_expected(a, filter, o, &expected_total);
    if (strcmp(listed, expected) != 0 || total != expected_total) {
        print_error("%s %s\n  order by %s, pages of %d, deleted too: %d\n",
                    a->samples->type->singular, a->filter, a->order_by, page_size, a->show_deleted);
        print_difference(a->samples, listed, expected);
        fail_msg("%" PRId64 " listed, %" PRId64 " expected", total, expected_total);
    }
    free(listed);
    free(expected);
}

typedef struct counts {
    size_t none, some, all;
} counts;

static void ask(world *w, samples *s, counts *seen)
{
    buffer filter = {0}, order_by = {0};
    orders o = {.samples = s->list};
    model *m = choose(20) ? random_filter(s->message, true, 0) : NULL;
    if (m)
        model_print(m, choose, &filter);
    random_orders(s->message, &o, &order_by);
    char *text = buffer_take(&filter, NULL), *order_text = buffer_take(&order_by, NULL);
    const asking a = {w, s, text, order_text, choose(2), (int)choose(3)};
    compare(&a, m, &o, 1000);
    compare(&a, m, &o, 1 + (int32_t)choose(7));
    int64_t total;
    free(names_expected(&a, m, &o, &total));
    seen->none += total == 0;
    seen->some += total > 0 && total < RECORDS / 2;
    seen->all += total >= RECORDS / 2;
    free(text);
    free(order_text);
    model_free(m);
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void list_answers_what_the_model_says(void **state)
{
    (void)state;
    static const char *const singulars[] = {"Zone", "Area", "Event", "PowerDelegation"};
    static samples all[ARRAY_LEN(singulars)];
    world w;
    counts seen = {0};
    uint64_t rounds = number_from("FTZ_FILTER_ROUNDS", ROUNDS);
    seed = number_from("FTZ_FILTER_SEED", (uint64_t)clock_now_ns());
    print_message("FTZ_FILTER_SEED=%" PRIu64 "\n", seed);
    world_open(&w);
    for (size_t t = 0; t < ARRAY_LEN(singulars); t++)
        write_samples(&w, &all[t], singulars[t]);
    for (uint64_t i = 0; i < rounds; i++)
        for (size_t t = 0; t < ARRAY_LEN(singulars); t++)
            ask(&w, &all[t], &seen);
    print_message("none %zu, some %zu, most %zu\n", seen.none, seen.some, seen.all);
    // Otherwise it would prove little.
    assert_true(seen.some * 5 > rounds);
    for (size_t t = 0; t < ARRAY_LEN(singulars); t++)
        for (size_t i = 0; i < RECORDS; i++)
            json_decref(all[t].list[i].value);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_answers_what_the_model_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
