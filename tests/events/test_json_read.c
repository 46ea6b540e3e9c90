/* json_read: clients' commands, rule by rule. */

#include "support.h"

#define R "\"room\":\"" ROOM_TEXT "\""
#define U "\"user\":\"" USER_TEXT "\""
#define C "\"cid\":\"c1\""
#define SEND "{\"type\":\"message.send\"," R "," C

static char frame[1u << 17];
static uint8_t memory[CHT_READ_SCRATCH_BYTES];
static struct cht_command command;
static struct cht_client_head head;
static struct cht_read_error error;

static enum cht_read read_text(const char *text)
{
    struct cht_scratch scratch = {memory, sizeof(memory), 0};
    size_t size = strlen(text);
    assert_true(size <= sizeof(frame));
    memmove(frame, text, size);
    return cht_read_client(
        (struct cht_str){frame, (uint32_t)size}, &scratch, &command, &head, &error);
}

struct sample {
    const char *json;
    enum cht_read code;
    const char *field;
};

#define GOOD(json)                                                                                 \
    {                                                                                              \
        json, CHT_READ_OK, ""                                                                      \
    }
#define FRAME(json)                                                                                \
    {                                                                                              \
        json, CHT_READ_BAD_FRAME, ""                                                               \
    }
#define FIELD(json, field)                                                                         \
    {                                                                                              \
        json, CHT_READ_BAD_FIELD, field                                                            \
    }

static void check_table(const struct sample *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum cht_read code = read_text(table[i].json);
        if (code != table[i].code || error.code != code ||
            strcmp(error.field, table[i].field) != 0) {
            fail_msg("%s: %d %s", table[i].json, (int)code, error.field);
        }
    }
}

static void every_command_is_accepted_in_its_simplest_form(void **state)
{
    static const struct sample table[] = {
        GOOD(SEND ",\"text\":\"x\"}"),
        GOOD("{\"type\":\"message.send\",\"to\":\"" USER_TEXT "\"," C ",\"text\":\"x\"}"),
        GOOD("{\"type\":\"message.edit\"," R "," C ",\"target\":1,\"text\":\"x\"}"),
        GOOD("{\"type\":\"message.delete\"," R "," C ",\"target\":1}"),
        GOOD("{\"type\":\"message.react\"," R "," C ",\"target\":1,\"key\":\"+1\",\"on\":true}"),
        GOOD("{\"type\":\"room.create\"," C ",\"kind\":\"group\",\"name\":\"n\"}"),
        GOOD("{\"type\":\"room.update\"," R "," C "}"),
        GOOD("{\"type\":\"room.delete\"," R "," C "}"),
        GOOD("{\"type\":\"room.join\"," R "," C "}"),
        GOOD("{\"type\":\"room.leave\"," R "," C "}"),
        GOOD("{\"type\":\"room.add\"," R "," C "," U "}"),
        GOOD("{\"type\":\"room.remove\"," R "," C "," U "}"),
        GOOD("{\"type\":\"room.ban\"," R "," C "," U "}"),
        GOOD("{\"type\":\"room.unban\"," R "," C "," U "}"),
        GOOD("{\"type\":\"room.role\"," R "," C "," U ",\"role\":\"admin\"}"),
        GOOD("{\"type\":\"room.mute\"," R "," C "," U ",\"until\":0}"),
        GOOD("{\"type\":\"room.get\"," R "}"),
        GOOD("{\"type\":\"room.list\"}"),
        GOOD("{\"type\":\"room.public\"}"),
        GOOD("{\"type\":\"room.public\",\"prefix\":\"\"}"),
        GOOD("{\"type\":\"room.members\"," R "}"),
        GOOD("{\"type\":\"room.history\"," R "}"),
        GOOD("{\"type\":\"room.events\"," R "}"),
        GOOD("{\"type\":\"sync\"}"),
        GOOD("{\"type\":\"search\",\"q\":\"x\"}"),
        GOOD("{\"type\":\"read\"," R ",\"n\":0}"),
        GOOD("{\"type\":\"typing\"," R ",\"on\":false}"),
        GOOD("{\"type\":\"presence.set\",\"state\":\"away\"}"),
        GOOD("{\"type\":\"presence.watch\",\"users\":[]}"),
        GOOD("{\"type\":\"user.get\",\"users\":[\"" USER_TEXT "\"]}"),
        GOOD("{\"type\":\"user.find\",\"prefix\":\"ab\"}"),
        GOOD("{\"type\":\"user.block\"," U ",\"on\":true}"),
        GOOD("{\"type\":\"auth\",\"token\":\"t\"}"),
        GOOD("{\"type\":\"ping\"}"),
    };
    (void)state;
    check_table(table, COUNT_OF(table));
}

