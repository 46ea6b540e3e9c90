/* The log on a real Pulsar: the contract, and what is particular to it. tests/engines/real/
 * test_bus_pulsar.py starts it. */

#include "pulsar_engine.h"

#include <stdlib.h>

enum { WAIT_MS = 60000, AT_ONCE = 200 };

static struct pulsar_engine *engine;
static struct test_asker asker;

static int set_up(void **state)
{
    (void)state;
    return pulsar_engine_setup(engine);
}

static int tear_down(void **state)
{
    (void)state;
    return pulsar_engine_teardown(engine);
}

static bool is_answered(void *context)
{
    return asker.answers >= *(const uint32_t *)context;
}

static struct asker *ask(void)
{
    test_asker_init(&asker);
    return &asker.asker;
}

static enum err wait(void)
{
    uint32_t one = 1;
    assert_true(pulsar_engine_until(engine, is_answered, &one, WAIT_MS));
    return asker.last;
}

static struct log *log_of(uint32_t node)
{
    return engine->nodes[node].log;
}

static struct log_claim_op claim(uint32_t node)
{
    struct log_claim_op op = {0};
    log_claim(log_of(node), ask(), &op, 0, node + 1);
    assert_int_equal(wait(), OK);
    return op;
}

static uint64_t tail(uint32_t node)
{
    struct log_tail_op op = {0};
    log_tail(log_of(node), ask(), &op, 0);
    assert_int_equal(wait(), OK);
    return op.index;
}

/* ---- appends that somebody looks at later */

struct row {
    struct asker asker;
    struct log *log;
    struct log_claim_op owner;
    struct log_append_op ops[AT_ONCE];
    uint64_t next, until; /* to be asked */
    uint64_t durable;     /* the newest that was answered OK; in order */
    uint32_t pending, failed;
    enum err first_err;
};

static void ask_more(struct row *row);

static void on_appended(struct asker *answered, struct op *op)
{
    struct row *row = container_of(answered, struct row, asker);
    row->pending--;
    if (op->err == OK) {
        assert_int_equal(row->failed, 0);
        row->durable++;
        ask_more(row);
    } else {
        row->first_err = row->failed++ ? row->first_err : op->err;
    }
}

static void ask_more(struct row *row)
{
    for (uint32_t i = 0; i < AT_ONCE && row->next < row->until && !row->failed; i++) {
        if (!row->ops[i].op.asked) {
            row->pending++;
            log_append(row->log, &row->asker, &row->ops[i], row->owner.writer,
                contract_record(row->owner.term, row->next++));
        }
    }
}

static bool is_over(void *context)
{
    const struct row *row = context;
    return row->pending == 0;
}

static void begin(
    struct row *row, uint32_t node, struct log_claim_op owner, uint64_t first, uint64_t count)
{
    *row = (struct row){.asker = {on_appended},
        .log = log_of(node),
        .owner = owner,
        .next = first,
        .until = first + count,
        .durable = first - 1};
    ask_more(row);
}

static void append(uint32_t node, struct log_claim_op owner, uint64_t first, uint64_t count)
{
    static struct row row;
    begin(&row, node, owner, first, count);
    assert_true(pulsar_engine_until(engine, is_over, &row, WAIT_MS));
    assert_int_equal(row.durable, first + count - 1);
}

/* ---- a reader by the rules */

struct reader {
    struct log_follow follow;
    struct log_place place;
    uint64_t wanted;
    uint32_t repeats, old;
    uint64_t term_of[4000]; /* by index */
};

static void on_item(struct source *source, void *given)
{
    struct log_item *item = given;
    struct log_follow *follow = container_of(source, struct log_follow, source);
    struct reader *reader = container_of(follow, struct reader, follow);
    switch (log_place_next(&reader->place, item)) {
    case LOG_TAKE:
        reader->term_of[item->index % 4000] = item->term;
        break;
    case LOG_REPEAT:
        reader->repeats++;
        break;
    case LOG_OLD_TERM:
        reader->old++;
        break;
    case LOG_HOLE:
        fail_msg("a hole before %u", (unsigned)item->index);
    }
}

static void on_end(struct source *source, enum err err)
{
    (void)source;
    fail_msg("the source ended: %s", err_name(err));
}

static bool has_wanted(void *context)
{
    const struct reader *reader = context;
    return reader->place.index >= reader->wanted;
}

