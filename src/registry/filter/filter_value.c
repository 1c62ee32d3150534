#include "base/macros.h"
#include "registry/date.h"
#include "registry/decimal.h"
#include "registry/filter/filter_private.h"
#include "schema/json_text.h"
#include "schema/suggest.h"

#include <ctype.h>
#include <string.h>

const store_condition *filter_keep(filter_job *job, store_condition condition)
{
    store_condition *kept = arena_alloc(job->memory, sizeof *kept);
    if (kept)
        *kept = condition;
    return kept;
}

const store_condition *filter_leaf(filter_job *job, store_operator operator, store_operand operand,
                                   store_value value)
{
    return filter_keep(job,
                       (store_condition){.operator= operator, .operand = operand, .value = value});
}

const store_condition *filter_group(filter_job *job, store_operator operator,
                                    const store_condition * const * children, size_t count)
{
    const store_condition **kept = arena_alloc(job->memory, (count + 1) * sizeof *kept);
    for (size_t i = 0; i < count; i++) {
        if (!kept || !children[i])
            return NULL;
        kept[i] = children[i];
    }
    if (!kept)
        return NULL;
    return filter_keep(
        job, (store_condition){.operator= operator, .children = kept, .child_count = count});
}

static const store_condition *both(filter_job *job, store_operator operator,
                                   const store_condition * a, const store_condition *b)
{
    return filter_group(job, operator,(const store_condition *const[]){a, b}, 2);
}

static const store_condition *negate(filter_job *job, const store_condition *a)
{
    return filter_group(job, STORE_NOT, &a, 1);
}

static store_operator operator_of(filter_comparator comparator)
{
    static const store_operator operators[] = {
        [FILTER_EQ] = STORE_EQ,  [FILTER_NE] = STORE_NE, [FILTER_LT] = STORE_LT,
        [FILTER_LE] = STORE_LE,  [FILTER_GT] = STORE_GT, [FILTER_GE] = STORE_GE,
        [FILTER_HAS] = STORE_EQ,
    };
    return operators[comparator];
}

static bool is_equality(const filter_comparison *c)
{
    return c->comparator == FILTER_EQ || c->comparator == FILTER_NE || c->comparator == FILTER_HAS;
}

static store_value integer(int64_t value)
{
    return (store_value){.kind = STORE_INTEGER, .integer = value};
}

static store_value text_value(const char *text)
{
    return (store_value){.kind = STORE_TEXT, .text = text};
}

// Says that the literal is no such value. Returns NULL.
static const store_condition *wrong(filter_job *job, const filter_comparison *c,
                                    const filter_node *literal, const char *meant,
                                    const char *expected)
{
    filter_fault(job, literal->where, "WRONG_TYPE", meant,
                 "'%s' is compared with %s, and %s is none", filter_copy(job, c->path), expected,
                 filter_copy(job, literal->where));
    return NULL;
}

static const store_condition *too_large(filter_job *job, const filter_comparison *c,
                                        const filter_node *literal)
{
    filter_fault(job, literal->where, "OUT_OF_RANGE", NULL,
                 "the number is larger than any that '%s' can hold", filter_copy(job, c->path));
    return NULL;
}

static const store_condition *compare_text(filter_job *job, const filter_comparison *c,
                                           const filter_node *literal)
{
    const filter_text *l = &literal->literal;
    if (!l->pattern || !is_equality(c))
        return filter_leaf(job, operator_of(c->comparator), c->operand, text_value(l->text));
    const store_condition *like = filter_leaf(job, STORE_LIKE, c->operand, text_value(l->pattern));
    if (c->comparator != FILTER_NE)
        return like;
    // What is not there is not unlike anything.
    return both(job, STORE_AND,
                filter_leaf(job, STORE_PRESENT, c->operand, (store_value){.kind = STORE_NULL}),
                negate(job, like));
}

