#include "schema/json_text.h"

#include "base/utf8.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Quoted, and cut where it would fill the screen.
static void put_shown(buffer *out, const char *text, size_t size)
{
    enum { MAX_SHOWN = 100 };
    json_put_string(out, text, utf8_valid_prefix(text, size < MAX_SHOWN ? size : MAX_SHOWN));
}

static bool is_plain(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@-");
    return n && !text[n];
}

static void put_path(buffer *out, const json_path *path)
{
    if (!path->up) {
        buffer_append_text(out, path->name); // the caller's prefix
        return;
    }
    put_path(out, path->up);
    if (path->name) {
        if (out->size)
            buffer_append_byte(out, '.');
        if (is_plain(path->name))
            buffer_append_text(out, path->name);
        else
            put_shown(out, path->name, strlen(path->name));
    } else if (path->key) {
        buffer_append_byte(out, '[');
        put_shown(out, path->key, path->key_size);
        buffer_append_byte(out, ']');
    } else {
        buffer_printf(out, "[%zu]", path->index);
    }
}

nrpc_code json_fail(nrpc_status *status, const json_path *path, const char *reason,
                    const char *format, ...)
{
    enum { MAX_TEXT = 2048 };
    buffer where = {0};
    char text[MAX_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_path(&where, path);
    char *field = buffer_take(&where, NULL);
    const char *shown = field ? field : "";
    nrpc_status_set(status, NRPC_INVALID_ARGUMENT, reason, "%s%s%s", shown, *shown ? ": " : "",
                    text);
    nrpc_status_violate(status, shown, reason, "%s", text);
    nrpc_status_add(status, "field", "%s", shown);
    free(field);
    buffer_fini(&where);
    return NRPC_INVALID_ARGUMENT;
}

const char *json_quote(const char *text, size_t size, char out[JSON_QUOTE_SIZE])
{
    buffer quoted = {0};
    put_shown(&quoted, text, size);
    snprintf(out, JSON_QUOTE_SIZE, "%.*s", (int)quoted.size,
             quoted.data ? (const char *)quoted.data : "");
    buffer_fini(&quoted);
    return out;
}

nrpc_code json_fail_out(nrpc_status *status, const buffer *out)
{
    nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUTPUT_TOO_LARGE", "the result is too large");
    if (out->limit)
        nrpc_status_add(status, "limit", "%zu", out->limit);
    return NRPC_RESOURCE_EXHAUSTED;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits_at(const char *text, size_t size)
{
    size_t n = 0;
    while (n < size && digit(text[n]))
        n++;
    return n;
}

size_t json_number_length(const char *text, size_t size, size_t *digits, bool *real)
{
    size_t i = size && text[0] == '-';
    size_t n = digits_at(text + i, size - i);
    if (!n || (n > 1 && text[i] == '0'))
        return 0;
    i += n;
    *digits = n;
    *real = false;
    if (i < size && text[i] == '.') {
        n = digits_at(text + i + 1, size - i - 1);
        if (!n)
            return 0;
        i += 1 + n;
        *digits += n;
        *real = true;
    }
    if (i < size && (text[i] == 'e' || text[i] == 'E')) {
        i++;
        if (i < size && (text[i] == '+' || text[i] == '-'))
            i++;
        n = digits_at(text + i, size - i);
        if (!n)
            return 0;
        i += n;
        *real = true;
    }
    return i;
}

static bool is_number(const char *text, size_t size)
{
    size_t digits;
    bool real;
    return size && json_number_length(text, size, &digits, &real) == size;
}

json_number json_number_integer(const char *text, size_t size, bool *negative, uint64_t *magnitude)
{
    enum { MAX_EXPONENT = 100000 };
    if (!is_number(text, size))
        return JSON_NUMBER_BAD;
    *negative = text[0] == '-';
    size_t i = *negative;
    // value * 10^(zeros + exponent), the last digit of value not being zero.
    uint64_t value = 0;
    int64_t zeros = 0, fraction = 0, exponent = 0;
    bool overflow = false, point = false;
    for (; i < size && text[i] != 'e' && text[i] != 'E'; i++) {
        if (text[i] == '.') {
            point = true;
            continue;
        }
        fraction += point;
        zeros++;
        if (text[i] == '0')
            continue;
        for (; zeros && value && !overflow; zeros--)
            overflow = __builtin_mul_overflow(value, UINT64_C(10), &value);
        zeros = 0;
        overflow |= __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value);
    }
    if (i < size) {
        bool minus = text[++i] == '-';
        if (text[i] == '-' || text[i] == '+')
            i++;
        for (; i < size; i++)
            if (exponent < MAX_EXPONENT)
                exponent = exponent * 10 + (text[i] - '0');
        if (minus)
            exponent = -exponent;
    }
    *magnitude = 0;
    if (!value && !overflow)
        return JSON_NUMBER_OK;
    exponent += zeros - fraction;
    if (exponent < 0)
        return JSON_NUMBER_FRACTION;
    if (overflow)
        return JSON_NUMBER_RANGE;
    for (; exponent; exponent--)
        if (__builtin_mul_overflow(value, UINT64_C(10), &value))
            return JSON_NUMBER_RANGE;
    *magnitude = value;
    return JSON_NUMBER_OK;
}

// strtod and printf use the point of the locale that the program around us may have set.
static void replace_point(char *text, char from, char to)
{
    char *p = from != to ? strchr(text, from) : NULL;
    if (p)
        *p = to;
}

json_number json_number_double(const char *text, size_t size, double *out)
{
    enum { MAX_TEXT = 1024 }; // a double's exact decimal form has up to 767 digits
    char copy[MAX_TEXT];
    if (!is_number(text, size))
        return JSON_NUMBER_BAD;
    if (size >= sizeof copy)
        return JSON_NUMBER_RANGE;
    memcpy(copy, text, size);
    copy[size] = 0;
    replace_point(copy, '.', *localeconv()->decimal_point);
    *out = strtod(copy, NULL);
    return isfinite(*out) ? JSON_NUMBER_OK : JSON_NUMBER_RANGE;
}

static void finish_number(double value, char out[JSON_NUMBER_SIZE])
{
    replace_point(out, *localeconv()->decimal_point, '.');
    if (value == 0 && signbit(value))
        memcpy(out, "-0.0", sizeof "-0.0"); // readers take -0 for the integer
}

// Any decimal of 15 digits survives a double, so the first try is already the shortest if it
// holds; subnormals have fewer digits to begin with. The same for floats with 6.
void json_format_double(double value, char out[JSON_NUMBER_SIZE])
{
    for (int precision = fpclassify(value) == FP_SUBNORMAL ? 1 : 15; precision <= 17; precision++) {
        snprintf(out, JSON_NUMBER_SIZE, "%.*g", precision, value);
        if (strtod(out, NULL) == value)
            break;
    }
    finish_number(value, out);
}

void json_format_float(float value, char out[JSON_NUMBER_SIZE])
{
    for (int precision = fpclassify(value) == FP_SUBNORMAL ? 1 : 6; precision <= 9; precision++) {
        snprintf(out, JSON_NUMBER_SIZE, "%.*g", precision, (double)value);
        if (strtof(out, NULL) == value)
            break;
    }
    finish_number((double)value, out);
}

bool json_put_string(buffer *out, const void *text, size_t size)
{
    const uint8_t *p = text;
    size_t done = 0;
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < size; i++) {
        char escape[8];
        size_t width = 1;
        unsigned c = p[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F && c != 0xC2)
            continue;
        if (c == 0xC2) { // U+0080 to U+00BF
            if (i + 1 >= size || p[i + 1] >= 0xA0)
                continue;
            c = p[i + 1];
            width = 2;
        }
        static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
        const char *found = NULL;
        for (const char *s = shorts; *s; s += 2)
            if ((unsigned char)*s == c)
                found = s + 1;
        if (found)
            snprintf(escape, sizeof escape, "\\%c", *found);
        else
            snprintf(escape, sizeof escape, "\\u%04x", c);
        buffer_append(out, p + done, i - done);
        buffer_append_text(out, escape);
        i += width - 1;
        done = i + 1;
    }
    if (size > done)
        buffer_append(out, p + done, size - done);
    return buffer_append_byte(out, '"') && !out->failed;
}