static struct reader *follow(uint32_t node, uint64_t from, uint64_t until)
{
    static struct reader reader;
    reader = (struct reader){.place = {from - 1, 0}, .wanted = until};
    reader.follow.source = (struct source){.on_item = on_item, .on_end = on_end, .credit = 100000};
    log_follow(log_of(node), &reader.follow, 0, from);
    assert_true(pulsar_engine_until(engine, has_wanted, &reader, WAIT_MS));
    log_unfollow(log_of(node), &reader.follow);
    return &reader;
}

/* ---- looking for a place */

static void a_place_is_found_by_few_looks_whoever_wrote_and_however_long_the_log_is(void **state)
{
    static const uint64_t wanted[] = {1, 2, 700, 2049, 7000, 11000, 17999, 18000, 18001};
    (void)state;
    struct log_claim_op owner = claim(0);
    for (uint64_t first = 1; first <= 18000; first += 3000) {
        append(0, owner, first, 3000);
        pulsar_engine_unload(engine, 0); /* a new ledger */
    }
    for (uint32_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct log_item items[8];
        struct log_read_op op = {
            .from = wanted[i], .until = wanted[i] + 100, .limit = 8, .items = items};
        pulsar_engine_open_node(engine, 1); /* it has seen nothing */
        log_read(log_of(1), ask(), &op);
        assert_int_equal(wait(), OK);
        uint64_t there = wanted[i] > 18000 ? 0 : 18001 - wanted[i];
        assert_int_equal(op.count, there < 8 ? there : 8);
        for (uint32_t k = 0; k < op.count; k++) {
            assert_int_equal(items[k].index, wanted[i] + k);
            buf_unref(items[k].record);
        }
        struct log_pulsar_stats stats = log_pulsar_stats(log_of(1));
        assert_in_range(stats.skipped, 0, 1024);
        assert_in_range(stats.looks, 1, 30);
        pulsar_engine_close_node(engine, 1);
    }
    log_release(log_of(0), owner.writer);
}

/* As an owner reads what the store has not. */
static void page_after_page_goes_on_without_a_look(void **state)
{
    struct log_item items[64];
    (void)state;
    struct log_claim_op owner = claim(0);
    append(0, owner, 1, 6000);
    log_release(log_of(0), owner.writer);
    pulsar_engine_open_node(engine, 1);
    struct log_claim_op next = claim(1);
    append(1, next, 6001, 1); /* its own is the newest that it knows */
    struct log_pulsar_stats before = {0};
    for (uint64_t from = 2001; from < 3000; from += 64) {
        struct log_read_op op = {.from = from, .until = 6001, .limit = 64, .items = items};
        log_read(log_of(1), ask(), &op);
        assert_int_equal(wait(), OK);
        assert_int_equal(op.count, 64);
        for (uint32_t k = 0; k < op.count; k++) {
            assert_int_equal(items[k].index, from + k);
            buf_unref(items[k].record);
        }
        struct log_pulsar_stats now = log_pulsar_stats(log_of(1));
        assert_true(from == 2001 || now.looks == before.looks);
        assert_true(from == 2001 || now.skipped == before.skipped + 1);
        before = now;
    }
    log_release(log_of(1), next.writer);
}

static void what_was_seen_needs_no_look(void **state)
{
    (void)state;
    struct log_claim_op owner = claim(0);
    append(0, owner, 1, 2000);
    struct log_pulsar_stats before = log_pulsar_stats(log_of(0));
    follow(0, 1500, 2000);
    assert_int_equal(log_pulsar_stats(log_of(0)).looks, before.looks);
    log_release(log_of(0), owner.writer);
}

/* Whole ledgers leave, when what was acknowledged has arrived. */
static bool first_is_trimmed(void *context)
{
    struct log_item items[8];
    struct log_read_op op = {.from = 1, .until = 100, .limit = 8, .items = items};
    (void)context;
    pulsar_engine_pass(engine, 50);
    pulsar_engine_unload(engine, 0);
    pulsar_engine_trim(engine, 0);
    log_read(log_of(1), ask(), &op);
    enum err err = wait();
    assert_true(err == OK || err == ERR_NOT_FOUND);
    assert_int_equal(op.count, err ? 0 : 8);
    for (uint32_t i = 0; i < op.count; i++) {
        buf_unref(items[i].record);
    }
    return err == ERR_NOT_FOUND;
}

