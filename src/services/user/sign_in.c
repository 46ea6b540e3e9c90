/* sign_in - a device gets its next refresh token.
 *
 * Happy path: a known device moves to its next generation; otherwise a new row is put, and the
 * device that was not used for longest goes if there are too many. How it fails: as the store does.
 */

#include "user/user_inner.h"

static struct sign_in_op *sign_in_of(struct flow *flow)
{
    return container_of(flow, struct sign_in_op, flow);
}

static enum err advance_edit(struct change_device_op *change, struct device *device)
{
    struct sign_in_op *op = container_of(change, struct sign_in_op, change);
    if (device->revoked_at != 0) {
        return ERR_NOT_FOUND;
    }
    if (op->name.at) {
        device->name = op->name;
    }
    refresh_token_advance(op->service, device, op->token_version);
    return OK;
}

static void use_known_device(struct flow *flow)
{
    struct sign_in_op *op = sign_in_of(flow);
    if (cht_id_is_none(&op->device_id)) {
        return;
    }
    op->change.user = op->user;
    op->change.device_id = op->device_id;
    op->change.edit = advance_edit;
    change_device(op->service, flow_tolerate(flow), &op->change);
}

static void look_at_others(struct flow *flow)
{
    struct sign_in_op *op = sign_in_of(flow);
    enum err err = op->change.op.err;
    if (!cht_id_is_none(&op->device_id) && err != ERR_NOT_FOUND) {
        op->device = op->change.device;
        if (err != OK) {
            flow_fail(flow, err);
        }
        flow_skip_to_end(flow);
        return;
    }
    op->devices.user = op->user;
    users_devices(op->service->deps.users, &flow->asker, &op->devices);
}

static const struct device *find_surplus(const struct sign_in_op *op)
{
    const struct device *oldest = NULL;
    uint64_t count = 0;
    for (uint32_t i = 0; i < op->devices.count; i++) {
        const struct device *device = &op->devices.devices[i];
        if (device->revoked_at == 0) {
            count++;
            oldest = !oldest || device->last_seen < oldest->last_seen ? device : oldest;
        }
    }
    return count >= op->service->deps.settings->devices_max ? oldest : NULL;
}

static void put_new_device(struct flow *flow)
{
    struct sign_in_op *op = sign_in_of(flow);
    const struct device *surplus = find_surplus(op);
    if (surplus) {
        op->drop.user = op->user;
        op->drop.device_id = surplus->id;
        op->drop.edit = revoke_device_edit;
        change_device(op->service, flow_tolerate(flow), &op->drop);
    }
    op->device = (struct device){.user = op->user, .created = user_now_ms(op->service)};
    op->device.name = op->name.at ? op->name : (struct cht_str){"", 0};
    user_new_id(op->service, &op->device.id);
    refresh_token_advance(op->service, &op->device, op->token_version);
    op->put.device = op->device;
    users_device_put(op->service->deps.users, &flow->asker, &op->put);
}

static void tell_dropped(struct flow *flow)
{
    struct sign_in_op *op = sign_in_of(flow);
    if (!cht_id_is_none(&op->drop.device_id) && op->drop.op.err == OK) {
        struct revocation revocation = {.user = op->user, .device = op->drop.device_id};
        user_tell_revoked(op->service, &revocation);
    }
}

static void end(struct flow *flow)
{
    op_answer(&sign_in_of(flow)->op, flow->err);
}

static const struct flow_step steps[] = {{"use_known_device", use_known_device},
    {"look_at_others", look_at_others}, {"put_new_device", put_new_device},
    {"tell_dropped", tell_dropped}, {"signed_in", end}};

void sign_in(struct user_service *service, struct asker *asker, struct sign_in_op *op)
{
    op_ask(&op->op, asker);
    op->service = service;
    flow_start(&op->flow, service->deps.world->loop, steps, FLOW_STEPS(steps));
}

void sign_in_deinit(struct sign_in_op *op)
{
    change_device_deinit(&op->change);
    change_device_deinit(&op->drop);
    arena_deinit(&op->devices.arena);
}
