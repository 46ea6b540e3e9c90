/* test_redis_client - asking, answers in order, deadlines, what is known of a lost connection,
 * scripts, and which server is asked. */

#include "redis_house.h"

#include <string.h>

#include "base/mem.h"

#define GET_A "*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
#define GET_B "*2\r\n$3\r\nGET\r\n$1\r\nb\r\n"

static struct test_asker asker;

static struct toy_socket *open_one(void)
{
    test_asker_init(&asker);
    redis_house_make("redis.example");
    return redis_house_let_in(HELLO_PRIMARY);
}

static void assert_answered(struct redis_op *op, uint32_t answers, enum err err)
{
    redis_house_settle();
    assert_int_equal(asker.answers, answers);
    assert_int_equal(asker.last, err);
    redis_op_deinit(op);
}

/* ---- hello */

static void a_primary_is_greeted_and_may_be_asked(void **state)
{
    (void)state;
    test_asker_init(&asker);
    redis_house_make("redis.example:7000");
    struct toy_socket *server = toy_net_newest(&fx->net);
    assert_int_equal(server->to.port, 7000);
    toy_socket_answer(server, OK);
    redis_house_settle();
    assert_told(server, SENT_HELLO);
    assert_false(redis_client_is_ready(fx->client));
    redis_house_say(server, HELLO_PRIMARY);
    assert_true(redis_client_is_ready(fx->client));
    assert_string_equal(fx->ready_host, "redis.example:7000");
}

static void a_password_and_a_database_are_said_with_the_hello(void **state)
{
    (void)state;
    fx->options.credentials = (struct redis_credentials){"chat", "secret word"};
    fx->options.database = 12;
    redis_house_make("redis.example");
    struct toy_socket *server = toy_net_newest(&fx->net);
    toy_socket_answer(server, OK);
    redis_house_settle();
    assert_told(server,
        "*7\r\n$5\r\nHELLO\r\n$1\r\n2\r\n$4\r\nAUTH\r\n$4\r\nchat\r\n$11\r\nsecret word"
        "\r\n$7\r\nSETNAME\r\n$4\r\ntest\r\n*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\n");
    redis_house_say(server, HELLO_PRIMARY);
    assert_false(redis_client_is_ready(fx->client));
    redis_house_say(server, "+OK\r\n");
    assert_true(redis_client_is_ready(fx->client));
}

static void a_refused_hello_is_told_without_the_password(void **state)
{
    (void)state;
    fx->options.credentials = (struct redis_credentials){NULL, "secret"};
    redis_house_make("redis.example");
    redis_house_let_in("-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    assert_int_equal(fx->losses, 1);
    assert_string_equal(fx->reason, "dropped");
    assert_string_equal(
        fx->detail, "hello refused: WRONGPASS invalid username-password pair or user is disabled.");
    assert_null(strstr(fx->detail, "secret"));
}

static void a_server_that_does_not_answer_the_hello_is_given_up(void **state)
{
    (void)state;
    redis_house_make("redis.example");
    toy_socket_answer(toy_net_newest(&fx->net), OK);
    redis_house_advance(499);
    assert_int_equal(fx->losses, 0);
    redis_house_advance(1);
    assert_int_equal(fx->losses, 1);
    assert_string_equal(fx->detail, "an answer is late");
}

/* ---- asking */

static void commands_of_a_turn_leave_together_and_are_answered_in_order(void **state)
{
    struct toy_socket *server = open_one();
    struct redis_op a = {0}, b = {0};
    (void)state;
    uint32_t sends = server->sends;
    redis_house_get(&asker, &a, "a");
    redis_house_get(&asker, &b, "b");
    redis_house_settle();
    assert_int_equal(server->sends, sends + 1);
    assert_told(server, GET_A GET_B);
    redis_house_say(server, "$1\r\n1\r\n");
    assert_int_equal(asker.answers, 1);
    assert_true(redis_is_text(a.reply, "1"));
    redis_house_say(server, "$-1\r\n");
    assert_int_equal(asker.answers, 2);
    assert_int_equal(b.reply->kind, REDIS_NIL);
    assert_true(redis_is_text(a.reply, "1"));
    redis_op_deinit(&a);
    redis_op_deinit(&b);
}

static void a_reply_may_come_byte_by_byte(void **state)
{
    struct toy_socket *server = open_one();
    struct redis_op op = {0};
    (void)state;
    redis_house_get(&asker, &op, "a");
    server->piece = 1;
    redis_house_say(server, "*3\r\n:7\r\n*1\r\n+OK\r\n$2\r\nab\r\n");
    assert_int_equal(asker.answers, 1);
    assert_int_equal(redis_number(redis_item(op.reply, 0)), 7);
    assert_int_equal(redis_item(redis_item(op.reply, 1), 0)->kind, REDIS_STATUS);
    assert_true(redis_is_text(redis_item(op.reply, 2), "ab"));
    assert_null(redis_item(op.reply, 3));
    redis_op_deinit(&op);
}

static void a_refusal_is_an_answer_with_its_kind(void **state)
{
    static const struct {
        const char *text;
        enum err err;
    } cases[] = {
        {"-LOADING Redis is loading the dataset in memory\r\n", ERR_UNAVAILABLE},
        {"-OOM command not allowed\r\n", ERR_FULL},
        {"-NOPERM no\r\n", ERR_FORBIDDEN},
        {"-ERR unknown command\r\n", ERR_INTERNAL},
        {"-\r\n", ERR_INTERNAL},
    };
    struct toy_socket *server = open_one();
    struct redis_op op = {0};
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        redis_house_get(&asker, &op, "a");
        redis_house_say(server, cases[i].text);
        assert_int_equal(asker.answers, i + 1);
        assert_int_equal(asker.last, cases[i].err);
        assert_int_equal(op.reply->kind, REDIS_REFUSAL);
    }
    assert_true(redis_client_is_ready(fx->client));
    redis_op_deinit(&op);
}

