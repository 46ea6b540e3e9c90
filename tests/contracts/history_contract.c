/* The contract of the port history. */

#include "contract.h"

#include <stdio.h>

#include "chattifier/events.h"

enum { CHANGES_MAX = 64 };

/* Writes of one room, as the message service makes them. */
struct script {
    struct contract_engine *engine;
    struct history_change changes[CHANGES_MAX];
    struct cht_entry entries[CHANGES_MAX];
    struct room_member members[CHANGES_MAX];
    struct room_head heads[CHANGES_MAX];
    struct room_meta meta;
    uint32_t count;
    uint64_t index;
};

static const uint32_t ROOM = 500, ANNA = 1, BERT = 2;

static struct history_change *add(
    struct script *script, enum history_change_kind kind, uint64_t seq)
{
    assert_true(script->count < CHANGES_MAX);
    struct history_change *change = &script->changes[script->count++];
    *change = (struct history_change){.kind = kind, .room = contract_id(ROOM), .seq = seq};
    return change;
}

static enum err write_again(struct script *script)
{
    struct history_write_op op = {
        .progress = {.shard = 3, .term = 1, .index = ++script->index},
        .changes = script->changes,
        .count = script->count,
    };
    return ASK(script->engine, history_write, script->engine->history, &op);
}

static void write_out(struct script *script)
{
    assert_int_equal(write_again(script), OK);
    script->count = 0;
}

static void add_entry(
    struct script *script, enum cht_entry_kind kind, uint64_t seq, const char *text)
{
    struct cht_entry *entry = &script->entries[script->count];
    *entry = (struct cht_entry){
        .kind = kind, .seq = seq, .n = seq, .ts = 1000 + seq, .by = contract_id(ANNA)};
    entry->cid = contract_str("cid-1");
    entry->text = contract_str(text);
    entry->content = 77;
    add(script, CHANGE_ENTRY, seq)->entry = entry;
}

static void add_message(struct script *script, uint64_t seq, const char *text)
{
    add_entry(script, cht_entry_kind_message, seq, text);
    const struct cht_entry *entry = script->changes[script->count - 1].entry;
    add(script, CHANGE_MESSAGE, seq)->entry = entry;
}

static void add_edit(struct script *script, uint64_t seq, uint64_t target, const char *text)
{
    add_entry(script, cht_entry_kind_edited, seq, text);
    script->entries[script->count - 1].target = target;
    struct history_change *edit = add(script, CHANGE_EDIT, seq);
    edit->target = target;
    edit->text = contract_str(text);
}

static void add_delete(struct script *script, uint64_t seq, uint64_t target)
{
    add_entry(script, cht_entry_kind_deleted, seq, "");
    script->entries[script->count - 1].target = target;
    add(script, CHANGE_DELETE, seq)->target = target;
}

static void add_member(
    struct script *script, uint64_t seq, uint32_t user, enum cht_member_state state)
{
    struct room_member *member = &script->members[script->count];
    *member = (struct room_member){
        .user = contract_id(user), .state = state, .joined_seq = seq, .changed_seq = seq};
    member->role = state == cht_member_state_joined ? cht_role_member : cht_role_none;
    add(script, CHANGE_MEMBER, seq)->member = member;
}

static void add_head(struct script *script, uint64_t seq)
{
    struct room_head *head = &script->heads[script->count];
    *head = (struct room_head){.seq = seq, .n = seq, .ts = 1000 + seq, .last_seq = seq};
    add(script, CHANGE_HEAD, seq)->head = head;
}

static void add_room(struct script *script, enum cht_history_from from)
{
    script->meta =
        (struct room_meta){.room = contract_id(ROOM), .kind = cht_room_kind_group, .history = from};
    script->meta.visibility = cht_visibility_private;
    script->meta.posting = cht_who_members;
    script->meta.adding = cht_who_members;
    add(script, CHANGE_ROOM, 1)->meta = &script->meta;
}

