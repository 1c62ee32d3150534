#include "registry/query/match.h"

#include "base/buffer.h"
#include "registry/index/words.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

// --- the question --------------------------------------------------------------------------------

search_fault search_words_make(const char *question, const char *language_code, arena *memory,
                               search_words *out)
{
    size_t size = strlen(question), at[SEARCH_MAX_WORDS];
    *out = (search_words){.language_code = language_code};
    if (size > 4 * SEARCH_MAX_POINTS ||
        u8_mbsnlen((const uint8_t *)question, size) > SEARCH_MAX_POINTS)
        return SEARCH_TOO_LONG;
    buffer text = {0}, whole = {0};
    word_cutter cutter;
    word w;
    bool many = false;
    word_cut(&cutter, question, size);
    while (!many && word_next(&cutter, &w)) {
        if (!w.joined) {
            many = out->count == SEARCH_MAX_WORDS;
            if (many)
                break;
            if (out->count)
                buffer_append_byte(&text, '\0');
            at[out->count] = text.size;
            out->words[out->count++].run = w.ideograph;
        }
        buffer_append(&text, w.text, w.size);
        buffer_append(&whole, w.text, w.size);
        out->words[out->count - 1].size += w.size;
        out->words[out->count - 1].points += w.points;
    }
    bool failed = text.failed || whole.failed;
    char *words = failed ? NULL : arena_strndup(memory, (const char *)text.data, text.size);
    out->whole = failed ? NULL : arena_strndup(memory, (const char *)whole.data, whole.size);
    buffer_fini(&text);
    buffer_fini(&whole);
    if (!words || !out->whole)
        return SEARCH_NO_MEMORY;
    for (size_t i = 0; i < out->count; i++)
        out->words[i].text = words + at[i];
    return many ? SEARCH_TOO_MANY_WORDS : out->count ? SEARCH_GOOD : SEARCH_NO_WORD;
}

// --- a text --------------------------------------------------------------------------------------

enum { MAX_PIECES = 1 << 16 }; // of one text; as many as it can have tokens

typedef struct piece {
    uint32_t at; // in `folded`
    uint16_t size;
    uint16_t points;
    uint32_t first, end; // in code points of the text
    bool ideograph, joined;
} piece;

typedef struct range {
    uint32_t first, end;
} range;

typedef struct matcher {
    const search_words *words;
    search_tier tier;
    buffer folded; // words of the text looked at, each with its NUL
    piece *pieces;
    size_t piece_count, piece_room;
    range ranges[MATCH_MAX_RANGES];
    size_t range_count;
    bool no_memory;
    unsigned all;  // words found in any text
    bool is_whole; // a name reads like the question

    text_at best; // text NULL: none yet
    unsigned best_words;
    int best_language;
    range best_ranges[MATCH_MAX_RANGES];
    size_t best_range_count;
} matcher;

static const char *folded_text(const matcher *m, size_t i)
{
    return (const char *)m->folded.data + m->pieces[i].at;
}

static bool cut(matcher *m, const char *text)
{
    word_cutter cutter;
    word w;
    buffer_clear(&m->folded);
    m->piece_count = 0;
    word_cut(&cutter, text, strlen(text));
    while (m->piece_count < MAX_PIECES && word_next(&cutter, &w)) {
        if (m->piece_count == m->piece_room) {
            size_t room = m->piece_room ? 2 * m->piece_room : 64;
            piece *grown = realloc(m->pieces, room * sizeof *grown);
            if (!grown)
                return false;
            m->pieces = grown;
            m->piece_room = room;
        }
        m->pieces[m->piece_count++] = (piece){.at = (uint32_t)m->folded.size,
                                              .size = (uint16_t)w.size,
                                              .points = (uint16_t)w.points,
                                              .first = w.first,
                                              .end = w.end,
                                              .ideograph = w.ideograph,
                                              .joined = w.joined};
        buffer_append(&m->folded, w.text, w.size + 1);
    }
    return !m->folded.failed;
}

