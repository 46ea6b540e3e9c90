/* store.db as releases of before left it. */

#include "sqlite_engine.h"

#include "chattifier/events.h"

static void write_entry(
    struct contract_engine *engine, const struct cht_entry *entry, enum history_change_kind kind)
{
    struct history_change changes[2] = {
        {.kind = CHANGE_ENTRY, .room = contract_id(5), .seq = entry->seq, .entry = entry},
        {.kind = kind,
            .room = contract_id(5),
            .seq = entry->seq,
            .entry = entry,
            .target = entry->target,
            .text = entry->text},
    };
    sqlite_engine_write(engine, changes, 2);
}

static void say(struct contract_engine *engine, uint64_t seq, const char *text)
{
    struct cht_entry entry = {.kind = cht_entry_kind_message, .seq = seq, .n = seq, .ts = seq};
    entry.text = contract_str(text);
    write_entry(engine, &entry, CHANGE_MESSAGE);
}

static void edit(struct contract_engine *engine, uint64_t seq, uint64_t target, const char *text)
{
    struct cht_entry entry = {
        .kind = cht_entry_kind_edited, .seq = seq, .ts = seq, .target = target};
    entry.text = contract_str(text);
    write_entry(engine, &entry, CHANGE_EDIT);
}

static void forget(struct contract_engine *engine, uint64_t seq, uint64_t target)
{
    struct cht_entry entry = {
        .kind = cht_entry_kind_deleted, .seq = seq, .ts = seq, .target = target};
    write_entry(engine, &entry, CHANGE_DELETE);
}

static void check_log(struct contract_engine *engine)
{
    static const char *const texts[] = {"stays", "", "original", "changed", ""};
    struct history_entries_op op = {.room = contract_id(5), .bound = HISTORY_NEWEST, .limit = 9};
    assert_int_equal(ASK(engine, history_entries, engine->history, &op), OK);
    assert_int_equal(op.count, 5);
    assert_int_equal(op.oldest_seq, 1);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(op.entries[i].seq, i + 1);
        assert_int_equal(op.entries[i].ts, i + 1);
        assert_true(cht_str_equal(op.entries[i].text, contract_str(texts[i])));
    }
    arena_deinit(&op.arena);
}

static void a_log_of_before_is_the_same_when_messages_are_one_row(void **state)
{
    struct contract_engine *engine = *state;
    say(engine, 1, "stays");
    say(engine, 2, "deleted");
    say(engine, 3, "original");
    edit(engine, 4, 3, "changed");
    forget(engine, 5, 2);
    check_log(engine);
    engine->close(engine);
    sqlite_engine_run(engine, "store.db", ENTRIES_OF_MESSAGES "PRAGMA user_version = 6;");
    engine->open(engine, false);
    check_log(engine);
    engine->close(engine);
    sqlite_engine_run(engine, "store.db",
        "CREATE TABLE counted (entries INTEGER CHECK (entries = 3));"
        "INSERT INTO counted SELECT count(*) FROM entries; DROP TABLE counted;");
    engine->open(engine, false);
}

int main(void)
{
    struct contract_engine *engine = sqlite_engine();
    const struct CMUnitTest tests[] = {
        {"a_log_of_before_is_the_same_when_messages_are_one_row",
            a_log_of_before_is_the_same_when_messages_are_one_row, contract_setup,
            contract_teardown, engine},
    };
    return cmocka_run_group_tests_name("store_schema", tests, NULL, NULL);
}
