/* test_pulsar_frame - frames and entries: as others write them, and what is wrong with them. */

#include "pulsar_case.h"

#include <string.h>

#define PING "00000009 00000005 0812920100"
#define PONG "00000009 00000005 08139a0100"
#define FLOW "0000000d 00000009 080b5a05080110e807"
#define SEND_IN_FRONT                                                                              \
    "00000024 00000008 0806320408001005 0e01 b377678e 0000000c 0a017010051880d095ffbc31"
#define SEND SEND_IN_FRONT " 6869"
#define METADATA "0000000c 0a017010051880d095ffbc31"

static enum pulsar_flaw read_frame(const char *hex)
{
    struct sized bytes = sized_from_hex(hex);
    struct pulsar_frame frame;
    enum pulsar_flaw flaw = pulsar_read_frame(bytes.at, bytes.size, PULSAR_MESSAGE_BYTES, &frame);
    sized_free(bytes);
    return flaw;
}

static void assert_frame(const char *hex, enum pulsar_flaw wanted)
{
    enum pulsar_flaw flaw = read_frame(hex);
    if (flaw != wanted) {
        fail_msg("%s: %s", hex, pulsar_flaw_name(flaw));
    }
}

static enum pulsar_flaw read_entry(const char *hex, struct pulsar_entry *ret_entry)
{
    struct sized bytes = sized_from_hex(hex);
    enum pulsar_flaw flaw = pulsar_read_entry(bytes.at, bytes.size, ret_entry);
    sized_free(bytes);
    return flaw;
}

/* ---- commands */

static void commands_are_read_as_others_write_them(void **state)
{
    (void)state;
    struct sized bytes = sized_from_hex(PING PONG FLOW);
    struct pulsar_frame frame = frame_at(&bytes, 0);
    assert_int_equal(frame.command.type, PULSAR_COMMAND_PING);
    assert_int_equal(frame.size, 13);
    frame = frame_at(&bytes, 13);
    assert_int_equal(frame.command.type, PULSAR_COMMAND_PONG);
    frame = frame_at(&bytes, 26);
    assert_int_equal(frame.command.type, PULSAR_COMMAND_FLOW);
    assert_int_equal(frame.command.flow.consumer_id, 1);
    assert_int_equal(frame.command.flow.message_permits, 1000);
    assert_int_equal(frame.entry_size, 0);
    sized_free(bytes);
}

static void a_frame_says_how_many_bytes_it_wants(void **state)
{
    (void)state;
    struct sized bytes = sized_from_hex(SEND);
    for (size_t size = 0; size < bytes.size; size++) {
        struct sized cut = sized_copy(bytes.at, size);
        struct pulsar_frame frame;
        assert_int_equal(
            pulsar_read_frame(cut.at, size, PULSAR_MESSAGE_BYTES, &frame), PULSAR_MORE);
        assert_int_equal(frame.size, size < 4 ? PULSAR_LENGTHS_BYTES : bytes.size);
        sized_free(cut);
    }
    sized_free(bytes);
}

static void lengths_are_judged_before_anything_is_waited_for(void **state)
{
    (void)state;
    struct pulsar_frame frame;
    assert_frame("00000003", PULSAR_SHORT);
    assert_frame("00000004 00000001", PULSAR_SHORT);
    assert_frame("00502800", PULSAR_MORE); /* 5 MiB and 10 KiB */
    assert_frame("00502801", PULSAR_TOO_LARGE);
    assert_frame("ffffffff", PULSAR_TOO_LARGE);
    static const uint8_t wide[] = {0x04, 0x00, 0x28, 0x01}; /* one more than can be allowed */
    assert_int_equal(pulsar_read_frame(wide, 4, UINT32_MAX, &frame), PULSAR_TOO_LARGE);
}

