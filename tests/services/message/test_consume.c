/* The rules by which a shard's log is read, on a log and a store of the test's own. */

#include "base/event_buf.h"
#include "test.h"

#include "base/event_buf.h"
#include "base/logger.h"
#include "message/message.h"
#include "test_loop.h"

#define BATCH_BYTES 8192

static struct test_loop loop;
static struct logger logger;
static struct message_service *service;
static struct log_follow *followed;
static struct cast_handler *listener;
static uint64_t marked, stored_index, tail_index;
static uint32_t writes, heads;
static enum err write_err, load_err, progress_err;

/* ---- fakes */

static void fake_follow(struct log *log, struct log_follow *follow)
{
    (void)log;
    followed = follow;
}

static void fake_unfollow(struct log *log, struct log_follow *follow)
{
    (void)log;
    (void)follow;
    followed = NULL;
}

static void fake_mark(struct log *log, uint32_t shard, uint64_t index)
{
    (void)log;
    (void)shard;
    marked = index;
}

static void fake_tail(struct log *log, struct log_tail_op *op)
{
    (void)log;
    op->index = tail_index;
    op_answer_later(&op->op, &loop.loop, OK);
}

static const struct log_ops log_ops = {
    .follow = fake_follow, .unfollow = fake_unfollow, .mark = fake_mark, .tail = fake_tail};
static struct log log_port = {&log_ops};

static void fake_progress(struct history *history, struct history_progress_op *op)
{
    (void)history;
    op->progress = (struct history_progress){.shard = op->shard, .term = 1, .index = 10};
    op_answer_later(&op->op, &loop.loop, progress_err);
}

static void fake_write(struct history *history, struct history_write_op *op)
{
    (void)history;
    writes++;
    for (uint32_t i = 0; i < op->count; i++) {
        heads += op->changes[i].kind == CHANGE_HEAD;
    }
    if (write_err == OK) {
        stored_index = op->progress.index;
    }
    op_answer_later(&op->op, &loop.loop, write_err);
}

static const struct history_ops history_ops = {.progress = fake_progress, .write = fake_write};
static struct history history_port = {&history_ops};

static void fake_load(struct rooms *rooms, struct rooms_load_op *op)
{
    (void)rooms;
    op_answer_later(&op->op, &loop.loop, load_err);
}

static const struct rooms_ops rooms_ops = {.load = fake_load};
static struct rooms rooms_port = {&rooms_ops};

static void fake_open(
    struct mail *mail, enum mail_box box, struct mail_handler *handler, uint32_t credit)
{
    (void)mail;
    (void)box;
    (void)handler;
    (void)credit;
}

static const struct mail_ops mail_ops = {.open = fake_open};
static struct mail mail_port = {.ops = &mail_ops, .node = 1};

static void fake_listen(struct cast *cast, struct cast_handler *handler)
{
    (void)cast;
    listener = handler;
}

static const struct cast_ops cast_ops = {.listen = fake_listen};
static struct cast cast_port = {&cast_ops};

static void write_nothing(struct logger *l, const char *line, uint32_t size)
{
    (void)l;
    (void)line;
    (void)size;
}

static uint64_t no_time(struct logger *l)
{
    (void)l;
    return 0;
}

static const char text[BATCH_BYTES];

static void give_buf(uint64_t term, uint64_t index, struct buf *buf)
{
    struct log_item item = {.shard = 0, .index = index, .term = term, .record = buf};
    source_give(&followed->source, &item);
    buf_unref(buf);
}

static void give_entries(uint8_t room, uint64_t term, uint64_t index, struct cht_list entries)
{
    struct cht_record record = {.term = term, .index = index, .room = {{room}}, .entries = entries};
    give_buf(term, index, event_buf_encode(&cht_row_record, &record));
}

static void give_text(uint8_t room, uint64_t term, uint64_t index, uint32_t text_bytes)
{
    struct cht_entry entry = {.kind = cht_entry_kind_message,
        .seq = index,
        .n = index,
        .ts = 1,
        .by = {{3}},
        .text = {text, text_bytes}};
    give_entries(room, term, index, (struct cht_list){&entry, 1});
}

