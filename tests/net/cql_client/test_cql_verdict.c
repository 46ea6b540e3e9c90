/* test_cql_verdict - what follows the end of a try: whether it is repeated, and what is said. */

#include "test.h"

#include "cql/cql_consistency.h"
#include "cql_client/cql_verdict.h"

static const struct cql_trial reading = {
    .is_read = true, .is_repeatable = true, .tries = 1, .tries_max = 3};
static const struct cql_trial writing = {.is_repeatable = true, .tries = 1, .tries_max = 3};
static const struct cql_trial adding = {.tries = 1, .tries_max = 3};

static struct cql_error error_of(uint32_t code)
{
    return (struct cql_error){.row = cql_error_row(code),
        .code = code,
        .received = 1,
        .wanted = 2,
        .write_type = CQL_WRITE_SIMPLE};
}

static void assert_next(struct cql_verdict verdict, enum cql_next next)
{
    assert_int_equal(verdict.next, next);
}

static void assert_answer(struct cql_verdict verdict, enum err err)
{
    assert_int_equal(verdict.next, CQL_NEXT_ANSWER);
    assert_string_equal(err_name(verdict.err), err_name(err));
}

static void what_a_node_refuses_is_not_repeated(void **state)
{
    static const struct {
        uint32_t code;
        enum err err;
    } rows[] = {{CQL_ERROR_SYNTAX, ERR_BAD_CONFIG}, {CQL_ERROR_INVALID, ERR_BAD_CONFIG},
        {CQL_ERROR_UNAUTHORIZED, ERR_BAD_CONFIG}, {CQL_ERROR_CONFIG, ERR_BAD_CONFIG},
        {CQL_ERROR_FUNCTION_FAILURE, ERR_BAD_CONFIG}, {CQL_ERROR_PROTOCOL, ERR_BAD_CONFIG},
        {CQL_ERROR_ALREADY_EXISTS, ERR_TAKEN}, {CQL_ERROR_READ_TIMEOUT, ERR_UNAVAILABLE},
        {CQL_ERROR_READ_FAILURE, ERR_UNAVAILABLE}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cql_error error = error_of(rows[i].code);
        assert_answer(cql_verdict_error(&writing, &error), rows[i].err);
        assert_answer(cql_verdict_error(&reading, &error), rows[i].err);
    }
}

static void what_was_not_tried_is_tried_on_one_other_node(void **state)
{
    (void)state;
    struct cql_error error = error_of(CQL_ERROR_UNAVAILABLE);
    struct cql_trial second = adding;
    second.tries = 2;
    assert_next(cql_verdict_error(&adding, &error), CQL_NEXT_OTHER_NODE);
    assert_answer(cql_verdict_error(&second, &error), ERR_UNAVAILABLE);
    second.may_be_done = true;
    assert_answer(cql_verdict_error(&second, &error), ERR_UNKNOWN);
}

static void a_condition_that_lacks_replicas_for_its_write_alone_is_unknown(void **state)
{
    (void)state;
    struct cql_error error = error_of(CQL_ERROR_UNAVAILABLE);
    struct cql_trial deciding = adding;
    deciding.is_conditional = true;
    error.consistency = CQL_LOCAL_SERIAL;
    assert_next(cql_verdict_error(&deciding, &error), CQL_NEXT_OTHER_NODE);
    error.consistency = CQL_LOCAL_QUORUM;
    assert_answer(cql_verdict_error(&deciding, &error), ERR_UNKNOWN);
    assert_next(cql_verdict_error(&adding, &error), CQL_NEXT_OTHER_NODE);
}

static void who_has_too_much_to_do_is_left_for_a_moment(void **state)
{
    (void)state;
    struct cql_error error = error_of(CQL_ERROR_OVERLOADED);
    struct cql_trial last = reading;
    last.tries = 3;
    assert_next(cql_verdict_error(&reading, &error), CQL_NEXT_LATER);
    assert_next(cql_verdict_error(&writing, &error), CQL_NEXT_LATER);
    assert_answer(cql_verdict_error(&adding, &error), ERR_UNKNOWN);
    assert_answer(cql_verdict_error(&last, &error), ERR_OVERLOADED);
}

static void a_late_write_is_repeated_if_it_may_be(void **state)
{
    (void)state;
    struct cql_error error = error_of(CQL_ERROR_WRITE_TIMEOUT);
    assert_next(cql_verdict_error(&writing, &error), CQL_NEXT_SAME_NODE);
    assert_answer(cql_verdict_error(&adding, &error), ERR_UNKNOWN);
    error.write_type = CQL_WRITE_BATCH_LOG;
    assert_next(cql_verdict_error(&adding, &error), CQL_NEXT_SAME_NODE);
    error.write_type = CQL_WRITE_CAS;
    assert_answer(cql_verdict_error(&writing, &error), ERR_UNKNOWN);
    error = error_of(CQL_ERROR_CAS_UNKNOWN);
    assert_answer(cql_verdict_error(&adding, &error), ERR_UNKNOWN);
}

static void a_read_whose_data_alone_was_late_is_read_again(void **state)
{
    (void)state;
    struct cql_error error = error_of(CQL_ERROR_READ_TIMEOUT);
    error.received = 2;
    assert_next(cql_verdict_error(&reading, &error), CQL_NEXT_SAME_NODE);
}

