// Rows of text in columns that line up.
//
// Ownership: the table owns its cells; titles are borrowed. Threads: one at a time.
// A table that has run out of memory stays incomplete and table_write returns false.
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "base/buffer.h"

enum { TABLE_MAX_COLUMNS = 16 };

typedef struct table_column {
    const char *title;
    bool right; // numbers
    bool whole; // ids: cut only when all else has been
} table_column;

typedef struct table {
    table_column columns[TABLE_MAX_COLUMNS];
    size_t column_count;
    char **cells; // row by row
    size_t cell_count;
    size_t capacity;
    bool failed;
} table;

void table_init(table *t, const table_column *columns, size_t count);
void table_fini(table *t);
// The next cell, rows from left to right. Any text; it is made safe for a terminal.
void table_add(table *t, const char *text, size_t size);
// Appends the titles and all rows; columns without a value in any row are left out. width: columns
// of the terminal, into which wide columns are cut with an ellipsis; 0: as wide as it comes. color:
// titles bold.
bool table_write(const table *t, size_t width, bool color, buffer *out);

#endif
