/* test_query_history - pages of messages and of the log: both ways, at their borders, from where
 * the asker may see, and not before what the asker has seen is there. */

#include "house.h"

#include <stdio.h>
#include <string.h>

#include "ports/rooms.h"

#define MESSAGES 10u

/* ---- pages */

/* Entries 1-3 make the room; then each message has a reaction behind it, so the messages are at 4,
 * 6, 8, ... 22. */
static void fill_room(void)
{
    house_create_room(cht_room_kind_group, cht_visibility_private);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        char text[16];
        snprintf(text, sizeof(text), "m%u", i);
        house_say(text);
        struct cht_entry reaction = {.kind = cht_entry_kind_reaction,
            .by = bob,
            .target = next_seq,
            .key = contract_str("+1"),
            .on = true};
        house_append(&reaction, 1);
    }
}

/* The seqs of a page, "4 6 8", and whether there is more: "4 6 8 +". */
static const char *page(void)
{
    static char seqs[400];
    size_t used = 0;
    const char *end = strstr(answer, "],\"head\":");
    assert_non_null(end);
    const char *at = answer;
    while ((at = strstr(at, ",\"seq\":")) != NULL && at < end) {
        unsigned seq = 0;
        at += 7;
        assert_int_equal(sscanf(at, "%u", &seq), 1);
        used += (size_t)snprintf(seqs + used, sizeof(seqs) - used, used ? " %u" : "%u", seq);
    }
    snprintf(seqs + used, sizeof(seqs) - used, "%s", strstr(end, "\"more\":true") ? " +" : "");
    return seqs;
}

enum bound { NEWEST, BEFORE, AFTER, AROUND };

static const char *ask_page(
    enum cht_command_type type, enum bound bound, uint64_t seq, uint64_t limit)
{
    struct cht_command command = {.type = type, .author = bob, .room = room_id, .limit = limit};
    switch (bound) {
    case NEWEST:
        break;
    case BEFORE:
        command.has = CHT_BIT(command, before_seq);
        command.before_seq = seq;
        break;
    case AFTER:
        command.has = CHT_BIT(command, after_seq);
        command.after_seq = seq;
        break;
    case AROUND:
        command.has = CHT_BIT(command, around_seq);
        command.around_seq = seq;
        break;
    }
    house_ask(command);
    assert_int_equal(answer_error, OK);
    return page();
}

static const struct {
    enum cht_command_type type;
    enum bound bound;
    uint64_t seq, limit;
    const char *page;
} pages[] = {
    {cht_command_type_room_history, NEWEST, 0, 3, "18 20 22 +"},
    {cht_command_type_room_history, NEWEST, 0, 10, "4 6 8 10 12 14 16 18 20 22"},
    {cht_command_type_room_history, NEWEST, 0, 100, "4 6 8 10 12 14 16 18 20 22"},
    /* back to the beginning */
    {cht_command_type_room_history, BEFORE, 18, 3, "12 14 16 +"},
    {cht_command_type_room_history, BEFORE, 12, 3, "6 8 10 +"},
    {cht_command_type_room_history, BEFORE, 6, 3, "4"},
    {cht_command_type_room_history, BEFORE, 5, 3, "4"},
    {cht_command_type_room_history, BEFORE, 4, 3, ""},
    {cht_command_type_room_history, BEFORE, 1, 3, ""},
    {cht_command_type_room_history, BEFORE, 1000, 3, "18 20 22 +"},
    /* on to the head */
    {cht_command_type_room_history, AFTER, 0, 3, "4 6 8 +"},
    {cht_command_type_room_history, AFTER, 4, 3, "6 8 10 +"},
    {cht_command_type_room_history, AFTER, 5, 3, "6 8 10 +"},
    {cht_command_type_room_history, AFTER, 16, 3, "18 20 22"},
    {cht_command_type_room_history, AFTER, 20, 3, "22"},
    {cht_command_type_room_history, AFTER, 22, 3, ""},
    {cht_command_type_room_history, AFTER, 23, 3, ""},
    {cht_command_type_room_history, AFTER, 1000, 3, ""},
    /* the log has every entry */
    {cht_command_type_room_events, NEWEST, 0, 2, "22 23 +"},
    {cht_command_type_room_events, BEFORE, 4, 2, "2 3 +"},
    {cht_command_type_room_events, BEFORE, 3, 2, "1 2"},
    {cht_command_type_room_events, BEFORE, 1, 2, ""},
    {cht_command_type_room_events, AFTER, 0, 2, "1 2 +"},
    {cht_command_type_room_events, AFTER, 20, 3, "21 22 23"},
    {cht_command_type_room_events, AFTER, 23, 3, ""},
    {cht_command_type_room_events, AFTER, 1000, 3, ""},
};

