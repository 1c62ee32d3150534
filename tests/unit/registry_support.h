// A registry over a real store in a directory of its own, with the article's data if wanted.
#ifndef TESTS_REGISTRY_SUPPORT_H
#define TESTS_REGISTRY_SUPPORT_H

#include "registry/read/read.h"
#include "registry/write/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct world {
    char directory[64];
    store *store;
    registry *registry;
    registry_options options;
} world;

// A context without deadline; request_id is a UUID.
extern const store_context no_hurry;

void world_open(world *w); // empty
void world_open_with(world *w, const registry_options *options);
void world_seed(world *w); // imports data/xinjiang.json
// Closes registry and store, and opens them again.
void world_reopen(world *w);
void world_close(world *w);

// cmocka setup and teardown: *state is a world, seeded.
int world_setup(void **state);
int world_teardown(void **state);

const resource_type *type_named(const world *w, const char *singular);
// A packed resource as one malloc'd piece.
uint8_t *result_bytes(const registry_result *result, size_t *size);
// The names of all resources of a type in data/xinjiang.json, in bytewise order; NULL-terminated.
const char *const *names_of(const char *singular);

// The last segments of the names of resources in packed rows, parted by ", ". The caller frees it.
char *ids_of_rows(const buffer *rows);

char *read_whole_file(const char *path, size_t *size);

// Fails the test with the status' message unless code is OK.
void assert_ok(nrpc_code code, nrpc_status *status);
// Fails unless status is this; releases it.
void assert_status(nrpc_status *status, nrpc_code code, const char *reason);
// Fails unless the status has a violation at this field with this reason.
void assert_violation(const nrpc_status *status, const char *field, const char *reason);

#endif