static void every_required_field_is_missed(void **state)
{
    (void)state;
    for (unsigned type = 1; type < cht_command_type_count; type++) {
        const struct cht_command_row *row = cht_command_row(type);
        char text[100];
        sprintf(text, "{\"type\":\"%s\"}", row->wire);
        enum cht_read code = read_text(text);
        if (row->requires == 0) {
            assert_int_equal(code, CHT_READ_OK);
            continue;
        }
        assert_int_equal(code, CHT_READ_BAD_FIELD);
        int first = __builtin_ctzll(row->requires);
        assert_string_equal(error.field, cht_row_command.fields[first].name);
    }
}

static void the_type_is_judged_first(void **state)
{
    static const struct sample table[] = {
        FRAME(""),
        FRAME("[]"),
        FRAME("{"),
        FRAME("{\"type\":\"ping\"}x"),
        FRAME("{\"type\":\"ping\",\"type\":\"ping\"}"),
        FIELD("{}", "type"),
        FIELD("{\"type\":1}", "type"),
        FIELD("{\"type\":null}", "type"),
        FIELD("{\"type\":[\"ping\"]}", "type"),
        {"{\"type\":\"\"}", CHT_READ_UNKNOWN_TYPE, ""},
        {"{\"type\":\"message.pin\"}", CHT_READ_UNKNOWN_TYPE, ""},
        {"{\"type\":\"Ping\"}", CHT_READ_UNKNOWN_TYPE, ""},
        {"{\"type\":\"ping\\u0000\"}", CHT_READ_UNKNOWN_TYPE, ""},
        GOOD("{\"ts\":1,\"type\":\"pi\\u006eg\"}"),
        GOOD("{\"t\\u0079pe\":\"ping\"}"),
    };
    (void)state;
    check_table(table, COUNT_OF(table));
}

static void numbers_are_plain_integers(void **state)
{
    static const struct sample table[] = {
        GOOD("{\"type\":\"ping\",\"ts\":0}"),
        GOOD("{\"type\":\"ping\",\"ts\":9007199254740991}"),
        FIELD("{\"type\":\"ping\",\"ts\":9007199254740992}", "ts"),
        FIELD("{\"type\":\"ping\",\"ts\":18446744073709551616}", "ts"),
        FIELD("{\"type\":\"ping\",\"ts\":12345678901234567890123456789012}", "ts"),
        FRAME("{\"type\":\"ping\",\"ts\":123456789012345678901234567890123}"),
        FIELD("{\"type\":\"ping\",\"ts\":1.0}", "ts"),
        FIELD("{\"type\":\"ping\",\"ts\":1e3}", "ts"),
        FIELD("{\"type\":\"ping\",\"ts\":-0}", "ts"),
        FIELD("{\"type\":\"ping\",\"ts\":-1}", "ts"),
        FIELD("{\"type\":\"ping\",\"ts\":\"1\"}", "ts"),
        FIELD("{\"type\":\"ping\",\"ts\":true}", "ts"),
        FIELD("{\"type\":\"ping\",\"ts\":[1]}", "ts"),
        FIELD("{\"type\":\"ping\",\"ts\":{}}", "ts"),
        FRAME("{\"type\":\"ping\",\"ts\":01}"),
        GOOD("{\"type\":\"ping\",\"ts\":null}"),
        FIELD("{\"type\":\"room.list\",\"limit\":0}", "limit"),
        FIELD("{\"type\":\"room.list\",\"limit\":-5}", "limit"),
        GOOD("{\"type\":\"room.list\",\"limit\":100000}"),
        FIELD("{\"type\":\"message.delete\"," R "," C ",\"target\":0}", "target"),
        GOOD("{\"type\":\"sync\",\"events\":20}"),
        FIELD("{\"type\":\"sync\",\"events\":21}", "events"),
    };
    (void)state;
    check_table(table, COUNT_OF(table));
}

