// The pool of schema_test.proto, and bytes built by hand.
#ifndef TESTS_SCHEMA_FIXTURE_H
#define TESTS_SCHEMA_FIXTURE_H

#include "base/buffer.h"
#include "schema/schema.h"

// The whole file; the caller frees it.
uint8_t *fixture_read(const char *path, size_t *size);
// Loaded once; cmocka group setup and teardown.
int fixture_setup(void **state);
int fixture_teardown(void **state);
const schema *fixture_pool(void);
// "Scalars" for schema.test.Scalars; fails the test if there is none.
const schema_message *fixture_type(const char *name);

// Wire bytes.
void put_number(buffer *b, uint32_t number, uint64_t value);
void put_text(buffer *b, uint32_t number, const char *text);
void put_buffer(buffer *b, uint32_t number, const buffer *inner);
// "0a 02 4869" as bytes; blanks are skipped.
void put_hex(buffer *b, const char *hex);

#endif
