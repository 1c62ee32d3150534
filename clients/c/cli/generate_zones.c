#include "base/macros.h"
#include "generate_private.h"

// --- plans --------------------------------------------------------------------------------------

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

zone_plan generate_plan_zone(const generator *g, int64_t number)
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

// --- sources and terms --------------------------------------------------------------------------

void generate_source(generator *g, int64_t number)
{
    static const char *const kinds[] = {"OFFICIAL", "NEWS", "TRADE_BODY", "LAW_DATABASE", "MIRROR"};
    static const char *const titles[] = {"Gazette no. ", "Report of the day no. ", "Bulletin no. ",
                                         "Collected rules no. ", "Copy of notice no. "};
    text_out *t = &g->out;
    chance c = chance_of(g->o.seed, 'S', (uint64_t)number, 0);
    unsigned kind = chance_below(&c, ARRAY_LEN(kinds));
    generate_begin(g, "sources", "source");
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
    generate_put_date_field(t, "accessDate",
                            FIRST_DAY + (int32_t)chance_below(&c, LAST_DAY - FIRST_DAY));
    generate_end(g);
}

void generate_terms(generator *g)
{
    text_out *t = &g->out;
    for (size_t v = 0; v < vocabulary_count; v++)
        for (size_t i = 0; i < vocabularies[v].count; i++) {
            const coded_word *word = &vocabularies[v].words[i];
            generate_begin(g, "terms", "term");
            PUT(t, "vocabularies/");
            text_put_text(t, vocabularies[v].name);
            PUT(t, "/terms/");
            text_put_text(t, word->code);
            PUT(t, "\"");
            generate_put_text_field(t, "displayName", word->english);
            PUT(t, ",\"names\":[");
            generate_put_name(t, "zh", "", word->chinese, "", "zh-Hans", "TRANSLATION");
            PUT(t, "]");
            if (word->group)
                generate_put_text_field(t, "group", word->group);
            generate_end(g);
        }
}

// --- zones and areas ----------------------------------------------------------------------------

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

void generate_zone(generator *g, const zone_plan *z)
{
    text_out *t = &g->out;
    chance c = chance_of(g->o.seed, 'z', z->number, 0);
    generate_begin(g, "zones", "zone");
    generate_put_zone_name(t, z);
    PUT(t, "\",\"displayName\":\"");
    text_put_text(t, z->place.latin);
    PUT(t, " Free-Trade Zone\",\"names\":[");
    generate_put_name(t, "zh", "中国（", z->place.chinese, "）自由贸易试验区", "zh-Hans",
                      "OFFICIAL");
    PUT(t, ",");
    generate_put_name(t, "zh-short", "", z->place.chinese, "自贸试验区", "zh-Hans", "SHORT");
    PUT(t, ",");
    generate_put_name(t, "pinyin", "", z->place.toned, " Zìmào Shìyànqū", "zh-Latn-pinyin",
                      "SPELLING");
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
    generate_put_date_field(t, "approvalDate", z->approval_day);
    PUT(t, ",\"plan\":{\"title\":\"Plan for ");
    text_put_text(t, z->place.latin);
    PUT(t, "\",\"documentDate\":");
    text_put_date(t, day_of(z->approval_day));
    PUT(t, "}");
    generate_put_date_field(t, "launchDate", z->launch_day);
    generate_put_tags(t, "positioning", positionings, POSITIONINGS, 1 + chance_below(&c, 3), &c);
    generate_put_citations(g, &c, "area_km2");
    generate_end(g);
}

void generate_area(generator *g, const zone_plan *z, unsigned i)
{
    text_out *t = &g->out;
    const area_plan *a = &z->areas[i];
    chance c = chance_of(g->o.seed, 'a', z->number, i);
    generate_begin(g, "areas", "area");
    generate_put_area_name(t, z, i);
    PUT(t, "\",\"displayName\":\"");
    text_put_text(t, a->place.latin);
    text_put_text(t, a->nested_in < 0 ? " Area\",\"names\":[" : " Park\",\"names\":[");
    generate_put_name(t, "zh", "", a->place.chinese, a->nested_in < 0 ? "片区" : "园区", "zh-Hans",
                      "OFFICIAL");
    PUT(t, ",");
    generate_put_name(t, "pinyin", "", a->place.toned, "", "zh-Latn-pinyin", "SPELLING");
    PUT(t, "],\"kind\":\"");
    text_put_text(t, a->nested_in < 0 ? "area\",\"areaKm2\":" : "key_park\",\"areaKm2\":");
    text_put_hundredths(t, a->hundredths);
    if (a->added_day)
        generate_put_date_field(t, "addedDate", a->added_day);
    generate_put_date_field(t, "openingDate",
                            (a->added_day ? a->added_day : z->launch_day) +
                                (int32_t)chance_below(&c, 60));
    if (a->nested_in >= 0) {
        PUT(t, ",\"parentArea\":\"");
        generate_put_area_name(t, z, (unsigned)a->nested_in);
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
        generate_put_industry(t, a->industries[n]);
    }
    PUT(t, "]");
    generate_put_citations(g, &c, "area_km2");
    generate_end(g);
}

// --- delegations --------------------------------------------------------------------------------

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

void generate_delegation(generator *g, const zone_plan *z, unsigned i)
{
    text_out *t = &g->out;
    chance c = chance_of(g->o.seed, 'D', z->number, i);
    int32_t decided = z->launch_day + (int32_t)(90 + i * 300 + chance_below(&c, 200));
    unsigned items = 5 + chance_below(&c, 120), area = chance_below(&c, z->area_count);
    generate_begin(g, "powerDelegations", "powerDelegation");
    generate_put_zone_name(t, z);
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
        generate_put_area_name(t, z, area);
        PUT(t, "\"]}]");
    }
    PUT(t, ",\"mode\":\"DELEGATION_MODE_DELEGATED\"");
    generate_put_date_field(t, "approvalDate", decided);
    if (chance_percent(&c, 70))
        generate_put_date_field(t, "effectiveDate", decided + (int32_t)chance_below(&c, 60));
    else
        generate_put_date_field(t, "observedDate", decided + 100 + (int32_t)chance_below(&c, 300));
    PUT(t, ",\"itemCount\":");
    text_put_number(t, items, 1);
    PUT(t, ",\"itemCountScope\":\"COUNT_SCOPE_BATCH\"");
    generate_put_tags(t, "subjects", subjects, SUBJECTS, 1 + chance_below(&c, 3), &c);
    if (items < 25)
        put_items(t, items, &c);
    generate_put_citations(g, &c, "approval_date");
    generate_end(g);
}
