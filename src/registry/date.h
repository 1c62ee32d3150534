// Dates of the world, which may be partial: a date is the span of days that it may mean.
//
// Days are numbers that read as dates: 20231101. They compare in the order of time; nothing may be
// added to them.
//
// Pure functions, any thread.
#ifndef REGISTRY_DATE_H
#define REGISTRY_DATE_H

#include "google/type/date.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum date_precision { DATE_YEAR, DATE_MONTH, DATE_DAY } date_precision;

typedef struct date_span {
    int32_t first; // yyyymmdd of the earliest day
    int32_t last;  // of the latest
    date_precision precision;
} date_span;

// False where there is no date: NULL, no year, or not in the calendar.
bool date_span_of(const Google__Type__Date *date, date_span *out);
// From "2023", "2023-11" or "2023-11-01" (RFC 3339 full-date and its beginnings).
bool date_parse(const char *text, size_t size, date_span *out);
// Back, as precise as it was.
void date_set(const date_span *span, Google__Type__Date *out);
// Text of the same forms.
enum { DATE_TEXT_SIZE = 16 };
void date_format(const date_span *span, char out[DATE_TEXT_SIZE]);

int date_days_in_month(int32_t year, int32_t month);
// Today in UTC.
date_span date_today(void);

#endif
