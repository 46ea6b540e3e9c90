/* test_pulsar_recorded - what a real broker answers, and what it was asked by another encoder. */

#include "pulsar_case.h"

#include "pulsar/pulsar_batch.h"
#include "pulsar/pulsar_error.h"

/* One frame of a recorded answer; what it points to stays until answer_free. */
struct answer {
    struct sized bytes;
    struct pulsar_frame frame;
    const struct pulsar_command *command;
};

static struct answer *answer_of(struct answer *ret_answer, const char *name, uint32_t type)
{
    ret_answer->bytes = recorded_response(name);
    ret_answer->frame = frame_of(&ret_answer->bytes, type);
    ret_answer->command = &ret_answer->frame.command;
    return ret_answer;
}

static void answer_free(struct answer *answer)
{
    sized_free(answer->bytes);
}

static struct pulsar_entry entry_of(const struct pulsar_frame *frame)
{
    struct pulsar_entry entry;
    assert_int_equal(pulsar_read_entry(frame->entry, frame->entry_size, &entry), PULSAR_FINE);
    return entry;
}

/* ---- all of them */

static void each_frame(const char *hex, void (*visit)(const struct sized *frame))
{
    struct sized bytes = sized_from_hex(hex);
    for (size_t at = 0; at < bytes.size;) {
        struct pulsar_frame frame = frame_at(&bytes, at);
        struct sized exact = sized_copy(bytes.at + at, frame.size);
        visit(&exact);
        sized_free(exact);
        at += frame.size;
    }
    sized_free(bytes);
}

static void each_recorded_frame(void (*visit)(const struct sized *frame))
{
    for (size_t i = 0; i < recorded_count; i++) {
        each_frame(recorded_rows[i].request, visit);
        each_frame(recorded_rows[i].response, visit);
    }
}

static void read_parts(const struct sized *bytes)
{
    struct pulsar_frame frame = frame_at(bytes, 0);
    assert_non_null(pulsar_command_row(frame.command.type));
    for (size_t size = 0; size < bytes->size; size++) {
        struct sized cut = sized_copy(bytes->at, size);
        assert_int_equal(
            pulsar_read_frame(cut.at, size, PULSAR_MESSAGE_BYTES, &frame), PULSAR_MORE);
        sized_free(cut);
    }
}

static void every_frame_is_right_and_every_part_of_one_asks_for_more(void **state)
{
    (void)state;
    each_recorded_frame(read_parts);
}

static void write_again(const struct sized *bytes)
{
    uint8_t again[1024];
    struct pulsar_writer writer;
    struct pulsar_frame frame = frame_at(bytes, 0);
    bool carries = pulsar_carries_message(frame.command.type);
    struct pulsar_entry entry;
    if (carries && pulsar_read_entry(frame.entry, frame.entry_size, &entry) != PULSAR_FINE) {
        return; /* the one with the wrong checksum */
    }
    pulsar_writer_init(&writer, again, sizeof(again));
    bool fits = carries ? pulsar_write_entry(&writer, &frame.command,
                              entry.has_broker_entry ? &entry.broker_entry : NULL, &entry.metadata,
                              entry.payload, entry.payload_size)
                        : pulsar_write_command(&writer, &frame.command);
    assert_true(fits);
    assert_int_equal(writer.used + (carries ? entry.payload_size : 0), bytes->size);
    assert_memory_equal(again, bytes->at, writer.used);
}

static void every_frame_is_written_as_others_have_written_it(void **state)
{
    (void)state;
    each_recorded_frame(write_again);
}

/* ---- one by one */

static void a_connection_says_what_it_takes(void **state)
{
    (void)state;
    struct answer answer;
    const struct pulsar_connected *connected =
        &answer_of(&answer, "connect", PULSAR_COMMAND_CONNECTED)->command->connected;
    assert_str(connected->server_version, "Pulsar Server4.0.7");
    assert_int_equal(connected->protocol_version, 19);
    assert_int_equal(connected->max_message_size, 5242880);
    assert_true(connected->has_feature_flags);
    answer_free(&answer);
}

