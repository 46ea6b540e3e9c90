/* find - GET /user?prefix=&limit=: users by the beginning of their name.
 *
 * Happy path: fold the prefix, ask, answer the list. How it fails: a prefix under two characters,
 * or a limit that is no number, is bad_field. */

#include "user/names.h"
#include "user/user_inner.h"

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 100

struct find_call {
    struct user_call call;
    char folded[64];
    struct users_find_op find;
};

static struct find_call *find_of(struct flow *flow)
{
    return container_of(call_of(flow), struct find_call, call);
}

static bool read_limit(struct user_call *call, uint32_t *ret_limit)
{
    struct cht_str text;
    uint64_t limit = 0;
    *ret_limit = LIMIT_DEFAULT;
    if (!user_query_text(call, "limit", &text)) {
        return false;
    }
    if (!text.at) {
        return true;
    }
    for (uint32_t i = 0; i < text.size && text.size <= 9; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            limit = 0;
            break;
        }
        limit = limit * 10 + (uint64_t)(text.at[i] - '0');
    }
    if (limit == 0) {
        user_call_bad_field(call, "limit");
        return false;
    }
    *ret_limit = limit < LIMIT_MAX ? (uint32_t)limit : LIMIT_MAX;
    return true;
}

static void ask_users(struct flow *flow)
{
    struct find_call *f = find_of(flow);
    struct cht_str prefix;
    if (!user_query_text(&f->call, "prefix", &prefix) || !read_limit(&f->call, &f->find.limit)) {
        return;
    }
    if (prefix.size < 2 || !names_fold(prefix, f->folded, sizeof(f->folded), &f->find.prefix)) {
        user_call_bad_field(&f->call, "prefix");
        return;
    }
    users_find(f->call.service->deps.users, &flow->asker, &f->find);
}

static void write_users(struct user_call *call, struct cht_json *json)
{
    struct find_call *f = container_of(call, struct find_call, call);
    cht_json_begin(json, '{');
    cht_json_key(json, "users");
    cht_json_begin(json, '[');
    for (uint32_t i = 0; i < f->find.count; i++) {
        user_json_write(json, &f->find.users[i]);
    }
    cht_json_end(json, ']');
    cht_json_end(json, '}');
}

static void finish(struct flow *flow)
{
    struct find_call *f = find_of(flow);
    if (!user_call_refused(&f->call)) {
        user_call_answer(&f->call, 200, write_users);
    }
    arena_deinit(&f->find.arena);
    user_call_end(&f->call);
}

static const struct flow_step steps[] = {{"ask_users", ask_users}, {"finish", finish}};

const struct user_flow user_flow_find = {steps, FLOW_STEPS(steps), sizeof(struct find_call)};
