/* Flows: the order of steps, waiting, failing, tolerating, looping. */

#include "test.h"

#include "flow/flow.h"
#include "test_loop.h"

#include <string.h>

struct story {
    struct flow flow;
    struct op one, two;
    char told[64];
    uint32_t rounds;
    enum err end;
    bool ended;
};

static void tell(struct flow *flow, const char *word)
{
    struct story *story = (struct story *)flow;
    strncat(story->told, word, sizeof(story->told) - strlen(story->told) - 1);
}

static void ask_both(struct flow *flow)
{
    struct story *story = (struct story *)flow;
    tell(flow, "ask ");
    op_ask(&story->one, &flow->asker);
    op_ask(&story->two, &flow->asker);
}

static void ask_tolerant(struct flow *flow)
{
    struct story *story = (struct story *)flow;
    tell(flow, "try ");
    op_ask(&story->one, flow_tolerate(flow));
}

static void go_on(struct flow *flow)
{
    tell(flow, "on ");
}

static void loop_thrice(struct flow *flow)
{
    struct story *story = (struct story *)flow;
    tell(flow, "round ");
    if (++story->rounds < 3) {
        flow_again(flow);
    }
}

static void refuse(struct flow *flow)
{
    tell(flow, "refuse ");
    flow_fail(flow, ERR_FORBIDDEN);
}

static void leave(struct flow *flow)
{
    tell(flow, "leave ");
    flow_skip_to_end(flow);
}

static void end(struct flow *flow)
{
    struct story *story = (struct story *)flow;
    tell(flow, "end");
    story->end = flow->err;
    story->ended = true;
}

#define RUN(story, loop, ...)                                                                      \
    static const struct flow_step steps[] = {__VA_ARGS__};                                         \
    flow_start(&(story)->flow, &(loop)->loop, steps, FLOW_STEPS(steps))

static void the_next_step_waits_for_every_op(void **state)
{
    struct test_loop *loop = *state;
    struct story story = {0};
    RUN(&story, loop, {"ask", ask_both}, {"on", go_on}, {"end", end});
    assert_string_equal(story.told, "ask ");
    op_answer(&story.two, OK);
    assert_string_equal(story.told, "ask ");
    op_answer(&story.one, OK);
    assert_string_equal(story.told, "ask on end");
    assert_int_equal(story.end, OK);
}

static void the_first_error_goes_to_the_end_after_everything_has_answered(void **state)
{
    struct test_loop *loop = *state;
    struct story story = {0};
    RUN(&story, loop, {"ask", ask_both}, {"on", go_on}, {"end", end});
    op_answer(&story.one, ERR_NOT_FOUND);
    assert_false(story.ended);
    op_answer(&story.two, ERR_IO);
    assert_string_equal(story.told, "ask end");
    assert_int_equal(story.end, ERR_NOT_FOUND);
}

static void a_tolerated_refusal_is_an_answer(void **state)
{
    struct test_loop *loop = *state;
    struct story story = {0};
    RUN(&story, loop, {"try", ask_tolerant}, {"on", go_on}, {"end", end});
    op_answer(&story.one, ERR_NOT_FOUND);
    assert_string_equal(story.told, "try on end");
    assert_int_equal(story.end, OK);
    assert_int_equal(story.one.err, ERR_NOT_FOUND);
}

static void a_step_that_fails_skips_to_the_end(void **state)
{
    struct test_loop *loop = *state;
    struct story story = {0};
    RUN(&story, loop, {"refuse", refuse}, {"on", go_on}, {"end", end});
    assert_string_equal(story.told, "refuse end");
    assert_int_equal(story.end, ERR_FORBIDDEN);
}

static void skipping_is_no_failure(void **state)
{
    struct test_loop *loop = *state;
    struct story story = {0};
    RUN(&story, loop, {"leave", leave}, {"on", go_on}, {"end", end});
    assert_string_equal(story.told, "leave end");
    assert_int_equal(story.end, OK);
}

static void a_step_may_run_again(void **state)
{
    struct test_loop *loop = *state;
    struct story story = {0};
    RUN(&story, loop, {"round", loop_thrice}, {"end", end});
    assert_string_equal(story.told, "round round round end");
}

static void an_answer_for_later_comes_after_the_step(void **state)
{
    struct test_loop *loop = *state;
    struct story story = {0};
    RUN(&story, loop, {"ask", ask_both}, {"end", end});
    op_answer_later(&story.one, &loop->loop, OK);
    op_answer_from(&story.two, &loop->loop, OK);
    assert_false(story.ended);
    test_loop_settle(loop);
    assert_true(story.ended);
}

static int set_up(void **state)
{
    static struct test_loop loop;
    test_loop_init(&loop);
    *state = &loop;
    return 0;
}

static int tear_down(void **state)
{
    test_loop_deinit(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_next_step_waits_for_every_op, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_first_error_goes_to_the_end_after_everything_has_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_tolerated_refusal_is_an_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_step_that_fails_skips_to_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(skipping_is_no_failure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_step_may_run_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_answer_for_later_comes_after_the_step, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