static void ids_flags_words_and_cids_have_one_form(void **state)
{
    static const struct sample table[] = {
        FIELD("{\"type\":\"room.get\",\"room\":\"\"}", "room"),
        FIELD("{\"type\":\"room.get\",\"room\":1}", "room"),
        FIELD("{\"type\":\"room.get\",\"room\":\"0123ABCD-0000-4000-8000-000000000001\"}", "room"),
        FIELD("{\"type\":\"room.get\",\"room\":\"0123abcd000040008000000000000001\"}", "room"),
        FIELD("{\"type\":\"room.get\",\"room\":\"00000000-0000-0000-0000-000000000000\"}", "room"),
        FIELD("{\"type\":\"room.get\",\"room\":null}", "room"),
        GOOD("{\"type\":\"room.get\",\"room\":\"\\u0030123abcd-0000-4000-8000-000000000001\"}"),
        FIELD("{\"type\":\"typing\"," R ",\"on\":1}", "on"),
        FIELD("{\"type\":\"typing\"," R ",\"on\":\"true\"}", "on"),
        FIELD("{\"type\":\"typing\"," R ",\"on\":null}", "on"),
        FIELD("{\"type\":\"presence.set\",\"state\":\"gone\"}", "state"),
        FIELD("{\"type\":\"presence.set\",\"state\":\"none\"}", "state"),
        FIELD("{\"type\":\"presence.set\",\"state\":1}", "state"),
        FIELD("{\"type\":\"room.leave\"," R ",\"cid\":\"\"}", "cid"),
        FIELD("{\"type\":\"room.leave\"," R ",\"cid\":\"a b\"}", "cid"),
        FIELD("{\"type\":\"room.leave\"," R ",\"cid\":\"\xc3\xa9\"}", "cid"),
        FIELD("{\"type\":\"room.leave\"," R ",\"cid\":17}", "cid"),
        GOOD("{\"type\":\"room.leave\"," R ",\"cid\":\"AZaz09._:-\"}"),
        GOOD("{\"type\":\"room.leave\"," R ",\"cid\":\"\\u0061\"}"),
        GOOD("{\"type\":\"room.leave\"," R
             ",\"cid\":\"1234567890123456789012345678901234567890123456789012345678901234\"}"),
        FIELD("{\"type\":\"room.leave\"," R
              ",\"cid\":\"12345678901234567890123456789012345678901234567890123456789012345\"}",
            "cid"),
    };
    (void)state;
    check_table(table, COUNT_OF(table));
}

