#include "registry/query/tally.h"

#include "base/buffer.h"
#include "base/macros.h"
#include "registry/evidence.h"
#include "registry/siphash.h"

#include <stdlib.h>
#include <string.h>

#define BOUND(name) FTZ__V1__BOUND__BOUND_##name

// --- a table from bytes to pointers --------------------------------------------------------------

typedef struct tally_slot {
    const char *key; // NULL: free
    size_t size;
    void *value;
} tally_slot;

static tally_slot *probe(const tally *t, const tally_table *table, const void *key, size_t size)
{
    size_t mask = table->size - 1;
    for (size_t i = (size_t)siphash(t->secret, key, size) & mask;; i = (i + 1) & mask) {
        tally_slot *slot = &table->slots[i];
        if (!slot->key || (slot->size == size && !memcmp(slot->key, key, size)))
            return slot;
    }
}

static bool grow(tally *t, tally_table *table)
{
    tally_table larger = {.size = table->size ? 2 * table->size : 64, .count = table->count};
    larger.slots = calloc(larger.size, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < table->size; i++)
        if (table->slots[i].key)
            *probe(t, &larger, table->slots[i].key, table->slots[i].size) = table->slots[i];
    free(table->slots);
    *table = larger;
    return true;
}

// The value under the key. If there is none, *slot is the place for one, its key copied. NULL and
// *slot NULL: no memory, or `max` entries are there already.
static void *find(tally *t, tally_table *table, const void *key, size_t size, size_t max,
                  tally_slot **slot)
{
    *slot = NULL;
    if (2 * (table->count + 1) > table->size && !grow(t, table)) {
        t->failed = true;
        return NULL;
    }
    tally_slot *found = probe(t, table, key, size);
    if (found->key)
        return found->value;
    if (table->count == max) {
        t->full = true;
        return NULL;
    }
    const char *copy = arena_strndup(t->memory, key, size);
    if (!copy) {
        t->failed = true;
        return NULL;
    }
    *found = (tally_slot){.key = copy, .size = size};
    table->count++;
    *slot = found;
    return NULL;
}

// --- groups and sums -----------------------------------------------------------------------------

void tally_init(tally *t, arena *memory, const uint8_t secret[16], size_t key_count)
{
    *t = (tally){.memory = memory, .secret = secret, .key_count = key_count};
}

void tally_fini(tally *t)
{
    for (size_t i = 0; i < t->groups.count; i++)
        for (tally_sum *s = t->list[i] ? t->list[i]->sums : NULL; s; s = s->next)
            decimal_sum_fini(&s->total);
    for (size_t i = 0; i < t->periods.size; i++)
        free(t->periods.slots[i].value);
    free(t->groups.slots);
    free(t->sums.slots);
    free(t->periods.slots);
    free(t->list);
}

static bool reserve_group(tally *t)
{
    if (t->groups.count < t->capacity)
        return true;
    size_t capacity = t->capacity ? 2 * t->capacity : 64;
    tally_group **more = realloc(t->list, capacity * sizeof(tally_group *));
    if (!more)
        return false;
    t->list = more;
    t->capacity = capacity;
    return true;
}

tally_group *tally_group_of(tally *t, const char *const *keys)
{
    buffer joined = {0};
    tally_slot *slot = NULL;
    tally_group *g = NULL;
    for (size_t i = 0; i < t->key_count; i++)
        buffer_append(&joined, keys[i], strlen(keys[i]) + 1);
    if (joined.failed || !reserve_group(t))
        t->failed = true;
    else
        g = find(t, &t->groups, joined.data ? (const char *)joined.data : "", joined.size,
                 TALLY_MAX_GROUPS, &slot);
    buffer_fini(&joined);
    if (!slot)
        return g;
    g = slot->value = arena_zalloc(t->memory, sizeof *g);
    t->list[t->groups.count - 1] = g;
    t->failed |= !g;
    const char *key = slot->key;
    for (size_t i = 0; g && i < t->key_count; i++) {
        g->keys[i] = key;
        key += strlen(key) + 1;
    }
    return g;
}

