/* socket - the service put together: tables, boxes, handlers and one timer.
 *
 * Happy path: the gateway calls, the edge calls, the bus calls; each call goes straight to the file
 * that knows. Ten times a second the timer asks again for what is missing, times out what waits too
 * long and tells presence. How it fails: see the files. */

#include "socket/socket.h"

#include "apart.h"
#include "base/check.h"
#include "base/mem.h"
#include "bus_in.h"
#include "circles.h"
#include "command_in.h"
#include "connections.h"
#include "fanout.h"
#include "gaps.h"
#include "http_in.h"
#include "lifecycle.h"
#include "opening.h"
#include "presence.h"
#include "replies.h"
#include "rosters.h"
#include "socket_inner.h"
#include "subscriptions.h"
#include "waits.h"
#include "watches.h"

#define TICK_MS 100u
#define SCRATCH_BYTES (512u << 10)
#define OUT_BYTES (16u << 10)

_Static_assert(SCRATCH_BYTES >= CHT_READ_SCRATCH_BYTES, "the largest command fits");
_Static_assert(SCRATCH_BYTES >=
                   4096 * sizeof(struct cht_room_place) + APART_MAX * sizeof(struct cht_apart) + 16,
    "the largest audience fits");
_Static_assert(SCRATCH_BYTES >= CIRCLES_USERS_MAX * sizeof(struct cht_circle) +
                                    CIRCLES_ROOMS_MAX * sizeof(struct cht_id) + 8,
    "the largest part of an answer fits");
_Static_assert(
    SCRATCH_BYTES >= 4096 * sizeof(struct cht_user_presence) + 8, "the largest batch fits");
_Static_assert(sizeof(struct connection) <= 88, "memory per connection");
_Static_assert(sizeof(struct connection_cold) <= 48, "memory per connection");
_Static_assert(sizeof(struct user_slot) <= 72, "memory per user");

static void on_call(struct upstream_server *server, const struct upstream_call *call)
{
    struct socket_service *service = container_of(server, struct socket_service, upstream);
    static const struct cht_str socket_path = {"/api/socket", 11};
    if (call->request->wants_websocket && cht_str_equal(call->request->path, socket_path)) {
        opening_start(service, call);
    } else {
        http_in_call(service, call);
    }
}

static struct socket_service *of_ws(struct edge_ws_handler *handler)
{
    return container_of(handler, struct socket_service, ws);
}

static void on_text(struct edge_ws_handler *handler, uint32_t slot, char *bytes, uint32_t size)
{
    command_in_text(of_ws(handler), slot, bytes, size);
}

static void on_closed(struct edge_ws_handler *handler, uint32_t slot, uint16_t code)
{
    (void)code;
    connection_on_closed(of_ws(handler), slot);
}

static void on_drained(struct edge_ws_handler *handler, uint32_t slot)
{
    struct socket_service *service = of_ws(handler);
    if (service->connections[slot].generation != 0) {
        gaps_tell(service, slot);
    }
}

static bool on_turn_end(struct edge_ws_handler *handler)
{
    return fanout_turn_end(of_ws(handler));
}

static void on_live(struct mail_handler *handler, struct buf *event)
{
    bus_in_mail(container_of(handler, struct socket_service, live), event);
}

static void on_page(struct mail_handler *handler, struct buf *event)
{
    bus_in_mail(container_of(handler, struct socket_service, pages), event);
}

static void on_cast(struct cast_handler *handler, struct buf *event)
{
    bus_in_cast(container_of(handler, struct socket_service, casts), event);
}

static void on_revoked(struct sessions_listener *listener, const struct revocation *revocation)
{
    lifecycle_on_revoked(container_of(listener, struct socket_service, revocations), revocation);
}

static void on_tick(struct timer *timer)
{
    struct socket_service *service = container_of(timer, struct socket_service, tick);
    timer_start(service->deps.world->loop, timer, TICK_MS, on_tick);
    replies_tick(service);
    roster_tick(service);
    subscription_tick(service);
    presence_tick(service);
    watches_tick(service);
    circles_tick(service);
    lifecycle_tick(service);
}

