#include "filter_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

model_type model_type_of(const schema_field *field)
{
    switch (field->type) {
    case SCHEMA_STRING:
        return MODEL_TEXT;
    case SCHEMA_BOOL:
        return MODEL_BOOLEAN;
    case SCHEMA_ENUM:
        return MODEL_ENUM;
    case SCHEMA_DOUBLE:
        return MODEL_REAL;
    case SCHEMA_MESSAGE:
        return !strcmp(field->message->full_name, "google.type.Date")            ? MODEL_DATE
               : !strcmp(field->message->full_name, "google.type.Decimal")       ? MODEL_DECIMAL
               : !strcmp(field->message->full_name, "google.protobuf.Timestamp") ? MODEL_TIME
                                                                                 : MODEL_MESSAGE;
    default:
        return MODEL_INTEGER;
    }
}

void model_free(model *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->count; i++)
        model_free(m->children[i]);
    free(m);
}

// --- writing
// ---------------------------------------------------------------------------------------

void model_print_path(const model_path *path, buffer *out)
{
    for (size_t i = 0; i < path->count; i++) {
        const model_segment *s = &path->segments[i];
        buffer_printf(out, "%s%s", i ? "." : "", s->field->name);
        if (s->id)
            buffer_printf(out, ".%s", s->id);
    }
}

static void print_text(const char *text, model_choice choose, buffer *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_\1";
    bool bare = *text && !text[strspn(text, plain)] && choose(2);
    char quote = choose(2) ? '"' : '\'';
    if (!bare)
        buffer_append_byte(out, (uint8_t)quote);
    for (; *text; text++) {
        if (*text == '\\' || *text == '*' || *text == quote)
            buffer_append_byte(out, '\\');
        buffer_append_byte(out, (uint8_t)(*text == '\1' ? '*' : *text));
    }
    if (!bare)
        buffer_append_byte(out, (uint8_t)quote);
}

static model_type type_compared(const model *m)
{
    const schema_field *f = m->path.count ? m->path.segments[m->path.count - 1].field : NULL;
    return f ? model_type_of(f) : MODEL_TEXT;
}

static void print_value(const model *m, model_choice choose, buffer *out)
{
    if (m->present) {
        buffer_append_text(out, "*");
        return;
    }
    switch (type_compared(m)) {
    case MODEL_TEXT:
    case MODEL_MESSAGE:
        print_text(m->text, choose, out);
        break;
    case MODEL_DATE:
    case MODEL_ENUM:
        buffer_printf(out, choose(2) ? "\"%s\"" : "%s", m->text);
        break;
    case MODEL_TIME: {
        time_t seconds = (time_t)(m->time_us / 1000000);
        struct tm tm;
        char text[32];
        gmtime_r(&seconds, &tm);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
        buffer_printf(out, "%s.%06" PRId64 "Z", text, m->time_us % 1000000);
        break;
    }
    default:
        buffer_append_text(out, m->text);
    }
}

static void print_operator(const model *m, model_choice choose, buffer *out)
{
    buffer_printf(out, strcmp(m->op, ":") && choose(2) ? " %s " : "%s", m->op);
}

// within: how tightly what is around binds: 0 nothing, 1 AND, 2 OR, 3 NOT.
static void print(const model *m, int within, model_choice choose, buffer *out)
{
    static const int binding[] = {
        [MODEL_AND] = 1, [MODEL_OR] = 2, [MODEL_NOT] = 3, [MODEL_IS] = 4, [MODEL_ANY] = 4};
    bool parens = (!m->grouped && binding[m->kind] <= within) || choose(10) == 0;
    buffer_append_text(out, parens ? "(" : "");
    if (m->grouped) {
        const model *first = m->children[0];
        model_print_path(&first->path, out);
        print_operator(first, choose, out);
        buffer_append_text(out, "(");
        for (size_t i = 0; i < m->count; i++) {
            buffer_append_text(out, i ? " OR " : "");
            print_value(m->children[i], choose, out);
        }
        buffer_append_text(out, ")");
    } else {
        switch (m->kind) {
        case MODEL_AND:
        case MODEL_OR:
            for (size_t i = 0; i < m->count; i++) {
                if (i)
                    buffer_append_text(out, m->kind == MODEL_OR ? " OR "
                                            : choose(2)         ? " AND "
                                                                : " ");
                print(m->children[i], binding[m->kind], choose, out);
            }
            break;
        case MODEL_NOT:
            buffer_append_text(out, choose(2) ? "NOT " : "-");
            print(m->children[0], 3, choose, out);
            break;
        case MODEL_ANY:
            buffer_append_text(out, "any(");
            model_print_path(&m->path, out);
            buffer_append_text(out, choose(2) ? ", (" : ",(");
            print(m->children[0], 0, choose, out);
            buffer_append_text(out, "))");
            break;
        case MODEL_IS:
            model_print_path(&m->path, out);
            if (m->path.count)
                print_operator(m, choose, out);
            print_value(m, choose, out);
            break;
        }
    }
    buffer_append_text(out, parens ? ")" : "");
}