// The room that each word has to be marked in.
static size_t share(const matcher *m)
{
    return MATCH_MAX_RANGES / m->words->count;
}

static void mark(matcher *m, uint32_t first, uint32_t end)
{
    if (m->range_count < MATCH_MAX_RANGES)
        m->ranges[m->range_count++] = (range){first, end};
}

static bool equals(const matcher *m, size_t i, const char *text, size_t size)
{
    return m->pieces[i].size == size && !memcmp(folded_text(m, i), text, size);
}

static bool find_word(matcher *m, const search_word *w)
{
    size_t found = 0;
    for (size_t i = 0; i < m->piece_count && found < share(m); i++)
        if (!m->pieces[i].ideograph && equals(m, i, w->text, w->size)) {
            mark(m, m->pieces[i].first, m->pieces[i].end);
            found++;
        }
    return found;
}

// Inside a word; two letters only where it begins, as their token says.
static bool find_part(matcher *m, const search_word *w)
{
    size_t found = 0;
    for (size_t i = 0; i < m->piece_count && found < share(m); i++) {
        const piece *p = &m->pieces[i];
        const char *text = folded_text(m, i), *at = p->ideograph ? NULL : strstr(text, w->text);
        if (!at || (w->points == 2 && at != text))
            continue;
        // Letter by letter only where folding kept their number.
        bool exact = p->points == p->end - p->first;
        uint32_t skip = (uint32_t)u8_mbsnlen((const uint8_t *)text, (size_t)(at - text));
        mark(m, exact ? p->first + skip : p->first,
             exact ? p->first + skip + (uint32_t)w->points : p->end);
        found++;
    }
    return found;
}

static size_t character_size(const char *text)
{
    int n = u8_mblen((const uint8_t *)text, strlen(text));
    return n > 0 ? (size_t)n : 1;
}

// How many pieces from i on are the first ones of these characters, side by side.
static size_t side_by_side(const matcher *m, size_t i, const char *text, size_t points)
{
    size_t n = 0;
    for (; n < points && i + n < m->piece_count; n++) {
        size_t size = character_size(text);
        if (!m->pieces[i + n].ideograph || (n && !m->pieces[i + n].joined) ||
            !equals(m, i + n, text, size))
            break;
        text += size;
    }
    return n;
}

static bool find_together(matcher *m, const char *text, size_t points)
{
    size_t found = 0;
    for (size_t i = 0; i < m->piece_count && found < share(m); i++)
        if (side_by_side(m, i, text, points) == points) {
            mark(m, m->pieces[i].first, m->pieces[i + points - 1].end);
            found++;
        }
    return found;
}

// Together if it stands so anywhere; else pair by pair, as it was found.
static bool find_run(matcher *m, const search_word *w)
{
    if (find_together(m, w->text, w->points))
        return true;
    bool any = false;
    const char *text = w->text;
    for (size_t i = 0; i + 1 < w->points; i++, text += character_size(text))
        any |= find_together(m, text, 2);
    return any;
}

// The characters in their order within one run, others between them: 自贸区 in 自由贸易试验区.
static bool find_in_order(matcher *m, const search_word *w)
{
    size_t start = m->range_count;
    for (size_t i = 0; i < m->piece_count;) {
        const char *text = w->text;
        size_t n = 0;
        m->range_count = start;
        do {
            size_t size = character_size(text);
            if (n < w->points && m->pieces[i].ideograph && equals(m, i, text, size)) {
                mark(m, m->pieces[i].first, m->pieces[i].end);
                text += size;
                n++;
            }
            i++;
        } while (i < m->piece_count && m->pieces[i].joined);
        if (n == w->points)
            return true;
    }
    m->range_count = start;
    return false;
}

static bool looked_at(search_tier tier, text_role role)
{
    switch (tier) {
    case SEARCH_WHOLE:
    case SEARCH_NAMES:
        return role == TEXT_NAME;
    case SEARCH_TITLES:
        return role != TEXT_PROSE;
    default:
        return true;
    }
}

