/* test_cql_ask - what is asked and how it is answered, on one node that works. */

#include "cql_house.h"

#include <string.h>

#include "base/big_endian.h"

static int64_t number_in(const struct cql_ask *ask, uint32_t column)
{
    int64_t number = 0;
    assert_int_equal(
        cql_get_bigint(ask->columns[column].type, ask->cells[column], &number), CQL_FINE);
    return number;
}

static void a_statement_is_prepared_once_and_executed_with_its_id(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *ask = house_ask(0, PUT, 5);
    assert_waits(ask);
    struct house_request request = house_take();
    static const uint8_t wanted[] = {0, 16, PUT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        CQL_LOCAL_QUORUM, 1, 0, 2, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0,
        0, 6};
    assert_int_equal(request.opcode, CQL_OP_EXECUTE);
    assert_int_equal(request.size, sizeof(wanted));
    assert_memory_equal(request.body, wanted, sizeof(wanted));
    house_void(&request);
    assert_answered(ask, OK);
    assert_int_equal(fx->asker.answers, 1);
    house_ask(0, PUT, 6);
    request = house_take();
    house_void(&request);
    assert_answered(ask, OK);
    assert_int_equal(fx->prepares[PUT], 1);
    assert_int_equal(fx->prepares[GET], 0);
}

static void an_ask_is_never_answered_from_inside_the_call(void **state)
{
    (void)state;
    house_begin();
    struct cql_writer *values = cql_ask_begin(fx->client, &fx->asks[0], PUT);
    static char large[400 << 10];
    cql_put_bigint(values, 1);
    cql_put_text(values, (struct cht_str){large, sizeof(large)});
    cql_client_ask(fx->client, &fx->asker.asker, &fx->asks[0]);
    assert_int_equal(fx->asker.answers, 0);
    house_settle();
    assert_answered(&fx->asks[0], ERR_TOO_LARGE);
    assert_string_equal(fx->asks[0].failure.name, "too_large");
}

static void rows_are_read_in_their_order_and_stay(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *ask = house_ask(0, GET, 5);
    struct house_request request = house_take();
    house_rows(&request, 30, 3, NULL);
    assert_answered(ask, OK);
    house_ask(1, GET, 6);
    request = house_take();
    house_rows(&request, 90, 1, NULL);
    assert_int_equal(ask->column_count, 1);
    for (int64_t i = 0; i < 3; i++) {
        assert_true(cql_ask_next(ask));
        assert_int_equal(number_in(ask, 0), 30 + i);
    }
    assert_false(cql_ask_next(ask));
    assert_int_equal(ask->next_page.size, 0);
    assert_true(cql_ask_next(&fx->asks[1]));
    assert_int_equal(number_in(&fx->asks[1], 0), 90);
}

static void an_answer_without_rows_has_none(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *ask = house_ask(0, GET, 5);
    struct house_request request = house_take();
    house_rows(&request, 0, 0, NULL);
    assert_answered(ask, OK);
    assert_false(cql_ask_next(ask));
}

static void pages_follow_each_other(void **state)
{
    (void)state;
    house_begin();
    fx->asks[0].page_rows = 2;
    struct cql_ask *ask = house_ask(0, GET, 5);
    struct house_request request = house_take();
    uint32_t first_size = request.size;
    assert_int_equal(big_endian_get_sized(request.body + request.size - 4, 4), 2);
    house_rows(&request, 1, 2, "there");
    assert_answered(ask, OK);
    assert_int_equal(ask->next_page.size, 5);
    cql_client_ask_page(fx->client, &fx->asker.asker, ask);
    request = house_take();
    assert_int_equal(request.size, first_size + 9);
    assert_memory_equal(request.body + request.size - 5, "there", 5);
    house_rows(&request, 3, 1, NULL);
    assert_answered(ask, OK);
    assert_true(cql_ask_next(ask));
    assert_int_equal(number_in(ask, 0), 3);
    assert_int_equal(ask->next_page.size, 0);
    house_ask(0, GET, 6);
    request = house_take();
    assert_int_equal(request.size, first_size);
    house_void(&request);
}

