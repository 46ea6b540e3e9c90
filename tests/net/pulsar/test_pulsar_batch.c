/* test_pulsar_batch - the messages of an entry. */

#include "pulsar_case.h"

#include <stdlib.h>
#include <string.h>

#include "pulsar/pulsar_batch.h"

#define HI "00000008 1202723118024005 6869"
#define YO "00000008 1202723118024006 796f"

static const struct pulsar_message_metadata two = {
    .producer_name = {"p", 1}, .has_num_messages_in_batch = true, .num_messages_in_batch = 2};

static enum pulsar_flaw open_hex(int32_t count, const char *hex)
{
    struct pulsar_message_metadata metadata = two;
    struct sized bytes = sized_from_hex(hex);
    struct pulsar_batch batch;
    metadata.num_messages_in_batch = count;
    enum pulsar_flaw flaw = pulsar_open_batch(&metadata, bytes.at, bytes.size, &batch);
    sized_free(bytes);
    return flaw;
}

static void a_batch_is_walked_message_by_message(void **state)
{
    (void)state;
    struct sized bytes = sized_from_hex(HI YO);
    struct pulsar_batch batch;
    struct pulsar_member member;
    assert_int_equal(pulsar_open_batch(&two, bytes.at, bytes.size, &batch), PULSAR_FINE);
    assert_true(batch.is_batch);
    assert_int_equal(batch.count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(pulsar_batch_next(&batch, &member));
        assert_int_equal(member.index, i);
        assert_int_equal(member.metadata.sequence_id, 5 + i);
        assert_str(member.metadata.partition_key, "r1");
        assert_int_equal(member.metadata.payload_size, 2);
        assert_memory_equal(member.payload, i == 0 ? "hi" : "yo", 2);
    }
    assert_false(pulsar_batch_next(&batch, &member));
    sized_free(bytes);
}

static void a_message_alone_has_what_its_metadata_say(void **state)
{
    (void)state;
    static const struct pulsar_key_value pairs[] = {{.key = {"k", 1}, .value = {"v", 1}}};
    static const struct pulsar_message_metadata metadata = {.sequence_id = 7,
        .properties = {.items = pairs, .count = 1},
        .has_partition_key = true,
        .partition_key = {"room", 4},
        .has_event_time = true,
        .event_time = 8,
        .num_messages_in_batch = 1};
    struct pulsar_batch batch;
    struct pulsar_member member;
    struct cht_str value;
    assert_int_equal(
        pulsar_open_batch(&metadata, (const uint8_t *)"hello", 5, &batch), PULSAR_FINE);
    assert_false(batch.is_batch);
    assert_true(pulsar_batch_next(&batch, &member));
    assert_int_equal(member.metadata.payload_size, 5);
    assert_memory_equal(member.payload, "hello", 5);
    assert_true(member.metadata.has_sequence_id && member.metadata.sequence_id == 7);
    assert_int_equal(member.metadata.event_time, 8);
    assert_str(member.metadata.partition_key, "room");
    assert_true(pulsar_property(member.metadata.properties, "k", &value));
    assert_false(pulsar_batch_next(&batch, &member));
}

static void a_batch_of_one_is_a_batch(void **state)
{
    (void)state;
    assert_int_equal(open_hex(1, HI), PULSAR_FINE);
    assert_int_equal(open_hex(1, "6869"), PULSAR_SHORT);
}

static void a_batch_that_counts_wrong_is_refused(void **state)
{
    (void)state;
    assert_int_equal(open_hex(1, HI YO), PULSAR_WRONG_BATCH);
    assert_int_equal(open_hex(3, HI YO), PULSAR_WRONG_BATCH);
    assert_int_equal(open_hex(0, ""), PULSAR_WRONG_BATCH);
    assert_int_equal(open_hex(-1, HI), PULSAR_WRONG_BATCH);
    assert_int_equal(open_hex(PULSAR_BATCH_MEMBERS_MAX + 1, HI), PULSAR_WRONG_BATCH);
    assert_int_equal(open_hex(1, ""), PULSAR_WRONG_BATCH);
}

