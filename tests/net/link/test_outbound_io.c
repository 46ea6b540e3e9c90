/* test_outbound_io - the bytes of an outbound connection: whole writes, one send a turn, bounds,
 * and input that is the same however it was cut. */

#include "outbound_house.h"

#include <string.h>

#include "world/loop.h"

enum { MESSAGES = 60, STREAM_BYTES_MAX = 20000 };

static char large[200000];

static void write_bytes(size_t size)
{
    assert_int_equal(outbound_write(fx->outbound, large, size), OK);
}

/* ---- output */

static void the_writes_of_a_turn_leave_in_one_send_at_its_end(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    house_write("one ");
    house_write("two ");
    house_write("three");
    assert_int_equal(socket->sends, 0);
    assert_int_equal(outbound_queued_bytes(fx->outbound), 13);
    house_settle();
    assert_sent(socket, "one two three");
    assert_int_equal(socket->sends, 1);
    assert_int_equal(outbound_queued_bytes(fx->outbound), 0);
    house_settle();
    assert_int_equal(socket->sends, 1);
}

static void say_hello(void)
{
    house_write("hello");
}

static void what_is_written_in_on_open_leaves_too(void **state)
{
    (void)state;
    fx->in_open = say_hello;
    assert_sent(house_open(), "hello");
}

static struct loop_hook late_hook;
static bool late_hook_writes;

static void write_late(struct loop_hook *hook)
{
    (void)hook;
    if (late_hook_writes) {
        late_hook_writes = false;
        house_write("late");
    }
}

/* Such a hook runs when that of the connections has run already. */
static void what_a_later_hook_of_the_turn_s_end_writes_does_not_wait_for_an_event(void **state)
{
    (void)state;
    late_hook = (struct loop_hook){.run = write_late};
    loop_add_turn_end(&fx->loop.loop, &late_hook);
    struct toy_socket *socket = house_open();
    late_hook_writes = true;
    test_loop_settle(&fx->loop);
    assert_sent(socket, "late");
}

/* Writes of many sizes, some by reference; answers how many bytes, of `ret_bytes`. */
static size_t write_many(uint8_t *ret_bytes)
{
    size_t total = 0;
    for (uint32_t i = 0; i < MESSAGES; i++) {
        size_t size = i * 37 % 900;
        struct buf *buf = buf_create(size + 1);
        for (size_t at = 0; at < size; at++) {
            buf->bytes[at] = (uint8_t)(i + at);
        }
        buf->size = (uint32_t)size;
        memcpy(ret_bytes + total, buf->bytes, size);
        total += size;
        struct outbound_part parts[] = {{.bytes = buf->bytes, .size = size / 3},
            {.bytes = buf->bytes + size / 3, .size = size - size / 3, .buf = buf}};
        assert_int_equal(outbound_write_parts(fx->outbound, parts, 2), OK);
        buf_unref(buf);
    }
    return total;
}

static void what_the_socket_does_not_take_leaves_when_it_can_however_little_that_is(void **state)
{
    static uint8_t wanted[MESSAGES * 900];
    (void)state;
    for (size_t step = 1; step < 4000; step = step * 3 + 1) {
        struct toy_socket *socket = house_open();
        socket->room = step;
        size_t total = write_many(wanted);
        house_settle();
        while (socket->out_size < total) {
            size_t before = socket->out_size;
            assert_int_equal(outbound_queued_bytes(fx->outbound), total - before);
            socket->room = step;
            house_settle();
            assert_int_equal(socket->out_size, before + step < total ? before + step : total);
        }
        assert_memory_equal(socket->out, wanted, total);
        assert_int_equal(outbound_queued_bytes(fx->outbound), 0);
        outbound_stop(fx->outbound);
    }
}

static void a_full_socket_is_not_asked_in_vain(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    socket->room = 0;
    house_write("x");
    house_settle();
    assert_int_equal(socket->sends, 1);
    for (int i = 0; i < 5; i++) {
        house_write("y");
        house_settle();
    }
    assert_int_equal(socket->sends, 1);
    socket->room = SIZE_MAX;
    house_settle();
    assert_sent(socket, "xyyyyy");
    assert_int_equal(socket->sends, 2);
}

