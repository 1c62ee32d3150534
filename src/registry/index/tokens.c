// Forms of tokens. Text is as words.c folds it; what stands before it tells the columns apart, by
// private-use characters, which no word has:
//
//   column  token
//   0       U+E005, the words of a name one behind the other, at most MAX_WHOLE bytes
//   1       U+E006, word
//   2       U+E007, word
//   3       word
//   4       U+E008, three code points of a word of a name
//           U+E000, the first two code points of such a word
//           U+E001, singular name of the type in small letters
//           U+E002, id of the zone, with U+E003 for "-" and U+E004 for "_"
//
// Of a run of ideographs each is a word, and each two side by side are. A column holds each token
// once, in bytewise order. Of a text longer than all sense, what comes behind the first MAX_TOKENS
// or MAX_BYTES of a column is not found.
#include "registry/index/tokens.h"

#include "base/buffer.h"
#include "ftz/v1/resources.pb-c.h"
#include "registry/index/texts.h"
#include "registry/index/words.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define START   "\xEE\x80\x80"
#define TYPE    "\xEE\x80\x81"
#define ZONE    "\xEE\x80\x82"
#define HYPHEN  "\xEE\x80\x83"
#define LOWLINE "\xEE\x80\x84"
#define WHOLE   "\xEE\x80\x85"
#define NAME    "\xEE\x80\x86"
#define TITLE   "\xEE\x80\x87"
#define PART    "\xEE\x80\x88"

enum { MAX_TOKENS = 1 << 16, MAX_BYTES = 1 << 20, MAX_WHOLE = 2048, TRIGRAM = 3 };

// Tokens of one column, one behind the other: size (uint32_t), text, NUL.
typedef struct token_set {
    buffer text;
    size_t count;
} token_set;

static void add(token_set *s, const char *head, const char *text, size_t size)
{
    size_t head_size = strlen(head);
    uint32_t whole = (uint32_t)(head_size + size);
    if (s->count == MAX_TOKENS || s->text.size > MAX_BYTES)
        return;
    uint8_t *room = buffer_reserve(&s->text, sizeof whole + whole + 1);
    if (!room)
        return;
    memcpy(room, &whole, sizeof whole);
    memcpy(room + sizeof whole, head, head_size);
    memcpy(room + sizeof whole + head_size, text, size);
    room[sizeof whole + whole] = '\0';
    s->text.size += sizeof whole + whole + 1;
    s->count++;
}

typedef struct token {
    uint64_t key; // orders as the text does, as far as it goes
    const char *text;
    uint32_t size;
} token;

// The eight bytes behind those that all tokens with a head begin with.
static uint64_t key_of(const char *text, uint32_t size)
{
    enum { ALIKE = 2 };
    uint8_t bytes[8] = {0};
    uint64_t key;
    if (size > ALIKE && !memcmp(text, START, ALIKE)) {
        text += ALIKE;
        size -= ALIKE;
    }
    memcpy(bytes, text, size < sizeof bytes ? size : sizeof bytes);
    memcpy(&key, bytes, sizeof key);
    return be64toh(key);
}

static int by_text(const void *a, const void *b)
{
    const token *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return strcmp(x->text, y->text);
}

typedef struct sorted_tokens {
    token *tokens;
    size_t count;
} sorted_tokens;

// Each once, sorted, in the arena.
static bool sort(const token_set *s, arena *memory, sorted_tokens *out)
{
    *out = (sorted_tokens){0};
    if (s->text.failed)
        return false;
    if (!s->count)
        return true;
    char *copy = arena_alloc(memory, s->text.size);
    token *tokens = arena_alloc(memory, s->count * sizeof *tokens);
    if (!copy || !tokens)
        return false;
    memcpy(copy, s->text.data, s->text.size);
    for (size_t i = 0; i < s->count; i++) {
        token *t = &tokens[i];
        memcpy(&t->size, copy, sizeof t->size);
        t->text = copy + sizeof t->size;
        t->key = key_of(t->text, t->size);
        copy += sizeof t->size + t->size + 1;
    }
    qsort(tokens, s->count, sizeof *tokens, by_text);
    for (size_t i = 0; i < s->count; i++)
        if (!i || by_text(&tokens[i], &tokens[out->count - 1]) != 0)
            tokens[out->count++] = tokens[i];
    out->tokens = tokens;
    return true;
}