static bool find(matcher *m, const search_word *w, text_role role)
{
    if (m->tier != SEARCH_PARTS || (!w->run && w->points == 1))
        return w->run ? find_run(m, w) : find_word(m, w);
    if (w->run)
        return role != TEXT_PROSE && find_in_order(m, w);
    return (role == TEXT_NAME || role == TEXT_MENTION) && find_part(m, w);
}

// 2: of the language asked for, or of a variety of it; 1: of a wider or sister tag; 0: neither.
static int language_fit(const char *asked, const char *has)
{
    size_t primary = strcspn(asked, "-"), size = strlen(asked);
    if (!size || strncasecmp(asked, has, primary) != 0 || (has[primary] && has[primary] != '-'))
        return 0;
    return !strncasecmp(asked, has, size) && (!has[size] || has[size] == '-') ? 2 : 1;
}

static bool is_better(const matcher *m, const text_at *at, unsigned found, int language)
{
    int more = __builtin_popcount(found) - __builtin_popcount(m->best_words);
    if (!m->best.text || more)
        return !m->best.text || more > 0;
    if (at->role != m->best.role)
        return at->role < m->best.role;
    return language > m->best_language;
}

static void keep(matcher *m, const text_at *at, unsigned found)
{
    int language = language_fit(m->words->language_code, at->language_code);
    m->all |= found;
    if (!found || !is_better(m, at, found, language))
        return;
    m->best = *at;
    m->best_words = found;
    m->best_language = language;
    m->best_range_count = m->range_count;
    memcpy(m->best_ranges, m->ranges, sizeof m->ranges);
}

static bool reads_like_question(const matcher *m)
{
    size_t size = m->folded.size - m->piece_count, used = 0;
    if (size != strlen(m->words->whole))
        return false;
    for (size_t i = 0; i < m->piece_count; used += m->pieces[i].size, i++)
        if (memcmp(m->words->whole + used, folded_text(m, i), m->pieces[i].size) != 0)
            return false;
    return size > 0;
}

static bool look(void *context, const text_at *at)
{
    matcher *m = context;
    if (!looked_at(m->tier, at->role))
        return true;
    if (!cut(m, at->text)) {
        m->no_memory = true;
        return false;
    }
    m->range_count = 0;
    if (at->role == TEXT_NAME && reads_like_question(m)) {
        m->is_whole = true;
        if (m->tier != SEARCH_WHOLE)
            return false;
        mark(m, m->pieces[0].first, m->pieces[m->piece_count - 1].end);
        keep(m, at, 1);
    }
    if (m->tier == SEARCH_WHOLE)
        return true;
    unsigned found = 0;
    for (size_t i = 0; i < m->words->count; i++)
        found |= (unsigned)find(m, &m->words->words[i], at->role) << i;
    keep(m, at, found);
    return true;
}

// The id is a name too, but only as a whole.
static void look_at_id(matcher *m, const char *name)
{
    const char *slash = strrchr(name, '/');
    text_at at = {.role = TEXT_NAME,
                  .text = slash ? slash + 1 : name,
                  .language_code = "",
                  .depth = 1,
                  .fields = {"name"}};
    m->no_memory = !cut(m, at.text);
    if (m->no_memory || !reads_like_question(m))
        return;
    m->is_whole = true;
    m->range_count = 0;
    mark(m, m->pieces[0].first, m->pieces[m->piece_count - 1].end);
    keep(m, &at, 1);
}

// --- the fragment --------------------------------------------------------------------------------

static int by_first(const void *a, const void *b)
{
    const range *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

// In order, those that touch made one.
static size_t tidy(range *ranges, size_t count)
{
    size_t kept = 0;
    qsort(ranges, count, sizeof *ranges, by_first);
    for (size_t i = 0; i < count; i++) {
        if (kept && ranges[i].first <= ranges[kept - 1].end) {
            if (ranges[i].end > ranges[kept - 1].end)
                ranges[kept - 1].end = ranges[i].end;
        } else {
            ranges[kept++] = ranges[i];
        }
    }
    return kept;
}

enum { BEFORE = 40, GIVE = 20 }; // code points shown before a match; given up for a whole word

// Code points of a stretch of text, and where they begin.
typedef struct stretch {
    ucs4_t points[MATCH_MAX_POINTS + 1];
    size_t at[MATCH_MAX_POINTS + 2];
    size_t count;
    bool goes_on;
} stretch;

static bool is_mark(ucs4_t c)
{
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_Cf);
}