static void a_full_queue_takes_a_write_whole_or_not_at_all(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    struct outbound_part parts[] = {{.bytes = "head", .size = 4}, {.bytes = large, .size = 30000}};
    socket->room = 0;
    write_bytes(70000);
    assert_int_equal(outbound_write_parts(fx->outbound, parts, 2), ERR_FULL);
    assert_int_equal(outbound_queued_bytes(fx->outbound), 70000);
    write_bytes(30000);
    assert_int_equal(outbound_write(fx->outbound, "x", 1), ERR_FULL);
    assert_int_equal(outbound_queued_bytes(fx->outbound), 100000);
    assert_int_equal(outbound_written(fx->outbound), 100000);
}

static void who_was_refused_is_told_once_when_half_has_left(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    socket->room = 0;
    write_bytes(100000);
    assert_int_equal(outbound_write(fx->outbound, "x", 1), ERR_FULL);
    assert_int_equal(outbound_write(fx->outbound, "x", 1), ERR_FULL);
    socket->room = 49999;
    house_settle();
    assert_int_equal(fx->drains, 0);
    socket->room = 1;
    house_settle();
    assert_int_equal(fx->drains, 1);
    socket->room = SIZE_MAX;
    house_settle();
    assert_int_equal(fx->drains, 1);
}

/* Else it would be told again and again, in vain. */
static void who_was_refused_is_told_when_its_write_has_room(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    socket->room = 0;
    write_bytes(40000);
    assert_int_equal(outbound_write(fx->outbound, large, 90000), ERR_FULL);
    house_settle();
    assert_int_equal(fx->drains, 0);
    socket->room = 30000;
    house_settle();
    assert_int_equal(fx->drains, 1);
    write_bytes(90000);
}

static void of_two_that_were_refused_the_first_counts(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    socket->room = 0;
    write_bytes(100000);
    assert_int_equal(outbound_write(fx->outbound, large, 60000), ERR_FULL);
    assert_int_equal(outbound_write(fx->outbound, large, 1), ERR_FULL);
    socket->room = 59999;
    house_settle();
    assert_int_equal(fx->drains, 0);
    socket->room = 1;
    house_settle();
    assert_int_equal(fx->drains, 1);
}

static void who_was_not_refused_is_not_told(void **state)
{
    (void)state;
    house_open();
    write_bytes(100000);
    house_settle();
    assert_int_equal(fx->drains, 0);
}

static void what_can_never_be_queued_is_told_from_what_can_not_now(void **state)
{
    (void)state;
    struct outbound_part parts[] = {
        {.bytes = large, .size = 60000}, {.bytes = large, .size = SIZE_MAX - 10}};
    house_open();
    assert_int_equal(outbound_write(fx->outbound, large, 100001), ERR_TOO_LARGE);
    assert_int_equal(outbound_write_parts(fx->outbound, parts, 2), ERR_TOO_LARGE);
    house_settle();
    assert_int_equal(fx->drains, 0);
}

static void only_an_open_connection_takes_bytes(void **state)
{
    (void)state;
    assert_int_equal(outbound_write(fx->outbound, "x", 1), ERR_CLOSED);
    outbound_start(fx->outbound);
    assert_int_equal(outbound_write(fx->outbound, "x", 1), ERR_CLOSED);
    house_settle();
    assert_int_equal(outbound_write_urgent(fx->outbound, "x", 1), ERR_CLOSED);
    toy_socket_answer(toy_net_newest(&fx->net), OK);
    house_settle();
    house_write("x");
    outbound_drop(fx->outbound, "");
    assert_int_equal(outbound_write(fx->outbound, "x", 1), ERR_CLOSED);
}

static void urgent_bytes_go_before_all_that_has_not_begun_to_leave(void **state)
{
    (void)state;
    struct buf *body = buf_copy(large, 1000);
    struct outbound_part parts[] = {
        {.bytes = "HEAD", .size = 4}, {.bytes = body->bytes, .size = 1000, .buf = body}};
    struct toy_socket *socket = house_open();
    socket->room = 6;
    assert_int_equal(outbound_write_parts(fx->outbound, parts, 2), OK);
    house_settle();
    assert_int_equal(outbound_write_parts(fx->outbound, parts, 2), OK);
    assert_int_equal(outbound_write_urgent(fx->outbound, "pong", 4), OK);
    assert_int_equal(outbound_write_urgent(fx->outbound, "pang", 4), OK);
    for (int i = 0; i < 3000; i++) {
        socket->room = 1;
        house_settle();
    }
    assert_int_equal(socket->out_size, 2 * 1004 + 8);
    assert_memory_equal(socket->out, "HEAD", 4);
    assert_memory_equal(socket->out + 1004, "pongpangHEAD", 12);
    buf_unref(body);
}