static void a_page_may_be_asked_for_by_another_ask(void **state)
{
    (void)state;
    house_begin();
    fx->asks[0].paging_state = str("there");
    house_ask(0, GET, 5);
    struct house_request request = house_take();
    assert_memory_equal(request.body + request.size - 5, "there", 5);
    house_rows(&request, 3, 1, NULL);
    assert_answered(&fx->asks[0], OK);
}

static void a_condition_says_whether_it_held(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *ask = house_ask(0, CAS, 5);
    struct house_request request = house_take();
    house_applied(&request, true);
    assert_answered(ask, OK);
    assert_true(ask->applied);
    house_ask(0, CAS, 5);
    request = house_take();
    house_applied(&request, false);
    assert_answered(ask, OK);
    assert_false(ask->applied);
    assert_true(cql_ask_next(ask));
    assert_int_equal(number_in(ask, 1), 77);
}

static void a_condition_without_an_outcome_breaks_the_protocol(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *ask = house_ask(0, CAS, 5);
    struct house_request request = house_take();
    house_void(&request);
    assert_answered(ask, ERR_UNKNOWN);
    assert_string_equal(ask->failure.name, "broken");
}

static void a_batch_holds_all_its_statements(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *ask = &fx->asks[0];
    struct cql_writer *values = cql_batch_begin(fx->client, ask);
    for (int64_t i = 0; i < 3; i++) {
        cql_batch_add(fx->client, ask, i == 2 ? ADD : PUT);
        cql_put_bigint(values, 5);
        if (i < 2) {
            cql_put_bigint(values, i);
        }
    }
    assert_int_equal(cql_batch_bytes(fx->client), 5 * 12);
    cql_client_ask(fx->client, &fx->asker.asker, ask);
    struct house_request request = house_take();
    static const uint8_t last[] = {1, 0, 16, ADD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5, 0, CQL_LOCAL_QUORUM, 0};
    assert_int_equal(request.opcode, CQL_OP_BATCH);
    assert_memory_equal(request.body, "\1\0\3", 3);
    assert_memory_equal(request.body + request.size - sizeof(last), last, sizeof(last));
    house_void(&request);
    assert_answered(ask, OK);
    assert_int_equal(fx->prepares[PUT], 1);
    assert_int_equal(fx->prepares[ADD], 1);
}

static void a_text_is_asked_without_being_prepared(void **state)
{
    static const struct cql_statement statement = {
        .name = "drop", .text = "DROP TABLE {keyspace}.t", .consistency = CQL_LOCAL_ONE};
    (void)state;
    house_begin();
    house_plain(0, &statement);
    struct house_request request = house_take();
    assert_int_equal(request.opcode, CQL_OP_QUERY);
    assert_memory_equal(request.body,
        "\0\0\0\x13"
        "DROP TABLE \"Chat\".t",
        23);
    house_void(&request);
    assert_answered(&fx->asks[0], OK);
}

static void all_who_wait_for_a_statement_go_when_it_is_known(void **state)
{
    (void)state;
    house_begin();
    fx->keeps_prepares = true;
    for (uint32_t i = 0; i < 5; i++) {
        house_ask(i, PUT, i);
    }
    struct house_request prepare = house_take();
    assert_int_equal(prepare.opcode, CQL_OP_PREPARE);
    assert_nothing_kept();
    assert_int_equal(cql_client_stats(fx->client).waiting, 5);
    house_error(&prepare, CQL_ERROR_SERVER);
    prepare = house_take();
    assert_int_equal(prepare.opcode, CQL_OP_PREPARE);
    fx->keeps_prepares = false;
    house_error(&prepare, CQL_ERROR_OVERLOADED);
    house_advance(200);
    assert_int_equal(fx->prepares[PUT], 1);
    assert_int_equal(fx->kept_count, 5);
}

