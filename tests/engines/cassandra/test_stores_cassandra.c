/* What the contracts do not ask: where buckets meet, rooms larger than a page, batches that were
 * cut short, and what is left of a deleted message. */

#include "cassandra_engine.h"

#include "chattifier/events.h"

enum { ROOM = 500, ANNA = 1, BUCKET = 8192, MANY = 600 };

static struct history_change changes[MANY * 3];
static struct cht_entry entries[MANY * 3];
static struct room_member members[MANY];
static struct room_head head;
static uint32_t count;

static struct history_change *add(enum history_change_kind kind, uint64_t seq)
{
    changes[count] = (struct history_change){.kind = kind, .room = contract_id(ROOM), .seq = seq};
    return &changes[count++];
}

static struct cht_entry *add_entry(enum cht_entry_kind kind, uint64_t seq, const char *text)
{
    struct cht_entry *entry = &entries[count];
    *entry = (struct cht_entry){.kind = kind, .seq = seq, .n = seq, .ts = 1000 + seq};
    entry->by = contract_id(ANNA);
    entry->cid = contract_str("cid");
    entry->text = contract_str(text);
    add(CHANGE_ENTRY, seq)->entry = entry;
    return entry;
}

static void add_message(uint64_t seq, const char *text)
{
    const struct cht_entry *entry = add_entry(cht_entry_kind_message, seq, text);
    add(CHANGE_MESSAGE, seq)->entry = entry;
}

static void add_edit(uint64_t seq, uint64_t target, const char *text)
{
    add_entry(cht_entry_kind_edited, seq, text)->target = target;
    struct history_change *edit = add(CHANGE_EDIT, seq);
    edit->target = target;
    edit->text = contract_str(text);
}

static void add_reaction(uint64_t seq, uint64_t target, const char *key)
{
    struct cht_entry *entry = add_entry(cht_entry_kind_reaction, seq, "");
    entry->target = target;
    entry->key = contract_str(key);
    entry->on = true;
    struct history_change *put = add(CHANGE_REACTION, seq);
    put->target = target;
    put->user = contract_id(ANNA);
    put->key = entry->key;
    put->on = true;
}

static void add_delete(uint64_t seq, uint64_t target)
{
    add_entry(cht_entry_kind_deleted, seq, "")->target = target;
    add(CHANGE_DELETE, seq)->target = target;
}

static void add_head(uint64_t seq, uint64_t last_seq, const char *last_text)
{
    head = (struct room_head){.seq = seq, .n = seq, .ts = 1000 + seq, .last_seq = last_seq};
    head.last_text = contract_str(last_text);
    add(CHANGE_HEAD, seq)->head = &head;
}

static enum err write_again(struct contract_engine *engine)
{
    static uint64_t index;
    struct history_write_op op = {
        .progress = {.shard = 1, .index = ++index}, .changes = changes, .count = count};
    return ASK(engine, history_write, engine->history, &op);
}

static void write_out(struct contract_engine *engine)
{
    assert_int_equal(write_again(engine), OK);
    count = 0;
}

/* ---- where buckets meet */

/* Messages on both sides of the first border, each with a reaction to the one on the other side. */
static void fill_border(struct contract_engine *engine)
{
    for (uint64_t seq = BUCKET - 4; seq < BUCKET + 4; seq++) {
        add_message(seq, "hello");
    }
    add_edit(BUCKET + 4, BUCKET - 1, "edited");
    add_reaction(BUCKET + 5, BUCKET - 2, "+1");
    add_reaction(BUCKET + 6, BUCKET + 1, "-1");
    add_head(BUCKET + 6, BUCKET + 3, "hello");
    write_out(engine);
}

static struct history_messages_op page(
    struct contract_engine *engine, enum history_bound bound, uint64_t seq, uint32_t limit)
{
    struct history_messages_op op = {.room = contract_id(ROOM),
        .reader = contract_id(ANNA),
        .bound = bound,
        .seq = seq,
        .limit = limit};
    assert_int_equal(ASK(engine, history_messages, engine->history, &op), OK);
    return op;
}

static void assert_page(
    struct history_messages_op op, uint64_t first, uint32_t page_count, bool more)
{
    assert_int_equal(op.count, page_count);
    for (uint32_t i = 0; i < op.count; i++) {
        assert_int_equal(op.messages[i].seq, first + i);
    }
    assert_int_equal(op.more, more);
    arena_deinit(&op.arena);
}