static void more_than_may_be_on_their_way_are_full(void **state)
{
    struct toy_socket *server = open_one();
    struct redis_op ops[9] = {0};
    (void)state;
    for (int i = 0; i < 9; i++) {
        redis_house_get(&asker, &ops[i], "a");
    }
    redis_house_settle();
    assert_int_equal(asker.answers, 1);
    assert_int_equal(asker.last, ERR_FULL);
    redis_house_say(server, ":1\r\n");
    assert_int_equal(asker.answers, 2);
    redis_house_get(&asker, &ops[8], "a");
    redis_house_settle();
    assert_int_equal(asker.answers, 2);
    redis_client_destroy(fx->client);
    fx->client = NULL;
    assert_int_equal(asker.answers, 10);
    assert_int_equal(asker.last, ERR_UNKNOWN);
    redis_op_deinit(&ops[0]);
}

static void more_bytes_than_may_be_on_their_way_are_full(void **state)
{
    struct redis_op op = {0};
    char *much = mem_new(65536);
    (void)state;
    open_one();
    struct cht_str words[] = {cht_str_of("GET"), {much, 65536}};
    redis_ask(fx->client, &asker.asker, &op, words, 2);
    assert_answered(&op, 1, ERR_FULL);
    mem_free(much);
}

/* ---- what is known at an end */

static void what_left_is_unknown_and_what_did_not_is_not_sent(void **state)
{
    struct toy_socket *server = open_one();
    struct redis_op first = {0}, second = {0};
    struct test_asker other;
    (void)state;
    test_asker_init(&other);
    server->room = strlen(GET_A);
    redis_house_get(&asker, &first, "a");
    redis_house_get(&other, &second, "b");
    redis_house_settle();
    assert_told(server, GET_A);
    toy_socket_reset(server);
    redis_house_settle();
    assert_int_equal(asker.last, ERR_UNKNOWN);
    assert_int_equal(other.last, ERR_NOT_SENT);
    assert_false(redis_client_is_ready(fx->client));
}

static void a_command_of_which_a_byte_has_left_is_unknown(void **state)
{
    struct toy_socket *server = open_one();
    struct redis_op op = {0};
    (void)state;
    server->room = 1;
    redis_house_get(&asker, &op, "a");
    redis_house_settle();
    toy_socket_end(server);
    assert_answered(&op, 1, ERR_UNKNOWN);
}

static void while_there_is_no_connection_nothing_is_sent(void **state)
{
    struct redis_op op = {0};
    (void)state;
    test_asker_init(&asker);
    redis_house_make("redis.example");
    redis_house_get(&asker, &op, "a");
    assert_int_equal(asker.answers, 0);
    assert_answered(&op, 1, ERR_NOT_SENT);
}

