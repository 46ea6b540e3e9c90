/* rooms - the rooms that are in memory, by id and by slot.
 *
 * Happy path: one map look-up. A room that is not there is made cold; its lane loads it. How it
 * fails: over the limit the idlest of a few rooms that the store has whole is dropped; if there is
 * none, no room is made and the command is refused. */

#include "base/check.h"
#include "base/mem.h"
#include "chat_inner.h"

#define SWEEP_ROOMS 64

struct room *rooms_find(struct chat_service *chat, const struct cht_id *room)
{
    uint32_t slot = map_find(&chat->room_index, map_key_id(room));
    return slot == MAP_NONE ? NULL : chat->rooms[slot];
}

struct room *rooms_by_id(struct chat_service *chat, struct room_id id)
{
    struct room *room = id.slot < chat->room_capacity ? chat->rooms[id.slot] : NULL;
    return room && room->generation == id.generation ? room : NULL;
}

static void drop(struct chat_service *chat, struct room *room)
{
    map_remove(&chat->room_index, map_key_id(&room->state.room));
    chat->rooms[room->slot] = NULL;
    chat->room_count--;
    while (room->first) {
        struct lane_item *item = room->first;
        room->first = item->next;
        lane_item_free(item);
    }
    frames_deinit(&room->frames);
    mem_free(room->nodes);
    room_state_deinit(&room->state);
    mem_free(room);
}

/* Everything of it is in the store, nothing waits, and no node follows it. */
static bool is_idle(const struct chat_service *chat, const struct room *room)
{
    return (room->phase == ROOM_IDLE || room->phase == ROOM_COLD) && !room->first &&
           room->node_count == 0 && room->said_seq == room->state.seq &&
           room->state.index <= chat->shards[room->shard].stored_index;
}

void rooms_sweep(struct chat_service *chat)
{
    for (uint32_t i = 0; i < SWEEP_ROOMS && i < chat->room_capacity; i++) {
        chat->sweep = (chat->sweep + 1) % chat->room_capacity;
        struct room *room = chat->rooms[chat->sweep];
        if (room && room->phase == ROOM_IDLE) {
            room_window_trim(&room->state.window, loop_wall_ms(chat->loop),
                chat->shards[room->shard].stored_index);
        }
        bool full = chat->room_count >= chat->settings.rooms_loaded_max;
        if (room && full && is_idle(chat, room)) {
            drop(chat, room);
        }
    }
}

static uint32_t free_slot(struct chat_service *chat)
{
    for (uint32_t slot = chat->room_count; slot < chat->room_capacity; slot++) {
        if (!chat->rooms[slot]) {
            return slot;
        }
    }
    for (uint32_t slot = 0; slot < chat->room_capacity; slot++) {
        if (!chat->rooms[slot]) {
            return slot;
        }
    }
    uint32_t capacity = chat->room_capacity ? chat->room_capacity * 2 : 64;
    chat->rooms = mem_resize(chat->rooms, capacity * sizeof(struct room *));
    for (uint32_t slot = chat->room_capacity; slot < capacity; slot++) {
        chat->rooms[slot] = NULL;
    }
    chat->room_capacity = capacity;
    return chat->room_count;
}

struct room *rooms_need(struct chat_service *chat, const struct cht_id *id)
{
    struct room *room = rooms_find(chat, id);
    if (room) {
        return room;
    }
    if (chat->room_count >= chat->settings.rooms_loaded_max) {
        rooms_sweep(chat);
    }
    if (chat->room_count >= chat->settings.rooms_loaded_max) {
        return NULL;
    }
    room = mem_new(sizeof(*room));
    room_state_init(&room->state, id, chat->secret);
    room->slot = free_slot(chat);
    room->generation = ++chat->next_generation;
    room->shard = cht_shard_of_room(id, chat->shard_count);
    chat->rooms[room->slot] = room;
    chat->room_count++;
    CHECK(map_put(&chat->room_index, map_key_id(id), room->slot));
    return room;
}

void rooms_drop_shard(struct chat_service *chat, uint32_t shard)
{
    for (uint32_t slot = 0; slot < chat->room_capacity; slot++) {
        if (chat->rooms[slot] && chat->rooms[slot]->shard == shard) {
            drop(chat, chat->rooms[slot]);
        }
    }
}

void rooms_drop_all(struct chat_service *chat)
{
    for (uint32_t slot = 0; slot < chat->room_capacity; slot++) {
        if (chat->rooms[slot]) {
            drop(chat, chat->rooms[slot]);
        }
    }
    mem_free(chat->rooms);
    chat->rooms = NULL;
    chat->room_capacity = 0;
}
