/* name - what people may call a room or themselves, so that a name shows what it is.
 *
 * Happy path: every code point is looked at together with the one before and the one behind it;
 * all are visible or blank, but for the few invisible ones that writing needs, and at least one is
 * visible. How it fails: the first that hides something is a no. */

#include <string.h>

#include "chattifier/events.h"
#include "code_points.h"

#define ZERO_WIDTH_NON_JOINER 0x200cu
#define ZERO_WIDTH_JOINER 0x200du
#define TEXT_STYLE 0xfe0eu
#define EMOJI_STYLE 0xfe0fu
#define KEYCAP 0x20e3u
#define BLACK_FLAG 0x1f3f4u
#define NOTHING UINT32_MAX /* before the first code point and behind the last */

#define RANGES(array) array, sizeof(array) / sizeof((array)[0])

/* Written so that letters join, and where they do not is told by an invisible character: Arabic,
 * Syriac, N'Ko and their like, the scripts of India, Myanmar, Khmer, Mongolian. */
static const struct cht_range joining[] = {{0x600, 0xdff}, {0x1000, 0x109f}, {0x1780, 0x18af}};
static const struct cht_range ideographs[] = {
    {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xf900, 0xfaff}, {0x20000, 0x3ffff}};
static const struct cht_range mongolian[] = {{0x1820, 0x18aa}};
/* Blanks of all widths: Zs of UnicodeData.txt, and the Braille cell without a dot. */
static const struct cht_range blanks[] = {{0x20, 0x20}, {0xa0, 0xa0}, {0x1680, 0x1680},
    {0x2000, 0x200a}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x2800, 0x2800}, {0x3000, 0x3000}};
/* Beside what may be ignored: control characters, ends of lines, marks of annotations, and what
 * nobody or only a private agreement gives a meaning. Places without a character yet stay: the next
 * version of Unicode may fill them. */
static const struct cht_range refused[] = {{0, 0x1f}, {0x7f, 0x9f}, {0x2028, 0x2029},
    {0xe000, 0xf8ff}, {0xfdd0, 0xfdef}, {0xfff9, 0xfffb}, {0xf0000, 0x10ffff}};
/* Behind a black flag: the flags of England, Scotland and Wales, in tags. No others are in use. */
static const char *const flags[] = {"\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"};

static bool is_in(uint32_t point, const struct cht_range *ranges, size_t count)
{
    while (count > 0) {
        const struct cht_range *middle = &ranges[count / 2];
        if (point > middle->last) {
            ranges = middle + 1;
            count -= count / 2 + 1;
        } else if (point < middle->first) {
            count /= 2;
        } else {
            return true;
        }
    }
    return false;
}

enum cht_look cht_look_of(uint32_t point)
{
    if (is_in(point, RANGES(blanks))) {
        return CHT_LOOK_BLANK;
    }
    return is_in(point, RANGES(cht_ignorable)) ? CHT_LOOK_NOTHING : CHT_LOOK_SHOWN;
}

static bool is_refused(uint32_t point)
{
    return is_in(point, RANGES(refused)) || (point & 0xfffe) == 0xfffe;
}

static bool is_keycap_base(uint32_t point)
{
    return (point >= '0' && point <= '9') || point == '#' || point == '*';
}

/* True if a picture may end with it that another one can be joined to. */
static bool ends_picture(uint32_t point)
{
    bool skin_tone = point >= 0x1f3fb && point <= 0x1f3ff;
    return skin_tone || point == EMOJI_STYLE || is_in(point, RANGES(cht_pictures));
}

static bool may_join(uint32_t joiner, uint32_t before, uint32_t after)
{
    bool letters = is_in(before, RANGES(joining)) && is_in(after, RANGES(joining)) &&
                   cht_look_of(before) == CHT_LOOK_SHOWN && cht_look_of(after) == CHT_LOOK_SHOWN;
    return letters || (joiner == ZERO_WIDTH_JOINER && ends_picture(before) &&
                          is_in(after, RANGES(cht_pictures)));
}

/* True if the invisible `point` is where writing needs it: a joiner, or one that selects the form
 * of the character before it. */
static bool has_use(uint32_t before, uint32_t point, uint32_t after)
{
    switch (point) {
    case ZERO_WIDTH_NON_JOINER:
    case ZERO_WIDTH_JOINER:
        return may_join(point, before, after);
    case TEXT_STYLE:
    case EMOJI_STYLE:
        return is_in(before, RANGES(cht_pictures)) ||
               (is_keycap_base(before) && point == EMOJI_STYLE && after == KEYCAP);
    default:
        break;
    }
    if (point >= 0xe0100 && point <= 0xe01ef) {
        return is_in(before, RANGES(ideographs));
    }
    bool selects = (point >= 0x180b && point <= 0x180d) || point == 0x180f;
    return selects && is_in(before, RANGES(mongolian));
}

/* How many bytes of tags make the black flag before them another one. */
static size_t flag_size(const uint8_t *at, const uint8_t *end)
{
    size_t size = strlen(flags[0]);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && (size_t)(end - at) >= size; i++) {
        if (memcmp(at, flags[i], size) == 0) {
            return size;
        }
    }
    return 0;
}

static uint32_t point_at(const uint8_t *at, const uint8_t *end, unsigned *ret_size)
{
    uint32_t point = NOTHING;
    *ret_size = at < end ? cht_utf8_step(at, end, &point) : 0;
    return point;
}

bool cht_is_name(struct cht_str valid_text)
{
    const uint8_t *at = (const uint8_t *)valid_text.at;
    const uint8_t *end = valid_text.size > 0 ? at + valid_text.size : at;
    bool shown = false;
    unsigned size = 0, next_size = 0;
    uint32_t before = NOTHING, point = point_at(at, end, &size);
    while (size > 0) {
        at += size;
        at += point == BLACK_FLAG ? flag_size(at, end) : 0;
        uint32_t after = point_at(at, end, &next_size);
        enum cht_look look = cht_look_of(point);
        if (is_refused(point) || (look == CHT_LOOK_NOTHING && !has_use(before, point, after))) {
            return false;
        }
        shown = shown || look == CHT_LOOK_SHOWN;
        before = point;
        point = after;
        size = next_size;
    }
    return shown && at == end;
}
