/* The data directory: who may open it, what survives a kill, what a delete leaves, what a backup
 * holds. */

#include "sqlite_engine.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "chattifier/events.h"
#include "sqlite/store.h"

enum { BURST = 50, ACKED_MIN = 300, COMMITS_MAX = 100, LOOKS_MAX = 20 };

static enum err open_as(struct contract_engine *engine, uint32_t shards)
{
    struct data_sqlite *data = NULL;
    struct data_sqlite_options options = {
        .dir = sqlite_engine_dir(engine), .shards = shards, .logger = sqlite_engine_logger()};
    enum err err = data_sqlite_open(&options, &data);
    data_sqlite_close(data);
    return err;
}

static void write_at(
    struct contract_engine *engine, const char *file, long at, const void *bytes, size_t size)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", sqlite_engine_dir(engine), file);
    FILE *opened = fopen(path, "r+");
    assert_non_null(opened);
    assert_int_equal(fseek(opened, at, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, size, opened), size);
    assert_int_equal(fclose(opened), 0);
}

static void the_same_data_is_not_opened_twice(void **state)
{
    assert_int_equal(open_as(*state, 4), ERR_IN_USE);
}

static void the_number_of_shards_never_changes(void **state)
{
    struct contract_engine *engine = *state;
    engine->close(engine);
    assert_int_equal(open_as(engine, 8), ERR_BAD_CONFIG);
    engine->open(engine, false);
}

static void every_start_is_counted(void **state)
{
    struct contract_engine *engine = *state;
    assert_int_equal(data_sqlite_boot(sqlite_engine_data(engine)), 1);
    engine->close(engine);
    engine->open(engine, false);
    assert_int_equal(data_sqlite_boot(sqlite_engine_data(engine)), 2);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct contract_engine *engine = *state;
    static const char garbage[100] = "this is no database";
    char header[100];
    engine->close(engine);
    for (int i = 0; i < 3; i++) {
        static const char *const files[3] = {"log.db", "store.db", "users.db"};
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", sqlite_engine_dir(engine), files[i]);
        FILE *opened = fopen(path, "r");
        assert_non_null(opened);
        assert_int_equal(fread(header, 1, sizeof(header), opened), sizeof(header));
        fclose(opened);
        write_at(engine, files[i], 0, garbage, sizeof(garbage));
        assert_int_equal(open_as(engine, 4), ERR_CORRUPT);
        write_at(engine, files[i], 0, header, sizeof(header));
    }
    engine->open(engine, false);
}

static void data_of_a_newer_version_is_refused(void **state)
{
    struct contract_engine *engine = *state;
    const uint8_t newer[4] = {0, 0, 0, 99}, ours[4] = {0, 0, 0, 7}; /* user_version in the header */
    engine->close(engine);
    write_at(engine, "store.db", 60, newer, 4);
    assert_int_equal(open_as(engine, 4), ERR_NEWER);
    write_at(engine, "store.db", 60, ours, 4);
    engine->open(engine, false);
}

/* When its version was raised is not known: it may have been a moment ago. */
static void an_account_of_before_that_voided_its_tokens_has_done_so_just_now(void **state)
{
    struct contract_engine *engine = *state;
    engine->close(engine);
    sqlite_engine_run(engine, "users.db",
        "INSERT INTO users VALUES (x'01000000000000000000000000000000', 'anna', '', '', '', 1, 3, "
        "1, 0, 0, 0), (x'02000000000000000000000000000000', 'bert', '', '', '', 1, 1, 1, 0, 0, 0);"
        "DROP INDEX users_voided; DROP INDEX devices_revoked; DROP INDEX blocks_other;"
        "ALTER TABLE blocks DROP COLUMN since;"
        "ALTER TABLE users DROP COLUMN voided_at; PRAGMA user_version = 1;");
    engine->open(engine, false);
    struct users_revoked_op op = {.since = UINT64_C(1600000000000), .limit = 10};
    assert_int_equal(ASK(engine, users_revoked, engine->users, &op), OK);
    assert_int_equal(op.count, 1);
    assert_int_equal(op.revoked[0].version, 3);
    arena_deinit(&op.arena);
}

static void a_directory_that_can_not_be_is_refused(void **state)
{
    (void)state;
    struct data_sqlite *data = NULL;
    struct data_sqlite_options options = {
        .dir = "/proc/nobody/can/write", .shards = 4, .logger = sqlite_engine_logger()};
    assert_int_equal(data_sqlite_open(&options, &data), ERR_IO);
    assert_null(data);
}

/* ---- kill */

