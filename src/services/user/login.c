/* login - POST /user/login.
 *
 * Happy path: take tokens of the limits, find the user, check the password, sign the device in,
 * give the limits back. How it fails: an unknown name goes the same way with an empty hash and ends
 * in the same words at the same step. One address has most places of the line for hashing, not all.
 * One (account, address) has few tries and then a growing wait, also for the right password; one
 * account from everywhere is only slowed down, so that nobody locks out another. */

#include <stdio.h>

#include "user/names.h"
#include "user/password_rules.h"
#include "user/user_inner.h"

#define SLOW_MS_MAX 3000

/* What counts wrong passwords: of an account from an address, in minutes and over a day; of an
 * address; of an account. */
enum { PAIR, PATIENCE, ADDRESS, ACCOUNT, LIMITS };

struct login {
    struct user_call call;
    char folded[64];
    char who[33]; /* digest of the name: what strangers type goes into no key */
    struct cht_str username, password, device_name;
    struct cht_id device_id;
    struct limit_ask limits[LIMITS], place;
    struct pause_op pause;
    struct users_by_name_op by_name;
    struct secrets_check_op check;
    struct secrets_hash_op hash;
    struct change_user_op upgrade;
    struct sign_in_op sign_in;
    struct rooms_member_op members[DEFAULT_ROOMS_MAX];
    struct room_ask_op joins[DEFAULT_ROOMS_MAX];
};

static struct login *login_of(struct flow *flow)
{
    return container_of(call_of(flow), struct login, call);
}

static bool read_device(struct login *l)
{
    struct user_call *call = &l->call;
    const struct cht_member *device = user_field(call, "device");
    struct cht_member members[CHT_MEMBERS_MAX];
    size_t count = 0;
    if (!device) {
        return true;
    }
    if (device->type != CHT_JSON_OBJECT ||
        !cht_read_members(device->value, members, CHT_MEMBERS_MAX, &count)) {
        user_call_bad_field(call, "device");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        bool text = members[i].type == CHT_JSON_TEXT;
        if (members[i].type == CHT_JSON_NULL) {
            continue;
        }
        if (cht_str_is(members[i].name, "id") &&
            (!text || !cht_id_from_text(members[i].value, &l->device_id))) {
            user_call_bad_field(call, "device.id");
        } else if (cht_str_is(members[i].name, "name")) {
            l->device_name = members[i].value;
            if (!text || !names_device_valid(members[i].value)) {
                user_call_bad_field(call, "device.name");
            }
        }
    }
    return call->flow.err == OK;
}

static void limits_of(struct login *l, struct limit_of ret_limits[LIMITS])
{
    uint64_t burst = l->call.service->deps.settings->login_failures;
    const char *address = l->call.address;
    uint64_t refill_ms = burst ? 900000 / burst : 0;
    ret_limits[PAIR] = (struct limit_of){"login", l->who, address, burst, refill_ms};
    ret_limits[PATIENCE] = (struct limit_of){"login-day", l->who, address, burst * 3, 3600000};
    ret_limits[ADDRESS] = (struct limit_of){"login-address", address, NULL, burst * 20, 3000};
    ret_limits[ACCOUNT] = (struct limit_of){"login-account", l->who, NULL, burst * 4, 10000};
}

static void take_limits(struct flow *flow)
{
    struct login *l = login_of(flow);
    struct user_call *call = &l->call;
    struct limit_of limits[LIMITS];
    struct cht_str name;
    uint8_t digest[32];
    if (!user_field_text(call, "username", &name) ||
        !user_field_text(call, "password", &l->password) || !read_device(l)) {
        return;
    }
    if (l->password.size > PASSWORD_BYTES_MAX) {
        user_call_bad_field(call, "password");
        return;
    }
    names_fold(name, l->folded, sizeof(l->folded), &l->username);
    secrets_digest(call->service->deps.secrets, l->username, digest);
    for (int i = 0; i < 16; i++) {
        snprintf(l->who + i * 2, 3, "%02x", digest[i]);
    }
    limits_of(l, limits);
    user_place_take(call, &l->place);
    for (int i = 0; i < LIMITS; i++) {
        user_limit_take(call, &l->limits[i], &limits[i]);
    }
}

static void slow_down(struct flow *flow)
{
    struct login *l = login_of(flow);
    const struct sessions_limit_op *account = &l->limits[ACCOUNT].op;
    for (int i = 0; i < ACCOUNT; i++) {
        user_limit_holds(&l->call, &l->limits[i]);
    }
    bool place = user_limit_holds(&l->call, &l->place);
    if (flow->err != OK && place) {
        user_place_give_back(&l->call, &l->place);
    }
    if (flow->err == OK && account->op.err == ERR_RATE_LIMITED) {
        uint64_t wait_ms = account->wait_ms;
        pause_ask(l->call.service->deps.world->loop, &flow->asker, &l->pause,
            wait_ms < SLOW_MS_MAX ? wait_ms : SLOW_MS_MAX);
    }
}

static void find_user(struct flow *flow)
{
    struct login *l = login_of(flow);
    l->by_name.username = l->username.size ? l->username : (struct cht_str){"?", 1};
    users_by_name(l->call.service->deps.users, flow_tolerate(flow), &l->by_name);
}

/* Nobody looked at the password: it was no wrong one. */
static void give_tries_back(struct login *l)
{
    struct limit_of limits[LIMITS];
    limits_of(l, limits);
    for (int i = 0; i < LIMITS; i++) {
        user_limit_give_one(&l->call, &l->limits[i], &limits[i]);
    }
}

