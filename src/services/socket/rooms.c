/* rooms - see the header. Happy path: a room is made with its first local member and freed some
 * time after the last. How it fails: the table is full, and the member gets no live events of that
 * room. */

#include "rooms.h"

#include "base/check.h"

struct room *room_find(struct socket_service *service, const struct cht_id *id)
{
    uint32_t slot = map_find(&service->rooms_by_id, map_key_id(id));
    return slot == MAP_NONE ? NULL : &service->rooms[slot];
}

static uint32_t take_slot(struct socket_service *service)
{
    uint32_t slot = service->rooms_free;
    if (slot != SLOT_NONE) {
        service->rooms_free = service->rooms[slot].due;
        return slot;
    }
    return service->rooms_used < service->settings.rooms_max ? service->rooms_used++ : SLOT_NONE;
}

struct room *room_create(struct socket_service *service, const struct cht_id *id, uint64_t last_seq,
    enum cht_room_kind kind)
{
    uint32_t slot = take_slot(service);
    if (slot == SLOT_NONE) {
        return NULL;
    }
    struct room *room = &service->rooms[slot];
    *room = (struct room){
        .id = *id,
        .last_seq = last_seq,
        .head_seen = last_seq,
        .removal_floor = last_seq,
        .shard = cht_shard_of_room(id, service->deps.shards->count),
        .due = SLOT_NONE,
        .first_wait = SLOT_NONE,
        .last_wait = SLOT_NONE,
        .idle_since = socket_now(service),
        .kind = (uint8_t)kind,
        .used = true,
    };
    CHECK(map_put(&service->rooms_by_id, map_key_id(id), slot));
    service->counters.rooms++;
    room_make_due(service, room);
    return room;
}

void room_free(struct socket_service *service, struct room *room)
{
    CHECK(room->used);
    CHECK(room_is_idle(room));
    CHECK(!room->block);
    room_make_done(service, room);
    uint32_t slot = room_slot(service, room);
    CHECK(map_remove(&service->rooms_by_id, map_key_id(&room->id)) == slot);
    slot_list_deinit(&room->audience);
    bool open = room->open; /* still named in this turn's list */
    *room = (struct room){.due = service->rooms_free, .open = open};
    service->rooms_free = slot;
    service->counters.rooms--;
}

void room_make_due(struct socket_service *service, struct room *room)
{
    if (room->due == SLOT_NONE) {
        room->due = service->due.count;
        room->asked = false;
        list_add(&service->due, room_slot(service, room));
    }
}

void room_make_done(struct socket_service *service, struct room *room)
{
    if (room->due == SLOT_NONE) {
        return;
    }
    uint32_t moved = service->due.at[--service->due.count];
    service->due.at[room->due] = moved;
    service->rooms[moved].due = room->due;
    room->due = SLOT_NONE;
}