static bool append_burst(
    struct contract_engine *engine, const struct log_claim_op *owner, uint64_t first)
{
    static struct log_append_op ops[BURST];
    struct test_asker asker;
    test_asker_init(&asker);
    for (uint32_t i = 0; i < BURST; i++) {
        ops[i] = (struct log_append_op){0};
        log_append(engine->log, &asker.asker, &ops[i], owner->writer,
            contract_record(owner->term, first + i));
    }
    return test_loop_run_until_answered(&engine->loop, &asker, BURST) && asker.last == OK;
}

/* Appends for ever and tells the highest index that was answered OK. */
static _Noreturn void append_until_killed(struct contract_engine *engine, int told)
{
    engine->open(engine, false);
    struct log_claim_op owner = contract_claim(engine, 0);
    struct log_tail_op tail = {0};
    log_tail(engine->log, &contract_asker()->asker, &tail, 0);
    assert_int_equal(contract_wait(engine), OK);
    for (uint64_t last = tail.index;; last += BURST) {
        if (!append_burst(engine, &owner, last + 1)) {
            _exit(1);
        }
        uint64_t acked = last + BURST;
        if (write(told, &acked, sizeof(acked)) != sizeof(acked)) {
            _exit(2);
        }
    }
}

static uint64_t run_and_kill(struct contract_engine *engine, uint64_t at_least)
{
    int ends[2];
    uint64_t acked = 0, more = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        append_until_killed(engine, ends[1]);
    }
    close(ends[1]);
    while (acked < at_least && read(ends[0], &acked, sizeof(acked)) == sizeof(acked)) {
    }
    kill(child, SIGKILL);
    while (read(ends[0], &more, sizeof(more)) == sizeof(more)) {
        acked = more;
    }
    close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(acked >= at_least);
    return acked;
}

static void check_dense(struct contract_engine *engine, uint64_t acked)
{
    struct log_item *items = mem_array(acked, sizeof(*items));
    struct log_read_op op = {.from = 1, .until = acked, .limit = (uint32_t)acked, .items = items};
    assert_int_equal(ASK(engine, log_read, engine->log, &op), OK);
    assert_int_equal(op.count, acked);
    for (uint32_t i = 0; i < op.count; i++) {
        assert_int_equal(items[i].index, i + 1);
        struct buf *same = contract_record(items[i].term, i + 1);
        assert_int_equal(items[i].record->size, same->size);
        assert_memory_equal(items[i].record->bytes, same->bytes, same->size);
        buf_unref(same);
        buf_unref(items[i].record);
    }
    mem_free(items);
}

static void what_was_answered_survives_kill_9(void **state)
{
    struct contract_engine *engine = *state;
    uint64_t acked = 0;
    engine->close(engine);
    for (int round = 0; round < 3; round++) {
        acked = run_and_kill(engine, acked + ACKED_MIN);
        engine->open(engine, false); /* its check of the file's integrity is part of opening */
        check_dense(engine, acked);
        engine->close(engine);
    }
    engine->open(engine, false);
    check_dense(engine, acked);
}

/* ---- delete */

static bool holds(const char *dir, const char *file, const char *marker)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, file);
    FILE *opened = fopen(path, "r");
    if (!opened) {
        return false;
    }
    char *bytes = mem_new(4u << 20);
    size_t size = fread(bytes, 1, 4u << 20, opened);
    fclose(opened);
    bool found = memmem(bytes, size, marker, strlen(marker)) != NULL;
    mem_free(bytes);
    return found;
}

static void say(struct contract_engine *engine, uint64_t seq, const char *text)
{
    struct cht_entry entry = {.kind = cht_entry_kind_message, .seq = seq, .n = seq, .ts = seq};
    entry.text = contract_str(text);
    struct room_head head = {.seq = seq, .last_seq = seq, .last_text = contract_str(text)};
    struct history_change changes[3] = {
        {.kind = CHANGE_ENTRY, .room = contract_id(5), .seq = seq, .entry = &entry},
        {.kind = CHANGE_MESSAGE, .room = contract_id(5), .seq = seq, .entry = &entry},
        {.kind = CHANGE_HEAD, .room = contract_id(5), .seq = seq, .head = &head},
    };
    sqlite_engine_write(engine, changes, 3);
}

static void edit(struct contract_engine *engine, uint64_t seq, uint64_t target, const char *text)
{
    struct cht_entry entry = {
        .kind = cht_entry_kind_edited, .seq = seq, .ts = seq, .target = target};
    entry.text = contract_str(text);
    struct history_change changes[2] = {
        {.kind = CHANGE_ENTRY, .room = contract_id(5), .seq = seq, .entry = &entry},
        {.kind = CHANGE_EDIT,
            .room = contract_id(5),
            .seq = seq,
            .target = target,
            .text = entry.text},
    };
    sqlite_engine_write(engine, changes, 2);
}