static void a_lookup_leads_through_the_one_that_was_asked(void **state)
{
    (void)state;
    struct answer answer;
    const struct pulsar_lookup_response *found =
        &answer_of(&answer, "lookup", PULSAR_COMMAND_LOOKUP_RESPONSE)->command->lookup_response;
    assert_int_equal(found->response, PULSAR_LOOKUP_CONNECT);
    assert_true(found->authoritative && found->proxy_through_service_url);
    assert_memory_equal(found->broker_service_url.at, "pulsar://127.0.0.1:", 19);
    answer_free(&answer);
    found = &answer_of(&answer, "lookup_refused", PULSAR_COMMAND_LOOKUP_RESPONSE)
                 ->command->lookup_response;
    assert_int_equal(found->response, PULSAR_LOOKUP_FAILED);
    assert_true(found->has_error && found->message.size > 0);
    answer_free(&answer);
}

static void a_topic_has_its_partitions(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t partitions;
        bool failed;
    } rows[] = {
        {"partitions", 0, false}, {"partitions_four", 4, false}, {"partitions_missing", 0, true}};
    for (size_t i = 0; i < 3; i++) {
        struct answer answer;
        const struct pulsar_partitioned_metadata_response *found =
            &answer_of(&answer, rows[i].name, PULSAR_COMMAND_PARTITIONED_METADATA_RESPONSE)
                 ->command->partitioned_metadata_response;
        assert_int_equal(found->partitions, rows[i].partitions);
        assert_int_equal(found->response == PULSAR_PARTITIONS_FAILED, rows[i].failed);
        answer_free(&answer);
    }
}

static void a_producer_has_its_name_or_the_broker_s(void **state)
{
    (void)state;
    struct answer answer;
    const struct pulsar_producer_success *opened =
        &answer_of(&answer, "producer", PULSAR_COMMAND_PRODUCER_SUCCESS)->command->producer_success;
    assert_str(opened->producer_name, "recorder");
    assert_int_equal(opened->last_sequence_id, -1);
    assert_true(opened->producer_ready);
    answer_free(&answer);
    opened = &answer_of(&answer, "producer_named", PULSAR_COMMAND_PRODUCER_SUCCESS)
                  ->command->producer_success;
    assert_memory_equal(opened->producer_name.at, "standalone-", 11);
    answer_free(&answer);
}

static void refusals_have_the_codes_of_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t code;
    } rows[] = {{"producer_busy", PULSAR_ERROR_PRODUCER_BUSY},
        {"producer_missing", PULSAR_ERROR_TOPIC_NOT_FOUND},
        {"subscribe_busy", PULSAR_ERROR_CONSUMER_BUSY},
        {"producer_sealed", PULSAR_ERROR_TOPIC_TERMINATED}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct answer answer;
        assert_int_equal(
            answer_of(&answer, rows[i].name, PULSAR_COMMAND_ERROR)->command->error.error,
            rows[i].code);
        answer_free(&answer);
    }
}

static void a_receipt_says_where_a_message_is(void **state)
{
    (void)state;
    struct answer answer;
    const struct pulsar_send_receipt *receipt =
        &answer_of(&answer, "send", PULSAR_COMMAND_SEND_RECEIPT)->command->send_receipt;
    assert_int_equal(receipt->sequence_id, 0);
    assert_true(receipt->has_message_id && receipt->message_id.entry_id == 0);
    answer_free(&answer);
    receipt = &answer_of(&answer, "send_batch", PULSAR_COMMAND_SEND_RECEIPT)->command->send_receipt;
    assert_int_equal(receipt->sequence_id, 2);
    assert_int_equal(receipt->highest_sequence_id, 4);
    answer_free(&answer);
    const struct pulsar_send_error *refused =
        &answer_of(&answer, "send_spoiled", PULSAR_COMMAND_SEND_ERROR)->command->send_error;
    assert_int_equal(refused->error, PULSAR_ERROR_CHECKSUM);
    assert_int_equal(refused->sequence_id, 14);
    answer_free(&answer);
}

