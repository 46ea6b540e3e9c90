/* decide - one command of a lane, from its bytes to what is said.
 *
 * Happy path: decoded, in time, not a redelivery, decided without facts; its record goes to the
 * outbox and the room moves on. How it fails: what can not be decoded is done and dropped, what is
 * too late or was sent to an owner before this one is refused; what needs facts is decided when
 * they are there. */

#include <string.h>

#include "base/event_buf.h"
#include "chat_inner.h"
#include "chattifier/uncleared.h"

static void forget(struct chat_service *chat, struct room *room, struct lane_item *item)
{
    if (item->has_position) {
        shards_done(chat->deps.shards, room->shard, &item->position);
    }
    lane_item_free(chat, item);
}

/* A command at or below the room's cause was decided by a record that is in the log. */
static bool is_replay(const struct room *room, const struct position *position)
{
    return memcmp(position->bytes, room->state.cause.bytes, sizeof(position->bytes)) <= 0;
}

/* The bus gave it before, and its sender was told, or will be, that it does nothing. */
static bool was_answered(const struct chat_service *chat, const struct lane_item *item)
{
    return answered_any(&chat->answered) &&
           answered_know(&chat->answered, answered_digest(&chat->answered, item->event));
}

/* An owner before this one may have refused it, so it changes nothing any more: its sender asks
 * again. What it did there is found by its cid. */
static bool is_of_older_term(const struct shard *shard, const struct cht_command *command)
{
    return command->term != 0 && command->term < shard->term;
}

static void accept_record(struct chat_service *chat, struct room *room, struct lane_item *item,
    const struct cht_command *command, uint64_t now)
{
    struct shard *shard = &chat->shards[room->shard];
    const struct room_decision *decision = &chat->decision;
    outbox_record(shard, room, command, &item->position, decision);
    for (uint32_t i = 0; i < decision->count; i++) {
        const struct cht_entry *entry = &decision->entries[i];
        bool answers = entry->seq == decision->seq; /* it has the texts of the command */
        room_state_apply(&room->state, entry, shard->last_index, answers ? &decision->known : NULL);
    }
    room->state.cause = item->position;
    room->used_ms = loop_now_ms(chat->loop);
    room_window_trim(&room->state.window, now, shard->stored_index);
    lane_item_free(chat, item);
}

/* Given again at its old place or at a new one, or too late. True: nothing is left to decide. */
static bool is_settled(struct chat_service *chat, struct room *room, struct lane_item *item,
    const struct cht_command *command, uint64_t now)
{
    struct shard *shard = &chat->shards[room->shard];
    bool replayed = is_replay(room, &item->position) && !is_of_older_term(shard, command);
    if (replayed || was_answered(chat, item)) {
        chat->counters.replayed++;
        forget(chat, room, item);
        return true;
    }
    if (command->deadline && now > command->deadline) {
        chat->counters.late++;
        outbox_refuse(shard, item, command, ERR_TIMEOUT);
        lane_item_free(chat, item);
        return true;
    }
    return false;
}

/* Nothing is known yet. Without a limit nobody has too many rooms. */
static struct room_facts facts_none(const struct chat_service *chat)
{
    return (struct room_facts){
        .have = chat->settings.rooms_per_user == 0 ? ROOM_FACT_CROWDED : 0,
        .missing_user = -1,
        .blocking_user = -1,
        .crowded_user = -1,
    };
}

void decide_item(struct chat_service *chat, struct room *room, struct lane_item *item,
    const struct room_facts *facts)
{
    struct cht_scratch scratch = chat_scratch(chat);
    struct cht_command command CHT_UNCLEARED;
    if (cht_decode(&cht_row_command, event_buf_bytes(item->event), &scratch, &command)) {
        decide_command(chat, room, item, &command, facts);
    } else {
        chat->counters.bad_events++;
        forget(chat, room, item);
    }
}

void decide_command(struct chat_service *chat, struct room *room, struct lane_item *item,
    const struct cht_command *command, const struct room_facts *facts)
{
    struct shard *shard = &chat->shards[room->shard];
    uint64_t now = loop_wall_ms(chat->loop);
    if (is_settled(chat, room, item, command, now)) {
        return;
    }
    struct room_facts given = facts ? *facts : facts_none(chat);
    given.now = now;
    if (!facts) {
        blocks_recall(chat, room, &command->author, &given);
    }
    struct room_decision *decision = &chat->decision;
    room_decide(&room->state, command, &given, decision);
    chat->counters.commands++;
    if (decision->outcome == ROOM_NEEDS) {
        facts_start(chat, room, item, &given, decision->needs);
    } else if (decision->outcome != ROOM_ENTRIES) {
        chat->counters.dups += decision->outcome == ROOM_DUP;
        chat->counters.refused += decision->outcome == ROOM_REFUSED;
        outbox_answer(shard, item, command, decision, &room->state.room);
        lane_item_free(chat, item);
    } else if (is_of_older_term(shard, command)) {
        chat->counters.refused++;
        outbox_refuse(shard, item, command, ERR_UNAVAILABLE);
        lane_item_free(chat, item);
    } else {
        accept_record(chat, room, item, command, now);
    }
}
