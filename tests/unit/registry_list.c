// List with filters and orders, while others write.
#include "registry_write_support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static registry_list_request terms(const world *w)
{
    return (registry_list_request){.type = type_named(w, "Term"),
                                   .parent = "vocabularies/v",
                                   .page_token = "",
                                   .filter = "",
                                   .order_by = "",
                                   .row_field = 1,
                                   .max_size = 4u << 20};
}

static void put_term(world *w, const char *id, const char *group, const char *definition)
{
    char *write;
    assert_true(asprintf(&write,
                         "[{'update': {'allowMissing': true, 'resource': {'term': {'name': "
                         "'vocabularies/v/terms/%s', 'displayName': '%s', 'group': '%s', "
                         "'definition': '%s'}}}}]",
                         id, id, group, definition) > 0);
    do_writes(w, write);
    free(write);
}

static void delete_term(world *w, const char *id)
{
    char write[128];
    snprintf(write, sizeof write, "[{'delete': {'name': 'vocabularies/v/terms/%s'}}]", id);
    do_writes(w, write);
}

// One page of ids; the token of the next is put into the request, "" at the end.
static char *next_page(world *w, registry_list_request *request, char token[TOKEN_MAX_SIZE],
                       registry_page *page)
{
    nrpc_status status = {0};
    buffer rows = {0};
    assert_ok(registry_list(w->registry, &no_hurry, request, &rows, page, &status), &status);
    snprintf(token, TOKEN_MAX_SIZE, "%.*s", (int)page->next_page_token.size,
             (const char *)page->next_page_token.data);
    request->page_token = token;
    char *ids = ids_of_rows(&rows);
    registry_page_fini(page);
    buffer_fini(&rows);
    return ids;
}

static void expect_page(world *w, registry_list_request *request, char token[TOKEN_MAX_SIZE],
                        const char *expected)
{
    registry_page page;
    char *ids = next_page(w, request, token, &page);
    assert_string_equal(ids, expected);
    free(ids);
}

static void a_page_goes_on_behind_the_last_though_others_write(void **state)
{
    world *w = *state;
    char token[TOKEN_MAX_SIZE];
    static const char *const groups[] = {"g1", "g1", "g2", "g3", "", ""};
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        put_term(w, (const char *[]){"a", "b", "c", "d", "e", "f"}[i], groups[i], "");
    registry_list_request request = terms(w);
    request.page_size = 2;
    request.order_by = "group desc";
    request.filter = "-definition:x";
    expect_page(w, &request, token, "d, c");
    // The last row moves up, goes away, or is followed by others: the list goes on where it was.
    put_term(w, "c", "g9", "");
    put_term(w, "a0", "g1", "");
    put_term(w, "z", "g2", "");
    expect_page(w, &request, token, "z, a");
    delete_term(w, "a");
    expect_page(w, &request, token, "a0, b");
    // What has no value comes last, and stays there.
    put_term(w, "e0", "", "");
    expect_page(w, &request, token, "e, e0");
    delete_term(w, "e0");
    expect_page(w, &request, token, "f");
    assert_string_equal(token, "");
}

static void a_token_belongs_to_its_filter_and_order(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    char token[TOKEN_MAX_SIZE];
    registry_list_request request = terms(w);
    put_term(w, "a", "g", "");
    put_term(w, "b", "g", "");
    request.page_size = 1;
    request.filter = "group = g";
    request.order_by = "group, display_name desc";
    expect_page(w, &request, token, "b");
    registry_list_request other[] = {request, request, request, request};
    other[0].filter = "group = h";
    other[1].filter = "";
    other[2].order_by = "group, display_name";
    other[3].order_by = "";
    for (size_t i = 0; i < ARRAY_LEN(other); i++) {
        buffer rows = {0};
        registry_page page;
        assert_true(registry_list(w->registry, &no_hurry, &other[i], &rows, &page, &status));
        assert_status(&status, NRPC_INVALID_ARGUMENT, "PAGE_TOKEN_MISMATCH");
        assert_int_equal(rows.size, 0);
    }
    expect_page(w, &request, token, "a");
}