static void urgent_bytes_never_come_between_the_parts_of_a_write(void **state)
{
    (void)state;
    struct buf *body = buf_copy(large, 1000);
    struct outbound_part parts[] = {
        {.bytes = "HEAD", .size = 4}, {.bytes = body->bytes, .size = 1000, .buf = body}};
    struct toy_socket *socket = house_open();
    house_write("abc");
    assert_int_equal(outbound_write_parts(fx->outbound, parts, 2), OK);
    socket->room = 1;
    house_settle();
    assert_int_equal(outbound_write_urgent(fx->outbound, "pong", 4), OK);
    socket->room = SIZE_MAX;
    house_settle();
    assert_int_equal(socket->out_size, 3 + 1004 + 4);
    assert_memory_equal(socket->out, "abcHEAD", 7);
    assert_memory_equal(socket->out + 1007, "pong", 4);
    buf_unref(body);
}

static void urgent_bytes_go_first_on_the_next_connection_too(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    socket->room = 3;
    house_write("half a request");
    house_settle();
    toy_socket_reset(socket);
    house_settle();
    outbound_retry(fx->outbound);
    house_settle();
    socket = toy_net_newest(&fx->net);
    toy_socket_answer(socket, OK);
    house_settle();
    house_write("request");
    assert_int_equal(outbound_write_urgent(fx->outbound, "pong", 4), OK);
    house_settle();
    assert_sent(socket, "pongrequest");
}

static void urgent_bytes_have_room_when_the_queue_is_full_and_a_bound_too(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    socket->room = 0;
    write_bytes(100000);
    assert_int_equal(outbound_write_urgent(fx->outbound, large, 996), OK);
    assert_int_equal(outbound_write_urgent(fx->outbound, "pong", 4), OK);
    assert_int_equal(outbound_write_urgent(fx->outbound, "p", 1), ERR_FULL);
    assert_int_equal(outbound_queued_bytes(fx->outbound), 101000);
    assert_int_equal(outbound_written(fx->outbound), 100000);
}

static void a_buf_is_referred_to_until_it_has_left(void **state)
{
    (void)state;
    struct buf *buf = buf_copy(large, 5000);
    struct toy_socket *socket = house_open();
    socket->room = 4999;
    assert_int_equal(outbound_write_buf(fx->outbound, buf), OK);
    house_settle();
    assert_int_equal(buf->refs, 2);
    socket->room = 1;
    house_settle();
    assert_int_equal(buf->refs, 1);
    socket->room = 0;
    assert_int_equal(outbound_write_buf(fx->outbound, buf), OK);
    house_settle();
    assert_int_equal(buf->refs, 2);
    toy_socket_reset(socket);
    house_settle();
    assert_int_equal(buf->refs, 1);
    buf_unref(buf);
}

static void the_end_tells_which_writes_never_left(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    uint64_t first = outbound_written(fx->outbound);
    write_bytes(600);
    uint64_t second = outbound_written(fx->outbound);
    write_bytes(600);
    uint64_t third = outbound_written(fx->outbound);
    write_bytes(600);
    assert_int_equal(outbound_write_urgent(fx->outbound, "ping", 4), OK);
    socket->room = 4 + 601;
    house_settle();
    toy_socket_reset(socket);
    house_settle();
    assert_closed(1, OUTBOUND_LOST);
    assert_int_equal(fx->end.bytes_sent, 601);
    assert_true(first < fx->end.bytes_sent);
    assert_true(second < fx->end.bytes_sent);
    assert_false(third < fx->end.bytes_sent);
    assert_int_equal(outbound_written(fx->outbound), 0);
}