static void react(struct contract_engine *engine, uint64_t seq, uint64_t target, const char *key)
{
    struct cht_entry entry = {
        .kind = cht_entry_kind_reaction, .seq = seq, .ts = seq, .target = target, .on = true};
    entry.key = contract_str(key);
    struct history_change changes[2] = {
        {.kind = CHANGE_ENTRY, .room = contract_id(5), .seq = seq, .entry = &entry},
        {.kind = CHANGE_REACTION,
            .room = contract_id(5),
            .seq = seq,
            .target = target,
            .user = contract_id(1),
            .key = entry.key,
            .on = true},
    };
    sqlite_engine_write(engine, changes, 2);
}

static void a_deleted_text_is_nowhere_in_the_files(void **state)
{
    struct contract_engine *engine = *state;
    char text[64];
    for (uint64_t seq = 1; seq <= 100; seq++) {
        snprintf(text, sizeof(text), "marker%u is said", (unsigned)(1000 + seq));
        say(engine, seq, text);
    }
    edit(engine, 101, 50, "changedmarker it is now");
    react(engine, 102, 50, "keymarker");
    react(engine, 103, 51, "keptmarker");
    struct history_change gone[2] = {
        {.kind = CHANGE_DELETE, .room = contract_id(5), .seq = 104, .target = 50},
        {.kind = CHANGE_DELETE, .room = contract_id(5), .seq = 105, .target = 100},
    };
    sqlite_engine_write(engine, gone, 2);
    engine->close(engine);
    const char *dir = sqlite_engine_dir(engine);
    assert_true(holds(dir, "store.db", "marker1051"));
    assert_false(holds(dir, "store.db", "marker1050"));
    assert_false(holds(dir, "store.db", "marker1100"));
    assert_false(holds(dir, "store.db", "changedmarker"));
    assert_false(holds(dir, "store.db", "keymarker"));
    assert_true(holds(dir, "store.db", "keptmarker"));
    assert_false(holds(dir, "store.db-wal", "marker10"));
    engine->open(engine, false);
}

static uint64_t size_of(const char *dir, const char *file)
{
    char path[128];
    struct stat stat_of_file;
    snprintf(path, sizeof(path), "%s/%s", dir, file);
    assert_int_equal(stat(path, &stat_of_file), 0);
    return (uint64_t)stat_of_file.st_size;
}

/* The keeper works beside the writer, so how far the log grows before is not known. */
static void a_write_ahead_log_begins_again_when_it_was_copied(void **state)
{
    struct contract_engine *engine = *state;
    enum { TEXT_BYTES = 60000, MESSAGES_MAX = 5000 };
    static char text[TEXT_BYTES + 1];
    memset(text, 'x', TEXT_BYTES);
    uint64_t said = 0, wal = 0;
    do {
        say(engine, ++said, text);
        wal = size_of(sqlite_engine_dir(engine), "store.db-wal");
    } while (said < MESSAGES_MAX && wal * 2 >= said * TEXT_BYTES);
    assert_true(said < MESSAGES_MAX);
    assert_true(size_of(sqlite_engine_dir(engine), "store.db") > wal);
}

/* ---- the reserve */

enum { RESERVE_BYTES = 4 << 20 };

static uint64_t blocks_of(const char *dir, const char *file)
{
    char path[128];
    struct stat stat_of_file;
    snprintf(path, sizeof(path), "%s/%s", dir, file);
    assert_int_equal(stat(path, &stat_of_file), 0);
    return (uint64_t)stat_of_file.st_blocks * 512;
}

static void open_with_reserve(struct contract_engine *engine)
{
    engine->close(engine);
    sqlite_engine_reserve(engine, RESERVE_BYTES);
    engine->open(engine, false);
}

/* A write that is answered after it is made after the writer looked. */
static void wait_for_writer(struct contract_engine *engine, uint64_t seq)
{
    say(engine, seq, "after it");
}

