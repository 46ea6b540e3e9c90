/* pulsar_publisher - see the header. Where it is open is pulsar_handle.h, what is pending is
 * pulsar_parcels.h.
 *
 * Happy path: asked, gathered, at the turn's end packed and written, answered by the receipt. How
 * it fails: a place that was lost rewinds what is pending, and when it is open again all of it is
 * written anew. A receipt that can not be is the end of its connection; one that is late finds its
 * message gone. What the broker refuses is answered in its place in the order. */

#include "pulsar_client/pulsar_publisher.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "pulsar_client/pulsar_handle.h"
#include "pulsar_client/pulsar_parcels.h"

#define METADATA_BYTES_MAX 2048u /* of a message: name, key, numbers */

struct pulsar_publisher {
    struct pulsar_handle handle; /* first */
    enum pulsar_publisher_mode mode;
    struct pulsar_publisher_limits limits;
    struct pulsar_publisher_events *events;
    struct pulsar_parcels parcels;
    struct task flush;
    struct timer timer; /* of the oldest message */
    uint64_t opens;
    uint64_t epoch; /* FENCING */
    bool has_epoch;
    bool at_most_once;
    bool named; /* by whoever made it, not by the broker */
    bool flush_waits;
    bool wants_room; /* ERR_FULL was answered */
    char name[PULSAR_NAME_BYTES];
};

static struct pulsar_publisher *of(struct pulsar_handle *handle)
{
    return container_of(handle, struct pulsar_publisher, handle);
}

static struct loop *loop_of(const struct pulsar_publisher *publisher)
{
    return publisher->handle.client->world->loop;
}

static bool is_open(const struct pulsar_publisher *publisher)
{
    return pulsar_handle_is(&publisher->handle, PULSAR_HANDLE_READY);
}

static bool has_ended(const struct pulsar_publisher *publisher)
{
    return pulsar_handle_is(&publisher->handle, PULSAR_HANDLE_ENDED);
}

/* ---- answers */

static void answer_op(
    struct pulsar_publisher *publisher, struct pulsar_publish_op *op, enum err err, bool later)
{
    publisher->handle.client->stats.pending_bytes -= op->payload->size;
    buf_unref(op->payload);
    if (later) {
        op_answer_later(&op->op, loop_of(publisher), err);
    } else {
        op_answer(&op->op, err);
    }
}

static void answer_ops(
    struct pulsar_publisher *publisher, struct pulsar_publish_op *op, enum err err, bool later)
{
    while (op) {
        struct pulsar_publish_op *next = op->next;
        answer_op(publisher, op, err, later);
        op = next;
    }
}

/* What is known of those that get no receipt. */
static enum err fate_of(const struct pulsar_parcel *parcel, enum err unsent)
{
    if (parcel->refused) {
        return parcel->refused;
    }
    return parcel->sent || parcel->written ? ERR_UNKNOWN : unsent;
}

/* All of them, in order; `unsent`: what those are answered that never left. */
static void give_up_all(struct pulsar_publisher *publisher, enum err unsent, bool later)
{
    struct pulsar_parcels all = publisher->parcels;
    publisher->parcels = (struct pulsar_parcels){.next_sequence = all.next_sequence};
    while (all.first) {
        struct pulsar_parcel *parcel = pulsar_parcels_take(&all);
        answer_ops(publisher, parcel->ops, fate_of(parcel, unsent), later);
        pulsar_parcel_free(parcel);
    }
    answer_ops(publisher, all.gathered.first, unsent, later);
}

static void tell_room(struct pulsar_publisher *publisher)
{
    const struct pulsar_parcels *parcels = &publisher->parcels;
    if (publisher->wants_room && parcels->count <= publisher->limits.messages_max / 2) {
        publisher->wants_room = false;
        if (publisher->events->on_room && !publisher->handle.doomed && !has_ended(publisher)) {
            publisher->events->on_room(publisher->events);
        }
    }
}

/* FENCING: one that has failed is the last; those behind it are answered at the end. */
static void answer_head(struct pulsar_publisher *publisher, enum err err)
{
    struct pulsar_parcel *parcel = pulsar_parcels_take(&publisher->parcels);
    if (err && publisher->mode == PULSAR_PUBLISHER_FENCING) {
        pulsar_handle_end(&publisher->handle, err);
    }
    answer_ops(publisher, parcel->ops, err, false);
    pulsar_parcel_free(parcel);
}

