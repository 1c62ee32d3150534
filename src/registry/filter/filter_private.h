// What the chapters of the filter compiler share.
//
//   filter_lex.c     text to tokens
//   filter_parse.c   tokens to a tree; filter.c has the grammar
//   filter_path.c    a path to what it names in the schema
//   filter_value.c   a comparison of one value to a condition
//   filter_check.c   the tree to a condition
//   filter_order.c   order_by, which has the same tokens and paths
//   filter.c         the entrance, and how faults are told
//
// Everything made lives in the job's arena. A function that returns NULL or false has told a fault,
// or memory has run out, which filter_end tells. One job, one thread.
#ifndef REGISTRY_FILTER_PRIVATE_H
#define REGISTRY_FILTER_PRIVATE_H

#include "registry/filter/filter.h"

// --- one compilation -----------------------------------------------------------------------------

typedef struct filter_job {
    const char *text;
    size_t size;
    const char *field; // of the request
    arena *memory;
    nrpc_status *status;
    size_t terms; // seen so far
    size_t faults;
} filter_job;

// False: the text is too long, or no UTF-8.
bool filter_begin(filter_job *job, const char *text, const char *field, arena *memory,
                  nrpc_status *status);
// good: whether a result was made.
nrpc_code filter_end(filter_job *job, bool good);

// A run of the text, in bytes.
typedef struct filter_span {
    size_t at;
    size_t end;
} filter_span;

// suggestion: what to write there instead, or NULL. Returns false.
bool filter_fault(filter_job *job, filter_span where, const char *reason, const char *suggestion,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));
// One more restriction. False: one too many.
bool filter_count_term(filter_job *job, filter_span where);
// The text of a span, for a message or a suggestion; NULL: no memory.
const char *filter_copy(filter_job *job, filter_span where);

// --- tokens --------------------------------------------------------------------------------------

typedef enum filter_comparator {
    FILTER_EQ,
    FILTER_NE,
    FILTER_LT,
    FILTER_LE,
    FILTER_GT,
    FILTER_GE,
    FILTER_HAS,
} filter_comparator;

typedef enum filter_token_kind {
    FILTER_END,
    FILTER_TEXT,   // bare
    FILTER_STRING, // quoted
    FILTER_OPEN,
    FILTER_CLOSE,
    FILTER_COMMA,
    FILTER_DOT,
    FILTER_MINUS,
    FILTER_COMPARATOR,
} filter_token_kind;

// A word or a string without its escapes, in Unicode normalization form C, as stored text is.
typedef struct filter_text {
    const char *text; // NUL-terminated
    size_t size;
    const char *pattern; // as STORE_LIKE wants it; NULL: there is no wildcard
    bool quoted;
} filter_text;

typedef struct filter_token {
    filter_token_kind kind;
    filter_span where;
    bool blank_before;
    filter_comparator comparator;
    filter_text text; // of FILTER_TEXT and FILTER_STRING
} filter_token;

// What a bare word may hold depends on where it stands.
typedef enum filter_place {
    FILTER_TERM,     // `.` and `:` end it, and `-` is a sign of negation before it
    FILTER_ARGUMENT, // behind a comparator: all three belong to it
    FILTER_GROUP,    // in parentheses behind a comparator: `-` belongs to it before a digit
} filter_place;

bool filter_lex(filter_job *job, size_t at, filter_place place, filter_token *out);
// Whether the token is this bare word.
bool filter_is_word(const filter_job *job, const filter_token *token, const char *word);

// --- the tree ------------------------------------------------------------------------------------

typedef struct filter_segment {
    filter_span where;
    filter_text text;
} filter_segment;

enum { FILTER_MAX_SEGMENTS = 16 };

typedef struct filter_path {
    const filter_segment *segments;
    size_t count;
    filter_span where;
} filter_path;

typedef enum filter_kind {
    FILTER_AND,
    FILTER_OR,
    FILTER_NOT,
    FILTER_LITERAL,     // alone, or in the argument of a restriction
    FILTER_RESTRICTION, // its child is the argument: literals under AND, OR and NOT
    FILTER_ANY,         // its child is the condition of one element
} filter_kind;

typedef struct filter_node {
    filter_kind kind;
    filter_span where;
    struct filter_node *first; // of its children
    struct filter_node *next;  // of its siblings
    size_t count;              // of its children
    filter_path path;          // of FILTER_RESTRICTION and FILTER_ANY
    filter_comparator comparator;
    filter_text literal;
} filter_node;

// NULL: a fault. The text is not empty.
filter_node *filter_parse(filter_job *job);
// A path that begins with *token, which becomes the token behind it.
bool filter_parse_path(filter_job *job, filter_token *token, filter_path *out);

// --- what a path names
// -----------------------------------------------------------------------------

typedef enum filter_type {
    FILTER_STRING_VALUE,
    FILTER_INTEGER,
    FILTER_REAL,
    FILTER_BOOLEAN,
    FILTER_ENUM,
    FILTER_DATE,
    FILTER_DECIMAL,
    FILTER_TIME, // a column in microseconds
    FILTER_MESSAGE,
    FILTER_OPAQUE, // cannot be compared
} filter_type;

// Where names are looked up: in a resource, or in an element within any().
typedef struct filter_scope {
    const resource_type *type;     // NULL in an element
    const schema_message *message; // NULL: the element is no message
    const schema_field *list;      // of the element; NULL in a resource
} filter_scope;

// A list on the way to what is named.
typedef struct filter_hop {
    store_operand list;
    const char *id; // of the element chosen; NULL: any of them
} filter_hop;

typedef struct filter_target {
    filter_hop hops[FILTER_MAX_SEGMENTS];
    size_t hop_count;
    bool open; // a list is crossed without choosing an element
    bool list; // what is named is a list; type and message are those of its elements
    store_operand operand;
    filter_type type;
    const schema_message *message; // of FILTER_MESSAGE
    const schema_field *field;     // the last named; NULL: an element by its id
    filter_span outer;             // the path up to the last list crossed, for suggestions
} filter_target;

bool filter_resolve(filter_job *job, const filter_scope *scope, const filter_path *path,
                    filter_target *out);
// How the values of a field compare.
filter_type filter_type_of(const schema_field *field);
// "a date", "text" ...: what a value of this target must be.
const char *filter_type_noun(filter_type type);
// A field of the message by its proto name. NULL: a fault that suggests what may have been meant.
const schema_field *filter_find_field(filter_job *job, const schema_message *message,
                                      const char *name, size_t size, filter_span where);
// The operand with one more step. False: no memory.
bool filter_step(filter_job *job, store_operand *operand, const char *name);

// --- conditions
// ------------------------------------------------------------------------------------

const store_condition *filter_keep(filter_job *job, store_condition condition);
const store_condition *filter_leaf(filter_job *job, store_operator operator, store_operand operand,
                                   store_value value);
// Of children that may be NULL, which makes the whole NULL.
const store_condition *filter_group(filter_job *job, store_operator operator,
                                    const store_condition * const * children, size_t count);
typedef struct filter_comparison {
    filter_type type;
    const schema_field *field;
    store_operand operand;
    filter_comparator comparator;
    filter_span path; // as written
} filter_comparison;

// With a literal, whose type is checked.
const store_condition *filter_compare(filter_job *job, const filter_comparison *c,
                                      const filter_node *literal);

const store_condition *filter_check(filter_job *job, const filter_scope *scope,
                                    const filter_node *tree);

#endif
