/* What records mean for the store. */

#include "test.h"

#include <string.h>

#include "base/mem.h"
#include "message/project.h"

struct fixture {
    struct project_room room;
    struct project_changes changes;
    struct arena arena;
};

static const struct cht_id room_id = {{1}};
static const struct cht_id ann = {{2}};
static const struct cht_id bob = {{3}};

static int setup(void **state)
{
    struct fixture *f = mem_new(sizeof(*f));
    project_room_clear(&f->room, &room_id);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    arena_deinit(&f->arena);
    mem_free(f->changes.at);
    mem_free(f);
    return 0;
}

static void project(struct fixture *f, struct cht_entry *entries, uint32_t count)
{
    struct cht_record record = {
        .term = 1, .index = 1, .room = room_id, .entries = {entries, count}};
    f->changes.count = 0;
    project_record(&f->room, &record, &f->arena, &f->changes);
}

static const struct history_change *find(const struct fixture *f, enum history_change_kind kind)
{
    for (uint32_t i = 0; i < f->changes.count; i++) {
        if (f->changes.at[i].kind == kind) {
            return &f->changes.at[i];
        }
    }
    return NULL;
}

static void create_room(struct fixture *f, enum cht_room_kind kind)
{
    struct cht_entry entries[3] = {
        {.kind = cht_entry_kind_created,
            .seq = 1,
            .ts = 5,
            .by = ann,
            .room_kind = kind,
            .name = str("tea")},
        {.kind = cht_entry_kind_member,
            .seq = 2,
            .ts = 5,
            .user = ann,
            .role = cht_role_owner,
            .state = cht_member_state_joined,
            .members = 1},
        {.kind = cht_entry_kind_member,
            .seq = 3,
            .ts = 5,
            .user = bob,
            .role = cht_role_member,
            .state = cht_member_state_joined,
            .members = 2},
    };
    project(f, entries, 3);
}

static void say(struct fixture *f, uint64_t seq, uint64_t n, const char *text)
{
    struct cht_entry entry = {.kind = cht_entry_kind_message,
        .seq = seq,
        .n = n,
        .ts = 9,
        .by = ann,
        .text = str(text),
        .mentions = {(struct cht_id *)&bob, 1}};
    project(f, &entry, 1);
}

static void a_new_room_is_written_with_its_members(void **state)
{
    struct fixture *f = *state;
    create_room(f, cht_room_kind_group);
    const struct history_change *room = find(f, CHANGE_ROOM);
    assert_non_null(room);
    assert_int_equal(room->meta->kind, cht_room_kind_group);
    assert_true(cht_str_equal(room->meta->name, str("tea")));
    assert_true(cht_id_equal(&room->meta->creator, &ann));
    const struct history_change *member = find(f, CHANGE_MEMBER);
    assert_non_null(member);
    assert_int_equal(member->member->joined_seq, 2);
    assert_int_equal(member->member->role, cht_role_owner);
    assert_int_equal(f->room.head.members, 2);
    assert_int_equal(f->room.head.seq, 3);
}

static void a_direct_room_knows_its_two_people(void **state)
{
    struct fixture *f = *state;
    create_room(f, cht_room_kind_direct);
    const struct history_change *room = find(f, CHANGE_ROOM);
    assert_non_null(room);
    assert_true(cht_id_equal(&room->meta->pair[0], &ann));
    assert_true(cht_id_equal(&room->meta->pair[1], &bob));
}

static void who_leaves_a_direct_room_hides_it(void **state)
{
    struct fixture *f = *state;
    create_room(f, cht_room_kind_direct);
    struct cht_entry leave = {.kind = cht_entry_kind_member,
        .seq = 4,
        .ts = 6,
        .user = bob,
        .state = cht_member_state_left,
        .quiet = true};
    project(f, &leave, 1);
    const struct history_change *member = find(f, CHANGE_MEMBER);
    assert_non_null(member);
    assert_true(member->hidden);
    assert_int_equal(member->member->state, cht_member_state_joined);
    assert_int_equal(f->room.head.loud_seq, 3);
}

static void a_direct_room_shows_again_with_the_first_message_after_somebody_hid_it(void **state)
{
    struct fixture *f = *state;
    struct cht_entry leave = {.kind = cht_entry_kind_member,
        .seq = 6,
        .ts = 6,
        .user = bob,
        .state = cht_member_state_left};
    create_room(f, cht_room_kind_direct);
    say(f, 4, 1, "nobody knows who hid it before");
    assert_true(find(f, CHANGE_SENT)->hidden);
    say(f, 5, 2, "nobody has since");
    assert_false(find(f, CHANGE_SENT)->hidden);
    project(f, &leave, 1);
    say(f, 7, 3, "come back");
    assert_true(find(f, CHANGE_SENT)->hidden);
}

static void a_group_is_never_hidden(void **state)
{
    struct fixture *f = *state;
    create_room(f, cht_room_kind_group);
    say(f, 4, 1, "hello");
    assert_false(find(f, CHANGE_SENT)->hidden);
}

