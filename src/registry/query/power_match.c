#include "registry/query/power_match.h"

#include "base/buffer.h"
#include "registry/index/words.h"
#include "registry/registry_private.h"

#include <stdlib.h>
#include <string.h>

#define MATCH(name) FTZ__V1__POWER_MATCH__POWER_MATCH_##name

static const char subjects_parent[] = "vocabularies/subjects";

struct subject_term {
    const char *code;
    const char *folded; // its names
    bool broad;
};

// --- text ----------------------------------------------------------------------------------------

// Appends the words of the text, each with a blank before it, but for characters that are joined to
// the one before: " land use", " 土地".
static bool fold(const char *text, buffer *out)
{
    word_cutter cutter;
    word w;
    word_cut(&cutter, text, strlen(text));
    while (word_next(&cutter, &w)) {
        if (!w.joined)
            buffer_append_byte(out, ' ');
        buffer_append(out, w.text, w.size);
    }
    return !out->failed;
}

bool power_match_has_words(const char *text)
{
    word_cutter cutter;
    word w;
    word_cut(&cutter, text, strlen(text));
    return word_next(&cutter, &w);
}

// Words become " word " and runs of characters stay as they are: both are then looked for as
// strings in folded text with a blank behind it.
static bool split_words(const char *text, arena *memory, const char ***out)
{
    buffer folded = {0};
    bool good = fold(text, &folded) && buffer_append_byte(&folded, '\0');
    size_t count = 0;
    char *copy = good ? arena_strndup(memory, (char *)folded.data, folded.size) : NULL;
    buffer_fini(&folded);
    for (char *c = copy; c && *c; c++)
        count += *c == ' ';
    const char **words = arena_alloc(memory, (count + 1) * sizeof *words);
    if (!copy || !words)
        return false;
    char *next = NULL;
    size_t n = 0;
    for (char *w = strtok_r(copy, " ", &next); w; w = strtok_r(NULL, " ", &next)) {
        word_cutter cutter;
        word first;
        word_cut(&cutter, w, strlen(w));
        bool run = word_next(&cutter, &first) && first.ideograph;
        words[n] = run ? w : arena_printf(memory, " %s ", w);
        if (!words[n++])
            return false;
    }
    words[n] = NULL;
    *out = words;
    return true;
}

static bool stands_in(const power_matcher *m, const buffer *folded)
{
    for (const char *const *w = m->words; *w; w++)
        if (!strstr((const char *)folded->data, *w))
            return false;
    return true;
}

// --- the vocabulary ------------------------------------------------------------------------------

typedef struct reading {
    question *question;
    power_matcher *matcher;
    scratch scratch;
    buffer folded;
    size_t capacity;
    bool failed;
} reading;

static bool reserve_term(reading *r)
{
    power_matcher *m = r->matcher;
    if (m->term_count < r->capacity)
        return true;
    size_t capacity = r->capacity ? 2 * r->capacity : 64;
    subject_term *more = arena_alloc(r->question->memory, capacity * sizeof *more);
    if (!more)
        return false;
    if (m->term_count)
        memcpy(more, m->terms, m->term_count * sizeof *more);
    m->terms = more;
    r->capacity = capacity;
    return true;
}

static bool read_term(void *context, const store_record *record)
{
    reading *r = context;
    power_matcher *m = r->matcher;
    arena *memory = r->question->memory;
    scratch_reset(&r->scratch);
    buffer_clear(&r->folded);
    const Ftz__V1__Term *term =
        question_unpack(r->question, RESOURCE_TERM, record, &r->scratch.memory);
    bool good = term && reserve_term(r) && fold(term->display_name, &r->folded);
    for (size_t i = 0; good && i < term->n_names; i++)
        good = fold(term->names[i]->text, &r->folded);
    if (good) {
        const char *code = strrchr(record->name, '/') + 1;
        subject_term *out = &m->terms[m->term_count];
        *out = (subject_term){
            .code = arena_strndup(memory, code, strlen(code)),
            .folded = arena_strndup(memory, (const char *)r->folded.data, r->folded.size),
            .broad = term->open_ended,
        };
        good = out->code && out->folded;
    }
    r->failed = !good;
    return good && ++m->term_count < POWER_MATCH_MAX_SUBJECTS;
}