static void a_schema_comes_back_as_it_was_given(void **state)
{
    (void)state;
    struct answer answer;
    const struct pulsar_get_schema_response *found =
        &answer_of(&answer, "schema", PULSAR_COMMAND_GET_SCHEMA_RESPONSE)
             ->command->get_schema_response;
    assert_true(found->has_schema && found->has_schema_version);
    assert_int_equal(found->schema.type, PULSAR_SCHEMA_JSON);
    assert_memory_equal(found->schema.schema_data.at, "{\"type\":\"record\"", 16);
    answer_free(&answer);
    found = &answer_of(&answer, "schema_missing", PULSAR_COMMAND_GET_SCHEMA_RESPONSE)
                 ->command->get_schema_response;
    assert_true(found->has_error_code && !found->has_schema);
    answer_free(&answer);
}

static void messages_come_as_they_were_sent(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 1, 3, 9};
    struct sized bytes = recorded_response("flow");
    struct pulsar_frame frame;
    size_t number = 0;
    for (size_t at = 0; at < bytes.size; at += frame.size, number++) {
        frame = frame_at(&bytes, at);
        struct pulsar_entry entry = entry_of(&frame);
        assert_true(number < 4);
        assert_str(entry.metadata.producer_name, "recorder");
        assert_int_equal(entry.metadata.num_messages_in_batch, counts[number]);
        assert_int_equal(entry.metadata.has_num_messages_in_batch, counts[number] > 1);
        if (number == 1) {
            struct cht_str value;
            assert_true(pulsar_property(entry.metadata.properties, "lang", &value));
            assert_str(value, "en");
            assert_str(entry.metadata.ordering_key, "order");
        }
    }
    assert_int_equal(number, 4);
    sized_free(bytes);
}

static void a_batch_that_comes_again_says_who_is_done_with(void **state)
{
    (void)state;
    struct sized bytes = recorded_response("redeliver");
    struct pulsar_frame frame;
    uint32_t batches = 0;
    for (size_t at = 0; at < bytes.size; at += frame.size) {
        frame = frame_at(&bytes, at);
        struct pulsar_entry entry = entry_of(&frame);
        assert_int_equal(frame.command.message.redelivery_count, 1);
        if (entry.metadata.num_messages_in_batch == 3) {
            assert_true(pulsar_ack_set_has(frame.command.message.ack_set, 0));
            assert_false(pulsar_ack_set_has(frame.command.message.ack_set, 1));
            assert_true(pulsar_ack_set_has(frame.command.message.ack_set, 2));
            batches++;
        }
    }
    assert_int_equal(batches, 1);
    sized_free(bytes);
}

static void one_of_several_consumers_is_active(void **state)
{
    (void)state;
    struct answer answer;
    assert_true(answer_of(&answer, "subscribe_failover", PULSAR_COMMAND_ACTIVE_CONSUMER_CHANGE)
                    ->command->active_consumer_change.is_active);
    answer_free(&answer);
    assert_false(answer_of(&answer, "subscribe_standby", PULSAR_COMMAND_ACTIVE_CONSUMER_CHANGE)
                     ->command->active_consumer_change.is_active);
    answer_free(&answer);
}

static void what_the_broker_closes_nobody_has_asked_for(void **state)
{
    (void)state;
    struct answer answer;
    const struct pulsar_command *command =
        answer_of(&answer, "unload", PULSAR_COMMAND_CLOSE_PRODUCER)->command;
    assert_true(command->close_producer.request_id == PULSAR_REQUEST_NONE);
    answer_free(&answer);
    command = answer_of(&answer, "seek", PULSAR_COMMAND_CLOSE_CONSUMER)->command;
    assert_true(command->close_consumer.request_id == PULSAR_REQUEST_NONE);
    answer_free(&answer);
    command = answer_of(&answer, "terminate", PULSAR_COMMAND_REACHED_END_OF_TOPIC)->command;
    assert_int_equal(command->reached_end_of_topic.consumer_id, 9);
    answer_free(&answer);
}

static void a_topic_says_where_it_ends(void **state)
{
    (void)state;
    struct answer answer;
    const struct pulsar_get_last_message_id_response *last =
        &answer_of(&answer, "last_id", PULSAR_COMMAND_GET_LAST_MESSAGE_ID_RESPONSE)
             ->command->get_last_message_id_response;
    assert_int_equal(last->last_message_id.entry_id, 3);
    assert_true(last->has_consumer_mark_delete_position);
    answer_free(&answer);
}

