#pragma once

/* chat_inner - what the files of the chat service share: the structs, and who offers what. */

#include "answered.h"
#include "base/logger.h"
#include "base/map.h"
#include "base/spare.h"
#include "chat/chat.h"
#include "flow/flow.h"
#include "flow/machine.h"
#include "flow/pause.h"
#include "frames.h"
#include "overlay.h"
#include "room_decide.h"
#include "room_state.h"
#include "typists.h"
#include "world/loop.h"

#define SCRATCH_BYTES (96u << 10)

/* Names a room that may be gone when one comes back. */
struct room_id {
    uint32_t slot;
    uint32_t generation;
};

/* Something that waits in a room's lane: a command with its position, or an event of the work box.
 */
struct lane_item {
    struct lane_item *next;
    struct buf *event;
    bool has_position;
    struct position position;
};

struct room_node {
    uint64_t node;
    uint64_t until_ms; /* forgotten then, unless it says subscribe again */
};

/* RESTING: it was loaded and nothing has happened since; its state is not in memory, but who
 * follows it and its head are. */
enum room_phase { ROOM_COLD, ROOM_LOADING, ROOM_IDLE, ROOM_FETCHING, ROOM_RESTING };

/* Of a direct room: is one of the pair blocked by the other? */
struct room_blocks {
    uint64_t until_ms[2]; /* known until then, of the first of the pair and of the second */
    bool blocked[2];
};

/* A room at its owner. */
struct room {
    struct room_state state; /* as decided, perhaps not durable yet */
    uint32_t slot, generation;
    uint32_t shard;
    uint8_t phase; /* enum room_phase */
    uint8_t moved; /* turns of heads that still tell of it */
    struct lane_item *first, *last;
    uint32_t lane_count;
    uint64_t said_seq, said_n; /* of the newest entry that was delivered */
    uint64_t used_ms;          /* when something happened in it last; 0: not since it is known */
    struct room_blocks blocks;
    struct typists *typists; /* NULL: nobody typed lately */
    uint32_t visitors;       /* flows that will look at it again: it does not rest */
    struct frames frames;    /* newest deliveries, up to said_seq */
    struct room_node *nodes;
    uint32_t node_count;
};

/* States of a shard's machine. */
enum { SHARD_IDLE, SHARD_CLAIMING, SHARD_OWNED, SHARD_STATES };

struct shard_claim; /* the flow that takes a shard over */
struct joined_note; /* users whose nodes are told that they are in a room */

struct out;

/* A shard, owned or not. `life` grows with every gain and loss: what comes back from an older life
 * is void. */
struct shard {
    struct chat_service *chat;
    uint32_t number;
    struct machine machine; /* shard_owner.c */
    uint64_t life;
    uint64_t term;
    struct log_writer *writer;
    uint64_t last_index;   /* given to the newest record */
    uint64_t stored_index; /* the store has everything up to it, as last heard */
    struct overlay overlay;
    uint32_t loading; /* rooms that may have read the store before it had the overlay */
    struct out *out_first, *out_last;
    struct lane_item *early_first, *early_last; /* commands that came before the term began */
    bool progress_asked;
};

static inline bool shard_is(const struct shard *shard, uint8_t state)
{
    return shard->machine.state == state;
}

struct chat_service {
    struct chat_deps deps;
    struct chat_settings settings;
    struct chat_counters counters;
    struct loop *loop;
    struct shards_handler owner;
    struct mail_handler reader;
    struct cast_handler listener;
    struct timer heads_timer;
    struct shard *shards;
    uint32_t shard_count;
    struct map room_index;
    struct room **rooms;                               /* by slot */
    uint32_t room_capacity, room_count, resting_count; /* slots; all rooms; of those */
    uint32_t *free_slots;
    uint32_t next_generation;
    uint32_t flows;        /* under way: none may be when the service goes */
    uint32_t sweep;        /* where the search for idle rooms goes on */
    struct room_id *moved; /* rooms whose heads are told */
    uint32_t moved_count, moved_capacity;
    struct joined_note *joined_first, *joined_last; /* told again in a while */
    uint32_t joined_count;
    struct answered answered;
    struct spare items, outs; /* of lanes; of outboxes, with a frame */
    uint64_t overlay_bytes;   /* of all shards */
    uint64_t frame_bytes;     /* of all rooms */
    uint64_t blocks_epoch;    /* how often a change of blocks was heard of */
    uint64_t secret[2];
    struct room_decision decision; /* of the command that is being decided */
    uint8_t scratch[SCRATCH_BYTES];
};

