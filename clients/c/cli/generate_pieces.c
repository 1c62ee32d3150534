#include "generate_private.h"

enum { TELL_STEP = 4096 };

// Of the record that comes: what stands before it.
void generate_begin(generator *g, const char *group, const char *member)
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

void generate_end(generator *g)
{
    text_put_text(&g->out, g->o.lines ? "}}\n" : "}");
    g->records++;
    if (g->told && g->records % TELL_STEP == 0 && !g->told(g->context, g->records))
        g->stopped = true;
}

void generate_put_field(text_out *t, const char *name)
{
    PUT(t, ",\"");
    text_put_text(t, name);
    PUT(t, "\":");
}

void generate_put_text_field(text_out *t, const char *name, const char *value)
{
    generate_put_field(t, name);
    PUT(t, "\"");
    text_put_text(t, value);
    PUT(t, "\"");
}

void generate_put_date_field(text_out *t, const char *name, int32_t number)
{
    generate_put_field(t, name);
    text_put_date(t, day_of(number));
}

void generate_put_name(text_out *t, const char *id, const char *before, const char *name,
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

static void generate_put_source_name(generator *g, chance *c)
{
    PUT(&g->out, "\"sources/syn-");
    text_put_number(&g->out, chance_below(c, (uint32_t)g->sources) + 1, 6);
    PUT(&g->out, "\"");
}

// The citation of the whole record, and now and then one of a field.
void generate_put_citations(generator *g, chance *c, const char *path)
{
    text_out *t = &g->out;
    PUT(t, ",\"citations\":[{\"id\":\"whole\",\"sources\":[");
    generate_put_source_name(g, c);
    PUT(t, "],\"verification\":\"VERIFICATION_VERIFIED\",\"stance\":\"STANCE_SUPPORTS\"}");
    if (path && chance_percent(c, 20)) {
        PUT(t, ",{\"id\":\"field\",\"path\":\"");
        text_put_text(t, path);
        PUT(t, "\",\"sources\":[");
        generate_put_source_name(g, c);
        PUT(t, "],\"verification\":\"VERIFICATION_UNVERIFIED\",\"stance\":\"STANCE_SUPPORTS\","
               "\"locator\":\"paragraph ");
        text_put_number(t, 1 + chance_below(c, 20), 1);
        PUT(t, "\"}");
    }
    PUT(t, "]");
}

void generate_put_tags(text_out *t, const char *field, const coded_word *words, unsigned count,
                       unsigned some, chance *c)
{
    generate_put_field(t, field);
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

void generate_put_industry(text_out *t, unsigned industry)
{
    PUT(t, "{\"id\":\"");
    text_put_text(t, industries[industry].code);
    PUT(t, "\",\"code\":\"");
    text_put_text(t, industries[industry].code);
    PUT(t, "\",\"tier\":\"INDUSTRY_TIER_PRIMARY\"}");
}

void generate_put_zone_name(text_out *t, const zone_plan *z)
{
    PUT(t, "zones/");
    text_put_text(t, z->id);
}

void generate_put_area_name(text_out *t, const zone_plan *z, unsigned area)
{
    generate_put_zone_name(t, z);
    PUT(t, "/areas/");
    text_put_text(t, z->areas[area].id);
}