static void a_page_is_what_its_bound_says(void **state)
{
    (void)state;
    fill_room();
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        const char *got = ask_page(pages[i].type, pages[i].bound, pages[i].seq, pages[i].limit);
        if (strcmp(got, pages[i].page) != 0) {
            fail_msg("row %zu: %s instead of %s", i, got, pages[i].page);
        }
        assert_has("\"head\":23");
    }
}

static void a_page_around_a_message_has_it_and_its_neighbours(void **state)
{
    (void)state;
    fill_room();
    const char *middle = ask_page(cht_command_type_room_history, AROUND, 12, 5);
    assert_non_null(strstr(middle, "10 12 14"));
    const char *first = ask_page(cht_command_type_room_history, AROUND, 1, 3);
    assert_memory_equal(first, "4", 1);
    const char *last = ask_page(cht_command_type_room_history, AROUND, 1000, 3);
    assert_non_null(strstr(last, "22"));
}

static void the_whole_room_is_walked_once(void **state)
{
    (void)state;
    fill_room();
    uint32_t seen = 0;
    for (uint64_t seq = 0; ask_page(cht_command_type_room_history, AFTER, seq, 4)[0] != '\0';) {
        for (const char *at = page(); at && *at >= '0';
             at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL) {
            unsigned next = 0;
            assert_int_equal(sscanf(at, "%u", &next), 1);
            assert_int_equal(next, 4 + 2 * seen);
            seq = next;
            seen++;
        }
    }
    assert_int_equal(seen, MESSAGES);
}

static void a_limit_above_100_is_cut(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    static struct cht_entry entries[105];
    for (size_t i = 0; i < 105; i++) {
        entries[i] = (struct cht_entry){.kind = cht_entry_kind_message,
            .by = ann,
            .text = contract_str("x"),
            .cid = contract_str("c")};
    }
    house_append(entries, 105);
    const char *got = ask_page(cht_command_type_room_history, AFTER, 0, 5000);
    assert_memory_equal(got, "4 5 6", 5);
    assert_non_null(strstr(got, " 103 +"));
    assert_null(strstr(got, " 104"));
}

/* ---- who may see what */

static void who_was_banned_reads_nothing_more(void **state)
{
    (void)state;
    static const enum cht_command_type types[] = {cht_command_type_room_history,
        cht_command_type_room_events, cht_command_type_room_members, cht_command_type_search};
    house_create_room(cht_room_kind_channel, cht_visibility_private);
    house_say("secret");
    house_change_member(bob, cht_member_state_banned, cht_role_none);
    house_say("more secret");
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        house_ask((struct cht_command){
            .type = types[i], .author = bob, .room = room_id, .q = contract_str("secret")});
        assert_int_equal(answer_error, ERR_NOT_FOUND);
    }
    house_ask((struct cht_command){
        .type = cht_command_type_search, .author = bob, .q = contract_str("secret")});
    assert_has("\"hits\":[]");
    house_ask((struct cht_command){.type = cht_command_type_sync, .author = bob, .events = 20});
    assert_has_not("secret");
    house_change_member(bob, cht_member_state_unbanned, cht_role_none);
    house_ask_room(cht_command_type_room_history, bob);
    assert_int_equal(answer_error, ERR_NOT_FOUND);
}

/* ---- a page that is read while its reader has to go */

static struct history_messages_op *held;

static void hold_messages(struct history *history, struct history_messages_op *op)
{
    (void)history;
    held = op;
}

static bool is_held(void *context)
{
    (void)context;
    return held != NULL;
}

