/* shard: rooms lie in the shard that murmur3 says, for ever. */

#include "support.h"

struct placed {
    const char *bytes; /* 16 */
    uint32_t hash;
};

static void the_shard_is_murmur3_of_the_id(void **state)
{
    static const struct placed table[] = {
        {"0123456789abcdef", 0x36c7e0dfu},
        {"AAAAAAAAAAAAAAAA", 0x71775fb9u},
        {"zyxwvutsrqponmlk", 0xfaef276cu},
        {"----------------", 0xd9f7c599u},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct cht_id id;
        memcpy(id.bytes, table[i].bytes, sizeof(id.bytes));
        assert_int_equal(cht_shard_of_room(&id, UINT32_MAX), table[i].hash % UINT32_MAX);
        assert_int_equal(cht_shard_of_room(&id, 64), table[i].hash % 64);
        assert_int_equal(cht_shard_of_room(&id, 7), table[i].hash % 7);
    }
}

static void one_shard_or_none_is_the_first(void **state)
{
    struct cht_id id = id_of(ROOM_TEXT);
    (void)state;
    assert_int_equal(cht_shard_of_room(&id, 1), 0);
    assert_int_equal(cht_shard_of_room(&id, 0), 0);
}

static void rooms_spread_evenly(void **state)
{
    unsigned counts[16] = {0};
    struct cht_id id = {{0}};
    (void)state;
    for (unsigned i = 0; i < 16000; i++) {
        memcpy(id.bytes, &i, sizeof(i));
        counts[cht_shard_of_room(&id, 16)]++;
    }
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        assert_in_range(counts[i], 800, 1200);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shard_is_murmur3_of_the_id),
        cmocka_unit_test(one_shard_or_none_is_the_first),
        cmocka_unit_test(rooms_spread_evenly),
    };
    return cmocka_run_group_tests_name("events/shard", tests, NULL, NULL);
}
