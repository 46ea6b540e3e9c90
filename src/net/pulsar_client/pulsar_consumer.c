/* pulsar_consumer - see the header. Where it is open is pulsar_handle.h; what waits is
 * pulsar_inbox.h, what is acknowledged pulsar_acks.h, what is asked pulsar_questions.c.
 *
 * Happy path: open, it permits the broker a queue of messages; what comes waits for credit; each
 * message that was given or passed over is a permit, which goes back when half a queue of them is
 * together. How it fails: a place that was lost takes its permits and all that waits with it, and
 * what was not acknowledged comes again. An entry that can not be read is acknowledged as such.
 * More than was permitted is the end of the connection. */

#include "pulsar_client/pulsar_consumer.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "pulsar/pulsar_inflate.h"
#include "pulsar_client/pulsar_consumer_inner.h"
#include "world/random.h"

#define MESSAGES_A_TURN 256u
#define COMMAND_BYTES 4096u
#define NOT_PERSISTENT "non-persistent://"

static struct pulsar_consumer *of(struct pulsar_handle *handle)
{
    return pulsar_consumer_of(handle);
}

static struct loop *loop_of(const struct pulsar_consumer *consumer)
{
    return consumer->handle.client->world->loop;
}

static bool is_open(const struct pulsar_consumer *consumer)
{
    return pulsar_handle_is(&consumer->handle, PULSAR_HANDLE_READY);
}

bool pulsar_consumer_write(struct pulsar_consumer *consumer, const struct pulsar_command *command)
{
    uint8_t bytes[COMMAND_BYTES];
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    return is_open(consumer) && pulsar_write_command(&writer, command) &&
           pulsar_connection_write(consumer->handle.connection, &writer);
}

static void pump_later(struct pulsar_consumer *consumer)
{
    if (!consumer->pump_waits) {
        consumer->pump_waits = true;
        loop_defer(loop_of(consumer), &consumer->pump);
    }
}

/* Later in this turn, for the one who asked is not called back from inside: then all that is not
 * acknowledged comes again. */
static void suspect_later(struct pulsar_consumer *consumer)
{
    consumer->is_suspect = true;
    pump_later(consumer);
}

/* ---- permits */

/* What could not be said now is said with the next ones. */
static void give_permits(struct pulsar_consumer *consumer)
{
    struct pulsar_command flow = {.type = PULSAR_COMMAND_FLOW,
        .flow = {.consumer_id = consumer->handle.id, .message_permits = consumer->permits}};
    if (consumer->permits > 0 && pulsar_consumer_write(consumer, &flow)) {
        consumer->permits = 0;
    }
}

static void add_permits(struct pulsar_consumer *consumer, uint32_t messages)
{
    consumer->permits += messages;
    if (consumer->permits >= (consumer->limits.queue_messages + 1) / 2) {
        give_permits(consumer);
    }
}

/* ---- acknowledgements */

void pulsar_consumer_flush_acks(struct pulsar_consumer *consumer)
{
    uint8_t bytes[COMMAND_BYTES];
    struct pulsar_writer writer;
    timer_stop(&consumer->ack_timer);
    if (!is_open(consumer)) {
        return;
    }
    for (;;) {
        struct pulsar_acks before = consumer->acks; /* telling frees nothing */
        pulsar_writer_init(&writer, bytes, sizeof(bytes));
        if (!pulsar_acks_write(&consumer->acks, consumer->handle.id, &writer)) {
            return;
        }
        if (!pulsar_connection_write(consumer->handle.connection, &writer)) {
            consumer->acks = before; /* until on_room */
            return;
        }
    }
}

static void on_ack_timer(struct timer *timer)
{
    pulsar_consumer_flush_acks(container_of(timer, struct pulsar_consumer, ack_timer));
}

static void flush_acks_later(struct pulsar_consumer *consumer)
{
    if (pulsar_acks_are_there(&consumer->acks) && !consumer->ack_timer.loop) {
        timer_start(loop_of(consumer), &consumer->ack_timer, consumer->limits.ack_ms, on_ack_timer);
    }
}