static int by_code(const void *code, const void *term)
{
    return strcmp(code, ((const subject_term *)term)->code);
}

static const subject_term *find_term(const power_matcher *m, const char *code)
{
    // They were read by name, and so by code.
    return m->term_count ? bsearch(code, m->terms, m->term_count, sizeof *m->terms, by_code) : NULL;
}

nrpc_code power_matcher_init(power_matcher *m, question *q, char *const *codes, size_t code_count,
                             const char *text, nrpc_status *status)
{
    *m = (power_matcher){.codes = codes, .code_count = code_count};
    if (*text && !split_words(text, q->memory, &m->words))
        return question_no_memory(status);
    if (!*text && !code_count)
        return NRPC_OK;
    reading r = {.question = q, .matcher = m};
    store_query query = {.type = "Term", .parent = subjects_parent};
    int64_t revision;
    scratch_init(&r.scratch);
    nrpc_code code =
        store_list(q->registry->store, &q->context, &query, read_term, &r, &revision, status);
    scratch_fini(&r.scratch);
    buffer_fini(&r.folded);
    return !code && r.failed ? question_no_memory(status) : code;
}

// --- one delegation ------------------------------------------------------------------------------

enum { NO_MATCH = 0 };

typedef struct trial {
    const power_matcher *matcher;
    const Ftz__V1__PowerDelegation *delegation;
    buffer folded;
    bool failed;
} trial;

static void fold_tag(trial *t, const Ftz__V1__Tag *tag)
{
    const subject_term *term = find_term(t->matcher, tag->code);
    fold(tag->label, &t->folded);
    fold(tag->code, &t->folded);
    if (term)
        buffer_append_text(&t->folded, term->folded);
}

// Whether the words asked for stand in what was folded, and forgets it.
static bool words_stand(trial *t)
{
    bool good = buffer_append(&t->folded, " ", 2) && !t->folded.failed; // with a NUL
    bool stand = good && stands_in(t->matcher, &t->folded);
    t->failed |= !good;
    buffer_clear(&t->folded);
    return stand;
}

static bool tag_has_words(trial *t, const Ftz__V1__Tag *tag)
{
    fold_tag(t, tag);
    return words_stand(t);
}

static bool text_has_words(trial *t, const char *text)
{
    fold(text, &t->folded);
    return words_stand(t);
}

static bool item_has_words(trial *t, const Ftz__V1__PowerItem *item)
{
    fold(item->title, &t->folded);
    fold(item->code, &t->folded);
    for (size_t i = 0; i < item->n_subjects; i++)
        fold_tag(t, item->subjects[i]);
    return words_stand(t);
}

static bool has_code(Ftz__V1__Tag *const *tags, size_t count, const char *code)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(tags[i]->code, code))
            return true;
    return false;
}

static bool has_any_code(const power_matcher *m, Ftz__V1__Tag *const *tags, size_t count)
{
    for (size_t i = 0; i < m->code_count; i++)
        if (has_code(tags, count, m->codes[i]))
            return true;
    return false;
}

static bool item_matches(trial *t, const Ftz__V1__PowerItem *item)
{
    const power_matcher *m = t->matcher;
    return (!m->code_count || has_any_code(m, item->subjects, item->n_subjects)) &&
           (!m->words || item_has_words(t, item));
}

// Whether the list of items is all there is, and tells of each what it is about, if that is asked.
static bool list_settles(const trial *t)
{
    const Ftz__V1__PowerDelegation *d = t->delegation;
    size_t listed = 0;
    for (size_t i = 0; i < d->n_items; i++) {
        if (d->items[i]->excluded)
            continue;
        listed++;
        if (t->matcher->code_count && !d->items[i]->n_subjects)
            return false;
    }
    return listed && (d->item_count <= 0 || listed >= (size_t)d->item_count);
}

