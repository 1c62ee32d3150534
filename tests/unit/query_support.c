#include "query_support.h"

#include <string.h>

void world_import(world *w, const char *json)
{
    nrpc_status status = {0};
    registry_import result;
    buffer text = {0};
    assert_true(buffer_append_text(&text, json));
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '\'')
            text.data[i] = '"';
    assert_ok(registry_import_json(w->registry, &no_hurry, "test", (const char *)text.data,
                                   text.size, &result, &status),
              &status);
    buffer_fini(&text);
}

void inquiry_init(inquiry *i, const world *w)
{
    memset(i, 0, sizeof *i);
    arena_init(&i->memory, NULL, 0, 64 << 20, NULL);
    i->question = (question){
        .registry = w->registry, .context = no_hurry, .memory = &i->memory, .max_size = 4 << 20};
}

void inquiry_reset(inquiry *i)
{
    assert_null(i->question.context.snapshot);
    arena_fini(&i->memory);
    arena_init(&i->memory, NULL, 0, 64 << 20, NULL);
    nrpc_status_fini(&i->status);
}

void inquiry_fini(inquiry *i)
{
    assert_null(i->question.context.snapshot);
    arena_fini(&i->memory);
    nrpc_status_fini(&i->status);
}

Google__Type__Date *date_of(int yyyymmdd)
{
    static Google__Type__Date dates[64];
    static size_t next;
    Google__Type__Date *date = &dates[next++ % ARRAY_LEN(dates)];
    google__type__date__init(date);
    date->year = yyyymmdd / 10000;
    date->month = yyyymmdd / 100 % 100;
    date->day = yyyymmdd % 100;
    return date;
}

int number_of(const Google__Type__Date *date)
{
    return date ? date->year * 10000 + date->month * 100 + date->day : 0;
}

void assert_texts(char *const *texts, size_t count, const char *joined)
{
    buffer all = {0};
    for (size_t i = 0; i < count; i++)
        assert_true(buffer_printf(&all, "%s%s", i ? " " : "", texts[i]));
    assert_true(buffer_append_byte(&all, '\0'));
    assert_string_equal((const char *)all.data, joined);
    buffer_fini(&all);
}
