/* query - see query.h.
 *
 * Happy path: as there. How it fails: a room that does not exist and one that is not the asker's
 * run the same steps to the same `not_found`; a store that is behind is `unavailable` only where
 * the asker named what the answer must contain. Who has too many questions in work, or all together
 * have, is `overloaded` before anything is taken. Who waits for what is not there yet, and is one
 * too many of those, is `unavailable` at once. */

#include "query.h"

#include "base/check.h"
#include "base/event_buf.h"
#include "base/mem.h"
#include "names.h"

#define PAUSE_MS 50

static struct loop *loop_of(const struct query *query)
{
    return query->service->deps.world->loop;
}

/* ---- in */

static void send_reply(struct message_service *service, uint64_t node, struct cht_reply *reply)
{
    struct buf *buf = event_buf_encode(&cht_row_reply, reply);
    mail_send(service->deps.mail, MAIL_PAGES, node, buf);
    buf_unref(buf);
}

static void send_error(struct message_service *service, const struct cht_command *command,
    enum err err, const char *field)
{
    enum err outer = err_for_client(err);
    struct cht_reply reply = {
        .node_ref = command->node_ref,
        .error = (uint64_t)outer,
    };
    if (field != NULL) {
        reply.field = (struct cht_str){field, (uint32_t)__builtin_strlen(field)};
    }
    service->counters.refused++;
    send_reply(service, command->node, &reply);
}

static void give_back_shared(struct query *query)
{
    if (query->list != NULL) {
        kept_unref(&query->list->thing.kept);
    }
    for (uint32_t i = 0; i < query->event_rooms; i++) {
        kept_unref(&query->events[i].tail->thing.kept);
    }
}

static void destroy(struct query *query)
{
    places_give(&query->service->places, &query->command.author);
    if (query->waits) {
        places_give(&query->service->waits, &query->command.author);
    }
    give_back_shared(query);
    arena_deinit(&query->one.arena);
    arena_deinit(&query->door.arena);
    arena_deinit(&query->users.arena);
    arena_deinit(&query->apart.arena);
    /* The reads begin alike, so the arena of one is the arena of all. */
    arena_deinit(&query->read.messages.arena);
    arena_deinit(&query->arena);
    buf_unref(query->body);
    buf_unref(query->mail);
    mem_free(query);
}

_Static_assert(
    offsetof(struct history_messages_op, arena) == offsetof(struct history_entries_op, arena) &&
        offsetof(struct history_messages_op, arena) == offsetof(struct history_search_op, arena) &&
        offsetof(struct history_messages_op, arena) == offsetof(struct rooms_members_op, arena) &&
        offsetof(struct history_messages_op, arena) == offsetof(struct rooms_public_op, arena),
    "all reads have their arena at the same place");

static void refuse(struct query *query, enum err err, const char *field)
{
    send_error(query->service, &query->command, err, field);
    destroy(query);
}

/* The box has every cursor and typing too, which are chat's: they are told apart before anything is
 * taken for them. Until the next answer is encoded. */
static bool is_question(
    struct message_service *service, struct cht_str bytes, struct cht_command *ret_command)
{
    struct cht_scratch scratch = {(uint8_t *)service->body, QUERY_BODY_BYTES, 0};
    if (!cht_decode(&cht_row_command, bytes, &scratch, ret_command)) {
        return false;
    }
    const struct cht_command_row *row = cht_command_row(ret_command->type);
    return row != NULL && row->server == cht_server_message && ret_command->node_ref > 0;
}

static void start_query(struct query *query)
{
    static void (*const families[cht_command_type_count])(struct query * query) = {
        [cht_command_type_room_get] = query_start_get,
        [cht_command_type_room_list] = query_start_list,
        [cht_command_type_room_public] = query_start_public,
        [cht_command_type_room_members] = query_start_members,
        [cht_command_type_room_history] = query_start_history,
        [cht_command_type_room_events] = query_start_events,
        [cht_command_type_sync] = query_start_sync,
        [cht_command_type_search] = query_start_search,
    };
    const struct cht_command *command = &query->command;
    uint64_t limit = command->limit > 0 ? command->limit : QUERY_LIMIT_DEFAULT;
    query->limit = (uint32_t)(limit < QUERY_LIMIT_MAX ? limit : QUERY_LIMIT_MAX);
    if (command->cursor.size > 0 &&
        !cursor_read(query->service, command, query->cursor_bytes, &query->position)) {
        refuse(query, ERR_BAD_FIELD, "cursor");
    } else {
        families[command->type](query);
    }
}

/* Its place is taken. */
static void take_in(
    struct message_service *service, struct buf *mail, const struct cht_command *command)
{
    struct query *query = mem_new(sizeof(*query));
    size_t size = (size_t)mail->size * 16 + 256;
    struct cht_scratch scratch = {arena_take_raw(&query->arena, size), size, 0};
    query->service = service;
    query->mail = buf_ref(mail);
    query->reach_until_ms = loop_now_ms(loop_of(query)) + service->settings.fresh_wait_ms;
    if (!cht_decode(&cht_row_command, event_buf_bytes(mail), &scratch, &query->command)) {
        query->command.author = command->author;
        destroy(query);
    } else if (!roster_holds(query)) {
        start_query(query);
    }
}

void query_on_mail(struct message_service *service, struct buf *mail)
{
    struct cht_command command;
    if (!is_question(service, event_buf_bytes(mail), &command)) {
        return;
    }
    service->counters.queries++;
    if (places_take(&service->places, &command.author)) {
        take_in(service, mail, &command);
    } else {
        send_error(service, &command, ERR_OVERLOADED, NULL);
    }
}

