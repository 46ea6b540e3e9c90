/* ws_write - frames of ours.
 *
 * Happy path: a header and a payload. It does not fail; reasons of closes that are too long are
 * cut. */

#include <string.h>

#include "wire/ws_frame.h"

size_t ws_write_control(enum ws_opcode opcode, const void *payload, size_t size, uint8_t *ret_frame)
{
    size_t fits = size < WS_CONTROL_BYTES_MAX ? size : WS_CONTROL_BYTES_MAX;
    ret_frame[0] = (uint8_t)(0x80u | (unsigned)opcode);
    ret_frame[1] = (uint8_t)fits;
    if (fits > 0) {
        memcpy(ret_frame + 2, payload, fits);
    }
    return 2 + fits;
}

size_t ws_write_close(uint16_t code, const char *reason, uint8_t *ret_frame)
{
    uint8_t payload[WS_CONTROL_BYTES_MAX] = {(uint8_t)(code >> 8), (uint8_t)code};
    size_t size = reason ? strnlen(reason, WS_CONTROL_BYTES_MAX) : 0;
    if (size > WS_CONTROL_BYTES_MAX - 2) {
        size = WS_CONTROL_BYTES_MAX - 2;
        while (size > 0 && ((uint8_t)reason[size] & 0xc0) == 0x80) {
            size--;
        }
    }
    if (size > 0) {
        memcpy(payload + 2, reason, size);
    }
    return ws_write_control(WS_CLOSE, payload, 2 + size, ret_frame);
}

size_t ws_text_header(uint8_t ret_header[10], uint64_t size)
{
    ret_header[0] = 0x80 | WS_TEXT;
    if (size < 126) {
        ret_header[1] = (uint8_t)size;
        return 2;
    }
    size_t bytes = size < 65536 ? 2 : 8;
    ret_header[1] = bytes == 2 ? 126 : 127;
    for (size_t i = 0; i < bytes; i++) {
        ret_header[2 + i] = (uint8_t)(size >> (8 * (bytes - 1 - i)));
    }
    return 2 + bytes;
}
