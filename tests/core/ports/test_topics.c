/* The wiring table: what is wrong with it is found, and said in one line. */

#include "test.h"

#include <string.h>

#include "ports/topics.h"

static const struct topic_use chat_uses[] = {
    {TOPIC_HEARS, "room_commands", "command"}, {TOPIC_SAYS, "mail_live", "reply delivery"}};
static const struct topic_use socket_uses[] = {
    {TOPIC_SAYS, "room_commands", "command"}, {TOPIC_HEARS, "mail_live", "delivery"}};
static const struct topic_service chat = {"chat", chat_uses, 2},
                                  socket = {"socket", socket_uses, 2};

static const struct topic_row good[] = {
    {"room_commands", "shards", "command", "socket user", "chat"},
    {"mail_live", "mail", "delivery reply", "chat", "socket"},
};

static char line[TOPICS_LINE_SIZE];

static enum err check(const struct topic_row *rows, size_t count)
{
    static const struct topic_service *const services[] = {&chat, &socket};
    struct topics topics = {rows, count, services, 2};
    line[0] = '\0';
    return topics_check(&topics, line);
}

static void a_table_that_says_what_services_do_is_sound(void **state)
{
    (void)state;
    assert_int_equal(check(good, 2), OK);
    assert_string_equal(line, "");
}

static void the_rows_of_the_project_are_sound_by_themselves(void **state)
{
    (void)state;
    struct topics topics = {0};
    topics.rows = topics_rows(&topics.row_count);
    assert_true(topics.row_count > 0);
    assert_int_equal(topics_check(&topics, line), OK);
}

static void a_wrong_row_is_named_with_its_word(void **state)
{
    static const struct {
        struct topic_row row;
        const char *word, *reason;
    } table[] = {
        {{"mail_live", "male", "delivery reply", "chat", "socket"}, "word=male", "no such port"},
        {{"mail_live", "mail", "delivery replies", "chat", "socket"}, "word=replies",
            "nobody knows"},
        {{"mail_live", "mail", "delivery reply delivery", "chat", "socket"}, "word=delivery",
            "twice"},
        {{"mail_live", "mail", "", "chat", "socket"}, "word=", "empty"},
        {{"mail_live", "mail", "delivery reply", "chap", "socket"}, "word=chap", "nobody knows"},
        {{"mail_live", "mail", "delivery reply", "chat", ""}, "word=", "empty"},
        {{"mail_live", "mail", "delivery reply", "message", "socket"}, "word=chat",
            "says something"},
        {{"mail_live", "mail", "delivery reply", "chat", "user"}, "word=socket", "listens there"},
        {{"mail_live", "mail", "delivery", "chat", "socket"}, "word=reply", "does not have it"},
        {{"mail_live", "mail", "delivery reply heads", "chat", "socket"}, "word=heads",
            "nobody says"},
        {{"mail_dead", "mail", "delivery reply", "chat", "socket"}, "word=chat",
            "not in topics.def"},
        {{"room_commands", "mail", "delivery", "chat", "socket"}, "word=room_commands", "twice"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct topic_row rows[] = {good[0], table[i].row};
        if (check(rows, 2) != ERR_BAD_CONFIG || !strstr(line, table[i].word) ||
            !strstr(line, table[i].reason)) {
            fail_msg("%zu: %s", i, line);
        }
    }
}

static void what_another_process_may_say_is_not_missed_here(void **state)
{
    struct topic_row rows[] = {
        good[0], {"mail_live", "mail", "delivery reply heads", "chat message", "socket"}};
    (void)state;
    assert_int_equal(check(rows, 2), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_that_says_what_services_do_is_sound),
        cmocka_unit_test(the_rows_of_the_project_are_sound_by_themselves),
        cmocka_unit_test(a_wrong_row_is_named_with_its_word),
        cmocka_unit_test(what_another_process_may_say_is_not_missed_here),
    };
    return cmocka_run_group_tests_name("topics", tests, NULL, NULL);
}