static inline struct cht_scratch chat_scratch(struct chat_service *chat)
{
    return (struct cht_scratch){.at = chat->scratch, .size = sizeof(chat->scratch)};
}

static inline struct room_id id_of_room(const struct room *room)
{
    return (struct room_id){room->slot, room->generation};
}

/* An encoded reply with the owner's clock; NULL: nobody waits for it. */
struct buf *chat_encode_reply(struct chat_service *chat, uint64_t node, struct cht_reply *reply);

/* ---- rooms.c */
struct room *rooms_find(struct chat_service *chat, const struct cht_id *room);
struct room *rooms_by_id(struct chat_service *chat, struct room_id id);

/* Finds or makes it, cold. NULL: no room for one more. */
struct room *rooms_need(struct chat_service *chat, const struct cht_id *room);

/* It could not be loaded: as it was before it was needed. */
void rooms_not_loaded(struct chat_service *chat, struct room *room);

/* The room has another frame. While all rooms have too many bytes of them, the idlest of some gives
 * up its frames. */
void rooms_bound_frames(struct chat_service *chat, struct room *room);

/* Forgets every room of a shard whose term is over. */
void rooms_drop_shard(struct chat_service *chat, uint32_t shard);

/* Looks at some rooms and makes them forget what is beyond their promise. */
void rooms_sweep(struct chat_service *chat);
void rooms_drop_all(struct chat_service *chat);

/* ---- lane.c */

/* Takes the item. Who puts it has looked at lane_count first. */
void lane_put(struct room *room, struct lane_item *item);
void lane_item_free(struct chat_service *chat, struct lane_item *item);
struct lane_item *lane_item_make(
    struct chat_service *chat, struct buf *event, const struct position *position);

/* Says no to a command or a request; who can not be answered asks again. */
void lane_refuse(struct shard *shard, struct lane_item *item_take, enum err err);

/* Takes the item, whose command is decoded: at once if the room is idle and nobody waits, else in
 * its turn. */
void lane_take(struct chat_service *chat, struct room *room, struct lane_item *item,
    const struct cht_command *command);

/* Runs what waits, now if the room is idle; loads it first if it is cold. */
void lane_run(struct chat_service *chat, struct room *room);

/* ---- load.c: reads a cold room from the store and the overlay; then runs its lane */
void load_start(struct chat_service *chat, struct room *room);

/* ---- facts.c: fetches what a decision needs; then decides again and goes on with the lane. Takes
 * the item. */
void facts_start(struct chat_service *chat, struct room *room, struct lane_item *item,
    const struct room_facts *have, uint32_t needs);

/* ---- name_claim.c: a public name for a room. Answers OK; TAKEN if another room has it when all is
 * stored that was durable; UNAVAILABLE if that does not come in time. `name` is copied. */
#define NAME_BYTES_MAX 256

struct name_claim_op {
    struct op op;
    struct flow flow;
    struct chat_service *chat;
    char name[NAME_BYTES_MAX];
    struct rooms_name_op claim;
    struct log_tail_op tail;
    struct history_progress_op progress;
    struct pause_op pause;
    uint32_t rounds;
};
void name_claim(struct chat_service *chat, struct asker *asker, struct name_claim_op *op,
    const struct cht_id *room, struct cht_str name);

/* ---- blocks.c: who is blocked in a direct room, remembered for a while */

/* Puts the fact into `facts` if it is known. */
void blocks_recall(const struct chat_service *chat, const struct room *room,
    const struct cht_id *author, struct room_facts *facts);

/* `epoch`: chat->blocks_epoch when it was asked. */
void blocks_remember(struct chat_service *chat, struct room *room, const struct cht_id *author,
    bool blocked, uint64_t epoch);
void blocks_on_changed(struct chat_service *chat, const struct cht_blocked *changed);

/* A look at both of a direct room: has one of them blocked the other? */
struct blocks_look {
    struct users_blocking_op of[2]; /* has the second blocked the first; the first the second */
    struct cht_id users[2];
    bool asked[2], apart;
    uint64_t epoch;
};

/* Asks for what is not known; in other rooms, nothing. */
void blocks_look(struct chat_service *chat, struct flow *flow, const struct room *room,
    struct blocks_look *look);

/* It is answered: is one of the two blocked? Yes, too, if the store does not say. */
bool blocks_seen(struct chat_service *chat, struct room *room, struct blocks_look *look);

