/* users_sqlite - the port users on users.db.
 *
 * Happy path: reads run on a reader's connection; changes run on the writer's thread, many in one
 * transaction, each a compare-and-set of its own. How it fails: db_err; a lost comparison is STALE
 * or TAKEN and changes nothing. */

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "data_inner.h"
#include "ports/users.h"

#define USER_COLUMNS                                                                               \
    "id, username, display_name, bio, password_hash, created, token_version, row_version, "        \
    "disabled, deleted, voided_at"
#define DEVICE_COLUMNS                                                                             \
    "user, id, name, refresh_hash, previous_hash, generation, rotated_at, created, last_seen, "    \
    "revoked_at"
#define GET_MAX 1000u
#define DAY_MS UINT64_C(86400000)
#define BLOCKING_MAX 100u

struct users_sqlite {
    struct users users;
    struct data_sqlite *data;
    struct loop *loop;
};

enum {
#define STATEMENT(name, text) USERS_##name,
#include "users_sql.def"
#undef STATEMENT
    USERS_STATEMENT_COUNT
};

static const char *const texts[USERS_STATEMENT_COUNT] = {
#define STATEMENT(name, text) [USERS_##name] = text,
#include "users_sql.def"
#undef STATEMENT
};

static const char *const migrations[] = {
    "CREATE TABLE users (id BLOB PRIMARY KEY, username TEXT NOT NULL UNIQUE, display_name TEXT NOT "
    "NULL,"
    " bio TEXT NOT NULL, password_hash TEXT NOT NULL, created INTEGER NOT NULL,"
    " token_version INTEGER NOT NULL, row_version INTEGER NOT NULL, disabled INTEGER NOT NULL,"
    " deleted INTEGER NOT NULL);"
    "CREATE TABLE devices (user BLOB, id BLOB, name TEXT NOT NULL, refresh_hash BLOB NOT NULL,"
    " previous_hash BLOB NOT NULL, generation INTEGER NOT NULL, rotated_at INTEGER NOT NULL,"
    " created INTEGER NOT NULL, last_seen INTEGER NOT NULL, revoked_at INTEGER NOT NULL,"
    " PRIMARY KEY (user, id)) WITHOUT ROWID;"
    "CREATE TABLE blocks (user BLOB, other BLOB, PRIMARY KEY (user, other)) WITHOUT ROWID;",

    /* When a version was raised was not written down before: now is the latest that it can be. */
    "ALTER TABLE users ADD COLUMN voided_at INTEGER NOT NULL DEFAULT 0;"
    "UPDATE users SET voided_at = strftime('%s', 'now') * 1000 WHERE token_version > 1;"
    "CREATE INDEX users_voided ON users (voided_at) WHERE voided_at > 0;"
    "CREATE INDEX devices_revoked ON devices (revoked_at) WHERE revoked_at > 0;",

    /* A block is looked for from either end; since when was not written down before: 0. */
    ("ALTER TABLE blocks ADD COLUMN since INTEGER NOT NULL DEFAULT 0;"
     "CREATE INDEX blocks_other ON blocks (other);"),
};

const struct db_schema users_schema = {
    .file = "users.db",
    .application = 0x43485553,
    .migrations = migrations,
    .version = 3,
    .cache_kib = 2048,
    .full = true,
};

void users_set_statements(struct db *db)
{
    db_set_statements(db, texts, USERS_STATEMENT_COUNT);
}

enum err users_writer_open(struct data_sqlite *data)
{
    struct data_writer *writer = &data->users;
    enum err err = db_open(&writer->db, data->dir, &users_schema, true, data->logger);
    if (err == OK) {
        users_set_statements(&writer->db);
        data_keeper_watch(data, DATA_USERS, &writer->db);
        data_writer_start(writer);
    }
    return err;
}

static struct db *read_db(void *thread)
{
    return &((struct data_reader *)thread)->users;
}

static struct db *write_db(void *thread)
{
    return &((struct data_writer *)thread)->db;
}