static void answer_refused_heads(struct pulsar_publisher *publisher)
{
    while (publisher->parcels.first && publisher->parcels.first->refused && !has_ended(publisher)) {
        answer_head(publisher, publisher->parcels.first->refused);
    }
    tell_room(publisher);
}

/* ---- time */

static void on_timer(struct timer *timer);

static void wait_for_oldest(struct pulsar_publisher *publisher)
{
    const struct pulsar_publish_op *oldest = pulsar_parcels_oldest(&publisher->parcels);
    if (oldest && !publisher->timer.loop) {
        uint64_t now = pulsar_client_now(publisher->handle.client);
        uint64_t until = oldest->since_ms + publisher->limits.send_ms;
        timer_start(loop_of(publisher), &publisher->timer, until > now ? until - now : 0, on_timer);
    }
}

/* In a row of messages nothing can be known of those behind the one that is overdue. */
static void oldest_is_overdue(struct pulsar_publisher *publisher)
{
    pulsar_client_trouble(
        publisher->handle.client, "%s: no receipt in time", publisher->handle.topic);
    if (publisher->mode == PULSAR_PUBLISHER_FENCING) {
        pulsar_handle_end(&publisher->handle, ERR_TIMEOUT);
        return;
    }
    give_up_all(publisher, ERR_NOT_SENT, false);
    tell_room(publisher);
}

static void on_timer(struct timer *timer)
{
    struct pulsar_publisher *publisher = container_of(timer, struct pulsar_publisher, timer);
    const struct pulsar_publish_op *oldest = pulsar_parcels_oldest(&publisher->parcels);
    uint64_t now = pulsar_client_now(publisher->handle.client);
    if (oldest && oldest->since_ms + publisher->limits.send_ms <= now) {
        oldest_is_overdue(publisher);
    }
    if (!publisher->handle.doomed && !has_ended(publisher)) {
        wait_for_oldest(publisher);
    }
}

/* ---- writing */

static void pack_all(struct pulsar_publisher *publisher)
{
    struct pulsar_packing packing = {.producer_name = cht_str_of(publisher->name),
        .producer_id = publisher->handle.id,
        .wall_ms = loop_wall_ms(loop_of(publisher)),
        .messages_max = publisher->limits.batch_messages_max,
        .bytes_max = publisher->limits.batch_bytes_max,
        .message_bytes_max = publisher->handle.connection->message_bytes_max};
    while (pulsar_parcels_pack(&publisher->parcels, &packing)) {
    }
}

/* False: it has no room now; on_room comes. */
static bool write_parcel(struct pulsar_publisher *publisher, struct pulsar_parcel *parcel)
{
    struct outbound *outbound = publisher->handle.connection->outbound;
    struct outbound_part parts[] = {
        {parcel->head->bytes, parcel->head->size, parcel->head},
        {parcel->payload->bytes, parcel->payload->size, parcel->payload},
    };
    uint64_t place = outbound_written(outbound);
    if (outbound_write_parts(outbound, parts, parcel->payload->size ? 2 : 1)) {
        return false;
    }
    parcel->place = place;
    parcel->written = true;
    return true;
}

static void write_all(struct pulsar_publisher *publisher)
{
    struct pulsar_parcels *parcels = &publisher->parcels;
    uint32_t bytes_max = publisher->handle.connection->message_bytes_max;
    while (parcels->unwritten) {
        struct pulsar_parcel *parcel = parcels->unwritten;
        if (pulsar_parcel_size(parcel) > bytes_max && !parcel->refused) {
            parcel->refused = ERR_TOO_LARGE;
        }
        if (!parcel->refused && !write_parcel(publisher, parcel)) {
            break;
        }
        parcels->unwritten = parcel->next;
    }
    answer_refused_heads(publisher);
}

static void run_flush(struct task *task)
{
    struct pulsar_publisher *publisher = container_of(task, struct pulsar_publisher, flush);
    publisher->flush_waits = false;
    if (is_open(publisher)) {
        pack_all(publisher);
        write_all(publisher);
    }
}

static void flush_later(struct pulsar_publisher *publisher)
{
    if (!publisher->flush_waits) {
        publisher->flush_waits = true;
        loop_defer(loop_of(publisher), &publisher->flush);
    }
}

/* ---- what the broker says */

static bool is_in_parcel(const struct pulsar_parcel *parcel, uint64_t sequence)
{
    return parcel && sequence >= parcel->first && sequence <= parcel->last;
}

