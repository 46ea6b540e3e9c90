/* lane - what happens in one room happens in one order.
 *
 * Happy path: an item is put at the end, the room is idle, it is done at once. A cold room is
 * loaded first, a command that needs facts fetches them first; meanwhile what follows waits here,
 * and other rooms go on. How it fails: a full lane refuses. */

#include "base/event_buf.h"
#include "chat_inner.h"
#include "chattifier/uncleared.h"

struct lane_item *lane_item_make(
    struct chat_service *chat, struct buf *event, const struct position *position)
{
    struct lane_item *item = spare_take(&chat->items, sizeof(*item));
    *item = (struct lane_item){.event = buf_ref(event), .has_position = position != NULL};
    if (position) {
        item->position = *position;
    }
    return item;
}

void lane_item_free(struct chat_service *chat, struct lane_item *item)
{
    buf_unref(item->event);
    spare_give(&chat->items, item);
}

void lane_refuse(struct shard *shard, struct lane_item *item_take, enum err err)
{
    struct chat_service *chat = shard->chat;
    struct cht_scratch scratch = chat_scratch(chat);
    struct cht_command command CHT_UNCLEARED;
    if (!item_take->has_position) {
        reads_refuse(chat, item_take->event, err);
    } else if (cht_decode(
                   &cht_row_command, event_buf_bytes(item_take->event), &scratch, &command)) {
        outbox_refuse(shard, item_take, &command, err);
    } else {
        shards_done(chat->deps.shards, shard->number, &item_take->position);
    }
    lane_item_free(chat, item_take);
}

void lane_put(struct room *room, struct lane_item *item)
{
    item->next = NULL;
    if (room->last && room->first) {
        room->last->next = item;
    } else {
        room->first = item;
    }
    room->last = item;
    room->lane_count++;
}

static struct lane_item *take(struct room *room)
{
    struct lane_item *item = room->first;
    room->first = item->next;
    room->lane_count--;
    return item;
}

static void on_command(struct chat_service *chat, struct room *room, struct lane_item *item)
{
    struct cht_scratch scratch = chat_scratch(chat);
    struct cht_command command CHT_UNCLEARED;
    if (!cht_decode(&cht_row_command, event_buf_bytes(item->event), &scratch, &command)) {
        chat->counters.bad_events++;
        lane_item_free(chat, item);
        return;
    }
    if (command.type == cht_command_type_read) {
        reads_on_read(chat, room, &command);
    } else {
        reads_on_typing(chat, room, &command);
    }
    lane_item_free(chat, item);
}

static void on_other(struct chat_service *chat, struct room *room, struct lane_item *item)
{
    struct cht_scratch scratch = chat_scratch(chat);
    struct cht_subscribe subscribe;
    struct cht_resend resend;
    uint32_t number = cht_event_number_of(event_buf_bytes(item->event));
    if (number == CHT_EVENT_subscribe &&
        cht_decode(&cht_row_subscribe, event_buf_bytes(item->event), &scratch, &subscribe)) {
        subscribers_on_subscribe(chat, room, &subscribe);
    } else if (number == CHT_EVENT_resend &&
               cht_decode(&cht_row_resend, event_buf_bytes(item->event), &scratch, &resend)) {
        subscribers_on_resend(chat, room, &resend);
    } else {
        chat->counters.bad_events++;
    }
    lane_item_free(chat, item);
}

void lane_take(struct chat_service *chat, struct room *room, struct lane_item *item,
    const struct cht_command *command)
{
    if (room->phase == ROOM_IDLE && !room->first) {
        decide_command(chat, room, item, command, NULL);
    } else {
        lane_put(room, item);
        lane_run(chat, room);
    }
}

void lane_run(struct chat_service *chat, struct room *room)
{
    if (room->phase == ROOM_COLD) {
        load_start(chat, room);
    }
    struct room_id id = id_of_room(room);
    while (room && room->phase == ROOM_IDLE && room->first) {
        struct lane_item *item = take(room);
        if (item->has_position) {
            decide_item(chat, room, item, NULL);
        } else if (cht_event_number_of(event_buf_bytes(item->event)) == CHT_EVENT_command) {
            on_command(chat, room, item);
        } else {
            on_other(chat, room, item);
        }
        room = rooms_by_id(chat, id); /* a term that ended took it along */
    }
}
