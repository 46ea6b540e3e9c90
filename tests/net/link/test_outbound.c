/* test_outbound - the states of a connection to somebody else's server: tries, deadlines, waits,
 * and stops at every moment. */

#include "outbound_house.h"

#include <string.h>

#include "world/random.h"

enum { STATES = 5 };

static uint64_t now_ms(void)
{
    return fx->loop.now_ms;
}

static struct toy_socket *newest(void)
{
    return toy_net_newest(&fx->net);
}

/* Virtual time until the handler hears of the next end. */
static uint64_t advance_to_end(void)
{
    uint64_t since = now_ms();
    uint32_t closes = fx->closes;
    while (fx->closes == closes) {
        house_advance(1);
        assert_true(now_ms() - since < 100000);
    }
    return now_ms() - since;
}

/* Virtual time until the next question for addresses. */
static uint64_t advance_to_try(void)
{
    uint64_t since = now_ms();
    uint32_t asked = fx->resolver.asked;
    while (fx->resolver.asked == asked) {
        house_advance(1);
        assert_true(now_ms() - since < 100000);
    }
    return now_ms() - since;
}

/* ---- tries */

static void a_name_is_looked_up_and_its_address_connected(void **state)
{
    (void)state;
    assert_state("idle");
    outbound_start(fx->outbound);
    assert_state("resolving");
    house_settle();
    assert_state("connecting");
    assert_string_equal(fx->resolver.host, "broker.example");
    assert_int_equal(newest()->to.port, 6650);
    assert_int_equal(fx->opens, 0);
    toy_socket_answer(newest(), OK);
    house_settle();
    assert_state("open");
    assert_int_equal(fx->opens, 1);
    assert_int_equal(fx->closes, 0);
    outbound_start(fx->outbound);
    assert_state("open");
}

static void all_addresses_of_a_name_are_tried_in_their_order(void **state)
{
    (void)state;
    fx->resolver.count = 4;
    fx->net.next_err = ERR_UNREACHABLE;
    outbound_start(fx->outbound);
    house_settle();
    assert_int_equal(newest()->to.ip[15], 2);
    toy_socket_answer(newest(), ERR_REFUSED);
    house_settle();
    assert_int_equal(newest()->to.ip[15], 3);
    toy_socket_answer(newest(), ERR_TIMEOUT);
    house_settle();
    assert_int_equal(newest()->to.ip[15], 4);
    assert_int_equal(toy_net_open_count(&fx->net), 1);
    assert_int_equal(outbound_address(fx->outbound).ip[15], 0);
    toy_socket_answer(newest(), OK);
    house_settle();
    assert_int_equal(outbound_address(fx->outbound).ip[15], 4);
    assert_int_equal(fx->opens, 1);
    assert_int_equal(fx->closes, 0);
    assert_int_equal(outbound_stats(fx->outbound).tries, 4);
}

static void when_no_address_will_do_it_ends_and_says_why(void **state)
{
    static const struct {
        enum err err;
        enum outbound_reason reason;
        const char *detail;
    } cases[] = {
        {ERR_REFUSED, OUTBOUND_REFUSED, "refused"},
        {ERR_UNREACHABLE, OUTBOUND_UNREACHABLE, "unreachable"},
        {ERR_TIMEOUT, OUTBOUND_UNREACHABLE, "timeout"},
        {ERR_FULL, OUTBOUND_NO_ROOM, "full"},
        {ERR_IO, OUTBOUND_LOST, "io"},
    };
    (void)state;
    outbound_start(fx->outbound);
    for (uint32_t i = 0; i < 5; i++) {
        house_settle();
        toy_socket_answer(newest(), cases[i].err);
        house_settle();
        assert_closed(i + 1, cases[i].reason);
        assert_string_equal(fx->detail, cases[i].detail);
        assert_false(fx->end.was_open);
        assert_int_equal(fx->end.to.ip[15], 1);
        assert_state("waiting");
        advance_to_try();
    }
    assert_int_equal(fx->opens, 0);
}

static void a_failure_that_is_known_at_once_is_told_later_all_the_same(void **state)
{
    (void)state;
    fx->net.next_err = ERR_FULL;
    outbound_start(fx->outbound);
    house_settle();
    assert_closed(1, OUTBOUND_NO_ROOM);
    assert_int_equal(fx->net.count, 0);
}

