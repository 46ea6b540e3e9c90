/* typists - see the header. Happy path: a free place is taken, kept while its user goes on, and
 * free again when that ends. How it fails: no place is free; it is not shown. */

#include "typists.h"

#include "base/mem.h"

bool typists_note(
    struct typists **typists, const struct cht_id *user, uint64_t until_ms, uint64_t now_ms)
{
    if (!*typists) {
        *typists = mem_new(sizeof(**typists));
    }
    struct typist *free_place = NULL;
    for (uint32_t i = 0; i < TYPISTS_MAX; i++) {
        struct typist *at = &(*typists)->at[i];
        if (at->until_ms <= now_ms) {
            free_place = at;
        } else if (cht_id_equal(&at->user, user)) {
            at->until_ms = until_ms;
            return true;
        }
    }
    if (!free_place || until_ms == 0) {
        return false;
    }
    *free_place = (struct typist){*user, until_ms};
    return true;
}
