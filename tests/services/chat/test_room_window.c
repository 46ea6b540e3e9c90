/* What an owner remembers of the newest entries of a room. */

#include "test.h"

#include <stdio.h>
#include <string.h>

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

/* Of a user, with a key; `on` or taken back. */
static void react(uint64_t seq, uint8_t by, uint64_t target, uint32_t number, bool on)
{
    char key[16];
    snprintf(key, sizeof(key), "k%u", number);
    struct cht_entry entry = {.kind = cht_entry_kind_reaction,
        .seq = seq,
        .ts = START_MS + seq * 1000,
        .by = user(by),
        .target = target,
        .key = str(key),
        .on = on};
    add(&entry);
}

static uint64_t key_of(uint32_t number)
{
    char key[16];
    snprintf(key, sizeof(key), "k%u", number);
    return room_digest_str(str(key));
}

static uint32_t length_of(enum room_chain chain, uint64_t seq)
{
    uint32_t length = 0;
    for (const struct room_mark *at; (at = room_window_at(&window, seq)); length++) {
        seq = at->next[chain];
    }
    return length;
}

/* As many marks as a look-up may ever have to look at. */
static uint32_t longest(enum room_chain chain)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < window.capacity; i++) {
        uint32_t length = length_of(chain, window.heads[chain * window.capacity + i]);
        most = length > most ? length : most;
    }
    return most;
}

static void one_user_who_reacts_again_and_again_makes_no_chain_longer(void **state)
{
    (void)state;
    struct cht_id one = user(1);
    add_message(1);
    for (uint64_t seq = 2; seq <= 20001; seq++) {
        uint32_t number = (uint32_t)(seq / 2 % 200);
        react(seq, 1, 1, number, seq % 2 == 0);
        assert_int_equal(room_window_reaction(&window, &one, 1, key_of(number)), seq % 2 == 0);
    }
    assert_in_range(longest(ROOM_CHAIN_TARGET), 0, 8);
    assert_in_range(longest(ROOM_CHAIN_REACTION), 1, 8);
    assert_int_equal(room_window_other_keys(&window, 1, 7), 0);
}

static void many_users_with_the_same_keys_make_no_chain_longer(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 10000; seq++) {
        react(seq, (uint8_t)(seq % 200), 9, (uint32_t)(seq % ROOM_REACTION_KEYS_MAX), true);
    }
    assert_in_range(longest(ROOM_CHAIN_TARGET), ROOM_REACTION_KEYS_MAX, ROOM_REACTION_KEYS_MAX + 8);
    assert_in_range(longest(ROOM_CHAIN_REACTION), 1, 8);
    assert_int_equal(room_window_other_keys(&window, 9, 7), ROOM_REACTION_KEYS_MAX);
}

static void edits_and_deletes_of_one_message_make_no_chain_longer(void **state)
{
    (void)state;
    for (uint64_t seq = 101; seq <= 10100; seq += 2) {
        add_about(seq, cht_entry_kind_edited, 7, "text", false);
        add_about(seq + 1, cht_entry_kind_deleted, 7, "", false);
    }
    assert_int_equal(room_window_edit(&window, 7)->seq, 10099);
    assert_int_equal(room_window_deleted_by(&window, 7), 10100);
    assert_in_range(longest(ROOM_CHAIN_TARGET), 2, 2);
}

static void users_who_all_name_their_commands_alike_make_no_chain_longer(void **state)
{
    (void)state;
    struct cht_id last = {{0}};
    for (uint64_t seq = 1; seq <= 10000; seq++) {
        uint64_t words[2] = {room_digest(&seq, sizeof(seq)), seq}; /* ids are chance */
        memcpy(&last, words, sizeof(last));
        struct cht_entry entry = {.kind = cht_entry_kind_message,
            .seq = seq,
            .n = seq,
            .ts = START_MS,
            .by = last,
            .cid = str("1")};
        add(&entry);
    }
    assert_in_range(longest(ROOM_CHAIN_CID), 1, 12);
    assert_int_equal(room_window_find_cid(&window, &last, room_digest_str(str("1")))->seq, 10000);
}

