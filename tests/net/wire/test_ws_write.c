/* test_ws_write - our frames, byte by byte. */

#include <stdint.h>
#include <string.h>

#include "test.h"

#include "wire/ws_frame.h"

static void a_text_header_takes_the_fewest_bytes(void **state)
{
    (void)state;
    static const struct {
        uint64_t size;
        uint8_t bytes[10];
        size_t count;
    } rows[] = {
        {0, {0x81, 0}, 2},
        {125, {0x81, 125}, 2},
        {126, {0x81, 126, 0, 126}, 4},
        {65535, {0x81, 126, 0xff, 0xff}, 4},
        {65536, {0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}, 10},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t header[10];
        assert_int_equal(ws_text_header(header, rows[i].size), rows[i].count);
        assert_memory_equal(header, rows[i].bytes, rows[i].count);
    }
}

static void a_control_frame_is_cut_at_125_bytes(void **state)
{
    (void)state;
    uint8_t payload[200];
    memset(payload, 'x', sizeof(payload));
    uint8_t frame[2 + WS_CONTROL_BYTES_MAX];
    assert_int_equal(ws_write_control(WS_PONG, payload, 3, frame), 5);
    assert_memory_equal(frame, "\x8a\x03xxx", 5);
    assert_int_equal(ws_write_control(WS_PING, NULL, 0, frame), 2);
    assert_memory_equal(frame, "\x89\x00", 2);
    assert_int_equal(ws_write_control(WS_PONG, payload, sizeof(payload), frame), sizeof(frame));
    assert_int_equal(frame[1], WS_CONTROL_BYTES_MAX);
}

static void a_close_carries_its_code_and_reason(void **state)
{
    (void)state;
    uint8_t frame[2 + WS_CONTROL_BYTES_MAX];
    assert_int_equal(ws_write_close(1012, NULL, frame), 4);
    assert_memory_equal(frame, "\x88\x02\x03\xf4", 4);
    assert_int_equal(ws_write_close(4002, "bye", frame), 7);
    assert_memory_equal(frame,
        "\x88\x05\x0f\xa2"
        "bye",
        7);
}

static void a_long_reason_is_not_cut_inside_a_code_point(void **state)
{
    (void)state;
    char reason[200];
    for (size_t i = 0; i + 3 < sizeof(reason); i += 3) {
        memcpy(reason + i, "\xe2\x82\xac", 4);
    }
    uint8_t frame[2 + WS_CONTROL_BYTES_MAX];
    assert_int_equal(ws_write_close(1000, reason, frame), 4 + 123);
    assert_int_equal(ws_write_close(1000, reason + 1, frame), 4 + 122);
    assert_memory_equal(frame + 4 + 119, "\xe2\x82\xac", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_header_takes_the_fewest_bytes),
        cmocka_unit_test(a_control_frame_is_cut_at_125_bytes),
        cmocka_unit_test(a_close_carries_its_code_and_reason),
        cmocka_unit_test(a_long_reason_is_not_cut_inside_a_code_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
