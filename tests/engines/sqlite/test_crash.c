/* After every loss of power the data directory opens, what was acknowledged is there, and nothing
 * is there twice.
 *
 * A run is a few lives of a process on one directory. Each life opens, looks whether everything is
 * there that earlier lives were promised, and works: claims, appends, stores, creates accounts;
 * until the power fails (crash_disk.h). The longer mode: `test_crash SEED RUNS`. */

#include "sqlite_engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chattifier/events.h"
#include "crash_disk.h"

enum {
    SHARDS = 2,
    LIVES = 4,
    ROUNDS = 10,
    BATCH = 6,
    USERS = 64,
    LAST_STEP = 500, /* of a life: about as many as a whole one has */
    RUNS = 24,
    PAGE = 64,
    RESERVE_BYTES = 1 << 20,
    BROKEN = 9,
    IO_EXIT = 74, /* the engine's: the disk failed */
};

/* What was promised; shared by the lives. */
struct book {
    uint64_t acked[SHARDS], tried[SHARDS], term[SHARDS], stored[SHARDS];
    uint64_t boot;
    bool user_acked[USERS], user_tried[USERS];
    char why[256];
};

/* One life. */
struct life {
    struct book *book;
    uint64_t dice;
    bool disk_fails;
    struct test_loop loop;
    struct data_sqlite *data;
    struct log *log;
    struct history *history;
    struct users *users;
    struct log_claim_op owners[SHARDS];
};

/* Not an assertion of cmocka: this is another process. */
static void must(struct life *life, bool holds, const char *format, ...)
{
    if (!holds) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(life->book->why, sizeof(life->book->why), format, arguments);
        va_end(arguments);
        _exit(BROKEN);
    }
}

#define NUMBER(number) ((unsigned long long)(number))

static enum err wait_for(struct life *life, struct test_asker *asker, uint32_t answers)
{
    must(life, test_loop_run_until_answered(&life->loop, asker, answers), "no answer");
    return asker->last;
}

#define DO(life, function, port, op)                                                               \
    (test_asker_init(&the_asker), function(port, &the_asker.asker, op),                            \
        wait_for(life, &the_asker, 1))

static struct test_asker the_asker;

/* ---- what is written: all of it follows from shard and index */

static struct cht_id id_of(uint8_t kind, uint64_t number)
{
    struct cht_id id = {{kind}};
    id.bytes[15] = (uint8_t)number;
    id.bytes[14] = (uint8_t)(number >> 8);
    return id;
}

static struct cht_str text_of(uint64_t index, char text[256])
{
    int size = snprintf(text, 256, "message %llu %.*s", NUMBER(index), (int)(index % 200),
        "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "0"
        "123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
        "1"
        "234567890123456789");
    return (struct cht_str){text, (uint32_t)size};
}

/* Every fourth one deletes the one before it. */
static struct cht_entry entry_of(uint64_t index, char text[256])
{
    bool deletes = index % 4 == 0;
    struct cht_entry entry = {.kind = deletes ? cht_entry_kind_deleted : cht_entry_kind_message,
        .seq = index,
        .n = index - index / 4,
        .ts = 1000 + index,
        .target = deletes ? index - 1 : 0,
        .by = id_of(1, 1)};
    if (!deletes) {
        entry.text = text_of(index, text);
    }
    return entry;
}

static struct buf *record_of(uint32_t shard, uint64_t term, uint64_t index)
{
    char text[256];
    struct cht_entry entry = entry_of(index, text);
    struct cht_record record = {
        .term = term, .index = index, .room = id_of(2, shard), .entries = {&entry, 1}};
    size_t size = cht_encoded_size(&cht_row_record, &record);
    struct buf *buf = buf_create(size);
    cht_encode(&cht_row_record, &record, buf->bytes);
    buf->size = (uint32_t)size;
    return buf;
}

static struct cht_str name_of(uint64_t number, char name[16])
{
    return (struct cht_str){name, (uint32_t)snprintf(name, 16, "user-%llu", NUMBER(number))};
}

/* ---- looking */

static void look_at_item(struct life *life, const struct log_item *item, uint64_t index)
{
    must(life, item->index == index, "shard %u: record %llu where %llu is to be", item->shard,
        NUMBER(item->index), NUMBER(index));
    struct buf *right = record_of(item->shard, item->term, index);
    bool same = right->size == item->record->size &&
                memcmp(right->bytes, item->record->bytes, right->size) == 0;
    must(life, same, "shard %u: record %llu has other bytes", item->shard, NUMBER(index));
    buf_unref(right);
    buf_unref(item->record);
}

