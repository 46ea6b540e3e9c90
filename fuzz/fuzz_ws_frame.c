/* fuzz_ws_frame - frames of clients, read at once and in pieces: the events must be the same. */

#include <stdlib.h>
#include <string.h>

#include "wire/ws_frame.h"

#define MESSAGE_BYTES_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Reads in pieces of `step`; answers a digest of the events. */
static uint64_t read_all(const uint8_t *bytes, size_t size, size_t step)
{
    uint64_t digest = 14695981039346656037u;
    uint8_t *copy = malloc(size + 1);
    memcpy(copy, bytes, size);
    struct ws_reader reader;
    ws_reader_init(&reader, MESSAGE_BYTES_MAX);
    size_t rounds = 0;
    enum ws_event event = WS_MORE;
    for (size_t at = 0; at < size && event != WS_BAD && event != WS_GOT_CLOSE;) {
        size_t part = size - at < step ? size - at : step;
        size_t end = at + part;
        do {
            struct ws_found found;
            size_t used;
            event = ws_read(&reader, copy + at, end - at, &used, &found);
            at += used;
            if (event == WS_NEEDS_ROOM) {
                reader.capacity = found.room;
                reader.message = realloc(reader.message, found.room);
                continue;
            }
            if (event == WS_BAD || event == WS_GOT_CLOSE) {
                digest = (digest ^ (uint64_t)event ^ found.code) * 1099511628211u;
            }
            for (uint32_t i = 0; event == WS_GOT_TEXT && i < found.size; i++) {
                digest = (digest ^ found.payload[i]) * 1099511628211u;
            }
            if (++rounds > size * 4 + 16) {
                abort();
            }
        } while (event != WS_MORE && event != WS_BAD && event != WS_GOT_CLOSE);
    }
    free(reader.message);
    free(copy);
    return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint64_t whole = read_all(bytes, size, size + 1);
    if (read_all(bytes, size, 1) != whole || read_all(bytes, size, 7) != whole) {
        abort();
    }
    return 0;
}
