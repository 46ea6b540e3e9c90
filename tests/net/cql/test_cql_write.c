/* test_cql_write - requests: as a node took them, and what does not fit. */

#include "cql_case.h"

#include <stdlib.h>
#include <string.h>

#include "cql/cql_write.h"

#define ROOM "00112233445566778899aabbccddeeff"
#define TEXT_OF_LWT                                                                                \
    "INSERT INTO codec.things (id,bucket,seq,body) VALUES "                                        \
    "(00112233-4455-6677-8899-aabbccddeeff,1,9,'x') IF NOT EXISTS"
#define TEXT_OF_INSERT                                                                             \
    "INSERT INTO codec.things (id,bucket,seq,body,bo,ts,li,se,b) VALUES (?,?,?,?,?,?,?,?,?)"
#define TEXT_OF_DELETE                                                                             \
    "DELETE body FROM codec.things WHERE id = 00112233-4455-6677-8899-aabbccddeeff AND bucket = "  \
    "? AND seq = 1"

static const struct cht_id room = {{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
    0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}};
static const uint8_t insert_id[] = {
    0xd1, 0x18, 0x82, 0x4a, 0x6a, 0x75, 0x6b, 0xaa, 0x09, 0xac, 0x6b, 0xad, 0xba, 0x26, 0x7c, 0x35};
static const uint8_t select_id[] = {
    0x72, 0x10, 0x6d, 0x48, 0x53, 0x66, 0xa4, 0xd1, 0x07, 0x78, 0x02, 0x04, 0x65, 0x09, 0x9b, 0x81};

static struct cht_str bytes_of(const uint8_t *bytes, size_t size)
{
    return (struct cht_str){(const char *)bytes, (uint32_t)size};
}

/* ---- a writer for each kind of request; true if it is whole */

static bool write_options(struct cql_writer *writer)
{
    return cql_write_options(writer, 1);
}

static bool write_startup(struct cql_writer *writer)
{
    static const struct cql_startup startup = {"Chattifier", "0.1.0", false, true};
    return cql_write_startup(writer, 2, &startup);
}

static bool write_startup_lz4(struct cql_writer *writer)
{
    static const struct cql_startup startup = {.lz4 = true};
    return cql_write_startup(writer, 1, &startup);
}

static bool write_auth(struct cql_writer *writer)
{
    return cql_write_auth_plain(writer, 3, str("cassandra"), str("cassandra"));
}

static bool write_token(struct cql_writer *writer)
{
    return cql_write_auth(writer, 3, bytes_of((const uint8_t *)"\0cassandra\0cassandra", 20));
}

static bool write_register(struct cql_writer *writer)
{
    return cql_write_register(
        writer, 4, CQL_REGISTER_TOPOLOGY | CQL_REGISTER_STATUS | CQL_REGISTER_SCHEMA);
}

static bool write_register_schema(struct cql_writer *writer)
{
    return cql_write_register(writer, 7, CQL_REGISTER_SCHEMA);
}

static bool write_prepare(struct cql_writer *writer)
{
    return cql_write_prepare(writer, 0x0f, str(TEXT_OF_INSERT));
}

static bool write_query(struct cql_writer *writer)
{
    static const struct cql_params params = {.consistency = CQL_ONE};
    cql_query(writer, 5, str("SELECT release_version FROM system.local"), &params);
    return cql_end(writer);
}

static bool write_query_values(struct cql_writer *writer)
{
    static const struct cql_params params = {.consistency = CQL_LOCAL_QUORUM};
    cql_query(writer, 0x1c,
        str("SELECT body FROM codec.things WHERE id = ? AND bucket = ? AND seq = ?"), &params);
    cql_put_uuid(writer, room);
    cql_put_int(writer, 20250);
    cql_put_bigint(writer, 3);
    return cql_end(writer);
}

static bool write_lwt(struct cql_writer *writer)
{
    static const struct cql_params params = {
        .consistency = CQL_LOCAL_QUORUM, .serial = CQL_LOCAL_SERIAL};
    cql_query(writer, 0x19, str(TEXT_OF_LWT), &params);
    return cql_end(writer);
}

static void put_insert(struct cql_writer *writer, int64_t seq, bool with_body)
{
    cql_put_uuid(writer, room);
    cql_put_int(writer, 20250);
    cql_put_bigint(writer, seq);
    if (with_body) {
        cql_put_text(writer, str("\xc3\xa9 hello"));
    } else {
        cql_put_null(writer);
    }
    cql_put_boolean(writer, true);
    cql_put_timestamp(writer, 1700000000000);
    cql_put_list(writer);
    cql_put_int(writer, 7);
    cql_put_int(writer, -1);
    cql_put_list_end(writer);
    cql_put_list(writer);
    cql_put_uuid(writer, room);
    cql_put_list_end(writer);
    cql_put_unset(writer);
}

