/* watches - see the header. Happy path: watch, one question for the state and one for the rooms,
 * `presence` frames. How it fails: a lost answer is asked for again after a while; a state that
 * nobody knows is not told; who does not read is told when it does. */

#include "watches.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "frames.h"
#include "membership.h"
#include "online.h"
#include "rooms.h"
#include "users.h"

#define ASKS_PER_TICK 256u
#define ASK_AGAIN_MS 2000u

/* ---- telling */

static bool push_presence(
    struct socket_service *service, const struct watched *watched, uint32_t connection)
{
    struct cht_f_presence presence = {
        .user = watched->id, .state = watched->state, .last_seen = watched->last_seen};
    if (edge_queued_bytes(service->deps.edge, connection) > 0) {
        return false;
    }
    struct cht_str frame = frame_of_event(service, &cht_row_f_presence, &presence);
    return edge_push_bytes(service->deps.edge, connection, frame.at, frame.size);
}

/* Who does not read is owed the newest state. */
static void tell(struct socket_service *service, struct watched *watched, struct watcher *watcher)
{
    if (!watcher->allowed || watched->state == cht_presence_state_none) {
        return;
    }
    watcher->told = push_presence(service, watched, watcher->connection);
    if (!watcher->told && !watched->owes) {
        watched->owes = true;
        list_add(&service->watched_owing, (uint32_t)(watched - service->watched));
    }
}

static void tell_rest(struct socket_service *service, struct watched *watched)
{
    for (uint32_t i = 0; i < watched->count; i++) {
        if (!watched->watchers[i].told) {
            tell(service, watched, &watched->watchers[i]);
        }
    }
}

/* Telling may add to the list again, at its end. */
static void tell_owed(struct socket_service *service)
{
    struct list *owing = &service->watched_owing;
    uint32_t count = owing->count;
    for (uint32_t i = 0; i < count; i++) {
        struct watched *watched = &service->watched[owing->at[i]];
        watched->owes = false;
        tell_rest(service, watched);
    }
    if (count > 0) {
        owing->count -= count;
        memmove(owing->at, owing->at + count, owing->count * sizeof(*owing->at));
    }
}

static void set_state(
    struct socket_service *service, const struct cht_id *user, uint64_t state, uint64_t last_seen)
{
    uint32_t slot = map_find(&service->watched_by_id, map_key_id(user));
    if (slot == MAP_NONE) {
        return;
    }
    struct watched *watched = &service->watched[slot];
    bool same = watched->state == state;
    watched->state = (uint8_t)state;
    watched->last_seen = last_seen;
    for (uint32_t i = 0; i < watched->count; i++) {
        if (!same || !watched->watchers[i].told) {
            tell(service, watched, &watched->watchers[i]);
        }
    }
}

void watches_on_state(struct socket_service *service, const struct online_user *online)
{
    set_state(service, &online->user, online->state, online->last_seen);
}

/* A node knows only its own connections: online is the best there is, but of anything less another
 * node may know better. */
void watches_on_presences(struct socket_service *service, const struct cht_presences *presences)
{
    const struct cht_user_presence *users = presences->users.at;
    struct cht_id *unsure = mem_array(presences->users.count + 1, sizeof(*unsure));
    uint32_t count = 0;
    for (uint32_t i = 0; i < presences->users.count; i++) {
        if (users[i].state == cht_presence_state_online) {
            set_state(service, &users[i].user, users[i].state, users[i].last_seen);
        } else if (map_find(&service->watched_by_id, map_key_id(&users[i].user)) != MAP_NONE) {
            unsure[count++] = users[i].user;
        }
    }
    if (count > 0) {
        struct cht_ids ids = {.at = unsure, .count = count};
        online_ask(service, &ids);
    }
    mem_free(unsure);
}

/* ---- the table */

static void make_dirty(struct socket_service *service, uint32_t slot)
{
    if (!service->watched[slot].dirty) {
        service->watched[slot].dirty = true;
        list_add(&service->watched_dirty, slot);
    }
}

static uint32_t take_watched(struct socket_service *service, const struct cht_id *user)
{
    uint32_t slot = map_find(&service->watched_by_id, map_key_id(user));
    if (slot != MAP_NONE) {
        return slot;
    }
    slot = service->watched_free;
    if (slot != SLOT_NONE) {
        service->watched_free = service->watched[slot].next_free;
    } else if (service->watched_used < service->settings.watched_max) {
        slot = service->watched_used++;
    } else {
        return SLOT_NONE;
    }
    struct watched *watched = &service->watched[slot];
    uint32_t generation = watched->generation + 1;
    *watched = (struct watched){.id = *user,
        .generation = generation ? generation : 1,
        .used = true,
        .dirty = watched->dirty, /* it may still stand in the lists */
        .owes = watched->owes};
    CHECK(map_put(&service->watched_by_id, map_key_id(user), slot));
    return slot;
}

static void add_watcher(struct watched *watched, uint32_t connection)
{
    if (watched->count == watched->capacity) {
        watched->capacity = watched->capacity ? watched->capacity * 2 : 2;
        watched->watchers =
            mem_resize(watched->watchers, watched->capacity * sizeof(*watched->watchers));
    }
    watched->watchers[watched->count++] = (struct watcher){.connection = connection};
}

static void drop_watcher(struct socket_service *service, uint32_t slot, uint32_t connection)
{
    struct watched *watched = &service->watched[slot];
    for (uint32_t i = 0; i < watched->count; i++) {
        if (watched->watchers[i].connection == connection) {
            watched->watchers[i] = watched->watchers[--watched->count];
            break;
        }
    }
    if (watched->count == 0) {
        CHECK(map_remove(&service->watched_by_id, map_key_id(&watched->id)) == slot);
        mem_free(watched->watchers);
        watched->watchers = NULL;
        watched->capacity = 0;
        watched->used = false;
        watched->next_free = service->watched_free;
        service->watched_free = slot;
    }
}

