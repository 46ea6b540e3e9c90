#pragma once

/* cast_pulsar - the port cast on Apache Pulsar: one topic that keeps nothing, which everybody reads
 * from its end on, also who sends; so the sender hears itself in the order of the topic.
 *
 * The topic's namespace lets topics be made by whoever uses them (docs/adr/0043). One for each
 * worker. */

#include <stdbool.h>
#include <stdint.h>

#include "ports/cast.h"
#include "world/world.h"

struct pulsar_client;
struct cast_pulsar;

struct cast_pulsar_options {
    const char *topic;       /* "non-persistent://tenant/namespace/control"; copied */
    uint32_t sends_max;      /* without a receipt [1024] */
    uint32_t queue_messages; /* that may come ahead [1024] */
    uint32_t send_ms;        /* for a receipt [5 s] */
    uint32_t retry_ms;       /* after a broker refused the topic [1 s] */
};

/* What has a value in brackets above; the rest is to be filled. */
struct cast_pulsar_options cast_pulsar_options_default(void);

/* Begins to open both ways. `client` stays longer than it. */
struct cast_pulsar *cast_pulsar_create(const struct world *world, struct pulsar_client *client,
    const struct cast_pulsar_options *options);

struct cast *cast_pulsar_port(struct cast_pulsar *cast);

/* Both ways have their places: what is sent from here on comes. */
bool cast_pulsar_is_open(const struct cast_pulsar *cast);

/* Events that were not sent, since the start. */
uint64_t cast_pulsar_dropped(const struct cast_pulsar *cast);

/* Nothing is given any more, what has no receipt is dropped within a turn of the loop. Nothing is
 * sent any more. */
void cast_pulsar_stop(struct cast_pulsar *cast);

/* After that and that turn, before the client. NULL is fine. */
void cast_pulsar_destroy(struct cast_pulsar *cast);
