#include "generate_private.h"

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
        generate_put_date_field(t, "endDate", e->day + (int32_t)chance_below(c, 4));
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
        generate_put_zone_name(t, z);
        put_event_id(t, e->number - 1);
        PUT(t, "\"");
    } else if (e->number && tie < 10) {
        PUT(t, ",\"relations\":[{\"id\":\"before\",\"kind\":\"follows\",\"resource\":\"");
        generate_put_zone_name(t, z);
        put_event_id(t, (int64_t)(chance_next(c) % (uint64_t)e->number));
        PUT(t, "\"}]");
    } else if (z->delegations && tie < 14) {
        PUT(t, ",\"powerDelegations\":[\"");
        generate_put_zone_name(t, z);
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

void generate_event(generator *g, const zone_plan *z, int64_t number)
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
    generate_begin(g, "events", "event");
    generate_put_zone_name(t, z);
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
    generate_put_text_field(t, "type", e.type->code);
    put_event_date(t, &e, &c);
    put_joint_zone(g, &e, &c);
    if (chance_percent(&c, 80)) {
        PUT(t, ",\"areas\":[\"");
        generate_put_area_name(t, z, e.area);
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
    generate_put_industry(t, e.industry);
    PUT(t, "]");
    put_ties(g, &e, &c);
    generate_put_citations(g, &c, "date");
    generate_end(g);
}