static void stored(struct pulsar_publisher *publisher, const struct pulsar_message_id *id)
{
    const struct pulsar_parcel *parcel = publisher->parcels.first;
    bool is_batch = parcel->count > 1;
    int32_t index = 0;
    for (struct pulsar_publish_op *op = parcel->ops; op; op = op->next, index++) {
        op->is_repeat = id->ledger_id == PULSAR_POSITION_NONE;
        op->position = (struct pulsar_position){id->ledger_id, id->entry_id, is_batch ? index : -1,
            is_batch ? (int32_t)parcel->count : 0};
    }
    answer_head(publisher, OK);
    answer_refused_heads(publisher);
}

/* A broker that drops what its topic does not keep says so late: what comes before the one with
 * that number is given up for it. */
static void give_up_before(struct pulsar_publisher *publisher, uint64_t sequence)
{
    const struct pulsar_parcel *parcel = pulsar_parcels_find(&publisher->parcels, sequence);
    while (parcel && parcel->written && publisher->parcels.first != parcel) {
        answer_head(publisher, ERR_UNKNOWN);
    }
}

/* One for what was given up, or had its receipt, is late. */
static void on_receipt(
    struct pulsar_publisher *publisher, const struct pulsar_send_receipt *receipt, bool is_current)
{
    if (publisher->at_most_once) {
        give_up_before(publisher, receipt->sequence_id);
    }
    const struct pulsar_parcel *head = publisher->parcels.first;
    uint64_t next = head ? head->first : publisher->parcels.next_sequence;
    if (receipt->sequence_id < next) {
        return;
    }
    if (is_in_parcel(head, receipt->sequence_id) && (head->written || head->sent)) {
        stored(publisher, &receipt->message_id);
    } else if (is_current) {
        publisher->handle.client->stats.flaws++;
        pulsar_connection_drop(publisher->handle.connection, "a receipt for what was not sent");
    }
}

/* What the broker refuses of one message; OK: its code is not about a message. */
static enum err refusal_of(uint32_t code)
{
    switch (code) {
    case PULSAR_ERROR_CHECKSUM:
        return ERR_CORRUPT;
    case PULSAR_ERROR_NOT_ALLOWED:
        return ERR_FORBIDDEN;
    default:
        return OK;
    }
}

static void refuse_parcel(struct pulsar_publisher *publisher, uint64_t sequence, enum err err)
{
    struct pulsar_parcel *parcel = pulsar_parcels_find(&publisher->parcels, sequence);
    if (parcel) {
        parcel->refused = err;
        answer_refused_heads(publisher);
    }
}

/* A topic that moves refuses what is in flight, and closes the producer right behind it: nobody
 * needs to hear of it. */
static void on_send_error(
    struct pulsar_publisher *publisher, const struct pulsar_send_error *error, bool is_current)
{
    const struct pulsar_error_row *row = pulsar_error_row(error->error);
    enum err refusal = refusal_of(error->error);
    pulsar_client_trouble(publisher->handle.client, "%s: %s: %.*s", publisher->handle.topic,
        row->name, (int)error->message.size, error->message.size ? error->message.at : "");
    if (refusal) {
        refuse_parcel(publisher, error->sequence_id, refusal);
    } else if (row->action == PULSAR_TERMINAL) {
        pulsar_handle_end(&publisher->handle,
            error->error == PULSAR_ERROR_PRODUCER_FENCED ? ERR_FENCED : ERR_CLOSED);
    } else if (row->fails_pending && publisher->mode == PULSAR_PUBLISHER_FENCING) {
        pulsar_handle_end(&publisher->handle, ERR_OVERLOADED);
    } else if (is_current && is_open(publisher)) {
        pulsar_handle_suspect(&publisher->handle);
        if (row->fails_pending) {
            give_up_all(publisher, ERR_NOT_SENT, false);
        }
    }
}

static void on_command(
    struct pulsar_handle *handle, const struct pulsar_frame *frame, bool is_current)
{
    struct pulsar_publisher *publisher = of(handle);
    switch (frame->command.type) {
    case PULSAR_COMMAND_SEND_RECEIPT:
        if (!has_ended(publisher)) {
            on_receipt(publisher, &frame->command.send_receipt, is_current);
        }
        break;
    case PULSAR_COMMAND_SEND_ERROR:
        if (!has_ended(publisher)) {
            on_send_error(publisher, &frame->command.send_error, is_current);
        }
        break;
    default:
        handle->client->stats.unknown_frames++;
    }
}

/* ---- its place */

