/* test_cql_result - results: rows, prepared statements and the rest. */

#include "cql_answer.h"

#include <stdio.h>
#include <string.h>

#include "cql/cql_value.h"

static struct cql_column columns[CQL_COLUMNS_MAX];
static struct cql_column markers[CQL_COLUMNS_MAX];

static struct cql_result result_of(const struct answer *answer, enum cql_result_kind kind)
{
    struct cql_result result;
    assert_int_equal(cql_read_result(&answer->response, &result), CQL_FINE);
    assert_int_equal(result.kind, kind);
    return result;
}

/* ---- the short kinds */

static void a_write_gives_nothing(void **state)
{
    (void)state;
    struct answer answer = answer_recorded("execute_insert");
    struct cql_result result = result_of(&answer, CQL_RESULT_VOID);
    assert_int_equal(cql_read_void(&result), CQL_FINE);
    answer_free(&answer);
}

static void a_use_gives_the_keyspace(void **state)
{
    (void)state;
    struct answer answer = answer_recorded("use");
    struct cql_result result = result_of(&answer, CQL_RESULT_SET_KEYSPACE);
    struct cht_str keyspace;
    assert_int_equal(cql_read_set_keyspace(&result, &keyspace), CQL_FINE);
    assert_text(keyspace, "codec");
    answer_free(&answer);
}

static void a_changed_schema_is_told(void **state)
{
    (void)state;
    struct answer answer = answer_recorded("alter_type");
    struct cql_result result = result_of(&answer, CQL_RESULT_SCHEMA_CHANGE);
    struct cql_schema_change change;
    assert_int_equal(cql_read_schema_change(&result, &change), CQL_FINE);
    assert_int_equal(change.change, CQL_CHANGE_UPDATED);
    assert_int_equal(change.target, CQL_TARGET_UDT);
    assert_text(change.name, "place");
    answer_free(&answer);
}

static void other_kinds_are_not_known(void **state)
{
    (void)state;
    assert_read(CQL_OP_RESULT, "00000000", CQL_UNKNOWN_WORD);
    assert_read(CQL_OP_RESULT, "00000006", CQL_UNKNOWN_WORD);
    assert_read(CQL_OP_RESULT, "ffffffff", CQL_UNKNOWN_WORD);
    assert_read(CQL_OP_RESULT, "00000003 0001 ff", CQL_NOT_UTF8);
    assert_read(CQL_OP_RESULT, "00000001 00", CQL_TRAILING);
}

/* ---- rows */

static void the_rows_of_a_node_have_names_types_and_values(void **state)
{
    (void)state;
    struct answer answer = answer_recorded("select_local");
    struct cql_rows rows = answer_rows(&answer, columns);
    struct cql_cell cells[CQL_COLUMNS_MAX];
    struct cht_str text;
    assert_int_equal(rows.row_count, 1);
    assert_int_equal(rows.metadata.column_count, 20);
    assert_false(rows.metadata.has_more_pages);
    assert_text(columns[0].keyspace, "system");
    assert_text(columns[19].table, "local");
    assert_text(columns[14].name, "release_version");
    assert_true(cql_row_next(&rows, cells));
    assert_int_equal(cql_get_text(columns[14].type, cells[14], &text), CQL_FINE);
    assert_text(text, "5.0.8");
    struct cql_items tokens;
    struct cql_cell token;
    assert_text(columns[18].name, "tokens");
    assert_int_equal(cql_get_items(columns[18].type, cells[18], &tokens), CQL_FINE);
    assert_int_equal(tokens.left, 1);
    assert_true(cql_items_next(&tokens, &token));
    assert_hex(token.at, token.size, "30");
    assert_false(cql_items_next(&tokens, &token));
    assert_false(cql_row_next(&rows, cells));
    answer_free(&answer);
}

static void rows_without_columns_are_read_with_those_of_the_statement(void **state)
{
    (void)state;
    static const char *const pages[] = {"execute_page_1", "execute_page_2"};
    int64_t wanted = 1;
    for (size_t page = 0; page < 2; page++) {
        struct answer answer = answer_recorded(pages[page]);
        struct cql_result result = result_of(&answer, CQL_RESULT_ROWS);
        struct cql_rows rows;
        struct cql_cell cells[2];
        columns[0].type = (struct cql_type){.kind = CQL_TYPE_BIGINT};
        assert_int_equal(cql_read_rows(&result, columns, 2, &rows), CQL_FINE);
        assert_false(rows.metadata.is_described);
        assert_int_equal(rows.metadata.has_more_pages, page == 0);
        assert_int_equal(rows.metadata.paging_state.at != NULL, page == 0);
        while (cql_row_next(&rows, cells)) {
            int64_t seq;
            assert_int_equal(cql_get_bigint(columns[0].type, cells[0], &seq), CQL_FINE);
            assert_int_equal(seq, wanted);
            assert_int_equal(cells[1].at == NULL, seq == 2);
            wanted++;
        }
        assert_int_equal(cql_read_rows(&result, columns, 3, &rows), CQL_OTHER_COLUMNS);
        answer_free(&answer);
    }
    assert_int_equal(wanted, 4);
}

