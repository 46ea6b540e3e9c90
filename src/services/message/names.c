/* names - see names.h.
 *
 * Happy path: one hash, a few compares. How it fails: what is not there is asked of the store. */

#include "names.h"

#include <string.h>

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"

#define GROUP_NAMES_MAX 4

struct name {
    struct cht_id user;
    uint64_t stamp; /* 0: nobody */
    uint16_t size;
    char json[NAME_BYTES_MAX];
};

struct names {
    struct name *at; /* group by group */
    uint32_t groups, group_names;
    uint32_t next; /* of a full group, counting on */
    uint64_t secret[2];
};

struct names *names_create(uint32_t names_max, const uint64_t secret[2])
{
    struct names *names = mem_new(sizeof(*names));
    names->group_names = names_max < GROUP_NAMES_MAX ? names_max : GROUP_NAMES_MAX;
    names->groups = names_max > 0 ? names_max / names->group_names : 0;
    names->at = mem_array((size_t)names->groups * names->group_names, sizeof(*names->at));
    names->secret[0] = secret[0];
    names->secret[1] = secret[1];
    return names;
}

void names_destroy(struct names *names)
{
    if (names != NULL) {
        mem_free(names->at);
        mem_free(names);
    }
}

static struct name *group_of(const struct names *names, const struct cht_id *user)
{
    uint64_t hash = map_hash(names->secret, user->bytes, sizeof(user->bytes));
    return &names->at[hash % names->groups * names->group_names];
}

/* The user's own place, however old; NULL: there is none. */
static struct name *place_of(const struct names *names, const struct cht_id *user)
{
    struct name *group = names->groups > 0 ? group_of(names, user) : NULL;
    for (uint32_t i = 0; group != NULL && i < names->group_names; i++) {
        if (cht_id_equal(&group[i].user, user)) {
            return &group[i];
        }
    }
    return NULL;
}

/* One whose stamp is another; else any. */
static struct name *take_place(struct names *names, uint64_t stamp, const struct cht_id *user)
{
    struct name *group = group_of(names, user);
    for (uint32_t i = 0; i < names->group_names; i++) {
        if (group[i].stamp != stamp) {
            return &group[i];
        }
    }
    CHECK(names->group_names > 0); /* there are groups */
    return &group[names->next++ % names->group_names];
}

bool names_find(
    const struct names *names, uint64_t stamp, const struct cht_id *user, struct cht_str *ret_json)
{
    const struct name *name = place_of(names, user);
    if (name == NULL || stamp == 0 || name->stamp != stamp) {
        return false;
    }
    *ret_json = (struct cht_str){name->json, name->size};
    return true;
}

void names_keep(struct names *names, uint64_t stamp, const struct cht_id *user, struct cht_str json)
{
    if (names->groups == 0 || json.size > NAME_BYTES_MAX) {
        return;
    }
    struct name *name = place_of(names, user);
    if (name == NULL) {
        name = take_place(names, stamp, user);
    }
    name->user = *user;
    name->stamp = stamp;
    name->size = (uint16_t)json.size;
    memcpy(name->json, json.at, json.size);
}

static void put_text(struct cht_json *json, const char *key, struct cht_str text)
{
    cht_json_key(json, key);
    cht_json_text(json, text);
}

static void put_name(struct cht_json *json, const struct user *user)
{
    static const struct cht_str nobody = {NULL, 0};
    static const struct cht_str deleted = {"Deleted user", 12};
    cht_json_begin(json, '{');
    put_text(json, "username", user->deleted ? nobody : user->username);
    put_text(json, "display_name", user->deleted ? deleted : user->display_name);
    if (user->deleted) {
        cht_json_key(json, "deleted");
        cht_json_flag(json, true);
    }
    cht_json_end(json, '}');
}

void names_write(
    struct names *names, uint64_t stamp, struct cht_json *json, const struct user *user)
{
    size_t before = json->used;
    put_name(json, user);
    if (json->used <= json->size) {
        struct cht_str name = {json->at + before, (uint32_t)(json->used - before)};
        names_keep(names, stamp, &user->id, name);
    }
}
