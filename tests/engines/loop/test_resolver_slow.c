/* test_resolver_slow - the resolver of a loop beside a system that is slow, wrong or full of
 * addresses: this program's getaddrinfo stands in for the system's. */

#include "test.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/task.h"
#include "loop/loop_uv.h"
#include "world/loop.h"
#include "world/resolver.h"

#define EXPORTED __attribute__((visibility("default")))
#define MANY 300
#define TURNS_MAX 10000

struct question {
    struct resolver_op op;
    struct asker asker;
    uint32_t answers;
};

static struct loop_uv *loop;
static struct world world;
static struct logger logger;
static sem_t gate, begun;

/* ---- the system */

static struct addrinfo *address_of(const char *text, struct addrinfo *next)
{
    struct addrinfo *info = mem_new(sizeof(*info));
    struct sockaddr_storage *to = mem_new(sizeof(*to));
    bool is_v6 = strchr(text, ':') != NULL;
    to->ss_family = is_v6 ? AF_INET6 : AF_INET;
    assert_int_equal(inet_pton(to->ss_family, text,
                         is_v6 ? (void *)&((struct sockaddr_in6 *)to)->sin6_addr
                               : (void *)&((struct sockaddr_in *)to)->sin_addr),
        1);
    *info = (struct addrinfo){.ai_family = to->ss_family,
        .ai_addr = (struct sockaddr *)to,
        .ai_addrlen = is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in),
        .ai_next = next};
    return info;
}

EXPORTED int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **ret_found)
{
    assert_null(service);
    assert_int_equal(hints->ai_socktype, SOCK_STREAM);
    *ret_found = NULL;
    if (strcmp(node, "two.example") == 0) {
        *ret_found = address_of("2001:db8::7", address_of("192.0.2.7", NULL));
    } else if (strcmp(node, "many.example") == 0) {
        for (uint32_t i = 0; i < RESOLVER_ADDRESSES_MAX + 4; i++) {
            *ret_found = address_of("192.0.2.1", *ret_found);
        }
    } else if (strcmp(node, "unsure.example") == 0) {
        return EAI_AGAIN;
    } else if (strcmp(node, "broken.example") == 0) {
        return EAI_FAIL;
    } else if (strcmp(node, "slow.example") == 0) {
        sem_post(&begun);
        sem_wait(&gate);
        *ret_found = address_of("192.0.2.9", NULL);
    } else if (strcmp(node, "empty.example") != 0) {
        return EAI_NONAME;
    }
    return 0;
}

EXPORTED void freeaddrinfo(struct addrinfo *info)
{
    while (info) {
        struct addrinfo *next = info->ai_next;
        mem_free(info->ai_addr);
        mem_free(info);
        info = next;
    }
}

/* ---- the house */

