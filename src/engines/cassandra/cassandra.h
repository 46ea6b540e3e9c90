#pragma once

/* cassandra - the stores of an installation of many machines: users, rooms and history on Apache
 * Cassandra.
 *
 * Each worker has a store of its own, with its client; `cassandra_shared` is what those of a
 * process have in common. The tables are made by cassandra_migrate, and by nothing else: a store
 * whose keyspace lacks them, or has newer ones, is refused by cassandra_check before anything is
 * asked of its ports.
 *
 * What the ports say, with these limits: a stamp is known only while this process alone writes to
 * the keyspace; the beginning of a username that users are found by has at least two bytes
 * (UNSUPPORTED); two who block at the same time may pass blocks_max by one; ids are in Cassandra's
 * order of uuids; search is UNSUPPORTED.
 *
 * Errors: UNAVAILABLE, nothing was done, a quorum of the local datacenter does not answer; UNKNOWN
 * of a write; OVERLOADED; CORRUPT, the tables are not of this program; BAD_CONFIG, no such table or
 * no right. */

#include <stdbool.h>

#include "cassandra/cassandra_settings.h"
#include "flow/op.h"

struct cassandra;
struct history;
struct outbounds;
struct rooms;
struct stamps_shared;
struct users;
struct world;

/* Of the process; has to stay. */
struct cassandra_shared {
    struct stamps_shared *rooms; /* of rooms and of their members */
    struct stamps_shared *users; /* of all users together */
};

/* `alone`: no other process writes to this keyspace. */
void cassandra_shared_init(struct cassandra_shared *shared, bool alone);
void cassandra_shared_deinit(struct cassandra_shared *shared);

struct cassandra_options {
    const struct world *world;
    struct outbounds *outbounds;
    const struct cassandra_settings *settings; /* has to stay */
    const struct cassandra_shared *shared;
};

/* Begins to connect. BAD_CONFIG, with one line: a setting is wrong or a file can not be read. */
MUST_USE enum err cassandra_create(
    const struct cassandra_options *options, struct cassandra **ret_store);

/* Everything that is asked is answered soon; what is asked from here on is refused. */
void cassandra_close(struct cassandra *store);

/* Nothing is asked and unanswered. */
bool cassandra_is_idle(const struct cassandra *store);

/* When idle, in a turn after that of cassandra_close, or when the loop runs no turn any more. NULL
 * is fine. */
void cassandra_destroy(struct cassandra *store);

/* ---- the schema */

struct cassandra_schema_op {
    struct op op;
    uint32_t version; /* that is there; 0: none */
};

/* The version of the schema that this program needs. */
uint32_t cassandra_schema_version(void);

/* OK: the keyspace has the tables of this program. BAD_CONFIG: it has none, or older ones; NEWER.
 */
void cassandra_check(struct cassandra *store, struct asker *asker, struct cassandra_schema_op *op);

/* Makes the keyspace and the tables that it lacks, and writes the version down. May be run again,
 * and by several at once: they wait for each other. IN_USE: another one is at it and does not
 * end; NEWER. */
void cassandra_migrate(
    struct cassandra *store, struct asker *asker, struct cassandra_schema_op *op);

/* ---- the ports; none is asked any more when its store is destroyed. NULL is fine. */
struct users *users_cassandra_create(struct cassandra *store);
void users_cassandra_destroy(struct users *users);
struct rooms *rooms_cassandra_create(struct cassandra *store);
void rooms_cassandra_destroy(struct rooms *rooms);
struct history *history_cassandra_create(struct cassandra *store);
void history_cassandra_destroy(struct history *history);
