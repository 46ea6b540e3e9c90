/* test_cql_trouble - asks that something happens to: no room, no time, no connection, no sense. */

#include "cql_house.h"

/* ---- no room */

static void asks_wait_for_the_first_connection(void **state)
{
    (void)state;
    fx->is_away[1] = true;
    house_make();
    struct cql_ask *ask = house_ask(0, PUT, 1);
    assert_waits(ask);
    fx->is_away[1] = false;
    house_advance(300);
    struct house_request request = house_take();
    house_void(&request);
    assert_answered(ask, OK);
}

static void an_ask_without_a_node_is_unavailable_at_its_deadline(void **state)
{
    (void)state;
    fx->is_away[1] = true;
    house_make();
    struct cql_ask *ask = house_ask(0, PUT, 1);
    house_advance(fx->options.limits.ask_ms - 1);
    assert_waits(ask);
    house_advance(2);
    assert_answered(ask, ERR_UNAVAILABLE);
    assert_string_equal(ask->failure.name, "no_node");
}

static void deadlines_are_kept_in_any_order(void **state)
{
    (void)state;
    fx->is_away[1] = true;
    house_make();
    fx->asks[0].deadline_ms = 300;
    fx->asks[1].deadline_ms = 100;
    fx->asks[2].deadline_ms = 200;
    for (uint32_t i = 0; i < 3; i++) {
        house_ask(i, GET, 1);
    }
    house_advance(150);
    assert_waits(&fx->asks[0]);
    assert_answered(&fx->asks[1], ERR_UNAVAILABLE);
    assert_waits(&fx->asks[2]);
    house_advance(100);
    assert_answered(&fx->asks[2], ERR_UNAVAILABLE);
    house_advance(100);
    assert_answered(&fx->asks[0], ERR_UNAVAILABLE);
}

static void more_than_may_wait_are_refused(void **state)
{
    (void)state;
    fx->options.limits.waiting_max = 2;
    fx->is_away[1] = true;
    house_make();
    for (uint32_t i = 0; i < 3; i++) {
        house_ask(i, PUT, i);
    }
    assert_waits(&fx->asks[0]);
    assert_waits(&fx->asks[1]);
    assert_answered(&fx->asks[2], ERR_FULL);
    assert_string_equal(fx->asks[2].failure.name, "full");
    assert_int_equal(cql_client_stats(fx->client).full, 1);
}

static void more_than_may_be_under_way_wait_in_their_order(void **state)
{
    (void)state;
    fx->options.limits.streams_max = 2;
    house_begin();
    for (uint32_t i = 0; i < 4; i++) {
        house_ask(i, PUT, 10 + i);
    }
    struct house_request first = house_take();
    struct house_request second = house_take();
    assert_nothing_kept();
    house_void(&second);
    struct house_request third = house_take();
    assert_int_equal(third.body[34], 12);
    assert_nothing_kept();
    house_void(&first);
    struct house_request fourth = house_take();
    assert_int_equal(fourth.body[34], 13);
    house_void(&third);
    house_void(&fourth);
    for (uint32_t i = 0; i < 4; i++) {
        assert_answered(&fx->asks[i], OK);
    }
}

static void who_was_taken_once_is_not_refused_later(void **state)
{
    (void)state;
    fx->options.limits.streams_max = 1;
    fx->options.limits.waiting_max = 1;
    house_begin();
    house_ask(0, PUT, 10);
    house_ask(1, PUT, 11);
    struct house_request request = house_take();
    house_error(&request, CQL_ERROR_UNAVAILABLE);
    for (int i = 0; i < 2; i++) {
        request = house_take();
        house_void(&request);
    }
    assert_answered(&fx->asks[0], OK);
    assert_answered(&fx->asks[1], OK);
}

static void a_next_page_waits_like_any_other_ask(void **state)
{
    (void)state;
    fx->options.limits.streams_max = 1;
    fx->options.limits.waiting_max = 1;
    house_begin();
    house_ask(2, GET, 1);
    struct house_request request = house_take();
    house_rows(&request, 1, 1, "there");
    house_ask(0, PUT, 10);
    house_ask(1, PUT, 11);
    cql_client_ask_page(fx->client, &fx->asker.asker, &fx->asks[2]);
    house_settle();
    assert_answered(&fx->asks[2], ERR_FULL);
}

