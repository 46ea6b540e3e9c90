#pragma once

/* chat - the service that owns rooms: it decides commands, logs what they did, and tells the nodes.
 *
 * One per worker. For each shard that the bus gives it, it claims a term in the log (shard_owner.c)
 * and keeps the rooms that are talked in (rooms.c). A command goes through its room's lane
 * (lane.c), is decided by a pure function (room_decide.h) with the facts it needs (facts.c), and
 * what it did leaves through the shard's outbox (outbox.c): first durable, then answered, then
 * delivered to the nodes that subscribed (subscribers.c).
 *
 * How it fails: an append that is not OK ends the shard's term: everything undecided is forgotten,
 * the bus gives the commands again, and what had become durable is recognised by its position and
 * its cid. A room that can not be loaded refuses its commands; others go on. */

#include "chat/chat_settings.h"
#include "ports/cast.h"
#include "ports/history.h"
#include "ports/log.h"
#include "ports/mail.h"
#include "ports/rooms.h"
#include "ports/sessions.h"
#include "ports/shards.h"
#include "ports/topics.h"
#include "ports/users.h"
#include "world/world.h"

struct chat_service;

/* What it says and hears on the bus. */
extern const struct topic_service chat_topics;

struct chat_deps {
    const struct world *world;
    struct shards *shards;
    struct log *log;
    struct mail *mail;
    struct cast *cast;
    struct rooms *rooms;
    struct history *history;
    struct users *users;
    struct sessions *sessions;
};

struct chat_counters {
    uint64_t commands, records, dups, refused, late, replayed;
    uint64_t terms, lost_terms, resends, loads, bad_events;
    uint32_t rooms, rooms_resting, shards_owned;
};

/* Opens the work box, listens, takes part in owning. `settings` is copied; `deps` too, what it
 * points at stays. */
struct chat_service *chat_create(
    const struct chat_deps *deps, const struct chat_settings *settings);

struct chat_counters chat_counters(const struct chat_service *chat);

/* Nothing is asked of a store and nothing waits to be said. */
bool chat_is_idle(const struct chat_service *chat);

/* After the loop has stopped and nothing is in flight. */
void chat_destroy(struct chat_service *chat);
