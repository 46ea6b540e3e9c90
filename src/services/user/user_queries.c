/* user_queries - user.get, user.find and user.block of sockets, out of the box WORK.
 *
 * Happy path: a command of ours becomes a flow; its reply goes to the box PAGES of the node that
 * asked. How it fails: too many under way are refused as overloaded; a reply that is lost is the
 * node's timeout. */

#include "base/event_buf.h"
#include "base/mem.h"
#include "user/user_inner.h"

#define IDS_MAX 100
#define WORK_CREDIT 1024

struct query {
    struct flow flow;
    struct user_service *service;
    struct cht_command command; /* texts point into `bytes` */
    struct buf *bytes;
    uint8_t memory[8192];
    char folded[USER_PREFIX_BYTES_MAX];
    const char *field;
    struct users_get_op get;
    struct users_find_op find;
    struct users_block_op block;
};

static struct query *query_of(struct flow *flow)
{
    return container_of(flow, struct query, flow);
}

static void bad_field(struct query *q, const char *field)
{
    q->field = field;
    flow_fail(&q->flow, ERR_BAD_FIELD);
}

static void send_reply(struct user_service *service, uint64_t node, const struct cht_reply *reply)
{
    struct buf *bytes = event_buf_encode(&cht_row_reply, reply);
    mail_send(service->deps.mail, MAIL_PAGES, node, bytes);
    buf_unref(bytes);
}

static void ask_get(struct query *q, const struct cht_id *ids, uint32_t count)
{
    q->get.ids = ids;
    q->get.id_count = count;
    users_get(q->service->deps.users, &q->flow.asker, &q->get);
}

static void ask_find(struct query *q)
{
    if (!user_find_fill(&q->command, q->folded, &q->find)) {
        bad_field(q, "prefix");
        return;
    }
    users_find(q->service->deps.users, &q->flow.asker, &q->find);
}

static void ask(struct flow *flow)
{
    struct query *q = query_of(flow);
    const struct cht_command *command = &q->command;
    if (command->type == cht_command_type_user_find) {
        ask_find(q);
    } else if (command->type == cht_command_type_user_get) {
        if (command->users.count > IDS_MAX) {
            bad_field(q, "users");
        } else if (command->users.count > 0) {
            ask_get(q, command->users.at, command->users.count);
        }
    } else if (cht_id_equal(&command->user, &command->author)) {
        bad_field(q, "user");
    } else {
        ask_get(q, &command->user, 1);
    }
}

static void set_block(struct flow *flow)
{
    struct query *q = query_of(flow);
    if (q->command.type != cht_command_type_user_block) {
        return;
    }
    if (q->get.count == 0 && q->command.on) {
        flow_fail(flow, ERR_NOT_FOUND);
        return;
    }
    q->block.user = q->command.author;
    q->block.other = q->command.user;
    q->block.on = q->command.on;
    q->block.at = user_now_ms(q->service);
    q->block.blocks_max = (uint32_t)q->service->deps.settings->blocks_max;
    users_block(q->service->deps.users, flow_tolerate(flow), &q->block);
}

static void look_at_block(struct flow *flow)
{
    struct query *q = query_of(flow);
    enum err err = q->block.op.err;
    if (err != OK) {
        flow_fail(flow, err == ERR_FULL ? ERR_CONFLICT : err);
    }
    if (q->command.type == cht_command_type_user_block) {
        user_tell_blocked(q->service, &q->block);
    }
}

static void write_users(struct query *q, struct cht_json *json)
{
    bool found = q->command.type == cht_command_type_user_find;
    const struct user *users = found ? q->find.users : q->get.users;
    uint32_t count = found ? q->find.count : q->get.count;
    cht_json_key(json, "users");
    cht_json_begin(json, '[');
    for (uint32_t i = 0; i < count; i++) {
        user_json_write(json, &users[i]);
    }
    cht_json_end(json, ']');
}

static void reply_users(struct query *q, struct cht_reply *reply)
{
    struct cht_json json = {0};
    write_users(q, &json);
    char *body = mem_new(json.used);
    json = (struct cht_json){.at = body, .size = json.used};
    write_users(q, &json);
    reply->body = (struct cht_str){body, (uint32_t)json.used};
    send_reply(q->service, q->command.node, reply);
    mem_free(body);
}

static void finish(struct flow *flow)
{
    struct query *q = query_of(flow);
    struct cht_reply reply = {.node_ref = q->command.node_ref, .error = err_for_client(flow->err)};
    if (flow->err == OK && q->command.type != cht_command_type_user_block) {
        reply_users(q, &reply);
    } else {
        reply.field = cht_str_of(q->field);
        send_reply(q->service, q->command.node, &reply);
    }
    arena_deinit(&q->get.arena);
    arena_deinit(&q->find.arena);
    q->service->calls--;
    buf_unref(q->bytes);
    mem_free(q);
}

static const struct flow_step steps[] = {
    {"ask", ask}, {"set_block", set_block}, {"look_at_block", look_at_block}, {"finish", finish}};

static void start(struct user_service *service, struct buf *event)
{
    struct query *q = mem_new(sizeof(*q));
    struct cht_scratch scratch = {q->memory, sizeof(q->memory), 0};
    struct cht_str bytes = event_buf_bytes(event);
    bool known = cht_decode(&cht_row_command, bytes, &scratch, &q->command) &&
                 q->command.node > 0 && q->command.node_ref > 0;
    if (!known) {
        mem_free(q);
        return;
    }
    if (service->calls >= service->deps.settings->calls_max) {
        struct cht_reply reply = {.node_ref = q->command.node_ref, .error = ERR_OVERLOADED};
        send_reply(service, q->command.node, &reply);
        mem_free(q);
        return;
    }
    service->calls++;
    q->service = service;
    q->bytes = buf_ref(event);
    flow_start(&q->flow, service->deps.world->loop, steps, FLOW_STEPS(steps));
}

/* The type is the first field of a command: others' commands are told apart without decoding them.
 */
static void on_work(struct mail_handler *handler, struct buf *event)
{
    struct user_service *service = container_of(handler, struct user_service, on_work);
    if (event->size < 3 || event->bytes[0] != CHT_EVENT_command || event->bytes[1] != 0x08) {
        return;
    }
    const struct cht_command_row *row = cht_command_row(event->bytes[2]);
    if (row && row->server == cht_server_user) {
        start(service, event);
    }
}

void user_queries_open(struct user_service *service)
{
    service->on_work.on_mail = on_work;
    mail_open(service->deps.mail, MAIL_WORK, &service->on_work, WORK_CREDIT);
}
