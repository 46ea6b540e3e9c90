/* test_hot_pages - pages out of memory: they are what the store answers, after every kind of change
 * and for every reader; they are bounded. */

#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/hot_pages.h"

/* ---- asking */

static char kept[1 << 20];

static void ask_newest(struct cht_id reader, uint64_t limit)
{
    house_ask((struct cht_command){
        .type = cht_command_type_room_history, .author = reader, .room = room_id, .limit = limit});
}

/* A page with a bound is read from the store; this one holds every page. */
static void ask_store(struct cht_id reader, uint64_t limit)
{
    house_ask((struct cht_command){.has = CHT_BIT(command, before_seq),
        .type = cht_command_type_room_history,
        .author = reader,
        .room = room_id,
        .before_seq = 1000000,
        .limit = limit});
}

/* Asked twice, the second one most likely from memory; both are what the store says. */
static void assert_same_as_stored(struct cht_id reader, uint64_t limit)
{
    ask_store(reader, limit);
    uint64_t error = answer_error;
    strcpy(kept, answer);
    for (int i = 0; i < 2; i++) {
        ask_newest(reader, limit);
        assert_int_equal(answer_error, error);
        assert_string_equal(answer, kept);
    }
}

/* The next newest page of the reader comes from memory, or from the store. */
static void assert_hot(struct cht_id reader, bool hot)
{
    uint64_t before = house_hot_answers();
    ask_newest(reader, 0);
    assert_int_equal(house_hot_answers() - before, hot);
}

static void react(struct cht_id user, uint64_t target, const char *key, bool on)
{
    struct cht_entry entry = {.kind = cht_entry_kind_reaction,
        .by = user,
        .target = target,
        .key = contract_str(key),
        .on = on};
    house_append(&entry, 1);
}

static void make_room(void)
{
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_say("hello");
}

/* ---- when a page is kept */

static void a_page_that_was_read_is_in_memory_for_whoever_sees_the_same(void **state)
{
    (void)state;
    make_room();
    assert_hot(bob, false);
    assert_hot(bob, true);
    assert_has("\"text\":\"hello\"");
    assert_hot(ann, true);
    assert_hot(ann, true);
    ask_newest(ann, 7);
    assert_hot(ann, false);
}

static void what_is_acknowledged_is_in_the_next_page(void **state)
{
    (void)state;
    make_room();
    assert_hot(bob, false);
    house_say("and this");
    assert_hot(bob, false);
    assert_has("\"text\":\"and this\"");
    assert_hot(bob, true);
    assert_has("\"text\":\"and this\"");
}

static void a_deleted_text_is_never_given_again(void **state)
{
    (void)state;
    make_room();
    uint64_t target = next_seq;
    assert_hot(bob, false);
    assert_has("hello");
    house_change_message(cht_entry_kind_deleted, target, "");
    ask_newest(bob, 0);
    assert_has_not("hello");
    assert_has("\"deleted\":true");
    ask_newest(bob, 0);
    assert_has_not("hello");
}

static void an_edit_is_shown(void **state)
{
    (void)state;
    make_room();
    uint64_t target = next_seq;
    assert_hot(bob, false);
    house_change_message(cht_entry_kind_edited, target, "good day");
    ask_newest(bob, 0);
    assert_has("\"text\":\"good day\"");
    assert_hot(bob, true);
    assert_has("\"text\":\"good day\"");
}

static void a_page_with_reactions_is_its_readers_own(void **state)
{
    (void)state;
    make_room();
    react(bob, next_seq, "+1", true);
    assert_hot(bob, false);
    assert_has("\"me\":true");
    assert_hot(ann, false);
    assert_has("\"me\":false");
    assert_hot(ann, true);
    assert_has("\"me\":false");
    assert_hot(bob, false);
    assert_has("\"me\":true");
}

static void who_is_removed_gets_no_page(void **state)
{
    (void)state;
    make_room();
    assert_hot(bob, false);
    assert_hot(bob, true);
    house_change_member(bob, cht_member_state_banned, cht_role_none);
    ask_newest(bob, 0);
    assert_int_equal(answer_error, ERR_NOT_FOUND);
    assert_hot(ann, false);
    ask_newest(bob, 0);
    assert_int_equal(answer_error, ERR_NOT_FOUND);
    ask_newest(eve, 0);
    assert_int_equal(answer_error, ERR_NOT_FOUND);
}

/* ---- a page whose room changes behind it, while the names beside it are asked for */