static void a_message_moves_its_sender_and_mentions(void **state)
{
    struct fixture *f = *state;
    create_room(f, cht_room_kind_group);
    say(f, 4, 1, "hello");
    assert_non_null(find(f, CHANGE_MESSAGE));
    assert_non_null(find(f, CHANGE_ENTRY));
    const struct history_change *sent = find(f, CHANGE_SENT);
    assert_non_null(sent);
    assert_int_equal(sent->read_n, 1);
    assert_true(cht_id_equal(&sent->user, &ann));
    const struct history_change *mention = find(f, CHANGE_MENTION);
    assert_non_null(mention);
    assert_true(cht_id_equal(&mention->user, &bob));
    assert_int_equal(mention->n, 1);
    assert_true(cht_str_equal(f->room.head.last_text, str("hello")));
}

static uint32_t count_sent(const struct fixture *f)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < f->changes.count; i++) {
        count += f->changes.at[i].kind == CHANGE_SENT;
    }
    return count;
}

static void what_one_sends_in_a_row_is_one_change_up_to_a_membership(void **state)
{
    struct fixture *f = *state;
    create_room(f, cht_room_kind_group);
    struct cht_entry message = {.kind = cht_entry_kind_message, .ts = 6, .by = ann};
    struct cht_entry entries[5] = {message, message, message, message, message};
    for (uint32_t i = 0; i < 5; i++) {
        entries[i].seq = 4 + i;
        entries[i].n = 1 + i;
    }
    project(f, entries, 2);
    assert_int_equal(count_sent(f), 1);
    assert_int_equal(find(f, CHANGE_SENT)->read_n, 2);
    assert_int_equal(find(f, CHANGE_SENT)->seq, 5);
    project(f, &entries[2], 1);
    assert_int_equal(count_sent(f), 1);
    assert_int_equal(find(f, CHANGE_SENT)->seq, 6);
    entries[3] = (struct cht_entry){.kind = cht_entry_kind_member,
        .seq = 7,
        .ts = 6,
        .user = bob,
        .state = cht_member_state_left};
    struct cht_entry row[3] = {entries[2], entries[3], entries[4]};
    row[0].seq = 9;
    row[1].seq = 10;
    row[2].seq = 11;
    project(f, row, 3);
    assert_int_equal(count_sent(f), 2);
}

static void who_joins_has_read_what_was_before(void **state)
{
    struct fixture *f = *state;
    create_room(f, cht_room_kind_group);
    say(f, 4, 1, "hello");
    struct cht_entry join = {.kind = cht_entry_kind_member,
        .seq = 5,
        .n = 1,
        .ts = 9,
        .user = {{9}},
        .role = cht_role_member,
        .state = cht_member_state_joined};
    project(f, &join, 1);
    assert_int_equal(find(f, CHANGE_MEMBER)->read_n, 1);
}

static void the_last_message_follows_edit_and_delete(void **state)
{
    struct fixture *f = *state;
    create_room(f, cht_room_kind_group);
    say(f, 4, 1, "hello");
    struct cht_entry edit = {.kind = cht_entry_kind_edited,
        .seq = 5,
        .n = 1,
        .ts = 9,
        .target = 4,
        .by = ann,
        .text = str("bye")};
    project(f, &edit, 1);
    assert_true(cht_str_equal(f->room.head.last_text, str("bye")));
    struct cht_entry gone = {
        .kind = cht_entry_kind_deleted, .seq = 6, .n = 1, .ts = 9, .target = 4, .by = ann};
    project(f, &gone, 1);
    assert_int_equal(f->room.head.last_text.size, 0);
    assert_true(f->room.head.last_deleted);
    assert_non_null(find(f, CHANGE_DELETE));
}

static void entries_that_were_projected_change_nothing(void **state)
{
    struct fixture *f = *state;
    create_room(f, cht_room_kind_group);
    say(f, 4, 1, "hello");
    say(f, 4, 1, "hello");
    assert_int_equal(f->changes.count, 0);
}

static void an_update_clears_and_keeps(void **state)
{
    struct fixture *f = *state;
    create_room(f, cht_room_kind_channel);
    struct cht_entry update = {.has = CHT_BIT(entry, topic),
        .kind = cht_entry_kind_updated,
        .seq = 4,
        .ts = 9,
        .visibility = cht_visibility_public};
    project(f, &update, 1);
    const struct room_meta *meta = find(f, CHANGE_ROOM)->meta;
    assert_true(cht_str_equal(meta->name, str("tea")));
    assert_int_equal(meta->topic.size, 0);
    assert_int_equal(meta->visibility, cht_visibility_public);
}

static void a_long_text_is_cut_at_a_code_point(void **state)
{
    (void)state;
    char text[256];
    for (int i = 0; i < 254; i += 3) {
        memcpy(text + i, "\xe2\x82\xac", 3);
    }
    struct cht_str cut = project_cut((struct cht_str){text, 252}, 128);
    assert_int_equal(cut.size, 126);
    assert_true(cht_utf8_valid(cut));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_new_room_is_written_with_its_members),
        TEST(a_direct_room_knows_its_two_people),
        TEST(who_leaves_a_direct_room_hides_it),
        TEST(a_direct_room_shows_again_with_the_first_message_after_somebody_hid_it),
        TEST(a_group_is_never_hidden),
        TEST(a_message_moves_its_sender_and_mentions),
        TEST(what_one_sends_in_a_row_is_one_change_up_to_a_membership),
        TEST(who_joins_has_read_what_was_before),
        TEST(the_last_message_follows_edit_and_delete),
        TEST(entries_that_were_projected_change_nothing),
        TEST(an_update_clears_and_keeps),
        TEST(a_long_text_is_cut_at_a_code_point),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
