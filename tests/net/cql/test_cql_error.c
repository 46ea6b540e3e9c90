/* test_cql_error - each error of a node, and what to do about it. */

#include "cql_answer.h"

#include <stdio.h>
#include <string.h>

#include "cql/cql_consistency.h"
#include "cql/cql_error.h"

/* "m" as [string], QUORUM, and kinds of write. */
#define M "0001 6d"
#define QUORUM "0004"
#define SIMPLE "0006 53494d504c45"
#define BATCH_LOG "0009 42415443485f4c4f47"
#define CAS "0003 434153"

static struct cql_error error_of(const char *hex, struct answer *ret_answer)
{
    struct cql_error error;
    *ret_answer = answer_made(CQL_OP_ERROR, 0, hex);
    enum cql_flaw flaw = cql_read_error(&ret_answer->response, &error);
    if (flaw != CQL_FINE) {
        fail_msg("%s: %s", hex, cql_flaw_name(flaw));
    }
    return error;
}

/* Each code with what follows it, the action if doing it twice is harmless, and if it is not. */
static const struct {
    const char *hex;
    const char *name;
    enum cql_action idempotent;
    enum cql_action other;
} rows[] = {
    {"00000000" M, "server", CQL_NEXT_HOST, CQL_UNKNOWN_OUTCOME},
    {"0000000a" M, "protocol", CQL_FATAL, CQL_FATAL},
    {"00000100" M, "auth", CQL_FATAL, CQL_FATAL},
    {"00001000" M QUORUM "00000002 00000001", "unavailable", CQL_NEXT_HOST, CQL_NEXT_HOST},
    {"00001001" M, "overloaded", CQL_NEXT_HOST, CQL_UNKNOWN_OUTCOME},
    {"00001002" M, "bootstrapping", CQL_NEXT_HOST, CQL_UNKNOWN_OUTCOME},
    {"00001003" M, "truncate", CQL_NEXT_HOST, CQL_UNKNOWN_OUTCOME},
    {"00001100" M QUORUM "00000001 00000002" SIMPLE, "write_timeout", CQL_RETRY_SAME,
        CQL_UNKNOWN_OUTCOME},
    {"00001100" M QUORUM "00000001 00000002" BATCH_LOG, "write_timeout", CQL_RETRY_SAME,
        CQL_RETRY_SAME},
    {"00001100" M QUORUM "00000001 00000002" CAS, "write_timeout", CQL_UNKNOWN_OUTCOME,
        CQL_UNKNOWN_OUTCOME},
    {"00001100" M QUORUM "00000001 00000002 0003 4e4557", "write_timeout", CQL_RETRY_SAME,
        CQL_UNKNOWN_OUTCOME},
    {"00001200" M QUORUM "00000002 00000002 00", "read_timeout", CQL_RETRY_SAME, CQL_RETRY_SAME},
    {"00001200" M QUORUM "00000002 00000002 01", "read_timeout", CQL_FATAL, CQL_FATAL},
    {"00001200" M QUORUM "00000001 00000002 00", "read_timeout", CQL_FATAL, CQL_FATAL},
    {"00001300" M QUORUM "00000001 00000002 00000001 01", "read_failure", CQL_FATAL, CQL_FATAL},
    {"00001400" M "0001 6b 0001 66 0001 0003 696e74", "function_failure", CQL_FATAL, CQL_FATAL},
    {"00001500" M QUORUM "00000001 00000002 00000001" SIMPLE, "write_failure", CQL_FATAL,
        CQL_FATAL},
    {"00001600" M, "cdc_write_failure", CQL_FATAL, CQL_FATAL},
    {"00001700" M QUORUM "00000001 00000002", "cas_unknown", CQL_UNKNOWN_OUTCOME,
        CQL_UNKNOWN_OUTCOME},
    {"00002000" M, "syntax", CQL_FATAL, CQL_FATAL},
    {"00002100" M, "unauthorized", CQL_FATAL, CQL_FATAL},
    {"00002200" M, "invalid", CQL_FATAL, CQL_FATAL},
    {"00002300" M, "config", CQL_FATAL, CQL_FATAL},
    {"00002400" M "0001 6b 0000", "already_exists", CQL_FATAL, CQL_FATAL},
    {"00002500" M "0002 0a0b", "unprepared", CQL_REPREPARE, CQL_REPREPARE},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void each_error_says_what_to_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct answer answer;
        struct cql_error error = error_of(rows[i].hex, &answer);
        assert_string_equal(error.row->name, rows[i].name);
        assert_int_equal(error.row->code, error.code);
        assert_text(error.message, "m");
        assert_int_equal(cql_error_action(&error, true), rows[i].idempotent);
        assert_int_equal(cql_error_action(&error, false), rows[i].other);
        answer_free(&answer);
    }
}

static void each_error_that_is_cut_short_or_longer_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct answer whole = answer_made(CQL_OP_ERROR, 0, rows[i].hex);
        for (size_t size = 0; size <= whole.body.size + 1; size++) {
            struct answer other = answer_resized(&whole, size);
            enum cql_flaw wanted = size < whole.body.size    ? CQL_SHORT
                                   : size == whole.body.size ? CQL_FINE
                                                             : CQL_TRAILING;
            assert_int_equal(answer_read(&other, 0), wanted);
            answer_free(&other);
        }
        answer_free(&whole);
    }
}

