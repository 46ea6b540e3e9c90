/* test_redis_values - keys, connections, tickets and revocations as bytes. */

#include "test.h"

#include <string.h>

#include "redis/redis_values.h"

static struct cht_id id(uint8_t number)
{
    return (struct cht_id){{number, 2, 3}};
}

static const struct session largest = {.device = {{0xff}},
    .id = {{0xfe}},
    .node = UINT64_MAX,
    .boot = UINT64_MAX,
    .slot = UINT32_MAX,
    .generation = UINT32_MAX};

static void keys_are_prefix_name_and_what_is_behind(void **state)
{
    char key[REDIS_KEY_BYTES_MAX];
    char prefix[REDIS_PREFIX_BYTES_MAX + 1], behind[128] = {0};
    (void)state;
    uint32_t size = redis_key_write("a:", REDIS_KEY_NODES, (struct cht_str){0}, key);
    assert_int_equal(size, 7);
    assert_memory_equal(key, "a:nodes", 7);
    size = redis_user_key_write("a:", &(struct cht_id){{0xab}}, key);
    assert_int_equal(size, 7 + 36);
    assert_memory_equal(key, "a:user:ab000000-0000-0000-0000-000000000000", size);
    memset(prefix, 'p', sizeof(prefix) - 1);
    prefix[sizeof(prefix) - 1] = 0;
    size = redis_key_write(prefix, REDIS_KEY_TICKET, (struct cht_str){behind, 128}, key);
    assert_int_equal(size, REDIS_PREFIX_BYTES_MAX + 7 + 128);
}

static void a_connection_is_read_as_it_was_written(void **state)
{
    char field[REDIS_FIELD_BYTES_MAX], value[REDIS_VALUE_BYTES_MAX];
    struct session read;
    (void)state;
    struct cht_str f = {field, redis_field_write(&largest, UINT64_MAX, field)};
    struct cht_str v = {value, redis_value_write(&largest, cht_presence_state_away, value)};
    assert_int_equal(v.at[REDIS_STATE_AT], '2');
    assert_true(redis_connection_read(f, v, &read));
    assert_true(cht_id_equal(&read.device, &largest.device));
    assert_true(cht_id_equal(&read.id, &largest.id));
    assert_int_equal(read.node, largest.node);
    assert_int_equal(read.boot, largest.boot);
    assert_int_equal(read.slot, largest.slot);
    assert_int_equal(read.generation, largest.generation);
}

static void a_connection_of_another_form_is_refused(void **state)
{
    static const char *const fields[] = {"", "1", "1#2", "1#2.3", "1#2.3#", "#2.3#4", "1#2.3#4x",
        "1#2.3#4294967296", "01#2.3#4", "1#-2.3#4", "18446744073709551616#2.3#4", "1#2#3#4"};
    char value[REDIS_VALUE_BYTES_MAX];
    struct session read;
    (void)state;
    struct cht_str v = {value, redis_value_write(&largest, cht_presence_state_online, value)};
    assert_true(redis_connection_read(cht_str_of("1#2.3#4"), v, &read));
    for (uint32_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (redis_connection_read(cht_str_of(fields[i]), v, &read)) {
            fail_msg("\"%s\" is taken", fields[i]);
        }
    }
    for (uint32_t size = 0; size <= REDIS_GENERATION_AT; size++) {
        v.size = size;
        assert_false(redis_connection_read(cht_str_of("1#2.3#4"), v, &read));
    }
}

static struct ticket a_ticket(const char *origin)
{
    struct ticket ticket = {.secret_hash = {9},
        .user = id(1),
        .device = id(2),
        .token_version = UINT64_MAX,
        .issued_at = 1,
        .expires_at = 2,
        .valid_until = 3};
    memcpy(ticket.origin, origin, strlen(origin));
    return ticket;
}

static void assert_ticket_comes_back(const char *origin)
{
    uint8_t bytes[REDIS_TICKET_BYTES_MAX];
    struct ticket wrote = a_ticket(origin), read = {.secret_hash = {9}};
    uint32_t size = redis_ticket_write(&wrote, bytes);
    for (uint32_t part = 0; part < size; part++) {
        struct ticket cut = {0};
        assert_false(redis_ticket_read((struct cht_str){(char *)bytes, part}, &cut));
    }
    assert_true(redis_ticket_read((struct cht_str){(char *)bytes, size}, &read));
    assert_memory_equal(&read, &wrote, sizeof(read));
}

static void a_ticket_is_read_as_it_was_written_and_never_cut(void **state)
{
    char longest[256];
    (void)state;
    memset(longest, 'o', sizeof(longest));
    longest[sizeof(longest) - 1] = 0;
    assert_ticket_comes_back("");
    assert_ticket_comes_back("https://chat.example");
    assert_ticket_comes_back(longest);
}

static void a_ticket_with_more_or_with_nul_in_its_origin_is_refused(void **state)
{
    uint8_t bytes[REDIS_TICKET_BYTES_MAX + 1] = {0};
    struct ticket wrote = a_ticket("abc"), read = {0};
    (void)state;
    uint32_t size = redis_ticket_write(&wrote, bytes);
    assert_false(redis_ticket_read((struct cht_str){(char *)bytes, size + 1}, &read));
    bytes[size - 1] = 0;
    assert_false(redis_ticket_read((struct cht_str){(char *)bytes, size}, &read));
    assert_false(redis_ticket_read((struct cht_str){(char *)bytes, sizeof(bytes)}, &read));
}

static void a_revocation_is_read_as_it_was_written_and_is_of_somebody(void **state)
{
    uint8_t bytes[REDIS_REVOCATION_BYTES + 1] = {0};
    struct revocation wrote = {.user = id(1), .device = id(2), .version = 5, .at = UINT64_MAX};
    struct revocation read;
    (void)state;
    redis_revocation_write(&wrote, bytes);
    assert_true(
        redis_revocation_read((struct cht_str){(char *)bytes, REDIS_REVOCATION_BYTES}, &read));
    assert_memory_equal(&read, &wrote, sizeof(read));
    for (uint32_t size = 0; size <= sizeof(bytes); size++) {
        assert_int_equal(redis_revocation_read((struct cht_str){(char *)bytes, size}, &read),
            size == REDIS_REVOCATION_BYTES);
    }
    memset(bytes, 0, 16);
    assert_false(
        redis_revocation_read((struct cht_str){(char *)bytes, REDIS_REVOCATION_BYTES}, &read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_prefix_name_and_what_is_behind),
        cmocka_unit_test(a_connection_is_read_as_it_was_written),
        cmocka_unit_test(a_connection_of_another_form_is_refused),
        cmocka_unit_test(a_ticket_is_read_as_it_was_written_and_never_cut),
        cmocka_unit_test(a_ticket_with_more_or_with_nul_in_its_origin_is_refused),
        cmocka_unit_test(a_revocation_is_read_as_it_was_written_and_is_of_somebody),
    };
    return cmocka_run_group_tests_name("redis_values", tests, NULL, NULL);
}
