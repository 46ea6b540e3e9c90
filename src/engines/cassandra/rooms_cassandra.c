/* rooms_cassandra - the port rooms on Cassandra: single rooms and members, cursors; the port's
 * table.
 *
 * Happy path: what a question needs is asked at the same time, and put together. How it fails:
 * NOT_FOUND; as Cassandra does. */

#include "base/check.h"
#include "base/mem.h"
#include "cassandra/history_reads.h"
#include "cassandra/names_cassandra.h"
#include "cassandra/room_rows.h"
#include "cassandra/rooms_lists.h"
#include "cassandra/stamps_shared.h"

struct rooms_cassandra {
    struct rooms rooms; /* first */
    struct cassandra *store;
};

static struct cassandra *store_of(struct rooms *rooms)
{
    return ((struct rooms_cassandra *)rooms)->store;
}

/* ---- one room of one user, and its cursor */

struct mine {
    struct call call; /* first */
    const struct cht_id *user, *room;
    struct cql_ask mine_ask, room_ask, cursor_ask, write_ask;
    struct stored_mine mine;
    struct stored_room stored;
    struct stored_cursor cursor;
    struct arena arena;
    struct rooms_one_of_user_op *one; /* one of these */
    struct rooms_cursor_op *read;
    uint32_t stamp;
    bool is_open;
};

static void ask_mine(struct flow *flow)
{
    struct mine *m = (struct mine *)flow;
    mine_row_ask(m->call.store, &m->mine_ask, m->user, m->room);
    call_ask(&m->call, &m->mine_ask);
    cursor_row_ask(m->call.store, &m->cursor_ask, m->user, m->room);
    call_ask(&m->call, &m->cursor_ask);
    room_row_ask(m->call.store, &m->room_ask, m->room);
    call_ask(&m->call, &m->room_ask);
}

/* Members of a room that is over are taken out of it one after the other. */
static enum err take_mine(struct mine *m, struct arena *arena)
{
    enum err err = mine_first(&m->mine_ask, &m->mine);
    if (err == OK) {
        err = cursor_first(&m->cursor_ask, &m->cursor);
    }
    if (err == OK) {
        err = room_first(&m->room_ask, arena, &m->stored);
    }
    bool is_member = m->mine.is_there && m->stored.gone_seq <= m->mine.changed_seq;
    return err == OK && !is_member ? ERR_NOT_FOUND : err;
}

static void end_mine(struct mine *m, enum err err)
{
    if (m->is_open && err != ERR_UNKNOWN) {
        stamps_shared_close(m->call.store->shared->rooms, m->stamp);
    }
    cql_ask_deinit(&m->mine_ask);
    cql_ask_deinit(&m->room_ask);
    cql_ask_deinit(&m->cursor_ask);
    cql_ask_deinit(&m->write_ask);
    arena_deinit(&m->arena);
    call_end(&m->call, err);
}

static void answer_one(struct flow *flow)
{
    struct mine *m = (struct mine *)flow;
    enum err err = flow->err == OK ? take_mine(m, &m->one->arena) : flow->err;
    if (err == OK) {
        room_of_user_fill(&m->mine, &m->stored, &m->cursor, &m->one->one);
    }
    end_mine(m, err);
}

static const struct flow_step one_steps[] = {{"ask_mine", ask_mine}, {"answer", answer_one}};

static void one_of_user(struct rooms *rooms, struct rooms_one_of_user_op *op)
{
    struct mine *m = call_create(store_of(rooms), sizeof(*m), &op->op);
    arena_reset(&op->arena);
    op->one = (struct room_of_user){0};
    if (m) {
        m->one = op;
        m->user = &op->user;
        m->room = &op->room;
        call_start(&m->call, one_steps, FLOW_STEPS(one_steps));
    }
}

/* A cursor has itself as its time, so of two who write at once the higher one stays. */
static void raise_cursor(struct flow *flow)
{
    struct mine *m = (struct mine *)flow;
    struct rooms_cursor_op *op = m->read;
    struct room_of_user one;
    enum err err = take_mine(m, &m->arena);
    if (err != OK) {
        flow_fail(flow, err);
        return;
    }
    room_of_user_fill(&m->mine, &m->stored, &m->cursor, &one);
    op->rose = one.read_n < op->read_n;
    if (!op->rose) {
        op->read_n = one.read_n;
        return;
    }
    m->stamp = stamps_shared_open(m->call.store->shared->rooms, m->user);
    m->is_open = true;
    struct cql_writer *values = store_begin(m->call.store, &m->write_ask, STORE_CURSOR_READ);
    cells_put_u64(values, op->read_n);
    cells_put_u64(values, op->read_n);
    cql_put_uuid(values, *m->user);
    cql_put_uuid(values, *m->room);
    call_ask(&m->call, &m->write_ask);
}

static void answer_cursor(struct flow *flow)
{
    end_mine((struct mine *)flow, flow->err);
}

static const struct flow_step cursor_steps[] = {
    {"ask_mine", ask_mine}, {"raise_cursor", raise_cursor}, {"answer", answer_cursor}};

