/* The contract of the port cast. Three nodes that nothing disturbs: then nothing is lost either. */

#include "contract.h"

enum { TOLD_MAX = 64, TWICE = 2 };

struct listener {
    struct cast_handler handler;
    char told[TOLD_MAX]; /* the first byte of every event, in order */
    uint32_t count;
    uint32_t before; /* what its neighbour had heard at the newest */
};

static struct listener listeners[CONTRACT_MAILS][TWICE];

static void on_cast(struct cast_handler *handler, struct buf *event)
{
    struct listener *listener = container_of(handler, struct listener, handler);
    assert_true(listener->count < TOLD_MAX - 1);
    listener->told[listener->count++] = (char)event->bytes[0];
    for (uint32_t i = 0; i < CONTRACT_MAILS; i++) {
        if (listener == &listeners[i][1]) {
            listener->before = listeners[i][0].count;
        }
    }
}

static int set_up(void **state)
{
    struct contract_engine *engine = *state;
    contract_setup(state);
    for (uint32_t i = 0; i < CONTRACT_MAILS; i++) {
        for (uint32_t k = 0; k < TWICE; k++) {
            listeners[i][k] = (struct listener){.handler = {.on_cast = on_cast}};
            cast_listen(engine->casts[i], &listeners[i][k].handler);
        }
    }
    contract_turn(engine);
    contract_connect(engine);
    return 0;
}

static void say(struct contract_engine *engine, uint32_t from, char text)
{
    struct buf *event = buf_copy(&text, 1);
    cast_send(engine->casts[from], event);
    buf_unref(event);
}

static void a_cast_reaches_everybody_also_its_sender_but_later(void **state)
{
    struct contract_engine *engine = *state;
    say(engine, 1, 'c');
    assert_int_equal(listeners[1][0].count, 0);
    for (uint32_t i = 0; i < CONTRACT_MAILS; i++) {
        contract_wait_count(engine, &listeners[i][0].count, 1);
        assert_string_equal(listeners[i][0].told, "c");
    }
}

static void casts_of_one_sender_come_in_order_to_everybody(void **state)
{
    struct contract_engine *engine = *state;
    const char *texts = "abcdefghijklmnopqrstuvwxyz";
    for (uint32_t i = 0; i < 26; i++) {
        say(engine, 0, texts[i]);
        if (i % 3 == 0) {
            contract_turn(engine);
        }
    }
    for (uint32_t i = 0; i < CONTRACT_MAILS; i++) {
        contract_wait_count(engine, &listeners[i][0].count, 26);
        assert_string_equal(listeners[i][0].told, texts);
    }
}

static void of_two_senders_each_ones_order_is_kept(void **state)
{
    struct contract_engine *engine = *state;
    for (int i = 0; i < 10; i++) {
        say(engine, 0, "0123456789"[i]);
        say(engine, 1, "abcdefghij"[i]);
        contract_turn(engine);
    }
    for (uint32_t i = 0; i < CONTRACT_MAILS; i++) {
        char digit = '0', letter = 'a';
        contract_wait_count(engine, &listeners[i][0].count, 20);
        for (uint32_t k = 0; k < 20; k++) {
            char told = listeners[i][0].told[k];
            assert_int_equal(told, told < 'a' ? digit : letter);
            *(told < 'a' ? &digit : &letter) += 1;
        }
    }
}

static void those_who_listen_hear_in_the_order_in_which_they_began(void **state)
{
    struct contract_engine *engine = *state;
    say(engine, 2, 'x');
    say(engine, 2, 'y');
    for (uint32_t i = 0; i < CONTRACT_MAILS; i++) {
        contract_wait_count(engine, &listeners[i][1].count, 2);
        assert_string_equal(listeners[i][1].told, "xy");
        assert_int_equal(listeners[i][1].before, 2);
    }
}

int cast_contract(struct contract_engine *engine)
{
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, set_up, contract_teardown, engine                                             \
    }
    const struct CMUnitTest tests[] = {
        TEST(a_cast_reaches_everybody_also_its_sender_but_later),
        TEST(casts_of_one_sender_come_in_order_to_everybody),
        TEST(of_two_senders_each_ones_order_is_kept),
        TEST(those_who_listen_hear_in_the_order_in_which_they_began),
    };
#undef TEST
    return cmocka_run_group_tests_name(engine->name, tests, NULL, NULL);
}