static void a_batch_has_as_many_as_are_allowed(void **state)
{
    (void)state;
    static const uint8_t empty[] = {0, 0, 0, 2, 0x18, 0};
    struct pulsar_message_metadata metadata = two;
    struct pulsar_batch batch;
    size_t size = PULSAR_BATCH_MEMBERS_MAX * sizeof(empty);
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t at = 0; at < size; at += sizeof(empty)) {
        memcpy(bytes + at, empty, sizeof(empty));
    }
    metadata.num_messages_in_batch = PULSAR_BATCH_MEMBERS_MAX;
    assert_int_equal(pulsar_open_batch(&metadata, bytes, size, &batch), PULSAR_FINE);
    assert_int_equal(batch.count, PULSAR_BATCH_MEMBERS_MAX);
    free(bytes);
}

static void every_cut_batch_is_refused(void **state)
{
    (void)state;
    struct sized bytes = sized_from_hex(HI YO);
    for (size_t size = 0; size < bytes.size; size++) {
        struct sized cut = sized_copy(bytes.at, size);
        struct pulsar_batch batch;
        assert_int_not_equal(pulsar_open_batch(&two, cut.at, size, &batch), PULSAR_FINE);
        sized_free(cut);
    }
    sized_free(bytes);
}

static void what_is_wrong_with_a_member_is_named(void **state)
{
    (void)state;
    assert_int_equal(open_hex(1, "00000002 1802"), PULSAR_SHORT);
    assert_int_equal(open_hex(1, "00000000"), PULSAR_MISSING);
    assert_int_equal(open_hex(1, "00000002 1801 61 00"), PULSAR_WRONG_BATCH);
    assert_int_equal(open_hex(1, "0000000b 18ffffffffffffffffff01"), PULSAR_WRONG_NUMBER);
    assert_int_equal(open_hex(1, "ffffffff 1801 61"), PULSAR_SHORT);
}

static void a_batch_is_written_as_others_write_it(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct pulsar_writer writer;
    struct pulsar_single_metadata metadata = {.has_partition_key = true,
        .partition_key = str("r1"),
        .has_sequence_id = true,
        .sequence_id = 5};
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    assert_true(pulsar_put_member(&writer, &metadata, "hi", 2));
    metadata.sequence_id = 6;
    assert_true(pulsar_put_member(&writer, &metadata, "yo", 2));
    assert_hex(bytes, writer.used, HI YO);
}

static void a_member_that_does_not_fit_is_not_in_the_batch(void **state)
{
    (void)state;
    struct pulsar_single_metadata metadata = {.has_sequence_id = true, .sequence_id = 5};
    for (size_t capacity = 0; capacity < 20; capacity++) {
        struct sized room = sized_copy("01234567890123456789", capacity);
        struct pulsar_writer writer;
        pulsar_writer_init(&writer, room.at, capacity);
        bool first = pulsar_put_member(&writer, &metadata, "hi", 2);
        assert_int_equal(first, capacity >= 10);
        assert_int_equal(writer.used, first ? 10 : 0);
        assert_false(pulsar_put_member(&writer, &metadata, "yo", 2));
        assert_int_equal(writer.used, first ? 10 : 0);
        sized_free(room);
    }
}

static void a_set_says_who_is_not_acknowledged(void **state)
{
    (void)state;
    static const int64_t words[] = {INT64_MIN | 2, 1};
    struct pulsar_many set = {.items = words, .count = 2};
    assert_false(pulsar_ack_set_has(set, 0));
    assert_true(pulsar_ack_set_has(set, 1));
    assert_true(pulsar_ack_set_has(set, 63));
    assert_true(pulsar_ack_set_has(set, 64));
    assert_false(pulsar_ack_set_has(set, 65));
    assert_false(pulsar_ack_set_has(set, 128));
    assert_true(pulsar_ack_set_has((struct pulsar_many){0}, 5));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_walked_message_by_message),
        cmocka_unit_test(a_message_alone_has_what_its_metadata_say),
        cmocka_unit_test(a_batch_of_one_is_a_batch),
        cmocka_unit_test(a_batch_that_counts_wrong_is_refused),
        cmocka_unit_test(a_batch_has_as_many_as_are_allowed),
        cmocka_unit_test(every_cut_batch_is_refused),
        cmocka_unit_test(what_is_wrong_with_a_member_is_named),
        cmocka_unit_test(a_batch_is_written_as_others_write_it),
        cmocka_unit_test(a_member_that_does_not_fit_is_not_in_the_batch),
        cmocka_unit_test(a_set_says_who_is_not_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
