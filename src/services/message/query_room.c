/* query_room - room.get, room.members and room.public.
 *
 * Happy path: the rights are checked, one page is read, users are added, the answer is encoded. How
 * it fails: as query.c. */

#include "query.h"

#include <string.h>

#include "base/fold.h"

/* ---- room.get */

static void collect_room(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    const struct room_of_user *one = &query->one.one;
    query_add_user(query, &one->meta.creator);
    query_add_user(query, &one->meta.pair[0]);
    query_add_user(query, &one->meta.pair[1]);
    if (!query->is_visitor) {
        query_add_user(query, &one->head.last_from);
    }
}

static void reach_room(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    const struct room_of_user *one = &query->one.one;
    /* What was read is as old as the step before; read it again until it reaches what was asked
     * for. */
    if (query->is_visitor && one->head.seq < query->command.at_least) {
        flow_fail(flow, ERR_UNAVAILABLE);
    } else if (query_member_reached(query)) {
        collect_room(flow);
    }
}

static void encode_room(struct query *query, struct cht_json *json)
{
    query_put_room(query, json, &query->one.one, true);
    query_put_users(query, json);
}

void query_start_get(struct query *query)
{
    static const struct flow_step steps[] = {QUERY_RIGHTS, {"reach", reach_room}, QUERY_END};
    query->encode = encode_room;
    QUERY_START(query, steps);
}

/* ---- room.members */

static void read_members(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    struct rooms_members_op *op = &query->read.members;
    if (!query_member_reached(query)) {
        return;
    }
    op->room = query->command.room;
    op->limit = query->limit;
    op->joined_only = true;
    if (query->position.size == sizeof(op->after)) {
        memcpy(&op->after, query->position.at, sizeof(op->after));
    }
    rooms_members(query->service->deps.rooms, &flow->asker, op);
    if (query->one.one.meta.kind == cht_room_kind_direct) {
        query->apart.user = query->command.author;
        query->apart.limit = APART_MAX;
        users_apart(query->service->deps.users, flow_tolerate(flow), &query->apart);
    }
}

/* Of a direct room: it is not told how far somebody has read where one has blocked the other. */
static bool is_apart(const struct query *query, const struct cht_id *user)
{
    const struct users_apart_op *op = &query->apart;
    if (query->one.one.meta.kind != cht_room_kind_direct ||
        cht_id_equal(user, &query->command.author)) {
        return false;
    }
    bool found = op->op.err != OK || op->more;
    for (uint32_t i = 0; i < op->count && !found; i++) {
        found = cht_id_equal(&op->apart[i].user, user);
    }
    return found;
}

static void collect_members(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    const struct rooms_members_op *op = &query->read.members;
    for (uint32_t i = 0; i < op->count; i++) {
        query_add_user(query, &op->members[i].user);
    }
    if (op->more && op->count > 0) {
        query_set_next(query, &op->members[op->count - 1].user, sizeof(struct cht_id));
    }
}

static void put_member(struct cht_json *json, const struct room_member *member, bool with_read)
{
    const char *role = cht_word_text(&cht_words_role, member->role);
    cht_json_begin(json, '{');
    cht_json_key(json, "user");
    cht_json_id(json, &member->user);
    cht_json_key(json, "role");
    cht_json_text(json, (struct cht_str){role, (uint32_t)strlen(role)});
    if (member->joined_seq > 0) {
        query_put_u64(json, "joined_seq", member->joined_seq);
    }
    if (member->muted_until > 0) {
        query_put_u64(json, "muted_until", member->muted_until);
    }
    if (with_read) {
        query_put_u64(json, "read_n", member->read_n);
    }
    cht_json_end(json, '}');
}

static void encode_members(struct query *query, struct cht_json *json)
{
    uint64_t members = query->one.one.head.members;
    bool with_read = members <= query->service->deps.receipts_members_max;
    cht_json_key(json, "members");
    cht_json_begin(json, '[');
    for (uint32_t i = 0; i < query->read.members.count; i++) {
        const struct room_member *member = &query->read.members.members[i];
        put_member(json, member, with_read && !is_apart(query, &member->user));
    }
    cht_json_end(json, ']');
    query_put_next(query, json);
    query_put_users(query, json);
}

void query_start_members(struct query *query)
{
    static const struct flow_step steps[] = {
        QUERY_RIGHTS, {"read", read_members}, {"collect", collect_members}, QUERY_END};
    query->encode = encode_members;
    QUERY_START(query, steps);
}

/* ---- room.public */

static void read_public(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    struct rooms_public_op *op = &query->read.public;
    op->prefix = query->command.prefix;
    op->after = query->position;
    op->limit = query->limit;
    rooms_find_public(query->service->deps.rooms, &flow->asker, op);
}

static void collect_public(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    const struct rooms_public_op *op = &query->read.public;
    for (uint32_t i = 0; i < op->count; i++) {
        query_add_user(query, &op->rooms[i].meta.creator);
    }
    if (op->more && op->count > 0) {
        struct cht_str name = name_fold(&query->arena, op->rooms[op->count - 1].meta.name);
        query_set_next(query, name.at, name.size);
    }
}

static void encode_public(struct query *query, struct cht_json *json)
{
    cht_json_key(json, "rooms");
    cht_json_begin(json, '[');
    for (uint32_t i = 0; i < query->read.public.count; i++) {
        struct room_of_user room = query->read.public.rooms[i];
        room.role = cht_role_none;
        cht_json_begin(json, '{');
        query_put_room(query, json, &room, true);
        cht_json_end(json, '}');
    }
    cht_json_end(json, ']');
    query_put_next(query, json);
    query_put_users(query, json);
}

void query_start_public(struct query *query)
{
    static const struct flow_step steps[] = {{"wait_fresh", query_wait_all}, {"read", read_public},
        {"collect", collect_public}, QUERY_END};
    query->encode = encode_public;
    QUERY_START(query, steps);
}
