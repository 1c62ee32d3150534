// What is doubtful in one resource though it is valid. docs/checks.md explains the codes to people.
//
// A resource is judged by itself and by what it needs to know of others: first the names that it
// needs are asked for, then it is judged with what was found.
//
// Pure functions over borrowed messages, any thread.
#ifndef REGISTRY_DOUBTS_H
#define REGISTRY_DOUBTS_H

#include "google/type/date.pb-c.h"
#include "registry/date.h"
#include "registry/decimal.h"
#include "registry/type.h"

// Return false to stop.
typedef bool (*doubt_name_fn)(void *context, const char *name);
// code: one of docs/checks.md. All text is borrowed for the call.
typedef bool (*doubt_fn)(void *context, const char *code, const char *path, const char *message);

// What another resource is.
typedef struct doubt_other {
    bool exists;     // and is not deleted
    double area_km2; // of an Area; 0: not known
} doubt_other;

// The areas of a zone, taken together.
typedef struct doubt_areas {
    decimal_sum sum;  // of the sizes of those that lie in no other
    double tolerance; // by which it may be off: half of the last digit of each
    int64_t count;    // of those that lie in no other
    int64_t unknown;  // of them, without a size
} doubt_areas;

void doubt_areas_init(doubt_areas *areas);
void doubt_areas_fini(doubt_areas *areas);
void doubt_areas_add(doubt_areas *areas, const ProtobufCMessage *area);

// The earliest day on which a zone can have been decided on, by its approval and its plan; false
// if neither is dated. path: of the field that says so.
bool doubt_zone_begin(const ProtobufCMessage *zone, date_span *out, const char **path);

typedef struct doubt_world {
    // Of every name that was asked for.
    doubt_other (*look_up)(void *context, const char *name);
    void *context;
    const doubt_areas *areas;     // of the zone; NULL unless it is one that is judged
    const ProtobufCMessage *zone; // in which the resource lies; NULL if it does in none
} doubt_world;

// False: it was stopped.
bool doubt_names(const resource_type *type, const ProtobufCMessage *message, doubt_name_fn name,
                 void *context);
bool doubts_of(const resource_type *type, const ProtobufCMessage *message, const doubt_world *world,
               doubt_fn doubt, void *context);

#endif
