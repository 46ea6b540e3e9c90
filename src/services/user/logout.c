/* logout - POST /user/logout, /user/logout-all, DELETE /user/me/devices/{id}.
 *
 * Happy path: the truth is written (the device revoked, or the token version raised), then
 * everybody is told and sockets close. How it fails: a device that is already revoked is fine for
 * one's own, not_found for another. */

#include "user/user_inner.h"

struct logout {
    struct user_call call;
    struct change_device_op device;
    struct change_user_op all;
};

static struct logout *logout_of(struct flow *flow)
{
    return container_of(call_of(flow), struct logout, call);
}

static void drop(struct flow *flow, const struct cht_id *device)
{
    struct logout *l = logout_of(flow);
    l->device.user = l->call.identity.user;
    l->device.device_id = *device;
    l->device.edit = revoke_device_edit;
    change_device(l->call.service, flow_tolerate(flow), &l->device);
}

static void drop_own(struct flow *flow)
{
    drop(flow, &logout_of(flow)->call.identity.device);
}

static void drop_other(struct flow *flow)
{
    drop(flow, &logout_of(flow)->call.id);
}

static void tell(struct flow *flow)
{
    struct logout *l = logout_of(flow);
    struct revocation revocation = {.user = l->device.user, .device = l->device.device_id};
    bool own = cht_id_equal(&l->device.device_id, &l->call.identity.device);
    enum err err = l->device.op.err;
    if (err != OK && !(own && err == ERR_NOT_FOUND)) {
        flow_fail(flow, err);
        return;
    }
    user_tell_revoked(l->call.service, &revocation);
}

static void raise_version(struct flow *flow)
{
    struct logout *l = logout_of(flow);
    l->all.id = l->call.identity.user;
    l->all.edit = void_tokens_edit;
    change_user(l->call.service, &flow->asker, &l->all);
}

static void tell_all(struct flow *flow)
{
    struct logout *l = logout_of(flow);
    struct revocation revocation = {.user = l->all.id, .version = l->all.user.token_version};
    user_tell_revoked(l->call.service, &revocation);
}

/* Of all devices: the line names none. */
static void finish(struct flow *flow)
{
    struct logout *l = logout_of(flow);
    struct audit audit = {"audit.logout", &l->call.identity.user, &l->device.device_id, flow->err};
    user_audit(&l->call, &audit);
    if (!user_call_refused(&l->call)) {
        user_call_answer_nothing(&l->call);
    }
    change_device_deinit(&l->device);
    change_user_deinit(&l->all);
    user_call_end(&l->call);
}

static const struct flow_step own_steps[] = {
    {"drop_own", drop_own}, {"tell", tell}, {"finish", finish}};
static const struct flow_step other_steps[] = {
    {"drop_other", drop_other}, {"tell", tell}, {"finish", finish}};
static const struct flow_step all_steps[] = {
    {"raise_version", raise_version}, {"tell_all", tell_all}, {"finish", finish}};

const struct user_flow user_flow_logout = {own_steps, FLOW_STEPS(own_steps), sizeof(struct logout)};
const struct user_flow user_flow_device_drop = {
    other_steps, FLOW_STEPS(other_steps), sizeof(struct logout)};
const struct user_flow user_flow_logout_all = {
    all_steps, FLOW_STEPS(all_steps), sizeof(struct logout)};