static void a_conditional_statement_says_whether_it_was_done(void **state)
{
    (void)state;
    static const struct {
        const char *recorded;
        enum cql_flaw flaw;
        bool applied;
    } answers[] = {{"lwt_applied", CQL_FINE, true}, {"lwt_refused", CQL_FINE, false},
        {"select_release", CQL_WRONG_TYPE, false}};
    for (size_t i = 0; i < 3; i++) {
        struct answer answer = answer_recorded(answers[i].recorded);
        struct cql_rows rows = answer_rows(&answer, columns);
        struct cql_cell cells[CQL_COLUMNS_MAX];
        bool applied = false;
        assert_true(cql_row_next(&rows, cells));
        assert_int_equal(cql_applied(&rows, cells, &applied), answers[i].flaw);
        assert_int_equal(applied, answers[i].applied);
        rows.metadata.column_count = 0;
        assert_int_equal(cql_applied(&rows, cells, &applied), CQL_WRONG_TYPE);
        answer_free(&answer);
    }
}

/* flags, count, rows: "k" "t", a column "c" of ints. */
#define COLUMN "0001 6b 0001 74 0001 63 0009"

static void rows_that_do_not_hold_together_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum cql_flaw flaw;
    } rows[] = {
        {"00000001 00000001" COLUMN "00000000", CQL_FINE},
        {"00000000 00000001" COLUMN "00000002 00000004 00000001 ffffffff", CQL_FINE},
        {"00000001 00000001" COLUMN "00000001 fffffffe", CQL_NEGATIVE},
        {"00000001 00000001" COLUMN "00000001 80000000", CQL_NEGATIVE},
        {"00000001 00000001" COLUMN "00000001 00000005 01020304", CQL_SHORT},
        {"00000001 00000001" COLUMN "00000002 ffffffff", CQL_SHORT},
        {"00000001 00000001" COLUMN "7fffffff ffffffff", CQL_SHORT},
        {"00000001 00000001" COLUMN "ffffffff", CQL_NEGATIVE},
        {"00000001 00000001" COLUMN "00000001 ffffffff 00", CQL_TRAILING},
        {"00000001 ffffffff", CQL_NEGATIVE},
        {"00000001 00000081", CQL_TOO_MANY},
        {"00000008 00000001" COLUMN "00000000", CQL_WRONG_FLAGS},
        {"80000001 00000001" COLUMN "00000000", CQL_WRONG_FLAGS},
        {"00000003 00000001 00000001 73" COLUMN "00000000", CQL_FINE},
        {"00000003 00000001 ffffffff" COLUMN "00000000", CQL_IS_NULL},
        {"00000003 00000001 fffffffe" COLUMN "00000000", CQL_NEGATIVE},
        {"00000001 00000001 0001 6b 0001 74 0001 63 0016 00000000", CQL_UNKNOWN_WORD},
        {"00000001 00000001 0001 6b 0001 74 0001 ff 0009 00000000", CQL_NOT_UTF8},
        {"00000000 00000000 00000000", CQL_FINE},
        {"00000004 00000000 00000000", CQL_FINE},
        {"00000004 00000000 00000001", CQL_WRONG_NUMBER},
        {"00000004 00000001 00000000", CQL_OTHER_COLUMNS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char hex[200];
        snprintf(hex, sizeof(hex), "00000002 %s", rows[i].hex);
        assert_read(CQL_OP_RESULT, hex, rows[i].flaw);
    }
}

static void columns_of_several_tables_have_each_their_own(void **state)
{
    (void)state;
    struct answer answer = answer_made(CQL_OP_RESULT, 0,
        "00000002 00000000 00000002 0001 6b 0001 74 0001 61 0009 0001 6c 0001 75 0001 62 000d "
        "00000000");
    struct cql_rows rows = answer_rows(&answer, columns);
    assert_int_equal(rows.row_count, 0);
    assert_text(columns[0].keyspace, "k");
    assert_text(columns[0].table, "t");
    assert_text(columns[1].keyspace, "l");
    assert_text(columns[1].table, "u");
    assert_text(columns[1].name, "b");
    assert_int_equal(columns[1].type.kind, CQL_TYPE_VARCHAR);
    answer_free(&answer);
}