void pulsar_consumer_ack(struct pulsar_consumer *consumer, const struct pulsar_position *position)
{
    if (consumer->keeps_nothing) {
        return;
    }
    if (pulsar_acks_add(&consumer->acks, position)) {
        pulsar_consumer_flush_acks(consumer);
    }
    if (consumer->acks.count == consumer->acks.capacity && is_open(consumer)) {
        suspect_later(consumer); /* or the next one would never come again */
    }
    flush_acks_later(consumer);
}

void pulsar_consumer_ack_until(
    struct pulsar_consumer *consumer, const struct pulsar_position *position)
{
    CHECK(consumer->type != PULSAR_SUBSCRIPTION_SHARED);
    if (!consumer->keeps_nothing) {
        pulsar_acks_add_until(&consumer->acks, position);
        flush_acks_later(consumer);
    }
}

/* ---- giving */

/* Before where it begins: the broker sends whole batches. */
static bool is_filtered(
    const struct pulsar_consumer *consumer, const struct pulsar_position *position)
{
    if (!consumer->filters) {
        return false;
    }
    int order = pulsar_position_compare(position, &consumer->start);
    return consumer->inclusive ? order < 0 : order <= 0;
}

static bool may_give(const struct pulsar_consumer *consumer)
{
    return !consumer->handle.doomed && source_ready(consumer->source);
}

static void give_one(struct pulsar_consumer *consumer, struct pulsar_received *received, bool skip)
{
    bool filtered = is_filtered(consumer, &received->position);
    if (!skip && !filtered) {
        consumer->last = received->position;
        consumer->has_last = true;
        source_give(consumer->source, received);
    } else if (filtered && consumer->durable) {
        pulsar_consumer_ack(consumer, &received->position);
    }
    pulsar_inbox_give_back(&consumer->inbox);
    if (is_open(consumer)) {
        add_permits(consumer, 1);
    }
}

static void run_pump(struct task *task)
{
    struct pulsar_consumer *consumer = container_of(task, struct pulsar_consumer, pump);
    struct pulsar_received received;
    bool skip;
    consumer->pump_waits = false;
    if (consumer->is_suspect && is_open(consumer)) {
        pulsar_handle_suspect(&consumer->handle);
    }
    consumer->is_suspect = false;
    for (uint32_t i = 0; i < MESSAGES_A_TURN && may_give(consumer); i++) {
        if (!pulsar_inbox_next(&consumer->inbox, &received, &skip)) {
            break;
        }
        give_one(consumer, &received, skip);
    }
    if (may_give(consumer) && consumer->inbox.first) {
        pump_later(consumer);
    } else if (consumer->is_terminated && !consumer->inbox.first && !consumer->handle.doomed) {
        pulsar_handle_end(&consumer->handle, ERR_CLOSED);
    }
}

static void on_credit(struct source *source)
{
    pump_later(source->engine);
}

/* ---- what comes */

static void acknowledge_flaw(struct pulsar_consumer *consumer,
    const struct pulsar_message_id *message_id, enum pulsar_flaw flaw)
{
    struct pulsar_message_id id = {
        .ledger_id = message_id->ledger_id, .entry_id = message_id->entry_id};
    struct pulsar_command ack = {.type = PULSAR_COMMAND_ACK,
        .ack = {.consumer_id = consumer->handle.id,
            .ack_type = PULSAR_ACK_INDIVIDUAL,
            .message_id = {.items = &id, .count = 1},
            .has_validation_error = true,
            .validation_error = pulsar_validation_error(flaw)}};
    consumer->handle.client->stats.flaws++;
    pulsar_client_trouble(consumer->handle.client, "%s: a message is %s", consumer->handle.topic,
        pulsar_flaw_name(flaw));
    (void)pulsar_consumer_write(consumer, &ack);
}

/* Its permit was for an older epoch, but it is one. */
static bool is_outdated(
    const struct pulsar_consumer *consumer, const struct pulsar_message *message)
{
    return message->has_consumer_epoch && message->consumer_epoch < consumer->epoch;
}

static void know_unacked(struct pulsar_consumer *consumer)
{
    const struct pulsar_arrival *arrival = consumer->inbox.last;
    if (arrival->unacked && arrival->batch.is_batch && arrival->batch.count > 1) {
        struct pulsar_position first = {
            arrival->ledger, arrival->id, 0, (int32_t)arrival->batch.count};
        pulsar_acks_know(&consumer->acks, &first, arrival->unacked, arrival->unacked_words);
    }
}