static void a_long_queue_leaves_in_parts_so_that_others_have_their_turn(void **state)
{
    (void)state;
    fx->options.limits.queue_bytes_max = 8 << 20;
    house_make();
    struct toy_socket *socket = house_open();
    for (int i = 0; i < 300; i++) {
        write_bytes(20000);
    }
    test_loop_turn(&fx->loop);
    assert_in_range(socket->out_size, 1 << 20, 3 << 20);
    house_settle();
    assert_int_equal(socket->out_size, 300 * 20000);
}

/* ---- input: messages of one size byte and so many bytes */

static uint8_t stream[STREAM_BYTES_MAX];
static size_t stream_size;
static uint64_t digest;
static uint32_t messages, budget;

static void make_stream(void)
{
    stream_size = 0;
    for (uint32_t i = 0; i < MESSAGES; i++) {
        uint8_t size = (uint8_t)(i * 41 % 250);
        stream[stream_size++] = size;
        for (uint32_t at = 0; at < size; at++) {
            stream[stream_size++] = (uint8_t)(at * i);
        }
    }
}

/* Takes whole messages, at most `budget` a call, and writes into what it takes. */
static size_t take_messages(uint8_t *bytes, size_t size)
{
    size_t at = 0;
    uint32_t left = budget ? budget : UINT32_MAX;
    while (at < size && (size_t)bytes[at] + 1 <= size - at && left > 0) {
        size_t whole = (size_t)bytes[at] + 1;
        for (size_t i = 0; i < whole; i++) {
            digest = digest * 31 + bytes[at + i];
            bytes[at + i] = 0xee;
        }
        messages++;
        left--;
        at += whole;
    }
    if (left == 0) {
        outbound_resume(fx->outbound);
    }
    return at;
}

static uint64_t hear_stream(size_t first, size_t piece)
{
    digest = messages = 0;
    fx->in_input = take_messages;
    struct toy_socket *socket = house_open();
    socket->piece = piece;
    toy_socket_say(socket, stream, first);
    house_settle();
    toy_socket_say(socket, stream + first, stream_size - first);
    house_settle();
    assert_int_equal(messages, MESSAGES);
    outbound_stop(fx->outbound);
    return digest;
}

static void fresh_net(void)
{
    toy_net_deinit(&fx->net);
    toy_net_init(&fx->net);
}

static void input_is_the_same_however_it_is_cut(void **state)
{
    (void)state;
    make_stream();
    uint64_t wanted = hear_stream(stream_size, 0);
    for (size_t first = 1; first < stream_size; first += 7) {
        fresh_net();
        assert_int_equal(hear_stream(first, 0), wanted);
    }
    for (size_t piece = 1; piece < 700; piece = piece * 2 + 1) {
        fresh_net();
        assert_int_equal(hear_stream(0, piece), wanted);
    }
}

static void input_is_the_same_with_the_smallest_buffer_and_a_budget_a_call(void **state)
{
    (void)state;
    make_stream();
    uint64_t wanted = hear_stream(stream_size, 0);
    fx->options.limits.input_bytes_max = 251;
    house_make();
    for (budget = 1; budget < 4; budget++) {
        for (size_t piece = 1; piece < 700; piece = piece * 3 + 1) {
            fresh_net();
            assert_int_equal(hear_stream(0, piece), wanted);
        }
    }
    budget = 0;
}

static size_t take_and_hold(uint8_t *bytes, size_t size)
{
    size_t taken = size < 3 ? size : 3;
    house_take(bytes, taken);
    outbound_hold(fx->outbound);
    return taken;
}

static void who_holds_hears_nothing_and_the_peer_waits(void **state)
{
    (void)state;
    fx->in_input = take_and_hold;
    struct toy_socket *socket = house_open();
    toy_socket_say(socket, "abcdefgh", 8);
    house_settle();
    toy_socket_say(socket, "ij", 2);
    house_settle();
    assert_got("abc");
    assert_int_equal(socket->in_at, 8);
    for (int i = 0; i < 3; i++) {
        outbound_resume(fx->outbound);
        assert_int_equal(fx->inputs, 1 + i);
        house_settle();
        assert_int_equal(fx->inputs, 2 + i);
    }
    assert_got("abcdefghij");
}

static void who_holds_hears_of_a_reset_all_the_same(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    outbound_hold(fx->outbound);
    toy_socket_reset(socket);
    house_settle();
    assert_closed(1, OUTBOUND_LOST);
}