static void a_name_without_an_address_ends_the_try(void **state)
{
    (void)state;
    fx->resolver.err = ERR_NOT_FOUND;
    outbound_start(fx->outbound);
    house_settle();
    assert_closed(1, OUTBOUND_NO_ADDRESS);
    assert_string_equal(fx->detail, "not_found");
    fx->resolver.err = OK;
    advance_to_try();
    house_settle();
    toy_socket_answer(newest(), OK);
    house_settle();
    assert_int_equal(fx->opens, 1);
}

/* ---- deadlines */

static void a_lookup_that_never_ends_is_late_and_its_answer_nobodys(void **state)
{
    (void)state;
    fx->resolver.keeps = true;
    outbound_start(fx->outbound);
    assert_int_equal(advance_to_end(), 3000);
    assert_closed(1, OUTBOUND_LATE);
    fx->resolver.keeps = false;
    toy_resolver_answer(&fx->resolver);
    house_settle();
    assert_int_equal(fx->net.count, 0);
    assert_state("waiting");
}

static void an_address_that_never_answers_costs_its_share_of_the_time(void **state)
{
    (void)state;
    fx->resolver.count = 3;
    outbound_start(fx->outbound);
    house_advance(999);
    assert_int_equal(fx->net.count, 1);
    house_advance(1);
    assert_int_equal(fx->net.count, 2);
    toy_socket_answer(newest(), ERR_REFUSED);
    house_settle();
    assert_int_equal(fx->net.count, 3);
    house_advance(1999);
    assert_int_equal(fx->closes, 0);
    house_advance(1);
    assert_closed(1, OUTBOUND_LATE);
    assert_int_equal(toy_net_open_count(&fx->net), 0);
}

static void the_time_of_the_lookup_counts(void **state)
{
    (void)state;
    fx->resolver.keeps = true;
    outbound_start(fx->outbound);
    house_advance(2500);
    toy_resolver_answer(&fx->resolver);
    house_settle();
    assert_state("connecting");
    assert_int_equal(advance_to_end(), 500);
    assert_closed(1, OUTBOUND_LATE);
}

/* ---- waits */

/* The wait that is drawn from `whole`, by the numbers of the test's loop. */
static void assert_wait_of(uint64_t whole)
{
    struct test_loop copy = fx->loop;
    uint64_t wanted = whole / 2 + random_below(&copy.random, whole / 2 + 1);
    uint64_t wait;
    toy_socket_answer(newest(), ERR_REFUSED);
    house_settle();
    assert_int_equal(fx->end.retry_ms, wanted);
    assert_in_range(wanted, whole / 2, whole);
    wait = advance_to_try();
    assert_int_equal(wait, wanted);
    house_settle();
}

static void waits_double_from_the_first_to_the_last(void **state)
{
    (void)state;
    outbound_start(fx->outbound);
    house_settle();
    for (uint64_t whole = 100; whole <= 1600; whole *= 2) {
        assert_wait_of(whole);
    }
    for (int i = 0; i < 40; i++) {
        assert_wait_of(1600);
    }
}

static void fail_times(int count)
{
    for (int i = 0; i < count; i++) {
        house_settle();
        toy_socket_answer(newest(), ERR_REFUSED);
        advance_to_try();
    }
    house_settle();
}

static void after_a_steady_connection_the_wait_is_the_first_again(void **state)
{
    (void)state;
    outbound_start(fx->outbound);
    fail_times(6);
    toy_socket_answer(newest(), OK);
    house_advance(10000);
    toy_socket_end(newest());
    house_settle();
    assert_closed(7, OUTBOUND_ENDED);
    assert_true(fx->end.was_open);
    assert_in_range(fx->end.retry_ms, 50, 100);
}

static void a_server_that_hangs_up_at_once_is_waited_for_longer_each_time(void **state)
{
    (void)state;
    outbound_start(fx->outbound);
    for (uint64_t whole = 100; whole <= 1600; whole *= 2) {
        house_settle();
        toy_socket_answer(newest(), OK);
        house_advance(9);
        toy_socket_end(newest());
        house_settle();
        assert_true(fx->end.was_open);
        assert_in_range(fx->end.retry_ms, whole / 2, whole);
        advance_to_try();
    }
}

