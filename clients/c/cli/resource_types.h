// The resources that have commands of their own. A new one is a row here; methods, messages and
// fields are read from the descriptors.
#ifndef CLI_RESOURCE_TYPES_H
#define CLI_RESOURCE_TYPES_H

#include "schema/schema.h"

enum { RESOURCE_MAX_COLUMNS = 7 };

enum {
    RESOURCE_ZONES,
    RESOURCE_AREAS,
    RESOURCE_EVENTS,
    RESOURCE_DELEGATIONS,
    RESOURCE_SOURCES,
    RESOURCE_TERMS,
    RESOURCE_TYPES,
};

typedef struct resource_column {
    const char *title;
    const char *field;
    int segment; // of the field's text, from 1, between slashes; 0: all of it
} resource_column;

typedef struct resource_type {
    const char *command;    // "areas"
    const char *service;    // "ftz.v1.AreaService"
    const char *message;    // "ftz.v1.Area"
    const char *collection; // "areas"
    const char *parent;     // its parent's collection, "zones"; NULL: it has none
    const char *list_examples;
    const char *get_examples;
    resource_column columns[RESOURCE_MAX_COLUMNS];
} resource_type;

extern const resource_type resource_types[RESOURCE_TYPES];

// By a message's full name; NULL if it is none of them.
const resource_type *resource_type_of(const char *message);
// By how a type is typed, in any case: "Area", "area", "areas". NULL if it is none of them.
const resource_type *resource_type_typed(const char *typed);
// "Area", as requests have it.
const char *resource_type_name(const resource_type *type);
// By the name of a resource, "zones/x/areas/y@17"; NULL if it has the form of none.
const resource_type *resource_type_of_name(const char *name);
// Its method that begins with this verb: "Get", "BatchGet", "List".
const schema_method *resource_method(const schema *pool, const resource_type *type,
                                     const char *verb);

// The full name of what was typed; the caller frees it. "khorgos" with parent "cn-xinjiang" or
// "zones/cn-xinjiang", "cn-xinjiang/khorgos", "zones/cn-xinjiang/areas/khorgos": the same. A
// revision stays: "khorgos@17". NULL if a parent is needed, *needs_parent being set, or memory has
// run out.
char *resource_name(const resource_type *type, const char *parent, const char *typed,
                    bool *needs_parent);
// "zones/cn-xinjiang" of what was typed for a parent, "zones/-" of NULL; NULL if the type has none
// or memory has run out. The caller frees it.
char *resource_parent(const resource_type *type, const char *typed);

#endif
