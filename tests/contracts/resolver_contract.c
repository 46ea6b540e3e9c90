/* The contract of the port resolver. */

#include "contract.h"

#include <string.h>

#include "base/task.h"

enum { QUESTIONS = 40, TURNS_MAX = 10000, PORT = 6650 };

/* Someone who asks. */
struct question {
    struct resolver_op op;
    struct asker asker;
    uint32_t answers;
};

static void on_answer(struct asker *asker, struct op *op)
{
    struct question *question = container_of(asker, struct question, asker);
    assert_ptr_equal(op, &question->op.op);
    question->answers++;
}

static void ask(struct contract_engine *engine, struct question *question, const char *host)
{
    question->asker.on_answer = on_answer;
    question->answers = 0;
    question->op.host = host;
    question->op.port = PORT;
    resolver_find(engine->resolver, &question->asker, &question->op);
    assert_int_equal(question->answers, 0);
}

static enum err wait(struct contract_engine *engine, struct question *question)
{
    for (int i = 0; i < TURNS_MAX && question->answers == 0; i++) {
        engine->turn(engine);
    }
    assert_int_equal(question->answers, 1);
    return question->op.op.err;
}

static enum err find(struct contract_engine *engine, struct question *question, const char *host)
{
    ask(engine, question, host);
    return wait(engine, question);
}

static const uint8_t loopback_v4[16] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};
static const uint8_t loopback_v6[16] = {[15] = 1};

static void assert_is(const struct net_address *address, const uint8_t *ip)
{
    assert_memory_equal(address->ip, ip, 16);
    assert_int_equal(address->port, PORT);
}

static void the_text_of_an_address_is_that_address(void **state)
{
    struct question question = {0};
    assert_int_equal(find(*state, &question, "127.0.0.1"), OK);
    assert_int_equal(question.op.count, 1);
    assert_is(&question.op.addresses[0], loopback_v4);
    assert_int_equal(find(*state, &question, "::1"), OK);
    assert_int_equal(question.op.count, 1);
    assert_is(&question.op.addresses[0], loopback_v6);
}

static void a_name_has_addresses_with_the_port_that_was_asked_for(void **state)
{
    struct question question = {0};
    assert_int_equal(find(*state, &question, "localhost"), OK);
    assert_in_range(question.op.count, 1, RESOLVER_ADDRESSES_MAX);
    for (uint32_t i = 0; i < question.op.count; i++) {
        bool is_v4 = net_address_is_ipv4(&question.op.addresses[i]);
        assert_is(&question.op.addresses[i], is_v4 ? loopback_v4 : loopback_v6);
    }
}

static void what_is_no_name_is_not_found(void **state)
{
    char long_name[RESOLVER_HOST_BYTES_MAX + 2] = {0};
    struct question question = {0};
    memset(long_name, 'a', sizeof(long_name) - 1);
    assert_int_equal(find(*state, &question, long_name), ERR_NOT_FOUND);
    assert_int_equal(find(*state, &question, ""), ERR_NOT_FOUND);
    assert_int_equal(question.op.count, 0);
}

/* Whether the name servers can be reached is not the contract's. */
static void a_name_that_nobody_has_is_an_error(void **state)
{
    struct question question = {0};
    enum err err = find(*state, &question, "nobody.invalid");
    assert_true(err == ERR_NOT_FOUND || err == ERR_UNAVAILABLE || err == ERR_TIMEOUT);
    assert_int_equal(question.op.count, 0);
}

static void many_questions_at_once_are_each_answered_once(void **state)
{
    static struct question questions[QUESTIONS];
    memset(questions, 0, sizeof(questions));
    for (int i = 0; i < QUESTIONS; i++) {
        ask(*state, &questions[i], i % 2 ? "localhost" : "127.0.0.1");
    }
    for (int i = 0; i < QUESTIONS; i++) {
        assert_int_equal(wait(*state, &questions[i]), OK);
    }
    for (int i = 0; i < QUESTIONS; i++) {
        assert_int_equal(questions[i].answers, 1);
    }
}

int resolver_contract(struct contract_engine *engine)
{
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, contract_setup, contract_teardown, engine                                     \
    }
    const struct CMUnitTest tests[] = {
        TEST(the_text_of_an_address_is_that_address),
        TEST(a_name_has_addresses_with_the_port_that_was_asked_for),
        TEST(what_is_no_name_is_not_found),
        TEST(a_name_that_nobody_has_is_an_error),
        TEST(many_questions_at_once_are_each_answered_once),
    };
#undef TEST
    return cmocka_run_group_tests_name(engine->name, tests, NULL, NULL);
}
