/* rooms_sqlite - the port rooms on store.db.
 *
 * Happy path: reads run on a reader's connection, cursors and claims of names on the writer's. How
 * it fails: db_err. */

#include <string.h>

#include "base/fold.h"
#include "base/mem.h"
#include "chattifier/events.h"
#include "store.h"
#include "world/loop.h"

#define CLAIM_LIFE_MS (10u * 60u * 1000u)

struct rooms_sqlite {
    struct rooms rooms;
    struct data_sqlite *data;
    struct loop *loop;
};

/* ---- load */

/* Most rooms have few commands: the place for many is taken when they are there. */
static struct room_cid *next_cid(struct rooms_load_op *op)
{
    if (op->cid_count == ROOMS_CIDS_MIN) {
        struct room_cid *more = arena_array(&op->arena, ROOMS_CIDS_MAX, sizeof(*more));
        memcpy(more, op->cids, op->cid_count * sizeof(*more));
        op->cids = more;
    }
    return &op->cids[op->cid_count++];
}

static void get_cids(struct db *db, struct rooms_load_op *op)
{
    uint64_t room_no = store_find_room(db, &op->room);
    uint32_t seen = 0;
    struct query q = db_query(db, STORE_ENTRY_CIDS);
    query_u64(&q, store_place(room_no, 1));
    query_u64(&q, store_place(room_no + 1, 0));
    query_u64(&q, op->since_ts ? ROOMS_CIDS_MAX : ROOMS_CIDS_MIN);
    op->cids = arena_array(&op->arena, ROOMS_CIDS_MIN, sizeof(*op->cids));
    while (query_row(&q)) {
        struct cht_entry entry;
        if (!store_get_entry_body(query_lend_bytes(&q, 3), &op->arena, &entry)) {
            continue;
        }
        bool enough = seen++ >= ROOMS_CIDS_MIN && entry.ts < op->since_ts;
        op->cids_above = enough ? entry.seq : entry.seq - 1;
        op->cids_above_ts = entry.ts;
        if (enough) {
            break;
        }
        struct cht_str cid = query_get_str(&q, 2, &op->arena);
        if (cid.size) {
            *next_cid(op) = (struct room_cid){
                query_get_id(&q, 1), cid, entry.seq, entry.n, entry.ts, entry.content};
        }
    }
    query_end(&q);
}

static enum err run_load(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct rooms_load_op *op = container_of(asked, struct rooms_load_op, op);
    struct db *db = &((struct data_reader *)thread)->store;
    struct room_of_user room = {0};
    arena_reset(&op->arena);
    db_begin_read(db);
    struct query q = db_query(db, STORE_ROOM_GET);
    query_id(&q, &op->room);
    bool found = query_row(&q);
    if (found) {
        store_get_room(&q, 0, &op->arena, &room);
    }
    query_end(&q);
    op->meta = room.meta;
    op->head = room.head;
    op->cid_count = 0;
    op->cids_above = op->cids_above_ts = 0;
    if (found) {
        get_cids(db, op);
    }
    enum err err = db_end_read(db);
    return err == OK && !found ? ERR_NOT_FOUND : err;
}

/* ---- members */

static void get_member(const struct query *q, struct room_member *ret_member)
{
    *ret_member = (struct room_member){
        .user = query_get_id(q, 0),
        .role = (enum cht_role)query_get_u64(q, 1),
        .state = (enum cht_member_state)query_get_u64(q, 2),
        .joined_seq = query_get_u64(q, 3),
        .muted_until = query_get_u64(q, 4),
        .changed_seq = query_get_u64(q, 5),
    };
    if (ret_member->state != cht_member_state_joined) {
        ret_member->role = cht_role_none;
    }
}

