/* fuzz_ws_handshake - upgrade requests: the fields behind a fixed request line. */

#include <stdlib.h>
#include <string.h>

#include "wire/ws_handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char line[] = "GET /api/socket HTTP/1.1\r\n";
    size_t line_size = sizeof(line) - 1;
    uint8_t *request = malloc(line_size + size);
    memcpy(request, line, line_size);
    memcpy(request + line_size, bytes, size);
    size_t scanned = 0;
    size_t head_size;
    struct http_field fields[HTTP_FIELDS_MAX];
    struct http_head head;
    if (http1_find_end(request, line_size + size, &scanned, &head_size) == 0 &&
        http1_read_head(request, head_size, fields, &head) == 0 &&
        ws_judge_offer(&head) == WS_OFFER_GOOD) {
        struct cht_str key = http1_field(head.fields, head.field_count, "sec-websocket-key");
        char keyed[WS_KEYED_SIZE];
        if (key.size != WS_KEY_SIZE) {
            abort();
        }
        ws_keyed(key, keyed);
        (void)ws_offers_protocol(head.fields, head.field_count, "chattifier.v1");
    }
    free(request);
    return 0;
}
