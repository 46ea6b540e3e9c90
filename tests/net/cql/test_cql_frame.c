/* test_cql_frame - headers and compressed bodies. */

#include "cql_case.h"

#include <stdlib.h>
#include <string.h>

#include "cql/cql_frame.h"

#define BODY_MAX 1000

static enum cql_flaw read_hex(const char *hex, struct cql_header *ret_header)
{
    struct sized bytes = sized_from_hex(hex);
    enum cql_flaw flaw = cql_read_header(bytes.at, bytes.size, BODY_MAX, ret_header);
    sized_free(bytes);
    return flaw;
}

static void a_header_is_nine_bytes(void **state)
{
    (void)state;
    struct cql_header header;
    assert_int_equal(read_hex("84 0e 7fff 08 000003e8", &header), CQL_FINE);
    assert_int_equal(header.version, CQL_VERSION_RESPONSE);
    assert_int_equal(header.flags, CQL_FLAG_TRACED | CQL_FLAG_PAYLOAD | CQL_FLAG_WARNINGS);
    assert_int_equal(header.stream, 0x7fff);
    assert_int_equal(header.opcode, CQL_OP_RESULT);
    assert_int_equal(header.body_size, BODY_MAX);
    assert_int_equal(read_hex("84 00 ffff 0c 00000000 ff", &header), CQL_FINE);
    assert_int_equal(header.stream, CQL_STREAM_EVENT);
}

static void every_header_that_is_cut_short_asks_for_more(void **state)
{
    (void)state;
    for (size_t row = 0; row < recorded_count; row++) {
        struct sized frame = sized_from_hex(recorded_rows[row].response);
        for (size_t size = 0; size < CQL_HEADER_BYTES && frame.at[0] == 0x84; size++) {
            struct sized cut = sized_copy(frame.at, size);
            struct cql_header header;
            assert_int_equal(cql_read_header(cut.at, size, CQL_BODY_BYTES_MAX, &header), CQL_MORE);
            sized_free(cut);
        }
        sized_free(frame);
    }
}

static void what_is_wrong_is_named_as_soon_as_its_byte_is_there(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum cql_flaw flaw;
    } rows[] = {{"04", CQL_WRONG_VERSION}, {"83", CQL_WRONG_VERSION}, {"85", CQL_WRONG_VERSION},
        {"84 10", CQL_WRONG_FLAGS}, {"84 80", CQL_WRONG_FLAGS}, {"84 0f", CQL_MORE},
        {"84 00 0000 07", CQL_WRONG_OPCODE}, {"84 00 0000 04", CQL_WRONG_OPCODE},
        {"84 00 0000 11", CQL_WRONG_OPCODE}, {"84 00 0000 ff", CQL_WRONG_OPCODE},
        {"84 00 ffff 08", CQL_WRONG_STREAM}, {"84 00 8000 08", CQL_WRONG_STREAM},
        {"84 00 0000 0c", CQL_WRONG_STREAM}, {"84 00 fffe 0c", CQL_WRONG_STREAM},
        {"84 00 0000 08 000003e9", CQL_TOO_LARGE}, {"84 00 0000 08 ffffffff", CQL_TOO_LARGE}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cql_header header;
        enum cql_flaw flaw = read_hex(rows[i].hex, &header);
        if (flaw != rows[i].flaw) {
            fail_msg("%s: %s", rows[i].hex, cql_flaw_name(flaw));
        }
    }
}

static void a_node_of_another_version_is_told_apart(void **state)
{
    (void)state;
    struct cql_header header = {0};
    struct sized frame = recorded_response("version_6");
    assert_int_equal(cql_read_header(frame.at, frame.size, BODY_MAX, &header), CQL_WRONG_VERSION);
    assert_int_equal(header.version, 0x86);
    sized_free(frame);
}

static void a_header_is_written_as_it_is_read(void **state)
{
    (void)state;
    uint8_t bytes[CQL_HEADER_BYTES];
    cql_write_header(bytes, &(struct cql_header){.version = CQL_VERSION_REQUEST,
                                .flags = CQL_FLAG_TRACED,
                                .stream = 0x0102,
                                .opcode = CQL_OP_QUERY,
                                .body_size = 0x03040506});
    assert_hex(bytes, sizeof(bytes), "04 02 0102 07 03040506");
}

