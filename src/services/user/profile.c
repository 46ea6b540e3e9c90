/* profile - GET and PATCH /user/me, GET /user/{id}, and the public keys.
 *
 * Happy path: read, perhaps change, answer the user. How it fails: an id that is nobody's is
 * not_found; the caller's own account that is gone is unauthorized. */

#include "user/names.h"
#include "user/user_inner.h"

struct profile {
    struct user_call call;
    struct cht_id id;
    struct users_get_op get;
    struct change_user_op change;
    const struct cht_member *display_name, *bio;
    bool own, clears_name, clears_bio;
    const struct user *user;
};

static struct profile *profile_of(struct flow *flow)
{
    return container_of(call_of(flow), struct profile, call);
}

static void ask(struct flow *flow, const struct cht_id *id)
{
    struct profile *p = profile_of(flow);
    p->id = *id;
    p->get.ids = &p->id;
    p->get.id_count = 1;
    users_get(p->call.service->deps.users, &flow->asker, &p->get);
}

static void ask_own(struct flow *flow)
{
    profile_of(flow)->own = true;
    ask(flow, &profile_of(flow)->call.identity.user);
}

static void ask_other(struct flow *flow)
{
    ask(flow, &profile_of(flow)->call.id);
}

static void look(struct flow *flow)
{
    struct profile *p = profile_of(flow);
    p->user = p->get.count ? p->get.users : NULL;
    if (p->own && (!p->user || p->user->deleted || p->user->disabled)) {
        flow_fail(flow, ERR_UNAUTHORIZED);
    } else if (!p->user) {
        flow_fail(flow, ERR_NOT_FOUND);
    }
}

static enum err profile_edit(struct change_user_op *op, struct user *user)
{
    struct profile *p = container_of(op, struct profile, change);
    if (user->deleted || user->disabled) {
        return ERR_UNAUTHORIZED;
    }
    if (p->clears_name) {
        user->display_name = user->username;
    } else if (p->display_name) {
        user->display_name = p->display_name->value;
    }
    if (p->clears_bio) {
        user->bio = (struct cht_str){"", 0};
    } else if (p->bio) {
        user->bio = p->bio->value;
    }
    return OK;
}

static void change_profile(struct flow *flow)
{
    struct profile *p = profile_of(flow);
    struct user_call *call = &p->call;
    p->display_name = user_field(call, "display_name");
    p->bio = user_field(call, "bio");
    p->clears_name = user_field_is_null(call, "display_name");
    p->clears_bio = user_field_is_null(call, "bio");
    if (p->display_name &&
        (p->display_name->type != CHT_JSON_TEXT || !names_display_valid(p->display_name->value))) {
        user_call_bad_field(call, "display_name");
    } else if (p->bio && (p->bio->type != CHT_JSON_TEXT || !names_bio_valid(p->bio->value))) {
        user_call_bad_field(call, "bio");
    } else {
        p->change.id = call->identity.user;
        p->change.edit = profile_edit;
        p->user = &p->change.user;
        change_user(call->service, &flow->asker, &p->change);
    }
}

static void write_user(struct user_call *call, struct cht_json *json)
{
    struct profile *p = container_of(call, struct profile, call);
    cht_json_begin(json, '{');
    cht_json_key(json, "user");
    user_json_write(json, p->user);
    cht_json_end(json, '}');
}

static void finish(struct flow *flow)
{
    struct profile *p = profile_of(flow);
    if (!user_call_refused(&p->call)) {
        user_call_answer(&p->call, 200, write_user);
    }
    arena_deinit(&p->get.arena);
    change_user_deinit(&p->change);
    user_call_end(&p->call);
}

static void answer_keys(struct flow *flow)
{
    struct user_call *call = call_of(flow);
    struct edge_response response = {.status = 200,
        .content_type = "application/json; charset=utf-8",
        .body = secrets_key_set(call->service->deps.secrets),
        .cache_control = "public, max-age=300"};
    edge_respond(call->service->deps.edge, call->conn, &response);
    user_call_end(call);
}

static const struct flow_step own_steps[] = {
    {"ask_own", ask_own}, {"look", look}, {"finish", finish}};
static const struct flow_step other_steps[] = {
    {"ask_other", ask_other}, {"look", look}, {"finish", finish}};
static const struct flow_step change_steps[] = {
    {"change_profile", change_profile}, {"finish", finish}};
static const struct flow_step key_steps[] = {{"answer_keys", answer_keys}};

const struct user_flow user_flow_me = {own_steps, FLOW_STEPS(own_steps), sizeof(struct profile)};
const struct user_flow user_flow_one = {
    other_steps, FLOW_STEPS(other_steps), sizeof(struct profile)};
const struct user_flow user_flow_profile = {
    change_steps, FLOW_STEPS(change_steps), sizeof(struct profile)};
const struct user_flow user_flow_key_set = {
    key_steps, FLOW_STEPS(key_steps), sizeof(struct user_call)};