static void who_is_asked_again_goes_behind_those_who_wait(void **state)
{
    (void)state;
    fx->options.limits.streams_max = 1;
    house_begin();
    house_ask(0, PUT, 10);
    house_ask(1, PUT, 11);
    struct house_request request = house_take();
    house_error(&request, CQL_ERROR_UNAVAILABLE);
    request = house_take();
    assert_int_equal(request.body[34], 11);
    house_void(&request);
    request = house_take();
    assert_int_equal(request.body[34], 10);
    house_void(&request);
    assert_answered(&fx->asks[0], OK);
}

static void a_full_socket_has_asks_wait_and_then_go(void **state)
{
    static char text[100 << 10];
    (void)state;
    fx->options.limits.queue_bytes_max = 300 << 10;
    house_begin();
    house_ask(0, PUT, 1);
    struct house_request request = house_take();
    house_void(&request);
    struct toy_socket *socket = request.socket;
    socket->room = 0;
    for (uint32_t i = 0; i < 6; i++) {
        struct cql_writer *values = cql_ask_begin(fx->client, &fx->asks[i], PUT);
        cql_put_bigint(values, i);
        cql_put_text(values, (struct cht_str){text, sizeof(text)});
        cql_client_ask(fx->client, &fx->asker.asker, &fx->asks[i]);
    }
    house_settle();
    assert_true(cql_client_stats(fx->client).waiting >= 3);
    socket->room = SIZE_MAX;
    for (uint32_t i = 0; i < 6; i++) {
        request = house_take();
        house_void(&request);
    }
    for (uint32_t i = 0; i < 6; i++) {
        assert_answered(&fx->asks[i], OK);
    }
}

/* ---- no time */

static void a_late_write_is_unknown_and_its_answer_nobodys(void **state)
{
    (void)state;
    fx->options.limits.streams_max = 1;
    house_begin();
    struct cql_ask *ask = house_ask(0, PUT, 1);
    struct house_request late = house_take();
    house_advance(fx->options.limits.ask_ms + 1);
    assert_answered(ask, ERR_UNKNOWN);
    assert_string_equal(ask->failure.name, "late");
    assert_int_equal(cql_client_stats(fx->client).orphans, 1);
    house_ask(1, PUT, 2);
    assert_nothing_kept(); /* the stream is not free yet */
    house_void(&late);
    struct house_request next = house_take();
    assert_int_equal(next.stream, late.stream);
    house_void(&next);
    assert_answered(&fx->asks[1], OK);
    assert_int_equal(fx->asker.answers, 2);
    assert_int_equal(cql_client_stats(fx->client).late_answers, 1);
    assert_int_equal(cql_client_stats(fx->client).orphans, 0);
}

static void a_late_read_changed_nothing(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *ask = house_ask(0, GET, 1);
    house_take();
    house_advance(fx->options.limits.ask_ms + 1);
    assert_answered(ask, ERR_UNAVAILABLE);
}

static void a_write_that_waits_for_its_statement_did_nothing(void **state)
{
    (void)state;
    house_begin();
    fx->keeps_prepares = true;
    struct cql_ask *ask = house_ask(0, PUT, 1);
    struct house_request prepare = house_take();
    house_advance(fx->options.limits.ask_ms + 1);
    assert_answered(ask, ERR_UNAVAILABLE);
    assert_string_equal(ask->failure.name, "late");
    house_advance(1001); /* a node that does not prepare is of no use */
    assert_true(prepare.socket->closed);
}

static void a_connection_with_too_many_overdue_answers_is_replaced(void **state)
{
    (void)state;
    fx->options.limits.orphans_max = 2;
    fx->options.limits.quiet_ms = 0;
    fx->options.limits.silent_ms = 100000;
    house_begin();
    for (uint32_t i = 0; i < 3; i++) {
        house_ask(i, GET, i);
    }
    struct toy_socket *socket = house_take().socket;
    house_advance(fx->options.limits.ask_ms + 1);
    assert_true(socket->closed);
    house_advance(300);
    assert_int_equal(house_open_sockets(1), 2);
}

static void a_connection_with_an_old_overdue_answer_is_replaced(void **state)
{
    (void)state;
    fx->options.limits.overdue_ms = 3000;
    house_begin();
    house_ask(0, GET, 0);
    struct toy_socket *socket = house_take().socket;
    house_advance(fx->options.limits.ask_ms + 2500);
    assert_false(socket->closed);
    house_advance(2000);
    assert_true(socket->closed);
}

/* ---- no connection */

