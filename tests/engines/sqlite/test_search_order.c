/* What a transaction does to the search index: as if one by one, and in one piece. */

#include "sqlite_engine.h"

#include <sqlite3.h>
#include <stdio.h>

#include "chattifier/events.h"

static uint32_t count_hits(struct contract_engine *engine, const char *q)
{
    struct history_search_op op = {.user = contract_id(1), .q = contract_str(q), .limit = 10};
    assert_int_equal(ASK(engine, history_search, engine->history, &op), OK);
    arena_deinit(&op.arena);
    return op.count;
}

static struct history_change message_in(uint32_t room, struct cht_entry *entry)
{
    entry->kind = cht_entry_kind_message;
    return (struct history_change){
        .kind = CHANGE_MESSAGE, .room = contract_id(room), .seq = entry->seq, .entry = entry};
}

static void what_is_said_changed_and_deleted_at_once_is_found_as_it_is(void **state)
{
    struct contract_engine *engine = *state;
    sqlite_engine_join(engine);
    struct cht_entry zebra = {.seq = 2, .n = 1, .text = contract_str("grey zebra")};
    struct cht_entry lion = {.seq = 3, .n = 2, .text = contract_str("yellow lion")};
    struct history_change changes[6] = {
        message_in(5, &lion),
        message_in(5, &zebra),
        {.kind = CHANGE_EDIT, .seq = 4, .target = 2, .text = contract_str("grey giraffe")},
        {.kind = CHANGE_EDIT, .seq = 5, .target = 3, .text = contract_str("yellow tiger")},
        {.kind = CHANGE_EDIT, .seq = 6, .target = 2, .text = contract_str("tall giraffe")},
        {.kind = CHANGE_DELETE, .seq = 7, .target = 3},
    };
    for (int i = 2; i < 6; i++) {
        changes[i].room = contract_id(5);
    }
    sqlite_engine_write(engine, changes, 6);
    static const char *const gone[] = {"zebra", "grey", "lion", "tiger", "yellow"};
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
        assert_int_equal(count_hits(engine, gone[i]), 0);
    }
    assert_int_equal(count_hits(engine, "giraffe"), 1);
    assert_int_equal(count_hits(engine, "tall"), 1);
}

static int64_t number_of(struct contract_engine *engine, const char *file, const char *question)
{
    char path[128];
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    snprintf(path, sizeof(path), "%s/%s", sqlite_engine_dir(engine), file);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, question, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return number;
}

static void what_is_said_at_once_in_many_rooms_is_one_piece_of_the_index(void **state)
{
    struct contract_engine *engine = *state;
    enum { ROOMS = 20, EACH = 3 };
    struct cht_entry entries[ROOMS * EACH] = {{0}};
    struct history_change changes[ROOMS * EACH];
    for (uint32_t i = 0; i < ROOMS * EACH; i++) {
        entries[i] = (struct cht_entry){
            .seq = 1 + i / ROOMS, .n = 1 + i / ROOMS, .text = contract_str("a word")};
        changes[i] = message_in(1 + i % ROOMS, &entries[i]);
    }
    sqlite_engine_write(engine, changes, ROOMS * EACH);
    assert_int_equal(
        number_of(engine, "store.db", "SELECT count(DISTINCT segid) FROM search_idx"), 1);
}

int main(void)
{
    struct contract_engine *engine = sqlite_engine();
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, contract_setup, contract_teardown, engine                                     \
    }
    const struct CMUnitTest tests[] = {
        TEST(what_is_said_changed_and_deleted_at_once_is_found_as_it_is),
        TEST(what_is_said_at_once_in_many_rooms_is_one_piece_of_the_index),
    };
#undef TEST
    return cmocka_run_group_tests_name("search_order", tests, NULL, NULL);
}
