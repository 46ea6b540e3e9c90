/* blocks - what an owner remembers of blocks, so that not every direct message asks the store, and
 * not everybody who types or reads.
 *
 * Happy path: the first message of each of the two asks; the answer holds until a change is heard
 * of, and no longer than chat.blocks_ms. How it fails: the cast of a change is lost; what is
 * remembered ends by its age. A change that is heard of while the store is being asked: the answer
 * is used and not remembered. */

#include <string.h>

#include "chat_inner.h"

/* 0 or 1; 2: the room is no direct one, or the author none of its two. */
static uint32_t side_of(const struct room *room, const struct cht_id *author)
{
    if (!room_state_exists(&room->state) || room->state.kind != cht_room_kind_direct) {
        return 2;
    }
    return cht_id_equal(&room->state.pair[0], author)   ? 0
           : cht_id_equal(&room->state.pair[1], author) ? 1
                                                        : 2;
}

void blocks_recall(const struct chat_service *chat, const struct room *room,
    const struct cht_id *author, struct room_facts *facts)
{
    uint32_t side = side_of(room, author);
    if (side < 2 && room->blocks.until_ms[side] > loop_now_ms(chat->loop)) {
        facts->have |= ROOM_FACT_BLOCKS;
        facts->blocking_user = room->blocks.blocked[side] ? 0 : -1;
    }
}

void blocks_remember(struct chat_service *chat, struct room *room, const struct cht_id *author,
    bool blocked, uint64_t epoch)
{
    uint32_t side = side_of(room, author);
    if (side < 2 && epoch == chat->blocks_epoch) {
        room->blocks.blocked[side] = blocked;
        room->blocks.until_ms[side] = loop_now_ms(chat->loop) + chat->settings.blocks_ms;
    }
}

static void look_at(
    struct chat_service *chat, struct flow *flow, struct blocks_look *look, uint32_t side)
{
    struct users_blocking_op *op = &look->of[side];
    look->asked[side] = true;
    op->author = look->users[side];
    op->ids = &look->users[1 - side];
    op->id_count = 1;
    users_blocking(chat->deps.users, flow_tolerate(flow), op);
}

void blocks_look(
    struct chat_service *chat, struct flow *flow, const struct room *room, struct blocks_look *look)
{
    const struct cht_id *pair = room->state.pair;
    if (side_of(room, &pair[0]) == 2 || cht_id_equal(&pair[0], &pair[1])) {
        return;
    }
    look->epoch = chat->blocks_epoch;
    memcpy(look->users, pair, sizeof(look->users));
    for (uint32_t side = 0; side < 2; side++) {
        if (room->blocks.until_ms[side] > loop_now_ms(chat->loop)) {
            look->apart = look->apart || room->blocks.blocked[side];
        } else {
            look_at(chat, flow, look, side);
        }
    }
}

bool blocks_seen(struct chat_service *chat, struct room *room, struct blocks_look *look)
{
    for (uint32_t side = 0; side < 2; side++) {
        const struct users_blocking_op *op = &look->of[side];
        if (look->asked[side] && op->op.err == OK) {
            blocks_remember(chat, room, &look->users[side], op->blocking[0], look->epoch);
        }
        bool is_blocked = op->op.err != OK || op->blocking[0];
        look->apart = look->apart || (look->asked[side] && is_blocked);
    }
    return look->apart;
}

void blocks_on_changed(struct chat_service *chat, const struct cht_blocked *changed)
{
    struct cht_id id;
    cht_id_of_direct_room(&changed->user, &changed->other, &id);
    chat->blocks_epoch++;
    struct room *room = rooms_find(chat, &id);
    if (room) {
        room->blocks = (struct room_blocks){0};
    }
}
