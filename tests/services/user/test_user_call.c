/* A request as such: what of it does not depend on the route. */

#include "test.h"

#include <stdio.h>
#include <string.h>

#include "house.h"

#define MANY 50u
#define LONG_NAME 200u

static struct house house;
static char logged[1024];

static void keep_line(struct logger *logger, const char *line, uint32_t size)
{
    (void)logger;
    snprintf(logged, sizeof(logged), "%.*s", (int)size, line);
}

static int setup(void **state)
{
    (void)state;
    house_init(&house);
    house.logger.write = keep_line;
    logged[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

static const struct fake_answer *ask(const char *path, const struct identity *who)
{
    return fake_edge_answer(house_ask(&house, HTTP_GET, path, NULL, who));
}

/* The store answers one search as the test says. */
static const struct fake_answer *ask_with(void (*find)(struct users *, struct users_find_op *))
{
    struct identity bob = house_user(&house, "bob");
    const struct users_ops *there = house.deps.users->ops;
    struct users_ops changed = *there;
    changed.find = find;
    house.deps.users->ops = &changed;
    const struct fake_answer *answer = ask("/user?prefix=bo", &bob);
    house.deps.users->ops = there;
    return answer;
}

static void find_many(struct users *users, struct users_find_op *op)
{
    static char name[LONG_NAME];
    (void)users;
    memset(name, 'x', sizeof(name));
    op->users = arena_array(&op->arena, MANY, sizeof(*op->users));
    op->count = MANY;
    for (uint32_t i = 0; i < MANY; i++) {
        op->users[i].id.bytes[0] = (uint8_t)(i + 1);
        op->users[i].username = cht_str_of("bobby");
        op->users[i].display_name = (struct cht_str){name, LONG_NAME};
    }
    op_answer_later(&op->op, &house.loop.loop, OK);
}

static void a_long_answer_is_whole(void **state)
{
    (void)state;
    const struct fake_answer *answer = ask_with(find_many);
    assert_int_equal(answer->status, 200);
    uint32_t found = 0;
    for (const char *at = answer->body; (at = strstr(at, "\"bobby\"")); at++) {
        found++;
    }
    assert_int_equal(found, MANY);
    size_t size = strlen(answer->body);
    assert_true(size > MANY * LONG_NAME);
    assert_string_equal(answer->body + size - 3, "}]}");
}

static void find_is_broken(struct users *users, struct users_find_op *op)
{
    (void)users;
    op_answer_later(&op->op, &house.loop.loop, ERR_CORRUPT);
}

static void a_defect_is_told_as_such_and_logged_with_its_place(void **state)
{
    (void)state;
    assert_int_equal(ask_with(find_is_broken)->status, 500);
    assert_non_null(strstr(logged, "user.failed"));
    assert_non_null(strstr(logged, "error=corrupt"));
}

static void who_fails_to_sign_in_is_written_down_with_the_address(void **state)
{
    (void)state;
    house.logger.level = LOG_LEVEL_INFO;
    uint32_t slot = house_ask(&house, HTTP_POST, "/user/login",
        "{\"username\":\"nobody-here\",\"password\":\"" HOUSE_PASSWORD "\"}", NULL);
    assert_int_equal(fake_edge_answer(slot)->status, 401);
    assert_non_null(strstr(logged, "audit.login"));
    assert_non_null(strstr(logged, "user=none device=none address="));
    assert_null(strstr(logged, HOUSE_PASSWORD));
}

static void limits_are_away(struct sessions *sessions, struct sessions_limit_op *op)
{
    (void)sessions;
    op_answer_later(&op->op, &house.loop.loop, ERR_UNAVAILABLE);
}

static void where_nobody_counts_nobody_is_limited(void **state)
{
    (void)state;
    house.settings.calls_per_second = 1;
    struct identity bob = house_user(&house, "bob");
    const struct sessions_ops *there = house.deps.sessions->ops;
    struct sessions_ops away = *there;
    away.limit = limits_are_away;
    house.deps.sessions->ops = &away;
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(ask("/user/me", &bob)->status, 200);
    }
    house.deps.sessions->ops = there;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_long_answer_is_whole),
        T(a_defect_is_told_as_such_and_logged_with_its_place),
        T(who_fails_to_sign_in_is_written_down_with_the_address),
        T(where_nobody_counts_nobody_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