static void every_opcode_has_a_name_and_others_have_none(void **state)
{
    (void)state;
    assert_string_equal(cql_opcode_name(CQL_OP_ERROR), "error");
    assert_string_equal(cql_opcode_name(CQL_OP_AUTH_SUCCESS), "auth_success");
    assert_null(cql_opcode_name(4));
    assert_null(cql_opcode_name(0x11));
    assert_null(cql_opcode_name(0xff));
}

/* ---- compressed bodies */

/* The inflated body of a recorded frame, and its header. */
static struct sized inflate(const char *name, struct cql_header *ret_header)
{
    struct sized frame = recorded_response(name);
    uint32_t size = 0;
    const uint8_t *body = frame.at + CQL_HEADER_BYTES;
    assert_int_equal(cql_read_header(frame.at, frame.size, BODY_MAX, ret_header), CQL_FINE);
    assert_int_equal(ret_header->body_size, frame.size - CQL_HEADER_BYTES);
    assert_int_equal(cql_inflated_size(body, ret_header->body_size, BODY_MAX, &size), CQL_FINE);
    struct sized inflated = {malloc(size ? size : 1), size};
    assert_int_equal(cql_inflate(body, ret_header->body_size, ret_header, inflated.at), CQL_FINE);
    sized_free(frame);
    return inflated;
}

static void what_a_node_has_compressed_is_what_it_says_otherwise(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"lz4_options", "options"}, {"lz4_startup", "startup"},
        {"lz4_void", "execute_insert"}, {"lz4_error", "syntax"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cql_header header;
        struct sized inflated = inflate(rows[i][0], &header);
        struct sized plain = recorded_response(rows[i][1]);
        assert_int_equal(header.flags, 0);
        assert_int_equal(header.body_size, plain.size - CQL_HEADER_BYTES);
        assert_memory_equal(inflated.at, plain.at + CQL_HEADER_BYTES, inflated.size);
        sized_free(inflated);
        sized_free(plain);
    }
}

static void an_empty_body_may_be_compressed(void **state)
{
    (void)state;
    struct cql_header header;
    struct sized inflated = inflate("lz4_register", &header);
    assert_int_equal(inflated.size, 0);
    assert_int_equal(header.opcode, CQL_OP_READY);
    assert_int_equal(header.body_size, 0);
    sized_free(inflated);
}

static void an_inflated_size_is_judged_before_there_is_room_for_it(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum cql_flaw flaw;
    } rows[] = {{"000003", CQL_SHORT}, {"", CQL_SHORT}, {"000003e8 0000 0000", CQL_FINE},
        {"000003e9 0000 0000", CQL_TOO_LARGE}, {"ffffffff 0000 0000", CQL_TOO_LARGE},
        {"000003e8 0000", CQL_NOT_LZ4}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sized body = sized_from_hex(rows[i].hex);
        uint32_t size = 0;
        if (cql_inflated_size(body.at, body.size, BODY_MAX, &size) != rows[i].flaw) {
            fail_msg("%s", rows[i].hex);
        }
        sized_free(body);
    }
    uint8_t body[] = {0x10, 0, 0, 1};
    uint32_t size;
    assert_int_equal(cql_inflated_size(body, 4, UINT32_MAX, &size), CQL_TOO_LARGE);
}

static void a_block_that_is_cut_or_names_another_size_is_refused(void **state)
{
    (void)state;
    struct sized frame = recorded_response("lz4_select_local");
    const uint8_t *body = frame.at + CQL_HEADER_BYTES;
    size_t size = frame.size - CQL_HEADER_BYTES;
    uint8_t out[BODY_MAX];
    for (size_t part = 0; part < size; part++) {
        struct cql_header header = {.flags = CQL_FLAG_COMPRESSED};
        struct sized cut = sized_copy(body, part);
        enum cql_flaw flaw = cql_inflate(cut.at, part, &header, out);
        assert_int_equal(flaw, part < 4 ? CQL_SHORT : CQL_NOT_LZ4);
        assert_int_equal(header.flags, CQL_FLAG_COMPRESSED);
        sized_free(cut);
    }
    for (int difference = -1; difference <= 1; difference += 2) {
        struct cql_header header = {.flags = CQL_FLAG_COMPRESSED};
        frame.at[CQL_HEADER_BYTES + 3] = (uint8_t)(0xd9 + difference);
        assert_int_equal(cql_inflate(body, size, &header, out), CQL_NOT_LZ4);
    }
    sized_free(frame);
}