static void texts_keep_their_bounds(void **state)
{
    static const struct sample table[] = {
        FIELD(SEND ",\"text\":\"\"}", "text"),
        FIELD(SEND ",\"text\":1}", "text"),
        FIELD(SEND ",\"text\":\"a\\u0000b\"}", "text"),
        GOOD(SEND ",\"text\":\" \"}"),
        GOOD(SEND ",\"text\":\"\\u0001\\u202e\\n\"}"),
        GOOD(SEND ",\"text\":\"\\u200b\"}"),
        FRAME(SEND ",\"text\":\"\\ud800\"}"),
        FRAME(SEND ",\"text\":\"\xff\"}"),
        FIELD("{\"type\":\"message.react\"," R "," C ",\"target\":1,\"key\":\"\",\"on\":true}",
            "key"),
        FIELD("{\"type\":\"message.react\"," R "," C
              ",\"target\":1,\"key\":\"123456789012345678901234567890123\",\"on\":true}",
            "key"),
        FIELD("{\"type\":\"room.update\"," R "," C ",\"name\":\"\"}", "name"),
        FIELD("{\"type\":\"room.update\"," R "," C ",\"name\":\"a\\nb\"}", "name"),
        FIELD("{\"type\":\"room.update\"," R "," C ",\"name\":\"a\\u202eb\"}", "name"),
        FIELD("{\"type\":\"room.update\"," R "," C ",\"name\":\"a\xc2\x85\"}", "name"),
        FIELD("{\"type\":\"room.update\"," R "," C ",\"name\":\"general\\u200b\"}", "name"),
        FIELD("{\"type\":\"room.update\"," R "," C ",\"name\":\" \"}", "name"),
        GOOD("{\"type\":\"room.update\"," R "," C ",\"topic\":\"\"}"),
        GOOD("{\"type\":\"room.update\"," R "," C ",\"topic\":\"a\\u200bb\"}"),
        FIELD("{\"type\":\"user.find\",\"prefix\":\"a\"}", "prefix"),
        FIELD("{\"type\":\"user.find\",\"prefix\":\"\xc3\xa9\"}", "prefix"),
        GOOD("{\"type\":\"user.find\",\"prefix\":\"\xc3\xa9\xc3\xa9\"}"),
        FIELD("{\"type\":\"search\",\"q\":\"\"}", "q"),
        FIELD("{\"type\":\"room.list\",\"cursor\":\"\"}", "cursor"),
    };
    (void)state;
    check_table(table, COUNT_OF(table));
}

static enum cht_read send_text_of(const char *piece, size_t count)
{
    static char json[1u << 17];
    size_t size = (size_t)sprintf(json, SEND ",\"text\":\"");
    for (size_t i = 0; i < count; i++) {
        size += (size_t)sprintf(json + size, "%s", piece);
    }
    sprintf(json + size, "\"}");
    return read_text(json);
}

static void a_text_is_measured_after_unescaping(void **state)
{
    (void)state;
    assert_int_equal(send_text_of("x", 16384), CHT_READ_OK);
    assert_int_equal(command.text.size, 16384);
    assert_int_equal(send_text_of("x", 16385), CHT_READ_TOO_LARGE);
    assert_string_equal(error.field, "text");
    assert_int_equal(send_text_of("\\n", 16384), CHT_READ_OK);
    assert_int_equal(send_text_of("\\u00e9", 8192), CHT_READ_OK);
    assert_int_equal(send_text_of("\\u00e9", 8193), CHT_READ_TOO_LARGE);
    assert_int_equal(send_text_of("\\ud83d\\ude00", 4096), CHT_READ_OK);
    assert_int_equal(command.text.size, 16384);
}

static void names_are_measured_in_code_points(void **state)
{
    char json[2000];
    (void)state;
    for (size_t count = 63; count <= 65; count++) {
        size_t size = (size_t)sprintf(json, "{\"type\":\"room.update\"," R "," C ",\"name\":\"");
        for (size_t i = 0; i < count; i++) {
            size += (size_t)sprintf(json + size, "\xf0\x9f\x98\x80");
        }
        sprintf(json + size, "\"}");
        assert_int_equal(read_text(json), count <= 64 ? CHT_READ_OK : CHT_READ_BAD_FIELD);
    }
}

