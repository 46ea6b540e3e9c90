/* commands: the table of commands, rights and routes hangs together. */

#include "support.h"

static void every_command_is_found_by_its_name(void **state)
{
    (void)state;
    for (unsigned type = 1; type < cht_command_type_count; type++) {
        const struct cht_command_row *row = cht_command_row(type);
        assert_non_null(row);
        assert_int_equal(cht_command_by_name(str(row->wire)), type);
        assert_string_equal(cht_word_text(&cht_words_command_type, type), row->wire);
    }
    assert_null(cht_command_row(0));
    assert_null(cht_command_row(cht_command_type_count));
    assert_int_equal(cht_command_by_name(str("")), 0);
    assert_int_equal(cht_command_by_name(str("message.sen")), 0);
    assert_int_equal(cht_command_by_name(str("message.pin")), 0);
}

static void commands_require_only_what_they_take(void **state)
{
    (void)state;
    for (unsigned type = 1; type < cht_command_type_count; type++) {
        const struct cht_command_row *row = cht_command_row(type);
        assert_true(row->takes != 0);
        assert_int_equal(row->requires & ~row->takes, 0);
        assert_int_equal(row->takes >> CHT_COUNT_command, 0);
        assert_int_equal((row->requires & CHT_BIT(command, cid)) != 0, row->changes);
    }
}

static void clients_never_set_what_only_the_server_knows(void **state)
{
    static const uint64_t servers =
        CHT_BIT(command, type) | CHT_BIT(command, author) | CHT_BIT(command, device) |
        CHT_BIT(command, node) | CHT_BIT(command, node_ref) | CHT_BIT(command, sent_at) |
        CHT_BIT(command, deadline) | CHT_BIT(command, cleared) | CHT_BIT(command, answer_over_http);
    (void)state;
    for (unsigned type = 1; type < cht_command_type_count; type++) {
        assert_int_equal(cht_command_row(type)->takes & servers, 0);
    }
}

static void rights_are_as_the_protocol_says(void **state)
{
    const struct cht_command_row *send = cht_command_row(cht_command_type_message_send);
    const struct cht_command_row *end = cht_command_row(cht_command_type_room_delete);
    const struct cht_command_row *join = cht_command_row(cht_command_type_room_join);
    const struct cht_command_row *erase = cht_command_row(cht_command_type_message_delete);
    (void)state;
    assert_int_equal(send->rights[cht_room_kind_direct].condition, cht_condition_not_blocked);
    assert_int_equal(send->rights[cht_room_kind_channel].condition, cht_condition_posting);
    assert_false(end->rights[cht_room_kind_direct].allowed);
    assert_int_equal(end->rights[cht_room_kind_group].least_role, cht_role_owner);
    assert_false(join->rights[cht_room_kind_group].allowed);
    assert_true(join->rights[cht_room_kind_channel].allowed);
    assert_int_equal(join->rights[cht_room_kind_channel].least_role, CHT_ROLE_ANYONE);
    assert_int_equal(erase->rights[cht_room_kind_group].condition, cht_condition_author_or_admin);
    assert_false(send->rights[cht_room_kind_none].allowed);
}

static void every_room_command_of_the_owner_has_a_right(void **state)
{
    (void)state;
    for (unsigned type = 1; type < cht_command_type_count; type++) {
        const struct cht_command_row *row = cht_command_row(type);
        bool allowed = false;
        for (unsigned kind = 1; kind < cht_room_kind_count; kind++) {
            allowed = allowed || row->rights[kind].allowed;
        }
        if (row->server == cht_server_chat && type != cht_command_type_room_create) {
            assert_true(allowed);
        }
    }
}

static bool has_path_field(const struct cht_route_row *route, const char *name, uint64_t field)
{
    return strstr(route->path, name) == NULL ||
           (cht_command_row(route->command)->takes & field) != 0;
}

static void routes_lead_to_commands_that_take_their_fields(void **state)
{
    size_t count = 0;
    const struct cht_route_row *routes = cht_routes(&count);
    (void)state;
    assert_true(count > 20);
    for (size_t i = 0; i < count; i++) {
        assert_true(has_path_field(&routes[i], "{room}", CHT_BIT(command, room)));
        assert_true(has_path_field(&routes[i], "{seq}", CHT_BIT(command, target)));
        assert_true(has_path_field(&routes[i], "{key}", CHT_BIT(command, key)));
        assert_true(has_path_field(&routes[i], "{user}", CHT_BIT(command, user)));
        for (size_t k = 0; k < i; k++) {
            assert_false(strcmp(routes[i].path, routes[k].path) == 0 &&
                         strcmp(routes[i].method, routes[k].method) == 0);
        }
    }
}

static void rows_have_rising_tags_and_a_text_each(void **state)
{
    (void)state;
    for (uint32_t number = 1; number < 200; number++) {
        const struct cht_event_row *row = cht_event_row_by_number(number);
        for (uint32_t i = 0; row != NULL && i < row->field_count; i++) {
            assert_true(i == 0 || row->fields[i].number > row->fields[i - 1].number);
            assert_int_equal(row->fields[i].name_size, strlen(row->fields[i].name));
            assert_true(strlen(row->fields[i].doc) > 3);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_found_by_its_name),
        cmocka_unit_test(commands_require_only_what_they_take),
        cmocka_unit_test(clients_never_set_what_only_the_server_knows),
        cmocka_unit_test(rights_are_as_the_protocol_says),
        cmocka_unit_test(every_room_command_of_the_owner_has_a_right),
        cmocka_unit_test(routes_lead_to_commands_that_take_their_fields),
        cmocka_unit_test(rows_have_rising_tags_and_a_text_each),
    };
    return cmocka_run_group_tests_name("events/commands", tests, NULL, NULL);
}