static bool write_open(
    struct pulsar_handle *handle, uint64_t request_id, struct pulsar_writer *writer)
{
    const struct pulsar_publisher *publisher = of(handle);
    bool fences = publisher->mode == PULSAR_PUBLISHER_FENCING;
    struct pulsar_command command = {.type = PULSAR_COMMAND_PRODUCER,
        .producer = {.topic = cht_str_of(handle->topic),
            .producer_id = handle->id,
            .request_id = request_id,
            .has_producer_name = publisher->name[0] != 0,
            .producer_name = cht_str_of(publisher->name),
            .has_epoch = true,
            .epoch = publisher->opens,
            .has_user_provided_producer_name = true,
            .user_provided_producer_name = publisher->named,
            .has_producer_access_mode = fences,
            .producer_access_mode = PULSAR_ACCESS_EXCLUSIVE_WITH_FENCING,
            .has_topic_epoch = publisher->has_epoch,
            .topic_epoch = publisher->epoch}};
    return pulsar_write_command(writer, &command);
}

static bool write_close(
    struct pulsar_handle *handle, uint64_t request_id, struct pulsar_writer *writer)
{
    struct pulsar_command command = {.type = PULSAR_COMMAND_CLOSE_PRODUCER,
        .close_producer = {.producer_id = handle->id, .request_id = request_id}};
    return pulsar_write_command(writer, &command);
}

static void first_opened(struct pulsar_publisher *publisher, const struct pulsar_answer *answer)
{
    if (!publisher->named) {
        snprintf(publisher->name, sizeof(publisher->name), "%s", answer->opened.name);
    }
    if (publisher->mode == PULSAR_PUBLISHER_FENCING) {
        publisher->has_epoch = answer->opened.has_topic_epoch;
        publisher->epoch = answer->opened.topic_epoch;
    }
    if (answer->opened.last_sequence_id >= 0) {
        publisher->parcels.next_sequence = (uint64_t)answer->opened.last_sequence_id + 1;
    }
}

/* What has no receipt goes first, then what was gathered meanwhile. */
static void on_ready(struct pulsar_handle *handle, const struct pulsar_answer *answer)
{
    struct pulsar_publisher *publisher = of(handle);
    if (publisher->opens == 0) {
        first_opened(publisher, answer);
    }
    publisher->opens++;
    flush_later(publisher);
    if (publisher->events->on_open) {
        publisher->events->on_open(publisher->events);
    }
}

/* What may have left is in front of what surely did not. */
static void give_up_sent(struct pulsar_publisher *publisher)
{
    while (publisher->parcels.first && publisher->parcels.first->sent) {
        struct pulsar_parcel *parcel = pulsar_parcels_take(&publisher->parcels);
        answer_ops(publisher, parcel->ops, fate_of(parcel, ERR_NOT_SENT), true);
        pulsar_parcel_free(parcel);
    }
}

static void on_lost(struct pulsar_handle *handle, enum pulsar_loss loss, uint64_t bytes_sent)
{
    struct pulsar_publisher *publisher = of(handle);
    (void)loss;
    pulsar_parcels_rewind(&publisher->parcels, bytes_sent);
    if (publisher->at_most_once) {
        give_up_sent(publisher);
    }
}

static bool may_open(struct pulsar_handle *handle)
{
    struct pulsar_publisher *publisher = of(handle);
    return publisher->mode != PULSAR_PUBLISHER_FENCING || !publisher->events->may_open ||
           publisher->events->may_open(publisher->events);
}

static void on_room(struct pulsar_handle *handle)
{
    flush_later(of(handle));
}

static void on_ended(struct pulsar_handle *handle, enum err err)
{
    struct pulsar_publisher *publisher = of(handle);
    timer_stop(&publisher->timer);
    give_up_all(publisher, err == ERR_FENCED ? ERR_FENCED : ERR_NOT_SENT, false);
    if (!handle->doomed) {
        publisher->events->on_end(publisher->events, err);
    }
}

static void free_publisher(struct pulsar_handle *handle)
{
    struct pulsar_publisher *publisher = of(handle);
    timer_stop(&publisher->timer);
    pulsar_parcels_deinit(&publisher->parcels);
    mem_free(publisher);
}

static const struct pulsar_handle_kind kind = {
    .opened = PULSAR_COMMAND_PRODUCER_SUCCESS,
    .closed = PULSAR_COMMAND_CLOSE_PRODUCER,
    .write_open = write_open,
    .write_close = write_close,
    .on_ready = on_ready,
    .on_lost = on_lost,
    .may_open = may_open,
    .on_command = on_command,
    .on_room = on_room,
    .on_ended = on_ended,
    .free = free_publisher,
};

