/* fuzz_base64 - both alphabets: one value has one text.
 *
 * Happy path: what is read is written again as it was; bytes come back from their text. How it
 * fails: a trap, which the fuzzer reports with its input. */

#include <string.h>

#include "base/base64url.h"
#include "demand.h"
#include "wire/base64.h"

#define BYTES_MAX 256
#define TEXT_MAX (BYTES_MAX * 4 / 3 + 4)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_text(struct cht_str text)
{
    uint8_t value[BYTES_MAX];
    char again[TEXT_MAX];
    size_t size;
    if (base64url_read(text, value, sizeof(value), &size)) {
        DEMAND(base64url_size(size) == text.size);
        DEMAND(base64url_write(value, size, again) == text.size);
        DEMAND(text.size == 0 || memcmp(again, text.at, text.size) == 0);
    }
    (void)base64_is(text, 16);
}

static void check_bytes(const uint8_t *bytes, size_t size)
{
    uint8_t value[BYTES_MAX];
    char text[TEXT_MAX];
    size_t read_size;
    uint32_t text_size = (uint32_t)base64url_write(bytes, size, text);
    DEMAND(base64url_read((struct cht_str){text, text_size}, value, size, &read_size));
    DEMAND(read_size == size && (size == 0 || memcmp(value, bytes, size) == 0));
    base64_write(bytes, size, text);
    DEMAND(base64_is((struct cht_str){text, (uint32_t)BASE64_SIZE(size)}, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    DEMAND(copy != NULL);
    memcpy(copy, bytes, size);
    check_text((struct cht_str){copy, (uint32_t)size});
    if (size <= BYTES_MAX) {
        check_bytes((const uint8_t *)copy, size);
    }
    free(copy);
    return 0;
}