static void what_was_marked_and_trimmed_is_not_found_and_the_newest_record_stays(void **state)
{
    (void)state;
    struct log_claim_op owner = claim(0);
    append(0, owner, 1, 1000);
    pulsar_engine_unload(engine, 0);
    append(0, owner, 1001, 1000);
    log_mark(log_of(0), 0, 2000);
    log_release(log_of(0), owner.writer);
    pulsar_engine_open_node(engine, 1);
    assert_true(pulsar_engine_until(engine, first_is_trimmed, NULL, WAIT_MS));
    assert_int_equal(tail(1), 2000);
}

/* ---- writers */

/* As an owner does: what the old one had on its way may have the place of the claim's record, and
 * then the claim is none. Seen: dozens of records that came behind the answer of the tail. */
static struct log_claim_op claim_as_owner(uint32_t node, uint64_t from, uint64_t *ret_index)
{
    for (int i = 0; i < 10; i++) {
        struct log_claim_op owner = claim(node);
        *ret_index = tail(node) + 1;
        append(node, owner, *ret_index, 1);
        if (follow(node, from, *ret_index)->term_of[*ret_index % 4000] == owner.term) {
            return owner;
        }
        log_release(log_of(node), owner.writer);
    }
    fail_msg("no claim has its record");
    return (struct log_claim_op){0};
}

static void a_claim_of_another_process_fences_and_what_was_acknowledged_is_there(void **state)
{
    static struct row old;
    (void)state;
    pulsar_engine_open_node(engine, 1);
    uint64_t last = 0;
    for (int round = 0; round < 10; round++) {
        struct log_claim_op first = claim(0);
        append(0, first, last + 1, 1);
        begin(&old, 0, first, last + 2, 1000000);
        uint64_t place;
        struct log_claim_op second = claim_as_owner(1, last + 1, &place);
        assert_true(second.term > first.term);
        append(1, second, place + 1, 50);
        assert_true(pulsar_engine_until(engine, is_over, &old, WAIT_MS));
        assert_true(old.failed > 0);
        assert_true(old.first_err == ERR_FENCED || old.first_err == ERR_UNKNOWN);
        struct reader *reader = follow(1, last + 1, place + 50);
        for (uint64_t index = last + 1; index <= old.durable; index++) {
            assert_int_equal(reader->term_of[index % 4000], first.term);
        }
        assert_int_equal(reader->place.term, second.term);
        last = place + 50;
        log_release(log_of(0), first.writer);
        log_release(log_of(1), second.writer);
        pulsar_engine_pass(engine, 50);
    }
}

static void a_writer_that_is_thrown_out_by_a_fenced_one_goes_on(void **state)
{
    struct log_append_op op = {0};
    (void)state;
    pulsar_engine_open_node(engine, 1);
    struct log_claim_op old = claim(0), now = claim(1);
    append(1, now, 1, 10);
    log_append(log_of(0), ask(), &op, old.writer, contract_record(old.term, 11));
    enum err err = wait();
    assert_true(err == ERR_FENCED || err == ERR_UNKNOWN);
    append(1, now, 11, 200);
    struct reader *reader = follow(1, 1, 210);
    assert_int_equal(reader->place.term, now.term);
    log_release(log_of(0), old.writer);
    log_release(log_of(1), now.writer);
}

struct told {
    struct log_pulsar_owner owner;
    bool owns;
    uint32_t asked;
};

static bool owns(struct log_pulsar_owner *owner, uint32_t shard)
{
    struct told *told = container_of(owner, struct told, owner);
    assert_int_equal(shard, 0);
    told->asked++;
    return told->owns;
}

static bool was_asked(void *context)
{
    return ((const struct told *)context)->asked > 0;
}