static bool take_list(const token_set *s, arena *memory, token_list *out)
{
    sorted_tokens sorted;
    *out = (token_list){0};
    if (!sort(s, memory, &sorted))
        return false;
    const char **tokens = arena_alloc(memory, (sorted.count + 1) * sizeof *tokens);
    if (!tokens)
        return false;
    for (size_t i = 0; i < sorted.count; i++)
        tokens[i] = sorted.tokens[i].text;
    *out = (token_list){tokens, sorted.count};
    return true;
}

// With blanks between them.
static bool join(const token_set *s, arena *memory, store_bytes *out)
{
    sorted_tokens sorted;
    size_t size = 0;
    if (!sort(s, memory, &sorted))
        return false;
    for (size_t i = 0; i < sorted.count; i++)
        size += sorted.tokens[i].size + 1;
    char *text = arena_alloc(memory, size + 1), *next = text;
    if (!text)
        return false;
    for (size_t i = 0; i < sorted.count; i++) {
        if (i)
            *next++ = ' ';
        memcpy(next, sorted.tokens[i].text, sorted.tokens[i].size);
        next += sorted.tokens[i].size;
    }
    *out = (store_bytes){text, (size_t)(next - text)};
    return true;
}

// --- words ---------------------------------------------------------------------------------------

typedef struct token_sets {
    token_set columns[STORE_SEARCH_COLUMNS];
} token_sets;

static void add_word(token_sets *s, unsigned columns, const char *text, size_t size)
{
    static const char *const heads[STORE_SEARCH_COLUMNS] = {WHOLE, NAME, TITLE, "", PART};
    for (int i = 0; i < STORE_SEARCH_COLUMNS; i++)
        if (columns & 1u << i)
            add(&s->columns[i], heads[i], text, size);
}

// lone_too: of ideographs that stand in a run each by itself as well.
static void add_words(token_sets *s, unsigned columns, const char *text, size_t size, bool lone_too)
{
    word_cutter cutter;
    word words[2], *w = &words[0], *before = &words[1];
    bool more;
    word_cut(&cutter, text, size);
    for (bool first = true; (more = word_next(&cutter, w)) || !first; first = false) {
        bool pair = more && w->joined;
        // Whether the word before stands alone is known only now.
        if (!first && (lone_too || !before->ideograph || (!before->joined && !pair)))
            add_word(s, columns, before->text, before->size);
        if (pair) {
            char two[2 * WORD_MAX_SIZE + 1];
            memcpy(two, before->text, before->size);
            memcpy(two + before->size, w->text, w->size + 1);
            add_word(s, columns, two, before->size + w->size);
        }
        if (!more)
            break;
        word *other = before;
        before = w;
        w = other;
    }
}

static size_t whole_name(const char *text, size_t size, char out[MAX_WHOLE])
{
    word_cutter cutter;
    word w;
    size_t used = 0;
    word_cut(&cutter, text, size);
    while (word_next(&cutter, &w) && used + w.size <= MAX_WHOLE) {
        memcpy(out + used, w.text, w.size);
        used += w.size;
    }
    return used;
}

