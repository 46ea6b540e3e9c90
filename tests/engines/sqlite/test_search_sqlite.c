/* test_search_sqlite - what a search costs: as much as the rooms of who asks, so much and no more,
 * and not at the expense of others. What it finds is in the contract of history. */

#include "sqlite_engine.h"

#include <pthread.h>
#include <stdio.h>

#include "chattifier/events.h"
#include "sqlite/store.h"

enum { ANNA = 1, BERT = 2, BATCH = 64 };

static void write_changes(
    struct contract_engine *engine, const struct history_change *changes, uint32_t count)
{
    struct history_write_op op = {.changes = changes, .count = count, .progress = {.shard = 1}};
    assert_int_equal(ASK(engine, history_write, engine->history, &op), OK);
}

static void join(struct contract_engine *engine, uint32_t user, uint32_t room)
{
    struct room_member member = {.user = contract_id(user),
        .role = cht_role_member,
        .state = cht_member_state_joined,
        .joined_seq = 1,
        .changed_seq = 1};
    struct history_change change = {
        .kind = CHANGE_MEMBER, .room = contract_id(room), .seq = 1, .member = &member};
    write_changes(engine, &change, 1);
}

/* `count` messages, each `step` behind the one before. */
static void say(struct contract_engine *engine, uint32_t room, uint64_t seq, uint32_t count,
    uint64_t step, const char *text)
{
    static struct cht_entry entries[BATCH];
    static struct history_change changes[BATCH];
    for (uint32_t done = 0; done < count; done += BATCH) {
        uint32_t batch = count - done < BATCH ? count - done : BATCH;
        for (uint32_t i = 0; i < batch; i++) {
            uint64_t at = seq + (done + i) * step;
            entries[i] = (struct cht_entry){.kind = cht_entry_kind_message,
                .seq = at,
                .n = at,
                .ts = 1000 + at,
                .by = contract_id(ANNA),
                .text = contract_str(text)};
            changes[i] = (struct history_change){
                .kind = CHANGE_MESSAGE, .room = contract_id(room), .seq = at, .entry = &entries[i]};
        }
        write_changes(engine, changes, batch);
    }
}

/* ---- cost */

/* Pages that were looked at, and steps of SQLite's machine, which are many for each row. */
static uint64_t work_of(struct db *db)
{
    int hits = 0, misses = 0, highest = 0;
    sqlite3_db_status(db->handle, SQLITE_DBSTATUS_CACHE_HIT, &hits, &highest, 1);
    sqlite3_db_status(db->handle, SQLITE_DBSTATUS_CACHE_MISS, &misses, &highest, 1);
    uint64_t work = (uint64_t)hits + (uint64_t)misses;
    for (uint32_t i = 0; i < db->statement_count; i++) {
        work += db->statements[i] == NULL ? 0
                                          : (uint64_t)sqlite3_stmt_status(
                                                db->statements[i], SQLITE_STMTSTATUS_VM_STEP, 1);
    }
    return work;
}

static uint64_t cost(struct contract_engine *engine, uint32_t user, const char *q, uint32_t *found)
{
    struct db db = {0};
    struct history_search_op op = {.user = contract_id(user), .q = contract_str(q), .limit = 20};
    assert_int_equal(
        db_open(&db, sqlite_engine_dir(engine), &store_schema, false, sqlite_engine_logger()), OK);
    store_set_statements(&db);
    assert_int_equal(store_search(&db, &op), OK); /* statements are made */
    (void)work_of(&db);
    assert_int_equal(store_search(&db, &op), OK);
    uint64_t work = work_of(&db);
    *found = op.count;
    arena_deinit(&op.arena);
    db_close(&db);
    return work;
}