static void a_failed_write_passes_by_itself_after_a_change_of_the_schema_alone(void **state)
{
    (void)state;
    struct cql_error error = error_of(CQL_ERROR_WRITE_FAILURE);
    struct cql_trial settling = writing;
    settling.is_settling = true;
    settling.tries = 100;
    assert_answer(cql_verdict_error(&writing, &error), ERR_UNKNOWN);
    assert_next(cql_verdict_error(&settling, &error), CQL_NEXT_LATER);
    settling.is_repeatable = false;
    assert_answer(cql_verdict_error(&settling, &error), ERR_UNKNOWN);
}

static void a_statement_is_prepared_again_twice_at_most(void **state)
{
    (void)state;
    struct cql_error error = error_of(CQL_ERROR_UNPREPARED);
    struct cql_trial trial = adding;
    assert_next(cql_verdict_error(&trial, &error), CQL_NEXT_PREPARE);
    trial.prepares = 2;
    assert_answer(cql_verdict_error(&trial, &error), ERR_UNAVAILABLE);
}

static void what_could_not_be_prepared_was_not_done(void **state)
{
    (void)state;
    struct cql_error error = error_of(CQL_ERROR_SERVER);
    struct cql_trial last = adding;
    last.tries = 3;
    assert_next(cql_verdict_unprepared(&adding, &error), CQL_NEXT_OTHER_NODE);
    assert_answer(cql_verdict_unprepared(&last, &error), ERR_UNAVAILABLE);
    error = error_of(CQL_ERROR_INVALID);
    assert_answer(cql_verdict_unprepared(&adding, &error), ERR_BAD_CONFIG);
    last.may_be_done = true;
    assert_answer(cql_verdict_unprepared(&last, &error), ERR_UNKNOWN);
}

static void what_never_left_is_repeated_and_what_left_only_if_it_may_be(void **state)
{
    (void)state;
    struct cql_trial last = writing;
    last.tries = 3;
    assert_next(cql_verdict_lost(&adding, false), CQL_NEXT_OTHER_NODE);
    assert_answer(cql_verdict_lost(&adding, true), ERR_UNKNOWN);
    assert_next(cql_verdict_lost(&writing, true), CQL_NEXT_OTHER_NODE);
    assert_true(cql_verdict_lost(&writing, true).may_be_done);
    assert_answer(cql_verdict_lost(&last, true), ERR_UNKNOWN);
    assert_next(cql_verdict_lost(&last, false), CQL_NEXT_OTHER_NODE);
    last = reading;
    last.tries = 3;
    assert_answer(cql_verdict_lost(&last, true), ERR_UNAVAILABLE);
}

static void who_has_one_connection_alone_is_never_repeated(void **state)
{
    (void)state;
    struct cql_trial pinned = reading;
    pinned.is_pinned = true;
    struct cql_error error = error_of(CQL_ERROR_OVERLOADED);
    assert_answer(cql_verdict_error(&pinned, &error), ERR_OVERLOADED);
    assert_answer(cql_verdict_lost(&pinned, false), ERR_UNAVAILABLE);
}

static void a_deadline_leaves_a_write_unknown_that_may_have_left(void **state)
{
    (void)state;
    struct cql_trial tried = writing;
    tried.may_be_done = true;
    assert_int_equal(cql_verdict_late(&writing, false), ERR_UNAVAILABLE);
    assert_int_equal(cql_verdict_late(&writing, true), ERR_UNKNOWN);
    assert_int_equal(cql_verdict_late(&tried, false), ERR_UNKNOWN);
    assert_int_equal(cql_verdict_late(&reading, true), ERR_UNAVAILABLE);
}

static void an_answer_that_can_not_be_read_says_nothing_of_a_write(void **state)
{
    (void)state;
    assert_answer(cql_verdict_broken(&reading), ERR_CORRUPT);
    assert_answer(cql_verdict_broken(&writing), ERR_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_node_refuses_is_not_repeated),
        cmocka_unit_test(what_was_not_tried_is_tried_on_one_other_node),
        cmocka_unit_test(a_condition_that_lacks_replicas_for_its_write_alone_is_unknown),
        cmocka_unit_test(who_has_too_much_to_do_is_left_for_a_moment),
        cmocka_unit_test(a_late_write_is_repeated_if_it_may_be),
        cmocka_unit_test(a_read_whose_data_alone_was_late_is_read_again),
        cmocka_unit_test(a_failed_write_passes_by_itself_after_a_change_of_the_schema_alone),
        cmocka_unit_test(a_statement_is_prepared_again_twice_at_most),
        cmocka_unit_test(what_could_not_be_prepared_was_not_done),
        cmocka_unit_test(what_never_left_is_repeated_and_what_left_only_if_it_may_be),
        cmocka_unit_test(who_has_one_connection_alone_is_never_repeated),
        cmocka_unit_test(a_deadline_leaves_a_write_unknown_that_may_have_left),
        cmocka_unit_test(an_answer_that_can_not_be_read_says_nothing_of_a_write),
    };
    return cmocka_run_group_tests_name("cql_verdict", tests, NULL, NULL);
}