static void set_cursor(struct rooms *rooms, struct rooms_cursor_op *op)
{
    struct mine *m = call_create(store_of(rooms), sizeof(*m), &op->op);
    op->rose = false;
    if (m) {
        m->read = op;
        m->user = &op->user;
        m->room = &op->room;
        call_start(&m->call, cursor_steps, FLOW_STEPS(cursor_steps));
    }
}

/* ---- the door */

struct door {
    struct call call; /* first */
    struct rooms_door_op *op;
    struct cql_ask ask;
};

static void ask_door(struct flow *flow)
{
    struct door *d = (struct door *)flow;
    struct cql_writer *values = store_begin(d->call.store, &d->ask, STORE_DOOR_GET);
    cql_put_uuid(values, d->op->room);
    call_ask(&d->call, &d->ask);
}

static void ask_room(struct flow *flow)
{
    struct door *d = (struct door *)flow;
    if (!cql_ask_next(&d->ask)) {
        flow_fail(flow, ERR_NOT_FOUND);
        return;
    }
    room_row_ask(d->call.store, &d->ask, &d->op->room);
    call_ask(&d->call, &d->ask);
}

static bool has_door(const struct stored_room *room)
{
    return room->meta_seq > 0 && room->meta.kind == cht_room_kind_channel &&
           room->meta.visibility == cht_visibility_public && !room->meta.deleted;
}

static void answer_door(struct flow *flow)
{
    struct door *d = (struct door *)flow;
    struct stored_room room = {0};
    enum err err = flow->err == OK ? room_first(&d->ask, &d->op->arena, &room) : flow->err;
    err = err == OK && !has_door(&room) ? ERR_NOT_FOUND : err;
    d->op->meta = err == OK ? room.meta : (struct room_meta){0};
    d->op->head = err == OK ? room.head : (struct room_head){0};
    cql_ask_deinit(&d->ask);
    call_end(&d->call, err);
}

static const struct flow_step door_steps[] = {
    {"ask_door", ask_door}, {"ask_room", ask_room}, {"answer", answer_door}};

static void door(struct rooms *rooms, struct rooms_door_op *op)
{
    struct door *d = call_create(store_of(rooms), sizeof(*d), &op->op);
    arena_reset(&op->arena);
    if (d) {
        d->op = op;
        call_start(&d->call, door_steps, FLOW_STEPS(door_steps));
    }
}

/* ---- one member */

struct one_member {
    struct call call; /* first */
    struct rooms_member_op *op;
    struct cql_ask ask;
};

static void ask_member(struct flow *flow)
{
    struct one_member *m = (struct one_member *)flow;
    member_row_ask(m->call.store, &m->ask, &m->op->room, &m->op->user);
    call_ask(&m->call, &m->ask);
}

static void answer_member(struct flow *flow)
{
    struct one_member *m = (struct one_member *)flow;
    struct stored_member row = {0};
    enum err err = flow->err == OK ? member_first(&m->ask, &row) : flow->err;
    if (err == OK && row.is_there) {
        m->op->member = member_shown(&row);
    } else if (err == OK) {
        err = ERR_NOT_FOUND;
    }
    cql_ask_deinit(&m->ask);
    call_end(&m->call, err);
}

static const struct flow_step member_steps[] = {
    {"ask_member", ask_member}, {"answer", answer_member}};

static void member(struct rooms *rooms, struct rooms_member_op *op)
{
    struct one_member *m = call_create(store_of(rooms), sizeof(*m), &op->op);
    if (m) {
        m->op = op;
        call_start(&m->call, member_steps, FLOW_STEPS(member_steps));
    }
}

/* ---- the port */

#define PORT(name, op_type, run)                                                                   \
    static void name(struct rooms *rooms, struct op_type *op)                                      \
    {                                                                                              \
        run(store_of(rooms), op);                                                                  \
    }

PORT(load, rooms_load_op, entries_load)
PORT(members, rooms_members_op, lists_members)
PORT(of_user, rooms_of_user_op, lists_of_user)
PORT(find_public, rooms_public_op, lists_find_public)
PORT(claim_name, rooms_name_op, names_claim)
PORT(circles, rooms_circles_op, circles_get)

static void crowded(struct rooms *rooms, struct rooms_crowded_op *op)
{
    CHECK(op->user_count <= ROOMS_CROWDED_MAX);
    circles_crowded(store_of(rooms), op);
}

static uint64_t stamp(struct rooms *rooms, const struct cht_id *user)
{
    return stamps_shared_get(store_of(rooms)->shared->rooms, user);
}

static const struct rooms_ops ops = {
    .load = load,
    .members = members,
    .member = member,
    .of_user = of_user,
    .one_of_user = one_of_user,
    .door = door,
    .circles = circles,
    .crowded = crowded,
    .find_public = find_public,
    .set_cursor = set_cursor,
    .claim_name = claim_name,
    .stamp = stamp,
};

struct rooms *rooms_cassandra_create(struct cassandra *store)
{
    struct rooms_cassandra *rooms = mem_new(sizeof(*rooms));
    *rooms = (struct rooms_cassandra){{&ops}, store};
    return &rooms->rooms;
}

void rooms_cassandra_destroy(struct rooms *rooms)
{
    mem_free(rooms);
}
