/* fuzz_utf8 - the UTF-8 checker against a slow one, whole and cut in two.
 *
 * Happy path: all of them agree. How it fails: a trap, which the fuzzer reports with its input. */

#include <stdlib.h>

#include "chattifier/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Size of the sequence at `at`, by decoding it and looking whether it had to be that long; 0 if it
 * is none. */
static size_t slow_step(const uint8_t *at, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = at[0] < 0x80       ? 1
                  : at[0] >> 5 == 6  ? 2
                  : at[0] >> 4 == 14 ? 3
                  : at[0] >> 3 == 30 ? 4
                                     : 0;
    if (size == 0 || size > left) {
        return 0;
    }
    uint32_t point = size == 1 ? at[0] : at[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if (at[i] >> 6 != 2) {
            return 0;
        }
        point = point << 6 | (at[i] & 0x3fu);
    }
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point < least[size] || point > 0x10ffff || surrogate ? 0 : size;
}

static bool slow_valid(const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    while (at < size) {
        size_t step = slow_step(bytes + at, size - at);
        if (step == 0) {
            return false;
        }
        at += step;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct cht_str text = {(const char *)bytes, (uint32_t)size};
    size_t cut = size == 0 ? 0 : bytes[0] % (size + 1);
    uint32_t state = cht_utf8_next(cht_utf8_next(0, bytes, cut), bytes + cut, size - cut);
    bool valid = slow_valid(bytes, size);
    if (cht_utf8_valid(text) != valid || (state == 0) != valid) {
        abort();
    }
    if (valid && cht_utf8_count(text) > size) {
        abort();
    }
    return 0;
}