static void there_are_blocks_behind_what_is_in_the_log_of_the_store(void **state)
{
    struct contract_engine *engine = *state;
    enum { TEXT_BYTES = 60000, MESSAGES = 20 };
    const uint64_t wanted = RESERVE_BYTES + MESSAGES * TEXT_BYTES;
    static char text[TEXT_BYTES + 1];
    memset(text, 'x', TEXT_BYTES);
    open_with_reserve(engine);
    const char *dir = sqlite_engine_dir(engine);
    assert_true(size_of(dir, "store.db-wal") >= RESERVE_BYTES);
    assert_true(blocks_of(dir, "store.db-wal") >= RESERVE_BYTES);
    assert_true(blocks_of(dir, "log.db-wal") >= RESERVE_BYTES / 16);
    uint64_t seq = 0;
    /* A new store is purged once when its writer has nothing to do: then the log begins again. */
    while (seq < 2 * MESSAGES + 1 && size_of(dir, "store.db-wal") < wanted) {
        say(engine, ++seq, text);
    }
    wait_for_writer(engine, ++seq);
    assert_true(size_of(dir, "store.db-wal") >= wanted);
    assert_true(blocks_of(dir, "store.db-wal") >= wanted);
    assert_false(data_sqlite_is_full(sqlite_engine_data(engine)));
}

/* The log of the store is emptied when text was deleted. */
static void a_delete_leaves_the_reserve(void **state)
{
    struct contract_engine *engine = *state;
    open_with_reserve(engine);
    const char *dir = sqlite_engine_dir(engine);
    uint64_t seq = 0;
    say(engine, ++seq, "markertext of a message");
    struct history_change gone = {
        .kind = CHANGE_DELETE, .room = contract_id(5), .seq = ++seq, .target = 1};
    sqlite_engine_write(engine, &gone, 1);
    bool emptied = false;
    do {
        wait_for_writer(engine, ++seq);
        emptied = emptied || !holds(dir, "store.db-wal", "markertext");
    } while (seq < 10000 && (!emptied || blocks_of(dir, "store.db-wal") < RESERVE_BYTES));
    assert_true(emptied);
    assert_true(blocks_of(dir, "store.db-wal") >= RESERVE_BYTES);
}

static void what_was_killed_keeps_its_reserve(void **state)
{
    struct contract_engine *engine = *state;
    engine->close(engine);
    sqlite_engine_reserve(engine, RESERVE_BYTES);
    for (int i = 0; i < 3; i++) {
        uint64_t acked = run_and_kill(engine, ACKED_MIN);
        assert_true(blocks_of(sqlite_engine_dir(engine), "store.db-wal") >= RESERVE_BYTES);
        assert_true(size_of(sqlite_engine_dir(engine), "store.db-wal") < RESERVE_BYTES * 2);
        assert_true(acked > 0);
    }
    engine->open(engine, false);
}

/* ---- trimming and backup */

static bool is_trimmed(struct contract_engine *engine)
{
    struct log_item items[1];
    struct log_read_op op = {.from = 1, .until = 1, .limit = 1, .items = items};
    enum err err = ASK(engine, log_read, engine->log, &op);
    for (uint32_t i = 0; i < op.count; i++) {
        buf_unref(items[i].record);
    }
    return err == ERR_NOT_FOUND;
}

static void the_log_is_trimmed_behind_its_mark(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op owner = contract_claim(engine, 0);
    for (uint64_t last = 0; last < 1500; last += BURST) {
        assert_true(append_burst(engine, &owner, last + 1));
    }
    log_release(engine->log, owner.writer);
    engine->close(engine);
    engine->open(engine, false);
    assert_false(is_trimmed(engine));
    log_mark(engine->log, 0, 1000);
    owner = contract_claim(engine, 1); /* goes through the same queue */
    log_release(engine->log, owner.writer);
    assert_true(is_trimmed(engine));
    engine->close(engine);
    engine->open(engine, false);
    struct log_item items[1];
    struct log_read_op op = {.from = 1001, .until = 1001, .limit = 1, .items = items};
    assert_int_equal(ASK(engine, log_read, engine->log, &op), OK);
    assert_int_equal(op.count, 1);
    buf_unref(items[0].record);
    owner = contract_claim(engine, 0);
    assert_true(append_burst(engine, &owner, 1501));
    log_release(engine->log, owner.writer);
}

/* The keeper works beside the writer, so when it is done is not known. It is told by commits: there
 * are some until then, and fewer than make it copy the write-ahead log back for its length. */
static bool is_left(const char *dir, const char *file, const char *marker)
{
    char wal[32];
    snprintf(wal, sizeof(wal), "%s-wal", file);
    for (int i = 0; i < LOOKS_MAX; i++) {
        if (!holds(dir, file, marker) && !holds(dir, wal, marker)) {
            return false;
        }
    }
    return true;
}