static void look_at_log(struct life *life, uint32_t shard)
{
    struct book *book = life->book;
    struct log_tail_op tail = {0};
    test_asker_init(&the_asker);
    log_tail(life->log, &the_asker.asker, &tail, shard);
    must(life, wait_for(life, &the_asker, 1) == OK, "no tail");
    must(life, tail.index >= book->acked[shard] && tail.index <= book->tried[shard],
        "shard %u ends at %llu: %llu were acknowledged, %llu tried", shard, NUMBER(tail.index),
        NUMBER(book->acked[shard]), NUMBER(book->tried[shard]));
    struct log_item items[PAGE];
    for (uint64_t index = 1; index <= tail.index;) {
        struct log_read_op read = {
            .shard = shard, .from = index, .until = UINT64_MAX >> 1, .limit = PAGE, .items = items};
        must(life, DO(life, log_read, life->log, &read) == OK && read.count > 0,
            "shard %u: nothing at %llu", shard, NUMBER(index));
        for (uint32_t i = 0; i < read.count; i++) {
            look_at_item(life, &items[i], index++);
        }
        must(life, index <= tail.index + 1, "shard %u: more than its tail", shard);
    }
    book->acked[shard] = book->tried[shard] = tail.index;
}

/* The store is a fold of the first `progress` records, no more and no less. */
static void look_at_store(struct life *life, uint32_t shard)
{
    struct book *book = life->book;
    struct history_progress_op progress = {.shard = shard};
    must(life, DO(life, history_progress, life->history, &progress) == OK, "no progress");
    uint64_t stored = progress.progress.index, seq = 0;
    must(life, stored >= book->stored[shard] && stored <= book->acked[shard],
        "shard %u: %llu are stored, %llu were before, the log has %llu", shard, NUMBER(stored),
        NUMBER(book->stored[shard]), NUMBER(book->acked[shard]));
    struct history_entries_op read = {
        .room = id_of(2, shard), .bound = HISTORY_AFTER, .limit = PAGE, .bytes_max = 1 << 20};
    do {
        read.seq = seq;
        enum err err = DO(life, history_entries, life->history, &read);
        must(life, err == OK || (err == ERR_NOT_FOUND && stored == 0), "no entries");
        for (uint32_t i = 0; err == OK && i < read.count; i++) {
            char text[256];
            struct cht_entry right = entry_of(++seq, text);
            bool gone = seq % 4 == 3 && seq < stored;
            must(life,
                read.entries[i].seq == seq && read.entries[i].kind == right.kind &&
                    read.entries[i].text.size == (gone ? 0 : right.text.size),
                "shard %u: entry %llu is stored as another", shard, NUMBER(seq));
        }
    } while (read.more && read.count > 0);
    must(life, seq == stored, "shard %u: %llu entries of %llu records", shard, NUMBER(seq),
        NUMBER(stored));
    arena_deinit(&read.arena);
    book->stored[shard] = stored;
}

static void look_at_users(struct life *life)
{
    for (uint64_t i = 0; i < USERS; i++) {
        char name[16];
        struct users_by_name_op found = {.username = name_of(i, name)};
        enum err err = DO(life, users_by_name, life->users, &found);
        struct cht_id id = id_of(3, i);
        bool there = err == OK && cht_id_equal(&found.user.id, &id);
        must(life, there || (err == ERR_NOT_FOUND && !life->book->user_acked[i]),
            "account %llu was made and is not there", NUMBER(i));
        must(life, !there || life->book->user_tried[i], "account %llu was not made", NUMBER(i));
        life->book->user_acked[i] = there;
        arena_deinit(&found.arena);
    }
}

static void look(struct life *life)
{
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        look_at_log(life, shard);
        look_at_store(life, shard);
    }
    look_at_users(life);
}

/* ---- working */

static void claim(struct life *life, uint32_t shard)
{
    struct log_claim_op *owner = &life->owners[shard];
    test_asker_init(&the_asker);
    log_claim(life->log, &the_asker.asker, owner, shard, 1);
    must(life, wait_for(life, &the_asker, 1) == OK, "no claim");
    must(life, owner->term > life->book->term[shard], "shard %u: term %llu again", shard,
        NUMBER(owner->term));
    life->book->term[shard] = owner->term;
}