static void who_has_to_go_while_a_page_is_read_is_not_shown_what_is_said_after(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_say("before");
    house_hurry();
    const struct history_ops *ops = engine->history->ops;
    struct history_ops slow = *ops;
    slow.messages = hold_messages;
    engine->history->ops = &slow;
    held = NULL;
    answers = 0;
    house_post_question((struct cht_command){
        .type = cht_command_type_room_history, .author = bob, .room = room_id});
    assert_true(test_loop_run_until(&engine->loop, is_held, NULL));
    engine->history->ops = ops;
    house_change_member(bob, cht_member_state_removed, cht_role_none);
    house_say("after");
    house_hurry();
    ops->messages(engine->history, held);
    house_wait_answers(0);
    assert_int_equal(answer_error, ERR_NOT_FOUND);
}

static void who_was_banned_from_a_public_channel_sees_its_door_alone(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_channel, cht_visibility_public);
    house_say("secret");
    house_change_member(bob, cht_member_state_banned, cht_role_none);
    house_ask_room(cht_command_type_room_history, bob);
    assert_int_equal(answer_error, ERR_NOT_MEMBER);
    house_ask_room(cht_command_type_room_get, bob);
    assert_int_equal(answer_error, OK);
    assert_has_not("secret");
}

static void hide_the_past(void)
{
    struct cht_entry entry = {
        .kind = cht_entry_kind_updated, .by = ann, .history = cht_history_from_joined};
    house_append(&entry, 1);
}

static void assert_sees_none_of(const char *text, struct cht_id user)
{
    static const enum cht_command_type types[] = {cht_command_type_room_history,
        cht_command_type_room_events, cht_command_type_room_get, cht_command_type_room_list,
        cht_command_type_sync, cht_command_type_search};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        for (int bounded = 0; bounded < 2; bounded++) {
            house_ask((struct cht_command){.has = bounded ? CHT_BIT(command, after_seq) : 0,
                .type = types[i],
                .author = user,
                .room = room_id,
                .events = 20,
                .q = contract_str(text)});
            assert_int_equal(answer_error, OK);
            assert_has_not(text);
        }
    }
}

static void who_joins_a_room_that_hides_its_past_sees_from_there_on(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    hide_the_past();
    house_say("before");
    house_change_member(eve, cht_member_state_joined, cht_role_member);
    uint64_t joined = next_seq;
    assert_sees_none_of("before", eve);
    house_say("after");
    assert_sees_none_of("before", eve);
    house_ask_room(cht_command_type_room_history, eve);
    assert_has("\"text\":\"after\"");
    assert_has("\"more\":false");
    house_ask((struct cht_command){.has = CHT_BIT(command, before_seq),
        .type = cht_command_type_room_history,
        .author = eve,
        .room = room_id,
        .before_seq = joined});
    assert_has("\"messages\":[]");
    assert_has("\"more\":false");
    house_ask_room(cht_command_type_room_history, bob);
    assert_has("\"text\":\"before\"");
}

static void who_comes_back_to_a_room_that_hides_its_past_begins_anew(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    hide_the_past();
    house_say("before");
    house_change_member(bob, cht_member_state_left, cht_role_none);
    house_say("meanwhile");
    house_change_member(bob, cht_member_state_joined, cht_role_member);
    house_say("after");
    assert_sees_none_of("before", bob);
    assert_sees_none_of("meanwhile", bob);
    house_ask_room(cht_command_type_room_history, bob);
    assert_has("\"text\":\"after\"");
}

static void an_open_past_is_seen_by_who_comes_later(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_say("before");
    house_change_member(eve, cht_member_state_joined, cht_role_member);
    house_ask_room(cht_command_type_room_history, eve);
    assert_has("\"text\":\"before\"");
}

/* ---- beside the messages */

static struct user make_user(struct cht_id id, const char *name)
{
    struct users_create_op op = {.user = {.id = id,
                                     .username = contract_str(name),
                                     .display_name = contract_str("Display of it"),
                                     .password_hash = contract_str("h"),
                                     .row_version = 1}};
    assert_int_equal(ASK(engine, users_create, engine->users, &op), OK);
    struct users_get_op got = {.ids = &id, .id_count = 1};
    assert_int_equal(ASK(engine, users_get, engine->users, &got), OK);
    struct user user = {.id = id,
        .row_version = got.users[0].row_version,
        .token_version = got.users[0].token_version + 1};
    arena_deinit(&got.arena);
    return user;
}

