/* json_write: finished JSON, commas and escapes in their places, never past the block. */

#include "random_event.h"
#include "support.h"

static char block[1u << 16];

static struct cht_json fresh(void)
{
    return (struct cht_json){.at = block, .size = sizeof(block)};
}

static struct cht_str written(const struct cht_json *json)
{
    assert_true(json->used <= json->size);
    return (struct cht_str){json->at, (uint32_t)json->used};
}

static void commas_come_by_themselves(void **state)
{
    struct cht_json json = fresh();
    struct cht_id id = id_of(ROOM_TEXT);
    (void)state;
    cht_json_begin(&json, '{');
    cht_json_key(&json, "a");
    cht_json_u64(&json, 0);
    cht_json_key(&json, "b");
    cht_json_begin(&json, '[');
    cht_json_flag(&json, true);
    cht_json_flag(&json, false);
    cht_json_begin(&json, '{');
    cht_json_end(&json, '}');
    cht_json_id(&json, &id);
    cht_json_raw(&json, str("[1]"));
    cht_json_end(&json, ']');
    cht_json_key(&json, "c");
    cht_json_text(&json, str("x"));
    cht_json_end(&json, '}');
    assert_str(written(&json), "{\"a\":0,\"b\":[true,false,{},\"" ROOM_TEXT "\",[1]],\"c\":\"x\"}");
}

static void numbers_are_exact(void **state)
{
    static const struct {
        uint64_t number;
        const char *text;
    } table[] = {{0, "0"}, {9, "9"}, {10, "10"}, {99, "99"}, {100, "100"}, {12345, "12345"},
        {CHT_NUMBER_MAX, "9007199254740991"}, {UINT64_MAX, "18446744073709551615"}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct cht_json json = fresh();
        cht_json_u64(&json, table[i].number);
        assert_str(written(&json), table[i].text);
    }
}

static void numbers_of_every_size_are_exact(void **state)
{
    (void)state;
    for (uint64_t power = 10; power <= UINT64_C(1000000000000000000); power *= 10) {
        for (uint64_t number = power - 1; number <= power + 1; number++) {
            char wanted[32];
            struct cht_json json = fresh();
            snprintf(wanted, sizeof(wanted), "%llu", (unsigned long long)number);
            cht_json_u64(&json, number);
            assert_str(written(&json), wanted);
        }
    }
}

static void only_what_must_be_is_escaped(void **state)
{
    struct cht_json json = fresh();
    struct cht_str text = {"\"\\/\b\f\n\r\t\0\x01\x1f\x7f\xc3\xa9\xe2\x80\xa8<", 18};
    (void)state;
    cht_json_text(&json, text);
    assert_str(written(&json),
        "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u0001\\u001f\x7f\xc3\xa9\xe2\x80\xa8<\"");
    json = fresh();
    cht_json_text(&json, str(""));
    assert_str(written(&json), "\"\"");
}

static void an_escape_is_found_at_every_place(void **state)
{
    static const char specials[] = "\"\\\n\x01\x1f";
    (void)state;
    for (size_t i = 0; i < 40; i++) {
        for (size_t k = 0; k < sizeof(specials) - 1; k++) {
            char text[60];
            size_t count;
            struct cht_member member;
            struct cht_json json = fresh();
            memset(text, i % 2 == 0 ? 'x' : '\x7f', sizeof(text));
            text[i] = specials[k];
            cht_json_begin(&json, '{');
            cht_json_key(&json, "t");
            cht_json_text(&json, (struct cht_str){text, 40});
            cht_json_end(&json, '}');
            assert_true(cht_read_members(written(&json), &member, 1, &count));
            assert_int_equal(member.value.size, 40);
            assert_memory_equal(member.value.at, text, 40);
        }
    }
}

static void a_full_block_is_never_passed_and_the_need_is_told(void **state)
{
    struct cht_f_message message = {.room = id_of(ROOM_TEXT),
        .seq = 7,
        .n = 3,
        .ts = 5,
        .from = id_of(USER_TEXT),
        .text = str("a\nlong\x01text\"")};
    struct cht_json json = fresh();
    (void)state;
    cht_json_event(&json, &cht_row_f_message, &message);
    size_t need = json.used;
    for (size_t size = 0; size <= need; size++) {
        char *small = test_malloc(size + 1);
        struct cht_json part = {.at = small, .size = size};
        cht_json_event(&part, &cht_row_f_message, &message);
        assert_int_equal(part.used, need);
        if (size == need) {
            assert_memory_equal(small, block, need);
        }
        test_free(small);
    }
}

static void frames_have_their_type_and_only_what_is_set(void **state)
{
    struct cht_json json = fresh();
    struct cht_f_reaction_count count = {.key = str("+1"), .count = 2, .me = false};
    struct cht_f_message message = {.room = id_of(ROOM_TEXT),
        .seq = 7,
        .n = 3,
        .ts = 5,
        .from = id_of(USER_TEXT),
        .cid = str("c"),
        .text = str("hi"),
        .reactions = {&count, 1}};
    (void)state;
    cht_json_event(&json, &cht_row_f_message, &message);
    assert_str(written(&json),
        "{\"type\":\"message\",\"room\":\"" ROOM_TEXT "\",\"seq\":7,\"n\":3,\"from\":\"" USER_TEXT
        "\",\"ts\":5,\"cid\":\"c\",\"text\":\"hi\",\"reactions\":[{\"key\":\"+1\",\"count\":2,"
        "\"me\":false}]}");
}

