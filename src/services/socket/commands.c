/* commands - see the header. Happy path of a message: two buckets, one encoded event into the
 * shard's queue. How it fails: over a rate (rate_limited with the wait), no place among the
 * pending ones (overloaded), a full queue or an unknown owner (unavailable: it certainly did not
 * leave). */

#include "commands.h"

#include "base/check.h"
#include "base/event_buf.h"
#include "bus_out.h"
#include "connections.h"
#include "local_commands.h"
#include "rooms.h"
#include "subscriptions.h"
#include "users.h"
#include "wire/ws_close.h"

#define DEADLINE_MS 30000
#define REFUSED_WINDOW_MS 10000u

enum err command_read_err(enum cht_read code)
{
    switch (code) {
    case CHT_READ_OK:
        return OK;
    case CHT_READ_BAD_FIELD:
        return ERR_BAD_FIELD;
    case CHT_READ_TOO_LARGE:
        return ERR_TOO_LARGE;
    case CHT_READ_UNKNOWN_TYPE:
        return ERR_UNKNOWN_TYPE;
    case CHT_READ_BAD_FRAME:
        break;
    }
    return ERR_BAD_FRAME;
}

static struct connection *connection_of(struct socket_service *service, const struct sender *sender)
{
    return sender->http ? NULL : connection_find(service, sender->conn);
}

void command_refuse(struct socket_service *service, const struct sender *sender,
    const struct frame_refusal *refusal)
{
    service->counters.refused++;
    if (sender->http) {
        edge_respond_error(service->deps.edge, sender->conn, err_for_client(refusal->err),
            refusal->field, refusal->wait_ms);
        return;
    }
    struct connection *connection = connection_of(service, sender);
    if (!connection) {
        return;
    }
    struct cht_str frame = frame_of_error(service, sender->ref, refusal);
    edge_reply(service->deps.edge, sender->conn.slot, frame.at, frame.size);
    uint64_t most = service->settings.refused_per_10s;
    uint8_t count = rate_window_count(&connection->refused, REFUSED_WINDOW_MS, socket_now(service));
    if (most > 0 && count >= most) {
        connection_close(service, sender->conn.slot, WS_CLOSE_REFUSED, "too many refused commands");
    }
}

void command_accept(
    struct socket_service *service, const struct sender *sender, const struct cht_reply *reply)
{
    if (sender->ref.size > 0 && connection_of(service, sender)) {
        struct cht_str frame = frame_of_ok(service, sender->ref, reply);
        edge_reply(service->deps.edge, sender->conn.slot, frame.at, frame.size);
    }
}

static void refuse(struct socket_service *service, const struct sender *sender, enum err err)
{
    struct frame_refusal refusal = {.err = err};
    command_refuse(service, sender, &refusal);
}

/* ---- rates */

/* Of a user, over all connections; what comes over HTTP was asked about before (http_rates.h). */
static bool within_rate(struct socket_service *service, const struct sender *sender, uint64_t type,
    uint32_t *ret_wait_ms)
{
    const struct connection *connection = connection_of(service, sender);
    struct sessions_rates *rates = connection ? connection->rates : NULL;
    uint32_t now = socket_now(service);
    if (!rates) {
        return true;
    }
    if (!rate_take(service->commands_rate, &rates->commands, now, ret_wait_ms)) {
        return false;
    }
    return type != cht_command_type_message_send ||
           rate_take(service->messages_rate, &rates->messages, now, ret_wait_ms);
}

/* ---- typing: one per interval and room; that it stopped may always be said */

static bool typing_within_rate(struct socket_service *service, const struct sender *sender,
    const struct cht_command *command, uint32_t *ret_wait_ms)
{
    struct connection *connection = connection_of(service, sender);
    struct room *room = connection ? room_find(service, &command->room) : NULL;
    if (!room || !command->on) {
        return true;
    }
    uint32_t slot = room_slot(service, room) + 1;
    uint32_t now = socket_now(service);
    uint32_t passed = now - connection->typing_at;
    if (connection->typing_room == slot && passed < service->settings.typing_interval_ms) {
        *ret_wait_ms = (uint32_t)service->settings.typing_interval_ms - passed;
        return false;
    }
    connection->typing_room = slot;
    connection->typing_at = now;
    return true;
}

/* ---- completing */

/* What the sender has seen is at most what the node has applied. The node does not say `after` for
 * a sender who does not: the sender may have tried before, on another connection, and the owner
 * would look for that too late. */
static void fill_seen(
    struct socket_service *service, const struct cht_command_row *row, struct cht_command *command)
{
    uint64_t wanted = row->takes & CHT_BIT(command, at_least) & ~command->has;
    struct room *room = wanted ? room_find(service, &command->room) : NULL;
    if (room && room->audience.count > 0) {
        command->at_least = room->last_seq;
        command->has |= wanted;
    }
}