static void an_address_whose_connections_do_not_last_comes_later(void **state)
{
    (void)state;
    fx->resolver.count = 2;
    toy_socket_end(house_open());
    house_settle();
    assert_int_equal(fx->end.to.ip[15], 1);
    advance_to_try();
    house_settle();
    assert_int_equal(newest()->to.ip[15], 2);
}

static void a_retry_ends_the_wait_and_the_doubling(void **state)
{
    (void)state;
    outbound_start(fx->outbound);
    fail_times(5);
    toy_socket_answer(newest(), ERR_REFUSED);
    house_settle();
    assert_state("waiting");
    outbound_retry(fx->outbound);
    assert_state("resolving");
    house_settle();
    assert_wait_of(100);
    outbound_retry(fx->outbound);
    assert_state("connecting");
}

static void retry_once(void)
{
    if (fx->closes == 1) {
        outbound_retry(fx->outbound);
    }
}

static void a_retry_in_on_closed_is_at_once(void **state)
{
    (void)state;
    fx->in_closed = retry_once;
    toy_socket_end(house_open());
    house_settle();
    assert_state("connecting");
    assert_int_equal(fx->net.count, 2);
    toy_socket_answer(newest(), ERR_REFUSED);
    house_settle();
    assert_state("waiting");
    assert_in_range(fx->end.retry_ms, 50, 100);
}

static void move_on(void)
{
    assert_int_equal(outbound_set_endpoint(fx->outbound, "other.example", 6651), OK);
}

static void the_endpoint_may_change_between_two_tries(void **state)
{
    (void)state;
    char longest[255] = {0};
    fx->in_closed = move_on;
    toy_socket_end(house_open());
    advance_to_try();
    house_settle();
    assert_string_equal(fx->resolver.host, "other.example");
    assert_int_equal(newest()->to.port, 6651);
    memset(longest, 'a', 254);
    assert_int_equal(outbound_set_endpoint(fx->outbound, "", 1), ERR_BAD_CONFIG);
    assert_int_equal(outbound_set_endpoint(fx->outbound, longest, 1), ERR_BAD_CONFIG);
    assert_int_equal(outbound_set_endpoint(fx->outbound, "a", 0), ERR_BAD_CONFIG);
    longest[253] = 0;
    assert_int_equal(outbound_set_endpoint(fx->outbound, longest, 1), OK);
}

static void a_connection_to_nowhere_is_not_made(void **state)
{
    (void)state;
    struct outbound *none = NULL;
    struct outbound_options options = fx->options;
    options.host = "";
    assert_int_equal(outbound_create(fx->outbounds, &options, &none), ERR_BAD_CONFIG);
    options.host = ".";
    assert_int_equal(outbound_create(fx->outbounds, &options, &none), ERR_BAD_CONFIG);
    options.host = "a";
    options.tls_name = ".";
    assert_int_equal(outbound_create(fx->outbounds, &options, &none), ERR_BAD_CONFIG);
    assert_null(none);
}

/* ---- stops and drops in each state */

/* idle, resolving, connecting, open, waiting */
static void bring_to(int state)
{
    fx->resolver.keeps = state == 1;
    if (state == 0) {
        return;
    }
    outbound_start(fx->outbound);
    house_settle();
    if (state >= 3) {
        toy_socket_answer(newest(), state == 3 ? OK : ERR_REFUSED);
        house_settle();
    }
    static const char *const names[STATES] = {"idle", "resolving", "connecting", "open", "waiting"};
    assert_state(names[state]);
}

static void assert_hears_nothing(void)
{
    uint32_t before = fx->opens + fx->closes + fx->inputs + fx->drains + fx->quiets;
    uint32_t asked = fx->resolver.asked;
    toy_resolver_answer(&fx->resolver);
    house_advance(5000);
    assert_int_equal(fx->opens + fx->closes + fx->inputs + fx->drains + fx->quiets, before);
    assert_int_equal(fx->resolver.asked, asked);
    assert_int_equal(toy_net_open_count(&fx->net), 0);
}

static void a_stop_in_any_state_is_the_end_and_it_can_start_again(void **state)
{
    (void)state;
    for (int i = 0; i < STATES; i++) {
        bring_to(i);
        outbound_stop(fx->outbound);
        assert_state("idle");
        assert_hears_nothing();
        fx->resolver.keeps = false;
        house_open();
        outbound_stop(fx->outbound);
        outbound_stop(fx->outbound);
    }
}

