#include "generate.h"

#include "base/macros.h"
#include "generate_text.h"
#include "generate_words.h"

#include <stdlib.h>

enum { MAX_AREAS = 12, TELL_STEP = 4096, FIRST_DAY = 15977, LAST_DAY = 20453 }; // 2013-09-29 ...

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

// --- plans
// -----------------------------------------------------------------------------------------

int64_t generate_zones(const generate_spec *spec)
{
    if (spec->zones)
        return spec->zones;
    int64_t zones = spec->events / 500;
    return zones < 5 ? 5 : zones > 1000 ? 1000 : zones;
}

static int64_t source_count(int64_t events)
{
    int64_t sources = events / 20;
    return sources < 5 ? 5 : sources > 50000 ? 50000 : sources;
}

// Events of the zones before this one: shares are 1, 1/2, 1/3 ..., exact to the last bit anywhere.
static int64_t events_before(const generator *g, double weight_before)
{
    return (int64_t)((double)g->o.events * (weight_before / g->weights));
}

static void make_id(char *out, size_t room, const char *latin)
{
    size_t size = 0;
    for (const char *c = latin; *c && size + 1 < room; c++)
        if (*c >= 'a' && *c <= 'z')
            out[size++] = *c;
        else if (*c >= 'A' && *c <= 'Z')
            out[size++] = (char)(*c - 'A' + 'a');
        else if (*c == '\xC3') // of "lü": "lv", as it is typed
            out[size++] = 'v';
    out[size] = '\0';
}

static void plan_area(const generator *g, zone_plan *z, unsigned i, chance *c)
{
    area_plan *a = &z->areas[i];
    a->place = place_of(g->o.seed + 1, z->number * MAX_AREAS + i);
    make_id(a->id, sizeof(a->id) - 3, a->place.latin);
    for (unsigned other = 0; other < i; other++)
        if (strcmp(z->areas[other].id, a->id) == 0) { // two names that sound alike
            size_t size = strlen(a->id);
            snprintf(a->id + size, sizeof(a->id) - size, "-%u", i);
        }
    a->nested_in = i && chance_percent(c, 10) ? 0 : -1;
    a->hundredths = 200 + chance_below(c, 6000);
    a->industry_count = 1 + chance_below(c, 3);
    unsigned first = chance_below(c, INDUSTRIES), step = 1 + 2 * chance_below(c, 3);
    for (unsigned n = 0; n < a->industry_count; n++)
        a->industries[n] = (first + n * step) % INDUSTRIES;
    if (a->nested_in >= 0) { // a part of the first area, and smaller than it
        a->hundredths = 1 + chance_below(c, z->areas[0].hundredths / 4);
        return;
    }
    if (i > 2 && z->expansion_day && chance_percent(c, 50))
        a->added_day = z->expansion_day;
    z->hundredths += a->hundredths;
    if (!a->added_day)
        z->founding_hundredths += a->hundredths;
}

static zone_plan plan_zone(const generator *g, int64_t number)
{
    chance c = chance_of(g->o.seed, 'Z', (uint64_t)number, 0);
    zone_plan z = {.number = (uint64_t)number, .place = place_of(g->o.seed, (uint64_t)number)};
    snprintf(z.id, sizeof(z.id), "syn-%05u", (unsigned)number + 1);
    z.approval_day = FIRST_DAY + (int32_t)chance_below(&c, 3600);
    z.launch_day = z.approval_day + 20 + (int32_t)chance_below(&c, 200);
    if (chance_percent(&c, 30))
        z.expansion_day = z.launch_day + 200 + (int32_t)chance_below(&c, 200);
    z.area_count = 3 + chance_below(&c, MAX_AREAS - 3);
    z.delegations = chance_below(&c, 5);
    for (unsigned i = 0; i < z.area_count; i++)
        plan_area(g, &z, i, &c);
    if (z.founding_hundredths == z.hundredths)
        z.expansion_day = 0;
    return z;
}

// --- pieces
// ----------------------------------------------------------------------------------------

// Of the record that comes: what stands before it.
static void begin_record(generator *g, const char *group, const char *member)
{
    text_out *t = &g->out;
    if (g->o.lines) {
        PUT(t, "{\"");
        text_put_text(t, member);
        PUT(t, "\":{\"name\":\"");
        return;
    }
    if (g->group != group) {
        text_put_text(t, g->group ? "\n  ],\n  \"" : "\n  \"");
        text_put_text(t, group);
        PUT(t, "\": [\n    {\"name\":\"");
        g->group = group;
    } else {
        PUT(t, ",\n    {\"name\":\"");
    }
}

