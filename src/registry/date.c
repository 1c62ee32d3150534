#include "registry/date.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int date_days_in_month(int32_t year, int32_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

static bool make(int32_t year, int32_t month, int32_t day, date_span *out)
{
    if (year < 1 || year > 9999 || month < 0 || month > 12 || (day && !month))
        return false;
    if (day < 0 || (month && day > date_days_in_month(year, month)))
        return false;
    int32_t last_month = month ? month : 12;
    out->first = year * 10000 + (month ? month : 1) * 100 + (day ? day : 1);
    out->last =
        year * 10000 + last_month * 100 + (day ? day : date_days_in_month(year, last_month));
    out->precision = day ? DATE_DAY : month ? DATE_MONTH : DATE_YEAR;
    return true;
}

bool date_span_of(const Google__Type__Date *date, date_span *out)
{
    return date && make(date->year, date->month, date->day, out);
}

// Exactly `width` digits.
static bool number(const char *text, size_t width, int32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < width; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *out = *out * 10 + (text[i] - '0');
    }
    return true;
}

bool date_parse(const char *text, size_t size, date_span *out)
{
    int32_t year, month = 0, day = 0;
    if ((size != 4 && size != 7 && size != 10) || !number(text, 4, &year))
        return false;
    if (size >= 7 && (text[4] != '-' || !number(text + 5, 2, &month) || !month))
        return false;
    if (size == 10 && (text[7] != '-' || !number(text + 8, 2, &day) || !day))
        return false;
    return make(year, month, day, out);
}

void date_set(const date_span *span, Google__Type__Date *out)
{
    out->year = span->first / 10000;
    out->month = span->precision >= DATE_MONTH ? span->first / 100 % 100 : 0;
    out->day = span->precision == DATE_DAY ? span->first % 100 : 0;
}

void date_format(const date_span *span, char out[DATE_TEXT_SIZE])
{
    static const size_t sizes[] = {[DATE_YEAR] = 4, [DATE_MONTH] = 7, [DATE_DAY] = 10};
    snprintf(out, DATE_TEXT_SIZE, "%04" PRId32 "-%02" PRId32 "-%02" PRId32, span->first / 10000,
             span->first / 100 % 100, span->first % 100);
    out[sizes[span->precision]] = '\0';
}

date_span date_today(void)
{
    time_t now = (time_t)(clock_wall_us() / 1000000);
    struct tm tm;
    date_span span = {0};
    if (gmtime_r(&now, &tm))
        make(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, &span);
    return span;
}