static void append_some(struct life *life, uint32_t shard)
{
    struct log_append_op ops[BATCH] = {0};
    struct test_asker asker;
    uint64_t first = life->book->acked[shard] + 1;
    uint32_t count = 1 + (uint32_t)crash_disk_dice(&life->dice, BATCH);
    test_asker_init(&asker);
    life->book->tried[shard] = first + count - 1;
    for (uint32_t i = 0; i < count; i++) {
        struct log_claim_op *owner = &life->owners[shard];
        log_append(life->log, &asker.asker, &ops[i], owner->writer,
            record_of(shard, owner->term, first + i));
    }
    wait_for(life, &asker, count);
    for (uint32_t i = 0; i < count; i++) {
        must(life, ops[i].op.err == OK, "an append is refused");
        life->book->acked[shard] = first + i;
    }
}

/* The changes of one record, as the message service makes them. */
struct fold {
    struct history_change changes[BATCH * 5];
    struct cht_entry entries[BATCH];
    struct room_head heads[BATCH];
    struct room_meta meta;
    char texts[BATCH][256];
    uint32_t count;
};

static struct history_change *add(
    struct fold *fold, enum history_change_kind kind, uint32_t shard, uint64_t seq)
{
    struct history_change *change = &fold->changes[fold->count++];
    *change = (struct history_change){.kind = kind, .room = id_of(2, shard), .seq = seq};
    return change;
}

static void fold_record(struct fold *fold, uint32_t at, uint32_t shard, uint64_t index)
{
    fold->entries[at] = entry_of(index, fold->texts[at]);
    const struct cht_entry *entry = &fold->entries[at];
    if (index == 1) {
        fold->meta = (struct room_meta){.room = id_of(2, shard),
            .kind = cht_room_kind_group,
            .visibility = cht_visibility_private,
            .posting = cht_who_members,
            .adding = cht_who_members,
            .history = cht_history_from_all};
        add(fold, CHANGE_ROOM, shard, index)->meta = &fold->meta;
    }
    add(fold, CHANGE_ENTRY, shard, index)->entry = entry;
    if (entry->kind == cht_entry_kind_message) {
        add(fold, CHANGE_MESSAGE, shard, index)->entry = entry;
    } else {
        add(fold, CHANGE_DELETE, shard, index)->target = entry->target;
    }
    fold->heads[at] =
        (struct room_head){.seq = index, .n = entry->n, .ts = entry->ts, .last_seq = index};
    add(fold, CHANGE_HEAD, shard, index)->head = &fold->heads[at];
}

static void store_some(struct life *life, uint32_t shard)
{
    static struct fold fold;
    struct history_progress_op progress = {.shard = shard};
    must(life, DO(life, history_progress, life->history, &progress) == OK, "no progress");
    uint64_t index = progress.progress.index;
    fold.count = 0;
    for (uint32_t i = 0; i < BATCH && index < life->book->acked[shard]; i++) {
        fold_record(&fold, i, shard, ++index);
    }
    if (fold.count == 0) {
        return;
    }
    struct history_write_op write = {
        .progress = {.shard = shard, .term = life->owners[shard].term, .index = index},
        .changes = fold.changes,
        .count = fold.count};
    must(life, DO(life, history_write, life->history, &write) == OK, "a write is refused");
    log_mark(life->log, shard, index);
}

static void create_user(struct life *life)
{
    uint64_t number = crash_disk_dice(&life->dice, USERS);
    char name[16];
    struct users_create_op create = {.user = {.id = id_of(3, number),
                                         .username = name_of(number, name),
                                         .display_name = {"Somebody", 8},
                                         .password_hash = {"hash", 4}}};
    life->book->user_tried[number] = true;
    enum err err = DO(life, users_create, life->users, &create);
    must(life, err == OK, "account: %s", err_name(err)); /* also the same one again */
    life->book->user_acked[number] = true;
}

static void work(struct life *life)
{
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        claim(life, shard);
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t shard = (uint32_t)crash_disk_dice(&life->dice, SHARDS);
        append_some(life, shard);
        store_some(life, (uint32_t)crash_disk_dice(&life->dice, SHARDS));
        if (crash_disk_dice(&life->dice, 3) == 0) {
            create_user(life);
        }
    }
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        log_release(life->log, life->owners[shard].writer);
    }
}

/* ---- lives */