static void a_destroy_in_any_state_leaves_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < STATES; i++) {
        bring_to(i);
        outbound_destroy(fx->outbound);
        fx->outbound = NULL;
        assert_hears_nothing();
        house_make();
    }
    outbound_destroy(NULL);
}

static void a_start_behind_a_stop_does_not_hear_the_former_answer(void **state)
{
    (void)state;
    fx->resolver.keeps = true;
    outbound_start(fx->outbound);
    house_settle();
    outbound_stop(fx->outbound);
    outbound_start(fx->outbound);
    house_settle();
    assert_int_equal(fx->resolver.asked, 2);
    toy_resolver_answer(&fx->resolver);
    house_settle();
    assert_int_equal(fx->net.count, 1);
    assert_state("connecting");
}

static void a_drop_ends_whatever_is_under_way_and_is_told_once_and_later(void **state)
{
    (void)state;
    uint32_t closes = 0;
    for (int i = 0; i < STATES; i++) {
        house_make();
        fx->closes = 0;
        bring_to(i);
        closes = fx->closes;
        outbound_drop(fx->outbound, "no leader");
        outbound_drop(fx->outbound, "again");
        assert_int_equal(fx->closes, closes);
        house_settle();
        if (i == 0 || i == 4) {
            assert_int_equal(fx->closes, closes);
            continue;
        }
        assert_closed(closes + 1, OUTBOUND_DROPPED);
        assert_string_equal(fx->detail, "no leader");
        assert_int_equal(fx->end.was_open, i == 3);
        assert_state("waiting");
        assert_int_equal(toy_net_open_count(&fx->net), 0);
    }
}

static void a_destroy_behind_a_drop_leaves_nothing(void **state)
{
    (void)state;
    house_open();
    house_write("something");
    outbound_drop(fx->outbound, "");
    outbound_destroy(fx->outbound);
    fx->outbound = NULL;
    assert_hears_nothing();
}

static void a_destroy_behind_a_write_leaves_nothing(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    house_write("something");
    outbound_destroy(fx->outbound);
    fx->outbound = NULL;
    assert_hears_nothing();
    assert_int_equal(socket->out_size, 0);
}

static void a_stop_behind_a_drop_is_not_told(void **state)
{
    (void)state;
    house_open();
    outbound_drop(fx->outbound, "");
    assert_state("closed");
    outbound_stop(fx->outbound);
    assert_hears_nothing();
    assert_int_equal(fx->closes, 0);
}

/* ---- inside the handler */

static void stop(void)
{
    outbound_stop(fx->outbound);
}

static void stop_and_start(void)
{
    outbound_stop(fx->outbound);
    outbound_start(fx->outbound);
}

static void destroy(void)
{
    outbound_destroy(fx->outbound);
    fx->outbound = NULL;
}

static void drop(void)
{
    outbound_drop(fx->outbound, "in its own handler");
    assert_state("closed");
}

static void (*what)(void);

static size_t do_in_input(uint8_t *bytes, size_t size)
{
    uint8_t first = bytes[0], last = bytes[size - 1];
    what();
    assert_int_equal(bytes[0], first);
    assert_int_equal(bytes[size - 1], last);
    return size / 2;
}

static size_t take_nothing(uint8_t *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    return 0;
}

/* The bytes of the second call lie where those of the first were kept. */
static void hear_input(void)
{
    struct toy_socket *socket = house_open();
    fx->in_input = take_nothing;
    toy_socket_say(socket, "hello", 5);
    house_settle();
    fx->in_input = do_in_input;
    toy_socket_say(socket, " world", 6);
    house_settle();
}

static void hear_drained(void)
{
    static char large[70000];
    fx->in_drained = what;
    struct toy_socket *socket = house_open();
    socket->room = 0;
    assert_int_equal(outbound_write(fx->outbound, large, sizeof(large)), OK);
    assert_int_equal(outbound_write(fx->outbound, large, sizeof(large)), ERR_FULL);
    house_settle();
    socket->room = SIZE_MAX;
    house_settle();
    assert_int_equal(fx->drains, 1);
}

static void hear_quiet(void)
{
    fx->in_quiet = what;
    house_open();
    house_advance(500);
    assert_int_equal(fx->quiets, 1);
}

static void hear_open(void)
{
    fx->in_open = what;
    outbound_start(fx->outbound);
    house_settle();
    toy_socket_answer(newest(), OK);
    house_settle();
    assert_int_equal(fx->opens, 1);
}

