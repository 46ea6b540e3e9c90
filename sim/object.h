#pragma once

/* object - one JSON object of the server, read, and what the checkers ask of it.
 *
 * What is not there is empty, 0 or false. All of it points into the bytes that were read. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chattifier/events.h"

#define OBJECT_MEMBERS_MAX 64
#define OBJECT_BYTES_MAX (1u << 20)

struct object {
    struct cht_member members[OBJECT_MEMBERS_MAX];
    size_t count;
};

/* False: it can not be read. `copy` takes OBJECT_BYTES_MAX: the reader changes the bytes. */
bool object_read(struct cht_str bytes, char *copy, struct object *ret_object);

bool object_has(const struct object *object, const char *name);
struct cht_str object_text(const struct object *object, const char *name);
uint64_t object_number(const struct object *object, const char *name);
bool object_flag(const struct object *object, const char *name);

/* The number of the user with that id; 0: nobody. */
uint32_t object_person(const struct object *object, const char *name);

/* The objects of a JSON list, one after the other, from `at` on; false at the end. */
bool object_next(struct cht_str list, uint32_t *at, struct cht_str *ret_object);

bool text_is(struct cht_str text, const char *word);