static void on_message(struct pulsar_consumer *consumer, const struct pulsar_frame *frame)
{
    const struct pulsar_message *message = &frame->command.message;
    uint32_t messages;
    if (consumer->inbox.entries >= consumer->limits.queue_messages) {
        consumer->handle.client->stats.flaws++;
        pulsar_connection_drop(consumer->handle.connection, "more messages than were permitted");
        return;
    }
    uint32_t bytes_max = consumer->handle.client->limits.message_bytes_max * PULSAR_INFLATED_MAX;
    enum pulsar_flaw flaw = pulsar_inbox_add(&consumer->inbox, frame, bytes_max, &messages);
    if (flaw) {
        uint32_t most = consumer->limits.queue_messages;
        acknowledge_flaw(consumer, &message->message_id, flaw);
        add_permits(consumer, messages < most ? messages : most);
        return;
    }
    know_unacked(consumer);
    pump_later(consumer);
}

static void drop_outdated(struct pulsar_consumer *consumer, const struct pulsar_frame *frame)
{
    struct pulsar_inbox alone = {0};
    uint32_t messages;
    uint32_t bytes_max = consumer->handle.client->limits.message_bytes_max * PULSAR_INFLATED_MAX;
    (void)pulsar_inbox_add(&alone, frame, bytes_max, &messages);
    pulsar_inbox_clear(&alone);
    add_permits(consumer,
        messages < consumer->limits.queue_messages ? messages : consumer->limits.queue_messages);
}

static void set_active(struct pulsar_consumer *consumer, bool is_active)
{
    if (consumer->is_active != is_active) {
        consumer->is_active = is_active;
        if (consumer->events && consumer->events->on_active && !consumer->handle.doomed) {
            consumer->events->on_active(consumer->events, is_active);
        }
    }
}

static void on_command(
    struct pulsar_handle *handle, const struct pulsar_frame *frame, bool is_current)
{
    struct pulsar_consumer *consumer = of(handle);
    if (!is_current) {
        return; /* of a place that is lost */
    }
    switch (frame->command.type) {
    case PULSAR_COMMAND_MESSAGE:
        if (!is_open(consumer)) {
            handle->client->stats.unknown_frames++;
        } else if (is_outdated(consumer, &frame->command.message)) {
            drop_outdated(consumer, frame);
        } else {
            on_message(consumer, frame);
        }
        break;
    case PULSAR_COMMAND_ACTIVE_CONSUMER_CHANGE:
        set_active(consumer, frame->command.active_consumer_change.is_active);
        break;
    case PULSAR_COMMAND_REACHED_END_OF_TOPIC:
        consumer->is_terminated = true;
        pump_later(consumer);
        break;
    default:
        handle->client->stats.unknown_frames++;
    }
}

/* ---- its place */

/* Not durable: behind what was given. To have a batch sent whole, it names a message in it. */
static struct pulsar_message_id start_of(const struct pulsar_consumer *consumer)
{
    const struct pulsar_position *start = &consumer->start;
    int32_t index = start->batch_index;
    if (consumer->filters && consumer->inclusive && index < 0) {
        index = 0;
    }
    return (struct pulsar_message_id){.ledger_id = start->ledger,
        .entry_id = start->entry,
        .has_batch_index = index >= 0,
        .batch_index = index};
}

static bool write_open(
    struct pulsar_handle *handle, uint64_t request_id, struct pulsar_writer *writer)
{
    const struct pulsar_consumer *consumer = of(handle);
    bool earliest = pulsar_position_is_earliest(&consumer->start);
    const char *name = consumer->consumer_name;
    struct pulsar_command command = {.type = PULSAR_COMMAND_SUBSCRIBE,
        .subscribe = {.topic = cht_str_of(handle->topic),
            .subscription = cht_str_of(consumer->subscription),
            .sub_type = (uint32_t)consumer->type,
            .consumer_id = handle->id,
            .request_id = request_id,
            .has_consumer_name = name != NULL,
            .consumer_name = cht_str_of(name ? name : ""),
            .has_priority_level = true,
            .priority_level = consumer->priority_level,
            .has_durable = true,
            .durable = consumer->durable,
            .has_start_message_id = !consumer->durable,
            .start_message_id = start_of(consumer),
            .has_initial_position = true,
            .initial_position = earliest ? PULSAR_POSITION_EARLIEST : PULSAR_POSITION_LATEST,
            .has_force_topic_creation = true,
            .force_topic_creation = consumer->creates,
            .has_consumer_epoch = consumer->epoch > 0,
            .consumer_epoch = consumer->epoch}};
    return pulsar_write_command(writer, &command);
}

