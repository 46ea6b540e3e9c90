/* Who waits for the store: what is gathering is hurried, on whichever worker. The first shard is
 * this worker's own, the second another one's. */

#include "test.h"

#include "base/event_buf.h"
#include "base/logger.h"
#include "message/message.h"
#include "test_loop.h"

#define OWN 0
#define OTHER 1

static struct test_loop loop;
static struct message_service *service;
static struct mail_handler *work;
static uint64_t tails[2], stored[2];
static uint64_t told_index; /* of the newest word */
static uint32_t told, answers;

/* ---- fakes */

static void fake_follow(struct log *log, struct log_follow *follow)
{
    (void)log;
    (void)follow;
}

static void fake_unfollow(struct log *log, struct log_follow *follow)
{
    (void)log;
    (void)follow;
}

static void fake_tail(struct log *log, struct log_tail_op *op)
{
    (void)log;
    op->index = tails[op->shard];
    op_answer_later(&op->op, &loop.loop, OK);
}

static const struct log_ops log_ops = {
    .follow = fake_follow, .unfollow = fake_unfollow, .tail = fake_tail};
static struct log log_port = {&log_ops};

static void fake_progress(struct history *history, struct history_progress_op *op)
{
    (void)history;
    op->progress =
        (struct history_progress){.shard = op->shard, .term = 1, .index = stored[op->shard]};
    op_answer_later(&op->op, &loop.loop, OK);
}

static const struct history_ops history_ops = {.progress = fake_progress};
static struct history history_port = {&history_ops};

static void fake_of_user(struct rooms *rooms, struct rooms_of_user_op *op)
{
    (void)rooms;
    op_answer_later(&op->op, &loop.loop, OK);
}

static const struct rooms_ops rooms_ops = {.of_user = fake_of_user};
static struct rooms rooms_port = {&rooms_ops};

static void fake_apart(struct users *users, struct users_apart_op *op)
{
    (void)users;
    op_answer_later(&op->op, &loop.loop, OK);
}

static const struct users_ops users_ops = {.apart = fake_apart};
static struct users users_port = {&users_ops};

static void fake_open(
    struct mail *mail, enum mail_box box, struct mail_handler *handler, uint32_t credit)
{
    (void)mail;
    (void)box;
    (void)credit;
    work = handler;
}

static void fake_send(struct mail *mail, enum mail_box box, uint64_t node, struct buf *event)
{
    (void)mail;
    (void)box;
    (void)node;
    (void)event;
    answers++;
}

static const struct mail_ops mail_ops = {.open = fake_open, .send = fake_send};
static struct mail mail_port = {.ops = &mail_ops, .node = 1};

static void fake_listen(struct cast *cast, struct cast_handler *handler)
{
    (void)cast;
    (void)handler;
}

static void fake_cast(struct cast *cast, struct buf *event)
{
    struct cht_wanted wanted;
    struct cht_scratch nothing = {NULL, 0, 0};
    (void)cast;
    struct cht_str bytes = event_buf_bytes(event);
    assert_true(cht_decode(&cht_row_wanted, bytes, &nothing, &wanted));
    assert_int_equal(wanted.shard, OTHER);
    told++;
    told_index = wanted.index;
}

static const struct cast_ops cast_ops = {.listen = fake_listen, .send = fake_cast};
static struct cast cast_port = {&cast_ops};

/* A question for the rooms of a user waits for all shards. */
static void ask(void)
{
    struct cht_roster_query question = {.user = {{7}}, .node = 1, .node_ref = 5};
    struct buf *buf = event_buf_encode(&cht_row_roster_query, &question);
    work->on_mail(work, buf);
    buf_unref(buf);
    test_loop_settle(&loop);
}

static void pass(uint64_t ms)
{
    for (uint64_t i = 0; i < ms; i++) {
        test_loop_advance(&loop, 1);
        test_loop_settle(&loop);
    }
}

static int setup(void **state)
{
    static const struct message_settings settings = {.batch_records_max = 4,
        .batch_bytes_max = 65536,
        .gather_ms = 1000,
        .rooms_cached = 16,
        .queries_max = 16,
        .queries_per_user_max = 16,
        .waits_per_user_max = 8,
        .node_queries_max = 16,
        .fresh_wait_ms = 2000,
        .retry_ms = 50};
    (void)state;
    test_loop_init(&loop);
    tails[OWN] = stored[OWN] = 10;
    tails[OTHER] = stored[OTHER] = 20;
    told = answers = 0;
    struct message_deps deps = {.world = &loop.world,
        .log = &log_port,
        .mail = &mail_port,
        .cast = &cast_port,
        .rooms = &rooms_port,
        .history = &history_port,
        .users = &users_port,
        .shard_count = 2};
    service = message_create(&deps, &settings);
    message_own(service, OWN);
    test_loop_settle(&loop);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_true(message_is_idle(service));
    message_destroy(service);
    test_loop_deinit(&loop);
    return 0;
}

/* ---- tests */

static void where_the_store_is_there_nobody_is_told(void **state)
{
    (void)state;
    ask();
    assert_int_equal(answers, 1);
    assert_int_equal(told, 0);
}

static void whoever_writes_the_shard_is_told_what_is_waited_for(void **state)
{
    (void)state;
    tails[OTHER] = 25;
    ask();
    assert_int_equal(answers, 0);
    assert_int_equal(told, 1);
    assert_int_equal(told_index, 25);
    stored[OTHER] = 25;
    pass(5);
    assert_int_equal(answers, 1);
    assert_int_equal(told, 1);
}

static void a_word_that_was_lost_is_said_again(void **state)
{
    (void)state;
    tails[OTHER] = 25;
    ask();
    pass(100);
    assert_in_range(told, 2, 21);
    stored[OTHER] = 25;
    pass(5);
    assert_int_equal(answers, 1);
}

static void many_questions_are_one_word(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 10; i++) {
        tails[OTHER]++;
        ask();
    }
    assert_int_equal(told, 1);
    pass(5);
    assert_int_equal(told, 2);
    assert_int_equal(told_index, 30);
    stored[OTHER] = 30;
    pass(5);
    assert_int_equal(answers, 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(where_the_store_is_there_nobody_is_told),
        TEST(whoever_writes_the_shard_is_told_what_is_waited_for),
        TEST(a_word_that_was_lost_is_said_again),
        TEST(many_questions_are_one_word),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