static void a_deleted_user_has_no_name_beside_the_messages(void **state)
{
    (void)state;
    struct user user = make_user(ann, "annsname");
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_say("I was here");
    house_ask_room(cht_command_type_room_history, bob);
    assert_has("annsname");
    assert_has("Display of it");
    struct users_change_op change = {.user = user};
    change.user.deleted = true;
    change.user.display_name = change.user.bio = change.user.password_hash = contract_str("");
    assert_int_equal(ASK(engine, users_change, engine->users, &change), OK);
    static const enum cht_command_type types[] = {cht_command_type_room_history,
        cht_command_type_room_events, cht_command_type_room_members, cht_command_type_room_list,
        cht_command_type_sync};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        house_ask_room(types[i], bob);
        assert_int_equal(answer_error, OK);
        assert_has_not("annsname");
        assert_has_not("Display of it");
    }
    house_ask_room(cht_command_type_room_history, bob);
    assert_has("\"text\":\"I was here\"");
}

static void mention_bob(void)
{
    struct cht_entry entry = {.kind = cht_entry_kind_message,
        .by = ann,
        .text = contract_str("@bob"),
        .cid = contract_str("c"),
        .mentions = {&bob, 1}};
    house_append(&entry, 1);
}

static void a_mention_is_shown_until_it_is_read(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    mention_bob();
    house_say("and on");
    house_ask_room(cht_command_type_room_get, bob);
    assert_has("\"mentioned\":true");
    house_ask_room(cht_command_type_room_get, ann);
    assert_has("\"mentioned\":false");
    house_ask_room(cht_command_type_room_history, bob);
    assert_has("\"mentions\":[\"");
    struct rooms_cursor_op read = {.room = room_id, .user = bob, .read_n = 1};
    assert_int_equal(ASK(engine, rooms_set_cursor, engine->rooms, &read), OK);
    house_ask_room(cht_command_type_room_get, bob);
    assert_has("\"mentioned\":false");
    assert_has("\"unread\":1");
}

static void who_is_mentioned_has_a_name_beside_the_messages(void **state)
{
    (void)state;
    make_user(bob, "bobsname");
    house_create_room(cht_room_kind_group, cht_visibility_private);
    mention_bob();
    house_ask_room(cht_command_type_room_history, ann);
    assert_has("\"username\":\"bobsname\"");
}

/* ---- at_least */

static void post_at_least(uint64_t seq)
{
    house_post_question((struct cht_command){
        .type = cht_command_type_room_history, .author = bob, .room = room_id, .at_least = seq});
}

static void what_is_there_already_is_answered_at_once(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_say("one");
    answers = 0;
    post_at_least(next_seq);
    house_wait_answers(0);
    assert_int_equal(answer_error, OK);
    assert_has("\"text\":\"one\"");
}

static void what_comes_while_it_is_waited_for_is_answered(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    answers = 0;
    post_at_least(next_seq + 1);
    house_pass(500, 50, 1);
    assert_int_equal(answers, 0);
    house_say("late");
    /* When it is answered the store has it, and the other answer comes, or has come before. */
    house_ask_room(cht_command_type_room_history, ann);
    house_pass(1000, 1, 2);
    house_wait_answers(1);
    assert_int_equal(answer_error, OK);
    assert_has("\"text\":\"late\"");
}

static void what_does_not_come_in_2_s_is_unavailable(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    answers = 0;
    post_at_least(next_seq + 1);
    house_pass(1900, 50, 1);
    assert_int_equal(answers, 0);
    house_pass(1000, 50, 1);
    house_wait_answers(0);
    assert_int_equal(answer_error, ERR_UNAVAILABLE);
}

