/* test_kept - things in memory: bounded, in the order of use, there for as long as anybody uses
 * them. */

#include "test.h"

#include "base/mem.h"
#include "message/kept.h"

static const uint64_t secret[2] = {1, 2};
static uint32_t destroyed;

static void destroy(struct kept_item *item)
{
    destroyed++;
    mem_free(item);
}

static struct cht_id id_of(uint32_t number)
{
    return (struct cht_id){{[15] = (uint8_t)number}};
}

/* With a reference that is the caller's. */
static struct kept_item *put(struct kept *kept, uint32_t number, uint64_t bytes)
{
    struct kept_item *item = mem_new(sizeof(*item));
    struct cht_id id = id_of(number);
    kept_item_init(item, &id, destroy);
    kept_put(kept, item, bytes);
    return item;
}

static void keep(struct kept *kept, uint32_t number, uint64_t bytes)
{
    kept_unref(put(kept, number, bytes));
}

static bool has(struct kept *kept, uint32_t number)
{
    struct cht_id id = id_of(number);
    const struct kept_item *item = kept_find(kept, &id);
    assert_true(item == NULL || cht_id_equal(&item->id, &id));
    return item != NULL;
}

static void the_one_used_longest_ago_makes_room(void **state)
{
    (void)state;
    struct kept kept;
    kept_init(&kept, 3, 100, secret);
    keep(&kept, 1, 10);
    keep(&kept, 2, 10);
    keep(&kept, 3, 10);
    assert_true(has(&kept, 1));
    keep(&kept, 4, 10);
    assert_false(has(&kept, 2));
    assert_true(has(&kept, 1));
    assert_true(has(&kept, 3));
    assert_true(has(&kept, 4));
    kept_deinit(&kept);
}

static void bytes_are_bounded(void **state)
{
    (void)state;
    struct kept kept;
    kept_init(&kept, 10, 100, secret);
    keep(&kept, 1, 60);
    keep(&kept, 2, 40);
    keep(&kept, 3, 101);
    assert_true(has(&kept, 1));
    assert_false(has(&kept, 3));
    keep(&kept, 4, 30);
    assert_true(has(&kept, 1));
    assert_false(has(&kept, 2));
    assert_int_equal(kept.bytes, 90);
    kept_deinit(&kept);
}

static void what_grew_counts_as_what_it_is(void **state)
{
    (void)state;
    struct kept kept;
    kept_init(&kept, 10, 100, secret);
    keep(&kept, 1, 50);
    struct kept_item *item = put(&kept, 2, 10);
    kept_put(&kept, item, 90);
    assert_false(has(&kept, 1));
    assert_true(has(&kept, 2));
    assert_int_equal(kept.bytes, 90);
    kept_put(&kept, item, 101);
    assert_false(has(&kept, 2));
    assert_int_equal(kept.bytes, 0);
    kept_unref(item);
    kept_deinit(&kept);
}

static void a_thing_that_is_used_stays_when_it_is_not_kept_any_more(void **state)
{
    (void)state;
    struct kept kept;
    kept_init(&kept, 1, 100, secret);
    destroyed = 0;
    struct kept_item *used = put(&kept, 1, 10);
    keep(&kept, 2, 10);
    assert_false(has(&kept, 1));
    assert_int_equal(destroyed, 0);
    kept_drop(&kept, used);
    kept_unref(used);
    assert_int_equal(destroyed, 1);
    kept_deinit(&kept);
    assert_int_equal(destroyed, 2);
}

static void the_newer_of_two_with_one_id_is_kept(void **state)
{
    (void)state;
    struct kept kept;
    kept_init(&kept, 2, 100, secret);
    destroyed = 0;
    keep(&kept, 1, 10);
    keep(&kept, 2, 10);
    keep(&kept, 1, 20);
    assert_int_equal(destroyed, 1);
    assert_true(has(&kept, 1));
    assert_true(has(&kept, 2));
    assert_int_equal(kept.bytes, 30);
    kept_deinit(&kept);
}

static void without_room_nothing_is_kept(void **state)
{
    (void)state;
    struct kept kept;
    kept_init(&kept, 0, 100, secret);
    keep(&kept, 1, 10);
    assert_false(has(&kept, 1));
    kept_deinit(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_one_used_longest_ago_makes_room),
        cmocka_unit_test(bytes_are_bounded),
        cmocka_unit_test(what_grew_counts_as_what_it_is),
        cmocka_unit_test(a_thing_that_is_used_stays_when_it_is_not_kept_any_more),
        cmocka_unit_test(the_newer_of_two_with_one_id_is_kept),
        cmocka_unit_test(without_room_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
