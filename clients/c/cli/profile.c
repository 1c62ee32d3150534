#include "profile.h"

#include "value.h"
#include "width.h"

#include <stdlib.h>
#include <string.h>

enum { LABEL_WIDTH = 11, NAME_WIDTH = 34, BAR_WIDTH = 24 };

typedef struct page {
    buffer *out;
    const schema *pool;
    size_t width;
    bool color;
} page;

static void put_safe(buffer *out, const char *text)
{
    text_put_safe(out, text, strlen(text));
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

// A field of a message as a phrase; nothing if it is not set.
static bool put_value(const page *p, const char *type, const json_t *object, const char *name)
{
    const schema_field *field =
        schema_message_field(schema_find_message(p->pool, type), name, strlen(name));
    const json_t *value = value_of(object, field);
    buffer text = {0};
    if (!value)
        return false;
    value_put(&text, field, value);
    text_put_safe(p->out, (const char *)text.data, text.size);
    buffer_fini(&text);
    return true;
}

static void put_blanks(const page *p, size_t count)
{
    buffer_printf(p->out, "%*s", (int)count, "");
}

// Text in so many columns, cut or filled up.
static void put_padded(const page *p, const char *text, size_t width)
{
    buffer safe = {0};
    put_safe(&safe, text);
    const char *start = safe.data ? (const char *)safe.data : "";
    size_t size = text_fit(start, safe.size, width);
    buffer_append(p->out, start, size);
    put_blanks(p, width - text_width(start, size));
    buffer_fini(&safe);
}

static void put_title(const page *p, const char *text)
{
    buffer_printf(p->out, p->color ? "\n\033[1m%s\033[0m\n" : "\n%s\n", text);
}

static void put_label(const page *p, const char *label)
{
    buffer_printf(p->out, p->color ? "  \033[36m%-*s\033[0m" : "  %-*s", LABEL_WIDTH, label);
}

static void put_line(const page *p, const char *label, const json_t *zone, const char *field)
{
    if (!value_of(zone, schema_message_field(schema_find_message(p->pool, "ftz.v1.Zone"), field,
                                             strlen(field))))
        return;
    put_label(p, label);
    put_value(p, "ftz.v1.Zone", zone, field);
    buffer_append_byte(p->out, '\n');
}

// The first official name in Chinese script, or any other name.
static const char *other_name(const json_t *zone)
{
    size_t i;
    const json_t *name, *names = json_object_get(zone, "names");
    json_array_foreach(names, i, name)
    {
        if (strcmp(text_of(name, "kind"), "NAME_KIND_OFFICIAL") == 0)
            return text_of(name, "text");
    }
    return text_of(json_array_get(names, 0), "text");
}

static void put_head(const page *p, const json_t *profile)
{
    const json_t *zone = json_object_get(profile, "zone");
    buffer_append_text(p->out, p->color ? "\033[1m" : "");
    put_safe(p->out, text_of(zone, "displayName"));
    buffer_append_text(p->out, p->color ? "\033[0m  " : "  ");
    put_safe(p->out, other_name(zone));
    buffer_append_byte(p->out, '\n');
    put_safe(p->out, text_of(zone, "name"));
    buffer_append_text(p->out, " on ");
    put_value(p, "ftz.v1.GetZoneProfileResponse", profile, "date");
    buffer_append_text(p->out, "\n\n");
    put_label(p, "size");
    if (put_value(p, "ftz.v1.GetZoneProfileResponse", profile, "area_km2"))
        buffer_append_text(p->out, " km2\n");
    else
        buffer_append_text(p->out, "not known\n");
    put_line(p, "kind", zone, "kind");
    put_line(p, "stage", zone, "stage");
    put_line(p, "approved", zone, "approval_date");
    put_line(p, "opened", zone, "launch_date");
    put_line(p, "purpose", zone, "positioning_text");
}

// --- areas --------------------------------------------------------------------------------------

// Of 100 percent, in eighths of a column.
static void put_bar(const page *p, double percent)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    size_t eighths = (size_t)(percent / 100 * BAR_WIDTH * 8 + 0.5);
    buffer_append_text(p->out, p->color ? "\033[32m" : "");
    for (size_t i = 0; i < eighths / 8 && i < BAR_WIDTH; i++)
        buffer_append_text(p->out, "█");
    buffer_append_text(p->out, parts[eighths % 8]);
    buffer_append_text(p->out, p->color ? "\033[0m" : "");
}

static void put_right(const page *p, const buffer *text, size_t width)
{
    size_t taken = text_width((const char *)text->data, text->size);
    put_blanks(p, taken < width ? width - taken : 0);
    buffer_append(p->out, text->data, text->size);
}

static void put_area(const page *p, const json_t *share)
{
    const json_t *area = json_object_get(share, "area");
    const char *percent = text_of(json_object_get(share, "sharePercent"), "value");
    buffer size = {0};
    page cell = {&size, p->pool, 0, false};
    buffer_append_text(p->out, "  ");
    put_padded(p, text_of(area, "displayName"), NAME_WIDTH);
    put_value(&cell, "ftz.v1.Area", area, "area_km2");
    put_right(p, &size, 9);
    buffer_clear(&size);
    if (*percent) {
        put_safe(&size, percent);
        buffer_append_text(&size, " %  ");
        put_right(p, &size, 11);
        put_bar(p, strtod(percent, NULL));
    } else if (*text_of(area, "parentArea")) {
        buffer_append_text(p->out, "  lies in ");
        put_safe(p->out, text_of(area, "parentArea"));
    }
    buffer_append_byte(p->out, '\n');
    buffer_fini(&size);
}

