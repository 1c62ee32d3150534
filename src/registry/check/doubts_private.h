// What the files about doubts share.
#ifndef REGISTRY_DOUBTS_PRIVATE_H
#define REGISTRY_DOUBTS_PRIVATE_H

#include "google/type/decimal.pb-c.h"
#include "registry/check/doubts.h"

enum { DOUBT_MAX_PATH = 1024, DOUBT_MAX_MESSAGE = 1024, DOUBT_NUMBER_SIZE = 32 };

typedef struct doubt_walk {
    const doubt_world *world; // NULL: names are collected
    doubt_name_fn name;
    doubt_fn doubt;
    void *context;
    const char *vocabulary; // of the Tags of the list walked through
    bool stopped;
    size_t path_size;
    char path[DOUBT_MAX_PATH];
} doubt_walk;

// path: behind the one walked to; "" for that itself.
void doubt_report(doubt_walk *w, const char *code, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// Where two dates are known and the first is certainly later.
bool doubt_is_later(const Google__Type__Date *first, const Google__Type__Date *second);
void doubt_format_date(const Google__Type__Date *date, char out[DATE_TEXT_SIZE]);
// The fewest digits that read back.
void doubt_format_number(double number, char out[DOUBT_NUMBER_SIZE]);

// Citations that contradict what the resource holds.
void doubt_claims(doubt_walk *w, const ProtobufCMessage *resource);
// What the facts of one type say against each other, and against the zone and its areas.
void doubt_zone(doubt_walk *w, const ProtobufCMessage *zone);
void doubt_area(doubt_walk *w, const ProtobufCMessage *area);
void doubt_event(doubt_walk *w, const ProtobufCMessage *event);
void doubt_power_delegation(doubt_walk *w, const ProtobufCMessage *delegation);

#endif
