/* typists - see the header. Happy path: a free place is taken, kept while its user goes on, and
 * free again when that ends. How it fails: no place is free, or it was shown a moment ago; it is
 * not shown. */

#include "typists.h"

#include "base/mem.h"

static struct typist *find_place(struct typists *typists, const struct cht_id *user)
{
    for (uint32_t i = 0; i < TYPISTS_MAX; i++) {
        if (cht_id_equal(&typists->at[i].user, user)) {
            return &typists->at[i];
        }
    }
    return NULL;
}

/* The one whose user was shown longest ago. */
static struct typist *find_free(struct typists *typists, uint64_t now_ms)
{
    struct typist *found = NULL;
    for (uint32_t i = 0; i < TYPISTS_MAX; i++) {
        struct typist *at = &typists->at[i];
        if (at->until_ms <= now_ms && (!found || at->again_ms < found->again_ms)) {
            found = at;
        }
    }
    return found;
}

bool typists_note(
    struct typists **typists, const struct cht_id *user, uint64_t until_ms, uint64_t now_ms)
{
    if (!*typists) {
        *typists = mem_new(sizeof(**typists));
    }
    struct typist *place = find_place(*typists, user);
    if (until_ms == 0) {
        bool is_shown = place && place->until_ms > now_ms;
        if (is_shown) {
            place->until_ms = 0;
        }
        return is_shown;
    }
    place = place ? place : find_free(*typists, now_ms);
    if (!place || (place->again_ms > now_ms && cht_id_equal(&place->user, user))) {
        return false;
    }
    *place = (struct typist){*user, until_ms, now_ms + TYPISTS_AGAIN_MS};
    return true;
}