static void a_command_of_a_newer_broker_is_no_flaw(void **state)
{
    (void)state;
    struct sized bytes = sized_from_hex("0000000a 00000006 0850 82050107");
    struct pulsar_frame frame = frame_at(&bytes, 0);
    assert_int_equal(frame.command.type, 80);
    assert_null(pulsar_command_row(frame.command.type));
    sized_free(bytes);
    assert_frame("00000008 00000002 081a aabb", PULSAR_FINE); /* whatever is behind it */
}

static void a_broken_command_of_a_known_type_is_named(void **state)
{
    (void)state;
    assert_frame("00000004 00000000", PULSAR_MISSING);
    assert_frame("00000005 00000001 08", PULSAR_SHORT);
    assert_frame("00000005 00000001 10", PULSAR_SHORT);
    assert_frame("00000006 00000002 0812", PULSAR_NO_COMMAND);
    assert_frame("00000006 00000002 1000", PULSAR_MISSING);
    assert_frame("0000000a 00000006 0812 92010100", PULSAR_WRONG_WIRE);
    assert_frame("00000009 00000005 0812 920101", PULSAR_SHORT);
    assert_frame("0000000c 00000008 0812 920100 920100", PULSAR_REPEATED);
    assert_frame("0000000b 00000007 0812 920100 0812", PULSAR_REPEATED);
    assert_frame("00000009 00000005 0812 900100", PULSAR_WRONG_WIRE);
    assert_frame("00000009 00000005 0a0112 9201", PULSAR_WRONG_WIRE);
    assert_frame("0000000a 00000006 08ffffffff0f", PULSAR_WRONG_NUMBER);
    assert_frame("0000000b 00000007 080b 5a03 080110", PULSAR_SHORT);
    assert_frame("0000000a 00000006 080b 5a02 0801", PULSAR_MISSING);
}

static void fields_of_a_command_come_in_any_order_beside_others(void **state)
{
    (void)state;
    assert_frame("00000009 00000005 920100 0812", PULSAR_FINE);
    assert_frame("0000000c 00000008 0812 9a0100 920100", PULSAR_FINE);
    assert_frame("0000000c 00000008 0812 920100 9a0103", PULSAR_SHORT);
}

static void a_command_has_a_message_behind_it_or_nothing(void **state)
{
    (void)state;
    assert_frame("0000000a 00000005 0812920100 00", PULSAR_TRAILING);
    assert_frame("0000000c 00000008 0806320408001005", PULSAR_NO_METADATA);
}

static void every_command_has_a_name_and_those_who_send_it(void **state)
{
    (void)state;
    assert_string_equal(pulsar_command_row(PULSAR_COMMAND_SEND_RECEIPT)->name, "send_receipt");
    assert_int_equal(pulsar_command_row(PULSAR_COMMAND_SEND)->way, PULSAR_FROM_CLIENT);
    assert_int_equal(pulsar_command_row(PULSAR_COMMAND_MESSAGE)->way, PULSAR_FROM_BROKER);
    assert_int_equal(pulsar_command_row(PULSAR_COMMAND_PING)->way, PULSAR_FROM_EITHER);
    assert_null(pulsar_command_row(0));
    assert_null(pulsar_command_row(25));
    assert_null(pulsar_command_row(69));
    assert_true(pulsar_carries_message(PULSAR_COMMAND_SEND));
    assert_true(pulsar_carries_message(PULSAR_COMMAND_MESSAGE));
    assert_false(pulsar_carries_message(PULSAR_COMMAND_ACK));
}

/* ---- entries */

static void an_entry_is_read_as_others_write_it(void **state)
{
    (void)state;
    struct sized bytes = sized_from_hex(SEND);
    struct pulsar_frame frame = frame_at(&bytes, 0);
    struct pulsar_entry entry;
    assert_int_equal(frame.command.send.sequence_id, 5);
    assert_int_equal(pulsar_read_entry(frame.entry, frame.entry_size, &entry), PULSAR_FINE);
    assert_true(entry.has_checksum && !entry.has_broker_entry);
    assert_str(entry.metadata.producer_name, "p");
    assert_int_equal(entry.metadata.publish_time, 1700000000000);
    assert_int_equal(entry.payload_size, 2);
    assert_memory_equal(entry.payload, "hi", 2);
    sized_free(bytes);
}