static void what_a_node_will_not_prepare_is_refused_to_all(void **state)
{
    (void)state;
    house_begin();
    fx->keeps_prepares = true;
    house_ask(0, PUT, 1);
    house_ask(1, PUT, 2);
    struct house_request prepare = house_take();
    house_error(&prepare, CQL_ERROR_INVALID);
    house_settle();
    assert_answered(&fx->asks[0], ERR_BAD_CONFIG);
    assert_answered(&fx->asks[1], ERR_BAD_CONFIG);
    assert_string_equal(fx->asks[0].failure.name, "invalid");
    assert_int_equal(fx->asks[0].failure.code, CQL_ERROR_INVALID);
    assert_true(cht_str_is(fx->asks[0].failure.message, "words of a node"));
}

static void a_forgotten_statement_is_prepared_again(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *ask = house_ask(0, ADD, 1);
    struct house_request request = house_take();
    fx->id_of_ids = 9;
    house_unprepared(&request, 0);
    request = house_take();
    assert_int_equal(request.opcode, CQL_OP_EXECUTE);
    assert_int_equal(request.body[3], 9);
    house_void(&request);
    assert_answered(ask, OK);
    assert_int_equal(fx->prepares[ADD], 2);
    assert_int_equal(ask->failure.tries, 1);
}

static void a_node_that_always_forgets_is_not_asked_for_ever(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *ask = house_ask(0, ADD, 1);
    for (int i = 0; i < 3; i++) {
        struct house_request request = house_take();
        house_unprepared(&request, 0);
    }
    assert_answered(ask, ERR_UNAVAILABLE);
    assert_nothing_kept();
}

static void a_node_that_forgets_what_it_was_not_asked_is_not_believed(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *ask = house_ask(0, ADD, 1);
    struct house_request request = house_take();
    house_unprepared(&request, 77);
    assert_answered(ask, ERR_UNAVAILABLE);
    assert_string_equal(ask->failure.name, "other_id");
    assert_int_equal(fx->prepares[ADD], 1);
}

static void an_error_is_told_with_its_words(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *ask = house_ask(0, GET, 1);
    struct house_request request = house_take();
    house_error(&request, CQL_ERROR_READ_FAILURE);
    house_settle();
    assert_answered(ask, ERR_UNAVAILABLE);
    assert_int_equal(ask->failure.kind, CQL_FAILURE_NODE);
    assert_string_equal(ask->failure.name, "read_failure");
    assert_int_equal(ask->failure.node.ip[15], 1);
    struct cql_client_stats stats = cql_client_stats(fx->client);
    uint32_t place = 0;
    while (strcmp(cql_client_error_name(place), "read_failure") != 0) {
        place++;
    }
    assert_int_equal(stats.errors[place], 1);
    assert_int_equal(stats.not_done, 1);
}

static void a_large_request_is_compressed_if_that_is_agreed_on(void **state)
{
    static char text[8000];
    (void)state;
    fx->offers_lz4 = true;
    house_begin();
    struct cql_writer *values = cql_ask_begin(fx->client, &fx->asks[0], PUT);
    memset(text, 'a', sizeof(text));
    cql_put_bigint(values, 1);
    cql_put_text(values, (struct cht_str){text, sizeof(text)});
    cql_client_ask(fx->client, &fx->asker.asker, &fx->asks[0]);
    struct house_request request = house_take();
    assert_int_equal(request.flags, CQL_FLAG_COMPRESSED);
    assert_true(request.size < 200);
    house_void(&request);
    house_ask(1, PUT, 0);
    request = house_take();
    assert_int_equal(request.flags, 0); /* too small to be worth it, whatever is in it */
    house_void(&request);
    assert_answered(&fx->asks[0], OK);
}

/* An LZ4 block of literals alone, behind its size. */
static struct house_bytes packed(const uint8_t *plain, uint8_t size)
{
    struct house_bytes body = {.size = 0};
    put_u32(&body, size);
    put_u8(&body, 0xf0);
    put_u8(&body, (uint8_t)(size - 15));
    for (uint8_t i = 0; i < size; i++) {
        put_u8(&body, plain[i]);
    }
    return body;
}