static void hear_closed(void)
{
    fx->in_closed = what;
    toy_socket_end(house_open());
    house_settle();
    assert_int_equal(fx->closes, 1);
}

static void (*const hear[])(void) = {hear_open, hear_input, hear_drained, hear_quiet, hear_closed};

static void hear_all(void (*action)(void), void (*then)(void))
{
    what = action;
    fx->options.limits.quiet_ms = 500;
    for (size_t i = 0; i < sizeof(hear) / sizeof(hear[0]); i++) {
        fx->in_open = fx->in_drained = fx->in_quiet = fx->in_closed = NULL;
        fx->in_input = NULL;
        fx->opens = fx->closes = fx->drains = fx->quiets = fx->inputs = 0;
        house_make();
        hear[i]();
        then();
    }
}

static void assert_idle(void)
{
    assert_state("idle");
    assert_hears_nothing();
}

static void assert_tries_again(void)
{
    assert_state("connecting");
    assert_int_equal(toy_net_open_count(&fx->net), 1);
}

static void assert_told_of_drop(void)
{
    assert_closed(1, OUTBOUND_DROPPED);
    assert_state("waiting");
}

static void a_stop_inside_any_callback_is_the_end(void **state)
{
    (void)state;
    hear_all(stop, assert_idle);
}

static void a_stop_and_start_inside_any_callback_is_a_new_try(void **state)
{
    (void)state;
    hear_all(stop_and_start, assert_tries_again);
}

static void a_destroy_inside_any_callback_leaves_nothing(void **state)
{
    (void)state;
    hear_all(destroy, assert_hears_nothing);
}

static void a_drop_inside_any_callback_is_told_after_it(void **state)
{
    (void)state;
    what = drop;
    fx->options.limits.quiet_ms = 500;
    for (size_t i = 0; i < 4; i++) { /* in on_closed there is nothing to drop */
        fx->in_open = fx->in_drained = fx->in_quiet = NULL;
        fx->in_input = NULL;
        fx->opens = fx->closes = fx->drains = fx->quiets = fx->inputs = 0;
        house_make();
        hear[i]();
        assert_told_of_drop();
    }
}

/* ---- two at once */

static struct outbound *other;
static struct outbound_handler other_handler;
static uint32_t other_heard;

static size_t other_input(struct outbound_handler *handler, uint8_t *bytes, size_t size)
{
    (void)handler;
    (void)bytes;
    other_heard++;
    return size;
}

static void other_open(struct outbound_handler *handler)
{
    (void)handler;
}

static void other_closed(struct outbound_handler *handler, const struct outbound_end *end)
{
    (void)handler;
    (void)end;
    other_heard++;
}

static size_t destroy_other(uint8_t *bytes, size_t size)
{
    (void)bytes;
    outbound_destroy(other);
    return size;
}

/* The toy network, as the real one, has collected both events before the first is told. */
static void who_is_destroyed_by_another_ones_callback_hears_nothing_more(void **state)
{
    (void)state;
    other_handler = (struct outbound_handler){
        .on_open = other_open, .on_input = other_input, .on_closed = other_closed};
    struct outbound_options options = fx->options;
    options.handler = &other_handler;
    assert_int_equal(outbound_create(fx->outbounds, &options, &other), OK);
    struct toy_socket *first = house_open();
    outbound_start(other);
    house_settle();
    struct toy_socket *second = newest();
    toy_socket_answer(second, OK);
    house_settle();
    fx->in_input = destroy_other;
    toy_socket_say(first, "x", 1);
    toy_socket_say(second, "y", 1);
    struct toy_socket stale = *second;
    house_settle();
    stale.handler->on_ready(stale.handler, stale.token, NET_READABLE);
    assert_int_equal(other_heard, 0);
    assert_true(second->closed);
    assert_false(first->closed);
}

static void events_of_a_former_socket_are_not_those_of_the_next(void **state)
{
    (void)state;
    struct toy_socket *first = house_open();
    struct toy_socket stale = *first;
    outbound_stop(fx->outbound);
    house_open();
    outbound_hold(fx->outbound); /* so that a reset is believed without reading */
    stale.handler->on_ready(stale.handler, stale.token, NET_READABLE | NET_CLOSED);
    house_settle();
    assert_state("open");
    assert_int_equal(fx->closes, 0);
}