static bool write_close(
    struct pulsar_handle *handle, uint64_t request_id, struct pulsar_writer *writer)
{
    struct pulsar_command command = {.type = PULSAR_COMMAND_CLOSE_CONSUMER,
        .close_consumer = {.consumer_id = handle->id, .request_id = request_id}};
    return pulsar_write_command(writer, &command);
}

static void on_ready(struct pulsar_handle *handle, const struct pulsar_answer *answer)
{
    struct pulsar_consumer *consumer = of(handle);
    (void)answer;
    consumer->permits = consumer->limits.queue_messages;
    give_permits(consumer);
    pulsar_consumer_flush_acks(consumer);
    pulsar_questions_on_ready(consumer);
    if (consumer->events && consumer->events->on_open && !handle->doomed) {
        consumer->events->on_open(consumer->events);
    }
}

static void on_lost(struct pulsar_handle *handle, enum pulsar_loss loss, uint64_t bytes_sent)
{
    struct pulsar_consumer *consumer = of(handle);
    (void)loss;
    (void)bytes_sent;
    pulsar_inbox_clear(&consumer->inbox);
    pulsar_acks_forget_batches(&consumer->acks);
    consumer->permits = 0;
    if (!consumer->durable && consumer->has_last && !consumer->keeps_nothing) {
        consumer->start = consumer->last;
        consumer->inclusive = false;
        consumer->filters = true;
    }
    set_active(consumer, false);
}

/* The connection had no room, and has some again. */
static void on_room(struct pulsar_handle *handle)
{
    struct pulsar_consumer *consumer = of(handle);
    add_permits(consumer, 0);
    pulsar_consumer_flush_acks(consumer);
}

static void on_ended(struct pulsar_handle *handle, enum err err)
{
    struct pulsar_consumer *consumer = of(handle);
    timer_stop(&consumer->ack_timer);
    pulsar_inbox_clear(&consumer->inbox);
    pulsar_questions_end(consumer);
    set_active(consumer, false);
    if (!handle->doomed) {
        source_end(consumer->source, err);
    }
}

static bool is_asking(const struct pulsar_handle *handle)
{
    return pulsar_questions_are_asked(container_of(handle, struct pulsar_consumer, handle));
}

static void free_consumer(struct pulsar_handle *handle)
{
    struct pulsar_consumer *consumer = of(handle);
    timer_stop(&consumer->ack_timer);
    pulsar_inbox_clear(&consumer->inbox);
    pulsar_acks_deinit(&consumer->acks);
    mem_free(consumer->subscription);
    mem_free(consumer->consumer_name);
    mem_free(consumer);
}

static const struct pulsar_handle_kind kind = {
    .opened = PULSAR_COMMAND_SUCCESS,
    .closed = PULSAR_COMMAND_CLOSE_CONSUMER,
    .write_open = write_open,
    .write_close = write_close,
    .on_ready = on_ready,
    .on_lost = on_lost,
    .on_command = on_command,
    .on_room = on_room,
    .on_ended = on_ended,
    .is_asking = is_asking,
    .free = free_consumer,
};

/* ---- for its user */

struct pulsar_consumer_limits pulsar_consumer_limits_default(void)
{
    return (struct pulsar_consumer_limits){.queue_messages = 1000, .acks_max = 1000, .ack_ms = 100};
}

void pulsar_consumer_begin_at(
    struct pulsar_consumer *consumer, const struct pulsar_position *position, bool inclusive)
{
    bool is_end = position->ledger == PULSAR_POSITION_END;
    consumer->start = *position;
    consumer->inclusive = inclusive;
    consumer->filters = !is_end && !pulsar_position_is_earliest(position);
    consumer->has_last = false;
}