static void what_never_left_is_asked_again_whatever_it_does(void **state)
{
    (void)state;
    house_begin();
    house_ask(0, ADD, 1);
    struct house_request request = house_take();
    house_void(&request);
    request.socket->room = 0;
    struct cql_ask *ask = house_ask(0, ADD, 2);
    assert_nothing_kept();
    toy_socket_reset(request.socket);
    house_settle();
    assert_waits(ask);
    house_advance(300);
    request = house_take();
    house_void(&request);
    assert_answered(ask, OK);
    assert_int_equal(ask->failure.tries, 1);
}

static void ask_batch(uint32_t number, uint32_t first, uint32_t second)
{
    struct cql_ask *ask = &fx->asks[number];
    const uint32_t places[] = {first, second};
    struct cql_writer *values = cql_batch_begin(fx->client, ask);
    for (int i = 0; i < 2; i++) {
        cql_batch_add(fx->client, ask, places[i]);
        cql_put_bigint(values, 1);
        if (places[i] == PUT) {
            cql_put_bigint(values, 2);
        }
    }
    cql_client_ask(fx->client, &fx->asker.asker, ask);
    house_settle();
}

static void a_batch_is_repeated_if_all_of_it_may_be(void **state)
{
    (void)state;
    house_begin();
    ask_batch(0, PUT, PUT);
    ask_batch(1, PUT, ADD);
    ask_batch(2, ADD, PUT);
    toy_socket_reset(house_take().socket);
    fx->kept_count = 0;
    house_settle();
    assert_waits(&fx->asks[0]);
    assert_answered(&fx->asks[1], ERR_UNKNOWN);
    assert_answered(&fx->asks[2], ERR_UNKNOWN);
    house_advance(300);
    struct house_request request = house_take();
    house_void(&request);
    assert_answered(&fx->asks[0], OK);
}

static void what_has_left_is_unknown_if_it_must_not_be_repeated(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *add = house_ask(0, ADD, 1);
    struct cql_ask *cas = house_ask(1, CAS, 1);
    struct cql_ask *get = house_ask(2, GET, 1);
    struct cql_ask *put = house_ask(3, PUT, 1);
    toy_socket_reset(house_take().socket);
    house_settle();
    assert_answered(add, ERR_UNKNOWN);
    assert_string_equal(add->failure.name, "lost");
    assert_answered(cas, ERR_UNKNOWN);
    assert_waits(get);
    assert_waits(put);
    fx->kept_count = 0;
    house_advance(300);
    struct house_request request = house_take();
    house_void(&request);
    request = house_take();
    house_void(&request);
    assert_answered(put, OK);
    assert_int_equal(put->failure.tries, 2);
}

static void a_write_that_was_lost_once_stays_unknown_when_nobody_takes_it_again(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *put = house_ask(0, PUT, 1);
    fx->is_away[1] = true;
    toy_socket_reset(house_take().socket);
    house_advance(fx->options.limits.ask_ms + 1);
    assert_answered(put, ERR_UNKNOWN);
}

static void a_node_that_is_lost_again_and_again_is_not_asked_for_ever(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *put = house_ask(0, PUT, 1);
    for (uint32_t i = 0; i < fx->options.limits.tries_max; i++) {
        assert_waits(put);
        toy_socket_reset(house_take().socket);
        house_advance(500);
    }
    assert_answered(put, ERR_UNKNOWN);
    assert_int_equal(put->failure.tries, 3);
    assert_nothing_kept();
}

static void who_waits_for_a_statement_goes_elsewhere_with_the_connection(void **state)
{
    (void)state;
    house_begin();
    fx->keeps_prepares = true;
    struct cql_ask *add = house_ask(0, ADD, 1);
    toy_socket_reset(house_take().socket);
    fx->keeps_prepares = false;
    house_advance(300);
    struct house_request request = house_take();
    house_void(&request);
    assert_answered(add, OK);
}

static void a_statement_is_waited_for_while_its_own_connection_is_there(void **state)
{
    (void)state;
    fx->options.limits.connections_per_node = 2;
    house_begin();
    fx->keeps_prepares = true;
    house_ask(0, ADD, 1);
    struct house_request prepare = house_take();
    for (uint32_t i = 1; i < 3; i++) {
        if (house_socket(1, i) != prepare.socket) {
            toy_socket_reset(house_socket(1, i));
            break;
        }
    }
    assert_nothing_kept(); /* it is not asked for a second time */
    assert_waits(&fx->asks[0]);
}