static void a_page_goes_on_in_the_next_bucket(void **state)
{
    struct contract_engine *engine = *state;
    fill_border(engine);
    assert_page(page(engine, HISTORY_NEWEST, 0, 20), BUCKET - 4, 8, false);
    assert_page(page(engine, HISTORY_NEWEST, 0, 6), BUCKET - 2, 6, true);
    assert_page(page(engine, HISTORY_NEWEST, 0, 4), BUCKET, 4, true);
    assert_page(page(engine, HISTORY_BEFORE, BUCKET + 1, 3), BUCKET - 2, 3, true);
    assert_page(page(engine, HISTORY_BEFORE, BUCKET, 4), BUCKET - 4, 4, false);
    assert_page(page(engine, HISTORY_AFTER, BUCKET - 3, 3), BUCKET - 2, 3, true);
    assert_page(page(engine, HISTORY_AFTER, BUCKET - 1, 4), BUCKET, 4, false);
    assert_page(page(engine, HISTORY_AFTER, BUCKET + 6, 4), 0, 0, false);
    assert_page(page(engine, HISTORY_AROUND, BUCKET, 4), BUCKET - 2, 4, true);
}

static void reactions_and_edits_are_told_on_both_sides_of_the_border(void **state)
{
    struct contract_engine *engine = *state;
    fill_border(engine);
    struct history_messages_op op = page(engine, HISTORY_NEWEST, 0, 8);
    assert_true(cht_str_equal(op.messages[3].text, contract_str("edited")));
    assert_int_equal(op.messages[2].reaction_count, 1);
    assert_true(cht_str_equal(op.messages[2].reactions[0].key, contract_str("+1")));
    assert_int_equal(op.messages[5].reaction_count, 1);
    assert_true(op.messages[5].reactions[0].me);
    arena_deinit(&op.arena);
}

static void the_log_goes_on_in_the_next_bucket(void **state)
{
    struct contract_engine *engine = *state;
    fill_border(engine);
    struct history_entries_op op = {
        .room = contract_id(ROOM), .bound = HISTORY_AFTER, .seq = BUCKET - 3, .limit = 20};
    assert_int_equal(ASK(engine, history_entries, engine->history, &op), OK);
    assert_int_equal(op.count, 9);
    for (uint32_t i = 0; i < op.count; i++) {
        assert_int_equal(op.entries[i].seq, BUCKET - 2 + i);
    }
    assert_true(cht_str_equal(op.entries[1].text, contract_str("hello")));
    assert_true(cht_str_equal(op.entries[6].text, contract_str("edited")));
    arena_deinit(&op.arena);
}

static void a_command_is_found_below_the_border(void **state)
{
    struct contract_engine *engine = *state;
    fill_border(engine);
    struct history_find_cid_op op = {.room = contract_id(ROOM),
        .user = contract_id(ANNA),
        .cid = contract_str("cid"),
        .limit = 20};
    assert_int_equal(ASK(engine, history_find_cid, engine->history, &op), OK);
    assert_int_equal(op.found.seq, BUCKET + 6);
    op.cid = contract_str("none");
    assert_int_equal(ASK(engine, history_find_cid, engine->history, &op), ERR_NOT_FOUND);
    op.limit = 8;
    assert_int_equal(ASK(engine, history_find_cid, engine->history, &op), ERR_CONFLICT);
    arena_deinit(&op.arena);
}

/* ---- what is deleted */

static void nothing_of_a_deleted_message_is_left_in_any_table(void **state)
{
    struct contract_engine *engine = *state;
    add_message(BUCKET - 1, "secret one");
    add_edit(BUCKET, BUCKET - 1, "secret two");
    add_reaction(BUCKET + 1, BUCKET - 1, "secret");
    add_head(BUCKET + 1, BUCKET - 1, "secret two");
    write_out(engine);
    assert_true(cassandra_engine_has(engine, "secret"));
    add_delete(BUCKET + 2, BUCKET - 1);
    assert_int_equal(write_again(engine), OK);
    assert_false(cassandra_engine_has(engine, "secret"));
    count = 0;
    add_message(BUCKET - 1, "secret one");
    add_reaction(BUCKET + 1, BUCKET - 1, "secret");
    write_out(engine); /* a repeat, late */
    assert_false(cassandra_engine_has(engine, "secret"));
}

/* ---- names */

static struct room_meta channel_of(const char *name)
{
    return (struct room_meta){.room = contract_id(ROOM),
        .kind = cht_room_kind_channel,
        .visibility = cht_visibility_public,
        .name = contract_str(name)};
}

