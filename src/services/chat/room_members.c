/* room_members - the seats of a room.
 *
 * Happy path: find by hash, replace in place. Whoever goes is replaced by the last seat, so the
 * array stays dense. How it fails: it does not; limits on the number of members are the decision's.
 */

#include "room_members.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define SEATS_MIN 4

void room_members_init(struct room_members *members, const uint64_t secret[2])
{
    *members = (struct room_members){0};
    map_init(&members->index, UINT32_MAX / 2, secret);
}

void room_members_deinit(struct room_members *members)
{
    map_deinit(&members->index);
    mem_free(members->seats);
    members->seats = NULL;
}

const struct room_seat *room_members_find(
    const struct room_members *members, const struct cht_id *user)
{
    uint32_t at = map_find(&members->index, map_key_id(user));
    return at == MAP_NONE ? NULL : &members->seats[at];
}

static void add_seat(struct room_members *members, const struct room_seat *seat)
{
    if (members->count == members->capacity) {
        members->capacity = members->capacity ? members->capacity * 2 : SEATS_MIN;
        members->seats =
            mem_resize(members->seats, (size_t)members->capacity * sizeof(*members->seats));
    }
    bool put = map_put(&members->index, map_key_id(&seat->user), members->count);
    CHECK(put);
    members->seats[members->count++] = *seat;
}

static void count(struct room_members *members, const struct room_seat *seat, uint32_t by)
{
    if (seat->state == cht_member_state_joined) {
        members->joined += by;
        members->owners += seat->role == cht_role_owner ? by : 0;
    }
}

void room_members_put(struct room_members *members, const struct room_seat *seat)
{
    uint32_t at = map_find(&members->index, map_key_id(&seat->user));
    count(members, seat, 1);
    if (at == MAP_NONE) {
        add_seat(members, seat);
        return;
    }
    count(members, &members->seats[at], (uint32_t)-1);
    members->seats[at] = *seat;
}

void room_members_said(
    struct room_members *members, const struct cht_id *user, uint32_t place, uint64_t seq)
{
    bool is_there = place < members->count && cht_id_equal(&members->seats[place].user, user);
    uint32_t at = is_there ? place : map_find(&members->index, map_key_id(user));
    if (at != MAP_NONE) {
        members->seats[at].sent_seq = seq;
    }
}

void room_members_drop(struct room_members *members, const struct cht_id *user)
{
    uint32_t at = map_remove(&members->index, map_key_id(user));
    if (at == MAP_NONE) {
        return;
    }
    count(members, &members->seats[at], (uint32_t)-1);
    uint32_t last = --members->count;
    if (at != last) {
        members->seats[at] = members->seats[last];
        bool put = map_put(&members->index, map_key_id(&members->seats[at].user), at);
        CHECK(put);
    }
}

void room_members_clear(struct room_members *members)
{
    for (uint32_t i = 0; i < members->count; i++) {
        map_remove(&members->index, map_key_id(&members->seats[i].user));
    }
    members->count = 0;
    members->joined = 0;
    members->owners = 0;
}

static bool comes_before(const struct room_seat *a, const struct room_seat *b)
{
    if (a->role != b->role) {
        return a->role > b->role;
    }
    if (a->joined_seq != b->joined_seq) {
        return a->joined_seq < b->joined_seq;
    }
    return memcmp(&a->user, &b->user, sizeof(a->user)) < 0;
}

const struct room_seat *room_members_successor(
    const struct room_members *members, const struct cht_id *leaver)
{
    const struct room_seat *best = NULL;
    for (uint32_t i = 0; i < members->count; i++) {
        const struct room_seat *seat = &members->seats[i];
        if (seat->state != cht_member_state_joined || cht_id_equal(&seat->user, leaver)) {
            continue;
        }
        if (!best || comes_before(seat, best)) {
            best = seat;
        }
    }
    return best;
}
