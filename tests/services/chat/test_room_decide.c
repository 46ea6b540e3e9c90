/* Who may do what in which room, and what the same command does a second time. */

#include "decide_house.h"

#include <string.h>

/* ---- who may do what */

/* E entries, D already so, f forbidden, n not_found, m not_member, u muted */
static char letter(void)
{
    if (decision.outcome != ROOM_REFUSED) {
        return decision.outcome == ROOM_ENTRIES ? 'E' : decision.outcome == ROOM_DUP ? 'D' : '?';
    }
    static const struct {
        enum err err;
        char letter;
    } letters[] = {
        {ERR_FORBIDDEN, 'f'}, {ERR_NOT_FOUND, 'n'}, {ERR_NOT_MEMBER, 'm'}, {ERR_MUTED, 'u'}};
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (letters[i].err == decision.err) {
            return letters[i].letter;
        }
    }
    return 'x';
}

static const uint16_t callers[] = {OWNER, ADMIN, MEMBER, MUTED, STRANGER, BANNED};

static void may_do(enum room_sort sort, uint64_t type, const char *what, const char *expected)
{
    char got[sizeof(callers) / sizeof(callers[0]) + 1] = "";
    for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++) {
        make_room(sort);
        struct cht_command command = filled(type, callers[i], what);
        decide(&command);
        got[i] = letter();
    }
    if (strcmp(got, expected) != 0) {
        fail_msg("sort %d %s %s: %s, not %s", (int)sort, cht_command_row(type)->wire, what, got,
            expected);
    }
}

static void everybody_may_what_the_table_says_and_nothing_else(void **state)
{
    (void)state;
    /* owner, admin, member, muted, stranger, banned; in groups, private and public channels */
    static const struct {
        uint64_t type;
        const char *what;
        const char *expected[SORT_COUNT];
    } rows[] = {
        {cht_command_type_message_send, "", {"EEEunn", "EEEunn", "EEEumm"}},
        {cht_command_type_message_edit, "member's", {"ffEfnn", "ffEfnn", "ffEfmm"}},
        {cht_command_type_message_delete, "member's", {"EEEfnn", "EEEfnn", "EEEfmm"}},
        {cht_command_type_message_react, "", {"EEEunn", "EEEunn", "EEEumm"}},
        {cht_command_type_room_update, "name", {"EEffnn", "EEffnn", "EEffmm"}},
        {cht_command_type_room_update, "settings", {"Efffnn", "Efffnn", "Efffmm"}},
        {cht_command_type_room_delete, "", {"Efffnn", "Efffnn", "Efffmm"}},
        {cht_command_type_room_join, "", {"ffffnn", "DDDDnn", "DDDDEf"}},
        {cht_command_type_room_leave, "", {"EEEEnn", "EEEEnn", "EEEEnn"}},
        {cht_command_type_room_add, "", {"EEEEnn", "EEffnn", "EEffmm"}},
        {cht_command_type_room_remove, "", {"EEffnn", "EEffnn", "EEffmm"}},
        {cht_command_type_room_ban, "", {"EEffnn", "EEffnn", "EEffmm"}},
        {cht_command_type_room_unban, "", {"EEffnn", "EEffnn", "EEffmm"}},
        {cht_command_type_room_role, "", {"Efffnn", "Efffnn", "Efffmm"}},
        {cht_command_type_room_mute, "", {"EEffnn", "EEffnn", "EEffmm"}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (enum room_sort sort = GROUP; sort < SORT_COUNT; sort++) {
            may_do(sort, rows[i].type, rows[i].what, rows[i].expected[sort]);
        }
    }
}

static void the_two_of_a_direct_room_may_talk_and_hide_it_and_nothing_else(void **state)
{
    (void)state;
    /* whose message it is, the other person, a stranger */
    static const struct {
        uint64_t type;
        const char *expected;
    } rows[] = {
        {cht_command_type_message_send, "EEn"},
        {cht_command_type_message_edit, "Efn"},
        {cht_command_type_message_delete, "Efn"},
        {cht_command_type_message_react, "EEn"},
        {cht_command_type_room_update, "ffn"},
        {cht_command_type_room_delete, "ffn"},
        {cht_command_type_room_join, "ffn"},
        {cht_command_type_room_leave, "EEn"},
        {cht_command_type_room_add, "ffn"},
        {cht_command_type_room_remove, "ffn"},
        {cht_command_type_room_ban, "ffn"},
        {cht_command_type_room_unban, "ffn"},
        {cht_command_type_room_role, "ffn"},
        {cht_command_type_room_mute, "ffn"},
    };
    static const uint16_t three[] = {OWNER, ADMIN, STRANGER};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t k = 0; k < 3; k++) {
            make_direct();
            struct cht_command command = filled(rows[i].type, three[k], "name");
            decide(&command);
            assert_int_equal(letter(), rows[i].expected[k]);
        }
    }
}

