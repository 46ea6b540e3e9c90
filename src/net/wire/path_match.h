#pragma once

/* path_match - is a path like a pattern of a route table?
 *
 * "/a/{x}/b": a name in braces stands for one segment that is not empty. Pure, no allocation. */

#include <stdbool.h>
#include <stdint.h>

#include "chattifier/types.h"

#define PATH_NAMES_MAX 4
#define PATH_NAME_BYTES_MAX 15

/* What stands where the pattern has names, in order. */
struct path_match {
    char names[PATH_NAMES_MAX][PATH_NAME_BYTES_MAX + 1];
    struct cht_str values[PATH_NAMES_MAX]; /* point into the path */
    uint32_t count;
};

/* `path` is decoded. The pattern is the program's own: not more names than fit. */
bool path_match(const char *pattern, struct cht_str path, struct path_match *ret_match);