static void put_areas(const page *p, const json_t *profile)
{
    size_t i;
    const json_t *share, *areas = json_object_get(profile, "areas");
    if (!json_array_size(areas))
        return;
    put_title(p, "Areas, km2");
    json_array_foreach(areas, i, share)
    {
        put_area(p, share);
    }
    const char *sum = text_of(json_object_get(profile, "areasSumKm2"), "value");
    if (!*sum)
        return;
    buffer text = {0};
    put_safe(&text, sum);
    buffer_append_text(p->out, "  ");
    put_padded(p, "together", NAME_WIDTH);
    put_right(p, &text, 9);
    buffer_append_text(p->out, json_is_true(json_object_get(profile, "areasComplete"))
                                   ? "\n"
                                   : "  without those whose size is not known\n");
    buffer_fini(&text);
}

// --- events and powers --------------------------------------------------------------------------

// What is left of a line, wrapped.
static void put_rest(const page *p, const char *text, size_t column)
{
    buffer safe = {0};
    put_safe(&safe, text);
    text_put_wrapped(p->out, (const char *)safe.data, safe.size, column, column, p->width);
    buffer_append_byte(p->out, '\n');
    buffer_fini(&safe);
}

static void put_counts(const page *p, const json_t *counts)
{
    size_t i;
    const json_t *bucket;
    buffer text = {0};
    json_array_foreach(counts, i, bucket)
    {
        const char *type = json_string_value(json_array_get(json_object_get(bucket, "keys"), 0));
        buffer_printf(&text, "%s%s %s", i ? ", " : "", type && *type ? type : "of no type",
                      text_of(bucket, "count"));
    }
    buffer_append_byte(&text, '\0');
    buffer_append_text(p->out, "  ");
    put_rest(p, (const char *)text.data, 2);
    buffer_fini(&text);
}

static void put_events(const page *p, const json_t *profile)
{
    enum { DATE_WIDTH = 12, TYPE_WIDTH = 22 };
    size_t i;
    const json_t *event, *counts = json_object_get(profile, "eventCounts");
    if (!json_array_size(counts))
        return;
    put_title(p, "Events");
    put_counts(p, counts);
    json_array_foreach(json_object_get(profile, "latestEvents"), i, event)
    {
        buffer date = {0};
        page cell = {&date, p->pool, 0, false};
        put_value(&cell, "ftz.v1.Event", event, "date");
        buffer_append_byte(&date, '\0');
        buffer_append_text(p->out, "  ");
        put_padded(p, (const char *)date.data, DATE_WIDTH);
        put_padded(p, text_of(event, "type"), TYPE_WIDTH);
        put_rest(p, text_of(event, "title"), 2 + DATE_WIDTH + TYPE_WIDTH);
        buffer_fini(&date);
    }
}

// As precisely as it is known.
static void put_start(const page *p, const json_t *power)
{
    bool known = json_object_get(power, "latestStart") != NULL;
    if (!known && !json_object_get(power, "earliestStart"))
        return;
    buffer_append_text(p->out, known ? "by " : "not before ");
    put_value(p, "ftz.v1.FoundPower", power, known ? "latest_start" : "earliest_start");
}

static void put_powers(const page *p, const json_t *profile)
{
    enum { FORCE_WIDTH = 10, DATE_WIDTH = 23 };
    size_t i;
    const json_t *power;
    put_title(p, "Powers in force");
    if (!json_array_size(json_object_get(profile, "powers")))
        buffer_append_text(p->out, "  none is recorded\n");
    json_array_foreach(json_object_get(profile, "powers"), i, power)
    {
        buffer cell_text = {0};
        page cell = {&cell_text, p->pool, 0, false};
        put_value(&cell, "ftz.v1.FoundPower", power, "in_force");
        buffer_append_byte(&cell_text, '\0');
        buffer_append_text(p->out, "  ");
        put_padded(p, (const char *)cell_text.data, FORCE_WIDTH);
        buffer_clear(&cell_text);
        put_start(&cell, power);
        buffer_append_byte(&cell_text, '\0');
        put_padded(p, (const char *)cell_text.data, DATE_WIDTH);
        put_rest(p, text_of(json_object_get(power, "powerDelegation"), "displayName"),
                 2 + FORCE_WIDTH + DATE_WIDTH);
        buffer_fini(&cell_text);
    }
}

void profile_put(buffer *out, const schema *pool, const json_t *profile, size_t width, bool color)
{
    page p = {out, pool, width, color};
    put_head(&p, profile);
    put_areas(&p, profile);
    put_events(&p, profile);
    put_powers(&p, profile);
    size_t sources = json_array_size(json_object_get(profile, "sources"));
    if (sources)
        buffer_printf(out, "\n%zu source%s, shown with -o json\n", sources,
                      sources == 1 ? "" : "s");
}