static void end_record(generator *g)
{
    text_put_text(&g->out, g->o.lines ? "}}\n" : "}");
    g->records++;
    if (g->told && g->records % TELL_STEP == 0 && !g->told(g->context, g->records))
        g->stopped = true;
}

static void put_field(text_out *t, const char *name)
{
    PUT(t, ",\"");
    text_put_text(t, name);
    PUT(t, "\":");
}

static void put_text_field(text_out *t, const char *name, const char *value)
{
    put_field(t, name);
    PUT(t, "\"");
    text_put_text(t, value);
    PUT(t, "\"");
}

static void put_date_field(text_out *t, const char *name, int32_t number)
{
    put_field(t, name);
    text_put_date(t, day_of(number));
}

static void put_name(text_out *t, const char *id, const char *before, const char *name,
                     const char *behind, const char *language, const char *kind)
{
    PUT(t, "{\"id\":\"");
    text_put_text(t, id);
    PUT(t, "\",\"text\":\"");
    text_put_text(t, before);
    text_put_text(t, name);
    text_put_text(t, behind);
    PUT(t, "\",\"languageCode\":\"");
    text_put_text(t, language);
    PUT(t, "\",\"kind\":\"NAME_KIND_");
    text_put_text(t, kind);
    PUT(t, "\"}");
}

static void put_source_name(generator *g, chance *c)
{
    PUT(&g->out, "\"sources/syn-");
    text_put_number(&g->out, chance_below(c, (uint32_t)g->sources) + 1, 6);
    PUT(&g->out, "\"");
}

// The citation of the whole record, and now and then one of a field.
static void put_citations(generator *g, chance *c, const char *path)
{
    text_out *t = &g->out;
    PUT(t, ",\"citations\":[{\"id\":\"whole\",\"sources\":[");
    put_source_name(g, c);
    PUT(t, "],\"verification\":\"VERIFICATION_VERIFIED\",\"stance\":\"STANCE_SUPPORTS\"}");
    if (path && chance_percent(c, 20)) {
        PUT(t, ",{\"id\":\"field\",\"path\":\"");
        text_put_text(t, path);
        PUT(t, "\",\"sources\":[");
        put_source_name(g, c);
        PUT(t, "],\"verification\":\"VERIFICATION_UNVERIFIED\",\"stance\":\"STANCE_SUPPORTS\","
               "\"locator\":\"paragraph ");
        text_put_number(t, 1 + chance_below(c, 20), 1);
        PUT(t, "\"}");
    }
    PUT(t, "]");
}

static void put_tags(text_out *t, const char *field, const coded_word *words, unsigned count,
                     unsigned some, chance *c)
{
    put_field(t, field);
    unsigned first = chance_below(c, count);
    for (unsigned i = 0; i < some; i++) {
        const char *code = words[(first + i) % count].code;
        text_put_text(t, i ? ",{\"id\":\"" : "[{\"id\":\"");
        text_put_text(t, code);
        PUT(t, "\",\"code\":\"");
        text_put_text(t, code);
        PUT(t, "\"}");
    }
    PUT(t, "]");
}

static void put_industry(text_out *t, unsigned industry)
{
    PUT(t, "{\"id\":\"");
    text_put_text(t, industries[industry].code);
    PUT(t, "\",\"code\":\"");
    text_put_text(t, industries[industry].code);
    PUT(t, "\",\"tier\":\"INDUSTRY_TIER_PRIMARY\"}");
}

static void put_zone_name(text_out *t, const zone_plan *z)
{
    PUT(t, "zones/");
    text_put_text(t, z->id);
}

static void put_area_name(text_out *t, const zone_plan *z, unsigned area)
{
    put_zone_name(t, z);
    PUT(t, "/areas/");
    text_put_text(t, z->areas[area].id);
}

// --- sources and terms
// -----------------------------------------------------------------------------