static struct history_messages_op newest(struct contract_engine *engine, uint32_t limit)
{
    struct history_messages_op op = {.room = contract_id(ROOM),
        .reader = contract_id(ANNA),
        .bound = HISTORY_NEWEST,
        .limit = limit};
    assert_int_equal(ASK(engine, history_messages, engine->history, &op), OK);
    return op;
}

static bool is(struct cht_str text, const char *expected)
{
    return cht_str_equal(text, contract_str(expected));
}

static void messages_come_back_in_pages(void **state)
{
    struct script script = {.engine = *state};
    for (uint64_t seq = 1; seq <= 20; seq++) {
        add_message(&script, seq, "hello");
    }
    write_out(&script);
    struct history_messages_op op = newest(script.engine, 5);
    assert_int_equal(op.count, 5);
    assert_true(op.more);
    assert_int_equal(op.messages[0].seq, 16);
    assert_int_equal(op.messages[4].seq, 20);
    assert_true(is(op.messages[0].text, "hello"));
    assert_true(is(op.messages[0].cid, "cid-1"));
    op.bound = HISTORY_BEFORE;
    op.seq = 4;
    assert_int_equal(ASK(script.engine, history_messages, script.engine->history, &op), OK);
    assert_int_equal(op.count, 3);
    assert_false(op.more);
    op.bound = HISTORY_AFTER;
    op.seq = 18;
    assert_int_equal(ASK(script.engine, history_messages, script.engine->history, &op), OK);
    assert_int_equal(op.count, 2);
    assert_int_equal(op.messages[0].seq, 19);
    op.bound = HISTORY_AROUND;
    op.seq = 10;
    op.limit = 4;
    assert_int_equal(ASK(script.engine, history_messages, script.engine->history, &op), OK);
    assert_int_equal(op.count, 4);
    assert_int_equal(op.messages[0].seq, 8);
    assert_int_equal(op.messages[2].seq, 10);
    op.bound = HISTORY_NEWEST;
    op.from_seq = 19;
    assert_int_equal(ASK(script.engine, history_messages, script.engine->history, &op), OK);
    assert_int_equal(op.count, 2);
    assert_false(op.more);
    arena_deinit(&op.arena);
}

static void a_page_ends_at_its_bytes(void **state)
{
    struct script script = {.engine = *state};
    for (uint64_t seq = 1; seq <= 4; seq++) {
        add_message(&script, seq, "0123456789");
    }
    write_out(&script);
    struct history_messages_op op = {.room = contract_id(ROOM), .limit = 10, .bytes_max = 25};
    assert_int_equal(ASK(script.engine, history_messages, script.engine->history, &op), OK);
    assert_int_equal(op.count, 2);
    assert_true(op.more);
    assert_int_equal(op.messages[1].seq, 4);
    arena_deinit(&op.arena);
}

static void writing_the_same_twice_changes_nothing(void **state)
{
    struct script script = {.engine = *state};
    add_message(&script, 1, "first");
    add_edit(&script, 2, 1, "second");
    add_edit(&script, 3, 1, "third");
    struct history_change *on = add(&script, CHANGE_REACTION, 4);
    on->target = 1;
    on->user = contract_id(ANNA);
    on->key = contract_str("+1");
    on->on = true;
    assert_int_equal(write_again(&script), OK);
    assert_int_equal(write_again(&script), OK);
    script.count = 4; /* the message and its first edit alone, late */
    assert_int_equal(write_again(&script), OK);
    struct history_messages_op op = newest(script.engine, 5);
    assert_int_equal(op.count, 1);
    assert_true(is(op.messages[0].text, "third"));
    assert_int_equal(op.messages[0].edited_seq, 3);
    assert_int_equal(op.messages[0].reaction_count, 1);
    assert_int_equal(op.messages[0].reactions[0].count, 1);
    assert_true(op.messages[0].reactions[0].me);
    arena_deinit(&op.arena);
}

