/* change_password - PUT /user/me/password.
 *
 * Happy path: the old one fits, the new one may be chosen, one compare-and-set writes its hash and
 * voids all tokens, this device gets a fresh pair. Other devices are revoked at once; this device's
 * own old token a second later, so that its open socket can be given the new one. How it fails: a
 * wrong old password is forbidden; a change that came between is a conflict. */

#include "user/password_rules.h"
#include "user/user_inner.h"

#define MERCY_MS 1000

struct password {
    struct user_call call;
    struct cht_str old, new;
    struct own_password own;
    struct users_get_op get;
    struct secrets_check_op check;
    struct secrets_hash_op hash;
    struct change_user_op change;
    struct sign_in_op sign_in;
    struct users_devices_op devices;
    struct change_device_op drop;
    struct pause_op pause;
    uint32_t next;
};

static struct password *password_of(struct flow *flow)
{
    return container_of(call_of(flow), struct password, call);
}

static void take_limit(struct flow *flow)
{
    struct password *p = password_of(flow);
    if (!user_field_text(&p->call, "old_password", &p->old) ||
        !user_field_text(&p->call, "new_password", &p->new)) {
        return;
    }
    if (p->old.size > PASSWORD_BYTES_MAX) {
        user_call_bad_field(&p->call, "old_password");
        return;
    }
    own_password_take(&p->call, &p->own);
}

static void find_user(struct flow *flow)
{
    struct password *p = password_of(flow);
    if (own_password_holds(&p->call, &p->own)) {
        p->get.ids = &p->call.identity.user;
        p->get.id_count = 1;
        users_get(p->call.service->deps.users, &flow->asker, &p->get);
    }
}

static void check_old(struct flow *flow)
{
    struct password *p = password_of(flow);
    if (p->get.count == 0 || p->get.users->deleted || p->get.users->disabled) {
        flow_fail(flow, ERR_UNAUTHORIZED);
        return;
    }
    if (!password_rules_allow(p->new, p->get.users->username)) {
        own_password_judged(&p->call, &p->own, ERR_BAD_FIELD); /* nobody looked at the old one */
        user_call_bad_field(&p->call, "new_password");
        return;
    }
    p->check.password = p->old;
    p->check.hash = p->get.users->password_hash;
    secrets_check(p->call.service->deps.secrets, flow_tolerate(flow), &p->check);
}

static void hash_new(struct flow *flow)
{
    struct password *p = password_of(flow);
    enum err err = p->check.op.err;
    own_password_judged(&p->call, &p->own, err);
    if (err != OK) {
        flow_fail(flow, err);
        return;
    }
    own_password_forgive(&p->call, &p->own);
    p->hash.password = p->new;
    secrets_hash(p->call.service->deps.secrets, &flow->asker, &p->hash);
}

static enum err password_edit(struct change_user_op *op, struct user *user)
{
    struct password *p = container_of(op, struct password, change);
    if (!cht_str_equal(user->password_hash, p->get.users->password_hash)) {
        return ERR_CONFLICT;
    }
    user->password_hash = cht_str_of(p->hash.hash);
    user_void_tokens(op, user);
    return OK;
}

static void write_hash(struct flow *flow)
{
    struct password *p = password_of(flow);
    p->change.id = p->call.identity.user;
    p->change.edit = password_edit;
    change_user(p->call.service, &flow->asker, &p->change);
}

static void sign_device_in(struct flow *flow)
{
    struct password *p = password_of(flow);
    p->sign_in.user = p->call.identity.user;
    p->sign_in.device_id = p->call.identity.device;
    p->sign_in.token_version = p->change.user.token_version;
    p->devices.user = p->call.identity.user;
    sign_in(p->call.service, flow_tolerate(flow), &p->sign_in);
    users_devices(p->call.service->deps.users, flow_tolerate(flow), &p->devices);
}

static void write_pair(struct user_call *call, struct cht_json *json)
{
    struct password *p = container_of(call, struct password, call);
    cht_json_begin(json, '{');
    tokens_write(call->service, json, &p->change.user, &p->sign_in.device);
    cht_json_end(json, '}');
}

/* From here on the client has its answer; what follows goes on without it. */
static void answer(struct flow *flow)
{
    struct password *p = password_of(flow);
    struct edge *edge = p->call.service->deps.edge;
    struct audit audit = {"audit.password", &p->call.identity.user, &p->call.identity.device, OK};
    user_audit(&p->call, &audit);
    if (p->sign_in.op.err == OK) {
        user_call_answer(&p->call, 200, write_pair);
    } else {
        edge_respond_error(edge, p->call.conn, err_for_client(p->sign_in.op.err), NULL, 0);
    }
}

static void drop_others(struct flow *flow)
{
    struct password *p = password_of(flow);
    uint32_t count = p->devices.op.err == OK ? p->devices.count : 0;
    while (p->next < count) {
        const struct device *device = &p->devices.devices[p->next++];
        if (device->revoked_at == 0 && !cht_id_equal(&device->id, &p->sign_in.device.id)) {
            struct revocation revocation = {.user = device->user, .device = device->id};
            p->drop.user = device->user;
            p->drop.device_id = device->id;
            p->drop.edit = revoke_device_edit;
            user_tell_revoked(p->call.service, &revocation);
            flow_again(flow);
            change_device(p->call.service, flow_tolerate(flow), &p->drop);
            return;
        }
    }
}

static void wait(struct flow *flow)
{
    struct password *p = password_of(flow);
    pause_ask(p->call.service->deps.world->loop, &flow->asker, &p->pause, MERCY_MS);
}

static void finish(struct flow *flow)
{
    struct password *p = password_of(flow);
    if (flow->err != OK) {
        struct audit audit = {
            "audit.password", &p->call.identity.user, &p->call.identity.device, flow->err};
        user_audit(&p->call, &audit);
    }
    if (!user_call_refused(&p->call)) {
        struct revocation revocation = {
            .user = p->call.identity.user, .version = p->change.user.token_version};
        user_tell_revoked(p->call.service, &revocation);
    }
    arena_deinit(&p->get.arena);
    arena_deinit(&p->devices.arena);
    change_user_deinit(&p->change);
    change_device_deinit(&p->drop);
    sign_in_deinit(&p->sign_in);
    user_call_end(&p->call);
}

static const struct flow_step steps[] = {{"take_limit", take_limit}, {"find_user", find_user},
    {"check_old", check_old}, {"hash_new", hash_new}, {"write_hash", write_hash},
    {"sign_device_in", sign_device_in}, {"answer", answer}, {"drop_others", drop_others},
    {"wait", wait}, {"finish", finish}};

const struct user_flow user_flow_change_password = {
    steps, FLOW_STEPS(steps), sizeof(struct password)};
