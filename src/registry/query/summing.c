#include "registry/query/summing.h"

#include "ftz/v1/resources.pb-c.h"
#include "registry/date.h"
#include "registry/evidence.h"
#include "registry/names.h"
#include "registry/query/asof.h"
#include "schema/json_text.h"
#include "schema/suggest.h"

#include <stdio.h>
#include <string.h>

#define NATURE(name) FTZ__V1__QUANTITY_NATURE__QUANTITY_NATURE_##name

// --- what was asked ------------------------------------------------------------------------------

static const struct {
    const char *name;
    unsigned bit;
    unsigned kinds; // of resources that state it
} sums_known[] = {
    {"area_km2", SUM_AREA_KM2, 1u << RESOURCE_ZONE | 1u << RESOURCE_AREA},
    {"quantities", SUM_QUANTITIES, 1u << RESOURCE_EVENT},
    {"item_count", SUM_ITEM_COUNT, 1u << RESOURCE_POWER_DELEGATION},
};

static void refuse(const resource_type *type, const char *name, const char *field,
                   nrpc_status *status)
{
    const char *fit = "nothing";
    suggestion near = suggest_begin(name, strlen(name));
    for (size_t i = 0; i < ARRAY_LEN(sums_known); i++) {
        suggest_offer(&near, sums_known[i].name);
        if (sums_known[i].kinds & 1u << type->kind)
            fit = sums_known[i].name;
    }
    bool first = !status->code;
    name_violate(status, field, "NOT_SUMMABLE", name, "'%.256s' cannot be summed over %ss: %s can",
                 name, type->noun, fit);
    if (first && near.best)
        nrpc_status_add(status, "suggestion", "%s", near.best);
}

void summing_parse(const resource_type *type, char *const *names, size_t count, const char *field,
                   unsigned *sums, nrpc_status *status)
{
    char at[32];
    *sums = 0;
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < ARRAY_LEN(sums_known) && strcmp(sums_known[k].name, names[i]) != 0)
            k++;
        snprintf(at, sizeof at, "%s[%zu]", field, i);
        if (k < ARRAY_LEN(sums_known) && sums_known[k].kinds & 1u << type->kind)
            *sums |= sums_known[k].bit;
        else
            refuse(type, names[i], at, status);
    }
}

// --- adding --------------------------------------------------------------------------------------

static int verification(const ProtobufCMessage *message, const char *path)
{
    size_t count;
    Ftz__V1__Citation *const *citations = evidence_citations(message, &count);
    return evidence_of(citations, count, path, NULL);
}

static bool add_size(const summing *s, tally *t, tally_group *g, int64_t number,
                     const ProtobufCMessage *message, arena *memory)
{
    const char *path = "area_km2";
    double size;
    bool nested = false;
    if (s->type->kind == RESOURCE_AREA) {
        const Ftz__V1__Area *area = (const Ftz__V1__Area *)message;
        size = area->area_km2;
        nested = *area->parent_area;
    } else {
        const Ftz__V1__Zone *zone = (const Ftz__V1__Zone *)message;
        const Ftz__V1__SizeChange *change = NULL;
        size = s->day ? asof_size(zone, s->day, s->today, &change) : zone->area_km2;
        if (change)
            path = arena_printf(memory, "size_history.%s.area_km2", change->id);
    }
    char text[JSON_NUMBER_SIZE];
    tally_sum *sum = tally_sum_of(t, g, "area_km2", "km2");
    if (!sum || !path)
        return false;
    if (size <= 0)
        return true;
    tally_state(sum, number);
    json_format_double(size, text);
    if (nested)
        sum->left_out++;
    else
        tally_add(sum, text, 0, verification(message, path));
    return true;
}

static bool add_item_count(tally *t, tally_group *g, int64_t number,
                           const ProtobufCMessage *message)
{
    const Ftz__V1__PowerDelegation *d = (const Ftz__V1__PowerDelegation *)message;
    tally_sum *sum = tally_sum_of(t, g, "item_count", "");
    char text[16];
    if (!sum)
        return false;
    if (d->item_count <= 0)
        return true;
    tally_state(sum, number);
    snprintf(text, sizeof text, "%d", (int)d->item_count);
    if (d->item_count_scope == FTZ__V1__COUNT_SCOPE__COUNT_SCOPE_BATCH)
        tally_add(sum, text, 0, verification(message, "item_count"));
    else
        sum->left_out++;
    return true;
}

// --- quantities ----------------------------------------------------------------------------------

static void period_of(const Ftz__V1__Quantity *quantity, const Ftz__V1__Event *event,
                      int32_t *first, int32_t *last)
{
    date_span span;
    *first = date_span_of(quantity->period_start, &span) ? span.first : 0;
    *last = INT32_MAX;
    if (date_span_of(quantity->period_end, &span) || date_span_of(event->date, &span))
        *last = span.last;
    if (*first > *last)
        *first = *last;
}

static bool lies_alone(const Ftz__V1__Quantity *quantity)
{
    return *quantity->measure && !*quantity->part_of && !*quantity->restates && quantity->value &&
           (quantity->nature == NATURE(OCCASION) || quantity->nature == NATURE(PERIOD));
}

static bool add_quantity(tally *t, tally_group *g, int64_t number, const Ftz__V1__Event *event,
                         const Ftz__V1__Quantity *quantity, char *const *zones, arena *memory)
{
    tally_sum *sum = tally_sum_of(t, g, quantity->measure, quantity->unit);
    int32_t first, last;
    if (!sum)
        return false;
    tally_state(sum, number);
    bool adds = lies_alone(quantity);
    if (adds && quantity->nature == NATURE(PERIOD)) {
        period_of(quantity, event, &first, &last);
        adds = tally_claim(t, sum, zones, event->n_zones + 1, first, last);
    }
    if (!adds) {
        sum->left_out++;
        return !t->full && !t->failed;
    }
    char *path = arena_printf(memory, "quantities.%s.value", quantity->id);
    if (!path)
        return false;
    int bound = (int)quantity->bound;
    if (quantity->max_value)
        bound = tally_looser(bound, FTZ__V1__BOUND__BOUND_AT_LEAST);
    tally_add(sum, quantity->value->value, bound, verification(&event->base, path));
    return true;
}

static bool add_quantities(tally *t, tally_group *g, int64_t number,
                           const ProtobufCMessage *message, arena *memory)
{
    const Ftz__V1__Event *event = (const Ftz__V1__Event *)message;
    char **zones = arena_alloc(memory, (event->n_zones + 1) * sizeof *zones);
    const char *behind = strstr(event->name, "/events/");
    if (!zones || !behind)
        return false;
    zones[0] = arena_strndup(memory, event->name, (size_t)(behind - event->name));
    for (size_t i = 0; i < event->n_zones; i++)
        zones[i + 1] = event->zones[i];
    bool good = zones[0] != NULL;
    for (size_t i = 0; good && i < event->n_quantities; i++)
        good = add_quantity(t, g, number, event, event->quantities[i], zones, memory);
    return good;
}

bool summing_add(const summing *s, tally *t, tally_group *g, int64_t number,
                 const ProtobufCMessage *message, arena *memory)
{
    if (s->sums & SUM_AREA_KM2)
        return add_size(s, t, g, number, message, memory);
    if (s->sums & SUM_ITEM_COUNT)
        return add_item_count(t, g, number, message);
    if (s->sums & SUM_QUANTITIES)
        return add_quantities(t, g, number, message, memory);
    return true;
}