static void an_answer_that_is_late_costs_the_connection(void **state)
{
    struct toy_socket *server = open_one();
    struct redis_op slow = {.timeout_ms = 5000}, quick = {0};
    struct test_asker other;
    (void)state;
    test_asker_init(&other);
    redis_house_get(&asker, &slow, "a");
    redis_house_advance(100);
    redis_house_get(&other, &quick, "b");
    redis_house_advance(999);
    assert_int_equal(fx->losses, 0);
    redis_house_advance(1);
    assert_int_equal(fx->losses, 1);
    assert_string_equal(fx->detail, "an answer is late");
    assert_int_equal(asker.last, ERR_UNKNOWN);
    assert_int_equal(other.last, ERR_UNKNOWN);
    assert_true(server->closed);
}

static void answers_in_time_cost_nothing(void **state)
{
    struct toy_socket *server = open_one();
    struct redis_op op = {0};
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        redis_house_get(&asker, &op, "a");
        redis_house_advance(900);
        redis_house_say(server, ":1\r\n");
        assert_int_equal(asker.answers, i + 1);
    }
    assert_int_equal(fx->losses, 0);
    redis_op_deinit(&op);
}

static void a_lost_server_is_connected_again(void **state)
{
    struct redis_op op = {0};
    (void)state;
    toy_socket_end(open_one());
    redis_house_settle();
    assert_int_equal(fx->losses, 1);
    redis_house_advance(100);
    struct toy_socket *again = redis_house_let_in(HELLO_PRIMARY);
    assert_int_equal(fx->readies, 2);
    redis_house_get(&asker, &op, "a");
    redis_house_say(again, "+OK\r\n");
    assert_answered(&op, 1, OK);
}

static void a_quiet_server_is_pinged_and_a_dumb_one_given_up(void **state)
{
    struct toy_socket *server = open_one();
    (void)state;
    redis_house_advance(5000);
    assert_told(server, "*1\r\n$4\r\nPING\r\n");
    redis_house_say(server, "+PONG\r\n");
    redis_house_advance(5000);
    assert_told(server, "*1\r\n$4\r\nPING\r\n");
    redis_house_advance(500);
    assert_int_equal(fx->losses, 1);
    assert_true(server->closed);
}

/* ---- hostile servers */

static void whatever_breaks_the_protocol_ends_the_connection(void **state)
{
    static const char *const cases[] = {
        "hello\r\n",
        "$1\r\na\r\n:1\r\n",        /* a reply too many */
        "*9223372036854775807\r\n", /* more items than there can be */
        "*65\r\n",                  /* than may be */
        "*33\r\n*32\r\n",           /* together */
        "$5000\r\n",                /* waits for ever: its deadline ends it */
        ":12a\r\n",
        "*-2\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
    };
    (void)state;
    struct toy_socket *server = open_one();
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct redis_op op = {0};
        redis_house_get(&asker, &op, "a");
        redis_house_say(server, cases[i]);
        for (int ms = 0; ms < 1000 && !server->closed; ms++) {
            redis_house_advance(1);
        }
        assert_true(server->closed);
        assert_int_equal(asker.answers, i + 1);
        redis_op_deinit(&op);
        uint32_t tries = fx->net.count;
        while (fx->net.count == tries) {
            redis_house_advance(1);
        }
        server = redis_house_let_in(HELLO_PRIMARY);
    }
}

static void a_reply_over_its_bytes_is_not_waited_for(void **state)
{
    struct toy_socket *server = open_one();
    struct redis_op op = {0};
    char much[5000];
    (void)state;
    memset(much, 'x', sizeof(much));
    redis_house_get(&asker, &op, "a");
    redis_house_say(server, "$100000\r\n");
    toy_socket_say(server, much, sizeof(much));
    assert_answered(&op, 1, ERR_UNKNOWN);
    assert_string_equal(fx->detail, "a reply is over its bound");
}

/* ---- scripts */

#define SHA "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
#define EVALSHA "*5\r\n$7\r\nEVALSHA\r\n$40\r\n" SHA "\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\nx\r\n"
#define EVAL "*5\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\nx\r\n"

static struct redis_script script;

static void run_script(struct redis_op *op)
{
    static struct cht_str words[2];
    words[0] = cht_str_of("k");
    words[1] = cht_str_of("x");
    struct redis_call call = {.script = &script, .words = words, .count = 2, .keys = 1};
    redis_script_init(&script, "return 1");
    redis_run(fx->client, &asker.asker, op, &call);
    redis_house_settle();
}

static void a_script_is_asked_for_by_its_digest(void **state)
{
    struct toy_socket *server = open_one();
    struct redis_op op = {0};
    (void)state;
    run_script(&op);
    assert_told(server, EVALSHA);
    redis_house_say(server, ":1\r\n");
    assert_answered(&op, 1, OK);
}