static void in_a_room_that_is_gone_nobody_may_anything(void **state)
{
    (void)state;
    for (uint64_t type = cht_command_type_message_send; type <= cht_command_type_room_mute;
         type++) {
        make_room(PUBLIC);
        room_state_apply(&room, next_entry(cht_entry_kind_room_deleted, OWNER), 1, NULL);
        struct cht_command command = filled(type, OWNER, "name");
        decide(&command);
        is_refused(ERR_NOT_FOUND, NULL);
    }
}

static void a_query_is_no_command_of_a_room(void **state)
{
    (void)state;
    struct cht_command command = command_of(cht_command_type_room_history, OWNER);
    decide(&command);
    is_refused(ERR_UNKNOWN_TYPE, NULL);
    command.type = 12345;
    decide(&command);
    is_refused(ERR_UNKNOWN_TYPE, NULL);
}

static void where_only_admins_post_others_may_not_send_nor_react(void **state)
{
    (void)state;
    static const char *const expected = "EEfumm";
    for (size_t i = 0; i < 6; i++) {
        make_room(PUBLIC);
        set_posting(cht_who_admins, 0);
        struct cht_command command = filled(cht_command_type_message_send, callers[i], "");
        decide(&command);
        assert_int_equal(letter(), expected[i]);
        command = filled(cht_command_type_message_react, callers[i], "");
        command.target = room.seq - 1;
        decide(&command);
        assert_int_equal(letter(), expected[i]);
    }
}

static void where_only_admins_add_others_may_not(void **state)
{
    (void)state;
    set_posting(0, cht_who_admins);
    struct cht_command command = filled(cht_command_type_room_add, ADMIN, "");
    decide(&command);
    is_accepted(1);
    command = filled(cht_command_type_room_add, MEMBER, "");
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
}

static void nobody_has_power_over_the_same_or_a_higher_role(void **state)
{
    (void)state;
    static const uint64_t types[] = {
        cht_command_type_room_remove, cht_command_type_room_ban, cht_command_type_room_mute};
    for (size_t i = 0; i < 3; i++) {
        struct cht_command command = filled(types[i], ADMIN, "");
        command.user = user(OWNER);
        decide(&command);
        is_refused(ERR_FORBIDDEN, NULL);
        command = filled(types[i], ADMIN, "");
        command.user = user(ADMIN);
        decide(&command);
        is_refused(ERR_FORBIDDEN, NULL);
    }
}

static void whoever_is_muted_is_told_the_wait_by_the_time_of_sending(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_message_send, MUTED, "");
    decide(&command);
    is_refused(ERR_MUTED, NULL);
    assert_int_equal(decision.retry_after_ms, 4000);
    command.sent_at = START_MS + 5000;
    decide(&command);
    is_accepted(1);
}

static void over_people_who_are_not_there_nobody_has_power(void **state)
{
    (void)state;
    static const uint64_t types[] = {
        cht_command_type_room_remove, cht_command_type_room_role, cht_command_type_room_mute};
    for (size_t i = 0; i < 3; i++) {
        struct cht_command command = filled(types[i], OWNER, "");
        command.user = user(STRANGER);
        decide(&command);
        is_refused(ERR_NOT_MEMBER, NULL);
    }
}

/* ---- repeats */
static void a_repeat_has_the_first_answer(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    decide(&command);
    uint64_t seq = decision.seq, n = decision.n, ts = decision.ts;
    apply();
    message(OWNER, "later");
    facts.now += 5000;
    decide(&command); /* without `after`: the window knows it */
    assert_int_equal(decision.outcome, ROOM_DUP);
    assert_int_equal(decision.seq, seq);
    assert_int_equal(decision.n, n);
    assert_int_equal(decision.ts, ts);
    command.after = seq - 1;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
}

