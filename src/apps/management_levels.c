/* management_levels - names to levels and back. Happy path: a row of four. How it fails: what is
 * not of the form is no level. */

#include "management_levels.h"

#include <string.h>

#define BODY_BYTES_MAX 256u
#define MEMBERS_MAX 4u

static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};
#define LEVELS ((int)(sizeof(names) / sizeof(names[0])))

const char *management_level_name(int level)
{
    return names[level];
}

static int level_of(const struct cht_member *member, int usual)
{
    if (member->type == CHT_JSON_NULL) {
        return usual;
    }
    for (int level = 0; level < LEVELS; level++) {
        struct cht_str name = cht_str_of(names[level]);
        if (cht_str_equal(member->value, name)) {
            return level;
        }
    }
    return -1;
}

int management_level_asked(struct cht_str body, int usual)
{
    char bytes[BODY_BYTES_MAX];
    struct cht_member members[MEMBERS_MAX];
    size_t count = 0;
    if (body.size == 0 || body.size > sizeof(bytes)) {
        return -1;
    }
    memcpy(bytes, body.at, body.size);
    if (!cht_read_members((struct cht_str){bytes, body.size}, members, MEMBERS_MAX, &count)) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (cht_str_is(members[i].name, "configuredLevel")) {
            return level_of(&members[i], usual);
        }
    }
    return -1;
}