static void complete(struct socket_service *service, const struct sender *sender,
    const struct cht_command_row *row, struct cht_command *command)
{
    command->author = sender->user;
    command->device = sender->device;
    command->node = service->deps.mail->node;
    command->sent_at = socket_wall(service);
    command->answer_over_http = sender->http;
    if (cht_room_of_command(command, &command->room)) {
        command->has |= CHT_BIT(command, room);
    }
    fill_seen(service, row, command);
}

/* ---- going */

struct target {
    bool by_shard;
    uint32_t shard;
    uint64_t node; /* 0: its owner is unknown */
};

/* A room is read where it is owned, so that the page is in order with what is said. While nobody
 * owns it, as when its log takes nothing, it is read here: nothing is said in it, and what the node
 * lacks when there is an owner is asked for then.
 *
 * The list of the user's rooms is on its way. What is asked meanwhile (over HTTP: a socket is not
 * read yet, but for a list that is late) goes to where the list is read and is answered behind it:
 * a page that was read before the node follows the room would leave a hole that nobody tells of. */
static bool is_entering(struct socket_service *service, const struct cht_id *user)
{
    const struct user_slot *slot = user_find(service, user);
    return slot && slot->roster == ROSTER_ASKING;
}

static struct target target_of(struct socket_service *service, const struct cht_command_row *row,
    const struct cht_command *command)
{
    struct target target = {.node = service->deps.mail->node};
    bool about_room = CHT_HAS(command, command, room) && command->type != cht_command_type_search;
    if (about_room) {
        target.shard = cht_shard_of_room(&command->room, service->deps.shards->count);
    }
    target.by_shard = row->changes;
    bool behind_list = row->server == cht_server_message && is_entering(service, &command->author);
    if (about_room && row->server != cht_server_user && !behind_list) {
        uint64_t owner = subscription_owner(service, target.shard);
        bool here = owner == 0 && row->server == cht_server_message;
        target.node = here ? target.node : owner;
    }
    return target;
}

static bool send(
    struct socket_service *service, const struct target *target, struct cht_command *command)
{
    if (target->by_shard) {
        int64_t deadline =
            (int64_t)command->sent_at + service->shards[target->shard].clock_offset + DEADLINE_MS;
        command->deadline = deadline > 0 ? (uint64_t)deadline : 0;
        command->term = service->shards[target->shard].term;
    }
    struct buf *buf = event_buf_encode(&cht_row_command, command);
    bool sent = true;
    if (target->by_shard) {
        sent = shards_try_post(service->deps.shards, target->shard, buf);
    } else {
        mail_send(service->deps.mail, MAIL_WORK, target->node, buf);
    }
    buf_unref(buf);
    return sent;
}

static uint32_t add_pending(struct socket_service *service, const struct sender *sender,
    const struct target *target, const struct cht_command *command)
{
    struct connection *connection = connection_of(service, sender);
    uint32_t slot = pending_add(
        &service->pendings, connection ? &connection->first_pending : NULL, socket_now(service));
    if (slot == PENDING_NONE) {
        return slot;
    }
    struct pending *pending = &service->pendings.slots[slot];
    pending->conn = sender->conn;
    pending->shard = (uint16_t)target->shard;
    pending->type = (uint8_t)command->type;
    pending->http = sender->http;
    pending->writes = target->by_shard;
    service->shards[target->shard].in_flight += target->by_shard;
    pending_set_ref(pending, sender->ref);
    if (connection) {
        connection->in_flight++;
    }
    return slot;
}

static void forward(struct socket_service *service, const struct sender *sender,
    const struct cht_command_row *row, struct cht_command *command)
{
    complete(service, sender, row, command);
    struct target target = target_of(service, row, command);
    if (target.node == 0) {
        refuse(service, sender, ERR_UNAVAILABLE);
        return;
    }
    uint32_t slot = add_pending(service, sender, &target, command);
    if (slot == PENDING_NONE) {
        refuse(service, sender, ERR_OVERLOADED);
        return;
    }
    command->node_ref = pending_handle(&service->pendings, slot);
    if (!send(service, &target, command)) {
        connection_forget_pending(service, slot);
        refuse(service, sender, ERR_UNAVAILABLE);
        return;
    }
    if (!sender->http) {
        connection_hold_back(service, sender->conn.slot);
    }
}

void command_run(
    struct socket_service *service, const struct sender *sender, struct cht_command *command)
{
    const struct cht_command_row *row = cht_command_row(command->type);
    CHECK(row);
    service->counters.commands++;
    uint32_t wait_ms = 0;
    bool within = within_rate(service, sender, command->type, &wait_ms);
    if (within && command->type == cht_command_type_typing) {
        within = typing_within_rate(service, sender, command, &wait_ms);
    }
    if (!within) {
        struct frame_refusal refusal = {.err = ERR_RATE_LIMITED, .wait_ms = wait_ms};
        command_refuse(service, sender, &refusal);
    } else if (row->server == cht_server_socket) {
        local_command_run(service, sender, command);
    } else {
        forward(service, sender, row, command);
    }
}
