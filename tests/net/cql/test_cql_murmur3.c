/* test_cql_murmur3 - tokens, as published and as a node computes them. */

#include "cql_case.h"

#include <string.h>

#include "cql/cql_murmur3.h"

#define UUID "00112233445566778899aabbccddeeff"

static int64_t token_of_hex(const char *hex)
{
    struct sized key = sized_from_hex(hex);
    int64_t token = cql_token(key.at, key.size);
    sized_free(key);
    return token;
}

static void tokens_are_those_of_the_java_partitioner(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int64_t token;
    } rows[] = {
        {"00104327529fb645dd00b883ec39ae448bb800000400066a6b00", -9223371632693506265},
        {UUID, 5713842290320563023},
        {"616c696365", 5699955792253506986},
        {"c3a9", 5461403030378599040},
        {"0010" UUID "00 0004 00004f1a 00", -6555883602649918497},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(token_of_hex(rows[i].hex), rows[i].token);
    }
}

static void the_empty_key_has_the_least_token_and_no_other_has(void **state)
{
    (void)state;
    assert_int_equal(cql_token(NULL, 0), INT64_MIN);
    assert_int_equal(token_of_hex("cc824b822c198b0b9a4fa4aedc3928e1"), INT64_MAX);
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The rows are a key, a blob, and its token, a bigint, and begin behind the metadata. */
static void tokens_of_each_length_are_those_of_a_node(void **state)
{
    (void)state;
    struct sized frame = recorded_response("tokens");
    static const char name[] = "system.token(k)";
    const uint8_t *at = memmem(frame.at, frame.size, name, sizeof(name) - 1);
    assert_non_null(at);
    at += sizeof(name) - 1 + 2;
    uint32_t count = get_u32(at);
    at += 4;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t size = get_u32(at);
        struct sized key = sized_copy(at + 4, size);
        at += 4 + size + 4;
        uint64_t token = (uint64_t)get_u32(at) << 32 | get_u32(at + 4);
        at += 8;
        assert_int_equal(cql_token(key.at, key.size), (int64_t)token);
        sized_free(key);
    }
    assert_int_equal(count, 34);
    assert_ptr_equal(at, frame.at + frame.size);
    sized_free(frame);
}

static struct cql_key_part part(struct sized bytes)
{
    return (struct cql_key_part){bytes.at, bytes.size};
}

static void a_key_of_one_part_is_that_part(void **state)
{
    (void)state;
    struct sized uuid = sized_from_hex(UUID);
    struct cql_key_part parts[] = {part(uuid)};
    uint8_t key[16];
    size_t size;
    assert_true(cql_compose_key(parts, 1, key, sizeof(key), &size));
    assert_hex(key, size, UUID);
    assert_false(cql_compose_key(parts, 1, key, 15, &size));
    sized_free(uuid);
}

static void each_part_of_several_has_its_length_and_an_end(void **state)
{
    (void)state;
    struct sized uuid = sized_from_hex(UUID);
    struct sized bucket = sized_from_hex("00004f1a");
    struct cql_key_part parts[] = {part(uuid), part(bucket), {NULL, 0}};
    uint8_t key[64];
    size_t size;
    assert_true(cql_compose_key(parts, 2, key, sizeof(key), &size));
    assert_hex(key, size, "0010" UUID "00 0004 00004f1a 00");
    assert_true(cql_compose_key(parts, 3, key, sizeof(key), &size));
    assert_hex(key, size, "0010" UUID "00 0004 00004f1a 00 0000 00");
    sized_free(uuid);
    sized_free(bucket);
}

static void a_key_without_room_is_not_composed(void **state)
{
    (void)state;
    struct sized uuid = sized_from_hex(UUID);
    struct cql_key_part parts[] = {part(uuid), part(uuid)};
    uint8_t key[38];
    size_t size;
    assert_true(cql_compose_key(parts, 2, key, sizeof(key), &size));
    for (size_t capacity = 0; capacity < sizeof(key); capacity++) {
        struct sized room = sized_copy(key, capacity);
        assert_false(cql_compose_key(parts, 2, room.at, capacity, &size));
        sized_free(room);
    }
    static uint8_t large[UINT16_MAX + 1];
    static uint8_t much[2 * sizeof(large)];
    parts[1] = (struct cql_key_part){large, sizeof(large)};
    assert_false(cql_compose_key(parts, 2, much, sizeof(much), &size));
    assert_true(cql_compose_key(parts + 1, 1, much, sizeof(much), &size));
    sized_free(uuid);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_those_of_the_java_partitioner),
        cmocka_unit_test(the_empty_key_has_the_least_token_and_no_other_has),
        cmocka_unit_test(tokens_of_each_length_are_those_of_a_node),
        cmocka_unit_test(a_key_of_one_part_is_that_part),
        cmocka_unit_test(each_part_of_several_has_its_length_and_an_end),
        cmocka_unit_test(a_key_without_room_is_not_composed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
