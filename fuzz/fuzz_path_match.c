/* fuzz_path_match - a path against each pattern of the route table.
 *
 * Happy path: a path that is like a pattern is the pattern with its names replaced, by segments
 * that are not empty. How it fails: a trap, which the fuzzer reports with its input. */

#include <string.h>

#include "chattifier/events.h"
#include "demand.h"
#include "wire/path_match.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void demand_front(struct cht_str *path, struct cht_str front)
{
    DEMAND(path->size >= front.size && memcmp(path->at, front.at, front.size) == 0);
    *path = (struct cht_str){path->at + front.size, path->size - front.size};
}

static void check_filled(const char *pattern, struct cht_str path, const struct path_match *match)
{
    uint32_t names = 0;
    while (*pattern) {
        struct cht_str front = {pattern, 1};
        if (*pattern == '{') {
            DEMAND(names < match->count);
            front = match->values[names++];
            DEMAND(front.size > 0 && !memchr(front.at, '/', front.size));
            pattern = strchr(pattern, '}');
        }
        demand_front(&path, front);
        pattern++;
    }
    DEMAND(path.size == 0 && names == match->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size ? size : 1);
    DEMAND(text != NULL);
    memcpy(text, bytes, size);
    struct cht_str path = {text, (uint32_t)size};
    size_t count;
    const struct cht_route_row *rows = cht_routes(&count);
    for (size_t i = 0; i < count; i++) {
        struct path_match match;
        if (path_match(rows[i].path, path, &match)) {
            check_filled(rows[i].path, path, &match);
        }
    }
    free(text);
    return 0;
}
