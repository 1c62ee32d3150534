// What resources are grouped by: "zone", "year", "month", or the path of a field.
//
// Pure functions, any thread.
// Errors: INVALID_ARGUMENT with a violation at the field given; reasons UNKNOWN_FIELD (with a
// suggestion where one is near), NOT_GROUPABLE, DUPLICATE_FIELD, COUNT_OUT_OF_RANGE.
#ifndef REGISTRY_GROUPING_H
#define REGISTRY_GROUPING_H

#include "base/arena.h"
#include "registry/type.h"

enum { GROUPING_MAX_KEYS = 4, GROUPING_MAX_DEPTH = 8, GROUPING_MAX_KEY = 1000 };

typedef enum group_by { GROUP_BY_ZONE, GROUP_BY_YEAR, GROUP_BY_MONTH, GROUP_BY_PATH } group_by;

typedef struct group_key {
    group_by by;
    const ProtobufCFieldDescriptor *steps[GROUPING_MAX_DEPTH]; // of a path
    size_t depth;
    bool numeric; // its values are numbers
    bool extra;   // it is not in the BASIC view
} group_key;

// Checks all, and reports all faults.
void grouping_parse(const resource_type *type, char *const *paths, size_t count, const char *field,
                    group_key out[GROUPING_MAX_KEYS], nrpc_status *status);

typedef struct group_values {
    const char **list; // each once; "" alone where nothing is stated
    size_t count;
} group_values;

// The values that a resource has for a key. zone: of the question, where it asks about one; NULL:
// the zone in its name, and further ones of an event. False: no memory.
MUST_USE bool grouping_values(const group_key *key, const resource_type *type, const char *name,
                              const char *zone, const ProtobufCMessage *message, arena *memory,
                              group_values *out);

#endif