static const store_condition *compare_integer(filter_job *job, const filter_comparison *c,
                                              const filter_node *literal)
{
    const filter_text *l = &literal->literal;
    bool negative = false;
    uint64_t magnitude = 0;
    json_number found =
        l->quoted ? JSON_NUMBER_BAD : json_number_integer(l->text, l->size, &negative, &magnitude);
    if (found == JSON_NUMBER_OK && magnitude > (uint64_t)INT64_MAX)
        found = JSON_NUMBER_RANGE;
    if (found == JSON_NUMBER_RANGE)
        return too_large(job, c, literal);
    if (found != JSON_NUMBER_OK)
        return wrong(job, c, literal, NULL, "a whole number, without quotes");
    int64_t value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return filter_leaf(job, operator_of(c->comparator), c->operand, integer(value));
}

static const store_condition *compare_real(filter_job *job, const filter_comparison *c,
                                           const filter_node *literal)
{
    const filter_text *l = &literal->literal;
    store_value value = {.kind = STORE_REAL};
    json_number found =
        l->quoted ? JSON_NUMBER_BAD : json_number_double(l->text, l->size, &value.real);
    if (found == JSON_NUMBER_RANGE)
        return too_large(job, c, literal);
    if (found != JSON_NUMBER_OK)
        return wrong(job, c, literal, NULL, "a number, without quotes");
    return filter_leaf(job, operator_of(c->comparator), c->operand, value);
}

static const store_condition *compare_decimal(filter_job *job, const filter_comparison *c,
                                              const filter_node *literal)
{
    const filter_text *l = &literal->literal;
    char key[DECIMAL_KEY_SIZE];
    if (l->quoted || !decimal_key(l->text, l->size, key))
        return wrong(job, c, literal, NULL,
                     "a decimal number of at most 28 digits, without quotes");
    const char *kept = arena_strndup(job->memory, key, strlen(key));
    return kept ? filter_leaf(job, operator_of(c->comparator), c->operand, text_value(kept)) : NULL;
}

static const store_condition *wrong_operator(filter_job *job, const filter_comparison *c,
                                             const filter_node *literal, const char *noun)
{
    filter_fault(job, (filter_span){c->path.at, literal->where.end}, "WRONG_OPERATOR", NULL,
                 "%s, as '%s' is, can be compared by = and != only", noun,
                 filter_copy(job, c->path));
    return NULL;
}

// False is what holds unless someone says otherwise, so it is not kept.
static const store_condition *compare_boolean(filter_job *job, const filter_comparison *c,
                                              const filter_node *literal)
{
    const filter_text *l = &literal->literal;
    bool yes = !strcmp(l->text, "true");
    if (!is_equality(c))
        return wrong_operator(job, c, literal, "a boolean");
    if (l->quoted || (!yes && strcmp(l->text, "false") != 0))
        return wrong(job, c, literal, NULL, "true or false, without quotes");
    const store_condition *holds = filter_leaf(job, STORE_EQ, c->operand, integer(1));
    return yes == (c->comparator != FILTER_NE) ? holds : negate(job, holds);
}

// The value whose name is nearest, or ends in what was written: OPERATING for ZONE_STAGE_OPERATING.
static const char *near_value(const schema_enum *type, const filter_text *written)
{
    suggestion s = suggest_begin(written->text, written->size);
    for (size_t i = 0; i < type->value_count; i++) {
        const char *name = type->values[i].name;
        size_t size = strlen(name);
        if (written->size && size > written->size && name[size - written->size - 1] == '_' &&
            !strcasecmp(name + size - written->size, written->text))
            return name;
        suggest_offer(&s, name);
    }
    return s.best;
}

static const store_condition *compare_enum(filter_job *job, const filter_comparison *c,
                                           const filter_node *literal)
{
    const filter_text *l = &literal->literal;
    const schema_enum *type = c->field->enumeration;
    if (!is_equality(c))
        return wrong_operator(job, c, literal, "an enum");
    const schema_enum_value *value = schema_enum_by_name(type, l->text, l->size);
    if (!value) {
        filter_fault(job, literal->where, "UNKNOWN_ENUM_VALUE", near_value(type, l),
                     "%s has no value '%.256s'", type->name, l->text);
        return NULL;
    }
    return filter_leaf(job, operator_of(c->comparator), c->operand, integer(value->number));
}