static size_t take_nothing(uint8_t *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    return 0;
}

static void a_message_longer_than_the_buffer_ends_the_connection(void **state)
{
    (void)state;
    fx->options.limits.input_bytes_max = 5000;
    house_make();
    fx->in_input = take_nothing;
    struct toy_socket *socket = house_open();
    toy_socket_say(socket, large, 4999);
    house_settle();
    assert_int_equal(fx->closes, 0);
    toy_socket_say(socket, large, 2);
    house_settle();
    assert_closed(1, OUTBOUND_TOO_LARGE);
    assert_int_equal(socket->in_at, 5000);
}

static size_t take_when_all(uint8_t *bytes, size_t size)
{
    return size == 90000 ? house_take(bytes, size) : 0;
}

static void a_long_message_is_given_whole(void **state)
{
    (void)state;
    fx->in_input = take_when_all;
    struct toy_socket *socket = house_open();
    for (uint32_t i = 0; i < 90000; i++) {
        large[i] = (char)(i * 7);
    }
    toy_socket_say(socket, large, 90000);
    socket->piece = 1460;
    house_settle();
    assert_int_equal(fx->got_size, 90000);
    assert_memory_equal(fx->got, large, 90000);
    memset(large, 0, sizeof(large));
}

/* ---- ends */

static void what_came_before_the_end_is_given_first(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    toy_socket_say(socket, "bye", 3);
    toy_socket_end(socket);
    house_settle();
    assert_got("bye");
    assert_closed(1, OUTBOUND_ENDED);
    assert_true(fx->end.was_open);
    assert_string_equal(fx->detail, "");
}

/* One byte a call. */
static size_t take_one(uint8_t *bytes, size_t size)
{
    if (size > 1) {
        outbound_resume(fx->outbound);
    }
    return house_take(bytes, 1);
}

static void no_end_overtakes_what_its_user_takes_slowly(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        house_make();
        fx->in_input = take_one;
        fx->got_size = fx->closes = 0;
        struct toy_socket *socket = house_open();
        toy_socket_say(socket, "a long farewell, taken slowly", 29);
        if (i == 0) {
            toy_socket_end(socket);
        } else {
            toy_socket_reset(socket);
        }
        if (i == 2) {
            house_write("hello"); /* so that the send is what breaks */
            test_loop_turn(&fx->loop);
        }
        house_settle();
        assert_got("a long farewell, taken slowly");
        assert_closed(1, i == 0 ? OUTBOUND_ENDED : OUTBOUND_LOST);
    }
}

static void what_came_before_a_reset_is_given_first(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    toy_socket_say(socket, "too many clients", 16);
    toy_socket_reset(socket);
    house_write("hello");
    house_settle();
    assert_got("too many clients");
    assert_closed(1, OUTBOUND_LOST);
}

/* Servers say why they hang up, and whoever is just writing would miss it. */
static void a_send_that_breaks_reads_what_the_server_said(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    house_write("hello");
    toy_socket_say(socket, "max clients", 11);
    toy_socket_end(socket);
    toy_socket_reset(socket);
    test_loop_settle(&fx->loop);
    assert_got("max clients");
    assert_closed(1, OUTBOUND_LOST);
}

static void a_send_that_breaks_while_held_is_the_end(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    outbound_hold(fx->outbound);
    house_write("hello");
    toy_socket_say(socket, "max clients", 11);
    toy_socket_reset(socket);
    test_loop_settle(&fx->loop);
    assert_got("");
    assert_closed(1, OUTBOUND_LOST);
}

static void nothing_of_one_connection_is_in_the_next(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    fx->in_input = take_nothing;
    toy_socket_say(socket, "half a mess", 11);
    socket->room = 3;
    house_write("half a request");
    house_settle();
    toy_socket_reset(socket);
    house_settle();
    fx->in_input = NULL;
    outbound_retry(fx->outbound);
    house_settle();
    socket = toy_net_newest(&fx->net);
    toy_socket_answer(socket, OK);
    toy_socket_say(socket, "hello", 5);
    house_settle();
    assert_got("hello");
    assert_int_equal(socket->out_size, 0);
    assert_int_equal(fx->opens, 2);
}

