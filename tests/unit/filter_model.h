// A model of the filter language for tests: conditions as trees, how they are written, and what
// they mean, evaluated one resource after another in the plainest way. It shares nothing with the
// compiler but the schema.
//
// A resource is its proto3 JSON with the names of the .proto file; beside it stand `revision` as a
// number and its times as microseconds. All memory is jansson's or malloc's; trees are freed whole.
#ifndef TESTS_FILTER_MODEL_H
#define TESTS_FILTER_MODEL_H

#include "base/buffer.h"
#include "schema/schema.h"

#include <jansson.h>

typedef enum model_type {
    MODEL_TEXT,
    MODEL_INTEGER,
    MODEL_REAL,
    MODEL_BOOLEAN,
    MODEL_ENUM,
    MODEL_DATE,
    MODEL_DECIMAL,
    MODEL_TIME,
    MODEL_MESSAGE,
} model_type;

model_type model_type_of(const schema_field *field);

enum { MODEL_MAX_PATH = 8, MODEL_MAX_CHILDREN = 4, MODEL_MAX_TEXT = 64 };

typedef struct model_segment {
    const schema_field *field;
    const char *id; // of the element of the list `field`; NULL: none chosen
} model_segment;

typedef struct model_path {
    model_segment segments[MODEL_MAX_PATH];
    size_t count;
} model_path;

typedef enum model_kind { MODEL_AND, MODEL_OR, MODEL_NOT, MODEL_IS, MODEL_ANY } model_kind;

typedef struct model {
    model_kind kind;
    bool grouped; // an OR of the same comparison with several values, written as one
    struct model *children[MODEL_MAX_CHILDREN];
    size_t count;
    model_path path;           // of IS and ANY; empty: the element itself
    const char *op;            // "=" ... ":"
    bool present;              // `:*`
    char text[MODEL_MAX_TEXT]; // what is compared; of MODEL_TEXT '\1' is a wildcard
    int64_t time_us;           // of MODEL_TIME
} model;

void model_free(model *m);
// May be called with any generator of numbers below n, which chooses between ways of writing.
typedef size_t (*model_choice)(size_t n);
void model_print(const model *m, model_choice choose, buffer *out);
void model_print_path(const model_path *path, buffer *out);

bool model_holds(const model *m, const json_t *resource);

// The order of two resources by one field, -1, 0 or 1; what has no value is last either way.
int model_compare(const model_path *path, bool descending, const json_t *a, const json_t *b);

#endif
