/* services - the table of services, and how each is built on a worker.
 *
 * Happy path: each service gets the ports that it may use, and no others. How it fails: a list that
 * names what is not there is refused with what there is. */

#include "services.h"

#include <stdio.h>

#include "base/comma_list.h"
#include "options.h"
#include "worker.h"

/* ---- building */

/* The log of shard p is stored by the worker that owns it: p mod workers. */
static void open_message(struct worker *worker)
{
    struct message_deps deps = {
        .world = &worker->world,
        .log = worker->log,
        .mail = worker->mail,
        .cast = worker->cast,
        .rooms = worker->rooms,
        .history = worker->history,
        .users = worker->users,
        .secrets = worker->secrets,
        .shard_count = worker->shards->count,
        .receipts_members_max = (uint32_t)worker->settings.chat.receipts_members_max,
    };
    worker->message = message_create(&deps, &worker->settings.message);
    for (uint32_t shard = worker->index; shard < worker->shards->count;
         shard += worker->house->worker_count) {
        message_own(worker->message, shard);
    }
}

static void open_chat(struct worker *worker)
{
    struct chat_deps deps = {
        .world = &worker->world,
        .shards = worker->shards,
        .log = worker->log,
        .mail = worker->mail,
        .cast = worker->cast,
        .rooms = worker->rooms,
        .history = worker->history,
        .users = worker->users,
        .sessions = worker->sessions,
    };
    worker->chat = chat_create(&deps, &worker->settings.chat);
}

static void open_user(struct worker *worker)
{
    struct user_service_deps deps = {
        .world = &worker->world,
        .edge = worker->edge,
        .users = worker->users,
        .sessions = worker->sessions,
        .secrets = worker->secrets,
        .mail = worker->mail,
        .cast = worker->cast,
        .shards = worker->shards,
        .rooms = worker->rooms,
        .settings = &worker->settings.user,
    };
    worker->user = user_service_create(&deps);
    upstream_serve(worker->upstream, UPSTREAM_USER, user_service_server(worker->user));
}

static void open_socket(struct worker *worker)
{
    struct socket_deps deps = {
        .world = &worker->world,
        .edge = worker->edge,
        .shards = worker->shards,
        .mail = worker->mail,
        .cast = worker->cast,
        .sessions = worker->sessions,
        .secrets = worker->secrets,
    };
    worker->socket = socket_create(&deps, &worker->settings.socket);
    upstream_serve(worker->upstream, UPSTREAM_SOCKET, socket_upstream(worker->socket));
}

/* Also the door of a process without the service: there another gateway asks, and this one judges.
 */
static void open_gateway(struct worker *worker)
{
    struct gateway_deps deps = {
        .world = &worker->world,
        .edge = worker->edge,
        .secrets = worker->secrets,
        .sessions = worker->sessions,
        .upstream = worker->upstream,
        .settings = &worker->settings.gateway,
        .files = worker->house->files,
        .behind = !(worker->house->services & SERVICE_BIT(GATEWAY)),
        .info = &worker->info,
    };
    worker->gateway = gateway_create(&deps);
}

/* ---- the table */

/* `uses`: the ports by which it meets other services; where those are in other processes, the
 * engines have to reach them. `port`: where it listens if no setting says so. */
static const struct {
    const char *name;
    uint16_t port;
    uint32_t uses;
    void (*open)(struct worker *worker);
} rows[SERVICES] = {
    [SERVICE_MESSAGE] = {"message", 8092, ENGINE_BIT(LOG) | ENGINE_BIT(STORES) | ENGINE_BIT(BUS),
        open_message},
    [SERVICE_CHAT] = {"chat", 8085,
        ENGINE_BIT(LOG) | ENGINE_BIT(STORES) | ENGINE_BIT(BUS) | ENGINE_BIT(SESSIONS), open_chat},
    [SERVICE_USER] = {"user", 8081,
        ENGINE_BIT(STORES) | ENGINE_BIT(BUS) | ENGINE_BIT(SESSIONS) | ENGINE_BIT(UPSTREAM),
        open_user},
    [SERVICE_SOCKET] = {"socket", 8082,
        ENGINE_BIT(BUS) | ENGINE_BIT(SESSIONS) | ENGINE_BIT(UPSTREAM), open_socket},
    [SERVICE_GATEWAY] = {"gateway", 8080, ENGINE_BIT(UPSTREAM), open_gateway},
};

void services_open(struct worker *worker)
{
    for (uint32_t i = 0; i < SERVICES; i++) {
        if (worker->house->services & (1u << i)) {
            rows[i].open(worker);
        }
    }
    if (!worker->gateway && services_have_door(worker->house->services)) {
        open_gateway(worker);
    }
}

bool services_have_door(uint32_t services)
{
    return (services & (SERVICE_BIT(GATEWAY) | SERVICE_BIT(USER) | SERVICE_BIT(SOCKET))) != 0;
}

/* Who was built last goes first. */
void services_close(struct worker *worker)
{
    gateway_destroy(worker->gateway);
    socket_destroy(worker->socket);
    user_service_destroy(worker->user);
    chat_destroy(worker->chat);
    message_destroy(worker->message);
}

uint32_t services_use(uint32_t services, enum engine_port port)
{
    uint32_t those = 0;
    for (uint32_t i = 0; i < SERVICES; i++) {
        those |= rows[i].uses & (1u << port) ? services & (1u << i) : 0;
    }
    return those;
}

/* ---- words */

bool services_at(uint32_t at, const char **ret_name, uint16_t *ret_port)
{
    if (at >= SERVICES) {
        return false;
    }
    *ret_name = rows[at].name;
    *ret_port = rows[at].port;
    return true;
}

void services_write(uint32_t services, char *ret_text, size_t size)
{
    size_t used = 0;
    *ret_text = 0;
    for (uint32_t i = 0; i < SERVICES && used < size; i++) {
        if (services & (1u << i)) {
            used += (size_t)snprintf(
                ret_text + used, size - used, "%s%s", used ? ", " : "", rows[i].name);
        }
    }
}

static uint32_t find(struct cht_str word)
{
    uint32_t i = 0;
    while (i < SERVICES && !cht_str_is(word, rows[i].name)) {
        i++;
    }
    return i;
}

static enum err refuse(const char *list, const char *what, char *ret_problem)
{
    char names[64];
    services_write(SERVICES_ALL, names, sizeof(names));
    snprintf(ret_problem, OPTIONS_PROBLEM_BYTES, "%.100s: %s; services are %s", list, what, names);
    return ERR_BAD_CONFIG;
}

enum err services_read(
    const char *list, uint32_t *ret_services, uint16_t *ret_port, char *ret_problem)
{
    const char *rest = list;
    *ret_services = 0;
    if (!list || !*list) {
        return refuse("serve", "name services, with commas between", ret_problem);
    }
    while (*rest) {
        uint32_t service = find(comma_list_take(&rest));
        if (service == SERVICES) {
            return refuse(list, "there is no such service", ret_problem);
        }
        if (*ret_services & (1u << service)) {
            return refuse(list, "a service is named twice", ret_problem);
        }
        *ret_port = *ret_services ? *ret_port : rows[service].port;
        *ret_services |= 1u << service;
    }
    return OK;
}
