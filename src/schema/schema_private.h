// What schema.c and schema_load.c share: the pool's inside.
#ifndef SCHEMA_SCHEMA_PRIVATE_H
#define SCHEMA_SCHEMA_PRIVATE_H

#include "base/arena.h"
#include "schema/schema.h"

struct schema {
    arena memory; // holds everything, the schema itself apart
    schema_file *files;
    size_t file_count;
    schema_symbol *symbols; // by name
    size_t symbol_count;
};

// One of the names by which a field of a message may be called; sorted by schema_name_compare.
struct schema_name {
    const char *text;
    size_t size;
    const schema_field *field;
};

// The order of sorted names everywhere in the pool: by bytes, the shorter first.
int schema_name_compare(const char *a, size_t a_size, const char *b, size_t b_size);

#endif
