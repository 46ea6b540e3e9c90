/* binary: everything that is encoded decodes to the same, and nothing else decodes. */

#include "random_event.h"
#include "support.h"

#define ROWS_MAX 200
#define ROUNDS 200

static uint8_t scratch_bytes[1u << 20];
static uint8_t decoded_bytes[1u << 20];
static uint8_t encoded[1u << 17];

union any_event {
    uint64_t has;
    struct cht_command command;
    struct cht_entry entry;
    uint8_t bytes[2048];
};

static struct cht_str encode(const struct cht_event_row *row, const void *event)
{
    size_t size = cht_encoded_size(row, event);
    assert_true(size <= sizeof(encoded));
    cht_encode(row, event, encoded);
    return (struct cht_str){(const char *)encoded, (uint32_t)size};
}

static bool decode(const struct cht_event_row *row, struct cht_str bytes, void *ret_event)
{
    struct cht_scratch scratch = {decoded_bytes, sizeof(decoded_bytes), 0};
    return cht_decode(row, bytes, &scratch, ret_event);
}

static void check_round_trip(struct dice *dice, const struct cht_event_row *row)
{
    union any_event event;
    union any_event again;
    struct cht_scratch scratch = {scratch_bytes, sizeof(scratch_bytes), 0};
    assert_true(row->size <= sizeof(event));
    random_event(dice, row, &scratch, &event);
    struct cht_str bytes = encode(row, &event);
    assert_int_equal(cht_event_number_of(bytes), row->number);
    assert_true(decode(row, bytes, &again));
    assert_true(cht_event_equal(row, &event, &again));
}

static void every_event_decodes_to_what_was_encoded(void **state)
{
    (void)state;
    struct dice dice = {0x1234567};
    unsigned rows = 0;
    for (uint32_t number = 0; number < ROWS_MAX; number++) {
        const struct cht_event_row *row = cht_event_row_by_number(number);
        for (unsigned i = 0; row != NULL && i < ROUNDS; i++) {
            check_round_trip(&dice, row);
        }
        rows += row != NULL;
    }
    assert_true(rows > 35);
    assert_null(cht_event_row_by_number(UINT32_MAX));
}

/* An exact copy on the heap, so that a sanitizer sees every byte read past the end. */
static bool decode_exact(const struct cht_event_row *row, struct cht_str bytes, void *ret_event)
{
    char *copy = test_malloc(bytes.size + 1u);
    bool good = false;
    if (bytes.size > 0) {
        memcpy(copy + 1, bytes.at, bytes.size);
    }
    good = decode(row, (struct cht_str){copy + 1, bytes.size}, ret_event);
    if (good) {
        /* Cut between two fields it is a whole, shorter event, and then exactly these bytes. */
        size_t size = cht_encoded_size(row, ret_event);
        assert_int_equal(size, bytes.size);
        uint8_t *repeat = test_malloc(size);
        cht_encode(row, ret_event, repeat);
        assert_memory_equal(repeat, copy + 1, size);
        test_free(repeat);
    }
    test_free(copy);
    return good;
}

static void a_truncated_event_is_refused_or_a_whole_shorter_one(void **state)
{
    (void)state;
    struct dice dice = {99};
    for (uint32_t number = 0; number < ROWS_MAX; number++) {
        const struct cht_event_row *row = cht_event_row_by_number(number);
        union any_event event;
        union any_event again;
        struct cht_scratch scratch = {scratch_bytes, sizeof(scratch_bytes), 0};
        if (row == NULL) {
            continue;
        }
        random_event(&dice, row, &scratch, &event);
        struct cht_str whole = encode(row, &event);
        unsigned refused = 0;
        for (uint32_t size = 0; size < whole.size; size++) {
            refused += !decode_exact(row, (struct cht_str){whole.at, size}, &again);
        }
        assert_true(refused >= 1);
    }
}

static void nothing_after_the_required_part_may_be_missing(void **state)
{
    (void)state;
    union any_event event;
    struct cht_hello hello = {.node = 300};
    struct cht_str whole = encode(&cht_row_hello, &hello);
    for (uint32_t size = 0; size < whole.size; size++) {
        assert_false(decode(&cht_row_hello, (struct cht_str){whole.at, size}, &event));
    }
    assert_true(decode(&cht_row_hello, whole, &event));
}

