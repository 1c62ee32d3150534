// The examples of docs/filters.md, read from it and asked.
#include "registry_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 3 };

static char *listed(world *w, const char *singular, const char *filter, const char *order_by)
{
    nrpc_status status = {0};
    buffer rows = {0};
    registry_page page;
    const resource_type *type = type_named(w, singular);
    const registry_list_request request = {
        .type = type,
        .parent = !type->parent_collection   ? ""
                  : type->parent_is_resource ? "zones/-"
                                             : "vocabularies/-",
        .page_token = "",
        .filter = filter,
        .order_by = order_by,
        .page_size = 1000,
        .row_field = 1,
        .max_size = 4u << 20,
    };
    if (registry_list(w->registry, &no_hurry, &request, &rows, &page, &status))
        fail_msg("%s: %s", filter, status.message);
    assert_int_equal(page.next_page_token.size, 0);
    char *segments = ids_of_rows(&rows);
    registry_page_fini(&page);
    buffer_fini(&rows);
    return segments;
}

// The cells of a line of a table, without blanks and backquotes around them. The line is changed.
static size_t cells_of(char *line, char *cells[COLUMNS])
{
    size_t n = 0;
    for (char *bar = strchr(line, '|'); bar && n < COLUMNS; n++) {
        char *cell = bar + 1;
        bar = strchr(cell, '|');
        if (!bar)
            return n;
        *bar = '\0';
        cell += strspn(cell, " `");
        for (char *end = cell + strlen(cell); end > cell && strchr(" `", end[-1]);)
            *--end = '\0';
        cells[n] = cell;
    }
    return n;
}

static void every_example_lists_what_the_page_says(void **state)
{
    world *w = *state;
    char *page = read_whole_file(FTZ_SOURCE_DIR "/docs/filters.md", NULL), *rest = page;
    rest = strstr(page, "## Examples");
    assert_non_null(rest);
    bool orders = false;
    size_t asked = 0, wrong = 0;
    for (char *line; (line = strsep(&rest, "\n"));) {
        char *cells[COLUMNS];
        if (*line != '|' || cells_of(line, cells) != COLUMNS || !strncmp(cells[0], "---", 3))
            continue;
        if (!strcmp(cells[0], "list")) {
            orders = !strcmp(cells[1], "order_by");
            continue;
        }
        char *found = listed(w, cells[0], orders ? "" : cells[1], orders ? cells[1] : "");
        if (strcmp(found, cells[2]) != 0) {
            print_error("%s %s\n  lists    %s\n  expected %s\n", cells[0], cells[1], found,
                        cells[2]);
            wrong++;
        }
        free(found);
        asked++;
    }
    free(page);
    assert_int_equal(wrong, 0);
    assert_true(asked > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_example_lists_what_the_page_says, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