static void write_source(generator *g, int64_t number)
{
    static const char *const kinds[] = {"OFFICIAL", "NEWS", "TRADE_BODY", "LAW_DATABASE", "MIRROR"};
    static const char *const titles[] = {"Gazette no. ", "Report of the day no. ", "Bulletin no. ",
                                         "Collected rules no. ", "Copy of notice no. "};
    text_out *t = &g->out;
    chance c = chance_of(g->o.seed, 'S', (uint64_t)number, 0);
    unsigned kind = chance_below(&c, ARRAY_LEN(kinds));
    begin_record(g, "sources", "source");
    PUT(t, "sources/syn-");
    text_put_number(t, (uint64_t)number + 1, 6);
    PUT(t, "\",\"title\":\"");
    text_put_text(t, titles[kind]);
    text_put_number(t, (uint64_t)number + 1, 1);
    PUT(t, "\",\"kind\":\"SOURCE_KIND_");
    text_put_text(t, kinds[kind]);
    PUT(t, "\",\"uri\":\"https://example.org/");
    text_put_number(t, chance_next(&c), 1);
    PUT(t, "\",\"languageCode\":\"");
    text_put_text(t, chance_percent(&c, 70) ? "zh-Hans" : "en");
    PUT(t, "\"");
    put_date_field(t, "accessDate", FIRST_DAY + (int32_t)chance_below(&c, LAST_DAY - FIRST_DAY));
    end_record(g);
}

static void write_terms(generator *g)
{
    text_out *t = &g->out;
    for (size_t v = 0; v < vocabulary_count; v++)
        for (size_t i = 0; i < vocabularies[v].count; i++) {
            const coded_word *word = &vocabularies[v].words[i];
            begin_record(g, "terms", "term");
            PUT(t, "vocabularies/");
            text_put_text(t, vocabularies[v].name);
            PUT(t, "/terms/");
            text_put_text(t, word->code);
            PUT(t, "\"");
            put_text_field(t, "displayName", word->english);
            PUT(t, ",\"names\":[");
            put_name(t, "zh", "", word->chinese, "", "zh-Hans", "TRANSLATION");
            PUT(t, "]");
            if (word->group)
                put_text_field(t, "group", word->group);
            end_record(g);
        }
}

// --- zones and areas
// -------------------------------------------------------------------------------

static void put_size(text_out *t, int32_t number, const char *basis, uint32_t hundredths,
                     uint32_t added)
{
    day d = day_of(number);
    PUT(t, "{\"id\":\"");
    text_put_number(t, d.year, 4);
    PUT(t, "-");
    text_put_number(t, d.month, 2);
    PUT(t, "-");
    text_put_number(t, d.day, 2);
    PUT(t, "\",\"date\":");
    text_put_date(t, d);
    PUT(t, ",\"basis\":\"SIZE_BASIS_");
    text_put_text(t, basis);
    PUT(t, "\",\"areaKm2\":");
    text_put_hundredths(t, hundredths);
    if (added) {
        PUT(t, ",\"addedKm2\":");
        text_put_hundredths(t, added);
    }
    PUT(t, "}");
}

static void write_zone(generator *g, const zone_plan *z)
{
    text_out *t = &g->out;
    chance c = chance_of(g->o.seed, 'z', z->number, 0);
    begin_record(g, "zones", "zone");
    put_zone_name(t, z);
    PUT(t, "\",\"displayName\":\"");
    text_put_text(t, z->place.latin);
    PUT(t, " Free-Trade Zone\",\"names\":[");
    put_name(t, "zh", "中国（", z->place.chinese, "）自由贸易试验区", "zh-Hans", "OFFICIAL");
    PUT(t, ",");
    put_name(t, "zh-short", "", z->place.chinese, "自贸试验区", "zh-Hans", "SHORT");
    PUT(t, ",");
    put_name(t, "pinyin", "", z->place.toned, " Zìmào Shìyànqū", "zh-Latn-pinyin", "SPELLING");
    PUT(t, "],\"kind\":\"pilot_free_trade_zone\",\"stage\":\"ZONE_STAGE_OPERATING\","
           "\"region\":{\"regionCode\":\"CN\",\"kind\":\"province\"},\"wave\":");
    text_put_number(t, 1 + chance_below(&c, 8), 1);
    PUT(t, ",\"areaKm2\":");
    text_put_hundredths(t, z->hundredths);
    PUT(t, ",\"sizeHistory\":[");
    put_size(t, z->launch_day, "STARTED", z->founding_hundredths, 0);
    if (z->expansion_day) {
        PUT(t, ",");
        put_size(t, z->expansion_day, "AUTHORISED", z->hundredths,
                 z->hundredths - z->founding_hundredths);
    }
    PUT(t, "],\"statedAreaCount\":");
    text_put_number(t, z->area_count, 1);
    put_date_field(t, "approvalDate", z->approval_day);
    PUT(t, ",\"plan\":{\"title\":\"Plan for ");
    text_put_text(t, z->place.latin);
    PUT(t, "\",\"documentDate\":");
    text_put_date(t, day_of(z->approval_day));
    PUT(t, "}");
    put_date_field(t, "launchDate", z->launch_day);
    put_tags(t, "positioning", positionings, POSITIONINGS, 1 + chance_below(&c, 3), &c);
    put_citations(g, &c, "area_km2");
    end_record(g);
}