static void a_broker_may_put_words_in_front_and_a_publisher_may_send_no_checksum(void **state)
{
    (void)state;
    struct pulsar_entry entry;
    assert_int_equal(read_entry("0e02 00000004 0807 1009 " METADATA "6869", &entry), PULSAR_FINE);
    assert_true(entry.has_broker_entry && !entry.has_checksum);
    assert_int_equal(entry.broker_entry.broker_timestamp, 7);
    assert_int_equal(entry.broker_entry.index, 9);
    assert_int_equal(
        read_entry("0e02 00000000 0e01 b377678e " METADATA "6869", &entry), PULSAR_FINE);
    assert_true(entry.has_broker_entry && entry.has_checksum);
    assert_int_equal(read_entry(METADATA, &entry), PULSAR_FINE);
    assert_int_equal(entry.payload_size, 0);
}

static void every_changed_byte_of_an_entry_is_found(void **state)
{
    (void)state;
    struct sized bytes = sized_from_hex(SEND);
    struct pulsar_frame frame = frame_at(&bytes, 0);
    for (uint32_t i = 6; i < frame.entry_size; i++) {
        struct pulsar_entry entry;
        struct sized changed = sized_copy(frame.entry, frame.entry_size);
        changed.at[i] ^= 0x10;
        assert_int_equal(
            pulsar_read_entry(changed.at, changed.size, &entry), PULSAR_WRONG_CHECKSUM);
        sized_free(changed);
    }
    sized_free(bytes);
}

static void what_is_wrong_with_an_entry_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum pulsar_flaw flaw;
    } rows[] = {{"", PULSAR_NO_METADATA}, {"0e02 00000000", PULSAR_NO_METADATA},
        {"0e02 0000", PULSAR_SHORT}, {"0e02 00000003 0807", PULSAR_SHORT},
        {"0e02 00000001 08", PULSAR_SHORT}, {"0e01 b377", PULSAR_SHORT},
        {"0e01 00000000", PULSAR_NO_METADATA}, {"0e01 00000001", PULSAR_WRONG_CHECKSUM},
        {"000000", PULSAR_SHORT}, {"00000002 08", PULSAR_SHORT}, {"00000000 6869", PULSAR_MISSING},
        {"0000000d 0a017010051880d095ffbc31", PULSAR_SHORT},
        {"0000000e 0a017010051880d095ffbc31 6a00 6869", PULSAR_ENCRYPTED}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pulsar_entry entry;
        enum pulsar_flaw flaw = read_entry(rows[i].hex, &entry);
        if (flaw != rows[i].flaw) {
            fail_msg("%s: %s", rows[i].hex, pulsar_flaw_name(flaw));
        }
    }
}

static void a_refused_message_is_acknowledged_with_its_reason(void **state)
{
    (void)state;
    static const struct {
        enum pulsar_flaw flaw;
        enum pulsar_validation_error error;
    } rows[] = {{PULSAR_WRONG_CHECKSUM, PULSAR_VALIDATION_CHECKSUM},
        {PULSAR_TOO_LARGE, PULSAR_VALIDATION_UNCOMPRESSED_SIZE},
        {PULSAR_ENCRYPTED, PULSAR_VALIDATION_DECRYPTION},
        {PULSAR_SNAPPY, PULSAR_VALIDATION_DECOMPRESSION},
        {PULSAR_UNKNOWN_COMPRESSION, PULSAR_VALIDATION_DECOMPRESSION},
        {PULSAR_NOT_INFLATED, PULSAR_VALIDATION_DECOMPRESSION},
        {PULSAR_WRONG_BATCH, PULSAR_VALIDATION_BATCH}, {PULSAR_MISSING, PULSAR_VALIDATION_BATCH}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(pulsar_validation_error(rows[i].flaw), rows[i].error);
    }
}