static void read_stretch(const char *text, size_t size, uint32_t skip, stretch *out)
{
    size_t at = 0;
    *out = (stretch){0};
    for (uint32_t i = 0; at < size && out->count <= MATCH_MAX_POINTS; i++) {
        ucs4_t c;
        int n = u8_mbtouc(&c, (const uint8_t *)text + at, size - at);
        if (i >= skip) {
            out->at[out->count] = at;
            out->points[out->count++] = c;
        }
        at += (size_t)n;
    }
    out->at[out->count] = at;
    out->goes_on = out->count > MATCH_MAX_POINTS;
    if (out->goes_on)
        out->count = MATCH_MAX_POINTS;
}

static void cut_fragment(const matcher *m, range *ranges, size_t count, search_match *out)
{
    const char *text = m->best.text;
    size_t size = strlen(text), points = u8_mbsnlen((const uint8_t *)text, size);
    uint32_t skip = ranges[0].first > BEFORE ? ranges[0].first - BEFORE : 0;
    if (points <= MATCH_MAX_POINTS)
        skip = 0;
    else if (skip + MATCH_MAX_POINTS > points)
        skip = (uint32_t)(points - MATCH_MAX_POINTS);
    stretch s;
    read_stretch(text, size, skip, &s);
    // Begin behind a blank if one is near, else at least with a letter and not with its marks.
    size_t lead = ranges[0].first - skip, first = 0, end = s.count;
    if (skip) {
        for (size_t i = 0; i < GIVE && i < lead && !first; i++)
            first = uc_is_property_white_space(s.points[i]) ? i + 1 : 0;
        while (first < lead && is_mark(s.points[first]))
            first++;
    }
    if (s.goes_on) {
        size_t blank = end;
        while (blank + GIVE > end && blank > lead + 1 &&
               !uc_is_property_white_space(s.points[blank]))
            blank--;
        if (uc_is_property_white_space(s.points[blank]))
            end = blank;
        while (end > lead + 1 && is_mark(s.points[end]))
            end--;
    }
    out->fragment = text + s.at[first];
    out->fragment_size = s.at[end] - s.at[first];
    uint32_t from = skip + (uint32_t)first, to = skip + (uint32_t)end;
    for (size_t i = 0; i < count && ranges[i].first < to; i++) {
        uint32_t last = ranges[i].end < to ? ranges[i].end : to;
        out->offsets[out->offset_count++] = (int32_t)(ranges[i].first - from);
        out->offsets[out->offset_count++] = (int32_t)(last - from);
    }
}

match_result search_match_resource(const search_words *words, search_tier tier,
                                   const resource_type *type, const char *name,
                                   const ProtobufCMessage *message, search_match *out)
{
    matcher m = {.words = words, .tier = tier};
    *out = (search_match){0};
    texts_visit(type, message, look, &m);
    if (!m.no_memory && !m.is_whole)
        look_at_id(&m, name);
    bool found = m.best.text && m.is_whole == (tier == SEARCH_WHOLE) &&
                 (tier != SEARCH_PARTS || m.all == (1u << words->count) - 1) &&
                 text_path(&m.best, out->path, sizeof out->path);
    if (found)
        cut_fragment(&m, m.best_ranges, tidy(m.best_ranges, m.best_range_count), out);
    bool no_memory = m.no_memory;
    buffer_fini(&m.folded);
    free(m.pieces);
    return no_memory ? MATCH_NO_MEMORY : found ? MATCH_FOUND : MATCH_NONE;
}