static void events_are_protobuf_messages(void **state)
{
    (void)state;
    struct cht_hello hello = {.node = 300, .boot = 1};
    struct cht_str bytes = encode(&cht_row_hello, &hello);
    assert_int_equal(bytes.size, 6);
    assert_memory_equal(bytes.at, "\x0d\x08\xac\x02\x10\x01", 6);
    struct cht_typed {
        struct cht_joined joined;
    } typed = {.joined = {.seq = 1}};
    bytes = encode(&cht_row_joined, &typed.joined);
    assert_int_equal(bytes.size, 1 + 18 + 2 + 2);
}

struct bad {
    const char *why;
    const char *bytes;
    uint32_t size;
};

#define BAD(why, bytes)                                                                            \
    {                                                                                              \
        why, bytes, sizeof(bytes) - 1                                                              \
    }

/* Of `user_presence` (16): user = 1, state = 2, last_seen = 3. */
#define USER                                                                                       \
    "\x0a\x10"                                                                                     \
    "0123456789abcdef"

static void what_breaks_the_rules_is_refused(void **state)
{
    static const struct bad table[] = {
        BAD("no bytes", ""),
        BAD("another event", "\x0f" USER "\x10\x01"),
        BAD("a required field is missing", "\x10" USER),
        BAD("the other required field is missing", "\x10\x10\x01"),
        BAD("a single value comes twice", "\x10" USER "\x10\x01\x10\x01"),
        BAD("wrong wire type for a number", "\x10" USER "\x12\x01\x01"),
        BAD("wrong wire type for an id", "\x10\x08\x01\x10\x01"),
        BAD("an id of 15 bytes", "\x10\x0a\x0f"
                                 "0123456789abcde"
                                 "\x10\x01"),
        BAD("an id of 17 bytes", "\x10\x0a\x11"
                                 "0123456789abcdefg"
                                 "\x10\x01"),
        BAD("a word that is none", "\x10" USER "\x10\x04"),
        BAD("no word where one is required", "\x10" USER "\x10\x00"),
        BAD("a number over 2^53 - 1", "\x10" USER "\x10\x01\x18\x80\x80\x80\x80\x80\x80\x80\x10"),
        BAD("a varint of 11 bytes",
            "\x10" USER "\x10\x01\x18\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"),
        BAD("a varint over 64 bits",
            "\x10" USER "\x10\x01\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        BAD("field number 0", "\x10" USER "\x10\x01\x00\x00"),
        BAD("a group", "\x10" USER "\x10\x01\x23\x24"),
        BAD("an unknown field that is cut off", "\x10" USER "\x10\x01\x22\x05"
                                                "ab"),
        BAD("a size beyond the end",
            "\x10" USER "\x10\x01\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        union any_event event;
        if (decode(
                &cht_row_user_presence, (struct cht_str){table[i].bytes, table[i].size}, &event)) {
            fail_msg("accepted: %s", table[i].why);
        }
    }
}

static void unknown_fields_are_skipped(void **state)
{
    static const char bytes[] = "\x10"
                                "\x22\x03"
                                "abc" /* 4, sized */
        USER "\x28\x96\x01"           /* 5, varint */
                                "\x31"
                                "12345678" /* 6, 64 bit */
                                "\x10\x02"
                                "\x3d"
                                "1234"; /* 7, 32 bit */
    struct cht_user_presence event;
    (void)state;
    assert_true(decode(&cht_row_user_presence, (struct cht_str){bytes, sizeof(bytes) - 1}, &event));
    assert_int_equal(event.state, cht_presence_state_away);
    assert_memory_equal(event.user.bytes, "0123456789abcdef", 16);
}

static void fields_may_come_in_any_order(void **state)
{
    static const char bytes[] = "\x10\x18\x05\x10\x02" USER;
    struct cht_user_presence event;
    (void)state;
    assert_true(decode(&cht_row_user_presence, (struct cht_str){bytes, sizeof(bytes) - 1}, &event));
    assert_int_equal(event.last_seen, 5);
    assert_true(CHT_HAS(&event, user_presence, last_seen));
}

static void texts_must_fit_their_rows(void **state)
{
    union any_event event;
    (void)state;
    struct cht_entry entry = {.kind = 1, .seq = 1, .text = {"\xff", 1}};
    assert_false(decode(&cht_row_entry, encode(&cht_row_entry, &entry), &event));
    entry = (struct cht_entry){.kind = 1, .seq = 1, .cid = str("a b")};
    assert_false(decode(&cht_row_entry, encode(&cht_row_entry, &entry), &event));
    entry.cid = str("a-b");
    assert_true(decode(&cht_row_entry, encode(&cht_row_entry, &entry), &event));
    entry = (struct cht_entry){.kind = 1, .seq = 1, .name = str("a\nb")};
    assert_false(decode(&cht_row_entry, encode(&cht_row_entry, &entry), &event));
    entry = (struct cht_entry){.kind = 1, .seq = 0};
    assert_false(decode(&cht_row_entry, encode(&cht_row_entry, &entry), &event));
}

static void a_zero_that_is_meant_is_written(void **state)
{
    (void)state;
    struct cht_command command = {.type = cht_command_type_room_mute};
    struct cht_command again;
    command.has = CHT_BIT(command, until);
    assert_true(decode(&cht_row_command, encode(&cht_row_command, &command), &again));
    assert_true(CHT_HAS(&again, command, until));
    assert_false(CHT_HAS(&again, command, on));
    command.has = 0;
    assert_false(cht_event_equal(&cht_row_command, &command, &again));
}

static void lists_need_scratch_and_stay_under_their_maximum(void **state)
{
    static struct cht_room_seq rooms[4097];
    struct cht_heads heads = {.term = 1, .rooms = {rooms, 4096}};
    struct cht_heads again;
    (void)state;
    struct cht_str bytes = encode(&cht_row_heads, &heads);
    assert_true(decode(&cht_row_heads, bytes, &again));
    assert_int_equal(again.rooms.count, 4096);
    struct cht_scratch small = {decoded_bytes, 1000, 0};
    assert_false(cht_decode(&cht_row_heads, bytes, &small, &again));
    assert_false(cht_decode(&cht_row_heads, bytes, NULL, &again));
    heads.rooms.count = 4097;
    assert_false(decode(&cht_row_heads, encode(&cht_row_heads, &heads), &again));
}

static void list_items_may_stand_apart(void **state)
{
    /* presences (17): node = 1, users = 2 */
    static const char bytes[] = "\x11\x12\x14" USER "\x10\x01"
                                "\x08\x07"
                                "\x12\x14" USER "\x10\x02";
    struct cht_presences event;
    (void)state;
    assert_true(decode(&cht_row_presences, (struct cht_str){bytes, sizeof(bytes) - 1}, &event));
    assert_int_equal(event.users.count, 2);
    const struct cht_user_presence *users = event.users.at;
    assert_int_equal(users[1].state, cht_presence_state_away);
}

static void scratch_is_aligned_and_bounded(void **state)
{
    static uint64_t words[4];
    struct cht_scratch scratch = {(uint8_t *)words + 1, sizeof(words) - 1, 0};
    (void)state;
    void *first = cht_scratch_take(&scratch, 3);
    void *second = cht_scratch_take(&scratch, 8);
    assert_ptr_equal(first, &words[1]);
    assert_ptr_equal(second, &words[2]);
    assert_null(cht_scratch_take(&scratch, 9));
    assert_null(cht_scratch_take(&scratch, SIZE_MAX));
    assert_non_null(cht_scratch_take(&scratch, 8));
    assert_null(cht_scratch_take(&scratch, 1));
}

static void random_bytes_never_upset_the_decoder(void **state)
{
    struct dice dice = {7};
    (void)state;
    unsigned accepted = 0;
    for (unsigned round = 0; round < 20000; round++) {
        union any_event event;
        char bytes[40];
        uint32_t size = (uint32_t)dice_roll(&dice, sizeof(bytes));
        for (uint32_t i = 0; i < size; i++) {
            bytes[i] = (char)dice_roll(&dice, dice_roll(&dice, 2) == 0 ? 256 : 20);
        }
        struct cht_str text = {bytes, size};
        const struct cht_event_row *row = cht_event_row_by_number(cht_event_number_of(text));
        accepted += row != NULL && decode(row, text, &event);
    }
    assert_true(accepted > 0);
}

/* A row that is none of the library's own is walked by its table, whatever it says. */
static void check_both_ways(struct dice *dice, const struct cht_event_row *row)
{
    static uint8_t by_table[sizeof(encoded)];
    struct cht_event_row copy = *row;
    union any_event event;
    union any_event one;
    union any_event other;
    struct cht_scratch scratch = {scratch_bytes, sizeof(scratch_bytes), 0};
    random_event(dice, row, &scratch, &event);
    event.has &= dice_roll(dice, UINT64_MAX);
    struct cht_str bytes = encode(row, &event);
    assert_int_equal(cht_encoded_size(&copy, &event), bytes.size);
    cht_encode(&copy, &event, by_table);
    assert_memory_equal(by_table, encoded, bytes.size);
    for (unsigned i = 0; i < 20; i++) {
        bool good = decode(row, bytes, &one);
        struct cht_scratch rest = {scratch_bytes, sizeof(scratch_bytes), 0};
        assert_int_equal(cht_decode(&copy, bytes, &rest, &other), good);
        assert_true(!good || (one.has == other.has && cht_event_equal(row, &one, &other)));
        encoded[dice_roll(dice, bytes.size)] ^= (uint8_t)(1u << dice_roll(dice, 8));
    }
}

static void the_bus_is_written_and_read_like_any_table(void **state)
{
    (void)state;
    struct dice dice = {0xabcdef};
    for (uint32_t number = 0; number < ROWS_MAX; number++) {
        const struct cht_event_row *row = cht_event_row_by_number(number);
        for (unsigned i = 0; row != NULL && i < ROUNDS; i++) {
            check_both_ways(&dice, row);
        }
    }
}

static void items_of_every_size_come_back(void **state)
{
    static const uint32_t sizes[] = {
        1, 100, 118, 119, 120, 121, 122, 16370, 16371, 16372, 16373, 16374, 16375, 16376, 16384};
    static char text[16384];
    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct cht_entry entries[3] = {{.kind = 1, .seq = 1, .text = {text, sizes[i]}},
            {.kind = 2, .seq = 2}, {.kind = 1, .seq = 3, .text = {text, sizes[i]}}};
        struct cht_record record = {.term = 1, .index = 9, .entries = {entries, 3}, .owner = 7};
        struct cht_record again;
        assert_true(decode(&cht_row_record, encode(&cht_row_record, &record), &again));
        assert_true(cht_event_equal(&cht_row_record, &record, &again));
    }
}

static void numbers_of_every_size_come_back(void **state)
{
    (void)state;
    for (unsigned bits = 1; bits <= 53; bits++) {
        struct cht_hello hello = {
            .node = (UINT64_C(1) << bits) - 1, .boot = UINT64_C(1) << (bits - 1)};
        struct cht_hello again;
        assert_true(decode_exact(&cht_row_hello, encode(&cht_row_hello, &hello), &again));
        assert_int_equal(again.node, hello.node);
        assert_int_equal(again.boot, hello.boot);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_decodes_to_what_was_encoded),
        cmocka_unit_test(a_truncated_event_is_refused_or_a_whole_shorter_one),
        cmocka_unit_test(nothing_after_the_required_part_may_be_missing),
        cmocka_unit_test(events_are_protobuf_messages),
        cmocka_unit_test(what_breaks_the_rules_is_refused),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(fields_may_come_in_any_order),
        cmocka_unit_test(texts_must_fit_their_rows),
        cmocka_unit_test(a_zero_that_is_meant_is_written),
        cmocka_unit_test(lists_need_scratch_and_stay_under_their_maximum),
        cmocka_unit_test(list_items_may_stand_apart),
        cmocka_unit_test(scratch_is_aligned_and_bounded),
        cmocka_unit_test(random_bytes_never_upset_the_decoder),
        cmocka_unit_test(the_bus_is_written_and_read_like_any_table),
        cmocka_unit_test(items_of_every_size_come_back),
        cmocka_unit_test(numbers_of_every_size_come_back),
    };
    return cmocka_run_group_tests_name("events/binary", tests, NULL, NULL);
}
