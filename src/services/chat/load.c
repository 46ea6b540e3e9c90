/* load - a cold room becomes a loaded one.
 *
 * Happy path: meta, head and recent commands of the store, then its members page by page, for a
 * direct room who of the two hides it, then the records of the overlay that the store did not have
 * when the term began; the room is idle and its lane runs. A room that the store does not know is
 * loaded as one that does not exist. How it fails: the store does not answer; the commands that
 * wait are refused as unavailable and the room is forgotten. */

#include "base/check.h"
#include "base/event_buf.h"
#include "base/mem.h"
#include "chat_inner.h"

#define MEMBERS_PAGE 1000

struct load {
    struct flow flow;
    struct chat_service *chat;
    struct room_id room;
    uint64_t life; /* of the shard */
    uint32_t shard;
    struct rooms_load_op meta;
    struct rooms_members_op members;
    struct rooms_one_of_user_op pair[2]; /* of a direct room */
};

/* The room, unless it or its term has gone meanwhile. */
static struct room *room_of(struct load *load)
{
    struct room *room = rooms_by_id(load->chat, load->room);
    return room && load->chat->shards[load->shard].life == load->life ? room : NULL;
}

static void ask_meta(struct flow *flow)
{
    struct load *load = (struct load *)flow;
    uint64_t now = loop_wall_ms(load->chat->loop);
    load->meta.since_ts = now > ROOM_WINDOW_MS ? now - ROOM_WINDOW_MS : 1;
    rooms_load(load->chat->deps.rooms, flow_tolerate(flow), &load->meta);
}

static void take_meta(struct flow *flow)
{
    struct load *load = (struct load *)flow;
    struct room *room = room_of(load);
    enum err err = load->meta.op.err;
    if (!room || err == ERR_NOT_FOUND) {
        flow_skip_to_end(flow);
    } else if (err != OK) {
        flow_fail(flow, err);
    } else {
        room_state_load(&room->state, &load->meta);
    }
}

static void ask_members(struct flow *flow)
{
    struct load *load = (struct load *)flow;
    load->members.limit = MEMBERS_PAGE;
    rooms_members(load->chat->deps.rooms, &flow->asker, &load->members);
}

static void take_members(struct flow *flow)
{
    struct load *load = (struct load *)flow;
    struct room *room = room_of(load);
    for (uint32_t i = 0; room && i < load->members.count; i++) {
        room_state_load_member(&room->state, &load->members.members[i]);
    }
}

/* Asks for the page that follows, in the same step, until there is none. */
static void read_members(struct flow *flow)
{
    struct load *load = (struct load *)flow;
    if (load->members.count > 0) {
        take_members(flow);
        load->members.after = load->members.members[load->members.count - 1].user;
    }
    if (load->members.more) {
        ask_members(flow);
        flow_again(flow);
    }
}

/* The store keeps both people of a direct room as members; only their lists know who hides it. */
static void ask_pair(struct flow *flow)
{
    struct load *load = (struct load *)flow;
    struct room *room = room_of(load);
    bool is_direct = room && room->state.kind == cht_room_kind_direct;
    for (uint32_t i = 0; is_direct && i < 2; i++) {
        load->pair[i].room = load->meta.room;
        load->pair[i].user = room->state.pair[i];
        rooms_one_of_user(load->chat->deps.rooms, flow_tolerate(flow), &load->pair[i]);
    }
}

static void take_pair(struct flow *flow)
{
    struct load *load = (struct load *)flow;
    struct room *room = room_of(load);
    bool is_direct = room && room->state.kind == cht_room_kind_direct;
    for (uint32_t i = 0; is_direct && i < 2; i++) {
        enum err err = load->pair[i].op.err;
        if (err == OK && load->pair[i].one.hidden) {
            room_state_load_hidden(&room->state, &room->state.pair[i]);
        } else if (err != OK && err != ERR_NOT_FOUND) {
            flow_fail(flow, err);
        }
    }
}

static void apply_overlay(struct chat_service *chat, struct room *room)
{
    const struct overlay *overlay = &chat->shards[room->shard].overlay;
    const struct overlay_record *at = overlay_first(overlay, &room->state.room);
    for (; at; at = overlay_next(overlay, at)) {
        struct cht_record record;
        struct cht_scratch scratch = chat_scratch(chat);
        if (cht_decode(&cht_row_record, event_buf_bytes(at->record), &scratch, &record)) {
            room_state_apply_record(&room->state, &record);
        }
    }
}

static void refuse_waiting(struct chat_service *chat, struct room *room)
{
    while (room->first) {
        struct lane_item *item = room->first;
        room->first = item->next;
        room->lane_count--;
        lane_refuse(&chat->shards[room->shard], item, ERR_UNAVAILABLE);
    }
}

static void finish(struct flow *flow)
{
    struct load *load = (struct load *)flow;
    struct chat_service *chat = load->chat;
    struct room *room = room_of(load);
    enum err err = flow->err;
    chat->shards[load->shard].loading--;
    arena_deinit(&load->meta.arena);
    arena_deinit(&load->members.arena);
    arena_deinit(&load->pair[0].arena);
    arena_deinit(&load->pair[1].arena);
    mem_free(load);
    chat->flows--;
    if (!room) {
        return;
    }
    if (err != OK) {
        LOG_WARN(chat->deps.world->logger, "chat.room_not_loaded", "error=%s", err_name(err));
        refuse_waiting(chat, room);
        rooms_not_loaded(chat, room);
        return;
    }
    apply_overlay(chat, room);
    room->said_seq = room->state.seq;
    room->said_n = room->state.n;
    room->phase = ROOM_IDLE;
    chat->counters.loads++;
    lane_run(chat, room);
}

static const struct flow_step load_steps[] = {
    {"load.ask_meta", ask_meta},
    {"load.take_meta", take_meta},
    {"load.ask_members", ask_members},
    {"load.read_members", read_members},
    {"load.ask_pair", ask_pair},
    {"load.take_pair", take_pair},
    {"load.finish", finish},
};

void load_start(struct chat_service *chat, struct room *room)
{
    CHECK(room->phase == ROOM_COLD);
    room->phase = ROOM_LOADING;
    struct load *load = mem_new(sizeof(*load));
    load->chat = chat;
    load->room = id_of_room(room);
    load->shard = room->shard;
    load->life = chat->shards[room->shard].life;
    load->meta.room = room->state.room;
    load->members.room = room->state.room;
    chat->shards[load->shard].loading++;
    chat->flows++;
    flow_start(&load->flow, chat->loop, load_steps, FLOW_STEPS(load_steps));
}