static bool write_execute(struct cql_writer *writer)
{
    static const struct cql_params params = {
        .consistency = CQL_LOCAL_QUORUM, .timestamp_us = 1700000000000000};
    cql_execute(writer, 0x10, bytes_of(insert_id, 16), &params);
    put_insert(writer, 1, true);
    return cql_end(writer);
}

static bool write_execute_null(struct cql_writer *writer)
{
    static const struct cql_params params = {
        .consistency = CQL_LOCAL_QUORUM, .timestamp_us = 1700000000000001};
    cql_execute(writer, 0x11, bytes_of(insert_id, 16), &params);
    put_insert(writer, 2, false);
    return cql_end(writer);
}

static bool write_page(struct cql_writer *writer, int16_t stream, struct cht_str state)
{
    const struct cql_params params = {.consistency = CQL_LOCAL_QUORUM,
        .skip_metadata = true,
        .page_size = 2,
        .paging_state = state};
    cql_execute(writer, stream, bytes_of(select_id, 16), &params);
    cql_put_int(writer, 20250);
    cql_put_uuid(writer, room);
    return cql_end(writer);
}

static bool write_first_page(struct cql_writer *writer)
{
    return write_page(writer, 0x15, (struct cht_str){0});
}

/* The state is what the node answered to the first page: behind its header, kind, flags and count.
 */
static bool write_second_page(struct cql_writer *writer)
{
    struct sized first = recorded_response("execute_page_1");
    bool whole = write_page(writer, 0x16, bytes_of(first.at + 25, first.at[24]));
    sized_free(first);
    return whole;
}

static bool write_batch(struct cql_writer *writer)
{
    static const struct cql_params params = {
        .consistency = CQL_LOCAL_QUORUM, .timestamp_us = 1700000000000002};
    cql_batch(writer, 0x1b, CQL_BATCH_UNLOGGED, &params);
    cql_batch_prepared(writer, bytes_of(insert_id, 16));
    put_insert(writer, 1, true);
    cql_batch_query(writer, str(TEXT_OF_DELETE));
    cql_put_int(writer, 20250);
    return cql_end(writer);
}

static const struct {
    const char *recorded;
    bool (*write)(struct cql_writer *writer);
} requests[] = {
    {"options", write_options},
    {"startup", write_startup},
    {"lz4_startup", write_startup_lz4},
    {"auth_plain", write_auth},
    {"auth_plain", write_token},
    {"register", write_register},
    {"lz4_register", write_register_schema},
    {"prepare_insert", write_prepare},
    {"select_release", write_query},
    {"query_values", write_query_values},
    {"lwt_applied", write_lwt},
    {"execute_insert", write_execute},
    {"execute_null", write_execute_null},
    {"execute_page_1", write_first_page},
    {"execute_page_2", write_second_page},
    {"batch", write_batch},
};

#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

static void requests_are_those_that_a_node_took(void **state)
{
    (void)state;
    for (size_t i = 0; i < REQUESTS; i++) {
        struct sized wanted = recorded_request(requests[i].recorded);
        uint8_t bytes[1000];
        struct cql_writer writer;
        cql_writer_init(&writer, bytes, sizeof(bytes));
        assert_true(requests[i].write(&writer));
        assert_int_equal(writer.used, wanted.size);
        if (memcmp(bytes, wanted.at, wanted.size) != 0) {
            fail_msg("%s", requests[i].recorded);
        }
        sized_free(wanted);
    }
}

static void a_request_without_room_leaves_the_writer_as_it_was(void **state)
{
    (void)state;
    for (size_t i = 0; i < REQUESTS; i++) {
        struct sized wanted = recorded_request(requests[i].recorded);
        for (size_t capacity = 0; capacity <= wanted.size + 3; capacity++) {
            struct sized room_for = {malloc(capacity + 1), capacity};
            struct cql_writer writer;
            cql_writer_init(&writer, room_for.at, capacity);
            assert_int_equal(requests[i].write(&writer), capacity >= wanted.size);
            assert_int_equal(writer.used, capacity >= wanted.size ? wanted.size : 0);
            sized_free(room_for);
        }
        sized_free(wanted);
    }
}

