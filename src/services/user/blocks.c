/* blocks - who may not write to or add the caller.
 *
 * Happy path: list, look, put, drop; put and drop are idempotent, and every node is told. How it
 * fails: nobody with that id is not_found, oneself is bad_field, too many is a conflict. A cast
 * that is lost: what owners remember is void after a while anyway. */

#include "base/event_buf.h"
#include "user/user_inner.h"

#define SHOWN_MAX 1000

struct blocks_call {
    struct user_call call;
    struct users_blocks_op blocks;
    struct users_get_op get;
    struct users_block_op block;
};

static struct blocks_call *blocks_of(struct flow *flow)
{
    return container_of(call_of(flow), struct blocks_call, call);
}

static void ask_blocks(struct flow *flow)
{
    struct blocks_call *b = blocks_of(flow);
    b->blocks.user = b->call.identity.user;
    users_blocks(b->call.service->deps.users, &flow->asker, &b->blocks);
}

static void ask_names(struct flow *flow)
{
    struct blocks_call *b = blocks_of(flow);
    if (b->blocks.count > 0) {
        b->get.ids = b->blocks.others;
        b->get.id_count = b->blocks.count < SHOWN_MAX ? b->blocks.count : SHOWN_MAX;
        users_get(b->call.service->deps.users, &flow->asker, &b->get);
    }
}

static void ask_user(struct flow *flow)
{
    struct blocks_call *b = blocks_of(flow);
    if (cht_id_equal(&b->call.id, &b->call.identity.user)) {
        user_call_bad_field(&b->call, "user");
        return;
    }
    b->get.ids = &b->call.id;
    b->get.id_count = 1;
    users_get(b->call.service->deps.users, &flow->asker, &b->get);
}

static void set(struct flow *flow, bool on)
{
    struct blocks_call *b = blocks_of(flow);
    b->block.user = b->call.identity.user;
    b->block.other = b->call.id;
    b->block.on = on;
    b->block.at = user_now_ms(b->call.service);
    b->block.blocks_max = (uint32_t)b->call.service->deps.settings->blocks_max;
    users_block(b->call.service->deps.users, flow_tolerate(flow), &b->block);
}

static void put(struct flow *flow)
{
    if (blocks_of(flow)->get.count == 0) {
        flow_fail(flow, ERR_NOT_FOUND);
    } else {
        set(flow, true);
    }
}

static void drop(struct flow *flow)
{
    set(flow, false);
}

void user_tell_blocked(struct user_service *service, const struct users_block_op *block)
{
    struct cht_blocked event = {.user = block->user, .other = block->other, .on = block->on};
    struct buf *bytes = event_buf_encode(&cht_row_blocked, &event);
    cast_send(service->deps.cast, bytes);
    buf_unref(bytes);
}

static void look_at_result(struct flow *flow)
{
    struct blocks_call *b = blocks_of(flow);
    enum err err = b->block.op.err;
    if (err != OK) {
        flow_fail(flow, err == ERR_FULL ? ERR_CONFLICT : err);
    }
    user_tell_blocked(b->call.service, &b->block);
}

static void write_blocks(struct user_call *call, struct cht_json *json)
{
    struct blocks_call *b = container_of(call, struct blocks_call, call);
    cht_json_begin(json, '{');
    cht_json_key(json, "blocks");
    cht_json_begin(json, '[');
    for (uint32_t i = 0; i < b->blocks.count; i++) {
        cht_json_id(json, &b->blocks.others[i]);
    }
    cht_json_end(json, ']');
    cht_json_key(json, "users");
    cht_json_begin(json, '{');
    for (uint32_t i = 0; i < b->get.count; i++) {
        user_json_beside(json, &b->get.users[i]);
    }
    cht_json_end(json, '}');
    cht_json_end(json, '}');
}

static void write_one(struct user_call *call, struct cht_json *json)
{
    struct blocks_call *b = container_of(call, struct blocks_call, call);
    bool blocked = false;
    for (uint32_t i = 0; i < b->blocks.count; i++) {
        blocked = blocked || cht_id_equal(&b->blocks.others[i], &call->id);
    }
    cht_json_begin(json, '{');
    cht_json_key(json, "user");
    cht_json_id(json, &call->id);
    cht_json_key(json, "blocked");
    cht_json_flag(json, blocked);
    cht_json_end(json, '}');
}

static void end(struct blocks_call *b)
{
    arena_deinit(&b->blocks.arena);
    arena_deinit(&b->get.arena);
    user_call_end(&b->call);
}

static void finish_list(struct flow *flow)
{
    struct blocks_call *b = blocks_of(flow);
    if (!user_call_refused(&b->call)) {
        user_call_answer(&b->call, 200, write_blocks);
    }
    end(b);
}

static void finish_one(struct flow *flow)
{
    struct blocks_call *b = blocks_of(flow);
    if (!user_call_refused(&b->call)) {
        user_call_answer(&b->call, 200, write_one);
    }
    end(b);
}

static void finish_set(struct flow *flow)
{
    struct blocks_call *b = blocks_of(flow);
    if (!user_call_refused(&b->call)) {
        user_call_answer_nothing(&b->call);
    }
    end(b);
}

static const struct flow_step list_steps[] = {
    {"ask_blocks", ask_blocks}, {"ask_names", ask_names}, {"finish_list", finish_list}};
static const struct flow_step look_steps[] = {
    {"ask_blocks", ask_blocks}, {"finish_one", finish_one}};
static const struct flow_step put_steps[] = {{"ask_user", ask_user}, {"put", put},
    {"look_at_result", look_at_result}, {"finish_set", finish_set}};
static const struct flow_step drop_steps[] = {
    {"drop", drop}, {"look_at_result", look_at_result}, {"finish_set", finish_set}};

const struct user_flow user_flow_blocks = {
    list_steps, FLOW_STEPS(list_steps), sizeof(struct blocks_call)};
const struct user_flow user_flow_block_look = {
    look_steps, FLOW_STEPS(look_steps), sizeof(struct blocks_call)};
const struct user_flow user_flow_block_put = {
    put_steps, FLOW_STEPS(put_steps), sizeof(struct blocks_call)};
const struct user_flow user_flow_block_drop = {
    drop_steps, FLOW_STEPS(drop_steps), sizeof(struct blocks_call)};