static void as_many_columns_as_the_limit_are_read(void **state)
{
    (void)state;
    static char hex[16 * CQL_COLUMNS_MAX + 100];
    strcpy(hex, "00000002 00000001 00000080 0000 0000");
    for (int i = 0; i < CQL_COLUMNS_MAX; i++) {
        strcat(hex, "0001 63 0009");
    }
    strcat(hex, "00000000");
    struct answer answer = answer_made(CQL_OP_RESULT, 0, hex);
    assert_int_equal(answer_rows(&answer, columns).metadata.column_count, CQL_COLUMNS_MAX);
    answer_free(&answer);
}

/* ---- prepared statements */

static struct cql_prepared prepared_of(const struct answer *answer)
{
    struct cql_prepared prepared;
    struct cql_result result = result_of(answer, CQL_RESULT_PREPARED);
    assert_int_equal(cql_read_prepared(&result, markers, columns, &prepared), CQL_FINE);
    return prepared;
}

static void a_prepared_statement_knows_the_markers_of_its_key(void **state)
{
    (void)state;
    struct answer answer = answer_recorded("prepare_select");
    struct cql_prepared prepared = prepared_of(&answer);
    assert_hex(prepared.id.at, prepared.id.size, "72106d485366a4d10778020465099b81");
    assert_int_equal(prepared.markers.column_count, 2);
    assert_text(markers[0].name, "bucket");
    assert_int_equal(markers[1].type.kind, CQL_TYPE_UUID);
    assert_int_equal(prepared.key_part_count, 2);
    assert_int_equal(prepared.key_parts[0], 1);
    assert_int_equal(prepared.key_parts[1], 0);
    assert_int_equal(prepared.rows.column_count, 2);
    assert_text(columns[1].name, "body");
    answer_free(&answer);
}

static void a_statement_may_have_neither_markers_nor_rows(void **state)
{
    (void)state;
    struct answer constant = answer_recorded("prepare_constant");
    struct cql_prepared prepared = prepared_of(&constant);
    assert_int_equal(prepared.markers.column_count, 0);
    assert_int_equal(prepared.key_part_count, 0);
    assert_int_equal(prepared.rows.column_count, 0);
    assert_false(prepared.rows.is_described);
    answer_free(&constant);
    struct answer plain = answer_recorded("prepare_plain");
    prepared = prepared_of(&plain);
    assert_int_equal(prepared.markers.column_count, 0);
    assert_int_equal(prepared.rows.column_count, 1);
    answer_free(&plain);
}

static void prepared_statements_that_do_not_hold_together_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum cql_flaw flaw;
    } rows[] = {
        {"0001 69 00000001 00000001 00000001 0000" COLUMN "00000004 00000000", CQL_FINE},
        {"0001 69 00000001 00000001 00000001 0001" COLUMN "00000004 00000000", CQL_WRONG_NUMBER},
        {"0001 69 00000001 00000001 ffffffff", CQL_NEGATIVE},
        {"0001 69 00000001 00000001 00000011", CQL_TOO_MANY},
        {"0001 69 00000003 00000001 00000000", CQL_WRONG_FLAGS},
        {"0001 69 00000001 00000081 00000000", CQL_TOO_MANY},
        {"0001 69 00000001 00000001 00000000" COLUMN "00000004 00000000 00", CQL_TRAILING},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char hex[200];
        snprintf(hex, sizeof(hex), "00000004 %s", rows[i].hex);
        assert_read(CQL_OP_RESULT, hex, rows[i].flaw);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_gives_nothing),
        cmocka_unit_test(a_use_gives_the_keyspace),
        cmocka_unit_test(a_changed_schema_is_told),
        cmocka_unit_test(other_kinds_are_not_known),
        cmocka_unit_test(the_rows_of_a_node_have_names_types_and_values),
        cmocka_unit_test(rows_without_columns_are_read_with_those_of_the_statement),
        cmocka_unit_test(a_conditional_statement_says_whether_it_was_done),
        cmocka_unit_test(rows_that_do_not_hold_together_are_refused),
        cmocka_unit_test(columns_of_several_tables_have_each_their_own),
        cmocka_unit_test(as_many_columns_as_the_limit_are_read),
        cmocka_unit_test(a_prepared_statement_knows_the_markers_of_its_key),
        cmocka_unit_test(a_statement_may_have_neither_markers_nor_rows),
        cmocka_unit_test(prepared_statements_that_do_not_hold_together_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
