// Memory for one piece of work, released all at once.
//
// An arena hands out blocks by moving a pointer; nothing is freed until the whole arena is.
// It serves protobuf-c through `pb`, so an unpacked message lives exactly as long as its call.
// Two limits hold what hostile input can cost: the arena's own, and an optional budget that many
// arenas share. When either is reached arena_alloc returns NULL and `exhausted` is set.
//
// Threads: an arena belongs to one thread at a time. A budget may be shared by any threads.
// Lifetime: arena_fini gives back every block; the optional first block stays the caller's.
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct arena_budget {
    atomic_size_t used; // bytes held by all arenas of this budget, first blocks not counted
    size_t limit;
} arena_budget;

typedef struct arena_block arena_block;

typedef struct arena {
    char *next; // first free byte of the current block
    char *end;
    arena_block *blocks; // newest first; those this arena allocated
    size_t used;         // bytes in allocated blocks
    size_t limit;        // bound on `used`
    arena_budget *budget;
    bool exhausted;
    ProtobufCAllocator pb; // allocates here; its free does nothing
} arena;

// first: memory to use before allocating any, aligned to 16 bytes, borrowed until arena_fini; may
// be NULL. limit: bound in bytes on what is allocated beyond it. budget: may be NULL.
void arena_init(arena *a, void *first, size_t first_size, size_t limit, arena_budget *budget);
void arena_fini(arena *a);

// Aligned to 16 bytes and not cleared. NULL when a limit is reached or memory has run out.
void *arena_alloc(arena *a, size_t size) __attribute__((malloc, alloc_size(2)));
void *arena_zalloc(arena *a, size_t size) __attribute__((malloc, alloc_size(2)));
// A NUL-terminated copy of size bytes.
char *arena_strndup(arena *a, const char *text, size_t size);
char *arena_printf(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