static void a_repeat_is_a_repeat_also_when_its_sender_may_no_longer(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    decide(&command);
    apply();
    seat(MEMBER, cht_role_none, cht_member_state_removed);
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
}

static void the_same_cid_with_other_content_is_a_conflict(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    decide(&command);
    apply();
    command.text = str("something else");
    decide(&command);
    is_refused(ERR_CONFLICT, "cid");
    command.type = cht_command_type_room_leave;
    decide(&command);
    is_refused(ERR_CONFLICT, "cid");
}

static void the_same_cid_of_somebody_else_is_another_command(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    decide(&command);
    apply();
    command.author = user(ADMIN);
    decide(&command);
    is_accepted(1);
}

/* So the window need not make them again. */
static void the_entry_of_a_command_has_the_digests_of_the_command(void **state)
{
    (void)state;
    static const uint64_t types[] = {cht_command_type_message_send, cht_command_type_message_edit,
        cht_command_type_message_react};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        make_room(GROUP);
        struct cht_command command = filled(types[i], MEMBER, "");
        command.text = str(types[i] == cht_command_type_message_react ? "" : "other text");
        command.key = str(types[i] == cht_command_type_message_react ? "+1" : "");
        decide(&command);
        is_accepted(1);
        struct room_digests of_entry = room_digests_of_entry(&decision.entries[0]);
        assert_int_equal(decision.seq, decision.entries[0].seq);
        assert_memory_equal(&decision.known.digests, &of_entry, sizeof(of_entry));
        assert_int_not_equal(of_entry.cid, 0);
        assert_int_not_equal(of_entry.text + of_entry.key, 0);
    }
}

static void below_the_window_the_store_is_asked(void **state)
{
    (void)state;
    make_old_room(START_MS);
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    command.after = 99;
    facts.have = 0;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_NEEDS);
    assert_int_equal(decision.needs, ROOM_FACT_CID);
    command.after = 100;
    decide(&command);
    is_accepted(1);
}

static void without_after_the_store_is_asked_for_ten_minutes(void **state)
{
    (void)state;
    make_old_room(START_MS);
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    facts.have = 0;
    facts.now = START_MS + ROOM_WINDOW_MS - 1;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_NEEDS);
    facts.now = START_MS + ROOM_WINDOW_MS;
    decide(&command);
    is_accepted(1);
}

static void what_the_store_found_is_the_answer(void **state)
{
    (void)state;
    make_old_room(START_MS);
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    decide(&command);
    facts.cid_err = OK;
    facts.cid =
        (struct room_mark){.seq = 50, .n = 40, .ts = 7, .content = decision.entries[0].content};
    command.after = 20;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
    assert_int_equal(decision.seq, 50);
    assert_int_equal(decision.n, 40);
    facts.cid.content++;
    decide(&command);
    is_refused(ERR_CONFLICT, "cid");
}

static void what_is_too_old_to_check_is_a_conflict_if_it_says_how_old(void **state)
{
    (void)state;
    make_old_room(START_MS);
    facts.cid_err = ERR_CONFLICT;
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    command.after = 1;
    decide(&command);
    is_refused(ERR_CONFLICT, "after");
    command.after = 0;
    decide(&command);
    is_accepted(1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everybody_may_what_the_table_says_and_nothing_else),
        TEST(the_two_of_a_direct_room_may_talk_and_hide_it_and_nothing_else),
        TEST(in_a_room_that_is_gone_nobody_may_anything),
        TEST(a_query_is_no_command_of_a_room),
        TEST(where_only_admins_post_others_may_not_send_nor_react),
        TEST(where_only_admins_add_others_may_not),
        TEST(nobody_has_power_over_the_same_or_a_higher_role),
        TEST(whoever_is_muted_is_told_the_wait_by_the_time_of_sending),
        TEST(over_people_who_are_not_there_nobody_has_power),
        TEST(a_repeat_has_the_first_answer),
        TEST(a_repeat_is_a_repeat_also_when_its_sender_may_no_longer),
        TEST(the_same_cid_with_other_content_is_a_conflict),
        TEST(the_same_cid_of_somebody_else_is_another_command),
        TEST(the_entry_of_a_command_has_the_digests_of_the_command),
        TEST(below_the_window_the_store_is_asked),
        TEST(without_after_the_store_is_asked_for_ten_minutes),
        TEST(what_the_store_found_is_the_answer),
        TEST(what_is_too_old_to_check_is_a_conflict_if_it_says_how_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
