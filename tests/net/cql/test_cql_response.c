/* test_cql_response - answers as a whole, what is in front of them, and the short kinds. */

#include "cql_answer.h"

#include <string.h>

static bool is_readable(const char *response)
{
    return strncmp(response, "86", 2) != 0;
}

/* Pages that were asked for without columns have those of the statement. */
static uint32_t known_columns(const char *name)
{
    return strncmp(name, "execute_page", 12) == 0 ? 2 : 0;
}

static void what_a_node_answered_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < recorded_count; i++) {
        if (!is_readable(recorded_rows[i].response)) {
            continue;
        }
        struct answer answer = answer_recorded(recorded_rows[i].name);
        enum cql_flaw flaw = answer_read(&answer, known_columns(recorded_rows[i].name));
        if (flaw != CQL_FINE) {
            fail_msg("%s: %s", recorded_rows[i].name, cql_flaw_name(flaw));
        }
        answer_free(&answer);
    }
}

static void an_answer_that_is_cut_short_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < recorded_count; i++) {
        if (!is_readable(recorded_rows[i].response)) {
            continue;
        }
        struct answer whole = answer_recorded(recorded_rows[i].name);
        for (size_t size = 0; size < whole.body.size; size++) {
            struct answer cut = answer_resized(&whole, size);
            enum cql_flaw flaw = answer_read(&cut, known_columns(recorded_rows[i].name));
            if (flaw != CQL_SHORT) {
                fail_msg("%s, %zu bytes: %s", recorded_rows[i].name, size, cql_flaw_name(flaw));
            }
            answer_free(&cut);
        }
        answer_free(&whole);
    }
}

static void bytes_behind_an_answer_are_told_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < recorded_count; i++) {
        if (!is_readable(recorded_rows[i].response)) {
            continue;
        }
        struct answer whole = answer_recorded(recorded_rows[i].name);
        struct answer longer = answer_resized(&whole, whole.body.size + 1);
        assert_int_equal(answer_read(&longer, known_columns(recorded_rows[i].name)), CQL_TRAILING);
        answer_free(&longer);
        answer_free(&whole);
    }
}

/* ---- in front */

static void a_tracing_id_is_in_front(void **state)
{
    (void)state;
    struct answer answer = answer_recorded("traced");
    assert_ptr_equal(answer.response.tracing_id, answer.body.at);
    assert_ptr_equal(answer.response.body, answer.body.at + 16);
    assert_int_equal(answer.response.warnings.left, 0);
    answer_free(&answer);
}

static void warnings_are_texts_in_front(void **state)
{
    (void)state;
    struct answer answer = answer_recorded("warned");
    struct cql_list warnings = answer.response.warnings;
    struct cht_str warning;
    assert_null(answer.response.tracing_id);
    assert_true(cql_list_next(&warnings, &warning));
    assert_text(warning, "Aggregation query used without partition key");
    assert_false(cql_list_next(&warnings, &warning));
    answer_free(&answer);
}

#define TRACING_ID "b8aff6e0ec4e11f1b3586354bd1a6387"

static void all_three_are_in_their_order_and_may_be_cut_nowhere(void **state)
{
    (void)state;
    const uint8_t flags = CQL_FLAG_TRACED | CQL_FLAG_WARNINGS | CQL_FLAG_PAYLOAD;
    struct answer whole = answer_made(CQL_OP_RESULT, flags,
        TRACING_ID "0002 0001 61 0000 0002 0001 6b 00000001 76 0001 6c ffffffff 00000001");
    assert_int_equal(whole.flaw, CQL_FINE);
    assert_int_equal(whole.response.size, 4);
    assert_int_equal(whole.response.payload_entries, 2);
    assert_true(cql_list_has(whole.response.warnings, "a"));
    assert_true(cql_list_has(whole.response.warnings, ""));
    assert_false(cql_list_has(whole.response.warnings, "b"));
    for (size_t size = 0; size < whole.body.size; size++) {
        struct answer cut = answer_resized(&whole, size);
        assert_int_equal(answer_read(&cut, 0), CQL_SHORT);
        answer_free(&cut);
    }
    answer_free(&whole);
}

