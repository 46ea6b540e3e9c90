/* facts - what a decision asks the stores.
 *
 * Happy path: every missing fact is asked for at once, the room's lane waits, then the command is
 * decided again with what is known. How it fails: a store that does not answer refuses this command
 * as unavailable; nothing has been done yet. */

#include "base/check.h"
#include "base/event_buf.h"
#include "base/mem.h"
#include "chat_inner.h"

struct facts {
    struct flow flow;
    struct chat_service *chat;
    struct room_id room;
    struct lane_item *item;
    uint32_t needs;
    uint64_t blocks_epoch; /* when it was asked */
    struct room_facts known;
    struct cht_id users[ROOM_FACT_USERS_MAX + 1]; /* with the author behind them */
    uint32_t user_count;
    struct cht_id author;
    struct history_find_cid_op cid;
    struct history_message_op target;
    struct users_get_op exist;
    struct users_blocking_op blocking;
    struct rooms_crowded_op crowded;
    struct name_claim_op name;
    uint8_t scratch[SCRATCH_BYTES / 4];
};

static void ask_cid(
    struct facts *facts, const struct room_state *state, const struct cht_command *command)
{
    bool was_told = CHT_HAS(command, command, after) || command->after > 0;
    uint64_t newest = state->window.floor; /* what is above it has been looked at */
    facts->cid.room = state->room;
    facts->cid.user = command->author;
    facts->cid.cid = command->cid;
    facts->cid.above_seq = was_told                     ? command->after
                           : newest > ROOM_FIND_CID_MAX ? newest - ROOM_FIND_CID_MAX
                                                        : 0;
    facts->cid.limit = ROOM_FIND_CID_MAX;
    history_find_cid(facts->chat->deps.history, flow_tolerate(&facts->flow), &facts->cid);
}

static void ask_target(
    struct facts *facts, const struct room_state *state, const struct cht_command *command)
{
    facts->target.room = state->room;
    facts->target.seq = command->target ? command->target : command->reply_to;
    facts->target.reader = command->author;
    facts->target.key = command->key;
    history_message(facts->chat->deps.history, flow_tolerate(&facts->flow), &facts->target);
}

static void ask_users(struct facts *facts)
{
    facts->exist.ids = facts->users;
    facts->exist.id_count = facts->user_count;
    users_get(facts->chat->deps.users, &facts->flow.asker, &facts->exist);
}

static void ask_blocks(struct facts *facts)
{
    uint32_t most = sizeof(facts->blocking.blocking) / sizeof(facts->blocking.blocking[0]);
    facts->blocking.author = facts->author;
    facts->blocking.ids = facts->users;
    facts->blocking.id_count = facts->user_count < most ? facts->user_count : most;
    users_blocking(facts->chat->deps.users, &facts->flow.asker, &facts->blocking);
}

static void ask_name(
    struct facts *facts, const struct room_state *state, const struct cht_command *command)
{
    name_claim(facts->chat, flow_tolerate(&facts->flow), &facts->name, &state->room,
        room_name_of_command(state, command));
}

static void ask_crowded(struct facts *facts)
{
    uint32_t most = ROOMS_CROWDED_MAX - 1;
    uint32_t named = facts->user_count < most ? facts->user_count : most;
    facts->users[named] = facts->author;
    facts->crowded.users = facts->users;
    facts->crowded.user_count = named + 1;
    facts->crowded.most = (uint32_t)facts->chat->settings.rooms_per_user;
    rooms_crowded(facts->chat->deps.rooms, &facts->flow.asker, &facts->crowded);
}

/* Texts of the questions point into the item's bytes, or into the room, whose lane is held. */
static void ask(struct flow *flow)
{
    struct facts *facts = (struct facts *)flow;
    struct room *room = rooms_by_id(facts->chat, facts->room);
    struct cht_scratch scratch = {.at = facts->scratch, .size = sizeof(facts->scratch)};
    struct cht_command command;
    if (!room ||
        !cht_decode(&cht_row_command, event_buf_bytes(facts->item->event), &scratch, &command)) {
        flow_fail(flow, ERR_CANCELLED);
        return;
    }
    facts->author = command.author;
    facts->user_count = room_users_of_command(&room->state, &command, facts->users);
    if (facts->needs & ROOM_FACT_CID) {
        ask_cid(facts, &room->state, &command);
    }
    if (facts->needs & ROOM_FACT_TARGET) {
        ask_target(facts, &room->state, &command);
    }
    if (facts->needs & ROOM_FACT_USERS) {
        ask_users(facts);
    }
    if (facts->needs & ROOM_FACT_BLOCKS) {
        ask_blocks(facts);
    }
    if (facts->needs & ROOM_FACT_NAME) {
        ask_name(facts, &room->state, &command);
    }
    if (facts->needs & ROOM_FACT_CROWDED) {
        ask_crowded(facts);
    }
}

