#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, MIN_BLOCK = 4096, MAX_BLOCK = 1 << 20 };

struct arena_block {
    arena_block *older;
    size_t size; // header included
};

#define BLOCK_HEADER ((sizeof(arena_block) + ALIGN - 1) / ALIGN * ALIGN)

static void *pb_alloc(void *allocator_data, size_t size)
{
    return arena_alloc(allocator_data, size);
}

static void pb_free(void *allocator_data, void *pointer)
{
    (void)allocator_data;
    (void)pointer;
}

void arena_init(arena *a, void *first, size_t first_size, size_t limit, arena_budget *budget)
{
    *a = (arena){.limit = limit, .budget = budget};
    a->pb = (ProtobufCAllocator){pb_alloc, pb_free, a};
    a->next = first;
    a->end = first ? a->next + first_size : NULL;
}

static void release_blocks(arena *a)
{
    while (a->blocks) {
        arena_block *b = a->blocks;
        a->blocks = b->older;
        free(b);
    }
    if (a->budget && a->used)
        atomic_fetch_sub_explicit(&a->budget->used, a->used, memory_order_relaxed);
    a->used = 0;
}

void arena_fini(arena *a)
{
    release_blocks(a);
    a->next = a->end = NULL;
}

static void *exhausted(arena *a)
{
    a->exhausted = true;
    return NULL;
}

static void *alloc_in_new_block(arena *a, size_t size)
{
    size_t want = a->used < MIN_BLOCK ? MIN_BLOCK : a->used; // doubles what is held
    if (want > MAX_BLOCK)
        want = MAX_BLOCK;
    if (want > a->limit - a->used)
        want = a->limit - a->used;
    if (size > SIZE_MAX - BLOCK_HEADER)
        return exhausted(a);
    if (want < size + BLOCK_HEADER)
        want = size + BLOCK_HEADER;
    if (want > a->limit - a->used)
        return exhausted(a);
    if (a->budget) {
        size_t before = atomic_fetch_add_explicit(&a->budget->used, want, memory_order_relaxed);
        if (before > a->budget->limit || want > a->budget->limit - before) {
            atomic_fetch_sub_explicit(&a->budget->used, want, memory_order_relaxed);
            return exhausted(a);
        }
    }
    arena_block *b = malloc(want);
    if (!b) {
        if (a->budget)
            atomic_fetch_sub_explicit(&a->budget->used, want, memory_order_relaxed);
        return exhausted(a);
    }
    b->older = a->blocks;
    b->size = want;
    a->blocks = b;
    a->used += want;
    a->next = (char *)b + BLOCK_HEADER + size;
    a->end = (char *)b + want;
    return (char *)b + BLOCK_HEADER;
}

void *arena_alloc(arena *a, size_t size)
{
    if (size > SIZE_MAX - ALIGN)
        return exhausted(a);
    size = size ? (size + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
    if (size <= (size_t)(a->end - a->next)) {
        void *p = a->next;
        a->next += size;
        return p;
    }
    return alloc_in_new_block(a, size);
}

void *arena_zalloc(arena *a, size_t size)
{
    void *p = arena_alloc(a, size);
    return p ? memset(p, 0, size) : NULL;
}

char *arena_strndup(arena *a, const char *text, size_t size)
{
    char *p = arena_alloc(a, size + 1);
    if (p) {
        if (size)
            memcpy(p, text, size);
        p[size] = 0;
    }
    return p;
}

char *arena_printf(arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (p)
        vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return p;
}