/* ---- for its user */

struct pulsar_publisher_limits pulsar_publisher_limits_default(void)
{
    return (struct pulsar_publisher_limits){.messages_max = 1000,
        .batch_messages_max = 1000,
        .batch_bytes_max = 128u << 10,
        .send_ms = 15000};
}

enum err pulsar_publisher_create(struct pulsar_client *client,
    const struct pulsar_publisher_options *options, struct pulsar_publisher **ret_publisher)
{
    CHECK(options->limits.messages_max > 0);
    CHECK(options->limits.batch_messages_max > 0);
    CHECK(options->limits.send_ms > 0);
    CHECK(!options->at_most_once || options->mode == PULSAR_PUBLISHER_SHARED);
    CHECK(!options->name || strlen(options->name) < PULSAR_NAME_BYTES);
    struct pulsar_publisher *publisher = mem_new(sizeof(*publisher));
    publisher->mode = options->mode;
    publisher->at_most_once = options->at_most_once;
    publisher->limits = options->limits;
    publisher->events = options->events;
    publisher->flush.run = run_flush;
    publisher->named = options->name != NULL;
    snprintf(publisher->name, sizeof(publisher->name), "%s", options->name ? options->name : "");
    if (!pulsar_handle_init(&publisher->handle, client, &kind, options->topic, options->group,
            options->limits.open_ms)) {
        mem_free(publisher);
        return ERR_FULL;
    }
    *ret_publisher = publisher;
    return OK;
}

void pulsar_publisher_destroy(struct pulsar_publisher *publisher)
{
    if (publisher) {
        timer_stop(&publisher->timer);
        pulsar_handle_destroy(&publisher->handle);
        give_up_all(publisher, ERR_NOT_SENT, true);
    }
}

/* OK: it may be taken. */
static enum err judge(const struct pulsar_publisher *publisher, const struct pulsar_publish_op *op)
{
    const struct pulsar_client *client = publisher->handle.client;
    if (has_ended(publisher)) {
        return ERR_CLOSED;
    }
    if (op->key.size > PULSAR_KEY_BYTES_MAX) {
        return ERR_BAD_FIELD;
    }
    if ((uint64_t)op->payload->size + METADATA_BYTES_MAX > client->limits.message_bytes_max) {
        return ERR_TOO_LARGE;
    }
    bool full = publisher->parcels.count >= publisher->limits.messages_max ||
                client->stats.pending_bytes + op->payload->size > client->limits.pending_bytes_max;
    return full ? ERR_FULL : OK;
}

static void gather(struct pulsar_publisher *publisher, struct pulsar_publish_op *op)
{
    op->since_ms = pulsar_client_now(publisher->handle.client);
    publisher->handle.client->stats.pending_bytes += op->payload->size;
    pulsar_parcels_gather(&publisher->parcels, op);
}

/* FENCING: the row ends here; it is answered behind those before it. */
static void refuse(struct pulsar_publisher *publisher, struct pulsar_publish_op *op, enum err err)
{
    publisher->wants_room |= err == ERR_FULL;
    if (publisher->mode == PULSAR_PUBLISHER_FENCING && !has_ended(publisher)) {
        gather(publisher, op);
        pulsar_handle_end(&publisher->handle, err);
    } else {
        op_answer_later(&op->op, loop_of(publisher), err);
    }
}

void pulsar_publish(
    struct pulsar_publisher *publisher, struct asker *asker, struct pulsar_publish_op *op)
{
    op_ask(&op->op, asker);
    op->position = pulsar_position_earliest();
    op->is_repeat = false;
    enum err err = judge(publisher, op);
    if (err) {
        refuse(publisher, op, err);
        return;
    }
    gather(publisher, op);
    wait_for_oldest(publisher);
    if (is_open(publisher)) {
        flush_later(publisher);
    }
}

bool pulsar_publisher_is_open(const struct pulsar_publisher *publisher)
{
    return is_open(publisher);
}

uint32_t pulsar_publisher_pending(const struct pulsar_publisher *publisher)
{
    return publisher->parcels.count;
}

uint64_t pulsar_publisher_epoch(const struct pulsar_publisher *publisher)
{
    return publisher->epoch;
}

const char *pulsar_publisher_name(const struct pulsar_publisher *publisher)
{
    return publisher->name;
}
