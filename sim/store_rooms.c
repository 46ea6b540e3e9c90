/* store_rooms - the port rooms of the model.
 *
 * Happy path: rows are copied into the op's arena. How it fails: NOT_FOUND, TAKEN. */

#include <string.h>

#include "base/fold.h"
#include "heap.h"
#include "store_inner.h"

#define CLAIM_LIFE_MS (10u * 60u * 1000u)

static struct store_port *of(struct rooms *rooms)
{
    return (struct store_port *)rooms;
}

static struct store *store_of(const struct job *job)
{
    return ((struct store_port *)job->model)->store;
}

static void get_cids(const struct stored_room *room, struct rooms_load_op *op)
{
    uint32_t most = op->since_ts ? ROOMS_CIDS_MAX : ROOMS_CIDS_MIN;
    op->cids = arena_array(&op->arena, most, sizeof(*op->cids));
    for (uint32_t i = 0; i < room->entry_count && i < most; i++) {
        const struct stored_entry *row = &room->entries[room->entry_count - 1 - i];
        struct cht_entry entry = store_entry(room, row, &op->arena);
        bool enough = i >= ROOMS_CIDS_MIN && entry.ts < op->since_ts;
        op->cids_above = enough ? entry.seq : entry.seq - 1;
        op->cids_above_ts = entry.ts;
        if (enough) {
            break;
        }
        if (row->cid.size) {
            op->cids[op->cid_count++] =
                (struct room_cid){entry.by, entry.cid, entry.seq, entry.n, entry.ts, entry.content};
        }
    }
}

static enum err run_load(struct job *job)
{
    struct rooms_load_op *op = container_of(job->op, struct rooms_load_op, op);
    const struct stored_room *room = store_room(store_of(job), &op->room);
    arena_reset(&op->arena);
    op->cid_count = 0;
    op->cids_above = op->cids_above_ts = 0;
    if (!room || room->meta_seq == 0) {
        op->meta = (struct room_meta){0};
        op->head = (struct room_head){0};
        return ERR_NOT_FOUND;
    }
    op->meta = store_meta(room, &op->arena);
    op->head = store_head(room, &op->arena);
    get_cids(room, op);
    return OK;
}

static enum err run_members(struct job *job)
{
    struct rooms_members_op *op = container_of(job->op, struct rooms_members_op, op);
    const struct stored_room *room = store_room(store_of(job), &op->room);
    arena_reset(&op->arena);
    op->members = arena_array(&op->arena, op->limit, sizeof(*op->members));
    op->count = 0;
    op->more = false;
    for (uint32_t i = 0; room && i < room->member_count; i++) {
        const struct room_member *member = &room->members[i];
        bool wanted = !op->joined_only || member->state == cht_member_state_joined;
        if (!wanted || store_compare(&member->user, &op->after) <= 0) {
            continue;
        }
        if (op->count == op->limit) {
            op->more = true;
            break;
        }
        const struct stored_mine *mine = store_mine(store_of(job), &member->user, &op->room);
        op->members[op->count] = *member;
        op->members[op->count++].read_n = op->joined_only && mine ? mine->read_n : 0;
    }
    return OK;
}

static enum err run_member(struct job *job)
{
    struct rooms_member_op *op = container_of(job->op, struct rooms_member_op, op);
    const struct room_member *member =
        store_member(store_room(store_of(job), &op->room), &op->user);
    if (!member) {
        return ERR_NOT_FOUND;
    }
    op->member = *member;
    return OK;
}

static struct room_of_user one_of(
    const struct store *store, const struct stored_mine *mine, struct arena *arena)
{
    const struct stored_room *room = store_room(store, &mine->room);
    return (struct room_of_user){.meta = store_meta(room, arena),
        .head = store_head(room, arena),
        .role = mine->role,
        .joined_seq = mine->joined_seq,
        .read_n = mine->read_n,
        .last_mention_n = mine->mention_n,
        .hidden = mine->hidden};
}

