/* fuzz_http1_reply - what an instance behind the gateway replies: it can be believed, or not; and
 * what is said of it holds. */

#include <stdlib.h>
#include <string.h>

#include "demand.h"
#include "wire/http1_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void judge(const uint8_t *bytes, size_t head_size, enum http_method method)
{
    struct http_field fields[HTTP_FIELDS_MAX];
    struct http_reply reply;
    uint8_t *exact = malloc(head_size);
    memcpy(exact, bytes, head_size);
    if (http1_read_reply(exact, head_size, method, fields, &reply)) {
        DEMAND(reply.status == 101 || (reply.status >= 200 && reply.status <= 599));
        DEMAND(reply.field_count <= HTTP_FIELDS_MAX);
        DEMAND(reply.body_size == 0 || !http1_has_no_body(reply.status));
        for (uint32_t i = 0; i < reply.field_count; i++) {
            DEMAND(http1_is_token(fields[i].name));
            DEMAND(http1_is_field_value(fields[i].value));
            http1_is_of_hop(&fields[i], fields, reply.field_count);
        }
    }
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t scanned = 0;
    size_t head_size = 0;
    if (http1_find_end(bytes, size, &scanned, &head_size) == 0) {
        judge(bytes, head_size, HTTP_GET);
        judge(bytes, head_size, HTTP_HEAD);
    }
    return 0;
}
