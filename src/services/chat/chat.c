/* chat - the service: its boxes, its clock, its parts.
 *
 * Happy path: commands come from the shards (shard_owner.c), requests of nodes from the work box;
 * both go to the lane of their room. Once a second heads are told and rooms looked after. How it
 * fails: an event that can not be read, or is about a shard that is not owned here, is dropped;
 * whoever sent it asks again. */

#include "chat/chat.h"

#include "base/event_buf.h"
#include "base/mem.h"
#include "chat_inner.h"
#include "world/random.h"

/* The room that an event of the work box is about; false: not for this service. */
static bool room_of_event(struct chat_service *chat, struct cht_str bytes, struct cht_id *ret_room)
{
    struct cht_scratch scratch = chat_scratch(chat);
    uint32_t number = cht_event_number_of(bytes);
    bool good = false;
    if (number == CHT_EVENT_subscribe) {
        struct cht_subscribe event;
        good = cht_decode(&cht_row_subscribe, bytes, &scratch, &event);
        *ret_room = event.room;
    } else if (number == CHT_EVENT_resend) {
        struct cht_resend event;
        good = cht_decode(&cht_row_resend, bytes, &scratch, &event);
        *ret_room = event.room;
    } else if (number == CHT_EVENT_command) {
        struct cht_command event;
        good = cht_decode(&cht_row_command, bytes, &scratch, &event) &&
               (event.type == cht_command_type_read || event.type == cht_command_type_typing);
        *ret_room = event.room;
    }
    return good;
}

/* Nodes subscribe again every minute: a room that rests need not be loaded for that. */
static bool subscribe_at_rest(struct chat_service *chat, struct room *room, struct buf *event)
{
    struct cht_scratch scratch = chat_scratch(chat);
    struct cht_subscribe subscribe;
    if (cht_event_number_of(event_buf_bytes(event)) != CHT_EVENT_subscribe ||
        !cht_decode(&cht_row_subscribe, event_buf_bytes(event), &scratch, &subscribe)) {
        return false;
    }
    subscribers_on_subscribe(chat, room, &subscribe);
    return true;
}

static void on_work(struct mail_handler *handler, struct buf *event)
{
    struct chat_service *chat = container_of(handler, struct chat_service, reader);
    struct cht_id id;
    if (!room_of_event(chat, event_buf_bytes(event), &id)) {
        return;
    }
    if (!shard_is(&chat->shards[cht_shard_of_room(&id, chat->shard_count)], SHARD_OWNED)) {
        reads_refuse(chat, event, ERR_UNAVAILABLE); /* nodes hear of the owner and ask there */
        return;
    }
    struct room *room = rooms_find(chat, &id);
    if (room && room->phase == ROOM_RESTING && subscribe_at_rest(chat, room, event)) {
        return;
    }
    room = rooms_need(chat, &id);
    if (!room || room->lane_count >= chat->settings.lane_commands_max) {
        reads_refuse(chat, event, ERR_OVERLOADED);
        return;
    }
    lane_put(room, lane_item_make(chat, event, NULL));
    lane_run(chat, room);
}

static void on_cast(struct cast_handler *handler, struct buf *event)
{
    struct chat_service *chat = container_of(handler, struct chat_service, listener);
    struct cht_scratch scratch = chat_scratch(chat);
    uint32_t number = cht_event_number_of(event_buf_bytes(event));
    struct cht_hello hello;
    struct cht_blocked blocked;
    if (number == CHT_EVENT_hello &&
        cht_decode(&cht_row_hello, event_buf_bytes(event), &scratch, &hello)) {
        owner_announce(chat);
    } else if (number == CHT_EVENT_blocked &&
               cht_decode(&cht_row_blocked, event_buf_bytes(event), &scratch, &blocked)) {
        blocks_on_changed(chat, &blocked);
    }
}

static void on_heads_time(struct timer *timer)
{
    struct chat_service *chat = container_of(timer, struct chat_service, heads_timer);
    heads_tell(chat);
    joined_repeat(chat);
    owner_ask_progress(chat);
    rooms_sweep(chat);
    timer_start(chat->loop, timer, chat->settings.heads_ms, on_heads_time);
}

struct chat_service *chat_create(const struct chat_deps *deps, const struct chat_settings *settings)
{
    struct chat_service *chat = mem_new(sizeof(*chat));
    chat->deps = *deps;
    chat->settings = *settings;
    chat->loop = deps->world->loop;
    chat->shard_count = deps->shards->count;
    random_fill(deps->world->random, chat->secret, sizeof(chat->secret));
    answered_init(&chat->answered, chat->secret);
    map_init(&chat->room_index, (uint32_t)settings->rooms_known_max, chat->secret);
    chat->reader.on_mail = on_work;
    chat->listener.on_cast = on_cast;
    mail_open(deps->mail, MAIL_WORK, &chat->reader, (uint32_t)settings->commands_max);
    cast_listen(deps->cast, &chat->listener);
    owner_start(chat);
    timer_start(chat->loop, &chat->heads_timer, settings->heads_ms, on_heads_time);
    return chat;
}

struct chat_counters chat_counters(const struct chat_service *chat)
{
    struct chat_counters counters = chat->counters;
    counters.rooms = chat->room_count - chat->resting_count;
    counters.rooms_resting = chat->resting_count;
    return counters;
}

bool chat_is_idle(const struct chat_service *chat)
{
    bool said = true;
    for (uint32_t i = 0; i < chat->shard_count; i++) {
        said = said && !chat->shards[i].out_first;
    }
    return said && chat->flows == 0;
}

void chat_destroy(struct chat_service *chat)
{
    if (!chat) {
        return;
    }
    timer_stop(&chat->heads_timer);
    owner_stop(chat);
    rooms_drop_all(chat);
    joined_drop_all(chat);
    answered_deinit(&chat->answered);
    spare_deinit(&chat->items);
    spare_deinit(&chat->outs);
    mem_free(chat->moved);
    map_deinit(&chat->room_index);
    mem_free(chat);
}
