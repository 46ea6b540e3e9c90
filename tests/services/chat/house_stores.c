/* house_stores - rooms, history, accounts and sessions, as a test filled them in. Happy path: a
 * question is answered later in the turn, or when the test says so. How it fails: by an assertion.
 */

#include "house_inner.h"

#include <string.h>

static struct house *of_rooms(struct rooms *rooms)
{
    return container_of(rooms, struct house, rooms);
}

static void load_here(struct rooms *rooms, struct rooms_load_op *op)
{
    struct house *house = of_rooms(rooms);
    house->loads++;
    bool known = cht_id_equal(&house->meta.room, &op->room);
    if (known) {
        op->meta = house->meta;
        op->head = house->head;
        op->cids = house->cids;
        op->cid_count = house->cid_count;
        op->cids_above = house->head.seq > ROOMS_CIDS_MIN ? house->head.seq - ROOMS_CIDS_MIN : 0;
        op->cids_above_ts = house->head.ts;
    }
    if (house->loads_wait) {
        house_wait(house, &op->op);
    } else {
        house_later(house, &op->op, house->load_err ? house->load_err : known ? OK : ERR_NOT_FOUND);
    }
}

static void members_here(struct rooms *rooms, struct rooms_members_op *op)
{
    struct house *house = of_rooms(rooms);
    op->members = house->members;
    op->count = house->member_count;
    op->more = false;
    house_later(house, &op->op, OK);
}

static void one_here(struct rooms *rooms, struct rooms_one_of_user_op *op)
{
    struct house *house = of_rooms(rooms);
    op->one = (struct room_of_user){.hidden = cht_id_equal(&house->hider, &op->user)};
    house_later(house, &op->op, OK);
}

static void crowded_here(struct rooms *rooms, struct rooms_crowded_op *op)
{
    struct house *house = of_rooms(rooms);
    house->facts++;
    for (uint32_t i = 0; i < op->user_count; i++) {
        op->crowded[i] = cht_id_equal(&op->users[i], &house->crowded);
    }
    house_later(house, &op->op, OK);
}

static void cursor_here(struct rooms *rooms, struct rooms_cursor_op *op)
{
    struct house *house = of_rooms(rooms);
    op->rose = op->read_n > house->cursor;
    house->cursor = op->rose ? op->read_n : house->cursor;
    op->read_n = house->cursor;
    house_later(house, &op->op, house->no_cursor ? ERR_NOT_FOUND : OK);
}

static void name_here(struct rooms *rooms, struct rooms_name_op *op)
{
    struct house *house = of_rooms(rooms);
    house_later(house, &op->op, house->name_taken ? ERR_TAKEN : OK);
}

static struct house *of_history(struct history *history)
{
    return container_of(history, struct house, history);
}

static void progress_here(struct history *history, struct history_progress_op *op)
{
    struct house *house = of_history(history);
    uint64_t newest = house_newest_index(&house->shard[op->shard]);
    op->progress.index = house->progress_index          ? house->progress_index
                         : house->stored_index < newest ? house->stored_index
                                                        : newest;
    house_later(house, &op->op, house->progress_err);
}

static void entries_here(struct history *history, struct history_entries_op *op)
{
    struct house *house = of_history(history);
    assert_int_equal(op->bound, HISTORY_AFTER);
    uint32_t first = 0;
    while (first < house->entry_count && house->entries[first].seq <= op->seq) {
        first++;
    }
    op->count = house->entry_count - first < op->limit ? house->entry_count - first : op->limit;
    op->entries = arena_copy(&op->arena, house->entries + first, op->count * sizeof(*op->entries));
    house_later(house, &op->op, OK);
}

static void message_here(struct history *history, struct history_message_op *op)
{
    struct house *house = of_history(history);
    house->facts++;
    bool known = house->message.seq == op->seq;
    op->message = house->message;
    house_later(house, &op->op, known ? OK : ERR_NOT_FOUND);
}

static void find_cid_here(struct history *history, struct history_find_cid_op *op)
{
    struct house *house = of_history(history);
    house->facts++;
    op->found = house->found;
    house_later(house, &op->op, house->found.seq ? OK : house->find_err);
}

static void get_here(struct users *users, struct users_get_op *op)
{
    struct house *house = container_of(users, struct house, users);
    house->facts++;
    op->users = arena_array(&op->arena, op->id_count ? op->id_count : 1, sizeof(*op->users));
    op->count = 0;
    for (uint32_t i = 0; i < op->id_count; i++) {
        if (!cht_id_equal(&op->ids[i], &house->missing)) {
            op->users[op->count++].id = op->ids[i];
        }
    }
    house_later(house, &op->op, OK);
}

static void blocking_here(struct users *users, struct users_blocking_op *op)
{
    struct house *house = container_of(users, struct house, users);
    house->facts++;
    for (uint32_t i = 0; i < op->id_count; i++) {
        op->blocking[i] = cht_id_equal(&op->ids[i], &house->blocker);
    }
    if (house->blocks_wait) {
        house_wait(house, &op->op);
    } else {
        house_later(house, &op->op, OK);
    }
}

static void online_here(struct sessions *sessions, struct sessions_online_op *op)
{
    struct house *house = container_of(sessions, struct house, sessions);
    op->online = arena_array(&op->arena, op->count, sizeof(*op->online));
    for (uint32_t i = 0; i < op->count; i++) {
        op->online[i].user = op->users[i];
        op->online[i].node_count = house->online_count;
        op->online[i].everywhere = house->online_everywhere;
        memcpy(op->online[i].nodes, house->online_nodes, sizeof(house->online_nodes));
    }
    house_later(house, &op->op, house->online_err);
}

void house_open_stores(struct house *house)
{
    static const struct rooms_ops rooms_ops = {.load = load_here,
        .members = members_here,
        .one_of_user = one_here,
        .crowded = crowded_here,
        .set_cursor = cursor_here,
        .claim_name = name_here};
    static const struct history_ops history_ops = {.progress = progress_here,
        .entries = entries_here,
        .message = message_here,
        .find_cid = find_cid_here};
    static const struct users_ops users_ops = {.get = get_here, .blocking = blocking_here};
    static const struct sessions_ops sessions_ops = {.online = online_here};
    house->rooms.ops = &rooms_ops;
    house->history.ops = &history_ops;
    house->users.ops = &users_ops;
    house->sessions.ops = &sessions_ops;
}