static struct users_get_op *held;

static void hold_names(struct users *users, struct users_get_op *op)
{
    (void)users;
    held = op;
}

static bool is_held(void *context)
{
    (void)context;
    return held != NULL;
}

static void a_page_that_was_read_before_a_change_is_not_kept_after_it(void **state)
{
    (void)state;
    make_room();
    house_hurry();
    const struct users_ops *ops = engine->users->ops;
    struct users_ops slow = *ops;
    slow.get = hold_names;
    engine->users->ops = &slow;
    held = NULL;
    uint32_t before = answers;
    house_post_question((struct cht_command){
        .type = cht_command_type_room_history, .author = bob, .room = room_id});
    assert_true(test_loop_run_until(&engine->loop, is_held, NULL));
    engine->users->ops = ops;
    house_say("meanwhile");
    house_hurry();
    ops->get(engine->users, held);
    house_wait_answers(before);
    assert_has_not("meanwhile");
    assert_hot(bob, false);
    assert_has("\"text\":\"meanwhile\"");
}

static void nobody_sees_the_past_of_another(void **state)
{
    (void)state;
    make_room();
    house_set_history(cht_history_from_joined);
    house_change_member(eve, cht_member_state_joined, cht_role_member);
    assert_hot(bob, false);
    assert_has("hello");
    assert_hot(eve, false);
    assert_has_not("hello");
    assert_hot(eve, true);
    assert_has_not("hello");
    assert_hot(bob, false);
    assert_has("hello");
}

static void a_name_is_the_newest(void **state)
{
    (void)state;
    struct users_create_op made = {.user = {.id = ann,
                                       .username = contract_str("ann"),
                                       .display_name = contract_str("Ann"),
                                       .password_hash = contract_str("h"),
                                       .token_version = 1,
                                       .row_version = 1}};
    assert_int_equal(ASK(engine, users_create, engine->users, &made), OK);
    make_room();
    assert_hot(bob, false);
    assert_has("\"display_name\":\"Ann\"");
    struct users_change_op change = {.user = made.user};
    change.user.display_name = contract_str("Annabel");
    assert_int_equal(ASK(engine, users_change, engine->users, &change), OK);
    assert_hot(bob, false);
    assert_has("\"display_name\":\"Annabel\"");
    assert_hot(bob, true);
}

static void a_page_older_than_what_the_asker_has_seen_is_not_given(void **state)
{
    (void)state;
    make_room();
    assert_hot(bob, false);
    uint32_t before = answers;
    house_post_question((struct cht_command){.type = cht_command_type_room_history,
        .author = bob,
        .room = room_id,
        .at_least = next_seq + 1});
    house_pass(3000, 50, before + 1);
    house_wait_answers(before);
    assert_int_equal(answer_error, ERR_UNAVAILABLE);
}

/* ---- every change, at random */

static void change_something(unsigned *dice)
{
    char text[32];
    uint64_t target = 1 + (uint64_t)rand_r(dice) % next_seq;
    struct cht_id user = house_person(rand_r(dice) % 3);
    snprintf(text, sizeof(text), "text %llu", (unsigned long long)next_seq);
    switch (rand_r(dice) % 7) {
    case 0:
    case 1:
        house_say(text);
        break;
    case 2:
        house_change_message(cht_entry_kind_edited, target, text);
        break;
    case 3:
        house_change_message(cht_entry_kind_deleted, target, "");
        break;
    case 4:
        react(user, target, "+1", rand_r(dice) % 3 > 0);
        break;
    case 5:
        house_set_history(rand_r(dice) % 2 ? cht_history_from_joined : cht_history_from_all);
        break;
    default:
        house_change_member(user,
            rand_r(dice) % 2 ? cht_member_state_joined : cht_member_state_left, cht_role_member);
        break;
    }
}

static void after_any_change_a_page_is_what_the_store_answers(void **state)
{
    (void)state;
    make_room();
    unsigned dice = 11;
    for (int i = 0; i < 150; i++) {
        change_something(&dice);
        for (int asked = 0; asked < 3; asked++) {
            assert_same_as_stored(house_person(rand_r(&dice) % 3), rand_r(&dice) % 2 ? 3 : 50);
        }
    }
    assert_true(house_hot_answers() > 100);
}

/* ---- bounds, of the pages alone */

static const uint64_t secret[2] = {1, 2};

static struct hot_page *find(struct hot_pages *pages, uint32_t room)
{
    struct cht_id id = contract_id(room);
    return hot_pages_find(pages, &id, 50, &(struct hot_stamp){2, 2});
}