void query_go_on(struct query *query)
{
    while (query != NULL) {
        struct query *next = query->next_held;
        start_query(query);
        query = next;
    }
}

/* ---- freshness */

static void wait_fresh(struct query *query, uint32_t shard)
{
    fresh_wait(query->service->fresh, flow_tolerate(&query->flow), &query->fresh, shard);
}

void query_wait_room(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    wait_fresh(query, cht_shard_of_room(&query->command.room, query->service->deps.shard_count));
}

void query_wait_all(struct flow *flow)
{
    wait_fresh((struct query *)flow, FRESH_ALL);
}

static bool may_wait(struct query *query)
{
    query->waits = query->waits || places_take(&query->service->waits, &query->command.author);
    return query->waits && loop_now_ms(loop_of(query)) < query->reach_until_ms;
}

bool query_reached(struct query *query, uint64_t head)
{
    if (head >= query->command.at_least) {
        return true;
    }
    if (!may_wait(query)) {
        flow_fail(&query->flow, ERR_UNAVAILABLE);
        return false;
    }
    fresh_pause(query->service->fresh, &query->flow.asker, &query->pause, PAUSE_MS);
    flow_again(&query->flow);
    return false;
}

bool query_member_reached(struct query *query)
{
    if (query_reached(query, query->one.one.head.seq)) {
        return true;
    }
    if (query->flow.err == OK) {
        rooms_one_of_user(query->service->deps.rooms, &query->flow.asker, &query->one);
    }
    return false;
}

/* ---- rights */

void query_ask_member(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    query->one.user = query->command.author;
    query->one.room = query->command.room;
    rooms_one_of_user(query->service->deps.rooms, flow_tolerate(flow), &query->one);
}

void query_take_member(struct query *query, enum err said)
{
    query->member = said;
    if (said == ERR_NOT_FOUND) {
        query->door.room = query->command.room;
        rooms_door(query->service->deps.rooms, flow_tolerate(&query->flow), &query->door);
    } else if (said != OK) {
        flow_fail(&query->flow, ERR_UNAVAILABLE);
    }
}

void query_ask_room(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    query_take_member(query, query->one.op.err);
}

void query_check_right(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    if (query->member == OK) {
        return;
    }
    const struct rooms_door_op *door = &query->door;
    if (door->op.err != OK && door->op.err != ERR_NOT_FOUND) {
        flow_fail(flow, ERR_UNAVAILABLE);
    } else if (door->op.err != OK) {
        /* A membership that the store does not have yet may be just what the asker has seen. */
        flow_fail(flow, query->fresh.op.err != OK && query->command.at_least > 0 ? ERR_UNAVAILABLE
                                                                                 : ERR_NOT_FOUND);
    } else if (query->command.type != cht_command_type_room_get) {
        flow_fail(flow, ERR_NOT_MEMBER);
    } else {
        query->is_visitor = true;
        query->one.one = (struct room_of_user){.meta = door->meta, .head = door->head};
    }
}

uint64_t query_first_seq(const struct query *query)
{
    const struct room_of_user *one = &query->one.one;
    return one->meta.history == cht_history_from_joined ? one->joined_seq : 1;
}

/* ---- users beside lists */

void query_add_user(struct query *query, const struct cht_id *user)
{
    if (cht_id_is_none(user)) {
        return;
    }
    if (query->user_ids == NULL) {
        query->user_ids = arena_take_raw(&query->arena, QUERY_USERS_MAX * sizeof(*query->user_ids));
    }
    for (uint32_t i = query->user_count; i > 0; i--) {
        if (cht_id_equal(&query->user_ids[i - 1], user)) {
            return;
        }
    }
    if (query->user_count < QUERY_USERS_MAX) {
        query->user_ids[query->user_count++] = *user;
    }
}

void query_add_users(struct query *query, const struct cht_id *users, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        query_add_user(query, &users[i]);
    }
}

/* What is lent stays until the last step, which follows at once if nothing is asked. */
static bool remember_names(struct query *query)
{
    struct cht_str *names = arena_array(&query->arena, query->user_count, sizeof(*names));
    query->names_stamp = users_stamp(query->service->deps.users);
    for (uint32_t i = 0; i < query->user_count; i++) {
        if (!names_find(
                query->service->names, query->names_stamp, &query->user_ids[i], &names[i])) {
            return false;
        }
    }
    query->names = names;
    return true;
}

void query_ask_users(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    if (query->user_count > 0 && !remember_names(query)) {
        query->users.ids = query->user_ids;
        query->users.id_count = query->user_count;
        users_get(query->service->deps.users, &flow->asker, &query->users);
    }
}

/* ---- out */

void query_set_next(struct query *query, const void *position, uint32_t size)
{
    struct cht_str at = {position, size};
    query->next = cursor_write(query->service, &query->command, at, query->next_text);
}

static struct cht_str body_of(struct query *query)
{
    if (query->body != NULL) {
        return (struct cht_str){(const char *)query->body->bytes, query->body->size};
    }
    struct cht_json json = {.at = query->service->body, .size = QUERY_BODY_BYTES};
    query->encode(query, &json);
    return (struct cht_str){json.at, (uint32_t)json.used};
}

void query_finish(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    if (flow->err != OK) {
        refuse(query, flow->err, query->bad_field);
        return;
    }
    struct cht_reply reply = {.node_ref = query->command.node_ref, .body = body_of(query)};
    if (BUG(reply.body.size > QUERY_BODY_BYTES)) {
        refuse(query, ERR_INTERNAL, NULL);
        return;
    }
    query->service->counters.behind += query->fresh.op.err != OK;
    send_reply(query->service, query->command.node, &reply);
    destroy(query);
}
