#pragma once

/* query - the parameters behind the question mark of a target.
 *
 * name=value pairs between ampersands; both are percent-decoded and a plus is a blank. */

#include <stddef.h>

#include "chattifier/types.h"

struct query_value {
    char *into; /* the caller's */
    uint32_t capacity;
    uint32_t size;
};

enum query_result { QUERY_FOUND, QUERY_ABSENT, QUERY_REPEATED, QUERY_BAD };

/* The one parameter of that name. BAD: a wrong escape in its value, or longer than `capacity`. */
enum query_result query_find(struct cht_str query, const char *name, struct query_value *value);