static void what_is_stored_already_has_no_place(void **state)
{
    (void)state;
    struct answer answer;
    const struct pulsar_send_receipt *receipt =
        &answer_of(&answer, "send_again", PULSAR_COMMAND_SEND_RECEIPT)->command->send_receipt;
    assert_int_equal(receipt->sequence_id, 5);
    assert_true(receipt->message_id.ledger_id == PULSAR_POSITION_NONE);
    assert_true(receipt->message_id.entry_id == PULSAR_POSITION_NONE);
    answer_free(&answer);
}

static void a_producer_that_waits_is_answered_twice(void **state)
{
    (void)state;
    struct answer answer;
    assert_false(answer_of(&answer, "producer_waits", PULSAR_COMMAND_PRODUCER_SUCCESS)
                     ->command->producer_success.producer_ready);
    answer_free(&answer);
    const struct pulsar_producer_success *opened =
        &answer_of(&answer, "close_alone", PULSAR_COMMAND_PRODUCER_SUCCESS)
             ->command->producer_success;
    assert_true(opened->producer_ready);
    assert_int_equal(opened->request_id, 64);
    assert_str(opened->producer_name, "second");
    answer_free(&answer);
}

static void a_broker_counts_what_a_topic_has_had(void **state)
{
    (void)state;
    static const uint64_t indexes[] = {0, 1, 4}; /* the last one is of three messages */
    struct sized bytes = recorded_response("entries");
    struct pulsar_frame frame;
    size_t number = 0;
    for (size_t at = 0; at < bytes.size; at += frame.size, number++) {
        frame = frame_at(&bytes, at);
        struct pulsar_entry entry = entry_of(&frame);
        assert_true(entry.has_broker_entry && entry.has_checksum);
        assert_true(entry.broker_entry.broker_timestamp > 1700000000000);
        assert_int_equal(entry.broker_entry.index, indexes[number]);
    }
    assert_int_equal(number, 3);
    sized_free(bytes);
}

static void a_token_that_ends_is_asked_for_anew(void **state)
{
    (void)state;
    struct answer answer;
    const struct pulsar_command *command =
        answer_of(&answer, "auth_challenge", PULSAR_COMMAND_AUTH_CHALLENGE)->command;
    assert_true(command->auth_challenge.has_challenge);
    assert_str(command->auth_challenge.challenge.auth_method_name, "token");
    answer_free(&answer);
    command = answer_of(&answer, "connect_refused", PULSAR_COMMAND_ERROR)->command;
    assert_int_equal(command->error.error, PULSAR_ERROR_AUTHENTICATION);
    assert_true(command->error.request_id == PULSAR_REQUEST_NONE);
    answer_free(&answer);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_is_right_and_every_part_of_one_asks_for_more),
        cmocka_unit_test(every_frame_is_written_as_others_have_written_it),
        cmocka_unit_test(a_connection_says_what_it_takes),
        cmocka_unit_test(a_lookup_leads_through_the_one_that_was_asked),
        cmocka_unit_test(a_topic_has_its_partitions),
        cmocka_unit_test(a_producer_has_its_name_or_the_broker_s),
        cmocka_unit_test(refusals_have_the_codes_of_the_table),
        cmocka_unit_test(a_receipt_says_where_a_message_is),
        cmocka_unit_test(a_schema_comes_back_as_it_was_given),
        cmocka_unit_test(messages_come_as_they_were_sent),
        cmocka_unit_test(a_batch_that_comes_again_says_who_is_done_with),
        cmocka_unit_test(one_of_several_consumers_is_active),
        cmocka_unit_test(what_the_broker_closes_nobody_has_asked_for),
        cmocka_unit_test(a_topic_says_where_it_ends),
        cmocka_unit_test(what_is_stored_already_has_no_place),
        cmocka_unit_test(a_producer_that_waits_is_answered_twice),
        cmocka_unit_test(a_broker_counts_what_a_topic_has_had),
        cmocka_unit_test(a_token_that_ends_is_asked_for_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
