/* write_members - memberships of a batch.
 *
 * What a change makes of a member depends on what there was, so their rows are read first; the one
 * who writes a room is alone. The row of the room is the truth, the one of the user's list a copy,
 * written every time, so that a batch that was cut short is made whole by its repeat.
 *
 * Happy path: read, apply in order, write both rows of each. A room that is over ends its members
 * page by page. How it fails: as Cassandra does. */

#include "base/check.h"
#include "cassandra/write_inner.h"

#define END_PAGE 256u

static const uint64_t secrets[2][2] = {{11, 12}, {13, 14}};

static struct map_key key_of(const struct cht_id *room, const struct cht_id *user)
{
    struct cht_id both[2] = {*room, *user};
    return (struct map_key){
        {map_hash(secrets[0], both, sizeof(both)), map_hash(secrets[1], both, sizeof(both))}};
}

static struct write_member *find(
    const struct write *write, const struct cht_id *room, const struct cht_id *user)
{
    uint32_t place = map_find(&write->member_places, key_of(room, user));
    return place == MAP_NONE ? NULL : &write->members[place];
}

static void need(struct write *write, const struct cht_id *room, const struct cht_id *user)
{
    if (find(write, room, user)) {
        return;
    }
    write->members =
        arena_grown(&write->arena, write->members, write->member_count, sizeof(*write->members));
    write->members[write->member_count] = (struct write_member){.room = *room, .user = *user};
    CHECK(map_put(&write->member_places, key_of(room, user), write->member_count));
    write->member_count++;
}

void write_find_members(struct write *write)
{
    const struct history_write_op *op = write->op;
    map_init(&write->member_places, op->count + 1, secrets[0]);
    write->counts = arena_array(&write->arena, op->count, sizeof(*write->counts));
    for (uint32_t i = 0; i < op->count; i++) {
        const struct history_change *change = &op->changes[i];
        if (change->kind == CHANGE_MEMBER) {
            need(write, &change->room, &change->member->user);
        } else if (change->kind == CHANGE_MENTION) {
            need(write, &change->room, &change->user);
        }
    }
}

/* ---- reading: members, and what their rooms are, which those of one room ask once */

static bool ask_member(struct many *many, struct cql_ask *ask, uint32_t number)
{
    const struct write *write = container_of(many, struct write, many);
    if (number == write->question_count) {
        return false;
    }
    const struct write_member *member = &write->members[write->questions[number].member];
    if (write->questions[number].of_room) {
        room_row_ask(many->store, ask, &member->room);
    } else {
        member_row_ask(many->store, ask, &member->room, &member->user);
    }
    return true;
}

static enum err take_member(struct many *many, struct cql_ask *ask, uint32_t number)
{
    struct write *write = container_of(many, struct write, many);
    struct write_member *member = &write->members[write->questions[number].member];
    if (!write->questions[number].of_room) {
        return member_first(ask, &member->row);
    }
    struct stored_room room;
    enum err err = room_first(ask, &write->arena, &room);
    member->kind = room.meta.kind;
    return err;
}

static bool is_first_of_room(const struct write *write, uint32_t i)
{
    return i == 0 || !cht_id_equal(&write->members[i].room, &write->members[i - 1].room);
}

void write_read_members(struct flow *flow)
{
    struct write *write = (struct write *)flow;
    write->questions =
        arena_array(&write->arena, write->member_count * 2, sizeof(*write->questions));
    for (uint32_t i = 0; i < write->member_count; i++) {
        write->questions[write->question_count++] = (struct write_question){i, false};
        if (is_first_of_room(write, i)) {
            write->questions[write->question_count++] = (struct write_question){i, true};
        }
    }
    if (write->question_count) {
        write->many.ask = ask_member;
        write->many.take = take_member;
        many_ask(&write->many, write->call.store, &flow->asker, write->question_count);
    }
}

/* ---- applying */

/* Who was a member before keeps where they began. */
static void apply(struct write_member *member, const struct history_change *change)
{
    struct stored_member *row = &member->row;
    member->is_changed = true;
    if (row->is_there && row->member.changed_seq >= change->member->changed_seq) {
        return;
    }
    bool keeps = row->is_there && member_is_mine(row);
    uint64_t joined_seq = row->member.joined_seq;
    row->member = *change->member;
    row->member.read_n = 0;
    row->hidden_seq = change->hidden ? change->member->changed_seq : 0;
    row->is_there = true;
    if (keeps && member_is_mine(row)) {
        row->member.joined_seq = joined_seq;
    } else {
        row->joined_n = change->read_n;
    }
}

