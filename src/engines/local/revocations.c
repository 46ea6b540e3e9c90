/* revocations - a ring with an index.
 *
 * Happy path: a new row takes the place of one that nobody needs any more; a question costs two
 * look-ups. How it fails: a ring that is full of rows that are still needed raises the floor. */

#include "local/revocations.h"

#include "base/check.h"
#include "base/mem.h"

void revocations_init(
    struct revocations *all, uint32_t rows_max, uint64_t keep_ms, const uint64_t secret[2])
{
    CHECK(rows_max > 0);
    *all = (struct revocations){.rows_max = rows_max, .keep_ms = keep_ms};
    all->rows = mem_array(rows_max, sizeof(*all->rows));
    map_init(&all->index, rows_max, secret);
}

void revocations_deinit(struct revocations *all)
{
    mem_free(all->rows);
    map_deinit(&all->index);
}

static uint32_t place_of(const struct revocations *all, uint64_t number)
{
    return (uint32_t)(number % all->rows_max);
}

const struct revocation *revocations_row(const struct revocations *all, uint64_t number)
{
    CHECK(number >= all->first);
    CHECK(number < all->end);
    return &all->rows[place_of(all, number)];
}

/* Ids are made by the server and random, so those of users and of devices can share an index. */
static struct map_key key_of(const struct revocation *row)
{
    return map_key_id(cht_id_is_none(&row->device) ? &row->user : &row->device);
}

static void drop_first(struct revocations *all)
{
    uint32_t place = place_of(all, all->first);
    struct map_key key = key_of(&all->rows[place]);
    if (map_find(&all->index, key) == place) {
        map_remove(&all->index, key);
    }
    all->first++;
}

static void drop_ended(struct revocations *all, uint64_t now_ms)
{
    while (all->first < all->end && revocations_row(all, all->first)->at + all->keep_ms <= now_ms) {
        drop_first(all);
    }
}

/* Two workers may tell of two versions in the wrong order: the higher one holds. */
static uint64_t highest_version(const struct revocations *all, const struct revocation *revocation)
{
    uint32_t place = map_find(&all->index, key_of(revocation));
    uint64_t known = place == MAP_NONE ? 0 : all->rows[place].version;
    return known > revocation->version ? known : revocation->version;
}

bool revocations_add(struct revocations *all, const struct revocation *revocation, uint64_t now_ms)
{
    bool room = true;
    drop_ended(all, now_ms);
    if (all->end - all->first == all->rows_max) {
        uint64_t at = revocations_row(all, all->first)->at;
        all->floor = at > all->floor ? at : all->floor;
        drop_first(all);
        room = false;
    }
    uint32_t place = place_of(all, all->end++);
    all->rows[place] = *revocation;
    all->rows[place].version = highest_version(all, revocation);
    all->rows[place].at = revocation->at ? revocation->at : now_ms;
    CHECK(map_put(&all->index, key_of(revocation), place));
    return room;
}

enum token_standing revocations_judge(const struct revocations *all, const struct identity *who)
{
    uint32_t of_user = map_find(&all->index, map_key_id(&who->user));
    if (of_user != MAP_NONE && who->token_version < all->rows[of_user].version) {
        return TOKEN_REVOKED;
    }
    uint32_t of_device = map_find(&all->index, map_key_id(&who->device));
    if (of_device != MAP_NONE && cht_id_equal(&all->rows[of_device].user, &who->user)) {
        return TOKEN_REVOKED;
    }
    return all->floor && who->issued_at <= all->floor ? TOKEN_OLD : TOKEN_GOOD;
}
