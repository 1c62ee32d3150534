// How far long work has come, on standard error while that is a terminal: records, rate, and the
// time left where it can be told. A few times a second, in one line that is wiped at the end.
//
// Threads: one at a time.
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "base/buffer.h"
#include "cli.h"

typedef struct progress {
    bool shown;
    const char *verb; // "sent"
    int64_t start_ns, next_ns;
} progress;

void progress_begin(progress *p, const cli *c, const char *verb);
// fraction: of the whole work, 0 to 1; below 0: not known.
void progress_show(progress *p, int64_t records, double fraction);
// Replaces the line by this text; wiped as the line is.
void progress_say(const progress *p, const char *text);
void progress_end(const progress *p);

// "12,345,678 records, 98,765/s, 12 s left" of so many records in so many seconds.
void progress_put(buffer *out, int64_t records, double seconds, double fraction);

#endif