static void an_older_change_loses_against_a_newer_one(void **state)
{
    struct script script = {.engine = *state};
    add_message(&script, 1, "first");
    add_edit(&script, 9, 1, "newer");
    add_edit(&script, 7, 1, "older");
    add_head(&script, 9);
    add_head(&script, 7);
    write_out(&script);
    struct history_messages_op op = newest(script.engine, 5);
    assert_true(is(op.messages[0].text, "newer"));
    assert_int_equal(op.head, 9);
    arena_deinit(&op.arena);
}

static void an_edit_after_a_delete_is_nothing(void **state)
{
    struct script script = {.engine = *state};
    add_message(&script, 1, "first");
    add_delete(&script, 2, 1);
    add_edit(&script, 3, 1, "again");
    write_out(&script);
    struct history_messages_op op = newest(script.engine, 5);
    assert_true(op.messages[0].deleted);
    assert_int_equal(op.messages[0].text.size, 0);
    arena_deinit(&op.arena);
}

static void the_log_keeps_the_original_of_an_edited_message(void **state)
{
    struct script script = {.engine = *state};
    add_message(&script, 1, "original");
    add_edit(&script, 2, 1, "changed");
    write_out(&script);
    struct history_entries_op op = {.room = contract_id(ROOM), .bound = HISTORY_AFTER, .limit = 10};
    assert_int_equal(ASK(script.engine, history_entries, script.engine->history, &op), OK);
    assert_int_equal(op.count, 2);
    assert_int_equal(op.oldest_seq, 1);
    assert_true(is(op.entries[0].text, "original"));
    assert_true(is(op.entries[1].text, "changed"));
    assert_int_equal(op.entries[1].target, 1);
    assert_int_equal(op.entries[0].kind, cht_entry_kind_message);
    assert_true(is(op.entries[0].cid, "cid-1"));
    assert_int_equal(op.entries[0].content, 77);
    add_delete(&script, 3, 1);
    write_out(&script);
    assert_int_equal(ASK(script.engine, history_entries, script.engine->history, &op), OK);
    assert_int_equal(op.count, 3);
    assert_int_equal(op.entries[0].text.size, 0);
    assert_int_equal(op.entries[1].text.size, 0);
    arena_deinit(&op.arena);
}

static void add_reaction(
    struct script *script, uint64_t seq, uint64_t target, const char *key, bool on)
{
    add_entry(script, cht_entry_kind_reaction, seq, "");
    struct cht_entry *entry = &script->entries[script->count - 1];
    entry->target = target;
    entry->key = contract_str(key);
    entry->on = on;
    struct history_change *put = add(script, CHANGE_REACTION, seq);
    put->target = target;
    put->user = contract_id(ANNA);
    put->key = entry->key;
    put->on = on;
}

static void a_delete_takes_the_keys_of_reactions_with_it(void **state)
{
    struct script script = {.engine = *state};
    add_message(&script, 1, "gone");
    add_message(&script, 2, "stays");
    add_reaction(&script, 3, 1, "once", true);
    add_reaction(&script, 4, 1, "once", false);
    add_reaction(&script, 5, 1, "again", true);
    add_reaction(&script, 6, 2, "kept", true);
    write_out(&script);
    add_delete(&script, 7, 1);
    write_out(&script);
    struct history_entries_op op = {.room = contract_id(ROOM), .bound = HISTORY_AFTER, .limit = 10};
    assert_int_equal(ASK(script.engine, history_entries, script.engine->history, &op), OK);
    assert_int_equal(op.count, 7);
    for (uint32_t i = 2; i < 5; i++) {
        assert_int_equal(op.entries[i].kind, cht_entry_kind_reaction);
        assert_int_equal(op.entries[i].key.size, 0);
        assert_false(CHT_HAS(&op.entries[i], entry, key));
        assert_int_equal(op.entries[i].target, 1);
        assert_int_equal(op.entries[i].seq, i + 1);
        assert_int_equal(op.entries[i].on, i != 3);
    }
    assert_true(is(op.entries[2].cid, "cid-1"));
    assert_true(is(op.entries[5].key, "kept"));
    arena_deinit(&op.arena);
}

