/* The contract of the port log. */

#include "contract.h"

#include "chattifier/events.h"

enum { MANY = 500 };

static enum err append(
    struct contract_engine *engine, const struct log_claim_op *owner, uint64_t index)
{
    struct log_append_op op = {0};
    log_append(engine->log, &contract_asker()->asker, &op, owner->writer,
        contract_record(owner->term, index));
    return contract_wait(engine);
}

static uint64_t tail(struct contract_engine *engine, uint32_t shard)
{
    struct log_tail_op op = {0};
    log_tail(engine->log, &contract_asker()->asker, &op, shard);
    assert_int_equal(contract_wait(engine), OK);
    return op.index;
}

static void append_many(struct contract_engine *engine, const struct log_claim_op *owner,
    uint64_t first, uint32_t count)
{
    static struct log_append_op ops[MANY];
    struct test_asker asker;
    test_asker_init(&asker);
    assert_true(count <= MANY);
    for (uint32_t i = 0; i < count; i++) {
        ops[i] = (struct log_append_op){0};
        log_append(engine->log, &asker.asker, &ops[i], owner->writer,
            contract_record(owner->term, first + i));
    }
    assert_true(test_loop_run_until_answered(&engine->loop, &asker, count));
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(ops[i].op.err, OK);
    }
}

static void every_claim_has_a_higher_term(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op first = contract_claim(engine, 0), second = contract_claim(engine, 0);
    assert_true(first.term >= 1);
    assert_true(second.term > first.term);
    log_release(engine->log, first.writer);
    log_release(engine->log, second.writer);
}

static void a_term_stays_over_a_restart(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op first = contract_claim(engine, 1);
    log_release(engine->log, first.writer);
    engine->close(engine);
    engine->open(engine, false);
    struct log_claim_op second = contract_claim(engine, 1);
    assert_true(second.term > first.term);
    log_release(engine->log, second.writer);
}

static void what_was_appended_is_read_after_a_restart(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op owner = contract_claim(engine, 0);
    append_many(engine, &owner, 1, 100);
    log_release(engine->log, owner.writer);
    engine->close(engine);
    engine->open(engine, false);
    assert_int_equal(tail(engine, 0), 100);
    struct log_item items[64];
    struct log_read_op op = {.shard = 0, .from = 31, .until = 1000, .limit = 64, .items = items};
    assert_int_equal(ASK(engine, log_read, engine->log, &op), OK);
    assert_int_equal(op.count, 64);
    for (uint32_t i = 0; i < op.count; i++) {
        assert_int_equal(items[i].index, 31 + i);
        assert_int_equal(items[i].term, owner.term);
        struct buf *same = contract_record(owner.term, items[i].index);
        assert_int_equal(items[i].record->size, same->size);
        assert_memory_equal(items[i].record->bytes, same->bytes, same->size);
        buf_unref(same);
        buf_unref(items[i].record);
    }
    struct log_claim_op next = contract_claim(engine, 0);
    assert_int_equal(append(engine, &next, 101), OK);
    log_release(engine->log, next.writer);
}

static void the_old_writer_is_fenced(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op old = contract_claim(engine, 0);
    assert_int_equal(append(engine, &old, 1), OK);
    struct log_claim_op new = contract_claim(engine, 0);
    assert_int_equal(append(engine, &old, 2), ERR_FENCED);
    assert_int_equal(append(engine, &old, 3), ERR_FENCED);
    assert_int_equal(append(engine, &new, 2), OK);
    assert_int_equal(tail(engine, 0), 2);
    log_release(engine->log, old.writer);
    log_release(engine->log, new.writer);
}

static void a_claim_of_one_shard_fences_no_other(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op one = contract_claim(engine, 0), other = contract_claim(engine, 1);
    assert_int_equal(append(engine, &one, 1), OK);
    assert_int_equal(append(engine, &other, 1), OK);
    log_release(engine->log, one.writer);
    log_release(engine->log, other.writer);
}

static void a_wrong_index_ends_the_writer(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op owner = contract_claim(engine, 0);
    assert_int_equal(append(engine, &owner, 1), OK);
    assert_int_equal(append(engine, &owner, 3), ERR_INTERNAL);
    assert_int_equal(append(engine, &owner, 2), ERR_FENCED);
    assert_int_equal(tail(engine, 0), 1);
    log_release(engine->log, owner.writer);
}

static struct op *order[8];
static uint32_t order_count;

static void note_order(struct asker *asker, struct op *op)
{
    (void)asker;
    order[order_count++] = op;
}

static bool all_ordered(void *context)
{
    (void)context;
    return order_count == 8;
}

static void appends_answer_in_the_order_asked(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op owner = contract_claim(engine, 0);
    struct log_append_op ops[8] = {0};
    struct asker asker = {note_order};
    order_count = 0;
    for (uint32_t i = 0; i < 8; i++) {
        uint64_t index = i < 4 ? i + 1 : i + 2;
        log_append(engine->log, &asker, &ops[i], owner.writer, contract_record(owner.term, index));
    }
    assert_true(test_loop_run_until(&engine->loop, all_ordered, NULL));
    for (uint32_t i = 0; i < 8; i++) {
        assert_ptr_equal(order[i], &ops[i].op);
        assert_true(i < 4 ? ops[i].op.err == OK : ops[i].op.err != OK);
    }
    log_release(engine->log, owner.writer);
}

/* ---- following */

struct reader {
    struct log_follow follow;
    uint64_t last;
    uint64_t wanted, term;
    uint32_t count;
};

static void on_item(struct source *source, void *given)
{
    struct log_item *item = given;
    struct log_follow *follow = container_of(source, struct log_follow, source);
    struct reader *reader = container_of(follow, struct reader, follow);
    assert_int_equal(item->index, reader->last + 1);
    reader->last = item->index;
    reader->term = item->term;
    reader->count++;
}

