/* Arenas: what is taken stays, zeroed or not, and arrays grow with what is in them. */

#include "test.h"

#include <string.h>

#include "base/arena.h"

static void what_is_taken_is_zeroed_also_where_bytes_were_before(void **state)
{
    (void)state;
    struct arena arena = {0};
    memset(arena_take_raw(&arena, 500), 0xaa, 500);
    arena_reset(&arena);
    const uint8_t *taken = arena_take(&arena, 500);
    for (size_t i = 0; i < 500; i++) {
        assert_int_equal(taken[i], 0);
    }
    arena_deinit(&arena);
}

static void a_copy_stays_while_more_is_taken(void **state)
{
    (void)state;
    struct arena arena = {0};
    const char *copy = arena_copy(&arena, "stays", 6);
    for (int i = 0; i < 100; i++) {
        memset(arena_take_raw(&arena, 1000), 0xff, 1000);
    }
    assert_string_equal(copy, "stays");
    arena_deinit(&arena);
}

static void an_array_keeps_its_items_as_it_grows(void **state)
{
    (void)state;
    struct arena arena = {0};
    uint64_t *items = NULL;
    for (uint32_t count = 0; count < 1000; count++) {
        items = arena_grown(&arena, items, count, sizeof(*items));
        items[count] = count * 3;
    }
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(items[i], i * 3);
    }
    assert_true(arena.total < 64 * 1024); /* all that it grew out of, too */
    arena_deinit(&arena);
}

static void a_reset_keeps_a_chunk_for_the_next_use(void **state)
{
    (void)state;
    struct arena arena = {0};
    arena_take(&arena, 500);
    size_t total = arena.total;
    const void *first = arena.chunks;
    arena_reset(&arena);
    assert_int_equal(arena.total, total);
    assert_ptr_equal(arena.chunks, first);
    arena_deinit(&arena);
}

static void what_was_large_once_is_given_back_at_the_reset(void **state)
{
    (void)state;
    struct arena arena = {0};
    arena_take(&arena, 100 * 1024);
    arena_reset(&arena);
    assert_int_equal(arena.total, 0);
    assert_null(arena.chunks);
    assert_non_null(arena_take(&arena, 500)); /* and it is as good as new */
    arena_deinit(&arena);
}

static void what_was_not_needed_is_taken_again(void **state)
{
    (void)state;
    struct arena arena = {0};
    const char *copy = arena_copy(&arena, "stays", 6);
    uint8_t *taken = arena_take_raw(&arena, 500);
    arena_shorten(&arena, taken, 20);
    uint8_t *next = arena_take_raw(&arena, 16);
    assert_ptr_equal(next, taken + 32);
    memset(next, 0xff, 16);
    assert_string_equal(copy, "stays");
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken_is_zeroed_also_where_bytes_were_before),
        cmocka_unit_test(a_copy_stays_while_more_is_taken),
        cmocka_unit_test(what_was_not_needed_is_taken_again),
        cmocka_unit_test(an_array_keeps_its_items_as_it_grows),
        cmocka_unit_test(a_reset_keeps_a_chunk_for_the_next_use),
        cmocka_unit_test(what_was_large_once_is_given_back_at_the_reset),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