static void a_cid_is_found_within_its_bounds(void **state)
{
    struct script script = {.engine = *state};
    for (uint64_t seq = 1; seq <= 10; seq++) {
        add_message(&script, seq, "x");
        script.entries[script.count - 2].cid = contract_str(seq == 3 ? "wanted" : "other");
    }
    write_out(&script);
    struct history_find_cid_op op = {.room = contract_id(ROOM),
        .user = contract_id(ANNA),
        .cid = contract_str("wanted"),
        .limit = 20};
    assert_int_equal(ASK(script.engine, history_find_cid, script.engine->history, &op), OK);
    assert_int_equal(op.found.seq, 3);
    assert_int_equal(op.found.content, 77);
    op.above_seq = 3;
    assert_int_equal(
        ASK(script.engine, history_find_cid, script.engine->history, &op), ERR_NOT_FOUND);
    op.above_seq = 0;
    op.limit = 5;
    assert_int_equal(
        ASK(script.engine, history_find_cid, script.engine->history, &op), ERR_CONFLICT);
    arena_deinit(&op.arena);
}

static void one_message_is_told_with_ones_own_reaction(void **state)
{
    struct script script = {.engine = *state};
    add_message(&script, 1, "hello");
    struct history_change *on = add(&script, CHANGE_REACTION, 2);
    on->target = 1;
    on->user = contract_id(BERT);
    on->key = contract_str("+1");
    on->on = true;
    write_out(&script);
    struct history_message_op op = {.room = contract_id(ROOM), .seq = 1, .key = contract_str("+1")};
    op.reader = contract_id(BERT);
    assert_int_equal(ASK(script.engine, history_message, script.engine->history, &op), OK);
    assert_true(op.reacted);
    op.reader = contract_id(ANNA);
    assert_int_equal(ASK(script.engine, history_message, script.engine->history, &op), OK);
    assert_false(op.reacted);
    assert_int_equal(op.other_keys, 0);
    op.key = contract_str("-1");
    assert_int_equal(ASK(script.engine, history_message, script.engine->history, &op), OK);
    assert_int_equal(op.other_keys, 1);
    op.seq = 2;
    assert_int_equal(
        ASK(script.engine, history_message, script.engine->history, &op), ERR_NOT_FOUND);
    arena_deinit(&op.arena);
}

static uint64_t stamp_of(struct contract_engine *engine, uint32_t number)
{
    struct cht_id room = contract_id(number);
    return history_stamp(engine->history, &room);
}

static void a_stamp_changes_with_its_room_and_stays_otherwise(void **state)
{
    struct script script = {.engine = *state};
    uint64_t stamp = stamp_of(script.engine, ROOM);
    uint64_t other = stamp_of(script.engine, ROOM + 1);
    assert_true(stamp > 0);
    for (uint32_t kind = 0; kind < 4; kind++) {
        if (kind == 0) {
            add_message(&script, 1, "first");
        } else if (kind == 1) {
            add_edit(&script, 2, 1, "second");
        } else if (kind == 2) {
            add_delete(&script, 3, 1);
        } else {
            add_member(&script, 4, ANNA, cht_member_state_joined);
        }
        write_out(&script);
        uint64_t former = stamp;
        stamp = stamp_of(script.engine, ROOM);
        assert_true(stamp != former);
        assert_true(stamp > 0);
    }
    struct history_messages_op op = newest(script.engine, 5);
    write_out(&script);
    assert_int_equal(stamp_of(script.engine, ROOM), stamp);
    assert_int_equal(stamp_of(script.engine, ROOM + 1), other);
    arena_deinit(&op.arena);
}