static void write_area(generator *g, const zone_plan *z, unsigned i)
{
    text_out *t = &g->out;
    const area_plan *a = &z->areas[i];
    chance c = chance_of(g->o.seed, 'a', z->number, i);
    begin_record(g, "areas", "area");
    put_area_name(t, z, i);
    PUT(t, "\",\"displayName\":\"");
    text_put_text(t, a->place.latin);
    text_put_text(t, a->nested_in < 0 ? " Area\",\"names\":[" : " Park\",\"names\":[");
    put_name(t, "zh", "", a->place.chinese, a->nested_in < 0 ? "片区" : "园区", "zh-Hans",
             "OFFICIAL");
    PUT(t, ",");
    put_name(t, "pinyin", "", a->place.toned, "", "zh-Latn-pinyin", "SPELLING");
    PUT(t, "],\"kind\":\"");
    text_put_text(t, a->nested_in < 0 ? "area\",\"areaKm2\":" : "key_park\",\"areaKm2\":");
    text_put_hundredths(t, a->hundredths);
    if (a->added_day)
        put_date_field(t, "addedDate", a->added_day);
    put_date_field(t, "openingDate",
                   (a->added_day ? a->added_day : z->launch_day) + (int32_t)chance_below(&c, 60));
    if (a->nested_in >= 0) {
        PUT(t, ",\"parentArea\":\"");
        put_area_name(t, z, (unsigned)a->nested_in);
        PUT(t, "\"");
    }
    if (a->nested_in < 0 && a->hundredths > 2000 && chance_percent(&c, 40)) {
        PUT(t, ",\"parts\":[{\"id\":\"bonded\",\"displayName\":\"");
        text_put_text(t, a->place.latin);
        PUT(t, " Bonded Zone\",\"kind\":\"customs_special_supervision_area\",\"areaKm2\":");
        text_put_hundredths(t, 50 + chance_below(&c, a->hundredths / 8));
        PUT(t, "}]");
    }
    PUT(t, ",\"focusIndustries\":[");
    for (unsigned n = 0; n < a->industry_count; n++) {
        text_put_text(t, n ? "," : "");
        put_industry(t, a->industries[n]);
    }
    PUT(t, "]");
    put_citations(g, &c, "area_km2");
    end_record(g);
}

// --- delegations
// -----------------------------------------------------------------------------------

static void put_items(text_out *t, unsigned count, chance *c)
{
    PUT(t, ",\"items\":[");
    for (unsigned i = 0; i < count; i++) {
        const coded_word *subject = &subjects[chance_below(c, SUBJECTS)];
        text_put_text(t, i ? ",{\"id\":\"i" : "{\"id\":\"i");
        text_put_number(t, i + 1, 1);
        PUT(t, "\",\"title\":\"Approval in matters of ");
        text_put_text(t, subject->english);
        PUT(t, ", no. ");
        text_put_number(t, i + 1, 1);
        PUT(t, "\",\"subjects\":[{\"id\":\"");
        text_put_text(t, subject->code);
        PUT(t, "\",\"code\":\"");
        text_put_text(t, subject->code);
        PUT(t, "\"}]}");
    }
    PUT(t, "]");
}