void watches_forget(struct socket_service *service, uint32_t connection)
{
    struct connection *c = &service->connections[connection];
    struct slot_list *watches = c->watches;
    c->watches = NULL;
    if (!watches) {
        return;
    }
    for (uint32_t i = 0; i < watches->count; i++) {
        drop_watcher(service, slot_list_at(watches)[i], connection);
    }
    slot_list_deinit(watches);
    mem_free(watches);
}

static bool watch_one(
    struct socket_service *service, uint32_t connection, const struct cht_id *user)
{
    struct connection *c = &service->connections[connection];
    uint32_t slot = take_watched(service, user);
    if (slot == SLOT_NONE) {
        return false;
    }
    if (slot_list_find(c->watches, slot) == SLOT_NONE) {
        slot_list_add(c->watches, slot);
        add_watcher(&service->watched[slot], connection);
        make_dirty(service, slot);
    }
    return true;
}

bool watches_replace(
    struct socket_service *service, uint32_t connection, const struct cht_ids *users)
{
    watches_forget(service, connection);
    if (users->count == 0) {
        return true;
    }
    service->connections[connection].watches = mem_new(sizeof(struct slot_list));
    for (uint32_t i = 0; i < users->count; i++) {
        if (!watch_one(service, connection, &users->at[i])) {
            watches_forget(service, connection);
            return false;
        }
    }
    online_ask(service, users);
    watches_tick(service);
    return true;
}

/* ---- who may see whom */

void watches_on_rooms_changed(struct socket_service *service, const struct user_slot *user)
{
    for (uint32_t c = user->first_connection; c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        const struct slot_list *watches = service->connections[c].watches;
        for (uint32_t i = 0; watches && i < watches->count; i++) {
            make_dirty(service, slot_list_peek(watches)[i]);
        }
    }
}

void watches_on_member(struct socket_service *service, const struct cht_id *subject)
{
    if (service->watched_by_id.count == 0) {
        return;
    }
    uint32_t slot = map_find(&service->watched_by_id, map_key_id(subject));
    if (slot != MAP_NONE) {
        make_dirty(service, slot);
    }
    const struct user_slot *user = user_find(service, subject);
    if (user) {
        watches_on_rooms_changed(service, user);
    }
}

static bool shares(
    struct socket_service *service, const struct watcher *watcher, const struct cht_roster *roster)
{
    const struct user_slot *user = &service->users[service->connections[watcher->connection].user];
    const struct cht_room_place *places = roster->rooms.at;
    for (uint32_t i = 0; i < roster->rooms.count; i++) {
        bool close =
            places[i].kind == cht_room_kind_direct || places[i].kind == cht_room_kind_group;
        struct room *room = close ? room_find(service, &places[i].room) : NULL;
        if (room && membership_has(service, user, room)) {
            return true;
        }
    }
    return false;
}

static void settle(struct socket_service *service, struct watched *watched)
{
    for (uint32_t i = 0; i < watched->count; i++) {
        struct watcher *watcher = &watched->watchers[i];
        watcher->allowed = watcher->found;
        watcher->found = false;
        if (!watcher->allowed) {
            watcher->told = false;
        } else if (!watcher->told) {
            tell(service, watched, watcher);
        }
    }
}

static void ask(struct socket_service *service, uint32_t slot, const struct cht_id *after)
{
    struct watched *watched = &service->watched[slot];
    struct roster_handle handle = {ROSTER_OF_WATCHED, slot, watched->generation};
    watched->asked = true;
    watched->asked_at = socket_now(service);
    roster_query(service, &watched->id, &handle, after);
}

void watches_on_roster(struct socket_service *service, const struct roster_handle *handle,
    const struct cht_roster *roster)
{
    struct watched *watched =
        handle->slot < service->watched_used ? &service->watched[handle->slot] : NULL;
    if (!watched || !watched->used || watched->generation != handle->generation ||
        !watched->asked) {
        return;
    }
    for (uint32_t i = 0; i < watched->count; i++) {
        struct watcher *watcher = &watched->watchers[i];
        watcher->found = watcher->found || shares(service, watcher, roster);
    }
    if (roster->more) {
        ask(service, handle->slot, &roster->next);
        return;
    }
    watched->asked = false;
    settle(service, watched);
}

static void ask_for_dirty(struct socket_service *service)
{
    uint32_t now = socket_now(service);
    uint32_t asks = 0;
    uint32_t kept = 0;
    struct list *dirty = &service->watched_dirty;
    for (uint32_t i = 0; i < dirty->count; i++) {
        uint32_t slot = dirty->at[i];
        struct watched *watched = &service->watched[slot];
        bool waits = watched->asked && now - watched->asked_at < ASK_AGAIN_MS;
        if (watched->used && (waits || asks >= ASKS_PER_TICK)) {
            dirty->at[kept++] = slot;
            continue;
        }
        watched->dirty = false;
        if (watched->used) {
            for (uint32_t w = 0; w < watched->count; w++) {
                watched->watchers[w].found = false;
            }
            ask(service, slot, NULL);
            asks++;
        }
    }
    dirty->count = kept;
}

void watches_tick(struct socket_service *service)
{
    tell_owed(service);
    ask_for_dirty(service);
}

void watches_deinit(struct socket_service *service)
{
    for (uint32_t i = 0; i < service->watched_used; i++) {
        mem_free(service->watched[i].watchers);
    }
    mem_free(service->watched);
    map_deinit(&service->watched_by_id);
    list_deinit(&service->watched_dirty);
    list_deinit(&service->watched_owing);
}
