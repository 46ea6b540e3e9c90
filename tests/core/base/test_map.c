/* Maps: what is put is found, what is removed is not, and the bound holds. */

#include "test.h"

#include "base/map.h"

static const uint64_t secret[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

static void what_is_put_is_found_and_what_is_removed_is_not(void **state)
{
    (void)state;
    struct map map;
    map_init(&map, 100000, secret);
    for (uint32_t i = 0; i < 20000; i++) {
        assert_true(map_put(&map, map_key_u64(i * 7), i));
    }
    for (uint32_t i = 0; i < 20000; i += 3) {
        assert_int_equal(map_remove(&map, map_key_u64(i * 7)), i);
    }
    for (uint32_t i = 0; i < 20000; i++) {
        assert_int_equal(map_find(&map, map_key_u64(i * 7)), i % 3 == 0 ? MAP_NONE : i);
    }
    assert_int_equal(map_find(&map, map_key_u64(1)), MAP_NONE);
    map_deinit(&map);
}

static void a_new_key_over_the_bound_is_refused_and_an_old_one_replaced(void **state)
{
    (void)state;
    struct map map;
    map_init(&map, 2, secret);
    assert_true(map_put(&map, map_key_u64(1), 10));
    assert_true(map_put(&map, map_key_u64(2), 20));
    assert_false(map_put(&map, map_key_u64(3), 30));
    assert_true(map_put(&map, map_key_u64(1), 11));
    assert_int_equal(map_find(&map, map_key_u64(1)), 11);
    assert_int_equal(map.count, 2);
    map_deinit(&map);
}

static void the_hash_depends_on_the_secret_and_every_byte(void **state)
{
    (void)state;
    const uint64_t other[2] = {1, 2};
    uint8_t bytes[33] = {0};
    uint64_t before = map_hash(secret, bytes, sizeof(bytes));
    assert_true(map_hash(other, bytes, sizeof(bytes)) != before);
    assert_true(map_hash(secret, bytes, sizeof(bytes) - 1) != before);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] ^= 1;
        assert_true(map_hash(secret, bytes, sizeof(bytes)) != before);
        bytes[i] ^= 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_found_and_what_is_removed_is_not),
        cmocka_unit_test(a_new_key_over_the_bound_is_refused_and_an_old_one_replaced),
        cmocka_unit_test(the_hash_depends_on_the_secret_and_every_byte),
    };
    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
