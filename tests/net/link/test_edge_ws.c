/* test_edge_ws - WebSockets through real sockets: texts, control frames, breaches, closing, shared
 * blocks, slow readers. */

#include "edge_house.h"

#include <string.h>

static void a_text_is_heard_however_it_is_cut(void **state)
{
    (void)state;
    struct client *client = ws_create();
    uint8_t bytes[100];
    size_t size = ws_frame(0x81, "h\xc3\xa9llo", 6, bytes);
    for (size_t cut = 0; cut < size; cut++) {
        fx->texts = 0;
        put(client, bytes, cut);
        put(client, bytes + cut, size - cut);
        for (int i = 0; i < TURNS_MAX && fx->texts == 0; i++) {
            take(client);
        }
        assert_int_equal(fx->text_size, 6);
        assert_memory_equal(fx->text, "h\xc3\xa9llo", 6);
    }
    static char large[65536];
    memset(large, 'x', sizeof(large));
    put_frame(client, 0x01, large, 60000);
    put_frame(client, 0x80, large, 5536);
    for (int i = 0; i < TURNS_MAX && fx->text_size != 65536; i++) {
        take(client);
    }
    assert_int_equal(fx->text_size, 65536);
    client_destroy(client);
    wait_no_connections();
    assert_int_equal(fx->close_code, 1006);
}

static void a_ping_is_answered_and_a_close_echoed(void **state)
{
    (void)state;
    struct client *client = ws_create();
    put_frame(client, 0x89, "abc", 3);
    wait_text(client, "\x8a\x03"
                      "abc");
    put_frame(client, 0x88, "\x03\xe8", 2);
    wait_text(client, "\x88\x02\x03\xe8");
    wait_end(client);
    assert_int_equal(fx->closed, 1);
    assert_int_equal(fx->close_code, 1000);
    client_destroy(client);
    wait_no_connections();
}

static void breaches_close_with_their_code(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        uint16_t code;
    } rows[] = {{"\x81\x01x", 3, 1002}, {"\xc1\x80", 2, 1002}, {"\x83\x80", 2, 1002},
        {"\x09\x80", 2, 1002}, {"\x89\xfe", 2, 1002}, {"\x80\x80\0\0\0\0", 6, 1002},
        {"\x82\x81\0\0\0\0x", 7, 1003}, {"\x81\x81\0\0\0\0\xff", 7, 1007},
        {"\x81\xff\0\0\0\0\0\1\0\1\0\0\0\0", 14, 1009},
        {"\x81\xff\x80\0\0\0\0\0\0\1\0\0\0\0", 14, 1002}, {"\x81\xfe\0\x7d\0\0\0\0", 8, 1002},
        {"\x88\x81\0\0\0\0x", 7, 1002}, {"\x88\x82\0\0\0\0\x03\xed", 8, 1002},
        {"\x88\x83\0\0\0\0\x03\xe8\xff", 9, 1007}, {"\x81\x82\0\0\0\0\xc3", 7, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fx->closed = 0;
        struct client *client = ws_create();
        put(client, rows[i].bytes, rows[i].size);
        if (rows[i].code) {
            wait_end(client);
            assert_int_equal(fx->close_code, rows[i].code);
            assert_int_equal((uint8_t)client->in[0], 0x88);
            assert_int_equal((uint8_t)client->in[2] << 8 | (uint8_t)client->in[3], rows[i].code);
        }
        client_destroy(client);
        wait_no_connections();
        assert_int_equal(fx->closed, 1);
    }
}

static void closing_inside_a_callback_is_told_after_it(void **state)
{
    (void)state;
    struct client *client = ws_create();
    fx->close_in_text = true;
    put_frame(client, 0x81, "x", 1);
    wait_text(client, "\x88\x05\x0f\xa2"
                      "bye");
    assert_int_equal(fx->closed, 1);
    assert_int_equal(fx->close_code, 4002);
    put_frame(client, 0x88, "\x0f\xa2", 2);
    wait_end(client);
    client_destroy(client);
    wait_no_connections();
}

static void a_silent_client_is_pinged_and_closed(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.heartbeat_ms = 40;
    l.close_timeout_ms = 100;
    edge_set_limits(fx->edge, &l);
    struct client *client = ws_create();
    wait_end(client);
    assert_memory_equal(client->in, "\x89\x00\x89\x00\x88", 5);
    assert_int_equal(fx->close_code, 4007);
    client_destroy(client);
    wait_no_connections();
}

static void an_unfinished_message_is_closed(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.message_timeout_ms = 40;
    edge_set_limits(fx->edge, &l);
    struct client *client = ws_create();
    put_frame(client, 0x01, "x", 1);
    wait_end(client);
    assert_int_equal(fx->close_code, 1002);
    client_destroy(client);
    wait_no_connections();
}

static void a_block_is_shared_and_may_grow_after_the_push(void **state)
{
    (void)state;
    struct client *one = ws_create();
    uint32_t slot_one = fx->slot;
    struct client *two = ws_create();
    struct edge_block *block = edge_block_create(fx->edge, 4);
    edge_block_append(fx->edge, block,
        "\x81\x01"
        "a",
        3);
    assert_true(edge_push(fx->edge, slot_one, block));
    assert_true(edge_push(fx->edge, fx->slot, block));
    assert_true(edge_push_bytes(fx->edge, fx->slot,
        "\x81\x01"
        "c",
        3));
    edge_reply(fx->edge, fx->slot,
        "\x81\x01"
        "r",
        3);
    edge_block_append(fx->edge, block,
        "\x81\x01"
        "b",
        3);
    assert_int_equal(block->refs, 3); /* ours and one a connection */
    edge_block_unref(fx->edge, block);
    wait_bytes(one, 6);
    wait_bytes(two, 12);
    assert_memory_equal(one->in,
        "\x81\x01"
        "a\x81\x01"
        "b",
        6);
    assert_memory_equal(two->in,
        "\x81\x01"
        "r\x81\x01"
        "a\x81\x01"
        "b\x81\x01"
        "c",
        12);
    fx->slot = slot_one;
    client_destroy(one);
    while (edge_stats(fx->edge).connections > 1) {
        turn();
    }
    fx->slot = slot_one + 1;
    client_destroy(two);
    wait_no_connections();
}

