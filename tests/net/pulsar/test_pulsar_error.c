/* test_pulsar_error - what is done about errors of a broker. */

#include "test.h"

#include <string.h>

#include "pulsar/pulsar_error.h"

static void every_code_has_a_row_of_its_own(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= PULSAR_ERROR_PRODUCER_FENCED; code++) {
        const struct pulsar_error_row *row = pulsar_error_row(code);
        assert_int_equal(row->code, code);
        assert_non_null(row->name);
        assert_int_equal(row->text[strlen(row->text) - 1], '.');
        for (uint32_t other = 0; other < code; other++) {
            assert_string_not_equal(row->name, pulsar_error_row(other)->name);
        }
    }
}

static void what_a_newer_broker_answers_is_tried_again(void **state)
{
    (void)state;
    assert_string_equal(pulsar_error_row(PULSAR_ERROR_PRODUCER_FENCED + 1)->name, "other");
    assert_string_equal(pulsar_error_row(UINT32_MAX)->name, "other");
    assert_int_equal(pulsar_error_action(1000, false, 0), PULSAR_RETRY);
    assert_false(pulsar_error_row(1000)->fails_pending);
}

static void each_kind_of_error_has_its_action(void **state)
{
    (void)state;
    static const struct {
        uint32_t code;
        enum pulsar_action action;
        bool fails_pending;
    } rows[] = {{PULSAR_ERROR_UNKNOWN, PULSAR_RETRY, false},
        {PULSAR_ERROR_PERSISTENCE, PULSAR_RETRY, false},
        {PULSAR_ERROR_SERVICE_NOT_READY, PULSAR_RETRY, false},
        {PULSAR_ERROR_AUTHENTICATION, PULSAR_SIGN_IN, false},
        {PULSAR_ERROR_QUOTA_EXCEEDED_ERROR, PULSAR_RETRY_SLOWLY, false},
        {PULSAR_ERROR_QUOTA_EXCEEDED_EXCEPTION, PULSAR_RETRY_SLOWLY, true},
        {PULSAR_ERROR_TOO_MANY_REQUESTS, PULSAR_RETRY_SLOWLY, false},
        {PULSAR_ERROR_CHECKSUM, PULSAR_DROP, false},
        {PULSAR_ERROR_TOPIC_NOT_FOUND, PULSAR_FATAL, false},
        {PULSAR_ERROR_NOT_ALLOWED, PULSAR_FATAL, false},
        {PULSAR_ERROR_TOPIC_TERMINATED, PULSAR_TERMINAL, true},
        {PULSAR_ERROR_PRODUCER_FENCED, PULSAR_TERMINAL, true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(pulsar_error_action(rows[i].code, true, 0), rows[i].action);
        assert_int_equal(pulsar_error_action(rows[i].code, false, UINT64_MAX), rows[i].action);
        assert_int_equal(pulsar_error_row(rows[i].code)->fails_pending, rows[i].fails_pending);
    }
}

static void another_one_is_waited_for_unless_it_stays(void **state)
{
    (void)state;
    static const uint32_t codes[] = {PULSAR_ERROR_CONSUMER_BUSY, PULSAR_ERROR_PRODUCER_BUSY};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pulsar_error_action(codes[i], false, 0), PULSAR_RETRY);
        assert_int_equal(pulsar_error_action(codes[i], false, PULSAR_BUSY_MS - 1), PULSAR_RETRY);
        assert_int_equal(pulsar_error_action(codes[i], false, PULSAR_BUSY_MS), PULSAR_FATAL);
        assert_int_equal(pulsar_error_action(codes[i], true, UINT64_MAX), PULSAR_RETRY);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_row_of_its_own),
        cmocka_unit_test(what_a_newer_broker_answers_is_tried_again),
        cmocka_unit_test(each_kind_of_error_has_its_action),
        cmocka_unit_test(another_one_is_waited_for_unless_it_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