static void a_payload_has_each_key_once_and_is_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum cql_flaw flaw;
    } rows[] = {
        {"0002 0001 6b ffffffff 0001 6b ffffffff", CQL_REPEATED},
        {"0002 0000 ffffffff 0000 ffffffff", CQL_REPEATED},
        {"0001 0001 6b fffffffe", CQL_NEGATIVE},
        {"0001 0001 ff ffffffff", CQL_NOT_UTF8},
        {"0021", CQL_TOO_MANY},
        {"0000", CQL_FINE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct answer answer = answer_made(CQL_OP_READY, CQL_FLAG_PAYLOAD, rows[i].hex);
        assert_int_equal(answer_read(&answer, 0), rows[i].flaw);
        answer_free(&answer);
    }
}

static void a_body_that_is_still_compressed_is_not_read(void **state)
{
    (void)state;
    struct answer answer = answer_made(CQL_OP_READY, CQL_FLAG_COMPRESSED, "00000000 00");
    assert_int_equal(answer.flaw, CQL_WRONG_FLAGS);
    answer_free(&answer);
}

/* ---- beginning a connection */

static void a_node_tells_what_it_supports(void **state)
{
    (void)state;
    struct answer answer = answer_recorded("options");
    struct cql_supported supported;
    assert_int_equal(cql_read_supported(&answer.response, &supported), CQL_FINE);
    assert_int_equal(supported.count, 3);
    assert_text(supported.options[2].name, "CQL_VERSION");
    assert_true(cql_supports(&supported, "COMPRESSION", "lz4"));
    assert_true(cql_supports(&supported, "PROTOCOL_VERSIONS", "4/v4"));
    assert_false(cql_supports(&supported, "COMPRESSION", "zstd"));
    assert_false(cql_supports(&supported, "SCYLLA_SHARD", "1"));
    answer_free(&answer);
}

static void options_are_there_once_and_bounded(void **state)
{
    (void)state;
    assert_read(CQL_OP_SUPPORTED, "0000", CQL_FINE);
    assert_read(CQL_OP_SUPPORTED, "0002 0001 61 0000 0001 62 0001 0000", CQL_FINE);
    assert_read(CQL_OP_SUPPORTED, "0002 0001 61 0000 0001 61 0000", CQL_REPEATED);
    assert_read(CQL_OP_SUPPORTED, "0001 0001 61 0001 0001 c3", CQL_NOT_UTF8);
    assert_read(CQL_OP_SUPPORTED, "0001 0001 c3 0000", CQL_NOT_UTF8);
    assert_read(CQL_OP_SUPPORTED, "0021", CQL_TOO_MANY);
    assert_read(CQL_OP_SUPPORTED, "0020", CQL_SHORT);
}

static void a_node_that_wants_credentials_says_how(void **state)
{
    (void)state;
    struct answer answer = answer_recorded("startup");
    struct cht_str class;
    assert_int_equal(cql_read_authenticate(&answer.response, &class), CQL_FINE);
    assert_text(class, "org.apache.cassandra.auth.PasswordAuthenticator");
    answer_free(&answer);
    assert_read(CQL_OP_AUTHENTICATE, "0002 c328", CQL_NOT_UTF8);
}

