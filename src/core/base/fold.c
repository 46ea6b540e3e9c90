/* fold - simple case folding of the alphabets that names are mostly written in, without what shows
 * nothing.
 *
 * Happy path: code points of one and two bytes are folded, longer ones copied; blanks become one
 * space, what is invisible goes. How it fails: it does not. */

#include "base/fold.h"

#include <stdbool.h>
#include <string.h>

#include "chattifier/events.h"

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

struct folding {
    char *at;
    uint32_t size;
    bool blank; /* the last that was put was one */
};

static void put(struct folding *folding, const char *bytes, uint32_t size)
{
    memmove(folding->at + folding->size, bytes, size);
    folding->size += size;
    folding->blank = false;
}

static void put_blank(struct folding *folding)
{
    if (folding->size > 0 && !folding->blank) {
        put(folding, " ", 1);
        folding->blank = true;
    }
}

static void put_point(struct folding *folding, uint32_t code, const char *bytes, uint32_t size)
{
    char two[2];
    if (code >= 'A' && code <= 'Z') {
        two[0] = (char)(code | 0x20);
        put(folding, two, 1);
    } else if (size == 2) {
        code = fold_code(code);
        two[0] = (char)(0xc0 | code >> 6);
        two[1] = (char)(0x80 | (code & 0x3f));
        put(folding, two, 2);
    } else {
        put(folding, bytes, size);
    }
}

struct cht_str name_fold_prefix(struct arena *arena, struct cht_str prefix)
{
    if (prefix.size == 0 || !cht_utf8_valid(prefix)) {
        return arena_str(arena, prefix);
    }
    struct folding folding = {arena_take(arena, prefix.size), 0, false};
    const uint8_t *from = (const uint8_t *)prefix.at;
    unsigned size;
    for (uint32_t i = 0; i < prefix.size; i += size) {
        uint32_t code = 0;
        size = cht_utf8_step(from + i, from + prefix.size, &code);
        enum cht_look look = cht_look_of(code);
        if (look == CHT_LOOK_BLANK) {
            put_blank(&folding);
        } else if (look == CHT_LOOK_SHOWN) {
            put_point(&folding, code, prefix.at + i, size);
        }
    }
    return (struct cht_str){folding.size ? folding.at : NULL, folding.size};
}

struct cht_str name_fold(struct arena *arena, struct cht_str name)
{
    struct cht_str folded = name_fold_prefix(arena, name);
    if (folded.size > 0 && folded.at[folded.size - 1] == ' ' && cht_utf8_valid(name)) {
        folded.size--;
    }
    return folded;
}
