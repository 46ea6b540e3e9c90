/* watches - see the header. Happy path: watch, one question for the state and one for the circles,
 * `presence` frames. How it fails: a state that nobody knows is not told; who does not read is told
 * when it does. */

#include "watches.h"

#include <string.h>

#include "apart.h"
#include "base/check.h"
#include "base/mem.h"
#include "circles.h"
#include "frames.h"
#include "online.h"

#define DOUBT_MS 1200u /* sessions are a second late at most */
#define ASKED_AT_ONCE 200u

/* ---- telling */

/* Who does not read is owed the newest state. */
static void note_owing(struct socket_service *service, struct watched *watched)
{
    if (!watched->owes) {
        watched->owes = true;
        list_add(&service->watched_owing, (uint32_t)(watched - service->watched));
    }
}

static bool push(struct socket_service *service, uint32_t connection, struct cht_str frame)
{
    return edge_queued_bytes(service->deps.edge, connection) == 0 &&
           edge_push_bytes(service->deps.edge, connection, frame.at, frame.size);
}

static struct cht_str frame_of(
    struct socket_service *service, const struct watched *watched, uint8_t state, uint64_t seen)
{
    struct cht_f_presence presence = {.user = watched->id, .state = state, .last_seen = seen};
    return frame_of_event(service, &cht_row_f_presence, &presence);
}

static bool sees(const struct watcher *watcher)
{
    return watcher->allowed && !watcher->apart;
}

/* What it is to be shown; none: nothing is known, or nothing was ever told. */
static uint8_t state_for(const struct watched *watched, const struct watcher *watcher)
{
    bool was_told = watcher->shown != cht_presence_state_none;
    if (watcher->apart && was_told) {
        return cht_presence_state_offline;
    }
    if (watcher->doubt != DOUBT_NONE || watched->state == cht_presence_state_none) {
        return watcher->shown;
    }
    if (sees(watcher)) {
        return watched->state;
    }
    return watcher->allowed || was_told ? cht_presence_state_offline : cht_presence_state_none;
}

/* When somebody who is not seen any more was seen last: with a block they went, unless they had
 * gone before. Of who went before this node began, that is not known. */
static uint64_t seen_until(const struct socket_service *service, const struct watched *watched,
    const struct watcher *watcher)
{
    const struct user_slot *user = &service->users[service->connections[watcher->connection].user];
    uint64_t since = watcher->apart ? apart_since(user, &watched->id) : 0;
    if (watched->state == cht_presence_state_offline && watched->last_seen <= since) {
        return watched->last_seen;
    }
    return since >= service->started_at ? since : 0;
}

/* `frame` is written for the first who sees the state, and serves the others. */
static void tell(struct socket_service *service, struct watched *watched, struct watcher *watcher,
    struct cht_str *frame)
{
    uint8_t state = state_for(watched, watcher);
    if (state == watcher->shown) {
        return;
    }
    struct cht_str own = {0};
    if (!sees(watcher)) {
        own = frame_of(service, watched, state, seen_until(service, watched, watcher));
        *frame = (struct cht_str){0}; /* it was written in the same place */
    } else if (frame->size == 0) {
        *frame = frame_of(service, watched, state, watched->last_seen);
    }
    if (push(service, watcher->connection, own.size > 0 ? own : *frame)) {
        watcher->shown = state;
    } else {
        note_owing(service, watched);
    }
}

void watches_tell(struct socket_service *service, struct watched *watched)
{
    struct cht_str frame = {0};
    for (uint32_t i = 0; i < watched->count; i++) {
        tell(service, watched, &watched->watchers[i], &frame);
    }
}

void watches_tell_one(struct socket_service *service, const struct watch *watch)
{
    struct watched *watched = &service->watched[watch->watched];
    struct cht_str frame = {0};
    tell(service, watched, &watched->watchers[watch->place], &frame);
}

/* Telling may add to the list again, at its end. */
static void tell_owed(struct socket_service *service)
{
    struct list *owing = &service->watched_owing;
    uint32_t count = owing->count;
    for (uint32_t i = 0; i < count; i++) {
        struct watched *watched = &service->watched[owing->at[i]];
        watched->owes = false;
        watches_tell(service, watched);
    }
    if (count > 0) {
        owing->count -= count;
        memmove(owing->at, owing->at + count, owing->count * sizeof(*owing->at));
    }
}

void watches_on_apart_changed(struct socket_service *service, const struct user_slot *user)
{
    for (uint32_t c = user->first_connection; c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        const struct watch_list *watches = service->connections[c].watches;
        for (uint32_t i = 0; watches && i < watches->count; i++) {
            const struct watch *watch = &watches->at[i];
            struct watched *watched = &service->watched[watch->watched];
            watched->watchers[watch->place].apart = apart_has(user, &watched->id);
            watches_tell_one(service, watch);
        }
    }
}

static struct watched *find_watched(struct socket_service *service, const struct cht_id *user)
{
    uint32_t slot = map_find(&service->watched_by_id, map_key_id(user));
    return slot == MAP_NONE ? NULL : &service->watched[slot];
}

static void set_state(
    struct socket_service *service, struct watched *watched, uint64_t state, uint64_t last_seen)
{
    watched->last_seen = last_seen;
    if (watched->state == state) {
        return; /* whoever may see it was told, or is owed it */
    }
    watched->state = (uint8_t)state;
    watches_tell(service, watched);
}

static void doubt(struct socket_service *service, struct watched *watched)
{
    watched->doubted_at = socket_now(service);
    if (!watched->doubted) {
        watched->doubted = true;
        list_add(&service->watched_doubted, (uint32_t)(watched - service->watched));
    }
}