static void write_delegation(generator *g, const zone_plan *z, unsigned i)
{
    text_out *t = &g->out;
    chance c = chance_of(g->o.seed, 'D', z->number, i);
    int32_t decided = z->launch_day + (int32_t)(90 + i * 300 + chance_below(&c, 200));
    unsigned items = 5 + chance_below(&c, 120), area = chance_below(&c, z->area_count);
    begin_record(g, "powerDelegations", "powerDelegation");
    put_zone_name(t, z);
    PUT(t, "/powerDelegations/d");
    text_put_number(t, i + 1, 1);
    PUT(t, "\",\"displayName\":\"Batch ");
    text_put_number(t, i + 1, 1);
    PUT(t, " of powers for ");
    text_put_text(t, z->place.latin);
    PUT(t, "\",\"batchNumber\":");
    text_put_number(t, i + 1, 1);
    PUT(t, ",\"delegators\":[{\"id\":\"government\",\"party\":{\"displayName\":\"People's "
           "Government\",\"role\":\"delegator\"},\"level\":\"GOVERNMENT_LEVEL_PROVINCE\"}],"
           "\"receivers\":[{\"id\":\"r1\",\"party\":{\"displayName\":\"");
    if (chance_percent(&c, 60)) {
        text_put_text(t, z->place.latin);
        PUT(t, " Administrative Committee\",\"role\":\"receiver\"},\"kind\":"
               "\"RECEIVER_KIND_ZONE\"}]");
    } else {
        text_put_text(t, z->areas[area].place.latin);
        PUT(t, " Committee\",\"role\":\"receiver\"},\"kind\":\"RECEIVER_KIND_AREA\",\"areas\":[\"");
        put_area_name(t, z, area);
        PUT(t, "\"]}]");
    }
    PUT(t, ",\"mode\":\"DELEGATION_MODE_DELEGATED\"");
    put_date_field(t, "approvalDate", decided);
    if (chance_percent(&c, 70))
        put_date_field(t, "effectiveDate", decided + (int32_t)chance_below(&c, 60));
    else
        put_date_field(t, "observedDate", decided + 100 + (int32_t)chance_below(&c, 300));
    PUT(t, ",\"itemCount\":");
    text_put_number(t, items, 1);
    PUT(t, ",\"itemCountScope\":\"COUNT_SCOPE_BATCH\"");
    put_tags(t, "subjects", subjects, SUBJECTS, 1 + chance_below(&c, 3), &c);
    if (items < 25)
        put_items(t, items, &c);
    put_citations(g, &c, "approval_date");
    end_record(g);
}

// --- events
// ----------------------------------------------------------------------------------------

typedef struct event_plan {
    const event_type *type;
    const zone_plan *zone;
    int64_t number; // in the zone, from 0
    unsigned area, industry, party, count;
    int32_t day;
} event_plan;

static const event_type *choose_type(chance *c)
{
    unsigned at = chance_below(c, 100), i = 0;
    for (; i + 1 < EVENT_TYPES && at >= event_types[i].weight; i++)
        at -= event_types[i].weight;
    return &event_types[i];
}

// Text with {a} and the like.
static void put_words(text_out *t, const event_plan *e, const char *words, bool chinese)
{
    const place_name *area = &e->zone->areas[e->area].place, *zone = &e->zone->place;
    for (;;) {
        size_t size = strcspn(words, "{");
        text_put(t, words, size);
        words += size;
        if (!*words)
            return;
        switch (words[1]) {
        case 'a':
            text_put_text(t, chinese ? area->chinese : area->latin);
            break;
        case 'z':
            text_put_text(t, chinese ? zone->chinese : zone->latin);
            break;
        case 'i':
            text_put_text(t, chinese ? industries[e->industry].chinese
                                     : industries[e->industry].english);
            break;
        case 'p':
            text_put_text(t, chinese ? parties[e->party].chinese : parties[e->party].english);
            break;
        default:
            text_put_number(t, e->count, 1);
            break;
        }
        words += 3;
    }
}

static void put_event_id(text_out *t, int64_t number)
{
    PUT(t, "/events/e");
    text_put_number(t, (uint64_t)number + 1, 7);
}

// Some are known to the month, a few to the year.
static void put_event_date(text_out *t, const event_plan *e, chance *c)
{
    day d = day_of(e->day);
    unsigned exact = chance_below(c, 100);
    if (exact < 6)
        d.day = 0;
    if (exact < 1)
        d.month = 0;
    PUT(t, ",\"date\":");
    text_put_date(t, d);
    if (strcmp(e->type->code, "fair") == 0 && d.day)
        put_date_field(t, "endDate", e->day + (int32_t)chance_below(c, 4));
}