static enum err found_or(struct db *db, bool found)
{
    enum err err = db_err(db);
    return err == OK && !found ? ERR_NOT_FOUND : err;
}

/* ---- accounts */

static void get_user(const struct query *q, struct arena *arena, struct user *ret_user)
{
    *ret_user = (struct user){
        .id = query_get_id(q, 0),
        .username = query_get_str(q, 1, arena),
        .display_name = query_get_str(q, 2, arena),
        .bio = query_get_str(q, 3, arena),
        .password_hash = query_get_str(q, 4, arena),
        .created = query_get_u64(q, 5),
        .token_version = query_get_u64(q, 6),
        .row_version = query_get_u64(q, 7),
        .disabled = query_get_u64(q, 8) != 0,
        .deleted = query_get_u64(q, 9) != 0,
        .voided_at = query_get_u64(q, 10),
    };
}

/* Asked again after an unknown outcome, the same account is OK. */
static enum err compare_created(struct db *db, const struct user *user)
{
    struct query q = db_query(db, USERS_BY_NAME);
    query_text(&q, user->username);
    bool same = false;
    if (query_row(&q)) {
        struct cht_id id = query_get_id(&q, 0);
        same = cht_id_equal(&id, &user->id);
    }
    query_end(&q);
    return same ? OK : ERR_TAKEN;
}

static enum err run_create(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct users_create_op *op = container_of(asked, struct users_create_op, op);
    struct db *db = write_db(thread);
    const struct user *user = &op->user;
    stamps_open(&((struct data_writer *)thread)->stamps, &user->id);
    struct query q = db_query(db, USERS_CREATE);
    query_id(&q, &user->id);
    query_text(&q, user->username);
    query_text(&q, user->display_name);
    query_text(&q, user->bio);
    query_text(&q, user->password_hash);
    query_u64(&q, user->created);
    query_u64(&q, user->token_version);
    query_u64(&q, user->row_version);
    query_u64(&q, user->disabled);
    query_u64(&q, user->deleted);
    query_u64(&q, user->voided_at);
    enum err said = query_run(&q) > 0 ? OK : compare_created(db, user);
    enum err err = db_err(db);
    return err == OK ? said : err;
}

static enum err run_by_name(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct users_by_name_op *op = container_of(asked, struct users_by_name_op, op);
    struct db *db = read_db(thread);
    arena_reset(&op->arena);
    struct query q = db_query(db, USERS_BY_NAME);
    query_text(&q, op->username);
    bool found = query_row(&q);
    if (found) {
        get_user(&q, &op->arena, &op->user);
    }
    query_end(&q);
    return found_or(db, found);
}

static enum err run_get(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct users_get_op *op = container_of(asked, struct users_get_op, op);
    struct db *db = read_db(thread);
    arena_reset(&op->arena);
    op->users = arena_array(&op->arena, op->id_count, sizeof(*op->users));
    op->count = 0;
    for (uint32_t i = 0; i < op->id_count; i++) {
        struct query q = db_query(db, USERS_BY_ID);
        query_id(&q, &op->ids[i]);
        if (query_row(&q)) {
            get_user(&q, &op->arena, &op->users[op->count++]);
        }
        query_end(&q);
    }
    return db_err(db);
}

static enum err run_find(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct users_find_op *op = container_of(asked, struct users_find_op, op);
    struct db *db = read_db(thread);
    arena_reset(&op->arena);
    op->users = arena_array(&op->arena, op->limit, sizeof(*op->users));
    op->count = 0;
    char *end = arena_take(&op->arena, op->prefix.size + 1u);
    if (op->prefix.size) {
        memcpy(end, op->prefix.at, op->prefix.size);
    }
    end[op->prefix.size] = (char)0xff; /* behind every name that begins so */
    struct query q = db_query(db, USERS_FIND);
    query_text(&q, op->prefix);
    query_text(&q, (struct cht_str){end, op->prefix.size + 1});
    query_u64(&q, op->limit);
    while (query_row(&q)) {
        get_user(&q, &op->arena, &op->users[op->count++]);
    }
    query_end(&q);
    return db_err(db);
}

