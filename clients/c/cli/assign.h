// `--set PATH=VALUE`: one field of a resource, written as a person writes it.
//
// PATH is as masks have it: "area_km2", "plan.title", "names.zh.text". VALUE is text, a number, a
// date, a decimal, yes or no, an enum value's name or the end of it ("operating"), items with
// commas between them for a list of these, or JSON for messages.
//
// Threads: any. Errors: INVALID_ARGUMENT with reason INVALID_FIELD_PATH, WRONG_TYPE or
// UNKNOWN_ENUM_VALUE.
#ifndef CLI_ASSIGN_H
#define CLI_ASSIGN_H

#include "schema/schema.h"

#include <jansson.h>

// Sets the field in a resource's JSON object; without a VALUE nothing is set. The path's text is
// the assignment up to the first `=`: *path_size bytes.
nrpc_code assign_field(const schema_message *type, json_t *object, const char *assignment,
                       size_t *path_size, nrpc_status *status);

#endif