bool json_put_base64(buffer *out, const uint8_t *data, size_t size)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t *p = buffer_reserve(out, 2 + (size + 2) / 3 * 4);
    if (!p)
        return false;
    uint8_t *start = p;
    *p++ = '"';
    for (size_t i = 0; i < size; i += 3) {
        size_t n = size - i < 3 ? size - i : 3;
        uint32_t bits = (uint32_t)data[i] << 16;
        if (n > 1)
            bits |= (uint32_t)data[i + 1] << 8;
        if (n > 2)
            bits |= data[i + 2];
        *p++ = (uint8_t)alphabet[bits >> 18];
        *p++ = (uint8_t)alphabet[bits >> 12 & 63];
        *p++ = n > 1 ? (uint8_t)alphabet[bits >> 6 & 63] : '=';
        *p++ = n > 2 ? (uint8_t)alphabet[bits & 63] : '=';
    }
    *p++ = '"';
    out->size += (size_t)(p - start);
    return true;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

bool json_take_base64(const char *text, size_t size, buffer *out)
{
    size_t n = size;
    while (n && size - n < 2 && text[n - 1] == '=')
        n--;
    if (n % 4 == 1 || (n != size && size % 4 != 0))
        return false;
    uint8_t *p = buffer_reserve(out, n / 4 * 3 + 3);
    if (!p)
        return false;
    uint8_t *start = p;
    uint32_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        int value = base64_digit(text[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 == 1)
            *p++ = (uint8_t)(bits >> 4);
        else if (i % 4 == 2)
            *p++ = (uint8_t)(bits >> 2);
        else if (i % 4 == 3)
            *p++ = (uint8_t)bits;
    }
    out->size += (size_t)(p - start);
    return true;
}

