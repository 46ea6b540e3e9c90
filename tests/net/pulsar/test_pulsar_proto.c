/* test_pulsar_proto - messages of the table, read from bytes. */

#include "pulsar_case.h"

#include <string.h>

static void assert_flaw(const struct pulsar_row *row, const char *hex, enum pulsar_flaw wanted)
{
    enum pulsar_flaw flaw = read_hex(row, hex, NULL);
    if (flaw != wanted) {
        fail_msg("%s of %s: %s", hex, row->name, pulsar_flaw_name(flaw));
    }
}

static void what_is_absent_has_its_fallback(void **state)
{
    (void)state;
    struct pulsar_producer_success success;
    assert_int_equal(read_hex(&pulsar_row_producer_success, "0801 120170", &success), PULSAR_FINE);
    assert_int_equal(success.request_id, 1);
    assert_int_equal(success.last_sequence_id, -1);
    assert_true(success.producer_ready);
    assert_false(success.has_producer_ready || success.has_schema_version);
    assert_null(success.schema_version.at);
    struct pulsar_message_id id;
    assert_int_equal(read_hex(&pulsar_row_message_id, "0801 1002", &id), PULSAR_FINE);
    assert_int_equal(id.partition, -1);
    assert_int_equal(id.batch_index, -1);
}

static void what_is_there_says_so(void **state)
{
    (void)state;
    struct pulsar_producer_success success;
    assert_int_equal(read_hex(&pulsar_row_producer_success,
                         "0801 1200 18ffffffffffffffffff01 2200 3000", &success),
        PULSAR_FINE);
    assert_true(success.has_last_sequence_id && success.last_sequence_id == -1);
    assert_true(success.has_schema_version && success.schema_version.size == 0);
    assert_null(success.schema_version.at);
    assert_true(success.has_producer_ready && !success.producer_ready);
    assert_int_equal(success.producer_name.size, 0);
}

static void each_needed_field_has_to_be_there(void **state)
{
    (void)state;
    assert_flaw(&pulsar_row_send, "0801", PULSAR_MISSING);
    assert_flaw(&pulsar_row_send, "1001", PULSAR_MISSING);
    assert_flaw(&pulsar_row_send, "", PULSAR_MISSING);
    assert_flaw(&pulsar_row_send, "1001 0801", PULSAR_FINE);
    assert_flaw(&pulsar_row_message, "0801", PULSAR_MISSING);
    assert_flaw(&pulsar_row_message, "0801 1200", PULSAR_MISSING);
    assert_flaw(&pulsar_row_message, "0801 1204 0801 1002", PULSAR_FINE);
    assert_flaw(&pulsar_row_ping, "", PULSAR_FINE);
}

static void unknown_fields_are_passed_over_and_counted(void **state)
{
    (void)state;
    struct pulsar_flow flow;
    assert_int_equal(read_hex(&pulsar_row_flow,
                         "0801 1807 2201ff 290102030405060708 3501020304 f80101 1005", &flow),
        PULSAR_FINE);
    assert_int_equal(flow.skipped, 5);
    assert_int_equal(flow.message_permits, 5);
    assert_flaw(&pulsar_row_flow, "0801 1005 2202ff", PULSAR_SHORT);
    assert_flaw(&pulsar_row_flow, "0801 1005 29010203", PULSAR_SHORT);
    assert_flaw(&pulsar_row_flow, "0801 1005 350102", PULSAR_SHORT);
    assert_flaw(&pulsar_row_flow, "0801 1005 1b", PULSAR_WRONG_WIRE);
    assert_flaw(&pulsar_row_flow, "0801 1005 1f", PULSAR_WRONG_WIRE);
}