static void what_others_say_in_their_rooms_costs_a_search_nothing(void **state)
{
    static const char *const questions[] = {"hello", "hello there", "hel there", "hello hello"};
    struct contract_engine *engine = *state;
    uint64_t before[sizeof(questions) / sizeof(questions[0])];
    uint32_t found = 0;
    join(engine, ANNA, 48);
    say(engine, 49, 2, 500, 1, "hello there, hello");
    join(engine, ANNA, 50);
    say(engine, 50, 2, 5, 1, "hello there");
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        before[i] = cost(engine, ANNA, questions[i], &found);
    }
    say(engine, 51, 2, 6000, 1, "hello there, hello");
    say(engine, 49, 502, 6000, 1, "hello there, hello");
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        uint64_t after = cost(engine, ANNA, questions[i], &found);
        assert_int_equal(found, i == 2 ? 0 : 5);
        if (after > before[i] * 3) {
            fail_msg("%s: %llu steps, and %llu before", questions[i], (unsigned long long)after,
                (unsigned long long)before[i]);
        }
    }
}

/* In so many rooms that all places are walked through, by words and by their beginning. */
static void what_is_found_in_a_walk_comes_in_the_same_pages(void **state)
{
    enum { ROOMS = 300, WORDS = 20 };
    static const uint32_t limits[] = {1, 7, 50, ROOMS + 1};
    struct contract_engine *engine = *state;
    for (uint32_t i = 0; i < ROOMS; i++) {
        char text[16];
        snprintf(text, sizeof(text), "wo%cd %c", 'a' + (char)(i % WORDS), 'a' + (char)(i % 15));
        join(engine, ANNA, 1000 + i);
        say(engine, 1000 + i, 2 + i * 7 % ROOMS, 1, 1, text);
        say(engine, 2000 + i, 2, 1, 1, text);
    }
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct history_search_op op = {
            .user = contract_id(ANNA), .q = contract_str("wo"), .limit = limits[i]};
        uint32_t found = 0;
        do {
            op.after = op.at;
            assert_int_equal(ASK(engine, history_search, engine->history, &op), OK);
            for (uint32_t k = 0; k < op.count; k++) {
                assert_int_equal(op.hits[k].ts, 1000 + 2 + ROOMS - 1 - found++);
            }
        } while (op.more);
        assert_int_equal(found, ROOMS);
        op = (struct history_search_op){
            .arena = op.arena, .user = op.user, .q = contract_str("woad"), .limit = ROOMS};
        assert_int_equal(ASK(engine, history_search, engine->history, &op), OK);
        assert_int_equal(op.count, ROOMS / WORDS);
        arena_deinit(&op.arena);
    }
}

/* Messages so far from each other that each is in a window of its own. */
static void a_search_that_looked_at_enough_goes_on_with_the_next_page(void **state)
{
    struct contract_engine *engine = *state;
    join(engine, ANNA, 50);
    say(engine, 50, 5, 1, 1, "zebra");
    say(engine, 50, 10000, 400, 9000, "hello");
    say(engine, 50, 10000 + 400 * 9000, 1, 1, "zebra");
    struct history_search_op op = {
        .user = contract_id(ANNA), .q = contract_str("zebra"), .limit = 20};
    uint32_t pages = 0, found = 0;
    do {
        op.after = op.at;
        assert_int_equal(ASK(engine, history_search, engine->history, &op), OK);
        found += op.count;
        pages++;
    } while (op.more);
    assert_int_equal(pages, 2);
    assert_int_equal(found, 2);
    arena_deinit(&op.arena);
}

/* ---- places */

struct pause {
    struct op op; /* first */
    pthread_mutex_t mutex;
};

static enum err run_pause(struct op *asked, struct db_job *job, void *thread)
{
    struct pause *pause = (struct pause *)asked;
    (void)job;
    (void)thread;
    pthread_mutex_lock(&pause->mutex);
    pthread_mutex_unlock(&pause->mutex);
    return OK;
}

static struct pause pause = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static struct test_asker paused;

