/* text_field: fields from paths and queries are as strict as those from JSON. */

#include "support.h"

static uint8_t memory[4096];

static bool read_field(struct cht_command *command, int field, const char *text)
{
    struct cht_scratch scratch = {memory, sizeof(memory), 0};
    return cht_read_text_field(command, field, str(text), &scratch);
}

struct sample {
    int field;
    const char *text;
    bool good;
};

#define AT(field) CHT_AT_command_##field

static void the_table_holds(void **state)
{
    static const struct sample table[] = {
        {AT(room), ROOM_TEXT, true},
        {AT(room), "", false},
        {AT(room), "x", false},
        {AT(room), "00000000-0000-0000-0000-000000000000", false},
        {AT(target), "1", true},
        {AT(target), "0", false},
        {AT(target), "", false},
        {AT(target), "9007199254740991", true},
        {AT(target), "9007199254740992", false},
        {AT(target), "99999999999999999999", false},
        {AT(target), "01", false},
        {AT(target), "-1", false},
        {AT(target), "+1", false},
        {AT(target), "1.0", false},
        {AT(target), " 1", false},
        {AT(target), "1:", false},
        {AT(after_seq), "0", true},
        {AT(limit), "0", false},
        {AT(limit), "100000", true},
        {AT(on), "true", true},
        {AT(on), "false", true},
        {AT(on), "1", false},
        {AT(on), "", false},
        {AT(key), "\xf0\x9f\x91\x8d", true},
        {AT(key), "", false},
        {AT(key), "\xff", false},
        {AT(key), "123456789012345678901234567890123", false},
        {AT(cid), "a.b_c:d-9", true},
        {AT(cid), "a b", false},
        {AT(cid), "", false},
        {AT(prefix), "", true},
        {AT(kind), "group", true},
        {AT(kind), "none", false},
        {AT(kind), "", false},
        {AT(users), ROOM_TEXT, true},
        {AT(users), ROOM_TEXT "," USER_TEXT, true},
        {AT(users), ROOM_TEXT ",", false},
        {AT(users), ROOM_TEXT ";" USER_TEXT, false},
        {AT(users), "", false},
        {AT(users), "," ROOM_TEXT, false},
        {AT(users), ROOM_TEXT ",x", false},
        {AT(users), ROOM_TEXT ",00000000-0000-0000-0000-000000000000", false},
        {AT(rooms), "{}", false},
        {AT(name), "a\nb", false},
        {-1, "1", false},
        {CHT_COUNT_command, "1", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct cht_command command = {.type = cht_command_type_room_list};
        bool good = read_field(&command, table[i].field, table[i].text);
        if (good != table[i].good) {
            fail_msg("%d %s", table[i].field, table[i].text);
        }
        assert_true(command.has == (good ? UINT64_C(1) << table[i].field : 0));
    }
}

static void values_arrive(void **state)
{
    struct cht_command command = {.type = cht_command_type_message_react};
    struct cht_id room = id_of(ROOM_TEXT);
    (void)state;
    assert_true(read_field(&command, AT(room), ROOM_TEXT));
    assert_true(read_field(&command, AT(target), "17"));
    assert_true(read_field(&command, AT(key), "+1"));
    assert_true(read_field(&command, AT(on), "true"));
    assert_true(read_field(&command, AT(users), ROOM_TEXT "," USER_TEXT));
    assert_true(cht_id_equal(&command.room, &room));
    assert_int_equal(command.target, 17);
    assert_str(command.key, "+1");
    assert_true(command.on);
    assert_int_equal(command.users.count, 2);
    assert_true(cht_id_equal(&command.users.at[0], &room));
}

static void a_nul_in_a_text_is_refused(void **state)
{
    struct cht_command command = {.type = cht_command_type_message_react};
    (void)state;
    assert_false(cht_read_text_field(&command, AT(key), (struct cht_str){"a\0b", 3}, NULL));
}

static void more_ids_than_the_row_allows_or_than_fit_are_refused(void **state)
{
    static char text[400000];
    struct cht_command command = {.type = cht_command_type_user_get};
    uint64_t most = cht_row_command.fields[AT(users)].max;
    (void)state;
    assert_true((most + 1) * 37 < sizeof(text));
    for (uint64_t i = 0; i <= most; i++) {
        memcpy(text + i * 37, i == most ? ROOM_TEXT : ROOM_TEXT ",", i == most ? 36 : 37);
    }
    assert_false(read_field(&command, AT(users), text));
    struct cht_scratch nothing = {0};
    assert_false(cht_read_text_field(&command, AT(users), str(ROOM_TEXT), &nothing));
    assert_true(command.has == 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_holds),
        cmocka_unit_test(values_arrive),
        cmocka_unit_test(a_nul_in_a_text_is_refused),
        cmocka_unit_test(more_ids_than_the_row_allows_or_than_fit_are_refused),
    };
    return cmocka_run_group_tests_name("events/text_field", tests, NULL, NULL);
}