#define MIN_TIMESTAMP INT64_C(-62135596800) // 0001-01-01T00:00:00Z
#define MAX_TIMESTAMP INT64_C(253402300799) // 9999-12-31T23:59:59Z
#define MAX_DURATION  INT64_C(315576000000) // 10,000 years
enum { DAY = 86400, BILLION = 1000000000 };

// Days since 1970-01-01 in the proleptic Gregorian calendar; years begin in March, so that the
// leap day is a year's last.
static int64_t days_of(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static void date_of(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t d = days - era * 146097;
    int64_t y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
    d -= 365 * y + y / 4 - y / 100;
    int64_t m = (5 * d + 2) / 153;
    *day = (int)(d - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(y + era * 400 + (*month <= 2));
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

// Reads a pattern: '0' is a digit, anything else itself. Numbers between other characters go to
// values in turn.
static bool scan(const char *text, size_t size, const char *pattern, int *values)
{
    size_t n = strlen(pattern);
    if (size < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (pattern[i] != '0') {
            if (text[i] != pattern[i])
                return false;
            continue;
        }
        if (!digit(text[i]))
            return false;
        bool first = i == 0 || pattern[i - 1] != '0';
        *values = (first ? 0 : *values * 10) + (text[i] - '0');
        if (pattern[i + 1] != '0')
            values++;
    }
    return true;
}

// ".123" as nanoseconds, nine digits at most. Returns the bytes read, 0 if malformed.
static size_t scan_fraction(const char *text, size_t size, int32_t *nanos)
{
    size_t n = digits_at(text + 1, size - 1);
    if (!n || n > 9)
        return 0;
    *nanos = 0;
    for (size_t i = 0; i < 9; i++)
        *nanos = *nanos * 10 + (i < n ? text[1 + i] - '0' : 0);
    return 1 + n;
}

// Behind seconds: nothing, or 3, 6 or 9 digits.
static void put_fraction(char *out, size_t size, int32_t nanos, const char *suffix)
{
    if (!nanos)
        snprintf(out, size, "%s", suffix);
    else if (nanos % 1000000 == 0)
        snprintf(out, size, ".%03d%s", nanos / 1000000, suffix);
    else if (nanos % 1000 == 0)
        snprintf(out, size, ".%06d%s", nanos / 1000, suffix);
    else
        snprintf(out, size, ".%09d%s", nanos, suffix);
}

bool json_take_timestamp(const char *text, size_t size, int64_t *seconds, int32_t *nanos)
{
    enum { YEAR, MONTH, DAY_OF_MONTH, HOUR, MINUTE, SECOND };
    int v[6];
    size_t at = 19;
    if (!scan(text, size, "0000-00-00T00:00:00", v))
        return false;
    if (v[YEAR] < 1 || v[MONTH] < 1 || v[MONTH] > 12 || v[DAY_OF_MONTH] < 1 ||
        v[DAY_OF_MONTH] > days_in_month(v[YEAR], v[MONTH]) || v[HOUR] > 23 || v[MINUTE] > 59 ||
        v[SECOND] > 59)
        return false;
    *nanos = 0;
    if (at < size && text[at] == '.') {
        size_t n = scan_fraction(text + at, size - at, nanos);
        if (!n)
            return false;
        at += n;
    }
    *seconds = days_of(v[YEAR], v[MONTH], v[DAY_OF_MONTH]) * DAY + v[HOUR] * 3600 + v[MINUTE] * 60 +
               v[SECOND];
    if (at == size)
        return false;
    if (text[at] == 'Z')
        return at + 1 == size;
    int offset[2];
    bool east = text[at] == '+';
    if ((!east && text[at] != '-') || size - at != 6 ||
        !scan(text + at + 1, size - at - 1, "00:00", offset) || offset[0] > 23 || offset[1] > 59)
        return false;
    int64_t shift = offset[0] * 3600 + offset[1] * 60;
    *seconds += east ? -shift : shift;
    return *seconds >= MIN_TIMESTAMP && *seconds <= MAX_TIMESTAMP;
}

bool json_format_timestamp(int64_t seconds, int32_t nanos, char out[JSON_TIME_SIZE])
{
    if (seconds < MIN_TIMESTAMP || seconds > MAX_TIMESTAMP || nanos < 0 || nanos >= BILLION)
        return false;
    int64_t days = (seconds - MIN_TIMESTAMP) / DAY + MIN_TIMESTAMP / DAY;
    int of_day = (int)((seconds - MIN_TIMESTAMP) % DAY);
    int year, month, day;
    date_of(days, &year, &month, &day);
    int n = snprintf(out, JSON_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day,
                     of_day / 3600, of_day / 60 % 60, of_day % 60);
    put_fraction(out + n, JSON_TIME_SIZE - (size_t)n, nanos, "Z");
    return true;
}

bool json_take_duration(const char *text, size_t size, int64_t *seconds, int32_t *nanos)
{
    size_t at = size && text[0] == '-';
    bool negative = at > 0;
    size_t n = digits_at(text + at, size - at);
    *seconds = 0;
    *nanos = 0;
    if (!n)
        return false;
    for (; n; n--, at++) {
        *seconds = *seconds * 10 + (text[at] - '0');
        if (*seconds > MAX_DURATION)
            return false;
    }
    if (at < size && text[at] == '.') {
        n = scan_fraction(text + at, size - at, nanos);
        if (!n)
            return false;
        at += n;
    }
    if (negative) {
        *seconds = -*seconds;
        *nanos = -*nanos;
    }
    return at + 1 == size && text[at] == 's';
}

bool json_format_duration(int64_t seconds, int32_t nanos, char out[JSON_TIME_SIZE])
{
    if (seconds < -MAX_DURATION || seconds > MAX_DURATION || nanos <= -BILLION ||
        nanos >= BILLION || (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0))
        return false;
    bool negative = seconds < 0 || nanos < 0;
    int n = snprintf(out, JSON_TIME_SIZE, "%s%lld", negative ? "-" : "",
                     (long long)(seconds < 0 ? -seconds : seconds));
    put_fraction(out + n, JSON_TIME_SIZE - (size_t)n, nanos < 0 ? -nanos : nanos, "s");
    return true;
}

bool json_put_camel(buffer *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == ',' || (c >= 'A' && c <= 'Z'))
            return false;
        if (c == '_') {
            if (++i == size || text[i] < 'a' || text[i] > 'z')
                return false;
            c = (char)(text[i] - 'a' + 'A');
        }
        buffer_append_byte(out, (uint8_t)c);
    }
    return size > 0;
}

bool json_put_snake(buffer *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '_')
            return false;
        if (c >= 'A' && c <= 'Z') {
            buffer_append_byte(out, '_');
            c = (char)(c - 'A' + 'a');
        }
        buffer_append_byte(out, (uint8_t)c);
    }
    return size > 0;
}

const schema_message *json_any_type(const schema *pool, const char *url, size_t size)
{
    const char *slash = memrchr(url, '/', size);
    if (!slash)
        return NULL;
    size_t skip = (size_t)(slash - url) + 1;
    const schema_symbol *s = schema_find_n(pool, url + skip, size - skip);
    return s && s->kind == SCHEMA_KIND_MESSAGE ? s->message : NULL;
}