static void give(uint64_t term, uint64_t index)
{
    give_text(7, term, index, 2);
}

static void want(uint64_t shard, uint64_t index)
{
    struct cht_wanted wanted = {.shard = shard, .index = index};
    struct buf *buf = event_buf_encode(&cht_row_wanted, &wanted);
    listener->on_cast(listener, buf);
    buf_unref(buf);
}

static int setup_with(uint64_t gather_ms, uint64_t rooms_cached)
{
    struct message_settings settings = {.batch_records_max = 4,
        .batch_bytes_max = BATCH_BYTES,
        .gather_ms = gather_ms,
        .rooms_cached = rooms_cached,
        .queries_max = 16,
        .queries_per_user_max = 16,
        .waits_per_user_max = 8,
        .node_queries_max = 16,
        .fresh_wait_ms = 2000,
        .retry_ms = 50};
    test_loop_init(&loop);
    logger = (struct logger){
        .level = LOG_LEVEL_ERROR, .service = "test", .wall_ms = no_time, .write = write_nothing};
    loop.world.logger = &logger;
    marked = stored_index = 0;
    writes = heads = 0;
    write_err = OK;
    load_err = ERR_NOT_FOUND;
    struct message_deps deps = {.world = &loop.world,
        .log = &log_port,
        .mail = &mail_port,
        .cast = &cast_port,
        .rooms = &rooms_port,
        .history = &history_port,
        .shard_count = 1};
    service = message_create(&deps, &settings);
    message_own(service, 0);
    test_loop_settle(&loop);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return setup_with(0, 16);
}

static int setup_slow(void **state)
{
    (void)state;
    return setup_with(20, 16);
}

static int setup_behind(void **state)
{
    (void)state;
    tail_index = 13;
    return setup_with(20, 16);
}

static int setup_small(void **state)
{
    (void)state;
    return setup_with(20, 2);
}

static int setup_without_store(void **state)
{
    (void)state;
    progress_err = ERR_UNAVAILABLE;
    followed = NULL;
    return setup_with(0, 16);
}

static int teardown(void **state)
{
    (void)state;
    message_destroy(service);
    tail_index = 0;
    progress_err = OK;
    test_loop_deinit(&loop);
    return 0;
}

/* ---- tests */

static void reading_goes_on_behind_what_is_stored(void **state)
{
    (void)state;
    assert_int_equal(followed->from, 11);
    give(1, 11);
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 11);
    assert_int_equal(marked, 11);
}

static void a_repeat_is_dropped(void **state)
{
    (void)state;
    give(1, 10);
    give(1, 11);
    give(1, 11);
    test_loop_settle(&loop);
    assert_int_equal(message_counters(service).records, 1);
    assert_int_equal(message_counters(service).repeats, 2);
}

static void a_record_of_an_older_term_is_dropped(void **state)
{
    (void)state;
    give(3, 11);
    give(2, 12);
    give(3, 12);
    test_loop_settle(&loop);
    assert_int_equal(message_counters(service).old_terms, 1);
    assert_int_equal(stored_index, 12);
    assert_true(message_is_ready(service));
}

static void a_hole_stops_the_shard_with_an_alarm(void **state)
{
    (void)state;
    give(1, 11);
    test_loop_settle(&loop);
    give(1, 13);
    give(1, 12);
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 11);
    assert_int_equal(message_counters(service).holes, 1);
    assert_false(message_is_ready(service));
}

static void what_can_not_be_read_stops_the_shard_with_an_alarm(void **state)
{
    (void)state;
    static const uint8_t nonsense[] = {CHT_EVENT_record, 0xff};
    struct cht_claimed other = {.shard = 0, .term = 1, .node = 1};
    give(1, 11);
    test_loop_settle(&loop);
    give_buf(1, 12, buf_copy(nonsense, sizeof(nonsense)));
    test_loop_settle(&loop);
    give_buf(1, 13, event_buf_encode(&cht_row_claimed, &other));
    test_loop_advance(&loop, 5000);
    assert_int_equal(stored_index, 11);
    assert_int_equal(writes, 1);
    assert_int_equal(message_counters(service).holes, 1);
    assert_false(message_is_ready(service));
}

