// Private to generate: what is planned of zones, and the pieces that records are put together from.
//
// Everything about a thing is drawn from a stream of chance of its own, so any of it can be made
// again without what comes before it.
#ifndef CLI_GENERATE_PRIVATE_H
#define CLI_GENERATE_PRIVATE_H

#include "generate.h"
#include "generate_text.h"
#include "generate_words.h"

enum { MAX_AREAS = 12, FIRST_DAY = 15977, LAST_DAY = 20453 }; // 2013-09-29 ...

typedef struct area_plan {
    place_name place;
    char id[28];
    uint32_t hundredths; // of a square kilometre; 0: not known
    int32_t added_day;   // 0: founding area
    int nested_in;       // another area; -1: none
    unsigned industries[3], industry_count;
} area_plan;

typedef struct zone_plan {
    uint64_t number; // from 0
    char id[16];
    place_name place;
    int32_t approval_day, launch_day, expansion_day; // 0: it never grew
    uint32_t hundredths, founding_hundredths;
    area_plan areas[MAX_AREAS];
    unsigned area_count, delegations;
    int64_t events;
} zone_plan;

typedef struct generator {
    generate_spec o;
    int64_t zones, sources;
    double weights; // of all zones
    text_out out;
    const char *group, *member; // being written
    bool in_group;
    int64_t records;
    generate_fn told;
    void *context;
    bool stopped;
} generator;

// --- plans --------------------------------------------------------------------------------------

// All of a zone but its number of events.
zone_plan generate_plan_zone(const generator *g, int64_t number);

// --- records ------------------------------------------------------------------------------------

void generate_source(generator *g, int64_t number);
void generate_terms(generator *g);
void generate_zone(generator *g, const zone_plan *z);
void generate_area(generator *g, const zone_plan *z, unsigned i);
void generate_delegation(generator *g, const zone_plan *z, unsigned i);
void generate_event(generator *g, const zone_plan *z, int64_t number);

// --- pieces of JSON -----------------------------------------------------------------------------

// Around a record: its name comes first, behind an open quote. group, member: what it is called in
// ftz.v1.Registry, and in ftz.v1.AnyResource.
void generate_begin(generator *g, const char *group, const char *member);
void generate_end(generator *g);
// Members behind others: with a comma before them.
void generate_put_field(text_out *t, const char *name);
void generate_put_text_field(text_out *t, const char *name, const char *value);
void generate_put_date_field(text_out *t, const char *name, int32_t number);
void generate_put_tags(text_out *t, const char *field, const coded_word *words, unsigned count,
                       unsigned some, chance *c);
// The citation of the whole record, and now and then one of the field at `path`.
void generate_put_citations(generator *g, chance *c, const char *path);
// Values.
void generate_put_name(text_out *t, const char *id, const char *before, const char *name,
                       const char *behind, const char *language, const char *kind);
void generate_put_industry(text_out *t, unsigned industry);
void generate_put_zone_name(text_out *t, const zone_plan *z);
void generate_put_area_name(text_out *t, const zone_plan *z, unsigned area);

#endif
