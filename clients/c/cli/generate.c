#include "generate_private.h"

#include <stdlib.h>

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

typedef void (*zone_fn)(generator *g, const zone_plan *z);

static void write_areas(generator *g, const zone_plan *z)
{
    for (unsigned i = 0; i < z->area_count; i++)
        generate_area(g, z, i);
}

static void write_delegations(generator *g, const zone_plan *z)
{
    for (unsigned i = 0; i < z->delegations; i++)
        generate_delegation(g, z, i);
}

static void write_events(generator *g, const zone_plan *z)
{
    for (int64_t i = 0; i < z->events && !g->stopped && !g->out.failed; i++)
        generate_event(g, z, i);
}

static void for_each_zone(generator *g, zone_fn write)
{
    double weight = 0;
    int64_t before = 0;
    for (int64_t i = 0; i < g->zones && !g->stopped && !g->out.failed; i++) {
        zone_plan z = generate_plan_zone(g, i);
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
        generate_source(g, i);
    generate_terms(g);
    for_each_zone(g, generate_zone);
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
