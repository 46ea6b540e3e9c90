#pragma once

/* mail_peers - boxes of other nodes that are open for sending: a bounded table, the longest unused
 * first in its row. For mail_pulsar.c. */

#include "base/map.h"
#include "ports/mail.h"
#include "pulsar/outlet.h"
#include "world/loop.h"

struct mail_peer {
    struct outlet outlet;
    uint64_t node;
    enum mail_box box;
    uint64_t used_ms;
    uint32_t older, newer; /* slots, in the order of their last use; or the next free one */
};

struct mail_peers {
    const struct world *world;
    struct outlet_options options; /* of each; the topic is its own */
    const char *prefix;
    uint32_t pages_group;
    uint32_t idle_ms;
    struct map by_box; /* node and box -> slot */
    struct mail_peer *slots;
    uint32_t oldest, newest, free; /* slots, or MAP_NONE */
    uint64_t opened;
    struct outlet_sends sends;
    struct timer sweep;
};

/* The text of a box's topic. */
#define MAIL_TOPIC_BYTES 600u
void mail_topic(
    const char *prefix, enum mail_box box, uint64_t node, char ret_text[MAIL_TOPIC_BYTES]);

/* The fields before `by_box` are filled by the caller; `secret` is the map's. */
void mail_peers_init(
    struct mail_peers *peers, uint32_t max, uint32_t sends_max, const uint64_t secret[2]);

/* Closes all. */
void mail_peers_stop(struct mail_peers *peers);

/* A turn after that. */
void mail_peers_deinit(struct mail_peers *peers);

/* Takes a reference of its own. */
void mail_peers_send(struct mail_peers *peers, enum mail_box box, uint64_t node, struct buf *event);

/* Closes the box, if it is open. */
void mail_peers_close(struct mail_peers *peers, enum mail_box box, uint64_t node);