static enum err run_members(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct rooms_members_op *op = container_of(asked, struct rooms_members_op, op);
    struct db *db = &((struct data_reader *)thread)->store;
    arena_reset(&op->arena);
    op->members = NULL;
    op->count = 0;
    op->more = false;
    struct query q = db_query(db, op->joined_only ? STORE_MEMBERS_JOINED : STORE_MEMBERS_ALL);
    query_id(&q, &op->room);
    query_id(&q, &op->after);
    query_u64(&q, (uint64_t)op->limit + 1);
    while (query_row(&q)) {
        if (op->count == op->limit) {
            op->more = true;
            break;
        }
        op->members = arena_grown(&op->arena, op->members, op->count, sizeof(*op->members));
        struct room_member *member = &op->members[op->count++];
        get_member(&q, member);
        member->read_n = op->joined_only ? query_get_u64(&q, 6) : 0;
    }
    query_end(&q);
    return db_err(db);
}

static enum err run_member(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct rooms_member_op *op = container_of(asked, struct rooms_member_op, op);
    struct db *db = &((struct data_reader *)thread)->store;
    struct query q = db_query(db, STORE_MEMBER_GET);
    query_id(&q, &op->room);
    query_id(&q, &op->user);
    bool found = query_row(&q);
    if (found) {
        get_member(&q, &op->member);
    }
    query_end(&q);
    enum err err = db_err(db);
    return err == OK && !found ? ERR_NOT_FOUND : err;
}

/* ---- rooms of a user */

static void get_mine(const struct query *q, struct arena *arena, struct room_of_user *ret_room)
{
    store_get_room(q, 0, arena, ret_room);
    ret_room->role = (enum cht_role)query_get_u64(q, ROOM_COLUMN_COUNT);
    ret_room->joined_seq = query_get_u64(q, ROOM_COLUMN_COUNT + 1);
    ret_room->read_n = query_get_u64(q, ROOM_COLUMN_COUNT + 2);
    ret_room->last_mention_n = query_get_u64(q, ROOM_COLUMN_COUNT + 3);
    ret_room->hidden = query_get_u64(q, ROOM_COLUMN_COUNT + 4) != 0;
}

static void get_brief(const struct query *q, struct room_of_user *ret_room)
{
    ret_room->meta.room = query_get_id(q, 0);
    ret_room->meta.kind = (enum cht_room_kind)query_get_u64(q, 1);
    ret_room->head.seq = query_get_u64(q, 2);
    ret_room->head.n = query_get_u64(q, 3);
    ret_room->joined_seq = query_get_u64(q, 4);
    ret_room->hidden = query_get_u64(q, 5) != 0;
    ret_room->role = (enum cht_role)query_get_u64(q, 6);
}

static enum err run_of_user(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct rooms_of_user_op *op = container_of(asked, struct rooms_of_user_op, op);
    struct db *db = &((struct data_reader *)thread)->store;
    arena_reset(&op->arena);
    op->rooms = NULL; /* grows: most users are in a few rooms, and many may ask at once */
    op->count = 0;
    op->more = false;
    struct query q = db_query(db, op->brief ? STORE_MINE_BRIEF : STORE_MINE_LIST);
    query_id(&q, &op->user);
    query_id(&q, &op->after);
    query_u64(&q, (uint64_t)op->limit + 1);
    while (query_row(&q)) {
        if (op->count == op->limit) {
            op->more = true;
            break;
        }
        op->rooms = arena_grown(&op->arena, op->rooms, op->count, sizeof(*op->rooms));
        if (op->brief) {
            get_brief(&q, &op->rooms[op->count++]);
        } else {
            get_mine(&q, &op->arena, &op->rooms[op->count++]);
        }
    }
    query_end(&q);
    return db_err(db);
}

static enum err run_one_of_user(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct rooms_one_of_user_op *op = container_of(asked, struct rooms_one_of_user_op, op);
    struct db *db = &((struct data_reader *)thread)->store;
    arena_reset(&op->arena);
    op->one = (struct room_of_user){0};
    struct query q = db_query(db, STORE_MINE_ONE);
    query_id(&q, &op->user);
    query_id(&q, &op->room);
    bool found = query_row(&q);
    if (found) {
        get_mine(&q, &op->arena, &op->one);
    }
    query_end(&q);
    enum err err = db_err(db);
    return err == OK && !found ? ERR_NOT_FOUND : err;
}