static void apply_all(struct write *write)
{
    const struct history_write_op *op = write->op;
    for (uint32_t i = 0; i < op->count; i++) {
        const struct history_change *change = &op->changes[i];
        if (change->kind == CHANGE_MEMBER) {
            apply(find(write, &change->room, &change->member->user), change);
        } else if (change->kind == CHANGE_MENTION) {
            const struct write_member *member = find(write, &change->room, &change->user);
            write->counts[i] =
                member_is_mine(&member->row) && member->row.member.joined_seq <= change->seq;
        }
    }
}

static bool ask_write(struct many *many, struct cql_ask *ask, uint32_t number)
{
    struct write *write = container_of(many, struct write, many);
    (void)number;
    while (write->member_at < write->member_count * 2) {
        const struct write_member *member = &write->members[write->member_at / 2];
        bool second = write->member_at++ % 2 == 1;
        if (!member->is_changed) {
            continue;
        }
        if (second) {
            mine_put(many->store, ask, &member->room, member->kind, &member->row);
        } else {
            member_put(many->store, ask, &member->room, &member->row);
        }
        return true;
    }
    return false;
}

void write_apply_members(struct flow *flow)
{
    struct write *write = (struct write *)flow;
    for (uint32_t i = 0; i < write->member_count; i++) {
        if (!is_first_of_room(write, i)) {
            write->members[i].kind = write->members[i - 1].kind;
        }
    }
    apply_all(write);
    if (write->member_count) {
        write->many.ask = ask_write;
        write->many.take = NULL;
        many_ask(&write->many, write->call.store, &flow->asker, write->member_count * 2);
    }
}

/* ---- rooms that are over */

static void ask_page(struct write *write, const struct history_change *change)
{
    struct cql_writer *values = store_begin(write->call.store, &write->ask, STORE_MEMBERS_GET);
    cql_put_uuid(values, change->room);
    cql_put_uuid(values, write->after);
    write->ask.page_rows = END_PAGE;
    call_ask(&write->call, &write->ask);
}

static enum err take_page(struct write *write, const struct history_change *change)
{
    write->ended_count = 0;
    enum err err = OK;
    while (err == OK && cql_ask_next(&write->ask)) {
        struct write_member *ended = &write->ended[write->ended_count];
        *ended = (struct write_member){.room = change->room};
        err = member_take(&write->ask, &ended->row);
        struct room_member *member = &ended->row.member;
        bool ends = member_is_mine(&ended->row) && member->changed_seq < change->seq;
        write->after = member->user;
        write->ended_count += ends || member->changed_seq == change->seq;
        if (ends) {
            member->role = cht_role_none;
            member->state = cht_member_state_left;
            member->changed_seq = change->seq;
            ended->row.hidden_seq = 0;
        }
    }
    write->has_page = write->ask.next_page.size > 0;
    return err;
}

static bool ask_end(struct many *many, struct cql_ask *ask, uint32_t number)
{
    const struct write *write = container_of(many, struct write, many);
    if (number / 2 == write->ended_count) {
        return false;
    }
    const struct write_member *ended = &write->ended[number / 2];
    if (number % 2 == 0) {
        member_put(many->store, ask, &ended->room, &ended->row);
    } else {
        mine_put(many->store, ask, &ended->room, ended->kind, &ended->row);
    }
    return true;
}

/* The next change that ends a room, from `at` on; NULL: there is none. */
static const struct history_change *next_end(struct write *write)
{
    const struct history_write_op *op = write->op;
    while (write->at < op->count && op->changes[write->at].kind != CHANGE_ROOM_GONE) {
        write->at++;
    }
    return write->at < op->count ? &op->changes[write->at] : NULL;
}

enum { END_ASK, END_WRITE, END_NEXT };

void write_end_rooms(struct flow *flow)
{
    struct write *write = (struct write *)flow;
    const struct history_change *change = next_end(write);
    if (!change) {
        return;
    }
    if (write->phase == END_ASK) {
        write->ended = write->ended ? write->ended
                                    : arena_array(&write->arena, END_PAGE, sizeof(*write->ended));
        ask_page(write, change);
        write->phase = END_WRITE;
    } else if (write->phase == END_WRITE) {
        enum err err = take_page(write, change);
        if (err != OK) {
            flow_fail(flow, err);
            return;
        }
        write->many.ask = ask_end;
        write->many.take = NULL;
        many_ask(&write->many, write->call.store, &flow->asker, write->ended_count * 2);
        write->phase = END_NEXT;
    } else {
        write->phase = END_ASK;
        if (!write->has_page) {
            write->after = (struct cht_id){{0}};
            write->at++;
        }
    }
    flow_again(flow);
}