/* ---- errors of nodes */

static void a_write_timeout_is_repeated_if_it_may_be(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *put = house_ask(0, PUT, 1);
    struct house_request request = house_take();
    house_write_timeout(&request, "SIMPLE");
    request = house_take();
    house_void(&request);
    assert_answered(put, OK);
    assert_int_equal(put->failure.kind, CQL_FAILURE_NONE);
    assert_string_equal(put->failure.name, "none");
    assert_int_equal(put->failure.message.size, 0);
    struct cql_ask *add = house_ask(1, ADD, 1);
    request = house_take();
    house_write_timeout(&request, "COUNTER");
    assert_answered(add, ERR_UNKNOWN);
    assert_string_equal(add->failure.name, "write_timeout");
}

static void a_node_with_too_much_to_do_is_left_alone_for_a_moment(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *put = house_ask(0, PUT, 1);
    struct house_request request = house_take();
    house_error(&request, CQL_ERROR_OVERLOADED);
    house_advance(50);
    assert_nothing_kept();
    house_advance(60);
    request = house_take();
    house_void(&request);
    assert_answered(put, OK);
}

static void a_failed_write_is_repeated_while_the_schema_settles(void **state)
{
    static const struct cql_statement ddl = {
        .name = "ddl", .text = "CREATE TABLE {keyspace}.t ()", .consistency = CQL_ONE};
    (void)state;
    house_begin();
    struct cql_ask *put = house_ask(0, PUT, 1);
    struct house_request request = house_take();
    house_error(&request, CQL_ERROR_WRITE_FAILURE);
    house_settle();
    assert_answered(put, ERR_UNKNOWN);
    house_plain(1, &ddl);
    request = house_take();
    house_schema_change(&request);
    house_advance(1);
    house_ask(0, PUT, 1);
    for (int i = 0; i < 5; i++) {
        request = house_take();
        house_error(&request, CQL_ERROR_WRITE_FAILURE);
        house_advance(101);
        assert_waits(put);
    }
    request = house_take();
    house_void(&request);
    assert_answered(put, OK);
}

/* ---- no sense */

static void an_answer_that_is_no_answer_closes_the_connection(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *get = house_ask(0, GET, 1);
    struct cql_ask *put = house_ask(1, PUT, 1);
    struct house_request first = house_take();
    struct house_request second = house_take();
    house_say(first.socket, 0, first.stream, CQL_OP_RESULT, NULL);
    house_settle();
    assert_answered(get, ERR_CORRUPT);
    assert_true(first.socket->closed);
    assert_waits(put); /* it is repeated */
    (void)second;
    house_advance(300);
    struct house_request request = house_take();
    house_say(request.socket, 0, request.stream, CQL_OP_READY, NULL);
    house_settle();
    assert_answered(put, ERR_UNKNOWN);
}

static void an_answer_nobody_asked_for_closes_the_connection(void **state)
{
    (void)state;
    house_begin();
    house_ask(0, PUT, 1);
    struct house_request request = house_take();
    house_say(request.socket, 0, (int16_t)(request.stream + 1), CQL_OP_RESULT, NULL);
    house_settle();
    assert_true(request.socket->closed);
}

static void a_page_that_is_too_large_is_passed_over(void **state)
{
    (void)state;
    fx->options.limits.response_bytes_max = 4000;
    house_begin();
    struct cql_ask *get = house_ask(0, GET, 1);
    struct cql_ask *put = house_ask(1, PUT, 1);
    struct house_request first = house_take();
    struct house_request second = house_take();
    house_rows(&first, 0, 1000, NULL);
    assert_answered(get, ERR_TOO_LARGE);
    house_void(&second);
    assert_answered(put, OK);
    assert_false(first.socket->closed);
}

static void frames_may_come_in_any_pieces(void **state)
{
    (void)state;
    house_begin();
    struct cql_ask *get = house_ask(0, GET, 1);
    struct house_request request = house_take();
    request.socket->piece = 1;
    house_rows(&request, 5, 3, NULL);
    assert_answered(get, OK);
    for (int i = 0; i < 3; i++) {
        assert_true(cql_ask_next(get));
    }
}