static enum err run_door(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct rooms_door_op *op = container_of(asked, struct rooms_door_op, op);
    struct db *db = &((struct data_reader *)thread)->store;
    struct room_of_user room = {0};
    arena_reset(&op->arena);
    struct query q = db_query(db, STORE_ROOM_DOOR);
    query_id(&q, &op->room);
    bool found = query_row(&q);
    if (found) {
        store_get_room(&q, 0, &op->arena, &room);
    }
    query_end(&q);
    op->meta = room.meta;
    op->head = room.head;
    enum err err = db_err(db);
    return err == OK && !found ? ERR_NOT_FOUND : err;
}

_Static_assert(
    cht_room_kind_direct == 1 && cht_room_kind_group == 2, "the kinds that MINE_CIRCLE names");

/* Of the user who is wanted next; how many rooms, at most `most`. */
static uint32_t get_circle(
    struct db *db, const struct rooms_circles_op *op, uint32_t most, struct cht_id *ret_rooms)
{
    uint32_t count = 0;
    struct query q = db_query(db, STORE_MINE_CIRCLE);
    query_id(&q, &op->users[op->at]);
    query_id(&q, &op->after);
    query_u64(&q, most);
    while (query_row(&q)) {
        ret_rooms[count++] = query_get_id(&q, 0);
    }
    query_end(&q);
    return count;
}

/* One more than is wanted is read, to know whether there is one. */
static enum err run_circles(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct rooms_circles_op *op = container_of(asked, struct rooms_circles_op, op);
    struct db *db = &((struct data_reader *)thread)->store;
    uint32_t left = op->limit;
    arena_reset(&op->arena);
    struct cht_id *rooms = arena_take_raw(&op->arena, (op->limit + 1) * sizeof(*rooms));
    op->circles = arena_array(&op->arena, op->user_count - op->at, sizeof(*op->circles));
    op->count = 0;
    db_run(db, "BEGIN"); /* the locks are taken once for all */
    while (op->at < op->user_count) {
        uint32_t found = get_circle(db, op, left + 1, rooms);
        bool more = found > left;
        uint32_t count = more ? left : found;
        op->circles[op->count++] =
            (struct cht_circle){.user = op->users[op->at], .rooms = {rooms, count}, .more = more};
        if (more) {
            op->after = count > 0 ? rooms[count - 1] : op->after;
            break;
        }
        op->after = (struct cht_id){0};
        op->at++;
        rooms += count;
        left -= count;
    }
    sqlite3_exec(db->handle, "COMMIT", NULL, NULL, NULL);
    return db_err(db);
}

static enum err run_crowded(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct rooms_crowded_op *op = container_of(asked, struct rooms_crowded_op, op);
    struct db *db = &((struct data_reader *)thread)->store;
    for (uint32_t i = 0; i < op->user_count; i++) {
        struct query q = db_query(db, STORE_MINE_COUNT);
        query_id(&q, &op->users[i]);
        query_u64(&q, op->most);
        op->crowded[i] = query_row(&q) && query_get_u64(&q, 0) >= op->most;
        query_end(&q);
    }
    return db_err(db);
}

static enum err run_find_public(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct rooms_public_op *op = container_of(asked, struct rooms_public_op, op);
    struct db *db = &((struct data_reader *)thread)->store;
    /* No UTF-8 text has this byte, so it is behind everything that begins with the prefix. */
    struct arena folded = {0};
    struct cht_str prefix = name_fold_prefix(&folded, op->prefix);
    char *end = arena_take(&folded, prefix.size + 1u);
    if (prefix.size) {
        memcpy(end, prefix.at, prefix.size);
    }
    end[prefix.size] = (char)0xff;
    arena_reset(&op->arena);
    op->rooms = arena_array(&op->arena, op->limit, sizeof(*op->rooms));
    op->count = 0;
    op->more = false;
    struct query q = db_query(db, STORE_NAMES_FIND);
    query_text(&q, prefix);
    query_text(&q, (struct cht_str){end, prefix.size + 1});
    query_text(&q, op->after);
    query_u64(&q, (uint64_t)op->limit + 1);
    while (query_row(&q)) {
        if (op->count == op->limit) {
            op->more = true;
            break;
        }
        store_get_room(&q, 0, &op->arena, &op->rooms[op->count++]);
    }
    query_end(&q);
    arena_deinit(&folded);
    return db_err(db);
}

