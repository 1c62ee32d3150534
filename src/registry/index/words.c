// Folding. Each code point by itself: its compatibility decomposition (NFKD) without nonspacing and
// enclosing marks and format characters, case-folded in full. So Ü is u, ß ss, Ａ a, й и, ئ ي, ガ
// カ; a Hangul syllable is its letters. Some Latin letters that Unicode does not take apart go to
// what they are typed as: ı i, ø o, đ d, ð d, ł l, ħ h, æ ae, œ oe, þ th. Traditional and
// simplified characters are not brought together: that takes a dictionary.
//
// Cutting. A word is a run of letters, digits and spacing marks. An apostrophe within a word is
// left out (Huo'erguosi is huoerguosi, Xi'an xian), and a final 's along with it (the zone's: the,
// zone). A character of a script that is written without blanks (Han, kana, bopomofo) is a word by
// itself; it is joined to the one before if nothing but punctuation stands between: 中国（新疆） is
// one run.
//
// Word breaks as in UAX 29 were not taken: they need a dictionary for these scripts all the same,
// and split or join at points and colons in ways that nobody searching thinks of.
#include "registry/index/words.h"

#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

enum { SEPARATOR = -1, BLANK = -2, APOSTROPHE = -3 };

static bool in(ucs4_t c, ucs4_t first, ucs4_t last)
{
    return c >= first && c <= last;
}

static bool is_plain_han(ucs4_t c)
{
    return in(c, 0x4E00, 0x9FFF) || in(c, 0x3400, 0x4DBF) || in(c, 0x20000, 0x2F7FF) ||
           in(c, 0x30000, 0x3FFFD);
}

static bool is_ideograph(int32_t point)
{
    ucs4_t c = (ucs4_t)point;
    return point >= 0x3005 &&
           (is_plain_han(c) || in(c, 0x3005, 0x3007) || in(c, 0x3021, 0x3029) ||
            in(c, 0x3041, 0x30FF) || in(c, 0x3105, 0x312F) || in(c, 0x31A0, 0x31BF) ||
            in(c, 0x31F0, 0x31FF) || in(c, 0xF900, 0xFAFF));
}

// A letter as it is, or what kind of gap it makes; 0: nothing, it is dropped.
static int32_t classify(ucs4_t c)
{
    if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Mn | UC_CATEGORY_MASK_Me |
                                                UC_CATEGORY_MASK_Cf) ||
        c == 0x0640) // tatweel only stretches a word
        return 0;
    if (c == '\'' || in(c, 0x2018, 0x2019) || in(c, 0x02BB, 0x02BC))
        return APOSTROPHE;
    if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N |
                                                UC_CATEGORY_MASK_Mc))
        return (int32_t)c;
    return uc_is_property_white_space(c) ? BLANK : SEPARATOR;
}

static const char *typed_as(ucs4_t c)
{
    switch (c) {
    case 0x0131:
        return "i";
    case 0x00F8:
        return "o";
    case 0x0111:
    case 0x00F0:
        return "d";
    case 0x0142:
        return "l";
    case 0x0127:
        return "h";
    case 0x00E6:
        return "ae";
    case 0x0153:
        return "oe";
    case 0x00FE:
        return "th";
    default:
        return NULL;
    }
}

static void give(word_cutter *c, int32_t point)
{
    if (point && c->count < sizeof c->pending / sizeof *c->pending)
        c->pending[c->count++] = point;
}

static void fold_slowly(word_cutter *c, ucs4_t given)
{
    ucs4_t parts[32], folded[8];
    size_t count = sizeof parts / sizeof *parts;
    uint32_t *decomposed = u32_normalize(UNINORM_NFKD, &given, 1, parts, &count);
    if (decomposed != parts) { // no decomposition is so long
        free(decomposed);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        int32_t kind = classify(parts[i]);
        size_t n = sizeof folded / sizeof *folded;
        if (kind <= 0 || is_ideograph(kind)) {
            give(c, kind);
            continue;
        }
        uint32_t *result = u32_casefold(&parts[i], 1, NULL, NULL, folded, &n);
        for (size_t j = 0; result && j < n; j++) {
            const char *typed = typed_as(result[j]);
            for (const char *t = typed; t && *t; t++)
                give(c, *t);
            if (!typed)
                give(c, (int32_t)result[j]);
        }
        if (result != folded)
            free(result);
    }
}

