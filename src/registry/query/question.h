// A question that reads many things: all from one snapshot, answered with messages in an arena.
//
// Whoever asks fills a question, calls one of find_powers (powers.h), list_timeline (timeline.h),
// aggregate (aggregate.h) or get_zone_profile (profile.h), and may use the answer as long as the
// arena lives. These check what was asked before they open the snapshot, and close it again.
//
// Threads: one at a time. All may block in the store.
// Errors: INVALID_ARGUMENT with every field at fault; NOT_FOUND, reason RESOURCE_NOT_FOUND;
// RESOURCE_EXHAUSTED, reason ANSWER_MEMORY if the arena is too small for the question, and
// MESSAGE_TOO_LARGE if not even one element of a page fits max_size.
#ifndef REGISTRY_QUESTION_H
#define REGISTRY_QUESTION_H

#include "base/arena.h"
#include "base/buffer.h"
#include "registry/date.h"
#include "registry/names.h"
#include "registry/read/rows.h"
#include "registry/registry.h"

typedef struct question {
    registry *registry;
    store_context context; // reads the snapshot while it is open
    arena *memory;         // of the answer
    size_t max_size;       // of the packed answer, in bytes
    int64_t revision;      // of the snapshot
} question;

// --- for the files that answer -------------------------------------------------------------------

MUST_USE nrpc_code question_open(question *q, nrpc_status *status);
void question_close(question *q);

// Memory for one record after another.
typedef struct scratch {
    arena memory;
    _Alignas(16) char room[16384];
} scratch;

void scratch_init(scratch *s);
void scratch_reset(scratch *s);
void scratch_fini(scratch *s);

const resource_type *question_type(const question *q, resource_kind kind);
// The record as a whole, the registry's own fields included. It borrows nothing. NULL: no memory.
void *question_unpack(const question *q, resource_kind kind, const store_record *record,
                      arena *memory);
// The resource of this name, not deleted, in q->memory.
MUST_USE nrpc_code question_get(question *q, resource_kind kind, const char *name, void **out,
                                nrpc_status *status);
// Leaves out of a whole resource what its BASIC view has not.
void question_make_basic(const resource_type *type, ProtobufCMessage *message);

nrpc_code question_no_memory(nrpc_status *status);
// How many of these messages, as elements of one list, fit an answer of max_size bytes. 0 of
// several is an error.
MUST_USE nrpc_code question_fit(size_t max_size, ProtobufCMessage *const *messages, size_t count,
                                size_t *fit, nrpc_status *status);

// Page tokens (token.h). Both release the buffers, and look at whether they failed; the text lives
// in q->memory.
MUST_USE nrpc_code question_make_token(const question *q, buffer *bound, buffer *payload,
                                       char **out, nrpc_status *status);
MUST_USE nrpc_code question_take_token(const question *q, buffer *bound, const char *token,
                                       char **payload, size_t *size, nrpc_status *status);

// A whole day, today if `date` is absent. Anything else is a violation.
nrpc_code question_day(const Google__Type__Date *date, const char *field, date_span *out,
                       nrpc_status *status);
// A day as a message in q->memory; NULL if it is 0 or memory has run out.
Google__Type__Date *question_date(const question *q, int32_t day);

#endif