static void an_event_that_is_no_record_stops_the_shard_too(void **state)
{
    (void)state;
    struct cht_claimed other = {.shard = 0, .term = 1, .node = 1};
    give_buf(1, 11, event_buf_encode(&cht_row_claimed, &other));
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 0);
    assert_false(message_is_ready(service));
}

static void a_log_that_ends_is_an_alarm(void **state)
{
    (void)state;
    source_end(&followed->source, ERR_CORRUPT);
    assert_int_equal(message_counters(service).holes, 1);
    assert_false(message_is_ready(service));
}

/* As the one that an owner begins with. */
static void a_record_without_entries_is_stored_as_progress_alone(void **state)
{
    (void)state;
    load_err = ERR_UNAVAILABLE;
    give_entries(7, 2, 11, (struct cht_list){0});
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 11);
    assert_int_equal(heads, 0);
}

static void rooms_that_find_no_place_in_memory_are_the_next_batch(void **state)
{
    (void)state;
    give_text(1, 1, 11, 2);
    test_loop_settle(&loop);
    for (uint8_t room = 1; room <= 4; room++) {
        give_text(room, 1, 11u + room, 2);
    }
    test_loop_settle(&loop);
    assert_int_equal(writes, 2);
    assert_int_equal(stored_index, 13);
    test_loop_advance(&loop, 20);
    assert_int_equal(writes, 3);
    assert_int_equal(stored_index, 15);
    assert_int_equal(heads, 5);
}

static void what_arrives_during_a_write_is_one_batch(void **state)
{
    (void)state;
    for (uint64_t i = 11; i <= 15; i++) {
        give(1, i);
    }
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 15);
    assert_true(writes <= 3);
    assert_int_equal(heads, writes);
}

static void what_follows_the_first_gathers_and_is_one_batch(void **state)
{
    (void)state;
    give(1, 11);
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 11);
    for (uint64_t i = 12; i <= 14; i++) {
        give(1, i);
        test_loop_settle(&loop);
    }
    assert_int_equal(writes, 1);
    test_loop_advance(&loop, 20);
    assert_int_equal(writes, 2);
    assert_int_equal(stored_index, 14);
    test_loop_advance(&loop, 20);
    give(1, 15);
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 15);
}

static void a_whole_batch_does_not_wait_for_more(void **state)
{
    (void)state;
    for (uint64_t i = 11; i <= 15; i++) {
        give(1, i);
        test_loop_settle(&loop);
    }
    assert_int_equal(stored_index, 15);
    assert_int_equal(writes, 2);
}

/* The first is written at once, and the others gather. */
static void give_one_and_more(uint64_t last)
{
    for (uint64_t i = 11; i <= last; i++) {
        give(1, i);
        test_loop_settle(&loop);
    }
    assert_int_equal(stored_index, 11);
}

static void what_is_wanted_elsewhere_is_written_at_once(void **state)
{
    (void)state;
    give_one_and_more(13);
    want(0, 12);
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 13);
    assert_int_equal(writes, 2);
}

static void what_is_wanted_before_it_is_here_does_not_gather(void **state)
{
    (void)state;
    give_one_and_more(12);
    want(0, 13);
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 12);
    give(1, 13);
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 13);
}

static void who_wants_what_is_stored_or_is_of_another_shard_hurries_nothing(void **state)
{
    (void)state;
    give_one_and_more(12);
    want(0, 11);
    want(1, 12);
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 11);
}

static void what_was_in_the_log_at_the_start_does_not_gather(void **state)
{
    (void)state;
    for (uint64_t i = 11; i <= 15; i++) {
        give(1, i);
        test_loop_settle(&loop);
    }
    assert_int_equal(stored_index, 14); /* 14 is the first after a pause */
    assert_int_equal(writes, 4);
}

static void records_of_many_bytes_are_a_whole_batch(void **state)
{
    (void)state;
    give_one_and_more(12);
    assert_int_equal(writes, 1);
    give_text(7, 1, 13, BATCH_BYTES);
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 13);
}

static void at_the_end_nothing_gathers(void **state)
{
    (void)state;
    give_one_and_more(12);
    message_hurry(service);
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 12);
    give(1, 13);
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 13);
    assert_true(message_is_idle(service));
}

