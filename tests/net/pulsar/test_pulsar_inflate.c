/* test_pulsar_inflate - compressed payloads. */

#include "pulsar_case.h"

#include <stdlib.h>

#include "pulsar/pulsar_batch.h"
#include "pulsar/pulsar_inflate.h"

#define BYTES_MAX 4096
#define ZLIB_END_BYTES 5 /* of a checksum that the Java client leaves out, and the last code */
#define TEXT "Pulsar, Pulsar, Pulsar, Pulsar, Pulsar, Pulsar, Pulsar, Pulsar, Pulsar, Pulsar."

static const enum pulsar_compression kinds[] = {
    PULSAR_COMPRESSION_LZ4, PULSAR_COMPRESSION_ZLIB, PULSAR_COMPRESSION_ZSTD};

static struct pulsar_message_metadata metadata_of(uint32_t compression, uint32_t size)
{
    return (struct pulsar_message_metadata){.has_compression = true,
        .compression = compression,
        .has_uncompressed_size = true,
        .uncompressed_size = size};
}

static enum pulsar_flaw inflate_hex(uint32_t compression, uint32_t size, const char *hex)
{
    struct pulsar_message_metadata metadata = metadata_of(compression, size);
    struct sized bytes = sized_from_hex(hex);
    uint32_t inflated;
    enum pulsar_flaw flaw = pulsar_inflated_size(&metadata, bytes.size, BYTES_MAX, &inflated);
    if (flaw == PULSAR_FINE) {
        uint8_t *room = malloc(inflated ? inflated : 1);
        assert_non_null(room);
        flaw = pulsar_inflate(&metadata, bytes.at, bytes.size, room);
        free(room);
    }
    sized_free(bytes);
    return flaw;
}

static void what_was_compressed_is_what_it_was(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t deflated[sizeof(TEXT)], inflated[sizeof(TEXT)];
        uint32_t size = 0;
        struct pulsar_message_metadata metadata = metadata_of(kinds[i], sizeof(TEXT));
        size_t got = pulsar_deflate(
            kinds[i], (const uint8_t *)TEXT, sizeof(TEXT), deflated, sizeof(deflated));
        assert_in_range(got, 1, sizeof(TEXT) - 1);
        assert_int_equal(pulsar_inflated_size(&metadata, got, BYTES_MAX, &size), PULSAR_FINE);
        assert_int_equal(size, sizeof(TEXT));
        assert_int_equal(pulsar_inflate(&metadata, deflated, got, inflated), PULSAR_FINE);
        assert_memory_equal(inflated, TEXT, sizeof(TEXT));
    }
}

static void every_cut_payload_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t deflated[sizeof(TEXT)], inflated[sizeof(TEXT)];
        struct pulsar_message_metadata metadata = metadata_of(kinds[i], sizeof(TEXT));
        size_t got = pulsar_deflate(
            kinds[i], (const uint8_t *)TEXT, sizeof(TEXT), deflated, sizeof(deflated));
        size_t end = kinds[i] == PULSAR_COMPRESSION_ZLIB ? got - ZLIB_END_BYTES : got;
        for (size_t part = 0; part < end; part++) {
            struct sized cut = sized_copy(deflated, part);
            assert_int_equal(
                pulsar_inflate(&metadata, cut.at, part, inflated), PULSAR_NOT_INFLATED);
            sized_free(cut);
        }
    }
}

static void a_payload_has_exactly_the_size_that_it_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t deflated[sizeof(TEXT)], inflated[sizeof(TEXT) + 1];
        size_t got = pulsar_deflate(
            kinds[i], (const uint8_t *)TEXT, sizeof(TEXT), deflated, sizeof(deflated));
        for (uint32_t size = sizeof(TEXT) - 1; size <= sizeof(TEXT) + 1; size += 2) {
            struct pulsar_message_metadata metadata = metadata_of(kinds[i], size);
            assert_int_equal(
                pulsar_inflate(&metadata, deflated, got, inflated), PULSAR_NOT_INFLATED);
        }
    }
}