static void a_field_of_another_wire_type_is_refused(void **state)
{
    (void)state;
    assert_flaw(&pulsar_row_flow, "0a0101 1005", PULSAR_WRONG_WIRE);
    assert_flaw(&pulsar_row_flow, "090102030405060708 1005", PULSAR_WRONG_WIRE);
    assert_flaw(&pulsar_row_error, "0801 1001 1801", PULSAR_WRONG_WIRE);
    assert_flaw(&pulsar_row_flow, "0001 0801 1005", PULSAR_WRONG_WIRE);
    assert_flaw(&pulsar_row_flow, "8080808010 00", PULSAR_WRONG_WIRE);     /* 2^29 is no number */
    assert_flaw(&pulsar_row_flow, "0801 1005 f8ffffff0f 00", PULSAR_FINE); /* the one below is */
}

static void a_field_that_is_there_once_is_not_there_twice(void **state)
{
    (void)state;
    assert_flaw(&pulsar_row_flow, "0801 1005 1005", PULSAR_REPEATED);
    assert_flaw(&pulsar_row_send_receipt, "0801 1002 1a0408011002 1a0408011002", PULSAR_REPEATED);
}

static void numbers_are_read_to_their_last_bit(void **state)
{
    (void)state;
    struct pulsar_send_receipt receipt;
    assert_int_equal(
        read_hex(&pulsar_row_send_receipt,
            "08ffffffffffffffffff01 10ffffffffffffffff7f 1a06 08808001 108101", &receipt),
        PULSAR_SHORT);
    assert_int_equal(
        read_hex(&pulsar_row_send_receipt,
            "08ffffffffffffffffff01 10ffffffffffffffff7f 1a07 08808001 108101", &receipt),
        PULSAR_FINE);
    assert_true(receipt.producer_id == UINT64_MAX);
    assert_true(receipt.sequence_id == INT64_MAX);
    assert_int_equal(receipt.message_id.ledger_id, 1 << 14);
    assert_int_equal(receipt.message_id.entry_id, 129);
    assert_flaw(&pulsar_row_send, "08ffffffffffffffffff02 1001", PULSAR_WRONG_VARINT);
    assert_flaw(&pulsar_row_send, "0880808080808080808080 01 1001", PULSAR_WRONG_VARINT);
    assert_flaw(&pulsar_row_send, "1001 08ff", PULSAR_SHORT);
    assert_flaw(&pulsar_row_send, "1001 08", PULSAR_SHORT);
}

static void numbers_of_32_bits_come_below_zero_in_both_ways(void **state)
{
    (void)state;
    struct pulsar_message_id id;
    assert_int_equal(
        read_hex(&pulsar_row_message_id, "0801 1002 18ffffffff0f 20ffffffffffffffffff01", &id),
        PULSAR_FINE);
    assert_int_equal(id.partition, -1);
    assert_int_equal(id.batch_index, -1);
    assert_int_equal(
        read_hex(&pulsar_row_message_id, "0801 1002 1880808080f8ffffffff01", &id), PULSAR_FINE);
    assert_int_equal(id.partition, INT32_MIN);
    assert_flaw(&pulsar_row_message_id, "0801 1002 188080808010", PULSAR_WRONG_NUMBER);
    assert_flaw(&pulsar_row_message_id, "0801 1002 18fffffffff7ffffffff01", PULSAR_WRONG_NUMBER);
    assert_flaw(&pulsar_row_flow, "0801 108080808010", PULSAR_WRONG_NUMBER);
}

static void a_flag_is_zero_or_one(void **state)
{
    (void)state;
    struct pulsar_active_consumer_change change;
    assert_int_equal(
        read_hex(&pulsar_row_active_consumer_change, "0801 1001", &change), PULSAR_FINE);
    assert_true(change.is_active);
    assert_flaw(&pulsar_row_active_consumer_change, "0801 1002", PULSAR_WRONG_NUMBER);
}

