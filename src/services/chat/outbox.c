/* outbox - what a shard says, in the order in which it was decided, and not before it is true.
 *
 * Happy path: a record is appended; when it is durable the sender gets its reply, the nodes of new
 * members are told, the deliveries go to the nodes that follow the room, and the command is done.
 * Answers without a record wait behind the records decided before them, because they may speak of
 * what those did. How it fails: an append that is not OK ends the term; everything still in here is
 * forgotten unsaid. */

#include "base/check.h"
#include "base/event_buf.h"
#include "base/mem.h"
#include "chat_inner.h"

#define ANSWERED_MS 60000 /* a command is remembered so long after its deadline */

/* One decided command. Out of the queue it lives until its ops have answered. */
struct out {
    struct out *next;
    struct shard *shard;
    uint64_t life;
    struct asker asker;
    struct log_append_op append;
    bool ready;
    uint64_t node;
    struct buf *reply; /* NULL: nobody waits */
    struct room_id room;
    struct position position;
    struct cht_id room_id;
    struct joined_note *joined; /* NULL: nobody became a member */
    struct outbox_turn *turn;   /* instead of a command */
    uint64_t answered;          /* digest of a command that leaves no entry; else 0 */
    uint32_t frame_count;
    struct frame frames[];
};

static void out_free(struct out *out)
{
    buf_unref(out->reply);
    for (uint32_t i = 0; i < out->frame_count; i++) {
        buf_unref(out->frames[i].delivery);
    }
    joined_drop(out->joined);
    if (out->frame_count > 1) {
        mem_free(out);
    } else {
        spare_give(&out->shard->chat->outs, out);
    }
}

/* The reply comes first: a sender sees ok before the own event. */
static void say(struct out *out)
{
    struct chat_service *chat = out->shard->chat;
    if (out->turn) {
        out->turn->on_turn(out->turn, true);
        return;
    }
    if (out->reply) {
        mail_send(chat->deps.mail, MAIL_LIVE, out->node, out->reply);
    }
    if (out->joined) {
        joined_tell(out->joined);
        out->joined = NULL;
    }
    struct room *room = rooms_by_id(chat, out->room);
    for (uint32_t i = 0; room && i < out->frame_count; i++) {
        subscribers_say(chat, room, &out->frames[i]);
    }
    shards_done(chat->deps.shards, out->shard->number, &out->position);
}

/* Says everything at the front that may be said. */
static void drain(struct shard *shard)
{
    while (shard->out_first && shard->out_first->ready) {
        struct out *out = shard->out_first;
        shard->out_first = out->next;
        say(out);
        out_free(out);
    }
}

static void on_answer(struct asker *asker, struct op *op)
{
    struct out *out = container_of(asker, struct out, asker);
    struct shard *shard = out->shard;
    if (out->life != shard->life) {
        out_free(out); /* its term is over; it is in no queue any more */
        return;
    }
    if (op->err != OK) {
        LOG_WARN(shard->chat->deps.world->logger, "chat.append_failed",
            "shard=%u term=%llu error=%s", shard->number, (unsigned long long)shard->term,
            err_name(op->err));
        owner_end_term(shard, true); /* frees this item too: its op has answered */
        return;
    }
    out->ready = true;
    drain(shard);
}

/* Nearly all have one frame or none: those are kept. */
static struct out *out_take(struct chat_service *chat, uint32_t frame_count)
{
    size_t size = sizeof(struct out) + (frame_count ? frame_count : 1) * sizeof(struct frame);
    return frame_count > 1 ? mem_resize(NULL, size) : spare_take(&chat->outs, size);
}

static struct out *out_add(struct shard *shard, uint32_t frame_count)
{
    struct out *out = out_take(shard->chat, frame_count);
    *out = (struct out){.shard = shard, .life = shard->life, .asker.on_answer = on_answer};
    if (shard->out_first) {
        shard->out_last->next = out;
    } else {
        shard->out_first = out;
    }
    shard->out_last = out;
    return out;
}

static struct out *out_make(struct shard *shard, const struct cht_command *command,
    const struct position *position, uint32_t frame_count)
{
    struct out *out = out_add(shard, frame_count);
    out->node = command->node;
    out->position = *position;
    return out;
}

/* A node that does not know of this term yet learns of it. */
static void tell_term(
    const struct shard *shard, const struct cht_command *command, struct cht_reply *reply)
{
    if (command->term != 0 && command->term < shard->term) {
        reply->term = shard->term;
        reply->owner = shard->chat->deps.mail->node;
    }
}