static void what_others_have_compressed_is_read(void **state)
{
    (void)state;
    assert_int_equal(inflate_hex(PULSAR_COMPRESSION_LZ4, 2, "20 6869"), PULSAR_FINE);
    assert_int_equal(inflate_hex(PULSAR_COMPRESSION_LZ4, 0, "00"), PULSAR_FINE);
    assert_int_equal(
        inflate_hex(PULSAR_COMPRESSION_ZLIB, 2, "789c cbc8 0400 013b 00d2"), PULSAR_FINE);
    assert_int_equal(inflate_hex(PULSAR_COMPRESSION_ZLIB, 0, "789c 0300 0000 0001"), PULSAR_FINE);
    assert_int_equal(inflate_hex(PULSAR_COMPRESSION_ZLIB, 2, "789c cbc8 0400 013b 00d2 00"),
        PULSAR_NOT_INFLATED);
    assert_int_equal(
        inflate_hex(PULSAR_COMPRESSION_ZLIB, 2, "789c cbc8 0400 013b 00d3"), PULSAR_NOT_INFLATED);
    assert_int_equal(
        inflate_hex(PULSAR_COMPRESSION_ZSTD, 2, "28b52ffd 20 02 110000 6869"), PULSAR_FINE);
}

/* Three messages of Pulsar's Java client in a batch, as a broker has sent them. */
static void batches_of_the_java_client_are_read(void **state)
{
    (void)state;
    static const char *const names[] = {"java_none", "java_lz4", "java_zlib", "java_zstd"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct sized bytes = recorded_response(names[i]);
        struct pulsar_frame frame = frame_of(&bytes, PULSAR_COMMAND_MESSAGE);
        struct pulsar_entry entry;
        struct pulsar_batch batch;
        struct pulsar_member member;
        struct cht_str number;
        uint8_t payload[BYTES_MAX];
        uint32_t size = 0;
        assert_int_equal(pulsar_read_entry(frame.entry, frame.entry_size, &entry), PULSAR_FINE);
        assert_int_equal(entry.metadata.compression, i);
        assert_int_equal(
            pulsar_inflated_size(&entry.metadata, entry.payload_size, BYTES_MAX, &size),
            PULSAR_FINE);
        assert_int_equal(
            pulsar_inflate(&entry.metadata, entry.payload, entry.payload_size, payload),
            PULSAR_FINE);
        assert_int_equal(pulsar_open_batch(&entry.metadata, payload, size, &batch), PULSAR_FINE);
        assert_int_equal(batch.count, 3);
        while (pulsar_batch_next(&batch, &member)) {
            assert_int_equal(member.metadata.sequence_id, member.index);
            assert_int_equal(member.metadata.event_time, 1700000000000 + member.index);
            assert_true(pulsar_property(member.metadata.properties, "number", &number));
            assert_int_equal(number.at[0], '0' + (int)member.index);
            assert_int_equal(member.metadata.null_value, member.index == 2);
            assert_int_equal(member.metadata.payload_size, member.index == 2 ? 0 : 63);
        }
        sized_free(bytes);
    }
}

static void snappy_of_the_java_client_is_refused_by_its_name(void **state)
{
    (void)state;
    struct sized bytes = recorded_response("java_snappy");
    struct pulsar_frame frame = frame_of(&bytes, PULSAR_COMMAND_MESSAGE);
    struct pulsar_entry entry;
    uint8_t none[1];
    uint32_t size;
    assert_int_equal(pulsar_read_entry(frame.entry, frame.entry_size, &entry), PULSAR_FINE);
    assert_int_equal(
        pulsar_inflated_size(&entry.metadata, entry.payload_size, BYTES_MAX, &size), PULSAR_SNAPPY);
    assert_int_equal(
        pulsar_inflate(&entry.metadata, entry.payload, entry.payload_size, none), PULSAR_SNAPPY);
    sized_free(bytes);
}