static void a_token_may_be_null_or_empty(void **state)
{
    (void)state;
    struct cql_cell token;
    struct answer success = answer_recorded("auth_plain");
    struct answer empty = answer_made(CQL_OP_AUTH_CHALLENGE, 0, "00000000");
    struct answer some = answer_made(CQL_OP_AUTH_CHALLENGE, 0, "00000002 0a0b");
    assert_int_equal(cql_read_token(&success.response, CQL_OP_AUTH_SUCCESS, &token), CQL_FINE);
    assert_null(token.at);
    assert_int_equal(cql_read_token(&empty.response, CQL_OP_AUTH_CHALLENGE, &token), CQL_FINE);
    assert_non_null(token.at);
    assert_int_equal(token.size, 0);
    assert_int_equal(cql_read_token(&some.response, CQL_OP_AUTH_CHALLENGE, &token), CQL_FINE);
    assert_hex(token.at, token.size, "0a0b");
    answer_free(&success);
    answer_free(&empty);
    answer_free(&some);
    assert_read(CQL_OP_AUTH_SUCCESS, "fffffffe", CQL_NEGATIVE);
    assert_read(CQL_OP_AUTH_SUCCESS, "80000000", CQL_NEGATIVE);
}

static void an_answer_of_another_kind_is_told(void **state)
{
    (void)state;
    struct answer ready = answer_made(CQL_OP_READY, 0, "");
    struct answer error = answer_made(CQL_OP_ERROR, 0, "");
    static struct cql_supported supported;
    struct cht_str text;
    struct cql_cell token;
    struct cql_event event;
    struct cql_result result;
    assert_int_equal(cql_read_ready(&ready.response), CQL_FINE);
    assert_int_equal(cql_read_ready(&error.response), CQL_WRONG_OPCODE);
    assert_int_equal(cql_read_authenticate(&ready.response, &text), CQL_WRONG_OPCODE);
    assert_int_equal(
        cql_read_token(&ready.response, CQL_OP_AUTH_SUCCESS, &token), CQL_WRONG_OPCODE);
    assert_int_equal(cql_read_supported(&ready.response, &supported), CQL_WRONG_OPCODE);
    assert_int_equal(cql_read_event(&ready.response, &event), CQL_WRONG_OPCODE);
    assert_int_equal(cql_read_result(&ready.response, &result), CQL_WRONG_OPCODE);
    answer_free(&ready);
    answer_free(&error);
}

/* ---- events */

/* TOPOLOGY_CHANGE, STATUS_CHANGE, SCHEMA_CHANGE as [string]. */
#define TOPOLOGY "000f 544f504f4c4f47595f4348414e4745"
#define STATUS "000d 5354415455535f4348414e4745"
#define SCHEMA "000d 534348454d415f4348414e4745"
#define UP "0002 5550"
#define CREATED "0007 43524541544544"
#define FUNCTION "0008 46554e4354494f4e"

static struct cql_event event_of(struct answer *answer)
{
    struct cql_event event;
    assert_int_equal(cql_read_event(&answer->response, &event), CQL_FINE);
    return event;
}

static void a_node_goes_up_at_an_address(void **state)
{
    (void)state;
    struct answer answer = answer_made(CQL_OP_EVENT, 0, STATUS UP "04 c0000207 00002352");
    struct cql_event event = event_of(&answer);
    assert_int_equal(event.kind, CQL_EVENT_STATUS);
    assert_int_equal(event.change, CQL_CHANGE_UP);
    assert_int_equal(event.address.size, 4);
    assert_memory_equal(event.address.bytes, "\xc0\x00\x02\x07", 4);
    assert_int_equal(event.address.port, 9042);
    answer_free(&answer);
    answer = answer_made(CQL_OP_EVENT, 0,
        TOPOLOGY "0008 4e45575f4e4f4445 10 20010db8000000000000000000000001 0000ffff");
    event = event_of(&answer);
    assert_int_equal(event.kind, CQL_EVENT_TOPOLOGY);
    assert_int_equal(event.change, CQL_CHANGE_NEW_NODE);
    assert_int_equal(event.address.size, 16);
    assert_int_equal(event.address.bytes[15], 1);
    assert_int_equal(event.address.port, 65535);
    answer_free(&answer);
}