static void put_quantity(text_out *t, const char *id, const char *measure, uint64_t value,
                         const char *unit, const char *nature)
{
    PUT(t, "{\"id\":\"");
    text_put_text(t, id);
    PUT(t, "\",\"measure\":\"");
    text_put_text(t, measure);
    PUT(t, "\",\"value\":{\"value\":\"");
    text_put_number(t, value, 1);
    PUT(t, "\"},\"unit\":\"");
    text_put_text(t, unit);
    PUT(t, "\",\"nature\":\"QUANTITY_NATURE_");
    text_put_text(t, nature);
    PUT(t, "\"");
}

static void put_period(text_out *t, const event_plan *e)
{
    day end = day_of(e->day), start = end;
    start.month = start.day = 1;
    if (strcmp(e->type->nature, "PERIOD") != 0)
        return;
    PUT(t, ",\"periodStart\":");
    text_put_date(t, start);
    PUT(t, ",\"periodEnd\":");
    text_put_date(t, end);
}

static void put_quantities(text_out *t, const event_plan *e, chance *c)
{
    const event_type *type = e->type;
    if (!type->measure)
        return;
    PUT(t, ",\"quantities\":[");
    put_quantity(t, "count", type->measure, e->count, type->unit, type->nature);
    put_period(t, e);
    PUT(t, "}");
    if (strcmp(type->measure, "registered_companies") == 0 && chance_percent(c, 50)) {
        PUT(t, ",");
        put_quantity(t, "foreign", "foreign_companies", 1 + e->count / 20, type->unit,
                     type->nature);
        put_period(t, e);
        PUT(t, ",\"partOf\":\"count\"}");
    }
    if (type->amount) {
        uint64_t amount = (10000 + (uint64_t)chance_below(c, 990000)) * 10000;
        PUT(t, ",");
        put_quantity(t, "amount", type->amount, amount, "CNY", type->nature);
        put_period(t, e);
        if (chance_percent(c, 30))
            PUT(t, ",\"bound\":\"BOUND_ABOUT\"");
        PUT(t, "}");
    }
    PUT(t, "]");
}

static void put_party(text_out *t, unsigned party, const char *id)
{
    PUT(t, "{\"id\":\"");
    text_put_text(t, id);
    PUT(t, "\",\"displayName\":\"");
    text_put_text(t, parties[party].english);
    PUT(t, "\",\"role\":\"");
    text_put_text(t, parties[party].role);
    PUT(t, "\"}");
}

static void put_ties(generator *g, const event_plan *e, chance *c)
{
    text_out *t = &g->out;
    const zone_plan *z = e->zone;
    unsigned tie = chance_below(c, 100);
    if (e->number && tie < 4) {
        PUT(t, ",\"partOf\":\"");
        put_zone_name(t, z);
        put_event_id(t, e->number - 1);
        PUT(t, "\"");
    } else if (e->number && tie < 10) {
        PUT(t, ",\"relations\":[{\"id\":\"before\",\"kind\":\"follows\",\"resource\":\"");
        put_zone_name(t, z);
        put_event_id(t, (int64_t)(chance_next(c) % (uint64_t)e->number));
        PUT(t, "\"}]");
    } else if (z->delegations && tie < 14) {
        PUT(t, ",\"powerDelegations\":[\"");
        put_zone_name(t, z);
        PUT(t, "/powerDelegations/d");
        text_put_number(t, 1 + chance_below(c, z->delegations), 1);
        PUT(t, "\"]");
    }
}

// A further zone, in two of a hundred.
static void put_joint_zone(generator *g, const event_plan *e, chance *c)
{
    if (g->zones < 2 || !chance_percent(c, 2))
        return;
    uint64_t other = chance_below(c, (uint32_t)g->zones - 1);
    other += other >= e->zone->number; // not the event's own
    PUT(&g->out, ",\"zones\":[\"zones/syn-");
    text_put_number(&g->out, other + 1, 5);
    PUT(&g->out, "\"]");
}