static bool wait_for_more(struct edge_ws_handler *handler)
{
    (void)handler;
    return false;
}

static void output_leaves_with_that_of_a_later_turn_if_its_handler_wants_that(void **state)
{
    (void)state;
    struct client *client = ws_create();
    fx->ws.on_turn_end = wait_for_more;
    uint64_t sends = edge_stats(fx->edge).sends;
    assert_true(edge_push_bytes(fx->edge, fx->slot, "one", 3));
    turn();
    assert_int_equal(edge_stats(fx->edge).sends, sends);
    assert_true(edge_push_bytes(fx->edge, fx->slot, "two", 3));
    fx->ws.on_turn_end = NULL;
    wait_text(client, "onetwo");
    assert_int_equal(edge_stats(fx->edge).sends, sends + 1);
    client_destroy(client);
    wait_no_connections();
}

static void a_slow_reader_gets_a_gap_and_is_told_when_drained(void **state)
{
    (void)state;
    struct client *client = ws_create();
    static char bytes[40000];
    size_t pushed = 0;
    memset(bytes, 'x', sizeof(bytes));
    for (int i = 0; i < 1000; i++) {
        struct edge_block *block = edge_block_create(fx->edge, sizeof(bytes));
        edge_block_append(fx->edge, block, bytes, sizeof(bytes));
        bool fine = edge_push(fx->edge, fx->slot, block);
        edge_block_unref(fx->edge, block);
        if (!fine) {
            break;
        }
        pushed += sizeof(bytes);
        turn();
    }
    assert_true(edge_queued_bytes(fx->edge, fx->slot) > 0);
    assert_true(edge_queued_bytes(fx->edge, fx->slot) <= edge_house_limits().queued_bytes_max);
    size_t got = 0;
    for (int i = 0; i < TURNS_MAX * 10 && fx->drained == 0; i++) {
        client->size = 0;
        take(client);
        got += client->size;
    }
    assert_int_equal(fx->drained, 1);
    for (int i = 0; i < TURNS_MAX && got < pushed; i++) {
        client->size = 0;
        take(client);
        got += client->size;
    }
    assert_int_equal(got, pushed);
    client_destroy(client);
    wait_no_connections();
}

static void a_paused_connection_is_not_read(void **state)
{
    (void)state;
    struct client *client = ws_create();
    edge_pause(fx->edge, fx->slot);
    put_frame(client, 0x81, "x", 1);
    for (int i = 0; i < 20; i++) {
        take(client);
    }
    assert_int_equal(fx->texts, 0);
    edge_resume(fx->edge, fx->slot);
    for (int i = 0; i < TURNS_MAX && fx->texts == 0; i++) {
        take(client);
    }
    assert_int_equal(fx->texts, 1);
    client_destroy(client);
    wait_no_connections();
}

static void an_upgrade_may_come_later(void **state)
{
    (void)state;
    struct client *client = client_create();
    fx->answer_later = true;
    put_text(client, OFFER);
    for (int i = 0; i < 20; i++) {
        take(client);
    }
    put_frame(client, 0x81, "early", 5);
    fx->slot = fx->asked.slot;
    edge_upgrade(fx->edge, fx->asked, &fx->ws, NULL);
    wait_text(client, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for (int i = 0; i < TURNS_MAX && fx->texts == 0; i++) {
        take(client);
    }
    assert_int_equal(fx->texts, 1);
    client_destroy(client);
    wait_no_connections();
}

static void too_many_control_frames_close(void **state)
{
    (void)state;
    struct client *client = ws_create();
    uint8_t bytes[1000];
    size_t size = 0;
    for (int i = 0; i < 60; i++) {
        size += ws_frame(0x89, "", 0, bytes + size);
    }
    put(client, bytes, size);
    wait_end(client);
    assert_int_equal(fx->close_code, 4006);
    client_destroy(client);
    wait_no_connections();
}

static void everybody_is_closed_at_the_end(void **state)
{
    (void)state;
    struct client *ws = ws_create();
    struct client *http = client_create();
    for (int i = 0; i < 10; i++) {
        take(http);
    }
    edge_stop_listening(fx->edge);
    edge_close_all(fx->edge, 1012, "restart");
    wait_end(http);
    wait_text(ws, "\x88\x09\x03\xf4"
                  "restart");
    put_frame(ws, 0x88, "\x03\xf4", 2);
    wait_end(ws);
    client_destroy(ws);
    client_destroy(http);
    wait_no_connections();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(a_text_is_heard_however_it_is_cut),
        T(a_ping_is_answered_and_a_close_echoed),
        T(breaches_close_with_their_code),
        T(closing_inside_a_callback_is_told_after_it),
        T(a_silent_client_is_pinged_and_closed),
        T(an_unfinished_message_is_closed),
        T(a_block_is_shared_and_may_grow_after_the_push),
        T(output_leaves_with_that_of_a_later_turn_if_its_handler_wants_that),
        T(a_slow_reader_gets_a_gap_and_is_told_when_drained),
        T(a_paused_connection_is_not_read),
        T(an_upgrade_may_come_later),
        T(too_many_control_frames_close),
        T(everybody_is_closed_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
