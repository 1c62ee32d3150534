// The files of tests/conformance, as their README defines them: what every runner in C needs.
//
// Anything in a file that is not understood fails the test: a key that is misspelled must not make
// a case pass.
#ifndef INTEGRATION_VECTORS_H
#define INTEGRATION_VECTORS_H

#include "base/buffer.h"
#include "schema/schema.h"

#include <jansson.h>
#include <nrpc/client.h>
#include <nrpc/status.h>

typedef struct vector_case {
    char *name; // "call-runtime/echo over tcp"
    const json_t *json;
    bool ipc;
} vector_case;

typedef struct vectors {
    json_t *files; // keeps what cases point to
    vector_case *cases;
    size_t count;
} vectors;

// All cases of the kinds given (a NULL-terminated list), once for each transport. slow: those that
// say how many seconds they take, else the others. Ends the program with a message if a file cannot
// be read, has no cases or none are left.
void vectors_load(vectors *v, const char *const *kinds, bool slow);
void vectors_free(vectors *v);

// What an error in a case looks like: the words, on one line.
void vector_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
// Fails unless all keys of the object are among these (NULL-terminated).
void vector_keys(const json_t *object, const char *const *known);

// Appends the bytes that an expression stands for. header: what {"header": true} means, or NULL.
void vector_bytes(const json_t *expression, const void *header, size_t header_size, buffer *out);

// Whether `got` has everything that `expected` says. On failure *path says where not.
bool vector_matches(const json_t *expected, const json_t *got, char path[256]);

// Fails unless a call has ended as `expect` says. output: the type of what it answers, or NULL
// where a reply is not given as JSON. Returns the reply as JSON, the caller's, if output is given
// and the call is OK.
json_t *vector_check(const json_t *expect, const nrpc_reply *reply, const schema_message *output);

#endif