// The pointer and the texts, whose sizes the NULs between them tell.
static bool put_key(buffer *key, const void *pointer, const char *a, const char *b)
{
    buffer_append(key, &pointer, sizeof pointer);
    buffer_append(key, a, strlen(a) + 1);
    return buffer_append(key, b, strlen(b) + 1) && !key->failed;
}

tally_sum *tally_sum_of(tally *t, tally_group *g, const char *measure, const char *unit)
{
    buffer key = {0};
    tally_slot *slot = NULL;
    tally_sum *s = NULL;
    if (put_key(&key, g, measure, unit))
        s = find(t, &t->sums, key.data, key.size, TALLY_MAX_SUMS, &slot);
    else
        t->failed = true;
    buffer_fini(&key);
    if (!slot)
        return s;
    s = slot->value = arena_zalloc(t->memory, sizeof *s);
    if (!s) {
        t->failed = true;
        return NULL;
    }
    s->measure = slot->key + sizeof(void *);
    s->unit = s->measure + strlen(s->measure) + 1;
    s->last = -1;
    decimal_sum_init(&s->total);
    s->next = g->sums;
    g->sums = s;
    return s;
}

void tally_state(tally_sum *s, int64_t resource)
{
    s->stated += s->last != resource;
    s->last = resource;
}

int tally_looser(int a, int b)
{
    static const struct {
        int bound, side, looseness;
    } bounds[] = {
        {BOUND(UNSPECIFIED), 0, 0}, {BOUND(ABOUT), 0, 9},   {BOUND(MORE_THAN), 1, 1},
        {BOUND(AT_LEAST), 1, 2},    {BOUND(NEARLY), -1, 1}, {BOUND(UP_TO), -1, 2},
    };
    if (a < 0 || b < 0 || (size_t)a >= ARRAY_LEN(bounds) || (size_t)b >= ARRAY_LEN(bounds) ||
        bounds[a].side * bounds[b].side < 0)
        return BOUND(ABOUT);
    return bounds[a].looseness >= bounds[b].looseness ? a : b;
}

bool tally_add(tally_sum *s, const char *number, int bound, int verification)
{
    if (!decimal_sum_add(&s->total, number, strlen(number))) {
        s->left_out++;
        return false;
    }
    s->bound = s->summands ? tally_looser(s->bound, bound) : bound;
    s->verification = s->summands ? (int)evidence_weaker((Ftz__V1__Verification)s->verification,
                                                         (Ftz__V1__Verification)verification)
                                  : verification;
    s->summands++;
    return true;
}

// --- periods -------------------------------------------------------------------------------------

typedef struct period {
    int32_t first, last;
} period;

// Of one sum and zone, in order; they do not overlap.
typedef struct periods {
    size_t count, capacity;
    period list[];
} periods;

