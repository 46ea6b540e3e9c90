/* test_ws_read - framing, pings, reserved bits and opcodes, fragments and sizes, by the numbers of
 * Autobahn's list (1 to 5, 9, 10), in every way in which bytes can come.
 *
 * Binary messages are refused with 1003 by the client protocol, so the rows of 1.2 are refusals. */

#include "ws_case.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char eight_odd_bytes[] = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff";
#define ODD                                                                                        \
    {                                                                                              \
        eight_odd_bytes, sizeof(eight_odd_bytes) - 1                                               \
    }

static void check_rows(const struct ws_case *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ws_case_check(&rows[i]);
    }
}

static const struct ws_case framing[] = {
    {"1.1.1", {TEXT("")}, {GOT_TEXT("")}},
    {"1.1.2", {LONG(0x81, 125)}, {GOT_LONG(WS_GOT_TEXT, 125)}},
    {"1.1.3", {LONG(0x81, 126)}, {GOT_LONG(WS_GOT_TEXT, 126)}},
    {"1.1.4", {LONG(0x81, 127)}, {GOT_LONG(WS_GOT_TEXT, 127)}},
    {"1.1.5", {LONG(0x81, 128)}, {GOT_LONG(WS_GOT_TEXT, 128)}},
    {"1.1.6", {LONG(0x81, 65535)}, {GOT_LONG(WS_GOT_TEXT, 65535)}},
    {"1.1.7 and 1.1.8", {LONG(0x81, 65536)}, {GOT_LONG(WS_GOT_TEXT, 65536)}},
    {"1.2.1", {BINARY("")}, {REFUSED(1003)}},
    {"1.2.2", {LONG(0x82, 125)}, {REFUSED(1003)}},
    {"1.2.3", {LONG(0x82, 126)}, {REFUSED(1003)}},
    {"1.2.4", {LONG(0x82, 127)}, {REFUSED(1003)}},
    {"1.2.5", {LONG(0x82, 128)}, {REFUSED(1003)}},
    {"1.2.6", {LONG(0x82, 65535)}, {REFUSED(1003)}},
    {"1.2.7 and 1.2.8", {LONG(0x82, 65536)}, {REFUSED(1003)}},
};

static void texts_of_every_length_form_are_read(void **state)
{
    (void)state;
    check_rows(framing, COUNT(framing));
}

static const struct ws_case pings[] = {
    {"2.1", {PING("")}, {GOT_PING("")}},
    {"2.2", {PING("Hello, world!")}, {GOT_PING("Hello, world!")}},
    {"2.3", {{0x89, ODD, 0, 0}}, {{WS_GOT_PING, 0, ODD, 0}}},
    {"2.4 and 2.6", {LONG(0x89, 125)}, {GOT_LONG(WS_GOT_PING, 125)}},
    {"2.5", {LONG(0x89, 126)}, {REFUSED(1002)}},
    {"2.7", {PONG("")}, {GOT_PONG("")}},
    {"2.8", {PONG("unsolicited")}, {GOT_PONG("unsolicited")}},
    {"2.9", {PONG("unsolicited"), PING("ping")}, {GOT_PONG("unsolicited"), GOT_PING("ping")}},
    {"2.10 and 2.11",
        {PING("0"), PING("1"), PING("2"), PING("3"), PING("4"), PING("5"), PING("6"), PING("7"),
            PING("8"), PING("9")},
        {GOT_PING("0"), GOT_PING("1"), GOT_PING("2"), GOT_PING("3"), GOT_PING("4"), GOT_PING("5"),
            GOT_PING("6"), GOT_PING("7"), GOT_PING("8"), GOT_PING("9")}},
};

static void pings_and_pongs_carry_up_to_125_bytes(void **state)
{
    (void)state;
    check_rows(pings, COUNT(pings));
}