void model_print(const model *m, model_choice choose, buffer *out)
{
    print(m, 0, choose, out);
}

// --- meaning
// ---------------------------------------------------------------------------------------

static bool like(const char *pattern, const char *text)
{
    if (*pattern == '\1') {
        for (;; text++)
            if (like(pattern + 1, text))
                return true;
            else if (!*text)
                return false;
    }
    return *pattern == *text && (!*text || like(pattern + 1, text + 1));
}

static bool by_sign(const char *op, int sign)
{
    return !strcmp(op, "=") || !strcmp(op, ":") ? sign == 0
           : !strcmp(op, "!=")                  ? sign != 0
           : !strcmp(op, "<")                   ? sign < 0
           : !strcmp(op, "<=")                  ? sign <= 0
           : !strcmp(op, ">")                   ? sign > 0
                                                : sign >= 0;
}

static int sign_of(double a, double b)
{
    return (a > b) - (a < b);
}

static int days_in(int year, int month)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month, .tm_mday = 0, .tm_hour = 12};
    timegm(&tm); // day 0 of the next month is the last of this
    return tm.tm_mday;
}

// Every day that a date may mean, as yyyymmdd; returns their number.
static size_t days_of(int year, int month, int day, int *out)
{
    size_t n = 0;
    for (int m = 1; m <= 12; m++)
        for (int d = 1; d <= days_in(year, m); d++)
            if ((!month || m == month) && (!day || d == day))
                out[n++] = year * 10000 + m * 100 + d;
    return n;
}

static size_t days_of_value(const json_t *date, int *out)
{
    return days_of((int)json_integer_value(json_object_get(date, "year")),
                   (int)json_integer_value(json_object_get(date, "month")),
                   (int)json_integer_value(json_object_get(date, "day")), out);
}

static bool date_is(const json_t *date, const char *op, const char *text)
{
    int field[366], literal[366], year = 0, month = 0, day = 0;
    sscanf(text, "%d-%d-%d", &year, &month, &day);
    size_t fields = days_of_value(date, field), literals = days_of(year, month, day, literal);
    for (size_t i = 0; i < fields; i++) {
        bool inside = false, before = true, behind = true;
        for (size_t j = 0; j < literals; j++) {
            inside |= field[i] == literal[j];
            before &= field[i] < literal[j];
            behind &= field[i] > literal[j];
        }
        bool good = !strcmp(op, "=") || !strcmp(op, ":") ? inside
                    : !strcmp(op, "!=")                  ? !inside
                    : !strcmp(op, "<")                   ? before
                    : !strcmp(op, "<=")                  ? before || inside
                    : !strcmp(op, ">")                   ? behind
                                                         : behind || inside;
        if (!good)
            return false;
    }
    return true;
}

static bool is_set(const schema_field *field, const json_t *v)
{
    if (!v || json_is_false(v))
        return false;
    if (json_is_string(v))
        return field->type == SCHEMA_ENUM
                   ? schema_enum_by_name(field->enumeration, json_string_value(v),
                                         json_string_length(v))
                             ->number != 0
                   : json_string_length(v) > 0;
    if (json_is_array(v))
        return json_array_size(v) > 0;
    return !json_is_number(v) || json_number_value(v) != 0;
}

static bool value_is(const model *m, const schema_field *field, const json_t *v)
{
    bool equal;
    if (m->present)
        return is_set(field, v);
    model_type type = field ? model_type_of(field) : MODEL_TEXT;
    if (type == MODEL_BOOLEAN)
        return by_sign(m->op, json_is_true(v) != !strcmp(m->text, "true"));
    if (type == MODEL_MESSAGE)
        return json_is_object(v) &&
               is_set(schema_message_field(field->message, m->text, strlen(m->text)),
                      json_object_get(v, m->text));
    if (field && !is_set(field, v))
        return false;
    switch (type) {
    case MODEL_TEXT:
        if (strchr(m->text, '\1') && strpbrk(m->op, "<>") == NULL) {
            equal = like(m->text, json_string_value(v));
            return strcmp(m->op, "!=") ? equal : !equal;
        }
        return by_sign(m->op, strcmp(json_string_value(v), m->text));
    case MODEL_ENUM:
        return by_sign(m->op, strcmp(json_string_value(v), m->text));
    case MODEL_DATE:
        return date_is(v, m->op, m->text);
    case MODEL_DECIMAL:
        return by_sign(m->op, sign_of(strtod(json_string_value(json_object_get(v, "value")), NULL),
                                      strtod(m->text, NULL)));
    case MODEL_TIME:
        return by_sign(m->op, sign_of((double)json_integer_value(v), (double)m->time_us));
    default:
        return by_sign(m->op, sign_of(json_number_value(v), strtod(m->text, NULL)));
    }
}