// The position of the first period that ends on the day or later.
static size_t position(const periods *p, int32_t day)
{
    size_t low = 0, high = p ? p->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->list[middle].last < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Where those of a zone are kept. NULL: the tally is full, or memory has run out.
static periods **periods_of(tally *t, const tally_sum *s, const char *zone)
{
    buffer key = {0};
    tally_slot *slot = NULL;
    if (!put_key(&key, s, zone, "")) {
        t->failed = true;
    } else {
        find(t, &t->periods, key.data, key.size, TALLY_MAX_PERIODS, &slot);
        if (!slot && !t->failed && !t->full)
            slot = probe(t, &t->periods, key.data, key.size);
    }
    buffer_fini(&key);
    return slot ? (periods **)(void *)&slot->value : NULL;
}

static bool insert(tally *t, periods **at, int32_t first, int32_t last)
{
    periods *p = *at;
    if (t->period_count == TALLY_MAX_PERIODS) {
        t->full = true;
        return false;
    }
    if (!p || p->count == p->capacity) {
        size_t capacity = p ? 2 * p->capacity : 4, count = p ? p->count : 0;
        p = realloc(p, sizeof *p + capacity * sizeof p->list[0]);
        if (!p) {
            t->failed = true;
            return false;
        }
        p->capacity = capacity;
        p->count = count;
        *at = p;
    }
    size_t i = position(p, first);
    memmove(&p->list[i + 1], &p->list[i], (p->count - i) * sizeof p->list[0]);
    p->list[i] = (period){first, last};
    p->count++;
    t->period_count++;
    return true;
}

bool tally_claim(tally *t, const tally_sum *s, char *const *zones, size_t zone_count, int32_t first,
                 int32_t last)
{
    for (size_t i = 0; i < zone_count; i++) {
        periods **p = periods_of(t, s, zones[i]);
        if (!p)
            return false;
        size_t at = position(*p, first);
        if (*p && at < (*p)->count && (*p)->list[at].first <= last)
            return false;
    }
    for (size_t i = 0; i < zone_count; i++) {
        periods **p = periods_of(t, s, zones[i]);
        if (!p || !insert(t, p, first, last))
            return false;
    }
    return true;
}

// --- the answer ----------------------------------------------------------------------------------

static int compare_key(bool numeric, const char *a, const char *b)
{
    if (numeric && *a && *b) {
        double x = strtod(a, NULL), y = strtod(b, NULL);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return strcmp(a, b);
}

int tally_compare(const tally *t, const tally_group *g, const char *const *keys)
{
    for (size_t i = 0; i < t->key_count; i++) {
        int order = compare_key(t->numeric[i], g->keys[i], keys[i]);
        if (order)
            return order;
    }
    return 0;
}

static int compare_groups(const void *a, const void *b, void *context)
{
    const tally_group *right = *(tally_group *const *)b;
    return tally_compare(context, *(tally_group *const *)a, right->keys);
}

void tally_sort(tally *t)
{
    if (t->groups.count)
        qsort_r(t->list, t->groups.count, sizeof(tally_group *), compare_groups, t);
}

static int compare_sums(const void *a, const void *b)
{
    const Ftz__V1__Sum *left = *(Ftz__V1__Sum *const *)a, *right = *(Ftz__V1__Sum *const *)b;
    int order = strcmp(left->measure, right->measure);
    return order ? order : strcmp(left->unit, right->unit);
}

static Ftz__V1__Sum *sum_message(const tally *t, const tally_group *g, const tally_sum *s)
{
    Ftz__V1__Sum *out = arena_alloc(t->memory, sizeof *out);
    if (!out)
        return NULL;
    ftz__v1__sum__init(out);
    out->measure = (char *)(uintptr_t)s->measure;
    out->unit = (char *)(uintptr_t)s->unit;
    out->summands = s->summands;
    out->unknown = g->count - s->stated;
    out->left_out = s->left_out;
    out->bound = (Ftz__V1__Bound)s->bound;
    out->verification = (Ftz__V1__Verification)s->verification;
    if (!s->summands)
        return out;
    char text[DECIMAL_TEXT_SIZE];
    out->value = arena_alloc(t->memory, sizeof *out->value);
    if (!out->value || !decimal_sum_format(&s->total, text))
        return NULL;
    google__type__decimal__init(out->value);
    out->value->value = arena_strndup(t->memory, text, strlen(text));
    return out->value->value ? out : NULL;
}

Ftz__V1__Bucket *tally_bucket(const tally *t, const tally_group *g)
{
    size_t count = 0;
    for (const tally_sum *s = g->sums; s; s = s->next)
        count++;
    Ftz__V1__Bucket *out = arena_alloc(t->memory, sizeof *out);
    if (!out)
        return NULL;
    ftz__v1__bucket__init(out);
    out->count = g->count;
    out->keys = arena_alloc(t->memory, (t->key_count + 1) * sizeof *out->keys);
    out->sums = arena_alloc(t->memory, (count + 1) * sizeof *out->sums);
    if (!out->keys || !out->sums)
        return NULL;
    for (size_t i = 0; i < t->key_count; i++)
        out->keys[out->n_keys++] = (char *)(uintptr_t)g->keys[i];
    for (const tally_sum *s = g->sums; s; s = s->next)
        if (!(out->sums[out->n_sums++] = sum_message(t, g, s)))
            return NULL;
    if (count)
        qsort(out->sums, count, sizeof(Ftz__V1__Sum *), compare_sums);
    return out;
}
