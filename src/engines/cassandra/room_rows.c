/* room_rows - see the header. Happy path: columns become members of structs. How it fails: a row
 * that is not of these tables is CORRUPT. */

#include "cassandra/room_rows.h"

static struct room_meta meta_of(struct cells *cells, struct arena *arena)
{
    return (struct room_meta){
        .room = cells_id(cells, 0),
        .kind = (enum cht_room_kind)cells_u64(cells, 1),
        .visibility = (enum cht_visibility)cells_u64(cells, 2),
        .posting = (enum cht_who)cells_u64(cells, 3),
        .adding = (enum cht_who)cells_u64(cells, 4),
        .history = (enum cht_history_from)cells_u64(cells, 5),
        .name = cells_text(cells, 6, arena),
        .topic = cells_text(cells, 7, arena),
        .creator = cells_id(cells, 8),
        .pair = {cells_id(cells, 9), cells_id(cells, 10)},
        .created = cells_u64(cells, 11),
        .deleted = cells_flag(cells, 12),
    };
}

static struct room_head head_of(struct cells *cells, struct arena *arena)
{
    struct room_head head = {
        .seq = cells_u64(cells, 13),
        .n = cells_u64(cells, 14),
        .ts = cells_u64(cells, 15),
        .loud_seq = cells_u64(cells, 16),
        .members = cells_u64(cells, 17),
        .last_seq = cells_u64(cells, 19),
        .last_from = cells_id(cells, 20),
        .last_ts = cells_u64(cells, 21),
        .last_text = cells_text(cells, 22, arena),
        .last_deleted = cells_flag(cells, 23),
    };
    cells_bytes(cells, 18, head.cause.bytes, sizeof(head.cause.bytes));
    return head;
}

enum err room_take(const struct cql_ask *ask, struct arena *arena, struct stored_room *ret_room)
{
    struct cells cells = {.ask = ask};
    *ret_room = (struct stored_room){
        .meta = meta_of(&cells, arena),
        .head = head_of(&cells, arena),
        .meta_seq = cells_u64(&cells, 24),
        .gone_seq = cells_u64(&cells, 25),
        .sent_seq = cells_u64(&cells, 26),
        .public_name = cells_text(&cells, 27, arena),
        .is_there = true,
    };
    ret_room->meta.deleted |= ret_room->gone_seq > 0;
    return cells_err(&cells);
}

enum err member_take(const struct cql_ask *ask, struct stored_member *ret_member)
{
    struct cells cells = {.ask = ask};
    *ret_member = (struct stored_member){
        .member = {.user = cells_id(&cells, 0),
            .role = (enum cht_role)cells_u64(&cells, 1),
            .state = (enum cht_member_state)cells_u64(&cells, 2),
            .joined_seq = cells_u64(&cells, 3),
            .muted_until = cells_u64(&cells, 5),
            .changed_seq = cells_u64(&cells, 6)},
        .joined_n = cells_u64(&cells, 4),
        .hidden_seq = cells_u64(&cells, 7),
        .is_there = true,
    };
    return cells_err(&cells);
}

enum err mine_take(const struct cql_ask *ask, struct stored_mine *ret_mine)
{
    struct cells cells = {.ask = ask};
    *ret_mine = (struct stored_mine){
        .room = cells_id(&cells, 0),
        .kind = (enum cht_room_kind)cells_u64(&cells, 1),
        .role = (enum cht_role)cells_u64(&cells, 2),
        .joined_seq = cells_u64(&cells, 3),
        .joined_n = cells_u64(&cells, 4),
        .changed_seq = cells_u64(&cells, 5),
        .hidden_seq = cells_u64(&cells, 6),
        .is_there = true,
    };
    return cells_err(&cells);
}

enum err cursor_take(const struct cql_ask *ask, struct stored_cursor *ret_cursor)
{
    struct cells cells = {.ask = ask};
    *ret_cursor = (struct stored_cursor){
        .room = cells_id(&cells, 0),
        .read_n = cells_u64(&cells, 1),
        .mention_n = cells_u64(&cells, 2),
    };
    return cells_err(&cells);
}

/* ---- one row */

void room_row_ask(struct cassandra *store, struct cql_ask *ask, const struct cht_id *room)
{
    struct cql_writer *values = store_begin(store, ask, STORE_ROOM_GET);
    cql_put_uuid(values, *room);
}

static void ask_pair(struct cassandra *store, struct cql_ask *ask, enum store_statement statement,
    const struct cht_id keys[2])
{
    struct cql_writer *values = store_begin(store, ask, statement);
    cql_put_uuid(values, keys[0]);
    cql_put_uuid(values, keys[1]);
}

void member_row_ask(struct cassandra *store, struct cql_ask *ask, const struct cht_id *room,
    const struct cht_id *user)
{
    ask_pair(store, ask, STORE_MEMBER_GET, (struct cht_id[2]){*room, *user});
}