static void what_follows_is_read_into_its_fields(void **state)
{
    (void)state;
    struct answer answer;
    struct cql_error error = error_of("00001300" M QUORUM "00000001 00000003 00000002 05", &answer);
    assert_int_equal(error.consistency, 4);
    assert_int_equal(error.received, 1);
    assert_int_equal(error.wanted, 3);
    assert_int_equal(error.failures, 2);
    assert_true(error.data_present);
    answer_free(&answer);
    error = error_of("00001000" M QUORUM "00000003 00000001", &answer);
    assert_int_equal(error.wanted, 3);
    assert_int_equal(error.received, 1);
    answer_free(&answer);
    error = error_of("00001400" M "0001 6b 0001 66 0001 0003 696e74", &answer);
    assert_text(error.keyspace, "k");
    assert_text(error.object, "f");
    assert_true(cql_list_has(error.arguments, "int"));
    answer_free(&answer);
    error = error_of("00002500" M "0002 0a0b", &answer);
    assert_hex(error.id.at, error.id.size, "0a0b");
    answer_free(&answer);
}

static void kinds_of_write_are_words(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum cql_write_type type;
    } types[] = {{SIMPLE, CQL_WRITE_SIMPLE}, {"0005 4241544348", CQL_WRITE_BATCH},
        {"000e 554e4c4f474745445f4241544348", CQL_WRITE_UNLOGGED_BATCH},
        {"0007 434f554e544552", CQL_WRITE_COUNTER}, {BATCH_LOG, CQL_WRITE_BATCH_LOG},
        {CAS, CQL_WRITE_CAS}, {"0004 56494557", CQL_WRITE_VIEW}, {"0003 434443", CQL_WRITE_CDC},
        {"0000", CQL_WRITE_OTHER}, {"0003 434144", CQL_WRITE_OTHER}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char hex[100];
        struct answer answer;
        snprintf(hex, sizeof(hex), "00001100" M QUORUM "00000000 00000001 %s", types[i].hex);
        assert_int_equal(error_of(hex, &answer).write_type, types[i].type);
        answer_free(&answer);
    }
}

static void numbers_of_an_error_are_judged(void **state)
{
    (void)state;
    assert_read(CQL_OP_ERROR, "00001000" M "000a 00000002 00000001", CQL_FINE);
    assert_read(CQL_OP_ERROR, "00001000" M "000b 00000002 00000001", CQL_WRONG_NUMBER);
    assert_read(CQL_OP_ERROR, "00001000" M QUORUM "ffffffff 00000001", CQL_NEGATIVE);
    assert_read(CQL_OP_ERROR, "00002000 0001 ff", CQL_NOT_UTF8);
}

static void an_unknown_error_is_final_and_keeps_its_text(void **state)
{
    (void)state;
    struct answer answer;
    struct cql_error error = error_of("0000f000" M "0102030405", &answer);
    assert_int_equal(error.code, 0xf000);
    assert_text(error.message, "m");
    assert_string_equal(error.row->name, "other");
    assert_int_equal(error.row->done, CQL_MAYBE_DONE);
    assert_int_equal(cql_error_action(&error, true), CQL_FATAL);
    answer_free(&answer);
    assert_read(CQL_OP_ERROR, "0000f000 0002 6d", CQL_SHORT);
    assert_null(cql_error_row(0xf000));
    assert_string_equal(cql_error_row(0x2200)->name, "invalid");
}

static void only_wrong_credentials_and_a_broken_protocol_end_the_connection(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x2500; code++) {
        const struct cql_error_row *row = cql_error_row(code);
        if (row) {
            assert_int_equal(row->closes, code == CQL_ERROR_PROTOCOL || code == CQL_ERROR_AUTH);
        }
    }
}

static void errors_are_read_as_a_node_sent_them(void **state)
{
    (void)state;
    static const struct {
        const char *recorded;
        enum cql_error_code code;
    } answers[] = {{"syntax", CQL_ERROR_SYNTAX}, {"invalid", CQL_ERROR_INVALID},
        {"config", CQL_ERROR_CONFIG}, {"unauthorized", CQL_ERROR_UNAUTHORIZED},
        {"auth_wrong", CQL_ERROR_AUTH}, {"cut_request", CQL_ERROR_SERVER},
        {"unavailable", CQL_ERROR_UNAVAILABLE}, {"unprepared", CQL_ERROR_UNPREPARED},
        {"create_table_again", CQL_ERROR_ALREADY_EXISTS},
        {"create_keyspace_again", CQL_ERROR_ALREADY_EXISTS}};
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct answer answer = answer_recorded(answers[i].recorded);
        struct cql_error error;
        assert_int_equal(cql_read_error(&answer.response, &error), CQL_FINE);
        assert_int_equal(error.code, answers[i].code);
        if (error.code == CQL_ERROR_UNAVAILABLE) {
            assert_int_equal(error.consistency, CQL_THREE);
            assert_int_equal(error.wanted, 3);
            assert_int_equal(error.received, 1);
        }
        if (error.code == CQL_ERROR_UNPREPARED) {
            assert_hex(error.id.at, error.id.size, "000102030405060708090a0b0c0d0e0f");
        }
        if (error.code == CQL_ERROR_ALREADY_EXISTS) {
            assert_text(error.keyspace, "codec");
            assert_text(
                error.object, strcmp(answers[i].recorded, "create_table_again") ? "" : "things");
        }
        answer_free(&answer);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_says_what_to_do),
        cmocka_unit_test(each_error_that_is_cut_short_or_longer_is_refused),
        cmocka_unit_test(what_follows_is_read_into_its_fields),
        cmocka_unit_test(kinds_of_write_are_words),
        cmocka_unit_test(numbers_of_an_error_are_judged),
        cmocka_unit_test(an_unknown_error_is_final_and_keeps_its_text),
        cmocka_unit_test(only_wrong_credentials_and_a_broken_protocol_end_the_connection),
        cmocka_unit_test(errors_are_read_as_a_node_sent_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