static bool is_general(const trial *t)
{
    const Ftz__V1__PowerDelegation *d = t->delegation;
    for (size_t i = 0; i < d->n_subjects; i++) {
        const subject_term *term = find_term(t->matcher, d->subjects[i]->code);
        if (term && term->broad)
            return true;
    }
    return !d->n_subjects;
}

// How it answers to something that none of its subjects is, and that is not barred.
static int weak_match(const trial *t)
{
    if (t->delegation->mode == FTZ__V1__DELEGATION_MODE__DELEGATION_MODE_NEGATIVE_LIST)
        return MATCH(NOT_EXCLUDED);
    return is_general(t) && !list_settles(t) ? MATCH(GENERAL) : NO_MATCH;
}

static bool code_is_listed_as_excluded(const Ftz__V1__PowerDelegation *d, const char *code)
{
    for (size_t i = 0; i < d->n_items; i++)
        if (d->items[i]->excluded && has_code(d->items[i]->subjects, d->items[i]->n_subjects, code))
            return true;
    return false;
}

// An excluded item bars a power about the subject, an exclusion the subject.
static int match_codes(const trial *t)
{
    const Ftz__V1__PowerDelegation *d = t->delegation;
    int best = NO_MATCH;
    for (size_t i = 0; i < t->matcher->code_count; i++) {
        const char *code = t->matcher->codes[i];
        if (has_code(d->exclusions, d->n_exclusions, code))
            continue;
        if (has_code(d->subjects, d->n_subjects, code))
            return MATCH(SUBJECT);
        if (!best && !code_is_listed_as_excluded(d, code))
            best = weak_match(t);
    }
    return best;
}

static int match_words(trial *t)
{
    const Ftz__V1__PowerDelegation *d = t->delegation;
    for (size_t i = 0; i < d->n_exclusions; i++)
        if (tag_has_words(t, d->exclusions[i]))
            return NO_MATCH;
    for (size_t i = 0; i < d->n_items; i++)
        if (d->items[i]->excluded && item_has_words(t, d->items[i]))
            return NO_MATCH;
    if (text_has_words(t, d->display_name) || text_has_words(t, d->item_label))
        return MATCH(SUBJECT);
    for (size_t i = 0; i < d->n_subjects; i++)
        if (tag_has_words(t, d->subjects[i]))
            return MATCH(SUBJECT);
    for (size_t i = 0; i < d->n_counts; i++)
        if (text_has_words(t, d->counts[i]->label))
            return MATCH(SUBJECT);
    return weak_match(t);
}

static int match_whole(trial *t)
{
    const power_matcher *m = t->matcher;
    int codes = m->code_count ? match_codes(t) : NO_MATCH;
    int words = m->words ? match_words(t) : NO_MATCH;
    if ((m->code_count && !codes) || (m->words && !words))
        return NO_MATCH;
    return codes > words ? codes : words;
}

bool power_matcher_try(const power_matcher *m, const Ftz__V1__PowerDelegation *d,
                       power_item_fn offers, void *context, arena *memory, power_match *out)
{
    trial t = {.matcher = m, .delegation = d};
    bool elsewhere = false; // one matches, but is not to be had
    *out = (power_match){0};
    if (!m->code_count && !m->words) {
        out->matches = true;
        return true;
    }
    out->items = arena_alloc(memory, (d->n_items + 1) * sizeof *out->items);
    if (!out->items)
        return false;
    for (size_t i = 0; i < d->n_items; i++) {
        if (d->items[i]->excluded || !item_matches(&t, d->items[i]))
            continue;
        if (offers(context, i))
            out->items[out->item_count++] = i;
        else
            elsewhere = true;
    }
    int level = out->item_count                 ? MATCH(ITEM)
                : elsewhere && list_settles(&t) ? NO_MATCH
                                                : match_whole(&t);
    out->matches = level != NO_MATCH;
    out->level = (Ftz__V1__PowerMatch)level;
    buffer_fini(&t.folded);
    return !t.failed;
}