static void a_request_is_compressed_if_that_makes_it_smaller(void **state)
{
    (void)state;
    struct sized frame = recorded_response("select_local"); /* a request is no other frame */
    uint8_t deflated[BODY_MAX];
    uint8_t inflated[BODY_MAX];
    struct cql_header header = {.flags = CQL_FLAG_COMPRESSED};
    size_t size = cql_deflate_frame(frame.at, frame.size, deflated, sizeof(deflated));
    assert_in_range(size, CQL_HEADER_BYTES + 5, frame.size - 1);
    assert_memory_equal(deflated + 2, frame.at + 2, 3);
    assert_int_equal(deflated[1], CQL_FLAG_COMPRESSED);
    assert_int_equal(deflated[7] << 8 | deflated[8], size - CQL_HEADER_BYTES);
    assert_int_equal(
        cql_inflate(deflated + CQL_HEADER_BYTES, size - CQL_HEADER_BYTES, &header, inflated),
        CQL_FINE);
    assert_int_equal(header.body_size, frame.size - CQL_HEADER_BYTES);
    assert_memory_equal(inflated, frame.at + CQL_HEADER_BYTES, header.body_size);
    assert_int_equal(cql_deflate_frame(frame.at, frame.size, deflated, size - 1), 0);
    assert_int_equal(cql_deflate_frame(frame.at, frame.size, deflated, 13), 0);
    sized_free(frame);
}

static void a_request_stays_as_it_is_where_compressing_does_not_help(void **state)
{
    (void)state;
    static const char *const names[] = {"options", "startup", "insert_all"};
    for (size_t i = 0; i < 3; i++) {
        struct sized frame = recorded_request(names[i]);
        uint8_t deflated[BODY_MAX];
        assert_int_equal(cql_deflate_frame(frame.at, frame.size, deflated, sizeof(deflated)), 0);
        sized_free(frame);
    }
}

static void every_flaw_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    assert_string_equal(cql_flaw_name(CQL_FINE), "fine");
    assert_string_equal(cql_flaw_name(CQL_OTHER_COLUMNS), "other_columns");
    for (int flaw = 0; flaw < CQL_FLAW_COUNT; flaw++) {
        const char *text = cql_flaw_text((enum cql_flaw)flaw);
        assert_int_equal(text[strlen(text) - 1], '.');
        for (int other = 0; other < flaw; other++) {
            assert_string_not_equal(
                cql_flaw_name((enum cql_flaw)flaw), cql_flaw_name((enum cql_flaw)other));
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_nine_bytes),
        cmocka_unit_test(every_header_that_is_cut_short_asks_for_more),
        cmocka_unit_test(what_is_wrong_is_named_as_soon_as_its_byte_is_there),
        cmocka_unit_test(a_node_of_another_version_is_told_apart),
        cmocka_unit_test(a_header_is_written_as_it_is_read),
        cmocka_unit_test(every_opcode_has_a_name_and_others_have_none),
        cmocka_unit_test(what_a_node_has_compressed_is_what_it_says_otherwise),
        cmocka_unit_test(an_empty_body_may_be_compressed),
        cmocka_unit_test(an_inflated_size_is_judged_before_there_is_room_for_it),
        cmocka_unit_test(a_block_that_is_cut_or_names_another_size_is_refused),
        cmocka_unit_test(a_request_is_compressed_if_that_makes_it_smaller),
        cmocka_unit_test(a_request_stays_as_it_is_where_compressing_does_not_help),
        cmocka_unit_test(every_flaw_has_a_name_and_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
