// Latencies of one measuring run, and how they are printed. One writer at a time per slot: `add`
// may be called from any thread.
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES_MAX = 16 << 20 };

typedef struct samples {
    uint32_t *ns; // the first SAMPLES_MAX of them
    atomic_size_t count;
    atomic_bool on;
} samples;

static inline void samples_add(samples *s, int64_t ns)
{
    if (!atomic_load_explicit(&s->on, memory_order_relaxed))
        return;
    size_t i = atomic_fetch_add_explicit(&s->count, 1, memory_order_relaxed);
    if (i < SAMPLES_MAX)
        s->ns[i] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

static inline int samples_compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

// One line: requests a second and percentiles in microseconds.
static inline void samples_print(samples *s, double seconds)
{
    size_t n = atomic_load(&s->count), kept = n < SAMPLES_MAX ? n : SAMPLES_MAX;
    if (!kept) {
        printf("rate=0\n");
        return;
    }
    qsort(s->ns, kept, sizeof *s->ns, samples_compare);
    printf("rate=%.0f p50_us=%.1f p99_us=%.1f p999_us=%.1f\n", (double)n / seconds,
           s->ns[kept / 2] / 1e3, s->ns[kept * 99 / 100] / 1e3, s->ns[kept * 999 / 1000] / 1e3);
}

#endif
