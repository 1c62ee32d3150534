#include "progress.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

static const int64_t step_ns = 200000000;

static void put_grouped(buffer *out, int64_t value)
{
    char digits[24];
    int size = snprintf(digits, sizeof(digits), "%" PRId64, value);
    for (int i = 0; i < size; i++) {
        if (i && (size - i) % 3 == 0)
            buffer_append_byte(out, ',');
        buffer_append_byte(out, (uint8_t)digits[i]);
    }
}

void progress_put(buffer *out, int64_t records, double seconds, double fraction)
{
    put_grouped(out, records);
    buffer_append_text(out, " records");
    if (seconds >= 0.5) {
        buffer_append_text(out, ", ");
        put_grouped(out, (int64_t)((double)records / seconds));
        buffer_append_text(out, "/s");
    }
    if (fraction <= 0 || fraction >= 1 || seconds < 1)
        return;
    int64_t left = (int64_t)(seconds / fraction * (1 - fraction) + 0.5);
    if (left < 120)
        buffer_printf(out, ", %" PRId64 " s left", left);
    else
        buffer_printf(out, ", %" PRId64 " min left", (left + 30) / 60);
}

void progress_begin(progress *p, const cli *c, const char *verb)
{
    *p = (progress){.shown = c->terminal.errors, .verb = verb, .start_ns = clock_now_ns()};
    p->next_ns = p->start_ns + step_ns;
}

void progress_show(progress *p, int64_t records, double fraction)
{
    int64_t now;
    if (!p->shown || (now = clock_now_ns()) < p->next_ns)
        return;
    p->next_ns = now + step_ns;
    buffer line = {0};
    progress_put(&line, records, (double)(now - p->start_ns) / 1e9, fraction);
    fprintf(stderr, "\r%s %.*s\033[K", p->verb, (int)line.size, (const char *)line.data);
    buffer_fini(&line);
}

void progress_say(const progress *p, const char *text)
{
    if (p->shown)
        fprintf(stderr, "\r%s\033[K", text);
}

void progress_end(const progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
}