/* ---- writing */

static bool write_ping(struct pulsar_writer *writer)
{
    return pulsar_write_command(writer, &(struct pulsar_command){.type = PULSAR_COMMAND_PING});
}

static bool write_flow(struct pulsar_writer *writer)
{
    return pulsar_write_command(writer, &(struct pulsar_command){.type = PULSAR_COMMAND_FLOW,
                                            .flow = {.consumer_id = 1, .message_permits = 1000}});
}

static bool write_connect(struct pulsar_writer *writer)
{
    return pulsar_write_command(writer, &(struct pulsar_command){.type = PULSAR_COMMAND_CONNECT,
                                            .connect = {.client_version = str("c"),
                                                .has_protocol_version = true,
                                                .protocol_version = 19,
                                                .has_auth_method_name = true,
                                                .auth_method_name = str("none")}});
}

static bool write_ack(struct pulsar_writer *writer)
{
    static const struct pulsar_message_id ids[] = {
        {.ledger_id = 1, .entry_id = 2}, {.ledger_id = 3, .entry_id = 4}};
    return pulsar_write_command(writer, &(struct pulsar_command){.type = PULSAR_COMMAND_ACK,
                                            .ack = {.consumer_id = 1,
                                                .ack_type = PULSAR_ACK_INDIVIDUAL,
                                                .message_id = {.items = ids, .count = 2}}});
}

static bool write_send(struct pulsar_writer *writer)
{
    static const struct pulsar_command command = {
        .type = PULSAR_COMMAND_SEND, .send = {.producer_id = 0, .sequence_id = 5}};
    static const struct pulsar_message_metadata metadata = {
        .producer_name = {"p", 1}, .sequence_id = 5, .publish_time = 1700000000000};
    return pulsar_write_entry(writer, &command, NULL, &metadata, "hi", 2);
}

/* A size of two bytes, which moves what is behind it. */
static bool write_long(struct pulsar_writer *writer)
{
    static char text[128];
    memset(text, 'x', sizeof(text));
    return pulsar_write_command(
        writer, &(struct pulsar_command){.type = PULSAR_COMMAND_GET_SCHEMA,
                    .get_schema = {.request_id = 1, .topic = {text, sizeof(text)}}});
}

static const struct {
    bool (*write)(struct pulsar_writer *writer);
    const char *hex;
} written[] = {{write_ping, PING}, {write_flow, FLOW},
    {write_connect, "00000013 0000000f 0802120b0a016320132a046e6f6e65"},
    {write_send, SEND_IN_FRONT},
    {write_ack, "00000018 00000014 080a 5210 0801 1000 1a04 08011002 1a04 08031004"},
    {write_long, "0000008f 0000008b 0822 9202 8501 0801 128001"
                 "78787878787878787878787878787878 78787878787878787878787878787878"
                 "78787878787878787878787878787878 78787878787878787878787878787878"
                 "78787878787878787878787878787878 78787878787878787878787878787878"
                 "78787878787878787878787878787878 78787878787878787878787878787878"}};

#define WRITTEN (sizeof(written) / sizeof(written[0]))

static void frames_are_written_as_others_write_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < WRITTEN; i++) {
        uint8_t bytes[256];
        struct pulsar_writer writer;
        pulsar_writer_init(&writer, bytes, sizeof(bytes));
        assert_true(written[i].write(&writer));
        assert_hex(bytes, writer.used, written[i].hex);
    }
}

static void frames_follow_each_other_in_one_buffer(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    assert_true(write_ping(&writer));
    assert_true(write_flow(&writer));
    assert_hex(bytes, writer.used, PING FLOW);
}

static void a_frame_that_does_not_fit_is_not_there_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < WRITTEN; i++) {
        struct sized wanted = sized_from_hex(written[i].hex);
        for (size_t capacity = 0; capacity < wanted.size; capacity++) {
            struct sized room = sized_copy(wanted.at, capacity);
            struct pulsar_writer writer;
            pulsar_writer_init(&writer, room.at, capacity);
            assert_false(written[i].write(&writer));
            assert_int_equal(writer.used, 0);
            sized_free(room);
        }
        sized_free(wanted);
    }
}

