/* find - GET /user?prefix=&limit=: users by the beginning of their name.
 *
 * Happy path: fold the prefix, ask, answer the list. How it fails: what does not fit the rows of
 * user.find is bad_field. */

#include "user/names.h"
#include "user/user_inner.h"

#define PREFIX_BYTES_MIN 2
#define LIMIT_DEFAULT 50
#define LIMIT_MAX 100

struct find_call {
    struct user_call call;
    char folded[USER_PREFIX_BYTES_MAX];
    struct users_find_op find;
};

static struct find_call *find_of(struct flow *flow)
{
    return container_of(call_of(flow), struct find_call, call);
}

bool user_find_fill(const struct cht_command *command, char ret_folded[USER_PREFIX_BYTES_MAX],
    struct users_find_op *ret_find)
{
    uint64_t limit = command->limit ? command->limit : LIMIT_DEFAULT;
    ret_find->limit = limit < LIMIT_MAX ? (uint32_t)limit : LIMIT_MAX;
    return command->prefix.size >= PREFIX_BYTES_MIN &&
           names_fold(command->prefix, ret_folded, USER_PREFIX_BYTES_MAX, &ret_find->prefix);
}

static void ask_users(struct flow *flow)
{
    struct find_call *f = find_of(flow);
    struct cht_command command = {.type = cht_command_type_user_find};
    if (!user_query_read(&f->call, &command)) {
        return;
    }
    if (!user_find_fill(&command, f->folded, &f->find)) {
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
