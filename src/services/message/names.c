/* names - see names.h.
 *
 * Happy path: one hash, one compare. How it fails: what is not there is asked of the store. */

#include "names.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"

struct name {
    struct cht_id user;
    uint64_t stamp; /* 0: nobody */
    uint16_t size;
    char json[NAME_BYTES_MAX];
};

struct names {
    struct name *at;
    uint32_t count;
    uint64_t secret[2];
};

struct names *names_create(uint32_t names_max, const uint64_t secret[2])
{
    struct names *names = mem_new(sizeof(*names));
    names->at = mem_array(names_max, sizeof(*names->at));
    names->count = names_max;
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

/* NULL: no name is kept. */
static struct name *place_of(const struct names *names, const struct cht_id *user)
{
    uint64_t hash = map_hash(names->secret, user->bytes, sizeof(user->bytes));
    return names->count > 0 ? &names->at[hash % names->count] : NULL;
}

bool names_find(
    const struct names *names, uint64_t stamp, const struct cht_id *user, struct cht_str *ret_json)
{
    const struct name *name = place_of(names, user);
    if (name == NULL || stamp == 0 || name->stamp != stamp || !cht_id_equal(&name->user, user)) {
        return false;
    }
    *ret_json = (struct cht_str){name->json, name->size};
    return true;
}

void names_keep(struct names *names, uint64_t stamp, const struct cht_id *user, struct cht_str json)
{
    struct name *name = place_of(names, user);
    if (name != NULL && json.size <= NAME_BYTES_MAX) {
        name->user = *user;
        name->stamp = stamp;
        name->size = (uint16_t)json.size;
        memcpy(name->json, json.at, json.size);
    }
}