static void on_end(struct source *source, enum err err)
{
    (void)source;
    fail_msg("the source ended: %s", err_name(err));
}

static bool has_wanted(void *context)
{
    struct reader *reader = context;
    return reader->last >= reader->wanted;
}

static struct reader new_reader(uint64_t from, uint32_t credit)
{
    struct reader reader = {.last = from - 1};
    reader.follow.source.on_item = on_item;
    reader.follow.source.on_end = on_end;
    reader.follow.source.credit = credit;
    return reader;
}

static void wait_for(struct contract_engine *engine, struct reader *reader, uint64_t index)
{
    reader->wanted = index;
    assert_true(test_loop_run_until(&engine->loop, has_wanted, reader));
}

static void a_follower_gets_what_is_there_and_what_comes(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op owner = contract_claim(engine, 0);
    append_many(engine, &owner, 1, 300);
    struct reader reader = new_reader(11, 100000);
    log_follow(engine->log, &reader.follow, 0, 11);
    wait_for(engine, &reader, 300);
    append_many(engine, &owner, 301, 300);
    wait_for(engine, &reader, 600);
    log_unfollow(engine->log, &reader.follow);
    append_many(engine, &owner, 601, 10);
    test_loop_settle(&engine->loop);
    assert_int_equal(reader.last, 600);
    log_release(engine->log, owner.writer);
}

/* A reader that goes on from there drops what is of an older term. */
static void a_record_keeps_the_term_of_its_writer_when_a_claim_comes_right_behind_it(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op owner = contract_claim(engine, 0), next = {0};
    struct log_append_op op = {0};
    struct test_asker asker;
    struct reader reader = new_reader(1, 100000);
    log_follow(engine->log, &reader.follow, 0, 1);
    test_asker_init(&asker);
    log_append(engine->log, &asker.asker, &op, owner.writer, contract_record(owner.term, 1));
    log_claim(engine->log, &asker.asker, &next, 0, 2);
    assert_true(test_loop_run_until_answered(&engine->loop, &asker, 2));
    assert_int_equal(op.op.err, OK);
    wait_for(engine, &reader, 1);
    assert_int_equal(reader.term, owner.term);
    log_unfollow(engine->log, &reader.follow);
    log_release(engine->log, owner.writer);
    log_release(engine->log, next.writer);
}

static void a_follower_far_behind_catches_up_after_a_restart(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op owner = contract_claim(engine, 0);
    for (uint64_t first = 1; first <= 2000; first += MANY) {
        append_many(engine, &owner, first, MANY);
    }
    log_release(engine->log, owner.writer);
    engine->close(engine);
    engine->open(engine, false);
    struct reader reader = new_reader(1, 100000);
    log_follow(engine->log, &reader.follow, 0, 1);
    owner = contract_claim(engine, 0);
    append_many(engine, &owner, 2001, MANY);
    wait_for(engine, &reader, 2500);
    log_unfollow(engine->log, &reader.follow);
    log_release(engine->log, owner.writer);
}

static void a_follower_gets_no_more_than_its_credit(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op owner = contract_claim(engine, 0);
    append_many(engine, &owner, 1, 50);
    struct reader reader = new_reader(1, 7);
    log_follow(engine->log, &reader.follow, 0, 1);
    wait_for(engine, &reader, 7);
    append_many(engine, &owner, 51, 10);
    test_loop_settle(&engine->loop);
    assert_int_equal(reader.last, 7);
    source_credit(&reader.follow.source, 3);
    assert_int_equal(reader.last, 7);
    wait_for(engine, &reader, 10);
    log_unfollow(engine->log, &reader.follow);
    log_release(engine->log, owner.writer);
}

static void the_end_may_come_while_somebody_follows(void **state)
{
    struct contract_engine *engine = *state;
    struct log_claim_op owner = contract_claim(engine, 0);
    append_many(engine, &owner, 1, 50);
    log_release(engine->log, owner.writer);
    struct reader reader = new_reader(1, 100);
    log_follow(engine->log, &reader.follow, 0, 1);
    engine->close(engine);
    engine->open(engine, false);
    assert_true(reader.last == 0 || reader.last == 50);
}

static void reading_past_the_end_gives_nothing(void **state)
{
    struct contract_engine *engine = *state;
    struct log_item items[4];
    struct log_read_op op = {.shard = 1, .from = 1, .until = 10, .limit = 4, .items = items};
    assert_int_equal(ASK(engine, log_read, engine->log, &op), OK);
    assert_int_equal(op.count, 0);
    assert_int_equal(tail(engine, 1), 0);
}

int log_contract(struct contract_engine *engine)
{
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, contract_setup, contract_teardown, engine                                     \
    }
    const struct CMUnitTest tests[] = {
        TEST(every_claim_has_a_higher_term),
        TEST(a_term_stays_over_a_restart),
        TEST(what_was_appended_is_read_after_a_restart),
        TEST(the_old_writer_is_fenced),
        TEST(a_claim_of_one_shard_fences_no_other),
        TEST(a_wrong_index_ends_the_writer),
        TEST(appends_answer_in_the_order_asked),
        TEST(a_follower_gets_what_is_there_and_what_comes),
        TEST(a_record_keeps_the_term_of_its_writer_when_a_claim_comes_right_behind_it),
        TEST(a_follower_far_behind_catches_up_after_a_restart),
        TEST(a_follower_gets_no_more_than_its_credit),
        TEST(the_end_may_come_while_somebody_follows),
        TEST(reading_past_the_end_gives_nothing),
    };
#undef TEST
    return cmocka_run_group_tests_name(engine->name, tests, NULL, NULL);
}
