/* The contract of the port net: sends to many sockets, which have crowds of clients on the loopback
 * interface. */

#include "contract.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CROWD = 300, SOME = 40, MUCH = 8 << 20 };

/* The two ends of connections; -1: closed. */
struct crowd {
    struct net *net;
    uint32_t count;
    int ours[CROWD];
    int theirs[CROWD];
    struct net_send sends[CROWD];
};

static uint8_t much[MUCH];

static int connected(uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int sock = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(sock, (struct sockaddr *)&to, sizeof(to)), 0);
    return sock;
}

static struct crowd crowd_of(struct contract_engine *engine, uint32_t count)
{
    struct crowd crowd = {.net = engine->net, .count = count};
    int listener;
    assert_int_equal(net_listen(crowd.net, "127.0.0.1", 0, false, &listener), OK);
    for (uint32_t i = 0; i < count; i++) {
        struct net_address peer;
        crowd.theirs[i] = connected(net_local_port(crowd.net, listener));
        assert_int_equal(net_accept(crowd.net, listener, &crowd.ours[i], &peer), OK);
        crowd.sends[i] = (struct net_send){.bytes = "hello", .size = 5, .sock = crowd.ours[i]};
    }
    net_close(crowd.net, listener);
    return crowd;
}

static void crowd_leaves(struct crowd *crowd)
{
    for (uint32_t i = 0; i < crowd->count; i++) {
        net_close(crowd->net, crowd->ours[i]);
        if (crowd->theirs[i] >= 0) {
            close(crowd->theirs[i]);
        }
    }
}

static void assert_takes(struct crowd *crowd, uint32_t i, const char *wanted)
{
    char got[64] = {0};
    assert_int_equal(recv(crowd->theirs[i], got, sizeof(got), 0), strlen(wanted));
    assert_string_equal(got, wanted);
}

/* All but one got what was sent to them. */
static void assert_others_got_theirs(struct crowd *crowd, uint32_t one)
{
    for (uint32_t i = 0; i < crowd->count; i++) {
        if (i != one) {
            assert_int_equal(crowd->sends[i].result, 5);
            assert_takes(crowd, i, "hello");
        }
    }
}

static void each_socket_gets_its_own_bytes(void **state)
{
    struct crowd crowd = crowd_of(*state, SOME);
    char words[SOME][16];
    for (uint32_t i = 0; i < SOME; i++) {
        int size = snprintf(words[i], sizeof(words[i]), "hello %u", i);
        crowd.sends[i].bytes = words[i];
        crowd.sends[i].size = (uint32_t)size;
    }
    net_send_many(crowd.net, crowd.sends, SOME);
    for (uint32_t i = 0; i < SOME; i++) {
        assert_int_equal(crowd.sends[i].result, strlen(words[i]));
        assert_takes(&crowd, i, words[i]);
    }
    crowd_leaves(&crowd);
}

static void one_send_and_none_are_fine_too(void **state)
{
    struct crowd crowd = crowd_of(*state, 1);
    net_send_many(crowd.net, crowd.sends, 0);
    net_send_many(crowd.net, crowd.sends, 1);
    assert_int_equal(crowd.sends[0].result, 5);
    assert_takes(&crowd, 0, "hello");
    crowd_leaves(&crowd);
}

static void more_sends_than_an_engine_takes_at_once_all_leave(void **state)
{
    struct crowd crowd = crowd_of(*state, CROWD);
    net_send_many(crowd.net, crowd.sends, CROWD);
    assert_others_got_theirs(&crowd, CROWD);
    crowd_leaves(&crowd);
}

static void batches_to_one_socket_arrive_in_order(void **state)
{
    struct crowd crowd = crowd_of(*state, SOME);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < SOME; i++) {
            crowd.sends[i].bytes = &"abc"[round];
            crowd.sends[i].size = 1;
        }
        net_send_many(crowd.net, crowd.sends, SOME);
    }
    for (uint32_t i = 0; i < SOME; i++) {
        assert_takes(&crowd, i, "abc");
    }
    crowd_leaves(&crowd);
}

static void a_socket_takes_a_part_then_nothing_while_others_take_all(void **state)
{
    struct crowd crowd = crowd_of(*state, SOME);
    struct net_send *large = &crowd.sends[SOME / 2];
    large->bytes = much;
    large->size = MUCH;
    net_send_many(crowd.net, crowd.sends, SOME);
    assert_in_range(large->result, 1, MUCH - 1);
    assert_others_got_theirs(&crowd, SOME / 2);
    do {
        net_send_many(crowd.net, crowd.sends, SOME);
        assert_others_got_theirs(&crowd, SOME / 2);
    } while (large->result > 0);
    assert_int_equal(large->result, NET_WOULD_BLOCK);
    crowd_leaves(&crowd);
}

static void a_connection_that_was_reset_is_broken_and_the_others_are_not(void **state)
{
    struct crowd crowd = crowd_of(*state, SOME);
    struct linger at_once = {.l_onoff = 1};
    setsockopt(crowd.theirs[7], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(crowd.theirs[7]);
    crowd.theirs[7] = -1;
    for (int round = 0; round < 2; round++) { /* reset at first, a broken pipe from then on */
        net_send_many(crowd.net, crowd.sends, SOME);
        assert_int_equal(crowd.sends[7].result, NET_BROKEN);
        assert_others_got_theirs(&crowd, 7);
    }
    crowd_leaves(&crowd);
}

static void a_descriptor_that_is_none_is_broken_and_the_others_are_not(void **state)
{
    struct crowd crowd = crowd_of(*state, SOME);
    crowd.sends[0].sock = -1;
    net_send_many(crowd.net, crowd.sends, SOME);
    assert_int_equal(crowd.sends[0].result, NET_BROKEN);
    assert_others_got_theirs(&crowd, 0);
    crowd_leaves(&crowd);
}

int net_contract(struct contract_engine *engine)
{
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, contract_setup, contract_teardown, engine                                     \
    }
    const struct CMUnitTest tests[] = {
        TEST(each_socket_gets_its_own_bytes),
        TEST(one_send_and_none_are_fine_too),
        TEST(more_sends_than_an_engine_takes_at_once_all_leave),
        TEST(batches_to_one_socket_arrive_in_order),
        TEST(a_socket_takes_a_part_then_nothing_while_others_take_all),
        TEST(a_connection_that_was_reset_is_broken_and_the_others_are_not),
        TEST(a_descriptor_that_is_none_is_broken_and_the_others_are_not),
    };
#undef TEST
    return cmocka_run_group_tests_name(engine->name, tests, NULL, NULL);
}