static void words_lists_and_finished_json_are_written(void **state)
{
    struct cht_json json = fresh();
    struct cht_f_room room = {.room = id_of(ROOM_TEXT),
        .seq = 1,
        .ts = 2,
        .kind = cht_room_kind_channel,
        .settings = str("{\"posting\":\"admins\"}")};
    (void)state;
    cht_json_event(&json, &cht_row_f_room, &room);
    assert_str(written(&json),
        "{\"room\":\"" ROOM_TEXT
        "\",\"seq\":1,\"ts\":2,\"kind\":\"channel\",\"settings\":{\"posting\":\"admins\"}}");
    struct cht_id ids[2] = {id_of(ROOM_TEXT), id_of(USER_TEXT)};
    struct cht_joined joined = {.room = ids[0], .seq = 1, .users = {ids, 2}};
    json = fresh();
    cht_json_members(&json, &cht_row_joined, &joined);
    assert_str(written(&json),
        "\"room\":\"" ROOM_TEXT "\",\"seq\":1,\"users\":[\"" ROOM_TEXT "\",\"" USER_TEXT "\"]");
}

static void bytes_are_base64url(void **state)
{
    static const struct {
        const char *bytes;
        const char *text;
    } table[] = {
        {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xfb\xff\xfe", "-__-"}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char wanted[100];
        struct cht_json json = fresh();
        struct cht_record record = {.term = 1, .index = 2, .cause = str(table[i].bytes)};
        cht_json_event(&json, &cht_row_record, &record);
        sprintf(wanted, "{\"term\":1,\"index\":2,\"cause\":\"%s\"}", table[i].text);
        assert_str(written(&json), wanted);
    }
}

static void every_event_is_strict_json(void **state)
{
    static uint8_t memory[1u << 20];
    static uint64_t event[256];
    struct dice dice = {4711};
    (void)state;
    for (uint32_t number = 1; number < 200; number++) {
        const struct cht_event_row *row = cht_event_row_by_number(number);
        for (unsigned i = 0; row != NULL && i < 50; i++) {
            struct cht_scratch scratch = {memory, sizeof(memory), 0};
            struct cht_member members[64];
            struct cht_json json = fresh();
            size_t count;
            random_event(&dice, row, &scratch, event);
            cht_json_event(&json, row, event);
            if (!cht_read_members(written(&json), members, COUNT_OF(members), &count)) {
                fail_msg("%s", row->name);
            }
        }
    }
}

/* A row that is none of the library's own is walked by its table, whatever it says. */
static void frames_are_written_like_any_table(void **state)
{
    static uint8_t memory[1u << 20];
    static char by_table[sizeof(block)];
    static uint64_t event[256];
    struct dice dice = {815};
    (void)state;
    for (uint32_t number = 1; number < 200; number++) {
        const struct cht_event_row *row = cht_event_row_by_number(number);
        for (unsigned i = 0; row != NULL && i < 50; i++) {
            struct cht_scratch scratch = {memory, sizeof(memory), 0};
            struct cht_event_row copy = *row;
            struct cht_json json = fresh();
            struct cht_json other = {.at = by_table, .size = sizeof(by_table)};
            random_event(&dice, row, &scratch, event);
            event[0] &= dice_roll(&dice, UINT64_MAX);
            cht_json_event(&json, row, event);
            cht_json_event(&other, &copy, event);
            assert_int_equal(json.used, other.used);
            assert_memory_equal(block, by_table, json.used);
        }
    }
}

static void a_command_is_written_as_a_client_sends_it(void **state)
{
    struct cht_json json = fresh();
    struct cht_command command = {.type = cht_command_type_room_update,
        .room = id_of(ROOM_TEXT),
        .author = id_of(USER_TEXT),
        .cid = str("c"),
        .name = str("n"),
        .cleared = CHT_BIT(command, topic),
        .posting = cht_who_admins};
    (void)state;
    cht_json_client(&json, &command, str("9"));
    assert_str(written(&json),
        "{\"type\":\"room.update\",\"ref\":\"9\",\"room\":\"" ROOM_TEXT
        "\",\"cid\":\"c\",\"name\":\"n\",\"topic\":null,\"settings\":{\"posting\":\"admins\"}}");
    struct cht_room_seq rooms[2] = {
        {.room = id_of(ROOM_TEXT), .seq = 3}, {.room = id_of(USER_TEXT)}};
    command = (struct cht_command){.type = cht_command_type_sync, .rooms = {rooms, 2}};
    json = fresh();
    cht_json_client(&json, &command, str(""));
    assert_str(
        written(&json), "{\"type\":\"sync\",\"rooms\":{\"" ROOM_TEXT "\":3,\"" USER_TEXT "\":0}}");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_come_by_themselves),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(numbers_of_every_size_are_exact),
        cmocka_unit_test(only_what_must_be_is_escaped),
        cmocka_unit_test(an_escape_is_found_at_every_place),
        cmocka_unit_test(a_full_block_is_never_passed_and_the_need_is_told),
        cmocka_unit_test(frames_have_their_type_and_only_what_is_set),
        cmocka_unit_test(words_lists_and_finished_json_are_written),
        cmocka_unit_test(bytes_are_base64url),
        cmocka_unit_test(every_event_is_strict_json),
        cmocka_unit_test(frames_are_written_like_any_table),
        cmocka_unit_test(a_command_is_written_as_a_client_sends_it),
    };
    return cmocka_run_group_tests_name("events/json_write", tests, NULL, NULL);
}