static void what_left_the_log_is_nowhere_in_its_files(void **state)
{
    struct contract_engine *engine = *state;
    const char *dir = sqlite_engine_dir(engine);
    static const char marker[] = "logmarker";
    struct log_claim_op owner = contract_claim(engine, 0);
    struct cht_record said = {
        .term = owner.term, .index = 1, .room = contract_id(7), .cause = contract_str(marker)};
    struct buf *record = buf_create(cht_encoded_size(&cht_row_record, &said));
    record->size = (uint32_t)cht_encoded_size(&cht_row_record, &said);
    cht_encode(&cht_row_record, &said, record->bytes);
    struct log_append_op append = {0};
    log_append(engine->log, &contract_asker()->asker, &append, owner.writer, record);
    assert_int_equal(contract_wait(engine), OK);
    log_release(engine->log, owner.writer);
    assert_true(holds(dir, "log.db-wal", marker));
    bool there = true;
    for (int i = 0; i < COMMITS_MAX && there; i++) {
        log_mark(engine->log, 0, 1);
        owner = contract_claim(engine, 1);
        log_release(engine->log, owner.writer);
        there = is_left(dir, "log.db", marker);
    }
    assert_false(there);
}

static void a_deleted_account_leaves_nothing_but_its_username_in_the_files(void **state)
{
    struct contract_engine *engine = *state;
    const char *dir = sqlite_engine_dir(engine);
    struct users_create_op create = {.user = {.id = contract_id(1),
                                         .username = contract_str("anna"),
                                         .display_name = contract_str("namemarker"),
                                         .bio = contract_str("biomarker"),
                                         .password_hash = contract_str("hashmarker"),
                                         .token_version = 1,
                                         .row_version = 1}};
    assert_int_equal(ASK(engine, users_create, engine->users, &create), OK);
    struct users_device_put_op device = {
        .device = {
            .id = contract_id(9), .user = contract_id(1), .name = contract_str("devicemarker")}};
    assert_int_equal(ASK(engine, users_device_put, engine->users, &device), OK);
    struct users_change_op gone = {.user = create.user};
    gone.user.display_name = gone.user.username;
    gone.user.bio = gone.user.password_hash = (struct cht_str){0};
    gone.user.deleted = true;
    assert_int_equal(ASK(engine, users_change, engine->users, &gone), OK);
    struct users_device_get_op get = {.user = contract_id(1), .device_id = contract_id(9)};
    assert_int_equal(ASK(engine, users_device_get, engine->users, &get), ERR_NOT_FOUND);
    arena_deinit(&get.arena);
    device.device.user = contract_id(2);
    device.device.name = contract_str("phone");
    bool there = true;
    for (int i = 0; i < COMMITS_MAX && there; i++) {
        assert_int_equal(ASK(engine, users_device_put, engine->users, &device), OK);
        there = is_left(dir, "users.db", "marker");
    }
    assert_false(there);
}

static uint64_t tail_of(struct contract_engine *engine, uint32_t shard)
{
    struct log_tail_op tail = {0};
    log_tail(engine->log, &contract_asker()->asker, &tail, shard);
    assert_int_equal(contract_wait(engine), OK);
    return tail.index;
}

static void check_read(struct contract_engine *engine, uint32_t shard, uint64_t from, uint64_t last)
{
    struct log_item items[2];
    struct log_read_op op = {
        .shard = shard, .from = from, .until = UINT64_MAX, .limit = 2, .items = items};
    uint32_t wanted = from < last ? 2 : 1;
    assert_int_equal(ASK(engine, log_read, engine->log, &op), OK);
    assert_int_equal(op.count, wanted);
    for (uint32_t i = 0; i < op.count; i++) {
        assert_int_equal(items[i].index, from + i);
        assert_int_equal(items[i].shard, shard);
        buf_unref(items[i].record);
    }
}

static void shards_that_share_the_log_are_found_again(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op busy = contract_claim(engine, 1), quiet = contract_claim(engine, 2);
    struct log_append_op alone = {0};
    log_append(engine->log, &contract_asker()->asker, &alone, quiet.writer,
        contract_record(quiet.term, 1));
    assert_int_equal(contract_wait(engine), OK);
    for (uint64_t last = 0; last < 2500; last += BURST) {
        assert_true(append_burst(engine, &busy, last + 1));
    }
    log_append(engine->log, &contract_asker()->asker, &alone, quiet.writer,
        contract_record(quiet.term, 2));
    assert_int_equal(contract_wait(engine), OK);
    uint64_t last = tail_of(engine, 1);
    log_release(engine->log, busy.writer);
    log_release(engine->log, quiet.writer);
    for (int i = 0; i < 2; i++) {
        engine->close(engine);
        engine->open(engine, false);
        assert_int_equal(tail_of(engine, 0), 0);
        assert_int_equal(tail_of(engine, 1), last);
        assert_int_equal(tail_of(engine, 2), 2);
        check_read(engine, 1, 1, last);
        check_read(engine, 1, 1700, last);
        check_read(engine, 1, last, last);
        check_read(engine, 2, 1, 2);
        check_read(engine, 2, 2, 2);
    }
}