static size_t point_size(char lead)
{
    uint8_t c = (uint8_t)lead;
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

// The bytes of the next n code points; 0 where there are fewer.
static size_t points_size(const char *text, size_t n)
{
    size_t size = 0;
    for (; n; n--) {
        if (!text[size])
            return 0;
        size += point_size(text[size]);
    }
    return size;
}

static void add_trigrams(token_set *s, const char *text)
{
    for (size_t size; (size = points_size(text, TRIGRAM)); text += point_size(*text))
        add(s, PART, text, size);
}

static void add_parts(token_set *s, const char *text, size_t size)
{
    word_cutter cutter;
    word w;
    word_cut(&cutter, text, size);
    while (word_next(&cutter, &w)) {
        size_t start = points_size(w.text, 2);
        if (w.ideograph || !start)
            continue;
        add(s, START, w.text, start);
        add_trigrams(s, w.text);
    }
}

// --- of a resource -------------------------------------------------------------------------------

static void add_whole(token_sets *s, const char *text, size_t size)
{
    char whole[MAX_WHOLE];
    size = whole_name(text, size, whole);
    if (size)
        add_word(s, TOKENS_WHOLE, whole, size);
}

static bool add_text(void *context, const text_at *at)
{
    static const unsigned columns[] = {
        [TEXT_NAME] = TOKENS_NAMES | TOKENS_TITLES | TOKENS_WORDS,
        [TEXT_MENTION] = TOKENS_TITLES | TOKENS_WORDS,
        [TEXT_TITLE] = TOKENS_TITLES | TOKENS_WORDS,
        [TEXT_PROSE] = TOKENS_WORDS,
    };
    token_sets *s = context;
    size_t size = strlen(at->text);
    if (at->role == TEXT_NAME)
        add_whole(s, at->text, size);
    if (at->role == TEXT_NAME || at->role == TEXT_MENTION)
        add_parts(&s->columns[4], at->text, size);
    add_words(s, columns[at->role], at->text, size, true);
    return true;
}

static void add_type(token_set *s, const resource_type *type)
{
    char text[64];
    size_t size = 0;
    for (const char *c = type->singular; *c && size < sizeof text; c++)
        text[size++] = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
    add(s, TYPE, text, size);
}

// name: of the zone, or of what lies in it.
static void add_zone(token_set *s, const char *name)
{
    static const char collection[] = "zones/";
    char text[256], *next = text;
    if (strncmp(name, collection, sizeof collection - 1) != 0)
        return;
    name += sizeof collection - 1;
    for (; *name && *name != '/' && next < text + sizeof text - 4; name++) {
        if (*name == '-')
            next = stpcpy(next, HYPHEN);
        else if (*name == '_')
            next = stpcpy(next, LOWLINE);
        else
            *next++ = *name;
    }
    add(s, ZONE, text, (size_t)(next - text));
}

bool tokens_make(const resource_type *type, const char *name, const ProtobufCMessage *message,
                 arena *memory, store_index *index)
{
    token_sets s = {0};
    const char *slash = strrchr(name, '/');
    const char *id = slash ? slash + 1 : name;
    bool good = true;
    texts_visit(type, message, add_text, &s);
    add_whole(&s, id, strlen(id));
    add_type(&s.columns[4], type);
    add_zone(&s.columns[4], name);
    if (message->descriptor == &ftz__v1__event__descriptor) {
        const Ftz__V1__Event *event = (const Ftz__V1__Event *)message;
        for (size_t i = 0; i < event->n_zones; i++)
            add_zone(&s.columns[4], event->zones[i]);
    }
    for (int i = 0; i < STORE_SEARCH_COLUMNS; i++) {
        good = good && join(&s.columns[i], memory, &index->search[i]);
        buffer_fini(&s.columns[i].text);
    }
    return good;
}

// --- of a question -------------------------------------------------------------------------------

static bool finish(token_set *s, arena *memory, token_list *out)
{
    bool good = take_list(s, memory, out);
    buffer_fini(&s->text);
    return good;
}

static bool finish_one(token_set *s, arena *memory, const char **out)
{
    token_list list;
    bool good = finish(s, memory, &list);
    *out = list.count ? list.tokens[0] : NULL;
    return good;
}

bool tokens_of_query(unsigned column, const char *text, size_t size, arena *memory, token_list *out)
{
    token_sets s = {0};
    add_words(&s, column, text, size, false);
    return finish(&s.columns[__builtin_ctz(column)], memory, out);
}

bool tokens_of_name(const char *text, size_t size, arena *memory, const char **out)
{
    token_sets s = {0};
    add_whole(&s, text, size);
    return finish_one(&s.columns[0], memory, out);
}

bool tokens_of_part(const char *text, size_t size, arena *memory, token_list *out)
{
    token_set s = {0};
    word_cutter cutter;
    word w;
    word_cut(&cutter, text, size);
    while (word_next(&cutter, &w)) {
        size_t start = points_size(w.text, 2);
        if (w.ideograph || !start)
            continue;
        if (start == w.size)
            add(&s, START, w.text, start);
        else
            add_trigrams(&s, w.text);
    }
    return finish(&s, memory, out);
}

bool tokens_of_type(const resource_type *type, arena *memory, const char **out)
{
    token_set s = {0};
    add_type(&s, type);
    return finish_one(&s, memory, out);
}

bool tokens_of_zone(const char *zone, arena *memory, const char **out)
{
    token_set s = {0};
    add_zone(&s, zone);
    return finish_one(&s, memory, out);
}
