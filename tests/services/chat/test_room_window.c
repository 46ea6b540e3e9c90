/* What an owner remembers of the newest entries of a room. */

#include "test.h"

#include <stdio.h>

#include "chat/room_window.h"

#define START_MS UINT64_C(1700000000000)

static struct room_window window;

static int set_up(void **state)
{
    (void)state;
    room_window_init(&window, 0x123456789abcdef0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    room_window_deinit(&window);
    return 0;
}

static struct cht_id user(uint8_t number)
{
    return (struct cht_id){{number, 1}};
}

static uint64_t digest_of(uint64_t number)
{
    char cid[32];
    snprintf(cid, sizeof(cid), "cid-%llu", (unsigned long long)number);
    return room_digest_str(str(cid));
}

static void add(const struct cht_entry *entry)
{
    struct room_digests digests = room_digests_of_entry(entry);
    room_window_add(&window, entry, entry->seq, &digests);
}

/* A message of user 1 whose cid is cid-<seq>; a second passes with each. */
static void add_message(uint64_t seq)
{
    char cid[32];
    snprintf(cid, sizeof(cid), "cid-%llu", (unsigned long long)seq);
    struct cht_entry entry = {.kind = cht_entry_kind_message,
        .seq = seq,
        .n = seq,
        .ts = START_MS + seq * 1000,
        .by = user(1),
        .cid = str(cid),
        .text = str("text"),
        .content = seq};
    add(&entry);
}

static void add_about(
    uint64_t seq, enum cht_entry_kind kind, uint64_t target, const char *text, bool on)
{
    struct cht_entry entry = {
        .kind = kind, .seq = seq, .ts = START_MS + seq * 1000, .by = user(2), .target = target};
    entry.text = str(text);
    entry.key = str(text);
    entry.on = on;
    add(&entry);
}

static const struct room_mark *find(uint64_t number)
{
    struct cht_id one = user(1);
    return room_window_find_cid(&window, &one, digest_of(number));
}

static void an_empty_window_knows_nothing(void **state)
{
    (void)state;
    struct cht_id one = user(1);
    assert_null(find(1));
    assert_null(room_window_at(&window, 1));
    assert_null(room_window_edit(&window, 1));
    assert_int_equal(room_window_deleted_by(&window, 1), 0);
    assert_int_equal(room_window_reaction(&window, &one, 1, 5), -1);
}

static void every_command_is_found_by_its_cid_however_many_there_are(void **state)
{
    (void)state;
    for (uint64_t seq = 101; seq <= 3100; seq++) {
        add_message(seq);
    }
    for (uint64_t seq = 101; seq <= 3100; seq++) {
        assert_int_equal(find(seq)->seq, seq);
        assert_int_equal(room_window_at(&window, seq)->content, seq);
    }
    assert_null(find(100));
    assert_null(find(3101));
    assert_null(room_window_at(&window, 100));
    assert_null(room_window_at(&window, 3101));
}

static void the_same_cid_of_somebody_else_is_another_command(void **state)
{
    (void)state;
    add_message(1);
    struct cht_id two = user(2);
    assert_null(room_window_find_cid(&window, &two, digest_of(1)));
}

static void entries_without_a_cid_are_no_commands(void **state)
{
    (void)state;
    add_about(1, cht_entry_kind_reaction, 9, "+1", true);
    struct cht_id two = user(2);
    assert_null(room_window_find_cid(&window, &two, digest_of(0)));
}

static void a_trimmed_window_keeps_256_entries_and_10_minutes(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        add_message(seq);
    }
    uint64_t now = START_MS + 1000 * 1000;
    room_window_trim(&window, now, 1000);
    assert_null(find(400));
    assert_int_equal(find(401)->seq, 401); /* 10 minutes less a second old */
    assert_int_equal(window.floor, 400);
    room_window_trim(&window, now + ROOM_WINDOW_MS, 1000);
    assert_null(find(744));
    assert_int_equal(find(745)->seq, 745);
    assert_int_equal(window.count, ROOM_WINDOW_ENTRIES);
    assert_int_equal(window.floor, 744);
}

static void what_the_store_has_not_confirmed_is_never_trimmed(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        add_message(seq);
    }
    room_window_trim(&window, START_MS + UINT64_C(10000000), 10);
    assert_null(find(10));
    assert_int_equal(find(11)->seq, 11);
    assert_int_equal(window.floor, 10);
}

static void a_window_goes_on_after_it_was_trimmed(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 5000; seq++) {
        add_message(seq);
        room_window_trim(&window, START_MS + seq * 1000 + ROOM_WINDOW_MS, seq);
    }
    assert_int_equal(window.count, ROOM_WINDOW_ENTRIES);
    assert_true(window.capacity <= 2 * ROOM_WINDOW_ENTRIES);
    for (uint64_t seq = 1; seq <= 5000; seq++) {
        assert_true((find(seq) != NULL) == (seq > 5000 - ROOM_WINDOW_ENTRIES));
    }
}