static enum err run_of_user(struct job *job)
{
    struct rooms_of_user_op *op = container_of(job->op, struct rooms_of_user_op, op);
    const struct store *store = store_of(job);
    arena_reset(&op->arena);
    op->rooms = arena_array(&op->arena, op->limit, sizeof(*op->rooms));
    op->count = 0;
    op->more = false;
    for (uint32_t i = 0; i < store->mine_count; i++) {
        const struct stored_mine *mine = &store->mine[i];
        if (!cht_id_equal(&mine->user, &op->user) || store_compare(&mine->room, &op->after) <= 0) {
            continue;
        }
        if (op->count == op->limit) {
            op->more = true;
            break;
        }
        op->rooms[op->count++] = one_of(store, mine, &op->arena);
    }
    return OK;
}

static enum err run_one_of_user(struct job *job)
{
    struct rooms_one_of_user_op *op = container_of(job->op, struct rooms_one_of_user_op, op);
    const struct store *store = store_of(job);
    const struct stored_mine *mine = store_mine(store, &op->user, &op->room);
    arena_reset(&op->arena);
    op->one = (struct room_of_user){0};
    if (!mine) {
        return ERR_NOT_FOUND;
    }
    op->one = one_of(store, mine, &op->arena);
    return OK;
}

static enum err run_door(struct job *job)
{
    struct rooms_door_op *op = container_of(job->op, struct rooms_door_op, op);
    const struct stored_room *room = store_room(store_of(job), &op->room);
    arena_reset(&op->arena);
    op->meta = (struct room_meta){0};
    op->head = (struct room_head){0};
    if (!room || room->meta.kind != cht_room_kind_channel ||
        room->meta.visibility != cht_visibility_public || store_meta(room, &op->arena).deleted) {
        return ERR_NOT_FOUND;
    }
    op->meta = store_meta(room, &op->arena);
    op->head = store_head(room, &op->arena);
    return OK;
}

static bool is_close(const struct store *store, const struct cht_id *room)
{
    enum cht_room_kind kind = store_room(store, room)->meta.kind;
    return kind == cht_room_kind_direct || kind == cht_room_kind_group;
}

/* Those of the user who is wanted next; `left` there is room for. False: more of them are left. */
static bool get_circle(const struct store *store, struct rooms_circles_op *op, uint32_t *left)
{
    struct cht_circle *circle = &op->circles[op->count++];
    struct cht_id *rooms = arena_array(&op->arena, *left, sizeof(*rooms));
    *circle = (struct cht_circle){.user = op->users[op->at], .rooms = {.at = rooms}};
    for (uint32_t i = 0; i < store->mine_count; i++) {
        const struct stored_mine *mine = &store->mine[i];
        if (!cht_id_equal(&mine->user, &circle->user) ||
            store_compare(&mine->room, &op->after) <= 0 || mine->hidden ||
            !is_close(store, &mine->room)) {
            continue;
        }
        if (*left == 0) {
            circle->more = true;
            return false;
        }
        rooms[circle->rooms.count++] = op->after = mine->room;
        (*left)--;
    }
    return true;
}

static enum err run_circles(struct job *job)
{
    struct rooms_circles_op *op = container_of(job->op, struct rooms_circles_op, op);
    uint32_t left = op->limit;
    arena_reset(&op->arena);
    op->circles = arena_array(&op->arena, op->user_count - op->at, sizeof(*op->circles));
    op->count = 0;
    while (op->at < op->user_count && get_circle(store_of(job), op, &left)) {
        op->after = (struct cht_id){0};
        op->at++;
    }
    return OK;
}

static enum err run_crowded(struct job *job)
{
    struct rooms_crowded_op *op = container_of(job->op, struct rooms_crowded_op, op);
    const struct store *store = store_of(job);
    for (uint32_t i = 0; i < op->user_count; i++) {
        uint32_t count = 0;
        for (uint32_t k = 0; k < store->mine_count; k++) {
            const struct stored_mine *mine = &store->mine[k];
            count += cht_id_equal(&mine->user, &op->users[i]) && !mine->hidden;
        }
        op->crowded[i] = count >= op->most;
    }
    return OK;
}

static bool begins_with(struct cht_str text, struct cht_str prefix)
{
    return text.size >= prefix.size &&
           (prefix.size == 0 || memcmp(text.at, prefix.at, prefix.size) == 0);
}