static void init(struct pulsar_consumer *consumer, const struct pulsar_consumer_options *options)
{
    consumer->type = options->type;
    consumer->priority_level = options->priority_level;
    consumer->durable = options->durable;
    consumer->creates = options->creates;
    consumer->limits = options->limits;
    consumer->source = options->source;
    consumer->events = options->events;
    consumer->keeps_nothing = strncmp(options->topic, NOT_PERSISTENT, strlen(NOT_PERSISTENT)) == 0;
    consumer->pump.run = run_pump;
    pulsar_consumer_begin_at(consumer, &options->start, options->inclusive);
    consumer->filters = consumer->filters && !consumer->durable;
    pulsar_questions_init(consumer);
}

enum err pulsar_consumer_create(struct pulsar_client *client,
    const struct pulsar_consumer_options *options, struct pulsar_consumer **ret_consumer)
{
    uint64_t secret[2];
    CHECK(options->limits.queue_messages > 0);
    CHECK(options->limits.acks_max > 0);
    struct pulsar_consumer *consumer = mem_new(sizeof(*consumer));
    init(consumer, options);
    if (!pulsar_handle_init(&consumer->handle, client, &kind, options->topic, options->group,
            options->limits.open_ms)) {
        mem_free(consumer);
        return ERR_FULL;
    }
    random_fill(client->world->random, secret, sizeof(secret));
    pulsar_acks_init(&consumer->acks, options->limits.acks_max, secret);
    consumer->subscription = mem_string(options->subscription);
    consumer->consumer_name = options->consumer_name ? mem_string(options->consumer_name) : NULL;
    consumer->source->engine = consumer;
    consumer->source->on_credit = on_credit;
    if (consumer->source->credit > 0) {
        pump_later(consumer);
    }
    *ret_consumer = consumer;
    return OK;
}

void pulsar_consumer_destroy(struct pulsar_consumer *consumer)
{
    if (consumer) {
        pulsar_consumer_flush_acks(consumer);
        consumer->source->on_credit = NULL;
        consumer->source->engine = NULL;
        pulsar_handle_destroy(&consumer->handle);
        pulsar_questions_end(consumer);
    }
}

void pulsar_consumer_redeliver(
    struct pulsar_consumer *consumer, const struct pulsar_position *position)
{
    struct pulsar_message_id id = {.ledger_id = position->ledger, .entry_id = position->entry};
    struct pulsar_command command = {.type = PULSAR_COMMAND_REDELIVER,
        .redeliver = {
            .consumer_id = consumer->handle.id, .message_ids = {.items = &id, .count = 1}}};
    CHECK(consumer->type == PULSAR_SUBSCRIPTION_SHARED);
    if (is_open(consumer) && !pulsar_consumer_write(consumer, &command)) {
        suspect_later(consumer);
    }
}

void pulsar_consumer_redeliver_all(struct pulsar_consumer *consumer)
{
    struct pulsar_command command = {.type = PULSAR_COMMAND_REDELIVER,
        .redeliver = {.consumer_id = consumer->handle.id,
            .has_consumer_epoch = true,
            .consumer_epoch = consumer->epoch + 1}};
    CHECK(consumer->type != PULSAR_SUBSCRIPTION_SHARED);
    if (!is_open(consumer)) {
        return; /* all of it comes again anyway */
    }
    consumer->epoch++;
    pulsar_consumer_flush_acks(consumer);
    pulsar_acks_forget_batches(&consumer->acks);
    if (!pulsar_consumer_write(consumer, &command)) {
        suspect_later(consumer);
    }
    uint32_t messages = consumer->inbox.messages;
    pulsar_inbox_clear(&consumer->inbox);
    add_permits(consumer, messages);
}

bool pulsar_consumer_is_open(const struct pulsar_consumer *consumer)
{
    return is_open(consumer);
}

bool pulsar_consumer_is_active(const struct pulsar_consumer *consumer)
{
    return consumer->is_active;
}

uint32_t pulsar_consumer_waiting(const struct pulsar_consumer *consumer)
{
    return consumer->inbox.messages;
}

struct pulsar_position pulsar_consumer_position(const struct pulsar_consumer *consumer)
{
    return consumer->has_last ? consumer->last : consumer->start;
}