static size_t begin_anew(uint8_t *bytes, size_t size)
{
    (void)bytes;
    outbound_stop(fx->outbound);
    outbound_start(fx->outbound);
    fx->in_input = NULL;
    return size / 2;
}

static void nothing_that_a_stop_inside_on_input_left_is_in_the_next(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    fx->in_input = take_nothing;
    toy_socket_say(socket, "half", 4);
    house_settle();
    fx->in_input = begin_anew;
    toy_socket_say(socket, " a message", 10);
    house_settle();
    socket = toy_net_newest(&fx->net);
    toy_socket_answer(socket, OK);
    toy_socket_say(socket, "hello", 5);
    house_settle();
    assert_got("hello");
}

static size_t ask_again_in_vain(uint8_t *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    if (fx->inputs < 3 * LOOP_DEFER_ROUNDS) {
        outbound_resume(fx->outbound);
        return 0;
    }
    return house_take(bytes, size);
}

static void a_full_buffer_is_not_read_into_while_its_user_asks_again(void **state)
{
    (void)state;
    fx->options.limits.input_bytes_max = 10;
    house_make();
    fx->in_input = ask_again_in_vain;
    struct toy_socket *socket = house_open();
    toy_socket_say(socket, "0123456789abcdef", 16);
    house_settle();
    assert_got("0123456789abcdef");
    assert_int_equal(fx->closes, 0);
}

static void it_counts_what_it_does(void **state)
{
    (void)state;
    struct toy_socket *socket = house_open();
    toy_socket_say(socket, "hello", 5);
    house_write("you");
    house_settle();
    struct outbound_stats stats = outbound_stats(fx->outbound);
    assert_int_equal(stats.tries, 1);
    assert_int_equal(stats.opens, 1);
    assert_int_equal(stats.bytes_in, 5);
    assert_int_equal(stats.bytes_out, 3);
    assert_int_equal(stats.sends, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_writes_of_a_turn_leave_in_one_send_at_its_end),
        T(what_is_written_in_on_open_leaves_too),
        T(what_a_later_hook_of_the_turn_s_end_writes_does_not_wait_for_an_event),
        T(what_the_socket_does_not_take_leaves_when_it_can_however_little_that_is),
        T(a_full_socket_is_not_asked_in_vain),
        T(a_full_queue_takes_a_write_whole_or_not_at_all),
        T(who_was_refused_is_told_once_when_half_has_left),
        T(who_was_refused_is_told_when_its_write_has_room),
        T(of_two_that_were_refused_the_first_counts),
        T(who_was_not_refused_is_not_told),
        T(what_can_never_be_queued_is_told_from_what_can_not_now),
        T(only_an_open_connection_takes_bytes),
        T(urgent_bytes_go_before_all_that_has_not_begun_to_leave),
        T(urgent_bytes_never_come_between_the_parts_of_a_write),
        T(urgent_bytes_go_first_on_the_next_connection_too),
        T(urgent_bytes_have_room_when_the_queue_is_full_and_a_bound_too),
        T(a_buf_is_referred_to_until_it_has_left),
        T(the_end_tells_which_writes_never_left),
        T(a_long_queue_leaves_in_parts_so_that_others_have_their_turn),
        T(input_is_the_same_however_it_is_cut),
        T(input_is_the_same_with_the_smallest_buffer_and_a_budget_a_call),
        T(who_holds_hears_nothing_and_the_peer_waits),
        T(who_holds_hears_of_a_reset_all_the_same),
        T(a_message_longer_than_the_buffer_ends_the_connection),
        T(a_long_message_is_given_whole),
        T(what_came_before_the_end_is_given_first),
        T(no_end_overtakes_what_its_user_takes_slowly),
        T(what_came_before_a_reset_is_given_first),
        T(a_send_that_breaks_reads_what_the_server_said),
        T(a_send_that_breaks_while_held_is_the_end),
        T(nothing_of_one_connection_is_in_the_next),
        T(nothing_that_a_stop_inside_on_input_left_is_in_the_next),
        T(a_full_buffer_is_not_read_into_while_its_user_asks_again),
        T(it_counts_what_it_does),
    };
    return cmocka_run_group_tests_name("outbound_io", tests, NULL, NULL);
}