static bool is_after(struct cht_str name, struct cht_str after)
{
    uint32_t size = name.size < after.size ? name.size : after.size;
    int order = size ? memcmp(name.at, after.at, size) : 0;
    return order > 0 || (order == 0 && name.size > after.size);
}

static enum err run_find_public(struct job *job)
{
    struct rooms_public_op *op = container_of(job->op, struct rooms_public_op, op);
    const struct store *store = store_of(job);
    struct arena arena = {0};
    struct cht_str prefix = name_fold_prefix(&arena, op->prefix);
    arena_reset(&op->arena);
    op->rooms = arena_array(&op->arena, op->limit, sizeof(*op->rooms));
    op->count = 0;
    op->more = false;
    for (uint32_t i = 0; i < store->name_count; i++) {
        const struct stored_name *name = &store->names[i];
        const struct stored_room *room = store_room(store, &name->room);
        if (name->claimed_at || !room || room->meta.deleted || room->gone_seq ||
            !begins_with(name->name, prefix) || !is_after(name->name, op->after)) {
            continue;
        }
        if (op->count == op->limit) {
            op->more = true;
            break;
        }
        op->rooms[op->count++] = (struct room_of_user){
            .meta = store_meta(room, &op->arena), .head = store_head(room, &op->arena)};
    }
    arena_deinit(&arena);
    return OK;
}

static enum err run_set_cursor(struct job *job)
{
    struct rooms_cursor_op *op = container_of(job->op, struct rooms_cursor_op, op);
    struct store *store = store_of(job);
    struct stored_mine *mine = store_mine(store, &op->user, &op->room);
    if (!mine) {
        return ERR_NOT_FOUND;
    }
    op->rose = mine->read_n < op->read_n;
    if (op->rose) {
        uint32_t former = heap_use(HEAP_WORLD);
        store->writes++;
        store_user_changed(store, &op->user);
        heap_use(former);
        mine->read_n = op->read_n;
    }
    op->read_n = mine->read_n;
    return OK;
}

static enum err claim(struct store *store, struct rooms_name_op *op, uint64_t now)
{
    struct arena arena = {0};
    struct cht_str folded = name_fold(&arena, op->name);
    const struct stored_name *name = store_name(store, folded);
    bool ours = name && cht_id_equal(&name->room, &op->room);
    bool complete = name && name->claimed_at == 0;
    enum err err = OK;
    if (name && !ours && (complete || now < name->claimed_at + CLAIM_LIFE_MS)) {
        op->holder = name->room;
        err = ERR_TAKEN;
    } else if (!(ours && complete)) {
        store_put_name(store, folded, &op->room, now ? now : 1);
    }
    arena_deinit(&arena);
    return err;
}

static enum err run_claim_name(struct job *job)
{
    struct store_port *port = job->model;
    struct rooms_name_op *op = container_of(job->op, struct rooms_name_op, op);
    uint32_t former = heap_use(HEAP_WORLD);
    enum err err = claim(port->store, op, port->desk->wall_ms(port->desk));
    heap_use(former);
    return err;
}

#define PORT(name, op_type, kind)                                                                  \
    static void name(struct rooms *rooms, struct op_type *op)                                      \
    {                                                                                              \
        STORE_ASK(of(rooms), op, kind, run_##name);                                                \
    }

PORT(load, rooms_load_op, JOB_READ)
PORT(members, rooms_members_op, JOB_READ)
PORT(member, rooms_member_op, JOB_READ)
PORT(of_user, rooms_of_user_op, JOB_READ)
PORT(one_of_user, rooms_one_of_user_op, JOB_READ)
PORT(door, rooms_door_op, JOB_READ)
PORT(circles, rooms_circles_op, JOB_READ)
PORT(crowded, rooms_crowded_op, JOB_READ)
PORT(find_public, rooms_public_op, JOB_READ)
PORT(set_cursor, rooms_cursor_op, JOB_WRITE)
PORT(claim_name, rooms_name_op, JOB_WRITE)

static uint64_t stamp(struct rooms *rooms, const struct cht_id *id)
{
    const struct stored_user *user = store_user(of(rooms)->store, id);
    return user ? 1 + user->changed : 1;
}

const struct rooms_ops store_rooms_ops = {
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
