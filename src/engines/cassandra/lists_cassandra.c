/* lists_cassandra - members of a room, rooms of a user, public rooms.
 *
 * Happy path: one partition has the list, in order; what else is to be told of its rows is asked
 * for many of them at a time. How it fails: as Cassandra does. */

#include "base/fold.h"
#include "cassandra/call.h"
#include "cassandra/rooms_lists.h"

#define LIST_PAGE_ROWS 1000u
#define NAMES_MORE 8u /* than are wanted: some belong to rooms that are gone */

static uint32_t page_rows(uint32_t limit)
{
    return limit < LIST_PAGE_ROWS ? limit + 1 : LIST_PAGE_ROWS;
}

/* ---- members */

struct room_member member_shown(const struct stored_member *member)
{
    struct room_member shown = member->member;
    if (shown.state != cht_member_state_joined) {
        shown.role = cht_role_none;
    }
    return shown;
}

struct members {
    struct call call; /* first */
    struct rooms_members_op *op;
    struct cql_ask ask;
    struct many many; /* cursors */
};

static void ask_members(struct flow *flow)
{
    struct members *m = (struct members *)flow;
    struct cql_writer *values = store_begin(m->call.store, &m->ask, STORE_MEMBERS_GET);
    cql_put_uuid(values, m->op->room);
    cql_put_uuid(values, m->op->after);
    m->ask.page_rows = page_rows(m->op->limit);
    call_ask(&m->call, &m->ask);
}

static void take_members(struct flow *flow)
{
    struct members *m = (struct members *)flow;
    struct rooms_members_op *op = m->op;
    enum err err = OK;
    while (err == OK && !op->more && cql_ask_next(&m->ask)) {
        struct stored_member row;
        err = member_take(&m->ask, &row);
        if (op->joined_only && row.member.state != cht_member_state_joined) {
            continue;
        }
        op->more = op->count == op->limit;
        if (!op->more) {
            op->members = arena_grown(&op->arena, op->members, op->count, sizeof(*op->members));
            op->members[op->count] = member_shown(&row);
            op->members[op->count++].read_n = op->joined_only ? row.joined_n : 0;
        }
    }
    if (err != OK) {
        flow_fail(flow, err);
    } else if (!op->more) {
        call_more(&m->call, &m->ask);
    }
}

static bool ask_cursor(struct many *many, struct cql_ask *ask, uint32_t number)
{
    const struct rooms_members_op *op = container_of(many, struct members, many)->op;
    if (number == op->count) {
        return false;
    }
    cursor_row_ask(many->store, ask, &op->members[number].user, &op->room);
    return true;
}

static enum err take_cursor(struct many *many, struct cql_ask *ask, uint32_t number)
{
    struct room_member *member = &container_of(many, struct members, many)->op->members[number];
    struct stored_cursor cursor;
    enum err err = cursor_first(ask, &cursor);
    member->read_n = cursor.read_n > member->read_n ? cursor.read_n : member->read_n;
    return err;
}

static void ask_cursors(struct flow *flow)
{
    struct members *m = (struct members *)flow;
    if (m->op->joined_only) {
        m->many.ask = ask_cursor;
        m->many.take = take_cursor;
        many_ask(&m->many, m->call.store, &flow->asker, m->op->count);
    }
}

static void answer_members(struct flow *flow)
{
    struct members *m = (struct members *)flow;
    cql_ask_deinit(&m->ask);
    many_deinit(&m->many);
    call_end(&m->call, flow->err);
}

static const struct flow_step members_steps[] = {{"ask_members", ask_members},
    {"take_members", take_members}, {"ask_cursors", ask_cursors}, {"answer", answer_members}};

void lists_members(struct cassandra *store, struct rooms_members_op *op)
{
    struct members *m = call_create(store, sizeof(*m), &op->op);
    arena_reset(&op->arena);
    op->members = NULL;
    op->count = 0;
    op->more = false;
    if (m) {
        m->op = op;
        call_start(&m->call, members_steps, FLOW_STEPS(members_steps));
    }
}

/* ---- rooms of a user */

struct of_user {
    struct call call; /* first */
    struct rooms_of_user_op *op;
    struct cql_ask ask, cursors_ask;
    struct arena arena;
    struct stored_mine *mine;
    struct cht_id *ids;
    uint32_t count;
    struct rooms_read read;
    struct stored_cursor *cursors; /* ascending as the rooms are, of some of them */
    uint32_t cursor_count;
};