static int set_up(void **state)
{
    (void)state;
    logger_init(&logger, "test", LOG_LEVEL_ERROR, false);
    struct loop_uv_options options = {.logger = &logger, .lookup_ms_max = 40};
    loop = loop_uv_create(&options, &world);
    sem_init(&gate, 0, 0);
    sem_init(&begun, 0, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_uv_destroy(loop);
    return 0;
}

static void on_answer(struct asker *asker, struct op *op)
{
    (void)op;
    container_of(asker, struct question, asker)->answers++;
}

static void ask(struct question *question, const char *host)
{
    question->asker.on_answer = on_answer;
    question->answers = 0;
    question->op.host = host;
    question->op.port = 9042;
    resolver_find(world.resolver, &question->asker, &question->op);
    assert_int_equal(question->answers, 0);
}

static enum err wait_for(struct question *question)
{
    for (int i = 0; i < TURNS_MAX && question->answers == 0; i++) {
        loop_uv_turn(loop, 1);
    }
    assert_int_equal(question->answers, 1);
    return question->op.op.err;
}

static enum err find(struct question *question, const char *host)
{
    ask(question, host);
    return wait_for(question);
}

static void let_go(int count)
{
    for (int i = 0; i < count; i++) {
        sem_post(&gate);
    }
}

/* ---- tests */

static void addresses_come_in_the_order_of_the_system(void **state)
{
    (void)state;
    struct question question = {0};
    assert_int_equal(find(&question, "two.example"), OK);
    assert_int_equal(question.op.count, 2);
    assert_false(net_address_is_ipv4(&question.op.addresses[0]));
    assert_int_equal(question.op.addresses[0].ip[15], 7);
    assert_true(net_address_is_ipv4(&question.op.addresses[1]));
    assert_int_equal(question.op.addresses[1].port, 9042);
}

static void of_too_many_addresses_the_first_are_taken(void **state)
{
    (void)state;
    struct question question = {0};
    assert_int_equal(find(&question, "many.example"), OK);
    assert_int_equal(question.op.count, RESOLVER_ADDRESSES_MAX);
}

static void who_does_not_know_is_told_from_who_is_not_there(void **state)
{
    (void)state;
    struct question question = {0};
    assert_int_equal(find(&question, "absent.example"), ERR_NOT_FOUND);
    assert_int_equal(find(&question, "empty.example"), ERR_NOT_FOUND);
    assert_int_equal(find(&question, "unsure.example"), ERR_UNAVAILABLE);
    assert_int_equal(find(&question, "broken.example"), ERR_UNAVAILABLE);
    assert_int_equal(question.op.count, 0);
}

static void a_lookup_that_takes_too_long_is_answered_in_time_and_once(void **state)
{
    (void)state;
    struct question question = {0};
    uint64_t since_ms = loop_now_ms(world.loop);
    assert_int_equal(find(&question, "slow.example"), ERR_TIMEOUT);
    assert_true(loop_now_ms(world.loop) - since_ms >= 40);
    sem_wait(&begun);
    let_go(1);
    struct question other = {0};
    assert_int_equal(find(&other, "two.example"), OK);
    assert_int_equal(question.answers, 1);
    assert_int_equal(question.op.count, 0);
}

static void others_are_found_while_one_is_slow(void **state)
{
    (void)state;
    struct question slow = {0}, other = {0};
    ask(&slow, "slow.example");
    sem_wait(&begun);
    assert_int_equal(find(&other, "two.example"), OK);
    let_go(1);
    assert_int_equal(wait_for(&slow), OK);
    assert_int_equal(slow.op.count, 1);
}

static void one_question_more_than_it_takes_is_full(void **state)
{
    (void)state;
    static struct question questions[MANY];
    uint32_t full = 0;
    memset(questions, 0, sizeof(questions));
    for (int i = 0; i < MANY; i++) {
        ask(&questions[i], "slow.example");
    }
    for (int i = 0; i < MANY; i++) {
        full += wait_for(&questions[i]) == ERR_FULL ? 1 : 0;
    }
    assert_int_equal(full, MANY - 256);
    let_go(MANY);
}

static void what_is_asked_when_the_loop_ends_is_cancelled(void **state)
{
    (void)state;
    struct question begun_one = {0}, waiting[4] = {0};
    ask(&begun_one, "slow.example");
    sem_wait(&begun);
    for (int i = 0; i < 4; i++) {
        ask(&waiting[i], "slow.example");
    }
    let_go(5);
    loop_uv_destroy(loop);
    loop = NULL;
    assert_int_equal(begun_one.op.op.err, ERR_CANCELLED);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(waiting[i].answers, 1);
        assert_int_equal(waiting[i].op.op.err, ERR_CANCELLED);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(addresses_come_in_the_order_of_the_system),
        T(of_too_many_addresses_the_first_are_taken),
        T(who_does_not_know_is_told_from_who_is_not_there),
        T(a_lookup_that_takes_too_long_is_answered_in_time_and_once),
        T(others_are_found_while_one_is_slow),
        T(one_question_more_than_it_takes_is_full),
        T(what_is_asked_when_the_loop_ends_is_cancelled),
    };
    return cmocka_run_group_tests_name("resolver_slow", tests, NULL, NULL);
}
