#pragma once

/* names - who is who beside a list, as it goes out: the JSON of users that were asked for lately.
 *
 * A group of places for each user, following from the id, so that two who are named together and
 * come to the same group do not take each other's place; beyond, the later takes any of it. Each
 * name has the stamp of the users' store that it was read under (ports/users.h), and is given
 * only while that stays. */

#include <stdbool.h>
#include <stdint.h>

#include "chattifier/events.h"
#include "ports/users.h"

#define NAME_BYTES_MAX 230 /* longer ones are asked for each time */

struct names;

struct names *names_create(uint32_t names_max, const uint64_t secret[2]);
void names_destroy(struct names *names);

/* False: `user` is not known under `stamp`. The text is lent until the next names_keep. */
bool names_find(
    const struct names *names, uint64_t stamp, const struct cht_id *user, struct cht_str *ret_json);

/* `stamp` was taken before the user was read. */
void names_keep(
    struct names *names, uint64_t stamp, const struct cht_id *user, struct cht_str json);

/* Who `user` is, as a value of `json`, which is kept too, if it fits there. */
void names_write(
    struct names *names, uint64_t stamp, struct cht_json *json, const struct user *user);
