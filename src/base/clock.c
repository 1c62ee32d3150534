#include "base/clock.h"

#include <stdio.h>
#include <time.h>

int64_t clock_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int64_t clock_wall_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

void clock_format_rfc3339(int64_t wall_us, char out[CLOCK_RFC3339_SIZE])
{
    int64_t seconds = wall_us / 1000000, us = wall_us % 1000000;
    if (us < 0) {
        us += 1000000;
        seconds--;
    }
    time_t t = seconds;
    struct tm tm;
    gmtime_r(&t, &tm);
    char date[20];
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, CLOCK_RFC3339_SIZE, "%s.%06dZ", date, (int)us);
}
