#pragma once

/* shards_pulsar_inner - what the files of the shards on Pulsar share.
 *
 *     shards_pulsar.c   the port, and credit over all shards
 *     shards_owning.c   of one shard: its consumer, and whose it is
 *     shards_posting.c  of one shard: its publisher
 */

#include "base/map.h"
#include "flow/machine.h"
#include "pulsar/shards_pulsar.h"
#include "pulsar_client/pulsar_consumer.h"
#include "pulsar_client/pulsar_publisher.h"
#include "world/loop.h"

enum shards_line_state {
    SHARDS_LINE_APART,   /* takes no part */
    SHARDS_LINE_STANDBY, /* would take it */
    SHARDS_LINE_OWNED,   /* was told to own it */
    SHARDS_LINE_WAITING, /* was given up, or can not be asked for: again after a while */
    SHARDS_LINE_STATES
};

struct shards_line {
    struct machine machine; /* first */
    struct shards_pulsar *shards;
    uint32_t shard;
    char *topic;

    struct pulsar_consumer *consumer; /* STANDBY, OWNED */
    struct pulsar_consumer_events events;
    struct source source; /* its credit is 1, or 0 while a command is held or none may come */
    struct timer again;
    struct task renew; /* the consumer is made anew, outside of its call */
    bool renews;
    struct map given; /* place -> size of its batch: commands that are not done */
    struct buf *held; /* has come and finds no credit; NULL: none */
    struct pulsar_position held_at;

    struct pulsar_publisher *publisher; /* NULL: nothing was posted, or it has ended */
    struct pulsar_publisher_events publisher_events;
    struct asker poster;
    uint32_t posting;       /* without an answer */
    uint64_t post_again_ms; /* it had ended: no other one before that */
};

struct shards_pulsar {
    struct shards shards; /* first */
    struct log_pulsar_owner owner;
    const struct world *world;
    struct pulsar_client *client;
    struct shards_pulsar_options options;
    struct shards_handler *handler;
    uint32_t credit;  /* free */
    uint32_t at;      /* whose held command is the next */
    struct task deal; /* deferred, while `deals` */
    bool deals;
    uint64_t secret[2];
    struct shards_line *lines;
    struct shards_pulsar_stats stats;
    bool stopped;
};

static inline bool shards_line_is(const struct shards_line *line, enum shards_line_state state)
{
    return line->machine.state == (uint8_t)state;
}

static inline struct loop *shards_line_loop(const struct shards_line *line)
{
    return line->shards->world->loop;
}

/* shards_pulsar.c: credit has come back, so commands that are held may be given. */
void shards_pulsar_add_credit(struct shards_pulsar *shards, uint32_t credit);

/* shards_owning.c */
void shards_line_init(struct shards_line *line, struct shards_pulsar *shards, uint32_t shard);
void shards_line_join(struct shards_line *line);
void shards_line_leave(struct shards_line *line);
void shards_line_release(struct shards_line *line);
void shards_line_done(struct shards_line *line, const struct position *place);
/* There is credit, and one is held. */
void shards_line_give_held(struct shards_line *line);

/* shards_posting.c */
bool shards_line_post(struct shards_line *line, struct buf *command);
void shards_line_stop_posting(struct shards_line *line);