static void open_all(struct life *life, const char *dir)
{
    struct data_sqlite_options options = {.dir = dir,
        .shards = SHARDS,
        .retention_ms = UINT64_MAX,
        .reserve_bytes = RESERVE_BYTES,
        .logger = sqlite_engine_logger()};
    test_loop_init(&life->loop);
    enum err err = data_sqlite_open(&options, &life->data);
    if (err != OK && life->disk_fails) {
        _exit(IO_EXIT); /* as the program does */
    }
    must(life, err == OK, "it does not open: %s", err_name(err));
    uint64_t boot = data_sqlite_boot(life->data);
    must(life, boot > life->book->boot, "boot %llu again", NUMBER(boot));
    life->book->boot = boot;
    life->log = log_sqlite_create(life->data, &life->loop.loop);
    life->history = history_sqlite_create(life->data, &life->loop.loop);
    life->users = users_sqlite_create(life->data, &life->loop.loop);
}

static void close_all(struct life *life)
{
    test_loop_settle(&life->loop);
    log_sqlite_destroy(life->log);
    history_sqlite_destroy(life->history);
    users_sqlite_destroy(life->users);
    data_sqlite_close(life->data);
}

/* Does not return. */
static void live(struct book *book, const char *dir, const struct crash_plan *plan)
{
    static struct life life;
    life = (struct life){.book = book, .dice = plan->seed + 1, .disk_fails = plan->fails};
    crash_disk_start(plan);
    open_all(&life, dir);
    look(&life);
    work(&life);
    close_all(&life);
    _exit(0);
}

static int run_life(struct book *book, const char *dir, const struct crash_plan *plan)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        live(book, dir, plan);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    if (!WIFEXITED(status)) {
        snprintf(book->why, sizeof(book->why), "signal %d", WTERMSIG(status));
        return BROKEN;
    }
    return WEXITSTATUS(status);
}

/* True if every life kept what the ones before it were promised. The last one has no crash. */
static bool run_lives(uint64_t seed, bool fails, bool lies)
{
    struct book *book =
        mmap(NULL, sizeof(*book), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(book != MAP_FAILED);
    char dir[] = "/tmp/chattifier-crash-XXXXXX";
    assert_non_null(mkdtemp(dir));
    uint64_t dice = seed * 1000003;
    bool good = true;
    for (int life = 0; life < LIVES && good; life++) {
        struct crash_plan plan = {.seed = crash_disk_dice(&dice, 0), .fails = fails, .lies = lies};
        plan.seed = dice;
        plan.at = life + 1 < LIVES ? 1 + crash_disk_dice(&dice, LAST_STEP) : 0;
        int status = run_life(book, dir, &plan);
        good = status == 0 || status == (fails ? IO_EXIT : CRASH_DISK_EXIT);
        if (!good && !lies) {
            print_message("seed %llu, life %d, step %llu: status %d, %s\n", NUMBER(seed), life,
                NUMBER(plan.at), status, book->why);
        }
    }
    sqlite_engine_remove(dir);
    munmap(book, sizeof(*book));
    return good;
}

static void what_was_acknowledged_outlives_a_loss_of_power(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        assert_true(run_lives(seed, false, false));
    }
}

static void what_was_acknowledged_outlives_a_disk_that_fails(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= RUNS / 4; seed++) {
        assert_true(run_lives(seed, true, false));
    }
}

/* So that the two above are worth something. */
static void a_disk_that_lies_about_syncs_is_found_out(void **state)
{
    (void)state;
    uint32_t found = 0;
    for (uint64_t seed = 1; seed <= RUNS / 4; seed++) {
        found += !run_lives(seed, false, true);
    }
    assert_true(found > 0);
}

static int run_long(uint64_t seed, uint64_t runs)
{
    uint64_t failed = 0;
    for (uint64_t i = 0; i < runs; i++) {
        failed += !run_lives(seed + i, i % 8 == 7, false);
    }
    print_message("%llu runs, %llu failed\n", NUMBER(runs), NUMBER(failed));
    return failed > 0;
}

int main(int argument_count, char **arguments)
{
    if (argument_count == 3) {
        return run_long(strtoull(arguments[1], NULL, 10), strtoull(arguments[2], NULL, 10));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_acknowledged_outlives_a_loss_of_power),
        cmocka_unit_test(what_was_acknowledged_outlives_a_disk_that_fails),
        cmocka_unit_test(a_disk_that_lies_about_syncs_is_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
