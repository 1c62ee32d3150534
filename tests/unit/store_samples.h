// Records with an index, and conditions, for the tests of what a store is asked.
#ifndef TESTS_STORE_SAMPLES_H
#define TESTS_STORE_SAMPLES_H

#include "unit/store_fixture.h"

// A record of type Event ("zones/z/events/e"), Area or Zone by its name, with this JSON to compare.
typedef struct indexed {
    sample sample;
    store_index index;
    const char *listings[2], *scopes[2];
} indexed;
void indexed_init(indexed *r, const char *name, const char *document);
// It is listed, and its moments are found, below this name too.
void indexed_place(indexed *r, const char *parent);
void indexed_words(indexed *r, int column, const char *tokens);
// A transaction of one change.
int64_t put_indexed(store *s, store_operation operation, const indexed *r);
// Many changes in one transaction.
void put_all(store *s, store_operation operation, const indexed *r, size_t count);
// STORE_CREATED with this document, nothing else.
void put_document(store *s, const char *name, const char *document);

// "a b c", the ends of the names in the order they came.
const char *short_names(const rows *r);
#define assert_rows(r, want) assert_string_equal(short_names(r), want)

// --- conditions, as compound literals

#define STEPS(...)                                                                                 \
    .steps = (const char *const[]){__VA_ARGS__},                                                   \
    .step_count = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#define DOCUMENT(...)                                                                              \
    {                                                                                              \
        .source = STORE_DOCUMENT, STEPS(__VA_ARGS__)                                               \
    }
#define ELEMENT(...)                                                                               \
    {                                                                                              \
        .source = STORE_ELEMENT, STEPS(__VA_ARGS__)                                                \
    }
#define COLUMN(name)                                                                               \
    {                                                                                              \
        .source = STORE_COLUMN, STEPS(name)                                                        \
    }
#define ITSELF                                                                                     \
    {                                                                                              \
        .source = STORE_ELEMENT                                                                    \
    }

#define TEXT(t)                                                                                    \
    {                                                                                              \
        .kind = STORE_TEXT, .text = (t)                                                            \
    }
#define NUMBER(n)                                                                                  \
    {                                                                                              \
        .kind = STORE_INTEGER, .integer = (n)                                                      \
    }
#define REAL(r)                                                                                    \
    {                                                                                              \
        .kind = STORE_REAL, .real = (r)                                                            \
    }

#define CONDITION(...) (&(const store_condition){__VA_ARGS__})
#define CHILDREN(...)                                                                              \
    .children = (const store_condition *const[]){__VA_ARGS__},                                     \
    .child_count =                                                                                 \
        sizeof((const store_condition *const[]){__VA_ARGS__}) / sizeof(store_condition *)
#define ALL(...)       CONDITION(.operator= STORE_AND, CHILDREN(__VA_ARGS__))
#define SOME(...)      CONDITION(.operator= STORE_OR, CHILDREN(__VA_ARGS__))
#define NOT(c)         CONDITION(.operator= STORE_NOT, CHILDREN(c))
#define IS(o, op, v)   CONDITION(.operator= STORE_##op, .operand = o, .value = v)
#define PRESENT(o)     CONDITION(.operator= STORE_PRESENT, .operand = o)
#define ANY(o, c)      CONDITION(.operator= STORE_ANY, .operand = o, CHILDREN(c))
#define TOKEN(mask, t) CONDITION(.operator= STORE_HAS_TOKEN, .columns = mask, .value = TEXT(t))

#endif