/* ---- silence */

static void a_quiet_peer_is_pinged_and_a_silent_one_given_up(void **state)
{
    (void)state;
    fx->options.limits.quiet_ms = 500;
    fx->options.limits.silent_ms = 1700;
    house_make();
    struct toy_socket *socket = house_open();
    house_advance(499);
    assert_int_equal(fx->quiets, 0);
    house_advance(1);
    assert_int_equal(fx->quiets, 1);
    house_advance(200);
    assert_int_equal(fx->quiets, 1);
    toy_socket_say(socket, "pong", 4);
    house_advance(499);
    assert_int_equal(fx->quiets, 1);
    house_advance(1);
    assert_int_equal(fx->quiets, 2);
    house_advance(1199);
    assert_int_equal(fx->closes, 0);
    house_advance(1);
    assert_closed(1, OUTBOUND_SILENT);
}

static void who_talks_is_neither_pinged_nor_given_up(void **state)
{
    (void)state;
    fx->options.limits.quiet_ms = 500;
    fx->options.limits.silent_ms = 1000;
    house_make();
    struct toy_socket *socket = house_open();
    for (int i = 0; i < 20; i++) {
        house_advance(400);
        toy_socket_say(socket, "x", 1);
    }
    assert_int_equal(fx->quiets, 0);
    assert_int_equal(fx->closes, 0);
}

static void who_is_not_listened_to_is_not_silent(void **state)
{
    (void)state;
    fx->options.limits.silent_ms = 1000;
    house_make();
    house_open();
    outbound_hold(fx->outbound);
    house_advance(5500);
    outbound_resume(fx->outbound);
    house_advance(999);
    assert_int_equal(fx->closes, 0);
    house_advance(1);
    assert_closed(1, OUTBOUND_SILENT);
}

static void every_reason_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    for (int i = 0; i < OUTBOUND_REASONS; i++) {
        assert_true(strlen(outbound_reason_name((enum outbound_reason)i)) > 2);
        assert_true(strlen(outbound_reason_text((enum outbound_reason)i)) > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_name_is_looked_up_and_its_address_connected),
        T(all_addresses_of_a_name_are_tried_in_their_order),
        T(when_no_address_will_do_it_ends_and_says_why),
        T(a_failure_that_is_known_at_once_is_told_later_all_the_same),
        T(a_name_without_an_address_ends_the_try),
        T(a_lookup_that_never_ends_is_late_and_its_answer_nobodys),
        T(an_address_that_never_answers_costs_its_share_of_the_time),
        T(the_time_of_the_lookup_counts),
        T(waits_double_from_the_first_to_the_last),
        T(after_a_steady_connection_the_wait_is_the_first_again),
        T(a_server_that_hangs_up_at_once_is_waited_for_longer_each_time),
        T(an_address_whose_connections_do_not_last_comes_later),
        T(a_retry_ends_the_wait_and_the_doubling),
        T(a_retry_in_on_closed_is_at_once),
        T(the_endpoint_may_change_between_two_tries),
        T(a_connection_to_nowhere_is_not_made),
        T(a_stop_in_any_state_is_the_end_and_it_can_start_again),
        T(a_destroy_in_any_state_leaves_nothing),
        T(a_start_behind_a_stop_does_not_hear_the_former_answer),
        T(a_drop_ends_whatever_is_under_way_and_is_told_once_and_later),
        T(a_destroy_behind_a_drop_leaves_nothing),
        T(a_destroy_behind_a_write_leaves_nothing),
        T(a_stop_behind_a_drop_is_not_told),
        T(a_stop_inside_any_callback_is_the_end),
        T(a_stop_and_start_inside_any_callback_is_a_new_try),
        T(a_destroy_inside_any_callback_leaves_nothing),
        T(a_drop_inside_any_callback_is_told_after_it),
        T(who_is_destroyed_by_another_ones_callback_hears_nothing_more),
        T(events_of_a_former_socket_are_not_those_of_the_next),
        T(a_quiet_peer_is_pinged_and_a_silent_one_given_up),
        T(who_talks_is_neither_pinged_nor_given_up),
        T(who_is_not_listened_to_is_not_silent),
        T(every_reason_has_a_name_and_a_sentence),
    };
    return cmocka_run_group_tests_name("outbound", tests, NULL, NULL);
}