static void a_stamp_is_when_its_room_last_changed(void **state)
{
    struct script script = {.engine = *state};
    uint64_t before = history_now(script.engine->history);
    assert_true(stamp_of(script.engine, ROOM) <= before);
    add_message(&script, 1, "first");
    write_out(&script);
    uint64_t after = history_now(script.engine->history);
    assert_true(stamp_of(script.engine, ROOM) > before);
    assert_true(stamp_of(script.engine, ROOM) <= after);
    assert_true(stamp_of(script.engine, ROOM + 1) <= before);
}

/* ---- as a member */

/* Anna joins at 2 and Bert at 4; messages are at 3 and 5. */
static void fill_room(struct script *script, enum cht_history_from from)
{
    add_room(script, from);
    add_member(script, 2, ANNA, cht_member_state_joined);
    add_message(script, 3, "early");
    add_member(script, 4, BERT, cht_member_state_joined);
    add_message(script, 5, "late");
    add_head(script, 5);
    write_out(script);
}

/* How many messages and entries `user` reads, of which the first is told; NOT_FOUND is 0. */
static uint32_t read_as(struct contract_engine *engine, uint32_t user, uint64_t *ret_first)
{
    struct history_messages_op messages = {
        .room = contract_id(ROOM), .reader = contract_id(user), .as_member = true, .limit = 10};
    struct history_entries_op entries = {
        .room = contract_id(ROOM), .reader = contract_id(user), .as_member = true, .limit = 10};
    enum err err = ASK(engine, history_messages, engine->history, &messages);
    assert_int_equal(ASK(engine, history_entries, engine->history, &entries), err);
    assert_true(err == OK || err == ERR_NOT_FOUND);
    assert_int_equal(messages.count, entries.count);
    assert_int_equal(messages.head, err == OK ? 5 : 0);
    assert_int_equal(messages.from_seq, entries.from_seq);
    *ret_first = messages.count ? messages.messages[0].seq : 0;
    uint32_t count = messages.count;
    arena_deinit(&messages.arena);
    arena_deinit(&entries.arena);
    return count;
}

static void a_member_reads_and_nobody_else(void **state)
{
    struct script script = {.engine = *state};
    uint64_t first = 0;
    assert_int_equal(read_as(script.engine, BERT, &first), 0);
    fill_room(&script, cht_history_from_all);
    assert_int_equal(read_as(script.engine, BERT, &first), 2);
    assert_int_equal(first, 3);
    assert_int_equal(read_as(script.engine, BERT + 1, &first), 0);
    add_member(&script, 6, BERT, cht_member_state_left);
    write_out(&script);
    assert_int_equal(read_as(script.engine, BERT, &first), 0);
}

static void a_member_reads_from_joining_on_where_the_room_says_so(void **state)
{
    struct script script = {.engine = *state};
    uint64_t first = 0;
    fill_room(&script, cht_history_from_joined);
    assert_int_equal(read_as(script.engine, ANNA, &first), 2);
    assert_int_equal(read_as(script.engine, BERT, &first), 1);
    assert_int_equal(first, 5);
}

static void progress_comes_back_and_never_falls(void **state)
{
    struct script script = {.engine = *state, .index = 41};
    assert_int_equal(write_again(&script), OK);
    script.index = 9;
    assert_int_equal(write_again(&script), OK);
    struct history_progress_op op = {.shard = 3};
    assert_int_equal(ASK(script.engine, history_progress, script.engine->history, &op), OK);
    assert_int_equal(op.progress.index, 42);
    op.shard = 2;
    assert_int_equal(ASK(script.engine, history_progress, script.engine->history, &op), OK);
    assert_int_equal(op.progress.index, 0);
}

/* ---- search */

