/* fuzz_events_binary - the decoder of bus events against any bytes.
 *
 * Happy path: what is accepted encodes again, and decodes to the same event; the second encoding is
 * the first byte for byte; a record's place, read from its first bytes alone, is what the decoder
 * says. How it fails: a trap, which the fuzzer reports with its input. */

#include <stdlib.h>
#include <string.h>

#include "chattifier/events.h"
#include "demand.h"
#include "ports/log_record.h"

#define EVENT_BYTES_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint8_t memory[2][4u << 20];
static uint64_t events[2][EVENT_BYTES_MAX / 8];

static bool decode(const struct cht_event_row *row, struct cht_str bytes, unsigned which)
{
    struct cht_scratch scratch = {memory[which], sizeof(memory[which]), 0};
    return cht_decode(row, bytes, &scratch, events[which]);
}

/* Numbers that are 0 are not written, and a record without them has no place. */
static void check_place(const uint8_t *bytes, size_t size)
{
    const struct cht_record *record = (const struct cht_record *)(const void *)events[0];
    uint64_t term, index;
    bool has_place = record->term > 0 && record->index > 0 && record->term < INT64_MAX &&
                     record->index < INT64_MAX;
    bool read = log_record_place(bytes, size, &term, &index);
    DEMAND(!has_place || read);
    DEMAND(!has_place || (term == record->term && index == record->index));
}

static void check_again(const struct cht_event_row *row)
{
    size_t size = cht_encoded_size(row, events[0]);
    uint8_t *first = malloc(size);
    uint8_t *second = malloc(size);
    DEMAND(first != NULL && second != NULL);
    cht_encode(row, events[0], first);
    if (row == &cht_row_record) {
        check_place(first, size);
    }
    DEMAND(decode(row, (struct cht_str){(const char *)first, (uint32_t)size}, 1));
    DEMAND(cht_event_equal(row, events[0], events[1]));
    DEMAND(cht_encoded_size(row, events[1]) == size);
    cht_encode(row, events[1], second);
    DEMAND(memcmp(first, second, size) == 0);
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct cht_str text = {(const char *)bytes, (uint32_t)size};
    const struct cht_event_row *row = cht_event_row_by_number(cht_event_number_of(text));
    uint64_t term, index;
    (void)log_record_place(bytes, size, &term, &index);
    if (row == NULL) {
        return 0;
    }
    DEMAND(row->size <= EVENT_BYTES_MAX);
    if (decode(row, text, 0)) {
        check_again(row);
    }
    return 0;
}