static void rules_over_several_fields_hold(void **state)
{
#define CREATE "{\"type\":\"room.create\"," C
#define ONE "\"members\":[\"" USER_TEXT "\"]"
    static const struct sample table[] = {
        FIELD("{\"type\":\"message.send\"," C ",\"text\":\"x\"}", "room"),
        FIELD(SEND ",\"to\":\"" USER_TEXT "\",\"text\":\"x\"}", "to"),
        GOOD(SEND ",\"to\":null,\"text\":\"x\"}"),
        FIELD(CREATE ",\"kind\":\"group\"}", "name"),
        FIELD(CREATE ",\"kind\":\"channel\",\"name\":null}", "name"),
        FIELD(CREATE ",\"kind\":\"channel\",\"name\":\"\\u3164\"}", "name"),
        FIELD(CREATE ",\"kind\":\"house\"}", "kind"),
        FIELD(CREATE ",\"name\":\"n\"}", "kind"),
        FIELD(CREATE ",\"kind\":\"direct\"}", "members"),
        FIELD(CREATE ",\"kind\":\"direct\",\"members\":[]}", "members"),
        FIELD(CREATE ",\"kind\":\"direct\",\"members\":[\"" USER_TEXT "\",\"" ROOM_TEXT "\"]}",
            "members"),
        GOOD(CREATE ",\"kind\":\"direct\"," ONE "}"),
        FIELD(CREATE ",\"kind\":\"direct\",\"name\":\"n\"," ONE "}", "name"),
        FIELD(CREATE ",\"kind\":\"direct\",\"visibility\":\"private\"," ONE "}", "visibility"),
        FIELD(CREATE ",\"kind\":\"direct\",\"settings\":{\"history\":\"all\"}," ONE "}",
            "settings.history"),
        FIELD(CREATE ",\"kind\":\"group\",\"name\":\"n\",\"visibility\":\"public\"}", "visibility"),
        GOOD(CREATE ",\"kind\":\"channel\",\"name\":\"n\",\"visibility\":\"public\"}"),
        GOOD("{\"type\":\"room.history\"," R ",\"before_seq\":9}"),
        FIELD("{\"type\":\"room.history\"," R ",\"before_seq\":9,\"after_seq\":1}", "after_seq"),
        FIELD("{\"type\":\"room.history\"," R ",\"around_seq\":9,\"after_seq\":0}", "around_seq"),
        FIELD("{\"type\":\"room.events\"," R ",\"before_seq\":9,\"after_seq\":1}", "after_seq"),
        FIELD("{\"type\":\"room.update\"," R "," C ",\"name\":null}", "name"),
    };
    (void)state;
    check_table(table, COUNT_OF(table));
}

static void settings_are_an_object_of_flat_fields(void **state)
{
#define UPDATE "{\"type\":\"room.update\"," R "," C ",\"settings\":"
    static const struct sample table[] = {
        GOOD(UPDATE "{}}"),
        GOOD(UPDATE "{\"posting\":\"admins\"}}"),
        GOOD(UPDATE "{\"x\":1}}"),
        GOOD(UPDATE "null}"),
        FIELD(UPDATE "[]}", "settings"),
        FIELD(UPDATE "1}", "settings"),
        FIELD(UPDATE "{\"posting\":\"all\"}}", "settings.posting"),
        FIELD(UPDATE "{\"adding\":1}}", "settings.adding"),
        FIELD(UPDATE "{\"history\":\"joine\"}}", "settings.history"),
        FRAME(UPDATE "{\"posting\":\"admins\",\"posting\":\"admins\"}}"),
        /* Flat they are unknown members. */
        GOOD("{\"type\":\"room.update\"," R "," C ",\"posting\":17}"),
    };
    (void)state;
    check_table(table, COUNT_OF(table));
    assert_int_equal(
        read_text(UPDATE "{\"posting\":\"ad\\u006dins\",\"history\":\"joined\"}}"), CHT_READ_OK);
    assert_int_equal(command.posting, cht_who_admins);
    assert_int_equal(command.history, cht_history_from_joined);
    assert_true(CHT_HAS(&command, command, history));
    assert_false(CHT_HAS(&command, command, adding));
}

static void null_clears_in_updates_and_is_absent_elsewhere(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"type\":\"room.update\"," R "," C
                               ",\"after\":null,\"topic\":null,\"settings\":{\"posting\":null}}"),
        CHT_READ_OK);
    assert_true(command.cleared == (CHT_BIT(command, topic) | CHT_BIT(command, posting)));
    assert_false(CHT_HAS(&command, command, topic));
    assert_true(CHT_HAS(&command, command, cleared));
    assert_int_equal(read_text("{\"type\":\"room.create\"," C
                               ",\"kind\":\"group\",\"name\":\"n\",\"topic\":null}"),
        CHT_READ_OK);
    assert_true(command.cleared == 0);
    assert_int_equal(read_text(UPDATE "null}"), CHT_READ_OK);
    assert_true(command.cleared ==
                (CHT_BIT(command, posting) | CHT_BIT(command, adding) | CHT_BIT(command, history)));
}

