// Time: the monotonic clock for deadlines and durations, the wall clock for stamps.
// Any thread, no allocation.
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER INT64_MAX // a deadline that does not come

// Nanoseconds of CLOCK_MONOTONIC.
int64_t clock_now_ns(void);
// Microseconds since 1970-01-01T00:00:00Z.
int64_t clock_wall_us(void);

// "2026-11-23T10:20:30.123456Z" (RFC 3339), with its NUL.
enum { CLOCK_RFC3339_SIZE = 32 };
void clock_format_rfc3339(int64_t wall_us, char out[CLOCK_RFC3339_SIZE]);

#endif
