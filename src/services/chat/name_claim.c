/* name_claim - a public name for a room, as of all that was durable when it was asked for.
 *
 * Happy path: the store gives it. How it fails: another room has it, and perhaps the store alone
 * does not know yet that this one was renamed or deleted. So the store is hurried and asked once
 * more when it has what was durable of the holder's shard; what is taken then is taken. A store
 * that does not get there in 2 s is unavailable. */

#include <string.h>

#include "base/check.h"
#include "chat_inner.h"

#define ROUND_MS 20
#define ROUNDS_MAX 100

static struct name_claim_op *claim_of(struct flow *flow)
{
    return container_of(flow, struct name_claim_op, flow);
}

static void ask(struct flow *flow)
{
    struct name_claim_op *op = claim_of(flow);
    rooms_claim_name(op->chat->deps.rooms, flow_tolerate(flow), &op->claim);
}

static void read_tail(struct flow *flow)
{
    struct name_claim_op *op = claim_of(flow);
    struct chat_service *chat = op->chat;
    if (op->claim.op.err != ERR_TAKEN) {
        flow_skip_to_end(flow);
        return;
    }
    uint32_t shard = cht_shard_of_room(&op->claim.holder, chat->shard_count);
    op->progress.shard = shard;
    log_tail(chat->deps.log, &flow->asker, &op->tail, shard);
}

static void catch_up(struct flow *flow)
{
    struct name_claim_op *op = claim_of(flow);
    struct chat_service *chat = op->chat;
    if (op->rounds > 0 && op->progress.progress.index >= op->tail.index) {
        return;
    }
    if (op->rounds++ == ROUNDS_MAX) {
        flow_fail(flow, ERR_UNAVAILABLE);
        return;
    }
    flow_again(flow);
    owner_want_stored(chat, op->progress.shard, op->tail.index);
    history_progress(chat->deps.history, &flow->asker, &op->progress);
    pause_ask(chat->loop, &flow->asker, &op->pause, ROUND_MS);
}

static void finish(struct flow *flow)
{
    struct name_claim_op *op = claim_of(flow);
    op_answer(&op->op, flow->err != OK ? flow->err : op->claim.op.err);
}

static const struct flow_step steps[] = {{"name.ask", ask}, {"name.read_tail", read_tail},
    {"name.catch_up", catch_up}, {"name.ask_again", ask}, {"name.finish", finish}};

void name_claim(struct chat_service *chat, struct asker *asker, struct name_claim_op *op,
    const struct cht_id *room, struct cht_str name)
{
    op_ask(&op->op, asker);
    CHECK(name.size <= sizeof(op->name));
    if (name.size > 0) {
        memcpy(op->name, name.at, name.size);
    }
    op->chat = chat;
    op->rounds = 0;
    op->claim.room = *room;
    op->claim.name = (struct cht_str){op->name, name.size};
    flow_start(&op->flow, chat->loop, steps, FLOW_STEPS(steps));
}
