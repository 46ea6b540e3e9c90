#pragma once

/* worker - one thread, one loop, one of each service of the process: a node of its own to the rest
 * of the system.
 *
 * Built before any worker runs, on the main thread; from worker_start on everything in it belongs
 * to its thread. Workers meet only in the engines (bus, SQLite, sessions, secrets). */

#include <pthread.h>
#include <stdatomic.h>

#include "chat/chat.h"
#include "gateway/gateway.h"
#include "house.h"
#include "link/edge.h"
#include "link/outbound.h"
#include "loop/loop_uv.h"
#include "message/message.h"
#include "socket/socket.h"
#include "user/user.h"
#include "world/loop.h"
#include "world/world.h"

struct management;

struct worker {
    struct house *house;
    uint32_t index;
    pthread_t thread;
    struct loop_uv *loop;
    struct world world;
    struct all_settings settings; /* its own: they change on its loop */
    char limits[1024];            /* what GET /api/info says of them, JSON */
    struct gateway_info info;
    struct edge *edge;
    struct outbounds *outbounds; /* made when the first engine asks for it */
    struct shards *shards;
    struct mail *mail;
    struct cast *cast;
    struct log *log;
    struct rooms *rooms;
    struct history *history;
    struct users *users;
    struct sessions *sessions;
    struct secrets *secrets;
    struct upstream *upstream;
    /* Services that are not of this process are NULL. */
    struct chat_service *chat;
    struct message_service *message;
    struct user_service *user;
    struct socket_service *socket;
    struct gateway *gateway;
    struct management *management; /* on the first worker alone */
    struct timer key_timer;        /* on the first worker alone */
    struct task drain;
    struct timer drain_timer;
    uint64_t drain_until_ms;
    bool is_empty; /* of clients, in a drain */
};

/* Engines and services of worker `index`. */
void worker_init(struct worker *worker, struct house *house, uint32_t index);

/* The worker's connections to servers of others, for its engines. */
struct outbounds *worker_outbounds(struct worker *worker);

/* Are the ports that the settings name free? ERR_IN_USE and the like, and a logged line, if not.
 * Nothing is kept: somebody may still take them before worker_listen. */
MUST_USE enum err worker_probe_ports(struct house *house, const struct world *world);

/* Opens the public port, if the process has a door; on the first worker also the management port.
 * `port` 0 takes a free one, `ret_port` is what it became. A line was logged if it fails. */
MUST_USE enum err worker_listen(struct worker *worker, uint16_t port, uint16_t *ret_port);

/* Takes over what is reloadable, all at once. On the worker's own loop. */
void worker_refresh(struct worker *worker, const struct all_settings *settings);

/* Runs the loop on a thread of its own until worker_stop. */
void worker_start(struct worker *worker);

/* From any thread: says goodbye to clients over `server.drain_ms`, and stops when no worker has any
 * left. */
void worker_drain(struct worker *worker);

/* From any thread. */
void worker_stop(struct worker *worker);
void worker_join(struct worker *worker);

/* After every worker has joined: first the services of all workers, then, when the engines are
 * closed, what is left. */
void worker_deinit_services(struct worker *worker);
void worker_deinit(struct worker *worker);
