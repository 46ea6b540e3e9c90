/* Public names: taken is what is taken when the store knows all that was durable. */

#include "house.h"

#include <string.h>

/* Makes a public channel, whose name the store says another room has. */
static void ask_for_a_taken_name(struct house *house)
{
    struct cht_command command = house_command(house, cht_command_type_room_create, 1);
    command.kind = cht_room_kind_channel;
    command.visibility = cht_visibility_public;
    command.name = house_str("tea");
    house->name_taken = true;
    house_do(house, &command);
}

static void is_heard(struct house *house, const char *text)
{
    const char *heard = house_heard(house);
    if (!strstr(heard, text)) {
        fail_msg("not %s in: %s", text, heard);
    }
}

static void a_name_that_was_given_up_is_free_when_the_store_knows(void **state)
{
    struct house *house = *state;
    ask_for_a_taken_name(house);
    house_pass(house, 500);
    assert_string_equal(house_heard(house), "");
    assert_true(house->wanted_index > 0);
    house->name_taken = false;
    house->stored_index = UINT64_MAX;
    house_pass(house, 100);
    is_heard(house, " ok #1 ");
}

static void a_name_that_is_taken_when_all_is_stored_is_a_conflict(void **state)
{
    struct house *house = *state;
    house->stored_index = UINT64_MAX;
    ask_for_a_taken_name(house);
    house_pass(house, 100);
    is_heard(house, " conflict");
}

static void a_store_that_does_not_get_there_is_unavailable(void **state)
{
    struct house *house = *state;
    ask_for_a_taken_name(house);
    house_pass(house, 3000);
    is_heard(house, " unavailable\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_that_was_given_up_is_free_when_the_store_knows),
        TEST(a_name_that_is_taken_when_all_is_stored_is_a_conflict),
        TEST(a_store_that_does_not_get_there_is_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