static void write_event(generator *g, const zone_plan *z, int64_t number)
{
    text_out *t = &g->out;
    chance c = chance_of(g->o.seed, 'E', z->number, (uint64_t)number);
    event_plan e = {.zone = z, .number = number, .type = choose_type(&c)};
    double passed = (double)number / (double)z->events;
    e.day = z->launch_day + (int32_t)((LAST_DAY - z->launch_day) * passed);
    e.area = chance_below(&c, z->area_count);
    e.industry = z->areas[e.area].industries[chance_below(&c, z->areas[e.area].industry_count)];
    e.party = chance_below(&c, PARTIES);
    e.count = 2 + chance_below(&c, e.type->most);
    begin_record(g, "events", "event");
    put_zone_name(t, z);
    put_event_id(t, number);
    PUT(t, "\",\"title\":\"");
    put_words(t, &e, e.type->titles[chance_below(&c, 3)], false);
    PUT(t, "\"");
    if (chance_percent(&c, 40)) {
        PUT(t, ",\"description\":\"");
        put_words(t, &e, "In {a}, an area of {z}, {p} tells of {i} and names {n}.", false);
        PUT(t, "\"");
    }
    PUT(t, ",\"titles\":[{\"id\":\"zh\",\"text\":\"");
    put_words(t, &e, e.type->chinese, true);
    PUT(t, "\",\"languageCode\":\"zh-Hans\"}]");
    put_text_field(t, "type", e.type->code);
    put_event_date(t, &e, &c);
    put_joint_zone(g, &e, &c);
    if (chance_percent(&c, 80)) {
        PUT(t, ",\"areas\":[\"");
        put_area_name(t, z, e.area);
        PUT(t, "\"]");
    }
    put_quantities(t, &e, &c);
    PUT(t, ",\"parties\":[");
    put_party(t, e.party, "p1");
    if (chance_percent(&c, 30)) {
        PUT(t, ",");
        put_party(t, (e.party + 1) % PARTIES, "p2");
    }
    PUT(t, "]");
    if (strcmp(e.type->code, "route_opened") == 0) {
        PUT(t, ",\"identifiers\":[{\"id\":\"flight\",\"kind\":\"flight_number\",\"value\":\"SY");
        text_put_number(t, chance_below(&c, 10000), 4);
        PUT(t, "\"}]");
    }
    PUT(t, ",\"industries\":[");
    put_industry(t, e.industry);
    PUT(t, "]");
    put_ties(g, &e, &c);
    put_citations(g, &c, "date");
    end_record(g);
}

// --- all of it
// -------------------------------------------------------------------------------------

typedef void (*zone_fn)(generator *g, const zone_plan *z);

static void write_areas(generator *g, const zone_plan *z)
{
    for (unsigned i = 0; i < z->area_count; i++)
        write_area(g, z, i);
}

static void write_delegations(generator *g, const zone_plan *z)
{
    for (unsigned i = 0; i < z->delegations; i++)
        write_delegation(g, z, i);
}

static void write_events(generator *g, const zone_plan *z)
{
    for (int64_t i = 0; i < z->events && !g->stopped && !g->out.failed; i++)
        write_event(g, z, i);
}

static void for_each_zone(generator *g, zone_fn write)
{
    double weight = 0;
    int64_t before = 0;
    for (int64_t i = 0; i < g->zones && !g->stopped && !g->out.failed; i++) {
        zone_plan z = plan_zone(g, i);
        weight += 1 / (double)(i + 1);
        int64_t behind = i + 1 < g->zones ? events_before(g, weight) : g->o.events;
        z.events = behind - before;
        before = behind;
        write(g, &z);
    }
}

bool generate_write(const generate_spec *spec, FILE *out, generate_fn told, void *context,
                    int64_t *records)
{
    generator *g = calloc(1, sizeof(*g));
    if (!g)
        return false;
    g->o = *spec;
    g->zones = generate_zones(spec);
    g->sources = source_count(spec->events);
    g->out.file = out;
    g->told = told;
    g->context = context;
    for (int64_t i = 0; i < g->zones; i++)
        g->weights += 1 / (double)(i + 1);
    if (!g->o.lines)
        PUT(&g->out, "{");
    for (int64_t i = 0; i < g->sources && !g->out.failed; i++)
        write_source(g, i);
    write_terms(g);
    for_each_zone(g, write_zone);
    for_each_zone(g, write_areas);
    for_each_zone(g, write_delegations);
    for_each_zone(g, write_events);
    if (!g->o.lines)
        PUT(&g->out, "\n  ]\n}\n");
    text_flush(&g->out);
    bool done = !g->stopped && !g->out.failed && fflush(out) == 0;
    if (records)
        *records = g->records;
    free(g);
    return done;
}