// A date in the registry is a span of days, and so is the literal: what is said must hold of every
// day that the field may mean.
static const store_condition *compare_date(filter_job *job, const filter_comparison *c,
                                           const filter_node *literal)
{
    const filter_text *l = &literal->literal;
    date_span span;
    store_operand first = c->operand, last = c->operand;
    if (!date_parse(l->text, l->size, &span))
        return wrong(job, c, literal, NULL, "a date such as 2024-01-05, 2024-01 or 2024");
    if (!filter_step(job, &first, "first") || !filter_step(job, &last, "last"))
        return NULL;
    switch (c->comparator) {
    case FILTER_LT:
        return filter_leaf(job, STORE_LT, last, integer(span.first));
    case FILTER_LE:
        return filter_leaf(job, STORE_LE, last, integer(span.last));
    case FILTER_GT:
        return filter_leaf(job, STORE_GT, first, integer(span.last));
    case FILTER_GE:
        return filter_leaf(job, STORE_GE, first, integer(span.first));
    case FILTER_NE:
        return both(job, STORE_OR, filter_leaf(job, STORE_LT, last, integer(span.first)),
                    filter_leaf(job, STORE_GT, first, integer(span.last)));
    default:
        return both(job, STORE_AND, filter_leaf(job, STORE_GE, first, integer(span.first)),
                    filter_leaf(job, STORE_LE, last, integer(span.last)));
    }
}

static const store_condition *compare_time(filter_job *job, const filter_comparison *c,
                                           const filter_node *literal)
{
    const filter_text *l = &literal->literal;
    int64_t seconds;
    int32_t nanos;
    if (!json_take_timestamp(l->text, l->size, &seconds, &nanos)) {
        date_span span;
        const char *near = date_parse(l->text, l->size, &span) && span.precision == DATE_DAY
                               ? arena_printf(job->memory, "%sT00:00:00Z", l->text)
                               : NULL;
        return wrong(job, c, literal, near, "a time such as 2024-01-05T09:30:00Z");
    }
    int64_t us = seconds * 1000000 + nanos / 1000;
    if (nanos % 1000 == 0)
        return filter_leaf(job, operator_of(c->comparator), c->operand, integer(us));
    // Between two microseconds, where nothing stands.
    switch (c->comparator) {
    case FILTER_LT:
    case FILTER_LE:
        return filter_leaf(job, STORE_LE, c->operand, integer(us));
    case FILTER_GT:
    case FILTER_GE:
        return filter_leaf(job, STORE_GT, c->operand, integer(us));
    case FILTER_NE:
        return filter_leaf(job, STORE_PRESENT, c->operand, (store_value){.kind = STORE_NULL});
    default:
        return filter_group(job, STORE_OR, NULL, 0);
    }
}

const store_condition *filter_compare(filter_job *job, const filter_comparison *c,
                                      const filter_node *literal)
{
    const filter_text *l = &literal->literal;
    if (!l->quoted && !strcmp(l->text, "null")) {
        filter_fault(job, literal->where, "WRONG_TYPE",
                     arena_printf(job->memory, "-%s:*", filter_copy(job, c->path)),
                     "there is no null: what is unset is asked for by its absence (the word null "
                     "stands in quotes)");
        return NULL;
    }
    switch (c->type) {
    case FILTER_STRING_VALUE:
        return compare_text(job, c, literal);
    case FILTER_INTEGER:
        return compare_integer(job, c, literal);
    case FILTER_REAL:
        return compare_real(job, c, literal);
    case FILTER_BOOLEAN:
        return compare_boolean(job, c, literal);
    case FILTER_ENUM:
        return compare_enum(job, c, literal);
    case FILTER_DATE:
        return compare_date(job, c, literal);
    case FILTER_DECIMAL:
        return compare_decimal(job, c, literal);
    case FILTER_TIME:
        return compare_time(job, c, literal);
    default:
        filter_fault(job, c->path, "NOT_FILTERABLE", NULL, "'%s' cannot be compared",
                     filter_copy(job, c->path));
        return NULL;
    }
}
