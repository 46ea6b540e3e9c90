/* ws_read - the frames of a client.
 *
 * Happy path: header, then the whole payload in the same bytes: unmasked in place, checked, handed
 * out. How it fails: every breach of RFC 6455 is WS_BAD with the close code for it (1002, 1003,
 * 1007, 1009), as early as it can be known. */

#include <string.h>

#include "chattifier/events.h"
#include "wire/ws_close.h"
#include "wire/ws_frame.h"

struct ws_header {
    bool fin;
    uint8_t opcode;
    uint8_t size; /* of the header */
    uint8_t mask[4];
    uint64_t length;
};

static enum ws_event bad(struct ws_found *ret_found, uint16_t code)
{
    ret_found->code = code;
    return WS_BAD;
}

/* ---- headers */

static bool first_byte_is_fine(uint8_t first)
{
    uint8_t opcode = first & 15;
    bool known = opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
    bool whole_control = opcode < WS_CLOSE || (first & 0x80) != 0;
    return (first & 0x70) == 0 && known && whole_control;
}

static bool second_byte_is_fine(uint8_t first, uint8_t second)
{
    bool masked = (second & 0x80) != 0;
    return masked && ((first & 15) < WS_CLOSE || (second & 127) <= WS_CONTROL_BYTES_MAX);
}

static uint64_t big_endian(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

/* WS_GOT_TEXT if whole, WS_MORE, or WS_BAD (always 1002). */
static enum ws_event read_header(const uint8_t *bytes, size_t size, struct ws_header *ret_header)
{
    if (size >= 1 && !first_byte_is_fine(bytes[0])) {
        return WS_BAD;
    }
    if (size < 2) {
        return WS_MORE;
    }
    if (!second_byte_is_fine(bytes[0], bytes[1])) {
        return WS_BAD;
    }
    uint8_t short_length = bytes[1] & 127;
    size_t extra = short_length < 126 ? 0 : short_length == 126 ? 2 : 8;
    if (size < 2 + extra) {
        return WS_MORE;
    }
    uint64_t length = extra ? big_endian(bytes + 2, extra) : short_length;
    uint64_t minimum = extra == 0 ? 0 : extra == 2 ? 126 : 65536;
    if (length < minimum || length >> 63) {
        return WS_BAD;
    }
    if (size < 2 + extra + 4) {
        return WS_MORE;
    }
    ret_header->fin = (bytes[0] & 0x80) != 0;
    ret_header->opcode = bytes[0] & 15;
    ret_header->size = (uint8_t)(2 + extra + 4);
    ret_header->length = length;
    memcpy(ret_header->mask, bytes + 2 + extra, 4);
    return WS_GOT_TEXT;
}

/* Applies the mask to bytes that begin `at` bytes into the payload. */
static void unmask(uint8_t *bytes, size_t size, const uint8_t mask[4], uint8_t at)
{
    uint8_t turned[8];
    for (size_t i = 0; i < 8; i++) {
        turned[i] = mask[(at + i) & 3];
    }
    uint64_t wide;
    memcpy(&wide, turned, sizeof(wide));
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof(word));
        word ^= wide;
        memcpy(bytes + i, &word, sizeof(word));
    }
    for (; i < size; i++) {
        bytes[i] ^= turned[i & 7];
    }
}

/* ---- control frames */

