/* test_logger - lines as a program that reads them gets them, whatever somebody managed to have
 * logged. */

#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/logger.h"

static char written[4096];
static uint32_t written_size;

static void keep(struct logger *logger, const char *line, uint32_t size)
{
    (void)logger;
    assert_true(size < sizeof(written));
    memcpy(written, line, size);
    written[size] = 0;
    written_size = size;
}

static uint64_t noon(struct logger *logger)
{
    (void)logger;
    return 1764000000123;
}

static struct logger make(bool json)
{
    struct logger logger;
    logger_init(&logger, "chat", LOG_LEVEL_INFO, json);
    logger.wall_ms = noon;
    logger.write = keep;
    written[0] = 0;
    written_size = 0;
    return logger;
}

static void a_line_has_time_level_service_event_and_fields(void **state)
{
    (void)state;
    struct logger logger = make(false);
    LOG_WARN(&logger, "room.lost", "room=%u", 7);
    assert_string_equal(
        written, "ts=2025-11-24T16:00:00.123Z level=warn service=chat event=room.lost room=7\n");
    logger = make(true);
    LOG_ERROR(&logger, "room.lost", "room=%u", 7);
    assert_string_equal(written,
        "{\"ts\":\"2025-11-24T16:00:00.123Z\",\"level\":\"error\","
        "\"service\":\"chat\",\"event\":\"room.lost\",\"fields\":\"room=7\"}\n");
}

static void an_event_may_have_no_fields(void **state)
{
    (void)state;
    struct logger logger = make(true);
    LOG_INFO(&logger, "up", "%s", "");
    assert_non_null(strstr(written, "\"event\":\"up\"}\n"));
    logger = make(false);
    LOG_INFO(&logger, "up", "%s", "");
    assert_non_null(strstr(written, " event=up\n"));
}

static void a_level_below_the_set_one_writes_nothing(void **state)
{
    (void)state;
    struct logger logger = make(false);
    LOG_DEBUG(&logger, "detail", "x=%d", 1);
    assert_int_equal(written_size, 0);
    atomic_store(&logger.level, LOG_LEVEL_DEBUG);
    LOG_DEBUG(&logger, "detail", "x=%d", 1);
    assert_non_null(strstr(written, "level=debug"));
}

static void a_value_can_not_begin_a_line(void **state)
{
    (void)state;
    struct logger logger = make(false);
    LOG_INFO(&logger, "name", "name=%s", "a\nts=1\x1b[2J\x7f");
    assert_non_null(strstr(written, "name=a?ts=1?[2J?\n"));
}

static void a_value_can_not_command_a_terminal_nor_hide(void **state)
{
    (void)state;
    struct logger logger = make(false);
    LOG_INFO(&logger, "name", "name=%s",
        "\xc2\x9b"
        "2J\xc2\x85"
        "a\u202eb\u2028c\u200bd\u00a0e");
    assert_non_null(strstr(written, "name=?2J?a?b?c?d\u00a0e\n"));
    LOG_INFO(&logger, "name", "name=%s", "\xff\xc3\xa9\xe2\x80");
    assert_non_null(strstr(written, "name=?\xc3\xa9??\n"));
}

static void a_value_can_not_leave_its_string(void **state)
{
    (void)state;
    struct logger logger = make(true);
    LOG_INFO(&logger, "name", "%s", "a\",\"level\":\"\\");
    assert_non_null(strstr(written, "\"fields\":\"a\\\",\\\"level\\\":\\\"\\\\\"}\n"));
}

static void what_is_no_utf8_is_written_as_question_marks(void **state)
{
    (void)state;
    struct logger logger = make(true);
    LOG_INFO(&logger, "name", "%s", "caf\xc3\xa9");
    assert_non_null(strstr(written, "\"caf\xc3\xa9\"}\n"));
    LOG_INFO(&logger, "name", "%s", "caf\xe9");
    assert_non_null(strstr(written, "\"caf?\"}\n"));
}

/* Whatever the length, a line ends whole: no string left open, no escape and no character in two.
 */
static void a_long_value_is_cut_and_its_line_still_ends(void **state)
{
    (void)state;
    static const char *const pieces[] = {"a", "\"", "\xc3\xa9", "\xf0\x9f\x98\x80"};
    for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
        for (size_t most = 1900; most < 2050; most++) {
            char text[2100] = "";
            size_t size = 0;
            while (size + strlen(pieces[p]) <= most) {
                size += (size_t)snprintf(text + size, sizeof(text) - size, "%s", pieces[p]);
            }
            struct logger logger = make(true);
            LOG_INFO(&logger, "long", "%s", text);
            assert_true(written_size <= 2048);
            assert_string_equal(written + written_size - 3, "\"}\n");
            assert_true(p != 1 || written[written_size - 4] == '"');
            assert_true(p == 0 || p == 1 || written[written_size - 4] == '?' ||
                        (unsigned char)written[written_size - 4] >= 0x80);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_service_event_and_fields),
        cmocka_unit_test(an_event_may_have_no_fields),
        cmocka_unit_test(a_level_below_the_set_one_writes_nothing),
        cmocka_unit_test(a_value_can_not_begin_a_line),
        cmocka_unit_test(a_value_can_not_command_a_terminal_nor_hide),
        cmocka_unit_test(a_value_can_not_leave_its_string),
        cmocka_unit_test(what_is_no_utf8_is_written_as_question_marks),
        cmocka_unit_test(a_long_value_is_cut_and_its_line_still_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