static bool exists(struct db *db, const struct cht_id *id)
{
    struct query q = db_query(db, USERS_BY_ID);
    query_id(&q, id);
    bool found = query_row(&q);
    query_end(&q);
    return found;
}

/* What the account was called, and its devices, leave the files: the write-ahead log is emptied
 * when this is committed, for which the keeper waits. */
static void forget_devices(struct data_writer *writer, const struct cht_id *id)
{
    struct query q = db_query(&writer->db, USERS_DEVICES_DROP);
    query_id(&q, id);
    query_run(&q);
    data_keeper_purge(writer->data, DATA_USERS);
}

static enum err run_change(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct users_change_op *op = container_of(asked, struct users_change_op, op);
    struct db *db = write_db(thread);
    const struct user *user = &op->user;
    stamps_open(&((struct data_writer *)thread)->stamps, &user->id);
    struct query q = db_query(db, USERS_CHANGE);
    query_id(&q, &user->id);
    query_u64(&q, user->row_version);
    query_text(&q, user->display_name);
    query_text(&q, user->bio);
    query_text(&q, user->password_hash);
    query_u64(&q, user->token_version);
    query_u64(&q, user->disabled);
    query_u64(&q, user->deleted);
    query_u64(&q, user->voided_at);
    enum err said = OK;
    if (query_run(&q) == 0) {
        said = exists(db, &user->id) ? ERR_STALE : ERR_NOT_FOUND;
    } else if (user->deleted) {
        forget_devices(thread, &user->id);
    }
    enum err err = db_err(db);
    return err == OK ? said : err;
}

/* ---- devices */

static void get_device(const struct query *q, struct arena *arena, struct device *ret_device)
{
    *ret_device = (struct device){
        .user = query_get_id(q, 0),
        .id = query_get_id(q, 1),
        .name = query_get_str(q, 2, arena),
        .generation = query_get_u64(q, 5),
        .rotated_at = query_get_u64(q, 6),
        .created = query_get_u64(q, 7),
        .last_seen = query_get_u64(q, 8),
        .revoked_at = query_get_u64(q, 9),
    };
    query_get_bytes(q, 3, ret_device->refresh_hash, sizeof(ret_device->refresh_hash));
    query_get_bytes(q, 4, ret_device->previous_hash, sizeof(ret_device->previous_hash));
}

static void put_device(struct db *db, const struct device *device)
{
    struct query q = db_query(db, USERS_DEVICE_PUT);
    query_id(&q, &device->user);
    query_id(&q, &device->id);
    query_text(&q, device->name);
    query_blob(&q, device->refresh_hash, sizeof(device->refresh_hash));
    query_blob(&q, device->previous_hash, sizeof(device->previous_hash));
    query_u64(&q, device->generation);
    query_u64(&q, device->rotated_at);
    query_u64(&q, device->created);
    query_u64(&q, device->last_seen);
    query_u64(&q, device->revoked_at);
    query_run(&q);
}

static enum err run_device_put(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct users_device_put_op *op = container_of(asked, struct users_device_put_op, op);
    struct db *db = write_db(thread);
    if (op->device.created > DAY_MS) {
        struct query q = db_query(db, USERS_DEVICE_FORGET);
        query_id(&q, &op->device.user);
        query_u64(&q, op->device.created - DAY_MS);
        query_run(&q);
    }
    put_device(db, &op->device);
    return db_err(db);
}

static struct query ask_device(struct db *db, const struct cht_id *user, const struct cht_id *id)
{
    struct query q = db_query(db, USERS_DEVICE_GET);
    query_id(&q, user);
    query_id(&q, id);
    return q;
}