static void a_schema_changes_as_a_node_told(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum cql_target target;
        enum cql_change change;
        const char *object;
    } rows[] = {
        {"create_keyspace_event", CQL_TARGET_KEYSPACE, CQL_CHANGE_CREATED, ""},
        {"create_table_event", CQL_TARGET_TABLE, CQL_CHANGE_CREATED, "things"},
        {"create_type_event", CQL_TARGET_UDT, CQL_CHANGE_CREATED, "place"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct answer answer = answer_recorded(rows[i].name);
        struct cql_event event = event_of(&answer);
        assert_int_equal(event.kind, CQL_EVENT_SCHEMA);
        assert_int_equal(event.change, rows[i].change);
        assert_int_equal(event.schema.target, rows[i].target);
        assert_text(event.schema.keyspace, "codec");
        assert_text(event.schema.name, rows[i].object);
        answer_free(&answer);
    }
}

static void a_function_has_arguments(void **state)
{
    (void)state;
    struct answer answer = answer_made(
        CQL_OP_EVENT, 0, SCHEMA CREATED FUNCTION "0001 6b 0001 66 0002 0003 696e74 0004 74657874");
    struct cql_event event = event_of(&answer);
    assert_int_equal(event.schema.target, CQL_TARGET_FUNCTION);
    assert_text(event.schema.name, "f");
    assert_int_equal(event.schema.arguments.left, 2);
    assert_true(cql_list_has(event.schema.arguments, "text"));
    answer_free(&answer);
}

static void words_and_addresses_that_are_not_known_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum cql_flaw flaw;
    } rows[] = {
        {"0002 5550", CQL_UNKNOWN_WORD},
        {"0000", CQL_UNKNOWN_WORD},
        {STATUS CREATED "04 c0000207 00002352", CQL_UNKNOWN_WORD},
        {SCHEMA UP "0008 4b45595350414345 0001 6b", CQL_UNKNOWN_WORD},
        {SCHEMA CREATED "0005 5441424c45 0001 6b 0001 74", CQL_FINE},
        {SCHEMA CREATED "0005 5441424c46 0001 6b 0001 74", CQL_UNKNOWN_WORD},
        {STATUS UP "05 c000020701 00002352", CQL_WRONG_NUMBER},
        {STATUS UP "00 00002352", CQL_WRONG_NUMBER},
        {STATUS UP "04 c0000207 00010000", CQL_WRONG_NUMBER},
        {STATUS UP "04 c0000207 ffffffff", CQL_WRONG_NUMBER},
        {STATUS UP "04 c0000207 00000000", CQL_FINE},
        {STATUS UP "04 c0000207 00000000 00", CQL_TRAILING},
        {STATUS UP "10 c0000207 00002352", CQL_SHORT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_read(CQL_OP_EVENT, rows[i].hex, rows[i].flaw);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_node_answered_is_read),
        cmocka_unit_test(an_answer_that_is_cut_short_is_refused),
        cmocka_unit_test(bytes_behind_an_answer_are_told_by_name),
        cmocka_unit_test(a_tracing_id_is_in_front),
        cmocka_unit_test(warnings_are_texts_in_front),
        cmocka_unit_test(all_three_are_in_their_order_and_may_be_cut_nowhere),
        cmocka_unit_test(a_payload_has_each_key_once_and_is_bounded),
        cmocka_unit_test(a_body_that_is_still_compressed_is_not_read),
        cmocka_unit_test(a_node_tells_what_it_supports),
        cmocka_unit_test(options_are_there_once_and_bounded),
        cmocka_unit_test(a_node_that_wants_credentials_says_how),
        cmocka_unit_test(a_token_may_be_null_or_empty),
        cmocka_unit_test(an_answer_of_another_kind_is_told),
        cmocka_unit_test(a_node_goes_up_at_an_address),
        cmocka_unit_test(a_schema_changes_as_a_node_told),
        cmocka_unit_test(a_function_has_arguments),
        cmocka_unit_test(words_and_addresses_that_are_not_known_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