/* True for codes that a client may send. */
static bool code_is_valid(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static enum ws_event got_close(uint8_t *payload, uint32_t size, struct ws_found *ret_found)
{
    if (size == 0) {
        ret_found->code = WS_CLOSE_NO_CODE;
        return WS_GOT_CLOSE;
    }
    uint16_t code = size >= 2 ? (uint16_t)big_endian(payload, 2) : (uint16_t)0;
    if (!code_is_valid(code)) {
        return bad(ret_found, WS_CLOSE_PROTOCOL);
    }
    struct cht_str reason = {(const char *)payload + 2, size - 2};
    if (size > 2 && !cht_utf8_valid(reason)) {
        return bad(ret_found, WS_CLOSE_BAD_UTF8);
    }
    ret_found->code = code;
    ret_found->payload = payload + 2;
    ret_found->size = size - 2;
    return WS_GOT_CLOSE;
}

static enum ws_event got_control(
    const struct ws_header *header, uint8_t *payload, struct ws_found *ret_found)
{
    uint32_t size = (uint32_t)header->length;
    unmask(payload, size, header->mask, 0);
    if (header->opcode == WS_CLOSE) {
        return got_close(payload, size, ret_found);
    }
    ret_found->payload = payload;
    ret_found->size = size;
    return header->opcode == WS_PING ? WS_GOT_PING : WS_GOT_PONG;
}

/* ---- data frames */

/* The close code that refuses this data frame, or 0. */
static uint16_t judge_data_frame(const struct ws_reader *reader, const struct ws_header *header)
{
    bool continues = header->opcode == WS_CONTINUE;
    if (continues != reader->in_message) {
        return WS_CLOSE_PROTOCOL;
    }
    if (header->opcode == WS_BINARY) {
        return WS_CLOSE_BINARY;
    }
    if (header->length > reader->bytes_max - reader->size ||
        reader->fragments >= WS_FRAGMENTS_MAX) {
        return WS_CLOSE_TOO_LARGE;
    }
    return 0;
}

static void begin_frame(struct ws_reader *reader, const struct ws_header *header)
{
    memcpy(reader->mask, header->mask, sizeof(reader->mask));
    reader->mask_at = 0;
    reader->frame_left = (uint32_t)header->length;
    reader->in_frame = true;
    reader->in_message = true;
    reader->fin = header->fin;
    reader->fragments++;
}

static void end_message(struct ws_reader *reader)
{
    reader->in_message = false;
    reader->fragments = 0;
    reader->size = 0;
    reader->utf8 = 0;
}

/* Takes what is there of the open frame's payload. */
static enum ws_event take_payload(struct ws_reader *reader, uint8_t *bytes, size_t size,
    size_t *ret_used, struct ws_found *ret_found)
{
    uint32_t part = size < reader->frame_left ? (uint32_t)size : reader->frame_left;
    if (part > reader->capacity - reader->size) {
        ret_found->room = reader->size + part;
        return WS_NEEDS_ROOM;
    }
    if (part > 0) {
        unmask(bytes, part, reader->mask, reader->mask_at);
        reader->utf8 = cht_utf8_next(reader->utf8, bytes, part);
        memcpy(reader->message + reader->size, bytes, part);
    }
    reader->mask_at = (uint8_t)((reader->mask_at + part) & 3);
    reader->size += part;
    reader->frame_left -= part;
    *ret_used += part;
    if (reader->utf8 == CHT_UTF8_BAD) {
        return bad(ret_found, WS_CLOSE_BAD_UTF8);
    }
    if (reader->frame_left > 0) {
        return WS_MORE;
    }
    reader->in_frame = false;
    if (!reader->fin) {
        return WS_MORE;
    }
    if (reader->utf8 != 0) {
        return bad(ret_found, WS_CLOSE_BAD_UTF8);
    }
    ret_found->payload = reader->message;
    ret_found->size = reader->size;
    end_message(reader);
    return WS_GOT_TEXT;
}

/* The common case: a message of one frame, all of it here. */
static enum ws_event whole_message(
    const struct ws_header *header, uint8_t *payload, struct ws_found *ret_found)
{
    uint32_t size = (uint32_t)header->length;
    unmask(payload, size, header->mask, 0);
    if (!cht_utf8_valid((struct cht_str){(const char *)payload, size})) {
        return bad(ret_found, WS_CLOSE_BAD_UTF8);
    }
    ret_found->payload = payload;
    ret_found->size = size;
    return WS_GOT_TEXT;
}

/* ---- the reader */

void ws_reader_init(struct ws_reader *reader, uint32_t bytes_max)
{
    memset(reader, 0, offsetof(struct ws_reader, held));
    reader->bytes_max = bytes_max;
}

/* A frame begins in the bytes. Leaves *ret_used at 0 if it has to be held. */
static enum ws_event frame_in_bytes(struct ws_reader *reader, uint8_t *bytes, size_t size,
    size_t *ret_used, struct ws_found *ret_found)
{
    struct ws_header header;
    enum ws_event event = read_header(bytes, size, &header);
    if (event == WS_BAD) {
        return bad(ret_found, WS_CLOSE_PROTOCOL);
    }
    if (event == WS_MORE) {
        return WS_MORE;
    }
    size_t rest = size - header.size;
    if (header.opcode >= WS_CLOSE) {
        if (header.length > rest) {
            return WS_MORE;
        }
        *ret_used = header.size + (size_t)header.length;
        return got_control(&header, bytes + header.size, ret_found);
    }
    uint16_t code = judge_data_frame(reader, &header);
    if (code) {
        return bad(ret_found, code);
    }
    *ret_used = header.size;
    if (header.opcode == WS_TEXT && header.fin && header.length <= rest) {
        *ret_used += (size_t)header.length;
        return whole_message(&header, bytes + header.size, ret_found);
    }
    begin_frame(reader, &header);
    return WS_MORE;
}

/* Adds bytes to what is held until it is a header of a data frame, a control frame, or wrong. */
static enum ws_event frame_in_held(struct ws_reader *reader, const uint8_t *bytes, size_t size,
    size_t *ret_used, struct ws_found *ret_found)
{
    enum ws_event event = WS_MORE;
    size_t used = 0;
    while (used < size) {
        size_t done = 0;
        reader->held[reader->held_size] = bytes[used];
        reader->held_size++;
        used++;
        event = frame_in_bytes(reader, reader->held, reader->held_size, &done, ret_found);
        if (event != WS_MORE || done > 0) {
            reader->held_size = 0;
            break;
        }
    }
    *ret_used = used;
    return event;
}

/* One step: a frame's payload, or a frame's beginning. */
static enum ws_event step(struct ws_reader *reader, uint8_t *bytes, size_t size, size_t *ret_used,
    struct ws_found *ret_found)
{
    if (reader->in_frame) {
        return take_payload(reader, bytes, size, ret_used, ret_found);
    }
    if (reader->held_size > 0) {
        return frame_in_held(reader, bytes, size, ret_used, ret_found);
    }
    enum ws_event event = frame_in_bytes(reader, bytes, size, ret_used, ret_found);
    if (event == WS_MORE && *ret_used == 0) {
        memcpy(reader->held, bytes, size);
        reader->held_size = (uint8_t)size;
        *ret_used = size;
    }
    return event;
}

enum ws_event ws_read(struct ws_reader *reader, uint8_t *bytes, size_t size, size_t *ret_used,
    struct ws_found *ret_found)
{
    *ret_used = 0;
    *ret_found = (struct ws_found){0};
    /* An open frame without payload left is finished even if no more bytes are there. */
    while (*ret_used < size || (reader->in_frame && reader->frame_left == 0)) {
        size_t used = 0;
        enum ws_event event = step(reader, bytes + *ret_used, size - *ret_used, &used, ret_found);
        *ret_used += used;
        if (event != WS_MORE) {
            return event;
        }
    }
    return WS_MORE;
}