static enum err run_device_get(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct users_device_get_op *op = container_of(asked, struct users_device_get_op, op);
    struct db *db = read_db(thread);
    arena_reset(&op->arena);
    struct query q = ask_device(db, &op->user, &op->device_id);
    bool found = query_row(&q);
    if (found) {
        get_device(&q, &op->arena, &op->device);
    }
    query_end(&q);
    return found_or(db, found);
}

static enum err run_device_change(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct users_device_change_op *op = container_of(asked, struct users_device_change_op, op);
    struct db *db = write_db(thread);
    struct query q = ask_device(db, &op->device.user, &op->device.id);
    bool found = query_row(&q);
    bool current = found && query_get_u64(&q, 5) == op->expect_generation;
    query_end(&q);
    if (current) {
        put_device(db, &op->device);
    }
    enum err err = found_or(db, found);
    return err == OK && !current ? ERR_STALE : err;
}

static enum err run_devices(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct users_devices_op *op = container_of(asked, struct users_devices_op, op);
    struct db *db = read_db(thread);
    arena_reset(&op->arena);
    op->devices = NULL;
    op->count = 0;
    struct query q = db_query(db, USERS_DEVICE_LIST);
    query_id(&q, &op->user);
    while (query_row(&q)) {
        op->devices = arena_grown(&op->arena, op->devices, op->count, sizeof(*op->devices));
        get_device(&q, &op->arena, &op->devices[op->count++]);
    }
    query_end(&q);
    return db_err(db);
}

static struct revocation get_revocation(const struct query *q)
{
    return (struct revocation){.user = query_get_id(q, 0),
        .device = query_get_id(q, 1),
        .version = query_get_u64(q, 2),
        .at = query_get_u64(q, 3)};
}

/* Newest first out of the table, so that a limit leaves out the oldest; then turned round. */
static enum err run_revoked(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct users_revoked_op *op = container_of(asked, struct users_revoked_op, op);
    struct db *db = read_db(thread);
    arena_reset(&op->arena);
    op->revoked = NULL;
    op->count = 0;
    struct query q = db_query(db, USERS_REVOKED);
    query_u64(&q, op->since);
    query_u64(&q, op->limit);
    while (query_row(&q)) {
        op->revoked = arena_grown(&op->arena, op->revoked, op->count, sizeof(*op->revoked));
        op->revoked[op->count++] = get_revocation(&q);
    }
    query_end(&q);
    for (uint32_t i = 0; i < op->count / 2; i++) {
        struct revocation newer = op->revoked[i];
        op->revoked[i] = op->revoked[op->count - 1 - i];
        op->revoked[op->count - 1 - i] = newer;
    }
    return db_err(db);
}

/* ---- blocks */

static struct query ask_block(
    struct db *db, uint32_t statement, const struct cht_id *user, const struct cht_id *other)
{
    struct query q = db_query(db, statement);
    query_id(&q, user);
    query_id(&q, other);
    return q;
}

static bool is_blocked(struct db *db, const struct cht_id *user, const struct cht_id *other)
{
    struct query q = ask_block(db, USERS_BLOCK_GET, user, other);
    bool found = query_row(&q);
    query_end(&q);
    return found;
}

static uint64_t count_blocks(struct db *db, const struct cht_id *user)
{
    struct query q = db_query(db, USERS_BLOCK_COUNT);
    query_id(&q, user);
    uint64_t count = query_row(&q) ? query_get_u64(&q, 0) : 0;
    query_end(&q);
    return count;
}

static enum err run_block(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct users_block_op *op = container_of(asked, struct users_block_op, op);
    struct db *db = write_db(thread);
    if (op->on && !is_blocked(db, &op->user, &op->other) &&
        count_blocks(db, &op->user) >= op->blocks_max) {
        enum err err = db_err(db);
        return err == OK ? ERR_FULL : err;
    }
    struct query q =
        ask_block(db, op->on ? USERS_BLOCK_PUT : USERS_BLOCK_DROP, &op->user, &op->other);
    if (op->on) {
        query_u64(&q, op->at);
    }
    query_run(&q);
    return db_err(db);
}