static void requests_follow_each_other_and_one_that_fails_is_not_there(void **state)
{
    (void)state;
    uint8_t bytes[60];
    struct cql_writer writer;
    cql_writer_init(&writer, bytes, sizeof(bytes));
    assert_true(cql_write_options(&writer, 1));
    assert_false(write_execute(&writer));
    assert_int_equal(writer.used, 9);
    assert_true(cql_write_options(&writer, 2));
    assert_true(cql_write_prepare(&writer, 3, str("USE k")));
    assert_false(write_batch(&writer));
    assert_hex(bytes, writer.used,
        "0400000105 00000000 0400000205 00000000 0400000309 00000009 00000005 555345206b");
}

/* ---- values */

static struct cql_writer values;
static uint8_t values_room[512];

static void begin_values(void)
{
    static const struct cql_params params = {.consistency = CQL_ANY};
    cql_writer_init(&values, values_room, sizeof(values_room));
    cql_query(&values, 0, str(""), &params);
}

/* Behind header, text, consistency and flags: the count and the values. */
static void assert_values(const char *hex)
{
    assert_true(cql_end(&values));
    assert_int_equal(values_room[15], 1);
    assert_hex(values_room + 16, values.used - 16, hex);
}

static void each_value_has_its_length_and_its_bytes(void **state)
{
    (void)state;
    begin_values();
    cql_put_boolean(&values, true);
    cql_put_boolean(&values, false);
    cql_put_tinyint(&values, -2);
    cql_put_smallint(&values, -3);
    cql_put_int(&values, INT32_MIN);
    cql_put_bigint(&values, INT64_MAX);
    cql_put_timestamp(&values, -1);
    assert_values("0007 00000001 01 00000001 00 00000001 fe 00000002 fffd 00000004 80000000 "
                  "00000008 7fffffffffffffff 00000008 ffffffffffffffff");
    begin_values();
    cql_put_uuid(&values, room);
    cql_put_text(&values, str("ab"));
    cql_put_text(&values, (struct cht_str){0});
    cql_put_blob(&values, (struct cht_str){"\0\xff", 2});
    assert_values("0004 00000010" ROOM "00000002 6162 00000000 00000002 00ff");
}

static void null_and_unset_and_empty_are_three_things(void **state)
{
    (void)state;
    begin_values();
    cql_put_null(&values);
    cql_put_unset(&values);
    cql_put_blob(&values, (struct cht_str){0});
    assert_values("0003 ffffffff fffffffe 00000000");
}

static void a_list_has_the_number_of_its_items(void **state)
{
    (void)state;
    begin_values();
    cql_put_list(&values);
    cql_put_text(&values, str("a"));
    cql_put_text(&values, (struct cht_str){0});
    cql_put_list_end(&values);
    cql_put_list(&values);
    cql_put_list_end(&values);
    cql_put_int(&values, 1);
    assert_values(
        "0003 0000000d 00000002 00000001 61 00000000 00000004 00000000 00000004 00000001");
}

static void a_statement_without_values_says_nothing_of_them(void **state)
{
    (void)state;
    static const struct cql_params params = {.consistency = CQL_EACH_QUORUM,
        .serial = CQL_SERIAL,
        .page_size = 5000,
        .paging_state = {"s", 1},
        .timestamp_us = 1};
    uint8_t bytes[64];
    struct cql_writer writer;
    cql_writer_init(&writer, bytes, sizeof(bytes));
    cql_query(&writer, 0, str("q"), &params);
    assert_true(cql_end(&writer));
    assert_hex(bytes, writer.used,
        "0400000007 0000001b 00000001 71 0007 3c 00001388 00000001 73 0008 0000000000000001");
}

static void values_may_be_put_before_there_is_a_request(void **state)
{
    static const struct cql_params params = {.consistency = CQL_ONE};
    (void)state;
    cql_writer_init(&values, values_room, sizeof(values_room));
    cql_values(&values);
    cql_put_int(&values, 7);
    cql_put_list(&values);
    cql_put_list_end(&values);
    cql_put_unset(&values);
    assert_true(cql_end(&values));
    assert_int_equal(values.values, 3);
    assert_hex(values_room, values.used, "00000004 00000007 00000004 00000000 fffffffe");
    uint8_t bytes[64];
    struct cql_writer writer;
    cql_writer_init(&writer, bytes, sizeof(bytes));
    cql_query(&writer, 0, str("q"), &params);
    cql_put_int(&writer, 6);
    cql_put_values(&writer, values_room, values.used, 3);
    cql_put_values(&writer, NULL, 0, 0);
    assert_true(cql_end(&writer));
    assert_hex(bytes, writer.used,
        "0400000007 00000026 00000001 71 0001 01 0004 00000004 00000006"
        "00000004 00000007 00000004 00000000 fffffffe");
}

