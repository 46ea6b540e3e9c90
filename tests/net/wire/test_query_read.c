/* test_query_read - queries as commands. */

#include "test.h"

#include <string.h>

#include "wire/query_read.h"

#define ROOM "32070707-0707-0707-0707-070707070732"

static uint8_t memory[512];

/* As the route of that command reads it; its path gave what `command` has. */
static enum cht_read read_it(
    const char *query, struct cht_command *command, struct cht_read_error *ret_error)
{
    struct cht_scratch scratch = {memory, sizeof(memory), 0};
    struct cht_str text = {query, (uint32_t)strlen(query)};
    return query_read(text, &scratch, command, ret_error);
}

static void parameters_fill_the_fields_that_the_command_takes(void **state)
{
    (void)state;
    struct cht_read_error error;
    struct cht_command command = {.type = cht_command_type_search};
    assert_int_equal(
        read_it("q=a+b%63&limit=7&room=" ROOM "&text=no&n=%41&n=1", &command, &error), CHT_READ_OK);
    assert_true(cht_str_equal(command.q, (struct cht_str){"a bc", 4}));
    assert_int_equal(command.limit, 7);
    assert_true(CHT_HAS(&command, command, room));
    assert_false(CHT_HAS(&command, command, text));
    assert_false(CHT_HAS(&command, command, cursor));
}

static void what_the_path_gave_is_not_asked_of_the_query(void **state)
{
    (void)state;
    struct cht_read_error error;
    struct cht_command command = {
        .type = cht_command_type_room_get, .has = CHT_BIT(command, room), .room = {{1}}};
    assert_int_equal(read_it("room=x&room=y", &command, &error), CHT_READ_OK);
    assert_int_equal(command.room.bytes[0], 1);
}

static void numbers_are_decimal_and_large_ones_are_numbers_too(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        enum cht_read read;
        const char *field;
    } rows[] = {{"limit=1", CHT_READ_OK, ""}, {"limit=100", CHT_READ_OK, ""},
        {"limit=9007199254740991", CHT_READ_OK, ""}, {"limit=%31", CHT_READ_OK, ""},
        {"limit=9007199254740992", CHT_READ_BAD_FIELD, "limit"},
        {"limit=0", CHT_READ_BAD_FIELD, "limit"}, {"limit=007", CHT_READ_BAD_FIELD, "limit"},
        {"limit=-1", CHT_READ_BAD_FIELD, "limit"}, {"limit=%2B1", CHT_READ_BAD_FIELD, "limit"},
        {"limit=1.0", CHT_READ_BAD_FIELD, "limit"}, {"limit=1e2", CHT_READ_BAD_FIELD, "limit"},
        {"limit= 1", CHT_READ_BAD_FIELD, "limit"}, {"limit=1+", CHT_READ_BAD_FIELD, "limit"},
        {"limit=", CHT_READ_BAD_FIELD, "limit"}, {"limit", CHT_READ_BAD_FIELD, "limit"},
        {"before_seq=0", CHT_READ_OK, ""}, {"before_seq=x", CHT_READ_BAD_FIELD, "before_seq"},
        {"at_least=00", CHT_READ_BAD_FIELD, "at_least"},
        {"after_seq=1&before_seq=2", CHT_READ_BAD_FIELD, "after_seq"},
        {"limit=1&limit=1", CHT_READ_BAD_FRAME, ""}, {"limit=1&l%69mit=1", CHT_READ_BAD_FRAME, ""},
        {"limit=%zz", CHT_READ_BAD_FRAME, ""}, {"limit=%00", CHT_READ_BAD_FRAME, ""}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cht_read_error error = {0};
        struct cht_command command = {
            .type = cht_command_type_room_history, .has = CHT_BIT(command, room)};
        if (read_it(rows[i].query, &command, &error) != rows[i].read) {
            fail_msg("%s", rows[i].query);
        }
        assert_string_equal(error.field, rows[i].field);
    }
}

static void what_a_query_can_not_say_is_unknown_to_it(void **state)
{
    (void)state;
    struct cht_read_error error = {0};
    struct cht_command command = {.type = cht_command_type_sync};
    assert_int_equal(read_it("rooms=&events=3&rooms=%7B%7D", &command, &error), CHT_READ_OK);
    assert_int_equal(command.events, 3);
    assert_false(CHT_HAS(&command, command, rooms));
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    struct cht_read_error error = {0};
    struct cht_command command = {.type = cht_command_type_user_find};
    assert_int_equal(read_it("limit=3", &command, &error), CHT_READ_BAD_FIELD);
    assert_string_equal(error.field, "prefix");
    assert_int_equal(read_it("prefix=a", &command, &error), CHT_READ_BAD_FIELD);
    assert_string_equal(error.field, "prefix");
}

static void a_query_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    char query[sizeof(memory) + 16];
    struct cht_read_error error;
    struct cht_command command = {.type = cht_command_type_search};
    memset(query, 'a', sizeof(query));
    memcpy(query, "q=", 2);
    query[sizeof(query) - 1] = '\0';
    assert_int_equal(read_it(query, &command, &error), CHT_READ_BAD_FRAME);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_fill_the_fields_that_the_command_takes),
        cmocka_unit_test(what_the_path_gave_is_not_asked_of_the_query),
        cmocka_unit_test(numbers_are_decimal_and_large_ones_are_numbers_too),
        cmocka_unit_test(what_a_query_can_not_say_is_unknown_to_it),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(a_query_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