static void many_answers_at_once_are_taken_over_several_turns(void **state)
{
    (void)state;
    house_begin();
    house_ask(0, PUT, 1);
    struct house_request request = house_take();
    struct house_bytes body = {.size = 0};
    put_string(&body, "STATUS_CHANGE");
    put_string(&body, "UP");
    put_u8(&body, 4);
    put_u32(&body, 0xc0000209);
    put_u32(&body, 9042);
    for (int i = 0; i < 1000; i++) {
        house_say(request.socket, 0, CQL_STREAM_EVENT, CQL_OP_EVENT, &body);
    }
    house_void(&request);
    assert_answered(&fx->asks[0], OK);
}

/* ---- the end */

static void a_client_that_closes_answers_everybody(void **state)
{
    (void)state;
    fx->options.limits.streams_max = 4;
    house_begin();
    for (uint32_t i = 0; i < 4; i++) {
        house_ask(i, (uint32_t[]){ADD, GET, PUT, CAS}[i], 1);
    }
    house_ask(4, PUT, 1);
    fx->keeps_prepares = true;
    cql_client_close(fx->client);
    assert_int_equal(fx->asker.answers, 0);
    house_settle();
    assert_int_equal(fx->asker.answers, 5);
    assert_answered(&fx->asks[0], ERR_UNKNOWN);
    assert_answered(&fx->asks[1], ERR_CLOSED);
    assert_answered(&fx->asks[2], ERR_UNKNOWN);
    assert_answered(&fx->asks[3], ERR_UNKNOWN);
    assert_answered(&fx->asks[4], ERR_CLOSED);
    house_ask(5, PUT, 1);
    assert_answered(&fx->asks[5], ERR_CLOSED);
    assert_int_equal(toy_net_open_count(&fx->net), 0);
    cql_client_destroy(fx->client);
    fx->client = NULL;
}

static void who_waits_for_a_statement_is_answered_at_the_close_too(void **state)
{
    (void)state;
    house_begin();
    fx->keeps_prepares = true;
    struct cql_ask *ask = house_ask(0, ADD, 1);
    cql_client_close(fx->client);
    house_settle();
    assert_answered(ask, ERR_CLOSED);
    cql_client_destroy(fx->client);
    fx->client = NULL;
}

static void a_client_may_be_destroyed_with_asks_when_its_loop_ends(void **state)
{
    (void)state;
    house_begin();
    house_ask(0, ADD, 1);
    cql_client_destroy(fx->client);
    fx->client = NULL;
    fx->asks[0].op.asked = false; /* nobody will answer it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(asks_wait_for_the_first_connection),
        T(an_ask_without_a_node_is_unavailable_at_its_deadline),
        T(deadlines_are_kept_in_any_order),
        T(more_than_may_wait_are_refused),
        T(more_than_may_be_under_way_wait_in_their_order),
        T(who_was_taken_once_is_not_refused_later),
        T(a_next_page_waits_like_any_other_ask),
        T(who_is_asked_again_goes_behind_those_who_wait),
        T(a_full_socket_has_asks_wait_and_then_go),
        T(a_late_write_is_unknown_and_its_answer_nobodys),
        T(a_late_read_changed_nothing),
        T(a_write_that_waits_for_its_statement_did_nothing),
        T(a_connection_with_too_many_overdue_answers_is_replaced),
        T(a_connection_with_an_old_overdue_answer_is_replaced),
        T(what_never_left_is_asked_again_whatever_it_does),
        T(a_batch_is_repeated_if_all_of_it_may_be),
        T(what_has_left_is_unknown_if_it_must_not_be_repeated),
        T(a_write_that_was_lost_once_stays_unknown_when_nobody_takes_it_again),
        T(a_node_that_is_lost_again_and_again_is_not_asked_for_ever),
        T(who_waits_for_a_statement_goes_elsewhere_with_the_connection),
        T(a_statement_is_waited_for_while_its_own_connection_is_there),
        T(a_write_timeout_is_repeated_if_it_may_be),
        T(a_node_with_too_much_to_do_is_left_alone_for_a_moment),
        T(a_failed_write_is_repeated_while_the_schema_settles),
        T(an_answer_that_is_no_answer_closes_the_connection),
        T(an_answer_nobody_asked_for_closes_the_connection),
        T(a_page_that_is_too_large_is_passed_over),
        T(frames_may_come_in_any_pieces),
        T(many_answers_at_once_are_taken_over_several_turns),
        T(a_client_that_closes_answers_everybody),
        T(who_waits_for_a_statement_is_answered_at_the_close_too),
        T(a_client_may_be_destroyed_with_asks_when_its_loop_ends),
    };
    return cmocka_run_group_tests_name("cql_trouble", tests, NULL, NULL);
}