static void a_text_too_long_to_go_on_behind_is_told(void **state)
{
    world *w = *state;
    nrpc_status status = {0};
    buffer rows = {0};
    registry_page page;
    char token[TOKEN_MAX_SIZE], text[2 * TOKEN_MAX_PAYLOAD];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    put_term(w, "a", "g", text);
    put_term(w, "b", "g", "y");
    registry_list_request request = terms(w);
    request.order_by = "definition";
    expect_page(w, &request, token, "a, b"); // no token is needed
    request.page_size = 1;
    assert_true(registry_list(w->registry, &no_hurry, &request, &rows, &page, &status));
    assert_int_equal(rows.size, 0);
    assert_int_equal(page.next_page_token.size, 0);
    assert_status(&status, NRPC_RESOURCE_EXHAUSTED, "ORDER_VALUE_TOO_LONG");
    text[3500] = '\0';
    put_term(w, "a", "g", text);
    expect_page(w, &request, token, "a");
    expect_page(w, &request, token, "b");
    buffer_fini(&rows);
}

typedef struct writer {
    world *world;
    atomic_bool done;
} writer;

static void *write_on(void *context)
{
    writer *job = context;
    char id[16];
    for (int i = 0; i < 120; i++) {
        snprintf(id, sizeof id, "t%d", i / 2);
        if (i % 2 && i % 3 == 0)
            delete_term(job->world, id);
        else
            put_term(job->world, id, i % 2 ? "h" : "g", "");
    }
    atomic_store(&job->done, true);
    return NULL;
}

static void rows_total_and_revision_are_of_one_snapshot(void **state)
{
    world *w = *state;
    writer job = {.world = w};
    pthread_t thread;
    char token[TOKEN_MAX_SIZE];
    int64_t last = 0;
    size_t lists = 0;
    assert_int_equal(pthread_create(&thread, NULL, write_on, &job), 0);
    for (bool done = false; !done; lists++) {
        done = atomic_load(&job.done);
        registry_list_request request = terms(w);
        registry_page page;
        request.page_size = 1000;
        request.include_total_size = true;
        request.filter = lists % 2 ? "group = g" : "";
        char *ids = next_page(w, &request, token, &page);
        int64_t rows = *ids != '\0';
        for (const char *c = ids; *c; c++)
            rows += *c == ',';
        assert_int_equal(page.total_size, rows);
        assert_true(page.revision >= last);
        last = page.revision;
        free(ids);
    }
    pthread_join(thread, NULL);
    assert_true(lists > 1);
}

// The largest filters that may be asked.
static void filters_as_large_as_allowed_are_answered(void **state)
{
    world *w = *state;
    static const struct {
        const char *before, *part, *after;
        int count;
    } cases[] = {
        {"group = g", " OR group = g", "", 255},
        {"group = g", " group = g", "", 255},
        {"group = (g", " OR g", ")", 255},
        {"display_name:a", " AND -any(names, (start_date != 2024 OR text = \"*a*b*\"))", "", 85},
        {"a", " OR \"a b\"", "", 127},
        {"", "NOT (", "group = h", 15},
        {"group = *", "*a*", "", 2600},
    };
    put_term(w, "a", "g", "");
    put_term(w, "b", "h", "");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buffer text = {0};
        char token[TOKEN_MAX_SIZE];
        registry_page page;
        buffer_append_text(&text, cases[i].before);
        for (int j = 0; j < cases[i].count; j++)
            buffer_append_text(&text, cases[i].part);
        buffer_append_text(&text, cases[i].after);
        for (int j = 0;
             j < cases[i].count && strchr(cases[i].part, '(') && !strchr(cases[i].part, ')'); j++)
            buffer_append_text(&text, ")");
        char *filter = buffer_take(&text, NULL);
        registry_list_request request = terms(w);
        request.filter = filter;
        request.include_total_size = true;
        char *ids = next_page(w, &request, token, &page);
        assert_string_equal(ids, i + 1 < ARRAY_LEN(cases) ? "a" : "");
        assert_int_equal(page.total_size, i + 1 < ARRAY_LEN(cases));
        free(ids);
        free(filter);
    }
}

static int open_empty(void **state)
{
    world *w = malloc(sizeof *w);
    world_open(w);
    *state = w;
    return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_empty, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_page_goes_on_behind_the_last_though_others_write),
        TEST(a_token_belongs_to_its_filter_and_order),
        TEST(a_text_too_long_to_go_on_behind_is_told),
        TEST(rows_total_and_revision_are_of_one_snapshot),
        TEST(filters_as_large_as_allowed_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
