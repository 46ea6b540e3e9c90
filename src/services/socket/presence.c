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

static void add_change(struct socket_service *service, const struct cht_id *user, uint32_t at)
{
    if (service->change_count == service->change_capacity) {
        service->change_capacity = service->change_capacity ? service->change_capacity * 2 : 64;
        service->changes =
            mem_resize(service->changes, service->change_capacity * sizeof(*service->changes));
    }
    service->changes[service->change_count++] = (struct presence_change){*user, at};
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
    if (best_of(service, user) != user->announced) {
        add_change(service, &user->id, socket_now(service));
    }
}

void presence_on_gone(struct socket_service *service, const struct user_slot *user)
{
    add_change(
        service, &user->id, socket_now(service) + (uint32_t)service->settings.presence_offline_ms);
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

static void cast_batch(
    struct socket_service *service, struct cht_user_presence *batch, uint32_t count)
{
    struct cht_presences presences = {.node = service->deps.mail->node, .users = {batch, count}};
    if (count > 0) {
        bus_cast(service, &cht_row_presences, &presences);
    }
}

void presence_tick(struct socket_service *service)
{
    uint32_t now = socket_now(service);
    if (service->change_count == 0 ||
        now - service->presence_at < service->settings.presence_batch_ms) {
        return;
    }
    service->presence_at = now;
    struct cht_user_presence *batch = mem_array(BATCH_MAX, sizeof(*batch));
    uint32_t count = 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < service->change_count; i++) {
        struct presence_change change = service->changes[i];
        bool due = (int32_t)(now - change.at) >= 0;
        if (!due || count == BATCH_MAX) {
            service->changes[kept++] = change;
        } else if (describe(service, &change.user, &batch[count])) {
            count++;
        }
    }
    service->change_count = kept;
    cast_batch(service, batch, count);
    mem_free(batch);
}
