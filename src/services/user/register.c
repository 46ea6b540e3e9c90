/* register - POST /user/register.
 *
 * Happy path: check the fields, take a token of the address's limit, hash, create, join the default
 * rooms, 201. How it fails: a name that somebody has, or had, is a conflict; a creation with an
 * unknown outcome is looked up once; a join that is late does not matter. */

#include "user/names.h"
#include "user/password_rules.h"
#include "user/user_inner.h"

struct registration {
    struct user_call call;
    char folded[32];
    struct cht_str username, display_name, password;
    struct limit_ask limit;
    struct secrets_hash_op hash;
    struct users_create_op create;
    struct users_by_name_op by_name;
    struct room_ask_op joins[DEFAULT_ROOMS_MAX];
    bool doubtful;
};

static struct registration *registration_of(struct flow *flow)
{
    return container_of(call_of(flow), struct registration, call);
}

static bool read_names(struct registration *r)
{
    struct user_call *call = &r->call;
    struct cht_str username;
    if (!user_field_text(call, "username", &username)) {
        return false;
    }
    if (!names_fold(username, r->folded, sizeof(r->folded), &r->username) ||
        !names_username_valid(r->username)) {
        user_call_bad_field(call, "username");
        return false;
    }
    if (!user_field_optional_text(call, "display_name", &r->display_name)) {
        return false;
    }
    if (!r->display_name.at) {
        r->display_name = r->username;
    } else if (!names_display_valid(r->display_name)) {
        user_call_bad_field(call, "display_name");
        return false;
    }
    return true;
}

static struct limit_of limit_of_address(const struct user_call *call)
{
    uint64_t burst = call->service->deps.settings->register_per_hour;
    return (struct limit_of){
        "register", call->address, NULL, burst, burst ? 3600000 / burst + 1 : 0};
}

static void check_fields(struct flow *flow)
{
    struct registration *r = registration_of(flow);
    struct user_call *call = &r->call;
    const struct user_settings *settings = call->service->deps.settings;
    if (!settings->registration) {
        flow_fail(flow, ERR_FORBIDDEN);
        return;
    }
    if (!read_names(r) || !user_field_text(call, "password", &r->password)) {
        return;
    }
    if (!password_rules_allow(r->password, r->username)) {
        user_call_bad_field(call, "password");
        return;
    }
    struct limit_of of = limit_of_address(call);
    user_limit_take(call, &r->limit, &of);
}

static void hash_password(struct flow *flow)
{
    struct registration *r = registration_of(flow);
    if (user_limit_holds(&r->call, &r->limit)) {
        r->hash.password = r->password;
        secrets_hash(r->call.service->deps.secrets, flow_tolerate(flow), &r->hash);
    }
}

static void create_user(struct flow *flow)
{
    struct registration *r = registration_of(flow);
    struct user_service *service = r->call.service;
    struct user *user = &r->create.user;
    if (r->hash.op.err != OK) {
        struct limit_of of = limit_of_address(&r->call);
        user_limit_give_one(&r->call, &r->limit, &of);
        flow_fail(flow, r->hash.op.err);
        return;
    }
    user_new_id(service, &user->id);
    user->username = r->username;
    user->display_name = r->display_name;
    user->bio = (struct cht_str){"", 0};
    user->password_hash = cht_str_of(r->hash.hash);
    user->created = user_now_ms(service);
    user->token_version = 1;
    users_create(service->deps.users, flow_tolerate(flow), &r->create);
}

static void look_whether_created(struct flow *flow)
{
    struct registration *r = registration_of(flow);
    enum err err = r->create.op.err;
    if (err == ERR_UNKNOWN) {
        r->doubtful = true;
        r->by_name.username = r->username;
        users_by_name(r->call.service->deps.users, &flow->asker, &r->by_name);
    } else if (err == ERR_TAKEN) {
        r->call.field = "username";
        flow_fail(flow, ERR_CONFLICT);
    } else if (err != OK) {
        flow_fail(flow, err);
    }
}

static void join_rooms(struct flow *flow)
{
    struct registration *r = registration_of(flow);
    struct default_rooms *rooms = &r->call.service->default_rooms;
    if (r->doubtful && !cht_id_equal(&r->by_name.user.id, &r->create.user.id)) {
        flow_fail(flow, ERR_UNAVAILABLE);
        return;
    }
    for (uint32_t i = 0; i < rooms->count; i++) {
        default_rooms_join(
            rooms, flow_tolerate(flow), &rooms->rooms[i], &r->create.user.id, &r->joins[i]);
    }
}

static void write_user(struct user_call *call, struct cht_json *json)
{
    struct registration *r = container_of(call, struct registration, call);
    cht_json_begin(json, '{');
    cht_json_key(json, "user");
    user_json_write(json, &r->create.user);
    cht_json_end(json, '}');
}

static void finish(struct flow *flow)
{
    struct registration *r = registration_of(flow);
    if (!user_call_refused(&r->call)) {
        struct audit audit = {"audit.registered", &r->create.user.id, NULL, OK};
        user_audit(&r->call, &audit);
        user_call_answer(&r->call, 201, write_user);
    }
    arena_deinit(&r->by_name.arena);
    user_call_end(&r->call);
}

static const struct flow_step steps[] = {{"check_fields", check_fields},
    {"hash_password", hash_password}, {"create_user", create_user},
    {"look_whether_created", look_whether_created}, {"join_rooms", join_rooms}, {"finish", finish}};

const struct user_flow user_flow_register = {steps, FLOW_STEPS(steps), sizeof(struct registration)};