static const struct ws_case reserved[] = {
    {"3.1", {FRAME(0x91, "small")}, {REFUSED(1002)}},
    {"3.2", {TEXT("a"), FRAME(0xa1, "a"), PING("")}, {GOT_TEXT("a"), REFUSED(1002)}},
    {"3.3", {TEXT("a"), FRAME(0xb1, "a"), PING("")}, {GOT_TEXT("a"), REFUSED(1002)}},
    {"3.4", {TEXT("a"), FRAME(0xc1, "a"), PING("")}, {GOT_TEXT("a"), REFUSED(1002)}},
    {"3.5", {FRAME(0xd2, "\x00\xff")}, {REFUSED(1002)}},
    {"3.6", {FRAME(0xe9, "a")}, {REFUSED(1002)}},
    {"3.7", {FRAME(0xf8, "")}, {REFUSED(1002)}},
    {"4.1.1", {FRAME(0x83, "")}, {REFUSED(1002)}},
    {"4.1.2", {FRAME(0x84, "reserved")}, {REFUSED(1002)}},
    {"4.1.3", {TEXT("a"), FRAME(0x85, ""), PING("")}, {GOT_TEXT("a"), REFUSED(1002)}},
    {"4.1.4", {TEXT("a"), FRAME(0x86, "b"), PING("")}, {GOT_TEXT("a"), REFUSED(1002)}},
    {"4.1.5", {TEXT("a"), FRAME(0x87, "b"), PING("")}, {GOT_TEXT("a"), REFUSED(1002)}},
    {"4.2.1", {FRAME(0x8b, "")}, {REFUSED(1002)}},
    {"4.2.2", {FRAME(0x8c, "reserved")}, {REFUSED(1002)}},
    {"4.2.3", {TEXT("a"), FRAME(0x8d, ""), PING("")}, {GOT_TEXT("a"), REFUSED(1002)}},
    {"4.2.4", {TEXT("a"), FRAME(0x8e, "b"), PING("")}, {GOT_TEXT("a"), REFUSED(1002)}},
    {"4.2.5", {TEXT("a"), FRAME(0x8f, "b"), PING("")}, {GOT_TEXT("a"), REFUSED(1002)}},
};

static void reserved_bits_and_opcodes_are_refused(void **state)
{
    (void)state;
    check_rows(reserved, COUNT(reserved));
}

static const struct ws_case fragments[] = {
    {"5.1", {FRAME(0x09, "frag"), LAST_PART("ment")}, {REFUSED(1002)}},
    {"5.2", {FRAME(0x0a, "frag"), LAST_PART("ment")}, {REFUSED(1002)}},
    {"fragmented close", {FRAME(0x08, "\x03\xe8"), LAST_PART("")}, {REFUSED(1002)}},
    {"5.3 to 5.5", {TEXT_PART("frag"), LAST_PART("ment")}, {GOT_TEXT("fragment")}},
    {"5.6 to 5.8", {TEXT_PART("frag"), PING("between"), LAST_PART("ment")},
        {GOT_PING("between"), GOT_TEXT("fragment")}},
    {"5.9 to 5.11", {LAST_PART("of nothing"), TEXT("Hello")}, {REFUSED(1002)}},
    {"5.12 to 5.14", {MORE_PART("of nothing"), TEXT("Hello")}, {REFUSED(1002)}},
    {"5.15", {TEXT_PART("frag"), LAST_PART("ment"), MORE_PART("of nothing"), TEXT("Hello")},
        {GOT_TEXT("fragment"), REFUSED(1002)}},
    {"5.16", {MORE_PART("of nothing"), TEXT_PART("frag"), LAST_PART("ment")}, {REFUSED(1002)}},
    {"5.17", {LAST_PART("of nothing"), TEXT_PART("frag"), LAST_PART("ment")}, {REFUSED(1002)}},
    {"5.18", {TEXT_PART("frag"), TEXT("ment")}, {REFUSED(1002)}},
    {"binary inside a text", {TEXT_PART("frag"), BINARY("ment")}, {REFUSED(1002)}},
    {"5.19 and 5.20",
        {TEXT_PART("1"), MORE_PART("2"), PING("one"), MORE_PART("3"), MORE_PART("4"), PING("two"),
            LAST_PART("5")},
        {GOT_PING("one"), GOT_PING("two"), GOT_TEXT("12345")}},
    {"a pong and a close between",
        {TEXT_PART("frag"), PONG("one"), CLOSE("\x03\xe8"), LAST_PART("ment")},
        {GOT_PONG("one"), GOT_CLOSE(1000, "")}},
};

static void fragments_are_joined_and_wrong_orders_refused(void **state)
{
    (void)state;
    check_rows(fragments, COUNT(fragments));
}

static const struct ws_case sizes[] = {
    {"9.1.1", {LONG(0x81, 65536)}, {GOT_LONG(WS_GOT_TEXT, 65536)}},
    {"9.1.1, one more", {LONG(0x81, 65537)}, {REFUSED(1009)}},
    {"9.1.2", {LONG(0x81, 262144)}, {REFUSED(1009)}},
    {"9.2.1 and 9.2.2", {LONG(0x82, 262144)}, {REFUSED(1003)}},
    {"9.3 in 64 parts", {LONG(0x01, 1024), MANY(0x00, 1024, 62), LONG(0x80, 1024)},
        {GOT_LONG(WS_GOT_TEXT, 65536)}},
    {"9.3 in 65 parts", {LONG(0x01, 512), MANY(0x00, 512, 63), LONG(0x80, 512)}, {REFUSED(1009)}},
    {"9.3, a text inside it", {LONG(0x01, 65536), TEXT("*")}, {REFUSED(1002)}},
    {"9.3, one byte beyond", {LONG(0x01, 65536), LAST_PART("*")}, {REFUSED(1009)}},
    {"9.3, an empty end", {LONG(0x01, 65536), LAST_PART("")}, {GOT_LONG(WS_GOT_TEXT, 65536)}},
    {"9.3, parts are counted anew for each message",
        {TEXT_PART("a"), MANY(0x00, 1, 40), LAST_PART(""), TEXT_PART("b"), MANY(0x00, 1, 40),
            LAST_PART("")},
        {GOT_TEXT("a****************************************"),
            GOT_TEXT("b****************************************")}},
    {"9.4 in parts", {LONG(0x02, 64), MANY(0x00, 64, 8), LONG(0x80, 64)}, {REFUSED(1003)}},
    {"9.7 small messages", {TEXT("a"), LONG(0x81, 16), LONG(0x81, 64), LONG(0x81, 1024)},
        {GOT_TEXT("a"), GOT_LONG(WS_GOT_TEXT, 16), GOT_LONG(WS_GOT_TEXT, 64),
            GOT_LONG(WS_GOT_TEXT, 1024)}},
    {"10.1.1", {LONG(0x01, 1300), MANY(0x00, 1300, 49), LONG(0x80, 536)},
        {GOT_LONG(WS_GOT_TEXT, 65536)}},
};