static bool element_has_id(const json_t *element, const char *id)
{
    const char *own = json_string_value(json_object_get(element, "id"));
    return own && !strcmp(own, id);
}

static bool reach(const model *m, size_t at, const json_t *node);

// An element of the list at this segment of the path.
static bool reach_element(const model *m, size_t at, const json_t *element)
{
    const model_segment *s = &m->path.segments[at];
    if (s->id && !element_has_id(element, s->id))
        return false;
    if (at + 1 < m->path.count)
        return reach(m, at + 1, element);
    if (m->kind == MODEL_ANY)
        return model_holds(m->children[0], element);
    if (s->id || m->present)
        return m->present || value_is(m, s->field, element);
    if (model_type_of(s->field) != MODEL_MESSAGE)
        return value_is(m, s->field, element);
    const char *id = json_string_value(json_object_get(element, "id"));
    return id && like(m->text, id);
}

static bool reach(const model *m, size_t at, const json_t *node)
{
    const model_segment *s = &m->path.segments[at];
    const json_t *v = node ? json_object_get(node, s->field->name) : NULL;
    if (s->field->repeated) {
        size_t i;
        json_t *element;
        json_array_foreach((json_t *)v, i, element) if (reach_element(m, at, element)) return true;
        return false;
    }
    return at + 1 < m->path.count ? reach(m, at + 1, v) : value_is(m, s->field, v);
}

bool model_holds(const model *m, const json_t *resource)
{
    bool all = true, some = false;
    for (size_t i = 0; i < m->count && m->kind != MODEL_ANY; i++) {
        bool holds = model_holds(m->children[i], resource);
        all &= holds;
        some |= holds;
    }
    switch (m->kind) {
    case MODEL_AND:
        return all;
    case MODEL_OR:
        return some;
    case MODEL_NOT:
        return !all;
    case MODEL_ANY:
        return reach(m, 0, resource);
    default:
        // In a list of texts the element itself is compared.
        return m->path.count ? reach(m, 0, resource) : like(m->text, json_string_value(resource));
    }
}

// --- order
// -----------------------------------------------------------------------------------------

static int number_of(const schema_field *f, const json_t *v)
{
    const char *name = json_string_value(v);
    return schema_enum_by_name(f->enumeration, name, strlen(name))->number;
}

static int compare_values(const schema_field *f, const json_t *a, const json_t *b)
{
    int days_a[366], days_b[366];
    size_t count_a, count_b;
    switch (model_type_of(f)) {
    case MODEL_TEXT: {
        int order = strcmp(json_string_value(a), json_string_value(b));
        return (order > 0) - (order < 0);
    }
    case MODEL_ENUM:
        return sign_of(number_of(f, a), number_of(f, b));
    case MODEL_DATE:
        count_a = days_of_value(a, days_a);
        count_b = days_of_value(b, days_b);
        return days_a[0] != days_b[0] ? sign_of(days_a[0], days_b[0])
                                      : sign_of((double)count_b, (double)count_a);
    case MODEL_DECIMAL:
        return sign_of(strtod(json_string_value(json_object_get(a, "value")), NULL),
                       strtod(json_string_value(json_object_get(b, "value")), NULL));
    case MODEL_TIME:
        return sign_of((double)json_integer_value(a), (double)json_integer_value(b));
    default:
        return sign_of(json_number_value(a), json_number_value(b));
    }
}

static const json_t *value_at(const model_path *path, const json_t *resource)
{
    const schema_field *field = NULL;
    for (size_t i = 0; i < path->count && resource; i++) {
        field = path->segments[i].field;
        resource = json_object_get(resource, field->name);
    }
    return field && is_set(field, resource) ? resource : NULL;
}

int model_compare(const model_path *path, bool descending, const json_t *a, const json_t *b)
{
    a = value_at(path, a);
    b = value_at(path, b);
    if (!a || !b)
        return a ? -1 : b ? 1 : 0;
    int order = compare_values(path->segments[path->count - 1].field, a, b);
    return descending ? -order : order;
}
