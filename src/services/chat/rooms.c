/* rooms - the rooms that are known, by id and by slot.
 *
 * Happy path: one map look-up. A room that is not there is made cold; its lane loads it. How it
 * fails: when too many are loaded, the idlest of some that the store has whole goes to rest, or is
 * dropped if no node follows it; when too many are known, the idlest of some resting ones is
 * forgotten, and its nodes subscribe again in their turn. When all have too many frames, the idlest
 * of some gives up its own: what nodes missed comes from the store. If there is none, no room is
 * made and the command is refused. */

#include "base/check.h"
#include "base/mem.h"
#include "chat_inner.h"

#define SWEEP_ROOMS 64
#define SLOTS_MIN 64

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

static void drop_frames(struct chat_service *chat, struct room *room)
{
    chat->frame_bytes -= room->frames.bytes;
    frames_deinit(&room->frames);
}

static void drop(struct chat_service *chat, struct room *room)
{
    map_remove(&chat->room_index, map_key_id(&room->state.room));
    chat->rooms[room->slot] = NULL;
    chat->free_slots[chat->room_capacity - chat->room_count] = room->slot;
    chat->room_count--;
    chat->resting_count -= room->phase == ROOM_RESTING;
    while (room->first) {
        struct lane_item *item = room->first;
        room->first = item->next;
        lane_item_free(chat, item);
    }
    drop_frames(chat, room);
    mem_free(room->nodes);
    mem_free(room->typists);
    room_state_deinit(&room->state);
    mem_free(room);
}

/* ---- rest */

/* Everything of it is said and in the store, and nothing waits. */
static bool is_quiet(const struct chat_service *chat, const struct room *room)
{
    return (room->phase == ROOM_IDLE || room->phase == ROOM_COLD) && !room->first &&
           room->visitors == 0 && room->said_seq == room->state.seq &&
           room->state.index <= chat->shards[room->shard].stored_index;
}

static void rest(struct chat_service *chat, struct room *room)
{
    struct cht_id id = room->state.room;
    room_state_deinit(&room->state);
    room_state_init(&room->state, &id, chat->secret);
    drop_frames(chat, room);
    mem_free(room->typists);
    room->typists = NULL;
    room->phase = ROOM_RESTING;
    chat->resting_count++;
}

void rooms_not_loaded(struct chat_service *chat, struct room *room)
{
    room->phase = ROOM_COLD;
    if (room->node_count > 0) {
        rest(chat, room);
    }
}

static bool is_resting(const struct chat_service *chat, const struct room *room)
{
    (void)chat;
    return room->phase == ROOM_RESTING;
}

static bool has_frames(const struct chat_service *chat, const struct room *room)
{
    (void)chat;
    return room->frames.count > 0;
}

/* The idlest of some rooms among those that fit. NULL: there is none. */
static struct room *find_idlest(struct chat_service *chat,
    bool (*fits)(const struct chat_service *chat, const struct room *room))
{
    struct room *idlest = NULL;
    for (uint32_t i = 0; i < SWEEP_ROOMS && i < chat->room_capacity; i++) {
        chat->sweep = (chat->sweep + 1) % chat->room_capacity;
        struct room *room = chat->rooms[chat->sweep];
        if (room && fits(chat, room) && (!idlest || room->used_ms < idlest->used_ms)) {
            idlest = room;
        }
    }
    return idlest;
}

void rooms_bound_frames(struct chat_service *chat, struct room *room)
{
    while (chat->frame_bytes > chat->settings.resend_bytes_max) {
        struct room *idlest = find_idlest(chat, has_frames);
        drop_frames(chat, idlest ? idlest : room);
    }
}

/* Rooms that the store does not have whole can not rest: it is hurried, not again before it has
 * said how far it is. */
static void want_all_stored(struct chat_service *chat)
{
    for (uint32_t i = 0; i < chat->shard_count; i++) {
        const struct shard *shard = &chat->shards[i];
        if (shard_is(shard, SHARD_OWNED) && !shard->progress_asked &&
            shard->stored_index < shard->last_index) {
            owner_want_stored(chat, i, shard->last_index);
        }
    }
    owner_ask_progress(chat);
}

static bool may_load(struct chat_service *chat)
{
    if (chat->room_count - chat->resting_count < chat->settings.rooms_loaded_max) {
        return true;
    }
    struct room *room = find_idlest(chat, is_quiet);
    if (!room) {
        want_all_stored(chat);
        return false;
    }
    if (room->node_count > 0) {
        rest(chat, room);
    } else {
        drop(chat, room);
    }
    return true;
}

static bool may_know(struct chat_service *chat)
{
    if (chat->room_count < chat->settings.rooms_known_max) {
        return true;
    }
    struct room *room = find_idlest(chat, is_resting);
    if (room) {
        drop(chat, room);
    }
    return room != NULL;
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
    }
}

/* ---- make */

/* Free slots are a stack of (capacity - rooms). */
static uint32_t take_slot(struct chat_service *chat)
{
    if (chat->room_count == chat->room_capacity) {
        uint32_t capacity = chat->room_capacity ? chat->room_capacity * 2 : SLOTS_MIN;
        chat->rooms = mem_resize(chat->rooms, capacity * sizeof(struct room *));
        chat->free_slots = mem_resize(chat->free_slots, capacity * sizeof(uint32_t));
        for (uint32_t slot = chat->room_capacity; slot < capacity; slot++) {
            chat->rooms[slot] = NULL;
            chat->free_slots[capacity - 1 - slot] = slot;
        }
        chat->room_capacity = capacity;
    }
    return chat->free_slots[chat->room_capacity - chat->room_count - 1];
}

static struct room *make(struct chat_service *chat, const struct cht_id *id)
{
    struct room *room = mem_new(sizeof(*room));
    room_state_init(&room->state, id, chat->secret);
    room->slot = take_slot(chat);
    room->generation = ++chat->next_generation;
    room->shard = cht_shard_of_room(id, chat->shard_count);
    chat->rooms[room->slot] = room;
    chat->room_count++;
    bool put = map_put(&chat->room_index, map_key_id(id), room->slot);
    CHECK(put);
    return room;
}

struct room *rooms_need(struct chat_service *chat, const struct cht_id *id)
{
    struct room *room = rooms_find(chat, id);
    if (room && room->phase != ROOM_RESTING) {
        return room;
    }
    if (!may_load(chat) || (!room && !may_know(chat))) {
        return NULL;
    }
    if (!room) {
        return make(chat, id);
    }
    room->phase = ROOM_COLD;
    chat->resting_count--;
    return room;
}

/* Commands come again; requests by mail do not. */
static void refuse_requests(struct chat_service *chat, const struct room *room)
{
    for (const struct lane_item *item = room->first; item; item = item->next) {
        if (!item->has_position) {
            reads_refuse(chat, item->event, ERR_UNAVAILABLE);
        }
    }
}

void rooms_drop_shard(struct chat_service *chat, uint32_t shard)
{
    for (uint32_t slot = 0; slot < chat->room_capacity; slot++) {
        if (chat->rooms[slot] && chat->rooms[slot]->shard == shard) {
            refuse_requests(chat, chat->rooms[slot]);
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
    mem_free(chat->free_slots);
    chat->rooms = NULL;
    chat->room_capacity = 0;
}