static void take_cid(struct facts *facts)
{
    const struct room_cid *found = &facts->cid.found;
    facts->known.cid_err = facts->cid.op.err;
    if (facts->cid.op.err == OK) {
        facts->known.cid = (struct room_mark){
            .by = found->user,
            .seq = found->seq,
            .n = found->n,
            .ts = found->ts,
            .cid = room_digest_str(found->cid),
            .content = found->content,
        };
    } else if (facts->cid.op.err != ERR_NOT_FOUND && facts->cid.op.err != ERR_CONFLICT) {
        flow_fail(&facts->flow, facts->cid.op.err);
    }
}

static void take_target(struct facts *facts)
{
    enum err err = facts->target.op.err;
    if (err != OK && err != ERR_NOT_FOUND) {
        flow_fail(&facts->flow, err);
        return;
    }
    const struct history_message *message = &facts->target.message;
    facts->known.target_found = err == OK;
    if (err == OK) {
        facts->known.target_by = message->from;
        facts->known.target_text = room_digest_str(message->text);
        facts->known.target_deleted = message->deleted;
        facts->known.target_reacted = facts->target.reacted;
        facts->known.target_other_keys = facts->target.other_keys;
    }
}

static bool is_there(const struct users_get_op *found, const struct cht_id *user)
{
    for (uint32_t i = 0; i < found->count; i++) {
        if (cht_id_equal(&found->users[i].id, user)) {
            return !found->users[i].deleted && !found->users[i].disabled;
        }
    }
    return false;
}

static void take_users(struct facts *facts)
{
    facts->known.missing_user = -1;
    for (uint32_t i = facts->user_count; i-- > 0;) {
        if (!is_there(&facts->exist, &facts->users[i])) {
            facts->known.missing_user = (int)i;
        }
    }
}

static void take_blocks(struct facts *facts)
{
    facts->known.blocking_user = -1;
    for (uint32_t i = facts->blocking.id_count; i-- > 0;) {
        if (facts->blocking.blocking[i]) {
            facts->known.blocking_user = (int)i;
        }
    }
}

static void take_name(struct facts *facts)
{
    facts->known.name_taken = facts->name.op.err == ERR_TAKEN;
    if (facts->name.op.err != OK && facts->name.op.err != ERR_TAKEN) {
        flow_fail(&facts->flow, facts->name.op.err);
    }
}

static void take_crowded(struct facts *facts)
{
    uint32_t author = facts->crowded.user_count - 1;
    facts->known.author_crowded = facts->crowded.crowded[author];
    for (uint32_t i = author; i-- > 0;) {
        if (facts->crowded.crowded[i]) {
            facts->known.crowded_user = (int)i;
        }
    }
}

static void take(struct flow *flow)
{
    struct facts *facts = (struct facts *)flow;
    if (facts->needs & ROOM_FACT_CID) {
        take_cid(facts);
    }
    if (facts->needs & ROOM_FACT_TARGET) {
        take_target(facts);
    }
    if (facts->needs & ROOM_FACT_USERS) {
        take_users(facts);
    }
    if (facts->needs & ROOM_FACT_BLOCKS) {
        take_blocks(facts);
    }
    if (facts->needs & ROOM_FACT_NAME) {
        take_name(facts);
    }
    if (facts->needs & ROOM_FACT_CROWDED) {
        take_crowded(facts);
    }
    facts->known.have |= facts->needs;
}

static void finish(struct flow *flow)
{
    struct facts *facts = (struct facts *)flow;
    struct chat_service *chat = facts->chat;
    struct room_id id = facts->room;
    struct lane_item *item = facts->item;
    struct room_facts known = facts->known;
    struct cht_id author = facts->author;
    uint32_t needs = facts->needs;
    uint64_t epoch = facts->blocks_epoch;
    enum err err = flow->err;
    arena_deinit(&facts->cid.arena);
    arena_deinit(&facts->target.arena);
    arena_deinit(&facts->exist.arena);
    mem_free(facts);
    chat->flows--;
    struct room *room = rooms_by_id(chat, id);
    if (!room) {
        lane_item_free(chat, item);
        return;
    }
    room->phase = ROOM_IDLE;
    if (err == OK && (needs & ROOM_FACT_BLOCKS)) {
        blocks_remember(chat, room, &author, known.blocking_user >= 0, epoch);
    }
    if (err == OK) {
        decide_item(chat, room, item, &known);
    } else {
        lane_refuse(&chat->shards[room->shard], item, ERR_UNAVAILABLE);
    }
    room = rooms_by_id(chat, id);
    if (room) {
        lane_run(chat, room);
    }
}

static const struct flow_step facts_steps[] = {
    {"facts.ask", ask},
    {"facts.take", take},
    {"facts.finish", finish},
};

void facts_start(struct chat_service *chat, struct room *room, struct lane_item *item,
    const struct room_facts *have, uint32_t needs)
{
    CHECK(room->phase == ROOM_IDLE);
    room->phase = ROOM_FETCHING;
    struct facts *facts = mem_new(sizeof(*facts));
    facts->chat = chat;
    facts->room = id_of_room(room);
    facts->item = item;
    facts->needs = needs;
    facts->blocks_epoch = chat->blocks_epoch;
    facts->known = *have;
    chat->flows++;
    flow_start(&facts->flow, chat->loop, facts_steps, FLOW_STEPS(facts_steps));
}
