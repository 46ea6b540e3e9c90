/* worker - engines below, services above, on one loop.
 *
 * Happy path: init, listen, start, drain, stop, join, deinit. How it fails: only listening can; the
 * house says so and takes all down. */

#include "worker.h"

#include <signal.h>
#include <stdio.h>

#include "base/check.h"
#include "chattifier/events.h"
#include "engines.h"
#include "keys.h"
#include "management.h"
#include "services.h"
#include "wire/ws_close.h"
#include "world/loop.h"
#include "world/net.h"

#define DRAIN_LOOK_MS 20u
#define DRAIN_REST_MS 100u

/* Behind a gateway in another process all connections are from there. */
static struct edge_limits edge_limits_of(const struct worker *worker)
{
    const struct app_settings *app = &worker->settings.app;
    bool counts = (worker->house->services & SERVICE_BIT(GATEWAY)) != 0;
    return (struct edge_limits){
        .connections_max = (uint32_t)app->connections_max,
        .connections_per_address = counts ? (uint32_t)app->connections_per_address : 0,
        .connects_per_second_per_address = counts ? (uint32_t)app->connects_per_address : 0,
        .queued_bytes_max = (uint32_t)app->queued_bytes,
        .queued_bytes_total_max = app->queued_bytes_total / worker->house->worker_count,
        .message_bytes_max = (uint32_t)app->frame_bytes,
        .body_bytes_max = (uint32_t)app->body_bytes,
        .header_timeout_ms = (uint32_t)app->header_timeout_ms,
        .body_timeout_ms = (uint32_t)app->body_timeout_ms,
        .keep_alive_ms = (uint32_t)app->keep_alive_ms,
        .requests_per_connection = 1000,
        .heartbeat_ms = (uint32_t)worker->settings.socket.heartbeat_ms,
        .message_timeout_ms = (uint32_t)app->message_timeout_ms,
        .close_timeout_ms = (uint32_t)app->close_timeout_ms,
        .control_frames_per_second = (uint32_t)app->control_frames_per_second,
    };
}

static void describe(struct worker *worker)
{
    const struct all_settings *all = &worker->settings;
    snprintf(worker->limits, sizeof(worker->limits),
        "{\"frame_bytes\":%llu,\"text_bytes\":%llu,\"body_bytes\":%llu,\"in_flight\":%llu,"
        "\"messages_per_second\":%llu,\"history\":100,\"watch\":%llu}",
        (unsigned long long)all->app.frame_bytes,
        (unsigned long long)cht_row_command.fields[CHT_AT_command_text].max,
        (unsigned long long)all->app.body_bytes, (unsigned long long)all->socket.in_flight,
        (unsigned long long)all->socket.messages_per_second, (unsigned long long)all->socket.watch);
    worker->info = (struct gateway_info){
        CHATTIFIER_VERSION, "[]", worker->limits, worker->settings.user.registration};
}

void worker_init(struct worker *worker, struct house *house, uint32_t index)
{
    worker->house = house;
    worker->index = index;
    worker->settings = house->settings;
    struct edge_limits limits = edge_limits_of(worker);
    worker->edge = edge_create(&worker->world, &limits, house->addresses);
    if (house->secrets) {
        worker->secrets = secrets_openssl_open(house->secrets, &worker->world);
    }
    describe(worker);
    engines_join(worker);
    services_open(worker);
    if (index == 0) {
        worker->management = management_create(house, worker);
        if (house->secrets) {
            keys_tend(worker);
        }
    }
}

struct outbounds *worker_outbounds(struct worker *worker)
{
    if (!worker->outbounds) {
        worker->outbounds = outbounds_create(&worker->world);
    }
    return worker->outbounds;
}

/* User service and gateway read theirs where they are. */
void worker_refresh(struct worker *worker, const struct all_settings *settings)
{
    all_settings_copy_reloadable(&worker->settings, settings);
    struct edge_limits limits = edge_limits_of(worker);
    edge_set_limits(worker->edge, &limits);
    if (worker->socket) {
        socket_set(worker->socket, &worker->settings.socket);
    }
    if (worker->message) {
        message_set(worker->message, &worker->settings.message);
    }
    describe(worker);
}

struct place {
    const char *setting, *host;
    uint16_t port;
};

static struct place public_place(const struct app_settings *app, uint16_t port)
{
    return (struct place){"server.port", app->host, port};
}

/* Behind the last port there is none to take: beside a public port that is any, any free one too.
 */
static struct place management_place(const struct app_settings *app, uint16_t public_port)
{
    uint64_t wanted = app->management_port ? app->management_port : (uint64_t)public_port + 1000;
    return (struct place){
        "management.port", app->management_host, (uint16_t)(wanted > UINT16_MAX ? 0 : wanted)};
}

static const char *port_advice(enum err err)
{
    if (err == ERR_IN_USE) {
        return "another program listens there; stop it or choose another port";
    }
    return err == ERR_BAD_CONFIG
               ? "the host must be an address such as 127.0.0.1, 0.0.0.0 or ::1, not a name"
               : "the address is not of this machine, or the port is for administrators alone";
}

static enum err refuse(struct house *house, const struct place *place, enum err err)
{
    LOG_ERROR(&house->logger, "port.refused", "host=%s port=%u setting=%s error=%s reason=\"%s\"",
        place->host, place->port, place->setting, err_name(err), port_advice(err));
    return err;
}

