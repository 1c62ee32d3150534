// One line an occurrence on standard error, logfmt: time, level, message, then key=value.
// Any thread; a line is written with one write, so lines never mix. Nothing secret belongs here.
#ifndef BASE_LOG_H
#define BASE_LOG_H

typedef enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG } log_level;

// Lines above this level are dropped. Default LOG_INFO. Set it before threads start.
void log_set_level(log_level level);

// message: a fixed English sentence. fields_format: "key=%d other=%s" or NULL. Values with spaces
// or quotes are the caller's to quote with %s of log_quote.
void log_write(log_level level, const char *message, const char *fields_format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)

// text as a logfmt value: quoted, with control characters, quotes and backslashes escaped, cut to
// what fits out. Returns out.
enum { LOG_QUOTE_SIZE = 256 };
const char *log_quote(const char *text, char out[LOG_QUOTE_SIZE]);

#endif