static void a_script_that_is_not_known_is_sent_whole_and_once(void **state)
{
    struct toy_socket *server = open_one();
    struct redis_op op = {0};
    (void)state;
    run_script(&op);
    assert_told(server, EVALSHA);
    redis_house_say(server, "-NOSCRIPT No matching script. Please use EVAL.\r\n");
    assert_int_equal(asker.answers, 0);
    assert_told(server, EVAL);
    redis_house_say(server, "-NOSCRIPT again\r\n");
    assert_int_equal(asker.answers, 1);
    assert_int_equal(asker.last, ERR_INTERNAL);
    assert_told(server, "");
    redis_op_deinit(&op);
}

/* ---- which server */

static void a_replica_is_passed_over_for_the_next_host(void **state)
{
    (void)state;
    redis_house_make("one.example, two.example:6380");
    struct toy_socket *replica = redis_house_let_in(HELLO_REPLICA);
    assert_true(replica->closed);
    assert_string_equal(fx->detail, "it is a replica");
    redis_house_advance(100);
    assert_string_equal(fx->resolver.host, "two.example");
    assert_int_equal(toy_net_newest(&fx->net)->to.port, 6380);
    redis_house_let_in(HELLO_PRIMARY);
    assert_string_equal(fx->ready_host, "two.example:6380");
}

static void who_has_become_a_replica_is_left_after_it_said_so(void **state)
{
    struct redis_op op = {0};
    struct redis_op behind = {0};
    (void)state;
    test_asker_init(&asker);
    redis_house_make("one.example,two.example");
    struct toy_socket *server = redis_house_let_in(HELLO_PRIMARY);
    redis_house_get(&asker, &op, "a");
    redis_house_get(&asker, &behind, "b");
    redis_house_say(server, "-READONLY You can't write against a read only replica.\r\n+OK\r\n");
    assert_int_equal(asker.answers, 2);
    assert_int_equal(op.op.err, ERR_UNAVAILABLE);
    assert_int_equal(behind.op.err, OK);
    assert_true(server->closed);
    redis_house_advance(100);
    assert_string_equal(fx->resolver.host, "two.example");
    redis_op_deinit(&op);
    redis_op_deinit(&behind);
}

#define WHERE "*3\r\n$8\r\nSENTINEL\r\n$23\r\nGET-MASTER-ADDR-BY-NAME\r\n$4\r\nchat\r\n"
#define AT_7001 "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n7001\r\n"
#define AT_7002 "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n7002\r\n"

static struct toy_socket *open_sentinel(const char *hosts, const char *where)
{
    test_asker_init(&asker);
    fx->options.service = "chat";
    redis_house_make(hosts);
    struct toy_socket *sentinel = redis_house_let_in(HELLO_SENTINEL);
    assert_told(sentinel, WHERE);
    redis_house_say(sentinel, where);
    return sentinel;
}

static void a_sentinel_names_the_primary(void **state)
{
    struct redis_op op = {0};
    (void)state;
    test_asker_init(&asker);
    fx->options.service = "chat";
    redis_house_make("sentinel.example:26379");
    redis_house_get(&asker, &op, "a");
    assert_answered(&op, 1, ERR_NOT_SENT);
    struct toy_socket *sentinel = redis_house_let_in(HELLO_SENTINEL);
    assert_told(sentinel, WHERE);
    redis_house_say(sentinel, AT_7001);
    assert_string_equal(fx->resolver.host, "127.0.0.1");
    assert_int_equal(toy_net_newest(&fx->net)->to.port, 7001);
    redis_house_let_in(HELLO_PRIMARY);
    assert_string_equal(fx->ready_host, "127.0.0.1:7001");
}

static void the_primary_is_followed_when_a_sentinel_names_another(void **state)
{
    struct redis_op op = {0};
    (void)state;
    struct toy_socket *sentinel = open_sentinel("sentinel.example", AT_7001);
    struct toy_socket *old = redis_house_let_in(HELLO_PRIMARY);
    redis_house_get(&asker, &op, "a");
    redis_house_advance(999);
    assert_told(sentinel, "");
    redis_house_advance(1);
    assert_told(sentinel, WHERE);
    redis_house_get(&asker, &op, "a");
    redis_house_say(sentinel, AT_7002);
    assert_true(old->closed);
    assert_int_equal(toy_net_newest(&fx->net)->to.port, 7002); /* at once */
    redis_house_let_in(HELLO_PRIMARY);
    assert_string_equal(fx->ready_host, "127.0.0.1:7002");
}