static void unknown_and_server_fields_are_ignored(void **state)
{
    (void)state;
    assert_int_equal(
        read_text("{\"type\":\"ping\",\"author\":\"x\",\"node\":5,\"deadline\":\"\","
                  "\"cleared\":7,\"seq\":1,\"room\":3,\"text\":[],\"zz\":{\"a\":[{}]}}"),
        CHT_READ_OK);
    assert_true(command.has == CHT_BIT(command, type));
    assert_int_equal(command.node, 0);
    assert_int_equal(command.cleared, 0);
}

static size_t write_ids(char *text, const char *before, unsigned count)
{
    size_t size = (size_t)sprintf(text, "%s[", before);
    for (unsigned i = 0; i < count; i++) {
        size += (size_t)sprintf(
            text + size, "%s\"0123abcd-0000-4000-8000-%012x\"", i == 0 ? "" : ", ", i + 1);
    }
    size += (size_t)sprintf(text + size, "]}");
    return size;
}

struct many {
    const char *before;
    unsigned most;
    const char *field;
};

static void lists_have_a_most(void **state)
{
    static char text[1u << 17];
    static const struct many table[] = {
        {"{\"type\":\"room.create\"," C ",\"kind\":\"group\",\"name\":\"n\",\"members\":", 100,
            "members"},
        {"{\"type\":\"user.get\",\"users\":", 100, "users"},
        {"{\"type\":\"presence.watch\",\"users\":", 200, "users"},
        {SEND ",\"text\":\"x\",\"mentions\":", 1000, "mentions"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        write_ids(text, table[i].before, table[i].most);
        assert_int_equal(read_text(text), CHT_READ_OK);
        write_ids(text, table[i].before, table[i].most + 1);
        assert_int_equal(read_text(text), CHT_READ_BAD_FIELD);
        assert_string_equal(error.field, table[i].field);
    }
}

static void a_bad_element_is_named_by_its_place(void **state)
{
#define WATCH "{\"type\":\"presence.watch\",\"users\":"
    static const struct sample table[] = {
        FIELD(WATCH "[1]}", "users.0"),
        FIELD(WATCH "[null]}", "users.0"),
        FIELD(WATCH "[\"" USER_TEXT "\",\"" USER_TEXT "\",\"" USER_TEXT "\",\"x\"]}", "users.3"),
        FIELD(WATCH "[\"" USER_TEXT "\",[\"" USER_TEXT "\"]]}", "users.1"),
        FIELD(WATCH "{}}", "users"),
        FIELD(WATCH "\"" USER_TEXT "\"}", "users"),
        GOOD(WATCH "[ ]}"),
    };
    (void)state;
    check_table(table, COUNT_OF(table));
    assert_true(CHT_HAS(&command, command, users));
}

static void write_rooms(char *text, unsigned count)
{
    size_t size = (size_t)sprintf(text, "{\"type\":\"sync\",\"rooms\":{");
    for (unsigned i = 0; i < count; i++) {
        size += (size_t)sprintf(
            text + size, "%s\"0123abcd-0000-4000-8000-%012x\":%u", i == 0 ? "" : ",", i + 1, i);
    }
    sprintf(text + size, "}}");
}

static void rooms_are_an_object_of_places(void **state)
{
    static char text[1u << 17];
#define SYNC "{\"type\":\"sync\",\"rooms\":"
    static const struct sample table[] = {
        GOOD(SYNC "{}}"),
        GOOD(SYNC "null}"),
        FIELD(SYNC "[]}", "rooms"),
        FIELD(SYNC "\"\"}", "rooms"),
        FIELD(SYNC "{\"" ROOM_TEXT "\":1,\"" USER_TEXT "\":-1}}", "rooms.1"),
        FIELD(SYNC "{\"x\":1}}", "rooms.0"),
        FIELD(SYNC "{\"" ROOM_TEXT "\":\"1\"}}", "rooms.0"),
        FRAME(SYNC "{\"" ROOM_TEXT "\":1,\"" ROOM_TEXT "\":2}}"),
    };
    (void)state;
    check_table(table, COUNT_OF(table));
    write_rooms(text, 1000);
    assert_int_equal(read_text(text), CHT_READ_OK);
    assert_int_equal(command.rooms.count, 1000);
    const struct cht_room_seq *rooms = command.rooms.at;
    assert_int_equal(rooms[999].seq, 999);
    assert_int_equal(rooms[999].room.bytes[14], 1000 >> 8);
    write_rooms(text, 1001);
    assert_int_equal(read_text(text), CHT_READ_BAD_FIELD);
    assert_string_equal(error.field, "rooms");
    write_rooms(text, 2000);
    assert_int_equal(read_text(text), CHT_READ_BAD_FIELD);
}

static void the_head_is_read_even_when_the_command_is_refused(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"ref\":\"r\\u0031\",\"type\":\"nix\"}"), CHT_READ_UNKNOWN_TYPE);
    assert_str(head.type, "nix");
    assert_str(head.ref, "r1");
    assert_int_equal(read_text("{\"ref\":\"r\",\"type\":\"ping\",\"ts\":-1}"), CHT_READ_BAD_FIELD);
    assert_str(head.ref, "r");
    assert_int_equal(read_text("{\"ref\":\"r\"}"), CHT_READ_BAD_FIELD);
    assert_str(head.ref, "r");
    assert_int_equal(head.type.size, 0);
    assert_int_equal(read_text("{\"ref\":\"r\""), CHT_READ_BAD_FRAME);
    assert_int_equal(head.ref.size, 0);
}

