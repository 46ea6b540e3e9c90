/* contract - what the suites share.
 *
 * Happy path: setup opens a fresh engine, the test asks, teardown closes it. How it fails: an
 * answer that does not come fails the test. */

#include "contract.h"

#include <string.h>

#include "chattifier/events.h"

enum { TURNS_MAX = 30000 };

static struct test_asker asker;

int contract_setup(void **state)
{
    struct contract_engine *engine = *state;
    test_loop_init(&engine->loop);
    engine->open(engine, true);
    return 0;
}

int contract_teardown(void **state)
{
    struct contract_engine *engine = *state;
    engine->close(engine);
    engine->forget(engine);
    test_loop_deinit(&engine->loop);
    return 0;
}

struct test_asker *contract_asker(void)
{
    test_asker_init(&asker);
    return &asker;
}

enum err contract_wait(struct contract_engine *engine)
{
    assert_true(test_loop_run_until_answered(&engine->loop, &asker, 1));
    assert_int_equal(asker.answers, 1);
    return asker.last;
}

void contract_turn(struct contract_engine *engine)
{
    if (engine->turn) {
        engine->turn(engine);
    } else {
        test_loop_settle(&engine->loop);
    }
}

void contract_wait_count(struct contract_engine *engine, const uint32_t *count, uint32_t expected)
{
    for (int i = 0; i < TURNS_MAX && *count < expected; i++) {
        contract_turn(engine);
    }
    assert_int_equal(*count, expected);
}

void contract_connect(struct contract_engine *engine)
{
    if (engine->is_connected) {
        for (int i = 0; i < TURNS_MAX && !engine->is_connected(engine); i++) {
            contract_turn(engine);
        }
        assert_true(engine->is_connected(engine));
    }
}

struct cht_id contract_id(uint32_t number)
{
    struct cht_id id = {{0}};
    id.bytes[0] = 0xc0;
    for (int i = 0; i < 4; i++) {
        id.bytes[12 + i] = (uint8_t)(number >> (24 - 8 * i));
    }
    return id;
}

struct cht_str contract_str(const char *text)
{
    return (struct cht_str){*text ? text : NULL, (uint32_t)strlen(text)};
}

struct buf *contract_record(uint64_t term, uint64_t index)
{
    struct cht_record record = {.term = term, .index = index, .room = contract_id(7)};
    size_t size = cht_encoded_size(&cht_row_record, &record);
    struct buf *buf = buf_create(size);
    cht_encode(&cht_row_record, &record, buf->bytes);
    buf->size = (uint32_t)size;
    return buf;
}

struct log_claim_op contract_claim(struct contract_engine *engine, uint32_t shard)
{
    struct log_claim_op op = {0};
    log_claim(engine->log, &contract_asker()->asker, &op, shard, 1);
    assert_int_equal(contract_wait(engine), OK);
    assert_non_null(op.writer);
    return op;
}
