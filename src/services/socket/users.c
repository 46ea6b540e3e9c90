/* users - see the header. Happy path: found by id, linked connections in a short chain. How it
 * fails: it does not; the number of connections bounds it. */

#include "users.h"

#include "base/check.h"

struct user_slot *user_find(struct socket_service *service, const struct cht_id *id)
{
    uint32_t slot = map_find(&service->users_by_id, map_key_id(id));
    return slot == MAP_NONE ? NULL : &service->users[slot];
}

struct user_slot *user_take(struct socket_service *service, const struct cht_id *id)
{
    uint32_t slot = map_find(&service->users_by_id, map_key_id(id));
    if (slot != MAP_NONE) {
        return &service->users[slot];
    }
    slot = service->users_free;
    if (slot != SLOT_NONE) {
        service->users_free = service->users[slot].asks;
    } else {
        CHECK(service->users_used < service->settings.connections_max);
        slot = service->users_used++;
    }
    struct user_slot *user = &service->users[slot];
    uint32_t generation = user->generation + 1;
    *user = (struct user_slot){
        .id = *id,
        .first_connection = SLOT_NONE,
        .first_wait = SLOT_NONE,
        .generation = generation ? generation : 1,
        .asks = SLOT_NONE,
        .used = true,
    };
    CHECK(map_put(&service->users_by_id, map_key_id(id), slot));
    service->counters.users++;
    return user;
}

void user_link(struct socket_service *service, struct user_slot *user, uint32_t connection)
{
    struct connection *c = &service->connections[connection];
    c->user = user_slot_of(service, user);
    c->next_of_user = user->first_connection;
    user->first_connection = connection;
    user->connection_count++;
}

void user_unlink(struct socket_service *service, struct user_slot *user, uint32_t connection)
{
    uint32_t *at = &user->first_connection;
    while (*at != connection) {
        CHECK(*at != SLOT_NONE);
        at = &service->connections[*at].next_of_user;
    }
    *at = service->connections[connection].next_of_user;
    user->connection_count--;
}

void user_free(struct socket_service *service, struct user_slot *user)
{
    CHECK(user->used);
    CHECK(user->connection_count == 0);
    CHECK(user->rooms.count == 0);
    CHECK(user->asks == SLOT_NONE);
    uint32_t slot = user_slot_of(service, user);
    CHECK(map_remove(&service->users_by_id, map_key_id(&user->id)) == slot);
    slot_list_deinit(&user->rooms);
    user->used = false;
    user->asks = service->users_free;
    service->users_free = slot;
    service->counters.users--;
}
