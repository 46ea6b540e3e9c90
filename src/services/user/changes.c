/* changes - read, change, compare-and-set.
 *
 * Happy path: one read, one write. How it fails: somebody else was faster (STALE), and it begins
 * again, five times at most; then the op answers STALE. An unknown outcome is the asker's to
 * report: every edit here may be repeated by a person. */

#include "user/user_inner.h"

#define TRIES 5

enum { READ, EDIT, LOOK };

/* ---- users */
static struct change_user_op *user_change_of(struct flow *flow)
{
    return container_of(flow, struct change_user_op, flow);
}

static void edit_user(struct change_user_op *op)
{
    if (op->get.count == 0) {
        flow_fail(&op->flow, ERR_NOT_FOUND);
        return;
    }
    op->user = op->get.users[0];
    enum err err = op->edit(op, &op->user);
    if (err != OK) {
        flow_fail(&op->flow, err);
        return;
    }
    op->change.user = op->user;
    op->phase = LOOK;
    flow_again(&op->flow);
    users_change(op->service->deps.users, flow_tolerate(&op->flow), &op->change);
}

static void step_user(struct flow *flow)
{
    struct change_user_op *op = user_change_of(flow);
    enum err err = op->change.op.err;
    if (op->phase == EDIT) {
        edit_user(op);
        return;
    }
    if (op->phase == LOOK && (err != ERR_STALE || ++op->tries == TRIES)) {
        if (err != OK) {
            flow_fail(flow, err);
        }
        return;
    }
    op->phase = EDIT;
    op->get.ids = &op->id;
    op->get.id_count = 1;
    flow_again(flow);
    users_get(op->service->deps.users, &flow->asker, &op->get);
}

static void end_user(struct flow *flow)
{
    op_answer(&user_change_of(flow)->op, flow->err);
}

static const struct flow_step user_steps[] = {
    {"change_user", step_user}, {"changed_user", end_user}};

void change_user(struct user_service *service, struct asker *asker, struct change_user_op *op)
{
    op_ask(&op->op, asker);
    op->service = service;
    op->phase = READ;
    op->tries = 0;
    flow_start(&op->flow, service->deps.world->loop, user_steps, FLOW_STEPS(user_steps));
}

void change_user_deinit(struct change_user_op *op)
{
    arena_deinit(&op->get.arena);
}

/* ---- devices */
static struct change_device_op *device_change_of(struct flow *flow)
{
    return container_of(flow, struct change_device_op, flow);
}

static void edit_device(struct change_device_op *op)
{
    op->device = op->get.device;
    enum err err = op->edit(op, &op->device);
    if (err != OK) {
        flow_fail(&op->flow, err);
        return;
    }
    op->change.device = op->device;
    op->change.expect_generation = op->get.device.generation;
    op->phase = LOOK;
    flow_again(&op->flow);
    users_device_change(op->service->deps.users, flow_tolerate(&op->flow), &op->change);
}

static void step_device(struct flow *flow)
{
    struct change_device_op *op = device_change_of(flow);
    enum err err = op->change.op.err;
    if (op->phase == EDIT) {
        edit_device(op);
        return;
    }
    if (op->phase == LOOK && (err != ERR_STALE || ++op->tries == TRIES)) {
        if (err != OK) {
            flow_fail(flow, err);
        }
        return;
    }
    op->phase = EDIT;
    op->get.user = op->user;
    op->get.device_id = op->device_id;
    flow_again(flow);
    users_device_get(op->service->deps.users, &flow->asker, &op->get);
}

static void end_device(struct flow *flow)
{
    op_answer(&device_change_of(flow)->op, flow->err);
}

static const struct flow_step device_steps[] = {
    {"change_device", step_device}, {"changed_device", end_device}};

void change_device(struct user_service *service, struct asker *asker, struct change_device_op *op)
{
    op_ask(&op->op, asker);
    op->service = service;
    op->phase = READ;
    op->tries = 0;
    flow_start(&op->flow, service->deps.world->loop, device_steps, FLOW_STEPS(device_steps));
}

void change_device_deinit(struct change_device_op *op)
{
    arena_deinit(&op->get.arena);
}

/* ---- edits */
enum err revoke_device_edit(struct change_device_op *op, struct device *device)
{
    if (device->revoked_at != 0) {
        return ERR_NOT_FOUND;
    }
    device->revoked_at = user_now_ms(op->service);
    device
        ->generation++; /* whoever read it before loses the comparison and can not bring it back */
    return OK;
}

void user_void_tokens(struct change_user_op *op, struct user *user)
{
    user->token_version++;
    user->voided_at = user_now_ms(op->service);
}

enum err void_tokens_edit(struct change_user_op *op, struct user *user)
{
    user_void_tokens(op, user);
    return OK;
}