/* ---- decide.c: one command of a lane */
void decide_item(struct chat_service *chat, struct room *room, struct lane_item *item,
    const struct room_facts *facts);

/* The same of an item whose command was decoded already; its lists lie in the scratch. */
void decide_command(struct chat_service *chat, struct room *room, struct lane_item *item,
    const struct cht_command *command, const struct room_facts *facts);

/* ---- outbox.c */

/* What is said for a command: at once if nothing decided before it is still on its way to the disk.
 * It is remembered (answered.h). */
void outbox_answer(struct shard *shard, const struct lane_item *item,
    const struct cht_command *command, const struct room_decision *decision,
    const struct cht_id *room);
void outbox_record(struct shard *shard, struct room *room, const struct cht_command *command,
    const struct position *position, const struct room_decision *decision);

/* Refuses a command that was never decided. */
void outbox_refuse(struct shard *shard, const struct lane_item *item,
    const struct cht_command *command, enum err err);

/* Something that has no record and speaks of the room all the same: it has its turn when everything
 * decided before it is durable and said; now, if nothing waits. Answered once: `said` is false if
 * the term ended before. */
struct outbox_turn {
    void (*on_turn)(struct outbox_turn *turn, bool said);
};
void outbox_wait(struct shard *shard, struct outbox_turn *turn);

/* The term is over: what is not said yet is never said. */
void outbox_drop(struct shard *shard);

/* ---- shard_owner.c */

/* Takes part in owning; gives everything up. */
void owner_start(struct chat_service *chat);
void owner_stop(struct chat_service *chat);

/* The term is over, if there is one: what is not said is never said, and the rooms are forgotten.
 * `release`: the bus does not know yet. */
void owner_end_term(struct shard *shard, bool release);

/* Asks how far the store is, for every owned shard where that may have changed. */
void owner_ask_progress(struct chat_service *chat);

/* Somebody waits for the store to have the log of `shard` up to `index`, which is durable: whoever
 * writes it there is told. The word may be lost. */
void owner_want_stored(struct chat_service *chat, uint32_t shard, uint64_t index);

/* A node that does not know its owners asks everybody; each tells what is theirs. */
void owner_announce(struct chat_service *chat);

/* ---- subscribers.c */
void subscribers_on_subscribe(
    struct chat_service *chat, struct room *room, const struct cht_subscribe *subscribe);
void subscribers_on_resend(
    struct chat_service *chat, struct room *room, const struct cht_resend *resend);

/* A durable entry to every node that follows the room. When it is a delete, no text of its target
 * is sent again from here on. */
void subscribers_say(struct chat_service *chat, struct room *room, const struct frame *frame);
void subscribers_ephemeral(struct chat_service *chat, struct room *room, struct buf *event);
bool subscribers_has(const struct room *room, uint64_t node);

/* ---- heads.c */

/* The room said something: its nodes are told how far it is. */
void heads_note_move(struct chat_service *chat, struct room *room);
void heads_tell(struct chat_service *chat);

/* ---- joined.c */

/* The users whom the decision makes members and who were none in the room as it is before; NULL if
 * there are none. */
struct joined_note *joined_note_make(
    struct chat_service *chat, const struct room *room, const struct room_decision *decision);

/* It is durable: their nodes are told, now and again. */
void joined_tell(struct joined_note *note_take);
void joined_drop(struct joined_note *note_take);
void joined_repeat(struct chat_service *chat);
void joined_drop_all(struct chat_service *chat);

/* ---- deliver.c */

/* An entry as a finished delivery event, its WebSocket frame inside. */
struct buf *deliver_encode(
    struct shard *shard, const struct cht_id *room, const struct cht_entry *entry);

/* A delivery made before, without the text of its message or edit. */
struct buf *deliver_blank(struct shard *shard, const struct frame *frame);

/* The event with a client frame object in it. */
struct buf *deliver_ephemeral(
    struct cht_ephemeral *event, const struct cht_event_row *row, const void *frame);

/* ---- reads.c: cursors and typing */
void reads_on_read(struct chat_service *chat, struct room *room, const struct cht_command *command);
void reads_on_typing(
    struct chat_service *chat, struct room *room, const struct cht_command *command);

/* Answers a read or typing that nothing was done for; other events are asked again by their
 * senders. */
void reads_refuse(struct chat_service *chat, const struct buf *event, enum err err);
