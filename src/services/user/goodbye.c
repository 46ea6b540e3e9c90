/* goodbye - DELETE /user/me {password}.
 *
 * Happy path: the password fits; the user leaves every room that they are in by all that is durable
 * now, some at a time, and waits for their owners' answers; then the account is marked deleted, its
 * hash emptied and all tokens void. How it fails: a leave that is refused for now is repeated; one
 * that is not answered with better, and a list of rooms that does not come, stop it before the
 * mark, so that whoever has no account is in no room, and the user may ask again. So it is when the
 * process ends on the way. Leaving twice is harmless. */

#include <string.h>

#include "user/password_rules.h"
#include "user/user_inner.h"

#define LEAVES_MAX 100 /* under way */
#define LEAVE_MS 10000 /* for so many */
#define CID "account-deleted:"

struct goodbye {
    struct user_call call;
    struct cht_str password;
    struct own_password own;
    struct users_get_op get;
    struct secrets_check_op check;
    struct room_list_op rooms;
    uint32_t next_room; /* of the page */
    struct room_ask_op *leaves;
    uint32_t leave_count;
    char
        cid[sizeof(CID) + CHT_ID_TEXT_SIZE]; /* another one each time: who came back leaves again */
    struct change_user_op change;
};

static struct goodbye *goodbye_of(struct flow *flow)
{
    return container_of(call_of(flow), struct goodbye, call);
}

static void take_limit(struct flow *flow)
{
    struct goodbye *g = goodbye_of(flow);
    if (!user_field_text(&g->call, "password", &g->password)) {
        return;
    }
    if (g->password.size > PASSWORD_BYTES_MAX) {
        user_call_bad_field(&g->call, "password");
        return;
    }
    own_password_take(&g->call, &g->own);
}

static void find_user(struct flow *flow)
{
    struct goodbye *g = goodbye_of(flow);
    if (own_password_holds(&g->call, &g->own)) {
        g->get.ids = &g->call.identity.user;
        g->get.id_count = 1;
        users_get(g->call.service->deps.users, &flow->asker, &g->get);
    }
}

static void check_password(struct flow *flow)
{
    struct goodbye *g = goodbye_of(flow);
    if (g->get.count == 0 || g->get.users->deleted) {
        flow_fail(flow, ERR_UNAUTHORIZED);
        return;
    }
    g->check.password = g->password;
    g->check.hash = g->get.users->password_hash;
    secrets_check(g->call.service->deps.secrets, flow_tolerate(flow), &g->check);
}

static void ask_page(struct goodbye *g)
{
    g->next_room = 0;
    room_list(&g->call.service->room_lists, &g->call.flow.asker, &g->rooms);
}

static void ask_rooms(struct flow *flow)
{
    struct goodbye *g = goodbye_of(flow);
    enum err err = g->check.op.err;
    own_password_judged(&g->call, &g->own, err);
    if (err != OK) {
        flow_fail(flow, err);
        return;
    }
    g->rooms.user = g->call.identity.user;
    ask_page(g);
}

static void leave(struct goodbye *g, const struct cht_id *room, struct room_ask_op *op)
{
    struct cht_command command = {.type = cht_command_type_room_leave,
        .author = g->call.identity.user,
        .room = *room,
        .cid = cht_str_of(g->cid)};
    *op = (struct room_ask_op){.repeat_ms = LEAVE_MS};
    room_ask(&g->call.service->room_asks, flow_tolerate(&g->call.flow), op, &command);
}

/* Refused for good: not a member any more, or there is no such room. */
static bool have_left(struct goodbye *g)
{
    for (uint32_t i = 0; i < g->leave_count; i++) {
        enum err err = g->leaves[i].op.err;
        if (err != OK && err_may_retry(err)) {
            flow_fail(&g->call.flow, err);
            return false;
        }
    }
    return true;
}

static void begin_to_leave(struct flow *flow)
{
    struct goodbye *g = goodbye_of(flow);
    struct cht_id id;
    user_new_id(g->call.service, &id);
    memcpy(g->cid, CID, sizeof(CID));
    cht_id_to_text(&id, g->cid + sizeof(CID) - 1);
    g->leaves = arena_array(&g->call.arena, LEAVES_MAX, sizeof(*g->leaves));
}

/* Some rooms are left, or the next page is asked for; the step runs again until there is neither.
 */
static void leave_rooms(struct flow *flow)
{
    struct goodbye *g = goodbye_of(flow);
    const struct cht_room_place *rooms = g->rooms.page.rooms.at;
    uint32_t count = g->rooms.page.rooms.count;
    if (!have_left(g)) {
        return;
    }
    g->leave_count = 0;
    while (g->next_room < count && g->leave_count < LEAVES_MAX) {
        leave(g, &rooms[g->next_room++].room, &g->leaves[g->leave_count++]);
    }
    if (g->leave_count > 0) {
        flow_again(flow);
    } else if (g->rooms.page.more) {
        ask_page(g);
        flow_again(flow);
    }
}

static enum err delete_edit(struct change_user_op *op, struct user *user)
{
    user->deleted = true;
    user->password_hash = (struct cht_str){"", 0};
    user->display_name = user->username;
    user->bio = (struct cht_str){"", 0};
    user_void_tokens(op, user);
    return OK;
}

static void mark_deleted(struct flow *flow)
{
    struct goodbye *g = goodbye_of(flow);
    g->change.id = g->call.identity.user;
    g->change.edit = delete_edit;
    change_user(g->call.service, &flow->asker, &g->change);
}

static void finish(struct flow *flow)
{
    struct goodbye *g = goodbye_of(flow);
    struct audit audit = {
        "audit.account_deleted", &g->call.identity.user, &g->call.identity.device, flow->err};
    user_audit(&g->call, &audit);
    if (!user_call_refused(&g->call)) {
        struct revocation revocation = {
            .user = g->call.identity.user, .version = g->change.user.token_version};
        user_tell_revoked(g->call.service, &revocation);
        user_call_answer_nothing(&g->call);
    }
    arena_deinit(&g->get.arena);
    arena_deinit(&g->rooms.arena);
    change_user_deinit(&g->change);
    user_call_end(&g->call);
}

static const struct flow_step steps[] = {{"take_limit", take_limit}, {"find_user", find_user},
    {"check_password", check_password}, {"ask_rooms", ask_rooms},
    {"begin_to_leave", begin_to_leave}, {"leave_rooms", leave_rooms},
    {"mark_deleted", mark_deleted}, {"finish", finish}};

const struct user_flow user_flow_goodbye = {steps, FLOW_STEPS(steps), sizeof(struct goodbye)};
