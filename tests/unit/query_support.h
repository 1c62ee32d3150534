// What tests of questions share: a world of given records, and a question to ask it.
#ifndef TESTS_QUERY_SUPPORT_H
#define TESTS_QUERY_SUPPORT_H

#include "registry_support.h"

#include "google/type/date.pb-c.h"
#include "registry/query/question.h"

// Imports the registry in JSON, in which ' stands for ".
void world_import(world *w, const char *json);

// A question with memory of its own; reset before another is asked.
typedef struct inquiry {
    question question;
    arena memory;
    nrpc_status status;
} inquiry;

void inquiry_init(inquiry *i, const world *w);
void inquiry_reset(inquiry *i);
void inquiry_fini(inquiry *i);

// From 20241115, 20241100 or 20240000: a date that lives until the program ends.
Google__Type__Date *date_of(int yyyymmdd);
// Back; 0 for NULL.
int number_of(const Google__Type__Date *date);

// Fails unless these are the texts, in this order, joined by blanks.
void assert_texts(char *const *texts, size_t count, const char *joined);

#endif