/* Also the shards whose newest records have gone know where they go on. */
static void a_shard_whose_records_have_all_gone_goes_on(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op owner = contract_claim(engine, 0);
    assert_true(append_burst(engine, &owner, 1));
    log_release(engine->log, owner.writer);
    log_mark(engine->log, 0, BURST);
    owner = contract_claim(engine, 1);
    log_release(engine->log, owner.writer);
    engine->close(engine);
    engine->open(engine, false);
    assert_int_equal(tail_of(engine, 0), BURST);
    assert_true(is_trimmed(engine));
    owner = contract_claim(engine, 0);
    assert_true(append_burst(engine, &owner, BURST + 1));
    log_release(engine->log, owner.writer);
    engine->close(engine);
    engine->open(engine, false);
    check_read(engine, 0, BURST + 1, 2 * BURST);
}

static void a_log_with_a_table_for_each_shard_is_taken_over(void **state)
{
    struct contract_engine *engine = *state;
    char text[4096];
    size_t size = 0;
    engine->close(engine);
    for (int shard = 0; shard < 4; shard++) {
        size += (size_t)snprintf(text + size, sizeof(text) - size,
            "CREATE TABLE records_%d (idx INTEGER PRIMARY KEY, term INTEGER NOT NULL, at INTEGER"
            " NOT NULL, record BLOB NOT NULL);",
            shard);
    }
    snprintf(text + size, sizeof(text) - size,
        "INSERT INTO records_0 VALUES (5, 1, 9, x'00'), (6, 1, 9, x'01'), (7, 1, 9, x'02');"
        "INSERT INTO records_3 VALUES (1, 1, 9, x'03'), (2, 1, 9, x'04');"
        "INSERT INTO claims VALUES (0, 1, 1);"
        "DROP TABLE records; DROP TABLE marks; DROP TABLE oldest; PRAGMA user_version = 1;");
    sqlite_engine_run(engine, "log.db", text);
    for (int i = 0; i < 2; i++) {
        engine->open(engine, false);
        assert_int_equal(tail_of(engine, 0), 7);
        assert_int_equal(tail_of(engine, 1), 0);
        assert_int_equal(tail_of(engine, 3), 2);
        check_read(engine, 0, 5, 7);
        check_read(engine, 0, 7, 7);
        check_read(engine, 3, 1, 2);
        assert_true(is_trimmed(engine));
        engine->close(engine);
    }
    engine->open(engine, false);
    struct log_claim_op owner = contract_claim(engine, 0);
    assert_true(append_burst(engine, &owner, 8));
    log_release(engine->log, owner.writer);
}

static uint32_t count_hits(struct contract_engine *engine, const char *q)
{
    struct history_search_op op = {.user = contract_id(1), .q = contract_str(q), .limit = 10};
    assert_int_equal(ASK(engine, history_search, engine->history, &op), OK);
    arena_deinit(&op.arena);
    return op.count;
}