/* Coming back, it would throw out whoever was told to own the shard, for a moment. */
static void a_writer_that_loses_its_place_comes_back_while_the_bus_says_so(void **state)
{
    struct told told = {.owner = {owns}, .owns = true};
    struct log_append_op op = {0};
    (void)state;
    engine->owner = &told.owner;
    pulsar_engine_open_node(engine, 1);
    engine->owner = NULL;
    struct log_claim_op owner = claim(1);
    append(1, owner, 1, 10);
    told.asked = 0;
    pulsar_engine_unload(engine, 0);
    assert_true(pulsar_engine_until(engine, was_asked, &told, WAIT_MS));
    append(1, owner, 11, 10);
    told = (struct told){.owner = {owns}};
    pulsar_engine_unload(engine, 0);
    assert_true(pulsar_engine_until(engine, was_asked, &told, WAIT_MS));
    told.owns = true; /* too late for this term */
    log_append(log_of(1), ask(), &op, owner.writer, contract_record(owner.term, 21));
    assert_int_equal(wait(), ERR_UNKNOWN);
    assert_int_equal(tail(0), 20);
    log_release(log_of(1), owner.writer);
    struct log_claim_op next = claim(1);
    append(1, next, 21, 1);
    log_release(log_of(1), next.writer);
}

static void nothing_is_lost_or_reordered_while_the_topic_moves(void **state)
{
    static struct row row;
    (void)state;
    struct log_claim_op owner = claim(0);
    begin(&row, 0, owner, 1, 3000);
    while (row.durable < 2000) {
        loop_uv_turn(engine->loop, 1);
        if (row.durable > 0 && row.durable % 500 < 100) {
            pulsar_engine_unload(engine, 0);
        }
    }
    assert_true(pulsar_engine_until(engine, is_over, &row, WAIT_MS));
    assert_int_equal(row.durable, 3000);
    assert_int_equal(follow(0, 1, 3000)->place.term, owner.term);
    log_release(log_of(0), owner.writer);
}

static void a_term_goes_on_when_the_broker_is_killed_and_comes_back(void **state)
{
    static struct row row;
    (void)state;
    if (!getenv("PULSAR_RESTART")) {
        skip();
    }
    struct log_claim_op owner = claim(0);
    append(0, owner, 1, 500);
    begin(&row, 0, owner, 501, 3000);
    pulsar_engine_restart(engine);
    assert_true(pulsar_engine_until(engine, is_over, &row, WAIT_MS));
    /* Its appends may have waited too long: then the term is over, and nothing is lost. */
    struct log_claim_op next = claim(0);
    assert_true(next.term > owner.term);
    uint64_t end = tail(0);
    assert_true(end >= row.durable);
    append(0, next, end + 1, 10);
    struct reader *reader = follow(0, 1, end + 10);
    assert_int_equal(reader->place.term, next.term);
    assert_int_equal(reader->term_of[row.durable % 4000], owner.term);
    log_release(log_of(0), owner.writer);
    log_release(log_of(0), next.writer);
}

/* Services end after the engines have fallen silent, and give back what they have. */
static void what_is_asked_after_a_stop_is_refused_and_writers_are_given_back(void **state)
{
    (void)state;
    struct log_claim_op owner = claim(0);
    struct log_claim_op late = {0};
    struct log_append_op op = {0};
    append(0, owner, 1, 10);
    log_pulsar_stop(log_of(0));
    log_append(log_of(0), ask(), &op, owner.writer, contract_record(owner.term, 11));
    assert_int_equal(wait(), ERR_UNKNOWN);
    log_claim(log_of(0), ask(), &late, 1, 1);
    assert_int_equal(wait(), ERR_CLOSED);
    assert_null(late.writer);
    log_release(log_of(0), owner.writer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        TEST(a_place_is_found_by_few_looks_whoever_wrote_and_however_long_the_log_is),
        TEST(page_after_page_goes_on_without_a_look),
        TEST(what_was_seen_needs_no_look),
        TEST(what_was_marked_and_trimmed_is_not_found_and_the_newest_record_stays),
        TEST(a_claim_of_another_process_fences_and_what_was_acknowledged_is_there),
        TEST(a_writer_that_is_thrown_out_by_a_fenced_one_goes_on),
        TEST(a_writer_that_loses_its_place_comes_back_while_the_bus_says_so),
        TEST(nothing_is_lost_or_reordered_while_the_topic_moves),
        TEST(a_term_goes_on_when_the_broker_is_killed_and_comes_back),
        TEST(what_is_asked_after_a_stop_is_refused_and_writers_are_given_back),
    };
    if (count != 4) {
        return 2;
    }
    engine = pulsar_engine("log_pulsar", words[1], words[2], words[3]);
    int failed = log_contract(&engine->contract);
    return failed + cmocka_run_group_tests_name("log_pulsar_particular", tests, NULL, NULL);
}
