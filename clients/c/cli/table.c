#include "table.h"

#include "width.h"

#include <stdlib.h>
#include <string.h>

enum { GAP = 2, NARROWEST = 6 };
static const char ellipsis[] = "\xE2\x80\xA6";

void table_init(table *t, const table_column *columns, size_t count)
{
    *t = (table){.column_count = count < TABLE_MAX_COLUMNS ? count : TABLE_MAX_COLUMNS};
    memcpy(t->columns, columns, t->column_count * sizeof(*columns));
}

void table_fini(table *t)
{
    for (size_t i = 0; i < t->cell_count; i++)
        free(t->cells[i]);
    free(t->cells);
    *t = (table){0};
}

void table_add(table *t, const char *text, size_t size)
{
    if (t->cell_count == t->capacity) {
        size_t capacity = t->capacity ? t->capacity * 2 : 256;
        char **cells = reallocarray(t->cells, capacity, sizeof(*cells));
        if (!cells) {
            t->failed = true;
            return;
        }
        t->cells = cells;
        t->capacity = capacity;
    }
    buffer safe = {0};
    text_put_safe(&safe, text, size);
    char *cell = buffer_take(&safe, NULL);
    buffer_fini(&safe);
    if (cell)
        t->cells[t->cell_count++] = cell;
    else
        t->failed = true;
}

static size_t total_width(const size_t *widths, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += widths[i] ? widths[i] + GAP : 0;
    return total ? total - GAP : 0;
}

// Takes from the widest column, one by one: columns of few words stay whole as long as they can.
static void shrink(const table *t, size_t *widths, size_t width, bool whole_too)
{
    size_t count = t->column_count;
    for (size_t total = total_width(widths, count); total > width; total--) {
        size_t widest = count;
        for (size_t i = 0; i < count; i++)
            if (widths[i] > NARROWEST && (whole_too || !t->columns[i].whole) &&
                (widest == count || widths[i] > widths[widest]))
                widest = i;
        if (widest == count)
            return;
        widths[widest]--;
    }
}

static void put_blanks(buffer *out, size_t count)
{
    while (count--)
        buffer_append_byte(out, ' ');
}

static void put_cell(buffer *out, const char *text, size_t width, bool right)
{
    size_t size = strlen(text), taken = text_width(text, size);
    const char *end = "";
    if (taken > width) {
        size = text_fit(text, size, width - 1);
        taken = text_width(text, size) + 1;
        end = ellipsis;
    }
    if (right)
        put_blanks(out, width - taken);
    buffer_append(out, text, size);
    buffer_append_text(out, end);
    put_blanks(out, GAP + (right ? 0 : width - taken));
}

static void end_line(buffer *out, size_t start, const char *end)
{
    while (out->size > start && out->data[out->size - 1] == ' ')
        out->size--;
    buffer_append_text(out, end);
}

// The widest cell of each column. One without a value gets no room, unless all are without.
static void measure(const table *t, size_t *widths)
{
    for (size_t i = 0; i < t->column_count; i++)
        widths[i] = 0;
    for (size_t i = 0; i < t->cell_count; i++) {
        size_t cell = text_width(t->cells[i], strlen(t->cells[i]));
        if (cell > widths[i % t->column_count])
            widths[i % t->column_count] = cell;
    }
    for (size_t i = 0; i < t->column_count; i++) {
        size_t title = text_width(t->columns[i].title, strlen(t->columns[i].title));
        if ((widths[i] || !t->cell_count) && widths[i] < title)
            widths[i] = title;
    }
}

bool table_write(const table *t, size_t width, bool color, buffer *out)
{
    size_t count = t->column_count, widths[TABLE_MAX_COLUMNS];
    measure(t, widths);
    if (width) {
        shrink(t, widths, width, false);
        shrink(t, widths, width, true);
    }
    buffer_append_text(out, color ? "\033[1m" : "");
    size_t start = out->size;
    for (size_t i = 0; i < count; i++)
        if (widths[i])
            put_cell(out, t->columns[i].title, widths[i], t->columns[i].right);
    end_line(out, start, color ? "\033[0m\n" : "\n");
    for (size_t i = 0; i < t->cell_count; i++) {
        size_t column = i % count;
        if (column == 0)
            start = out->size;
        if (widths[column])
            put_cell(out, t->cells[i], widths[column], t->columns[column].right);
        if (column + 1 == count)
            end_line(out, start, "\n");
    }
    return !t->failed && !out->failed;
}
