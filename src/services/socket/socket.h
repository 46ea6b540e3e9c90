#pragma once

/* socket - the service that clients are connected to.
 *
 * One WebSocket per client carries all events out and all commands in; the same commands come over
 * HTTP. A node (one worker) is
 *   - an ordered replica of the rooms of its local clients: per room the newest applied seq and the
 * connections of its members. An entry is applied strictly in order, so whoever is not a member any
 * more gets nothing, by order and not by a check;
 *   - a forwarder of commands: to the shard of the room (changes), to the shard's owner by mail
 * (read, typing), to the message and user services (queries). It keeps what is in flight and
 * answers `timeout` itself. It decides nothing about rooms: rights and membership are the owner's.
 *
 * How it fails: a lost delivery stops its room until the owner has sent again what is missing; a
 * slow client gets `room.gap`; a command that could not leave is `unavailable`, one that nobody
 * answered `timeout`; what breaks a limit is refused, then closed.
 *
 * One per worker, everything on that worker's loop. */

#include "link/edge.h"
#include "ports/cast.h"
#include "ports/mail.h"
#include "ports/secrets.h"
#include "ports/sessions.h"
#include "ports/shards.h"
#include "ports/topics.h"
#include "ports/upstream.h"
#include "socket/socket_settings.h"
#include "world/world.h"

struct socket_service;

/* What it says and hears on the bus. */
extern const struct topic_service socket_topics;

struct socket_deps {
    const struct world *world;
    struct edge *edge;
    struct shards *shards;
    struct mail *mail;
    struct cast *cast;
    struct sessions *sessions;
    struct secrets *secrets;
};

struct socket_counters {
    uint64_t connects, closes;
    uint64_t commands, refused, timeouts, late_answers;
    uint64_t deliveries, repeats, gaps, resends, pushes, slow;
    uint64_t rooms_late; /* attached after the client may have read them: told with a gap */
    uint64_t bad_events; /* of the bus: could not be read */
    uint32_t connections, users, rooms, pending;
    uint32_t shards_unknown; /* shards whose owner this node has not heard of yet */
};

/* Opens its boxes, listens, and starts its timer. `settings` is copied. */
struct socket_service *socket_create(
    const struct socket_deps *deps, const struct socket_settings *settings);

/* What the gateway hands calls to: upgrades of /api/socket, and HTTP commands. */
struct upstream_server *socket_upstream(struct socket_service *service);

/* Takes over what is reloadable. */
void socket_set(struct socket_service *service, const struct socket_settings *settings);

/* Tells every client to come back after a random part of `spread_ms`, accepts no more, and closes
 * all within that time (1012). */
void socket_drain(struct socket_service *service, uint64_t spread_ms);

struct socket_counters socket_counters(const struct socket_service *service);

/* After the edge is gone and the loop has stopped. */
void socket_destroy(struct socket_service *service);
