#pragma once

/* mail_pulsar - the port mail on Apache Pulsar: of each box of a node a topic that keeps nothing.
 *
 * A node's address is a number by chance below 2^53, so nobody has to be asked for it and no start
 * has that of an earlier one (docs/adr/0043). The topic of a box is PREFIX.BOX.ADDRESS, for example
 * non-persistent://tenant/mail/mail.live.0123456789abcd; its namespace lets topics be made by
 * whoever uses them, and forgets those that nobody uses.
 *
 * Boxes of others are opened by the first event to them and closed when they were not used for
 * `idle_ms`, when room is needed, or when somebody knows that the node is gone. Events to oneself
 * do not leave the process. Pages travel on connections of their own. One for each worker. */

#include <stdbool.h>
#include <stdint.h>

#include "ports/mail.h"
#include "world/world.h"

struct pulsar_client;
struct mail_pulsar;

struct mail_pulsar_options {
    const char *prefix;      /* "non-persistent://tenant/namespace/name"; copied */
    uint32_t peers_max;      /* boxes of others that are open [1024] */
    uint32_t sends_max;      /* events without a receipt, to all [16384] */
    uint32_t peer_sends_max; /* to one box [4096] */
    uint32_t self_max;       /* events to oneself that wait, for each box [4096] */
    uint32_t
        queue_messages;   /* of LIVE and WORK: that may come ahead, whatever credit says [4096] */
    uint32_t pages_group; /* connections of pages [2]; pulsar_client.h */
    uint32_t send_ms;     /* for a receipt [5 s] */
    uint32_t idle_ms;     /* [60 s]; more than send_ms */
    uint32_t retry_ms;    /* after a broker refused a box [1 s] */
};

struct mail_pulsar_stats {
    uint32_t peers;   /* boxes of others that are open for sending */
    uint64_t opened;  /* so many were, since the start */
    uint64_t dropped; /* as mail_dropped */
};

/* What has a value in brackets above; the rest is to be filled. */
struct mail_pulsar_options mail_pulsar_options_default(void);

/* `client` stays longer than it. */
struct mail_pulsar *mail_pulsar_create(const struct world *world, struct pulsar_client *client,
    const struct mail_pulsar_options *options);

struct mail *mail_pulsar_port(struct mail_pulsar *mail);

/* Every box that was opened has its place: what is sent to this node from here on comes. */
bool mail_pulsar_is_open(const struct mail_pulsar *mail);

/* The node is gone: its boxes are closed. */
void mail_pulsar_forget(struct mail_pulsar *mail, uint64_t node);

struct mail_pulsar_stats mail_pulsar_stats(const struct mail_pulsar *mail);

/* Nothing is given any more, what has no receipt is dropped within a turn of the loop. Nothing is
 * sent any more. */
void mail_pulsar_stop(struct mail_pulsar *mail);

/* After that and that turn, before the client. NULL is fine. */
void mail_pulsar_destroy(struct mail_pulsar *mail);