static void texts_of_the_broker_are_utf8_and_names_of_others_need_not_be(void **state)
{
    (void)state;
    struct pulsar_key_value property;
    assert_flaw(&pulsar_row_error, "0801 1001 1a02c3bc", PULSAR_FINE);
    assert_flaw(&pulsar_row_error, "0801 1001 1a01c3", PULSAR_NOT_UTF8);
    assert_int_equal(read_hex(&pulsar_row_key_value, "0a01ff 120180", &property), PULSAR_FINE);
    assert_int_equal(property.key.size, 1);
}

/* ---- lists */

static void a_list_is_walked_in_its_order_over_what_is_between(void **state)
{
    (void)state;
    struct sized bytes = sized_from_hex("1a04 08011002 0801 1000 1a04 08031004 7801 1a04 08051006");
    struct pulsar_ack ack;
    struct pulsar_message_id id;
    assert_int_equal(pulsar_read(&pulsar_row_ack, bytes.at, bytes.size, &ack), PULSAR_FINE);
    assert_int_equal(ack.message_id.count, 3);
    struct pulsar_many cursor = ack.message_id;
    for (uint64_t i = 1; i <= 5; i += 2) {
        assert_true(pulsar_next_message_id(&cursor, &id));
        assert_int_equal(id.ledger_id, i);
        assert_int_equal(id.entry_id, i + 1);
    }
    assert_false(pulsar_next_message_id(&cursor, &id));
    assert_int_equal(ack.message_id.count, 3);
    sized_free(bytes);
}

static void numbers_of_a_list_come_alone_and_in_blocks(void **state)
{
    (void)state;
    static const int64_t wanted[] = {1, -1, 300, 7};
    struct sized bytes =
        sized_from_hex("0801 2200 2001 1204 08011002 220c ffffffffffffffffff01 ac02 2007 2200");
    struct pulsar_message message;
    int64_t number;
    assert_int_equal(pulsar_read(&pulsar_row_message, bytes.at, bytes.size, &message), PULSAR_FINE);
    assert_int_equal(message.ack_set.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(pulsar_next_i64(&message.ack_set, &number));
        assert_int_equal(number, wanted[i]);
    }
    assert_false(pulsar_next_i64(&message.ack_set, &number));
    sized_free(bytes);
}

static void what_is_wrong_in_a_list_refuses_its_message(void **state)
{
    (void)state;
    assert_flaw(&pulsar_row_ack, "0801 1000 1a02 0801", PULSAR_MISSING);
    assert_flaw(&pulsar_row_ack, "0801 1000 1a04 08011002 1a04 08011002 1a03 080110", PULSAR_SHORT);
    assert_flaw(&pulsar_row_message, "0801 1204 08011002 2201ff", PULSAR_SHORT);
    assert_flaw(&pulsar_row_message, "0801 1204 08011002 2205 01", PULSAR_SHORT);
    assert_flaw(&pulsar_row_ack, "0801 1000 2a03 0a0161", PULSAR_MISSING);
    assert_flaw(&pulsar_row_ack, "0801 1000 1801", PULSAR_WRONG_WIRE);
}

static void lists_of_texts_and_ranges_are_walked_too(void **state)
{
    (void)state;
    struct sized bytes = sized_from_hex("0a0170 1000 1800 3a0161 3a00 3a026262 fa01020305");
    struct pulsar_message_metadata metadata;
    struct cht_str text;
    int32_t index;
    assert_int_equal(
        pulsar_read(&pulsar_row_message_metadata, bytes.at, bytes.size, &metadata), PULSAR_FINE);
    assert_true(pulsar_next_bytes(&metadata.replicate_to, &text));
    assert_str(text, "a");
    assert_true(pulsar_next_bytes(&metadata.replicate_to, &text));
    assert_str(text, "");
    assert_true(pulsar_next_bytes(&metadata.replicate_to, &text));
    assert_str(text, "bb");
    assert_false(pulsar_next_bytes(&metadata.replicate_to, &text));
    assert_true(pulsar_next_i32(&metadata.compacted_batch_indexes, &index));
    assert_int_equal(index, 3);
    assert_int_equal(metadata.compacted_batch_indexes.count, 1);
    sized_free(bytes);
    struct pulsar_int_range range;
    struct pulsar_key_shared_meta meta;
    bytes = sized_from_hex("0801 1a0408001009");
    assert_int_equal(
        pulsar_read(&pulsar_row_key_shared_meta, bytes.at, bytes.size, &meta), PULSAR_FINE);
    assert_true(pulsar_next_int_range(&meta.hash_ranges, &range));
    assert_int_equal(range.end, 9);
    sized_free(bytes);
}

