/* places - see places.h.
 *
 * Happy path: one look, one write. How it fails: giving what was not taken is a defect. */

#include "places.h"

#include "base/check.h"

void places_init(
    struct places *places, uint32_t all_max, uint32_t user_max, const uint64_t secret[2])
{
    *places = (struct places){.all_max = all_max, .user_max = user_max};
    map_init(&places->by_user, all_max, secret);
}

void places_deinit(struct places *places)
{
    map_deinit(&places->by_user);
}

bool places_take(struct places *places, const struct cht_id *user)
{
    uint32_t before = map_find(&places->by_user, map_key_id(user));
    uint32_t of_user = before == MAP_NONE ? 0 : before;
    if (places->taken >= places->all_max || of_user >= places->user_max) {
        return false;
    }
    CHECK(map_put(&places->by_user, map_key_id(user), of_user + 1));
    places->taken++;
    return true;
}

void places_give(struct places *places, const struct cht_id *user)
{
    uint32_t of_user = map_find(&places->by_user, map_key_id(user));
    CHECK(of_user != MAP_NONE);
    CHECK(places->taken > 0);
    places->taken--;
    if (of_user == 1) {
        map_remove(&places->by_user, map_key_id(user));
    } else {
        CHECK(map_put(&places->by_user, map_key_id(user), of_user - 1));
    }
}
