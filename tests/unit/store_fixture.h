// What the tests of the store share: a store in a directory of its own, short ways to write to it,
// and a memory of the rows it answered.
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/store.h"

#include <string.h>

typedef struct fixture {
    char directory[64];
    char path[128];
    char url[160];
    store *s;
} fixture;

// For cmocka: a fresh store, and its end. *state is the fixture.
int fixture_setup(void **state);
int fixture_teardown(void **state);
// Closes and opens again.
void fixture_reopen(fixture *f);
// The url with another file name in the directory; good until called again.
const char *fixture_url(fixture *f, const char *file);

extern const store_context anytime; // no deadline, actor "tester", request id "r-1"

// Waits until another writer stands at the end of the queue than *last, which becomes that one.
// NULL: nobody.
void await_writer(store *s, const void **last);

// Asserts that code and reason are these, and ends the status.
void expect_failure(nrpc_status *status, nrpc_code code, const char *reason);
#define assert_ok(call) assert_int_equal((call), NRPC_OK)

// A transaction of one change. Returns its revision.
int64_t put(store *s, store_operation operation, const char *name, const char *body);
// The record put writes: type by the last collection in the name ("zones/z/areas/a": "Area"),
// parent the name without its last two parts, extra "+" body.
typedef struct sample {
    char name[256], parent[256], body[256], extra[264];
    store_record record;
} sample;
void sample_init(sample *r, const char *name, const char *body);

// All changes behind this place, of whatever name.
void changes_after(store *s, int64_t after_revision, int after_index, store_change_fn change,
                   void *context);

// Rows copied out of callbacks.
typedef struct rows {
    size_t count;
    size_t stop_at; // say stop with this many; 0: never
    struct {
        bool missing;
        char name[256], body[256], extra[264], uid[64], type[32], parent[256];
        int64_t id, revision, create_us, update_us, delete_us, purge_us;
    } row[64];
} rows;
bool remember_row(void *context, const store_record *record);

#endif
