/* fold - simple case folding of the alphabets that names are mostly written in.
 *
 * Happy path: one- and two-byte code points are looked at, longer ones copied. How it fails: it
 * does not. */

#include "base/fold.h"

#include <stdbool.h>

static bool is_between(uint32_t code, uint32_t first, uint32_t last)
{
    return code >= first && code <= last;
}

/* In Latin Extended-A capitals and small letters alternate; where the pairs begin at an odd number
 * is the second list. */
static uint32_t fold_latin(uint32_t code)
{
    if (is_between(code, 0xc0, 0xde) && code != 0xd7) {
        return code + 0x20;
    }
    if (is_between(code, 0x100, 0x12e) || is_between(code, 0x132, 0x136) ||
        is_between(code, 0x14a, 0x176)) {
        return code | 1;
    }
    if (is_between(code, 0x139, 0x147) || is_between(code, 0x179, 0x17d)) {
        return code + (code & 1);
    }
    return code == 0x178 ? 0xff : code;
}

static uint32_t fold_greek(uint32_t code)
{
    if (is_between(code, 0x391, 0x3ab) && code != 0x3a2) {
        return code + 0x20;
    }
    switch (code) {
    case 0x386:
        return 0x3ac;
    case 0x388:
    case 0x389:
    case 0x38a:
        return code + 0x25;
    case 0x38c:
        return 0x3cc;
    case 0x38e:
    case 0x38f:
        return code + 0x3f;
    case 0x3c2:
        return 0x3c3;
    default:
        return code;
    }
}

static uint32_t fold_cyrillic(uint32_t code)
{
    if (is_between(code, 0x400, 0x40f)) {
        return code + 0x50;
    }
    if (is_between(code, 0x410, 0x42f)) {
        return code + 0x20;
    }
    if (is_between(code, 0x460, 0x480) || is_between(code, 0x48a, 0x4be) ||
        is_between(code, 0x4d0, 0x52e)) {
        return code | 1;
    }
    return code;
}

static uint32_t fold_code(uint32_t code)
{
    if (code < 0x180) {
        return fold_latin(code);
    }
    return code < 0x400 ? fold_greek(code) : fold_cyrillic(code);
}

struct cht_str name_fold(struct arena *arena, struct cht_str name)
{
    char *at = name.size ? arena_copy(arena, name.at, name.size) : NULL;
    for (uint32_t i = 0; i < name.size; i++) {
        uint8_t lead = (uint8_t)at[i];
        if (lead >= 'A' && lead <= 'Z') {
            at[i] = (char)(lead | 0x20);
        } else if (is_between(lead, 0xc2, 0xdf) && i + 1 < name.size &&
                   ((uint8_t)at[i + 1] & 0xc0) == 0x80) {
            uint32_t code = fold_code((lead & 0x1fu) << 6 | ((uint8_t)at[i + 1] & 0x3fu));
            at[i] = (char)(0xc0 | code >> 6);
            at[++i] = (char)(0x80 | (code & 0x3f));
        }
    }
    return (struct cht_str){at, name.size};
}
