/* pulsar_dispatch - to whom a frame of a READY connection is: to the request that it answers, or to
 * the producer or consumer that it names.
 *
 * Happy path: an answer is copied into its request, which is answered; a command for a handle is
 * handed to it. How it fails: an answer that nobody waits for (any more) and a command for a handle
 * that has gone are counted and passed over; so is a command that is not known here. An answer of
 * the wrong kind, or a command that only clients send, breaks the protocol. */

#include <string.h>

#include "pulsar_client/pulsar_handle.h"

static void copy_text(char *ret_text, size_t capacity, struct cht_str text)
{
    size_t size = text.size < capacity - 1 ? text.size : capacity - 1;
    if (size > 0) {
        memcpy(ret_text, text.at, size);
    }
    ret_text[size] = 0;
}

static void refuse(struct pulsar_answer *answer, uint32_t error, struct cht_str text)
{
    answer->refused = true;
    answer->error = error;
    copy_text(answer->text, sizeof(answer->text), text);
}

/* ---- answers: each copies what outlives the frame; false: the broker's words can not be used */

static bool take_opened(struct pulsar_answer *answer, const struct pulsar_producer_success *opened)
{
    copy_text(answer->opened.name, sizeof(answer->opened.name), opened->producer_name);
    answer->opened.last_sequence_id = opened->last_sequence_id;
    answer->opened.has_topic_epoch = opened->has_topic_epoch;
    answer->opened.topic_epoch = opened->topic_epoch;
    return opened->producer_name.size < sizeof(answer->opened.name);
}

static bool take_found(const struct pulsar_connection *connection, struct pulsar_answer *answer,
    const struct pulsar_lookup_response *found)
{
    bool tls = connection->client->tls != NULL;
    struct cht_str url = tls ? found->broker_service_url_tls : found->broker_service_url;
    answer->found.response = found->response;
    answer->found.authoritative = found->authoritative;
    answer->found.through_service = found->proxy_through_service_url;
    if (!pulsar_address_read(url, tls, &answer->found.broker)) {
        answer->found.broker = (struct pulsar_address){0};
    }
    if (found->response == PULSAR_LOOKUP_FAILED) {
        refuse(answer, found->error, found->message);
    }
    return true;
}

static bool take_partitions(
    struct pulsar_answer *answer, const struct pulsar_partitioned_metadata_response *told)
{
    answer->partitions = told->partitions;
    if (told->response != PULSAR_PARTITIONS_SUCCESS) {
        refuse(answer, told->error, told->message);
    }
    return true;
}

static bool take_last(
    struct pulsar_answer *answer, const struct pulsar_get_last_message_id_response *told)
{
    answer->last.ledger = told->last_message_id.ledger_id;
    answer->last.entry = told->last_message_id.entry_id;
    answer->last.batch_index = told->last_message_id.batch_index;
    return true;
}

/* Whom a command answers; 0: it is no answer. */
static uint64_t request_of(const struct pulsar_command *command)
{
    switch (command->type) {
    case PULSAR_COMMAND_SUCCESS:
        return command->success.request_id;
    case PULSAR_COMMAND_ERROR:
        return command->error.request_id;
    case PULSAR_COMMAND_PRODUCER_SUCCESS:
        return command->producer_success.request_id;
    case PULSAR_COMMAND_LOOKUP_RESPONSE:
        return command->lookup_response.request_id;
    case PULSAR_COMMAND_PARTITIONED_METADATA_RESPONSE:
        return command->partitioned_metadata_response.request_id;
    case PULSAR_COMMAND_GET_LAST_MESSAGE_ID_RESPONSE:
        return command->get_last_message_id_response.request_id;
    default:
        return 0;
    }
}

static bool take_answer(struct pulsar_connection *connection, struct pulsar_answer *answer,
    const struct pulsar_command *command)
{
    switch (command->type) {
    case PULSAR_COMMAND_ERROR:
        refuse(answer, command->error.error, command->error.message);
        return true;
    case PULSAR_COMMAND_PRODUCER_SUCCESS:
        return take_opened(answer, &command->producer_success);
    case PULSAR_COMMAND_LOOKUP_RESPONSE:
        return take_found(connection, answer, &command->lookup_response);
    case PULSAR_COMMAND_PARTITIONED_METADATA_RESPONSE:
        return take_partitions(answer, &command->partitioned_metadata_response);
    case PULSAR_COMMAND_GET_LAST_MESSAGE_ID_RESPONSE:
        return take_last(answer, &command->get_last_message_id_response);
    default:
        return true;
    }
}

/* A producer that waits for others to go is answered twice; only the second answer counts. */
static bool is_only_queued(const struct pulsar_command *command)
{
    return command->type == PULSAR_COMMAND_PRODUCER_SUCCESS &&
           !command->producer_success.producer_ready;
}

static bool answer_request(
    struct pulsar_connection *connection, uint64_t id, const struct pulsar_command *command)
{
    struct pulsar_request *request = pulsar_request_find(connection, id);
    if (!request) {
        connection->client->stats.unknown_frames++;
        return true;
    }
    if (is_only_queued(command)) {
        return true;
    }
    if (command->type != PULSAR_COMMAND_ERROR && command->type != request->wanted) {
        return false;
    }
    if (!take_answer(connection, &request->answer, command)) {
        return false;
    }
    pulsar_request_answer(connection, request, OK);
    return true;
}

/* ---- commands for handles */

/* Which handle a command is for; 0: for none. */
static uint64_t handle_of(const struct pulsar_command *command)
{
    switch (command->type) {
    case PULSAR_COMMAND_SEND_RECEIPT:
        return command->send_receipt.producer_id;
    case PULSAR_COMMAND_SEND_ERROR:
        return command->send_error.producer_id;
    case PULSAR_COMMAND_CLOSE_PRODUCER:
        return command->close_producer.producer_id;
    case PULSAR_COMMAND_MESSAGE:
        return command->message.consumer_id;
    case PULSAR_COMMAND_CLOSE_CONSUMER:
        return command->close_consumer.consumer_id;
    case PULSAR_COMMAND_ACTIVE_CONSUMER_CHANGE:
        return command->active_consumer_change.consumer_id;
    case PULSAR_COMMAND_REACHED_END_OF_TOPIC:
        return command->reached_end_of_topic.consumer_id;
    default:
        return 0;
    }
}

bool pulsar_dispatch(struct pulsar_connection *connection, const struct pulsar_frame *frame)
{
    const struct pulsar_command_row *row = pulsar_command_row(frame->command.type);
    uint64_t request = request_of(&frame->command);
    uint64_t id = handle_of(&frame->command);
    if (row && row->way == PULSAR_FROM_CLIENT) {
        return false;
    }
    if (request) {
        return answer_request(connection, request, &frame->command);
    }
    struct pulsar_handle *handle = id ? pulsar_client_find_handle(connection->client, id) : NULL;
    if (!handle) {
        connection->client->stats.unknown_frames++;
        return true;
    }
    pulsar_handle_command(handle, connection, frame);
    return true;
}