static uint32_t search(struct contract_engine *engine, uint32_t user, const char *q)
{
    struct history_search_op op = {.user = contract_id(user), .q = contract_str(q), .limit = 10};
    assert_int_equal(ASK(engine, history_search, engine->history, &op), OK);
    uint32_t count = op.count;
    op.room = contract_id(ROOM);
    assert_int_equal(ASK(engine, history_search, engine->history, &op), OK);
    assert_int_equal(op.count, count);
    arena_deinit(&op.arena);
    return count;
}

static void words_are_found_by_members_alone(void **state)
{
    struct script script = {.engine = *state};
    add_room(&script, cht_history_from_joined);
    add_member(&script, 2, ANNA, cht_member_state_joined);
    add_message(&script, 3, "The quick brown fox");
    add_member(&script, 4, BERT, cht_member_state_joined);
    add_message(&script, 5, "a lazy brown dog");
    write_out(&script);
    assert_int_equal(search(script.engine, ANNA, "brown"), 2);
    assert_int_equal(search(script.engine, ANNA, "brown f"), 1);
    assert_int_equal(search(script.engine, BERT, "BROWN"), 1);
    assert_int_equal(search(script.engine, 3, "brown"), 0);
    add_member(&script, 6, BERT, cht_member_state_left);
    write_out(&script);
    assert_int_equal(search(script.engine, BERT, "brown"), 0);
}

static void what_was_edited_or_deleted_is_not_found_any_more(void **state)
{
    struct script script = {.engine = *state};
    add_room(&script, cht_history_from_all);
    add_member(&script, 2, ANNA, cht_member_state_joined);
    add_message(&script, 3, "zebra");
    add_edit(&script, 4, 3, "giraffe");
    write_out(&script);
    assert_int_equal(search(script.engine, ANNA, "zebra"), 0);
    assert_int_equal(search(script.engine, ANNA, "giraffe"), 1);
    add_delete(&script, 5, 3);
    write_out(&script);
    assert_int_equal(search(script.engine, ANNA, "giraffe"), 0);
}

static void a_question_is_never_a_formula(void **state)
{
    struct script script = {.engine = *state};
    static const char *const questions[] = {"\"", "\"\"", "a\" OR \"b", "text:zebra", "NEAR(a b)",
        "*", "a*b", "-", "^a", "( ) {", "a AND", "   "};
    add_room(&script, cht_history_from_all);
    add_member(&script, 2, ANNA, cht_member_state_joined);
    add_message(&script, 3, "zebra");
    write_out(&script);
    for (uint32_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        assert_int_equal(search(script.engine, ANNA, questions[i]), 0);
    }
}

/* A message in a room that Anna joins. */
static void say_in(struct contract_engine *engine, uint32_t room, uint64_t seq, uint64_t ts)
{
    struct script script = {.engine = engine};
    add_member(&script, 1, ANNA, cht_member_state_joined);
    add_message(&script, seq, "a word");
    script.entries[1].ts = ts;
    for (uint32_t i = 0; i < script.count; i++) {
        script.changes[i].room = contract_id(room);
    }
    write_out(&script);
}

static void hits_of_all_rooms_come_in_pages_the_newest_first(void **state)
{
    static const uint32_t order[] = {1, 0, 0, 2, 2, 1, 0, 2, 2, 2, 0, 1, 1};
    const uint32_t count = sizeof(order) / sizeof(order[0]);
    struct contract_engine *engine = *state;
    uint64_t seqs[3] = {10, 10, 10};
    for (uint32_t i = 0; i < count; i++) {
        say_in(engine, 600 + order[i], ++seqs[order[i]], 5000 + i / 2); /* two at a time */
    }
    for (uint32_t limit = 1; limit < count + 2; limit++) {
        struct history_search_op op = {
            .user = contract_id(ANNA), .q = contract_str("wor"), .limit = limit};
        uint32_t seen = 0;
        uint64_t before = UINT64_MAX;
        do {
            op.after = op.at;
            assert_int_equal(ASK(engine, history_search, engine->history, &op), OK);
            assert_true(op.count <= limit);
            for (uint32_t i = 0; i < op.count; i++, seen++) {
                assert_true(op.hits[i].ts <= before);
                before = op.hits[i].ts;
                assert_int_equal(before, 5000 + (count - 1 - seen) / 2);
            }
        } while (op.more);
        assert_int_equal(seen, count);
        arena_deinit(&op.arena);
    }
}