static void there_is_room_again_after_one_that_did_not_fit(void **state)
{
    (void)state;
    uint8_t bytes[30];
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    assert_true(write_ping(&writer));
    assert_false(write_connect(&writer));
    assert_true(write_flow(&writer));
    assert_hex(bytes, writer.used, PING FLOW);
}

static void metadata_have_the_size_that_they_take(void **state)
{
    (void)state;
    static const struct pulsar_message_metadata metadata = {
        .producer_name = {"p", 1}, .sequence_id = 5, .publish_time = 1700000000000};
    static const struct pulsar_key_value pair = {.key = {"k", 1}, .value = {"v", 1}};
    struct pulsar_message_metadata more = metadata;
    more.properties = (struct pulsar_many){.items = &pair, .count = 1};
    assert_int_equal(pulsar_metadata_size(&metadata), 12);
    assert_int_equal(pulsar_metadata_size(&more), 20);
}

static void a_broker_writes_messages_in_the_same_way(void **state)
{
    (void)state;
    uint8_t bytes[128];
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    static const struct pulsar_command command = {.type = PULSAR_COMMAND_MESSAGE,
        .message = {.consumer_id = 1, .message_id = {.ledger_id = 2, .entry_id = 3}}};
    static const struct pulsar_broker_entry_metadata before = {.has_index = true, .index = 9};
    static const struct pulsar_message_metadata metadata = {
        .producer_name = {"p", 1}, .sequence_id = 5, .publish_time = 1700000000000};
    assert_true(pulsar_write_entry(&writer, &command, &before, &metadata, "hi", 2));
    assert_hex(bytes, writer.used,
        "00000030 0000000c 0809 4a08 0801 1204 0802 1003 0e02 00000002 1009 0e01 "
        "b377678e " METADATA);
    memcpy(bytes + writer.used, "hi", 2);
    struct sized whole = sized_copy(bytes, writer.used + 2);
    struct pulsar_frame frame = frame_at(&whole, 0);
    struct pulsar_entry entry;
    assert_int_equal(pulsar_read_entry(frame.entry, frame.entry_size, &entry), PULSAR_FINE);
    assert_int_equal(entry.broker_entry.index, 9);
    sized_free(whole);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_read_as_others_write_them),
        cmocka_unit_test(a_frame_says_how_many_bytes_it_wants),
        cmocka_unit_test(lengths_are_judged_before_anything_is_waited_for),
        cmocka_unit_test(a_command_of_a_newer_broker_is_no_flaw),
        cmocka_unit_test(a_broken_command_of_a_known_type_is_named),
        cmocka_unit_test(fields_of_a_command_come_in_any_order_beside_others),
        cmocka_unit_test(a_command_has_a_message_behind_it_or_nothing),
        cmocka_unit_test(every_command_has_a_name_and_those_who_send_it),
        cmocka_unit_test(an_entry_is_read_as_others_write_it),
        cmocka_unit_test(a_broker_may_put_words_in_front_and_a_publisher_may_send_no_checksum),
        cmocka_unit_test(every_changed_byte_of_an_entry_is_found),
        cmocka_unit_test(what_is_wrong_with_an_entry_is_named),
        cmocka_unit_test(a_refused_message_is_acknowledged_with_its_reason),
        cmocka_unit_test(frames_are_written_as_others_write_them),
        cmocka_unit_test(frames_follow_each_other_in_one_buffer),
        cmocka_unit_test(a_frame_that_does_not_fit_is_not_there_at_all),
        cmocka_unit_test(there_is_room_again_after_one_that_did_not_fit),
        cmocka_unit_test(metadata_have_the_size_that_they_take),
        cmocka_unit_test(a_broker_writes_messages_in_the_same_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