/* ---- writing */

static enum err run_set_cursor(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct rooms_cursor_op *op = container_of(asked, struct rooms_cursor_op, op);
    struct data_writer *writer = thread;
    struct db *db = &writer->db;
    struct query get = db_query(db, STORE_MINE_CURSOR);
    query_id(&get, &op->user);
    query_id(&get, &op->room);
    bool found = query_row(&get);
    uint64_t before = found ? query_get_u64(&get, 0) : 0;
    query_end(&get);
    op->rose = found && before < op->read_n;
    if (op->rose) {
        stamps_open(&writer->stamps, &op->user);
        struct query put = db_query(db, STORE_MINE_READ);
        query_id(&put, &op->user);
        query_id(&put, &op->room);
        query_u64(&put, op->read_n);
        query_run(&put);
    } else if (found) {
        op->read_n = before;
    }
    enum err err = db_err(db);
    return err == OK && !found ? ERR_NOT_FOUND : err;
}

static enum err put_claim(
    struct db *db, struct rooms_name_op *op, struct cht_str name, uint64_t now)
{
    struct query get = db_query(db, STORE_NAME_GET);
    query_text(&get, name);
    bool taken = false, complete = false;
    if (query_row(&get)) {
        op->holder = query_get_id(&get, 0);
        uint64_t claimed_at = query_get_u64(&get, 1);
        bool ours = cht_id_equal(&op->holder, &op->room);
        complete = ours && claimed_at == 0;
        taken = !ours && (claimed_at == 0 || now < claimed_at + CLAIM_LIFE_MS);
    }
    query_end(&get);
    if (taken || complete) {
        return taken ? ERR_TAKEN : OK;
    }
    struct query put = db_query(db, STORE_NAME_PUT);
    query_text(&put, name);
    query_id(&put, &op->room);
    query_u64(&put, now ? now : 1);
    query_run(&put);
    return OK;
}

static enum err run_claim_name(struct op *asked, struct db_job *job, void *thread)
{
    struct rooms_name_op *op = container_of(asked, struct rooms_name_op, op);
    struct db *db = &((struct data_writer *)thread)->db;
    struct arena folded = {0};
    struct cht_str name = name_fold(&folded, op->name);
    enum err said = put_claim(db, op, name, job->wall_ms);
    arena_deinit(&folded);
    enum err err = db_err(db);
    return err == OK ? said : err;
}

/* ---- the port */

static struct rooms_sqlite *of(struct rooms *rooms)
{
    return container_of(rooms, struct rooms_sqlite, rooms);
}

#define READ(name, op_type)                                                                        \
    static void name(struct rooms *rooms, struct op_type *op)                                      \
    {                                                                                              \
        db_job_put(&of(rooms)->data->reads, &op->op, of(rooms)->loop, run_##name);                 \
    }
#define WRITE(name, op_type)                                                                       \
    static void name(struct rooms *rooms, struct op_type *op)                                      \
    {                                                                                              \
        db_job_put(&of(rooms)->data->store.queue, &op->op, of(rooms)->loop, run_##name);           \
    }

READ(load, rooms_load_op)
READ(members, rooms_members_op)
READ(member, rooms_member_op)
READ(of_user, rooms_of_user_op)
READ(one_of_user, rooms_one_of_user_op)
READ(door, rooms_door_op)
READ(circles, rooms_circles_op)
READ(crowded, rooms_crowded_op)
READ(find_public, rooms_public_op)
WRITE(set_cursor, rooms_cursor_op)
WRITE(claim_name, rooms_name_op)

static uint64_t stamp(struct rooms *rooms, const struct cht_id *user)
{
    return stamps_get(&of(rooms)->data->store.stamps, user);
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

struct rooms *rooms_sqlite_create(struct data_sqlite *data, struct loop *loop)
{
    struct rooms_sqlite *rooms = mem_new(sizeof(*rooms));
    *rooms = (struct rooms_sqlite){{&ops}, data, loop};
    return &rooms->rooms;
}

void rooms_sqlite_destroy(struct rooms *rooms)
{
    if (rooms) {
        mem_free(of(rooms));
    }
}