static void fold(word_cutter *c, ucs4_t given)
{
    c->taken = c->count = 0;
    if (in(given, 'a', 'z') || in(given, '0', '9') || is_plain_han(given))
        give(c, (int32_t)given);
    else if (in(given, 'A', 'Z'))
        give(c, (int32_t)given + ('a' - 'A'));
    else if (given < 0x80)
        give(c, given == '\''                           ? APOSTROPHE
                : given == ' ' || in(given, '\t', '\r') ? BLANK
                                                        : SEPARATOR);
    else
        fold_slowly(c, given);
}

void word_cut(word_cutter *c, const char *text, size_t size)
{
    *c = (word_cutter){.next = (const uint8_t *)text};
    c->end = size ? c->next + size : c->next;
}

// Sees to it that there is a folded code point; false at the end of the text. *marks: whether code
// points that fold to nothing were passed over.
static bool fill(word_cutter *c, bool *marks)
{
    *marks = false;
    while (c->taken == c->count) {
        ucs4_t given;
        if (c->next == c->end)
            return false;
        int n = u8_mbtoucr(&given, c->next, (size_t)(c->end - c->next));
        if (n <= 0) {
            c->next = c->end;
            return false;
        }
        c->next += n;
        c->at++;
        fold(c, given);
        *marks |= c->count == 0;
    }
    return true;
}

// Whether a possessive ends here: an s behind the apostrophe just read, and no letter after it.
static bool is_possessive(const word_cutter *c)
{
    word_cutter ahead = *c;
    bool marks;
    ahead.taken++;
    if (!fill(&ahead, &marks) || ahead.pending[ahead.taken] != 's')
        return false;
    ahead.taken++;
    return !fill(&ahead, &marks) || ahead.pending[ahead.taken] < 0 ||
           is_ideograph(ahead.pending[ahead.taken]);
}

// Whether a letter follows the apostrophe just read.
static bool goes_on(const word_cutter *c)
{
    word_cutter ahead = *c;
    bool marks;
    ahead.taken++;
    return fill(&ahead, &marks) && ahead.pending[ahead.taken] > 0 &&
           !is_ideograph(ahead.pending[ahead.taken]);
}

static void append(word *out, int32_t point)
{
    if (out->points == WORD_MAX_POINTS)
        return;
    int n = u8_uctomb((uint8_t *)out->text + out->size, (ucs4_t)point,
                      (ptrdiff_t)(WORD_MAX_SIZE - out->size));
    if (n > 0) {
        out->size += (size_t)n;
        out->points++;
    }
}

// Skips what makes no word. False at the end.
static bool skip_gap(word_cutter *c)
{
    bool marks;
    while (fill(c, &marks)) {
        int32_t point = c->pending[c->taken];
        if (point > 0)
            return true;
        if (point == BLANK)
            c->after_ideograph = false;
        c->taken++;
    }
    return false;
}

static void take_ideograph(word_cutter *c, word *out)
{
    out->ideograph = true;
    out->joined = c->after_ideograph;
    append(out, c->pending[c->taken++]);
    c->after_ideograph = true;
}

static void take_word(word_cutter *c, word *out)
{
    bool marks;
    c->after_ideograph = false;
    for (uint32_t before = c->at; fill(c, &marks); before = c->at) {
        int32_t point = c->pending[c->taken];
        // Marks belong to the letter before, the code point that ended the word does not.
        out->end = c->taken == 0 && marks ? c->at - 1 : before;
        if (point == APOSTROPHE && is_possessive(c)) {
            c->taken++;
            (void)fill(c, &marks);
            c->taken++;
            return;
        }
        if ((point < 0 && !(point == APOSTROPHE && goes_on(c))) || is_ideograph(point))
            return;
        if (point > 0)
            append(out, point);
        c->taken++;
        out->end = c->at;
    }
    out->end = c->at;
}

bool word_next(word_cutter *c, word *out)
{
    if (!skip_gap(c))
        return false;
    // All but the text, which is long and mostly not used.
    out->size = out->points = 0;
    out->ideograph = out->joined = false;
    out->first = c->at - 1;
    if (is_ideograph(c->pending[c->taken])) {
        take_ideograph(c, out);
        out->end = c->at;
    } else {
        take_word(c, out);
    }
    out->text[out->size] = '\0';
    return true;
}