static void a_property_is_found_by_its_name(void **state)
{
    (void)state;
    static const struct pulsar_key_value pairs[] = {
        {.key = {"kind", 4}, .value = {"text", 4}}, {.key = {"kind", 4}, .value = {"other", 5}}};
    struct pulsar_many properties = {.items = pairs, .count = 2};
    struct cht_str value;
    assert_true(pulsar_property(properties, "kind", &value));
    assert_str(value, "text");
    assert_false(pulsar_property(properties, "kin", &value));
    assert_false(pulsar_property((struct pulsar_many){0}, "kind", &value));
}

static void a_place_is_the_same_with_and_without_an_index_that_says_nothing(void **state)
{
    (void)state;
    struct pulsar_message_id a = {.ledger_id = 1, .entry_id = 2};
    struct pulsar_message_id b = {
        .ledger_id = 1, .entry_id = 2, .has_batch_index = true, .batch_index = -1};
    assert_true(pulsar_message_id_equal(&a, &b));
    b.batch_index = 0;
    assert_false(pulsar_message_id_equal(&a, &b));
    a.entry_id = 3;
    assert_false(pulsar_message_id_equal(&a, &(struct pulsar_message_id){.ledger_id = 1}));
    assert_false(pulsar_message_id_equal(&b, &(struct pulsar_message_id){.entry_id = 2}));
    assert_true(pulsar_message_id_equal(&b, &b));
}

static void every_flaw_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    assert_string_equal(pulsar_flaw_name(PULSAR_FINE), "fine");
    assert_string_equal(pulsar_flaw_name(PULSAR_WRONG_BATCH), "wrong_batch");
    for (int flaw = 0; flaw < PULSAR_FLAW_COUNT; flaw++) {
        const char *text = pulsar_flaw_text((enum pulsar_flaw)flaw);
        assert_int_equal(text[strlen(text) - 1], '.');
        for (int other = 0; other < flaw; other++) {
            assert_string_not_equal(pulsar_flaw_name((enum pulsar_flaw)flaw),
                pulsar_flaw_name((enum pulsar_flaw)other));
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_absent_has_its_fallback),
        cmocka_unit_test(what_is_there_says_so),
        cmocka_unit_test(each_needed_field_has_to_be_there),
        cmocka_unit_test(unknown_fields_are_passed_over_and_counted),
        cmocka_unit_test(a_field_of_another_wire_type_is_refused),
        cmocka_unit_test(a_field_that_is_there_once_is_not_there_twice),
        cmocka_unit_test(numbers_are_read_to_their_last_bit),
        cmocka_unit_test(numbers_of_32_bits_come_below_zero_in_both_ways),
        cmocka_unit_test(a_flag_is_zero_or_one),
        cmocka_unit_test(texts_of_the_broker_are_utf8_and_names_of_others_need_not_be),
        cmocka_unit_test(a_list_is_walked_in_its_order_over_what_is_between),
        cmocka_unit_test(numbers_of_a_list_come_alone_and_in_blocks),
        cmocka_unit_test(what_is_wrong_in_a_list_refuses_its_message),
        cmocka_unit_test(lists_of_texts_and_ranges_are_walked_too),
        cmocka_unit_test(a_property_is_found_by_its_name),
        cmocka_unit_test(a_place_is_the_same_with_and_without_an_index_that_says_nothing),
        cmocka_unit_test(every_flaw_has_a_name_and_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
