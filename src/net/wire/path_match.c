/* path_match - letter by letter.
 *
 * Happy path: both end at once. How it fails: another letter, an empty segment, or something left
 * of either. */

#include "wire/path_match.h"

#include <string.h>

#include "base/check.h"

/* The segment at the front of `path`, up to the next slash. */
static struct cht_str segment_of(struct cht_str path)
{
    const char *slash = path.size > 0 ? memchr(path.at, '/', path.size) : NULL;
    return (struct cht_str){path.at, slash ? (uint32_t)(slash - path.at) : path.size};
}

/* `pattern` begins with '{'. Answers what comes behind the name. */
static const char *keep(const char *pattern, struct cht_str value, struct path_match *match)
{
    const char *end = strchr(pattern, '}');
    CHECK(end);
    CHECK(match->count < PATH_NAMES_MAX);
    size_t size = (size_t)(end - pattern) - 1;
    CHECK(size <= PATH_NAME_BYTES_MAX);
    memcpy(match->names[match->count], pattern + 1, size);
    match->names[match->count][size] = '\0';
    match->values[match->count++] = value;
    return end + 1;
}

bool path_match(const char *pattern, struct cht_str path, struct path_match *ret_match)
{
    ret_match->count = 0;
    while (*pattern) {
        uint32_t step = 1;
        if (*pattern == '{') {
            struct cht_str value = segment_of(path);
            if (value.size == 0) {
                return false;
            }
            pattern = keep(pattern, value, ret_match);
            step = value.size;
        } else if (path.size == 0 || path.at[0] != *pattern++) {
            return false;
        }
        path = (struct cht_str){path.at + step, path.size - step};
    }
    return path.size == 0;
}