static void keys_that_were_taken_back_leave_their_places(void **state)
{
    (void)state;
    react(1, 1, 9, 1, true);
    react(2, 2, 9, 1, true);
    react(3, 2, 9, 2, true);
    assert_int_equal(room_window_other_keys(&window, 9, 7), 2);
    assert_int_equal(room_window_other_keys(&window, 9, key_of(1)), 0);
    react(4, 2, 9, 1, false);
    assert_int_equal(room_window_other_keys(&window, 9, 7), 2); /* user 1 still has it on */
    react(5, 1, 9, 1, false);
    react(6, 3, 9, 2, false); /* never was on, as far as marks say */
    assert_int_equal(room_window_other_keys(&window, 9, key_of(1)), 1);
    react(7, 2, 9, 2, false);
    assert_int_equal(room_window_other_keys(&window, 9, 7), 0);
}

/* ---- the same questions, answered by looking at everything */
#define LONG_AGO 1000
static struct cht_entry history[4000];

static int reaction_by_all(uint64_t from, uint64_t to, const struct cht_entry *wanted)
{
    for (uint64_t seq = to; seq >= from; seq--) {
        const struct cht_entry *at = &history[seq];
        if (at->kind == cht_entry_kind_reaction && at->target == wanted->target &&
            cht_str_equal(at->key, wanted->key) && cht_id_equal(&at->by, &wanted->by)) {
            return at->on;
        }
    }
    return -1;
}

static uint32_t keys_by_all(uint64_t from, uint64_t to, uint64_t target)
{
    static const char *const keys[] = {"a", "b", "c", "d", "e"};
    uint32_t count = 0;
    for (uint32_t k = 0; k < 5; k++) {
        bool on = false;
        for (uint8_t by = 0; by < 4; by++) {
            struct cht_entry wanted = {.by = user(by), .target = target, .key = str(keys[k])};
            on = on || reaction_by_all(from, to, &wanted) == 1;
        }
        count += on;
    }
    return count;
}

static struct cht_entry random_entry(uint64_t seq, uint64_t chance)
{
    static const char *const keys[] = {"a", "b", "c", "d", "e"};
    struct cht_entry entry = {.kind = cht_entry_kind_reaction,
        .seq = seq,
        .ts = START_MS + seq * 1000,
        .by = user((uint8_t)(chance % 4)),
        .target = LONG_AGO + chance / 4 % 3,
        .key = str(keys[chance / 16 % 5]),
        .on = chance / 128 % 2};
    return entry;
}

static void what_is_known_is_what_the_marks_that_are_there_say(void **state)
{
    (void)state;
    uint64_t chance = 42;
    for (uint64_t seq = LONG_AGO + 1; seq < 4000; seq++) {
        chance = chance * UINT64_C(6364136223846793005) + 1442695040888963407u;
        history[seq] = random_entry(seq, chance >> 33);
        add(&history[seq]);
        if (seq > 2000) { /* the window gets smaller, and goes on */
            room_window_trim(&window, START_MS + seq * 1000 + ROOM_WINDOW_MS, seq);
        }
        uint64_t oldest = seq + 1 - window.count;
        const struct cht_entry *asked = &history[seq - seq % 50 > LONG_AGO ? seq - seq % 50 : seq];
        assert_int_equal(
            room_window_reaction(&window, &asked->by, asked->target, room_digest_str(asked->key)),
            reaction_by_all(oldest, seq, asked));
        assert_int_equal(room_window_other_keys(&window, asked->target, 7),
            keys_by_all(oldest, seq, asked->target));
    }
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
        TEST(an_edit_changes_the_text_of_its_target_and_a_delete_takes_it),
        TEST(the_newest_edit_of_an_old_message_counts),
        TEST(the_newest_reaction_of_a_user_with_a_key_counts),
        TEST(one_user_who_reacts_again_and_again_makes_no_chain_longer),
        TEST(many_users_with_the_same_keys_make_no_chain_longer),
        TEST(edits_and_deletes_of_one_message_make_no_chain_longer),
        TEST(users_who_all_name_their_commands_alike_make_no_chain_longer),
        TEST(keys_that_were_taken_back_leave_their_places),
        TEST(what_is_known_is_what_the_marks_that_are_there_say),
        TEST(a_digest_is_never_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