void watches_on_state(
    struct socket_service *service, const struct online_user *online, uint32_t number)
{
    struct watched *watched = find_watched(service, &online->user);
    if (!watched || (int32_t)(watched->known_by - number) > 0) {
        return;
    }
    if (watched->told && watched->told != (uint8_t)online->state) {
        doubt(service, watched);
    }
    watched->told = 0;
    watched->known_by = number;
    set_state(service, watched, online->state, online->last_seen);
}

/* A node knows only its own connections: online is the best there is, but of anything less another
 * node may know better. */
void watches_on_presences(struct socket_service *service, const struct cht_presences *presences)
{
    const struct cht_user_presence *users = presences->users.at;
    struct cht_id *unsure = mem_array(presences->users.count + 1, sizeof(*unsure));
    uint32_t count = 0;
    for (uint32_t i = 0; i < presences->users.count; i++) {
        struct watched *watched = find_watched(service, &users[i].user);
        if (watched && users[i].state == cht_presence_state_online) {
            watched->told = 0;
            watched->known_by = ++service->presence_number;
            set_state(service, watched, users[i].state, users[i].last_seen);
        } else if (watched) {
            watched->told = (uint8_t)users[i].state;
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
    *watched = (struct watched){.id = *user,
        .used = true,
        .known_by = service->presence_number,
        .unsettled = watched->unsettled, /* it may still stand in the lists */
        .owes = watched->owes,
        .doubted = watched->doubted,
        .doubted_at = watched->doubted_at};
    CHECK(map_put(&service->watched_by_id, map_key_id(user), slot));
    return slot;
}

static void free_watched(struct socket_service *service, struct watched *watched)
{
    uint32_t slot = map_remove(&service->watched_by_id, map_key_id(&watched->id));
    CHECK(watched == &service->watched[slot]);
    mem_free(watched->watchers);
    watched->watchers = NULL;
    watched->capacity = 0;
    watched->used = false;
    watched->next_free = service->watched_free;
    service->watched_free = slot;
}

static void add_watcher(struct watched *watched, const struct watcher *watcher)
{
    if (watched->count == watched->capacity) {
        watched->capacity = watched->capacity ? watched->capacity * 2 : 2;
        watched->watchers =
            mem_resize(watched->watchers, watched->capacity * sizeof(*watched->watchers));
    }
    watched->watchers[watched->count++] = *watcher;
}

/* The last watcher takes the place, and is told so. */
static void drop_watcher(struct socket_service *service, const struct watch *watch)
{
    struct watched *watched = &service->watched[watch->watched];
    CHECK(watch->place < watched->count);
    struct watcher moved = watched->watchers[--watched->count];
    service->connections[moved.connection].watches->at[moved.place].place = watch->place;
    watched->watchers[watch->place] = moved;
    if (watched->count == 0) {
        free_watched(service, watched);
    }
}

void watches_forget(struct socket_service *service, uint32_t connection)
{
    struct watch_list *watches = service->connections[connection].watches;
    for (uint32_t i = 0; watches && i < watches->count; i++) {
        struct watch watch = watches->at[i];
        drop_watcher(service, &watch);
    }
    mem_free(watches);
    service->connections[connection].watches = NULL;
}

/* Lists are watched as a whole, so whoever is named twice has this connection last. */
static bool has_last(const struct watched *watched, uint32_t connection)
{
    return watched->count > 0 && watched->watchers[watched->count - 1].connection == connection;
}

static bool watch_one(
    struct socket_service *service, uint32_t connection, const struct cht_id *user)
{
    struct watch_list *watches = service->connections[connection].watches;
    uint32_t slot = take_watched(service, user);
    if (slot == SLOT_NONE) {
        return false;
    }
    struct watched *watched = &service->watched[slot];
    if (!has_last(watched, connection)) {
        const struct user_slot *watching = &service->users[service->connections[connection].user];
        struct watcher watcher = {
            .connection = connection, .place = watches->count, .apart = apart_has(watching, user)};
        watches->at[watches->count++] = (struct watch){slot, watched->count};
        add_watcher(watched, &watcher);
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
    struct watch_list *watches = mem_new(sizeof(*watches) + users->count * sizeof(struct watch));
    service->connections[connection].watches = watches;
    for (uint32_t i = 0; i < users->count; i++) {
        if (!watch_one(service, connection, &users->at[i])) {
            watches_forget(service, connection);
            return false;
        }
    }
    online_ask(service, users);
    circles_on_watch(service, connection);
    return true;
}

/* What sessions say now is younger than what made the doubt. */
static void ask_doubted(struct socket_service *service)
{
    struct list *doubted = &service->watched_doubted;
    struct cht_id users[ASKED_AT_ONCE];
    uint32_t count = 0, kept = 0;
    for (uint32_t i = 0; i < doubted->count; i++) {
        struct watched *watched = &service->watched[doubted->at[i]];
        bool due = socket_now(service) - watched->doubted_at >= DOUBT_MS && count < ASKED_AT_ONCE;
        if (due && watched->used) {
            users[count++] = watched->id;
        }
        watched->doubted = watched->used && !due;
        if (watched->doubted) {
            doubted->at[kept++] = doubted->at[i];
        }
    }
    doubted->count = kept;
    if (count > 0) {
        struct cht_ids ids = {.at = users, .count = count};
        online_ask(service, &ids);
    }
}

void watches_tick(struct socket_service *service)
{
    tell_owed(service);
    ask_doubted(service);
}

void watches_deinit(struct socket_service *service)
{
    for (uint32_t i = 0; i < service->watched_used; i++) {
        mem_free(service->watched[i].watchers);
    }
    mem_free(service->watched);
    map_deinit(&service->watched_by_id);
    list_deinit(&service->watched_unsettled);
    list_deinit(&service->watched_owing);
    list_deinit(&service->watched_doubted);
}