static void compressed_rows_are_read_and_stay(void **state)
{
    static const uint8_t rows[] = {0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 'c', 0, 1, 't', 0, 1,
        'v', 0, CQL_TYPE_BIGINT, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 42};
    (void)state;
    fx->offers_lz4 = true;
    house_begin();
    struct cql_ask *ask = house_ask(0, GET, 1);
    struct house_request request = house_take();
    struct house_bytes body = packed(rows, sizeof(rows));
    house_say(request.socket, CQL_FLAG_COMPRESSED, request.stream, CQL_OP_RESULT, &body);
    house_settle();
    assert_answered(ask, OK);
    assert_true(cql_ask_next(ask));
    assert_int_equal(number_in(ask, 0), 42);
}

static void rows_that_would_be_too_large_are_not_inflated(void **state)
{
    (void)state;
    fx->offers_lz4 = true;
    house_begin();
    struct cql_ask *ask = house_ask(0, GET, 1);
    struct house_request request = house_take();
    struct house_bytes body = {.size = 0};
    put_u32(&body, fx->options.limits.response_bytes_max + 1);
    put_u32(&body, 0);
    house_say(request.socket, CQL_FLAG_COMPRESSED, request.stream, CQL_OP_RESULT, &body);
    house_settle();
    assert_answered(ask, ERR_TOO_LARGE);
    assert_false(request.socket->closed);
}

static void an_ask_may_say_its_time(void **state)
{
    (void)state;
    house_begin();
    fx->asks[0].timestamp_us = 0x0102030405060708;
    house_ask(0, PUT, 1);
    struct house_request request = house_take();
    assert_memory_equal(request.body + request.size - 8, "\1\2\3\4\5\6\7\x8", 8);
    house_void(&request);
}

static void what_was_asked_is_counted(void **state)
{
    (void)state;
    house_begin();
    house_ask(0, PUT, 1);
    struct cql_client_stats stats = cql_client_stats(fx->client);
    assert_int_equal(stats.asked, 1 + 3); /* and the tables */
    assert_int_equal(stats.in_flight, 1);
    assert_int_equal(stats.connections, 2);
    assert_int_equal(stats.nodes_connected, 1);
    struct house_request request = house_take();
    house_void(&request);
    stats = cql_client_stats(fx->client);
    assert_int_equal(stats.answered_ok, 4);
    assert_int_equal(stats.in_flight, 0);
    assert_int_equal(stats.prepares, 1);
    assert_true(stats.bytes_out > 0);
}

static void every_word_has_a_sentence(void **state)
{
    (void)state;
    for (int i = 0; i < CQL_FAILURES; i++) {
        assert_true(cql_failure_name((enum cql_failure_kind)i)[0]);
        assert_true(cql_failure_text((enum cql_failure_kind)i)[0]);
    }
    for (int i = 0; i < CQL_NEWS; i++) {
        assert_true(cql_news_name((enum cql_news_kind)i)[0]);
        assert_true(cql_news_text((enum cql_news_kind)i)[0]);
    }
    uint32_t count = 0;
    while (cql_client_error_name(count)) {
        count++;
    }
    assert_string_equal(cql_client_error_name(count - 1), "other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_statement_is_prepared_once_and_executed_with_its_id),
        T(an_ask_is_never_answered_from_inside_the_call),
        T(rows_are_read_in_their_order_and_stay),
        T(an_answer_without_rows_has_none),
        T(pages_follow_each_other),
        T(a_page_may_be_asked_for_by_another_ask),
        T(a_condition_says_whether_it_held),
        T(a_condition_without_an_outcome_breaks_the_protocol),
        T(a_batch_holds_all_its_statements),
        T(a_text_is_asked_without_being_prepared),
        T(all_who_wait_for_a_statement_go_when_it_is_known),
        T(what_a_node_will_not_prepare_is_refused_to_all),
        T(a_forgotten_statement_is_prepared_again),
        T(a_node_that_always_forgets_is_not_asked_for_ever),
        T(a_node_that_forgets_what_it_was_not_asked_is_not_believed),
        T(an_error_is_told_with_its_words),
        T(a_large_request_is_compressed_if_that_is_agreed_on),
        T(compressed_rows_are_read_and_stay),
        T(rows_that_would_be_too_large_are_not_inflated),
        T(an_ask_may_say_its_time),
        T(what_was_asked_is_counted),
        T(every_word_has_a_sentence),
    };
    return cmocka_run_group_tests_name("cql_ask", tests, NULL, NULL);
}