/* What searches does nothing until it may go on. */
static void stop_searches(struct contract_engine *engine)
{
    pthread_mutex_lock(&pause.mutex);
    test_asker_init(&paused);
    op_ask(&pause.op, &paused.asker);
    db_job_put(&sqlite_engine_data(engine)->searches, &pause.op, &engine->loop.loop, run_pause);
}

static void let_searches_go_on(void)
{
    pthread_mutex_unlock(&pause.mutex);
}

struct asked {
    struct history_search_op op;
    struct test_asker asker;
};

static void ask(struct contract_engine *engine, struct asked *asked, uint32_t user)
{
    *asked =
        (struct asked){.op = {.user = contract_id(user), .q = contract_str("word"), .limit = 5}};
    test_asker_init(&asked->asker);
    history_search(engine->history, &asked->asker.asker, &asked->op);
}

static void assert_answered(struct contract_engine *engine, struct asked *asked, enum err err)
{
    assert_true(test_loop_run_until_answered(&engine->loop, &asked->asker, 1));
    assert_int_equal(asked->asker.last, err);
    arena_deinit(&asked->op.arena);
}

static void one_user_does_not_take_all_searches(void **state)
{
    struct contract_engine *engine = *state;
    struct asked annas[DATA_SEARCHES_OF_USER_MAX + 1], berts;
    stop_searches(engine);
    for (uint32_t i = 0; i <= DATA_SEARCHES_OF_USER_MAX; i++) {
        ask(engine, &annas[i], ANNA);
    }
    assert_answered(engine, &annas[DATA_SEARCHES_OF_USER_MAX], ERR_OVERLOADED);
    ask(engine, &berts, BERT);
    let_searches_go_on();
    assert_answered(engine, &berts, OK);
    for (uint32_t i = 0; i < DATA_SEARCHES_OF_USER_MAX; i++) {
        assert_answered(engine, &annas[i], OK);
    }
    ask(engine, &annas[0], ANNA);
    assert_answered(engine, &annas[0], OK);
}

static void more_searches_than_places_are_overloaded(void **state)
{
    struct contract_engine *engine = *state;
    static struct asked asked[DATA_SEARCHES_MAX + 1];
    stop_searches(engine);
    for (uint32_t i = 0; i <= DATA_SEARCHES_MAX; i++) {
        ask(engine, &asked[i], 100 + i);
    }
    assert_answered(engine, &asked[DATA_SEARCHES_MAX], ERR_OVERLOADED);
    let_searches_go_on();
    for (uint32_t i = 0; i < DATA_SEARCHES_MAX; i++) {
        assert_answered(engine, &asked[i], OK);
    }
}

static void searches_hold_up_no_other_read(void **state)
{
    struct contract_engine *engine = *state;
    struct asked asked;
    join(engine, ANNA, 50);
    say(engine, 50, 2, 3, 1, "a word");
    stop_searches(engine);
    ask(engine, &asked, ANNA);
    struct history_messages_op read = {.room = contract_id(50), .limit = 5};
    assert_int_equal(ASK(engine, history_messages, engine->history, &read), OK);
    assert_int_equal(read.count, 3);
    assert_int_equal(asked.asker.answers, 0);
    let_searches_go_on();
    assert_answered(engine, &asked, OK);
    arena_deinit(&read.arena);
}

int main(void)
{
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, contract_setup, contract_teardown, sqlite_engine()                            \
    }
    const struct CMUnitTest tests[] = {
        TEST(what_others_say_in_their_rooms_costs_a_search_nothing),
        TEST(what_is_found_in_a_walk_comes_in_the_same_pages),
        TEST(a_search_that_looked_at_enough_goes_on_with_the_next_page),
        TEST(one_user_does_not_take_all_searches),
        TEST(more_searches_than_places_are_overloaded),
        TEST(searches_hold_up_no_other_read),
    };
#undef TEST
    return cmocka_run_group_tests_name("search_sqlite", tests, NULL, NULL);
}
