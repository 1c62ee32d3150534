#include "cli.h"

#include "generate.h"
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>

enum { DEFAULT_EVENTS = 1000 };

typedef struct showing {
    progress progress;
    double events;
} showing;

static bool show(void *context, int64_t records)
{
    showing *s = context;
    progress_show(&s->progress, records, (double)records / s->events);
    return true;
}

int run_generate(cli *c)
{
    const cli_options *o = &c->options;
    generate_spec spec = {
        .events = o->events ? o->events : DEFAULT_EVENTS,
        .zones = o->zones,
        .seed = o->seed ? (uint64_t)o->seed : 1,
        .lines = !o->format || o->format[4], // "jsonl", not "json"
    };
    showing s = {.events = (double)spec.events * 1.05};
    progress_begin(&s.progress, c, "written");
    if (c->terminal.output)
        s.progress.shown = false; // the records themselves are to be seen
    generate_write(&spec, stdout, show, &s, NULL);
    progress_end(&s.progress);
    return cli_finish();
}
