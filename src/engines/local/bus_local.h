#pragma once

/* bus_local - shards, mail and cast between the workers of one process.
 *
 * Every pair of workers has a ring for each kind of traffic, so no lock is taken and a full kind
 * never holds up another. Sending to a worker wakes it once until it has looked. Shard p is owned
 * by worker p mod workers.
 *
 * `chaos_per_mille` is the test switch: that often a command is duplicated at a new position, a
 * shard is lost and regained with redelivery (also of commands that were done), a mail or cast is
 * dropped, a worker looks late at what was sent to it. What a real bus may do, this one then does.
 */

#include "ports/cast.h"
#include "ports/mail.h"
#include "ports/shards.h"
#include "world/world.h"

struct bus_local;

struct bus_local_options {
    uint32_t workers;
    uint32_t shards;
    uint64_t boot;         /* grows with every start: the first part of every position */
    uint32_t commands_max; /* per pair of workers */
    uint32_t mails_max;    /* per pair of workers and box */
    uint32_t chaos_per_mille;
};

/* One per process. */
struct bus_local *bus_local_create(const struct bus_local_options *options);

/* After every worker's loop has stopped. */
void bus_local_destroy(struct bus_local *bus);

/* The three ports of worker `index` (from 0; its node is index + 1). All workers join before any of
 * them runs its loop. */
void bus_local_join(struct bus_local *bus, uint32_t index, const struct world *world,
    struct shards **ret_shards, struct mail **ret_mail, struct cast **ret_cast);

/* How many commands wait for being done on a worker. For metrics. */
uint64_t bus_local_waiting(const struct bus_local *bus, uint32_t index);