static void ask_mine(struct flow *flow)
{
    struct of_user *u = (struct of_user *)flow;
    struct cql_writer *values = store_begin(u->call.store, &u->ask, STORE_MINE_LIST);
    cql_put_uuid(values, u->op->user);
    cql_put_uuid(values, u->op->after);
    u->ask.page_rows = page_rows(u->op->limit);
    call_ask(&u->call, &u->ask);
}

static void take_mine(struct flow *flow)
{
    struct of_user *u = (struct of_user *)flow;
    enum err err = OK;
    while (err == OK && !u->op->more && cql_ask_next(&u->ask)) {
        u->op->more = u->count == u->op->limit;
        if (!u->op->more) {
            u->mine = arena_grown(&u->arena, u->mine, u->count, sizeof(*u->mine));
            err = mine_take(&u->ask, &u->mine[u->count++]);
        }
    }
    if (err != OK) {
        flow_fail(flow, err);
    } else if (!u->op->more) {
        call_more(&u->call, &u->ask);
    }
}

/* Those of the rooms of this page; a node that connects somebody has no use for them. */
static void ask_cursors_of_user(struct of_user *u)
{
    struct cql_writer *values = store_begin(u->call.store, &u->cursors_ask, STORE_CURSORS_GET);
    cql_put_uuid(values, u->op->user);
    cql_put_uuid(values, u->op->after);
    cql_put_uuid(values, u->ids[u->count - 1]);
    u->cursors_ask.page_rows = LIST_PAGE_ROWS;
    call_ask(&u->call, &u->cursors_ask);
}

static void ask_rest(struct flow *flow)
{
    struct of_user *u = (struct of_user *)flow;
    if (u->count == 0) {
        return;
    }
    u->ids = arena_array(&u->arena, u->count, sizeof(*u->ids));
    for (uint32_t i = 0; i < u->count; i++) {
        u->ids[i] = u->mine[i].room;
    }
    u->read.arena = &u->op->arena;
    rooms_read(&u->read, u->call.store, &flow->asker, u->ids, u->count);
    if (!u->op->brief) {
        ask_cursors_of_user(u);
    }
}

static void take_cursors(struct flow *flow)
{
    struct of_user *u = (struct of_user *)flow;
    enum err err = OK;
    while (err == OK && u->count && !u->op->brief && cql_ask_next(&u->cursors_ask)) {
        u->cursors = arena_grown(&u->arena, u->cursors, u->cursor_count, sizeof(*u->cursors));
        err = cursor_take(&u->cursors_ask, &u->cursors[u->cursor_count++]);
    }
    if (err != OK) {
        flow_fail(flow, err);
        return;
    }
    call_more(&u->call, &u->cursors_ask);
}

/* Both are in one order, so a cursor that is no longer of a room is passed once. */
static const struct stored_cursor *cursor_of(
    const struct of_user *u, const struct cht_id *room, uint32_t *at)
{
    for (uint32_t i = *at; i < u->cursor_count; i++) {
        if (cht_id_equal(&u->cursors[i].room, room)) {
            *at = i + 1;
            return &u->cursors[i];
        }
    }
    return NULL;
}

/* Members of a room that is over are taken out of it one after the other. */
static void fill_rooms(struct of_user *u)
{
    struct rooms_of_user_op *op = u->op;
    uint32_t at = 0;
    op->rooms = arena_array(&op->arena, u->count, sizeof(*op->rooms));
    for (uint32_t i = 0; i < u->count; i++) {
        const struct stored_cursor *cursor = cursor_of(u, &u->mine[i].room, &at);
        if (u->read.rooms[i].gone_seq <= u->mine[i].changed_seq) {
            room_of_user_fill(&u->mine[i], &u->read.rooms[i], cursor, &op->rooms[op->count++]);
        }
    }
}

static void answer_of_user(struct flow *flow)
{
    struct of_user *u = (struct of_user *)flow;
    if (flow->err == OK) {
        fill_rooms(u);
    }
    cql_ask_deinit(&u->ask);
    cql_ask_deinit(&u->cursors_ask);
    many_deinit(&u->read.many);
    arena_deinit(&u->arena);
    call_end(&u->call, flow->err);
}

static const struct flow_step of_user_steps[] = {
    {"ask_mine", ask_mine},
    {"take_mine", take_mine},
    {"ask_rest", ask_rest},
    {"take_cursors", take_cursors},
    {"answer", answer_of_user},
};

void lists_of_user(struct cassandra *store, struct rooms_of_user_op *op)
{
    struct of_user *u = call_create(store, sizeof(*u), &op->op);
    arena_reset(&op->arena);
    op->rooms = NULL;
    op->count = 0;
    op->more = false;
    if (u) {
        u->op = op;
        call_start(&u->call, of_user_steps, FLOW_STEPS(of_user_steps));
    }
}

