/* fuzz_http1 - heads and chunked bodies of requests, whole and in pieces: both readings must agree.
 */

#include <stdlib.h>
#include <string.h>

#include "wire/http1.h"
#include "wire/ws_handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int find_in_steps(const uint8_t *bytes, size_t size, size_t *ret_size)
{
    size_t scanned = 0;
    for (size_t part = 1; part <= size; part++) {
        int status = http1_find_end(bytes, part, &scanned, ret_size);
        if (status != HTTP1_MORE) {
            return status;
        }
    }
    return HTTP1_MORE;
}

static void decode(const uint8_t *bytes, size_t size, size_t step)
{
    uint8_t *copy = malloc(size + 1);
    memcpy(copy, bytes, size);
    struct http_chunks chunks = {0};
    size_t decoded = 0;
    for (size_t at = 0; at < size;) {
        size_t part = size - at < step ? size - at : step;
        size_t used = 0;
        size_t got = 0;
        int result =
            http1_chunks(&chunks, copy + at, part, copy + decoded, 65536 - decoded, &used, &got);
        decoded += got;
        at += used;
        if (result != HTTP1_MORE) {
            break;
        }
        if (used != part) {
            abort();
        }
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t scanned = 0;
    size_t head_size = 0;
    size_t stepped_size = 0;
    int status = http1_find_end(bytes, size, &scanned, &head_size);
    if (size < 2048 && find_in_steps(bytes, size, &stepped_size) != status) {
        abort();
    }
    if (status == 0) {
        uint8_t *exact = malloc(head_size);
        memcpy(exact, bytes, head_size);
        struct http_field fields[HTTP_FIELDS_MAX];
        struct http_head head;
        if (http1_read_head(exact, head_size, fields, &head) == 0) {
            (void)ws_judge_offer(&head);
            (void)ws_offers_protocol(head.fields, head.field_count, "chattifier.v1");
        }
        free(exact);
    }
    decode(bytes, size, size ? size : 1);
    decode(bytes, size, 3);
    return 0;
}