static void values_without_room_are_none(void **state)
{
    (void)state;
    cql_writer_init(&values, values_room, 11);
    cql_values(&values);
    cql_put_int(&values, 7);
    cql_put_int(&values, 7);
    assert_false(cql_end(&values));
    assert_int_equal(values.used, 0);
}

/* ---- batches */

static void a_batch_takes_what_it_has_of_the_params(void **state)
{
    (void)state;
    static const struct cql_params params = {.consistency = CQL_TWO,
        .serial = CQL_SERIAL,
        .skip_metadata = true,
        .page_size = 7,
        .paging_state = {"s", 1},
        .timestamp_us = 2};
    uint8_t bytes[64];
    struct cql_writer writer;
    cql_writer_init(&writer, bytes, sizeof(bytes));
    cql_batch(&writer, 0, CQL_BATCH_COUNTER, &params);
    cql_batch_query(&writer, str("q"));
    cql_batch_query(&writer, str("r"));
    cql_put_null(&writer);
    assert_true(cql_end(&writer));
    assert_hex(bytes, writer.used,
        "040000000d 00000024 02 0002 00 00000001 71 0000 00 00000001 72 0001 ffffffff "
        "0002 30 0008 0000000000000002");
    writer.used = 0;
    cql_batch(&writer, 0, CQL_BATCH_LOGGED, &params);
    assert_true(cql_end(&writer));
    assert_hex(bytes, writer.used, "040000000d 00000010 00 0000 0002 30 0008 0000000000000002");
}

/* ---- what the protocol can not carry */

static uint8_t much[1 << 20];

static struct cql_writer much_room(void)
{
    struct cql_writer writer;
    cql_writer_init(&writer, much, sizeof(much));
    return writer;
}

static void a_short_length_is_not_cut_to_16_bits(void **state)
{
    (void)state;
    static const struct cql_params params = {.consistency = CQL_ONE};
    static char id[UINT16_MAX + 1];
    struct cql_writer writer = much_room();
    cql_execute(&writer, 0, (struct cht_str){id, UINT16_MAX}, &params);
    assert_true(cql_end(&writer));
    cql_execute(&writer, 0, (struct cht_str){id, UINT16_MAX + 1}, &params);
    cql_put_int(&writer, 1);
    assert_false(cql_end(&writer));
    assert_int_equal(writer.used, 9 + 2 + UINT16_MAX + 3);
}

static void more_values_or_statements_than_16_bits_count_are_refused(void **state)
{
    (void)state;
    static const struct cql_params params = {.consistency = CQL_ONE};
    for (uint32_t count = UINT16_MAX; count <= UINT16_MAX + 1; count++) {
        struct cql_writer writer = much_room();
        cql_query(&writer, 0, str("q"), &params);
        for (uint32_t i = 0; i < count; i++) {
            cql_put_null(&writer);
        }
        assert_int_equal(cql_end(&writer), count == UINT16_MAX);
        writer.used = 0;
        cql_batch(&writer, 0, CQL_BATCH_LOGGED, &params);
        for (uint32_t i = 0; i < count; i++) {
            cql_batch_prepared(&writer, str("i"));
        }
        assert_int_equal(cql_end(&writer), count == UINT16_MAX);
    }
}

static void credentials_with_a_nul_would_be_others(void **state)
{
    (void)state;
    static const struct cht_str bad = {"a\0b", 3};
    struct cql_writer writer = much_room();
    assert_false(cql_write_auth_plain(&writer, 0, bad, str("p")));
    assert_false(cql_write_auth_plain(&writer, 0, str("u"), bad));
    assert_true(cql_write_auth_plain(&writer, 0, str("u"), (struct cht_str){0}));
    assert_hex(much, writer.used, "040000000f 00000007 00000003 00 75 00");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_those_that_a_node_took),
        cmocka_unit_test(a_request_without_room_leaves_the_writer_as_it_was),
        cmocka_unit_test(requests_follow_each_other_and_one_that_fails_is_not_there),
        cmocka_unit_test(each_value_has_its_length_and_its_bytes),
        cmocka_unit_test(null_and_unset_and_empty_are_three_things),
        cmocka_unit_test(a_list_has_the_number_of_its_items),
        cmocka_unit_test(a_statement_without_values_says_nothing_of_them),
        cmocka_unit_test(values_may_be_put_before_there_is_a_request),
        cmocka_unit_test(values_without_room_are_none),
        cmocka_unit_test(a_batch_takes_what_it_has_of_the_params),
        cmocka_unit_test(a_short_length_is_not_cut_to_16_bits),
        cmocka_unit_test(more_values_or_statements_than_16_bits_count_are_refused),
        cmocka_unit_test(credentials_with_a_nul_would_be_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