static void a_size_is_judged_before_there_is_room_for_it(void **state)
{
    (void)state;
    static const struct {
        uint32_t compression, size;
        const char *hex;
        enum pulsar_flaw flaw;
    } rows[] = {{PULSAR_COMPRESSION_LZ4, BYTES_MAX + 1, "20 6869", PULSAR_TOO_LARGE},
        {PULSAR_COMPRESSION_LZ4, UINT32_MAX, "20 6869", PULSAR_TOO_LARGE},
        {PULSAR_COMPRESSION_LZ4, 1024, "20 6869", PULSAR_NOT_INFLATED},
        {PULSAR_COMPRESSION_ZLIB, 4096, "78 9c", PULSAR_NOT_INFLATED},
        {PULSAR_COMPRESSION_SNAPPY, 2, "02 04 6869", PULSAR_SNAPPY},
        {5, 2, "6869", PULSAR_UNKNOWN_COMPRESSION},
        {UINT32_MAX, 2, "6869", PULSAR_UNKNOWN_COMPRESSION}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum pulsar_flaw flaw = inflate_hex(rows[i].compression, rows[i].size, rows[i].hex);
        if (flaw != rows[i].flaw) {
            fail_msg("%s of %u: %s", rows[i].hex, rows[i].size, pulsar_flaw_name(flaw));
        }
    }
}

static void no_payload_has_more_bytes_than_the_libraries_can_count(void **state)
{
    (void)state;
    struct pulsar_message_metadata metadata = metadata_of(PULSAR_COMPRESSION_LZ4, 1u << 31);
    uint8_t none[1];
    assert_int_equal(
        pulsar_inflate(&metadata, (const uint8_t *)"\x20hi", 3, none), PULSAR_TOO_LARGE);
}

static void a_payload_that_is_not_compressed_is_copied(void **state)
{
    (void)state;
    static const struct pulsar_message_metadata metadata = {0};
    uint8_t inflated[2];
    uint32_t size = 0;
    assert_int_equal(pulsar_inflated_size(&metadata, 2, BYTES_MAX, &size), PULSAR_FINE);
    assert_int_equal(size, 2);
    assert_int_equal(pulsar_inflate(&metadata, (const uint8_t *)"hi", 2, inflated), PULSAR_FINE);
    assert_memory_equal(inflated, "hi", 2);
    assert_int_equal(
        pulsar_inflated_size(&metadata, BYTES_MAX + 1, BYTES_MAX, &size), PULSAR_TOO_LARGE);
}

static void a_payload_stays_as_it_is_where_compressing_does_not_help(void **state)
{
    (void)state;
    uint8_t deflated[64];
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            pulsar_deflate(kinds[i], (const uint8_t *)"hi", 2, deflated, sizeof(deflated)), 0);
        assert_int_equal(pulsar_deflate(kinds[i], (const uint8_t *)"", 0, deflated, 64), 0);
        assert_int_equal(pulsar_deflate(kinds[i], (const uint8_t *)TEXT, 9, deflated, 0), 0);
        assert_int_equal(
            pulsar_deflate(kinds[i], (const uint8_t *)TEXT, sizeof(TEXT), deflated, 3), 0);
    }
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(pulsar_compression_name(PULSAR_COMPRESSION_ZSTD), "zstd");
    assert_string_equal(pulsar_compression_name(PULSAR_COMPRESSION_SNAPPY), "snappy");
    assert_null(pulsar_compression_name(5));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_compressed_is_what_it_was),
        cmocka_unit_test(every_cut_payload_is_refused),
        cmocka_unit_test(a_payload_has_exactly_the_size_that_it_names),
        cmocka_unit_test(what_others_have_compressed_is_read),
        cmocka_unit_test(batches_of_the_java_client_are_read),
        cmocka_unit_test(snappy_of_the_java_client_is_refused_by_its_name),
        cmocka_unit_test(a_size_is_judged_before_there_is_room_for_it),
        cmocka_unit_test(no_payload_has_more_bytes_than_the_libraries_can_count),
        cmocka_unit_test(a_payload_that_is_not_compressed_is_copied),
        cmocka_unit_test(a_payload_stays_as_it_is_where_compressing_does_not_help),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