void mine_row_ask(struct cassandra *store, struct cql_ask *ask, const struct cht_id *user,
    const struct cht_id *room)
{
    ask_pair(store, ask, STORE_MINE_GET, (struct cht_id[2]){*user, *room});
}

void cursor_row_ask(struct cassandra *store, struct cql_ask *ask, const struct cht_id *user,
    const struct cht_id *room)
{
    ask_pair(store, ask, STORE_CURSOR_GET, (struct cht_id[2]){*user, *room});
}

enum err room_first(struct cql_ask *ask, struct arena *arena, struct stored_room *ret_room)
{
    *ret_room = (struct stored_room){0};
    return cql_ask_next(ask) ? room_take(ask, arena, ret_room) : OK;
}

enum err member_first(struct cql_ask *ask, struct stored_member *ret_member)
{
    *ret_member = (struct stored_member){0};
    return cql_ask_next(ask) ? member_take(ask, ret_member) : OK;
}

enum err mine_first(struct cql_ask *ask, struct stored_mine *ret_mine)
{
    *ret_mine = (struct stored_mine){0};
    return cql_ask_next(ask) ? mine_take(ask, ret_mine) : OK;
}

enum err cursor_first(struct cql_ask *ask, struct stored_cursor *ret_cursor)
{
    *ret_cursor = (struct stored_cursor){0};
    return cql_ask_next(ask) ? cursor_take(ask, ret_cursor) : OK;
}

/* ---- what they mean */

bool member_is_mine(const struct stored_member *member)
{
    return member->member.state == cht_member_state_joined || member->hidden_seq > 0;
}

void room_of_user_fill(const struct stored_mine *mine, const struct stored_room *room,
    const struct stored_cursor *cursor, struct room_of_user *ret_room)
{
    uint64_t read_n = cursor ? cursor->read_n : 0;
    uint64_t mention_n = cursor ? cursor->mention_n : 0;
    *ret_room = (struct room_of_user){
        .meta = room->meta,
        .head = room->head,
        .role = mine->role,
        .joined_seq = mine->joined_seq,
        .read_n = read_n > mine->joined_n ? read_n : mine->joined_n,
        .last_mention_n = mention_n > mine->joined_n ? mention_n : 0,
        .hidden = mine->hidden_seq > room->sent_seq,
    };
    ret_room->meta.room = mine->room;
}

/* ---- writing */

void member_put(struct cassandra *store, struct cql_ask *ask, const struct cht_id *room,
    const struct stored_member *member)
{
    const struct room_member *row = &member->member;
    struct cql_writer *values = store_begin(store, ask, STORE_MEMBER_PUT);
    cql_put_uuid(values, *room);
    cql_put_uuid(values, row->user);
    cells_put_u64(values, row->role);
    cells_put_u64(values, row->state);
    cells_put_u64(values, row->joined_seq);
    cells_put_u64(values, member->joined_n);
    cells_put_u64(values, row->muted_until);
    cells_put_u64(values, row->changed_seq);
    cells_put_u64(values, member->hidden_seq);
    cells_put_u64(values, row->changed_seq);
}

void mine_put(struct cassandra *store, struct cql_ask *ask, const struct cht_id *room,
    enum cht_room_kind kind, const struct stored_member *member)
{
    const struct room_member *row = &member->member;
    if (!member_is_mine(member)) {
        struct cql_writer *values = store_begin(store, ask, STORE_MINE_DROP);
        cells_put_u64(values, row->changed_seq);
        cql_put_uuid(values, row->user);
        cql_put_uuid(values, *room);
        return;
    }
    struct cql_writer *values = store_begin(store, ask, STORE_MINE_PUT);
    cql_put_uuid(values, row->user);
    cql_put_uuid(values, *room);
    cells_put_u64(values, kind);
    cells_put_u64(values, row->role);
    cells_put_u64(values, row->joined_seq);
    cells_put_u64(values, member->joined_n);
    cells_put_u64(values, row->changed_seq);
    cells_put_u64(values, member->hidden_seq);
    cells_put_u64(values, row->changed_seq);
}

/* ---- many */

static bool ask_room(struct many *many, struct cql_ask *ask, uint32_t number)
{
    const struct rooms_read *read = (struct rooms_read *)many;
    if (number == read->count) {
        return false;
    }
    room_row_ask(many->store, ask, &read->ids[number]);
    return true;
}

static enum err take_room(struct many *many, struct cql_ask *ask, uint32_t number)
{
    const struct rooms_read *read = (struct rooms_read *)many;
    return room_first(ask, read->arena, &read->rooms[number]);
}

void rooms_read(struct rooms_read *read, struct cassandra *store, struct asker *asker,
    const struct cht_id *ids, uint32_t count)
{
    read->many.ask = ask_room;
    read->many.take = take_room;
    read->ids = ids;
    read->count = count;
    read->rooms = arena_array(read->arena, count, sizeof(*read->rooms));
    many_ask(&read->many, store, asker, count);
}
