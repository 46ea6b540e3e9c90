/* ws_case - writes the frames of a row and reads them back in every way.
 *
 * Happy path: the events come in order, with their payloads, and nothing comes after them. How it
 * fails: the first difference fails the test. */

#include "ws_case.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define INPUT_MAX (1u << 20)
#define CUT_EACH_BYTE_MAX 2048u
#define PIECE 997u

static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};

/* ---- writing */

static uint32_t write_header(uint8_t first, uint32_t length, uint8_t *ret_bytes)
{
    uint32_t extra = length < 126 ? 0 : length < 65536 ? 2 : 8;
    ret_bytes[0] = first;
    ret_bytes[1] = (uint8_t)(0x80u | (extra == 0 ? length : extra == 2 ? 126u : 127u));
    for (uint32_t i = 0; i < extra; i++) {
        ret_bytes[2 + i] = (uint8_t)((uint64_t)length >> (8 * (extra - 1 - i)));
    }
    memcpy(ret_bytes + 2 + extra, mask, sizeof(mask));
    return 2 + extra + (uint32_t)sizeof(mask);
}

uint32_t ws_case_write(const struct ws_case_frame *frame, uint8_t *ret_bytes)
{
    uint32_t length = frame->fill ? frame->fill : frame->payload.size;
    uint32_t size = write_header(frame->first, length, ret_bytes);
    for (uint32_t i = 0; i < length; i++) {
        uint8_t byte = frame->fill ? '*' : (uint8_t)frame->payload.at[i];
        ret_bytes[size + i] = byte ^ mask[i & 3];
    }
    return size + length;
}

static uint32_t write_all(const struct ws_case *row, uint8_t *ret_bytes)
{
    uint32_t size = 0;
    for (uint32_t i = 0; i < WS_CASE_FRAMES_MAX && row->frames[i].payload.at; i++) {
        for (uint32_t times = 0; times <= row->frames[i].repeat; times++) {
            size += ws_case_write(&row->frames[i], ret_bytes + size);
            assert_true(size < INPUT_MAX);
        }
    }
    return size;
}

/* ---- reading */

struct reading {
    const struct ws_case *row;
    struct ws_reader reader;
    uint32_t cut; /* for the message of a failure */
    uint32_t at;  /* in the row's events */
    bool ended;
};

static void same_payload(const struct reading *reading, const struct ws_found *found)
{
    const struct ws_case_event *wanted = &reading->row->events[reading->at];
    uint32_t size = wanted->fill ? wanted->fill : wanted->payload.size;
    bool same = found->size == size;
    for (uint32_t i = 0; same && i < size; i++) {
        same = found->payload[i] == (wanted->fill ? '*' : (uint8_t)wanted->payload.at[i]);
    }
    if (!same) {
        fail_msg("%s cut at %u: other payload in event %u, %u bytes", reading->row->number,
            reading->cut, reading->at, found->size);
    }
}

static void take_event(struct reading *reading, enum ws_event event, const struct ws_found *found)
{
    const struct ws_case_event *wanted = &reading->row->events[reading->at];
    if (reading->at == WS_CASE_FRAMES_MAX || event != wanted->event ||
        (wanted->code && found->code != wanted->code)) {
        fail_msg("%s cut at %u: event %u is %u with code %u", reading->row->number, reading->cut,
            reading->at, (unsigned)event, found->code);
    }
    if (event != WS_BAD) {
        same_payload(reading, found);
    }
    reading->ended = event == WS_BAD || event == WS_GOT_CLOSE;
    reading->at++;
}

static void grow(struct ws_reader *reader, uint32_t room)
{
    assert_true(room > reader->capacity && room <= reader->bytes_max);
    reader->message = mem_resize(reader->message, room);
    reader->capacity = room;
}

static void feed(struct reading *reading, const uint8_t *bytes, uint32_t size)
{
    uint8_t *piece = malloc(size ? size : 1);
    assert_non_null(piece);
    memcpy(piece, bytes, size);
    enum ws_event event = WS_NEEDS_ROOM;
    size_t at = 0;
    while (event != WS_MORE && !reading->ended) {
        size_t used;
        struct ws_found found;
        event = ws_read(&reading->reader, piece + at, size - at, &used, &found);
        at += used;
        if (event == WS_NEEDS_ROOM) {
            grow(&reading->reader, found.room);
        } else if (event != WS_MORE) {
            take_event(reading, event, &found);
        }
    }
    if (!reading->ended) {
        assert_int_equal(at, size);
    }
    free(piece);
}

/* Reads a first piece of `cut` bytes, then pieces of `step` bytes. */
static void read_in_pieces(
    const struct ws_case *row, const struct cht_str *input, uint32_t cut, uint32_t step)
{
    const uint8_t *bytes = (const uint8_t *)input->at;
    struct reading reading = {.row = row, .cut = cut};
    ws_reader_init(&reading.reader, WS_CASE_MESSAGE_MAX);
    feed(&reading, bytes, cut);
    for (uint32_t at = cut; at < input->size && !reading.ended; at += step) {
        feed(&reading, bytes + at, step < input->size - at ? step : input->size - at);
    }
    if (reading.at < WS_CASE_FRAMES_MAX && row->events[reading.at].event != WS_MORE) {
        fail_msg("%s cut at %u: event %u did not come", row->number, cut, reading.at);
    }
    mem_free(reading.reader.message);
}

static bool is_cut(uint32_t at, uint32_t size)
{
    return size <= CUT_EACH_BYTE_MAX || at < 20 || size - at < 20 || at % (8 * PIECE) == 0;
}

void ws_case_check(const struct ws_case *row)
{
    static uint8_t bytes[INPUT_MAX];
    struct cht_str input = {(const char *)bytes, write_all(row, bytes)};
    for (uint32_t cut = 0; cut <= input.size; cut++) {
        if (is_cut(cut, input.size)) {
            read_in_pieces(row, &input, cut, INPUT_MAX);
        }
    }
    read_in_pieces(row, &input, 0, PIECE);
    read_in_pieces(row, &input, 0, 1);
}

uint32_t ws_case_refused_after(const uint8_t *bytes, uint32_t size, uint16_t code)
{
    struct ws_case row = {.number = "byte by byte", .events = {REFUSED(code)}};
    struct reading reading = {.row = &row};
    ws_reader_init(&reading.reader, WS_CASE_MESSAGE_MAX);
    uint32_t after = 0;
    while (after < size && !reading.ended) {
        feed(&reading, bytes + after, 1);
        after++;
    }
    mem_free(reading.reader.message);
    return reading.ended ? after : 0;
}