static void remember(
    struct out *out, const struct lane_item *item, const struct cht_command *command)
{
    struct chat_service *chat = out->shard->chat;
    uint64_t now = loop_now_ms(chat->loop), wall = loop_wall_ms(chat->loop);
    uint64_t left = command->deadline > wall ? command->deadline - wall : 0;
    out->answered = answered_digest(&chat->answered, item->event);
    answered_add(&chat->answered, out->answered, now + left + ANSWERED_MS, now);
}

void outbox_answer(struct shard *shard, const struct lane_item *item,
    const struct cht_command *command, const struct room_decision *decision,
    const struct cht_id *room)
{
    struct out *out = out_make(shard, command, &item->position, 0);
    struct cht_reply reply = {.node_ref = command->node_ref};
    if (decision->outcome == ROOM_REFUSED) {
        const char *field = decision->field ? decision->field : "";
        reply.error = (uint64_t)decision->err;
        reply.field = (struct cht_str){field, (uint32_t)__builtin_strlen(field)};
        reply.retry_after_ms = decision->retry_after_ms;
    } else {
        reply.room = *room;
        reply.seq = decision->seq;
        reply.n = decision->n;
        reply.ts = decision->ts;
        reply.dup = true;
    }
    tell_term(shard, command, &reply);
    out->reply = chat_encode_reply(shard->chat, command->node, &reply);
    out->ready = true;
    remember(out, item, command);
    drain(shard);
}

void outbox_refuse(struct shard *shard, const struct lane_item *item,
    const struct cht_command *command, enum err err)
{
    struct room_decision refused = {.outcome = ROOM_REFUSED, .err = err};
    outbox_answer(shard, item, command, &refused, &command->room);
}

void outbox_wait(struct shard *shard, struct outbox_turn *turn)
{
    if (!shard->out_first) {
        turn->on_turn(turn, true);
        return;
    }
    struct out *out = out_add(shard, 0);
    out->turn = turn;
    out->ready = true;
}

static void make_frames(struct out *out, const struct room_decision *decision)
{
    out->frame_count = decision->count;
    for (uint32_t i = 0; i < decision->count; i++) {
        const struct cht_entry *entry = &decision->entries[i];
        out->frames[i] = (struct frame){
            .delivery = deliver_encode(out->shard, &out->room_id, entry),
            .seq = entry->seq,
            .n = entry->n,
            .prev = entry->prev,
            .ts = entry->ts,
            .target = entry->target,
            .kind = (uint8_t)entry->kind,
            .on = entry->on,
        };
    }
}

void outbox_record(struct shard *shard, struct room *room, const struct cht_command *command,
    const struct position *position, const struct room_decision *decision)
{
    CHECK(shard_is(shard, SHARD_OWNED));
    CHECK(decision->count > 0);
    struct out *out = out_make(shard, command, position, decision->count);
    struct cht_record record = {
        .term = shard->term,
        .index = ++shard->last_index,
        .room = room->state.room,
        .cause = {(const char *)position->bytes, sizeof(position->bytes)},
        .entries = {(void *)(uintptr_t)decision->entries, decision->count},
    };
    struct cht_reply reply = {
        .node_ref = command->node_ref,
        .room = room->state.room,
        .seq = decision->seq,
        .n = decision->n,
        .ts = decision->ts,
        .created = decision->created,
    };
    out->room = id_of_room(room);
    out->room_id = room->state.room;
    out->reply = chat_encode_reply(shard->chat, command->node, &reply);
    make_frames(out, decision);
    out->joined = joined_note_make(shard->chat, room, decision);
    shard->chat->counters.records++;
    log_append(shard->chat->deps.log, &out->asker, &out->append, shard->writer,
        event_buf_encode(&cht_row_record, &record));
}

static void drop(struct out *out)
{
    if (out->turn) {
        out->turn->on_turn(out->turn, false);
    }
    if (out->answered) {
        answered_take_back(&out->shard->chat->answered, out->answered);
    }
    if (!out->append.op.asked) {
        out_free(out);
    }
}

/* Items whose append is under way are freed by its answer, which finds their life over. */
void outbox_drop(struct shard *shard)
{
    struct out *out = shard->out_first;
    shard->out_first = NULL;
    while (out) {
        struct out *next = out->next;
        drop(out);
        out = next;
    }
}