/* ---- public rooms */

enum find_phase { ASK_NAMES, ASK_ROOMS, TAKE_ROOMS };

struct find {
    struct call call; /* first */
    struct rooms_public_op *op;
    struct cql_ask ask;
    struct arena arena;
    enum find_phase phase;
    struct cht_str prefix, end;
    struct cht_str *names; /* of this piece */
    struct cht_id *ids;
    uint32_t count;
    struct rooms_read read;
};

/* Behind the last name of the page before, or behind what is before every name that begins so. */
static void ask_names(struct find *f)
{
    if (f->ask.next_page.size) {
        cql_client_ask_page(f->call.store->client, &f->call.flow.asker, &f->ask);
        return;
    }
    static const struct cht_id first;
    struct cht_id last;
    __builtin_memset(&last, 0xff, sizeof(last));
    bool goes_on = f->op->after.size > 0;
    struct cql_writer *values = store_begin(f->call.store, &f->ask, STORE_PUBLIC_FIND);
    cql_put_text(values, goes_on ? f->op->after : f->prefix);
    cql_put_uuid(values, goes_on ? last : first);
    cql_put_text(values, f->end);
    f->ask.page_rows = page_rows(f->op->limit) + NAMES_MORE;
    call_ask(&f->call, &f->ask);
}

static void ask_rooms(struct find *f)
{
    struct cells cells = {.ask = &f->ask};
    f->names = NULL;
    f->ids = NULL;
    f->count = 0;
    while (cql_ask_next(&f->ask)) {
        f->names = arena_grown(&f->arena, f->names, f->count, sizeof(*f->names));
        f->ids = arena_grown(&f->arena, f->ids, f->count, sizeof(*f->ids));
        f->names[f->count] = cells_text(&cells, 0, &f->arena);
        f->ids[f->count++] = cells_id(&cells, 1);
    }
    if (cells.bad) {
        flow_fail(&f->call.flow, ERR_CORRUPT);
        return;
    }
    f->read.arena = &f->op->arena;
    rooms_read(&f->read, f->call.store, &f->call.flow.asker, f->ids, f->count);
}

/* The list may be behind or ahead of the rooms; what the room says counts. */
static void take_rooms(struct find *f)
{
    struct rooms_public_op *op = f->op;
    for (uint32_t i = 0; i < f->count && !op->more; i++) {
        const struct stored_room *room = &f->read.rooms[i];
        if (!room->is_there || room->meta.deleted ||
            !cht_str_equal(room->public_name, f->names[i])) {
            continue;
        }
        op->more = op->count == op->limit;
        if (!op->more) {
            op->rooms[op->count++] = (struct room_of_user){.meta = room->meta, .head = room->head};
        }
    }
}

static void find_more(struct flow *flow)
{
    struct find *f = (struct find *)flow;
    if (f->phase == TAKE_ROOMS) {
        take_rooms(f);
        if (f->op->more || !f->ask.next_page.size) {
            return;
        }
        f->phase = ASK_NAMES;
    }
    if (f->phase == ASK_NAMES) {
        ask_names(f);
    } else {
        ask_rooms(f);
    }
    f->phase++;
    flow_again(flow);
}

static void answer_found(struct flow *flow)
{
    struct find *f = (struct find *)flow;
    cql_ask_deinit(&f->ask);
    many_deinit(&f->read.many);
    arena_deinit(&f->arena);
    call_end(&f->call, flow->err);
}

static const struct flow_step find_steps[] = {{"find_more", find_more}, {"answer", answer_found}};

void lists_find_public(struct cassandra *store, struct rooms_public_op *op)
{
    struct find *f = call_create(store, sizeof(*f), &op->op);
    arena_reset(&op->arena);
    op->rooms = arena_array(&op->arena, op->limit, sizeof(*op->rooms));
    op->count = 0;
    op->more = false;
    if (!f) {
        return;
    }
    f->op = op;
    f->prefix = name_fold_prefix(&f->arena, op->prefix);
    char *end = arena_take(&f->arena, f->prefix.size + 4u);
    if (f->prefix.size) {
        __builtin_memcpy(end, f->prefix.at, f->prefix.size);
    }
    /* No name has this code point, which is behind all others. */
    __builtin_memcpy(end + f->prefix.size, "\xf4\x8f\xbf\xbf", 4);
    f->end = (struct cht_str){end, f->prefix.size + 4};
    call_start(&f->call, find_steps, FLOW_STEPS(find_steps));
}
