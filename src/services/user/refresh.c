/* refresh - POST /user/refresh.
 *
 * Happy path: the token of the newest generation moves the device to the next one by
 * compare-and-set. The one before it gives the same successor for 30 s: an answer was lost, or two
 * tabs asked at once. How it fails: an older one means that somebody has a copy; the device is
 * revoked and both have to sign in again. */

#include "user/user_inner.h"

#define GRACE_MS 30000
#define DAY_MS UINT64_C(86400000)

struct refresh {
    struct user_call call;
    struct cht_str text;
    struct refresh_token token;
    struct limit_ask limit;
    struct users_get_op get;
    struct change_device_op change;
    struct change_device_op theft;
    bool reused;
};

static struct refresh *refresh_of(struct flow *flow)
{
    return container_of(call_of(flow), struct refresh, call);
}

static void read_token(struct flow *flow)
{
    struct refresh *r = refresh_of(flow);
    if (!user_field_text(&r->call, "refresh_token", &r->text)) {
        return;
    }
    if (!refresh_token_read(r->call.service, r->text, &r->token)) {
        flow_fail(flow, ERR_UNAUTHORIZED);
        return;
    }
    char who[CHT_ID_TEXT_SIZE + 1] = {0};
    cht_id_to_text(&r->token.device, who);
    struct limit_of of = user_limit_of_calls(r->call.service, "refresh", who);
    user_limit_take(&r->call, &r->limit, &of);
}

static void find_user(struct flow *flow)
{
    struct refresh *r = refresh_of(flow);
    if (user_limit_holds(&r->call, &r->limit)) {
        r->get.ids = &r->token.user;
        r->get.id_count = 1;
        users_get(r->call.service->deps.users, &flow->asker, &r->get);
    }
}

static bool is_hash_of(struct refresh *r, const uint8_t hash[32])
{
    uint8_t digest[32];
    secrets_digest(r->call.service->deps.secrets, r->text, digest);
    return secrets_equal(r->call.service->deps.secrets, digest, hash, sizeof(digest));
}

/* CANCELLED: nothing is to be written, the device is as it should be. */
static enum err rotate_edit(struct change_device_op *op, struct device *device)
{
    struct refresh *r = container_of(op, struct refresh, change);
    uint64_t now_ms = user_now_ms(op->service);
    if (device->revoked_at != 0 ||
        now_ms > device->rotated_at + op->service->deps.settings->refresh_days * DAY_MS) {
        return ERR_UNAUTHORIZED;
    }
    if (r->token.generation == device->generation && is_hash_of(r, device->refresh_hash)) {
        refresh_token_advance(op->service, device, r->token.token_version);
        return OK;
    }
    if (r->token.generation + 1 == device->generation && is_hash_of(r, device->previous_hash) &&
        now_ms <= device->rotated_at + GRACE_MS) {
        return ERR_CANCELLED;
    }
    r->reused = r->token.generation < device->generation;
    return ERR_UNAUTHORIZED;
}

static void rotate(struct flow *flow)
{
    struct refresh *r = refresh_of(flow);
    const struct user *user = r->get.users;
    if (r->get.count == 0 || user->deleted || user->disabled ||
        user->token_version != r->token.token_version) {
        flow_fail(flow, ERR_UNAUTHORIZED);
        return;
    }
    r->change.user = r->token.user;
    r->change.device_id = r->token.device;
    r->change.edit = rotate_edit;
    change_device(r->call.service, flow_tolerate(flow), &r->change);
}

static void judge(struct flow *flow)
{
    struct refresh *r = refresh_of(flow);
    enum err err = r->change.op.err;
    if (r->reused) {
        r->theft.user = r->token.user;
        r->theft.device_id = r->token.device;
        r->theft.edit = revoke_device_edit;
        change_device(r->call.service, flow_tolerate(flow), &r->theft);
    } else if (err != OK && err != ERR_CANCELLED) {
        flow_fail(flow, err == ERR_NOT_FOUND ? ERR_UNAUTHORIZED : err);
    }
}

static void tell_theft(struct flow *flow)
{
    struct refresh *r = refresh_of(flow);
    struct revocation revocation = {.user = r->token.user, .device = r->token.device};
    if (r->reused) {
        struct audit audit = {
            "audit.refresh_reused", &r->token.user, &r->token.device, ERR_UNAUTHORIZED, true};
        user_audit(&r->call, &audit);
        user_tell_revoked(r->call.service, &revocation);
        flow_fail(flow, ERR_UNAUTHORIZED);
    }
}

static void write_pair(struct user_call *call, struct cht_json *json)
{
    struct refresh *r = container_of(call, struct refresh, call);
    cht_json_begin(json, '{');
    tokens_write(call->service, json, r->get.users, &r->change.device);
    cht_json_end(json, '}');
}

static void finish(struct flow *flow)
{
    struct refresh *r = refresh_of(flow);
    if (!user_call_refused(&r->call)) {
        user_call_answer(&r->call, 200, write_pair);
    }
    arena_deinit(&r->get.arena);
    change_device_deinit(&r->change);
    change_device_deinit(&r->theft);
    user_call_end(&r->call);
}

static const struct flow_step steps[] = {{"read_token", read_token}, {"find_user", find_user},
    {"rotate", rotate}, {"judge", judge}, {"tell_theft", tell_theft}, {"finish", finish}};

const struct user_flow user_flow_refresh = {steps, FLOW_STEPS(steps), sizeof(struct refresh)};