static void check_password(struct flow *flow)
{
    struct login *l = login_of(flow);
    enum err err = l->by_name.op.err;
    if (err != OK && err != ERR_NOT_FOUND) {
        user_place_give_back(&l->call, &l->place);
        give_tries_back(l);
        flow_fail(flow, err);
        return;
    }
    l->check.password = l->password;
    l->check.hash = (struct cht_str){NULL, 0};
    if (err == OK && !l->by_name.user.deleted) {
        l->check.hash = l->by_name.user.password_hash;
    }
    secrets_check(l->call.service->deps.secrets, flow_tolerate(flow), &l->check);
}

static void judge(struct flow *flow)
{
    struct login *l = login_of(flow);
    enum err err = l->check.op.err;
    const struct user *user = &l->by_name.user;
    user_place_give_back(&l->call, &l->place);
    if (err == OK && (l->by_name.op.err != OK || user->disabled || user->deleted)) {
        err = ERR_FORBIDDEN;
    }
    if (err != OK && err != ERR_FORBIDDEN) {
        give_tries_back(l);
    }
    if (err != OK) {
        flow_fail(flow, err == ERR_FORBIDDEN ? ERR_UNAUTHORIZED : err);
        return;
    }
    if (l->check.outdated) {
        l->hash.password = l->password;
        secrets_hash(l->call.service->deps.secrets, flow_tolerate(flow), &l->hash);
    }
}

/* Only if nobody changed the password meanwhile. */
static enum err upgrade_edit(struct change_user_op *op, struct user *user)
{
    struct login *l = container_of(op, struct login, upgrade);
    if (!cht_str_equal(user->password_hash, l->by_name.user.password_hash)) {
        return ERR_STALE;
    }
    user->password_hash = cht_str_of(l->hash.hash);
    return OK;
}

/* It was the right person: only what others try at the same place still counts. */
static void forget_tries(struct login *l)
{
    struct limit_of limits[LIMITS];
    limits_of(l, limits);
    user_limit_give_all(&l->call, &l->limits[PAIR], &limits[PAIR]);
    user_limit_give_all(&l->call, &l->limits[PATIENCE], &limits[PATIENCE]);
    user_limit_give_one(&l->call, &l->limits[ADDRESS], &limits[ADDRESS]);
    user_limit_give_one(&l->call, &l->limits[ACCOUNT], &limits[ACCOUNT]);
}

static void sign_device_in(struct flow *flow)
{
    struct login *l = login_of(flow);
    struct user_service *service = l->call.service;
    forget_tries(l);
    if (l->check.outdated && l->hash.op.err == OK) {
        l->upgrade.id = l->by_name.user.id;
        l->upgrade.edit = upgrade_edit;
        change_user(service, flow_tolerate(flow), &l->upgrade);
    }
    l->sign_in.user = l->by_name.user.id;
    l->sign_in.device_id = l->device_id;
    l->sign_in.name = l->device_name;
    l->sign_in.token_version = l->by_name.user.token_version;
    sign_in(service, &flow->asker, &l->sign_in);
}

/* A join that failed at the registration is made up for; who has left a room stays out of it. */
static void look_at_rooms(struct flow *flow)
{
    struct login *l = login_of(flow);
    struct default_rooms *rooms = &l->call.service->default_rooms;
    for (uint32_t i = 0; i < rooms->count; i++) {
        l->members[i].room = rooms->rooms[i].room;
        l->members[i].user = l->by_name.user.id;
        rooms_member(l->call.service->deps.rooms, flow_tolerate(flow), &l->members[i]);
    }
}

static void join_rooms(struct flow *flow)
{
    struct login *l = login_of(flow);
    struct default_rooms *rooms = &l->call.service->default_rooms;
    for (uint32_t i = 0; i < rooms->count; i++) {
        if (l->members[i].op.err == ERR_NOT_FOUND) {
            default_rooms_join(
                rooms, flow_tolerate(flow), &rooms->rooms[i], &l->by_name.user.id, &l->joins[i]);
        }
    }
}

static void write_pair(struct user_call *call, struct cht_json *json)
{
    struct login *l = container_of(call, struct login, call);
    cht_json_begin(json, '{');
    tokens_write(call->service, json, &l->by_name.user, &l->sign_in.device);
    cht_json_end(json, '}');
}

static void finish(struct flow *flow)
{
    struct login *l = login_of(flow);
    struct audit audit = {"audit.login", &l->by_name.user.id, &l->sign_in.device.id, flow->err};
    user_audit(&l->call, &audit);
    if (!user_call_refused(&l->call)) {
        user_call_answer(&l->call, 200, write_pair);
    }
    sign_in_deinit(&l->sign_in);
    change_user_deinit(&l->upgrade);
    arena_deinit(&l->by_name.arena);
    user_call_end(&l->call);
}

static const struct flow_step steps[] = {{"take_limits", take_limits}, {"slow_down", slow_down},
    {"find_user", find_user}, {"check_password", check_password}, {"judge", judge},
    {"sign_device_in", sign_device_in}, {"look_at_rooms", look_at_rooms},
    {"join_rooms", join_rooms}, {"finish", finish}};

const struct user_flow user_flow_login = {steps, FLOW_STEPS(steps), sizeof(struct login)};
