// Which columns a list of messages has, in a table and in CSV, and what stands in their cells.
//
// Columns are borrowed from constant data and the schema. Threads: any.
#ifndef CLI_COLUMNS_H
#define CLI_COLUMNS_H

#include "base/buffer.h"
#include "schema/schema.h"
#include "table.h"

#include <jansson.h>

enum { COLUMNS_MAX = TABLE_MAX_COLUMNS * 4, COLUMN_TITLE_SIZE = 64 };

typedef struct column {
    char title[COLUMN_TITLE_SIZE];
    const schema_message *type;
    const char *path; // "power_delegation.name"; `*` stands for the member that is set
    int segment;      // of the text, from 1, between slashes; 0: all of it
    bool right;
} column;

// For a table: those of the type that say most. csv: of a resource, all that fit a cell.
size_t columns_of(const schema_message *type, bool csv, column out[COLUMNS_MAX]);
// Appends what an object's cell holds; plain: for machines.
void column_put(buffer *out, const column *c, const json_t *object, bool plain);

#endif