static void a_failed_write_is_tried_again(void **state)
{
    (void)state;
    write_err = ERR_UNAVAILABLE;
    give(1, 11);
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 0);
    assert_int_equal(marked, 0);
    write_err = OK;
    test_loop_advance(&loop, 100);
    assert_int_equal(stored_index, 11);
    assert_int_equal(message_counters(service).failed_writes, 1);
}

static void a_room_that_can_not_be_loaded_is_loaded_later(void **state)
{
    (void)state;
    load_err = ERR_UNAVAILABLE;
    give(1, 11);
    test_loop_settle(&loop);
    assert_int_equal(writes, 0);
    load_err = ERR_NOT_FOUND;
    test_loop_advance(&loop, 50);
    assert_int_equal(stored_index, 11);
    assert_true(message_is_ready(service));
}

/* 50, 100, 200, 400, 800, and from then on 1,600 ms. */
static void a_store_that_stays_away_is_asked_less_often(void **state)
{
    (void)state;
    write_err = ERR_UNAVAILABLE;
    give(1, 11);
    test_loop_advance(&loop, 1550 + 2 * 1600);
    assert_int_equal(writes, 8);
    assert_true(message_is_idle(service));
    write_err = OK;
    test_loop_advance(&loop, 1600);
    assert_int_equal(stored_index, 11);
}

static void reading_begins_when_the_store_says_where(void **state)
{
    (void)state;
    assert_null(followed);
    assert_true(message_is_idle(service));
    progress_err = OK;
    test_loop_advance(&loop, 50);
    assert_non_null(followed);
    give(1, 11);
    test_loop_settle(&loop);
    assert_int_equal(stored_index, 11);
}

/* Records grow old also where nothing is said any more. */
static void how_far_the_store_is_is_told_again_each_minute(void **state)
{
    (void)state;
    assert_int_equal(marked, 0);
    test_loop_advance(&loop, 60000);
    assert_int_equal(marked, 10);
    marked = 0;
    test_loop_advance(&loop, 60000);
    assert_int_equal(marked, 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define SLOW(name) cmocka_unit_test_setup_teardown(name, setup_slow, teardown)
    const struct CMUnitTest tests[] = {
        TEST(reading_goes_on_behind_what_is_stored),
        TEST(a_repeat_is_dropped),
        TEST(a_record_of_an_older_term_is_dropped),
        TEST(a_hole_stops_the_shard_with_an_alarm),
        TEST(what_can_not_be_read_stops_the_shard_with_an_alarm),
        TEST(an_event_that_is_no_record_stops_the_shard_too),
        TEST(a_log_that_ends_is_an_alarm),
        TEST(a_record_without_entries_is_stored_as_progress_alone),
        cmocka_unit_test_setup_teardown(
            rooms_that_find_no_place_in_memory_are_the_next_batch, setup_small, teardown),
        TEST(what_arrives_during_a_write_is_one_batch),
        SLOW(what_follows_the_first_gathers_and_is_one_batch),
        SLOW(a_whole_batch_does_not_wait_for_more),
        SLOW(records_of_many_bytes_are_a_whole_batch),
        SLOW(what_is_wanted_elsewhere_is_written_at_once),
        SLOW(what_is_wanted_before_it_is_here_does_not_gather),
        SLOW(who_wants_what_is_stored_or_is_of_another_shard_hurries_nothing),
        cmocka_unit_test_setup_teardown(
            what_was_in_the_log_at_the_start_does_not_gather, setup_behind, teardown),
        SLOW(at_the_end_nothing_gathers),
        TEST(a_failed_write_is_tried_again),
        TEST(a_room_that_can_not_be_loaded_is_loaded_later),
        TEST(a_store_that_stays_away_is_asked_less_often),
        cmocka_unit_test_setup_teardown(
            reading_begins_when_the_store_says_where, setup_without_store, teardown),
        TEST(how_far_the_store_is_is_told_again_each_minute),
    };
#undef TEST
#undef SLOW
    return cmocka_run_group_tests(tests, NULL, NULL);
}
