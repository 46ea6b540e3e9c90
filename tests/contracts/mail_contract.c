/* The contract of the port mail. Three nodes that nothing disturbs: then nothing is lost either. */

#include "contract.h"

#include <string.h>

enum { TOLD_MAX = 64, LARGE_BYTES = 100000, CREDIT = 256 };

struct reader {
    struct mail_handler handler;
    char told[TOLD_MAX]; /* the first byte of every event, in order */
    uint32_t count;
    uint32_t size; /* of the newest */
    uint8_t last;  /* its last byte */
};

static struct reader readers[CONTRACT_MAILS][MAIL_BOX_COUNT];
static struct reader other;

static void on_mail(struct mail_handler *handler, struct buf *event)
{
    struct reader *reader = container_of(handler, struct reader, handler);
    assert_true(reader->count < TOLD_MAX - 1);
    assert_true(event->size > 0);
    reader->told[reader->count++] = (char)event->bytes[0];
    reader->size = event->size;
    reader->last = event->bytes[event->size - 1];
}

/* Every box of every node has a reader, the first node's live one two. */
static int set_up(void **state)
{
    struct contract_engine *engine = *state;
    contract_setup(state);
    for (uint32_t i = 0; i < CONTRACT_MAILS; i++) {
        for (uint32_t box = 0; box < MAIL_BOX_COUNT; box++) {
            readers[i][box] = (struct reader){.handler = {on_mail}};
            mail_open(engine->mails[i], (enum mail_box)box, &readers[i][box].handler, CREDIT);
        }
    }
    other = (struct reader){.handler = {on_mail}};
    mail_open(engine->mails[0], MAIL_LIVE, &other.handler, CREDIT);
    contract_turn(engine);
    contract_connect(engine);
    return 0;
}

static void put(struct contract_engine *engine, uint32_t from, enum mail_box box, uint64_t node,
    const char *text)
{
    struct buf *event = buf_copy(text, strlen(text));
    mail_send(engine->mails[from], box, node, event);
    buf_unref(event);
}

static void put_to(struct contract_engine *engine, uint32_t from, uint32_t to, const char *text)
{
    put(engine, from, MAIL_LIVE, engine->mails[to]->node, text);
}

static void every_node_has_an_address_of_its_own(void **state)
{
    struct contract_engine *engine = *state;
    for (uint32_t i = 0; i < CONTRACT_MAILS; i++) {
        assert_true(engine->mails[i]->node > 0);
        assert_true(engine->mails[i]->boot > 0);
        for (uint32_t k = 0; k < i; k++) {
            assert_true(engine->mails[i]->node != engine->mails[k]->node);
        }
    }
}

static void mail_comes_in_order_also_to_oneself(void **state)
{
    struct contract_engine *engine = *state;
    for (const char *at = "abc"; *at; at++) {
        const char text[2] = {*at};
        put_to(engine, 0, 1, text);
        put_to(engine, 0, 0, text);
    }
    assert_int_equal(readers[0][MAIL_LIVE].count, 0); /* not from inside */
    contract_wait_count(engine, &readers[0][MAIL_LIVE].count, 3);
    contract_wait_count(engine, &readers[1][MAIL_LIVE].count, 3);
    assert_string_equal(readers[0][MAIL_LIVE].told, "abc");
    assert_string_equal(readers[1][MAIL_LIVE].told, "abc");
    assert_int_equal(readers[2][MAIL_LIVE].count, 0);
    assert_int_equal(mail_dropped(engine->mails[0]), 0);
}

static void of_two_senders_each_ones_order_is_kept(void **state)
{
    struct contract_engine *engine = *state;
    for (const char *at = "0123456789"; *at; at++) {
        const char one[2] = {*at}, two[2] = {(char)(*at - '0' + 'a')};
        put_to(engine, 0, 2, one);
        put_to(engine, 1, 2, two);
        contract_turn(engine);
    }
    contract_wait_count(engine, &readers[2][MAIL_LIVE].count, 20);
    char digit = '0', letter = 'a';
    for (uint32_t i = 0; i < 20; i++) {
        char told = readers[2][MAIL_LIVE].told[i];
        assert_int_equal(told, told < 'a' ? digit : letter);
        *(told < 'a' ? &digit : &letter) += 1;
    }
}

static void boxes_of_a_node_are_apart(void **state)
{
    struct contract_engine *engine = *state;
    uint64_t node = engine->mails[1]->node;
    put(engine, 0, MAIL_PAGES, node, "p");
    put(engine, 0, MAIL_LIVE, node, "l");
    put(engine, 0, MAIL_WORK, node, "w");
    for (uint32_t box = 0; box < MAIL_BOX_COUNT; box++) {
        contract_wait_count(engine, &readers[1][box].count, 1);
    }
    assert_string_equal(readers[1][MAIL_LIVE].told, "l");
    assert_string_equal(readers[1][MAIL_PAGES].told, "p");
    assert_string_equal(readers[1][MAIL_WORK].told, "w");
}

static void each_handler_of_a_box_gets_every_event(void **state)
{
    struct contract_engine *engine = *state;
    put_to(engine, 1, 0, "x");
    put_to(engine, 0, 0, "x");
    contract_wait_count(engine, &readers[0][MAIL_LIVE].count, 2);
    contract_wait_count(engine, &other.count, 2);
}

static void what_is_sent_to_nobody_is_dropped_and_holds_up_nobody(void **state)
{
    struct contract_engine *engine = *state;
    put(engine, 0, MAIL_LIVE, 0, "n");
    assert_int_equal(mail_dropped(engine->mails[0]), 1);
    put(engine, 0, MAIL_LIVE, 4711, "n");
    put_to(engine, 0, 1, "x");
    contract_wait_count(engine, &readers[1][MAIL_LIVE].count, 1);
    assert_string_equal(readers[1][MAIL_LIVE].told, "x");
}

static void an_event_is_of_any_bytes(void **state)
{
    struct contract_engine *engine = *state;
    struct buf *event = buf_create(LARGE_BYTES);
    event->size = LARGE_BYTES;
    memset(event->bytes, 0, LARGE_BYTES);
    event->bytes[LARGE_BYTES - 1] = 0xff;
    mail_send(engine->mails[0], MAIL_PAGES, engine->mails[2]->node, event);
    buf_unref(event);
    contract_wait_count(engine, &readers[2][MAIL_PAGES].count, 1);
    assert_int_equal(readers[2][MAIL_PAGES].size, LARGE_BYTES);
    assert_int_equal(readers[2][MAIL_PAGES].last, 0xff);
    put(engine, 0, MAIL_PAGES, engine->mails[2]->node, "s");
    contract_wait_count(engine, &readers[2][MAIL_PAGES].count, 2);
    assert_int_equal(readers[2][MAIL_PAGES].size, 1);
}

int mail_contract(struct contract_engine *engine)
{
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, set_up, contract_teardown, engine                                             \
    }
    const struct CMUnitTest tests[] = {
        TEST(every_node_has_an_address_of_its_own),
        TEST(mail_comes_in_order_also_to_oneself),
        TEST(of_two_senders_each_ones_order_is_kept),
        TEST(boxes_of_a_node_are_apart),
        TEST(each_handler_of_a_box_gets_every_event),
        TEST(what_is_sent_to_nobody_is_dropped_and_holds_up_nobody),
        TEST(an_event_is_of_any_bytes),
    };
#undef TEST
    return cmocka_run_group_tests_name(engine->name, tests, NULL, NULL);
}
