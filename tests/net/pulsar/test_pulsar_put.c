/* test_pulsar_put - whatever is written is read as what it was. */

#include "pulsar_case.h"

#include <stdlib.h>

#include "pulsar/pulsar_writing.h"
#include "random_message.h"

#define ROUNDS 300
#define BYTES_MAX 65536

union any_message {
    struct pulsar_command command;
    struct pulsar_message_metadata metadata;
    struct pulsar_schema schema;
};

static uint8_t room[BYTES_MAX];

static struct message_dice dice_of(uint64_t seed)
{
    return (struct message_dice){
        .state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1, .room = room, .capacity = sizeof(room)};
}

static struct sized put(const struct pulsar_row *row, const void *message)
{
    static uint8_t bytes[BYTES_MAX];
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    pulsar_put_message(&writer, row, message);
    assert_false(writer.failed);
    return sized_copy(bytes, writer.used);
}

static void every_message_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < ROUNDS * message_row_count; seed++) {
        const struct pulsar_row *row = message_rows[seed % message_row_count];
        struct message_dice dice = dice_of(seed);
        union any_message message, again;
        assert_true(row->size <= sizeof(message));
        random_message(&dice, row, &message);
        struct sized bytes = put(row, &message);
        enum pulsar_flaw flaw = pulsar_read(row, bytes.at, bytes.size, &again);
        if (flaw != PULSAR_FINE || !messages_equal(row, &message, &again)) {
            fail_msg("%s, seed %u: %s", row->name, (unsigned)seed, pulsar_flaw_name(flaw));
        }
        struct sized second = put(row, &again); /* lists that were read are written too */
        assert_int_equal(second.size, bytes.size);
        assert_memory_equal(second.at, bytes.at, bytes.size);
        sized_free(second);
        sized_free(bytes);
    }
}

/* A cut may lie between two fields: what is there is right then, unless one is missing. */
static void every_cut_message_is_right_or_refused(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 4 * message_row_count; seed++) {
        const struct pulsar_row *row = message_rows[seed % message_row_count];
        struct message_dice dice = dice_of(seed + 1000000);
        union any_message message, again;
        random_message(&dice, row, &message);
        struct sized bytes = put(row, &message);
        for (size_t size = 0; size < bytes.size; size++) {
            struct sized cut = sized_copy(bytes.at, size);
            enum pulsar_flaw flaw = pulsar_read(row, cut.at, size, &again);
            if (flaw == PULSAR_FINE) {
                struct sized shorter = put(row, &again);
                assert_int_equal(shorter.size, size);
                sized_free(shorter);
            }
            sized_free(cut);
        }
        sized_free(bytes);
    }
}

static void every_command_goes_through_a_frame(void **state)
{
    (void)state;
    static uint8_t bytes[BYTES_MAX];
    for (uint32_t type = 0; type < 100; type++) {
        const struct pulsar_command_row *row = pulsar_command_row(type);
        for (uint64_t seed = 1; row && seed < 50; seed++) {
            struct message_dice dice = dice_of(seed * 100 + type);
            struct pulsar_command command = {.type = type};
            static const struct pulsar_message_metadata metadata = {.producer_name = {"p", 1}};
            struct pulsar_writer writer;
            struct pulsar_frame frame;
            random_message(&dice, row->row, &command.connect);
            pulsar_writer_init(&writer, bytes, sizeof(bytes));
            assert_true(pulsar_carries_message(type)
                            ? pulsar_write_entry(&writer, &command, NULL, &metadata, NULL, 0)
                            : pulsar_write_command(&writer, &command));
            assert_int_equal(
                pulsar_read_frame(bytes, writer.used, PULSAR_MESSAGE_BYTES, &frame), PULSAR_FINE);
            assert_int_equal(frame.size, writer.used);
            assert_int_equal(frame.command.type, type);
            assert_true(messages_equal(row->row, &command.connect, &frame.command.connect));
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_read_as_it_was_written),
        cmocka_unit_test(every_cut_message_is_right_or_refused),
        cmocka_unit_test(every_command_goes_through_a_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
