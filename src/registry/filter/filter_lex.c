#include "base/buffer.h"
#include "registry/filter/filter_private.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

// What other languages write, and this one writes otherwise.
static const struct {
    const char *written, *meant;
} foreign[] = {
    {"==", "="}, {"=>", ">="}, {"=<", "<="}, {"<>", "!="}, {"!:", "NOT"}, {"!", "NOT"},
};

static const struct {
    const char *text;
    filter_comparator comparator;
} comparators[] = {
    {"<=", FILTER_LE}, {">=", FILTER_GE}, {"!=", FILTER_NE}, {"<", FILTER_LT},
    {">", FILTER_GT},  {"=", FILTER_EQ},  {":", FILTER_HAS},
};

// Size of the blank at this place; 0 if there is none.
static size_t blank_at(const filter_job *job, size_t at)
{
    ucs4_t c;
    if (at >= job->size)
        return 0;
    int size = u8_mbtouc(&c, (const uint8_t *)job->text + at, job->size - at);
    return uc_is_property_white_space(c) ? (size_t)size : 0;
}

static bool starts_with(const filter_job *job, size_t at, const char *text)
{
    size_t size = strlen(text);
    return size <= job->size - at && !memcmp(job->text + at, text, size);
}

static bool ends_word(const filter_job *job, size_t at, filter_place place)
{
    char c = job->text[at];
    if (c == '.' || c == ':')
        return place == FILTER_TERM;
    return strchr("(),=<>\"'", c) || starts_with(job, at, "!=") || blank_at(job, at);
}

// Text in form C, in the arena; NULL: no memory.
static const char *normalize(filter_job *job, const buffer *text, size_t *size)
{
    const uint8_t *data = text->data ? text->data : (const uint8_t *)"";
    uint8_t *normal = u8_normalize(UNINORM_NFC, data, text->size, NULL, size);
    if (!normal)
        return NULL;
    const char *copy = arena_strndup(job->memory, (const char *)normal, *size);
    free(normal);
    return copy;
}

// A word or string being read: as text, and as a pattern.
typedef struct reading {
    buffer text;
    buffer pattern;
    bool wild;
} reading;

static void take(reading *r, char c, bool escaped)
{
    buffer_append_byte(&r->text, (uint8_t)c);
    if (c == '\\' || (c == '*' && escaped))
        buffer_append_byte(&r->pattern, '\\');
    buffer_append_byte(&r->pattern, (uint8_t)c);
    r->wild |= c == '*' && !escaped;
}

static bool finish(filter_job *job, reading *r, filter_text *out)
{
    size_t pattern_size;
    bool good = !r->text.failed && !r->pattern.failed;
    out->text = good ? normalize(job, &r->text, &out->size) : NULL;
    out->pattern = good && r->wild ? normalize(job, &r->pattern, &pattern_size) : NULL;
    good = good && out->text && (out->pattern || !r->wild);
    buffer_fini(&r->text);
    buffer_fini(&r->pattern);
    return good;
}

static bool read_word(filter_job *job, filter_place place, filter_token *out)
{
    reading r = {0};
    size_t at = out->where.at;
    bool cut = false;
    for (; at < job->size && (at == out->where.at || !ends_word(job, at, place)); at++) {
        bool escaped = job->text[at] == '\\';
        cut = escaped && ++at == job->size;
        if (cut)
            break;
        take(&r, job->text[at], escaped);
    }
    out->kind = FILTER_TEXT;
    out->where.end = at;
    bool good = finish(job, &r, &out->text);
    if (cut)
        return filter_fault(job, (filter_span){at - 1, at}, "FILTER_SYNTAX", NULL,
                            "behind '\\' a character is missing");
    return good;
}

static bool read_string(filter_job *job, filter_token *out)
{
    reading r = {0};
    size_t start = out->where.at, at = start + 1;
    char quote = job->text[start];
    while (at < job->size && job->text[at] != quote) {
        bool escaped = job->text[at] == '\\';
        if (escaped && ++at == job->size)
            break;
        take(&r, job->text[at++], escaped);
    }
    bool good = finish(job, &r, &out->text);
    if (at >= job->size)
        return filter_fault(job, (filter_span){start, job->size}, "FILTER_SYNTAX", NULL,
                            "the string that begins with %c is not closed", quote);
    out->kind = FILTER_STRING;
    out->text.quoted = true;
    out->where.end = at + 1;
    return good;
}

static bool is_digit_at(const filter_job *job, size_t at)
{
    return at < job->size && job->text[at] >= '0' && job->text[at] <= '9';
}

bool filter_lex(filter_job *job, size_t at, filter_place place, filter_token *out)
{
    static const struct {
        char c;
        filter_token_kind kind;
    } marks[] = {{'(', FILTER_OPEN}, {')', FILTER_CLOSE}, {',', FILTER_COMMA}, {'.', FILTER_DOT}};
    *out = (filter_token){0};
    for (size_t n; (n = blank_at(job, at)); at += n)
        out->blank_before = true;
    out->where = (filter_span){at, at};
    if (at == job->size)
        return true;
    char c = job->text[at];
    out->where.end = at + 1;
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        if (c == marks[i].c && (c != '.' || place == FILTER_TERM)) {
            out->kind = marks[i].kind;
            return true;
        }
    if (c == '"' || c == '\'')
        return read_string(job, out);
    bool negates = place == FILTER_TERM || (place == FILTER_GROUP && !is_digit_at(job, at + 1));
    if (c == '-' && negates) {
        out->kind = FILTER_MINUS;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
        if (starts_with(job, at, foreign[i].written) && !starts_with(job, at, "!=")) {
            out->where.end = at + strlen(foreign[i].written);
            return filter_fault(job, out->where, "FILTER_SYNTAX", foreign[i].meant,
                                "'%s' is not of this language", foreign[i].written);
        }
    for (size_t i = 0; i < ARRAY_LEN(comparators); i++)
        if (starts_with(job, at, comparators[i].text)) {
            out->kind = FILTER_COMPARATOR;
            out->comparator = comparators[i].comparator;
            out->where.end = at + strlen(comparators[i].text);
            return true;
        }
    return read_word(job, place, out);
}

bool filter_is_word(const filter_job *job, const filter_token *token, const char *word)
{
    size_t size = strlen(word);
    return token->kind == FILTER_TEXT && token->where.end - token->where.at == size &&
           !memcmp(job->text + token->where.at, word, size);
}