/* No time passes, so what is answered has waited for nothing. */
static void a_user_waits_for_few_things_at_a_time(void **state)
{
    (void)state;
    static const enum cht_command_type types[] = {cht_command_type_room_get,
        cht_command_type_room_members, cht_command_type_room_history, cht_command_type_room_events};
    house_create_room(cht_room_kind_group, cht_visibility_private);
    for (uint32_t i = 0; i < HOUSE_WAITS_OF_USER; i++) {
        post_at_least((UINT64_C(1) << 53) - 1);
    }
    answers = 0;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        house_ask((struct cht_command){
            .type = types[i], .author = bob, .room = room_id, .at_least = next_seq + 1});
        assert_int_equal(answer_error, ERR_UNAVAILABLE);
    }
    assert_int_equal(answers, sizeof(types) / sizeof(types[0]));
    house_ask_room(cht_command_type_room_history, bob);
    assert_int_equal(answer_error, OK);
    house_pass(2500, 50, answers + HOUSE_WAITS_OF_USER);
    answers = 0;
    post_at_least(next_seq + 1); /* the places are there again */
    house_pass(500, 50, 1);
    assert_int_equal(answers, 0);
}

/* ---- a store that is behind the log */

static struct history_write_op *held_write;
static const struct history_ops *true_ops;
static struct history_ops stopped_ops;

static void hold_write(struct history *history, struct history_write_op *op)
{
    (void)history;
    assert_null(held_write);
    held_write = op;
}

/* What is said from here on is in the log alone. */
static void stop_the_store(void)
{
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_say("stored");
    house_hurry();
    true_ops = engine->history->ops;
    stopped_ops = *true_ops;
    stopped_ops.write = hold_write;
    engine->history->ops = &stopped_ops;
    held_write = NULL;
    house_say("in the log alone");
    answers = 0;
}

static bool is_write_held(void *context)
{
    (void)context;
    return held_write != NULL;
}

static void let_the_store_go_on(void)
{
    assert_true(test_loop_run_until(&engine->loop, is_write_held, NULL));
    engine->history->ops = true_ops;
    true_ops->write(engine->history, held_write);
}

static void what_the_store_gets_while_it_is_waited_for_is_answered(void **state)
{
    (void)state;
    stop_the_store();
    post_at_least(next_seq);
    house_pass(500, 50, 1);
    assert_int_equal(answers, 0);
    let_the_store_go_on();
    house_wait_answers(0);
    assert_int_equal(answer_error, OK);
    assert_has("\"text\":\"in the log alone\"");
}

static void what_the_store_does_not_get_in_2_s_is_unavailable(void **state)
{
    (void)state;
    stop_the_store();
    post_at_least(next_seq);
    house_pass(1900, 50, 1);
    assert_int_equal(answers, 0);
    house_pass(1000, 50, 1);
    house_wait_answers(0);
    assert_int_equal(answer_error, ERR_UNAVAILABLE);
    let_the_store_go_on();
}

static void a_shorter_wait_acts_on_the_next_question(void **state)
{
    (void)state;
    stop_the_store();
    house_set(&(struct message_settings){.fresh_wait_ms = 300, .retry_ms = 200, .queries_max = 0});
    post_at_least(next_seq);
    house_pass(250, 50, 1);
    assert_int_equal(answers, 0);
    house_pass(500, 50, 1);
    house_wait_answers(0);
    assert_int_equal(answer_error, ERR_UNAVAILABLE);
    let_the_store_go_on();
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        T(a_page_is_what_its_bound_says),
        T(a_page_around_a_message_has_it_and_its_neighbours),
        T(the_whole_room_is_walked_once),
        T(a_limit_above_100_is_cut),
        T(who_was_banned_reads_nothing_more),
        T(who_has_to_go_while_a_page_is_read_is_not_shown_what_is_said_after),
        T(who_was_banned_from_a_public_channel_sees_its_door_alone),
        T(who_joins_a_room_that_hides_its_past_sees_from_there_on),
        T(who_comes_back_to_a_room_that_hides_its_past_begins_anew),
        T(an_open_past_is_seen_by_who_comes_later),
        T(a_deleted_user_has_no_name_beside_the_messages),
        T(a_mention_is_shown_until_it_is_read),
        T(who_is_mentioned_has_a_name_beside_the_messages),
        T(what_is_there_already_is_answered_at_once),
        T(what_comes_while_it_is_waited_for_is_answered),
        T(what_does_not_come_in_2_s_is_unavailable),
        T(a_user_waits_for_few_things_at_a_time),
        T(what_the_store_gets_while_it_is_waited_for_is_answered),
        T(what_the_store_does_not_get_in_2_s_is_unavailable),
        T(a_shorter_wait_acts_on_the_next_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
