#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static log_level max_level = LOG_INFO;

void log_set_level(log_level level)
{
    max_level = level;
}

void log_write(log_level level, const char *message, const char *fields_format, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    if (level > max_level)
        return;
    char line[2048], stamp[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(clock_wall_us(), stamp);
    size_t room = sizeof line - 1; // for the newline
    int n = snprintf(line, room, "time=%s level=%s msg=\"%s\"", stamp, names[level], message);
    size_t used = n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
    if (fields_format && used + 1 < room) {
        line[used++] = ' ';
        va_list args;
        va_start(args, fields_format);
        n = vsnprintf(line + used, room - used, fields_format, args);
        va_end(args);
        used += n < 0 ? 0 : (size_t)n < room - used ? (size_t)n : room - used - 1;
    }
    line[used++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, used);
    (void)written; // a log line that cannot be written has nowhere to be reported
}

const char *log_quote(const char *text, char out[LOG_QUOTE_SIZE])
{
    size_t n = 0;
    out[n++] = '"';
    for (const unsigned char *p = (const unsigned char *)text; *p && n < LOG_QUOTE_SIZE - 6; p++) {
        if (*p == '"' || *p == '\\') {
            out[n++] = '\\';
            out[n++] = (char)*p;
        } else if (*p < 0x20 || *p == 0x7f) {
            n += (size_t)snprintf(out + n, LOG_QUOTE_SIZE - n, "\\x%02x", *p);
        } else {
            out[n++] = (char)*p;
        }
    }
    out[n++] = '"';
    out[n] = 0;
    return out;
}