static void make_tables(struct socket_service *service)
{
    const struct socket_settings *settings = &service->settings;
    uint32_t connections = (uint32_t)settings->connections_max;
    service->connections = mem_array(connections, sizeof(*service->connections));
    service->cold = mem_array(connections, sizeof(*service->cold));
    service->expires_s = mem_array(connections, sizeof(*service->expires_s));
    service->users = mem_array(connections, sizeof(*service->users));
    service->rooms = mem_array(settings->rooms_max, sizeof(*service->rooms));
    service->watched = mem_array(settings->watched_max, sizeof(*service->watched));
    service->shards = mem_array(service->deps.shards->count, sizeof(*service->shards));
    service->removals = mem_array(REMOVALS_KEPT, sizeof(*service->removals));
    struct random *random = service->deps.world->random;
    random_fill(random, service->hash_secret, sizeof(service->hash_secret));
    map_init(&service->users_by_id, connections, service->hash_secret);
    map_init(&service->rooms_by_id, (uint32_t)settings->rooms_max, service->hash_secret);
    map_init(&service->watched_by_id, (uint32_t)settings->watched_max, service->hash_secret);
    map_init(&service->departing, connections, service->hash_secret);
    pendings_init(
        &service->pendings, (uint32_t)settings->pending_max, (uint32_t)random_u64(random));
    service->users_free = SLOT_NONE;
    service->rooms_free = SLOT_NONE;
    service->waits_free = SLOT_NONE;
    service->watched_free = SLOT_NONE;
    service->shards_unknown = service->deps.shards->count;
    service->scratch_size = SCRATCH_BYTES;
    service->scratch = mem_new(SCRATCH_BYTES);
    service->out_size = OUT_BYTES;
    service->out = mem_new(OUT_BYTES);
    service->in = mem_new(settings->body_bytes);
}

static void make_handlers(struct socket_service *service)
{
    service->upstream.on_call = on_call;
    service->ws = (struct edge_ws_handler){on_text, on_closed, on_drained, on_turn_end};
    service->live.on_mail = on_live;
    service->pages.on_mail = on_page;
    service->casts.on_cast = on_cast;
    service->revocations.on_revoked = on_revoked;
}

void socket_set(struct socket_service *service, const struct socket_settings *settings)
{
    settings_copy_reloadable(&socket_settings_table, &service->settings, settings);
    service->messages_rate =
        rate_limit_per_second(settings->messages_per_second, settings->messages_burst);
    service->commands_rate =
        rate_limit_per_second(settings->commands_per_second, settings->commands_burst);
}

static void start(struct socket_service *service)
{
    const struct socket_deps *deps = &service->deps;
    uint32_t now = socket_now(service);
    service->now_ms = now;
    service->started_at = socket_wall(service);
    service->swept_at = now;
    service->presence_at = now;
    service->roster_rotated_at = now;
    service->hello_at = now - 1000;
    mail_open(deps->mail, MAIL_LIVE, &service->live, 1024);
    mail_open(deps->mail, MAIL_PAGES, &service->pages, 256);
    cast_listen(deps->cast, &service->casts);
    sessions_listen(deps->sessions, &service->revocations);
    timer_start(deps->world->loop, &service->tick, 1, on_tick);
}

struct socket_service *socket_create(
    const struct socket_deps *deps, const struct socket_settings *settings)
{
    CHECK(settings->connections_max <= 1u << 20);
    struct socket_service *service = mem_new(sizeof(*service));
    service->deps = *deps;
    service->settings = *settings;
    socket_set(service, settings);
    make_tables(service);
    make_handlers(service);
    start(service);
    return service;
}

struct upstream_server *socket_upstream(struct socket_service *service)
{
    return &service->upstream;
}

void socket_drain(struct socket_service *service, uint64_t spread_ms)
{
    lifecycle_drain(service, spread_ms);
}

struct socket_counters socket_counters(const struct socket_service *service)
{
    struct socket_counters counters = service->counters;
    counters.pending = service->pendings.count;
    counters.shards_unknown = service->shards_unknown;
    return counters;
}

static void free_connections(struct socket_service *service)
{
    for (uint32_t i = 0; i < service->connections_end; i++) {
        struct connection *connection = &service->connections[i];
        slot_list_deinit(&connection->places);
        mem_free(connection->gaps);
        mem_free(connection->watches);
    }
    mem_free(service->connections);
    mem_free(service->cold);
    mem_free(service->expires_s);
}

static void free_users_and_rooms(struct socket_service *service)
{
    for (uint32_t i = 0; i < service->users_used; i++) {
        slot_list_deinit(&service->users[i].rooms);
        apart_forget(&service->users[i]);
    }
    for (uint32_t i = 0; i < service->rooms_used; i++) {
        slot_list_deinit(&service->rooms[i].audience);
    }
    mem_free(service->users);
    mem_free(service->rooms);
    map_deinit(&service->users_by_id);
    map_deinit(&service->rooms_by_id);
    list_deinit(&service->asking);
    list_deinit(&service->due);
    list_deinit(&service->open);
}

void socket_destroy(struct socket_service *service)
{
    if (!service) {
        return;
    }
    timer_stop(&service->tick);
    free_connections(service);
    free_users_and_rooms(service);
    watches_deinit(service);
    pendings_deinit(&service->pendings);
    waits_deinit(service);
    presence_deinit(service);
    mem_free(service->removals);
    mem_free(service->shards);
    mem_free(service->scratch);
    mem_free(service->out);
    mem_free(service->in);
    mem_free(service);
}