/* Steps of SQLite's machine, and pages that were looked at, of an answer that there is no door. */
static void count_work(struct db *db, uint32_t room, int *ret_steps, int *ret_pages)
{
    int highest = 0, missed = 0;
    struct cht_id id = contract_id(room);
    sqlite3_db_status(db->handle, SQLITE_DBSTATUS_CACHE_HIT, ret_pages, &highest, 1);
    sqlite3_db_status(db->handle, SQLITE_DBSTATUS_CACHE_MISS, &missed, &highest, 1);
    struct query q = db_query(db, STORE_ROOM_DOOR);
    query_id(&q, &id);
    assert_false(query_row(&q));
    *ret_steps = sqlite3_stmt_status(q.statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    query_end(&q);
    sqlite3_db_status(db->handle, SQLITE_DBSTATUS_CACHE_HIT, ret_pages, &highest, 1);
    sqlite3_db_status(db->handle, SQLITE_DBSTATUS_CACHE_MISS, &missed, &highest, 1);
    *ret_pages += missed;
}

static void put_room(struct contract_engine *engine, uint32_t room, enum cht_room_kind kind,
    enum cht_visibility visibility)
{
    struct room_meta meta = {.room = contract_id(room),
        .kind = kind,
        .visibility = visibility,
        .pair = {contract_id(1), contract_id(2)}};
    struct history_change change = {
        .kind = CHANGE_ROOM, .room = meta.room, .seq = 1, .meta = &meta};
    sqlite_engine_write(engine, &change, 1);
}

static void a_private_room_takes_as_long_to_find_as_one_that_is_not_there(void **state)
{
    struct contract_engine *engine = *state;
    struct db db = {0};
    for (uint32_t room = 1; room <= 50; room++) {
        put_room(engine, room, cht_room_kind_channel, cht_visibility_public);
    }
    put_room(engine, 51, cht_room_kind_direct, cht_visibility_private);
    put_room(engine, 52, cht_room_kind_channel, cht_visibility_private);
    assert_int_equal(
        db_open(&db, sqlite_engine_dir(engine), &store_schema, false, sqlite_engine_logger()), OK);
    store_set_statements(&db);
    int steps = 0, pages = 0, others_steps = 0, others_pages = 0;
    count_work(&db, 99, &steps, &pages); /* the first reads the schema */
    count_work(&db, 99, &steps, &pages);
    assert_true(pages > 0);
    for (uint32_t room = 51; room <= 52; room++) {
        count_work(&db, room, &others_steps, &others_pages);
        assert_int_equal(others_steps, steps);
        assert_int_equal(others_pages, pages);
    }
    db_close(&db);
}

static void a_search_index_of_before_is_made_anew(void **state)
{
    struct contract_engine *engine = *state;
    sqlite_engine_join(engine);
    say(engine, 2, "zebra crossing");
    say(engine, 3, "grey zebra");
    engine->close(engine);
    sqlite_engine_run(engine, "store.db",
        "DROP TABLE words; DROP TABLE search;"
        "CREATE VIRTUAL TABLE search USING fts5 (text, content='',"
        " tokenize='unicode61 remove_diacritics 2');"
        "INSERT INTO search (rowid, text) SELECT place, text FROM messages;"
        "DROP INDEX rooms_public; DROP INDEX entries_reactions;" ENTRIES_OF_MESSAGES
        "PRAGMA user_version = 1;");
    engine->open(engine, false);
    assert_int_equal(count_hits(engine, "zebra"), 2);
    edit(engine, 4, 3, "grey giraffe");
    assert_int_equal(count_hits(engine, "zebra"), 1);
    assert_int_equal(count_hits(engine, "giraffe"), 1);
}

static void keys_on_messages_that_were_deleted_before_are_forgotten(void **state)
{
    struct contract_engine *engine = *state;
    say(engine, 1, "gone");
    say(engine, 2, "stays");
    react(engine, 3, 1, "keymarker");
    react(engine, 4, 2, "keptmarker");
    engine->close(engine);
    sqlite_engine_run(engine, "store.db",
        "UPDATE messages SET deleted = 1, text = '' WHERE n = 1;"
        "DELETE FROM reactions WHERE key = 'keymarker'; DROP INDEX "
        "entries_reactions;" ENTRIES_OF_MESSAGES "PRAGMA user_version = 5;");
    assert_true(holds(sqlite_engine_dir(engine), "store.db", "keymarker"));
    engine->open(engine, false);
    engine->close(engine);
    struct history_entries_op op = {.room = contract_id(5), .bound = HISTORY_AFTER, .limit = 9};
    engine->open(engine, false);
    assert_int_equal(ASK(engine, history_entries, engine->history, &op), OK);
    assert_int_equal(op.count, 4);
    assert_int_equal(op.entries[2].key.size, 0);
    assert_int_equal(op.entries[2].target, 1);
    assert_true(cht_str_equal(op.entries[3].key, contract_str("keptmarker")));
    arena_deinit(&op.arena);
    react(engine, 5, 2, "keptmarker"); /* what was deleted goes from the files when there is time */
    engine->close(engine);
    assert_false(holds(sqlite_engine_dir(engine), "store.db", "keymarker"));
    assert_false(holds(sqlite_engine_dir(engine), "store.db-wal", "keymarker"));
    engine->open(engine, false);
}

static void put_public(struct contract_engine *engine, uint32_t room, const char *name)
{
    struct room_meta meta = {.room = contract_id(room),
        .kind = cht_room_kind_channel,
        .visibility = cht_visibility_public,
        .name = contract_str(name)};
    struct history_change made = {
        .kind = CHANGE_ROOM, .room = contract_id(room), .seq = 1, .meta = &meta};
    sqlite_engine_write(engine, &made, 1);
}

static enum err claim_name(struct contract_engine *engine, uint32_t room, const char *name)
{
    struct rooms_name_op op = {.name = contract_str(name), .room = contract_id(room)};
    return ASK(engine, rooms_claim_name, engine->rooms, &op);
}

static void public_names_of_before_are_compared_by_what_they_show(void **state)
{
    struct contract_engine *engine = *state;
    put_public(engine, 5, "alpha");
    put_public(engine, 6, "beta");
    put_public(engine, 7, "gamma");
    engine->close(engine);
    sqlite_engine_run(engine, "store.db",
        "UPDATE public_names SET name = 'al\u200bpha' WHERE name = 'alpha';"
        "UPDATE public_names SET name = 'bet\u00ada' WHERE name = 'gamma';"
        "DROP TABLE words; DROP INDEX rooms_public; DROP INDEX "
        "entries_reactions;" ENTRIES_OF_MESSAGES "PRAGMA user_version = 2;");
    engine->open(engine, false);
    struct rooms_name_op op = {.name = contract_str("ALPHA"), .room = contract_id(8)};
    struct cht_id alpha = contract_id(5);
    assert_int_equal(ASK(engine, rooms_claim_name, engine->rooms, &op), ERR_TAKEN);
    assert_true(cht_id_equal(&op.holder, &alpha));
    assert_int_equal(claim_name(engine, 6, "beta"), OK);
    assert_int_equal(claim_name(engine, 7, "beta"), ERR_TAKEN);
    assert_int_equal(claim_name(engine, 8, "bet\u00ada"), ERR_TAKEN);
}

static void a_backup_opens_like_the_original(void **state)
{
    struct contract_engine *engine = *state;
    char dir[96];
    struct log_claim_op owner = contract_claim(engine, 2);
    assert_true(append_burst(engine, &owner, 1));
    log_release(engine->log, owner.writer);
    say(engine, 1, "kept");
    snprintf(dir, sizeof(dir), "%s-backup", sqlite_engine_dir(engine));
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(
        data_sqlite_backup(sqlite_engine_dir(engine), dir, sqlite_engine_logger()), OK);
    struct data_sqlite *copy = NULL;
    struct data_sqlite_options options = {
        .dir = dir, .shards = 4, .logger = sqlite_engine_logger()};
    assert_int_equal(data_sqlite_open(&options, &copy), OK);
    struct log *log = log_sqlite_create(copy, &engine->loop.loop);
    struct log_tail_op tail = {0};
    log_tail(log, &contract_asker()->asker, &tail, 2);
    assert_int_equal(contract_wait(engine), OK);
    assert_int_equal(tail.index, BURST);
    data_sqlite_close(copy);
    log_sqlite_destroy(log);
    assert_true(holds(dir, "store.db", "kept"));
    sqlite_engine_remove(dir);
}

int main(void)
{
    struct contract_engine *engine = sqlite_engine();
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, contract_setup, contract_teardown, engine                                     \
    }
    const struct CMUnitTest tests[] = {
        TEST(the_same_data_is_not_opened_twice),
        TEST(the_number_of_shards_never_changes),
        TEST(every_start_is_counted),
        TEST(a_file_that_is_no_database_is_refused),
        TEST(data_of_a_newer_version_is_refused),
        TEST(an_account_of_before_that_voided_its_tokens_has_done_so_just_now),
        TEST(a_private_room_takes_as_long_to_find_as_one_that_is_not_there),
        TEST(a_directory_that_can_not_be_is_refused),
        TEST(what_was_answered_survives_kill_9),
        TEST(a_deleted_text_is_nowhere_in_the_files),
        TEST(a_write_ahead_log_begins_again_when_it_was_copied),
        TEST(there_are_blocks_behind_what_is_in_the_log_of_the_store),
        TEST(a_delete_leaves_the_reserve),
        TEST(what_was_killed_keeps_its_reserve),
        TEST(the_log_is_trimmed_behind_its_mark),
        TEST(what_left_the_log_is_nowhere_in_its_files),
        TEST(a_deleted_account_leaves_nothing_but_its_username_in_the_files),
        TEST(shards_that_share_the_log_are_found_again),
        TEST(a_shard_whose_records_have_all_gone_goes_on),
        TEST(a_log_with_a_table_for_each_shard_is_taken_over),
        TEST(a_search_index_of_before_is_made_anew),
        TEST(public_names_of_before_are_compared_by_what_they_show),
        TEST(keys_on_messages_that_were_deleted_before_are_forgotten),
        TEST(a_backup_opens_like_the_original),
    };
#undef TEST
    return cmocka_run_group_tests_name("data_sqlite", tests, NULL, NULL);
}