static enum err claim(struct contract_engine *engine, uint32_t room, const char *name)
{
    struct rooms_name_op op = {.name = contract_str(name), .room = contract_id(room)};
    return ASK(engine, rooms_claim_name, engine->rooms, &op);
}

static void a_name_that_came_and_went_in_one_batch_is_free(void **state)
{
    struct contract_engine *engine = *state;
    struct room_meta first = channel_of("first"), second = channel_of("second");
    struct rooms_door_op door = {.room = contract_id(ROOM)};
    assert_int_equal(claim(engine, ROOM, "first"), OK);
    add(CHANGE_ROOM, 1)->meta = &first;
    add(CHANGE_ROOM, 2)->meta = &second;
    write_out(engine);
    assert_int_equal(claim(engine, ROOM + 1, "first"), OK);
    assert_int_equal(claim(engine, ROOM + 1, "second"), ERR_TAKEN);
    add(CHANGE_ROOM, 3)->meta = &first;
    add(CHANGE_ROOM_GONE, 4);
    write_out(engine);
    assert_int_equal(claim(engine, ROOM + 2, "second"), OK);
    assert_int_equal(ASK(engine, rooms_door, engine->rooms, &door), ERR_NOT_FOUND);
    arena_deinit(&door.arena);
}

/* ---- many members */

static void add_many_members(void)
{
    for (uint32_t i = 0; i < MANY; i++) {
        members[i] = (struct room_member){.user = contract_id(1000 + i),
            .role = cht_role_member,
            .state = cht_member_state_joined,
            .joined_seq = 2 + i,
            .changed_seq = 2 + i};
        add(CHANGE_MEMBER, 2 + i)->member = &members[i];
    }
}

static uint32_t count_joined(struct contract_engine *engine, uint32_t limit)
{
    struct rooms_members_op op = {.room = contract_id(ROOM), .limit = limit, .joined_only = true};
    uint32_t joined = 0;
    do {
        op.after = op.count ? op.members[op.count - 1].user : (struct cht_id){{0}};
        assert_int_equal(ASK(engine, rooms_members, engine->rooms, &op), OK);
        joined += op.count;
    } while (op.more);
    arena_deinit(&op.arena);
    return joined;
}

static void a_room_of_many_members_ends_for_all_of_them(void **state)
{
    struct contract_engine *engine = *state;
    add_many_members();
    write_out(engine);
    assert_int_equal(count_joined(engine, 100), MANY);
    add(CHANGE_ROOM_GONE, MANY + 10);
    write_out(engine);
    assert_int_equal(count_joined(engine, 1000), 0);
    for (uint32_t i = 0; i < MANY; i += MANY - 1) {
        struct rooms_of_user_op op = {.user = contract_id(1000 + i), .limit = 10};
        assert_int_equal(ASK(engine, rooms_of_user, engine->rooms, &op), OK);
        assert_int_equal(op.count, 0);
        arena_deinit(&op.arena);
    }
}

/* ---- batches that were cut short */

static void what_a_batch_did_not_come_to_is_made_up_for_by_its_repeat(void **state)
{
    struct contract_engine *engine = *state;
    add_many_members();
    add_message(MANY + 5, "hello");
    add_head(MANY + 5, MANY + 5, "hello");
    assert_int_equal(write_again(engine), OK);
    cassandra_engine_empty(engine, "rooms_by_user");
    cassandra_engine_empty(engine, "room_messages");
    assert_int_equal(write_again(engine), OK);
    struct rooms_one_of_user_op one = {.user = contract_id(1007), .room = contract_id(ROOM)};
    assert_int_equal(ASK(engine, rooms_one_of_user, engine->rooms, &one), OK);
    assert_int_equal(one.one.joined_seq, 9);
    arena_deinit(&one.arena);
    assert_page(page(engine, HISTORY_NEWEST, 0, 5), MANY + 5, 1, false);
    count = 0;
}

int main(void)
{
    struct contract_engine *engine = cassandra_engine();
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, contract_setup, contract_teardown, engine                                     \
    }
    const struct CMUnitTest tests[] = {
        TEST(a_page_goes_on_in_the_next_bucket),
        TEST(reactions_and_edits_are_told_on_both_sides_of_the_border),
        TEST(the_log_goes_on_in_the_next_bucket),
        TEST(a_command_is_found_below_the_border),
        TEST(nothing_of_a_deleted_message_is_left_in_any_table),
        TEST(a_name_that_came_and_went_in_one_batch_is_free),
        TEST(a_room_of_many_members_ends_for_all_of_them),
        TEST(what_a_batch_did_not_come_to_is_made_up_for_by_its_repeat),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