static void a_ref_is_a_string_of_1_to_32_bytes(void **state)
{
    static const struct sample table[] = {
        GOOD("{\"type\":\"ping\",\"ref\":\"1\"}"),
        GOOD("{\"type\":\"ping\",\"ref\":null}"),
        GOOD("{\"type\":\"ping\",\"ref\":\"12345678901234567890123456789012\"}"),
        FIELD("{\"type\":\"ping\",\"ref\":\"123456789012345678901234567890123\"}", "ref"),
        FIELD("{\"type\":\"ping\",\"ref\":\"\"}", "ref"),
        FIELD("{\"type\":\"ping\",\"ref\":1}", "ref"),
        FIELD("{\"type\":\"ping\",\"ref\":{}}", "ref"),
        FIELD("{\"type\":\"ping\",\"ref\":\"\\u0000\"}", "ref"),
        FIELD("{\"type\":\"nix\",\"ref\":7}", "ref"),
    };
    (void)state;
    check_table(table, COUNT_OF(table));
    assert_true(head.bad_ref);
    assert_str(head.type, "nix");
}

static void a_frame_has_at_most_256_members(void **state)
{
    static char text[10000];
    (void)state;
    for (unsigned count = 255; count <= 256; count++) {
        size_t size = (size_t)sprintf(text, "{\"type\":\"ping\"");
        for (unsigned i = 0; i < count; i++) {
            size += (size_t)sprintf(text + size, ",\"k%u\":0", i);
        }
        sprintf(text + size, "}");
        assert_int_equal(read_text(text), count == 255 ? CHT_READ_OK : CHT_READ_BAD_FRAME);
    }
}

static void a_small_scratch_is_a_bad_field_not_an_overflow(void **state)
{
    char text[] = WATCH "[\"" USER_TEXT "\",\"" ROOM_TEXT "\"]}";
    static uint64_t words[3];
    struct cht_scratch scratch = {(uint8_t *)words, sizeof(words), 0};
    (void)state;
    assert_int_equal(cht_read_client((struct cht_str){text, sizeof(text) - 1}, &scratch, &command,
                         &head, &error),
        CHT_READ_BAD_FIELD);
    assert_string_equal(error.field, "users");
}

static enum cht_read read_body(const char *text, uint64_t given)
{
    struct cht_scratch scratch = {memory, sizeof(memory), 0};
    size_t size = strlen(text);
    memcpy(frame, text, size);
    return cht_read_body(
        (struct cht_str){frame, (uint32_t)size}, &scratch, given, &command, &error);
}