static void load(uint32_t count)
{
    static char texts[256][16];
    static struct room_cid cids[256];
    for (uint32_t i = 0; i < count; i++) {
        uint64_t seq = 1000 - i;
        snprintf(texts[i], sizeof(texts[i]), "cid-%llu", (unsigned long long)seq);
        cids[i] = (struct room_cid){
            .user = user(1), .cid = str(texts[i]), .seq = seq, .n = seq, .ts = START_MS + seq};
    }
    struct rooms_load_op loaded = {.cids = cids,
        .cid_count = count,
        .cids_above = 1000 - count,
        .cids_above_ts = START_MS + 1000 - count};
    room_window_load(&window, &loaded);
}

static void what_the_store_gave_is_found_too(void **state)
{
    (void)state;
    load(256);
    assert_int_equal(window.floor, 1000 - ROOM_WINDOW_ENTRIES);
    for (uint64_t seq = 745; seq <= 1000; seq++) {
        assert_int_equal(find(seq)->seq, seq);
    }
    assert_null(find(744));
    add_message(1001);
    assert_int_equal(find(1001)->seq, 1001);
    assert_int_equal(find(1000)->seq, 1000);
    assert_null(room_window_at(&window, 1000));
}

static void what_the_store_gave_is_forgotten_when_the_window_is_enough(void **state)
{
    (void)state;
    load(256);
    for (uint64_t seq = 1001; seq <= 1256; seq++) {
        add_message(seq);
    }
    room_window_trim(&window, START_MS + 2000, 1256);
    assert_non_null(find(1000));
    room_window_trim(&window, START_MS + ROOM_WINDOW_MS + 2000, 1256);
    assert_null(find(1000));
    assert_int_equal(window.floor, 1000);
    assert_int_equal(find(1001)->seq, 1001);
}

static void the_newest_message_that_the_store_lacks_is_found(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 5; seq++) {
        add_message(seq);
    }
    struct cht_id sender = user(1), other = user(2);
    assert_int_equal(room_window_sent_n(&window, &sender, 4), 5);
    assert_int_equal(room_window_sent_n(&window, &sender, 5), 0);
    assert_int_equal(room_window_sent_n(&window, &other, 0), 0);
}

static void an_edit_changes_the_text_of_its_target_and_a_delete_takes_it(void **state)
{
    (void)state;
    add_message(1);
    add_about(2, cht_entry_kind_edited, 1, "other", false);
    assert_int_equal(room_window_at(&window, 1)->text, room_digest_str(str("other")));
    assert_int_equal(room_window_edit(&window, 1)->seq, 2);
    assert_int_equal(room_window_deleted_by(&window, 1), 0);
    add_about(3, cht_entry_kind_deleted, 1, "", false);
    assert_true(room_window_at(&window, 1)->deleted);
    assert_int_equal(room_window_deleted_by(&window, 1), 3);
}

static void the_newest_edit_of_an_old_message_counts(void **state)
{
    (void)state;
    for (uint64_t seq = 101; seq <= 400; seq += 3) {
        add_about(seq, cht_entry_kind_edited, 7, "one", false);
        add_about(seq + 1, cht_entry_kind_edited, 8, "two", false);
        add_message(seq + 2);
    }
    assert_int_equal(room_window_edit(&window, 7)->seq, 398);
    assert_int_equal(room_window_edit(&window, 8)->seq, 399);
    assert_null(room_window_edit(&window, 9));
}

static void the_newest_reaction_of_a_user_with_a_key_counts(void **state)
{
    (void)state;
    struct cht_id one = user(1), two = user(2);
    uint64_t key = room_digest_str(str("+1"));
    add_message(1);
    add_about(2, cht_entry_kind_reaction, 1, "+1", true);
    add_about(3, cht_entry_kind_reaction, 1, "heart", false);
    assert_int_equal(room_window_reaction(&window, &two, 1, key), 1);
    add_about(4, cht_entry_kind_reaction, 1, "+1", false);
    assert_int_equal(room_window_reaction(&window, &two, 1, key), 0);
    assert_int_equal(room_window_reaction(&window, &one, 1, key), -1);
    assert_int_equal(room_window_reaction(&window, &two, 2, key), -1);
}

static void a_digest_is_never_none(void **state)
{
    (void)state;
    assert_int_not_equal(room_digest("", 0), 0);
    assert_true(room_digest("a", 1) <= CHT_NUMBER_MAX);
    assert_int_not_equal(room_digest("a", 1), room_digest("b", 1));
    assert_int_equal(room_digest_str((struct cht_str){0}), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_window_knows_nothing),
        TEST(every_command_is_found_by_its_cid_however_many_there_are),
        TEST(the_same_cid_of_somebody_else_is_another_command),
        TEST(entries_without_a_cid_are_no_commands),
        TEST(a_trimmed_window_keeps_256_entries_and_10_minutes),
        TEST(what_the_store_has_not_confirmed_is_never_trimmed),
        TEST(a_window_goes_on_after_it_was_trimmed),
        TEST(what_the_store_gave_is_found_too),
        TEST(what_the_store_gave_is_forgotten_when_the_window_is_enough),
        TEST(the_newest_message_that_the_store_lacks_is_found),
        TEST(an_edit_changes_the_text_of_its_target_and_a_delete_takes_it),
        TEST(the_newest_edit_of_an_old_message_counts),
        TEST(the_newest_reaction_of_a_user_with_a_key_counts),
        TEST(a_digest_is_never_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
