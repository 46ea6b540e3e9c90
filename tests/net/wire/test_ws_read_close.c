/* test_ws_read_close - close frames, by the numbers of Autobahn's list (7): codes, reasons, sizes,
 * and that nothing is read after one. */

#include <string.h>

#include "ws_case.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct ws_case closes[] = {
    {"7.1.1", {TEXT("Hello"), CLOSE("\x03\xe8")}, {GOT_TEXT("Hello"), GOT_CLOSE(1000, "")}},
    {"7.1.2", {CLOSE("\x03\xe8"), CLOSE("\x03\xe8")}, {GOT_CLOSE(1000, "")}},
    {"7.1.3", {CLOSE("\x03\xe8"), PING("")}, {GOT_CLOSE(1000, "")}},
    {"7.1.4", {CLOSE("\x03\xe8"), TEXT("Hello")}, {GOT_CLOSE(1000, "")}},
    {"7.1.5", {TEXT_PART("frag"), CLOSE("\x03\xe8"), LAST_PART("ment")}, {GOT_CLOSE(1000, "")}},
    {"7.1.6", {LONG(0x81, 262144), CLOSE("\x03\xe8"), PING("")}, {REFUSED(1009)}},
    {"7.3.1", {CLOSE("")}, {GOT_CLOSE(1005, "")}},
    {"7.3.2", {CLOSE("\x03")}, {REFUSED(1002)}},
    {"7.3.3", {CLOSE("\x03\xe8")}, {GOT_CLOSE(1000, "")}},
    {"7.3.4", {CLOSE("\x03\xe8Hello World!")}, {GOT_CLOSE(1000, "Hello World!")}},
    {"7.3.6", {LONG(0x88, 126)}, {REFUSED(1002)}},
    {"7.5.1",
        {CLOSE("\x03\xe8\xce\xba\xed\xa0\x80"
               "edited")},
        {REFUSED(1007)}},
    {"7.5.1, cut", {CLOSE("\x03\xe8\xce")}, {REFUSED(1007)}},
    {"7.5.1, after a wrong code", {CLOSE("\x03\xe7\xce")}, {REFUSED(1002)}},
};

static void a_close_ends_the_reading(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(closes); i++) {
        ws_case_check(&closes[i]);
    }
}

static void a_reason_has_up_to_123_bytes(void **state)
{
    (void)state;
    char payload[125];
    memset(payload, '*', sizeof(payload));
    memcpy(payload, "\x03\xe8", 2);
    struct ws_case row = {.number = "7.3.5",
        .frames = {{0x88, {payload, sizeof(payload)}, 0, 0}},
        .events = {{WS_GOT_CLOSE, 1000, {payload + 2, sizeof(payload) - 2}, 0}}};
    ws_case_check(&row);
}

static void check_code(unsigned code, bool valid)
{
    char payload[2] = {(char)(code >> 8), (char)(code & 255)};
    struct ws_case row = {.number = "7.7 and 7.9", .frames = {{0x88, {payload, 2}, 0, 0}}};
    row.events[0] = valid ? (struct ws_case_event){WS_GOT_CLOSE, (uint16_t)code, {"", 0}, 0}
                          : (struct ws_case_event)REFUSED(1002);
    ws_case_check(&row);
}

/* 7.7.*, 7.9.*, 7.13.*: not a sample, but all of them. */
static void of_all_codes_those_that_a_client_may_send_are_taken(void **state)
{
    (void)state;
    for (unsigned code = 0; code <= 65535; code++) {
        bool valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                     (code >= 3000 && code <= 4999);
        check_code(code, valid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_close_ends_the_reading),
        cmocka_unit_test(a_reason_has_up_to_123_bytes),
        cmocka_unit_test(of_all_codes_those_that_a_client_may_send_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