static void a_body_is_a_command_without_its_type(void **state)
{
    (void)state;
    command = (struct cht_command){
        .type = cht_command_type_message_send, .room = id_of(ROOM_TEXT), .cid = str("c")};
    uint64_t given = CHT_BIT(command, room) | CHT_BIT(command, cid);
    assert_int_equal(
        read_body("{\"text\":\"x\",\"type\":5,\"ref\":{},\"room\":1,\"cid\":7}", given),
        CHT_READ_OK);
    struct cht_id room = id_of(ROOM_TEXT);
    assert_true(cht_id_equal(&command.room, &room));
    assert_str(command.cid, "c");
    assert_str(command.text, "x");
    assert_true(CHT_HAS(&command, command, type));
}

static void an_empty_body_is_an_empty_object(void **state)
{
    (void)state;
    command = (struct cht_command){.type = cht_command_type_room_join, .room = id_of(ROOM_TEXT)};
    assert_int_equal(read_body("", CHT_BIT(command, room)), CHT_READ_BAD_FIELD);
    assert_string_equal(error.field, "cid");
    command.cid = str("c");
    assert_int_equal(read_body("", CHT_BIT(command, room) | CHT_BIT(command, cid)), CHT_READ_OK);
    assert_int_equal(read_body("[]", CHT_BIT(command, room)), CHT_READ_BAD_FRAME);
    command.type = cht_command_type_none;
    assert_int_equal(read_body("", 0), CHT_READ_UNKNOWN_TYPE);
}

static void what_is_written_is_read_again(void **state)
{
    static const char *const texts[] = {SEND
        ",\"after\":3,\"text\":\"a\\\"\\n\xc3\xa9\",\"reply_to\":2,"
        "\"mentions\":[\"" USER_TEXT "\"]}",
        UPDATE "{\"adding\":\"members\"},\"topic\":null}",
        SYNC "{\"" ROOM_TEXT "\":5},\"limit\":7}", WATCH "[]}",
        "{\"type\":\"room.mute\"," R "," C "," U ",\"until\":0}"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        static char first[1000];
        static char second[1000];
        assert_int_equal(read_text(texts[i]), CHT_READ_OK);
        struct cht_json json = {.at = first, .size = sizeof(first) - 1};
        cht_json_client(&json, &command, head.ref);
        first[json.used] = '\0';
        assert_int_equal(read_text(first), CHT_READ_OK);
        json = (struct cht_json){.at = second, .size = sizeof(second) - 1};
        cht_json_client(&json, &command, head.ref);
        second[json.used] = '\0';
        assert_string_equal(first, second);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_accepted_in_its_simplest_form),
        cmocka_unit_test(every_required_field_is_missed),
        cmocka_unit_test(the_type_is_judged_first),
        cmocka_unit_test(numbers_are_plain_integers),
        cmocka_unit_test(ids_flags_words_and_cids_have_one_form),
        cmocka_unit_test(texts_keep_their_bounds),
        cmocka_unit_test(a_text_is_measured_after_unescaping),
        cmocka_unit_test(names_are_measured_in_code_points),
        cmocka_unit_test(rules_over_several_fields_hold),
        cmocka_unit_test(settings_are_an_object_of_flat_fields),
        cmocka_unit_test(null_clears_in_updates_and_is_absent_elsewhere),
        cmocka_unit_test(unknown_and_server_fields_are_ignored),
        cmocka_unit_test(lists_have_a_most),
        cmocka_unit_test(a_bad_element_is_named_by_its_place),
        cmocka_unit_test(rooms_are_an_object_of_places),
        cmocka_unit_test(the_head_is_read_even_when_the_command_is_refused),
        cmocka_unit_test(a_ref_is_a_string_of_1_to_32_bytes),
        cmocka_unit_test(a_frame_has_at_most_256_members),
        cmocka_unit_test(a_small_scratch_is_a_bad_field_not_an_overflow),
        cmocka_unit_test(a_body_is_a_command_without_its_type),
        cmocka_unit_test(an_empty_body_is_an_empty_object),
        cmocka_unit_test(what_is_written_is_read_again),
    };
    return cmocka_run_group_tests_name("events/json_read", tests, NULL, NULL);
}