static void keep(struct hot_pages *pages, uint32_t room, struct hot_stamp stamp, uint32_t bytes)
{
    struct cht_id id = contract_id(room);
    struct hot_page page = {.stamp = stamp, .limit = 50, .body = buf_create(bytes)};
    hot_pages_keep(pages, &id, &page);
    buf_unref(page.body);
}

static void the_page_used_longest_ago_makes_room(void **state)
{
    (void)state;
    struct hot_pages *pages = hot_pages_create(2, 1 << 20, secret);
    keep(pages, 1, (struct hot_stamp){2, 2}, 10);
    keep(pages, 2, (struct hot_stamp){2, 2}, 10);
    assert_non_null(find(pages, 1));
    keep(pages, 3, (struct hot_stamp){2, 2}, 10);
    assert_non_null(find(pages, 1));
    assert_null(find(pages, 2));
    assert_non_null(find(pages, 3));
    hot_pages_destroy(pages);
}

static void pages_are_bounded_in_bytes(void **state)
{
    (void)state;
    struct hot_pages *pages = hot_pages_create(100, 10000, secret);
    for (uint32_t room = 1; room <= 9; room++) {
        keep(pages, room, (struct hot_stamp){2, 2}, 3000);
    }
    assert_null(find(pages, 7));
    assert_non_null(find(pages, 8));
    assert_non_null(find(pages, 9));
    keep(pages, 8, (struct hot_stamp){2, 2}, 20000);
    assert_non_null(find(pages, 9));
    hot_pages_destroy(pages);
}

static void a_page_under_another_stamp_is_forgotten(void **state)
{
    (void)state;
    struct hot_pages *pages = hot_pages_create(2, 1 << 20, secret);
    keep(pages, 1, (struct hot_stamp){4, 2}, 10);
    assert_null(find(pages, 1));
    keep(pages, 1, (struct hot_stamp){2, 4}, 10);
    assert_null(find(pages, 1));
    keep(pages, 1, (struct hot_stamp){0, 2}, 10);
    struct cht_id room = contract_id(1);
    assert_null(hot_pages_find(pages, &room, 50, &(struct hot_stamp){0, 2}));
    keep(pages, 1, (struct hot_stamp){2, 2}, 10);
    assert_non_null(find(pages, 1));
    hot_pages_destroy(pages);
}

static void without_room_nothing_is_kept(void **state)
{
    (void)state;
    struct hot_pages *pages = hot_pages_create(0, 1 << 20, secret);
    keep(pages, 1, (struct hot_stamp){2, 2}, 10);
    assert_null(find(pages, 1));
    hot_pages_destroy(pages);
}

static void only_the_newest_readers_are_remembered(void **state)
{
    (void)state;
    struct hot_page page = {.limit = 50};
    for (uint32_t i = 0; i <= HOT_READERS; i++) {
        struct cht_id reader = contract_id(i);
        assert_false(hot_page_is_for(&page, &reader));
        hot_page_add_reader(&page, &reader);
    }
    struct cht_id first = contract_id(0), last = contract_id(HOT_READERS);
    assert_false(hot_page_is_for(&page, &first));
    assert_true(hot_page_is_for(&page, &last));
}

#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOUSE(a_page_that_was_read_is_in_memory_for_whoever_sees_the_same),
        IN_HOUSE(what_is_acknowledged_is_in_the_next_page),
        IN_HOUSE(a_deleted_text_is_never_given_again),
        IN_HOUSE(an_edit_is_shown),
        IN_HOUSE(a_page_with_reactions_is_its_readers_own),
        IN_HOUSE(who_is_removed_gets_no_page),
        IN_HOUSE(a_page_that_was_read_before_a_change_is_not_kept_after_it),
        IN_HOUSE(nobody_sees_the_past_of_another),
        IN_HOUSE(a_name_is_the_newest),
        IN_HOUSE(a_page_older_than_what_the_asker_has_seen_is_not_given),
        IN_HOUSE(after_any_change_a_page_is_what_the_store_answers),
        cmocka_unit_test(the_page_used_longest_ago_makes_room),
        cmocka_unit_test(pages_are_bounded_in_bytes),
        cmocka_unit_test(a_page_under_another_stamp_is_forgotten),
        cmocka_unit_test(without_room_nothing_is_kept),
        cmocka_unit_test(only_the_newest_readers_are_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