static enum err run_blocks(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct users_blocks_op *op = container_of(asked, struct users_blocks_op, op);
    struct db *db = read_db(thread);
    arena_reset(&op->arena);
    uint64_t room = count_blocks(db, &op->user);
    op->others = arena_array(&op->arena, room, sizeof(*op->others));
    op->count = 0;
    struct query q = db_query(db, USERS_BLOCK_LIST);
    query_id(&q, &op->user);
    while (op->count < room && query_row(&q)) {
        op->others[op->count++] = query_get_id(&q, 0);
    }
    query_end(&q);
    return db_err(db);
}

static enum err run_apart(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct users_apart_op *op = container_of(asked, struct users_apart_op, op);
    struct db *db = read_db(thread);
    arena_reset(&op->arena);
    op->apart = NULL; /* grows: most people are kept apart from nobody */
    op->count = 0;
    op->more = false;
    struct query q = db_query(db, USERS_BLOCK_APART);
    query_id(&q, &op->user);
    query_u64(&q, (uint64_t)op->limit + 1);
    while (query_row(&q)) {
        if (op->count == op->limit) {
            op->more = true;
            break;
        }
        op->apart = arena_grown(&op->arena, op->apart, op->count, sizeof(*op->apart));
        op->apart[op->count++] =
            (struct cht_apart){.user = query_get_id(&q, 0), .since = query_get_u64(&q, 1)};
    }
    query_end(&q);
    return db_err(db);
}

static enum err run_blocking(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct users_blocking_op *op = container_of(asked, struct users_blocking_op, op);
    struct db *db = read_db(thread);
    for (uint32_t i = 0; i < op->id_count; i++) {
        op->blocking[i] = is_blocked(db, &op->ids[i], &op->author);
    }
    return db_err(db);
}

/* ---- the port */

static struct users_sqlite *of(struct users *users)
{
    return container_of(users, struct users_sqlite, users);
}

#define READ(name)                                                                                 \
    static void name(struct users *users, struct users_##name##_op *op)                            \
    {                                                                                              \
        db_job_put(&of(users)->data->reads, &op->op, of(users)->loop, run_##name);                 \
    }
#define WRITE(name)                                                                                \
    static void name(struct users *users, struct users_##name##_op *op)                            \
    {                                                                                              \
        db_job_put(&of(users)->data->users.queue, &op->op, of(users)->loop, run_##name);           \
    }

WRITE(create)
READ(by_name)
READ(find)
WRITE(change)
WRITE(device_put)
READ(device_get)
WRITE(device_change)
READ(devices)
READ(revoked)
WRITE(block)
READ(blocks)
READ(apart)

static void get(struct users *users, struct users_get_op *op)
{
    CHECK(op->id_count <= GET_MAX);
    db_job_put(&of(users)->data->reads, &op->op, of(users)->loop, run_get);
}

static void blocking(struct users *users, struct users_blocking_op *op)
{
    CHECK(op->id_count <= BLOCKING_MAX);
    db_job_put(&of(users)->data->reads, &op->op, of(users)->loop, run_blocking);
}

static uint64_t stamp(struct users *users)
{
    static const struct cht_id all = {{0}};
    return stamps_get(&of(users)->data->users.stamps, &all);
}

static const struct users_ops ops = {
    .create = create,
    .by_name = by_name,
    .get = get,
    .find = find,
    .change = change,
    .device_put = device_put,
    .device_get = device_get,
    .device_change = device_change,
    .devices = devices,
    .revoked = revoked,
    .block = block,
    .blocks = blocks,
    .apart = apart,
    .blocking = blocking,
    .stamp = stamp,
};

struct users *users_sqlite_create(struct data_sqlite *data, struct loop *loop)
{
    struct users_sqlite *users = mem_new(sizeof(*users));
    *users = (struct users_sqlite){{&ops}, data, loop};
    return &users->users;
}

void users_sqlite_destroy(struct users *users)
{
    if (users) {
        mem_free(of(users));
    }
}
