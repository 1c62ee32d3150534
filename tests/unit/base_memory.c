// Arenas and buffers keep to their limits, and give everything back.
#include "support/test.h"

#include "base/arena.h"
#include "base/buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void an_arena_hands_out_aligned_memory_that_does_not_overlap(void **state)
{
    (void)state;
    _Alignas(16) char first[64];
    arena a;
    arena_init(&a, first, sizeof first, 1 << 20, NULL);
    uint8_t *blocks[200];
    for (size_t i = 0; i < 200; i++) {
        size_t size = i * 7 % 300;
        blocks[i] = arena_alloc(&a, size);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)i, size);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t k = 0; k < i * 7 % 300; k++)
            assert_int_equal(blocks[i][k], (uint8_t)i);
    assert_ptr_equal(blocks[0], first); // the caller's block is used first
    arena_fini(&a);
}

static void an_arena_stops_at_its_limit(void **state)
{
    (void)state;
    arena a;
    arena_init(&a, NULL, 0, 100000, NULL);
    size_t got = 0;
    while (arena_alloc(&a, 1000))
        got += 1000;
    assert_true(a.exhausted);
    assert_in_range(got, 50000, 100000);
    volatile size_t huge = SIZE_MAX; // volatile: the compiler knows better than to let us ask
    assert_null(arena_alloc(&a, huge));
    assert_null(arena_alloc(&a, huge - 20));
    arena_fini(&a);
    assert_int_equal(a.used, 0);
}

static void arenas_share_a_budget_and_give_it_back(void **state)
{
    (void)state;
    arena_budget budget = {.limit = 64 << 10};
    arena a, b;
    arena_init(&a, NULL, 0, 1 << 20, &budget);
    arena_init(&b, NULL, 0, 1 << 20, &budget);
    assert_non_null(arena_alloc(&a, 40000));
    assert_null(arena_alloc(&b, 40000)); // its own limit would allow it
    assert_true(b.exhausted);
    arena_fini(&a);
    assert_non_null(arena_alloc(&b, 40000));
    arena_fini(&b);
    assert_int_equal(atomic_load(&budget.used), 0);
}

static void arena_texts_are_terminated_copies(void **state)
{
    (void)state;
    arena a;
    arena_init(&a, NULL, 0, 1 << 20, NULL);
    assert_string_equal(arena_strndup(&a, "zones/x", 5), "zones");
    assert_string_equal(arena_strndup(&a, NULL, 0), "");
    assert_string_equal(arena_printf(&a, "%s-%d", "a", 42), "a-42");
    char *zeros = arena_zalloc(&a, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(zeros[i], 0);
    arena_fini(&a);
}

static void a_buffer_grows_and_keeps_its_bytes(void **state)
{
    (void)state;
    buffer b = {0};
    for (int i = 0; i < 10000; i++)
        assert_true(buffer_append_byte(&b, (uint8_t)i));
    buffer_consume(&b, 256);
    assert_int_equal(b.size, 10000 - 256);
    for (size_t i = 0; i < b.size; i++)
        assert_int_equal(b.data[i], (uint8_t)i);
    buffer_clear(&b);
    assert_true(buffer_printf(&b, "%d %s", 7, "seven") && buffer_append_text(&b, "!"));
    size_t size;
    char *text = buffer_take(&b, &size);
    assert_string_equal(text, "7 seven!");
    assert_int_equal(size, 8);
    assert_null(b.data);
    free(text);
}

static void a_buffer_refuses_what_goes_beyond_its_limit(void **state)
{
    (void)state;
    buffer b = {.limit = 20};
    assert_true(buffer_append(&b, "0123456789", 10));
    assert_true(buffer_append(&b, "0123456789", 10));
    assert_false(buffer_append(&b, "x", 1));
    assert_true(b.failed);
    assert_int_equal(b.size, 20);           // what was there stays
    assert_false(buffer_append(&b, "", 0)); // and one look at the end is enough
    assert_null(buffer_take(&b, NULL));
    buffer_clear(&b);
    assert_true(buffer_append(&b, "x", 1));
    assert_null(buffer_reserve(&b, SIZE_MAX));
    buffer_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_hands_out_aligned_memory_that_does_not_overlap),
        cmocka_unit_test(an_arena_stops_at_its_limit),
        cmocka_unit_test(arenas_share_a_budget_and_give_it_back),
        cmocka_unit_test(arena_texts_are_terminated_copies),
        cmocka_unit_test(a_buffer_grows_and_keeps_its_bytes),
        cmocka_unit_test(a_buffer_refuses_what_goes_beyond_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