static void a_sentinel_is_asked_at_once_when_the_primary_is_none_any_more(void **state)
{
    struct redis_op op = {0};
    (void)state;
    struct toy_socket *sentinel = open_sentinel("sentinel.example", AT_7001);
    struct toy_socket *old = redis_house_let_in(HELLO_PRIMARY);
    redis_house_get(&asker, &op, "a");
    redis_house_say(old, "-READONLY You can't write against a read only replica.\r\n");
    assert_answered(&op, 1, ERR_UNAVAILABLE);
    assert_told(sentinel, WHERE);
    redis_house_say(sentinel, AT_7002);
    assert_int_equal(toy_net_newest(&fx->net)->to.port, 7002);
}

static void sentinels_that_name_one_and_then_another_are_followed_as_often_as_tries_are_made(
    void **state)
{
    (void)state;
    struct toy_socket *sentinel = open_sentinel("sentinel.example", AT_7001);
    redis_house_let_in(HELLO_PRIMARY);
    redis_house_advance(1000);
    redis_house_say(sentinel, AT_7002);
    struct toy_socket *second = redis_house_let_in(HELLO_PRIMARY);
    redis_house_say(sentinel, AT_7001);
    assert_true(second->closed);
    assert_int_equal(fx->net.count, 3);
    redis_house_advance(100);
    assert_int_equal(fx->net.count, 4);
    assert_int_equal(toy_net_newest(&fx->net)->to.port, 7001);
}

static void a_sentinel_that_knows_nothing_is_followed_by_the_next(void **state)
{
    (void)state;
    struct toy_socket *sentinel = open_sentinel("one.example,two.example", "*-1\r\n");
    assert_true(sentinel->closed);
    assert_string_equal(fx->detail, "it knows of no such primary");
    redis_house_advance(100);
    assert_string_equal(fx->resolver.host, "two.example");
    assert_int_equal(fx->sentinel_losses, 1);
    struct toy_socket *other = redis_house_let_in(HELLO_PRIMARY);
    assert_true(other->closed);
    assert_string_equal(fx->detail, "it is no Sentinel");
}

static void a_sentinel_that_names_nonsense_moves_nobody(void **state)
{
    (void)state;
    struct toy_socket *sentinel =
        open_sentinel("one.example", "*2\r\n$9\r\n127.0.0.1\r\n$5\r\n70000\r\n");
    assert_true(sentinel->closed);
    assert_int_equal(fx->net.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_primary_is_greeted_and_may_be_asked),
        T(a_password_and_a_database_are_said_with_the_hello),
        T(a_refused_hello_is_told_without_the_password),
        T(a_server_that_does_not_answer_the_hello_is_given_up),
        T(commands_of_a_turn_leave_together_and_are_answered_in_order),
        T(a_reply_may_come_byte_by_byte),
        T(a_refusal_is_an_answer_with_its_kind),
        T(more_than_may_be_on_their_way_are_full),
        T(more_bytes_than_may_be_on_their_way_are_full),
        T(what_left_is_unknown_and_what_did_not_is_not_sent),
        T(a_command_of_which_a_byte_has_left_is_unknown),
        T(while_there_is_no_connection_nothing_is_sent),
        T(an_answer_that_is_late_costs_the_connection),
        T(answers_in_time_cost_nothing),
        T(a_lost_server_is_connected_again),
        T(a_quiet_server_is_pinged_and_a_dumb_one_given_up),
        T(whatever_breaks_the_protocol_ends_the_connection),
        T(a_reply_over_its_bytes_is_not_waited_for),
        T(a_script_is_asked_for_by_its_digest),
        T(a_script_that_is_not_known_is_sent_whole_and_once),
        T(a_replica_is_passed_over_for_the_next_host),
        T(who_has_become_a_replica_is_left_after_it_said_so),
        T(a_sentinel_names_the_primary),
        T(the_primary_is_followed_when_a_sentinel_names_another),
        T(a_sentinel_is_asked_at_once_when_the_primary_is_none_any_more),
        T(sentinels_that_name_one_and_then_another_are_followed_as_often_as_tries_are_made),
        T(a_sentinel_that_knows_nothing_is_followed_by_the_next),
        T(a_sentinel_that_names_nonsense_moves_nobody),
    };
    return cmocka_run_group_tests_name("redis_client", tests, NULL, NULL);
}