static enum err probe(struct house *house, struct net *net, const struct place *place)
{
    int sock;
    enum err err = net_listen(net, place->host, place->port, false, &sock);
    if (err != OK) {
        return refuse(house, place, err);
    }
    net_close(net, sock);
    return OK;
}

/* One that nobody chose and nobody could guess is no use to an operator. */
static enum err check_management_port(struct house *house)
{
    const struct app_settings *app = &house->settings.app;
    if (app->management_port || app->port + 1000 <= UINT16_MAX) {
        return OK;
    }
    LOG_ERROR(&house->logger, "setting.refused",
        "setting=management.port value=0 reason=\"the public port + 1000 is no port: %llu; "
        "name one\"",
        (unsigned long long)app->port + 1000);
    return ERR_BAD_CONFIG;
}

enum err worker_probe_ports(struct house *house, const struct world *world)
{
    const struct app_settings *app = &house->settings.app;
    enum err wrong = check_management_port(house);
    if (wrong != OK) {
        return wrong;
    }
    struct place public = public_place(app, (uint16_t)app->port);
    struct place management = management_place(app, public.port);
    enum err err = services_have_door(house->services) ? probe(house, world->net, &public) : OK;
    if (err == OK && (public.port != 0 || app->management_port)) {
        err = probe(house, world->net, &management);
    }
    return err;
}

/* Workers share the port by the kernel's leave, which would let a second process of the same user
 * share it too: nobody else may listen there. */
static enum err listen_public(struct worker *worker, uint16_t port, uint16_t *ret_port)
{
    struct place place = public_place(&worker->settings.app, port);
    if (worker->index == 0 && port != 0) {
        enum err err = probe(worker->house, worker->world.net, &place);
        if (err != OK) {
            return err;
        }
    }
    enum err err = edge_listen(
        worker->edge, place.host, port, true, gateway_handler(worker->gateway), ret_port);
    return err == OK ? OK : refuse(worker->house, &place, err);
}

static enum err listen_management(struct worker *worker, uint16_t public_port)
{
    struct place place = management_place(&worker->settings.app, public_port);
    enum err err = management_listen(worker->management, place.host, place.port);
    if (err != OK) {
        return refuse(worker->house, &place, err);
    }
    LOG_INFO(&worker->house->logger, "management.listens", "host=%s port=%u", place.host,
        worker->house->management_port);
    return OK;
}

enum err worker_listen(struct worker *worker, uint16_t port, uint16_t *ret_port)
{
    enum err err = worker->gateway ? listen_public(worker, port, ret_port) : OK;
    if (err == OK && worker->management) {
        err = listen_management(worker, *ret_port);
    }
    return err;
}

/* Signals belong to the first worker's loop; the others block them. */
static void *run(void *context)
{
    struct worker *worker = context;
    if (worker->index > 0) {
        sigset_t signals;
        sigfillset(&signals);
        pthread_sigmask(SIG_BLOCK, &signals, NULL);
    }
    loop_uv_run(worker->loop);
    return NULL;
}

void worker_start(struct worker *worker)
{
    CHECK(pthread_create(&worker->thread, NULL, run, worker) == 0);
}

/* Nobody is left here. The others may still need this worker's shards. */
static bool is_empty(struct worker *worker)
{
    struct edge_stats stats = edge_stats(worker->edge);
    if (stats.websockets == 0) {
        edge_close_all(worker->edge, WS_CLOSE_RESTART, "restart");
    }
    return stats.connections == 0;
}

static void on_drain_time(struct timer *timer)
{
    struct worker *worker = container_of(timer, struct worker, drain_timer);
    struct house *house = worker->house;
    if (!worker->is_empty && is_empty(worker)) {
        worker->is_empty = true;
        atomic_fetch_sub(&house->workers_busy, 1);
    }
    if (atomic_load(&house->workers_busy) == 0 ||
        loop_now_ms(worker->world.loop) >= worker->drain_until_ms) {
        worker_stop(worker);
        return;
    }
    timer_start(worker->world.loop, timer, DRAIN_LOOK_MS, on_drain_time);
}

/* Clients are told and closed within the drain; a little more lets close frames leave. One that was
 * not built yet has none. */
static void drain_here(struct task *task)
{
    struct worker *worker = container_of(task, struct worker, drain);
    if (!worker->edge) {
        return;
    }
    uint64_t drain_ms = worker->settings.app.drain_ms;
    edge_stop_listening(worker->edge);
    if (worker->socket) {
        socket_drain(worker->socket, drain_ms);
    }
    worker->drain_until_ms = loop_now_ms(worker->world.loop) + drain_ms + DRAIN_REST_MS;
    timer_start(worker->world.loop, &worker->drain_timer, 0, on_drain_time);
}

void worker_drain(struct worker *worker)
{
    worker->drain.run = drain_here;
    loop_post(worker->world.loop, &worker->drain);
}

void worker_stop(struct worker *worker)
{
    loop_uv_stop(worker->loop);
}

void worker_join(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
}

void worker_deinit_services(struct worker *worker)
{
    if (!worker->edge) {
        return;
    }
    edge_destroy(worker->edge);
    management_destroy(worker->management);
    services_close(worker);
}

void worker_deinit(struct worker *worker)
{
    outbounds_destroy(worker->outbounds);
    loop_uv_destroy(worker->loop);
}