static void sizes_and_numbers_of_parts_have_bounds(void **state)
{
    (void)state;
    check_rows(sizes, COUNT(sizes));
}

/* Headers that a table of frames can not hold; each is refused at its last byte, not later. */
static const struct {
    const char *what;
    uint8_t bytes[10];
    uint8_t size;
    uint16_t code;
} headers[] = {
    {"a first byte alone, reserved bit", {0xc1}, 1, 1002},
    {"a first byte alone, reserved opcode", {0x83}, 1, 1002},
    {"a first byte alone, ping in parts", {0x09}, 1, 1002},
    {"not masked", {0x81, 0x05}, 2, 1002},
    {"not masked, empty", {0x81, 0x00}, 2, 1002},
    {"a ping not masked", {0x89, 0x00}, 2, 1002},
    {"a ping with a 16-bit length", {0x89, 0xfe}, 2, 1002},
    {"a close with a 64-bit length", {0x88, 0xff}, 2, 1002},
    {"16 bits for 125", {0x81, 0xfe, 0x00, 0x7d}, 4, 1002},
    {"16 bits for 0", {0x81, 0xfe, 0x00, 0x00}, 4, 1002},
    {"64 bits for 65535", {0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 10, 1002},
    {"64 bits for 0", {0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}, 10, 1002},
    {"the top bit of 64", {0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0}, 10, 1002},
};

static void a_wrong_header_is_refused_at_its_first_wrong_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        uint32_t after = ws_case_refused_after(headers[i].bytes, headers[i].size, headers[i].code);
        if (after != headers[i].size) {
            fail_msg("%s: refused after %u bytes", headers[i].what, after);
        }
    }
}

static void a_length_over_the_limit_is_refused_before_its_data(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {65537, UINT64_C(1) << 32, UINT64_MAX >> 1};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        uint8_t bytes[14] = {0x81, 0xff};
        for (uint32_t byte = 0; byte < 8; byte++) {
            bytes[2 + byte] = (uint8_t)(lengths[i] >> (56 - 8 * byte));
        }
        assert_int_equal(ws_case_refused_after(bytes, sizeof(bytes), 1009), sizeof(bytes));
    }
}

static void the_reader_keeps_nothing_between_messages(void **state)
{
    (void)state;
    static const struct ws_case_frame frame = TEXT("Hello");
    uint8_t bytes[64];
    uint32_t size = ws_case_write(&frame, bytes);
    struct ws_reader reader;
    ws_reader_init(&reader, WS_CASE_MESSAGE_MAX);
    size_t used;
    struct ws_found found;
    assert_int_equal(ws_read(&reader, bytes, 3, &used, &found), WS_MORE);
    assert_false(ws_reader_is_idle(&reader));
    assert_int_equal(ws_read(&reader, bytes + 3, size - 3, &used, &found), WS_NEEDS_ROOM);
    uint8_t message[8];
    reader.message = message;
    reader.capacity = sizeof(message);
    size_t more;
    assert_int_equal(
        ws_read(&reader, bytes + 3 + used, size - 3 - used, &more, &found), WS_GOT_TEXT);
    assert_memory_equal(found.payload, "Hello", 5);
    assert_true(ws_reader_is_idle(&reader));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_every_length_form_are_read),
        cmocka_unit_test(pings_and_pongs_carry_up_to_125_bytes),
        cmocka_unit_test(reserved_bits_and_opcodes_are_refused),
        cmocka_unit_test(fragments_are_joined_and_wrong_orders_refused),
        cmocka_unit_test(sizes_and_numbers_of_parts_have_bounds),
        cmocka_unit_test(a_wrong_header_is_refused_at_its_first_wrong_byte),
        cmocka_unit_test(a_length_over_the_limit_is_refused_before_its_data),
        cmocka_unit_test(the_reader_keeps_nothing_between_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