static void a_search_goes_on_behind_any_hit(void **state)
{
    struct contract_engine *engine = *state;
    for (uint32_t i = 0; i < 9; i++) {
        say_in(engine, 600 + i % 2, 10 + i, 5000 + i);
    }
    struct history_search_op op = {
        .user = contract_id(ANNA), .q = contract_str("word"), .limit = 20};
    for (uint32_t left = 9; left > 0; left--) {
        assert_int_equal(ASK(engine, history_search, engine->history, &op), OK);
        assert_int_equal(op.count, left);
        assert_int_equal(op.hits[0].ts, 5000 + left - 1);
        op.after = op.hits[0].at;
    }
    assert_int_equal(ASK(engine, history_search, engine->history, &op), OK);
    assert_int_equal(op.count, 0);
    assert_false(op.more);
    arena_deinit(&op.arena);
}

/* Few words that begin so, and so many that they are not named one by one. */
static void the_last_word_is_a_beginning_however_many_begin_so(void **state)
{
    struct script script = {.engine = *state};
    add_room(&script, cht_history_from_all);
    add_member(&script, 2, ANNA, cht_member_state_joined);
    char texts[25][16];
    for (uint32_t i = 0; i < 25; i++) {
        snprintf(texts[i], sizeof(texts[i]), "plain word%c", 'a' + (char)i);
        add_message(&script, 3 + i, texts[i]);
    }
    write_out(&script);
    assert_int_equal(search(script.engine, ANNA, "wordc"), 1);
    assert_int_equal(search(script.engine, ANNA, "word"), 10);
    assert_int_equal(search(script.engine, ANNA, "plain W"), 10);
    assert_int_equal(search(script.engine, ANNA, "wordc PLA"), 1);
    assert_int_equal(search(script.engine, ANNA, "words"), 1);
    assert_int_equal(search(script.engine, ANNA, "wordz"), 0);
}

int history_contract(struct contract_engine *engine)
{
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, contract_setup, contract_teardown, engine                                     \
    }
    const struct CMUnitTest tests[] = {
        TEST(messages_come_back_in_pages),
        TEST(a_page_ends_at_its_bytes),
        TEST(writing_the_same_twice_changes_nothing),
        TEST(an_older_change_loses_against_a_newer_one),
        TEST(an_edit_after_a_delete_is_nothing),
        TEST(the_log_keeps_the_original_of_an_edited_message),
        TEST(a_delete_takes_the_keys_of_reactions_with_it),
        TEST(a_cid_is_found_within_its_bounds),
        TEST(one_message_is_told_with_ones_own_reaction),
        TEST(a_stamp_changes_with_its_room_and_stays_otherwise),
        TEST(a_stamp_is_when_its_room_last_changed),
        TEST(a_member_reads_and_nobody_else),
        TEST(a_member_reads_from_joining_on_where_the_room_says_so),
        TEST(progress_comes_back_and_never_falls),
        TEST(words_are_found_by_members_alone),
        TEST(what_was_edited_or_deleted_is_not_found_any_more),
        TEST(a_question_is_never_a_formula),
        TEST(hits_of_all_rooms_come_in_pages_the_newest_first),
        TEST(a_search_goes_on_behind_any_hit),
        TEST(the_last_word_is_a_beginning_however_many_begin_so),
    };
#undef TEST
    return cmocka_run_group_tests_name(engine->name, tests, NULL, NULL);
}
