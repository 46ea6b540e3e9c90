#pragma once

/* message - the service that stores the log and answers questions about it.
 *
 * One instance per worker. It consumes the shards that message_own names, answers the queries that
 * arrive in this node's work box, and tells a node the rooms of a user. A question sees everything
 * that was durable when it arrived, or is refused `unavailable` where it named a seq that is not
 * there or was not stored in time. */

#include <stdbool.h>
#include <stdint.h>

#include "message/message_settings.h"
#include "ports/cast.h"
#include "ports/history.h"
#include "ports/log.h"
#include "ports/mail.h"
#include "ports/rooms.h"
#include "ports/secrets.h"
#include "ports/topics.h"
#include "ports/users.h"
#include "world/world.h"

struct message_service;

/* What it says and hears on the bus. */
extern const struct topic_service message_topics;

struct message_deps {
    const struct world *world;
    struct log *log;
    struct mail *mail;
    struct cast *cast;
    struct rooms *rooms;
    struct history *history;
    struct users *users;
    struct secrets *secrets;
    uint32_t shard_count;
    uint32_t receipts_members_max; /* rooms up to this size show how far each member has read */
};

struct message_counters {
    uint64_t records, batches, repeats, old_terms, holes, failed_writes;
    uint64_t queries, refused;
    uint64_t behind;                    /* answered although the store had not caught up */
    uint64_t hot;                       /* answered with a page from memory */
    uint64_t shared_found, shared_read; /* lists and tails, in memory and from the store */
};

/* Opens the work box and answers from here on. Settings are copied. */
struct message_service *message_create(
    const struct message_deps *deps, const struct message_settings *settings);

/* Takes over what is reloadable. */
void message_set(struct message_service *service, const struct message_settings *settings);

/* The end is near: what has gathered is written now, and nothing gathers from here on. */
void message_hurry(struct message_service *service);

/* Nothing is asked of any port and no query is in work. */
bool message_is_idle(const struct message_service *service);

/* Only when it is idle and nothing more comes. NULL is fine. */
void message_destroy(struct message_service *service);

/* This worker stores the log of `shard`. Once per shard. */
void message_own(struct message_service *service, uint32_t shard);

/* False once the log of a shard was found broken: a person has to look. From any thread. */
bool message_is_ready(const struct message_service *service);

struct message_counters message_counters(const struct message_service *service);
