/* presence - see the header. Happy path: a change waits for the next batch, is compared with what
 * the nodes know, and is cast. How it fails: a lost batch is a wrong dot until the next change; a
 * watcher who asks anew gets the truth from sessions. */

#include "presence.h"

#include "base/mem.h"
#include "bus_out.h"
#include "users.h"

#define BATCH_MAX 1000u

struct session presence_session(
    const struct socket_service *service, uint32_t slot, const struct cht_id *user)
{
    return (struct session){
        .user = *user,
        .device = service->cold[slot].device,
        .id = service->cold[slot].session,
        .node = service->deps.mail->node,
        .boot = service->deps.mail->boot,
        .slot = slot,
        .generation = service->connections[slot].generation,
    };
}

static uint8_t best_of(const struct socket_service *service, const struct user_slot *user)
{
    uint8_t best = cht_presence_state_offline;
    for (uint32_t c = user->first_connection; c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        uint8_t state = service->connections[c].presence;
        best = state < best ? state : best;
    }
    return best;
}

void presence_on_change(struct socket_service *service, struct user_slot *user)
{
    if (!user->changed && best_of(service, user) != user->announced) {
        user->changed = true;
        list_add(&service->presence_changed, user_slot_of(service, user));
    }
}

static void grow_departures(struct socket_service *service)
{
    uint32_t old = service->departure_capacity;
    uint32_t capacity = old ? old * 2 : 64;
    struct departure *grown = mem_array(capacity, sizeof(*grown));
    for (uint32_t i = 0; i < service->departure_count; i++) {
        grown[i] = service->departures[(service->departure_first + i) & (old - 1)];
    }
    mem_free(service->departures);
    service->departures = grown;
    service->departure_first = 0;
    service->departure_capacity = capacity;
}

void presence_on_gone(struct socket_service *service, const struct user_slot *user)
{
    if (service->departure_count == service->departure_capacity) {
        grow_departures(service);
    }
    uint32_t place =
        (service->departure_first + service->departure_count++) & (service->departure_capacity - 1);
    service->departures[place] = (struct departure){user->id, socket_now(service)};
    uint32_t times = map_find(&service->departing, map_key_id(&user->id));
    (void)map_put(&service->departing, map_key_id(&user->id), times == MAP_NONE ? 1 : times + 1);
}

/* Who came back and went again has been gone only since the last time. Whoever the full map has no
 * place for is told early. */
static bool was_last(struct socket_service *service, const struct cht_id *user)
{
    uint32_t times = map_remove(&service->departing, map_key_id(user));
    return times == MAP_NONE || times == 1 ||
           !map_put(&service->departing, map_key_id(user), times - 1);
}

/* False: the nodes know it already. */
static bool describe(
    struct socket_service *service, const struct cht_id *id, struct cht_user_presence *ret_presence)
{
    struct user_slot *user = user_find(service, id);
    uint8_t state = user ? best_of(service, user) : cht_presence_state_offline;
    if (user && user->announced == state) {
        return false;
    }
    if (user) {
        user->announced = state;
    }
    *ret_presence =
        (struct cht_user_presence){.user = *id, .state = state, .last_seen = socket_wall(service)};
    return true;
}

struct batch {
    struct cht_user_presence *users;
    uint32_t count;
};

static void cast_batch(struct socket_service *service, struct batch *batch)
{
    struct cht_presences presences = {
        .node = service->deps.mail->node, .users = {batch->users, batch->count}};
    if (batch->count > 0) {
        bus_cast(service, &cht_row_presences, &presences);
    }
    batch->count = 0;
}

static void add(struct socket_service *service, struct batch *batch, const struct cht_id *user)
{
    batch->count += describe(service, user, &batch->users[batch->count]);
    if (batch->count == BATCH_MAX) {
        cast_batch(service, batch);
    }
}

static void add_changed(struct socket_service *service, struct batch *batch)
{
    for (uint32_t i = 0; i < service->presence_changed.count; i++) {
        struct user_slot *user = &service->users[service->presence_changed.at[i]];
        if (user->used && user->changed) {
            user->changed = false;
            add(service, batch, &user->id);
        }
    }
    service->presence_changed.count = 0;
}

static void add_departed(struct socket_service *service, struct batch *batch)
{
    uint32_t now = socket_now(service);
    while (service->departure_count > 0) {
        const struct departure *first = &service->departures[service->departure_first];
        if (now - first->at < service->settings.presence_offline_ms) {
            return;
        }
        if (was_last(service, &first->user)) {
            add(service, batch, &first->user);
        }
        service->departure_first =
            (service->departure_first + 1) & (service->departure_capacity - 1);
        service->departure_count--;
    }
}

void presence_tick(struct socket_service *service)
{
    uint32_t now = socket_now(service);
    bool anybody = service->presence_changed.count > 0 || service->departure_count > 0;
    if (!anybody || now - service->presence_at < service->settings.presence_batch_ms) {
        return;
    }
    service->presence_at = now;
    struct batch batch = {.users = mem_array(BATCH_MAX, sizeof(*batch.users))};
    add_changed(service, &batch);
    add_departed(service, &batch);
    cast_batch(service, &batch);
    mem_free(batch.users);
}

void presence_deinit(struct socket_service *service)
{
    list_deinit(&service->presence_changed);
    mem_free(service->departures);
    map_deinit(&service->departing);
}
